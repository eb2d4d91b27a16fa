#include "host/listeners.h"

#include "tests/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fault.h"
#include "host/pipe.h"

static struct host_listeners found;

static void read_now(void)
{
    struct err err = {0};
    CHECK_INT(host_listeners_read(&found, &err), 0);
    if (err.code)
        printf("# %s\n", err.text);
}

/* A socket that listens on this address; port 0: any. */
static int listen_at(const void *addr, size_t size)
{
    int fd = socket(((const struct sockaddr *)addr)->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && (bind(fd, addr, (socklen_t)size) < 0 || listen(fd, 8) < 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

static int listen_v4(uint32_t ip, uint16_t *ret_port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(ip)};
    socklen_t size = sizeof(a);
    int fd = listen_at(&a, sizeof(a));
    CHECK(fd >= 0);
    getsockname(fd, (struct sockaddr *)&a, &size);
    *ret_port = ntohs(a.sin_port);
    return fd;
}

static int listen_unix(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    memcpy(a.sun_path, path, n);
    if (path[0] == '@')
        a.sun_path[0] = 0;
    int fd = listen_at(&a, offsetof(struct sockaddr_un, sun_path) + n + (path[0] != '@'));
    CHECK(fd >= 0);
    return fd;
}

static const struct host_listener *tcp(enum host_listener_kind kind, uint16_t port)
{
    for (size_t i = 0; i < found.count; i++)
        if (found.item[i].kind == kind && found.item[i].port == port)
            return &found.item[i];
    return NULL;
}

static const struct host_listener *at_path(const char *path)
{
    for (size_t i = 0; i < found.count; i++)
        if (found.item[i].kind == HOST_LISTENER_UNIX && strcmp(found.item[i].path, path) == 0)
            return &found.item[i];
    return NULL;
}

static void our_own_are_found_and_marked(void)
{
    uint16_t port;
    int fd = listen_v4(INADDR_LOOPBACK, &port);
    read_now();
    const struct host_listener *l = tcp(HOST_LISTENER_TCP4, port);
    CHECK(l != NULL);
    if (l) {
        static const uint8_t loopback[4] = {127, 0, 0, 1};
        CHECK(memcmp(l->ip, loopback, 4) == 0);
        CHECK_INT(l->pid, getpid());
        CHECK(l->own);
        CHECK(strncmp(l->comm, "listeners_test", 14) == 0 || strstr(l->exe, "valgrind"));
        CHECK(l->exe && l->exe[0] == '/');
        CHECK(l->cgroup == NULL || l->cgroup[0] == '/');
    }
    close(fd);
    read_now();
    CHECK(tcp(HOST_LISTENER_TCP4, port) == NULL);
}

static void every_address_keeps_its_bytes(void)
{
    uint16_t port;
    int fd = listen_v4(0x7f010203, &port);
    int any = listen_v4(INADDR_ANY, &(uint16_t){0});
    read_now();
    const struct host_listener *l = tcp(HOST_LISTENER_TCP4, port);
    static const uint8_t ip[4] = {127, 1, 2, 3};
    CHECK(l && memcmp(l->ip, ip, 4) == 0);
    close(fd);
    close(any);
}

static void ipv6_too(void)
{
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    socklen_t size = sizeof(a);
    int fd = listen_at(&a, sizeof(a));
    if (fd < 0) {
        TAP_SKIP("this host has no IPv6 loopback");
        return;
    }
    getsockname(fd, (struct sockaddr *)&a, &size);
    read_now();
    const struct host_listener *l = tcp(HOST_LISTENER_TCP6, ntohs(a.sin6_port));
    CHECK(l && memcmp(l->ip, &a.sin6_addr, 16) == 0);
    CHECK(l && l->own);
    close(fd);
}

static void unix_paths_with_spaces_and_abstract_names(void)
{
    char path[64], name[64];
    snprintf(path, sizeof(path), "/tmp/firebreak a b %d.sock", (int)getpid());
    snprintf(name, sizeof(name), "@firebreak x %d", (int)getpid());
    int a = listen_unix(path), b = listen_unix(name);
    int pair[2];
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0); /* listens to nobody */
    read_now();
    CHECK(at_path(path) && at_path(path)->own);
    CHECK(at_path(name) && at_path(name)->own);
    for (size_t i = 0; i < found.count; i++)
        CHECK(found.item[i].kind != HOST_LISTENER_UNIX || found.item[i].path[0] != 0);
    close(a);
    close(b);
    close(pair[0]);
    close(pair[1]);
    unlink(path);
}

static void a_connected_socket_is_no_listener(void)
{
    uint16_t port;
    int l = listen_v4(INADDR_LOOPBACK, &port), c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                            .sin_port = htons(port)};
    CHECK_INT(connect(c, (struct sockaddr *)&a, sizeof(a)), 0);
    read_now();
    size_t n = 0;
    for (size_t i = 0; i < found.count; i++)
        n += found.item[i].kind == HOST_LISTENER_TCP4 && found.item[i].port == port;
    CHECK_INT(n, 1);
    close(c);
    close(l);
}

