#include "observe/observe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/process.h"
#include "rt/event.h"
#include "tests/tap.h"

#define LONG (20 * RT_SEC)
/* An argument names the one case that is to run. */
#define RUN(fn)                                                                                    \
    do {                                                                                           \
        if (!only || strcmp(only, #fn) == 0)                                                       \
            TAP_RUN(fn);                                                                           \
    } while (0)

static char folder[64];
static struct local_host *host;
static const char *only;

/* A check, and what it has pushed. */
struct watched {
    struct local_spec spec;
    struct local_check *check;
    struct rt_event pushed;
    struct probe_result r;
    const char *word;
};

static void on_push(void *ctx)
{
    struct watched *w = ctx;
    rt_event_set(&w->pushed);
}

static void open_check(struct watched *w, struct local_spec spec)
{
    struct err err = {0};
    *w = (struct watched){.spec = spec, .r = {.arena = ARENA(MEM_TEST, 0)}};
    w->spec.timeout_ns = w->spec.timeout_ns ? w->spec.timeout_ns : LONG;
    CHECK_INT(local_check_open(host, &w->spec, on_push, w, &w->check, &err), 0);
}

static void close_check(struct watched *w)
{
    local_check_close(w->check);
    arena_done(&w->r.arena);
}

static const char *look(struct watched *w)
{
    local_check_look(w->check, &w->r, &w->word);
    return w->word ? w->word : probe_reason_name(w->r.reason);
}

static void wait_push(struct watched *w)
{
    CHECK_INT(rt_event_wait(&w->pushed, rt_now() + LONG), 0);
    rt_event_clear(&w->pushed);
}

/* Looks after each push until it says so. */
static void comes_to(struct watched *w, const char *want)
{
    rt_time end = rt_now() + LONG;
    while (strcmp(look(w), want) != 0 && rt_now() < end) {
        rt_event_wait(&w->pushed, end);
        rt_event_clear(&w->pushed);
    }
    CHECK_STR(w->word ? w->word : probe_reason_name(w->r.reason), want);
}

static bool says(const struct watched *w, const char *part)
{
    if (strstr(w->r.detail, part))
        return true;
    printf("# detail is '%s', wanted '%s' in it\n", w->r.detail, part);
    return false;
}

static char *in_folder(const char *name)
{
    static char path[4][160];
    static int at;
    at = (at + 1) % 4;
    snprintf(path[at], sizeof(path[at]), "%s/%s", folder, name);
    return path[at];
}

/* A name that no other process on this host has, also not one of this test run elsewhere. */
static const char *own(const char *name)
{
    static char text[8][64];
    static int at;
    at = (at + 1) % 8;
    snprintf(text[at], sizeof(text[at]), "%s%d", name, getpid() % 100000);
    return text[at];
}

static void put_file(const char *path, const char *text, int flags)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
    CHECK_INT(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

/* ---- processes ---- */

static pid_t begin(const char *name)
{
    char *path = in_folder(name);
    (void)!symlink("/bin/sleep", path);
    pid_t pid = fork();
    if (pid == 0) {
        execl(path, path, "600", (char *)NULL);
        _exit(127);
    }
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void a_killed_process_is_told_at_once_and_its_return_too(void)
{
    struct watched w;
    pid_t pid = begin(own("fb-one"));
    open_check(&w, (struct local_spec){.kind = LOCAL_PROCESS, .name = own("fb-one")});
    comes_to(&w, "ok");
    CHECK_INT(local_check_process(w.check)->pid, pid);
    rt_time killed = rt_now_exact();
    kill(pid, SIGKILL);
    wait_push(&w);
    CHECK_STR(look(&w), "not_running");
    printf("# seen after %lld us\n", (long long)(rt_now_exact() - killed) / 1000);
    CHECK(says(&w, "no process is called fb-one") && says(&w, ") has ended"));
    CHECK(local_check_process(w.check) == NULL);
    waitpid(pid, NULL, 0);
    CHECK_STR(look(&w), "not_running");
    pid = begin(own("fb-one"));
    rt_time begun = rt_now_exact();
    wait_push(&w);
    comes_to(&w, "ok");
    printf("# found after %lld us\n", (long long)(rt_now_exact() - begun) / 1000);
    CHECK_INT(local_check_process(w.check)->pid, pid);
    end(pid);
    close_check(&w);
}

static void while_one_of_several_runs_it_is_well(void)
{
    struct watched w;
    pid_t first = begin(own("fb-two"));
    open_check(&w, (struct local_spec){.kind = LOCAL_PROCESS, .name = own("fb-two")});
    comes_to(&w, "ok");
    pid_t second = begin(own("fb-two"));
    usleep(100 * 1000); /* until it is the program */
    kill(first, SIGKILL);
    wait_push(&w);
    comes_to(&w, "ok");
    CHECK_INT(local_check_process(w.check)->pid, second);
    kill(second, SIGKILL);
    wait_push(&w);
    CHECK_STR(look(&w), "not_running");
    waitpid(first, NULL, 0);
    waitpid(second, NULL, 0);
    close_check(&w);
}

static void a_file_names_another_process_by_now(void)
{
    struct watched w;
    char text[32], *path = in_folder("fb.pid");
    open_check(&w, (struct local_spec){.kind = LOCAL_PROCESS, .pid_file = path});
    CHECK_STR(look(&w), "not_running");
    CHECK(says(&w, "there is no "));
    pid_t first = begin(own("fb-file")), second = begin(own("fb-file"));
    snprintf(text, sizeof(text), "%d\n", first);
    put_file(path, text, O_TRUNC);
    wait_push(&w); /* nobody asked: it looks out for it */
    comes_to(&w, "ok");
    snprintf(text, sizeof(text), "%d\n", second);
    put_file(path, text, O_TRUNC);
    CHECK_STR(look(&w), "ok");
    CHECK_INT(local_check_process(w.check)->pid, second);
    kill(second, SIGKILL);
    wait_push(&w);
    CHECK_STR(look(&w), "not_running");
    CHECK(says(&w, "and no such process runs"));
    waitpid(second, NULL, 0);
    end(first);
    close_check(&w);
}

static void nobody_can_tell_of_a_unit_without_systemd(void)
{
    struct watched w;
    setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/no/such/bus", 1); /* with one: unit_test.c */
    open_check(&w, (struct local_spec){.kind = LOCAL_PROCESS, .unit = "fb-no-such.service"});
    bool systemd = access("/run/systemd/system", F_OK) == 0;
    CHECK_STR(look(&w), systemd ? "not_running" : "limit");
    CHECK(says(&w, systemd ? "no process runs in " : "no systemd runs on this host"));
    close_check(&w);
}

/* ---- files ---- */

static const char hello[] = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

static void a_file_is_as_it_should_be(void)
{
    struct watched w;
    char *path = in_folder("conf"), owner[16];
    snprintf(owner, sizeof(owner), "%u", getuid());
    open_check(&w, (struct local_spec){.kind = LOCAL_FILE, .path = path, .sha256 = hello,
                                       .mode = "0640", .owner = owner});
    CHECK_STR(look(&w), "drift_file");
    CHECK(says(&w, "is missing"));
    put_file(path, "hello\n", 0);
    chmod(path, 0640);
    wait_push(&w);
    comes_to(&w, "ok");
    chmod(path, 0600);
    wait_push(&w);
    CHECK_STR(look(&w), "drift_file");
    CHECK(says(&w, "its mode is 0600, wanted 0640"));
    chmod(path, 0640);
    comes_to(&w, "ok");
    put_file(path, "hullo\n", 0); /* as long, and within the same moment */
    CHECK_STR(look(&w), "drift_file");
    CHECK(says(&w, "its SHA-256 is ") && says(&w, hello));
    put_file(in_folder("conf.new"), "hello\n", 0);
    chmod(in_folder("conf.new"), 0640);
    CHECK_INT(rename(in_folder("conf.new"), path), 0); /* as editors do */
    comes_to(&w, "ok");
    unlink(path);
    wait_push(&w);
    comes_to(&w, "drift_file");
    close_check(&w);
    unlink(path);
}

static void whose_a_file_is(void)
{
    struct watched w;
    char *path = in_folder("owned");
    put_file(path, "x", 0);
    open_check(&w, (struct local_spec){.kind = LOCAL_FILE, .path = path, .owner = "4242"});
    CHECK_STR(look(&w), "drift_file");
    CHECK(says(&w, "its owner is user ") && says(&w, "wanted 4242"));
    close_check(&w);
    open_check(&w, (struct local_spec){.kind = LOCAL_FILE, .path = path, .owner = "fb-nobody"});
    CHECK_STR(look(&w), "drift_file");
    CHECK(says(&w, "there is no user fb-nobody"));
    close_check(&w);
}

static void what_is_no_file_or_too_large(void)
{
    struct watched w;
    open_check(&w, (struct local_spec){.kind = LOCAL_FILE, .path = folder, .sha256 = hello});
    CHECK_STR(look(&w), "drift_file");
    CHECK(says(&w, "is no regular file"));
    close_check(&w);
    open_check(&w, (struct local_spec){.kind = LOCAL_FILE, .path = folder});
    CHECK_STR(look(&w), "ok"); /* a folder is there */
    close_check(&w);
    char *path = in_folder("huge");
    put_file(path, "x", 0);
    CHECK_INT(truncate(path, (off_t)LOCAL_FILE_BYTES_MAX + 1), 0);
    open_check(&w, (struct local_spec){.kind = LOCAL_FILE, .path = path, .sha256 = hello});
    CHECK_STR(look(&w), "too_large");
    CHECK(says(&w, "1024 MiB"));
    close_check(&w);
    unlink(path);
}

/* ---- logs ---- */

static struct pcre2_real_code_8 *pattern_of(const char *text)
{
    struct pcre2_real_code_8 *code = NULL;
    struct err err = {0};
    CHECK_INT(observe_pattern_new(text, &code, &err), 0);
    return code;
}

static void log_check(struct watched *w, const char *path, struct pcre2_real_code_8 *code,
                      int64_t hold_ns)
{
    open_check(w, (struct local_spec){
                      .kind = LOCAL_LOG_LINE, .path = path, .pattern = code, .hold_ns = hold_ns});
}

static void a_new_line_that_matches_is_a_miss_for_a_while(void)
{
    struct watched w;
    struct pcre2_real_code_8 *code = pattern_of("ERR(OR)?:");
    char *path = in_folder("a.log");
    put_file(path, "ERROR: of yesterday\n", 0);
    log_check(&w, path, code, 300 * RT_MS);
    CHECK_STR(look(&w), "ok"); /* what was there is old */
    put_file(path, "fine\nERR: disk \033[31mfull\r\nfine\n", O_APPEND);
    wait_push(&w);
    CHECK_STR(look(&w), "log_match");
    CHECK_STR(w.r.detail, "ERR: disk \xef\xbf\xbd[31mfull"); /* safe for a terminal */
    put_file(path, "ERR: again\nERR: and again\n", O_APPEND);
    comes_to(&w, "log_match");
    CHECK(says(&w, "ERR: and again (3 lines match)"));
    CHECK_INT(rt_sleep(rt_now() + 400 * RT_MS), 0);
    CHECK_STR(look(&w), "ok"); /* no line for so long */
    put_file(path, "ERR: once more\n", O_APPEND);
    comes_to(&w, "log_match");
    CHECK_STR(w.r.detail, "ERR: once more");
    close_check(&w);
    observe_pattern_free(code);
}

static void lines_come_in_parts_and_may_be_long(void)
{
    struct watched w;
    struct pcre2_real_code_8 *code = pattern_of("^begin.*end$|hidden");
    char *path = in_folder("b.log");
    log_check(&w, path, code, 1);
    CHECK_STR(look(&w), "ok"); /* it is not there yet */
    put_file(path, "begin ", 0);
    CHECK_STR(look(&w), "ok");
    put_file(path, "and ", O_APPEND);
    CHECK_STR(look(&w), "ok");
    put_file(path, "end\n", O_APPEND);
    w.spec.hold_ns = LONG;
    CHECK_STR(look(&w), "log_match");
    CHECK_STR(w.r.detail, "begin and end");
    w.spec.hold_ns = 1;
    CHECK_STR(look(&w), "ok");
    size_t size = LOCAL_LINE_BYTES_MAX + 100;
    char *line = mem_alloc(MEM_TEST, size + 20);
    memset(line, 'x', size);
    memcpy(line + size, "hidden\n", 8); /* behind what is looked at */
    put_file(path, line, O_APPEND);
    w.spec.hold_ns = LONG;
    CHECK_STR(look(&w), "ok");
    put_file(path, "hidden no more\n", O_APPEND);
    CHECK_STR(look(&w), "log_match");
    mem_free(MEM_TEST, line);
    close_check(&w);
    observe_pattern_free(code);
}

static void a_log_is_rotated(void)
{
    struct watched w;
    struct pcre2_real_code_8 *code = pattern_of("bad");
    char *path = in_folder("c.log"), *old = in_folder("c.log.1");
    put_file(path, "fine\n", 0);
    log_check(&w, path, code, LONG);
    CHECK_STR(look(&w), "ok");
    put_file(path, "bad: before it was renamed\n", O_APPEND);
    CHECK_INT(rename(path, old), 0);
    put_file(path, "fine\n", 0);
    CHECK_STR(look(&w), "log_match");
    CHECK(says(&w, "before it was renamed"));
    put_file(path, "bad: in the new one\n", O_APPEND);
    CHECK_STR(look(&w), "log_match");
    CHECK(says(&w, "in the new one (2 lines"));
    put_file(old, "bad: by a writer who does not know yet\n", O_APPEND);
    CHECK_STR(look(&w), "log_match");
    CHECK(says(&w, "does not know yet (3 lines"));
    CHECK_INT(truncate(path, 0), 0); /* copytruncate */
    put_file(path, "bad: 1\n", O_APPEND);
    CHECK_STR(look(&w), "log_match");
    CHECK(says(&w, "bad: 1 (4 lines"));
    /* Removed and made anew: a file system likes to give the same inode. */
    unlink(path);
    put_file(path, "bad: anew\n", 0);
    CHECK_STR(look(&w), "log_match");
    CHECK(says(&w, "bad: anew (5 lines"));
    close_check(&w);
    observe_pattern_free(code);
}

/* The renamed file is watched by nobody, as any is where the kernel tells no events (NFS). */
static void a_match_that_no_event_told_of_is_an_event(void)
{
    struct watched w;
    struct pcre2_real_code_8 *code = pattern_of("bad");
    char *path = in_folder("f.log"), *old = in_folder("f.log.1");
    put_file(path, "fine\n", 0);
    log_check(&w, path, code, 300 * RT_MS);
    CHECK_STR(look(&w), "ok");
    CHECK_INT(rename(path, old), 0);
    put_file(path, "fine\n", 0);
    CHECK_STR(look(&w), "ok");
    while (rt_event_wait(&w.pushed, rt_now() + 200 * RT_MS) == 0) /* of the renaming */
        rt_event_clear(&w.pushed);
    put_file(old, "bad: by a writer who does not know yet\n", O_APPEND);
    CHECK_STR(look(&w), "log_match");
    wait_push(&w);
    CHECK_STR(look(&w), "log_match"); /* once: */
    CHECK_INT(rt_event_wait(&w.pushed, rt_now()), -ETIMEDOUT);
    close_check(&w);
    observe_pattern_free(code);
}

/* Between two looks it was emptied, and has grown beyond where we were. */
static void a_log_that_was_emptied_and_has_grown_again_is_read_from_its_beginning(void)
{
    struct watched w;
    struct pcre2_real_code_8 *code = pattern_of("bad");
    char *path = in_folder("e.log");
    put_file(path, "fine\n", 0);
    log_check(&w, path, code, LONG);
    CHECK_STR(look(&w), "ok");
    CHECK_INT(truncate(path, 0), 0);
    put_file(path, "bad: 1\nfine\n", O_APPEND);
    CHECK_STR(look(&w), "log_match");
    CHECK(says(&w, "bad: 1"));
    put_file(path, "and so on\n", O_APPEND); /* what is only longer goes on */
    CHECK_STR(look(&w), "log_match");
    CHECK_STR(w.r.detail, "bad: 1");
    CHECK_INT(truncate(path, 0), 0);
    put_file(path, "a long line that is fine\nbad: 2\nbad: 3\nbad: 4\n", O_APPEND);
    CHECK_STR(look(&w), "log_match");
    CHECK(says(&w, "bad: 4 (4 lines"));
    /* Its writer does not append: he goes on where he was, behind a hole. */
    struct stat st;
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(truncate(path, 0), 0);
    CHECK_INT(truncate(path, st.st_size), 0);
    put_file(path, "bad: 5\n", O_APPEND);
    CHECK_STR(look(&w), "log_match");
    CHECK_STR(w.r.detail, "bad: 5 (5 lines match)");
    close_check(&w);
    observe_pattern_free(code);
}

static void a_pattern_has_its_limits(void)
{
    struct watched w;
    struct pcre2_real_code_8 *code = pattern_of("(a+)+$");
    char *path = in_folder("d.log");
    put_file(path, "", 0);
    log_check(&w, path, code, LONG);
    CHECK_STR(look(&w), "ok");
    put_file(path, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\n",
             O_APPEND);
    CHECK_STR(look(&w), "limit");
    CHECK(says(&w, "the pattern gave up"));
    CHECK_STR(look(&w), "ok");
    close_check(&w);
    observe_pattern_free(code);
}

/* ---- heartbeats ---- */

static void a_sign_of_life_must_come_in_time(void)
{
    struct watched w;
    open_check(&w, (struct local_spec){.kind = LOCAL_HEARTBEAT, .within_ns = 200 * RT_MS});
    CHECK_STR(look(&w), local_no_answer); /* it has as long for its first, and is not well before */
    wait_push(&w);
    CHECK_STR(look(&w), "heartbeat_missed");
    CHECK(says(&w, "no sign of life for ") && says(&w, "none ever came"));
    int64_t now = rt_wall_now();
    local_check_beat(w.check, now);
    wait_push(&w);
    CHECK_STR(look(&w), "ok");
    wait_push(&w);
    CHECK_STR(look(&w), "heartbeat_missed");
    CHECK(strstr(w.r.detail, "none ever came") == NULL);
    local_check_beat(w.check, now); /* the same one again is none */
    CHECK_STR(look(&w), "heartbeat_missed");
    close_check(&w);
}

static void a_remembered_one_counts_from_its_time(void)
{
    struct watched w;
    open_check(&w, (struct local_spec){.kind = LOCAL_HEARTBEAT, .within_ns = 3600 * RT_SEC});
    local_check_beat(w.check, rt_wall_now() - 3500 * RT_SEC);
    CHECK_STR(look(&w), "ok");
    close_check(&w);
    open_check(&w, (struct local_spec){.kind = LOCAL_HEARTBEAT, .within_ns = 3600 * RT_SEC});
    local_check_beat(w.check, rt_wall_now() - 3700 * RT_SEC);
    CHECK_STR(look(&w), "heartbeat_missed");
    CHECK(says(&w, "no sign of life for 1h1m4"));
    close_check(&w);
    open_check(&w, (struct local_spec){.kind = LOCAL_HEARTBEAT, .within_ns = 3600 * RT_SEC});
    local_check_beat(w.check, rt_wall_now() + 9000 * RT_SEC); /* another host's clock is ahead */
    CHECK_STR(look(&w), "ok");
    close_check(&w);
}

static void all(void *arg)
{
    (void)arg;
    host = local_host_new();
    RUN(a_killed_process_is_told_at_once_and_its_return_too);
    RUN(while_one_of_several_runs_it_is_well);
    RUN(a_file_names_another_process_by_now);
    RUN(nobody_can_tell_of_a_unit_without_systemd);
    RUN(a_file_is_as_it_should_be);
    RUN(whose_a_file_is);
    RUN(what_is_no_file_or_too_large);
    RUN(a_new_line_that_matches_is_a_miss_for_a_while);
    RUN(lines_come_in_parts_and_may_be_long);
    RUN(a_log_is_rotated);
    RUN(a_match_that_no_event_told_of_is_an_event);
    RUN(a_log_that_was_emptied_and_has_grown_again_is_read_from_its_beginning);
    RUN(a_pattern_has_its_limits);
    RUN(a_sign_of_life_must_come_in_time);
    RUN(a_remembered_one_counts_from_its_time);
    local_host_free(host);
    CHECK_INT(mem_usage_of(MEM_OBSERVE).live, 0);
}

int main(int argc, char **argv)
{
    only = argc > 1 ? argv[1] : NULL;
    snprintf(folder, sizeof(folder), "/tmp/fb-local-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    CHECK_INT(rt_run(&(struct rt_config){.stall = -1}, all, NULL), 0);
    char command[100];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    CHECK_INT(system(command), 0);
    return tap_done();
}
