#include "cli/commands.h"

#define AT(member) offsetof(struct store_options, member)

static const struct cli_option options[] = {
    {"prefix", 0, CLI_FLAG, AT(prefix), NULL, NULL, "get, watch: every key that begins with KEY",
     .words = NULL},
    {"rev", 0, CLI_INT, AT(revision), "N", "0",
     "get: as of this revision; watch: from this one on (0: now)", .min = 0, .max = INT64_MAX - 1},
    {"limit", 0, CLI_INT, AT(limit), "N", "0", "get: at most so many keys (0: all)", .min = 0,
     .max = INT64_MAX - 1},
    {"store", 0, CLI_TEXT, AT(store), "URL", NULL,
     "open this store, instead of asking who holds the data folder: sqlite:FOLDER/store.db or "
     "etcd://HOST:PORT,HOST:PORT",
     .words = NULL},
};

static const char *const words[] = {"status", "get", "put", "watch", "backup", "restore", NULL};
static const char *const outputs[] = {"text", "json", "jsonl", "yaml", "name", "jsonpath=", NULL};

static const struct cli_example examples[] = {
    {"firebreak store status", "is it well, and how large?"},
    {"firebreak store get /state/ --prefix", "what was found, key by key"},
    {"firebreak store watch / --prefix --rev 1", "every change that is remembered, and then on"},
    {"firebreak store put /config/worker_max 8", "write a key by hand"},
    {"firebreak store backup /backup/store.db", "a consistent copy, while it is in use"},
    {"firebreak store restore /backup/store.db", "go back to it; the old file is kept beside"},
};

static const char *const exits[] = {
    "0    all well",
    "1    there is no such key; status: the store takes no writes",
    "2    usage",
    "3    the store cannot be used, or (restore) another process holds it",
    "4    the server does not allow it",
    "130  interrupted (143: terminated)",
    NULL,
};

const struct cli_command cli_store = {
    .name = "store",
    .summary = "look into the store, back it up, restore it",
    .operands = "status|get KEY|put KEY VALUE|watch KEY|backup FILE|restore FILE",
    .operands_min = 1,
    .operands_max = 3,
    .operand_words = words,
    .about =
        "While 'firebreak up' holds the data folder it is asked, through its socket; else the "
        "store "
        "is opened here. 'put' takes - as VALUE for standard input. The text form of 'get' is the "
        "key and, on the next line, the value.\n\n"
        "'restore' refuses while a process holds the folder, checks the backup first, and keeps "
        "the "
        "old file beside: store.db.before-restore-TIME. Whoever watched the store must begin anew.",
    .examples = examples,
    .example_count = ARRAY_LEN(examples),
    .options = options,
    .option_count = ARRAY_LEN(options),
    .outputs = outputs,
    .exits = exits,
    .values_size = sizeof(struct store_options),
};
