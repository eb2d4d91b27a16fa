#include "act/act.h"

#include "tests/on_valgrind.h"
#include "tests/tap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fault.h"

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SH(text)   TEXTS("sh", "-c", text)

enum { LONG_S = 120 };

static struct act act;
static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    CHECK_INT(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    chmod(path, mode);
}

/* What the sink was given: each piece in brackets, '|' behind it where the line ended. */
struct heard {
    struct buf text[EXEC_STREAM_COUNT];
    uint64_t pieces, bytes;
    int answer;           /* of the sink */
    uint64_t answer_from; /* after so many pieces */
};

static int hear(void *ctx, const struct exec_line *line)
{
    struct heard *h = ctx;
    struct buf *b = &h->text[line->stream];
    if (h->answer && h->pieces >= h->answer_from)
        return h->answer;
    h->pieces++;
    h->bytes += line->text.size;
    buf_append_byte(b, '[');
    if (line->text.size < 200)
        buf_append_slice(b, line->text);
    else
        buf_append_u64(b, line->text.size);
    buf_append_cstr(b, line->ends ? "]|" : "]");
    return 0;
}

static struct heard heard;

static const char *heard_of(enum exec_stream s)
{
    return heard.text[s].data ? heard.text[s].data : "";
}

static int execute_until(struct exec_spec spec, struct exec_result *r, struct err *err, rt_time due)
{
    const struct exec_sink sink = {hear, &heard};
    for (int i = 0; i < EXEC_STREAM_COUNT; i++)
        buf_clear(&heard.text[i]);
    heard.pieces = heard.bytes = 0;
    return act_exec(&act, &spec, NULL, &sink, r, err, due);
}

/* Its result; its texts live until the next one. */
static struct exec_result run(struct exec_spec spec)
{
    static struct exec_result r;
    struct err err = {0};
    exec_result_done(&r);
    r = (struct exec_result){.reason = REASON_COUNT};
    int code = execute_until(spec, &r, &err, RT_NEVER);
    CHECK_INT(code, 0);
    if (code < 0)
        printf("# %s\n", err.text);
    return r;
}

static int fails(struct exec_spec spec, struct err *err)
{
    struct exec_result r = {.signal = 77};
    int code = execute_until(spec, &r, err, RT_NEVER);
    CHECK(code < 0);
    CHECK_INT(r.signal, 77); /* a failed call leaves the result untouched */
    return code;
}

static void is_reason(struct exec_result r, enum probe_reason want)
{
    CHECK_STR(probe_reason_name(r.reason), probe_reason_name(want));
}

/* Whether a process is gone. Not by kill(2): where nobody waits for orphans, as in a bare
 * container, its number lives on. */
static bool is_gone(pid_t pid)
{
    char path[64], state[256] = "";
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return true;
    ssize_t n = read(fd, state, sizeof(state) - 1);
    close(fd);
    const char *end = n > 0 ? strrchr(state, ')') : NULL;
    return n <= 0 || (end && end[2] == 'Z');
}

static pid_t first_pid(void)
{
    const char *text = strchr(heard_of(EXEC_STDOUT), '[');
    return text ? (pid_t)strtol(text + 1, NULL, 10) : 0;
}

/* ---- how it ends ---- */

static void its_end_is_told(void)
{
    struct exec_result r = run((struct exec_spec){.argv = TEXTS("true")});
    is_reason(r, REASON_OK);
    CHECK_INT(r.exit, 0);
    CHECK(r.started && r.signal == 0 && r.detail[0] == 0);
    CHECK(r.wall_ns > 0 && r.rss_max_bytes > 100 * 1024);
    r = run((struct exec_spec){.argv = SH("exit 7")});
    is_reason(r, REASON_EXEC_EXIT);
    CHECK_INT(r.exit, 7);
    r = run((struct exec_spec){.argv = SH("kill -USR1 $$")});
    is_reason(r, REASON_EXEC_SIGNAL);
    CHECK_INT(r.signal, SIGUSR1);
    CHECK_INT(r.exit, -1);
    CHECK_STR(r.detail, "killed by SIGUSR1");
}

