#include "cli/option.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/duration.h"
#include "base/suggest.h"

enum { NAMES_MAX = 128, VALUE_SHOWN_MAX = 80 };

static const char *const colors[] = {"auto", "always", "never", NULL};
static const char *const levels[] = {"debug", "info", "warn", "error", "off", NULL};
static const char *const formats[] = {"json", "console", NULL};

const struct cli_option cli_global_options[] = {
    {"help", 'h', CLI_FLAG, offsetof(struct cli_globals, help), NULL, NULL,
     "show help, examples first", NULL, 0, 0, CLI_HINT_NONE, NULL},
    {"version", 0, CLI_FLAG, offsetof(struct cli_globals, version), NULL, NULL,
     "show the version and end", NULL, 0, 0, CLI_HINT_NONE, NULL},
    {"output", 'o', CLI_TEXT, offsetof(struct cli_globals, output), "FORMAT", NULL,
     "how results are written", NULL, 0, 0, CLI_HINT_NONE, NULL},
    {"color", 0, CLI_WORD, offsetof(struct cli_globals, color), "WHEN", "auto",
     "colours: on a terminal, always or never", colors, 0, 0, CLI_HINT_NONE, NULL},
    {"progress", 0, CLI_WORD, offsetof(struct cli_globals, progress), "WHEN", "auto",
     "the progress line on standard error", colors, 0, 0, CLI_HINT_NONE, NULL},
    {"log-level", 0, CLI_WORD, offsetof(struct cli_globals, log_level), "LEVEL", NULL,
     "the least level that is logged to standard error (default warn)", levels, 0, 0,
     CLI_HINT_NONE, NULL},
    {"log-format", 0, CLI_WORD, offsetof(struct cli_globals, log_format), "FORMAT", NULL,
     "log lines as json, or as console text (the default on a terminal)", formats, 0, 0,
     CLI_HINT_NONE, NULL},
    {"namespace", 'n', CLI_TEXT, offsetof(struct cli_globals, namespace_), "NAME", "default",
     "the namespace of resources", NULL, 0, 0, CLI_HINT_NONE, NULL},
    {"server", 0, CLI_TEXT, offsetof(struct cli_globals, server), "URL", NULL,
     "the server that is asked: unix:PATH, http:// or https:// (else FIREBREAK_SERVER, else "
     "DATA/firebreak.sock)",
     NULL,
     0, 0, CLI_HINT_NONE, NULL},
    {"data", 0, CLI_TEXT, offsetof(struct cli_globals, data), "DIR", NULL,
     "the data folder (else FIREBREAK_DATA; root: /var/lib/firebreak, others: "
     "~/.local/state/firebreak)",
     NULL, 0, 0, CLI_HINT_FILE, NULL},
};
const size_t cli_global_option_count = ARRAY_LEN(cli_global_options);

/* ---- finding an option ---- */

struct found {
    const struct cli_option *option;
    char *values; /* the struct that its offset counts in */
};

/* Whether it may be meant behind this first operand (NULL: there is none yet). */
static bool is_for(const struct cli_option *o, const char *first)
{
    return !o->only || !first || strcmp(o->only, first) == 0;
}

static bool find_in(const struct cli_option *o, size_t count, void *values, struct slice name,
                    char letter, const char *first, struct found *ret)
{
    for (size_t i = 0; i < count; i++)
        if (letter ? o[i].letter == letter && is_for(&o[i], first)
                   : slice_eq_cstr(name, o[i].name)) {
            *ret = (struct found){&o[i], values};
            return true;
        }
    return false;
}

struct parse {
    const struct cli_command *command; /* NULL: global options only */
    struct cli_parsed *out;
    struct arena *arena;
    struct err *err;
    int argc, at;
    char *const *argv;
};

static bool find(struct parse *p, struct slice name, char letter, struct found *ret)
{
    const struct cli_command *c = p->command;
    const char *first = p->out->operand_count ? p->out->operands[0] : NULL;
    return (c && find_in(c->options, c->option_count, p->out->values, name, letter, first, ret)) ||
           find_in(cli_global_options, cli_global_option_count, &p->out->globals, name, letter,
                   first, ret);
}

