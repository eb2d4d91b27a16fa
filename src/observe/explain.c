#include "observe/explain.h"

#include <errno.h>

#include "base/duration.h"
#include "base/log.h"
#include "base/utf8.h"
#include "observe/kind.h"
#include "wire/url.h"

enum { WORD_COLUMNS = 10, HOPS_MAX = PROBE_REDIRECTS_MAX };

struct story {
    struct observer *o;
    const struct probe_target *t;
    struct buf *out;
    struct dns_addresses addresses;
    bool found, connected, tls_fine;
    struct rt_addr at; /* the first address that answered */
    struct probe_result step; /* of a step that probes share */
};

/* ---- lines ---- */

static void begin_line(struct story *s, const char *word)
{
    buf_printf(s->out, "  %-*s", WORD_COLUMNS, word);
}

static void put(struct story *s, const char *text)
{
    utf8_append_shown(s->out, slice_from(text));
}

static void line(struct story *s, const char *word, const char *format, ...) PRINTF_LIKE(3, 4);
static void line(struct story *s, const char *word, const char *format, ...)
{
    struct buf text = BUF(MEM_OBSERVE, 0);
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    begin_line(s, word);
    utf8_append_shown(s->out, buf_slice(&text));
    buf_append_byte(s->out, '\n');
    buf_done(&text);
}

/* Several lines, broken between words. */
static void paragraph(struct story *s, const char *word, const char *text)
{
    enum { TEXT_COLUMNS = 86 };
    struct slice rest = slice_from(text);
    while (rest.size) {
        size_t end = rest.size;
        if (end > TEXT_COLUMNS)
            for (end = TEXT_COLUMNS; end > 0 && rest.data[end] != ' ';)
                end--;
        if (end == 0)
            end = rest.size;
        begin_line(s, word);
        buf_append(s->out, rest.data, end);
        buf_append_byte(s->out, '\n');
        rest = slice_trim(slice_sub(rest, end, rest.size));
        word = "";
    }
}

static const char *ms(int64_t ns, char *text)
{
    return duration_format(ns / RT_US * RT_US, text);
}

static rt_time until(const struct story *s)
{
    return rt_now() + s->o->spec->timeout_ns;
}

/* ---- name and addresses ---- */

static __attribute__((noinline)) void tell_name(struct story *s)
{
    char took[DURATION_TEXT_MAX], text[RT_ADDR_TEXT_MAX];
    struct rt_addr a;
    if (rt_addr_parse_ip(s->t->host, s->t->port, &a) == 0) {
        s->addresses = (struct dns_addresses){.addr = {a}, .count = 1};
        s->found = true;
        return;
    }
    rt_time begin = rt_now_exact();
    s->found = observe_lookup(s->o, s->t->host, s->t->port, &s->step, &s->addresses, until(s)) == 0;
    ms(rt_now_exact() - begin, took);
    if (!s->found) {
        line(s, "name", "%s (after %s)", s->step.detail, took);
        return;
    }
    line(s, "name", "%.*s has %u address%s (after %s):", SLICE_ARG(s->t->host),
         s->addresses.count, s->addresses.count == 1 ? "" : "es", took);
    for (uint32_t i = 0; i < s->addresses.count; i++)
        line(s, "", "  %s", rt_addr_format(&s->addresses.addr[i], false, text));
}

static void tell_connect(struct story *s)
{
    char took[DURATION_TEXT_MAX], text[RT_ADDR_TEXT_MAX];
    for (uint32_t i = 0; s->found && i < s->addresses.count; i++) {
        const struct rt_addr *a = &s->addresses.addr[i];
        struct rt_sock *sock;
        rt_time begin = rt_now_exact();
        int code = source_connect(&s->o->sources, a, s->o->spec->reset, &sock, until(s));
        ms(rt_now_exact() - begin, took);
        rt_addr_format(a, true, text);
        if (code == 0) {
            line(s, "connect", "%s answered after %s", text, took);
            rt_close(sock);
            if (!s->connected)
                s->at = *a;
            s->connected = true;
        } else {
            line(s, "connect", "%s: %s (after %s)", text,
                 code == -ETIMEDOUT ? "no answer" : err_name(code), took);
        }
    }
}

/* ---- TLS ---- */

static const char *date(rt_wall wall_ns, char text[LOG_TIME_BYTES + 1])
{
    enum { DATE_BYTES = 10 };
    log_format_time(wall_ns, text);
    text[DATE_BYTES] = 0;
    return text;
}

static void tell_names(struct story *s, const struct tls_certificate *c)
{
    enum { SHOWN_MAX = 12 };
    if (c->name_count == 0)
        return;
    begin_line(s, "");
    buf_append_cstr(s->out, "    for ");
    for (uint32_t i = 0; i < c->name_count && i < SHOWN_MAX; i++) {
        if (i)
            buf_append_cstr(s->out, ", ");
        put(s, c->names[i]);
    }
    if (c->name_count > SHOWN_MAX)
        buf_printf(s->out, " and %u more", c->name_count - SHOWN_MAX);
    buf_append_byte(s->out, '\n');
}

