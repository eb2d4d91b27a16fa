#include "cli/commands.h"

/* The commands about tasks and nodes: they ask a server. */

#define AT(member) offsetof(struct task_options, member)
#define SECOND_NS  INT64_C(1000000000)
#define YEAR_NS    (366 * 86400 * SECOND_NS)

enum { PRIORITY_MAX = 1000000, RETRIES_MAX = 1000 };

static const struct cli_option options[] = {
    {"node", 0, CLI_TEXT, AT(node), "N", NULL, "run: on this node", .words = NULL},
    {"selector", 'l', CLI_TEXT, AT(selector), "SELECTOR", NULL,
     "run: on every node with these labels: pool=web,!old", .words = NULL},
    {"file", 'f', CLI_TEXT, AT(file), "FILE", NULL,
     "run: what this file says (an Action: .go, .yaml, .toml or .json; -: standard input, as "
     "YAML, JSON or Go), instead of a program",
     .hint = CLI_HINT_FILE, .only = "run"},
    {"rollback", 0, CLI_TEXT, AT(rollback), "FILE", NULL,
     "run: the action in this file undoes it, if it begins and does not succeed",
     .hint = CLI_HINT_FILE},
    {"dedup", 0, CLI_TEXT, AT(dedup), "KEY", NULL,
     "run: with a key that a task has already, that task is the answer", .words = NULL},
    {"timeout", 0, CLI_DURATION, AT(timeout_ns), "D", NULL, "run: end an attempt after so long",
     .min = 1000000, .max = YEAR_NS},
    {"retries", 0, CLI_INT, AT(retries), "N", "0", "run: after a failure, so many more attempts",
     .min = 0, .max = RETRIES_MAX},
    {"backoff", 0, CLI_DURATION, AT(backoff_ns), "D", NULL,
     "run: before the first retry; doubles with each (default 1s)", .min = 1000000, .max = YEAR_NS},
    {"env", 0, CLI_LIST, AT(env), "K=V", NULL,
     "run: add a variable to its environment; may be given again", .words = NULL},
    {"dir", 0, CLI_TEXT, AT(dir), "DIR", NULL, "run: the folder that it starts in",
     .hint = CLI_HINT_FILE},
    {"user", 0, CLI_TEXT, AT(user), "U", NULL, "run: as this user", .words = NULL},
    {"priority", 0, CLI_INT, AT(priority), "N", "0", "run: higher is sooner", .min = -PRIORITY_MAX,
     .max = PRIORITY_MAX},
    {"deadline", 0, CLI_DURATION, AT(deadline_ns), "D", NULL,
     "run: what has not ended by then is Expired", .min = 1000000, .max = YEAR_NS},
    {"concurrency", 0, CLI_TEXT, AT(concurrency), "KEY", NULL,
     "run: of tasks with this key, one at a time", .words = NULL},
    {"action", 0, CLI_TEXT, AT(action), "NAME", NULL,
     "run: a name for what it does: tasks of one name share a --rate", .words = NULL},
    {"rate", 0, CLI_INT, AT(rate), "N", NULL, "run: of tasks with this --action, begin N an hour",
     .min = 1, .max = 3600000},
    {"limit", 0, CLI_BYTES, AT(limit_bytes), "BYTES", NULL,
     "run: output that is kept of each stream (default 1M)", .min = 1, .max = INT64_C(1) << 30},
    {"approve", 0, CLI_FLAG, AT(approve), NULL, NULL, "run: wait until somebody approves it",
     .words = NULL},
    {"wait", 0, CLI_FLAG, AT(wait), NULL, NULL,
     "run: until it has ended; exits as 'run' does, and -o json is of the task as it ended",
     .words = NULL},
    {"follow", 'f', CLI_FLAG, AT(follow), NULL, NULL, "logs: go on until the task has ended",
     .only = "logs"},
};

static const char *const words[] = {"run", "logs", "cancel", "retry", "approve", "reject", NULL};
static const char *const outputs[] = {"text", "json", "jsonl", "yaml", "name", NULL};

static const struct cli_example examples[] = {
    {"firebreak task run --wait -- ./backup.sh", "run it on some node, and exit with its status"},
    {"firebreak task run -l pool=web --retries 3 -- systemctl reload nginx", "on each of them"},
    {"firebreak task run --dedup nightly-2026-01-02 -- ./nightly",
     "once, however often it is said"},
    {"firebreak task run --wait -f deploy.yaml", "an action, or a workflow of several"},
    {"firebreak task logs -f task-3k9", "its output, as it comes"},
    {"firebreak task cancel task-3k9", "end it"},
};

static const char *const exits[] = {
    "0    done; run --wait: it succeeded",
    "1    there is no such task, or its state does not allow that",
    "2    usage",
    "3    no server answers: is 'firebreak up' running?",
    "4    the server does not allow it",
    "N    run --wait: the program's own status, the highest of several",
    "124  run --wait: it timed out",
    "125  run --wait: it was canceled or expired, or could not be run",
    "126  run --wait: not executable (127: not found; 128+N: a signal ended it)",
    "130  interrupted (143: terminated); the task goes on",
    NULL,
};

const struct cli_command cli_task = {
    .name = "task",
    .summary = "run programs on nodes, and see what became of them",
    .operands = "run -- ARGV... | run -f FILE | logs|cancel|retry|approve|reject NAME",
    .operands_min = 1,
    .operands_max = UINT32_MAX,
    .operand_words = words,
    .about =
        "A task runs on one node, whichever has room, or on --node, or on every node with the "
        "labels of -l. 'run' prints the task's name. It runs at least once, and one completion of "
        "it is accepted: when a node is lost, its tasks are given to another one, so that what a "
        "program does may happen twice. It finds FIREBREAK_TASK, FIREBREAK_ATTEMPT, FIREBREAK_NODE "
        "and FIREBREAK_TASK_TOKEN, a number that grows with each attempt, in its environment.",
    .examples = examples,
    .example_count = ARRAY_LEN(examples),
    .options = options,
    .option_count = ARRAY_LEN(options),
    .outputs = outputs,
    .exits = exits,
    .values_size = sizeof(struct task_options),
};

/* ---- node ---- */

static const char *const node_words[] = {"cordon", "uncordon", "drain", NULL};
static const char *const node_outputs[] = {"text", "json", NULL};

static const struct cli_example node_examples[] = {
    {"firebreak node cordon web-1", "what runs goes on; nothing new is given to it"},
    {"firebreak node drain web-1", "and wait until nothing runs there any more"},
    {"firebreak node uncordon web-1", "it takes tasks again"},
};

static const char *const node_exits[] = {"0    done",
                                         "2    usage",
                                         "3    no server answers: is 'firebreak up' running?",
                                         "4    the server does not allow it",
                                         "130  interrupted (143: terminated)",
                                         NULL};

const struct cli_command cli_node = {
    .name = "node",
    .summary = "take a node out of service, and back",
    .operands = "cordon|uncordon|drain NAME",
    .operands_min = 2,
    .operands_max = 2,
    .operand_words = node_words,
    .about =
        "A cordoned node finishes what it has, and is given nothing new. 'drain' gives what has "
        "not begun there to other nodes, and waits for what runs: nothing is ended.",
    .examples = node_examples,
    .example_count = ARRAY_LEN(node_examples),
    .outputs = node_outputs,
    .exits = node_exits,
};
