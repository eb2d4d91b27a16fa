#include "observe/scrape.h"

#include <errno.h>
#include <stdio.h>

#include "net/http.h"
#include "observe/kind.h"
#include "wire/url.h"

struct scraper {
    struct observer *observer;
    const struct scrape_spec *spec;
    struct scrape_sink sink;
    struct http_client *client; /* with one connection; NULL until the first reading */
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

void scraper_close(struct scraper *s)
{
    if (!s)
        return;
    http_client_close(s->client);
    openmetrics_free(s->parser);
    mem_free(MEM_OBSERVE, s);
}

/* Returns 0, or -1 with the reason set. */
static int open_client(struct scraper *s, struct probe_result *r, rt_time deadline)
{
    struct observer *o = s->observer;
    if (s->client)
        return 0;
    /* A page may lead from http to https. */
    if (observe_tls_context(o, s->is_tls, r, deadline) < 0)
        return -1;
    struct http_client_options options = {
        .dns = o->dns,
        .tls = o->tls,
        .proxies = {o->spec->http_proxy, o->spec->https_proxy, o->spec->no_proxy},
        .connect = observe_connect_from,
        .connect_ctx = o,
        .idle_ms = (uint32_t)(s->spec->every_ns / RT_MS) + SCRAPE_IDLE_MS,
    };
    int code = http_client_open(&options, &s->client);
    if (code < 0)
        probe_result_fail_errno(r, "http", code);
    return code < 0 ? -1 : 0;
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

static void read_page(struct scraper *s, struct scrape_result *to, struct probe_result *r,
                      rt_time deadline)
{
    struct http1_field fields[] = {
        {SLICE("Accept"), SLICE("application/openmetrics-text;version=1.0.0,"
                                "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")},
        {SLICE("X-Prometheus-Scrape-Timeout-Seconds"), slice_from(s->accepted)},
    };
    struct http_request q = {.url = slice_from(s->spec->url),
                             .fields = fields,
                             .field_count = ARRAY_LEN(fields),
                             .redirects_max = SCRAPE_REDIRECTS_MAX};
    struct http_response *resp;
    struct http_trace *trace = arena_new(&r->arena, struct http_trace);
    struct err err = {0};
    if (open_client(s, r, deadline) < 0)
        return;
    int code = http_open(s->client, &q, &resp, trace, &err, deadline);
    if (code < 0) {
        observe_http_failed(s->observer, &s->target, r, trace, code, &err);
        return;
    }
    to->reused = trace->reused;
    if (trace->status != 200)
        probe_result_fail(r, REASON_HTTP_STATUS, "status %u", trace->status);
    else
        take_body(s, resp, trace, to, r, deadline);
    http_close(resp);
}

void scraper_read(struct scraper *s, struct scrape_result *to)
{
    struct probe_result *r = mem_alloc(MEM_OBSERVE, sizeof(*r));
    rt_time began = rt_now_exact();
    *to = (struct scrape_result){0};
    r->arena = ARENA(MEM_OBSERVE, 0);
    read_page(s, to, r, began + s->spec->timeout_ns);
    if (rt_cancelled())
        r->reason = REASON_CANCELED;
    to->reason = r->reason;
    memcpy(to->detail, r->detail, sizeof(to->detail));
    to->total_ns = rt_now_exact() - began;
    arena_done(&r->arena);
    mem_free(MEM_OBSERVE, r);
}
