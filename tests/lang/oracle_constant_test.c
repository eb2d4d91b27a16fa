/* Literals, expressions of untyped constants, and what fits which type, beside real Go's. */
#include <errno.h>

#include "lang/constant.h"
#include "tests/lang/oracle.h"

enum { STACK_MAX = 64 };

static void hex_of(struct buf *to, const struct buf *text)
{
    oracle_hex(to, buf_slice(text));
}

static void append_bits64(struct buf *to, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    buf_printf(to, " %llx", (unsigned long long)bits);
}

static void append_bits32(struct buf *to, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof(bits));
    buf_printf(to, " %x", bits);
}

static int describe_number(struct buf *to, struct arena *a, struct constant v)
{
    double f64;
    float f32;
    bool is_whole;
    struct constant whole = {0};
    struct buf text = BUF(MEM_TEST, 0);
    int r = constant_to_f64(a, v, &f64);
    if (r == 0)
        r = constant_to_f32(a, v, &f32);
    if (r == 0)
        r = constant_to_int(a, v, &is_whole, &whole);
    if (r == 0) {
        append_bits64(to, f64);
        append_bits32(to, f32);
        buf_append_byte(to, ' ');
        r = constant_append_exact(&text, a, whole);
        hex_of(to, &text);
    }
    buf_done(&text);
    return r;
}

static int describe(struct buf *to, struct arena *a, struct constant v)
{
    static const char *const kinds[] = {"unknown", "Bool", "String", "Int", "Float"};
    struct buf text = BUF(MEM_TEST, 0);
    buf_append_cstr(to, kinds[v.kind]);
    int r = constant_append_exact(&text, a, v);
    buf_append_byte(to, ' ');
    hex_of(to, &text);
    buf_clear(&text);
    if (r == 0)
        r = constant_append(&text, a, v);
    buf_append_byte(to, ' ');
    hex_of(to, &text);
    buf_done(&text);
    if (r == 0 && (v.kind == CONSTANT_INT || v.kind == CONSTANT_FLOAT))
        r = describe_number(to, a, v);
    return r;
}

/* ---- literals ---- */

static const char *const literal_kinds[] = {"int", "float", "imaginary", "rune", "string"};

static int scan(struct slice text, struct literal *ret)
{
    if (text.data[0] == '\'')
        return literal_scan_rune(text, ret);
    if (text.data[0] == '"' || text.data[0] == '`')
        return literal_scan_string(text, ret);
    return literal_scan_number(text, ret);
}

/* What is too large for any constant is unknown to Go, and an overflow to us. */
static bool literal_agrees(const struct oracle_case *c, struct buf *ours)
{
    struct slice text = oracle_unhex(c->arena, c->fields[0]);
    struct literal l;
    struct constant v;
    int r = scan(text, &l);
    buf_printf(ours, "%s %zu %s ", literal_kinds[l.kind], l.size, l.fault);
    if (strcmp(c->fields[2], "wrong") == 0)
        return r == -EINVAL && l.fault[0];
    if (r < 0 || strcmp(literal_kinds[l.kind], c->fields[1]) != 0 ||
        l.size != strtoul(c->fields[2], NULL, 10))
        return false;
    if (l.kind == LITERAL_IMAGINARY)
        return true;
    r = constant_literal(c->arena, l.kind, slice_sub(text, 0, l.size), &v);
    if (r == -ERANGE)
        return strcmp(c->fields[3], "unknown") == 0;
    buf_clear(ours);
    if (r == 0)
        r = describe(ours, c->arena, v);
    if (r < 0)
        buf_printf(ours, " failed %d", r);
    return r == 0 && strcmp(ours->data, c->fields[3]) == 0;
}

static void literals_are_what_go_takes_them_for(void)
{
    oracle_run("literal", 30000, 1, literal_agrees);
}

/* ---- expressions ---- */

static const struct {
    const char *word;
    enum constant_op op;
} binary_words[] = {
    {"+", CONSTANT_ADD},      {"-", CONSTANT_SUB},      {"*", CONSTANT_MUL},   {"/", CONSTANT_QUO},
    {"//", CONSTANT_QUO_INT}, {"%", CONSTANT_REM},      {"&", CONSTANT_AND},   {"|", CONSTANT_OR},
    {"^", CONSTANT_XOR},      {"&^", CONSTANT_AND_NOT}, {"&&", CONSTANT_LAND}, {"||", CONSTANT_LOR},
    {"==", CONSTANT_EQ},      {"!=", CONSTANT_NE},      {"<", CONSTANT_LT},    {"<=", CONSTANT_LE},
    {">", CONSTANT_GT},       {">=", CONSTANT_GE},
};

static int push_literal(struct arena *a, const char *word, struct constant *ret)
{
    const char *colon = strchr(word, ':');
    for (size_t i = 0; i < sizeof(literal_kinds) / sizeof(literal_kinds[0]); i++)
        if (strncmp(word, literal_kinds[i], (size_t)(colon - word)) == 0)
            return constant_literal(a, (enum literal_kind)i, oracle_unhex(a, colon + 1), ret);
    return -EINVAL;
}

