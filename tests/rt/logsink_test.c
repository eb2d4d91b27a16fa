#include "rt/logsink.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "rt/rt.h"
#include "tests/base/json_check.h"
#include "tests/tap.h"

enum { TEXT_MAX = 4 * 1024 * 1024 };

static char text[TEXT_MAX];

/* A nameless file. */
static int file_open(void)
{
    FILE *f = tmpfile();
    int fd = dup(fileno(f));
    fclose(f);
    return fd;
}

/* What the file holds, as text; checks that it is whole lines of JSON. */
static const char *file_text(int fd)
{
    ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
    text[n > 0 ? n : 0] = 0;
    for (const char *at = text; *at;) {
        const char *end = strchr(at, '\n');
        CHECK(end && json_check(at, (size_t)(end - at) + 1));
        if (!end)
            break;
        at = end + 1;
    }
    return text;
}

static int lines_in(const char *t)
{
    int n = 0;
    for (; (t = strchr(t, '\n')); t++)
        n++;
    return n;
}

static struct logsink *sink_open(struct logsink_config c)
{
    struct logsink *s = NULL;
    struct err err = {0};
    CHECK_INT(logsink_open(&c, &s, &err), 0);
    if (err.code)
        printf("# %s\n", err.text);
    return s;
}

static struct logsink_stats stats_of(struct logsink *s)
{
    struct logsink_stats st;
    logsink_stats(s, &st);
    return st;
}

static void a_line_has_the_loggers_name_the_service_and_its_bound_fields(void)
{
    int fd = file_open();
    struct logsink *s = sink_open((struct logsink_config){.fd = fd, .service_name = "firebreak"});
    struct logger l;
    logger_init(&l, s, "observe.dns");
    CHECK_INT(logger_bind(&l, log_str("zone", "a"), log_i64("n", 7)), 0);
    log_info(&l, "asked", log_event("dns_asked"), log_bool("ok", true));
    log_info(&l, "bare");
    logsink_close(s);
    const char *t = file_text(fd);
    CHECK_INT(lines_in(t), 2);
    CHECK(strstr(t, "\"level\":\"info\",\"logger\":\"observe.dns\",\"msg\":\"asked\","
                    "\"service.name\":\"firebreak\",\"zone\":\"a\",\"n\":7,"
                    "\"event\":\"dns_asked\",\"ok\":true}\n"));
    CHECK(strstr(t, "\"msg\":\"bare\",\"service.name\":\"firebreak\",\"zone\":\"a\",\"n\":7}\n"));
    close(fd);
}

static void batched_lines_wait_for_a_flush_and_leave_together(void)
{
    int fd = file_open();
    struct logsink *s = sink_open((struct logsink_config){.fd = fd, .flush_ms = 60 * 1000});
    struct logger l;
    logger_init(&l, s, "t");
    for (int i = 0; i < 100; i++)
        log_info(&l, "one", log_i64("i", i));
    CHECK_INT(lines_in(file_text(fd)), 0);
    CHECK_INT(logsink_flush(s), 0);
    CHECK_INT(lines_in(file_text(fd)), 100);
    CHECK_INT(stats_of(s).writes, 1);
    CHECK_INT(stats_of(s).lines, 100);
    logsink_close(s);
    close(fd);
}

static void half_a_full_buffer_is_written_without_a_flush(void)
{
    int fd = file_open();
    struct logsink *s = sink_open((struct logsink_config){
        .fd = fd, .flush_ms = 60 * 1000, .buffer_bytes = 2 * LOGSINK_LINE_BYTES_MAX});
    struct logger l;
    logger_init(&l, s, "t");
    for (int i = 0; i < 1000; i++)
        log_info(&l, "one", log_i64("i", i));
    CHECK(stats_of(s).bytes > 4 * LOGSINK_LINE_BYTES_MAX);
    CHECK(stats_of(s).writes < 30);
    logsink_close(s);
    const char *t = file_text(fd);
    CHECK_INT(lines_in(t), 1000);
    CHECK(strstr(t, "\"i\":999}"));
    close(fd);
}

