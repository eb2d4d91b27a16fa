/* kill_life.h - one life of a store that is going to be killed: its clients, and what they note.
 *
 * Whatever is asked for is noted before it is asked, and whatever was answered or told as soon as
 * it was, through a pipe whose other end outlives the killed. Clocks are the machine's: notes of
 * several lives stand in one order. */
#ifndef FIREBREAK_TESTS_STORE_KILL_LIFE_H
#define FIREBREAK_TESTS_STORE_KILL_LIFE_H

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/defs.h"
#include "store/sqlite.h"
#include "tests/tap.h"
#include "tools/linear.h"

enum {
    LIFE_CLIENTS = 8,
    LIFE_KEYS = 12,  /* of one group of lives */
    LIFE_FLOOD = 64, /* keys that one transaction of the flood writes */
    LIFE_HISTORY = 4000,
    LIFE_LEASE_MS = 1000,
    LIFE_LAG_MS = 300, /* later than that, the machine is too busy to judge who is late */
};

enum note_kind {
    NOTE_OPENED,  /* at, result: when it was asked for and done; value: what was compacted */
    NOTE_BEGIN,   /* of a call */
    NOTE_END,     /* of it: result, ok, error, revision */
    NOTE_TOLD,    /* by the watch that goes on where the last life's ended */
    NOTE_HISTORY, /* by one that begins in the past */
    NOTE_AGAIN,   /* a watch ended and began anew; value: store_watch_end */
    NOTE_LEASE,   /* value: the lease; at, result: before and after it was granted or kept */
    NOTE_LATE,    /* this process did not run for longer than LIFE_LAG_MS */
};

enum change_kind { CHANGE_NONE, CHANGE_PUT, CHANGE_DELETE, CHANGE_FLOOD, CHANGE_HELD, CHANGE_GONE };

struct note {
    enum note_kind kind;
    uint32_t client, key;
    enum linear_type type;
    enum change_kind change;
    int64_t at, revision;
    uint64_t value, expect; /* value: also of a flood, and the lease of HELD and GONE */
    uint64_t result;        /* of what was told: how many events */
    int32_t error;
    bool ok; /* of a change: as it was written, whole */
};

struct life {
    int notes;      /* to write to */
    uint32_t group; /* of keys */
    uint64_t first_value;
    int64_t told, past; /* the last revision that was told; where a look at the past begins */
    uint32_t pause_ms;  /* of clients between calls, at most */
    bool quiet;         /* nobody asks for anything: what is left is told */
    const char *folder;
};

static struct life life;
static struct store *life_store;
static uint64_t life_value, life_seen[LIFE_KEYS];

static void note(struct note n)
{
    if (write(life.notes, &n, sizeof(n)) != sizeof(n))
        _exit(3);
}

/* ---- clients ---- */

/* The twin is written with the key: what a transaction did is whole, or a watch shows it. */
static int life_write(const struct note *n, struct note *end)
{
    char key[24], twin[24], value[24], expect[24];
    struct arena a = ARENA(MEM_TEST, 0);
    struct store_txn_result result = {0};
    snprintf(key, sizeof(key), "k/%05u", n->key);
    snprintf(twin, sizeof(twin), "twin/%05u", n->key);
    snprintf(value, sizeof(value), "%llu", (unsigned long long)n->value);
    snprintf(expect, sizeof(expect), "%llu", (unsigned long long)n->expect);
    struct store_compare c = {slice_from(key), STORE_VALUE, STORE_EQUAL, 0, slice_from(expect)};
    if (n->expect == 0)
        c = (struct store_compare){.key = slice_from(key), .target = STORE_VERSION};
    struct store_op put[] = {
        {.type = STORE_PUT, .key = slice_from(key), .value = slice_from(value)},
        {.type = STORE_PUT, .key = slice_from(twin), .value = slice_from(value)},
    };
    struct store_op delete = {.type = STORE_DELETE, .keys = store_key(slice_from(key))};
    bool deletes = n->type == LINEAR_DELETE;
    struct store_txn txn = {&c,   n->type == LINEAR_CAS, deletes ? &delete : put,
                            NULL, deletes ? 1 : 2,       0};
    int r = store_txn(life_store, &txn, &a, &result, NULL, rt_now() + 20 * RT_SEC);
    if (r == 0) {
        end->ok = deletes ? result.ops[0].deleted > 0 : result.succeeded;
        end->revision = end->ok ? result.revision : 0;
    }
    arena_done(&a);
    return r;
}

