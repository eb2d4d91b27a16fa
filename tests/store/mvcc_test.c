#include "store/mvcc.h"

#include <errno.h>

#include "tests/tap.h"

/* What the suite cannot see from outside: memory given back, and leases to the millisecond. */

static struct arena arena = {.sub = MEM_TEST};

static void write_key(struct mvcc *m, enum store_op_type type, const char *key, const char *value,
                      int64_t lease)
{
    struct store_op op = {.type = type,
                          .key = slice_from(key),
                          .value = slice_from(value),
                          .lease = lease,
                          .keys = store_key(slice_from(key))};
    struct store_txn_result result;
    CHECK_INT(mvcc_txn(m, &(struct store_txn){.then = &op, .then_count = 1}, &arena, &result, NULL),
              0);
}

static void compaction_gives_memory_back(void)
{
    struct mvcc *m = mvcc_new();
    write_key(m, STORE_PUT, "a", "1234567890", 0);
    int64_t one = mvcc_bytes(m);
    for (int i = 0; i < 100; i++)
        write_key(m, STORE_PUT, "a", "1234567890", 0);
    write_key(m, STORE_PUT, "b", "1234567890", 0);
    write_key(m, STORE_DELETE, "b", "", 0);
    CHECK(mvcc_bytes(m) > one * 50);
    CHECK_INT(mvcc_keys(m), 1);
    CHECK_INT(mvcc_compact(m, mvcc_revision(m), NULL), 0);
    CHECK_INT(mvcc_bytes(m), one);
    CHECK_INT(mvcc_keys(m), 1);
    mvcc_free(m);
    arena_reset(&arena);
}

static void a_lease_ends_at_its_millisecond(void)
{
    struct mvcc *m = mvcc_new();
    struct store_lease l;
    CHECK_INT(mvcc_lease_grant(m, 0, 1000, 5, &l, NULL), 0);
    write_key(m, STORE_PUT, "a", "1", l.id);
    CHECK_INT(mvcc_lease_expire(m, 1004), 1005);
    CHECK_INT(mvcc_keys(m), 1);
    CHECK_INT(mvcc_lease_expire(m, 1005), INT64_MAX);
    CHECK_INT(mvcc_keys(m), 0);
    CHECK_INT(mvcc_leases(m), 0);
    mvcc_free(m);
    arena_reset(&arena);
}

static void a_lease_is_not_revived_once_its_time_has_come(void)
{
    struct mvcc *m = mvcc_new();
    struct store_lease l, kept = {.id = -7};
    CHECK_INT(mvcc_lease_grant(m, 0, 1000, 0, &l, NULL), 0);
    CHECK_INT(mvcc_lease_keep(m, l.id, 999, &kept, NULL), 0);
    CHECK_INT(kept.left_ms, 1000);
    CHECK_INT(mvcc_lease_keep(m, l.id, 1999, &kept, NULL), -ENOENT); /* not yet swept */
    CHECK_INT(mvcc_leases(m), 1);
    mvcc_free(m);
}

static void events_are_those_of_the_keys_and_revisions_asked_for(void)
{
    struct mvcc *m = mvcc_new();
    struct store_event *events;
    uint32_t count;
    struct store_keys keys = store_prefix(SLICE("a"));
    for (int i = 0; i < 5; i++) {
        write_key(m, STORE_PUT, "a", "1", 0);
        write_key(m, STORE_PUT, "b", "1", 0);
    }
    int64_t first = mvcc_revision(m) - 9; /* a is at first, first + 2, … */
    CHECK_INT(mvcc_events(m, &keys, first + 1, first + 6, &arena, &events, &count), 0);
    CHECK_INT(count, 3);
    CHECK(count == 3 && events[0].kv.mod_revision == first + 2 && events[2].kv.version == 4);
    mvcc_free(m);
    arena_reset(&arena);
}

int main(void)
{
    TAP_RUN(compaction_gives_memory_back);
    TAP_RUN(a_lease_ends_at_its_millisecond);
    TAP_RUN(a_lease_is_not_revived_once_its_time_has_come);
    TAP_RUN(events_are_those_of_the_keys_and_revisions_asked_for);
    arena_done(&arena);
    return tap_done();
}
