#include "host/addresses.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/pipe.h"
#include "tests/tap.h"

static struct host_address list[HOST_ADDRESSES_MAX];

static void the_loopback_has_its_address(void)
{
    int n = host_addresses(list, HOST_ADDRESSES_MAX);
    const struct host_address *lo = NULL;
    for (int i = 0; i < n; i++)
        if (!list[i].ipv6 && memcmp(list[i].ip, (const uint8_t[]){127, 0, 0, 1}, 4) == 0)
            lo = &list[i];
    CHECK(lo && lo->loopback && lo->prefix == 8 && lo->interface > 0);
}

/* ---- in a network namespace of our own, where only the loopback is, and it is down ---- */

static void set_loopback(bool up)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq r = {.ifr_name = "lo", .ifr_flags = (short)(up ? IFF_UP | IFF_RUNNING : 0)};
    if (ioctl(fd, SIOCSIFFLAGS, &r) < 0)
        _exit(3);
    host_close(fd);
}

/* The kernel tells before the call that changes a link returns: nobody has to wait for it. */
static bool is_told(int fd)
{
    char message[64];
    bool told = false;
    ssize_t n;
    while ((n = recv(fd, message, sizeof(message), 0)) > 0)
        told = true;
    return told && n < 0 && errno == EAGAIN;
}

static bool a_change_is_told_once(int fd)
{
    bool before = is_told(fd);
    set_loopback(true);
    return !before && is_told(fd) && !is_told(fd);
}

static bool what_does_not_fit_is_told_as_lost(int fd)
{
    enum { SMALLEST = 1, MORE_THAN_FIT = 64 };
    int room = SMALLEST;
    char message[64];
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
    for (int i = 0; i < MORE_THAN_FIT; i++)
        set_loopback(i % 2 != 0);
    bool lost = false;
    for (int i = 0; i < MORE_THAN_FIT && !lost; i++)
        lost = recv(fd, message, sizeof(message), 0) < 0 && errno == ENOBUFS;
    return lost;
}

static int in_namespace(bool (*holds)(int fd))
{
    int status = -1;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        if (unshare(CLONE_NEWNET) < 0)
            _exit(2);
        int fd = host_links_news_open();
        _exit(fd >= 0 && holds(fd) && host_links() == 0 ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void news_of_links(void)
{
    if (geteuid() != 0) {
        TAP_SKIP("only root has a network namespace of its own");
        return;
    }
    CHECK_INT(in_namespace(a_change_is_told_once), 0);
    CHECK_INT(in_namespace(what_does_not_fit_is_told_as_lost), 0);
}

int main(void)
{
    TAP_RUN(the_loopback_has_its_address);
    TAP_RUN(news_of_links);
    return tap_done();
}
