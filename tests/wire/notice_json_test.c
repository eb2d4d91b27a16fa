#include "wire/notice_json.h"

#include "tests/tap.h"

#include <errno.h>

static int read_delivery(const char *json, struct arena *a, struct delivery *ret, struct err *err)
{
    return delivery_read(slice_from(json), a, ret, err);
}

static void what_was_written_is_read(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct buf out = BUF(MEM_TEST, 0);
    struct notice_label labels[] = {{SLICE("env"), SLICE("prod")}};
    struct notice_alert alerts[] = {{.asset = SLICE("web"),
                                     .namespace_ = SLICE("shop"),
                                     .state = SLICE("Failed"),
                                     .reason = SLICE("refused"),
                                     .evidence = SLICE("no \"one\""),
                                     .trace_id = SLICE("ab"),
                                     .labels = labels,
                                     .label_count = 1,
                                     .began_ms = 5,
                                     .ended_ms = 7},
                                    {.asset = SLICE("db")}};
    struct notice n = {.group = SLICE("env=prod"),
                       .key = SLICE("k"),
                       .alerts = alerts,
                       .alert_count = 2,
                       .more = 3,
                       .at_ms = 9};
    static struct delivery d;
    delivery_write(SLICE("{\"name\":\"pager\",\"webhook\":{\"url\":\"http://h/\","
                         "\"secret_file\":\"/s\"}}"),
                   &n, &out);
    CHECK_INT(delivery_read(buf_slice(&out), &a, &d, NULL), 0);
    CHECK_INT(d.receiver.kind, RECEIVER_WEBHOOK);
    CHECK(slice_eq_cstr(d.receiver.url, "http://h/"));
    CHECK(slice_eq_cstr(d.receiver.secret_file, "/s"));
    CHECK(slice_eq_cstr(d.notice.receiver, "pager"));
    CHECK(slice_eq_cstr(d.notice.group, "env=prod") && slice_eq_cstr(d.notice.key, "k"));
    CHECK_INT(d.notice.alert_count, 2);
    CHECK_INT(d.notice.more, 3);
    CHECK_INT(d.notice.at_ms, 9);
    const struct notice_alert *web = &d.notice.alerts[0];
    CHECK(slice_eq(web->asset, alerts[0].asset) && slice_eq(web->evidence, alerts[0].evidence));
    CHECK(slice_eq(web->namespace_, alerts[0].namespace_) && slice_eq(web->state, alerts[0].state));
    CHECK(slice_eq(web->reason, alerts[0].reason) && slice_eq(web->trace_id, alerts[0].trace_id));
    CHECK_INT(web->label_count, 1);
    CHECK(slice_eq(web->labels[0].value, labels[0].value));
    CHECK(web->began_ms == 5 && web->ended_ms == 7);
    CHECK_INT(notice_firing(&d.notice), 1);
    arena_done(&a);
    buf_done(&out);
}

#define TO(spec) "{\"notify\":{\"to\":" spec
#define HOOK     TO("{\"webhook\":{\"url\":\"http://h\"}}") ","
#define NOTICE   "\"notice\":{\"alerts\":[{\"asset\":\"web\"}]}"

static void each_kind_of_receiver_is_known(void)
{
    static const struct {
        const char *json;
        enum receiver_kind kind;
    } rows[] = {
        {"\"webhook\":{\"url\":\"http://h\"}", RECEIVER_WEBHOOK},
        {"\"alertmanager\":{\"url\":\"http://h\"}", RECEIVER_ALERTMANAGER},
        {"\"email\":{\"from\":\"a@x\",\"to\":[\"b@x\"]}", RECEIVER_EMAIL},
        {"\"chat\":{\"url\":\"http://h\"}", RECEIVER_SLACK},
        {"\"chat\":{\"url\":\"http://h\",\"format\":\"teams\"}", RECEIVER_TEAMS},
        {"\"chat\":{\"url\":\"http://h\",\"format\":\"discord\"}", RECEIVER_DISCORD},
    };
    struct arena a = ARENA(MEM_TEST, 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct delivery d;
        char *json = arena_printf(&a, "{\"notify\":{\"to\":{%s}," NOTICE "}}", rows[i].json);
        CHECK_INT(read_delivery(json, &a, &d, NULL), 0);
        CHECK_INT(d.receiver.kind, rows[i].kind);
        if (rows[i].kind == RECEIVER_EMAIL)
            CHECK(slice_eq_cstr(d.receiver.server, "localhost:25"));
    }
    arena_done(&a);
}

static void what_is_wrong_is_named_and_nothing_is_read(void)
{
    static const struct {
        const char *json, *says;
    } rows[] = {
        {"", "it is no object of JSON"},
        {"{}", "notify is not there"},
        {"{\"notify\":[]}", "notify is not an object"},
        {TO("{\"webhook\":{\"url\":\"http://h\"}}") "}}", "notice is not there"},
        {"{\"notify\":{" NOTICE "}}", "to is not there"},
        {TO("{\"fax\":{}}") "," NOTICE "}}",
         "to is not one of webhook, alertmanager, email and chat"},
        {TO("{\"webhook\":{}}") "," NOTICE "}}", "to is not told where it is"},
        {TO("{\"webhook\":{\"url\":5}}") "," NOTICE "}}", "url is not a string"},
        {TO("{\"email\":{\"from\":\"a@x\"}}") "," NOTICE "}}", "to is not told where it is"},
        {TO("{\"chat\":{\"url\":\"http://h\",\"format\":\"irc\"}}") "," NOTICE "}}",
         "format is not a chat's that is known"},
        {HOOK "\"notice\":{\"alerts\":[]}}}", "alerts is not a list of some, and not of too many"},
        {HOOK "\"notice\":{\"alerts\":[{}]}}}", "asset is not there"},
        {HOOK "\"notice\":{\"at_ms\":-1,\"alerts\":[{\"asset\":\"x\"}]}}}",
         "at_ms is not a number that it may be"},
    };
    struct arena a = ARENA(MEM_TEST, 0);
    static struct delivery d = {.notice.more = 77};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err err = {0};
        CHECK_INT(read_delivery(rows[i].json, &a, &d, &err), -EBADMSG);
        CHECK_STR(err.text, rows[i].says);
    }
    CHECK_INT(d.notice.more, 77);
    arena_done(&a);
}

static void what_a_configuration_says_tells_nothing_by_itself(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    static struct delivery d;
    struct err err = {0};
    CHECK_INT(read_delivery("{\"notify\":{\"receiver\":\"ops\"}}", &a, &d, &err), -ENODATA);
    CHECK_STR(err.text, "it says nothing by itself: a remedy has something to tell");
    arena_done(&a);
}

int main(void)
{
    TAP_RUN(what_was_written_is_read);
    TAP_RUN(each_kind_of_receiver_is_known);
    TAP_RUN(what_a_configuration_says_tells_nothing_by_itself);
    TAP_RUN(what_is_wrong_is_named_and_nothing_is_read);
    return tap_done();
}
