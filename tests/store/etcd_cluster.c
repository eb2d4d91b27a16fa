/* etcd_cluster.c - three members of a real etcd, each in a network of its own, under faults.
 *
 * usage: etcd_cluster [FAULTS [SEED]]     15 faults; the seed is printed
 *
 * Clients read, write, compare and delete while members are killed, stopped, cut off from their
 * peers or from everybody, while the leader moves and history is compacted, now and then while a
 * member is without its peers. What must hold:
 *  - the history of all calls is linearizable (tools/linear.h), those in doubt at any time or
 * never;
 *  - a watch that runs through it all tells every acknowledged write once, in the order of
 * revisions, and another one every transaction of a flood whole: 200 faults are a million events.
 * One that a compaction passed while it was cut off lists, and the list has what it was not told;
 *  - while a session says that it is alive, the key that it holds is there;
 *  - a lease that nobody keeps ends never early, and in a calm cluster late by at most a tenth of
 * its time and a second; where the leader moves, it has its whole time once more.
 * Prints TAP, and how often each fault happened and each check had something to check: a zero is a
 * failure. Needs root (networks) and an etcd; says so and skips where there is none. */
#include <signal.h>

#include "base/defs.h"
#include "net/grpc.h"
#include "store/etcd.h"
#include "store/session.h"
#include "tests/store/etcd_ask.h"
#include "tests/store/etcd_machines.h"
#include "tests/store/watched.h"
#include "tools/linear.h"
#include "wire/protobuf.h"

enum {
    CLIENTS = 9,
    KEYS = 30,            /* of one group of faults */
    FAULTS_OF_GROUP = 15, /* so that no key has more calls than the checker takes */
    OPS_MAX = 400 * 1000,
    EVENTS_MAX = OPS_MAX,
    FLOOD_PUTS = 120, /* of one transaction */
    FLOOD_EVENTS_LONG = 1000 * 1000,
    FLOODS_MAX = 100 * 1000,
    LEASES_MAX = 4096,
    LEASE_HOLDERS = 3,
    LEASE_MS = 3000,
    LAG_MS = 300,       /* later than that, the machine is too busy to judge who is late */
    ELECTION_MS = 1000, /* etcd's own: a new leader adds it to each lease's time */
    PAUSE_MS = 25,
    FAULT_MS = 2500,
    OUTAGE_MS = 5000, /* and then etcd has long ended the watches of a member without a leader */
    HEAL_MS = 1500,
};

/* OUTAGE: no peers, for so long that history is compacted behind the watches there. */
enum fault { KILL, STOP, NO_PEERS, CUT_OFF, MOVE_LEADER, COMPACT, OUTAGE, FAULT_KINDS };
static const char *const fault_names[] = {"kill", "stop",    "no_peers", "cut_off",
                                          "move", "compact", "outage"};

static struct store *stores[MEMBERS]; /* each begins at another endpoint */
static uint64_t random_state;
static uint32_t faults_wanted = 15;
static uint32_t group; /* of keys */
static bool over, lagged, newest;

struct flood {
    int64_t revision;
    uint64_t value;
};
static struct flood floods[FLOODS_MAX], floods_told[FLOODS_MAX];
static uint32_t flood_count, floods_told_count, floods_broken;

struct held {
    int64_t id, ttl_ms;
    rt_time sure_from, most_from; /* its time began between these */
    rt_time gone;                 /* when that was told; 0: not yet */
    int64_t put;                  /* the revision of its key; 0: not known */
};
static struct held leases[LEASES_MAX];
static uint32_t lease_count, leases_early, leases_late, leases_judged, leases_ended;

static struct linear_op ops[OPS_MAX];
static int64_t written[OPS_MAX]; /* the revision of ops[i], where it was acknowledged */
static uint32_t op_count, doubts, refused;
static int64_t told[EVENTS_MAX]; /* revisions, as the watch told them */
static uint32_t told_count, session_checks, sessions_lost, fault_counts[FAULT_KINDS];
static uint64_t told_value[EVENTS_MAX];

static uint64_t draw(uint64_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (random_state >> 33) % below;
}

