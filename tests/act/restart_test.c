#include "act/actions.h"

#include "tests/on_valgrind.h"
#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/act/said.h"
#include "host/process.h"

enum { LONG_MS = 20000 };

static struct act act, *used = &act;
static char folder[64], memory[128], text[512];

/* A name that no other process on this host has, also not one of this test run elsewhere. */
static const char *own(const char *name)
{
    static char names[8][64];
    static int at;
    at = (at + 1) % 8;
    snprintf(names[at], sizeof(names[at]), "%s%d", name, getpid() % 100000);
    return names[at];
}

static const char *restart_with(const char *member, const char *name, struct exec_spec spec)
{
    struct err err = {0};
    snprintf(text, sizeof(text), "{\"restart\":{\"%s\":\"%s\"}}", member, name);
    spec.kind = ACTION_RESTART;
    spec.action = text;
    exec_result_done(&r);
    buf_clear(&said);
    int code = act_restart(used, &spec, &sink, &r, &err, RT_NEVER);
    if (code < 0)
        printf("# %s\n", err.text);
    CHECK_INT(code, 0);
    return probe_reason_name(r.reason);
}

static const char *restart(const char *name)
{
    return restart_with("process", name, (struct exec_spec){.kill_after_ns = 300 * RT_MS});
}

static bool find(const char *name, struct host_process *p)
{
    struct err err;
    return host_process_find(&(struct host_process_query){.name = name}, p, &err) == 0;
}

static void wait_for(const char *name, struct host_process *p)
{
    for (int i = 0; i < LONG_MS && !find(name, p); i++)
        usleep(1000);
    CHECK(p->pid > 0);
}

static void remember_by(const char *name, struct host_process *p, enum act_known by)
{
    struct err err = {0};
    int code = act_remember(&act, name, p, by, &err, RT_NEVER);
    for (int i = 0; i < LONG_MS && code == 0; i++) { /* it is too young */
        usleep(1000);
        code = act_remember(&act, name, p, by, &err, RT_NEVER);
    }
    if (code != 1)
        printf("# %d: %s\n", code, err.text);
    CHECK_INT(code, 1);
}

static void remember(const char *name, struct host_process *p)
{
    remember_by(name, p, ACT_BY_NAME);
}

/* A script of that name, as a process that leads a session. */
static pid_t begin(const char *name, const char *body)
{
    static char path[200];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    CHECK_INT(write(fd, body, strlen(body)), strlen(body));
    close(fd);
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        (void)!chdir(folder);
        execle("/bin/sh", "sh", path, "an argument", (char *)NULL,
               (char *[]){"KEY=value of it", "PATH=/usr/bin:/bin", NULL});
        _exit(127);
    }
    return pid;
}

static void end(const char *name)
{
    struct host_process p;
    while (find(name, &p)) {
        kill(p.pid, SIGKILL);
        waitpid(p.pid, NULL, 0);
    }
}

static void read_out(struct buf *b)
{
    char path[200], bytes[512];
    ssize_t n;
    snprintf(path, sizeof(path), "%s/out", folder);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    buf_clear(b);
    while (fd >= 0 && (n = read(fd, bytes, sizeof(bytes))) > 0)
        buf_append(b, bytes, (size_t)n);
    close(fd);
}

static const char serve[] = "echo \"$KEY|$1|$PWD\" >> out; while :; do sleep 0.05; done\n";

static void a_killed_process_is_started_as_it_was(void)
{
    struct host_process old = {0}, now = {0};
    struct buf out = BUF(MEM_TEST, 0);
    pid_t pid = begin(own("fb-serve"), serve);
    wait_for(own("fb-serve"), &old);
    CHECK_INT(old.pid, pid);
    remember(own("fb-serve"), &old);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    CHECK_STR(restart(own("fb-serve")), "ok");
    CHECK_INT(r.exit, 0);
    CHECK(says(" runs as process "));
    CHECK(find(own("fb-serve"), &now) && now.pid != pid);
    for (int i = 0; i < LONG_MS; i++) {
        read_out(&out);
        struct slice rest = buf_slice(&out), first = slice_cut(&rest, '\n');
        if (rest.size && slice_eq(slice_cut(&rest, '\n'), first))
            break;
        usleep(1000);
    }
    struct slice all = buf_slice(&out), first = slice_cut(&all, '\n');
    CHECK(slice_starts_with(first, SLICE("value of it|an argument|/")));
    CHECK(slice_starts_with(all, first));
    buf_done(&out);
}

