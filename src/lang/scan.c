#include "lang/scan.h"

#include "base/utf8.h"
#include "lang/literal.h"
#include "lang/unicode.h"

enum { BYTE_OTHER, BYTE_LETTER, BYTE_DIGIT };

static int byte_class(unsigned char c)
{
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
        return BYTE_LETTER;
    if (c == '_')
        return BYTE_LETTER;
    return c >= '0' && c <= '9' ? BYTE_DIGIT : BYTE_OTHER;
}

void scan_init(struct scan *s, struct slice text, source_place first, struct names *names,
               struct config_faults *faults)
{
    *s = (struct scan){.text = text, .first = first, .names = names, .faults = faults};
    if (slice_starts_with(text, SLICE("\xef\xbb\xbf")))
        s->at = 3;
}

static source_place place(const struct scan *s, size_t at)
{
    return s->first + (source_place)at;
}

static void fault(struct scan *s, size_t at, size_t end, const char *message)
{
    config_fault_add(s->faults, CONFIG_FAULT_SYNTAX, place(s, at), place(s, end), "%s", message);
}

static unsigned char peek(const struct scan *s, size_t ahead)
{
    return s->at + ahead < s->text.size ? (unsigned char)s->text.data[s->at + ahead] : 0;
}

/* ASCII without NUL: nearly all texts are. */
static bool is_plain(struct slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] - 1u >= 0x7f)
            return false;
    return true;
}

/* Quotes and comments hold UTF-8 without NUL. */
static const char *bytes_fault(struct slice text)
{
    if (is_plain(text))
        return NULL;
    if (utf8_valid_bytes(text) < text.size)
        return "invalid UTF-8 encoding";
    if (slice_find_byte(text, 0) >= 0)
        return "invalid character NUL";
    return slice_find(text, SLICE("\xef\xbb\xbf")) >= 0 ? "invalid byte order mark in the text"
                                                        : NULL;
}

/* Whether a function is declared behind the comments that go on here. */
static bool func_follows(struct slice rest)
{
    while (rest.data && slice_starts_with(rest, SLICE("//")))
        slice_cut(&rest, '\n');
    return rest.data && slice_starts_with(rest, SLICE("func "));
}

/* //go:build and its like change what real Go compiles, and it refuses those that stand where they
 * say nothing. Only what is for tools, or about the code of a function, is let through. */
static void refuse_directive(struct scan *s, size_t from, struct slice comment)
{
    bool begins_line = from == 0 || s->text.data[from - 1] == '\n';
    if (!begins_line || !slice_starts_with(comment, SLICE("//go:")) ||
        slice_starts_with(comment, SLICE("//go:generate ")))
        return;
    if (slice_starts_with(comment, SLICE("//go:no")) &&
        (slice_ends_with(comment, SLICE("inline")) || slice_ends_with(comment, SLICE("split"))) &&
        func_follows(slice_sub(s->text, from, s->text.size)))
        return;
    size_t size = 0;
    while (size < comment.size && comment.data[size] > ' ')
        size++;
    config_fault_add(s->faults, CONFIG_FAULT_NOT_IN_SUBSET, place(s, from), place(s, from + size),
                     "directives like %.*s are not in the Firebreak subset", (int)size,
                     comment.data);
}

static void check_comment(struct scan *s, size_t from)
{
    struct slice comment = slice_sub(s->text, from, s->at);
    const char *wrong = bytes_fault(comment);
    ptrdiff_t line = slice_find_byte(comment, '\n');
    if (wrong)
        fault(s, from, line > 0 ? from + (size_t)line : s->at, wrong);
    refuse_directive(s, from, comment);
}

/* Behind the comment that begins here. Returns whether a line ended within it. */
static bool skip_comment(struct scan *s)
{
    size_t from = s->at;
    struct slice rest = slice_sub(s->text, from + 2, s->text.size);
    if (peek(s, 1) == '/') {
        ptrdiff_t end = slice_find_byte(rest, '\n');
        s->at = end < 0 ? s->text.size : from + 2 + (size_t)end;
        check_comment(s, from);
        return false; /* the newline itself is still to come */
    }
    ptrdiff_t end = slice_find(rest, SLICE("*/"));
    if (end < 0) {
        fault(s, from, from + 2, "comment not terminated: */ is missing");
        s->at = s->text.size;
        return true;
    }
    s->at = from + 2 + (size_t)end + 2;
    check_comment(s, from);
    return slice_find_byte(slice_sub(rest, 0, (size_t)end), '\n') >= 0;
}

/* Skips blanks and comments. Returns whether a semicolon belongs here; *ret_at is its place. */
static bool skip_blank(struct scan *s, size_t *ret_at)
{
    for (;;) {
        unsigned char c = peek(s, 0);
        *ret_at = s->at;
        if (s->at >= s->text.size)
            return s->may_end;
        if (c == '\n' && s->may_end)
            return true;
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            s->at++;
            continue;
        }
        if (c != '/' || (peek(s, 1) != '/' && peek(s, 1) != '*'))
            return false;
        if (skip_comment(s) && s->may_end)
            return true;
    }
}

