#include "app/sight.h"

#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/tap.h"

/* In a network namespace of our own, where only the loopback is. */
static struct app app;
static struct up up = {.app = &app};

enum { MORE_THAN_FIT = 4000, HEARD_S = 20 };

/* The kernel tells of each. */
static bool change_links(int times)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r = 0;
    struct ifreq lo = {.ifr_name = "lo"};
    for (int i = 0; i < times && r == 0; i++) {
        lo.ifr_mtu = 60000 + i;
        r = ioctl(fd, SIOCSIFMTU, &lo);
    }
    close(fd);
    return r == 0;
}

static bool looks_again(void)
{
    rt_time before = up.sight.looked, end = rt_now() + HEARD_S * RT_SEC;
    while (up.sight.looked == before && rt_now() < end && rt_sleep(rt_now() + RT_MS) == 0)
        ;
    return up.sight.looked != before;
}

static uint64_t switches_within(rt_time span)
{
    struct rt_stats from, to;
    rt_stats_read(&from);
    (void)rt_sleep(rt_now() + span);
    rt_stats_read(&to);
    return to.switches - from.switches;
}

/* Changes that come while it waits for them. */
static bool is_heard(int times)
{
    (void)rt_sleep(rt_now() + 100 * RT_MS);
    return change_links(times) && looks_again();
}

enum { ALL_WELL, NO_NAMESPACE, NOT_HEARD, RESTLESS };

/* More than there is room for, and then it is as quiet as before. */
static void listen_there(void *arg)
{
    enum { QUIET_MS = 500, SWITCHES_MAX = QUIET_MS / 5 };
    int *ret_end = arg;
    struct rt_group tasks;
    rt_group_init(&tasks, "sight");
    rt_go(&tasks, sight_main, &up);
    bool heard = looks_again() && is_heard(1) && is_heard(MORE_THAN_FIT);
    (void)rt_sleep(rt_now() + 200 * RT_MS);
    bool quiet = switches_within(QUIET_MS * RT_MS) < SWITCHES_MAX;
    heard = heard && is_heard(1);
    *ret_end = !heard ? NOT_HEARD : quiet ? ALL_WELL : RESTLESS;
    rt_group_done(&tasks);
}

static int in_namespace(void)
{
    int end = NOT_HEARD;
    if (unshare(CLONE_NEWNET) < 0)
        return NO_NAMESPACE;
    return rt_run(NULL, listen_there, &end) == 0 ? end : NOT_HEARD;
}

static void news_that_were_lost_are_heard_and_cost_nothing_behind_that(void)
{
    int status = -1;
    if (geteuid() != 0) {
        TAP_SKIP("only root has a network namespace of its own");
        return;
    }
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(in_namespace());
    waitpid(pid, &status, 0);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), ALL_WELL);
}

int main(void)
{
    TAP_RUN(news_that_were_lost_are_heard_and_cost_nothing_behind_that);
    return tap_done();
}
