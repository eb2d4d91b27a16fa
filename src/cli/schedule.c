#include "cli/commands.h"

#define AT(member) offsetof(struct schedule_command_options, member)

static const struct cli_option options[] = {
    {"count", 0, CLI_INT, AT(count), "N", "5", "preview: so many times", .min = 1, .max = 10000},
    {"config", 'c', CLI_LIST, AT(paths), "PATH", NULL,
     "preview: the schedule stands in this configuration, instead of asking a server; may be given "
     "again",
     .hint = CLI_HINT_FILE},
    {"set", 0, CLI_LIST, AT(settings), "KEY=VALUE", NULL,
     "with -c: set one value of the configuration; may be given again", .words = NULL},
    {"var", 0, CLI_LIST, AT(vars), "NAME=VALUE", NULL,
     "with -c: what firebreak.Var(NAME) is in Go files; may be given again", .words = NULL},
};

static const char *const words[] = {"preview", "pause", "resume", "trigger", NULL};
static const char *const outputs[] = {"table", "json", "jsonl", "yaml", "name", "jsonpath=", NULL};

static const struct cli_example examples[] = {
    {"firebreak schedule preview nightly", "its next five runs, in UTC and by its own clock"},
    {"firebreak schedule preview nightly -c ops.go --count 100 -o jsonl", "before it is applied"},
    {"firebreak schedule pause nightly", "it does not run until it is resumed"},
    {"firebreak schedule trigger nightly", "run it now, once, beside its times"},
};

static const char *const exits[] = {
    "0    all well",
    "1    there is no such schedule, or (preview) it is never due; faults of a configuration",
    "2    usage",
    "3    no server answers: is 'firebreak up' running?",
    "4    the server does not allow it",
    "130  interrupted (143: terminated)",
    NULL,
};

const struct cli_command cli_schedule = {
    .name = "schedule",
    .summary = "show when a schedule is due next; pause, resume or trigger it",
    .operands = "preview|pause|resume|trigger NAME",
    .operands_min = 2,
    .operands_max = 2,
    .operand_words = words,
    .about =
        "'preview' shows when it is due, on the days on which clocks are changed, too; jitter is "
        "not in it, and a schedule that is paused is shown as if it were not.\n\n"
        "'pause' and 'resume' last until the other one, whatever the declaration says; times that "
        "pass meanwhile are not made up for. A schedule that is triggered twice before it has "
        "begun "
        "begins once; overlap counts for it as for any other run.",
    .examples = examples,
    .example_count = ARRAY_LEN(examples),
    .options = options,
    .option_count = ARRAY_LEN(options),
    .outputs = outputs,
    .exits = exits,
    .values_size = sizeof(struct schedule_command_options),
};
