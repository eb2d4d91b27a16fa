#include <signal.h>
#include <sys/wait.h>

#include "base/defs.h"
#include "store/etcd.h"
#include "store/session.h"
#include "tests/net/relay.h"
#include "tests/store/etcd_server.h"
#include "tests/store/beside.h"
#include "tests/store/suite.h"
#include "tests/store/watched.h"

/* Servers that are killed, stopped and started again, and a network that cuts, swallows and keeps
 * silent, against a real etcd. */

static const char *binary;
static struct etcd_server server;
static struct store *direct; /* another client, which nothing happens to */
static struct relay relay;

static int suite_open(struct store **ret_store)
{
    *ret_store = NULL;
    return -ENOSYS;
}

static void suite_close(struct store *s)
{
    store_close(s);
}

static struct store *open_url(const char *url)
{
    struct store *s = NULL;
    WELL(store_etcd_open(url, &s, &suite_err, SOON));
    if (!s)
        exit(1);
    return s;
}

static struct store *open_at(uint16_t port)
{
    char url[64];
    snprintf(url, sizeof(url), "etcd://127.0.0.1:%u", port);
    return open_url(url);
}

static struct store *through_relay(void)
{
    relay_start(&relay, server.port);
    return open_at(rt_addr_port(&relay.addr));
}

/* Tries until it is done or in doubt; what was refused for sure is tried again. */
static int put_surely(struct store *s, const char *key, const char *value, int64_t *ret_revision)
{
    rt_time until = SOON;
    int r;
    do
        r = store_put(s, slice_from(key), slice_from(value), 0, ret_revision, &suite_err, until);
    while (r == -ENETDOWN && rt_now() < until && rt_sleep(rt_now() + 20 * RT_MS) == 0);
    return r;
}

/* ---- a server that dies and comes back ---- */

static void a_watch_goes_on_where_it_was_when_the_server_comes_back(void)
{
    struct store_watch w;
    struct store_event e = {0};
    int64_t last = 0;
    struct store *s = open_at(server.port);
    struct reader r = watch_from(s, &w, "k", 0);
    int64_t first = put(s, "k", "0");
    for (int round = 0; round < 3; round++) {
        child_stop(&server.child);
        rt_sleep(rt_now() + 50 * RT_MS); /* its end was seen: what is asked now was never sent */
        CHECK_INT(store_put(s, SLICE("k"), SLICE("x"), 0, NULL, &suite_err, rt_now() + 500 * RT_MS),
                  -ENETDOWN);
        etcd_server_run(&server, NULL);
        CHECK_INT(put_surely(s, "k", "1", &last), 0);
        put(s, "k", "2");
    }
    CHECK_INT(last, first + 5);
    for (int64_t i = 0; i < 7 && tap_ok_; i++)
        CHECK(next_event(&r, &e) && e.kv.mod_revision == first + i);
    unwatch(&r);
    store_close(s);
}

static void a_session_outlives_a_restart_shorter_than_its_lease(void)
{
    struct store_session se;
    struct store *s = open_at(server.port);
    WELL(store_session_open(&se, s, 5000, &suite_err, SOON));
    put_leased(s, "alive", se.lease);
    child_stop(&server.child);
    rt_sleep(rt_now() + RT_SEC);
    etcd_server_run(&server, NULL);
    rt_sleep(rt_now() + 5 * RT_SEC);
    CHECK(store_session_alive(&se));
    CHECK_INT(get(s, "alive").version, 1);
    store_session_close(&se, SOON);
    CHECK_INT(get(s, "alive").version, 0);
    store_close(s);
}

static void a_stopped_server_is_told_in_time_and_found_again(void)
{
    struct store *s = open_at(server.port);
    put(s, "k", "1");
    int status;
    kill(server.child.pid, SIGSTOP);
    CHECK(waitpid(server.child.pid, &status, WUNTRACED) > 0); /* all of its threads */
    CHECK(WIFSTOPPED(status));
    rt_time began = rt_now();
    int r = store_put(s, SLICE("k"), SLICE("2"), 0, NULL, &suite_err, rt_now() + 300 * RT_MS);
    CHECK_INT(r, -ETIMEDOUT);
    CHECK(rt_now() - began < 2 * RT_SEC);
    kill(server.child.pid, SIGCONT);
    CHECK_INT(put_surely(s, "k", "3", NULL), 0);
    CHECK(is(get(s, "k").value, "3"));
    store_close(s);
}

