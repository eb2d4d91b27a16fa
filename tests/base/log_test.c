#include "base/log.h"

#include <errno.h>
#include <math.h>
#include <time.h>

#include "base/defs.h"
#include "base/utf8.h"
#include "json_check.h"
#include "../tap.h"

/* 2026-11-24T10:15:30.123Z */
static const int64_t wall = INT64_C(1795515330123456789);

static char line[8192];
static size_t line_bytes;

static const char *format(enum log_format f, const struct log_head *h,
                          const struct log_field *fields, size_t count)
{
    line_bytes = log_format_line(f, h, fields, count, line, sizeof(line) - 1);
    line[line_bytes] = 0;
    CHECK(line_bytes > 0 && line[line_bytes - 1] == '\n');
    CHECK(strlen(line) == line_bytes && !memchr(line, '\n', line_bytes - 1));
    CHECK(utf8_valid_bytes((struct slice){line, line_bytes}) == line_bytes);
    if (f == LOG_FORMAT_JSON)
        CHECK(json_check(line, line_bytes));
    line[--line_bytes] = 0;
    return line;
}

#define FORMAT(f, h, ...)                                                                          \
    format((f), (h), (const struct log_field[]){__VA_ARGS__},                                      \
           ARRAY_LEN(((const struct log_field[]){__VA_ARGS__})))

static const struct log_head plain = {.level = LOG_LEVEL_INFO,
                                      .wall_ns = wall,
                                      .logger = {"observe", 7},
                                      .msg = {"probe failed", 12}};

#define HEAD                                                                                  \
    "{\"ts\":\"2026-11-24T10:15:30.123Z\",\"level\":\"info\",\"logger\":\"observe\",\"msg\":" \
    "\"probe failed\""

static void a_json_line_holds_every_type_of_field(void)
{
    const unsigned char trace[16] = {0x4b, 0xf9, [15] = 0x36}, span[8] = {0, 0xf0, [7] = 0xb7};
    struct err e = {0};

    err_set(&e, -EIO, "connect: refused");
    CHECK_STR(FORMAT(LOG_FORMAT_JSON, &plain, log_trace_id(trace), log_span_id(span),
                     log_event("probe_failed"), log_err(&e), log_str("target", "10.0.0.1:22"),
                     log_slice("part", slice_sub(SLICE("abcdef"), 1, 3)), log_i64("low", INT64_MIN),
                     log_u64("high", UINT64_MAX), log_f64("ratio", 0.25), log_bool("ok", false),
                     log_bool("yes", true), log_ms("total_ms", 12345678), log_time("at", wall),
                     log_hex("sha", "\xde\xad", 2), log_str("none", NULL), log_errno(-ENOENT)),
              HEAD ",\"trace_id\":\"4bf90000000000000000000000000036\","
                   "\"span_id\":\"00f00000000000b7\",\"event\":\"probe_failed\","
                   "\"error\":\"connect: refused\",\"target\":\"10.0.0.1:22\",\"part\":\"bc\","
                   "\"low\":-9223372036854775808,\"high\":18446744073709551615,\"ratio\":0.25,"
                   "\"ok\":false,\"yes\":true,\"total_ms\":12.345678,"
                   "\"at\":\"2026-11-24T10:15:30.123Z\",\"sha\":\"dead\",\"none\":null,"
                   "\"error\":\"No such file or directory\"}");
}

static void what_is_not_there_leaves_no_field(void)
{
    const char zero[16] = {0};
    struct err none = {0};

    CHECK_STR(FORMAT(LOG_FORMAT_JSON, &plain, log_trace_id(zero), log_trace_id(NULL),
                     log_span_id(zero), log_err(&none), log_err(NULL), log_errno(0)),
              HEAD "}");
    CHECK_STR(format(LOG_FORMAT_JSON, &plain, NULL, 0), HEAD "}");
}

static void the_console_form_is_for_people(void)
{
    CHECK_STR(FORMAT(LOG_FORMAT_CONSOLE, &plain, log_str("target", "10.0.0.1:22"),
                     log_str("detail", "no route"), log_str("empty", ""), log_str("eq", "a=b"),
                     log_i64("n", -3), log_f64("r", NAN), log_ms("total_ms", 2000500000),
                     log_time("at", 0), log_hex("sha", "\x0f", 1)),
              "2026-11-24T10:15:30.123Z info  observe  probe failed  target=10.0.0.1:22 "
              "detail=\"no route\" empty=\"\" eq=\"a=b\" n=-3 r=NaN total_ms=2000.5 "
              "at=1970-01-01T00:00:00.000Z sha=0f");
    CHECK_STR(format(LOG_FORMAT_COLOR, &plain, NULL, 0),
              "2026-11-24T10:15:30.123Z \x1b[32minfo\x1b[0m  observe  probe failed ");
}