static void what_is_remembered_outlives_us_and_is_nobody_elses(void)
{
    char path[256];
    struct stat st;
    struct host_process p = {0};
    snprintf(path, sizeof(path), "%s/%s", memory, own("fb-serve"));
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_mode & 07777, 0600);
    CHECK_INT(stat(memory, &st), 0);
    CHECK_INT(st.st_mode & 07777, 0700);
    end(own("fb-serve"));
    struct act another = {.memory = memory}; /* which has seen nothing itself */
    used = &another;
    CHECK_STR(restart(own("fb-serve")), "ok");
    CHECK(find(own("fb-serve"), &p));
    used = &act;
    act_close(&another);
}

/* Earlier versions called it by the name that the kernel cuts, which its twin has as well. */
static void what_was_remembered_by_a_name_that_was_cut_is_found(void)
{
    char cut[HOST_NAME_CUT + 1] = "", from[256], to[256];
    struct host_process p = {0};
    snprintf(cut, sizeof(cut), "%.*s", HOST_NAME_CUT, own("fb-serve-for-long-eu-"));
    begin(own("fb-serve-for-long-eu-"), serve);
    wait_for(own("fb-serve-for-long-eu-"), &p);
    remember_by(own("fb-serve-for-long-eu-"), &p, ACT_BY_NUMBER);
    end(own("fb-serve-for-long-eu-"));
    snprintf(from, sizeof(from), "%s/%s", memory, own("fb-serve-for-long-eu-"));
    snprintf(to, sizeof(to), "%s/%s", memory, cut);
    CHECK_INT(rename(from, to), 0);
    struct act another = {.memory = memory};
    used = &another;
    CHECK_STR(restart(own("fb-serve-for-long-us-")), "exec_not_found");
    CHECK_STR(restart(own("fb-serve-for-long-eu-")), "ok");
    used = &act;
    act_close(&another);
    CHECK(find(own("fb-serve-for-long-eu-"), &p));
    end(own("fb-serve-for-long-eu-"));
    CHECK_INT(unlink(to), 0);
}

static void one_that_runs_is_ended_first(void)
{
    struct host_process old = {0}, now = {0};
    CHECK(find(own("fb-serve"), &old));
    CHECK_STR(restart_with("process", own("fb-serve"), (struct exec_spec){.dry_run = true}), "ok");
    CHECK(says("would end process ") && says("would start sh "));
    CHECK(find(own("fb-serve"), &now) && now.pid == old.pid);
    CHECK_STR(restart(own("fb-serve")), "ok");
    CHECK(find(own("fb-serve"), &now) && now.pid != old.pid);
    CHECK_INT(now.same, 1);
    end(own("fb-serve"));
}

static void who_does_not_heed_is_killed_and_so_are_those_it_leaves(void)
{
    struct host_process old = {0}, left = {0}, now = {0};
    char deaf[300];
    snprintf(deaf, sizeof(deaf),
             "trap '' TERM; [ -e again ] || { ln -s /bin/sleep %s; "
             "./%s 600 & }; touch again; while :; do sleep 0.05; done\n",
             own("fb-left"), own("fb-left"));
    pid_t pid = begin(own("fb-deaf"), deaf);
    wait_for(own("fb-deaf"), &old);
    wait_for(own("fb-left"), &left);
    remember(own("fb-deaf"), &old);
    CHECK_STR(restart(own("fb-deaf")), "ok");
    CHECK(says("did not end by SIGTERM, and is killed"));
    waitpid(pid, NULL, 0);
    CHECK(find(own("fb-deaf"), &now) && now.pid != pid);
    for (int i = 0; i < LONG_MS && host_process_runs(&left); i++)
        usleep(1000);
    CHECK(!host_process_runs(&left)); /* it might hold a port */
    end(own("fb-deaf"));
}

static void what_a_killed_one_leaves_behind_is_ended(void)
{
    struct host_process old = {0}, left = {0}, now = {0};
    char body[300];
    snprintf(body, sizeof(body),
             "[ -e forked ] || { touch forked; "
             "./%s & }; while :; do sleep 0.05; done\n",
             own("fb-fork"));
    pid_t pid = begin(own("fb-fork"), body);
    wait_for(own("fb-fork"), &old);
    for (int i = 0; i < LONG_MS && old.same < 2; i++) {
        usleep(1000);
        CHECK_INT(host_process_look(pid, &old), 0);
        CHECK(find(own("fb-fork"), &now));
        old.same = now.same;
    }
    CHECK(old.same >= 2); /* a fork that is about to be a sleep has the name, too */
    remember(own("fb-fork"), &old);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    /* (A fork that ends while it is looked at is none.) */
    for (int i = 0; i < LONG_MS && !(find(own("fb-fork"), &left) && left.group == pid); i++)
        usleep(1000);
    CHECK_INT(left.group, pid);
    CHECK_STR(restart(own("fb-fork")), "ok");
    CHECK(!host_process_runs(&left));
    CHECK(find(own("fb-fork"), &now) && now.group != pid);
    end(own("fb-fork"));
}

