#include "host/remembered.h"

#include "tests/on_valgrind.h"
#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LONG_MS = 20000 };

static char folder[64];
static struct arena arena = {.sub = MEM_TEST};

#define BYTES(lit) ((struct slice){"" lit, sizeof(lit)}) /* with its NUL, as the kernel has it */

static const char *joined(const char *const *words)
{
    static char text[1024];
    text[0] = 0;
    for (size_t i = 0; words[i]; i++) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof(text) - n, "[%s]", words[i]);
    }
    return text;
}

static const char *command(struct slice text, bool *rewritten)
{
    const char *const *argv;
    return host_parse_command(text, &arena, &argv, rewritten) ? joined(argv) : "";
}

static void a_command_line_is_its_words(void)
{
    bool rewritten = true;
    CHECK_STR(command(BYTES("/bin/x\0--name\0a b\0\0last"), &rewritten),
              "[/bin/x][--name][a b][][last]");
    CHECK(!rewritten);
    CHECK_STR(command(SLICE(""), &rewritten), "");
    CHECK(!rewritten);
}

static void a_title_is_no_command_line(void)
{
    bool rewritten = false;
    command(BYTES("redis-server *:6379\0\0\0"), &rewritten);
    CHECK(rewritten);
    command(SLICE("sshd: /usr/sbin/sshd -D [listener]"), &rewritten);
    CHECK(rewritten);
}

static void what_nginx_makes_of_it_is_undone(void)
{
    bool rewritten = true;
    CHECK_STR(command(BYTES("nginx: master process /usr/sbin/nginx -c /etc/n.conf -g daemon off; "
                            "worker_processes 2;\0\0\0\0"), &rewritten),
              "[/usr/sbin/nginx][-c][/etc/n.conf][-g][daemon off; worker_processes 2;]");
    CHECK(!rewritten);
    CHECK_STR(command(BYTES("nginx: master process nginx"), &rewritten), "[nginx]");
}

static void of_an_environment_what_is_one(void)
{
    const char *const *env;
    CHECK_INT(host_parse_environment(BYTES("A=1\0\0B=x=y\0junk\0=z\0C="), &arena, &env), 3);
    CHECK_STR(joined(env), "[A=1][B=x=y][C=]");
    CHECK_INT(host_parse_environment(SLICE(""), &arena, &env), 0);
    CHECK(env[0] == NULL);
}

static void whose_it_is(void)
{
    struct host_remembered m = {0};
    CHECK_INT(host_parse_identity(SLICE("Name:\tx\nUmask:\t0027\nUid:\t0\t33\t33\t33\n"
                                        "Gid:\t1\t34\t34\t34\nGroups:\t4 34 \n"), &arena, &m), 0);
    CHECK(m.uid == 33 && m.gid == 34 && m.umask == 027);
    CHECK(m.group_count == 2 && m.groups[0] == 4 && m.groups[1] == 34);
    CHECK_INT(host_parse_identity(SLICE("Uid:\t0\t33\t33\t33\n"), &arena, &m), -EINVAL);
    CHECK_INT(host_parse_identity(SLICE("Uid:\tx\nGid:\t1\n"), &arena, &m), -EINVAL);
}