static void text_is_escaped_and_never_broken(void)
{
    CHECK_STR(FORMAT(LOG_FORMAT_JSON, &plain, log_slice("k", SLICE("a\"b\\c\n\t\r\b\f\0\x1b\x7f"))),
              HEAD ",\"k\":\"a\\\"b\\\\c\\n\\t\\r\\b\\f\\u0000\\u001b\\u007f\"}");
    CHECK_STR(FORMAT(LOG_FORMAT_JSON, &plain, log_str("k", "\xc3\xa9 \xf0\x9f\x94\xa5")),
              HEAD ",\"k\":\"\xc3\xa9 \xf0\x9f\x94\xa5\"}");
    CHECK_STR(FORMAT(LOG_FORMAT_JSON, &plain, log_str("k", "a\xff\xe2\x82z\xed\xa0\x80")),
              HEAD ",\"k\":\"a\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"}");
    CHECK_STR(FORMAT(LOG_FORMAT_JSON, &plain, log_str("k", "\xc2\x9b" "31m\xe2\x80\xae")),
              HEAD ",\"k\":\"\\u009b31m\\u202e\"}");
    CHECK_STR(FORMAT(LOG_FORMAT_JSON, &plain, log_i64("a \"key\"\n", 1)),
              HEAD ",\"a \\\"key\\\"\\n\":1}");
    CHECK(!strchr(FORMAT(LOG_FORMAT_CONSOLE, &plain, log_str("k\x1b", "\x1b[2J")), 0x1b));
}

/* Each byte that needs care, at each place of texts of each short length: the copy by eights has
 * seams, and this walks over all of them. */
static void every_position_of_a_special_byte_is_seen(void)
{
    const char special[] = {'"', '\\', 0x1f, 0x7f, (char)0x80, (char)0xff, 0};

    for (size_t size = 1; size <= 40; size++)
        for (size_t at = 0; at < size; at++)
            for (size_t k = 0; k < sizeof(special); k++) {
                char text[40];
                memset(text, 'x', sizeof(text));
                text[at] = special[k];
                FORMAT(LOG_FORMAT_JSON, &plain, log_slice("k", (struct slice){text, size}));
                size_t escaped = special[k] == '"' || special[k] == '\\' ? 2
                                 : special[k] & 0x80                    ? 3
                                                                        : 6;
                CHECK_INT(line_bytes, strlen(HEAD ",\"k\":\"\"}") + size - 1 + escaped);
            }
}

static void plain_text_of_every_length_is_copied_whole(void)
{
    char text[100], want[300];

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)(' ' + i % 94 + (i % 94 == 2) + (i % 94 == 60));
    for (size_t size = 0; size < sizeof(text); size++) {
        snprintf(want, sizeof(want), HEAD ",\"k\":\"%.*s\"}", (int)size, text);
        CHECK_STR(FORMAT(LOG_FORMAT_JSON, &plain, log_slice("k", (struct slice){text, size})),
                  want);
    }
}

static void a_bound_context_reads_as_if_it_were_passed_each_time(void)
{
    struct log_context c = {0};
    struct log_head h = plain;

    h.context = &c;
    CHECK_INT(log_context_add(&c, (struct log_field[]){log_str("service.name", "firebreak")}, 1),
              0);
    CHECK_INT(log_context_add(&c, (struct log_field[]){log_i64("loop", 2), log_errno(0)}, 2), 0);
    CHECK_STR(FORMAT(LOG_FORMAT_JSON, &h, log_bool("ok", true)),
              HEAD ",\"service.name\":\"firebreak\",\"loop\":2,\"ok\":true}");
}

static void a_context_that_is_full_stays_as_it_was(void)
{
    struct log_context c = {0};
    struct log_head h = plain;
    char text[LOG_CONTEXT_BYTES_MAX];
    int added = 0;

    h.context = &c;
    memset(text, 'x', sizeof(text));
    struct log_field large = log_slice("k", (struct slice){text, sizeof(text)});
    CHECK_INT(log_context_add(&c, &large, 1), -ENOSPC);
    CHECK_INT(c.size, 0);
    while (log_context_add(&c, (struct log_field[]){log_i64("number", added)}, 1) == 0)
        added++;
    CHECK(added > 10 && c.size <= LOG_CONTEXT_BYTES_MAX);
    format(LOG_FORMAT_JSON, &h, NULL, 0);
}

