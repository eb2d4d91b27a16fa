#include "net/http_h2.h"

#include <errno.h>
#include <unistd.h>

#include "tests/tap.h"

/* A server that hears something, says these bytes whatever it was, and ends. */
struct peer {
    struct rt_sock *listener;
    struct rt_group group;
    struct slice says;
    struct buf heard;
};

static void serve(void *arg)
{
    struct peer *p = arg;
    struct rt_sock *s;
    char *room, more[100];
    ssize_t n = 1;
    if (rt_accept(p->listener, &s, NULL, RT_NEVER) < 0)
        return;
    buf_reserve(&p->heard, 4096, &room);
    n = rt_read(s, room, 4096, RT_NEVER);
    buf_commit(&p->heard, n > 0 ? (size_t)n : 0);
    rt_write(s, p->says.data, p->says.size, RT_NEVER);
    rt_shutdown_write(s);
    while (n > 0)
        n = rt_read(s, more, sizeof(more), RT_NEVER);
    rt_close(s);
}

/* One request over one connection, and what came of it. */
struct world {
    struct peer peer;
    struct stream stream;
    struct http1_head head;
    struct http1_limits limits;
    struct buf body;
    struct err err;
    int64_t first_byte_ns;
};

static int ask_as(struct world *w, struct slice method, struct slice says)
{
    rt_time deadline = rt_now() + 20 * RT_SEC;
    struct rt_addr at;
    struct http_h2 *x = NULL;
    char chunk[1000];
    ssize_t n;
    w->peer.says = says;
    w->peer.heard = w->body = BUF(MEM_TEST, 0);
    w->first_byte_ns = -1;
    rt_addr_ipv4(INADDR_LOOPBACK, 0, &at);
    CHECK_INT(rt_listen(&at, 1, false, &w->peer.listener), 0);
    rt_sock_local(w->peer.listener, &at);
    rt_group_init(&w->peer.group, "peer");
    rt_go(&w->peer.group, serve, &w->peer);
    CHECK_INT(rt_connect(&at, NULL, &w->stream.sock, deadline), 0);
    w->head = (struct http1_head){.method = method, .target = SLICE("/")};
    struct http_h2_request q = {.head = &w->head, .limits = &w->limits};
    int r = http_h2_open(&w->stream, &q, &w->head, &w->first_byte_ns, &x, &w->err, deadline);
    while (r == 0 && (n = http_h2_read(x, chunk, sizeof(chunk), &w->err, deadline)) != 0) {
        r = n < 0 ? (int)n : 0;
        buf_append(&w->body, chunk, n < 0 ? 0 : (size_t)n);
    }
    http_h2_close(x);
    stream_close(&w->stream);
    rt_group_wait(&w->peer.group, RT_NEVER);
    rt_group_done(&w->peer.group);
    rt_close(w->peer.listener);
    return r;
}

static void done(struct world *w)
{
    buf_done(&w->peer.heard);
    buf_done(&w->body);
}

/* Frames: length, type, flags, stream. */
#define SETTINGS       "\0\0\0\4\0\0\0\0\0"
#define HEADERS(size)  "\0\0" size "\1\4\0\0\0\1"
#define LAST(size)     "\0\0" size "\1\5\0\0\0\1"
#define DATA(size)     "\0\0" size "\0\0\0\0\0\1"
#define LAST_DATA(size) "\0\0" size "\0\1\0\0\0\1"
#define STATUS_200     "\x88"
#define SAID(text)     ((struct slice){text, sizeof(text) - 1})

static void ask_ok(struct slice says, const char *body)
{
    struct world *w = mem_alloc(MEM_TEST, sizeof(*w));
    CHECK_INT(ask_as(w, SLICE("GET"), says), 0);
    CHECK_INT(w->head.status, 200);
    CHECK(w->first_byte_ns >= 0);
    CHECK_STR(w->body.size ? w->body.data : "", body);
    done(w);
    mem_free(MEM_TEST, w);
}

static void ask_fails(struct slice says, int code, const char *words)
{
    struct world *w = mem_alloc(MEM_TEST, sizeof(*w));
    CHECK_INT(ask_as(w, SLICE("GET"), says), code);
    CHECK(slice_find(slice_from(w->err.text), slice_from(words)) >= 0);
    done(w);
    mem_free(MEM_TEST, w);
}

