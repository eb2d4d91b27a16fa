#include "net/dial.h"

#include <errno.h>

#include "base/fault.h"
#include "rt/event.h"

/* One call of dial(), on its caller's stack: no attempt outlives it. */
struct race {
    const struct dial_way *way;
    struct rt_group group;
    struct rt_event changed; /* an attempt has ended */
    rt_time deadline;
    struct rt_sock *winner;
    struct rt_addr address; /* the winner's, or the one that `told` is about */
    int told;               /* the most telling failure; 0: none yet */
    uint32_t running;
    bool stop; /* we lack something: no further attempts */
};

struct attempt {
    struct race *race;
    const struct rt_addr *to;
};

/* Says something about us or the caller, and not about this address. */
static bool is_our_own(int code)
{
    return code == -ECANCELED || code == -EMFILE || code == -ENFILE || code == -ENOMEM ||
           code == -ENOBUFS || code == -EADDRNOTAVAIL;
}

/* "No route" to one address of a name, often the one of a family that this host does not have, says
 * less than what another address answered; and silence less than an answer. */
static int weight(int code)
{
    if (is_our_own(code))
        return 4;
    if (code == -ENETUNREACH || code == -EHOSTUNREACH)
        return 1;
    return code == -ETIMEDOUT ? 2 : 3;
}

static void failed(struct race *r, const struct rt_addr *to, int code)
{
    r->stop |= is_our_own(code);
    if (r->winner || (r->told && weight(code) <= weight(r->told)))
        return;
    r->told = code;
    r->address = *to;
}

static int connect_one(const struct dial_way *way, const struct rt_addr *to,
                       struct rt_sock **ret_sock, rt_time deadline)
{
    return way && way->connect ? way->connect(way->ctx, to, ret_sock, deadline)
                               : rt_connect(to, NULL, ret_sock, deadline);
}

static void attempt_main(void *arg)
{
    const struct attempt *a = arg;
    struct race *r = a->race;
    struct rt_sock *sock = NULL;
    int code = connect_one(r->way, a->to, &sock, r->deadline);
    if (code == 0 && r->winner) {
        rt_close(sock); /* too late */
    } else if (code == 0) {
        r->winner = sock;
        r->address = *a->to;
    } else if (!r->winner) {
        failed(r, a->to, code);
    }
    r->running--;
    rt_event_set(&r->changed);
}

/* The families in turn, as the resolver prefers them: RFC 8305, 4. */
static void put_in_order(const struct dns_addresses *to, struct race *race, struct attempt *list)
{
    uint32_t at[2] = {0, 0};
    sa_family_t first = to->addr[0].family;
    for (uint32_t n = 0; n < to->count; n++) {
        bool other = n % 2;
        for (int tries = 0; tries < 2; tries++, other = !other) {
            uint32_t *i = &at[other];
            while (*i < to->count && (to->addr[*i].family != first) != other)
                ++*i;
            if (*i < to->count)
                break;
        }
        list[n] = (struct attempt){race, &to->addr[at[other]++]};
    }
}

/* Until an attempt has ended, or then. */
static int wait_change(struct race *r, rt_time until)
{
    int code = rt_event_wait(&r->changed, until < r->deadline ? until : r->deadline);
    rt_event_clear(&r->changed);
    return code == -ETIMEDOUT ? 0 : code;
}

static int run(struct race *r, struct attempt *list, uint32_t count, uint32_t *ret_begun)
{
    int code = 0;
    rt_time stagger = fault_mutant("net_dial_one_by_one") ? RT_SEC * 3600 : DIAL_STAGGER_MS * RT_MS;
    while (code == 0 && !r->winner && rt_now() < r->deadline) {
        bool more = *ret_begun < count && !r->stop;
        if (!more && r->running == 0)
            break;
        if (more) {
            struct attempt *a = &list[(*ret_begun)++];
            code = rt_go(&r->group, attempt_main, a);
            if (code < 0) {
                failed(r, a->to, code);
                code = 0;
                continue;
            }
            r->running++;
        }
        uint32_t before = r->running;
        rt_time until = more ? rt_now() + stagger : r->deadline;
        /* Whatever ended, unless that was the winner, lets the next one begin. */
        while (code == 0 && !r->winner && r->running == before && rt_now() < until &&
               rt_now() < r->deadline)
            code = wait_change(r, until);
    }
    return code;
}

int dial(const struct dial_way *way, const struct dns_addresses *to, struct rt_sock **ret_sock,
         struct dial_trace *ret_trace, rt_time deadline)
{
    struct attempt list[DNS_ADDRESSES_MAX];
    struct race r = {.way = way, .deadline = deadline};
    *ret_trace = (struct dial_trace){.address = to->addr[0]};
    if (to->count == 1) {
        ret_trace->attempts = 1;
        return connect_one(way, &to->addr[0], ret_sock, deadline);
    }
    put_in_order(to, &r, list);
    rt_group_init(&r.group, "dial");
    int code = run(&r, list, to->count, &ret_trace->attempts);
    bool late = r.running > 0 && !r.winner;
    int told = r.told;
    struct rt_addr address = r.told || r.winner ? r.address : *list[0].to;
    rt_group_done(&r.group); /* the losers' own failures count no more */
    ret_trace->address = address;
    if (code < 0 && r.winner) {
        rt_close(r.winner);
        return code;
    }
    if (r.winner) {
        ret_trace->address = r.address;
        *ret_sock = r.winner;
        return 0;
    }
    if (code == 0)
        code = told && !(late && weight(told) < weight(-ETIMEDOUT)) ? told : -ETIMEDOUT;
    return code;
}
