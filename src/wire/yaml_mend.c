#include "wire/yaml_mend.h"

#include "base/fault.h"

/* A scanner of 1.2 that knows only what it needs: where plain words, strings, block scalars and
 * comments begin and end, which collection is open, and which token an entry began with. */

enum { LEVELS_MAX = 256, SPACES_DIGIT_MAX = 9 };
static const size_t NONE = SIZE_MAX;

/* An open flow collection; level 0 is the blocks around them. */
struct level {
    char kind;      /* '[' or '{'; 0: block */
    bool explicit_; /* the entry began with "? " */
    bool complete;  /* a node stands here: a ':' makes it a key */
    bool json;      /* and it ends in a quote or bracket: the ':' may touch what follows */
    size_t start;   /* of the entry's first token, or NONE */
};

struct mender {
    struct yaml_text *t;
    const char *s;
    size_t at, end;
    size_t line;              /* where the line begins */
    ptrdiff_t n;              /* column of the innermost block key or '-'; -1: none */
    size_t tabs_at, tabs_end; /* space with tabs before the entry's first token: a key or not? */
    struct level *levels;
    uint32_t depth;
    bool stop; /* no YAML, or the arena is full */
    bool full;
};

static struct level *level(struct mender *m)
{
    return &m->levels[m->depth];
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_break(char c)
{
    return c == '\n' || c == '\r';
}

static bool is_flow(char c)
{
    return c == ',' || c == '[' || c == ']' || c == '{' || c == '}';
}

static bool ends_word(const struct mender *m, size_t at)
{
    return at >= m->end || is_blank(m->s[at]) || is_break(m->s[at]);
}

static void edit(struct mender *m, size_t from, size_t removed, const char *added)
{
    if (!yaml_text_edit(m->t, from, removed, added))
        m->stop = m->full = true;
}

static void tabs_to_spaces(struct mender *m, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (m->s[i] == '\t')
            edit(m, i, 1, " ");
}

/* ---- space ---- */

static void tabs_decide(struct mender *m, bool separation)
{
    if (separation || fault_mutant("wire_tab_indents"))
        tabs_to_spaces(m, m->tabs_at, m->tabs_end);
    m->tabs_at = m->tabs_end = 0;
}

/* Over a line's end. */
static void next_line(struct mender *m)
{
    m->at += m->s[m->at] == '\r' && m->at + 1 < m->end && m->s[m->at + 1] == '\n' ? 2 : 1;
    m->line = m->at;
}

static void skip_comment(struct mender *m)
{
    while (m->at < m->end && !is_break(m->s[m->at]))
        m->at++;
}

static void block_line_end(struct mender *m)
{
    struct level *l = level(m);
    tabs_decide(m, true);
    l->start = NONE;
    l->complete = l->json = l->explicit_ = false;
}

static void skip_space(struct mender *m)
{
    bool block = m->depth == 0;
    for (;;) {
        size_t run = m->at;
        while (m->at < m->end && is_blank(m->s[m->at]))
            m->at++;
        size_t run_end = m->at;
        bool comment = m->at < m->end && m->s[m->at] == '#' && (run_end > run || run == m->line);
        if (comment)
            skip_comment(m);
        bool over = m->at == m->end || is_break(m->s[m->at]);
        if (block && over)
            tabs_to_spaces(m, run, run_end);
        if (!over) {
            if (block && level(m)->start == NONE && memchr(m->s + run, '\t', run_end - run)) {
                m->tabs_at = run;
                m->tabs_end = run_end;
            }
            return;
        }
        if (block)
            block_line_end(m);
        if (m->at == m->end)
            return;
        next_line(m);
    }
}

/* ---- strings ---- */

static void quoted(struct mender *m)
{
    char quote = m->s[m->at++];
    while (m->at < m->end) {
        char c = m->s[m->at];
        if (is_break(c)) {
            next_line(m);
            continue;
        }
        m->at++;
        if (c == '\\' && quote == '"' && m->at < m->end && !is_break(m->s[m->at])) {
            m->at++;
        } else if (c == quote) {
            if (quote == '"' || m->at == m->end || m->s[m->at] != quote)
                return;
            m->at++;
        }
    }
    m->stop = true; /* it has no end */
}

/* From a line's end: to the first character of a next line that the plain word goes on in. */
static bool plain_continues(struct mender *m)
{
    size_t at = m->at, line = m->line, from = m->at;
    while (at < m->end && is_break(m->s[at])) {
        at++;
        line = at;
        while (at < m->end && is_blank(m->s[at]))
            at++;
    }
    size_t spaces = 0;
    while (line + spaces < at && m->s[line + spaces] == ' ')
        spaces++;
    if (at == m->end || m->s[at] == '#')
        return false;
    if (m->depth == 0) {
        if ((ptrdiff_t)spaces <= m->n)
            return false;
        for (size_t i = from; i < line; i++) /* the empty lines between */
            if (m->s[i] == '\t')
                edit(m, i, 1, " ");
    } else if (is_flow(m->s[at]) ||
               (m->s[at] == ':' && (ends_word(m, at + 1) || is_flow(m->s[at + 1])))) {
        return false;
    }
    m->at = at;
    m->line = line;
    return true;
}

/* Up to what ends a plain word on this line; trailing space is not in it. */
static bool plain_line(struct mender *m)
{
    bool flow = m->depth > 0;
    size_t end = m->at;
    while (m->at < m->end && !is_break(m->s[m->at])) {
        char c = m->s[m->at];
        bool value = c == ':' && (ends_word(m, m->at + 1) || (flow && is_flow(m->s[m->at + 1])));
        bool comment = c == '#' && m->at > end;
        if (value || comment || (flow && is_flow(c))) {
            m->at = end;
            return false;
        }
        m->at++;
        if (!is_blank(c))
            end = m->at;
    }
    if (plain_continues(m))
        return true;
    m->at = end;
    return false;
}

static void plain(struct mender *m)
{
    size_t from = m->at;
    bool quotes = m->depth > 0 && (m->s[from] == ':' || m->s[from] == '?');
    m->at++;
    while (plain_line(m))
        ;
    if (!quotes)
        return;
    edit(m, from, 0, "'");
    for (size_t i = from; i < m->at; i++)
        if (m->s[i] == '\'')
            edit(m, i, 0, "'");
    edit(m, m->at, 0, "'");
}

/* ---- block scalars ---- */

static size_t spaces_at(const struct mender *m, size_t at)
{
    size_t spaces = 0;
    while (at + spaces < m->end && m->s[at + spaces] == ' ')
        spaces++;
    return spaces;
}

static bool line_is_empty(const struct mender *m, size_t at, size_t spaces)
{
    return at + spaces == m->end || is_break(m->s[at + spaces]);
}

static void skip_line(struct mender *m)
{
    skip_comment(m);
    if (m->at < m->end)
        next_line(m);
}

/* At the first line: how far the text is indented, by its first line that is not empty. */
static size_t detect_indent(const struct mender *m)
{
    struct mender look = *m;
    while (look.at < look.end) {
        size_t spaces = spaces_at(&look, look.at);
        if (!line_is_empty(&look, look.at, spaces))
            return spaces;
        skip_line(&look);
    }
    return 0;
}

static void block_scalar(struct mender *m)
{
    size_t sign = m->at++, digit = 0, base = m->n < 0 ? 0 : (size_t)m->n;
    for (; m->at < m->end && strchr("+-0123456789", m->s[m->at]) && m->s[m->at]; m->at++)
        if (m->s[m->at] > '0')
            digit = (size_t)(m->s[m->at] - '0');
    skip_line(m);
    size_t indent = digit ? base + digit : detect_indent(m);
    bool none = !digit && (ptrdiff_t)indent <= m->n;
    size_t text = m->at + spaces_at(m, m->at);
    if (none && text < m->end && m->s[text] == '\t')
        m->stop = true; /* text whose first line is not indented by spaces */
    bool margin = !digit && !none && indent == 0;
    bool tab = false;
    while (m->at < m->end && !none) {
        size_t spaces = spaces_at(m, m->at);
        bool empty = line_is_empty(m, m->at, spaces);
        if (!empty && spaces < indent)
            break;
        tab = tab || (!empty && m->s[m->at + spaces] == '\t');
        if (margin && !empty)
            edit(m, m->at, 0, " ");
        skip_line(m);
    }
    /* libyaml looks for the indentation behind tabs, too, unless it is told. */
    if (tab && !digit && indent > base && indent - base <= SPACES_DIGIT_MAX) {
        char figure[2] = {(char)('0' + (indent - base)), 0};
        edit(m, sign + 1, 0, figure);
    }
    block_line_end(m);
}

/* ---- tokens ---- */

static void name(struct mender *m)
{
    size_t from = ++m->at;
    bool strange = false;
    for (; m->at < m->end && !ends_word(m, m->at) && !is_flow(m->s[m->at]); m->at++) {
        char c = m->s[m->at];
        strange = strange || !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                               (c >= 'A' && c <= 'Z') || c == '_' || c == '-');
    }
    if (strange)
        edit(m, from, m->at - from, "x");
}

