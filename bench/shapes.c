/* shapes.c - one job written three times: ask a server that thinks for a while, many times.
 *
 *     shapes server WAIT_MS    prints "PORT n"; answers each connection after that time
 *     shapes serial|threads|tasks PORT N    asks N times
 *
 * The three read alike, line by line: that is the point. What differs is how long it takes, and
 * what it costs. */
#include "bench/bench.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "rt/addr.h"
#include "rt/rt.h"
#include "rt/sock.h"

enum { JOBS_MAX = 20000, THREAD_STACK_BYTES = 64 * 1024, TIMEOUT_S = 60, BACKLOG = 4096 };

static struct {
    int port, jobs;
    rt_time wait;
    const char *name;
} b;

/* ---- by the system's own calls, which hold their thread ---- */

static void ask_blocking(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)b.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char answer;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 || write(fd, "?", 1) != 1 ||
        read(fd, &answer, 1) != 1)
        bench_die("ask");
    close(fd);
}

static void *thread_asks(void *arg)
{
    ask_blocking();
    return arg;
}

static void serial(void)
{
    for (int i = 0; i < b.jobs; i++)
        ask_blocking();
}

static void threads(void)
{
    static pthread_t all[JOBS_MAX];
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, THREAD_STACK_BYTES);
    for (int i = 0; i < b.jobs; i++) {
        errno = pthread_create(&all[i], &small, thread_asks, NULL);
        if (errno)
            bench_die("pthread_create");
    }
    for (int i = 0; i < b.jobs; i++)
        pthread_join(all[i], NULL);
    pthread_attr_destroy(&small);
}

/* ---- by tasks ---- */

static void task_asks(void *arg)
{
    (void)arg;
    struct rt_addr to;
    struct rt_sock *s;
    char answer;
    rt_time deadline = rt_now() + TIMEOUT_S * RT_SEC;
    rt_addr_ipv4(INADDR_LOOPBACK, (uint16_t)b.port, &to);
    if (rt_connect(&to, NULL, &s, deadline) < 0 || rt_write(s, "?", 1, deadline) < 0 ||
        rt_read(s, &answer, 1, deadline) != 1)
        bench_die("task");
    rt_close(s);
}

static void tasks(void)
{
    struct rt_group g;
    rt_group_init(&g, "shapes");
    for (int i = 0; i < b.jobs; i++)
        if (rt_go(&g, task_asks, NULL) < 0)
            bench_die("rt_go");
    rt_group_wait(&g, RT_NEVER);
    rt_group_done(&g);
}

/* ---- the server ---- */

static void task_answers(void *arg)
{
    struct rt_sock *s = arg;
    char question;
    rt_time deadline = rt_now() + TIMEOUT_S * RT_SEC;
    if (rt_read(s, &question, 1, deadline) == 1 && rt_sleep(rt_now() + b.wait) == 0)
        rt_write(s, "!", 1, deadline);
    rt_close(s);
}

static void task_accepts(void *arg)
{
    struct rt_group *g = arg;
    struct rt_addr at;
    struct rt_sock *listener, *s;
    rt_addr_ipv4(INADDR_LOOPBACK, 0, &at);
    if (rt_listen(&at, BACKLOG, false, &listener) < 0 || rt_sock_local(listener, &at) < 0)
        exit(1);
    printf("PORT %d\n", rt_addr_port(&at));
    fflush(stdout);
    while (rt_accept(listener, &s, NULL, RT_NEVER) == 0)
        if (rt_go(g, task_answers, s) < 0)
            rt_close(s);
    rt_close(listener);
}

static void serve(void *arg)
{
    (void)arg;
    struct rt_group g;
    struct rt_sock *in;
    char end;
    rt_group_init(&g, "server");
    rt_go(&g, task_accepts, &g);
    if (rt_adopt(STDIN_FILENO, &in) == 0)
        rt_read(in, &end, 1, RT_NEVER);
    rt_group_done(&g);
}

static void measure(void (*shape)(void))
{
    struct bench_clock start = bench_now(), end;
    shape();
    end = bench_now();
    printf("RESULT case=%s ops=%d cpu_ns=%lld wall_ns=%lld peak_bytes=%lld\n", b.name, b.jobs,
           (long long)(end.cpu_ns - start.cpu_ns), (long long)(end.wall_ns - start.wall_ns),
           (long long)bench_peak_bytes());
}

static void measure_tasks(void *arg)
{
    (void)arg;
    measure(tasks);
}

int main(int argc, char **argv)
{
    const struct rt_config quiet = {.stall = -1};
    b.name = argc > 1 ? argv[1] : "";
    b.port = argc > 2 ? atoi(argv[2]) : 0;
    b.jobs = argc > 3 ? atoi(argv[3]) : 0;
    b.wait = b.port * RT_MS;
    if (argc == 3 && strcmp(b.name, "server") == 0)
        return rt_run(&quiet, serve, NULL) < 0;
    if (argc != 4 || b.jobs < 1 || b.jobs > JOBS_MAX) {
        fprintf(stderr, "usage: shapes server WAIT_MS | shapes serial|threads|tasks PORT N\n");
        return 2;
    }
    if (strcmp(b.name, "tasks") == 0)
        return rt_run(&quiet, measure_tasks, NULL) < 0;
    measure(strcmp(b.name, "serial") == 0 ? serial : threads);
    return 0;
}
