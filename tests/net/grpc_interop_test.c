#include "net/grpc.h"

#include <errno.h>

#include "rt/sock.h"
#include "tests/net/peer.h"
#include "wire/protobuf.h"

/* The cases of gRPC's own interoperability suite (doc/interop-test-descriptions.md) that a client
 * without compression and without Google's logins has, against the official server, which is
 * written in Go: plain, and over TLS. */

enum { OF = 15 };

static char server_binary[512], folder[] = "/tmp/firebreak-grpc-XXXXXX";
static struct grpc_conn *conn;
static struct err err;
static struct arena arena = {.sub = MEM_TEST};
static struct grpc_answer answer;
static struct buf request = {.sub = MEM_TEST}, reply = {.sub = MEM_TEST};
static uint32_t cases_run;

static rt_time soon(void)
{
    return rt_now() + 20 * RT_SEC;
}

#define SERVICE "/grpc.testing.TestService/"

static struct grpc_request to(const char *path)
{
    arena_reset(&arena);
    answer.arena = &arena;
    return (struct grpc_request){.path = slice_from(path)};
}

static int call(const char *path, struct slice message)
{
    struct grpc_request q = to(path);
    buf_clear(&reply);
    return grpc_call(conn, &q, message, &reply, &answer, &err, soon());
}

static struct grpc_stream *stream(const char *path, rt_time deadline)
{
    struct grpc_stream *s = NULL;
    struct grpc_request q = to(path);
    CHECK_INT(grpc_stream_open(conn, &q, &answer, &s, &err, deadline), 0);
    return s;
}

/* ---- the messages of the suite ---- */

static void put_payload(uint32_t field, size_t size)
{
    static const char zeroes[400000];
    size_t at = pb_begin(&request, field);
    pb_put_bytes(&request, 2, (struct slice){zeroes, size});
    pb_end(&request, at);
}

static void put_status(uint32_t code, struct slice message)
{
    size_t at = pb_begin(&request, 7);
    pb_put_number(&request, 1, code);
    pb_put_bytes(&request, 2, message);
    pb_end(&request, at);
}

static struct slice simple_request(uint32_t answer_size, size_t payload)
{
    buf_clear(&request);
    pb_put_number(&request, 2, answer_size);
    put_payload(3, payload);
    return buf_slice(&request);
}

static struct slice streaming_request(const uint32_t *sizes, size_t count, size_t payload)
{
    buf_clear(&request);
    for (size_t i = 0; i < count; i++) {
        size_t at = pb_begin(&request, 2);
        pb_put_number(&request, 1, sizes[i]);
        pb_end(&request, at);
    }
    put_payload(3, payload);
    return buf_slice(&request);
}

/* The bytes of the payload in an answer; -1: there is none. */
static int64_t payload_size(struct slice message)
{
    struct pb_field f;
    int64_t size = -1;
    while (pb_next(&message, &f) > 0)
        if (f.tag == PB_TAG(1, PB_BYTES))
            for (size = 0; pb_next(&f.bytes, &f) > 0;)
                if (f.tag == PB_TAG(2, PB_BYTES))
                    size = (int64_t)f.bytes.size;
    return size;
}

static struct slice find(const struct grpc_fields *fields, const char *name)
{
    for (uint32_t i = 0; i < fields->count; i++)
        if (slice_eq_cstr(fields->items[i].name, name))
            return fields->items[i].value;
    return (struct slice){0};
}

/* ---- the cases ---- */

static void empty_unary(void)
{
    CHECK_INT(call(SERVICE "EmptyCall", SLICE("")), 0);
    CHECK_INT(reply.size, 0);
}

static void large_unary(void)
{
    CHECK_INT(call(SERVICE "UnaryCall", simple_request(314159, 271828)), 0);
    CHECK_INT(payload_size(buf_slice(&reply)), 314159);
}

static void client_streaming(void)
{
    static const size_t sizes[] = {27182, 8, 1828, 45904};
    struct grpc_stream *s = stream(SERVICE "StreamingInputCall", soon());
    struct slice m = {0};
    struct pb_field f = {0};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        buf_clear(&request);
        put_payload(1, sizes[i]);
        CHECK_INT(grpc_stream_send(s, buf_slice(&request), &err, soon()), 0);
    }
    grpc_stream_end(s);
    CHECK_INT(grpc_stream_recv(s, &m, &err, soon()), 1);
    CHECK(pb_next(&m, &f) == 1 && f.number == 74922);
    CHECK_INT(grpc_stream_recv(s, &m, &err, soon()), 0);
    grpc_stream_close(s);
}

static const uint32_t answer_sizes[] = {31415, 9, 2653, 58979};

static void server_streaming(void)
{
    struct grpc_stream *s = stream(SERVICE "StreamingOutputCall", soon());
    struct slice m;
    CHECK_INT(grpc_stream_send(s, streaming_request(answer_sizes, 4, 0), &err, soon()), 0);
    grpc_stream_end(s);
    for (size_t i = 0; i < ARRAY_LEN(answer_sizes); i++) {
        CHECK_INT(grpc_stream_recv(s, &m, &err, soon()), 1);
        CHECK_INT(payload_size(m), answer_sizes[i]);
    }
    CHECK_INT(grpc_stream_recv(s, &m, &err, soon()), 0);
    grpc_stream_close(s);
}

