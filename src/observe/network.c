#include "observe/network.h"

#include "base/fault.h"
#include "rt/addr.h"

/* ---- which network ---- */

enum { KEY_IPV4 = 1, KEY_IPV6, KEY_NAME };

static uint64_t tagged(uint64_t value, unsigned kind)
{
    return value << 2 | kind;
}

static uint64_t key_of_address(struct slice host)
{
    struct rt_addr a;
    uint64_t high = 0;
    if (rt_addr_parse_ip(host, 0, &a) < 0)
        return 0;
    if (a.family == AF_INET)
        return tagged(ntohl(a.in.sin_addr.s_addr) >> 8, KEY_IPV4);
    for (int i = 0; i < 8; i++)
        high = high << 8 | a.in6.sin6_addr.s6_addr[i];
    /* Two bits of 64 make room for the kind: folded in, not cut off. */
    return tagged(high ^ high >> 62, KEY_IPV6);
}

uint64_t network_key(const struct probe_target *t)
{
    static const struct map_seed seed;
    if (t->kind == PROBE_UNIX || t->kind == PROBE_EXEC || t->host.size == 0)
        return 0;
    if (t->is_ipv4)
        return tagged(t->ipv4 >> 8, KEY_IPV4);
    uint64_t key = key_of_address(t->host);
    return key ? key : tagged(map_hash(seed, t->host.data, t->host.size), KEY_NAME);
}

/* ---- the table ---- */

void network_table_init(struct network_table *t, uint32_t window_max, uint32_t window_floor,
                        uint32_t *next)
{
    *t = (struct network_table){
        .by_key = MAP(MEM_OBSERVE, 0, ((struct map_seed){rt_random(), rt_random()})),
        .window_max = window_max,
        .window_floor = window_floor,
        .paced_at = RT_NEVER,
        .next = next,
    };
    list_init(&t->ready);
    list_init(&t->paced);
    list_init(&t->resting);
    list_init(&t->spare);
}

void network_table_done(struct network_table *t)
{
    struct map_entry e;
    struct list *it;
    for (size_t at = 0; map_next(&t->by_key, &at, &e);)
        mem_free(MEM_OBSERVE, e.value);
    map_done(&t->by_key);
    while (t->spare.next && (it = list_pop_front(&t->spare)))
        mem_free(MEM_OBSERVE, list_entry(it, struct network, link));
}

static void forget(struct network_table *t, struct network *n)
{
    map_remove_u64(&t->by_key, n->key);
    list_push_front(&t->spare, &n->link);
    if (t->last == n)
        t->last = NULL;
}

static struct network *make(struct network_table *t, uint64_t key)
{
    struct list *it = list_pop_front(&t->spare);
    struct network *n = it ? list_entry(it, struct network, link)
                           : mem_alloc(MEM_OBSERVE, sizeof(*n));
    *n = (struct network){
        .key = key,
        .window = t->window_max,
        .news = {NETWORK_NOBODY, NETWORK_NOBODY},
        .known = {NETWORK_NOBODY, NETWORK_NOBODY},
    };
    list_init(&n->link);
    map_put_u64(&t->by_key, key, n, NULL);
    return n;
}

static void wake_from_rest(struct network_table *t, struct network *n)
{
    list_remove(&n->link);
    n->resting = false;
    t->resting_count--;
}

struct network *network_get(struct network_table *t, uint64_t key)
{
    struct network *n = t->last;
    if (!n || n->key != key)
        n = map_get_u64(&t->by_key, key);
    if (!n)
        n = make(t, key);
    else if (n->resting)
        wake_from_rest(t, n);
    return t->last = n;
}

/* ---- one network ---- */

static bool has_waiting(const struct network *n)
{
    return n->news.first != NETWORK_NOBODY || n->known.first != NETWORK_NOBODY;
}

bool network_may(const struct network *n, rt_time now, rt_time *at)
{
    if (n->in_flight >= n->window)
        return false;
    if (n->interval && n->next > now) {
        if (n->next < *at)
            *at = n->next;
        return false;
    }
    return true;
}

void network_begin(struct network *n, rt_time now)
{
    n->in_flight++;
    if (now - n->second >= RT_SEC) {
        n->begun_before = now - n->second < 2 * RT_SEC ? n->begun : 0;
        n->begun = 0;
        n->second = now;
    }
    n->begun++;
    if (n->interval)
        n->next = (n->next > now - n->interval ? n->next : now - n->interval) + n->interval;
}

static uint32_t at_least(uint32_t v, uint32_t floor)
{
    return v > floor ? v : floor;
}

