#include "model/selector.h"

#include <errno.h>

static bool is_word_byte(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
           (c && strchr("-_./:", c));
}

bool selector_is_word(struct slice s)
{
    size_t i = 0;
    while (i < s.size && is_word_byte(s.data[i]))
        i++;
    return s.size && i == s.size;
}

struct reader {
    struct slice text;
    size_t at;
    struct err *err;
};

static char peek(struct reader *r)
{
    while (r->at < r->text.size && (r->text.data[r->at] == ' ' || r->text.data[r->at] == '\t'))
        r->at++;
    return r->at < r->text.size ? r->text.data[r->at] : 0;
}

static struct slice word(struct reader *r)
{
    peek(r);
    size_t from = r->at;
    while (r->at < r->text.size && is_word_byte(r->text.data[r->at]))
        r->at++;
    return slice_sub(r->text, from, r->at);
}

static int bad(struct reader *r, const char *expected)
{
    return err_set(r->err, -EINVAL, "byte %zu of the selector '%.*s': expected %s", r->at + 1,
                   SLICE_ARG(r->text), expected);
}

/* "(a,b)", each a word or nothing. */
static int set(struct reader *r, struct slice *ret)
{
    if (peek(r) != '(')
        return bad(r, "'('");
    size_t from = ++r->at;
    uint32_t count = 0;
    for (;;) {
        word(r);
        char c = peek(r);
        if (++count > SELECTOR_VALUES_MAX)
            return bad(r, "fewer values");
        if (c == ')')
            break;
        if (c != ',')
            return bad(r, "',' or ')'");
        r->at++;
    }
    *ret = slice_sub(r->text, from, r->at++);
    return 0;
}

static int equals(struct reader *r, struct selector_term *t)
{
    char c = peek(r);
    t->op = c == '!' ? SELECTOR_NOT_IN : SELECTOR_IN;
    r->at++;
    bool more = r->at < r->text.size && r->text.data[r->at] == '=';
    if (c == '!' && !more)
        return bad(r, "'=' behind '!'");
    r->at += more;
    t->values = word(r);
    return 0;
}

static int term(struct reader *r, struct selector_term *t)
{
    bool not = peek(r) == '!';
    r->at += not ;
    t->key = word(r);
    if (t->key.size == 0)
        return bad(r, "a label's name");
    t->op = not ? SELECTOR_NOT_EXISTS : SELECTOR_EXISTS;
    char c = peek(r);
    if (not || c == 0 || c == ',')
        return 0;
    if (c == '=' || c == '!')
        return equals(r, t);
    struct slice op = word(r);
    if (slice_eq(op, SLICE("in")))
        t->op = SELECTOR_IN;
    else if (slice_eq(op, SLICE("notin")))
        t->op = SELECTOR_NOT_IN;
    else
        return bad(r, "=, !=, in or notin");
    return set(r, &t->values);
}

int selector_parse(struct slice text, struct selector *ret, struct err *err)
{
    struct reader r = {text, 0, err};
    ret->count = 0;
    while (peek(&r)) {
        if (ret->count == SELECTOR_TERMS_MAX)
            return bad(&r, "fewer terms");
        int code = term(&r, &ret->terms[ret->count]);
        if (code < 0)
            return code;
        ret->count++;
        char c = peek(&r);
        if (c && c != ',')
            return bad(&r, "','");
        if (c && (r.at++, !peek(&r)))
            return bad(&r, "a term behind ','");
    }
    return 0;
}

static bool among(struct slice values, struct slice value)
{
    do {
        if (slice_eq(slice_trim(slice_cut(&values, ',')), value))
            return true;
    } while (values.data);
    return false;
}

bool selector_matches(const struct selector *s,
                      bool (*label)(void *ctx, struct slice key, struct slice *ret_value),
                      void *ctx)
{
    for (uint32_t i = 0; i < s->count; i++) {
        const struct selector_term *t = &s->terms[i];
        struct slice value = {0};
        bool there = label(ctx, t->key, &value), ok = false;
        switch (t->op) {
        case SELECTOR_IN:
            ok = there && among(t->values, value);
            break;
        case SELECTOR_NOT_IN:
            ok = !there || !among(t->values, value);
            break;
        case SELECTOR_EXISTS:
            ok = there;
            break;
        case SELECTOR_NOT_EXISTS:
            ok = !there;
            break;
        }
        if (!ok)
            return false;
    }
    return true;
}
