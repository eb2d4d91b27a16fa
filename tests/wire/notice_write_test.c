#include "wire/notice_write.h"

#include "tests/tap.h"

#include <errno.h>

#include "wire/json.h"

#define T0 INT64_C(1767225600000) /* 2026-01-01 */

static const struct notice_label web_labels[] = {{SLICE("env"), SLICE("prod")},
                                                 {SLICE("9-team"), SLICE("<ops>")}};
static const struct notice_alert web = {
    .asset = SLICE("web-1"),
    .state = SLICE("Failed"),
    .reason = SLICE("refused"),
    .evidence = SLICE("connect: Connection refused\x1b[31m"),
    .trace_id = SLICE("00000000000000000000000000000abc"),
    .labels = web_labels,
    .label_count = 2,
    .began_ms = T0,
};

static struct notice notice_of(const struct notice_alert *alerts, uint32_t count)
{
    return (struct notice){.receiver = SLICE("on-call"),
                           .group = SLICE("env=prod"),
                           .key = SLICE("on-call/env=prod"),
                           .alerts = alerts,
                           .alert_count = count,
                           .at_ms = T0 + 5000};
}

static const char *headline(const struct notice *n, size_t max, struct buf *out)
{
    buf_clear(out);
    notice_headline(n, max, out);
    return out->data;
}

static void one_sentence_says_all_of_it(void)
{
    struct buf out = BUF(MEM_TEST, 0);
    struct notice_alert both[2] = {web, web};
    struct notice n = notice_of(both, 1);
    CHECK_STR(headline(&n, 200, &out), "web-1 is Failed: refused");
    both[0].ended_ms = T0 + 1;
    CHECK_STR(headline(&n, 200, &out), "web-1 is well again");
    n.alert_count = 2;
    both[1].asset = SLICE("web-2");
    both[1].namespace_ = SLICE("shop");
    CHECK_STR(headline(&n, 200, &out), "1 asset is in trouble: shop/web-2");
    both[0].ended_ms = 0;
    CHECK_STR(headline(&n, 200, &out), "2 assets are in trouble: web-1, shop/web-2");
    n.more = 7;
    CHECK_STR(headline(&n, 200, &out), "9 assets are in trouble: web-1, shop/web-2");
    n.more = 0;
    both[0].ended_ms = both[1].ended_ms = T0 + 1;
    CHECK_STR(headline(&n, 200, &out), "2 assets are well again: web-1, shop/web-2");
    buf_done(&out);
}

static void what_is_cut_is_cut_between_characters(void)
{
    struct buf out = BUF(MEM_TEST, 0);
    struct notice_alert a = web;
    a.asset = SLICE("äääääääääääääää");
    struct notice n = notice_of(&a, 1);
    for (size_t max = 10; max < 20; max++) {
        headline(&n, max, &out);
        CHECK(out.size <= max);
        CHECK(slice_ends_with(buf_slice(&out), SLICE("…")));
        CHECK(json_utf8_sequence(buf_slice(&out)) > 0);
        for (struct slice s = buf_slice(&out); s.size;) {
            size_t step = json_utf8_sequence(s);
            CHECK(step > 0);
            s = slice_sub(s, step ? step : 1, s.size);
        }
    }
    buf_done(&out);
}

static void the_text_steers_no_terminal_and_says_where_to_look(void)
{
    struct buf out = BUF(MEM_TEST, 0);
    struct notice n = notice_of(&web, 1);
    notice_text(&n, &out);
    CHECK_STR(out.data, "web-1 is Failed: refused, since 2026-01-01T00:00:00.000Z\n"
                        "  connect: Connection refused\xef\xbf\xbd[31m\n"
                        "  env=prod 9-team=<ops>\n"
                        "  firebreak why asset/web-1\n");
    buf_done(&out);
}

static struct json_value *body(const struct notice *n, enum receiver_kind kind, struct arena *a)
{
    struct buf out = BUF(MEM_TEST, 0);
    struct json_value *v = NULL;
    notice_write_body(n, kind, &out);
    CHECK_INT(json_parse(slice_from(arena_strdup(a, buf_slice(&out))), a, 0, &v, NULL), 0);
    buf_done(&out);
    return v;
}