static int unary(struct arena *a, const char *word, struct constant *top)
{
    size_t letters = word[0] == '~' ? 1 : 2; /* before its number */
    unsigned long n = strlen(word) > letters ? strtoul(word + letters, NULL, 10) : 0;
    if (strncmp(word, "<<", 2) == 0 || strncmp(word, ">>", 2) == 0)
        return constant_shift(a, *top, word[0] == '<', n, top);
    if (word[0] == '~')
        return constant_unary(a, CONSTANT_COMPLEMENT, *top, (unsigned)n, top);
    if (strcmp(word, "neg") == 0)
        return constant_unary(a, CONSTANT_MINUS, *top, 0, top);
    if (strcmp(word, "!") == 0)
        return constant_unary(a, CONSTANT_NOT, *top, 0, top);
    if (strcmp(word, "float") == 0)
        return constant_to_float(a, *top, top);
    return strcmp(word, "nop") == 0 ? 0 : -EINVAL;
}

static int step(struct arena *a, const char *word, struct constant *values, size_t *count)
{
    if (strchr(word, ':'))
        return push_literal(a, word, &values[(*count)++]);
    struct constant *top = &values[*count - 1];
    if (strcmp(word, "drop") == 0) {
        top[-1] = top[0];
        --*count;
        return 0;
    }
    for (size_t i = 0; i < sizeof(binary_words) / sizeof(binary_words[0]); i++) {
        if (strcmp(word, binary_words[i].word) != 0)
            continue;
        bool truth;
        enum constant_op op = binary_words[i].op;
        --*count;
        if (op < CONSTANT_EQ)
            return constant_binary(a, op, top[-1], top[0], &top[-1]);
        int r = constant_compare(a, op, top[-1], top[0], &truth);
        top[-1] = constant_bool(truth);
        return r;
    }
    return unary(a, word, top);
}

static bool constant_agrees(const struct oracle_case *c, struct buf *ours)
{
    struct constant *values = arena_alloc_array(c->arena, STACK_MAX, sizeof(*values));
    size_t count = 0;
    int r = 0;
    char *words = arena_strdup(c->arena, slice_from(c->fields[0]));
    for (char *word = words; word && r == 0;) {
        char *next = strchr(word, ' ');
        if (next)
            *next++ = 0;
        r = step(c->arena, word, values, &count);
        word = next;
    }
    if (r == -ERANGE)
        return strcmp(c->fields[1], "unknown") == 0;
    if (r == 0)
        r = describe(ours, c->arena, values[count - 1]);
    if (r < 0)
        buf_printf(ours, " failed %d", r);
    return r == 0 && strcmp(ours->data, c->fields[1]) == 0;
}

static void expressions_come_to_what_go_computes(void)
{
    oracle_run("constant", 15000, 1, constant_agrees);
}

/* ---- what fits ---- */

static const char *const types[CONSTANT_TYPE_COUNT] = {
    [CONSTANT_TYPE_INT] = "int",         [CONSTANT_TYPE_INT8] = "int8",
    [CONSTANT_TYPE_INT16] = "int16",     [CONSTANT_TYPE_INT32] = "int32",
    [CONSTANT_TYPE_INT64] = "int64",     [CONSTANT_TYPE_UINT] = "uint",
    [CONSTANT_TYPE_UINT8] = "uint8",     [CONSTANT_TYPE_UINT16] = "uint16",
    [CONSTANT_TYPE_UINT32] = "uint32",   [CONSTANT_TYPE_UINT64] = "uint64",
    [CONSTANT_TYPE_UINTPTR] = "uintptr", [CONSTANT_TYPE_FLOAT32] = "float32",
    [CONSTANT_TYPE_FLOAT64] = "float64", [CONSTANT_TYPE_BOOL] = "bool",
    [CONSTANT_TYPE_STRING] = "string",
};

static bool fit_agrees(const struct oracle_case *c, struct buf *ours)
{
    static const char *const verdicts[] = {"fits", "truncated", "overflows", "mismatch"};
    struct slice text = oracle_unhex(c->arena, c->fields[0]);
    bool negative = text.data[0] == '-';
    struct literal l;
    struct constant v;
    enum constant_fit fit;
    int type = 0, r = 0;
    text = slice_sub(text, negative, text.size);
    while (strcmp(types[type], c->fields[1]) != 0)
        type++;
    if (slice_eq(text, SLICE("true")))
        v = constant_bool(true);
    else if (scan(text, &l) < 0)
        return false;
    else
        r = constant_literal(c->arena, l.kind, text, &v);
    if (r == 0 && negative)
        r = constant_unary(c->arena, CONSTANT_MINUS, v, 0, &v);
    if (r == 0)
        r = constant_fit(c->arena, v, (enum constant_type)type, &fit, &v);
    if (r < 0)
        return false;
    buf_append_cstr(ours, verdicts[fit]);
    if (strcmp(ours->data, c->fields[2]) != 0 || fit != CONSTANT_FITS)
        return strcmp(ours->data, c->fields[2]) == 0;
    struct buf exact = BUF(MEM_TEST, 0);
    buf_clear(ours);
    r = constant_append_exact(&exact, c->arena, v);
    hex_of(ours, &exact);
    buf_done(&exact);
    return r == 0 && strcmp(ours->data, c->fields[3]) == 0;
}

static void what_fits_is_what_fits_in_go(void)
{
    oracle_run("fit", 8000, 1, fit_agrees);
}

int main(void)
{
    TAP_RUN(literals_are_what_go_takes_them_for);
    TAP_RUN(expressions_come_to_what_go_computes);
    TAP_RUN(what_fits_is_what_fits_in_go);
    return tap_done();
}
