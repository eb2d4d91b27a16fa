#include "observe/scrape.h"

#include <errno.h>
#include <stdio.h>

#include "net/http.h"
#include "observe/kind.h"
#include "rt/file.h"
#include "wire/base64.h"
#include "wire/url.h"

struct scraper {
    struct observer *observer;
    const struct scrape_spec *spec;
    struct scrape_sink sink;
    struct http_client *client; /* with one connection; NULL until the first reading */
    struct tls_context *tls;    /* its own, where the spec has a word on trust; NULL: not yet */
    struct openmetrics *parser;
    struct probe_target target; /* its host: for words about a name that is not found */
    bool is_tls;
    char accepted[32]; /* seconds, as a field tells them */
};

int scraper_open(struct observer *o, const struct scrape_spec *spec, const struct scrape_sink *sink,
                 struct scraper **ret, struct err *err)
{
    struct openmetrics_options options = {.known = sink->known, .ctx = sink->ctx};
    struct url url;
    int r = url_parse(slice_from(spec->url), &url, err);
    if (r < 0)
        return r;
    struct scraper *s = mem_alloc(MEM_OBSERVE, sizeof(*s));
    s->observer = o;
    s->spec = spec;
    s->sink = *sink;
    s->parser = openmetrics_new(&options);
    s->target.host = url.host;
    s->is_tls = slice_eq_nocase(url.scheme, SLICE("https"));
    snprintf(s->accepted, sizeof(s->accepted), "%g", (double)spec->timeout_ns / 1e9);
    *ret = s;
    return 0;
}

static void close_client(struct scraper *s)
{
    http_client_close(s->client);
    tls_context_close(s->tls);
    s->client = NULL;
    s->tls = NULL;
}

void scraper_close(struct scraper *s)
{
    if (!s)
        return;
    close_client(s);
    openmetrics_free(s->parser);
    mem_free(MEM_OBSERVE, s);
}

static bool has_own_trust(const struct scrape_spec *s)
{
    return s->ca_file || s->cert_file || s->insecure;
}

/* Returns 0, or -1 with the reason set. */
static int open_trust(struct scraper *s, struct probe_result *r, rt_time deadline)
{
    const struct scrape_spec *spec = s->spec;
    struct tls_options options = {.ca_file = spec->ca_file,
                                  .cert_file = spec->cert_file,
                                  .key_file = spec->key_file,
                                  .insecure = spec->insecure};
    struct err err = {0};
    /* A page may lead from http to https. */
    if (!has_own_trust(spec))
        return observe_tls_context(s->observer, s->is_tls, r, deadline);
    int code = tls_context_open(&options, &s->tls, &err, deadline);
    if (code < 0)
        probe_result_fail(r, probe_reason_of_errno(code), "%s",
                          err.code ? err.text : err_name(code));
    return code < 0 ? -1 : 0;
}

/* Returns 0, or -1 with the reason set. */
static int open_client(struct scraper *s, struct probe_result *r, rt_time deadline)
{
    struct observer *o = s->observer;
    if (s->client)
        return 0;
    if (open_trust(s, r, deadline) < 0)
        return -1;
    struct http_client_options options = {
        .dns = o->dns,
        .tls = s->tls ? s->tls : o->tls,
        .proxies = {o->spec->http_proxy, o->spec->https_proxy, o->spec->no_proxy},
        .connect = observe_connect_from,
        .connect_ctx = o,
        .idle_ms = (uint32_t)(s->spec->every_ns / RT_MS) + SCRAPE_IDLE_MS,
    };
    int code = http_client_open(&options, &s->client);
    if (code < 0) {
        close_client(s);
        probe_result_fail_errno(r, "http", code);
    }
    return code < 0 ? -1 : 0;
}

/* ---- who asks ---- */

/* Returns 0, or -1 with the reason set. */
static int take_secret(const char *path, struct buf *out, struct probe_result *r, rt_time deadline)
{
    int code = rt_file_read_secret(path, out, deadline);
    if (code < 0)
        probe_result_fail_errno(r, path, code);
    return code < 0 ? -1 : 0;
}