static void tag(struct mender *m)
{
    bool verbatim = m->at + 1 < m->end && m->s[m->at + 1] == '<';
    while (m->at < m->end && !ends_word(m, m->at)) {
        char c = m->s[m->at];
        if (verbatim ? c == '>' : m->depth > 0 && is_flow(c))
            break;
        m->at++;
    }
    m->at += verbatim && m->at < m->end && m->s[m->at] == '>';
}

static void open_flow(struct mender *m)
{
    if (m->depth == 0)
        tabs_decide(m, true);
    if (m->depth + 1 == LEVELS_MAX) {
        m->stop = true;
        return;
    }
    m->levels[++m->depth] = (struct level){.kind = m->s[m->at++], .start = NONE};
}

static void close_flow(struct mender *m)
{
    m->at++;
    m->depth--;
    level(m)->complete = level(m)->json = true;
}

static void entry_end(struct mender *m)
{
    struct level *l = level(m);
    l->start = NONE;
    l->complete = l->json = l->explicit_ = false;
}

/* At a ':' that ends a key in a flow collection. */
static void flow_value(struct mender *m)
{
    struct level *l = level(m);
    bool several_lines = l->start != NONE && l->start < m->line;
    if (l->kind == '{' && !l->explicit_ && l->complete && several_lines)
        edit(m, l->start, 0, "? ");
    m->at++;
    if (l->complete && !l->json && m->at < m->end && is_flow(m->s[m->at]))
        edit(m, m->at, 0, " ");
    l->complete = l->json = false;
    l->explicit_ = true; /* a second ':' is none of a key's */
}

