#include "lang/unicode.h"

#include "base/defs.h"
#include "base/utf8.h"
#include "lang/unicode_table.h"

uint32_t unicode_next(struct slice *s, bool *ret_valid)
{
    unsigned char first = (unsigned char)s->data[0];
    struct slice rest = *s;
    bool valid = true;
    uint32_t c = first;
    if (first >= 0x80)
        c = utf8_next(&rest, &valid);
    *s = first >= 0x80 && valid ? rest : slice_sub(*s, 1, s->size);
    if (ret_valid)
        *ret_valid = valid;
    return c;
}

uint32_t unicode_last(struct slice *s, bool *ret_valid)
{
    size_t from = s->size - 1;
    /* Back over what may follow in a character, to a byte that may begin one which ends here. */
    while (from > 0 && s->size - from < UTF8_BYTES_MAX &&
           ((unsigned char)s->data[from] & 0xc0) == 0x80)
        from--;
    struct slice tail = slice_sub(*s, from, s->size);
    bool valid;
    uint32_t c = unicode_next(&tail, &valid);
    if (!valid || tail.size) {
        valid = false;
        c = UTF8_REPLACEMENT;
        from = s->size - 1;
    }
    *s = slice_sub(*s, 0, from);
    if (ret_valid)
        *ret_valid = valid;
    return c;
}

size_t unicode_count(struct slice s)
{
    size_t n = 0;
    for (; s.size; n++)
        unicode_next(&s, NULL);
    return n;
}

/* ---- classes ---- */

static bool in_ranges(const struct unicode_range *r, size_t count, uint32_t c)
{
    while (count) {
        const struct unicode_range *middle = r + count / 2;
        if (c < middle->first) {
            count /= 2;
        } else if (c > middle->last) {
            count -= count / 2 + 1;
            r = middle + 1;
        } else {
            return (c - middle->first) % middle->stride == 0;
        }
    }
    return false;
}

bool unicode_is_letter(uint32_t c)
{
    return in_ranges(unicode_letters, ARRAY_LEN(unicode_letters), c);
}

bool unicode_is_digit(uint32_t c)
{
    return in_ranges(unicode_digits, ARRAY_LEN(unicode_digits), c);
}

bool unicode_is_number(uint32_t c)
{
    return in_ranges(unicode_numbers, ARRAY_LEN(unicode_numbers), c);
}

bool unicode_is_space(uint32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

bool unicode_is_upper(uint32_t c)
{
    return in_ranges(unicode_uppers, ARRAY_LEN(unicode_uppers), c);
}

bool unicode_is_lower(uint32_t c)
{
    return in_ranges(unicode_lowers, ARRAY_LEN(unicode_lowers), c);
}

bool unicode_is_title(uint32_t c)
{
    return in_ranges(unicode_titles, ARRAY_LEN(unicode_titles), c);
}

bool unicode_is_punct(uint32_t c)
{
    return in_ranges(unicode_puncts, ARRAY_LEN(unicode_puncts), c);
}

bool unicode_is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

bool unicode_is_print(uint32_t c)
{
    if (c < 0x7f)
        return c >= 0x20;
    return in_ranges(unicode_prints, ARRAY_LEN(unicode_prints), c);
}

bool unicode_is_graphic(uint32_t c)
{
    /* Printable, and the class Zs: the spaces but for control characters and separators. */
    bool separator = unicode_is_space(c) && c >= 0xa0 && c != 0x2028 && c != 0x2029;
    return unicode_is_print(c) || separator;
}

/* ---- cases ---- */

enum which_case { UPPER, LOWER, TITLE };

static uint32_t to_case(uint32_t c, enum which_case which)
{
    const struct unicode_case *at = unicode_cases;
    for (size_t count = ARRAY_LEN(unicode_cases); count;) {
        const struct unicode_case *middle = at + count / 2;
        if (c < middle->first) {
            count /= 2;
            continue;
        }
        if (c > middle->last) {
            count -= count / 2 + 1;
            at = middle + 1;
            continue;
        }
        if (middle->pairs) {
            uint32_t pair = (c - middle->first) & ~UINT32_C(1);
            return middle->first + pair + (which == LOWER);
        }
        int32_t by = which == UPPER   ? middle->upper
                     : which == LOWER ? middle->lower
                                      : middle->title;
        return (uint32_t)((int32_t)c + by);
    }
    return c;
}

uint32_t unicode_to_upper(uint32_t c)
{
    if (c < 0x80)
        return c >= 'a' && c <= 'z' ? c - 0x20 : c;
    return to_case(c, UPPER);
}

uint32_t unicode_to_lower(uint32_t c)
{
    if (c < 0x80)
        return c >= 'A' && c <= 'Z' ? c + 0x20 : c;
    return to_case(c, LOWER);
}

uint32_t unicode_to_title(uint32_t c)
{
    if (c < 0x80)
        return unicode_to_upper(c);
    return to_case(c, TITLE);
}

uint32_t unicode_simple_fold(uint32_t c)
{
    size_t low = 0, high = ARRAY_LEN(unicode_folds);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (unicode_folds[middle].from == c)
            return unicode_folds[middle].to;
        if (unicode_folds[middle].from < c)
            low = middle + 1;
        else
            high = middle;
    }
    uint32_t lower = unicode_to_lower(c);
    return lower != c ? lower : unicode_to_upper(c);
}
