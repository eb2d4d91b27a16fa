#include <errno.h>

#include "base/duration.h"
#include "lang/golib_impl.h"

static const int64_t SECOND = 1000000000, MINUTE = 60 * (int64_t)1000000000,
                     HOUR = 3600 * (int64_t)1000000000;

/* Go's own way of quoting here: bytes that are not plain ASCII as \xNN. */
static int append_quoted(struct buf *to, struct slice s)
{
    int r = buf_append_byte(to, '"');
    for (size_t i = 0; r == 0 && i < s.size; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (c < ' ' || c >= 0x80)
            r = buf_printf(to, "\\x%02x", c);
        else if (c == '"' || c == '\\')
            r = buf_printf(to, "\\%c", c);
        else
            r = buf_append_byte(to, (char)c);
    }
    return r < 0 ? r : buf_append_byte(to, '"');
}

static int duration_error(struct golib_call *c, struct slice text, enum duration_fault fault,
                          struct slice unit, const struct go_error **ret)
{
    struct buf words = BUF(MEM_LANG, golib_bytes_max(c));
    struct go_error e = {.type = "*time.parseDurationError"};
    int r =
        buf_append_cstr(&words, fault == DURATION_UNIT_MISSING   ? "time: missing unit in duration "
                                : fault == DURATION_UNIT_UNKNOWN ? "time: unknown unit "
                                                                 : "time: invalid duration ");
    if (r == 0 && fault == DURATION_UNIT_UNKNOWN) {
        r = append_quoted(&words, unit);
        if (r == 0)
            r = buf_append_cstr(&words, " in duration ");
    }
    if (r == 0)
        r = append_quoted(&words, text);
    if (r == 0)
        r = golib_text(c, buf_slice(&words), &e.text);
    if (r == 0)
        r = golib_error(c, e, ret);
    buf_done(&words);
    return r;
}

static int parse_duration(struct golib_call *c, const union golib_value *args,
                          union golib_value *ret)
{
    enum duration_fault fault;
    struct slice unit;
    int64_t ns = 0;
    const struct go_error *e = NULL;
    int r = 0;
    if (duration_parse_why(args[0].text, &ns, &fault, &unit) < 0)
        r = duration_error(c, args[0].text, fault, unit, &e);
    if (r < 0)
        return r;
    ret[0].integer = ns;
    ret[1].error = e;
    return 0;
}

static int duration_string(struct golib_call *c, const union golib_value *args,
                           union golib_value *ret)
{
    char text[DURATION_TEXT_MAX];
    return golib_text(c, slice_from(duration_format(args[0].integer, text)), &ret->text);
}

/* The whole part and the rest apart, so that neither loses bits before they are added. */
static double in_units(int64_t d, int64_t unit)
{
    return (double)(d / unit) + (double)(d % unit) / (double)unit;
}

static int hours(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->number = in_units(args[0].integer, HOUR);
    return 0;
}

static int minutes(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->number = in_units(args[0].integer, MINUTE);
    return 0;
}

static int seconds(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->number = in_units(args[0].integer, SECOND);
    return 0;
}

static int milliseconds(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->integer = args[0].integer / 1000000;
    return 0;
}

static int microseconds(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->integer = args[0].integer / 1000;
    return 0;
}

static int nanoseconds(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    ret->integer = args[0].integer;
    return 0;
}

static int truncate(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    int64_t d = args[0].integer, m = args[1].integer;
    ret->integer = m <= 0 ? d : d - d % m;
    return 0;
}

/* To the nearest multiple, halves away from zero; what does not fit is the largest there is. */
static int round_to(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    int64_t d = args[0].integer, m = args[1].integer, up;
    if (m <= 0) {
        ret->integer = d;
        return 0;
    }
    int64_t rest = d % m;
    uint64_t size = rest < 0 ? 0 - (uint64_t)rest : (uint64_t)rest;
    if (size + size < (uint64_t)m)
        ret->integer = d - rest;
    else if (d < 0)
        ret->integer = __builtin_sub_overflow(d - rest, m, &up) ? INT64_MIN : up;
    else
        ret->integer = __builtin_add_overflow(d - rest, m, &up) ? INT64_MAX : up;
    return 0;
}

static int absolute(struct golib_call *c, const union golib_value *args, union golib_value *ret)
{
    (void)c;
    int64_t d = args[0].integer;
    ret->integer = d == INT64_MIN ? INT64_MAX : d < 0 ? -d : d;
    return 0;
}

static const struct golib_func funcs[] = {
    {.name = "Duration.Abs", .params = "d", .results = "d", .call = absolute},
    {.name = "Duration.Hours", .params = "d", .results = "f", .call = hours},
    {.name = "Duration.Microseconds", .params = "d", .results = "j", .call = microseconds},
    {.name = "Duration.Milliseconds", .params = "d", .results = "j", .call = milliseconds},
    {.name = "Duration.Minutes", .params = "d", .results = "f", .call = minutes},
    {.name = "Duration.Nanoseconds", .params = "d", .results = "j", .call = nanoseconds},
    {.name = "Duration.Round", .params = "dd", .results = "d", .call = round_to},
    {.name = "Duration.Seconds", .params = "d", .results = "f", .call = seconds},
    {.name = "Duration.String", .params = "d", .results = "s", .call = duration_string},
    {.name = "Duration.Truncate", .params = "dd", .results = "d", .call = truncate},
    {.name = "ParseDuration", .params = "s", .results = "de", .call = parse_duration},
};

#define DURATION(NAME, NS)                                                        \
    {                                                                             \
        .name = NAME, .kind = GOLIB_CONST, .type = "time.Duration", .literal = NS \
    }

static const struct golib_object objects[] = {
    DURATION("Hour", "3600000000000"),  DURATION("Microsecond", "1000"),
    DURATION("Millisecond", "1000000"), DURATION("Minute", "60000000000"),
    DURATION("Nanosecond", "1"),        DURATION("Second", "1000000000"),
};

const struct golib_package golib_time = {.path = "time",
                                         .funcs = funcs,
                                         .func_count = ARRAY_LEN(funcs),
                                         .objects = objects,
                                         .object_count = ARRAY_LEN(objects)};
