#include "observe/explain.h"

#include <errno.h>

#include "base/utf8.h"
#include "observe/story.h"
#include "observe/target_parse.h"
#include "wire/url.h"

enum { HOPS_MAX = PROBE_REDIRECTS_MAX };

struct explaining {
    struct observer *o;
    const struct probe_target *t;
    struct story *story;
    struct dns_addresses addresses;
    bool found, connected, tls_fine;
    struct rt_addr at; /* the first address that answered */
    struct probe_result step; /* of a step that probes share */
};

static rt_time until(const struct explaining *e)
{
    return rt_now() + e->o->spec->timeout_ns;
}

/* ---- name and addresses ---- */

static __attribute__((noinline)) void tell_name(struct explaining *e)
{
    char took[DURATION_TEXT_MAX];
    struct rt_addr a;
    if (rt_addr_parse_ip(e->t->host, e->t->port, &a) == 0) {
        e->addresses = (struct dns_addresses){.addr = {a}, .count = 1};
        e->found = true;
        return;
    }
    rt_time begin = rt_now_exact();
    e->found = observe_lookup(e->o, e->t->host, e->t->port, &e->step, &e->addresses, until(e)) == 0;
    rt_time spent = rt_now_exact() - begin;
    if (e->found)
        story_addresses(e->story, e->t->host, &e->addresses, spent);
    else
        story_line(e->story, "name", "%s (after %s)", e->step.detail, story_time(spent, took));
}

static void tell_connect(struct explaining *e)
{
    char took[DURATION_TEXT_MAX], text[RT_ADDR_TEXT_MAX];
    for (uint32_t i = 0; e->found && i < e->addresses.count; i++) {
        const struct rt_addr *a = &e->addresses.addr[i];
        struct rt_sock *sock;
        rt_time begin = rt_now_exact();
        int code = source_connect(&e->o->sources, a, e->o->spec->reset, &sock, until(e));
        story_time(rt_now_exact() - begin, took);
        rt_addr_format(a, true, text);
        if (code == 0) {
            story_line(e->story, "connect", "%s answered after %s", text, took);
            rt_close(sock);
            if (!e->connected)
                e->at = *a;
            e->connected = true;
        } else {
            story_line(e->story, "connect", "%s: %s (after %s)", text,
                 code == -ETIMEDOUT ? "no answer" : err_name(code), took);
        }
    }
}

/* ---- TLS ---- */

/* With a context that overlooks faults: what was negotiated is told in any case. Nothing is sent
 * over it. Apart, as others here: inlined into one, their frames would add up. */
static __attribute__((noinline)) void shake_hands(struct explaining *e, struct tls_context *c,
                                                  struct rt_sock *sock)
{
    const char *name = e->o->spec->server_name;
    struct tls_report report;
    struct tls_conn *conn = NULL;
    struct err err = {0};
    struct tls_request request = {
        .name = name ? slice_from(name) : e->t->host,
        .alpn = e->t->kind == PROBE_HTTP ? "h2,http/1.1" : NULL,
        .no_resume = true,
        .arena = &e->story->arena,
    };
    rt_time begin = rt_now_exact();
    int code = tls_connect(c, sock, &request, &conn, &report, &err, until(e));
    story_tls(e->story, &report, rt_now_exact() - begin, code, &err);
    e->tls_fine = code == 0 && (report.faults == 0 || e->o->spec->insecure);
    tls_close(conn);
}

static __attribute__((noinline)) void tell_tls(struct explaining *e)
{
    struct tls_options options = {.ca_file = e->o->spec->ca_file, .insecure = true};
    struct tls_context *c;
    struct rt_sock *sock;
    struct err err = {0};
    if (tls_context_open(&options, &c, &err, until(e)) < 0) {
        story_line(e->story, "tls", "not tried: %s", err.text);
        return;
    }
    if (source_connect(&e->o->sources, &e->at, e->o->spec->reset, &sock, until(e)) == 0) {
        shake_hands(e, c, sock);
        rt_close(sock);
    }
    tls_context_close(c);
}

/* ---- HTTP ---- */

/* Where a redirect leads; empty: the answer is none. */
static void next_url(struct explaining *e, struct http_response *resp, struct slice url,
                     struct buf *ret_next)
{
    const struct http1_head *h = http_head(resp);
    const struct http1_field *f = http1_field_find(h, "Location", 0);
    struct url base;
    buf_clear(ret_next);
    if (h->status < 300 || h->status > 399 || !f || url_parse(url, &base, NULL) < 0)
        return;
    if (url_resolve(&base, f->value, ret_next) < 0)
        story_line(e->story, "", "leads to '%.*s', which is no URL", SLICE_ARG(f->value));
    else
        story_line(e->story, "redirect", "to %.*s", SLICE_ARG(buf_slice(ret_next)));
}

