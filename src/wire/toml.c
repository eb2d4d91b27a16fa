#include "wire/toml.h"

#include <errno.h>

#include "wire/json.h"
#include "wire/toml_parse.h"

/* ---- lines ---- */

void toml_skip_blank(struct toml_parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t'))
        p->at++;
}

bool toml_newline(struct toml_parser *p)
{
    if (p->at < p->end && *p->at == '\n') {
        p->at++;
        return true;
    }
    if (p->end - p->at >= 2 && p->at[0] == '\r' && p->at[1] == '\n') {
        p->at += 2;
        return true;
    }
    return false;
}

static bool is_control(char c)
{
    return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7F;
}

void toml_comment(struct toml_parser *p)
{
    const char *newline = memchr(p->at, '\n', (size_t)(p->end - p->at));
    const char *end = newline ? newline : p->end;
    for (const char *c = p->at; c < end; c++)
        if (is_control(*c) && !(*c == '\r' && newline && c + 1 == end)) {
            value_fault(&p->r, CONFIG_FAULT_SYNTAX, toml_offset(p, c), toml_offset(p, c) + 1,
                        "a comment holds the control character 0x%02x", (unsigned char)*c);
            break;
        }
    p->at = newline && end > p->at && end[-1] == '\r' ? end - 1 : end;
}

static void skip_line(struct toml_parser *p)
{
    const char *newline = memchr(p->at, '\n', (size_t)(p->end - p->at));
    p->at = newline ? newline + 1 : p->end;
}

/* What may follow a header or a value: a comment, and the line's end. */
static void line_end(struct toml_parser *p, const char *what)
{
    toml_skip_blank(p);
    if (p->at < p->end && *p->at == '#')
        toml_comment(p);
    if (p->at == p->end || toml_newline(p))
        return;
    const char *to = p->at;
    while (to < p->end && *to != '\n' && *to != '\r' && *to != ' ' && *to != '#')
        to++;
    to = to == p->at ? to + 1 : to;
    struct slice found = {p->at, (size_t)(to - p->at)};
    value_fault(&p->r, CONFIG_FAULT_SYNTAX, toml_offset(p, p->at), toml_offset(p, to),
                "expected the end of the line behind %s, found '%s'", what,
                value_shown(&p->r, found));
    skip_line(p);
}

/* ---- tables ---- */

struct toml_node *toml_node_new(struct toml_parser *p, enum value_type type, enum toml_made made,
                                const char *at, uint32_t depth)
{
    if (depth > p->r.limits.depth_max)
        value_fault_limit(&p->r, toml_offset(p, at),
                          "tables and arrays are nested deeper than %u (depth_max)",
                          p->r.limits.depth_max);
    struct toml_node *n = p->r.stopped ? NULL : value_alloc(&p->r, sizeof(*n));
    if (!n || !value_make_in(&p->r, &n->value, type, toml_offset(p, at)))
        return NULL;
    n->made = (uint8_t)made;
    n->depth = depth + 1;
    return n;
}

static struct value *find(struct toml_parser *p, struct toml_node *table, struct slice key)
{
    if (!table->index && table->value.count >= VALUE_INDEX_FROM) {
        table->index = value_alloc(&p->r, sizeof(*table->index));
        if (!table->index)
            return NULL;
        table->index->next = p->indexes;
        p->indexes = table->index;
    }
    return table->index ? value_index_find(&table->index->index, &p->r, &table->value, key)
                        : value_get(&table->value, key);
}

static void append(struct toml_parser *p, struct toml_node *table, const struct toml_key *key,
                   struct value *v)
{
    value_set_key(v, key->text);
    v->key_at = value_place(&p->r, key->from);
    value_append(&table->value, v);
}

/* Containers made by this reader are nodes: lists and maps are never anything else. */
static struct toml_node *node_of(struct value *v)
{
    bool container = v->type == VALUE_MAP || v->type == VALUE_LIST;
    return container ? (struct toml_node *)(void *)v : NULL;
}

