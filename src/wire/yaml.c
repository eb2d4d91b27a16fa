#include "wire/yaml.h"

#include "wire/yaml_build.h"
#include "wire/yaml_error.h"
#include "wire/yaml_mend.h"

enum {
    RESUMES_MAX = 20, /* of one document, behind faults of syntax */
};

/* libyaml counts characters, and so never says where in the bytes it is. */
struct cursor {
    struct slice text;
    size_t index, offset; /* characters and bytes before the cursor */
};

struct stream {
    struct value_reader *r;
    struct yaml_builder b;
    struct value *list;
    size_t at;
    size_t body;      /* where the document's node begins, for its directives end before it */
    bool has_version; /* of the document whose directives are read */
};

static bool continues_character(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* Events come nearly in order: the way is short. */
static size_t cursor_move(struct cursor *c, size_t index)
{
    while (c->index < index && c->offset < c->text.size) {
        c->offset++;
        while (c->offset < c->text.size && continues_character(c->text.data[c->offset]))
            c->offset++;
        c->index++;
    }
    while (c->index > index && c->offset > 0) {
        c->offset--;
        while (c->offset > 0 && continues_character(c->text.data[c->offset]))
            c->offset--;
        c->index--;
    }
    return c->offset;
}

/* ---- one document through libyaml ---- */

/* What happened to a text: read whole, or where and why not. */
struct attempt {
    bool good;
    struct yaml_error error;
};

static void take_error(const yaml_parser_t *p, struct cursor *c, const struct yaml_text *t,
                       struct yaml_error *ret)
{
    *ret = (struct yaml_error){.problem = p->problem, .context = p->context};
    size_t problem =
        p->error == YAML_READER_ERROR ? p->problem_offset : cursor_move(c, p->problem_mark.index);
    ret->at = yaml_text_origin(t, problem);
    ret->from = p->context ? yaml_text_origin(t, cursor_move(c, p->context_mark.index)) : ret->at;
}

/* What libyaml lets pass between two nodes, and 1.2 does not: "a"#b, [a,#b. */
static void check_gap(struct value_reader *r, size_t from, size_t to)
{
    const char *text = r->text.data;
    for (size_t at = from; at < to; at++) {
        if (text[at] != '#')
            continue;
        if (at > 0 && !strchr(" \t\r\n", text[at - 1]))
            value_fault(r, CONFIG_FAULT_SYNTAX, at, at + 1,
                        "a comment needs a space before its '#'");
        const char *newline = memchr(text + at, '\n', to - at);
        if (!newline)
            return;
        at = (size_t)(newline - text);
    }
}

/* The same behind the sign of a block scalar, and a lone '-' as a word. */
static void check_scalar(struct value_reader *r, const yaml_event_t *e, size_t from)
{
    yaml_scalar_style_t style = e->data.scalar.style;
    struct slice s = slice_sub(r->text, from, r->text.size);
    if (style == YAML_PLAIN_SCALAR_STYLE && e->data.scalar.length == 1 &&
        e->data.scalar.value[0] == '-' && s.size && s.data[0] == '-')
        value_fault(r, CONFIG_FAULT_SYNTAX, from, from + 1, "a string of one '-' needs quotes");
    if (style != YAML_LITERAL_SCALAR_STYLE && style != YAML_FOLDED_SCALAR_STYLE)
        return;
    size_t at = 1;
    while (at < s.size && strchr("+-0123456789", s.data[at]))
        at++;
    if (at < s.size && s.data[at] == '#')
        check_gap(r, from + at, from + at + 1);
}

static struct attempt run(struct stream *s, const struct yaml_text *t)
{
    struct attempt a = {.good = true};
    struct cursor c = {.text = t->text};
    size_t gap = s->body; /* the end of the event before */
    yaml_parser_t p;
    yaml_event_t e;
    if (!yaml_parser_initialize(&p)) {
        s->r->full = s->r->stopped = true;
        return a;
    }
    yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&p, (const unsigned char *)t->text.data, t->text.size);
    for (bool more = true; more && !s->r->stopped;) {
        if (!yaml_parser_parse(&p, &e)) {
            a.good = false;
            take_error(&p, &c, t, &a.error);
            break;
        }
        more = e.type != YAML_STREAM_END_EVENT;
        size_t from = yaml_text_origin(t, cursor_move(&c, e.start_mark.index));
        size_t to = yaml_text_origin(t, cursor_move(&c, e.end_mark.index));
        check_gap(s->r, gap, from);
        gap = to;
        if (e.type == YAML_SCALAR_EVENT)
            check_scalar(s->r, &e, from);
        yaml_build_event(&s->b, &e, from, to);
        yaml_event_delete(&e);
    }
    yaml_parser_delete(&p);
    return a;
}