static void an_error_and_a_line_behind_an_old_one_are_written_at_once(void)
{
    int fd = file_open();
    struct logsink *s = sink_open((struct logsink_config){.fd = fd, .flush_ms = 60 * 1000});
    struct logger l;
    logger_init(&l, s, "t");
    log_info(&l, "before");
    log_error(&l, "bad", log_errno(-EIO));
    CHECK_INT(lines_in(file_text(fd)), 2);
    logsink_close(s);
    close(fd);

    fd = file_open();
    s = sink_open((struct logsink_config){.fd = fd, .flush_ms = 1});
    logger_init(&l, s, "t");
    log_info(&l, "first");
    usleep(3000);
    log_info(&l, "second");
    CHECK_INT(lines_in(file_text(fd)), 2);
    logsink_close(s);
    close(fd);
}

static void line_mode_writes_each_line_by_itself(void)
{
    int fd = file_open();
    struct logsink *s = sink_open((struct logsink_config){.fd = fd, .mode = LOGSINK_LINE});
    struct logger l;
    logger_init(&l, s, "t");
    for (int i = 1; i <= 50; i++) {
        log_info(&l, "one", log_i64("i", i));
        CHECK_INT(lines_in(file_text(fd)), i);
    }
    CHECK_INT(stats_of(s).writes, 50);
    logsink_close(s);
    close(fd);
}

static int evaluated;
static int64_t evaluate(void)
{
    return ++evaluated;
}

static void a_level_holds_for_a_name_and_all_below_it_and_acts_at_once(void)
{
    int fd = file_open();
    struct logsink *s = sink_open((struct logsink_config){.fd = fd, .level = LOG_LEVEL_INFO});
    CHECK_INT(logsink_set_level(s, SLICE("net.dns"), LOG_LEVEL_DEBUG), 0);
    static struct logger net, dns, cache, other;
    logger_init(&net, s, "net");
    logger_init(&dns, s, "net.dns");
    logger_init(&cache, s, "net.dns.cache");
    logger_init(&other, s, "network");
    CHECK(!logger_on(&net, LOG_LEVEL_DEBUG) && logger_on(&net, LOG_LEVEL_INFO));
    CHECK(logger_on(&dns, LOG_LEVEL_DEBUG) && logger_on(&cache, LOG_LEVEL_DEBUG));
    CHECK_INT(logsink_set_level(s, SLICE("net"), LOG_LEVEL_OFF), 0);
    CHECK(!logger_on(&net, LOG_LEVEL_ERROR) && logger_on(&other, LOG_LEVEL_INFO));
    CHECK(logger_on(&cache, LOG_LEVEL_DEBUG));
    logsink_unset_level(s, SLICE("net.dns"));
    CHECK(!logger_on(&cache, LOG_LEVEL_ERROR));
    CHECK_INT(logsink_level(s, SLICE("net.tls")), LOG_LEVEL_OFF);
    CHECK_INT(logsink_level(s, SLICE("netto")), LOG_LEVEL_INFO);
    CHECK_INT(logsink_set_level(s, SLICE(""), LOG_LEVEL_ERROR), 0);
    logsink_unset_level(s, SLICE(""));
    CHECK(!logger_on(&other, LOG_LEVEL_WARN));
    log_warn(&other, "off", log_i64("n", evaluate()));
    CHECK_INT(evaluated, 0);
    logsink_close(s);
    CHECK_INT(lines_in(file_text(fd)), 0);
    close(fd);
}

static void beyond_the_last_name_a_logger_follows_the_name_above_it(void)
{
    int fd = file_open();
    struct logsink *s = sink_open((struct logsink_config){.fd = fd, .level = LOG_LEVEL_INFO});
    char name[32], longest[LOG_NAME_BYTES_MAX + 1];
    CHECK_INT(logsink_set_level(s, SLICE("above"), LOG_LEVEL_WARN), 0);
    for (int i = 0; i < LOGSINK_NAMES_MAX - 2; i++) {
        snprintf(name, sizeof(name), "n%d", i);
        CHECK_INT(logsink_set_level(s, slice_from(name), LOG_LEVEL_DEBUG), 0);
    }
    CHECK_INT(logsink_set_level(s, SLICE("too.many"), LOG_LEVEL_DEBUG), -ENOSPC);
    struct logger l;
    logger_init(&l, s, "above.all");
    CHECK(!logger_on(&l, LOG_LEVEL_INFO));
    CHECK_INT(logsink_set_level(s, SLICE("above"), LOG_LEVEL_DEBUG), 0);
    CHECK(logger_on(&l, LOG_LEVEL_DEBUG));
    memset(longest, 'x', sizeof(longest));
    CHECK_INT(logsink_set_level(s, (struct slice){longest, sizeof(longest)}, 0), -EINVAL);
    logsink_close(s);
    close(fd);
}