/* An indicator in a flow collection. False: something else stands here. */
static bool flow_indicator(struct mender *m)
{
    struct level *l = level(m);
    char c = m->s[m->at];
    bool alone = ends_word(m, m->at + 1);
    if (c == ']' || c == '}') {
        close_flow(m);
    } else if (c == ',') {
        m->at++;
        entry_end(m);
    } else if (c == ':' && (alone || is_flow(m->s[m->at + 1]) || (l->complete && l->json))) {
        flow_value(m);
    } else if (c == '?' && alone) {
        m->at++;
        l->explicit_ = true;
    } else {
        return false;
    }
    return true;
}

static bool block_indicator(struct mender *m)
{
    struct level *l = level(m);
    char c = m->s[m->at];
    if ((c != '-' && c != '?' && c != ':') || !ends_word(m, m->at + 1))
        return false;
    bool key = c == ':' && l->complete && l->start != NONE;
    m->n = (ptrdiff_t)((key ? l->start : m->at) - m->line);
    tabs_decide(m, false); /* what stands before a key, '-' or '?' is indentation */
    m->at++;
    entry_end(m);
    return true;
}

static void node(struct mender *m)
{
    struct level *l = level(m);
    char c = m->s[m->at];
    if (l->start == NONE)
        l->start = m->at;
    if (c == '[' || c == '{') {
        open_flow(m);
        return;
    }
    if (c == '&' || c == '*') {
        name(m);
        l->complete = l->complete || c == '*';
        return;
    }
    if (c == '!') {
        tag(m);
        return;
    }
    if ((c == '|' || c == '>') && m->depth == 0 && !l->complete) {
        tabs_decide(m, true);
        block_scalar(m);
        return;
    }
    l->json = c == '"' || c == '\'';
    if (l->json)
        quoted(m);
    else
        plain(m);
    l->complete = true;
}

bool yaml_mend(struct yaml_text *t, struct slice source, size_t from, size_t to)
{
    struct mender m = {.t = t, .s = source.data, .at = from, .end = to, .line = from, .n = -1};
    m.levels = arena_alloc_array(t->arena, LEVELS_MAX, sizeof(*m.levels));
    if (!m.levels)
        return false;
    m.levels[0].start = NONE;
    if (to - from >= 3 && memcmp(source.data + from, "---", 3) == 0)
        m.at += 3;
    while (!m.stop) {
        skip_space(&m);
        if (m.at == m.end)
            break;
        bool done = m.depth ? flow_indicator(&m) : block_indicator(&m);
        if (!done)
            node(&m);
    }
    /* libyaml forgets a last line of spaces that has no end. */
    size_t last = to;
    while (last > from && source.data[last - 1] == ' ')
        last--;
    if (!m.full && last < to && last > from && is_break(source.data[last - 1]))
        edit(&m, to, 0, "\n");
    return !m.full;
}

/* ---- whether there is anything to do ---- */

static bool name_is_strange(struct slice s, size_t at)
{
    while (at < s.size && !is_blank(s.data[at]) && !is_break(s.data[at]) && !is_flow(s.data[at])) {
        char c = s.data[at++];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              c == '_' || c == '-'))
            return true;
    }
    return false;
}

bool yaml_mend_is_due(struct slice source, size_t from, size_t to)
{
    struct slice s = slice_sub(source, from, to);
    if (s.size && s.data[s.size - 1] == ' ')
        return true;
    for (size_t i = 0; i < s.size; i++) {
        char c = s.data[i];
        if (c != '&' && c != '*' && c != '?')
            continue;
        char before = i ? s.data[i - 1] : '\n';
        if (!is_blank(before) && !is_break(before) && !is_flow(before))
            continue;
        if (c == '?' ? i + 1 < s.size && !is_blank(s.data[i + 1]) && !is_break(s.data[i + 1])
                     : name_is_strange(s, i + 1))
            return true;
    }
    return false;
}