/* What a reader has told and counted: an attempt that failed leaves no trace. */
struct mark {
    uint32_t faults, told, count, expansion;
};

static struct mark mark(const struct stream *s)
{
    return (struct mark){s->r->faults->count, s->r->told, s->r->count, s->b.expansion};
}

static void rewind_to(struct stream *s, struct mark m)
{
    s->r->faults->count = m.faults;
    s->r->told = m.told;
    s->r->count = m.count;
    s->b.expansion = m.expansion;
    yaml_build_begin(&s->b);
}

/* Edits the text. False: a limit, which is told. */
static bool mend(struct stream *s, struct yaml_text *t, size_t to)
{
    bool good = yaml_mend(t, s->r->text, s->body, to);
    if (good)
        good = yaml_text_apply(t, s->r->text, to);
    else if (t->edit_count == t->edits_max)
        value_fault_limit(s->r, t->edits[t->edit_count - 1].from,
                          "more than %u places here are not as libyaml wants them (edits_max)",
                          t->edits_max);
    if (!good && !s->r->stopped)
        s->r->full = s->r->stopped = true;
    return good;
}

/* As it is, unless that would be misread; where libyaml refuses it, mended. */
static struct attempt read_document(struct stream *s, struct yaml_text *t, size_t to)
{
    bool mended = yaml_mend_is_due(s->r->text, s->body, to);
    struct mark before = mark(s);
    struct attempt first = {.good = false};
    yaml_build_begin(&s->b);
    if (mended ? !mend(s, t, to) : !yaml_text_apply(t, s->r->text, to)) {
        s->r->full = s->r->full || !mended;
        s->r->stopped = true;
        return first;
    }
    first = run(s, t);
    uint32_t edits = t->edit_count;
    if (first.good || mended || s->r->stopped || !mend(s, t, to) || t->edit_count == edits)
        return first;
    rewind_to(s, before);
    struct attempt second = run(s, t);
    return second.good || s->r->stopped ? second : first;
}

/* ---- behind a fault ---- */

static bool is_key_line(const struct stream *s, size_t at, size_t to)
{
    const char *text = s->r->text.data;
    size_t word = at;
    while (word < to &&
           (text[word] == '_' || text[word] == '-' || (text[word] >= '0' && text[word] <= '9') ||
            ((text[word] | 0x20) >= 'a' && (text[word] | 0x20) <= 'z')))
        word++;
    if (word == at || word == to || text[word] != ':')
        return false;
    return word + 1 == to || strchr(" \r\n", text[word + 1]);
}

/* Where reading may go on behind an error in what begins at `from`: a line at the left margin that
 * looks like a key, be it the one that the error was noticed in. */
static size_t next_key(const struct stream *s, const struct yaml_error *e, size_t from, size_t to)
{
    const char *text = s->r->text.data;
    /* A string without end is noticed at the end of all. */
    bool open_string = e->context && strstr(e->context, "quoted scalar");
    size_t at = open_string ? e->from : e->at;
    at = at > from ? at : from + 1;
    while (at > from + 1 && text[at - 1] != '\n')
        at--;
    while (at < to && (text[at - 1] != '\n' || !is_key_line(s, at, to))) {
        const char *newline = memchr(text + at, '\n', to - at);
        at = newline ? (size_t)(newline - text) + 1 : to;
    }
    return at;
}

