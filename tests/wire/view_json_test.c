#include "wire/view_json.h"

#include "tests/tap.h"

#include <errno.h>
#include <string.h>

static struct seen seen;

static int read_seen(const char *json, struct arena *a, struct err *err)
{
    return view_read(slice_from(json), a, &seen, err);
}

static void what_was_written_is_read(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct buf out = BUF(MEM_TEST, 0);
    seen = (struct seen){.node = "p1", .at_wall_ns = INT64_C(1774746000123000000), .count = 3};
    seen.checks[0] = (struct seen_check){.name = "port",
                                         .known = true,
                                         .misses = 2,
                                         .reason = REASON_REFUSED,
                                         .detail = "connect: \"no\""};
    seen.checks[1] = (struct seen_check){.name = "cpu", .known = true, .ok = true, .detail = ""};
    seen.checks[2] = (struct seen_check){
        .name = "new", .blind = true, .reason = REASON_OK, .word = "threshold", .detail = ""};
    view_write(&seen, &out);
    buf_append_byte(&out, 0);
    CHECK_STR(out.data,
              "{\"node\":\"p1\",\"at\":\"2026-03-29T01:00:00.123Z\",\"checks\":["
              "{\"name\":\"port\",\"ok\":false,\"reason\":\"refused\",\"misses\":2,\"blind\":false,"
              "\"detail\":\"connect: \\\"no\\\"\"},"
              "{\"name\":\"cpu\",\"ok\":true,\"reason\":\"ok\",\"misses\":0,\"blind\":false},"
              "{\"name\":\"new\",\"ok\":null,\"reason\":\"threshold\",\"misses\":0,"
              "\"blind\":true}]}");
    memset(&seen, 0, sizeof(seen));
    CHECK_INT(read_seen(out.data, &a, NULL), 0);
    CHECK_STR(seen.node, "p1");
    CHECK_INT(seen.at_wall_ns, INT64_C(1774746000123000000));
    CHECK_INT(seen.count, 3);
    CHECK(seen.checks[0].known && !seen.checks[0].ok && seen.checks[0].misses == 2);
    CHECK_INT(seen.checks[0].reason, REASON_REFUSED);
    CHECK_STR(seen.checks[0].detail, "connect: \"no\"");
    CHECK(seen.checks[1].known && seen.checks[1].ok);
    CHECK(!seen.checks[2].known && seen.checks[2].blind);
    CHECK_STR(seen.checks[2].word, "threshold");
    buf_done(&out);
    arena_done(&a);
}

static void what_is_none_is_refused_with_words(void)
{
    static const char *const bad[][2] = {
        {"", "no object"},
        {"[]", "the value is not an object"},
        {"{}", "checks is not a list"},
        {"{\"checks\":[1]}", "a check is not an object"},
        {"{\"checks\":[{\"ok\":1}]}", "ok is not true or false"},
        {"{\"checks\":[{\"misses\":-1}]}", "misses is not a count"},
        {"{\"checks\":[{\"misses\":5000000000}]}", "misses is not a count"},
        {"{\"checks\":[{\"reason\":\"bad luck\"}]}", "reason is not"},
        {"{\"checks\":[{\"name\":{}}]}", "name is not a string"},
        {"{\"at\":\"noon\",\"checks\":[]}", "at is not a time"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct arena a = ARENA(MEM_TEST, 0);
        struct err err = {0};
        seen.count = 7;
        CHECK_INT(read_seen(bad[i][0], &a, &err), -EBADMSG);
        CHECK(strstr(err.text, bad[i][1]) != NULL);
        CHECK_INT(seen.count, 7); /* a failed call leaves it alone */
        arena_done(&a);
    }
}

static void what_it_does_not_know_is_passed_over(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    CHECK_INT(read_seen("{\"checks\":[{\"name\":\"x\",\"new\":[1]}],\"more\":{}}", &a, NULL), 0);
    CHECK_INT(seen.count, 1);
    CHECK_STR(seen.checks[0].name, "x");
    CHECK(!seen.checks[0].known);
    arena_done(&a);
}

static void it_has_limits(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct buf b = BUF(MEM_TEST, 0);
    struct err err = {0};
    buf_append_cstr(&b, "{\"checks\":[{}");
    for (int i = 0; i < ASSET_CHECKS_MAX; i++)
        buf_append_cstr(&b, ",{}");
    buf_append_cstr(&b, "]}");
    CHECK_INT(view_read(buf_slice(&b), &a, &seen, &err), -EBADMSG);
    CHECK(strstr(err.text, "more than 64 checks"));
    while (b.size <= VIEW_BYTES_MAX)
        buf_append_byte(&b, ' ');
    CHECK_INT(view_read(buf_slice(&b), &a, &seen, &err), -EMSGSIZE);
    buf_done(&b);
    arena_done(&a);
}

int main(void)
{
    TAP_RUN(what_was_written_is_read);
    TAP_RUN(what_is_none_is_refused_with_words);
    TAP_RUN(what_it_does_not_know_is_passed_over);
    TAP_RUN(it_has_limits);
    return tap_done();
}
