/* http_world.h - a client, its server, and what the last request brought. */
#ifndef FIREBREAK_TESTS_NET_HTTP_WORLD_H
#define FIREBREAK_TESTS_NET_HTTP_WORLD_H

#include "net/http.h"
#include "tests/net/child.h"
#include "tests/net/http_server.h"

static char folder[] = "/tmp/firebreak-http-XXXXXX";

static inline rt_time soon(void)
{
    return rt_now() + 20 * RT_SEC;
}

struct world {
    struct http_server server;
    struct dns_resolver *dns;
    struct http_client *client;
    struct http_trace trace;
    struct err err;
    struct buf body;
    char url[200];
};

static struct http1_head head; /* of the last answer; its slices are gone */

static inline void world_open(struct world *w, const struct http_answer *answers, uint32_t count)
{
    *w = (struct world){.body = BUF(MEM_TEST, 0)};
    http_server_start(&w->server, answers, count);
    CHECK_INT(dns_resolver_open(NULL, &w->dns, &w->err), 0);
    struct http_client_options o = {.dns = w->dns};
    CHECK_INT(http_client_open(&o, &w->client), 0);
    snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%u/", rt_addr_port(&w->server.addr));
}

static inline void world_done(struct world *w)
{
    http_client_close(w->client);
    dns_resolver_close(w->dns);
    http_server_stop(&w->server);
    buf_done(&w->body);
}

static inline int ask_until(struct world *w, const struct http_request *q, rt_time deadline)
{
    struct http_response *resp;
    struct http_request request = *q;
    if (!request.url.data)
        request.url = slice_from(w->url);
    buf_done(&w->body);
    err_clear(&w->err);
    int r = http_open(w->client, &request, &resp, &w->trace, &w->err, deadline);
    if (r < 0)
        return r;
    head = *http_head(resp);
    r = http_read_all(resp, &w->body, &w->err, deadline);
    http_close(resp);
    return r;
}

static inline int ask(struct world *w, const struct http_request *q)
{
    return ask_until(w, q, soon());
}

#define WORLD(w, ...)                                           \
    static struct world w;                                      \
    static const struct http_answer answers_[] = {__VA_ARGS__}; \
    world_open(&w, answers_, ARRAY_LEN(answers_))

static const struct http_request get;

/* Runs the cases in a task, and checks that nothing is left of them. */
static inline void nothing_is_left_allocated(void)
{
    CHECK_INT(mem_usage_of(MEM_NET).live, 0);
    CHECK_INT(mem_usage_of(MEM_WIRE).live, 0);
    CHECK_INT(mem_usage_of(MEM_TEST).live, 0);
}

static inline int http_world_main(rt_fn *cases)
{
    leave_network();
    if (!mkdtemp(folder) || !run_command((char *[]){"sh", "tests/net/certs.sh", folder, NULL})) {
        printf("Bail out! no certificates\n");
        return 1;
    }
    if (rt_run(NULL, cases, NULL) < 0)
        return 1;
    TAP_RUN(nothing_is_left_allocated);
    remove_folder(folder);
    return tap_done();
}

#endif