/* Tells what else is wrong in the rest of the document; its values are of no use any more. */
static void read_rest(struct stream *s, const struct yaml_error *first, size_t to)
{
    struct yaml_error e = *first;
    size_t bytes = 0;
    s->b.blind = true;
    for (int i = 0; i < RESUMES_MAX && !s->r->stopped; i++) {
        struct yaml_text t;
        size_t from = next_key(s, &e, s->body, to);
        bytes += to - from;
        if (from == to || bytes > YAML_RESUME_BYTES_MAX)
            break;
        yaml_text_init(&t, s->r->text, from, to, YAML_EDITS_MAX, s->r->arena);
        s->body = from;
        struct attempt a = read_document(s, &t, to);
        if (a.good || s->r->stopped)
            break;
        yaml_error_tell(s->r, &a.error);
        e = a.error;
    }
    s->b.blind = false;
}

static void document(struct stream *s, struct yaml_text *t, size_t to)
{
    struct attempt a = read_document(s, t, to);
    struct value *root = s->b.root;
    if (!a.good && !s->r->stopped) {
        yaml_error_tell(s->r, &a.error);
        read_rest(s, &a.error, to);
        root = NULL;
    }
    enum value_type none = a.good ? VALUE_NULL : VALUE_BAD;
    if (!root)
        root = value_make(s->r, none, s->body);
    if (root)
        value_append(s->list, root);
}

/* ---- the stream ---- */

/* Documents are told apart here: a line that begins with "---" or "..." can be nothing else. */

static bool is_marker(const struct stream *s, size_t at, const char *sign)
{
    struct slice rest = slice_sub(s->r->text, at, at + 4);
    if (rest.size < 3 || memcmp(rest.data, sign, 3) != 0)
        return false;
    return rest.size == 3 || strchr(" \t\r\n", rest.data[3]);
}

static size_t line_after(const struct stream *s, size_t at)
{
    struct slice text = s->r->text;
    const char *newline = at < text.size ? memchr(text.data + at, '\n', text.size - at) : NULL;
    return newline ? (size_t)(newline - text.data) + 1 : text.size;
}

static size_t document_end(const struct stream *s, size_t from)
{
    size_t at = from;
    do
        at = line_after(s, at);
    while (at < s->r->text.size && !is_marker(s, at, "---") && !is_marker(s, at, "..."));
    return at;
}

static bool line_is_empty(const struct stream *s, size_t at)
{
    struct slice text = s->r->text;
    while (at < text.size && (text.data[at] == ' ' || text.data[at] == '\t'))
        at++;
    return at == text.size || strchr("#\r\n", text.data[at]);
}

static void version_directive(struct stream *s, struct slice line, size_t at)
{
    struct slice rest = line, word = slice_cut(&rest, ' ');
    struct slice number = slice_trim(rest), after = {0};
    ptrdiff_t comment = slice_find(number, SLICE(" #"));
    if (comment >= 0)
        number = slice_trim(slice_sub(number, 0, (size_t)comment));
    bool major = number.size >= 3 && number.data[0] == '1' && number.data[1] == '.';
    uint64_t minor;
    after = slice_sub(number, 2, number.size);
    size_t from = at + word.size + 1;
    if (s->has_version)
        value_fault(s->r, CONFIG_FAULT_SYNTAX, at, at + line.size,
                    "%%YAML stands here twice for one document");
    else if (!major || slice_to_u64(after, 1000, &minor) < 0)
        value_fault(s->r, CONFIG_FAULT_SYNTAX, from, from + rest.size,
                    "'%s' is no version of YAML that is read here: 1.2", value_shown(s->r, number));
    s->has_version = true;
}