static void tell_certificate(struct story *s, const struct tls_certificate *c, uint32_t number)
{
    char from[LOG_TIME_BYTES + 1], to[LOG_TIME_BYTES + 1];
    line(s, number == 0 ? "chain" : "", "%u %s", number, c->subject);
    if (number == 0)
        tell_names(s, c);
    line(s, "", "    valid %s to %s (%d days left), issued by %s", date(c->not_before, from),
         date(c->not_after, to), (int)c->days_left, c->issuer);
}

static void tell_report(struct story *s, const struct tls_report *r)
{
    if (r->version)
        line(s, "tls", "%s with %s%s%s%s", r->version, r->cipher ? r->cipher : "no cipher",
             r->alpn[0] ? ", ALPN " : "", r->alpn, r->resumed ? ", resumed" : "");
    for (uint32_t i = 0; i < r->chain_count; i++)
        tell_certificate(s, &r->chain[i], i);
    if (r->chain_count && r->faults == 0)
        line(s, "trust", "the chain leads to a trusted root, and the name is right");
    if (r->faults && r->chain_count)
        line(s, "trust", "refused: %s", r->why[0] ? r->why : tls_fault_words(r->fault));
    for (unsigned f = TLS_EXPIRED; f <= TLS_WRONG_NAME; f++)
        if (r->faults & 1u << f && (enum tls_fault)f != r->fault)
            line(s, "", "and also: %s", tls_fault_words((enum tls_fault)f));
}

/* With a context that overlooks faults: what was negotiated is told in any case. Nothing is sent
 * over it. Apart, as others here: inlined into one, their frames would add up. */
static __attribute__((noinline)) void shake_hands(struct story *s, struct tls_context *c,
                                                  struct rt_sock *sock)
{
    char took[DURATION_TEXT_MAX];
    const char *name = s->o->spec->server_name;
    struct arena a = ARENA(MEM_OBSERVE, 0);
    struct tls_report report;
    struct tls_conn *conn = NULL;
    struct err err = {0};
    struct tls_request request = {
        .name = name ? slice_from(name) : s->t->host,
        .no_resume = true,
        .arena = &a,
    };
    rt_time begin = rt_now_exact();
    int code = tls_connect(c, sock, &request, &conn, &report, &err, until(s));
    ms(rt_now_exact() - begin, took);
    if (code < 0)
        line(s, "tls", "the handshake failed after %s: %s", took,
             err.code ? err.text : err_name(code));
    tell_report(s, &report);
    if (code == 0)
        line(s, "", "handshake done after %s", took);
    s->tls_fine = code == 0 && (report.faults == 0 || s->o->spec->insecure);
    tls_close(conn);
    arena_done(&a);
}

static __attribute__((noinline)) void tell_tls(struct story *s)
{
    struct tls_options options = {.ca_file = s->o->spec->ca_file, .insecure = true};
    struct tls_context *c;
    struct rt_sock *sock;
    struct err err = {0};
    if (tls_context_open(&options, &c, &err, until(s)) < 0) {
        line(s, "tls", "not tried: %s", err.text);
        return;
    }
    if (source_connect(&s->o->sources, &s->at, s->o->spec->reset, &sock, until(s)) == 0) {
        shake_hands(s, c, sock);
        rt_close(sock);
    }
    tls_context_close(c);
}

/* ---- HTTP ---- */

static void tell_field(struct story *s, const struct http1_head *h, const char *name)
{
    const struct http1_field *f = http1_field_find(h, name, 0);
    if (f)
        line(s, "", "  %s: %.*s", name, SLICE_ARG(f->value));
}

static void tell_answer(struct story *s, struct http_response *resp, const struct http_trace *trace)
{
    static const char *const shown[] = {"Server", "Content-Type", "Content-Length",
                                        "WWW-Authenticate", "Retry-After"};
    char took[DURATION_TEXT_MAX];
    const struct http1_head *h = http_head(resp);
    line(s, "", "HTTP/1.%u %u %s, first byte %s after the request", h->version_minor, h->status,
         http1_status_words(h->status), ms(trace->first_byte_ns, took));
    for (size_t i = 0; i < ARRAY_LEN(shown); i++)
        tell_field(s, h, shown[i]);
}

