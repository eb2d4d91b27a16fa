#include "tests/net/http_world.h"

static void a_kept_connection_that_died_is_replaced_once(void)
{
    WORLD(w, {.text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
          {.then = THEN_CLOSE}, /* took the request, and died */
          {.text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}, {.then = THEN_RESET},
          {.text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}, {.then = THEN_CLOSE});
    CHECK_INT(ask(&w, &get), 0);
    CHECK_INT(ask(&w, &get), 0);
    CHECK_INT(w.trace.attempts, 2);
    CHECK(!w.trace.reused);
    CHECK_INT(ask(&w, &get), 0);
    CHECK_INT(w.server.connections, 3);
    /* Nobody knows whether a POST arrived: it is not sent twice. */
    CHECK_INT(ask(&w, &(struct http_request){.method = SLICE("POST")}), -EPIPE);
    CHECK_INT(w.server.connections, 3);
    CHECK_STR(w.err.text, "the peer closed the connection without an answer");
    world_done(&w);
}

static void a_connection_closed_while_it_rested_is_not_taken(void)
{
    WORLD(w, {.text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", .then = THEN_CLOSE},
          {.text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"});
    CHECK_INT(ask(&w, &get), 0);
    CHECK_INT(http_client_idle(w.client), 1);
    rt_sleep(rt_now() + 20 * RT_MS);
    CHECK_INT(ask(&w, &(struct http_request){.method = SLICE("POST")}), 0);
    CHECK_INT(w.trace.attempts, 1);
    CHECK_INT(w.server.connections, 2);
    world_done(&w);
}

static void connections_out_of_step_or_asked_to_close_are_not_kept(void)
{
    WORLD(w, {.text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more"},
          {.text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: Close\r\n\r\nok"},
          {.text = "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"},
          {.text = "HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok"});
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_INT(ask(&w, &get), 0);
        CHECK_STR(w.body.data, "ok");
        CHECK_INT(w.server.connections, i + 1);
        CHECK_INT(http_client_idle(w.client), i == 3);
    }
    world_done(&w);
}

static void an_unread_body_ends_its_connection(void)
{
    WORLD(w, {.text = "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\nok"},
          {.text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"});
    struct http_response *resp;
    struct http_request q = {.url = slice_from(w.url)};
    CHECK_INT(http_open(w.client, &q, &resp, NULL, NULL, soon()), 0);
    http_close(resp);
    CHECK_INT(http_client_idle(w.client), 0);
    /* But one that is here already costs nothing to skip. */
    CHECK_INT(http_open(w.client, &q, &resp, NULL, NULL, soon()), 0);
    http_close(resp);
    CHECK_INT(http_client_idle(w.client), 1);
    world_done(&w);
}

static void no_more_than_the_limit_are_kept(void)
{
    enum { MANY = HTTP_IDLE_PER_ORIGIN_MAX + 3 };
    static struct http_answer answers[MANY];
    static struct world w;
    struct http_response *resp[MANY];
    for (int i = 0; i < MANY; i++)
        answers[i].text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    world_open(&w, answers, MANY);
    struct http_request q = {.url = slice_from(w.url)};
    for (int i = 0; i < MANY; i++)
        CHECK_INT(http_open(w.client, &q, &resp[i], NULL, NULL, soon()), 0);
    for (int i = 0; i < MANY; i++)
        http_close(resp[i]);
    CHECK_INT(http_client_idle(w.client), HTTP_IDLE_PER_ORIGIN_MAX);
    world_done(&w);
}

static void a_connection_that_rested_too_long_is_not_taken(void)
{
    WORLD(w, {.text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
          {.text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"});
    http_client_close(w.client);
    http_client_open(&(struct http_client_options){.dns = w.dns, .idle_ms = 20}, &w.client);
    CHECK_INT(ask(&w, &get), 0);
    CHECK_INT(http_client_idle(w.client), 1);
    rt_sleep(rt_now() + 50 * RT_MS);
    CHECK_INT(ask(&w, &get), 0);
    CHECK_INT(w.server.connections, 2);
    CHECK_INT(http_client_idle(w.client), 1);
    world_done(&w);
}

/* One listener stands for many origins: the socket's path is given, the names differ. */
static void a_client_keeps_no_more_than_its_limit_over_all_origins(void)
{
    enum { MANY = HTTP_IDLE_MAX + 2 };
    static struct http_answer answers[MANY + 1];
    static struct world w;
    char path[64], url[64];
    struct rt_addr at;
    for (int i = 0; i <= MANY; i++)
        answers[i].text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    world_open(&w, answers, MANY + 1);
    snprintf(path, sizeof(path), "%s/many.sock", folder);
    CHECK_INT(rt_addr_unix(slice_from(path), &at), 0);
    http_server_move(&w.server, &at);
    struct http_request q = {.url = slice_from(url), .unix_path = slice_from(path)};
    for (int i = 0; i < MANY; i++) {
        q.url = (struct slice){url, (size_t)snprintf(url, sizeof(url), "http://h%d.test/", i)};
        CHECK_INT(ask(&w, &q), 0);
    }
    CHECK_INT(http_client_idle(w.client), HTTP_IDLE_MAX);
    CHECK_INT(ask(&w, &q), 0); /* the last is among those kept */
    CHECK(w.trace.reused);
    world_done(&w);
}

static void all_in_a_task(void *arg)
{
    (void)arg;
    TAP_RUN(a_kept_connection_that_died_is_replaced_once);
    TAP_RUN(a_connection_closed_while_it_rested_is_not_taken);
    TAP_RUN(connections_out_of_step_or_asked_to_close_are_not_kept);
    TAP_RUN(an_unread_body_ends_its_connection);
    TAP_RUN(no_more_than_the_limit_are_kept);
    TAP_RUN(a_connection_that_rested_too_long_is_not_taken);
    TAP_RUN(a_client_keeps_no_more_than_its_limit_over_all_origins);
}

int main(void)
{
    return http_world_main(all_in_a_task);
}
