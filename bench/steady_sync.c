/* steady_sync.c - a disk whose syncs always take the same, for comparing what stands around them.
 *
 * Preloaded into a bench whose files are in memory: each sync sleeps for 130 µs, what a good disk
 * takes. On a disk that others use a sync takes anything, and two runs say nothing about each
 * other. */
#include <time.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { SYNC_NS = 130 * 1000, SLACK_NS = 1000 };

static int sleep_instead(void)
{
    static __thread int slack_is_small;
    struct timespec t = {.tv_nsec = SYNC_NS};
    if (!slack_is_small)
        slack_is_small = prctl(PR_SET_TIMERSLACK, SLACK_NS) == 0;
    return clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL) == 0 ? 0 : -1;
}

int fdatasync(int fd)
{
    (void)fd;
    return sleep_instead();
}

int fsync(int fd)
{
    (void)fd;
    return sleep_instead();
}
