/* child.h - a real server as a child of the test: started, waited for, stopped. */
#ifndef FIREBREAK_TESTS_NET_CHILD_H
#define FIREBREAK_TESTS_NET_CHILD_H

#include "tests/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
    pid_t pid;
    int out; /* its stdout */
};

/* argv ends in NULL. Its stderr goes to stdout, which is a pipe; its stdin stays open. */
static inline struct child child_start(char *const *argv)
{
    int out[2], in[2];
    if (pipe2(out, O_CLOEXEC) < 0 || pipe2(in, O_CLOEXEC) < 0)
        abort();
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(in[0], 0);
        dup2(out[1], 1);
        dup2(out[1], 2);
        execvp(argv[0], argv);
        _exit(127);
    }
    close(out[1]);
    close(in[0]); /* in[1] is left open, so that the child does not read an end */
    return (struct child){pid, out[0]};
}

/* Reads its output until `word` came; what follows the word in that line is copied. */
static inline bool child_says(struct child *c, const char *word, char *ret_rest, size_t size)
{
    char line[512];
    size_t used = 0;
    for (;;) {
        struct pollfd p = {.fd = c->out, .events = POLLIN};
        if (poll(&p, 1, 20000) <= 0 || read(c->out, line + used, 1) != 1)
            return false;
        if (line[used] != '\n' && used < sizeof(line) - 1) {
            used++;
            continue;
        }
        line[used] = 0;
        used = 0;
        char *at = strstr(line, word);
        if (!at)
            continue;
        if (ret_rest)
            snprintf(ret_rest, size, "%s", at + strlen(word));
        return true;
    }
}

static inline void child_stop(struct child *c)
{
    if (c->pid <= 0)
        return;
    kill(c->pid, SIGKILL);
    waitpid(c->pid, NULL, 0);
    close(c->out);
    c->pid = 0;
}

/* Runs a command line to its end; false unless it answers 0. */
static inline bool run_command(char *const *argv)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        execvp(argv[0], argv);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* A port of 127.0.0.1 that was free a moment ago. */
static inline uint16_t free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
    socklen_t size = sizeof(a);
    int s = socket(AF_INET, SOCK_STREAM, 0);
    bind(s, (struct sockaddr *)&a, sizeof(a));
    getsockname(s, (struct sockaddr *)&a, &size);
    close(s);
    return ntohs(a.sin_port);
}

/* Waits until something listens there. */
static inline bool port_opens(uint16_t port)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(0x7f000001)};
    for (int i = 0; i < 400; i++) {
        int s = socket(AF_INET, SOCK_STREAM, 0);
        bool open = connect(s, (struct sockaddr *)&a, sizeof(a)) == 0;
        close(s);
        if (open)
            return true;
        usleep(50000);
    }
    return false;
}

/* Into a network of our own, where no stranger connects to the servers of a test (a prober that
 * looks for listeners, say). Where that is not allowed the test runs in the host's. */
static inline void leave_network(void)
{
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    if (unshare(CLONE_NEWNET) < 0)
        return;
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    if (s < 0 || ioctl(s, SIOCSIFFLAGS, &lo) < 0)
        abort();
    close(s);
}

static inline void remove_folder(const char *path)
{
    run_command((char *[]){"rm", "-rf", (char *)path, NULL});
}

#endif
