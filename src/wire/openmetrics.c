#include "wire/openmetrics.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "base/plain.h"
#include "base/utf8.h"
#include "wire/number.h"
#include "wire/openmetrics_parser.h"

/* ---- the parser's life ---- */

struct openmetrics *openmetrics_new(const struct openmetrics_options *options)
{
    struct openmetrics *p = mem_alloc(MEM_WIRE, sizeof(*p));
    p->options = *options;
    p->held = BUF(MEM_WIRE, OPENMETRICS_LINE_BYTES_MAX);
    p->scratch = BUF(MEM_WIRE, 0);
    p->family.name = p->family.unit = BUF(MEM_WIRE, 0);
    openmetrics_begin(p, OPENMETRICS_1_0);
    return p;
}

void openmetrics_free(struct openmetrics *p)
{
    if (!p)
        return;
    buf_done(&p->held);
    buf_done(&p->scratch);
    buf_done(&p->family.name);
    buf_done(&p->family.unit);
    map_done(&p->seen);
    mem_free(MEM_WIRE, p);
}

void openmetrics_begin(struct openmetrics *p, enum openmetrics_format format)
{
    p->format = format;
    buf_clear(&p->held);
    p->line = p->column = 0;
    p->eof = false;
    p->family.open = false;
    map_done(&p->seen);
    p->seen = MAP(MEM_WIRE, OPENMETRICS_SEEN_MAX, p->options.seed);
}

uint64_t openmetrics_line(const struct openmetrics *p)
{
    return p->line;
}

uint64_t openmetrics_column(const struct openmetrics *p)
{
    return p->column;
}

enum openmetrics_format openmetrics_format_of(struct slice type)
{
    static const struct slice open = {"application/openmetrics-text", 28};
    type = slice_trim(type);
    return type.size >= open.size && slice_eq_nocase(slice_sub(type, 0, open.size), open)
               ? OPENMETRICS_1_0
               : OPENMETRICS_PROMETHEUS_0_0_4;
}

/* ---- errors ---- */

static int fail_va(struct openmetrics *p, int code, const char *format, va_list args)
{
    char text[ERR_TEXT_MAX];
    vsnprintf(text, sizeof(text), format, args);
    return err_set(p->err, code, "line %llu, column %llu: %s", (unsigned long long)p->line,
                   (unsigned long long)p->column, text);
}

int openmetrics_fail(struct openmetrics *p, const char *at, int code, const char *format, ...)
{
    va_list args;
    p->column = (uint64_t)(at - p->text.data) + 1;
    va_start(args, format);
    int r = fail_va(p, code, format, args);
    va_end(args);
    return r;
}

int openmetrics_fail_line(struct openmetrics *p, uint64_t line, const char *format, ...)
{
    va_list args;
    p->line = line;
    p->column = 1;
    va_start(args, format);
    int r = fail_va(p, -EBADMSG, format, args);
    va_end(args);
    return r;
}

#define FAIL(p, at, ...) openmetrics_fail(p, at, -EBADMSG, __VA_ARGS__)

/* ---- parts of a line ---- */

bool openmetrics_is_name_start(char c, bool colon)
{
    char l = (char)(c | 32);
    return (l >= 'a' && l <= 'z') || c == '_' || (colon && c == ':');
}

bool openmetrics_is_name_part(char c, bool colon)
{
    return openmetrics_is_name_start(c, colon) || (c >= '0' && c <= '9');
}

static const char *line_end(const struct openmetrics *p)
{
    return p->text.data + p->text.size;
}

/* The byte that comes next; '\n' at the end, which no line holds. */
static char peek(const struct openmetrics *p)
{
    return p->at < line_end(p) ? *p->at : '\n';
}

