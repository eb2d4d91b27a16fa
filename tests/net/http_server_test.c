#include "net/http_server.h"

#include "tests/tap.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rt/event.h"

/* ---- a server whose answers depend on the path, and a client that speaks raw bytes ---- */

struct world {
    struct http_server *server;
    struct rt_addr addr;
    struct buf got; /* of the last talk() */
    uint32_t streams_ended, served;
    int read_code; /* of the last body */
    uint16_t done_status;
    char done_method[16];
    int64_t done_total;
    struct rt_event hold; /* what "/hold" waits for */
};

static rt_time soon(void)
{
    return rt_now() + 20 * RT_SEC;
}

static void serve_stream(struct world *w, struct http_exchange *x)
{
    struct http_gone_chan *gone = exchange_gone(x);
    char none;
    exchange_begin(x, 200, "text/plain");
    int r = 0;
    while (r == 0) {
        r = exchange_send(x, SLICE("tick\n"));
        if (r == 0 && rt_recv(gone, &none, rt_now() + 20 * RT_MS) != -ETIMEDOUT)
            break;
    }
    w->streams_ended++;
}

static void serve_echo(struct world *w, struct http_exchange *x)
{
    struct buf body = BUF(MEM_TEST, 0);
    struct err err = {0};
    w->read_code = exchange_read_all(x, &body, &err);
    if (w->read_code < 0)
        exchange_refuse(x, w->read_code, &err);
    else
        exchange_answer(x, 200, "text/plain", buf_slice(&body));
    buf_done(&body);
}

static void serve_large(struct http_exchange *x)
{
    char chunk[1000];
    memset(chunk, 'x', sizeof(chunk));
    exchange_begin(x, 200, "text/plain");
    for (int i = 0; i < 2000 && exchange_send(x, (struct slice){chunk, sizeof(chunk)}) == 0; i++)
        ;
}

static void serve(void *ctx, struct http_exchange *x)
{
    struct world *w = ctx;
    struct slice path = exchange_path(x), query = exchange_query(x);
    w->served++;
    if (slice_eq(path, SLICE("/echo"))) {
        serve_echo(w, x);
    } else if (slice_eq(path, SLICE("/unread"))) {
        exchange_answer(x, 200, "text/plain", SLICE("unread"));
    } else if (slice_eq(path, SLICE("/stream"))) {
        serve_stream(w, x);
    } else if (slice_eq(path, SLICE("/parts"))) {
        exchange_begin(x, 200, "text/plain");
        exchange_send(x, SLICE("one "));
        exchange_send(x, SLICE("two"));
    } else if (slice_eq(path, SLICE("/broken"))) {
        exchange_begin(x, 200, "text/plain");
        exchange_send(x, SLICE("half"));
        exchange_abort(x);
    } else if (slice_eq(path, SLICE("/hold"))) {
        rt_event_wait(&w->hold, soon());
        exchange_answer(x, 200, "text/plain", SLICE("held"));
    } else if (slice_eq(path, SLICE("/large"))) {
        serve_large(x);
    } else if (slice_eq(path, SLICE("/problem"))) {
        exchange_field(x, "Allow", SLICE("GET"));
        exchange_problem(x, 405, "method", "method", "only \"GET\"");
    } else if (slice_eq(path, SLICE("/query"))) {
        exchange_answer(x, 200, "text/plain", query);
    } else if (!slice_eq(path, SLICE("/silent"))) {
        exchange_answer(x, 200, "text/plain", path);
    }
}

static void on_done(void *ctx, const struct http_done *d)
{
    struct world *w = ctx;
    w->done_status = d->status;
    w->done_total++;
    snprintf(w->done_method, sizeof(w->done_method), "%.*s", SLICE_ARG(d->method));
    CHECK(d->took_ns >= 0);
}

static void open_with(struct world *w, struct http_server_options o)
{
    struct rt_addr any;
    struct err err = {0};
    *w = (struct world){.got = BUF(MEM_TEST, 0)};
    o.serve = serve;
    o.done = on_done;
    o.ctx = w;
    rt_addr_ipv4(0x7f000001, 0, &any);
    CHECK_INT(http_server_new(&o, &w->server), 0);
    CHECK_INT(http_server_listen(w->server, &any, &w->addr, &err), 0);
}

