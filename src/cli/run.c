#include "cli/commands.h"

#define AT(member) offsetof(struct run_options, member)
#define SECOND_NS  INT64_C(1000000000)
#define DAY_NS     (86400 * SECOND_NS)

enum { FAILED_STATUS = 125 };

static const struct cli_option options[] = {
    {"timeout", 0, CLI_DURATION, AT(timeout_ns), "D", NULL, "end it after so long", .min = 1000000,
     .max = 365 * DAY_NS},
    {"kill-after", 0, CLI_DURATION, AT(kill_after_ns), "D", "5s",
     "from SIGTERM to SIGKILL; 0s: SIGKILL at once", .min = 0, .max = DAY_NS},
    {"env", 0, CLI_LIST, AT(env), "K=V", NULL,
     "add a variable to its environment; may be given again", .words = NULL},
    {"user", 0, CLI_TEXT, AT(user), "U", NULL,
     "run it as this user: NAME, NAME:GROUP or UID:GID (root only)", .words = NULL},
    {"dir", 0, CLI_TEXT, AT(dir), "DIR", NULL, "the folder that it starts in",
     .hint = CLI_HINT_FILE},
    {"stdin", 0, CLI_TEXT, AT(stdin_path), "FILE", NULL,
     "its standard input; - is ours (without it: none)", .hint = CLI_HINT_FILE},
    {"limit", 0, CLI_BYTES, AT(limit_bytes), "BYTES", NULL,
     "output that is kept of each stream (with -o json and so on: 1M)", .min = 1,
     .max = INT64_C(1) << 40},
    {"max-memory", 0, CLI_BYTES, AT(memory_bytes), "BYTES", NULL,
     "memory of all its processes by a cgroup; else the address space of each", .min = 1024 * 1024,
     .max = INT64_C(1) << 50},
    {"max-cpu", 0, CLI_DURATION, AT(cpu_ns), "D", NULL,
     "processor time of each of its processes, in whole seconds", .min = 1000000,
     .max = 365 * DAY_NS},
    {"max-procs", 0, CLI_INT, AT(processes), "N", NULL,
     "its processes and threads by a cgroup; else all of the user's, and root is not bound",
     .min = 1, .max = 4 * 1024 * 1024},
    {"keep-background", 0, CLI_FLAG, AT(keep_background), NULL, NULL,
     "let go on what it has left running when it ended by itself", .words = NULL},
};

static const char *const outputs[] = {"text", "json", "jsonl", "yaml", "jsonpath=", NULL};

static const struct cli_example examples[] = {
    {"firebreak run --timeout 30s -- ./backup.sh", "end it, and all that it started, after 30 s"},
    {"firebreak run --user nobody --max-memory 200M --max-procs 20 -- ./untrusted",
     "let it do little harm"},
    {"firebreak run -o json -- df -h | jq .stdout", "its output, status, times and memory as JSON"},
    {"firebreak run --env LEVEL=debug --stdin in.txt -- sort -u", "its variables, its input"},
};

static const char *const exits[] = {
    "N    the program's own status (0 to 123 is always its own)",
    "124  it timed out",
    "125  firebreak itself failed, or was called wrongly; nothing may have run",
    "126  the program cannot be executed",
    "127  there is no such program",
    "128+N  a signal ended it",
    "130  interrupted (143: terminated); the program was ended",
    NULL,
};

const struct cli_command cli_run = {
    .name = "run",
    .summary = "run a program safely on this host; no server is needed",
    .operands = "ARGV...",
    .operands_min = 1,
    .operands_max = UINT32_MAX,
    .about =
        "The program gets its arguments as they are: no shell looks at them. It runs in a session "
        "of its own, with no descriptor but the three standard ones, cannot gain privileges "
        "(set-user-ID programs give it none), and leaves no core file.\n\n"
        "Its environment is PATH (the system's folders), HOME, USER, LOGNAME, SHELL, "
        "LANG=C.UTF-8, and what --env adds: nothing of ours.\n\n"
        "At --timeout, at Ctrl-C, and where firebreak is killed, the program is ended with all "
        "that it started, also with what has made itself a daemon: SIGTERM, and SIGKILL after "
        "--kill-after. (Where firebreak is killed by SIGKILL: SIGKILL at once.) What it leaves "
        "running when it ends by itself is ended as well, 200 ms later; --keep-background lets it "
        "go on.\n\n"
        "Without -o its standard output and error are ours, byte for byte. With --limit so much of "
        "each passes, and the rest is dropped and counted.\n\n"
        "Options end at the program's name; -- is needed only where that begins with a dash.",
    .examples = examples,
    .example_count = ARRAY_LEN(examples),
    .options = options,
    .option_count = ARRAY_LEN(options),
    .outputs = outputs,
    .exits = exits,
    .values_size = sizeof(struct run_options),
    .program_follows = true,
    .usage_exit = FAILED_STATUS,
};