/* A process that holds `fd`, under a name of its own, until it is killed. */
static pid_t holder(const char *name)
{
    int ready[2];
    char c;
    CHECK_INT(host_pipe(ready), 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_NAME, name);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)!write(ready[1], "r", 1);
        for (;;)
            pause();
    }
    CHECK_INT(read(ready[0], &c, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void another_process_owns_what_it_holds(void)
{
    uint16_t port;
    int fd = listen_v4(INADDR_LOOPBACK, &port);
    pid_t pid = holder("odd \tname");
    close(fd); /* it alone has it now */
    read_now();
    const struct host_listener *l = tcp(HOST_LISTENER_TCP4, port);
    CHECK(l && l->pid == pid && !l->own);
    CHECK(l && strcmp(l->comm, "odd \tname") == 0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void of_several_that_share_it_the_lowest_is_named(void)
{
    uint16_t port;
    int fd = listen_v4(INADDR_LOOPBACK, &port);
    pid_t a = holder("first"), b = holder("second");
    read_now();
    const struct host_listener *l = tcp(HOST_LISTENER_TCP4, port);
    CHECK(l && l->own); /* also ours */
    pid_t lowest = a < b ? a : b;
    CHECK(l && l->pid == (lowest < getpid() ? lowest : getpid()));
    close(fd);
    read_now();
    l = tcp(HOST_LISTENER_TCP4, port);
    CHECK(l && l->pid == lowest && !l->own);
    CHECK(l && strcmp(l->comm, lowest == a ? "first" : "second") == 0);
    kill(a, SIGKILL);
    kill(b, SIGKILL);
    waitpid(a, NULL, 0);
    waitpid(b, NULL, 0);
}

static void somebody_elses_process_is_closed_to_us(void)
{
    if (geteuid() != 0) {
        TAP_SKIP("only root can become somebody else");
        return;
    }
    uint16_t port;
    int fd = listen_v4(INADDR_LOOPBACK, &port), status = -1;
    pid_t pid = holder("roots");
    close(fd);
    fflush(stdout);
    pid_t other = fork();
    if (other == 0) {
        if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
            _exit(2);
        int r = host_listeners_read(&found, NULL);
        const struct host_listener *l = tcp(HOST_LISTENER_TCP4, port);
        bool good = r == 0 && l && l->pid == 0 && !l->own && l->comm[0] == 0 && !l->cgroup;
        host_listeners_done(&found);
        _exit(good ? 0 : 1);
    }
    waitpid(other, &status, 0);
    CHECK_INT(status, 0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void processes_that_vanish_do_no_harm(void)
{
    fflush(stdout);
    pid_t forker = fork();
    if (forker == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
            pid_t p = fork();
            if (p == 0)
                _exit(0);
            waitpid(p, NULL, 0);
        }
    }
    uint16_t port;
    int fd = listen_v4(INADDR_LOOPBACK, &port);
    for (int i = 0; i < 20; i++) {
        read_now();
        CHECK(tcp(HOST_LISTENER_TCP4, port) != NULL);
    }
    kill(forker, SIGKILL);
    waitpid(forker, NULL, 0);
    close(fd);
}

static void one_that_changes_hands_has_its_new_owner(void)
{
    uint16_t port;
    int fd = listen_v4(INADDR_LOOPBACK, &port);
    pid_t a = holder("first");
    close(fd);
    read_now();
    const struct host_listener *l = tcp(HOST_LISTENER_TCP4, port);
    CHECK(l && l->pid == a && strcmp(l->comm, "first") == 0);
    read_now(); /* known from before */
    l = tcp(HOST_LISTENER_TCP4, port);
    CHECK(l && l->pid == a && !l->own && strcmp(l->comm, "first") == 0);
    CHECK(l && l->exe && l->exe[0] == '/');
    kill(a, SIGKILL);
    waitpid(a, NULL, 0);
    read_now();
    CHECK(tcp(HOST_LISTENER_TCP4, port) == NULL);

    fd = listen_v4(INADDR_LOOPBACK, &port);
    read_now();
    l = tcp(HOST_LISTENER_TCP4, port);
    CHECK(l && l->own && l->pid == getpid());
    pid_t b = holder("second");
    read_now();
    close(fd);
    read_now();
    l = tcp(HOST_LISTENER_TCP4, port);
    CHECK(l && l->pid == b && !l->own && strcmp(l->comm, "second") == 0);
    kill(b, SIGKILL);
    waitpid(b, NULL, 0);
}

/* Sends a descriptor to nobody: the socket goes on listening while no process holds it, as it does
 * for a moment when its process ends. Returns what ends it when it is closed. */
static int let_go(int fd)
{
    int ends[2];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec one = {&(char){0}, 1};
    struct msghdr m = {.msg_iov = &one,
                       .msg_iovlen = 1,
                       .msg_control = control.bytes,
                       .msg_controllen = sizeof(control.bytes)};
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fd, sizeof(fd));
    CHECK_INT(sendmsg(ends[0], &m, 0), 1);
    close(fd);
    close(ends[0]);
    return ends[1];
}

static void a_name_outlives_the_descriptor(void)
{
    uint16_t port;
    char name[HOST_COMM_BYTES_MAX];
    int fd = listen_v4(INADDR_LOOPBACK, &port);
    read_now();
    const struct host_listener *l = tcp(HOST_LISTENER_TCP4, port);
    CHECK(l && l->comm[0]);
    memcpy(name, l ? l->comm : "", sizeof(name));
    int held = let_go(fd);
    for (int i = 0; i < HOST_OWNER_LOOKS_MAX + 2; i++) {
        read_now();
        l = tcp(HOST_LISTENER_TCP4, port);
        CHECK(l && l->pid == 0 && strcmp(l->comm, name) == 0);
    }
    close(held);
    read_now();
    CHECK(tcp(HOST_LISTENER_TCP4, port) == NULL);
}

static void our_own_want_is_an_error_and_leaves_nothing(void)
{
    uint16_t port;
    int fd = listen_v4(INADDR_LOOPBACK, &port);
    host_listeners_done(&found);
    int64_t live = mem_usage_of(MEM_HOST).live;
    int failures = 0;
    for (uint64_t n = 1; n < 9; n++) {
        struct err err = {0};
        fault_arm(FAULT_SYSCALL, n);
        int r = host_listeners_read(&found, &err);
        fault_arm(FAULT_SYSCALL, 0);
        failures += r < 0;
        CHECK(r == 0 || (r == -EMFILE && err.text[0] && found.count == 0));
        host_listeners_done(&found);
        CHECK_INT(mem_usage_of(MEM_HOST).live, live);
    }
    CHECK(failures >= 4); /* three files, and the first folders */
    close(fd);
}

static void one_more_than_the_limit_is_left_out(void)
{
    struct buf text = BUF(MEM_TEST, 0);
    struct host_listeners l = {.arena = ARENA(MEM_HOST, 0)};
    for (int i = 0; i <= HOST_LISTENERS_MAX; i++)
        buf_printf(&text, "%4d: 0100007F:%04X 00000000:0000 0A 00000000:00000000 00:00000000 "
                          "00000000     0        0 %d 1 0 100 0 0 10 0\n",
                   i, 1 + i, 1000 + i);
    CHECK_INT(host_parse_tcp(buf_slice(&text), false, &l), -E2BIG);
    CHECK_INT(l.count, HOST_LISTENERS_MAX);
    CHECK(l.cut);
    CHECK_INT(l.item[HOST_LISTENERS_MAX - 1].port, HOST_LISTENERS_MAX);
    host_listeners_done(&l);
    buf_done(&text);
}

static void lines_that_are_none_are_passed_over(void)
{
    static const char *const bad[] = {
        "",
        "\n\n",
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when",
        "0: 0100007F:1F90",
        "0: 0100007F:1F90 00000000:0000 01 0:0 0:0 0 0 0 5",         /* established */
        "0: 0100007F 00000000:0000 0A 0:0 0:0 0 0 0 5",              /* no port */
        "0: 0100007F:11F90 00000000:0000 0A 0:0 0:0 0 0 0 5",        /* a port too large */
        "0: 0100007:1F90 00000000:0000 0A 0:0 0:0 0 0 0 5",          /* an address too short */
        "0: 0100007G:1F90 00000000:0000 0A 0:0 0:0 0 0 0 5",
        "0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 0 0 -5",
        "0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 0 0 99999999999999999999999",
    };
    struct host_listeners l = {.arena = ARENA(MEM_HOST, 0)};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CHECK_INT(host_parse_tcp(slice_from(bad[i]), false, &l), 0);
        CHECK_INT(host_parse_unix(slice_from(bad[i]), &l), 0);
        CHECK_INT(l.count, 0);
    }
    host_listeners_done(&l);
}

static void the_unit_is_the_innermost_one(void)
{
    CHECK(slice_eq(host_cgroup_unit("/system.slice/nginx.service"), SLICE("nginx.service")));
    CHECK(slice_eq(host_cgroup_unit("/user.slice/user@0.service/app.slice/x.scope"),
                   SLICE("x.scope")));
    CHECK(slice_eq(host_cgroup_unit("/system.slice/docker.service/payload"),
                   SLICE("docker.service")));
    CHECK_INT(host_cgroup_unit("/").size, 0);
    CHECK_INT(host_cgroup_unit("").size, 0);
    CHECK_INT(host_cgroup_unit(NULL).size, 0);
}

int main(void)
{
    TAP_RUN(our_own_are_found_and_marked);
    TAP_RUN(every_address_keeps_its_bytes);
    TAP_RUN(ipv6_too);
    TAP_RUN(unix_paths_with_spaces_and_abstract_names);
    TAP_RUN(a_connected_socket_is_no_listener);
    TAP_RUN(another_process_owns_what_it_holds);
    TAP_RUN(of_several_that_share_it_the_lowest_is_named);
    TAP_RUN(somebody_elses_process_is_closed_to_us);
    TAP_RUN(processes_that_vanish_do_no_harm);
    TAP_RUN(one_that_changes_hands_has_its_new_owner);
    TAP_RUN(a_name_outlives_the_descriptor);
    TAP_RUN(our_own_want_is_an_error_and_leaves_nothing);
    TAP_RUN(one_more_than_the_limit_is_left_out);
    TAP_RUN(lines_that_are_none_are_passed_over);
    TAP_RUN(the_unit_is_the_innermost_one);
    host_listeners_done(&found);
    return tap_done();
}
