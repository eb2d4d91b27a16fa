#include "sim/counter/counter.h"

#include <errno.h>

#include "base/fault.h"

static rt_time sooner(rt_time a, rt_time b)
{
    return a < b ? a : b;
}

static void hang_up(struct client *c)
{
    rt_close(c->link.sock);
    c->link = (struct link){0};
}

static int call(struct client *c, rt_time deadline)
{
    if (c->link.sock)
        return 0;
    struct rt_addr to;
    rt_addr_ipv4(replica_ip(0), PORT_CLIENTS, &to);
    return rt_connect(&to, NULL, &c->link.sock, deadline);
}

/* One try: 0, or why not. A reply to an earlier request is not ours. */
static int ask(struct client *c, const struct message *m, struct message *ret_reply,
               rt_time deadline)
{
    int r = call(c, deadline);
    if (r == 0)
        r = link_write(&c->link, m, deadline);
    if (r == -ETIMEDOUT && c->link.sock)
        return -EPIPE; /* part of it may have been sent */
    while (r == 0) {
        r = link_read(&c->link, ret_reply, deadline);
        if (r < 0 || ret_reply->request == m->request)
            return r;
        counted(c->w, EVENT_OLD_REPLY);
        if (fault_mutant("counter_stale_reply_accepted"))
            return 0;
    }
    return r;
}

/* Returns 0, -ETIMEDOUT (it may have been applied or not), or -ECANCELED. */
static int increment(struct client *c, const struct message *m, struct message *ret_reply,
                     rt_time deadline)
{
    for (unsigned tries = 1;; tries++) {
        int r = ask(c, m, ret_reply, sooner(rt_now() + TRY_TIMEOUT, deadline));
        if (r == 0 || r == -ECANCELED)
            return r;
        /* Now and then the old connection gets another chance: it may only be slow. */
        if (r != -ETIMEDOUT || tries % 2 == 0)
            hang_up(c);
        if (rt_now() >= deadline)
            return -ETIMEDOUT;
        counted(c->w, EVENT_RETRIED);
        r = rt_sleep(sooner(rt_now() + (rt_time)(rt_random() % (20 * RT_MS)), deadline));
        if (r < 0)
            return r;
    }
}

static int request_one(struct client *c, uint32_t number)
{
    struct request *q = &c->requests[number];
    q->amount = 1 + (uint32_t)(rt_random() % 9);
    struct message reply,
        m = {.type = MESSAGE_REQUEST, .client = c->id, .request = number, .amount = q->amount};
    rt_time deadline = rt_now() + REQUEST_MAX;
    int r = increment(c, &m, &reply, deadline);
    check(c->w, CHECK_IN_TIME, rt_now() <= deadline + SLACK, "client %u, request %u: %lld ms late",
          c->id, number, (long long)((rt_now() - deadline) / RT_MS));
    counted(c->w, r == 0 ? EVENT_ACKNOWLEDGED : EVENT_IN_DOUBT);
    if (r == 0) {
        q->acknowledged = true;
        q->value = reply.amount;
        q->index = reply.index;
        say(c->w, "client %u: request %u (+%u) is entry %u, value %u", c->id, number, q->amount,
            q->index, q->value);
    } else {
        say(c->w, "client %u: request %u (+%u) in doubt", c->id, number, q->amount);
    }
    return r == -ECANCELED ? r : 0;
}

void client_main(void *arg)
{
    struct client *c = arg;
    rt_sim_set_host(c->ip);
    int r = 0;
    for (uint32_t i = 1; i <= REQUESTS && r == 0; i++) {
        r = rt_sleep(rt_now() + (rt_time)(rt_random() % (200 * RT_MS)));
        if (r == 0)
            r = request_one(c, i);
    }
    hang_up(c);
}

void client_last(void *arg)
{
    struct client *c = arg;
    rt_sim_set_host(c->ip);
    request_one(c, REQUESTS + 1);
    hang_up(c);
    check(c->w, CHECK_LIVE, c->requests[REQUESTS + 1].acknowledged, "client %u is not served",
          c->id);
}