static void open_world(struct world *w)
{
    open_with(w, (struct http_server_options){.limits = {0}});
}

static void close_world(struct world *w)
{
    http_server_stop(w->server, soon());
    http_server_free(w->server);
    buf_done(&w->got);
}

static struct rt_sock *dial(struct world *w)
{
    struct rt_sock *s = NULL;
    CHECK_INT(rt_connect(&w->addr, NULL, &s, soon()), 0);
    return s;
}

static void say(struct rt_sock *s, const char *text)
{
    CHECK_INT(rt_write(s, text, strlen(text), soon()), 0);
}

/* Reads until the bytes hold `part` (NULL: until the end). Returns whether they do. */
static bool hear(struct world *w, struct rt_sock *s, const char *part)
{
    for (;;) {
        if (part && w->got.size && strstr(w->got.data, part))
            return true;
        char *room;
        buf_reserve(&w->got, 4096, &room);
        ssize_t n = rt_read(s, room, 4096, soon());
        if (n <= 0)
            return !part && n == 0;
        buf_commit(&w->got, (size_t)n);
    }
}

/* A whole connection: says it, closes its half where wanted, and hears all of the answer. */
static const char *talk(struct world *w, const char *text, bool half_close)
{
    struct rt_sock *s = dial(w);
    buf_clear(&w->got);
    say(s, text);
    if (half_close)
        rt_shutdown_write(s);
    hear(w, s, NULL);
    rt_close(s);
    return w->got.data ? w->got.data : "";
}

static int count(const char *text, const char *part)
{
    int n = 0;
    for (; (text = strstr(text, part)); text += strlen(part))
        n++;
    return n;
}

static bool has(const char *text, const char *part)
{
    if (!strstr(text, part))
        printf("# '%s' is not in '%.600s'\n", part, text);
    return strstr(text, part);
}

/* Everything behind the head. */
static const char *body_of(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");
    return end ? end + 4 : "(none)";
}

#define HOST  "Host: x\r\n"
#define CLOSE HOST "Connection: close\r\n\r\n"

/* ---- cases ---- */

static struct world w;

static void an_answer_has_its_head(void)
{
    open_world(&w);
    const char *got = talk(&w, "GET /query?a=1&b=2 HTTP/1.1\r\n" CLOSE, false);
    CHECK(has(got, "HTTP/1.1 200 OK\r\nDate: "));
    CHECK(has(got, " GMT\r\n"));
    CHECK(has(got, "Content-Type: text/plain\r\n"));
    CHECK(has(got, "Connection: close\r\nContent-Length: 7\r\n"));
    CHECK_STR(body_of(got), "a=1&b=2");
    CHECK_INT(w.done_status, 200);
    CHECK_STR(w.done_method, "GET");
    got = talk(&w, "GET http://any.host:80/query?z HTTP/1.1\r\n" CLOSE, false);
    CHECK_STR(body_of(got), "z");
    close_world(&w);
}

