#include "cli/help.h"

#include "base/utf8.h"

/* ---- man(7) ---- */

/* Text with what roff would take for a command made harmless. */
static void roff(struct buf *out, struct slice text)
{
    bool line_start = out->size == 0 || out->data[out->size - 1] == '\n';
    while (text.size) {
        uint32_t wide = utf8_next(&text, NULL);
        if (wide > 0x7f) {
            buf_printf(out, "\\[u%04X]", wide);
            continue;
        }
        char c = (char)wide;
        if (line_start && (c == '.' || c == '\''))
            buf_append_cstr(out, "\\&");
        if (c == '\\')
            buf_append_cstr(out, "\\e");
        else if (c == '-')
            buf_append_cstr(out, "\\-");
        else
            buf_append_byte(out, c);
        line_start = c == '\n';
    }
}

static void roff_cstr(struct buf *out, const char *text)
{
    roff(out, slice_from(text));
}

static void roff_about(struct buf *out, const char *about)
{
    struct slice rest = slice_from(about);
    while (rest.data) {
        struct slice line = slice_cut(&rest, '\n');
        if (line.size == 0)
            buf_append_cstr(out, ".PP\n");
        else {
            roff(out, line);
            buf_append_byte(out, '\n');
        }
    }
}

static void roff_options(struct buf *out, const struct cli_option *o, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_append_cstr(out, ".TP\n");
        if (o[i].letter)
            buf_printf(out, "\\fB\\-%c\\fR, ", o[i].letter);
        buf_append_cstr(out, "\\fB\\-\\-");
        roff_cstr(out, o[i].name);
        buf_append_cstr(out, "\\fR");
        if (o[i].metavar)
            buf_printf(out, " \\fI%s\\fR", o[i].metavar);
        buf_append_byte(out, '\n');
        roff_cstr(out, o[i].help);
        for (size_t w = 0; o[i].words && o[i].words[w]; w++) {
            buf_append_cstr(out, w ? ", " : ": ");
            roff_cstr(out, o[i].words[w]);
        }
        if (o[i].dflt) {
            buf_append_cstr(out, " (default ");
            roff_cstr(out, o[i].dflt);
            buf_append_byte(out, ')');
        }
        buf_append_byte(out, '\n');
    }
}

static void man_command(const struct cli_program *p, const struct cli_command *c, struct buf *out)
{
    buf_printf(out, ".SH NAME\n%s\\-%s \\- ", p->name, c->name);
    roff_cstr(out, c->summary);
    buf_printf(out, "\n.SH SYNOPSIS\n.B %s %s\n%s%s\n", p->name, c->name,
               c->option_count ? "[OPTION...] " : "", c->operands ? c->operands : "");
    if (c->example_count)
        buf_append_cstr(out, ".SH EXAMPLES\n");
    for (size_t i = 0; i < c->example_count; i++) {
        buf_append_cstr(out, ".TP\n.B ");
        roff_cstr(out, c->examples[i].line);
        buf_append_byte(out, '\n');
        roff_cstr(out, c->examples[i].meaning);
        buf_append_byte(out, '\n');
    }
    if (c->about) {
        buf_append_cstr(out, ".SH DESCRIPTION\n");
        roff_about(out, c->about);
    }
    if (c->option_count) {
        buf_append_cstr(out, ".SH OPTIONS\n");
        roff_options(out, c->options, c->option_count);
    }
    buf_append_cstr(out, ".SH GLOBAL OPTIONS\n");
    roff_options(out, cli_global_options, cli_global_option_count);
    for (size_t i = 0; c->exits && c->exits[i]; i++) {
        buf_append_cstr(out, i ? ".br\n" : ".SH EXIT STATUS\n");
        roff_cstr(out, c->exits[i]);
        buf_append_byte(out, '\n');
    }
}

