#include "act/notify.h"

#include "tests/net/http_world.h"
#include "rt/file.h"
#include "wire/notice_write.h"

#define NOTICE                                                                          \
    "\"notice\":{\"key\":\"k\",\"at_ms\":1767225600000,\"alerts\":[{\"asset\":\"web\"," \
    "\"state\":\"Failed\",\"reason\":\"refused\",\"began_ms\":1767225600000}]}}}"
#define SAYS(status) "HTTP/1.1 " status "\r\nContent-Length: 0\r\n\r\n"

static struct http_server server;
static struct exec_result result;
static struct err err;

static int tell(const char *receiver)
{
    struct buf json = BUF(MEM_TEST, 0);
    buf_printf(&json, "{\"notify\":{\"to\":%s,", receiver);
    buf_append_cstr(&json, NOTICE);
    result = (struct exec_result){0};
    err_clear(&err);
    int r = act_notify(buf_slice(&json), &result, &err, soon());
    buf_done(&json);
    return r;
}

static int tell_server(const char *kind, const char *more)
{
    char text[400];
    snprintf(text, sizeof(text),
             "{\"name\":\"pager\",\"%s\":{\"url\":\"http://127.0.0.1:%u/x\"%s}}", kind,
             rt_addr_port(&server.addr), more);
    return tell(text);
}

static void start(const struct http_answer *answers, uint32_t count)
{
    http_server_start(&server, answers, count);
}

static void a_webhook_gets_a_body_of_json(void)
{
    static const struct http_answer answers[] = {{.text = SAYS("204 No Content")}};
    start(answers, 1);
    CHECK_INT(tell_server("webhook", ""), 0);
    CHECK_INT(result.reason, REASON_OK);
    CHECK_INT(result.exit, 0);
    CHECK(strstr(server.asked.data, "POST /x HTTP/1.1\r\n"));
    CHECK(strstr(server.asked.data, "\r\nContent-Type: application/json\r\n"));
    CHECK(!strstr(server.asked.data, "Firebreak-Signature"));
    CHECK(strstr(server.asked.data, "\"headline\":\"web is Failed: refused\""));
    http_server_stop(&server);
}

static void a_body_is_signed_by_the_secret_of_its_file(void)
{
    static const struct http_answer answers[] = {{.text = SAYS("200 OK")}};
    char path[200], more[300];
    snprintf(path, sizeof(path), "%s/secret", folder);
    CHECK_INT(rt_file_write_all(path, "hush\n", 5, 0600, soon()), 0);
    snprintf(more, sizeof(more), ",\"secret_file\":\"%s\"", path);
    start(answers, 1);
    CHECK_INT(tell_server("webhook", more), 0);
    const char *at = strstr(server.asked.data, "\r\nFirebreak-Signature: t=");
    const char *body = strstr(server.asked.data, "\r\n\r\n");
    CHECK(at && body);
    char want[NOTICE_SIGNATURE_BYTES];
    notice_sign(SLICE("hush"), at ? strtoll(at + 25, NULL, 10) : 0,
                slice_from(body ? body + 4 : ""), want);
    CHECK(at && strncmp(at + 23, want, strlen(want)) == 0);
    http_server_stop(&server);
}

static void without_its_secret_nothing_is_sent(void)
{
    start(NULL, 0);
    CHECK_INT(tell_server("webhook", ",\"secret_file\":\"/nowhere/at/all\""), 0);
    CHECK_INT(result.reason, REASON_EXEC_NOT_FOUND);
    CHECK_INT(result.exit, 1);
    CHECK(strstr(result.detail, "the secret's file /nowhere/at/all"));
    CHECK_INT(server.connections, 0);
    http_server_stop(&server);
}

static void alertmanager_is_asked_at_its_own_path(void)
{
    static const struct http_answer answers[] = {{.text = SAYS("200 OK")}};
    start(answers, 1);
    CHECK_INT(tell_server("alertmanager", ""), 0);
    CHECK_INT(result.reason, REASON_OK);
    CHECK(strstr(server.asked.data, "POST /x/api/v2/alerts HTTP/1.1\r\n"));
    CHECK(strstr(server.asked.data, "\r\n\r\n[{\"labels\":{\"alertname\":\"FirebreakAsset\""));
    http_server_stop(&server);
}

static void a_refusal_is_told_in_the_servers_words(void)
{
    static const struct http_answer answers[] = {
        {.text = "HTTP/1.1 400 Bad Request\r\nContent-Length: 16\r\n\r\nno such \x1b thing"}};
    start(answers, 1);
    CHECK_INT(tell_server("chat", ",\"format\":\"discord\""), 0);
    CHECK_INT(result.reason, REASON_HTTP_STATUS);
    CHECK_INT(result.exit, 1);
    CHECK_STR(result.detail, "it answers 400: no such \xef\xbf\xbd thing");
    http_server_stop(&server);
}

static void nobody_there_is_told(void)
{
    char text[200];
    start(NULL, 0);
    uint16_t port = rt_addr_port(&server.addr);
    http_server_stop(&server);
    snprintf(text, sizeof(text), "{\"chat\":{\"url\":\"http://127.0.0.1:%u/\"}}", port);
    CHECK_INT(tell(text), 0);
    CHECK_INT(result.reason, REASON_REFUSED);
    snprintf(text, sizeof(text),
             "{\"email\":{\"server\":\"127.0.0.1:%u\",\"from\":\"a@x\",\"to\":[\"b@x\"]}}", port);
    CHECK_INT(tell(text), 0);
    CHECK_INT(result.reason, REASON_REFUSED);
    CHECK_INT(tell("{\"email\":{\"from\":\"a@x\",\"to\":[\"b\"]}}"), 0);
    CHECK_INT(result.reason, REASON_PROTOCOL);
}

/* Whoever knows the address of a chat room may write there. */
static void its_address_is_told_to_nobody(void)
{
    struct buf text = BUF(MEM_TEST, 0);
    start(NULL, 0);
    uint16_t port = rt_addr_port(&server.addr);
    http_server_stop(&server);
    for (int more = 1; more < 2000; more = 2 * more + 200) {
        buf_clear(&text);
        buf_printf(&text, "{\"chat\":{\"url\":\"http://127.0.0.1:%u/hush/%0*d\"}}", port, more, 7);
        CHECK_INT(tell(text.data), 0);
        CHECK_INT(result.reason, REASON_REFUSED);
        CHECK(result.detail[0] && !strstr(result.detail, "hush"));
    }
    buf_done(&text);
}

static void no_delivery_leaves_the_result_untouched(void)
{
    result = (struct exec_result){.exit = 77};
    CHECK_INT(act_notify(SLICE("{}"), &result, &err, soon()), -EBADMSG);
    CHECK_INT(result.exit, 77);
}

static void cases(void *arg)
{
    (void)arg;
    TAP_RUN(a_webhook_gets_a_body_of_json);
    TAP_RUN(a_body_is_signed_by_the_secret_of_its_file);
    TAP_RUN(without_its_secret_nothing_is_sent);
    TAP_RUN(alertmanager_is_asked_at_its_own_path);
    TAP_RUN(a_refusal_is_told_in_the_servers_words);
    TAP_RUN(nobody_there_is_told);
    TAP_RUN(its_address_is_told_to_nobody);
    TAP_RUN(no_delivery_leaves_the_result_untouched);
}

int main(void)
{
    return http_world_main(cases);
}
