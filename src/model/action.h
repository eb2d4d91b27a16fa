/* action.h - a program to run, and how it ended: the nouns of what a task does.
 *
 * Plain values, shared by those who ask for it (a command, the scheduler) and those who do it (act
 * here, an agent elsewhere, the simulator in its own time): they meet at `struct executor`.
 *
 * A program is started by its argv, never through a shell. Texts are NUL-terminated, as the kernel
 * takes them; whoever has them from a file or a request makes them with exec_text, which refuses
 * what would be cut off at a NUL. */
#ifndef FIREBREAK_MODEL_ACTION_H
#define FIREBREAK_MODEL_ACTION_H

#include "base/arena.h"
#include "base/err.h"
#include "model/reason.h"

enum {
    EXEC_ARGS_MAX = 32768,                 /* argv; env as well */
    EXEC_TEXT_BYTES_MAX = 4 * 1024 * 1024, /* argv and env together; the kernel may take less */
    EXEC_LINE_BYTES_MAX = 32 * 1024,       /* a longer line is told in parts */
    EXEC_OUTPUT_BYTES = 1024 * 1024,       /* kept of each stream, where nothing else is said */
    EXEC_VALUES_MAX = 64,                  /* KEY=VALUE lines of FIREBREAK_OUTPUT */
    EXEC_VALUES_BYTES_MAX = 64 * 1024,     /* of that file */
    EXEC_DETAIL_MAX = 256,                 /* bytes of detail text */
    EXEC_KILL_AFTER_MS = 5000,             /* from SIGTERM to SIGKILL, where nothing else is said */
};

enum exec_stream { EXEC_STDOUT, EXEC_STDERR, EXEC_STREAM_COUNT };

/* What an action can be, in the words of the configuration. This is the one list of who does which:
 * a program is run, and a workflow's steps are tasks of their own; each other kind is done by the
 * function that act/actions.c has for it. */
enum action_kind {
    ACTION_RUN,
    ACTION_WORKFLOW,
    ACTION_RESTART,
    ACTION_PATCH,
    ACTION_SCALE,
    ACTION_FAILOVER,
    ACTION_NOTIFY,
    ACTION_KIND_COUNT,
};
enum action_by {
    ACTION_BY_NODE,   /* the node that the task is given to */
    ACTION_BY_STEPS,
};
const char *action_kind_name(enum action_kind k); /* "run" */
/* ACTION_KIND_COUNT: it is none. */
enum action_kind action_kind_parse(struct slice word);
enum action_by action_kind_by(enum action_kind k);

/* 0: none. */
struct exec_limits {
    uint64_t memory_bytes; /* of all its processes by a cgroup; of each where there is none */
    int64_t cpu_ns;        /* processor time, of each process; whole seconds, rounded up */
    uint64_t processes;    /* by a cgroup its own; else all of the user's, and root is not bound */
};

/* What to run. All zeroes but argv is valid. */
struct exec_spec {
    const char *const *argv;   /* ends in NULL */
    const char *const *env;    /* "KEY=VALUE", added to a small clean environment; ends in NULL, or
                                * is NULL. Of two with one key the later one counts */
    const char *dir;           /* NULL: "/" where it runs for a server, ours for a command */
    const char *user;          /* NAME, NAME:GROUP, or numbers; NULL: ours */
    const char *stdin_path;    /* NULL: /dev/null */
    int64_t timeout_ns;        /* 0: none */
    int64_t kill_after_ns;     /* from SIGTERM to SIGKILL; 0: EXEC_KILL_AFTER_MS; < 0: at once */
    uint64_t output_bytes_max; /* kept of each stream; 0: EXEC_OUTPUT_BYTES */
    struct exec_limits limits;
    enum action_kind kind;
    const char *action;    /* of another kind than RUN: the action as JSON; argv is empty */
    bool dry_run;          /* of another kind than RUN: says what it would do, and does not */
    bool wants_values;     /* gets a file's path in FIREBREAK_OUTPUT, for KEY=VALUE lines */
    bool leaves_processes; /* what it started and left behind when it ended goes on */
};