static bool has(const struct json_value *o, const char *key, const char *want)
{
    const struct json_value *v = o ? json_get(o, key) : NULL;
    return v && slice_eq_cstr(v->text, want);
}

static void alertmanager_knows_an_alert_by_what_does_not_change(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct notice_alert now = web, later = web;
    later.state = SLICE("Degraded");
    later.reason = SLICE("timeout");
    later.ended_ms = T0 + 60000;
    struct notice n = notice_of(&now, 1), over = notice_of(&later, 1);
    const struct json_value *first = json_at(body(&n, RECEIVER_ALERTMANAGER, &a), 0);
    const struct json_value *last = json_at(body(&over, RECEIVER_ALERTMANAGER, &a), 0);
    CHECK(json_equal(json_get(first, "labels"), json_get(last, "labels")));
    CHECK(has(json_get(first, "labels"), "alertname", "FirebreakAsset"));
    CHECK(has(json_get(first, "labels"), "_9_team", "<ops>"));
    CHECK(has(json_get(first, "annotations"), "summary", "web-1 is Failed: refused"));
    CHECK(has(first, "startsAt", "2026-01-01T00:00:00.000Z"));
    CHECK(!json_get(first, "endsAt"));
    CHECK(has(last, "endsAt", "2026-01-01T00:01:00.000Z"));
    arena_done(&a);
}

static void a_webhook_is_told_everything(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct notice n = notice_of(&web, 1);
    const struct json_value *v = body(&n, RECEIVER_WEBHOOK, &a);
    CHECK(has(v, "status", "firing"));
    CHECK(has(v, "headline", "web-1 is Failed: refused"));
    CHECK(has(v, "receiver", "on-call") && has(v, "group", "env=prod"));
    const struct json_value *alert = json_at(json_get(v, "alerts"), 0);
    CHECK(has(alert, "asset", "web-1") && has(alert, "namespace", "default"));
    CHECK(has(alert, "trace_id", "00000000000000000000000000000abc"));
    CHECK(has(json_get(alert, "labels"), "env", "prod"));
    CHECK(json_get(alert, "ended_at")->type == JSON_NULL);
    arena_done(&a);
}

static void a_chat_calls_nobody(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct notice_alert evil = web;
    evil.evidence = SLICE("<!channel> & <http://evil|x>");
    struct notice n = notice_of(&evil, 1);
    const struct json_value *slack = body(&n, RECEIVER_SLACK, &a);
    const struct json_value *discord = body(&n, RECEIVER_DISCORD, &a);
    CHECK(slice_find(json_get(slack, "text")->text, SLICE("&lt;!channel&gt; &amp; ")) > 0);
    CHECK_INT(slice_find_byte(json_get(slack, "text")->text, '<'), -1);
    CHECK_INT(json_get(json_get(discord, "allowed_mentions"), "parse")->count, 0);
    const struct json_value *card =
        json_get(json_at(json_get(body(&n, RECEIVER_TEAMS, &a), "attachments"), 0), "content");
    CHECK(has(card, "type", "AdaptiveCard"));
    CHECK(has(json_at(json_get(card, "body"), 0), "text", "web-1 is Failed: refused"));
    arena_done(&a);
}

static void a_chat_is_never_told_more_than_it_takes(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    static struct notice_alert many[NOTICE_ALERTS_MAX];
    for (int i = 0; i < NOTICE_ALERTS_MAX; i++)
        many[i] = web;
    struct notice n = notice_of(many, NOTICE_ALERTS_MAX);
    CHECK(json_get(body(&n, RECEIVER_DISCORD, &a), "content")->text.size <= NOTICE_CHAT_BYTES_MAX);
    arena_done(&a);
}