static void ping_pong(void)
{
    static const size_t sizes[] = {27182, 8, 1828, 45904};
    struct grpc_stream *s = stream(SERVICE "FullDuplexCall", soon());
    struct slice m;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct slice q = streaming_request(&answer_sizes[i], 1, sizes[i]);
        CHECK_INT(grpc_stream_send(s, q, &err, soon()), 0);
        CHECK_INT(grpc_stream_recv(s, &m, &err, soon()), 1);
        CHECK_INT(payload_size(m), answer_sizes[i]);
    }
    grpc_stream_end(s);
    CHECK_INT(grpc_stream_recv(s, &m, &err, soon()), 0);
    grpc_stream_close(s);
}

static void empty_stream(void)
{
    struct grpc_stream *s = stream(SERVICE "FullDuplexCall", soon());
    struct slice m;
    grpc_stream_end(s);
    CHECK_INT(grpc_stream_recv(s, &m, &err, soon()), 0);
    grpc_stream_close(s);
}

static void cancel_after_begin(void)
{
    struct grpc_stream *s = stream(SERVICE "StreamingInputCall", soon());
    grpc_stream_close(s);
    CHECK_INT(call(SERVICE "EmptyCall", SLICE("")), 0);
}

static void cancel_after_first_response(void)
{
    struct grpc_stream *s = stream(SERVICE "FullDuplexCall", soon());
    struct slice m;
    struct slice q = streaming_request(answer_sizes, 1, 27182);
    CHECK_INT(grpc_stream_send(s, q, &err, soon()), 0);
    CHECK_INT(grpc_stream_recv(s, &m, &err, soon()), 1);
    grpc_stream_close(s);
    CHECK_INT(call(SERVICE "EmptyCall", SLICE("")), 0);
}

/* Ours or the server's clock: whichever is first. */
static void timeout_on_sleeping_server(void)
{
    struct grpc_stream *s = stream(SERVICE "FullDuplexCall", rt_now() + 5 * RT_MS);
    struct slice m;
    CHECK_INT(grpc_stream_send(s, streaming_request(NULL, 0, 27182), &err, soon()), 0);
    int r = grpc_stream_recv(s, &m, &err, soon()); /* so that it is the server's */
    CHECK(r == -EREMOTEIO || r == -ECONNRESET);
    CHECK(answer.status.code == GRPC_DEADLINE_EXCEEDED || answer.status.code == GRPC_CANCELLED);
    grpc_stream_close(s);
}

static void status_code_and_message(void)
{
    struct slice m;
    simple_request(0, 0);
    put_status(2, SLICE("test status message"));
    CHECK_INT(call(SERVICE "UnaryCall", buf_slice(&request)), -EREMOTEIO);
    CHECK_INT(answer.status.code, GRPC_UNKNOWN);
    CHECK_STR(answer.status.message, "test status message");
    streaming_request(NULL, 0, 0);
    put_status(2, SLICE("test status message"));
    struct grpc_stream *s = stream(SERVICE "FullDuplexCall", soon());
    CHECK_INT(grpc_stream_send(s, buf_slice(&request), &err, soon()), 0);
    grpc_stream_end(s);
    CHECK_INT(grpc_stream_recv(s, &m, &err, soon()), -EREMOTEIO);
    CHECK_STR(err.text, "UNKNOWN: test status message");
    grpc_stream_close(s);
}

static void special_status_message(void)
{
    static const char text[] =
        "\t\ntest with whitespace\r\nand Unicode BMP \342\230\272 and non-BMP "
        "\360\237\230\210\t\n";
    simple_request(0, 0);
    put_status(2, slice_from(text));
    CHECK_INT(call(SERVICE "UnaryCall", buf_slice(&request)), -EREMOTEIO);
    CHECK_STR(answer.status.message, text);
}

static void custom_metadata(void)
{
    static const struct grpc_field sent[] = {
        {{"x-grpc-test-echo-initial", 24}, {"test_initial_metadata_value", 27}},
        {{"x-grpc-test-echo-trailing-bin", 29}, {"\xab\xab\xab", 3}},
    };
    struct grpc_request q = to(SERVICE "UnaryCall");
    q.metadata = sent;
    q.metadata_count = 2;
    buf_clear(&reply);
    CHECK_INT(grpc_call(conn, &q, simple_request(1, 1), &reply, &answer, &err, soon()), 0);
    CHECK(slice_eq(find(&answer.headers, "x-grpc-test-echo-initial"), sent[0].value));
    CHECK(slice_eq(find(&answer.trailers, "x-grpc-test-echo-trailing-bin"), sent[1].value));
}

static void unimplemented_method(void)
{
    CHECK_INT(call(SERVICE "UnimplementedCall", SLICE("")), -EREMOTEIO);
    CHECK_INT(answer.status.code, GRPC_UNIMPLEMENTED);
}