static uint64_t last_value; /* of all clients: no two writes write the same */
static uint64_t seen[KEYS]; /* something that a compare may meet */

/* ---- what etcdctl would be asked for ---- */

static uint64_t terms[MEMBERS]; /* one leader at most each, who begins leases anew */

/* Fills in the member's id and term; returns the leader's id. */
static uint64_t ask_status(int at)
{
    struct buf message = BUF(MEM_TEST, 0), reply = BUF(MEM_TEST, 0);
    struct pb_field f, h;
    uint64_t leader = 0;
    if (etcd_ask(members[at].ip, "/etcdserverpb.Maintenance/Status", &message, &reply) == 0)
        for (struct slice rest = buf_slice(&reply); pb_next(&rest, &f) > 0;) {
            if (f.tag == PB_TAG(4, PB_VARINT))
                leader = f.number;
            if (f.tag == PB_TAG(6, PB_VARINT))
                terms[at] = f.number;
            while (f.tag == PB_TAG(1, PB_BYTES) && pb_next(&f.bytes, &h) > 0)
                if (h.tag == PB_TAG(2, PB_VARINT))
                    members[at].id = h.number;
        }
    buf_done(&reply);
    return leader;
}

/* Which member leads; -1: none that we can reach knows. */
static int leader_at(void)
{
    for (int i = 0; i < MEMBERS; i++) {
        uint64_t leader = ask_status(i);
        for (int j = 0; leader && j < MEMBERS; j++)
            if (members[j].id == leader)
                return j;
    }
    return -1;
}

/* Waits until all members agree upon a leader, and returns its term. */
static uint64_t agreed_term(void)
{
    for (;; rt_sleep(rt_now() + 20 * RT_MS)) {
        uint64_t leader = ask_status(0);
        bool agreed = leader != 0;
        for (int i = 1; i < MEMBERS; i++)
            agreed = ask_status(i) == leader && terms[i] == terms[0] && agreed;
        if (agreed)
            return terms[0];
    }
}

static void move_leader(int from, int to)
{
    struct buf message = BUF(MEM_TEST, 0), reply = BUF(MEM_TEST, 0);
    pb_put_number(&message, 1, members[to].id);
    int r = etcd_ask(members[from].ip, "/etcdserverpb.Maintenance/MoveLeader", &message, &reply);
    if (r < 0)
        printf("# the leader did not move: %d\n", r);
    buf_done(&message);
    buf_done(&reply);
}

/* ---- faults ---- */

struct fault_job {
    enum fault fault;
    int at;
};

static void route_to_peers(int at, const char *what)
{
    for (int i = 0; i < MEMBERS; i++)
        if (i != at)
            run("nsenter -t %d -n ip route %s %s/32", (int)members[at].server.child.pid, what,
                members[i].ip);
}

static void begin_fault(void *arg)
{
    const struct fault_job *j = arg;
    struct member *m = &members[j->at];
    if (j->fault == KILL)
        child_stop(&m->server.child);
    else if (j->fault == STOP)
        kill(m->server.child.pid, SIGSTOP);
    else if (j->fault == CUT_OFF)
        run("ip link set v%s down", m->server.name);
    else if (j->fault == NO_PEERS || j->fault == OUTAGE)
        route_to_peers(j->at, "add blackhole");
}

static void end_fault(void *arg)
{
    const struct fault_job *j = arg;
    struct member *m = &members[j->at];
    if (j->fault == KILL)
        member_start(m);
    else if (j->fault == STOP)
        kill(m->server.child.pid, SIGCONT);
    else if (j->fault == CUT_OFF)
        run("ip link set v%s up", m->server.name);
    else if (j->fault == NO_PEERS || j->fault == OUTAGE)
        route_to_peers(j->at, "del blackhole");
}

static int64_t last_written(void)
{
    int64_t last = 0;
    for (uint32_t i = 0; i < op_count; i++)
        last = written[i] > last ? written[i] : last;
    return last;
}