/* One character of a name that is not ASCII, or a foreign one. Returns its bytes, 0: no part. */
static size_t wide_letter(const struct scan *s, size_t at, bool first)
{
    struct slice rest = slice_sub(s->text, at, s->text.size);
    size_t before = rest.size;
    bool valid;
    uint32_t c = utf8_next(&rest, &valid);
    if (!valid || (!unicode_is_letter(c) && (first || !unicode_is_digit(c))))
        return 0;
    return before - rest.size;
}

static size_t name_end(const struct scan *s, size_t at)
{
    for (;;) {
        while (at < s->text.size && byte_class((unsigned char)s->text.data[at]) != BYTE_OTHER)
            at++;
        if (at >= s->text.size || (unsigned char)s->text.data[at] < 0x80)
            return at;
        size_t more = wide_letter(s, at, false);
        if (!more)
            return at;
        at += more;
    }
}

static void scan_name(struct scan *s, struct token *t)
{
    size_t end = name_end(s, s->at);
    t->name = name_intern(s->names, slice_sub(s->text, s->at, end));
    s->at = end;
    if (t->name >= NAME_KEYWORD_END) {
        t->kind = TOKEN_NAME;
        s->may_end = true;
        return;
    }
    t->kind = (uint8_t)(t->name - 1 + TOKEN_KEYWORD_FIRST);
    s->may_end = t->kind == TOKEN_BREAK || t->kind == TOKEN_CONTINUE ||
                 t->kind == TOKEN_FALLTHROUGH || t->kind == TOKEN_RETURN;
}

static void scan_literal(struct scan *s, struct token *t)
{
    static const uint8_t kinds[] = {
        [LITERAL_INT] = TOKEN_INT,       [LITERAL_FLOAT] = TOKEN_FLOAT,
        [LITERAL_RUNE] = TOKEN_RUNE,     [LITERAL_IMAGINARY] = TOKEN_IMAGINARY,
        [LITERAL_STRING] = TOKEN_STRING,
    };
    struct slice rest = slice_sub(s->text, s->at, s->text.size);
    struct literal l;
    char c = rest.data[0];
    int r = c == '\''              ? literal_scan_rune(rest, &l)
            : c == '"' || c == '`' ? literal_scan_string(rest, &l)
                                   : literal_scan_number(rest, &l);
    t->kind = kinds[l.kind];
    const char *wrong = r < 0 ? l.fault : NULL;
    if (!wrong && (c == '\'' || c == '"' || c == '`'))
        wrong = bytes_fault(slice_sub(rest, 0, l.size));
    if (wrong) {
        struct slice shown = slice_sub(rest, 0, l.size);
        ptrdiff_t line = slice_find_byte(shown, '\n');
        fault(s, s->at, s->at + (line > 0 ? (size_t)line : l.size), wrong);
        t->is_bad = true;
    }
    s->at += l.size;
    s->may_end = true;
}

/* One byte, or with the same one, '=' or another behind it: Go's operators in one table. */
struct operator
{
    uint8_t alone, with_equal; /* tokens; ERROR: no such operator */
    char second;               /* a second byte that makes a third one */
    uint8_t with_second, second_with_equal;
};

#define OP(ALONE, EQUAL)                                          \
    {                                                             \
        TOKEN_##ALONE, TOKEN_##EQUAL, 0, TOKEN_ERROR, TOKEN_ERROR \
    }
#define OP2(ALONE, EQUAL, C, SECOND, SE)                            \
    {                                                               \
        TOKEN_##ALONE, TOKEN_##EQUAL, C, TOKEN_##SECOND, TOKEN_##SE \
    }

static const struct operator operators[128] = {
    ['{'] = OP(LBRACE, ERROR),
    ['}'] = OP(RBRACE, ERROR),
    ['('] = OP(LPAREN, ERROR),
    [')'] = OP(RPAREN, ERROR),
    ['['] = OP(LBRACK, ERROR),
    [']'] = OP(RBRACK, ERROR),
    [','] = OP(COMMA, ERROR),
    [';'] = OP(SEMICOLON, ERROR),
    ['.'] = OP(PERIOD, ERROR),
    ['~'] = OP(TILDE, ERROR),
    [':'] = OP(COLON, DEFINE),
    ['='] = OP(ASSIGN, EQ),
    ['!'] = OP(NOT, NE),
    ['*'] = OP(MUL, MUL_ASSIGN),
    ['/'] = OP(QUO, QUO_ASSIGN),
    ['%'] = OP(REM, REM_ASSIGN),
    ['^'] = OP(XOR, XOR_ASSIGN),
    ['+'] = OP2(ADD, ADD_ASSIGN, '+', INC, ERROR),
    ['-'] = OP2(SUB, SUB_ASSIGN, '-', DEC, ERROR),
    ['|'] = OP2(OR, OR_ASSIGN, '|', LOR, ERROR),
    ['>'] = OP2(GT, GE, '>', SHR, SHR_ASSIGN),
};

