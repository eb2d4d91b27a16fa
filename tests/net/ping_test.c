#include "net/ping.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fault.h"
#include "rt/sock.h"
#include "tests/net/child.h"
#include "wire/icmp.h"

/* Raw sockets, in a network of the test's own, whose kernel can be told not to answer. */

enum { IP_HEAD_BYTES = 20, TYPE_REQUEST = 8, TYPE_REPLY = 0, COOKIE_AT = 8 };

static struct pinger *pinger;
static struct err err;

static int ping_ip(uint32_t ip, uint32_t count, rt_time patience, struct ping_result *ret)
{
    struct rt_addr to;
    rt_addr_ipv4(ip, 0, &to);
    err_clear(&err);
    return ping(pinger, &to, count, RT_MS, ret, &err, rt_now() + patience);
}

static void kernel_answers(bool yes)
{
    int fd = open("/proc/sys/net/ipv4/icmp_echo_ignore_all", O_WRONLY | O_CLOEXEC);
    CHECK(fd >= 0 && write(fd, yes ? "0" : "1", 1) == 1);
    close(fd);
}

static void each_request_is_answered(void)
{
    struct ping_result r;
    CHECK_INT(ping_ip(INADDR_LOOPBACK, 5, 20 * RT_SEC, &r), 0);
    CHECK_INT(r.sent, 5);
    CHECK_INT(r.received, 5);
    CHECK(r.rtt_ns > 0 && r.rtt_ns < 20 * RT_SEC);
}

static void ping_own(void *arg)
{
    struct ping_result *r = arg;
    uint32_t ip = INADDR_LOOPBACK + (uint32_t)(rt_random() % 200);
    if (ping_ip(ip, 3, 20 * RT_SEC, r) < 0)
        r->received = 0;
}

static void many_at_a_time_get_each_their_own(void)
{
    enum { MANY = 200 };
    static struct ping_result r[MANY];
    struct rt_group group;
    uint32_t received = 0;
    rt_group_init(&group, "many");
    for (size_t i = 0; i < MANY; i++)
        rt_go(&group, ping_own, &r[i]);
    rt_group_wait(&group, RT_NEVER);
    rt_group_done(&group);
    for (size_t i = 0; i < MANY; i++)
        received += r[i].received;
    CHECK_INT(received, 3 * MANY);
}

static void silence_is_no_error_and_no_answer(void)
{
    struct ping_result r;
    kernel_answers(false);
    CHECK_INT(ping_ip(INADDR_LOOPBACK, 2, 50 * RT_MS, &r), 0);
    CHECK_INT(r.sent, 2);
    CHECK_INT(r.received, 0);
    kernel_answers(true);
}

static void a_network_without_a_route_is_said(void)
{
    struct ping_result r;
    CHECK_INT(ping_ip(0x0A090909, 1, 20 * RT_SEC, &r), -ENETUNREACH);
    CHECK_INT(r.sent, 0);
    CHECK(err.text[0] != 0);
}

/* ---- somebody else answers ---- */

static uint16_t checksum(const uint8_t *p, size_t size)
{
    uint32_t sum = 0;
    for (size_t i = 0; i + 1 < size; i += 2)
        sum += (uint32_t)p[i] << 8 | p[i + 1];
    while (sum >> 16)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return (uint16_t)~sum;
}

/* Answers every request, always from 127.0.0.1, with some bits of its cookie turned. */
struct answering {
    struct rt_sock *sock;
    uint8_t turned;
};

static void answer_all(void *arg)
{
    struct answering *a = arg;
    uint8_t packet[ICMP_PACKET_BYTES_MAX], *m = packet + IP_HEAD_BYTES;
    struct rt_addr from;
    for (;;) {
        ssize_t n = rt_recv_from(a->sock, packet, sizeof(packet), &from, RT_NEVER);
        if (n == -ECANCELED)
            return;
        if (n < IP_HEAD_BYTES + ICMP_ECHO_BYTES || m[0] != TYPE_REQUEST)
            continue;
        m[0] = TYPE_REPLY;
        m[COOKIE_AT + 7] ^= a->turned;
        m[2] = m[3] = 0;
        uint16_t sum = checksum(m, ICMP_ECHO_BYTES);
        m[2] = (uint8_t)(sum >> 8);
        m[3] = (uint8_t)sum;
        rt_send_to(a->sock, m, ICMP_ECHO_BYTES, &from, RT_NEVER);
    }
}

static uint32_t answered_by_another(uint32_t ip, uint8_t turned, rt_time patience)
{
    struct answering a = {.turned = turned};
    struct rt_group group;
    struct ping_result r;
    kernel_answers(false);
    /* Without the filter of rt_icmp_open, which lets no requests through. */
    int fd = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMP);
    CHECK_INT(rt_adopt(fd, &a.sock), 0);
    rt_group_init(&group, "answering");
    rt_go(&group, answer_all, &a);
    CHECK_INT(ping_ip(ip, 1, patience, &r), 0);
    rt_group_done(&group);
    rt_close(a.sock);
    kernel_answers(true);
    return r.received;
}

static void only_whom_we_asked_can_answer_and_only_what_we_asked(void)
{
    CHECK_INT(answered_by_another(INADDR_LOOPBACK, 0, 20 * RT_SEC), 1);
    CHECK_INT(answered_by_another(INADDR_LOOPBACK, 1, 100 * RT_MS), 0);     /* another cookie */
    CHECK_INT(answered_by_another(INADDR_LOOPBACK + 4, 0, 100 * RT_MS), 0); /* from elsewhere */
}

static void each_request_is_answered_skipped(void)
{
    TAP_SKIP("no raw sockets for this user");
}

static void all_in_a_task(void *arg)
{
    struct ping_result r;
    (void)arg;
    pinger_open(&pinger);
    if (ping_ip(INADDR_LOOPBACK, 1, 20 * RT_SEC, &r) == -EPERM || geteuid() != 0) {
        TAP_RUN(each_request_is_answered_skipped);
    } else {
        TAP_RUN(each_request_is_answered);
        TAP_RUN(many_at_a_time_get_each_their_own);
        TAP_RUN(silence_is_no_error_and_no_answer);
        TAP_RUN(a_network_without_a_route_is_said);
        TAP_RUN(only_whom_we_asked_can_answer_and_only_what_we_asked);
    }
    pinger_close(pinger);
    pinger_close(NULL);
}

int main(void)
{
    alarm(120);
    leave_network();
    if (rt_run(NULL, all_in_a_task, NULL) < 0)
        return 1;
    return tap_done();
}
