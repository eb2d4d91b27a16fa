#include <errno.h>
#include <inttypes.h>

#include "act/execution.h"
#include "host/pipe.h"

/* The program's ends; ours are in the execution. `owned`: they are to be closed here. */
struct standard {
    int fds[3];
    bool owned[3];
};

static void close_standard(struct standard *s)
{
    for (int i = 0; i < 3; i++)
        if (s->owned[i])
            host_close(s->fds[i]);
}

static int given(const struct execution *x, int number)
{
    return x->stdio ? x->stdio->fds[number] : -1;
}

static int open_input(struct execution *x, struct standard *s)
{
    const char *path = x->spec->stdin_path;
    s->fds[0] = given(x, 0);
    if (s->fds[0] >= 0)
        return 0;
    int fd = path ? host_open_input(path) : host_open_null();
    if (fd < 0)
        return err_sys(&x->err, fd, "its standard input, %s", path ? path : "/dev/null");
    s->fds[0] = fd;
    s->owned[0] = true;
    return 0;
}

static int open_outputs(struct execution *x, struct standard *s)
{
    for (int i = 0; i < EXEC_STREAM_COUNT; i++) {
        int ends[2];
        s->fds[i + 1] = given(x, i + 1);
        if (s->fds[i + 1] >= 0)
            continue;
        int r = host_pipe(ends);
        if (r < 0)
            return err_sys(&x->err, r, "a pipe for its output");
        x->ends[i] = ends[0];
        s->fds[i + 1] = ends[1];
        s->owned[i + 1] = true;
    }
    return 0;
}

static int64_t round_up(int64_t ns, int64_t unit)
{
    return ns / unit + (ns % unit > 0);
}

static int write_order(struct execution *x)
{
    const struct exec_spec *spec = x->spec;
    int64_t grace = spec->kill_after_ns;
    struct host_identity identity = {x->user.uid, x->user.gid, x->user.groups, x->user.group_count};
    struct host_order o = {
        .argv = spec->argv,
        .env = environment_make(&x->user, spec->env, x->scratch.path[0] ? x->scratch.path : NULL,
                                &x->arena),
        .dir = spec->dir,
        .scratch = x->scratch.path[0] ? x->scratch.path : NULL,
        .identity = x->user.ours ? NULL : &identity,
        .memory_bytes = spec->limits.memory_bytes,
        .processes = spec->limits.processes,
        .cpu_s = (uint64_t)round_up(spec->limits.cpu_ns, RT_SEC),
        .timeout_ms = round_up(spec->timeout_ns, RT_MS),
        .kill_after_ms = grace == 0  ? EXEC_KILL_AFTER_MS
                         : grace < 0 ? 0
                                     : round_up(grace, RT_MS),
        .leaves_processes = spec->leaves_processes,
    };
    int r = host_order_write(&o, &x->order);
    return r < 0 ? err_set(&x->err, r, "its arguments and variables have more than %d MiB",
                           HOST_ORDER_BYTES_MAX >> 20)
                 : 0;
}

static int prepare(struct execution *x, struct standard *s)
{
    int r = host_user_find(x->spec->user, &x->arena, &x->user, &x->err);
    if (r == 0)
        r = open_input(x, s);
    if (r == 0)
        r = open_outputs(x, s);
    if (r == 0 && x->spec->wants_values)
        r = host_scratch_make(x->user.uid, x->user.gid, &x->scratch, &x->err);
    if (r == 0)
        r = write_order(x);
    if (r == 0)
        r = host_keeper_ask(&x->act->keeper, s->fds, &x->stream, &x->err);
    return r;
}

void execution_prepare(void *execution)
{
    struct execution *x = execution;
    struct standard s = {.fds = {-1, -1, -1}};
    x->result = prepare(x, &s);
    close_standard(&s); /* the warden has its own */
    if (x->result < 0)
        execution_unprepare(x);
}

void execution_unprepare(struct execution *x)
{
    host_close(x->stream);
    x->stream = -1;
    for (int i = 0; i < EXEC_STREAM_COUNT; i++) {
        host_close(x->ends[i]);
        x->ends[i] = -1;
    }
    host_scratch_done(&x->scratch);
}
