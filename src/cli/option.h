/* option.h - commands and their options as tables: one table gives parsing, help, man page,
 * Markdown and completion.
 *
 * A command names a struct of values; each option says where in it its value goes, as which type,
 * and what its default is. Parsing accepts `--name=V`, `--name V`, `-nV`, `-n V`, bundled flags
 * (`-ab`), `--`, and options behind operands. A mistake is told with the option, the value, what is
 * allowed, and the nearest word. */
#ifndef FIREBREAK_CLI_OPTION_H
#define FIREBREAK_CLI_OPTION_H

#include "base/arena.h"
#include "base/err.h"

enum cli_type {
    CLI_FLAG,     /* bool */
    CLI_TEXT,     /* const char * */
    CLI_INT,      /* int64_t, min … max */
    CLI_NUMBER,   /* double, min … max */
    CLI_DURATION, /* int64_t ns, min … max */
    CLI_BYTES,    /* int64_t, min … max: 1048576, 64K, 100M, 2G (of 1024) */
    CLI_WORD,     /* const char *, one of words */
    CLI_LIST,     /* struct cli_list: may be given again and again */
};

enum { CLI_LIST_MAX = 256 };

struct cli_list {
    const char **items;
    uint32_t count;
};

enum cli_hint { CLI_HINT_NONE, CLI_HINT_FILE, CLI_HINT_HOST };

struct cli_option {
    const char *name; /* without dashes */
    char letter;      /* 0: none */
    enum cli_type type;
    size_t offset;       /* into the command's values */
    const char *metavar; /* NULL for a flag */
    const char *dflt;    /* as it would be written; NULL: none */
    const char *help;    /* one clause, no full stop */
    const char *const *words; /* CLI_WORD: ends in NULL */
    int64_t min, max;         /* both 0: any */
    enum cli_hint hint;
    const char *only; /* it is one of this first operand; NULL: of any. So a letter may mean two
                         things, and the operand stands before it */
};

struct cli_example {
    const char *line, *meaning;
};

struct cli_command {
    const char *name;
    const char *summary;  /* one clause */
    const char *operands; /* "TARGET..."; NULL: none */
    uint32_t operands_min, operands_max;
    const char *const *operand_words; /* allowed first operands; NULL: any. Ends in NULL */
    enum cli_hint operand_hint;
    const char *about;                /* paragraphs, divided by blank lines */
    const struct cli_example *examples;
    size_t example_count;
    const struct cli_option *options;
    size_t option_count;
    /* Words that -o takes here; the first is the default. Ends in NULL. */
    const char *const *outputs;
    const char *const *exits;   /* "1  a probe failed"; ends in NULL */
    size_t values_size;
    bool program_follows; /* options end at the first operand: another program's command line */
    int usage_exit; /* the status of a mistake in the command line; 0: 2 */
};

/* What every command takes. */
struct cli_globals {
    bool help, version;
    const char *output; /* NULL: the command's default */
    const char *color, *progress;
    const char *log_level, *log_format;
    const char *namespace_, *server, *data; /* server, data: NULL where they are not given */
};
extern const struct cli_option cli_global_options[];
extern const size_t cli_global_option_count;

/* One option as it was given; of a flag the value is "". */
struct cli_given {
    const struct cli_option *option;
    const char *value;
};

struct cli_parsed {
    struct cli_globals globals;
    struct cli_given *given; /* the command's own, in the order of the command line */
    uint32_t given_count;
    void *values; /* the command's struct */
    const char **operands;
    uint32_t operand_count;
};

/* Parses argv[0 … argc - 1], which begins behind the command's name. Texts point into argv.
 * Returns 0, or -EINVAL with *err. `--help` given, other mistakes are not looked for. */
int cli_parse(const struct cli_command *c, int argc, char *const *argv, struct arena *arena,
              struct cli_parsed *ret, struct err *err);

/* The last -o or --output of a command line that may be wrong elsewhere, so that the mistake is
 * told in the form that was asked for; NULL where there is none. */
const char *cli_output_of(int argc, char *const *argv);

/* The index of the command's name in argv, looking past global options; argc where there is
 * none; -EINVAL with *err for a bad global option. *ret has what stood before it. */
int cli_find_command(int argc, char *const *argv, struct cli_globals *ret, struct err *err);

/* Nearest command for a misspelt one, or NULL. */
const struct cli_command *cli_command_find(const struct cli_command *const *commands,
                                           struct slice name);
const char *cli_command_suggest(const struct cli_command *const *commands, const char *name);

#endif
