#include <errno.h>

#include "base/duration.h"
#include "base/utf8.h"
#include "host/pipe.h"
#include "host/spawn.h"
#include "observe/judge.h"
#include "observe/story.h"

enum {
    OUTPUT_GRACE_MS = 200, /* for what a child that has ended left in its pipes */
    POLL_MS = 10,          /* where there is no pidfd */
    WORDS_BYTES_MAX = 4096, /* kept of standard error */
};

/* One of the child's outputs: collected up to its buffer's bound, then read and dropped. */
struct stream_in {
    struct rt_sock *sock;
    struct buf text;
    bool cut;
};

struct running {
    struct host_spawn spawn;
    struct host_child child;
    struct host_exit exit;
    struct stream_in out, words;
    struct rt_group readers;
    struct err err;
    int result;
};

static void collect(void *arg)
{
    struct stream_in *in = arg;
    char chunk[1024];
    ssize_t n;
    while ((n = rt_read(in->sock, chunk, sizeof(chunk), RT_NEVER)) > 0)
        if (buf_append(&in->text, chunk, (size_t)n) < 0)
            in->cut = true;
}

static void spawn_now(void *arg)
{
    struct running *p = arg;
    p->result = host_spawn(&p->spawn, &p->child, &p->err);
}

/* A pipe whose reading end is *in's; returns the other end or -errno. */
static int open_output(struct stream_in *in)
{
    int ends[2];
    int r = host_pipe(ends);
    if (r < 0)
        return r;
    r = rt_adopt(ends[0], &in->sock);
    if (r == 0)
        return ends[1];
    host_close(ends[0]);
    host_close(ends[1]);
    return r;
}