static struct toml_node *child_new(struct toml_parser *p, struct toml_node *table,
                                   const struct toml_key *key, enum value_type type,
                                   enum toml_made made)
{
    struct toml_node *n = toml_node_new(p, type, made, p->start + key->from, table->depth);
    if (n)
        append(p, table, key, &n->value);
    return n;
}

static void fault_closed(struct toml_parser *p, const struct toml_key *key, const struct value *v)
{
    uint32_t line = value_line_at(&p->r, v->key_at);
    const char *name = value_shown(&p->r, key->text);
    const struct toml_node *n = node_of((struct value *)v);
    if (n && n->made != TOML_INLINE)
        value_fault(&p->r, CONFIG_FAULT_DUPLICATE_NAME, key->from, key->to,
                    "dotted keys cannot add to '%s', which line %u defines", name, line);
    else if (n)
        value_fault(&p->r, CONFIG_FAULT_DUPLICATE_NAME, key->from, key->to,
                    "'%s' is complete since line %u: nothing can be added to it", name, line);
    else
        value_fault(&p->r, CONFIG_FAULT_TYPE_MISMATCH, key->from, key->to,
                    "'%s' is %s since line %u, not a table", name,
                    value_type_name((enum value_type)v->type), line);
}

static struct toml_node *descend(struct toml_parser *p, struct toml_node *table)
{
    for (uint32_t i = 0; i + 1 < p->key_count && table; i++) {
        struct value *v = find(p, table, p->keys[i].text);
        struct toml_node *n = v ? node_of(v) : NULL;
        if (!v)
            n = child_new(p, table, &p->keys[i], VALUE_MAP, TOML_DOTTED);
        else if (v->type == VALUE_BAD)
            return NULL;
        else if (!n || (n->made != TOML_DOTTED && n->made != TOML_IMPLICIT)) {
            fault_closed(p, &p->keys[i], v);
            return NULL;
        } else
            n->made = TOML_DOTTED;
        table = n;
    }
    return table;
}

static void put(struct toml_parser *p, struct toml_node *table, struct value *v)
{
    const struct toml_key *key = &p->keys[p->key_count - 1];
    struct value *first = find(p, table, key->text);
    if (first)
        value_fault_twice(&p->r, first, key->from, key->to);
    else
        append(p, table, key, v);
}

/* As toml_descend, for a header: through tables of any kind that is not complete, and into the
 * last element of an array of tables. */
static struct toml_node *header_descend(struct toml_parser *p)
{
    struct toml_node *table = p->root;
    for (uint32_t i = 0; i + 1 < p->key_count && table; i++) {
        struct value *v = find(p, table, p->keys[i].text);
        struct toml_node *n = v ? node_of(v) : NULL;
        if (!v)
            n = child_new(p, table, &p->keys[i], VALUE_MAP, TOML_IMPLICIT);
        else if (v->type == VALUE_BAD)
            return NULL;
        else if (!n || n->made == TOML_INLINE) {
            fault_closed(p, &p->keys[i], v);
            return NULL;
        } else if (n->made == TOML_ARRAY)
            n = node_of(n->value.last);
        table = n;
    }
    return table;
}

static struct toml_node *define_table(struct toml_parser *p, struct toml_node *parent)
{
    const struct toml_key *key = &p->keys[p->key_count - 1];
    struct value *v = find(p, parent, key->text);
    struct toml_node *n = v ? node_of(v) : NULL;
    if (!v)
        return child_new(p, parent, key, VALUE_MAP, TOML_HEADER);
    if (n && n->made == TOML_IMPLICIT) {
        n->made = TOML_HEADER;
        v->key_at = value_place(&p->r, key->from); /* its definition, not its first mention */
        v->at = v->key_at;
        return n;
    }
    if (n && n->made == TOML_ARRAY)
        value_fault(&p->r, CONFIG_FAULT_DUPLICATE_NAME, key->from, key->to,
                    "'%s' is a list of tables since line %u: [[%s]] adds one to it",
                    value_shown(&p->r, key->text), value_line_at(&p->r, v->key_at),
                    value_shown(&p->r, key->text));
    else
        value_fault_twice(&p->r, v, key->from, key->to);
    return NULL;
}