static void arguments_arrive_as_they_are(void)
{
    run((struct exec_spec){.argv = TEXTS("printf", "<%s>", "$(id); rm -rf", "a b", "", "*")});
    CHECK_STR(heard_of(EXEC_STDOUT), "[<$(id); rm -rf><a b><><*>]");
}

static void times_are_those_of_the_whole_tree(void)
{
    struct exec_result r = run((struct exec_spec){
        .argv = SH("sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done' & wait")});
    CHECK(r.user_ns + r.system_ns > 5 * RT_MS);
}

static void what_cannot_be_started_has_its_reason(void)
{
    struct exec_result r = run((struct exec_spec){.argv = TEXTS("firebreak-no-such-program")});
    is_reason(r, REASON_EXEC_NOT_FOUND);
    CHECK(!r.started && r.exit == -1 && strstr(r.detail, "firebreak-no-such-program"));
    write_file(in_folder("plain"), "#!/bin/sh\n", 0644);
    is_reason(run((struct exec_spec){.argv = TEXTS(in_folder("plain"))}), REASON_PERMISSION);
    is_reason(run((struct exec_spec){.argv = TEXTS(folder)}), REASON_PERMISSION);
    r = run((struct exec_spec){.argv = TEXTS("pwd"), .dir = "/no/such"});
    is_reason(r, REASON_LIMIT);
    CHECK(strstr(r.detail, "/no/such"));
}

static void text_without_an_interpreter_reaches_no_shell(void)
{
    write_file(in_folder("text"), "touch /tmp/firebreak-was-here\n", 0755);
    struct exec_result r = run((struct exec_spec){.argv = TEXTS(in_folder("text"))});
    is_reason(r, REASON_PERMISSION);
    CHECK(access("/tmp/firebreak-was-here", F_OK) < 0);
}

static void more_than_the_kernel_takes_is_told(void)
{
    static char big[3 * 1024 * 1024];
    if (RUNNING_ON_VALGRIND) {
        TAP_SKIP("valgrind dies where execve fails late");
        return;
    }
    memset(big, 'x', sizeof(big) - 1);
    struct exec_result r = run((struct exec_spec){.argv = TEXTS("true", big)});
    is_reason(r, REASON_LIMIT);
    CHECK(strstr(r.detail, "too long"));
}

static void ten_thousand_arguments_arrive(void)
{
    enum { COUNT = 10000 };
    const char **argv = calloc(COUNT + 5, sizeof(*argv));
    argv[0] = "sh";
    argv[1] = "-c";
    argv[2] = "echo $#";
    for (int i = 3; i < COUNT + 4; i++)
        argv[i] = "a";
    is_reason(run((struct exec_spec){.argv = argv}), REASON_OK);
    CHECK_STR(heard_of(EXEC_STDOUT), "[10000]|");
    free(argv);
}

static void mistakes_are_ours_and_name_what_is_wrong(void)
{
    struct err err = {0};
    CHECK_INT(fails((struct exec_spec){.argv = TEXTS(NULL)}, &err), -EINVAL);
    CHECK_INT(fails((struct exec_spec){.argv = TEXTS("true"), .stdin_path = "/no/such"}, &err),
              -ENOENT);
    CHECK(strstr(err.text, "/no/such"));
    CHECK_INT(fails((struct exec_spec){.argv = TEXTS("true"), .stdin_path = "/"}, &err), -EISDIR);
    CHECK_INT(fails((struct exec_spec){.argv = TEXTS("true"), .user = "no-such-user"}, &err),
              -ENOENT);
    CHECK(strstr(err.text, "no-such-user"));
}

/* ---- what it gets ---- */

static void its_environment_is_small_and_clean(void)
{
    setenv("FIREBREAK_TEST_LEAK", "1", 1);
    run((struct exec_spec){.argv = TEXTS("env"), .env = TEXTS("A=1", "HOME=/x", "A=2")});
    unsetenv("FIREBREAK_TEST_LEAK");
    const char *text = heard_of(EXEC_STDOUT);
    CHECK(strstr(text, "[PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin]|"));
    CHECK(strstr(text, "[HOME=/x]|") && strstr(text, "[LANG=C.UTF-8]|"));
    CHECK(strstr(text, "[A=2]|") && !strstr(text, "A=1"));
    CHECK(!strstr(text, "FIREBREAK_TEST_LEAK"));
    CHECK_INT(heard.pieces, 7);
}

