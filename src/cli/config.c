#include "cli/commands.h"

#define AT(member) offsetof(struct config_command_options, member)

static const char *const actions[] = {"check", "eval",    "diff", "origin",
                                      "schema", "convert", "init", NULL};
static const char *const languages[] = {"json", "yaml", "toml", NULL};
static const char *const toml_versions[] = {"1.0", "1.1", NULL};

static const struct cli_option options[] = {
    {"config", 'c', CLI_LIST, AT(paths), "PATH", NULL,
     "a file or folder to read, lowest first; may be given again", .hint = CLI_HINT_FILE},
    {"set", 0, CLI_LIST, AT(settings), "KEY=VALUE", NULL,
     "set one value above all other sources; may be given again", .words = NULL},
    {"var", 0, CLI_LIST, AT(vars), "NAME=VALUE", NULL,
     "what firebreak.Var(NAME) is in Go files; may be given again", .words = NULL},
    {"listen", 0, CLI_TEXT, AT(listen), "ADDR", NULL, "as up takes it: server.listen",
     .hint = CLI_HINT_HOST},
    {"agent-listen", 0, CLI_TEXT, AT(agent_listen), "ADDR", NULL,
     "as up takes it: server.agent_listen", .hint = CLI_HINT_HOST},
    {"task-listen", 0, CLI_TEXT, AT(task_listen), "ADDR", NULL,
     "as up takes it: server.task_listen", .hint = CLI_HINT_HOST},
    {"store", 0, CLI_TEXT, AT(store), "URL", NULL, "as up takes it: store.url", .words = NULL},
    {"defaults", 0, CLI_FLAG, AT(defaults), NULL, NULL, "eval: with the default of every field",
     .words = NULL},
    {"to", 0, CLI_WORD, AT(to), "LANGUAGE", NULL, "convert: the language to write",
     .words = languages},
    {"raw", 0, CLI_FLAG, AT(raw), NULL, NULL, "convert: any text, without the schema",
     .words = NULL},
    {"toml-version", 0, CLI_WORD, AT(toml_version), "V", "1.1", "convert: of a TOML file",
     .words = toml_versions},
};

static const char *const outputs[] = {"text", "json", "jsonl", "yaml", "toml", "jsonpath=", NULL};

static const struct cli_example examples[] = {
    {"firebreak config init", "begin: a Go module with this host's services, in this folder"},
    {"firebreak config check -c .", "find every mistake, each with its line"},
    {"firebreak config check -c ops.go -o jsonl", "the same for a script, a fault a line"},
    {"firebreak config eval -c base.yaml -c prod.toml -o json", "what the sources say together"},
    {"firebreak config origin server.listen -c .", "which source won, and all that lost"},
    {"firebreak config diff old/ new/", "what changes, by resource and field"},
    {"firebreak config convert ops.go --to yaml", "one file in another language"},
    {"firebreak config schema > schema.json", "JSON Schema, for an editor's completion of YAML"},
};

static const char *const exits[] = {
    "0  no fault; diff: nothing changes",
    "1  faults were found; diff: something changes; origin: there is no such element",
    "2  usage",
    "3  a file cannot be read or written",
    NULL,
};

const struct cli_command cli_config = {
    .name = "config",
    .summary = "check, show, compare, explain and begin a configuration",
    .operands = "check|eval|diff|origin|schema|convert|init [A B|KEY|FILE]",
    .operands_min = 1,
    .operands_max = 3,
    .operand_words = actions,
    .about =
        "check finds every fault at once. eval prints what files, environment and flags say "
        "together. diff A B compares two of them. origin KEY tells where a value comes from; a KEY "
        "is written like server.listen or checks[db-port].tcp.target. schema prints JSON Schema "
        "2020-12. convert FILE --to LANGUAGE writes one file in another language. init writes "
        "go.mod, the package firebreak, and an ops.go with this host's services; what is there "
        "stays.\n\n"
        "Sources, lowest first: defaults; files in the order given (.go, .yaml, .toml, .json; a "
        "folder's in the order of their names, its Go files as one package); the environment "
        "(FIREBREAK_SERVER_LISTEN and so on); flags. Without -c: FIREBREAK_CONFIG, else "
        "/etc/firebreak if it is there.",
    .examples = examples,
    .example_count = ARRAY_LEN(examples),
    .options = options,
    .option_count = ARRAY_LEN(options),
    .outputs = outputs,
    .exits = exits,
    .values_size = sizeof(struct config_command_options),
};

static const struct cli_example explain_examples[] = {
    {"firebreak explain check", "what a check has"},
    {"firebreak explain check.tcp.target", "one field: its type, its rules, its default"},
};
static const char *const explain_outputs[] = {"text", "json", "jsonl", "yaml", "jsonpath=", NULL};
static const char *const explain_exits[] = {"0  all well", "1  there is no such field", "2  usage",
                                            NULL};

const struct cli_command cli_explain = {
    .name = "explain",
    .summary = "say what a field of the configuration means",
    .operands = "FIELD",
    .operands_max = 1,
    .about = "FIELD is a kind or section, or a field of one, with dots. Without it, all kinds are "
             "listed.",
    .examples = explain_examples,
    .example_count = ARRAY_LEN(explain_examples),
    .outputs = explain_outputs,
    .exits = explain_exits,
};
