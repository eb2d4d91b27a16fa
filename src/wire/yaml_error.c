#include "wire/yaml_error.h"

/* How a problem is told: at its own place or where its context began; a %u is the context's line.
 */
struct words {
    const char *context; /* a part of libyaml's words; NULL: any */
    const char *problem;
    const char *text;
    bool at_context;
};

static const struct words table[] = {
    {"quoted scalar", "unexpected end of stream", "this string has no closing quote", true},
    {"quoted scalar", "unexpected document indicator", "this string has no closing quote", true},
    {"quoted scalar", "unknown escape", "this escape is not one of YAML's", false},
    {"quoted scalar", "hexdecimal", "this escape needs hexadecimal digits", false},
    {"quoted scalar", "invalid Unicode", "this escape is no Unicode character", false},
    {"block mapping", "expected key",
     "expected a key of the map that began at line %u, indented as that is", false},
    {"block collection", "expected '-'",
     "expected '- ' for an element of the list that began at line %u, indented as that is", false},
    {"flow mapping", "expected ','", "expected ',' or '}' in the map that began at line %u", false},
    {"flow sequence", "expected ','", "expected ',' or ']' in the list that began at line %u",
     false},
    {"flow node", "node content", "expected a value", false},
    {"block node", "node content", "expected a value", false},
    {"simple key", "expected ':'", "expected ': ' behind this key", true},
    {"block scalar", "tab character", "a tab cannot indent: use spaces", false},
    {"plain scalar", "tab character", "a tab cannot indent: use spaces", false},
    {"plain scalar", "unexpected ':'", "a plain string cannot end in ':' here: quote it", false},
    {"block scalar", "indentation indicator equal to 0", "an indentation is a digit from 1 to 9",
     false},
    {"block scalar", "comment or line break",
     "nothing but a comment may stand behind the sign of a block of text", false},
    {"anchor", "alphabetic or numeric", "expected a name of letters and digits", false},
    {"alias", "alphabetic or numeric", "expected a name of letters and digits", false},
    {NULL, "mapping values are not allowed",
     "a ':' with a space cannot stand here: quote the string, or begin the map on its own line",
     false},
    {NULL, "block sequence entries are not allowed",
     "a list cannot begin here: put its '- ' on a line of its own", false},
    {NULL, "mapping keys are not allowed", "a '?' key cannot stand here", false},
    {NULL, "undefined tag handle", "no %%TAG defines this tag's handle", false},
    {NULL, "document start", "expected the end of the document, or '---'", false},
    {NULL, "control characters", "a control character must be escaped in a quoted string", false},
};

static bool fits(const struct words *w, const struct yaml_error *e)
{
    if (w->context && !(e->context && strstr(e->context, w->context)))
        return false;
    return strstr(e->problem, w->problem) != NULL;
}

/* Characters that begin no plain word. */
static bool tell_start(struct value_reader *r, const struct yaml_error *e)
{
    char c = e->at < r->text.size ? r->text.data[e->at] : 0;
    if (!strstr(e->problem, "cannot start any token") || !c)
        return false;
    if (c == '\t')
        value_fault(r, CONFIG_FAULT_SYNTAX, e->at, e->at + 1, "a tab cannot indent: use spaces");
    else
        value_fault(r, CONFIG_FAULT_SYNTAX, e->at, e->at + 1,
                    "'%c' cannot begin a plain string: quote it", c);
    return true;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

void yaml_error_tell(struct value_reader *r, const struct yaml_error *e)
{
    if (tell_start(r, e))
        return;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const struct words *w = &table[i];
        if (!fits(w, e))
            continue;
        size_t at = w->at_context ? e->from : e->at;
        value_fault(r, CONFIG_FAULT_SYNTAX, at, at + 1, w->text, value_line(r, e->from));
        return;
    }
    value_fault(r, CONFIG_FAULT_SYNTAX, e->at, e->at + 1, "%s%s%s", e->context ? e->context : "",
                e->context ? ": " : "", e->problem);
}

#pragma GCC diagnostic pop
