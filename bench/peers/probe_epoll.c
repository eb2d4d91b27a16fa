/* probe_epoll.c - what `firebreak probe -f FILE -j N -o jsonl` is measured against: the same TCP
 * connects and the same result lines by one bare epoll loop. Everything that a general prober needs
 * and this bench does not ask for is left out: names, other kinds, retries, back-pressure. */
#include "bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "bench/loopback.h"

enum {
    IN_FLIGHT_MAX = 10000,
    EVENTS_MAX = 128,
    OUT_BYTES = 64 * 1024,
    LINE_BYTES_MAX = 1024,
    TARGET_BYTES_MAX = 32,
};
static const int64_t timeout_ns = 2000 * INT64_C(1000000);

/* A connect under way. All have the same timeout, so the oldest is always the first of the list. */
struct probe {
    int fd;
    char target[TARGET_BYTES_MAX];
    int64_t at_wall_ns, begin_ns, lag_ns;
    struct probe *older, *newer, *next_free;
};

static struct {
    int epoll, in_flight, in_flight_max;
    const char *next, *end; /* of the list of targets */
    struct probe *slots, *free, *oldest, *newest;
    char out[OUT_BYTES];
    size_t out_size;
} p;

static int64_t clock_ns(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* ---- the result line ---- */

static char *put(char *at, const char *text)
{
    size_t n = strlen(text);
    memcpy(at, text, n);
    return at + n;
}

static char *put_u64(char *at, uint64_t v)
{
    char digits[20];
    int n = 0;
    do
        digits[n++] = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    while (n > 0)
        *at++ = digits[--n];
    return at;
}

static char *put_ms(char *at, int64_t ns)
{
    uint64_t fraction = (uint64_t)(ns % 1000000);
    at = put_u64(at, (uint64_t)(ns / 1000000));
    *at++ = '.';
    for (uint64_t unit = 100000; unit > 0; unit /= 10)
        *at++ = (char)('0' + fraction / unit % 10);
    return at;
}

/* The date changes once a second, so that is how often it is worked out. */
static char *put_time(char *at, int64_t wall_ns)
{
    static char text[32];
    static time_t second;
    time_t now = (time_t)(wall_ns / 1000000000);
    int ms = (int)(wall_ns / 1000000 % 1000);
    if (now != second) {
        struct tm tm;
        gmtime_r(&now, &tm);
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.", &tm);
        second = now;
    }
    at = put(at, text);
    *at++ = (char)('0' + ms / 100);
    *at++ = (char)('0' + ms / 10 % 10);
    *at++ = (char)('0' + ms % 10);
    *at++ = 'Z';
    return at;
}

static void flush(void)
{
    size_t done = 0;
    while (done < p.out_size) {
        ssize_t n = write(STDOUT_FILENO, p.out + done, p.out_size - done);
        if (n <= 0)
            bench_die("write");
        done += (size_t)n;
    }
    p.out_size = 0;
}

static void print_result(const struct probe *pr, int err)
{
    int64_t total_ns = clock_ns(CLOCK_MONOTONIC) - pr->begin_ns;
    const char *reason = err == 0              ? "ok"
                         : err == ECONNREFUSED ? "refused"
                         : err == ETIMEDOUT    ? "timeout"
                                               : "unreachable";
    if (p.out_size + LINE_BYTES_MAX > sizeof(p.out))
        flush();
    char *at = p.out + p.out_size;
    at = put(put(put(at, "{\"target\":\""), pr->target), "\",\"address\":\"");
    at = put(put(at, pr->target),
             err ? "\",\"ok\":false,\"reason\":\"" : "\",\"ok\":true,\"reason\":\"");
    at = put(put(at, reason), "\",\"detail\":\"");
    if (err)
        at = put(put(at, "connect: "), strerror(err));
    at = put_time(put(at, "\",\"at\":\""), pr->at_wall_ns);
    at = put_ms(put(at, "\",\"attempt\":1,\"total_ms\":"), total_ns);
    at = put(at, ",\"dns_ms\":null,\"connect_ms\":");
    at = err ? put(at, "null") : put_ms(at, total_ns);
    at = put(at, ",\"tls_ms\":null,\"first_byte_ms\":null,\"days_left\":null,");
    at = put(at, "\"status\":null,\"lag_ms\":");
    at = put_ms(at, pr->lag_ns);
    at = put(put(at, ",\"breaker\":null,\"attempts\":[{\"reason\":\""), reason);
    at = put_ms(put(at, "\",\"total_ms\":"), total_ns);
    at = put(at, "}],\"rtt_ms\":null,\"loss_ratio\":null,\"offset_ms\":null,\"answers\":null,"
                 "\"host_key_sha256\":null,\"steps\":null}\n");
    p.out_size = (size_t)(at - p.out);
}

/* ---- probes ---- */

static void finish(struct probe *pr, int err)
{
    if (pr->fd >= 0)
        close(pr->fd);
    print_result(pr, err);
    *(pr->older ? &pr->older->newer : &p.oldest) = pr->newer;
    *(pr->newer ? &pr->newer->older : &p.newest) = pr->older;
    pr->next_free = p.free;
    p.free = pr;
    p.in_flight--;
}

static struct sockaddr_in parse(const char *target)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    char host[TARGET_BYTES_MAX];
    const char *colon = strchr(target, ':');
    size_t n = colon ? (size_t)(colon - target) : 0;
    memcpy(host, target, n);
    host[n] = 0;
    if (!colon || inet_pton(AF_INET, host, &a.sin_addr) != 1)
        bench_die(target);
    a.sin_port = htons((uint16_t)atoi(colon + 1));
    loopback_only(&a);
    return a;
}