static void a_body_comes_in_pieces(void)
{
    ask_ok(SAID(SETTINGS LAST("\1") STATUS_200), "");
    ask_ok(SAID(SETTINGS HEADERS("\1") STATUS_200 DATA("\3") "abc" LAST_DATA("\2") "de"), "abcde");
    /* Trailers end it, too; a 103 before is no answer. */
    ask_ok(SAID(SETTINGS HEADERS("\5") "\x08\x03" "103" HEADERS("\1") STATUS_200 DATA("\1") "a"
                LAST("\5") "\0\1x\1y"), "a");
}

static void a_connection_that_goes_after_the_answer_is_well(void)
{
    ask_ok(SAID(SETTINGS "\0\0\x08\7\0\0\0\0\0" "\0\0\0\1" "\0\0\0\0" LAST("\1") STATUS_200), "");
    /* Nor does it matter what stands behind the answer's end. */
    ask_ok(SAID(SETTINGS LAST("\1") STATUS_200 "and now for something else"), "");
}

static void what_breaks_it_is_told_apart(void)
{
    ask_fails(SAID(SETTINGS "\0\0\4\3\0\0\0\0\1" "\0\0\0\2"), -ECONNRESET, "INTERNAL_ERROR");
    ask_fails(SAID(SETTINGS "\0\0\4\3\0\0\0\0\1" "\0\0\0\x0d"), -EPROTONOSUPPORT, "HTTP_1_1");
    ask_fails(SAID(SETTINGS "\0\0\x08\7\0\0\0\0\0" "\0\0\0\0" "\0\0\0\0"), -EPIPE, "GOAWAY");
    ask_fails(SAID(SETTINGS "\0\0\x08\7\0\0\0\0\0" "\0\0\0\0" "\0\0\0\1"), -EBADMSG, "PROTOCOL");
    ask_fails(SAID(SETTINGS HEADERS("\1") STATUS_200 DATA("\3") "abc"), -EPIPE, "inside the body");
    ask_fails(SAID(SETTINGS), -EPIPE, "without an answer");
    ask_fails(SAID("HTTP/1.1 400 Bad Request\r\n\r\n"), -EBADMSG, "HTTP/1.1 400");
    ask_fails(SAID(SETTINGS LAST("\4") "\0\1a\0"), -EBADMSG, "HTTP/2"); /* no status */
}

static void the_head_has_limits(void)
{
    struct world *w = mem_alloc(MEM_TEST, sizeof(*w));
    static const char said[] = SETTINGS LAST("\x0b") STATUS_200 "\0\1a\1b" "\0\1c\1d";
    w->limits = (struct http1_limits){.field_count_max = 1};
    CHECK_INT(ask_as(w, SLICE("GET"), SAID(said)), -EMSGSIZE);
    done(w);
    w->limits = (struct http1_limits){.head_bytes_max = 100}; /* each field counts 32 more */
    CHECK_INT(ask_as(w, SLICE("GET"), SAID(said)), -EMSGSIZE);
    done(w);
    w->limits = (struct http1_limits){.head_bytes_max = 200};
    CHECK_INT(ask_as(w, SLICE("GET"), SAID(said)), 0);
    CHECK_INT(w->head.field_count, 2);
    done(w);
    mem_free(MEM_TEST, w);
}

static void the_first_bytes_are_the_preface(void)
{
    struct world *w = mem_alloc(MEM_TEST, sizeof(*w));
    CHECK_INT(ask_as(w, SLICE("HEAD"), SAID(SETTINGS LAST("\1") STATUS_200)), 0);
    CHECK(slice_starts_with(buf_slice(&w->peer.heard), SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")));
    done(w);
    mem_free(MEM_TEST, w);
}

static void all_in_a_task(void *arg)
{
    (void)arg;
    TAP_RUN(a_body_comes_in_pieces);
    TAP_RUN(a_connection_that_goes_after_the_answer_is_well);
    TAP_RUN(what_breaks_it_is_told_apart);
    TAP_RUN(the_head_has_limits);
    TAP_RUN(the_first_bytes_are_the_preface);
}

int main(void)
{
    alarm(60);
    if (rt_run(NULL, all_in_a_task, NULL) < 0)
        return 1;
    return tap_done();
}