/* A small pipe or socket, filled by lines until it and the buffer take no more. */
static void check_slow_reader(int write_fd, int read_fd)
{
    struct logsink *s = sink_open((struct logsink_config){
        .fd = write_fd, .buffer_bytes = 2 * LOGSINK_LINE_BYTES_MAX, .mode = LOGSINK_LINE});
    struct logger l;
    logger_init(&l, s, "t");
    uint64_t sent = 0;
    while (stats_of(s).dropped < 10 && sent < 100000)
        log_info(&l, "one", log_u64("i", sent++));
    CHECK_INT(stats_of(s).dropped, 10);
    CHECK_INT(logsink_flush(s), -EAGAIN);
    CHECK_INT(fcntl(write_fd, F_GETFL) & O_NONBLOCK, 0);

    size_t got = 0;
    fcntl(read_fd, F_SETFL, O_NONBLOCK);
    for (int i = 0; i < 1000; i++) {
        ssize_t n = read(read_fd, text + got, sizeof(text) - 1 - got);
        got += n > 0 ? (size_t)n : 0;
        logsink_flush(s);
    }
    log_info(&l, "room again");
    ssize_t n = read(read_fd, text + got, sizeof(text) - 1 - got);
    got += n > 0 ? (size_t)n : 0;
    text[got] = 0;
    const char *told = strstr(text, "\"event\":\"log_dropped\",\"dropped\":10}");
    const char *again = strstr(text, "room again");
    CHECK(told && again && told < again);
    CHECK_INT(lines_in(text), sent - 10 + 2);
    logsink_close(s);
    close(write_fd);
    close(read_fd);
}

static void a_slow_pipe_is_not_waited_for_and_lost_lines_are_told_of(void)
{
    int p[2];
    CHECK_INT(pipe(p), 0);
    fcntl(p[1], F_SETPIPE_SZ, 4096);
    check_slow_reader(p[1], p[0]);
}

static void a_slow_pipe_that_cannot_be_opened_again_is_not_waited_for_either(void)
{
    int p[2];
    CHECK_INT(pipe(p), 0);
    fcntl(p[1], F_SETPIPE_SZ, 4096);
    struct rlimit before, none;
    getrlimit(RLIMIT_NOFILE, &before);
    none = before;
    none.rlim_cur = 1; /* those that are open stay so; poll(2) wants as many as it is given */
    setrlimit(RLIMIT_NOFILE, &none);
    check_slow_reader(p[1], p[0]);
    setrlimit(RLIMIT_NOFILE, &before);
}