/* By one who still reaches the others. */
static void compact_during_outage(void)
{
    int64_t last = last_written();
    int r = -ENETDOWN;
    for (int i = 0; i < MEMBERS && r < 0; i++)
        r = store_compact(stores[i], last, NULL, rt_now() + RT_SEC);
}

static void one_fault(enum fault fault)
{
    int leader = leader_at();
    struct fault_job j = {fault, (int)draw(MEMBERS)};
    if (leader >= 0 && draw(2))
        j.at = leader; /* half of them hit it */
    if (fault == OUTAGE)
        j.at = (int)(fault_counts[OUTAGE] % MEMBERS); /* the watches are at one of them */
    fault_counts[fault]++;
    if (fault == MOVE_LEADER && leader >= 0) {
        move_leader(leader, (leader + 1 + (int)draw(2)) % MEMBERS);
        rt_sleep(rt_now() + RT_SEC);
    } else if (fault == COMPACT && told_count) {
        (void)store_compact(stores[draw(MEMBERS)], told[told_count - 1], NULL, rt_now() + RT_SEC);
        rt_sleep(rt_now() + RT_SEC);
    } else {
        rt_offload(begin_fault, &j, RT_NEVER);
        rt_sleep(rt_now() + FAULT_MS * RT_MS);
        if (fault == OUTAGE) {
            compact_during_outage();
            rt_sleep(rt_now() + OUTAGE_MS * RT_MS);
        }
        rt_offload(end_fault, &j, RT_NEVER);
        rt_sleep(rt_now() + HEAL_MS * RT_MS);
    }
}

static void play_faults(uint32_t count)
{
    /* The long run has its events, too, however slow the machine is. */
    uint64_t events = count < 200 ? 0 : FLOOD_EVENTS_LONG;
    for (uint32_t i = 0;
         i < count || (floods_told_count * (uint64_t)FLOOD_PUTS < events && i < 2 * count); i++) {
        /* Each kind in turn, so that none is missed; the rest is drawn. */
        enum fault f =
            i < FAULT_KINDS * 2 ? (enum fault)(i % FAULT_KINDS) : (enum fault)draw(FAULT_KINDS);
        uint32_t before = op_count;
        if (i && i % FAULTS_OF_GROUP == 0) {
            group++;
            memset(seen, 0, sizeof(seen));
        }
        one_fault(f);
        printf("# %u %s: %u calls, %u in doubt so far\n", i + 1, fault_names[f], op_count - before,
               doubts);
        fflush(stdout);
    }
}

/* ---- clients ---- */

static bool in_doubt(int r)
{
    return r == -ETIMEDOUT || r == -ECANCELED || r == -ECONNRESET || r == -EIO;
}

static void record(const struct linear_op *op, int r, int64_t revision)
{
    if (r < 0 && (op->type == LINEAR_GET || !in_doubt(r))) {
        refused++;
        return;
    }
    if (op_count == OPS_MAX)
        return;
    ops[op_count] = *op;
    ops[op_count].end = r < 0 ? INT64_MAX : rt_now_exact();
    written[op_count] = r == 0 ? revision : 0;
    op_count++;
    doubts += r < 0;
}

static void do_get(struct store *s, struct linear_op *op, struct slice key, rt_time deadline)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct store_kv kv;
    int r = store_get(s, key, &a, &kv, NULL, deadline);
    if (r == 0 && kv.version && slice_to_u64(kv.value, UINT64_MAX, &op->result) < 0)
        abort();
    record(op, r, 0);
    arena_done(&a);
}