static void a_line_that_does_not_fit_is_cut_and_says_so(void)
{
    static char text[20000];
    struct log_head h = plain;
    int cuts = 0;

    for (size_t size = 7500; size < 8300; size++) {
        memset(text, 'x', sizeof(text));
        FORMAT(LOG_FORMAT_JSON, &plain, log_slice("k", (struct slice){text, size}),
               log_i64("n", 1));
        bool cut = strstr(line, ",\"cut\":true}") != NULL;
        CHECK(cut == !strstr(line, ",\"n\":1}"));
        cuts += cut;
    }
    CHECK(cuts > 100 && cuts < 700);
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = "\xf0\x9f\x94\xa5\x01"[i % 5];
    for (size_t size = 3000; size < sizeof(text); size += 97) {
        h.msg = (struct slice){text, size};
        FORMAT(LOG_FORMAT_JSON, &h, log_slice("k", h.msg), log_hex("x", text, size));
        FORMAT(LOG_FORMAT_CONSOLE, &h, log_slice("k", h.msg));
    }
    FORMAT(LOG_FORMAT_JSON, &plain, log_hex("x", text, 4096));
    CHECK_STR(line, HEAD ",\"cut\":true}");
}

static void the_smallest_room_is_enough_for_the_head(void)
{
    static char name[LOG_NAME_BYTES_MAX * 2], msg[2000], out[LOG_LINE_BYTES_MIN];
    struct log_context c = {0};

    memset(name, 1, sizeof(name));
    memset(msg, 2, sizeof(msg));
    while (log_context_add(&c, (struct log_field[]){log_bool("b", true)}, 1) == 0)
        ;
    struct log_head h = {.wall_ns = wall, .repeated = UINT64_MAX, .logger = {name, sizeof(name)},
                         .msg = {msg, sizeof(msg)}, .context = &c};
    size_t n = log_format_line(LOG_FORMAT_JSON, &h, NULL, 0, out, sizeof(out));
    CHECK(n <= sizeof(out) && json_check(out, n));
    CHECK(memmem(out, n, "\"repeated\":18446744073709551615", 31) != NULL);
    CHECK(memmem(out, n, "\"cut\":true", 10) != NULL);
    n = log_format_line(LOG_FORMAT_CONSOLE, &(struct log_head){.msg = h.msg, .logger = h.logger},
                        NULL, 0, out, sizeof(out));
    CHECK(n <= sizeof(out) && out[n - 1] == '\n');
}

static const char *f64_text(double v)
{
    static char text[LOG_F64_BYTES_MAX + 1];
    size_t n = log_format_f64(v, text);
    text[n] = 0;
    return text;
}

static void numbers_are_the_shortest_that_read_back_the_same(void)
{
    CHECK_STR(f64_text(0), "0");
    CHECK_STR(f64_text(-1.5), "-1.5");
    CHECK_STR(f64_text(0.1), "0.1");
    CHECK_STR(f64_text(0.1 + 0.2), "0.30000000000000004");
    CHECK_STR(f64_text(100), "100");
    CHECK_STR(f64_text(9007199254740991), "9007199254740991");
    CHECK_STR(f64_text(1e300), "1e+300");
    CHECK_STR(f64_text(5e-324), "4.94065645841247e-324");
    CHECK_STR(f64_text(INFINITY), "+Inf");
    CHECK_STR(f64_text(-INFINITY), "-Inf");
    CHECK_STR(f64_text(NAN), "NaN");
}

static void any_number_reads_back_the_same(void)
{
    uint64_t x = 88172645463325252;

    for (int i = 0; i < 100000; i++) {
        double v;
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        if (i % 2)
            v = (double)(int64_t)(x >> 20) / 1000;
        else
            memcpy(&v, &x, sizeof(v));
        if (v - v != 0)
            continue;
        const char *text = f64_text(v);
        CHECK(strtod(text, NULL) == v && json_check(text, strlen(text)));
    }
}

