#include "model/step_text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static bool is_name_byte(char c)
{
    char l = (char)(c | 32);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

static bool is_key(struct slice s)
{
    for (size_t i = 0; i < s.size; i++) {
        char c = s.data[i], l = (char)(c | 32);
        if (!((l >= 'a' && l <= 'z') || c == '_' || (i && c >= '0' && c <= '9')))
            return false;
    }
    return s.size > 0;
}

/* "steps.NAME.KEY" */
static bool split(struct slice word, struct slice *ret_step, struct slice *ret_key)
{
    if (!slice_starts_with(word, SLICE("steps.")))
        return false;
    struct slice rest = slice_sub(word, sizeof("steps.") - 1, word.size);
    size_t dot = rest.size;
    while (dot > 0 && rest.data[dot - 1] != '.')
        dot--;
    if (dot < 2)
        return false;
    *ret_step = slice_sub(rest, 0, dot - 1);
    *ret_key = slice_sub(rest, dot, rest.size);
    return is_key(*ret_key);
}

/* ---- conditions ---- */

struct reading {
    struct slice text;
    size_t at;
    uint32_t depth;
    bool checks; /* nothing is compared */
    step_look_fn *look;
    void *ctx;
    struct err *err;
};

enum compare { NONE, EQUAL, DIFFERENT, LESS, LESS_EQUAL, MORE, MORE_EQUAL };

static int expected(const struct reading *r, const char *what)
{
    return err_set(r->err, -EINVAL, "column %zu: %s", r->at + 1, what);
}

static void skip_blanks(struct reading *r)
{
    while (r->at < r->text.size && strchr(" \t\r\n", r->text.data[r->at]) && r->text.data[r->at])
        r->at++;
}

static bool take(struct reading *r, struct slice symbol)
{
    skip_blanks(r);
    if (!slice_starts_with(slice_sub(r->text, r->at, r->text.size), symbol))
        return false;
    r->at += symbol.size;
    return true;
}

static struct slice peek_word(struct reading *r)
{
    skip_blanks(r);
    size_t end = r->at;
    while (end < r->text.size && is_name_byte(r->text.data[end]))
        end++;
    return slice_sub(r->text, r->at, end);
}

static bool take_word(struct reading *r, const char *word)
{
    struct slice w = peek_word(r);
    if (!slice_eq_cstr(w, word))
        return false;
    r->at += w.size;
    return true;
}

static bool to_number(struct slice s, double *ret)
{
    char text[64], *end;
    s = slice_trim(s);
    if (s.size == 0 || s.size >= sizeof(text) ||
        !(strchr("+-.", s.data[0]) || (s.data[0] >= '0' && s.data[0] <= '9')))
        return false;
    memcpy(text, s.data, s.size);
    text[s.size] = 0;
    *ret = strtod(text, &end);
    return *end == 0 && isfinite(*ret);
}

/* `counts`: its value decides something. */
static int read_value(struct reading *r, bool counts, struct slice *ret)
{
    struct slice word, step, key;
    double number;
    skip_blanks(r);
    char quote = r->at < r->text.size ? r->text.data[r->at] : 0;
    *ret = SLICE("");
    if (quote == '"' || quote == '\'') {
        struct slice rest = slice_sub(r->text, r->at + 1, r->text.size);
        ptrdiff_t end = slice_find_byte(rest, quote);
        if (end < 0)
            return expected(r, "the quote is not closed");
        *ret = slice_sub(rest, 0, (size_t)end);
        r->at += (size_t)end + 2;
        return 0;
    }
    word = peek_word(r);
    if (split(word, &step, &key)) {
        if ((counts || r->checks) && !r->look(r->ctx, step, key, ret))
            *ret = SLICE("");
    } else if (to_number(word, &number) || slice_eq_cstr(word, "true") ||
               slice_eq_cstr(word, "false")) {
        *ret = word;
    } else {
        return expected(r, "a value is wanted: steps.NAME.KEY, \"text\", a number, true or false");
    }
    r->at += word.size;
    return 0;
}

static enum compare read_compare(struct reading *r)
{
    /* The longer ones first. */
    static const struct {
        const char *text;
        enum compare is;
    } all[] = {{"==", EQUAL},      {"!=", DIFFERENT}, {"<=", LESS_EQUAL},
               {">=", MORE_EQUAL}, {"<", LESS},       {">", MORE}};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (take(r, slice_from(all[i].text)))
            return all[i].is;
    return NONE;
}

static bool is_true(struct slice s)
{
    return s.size && !slice_eq_cstr(s, "0") && !slice_eq_cstr(s, "false");
}

static int compare_numbers(struct reading *r, enum compare c, struct slice a, struct slice b,
                           bool *ret)
{
    double x, y;
    bool left = to_number(a, &x), right = to_number(b, &y);
    struct slice bad = slice_sub(left ? b : a, 0, 60);
    if (!left || !right)
        return err_set(r->err, -EINVAL, "column %zu: \"%.*s\" is no number", r->at, SLICE_ARG(bad));
    *ret = c == LESS ? x < y : c == LESS_EQUAL ? x <= y : c == MORE ? x > y : x >= y;
    return 0;
}

static int read_compared(struct reading *r, bool counts, bool *ret)
{
    struct slice a, b;
    int code = read_value(r, counts, &a);
    if (code < 0)
        return code;
    enum compare c = read_compare(r);
    if (c == NONE) {
        *ret = is_true(a);
        return 0;
    }
    code = read_value(r, counts, &b);
    if (code < 0 || !counts)
        return code;
    if (c == EQUAL || c == DIFFERENT) {
        *ret = slice_eq(a, b) == (c == EQUAL);
        return 0;
    }
    return compare_numbers(r, c, a, b, ret);
}

static int read_any(struct reading *r, bool counts, bool *ret);

static int read_not(struct reading *r, bool counts, bool *ret)
{
    bool negated = false;
    int code;
    while (take_word(r, "not"))
        negated = !negated;
    if (!take(r, SLICE("("))) {
        code = read_compared(r, counts, ret);
    } else if (++r->depth > STEP_IF_DEPTH_MAX) {
        code = expected(r, "brackets stand inside each other too deep");
    } else {
        code = read_any(r, counts, ret);
        r->depth--;
        if (code == 0 && !take(r, SLICE(")")))
            code = expected(r, "a ) is wanted");
    }
    *ret ^= negated;
    return code;
}

static int read_all(struct reading *r, bool counts, bool *ret)
{
    int code = read_not(r, counts, ret);
    while (code == 0 && take_word(r, "and")) {
        bool more = false;
        code = read_not(r, counts && *ret, &more);
        *ret = *ret && more;
    }
    return code;
}

static int read_any(struct reading *r, bool counts, bool *ret)
{
    int code = read_all(r, counts, ret);
    while (code == 0 && take_word(r, "or")) {
        bool more = false;
        code = read_all(r, counts && !*ret, &more);
        *ret = *ret || more;
    }
    return code;
}

static int read_condition(struct reading *r, bool *ret)
{
    bool is = false;
    if (r->text.size > STEP_IF_BYTES_MAX)
        return err_set(r->err, -EINVAL, "it is longer than %d bytes", STEP_IF_BYTES_MAX);
    int code = read_any(r, !r->checks, &is);
    skip_blanks(r);
    if (code == 0 && r->at < r->text.size)
        code = expected(r, "\"and\", \"or\" or the end is wanted");
    if (code == 0)
        *ret = is;
    return code;
}

int step_if_check(struct slice text, step_look_fn *look, void *ctx, struct err *err)
{
    struct reading r = {.text = text, .checks = true, .look = look, .ctx = ctx, .err = err};
    bool ignored;
    return read_condition(&r, &ignored);
}

int step_if_eval(struct slice text, step_look_fn *look, void *ctx, bool *ret, struct err *err)
{
    struct reading r = {.text = text, .look = look, .ctx = ctx, .err = err};
    return read_condition(&r, ret);
}

/* ---- texts ---- */

/* The next ${steps.…}, or $${; returns what stands before it. *ret_word is what is between the
 * brackets, empty for $${. `text` goes on behind it. False: there is none, and `text` is the rest.
 */
static bool next(struct slice *text, struct slice *ret_before, struct slice *ret_word)
{
    for (size_t i = 0; i + 1 < text->size; i++) {
        struct slice rest = slice_sub(*text, i, text->size);
        bool escaped = slice_starts_with(rest, SLICE("$${"));
        if (!escaped && !slice_starts_with(rest, SLICE("${steps.")))
            continue;
        ptrdiff_t end = slice_find_byte(rest, '}');
        size_t used = escaped ? 3 : end < 0 ? rest.size : (size_t)end + 1;
        *ret_before = slice_sub(*text, 0, i);
        /* One that is not closed is none: "steps." alone is refused. */
        *ret_word = escaped ? SLICE("") : slice_sub(rest, 2, end < 0 ? 8 : (size_t)end);
        *text = slice_sub(rest, used, rest.size);
        return true;
    }
    return false;
}

bool step_text_has(struct slice text)
{
    struct slice before, word;
    return next(&text, &before, &word);
}

static int bad_word(struct slice word, struct err *err)
{
    word = slice_sub(word, 0, 80);
    return err_set(err, -EINVAL, "${%.*s}: ${steps.NAME.KEY} is wanted ($${ is ${ itself)",
                   SLICE_ARG(word));
}

int step_text_check(struct slice text, step_look_fn *look, void *ctx, struct err *err)
{
    struct slice before, word, step, key, value;
    while (next(&text, &before, &word)) {
        if (word.size == 0)
            continue;
        if (!split(word, &step, &key))
            return bad_word(word, err);
        look(ctx, step, key, &value);
    }
    return 0;
}

int step_text_expand(struct slice text, step_look_fn *look, void *ctx, struct buf *out,
                     struct err *err)
{
    struct slice before, word, step, key, value;
    while (next(&text, &before, &word)) {
        buf_append_slice(out, before);
        if (word.size == 0) {
            buf_append_cstr(out, "${");
            continue;
        }
        if (!split(word, &step, &key))
            return bad_word(word, err);
        if (!look(ctx, step, key, &value))
            return err_set(err, -EINVAL, "${%.*s}: the step said nothing of it", SLICE_ARG(word));
        buf_append_slice(out, value);
    }
    return buf_append_slice(out, text);
}