static void who_only_has_the_same_name_is_left_alone(void)
{
    struct host_process mine = {0}, strange = {0};
    pid_t pid = begin(own("fb-same"), serve);
    wait_for(own("fb-same"), &mine);
    remember(own("fb-same"), &mine);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    char other_folder[100], link_path[200];
    const char *name = own("fb-same");
    snprintf(other_folder, sizeof(other_folder), "%s/other", folder);
    snprintf(link_path, sizeof(link_path), "%s/%s", other_folder, name);
    CHECK_INT(mkdir(other_folder, 0700), 0);
    CHECK_INT(symlink("/bin/sleep", link_path), 0);
    pid_t other = fork();
    if (other == 0) {
        execl(link_path, link_path, "600", (char *)NULL);
        _exit(127);
    }
    wait_for(name, &strange);
    CHECK_INT(strange.pid, other);
    CHECK_STR(restart(name), "ok");
    CHECK(host_process_runs(&strange));
    CHECK(says(" runs as process "));
    CHECK(find(name, &mine) && mine.same >= 2); /* and a shell that begins another program */
    end(name);
}

static void a_server_and_its_workers_of_one_name_are_one(void)
{
    struct host_process old = {0}, now = {0};
    char body[300];
    snprintf(body, sizeof(body), "[ \"$1\" = at-work ] || sh -c './%s at-work; :' & "
             "while :; do sleep 0.05; done\n", own("fb-tree"));
    pid_t pid = begin(own("fb-tree"), body);
    for (int i = 0; i < LONG_MS && !(find(own("fb-tree"), &old) && old.same > 1); i++)
        usleep(1000);
    CHECK_INT(old.pid, pid);
    remember(own("fb-tree"), &old);
    CHECK_STR(restart(own("fb-tree")), "ok");
    waitpid(pid, NULL, 0);
    CHECK(find(own("fb-tree"), &now) && now.pid != pid);
    end(own("fb-tree"));
}

static pid_t begin_another(const char *name, struct host_process *p)
{
    const struct host_process_query q = {.name = name};
    pid_t pid = begin(name, serve);
    for (int i = 0; i < LONG_MS && !host_process_matches(&q, pid); i++)
        usleep(1000);
    CHECK_INT(host_process_look(pid, p), 0);
    return pid;
}

static void kill_it(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void of_two_services_of_one_name_none_is_ended(void)
{
    struct host_process first = {0}, second = {0};
    char words[100];
    pid_t a = begin_another(own("fb-twin"), &first), b = begin_another(own("fb-twin"), &second);
    snprintf(words, sizeof(words), "process %d and process %d, neither of which", a, b);
    CHECK_STR(restart_with("process", own("fb-twin"), (struct exec_spec){.dry_run = true}),
              "exec_not_found");
    CHECK(says(words));
    remember(own("fb-twin"), &first); /* as whoever looks by name does: the oldest */
    CHECK_STR(restart(own("fb-twin")), "exec_not_found");
    CHECK(says(words) && says("Nothing was done"));
    CHECK(host_process_runs(&first) && host_process_runs(&second));
    kill_it(a);
    kill_it(b);
    end(own("fb-twin")); /* what should not have been started */
}

static void a_number_in_a_file_tells_which_of_two_is_meant(void)
{
    struct host_process first = {0}, second = {0}, third = {0};
    pid_t a = begin_another(own("fb-num"), &first), b = begin_another(own("fb-num"), &second);
    remember_by(own("fb-num"), &second, ACT_BY_NUMBER);
    CHECK_STR(restart(own("fb-num")), "ok");
    CHECK(host_process_runs(&first) && !host_process_runs(&second));
    kill_it(b);
    /* Two numbers are no better than two names, until one of them ends. */
    remember_by(own("fb-num"), &first, ACT_BY_NUMBER);
    b = begin_another(own("fb-num"), &third);
    remember_by(own("fb-num"), &third, ACT_BY_NUMBER);
    CHECK_STR(restart(own("fb-num")), "exec_not_found");
    CHECK(host_process_runs(&first) && host_process_runs(&third));
    kill_it(a);
    kill_it(b);
    end(own("fb-num"));
}

static void one_that_fails_again_is_told(void)
{
    struct host_process p = {0};
    pid_t pid = begin(own("fb-fails"), "[ -e failed ] && exit 3; touch failed\n"
                                       "while :; do sleep 0.05; done\n");
    wait_for(own("fb-fails"), &p);
    for (int i = 0; i < LONG_MS && access(folder, F_OK) == 0; i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s/failed", folder);
        if (access(path, F_OK) == 0)
            break;
        usleep(1000);
    }
    remember(own("fb-fails"), &p);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    struct exec_spec soon = {.timeout_ns = 1500 * RT_MS};
    CHECK_STR(restart_with("process", own("fb-fails"), soon), "not_running");
    CHECK(says("and does not run: its own log says why"));
    CHECK_INT(r.exit, -1);
}

static void nobody_knows_how_to_start_it(void)
{
    CHECK_STR(restart(own("fb-never-seen")), "exec_not_found");
    CHECK(says("nobody has seen fb-never-seen") && says(" run on this node"));
}

static void a_title_cannot_be_started(void)
{
    struct host_process p = {0};
    const char *name = own("fb-titled"); /* of this process, not of its child */
    pid_t pid = fork();
    if (pid == 0) {
        execl("/proc/self/exe", name, "--title", "and some room for a title", (char *)NULL);
        _exit(127);
    }
    wait_for(own("fb-titled"), &p);
    remember(own("fb-titled"), &p);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    CHECK_STR(restart(own("fb-titled")), "exec_not_found");
    CHECK(says(" has written over its command line (fb-titled: at work)"));
}

static void a_unit_is_systemds(void)
{
    if (access("/run/systemd/system", F_OK) == 0) {
        TAP_SKIP("systemd runs here");
        return;
    }
    setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/no/such/bus", 1); /* with one: unit_test.c */
    CHECK_STR(restart_with("unit", "fb.service", (struct exec_spec){0}), "exec_not_found");
    CHECK(says("no systemd runs on this host: it cannot restart fb.service"));
}

static void what_is_no_restart_is_refused(void)
{
    static const char *const broken[] = {"",
                                         "{}",
                                         "{\"restart\":7}",
                                         "{\"restart\":{}}",
                                         "{\"restart\":{\"unit\":\"a\",\"process\":\"b\"}}",
                                         "{\"restart\":{\"process\":\"\"}}"};
    struct exec_result kept = {.exit = 4711};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct err err = {0};
        struct exec_spec spec = {.kind = ACTION_RESTART, .action = broken[i]};
        CHECK_INT(act_restart(&act, &spec, NULL, &kept, &err, RT_NEVER), -EBADMSG);
        CHECK_INT(kept.exit, 4711);
    }
}