static void durations_are_milliseconds_with_the_decimals_they_have(void)
{
    CHECK_STR(FORMAT(LOG_FORMAT_JSON, &plain, log_ms("a_ms", 0), log_ms("b_ms", 1),
                     log_ms("c_ms", -1500000), log_ms("d_ms", 1000000), log_ms("e_ms", 1050000),
                     log_ms("f_ms", INT64_MIN)),
              HEAD ",\"a_ms\":0,\"b_ms\":0.000001,\"c_ms\":-1.5,\"d_ms\":1,\"e_ms\":1.05,"
                   "\"f_ms\":-9223372036854.775808}");
}

static void times_agree_with_the_c_librarys_calendar(void)
{
    uint64_t x = 88172645463325252;
    const int64_t edges[] = {0, -1, INT64_MAX, INT64_MIN, wall, -INT64_C(86400000000000),
                             INT64_C(951782399999999999), INT64_C(951782400000000000)};

    for (size_t i = 0; i < 100000; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        int64_t ns = i < ARRAY_LEN(edges) ? edges[i] : (int64_t)x;
        int64_t ms = ns / 1000000 - (ns % 1000000 < 0), s = ms / 1000 - (ms % 1000 < 0);
        time_t t = (time_t)s;
        struct tm tm;
        char got[LOG_TIME_BYTES + 1] = "", want[40];
        gmtime_r(&t, &tm);
        strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(want + 19, 20, ".%03dZ", (int)(ms - s * 1000));
        log_format_time(ns, got);
        if (strcmp(got, want) != 0) {
            CHECK_STR(got, want);
            return;
        }
    }
}

static void levels_have_names(void)
{
    enum log_level level = LOG_LEVEL_INFO;

    CHECK_INT(log_level_parse(SLICE("WARN"), &level), 0);
    CHECK_INT(level, LOG_LEVEL_WARN);
    CHECK_INT(log_level_parse(SLICE("off"), &level), 0);
    CHECK_INT(level, LOG_LEVEL_OFF);
    CHECK_INT(log_level_parse(SLICE("loud"), &level), -EINVAL);
    CHECK_INT(level, LOG_LEVEL_OFF);
    CHECK_STR(log_level_name(LOG_LEVEL_ERROR), "error");
}

static void a_line_says_how_many_like_it_were_kept_back(void)
{
    struct log_head h = plain;

    h.repeated = 41;
    CHECK_STR(format(LOG_FORMAT_JSON, &h, NULL, 0), HEAD ",\"repeated\":41}");
}

static void hex_is_two_lower_case_digits_a_byte_at_any_size(void)
{
    static char bytes[11], want[64];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 0x29 + 0x9f);
    for (size_t size = 0; size <= sizeof(bytes); size++) {
        int n = snprintf(want, sizeof(want), ",\"x\":\"");
        for (size_t i = 0; i < size; i++)
            n += snprintf(want + n, sizeof(want) - (size_t)n, "%02x", (unsigned char)bytes[i]);
        snprintf(want + n, sizeof(want) - (size_t)n, "\",\"y\":1}");
        CHECK(strstr(FORMAT(LOG_FORMAT_JSON, &plain, log_hex("x", bytes, size), log_i64("y", 1)),
                     want));
    }
}

int main(void)
{
    TAP_RUN(a_json_line_holds_every_type_of_field);
    TAP_RUN(what_is_not_there_leaves_no_field);
    TAP_RUN(the_console_form_is_for_people);
    TAP_RUN(text_is_escaped_and_never_broken);
    TAP_RUN(every_position_of_a_special_byte_is_seen);
    TAP_RUN(plain_text_of_every_length_is_copied_whole);
    TAP_RUN(a_bound_context_reads_as_if_it_were_passed_each_time);
    TAP_RUN(a_context_that_is_full_stays_as_it_was);
    TAP_RUN(a_line_that_does_not_fit_is_cut_and_says_so);
    TAP_RUN(the_smallest_room_is_enough_for_the_head);
    TAP_RUN(numbers_are_the_shortest_that_read_back_the_same);
    TAP_RUN(any_number_reads_back_the_same);
    TAP_RUN(durations_are_milliseconds_with_the_decimals_they_have);
    TAP_RUN(times_agree_with_the_c_librarys_calendar);
    TAP_RUN(levels_have_names);
    TAP_RUN(a_line_says_how_many_like_it_were_kept_back);
    TAP_RUN(hex_is_two_lower_case_digits_a_byte_at_any_size);
    return tap_done();
}