static void start(int64_t lag_ns)
{
    struct probe *pr = p.free;
    const char *end = memchr(p.next, '\n', (size_t)(p.end - p.next));
    size_t n = (size_t)((end ? end : p.end) - p.next);
    if (n >= TARGET_BYTES_MAX)
        bench_die("a target is too long");
    p.free = pr->next_free;
    memcpy(pr->target, p.next, n);
    pr->target[n] = 0;
    p.next += n + (end != NULL);
    pr->at_wall_ns = clock_ns(CLOCK_REALTIME);
    pr->begin_ns = clock_ns(CLOCK_MONOTONIC);
    pr->lag_ns = lag_ns;
    pr->older = p.newest;
    pr->newer = NULL;
    *(p.newest ? &p.newest->newer : &p.oldest) = pr;
    p.newest = pr;
    p.in_flight++;

    struct sockaddr_in to = parse(pr->target);
    struct epoll_event ev = {.events = EPOLLOUT | EPOLLET, .data.ptr = pr};
    pr->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (pr->fd < 0)
        bench_die("socket");
    if (connect(pr->fd, (struct sockaddr *)&to, sizeof(to)) == 0)
        finish(pr, 0);
    else if (errno != EINPROGRESS)
        finish(pr, errno);
    else if (epoll_ctl(p.epoll, EPOLL_CTL_ADD, pr->fd, &ev) < 0)
        bench_die("epoll_ctl");
}

/* No error and no hang-up: connected, and no system call to learn it. */
static int outcome(const struct epoll_event *ev, int fd)
{
    int err = 0;
    socklen_t size = sizeof(err);
    if (!(ev->events & (EPOLLERR | EPOLLHUP)))
        return 0;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size) < 0 ? errno : err;
}

static void loop(void)
{
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        while (p.in_flight < p.in_flight_max && p.next < p.end)
            start(0);
        if (p.in_flight == 0)
            return;
        int64_t left_ns = p.oldest->begin_ns + timeout_ns - clock_ns(CLOCK_MONOTONIC);
        int ms = left_ns > 0 ? (int)(left_ns / 1000000) + 1 : 0;
        int n = epoll_wait(p.epoll, events, EVENTS_MAX, ms);
        for (int i = 0; i < n; i++) {
            struct probe *pr = events[i].data.ptr;
            finish(pr, outcome(&events[i], pr->fd));
        }
        int64_t now = clock_ns(CLOCK_MONOTONIC);
        while (p.oldest && p.oldest->begin_ns + timeout_ns <= now)
            finish(p.oldest, ETIMEDOUT);
    }
}

static void read_targets(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        bench_die(path);
    char *text = malloc((size_t)st.st_size + 1);
    if (read(fd, text, (size_t)st.st_size) != st.st_size)
        bench_die(path);
    close(fd);
    p.next = text;
    p.end = text + st.st_size;
}

int main(int argc, char **argv)
{
    p.in_flight_max = argc == 3 ? atoi(argv[2]) : 0;
    if (p.in_flight_max < 1 || p.in_flight_max > IN_FLIGHT_MAX) {
        fprintf(stderr, "usage: probe_epoll FILE IN-FLIGHT\n");
        return 2;
    }
    read_targets(argv[1]);
    p.slots = calloc((size_t)p.in_flight_max, sizeof(p.slots[0]));
    for (int i = 0; i < p.in_flight_max; i++) {
        p.slots[i].next_free = p.free;
        p.free = &p.slots[i];
    }
    p.epoll = epoll_create1(EPOLL_CLOEXEC);
    loop();
    flush();
    return 0;
}