/* One exchange. True: *next has the URL that it leads to. */
static __attribute__((noinline)) bool tell_exchange(struct explaining *e, struct slice url,
                                                    uint32_t hop, struct buf *next)
{
    const struct probe_spec *spec = e->o->spec;
    struct arena a = ARENA(MEM_OBSERVE, 0);
    struct http1_field *fields = arena_alloc_array(&a, PROBE_HEADERS_MAX, sizeof(*fields));
    /* What the caller wants to be sent is for the first host; see http.h on redirects. */
    uint32_t count = hop == 0 ? spec->header_count : 0;
    for (uint32_t i = 0; i < count; i++)
        fields[i] = (struct http1_field){spec->headers[i].name, spec->headers[i].value};
    struct http_request request = {
        .method = slice_from(spec->method),
        .fields = fields,
        .field_count = count,
        .server_name = hop == 0 ? spec->server_name : NULL,
        .no_keep = true,
    };
    struct http_trace trace = {.arena = &a};
    struct http_response *resp;
    struct err err = {0};
    struct slice shown = target_redacted(&a, url);
    story_line(e->story, "http", "%s %.*s", spec->method, SLICE_ARG(shown));
    observe_http_address(url, &a, &request);
    int code = http_open(e->o->http, &request, &resp, &trace, &err, until(e));
    buf_clear(next);
    if (trace.phase == HTTP_PHASE_TLS && hop > 0)
        story_tls(e->story, &trace.tls, trace.tls_ns, code, &err);
    story_http(e->story, &trace, code < 0 ? NULL : http_head(resp), code, &err);
    if (code == 0) {
        next_url(e, resp, url, next);
        http_close(resp);
    }
    arena_done(&a);
    return next->size > 0;
}

static void tell_http(struct explaining *e)
{
    struct buf url = BUF(MEM_OBSERVE, 0), next = BUF(MEM_OBSERVE, 0);
    if (observe_http_client(e->o, e->t, &e->step, until(e)) < 0)
        return;
    buf_append_slice(&url, e->t->url);
    for (uint32_t hop = 0; hop <= e->o->spec->redirects && hop < HOPS_MAX; hop++) {
        if (!tell_exchange(e, buf_slice(&url), hop, &next))
            break;
        if (hop == e->o->spec->redirects)
            story_line(e->story, "", "not followed: --redirects is %u", e->o->spec->redirects);
        buf_clear(&url);
        buf_append_slice(&url, buf_slice(&next));
    }
    buf_done(&url);
    buf_done(&next);
}

/* ---- the whole ---- */

static void tell_verdict(struct explaining *e, const struct probe_result *r)
{
    char took[DURATION_TEXT_MAX];
    story_time(r->total_ns, took);
    if (r->reason == REASON_OK)
        story_line(e->story, "verdict", "ok, after %s", took);
    else
        story_line(e->story, "verdict", "%s: %s (after %s)", probe_reason_name(r->reason),
                   r->detail, took);
    for (uint32_t i = 0; i < r->answer_count; i++)
        story_line(e->story, "", "  %s", r->answers[i]);
    if (r->days_left != INT32_MIN && r->days_left >= 0)
        story_line(e->story, "", "the certificates last for %d more days", (int)r->days_left);
    story_paragraph(e->story, "advice", explain_advice(r->reason));
}

/* Phase by phase, each tried by itself and further than a probe goes: every address of a name, a
 * handshake in spite of what is wrong with the certificate. */
static void tell_phases(struct explaining *e)
{
    const struct probe_target *t = e->t;
    tell_name(e);
    tell_connect(e);
    if (e->connected && (t->tls || t->kind == PROBE_TLS))
        tell_tls(e);
    if (e->connected && t->kind == PROBE_HTTP && e->tls_fine)
        tell_http(e);
    else if (e->connected && t->kind == PROBE_HTTP)
        story_line(e->story, "http", "not asked: nothing is sent to who cannot be trusted "
                                     "(--insecure does)");
}

/* Through a proxy there is but one way: what a probe does itself. */
static bool tell_proxy(struct explaining *e)
{
    const struct probe_spec *spec = e->o->spec;
    struct proxy_settings settings = {spec->http_proxy, spec->https_proxy, spec->no_proxy};
    struct url proxy;
    const struct probe_target *t = e->t;
    if (t->kind != PROBE_HTTP && t->kind != PROBE_WS)
        return false;
    if (proxy_choose(&settings, t->tls, t->host, t->port, &proxy, NULL) != 1)
        return false;
    story_line(e->story, "proxy", "the environment sends this through %.*s:%u (no_proxy keeps "
               "others out)", SLICE_ARG(proxy.host), proxy.port);
    return true;
}

void observe_explain(struct observer *o, const struct probe_target *t, struct probe_result *r,
                     struct buf *out)
{
    struct explaining *e = mem_alloc(MEM_OBSERVE, sizeof(*e));
    struct story story = {.out = out, .arena = ARENA(MEM_OBSERVE, 0)};
    *e = (struct explaining){.o = o, .t = t, .story = &story, .tls_fine = true};
    /* Behind a plain greeting a handshake by itself would be nonsense. */
    bool greets = t->extra && t->extra->starttls;
    bool phases =
        !greets && (t->kind == PROBE_TCP || t->kind == PROBE_TLS || t->kind == PROBE_HTTP);
    utf8_append_shown(out, t->name);
    buf_append_byte(out, '\n');
    if (!tell_proxy(e) && phases)
        tell_phases(e);
    else
        o->story = &story; /* the probe itself tells what it does */
    observe_probe(o, t, r);
    o->story = NULL;
    tell_verdict(e, r);
    arena_done(&story.arena);
    mem_free(MEM_OBSERVE, e);
}
