#include "model/action.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    STATUS_TIMED_OUT = 124,
    STATUS_FAILED,
    STATUS_NOT_EXECUTABLE,
    STATUS_NOT_FOUND,
    STATUS_SIGNAL
};

static const struct {
    const char *name;
    enum action_by by;
} kinds[ACTION_KIND_COUNT] = {
    [ACTION_RUN] = {"run", ACTION_BY_NODE},
    [ACTION_WORKFLOW] = {"workflow", ACTION_BY_STEPS},
    [ACTION_RESTART] = {"restart", ACTION_BY_NODE},
    [ACTION_PATCH] = {"patch", ACTION_BY_NODE},
    [ACTION_SCALE] = {"scale", ACTION_BY_NODE},
    [ACTION_FAILOVER] = {"failover", ACTION_BY_NODE},
    [ACTION_NOTIFY] = {"notify", ACTION_BY_NODE},
};

const char *action_kind_name(enum action_kind k)
{
    return kinds[k].name;
}

enum action_kind action_kind_parse(struct slice word)
{
    int k = 0;
    while (k < ACTION_KIND_COUNT && !slice_eq_cstr(word, kinds[k].name))
        k++;
    return (enum action_kind)k;
}

enum action_by action_kind_by(enum action_kind k)
{
    return kinds[k].by;
}

int exec_result_status(const struct exec_result *r)
{
    switch (r->reason) {
    case REASON_OK:
        return 0;
    case REASON_EXEC_EXIT:
        return r->exit;
    case REASON_EXEC_SIGNAL:
        return STATUS_SIGNAL + r->signal;
    case REASON_TIMEOUT:
        return STATUS_TIMED_OUT;
    case REASON_EXEC_NOT_FOUND:
        return STATUS_NOT_FOUND;
    case REASON_PERMISSION:
        return STATUS_NOT_EXECUTABLE;
    default:
        return STATUS_FAILED;
    }
}

void exec_result_done(struct exec_result *r)
{
    arena_done(&r->arena);
    r->values = NULL;
    r->value_count = 0;
}

int exec_text(struct arena *a, struct slice text, const char *what, const char **ret_text,
              struct err *err)
{
    ptrdiff_t at = slice_find_byte(text, 0);
    if (at >= 0)
        return err_set(err, -EINVAL, "%s: a NUL at byte %td: the kernel would cut it off there",
                       what, at);
    *ret_text = arena_strdup(a, text);
    return 0;
}

/* Adds the texts up; both bounds are checked by the caller. */
static size_t measure(const char *const *texts, size_t *ret_bytes)
{
    size_t count = 0;
    for (; texts && texts[count] && count <= EXEC_ARGS_MAX; count++)
        *ret_bytes += strlen(texts[count]) + 1;
    return count;
}

int exec_spec_check(const struct exec_spec *spec, struct err *err)
{
    size_t bytes = 0;
    size_t args = measure(spec->argv, &bytes), variables = measure(spec->env, &bytes);
    if (args == 0 || !spec->argv[0][0])
        return err_set(err, -EINVAL, "there is no program to run");
    if (args > EXEC_ARGS_MAX || variables > EXEC_ARGS_MAX)
        return err_set(err, -E2BIG, "%s: more than %d %s", spec->argv[0], EXEC_ARGS_MAX,
                       args > EXEC_ARGS_MAX ? "arguments" : "variables");
    if (bytes > EXEC_TEXT_BYTES_MAX)
        return err_set(err, -E2BIG, "%s: its arguments and variables have more than %d MiB",
                       spec->argv[0], EXEC_TEXT_BYTES_MAX >> 20);
    for (size_t i = 0; i < variables; i++)
        if (spec->env[i][0] == '=' || !strchr(spec->env[i], '='))
            return err_set(err, -EINVAL, "variable '%.80s': KEY=VALUE is wanted", spec->env[i]);
    return 0;
}

/* Linux's numbers on x86-64, aarch64 and riscv64. */
static const char *const signals[] = {
    NULL,   "HUP",  "INT",  "QUIT", "ILL",    "TRAP",   "ABRT",  "BUS",  "FPE",  "KILL", "USR1",
    "SEGV", "USR2", "PIPE", "ALRM", "TERM",   "STKFLT", "CHLD",  "CONT", "STOP", "TSTP", "TTIN",
    "TTOU", "URG",  "XCPU", "XFSZ", "VTALRM", "PROF",   "WINCH", "IO",   "PWR",  "SYS",
};

const char *exec_signal_name(int signal, char *text)
{
    bool named = signal > 0 && signal < (int)ARRAY_LEN(signals);
    if (named)
        snprintf(text, EXEC_SIGNAL_NAME_MAX, "SIG%s", signals[signal]);
    else
        snprintf(text, EXEC_SIGNAL_NAME_MAX, "signal %d", signal);
    return text;
}