/* Appends the value of Authorization; nothing where nobody says who asks. 0, or -1 likewise. */
static int take_login(const struct scrape_spec *spec, struct buf *out, struct probe_result *r,
                      rt_time deadline)
{
    struct buf plain = BUF(MEM_OBSERVE, SCRAPE_SECRET_BYTES_MAX);
    int code = 0;
    if (spec->token_file) {
        buf_append_cstr(out, "Bearer ");
        code = take_secret(spec->token_file, out, r, deadline);
    } else if (spec->username) {
        buf_printf(&plain, "%s:", spec->username);
        code = take_secret(spec->password_file, &plain, r, deadline);
        buf_append_cstr(out, "Basic ");
        if (code == 0)
            base64_encode(buf_slice(&plain), BASE64_STD, BASE64_PADDED, out);
    }
    buf_done(&plain);
    return code;
}

/* ---- the body ---- */

static void page_failed(struct probe_result *r, int code, const struct err *err)
{
    bool ours = code != -EBADMSG && code != -EMSGSIZE && code != -E2BIG;
    probe_result_fail(r,
                      ours               ? REASON_LIMIT
                      : code == -EBADMSG ? REASON_PROTOCOL
                                         : REASON_TOO_LARGE,
                      "%s%s", ours ? "" : "page: ", err->text);
}

/* Returns 0, or -1 with the reason set. */
static int take_piece(struct scraper *s, struct slice piece, struct scrape_result *to,
                      struct probe_result *r)
{
    const struct openmetrics_sample *sample;
    struct err err = {0};
    int code;
    to->body_bytes += piece.size;
    if (to->body_bytes > s->spec->body_bytes_max) {
        probe_result_fail(r, REASON_TOO_LARGE,
                          "the page is longer than %llu bytes (body_bytes_max)",
                          (unsigned long long)s->spec->body_bytes_max);
        return -1;
    }
    while ((code = openmetrics_next(s->parser, &piece, &sample, &err)) > 0) {
        if (++to->samples > s->spec->samples_max) {
            probe_result_fail(r, REASON_TOO_LARGE,
                              "the page has more than %llu samples "
                              "(samples_max)",
                              (unsigned long long)s->spec->samples_max);
            return -1;
        }
        code = s->sink.sample(s->sink.ctx, sample, &err);
        if (code < 0)
            break;
    }
    if (code < 0)
        page_failed(r, code, &err);
    return code < 0 ? -1 : 0;
}

/* We ask for no compression, but some servers have a page in one form only. Returns whether it is
 * compressed, with the reason set. */
static bool is_compressed(const struct http_response *resp, struct probe_result *r)
{
    const struct http1_field *coding = http1_field_find(http_head(resp), "Content-Encoding", 0);
    if (!coding || !coding->value.size || slice_eq_nocase(coding->value, SLICE("identity")))
        return false;
    size_t shown = coding->value.size < 40 ? coding->value.size : 40;
    probe_result_fail(r, REASON_PROTOCOL,
                      "the page is compressed (Content-Encoding: %.*s), although none was asked "
                      "for (Accept-Encoding: identity)",
                      (int)shown, coding->value.data);
    return true;
}

static void take_body(struct scraper *s, struct http_response *resp, struct http_trace *trace,
                      struct scrape_result *to, struct probe_result *r, rt_time deadline)
{
    char *piece = mem_alloc(MEM_OBSERVE, SCRAPE_PIECE_BYTES);
    const struct http1_field *type = http1_field_find(http_head(resp), "Content-Type", 0);
    struct err err = {0};
    ssize_t n;
    openmetrics_begin(s->parser, openmetrics_format_of(type ? type->value : (struct slice){0}));
    trace->phase = HTTP_PHASE_BODY;
    while ((n = http_read(resp, piece, SCRAPE_PIECE_BYTES, &err, deadline)) > 0)
        if (take_piece(s, (struct slice){piece, (size_t)n}, to, r) < 0)
            break;
    if (n < 0) {
        observe_http_failed(s->observer, &s->target, r, trace, (int)n, &err);
    } else if (n == 0) {
        int code = openmetrics_end(s->parser, &err);
        if (code < 0)
            page_failed(r, code, &err);
    }
    mem_free(MEM_OBSERVE, piece);
}

