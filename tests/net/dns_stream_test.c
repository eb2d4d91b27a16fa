#include "net/dns_stream.h"

#include <errno.h>
#include <unistd.h>

#include "tests/net/dns_server.h"

static struct dns_server server;
static struct err err;

static rt_time soon(void)
{
    return rt_now() + 20 * RT_SEC;
}

/* One question over a connection of its own to `at`. */
static int ask_at(const struct rt_addr *at, const char *name, uint16_t type, struct arena *a,
                  struct dns_answers *ret, rt_time deadline)
{
    struct stream s = {0};
    err_clear(&err);
    CHECK_INT(rt_connect(at, NULL, &s.sock, soon()), 0);
    int r = dns_query_stream(&s, slice_from(name), type, a, ret, &err, deadline);
    stream_close(&s);
    return r;
}

static int ask(const char *name, uint16_t type, struct arena *a, struct dns_answers *ret)
{
    return ask_at(&server.addr, name, type, a, ret, soon());
}

static void a_question_over_a_connection_is_answered(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct dns_answers answers = {0};
    CHECK_INT(ask("ok.test", DNS_TYPE_A, &a, &answers), 0);
    CHECK_INT(answers.count, 1);
    CHECK_STR(answers.text[0], "10.0.0.1");
    CHECK(!answers.authentic);
    CHECK_INT(ask("many.test", DNS_TYPE_A, &a, &answers), 0);
    CHECK_INT(answers.count, 20);
    CHECK_INT(ask("cut.test", DNS_TYPE_A, &a, &answers), 0); /* which a datagram has no room for */
    CHECK_INT(server.asked_udp, 0);
    arena_done(&a);
}

static void a_refusal_is_told_as_one_of_a_datagram(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct dns_answers answers = {.count = 7};
    static const struct {
        const char *name;
        int code;
    } cases[] = {
        {"nx.test", -ENOENT},          {"nodata.test", -ENODATA},  {"refused.test", -EACCES},
        {"servfail.test", -EREMOTEIO}, {"broken.test", -EBADMSG},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECK_INT(ask(cases[i].name, DNS_TYPE_A, &a, &answers), cases[i].code);
        CHECK(err.text[0] != 0);
    }
    arena_done(&a);
}

/* ---- servers that say what they should not ---- */

enum lie { FOREIGN_ID, FOREIGN_NAME, SHORT, HALF, NOTHING, SILENCE, BIT_BY_BIT, VERIFIED };

struct liar {
    struct rt_sock *listener;
    struct rt_group group;
    struct rt_addr at;
    enum lie how;
};

static void lie(struct liar *l, struct rt_sock *c)
{
    static struct dns_server scratch;
    static unsigned char q[512], reply[DNS_REPLY_MAX + 2]; /* one lies at a time */
    if (!dns_read_all(c, q, 2) || !dns_read_all(c, q + 2, q[1]))
        return;
    size_t size = dns_answer(&scratch, q + 2, q[1], true, reply + 2);
    dns_put16(reply, (unsigned)size);
    reply[2] ^= l->how == FOREIGN_ID;
    reply[2 + DNS_HEADER + 1] ^= l->how == FOREIGN_NAME;
    reply[5] |= l->how == VERIFIED ? 0x20 : 0; /* AD */
    if (l->how == SHORT)
        dns_put16(reply, 5);
    if (l->how == SILENCE)
        rt_read(c, q, 1, RT_NEVER);
    for (size_t i = 0; l->how == BIT_BY_BIT && i < size + 2; i++) {
        rt_write(c, reply + i, 1, RT_NEVER);
        rt_yield();
    }
    if (l->how != NOTHING && l->how != SILENCE && l->how != BIT_BY_BIT)
        rt_write(c, reply, l->how == HALF ? size / 2 : size + 2, RT_NEVER);
}

static void liar_main(void *arg)
{
    struct liar *l = arg;
    struct rt_sock *c;
    if (rt_accept(l->listener, &c, NULL, RT_NEVER) < 0)
        return;
    lie(l, c);
    rt_close(c);
}

static int hear(enum lie how, rt_time patience, struct dns_answers *ret)
{
    struct liar l = {.how = how};
    struct arena a = ARENA(MEM_TEST, 0);
    rt_addr_ipv4(0x7f000001, 0, &l.at);
    CHECK_INT(rt_listen(&l.at, 1, false, &l.listener), 0);
    rt_sock_local(l.listener, &l.at);
    rt_group_init(&l.group, "liar");
    rt_go(&l.group, liar_main, &l);
    int r = ask_at(&l.at, "ok.test", DNS_TYPE_A, &a, ret, rt_now() + patience);
    rt_group_done(&l.group);
    rt_close(l.listener);
    arena_done(&a);
    return r;
}

static void an_answer_to_another_question_is_none(void)
{
    struct dns_answers answers = {0};
    CHECK_INT(hear(FOREIGN_ID, 20 * RT_SEC, &answers), -EBADMSG);
    CHECK_INT(hear(FOREIGN_NAME, 20 * RT_SEC, &answers), -EBADMSG);
    CHECK_INT(hear(SHORT, 20 * RT_SEC, &answers), -EBADMSG);
}

static void a_server_that_ends_has_closed_and_a_silent_one_is_too_late(void)
{
    struct dns_answers answers = {0};
    CHECK_INT(hear(NOTHING, 20 * RT_SEC, &answers), -EPIPE);
    CHECK_INT(hear(HALF, 20 * RT_SEC, &answers), -EPIPE);
    CHECK_INT(hear(SILENCE, 30 * RT_MS, &answers), -ETIMEDOUT);
}

static void an_answer_may_come_in_pieces_and_may_be_verified(void)
{
    struct dns_answers answers = {0};
    CHECK_INT(hear(BIT_BY_BIT, 20 * RT_SEC, &answers), 0);
    CHECK_INT(answers.count, 1);
    CHECK_INT(hear(VERIFIED, 20 * RT_SEC, &answers), 0);
    CHECK(answers.authentic);
}

static void all_in_a_task(void *arg)
{
    (void)arg;
    dns_server_start(&server);
    TAP_RUN(a_question_over_a_connection_is_answered);
    TAP_RUN(a_refusal_is_told_as_one_of_a_datagram);
    TAP_RUN(an_answer_to_another_question_is_none);
    TAP_RUN(a_server_that_ends_has_closed_and_a_silent_one_is_too_late);
    TAP_RUN(an_answer_may_come_in_pieces_and_may_be_verified);
    dns_server_stop(&server);
}

int main(void)
{
    alarm(120);
    if (rt_run(NULL, all_in_a_task, NULL) < 0)
        return 1;
    return tap_done();
}