static int life_read(const struct note *n, struct note *end)
{
    char key[24];
    struct arena a = ARENA(MEM_TEST, 0);
    struct store_kv kv;
    snprintf(key, sizeof(key), "k/%05u", n->key);
    int r = store_get(life_store, slice_from(key), &a, &kv, NULL, rt_now() + 20 * RT_SEC);
    if (r == 0 && kv.version && slice_to_u64(kv.value, UINT64_MAX, &end->result) < 0)
        end->error = -EBADMSG;
    arena_done(&a);
    return r;
}

static void life_client(void *arg)
{
    uint32_t number = (uint32_t)(uintptr_t)arg;
    for (;;) {
        uint32_t k = (uint32_t)(rt_random() % LIFE_KEYS);
        struct note n = {
            .kind = NOTE_BEGIN,
            .client = number,
            .key = life.group * LIFE_KEYS + k,
            .type = rt_random() % 10 < 3 ? LINEAR_GET : (enum linear_type)(rt_random() % 4),
        };
        n.value = n.type == LINEAR_PUT || n.type == LINEAR_CAS ? ++life_value : 0;
        n.expect = n.type == LINEAR_CAS ? life_seen[k] : 0;
        n.at = rt_now_exact();
        note(n);
        struct note end = n;
        end.kind = NOTE_END;
        int r = n.type == LINEAR_GET ? life_read(&n, &end) : life_write(&n, &end);
        end.error = r < 0 ? r : end.error;
        end.at = rt_now_exact();
        note(end);
        life_seen[k] = n.type == LINEAR_GET ? end.result : end.ok ? n.value : life_seen[k];
        rt_sleep(rt_now() + (rt_time)(rt_random() % life.pause_ms) * RT_MS);
    }
}

static void life_flood(void *arg)
{
    (void)arg;
    for (;;) {
        static char keys[LIFE_FLOOD][24]; /* rule zero: too large for a frame; one task's alone */
        static struct store_op ops[LIFE_FLOOD];
        char value[24];
        struct store_txn_result result = {0};
        struct arena a = ARENA(MEM_TEST, 0);
        struct note n = {.kind = NOTE_END, .client = LIFE_CLIENTS, .value = ++life_value};
        snprintf(value, sizeof(value), "%llu", (unsigned long long)n.value);
        for (int i = 0; i < LIFE_FLOOD; i++) {
            snprintf(keys[i], sizeof(keys[i]), "flood/%02d", i);
            ops[i] = (struct store_op){
                .type = STORE_PUT,
                .key = slice_from(keys[i]),
                .value = slice_from(value),
            };
        }
        struct store_txn txn = {.then = ops, .then_count = LIFE_FLOOD};
        n.error = store_txn(life_store, &txn, &a, &result, NULL, rt_now() + 20 * RT_SEC);
        n.change = CHANGE_FLOOD;
        n.revision = result.revision;
        note(n);
        arena_done(&a);
        rt_sleep(rt_now() + life.pause_ms / 8 * RT_MS);
    }
}

/* A lease with a key, kept now and then, and then left alone. */
static void life_leases(void *arg)
{
    (void)arg;
    for (;;) {
        char key[40];
        struct store_lease l;
        struct note n = {.kind = NOTE_LEASE, .at = rt_now_exact()};
        int r = store_lease_grant(life_store, 0, LIFE_LEASE_MS, &l, NULL, rt_now() + 20 * RT_SEC);
        if (r < 0)
            continue;
        n.value = (uint64_t)l.id;
        snprintf(key, sizeof(key), "lease/%llu", (unsigned long long)n.value);
        r = store_put(life_store, slice_from(key), SLICE("held"), l.id, NULL, NULL,
                      rt_now() + 20 * RT_SEC);
        n.result = (uint64_t)rt_now_exact();
        if (r == 0)
            note(n);
        for (uint64_t i = rt_random() % 4; i > 0 && r == 0; i--) {
            rt_sleep(rt_now() + LIFE_LEASE_MS * RT_MS / 3);
            n.at = rt_now_exact();
            r = store_lease_keep(life_store, l.id, NULL, NULL, rt_now() + 20 * RT_SEC);
            n.result = (uint64_t)rt_now_exact();
            if (r == 0)
                note(n);
        }
        rt_sleep(rt_now() + 20 * RT_MS);
    }
}

static void life_clock(void *arg)
{
    (void)arg;
    for (rt_time due = rt_now(); rt_sleep(due) == 0; due = rt_now_exact() + 20 * RT_MS)
        if (rt_now_exact() - due > LIFE_LAG_MS * RT_MS)
            note((struct note){.kind = NOTE_LATE});
}

/* ---- watches ---- */

static uint64_t number_of(struct slice s)
{
    uint64_t n = 0;
    (void)slice_to_u64(s, UINT64_MAX, &n);
    return n;
}

