#include "net/grpc.h"

#include <errno.h>

#include "tests/net/child.h"
#include "tests/net/grpc_server.h"

/* Against a server of the test's own that misbehaves as it is told. grpc_interop_test.c has the
 * official one. */

static struct err err;
static struct grpc_server server;
static struct grpc_answer answer;
static struct buf reply = {.sub = MEM_TEST};

static rt_time soon(void)
{
    return rt_now() + 10 * RT_SEC;
}

static struct grpc_conn *open_to(const struct grpc_options *more)
{
    struct grpc_conn *c = NULL;
    struct grpc_options o = more ? *more : (struct grpc_options){0};
    grpc_server_start(&server);
    o.host = SLICE("127.0.0.1");
    o.port = rt_addr_port(&server.addr);
    if (grpc_connect(&o, &c, &err, soon()) < 0) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    return c;
}

static void done(struct grpc_conn *c)
{
    grpc_close(c);
    grpc_server_stop(&server);
    server = (struct grpc_server){0};
    buf_done(&reply);
}

static int call_until(struct grpc_conn *c, const char *path, rt_time deadline)
{
    struct grpc_request q = {.path = slice_from(path)};
    err_clear(&err);
    answer.arena = NULL;
    buf_clear(&reply);
    return grpc_call(c, &q, SLICE("hello"), &reply, &answer, &err, deadline);
}

static int call(struct grpc_conn *c, const char *path)
{
    return call_until(c, path, soon());
}

/* ---- answers of every sort ---- */

static void a_message_goes_and_comes(void)
{
    struct grpc_conn *c = open_to(NULL);
    CHECK_INT(call(c, "/t/echo"), 0);
    CHECK(slice_eq_cstr(buf_slice(&reply), "hello"));
    CHECK_INT(answer.status.code, GRPC_OK);
    CHECK(server.calls[0].has_timeout);
    CHECK_INT(call_until(c, "/t/echo", RT_NEVER), 0);
    CHECK(!server.calls[1].has_timeout);
    struct grpc_request untold = {.path = SLICE("/t/echo"), .no_timeout = true};
    CHECK_INT(grpc_call(c, &untold, SLICE("x"), &reply, NULL, &err, soon()), 0);
    CHECK(!server.calls[2].has_timeout);
    done(c);
}

static void a_status_is_told_with_its_name_and_words(void)
{
    struct grpc_conn *c = open_to(NULL);
    CHECK_INT(call(c, "/t/trailers_only"), -EREMOTEIO);
    CHECK_INT(answer.status.code, GRPC_FAILED_PRECONDITION);
    CHECK_STR(answer.status.message, "not now%");
    CHECK_STR(err.text, "FAILED_PRECONDITION: not now%");
    CHECK_INT(call(c, "/t/late_status"), -EREMOTEIO); /* behind a message */
    CHECK_STR(err.text, "NOT_FOUND: no such thing");
    CHECK_INT(reply.size, 0);
    done(c);
}

static void what_is_no_grpc_is_told_from_it(void)
{
    struct grpc_conn *c = open_to(NULL);
    CHECK_INT(call(c, "/t/html"), -EBADMSG);
    CHECK_INT(answer.status.code, GRPC_UNAVAILABLE);
    CHECK_STR(err.text, "the answer is no gRPC: HTTP status 503");
    CHECK_INT(call(c, "/t/no_grpc"), -EBADMSG);
    CHECK_INT(call(c, "/t/echo"), 0); /* the connection is none the worse */
    done(c);
}

static void broken_answers_are_refused_and_leave_the_reply_empty(void)
{
    static const struct {
        const char *path, *words;
        int r;
    } cases[] = {
        {"/t/compressed", "compressed", -EPROTONOSUPPORT},
        {"/t/huge", "100000000 bytes", -EMSGSIZE},
        {"/t/cut", "inside of a message", -EBADMSG},
        {"/t/twice", "more than one message", -EBADMSG},
        {"/t/empty", "without a message", -EBADMSG},
        {"/t/no_status", "without a status", -EBADMSG},
    };
    struct grpc_conn *c = open_to(NULL);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECK_INT(call(c, cases[i].path), cases[i].r);
        CHECK(strstr(err.text, cases[i].words) != NULL);
        CHECK_INT(reply.size, 0);
    }
    CHECK_INT(call(c, "/t/echo"), 0);
    done(c);
}

/* ---- what may have happened, and what has not ---- */