static void it_has_three_descriptors_a_session_and_no_new_privileges(void)
{
    int leak = fcntl(0, F_DUPFD, 40); /* without close-on-exec, and after the keeper's beginning */
    run((struct exec_spec){
        .argv = SH("for f in /proc/$$/fd/*; do case ${f##*/} in 0|1|2|10|255) ;; *) [ -e $f ] && "
                   "echo leak $f;; esac; done; grep NoNewPrivs /proc/$$/status; "
                   "awk '{print ($1 == $6 && $5 == $6)}' /proc/$$/stat; ulimit -c; cat; "
                   "readlink /proc/$$/fd/0")});
    close(leak);
    CHECK_STR(heard_of(EXEC_STDOUT), "[NoNewPrivs:\t1]|[1]|[0]|[/dev/null]|");
}

static void its_input_is_a_file(void)
{
    write_file(in_folder("input"), "one\ntwo", 0600);
    run((struct exec_spec){.argv = TEXTS("cat"), .stdin_path = in_folder("input")});
    CHECK_STR(heard_of(EXEC_STDOUT), "[one]|[two]");
}

static void values_are_read_from_its_file(void)
{
    struct exec_result r = run((struct exec_spec){
        .argv = SH("echo \"A=one\" >> $FIREBREAK_OUTPUT; { echo 'B=x=y'; echo; echo 'no value'; "
                   "echo '1X=2'; echo 'A=two words'; printf 'C='; } >> $FIREBREAK_OUTPUT; "
                   "echo $FIREBREAK_OUTPUT"),
        .wants_values = true});
    char path[128] = "";
    const char *shown = strchr(heard_of(EXEC_STDOUT), '/');
    if (shown)
        snprintf(path, sizeof(path), "%.*s", (int)strcspn(shown, "]"), shown);
    CHECK_INT(r.value_count, 3);
    CHECK_INT(r.values_bad, 2);
    CHECK(r.value_count == 3 && slice_eq_cstr(r.values[0].value, "two words") &&
          slice_eq_cstr(r.values[1].value, "x=y") && r.values[2].value.size == 0);
    CHECK(path[0] == '/' && access(path, F_OK) < 0); /* it is gone */
    r = run((struct exec_spec){.argv = SH("rm $FIREBREAK_OUTPUT && ln -s /etc/passwd "
                                          "$FIREBREAK_OUTPUT"),
                               .wants_values = true});
    CHECK_INT(r.value_count + r.values_bad, 0); /* what was put there is not looked at */
    r = run((struct exec_spec){.argv = SH("i=0; while [ $i -lt 70 ]; do echo K$i=; i=$((i+1)); "
                                          "done > $FIREBREAK_OUTPUT; head -c 70000 /dev/zero | "
                                          "tr '\\0' x >> $FIREBREAK_OUTPUT"),
                               .wants_values = true});
    CHECK_INT(r.value_count, EXEC_VALUES_MAX);
    CHECK_INT(r.values_bad, 70 - EXEC_VALUES_MAX + 1);
}

static bool not_root(void)
{
    if (geteuid() != 0)
        TAP_SKIP("only root may change the user");
    return geteuid() != 0;
}

static void it_runs_as_another_user(void)
{
    if (not_root())
        return;
    run((struct exec_spec){.argv = SH("id -u; id -g; id -G; echo $HOME $USER; "
                                      "[ -w /proc/1/oom_score_adj ] && echo root; echo x=1 >> "
                                      "$FIREBREAK_OUTPUT"),
                           .user = "daemon",
                           .wants_values = true});
    CHECK_STR(heard_of(EXEC_STDOUT), "[1]|[1]|[1]|[/usr/sbin daemon]|");
    CHECK_STR(heard_of(EXEC_STDERR), "");
    run((struct exec_spec){.argv = SH("id -u; id -G"), .user = "54321:54322"});
    CHECK_STR(heard_of(EXEC_STDOUT), "[54321]|[54322]|");
    struct exec_result r =
        run((struct exec_spec){.argv = TEXTS("true"), .user = "54321:1", .dir = "/root"});
    is_reason(r, REASON_LIMIT); /* its rights hold for the folder, too */
}

