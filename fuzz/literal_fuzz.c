/* A literal, right or wrong. What is accepted is the same by itself; a whole number reads back from
 * its decimal text, a string from its quoted one; and every question about a constant is answered.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>

#include "lang/constant.h"
#include "lang/go_quote.h"

enum { ARENA_BYTES_MAX = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int scan(struct slice text, struct literal *ret)
{
    char c = text.data[0];
    if (c == '\'')
        return literal_scan_rune(text, ret);
    if (c == '"' || c == '`')
        return literal_scan_string(text, ret);
    return literal_scan_number(text, ret);
}

static bool begins_literal(struct slice text)
{
    if (text.size == 0)
        return false;
    char c = text.data[0], next = text.size > 1 ? text.data[1] : 0;
    return (c >= '0' && c <= '9') || c == '\'' || c == '"' || c == '`' ||
           (c == '.' && next >= '0' && next <= '9');
}

static void check_number(struct arena *a, struct constant v)
{
    struct buf text = BUF(MEM_TEST, 0);
    struct constant back, whole, float_form;
    bool same, is_whole;
    double d;
    assert(constant_append(&text, a, v) == 0 && text.size);
    buf_clear(&text);
    assert(constant_append_exact(&text, a, v) == 0 && text.size);
    if (v.kind == CONSTANT_INT) {
        assert(constant_literal(a, LITERAL_INT, buf_slice(&text), &back) == 0);
        assert(constant_compare(a, CONSTANT_EQ, v, back, &same) == 0 && same);
    }
    assert(constant_to_f64(a, v, &d) == 0);
    assert(constant_to_float(a, v, &float_form) == 0);
    assert(constant_compare(a, CONSTANT_EQ, v, float_form, &same) == 0);
    int r = constant_to_int(a, v, &is_whole, &whole);
    assert(r == 0 || r == -ERANGE);
    for (int t = 0; t < CONSTANT_TYPE_COUNT; t++) {
        enum constant_fit fit;
        assert(constant_fit(a, v, (enum constant_type)t, &fit, NULL) == 0);
    }
    r = constant_binary(a, CONSTANT_MUL, v, float_form, &back);
    assert(r == 0 || r == -ERANGE);
    buf_done(&text);
}

static void check_text(struct arena *a, struct slice s)
{
    struct buf quoted = BUF(MEM_TEST, 0);
    struct slice back;
    assert(go_quote_append(&quoted, s, '"', GO_QUOTE_ASCII) == 0);
    assert(go_unquote(buf_slice(&quoted), a, &back) == 0 && slice_eq(s, back));
    buf_done(&quoted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    struct arena a = ARENA(MEM_TEST, ARENA_BYTES_MAX);
    struct literal l, again;
    struct constant v;
    if (!begins_literal(text))
        return 0;
    int r = scan(text, &l);
    assert(l.size >= 1 && l.size <= size && l.fault_at <= l.size);
    assert(r == (l.fault[0] ? -EINVAL : 0));
    if (r == 0) {
        struct slice alone = slice_sub(text, 0, l.size);
        assert(scan(alone, &again) == 0 && again.size == l.size && again.kind == l.kind);
        r = constant_literal(&a, l.kind, alone, &v);
        assert(r == 0 || r == -ERANGE || l.kind == LITERAL_IMAGINARY);
        if (r == 0 && v.kind == CONSTANT_STRING)
            check_text(&a, v.text);
        else if (r == 0)
            check_number(&a, v);
    }
    arena_done(&a);
    return 0;
}