static int unknown(struct parse *p, struct slice name)
{
    const char *names[NAMES_MAX];
    size_t n = 0;
    for (size_t i = 0; p->command && i < p->command->option_count && n < NAMES_MAX; i++)
        names[n++] = p->command->options[i].name;
    for (size_t i = 0; i < cli_global_option_count && n < NAMES_MAX; i++)
        names[n++] = cli_global_options[i].name;
    const char *near = suggest_nearest(name, names, n);
    const char *command = p->command ? p->command->name : "firebreak";
    if (near)
        return err_set(p->err, -EINVAL, "unknown option --%.*s for %s: did you mean --%s?",
                       SLICE_ARG(name), command, near);
    return err_set(p->err, -EINVAL, "unknown option --%.*s for %s", SLICE_ARG(name), command);
}

/* ---- values ---- */

/* `option`: whose value it is; NULL: an argument. */
static int bad_word(struct parse *p, const char *option, const char *const *words,
                    const char *value)
{
    struct buf all = BUF(MEM_CLI, 0);
    size_t n = 0;
    for (; words[n]; n++)
        buf_printf(&all, "%s%s", n ? ", " : "", words[n]);
    const char *near = suggest_nearest(slice_from(value), words, n);
    int r = err_set(p->err, -EINVAL, "%s%s%s'%.*s' is none of %s%s%s%s", option ? "--" : "",
                    option ? option : "", option ? ": " : "", VALUE_SHOWN_MAX, value, all.data,
                    near ? ": did you mean " : "", near ? near : "", near ? "?" : "");
    buf_done(&all);
    return r;
}

static int range_fault(struct parse *p, const struct cli_option *o, const char *value)
{
    char low[DURATION_TEXT_MAX], high[DURATION_TEXT_MAX];
    if (o->type == CLI_DURATION)
        return err_set(p->err, -EINVAL, "--%s: %s is outside of %s to %s", o->name, value,
                       duration_format(o->min, low), duration_format(o->max, high));
    return err_set(p->err, -EINVAL, "--%s: %s is outside of %lld to %lld", o->name, value,
                   (long long)o->min, (long long)o->max);
}

static bool out_of_range(const struct cli_option *o, double v)
{
    return (o->min || o->max) && (v < (double)o->min || v > (double)o->max);
}

static int set_int(struct parse *p, const struct cli_option *o, const char *value, void *to)
{
    char *end;
    errno = 0;
    long long v = strtoll(value, &end, 10);
    if (end == value || *end || value[0] == ' ')
        return err_set(p->err, -EINVAL, "--%s: '%.*s' is no whole number", o->name,
                       VALUE_SHOWN_MAX, value);
    if (errno == ERANGE || out_of_range(o, (double)v))
        return range_fault(p, o, value);
    *(int64_t *)to = v;
    return 0;
}

static int set_number(struct parse *p, const struct cli_option *o, const char *value, void *to)
{
    char *end;
    double v = strtod(value, &end);
    if (end == value || *end || value[0] == ' ' || v != v)
        return err_set(p->err, -EINVAL, "--%s: '%.*s' is no number", o->name, VALUE_SHOWN_MAX,
                       value);
    if (out_of_range(o, v))
        return range_fault(p, o, value);
    *(double *)to = v;
    return 0;
}

static int set_duration(struct parse *p, const struct cli_option *o, const char *value, void *to)
{
    int64_t ns;
    int r = duration_parse(slice_from(value), &ns);
    if (r == -ERANGE)
        return err_set(p->err, -EINVAL, "--%s: %s is too long a time", o->name, value);
    if (r < 0)
        return err_set(p->err, -EINVAL, "--%s: '%.*s' is no duration: write a number and its unit, "
                       "as in 250ms, 2s or 1m30s", o->name, VALUE_SHOWN_MAX, value);
    if ((o->min || o->max) && (ns < o->min || ns > o->max))
        return range_fault(p, o, value);
    *(int64_t *)to = ns;
    return 0;
}

static int set_bytes(struct parse *p, const struct cli_option *o, const char *value, void *to)
{
    static const char units[] = "KMGT";
    struct slice text = slice_from(value);
    uint64_t v;
    int shift = 0;
    text.size -= slice_ends_with(text, SLICE("iB")) ? 2 : slice_ends_with(text, SLICE("i"));
    bool named = text.size < strlen(value);
    const char *unit = text.size ? strchr(units, text.data[text.size - 1] & ~0x20) : NULL;
    if (unit && *unit) {
        shift = 10 * (int)(unit - units + 1);
        text.size--;
    } else if (named) {
        text.size = 0; /* an 'i' of nothing */
    }
    int r = slice_to_u64(text, (uint64_t)INT64_MAX >> shift, &v);
    if (r == -EINVAL)
        return err_set(p->err, -EINVAL, "--%s: '%.*s' is no size: write bytes, or 64K, 100M, 2G",
                       o->name, VALUE_SHOWN_MAX, value);
    if (r < 0 || out_of_range(o, (double)(v << shift)))
        return range_fault(p, o, value);
    *(int64_t *)to = (int64_t)(v << shift);
    return 0;
}