static void a_refused_call_did_not_happen_and_a_broken_one_is_in_doubt(void)
{
    struct grpc_conn *c = open_to(NULL);
    CHECK_INT(call(c, "/t/refuse"), -ENETDOWN);
    CHECK_INT(call(c, "/t/reset"), -ECONNRESET);
    CHECK_INT(answer.status.code, GRPC_CANCELLED);
    CHECK_INT(call(c, "/t/echo"), 0);
    done(c);
}

static void goaway_ends_new_calls_and_those_it_did_not_take(void)
{
    struct grpc_conn *c = open_to(NULL);
    CHECK_INT(call(c, "/t/echo"), 0);
    CHECK_INT(call(c, "/t/goaway"), -ENETDOWN);
    CHECK(!grpc_usable(c));
    CHECK_INT(call(c, "/t/echo"), -ENETDOWN);
    CHECK(err.text[0] != 0);
    done(c);
}

static void a_call_without_an_answer_ends_at_its_deadline_and_is_called_off(void)
{
    struct grpc_conn *c = open_to(NULL);
    CHECK_INT(call_until(c, "/t/silent", rt_now() + 50 * RT_MS), -ETIMEDOUT);
    CHECK_INT(call(c, "/t/echo"), 0);
    CHECK_INT(server.resets, 1);
    CHECK_INT(call_until(c, "/t/echo", rt_now() - RT_SEC), -ETIMEDOUT);
    done(c);
}

static void the_end_of_the_connection_ends_its_calls(void)
{
    struct grpc_conn *c = open_to(NULL);
    struct grpc_stream *s;
    struct slice m;
    struct grpc_request q = {.path = SLICE("/t/silent")};
    CHECK_INT(grpc_stream_open(c, &q, NULL, &s, &err, soon()), 0);
    CHECK_INT(call(c, "/t/echo"), 0); /* so that the head has left, too */
    rt_group_cancel(&server.group);
    CHECK_INT(grpc_stream_recv(s, &m, &err, soon()), -ECONNRESET);
    CHECK(strstr(err.text, "closed the connection") || strstr(err.text, "reset"));
    CHECK_INT(grpc_stream_send(s, SLICE("x"), &err, soon()), -EPIPE);
    grpc_stream_close(s);
    CHECK(!grpc_usable(c));
    CHECK_INT(call(c, "/t/echo"), -ENETDOWN);
    done(c);
}

static void a_half_open_connection_is_noticed_by_a_ping(void)
{
    struct grpc_options o = {.ping_every = 100 * RT_MS, .ping_wait = 100 * RT_MS};
    struct grpc_conn *c = open_to(&o);
    rt_time began = rt_now();
    CHECK_INT(call(c, "/t/hangup"), -ECONNRESET);
    CHECK(strstr(err.text, "PING") != NULL);
    CHECK(rt_now() - began < 5 * RT_SEC);
    done(c);
}

static void a_slow_answer_is_waited_for_while_pings_are_answered(void)
{
    struct grpc_options o = {.ping_every = 50 * RT_MS, .ping_wait = 50 * RT_MS};
    struct grpc_conn *c = open_to(&o);
    CHECK_INT(call_until(c, "/t/silent", rt_now() + 600 * RT_MS), -ETIMEDOUT);
    CHECK(grpc_usable(c));
    done(c);
}

static void who_accepts_and_says_nothing_is_no_server(void)
{
    struct grpc_conn *c = NULL;
    server.mute = true;
    grpc_server_start(&server);
    struct grpc_options o = {.host = SLICE("127.0.0.1"), .port = rt_addr_port(&server.addr)};
    CHECK_INT(grpc_connect(&o, &c, &err, rt_now() + 100 * RT_MS), -ETIMEDOUT);
    CHECK(strstr(err.text, "no HTTP/2 from 127.0.0.1:") != NULL);
    CHECK(c == NULL);
    done(NULL);
}

/* ---- many calls ---- */

enum { CALLERS = 500 };

static uint32_t calls_done;

static void task_calls(void *arg)
{
    struct grpc_conn *c = arg;
    struct buf got = BUF(MEM_TEST, 0);
    struct grpc_request q = {.path = SLICE("/t/echo")};
    for (int i = 0; i < 3; i++) {
        buf_clear(&got);
        CHECK_INT(grpc_call(c, &q, SLICE("hello"), &got, NULL, &err, soon()), 0);
        CHECK(slice_eq_cstr(buf_slice(&got), "hello"));
        calls_done++;
    }
    buf_done(&got);
}