static void a_slow_socket_is_not_waited_for(void)
{
    int p[2], small = 4096;
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, p), 0);
    setsockopt(p[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    check_slow_reader(p[1], p[0]);
}

static void a_pipe_without_a_reader_is_an_error_and_no_signal(void)
{
    int p[2];
    CHECK_INT(pipe(p), 0);
    struct logsink *s = sink_open((struct logsink_config){.fd = p[1]});
    close(p[0]);
    struct logger l;
    logger_init(&l, s, "t");
    log_error(&l, "nobody reads this");
    CHECK_INT(logsink_flush(s), -EPIPE);
    sigset_t pending;
    sigpending(&pending);
    CHECK_INT(sigismember(&pending, SIGPIPE), 0);
    logsink_close(s);
    close(p[1]);
}

static void a_failed_write_keeps_the_lines_for_the_next_one(void)
{
#ifdef FIREBREAK_FAULTS
    int fd = file_open();
    struct logsink *s = sink_open((struct logsink_config){.fd = fd});
    struct logger l;
    logger_init(&l, s, "t");
    fault_arm(FAULT_SYSCALL, 1);
    log_error(&l, "first");
    CHECK_INT(fault_count(FAULT_SYSCALL), 1);
    fault_arm(FAULT_SYSCALL, 0);
    CHECK_INT(lines_in(file_text(fd)), 0);
    log_error(&l, "second");
    CHECK_INT(lines_in(file_text(fd)), 2);
    logsink_close(s);
    close(fd);
#else
    tap_skip_ = "fault points are compiled out";
#endif
}

static void repeated_lines_are_sampled_and_the_rest_is_told_of_at_the_close(void)
{
    int fd = file_open();
    struct logsink *s = sink_open((struct logsink_config){.fd = fd, .sample_first = 3});
    struct logger l;
    logger_init(&l, s, "t");
    for (int i = 0; i < 20; i++)
        log_warn(&l, "again");
    uint64_t sampled = stats_of(s).sampled;
    logsink_close(s);
    const char *t = file_text(fd);
    CHECK(sampled > 0);
    int64_t repeated = 0;
    for (const char *at = t; (at = strstr(at, "\"repeated\":")); at++)
        repeated += strtoll(at + 11, NULL, 10);
    /* Were the loop to run into a new second, more lines are shown and fewer kept back. */
    CHECK_INT(repeated, sampled);
    close(fd);
}

enum { THREADS = 4, LINES_EACH = 2000 };

static void *thread_logs(void *arg)
{
    struct logger l = *(struct logger *)arg;
    static atomic_int next;
    int me = atomic_fetch_add(&next, 1) % THREADS;
    for (int i = 0; i < LINES_EACH; i++)
        log_info(&l, "from a thread", log_i64("who", me), log_i64("i", i));
    return NULL;
}

static void check_threads(enum logsink_mode mode)
{
    int fd = file_open();
    struct logsink *s = sink_open((struct logsink_config){.fd = fd, .mode = mode});
    struct logger l;
    logger_init(&l, s, "t");
    pthread_t ids[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&ids[i], NULL, thread_logs, &l);
    for (int i = 0; i < THREADS; i++)
        pthread_join(ids[i], NULL);
    uint64_t dropped = stats_of(s).dropped, told = 0;
    logsink_close(s);
    const char *t = file_text(fd);
    int last[THREADS] = {-1, -1, -1, -1}, lines = 0;
    for (const char *at = t; at[0]; at = strchr(at, '\n') + 1) {
        int who, i;
        const char *fields = strstr(at, "\"who\":");
        const char *drop = strstr(at, "\"dropped\":");
        if (drop && drop < strchr(at, '\n')) {
            told += strtoull(drop + 10, NULL, 10);
        } else if (fields && sscanf(fields, "\"who\":%d,\"i\":%d", &who, &i) == 2) {
            CHECK(i > last[who]);
            last[who] = i;
            lines++;
        }
    }
    CHECK_INT(told, dropped);
    CHECK_INT(lines, THREADS * LINES_EACH - (int)dropped);
    close(fd);
}

static void lines_of_many_threads_are_whole_in_order_and_counted(void)
{
    check_threads(LOGSINK_BATCH);
    check_threads(LOGSINK_LINE);
}

static int child_logs(int fd, bool crash)
{
    struct logsink *s = sink_open((struct logsink_config){.fd = fd, .flush_ms = 60 * 1000});
    struct logger l;
    logger_init(&l, s, "t");
    log_info(&l, "last words");
    if (!crash)
        exit(0);
    logsink_crash();
    _exit(0);
}

static void exit_and_a_crash_write_what_is_buffered(void)
{
    for (int crash = 0; crash < 2; crash++) {
        int fd = file_open(), status = -1;
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0)
            child_logs(fd, crash);
        CHECK_INT(waitpid(pid, &status, 0), pid);
        CHECK_INT(status, 0);
        CHECK(strstr(file_text(fd), "last words"));
        close(fd);
    }
}

static void run_flushes(void *arg)
{
    int fd = *(int *)arg;
    struct logsink *s = sink_open((struct logsink_config){.fd = fd, .flush_ms = 1});
    struct logger l;
    logger_init(&l, s, "t");
    struct rt_group g;
    rt_group_init(&g, "log");
    CHECK_INT(rt_go(&g, logsink_run, s), 0);
    log_info(&l, "one");
    for (int i = 0; i < 1000 && lines_in(file_text(fd)) == 0; i++)
        rt_sleep(rt_now() + RT_MS);
    CHECK_INT(lines_in(file_text(fd)), 1);
    log_info(&l, "two");
    rt_group_done(&g);
    CHECK_INT(lines_in(file_text(fd)), 2);
    logsink_close(s);
}