static void unimplemented_service(void)
{
    CHECK_INT(call("/grpc.testing.UnimplementedService/UnimplementedCall", SLICE("")), -EREMOTEIO);
    CHECK_INT(answer.status.code, GRPC_UNIMPLEMENTED);
}

/* Ours: a thousand calls at once on one connection. */
static void task_calls(void *arg)
{
    int *well = arg;
    struct buf got = BUF(MEM_TEST, 0);
    struct grpc_request q = {.path = SLICE(SERVICE "UnaryCall")};
    static const char wants_1000_bytes[] = "\x10\xe8\x07";
    *well += grpc_call(conn, &q, slice_from(wants_1000_bytes), &got, NULL, NULL, soon()) == 0 &&
             payload_size(buf_slice(&got)) == 1000;
    buf_done(&got);
}

static void many_at_once(void)
{
    struct rt_group g;
    int well = 0;
    rt_group_init(&g, "callers");
    for (int i = 0; i < 1000; i++)
        rt_go(&g, task_calls, &well);
    CHECK_INT(rt_group_wait(&g, soon()), 0);
    rt_group_done(&g);
    CHECK_INT(well, 1000);
}

typedef void case_fn(void);
static const struct {
    const char *name;
    case_fn *fn;
} suite[OF] = {
    {"empty_unary", empty_unary},
    {"large_unary", large_unary},
    {"client_streaming", client_streaming},
    {"server_streaming", server_streaming},
    {"ping_pong", ping_pong},
    {"empty_stream", empty_stream},
    {"cancel_after_begin", cancel_after_begin},
    {"cancel_after_first_response", cancel_after_first_response},
    {"timeout_on_sleeping_server", timeout_on_sleeping_server},
    {"status_code_and_message", status_code_and_message},
    {"special_status_message", special_status_message},
    {"custom_metadata", custom_metadata},
    {"unimplemented_method", unimplemented_method},
    {"unimplemented_service", unimplemented_service},
    {"many_at_once", many_at_once},
};

/* ---- the server ---- */

static void run_against(struct child *c, uint16_t port, struct tls_context *tls, const char *kind)
{
    struct grpc_options o = {
        .host = SLICE("127.0.0.1"), .port = port, .tls = tls, .server_name = SLICE("good.test")};
    char label[80];
    CHECK(port_opens(port));
    tap_ok_ = grpc_connect(&o, &conn, &err, soon()) == 0;
    if (!tap_ok_)
        printf("# %s\n", err.text);
    for (size_t i = 0; i < OF && conn; i++) {
        tap_ok_ = true;
        suite[i].fn();
        cases_run += tap_ok_;
        snprintf(label, sizeof(label), "%s (%s)", suite[i].name, kind);
        tap_report_(label);
    }
    grpc_close(conn);
    conn = NULL;
    child_stop(c);
}

static void plain(void *arg)
{
    char port[8];
    uint16_t number = free_port();
    (void)arg;
    snprintf(port, sizeof(port), "%u", number);
    struct child c = child_start((char *[]){server_binary, "-port", port, NULL});
    run_against(&c, number, NULL, "plain");
}

static void over_tls(void *arg)
{
    char port[8], cert[128], key[128], ca[128];
    uint16_t number = free_port();
    struct tls_context *tls = NULL;
    (void)arg;
    snprintf(port, sizeof(port), "%u", number);
    snprintf(cert, sizeof(cert), "%s/good.pem", folder);
    snprintf(key, sizeof(key), "%s/good.key", folder);
    snprintf(ca, sizeof(ca), "%s/ca.pem", folder);
    struct tls_options o = {.ca_file = ca};
    CHECK_INT(tls_context_open(&o, &tls, &err, soon()), 0);
    struct child c = child_start((char *[]){server_binary, "-port", port, "-use_tls",
                                            "-tls_cert_file", cert, "-tls_key_file", key, NULL});
    run_against(&c, number, tls, "TLS");
    tls_context_close(tls);
}

static void the_official_server_agrees(void)
{
    if (!peer_where("grpc-interop", server_binary, sizeof(server_binary) - 16)) {
        TAP_SKIP("../shared/peers has no grpc-interop: peers/get grpc-interop");
        return;
    }
    size_t used = strlen(server_binary);
    snprintf(server_binary + used, sizeof(server_binary) - used, "/server");
    leave_network();
    CHECK(mkdtemp(folder) && run_command((char *[]){"sh", "tests/net/certs.sh", folder, NULL}));
    CHECK_INT(rt_run(NULL, plain, NULL), 0);
    CHECK_INT(rt_run(NULL, over_tls, NULL), 0);
    remove_folder(folder);
    buf_done(&request);
    buf_done(&reply);
    arena_done(&arena);
    printf("CASES name=grpc-interop run=%u of=%d\n", cases_run, 2 * OF);
    tap_ok_ = cases_run == 2 * OF && mem_usage_of(MEM_NET).live == 0;
}

int main(void)
{
    TAP_RUN(the_official_server_agrees);
    return tap_done();
}
