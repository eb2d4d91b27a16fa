/* http_server_fuzz.c - what a client may say to the HTTP server: in the simulator, which cuts the
 * bytes anywhere. Whatever was said: the server comes to an end with the connection, all that it
 * answers is HTTP, and two ways of cutting the same bytes get the same answers. */
#include <assert.h>
#include <errno.h>

#include "net/http_server.h"
#include "rt/sim.h"

enum { INPUT_BYTES_MAX = 4096, ANSWERS_MAX = 512, SECONDS_MAX = 600 };

struct play {
    struct slice said;
    struct buf got;
    uint16_t statuses[ANSWERS_MAX];
    uint32_t answers, requests, told;
};

static void serve(void *ctx, struct http_exchange *x)
{
    struct play *p = ctx;
    struct slice path = exchange_path(x);
    p->requests++;
    if (slice_eq(path, SLICE("/echo"))) {
        struct buf body = BUF(MEM_TEST, 0);
        struct err err = {0};
        int r = exchange_read_all(x, &body, &err);
        if (r < 0)
            exchange_refuse(x, r, &err);
        else
            exchange_answer(x, 200, "text/plain", buf_slice(&body));
        assert(r == 0 || err.text[0]);
        buf_done(&body);
    } else if (slice_eq(path, SLICE("/parts"))) {
        exchange_begin(x, 200, "text/plain");
        exchange_send(x, exchange_query(x));
        exchange_send(x, SLICE("end"));
    } else if (!slice_eq(path, SLICE("/silent"))) {
        exchange_answer(x, 200, "text/plain", path);
    }
}

static void done(void *ctx, const struct http_done *d)
{
    struct play *p = ctx;
    (void)d;
    p->told++;
}

static void client(void *arg)
{
    struct play *p = arg;
    struct http_server *s;
    struct http_server_options o = {.serve = serve,
                                    .done = done,
                                    .ctx = p,
                                    .body_bytes_max = 1000,
                                    .limits = {.head_bytes_max = 2000, .line_bytes_max = 500}};
    struct rt_addr at;
    struct rt_sock *sock;
    struct err err;
    rt_addr_ipv4(0x7f000001, 80, &at);
    http_server_new(&o, &s);
    int r = http_server_listen(s, &at, NULL, &err);
    assert(r == 0);
    r = rt_connect(&at, NULL, &sock, RT_NEVER);
    assert(r == 0);
    if (p->said.size)
        (void)rt_write(sock, p->said.data, p->said.size, RT_NEVER);
    (void)rt_shutdown_write(sock);
    for (ssize_t n = 1; n > 0;) {
        char *room;
        buf_reserve(&p->got, 4096, &room);
        n = rt_read(sock, room, 4096, rt_now() + SECONDS_MAX * RT_SEC);
        assert(n != -ETIMEDOUT);
        if (n > 0)
            buf_commit(&p->got, (size_t)n);
    }
    rt_close(sock);
    http_server_stop(s, rt_now() + SECONDS_MAX * RT_SEC);
    assert(http_server_stats(s).connections == 0);
    http_server_free(s);
}

/* All of it is answers, each whole. HEAD is not taken for granted: none has a body to skip. */
static void read_answers(struct play *p, bool heads)
{
    static struct http1_head h;
    struct slice rest = buf_slice(&p->got), data;
    while (rest.size && p->answers < ANSWERS_MAX) {
        struct http1_parser parser;
        struct http1_body body;
        struct err err = {0};
        http1_parser_response(&parser, SLICE("GET"), NULL);
        ptrdiff_t n = http1_parse(&parser, rest, &h, &err);
        assert(n > 0);
        rest = slice_sub(rest, (size_t)n, rest.size);
        p->statuses[p->answers++] = h.status;
        if (h.status == 100)
            continue;
        if (heads) /* which answers are to a HEAD only the server knows */
            return;
        int r = HTTP1_DATA;
        http1_body_init(&body, &h, NULL, NULL);
        while (r == HTTP1_DATA)
            r = http1_body_next(&body, &rest, &data, &err);
        assert(r == HTTP1_END || (r == HTTP1_MORE && h.framing == HTTP1_UNTIL_CLOSE));
    }
}

static void play(struct play *p, uint64_t seed, struct slice said)
{
    *p = (struct play){.said = said, .got = BUF(MEM_TEST, 0)};
    struct rt_sim_config config = {.seed = seed};
    int r = rt_sim_run(&config, client, p, NULL);
    assert(r == 0);
    read_answers(p, slice_find(said, SLICE("HEAD")) >= 0);
    /* A request that was served was told; so was one that was refused. */
    assert(p->told >= p->requests);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct play a, b;
    if (size == 0 || size > INPUT_BYTES_MAX)
        return 0;
    struct slice said = {(const char *)data + 1, size - 1};
    play(&a, data[0], said);
    play(&b, data[0] + UINT64_C(1000), said);
    assert(a.answers == b.answers && a.requests == b.requests);
    assert(memcmp(a.statuses, b.statuses, sizeof(a.statuses)) == 0);
    buf_done(&a.got);
    buf_done(&b.got);
    return 0;
}
