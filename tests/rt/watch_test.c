#include "rt/watch.h"

#include "tests/rt/world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"

#define SOON (rt_now() + 10 * RT_SEC)
#define NOT_LONG (rt_now() + 60 * RT_MS)

static char folder[64];

/* "FOLDER/name", in one of a few texts that take turns. */
static const char *at(const char *name)
{
    static char texts[4][160];
    static unsigned turn;
    char *text = texts[turn++ % 4];
    snprintf(text, sizeof(texts[0]), "%s/%s", folder, name);
    return text;
}

static void put(const char *name, const char *text)
{
    int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    CHECK(fd >= 0);
    CHECK_INT(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void begin(void)
{
    snprintf(folder, sizeof(folder), "/tmp/firebreak-watch-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
}

static void end(void)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", folder);
    CHECK_INT(system(command), 0);
}

static struct rt_watch *watch(const char *path)
{
    struct rt_watch *w = NULL;
    CHECK_INT(rt_watch_open(path, &w, SOON), 0);
    return w;
}

static void a_file_that_is_written_is_told_once(void *arg)
{
    (void)arg;
    begin();
    put("a", "1");
    struct rt_watch *w = watch(at("a"));
    CHECK_INT(rt_watch_wait(w, NOT_LONG), -ETIMEDOUT);
    put("a", "2");
    put("a", "3");
    CHECK_INT(rt_watch_wait(w, SOON), 0);
    CHECK_INT(rt_watch_wait(w, NOT_LONG), -ETIMEDOUT);
    put("a", "4");
    CHECK_INT(rt_watch_wait(w, SOON), 0);
    rt_watch_close(w);
    end();
}

static void its_neighbours_are_not_told(void *arg)
{
    (void)arg;
    begin();
    put("a", "1");
    struct rt_watch *w = watch(at("a"));
    put("b", "1");
    put("aa", "1");
    unlink(at("b"));
    CHECK_INT(rt_watch_wait(w, NOT_LONG), -ETIMEDOUT);
    rt_watch_close(w);
    end();
}

static void replacing_by_rename_is_told_each_time(void *arg)
{
    (void)arg;
    begin();
    put("a", "1");
    struct rt_watch *w = watch(at("a"));
    for (int i = 0; i < 3; i++) {
        put("a.tmp", "new");
        CHECK_INT(rename(at("a.tmp"), at("a")), 0);
        CHECK_INT(rt_watch_wait(w, SOON), 0);
    }
    rt_watch_close(w);
    end();
}

static void creation_and_removal_are_told(void *arg)
{
    (void)arg;
    begin();
    struct rt_watch *w = watch(at("later"));
    put("later", "1");
    CHECK_INT(rt_watch_wait(w, SOON), 0);
    unlink(at("later"));
    CHECK_INT(rt_watch_wait(w, SOON), 0);
    put("later", "2");
    CHECK_INT(rt_watch_wait(w, SOON), 0);
    rt_watch_close(w);
    end();
}

static void a_folder_that_is_missing_may_come_later(void *arg)
{
    (void)arg;
    begin();
    struct rt_watch *w = watch(at("x/y/file"));
    mkdir(at("x"), 0755);
    CHECK_INT(rt_watch_wait(w, SOON), 0);
    mkdir(at("x/y"), 0755);
    CHECK_INT(rt_watch_wait(w, SOON), 0);
    put("x/y/file", "1");
    CHECK_INT(rt_watch_wait(w, SOON), 0);
    unlink(at("x/y/file"));
    rmdir(at("x/y"));
    CHECK_INT(rt_watch_wait(w, SOON), 0);
    mkdir(at("x/y"), 0755);
    CHECK_INT(rt_watch_wait(w, SOON), 0);
    rt_watch_close(w);
    end();
}

/* As Kubernetes lays out a ConfigMap, and changes it. */
static void swapping_a_link_on_the_way_is_told(void *arg)
{
    (void)arg;
    begin();
    mkdir(at("..1"), 0755);
    mkdir(at("..2"), 0755);
    mkdir(at("..3"), 0755);
    put("..1/config", "1");
    put("..2/config", "2");
    put("..3/config", "3");
    CHECK_INT(symlink("..1", at("..data")), 0);
    CHECK_INT(symlink("..data/config", at("config")), 0);
    struct rt_watch *w = watch(at("config"));
    CHECK_INT(rt_watch_wait(w, NOT_LONG), -ETIMEDOUT);
    static const char *const next[] = {"..2", "..3", "..1"};
    for (size_t i = 0; i < 3; i++) {
        CHECK_INT(symlink(next[i], at("..data_tmp")), 0);
        CHECK_INT(rename(at("..data_tmp"), at("..data")), 0);
        CHECK_INT(rt_watch_wait(w, SOON), 0);
    }
    put("..1/config", "changed where it lies");
    CHECK_INT(rt_watch_wait(w, SOON), 0);
    put("..2/config", "no longer on the way");
    CHECK_INT(rt_watch_wait(w, NOT_LONG), -ETIMEDOUT);
    rt_watch_close(w);
    end();
}

static void links_may_be_absolute_and_lead_back(void *arg)
{
    (void)arg;
    begin();
    mkdir(at("real"), 0755);
    mkdir(at("links"), 0755);
    put("real/file", "1");
    CHECK_INT(symlink(at("real"), at("links/there")), 0);
    CHECK_INT(symlink("../links/there/../real/file", at("links/file")), 0);
    struct rt_watch *w = watch(at("links/file"));
    put("real/file", "2");
    CHECK_INT(rt_watch_wait(w, SOON), 0);
    unlink(at("links/there"));
    CHECK_INT(rt_watch_wait(w, SOON), 0);
    rt_watch_close(w);
    end();
}

static void a_ring_of_links_is_refused(void *arg)
{
    (void)arg;
    begin();
    CHECK_INT(symlink("b", at("a")), 0);
    CHECK_INT(symlink("a", at("b")), 0);
    struct rt_watch *w = NULL;
    CHECK_INT(rt_watch_open(at("a"), &w, SOON), -ELOOP);
    CHECK(w == NULL);
    end();
}

static void a_file_on_the_way_may_become_a_folder(void *arg)
{
    (void)arg;
    begin();
    put("x", "1");
    struct rt_watch *w = watch(at("x/file"));
    unlink(at("x"));
    mkdir(at("x"), 0755);
    CHECK_INT(rt_watch_wait(w, SOON), 0);
    put("x/file", "1");
    CHECK_INT(rt_watch_wait(w, SOON), 0);
    rt_watch_close(w);
    end();
}

static void a_folder_tells_of_everything_in_it(void *arg)
{
    (void)arg;
    begin();
    mkdir(at("conf.d"), 0755);
    struct rt_watch *w = watch(at("conf.d"));
    put("conf.d/a", "1");
    CHECK_INT(rt_watch_wait(w, SOON), 0);
    CHECK_INT(rename(at("conf.d/a"), at("conf.d/b")), 0);
    CHECK_INT(rt_watch_wait(w, SOON), 0);
    unlink(at("conf.d/b"));
    CHECK_INT(rt_watch_wait(w, SOON), 0);
    put("beside", "1");
    CHECK_INT(rt_watch_wait(w, NOT_LONG), -ETIMEDOUT);
    CHECK_INT(rename(at("conf.d"), at("old.d")), 0);
    mkdir(at("conf.d"), 0755);
    CHECK_INT(rt_watch_wait(w, SOON), 0);
    put("conf.d/new", "1");
    CHECK_INT(rt_watch_wait(w, SOON), 0);
    rt_watch_close(w);
    end();
}

static void task_writes_slowly(void *arg)
{
    (void)arg;
    int fd = open(at("a"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    for (int i = 0; i < 5; i++) {
        CHECK_INT(write(fd, "part", 4), 4);
        rt_sleep(rt_now() + 5 * RT_MS);
    }
    close(fd);
}

static void a_file_is_told_when_it_is_whole(void *arg)
{
    (void)arg;
    begin();
    struct rt_group g;
    struct stat st = {0};
    rt_group_init(&g, "writer");
    struct rt_watch *w = watch(at("a"));
    rt_go(&g, task_writes_slowly, NULL);
    CHECK_INT(rt_watch_wait(w, SOON), 0);
    CHECK_INT(stat(at("a"), &st), 0);
    CHECK_INT(st.st_size, 20);
    rt_group_done(&g);
    rt_watch_close(w);
    end();
}

struct waiting {
    struct rt_watch *w;
    int result;
};

static void task_waits(void *arg)
{
    struct waiting *p = arg;
    p->result = rt_watch_wait(p->w, RT_NEVER);
}

static void a_waiting_task_is_cancelled(void *arg)
{
    (void)arg;
    begin();
    struct rt_group g;
    struct waiting p = {.w = watch(at("a"))};
    rt_group_init(&g, "waiter");
    rt_go(&g, task_waits, &p);
    rt_yield();
    rt_group_done(&g);
    CHECK_INT(p.result, -ECANCELED);
    rt_watch_close(p.w);
    rt_watch_close(NULL);
    end();
}

static void each_kernel_call_that_fails_leaves_nothing(void *arg)
{
    (void)arg;
    begin();
    put("a", "1");
    rt_watch_close(watch(at("a"))); /* the runtime's own pools are there now */
    int64_t live = mem_usage_of(MEM_RT).live;
    int failures = 0;
    for (uint64_t n = 1; n < 8; n++) {
        struct rt_watch *w = NULL;
        fault_arm(FAULT_SYSCALL, n);
        int r = rt_watch_open(at("a"), &w, SOON);
        fault_arm(FAULT_SYSCALL, 0);
        failures += r < 0;
        CHECK((r < 0) == (w == NULL));
        rt_watch_close(w);
        CHECK_INT(mem_usage_of(MEM_RT).live, live);
    }
    CHECK(failures >= 2);
    end();
}

enum { REPLACED = 300 };

/* In a child: writes a number into a new file and renames it over the old one, again and again. */
static pid_t replacing_begin(void)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 1; i <= REPLACED; i++) {
            char text[16];
            snprintf(text, sizeof(text), "%d", i);
            put("a.new", text);
            rename(at("a.new"), at("a"));
            usleep((useconds_t)(i * 7919 % 700));
        }
        _exit(0);
    }
    return pid;
}

static int number_in(const char *name)
{
    char text[16] = "";
    int fd = open(at(name), O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    close(fd);
    return n > 0 ? (int)strtol(text, NULL, 10) : -1;
}

/* Who reads after each word of a change ends with the last one, and never sees half a file. */
static void the_last_of_many_replacements_is_seen(void *arg)
{
    (void)arg;
    int seen = 0, status;
    begin();
    put("a", "0");
    struct rt_watch *w = watch(at("a"));
    pid_t writer = replacing_begin();
    while (seen < REPLACED && rt_watch_wait(w, SOON) == 0) {
        int now = number_in("a");
        CHECK(now >= seen);
        seen = now;
    }
    CHECK_INT(seen, REPLACED);
    CHECK_INT(waitpid(writer, &status, 0), writer);
    rt_watch_close(w);
    end();
}

int main(void)
{
    ON_EPOLL(a_file_that_is_written_is_told_once);
    ON_EPOLL(its_neighbours_are_not_told);
    ON_EPOLL(replacing_by_rename_is_told_each_time);
    ON_EPOLL(creation_and_removal_are_told);
    ON_EPOLL(a_folder_that_is_missing_may_come_later);
    ON_EPOLL(swapping_a_link_on_the_way_is_told);
    ON_EPOLL(links_may_be_absolute_and_lead_back);
    ON_EPOLL(a_ring_of_links_is_refused);
    ON_EPOLL(a_file_on_the_way_may_become_a_folder);
    ON_EPOLL(a_folder_tells_of_everything_in_it);
    ON_EPOLL(a_file_is_told_when_it_is_whole);
    ON_EPOLL(the_last_of_many_replacements_is_seen);
    ON_EPOLL(a_waiting_task_is_cancelled);
    ON_EPOLL_1(each_kernel_call_that_fails_leaves_nothing);
    return tap_done();
}