static void requests_follow_on_one_connection(void)
{
    open_world(&w);
    struct rt_sock *s = dial(&w);
    say(s, "GET /one HTTP/1.1\r\n" HOST "\r\n");
    CHECK(hear(&w, s, "/one"));
    CHECK(!strstr(w.got.data, "Connection:"));
    say(s, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello");
    CHECK(hear(&w, s, "hello"));
    rt_close(s);
    CHECK_INT(http_server_stats(w.server).accepted_total, 1);
    close_world(&w);
}

static void requests_sent_ahead_are_answered_in_order(void)
{
    open_world(&w);
    const char *got = talk(&w,
                           "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"
                           "GET /two HTTP/1.1\r\n" HOST "\r\n"
                           "GET /parts HTTP/1.1\r\n" HOST "\r\n"
                           "GET /four HTTP/1.1\r\n" CLOSE,
                           false);
    CHECK_INT(count(got, "HTTP/1.1 200 OK"), 4);
    const char *abc = strstr(got, "abc"), *two = strstr(got, "/two"), *four = strstr(got, "/four");
    CHECK(abc && two && four && abc < two && two < four);
    CHECK(has(got, "4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n"));
    close_world(&w);
}

static void chunks_come_in_and_go_out(void)
{
    open_world(&w);
    const char *got = talk(&w,
                           "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" CLOSE
                           "5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n",
                           false);
    CHECK_STR(body_of(got), "hello world");
    got = talk(&w, "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" CLOSE "5\r\nhelloXX",
               false);
    CHECK(has(got, "HTTP/1.1 400 "));
    CHECK(has(got, "\"reason\":\"protocol\""));
    got = talk(&w, "GET /parts HTTP/1.0\r\n\r\n", false);
    CHECK(!strstr(got, "Transfer-Encoding"));
    CHECK_STR(body_of(got), "one two");
    close_world(&w);
}

static void http_1_0_keeps_only_when_asked(void)
{
    open_world(&w);
    CHECK(has(talk(&w, "GET /a HTTP/1.0\r\n\r\n", false), "Connection: close"));
    struct rt_sock *s = dial(&w);
    buf_clear(&w.got);
    say(s, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK(hear(&w, s, "/a"));
    CHECK(has(w.got.data, "Connection: keep-alive\r\n"));
    say(s, "GET /b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK(hear(&w, s, "/b"));
    rt_close(s);
    close_world(&w);
}

static void head_gets_no_body(void)
{
    open_world(&w);
    const char *got = talk(&w,
                           "HEAD /four HTTP/1.1\r\n" HOST "\r\nHEAD /parts HTTP/1.1\r\n" HOST
                           "\r\nGET /five HTTP/1.1\r\n" CLOSE,
                           false);
    CHECK_INT(count(got, "HTTP/1.1 200 OK"), 3);
    CHECK(has(got, "Content-Length: 5\r\n\r\nHTTP/1.1 200 OK"));
    CHECK(has(got, "chunked\r\n\r\nHTTP/1.1 200 OK"));
    CHECK(!strstr(got, "/four"));
    close_world(&w);
}

static void a_body_is_asked_for_when_it_is_read(void)
{
    open_world(&w);
    struct rt_sock *s = dial(&w);
    say(s, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    CHECK(hear(&w, s, "HTTP/1.1 100 Continue\r\n\r\n"));
    say(s, "body");
    CHECK(hear(&w, s, "\r\n\r\nbody"));
    rt_close(s);
    /* One that nobody reads is not asked for; what may come is not taken for a request. */
    const char *got = talk(&w,
                           "POST /unread HTTP/1.1\r\n" HOST
                           "Content-Length: 4\r\nExpect: 100-continue\r\n\r\nGET ",
                           false);
    CHECK(!strstr(got, "100 Continue"));
    CHECK(has(got, "Connection: close"));
    close_world(&w);
}

static void a_short_unread_body_is_dropped(void)
{
    open_world(&w);
    const char *got = talk(&w,
                           "POST /unread HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\n0123456789"
                           "POST /unread HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                           "3\r\nabc\r\n0\r\n\r\nGET /next HTTP/1.1\r\n" CLOSE,
                           false);
    CHECK_INT(count(got, "HTTP/1.1 200 OK"), 3);
    CHECK(has(got, "/next"));
    got = talk(&w, "POST /unread HTTP/1.1\r\n" HOST "Content-Length: 900000\r\n\r\n", false);
    CHECK(has(got, "Connection: close"));
    close_world(&w);
}

static void nonsense_is_refused_with_a_problem(void)
{
    static const struct {
        const char *said, *status, *words;
    } cases[] = {
        {"hello\r\n\r\n", "400", "METHOD TARGET VERSION"},
        {"GET / HTTP/1.1\r\n\r\n", "400", "Host is missing"},
        {"GET / HTTP/2.0\r\n" CLOSE, "505", "HTTP/2.0"},
        {"GET / HTTP/1.1\nHost: x\n\n", "400", "LF without CR"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", "400",
         "more than once"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx",
         "400", "contradict"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\nx", "501", "chunked"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", "400", "no length"},
        {"GET / HTTP/1.1\r\n" HOST " folded\r\n\r\n", "400", "folded"},
        {"CONNECT x:443 HTTP/1.1\r\n" HOST "\r\n", "400", "no proxy"},
        {"\x16\x03\x01\x02\r\n", "400", "first line"},
    };
    open_world(&w);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *got = talk(&w, cases[i].said, false);
        char status[32];
        snprintf(status, sizeof(status), "HTTP/1.1 %s ", cases[i].status);
        CHECK(has(got, status));
        CHECK(has(got, "Content-Type: application/problem+json\r\n"));
        CHECK(has(got, "Connection: close\r\n"));
        CHECK(has(got, cases[i].words));
        CHECK_INT(w.served, 0);
    }
    CHECK_INT(w.served, 0);
    close_world(&w);
}

static void limits_of_a_head_have_their_status(void)
{
    struct http_server_options o = {
        .limits = {.head_bytes_max = 400, .line_bytes_max = 100, .field_count_max = 5}};
    char line[200];
    struct buf text = BUF(MEM_TEST, 0);
    memset(line, 'a', sizeof(line));
    open_with(&w, o);
    buf_printf(&text, "GET /%.*s HTTP/1.1\r\n" CLOSE, 150, line);
    CHECK(has(talk(&w, text.data, false), "HTTP/1.1 414 "));
    buf_clear(&text);
    buf_printf(&text, "GET / HTTP/1.1\r\nX: %.*s\r\n" CLOSE, 150, line);
    CHECK(has(talk(&w, text.data, false), "HTTP/1.1 431 "));
    CHECK(has(talk(&w, "GET / HTTP/1.1\r\na: 1\r\nb: 2\r\nc: 3\r\nd: 4\r\ne: 5\r\n" CLOSE, false),
              "more than 5 fields"));
    buf_done(&text);
    close_world(&w);
}

static void a_body_beyond_its_limit_is_refused(void)
{
    open_with(&w, (struct http_server_options){.body_bytes_max = 10});
    CHECK(has(talk(&w, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\n", false),
              "HTTP/1.1 413 "));
    CHECK_INT(w.read_code, -EMSGSIZE);
    CHECK(has(talk(&w,
                   "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                   "6\r\n123456\r\n6\r\n123456\r\n0\r\n\r\n",
                   false),
              "longer than 10 bytes"));
    CHECK(has(talk(&w, "POST /echo HTTP/1.1\r\nContent-Length: 10\r\n" CLOSE "0123456789", false),
              "\r\n\r\n0123456789"));
    close_world(&w);
}

static void slow_clients_are_not_waited_for(void)
{
    struct http_server_options o = {
        .idle_ms = 150, .head_ms = 150, .stall_ms = 150, .rate_min = 1000000};
    open_with(&w, o);
    rt_time began = rt_now();
    CHECK_STR(talk(&w, "", false), ""); /* an idle one is closed without a word */
    CHECK(has(talk(&w, "GET / HTT", false), "HTTP/1.1 408 "));
    CHECK(has(talk(&w, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\n123", false),
              "HTTP/1.1 408 "));
    CHECK_INT(w.read_code, -ETIMEDOUT);
    CHECK(rt_now() - began < 10 * RT_SEC);
    /* A byte now and then is no progress either. */
    struct rt_sock *s = dial(&w);
    int r = 0;
    began = rt_now();
    say(s, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n");
    for (int i = 0; i < 500 && r == 0; i++) {
        rt_sleep(rt_now() + 20 * RT_MS);
        r = rt_write(s, "x", 1, soon());
    }
    CHECK(r < 0);
    CHECK(rt_now() - began < 9 * RT_SEC);
    rt_close(s);
    close_world(&w);
}

static void a_reader_that_does_not_read_is_given_up(void)
{
    open_with(&w, (struct http_server_options){.stall_ms = 200, .rate_min = 100000000});
    struct rt_sock *s = dial(&w);
    int small = 4096;
    setsockopt(rt_sock_fd(s), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    for (int i = 0; i < 8; i++)
        say(s, "GET /large HTTP/1.1\r\n" HOST "\r\n");
    for (int i = 0; i < 500 && http_server_stats(w.server).connections; i++)
        rt_sleep(rt_now() + 20 * RT_MS);
    CHECK_INT(http_server_stats(w.server).connections, 0);
    rt_close(s);
    close_world(&w);
}

static void a_peer_that_closed_its_half_is_answered(void)
{
    open_world(&w);
    const char *got =
        talk(&w, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", true);
    CHECK_STR(body_of(got), "hello");
    CHECK(has(talk(&w, "GET / HTTP/1.1\r\nHo", true), "cut off"));
    CHECK(has(talk(&w, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\n123", true),
              "HTTP/1.1 400 "));
    CHECK_INT(w.read_code, -EPIPE);
    close_world(&w);
}

static void a_stream_ends_with_its_reader(void)
{
    open_world(&w);
    struct rt_sock *s = dial(&w);
    say(s, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
    CHECK(hear(&w, s, "tick\n\r\n5\r\ntick\n"));
    rt_close(s);
    for (int i = 0; i < 500 && !w.streams_ended; i++)
        rt_sleep(rt_now() + 10 * RT_MS);
    CHECK_INT(w.streams_ended, 1);
    /* Half of its end is its end, too; what it sent ahead does not matter. */
    talk(&w, "GET /stream HTTP/1.1\r\n" HOST "\r\nGET /next HTTP/1.1\r\n" HOST "\r\n", true);
    CHECK_INT(w.streams_ended, 2);
    CHECK(has(w.got.data, "\r\n0\r\n\r\n"));
    close_world(&w);
}

static void an_answer_that_breaks_off_is_seen_to(void)
{
    open_world(&w);
    const char *got = talk(&w, "GET /broken HTTP/1.1\r\n" HOST "\r\n", false);
    CHECK(has(got, "4\r\nhalf\r\n"));
    CHECK(!strstr(got, "\r\n0\r\n"));
    CHECK(has(talk(&w, "GET /silent HTTP/1.1\r\n" CLOSE, false), "HTTP/1.1 500 "));
    got = talk(&w, "PUT /problem HTTP/1.1\r\n" CLOSE, false);
    CHECK(has(got, "Allow: GET\r\n"));
    CHECK(has(got, "\"detail\":\"only \\\"GET\\\"\",\"reason\":\"method\",\"field\":\"method\""));
    close_world(&w);
}

static void connections_are_bounded(void)
{
    open_with(&w, (struct http_server_options){.connections_max = 2});
    struct rt_sock *a = dial(&w), *b = dial(&w);
    say(a, "GET /a HTTP/1.1\r\n" HOST "\r\n");
    CHECK(hear(&w, a, "/a"));
    say(b, "GET /b HTTP/1.1\r\n" HOST "\r\n");
    CHECK(hear(&w, b, "/b"));
    /* The one that is idle longest makes room. */
    CHECK(has(talk(&w, "GET /c HTTP/1.1\r\n" CLOSE, false), "/c"));
    char byte;
    CHECK_INT(rt_read(a, &byte, 1, soon()), 0);
    CHECK_INT(http_server_stats(w.server).reclaimed_total, 1);
    /* Where all are busy, a new one is refused. */
    struct rt_sock *c = dial(&w);
    say(b, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
    say(c, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
    while (w.served < 5)
        rt_sleep(rt_now() + RT_MS);
    CHECK(has(talk(&w, "GET /d HTTP/1.1\r\n" CLOSE, false), "HTTP/1.1 503 "));
    CHECK(strlen(body_of(w.got.data)) == 144);
    CHECK_INT(http_server_stats(w.server).refused_total, 1);
    rt_event_set(&w.hold);
    buf_clear(&w.got);
    CHECK(hear(&w, c, "held"));
    rt_close(a);
    rt_close(b);
    rt_close(c);
    close_world(&w);
}

static void release(void *arg)
{
    rt_sleep(rt_now() + 100 * RT_MS);
    rt_event_set(arg);
}

static void stopping_finishes_what_is_under_way(void)
{
    struct rt_group g;
    open_world(&w);
    rt_group_init(&g, "test");
    struct rt_sock *idle = dial(&w), *busy = dial(&w), *stream = dial(&w);
    say(idle, "GET /idle HTTP/1.1\r\n" HOST "\r\n");
    CHECK(hear(&w, idle, "/idle"));
    say(busy, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
    say(stream, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
    CHECK(hear(&w, stream, "tick"));
    while (w.served < 3)
        rt_sleep(rt_now() + RT_MS);
    rt_go(&g, release, &w.hold);
    http_server_stop(w.server, soon());
    char byte;
    CHECK_INT(rt_read(idle, &byte, 1, soon()), 0);
    buf_clear(&w.got);
    CHECK(hear(&w, busy, NULL));
    CHECK(has(w.got.data, "held"));
    CHECK(has(w.got.data, "Connection: close"));
    buf_clear(&w.got);
    CHECK(hear(&w, stream, NULL));
    CHECK(has(w.got.data, "0\r\n\r\n"));
    CHECK_INT(http_server_stats(w.server).connections, 0);
    struct rt_sock *late;
    CHECK_INT(rt_connect(&w.addr, NULL, &late, soon()), -ECONNREFUSED);
    rt_close(idle);
    rt_close(busy);
    rt_close(stream);
    rt_group_done(&g);
    close_world(&w);
}

static void stopping_waits_only_so_long(void)
{
    open_world(&w);
    struct rt_sock *s = dial(&w);
    say(s, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
    while (w.served < 1)
        rt_sleep(rt_now() + RT_MS);
    rt_time began = rt_now();
    http_server_stop(w.server, rt_now() + 100 * RT_MS);
    CHECK(rt_now() - began < 5 * RT_SEC);
    CHECK_INT(http_server_stats(w.server).connections, 0);
    rt_close(s);
    close_world(&w);
}

static void a_unix_socket_is_its_owners(void)
{
    char path[64];
    struct rt_addr at;
    struct rt_cred cred;
    struct stat st;
    struct err err = {0};
    snprintf(path, sizeof(path), "/tmp/firebreak-http-%d.sock", (int)getpid());
    unlink(path);
    open_world(&w);
    CHECK_INT(rt_addr_unix(slice_from(path), &at), 0);
    CHECK_INT(http_server_listen(w.server, &at, NULL, &err), 0);
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_mode & 0777, 0600);
    CHECK_INT(http_server_listen(w.server, &at, NULL, &err), -EADDRINUSE);
    CHECK(has(err.text, path));
    w.addr = at;
    CHECK_STR(body_of(talk(&w, "GET /here HTTP/1.1\r\n" CLOSE, false)), "/here");
    struct rt_sock *s = dial(&w);
    CHECK_INT(rt_sock_peer_cred(s, &cred), 0);
    CHECK_INT(cred.uid, getuid());
    rt_close(s);
    close_world(&w);
    unlink(path);
}

static void cases(void *arg)
{
    (void)arg;
    TAP_RUN(an_answer_has_its_head);
    TAP_RUN(requests_follow_on_one_connection);
    TAP_RUN(requests_sent_ahead_are_answered_in_order);
    TAP_RUN(chunks_come_in_and_go_out);
    TAP_RUN(http_1_0_keeps_only_when_asked);
    TAP_RUN(head_gets_no_body);
    TAP_RUN(a_body_is_asked_for_when_it_is_read);
    TAP_RUN(a_short_unread_body_is_dropped);
    TAP_RUN(nonsense_is_refused_with_a_problem);
    TAP_RUN(limits_of_a_head_have_their_status);
    TAP_RUN(a_body_beyond_its_limit_is_refused);
    TAP_RUN(slow_clients_are_not_waited_for);
    TAP_RUN(a_reader_that_does_not_read_is_given_up);
    TAP_RUN(a_peer_that_closed_its_half_is_answered);
    TAP_RUN(a_stream_ends_with_its_reader);
    TAP_RUN(an_answer_that_breaks_off_is_seen_to);
    TAP_RUN(connections_are_bounded);
    TAP_RUN(stopping_finishes_what_is_under_way);
    TAP_RUN(stopping_waits_only_so_long);
    TAP_RUN(a_unix_socket_is_its_owners);
}

static void nothing_is_left_allocated(void)
{
    CHECK_INT(mem_usage_of(MEM_NET).live, 0);
    CHECK_INT(mem_usage_of(MEM_WIRE).live, 0);
    CHECK_INT(mem_usage_of(MEM_TEST).live, 0);
}

int main(void)
{
    if (rt_run(NULL, cases, NULL) < 0)
        return 1;
    TAP_RUN(nothing_is_left_allocated);
    return tap_done();
}
