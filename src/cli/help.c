#include "cli/help.h"

#include "base/utf8.h"

enum { INDENT = 2, TERMS_MAX = 34 };

struct style {
    const char *bold, *end;
};

static struct style style_of(bool color)
{
    return color ? (struct style){"\x1b[1m", "\x1b[0m"} : (struct style){"", ""};
}

static void spaces(struct buf *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_append_byte(out, ' ');
}

/* Text broken at spaces, each line from column `indent`; the first is already there. */
static void wrap(struct buf *out, struct slice text, size_t indent, size_t columns)
{
    size_t at = indent;
    bool first = true;
    while (text.data) {
        struct slice word = slice_cut(&text, ' ');
        size_t width = utf8_columns(word);
        if (!first && at + 1 + width > columns) {
            buf_append_byte(out, '\n');
            spaces(out, indent);
            at = indent;
        } else if (!first) {
            buf_append_byte(out, ' ');
            at++;
        }
        buf_append_slice(out, word);
        at += width;
        first = false;
    }
    buf_append_byte(out, '\n');
}

static void paragraphs(struct buf *out, const char *about, size_t columns)
{
    struct slice rest = slice_from(about);
    while (rest.data) {
        ptrdiff_t end = slice_find(rest, SLICE("\n\n"));
        struct slice part = end < 0 ? rest : slice_sub(rest, 0, (size_t)end);
        rest = end < 0 ? (struct slice){0} : slice_sub(rest, (size_t)end + 2, rest.size);
        wrap(out, part, 0, columns);
        buf_append_byte(out, '\n');
    }
}

/* "-j, --in-flight N", "    --rate N". */
static void term(struct buf *out, const struct cli_option *o)
{
    if (o->letter)
        buf_printf(out, "-%c, --%s", o->letter, o->name);
    else
        buf_printf(out, "    --%s", o->name);
    if (o->metavar)
        buf_printf(out, " %s", o->metavar);
}

static void words_of(struct buf *out, const char *const *words, const char *between)
{
    for (size_t i = 0; words[i]; i++)
        buf_printf(out, "%s%s", i ? between : "", words[i]);
}

static void meaning(struct buf *out, const struct cli_option *o)
{
    buf_append_cstr(out, o->help);
    if (o->words) {
        buf_append_cstr(out, ": ");
        words_of(out, o->words, ", ");
    }
    if (o->dflt)
        buf_printf(out, " (default %s)", o->dflt);
}

static void option_lines(struct buf *out, const struct cli_option *o, size_t count, size_t columns)
{
    size_t widest = 0;
    for (size_t i = 0; i < count; i++) {
        struct buf t = {0};
        term(&t, &o[i]);
        if (t.size > widest && t.size <= TERMS_MAX)
            widest = t.size;
        buf_done(&t);
    }
    for (size_t i = 0; i < count; i++) {
        struct buf t = {0}, m = {0};
        term(&t, &o[i]);
        meaning(&m, &o[i]);
        spaces(out, INDENT);
        buf_append_slice(out, buf_slice(&t));
        if (t.size > widest) {
            buf_append_byte(out, '\n');
            spaces(out, INDENT + widest + 2);
        } else {
            spaces(out, widest - t.size + 2);
        }
        wrap(out, buf_slice(&m), INDENT + widest + 2, columns);
        buf_done(&t);
        buf_done(&m);
    }
}

static void usage(struct buf *out, const struct cli_program *p, const struct cli_command *c)
{
    buf_printf(out, "%s %s%s%s%s", p->name, c->name, c->option_count ? " [OPTION...]" : "",
               c->operands ? " " : "", c->operands ? c->operands : "");
}

static void terms_list(struct buf *out, const char *const *lines)
{
    for (size_t i = 0; lines[i]; i++)
        buf_printf(out, "  %s\n", lines[i]);
}

void cli_help_command(const struct cli_program *p, const struct cli_command *c, bool color,
                      size_t columns, struct buf *out)
{
    struct style s = style_of(color);
    buf_printf(out, "%s: %s\n\n", c->name, c->summary);
    if (c->example_count)
        buf_printf(out, "%sExamples%s\n", s.bold, s.end);
    for (size_t i = 0; i < c->example_count; i++)
        buf_printf(out, "  # %s\n  %s\n\n", c->examples[i].meaning, c->examples[i].line);
    buf_printf(out, "%sUsage%s\n  ", s.bold, s.end);
    usage(out, p, c);
    buf_append_cstr(out, "\n\n");
    if (c->about)
        paragraphs(out, c->about, columns);
    if (c->option_count) {
        buf_printf(out, "%sOptions%s\n", s.bold, s.end);
        option_lines(out, c->options, c->option_count, columns);
        buf_append_byte(out, '\n');
    }
    buf_printf(out, "%sGlobal options%s\n", s.bold, s.end);
    option_lines(out, cli_global_options, cli_global_option_count, columns);
    if (c->outputs && c->outputs[0]) {
        buf_printf(out, "\n%sOutput (-o)%s\n  ", s.bold, s.end);
        words_of(out, c->outputs, " ");
        buf_append_byte(out, '\n');
    }
    if (c->exits) {
        buf_printf(out, "\n%sExit status%s\n", s.bold, s.end);
        terms_list(out, c->exits);
    }
}

void cli_help_program(const struct cli_program *p, bool color, struct buf *out)
{
    enum { COLUMNS = 80 };
    struct style s = style_of(color);
    buf_printf(out, "%s: %s\n\n%sExamples%s\n", p->name, p->summary, s.bold, s.end);
    for (size_t i = 0; p->commands[i]; i++)
        if (p->commands[i]->example_count && p->commands[i]->option_count)
            buf_printf(out, "  # %s\n  %s\n\n", p->commands[i]->examples[0].meaning,
                       p->commands[i]->examples[0].line);
    buf_printf(out, "%sCommands%s\n", s.bold, s.end);
    for (size_t i = 0; p->commands[i]; i++)
        buf_printf(out, "  %-12s %s\n", p->commands[i]->name, p->commands[i]->summary);
    buf_printf(out, "\n%sGlobal options%s\n", s.bold, s.end);
    option_lines(out, cli_global_options, cli_global_option_count, COLUMNS);
    buf_printf(out, "\n'%s COMMAND -h' tells more of one command.\n", p->name);
}
