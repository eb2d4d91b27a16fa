#include "tests/net/http_world.h"

#include "base/fault.h"
#include "tests/net/dns_server.h"

/* ---- requests and answers ---- */

static void a_get_says_what_it_has_to_and_brings_the_body(void)
{
    WORLD(w, {.text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello"});
    char want[200];
    CHECK_INT(ask(&w, &get), 0);
    CHECK_INT(head.status, 200);
    CHECK_STR(w.body.data, "hello");
    snprintf(want, sizeof(want),
             "GET / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUser-Agent: firebreak\r\nAccept: */*\r\n"
             "Accept-Encoding: identity\r\n\r\n",
             rt_addr_port(&w.server.addr));
    CHECK_STR(w.server.asked.data, want);
    CHECK_INT(w.trace.phase, HTTP_PHASE_BODY);
    CHECK_INT(w.trace.dns_ns, -1);
    CHECK_INT(w.trace.tls_ns, -1);
    CHECK(w.trace.connect_ns > 0 && w.trace.first_byte_ns > 0);
    CHECK(rt_addr_eq(&w.trace.address, &w.server.addr));
    world_done(&w);
}

static void fields_of_the_caller_replace_those_of_the_client(void)
{
    WORLD(w, {.text = "HTTP/1.1 204 No Content\r\n\r\n"});
    static const struct http1_field fields[] = {{SLICE("host"), SLICE("a.test")},
                                                {SLICE("User-Agent"), SLICE("me")},
                                                {SLICE("X-Empty"), SLICE("")}};
    CHECK_INT(ask(&w, &(struct http_request){.fields = fields, .field_count = 3, .no_keep = true}),
              0);
    CHECK_STR(w.server.asked.data,
              "GET / HTTP/1.1\r\nAccept: */*\r\nAccept-Encoding: identity\r\nConnection: close\r\n"
              "host: a.test\r\nUser-Agent: me\r\nX-Empty: \r\n\r\n");
    CHECK_INT(http_client_idle(w.client), 0);
    world_done(&w);
}

static void what_could_smuggle_a_line_is_not_sent(void)
{
    WORLD(w, {.text = "HTTP/1.1 200 OK\r\n\r\n"});
    struct http1_field f = {SLICE("X"), SLICE("a\r\nY: b")};
    struct http_request q = {.fields = &f, .field_count = 1};
    CHECK_INT(ask(&w, &q), -EINVAL);
    f = (struct http1_field){SLICE("Transfer-Encoding"), SLICE("chunked")};
    CHECK_INT(ask(&w, &q), -EINVAL);
    CHECK_STR(w.err.text, "the field Transfer-Encoding follows from the body");
    q = (struct http_request){.method = SLICE("GET /x HTTP/1.1\r\nX:")};
    CHECK_INT(ask(&w, &q), -EINVAL);
    q = (struct http_request){.url = SLICE("ftp://127.0.0.1/")};
    CHECK_INT(ask(&w, &q), -EINVAL);
    CHECK_STR(w.err.text, "'ftp' is not http or https");
    CHECK_INT(w.trace.phase, HTTP_PHASE_START);
    static char longest[70 * 1024];
    memset(longest, 'a', sizeof(longest));
    f = (struct http1_field){SLICE("X"), {longest, sizeof(longest)}};
    CHECK_INT(ask(&w, &(struct http_request){.fields = &f, .field_count = 1}), -EINVAL);
    CHECK_STR(w.err.text, "the request's head is longer than 65536 bytes");
    CHECK_INT(w.trace.phase, HTTP_PHASE_START);
    CHECK_INT(w.server.connections, 0); /* found out before anybody was called */
    world_done(&w);
}

static void a_password_in_the_url_becomes_authorization(void)
{
    WORLD(w, {.text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"});
    char url[80];
    snprintf(url, sizeof(url), "http://me:p%%40ss@127.0.0.1:%u?q=1", rt_addr_port(&w.server.addr));
    CHECK_INT(ask(&w, &(struct http_request){.url = slice_from(url)}), 0);
    CHECK(strstr(w.server.asked.data, "GET /?q=1 HTTP/1.1\r\n"));
    CHECK(strstr(w.server.asked.data, "\r\nAuthorization: Basic bWU6cEBzcw==\r\n"));
    world_done(&w);
}

static void a_body_is_sent_with_its_length(void)
{
    enum { LARGE = 1000 * 1000 };
    WORLD(w, {.text = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"},
          {.text = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"},
          {.text = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"});
    CHECK_INT(ask(&w, &(struct http_request){.method = SLICE("POST"), .body = SLICE("a=b")}), 0);
    CHECK(strstr(w.server.asked.data, "POST / HTTP/1.1\r\n"));
    CHECK(strstr(w.server.asked.data, "\r\nContent-Length: 3\r\n\r\na=b"));
    CHECK_INT(ask(&w, &(struct http_request){.method = SLICE("POST")}), 0);
    CHECK(strstr(w.server.asked.data, "\r\nContent-Length: 0\r\n"));
    buf_clear(&w.server.asked);
    char *large = mem_alloc(MEM_TEST, LARGE);
    memset(large, 'x', LARGE);
    CHECK_INT(ask(&w, &(struct http_request){.method = SLICE("PUT"), .body = {large, LARGE}}), 0);
    CHECK(w.server.asked.size > LARGE);
    mem_free(MEM_TEST, large);
    CHECK_INT(w.server.connections, 1);
    world_done(&w);
}

static void every_framing_brings_the_same_body(void)
{
    WORLD(w, {.text = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world"},
          {.text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
                   "chunked\r\n\r\n5;x=\"y\"\r\nhello\r\n6\r\n world"
                   "\r\n0\r\nT: u\r\n\r\n"},
          {.text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n "
                   "world\r\n0\r\n"
                   "\r\n",
           .trickle = true},
          {.text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                   "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
           .trickle = true},
          {.text = "HTTP/1.1 200 OK\r\n\r\nhello world", .then = THEN_CLOSE},
          {.text = "HTTP/1.0 200 OK\r\n\r\nhello world", .then = THEN_CLOSE, .trickle = true});
    for (uint32_t i = 0; i < 6; i++) {
        CHECK_INT(ask(&w, &get), 0);
        CHECK_STR(w.body.data, "hello world");
        CHECK_INT(w.trace.reused, i > 0 && i < 5);
    }
    CHECK_INT(w.server.connections, 2);
    CHECK_INT(http_client_idle(w.client), 0);
    world_done(&w);
}

static void an_answer_that_comes_before_the_body_was_sent_counts(void)
{
    enum { LARGE = 20 * 1000 * 1000 };
    WORLD(w, {.text = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno",
              .then = THEN_CLOSE,
              .head_only = true});
    char *large = mem_alloc(MEM_TEST, LARGE);
    CHECK_INT(ask(&w, &(struct http_request){.method = SLICE("PUT"), .body = {large, LARGE}}), 0);
    CHECK_INT(head.status, 413);
    CHECK_STR(w.body.data, "no");
    CHECK_STR(w.err.text, "");
    CHECK_INT(http_client_idle(w.client), 0);
    mem_free(MEM_TEST, large);
    world_done(&w);
}

static void an_answer_to_head_has_no_body(void)
{
    WORLD(w, {.text = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"},
          {.text = "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n"});
    CHECK_INT(ask(&w, &(struct http_request){.method = SLICE("HEAD")}), 0);
    CHECK_INT(w.body.size, 0);
    CHECK_INT(ask(&w, &get), 0);
    CHECK_INT(head.status, 304);
    CHECK_INT(w.server.connections, 1);
    world_done(&w);
}

static void a_body_is_read_piece_by_piece_within_a_bound(void)
{
    WORLD(
        w,
        {.text =
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n"},
        {.text = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world"});
    struct http_response *resp;
    char c;
    struct http_request q = {.url = slice_from(w.url)};
    CHECK_INT(http_open(w.client, &q, &resp, NULL, NULL, soon()), 0);
    for (int i = 0; i < 11; i++) {
        CHECK_INT(http_read(resp, &c, 1, NULL, soon()), 1);
        CHECK_INT(c, "hello world"[i]);
    }
    CHECK_INT(http_read(resp, &c, 1, NULL, soon()), 0);
    CHECK_INT(http_read(resp, &c, 1, NULL, soon()), 0);
    http_close(resp);
    w.body.size_max = 10;
    CHECK_INT(ask(&w, &q), -EMSGSIZE);
    CHECK_STR(w.err.text, "the body is larger than 10 bytes");
    CHECK_STR(w.body.data, "hello worl");
    world_done(&w);
}

static void a_unix_socket_serves_as_well(void)
{
    WORLD(w, {.text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"});
    char path[64];
    struct rt_addr at;
    snprintf(path, sizeof(path), "%s/http.sock", folder);
    CHECK_INT(rt_addr_unix(slice_from(path), &at), 0);
    http_server_move(&w.server, &at);
    struct http_request q = {.url = SLICE("http://name.test/x"), .unix_path = slice_from(path)};
    CHECK_INT(ask(&w, &q), 0);
    CHECK_STR(w.body.data, "ok");
    CHECK(strstr(w.server.asked.data, "\r\nHost: name.test\r\n"));
    world_done(&w);
}

/* ---- redirects ---- */

static void redirects_are_followed_up_to_the_limit(void)
{
    WORLD(w, {.text = "HTTP/1.1 302 Found\r\nLocation: /a?b\r\nContent-Length: 4\r\n\r\nmove"},
          {.text = "HTTP/1.1 307 T\r\nLocation: c#d\r\nContent-Length: 0\r\n\r\n"},
          {.text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
          {.text = "HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n"},
          {.text = "HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n"},
          {.text = "HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n"});
    CHECK_INT(ask(&w, &(struct http_request){.redirects_max = 2}), 0);
    CHECK_STR(w.body.data, "ok");
    CHECK_INT(w.trace.redirects, 2);
    CHECK(strstr(w.server.asked.data, "GET /a?b HTTP/1.1\r\n"));
    CHECK(strstr(w.server.asked.data, "GET /c HTTP/1.1\r\n"));
    CHECK_INT(w.server.connections, 1);
    CHECK_INT(ask(&w, &(struct http_request){.redirects_max = 1}), -ELOOP);
    CHECK_INT(w.trace.phase, HTTP_PHASE_REDIRECT);
    CHECK_STR(w.err.text, "more than 1 redirects");
    CHECK_INT(ask(&w, &get), 0);
    CHECK_INT(head.status, 302);
    world_done(&w);
}

static void a_redirect_changes_the_method_as_the_rfc_has_it(void)
{
    WORLD(w, {.text = "HTTP/1.1 303 S\r\nLocation: /got\r\nContent-Length: 0\r\n\r\n"},
          {.text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
          {.text = "HTTP/1.1 301 M\r\nLocation: /got\r\nContent-Length: 0\r\n\r\n"},
          {.text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
          {.text = "HTTP/1.1 301 M\r\nLocation: /put\r\nContent-Length: 0\r\n\r\n"},
          {.text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
          {.text = "HTTP/1.1 308 P\r\nLocation: /post\r\nContent-Length: 0\r\n\r\n"},
          {.text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"});
    static const struct {
        const char *method, *then;
        bool with_body;
    } cases[] = {{"PUT", "GET /got ", false},
                 {"POST", "GET /got ", false},
                 {"PUT", "PUT /put ", true},
                 {"POST", "POST /post ", true}};
    struct http1_field type = {SLICE("Content-Type"), SLICE("text/plain")};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_clear(&w.server.asked);
        struct http_request q = {.method = slice_from(cases[i].method),
                                 .body = SLICE("body"),
                                 .fields = &type,
                                 .field_count = 1,
                                 .redirects_max = 3};
        CHECK_INT(ask(&w, &q), 0);
        const char *second = strstr(w.server.asked.data, cases[i].then);
        CHECK(second != NULL);
        CHECK_INT(second && strstr(second, "\r\n\r\nbody"), cases[i].with_body);
        CHECK_INT(second && strstr(second, "Content-Type"), cases[i].with_body);
    }
    world_done(&w);
}

static void credentials_stay_with_their_origin(void)
{
    WORLD(w, {.text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"});
    struct http_server other;
    char text[300], url[80];
    static const struct http1_field fields[] = {{SLICE("Authorization"), SLICE("Bearer x")},
                                                {SLICE("cookie"), SLICE("a=b")},
                                                {SLICE("Host"), SLICE("front.test")},
                                                {SLICE("X-Other"), SLICE("stays")}};
    snprintf(text, sizeof(text), "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
             w.url);
    struct http_answer away = {.text = text};
    http_server_start(&other, &away, 1);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", rt_addr_port(&other.addr));
    struct http_request q = {
        .url = slice_from(url), .fields = fields, .field_count = 4, .redirects_max = 3};
    CHECK_INT(ask(&w, &q), 0);
    CHECK(strstr(other.asked.data, "Bearer x"));
    CHECK(strstr(w.server.asked.data, "X-Other: stays\r\n"));
    CHECK(!strstr(w.server.asked.data, "Bearer x"));
    CHECK(!strstr(w.server.asked.data, "a=b"));
    CHECK(!strstr(w.server.asked.data, "front.test"));
    http_server_stop(&other);
    world_done(&w);
}

static void a_location_that_is_none_is_told(void)
{
    WORLD(w, {.text = "HTTP/1.1 302 Found\r\nLocation: ftp://x/\r\nContent-Length: 0\r\n\r\n"},
          {.text = "HTTP/1.1 302 Found\r\nLocation: http:///a b\r\nContent-Length: 0\r\n\r\n"},
          {.text = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"});
    CHECK_INT(ask(&w, &(struct http_request){.redirects_max = 3}), -EBADMSG);
    CHECK_STR(w.err.text, "status 302: Location 'ftp://x/': 'ftp' is not http or https");
    CHECK_INT(ask(&w, &(struct http_request){.redirects_max = 3}), -EBADMSG);
    CHECK_STR(w.err.text, "status 302: Location 'http:///a b': the host is missing");
    CHECK_INT(ask(&w, &(struct http_request){.redirects_max = 3}), 0);
    CHECK_INT(head.status, 302);
    world_done(&w);
}

/* ---- what goes wrong ---- */

struct failure {
    struct http_answer answer;
    int code;
    enum http_phase phase;
    const char *text;
};

static void every_failure_has_its_code_and_its_words(void)
{
    static const struct failure cases[] = {
        {{.then = THEN_CLOSE},
         -EPIPE,
         HTTP_PHASE_HEAD,
         "the peer closed the connection without an answer"},
        {{.text = "HTTP/1.1 200 OK\r\n", .then = THEN_CLOSE},
         -EPIPE,
         HTTP_PHASE_HEAD,
         "the peer closed the connection inside the answer's head"},
        {{.then = THEN_RESET},
         -ECONNRESET,
         HTTP_PHASE_HEAD,
         "reading the answer: Connection reset by peer"},
        {{.then = THEN_HOLD}, -ETIMEDOUT, HTTP_PHASE_HEAD, "no answer in time"},
        {{.text = "HTTP/1.1 200", .then = THEN_HOLD},
         -ETIMEDOUT,
         HTTP_PHASE_HEAD,
         "no end of the answer's head in time"},
        {{.text = "SSH-2.0-x", .then = THEN_HOLD, .deaf = true},
         -EBADMSG,
         HTTP_PHASE_HEAD,
         "no HTTP came back, but 'SSH-2.0-x'"},
        {{.text = "\025\003\001", .then = THEN_HOLD},
         -EBADMSG,
         HTTP_PHASE_HEAD,
         "no HTTP came back, but '\\x15\\x03\\x01'"},
        {{.text = "HTTP/2.0 200 OK\r\n\r\n", .then = THEN_HOLD},
         -EPROTONOSUPPORT,
         HTTP_PHASE_HEAD,
         "the answer's head: HTTP/2.0 is not spoken here, HTTP/1.1 is"},
        {{.text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", .then = THEN_CLOSE},
         -EPIPE,
         HTTP_PHASE_BODY,
         "the peer closed 2 bytes before the body's end"},
        {{.text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", .then = THEN_HOLD},
         -ETIMEDOUT,
         HTTP_PHASE_BODY,
         "no end of the body in time"},
        {{.text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello",
          .then = THEN_CLOSE},
         -EPIPE,
         HTTP_PHASE_BODY,
         "the peer closed before the last chunk's end"},
        {{.text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloworld",
          .then = THEN_HOLD},
         -EBADMSG,
         HTTP_PHASE_BODY,
         "broken chunks: CR LF is missing"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        static struct world w;
        world_open(&w, &cases[i].answer, 1);
        CHECK_INT(ask_until(&w, &get, rt_now() + 100 * RT_MS), cases[i].code);
        CHECK_STR(w.err.text, cases[i].text);
        CHECK_INT(w.trace.phase, cases[i].phase);
        CHECK_INT(http_client_idle(w.client), 0);
        world_done(&w);
    }
}

static void a_reset_inside_the_body_is_told(void)
{
    WORLD(w, {.text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", .then = THEN_RESET});
    int r = ask(&w, &get); /* the reset may overtake the head */
    CHECK_INT(r, -ECONNRESET);
    world_done(&w);
}

static void an_endless_head_and_endless_interim_answers_end(void)
{
    struct buf text = BUF(MEM_TEST, 0);
    buf_append_cstr(&text, "HTTP/1.1 200 OK\r\n");
    while (text.size < 2 * HTTP1_HEAD_BYTES_MAX)
        buf_append_cstr(&text, "X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
    struct http_answer answers[2] = {{.text = text.data, .then = THEN_HOLD}, {.then = THEN_HOLD}};
    static struct world w;
    world_open(&w, answers, 2);
    CHECK_INT(ask(&w, &get), -EMSGSIZE);
    CHECK_STR(w.err.text, "the answer's head: more than 128 fields");
    struct buf interim = BUF(MEM_TEST, 0);
    for (int i = 0; i < 100; i++)
        buf_append_cstr(&interim, "HTTP/1.1 102 P\r\n\r\n");
    answers[1].text = interim.data;
    CHECK_INT(ask(&w, &get), -EBADMSG);
    CHECK_STR(w.err.text, "more than 16 interim answers");
    buf_done(&text);
    buf_done(&interim);
    world_done(&w);
}

static void nobody_there_is_told_with_the_address(void)
{
    WORLD(w, {.text = "HTTP/1.1 200 OK\r\n\r\n"});
    char url[60];
    uint16_t port = free_port();
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
    CHECK_INT(ask(&w, &(struct http_request){.url = slice_from(url)}), -ECONNREFUSED);
    CHECK_INT(w.trace.phase, HTTP_PHASE_CONNECT);
    snprintf(url, sizeof(url), "connect 127.0.0.1:%u: Connection refused", port);
    CHECK_STR(w.err.text, url);
    CHECK_INT(ask(&w, &(struct http_request){.url = SLICE("https://127.0.0.1/")}), -EINVAL);
    world_done(&w);
}

static void a_name_is_looked_up_and_each_address_tried(void)
{
    WORLD(w, {.text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"});
    static struct dns_server names;
    char url[60], path[64];
    dns_server_start(&names);
    snprintf(path, sizeof(path), "%s/resolv.conf", folder);
    FILE *f = fopen(path, "w");
    fprintf(f, "nameserver 127.0.0.1\n");
    fclose(f);
    dns_resolver_close(w.dns);
    http_client_close(w.client);
    struct dns_options o = {.resolv_conf = path, .port = rt_addr_port(&names.addr)};
    CHECK_INT(dns_resolver_open(&o, &w.dns, &w.err), 0);
    http_client_open(&(struct http_client_options){.dns = w.dns}, &w.client);
    /* At the first of its two addresses nobody listens. */
    snprintf(url, sizeof(url), "http://pair.test:%u/", rt_addr_port(&w.server.addr));
    CHECK_INT(ask(&w, &(struct http_request){.url = slice_from(url)}), 0);
    CHECK_STR(w.body.data, "ok");
    CHECK(w.trace.dns_ns > 0);
    CHECK_INT(w.trace.attempts, 2);
    CHECK(rt_addr_eq(&w.trace.address, &w.server.addr));
    snprintf(url, sizeof(url), "http://nx.test:%u/", rt_addr_port(&w.server.addr));
    CHECK_INT(ask(&w, &(struct http_request){.url = slice_from(url)}), -ENOENT);
    CHECK_INT(w.trace.phase, HTTP_PHASE_DNS);
    CHECK_STR(w.err.text, "nx.test: no such name");
    world_done(&w);
    dns_server_stop(&names);
}

static void task_asks(void *arg)
{
    struct world *w = arg;
    CHECK_INT(ask_until(w, &get, RT_NEVER), -ECANCELED);
}

static void a_cancelled_request_ends(void)
{
    WORLD(w, {.text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", .then = THEN_HOLD});
    struct rt_group g;
    rt_group_init(&g, "asking");
    rt_go(&g, task_asks, &w);
    rt_sleep(rt_now() + 20 * RT_MS);
    rt_group_done(&g);
    world_done(&w);
}

/* Each system call fails in turn, ours and the server's: the request ends, with or without an
 * answer, and nothing is left behind. */
static void every_failing_system_call_is_survived(void)
{
    static const struct http_answer answers[] = {
        {.text = "HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n"},
        {.text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"},
        {.then = THEN_CLOSE},
    };
    static struct world w;
    uint64_t calls = 0;
    int failed = 0;
    struct http_request q = {.redirects_max = 2};
    for (uint64_t nth = 1; nth <= calls + 1; nth++) {
        world_open(&w, answers, ARRAY_LEN(answers));
        fault_arm(FAULT_SYSCALL, nth);
        int r = ask_until(&w, &q, rt_now() + 100 * RT_MS);
        if (fault_count(FAULT_SYSCALL) > calls)
            calls = fault_count(FAULT_SYSCALL);
        fault_arm(FAULT_SYSCALL, 0);
        CHECK(r == 0 ? w.body.size == 2 : w.err.text[0] != 0);
        failed += r < 0;
        world_done(&w);
        CHECK_INT(mem_usage_of(MEM_NET).live, 0);
    }
    CHECK(calls > 5 && failed > 0);
}

/* ---- real servers ---- */

static void https_names_each_phase(void)
{
    char rest[64] = "", cert[64], key[64], ca[64], url[80];
    snprintf(cert, sizeof(cert), "%s/good.pem", folder);
    snprintf(key, sizeof(key), "%s/good.key", folder);
    snprintf(ca, sizeof(ca), "%s/ca.pem", folder);
    struct child c = child_start((char *[]){"openssl", "s_server", "-accept", "127.0.0.1:0",
                                            "-cert", cert, "-key", key, "-www", NULL});
    CHECK(child_says(&c, "ACCEPT 127.0.0.1:", rest, sizeof(rest)));
    static struct world w;
    w = (struct world){.body = BUF(MEM_TEST, 0)};
    struct tls_context *tls;
    struct arena arena = ARENA(MEM_TEST, 0);
    CHECK_INT(dns_resolver_open(NULL, &w.dns, &w.err), 0);
    CHECK_INT(tls_context_open(&(struct tls_options){.ca_file = ca}, &tls, &w.err, soon()), 0);
    http_client_open(&(struct http_client_options){.dns = w.dns, .tls = tls}, &w.client);
    w.trace.arena = &arena;
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/", atoi(rest));
    struct http_request q = {.url = slice_from(url), .server_name = "good.test"};
    CHECK_INT(ask(&w, &q), 0);
    CHECK_INT(head.status, 200);
    CHECK(strstr(w.body.data, "TLSv1.3"));
    CHECK(w.trace.tls_ns > 0 && w.trace.connect_ns > 0);
    CHECK_STR(w.trace.tls.version, "TLSv1.3");
    CHECK_INT(w.trace.tls.chain_count, 1);
    q.server_name = "bad.test";
    CHECK_INT(ask(&w, &q), -EKEYREJECTED);
    CHECK_INT(w.trace.phase, HTTP_PHASE_TLS);
    CHECK_INT(w.trace.tls.fault, TLS_WRONG_NAME);
    http_client_close(w.client);
    tls_context_close(tls);
    dns_resolver_close(w.dns);
    buf_done(&w.body);
    arena_done(&arena);
    child_stop(&c);
}

static void nginx_serves_a_file_over_kept_connections(void)
{
    enum { SIZE = 3 * 1000 * 1000 };
    static const char conf[] = "daemon off; master_process off; pid %s/nginx.pid; error_log stderr;"
                               "events {} http { access_log off; client_body_temp_path %s;"
                               "proxy_temp_path %s; fastcgi_temp_path %s; uwsgi_temp_path %s;"
                               "scgi_temp_path %s; server { listen 127.0.0.1:%u; root %s;"
                               "location /away { return 301 /large; } } }";
    char path[64], url[64];
    uint16_t port = free_port();
    snprintf(path, sizeof(path), "%s/large", folder);
    FILE *f = fopen(path, "w");
    for (int i = 0; i < SIZE; i++)
        fputc('a' + i % 23, f);
    fclose(f);
    snprintf(path, sizeof(path), "%s/nginx.conf", folder);
    f = fopen(path, "w");
    fprintf(f, conf, folder, folder, folder, folder, folder, folder, port, folder);
    fclose(f);
    struct child c = child_start((char *[]){"/usr/sbin/nginx", "-p", folder, "-c", path, NULL});
    CHECK(port_opens(port));
    WORLD(w, {.then = THEN_CLOSE});
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/away", port);
    struct http_request q = {.url = slice_from(url), .redirects_max = 1};
    for (int round = 0; round < 3; round++) {
        bool same = true;
        CHECK_INT(ask(&w, &q), 0);
        CHECK_INT(w.body.size, SIZE);
        for (size_t i = 0; i < w.body.size; i++)
            same = same && w.body.data[i] == (char)('a' + i % 23);
        CHECK(same);
        CHECK(w.trace.reused);
    }
    CHECK_INT(http_client_idle(w.client), 1);
    world_done(&w);
    child_stop(&c);
}

static void all_in_a_task(void *arg)
{
    (void)arg;
    TAP_RUN(a_get_says_what_it_has_to_and_brings_the_body);
    TAP_RUN(fields_of_the_caller_replace_those_of_the_client);
    TAP_RUN(what_could_smuggle_a_line_is_not_sent);
    TAP_RUN(a_password_in_the_url_becomes_authorization);
    TAP_RUN(a_body_is_sent_with_its_length);
    TAP_RUN(every_framing_brings_the_same_body);
    TAP_RUN(an_answer_that_comes_before_the_body_was_sent_counts);
    TAP_RUN(an_answer_to_head_has_no_body);
    TAP_RUN(a_body_is_read_piece_by_piece_within_a_bound);
    TAP_RUN(a_unix_socket_serves_as_well);
    TAP_RUN(redirects_are_followed_up_to_the_limit);
    TAP_RUN(a_redirect_changes_the_method_as_the_rfc_has_it);
    TAP_RUN(credentials_stay_with_their_origin);
    TAP_RUN(a_location_that_is_none_is_told);
    TAP_RUN(every_failure_has_its_code_and_its_words);
    TAP_RUN(a_reset_inside_the_body_is_told);
    TAP_RUN(an_endless_head_and_endless_interim_answers_end);
    TAP_RUN(nobody_there_is_told_with_the_address);
    TAP_RUN(a_name_is_looked_up_and_each_address_tried);
    TAP_RUN(a_cancelled_request_ends);
    TAP_RUN(every_failing_system_call_is_survived);
    TAP_RUN(https_names_each_phase);
    TAP_RUN(nginx_serves_a_file_over_kept_connections);
}

int main(void)
{
    return http_world_main(all_in_a_task);
}
