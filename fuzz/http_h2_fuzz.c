/* http_h2_fuzz.c - what a server may say to a client of HTTP/2: in the simulator, which cuts bytes
 * anywhere. Whatever was said: the request comes to its end, with a status of three digits or with
 * words why not; a body that ended well is as long as the head has said; and two ways of cutting
 * the same bytes bring the same. */
#include <assert.h>
#include <errno.h>

#include "net/http_h2.h"
#include "rt/sim.h"

enum { INPUT_BYTES_MAX = 8192, SECONDS_MAX = 60 };

struct play {
    struct slice said;
    int opened;
    ssize_t ended;
    uint16_t status;
    uint32_t fields;
    size_t body_bytes;
};

static struct rt_sock *listen_at(struct rt_addr *at)
{
    struct rt_sock *listener;
    rt_addr_ipv4(INADDR_LOOPBACK, 80, at);
    int r = rt_listen(at, 1, false, &listener);
    assert(r == 0);
    return listener;
}

/* Says all of it, whatever it hears, and ends. */
static void serve(struct play *p, struct rt_sock *sock)
{
    char heard[1024];
    ssize_t n = rt_read(sock, heard, sizeof(heard), RT_NEVER);
    if (n > 0 && p->said.size)
        (void)rt_write(sock, p->said.data, p->said.size, RT_NEVER);
    (void)rt_shutdown_write(sock);
    while (n > 0)
        n = rt_read(sock, heard, sizeof(heard), RT_NEVER);
    rt_close(sock);
}

static struct rt_sock *listener;

static void server(void *arg)
{
    struct rt_sock *sock;
    if (rt_accept(listener, &sock, NULL, RT_NEVER) == 0)
        serve(arg, sock);
}

static void read_body(struct play *p, struct http_h2 *x, rt_time deadline)
{
    char chunk[500];
    struct err err = {0};
    while ((p->ended = http_h2_read(x, chunk, sizeof(chunk), &err, deadline)) > 0)
        p->body_bytes += (size_t)p->ended;
    assert(p->ended == 0 || err.text[0]);
}

static void ask(struct play *p, struct stream *stream)
{
    static struct http1_head head;
    struct http1_limits limits = {.head_bytes_max = 2000, .field_count_max = 20};
    struct http_h2_request q = {.head = &head, .limits = &limits};
    struct http_h2 *x;
    struct err err = {0};
    int64_t first_byte_ns = -1;
    rt_time deadline = rt_now() + SECONDS_MAX * RT_SEC;
    head = (struct http1_head){.method = SLICE("GET"), .target = SLICE("/")};
    p->opened = http_h2_open(stream, &q, &head, &first_byte_ns, &x, &err, deadline);
    assert(p->opened != -ETIMEDOUT);
    if (p->opened < 0) {
        assert(err.text[0]);
        return;
    }
    assert(first_byte_ns >= 0 && head.status >= 200 && head.status <= 999);
    assert(head.field_count <= limits.field_count_max);
    p->status = head.status;
    p->fields = head.field_count;
    read_body(p, x, deadline);
    if (p->ended == 0 && head.has_content_length && head.status != 304)
        assert(p->body_bytes == head.content_length);
    http_h2_close(x);
}

static void client(void *arg)
{
    struct play *p = arg;
    struct rt_group group;
    struct rt_addr at;
    struct stream stream = {0};
    listener = listen_at(&at);
    rt_group_init(&group, "server");
    int r = rt_go(&group, server, p);
    assert(r == 0);
    r = rt_connect(&at, NULL, &stream.sock, RT_NEVER);
    assert(r == 0);
    ask(p, &stream);
    stream_close(&stream);
    rt_group_wait(&group, RT_NEVER);
    rt_group_done(&group);
    rt_close(listener);
}

static void play(struct play *p, uint64_t seed, struct slice said)
{
    *p = (struct play){.said = said};
    struct rt_sim_config config = {.seed = seed};
    int r = rt_sim_run(&config, client, p, NULL);
    assert(r == 0);
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
    assert((a.opened == 0) == (b.opened == 0) && a.status == b.status && a.fields == b.fields);
    assert((a.ended == 0) == (b.ended == 0));
    if (a.opened == 0 && a.ended == 0)
        assert(a.body_bytes == b.body_bytes);
    return 0;
}