static bool is_older(const struct openmetrics *p)
{
    return p->format == OPENMETRICS_PROMETHEUS_0_0_4;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Where the older format lets blanks stand, and the newer none. */
static void skip_blanks(struct openmetrics *p)
{
    while (is_older(p) && is_blank(peek(p)))
        p->at++;
}

/* Between two parts: a single space, in the older format as many blanks as one likes. */
static int take_space(struct openmetrics *p, const char *before)
{
    if (peek(p) != ' ' && !(is_older(p) && peek(p) == '\t'))
        return FAIL(p, p->at, "a space is missing before %s", before);
    p->at++;
    skip_blanks(p);
    return 0;
}

static int take_name(struct openmetrics *p, bool colon, const char *what, struct slice *ret)
{
    const char *from = p->at;
    if (!openmetrics_is_name_start(peek(p), colon))
        return FAIL(p, from, "%s is missing: it begins with a letter%s", what,
                    colon ? ", '_' or ':'" : " or '_'");
    while (openmetrics_is_name_part(peek(p), colon))
        p->at++;
    *ret = (struct slice){from, (size_t)(p->at - from)};
    return 0;
}

/* Up to the next blank or the line's end. */
static struct slice take_token(struct openmetrics *p)
{
    const char *from = p->at;
    while (p->at < line_end(p) && *p->at != ' ' && !(is_older(p) && *p->at == '\t'))
        p->at++;
    return (struct slice){from, (size_t)(p->at - from)};
}

/* The value between quotes that has a backslash, put into the scratch, which is large enough. */
static struct slice unescaped(struct openmetrics *p, struct slice raw)
{
    char *to, *from_scratch;
    buf_reserve(&p->scratch, raw.size, &to);
    from_scratch = to;
    for (size_t i = 0; i < raw.size; i++) {
        char c = raw.data[i], next = i + 1 < raw.size ? raw.data[i + 1] : 0;
        if (c == '\\' && (next == 'n' || next == '"' || next == '\\')) {
            *to++ = next;
            if (next == 'n')
                to[-1] = '\n';
            i++;
        } else {
            *to++ = c; /* a backslash before anything else stands for itself */
        }
    }
    buf_commit(&p->scratch, (size_t)(to - from_scratch));
    return (struct slice){from_scratch, (size_t)(to - from_scratch)};
}

static int take_value_text(struct openmetrics *p, struct slice *ret)
{
    const char *from = p->at + 1;
    bool escapes = false;
    if (peek(p) != '"')
        return FAIL(p, p->at, "a label's value stands in double quotes");
    for (p->at++; peek(p) != '"'; p->at++) {
        if (p->at == line_end(p))
            return FAIL(p, from - 1, "the quotes that begin here do not end");
        if (*p->at == '\\') {
            escapes = true;
            if (++p->at == line_end(p))
                return FAIL(p, from - 1, "the quotes that begin here do not end");
        }
    }
    *ret = (struct slice){from, (size_t)(p->at - from)};
    p->at++;
    if (escapes)
        *ret = unescaped(p, *ret);
    return 0;
}

static int take_label(struct openmetrics *p, struct openmetrics_labels *to)
{
    struct openmetrics_label l;
    const char *from = p->at;
    int r = take_name(p, false, "a label's name", &l.name);
    if (r < 0)
        return r;
    skip_blanks(p);
    if (peek(p) != '=')
        return FAIL(p, p->at, "'=' is missing behind the label %.*s", SLICE_ARG(l.name));
    p->at++;
    skip_blanks(p);
    r = take_value_text(p, &l.value);
    if (r < 0)
        return r;
    for (uint32_t i = 0; i < to->count; i++)
        if (slice_eq(to->items[i].name, l.name))
            return FAIL(p, from, "the label %.*s stands twice", SLICE_ARG(l.name));
    if (to->count == OPENMETRICS_LABELS_MAX)
        return openmetrics_fail(p, from, -E2BIG, "more than %d labels", OPENMETRICS_LABELS_MAX);
    to->items[to->count++] = l;
    return 0;
}

/* "{…}". */
static int take_labels(struct openmetrics *p, struct openmetrics_labels *to)
{
    const char *from = p->at++;
    to->count = 0;
    for (bool first = true;; first = false) {
        skip_blanks(p);
        if (peek(p) == '}' && (first || is_older(p)))
            break;
        int r = take_label(p, to);
        if (r < 0)
            return r;
        skip_blanks(p);
        if (peek(p) == '}')
            break;
        if (peek(p) == '\n')
            return FAIL(p, from, "the labels that begin here do not end");
        if (peek(p) != ',')
            return FAIL(p, p->at, "',' or '}' is missing behind a label's value");
        p->at++;
    }
    p->at++;
    return 0;
}

/* ---- samples ---- */

/* Sees where the series ends, without looking at its parts. */
static bool skip_series(struct openmetrics *p)
{
    while (openmetrics_is_name_part(peek(p), true))
        p->at++;
    if (peek(p) != '{') {
        const char *next = p->at;
        while (next < line_end(p) && is_blank(*next))
            next++;
        return next > p->at && next < line_end(p) && *next != '{';
    }
    bool quoted = false;
    for (; p->at < line_end(p); p->at++) {
        if (*p->at == '"')
            quoted = !quoted;
        else if (*p->at == '\\' && quoted)
            p->at++;
        else if (*p->at == '}' && !quoted)
            break;
    }
    if (p->at >= line_end(p))
        return false;
    p->at++;
    return true;
}

/* Whether the series is known: then *p stands behind it. */
static bool take_known(struct openmetrics *p)
{
    struct openmetrics_sample *s = &p->sample;
    const char *from = p->at;
    if (!p->options.known || p->options.strict)
        return false;
    if (skip_series(p)) {
        s->series = (struct slice){from, (size_t)(p->at - from)};
        s->known = p->options.known(p->options.ctx, s->series);
    }
    if (!s->known)
        p->at = from;
    return s->known != NULL;
}

static int take_series(struct openmetrics *p)
{
    struct openmetrics_sample *s = &p->sample;
    const char *from = p->at;
    int r = take_name(p, true, "a metric's name", &s->name);
    if (r < 0)
        return r;
    const char *behind = p->at;
    skip_blanks(p);
    if (peek(p) == '{') {
        r = take_labels(p, &s->labels);
        behind = p->at;
    } else {
        p->at = behind;
    }
    s->series = (struct slice){from, (size_t)(behind - from)};
    return r;
}

static int take_number(struct openmetrics *p, const char *what, double *ret)
{
    struct slice text = take_token(p);
    if (number_parse(text, ret) < 0)
        return FAIL(p, text.data, "%s is missing or no number", what);
    return 0;
}

static int take_timestamp(struct openmetrics *p, int64_t *ret)
{
    struct slice text = take_token(p);
    if (!is_older(p)) {
        if (number_parse_seconds(text, ret) < 0)
            return FAIL(p, text.data, "a timestamp is a finite number of seconds");
        return 0;
    }
    bool negative = text.size && (text.data[0] == '-' || text.data[0] == '+');
    uint64_t ms;
    if (slice_to_u64(slice_sub(text, negative, text.size), INT64_MAX, &ms) < 0)
        return FAIL(p, text.data, "a timestamp is a whole number of milliseconds");
    int64_t ns = ms > INT64_MAX / 1000000 ? INT64_MAX : (int64_t)ms * 1000000;
    *ret = text.data[0] == '-' ? -ns : ns;
    return 0;
}

static int exemplar_length(struct openmetrics *p, const char *at)
{
    const struct openmetrics_labels *l = &p->sample.exemplar;
    size_t chars = 0;
    for (uint32_t i = 0; i < l->count; i++) {
        chars += l->items[i].name.size;
        for (size_t j = 0; j < l->items[i].value.size; j++)
            chars += ((unsigned char)l->items[i].value.data[j] & 0xc0) != 0x80;
    }
    if (chars > OPENMETRICS_EXEMPLAR_CHARS_MAX)
        return FAIL(p, at, "the labels of an exemplar have %zu characters: more than %d", chars,
                    OPENMETRICS_EXEMPLAR_CHARS_MAX);
    return 0;
}

/* Behind "# ". */
static int take_exemplar(struct openmetrics *p)
{
    struct openmetrics_sample *s = &p->sample;
    const char *from = p->at;
    if (peek(p) != '{')
        return FAIL(p, p->at, "an exemplar begins with its labels in braces");
    int r = take_labels(p, &s->exemplar);
    if (r == 0)
        r = exemplar_length(p, from);
    if (r == 0)
        r = take_space(p, "the exemplar's value");
    if (r == 0)
        r = take_number(p, "the exemplar's value", &s->exemplar_value);
    if (r < 0 || peek(p) == '\n')
        return r;
    r = take_space(p, "the exemplar's timestamp");
    if (r == 0)
        r = take_timestamp(p, &s->exemplar_timestamp_ns);
    s->exemplar_has_timestamp = true;
    return r;
}

/* What may stand behind the value: a timestamp, an exemplar. */
static int take_rest(struct openmetrics *p)
{
    struct openmetrics_sample *s = &p->sample;
    skip_blanks(p);
    if (peek(p) == '\n')
        return 0;
    int r = is_older(p) ? 0 : take_space(p, "what follows");
    if (r == 0 && (peek(p) != '#' || is_older(p))) {
        r = take_timestamp(p, &s->timestamp_ns);
        s->has_timestamp = true;
        skip_blanks(p);
        if (r < 0 || peek(p) == '\n')
            return r;
        r = is_older(p) ? FAIL(p, p->at, "there is something behind the timestamp")
                        : take_space(p, "an exemplar");
    }
    if (r == 0 && peek(p) != '#')
        return FAIL(p, p->at, "only an exemplar, '# {…} value', may follow");
    if (r == 0) {
        p->at++;
        s->has_exemplar = true;
        r = take_space(p, "the exemplar's labels");
    }
    if (r == 0)
        r = take_exemplar(p);
    if (r == 0 && peek(p) != '\n')
        r = FAIL(p, p->at, "there is something behind the exemplar");
    return r;
}

/* Returns 1 or an error. */
static int sample_line(struct openmetrics *p)
{
    struct openmetrics_sample *s = &p->sample;
    struct slice suffix;
    s->known = NULL;
    s->name = (struct slice){0};
    s->labels.count = 0;
    s->type = OPENMETRICS_UNKNOWN;
    s->has_timestamp = s->has_exemplar = s->exemplar_has_timestamp = false;
    int r = take_known(p) ? 0 : take_series(p);
    /* In the older format nothing need stand behind a brace. */
    if (r == 0 && is_older(p) && p->at[-1] == '}')
        skip_blanks(p);
    else if (r == 0)
        r = take_space(p, "the value");
    if (r == 0)
        r = take_number(p, "the value", &s->value);
    if (r == 0)
        r = take_rest(p);
    if (r < 0)
        return r;
    if (p->options.strict)
        r = openmetrics_rule_sample(p);
    if (r == 0 && !s->known && openmetrics_family_has(p, s->name, &suffix))
        s->type = p->family.type;
    return r < 0 ? r : 1;
}

/* ---- what begins with '#' ---- */

static int metadata(struct openmetrics *p, enum openmetrics_keyword keyword, struct slice name,
                    struct slice text)
{
    enum openmetrics_type type;
    if (p->options.strict)
        return openmetrics_rule_metadata(p, keyword, name, text);
    if (!p->family.open || !slice_eq(name, buf_slice(&p->family.name)))
        openmetrics_family_begin(p, name);
    if (keyword == OPENMETRICS_KEYWORD_TYPE && openmetrics_type_of(p->format, text, &type))
        p->family.type = type;
    return 0;
}

static bool keyword_of(struct slice word, bool older, enum openmetrics_keyword *ret)
{
    if (slice_eq_cstr(word, "HELP"))
        *ret = OPENMETRICS_HELP;
    else if (slice_eq_cstr(word, "TYPE"))
        *ret = OPENMETRICS_KEYWORD_TYPE;
    else if (slice_eq_cstr(word, "UNIT") && !older)
        *ret = OPENMETRICS_UNIT;
    else
        return false;
    return true;
}

static int metadata_line(struct openmetrics *p)
{
    enum openmetrics_keyword keyword;
    struct slice name;
    if (slice_eq_cstr(p->text, "# EOF")) {
        p->eof = true;
        return p->options.strict ? openmetrics_rule_end(p) : 0;
    }
    p->at++;
    int r = take_space(p, "HELP, TYPE, UNIT or EOF");
    if (r < 0)
        return r;
    struct slice word = take_token(p);
    if (!keyword_of(word, false, &keyword))
        return FAIL(p, word.data, "only HELP, TYPE, UNIT and EOF stand behind '#'");
    r = take_space(p, "the metric's name");
    if (r == 0)
        r = take_name(p, true, "a metric's name", &name);
    if (r == 0)
        r = take_space(p, "what is said about it");
    return r < 0 ? r
                 : metadata(p, keyword, name, (struct slice){p->at, (size_t)(line_end(p) - p->at)});
}

/* In the older format what is not understood is a comment. */
static int comment_line(struct openmetrics *p)
{
    enum openmetrics_keyword keyword;
    struct slice name;
    p->at++;
    skip_blanks(p);
    if (!keyword_of(take_token(p), true, &keyword))
        return 0;
    skip_blanks(p);
    if (peek(p) == '\n')
        return 0;
    int r = take_name(p, true, "a metric's name", &name);
    if (r < 0 || peek(p) == '\n')
        return r;
    r = take_space(p, "what is said about it");
    struct slice text = {p->at, (size_t)(line_end(p) - p->at)};
    if (keyword == OPENMETRICS_KEYWORD_TYPE)
        text = slice_trim(text);
    return r < 0 ? r : metadata(p, keyword, name, text);
}

/* ---- lines ---- */

/* Most lines are ASCII: eight bytes are looked at together. */
static int check_utf8(struct openmetrics *p)
{
    struct slice s = p->text;
    size_t i = 0;
    uint64_t word, any = 0;
    for (; i + sizeof(word) <= s.size; i += sizeof(word)) {
        memcpy(&word, s.data + i, sizeof(word));
        any |= word;
    }
    for (; i < s.size; i++)
        any |= (unsigned char)s.data[i];
    if (!(any & EACH_BYTE(0x80)))
        return 0;
    size_t valid = utf8_valid_bytes(s);
    return valid == s.size ? 0 : FAIL(p, s.data + valid, "this is no UTF-8");
}

/* Returns 1 (a sample), 0 or an error. */
static int take_line(struct openmetrics *p)
{
    p->line++;
    p->at = p->text.data;
    buf_clear(&p->scratch);
    /* Its memory must not move while a line's values point into it. */
    buf_reserve(&p->scratch, p->text.size + 1, NULL);
    int r = check_utf8(p);
    if (r < 0)
        return r;
    if (is_older(p)) {
        skip_blanks(p);
        if (peek(p) == '\n')
            return 0;
        return peek(p) == '#' ? comment_line(p) : sample_line(p);
    }
    if (p->eof)
        return FAIL(p, p->at, "nothing may follow # EOF");
    if (p->text.size == 0)
        return FAIL(p, p->at, "a line is empty");
    return peek(p) == '#' ? metadata_line(p) : sample_line(p);
}

static int too_long(struct openmetrics *p, struct slice in)
{
    p->line++;
    p->text = in;
    return openmetrics_fail(p, in.data, -EMSGSIZE, "a line is longer than %d bytes",
                            OPENMETRICS_LINE_BYTES_MAX);
}

/* Keeps the beginning of a line for the next piece. */
static int hold(struct openmetrics *p, struct slice *in)
{
    struct slice part = *in;
    *in = (struct slice){in->data + in->size, 0};
    return buf_append_slice(&p->held, part) < 0 ? too_long(p, part) : 0;
}

int openmetrics_next(struct openmetrics *p, struct slice *in,
                     const struct openmetrics_sample **ret_sample, struct err *err)
{
    int r = 0;
    p->err = err;
    while (r == 0 && in->size) {
        const char *end = memchr(in->data, '\n', in->size);
        if (!end)
            return hold(p, in);
        struct slice line = {in->data, (size_t)(end - in->data)};
        bool held = p->held.size > 0;
        if (line.size > OPENMETRICS_LINE_BYTES_MAX ||
            (held && buf_append_slice(&p->held, line) < 0))
            return too_long(p, line);
        *in = slice_sub(*in, line.size + 1, in->size);
        p->text = held ? buf_slice(&p->held) : line;
        r = take_line(p);
        if (held)
            p->held.size = 0; /* the bytes stay while the sample is looked at */
    }
    if (r > 0)
        *ret_sample = &p->sample;
    return r;
}

int openmetrics_end(struct openmetrics *p, struct err *err)
{
    p->err = err;
    p->text = buf_slice(&p->held);
    if (!p->text.data)
        p->text = SLICE("");
    /* Only the last line of OpenMetrics may go without its line feed. */
    if (!is_older(p) && slice_eq_cstr(p->text, "# EOF") && !p->eof) {
        int r = take_line(p);
        buf_clear(&p->held);
        return r;
    }
    if (is_older(p) && p->text.size == 0)
        return p->options.strict ? openmetrics_rule_end(p) : 0;
    p->line += p->text.size > 0 || p->line == 0;
    if (p->eof && p->text.size)
        return FAIL(p, p->text.data, "nothing may follow # EOF");
    if (!p->eof)
        return FAIL(p, p->text.data + p->text.size,
                    is_older(p) ? "the page ends within a line"
                                : "the page is not whole: its last line is not # EOF");
    return 0;
}
