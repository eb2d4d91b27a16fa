/* suite.h - what every store has to do, case by case; each back end's test includes it.
 *
 * The including file defines suite_open and suite_close, and runs suite_run in a task for each
 * case of suite_cases. A case gets an empty store of its own. */
#ifndef FIREBREAK_TESTS_STORE_SUITE_H
#define FIREBREAK_TESTS_STORE_SUITE_H

#include <errno.h>

#include "rt/sim.h"
#include "store/store.h"
#include "tests/tap.h"

#define SOON (rt_now() + 10 * RT_SEC)

static struct arena suite_arena = {.sub = MEM_TEST};
static struct err suite_err;

/* A call that has to succeed; its words are shown where it does not. */
#define WELL(call)                                                                           \
    do {                                                                                     \
        err_clear(&suite_err);                                                               \
        long long r_ = (long long)(call);                                                    \
        if (r_ < 0) {                                                                        \
            tap_ok_ = false;                                                                 \
            printf("# %s:%d: %s: %lld %s\n", __FILE__, __LINE__, #call, r_, suite_err.text); \
        }                                                                                    \
    } while (0)

static int64_t put(struct store *s, const char *key, const char *value)
{
    int64_t revision = -1;
    WELL(store_put(s, slice_from(key), slice_from(value), 0, &revision, &suite_err, SOON));
    return revision;
}

static int64_t del(struct store *s, const char *key)
{
    int64_t revision = -1;
    WELL(store_delete(s, store_key(slice_from(key)), &revision, &suite_err, SOON));
    return revision;
}

static struct store_kv get(struct store *s, const char *key)
{
    struct store_kv kv = {0};
    WELL(store_get(s, slice_from(key), &suite_arena, &kv, &suite_err, SOON));
    return kv;
}

static struct store_range_result list_prefix(struct store *s, const char *prefix)
{
    struct store_range_result all = {0};
    struct store_range q = {.keys = store_prefix(slice_from(prefix))};
    WELL(store_range(s, &q, &suite_arena, &all, &suite_err, SOON));
    return all;
}

static bool is(struct slice got, const char *want)
{
    return slice_eq_cstr(got, want);
}

static int64_t now_at(struct store *s)
{
    struct store_status status = {0};
    WELL(store_status(s, &status, &suite_err, SOON));
    return status.revision;
}

/* The next event of a watch, out of its batches. */
struct reader {
    struct store_watch *w;
    struct store_batch *batch;
    uint32_t at;
    int64_t revision;
};

static bool next_event(struct reader *r, struct store_event *ret)
{
    while (!r->batch || r->at == r->batch->count) {
        store_batch_free(r->batch);
        r->batch = NULL;
        r->at = 0;
        int got = rt_recv(&r->w->batches, &r->batch, SOON);
        CHECK_INT(got, 0);
        if (got < 0)
            return false;
        CHECK_INT(r->batch->end, STORE_WATCH_GOES_ON);
        CHECK(r->batch->revision >= r->revision);
        r->revision = r->batch->revision;
        if (r->batch->end)
            return false;
    }
    *ret = r->batch->events[r->at++];
    return true;
}

static void expect(struct reader *r, enum store_event_type type, const char *key, const char *value,
                   int64_t revision)
{
    struct store_event e = {0};
    if (!next_event(r, &e)) {
        tap_ok_ = false;
        return;
    }
    CHECK_INT(e.type, type);
    CHECK(is(e.kv.key, key));
    CHECK(is(e.kv.value, value));
    CHECK_INT(e.kv.mod_revision, revision);
}

static struct reader watch_from(struct store *s, struct store_watch *w, const char *prefix,
                                int64_t revision)
{
    struct store_watch_request q = {.keys = store_prefix(slice_from(prefix)), .revision = revision};
    WELL(store_watch(s, &q, w, &suite_err, SOON));
    return (struct reader){.w = w};
}

static void unwatch(struct reader *r)
{
    store_batch_free(r->batch);
    r->batch = NULL;
    store_unwatch(r->w);
}

/* ---- keys and revisions ---- */

static void what_was_put_is_found(struct store *s)
{
    CHECK_INT(get(s, "a").version, 0);
    int64_t revision = put(s, "a", "1");
    struct store_kv kv = get(s, "a");
    CHECK(is(kv.key, "a") && is(kv.value, "1"));
    CHECK_INT(kv.create_revision, revision);
    CHECK_INT(kv.mod_revision, revision);
    CHECK_INT(kv.version, 1);
    CHECK_INT(kv.lease, 0);
}

static void each_write_is_one_revision(struct store *s)
{
    int64_t first = put(s, "a", "1");
    CHECK_INT(put(s, "b", "1"), first + 1);
    CHECK_INT(put(s, "a", "1"), first + 2); /* the same value again is a write, too */
    struct store_kv kv = get(s, "a");
    CHECK_INT(kv.create_revision, first);
    CHECK_INT(kv.mod_revision, first + 2);
    CHECK_INT(kv.version, 2);
}

static void a_deleted_key_begins_anew(struct store *s)
{
    int64_t first = put(s, "a", "1");
    CHECK_INT(del(s, "a"), first + 1);
    CHECK_INT(get(s, "a").version, 0);
    CHECK_INT(put(s, "a", "2"), first + 2);
    struct store_kv kv = get(s, "a");
    CHECK_INT(kv.create_revision, first + 2);
    CHECK_INT(kv.version, 1);
}

static void deleting_nothing_changes_nothing(struct store *s)
{
    int64_t first = put(s, "a", "1");
    int64_t revision = 0;
    CHECK_INT(store_delete(s, store_key(SLICE("b")), &revision, &suite_err, SOON), 0);
    CHECK_INT(revision, first);
    CHECK_INT(now_at(s), first);
}

static void values_are_any_bytes(struct store *s)
{
    static const char bytes[] = {0, 1, (char)0xff, '\n', 0, 'x'};
    struct slice value = {bytes, sizeof(bytes)}, key = {"k\0\xff", 3};
    WELL(store_put(s, key, value, 0, NULL, &suite_err, SOON));
    WELL(store_put(s, SLICE("empty"), SLICE(""), 0, NULL, &suite_err, SOON));
    struct store_kv kv = {0};
    WELL(store_get(s, key, &suite_arena, &kv, &suite_err, SOON));
    CHECK(slice_eq(kv.value, value) && slice_eq(kv.key, key));
    CHECK_INT(get(s, "empty").version, 1);
    CHECK_INT(get(s, "empty").value.size, 0);
    CHECK_INT(get(s, "k").version, 0);
}

/* ---- ranges ---- */

static void put_letters(struct store *s)
{
    put(s, "/x/c", "3");
    put(s, "/x/a", "1");
    put(s, "/x0", "beside");
    put(s, "/x/b", "2");
    put(s, "/w", "before");
}

static void a_prefix_is_told_in_the_order_of_keys(struct store *s)
{
    put_letters(s);
    struct store_range_result all = list_prefix(s, "/x/");
    CHECK_INT(all.count, 3);
    CHECK_INT(all.total, 3);
    CHECK(!all.more);
    CHECK_INT(all.revision, now_at(s));
    CHECK(all.count == 3 && is(all.kvs[0].key, "/x/a") && is(all.kvs[1].key, "/x/b") &&
          is(all.kvs[2].key, "/x/c") && is(all.kvs[2].value, "3"));
    CHECK_INT(list_prefix(s, "").count, 5);
    CHECK_INT(list_prefix(s, "/y").count, 0);
}

#include "tests/store/suite_range.h"

static void a_prefix_of_the_last_byte_has_no_end(struct store *s)
{
    put(s, "\xfe", "0");
    put(s, "\xff", "1");
    put(s, "\xff\xff", "2");
    put(s, "\xff\xff\x01", "3");
    CHECK_INT(list_prefix(s, "\xff").count, 3);
    CHECK_INT(list_prefix(s, "\xff\xff").count, 2);
}

static void the_past_can_be_read(struct store *s)
{
    int64_t one = put(s, "a", "1");
    put(s, "b", "1");
    put(s, "a", "2");
    del(s, "b");
    struct store_range q = {.keys = store_prefix(SLICE("")), .revision = one};
    struct store_range_result then = {0};
    WELL(store_range(s, &q, &suite_arena, &then, &suite_err, SOON));
    CHECK(then.count == 1 && is(then.kvs[0].value, "1") && then.kvs[0].version == 1);
    CHECK_INT(then.revision, one + 3); /* of the store, not of what was asked */
    q.revision = one + 2;
    WELL(store_range(s, &q, &suite_arena, &then, &suite_err, SOON));
    CHECK(then.count == 2 && is(then.kvs[0].value, "2") && is(then.kvs[1].value, "1"));
    q.revision = one + 4;
    CHECK_INT(store_range(s, &q, &suite_arena, &then, NULL, SOON), -ERANGE);
}

/* ---- transactions ---- */

static bool would(struct store *s, const char *key, enum store_target target,
                  enum store_relation relation, int64_t number, const char *value)
{
    struct store_compare c = {slice_from(key), target, relation, number, slice_from(value)};
    struct store_txn txn = {.compares = &c, .compare_count = 1};
    struct store_txn_result result = {0};
    WELL(store_txn(s, &txn, &suite_arena, &result, &suite_err, SOON));
    return result.succeeded;
}

static void compares_tell_what_stands(struct store *s)
{
    int64_t one = put(s, "a", "m");
    put(s, "a", "m");
    CHECK(would(s, "a", STORE_VERSION, STORE_EQUAL, 2, ""));
    CHECK(!would(s, "a", STORE_VERSION, STORE_NOT_EQUAL, 2, ""));
    CHECK(would(s, "a", STORE_VERSION, STORE_GREATER, 1, ""));
    CHECK(!would(s, "a", STORE_VERSION, STORE_LESS, 2, ""));
    CHECK(would(s, "a", STORE_CREATE_REVISION, STORE_EQUAL, one, ""));
    CHECK(would(s, "a", STORE_MOD_REVISION, STORE_EQUAL, one + 1, ""));
    CHECK(!would(s, "a", STORE_MOD_REVISION, STORE_LESS, one + 1, ""));
    CHECK(would(s, "a", STORE_LEASE, STORE_EQUAL, 0, ""));
    CHECK(would(s, "a", STORE_VALUE, STORE_EQUAL, 0, "m"));
    CHECK(would(s, "a", STORE_VALUE, STORE_LESS, 0, "n"));
    CHECK(would(s, "a", STORE_VALUE, STORE_GREATER, 0, "lzzz"));
    CHECK(would(s, "a", STORE_VALUE, STORE_NOT_EQUAL, 0, "mm"));
    CHECK_INT(now_at(s), one + 1); /* asking changes nothing */
}

static void a_key_that_is_not_there_has_zeroes_and_no_value(struct store *s)
{
    put(s, "a", "1");
    del(s, "a");
    CHECK(would(s, "a", STORE_VERSION, STORE_EQUAL, 0, ""));
    CHECK(would(s, "a", STORE_CREATE_REVISION, STORE_EQUAL, 0, ""));
    CHECK(would(s, "a", STORE_MOD_REVISION, STORE_LESS, 1, ""));
    CHECK(!would(s, "a", STORE_VALUE, STORE_EQUAL, 0, ""));
    CHECK(!would(s, "a", STORE_VALUE, STORE_NOT_EQUAL, 0, "x"));
}

static void a_transaction_takes_one_branch(struct store *s)
{
    put(s, "a", "1");
    struct store_compare c[] = {
        {SLICE("a"), STORE_VERSION, STORE_EQUAL, 1, {0}},
        {SLICE("b"), STORE_VERSION, STORE_EQUAL, 0, {0}},
    };
    struct store_op then[] = {
        {.type = STORE_PUT, .key = SLICE("b"), .value = SLICE("new")},
        {.type = STORE_DELETE, .keys = store_key(SLICE("a"))},
    };
    struct store_op otherwise[] = {{.type = STORE_READ, .range.keys = store_key(SLICE("b"))}};
    struct store_txn txn = {c, 2, then, otherwise, 2, 1};
    struct store_txn_result result = {0};
    int64_t before = now_at(s);
    WELL(store_txn(s, &txn, &suite_arena, &result, &suite_err, SOON));
    CHECK(result.succeeded && result.op_count == 2);
    CHECK_INT(result.ops[1].deleted, 1);
    CHECK_INT(result.revision, before + 1); /* both operations */
    CHECK_INT(get(s, "b").mod_revision, before + 1);
    WELL(store_txn(s, &txn, &suite_arena, &result, &suite_err, SOON));
    CHECK(!result.succeeded && result.op_count == 1);
    CHECK(result.ops[0].range.count == 1 && is(result.ops[0].range.kvs[0].value, "new"));
    CHECK_INT(result.revision, before + 1);
}

static void a_transaction_reads_its_own_writes(struct store *s)
{
    put(s, "k/1", "old");
    struct store_op ops[] = {
        {.type = STORE_READ, .range.keys = store_prefix(SLICE("k/"))},
        {.type = STORE_PUT, .key = SLICE("k/2"), .value = SLICE("new")},
        {.type = STORE_READ, .range.keys = store_prefix(SLICE("k/"))},
        {.type = STORE_DELETE, .keys = store_key(SLICE("k/1"))},
        {.type = STORE_READ, .range.keys = store_prefix(SLICE("k/"))},
    };
    struct store_txn_result result = {0};
    WELL(store_txn(s, &(struct store_txn){.then = ops, .then_count = 5}, &suite_arena, &result,
                   &suite_err, SOON));
    CHECK_INT(result.ops[0].range.count, 1);
    CHECK_INT(result.ops[2].range.count, 2);
    CHECK_INT(result.ops[4].range.count, 1);
    CHECK(is(result.ops[4].range.kvs[0].key, "k/2"));
    CHECK_INT(result.ops[4].range.kvs[0].mod_revision, result.revision);
}

static void a_transaction_that_fails_did_nothing(struct store *s)
{
    int64_t before = put(s, "a", "1");
    struct store_op ops[] = {
        {.type = STORE_DELETE, .keys = store_key(SLICE("a"))},
        {.type = STORE_PUT, .key = SLICE("b"), .lease = 4711},
    };
    struct store_txn_result result = {.revision = -7};
    CHECK_INT(store_txn(s, &(struct store_txn){.then = ops, .then_count = 2}, &suite_arena, &result,
                        NULL, SOON),
              -ENOENT);
    CHECK_INT(result.revision, -7);
    CHECK_INT(get(s, "a").version, 1);
    CHECK_INT(get(s, "b").version, 0);
    CHECK_INT(now_at(s), before);
    CHECK_INT(put(s, "c", "1"), before + 1);
}

static void an_answer_too_large_for_its_arena_takes_the_write_back(struct store *s)
{
    int64_t before = put(s, "a", "a value of some length, so that it does not fit");
    struct arena small = ARENA(MEM_TEST, 64);
    struct store_op ops[] = {
        {.type = STORE_DELETE, .keys = store_key(SLICE("b"))},
        {.type = STORE_READ, .range.keys = store_prefix(SLICE(""))},
    };
    CHECK_INT(
        store_txn(s, &(struct store_txn){.then = ops, .then_count = 2}, &small, NULL, NULL, SOON),
        -ENOSPC);
    arena_done(&small);
    CHECK_INT(now_at(s), before);
    CHECK_INT(get(s, "a").version, 1);
}

static void keeping_the_value_changes_only_the_rest(struct store *s)
{
    int64_t one = put(s, "a", "stays");
    struct store_op op = {.type = STORE_PUT, .key = SLICE("a"), .keep_value = true};
    struct store_txn txn = {.then = &op, .then_count = 1};
    WELL(store_txn(s, &txn, NULL, NULL, &suite_err, SOON));
    CHECK(is(get(s, "a").value, "stays"));
    CHECK_INT(get(s, "a").mod_revision, one + 1);
    op.key = SLICE("nobody");
    CHECK_INT(store_txn(s, &txn, NULL, NULL, NULL, SOON), -EINVAL);
}

static void a_key_is_written_once_in_a_transaction(struct store *s)
{
    struct store_op puts[] = {
        {.type = STORE_PUT, .key = SLICE("a/1")},
        {.type = STORE_PUT, .key = SLICE("a/1")},
    };
    struct store_op both[] = {
        {.type = STORE_DELETE, .keys = store_prefix(SLICE("a/"))},
        {.type = STORE_PUT, .key = SLICE("a/1")},
    };
    struct store_txn txn = {.then = puts, .then_count = 2};
    CHECK_INT(store_txn(s, &txn, NULL, NULL, NULL, SOON), -EINVAL);
    txn.then = both;
    CHECK_INT(store_txn(s, &txn, NULL, NULL, NULL, SOON), -EINVAL);
    txn = (struct store_txn){.otherwise = puts, .otherwise_count = 2};
    CHECK_INT(store_txn(s, &txn, NULL, NULL, NULL, SOON), -EINVAL);
}

static char large[STORE_VALUE_BYTES_MAX + 1];

static void limits_are_refused_by_name(struct store *s)
{
    static struct store_op many[STORE_TXN_OPS_MAX + 1];
    struct slice too_long = {large, STORE_KEY_BYTES_MAX + 1}, longest = {large, too_long.size - 1};
    memset(large, 'x', sizeof(large));
    CHECK_INT(store_put(s, SLICE(""), SLICE("v"), 0, NULL, NULL, SOON), -EINVAL);
    CHECK_INT(store_put(s, too_long, SLICE("v"), 0, NULL, NULL, SOON), -EMSGSIZE);
    WELL(store_put(s, longest, SLICE("v"), 0, NULL, &suite_err, SOON));
    CHECK_INT(
        store_put(s, SLICE("k"), (struct slice){large, sizeof(large)}, 0, NULL, &suite_err, SOON),
        -EMSGSIZE);
    CHECK(strstr(suite_err.text, "1048577 bytes") != NULL);
    WELL(store_put(s, SLICE("k"), (struct slice){large, sizeof(large) - 1}, 0, NULL, &suite_err,
                   SOON));
    CHECK_INT(get(s, "k").value.size, STORE_VALUE_BYTES_MAX);
    for (int i = 0; i <= STORE_TXN_OPS_MAX; i++)
        many[i] = (struct store_op){.type = STORE_DELETE, .keys = store_key(SLICE("none"))};
    struct store_txn txn = {.then = many, .then_count = STORE_TXN_OPS_MAX + 1};
    CHECK_INT(store_txn(s, &txn, NULL, NULL, NULL, SOON), -EMSGSIZE);
    txn.then_count--;
    WELL(store_txn(s, &txn, NULL, NULL, &suite_err, SOON));
    for (int i = 0; i < 2; i++)
        many[i] = (struct store_op){.type = STORE_PUT,
                                    .key = i ? SLICE("k") : SLICE("l"),
                                    .value = {large, STORE_VALUE_BYTES_MAX}};
    txn.then_count = 2;
    CHECK_INT(store_txn(s, &txn, NULL, NULL, NULL, SOON), -EMSGSIZE);
}

/* ---- watches ---- */

static void a_watch_tells_every_change_of_its_keys(struct store *s)
{
    struct store_watch w;
    put(s, "a/0", "before");
    struct reader r = watch_from(s, &w, "a/", 0);
    int64_t one = put(s, "a/1", "x");
    put(s, "b/1", "not ours");
    int64_t two = put(s, "a/1", "y");
    int64_t three = del(s, "a/0");
    expect(&r, STORE_EVENT_PUT, "a/1", "x", one);
    expect(&r, STORE_EVENT_PUT, "a/1", "y", two);
    expect(&r, STORE_EVENT_DELETE, "a/0", "", three);
    unwatch(&r);
}

static void a_watch_begins_in_the_past_and_goes_on_without_a_gap(struct store *s)
{
    struct store_watch w;
    int64_t one = put(s, "a", "1");
    int64_t two = put(s, "a", "2");
    int64_t three = del(s, "a");
    struct reader r = watch_from(s, &w, "a", two);
    int64_t four = put(s, "a", "4");
    CHECK_INT(one + 1, two);
    expect(&r, STORE_EVENT_PUT, "a", "2", two);
    expect(&r, STORE_EVENT_DELETE, "a", "", three);
    expect(&r, STORE_EVENT_PUT, "a", "4", four);
    unwatch(&r);
}

static void a_watch_may_begin_in_the_future(struct store *s)
{
    struct store_watch w;
    int64_t now = put(s, "a", "1");
    struct reader r = watch_from(s, &w, "a", now + 3);
    put(s, "a", "2");
    put(s, "a", "3");
    int64_t four = put(s, "a", "4");
    expect(&r, STORE_EVENT_PUT, "a", "4", four);
    unwatch(&r);
}

static void changes_of_a_transaction_come_together(struct store *s)
{
    struct store_watch w;
    struct reader r = watch_from(s, &w, "", 0);
    struct store_op ops[] = {
        {.type = STORE_PUT, .key = SLICE("b"), .value = SLICE("1")},
        {.type = STORE_PUT, .key = SLICE("a"), .value = SLICE("2")},
    };
    struct store_txn_result result = {0};
    WELL(store_txn(s, &(struct store_txn){.then = ops, .then_count = 2}, &suite_arena, &result,
                   &suite_err, SOON));
    expect(&r, STORE_EVENT_PUT, "b", "1", result.revision);
    CHECK(r.batch && r.batch->count >= 2);
    expect(&r, STORE_EVENT_PUT, "a", "2", result.revision);
    unwatch(&r);
}

/* Receives until the watch ends; returns how it ended. */
static struct store_batch *last_batch(struct store_watch *w, uint32_t *ret_events)
{
    struct store_batch *b = NULL, *next;
    *ret_events = 0;
    while (rt_recv(&w->batches, &next, SOON) == 0) {
        store_batch_free(b);
        b = next;
        *ret_events += b->count;
    }
    return b;
}

static void a_watch_from_a_forgotten_revision_says_so(struct store *s)
{
    struct store_watch w;
    uint32_t events;
    int64_t one = put(s, "a", "1");
    put(s, "a", "2");
    int64_t three = put(s, "a", "3");
    WELL(store_compact(s, three, &suite_err, SOON));
    (void)watch_from(s, &w, "a", one);
    struct store_batch *b = last_batch(&w, &events);
    CHECK(b && b->end == STORE_WATCH_COMPACTED && b->compacted == three && events == 0);
    store_batch_free(b);
    store_unwatch(&w);
}

static void a_watcher_that_does_not_read_is_told_to_list_again(struct store *s)
{
    struct store_watch w;
    (void)watch_from(s, &w, "a", 0);
    for (int i = 0; i < STORE_WATCH_QUEUE + 20; i++) {
        put(s, "a", "x");
        rt_sleep(rt_now() + 2 * RT_MS); /* so that each is a batch of its own */
    }
    uint32_t events;
    struct store_batch *b = last_batch(&w, &events);
    CHECK(b && b->end == STORE_WATCH_SLOW);
    CHECK_INT(events, STORE_WATCH_QUEUE);
    store_batch_free(b);
    store_unwatch(&w);
}

static void a_watch_can_end_with_batches_unread(struct store *s)
{
    struct store_watch w = {0};
    store_unwatch(&w);
    (void)watch_from(s, &w, "a", 0);
    put(s, "a", "1");
    put(s, "a", "2");
    store_unwatch(&w);
    store_unwatch(&w);
    put(s, "a", "3");
}

static void many_watches_are_all_told(struct store *s)
{
    enum { WATCHES = 50 };
    static struct store_watch w[WATCHES];
    struct reader r[WATCHES];
    for (int i = 0; i < WATCHES; i++)
        r[i] = watch_from(s, &w[i], i % 2 ? "odd" : "even", 0);
    int64_t odd = put(s, "odd", "1"), even = put(s, "even", "2");
    for (int i = 0; i < WATCHES; i++) {
        expect(&r[i], STORE_EVENT_PUT, i % 2 ? "odd" : "even", i % 2 ? "1" : "2",
               i % 2 ? odd : even);
        unwatch(&r[i]);
    }
}

/* ---- leases ---- */

static struct store_lease grant(struct store *s, int64_t ttl_ms)
{
    struct store_lease l = {0};
    WELL(store_lease_grant(s, 0, ttl_ms, &l, &suite_err, SOON));
    CHECK(l.id > 0 && l.ttl_ms >= ttl_ms);
    return l;
}

static void put_leased(struct store *s, const char *key, int64_t lease)
{
    WELL(store_put(s, slice_from(key), SLICE("v"), lease, NULL, &suite_err, SOON));
}

static void keys_of_a_lease_go_when_it_ends_and_not_before(struct store *s)
{
    struct store_watch w;
    struct store_event e = {0};
    struct store_lease l = grant(s, 1000);
    rt_time begin = rt_now_exact();
    put_leased(s, "l/1", l.id);
    put_leased(s, "l/2", l.id);
    put(s, "l/3", "stays");
    struct reader r = watch_from(s, &w, "l/", 0);
    CHECK_INT(get(s, "l/1").lease, l.id);
    CHECK(next_event(&r, &e));
    rt_time lived = rt_now_exact() - begin, most = (l.ttl_ms + l.ttl_ms / 10) * RT_MS + RT_SEC;
    CHECK(lived >= l.ttl_ms * RT_MS - 50 * RT_MS);
    CHECK(lived <= most || !rt_sim_active()); /* a busy machine may be late */
    CHECK(e.type == STORE_EVENT_DELETE && slice_starts_with(e.kv.key, SLICE("l/")));
    int64_t revision = e.kv.mod_revision;
    CHECK(next_event(&r, &e));
    CHECK(e.type == STORE_EVENT_DELETE && e.kv.mod_revision == revision);
    CHECK_INT(list_prefix(s, "l/").count, 1);
    CHECK_INT(store_lease_keep(s, l.id, NULL, NULL, SOON), -ENOENT);
    struct store_lease gone = {0};
    WELL(store_lease_get(s, l.id, NULL, &gone, &suite_err, SOON));
    CHECK(gone.left_ms < 0);
    unwatch(&r);
}

static void a_lease_that_is_kept_lives_on(struct store *s)
{
    struct store_lease l = grant(s, 2000);
    put_leased(s, "kept", l.id);
    rt_time until = rt_now() + (l.ttl_ms + l.ttl_ms / 2) * RT_MS;
    while (rt_now() < until) {
        rt_sleep(rt_now() + l.ttl_ms * RT_MS / 4);
        struct store_lease kept = {0};
        WELL(store_lease_keep(s, l.id, &kept, &suite_err, SOON));
        CHECK(kept.left_ms > l.ttl_ms / 2);
    }
    CHECK_INT(get(s, "kept").version, 1);
    WELL(store_lease_revoke(s, l.id, &suite_err, SOON));
    CHECK_INT(get(s, "kept").version, 0);
}

static void a_revoked_lease_takes_its_keys_along_at_once(struct store *s)
{
    struct store_watch w;
    struct store_lease l = grant(s, 60000), told = {0};
    put_leased(s, "r/1", l.id);
    put_leased(s, "r/2", l.id);
    WELL(store_lease_get(s, l.id, &suite_arena, &told, &suite_err, SOON));
    CHECK(told.key_count == 2 && told.left_ms > 50000 && told.left_ms <= l.ttl_ms);
    int64_t before = now_at(s);
    struct reader r = watch_from(s, &w, "r/", 0);
    WELL(store_lease_revoke(s, l.id, &suite_err, SOON));
    CHECK_INT(store_lease_revoke(s, l.id, NULL, SOON), -ENOENT);
    struct store_event e = {0};
    CHECK(next_event(&r, &e) && e.kv.mod_revision == before + 1);
    CHECK(next_event(&r, &e) && e.kv.mod_revision == before + 1);
    CHECK_INT(list_prefix(s, "r/").count, 0);
    unwatch(&r);
}

static void a_key_leaves_its_lease_with_the_next_put(struct store *s)
{
    struct store_lease l = grant(s, 60000), other = grant(s, 60000);
    put_leased(s, "moves", l.id);
    put_leased(s, "stays", l.id);
    put_leased(s, "changes", l.id);
    put(s, "moves", "without");
    put_leased(s, "changes", other.id);
    CHECK_INT(get(s, "moves").lease, 0);
    WELL(store_lease_revoke(s, l.id, &suite_err, SOON));
    CHECK_INT(get(s, "moves").version, 2);
    CHECK_INT(get(s, "stays").version, 0);
    CHECK_INT(get(s, "changes").lease, other.id);
    WELL(store_lease_revoke(s, other.id, &suite_err, SOON));
    CHECK_INT(get(s, "changes").version, 0);
}

static void a_lease_may_be_named(struct store *s)
{
    struct store_lease l = {0};
    WELL(store_lease_grant(s, 0x7357, 60000, &l, &suite_err, SOON));
    CHECK_INT(l.id, 0x7357);
    CHECK_INT(store_lease_grant(s, 0x7357, 60000, &l, NULL, SOON), -EEXIST);
    CHECK(would(s, "x", STORE_LEASE, STORE_EQUAL, 0, ""));
    put_leased(s, "x", 0x7357);
    CHECK(would(s, "x", STORE_LEASE, STORE_EQUAL, 0x7357, ""));
    CHECK_INT(store_lease_grant(s, 0, 10, &l, NULL, SOON), -EINVAL);
    WELL(store_lease_revoke(s, 0x7357, &suite_err, SOON));
}

/* ---- compaction and status ---- */

static void compaction_forgets_the_past_and_keeps_what_stands(struct store *s)
{
    int64_t one = put(s, "a", "1");
    put(s, "gone", "1");
    put(s, "a", "2");
    int64_t four = del(s, "gone");
    put(s, "a", "3");
    WELL(store_compact(s, four, &suite_err, SOON));
    CHECK(is(get(s, "a").value, "3"));
    CHECK_INT(get(s, "a").version, 3);
    CHECK_INT(get(s, "gone").version, 0);
    struct store_range q = {.keys = store_key(SLICE("a")), .revision = four};
    struct store_range_result then = {0};
    WELL(store_range(s, &q, &suite_arena, &then, &suite_err, SOON));
    CHECK(then.count == 1 && is(then.kvs[0].value, "2"));
    q.revision = one;
    CHECK_INT(store_range(s, &q, &suite_arena, &then, NULL, SOON), -ENODATA);
    CHECK_INT(store_compact(s, one, NULL, SOON), -ENODATA);
    CHECK_INT(store_compact(s, four + 1000, NULL, SOON), -ERANGE);
}

static void the_status_tells_the_truth(struct store *s)
{
    struct store_status before = {0}, after = {0};
    WELL(store_status(s, &before, &suite_err, SOON));
    int64_t revision = put(s, "st/1", "1");
    put(s, "st/2", "2");
    WELL(store_status(s, &after, &suite_err, SOON));
    CHECK_INT(after.revision, revision + 1);
    CHECK(after.writable && after.trouble[0] == 0 && after.backend && after.where[0]);
    CHECK(after.keys == before.keys + 2 || after.keys < 0); /* etcd does not count them */
}

static void a_past_deadline_is_told(struct store *s)
{
    struct store_kv kv = {.version = -7};
    CHECK_INT(store_get(s, SLICE("a"), &suite_arena, &kv, NULL, rt_now() - RT_SEC), -ETIMEDOUT);
    CHECK_INT(kv.version, -7);
}

typedef void suite_fn(struct store *s);

static const struct {
    const char *name;
    suite_fn *fn;
    bool waits; /* for the clock, most of its time */
} suite_cases[] = {
#define SUITE_CASE_IS(fn, waits) \
    {                            \
#fn, fn, waits           \
    }
#define SUITE_CASE(fn)       SUITE_CASE_IS(fn, false)
#define SUITE_CASE_WAITS(fn) SUITE_CASE_IS(fn, true)
    SUITE_CASE(what_was_put_is_found),
    SUITE_CASE(each_write_is_one_revision),
    SUITE_CASE(a_deleted_key_begins_anew),
    SUITE_CASE(deleting_nothing_changes_nothing),
    SUITE_CASE(values_are_any_bytes),
    SUITE_CASE(a_prefix_is_told_in_the_order_of_keys),
    SUITE_CASE(a_limit_tells_that_there_is_more),
    SUITE_CASE(a_bound_of_bytes_tells_that_there_is_more),
    SUITE_CASE(a_span_has_its_beginning_and_not_its_end),
    SUITE_CASE(a_prefix_of_the_last_byte_has_no_end),
    SUITE_CASE(the_past_can_be_read),
    SUITE_CASE(compares_tell_what_stands),
    SUITE_CASE(a_key_that_is_not_there_has_zeroes_and_no_value),
    SUITE_CASE(a_transaction_takes_one_branch),
    SUITE_CASE(a_transaction_reads_its_own_writes),
    SUITE_CASE(a_transaction_that_fails_did_nothing),
    SUITE_CASE(an_answer_too_large_for_its_arena_takes_the_write_back),
    SUITE_CASE(keeping_the_value_changes_only_the_rest),
    SUITE_CASE(a_key_is_written_once_in_a_transaction),
    SUITE_CASE(limits_are_refused_by_name),
    SUITE_CASE(a_watch_tells_every_change_of_its_keys),
    SUITE_CASE(a_watch_begins_in_the_past_and_goes_on_without_a_gap),
    SUITE_CASE(a_watch_may_begin_in_the_future),
    SUITE_CASE(changes_of_a_transaction_come_together),
    SUITE_CASE(a_watch_from_a_forgotten_revision_says_so),
    SUITE_CASE(a_watcher_that_does_not_read_is_told_to_list_again),
    SUITE_CASE(a_watch_can_end_with_batches_unread),
    SUITE_CASE(many_watches_are_all_told),
    SUITE_CASE_WAITS(keys_of_a_lease_go_when_it_ends_and_not_before),
    SUITE_CASE_WAITS(a_lease_that_is_kept_lives_on),
    SUITE_CASE(a_revoked_lease_takes_its_keys_along_at_once),
    SUITE_CASE(a_key_leaves_its_lease_with_the_next_put),
    SUITE_CASE(a_lease_may_be_named),
    SUITE_CASE(compaction_forgets_the_past_and_keeps_what_stands),
    SUITE_CASE(the_status_tells_the_truth),
    SUITE_CASE(a_past_deadline_is_told),
};

static int suite_open(struct store **ret_store);
static void suite_close(struct store *s);

/* A task: arg is the index of the case. */
static inline void suite_run(void *arg)
{
    const size_t *index = arg;
    struct store *s = NULL;
    CHECK_INT(suite_open(&s), 0);
    if (s)
        suite_cases[*index].fn(s);
    suite_close(s);
    arena_reset(&suite_arena);
}

#endif