/* A line that begins with '%'. libyaml gets %TAG only: the others become comments. */
static void directive(struct stream *s, struct yaml_text *t, bool *has_tag, size_t at)
{
    struct slice line = slice_sub(s->r->text, at, line_after(s, at));
    while (line.size && strchr("\r\n \t", line.data[line.size - 1]))
        line.size--;
    bool tag_line = slice_starts_with(line, SLICE("%TAG "));
    if (slice_starts_with(line, SLICE("%YAML ")))
        version_directive(s, line, at);
    if (tag_line && !*has_tag) {
        *has_tag = true;
        yaml_text_init(t, s->r->text, at, at, YAML_EDITS_MAX, s->r->arena);
    } else if (*has_tag && !tag_line && !yaml_text_edit(t, at, 1, "#")) {
        s->r->full = s->r->stopped = true;
    }
}

/* Directives, comments and empty lines before a document. Returns whether one follows. */
static bool prefix(struct stream *s, struct yaml_text *t)
{
    bool has_tag = false;
    size_t directives_at = SIZE_MAX;
    s->has_version = false;
    for (; s->at < s->r->text.size && !s->r->stopped; s->at = line_after(s, s->at)) {
        if (slice_starts_with(slice_sub(s->r->text, s->at, s->at + 3), SLICE("\xEF\xBB\xBF")))
            s->at += 3;
        if (s->at < s->r->text.size && s->r->text.data[s->at] == '%') {
            directives_at = directives_at == SIZE_MAX ? s->at : directives_at;
            directive(s, t, &has_tag, s->at);
        } else if (!line_is_empty(s, s->at) && !is_marker(s, s->at, "...")) {
            break;
        }
    }
    bool follows = s->at < s->r->text.size && !s->r->stopped;
    if (directives_at != SIZE_MAX && !s->r->stopped && !(follows && is_marker(s, s->at, "---")))
        value_fault(s->r, CONFIG_FAULT_SYNTAX, directives_at, directives_at + 1,
                    "expected '---' behind a directive");
    if (!has_tag)
        yaml_text_init(t, s->r->text, s->at, s->at, YAML_EDITS_MAX, s->r->arena);
    return follows;
}

static void stream(struct stream *s)
{
    struct yaml_text t;
    while (prefix(s, &t)) {
        if (s->list->count == YAML_DOCUMENTS_MAX) {
            value_fault_limit(s->r, s->at, "there are more than %d documents (documents_max)",
                              YAML_DOCUMENTS_MAX);
            return;
        }
        size_t end = document_end(s, s->at);
        s->body = s->at;
        t.text = slice_sub(s->r->text, t.from, end);
        document(s, &t, end);
        s->at = end;
        if (is_marker(s, end, "...")) {
            size_t behind = end + 3;
            if (!line_is_empty(s, behind))
                value_fault(s->r, CONFIG_FAULT_SYNTAX, behind, behind + 1,
                            "nothing but a comment may stand behind '...'");
            s->at = line_after(s, end);
        }
    }
}

int yaml_read_all(const struct source *source, const struct value_limits *limits, struct arena *a,
                  struct config_faults *faults, struct value **ret_list)
{
    struct value_reader r;
    struct stream s = {.r = &r};
    value_reader_init(&r, source, limits, a, faults, VALUE_CHECK_UTF8 | VALUE_CHECK_LINES);
    s.list = value_make(&r, VALUE_LIST, 0);
    if (s.list && yaml_build_init(&s.b, &r))
        stream(&s);
    if (s.b.frames)
        yaml_build_done(&s.b);
    return value_reader_end(&r, s.list, ret_list);
}

int yaml_read(const struct source *source, const struct value_limits *limits, struct arena *a,
              struct config_faults *faults, struct value **ret_root)
{
    struct value *list = NULL;
    int told = yaml_read_all(source, limits, a, faults, &list);
    if (told < 0)
        return told;
    struct value *root = list->type == VALUE_LIST ? list->first : list;
    if (!root) {
        list->type = VALUE_NULL;
        root = list;
    } else if (root->next) {
        config_fault_add(faults, CONFIG_FAULT_SYNTAX, root->next->at, 0,
                         "a configuration is one document: this begins a second one");
        told++;
    }
    *ret_root = root;
    return told;
}