/* ---- output ---- */

static void output_comes_as_lines(void)
{
    struct exec_result r = run((struct exec_spec){
        .argv = SH("printf 'a\\n\\nb c\\n'; printf 'x\\0y\\377\\nno end'; echo err >&2")});
    CHECK_INT(heard.text[EXEC_STDOUT].size, sizeof("[a]|[]|[b c]|[x?y?]|[no end]") - 1);
    CHECK(memcmp(heard_of(EXEC_STDOUT), "[a]|[]|[b c]|[x", 15) == 0);
    CHECK_STR(heard_of(EXEC_STDERR), "[err]|");
    CHECK_INT(r.bytes[EXEC_STDOUT], 18);
    CHECK_INT(r.cut_bytes[EXEC_STDOUT] + r.cut_bytes[EXEC_STDERR], 0);
}

static void a_long_line_comes_in_parts(void)
{
    run((struct exec_spec){.argv = SH("head -c 70000 /dev/zero | tr '\\0' x; echo; echo y")});
    CHECK_STR(heard_of(EXEC_STDOUT), "[32768][32768][4464]|[y]|");
}

static void output_beyond_the_limit_is_counted(void)
{
    struct exec_result r = run((struct exec_spec){
        .argv = SH("echo 12345; echo 67890; head -c 3000000 /dev/zero; echo fine >&2"),
        .output_bytes_max = 8});
    is_reason(r, REASON_OK); /* it wrote on, undisturbed */
    CHECK_STR(heard_of(EXEC_STDOUT), "[12345]|[67]");
    CHECK_STR(heard_of(EXEC_STDERR), "[fine]|"); /* has a limit of its own */
    CHECK_INT(r.bytes[EXEC_STDOUT], 3000012);
    CHECK_INT(r.cut_bytes[EXEC_STDOUT], 3000012 - 8);
}

static void what_the_sink_refuses_is_cut(void)
{
    heard.answer = -ENOSPC;
    heard.answer_from = 1;
    struct exec_result r = run((struct exec_spec){.argv = SH("echo one; echo two; echo three")});
    heard.answer = 0;
    is_reason(r, REASON_OK);
    CHECK_STR(heard_of(EXEC_STDOUT), "[one]|");
    CHECK_INT(r.cut_bytes[EXEC_STDOUT], 10);
}

/* One that says no more is wanted lets the program go on; one that nobody reads lets it know. */
static void a_sink_that_nobody_reads_closes_the_pipe(void)
{
    heard.answer = -EPIPE;
    heard.answer_from = 1;
    struct exec_result r =
        run((struct exec_spec){.argv = SH("while :; do echo y; done"), .timeout_ns = 20 * RT_SEC});
    is_reason(r, REASON_EXEC_SIGNAL);
    CHECK_INT(r.signal, SIGPIPE);
    heard.answer = -ENOSPC;
    r = run((struct exec_spec){.argv = SH("for i in 1 2 3; do echo $i; done; exit 4")});
    heard.answer = 0;
    CHECK_INT(r.exit, 4);
    CHECK_INT(r.cut_bytes[EXEC_STDOUT], 4);
}

struct slow {
    uint64_t bytes;
    bool go;
};

static int hear_slowly(void *ctx, const struct exec_line *line)
{
    struct slow *s = ctx;
    s->bytes += line->text.size + line->ends;
    while (!s->go)
        if (rt_sleep(rt_now() + RT_MS) < 0)
            return -ECANCELED;
    return 0;
}

