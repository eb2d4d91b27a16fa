#include "cli/commands.h"

/* The commands about resources: they ask a server. */

static const char *const lists[] = {"table", "wide", "json",      "jsonl",
                                    "yaml",  "name", "jsonpath=", NULL};
static const char *const details[] = {"text", "json", "jsonl", "yaml", "jsonpath=", NULL};
static const char *const changes[] = {"text", "json", "jsonl", "yaml", "jsonpath=", NULL};
static const char *const names[] = {"text", "json", "jsonl", "yaml", "name", NULL};

#define KINDS_ABOUT                                                                                \
    "KIND is one of asset check scrape remedy receiver task schedule node role rolebinding route " \
    "pipeline slo adapter, singular or plural, in any case."

#define SERVER_EXITS                                                    \
    "2    usage", "3    no server answers: is 'firebreak up' running?", \
        "4    the server does not allow it", "130  interrupted (143: terminated)"

/* ---- get ---- */

#define AT(member) offsetof(struct get_options, member)
static const struct cli_option get_options[] = {
    {"selector", 'l', CLI_TEXT, AT(selector), "SELECTOR", NULL,
     "only those with these labels: app=web,tier!=db,env in (a,b),!old", .words = NULL},
    {"watch", 'w', CLI_FLAG, AT(watch), NULL, NULL,
     "go on telling what changes; of assets: their events", .words = NULL},
    {"all-namespaces", 0, CLI_FLAG, AT(all_namespaces), NULL, NULL, "those of every namespace",
     .words = NULL},
};
#undef AT

static const struct cli_example get_examples[] = {
    {"firebreak get assets", "what is watched, and how it is"},
    {"firebreak get asset redis-server-6379 -o json", "one of them, for a script"},
    {"firebreak get checks -l tier=front --all-namespaces", "by label, everywhere"},
    {"firebreak get assets -w -o jsonl", "an event a line, as it happens"},
};

static const char *const get_exits[] = {"0    found", "1    there is none of that name",
                                        SERVER_EXITS, NULL};

const struct cli_command cli_get = {
    .name = "get",
    .summary = "list resources, or show one",
    .operands = "KIND [NAME] | KIND/NAME",
    .operands_min = 1,
    .operands_max = 2,
    .about = KINDS_ABOUT "\n\nA value that another program wrote wrongly into the store is left "
                         "out, and told on standard error with its key.",
    .examples = get_examples,
    .example_count = ARRAY_LEN(get_examples),
    .options = get_options,
    .option_count = ARRAY_LEN(get_options),
    .outputs = lists,
    .exits = get_exits,
    .values_size = sizeof(struct get_options),
};

/* ---- describe ---- */

static const struct cli_example describe_examples[] = {
    {"firebreak describe asset redis-server-6379", "all that is known of it, and its last events"},
};

const struct cli_command cli_describe = {
    .name = "describe",
    .summary = "show all that is known of a resource, and its last events",
    .operands = "KIND NAME | KIND/NAME",
    .operands_min = 1,
    .operands_max = 2,
    .about = KINDS_ABOUT,
    .examples = describe_examples,
    .example_count = ARRAY_LEN(describe_examples),
    .outputs = details,
    .exits = get_exits,
};

/* ---- delete ---- */

static const struct cli_option delete_options[] = {
    {"revision", 0, CLI_INT, offsetof(struct delete_options, revision), "N", "-1",
     "only where it is at this revision (-1: at any)", .min = -1, .max = INT64_MAX},
};

static const struct cli_example delete_examples[] = {
    {"firebreak delete check db-port", "what was declared goes; what was found stays"},
    {"firebreak delete task task-3k9",
     "one that has ended, with its output; its --dedup key is free"},
    {"firebreak delete node web-9", "a lost one goes from the list; one that is up does not"},
};

static const char *const delete_exits[] = {
    "0    deleted", "1    there is none of that name, or it is at another revision", SERVER_EXITS,
    NULL};

const struct cli_command cli_delete = {
    .name = "delete",
    .summary = "delete a resource that was declared",
    .operands = "KIND NAME | KIND/NAME",
    .operands_min = 1,
    .operands_max = 2,
    .about = KINDS_ABOUT,
    .examples = delete_examples,
    .example_count = ARRAY_LEN(delete_examples),
    .options = delete_options,
    .option_count = ARRAY_LEN(delete_options),
    .outputs = names,
    .exits = delete_exits,
    .values_size = sizeof(struct delete_options),
};

/* ---- plan and apply ---- */

#define FILE_OPTION                                                                                \
    {"file", 'f', CLI_LIST, offsetof(struct apply_options, files), "PATH", NULL,                   \
     "a file of resources, or a folder of such files; - is standard input (JSON or YAML); may be " \
     "given again",                                                                                \
     .hint = CLI_HINT_FILE}

static const struct cli_option apply_options[] = {FILE_OPTION};
static const struct cli_option plan_options[] = {
    FILE_OPTION,
    {"remedies", 0, CLI_FLAG, offsetof(struct apply_options, remedies), NULL, NULL,
     "what would be repaired now, and what not and why; nothing is done", .words = NULL},
};

#define FILES_ABOUT                                                                                \
    "A file is YAML, TOML or JSON (by its name). It holds lists of resources by kind, as a "       \
    "configuration does (checks: [{name: db}]), or one resource, or a list of such, as 'get' "     \
    "prints them."

static const struct cli_example plan_examples[] = {
    {"firebreak plan -f ops/", "what 'apply' would change, and nothing more"},
    {"firebreak plan", "what was changed by hand since 'up' read its files"},
    {"firebreak plan --remedies", "what would be repaired now, and what not and why"},
};

static const char *const plan_exits[] = {"0    nothing to do", "1    changes are shown",
                                         SERVER_EXITS, NULL};

const struct cli_command cli_plan = {
    .name = "plan",
    .summary = "show what apply would change, or where the store is not as the files have it",
    .about = FILES_ABOUT
    "\n\nWithout -f: what the next reading of its own files will change for 'up', because somebody "
    "changed or deleted by hand what they declare.",
    .examples = plan_examples,
    .example_count = ARRAY_LEN(plan_examples),
    .options = plan_options,
    .option_count = ARRAY_LEN(plan_options),
    .outputs = changes,
    .exits = plan_exits,
    .values_size = sizeof(struct apply_options),
};

static const struct cli_example apply_examples[] = {
    {"firebreak apply -f ops.yaml", "create and change what the file declares"},
    {"firebreak get checks -o json | firebreak apply -f -", "what is already so stays as it is"},
};

static const char *const apply_exits[] = {"0    all of it is so now",
                                          "1    one of them was changed by somebody else meanwhile",
                                          SERVER_EXITS, NULL};

const struct cli_command cli_apply = {
    .name = "apply",
    .summary = "create and change resources as files declare them",
    .about =
        FILES_ABOUT " Every resource is looked at before the first is written; each is written "
                    "only where it is still what it was then. What no file names stays.",
    .examples = apply_examples,
    .example_count = ARRAY_LEN(apply_examples),
    .options = apply_options,
    .option_count = ARRAY_LEN(apply_options),
    .outputs = changes,
    .exits = apply_exits,
    .values_size = sizeof(struct apply_options),
};