static struct toml_node *define_element(struct toml_parser *p, struct toml_node *parent)
{
    const struct toml_key *key = &p->keys[p->key_count - 1];
    struct value *v = find(p, parent, key->text);
    struct toml_node *list = v ? node_of(v) : NULL;
    if (!v)
        list = child_new(p, parent, key, VALUE_LIST, TOML_ARRAY);
    else if (!list || list->made != TOML_ARRAY) {
        value_fault(&p->r, CONFIG_FAULT_DUPLICATE_NAME, key->from, key->to,
                    "'%s' stands here since line %u, but not as a list of tables",
                    value_shown(&p->r, key->text), value_line_at(&p->r, v->key_at));
        return NULL;
    }
    struct toml_node *n =
        list ? toml_node_new(p, VALUE_MAP, TOML_HEADER, p->start + key->from, list->depth) : NULL;
    if (n)
        value_append(&list->value, &n->value);
    return n;
}

/* ---- keys ---- */

static bool is_bare(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static void fault_no_key(struct toml_parser *p)
{
    struct slice rest = {p->at, (size_t)(p->end - p->at)};
    struct slice found = slice_sub(rest, 0, json_utf8_sequence(rest));
    size_t from = toml_offset(p, p->at);
    if (found.size == 0 || *found.data == '\n' || *found.data == '\r')
        value_fault(&p->r, CONFIG_FAULT_SYNTAX, from, from,
                    "expected a key, found the end of the line");
    else
        value_fault(&p->r, CONFIG_FAULT_SYNTAX, from, from + found.size,
                    strchr("[]{},.=#", *found.data)
                        ? "expected a key, found '%s'"
                        : "expected a key, found '%s': a key with such characters needs quotes",
                    value_shown(&p->r, found));
}

static bool key_part(struct toml_parser *p)
{
    struct toml_key *key = &p->keys[p->key_count];
    const char *from = p->at;
    bool good = true;
    if (p->at < p->end && (*p->at == '"' || *p->at == '\'')) {
        if (!toml_string(p, false, &key->text, &good))
            return false;
    } else {
        while (p->at < p->end && is_bare(*p->at))
            p->at++;
        key->text = (struct slice){from, (size_t)(p->at - from)};
    }
    if (p->at == from) {
        fault_no_key(p);
        return false;
    }
    key->from = toml_offset(p, from);
    key->to = toml_offset(p, p->at);
    p->key_count++;
    return good;
}

bool toml_key_read(struct toml_parser *p)
{
    p->key_count = 0;
    for (;;) {
        toml_skip_blank(p);
        if (p->key_count == p->r.limits.depth_max) {
            value_fault_limit(&p->r, toml_offset(p, p->at),
                              "a key has more than %u parts (depth_max)", p->r.limits.depth_max);
            return false;
        }
        if (!key_part(p))
            return false;
        toml_skip_blank(p);
        if (p->at == p->end || *p->at != '.')
            return true;
        p->at++;
    }
}

/* ---- statements ---- */

static bool header_end(struct toml_parser *p, bool list, const char *from)
{
    size_t close = list ? 2 : 1;
    size_t left = (size_t)(p->end - p->at);
    if (left >= close && memcmp(p->at, "]]", close) == 0) {
        p->at += close;
        return true;
    }
    value_fault(&p->r, CONFIG_FAULT_SYNTAX, toml_offset(p, p->at), 0,
                "expected '%s' at the end of the header that begins with '%s'", list ? "]]" : "]",
                value_shown(&p->r, (struct slice){from, (size_t)(p->at - from)}));
    return false;
}

/* [a.b] or [[a.b]]. After a fault what follows goes into a table that nobody sees, so that it is
 * read, but not blamed. */
static void header(struct toml_parser *p)
{
    const char *from = p->at++;
    bool list = p->at < p->end && *p->at == '[';
    p->at += list;
    bool good = toml_key_read(p) && header_end(p, list, from);
    struct toml_node *parent = good ? header_descend(p) : NULL;
    struct toml_node *n = !parent ? NULL
                          : list  ? define_element(p, parent)
                                  : define_table(p, parent);
    if (good)
        line_end(p, "the header");
    else
        skip_line(p);
    p->current = n ? n : toml_node_new(p, VALUE_MAP, TOML_HEADER, from, 1);
}

/* Where the next statement may begin, after a fault that left a value open: a line that looks like
 * a header or a key of its own. */
static void resume(struct toml_parser *p)
{
    for (skip_line(p); p->at < p->end; skip_line(p)) {
        const char *c = p->at;
        if (*c == '[')
            return;
        while (c < p->end && (is_bare(*c) || *c == '.' || *c == '"'))
            c++;
        bool key = c > p->at;
        while (c < p->end && *c == ' ')
            c++;
        if (key && c < p->end && *c == '=')
            return;
    }
}

static bool equals_sign(struct toml_parser *p)
{
    toml_skip_blank(p);
    if (p->at < p->end && *p->at == '=') {
        p->at++;
        toml_skip_blank(p);
        return true;
    }
    const struct toml_key *last = &p->keys[p->key_count - 1];
    struct config_fault *f =
        value_fault(&p->r, CONFIG_FAULT_SYNTAX, toml_offset(p, p->at), toml_offset(p, p->at) + 1,
                    "expected '=' behind the key '%s'", value_shown(&p->r, last->text));
    if (p->at < p->end && *p->at == ':')
        f->suggestion = "=";
    return false;
}

bool toml_member(struct toml_parser *p, struct toml_node *table, bool *ret_open)
{
    *ret_open = false;
    if (!toml_key_read(p) || !equals_sign(p))
        return false;
    /* The value may have keys of its own: the table is found before it, the last key is kept. */
    struct toml_key last = p->keys[p->key_count - 1];
    struct toml_node *parent = descend(p, table);
    struct value *v = NULL;
    if (!toml_value(p, parent ? parent->depth : 1, &v)) {
        *ret_open = true;
        if (!v)
            return false;
    }
    p->keys[0] = last;
    p->key_count = 1;
    if (parent && v)
        put(p, parent, v);
    return !*ret_open;
}

static void statement(struct toml_parser *p)
{
    bool open;
    toml_skip_blank(p);
    if (p->at == p->end || toml_newline(p))
        return;
    if (*p->at == '#')
        line_end(p, "a comment");
    else if (*p->at == '[')
        header(p);
    else if (toml_member(p, p->current, &open))
        line_end(p, "the value");
    else if (open)
        resume(p);
    else
        skip_line(p);
}

int toml_read(const struct source *source, const struct toml_options *options, struct arena *a,
              struct config_faults *faults, struct value **ret_root)
{
    static const struct toml_options none;
    const struct toml_options *o = options ? options : &none;
    struct toml_parser p = {.version = o->version};
    value_reader_init(&p.r, source, &o->limits, a, faults, VALUE_CHECK_UTF8 | VALUE_CHECK_LINES);
    p.start = p.at = p.r.text.data;
    p.end = p.start + p.r.text.size;
    if (slice_starts_with(p.r.text, SLICE("\xEF\xBB\xBF")))
        p.at += 3;
    p.keys = value_alloc(&p.r, p.r.limits.depth_max * sizeof(*p.keys));
    p.root = p.current = toml_node_new(&p, VALUE_MAP, TOML_HEADER, p.start, 1);
    while (p.at < p.end && !p.r.stopped)
        statement(&p);
    int r = value_reader_end(&p.r, p.root ? &p.root->value : NULL, ret_root);
    for (struct toml_index *x = p.indexes; x; x = x->next)
        value_index_done(&x->index);
    return r;
}
