#include "cli/commands.h"

/* The commands about self-healing: they ask a server. */

#define SECOND_NS INT64_C(1000000000)

#define SERVER_EXITS                                                    \
    "2    usage", "3    no server answers: is 'firebreak up' running?", \
        "4    the server does not allow it", "130  interrupted (143: terminated)", NULL

static const char *const stories[] = {"text", "json", "jsonl", "yaml", "jsonpath=", NULL};
static const char *const objects[] = {"text", "json", "yaml", NULL};

/* ---- why ---- */

static const struct cli_option why_options[] = {
    {"all", 0, CLI_FLAG, offsetof(struct why_options, all), NULL, NULL,
     "every story that is kept, not only the last", .words = NULL},
};

static const struct cli_example why_examples[] = {
    {"firebreak why asset/web", "why it broke, what was done, and how it ended"},
    {"firebreak why asset/web -o jsonl | jq -r .type", "its events, for a script"},
    {"firebreak why asset/web --all", "every story that is kept"},
    {"firebreak why 4bf92f3577b34da6a3ce929d0e0e4736", "what a trace id in a log belongs to"},
};

static const char *const why_exits[] = {"0    told", "1    there is nothing of that name",
                                        SERVER_EXITS};

const struct cli_command cli_why = {
    .name = "why",
    .summary = "tell what happened to an asset, what was done, and why",
    .operands = "KIND/NAME | TRACE_ID",
    .operands_min = 1,
    .operands_max = 1,
    .about =
        "The last story: from the observation that began it, over verdict, decision (and what was "
        "not done, and why), task and outcome, to the last state; oldest first. KIND is asset, "
        "check (the story of its asset) or task (the story that it stands in).",
    .examples = why_examples,
    .example_count = ARRAY_LEN(why_examples),
    .options = why_options,
    .option_count = ARRAY_LEN(why_options),
    .outputs = stories,
    .exits = why_exits,
    .values_size = sizeof(struct why_options),
};

/* ---- asset ---- */

static const struct cli_option asset_options[] = {
    {"for", 0, CLI_DURATION, offsetof(struct asset_command_options, for_ns), "D", NULL,
     "maintain: so long; 0 ends it", .min = 0, .max = 365 * 86400 * SECOND_NS},
};

static const char *const asset_words[] = {"recover", "maintain", NULL};

static const struct cli_example asset_examples[] = {
    {"firebreak asset maintain web --for 1h", "watch it, and leave it alone"},
    {"firebreak asset maintain web --for 0", "that is over"},
    {"firebreak asset recover web", "it was mended by hand: Healthy once its checks pass"},
};

static const char *const asset_exits[] = {
    "0    done", "1    there is no such asset, or it is not Failed (recover)", SERVER_EXITS};

const struct cli_command cli_asset = {
    .name = "asset",
    .summary = "take an asset out of repair for a while; say that it was mended by hand",
    .operands = "recover|maintain NAME",
    .operands_min = 2,
    .operands_max = 2,
    .operand_words = asset_words,
    .about = "In maintenance an asset is watched, and nothing is done about what is seen. When its "
             "time is over it begins anew, as Pending.\n\n"
             "An asset that is Failed stays so until a repair is verified, or somebody says that "
             "it was mended: then it is Healthy as soon as every check passes.",
    .examples = asset_examples,
    .example_count = ARRAY_LEN(asset_examples),
    .options = asset_options,
    .option_count = ARRAY_LEN(asset_options),
    .outputs = objects,
    .exits = asset_exits,
    .values_size = sizeof(struct asset_command_options),
};

/* ---- freeze ---- */

static const struct cli_option freeze_options[] = {
    {"reason", 0, CLI_TEXT, offsetof(struct freeze_options, reason), "TEXT", NULL,
     "what for: others see it", .words = NULL},
};

static const struct cli_example freeze_examples[] = {
    {"firebreak freeze --reason 'moving racks'", "from now on nothing is repaired by itself"},
    {"firebreak unfreeze", "and from now on it is again"},
};

static const char *const freeze_exits[] = {"0    done", SERVER_EXITS};

const struct cli_command cli_freeze = {
    .name = "freeze",
    .summary = "stop every automatic repair, everywhere",
    .operands_max = 0,
    .about = "Assets are watched as before, and what would be repaired is told with 'why'. A "
             "repair that is under way is not taken back. 'unfreeze' ends it.",
    .examples = freeze_examples,
    .example_count = ARRAY_LEN(freeze_examples),
    .options = freeze_options,
    .option_count = ARRAY_LEN(freeze_options),
    .outputs = objects,
    .exits = freeze_exits,
    .values_size = sizeof(struct freeze_options),
};

static const struct cli_example unfreeze_examples[] = {
    {"firebreak unfreeze", "what is declared is repaired again"},
};

const struct cli_command cli_unfreeze = {
    .name = "unfreeze",
    .summary = "let repairs happen again after 'freeze'",
    .operands_max = 0,
    .examples = unfreeze_examples,
    .example_count = ARRAY_LEN(unfreeze_examples),
    .options = freeze_options,
    .option_count = ARRAY_LEN(freeze_options),
    .outputs = objects,
    .exits = freeze_exits,
    .values_size = sizeof(struct freeze_options),
};

/* ---- silence ---- */

static const struct cli_option silence_options[] = {
    {"selector", 'l', CLI_TEXT, offsetof(struct silence_options, selector), "SEL", NULL,
     "add: assets by their labels (env=test,tier!=db); asset and namespace count as labels",
     .words = NULL},
    {"for", 0, CLI_DURATION, offsetof(struct silence_options, for_ns), "D", NULL, "add: so long",
     .min = SECOND_NS, .max = 365 * 86400 * SECOND_NS},
    {"reason", 0, CLI_TEXT, offsetof(struct silence_options, reason), "TEXT", NULL,
     "add: what for: others see it", .words = NULL},
};

static const char *const silence_words[] = {"add", "list", "remove", NULL};
static const char *const lists[] = {"table", "json", "jsonl", "yaml", "name", "jsonpath=", NULL};

static const struct cli_example silence_examples[] = {
    {"firebreak silence add -l env=test --for 2h --reason 'new switch'",
     "nobody is told of these for two hours; prints its name"},
    {"firebreak silence add -l asset=db --for 30m", "one asset"},
    {"firebreak silence list", "which there are, and until when"},
    {"firebreak silence remove silence-3f9a0c12", "from now on they are told again"},
};

static const char *const silence_exits[] = {"0    done", "1    there is no such silence",
                                            SERVER_EXITS};

const struct cli_command cli_silence = {
    .name = "silence",
    .summary = "tell receivers nothing of some assets for a while",
    .operands = "add | list | remove NAME",
    .operands_min = 1,
    .operands_max = 2,
    .operand_words = silence_words,
    .about = "Assets are watched and repaired as before. What a receiver was told already is taken "
             "back once it is over, also during a silence; what outlasts one is told then.",
    .examples = silence_examples,
    .example_count = ARRAY_LEN(silence_examples),
    .options = silence_options,
    .option_count = ARRAY_LEN(silence_options),
    .outputs = lists,
    .exits = silence_exits,
    .values_size = sizeof(struct silence_options),
};