static void run_slowly(void *arg)
{
    struct exec_result r;
    const struct exec_sink sink = {hear_slowly, arg};
    const struct exec_spec spec = {.argv = SH("yes | head -c 500000; echo >&2"),
                                   .output_bytes_max = UINT64_MAX};
    int code = act_exec(&act, &spec, NULL, &sink, &r, NULL, RT_NEVER);
    CHECK_INT(code, 0);
    if (code == 0)
        exec_result_done(&r);
}

static void a_slow_sink_holds_the_program_and_loses_nothing(void)
{
    struct slow slow = {0};
    struct rt_group g;
    rt_group_init(&g, "test");
    CHECK_INT(rt_go(&g, run_slowly, &slow), 0);
    for (int i = 0; i < 20000 && slow.bytes == 0; i++)
        rt_sleep(rt_now() + RT_MS);
    CHECK_INT(rt_group_wait(&g, rt_now() + 250 * RT_MS), -ETIMEDOUT); /* longer than any grace */
    CHECK_INT(slow.bytes, 2); /* one line, and then it waits */
    slow.go = true;
    rt_group_wait(&g, RT_NEVER);
    rt_group_done(&g);
    CHECK_INT(slow.bytes, 500001);
}

static void a_pipe_that_is_held_open_does_not_hold_us(void)
{
    /* Not below the program any more: given away to one that lives on. */
    struct exec_result r = run((struct exec_spec){
        .argv = SH("echo begun; setsid sleep 120 & echo $!"), .leaves_processes = true});
    is_reason(r, REASON_OK);
    CHECK(strncmp(heard_of(EXEC_STDOUT), "[begun]|[", 9) == 0);
    pid_t left = (pid_t)strtol(heard_of(EXEC_STDOUT) + 9, NULL, 10);
    CHECK_INT(kill(left, 0), 0); /* goes on, as asked */
    kill(left, SIGKILL);
}

/* ---- ending it ---- */

struct said {
    struct exec_spec spec;
    struct exec_result result;
    int code;
};

static void run_said(void *arg)
{
    struct said *s = arg;
    s->code = execute_until(s->spec, &s->result, NULL, RT_NEVER);
}

/* Cancels it once it has said a line: it is as far as that, however slow this machine is. */
static struct exec_result run_until_said(struct exec_spec spec)
{
    static struct said s;
    struct rt_group g;
    exec_result_done(&s.result);
    s = (struct said){.spec = spec, .code = 1};
    buf_clear(&heard.text[EXEC_STDOUT]);
    rt_group_init(&g, "test");
    CHECK_INT(rt_go(&g, run_said, &s), 0);
    for (int i = 0; i < 20000 && !strchr(heard_of(EXEC_STDOUT), '|'); i++)
        rt_sleep(rt_now() + RT_MS);
    rt_group_done(&g);
    CHECK_INT(s.code, 0);
    return s.result;
}

static void canceling_ends_one_that_ignores_the_first_word(void)
{
    struct exec_result r = run_until_said(
        (struct exec_spec){.argv = SH("trap '' TERM; echo $$; while :; do sleep 0.05; done"),
                           .kill_after_ns = 50 * RT_MS});
    is_reason(r, REASON_CANCELED);
    CHECK_INT(r.signal, SIGKILL);
    CHECK(first_pid() > 0 && is_gone(first_pid()));
}

static void one_that_heeds_it_may_clean_up(void)
{
    struct exec_result r = run_until_said((struct exec_spec){
        .argv = SH("trap 'echo bye; exit 3' TERM; echo; while :; do sleep 0.02; done"),
        .kill_after_ns = LONG_S * RT_SEC});
    is_reason(r, REASON_CANCELED);
    CHECK_INT(r.exit, 3);
    CHECK_STR(heard_of(EXEC_STDOUT), "[]|[bye]|");
}

static void one_that_is_stopped_is_ended(void)
{
    struct exec_result r = run_until_said((struct exec_spec){
        .argv = SH("echo; kill -STOP $$; sleep 120"), .kill_after_ns = LONG_S * RT_SEC});
    CHECK_INT(r.signal, SIGTERM); /* it was woken for it */
}

