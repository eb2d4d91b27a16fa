#include "cli/commands.h"

#define AT(member) offsetof(struct up_options, member)

static const struct cli_option options[] = {
    {"once", 0, CLI_FLAG, AT(once), NULL, NULL, "one round; exit 1 when a check failed",
     .words = NULL},
    {"config", 'c', CLI_LIST, AT(paths), "PATH", NULL,
     "a configuration to run, a file or folder; may be given again", .hint = CLI_HINT_FILE},
    {"set", 0, CLI_LIST, AT(settings), "KEY=VALUE", NULL,
     "set one value of the configuration; may be given again", .words = NULL},
    {"var", 0, CLI_LIST, AT(vars), "NAME=VALUE", NULL,
     "what firebreak.Var(NAME) is in Go files; may be given again", .words = NULL},
    {"store", 0, CLI_TEXT, AT(store), "URL", NULL,
     "where state is kept: sqlite:FOLDER/store.db or etcd://HOST:PORT,HOST:PORT (else store.url, "
     "else the data folder)",
     .words = NULL},
    {"node", 0, CLI_TEXT, AT(node), "NAME", NULL,
     "the name of this process among those that share the store (default the host's name)",
     .words = NULL},
    {"label", 0, CLI_LIST, AT(labels), "K=V", NULL,
     "a label of this node, for 'task run -l' and selectors; may be given again. It has name, "
     "host, os and arch by itself",
     .words = NULL},
    {"roles", 0, CLI_TEXT, AT(roles), "ROLES", NULL,
     "what it does for tasks: controller (gives them to nodes, if it is elected), worker (runs "
     "them), or both (default controller,worker)",
     .words = NULL},
};

static const char *const outputs[] = {"table", "jsonl", "json", "yaml", "name", "jsonpath=", NULL};

static const struct cli_example examples[] = {
    {"firebreak up", "find what listens on this host and watch it, live"},
    {"firebreak up --once -o jsonl", "one round, one asset a line, for a script"},
    {"firebreak up -c ops/ --store etcd://10.0.0.1:2379,10.0.0.2:2379", "on the store of a fleet"},
    {"firebreak up -o jsonl | jq 'select(.to == \"Failed\")'", "follow what breaks"},
};

static const char *const exits[] = {
    "0    ended as asked, or --once and all well",
    "1    --once: a check failed",
    "2    usage",
    "3    the data folder or the store cannot be used, or another process holds it",
    "130  interrupted (143: terminated)",
    NULL,
};

const struct cli_command cli_up = {
    .name = "up",
    .summary = "watch the services of this host, and repair what is declared",
    .about =
        "Finds every listening socket of this host with its process, tells what it speaks (http, "
        "tls, ssh, smtp, redis, postgres, mysql, else plain tcp), probes each every 5 s, and shows "
        "its state. New and vanished listeners are seen within 2 s.\n\n"
        "It holds the data folder, keeps there what it finds (store.db), and serves the local API "
        "on DATA/firebreak.sock to its own user and root: what 'get' and the other commands ask. "
        "With --once nothing is kept, and nothing is served.\n\n"
        "What files declare is written into the store (/registry), and what the store declares is "
        "watched, whoever wrote it: 'apply' and 'delete' are acted on at once. Reading the files, "
        "at the start and at each change, is an apply of them; what they no longer name goes, "
        "unless somebody changed it by hand.\n\n"
        "What is Failed or Degraded is repaired where a remedy is declared for it; nothing else is "
        "touched. 'firebreak why asset/NAME' tells what was done, and what was not and why.\n\n"
        "On a terminal: a live table, and below it the story of the selected asset (arrows, j and "
        "k, space and b select; q or Ctrl-C ends it). Elsewhere: JSON lines, an event at each "
        "change; with --once an asset a line.",
    .examples = examples,
    .example_count = ARRAY_LEN(examples),
    .options = options,
    .option_count = ARRAY_LEN(options),
    .outputs = outputs,
    .exits = exits,
    .values_size = sizeof(struct up_options),
};
