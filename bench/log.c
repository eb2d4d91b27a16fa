/* log.c - a line with ten typed fields through the logger and its sink: one case a run, named by
 * the first argument; the second is the file that lines go to. peers/log/main.go writes the same
 * ten fields with zap, zerolog and logrus. */
#include "bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>

#include "rt/logsink.h"

enum {
    LINES = 1000 * 1000,
    LINES_OFF = 200 * 1000 * 1000,
};

static const unsigned char trace[16] = "0123456789abcde", span[8] = "0123456";

/* What the compiler must not see through: each line's values could be other ones. */
static volatile int64_t seed = 7;

static inline void log_one(const struct logger *l, int64_t i)
{
    log_info(l, "probe finished", log_event("probe_finished"), log_str("target", "10.1.2.3:5432"),
             log_i64("attempt", i & 3), log_u64("bytes", (uint64_t)i * 1000),
             log_f64("loss_ratio", (double)(i & 63) * 0.125), log_bool("ok", (i & 1) != 0),
             log_ms("total_ms", 1500000 + i), log_errno(-ECONNREFUSED), log_trace_id(trace),
             log_span_id(span));
}

static void log_lines(const char *name, int fd, enum logsink_mode mode)
{
    struct logsink *s;
    struct logger l;
    struct logsink_config c = {.fd = fd, .mode = mode, .level = LOG_LEVEL_INFO};
    if (logsink_open(&c, &s, NULL) < 0)
        bench_die("logsink_open");
    logger_init(&l, s, "observe");
    log_one(&l, seed);
    size_t held = mallinfo2().uordblks;
    struct bench_clock start = bench_now();
    for (int64_t i = 0; i < LINES; i++)
        log_one(&l, seed + i);
    logsink_flush(s);
    size_t holds = mallinfo2().uordblks; /* before printing, which does allocate */
    bench_result(name, LINES, start);
    if (holds != held) {
        fprintf(stderr, "log bench: a line allocated memory\n");
        exit(1);
    }
    struct logsink_stats st;
    logsink_stats(s, &st);
    printf("RESULT case=stats ops=%llu writes=%llu bytes=%llu dropped=%llu\n",
           (unsigned long long)st.lines, (unsigned long long)st.writes,
           (unsigned long long)st.bytes, (unsigned long long)st.dropped);
    if (st.dropped || st.lines != LINES + 1) {
        fprintf(stderr, "log bench: not every line was written\n");
        exit(1);
    }
    logsink_close(s);
}

static void log_off(const char *name, int fd)
{
    struct logsink *s;
    struct logger l;
    struct logsink_config c = {.fd = fd, .level = LOG_LEVEL_WARN};
    if (logsink_open(&c, &s, NULL) < 0)
        bench_die("logsink_open");
    logger_init(&l, s, "observe");
    struct bench_clock start = bench_now();
    for (int64_t i = 0; i < LINES_OFF; i++)
        log_one(&l, seed + i);
    bench_result(name, LINES_OFF, start);
    logsink_close(s);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: log batch|line|off FILE\n");
        return 2;
    }
    int fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        bench_die(argv[2]);
    if (strcmp(argv[1], "off") == 0)
        log_off(argv[1], fd);
    else
        log_lines(argv[1], fd, strcmp(argv[1], "line") == 0 ? LOGSINK_LINE : LOGSINK_BATCH);
    return 0;
}