/* ---- a network that fails ---- */

static void a_cut_connection_is_made_again_and_its_watches_resume(void)
{
    static struct store_watch w[20];
    struct reader r[20];
    struct store_event e = {0};
    struct store *s = through_relay();
    for (int i = 0; i < 20; i++)
        r[i] = watch_from(s, &w[i], "c/", 0);
    int64_t first = put(direct, "c/1", "v");
    for (int round = 0; round < 5; round++) {
        relay_set(&relay, RELAY_CLOSED);
        put(direct, "c/1", "v");
        rt_sleep(rt_now() + 50 * RT_MS);
        relay_set(&relay, RELAY_PASS);
        put(direct, "c/1", "v");
    }
    for (int i = 0; i < 20; i++) {
        for (int64_t n = 0; n < 11 && tap_ok_; n++)
            CHECK(next_event(&r[i], &e) && e.kv.mod_revision == first + n);
        unwatch(&r[i]);
    }
    store_close(s);
    relay_stop(&relay);
}

static void a_write_whose_answer_is_lost_is_in_doubt_and_not_repeated(void)
{
    struct store *s = through_relay();
    put(s, "d", "1");
    relay_set(&relay, RELAY_DEAF);
    CHECK_INT(store_put(s, SLICE("d"), SLICE("2"), 0, NULL, &suite_err, rt_now() + 300 * RT_MS),
              -ETIMEDOUT);
    CHECK(relay.swallowed > 0);
    relay_set(&relay, RELAY_CLOSED);
    relay_set(&relay, RELAY_PASS);
    CHECK_INT(get(s, "d").version,
              2); /* it happened, once; and the read goes by a new connection */
    store_close(s);
    relay_stop(&relay);
}

struct late_cut {
    struct relay *relay;
    rt_time after;
};

static void task_cuts(void *arg)
{
    struct late_cut *c = arg;
    if (rt_sleep(rt_now() + c->after) == 0)
        relay_set(c->relay, RELAY_CLOSED);
}

static void a_connection_that_breaks_under_a_write_leaves_a_doubt(void)
{
    struct store *s = through_relay();
    struct late_cut cut = {&relay, 100 * RT_MS};
    struct rt_group g;
    put(s, "e", "1");
    relay_set(&relay, RELAY_DEAF);
    rt_group_init(&g, "cut");
    rt_go(&g, task_cuts, &cut);
    CHECK_INT(store_put(s, SLICE("e"), SLICE("2"), 0, NULL, &suite_err, SOON), -ECONNRESET);
    rt_group_done(&g);
    CHECK_INT(get(direct, "e").version, 2);
    /* A read in the same place is simply made again. */
    relay_set(&relay, RELAY_PASS);
    CHECK_INT(get(s, "e").version, 2);
    store_close(s);
    relay_stop(&relay);
}

static void task_passes(void *arg)
{
    struct late_cut *c = arg;
    if (rt_sleep(rt_now() + c->after) == 0)
        relay_set(c->relay, RELAY_PASS);
}

static void a_write_that_was_never_sent_waits_for_the_network(void)
{
    struct store *s = through_relay();
    struct late_cut pass = {&relay, 500 * RT_MS};
    struct rt_group g;
    int64_t revision = put(s, "f", "1"), again = 0;
    relay_set(&relay, RELAY_CLOSED);
    rt_group_init(&g, "pass");
    rt_go(&g, task_passes, &pass);
    rt_sleep(rt_now() + 50 * RT_MS); /* the end of the connection was seen */
    WELL(store_put(s, SLICE("f"), SLICE("2"), 0, &again, &suite_err, SOON));
    CHECK_INT(again, revision + 1);
    rt_group_done(&g);
    store_close(s);
    relay_stop(&relay);
}