static void a_mail_is_plain_ascii_in_short_lines(void)
{
    struct buf out = BUF(MEM_TEST, 0);
    struct notice_alert a = web;
    a.asset = SLICE("Bücher-und-noch-viel-mehr-Bücher-und-noch-viel-mehr");
    struct notice n = notice_of(&a, 1);
    static struct receiver r;
    r = (struct receiver){.kind = RECEIVER_EMAIL,
                          .from = SLICE("fb@example.org"),
                          .to = {SLICE("a@example.org"), SLICE("b@example.org")},
                          .to_count = 2};
    CHECK_INT(notice_write_mail(&n, &r, &out), 0);
    CHECK(strstr(out.data, "From: Firebreak <fb@example.org>\r\n"
                           "To: <a@example.org>,\r\n <b@example.org>\r\nSubject: =?UTF-8?B?"));
    CHECK(strstr(out.data, "\r\nDate: Thu, 1 Jan 2026 00:00:05 +0000\r\n"));
    size_t line = 0;
    for (size_t i = 0; i < out.size; i++) {
        CHECK((unsigned char)out.data[i] < 0x80);
        CHECK(out.data[i] != '\n' || out.data[i - 1] == '\r');
        line = out.data[i] == '\n' ? 0 : line + 1;
        CHECK(line <= 79);
    }
    buf_done(&out);
}

static void mails_of_a_group_are_one_thread(void)
{
    struct buf one = BUF(MEM_TEST, 0), two = BUF(MEM_TEST, 0);
    struct notice n = notice_of(&web, 1);
    static struct receiver r;
    r = (struct receiver){.from = SLICE("fb@x"), .to = {SLICE("a@x")}, .to_count = 1};
    CHECK_INT(notice_write_mail(&n, &r, &one), 0);
    n.at_ms += 1000;
    CHECK_INT(notice_write_mail(&n, &r, &two), 0);
    const char *ref1 = strstr(one.data, "References: "), *ref2 = strstr(two.data, "References: ");
    const char *id1 = strstr(one.data, "Message-ID: "), *id2 = strstr(two.data, "Message-ID: ");
    CHECK(ref1 && ref2 && strncmp(ref1, ref2, 50) == 0);
    CHECK(id1 && id2 && strncmp(id1, id2, 40) != 0);
    buf_done(&one);
    buf_done(&two);
}

static void an_address_cannot_add_a_line(void)
{
    static const char *const bad[] = {"a@x\r\nBcc: evil@y", "a", "@x", "a@", "a b@x", "<a@x>", ""};
    struct buf out = BUF(MEM_TEST, 0);
    struct notice n = notice_of(&web, 1);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        static struct receiver r;
        r = (struct receiver){.from = SLICE("fb@x"), .to = {slice_from(bad[i])}, .to_count = 1};
        CHECK_INT(notice_write_mail(&n, &r, &out), -EINVAL);
        r = (struct receiver){.from = slice_from(bad[i]), .to = {SLICE("a@x")}, .to_count = 1};
        CHECK_INT(notice_write_mail(&n, &r, &out), -EINVAL);
    }
    CHECK_INT(out.size, 0);
    buf_done(&out);
}

/* The sum was made by `openssl dgst -sha256 -hmac secret`. */
static void a_signature_can_be_checked_by_others(void)
{
    char text[NOTICE_SIGNATURE_BYTES];
    CHECK_STR(notice_sign(SLICE("secret"), 1767225600, SLICE("{\"a\":1}"), text),
              "t=1767225600,v1=96a067a1c95eb143fc00b9097bcfcbcd"
              "5456adda508c443ff219748e764dbed7");
}

int main(void)
{
    TAP_RUN(one_sentence_says_all_of_it);
    TAP_RUN(what_is_cut_is_cut_between_characters);
    TAP_RUN(the_text_steers_no_terminal_and_says_where_to_look);
    TAP_RUN(alertmanager_knows_an_alert_by_what_does_not_change);
    TAP_RUN(a_webhook_is_told_everything);
    TAP_RUN(a_chat_calls_nobody);
    TAP_RUN(a_chat_is_never_told_more_than_it_takes);
    TAP_RUN(a_mail_is_plain_ascii_in_short_lines);
    TAP_RUN(mails_of_a_group_are_one_thread);
    TAP_RUN(an_address_cannot_add_a_line);
    TAP_RUN(a_signature_can_be_checked_by_others);
    return tap_done();
}