/* Says its number once it is out of the group and the session, and deaf. */
#define DAEMON \
    "(setsid sh -c 'trap \"\" TERM; echo $$; exec >&- 2>&-; while :; do sleep 0.1; done' &) & "

static void a_daemon_does_not_get_away(void)
{
    run_until_said((struct exec_spec){.argv = SH(DAEMON "sleep 120"), .kill_after_ns = RT_MS});
    CHECK(first_pid() > 0 && is_gone(first_pid()));
}

static void nor_does_it_where_the_program_ends_by_itself(void)
{
    struct exec_result r =
        run((struct exec_spec){.argv = SH(DAEMON "sleep 0.1; exit 5"), .kill_after_ns = RT_MS});
    is_reason(r, REASON_EXEC_EXIT);
    CHECK_INT(r.exit, 5);
    if (first_pid() > 0) /* else it was ended before it could speak */
        CHECK(is_gone(first_pid()));
}

static void the_timeout_ends_it(void)
{
    struct exec_result r = run((struct exec_spec){
        .argv = TEXTS("sleep", "120"), .timeout_ns = 50 * RT_MS, .kill_after_ns = LONG_S * RT_SEC});
    is_reason(r, REASON_TIMEOUT);
    CHECK_INT(r.signal, SIGTERM);
    CHECK_STR(r.detail, "it still ran after 50ms, and was ended");
    r = run((struct exec_spec){
        .argv = TEXTS("sleep", "120"), .timeout_ns = RT_MS, .kill_after_ns = -1});
    CHECK_INT(r.signal, SIGKILL); /* without a first word */
}

static void what_it_left_may_finish_its_last_words(void)
{
    run((struct exec_spec){.argv = SH("(sleep 0.05; echo last) & echo first")});
    CHECK_STR(heard_of(EXEC_STDOUT), "[first]|[last]|");
}

static void a_deadline_is_a_timeout(void)
{
    struct exec_result r = {0};
    struct err err = {0};
    const struct exec_spec spec = {.argv = TEXTS("sleep", "120")};
    CHECK_INT(execute_until(spec, &r, &err, rt_now() + 100 * RT_MS), 0);
    is_reason(r, REASON_TIMEOUT);
    CHECK_INT(r.signal, SIGTERM);
    exec_result_done(&r);
}

static void a_killed_warden_takes_the_program_along(void)
{
    struct exec_result r = {0};
    struct err err = {0};
    const struct exec_spec spec = {
        .argv = SH("sleep 120 & echo $$; sleep 0.1; kill -KILL $PPID; sleep 120")};
    CHECK_INT(execute_until(spec, &r, &err, RT_NEVER), -EPIPE);
    CHECK(first_pid() > 0);
    for (int i = 0; i < 20000 && !is_gone(first_pid()); i++)
        rt_sleep(rt_now() + RT_MS); /* the kernel sees to it */
    CHECK(is_gone(first_pid()));
    is_reason(run((struct exec_spec){.argv = TEXTS("true")}), REASON_OK); /* others are well */
}

/* ---- limits ---- */

static void a_fork_bomb_is_bounded(void)
{
    if (not_root())
        return;
    /* Bounded by itself: 5,000 forks. */
    struct exec_result r = run((struct exec_spec){
        .argv = SH("n=0; while [ $n -lt 5000 ]; do n=$((n+1)); sh -c 'sleep 60' & done; echo all"),
        .user = "54323:54323",
        .limits = {.processes = 20},
        .timeout_ns = 10 * RT_SEC,
        .kill_after_ns = -1});
    CHECK(r.exit > 0); /* the shell gives up at the first refusal */
    CHECK(r.processes_by != NULL);
    CHECK_STR(heard_of(EXEC_STDOUT), "");
    CHECK(strstr(heard_of(EXEC_STDERR), "fork"));
}

/* ---- ourselves ---- */