void cli_man(const struct cli_program *p, const struct cli_command *c, struct buf *out)
{
    buf_printf(out, ".TH %s%s%s 1\n", p->name, c ? "\\-" : "", c ? c->name : "");
    if (c) {
        man_command(p, c, out);
        return;
    }
    buf_printf(out, ".SH NAME\n%s \\- ", p->name);
    roff_cstr(out, p->summary);
    buf_printf(out, "\n.SH SYNOPSIS\n.B %s\nCOMMAND [OPTION...]\n.SH DESCRIPTION\n", p->name);
    roff_about(out, p->about);
    buf_append_cstr(out, ".SH COMMANDS\n");
    for (size_t i = 0; p->commands[i]; i++) {
        buf_printf(out, ".TP\n.B %s\\-%s(1)\n", p->name, p->commands[i]->name);
        roff_cstr(out, p->commands[i]->summary);
        buf_append_byte(out, '\n');
    }
    buf_append_cstr(out, ".SH GLOBAL OPTIONS\n");
    roff_options(out, cli_global_options, cli_global_option_count);
}

/* ---- Markdown ---- */

/* A '|' would end the table's cell. */
static void cell(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            buf_append_byte(out, '\\');
        buf_append_byte(out, *text);
    }
}

static void markdown_options(struct buf *out, const struct cli_option *o, size_t count)
{
    buf_append_cstr(out, "| option | meaning | default |\n|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        buf_append_cstr(out, "| `");
        if (o[i].letter)
            buf_printf(out, "-%c`, `", o[i].letter);
        buf_printf(out, "--%s%s", o[i].name, o[i].metavar ? " " : "");
        cell(out, o[i].metavar ? o[i].metavar : "");
        buf_append_cstr(out, "` | ");
        cell(out, o[i].help);
        for (size_t w = 0; o[i].words && o[i].words[w]; w++)
            buf_printf(out, "%s`%s`", w ? ", " : ": ", o[i].words[w]);
        buf_append_cstr(out, " | ");
        if (o[i].dflt)
            buf_printf(out, "`%s`", o[i].dflt);
        buf_append_cstr(out, " |\n");
    }
    buf_append_byte(out, '\n');
}

static void markdown_command(const struct cli_program *p, const struct cli_command *c,
                             struct buf *out)
{
    buf_printf(out, "## %s %s\n\n%s.\n\n", p->name, c->name, c->summary);
    if (c->example_count)
        buf_append_cstr(out, "```sh\n");
    for (size_t i = 0; i < c->example_count; i++)
        buf_printf(out, "# %s\n%s\n", c->examples[i].meaning, c->examples[i].line);
    if (c->example_count)
        buf_append_cstr(out, "```\n\n");
    buf_printf(out, "Usage: `%s %s%s%s%s`\n\n", p->name, c->name,
               c->option_count ? " [OPTION...]" : "", c->operands ? " " : "",
               c->operands ? c->operands : "");
    if (c->about)
        buf_printf(out, "%s\n\n", c->about);
    if (c->option_count)
        markdown_options(out, c->options, c->option_count);
    if (c->outputs && c->outputs[0]) {
        buf_append_cstr(out, "Output (`-o`):");
        for (size_t i = 0; c->outputs[i]; i++)
            buf_printf(out, " `%s`", c->outputs[i]);
        buf_append_cstr(out, "\n\n");
    }
    for (size_t i = 0; c->exits && c->exits[i]; i++)
        buf_printf(out, "%s- %s\n", i ? "" : "Exit status:\n\n", c->exits[i]);
    if (c->exits)
        buf_append_byte(out, '\n');
}

void cli_markdown(const struct cli_program *p, struct buf *out)
{
    buf_printf(out, "# Commands\n\nMade by `%s docs markdown`: change the tables in `src/cli/`, "
                    "not this file.\n\n", p->name);
    for (size_t i = 0; p->commands[i]; i++)
        markdown_command(p, p->commands[i], out);
    buf_append_cstr(out, "## Global options\n\n");
    markdown_options(out, cli_global_options, cli_global_option_count);
}