/* Two endpoints; the first keeps its connections and says nothing any more. */
static void a_half_open_endpoint_is_left_for_the_next(void)
{
    char url[96];
    struct store_watch w;
    struct store_session se;
    struct store_event e = {0};
    static struct store_status status;
    char first[32];
    relay_start(&relay, server.port);
    snprintf(first, sizeof(first), "127.0.0.1:%u", rt_addr_port(&relay.addr));
    snprintf(url, sizeof(url), "etcd://127.0.0.1:%u,127.0.0.1:%u", rt_addr_port(&relay.addr),
             server.port);
    struct store *s = open_url(url);
    struct reader r = watch_from(s, &w, "h", 0);
    WELL(store_session_open(&se, s, 5000, &suite_err, SOON));
    put_leased(s, "held", se.lease);
    CHECK(relay.connections >= 2);
    WELL(store_status(s, &status, &suite_err, SOON));
    CHECK(status.writable && status.trouble[0] == 0 && strcmp(status.where, first) == 0);
    relay_set(&relay, RELAY_HOLE);
    rt_time began = rt_now();
    CHECK_INT(store_put(s, SLICE("h"), SLICE("1"), 0, NULL, &suite_err, rt_now() + 300 * RT_MS),
              -ETIMEDOUT); /* in doubt: nobody knows */
    int64_t revision = put(s, "h", "2");
    CHECK(rt_now() - began < 3 * RT_SEC);
    WELL(store_status(s, &status, &suite_err, SOON)); /* not what was so a moment ago */
    CHECK(status.writable && strstr(status.trouble, first) && strcmp(status.where, first) != 0);
    do
        CHECK(next_event(&r, &e)); /* the watch by its PING */
    while (tap_ok_ && e.kv.mod_revision < revision);
    CHECK(rt_now() - began < 12 * RT_SEC);
    rt_sleep(began + 8 * RT_SEC); /* its time, and what a server takes to look */
    CHECK(store_session_alive(&se));
    CHECK_INT(get(s, "held").version, 1);
    relay_set(&relay, RELAY_PASS);
    store_session_close(&se, SOON);
    unwatch(&r);
    store_close(s);
    relay_stop(&relay);
}

static void compaction_behind_a_broken_watch_is_told(void)
{
    struct store_watch w;
    uint32_t events;
    struct store *s = through_relay();
    put(direct, "g", "1");
    (void)watch_from(s, &w, "g", 0);
    relay_set(&relay, RELAY_CLOSED);
    for (int i = 0; i < 5; i++)
        put(direct, "g", "2");
    int64_t revision = put(direct, "g", "3");
    WELL(store_compact(direct, revision, &suite_err, SOON));
    relay_set(&relay, RELAY_PASS);
    struct store_batch *b = last_batch(&w, &events);
    CHECK(b && b->end == STORE_WATCH_COMPACTED && b->compacted == revision);
    store_batch_free(b);
    store_unwatch(&w);
    store_close(s);
    relay_stop(&relay);
}

static int64_t told[32]; /* revisions, as they came */
static uint32_t told_count;

static void take_told(const struct store_batch *b)
{
    for (uint32_t i = 0; i < b->count && told_count < ARRAY_LEN(told); i++)
        told[told_count++] = b->events[i].kv.mod_revision;
}

static void wait_until_told(const struct watched *w, int64_t revision)
{
    rt_time until = rt_now() + 20 * RT_SEC;
    while (w->told < revision && w->bad_ends == 0 && rt_now() < until)
        rt_sleep(rt_now() + 5 * RT_MS);
    CHECK(w->told >= revision);
}

/* Cuts the network off, writes `puts` times, and compacts up to the last of them but `left`; then
 * one more is written, to a watch that stands again. Returns the revision of the first. */
static int64_t compact_behind_it(const struct watched *w, int puts, int left)
{
    int64_t revision = 0;
    relay_set(&relay, RELAY_CLOSED);
    for (int i = 0; i < puts; i++)
        revision = put(direct, "p/changed", "x");
    WELL(store_compact(direct, revision - left, &suite_err, SOON));
    relay_set(&relay, RELAY_PASS);
    wait_until_told(w, revision);
    wait_until_told(w, put(direct, "p/changed", "newest"));
    return revision - puts + 1;
}