static void do_write(struct store *s, struct linear_op *op, struct slice key, rt_time deadline)
{
    char value[24], expect[24];
    struct arena a = ARENA(MEM_TEST, 0);
    struct store_txn_result result = {0};
    snprintf(value, sizeof(value), "%llu", (unsigned long long)op->value);
    snprintf(expect, sizeof(expect), "%llu", (unsigned long long)op->expect);
    struct store_compare c = {key, STORE_VALUE, STORE_EQUAL, 0, slice_from(expect)};
    if (op->expect == 0)
        c = (struct store_compare){.key = key, .target = STORE_VERSION};
    struct store_op then = {.type = STORE_PUT, .key = key, .value = slice_from(value)};
    if (op->type == LINEAR_DELETE)
        then = (struct store_op){.type = STORE_DELETE, .keys = store_key(key)};
    struct store_txn txn = {&c, op->type == LINEAR_CAS, &then, NULL, 1, 0};
    int r = store_txn(s, &txn, &a, &result, NULL, deadline);
    if (r == 0)
        op->ok = op->type == LINEAR_DELETE ? result.ops[0].deleted > 0 : result.succeeded;
    record(op, r, op->type == LINEAR_DELETE || !op->ok ? 0 : result.revision);
    arena_done(&a);
}

static void client(void *arg)
{
    uint32_t number = (uint32_t)(uintptr_t)arg;
    while (!over) {
        char key[24];
        uint32_t k = (uint32_t)draw(KEYS), of = group;
        struct linear_op op = {
            .client = number,
            .key = of * KEYS + k,
            .begin = rt_now_exact(),
        };
        rt_time deadline = rt_now() + (draw(2) ? 500 : 3000) * RT_MS;
        struct store *s = stores[number % MEMBERS];
        snprintf(key, sizeof(key), "k/%05u", op.key);
        op.type = draw(10) < 4 ? LINEAR_GET : (enum linear_type)draw(4);
        if (op.type == LINEAR_GET) {
            do_get(s, &op, slice_from(key), deadline);
            if (of == group)
                seen[k] = op.result;
        } else {
            op.value = op.type == LINEAR_DELETE ? 0 : ++last_value;
            op.expect = op.type == LINEAR_CAS ? seen[k] : 0;
            do_write(s, &op, slice_from(key), deadline);
            if (op.type != LINEAR_DELETE && op.ok && of == group)
                seen[k] = op.value;
        }
        rt_sleep(rt_now() + PAUSE_MS * RT_MS);
    }
}

static void take_writes(const struct store_batch *b)
{
    for (uint32_t i = 0; i < b->count && told_count < EVENTS_MAX; i++) {
        const struct store_event *e = &b->events[i];
        uint64_t value = 0;
        if (e->type == STORE_EVENT_PUT)
            (void)slice_to_u64(e->kv.value, UINT64_MAX, &value);
        told_value[told_count] = value;
        told[told_count++] = e->kv.mod_revision;
    }
}

/* While it is alive before and after a look, what it holds was there in between. */
static void session_owner(void *arg)
{
    struct store *s = stores[(uintptr_t)arg % MEMBERS];
    while (!over) {
        struct store_session se;
        if (store_session_open(&se, s, 8000, NULL, rt_now() + 10 * RT_SEC) < 0)
            continue;
        int r = store_put(s, SLICE("held"), SLICE("v"), se.lease, NULL, NULL, se.until);
        while (r == 0 && !over && store_session_alive(&se)) {
            struct arena a = ARENA(MEM_TEST, 0);
            struct store_kv kv;
            int got = store_get(s, SLICE("held"), &a, &kv, NULL, rt_now() + RT_SEC);
            if (got == 0 && store_session_alive(&se)) {
                session_checks++;
                CHECK(kv.version > 0 && kv.lease == se.lease);
            }
            arena_done(&a);
            rt_sleep(rt_now() + 100 * RT_MS);
        }
        sessions_lost += !over && r == 0;
        store_session_close(&se, rt_now() + 3 * RT_SEC);
    }
}

/* ---- a flood of events ---- */

static void flooder(void *arg)
{
    (void)arg;
    while (!over) {
        static char keys[FLOOD_PUTS][24]; /* rule zero: too large for a frame; one task's alone */
        static struct store_op then[FLOOD_PUTS];
        struct arena a = ARENA(MEM_TEST, 0);
        struct store_txn_result result = {0};
        char value[24];
        uint64_t number = ++last_value;
        snprintf(value, sizeof(value), "%llu", (unsigned long long)number);
        for (int i = 0; i < FLOOD_PUTS; i++) {
            snprintf(keys[i], sizeof(keys[i]), "flood/%03d", i);
            then[i] = (struct store_op){
                .type = STORE_PUT,
                .key = slice_from(keys[i]),
                .value = slice_from(value),
            };
        }
        struct store_txn txn = {.then = then, .then_count = FLOOD_PUTS};
        int r = store_txn(stores[1], &txn, &a, &result, NULL, rt_now() + RT_SEC);
        if (r == 0 && flood_count < FLOODS_MAX)
            floods[flood_count++] = (struct flood){result.revision, number};
        arena_done(&a);
        rt_sleep(rt_now() + PAUSE_MS * RT_MS);
    }
}