static int open_descriptors(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

static void every_kernel_call_that_fails_leaves_nothing(void)
{
    run((struct exec_spec){.argv = TEXTS("true")}); /* starts an offload thread, once */
    int before = open_descriptors(), failed = 0;
    for (uint64_t n = 1; n < 100; n++) {
        struct exec_result r = {0};
        struct err err = {0};
        const struct exec_spec spec = {.argv = SH("echo x; echo A=1 > $FIREBREAK_OUTPUT"),
                                       .wants_values = true};
        fault_arm(FAULT_SYSCALL, n);
        int code = execute_until(spec, &r, &err, RT_NEVER);
        bool last = fault_count(FAULT_SYSCALL) < n;
        fault_arm(FAULT_SYSCALL, 0);
        CHECK(code == 0 || err.text[0]);
        failed += code < 0;
        CHECK_INT(open_descriptors(), before);
        exec_result_done(&r);
        if (last)
            break;
    }
    CHECK(failed >= 4);
}

static void run_body(void *arg)
{
    (*(void (**)(void))arg)();
}

/* Each case is a task of a runtime of its own. */
static void in_task(void (*fn)(void))
{
    CHECK_INT(rt_run(NULL, run_body, &fn), 0);
}

int main(void)
{
    struct err err = {0};
    snprintf(folder, sizeof(folder), "/tmp/firebreak-act-XXXXXX");
    if (!mkdtemp(folder) || act_open(&act, &err) < 0)
        return 1;
    TAP_RUN_IN(in_task, its_end_is_told);
    TAP_RUN_IN(in_task, arguments_arrive_as_they_are);
    TAP_RUN_IN(in_task, times_are_those_of_the_whole_tree);
    TAP_RUN_IN(in_task, what_cannot_be_started_has_its_reason);
    TAP_RUN_IN(in_task, text_without_an_interpreter_reaches_no_shell);
    TAP_RUN_IN(in_task, more_than_the_kernel_takes_is_told);
    TAP_RUN_IN(in_task, ten_thousand_arguments_arrive);
    TAP_RUN_IN(in_task, mistakes_are_ours_and_name_what_is_wrong);
    TAP_RUN_IN(in_task, its_environment_is_small_and_clean);
    TAP_RUN_IN(in_task, it_has_three_descriptors_a_session_and_no_new_privileges);
    TAP_RUN_IN(in_task, its_input_is_a_file);
    TAP_RUN_IN(in_task, values_are_read_from_its_file);
    TAP_RUN_IN(in_task, it_runs_as_another_user);
    TAP_RUN_IN(in_task, output_comes_as_lines);
    TAP_RUN_IN(in_task, a_long_line_comes_in_parts);
    TAP_RUN_IN(in_task, output_beyond_the_limit_is_counted);
    TAP_RUN_IN(in_task, what_the_sink_refuses_is_cut);
    TAP_RUN_IN(in_task, a_sink_that_nobody_reads_closes_the_pipe);
    TAP_RUN_IN(in_task, a_slow_sink_holds_the_program_and_loses_nothing);
    TAP_RUN_IN(in_task, a_pipe_that_is_held_open_does_not_hold_us);
    TAP_RUN_IN(in_task, canceling_ends_one_that_ignores_the_first_word);
    TAP_RUN_IN(in_task, one_that_heeds_it_may_clean_up);
    TAP_RUN_IN(in_task, one_that_is_stopped_is_ended);
    TAP_RUN_IN(in_task, a_daemon_does_not_get_away);
    TAP_RUN_IN(in_task, nor_does_it_where_the_program_ends_by_itself);
    TAP_RUN_IN(in_task, what_it_left_may_finish_its_last_words);
    TAP_RUN_IN(in_task, the_timeout_ends_it);
    TAP_RUN_IN(in_task, a_deadline_is_a_timeout);
    TAP_RUN_IN(in_task, a_killed_warden_takes_the_program_along);
    TAP_RUN_IN(in_task, a_fork_bomb_is_bounded);
    TAP_RUN_IN(in_task, every_kernel_call_that_fails_leaves_nothing);
    act_close(&act);
    for (int i = 0; i < EXEC_STREAM_COUNT; i++)
        buf_done(&heard.text[i]);
    for (size_t i = 0; i < 3; i++)
        unlink(in_folder(((const char *[]){"plain", "text", "input"})[i]));
    rmdir(folder);
    return tap_done();
}