/* Valgrind keeps descriptors for itself, and so refuses a child the limits that it had. */
static void real(void (*fn)(void))
{
    if (RUNNING_ON_VALGRIND)
        TAP_SKIP("valgrind has limits of its own");
    else
        fn();
}

static void all(void *arg)
{
    (void)arg;
    TAP_RUN_IN(real, a_killed_process_is_started_as_it_was);
    TAP_RUN_IN(real, what_is_remembered_outlives_us_and_is_nobody_elses);
    TAP_RUN_IN(real, what_was_remembered_by_a_name_that_was_cut_is_found);
    TAP_RUN_IN(real, one_that_runs_is_ended_first);
    TAP_RUN_IN(real, who_does_not_heed_is_killed_and_so_are_those_it_leaves);
    TAP_RUN_IN(real, what_a_killed_one_leaves_behind_is_ended);
    TAP_RUN_IN(real, who_only_has_the_same_name_is_left_alone);
    TAP_RUN_IN(real, a_server_and_its_workers_of_one_name_are_one);
    TAP_RUN_IN(real, of_two_services_of_one_name_none_is_ended);
    TAP_RUN_IN(real, a_number_in_a_file_tells_which_of_two_is_meant);
    TAP_RUN_IN(real, one_that_fails_again_is_told);
    TAP_RUN_IN(real, nobody_knows_how_to_start_it);
    TAP_RUN_IN(real, a_title_cannot_be_started);
    TAP_RUN_IN(real, a_unit_is_systemds);
    TAP_RUN_IN(real, what_is_no_restart_is_refused);
    exec_result_done(&r);
}

/* As daemons do: the command line is written over. */
static _Noreturn void be_titled(char **argv)
{
    size_t room = (size_t)(argv[2] + strlen(argv[2]) + 1 - argv[0]);
    prctl(PR_SET_NAME, argv[0], 0, 0, 0);
    memset(argv[0], 0, room);
    snprintf(argv[0], room, "fb-titled: at work");
    for (;;)
        pause();
}

int main(int argc, char **argv)
{
    struct err err;
    if (argc == 3 && strcmp(argv[1], "--title") == 0)
        be_titled(argv);
    snprintf(folder, sizeof(folder), "/tmp/fb-restart-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(memory, sizeof(memory), "%s/keys/processes", folder);
    said = BUF(MEM_TEST, 0);
    CHECK_INT(act_open(&act, &err), 0);
    act.memory = memory;
    CHECK_INT(rt_run(&(struct rt_config){.stall = -1}, all, NULL), 0);
    act_close(&act);
    CHECK_INT(mem_usage_of(MEM_ACT).live, 0);
    buf_done(&said);
    char command[100];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    CHECK_INT(system(command), 0);
    return tap_done();
}