/* What the network was cut off for was not told, but is in the list. */
static void look_at_gap(const struct watched *w, int64_t first, int64_t last)
{
    const struct watched_gap *gap = watched_gap_of(w, first);
    CHECK(gap && gap == watched_gap_of(w, last));
    if (!gap)
        return;
    CHECK(!watched_gap_of(w, first - 1) && !watched_gap_of(w, last + 1));
    CHECK_INT(gap->list.revision, last);
    const struct store_kv *changed = watched_gap_find(gap, SLICE("p/changed"));
    CHECK(changed && changed->mod_revision == last && is(changed->value, "x"));
    CHECK(watched_gap_find(gap, SLICE("p/stays")) && !watched_gap_find(gap, SLICE("p/gone")));
}

/* The way that store.h documents, as one goes it who must miss nothing: etcd_cluster.c relies on
 * this, and on what watched.h counts. */
static void a_watch_that_a_compaction_passed_lists_and_goes_on(void)
{
    static struct watched w;
    struct rt_group g;
    w = (struct watched){.prefix = "p/", .take = take_told, .store = through_relay()};
    told_count = 0;
    put(direct, "p/stays", "1");
    CHECK_INT(watched_open(&w, 0, SOON), 0);
    rt_group_init(&g, "watched");
    rt_go(&g, watched_run, &w);
    wait_until_told(&w, put(direct, "p/changed", "1"));

    int64_t first = compact_behind_it(&w, 3, 2); /* the next one is the oldest that is left */
    CHECK_INT(w.gap_count, 0);
    CHECK_INT(told_count, 5);
    for (uint32_t i = 0; i < told_count; i++)
        CHECK_INT(told[i], first - 1 + i);

    first = compact_behind_it(&w, 3, 1); /* the next one is gone */
    CHECK_INT(w.gap_count, 1);
    look_at_gap(&w, first, first + 2);
    CHECK_INT(told_count, 6);
    CHECK_INT(told[5], first + 3);

    CHECK_INT(w.bad_ends, 0);
    store_close(w.store); /* an end that no compaction explains */
    CHECK_INT(rt_group_wait(&g, SOON), 0);
    CHECK_INT(w.bad_ends, 1);
    rt_group_done(&g);
    watched_done(&w);
    relay_stop(&relay);
}

static void a_lease_that_ran_out_while_the_network_was_gone_is_lost(void)
{
    struct store_session se;
    struct store *s = through_relay();
    WELL(store_session_open(&se, s, 2000, &suite_err, SOON));
    put_leased(s, "ran", se.lease);
    relay_set(&relay, RELAY_CLOSED);
    CHECK_INT(rt_event_wait(&se.lost, rt_now() + 4 * RT_SEC), 0);
    CHECK(!store_session_alive(&se));
    rt_time until = SOON;
    while (get(direct, "ran").version != 0 && rt_now() < until)
        rt_sleep(rt_now() + 50 * RT_MS);
    CHECK_INT(get(direct, "ran").version, 0);
    relay_set(&relay, RELAY_PASS);
    CHECK_INT(store_lease_keep(s, se.lease, NULL, NULL, SOON), -ENOENT);
    store_session_close(&se, SOON);
    store_close(s);
    relay_stop(&relay);
}

static void task_keeps(void *arg)
{
    CHECK_INT(store_lease_keep(arg, 1, NULL, NULL, RT_NEVER), -ECANCELED);
}

static void task_watches(void *arg)
{
    struct store_watch w;
    struct store_watch_request q = {.keys = store_prefix(SLICE("k")), .revision = 1};
    CHECK_INT(store_watch(arg, &q, &w, NULL, RT_NEVER), -ECANCELED);
}

static void task_puts(void *arg)
{
    CHECK_INT(store_put(arg, SLICE("k"), SLICE("w"), 0, NULL, NULL, RT_NEVER), -ECANCELED);
}

