#include "base/fault.h"
#include "wire/toml_parse.h"

/* Space, line ends and comments between the parts of an array. */
static void skip_lines(struct toml_parser *p)
{
    for (;;) {
        toml_skip_blank(p);
        if (p->at < p->end && *p->at == '#')
            toml_comment(p);
        if (!toml_newline(p))
            return;
    }
}

static void fault_between(struct toml_parser *p, const char *expected, const char *what,
                          const char *from)
{
    size_t at = toml_offset(p, p->at);
    value_fault(&p->r, CONFIG_FAULT_SYNTAX, at, at + (p->at < p->end),
                "expected %s in the %s that began at line %u", expected, what,
                value_line(&p->r, toml_offset(p, from)));
}

static bool array(struct toml_parser *p, uint32_t depth, struct value **ret_value)
{
    const char *from = p->at++;
    struct toml_node *list = toml_node_new(p, VALUE_LIST, TOML_INLINE, from, depth);
    if (!list)
        return false;
    *ret_value = &list->value;
    while (!p->r.stopped) {
        struct value *v = NULL;
        skip_lines(p);
        if (p->at < p->end && *p->at == ']')
            break;
        bool goes_on = toml_value(p, list->depth, &v);
        if (v)
            value_append(&list->value, v);
        if (!goes_on)
            return false;
        skip_lines(p);
        if (p->at < p->end && *p->at == ']')
            break;
        if (p->at == p->end || *p->at != ',') {
            fault_between(p, "',' or ']'", "array", from);
            return false;
        }
        p->at++;
    }
    p->at += !p->r.stopped;
    return !p->r.stopped;
}

/* Between the parts of an inline table: lines only since 1.1. */
static bool table_space(struct toml_parser *p, const char *from)
{
    toml_skip_blank(p);
    if (p->version == TOML_1_1) {
        skip_lines(p);
        return true;
    }
    if (p->at < p->end && *p->at != '\n' && *p->at != '\r' && *p->at != '#')
        return true;
    fault_between(p, "'}' on the same line (TOML 1.0)", "inline table", from);
    return false;
}

static bool table_members(struct toml_parser *p, struct toml_node *table, const char *from)
{
    while (!p->r.stopped) {
        bool open;
        if (!table_space(p, from))
            return false;
        bool closes = p->at<p->end && * p->at == '}', comma = table->value.count> 0;
        if (closes && comma && p->version == TOML_1_0) {
            value_fault(&p->r, CONFIG_FAULT_SYNTAX, toml_offset(p, p->at),
                        toml_offset(p, p->at) + 1, "TOML 1.0 has no comma before a '}'");
            return true;
        }
        if (closes)
            return true;
        if (!toml_member(p, table, &open) || !table_space(p, from))
            return false;
        if (p->at < p->end && *p->at == '}')
            return true;
        if (p->at == p->end || *p->at != ',') {
            fault_between(p, "',' or '}'", "inline table", from);
            return false;
        }
        p->at++;
    }
    return false;
}

static bool inline_table(struct toml_parser *p, uint32_t depth, struct value **ret_value)
{
    const char *from = p->at++;
    struct toml_node *table = toml_node_new(p, VALUE_MAP, TOML_DOTTED, from, depth);
    if (!table)
        return false;
    *ret_value = &table->value;
    bool good = table_members(p, table, from);
    if (!fault_mutant("wire_inline_table_open"))
        table->made = TOML_INLINE; /* complete, and so is what its dotted keys made: all below it */
    p->at += good;
    return good;
}

static bool string(struct toml_parser *p, struct value **ret_value)
{
    bool good = true;
    struct value *v = value_make(&p->r, VALUE_STRING, toml_offset(p, p->at));
    if (!v)
        return false;
    *ret_value = v;
    bool closed = toml_string(p, true, &v->text, &good);
    if (!closed || !good)
        v->type = VALUE_BAD;
    return closed;
}

bool toml_value(struct toml_parser *p, uint32_t depth, struct value **ret_value)
{
    char c = p->at < p->end ? *p->at : '\n';
    if (c == '[')
        return array(p, depth, ret_value);
    if (c == '{')
        return inline_table(p, depth, ret_value);
    if (c == '"' || c == '\'')
        return string(p, ret_value);
    const char *from = p->at;
    *ret_value = toml_word(p);
    return *ret_value && p->at > from; /* a bad word is passed over */
}
