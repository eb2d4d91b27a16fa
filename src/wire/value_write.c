#include "wire/value_write.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIGITS_MAX = 17, SURE_DIGITS = 15, PLAIN_EXPONENT_MIN = -6, PLAIN_EXPONENT_MAX = 21 };

/* ---- the trail ---- */

static void append_path(struct buf *b, const struct value_trail *t)
{
    const struct value_trail *chain[VALUE_WRITE_DEPTH_MAX + 2];
    uint32_t count = 0;
    for (; t && t->up && count < VALUE_WRITE_DEPTH_MAX + 2; t = t->up)
        chain[count++] = t;
    while (count--) {
        if (chain[count]->up->value->type == VALUE_LIST) {
            buf_printf(b, "[%u]", chain[count]->index);
            continue;
        }
        if (b->size)
            buf_append_byte(b, '.');
        buf_append_slice(b, value_key(chain[count]->value));
    }
}

int value_trail_fault(const struct value_trail *t, struct err *err, int code, const char *what)
{
    struct buf path = BUF(MEM_WIRE, 0);
    append_path(&path, t);
    if (path.size)
        err_set(err, code, "%s: %s", path.data, what);
    else
        err_set(err, code, "%s", what);
    buf_done(&path);
    return code;
}

int value_trail_check(const struct value_trail *t, struct err *err)
{
    if (t->depth <= VALUE_WRITE_DEPTH_MAX)
        return 0;
    return err_set(err, -ELOOP, "lists and maps are nested deeper than %d", VALUE_WRITE_DEPTH_MAX);
}

/* ---- output ---- */

struct value_output value_output_begin(struct buf *out, struct err *err)
{
    return (struct value_output){.out = out, .err = err, .before = out->size};
}

void value_put(struct value_output *o, const char *data, size_t size)
{
    if (o->result == 0 && buf_append(o->out, data, size) < 0)
        o->result = -EMSGSIZE;
}

void value_put_cstr(struct value_output *o, const char *text)
{
    value_put(o, text, strlen(text));
}

void value_put_spaces(struct value_output *o, uint32_t count)
{
    for (; count > 0 && o->result == 0; count--)
        value_put(o, " ", 1);
}

void value_put_int(struct value_output *o, int64_t n)
{
    if (n < 0)
        value_put(o, "-", 1);
    if (o->result == 0 && buf_append_u64(o->out, n < 0 ? 0 - (uint64_t)n : (uint64_t)n) < 0)
        o->result = -EMSGSIZE;
}

int value_output_end(struct value_output *o)
{
    if (o->result == -EMSGSIZE)
        err_set(o->err, o->result, "the text would have more than %zu bytes", o->out->size_max);
    if (o->result < 0 && o->out->data) {
        o->out->size = o->before;
        o->out->data[o->before] = 0;
    }
    return o->result;
}

/* ---- numbers ---- */

/* A positive double as 0.DIGITS * 10^exponent. */
struct digits {
    char text[DIGITS_MAX + 1];
    int count, exponent;
};

static double digits_value(const struct digits *d)
{
    char text[VALUE_NUMBER_BYTES_MAX];
    snprintf(text, sizeof(text), "0.%se%d", d->text, d->exponent);
    return strtod(text, NULL);
}

static void digits_of(double number, int count, struct digits *ret)
{
    char text[VALUE_NUMBER_BYTES_MAX];
    snprintf(text, sizeof(text), "%.*e", count - 1, number);
    ret->text[0] = text[0];
    memcpy(ret->text + 1, text + 2, (size_t)count - 1);
    ret->text[count] = 0;
    ret->count = count;
    const char *e = strchr(text, 'e');
    ret->exponent = e ? (int)strtol(e + 1, NULL, 10) + 1 : 1;
}

/* One more in the last place; false where that would take another digit. */
static bool digits_up(struct digits *d)
{
    int at = d->count - 1;
    while (at >= 0 && d->text[at] == '9')
        d->text[at--] = '0';
    if (at < 0)
        return false;
    d->text[at]++;
    return true;
}

/* At a power of two the doubles below lie closer than those above, so that the nearest text of a
 * length may fall to a neighbour while the next one up would not. */
static bool reads_back(double number, struct digits *d)
{
    if (digits_value(d) == number)
        return true;
    return digits_up(d) && digits_value(d) == number;
}

static void shortest(double number, struct digits *ret)
{
    /* What 15 digits can say they say exactly, with zeroes at the end where fewer would do; only
     * below the normal range there are doubles of fewer digits that are not. */
    int count = fabs(number) < 0x1p-1022 ? 1 : SURE_DIGITS;
    for (; count < DIGITS_MAX; count++) {
        digits_of(number, count, ret);
        if (reads_back(number, ret))
            break;
    }
    if (count == DIGITS_MAX)
        digits_of(number, count, ret);
    while (ret->count > 1 && ret->text[ret->count - 1] == '0')
        ret->text[--ret->count] = 0;
}

static char *put(char *to, const char *data, size_t size)
{
    return mempcpy(to, data, size);
}

static char *put_zeroes(char *to, int count)
{
    for (; count > 0; count--)
        *to++ = '0';
    return to;
}

static char *put_plain(char *to, const struct digits *d)
{
    if (d->exponent <= 0) {
        to = put_zeroes(put(to, "0.", 2), -d->exponent);
        return put(to, d->text, (size_t)d->count);
    }
    int whole = d->count < d->exponent ? d->count : d->exponent;
    to = put_zeroes(put(to, d->text, (size_t)whole), d->exponent - whole);
    if (d->count > whole) {
        *to++ = '.';
        to = put(to, d->text + whole, (size_t)(d->count - whole));
    }
    return to;
}

static char *put_scientific(char *to, const struct digits *d)
{
    *to++ = d->text[0];
    if (d->count > 1) {
        *to++ = '.';
        to = put(to, d->text + 1, (size_t)d->count - 1);
    }
    return to + snprintf(to, 8, "e%+d", d->exponent - 1);
}

size_t value_number_text(double number, char ret_text[VALUE_NUMBER_BYTES_MAX])
{
    char *to = ret_text;
    struct digits d = {.text = "0", .count = 1, .exponent = 1};
    if (signbit(number))
        *to++ = '-';
    number = fabs(number);
    if (number > 0)
        shortest(number, &d);
    bool plain = d.exponent > PLAIN_EXPONENT_MIN + 0 && d.exponent <= PLAIN_EXPONENT_MAX;
    to = plain ? put_plain(to, &d) : put_scientific(to, &d);
    *to = 0;
    return (size_t)(to - ret_text);
}

size_t value_float_text(double number, char ret_text[VALUE_NUMBER_BYTES_MAX])
{
    size_t size = value_number_text(number, ret_text);
    if (!strpbrk(ret_text, ".e"))
        size = (size_t)(put(ret_text + size, ".0", 3) - ret_text) - 1;
    return size;
}