/* Where a redirect leads; empty: the answer is none. */
static void next_url(struct story *s, struct http_response *resp, struct slice url,
                     struct buf *ret_next)
{
    const struct http1_head *h = http_head(resp);
    const struct http1_field *f = http1_field_find(h, "Location", 0);
    struct url base;
    buf_clear(ret_next);
    if (h->status < 300 || h->status > 399 || !f || url_parse(url, &base, NULL) < 0)
        return;
    if (url_resolve(&base, f->value, ret_next) < 0)
        line(s, "", "leads to '%.*s', which is no URL", SLICE_ARG(f->value));
    else
        line(s, "redirect", "to %.*s", SLICE_ARG(buf_slice(ret_next)));
}

/* One exchange. True: *next has the URL that it leads to. */
static __attribute__((noinline)) bool tell_exchange(struct story *s, struct slice url,
                                                    uint32_t hop, struct buf *next)
{
    const struct probe_spec *spec = s->o->spec;
    struct arena a = ARENA(MEM_OBSERVE, 0);
    struct http1_field *fields = arena_alloc_array(&a, PROBE_HEADERS_MAX, sizeof(*fields));
    /* What the caller wants to be sent is for the first host; see http.h on redirects. */
    uint32_t count = hop == 0 ? spec->header_count : 0;
    for (uint32_t i = 0; i < count; i++)
        fields[i] = (struct http1_field){spec->headers[i].name, spec->headers[i].value};
    struct http_request request = {
        .method = slice_from(spec->method),
        .url = url,
        .fields = fields,
        .field_count = count,
        .server_name = hop == 0 ? spec->server_name : NULL,
        .no_keep = true,
    };
    struct http_trace trace = {.arena = &a};
    struct http_response *resp;
    struct err err = {0};
    line(s, "http", "%s %.*s", spec->method, SLICE_ARG(url));
    int code = http_open(s->o->http, &request, &resp, &trace, &err, until(s));
    buf_clear(next);
    if (code < 0) {
        line(s, "", "failed: %s", code == -ETIMEDOUT ? "no answer in time"
                                  : err.code         ? err.text
                                                     : err_name(code));
        if (trace.phase == HTTP_PHASE_TLS && hop > 0)
            tell_report(s, &trace.tls);
    } else {
        tell_answer(s, resp, &trace);
        next_url(s, resp, url, next);
        http_close(resp);
    }
    arena_done(&a);
    return next->size > 0;
}

static void tell_http(struct story *s)
{
    struct buf url = BUF(MEM_OBSERVE, 0), next = BUF(MEM_OBSERVE, 0);
    if (observe_http_client(s->o, s->t, &s->step, until(s)) < 0)
        return;
    buf_append_slice(&url, s->t->url);
    for (uint32_t hop = 0; hop <= s->o->spec->redirects && hop < HOPS_MAX; hop++) {
        if (!tell_exchange(s, buf_slice(&url), hop, &next))
            break;
        if (hop == s->o->spec->redirects)
            line(s, "", "not followed: --redirects is %u", s->o->spec->redirects);
        buf_clear(&url);
        buf_append_slice(&url, buf_slice(&next));
    }
    buf_done(&url);
    buf_done(&next);
}

/* ---- the whole ---- */

static void tell_verdict(struct story *s, const struct probe_result *r)
{
    char took[DURATION_TEXT_MAX];
    if (r->reason == REASON_OK)
        line(s, "verdict", "ok, after %s", ms(r->total_ns, took));
    else
        line(s, "verdict", "%s: %s (after %s)", probe_reason_name(r->reason), r->detail,
             ms(r->total_ns, took));
    for (uint32_t i = 0; i < r->answer_count; i++)
        line(s, "", "  %s", r->answers[i]);
    if (r->days_left != INT32_MIN)
        line(s, "", "the certificates last for %d more days", (int)r->days_left);
    paragraph(s, "advice", explain_advice(r->reason));
}

void observe_explain(struct observer *o, const struct probe_target *t, struct probe_result *r,
                     struct buf *out)
{
    struct story *s = mem_alloc(MEM_OBSERVE, sizeof(*s));
    *s = (struct story){.o = o, .t = t, .out = out, .tls_fine = true};
    /* Behind a plain greeting a handshake by itself would be nonsense: there the verdict tells. */
    bool greets = t->extra && t->extra->starttls;
    bool stream = t->kind == PROBE_TCP || t->kind == PROBE_TLS || t->kind == PROBE_HTTP;
    utf8_append_shown(out, t->name);
    buf_append_byte(out, '\n');
    if (stream)
        tell_name(s);
    if (stream)
        tell_connect(s);
    if (s->connected && !greets && (t->tls || t->kind == PROBE_TLS))
        tell_tls(s);
    if (s->connected && t->kind == PROBE_HTTP && s->tls_fine)
        tell_http(s);
    else if (s->connected && t->kind == PROBE_HTTP)
        line(s, "http", "not asked: nothing is sent to who cannot be trusted (--insecure does)");
    observe_probe(o, t, r);
    tell_verdict(s, r);
    mem_free(MEM_OBSERVE, s);
}