static bool same_flood(const struct store_event *e, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (e[i].type != STORE_EVENT_PUT || !slice_starts_with(e[i].kv.key, SLICE("flood/")) ||
            !slice_eq(e[i].kv.value, e[0].kv.value))
            return false;
    return count == LIFE_FLOOD;
}

/* All events of one revision, in one word. */
static struct note what_changed(const struct store_event *e, uint32_t count)
{
    struct slice key = e->kv.key;
    bool puts = e->type == STORE_EVENT_PUT;
    struct note n = {
        .revision = e->kv.mod_revision, .value = number_of(e->kv.value), .at = rt_now_exact()};
    if (slice_starts_with(key, SLICE("flood/"))) {
        n.change = CHANGE_FLOOD;
        n.ok = same_flood(e, count);
    } else if (slice_starts_with(key, SLICE("lease/"))) {
        n.change = puts ? CHANGE_HELD : CHANGE_GONE;
        n.value = number_of(slice_sub(key, 6, key.size));
        n.ok = count == 1;
    } else if (slice_starts_with(key, SLICE("k/"))) {
        n.change = puts ? CHANGE_PUT : CHANGE_DELETE;
        n.key = (uint32_t)number_of(slice_sub(key, 2, key.size));
        n.ok = count == (puts ? 2 : 1);
        if (puts && n.ok)
            n.ok = slice_starts_with(e[1].kv.key, SLICE("twin/")) &&
                   slice_eq(e[1].kv.value, e[0].kv.value);
    }
    return n;
}

/* Returns the last revision that was told. */
static int64_t tell(const struct store_batch *b, enum note_kind kind, int64_t told)
{
    for (uint32_t i = 0, n; i < b->count; i += n) {
        for (n = 1;
             i + n < b->count && b->events[i + n].kv.mod_revision == b->events[i].kv.mod_revision;)
            n++;
        struct note told_now = what_changed(&b->events[i], n);
        told_now.kind = kind;
        told_now.result = n;
        note(told_now);
        told = told_now.revision;
    }
    return told;
}

static void follow(enum note_kind kind, int64_t told)
{
    for (;;) {
        struct store_watch w;
        struct store_batch *b;
        struct store_watch_request q = {.keys = store_prefix(SLICE("")), .revision = told + 1};
        if (store_watch(life_store, &q, &w, NULL, rt_now() + 20 * RT_SEC) < 0)
            continue;
        while (rt_recv(&w.batches, &b, RT_NEVER) == 0) {
            told = tell(b, kind, told);
            if (b->end == STORE_WATCH_COMPACTED)
                told = b->compacted;
            if (b->end != STORE_WATCH_GOES_ON)
                note((struct note){.kind = NOTE_AGAIN, .value = b->end});
            store_batch_free(b);
        }
        store_unwatch(&w);
        rt_sleep(rt_now() + 5 * RT_MS);
    }
}

static void life_watcher(void *arg)
{
    (void)arg;
    follow(NOTE_TOLD, life.told);
}

static void life_historian(void *arg)
{
    (void)arg;
    follow(NOTE_HISTORY, life.past);
}

/* ---- the life ---- */

static void life_main(void *arg)
{
    struct rt_group g;
    struct store_status status = {0};
    struct err err = {0};
    struct note opened = {.kind = NOTE_OPENED, .at = rt_now_exact()};
    struct store_sqlite_options options = {
        .folder = life.folder,
        .who = "the killed",
        .history = LIFE_HISTORY,
    };
    (void)arg;
    int r = store_sqlite_open(&options, &life_store, &err, rt_now() + 60 * RT_SEC);
    if (r == 0)
        r = store_status(life_store, &status, &err, rt_now() + 60 * RT_SEC);
    opened.result = (uint64_t)rt_now_exact();
    opened.error = r;
    opened.revision = status.revision;
    opened.value = (uint64_t)status.compacted;
    note(opened);
    if (r < 0) {
        printf("# it does not open: %s\n", err.text);
        fflush(stdout);
        _exit(4);
    }
    if (life.past < status.compacted)
        life.past = status.compacted;
    rt_group_init(&g, "life");
    for (uintptr_t i = 0; i < LIFE_CLIENTS && !life.quiet; i++)
        rt_go(&g, life_client, (void *)i);
    static rt_fn *const others[] = {life_flood, life_leases, life_clock, life_watcher,
                                    life_historian};
    for (size_t i = life.quiet ? 2 : 0; i < ARRAY_LEN(others); i++)
        rt_go(&g, others[i], NULL);
    rt_group_wait(&g, RT_NEVER); /* which never comes */
}

/* Forks; returns the child, which lives until it is killed. */
static pid_t life_begin(struct life l)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    life = l;
    life_value = l.first_value;
    rt_run(NULL, life_main, NULL);
    _exit(5);
}

#endif
