/* http.c - GET by net/http.h: `http fresh|kept PORT REQUESTS IN_FLIGHT`, tasks on one loop. */
#include "bench/bench.h"

#include <string.h>

#include "net/http.h"

enum { TIMEOUT_S = 10 };

static struct {
    struct http_client *client;
    char url[64];
    bool kept;
    long left, in_flight;
} b;

/* As a prober does: the answer is read, looked at, and dropped. */
static void get(struct buf *body)
{
    struct http_request request = {.url = slice_from(b.url), .no_keep = !b.kept};
    struct http_response *resp;
    struct err err = {0};
    rt_time deadline = rt_now() + TIMEOUT_S * RT_SEC;
    buf_clear(body);
    int r = http_open(b.client, &request, &resp, NULL, &err, deadline);
    if (r == 0) {
        r = http_head(resp)->status == 200 ? http_read_all(resp, body, &err, deadline) : -1;
        http_close(resp);
    }
    if (r < 0 || body->size != 1500) {
        fprintf(stderr, "http: %s\n", err.text);
        exit(1);
    }
}

static void task_gets(void *arg)
{
    (void)arg;
    struct buf body = BUF(MEM_BASE, 0);
    while (b.left-- > 0)
        get(&body);
    buf_done(&body);
}

static void main_task(void *arg)
{
    const char *name = arg;
    struct http_client_options options = {.no_keep = !b.kept};
    struct dns_resolver *dns;
    struct rt_group g;
    long requests = b.left;
    if (dns_resolver_open(NULL, &dns, NULL) < 0)
        exit(1);
    options.dns = dns;
    if (http_client_open(&options, &b.client) < 0)
        exit(1);
    rt_group_init(&g, "bench");
    struct bench_clock start = bench_now();
    for (long i = 0; i < b.in_flight; i++)
        if (rt_go(&g, task_gets, NULL) < 0)
            exit(1);
    rt_group_wait(&g, RT_NEVER);
    bench_result(name, requests, start);
    rt_group_done(&g);
    http_client_close(b.client);
    dns_resolver_close(dns);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: http fresh|kept PORT REQUESTS IN_FLIGHT\n");
        return 2;
    }
    b.kept = strcmp(argv[1], "kept") == 0;
    b.left = atol(argv[3]);
    b.in_flight = atol(argv[4]);
    snprintf(b.url, sizeof(b.url), "http://127.0.0.1:%d/", atoi(argv[2]));
    return rt_run(&(struct rt_config){.stall = -1}, main_task, argv[1]) < 0;
}