static void many_call_at_once_whatever_the_servers_limit(void)
{
    server.streams_max = 7;
    struct grpc_conn *c = open_to(NULL);
    struct rt_group g;
    calls_done = 0;
    rt_group_init(&g, "callers");
    for (int i = 0; i < CALLERS; i++)
        rt_go(&g, task_calls, c);
    CHECK_INT(rt_group_wait(&g, soon()), 0);
    rt_group_done(&g);
    CHECK_INT(calls_done, CALLERS * 3);
    CHECK_INT(server.connections, 1);
    done(c);
}

static void one_that_was_never_sent_did_not_happen(void)
{
    server.streams_max = 1;
    struct grpc_conn *c = open_to(NULL);
    struct grpc_stream *s;
    struct grpc_request q = {.path = SLICE("/t/silent")};
    CHECK_INT(grpc_stream_open(c, &q, NULL, &s, &err, soon()), 0);
    CHECK_INT(call_until(c, "/t/echo", rt_now() + 100 * RT_MS), -ENETDOWN);
    grpc_stream_close(s);
    CHECK_INT(call(c, "/t/echo"), 0);
    done(c);
}

/* ---- streams that nobody reads ---- */

static void a_stream_that_nobody_reads_is_slowed_down_and_holds_up_no_other(void)
{
    struct grpc_conn *c = open_to(NULL);
    struct grpc_stream *s;
    struct slice m;
    uint32_t messages = 0;
    int r;
    struct grpc_request q = {.path = SLICE("/t/flood")}; /* 64 messages, 4.5 MB */
    CHECK_INT(grpc_stream_open(c, &q, NULL, &s, &err, soon()), 0);
    CHECK_INT(grpc_stream_send(s, SLICE("go"), &err, soon()), 0);
    grpc_stream_end(s);
    for (int i = 0; i < 20; i++)
        CHECK_INT(call(c, "/t/echo"), 0);
    CHECK(server.calls[0].at < 3 * 1024 * 1024); /* what was sent into the window */
    while ((r = grpc_stream_recv(s, &m, &err, soon())) > 0)
        messages += m.size == 70000;
    CHECK_INT(r, 0);
    CHECK_INT(messages, 64);
    grpc_stream_close(s);
    done(c);
}

static void a_peer_that_does_not_read_makes_the_sender_wait(void)
{
    struct grpc_conn *c = open_to(NULL);
    static char large[GRPC_SEND_BYTES_MAX];
    struct grpc_stream *s;
    struct grpc_request q = {.path = SLICE("/t/silent")};
    CHECK_INT(call(c, "/t/echo"), 0);
    server.silent = true;
    CHECK_INT(grpc_stream_open(c, &q, NULL, &s, &err, soon()), 0);
    int r = 0;
    uint32_t sent = 0;
    for (; r == 0 && sent < 1000; sent++)
        r = grpc_stream_send(s, (struct slice){large, sizeof(large)}, &err, rt_now() + 200 * RT_MS);
    CHECK_INT(r, -ETIMEDOUT);
    CHECK(sent < 10);
    grpc_stream_close(s);
    done(c);
}

static void cases(void *arg)
{
    (void)arg;
    TAP_RUN(a_message_goes_and_comes);
    TAP_RUN(a_status_is_told_with_its_name_and_words);
    TAP_RUN(what_is_no_grpc_is_told_from_it);
    TAP_RUN(broken_answers_are_refused_and_leave_the_reply_empty);
    TAP_RUN(a_refused_call_did_not_happen_and_a_broken_one_is_in_doubt);
    TAP_RUN(goaway_ends_new_calls_and_those_it_did_not_take);
    TAP_RUN(a_call_without_an_answer_ends_at_its_deadline_and_is_called_off);
    TAP_RUN(the_end_of_the_connection_ends_its_calls);
    TAP_RUN(a_half_open_connection_is_noticed_by_a_ping);
    TAP_RUN(a_slow_answer_is_waited_for_while_pings_are_answered);
    TAP_RUN(who_accepts_and_says_nothing_is_no_server);
    TAP_RUN(many_call_at_once_whatever_the_servers_limit);
    TAP_RUN(one_that_was_never_sent_did_not_happen);
    TAP_RUN(a_stream_that_nobody_reads_is_slowed_down_and_holds_up_no_other);
    TAP_RUN(a_peer_that_does_not_read_makes_the_sender_wait);
}

static void nothing_is_left_allocated(void)
{
    CHECK_INT(mem_usage_of(MEM_NET).live, 0);
    CHECK_INT(mem_usage_of(MEM_TEST).live, 0);
}

int main(void)
{
    leave_network();
    if (rt_run(NULL, cases, NULL) < 0)
        return 1;
    TAP_RUN(nothing_is_left_allocated);
    return tap_done();
}