/* The events of one revision: one transaction, whole. Returns how many there are. */
static uint32_t take_flood(const struct store_event *e, uint32_t left)
{
    uint32_t n = 0;
    struct flood f = {e->kv.mod_revision, 0};
    while (n < left && e[n].kv.mod_revision == f.revision && slice_eq(e[n].kv.value, e->kv.value))
        n++;
    floods_broken += n != FLOOD_PUTS || slice_to_u64(e->kv.value, UINT64_MAX, &f.value) < 0;
    if (floods_told_count < FLOODS_MAX)
        floods_told[floods_told_count++] = f;
    return n;
}

static void take_floods(const struct store_batch *b)
{
    for (uint32_t i = 0; i < b->count;)
        i += take_flood(&b->events[i], b->count - i);
}

/* ---- leases that end ---- */

/* Grants one, with a key of its own. Returns NULL where either failed. */
static struct held *lease_begin(struct store *s, int64_t ttl_ms)
{
    char key[40];
    struct store_lease l;
    rt_time sent = rt_now_exact();
    if (lease_count == LEASES_MAX ||
        store_lease_grant(s, 0, ttl_ms, &l, NULL, rt_now() + RT_SEC) < 0)
        return NULL;
    struct held *h = &leases[lease_count++];
    *h = (struct held){l.id, l.ttl_ms, sent, rt_now_exact(), 0, 0};
    snprintf(key, sizeof(key), "lease/%lld", (long long)l.id);
    if (store_put(s, slice_from(key), SLICE("v"), l.id, &h->put, NULL, rt_now() + RT_SEC) == 0)
        return h;
    h->gone = 1; /* whether it has a key is not known, so that nothing may be told of it */
    return NULL;
}

static void lease_holder(void *arg)
{
    struct store *s = stores[(uintptr_t)arg % MEMBERS];
    while (!over) {
        struct held *h = lease_begin(s, LEASE_MS);
        for (uint64_t i = draw(3); i > 0 && h && !over; i--) {
            rt_sleep(rt_now() + h->ttl_ms * RT_MS / 3);
            rt_time sent = rt_now_exact();
            if (store_lease_keep(s, h->id, NULL, NULL, rt_now() + RT_SEC) < 0)
                break;
            h->sure_from = sent;
            h->most_from = rt_now_exact();
        }
        rt_sleep(rt_now() + 500 * RT_MS);
    }
}

/* An etcd before 3.5 lets a leader that was cut off keep leases which the new one ends. */
static void lease_gone(struct slice key, rt_time now)
{
    uint64_t id = 0;
    (void)slice_to_u64(slice_sub(key, 6, key.size), UINT64_MAX, &id);
    for (uint32_t i = 0; i < lease_count; i++) {
        struct held *h = &leases[i];
        if ((uint64_t)h->id != id || h->gone)
            continue;
        h->gone = now;
        leases_ended++;
        if ((newest || over) && now < h->sure_from + h->ttl_ms * RT_MS) {
            leases_early++;
            printf("# a lease ended %lld ms early\n",
                   (long long)((h->sure_from - now) / RT_MS + h->ttl_ms));
        }
    }
}

static void take_leases(const struct store_batch *b)
{
    for (uint32_t i = 0; i < b->count; i++)
        if (b->events[i].type == STORE_EVENT_DELETE)
            lease_gone(b->events[i].kv.key, rt_now_exact());
}

