#include "wire/posix_tz.h"

#include <errno.h>

struct reader {
    struct slice text;
    size_t at;
    struct err *err;
};

static char peek(const struct reader *r)
{
    return r->at < r->text.size ? r->text.data[r->at] : 0;
}

static bool take(struct reader *r, char c)
{
    if (r->at >= r->text.size || r->text.data[r->at] != c)
        return false;
    r->at++;
    return true;
}

static int bad(const struct reader *r, const char *what)
{
    return err_set(r->err, -EBADMSG, "byte %zu of the zone's rule: %s", r->at + 1, what);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int take_number(struct reader *r, int32_t min, int32_t max, int32_t *ret)
{
    int32_t n = 0;
    if (!is_digit(peek(r)))
        return bad(r, "a number is missing");
    for (; is_digit(peek(r)); r->at++) {
        n = n * 10 + (peek(r) - '0');
        if (n > max)
            return bad(r, "the number is too large");
    }
    if (n < min)
        return bad(r, "the number is too small");
    *ret = n;
    return 0;
}

/* A name is three letters or more, or anything sensible in <>. Nobody needs it. */
static int skip_name(struct reader *r)
{
    size_t start = r->at;
    if (take(r, '<')) {
        while (is_letter(peek(r)) || is_digit(peek(r)) || peek(r) == '+' || peek(r) == '-')
            r->at++;
        if (r->at - start < 4)
            return bad(r, "a name of three letters or more is missing");
        return take(r, '>') ? 0 : bad(r, "'>' is missing");
    }
    while (is_letter(peek(r)))
        r->at++;
    return r->at - start < 3 ? bad(r, "a name of three letters or more is missing") : 0;
}

/* "-5:30": hours, and maybe minutes and seconds. */
static int take_time(struct reader *r, int32_t hours_max, int32_t *ret)
{
    int32_t hours, minutes = 0, seconds = 0;
    bool negative = take(r, '-');
    if (!negative)
        take(r, '+');
    if (take_number(r, 0, hours_max, &hours) < 0)
        return -EBADMSG;
    if (take(r, ':') && (take_number(r, 0, 59, &minutes) < 0 ||
                         (take(r, ':') && take_number(r, 0, 59, &seconds) < 0)))
        return -EBADMSG;
    int32_t total = hours * 3600 + minutes * 60 + seconds;
    *ret = negative ? -total : total;
    return 0;
}

static int take_day(struct reader *r, struct zone_day *ret)
{
    struct zone_day d = {.time_s = 2 * 3600};
    int32_t day, month, week, weekday;
    if (!take(r, ','))
        return bad(r, "daylight time needs both of its days: ',' is missing");
    if (take(r, 'M')) {
        if (take_number(r, 1, 12, &month) < 0 || !take(r, '.') || take_number(r, 1, 5, &week) < 0 ||
            !take(r, '.') || take_number(r, 0, 6, &weekday) < 0)
            return bad(r, "a day is written M month.week.weekday");
        d.type = ZONE_DAY_MONTH_WEEK;
        d.month = (uint8_t)month;
        d.week = (uint8_t)week;
        d.weekday = (uint8_t)weekday;
    } else {
        d.type = take(r, 'J') ? ZONE_DAY_JULIAN : ZONE_DAY_YEAR;
        if (take_number(r, d.type == ZONE_DAY_JULIAN, 365, &day) < 0)
            return -EBADMSG;
        d.day = (uint16_t)day;
    }
    if (take(r, '/') && take_time(r, 167, &d.time_s) < 0)
        return -EBADMSG;
    *ret = d;
    return 0;
}

/* POSIX counts offsets westwards. */
static int take_offset(struct reader *r, int32_t *ret)
{
    int32_t west;
    if (take_time(r, 24, &west) < 0)
        return -EBADMSG;
    *ret = -west;
    return 0;
}

int posix_tz_parse(struct slice text, struct zone_rule *ret, struct err *err)
{
    struct reader r = {text, 0, err};
    struct zone_rule rule = {0};
    if (text.size > POSIX_TZ_BYTES_MAX)
        return err_set(err, -EBADMSG, "the zone's rule is longer than %d bytes",
                       POSIX_TZ_BYTES_MAX);
    if (skip_name(&r) < 0 || take_offset(&r, &rule.standard_s) < 0)
        return -EBADMSG;
    if (r.at < text.size) {
        rule.has_daylight = true;
        rule.daylight_s = rule.standard_s + 3600;
        if (skip_name(&r) < 0 || (peek(&r) != ',' && take_offset(&r, &rule.daylight_s) < 0) ||
            take_day(&r, &rule.start) < 0 || take_day(&r, &rule.end) < 0)
            return -EBADMSG;
    }
    if (r.at < text.size)
        return bad(&r, "nothing more is expected");
    *ret = rule;
    return 0;
}