/* The operator that starts with this byte: the longest that fits. */
static enum token_kind operator_of(const struct scan *s, size_t *ret_size)
{
    unsigned char c = peek(s, 0), d = peek(s, 1), e = peek(s, 2);
    *ret_size = 1;
    if (c == '.' && d == '.' && e == '.')
        return *ret_size = 3, TOKEN_ELLIPSIS;
    if (c == '&' && d == '^')
        return *ret_size = e == '=' ? 3 : 2, e == '=' ? TOKEN_AND_NOT_ASSIGN : TOKEN_AND_NOT;
    if (c == '&' || c == '<') { /* have a third form each */
        bool twice = d == c, shift = c == '<';
        if (shift && d == '-')
            return *ret_size = 2, TOKEN_ARROW;
        *ret_size = twice ? (shift && e == '=' ? 3 : 2) : d == '=' ? 2 : 1;
        if (twice)
            return !shift ? TOKEN_LAND : e == '=' ? TOKEN_SHL_ASSIGN : TOKEN_SHL;
        return d == '=' ? (shift ? TOKEN_LE : TOKEN_AND_ASSIGN) : shift ? TOKEN_LT : TOKEN_AND;
    }
    if (c >= 128 || !operators[c].alone)
        return TOKEN_ERROR;
    const struct operator* o = & operators[c];
    if (o->second && d == (unsigned char)o->second) {
        bool equal = e == '=' && o->second_with_equal != TOKEN_ERROR;
        *ret_size = equal ? 3 : 2;
        return (enum token_kind)(equal ? o->second_with_equal : o->with_second);
    }
    if (d != '=' || o->with_equal == TOKEN_ERROR)
        return (enum token_kind)o->alone;
    *ret_size = 2;
    return (enum token_kind)o->with_equal;
}

static void scan_foreign(struct scan *s, struct token *t)
{
    struct slice rest = slice_sub(s->text, s->at, s->text.size);
    size_t before = rest.size;
    bool valid;
    uint32_t c = utf8_next(&rest, &valid);
    size_t size = before - rest.size;
    t->kind = TOKEN_ERROR;
    t->is_bad = true;
    config_fault_add(s->faults, CONFIG_FAULT_SYNTAX, place(s, s->at), place(s, s->at + size),
                     valid ? "invalid character U+%04X" : "invalid UTF-8 encoding", c);
    s->at += size;
}

static void scan_operator(struct scan *s, struct token *t)
{
    size_t size = 1;
    enum token_kind kind = operator_of(s, &size);
    if (kind == TOKEN_ERROR) {
        scan_foreign(s, t);
        return;
    }
    t->kind = (uint8_t)kind;
    s->at += size;
    s->may_end = kind == TOKEN_RPAREN || kind == TOKEN_RBRACK || kind == TOKEN_RBRACE ||
                 kind == TOKEN_INC || kind == TOKEN_DEC;
}

void scan_next(struct scan *s, struct token *ret)
{
    size_t at;
    *ret = (struct token){0};
    if (skip_blank(s, &at)) {
        ret->kind = TOKEN_SEMICOLON;
        ret->is_newline = true;
        ret->at = place(s, at);
        ret->end = ret->at;
        s->may_end = false;
        return;
    }
    ret->at = place(s, s->at);
    unsigned char c = peek(s, 0);
    if (s->at >= s->text.size)
        ret->kind = TOKEN_END;
    else if (byte_class(c) == BYTE_LETTER || (c >= 0x80 && wide_letter(s, s->at, true)))
        scan_name(s, ret);
    else if (byte_class(c) == BYTE_DIGIT || c == '"' || c == '`' || c == '\'' ||
             (c == '.' && byte_class(peek(s, 1)) == BYTE_DIGIT))
        scan_literal(s, ret);
    else
        scan_operator(s, ret);
    ret->end = place(s, s->at);
}

size_t scan_token_end(struct slice text, size_t at)
{
    if (at >= text.size)
        return at + 1;
    struct scan s = {.text = text, .at = at};
    unsigned char c = (unsigned char)text.data[at];
    struct slice rest = slice_sub(text, at, text.size);
    struct literal l;
    size_t size = 1;
    if (byte_class(c) == BYTE_LETTER || c >= 0x80)
        size = name_end(&s, at) - at;
    else if (c == '"')
        literal_scan_string(rest, &l), size = l.size;
    else if (c == '\'')
        literal_scan_rune(rest, &l), size = l.size;
    else if (byte_class(c) == BYTE_DIGIT)
        literal_scan_number(rest, &l), size = l.size;
    else if (c != '`')
        operator_of(&s, &size);
    return at + (size ? size : 1);
}
