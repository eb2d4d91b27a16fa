#include "cli/commands.h"

static const char *const completions[] = {"bash", "zsh", "fish", "targets", NULL};
static const char *const documents[] = {"man", "markdown", "config", "states", NULL};
static const char *const objects[] = {"text", "json", "jsonl", "yaml", "jsonpath=", NULL};
static const char *const plain_exits[] = {"0  all well", "2  usage", NULL};

static const struct cli_example completion_examples[] = {
    {"source <(firebreak completion bash)", "complete commands, options and values in this shell"},
    {"source <(firebreak completion zsh)", "so in zsh, after compinit"},
    {"firebreak completion fish | source", "so in fish"},
};
const struct cli_command cli_completion = {
    .name = "completion",
    .summary = "print the completion script of a shell",
    .operands = "SHELL",
    .operands_min = 1,
    .operands_max = 1,
    .operand_words = completions,
    .about = "The script is made from the tables that the program itself parses by.\n\n"
             "A target is completed from /etc/hosts, the hosts that ssh knows, and what the "
             "configuration (FIREBREAK_CONFIG, else /etc/firebreak) declares checks of: 'targets' "
             "prints the latter, one a line, for the scripts.",
    .examples = completion_examples,
    .example_count = ARRAY_LEN(completion_examples),
    .exits = plain_exits,
};

static const char *const pictures[] = {"text", "svg", "dot", "mermaid", NULL};
static const struct cli_example docs_examples[] = {
    {"firebreak docs man probe | man -l -", "read the manual page of a command"},
    {"firebreak docs markdown > commands.md", "write the reference of every command"},
    {"firebreak docs config > config.md", "write the reference of the configuration"},
    {"firebreak docs states -o svg > states.svg", "draw the states of an asset"},
};
const struct cli_command cli_docs = {
    .name = "docs",
    .summary = "print the manual: pages, the reference of the configuration, the states of assets",
    .operands = "man|markdown|config|states [COMMAND]",
    .operands_min = 1,
    .operands_max = 2,
    .operand_words = documents,
    .about = "Without COMMAND, man prints the program's own page; markdown has every command, and "
             "config "
             "every kind and field of a configuration. states is the table by which assets move "
             "from state to state: in Markdown, or drawn as -o says.",
    .outputs = pictures,
    .examples = docs_examples,
    .example_count = ARRAY_LEN(docs_examples),
    .exits = plain_exits,
};

static const struct cli_example version_examples[] = {
    {"firebreak version -o json", "what this binary is made of, for a script"},
};
const struct cli_command cli_version = {
    .name = "version",
    .summary = "say what this binary is and what it is made of",
    .operands_max = 0,
    .examples = version_examples,
    .example_count = ARRAY_LEN(version_examples),
    .outputs = objects,
    .exits = plain_exits,
};

static const struct cli_example help_examples[] = {
    {"firebreak help probe", "the same as 'firebreak probe -h'"},
};
const struct cli_command cli_help = {
    .name = "help",
    .summary = "explain the program, or one command",
    .operands = "[COMMAND]",
    .operands_max = 1,
    .examples = help_examples,
    .example_count = ARRAY_LEN(help_examples),
    .exits = plain_exits,
};

static const struct cli_command *const commands[] = {
    &cli_up,      &cli_probe,  &cli_run,        &cli_get,      &cli_describe, &cli_why,
    &cli_asset,   &cli_freeze, &cli_unfreeze,   &cli_silence,  &cli_delete,   &cli_plan,
    &cli_apply,   &cli_task,   &cli_node,       &cli_schedule, &cli_store,    &cli_config,
    &cli_explain, &cli_docs,   &cli_completion, &cli_version,  &cli_help,     NULL,
};

const struct cli_program cli_firebreak = {
    .name = "firebreak",
    .summary = "declare what healthy means; it watches, explains and repairs",
    .about =
        "Firebreak watches services from the outside and from the host that they run on. "
        "'up' finds what listens on this host and watches it; 'probe' asks any target once, or "
        "again and again; 'run' runs a program safely. 'get', 'describe', 'plan', 'apply' and "
        "'delete' are about what was declared and what was found: they ask the server that 'up' "
        "is. 'why' tells what happened to an asset and what was done. 'schedule' shows when "
        "something is due next. 'store' is about where all of it is kept.\n\n"
        "Where the NAME of a resource is wanted, KIND/NAME is taken, too, as -o name prints it: "
        "'task logs task/t-1', 'get asset/web'.\n\n"
        "Data is written to standard output; progress, summaries and errors to standard error.",
    .commands = commands,
};