static void tasks_that_are_cancelled_or_out_of_time_leave_nothing_behind(void)
{
    struct rt_group g;
    struct store *s = through_relay();
    put(s, "k", "v");
    relay_set(&relay, RELAY_HOLE);
    for (int i = 0; i < 5; i++) {
        CHECK_INT(store_lease_keep(s, 1, NULL, NULL, rt_now() + 20 * RT_MS), -ETIMEDOUT);
        struct store_watch w;
        struct store_watch_request q = {.keys = store_prefix(SLICE("k")), .revision = 1};
        CHECK_INT(store_watch(s, &q, &w, NULL, rt_now() + 20 * RT_MS), -ETIMEDOUT);
    }
    rt_group_init(&g, "cancelled");
    for (int i = 0; i < 5; i++) {
        rt_go(&g, task_keeps, s);
        rt_go(&g, task_watches, s);
        rt_go(&g, task_puts, s);
    }
    rt_sleep(rt_now() + 50 * RT_MS);
    rt_group_done(&g);
    relay_set(&relay, RELAY_PASS);
    CHECK(get(s, "k").version > 0);
    CHECK_INT(store_lease_keep(s, 1, NULL, NULL, SOON), -ENOENT);
    store_close(s);
    relay_stop(&relay);
}

/* ---- running ---- */

static void (*case_now)(void);

static void run_case(void *arg)
{
    (void)arg;
    direct = open_at(server.port);
    case_now();
    store_close(direct);
    arena_reset(&suite_arena);
}

/* On a server of its own, for a case that takes the server away or waits for long. */
static void run_case_alone(void *arg)
{
    (void)arg;
    etcd_server_make(&server, binary, 2);
    etcd_server_run(&server, NULL);
    CHECK(port_opens(server.port));
    run_case(NULL);
    etcd_server_stop(&server);
}

static const char *only; /* a word of the cases to run; NULL: all */

#define CASE(fn)                                                   \
    do {                                                           \
        if (only && !strstr(#fn, only))                            \
            break;                                                 \
        char label_[160];                                          \
        tap_ok_ = true;                                            \
        case_now = (fn);                                           \
        CHECK_INT(rt_run(NULL, run_case, NULL), 0);                \
        snprintf(label_, sizeof(label_), "%s (%s)", #fn, version); \
        tap_report_(label_);                                       \
    } while (0)

#define BESIDE(fn)                                        \
    do {                                                  \
        if (only && !strstr(#fn, only))                   \
            break;                                        \
        case_now = (fn);                                  \
        beside_begin(#fn, version, run_case_alone, NULL); \
    } while (0)

static void run_all(const char *version)
{
    BESIDE(a_half_open_endpoint_is_left_for_the_next);
    BESIDE(a_session_outlives_a_restart_shorter_than_its_lease);
    etcd_server_make(&server, binary, 1);
    etcd_server_run(&server, NULL);
    if (!port_opens(server.port)) {
        printf("Bail out! %s does not start\n", binary);
        exit(1);
    }
    CASE(a_watch_goes_on_where_it_was_when_the_server_comes_back);
    CASE(a_stopped_server_is_told_in_time_and_found_again);
    CASE(a_cut_connection_is_made_again_and_its_watches_resume);
    CASE(a_write_whose_answer_is_lost_is_in_doubt_and_not_repeated);
    CASE(a_connection_that_breaks_under_a_write_leaves_a_doubt);
    CASE(a_write_that_was_never_sent_waits_for_the_network);
    CASE(compaction_behind_a_broken_watch_is_told);
    CASE(a_watch_that_a_compaction_passed_lists_and_goes_on);
    CASE(a_lease_that_ran_out_while_the_network_was_gone_is_lost);
    CASE(tasks_that_are_cancelled_or_out_of_time_leave_nothing_behind);
    etcd_server_stop(&server);
    beside_end();
}

static void nothing_is_left_allocated(void)
{
    arena_done(&suite_arena);
    CHECK_INT(mem_usage_of(MEM_STORE).live, 0);
    CHECK_INT(mem_usage_of(MEM_NET).live, 0);
}

/* usage: etcd_fault_test [WORD]     the cases whose name has it */
int main(int argc, char **argv)
{
    static char path[512];
    only = argc > 1 ? argv[1] : NULL;
    (void)suite_run; /* the suite's helpers are wanted here, not its cases */
    leave_network();
    bool newest = peer_where("etcd", path, sizeof(path));
    binary = newest ? path : ETCD_OF_DEBIAN;
    if (access(binary, X_OK) < 0) {
        printf("1..1\nok 1 - faults # SKIP there is no etcd here: Debian has it in etcd-server\n");
        return 0;
    }
    run_all(newest ? "etcd 3.6" : "etcd 3.4");
    TAP_RUN(nothing_is_left_allocated);
    return tap_done();
}
