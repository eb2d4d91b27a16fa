#include "host/process.h"

#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fault.h"

/* The kernel's numbers, which are part of its interface: names of them moved between versions. */
enum { EVENT_NONE = 0, EVENT_EXEC = 0x00000002, EVENT_COMM = 0x00000200 };
enum { RECEIVE_BYTES = 1024 * 1024, ACK_MS = 50 };

/* struct cn_msg without the body at its end. */
struct connector {
    uint32_t idx, val, seq, ack;
    uint16_t size, flags;
};

/* A datagram is a netlink head, a connector head, and the event. */
struct message {
    struct nlmsghdr head;
    struct connector connector;
    char body[];
};
enum { EVENT_AT = sizeof(struct nlmsghdr) + sizeof(struct connector) };
_Static_assert(sizeof(struct connector) == sizeof(struct cn_msg), "the kernel's own layout");

/* What of an event is looked at: its kind, and whose it is. */
struct event_body {
    uint32_t what, cpu;
    uint64_t at_ns;
    int32_t pid, tgid;
};

/* Most of what happens is no news to us (forks, ends), and a busy host has thousands a second: the
 * kernel drops them before they wake us. Words of a message are in its own order, and the filter
 * loads them from the network's. */
static int keep_to_programs(int fd)
{
    enum { KIND_AT = EVENT_AT + offsetof(struct event_body, what) };
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, KIND_AT),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, EVENT_NONE, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __builtin_bswap32(EVENT_EXEC), 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __builtin_bswap32(EVENT_COMM), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    code[2].k = EVENT_EXEC;
    code[3].k = EVENT_COMM;
#endif
    struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno : 0;
}

static int subscribe(int fd)
{
    _Alignas(struct nlmsghdr) char bytes[EVENT_AT + sizeof(uint32_t)] = {0};
    struct message *m = (void *)bytes;
    const uint32_t listen = PROC_CN_MCAST_LISTEN;
    m->head.nlmsg_len = sizeof(bytes);
    m->head.nlmsg_type = NLMSG_DONE;
    m->connector.idx = CN_IDX_PROC;
    m->connector.val = CN_VAL_PROC;
    m->connector.size = sizeof(listen);
    memcpy(bytes + EVENT_AT, &listen, sizeof(listen));
    return send(fd, bytes, sizeof(bytes), 0) < 0 ? -errno : 0;
}

/* In a namespace of processes the kernel takes the request and does nothing; else it says so, at
 * once. */
static int wait_heard(int fd)
{
    _Alignas(struct nlmsghdr) char bytes[EVENT_AT + sizeof(struct event_body) + 64];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    struct event_body e;
    if (poll(&p, 1, ACK_MS) != 1)
        return -EOPNOTSUPP;
    ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
    if (n < (ssize_t)(EVENT_AT + sizeof(e)))
        return n < 0 ? -errno : -EBADMSG;
    memcpy(&e, bytes + EVENT_AT, sizeof(e));
    return e.what == EVENT_NONE && e.pid > 0 ? -e.pid : 0; /* there it is an errno */
}

int host_process_events_open(void)
{
    const struct sockaddr_nl at = {.nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC};
    const int room = RECEIVE_BYTES;
    if (fault_fails(FAULT_SYSCALL))
        return -EMFILE;
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR);
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)); /* what does not fit is -ENOBUFS */
    int r = bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ? -errno : 0;
    if (r == 0)
        r = keep_to_programs(fd);
    if (r == 0)
        r = subscribe(fd);
    if (r == 0)
        r = wait_heard(fd);
    if (r == 0)
        return fd;
    close(fd);
    return r;
}

int host_process_event_next(struct slice *datagram, struct host_process_event *ret_event)
{
    struct nlmsghdr head;
    struct connector connector;
    struct event_body e;
    if (datagram->size == 0)
        return 0;
    if (datagram->size < sizeof(head))
        return -EBADMSG;
    memcpy(&head, datagram->data, sizeof(head));
    size_t size = head.nlmsg_len, whole = NLMSG_ALIGN(size);
    if (size < EVENT_AT + sizeof(e) || size > datagram->size)
        return -EBADMSG;
    memcpy(&connector, datagram->data + sizeof(head), sizeof(connector));
    if (connector.size < sizeof(e) || connector.size > size - EVENT_AT)
        return -EBADMSG;
    memcpy(&e, datagram->data + EVENT_AT, sizeof(e));
    *datagram = slice_sub(*datagram, whole < datagram->size ? whole : datagram->size,
                          datagram->size);
    bool ours = connector.idx == CN_IDX_PROC && connector.val == CN_VAL_PROC && e.tgid > 0;
    *ret_event = (struct host_process_event){
        !ours                  ? HOST_PROCESS_OTHER
        : e.what == EVENT_EXEC ? HOST_PROCESS_EXEC
        : e.what == EVENT_COMM ? HOST_PROCESS_NAMED
                               : HOST_PROCESS_OTHER,
        ours ? e.tgid : 0,
    };
    return 1;
}