static void written_and_read_it_is_the_same(void)
{
    gid_t groups[] = {1, 5};
    struct host_remembered m = {
        .name = "web", .comm = "web", .program = "/bin/x", .dir = "/srv/a=b", .uid = 3, .gid = 4,
        .argv = (const char *const[]){"x", "", "a\nb=", NULL},
        .env = (const char *const[]){"K=v", "E=", NULL},
        .stdio = {NULL, "/var/log/x", NULL}, .groups = groups, .group_count = 2,
        .limits = {{HOST_RESOURCE_DESCRIPTORS, 10, UINT64_MAX}}, .limit_count = 1,
        .umask = 077, .pid = 12, .started = 34, .rewritten = true};
    struct host_remembered back = {0};
    struct buf text = BUF(MEM_TEST, 0), again = BUF(MEM_TEST, 0);
    struct err err = {0};
    host_remembered_write(&m, &text);
    CHECK_INT(host_remembered_parse(buf_slice(&text), &arena, &back, &err), 0);
    host_remembered_write(&back, &again);
    CHECK(slice_eq(buf_slice(&text), buf_slice(&again)));
    CHECK_STR(joined(back.argv), "[x][][a\nb=]");
    CHECK(back.stdio[0] == NULL && strcmp(back.stdio[1], "/var/log/x") == 0);
    CHECK(back.limits[0].hard == UINT64_MAX && back.rewritten);
    for (size_t n = 0; n < text.size; n++) /* cut off anywhere, it is not taken for whole */
        CHECK(host_remembered_parse((struct slice){text.data, n}, &arena, &back, &err) < 0 ||
              (n > 0 && text.data[n - 1] == 0));
    static const char *const broken[] = {"", "x", "firebreak-process=2", "firebreak-process=1"};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        CHECK_INT(host_remembered_parse((struct slice){broken[i], strlen(broken[i]) + 1}, &arena,
                                        &back, &err), -EBADMSG);
    buf_done(&text);
    buf_done(&again);
}

/* ---- a real one ---- */

static pid_t begin(const char *script, const char *out)
{
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open(out, O_WRONLY | O_CREAT | O_APPEND, 0600);
        struct rlimit files = {99, 200};
        (void)!chdir(folder);
        umask(027);
        dup2(fd, 1);
        setrlimit(RLIMIT_NOFILE, &files);
        execle("/bin/sh", "sh", script, "one", "two words", (char *)NULL,
               (char *[]){"SECRET=s3cret value", "PATH=/usr/bin:/bin", NULL});
        _exit(127);
    }
    return pid;
}

static int find(const char *name, struct host_process *p)
{
    struct err err = {0};
    return host_process_find(&(struct host_process_query){.name = name}, p, &err);
}

static void read_file(const char *path, struct buf *b)
{
    char bytes[1024];
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    buf_clear(b);
    while (fd >= 0 && (n = read(fd, bytes, sizeof(bytes))) > 0)
        buf_append(b, bytes, (size_t)n);
    close(fd);
}

static bool lines_come_to(const char *path, int wanted, struct buf *b)
{
    for (int i = 0; i < LONG_MS; i++) {
        int lines = 0;
        read_file(path, b);
        for (size_t k = 0; k < b->size; k++)
            lines += b->data[k] == '\n';
        if (lines >= wanted)
            return true;
        usleep(1000);
    }
    return false;
}