static void speed_up(const struct network_table *t, struct network *n)
{
    uint32_t window = n->window + at_least(t->window_max / NETWORK_STEPS, 1);
    n->window = window < t->window_max ? window : t->window_max;
    if (!n->interval)
        return;
    uint32_t rate = (uint32_t)(RT_SEC / n->interval) + at_least(n->rate_peak / NETWORK_STEPS, 1);
    n->interval = rate < n->rate_peak ? RT_SEC / rate : 0;
}

static void slow_down(const struct network_table *t, struct network *n)
{
    if (fault_mutant("network_never_slows"))
        return;
    uint32_t used = n->in_flight < n->window ? n->in_flight : n->window;
    n->window = at_least(used / 2, t->window_floor);
    uint32_t rate = n->interval ? (uint32_t)(RT_SEC / n->interval)
                                : at_least(n->begun, n->begun_before);
    if (!n->interval)
        n->rate_peak = rate;
    n->interval = RT_SEC / at_least(rate / 2, t->window_floor);
}

void network_hear(struct network_table *t, struct network *n, enum network_verdict v,
                  rt_time begun, rt_time now)
{
    if (v == NETWORK_ANSWERED) {
        n->silent = 0;
        if ((n->window < t->window_max || n->interval) && ++n->answered >= n->window) {
            n->answered = 0;
            speed_up(t, n);
        }
    } else if (v == NETWORK_SILENT && begun >= n->heard && ++n->silent >= NETWORK_BURST) {
        n->silent = n->answered = 0;
        n->heard = now;
        slow_down(t, n);
    }
}

/* ---- who waits ---- */

/* Puts it on the list that its state calls for. */
static void sort_in(struct network_table *t, struct network *n, rt_time now)
{
    rt_time at = RT_NEVER;
    list_remove(&n->link);
    if (!has_waiting(n))
        return;
    if (network_may(n, now, &at)) {
        list_push_back(&t->ready, &n->link);
    } else if (at != RT_NEVER) {
        list_push_back(&t->paced, &n->link);
        if (at < t->paced_at)
            t->paced_at = at;
    }
}

void network_end(struct network_table *t, struct network *n, rt_time now)
{
    n->in_flight--;
    if (has_waiting(n)) {
        sort_in(t, n, now);
        return;
    }
    if (n->in_flight > 0)
        return;
    if (n->window >= t->window_max && !n->interval && n->silent == 0) {
        forget(t, n); /* nothing that a new one would not know */
        return;
    }
    list_remove(&n->link);
    list_push_back(&t->resting, &n->link);
    n->resting = true;
    if (++t->resting_count > NETWORK_KEPT_MAX) {
        struct network *oldest = list_entry(t->resting.next, struct network, link);
        wake_from_rest(t, oldest);
        forget(t, oldest);
    }
}

static void append(uint32_t *next, struct network_queue *q, uint32_t id)
{
    next[id] = NETWORK_NOBODY;
    if (q->last == NETWORK_NOBODY)
        q->first = id;
    else
        next[q->last] = id;
    q->last = id;
}

void network_wait(struct network_table *t, struct network *n, uint32_t id, bool news, rt_time now)
{
    append(t->next, news ? &n->news : &n->known, id);
    t->waiting++;
    sort_in(t, n, now);
}

static uint32_t pop(struct network_table *t, struct network *n)
{
    struct network_queue *q = n->news.first != NETWORK_NOBODY ? &n->news : &n->known;
    uint32_t id = q->first;
    q->first = t->next[id];
    if (q->first == NETWORK_NOBODY)
        q->last = NETWORK_NOBODY;
    t->waiting--;
    return id;
}

static void look_at_paced(struct network_table *t, rt_time now)
{
    struct list due;
    struct list *it;
    if (t->paced_at > now)
        return;
    t->paced_at = RT_NEVER;
    list_init(&due);
    while ((it = list_pop_front(&t->paced)))
        list_push_back(&due, it);
    while ((it = list_pop_front(&due))) {
        list_init(it);
        sort_in(t, list_entry(it, struct network, link), now);
    }
}

bool network_take(struct network_table *t, rt_time now, uint32_t *ret_id, struct network **ret_net,
                  rt_time *at)
{
    if (t->waiting == 0)
        return false;
    look_at_paced(t, now);
    while (!list_empty(&t->ready)) {
        struct network *n = list_entry(t->ready.next, struct network, link);
        rt_time later = RT_NEVER;
        if (!network_may(n, now, &later)) {
            sort_in(t, n, now); /* its window shrank since */
            continue;
        }
        *ret_id = pop(t, n);
        *ret_net = n;
        network_begin(n, now);
        sort_in(t, n, now);
        return true;
    }
    if (t->paced_at < *at)
        *at = t->paced_at;
    return false;
}