/* A piece of output, as it comes: a line without its end, or a part of a longer one. Valid while
 * the sink runs. */
struct exec_line {
    enum exec_stream stream;
    struct slice text; /* as written: any bytes, NUL too */
    bool ends; /* a newline followed; false: the line goes on in the next piece of this stream, or
                * the output ended without one */
};

/* Takes output while the program runs. It may wait: then the program waits at its pipe. A negative
 * result ends the reading, not the program: what follows is counted as cut. -EPIPE closes the pipe,
 * too: the program learns, as any writer does, that nobody reads. NULL: nobody listens.
 * The streams are read side by side: while one piece waits here, one of the other may come. */
typedef int exec_sink_fn(void *ctx, const struct exec_line *line);
struct exec_sink {
    exec_sink_fn *fn;
    void *ctx;
};

struct exec_value {
    struct slice key, value;
};

/* How it ended. Texts lie in the arena, which is the caller's: exec_result_done. */
struct exec_result {
    enum probe_reason reason; /* ok exec_exit exec_signal timeout exec_not_found permission limit
                               * canceled */
    char detail[EXEC_DETAIL_MAX]; /* in words; mostly empty where it is ok */
    bool started;                 /* the program was loaded; false: nothing ran */
    int exit;                     /* -1: it did not exit by itself */
    int signal;                   /* that ended it; 0: none */
    int64_t started_wall_ns;
    int64_t wall_ns, user_ns, system_ns; /* the processor times: of all its processes that ended */
    uint64_t rss_max_bytes;              /* of all its processes by a cgroup; else of the largest */
    uint64_t bytes[EXEC_STREAM_COUNT];   /* written, also what was cut */
    uint64_t cut_bytes[EXEC_STREAM_COUNT]; /* beyond output_bytes_max, or that the sink refused */
    const char *memory_by, *processes_by;  /* what enforced the limit: "cgroup", "rlimit"; NULL */
    struct exec_value *values;
    uint32_t value_count, values_bad; /* values_bad: lines that were no KEY=VALUE, or too many */
    struct arena arena;
};

/* What runs programs: act on this host, or whatever stands for it in the simulator. */
struct executor {
    /* Runs it to its end. In a task, which may be cancelled: then the program is ended (SIGTERM,
     * SIGKILL) and is gone when this returns. `deadline` is the runtime's clock: as a timeout.
     * Returns 0 with *ret_result, however the program ended, also where it could not be started;
     * negative errno with *err: we failed ourselves. */
    int (*run)(void *ctx, const struct exec_spec *spec, const struct exec_sink *sink,
               struct exec_result *ret_result, struct err *err, int64_t deadline);
    void *ctx;
};

/* What `firebreak run` exits with: the program's status; 128 + its signal; 124 timed out; 125 we
 * failed, or it was canceled; 126 not executable; 127 not found. */
int exec_result_status(const struct exec_result *r);
void exec_result_done(struct exec_result *r);

/* A text for argv, env and so on, in the arena. `what` names it in the fault. Returns 0, or -EINVAL
 * with *err: it holds a NUL. */
int exec_text(struct arena *a, struct slice text, const char *what, const char **ret_text,
              struct err *err);
/* Checks the bounds above, that there is a program, and that each of env is KEY=VALUE.
 * Returns 0, -EINVAL or -E2BIG with *err. */
int exec_spec_check(const struct exec_spec *spec, struct err *err);

/* "SIGTERM"; of a number without a name "signal 40". `text` has
 * EXEC_SIGNAL_NAME_MAX bytes; returned. */
enum { EXEC_SIGNAL_NAME_MAX = 24 };
const char *exec_signal_name(int signal, char *text);

#endif