static void it_is_started_as_it_was(void)
{
    char script[128], out[128];
    struct host_process p = {0}, again = {0};
    struct host_remembered m = {0};
    struct host_child child = {0};
    struct err err = {0};
    struct buf text = BUF(MEM_TEST, 0);
    snprintf(script, sizeof(script), "%s/fb-remembered.sh", folder);
    snprintf(out, sizeof(out), "%s/out", folder);
    int fd = open(script, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    static const char body[] = "echo \"$SECRET|$1|$2|$(pwd)|$(umask)|$(ulimit -n)\"\n"
                               "while :; do sleep 1; done\n";
    CHECK_INT(write(fd, body, sizeof(body) - 1), sizeof(body) - 1);
    close(fd);
    pid_t pid = begin(script, out);
    CHECK(lines_come_to(out, 1, &text));
    CHECK_INT(find("fb-remembered.sh", &p), 0);
    CHECK_INT(p.pid, pid);
    CHECK_INT(host_remember("fb-remembered.sh", &p, &arena, &m, &err), 0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    CHECK_INT(host_remember("fb-remembered.sh", &p, &arena, &m, &err), -ESRCH);
    CHECK_INT(find("fb-remembered.sh", &again), -ESRCH);

    CHECK_INT(host_remembered_start(&m, &child, &err), 0);
    CHECK(lines_come_to(out, 2, &text));
    struct slice rest = buf_slice(&text), first = slice_cut(&rest, '\n');
    CHECK(slice_eq(first, slice_cut(&rest, '\n'))); /* the second line says the same */
    CHECK(slice_find(first, SLICE("s3cret value|one|two words|/tmp/")) == 0);
    CHECK(slice_find(first, SLICE("|0027|99")) > 0);
    CHECK_INT(find("fb-remembered.sh", &again), 0);
    CHECK_INT(again.pid, child.pid);
    CHECK_INT(getsid(child.pid), child.pid); /* a session of its own */
    CHECK_INT(waitpid(child.pid, NULL, WNOHANG), -1); /* and nobody's child of ours */
    CHECK_INT(errno, ECHILD);
    CHECK_INT(kill(-child.pid, SIGKILL), 0);
    buf_done(&text);
}

/* A script that is executed by itself is called by its own name, not by its interpreter's. */
static void it_is_called_as_before(void)
{
    char script[128];
    struct host_process p = {0}, again = {0};
    struct host_remembered m = {0};
    struct host_child child = {0};
    struct err err = {0};
    snprintf(script, sizeof(script), "%s/fb-script", folder);
    int fd = open(script, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    static const char body[] = "#!/bin/sh -e\nwhile :; do sleep 1; done\n";
    CHECK_INT(write(fd, body, sizeof(body) - 1), sizeof(body) - 1);
    close(fd);
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        execl(script, script, "--x", (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < LONG_MS && strcmp(p.comm, "fb-script") != 0; i++) {
        host_process_look(pid, &p);
        usleep(1000);
    }
    CHECK_INT(host_remember("fb-script", &p, &arena, &m, &err), 0);
    kill(-pid, SIGKILL);
    waitpid(pid, NULL, 0);
    CHECK_INT(host_remembered_start(&m, &child, &err), 0);
    CHECK_INT(host_process_look(child.pid, &again), 0);
    CHECK_STR(again.comm, "fb-script");
    kill(-child.pid, SIGKILL);
}

static void what_is_not_there_is_not_started(void)
{
    struct host_remembered m = {
        .name = "x", .comm = "x", .program = "", .dir = "/",
        .argv = (const char *const[]){"/no/such", NULL},
        .env = (const char *const[]){NULL}, .uid = geteuid(), .gid = getegid()};
    struct host_child child = {.pid = 77};
    struct err err = {0};
    CHECK_INT(host_remembered_start(&m, &child, &err), -ENOENT);
    CHECK(strstr(err.text, "/no/such") != NULL);
    CHECK_INT(child.pid, 77);
}

/* Valgrind keeps descriptors for itself, and so refuses a child the limits that it had. */
static void real(void (*fn)(void))
{
    if (RUNNING_ON_VALGRIND)
        TAP_SKIP("valgrind has limits of its own");
    else
        fn();
}

int main(void)
{
    snprintf(folder, sizeof(folder), "/tmp/fb-remembered-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    TAP_RUN(a_command_line_is_its_words);
    TAP_RUN(a_title_is_no_command_line);
    TAP_RUN(what_nginx_makes_of_it_is_undone);
    TAP_RUN(of_an_environment_what_is_one);
    TAP_RUN(whose_it_is);
    TAP_RUN(written_and_read_it_is_the_same);
    TAP_RUN_IN(real, it_is_started_as_it_was);
    TAP_RUN_IN(real, it_is_called_as_before);
    TAP_RUN_IN(real, what_is_not_there_is_not_started);
    arena_done(&arena);
    char command_text[100];
    snprintf(command_text, sizeof(command_text), "rm -rf %s", folder);
    CHECK_INT(system(command_text), 0);
    return tap_done();
}