/* Those that are not listed any more ended before; how late, nobody was told. */
static void leases_relisted(const struct watched_gap *g)
{
    char key[40];
    lagged = true;
    for (uint32_t i = 0; i < lease_count; i++) {
        snprintf(key, sizeof(key), "lease/%lld", (long long)leases[i].id);
        if (leases[i].put && leases[i].put <= g->to && !watched_gap_find(g, slice_from(key)))
            lease_gone(slice_from(key), rt_now_exact());
    }
}

static struct watched of_keys = {.prefix = "k/", .take = take_writes};
static struct watched of_flood = {.prefix = "flood/", .take = take_floods};
static struct watched of_leases = {
    .prefix = "lease/",
    .take = take_leases,
    .relisted = leases_relisted,
};
static struct watched *const watched[] = {&of_keys, &of_flood, &of_leases};

static void clock_watcher(void *arg)
{
    (void)arg;
    for (rt_time due = rt_now(); rt_sleep(due) == 0; due = rt_now_exact() + 20 * RT_MS)
        lagged = lagged || rt_now_exact() - due > LAG_MS * RT_MS;
}

/* A cluster whose writes take long ends leases late, too: a write of its own. */
static void wait_until_gone(uint32_t from, rt_time until)
{
    for (uint32_t i = from; i < lease_count; i++)
        while (!leases[i].gone && rt_now() < until) {
            rt_time begun = rt_now_exact();
            (void)store_put(stores[0], SLICE("pulse"), SLICE("v"), 0, NULL, NULL, begun + RT_SEC);
            lagged = lagged || rt_now_exact() - begun > LAG_MS * RT_MS;
            rt_sleep(rt_now() + 20 * RT_MS);
        }
}

/* Nothing else happens; where the leader moves, their time begins anew when there is one again. */
static void leases_in_calm(bool moves)
{
    uint32_t first = lease_count;
    uint64_t term = agreed_term();
    rt_time moved = 0;
    lagged = false;
    for (int i = 0; i < 6; i++)
        (void)lease_begin(stores[i % MEMBERS], 2000 + 500 * i);
    if (moves) {
        int leader = leader_at();
        rt_sleep(rt_now() + RT_SEC);
        if (leader >= 0)
            move_leader(leader, (leader + 1) % MEMBERS);
        term = agreed_term();
        moved = rt_now_exact();
    }
    wait_until_gone(first, rt_now() + 30 * RT_SEC);
    lagged = lagged || agreed_term() != term; /* the leader moved once more */
    for (uint32_t i = first; i < lease_count; i++) {
        const struct held *h = &leases[i];
        rt_time from = h->most_from > moved ? h->most_from : moved + ELECTION_MS * RT_MS;
        CHECK(h->gone != 0);
        leases_judged += !lagged;
        if (lagged || h->gone <= from + (h->ttl_ms + h->ttl_ms / 10) * RT_MS + RT_SEC)
            continue;
        leases_late++;
        printf("# a lease ended %lld ms late\n", (long long)((h->gone - from) / RT_MS - h->ttl_ms));
    }
}

/* ---- what must hold ---- */

static void the_history_is_linearizable(void)
{
    static char why[LINEAR_WHY_MAX];
    int r = linear_check(ops, op_count, why);
    CHECK_INT(r, 1);
    if (r != 1)
        printf("# %s\n", why);
    CHECK(op_count > 100 && doubts > 0);
}