/* ---- a reading ---- */

/* Of the reading, those of the scrape and, where somebody asks by name, that. */
static uint32_t put_fields(const struct scraper *s, struct slice login, struct http1_field *to)
{
    const struct scrape_spec *spec = s->spec;
    uint32_t n = 0;
    to[n++] = (struct http1_field){SLICE("X-Prometheus-Scrape-Timeout-Seconds"),
                                   slice_from(s->accepted)};
    to[n++] = (struct http1_field){SLICE("Accept"),
                                   SLICE("application/openmetrics-text;version=1.0.0,"
                                         "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")};
    for (uint32_t i = 0; i < spec->header_count; i++) {
        if (slice_eq_nocase(spec->headers[i].name, SLICE("Accept")))
            to[1].value = spec->headers[i].value;
        else if (!login.size ||
                 !slice_eq_nocase(spec->headers[i].name, SLICE("Authorization")))
            to[n++] = spec->headers[i];
    }
    if (login.size)
        to[n++] = (struct http1_field){SLICE("Authorization"), login};
    return n;
}

static void ask_page(struct scraper *s, struct slice login, struct scrape_result *to,
                     struct probe_result *r, rt_time deadline)
{
    struct http1_field *fields =
        arena_alloc_array(&r->arena, SCRAPE_HEADERS_MAX + 3, sizeof(*fields));
    struct http_request q = {.url = slice_from(s->spec->url),
                             .fields = fields,
                             .field_count = put_fields(s, login, fields),
                             .redirects_max = SCRAPE_REDIRECTS_MAX,
                             .server_name = s->spec->server_name};
    struct http_response *resp;
    struct http_trace *trace = arena_new(&r->arena, struct http_trace);
    struct err err = {0};
    int code = http_open(s->client, &q, &resp, trace, &err, deadline);
    if (code < 0) {
        observe_http_failed(s->observer, &s->target, r, trace, code, &err);
        if (s->tls)
            close_client(s); /* its files may have been renewed since */
        return;
    }
    to->reused = trace->reused;
    if (trace->status != 200)
        probe_result_fail(r, REASON_HTTP_STATUS, "status %u", trace->status);
    else if (!is_compressed(resp, r))
        take_body(s, resp, trace, to, r, deadline);
    http_close(resp);
}

static void read_page(struct scraper *s, struct scrape_result *to, struct probe_result *r)
{
    struct buf login = BUF(MEM_OBSERVE, 2 * SCRAPE_SECRET_BYTES_MAX);
    rt_time began = rt_now_exact(), ready = began + SCRAPE_FILES_MS * RT_MS;
    if (take_login(s->spec, &login, r, ready) == 0 && open_client(s, r, ready) == 0) {
        began = rt_now_exact();
        ask_page(s, buf_slice(&login), to, r, began + s->spec->timeout_ns);
    }
    to->total_ns = rt_now_exact() - began;
    buf_done(&login);
}

void scraper_read(struct scraper *s, struct scrape_result *to)
{
    struct probe_result *r = mem_alloc(MEM_OBSERVE, sizeof(*r));
    *to = (struct scrape_result){0};
    r->arena = ARENA(MEM_OBSERVE, 0);
    read_page(s, to, r);
    if (rt_cancelled())
        r->reason = REASON_CANCELED;
    to->reason = r->reason;
    memcpy(to->detail, r->detail, sizeof(to->detail));
    arena_done(&r->arena);
    mem_free(MEM_OBSERVE, r);
}