/* Until the child has ended or the deadline. Returns 0, -ETIMEDOUT or -ECANCELED. */
static int wait_exit(struct running *p, rt_time deadline)
{
    struct rt_sock *pidfd = NULL;
    int r = p->child.pidfd >= 0 ? rt_borrow(p->child.pidfd, &pidfd) : -ENOSYS;
    if (r == 0)
        r = rt_wait_readable(pidfd, deadline);
    rt_close(pidfd);
    if (r == -ETIMEDOUT || r == -ECANCELED)
        return host_child_reap(&p->child, &p->exit) ? 0 : r;
    while (!host_child_reap(&p->child, &p->exit)) {
        if (rt_now() >= deadline)
            return -ETIMEDOUT;
        r = rt_sleep(rt_now() + POLL_MS * RT_MS);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The child and all that it started; its end is certain and near. */
static void end_child(struct running *p)
{
    host_child_kill(&p->child);
    rt_shield_begin();
    wait_exit(p, RT_NEVER);
    rt_shield_end();
}

static void not_started(struct probe_result *r, int code, const struct err *err)
{
    enum host_blame blame = host_spawn_blame(code);
    enum probe_reason reason = blame == HOST_BLAME_NOT_FOUND ? REASON_EXEC_NOT_FOUND
                               : blame == HOST_BLAME_OURS    ? REASON_LIMIT
                                                             : REASON_PERMISSION;
    probe_result_fail(r, reason, "%s", err->text);
}

/* The last line of what the program said about its failure. */
static struct slice last_words(const struct running *p)
{
    struct slice text = slice_trim(buf_slice(&p->words.text));
    size_t at = text.size;
    while (at > 0 && text.data[at - 1] != '\n')
        at--;
    return slice_sub(text, at, text.size);
}

static __attribute__((noinline)) void tell_end(struct observer *o, const struct running *p,
                                              struct slice words)
{
    TELL(o, "ended", p->exit.signaled ? "by signal %d" : "with status %d", p->exit.code);
    if (judge_is_asked(o->spec))
        TELL(o, "output", "%zu bytes", p->out.text.size);
    if (words.size)
        TELL(o, "said", "%.*s", (int)(words.size < 160 ? words.size : 160), words.data);
}

static void tell_begin(struct observer *o, const struct running *p)
{
    struct buf line = BUF(MEM_OBSERVE, 0);
    for (const char *const *word = p->spawn.argv; *word; word++)
        buf_printf(&line, "%s%s", line.size ? " " : "", *word);
    TELL(o, "run", "%s", line.data);
    buf_done(&line);
}

static void ended(struct observer *o, struct running *p, struct probe_result *r, rt_time deadline)
{
    const struct probe_spec *spec = o->spec;
    struct buf words = BUF(MEM_OBSERVE, 0);
    struct slice said = last_words(p);
    if (o->story)
        tell_end(o, p, said);
    utf8_append_shown(&words, said);
    const char *between = words.size ? ": " : "", *text = words.size ? words.data : "";
    if (p->exit.signaled)
        probe_result_fail(r, REASON_EXEC_SIGNAL, "killed by signal %d%s%s", p->exit.code, between,
                          text);
    else if (p->exit.code != 0)
        probe_result_fail(r, REASON_EXEC_EXIT, "exit status %d%s%s", p->exit.code, between, text);
    else if (p->out.cut && judge_is_asked(spec))
        probe_result_fail(r, REASON_TOO_LARGE, "it wrote more than the %d MiB that are looked at",
                          PROBE_BODY_BYTES_MAX >> 20);
    if (r->reason == REASON_OK)
        judge_answer(spec, buf_slice(&p->out.text), r, deadline);
    buf_done(&words);
}

static void follow(struct observer *o, struct running *p, struct probe_result *r, rt_time deadline)
{
    char text[DURATION_TEXT_MAX];
    rt_group_init(&p->readers, "exec output");
    int code = rt_go(&p->readers, collect, &p->out);
    if (code == 0)
        code = rt_go(&p->readers, collect, &p->words);
    if (code == 0)
        code = wait_exit(p, deadline);
    if (code < 0)
        end_child(p);
    /* A grandchild may hold the pipes open for ever. */
    rt_group_wait(&p->readers, rt_now() + OUTPUT_GRACE_MS * RT_MS);
    rt_group_done(&p->readers);
    if (code == -ETIMEDOUT)
        probe_result_fail(r, REASON_TIMEOUT, "it still ran after %s, and was killed",
                          duration_format(o->spec->timeout_ns, text));
    else if (code < 0)
        probe_result_fail_errno(r, "exec", code);
    else
        ended(o, p, r, deadline);
}

static void run(struct observer *o, struct running *p, struct probe_result *r, rt_time deadline)
{
    int out = open_output(&p->out), words = out < 0 ? out : open_output(&p->words);
    p->spawn.stdio[0] = -1;
    p->spawn.stdio[1] = out;
    p->spawn.stdio[2] = words;
    int code = words < 0 ? words : rt_offload(spawn_now, p, deadline);
    host_close(out);
    host_close(words);
    if (code < 0)
        probe_result_fail_errno(r, "start", code);
    else if (p->result < 0)
        not_started(r, p->result, &p->err);
    else
        follow(o, p, r, deadline);
    rt_close(p->out.sock);
    rt_close(p->words.sock);
}

void probe_exec(struct observer *o, const struct probe_target *t, struct probe_result *r,
                rt_time deadline)
{
    const char **argv = arena_alloc_array(&r->arena, t->argc + 1, sizeof(*argv));
    for (uint32_t i = 0; i < t->argc; i++)
        argv[i] = arena_strdup(&r->arena, t->argv[i]);
    struct running *p = arena_new(&r->arena, struct running);
    p->spawn.argv = argv;
    p->spawn.ends_with_us = true;
    if (o->story)
        tell_begin(o, p);
    bool asked = judge_is_asked(o->spec);
    p->out.text = BUF(MEM_OBSERVE, asked ? PROBE_BODY_BYTES_MAX : 1); /* else read and dropped */
    p->words.text = BUF(MEM_OBSERVE, WORDS_BYTES_MAX);
    run(o, p, r, deadline);
    buf_done(&p->out.text);
    buf_done(&p->words.text);
}