static int by_revision(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static bool may_be_deleted(const struct linear_op *op)
{
    for (uint32_t i = 0; i < op_count; i++)
        if (ops[i].type == LINEAR_DELETE && ops[i].key == op->key && ops[i].end > op->begin)
            return true;
    return false;
}

static void look_in_gap(const struct watched_gap *g, uint32_t i)
{
    char key[24];
    snprintf(key, sizeof(key), "k/%05u", ops[i].key);
    const struct store_kv *kv = watched_gap_find(g, slice_from(key));
    uint64_t value = 0;
    if (!kv)
        CHECK(may_be_deleted(&ops[i]));
    else if (kv->mod_revision == written[i])
        CHECK(slice_to_u64(kv->value, UINT64_MAX, &value) == 0 && value == ops[i].value);
    else
        CHECK(kv->mod_revision > written[i]);
}

static void the_watch_told_each_acknowledged_write_once(void)
{
    uint32_t looked_for = 0;
    for (size_t i = 0; i < ARRAY_LEN(watched); i++)
        CHECK_INT(watched[i]->bad_ends, 0);
    for (uint32_t i = 1; i < told_count; i++)
        CHECK(told[i] > told[i - 1]); /* no transaction here writes two keys */
    for (uint32_t i = 0; i < op_count; i++) {
        if (written[i] == 0)
            continue;
        int64_t *at = bsearch(&written[i], told, told_count, sizeof(*told), by_revision);
        const struct watched_gap *g = watched_gap_of(&of_keys, written[i]);
        looked_for++;
        CHECK((at != NULL) != (g != NULL));
        if (at)
            CHECK(told_value[at - told] == ops[i].value);
        else if (g)
            look_in_gap(g, i);
    }
    CHECK(looked_for > 50);
}

/* The newest transaction, whole. */
static void flood_is_listed(const struct watched_gap *g, const struct flood *f)
{
    CHECK_INT(g->list.count, FLOOD_PUTS);
    for (uint32_t i = 0; i < g->list.count; i++)
        CHECK(g->list.kvs[i].mod_revision == g->list.kvs[0].mod_revision &&
              g->list.kvs[i].mod_revision >= f->revision);
}

static void the_flood_was_told_whole_and_once(void)
{
    CHECK_INT(floods_broken, 0);
    for (uint32_t i = 1; i < floods_told_count; i++)
        CHECK(floods_told[i].revision > floods_told[i - 1].revision);
    for (uint32_t i = 0, at = 0; i < flood_count; i++) {
        const struct watched_gap *g = watched_gap_of(&of_flood, floods[i].revision);
        if (g) {
            flood_is_listed(g, &floods[i]);
            continue;
        }
        while (at < floods_told_count && floods_told[at].revision < floods[i].revision)
            at++;
        CHECK(at < floods_told_count && floods_told[at].revision == floods[i].revision &&
              floods_told[at].value == floods[i].value);
    }
    CHECK(flood_count > 20);
    CHECK(faults_wanted < 200 || floods_told_count * (uint64_t)FLOOD_PUTS >= FLOOD_EVENTS_LONG);
}

static void leases_ended_neither_early_nor_late(void)
{
    CHECK_INT(leases_early, 0);
    CHECK_INT(leases_late, 0);
    for (uint32_t i = 0; i < lease_count; i++)
        CHECK(leases[i].gone != 0);
    CHECK(leases_ended > 10);
}

static void every_fault_and_check_had_its_turn(void)
{
    uint32_t gaps = 0;
    for (int i = 0; i < FAULT_KINDS; i++)
        CHECK(fault_counts[i] > 0);
    for (size_t i = 0; i < ARRAY_LEN(watched); i++)
        gaps += watched[i]->gap_count;
    CHECK(faults_wanted < 200 || gaps > 0);
    CHECK(session_checks > 10);
}

/* ---- running ---- */

static void open_stores(void)
{
    struct err err = {0};
    for (int i = 0; i < MEMBERS; i++) {
        int r;
        rt_time until = rt_now() + 20 * RT_SEC;
        do
            r = store_etcd_open(url[i], &stores[i], &err, until);
        while (r < 0 && rt_now() < until && rt_sleep(rt_now() + 100 * RT_MS) == 0);
        if (r < 0) {
            printf("Bail out! %s\n", err.text);
            exit(1);
        }
    }
}

/* Until the watch has told everything that was acknowledged. */
static void wait_for_the_watch(void)
{
    int64_t last = last_written();
    int64_t last_flood = flood_count ? floods[flood_count - 1].revision : 0;
    rt_time until = rt_now() + 20 * RT_SEC;
    while ((of_keys.told < last || of_flood.told < last_flood) && rt_now() < until)
        rt_sleep(rt_now() + 20 * RT_MS);
}

static void play_calm(void)
{
    rt_time until = rt_now() + 20 * RT_SEC;
    while (leader_at() < 0 && rt_now() < until)
        rt_sleep(rt_now() + 100 * RT_MS);
    rt_sleep(rt_now() + 2 * RT_SEC);
    leases_in_calm(false);
    leases_in_calm(true);
    wait_until_gone(0, rt_now() + 20 * RT_SEC);
}

static void play_all(void)
{
    struct rt_group clients;
    rt_group_init(&clients, "clients");
    rt_go(&clients, session_owner, (void *)(uintptr_t)1);
    rt_go(&clients, flooder, NULL);
    for (uintptr_t i = 0; i < LEASE_HOLDERS; i++)
        rt_go(&clients, lease_holder, (void *)i);
    for (uintptr_t i = 0; i < CLIENTS; i++)
        rt_go(&clients, client, (void *)i);
    play_faults(faults_wanted);
    over = true;
    rt_group_wait(&clients, rt_now() + 30 * RT_SEC);
    rt_group_done(&clients);
    play_calm();
    wait_for_the_watch();
}

static void play(void *arg)
{
    struct rt_group others;
    (void)arg;
    open_stores();
    for (int i = 0; i < MEMBERS; i++)
        (void)ask_status(i);
    rt_group_init(&others, "others");
    rt_go(&others, clock_watcher, NULL);
    for (size_t i = 0; i < ARRAY_LEN(watched); i++) {
        watched[i]->store = stores[i % MEMBERS];
        CHECK_INT(watched_open(watched[i], 0, rt_now() + 5 * RT_SEC), 0);
        rt_go(&others, watched_run, watched[i]);
    }
    play_all();
    rt_group_done(&others);
    for (size_t i = 0; i < ARRAY_LEN(watched); i++)
        store_unwatch(&watched[i]->watch);
    for (int i = 0; i < MEMBERS; i++)
        store_close(stores[i]);
}

int main(int argc, char **argv)
{
    static char path[512];
    newest = peer_where("etcd", path, sizeof(path));
    const char *binary = newest ? path : ETCD_OF_DEBIAN;
    faults_wanted = argc > 1 ? (uint32_t)atoi(argv[1]) : 15;
    random_state = argc > 2 ? (uint64_t)atoll(argv[2]) : (uint64_t)getpid() * 2654435761u;
    if (access(binary, X_OK) < 0 || unshare(CLONE_NEWNET) < 0) {
        printf("1..1\nok 1 - cluster # SKIP it needs an etcd, and to be allowed networks\n");
        return 0;
    }
    printf("# seed %llu, etcd %s\n", (unsigned long long)random_state, newest ? "3.6" : "3.4");
    run("ip link set lo up");
    make_members(binary);
    tap_ok_ = true;
    CHECK_INT(rt_run(NULL, play, NULL), 0);
    tap_report_("sessions_that_say_they_live_do");
    for (int i = 0; i < MEMBERS; i++)
        etcd_server_stop(&members[i].server);
    TAP_RUN(the_history_is_linearizable);
    TAP_RUN(the_watch_told_each_acknowledged_write_once);
    TAP_RUN(the_flood_was_told_whole_and_once);
    TAP_RUN(leases_ended_neither_early_nor_late);
    TAP_RUN(every_fault_and_check_had_its_turn);
    printf(
        "# %u calls checked, %u in doubt, %u refused; %u events told, %llu of the flood; session "
        "looked at %u times, lost %u times; %u leases ended, %u of them judged for being late\n#",
        op_count, doubts, refused, told_count, (unsigned long long)floods_told_count * FLOOD_PUTS,
        session_checks, sessions_lost, leases_ended, leases_judged);
    for (int i = 0; i < FAULT_KINDS; i++)
        printf(" %s=%u", fault_names[i], fault_counts[i]);
    printf("\n# watches that a compaction passed:");
    for (size_t i = 0; i < ARRAY_LEN(watched); i++) {
        printf(" %s=%u", watched[i]->prefix, watched[i]->gap_count);
        watched_done(watched[i]);
    }
    printf("\n");
    return tap_done();
}