static int set_word(struct parse *p, const struct cli_option *o, const char *value, void *to)
{
    for (size_t i = 0; o->words[i]; i++)
        if (strcmp(o->words[i], value) == 0) {
            *(const char **)to = o->words[i];
            return 0;
        }
    return bad_word(p, o->name, o->words, value);
}

static int add_to_list(struct parse *p, const struct cli_option *o, const char *value, void *to)
{
    struct cli_list *list = to;
    if (list->count == CLI_LIST_MAX)
        return err_set(p->err, -EINVAL, "--%s: given more than %d times", o->name, CLI_LIST_MAX);
    if (!list->items)
        list->items = arena_alloc_array(p->arena, CLI_LIST_MAX, sizeof(char *));
    list->items[list->count++] = value;
    return 0;
}

static int set_value(struct parse *p, const struct found *f, const char *value)
{
    void *to = f->values + f->option->offset;
    switch (f->option->type) {
    case CLI_FLAG:
        *(bool *)to = value != NULL;
        return 0;
    case CLI_TEXT:
        *(const char **)to = value;
        return 0;
    case CLI_INT:
        return set_int(p, f->option, value, to);
    case CLI_NUMBER:
        return set_number(p, f->option, value, to);
    case CLI_DURATION:
        return set_duration(p, f->option, value, to);
    case CLI_BYTES:
        return set_bytes(p, f->option, value, to);
    case CLI_WORD:
        return set_word(p, f->option, value, to);
    case CLI_LIST:
        return add_to_list(p, f->option, value, to);
    }
    return -EINVAL;
}

/* As set_value, for what stands on the command line. */
static int give(struct parse *p, const struct found *f, const char *value)
{
    struct cli_parsed *out = p->out;
    if (out->given && f->values == out->values)
        out->given[out->given_count++] = (struct cli_given){f->option, value};
    return set_value(p, f, value);
}