static void a_task_writes_what_is_old_and_at_its_end_the_rest(void)
{
    int fd = file_open();
    CHECK_INT(rt_run(NULL, run_flushes, &fd), 0);
    close(fd);
}

static void a_line_allocates_nothing(void)
{
    int fd = file_open();
    struct logsink *s = sink_open((struct logsink_config){.fd = fd});
    struct logger l;
    logger_init(&l, s, "t");
    struct mallinfo2 before = mallinfo2();
    struct mem_usage rt_before = mem_usage_of(MEM_RT);
    for (int i = 0; i < 5000; i++)
        log_info(&l, "one", log_i64("i", i), log_f64("f", i * 0.1), log_str("s", "text"));
    struct mallinfo2 after = mallinfo2();
    CHECK_INT(after.uordblks, before.uordblks);
    CHECK_INT(mem_usage_of(MEM_RT).live, rt_before.live);
    logsink_close(s);
    close(fd);
}

static void what_cannot_be_opened_says_why(void)
{
    struct logsink *s = NULL;
    struct err err = {0};
    CHECK_INT(logsink_open(&(struct logsink_config){.fd = -1}, &s, &err), -EBADF);
    CHECK(strstr(err.text, "descriptor -1"));
    CHECK_INT(logsink_open(&(struct logsink_config){.fd = 1, .buffer_bytes = 100}, &s, &err),
              -EINVAL);
    CHECK(strstr(err.text, "log buffer of 100 bytes"));
    CHECK_INT(logsink_open(&(struct logsink_config){.fd = 1, .flush_ms = -1}, &s, &err), -EINVAL);
    char name[LOG_CONTEXT_BYTES_MAX + 1];
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = 0;
    CHECK_INT(logsink_open(&(struct logsink_config){.fd = 1, .service_name = name}, &s, &err),
              -EINVAL);
    CHECK(s == NULL);

    struct logsink *many[LOGSINK_OPEN_MAX];
    for (int i = 0; i < LOGSINK_OPEN_MAX; i++)
        many[i] = sink_open((struct logsink_config){.fd = 1});
    CHECK_INT(logsink_open(&(struct logsink_config){.fd = 1}, &s, &err), -ENOSPC);
    for (int i = 0; i < LOGSINK_OPEN_MAX; i++)
        logsink_close(many[i]);
    logsink_close(NULL);
}

int main(void)
{
    TAP_RUN(a_line_has_the_loggers_name_the_service_and_its_bound_fields);
    TAP_RUN(batched_lines_wait_for_a_flush_and_leave_together);
    TAP_RUN(half_a_full_buffer_is_written_without_a_flush);
    TAP_RUN(an_error_and_a_line_behind_an_old_one_are_written_at_once);
    TAP_RUN(line_mode_writes_each_line_by_itself);
    TAP_RUN(a_level_holds_for_a_name_and_all_below_it_and_acts_at_once);
    TAP_RUN(beyond_the_last_name_a_logger_follows_the_name_above_it);
    TAP_RUN(a_slow_pipe_is_not_waited_for_and_lost_lines_are_told_of);
    TAP_RUN(a_slow_pipe_that_cannot_be_opened_again_is_not_waited_for_either);
    TAP_RUN(a_slow_socket_is_not_waited_for);
    TAP_RUN(a_pipe_without_a_reader_is_an_error_and_no_signal);
    TAP_RUN(a_failed_write_keeps_the_lines_for_the_next_one);
    TAP_RUN(repeated_lines_are_sampled_and_the_rest_is_told_of_at_the_close);
    TAP_RUN(lines_of_many_threads_are_whole_in_order_and_counted);
    TAP_RUN(exit_and_a_crash_write_what_is_buffered);
    TAP_RUN(a_task_writes_what_is_old_and_at_its_end_the_rest);
    TAP_RUN(a_line_allocates_nothing);
    TAP_RUN(what_cannot_be_opened_says_why);
    return tap_done();
}
