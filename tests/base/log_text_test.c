#include "base/log_text.h"

#include "tests/tap.h"

enum { ROOM = 64, CLOSING = 16 };

/* A line under way, and what stands in it so far. Behind `room` there is room to close it. */
static char line[ROOM + CLOSING];
static struct log_out o;

static void start(size_t room)
{
    memset(line, 0, sizeof(line));
    o = (struct log_out){.at = line, .end = line + room};
}

static const char *text(const char *s, size_t size, size_t room)
{
    start(room);
    log_put_text(&o, (struct slice){s, size});
    CHECK(o.at >= line && o.at <= line + sizeof(line));
    *o.at = 0;
    return line;
}

#define TEXT(literal, room) text(literal, sizeof(literal) - 1, room)

static void plain_text_is_copied(void)
{
    CHECK_STR(TEXT("", ROOM), "");
    CHECK_STR(TEXT("short", ROOM), "short");
    CHECK_STR(TEXT("a text that takes more than sixteen bytes", ROOM),
              "a text that takes more than sixteen bytes");
    CHECK_STR(TEXT("caf\xc3\xa9 \xe6\x97\xa5", ROOM), "caf\xc3\xa9 \xe6\x97\xa5");
    CHECK(!o.cut);
}

static void what_json_forbids_is_escaped_wherever_it_stands(void)
{
    CHECK_STR(TEXT("\"\\\n\t\x1b", ROOM), "\\\"\\\\\\n\\t\\u001b");
    for (size_t at = 0; at < 20; at++) {
        char s[20], want[32] = "";
        memset(s, 'x', sizeof(s));
        s[at] = '"';
        memset(want, 'x', 21);
        memcpy(want + at, "\\\"", 2);
        CHECK_STR(text(s, sizeof(s), ROOM), want);
    }
}

static void invalid_bytes_become_u_fffd(void)
{
    CHECK_STR(TEXT("a\xff"
                   "b",
                   ROOM),
              "a\xef\xbf\xbd"
              "b");
    CHECK_STR(TEXT("\xed\xa0\x80", ROOM)[0] ? "shown" : "lost", "shown");
    CHECK(!strstr(line, "\xed"));
}

static void text_that_does_not_fit_is_cut_and_marked(void)
{
    CHECK_STR(TEXT("0123456789", 10), "0123456789");
    CHECK(!o.cut);
    for (size_t room = 1; room < 40; room++) {
        TEXT("caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80 and forty more bytes behind it",
             room);
        size_t n = strlen(line);
        CHECK(o.cut);
        CHECK(n >= 3 && memcmp(line + n - 3, "\xe2\x80\xa6", 3) == 0);
        CHECK(n <= room + 3);
    }
}

static void a_cut_never_splits_a_character_or_an_escape(void)
{
    for (size_t room = 1; room < 12; room++) {
        TEXT("\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5", room);
        CHECK_INT(strlen(line) % 3, 0);
        TEXT("\x01\x01\x01\x01\x01\x01", room);
        CHECK_INT((strlen(line) - 3) % 6, 0);
    }
}

static void numbers_to_their_ends(void)
{
    start(ROOM);
    log_put_i64(&o, INT64_MIN);
    CHECK_STR(line, "-9223372036854775808");
    start(ROOM);
    log_put_u64(&o, UINT64_MAX);
    CHECK_STR(line, "18446744073709551615");
    for (uint64_t v = 1; v < UINT64_MAX / 10; v *= 10) {
        char want[32];
        start(ROOM);
        log_put_u64(&o, v - 1);
        snprintf(want, sizeof(want), "%llu", (unsigned long long)(v - 1));
        CHECK_STR(line, want);
    }
}

static void milliseconds_have_the_decimals_that_they_need(void)
{
    static const struct {
        int64_t ns;
        const char *want;
    } cases[] = {{0, "0"}, {1, "0.000001"}, {1000000, "1"}, {1500000, "1.5"}, {-2250000, "-2.25"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        start(ROOM);
        log_put_ms(&o, cases[i].ns);
        CHECK_STR(line, cases[i].want);
    }
}

static void bytes_as_hex_have_two_lower_case_digits(void)
{
    start(ROOM);
    log_put_hex(&o, SLICE("\x00\x0a\xff"));
    CHECK_STR(line, "000aff");
}

int main(void)
{
    TAP_RUN(plain_text_is_copied);
    TAP_RUN(what_json_forbids_is_escaped_wherever_it_stands);
    TAP_RUN(invalid_bytes_become_u_fffd);
    TAP_RUN(text_that_does_not_fit_is_cut_and_marked);
    TAP_RUN(a_cut_never_splits_a_character_or_an_escape);
    TAP_RUN(numbers_to_their_ends);
    TAP_RUN(milliseconds_have_the_decimals_that_they_need);
    TAP_RUN(bytes_as_hex_have_two_lower_case_digits);
    return tap_done();
}