static int set_defaults(struct parse *p, const struct cli_option *o, size_t count, void *values)
{
    for (size_t i = 0; i < count; i++) {
        if (!o[i].dflt)
            continue;
        int r = set_value(p, &(struct found){&o[i], values}, o[i].dflt);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- the command line ---- */

static int take_long(struct parse *p, const char *arg)
{
    struct slice value = slice_from(arg + 2), name = slice_cut(&value, '=');
    struct found f;
    if (!find(p, name, 0, &f))
        return unknown(p, name);
    if (f.option->type == CLI_FLAG) {
        if (value.data)
            return err_set(p->err, -EINVAL, "--%s takes no value", f.option->name);
        return give(p, &f, "");
    }
    if (value.data)
        return give(p, &f, value.data);
    if (p->at == p->argc)
        return err_set(p->err, -EINVAL, "--%s needs a value: --%s %s", f.option->name,
                       f.option->name, f.option->metavar);
    return give(p, &f, p->argv[p->at++]);
}

static int take_letters(struct parse *p, const char *arg)
{
    for (const char *c = arg + 1; *c; c++) {
        struct found f;
        if (!find(p, (struct slice){0}, *c, &f))
            return err_set(p->err, -EINVAL, "unknown option -%c for %s", *c,
                           p->command ? p->command->name : "firebreak");
        if (f.option->type == CLI_FLAG) {
            give(p, &f, "");
            continue;
        }
        if (c[1])
            return give(p, &f, c + 1);
        if (p->at == p->argc)
            return err_set(p->err, -EINVAL, "-%c needs a value: -%c %s", *c, *c,
                           f.option->metavar);
        return give(p, &f, p->argv[p->at++]);
    }
    return 0;
}

static bool is_option(const char *arg)
{
    return arg[0] == '-' && arg[1];
}

static int take_all(struct parse *p)
{
    struct cli_parsed *out = p->out;
    while (p->at < p->argc) {
        const char *arg = p->argv[p->at++];
        int r = 0;
        if (strcmp(arg, "--") == 0) {
            while (p->at < p->argc)
                out->operands[out->operand_count++] = p->argv[p->at++];
        } else if (!is_option(arg)) {
            out->operands[out->operand_count++] = arg;
            while (p->command->program_follows && p->at < p->argc)
                out->operands[out->operand_count++] = p->argv[p->at++];
        } else {
            r = arg[1] == '-' ? take_long(p, arg) : take_letters(p, arg);
        }
        if (r < 0)
            return r;
    }
    return 0;
}

static int check_output(struct parse *p)
{
    const char *o = p->out->globals.output;
    const char *const *words = p->command->outputs;
    if (!o)
        return 0;
    for (size_t i = 0; words && words[i]; i++) {
        size_t size = strlen(words[i]);
        bool takes_more = words[i][size - 1] == '=';
        if (takes_more ? strncmp(o, words[i], size) == 0 : strcmp(o, words[i]) == 0)
            return 0;
    }
    if (!words || !words[0])
        return err_set(p->err, -EINVAL, "%s has one form of output: -o is not for it",
                       p->command->name);
    return bad_word(p, "output", words, o);
}

static int check_operands(struct parse *p)
{
    const struct cli_command *c = p->command;
    uint32_t n = p->out->operand_count;
    if (n < c->operands_min)
        return err_set(p->err, -EINVAL, "%s is missing", c->operands);
    if (n > c->operands_max)
        return err_set(p->err, -EINVAL, "'%s' is one argument too many",
                       p->out->operands[c->operands_max]);
    if (n == 0 || !c->operand_words)
        return 0;
    const char *word = p->out->operands[0];
    for (size_t i = 0; c->operand_words[i]; i++)
        if (strcmp(c->operand_words[i], word) == 0)
            return 0;
    return bad_word(p, NULL, c->operand_words, word);
}

int cli_parse(const struct cli_command *c, int argc, char *const *argv, struct arena *arena,
              struct cli_parsed *ret, struct err *err)
{
    struct cli_parsed out = {.globals = ret->globals};
    out.values = arena_alloc(arena, c->values_size + 1);
    out.operands = arena_alloc_array(arena, (size_t)argc + 1, sizeof(char *));
    size_t letters = 0; /* bundled flags: more options than arguments */
    for (int i = 0; i < argc; i++)
        letters += strlen(argv[i]) + 1;
    out.given = arena_alloc_array(arena, letters + 1, sizeof(out.given[0]));
    struct parse p = {c, &out, arena, err, argc, 0, argv};
    int r = set_defaults(&p, c->options, c->option_count, out.values);
    if (r == 0)
        r = take_all(&p);
    bool asked = out.globals.help;
    if (r == 0 && !asked)
        r = check_output(&p);
    if (r == 0 && !asked)
        r = check_operands(&p);
    *ret = out;
    return asked ? 0 : r;
}

const char *cli_output_of(int argc, char *const *argv)
{
    static const char longer[] = "--output=";
    const char *found = NULL;
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *arg = argv[i];
        if (strcmp(arg, "-o") == 0 || strcmp(arg, "--output") == 0)
            found = i + 1 < argc ? argv[++i] : found;
        else if (strncmp(arg, "-o", 2) == 0)
            found = arg + 2;
        else if (strncmp(arg, longer, sizeof(longer) - 1) == 0)
            found = arg + sizeof(longer) - 1;
    }
    return found;
}

int cli_find_command(int argc, char *const *argv, struct cli_globals *ret, struct err *err)
{
    struct cli_parsed out = {0};
    struct parse p = {NULL, &out, NULL, err, argc, 0, argv};
    int r = set_defaults(&p, cli_global_options, cli_global_option_count, &out.globals);
    while (r == 0 && p.at < argc && is_option(argv[p.at])) {
        const char *arg = argv[p.at++];
        r = arg[1] == '-' ? take_long(&p, arg) : take_letters(&p, arg);
    }
    *ret = out.globals;
    return r < 0 ? r : p.at;
}

const struct cli_command *cli_command_find(const struct cli_command *const *commands,
                                           struct slice name)
{
    for (; *commands; commands++)
        if (slice_eq_cstr(name, (*commands)->name))
            return *commands;
    return NULL;
}

const char *cli_command_suggest(const struct cli_command *const *commands, const char *name)
{
    const char *names[NAMES_MAX];
    size_t n = 0;
    for (; commands[n] && n < NAMES_MAX; n++)
        names[n] = commands[n]->name;
    return suggest_nearest(slice_from(name), names, n);
}
