#include "model/cron.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/defs.h"
#include "base/duration.h"
#include "base/suggest.h"

static const char *const month_names[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                          "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
static const char *const weekday_names[] = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

enum { SECOND, MINUTE, HOUR, MONTH_DAY, MONTH, WEEKDAY, FIELD_COUNT };

static const struct field {
    const char *name;
    uint8_t low, high, count; /* count: of different ones, for going round */
    const char *const *names; /* of low and on */
    uint8_t name_count;
} fields[FIELD_COUNT] = {
    [SECOND] = {"second", 0, 59, 60, NULL, 0},
    [MINUTE] = {"minute", 0, 59, 60, NULL, 0},
    [HOUR] = {"hour", 0, 23, 24, NULL, 0},
    [MONTH_DAY] = {"day of the month", 1, 31, 31, NULL, 0},
    [MONTH] = {"month", 1, 12, 12, month_names, 12},
    [WEEKDAY] = {"weekday", 0, 7, 7, weekday_names, 7},
};

struct parser {
    struct slice text;
    struct cron cron;
    struct cron_fault *fault;
    const struct field *field;
};

/* ---- faults ---- */

static PRINTF_LIKE(3, 4) int bad(struct parser *p, const char *at, const char *fmt, ...)
{
    if (p->fault) {
        va_list args;
        va_start(args, fmt);
        vsnprintf(p->fault->message, sizeof(p->fault->message), fmt, args);
        va_end(args);
        p->fault->column = (uint32_t)(at - p->text.data) + 1;
        p->fault->suggestion[0] = 0;
    }
    return -EINVAL;
}

/* Puts `word` in the place of `old`, a part of the expression. Returns -EINVAL. */
static int instead(struct parser *p, struct slice old, const char *word)
{
    if (!p->fault || memchr(p->text.data, 0, p->text.size))
        return -EINVAL;
    size_t before = (size_t)(old.data - p->text.data);
    struct slice rest = slice_sub(p->text, before + old.size, p->text.size);
    int n = snprintf(p->fault->suggestion, CRON_WORD_BYTES_MAX, "%.*s%s%.*s", (int)before,
                     p->text.data, word, SLICE_ARG(rest));
    if (n < 0 || n >= CRON_WORD_BYTES_MAX)
        p->fault->suggestion[0] = 0;
    return -EINVAL;
}

/* Beginnings of words from outside, for messages. */
enum { SHOWN_MAX = 24 };
static int shown(struct slice s)
{
    return s.size < SHOWN_MAX ? (int)s.size : SHOWN_MAX;
}

/* ---- one number ---- */

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static int bad_name(struct parser *p, struct slice s)
{
    const struct field *f = p->field;
    size_t letters = 0;
    while (letters < s.size && is_letter(s.data[letters]))
        letters++;
    if (letters)
        s = slice_sub(s, 0, letters); /* "Monday-FRI" has one good name */
    bad(p, s.data, "\"%.*s\" is no %s", shown(s), s.data, f->name);
    if (!f->names || !letters)
        return -EINVAL;
    const char *near = suggest_nearest(s, f->names, f->name_count);
    for (size_t i = 0; !near && i < f->name_count; i++)
        if (s.size > 3 && slice_eq_nocase(slice_sub(s, 0, 3), slice_from(f->names[i])))
            near = f->names[i]; /* "Monday" */
    return near ? instead(p, s, near) : -EINVAL;
}

/* A number or name at the beginning of *s, which is taken off. */
static int take_number(struct parser *p, struct slice *s, uint32_t *ret)
{
    const struct field *f = p->field;
    size_t size = 0;
    uint32_t n = 0;
    while (size < s->size && s->data[size] >= '0' && s->data[size] <= '9' && n <= 1000)
        n = n * 10 + (uint32_t)(s->data[size++] - '0');
    struct slice word = slice_sub(*s, 0, size);
    for (size_t i = 0; size == 0 && s->size >= 3 && i < f->name_count; i++)
        if (slice_eq_nocase(slice_sub(*s, 0, 3), slice_from(f->names[i]))) {
            size = 3;
            n = f->low + (uint32_t)i;
        }
    /* "MONDAY" is not MON with something behind it; "MONL" is. */
    if (size == 0 || (word.size == 0 && s->size > 3 && is_letter(s->data[3]) &&
                      !slice_eq_nocase(slice_sub(*s, 3, s->size), SLICE("L"))))
        return bad_name(p, *s);
    if (n < f->low || n > f->high) {
        bad(p, s->data, "%.*s is no %s: those are %u to %u", shown(word), word.data, f->name,
            f->low, f->high);
        return (n == 24 && f == &fields[HOUR]) || (n == 60 && f->high == 59) ? instead(p, word, "0")
                                                                             : -EINVAL;
    }
    *s = slice_sub(*s, size, s->size);
    *ret = n;
    return 0;
}

static int nothing_left(struct parser *p, struct slice s)
{
    if (s.size == 0)
        return 0;
    return bad(p, s.data, "\"%.*s\" is not expected in the %s", shown(s), s.data, p->field->name);
}

/* ---- items ---- */

/* from, from + step, … up to and including to; beyond the field's end it goes round. */
static uint64_t set_bits(const struct field *f, uint32_t from, uint32_t to, uint32_t step)
{
    uint64_t bits = 0;
    for (uint32_t n = from; n <= to; n += step)
        bits |= UINT64_C(1) << ((n - f->low) % f->count + f->low);
    return bits;
}

static int parse_step(struct parser *p, struct slice s, uint32_t *ret)
{
    const struct field *f = p->field;
    uint64_t step = 0;
    if (slice_to_u64(s, 1000000, &step) < 0 || step == 0)
        return bad(p, s.data, "\"%.*s\" is no step: a whole number from 1 on", shown(s), s.data);
    if (step > f->count)
        return bad(p, s.data,
                   "a step of %llu is longer than the whole %s field: @every counts longer times",
                   (unsigned long long)step, f->name);
    *ret = (uint32_t)step;
    return 0;
}

/* "*", "a", "a-b", each maybe with "/n". */
static int parse_range(struct parser *p, struct slice item, uint64_t *bits)
{
    const struct field *f = p->field;
    struct slice range = item;
    struct slice head = slice_cut(&range, '/'), step_text = range;
    uint32_t from = f->low, to = from + f->count - 1, step = 1;
    bool days = f == &fields[MONTH_DAY] || f == &fields[WEEKDAY];
    if (step_text.data && parse_step(p, step_text, &step) < 0)
        return -EINVAL;
    if (slice_eq(head, SLICE("?")) && !days)
        return bad(p, item.data, "? is for days of the month and weekdays only: the %s may be *",
                   f->name);
    if (!slice_eq(head, SLICE("*")) && !slice_eq(head, SLICE("?"))) {
        if (take_number(p, &head, &from) < 0)
            return -EINVAL;
        bool range_to = head.size && head.data[0] == '-';
        if (range_to) {
            head = slice_sub(head, 1, head.size);
            if (take_number(p, &head, &to) < 0)
                return -EINVAL;
        } else if (!step_text.data) {
            to = from;
        }
        if (nothing_left(p, head) < 0)
            return -EINVAL;
        if (from > to && f == &fields[MONTH_DAY])
            return bad(p, item.data,
                       "the range of days %u-%u runs backwards: two ranges go round the "
                       "end of a month, as in %u-31,1-%u",
                       from, to, from, to);
        if (from > to)
            to += f->count; /* 7/2: a Sunday from 7 on; 22-2 */
    }
    *bits |= set_bits(f, from, to, step);
    return 0;
}

/* "L", "L-3", "LW", "L-3W", "15W". Returns 1 where it is none of these. */
static int parse_month_day(struct parser *p, struct slice item)
{
    char first = item.data[0], last = item.data[item.size - 1];
    bool from_last = first == 'L' || first == 'l', near_ = last == 'W' || last == 'w';
    uint32_t n = 0;
    if (!from_last && !near_)
        return 1;
    struct slice number = slice_sub(item, from_last, item.size - near_);
    if (from_last && number.size) {
        uint64_t before;
        if (number.data[0] != '-' ||
            slice_to_u64(slice_sub(number, 1, number.size), 30, &before) < 0)
            return bad(p, item.data,
                       "\"%.*s\" is no day of the month: L-3 is the third before the last",
                       shown(item), item.data);
        n = (uint32_t)before;
    } else if (!from_last) {
        if (number.size == 0)
            return bad(p, item.data,
                       "W needs a day before it: 15W is the weekday nearest to the 15th");
        if (take_number(p, &number, &n) < 0 || nothing_left(p, number) < 0)
            return -EINVAL;
    }
    uint32_t *bits = !from_last ? &p->cron.near_days
                     : near_    ? &p->cron.near_last
                                : &p->cron.from_last;
    *bits |= UINT32_C(1) << n;
    return 0;
}

/* "FRIL", "5L", "FRI#2". Returns 1 where it is none of these. */
static int parse_weekday(struct parser *p, struct slice item)
{
    struct slice rest = item;
    char last = item.data[item.size - 1];
    uint32_t day;
    ptrdiff_t hash = slice_find_byte(item, '#');
    if (item.size == 1 && (last == 'L' || last == 'l'))
        return bad(p, item.data,
                   "L needs a weekday before it: FRIL is the last Friday of the month");
    if (hash < 0 && last != 'L' && last != 'l')
        return 1;
    if (take_number(p, &rest, &day) < 0)
        return -EINVAL;
    uint8_t mark = (uint8_t)(1u << day % 7);
    if (hash < 0) {
        if (rest.size != 1)
            return nothing_left(p, rest);
        p->cron.last_weekdays |= mark;
        return 0;
    }
    uint64_t n = 0;
    struct slice number = slice_sub(rest, 1, rest.size);
    if (rest.data[0] != '#' || slice_to_u64(number, CRON_NTH_MAX, &n) < 0 || n == 0)
        return bad(p, rest.data,
                   "behind # stands which of them in the month: 1 to %d, or L for the last",
                   CRON_NTH_MAX);
    p->cron.nth_weekdays[n - 1] |= mark;
    return 0;
}

static int parse_field(struct parser *p, int which, struct slice text)
{
    uint64_t bits = 0;
    bool any = text.data[0] == '*' || text.data[0] == '?';
    p->field = &fields[which];
    for (struct slice rest = text; rest.data;) {
        struct slice item = slice_cut(&rest, ',');
        int r = 1;
        if (item.size == 0)
            return bad(p, item.data, "an item of the %s is missing beside a comma", p->field->name);
        if (which == MONTH_DAY)
            r = parse_month_day(p, item);
        else if (which == WEEKDAY)
            r = parse_weekday(p, item);
        if (r == 1)
            r = parse_range(p, item, &bits);
        if (r < 0)
            return r;
    }
    struct cron *c = &p->cron;
    switch (which) {
    case SECOND:
        c->seconds = bits;
        break;
    case MINUTE:
        c->minutes = bits;
        c->is_rhythm |= any;
        break;
    case HOUR:
        c->hours = (uint32_t)bits;
        c->is_rhythm |= any;
        break;
    case MONTH_DAY:
        c->month_days = (uint32_t)bits;
        c->any_month_day = any;
        break;
    case MONTH:
        c->months = (uint32_t)bits;
        break;
    default:
        c->weekdays = (uint8_t)bits;
        c->any_weekday = any;
    }
    return 0;
}

/* ---- all of it ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct slice take_word(struct slice *s)
{
    size_t start = 0;
    while (start < s->size && is_blank(s->data[start]))
        start++;
    size_t end = start;
    while (end < s->size && !is_blank(s->data[end]))
        end++;
    struct slice word = slice_sub(*s, start, end);
    *s = slice_sub(*s, end, s->size);
    return word;
}

static int parse_every(struct parser *p, struct slice rest)
{
    int64_t ns;
    struct slice word = take_word(&rest);
    if (word.size == 0)
        return bad(p, p->text.data, "@every needs a time behind it, as in @every 5m");
    if (take_word(&rest).size || duration_parse(word, &ns) < 0)
        return bad(p, word.data, "@every takes a time like 90s, 5m or 1h30m");
    if (ns < 1000000000 || ns % 1000000000)
        return bad(p, word.data, "@every counts whole seconds, from 1s on");
    p->cron.every_s = ns / 1000000000;
    return 0;
}

static int parse_macro(struct parser *p, struct slice text)
{
    static const char *const names[] = {"@yearly", "@annually", "@monthly", "@weekly",
                                        "@daily",  "@midnight", "@hourly",  "@every"};
    static const char *const meanings[] = {"0 0 1 1 *", "0 0 1 1 *", "0 0 1 * *", "0 0 * * 0",
                                           "0 0 * * *", "0 0 * * *", "0 * * * *"};
    struct slice rest = text, word = take_word(&rest);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (!slice_eq(word, slice_from(names[i])))
            continue;
        if (i == ARRAY_LEN(meanings))
            return parse_every(p, rest);
        struct slice more = take_word(&rest);
        if (more.size)
            return bad(p, more.data, "nothing stands behind %s", names[i]);
        return cron_parse(slice_from(meanings[i]), &p->cron, NULL);
    }
    if (slice_eq(word, SLICE("@reboot")))
        return bad(p, word.data, "@reboot is no time: a schedule goes by the clock");
    bad(p, word.data, "there is no \"%.*s\"", shown(word), word.data);
    const char *near = suggest_nearest(word, names, ARRAY_LEN(names));
    return near ? instead(p, word, near) : -EINVAL;
}

static int check_count(struct parser *p, struct slice first, size_t count)
{
    if (slice_starts_with(first, SLICE("TZ=")) || slice_starts_with(first, SLICE("CRON_TZ=")))
        return bad(p, first.data,
                   "the time zone is a field of its own (zone), no part of the expression");
    if (count == FIELD_COUNT || count == FIELD_COUNT - 1)
        return 0;
    if (count == 7)
        return bad(p, first.data, "seven fields: there is none for the year");
    return bad(p, count ? first.data : p->text.data,
               "five fields are needed (minute, hour, day, month, weekday), or six with the second "
               "first: this has %zu",
               count);
}

/* Days that exist in no month that is wanted, like the 30th of February. */
static int check_days(struct parser *p, struct slice days)
{
    struct zone utc = {0};
    int64_t next;
    struct cron once = p->cron;
    once.hours = 1;
    once.minutes = once.seconds = 1;
    once.is_rhythm = false;
    if (cron_next(&once, &utc, 0, &next) == 0)
        return 0;
    return bad(p, days.data, "no day ever fits: none of these months has such a day");
}

static int parse_fields(struct parser *p)
{
    struct slice words[FIELD_COUNT] = {0}, rest = p->text;
    size_t count = 0;
    for (struct slice w; (w = take_word(&rest)).size; count++)
        if (count < FIELD_COUNT)
            words[count] = w;
    int r = check_count(p, words[0], count);
    if (r < 0)
        return r;
    size_t skipped = FIELD_COUNT - count;
    p->cron.seconds = 1; /* only the first, where none are named */
    for (size_t i = 0; i < count && r == 0; i++)
        r = parse_field(p, (int)(i + skipped), words[i]);
    return r < 0 ? r : check_days(p, words[MONTH_DAY - skipped]);
}

int cron_parse(struct slice text, struct cron *ret, struct cron_fault *fault)
{
    struct parser p = {.text = text.data ? text : SLICE(""), .fault = fault};
    struct slice trimmed = slice_trim(p.text);
    if (text.size > CRON_TEXT_BYTES_MAX)
        return bad(&p, text.data, "an expression of more than %d bytes", CRON_TEXT_BYTES_MAX);
    bool macro = trimmed.size && trimmed.data[0] == '@';
    int r = macro ? parse_macro(&p, p.text) : parse_fields(&p);
    if (r == 0)
        *ret = p.cron;
    return r;
}
