#include "store/follow.h"

#include <errno.h>

#include "base/fault.h"
#include "rt/sim.h"
#include "store/election.h"
#include "store/memory.h"
#include "tests/tap.h"

#define SOON (rt_now() + 60 * RT_SEC)

static struct store_memory *memory;
static struct store *store, *other; /* two clients of one server */
static const struct store_memory_faults *faults;
static int leases_ended;

static void open_stores(void)
{
    memory = store_memory_new(faults);
    store_memory_open(memory, &store);
    store_memory_open(memory, &other);
}

static void close_stores(void)
{
    store_close(store);
    store_close(other);
    store_memory_free(memory);
}

static void put(const char *key, const char *value)
{
    int r;
    do
        r = store_put(other, slice_from(key), slice_from(value), 0, NULL, NULL, SOON);
    while (r == -ECONNRESET || r == -ECONNREFUSED);
    CHECK_INT(r, 0);
}

static void del(const char *key)
{
    CHECK(store_delete(other, store_key(slice_from(key)), NULL, NULL, SOON) >= 0);
}

static struct follow_change next(struct follow *f)
{
    struct follow_change c = {0};
    struct err err = {0};
    CHECK_INT(follow_next(f, &c, &err, SOON), 0);
    return c;
}

static bool told(struct follow *f, enum follow_type type, const char *key, const char *value)
{
    struct follow_change c = next(f);
    return c.type == type && slice_eq_cstr(c.kv.key, key) && slice_eq_cstr(c.kv.value, value);
}

static void a_follower_tells_what_stands_and_then_what_changes(void)
{
    struct follow f;
    put("a/1", "x");
    put("b/1", "beside");
    follow_init(&f, store, SLICE("a/"), 0);
    CHECK(told(&f, FOLLOW_SET, "a/1", "x"));
    CHECK_INT(next(&f).type, FOLLOW_SYNCED);
    put("a/2", "y");
    put("b/2", "beside");
    put("a/2", "z");
    CHECK(told(&f, FOLLOW_SET, "a/2", "y"));
    struct follow_change c;
    while ((c = next(&f)).type == FOLLOW_SYNCED)
        ;
    CHECK(slice_eq_cstr(c.kv.value, "z") && c.old && slice_eq_cstr(c.old->value, "y"));
    CHECK(slice_eq_cstr(follow_get(&f, SLICE("a/2"))->value, "z"));
    CHECK_INT(next(&f).type, FOLLOW_SYNCED);
    del("a/1");
    c = next(&f);
    CHECK(c.type == FOLLOW_GONE && slice_eq_cstr(c.kv.key, "a/1") && c.old &&
          slice_eq_cstr(c.old->value, "x") && c.kv.mod_revision > 0);
    CHECK(follow_get(&f, SLICE("a/1")) == NULL);
    follow_done(&f);
}

static void pages_are_put_together(void)
{
    enum { KEYS = FOLLOW_PAGE * 2 + 7 };
    struct follow f;
    char key[16];
    for (int i = 0; i < KEYS; i++) {
        snprintf(key, sizeof(key), "p/%05d", i);
        put(key, "v");
    }
    put("p0", "beside");
    follow_init(&f, store, SLICE("p/"), 0);
    for (int i = 0; i < KEYS; i++)
        CHECK_INT(next(&f).type, FOLLOW_SET);
    CHECK_INT(next(&f).type, FOLLOW_SYNCED);
    CHECK_INT(f.items.count, KEYS);
    follow_done(&f);
}

static void after_a_compaction_only_what_differs_is_told(void)
{
    struct follow f;
    put("a/1", "x");
    put("a/2", "x");
    put("a/3", "x");
    follow_init(&f, store, SLICE("a/"), 0);
    while (next(&f).type != FOLLOW_SYNCED)
        ;
    /* What a watch from here would have told is forgotten before anybody asks. */
    store_unwatch(&f.watch);
    f.watching = false;
    put("a/2", "y");
    del("a/3");
    put("a/4", "new");
    int changes = 0;
    struct follow_change c;
    while ((c = next(&f)).type != FOLLOW_SYNCED) {
        CHECK(!slice_eq_cstr(c.kv.key, "a/1"));
        CHECK((c.type == FOLLOW_GONE) == slice_eq_cstr(c.kv.key, "a/3"));
        changes++;
    }
    CHECK_INT(changes, 3);
    CHECK_INT(f.lists_total, 2);
    CHECK_INT(f.mended_total, 0);
    follow_done(&f);
}

static void the_guard_mends_what_no_watch_told(void)
{
    struct follow f;
    struct follow_change c;
    put("a/1", "x");
    follow_init(&f, store, SLICE("a/"), RT_SEC);
    while (next(&f).type != FOLLOW_SYNCED)
        ;
    CHECK_INT(follow_next(&f, &c, NULL, rt_now() + 5 * RT_SEC), -ETIMEDOUT);
    CHECK(f.lists_total > 3 && f.mended_total == 0);
    /* A copy that is wrong. */
    struct store_kv *kv = (struct store_kv *)(uintptr_t)follow_get(&f, SLICE("a/1"));
    kv->mod_revision--;
    CHECK(told(&f, FOLLOW_SET, "a/1", "x"));
    CHECK_INT(f.mended_total, 1);
    follow_done(&f);
}

static void the_guard_has_its_time_though_the_watch_is_never_silent(void)
{
    struct follow f;
    put("a/1", "x");
    follow_init(&f, store, SLICE("a/"), RT_SEC);
    while (next(&f).type != FOLLOW_SYNCED)
        ;
    for (int i = 0; i < 50; i++) {
        put("a/2", "y");
        put("a/3", "y");
        rt_sleep(rt_now() + 100 * RT_MS); /* they are there before it is asked */
        while (!slice_eq_cstr(next(&f).kv.key, "a/2"))
            ;
    }
    CHECK(f.lists_total > 3 && f.mended_total == 0);
    follow_done(&f);
}

/* ---- what the watch has while the copy is compared, page by page ---- */

enum { FILL = FOLLOW_PAGE * 5 + 7, FILL_OPS = 100 };

/* "k/4-00000" and so on: between what the cases write. */
static void fill(int count)
{
    static struct store_op ops[FILL_OPS]; /* too large for a frame */
    static char keys[FILL_OPS][16];
    for (int i = 0; i < count; i += FILL_OPS) {
        struct store_txn txn = {.then = ops};
        for (int k = i; k < count && k < i + FILL_OPS; k++) {
            snprintf(keys[k - i], sizeof(keys[0]), "k/4-%05d", k);
            ops[txn.then_count++] = (struct store_op){
                .type = STORE_PUT, .key = slice_from(keys[k - i]), .value = SLICE("v")};
        }
        while (store_txn(other, &txn, NULL, NULL, NULL, SOON) < 0)
            ;
    }
}

/* What happens while it compares: told when the first page is being read. */
struct meanwhile {
    struct follow f;
    struct rt_group group;
    void (*happens)(void);
};

static void meanwhile_main(void *arg)
{
    struct meanwhile *m = arg;
    while (!m->f.comparing)
        rt_sleep(rt_now() + RT_MS);
    m->happens();
}

/* A copy of what stands, and the task that waits for its comparison. */
static void follow_and_wait(struct meanwhile *m, void (*happens)(void))
{
    follow_init(&m->f, store, SLICE("k/"), 10 * RT_SEC);
    while (next(&m->f).type != FOLLOW_SYNCED)
        ;
    m->happens = happens;
    rt_group_init(&m->group, "test");
    rt_go(&m->group, meanwhile_main, m);
}

/* What is told of that key until the comparison has ended: "=value" and "-", as they come. */
static const char *story(struct meanwhile *m, const char *key)
{
    static char ret[64];
    struct follow_change c;
    ret[0] = 0;
    for (int r = 0; r == 0 || m->f.lists_total < 2 || m->f.comparing;) {
        size_t at = strlen(ret);
        r = follow_next(&m->f, &c, NULL, rt_now() + 3 * RT_SEC);
        if (r < 0 || c.type == FOLLOW_SYNCED || !slice_eq_cstr(c.kv.key, key))
            continue;
        if (c.type == FOLLOW_GONE)
            snprintf(ret + at, sizeof(ret) - at, "-");
        else
            snprintf(ret + at, sizeof(ret) - at, "=%.*s", (int)c.kv.value.size, c.kv.value.data);
    }
    CHECK_INT(m->f.lists_total, 2);
    return ret;
}

static void done(struct meanwhile *m)
{
    rt_group_wait(&m->group, RT_NEVER);
    rt_group_done(&m->group);
    follow_done(&m->f);
}

/* The watch loses what it has to tell next. */
static void lose_news(struct follow *f)
{
    for (bool lost = false; !lost;) {
        struct store_batch *b = NULL;
        CHECK_INT(rt_recv(&f->watch.batches, &b, SOON), 0);
        lost = !b || b->count > 0;
        store_batch_free(b);
    }
}

static void put_first_and_last(void)
{
    put("k/9", "new");
    put("k/1", "new");
}

static void news_that_come_while_it_compares_are_told_at_once(void)
{
    struct meanwhile m;
    fill(FILL);
    follow_and_wait(&m, put_first_and_last);
    CHECK(told(&m.f, FOLLOW_SET, "k/9", "new") && m.f.comparing);
    CHECK_INT(next(&m.f).type, FOLLOW_SYNCED);
    CHECK(told(&m.f, FOLLOW_SET, "k/1", "new") && m.f.comparing);
    CHECK_STR(story(&m, "k/9"), ""); /* not once more */
    CHECK_INT(m.f.mended_total, 0);
    done(&m);
}

static void delete_last(void)
{
    del("k/9");
}

static void a_key_deleted_while_it_compares_is_not_revived(void)
{
    struct meanwhile m;
    fill(FILL);
    put("k/9", "x");
    follow_and_wait(&m, delete_last);
    CHECK_STR(story(&m, "k/9"), "-");
    CHECK(follow_get(&m.f, SLICE("k/9")) == NULL);
    CHECK_INT(m.f.mended_total, 0);
    done(&m);
}

static void a_key_that_was_never_told_and_is_deleted_while_it_compares_stays_untold(void)
{
    struct meanwhile m;
    fill(FILL);
    follow_and_wait(&m, delete_last);
    put("k/9", "x");
    lose_news(&m.f);
    put("k/1", "x");
    CHECK(told(&m.f, FOLLOW_SET, "k/1", "x"));
    CHECK_STR(story(&m, "k/9"), "");
    CHECK(follow_get(&m.f, SLICE("k/9")) == NULL);
    CHECK_INT(m.f.mended_total, 0);
    done(&m);
}

static void replace_last(void)
{
    put("k/9", "b");
    del("k/9");
    put("k/9", "c");
}

static void a_key_put_while_it_compares_is_told_once_and_not_lost(void)
{
    struct meanwhile m;
    fill(FILL);
    put("k/9", "a");
    follow_and_wait(&m, replace_last);
    CHECK_STR(story(&m, "k/9"), "=b-=c");
    CHECK(slice_eq_cstr(follow_get(&m.f, SLICE("k/9"))->value, "c"));
    CHECK_INT(m.f.mended_total, 0);
    done(&m);
}

static void a_new_key_put_behind_the_page_that_it_belongs_to_is_not_lost(void)
{
    struct meanwhile m;
    fill(FILL);
    follow_and_wait(&m, put_first_and_last);
    CHECK_STR(story(&m, "k/1"), "=new");
    CHECK(follow_get(&m.f, SLICE("k/1")) && follow_get(&m.f, SLICE("k/9")));
    CHECK_INT(m.f.mended_total, 0);
    done(&m);
}

static void a_difference_is_found_though_there_are_news(void)
{
    struct meanwhile m;
    fill(FILL);
    put("k/8", "a");
    put("k/8-gone", "a");
    follow_and_wait(&m, put_first_and_last);
    put("k/8", "b");
    lose_news(&m.f);
    del("k/8-gone");
    lose_news(&m.f);
    put("k/0", "heard");
    CHECK_STR(story(&m, "k/8"), "=b");
    CHECK(slice_eq_cstr(follow_get(&m.f, SLICE("k/8"))->value, "b"));
    CHECK(follow_get(&m.f, SLICE("k/8-gone")) == NULL);
    CHECK(slice_eq_cstr(follow_get(&m.f, SLICE("k/9"))->value, "new"));
    CHECK_INT(m.f.mended_total, 2);
    done(&m);
}

/* A caller that never has the time for more than a page or two. */
static void a_comparison_goes_on_with_the_callers_next_call(void)
{
    struct meanwhile m;
    struct follow_change c;
    fill(FILL);
    follow_and_wait(&m, delete_last);
    while (!m.f.comparing)
        CHECK_INT(follow_next(&m.f, &c, NULL, rt_now() + 50 * RT_MS), -ETIMEDOUT);
    int calls = 0;
    for (; m.f.comparing && calls < 100; calls++)
        CHECK_INT(follow_next(&m.f, &c, NULL, rt_now() + 50 * RT_MS), -ETIMEDOUT);
    CHECK(!m.f.comparing && calls > 1 && m.f.lists_total == 2 && m.f.mended_total == 0);
    done(&m);
}

/* ---- under faults: the copy ends equal to the store ---- */

enum { WRITES = 60 };

static void writer(void *arg)
{
    (void)arg;
    char key[16], value[16];
    for (int i = 0; i < WRITES; i++) {
        snprintf(key, sizeof(key), "k/%d", (int)(rt_random() % 8));
        snprintf(value, sizeof(value), "%d", i);
        if (rt_random() % 3 == 0)
            (void)store_delete(other, store_key(slice_from(key)), NULL, NULL, SOON);
        else
            (void)store_put(other, slice_from(key), slice_from(value), 0, NULL, NULL, SOON);
        rt_sleep(rt_now() + (rt_time)(rt_random() % 20) * RT_MS);
    }
    store_memory_calm(memory);
    rt_sleep(rt_now() + 5 * RT_SEC); /* what is late has arrived */
    put("k/end", "");
}

static void equal_in_the_end(rt_time relist)
{
    struct rt_group g;
    struct follow f;
    struct follow_change c = {0};
    int64_t seen[9] = {0};
    rt_group_init(&g, "test");
    rt_go(&g, writer, NULL);
    follow_init(&f, store, SLICE("k/"), relist);
    while (!(c.type == FOLLOW_SET && slice_eq_cstr(c.kv.key, "k/end"))) {
        c = next(&f);
        if (c.type == FOLLOW_SYNCED || c.kv.key.size != 3)
            continue;
        int k = c.kv.key.data[2] - '0';
        CHECK(c.type == FOLLOW_GONE ? c.old != NULL : c.kv.mod_revision > seen[k]);
        if (c.type == FOLLOW_SET)
            seen[k] = c.kv.mod_revision;
    }
    struct arena arena = ARENA(MEM_TEST, 0);
    struct store_range_result all = {0};
    struct store_range q = {.keys = store_prefix(SLICE("k/"))};
    CHECK_INT(store_range(store, &q, &arena, &all, NULL, SOON), 0);
    CHECK_INT(all.count, f.items.count);
    for (uint32_t i = 0; i < all.count; i++) {
        const struct store_kv *kv = follow_get(&f, all.kvs[i].key);
        CHECK(kv && kv->mod_revision == all.kvs[i].mod_revision &&
              slice_eq(kv->value, all.kvs[i].value));
    }
    CHECK_INT(f.mended_total, 0); /* the watches themselves never have a gap */
    arena_done(&arena);
    follow_done(&f);
    rt_group_done(&g);
}

static void a_copy_ends_equal_whatever_is_lost_late_or_forgotten(void)
{
    equal_in_the_end(200 * RT_MS);
}

/* Some keys are written on the first page, and some on the last: it compares most of the time. */
static void a_copy_of_many_pages_ends_equal_too(void)
{
    fill(FOLLOW_PAGE * 2 + 7);
    equal_in_the_end(500 * RT_MS);
}

/* ---- sessions and elections ---- */

static void a_session_outlives_its_ttl_and_ends_with_its_close(void)
{
    struct store_session se;
    struct err err = {0};
    CHECK_INT(store_session_open(&se, store, 2000, &err, SOON), 0);
    CHECK_INT(store_put(store, SLICE("me"), SLICE("1"), se.lease, NULL, &err, SOON), 0);
    rt_sleep(rt_now() + 20 * RT_SEC);
    CHECK(store_session_alive(&se));
    CHECK(se.kept_total >= 20);
    struct arena arena = ARENA(MEM_TEST, 0);
    struct store_kv kv;
    CHECK_INT(store_get(other, SLICE("me"), &arena, &kv, &err, SOON), 0);
    CHECK_INT(kv.version, 1);
    store_session_close(&se, SOON);
    CHECK(!store_session_alive(&se));
    CHECK_INT(store_get(other, SLICE("me"), &arena, &kv, &err, SOON), 0);
    CHECK_INT(kv.version, 0);
    arena_done(&arena);
}

static void a_session_whose_lease_is_taken_is_lost(void)
{
    struct store_session se;
    CHECK_INT(store_session_open(&se, store, 2000, NULL, SOON), 0);
    CHECK_INT(store_lease_revoke(other, se.lease, NULL, SOON), 0);
    CHECK_INT(rt_event_wait(&se.lost, rt_now() + 3 * RT_SEC), 0);
    CHECK(!store_session_alive(&se));
    store_session_close(&se, SOON);
}

/* Keep-alives that are long on their way, until one comes too late. */
static void a_session_never_outlives_its_lease(void)
{
    static struct store_session se;
    struct store_watch w;
    struct store_batch *b = NULL;
    bool gone = false;
    if (store_session_open(&se, store, 1000, NULL, SOON) < 0)
        return; /* this seed's grant was too long on its way, too */
    struct store_watch_request q = {.keys = store_key(SLICE("mine"))};
    CHECK_INT(store_watch(other, &q, &w, NULL, SOON), 0);
    if (store_put(store, SLICE("mine"), SLICE(""), se.lease, NULL, NULL, SOON) == 0) {
        while (!gone && rt_recv(&w.batches, &b, rt_now() + 600 * RT_SEC) == 0) {
            for (uint32_t i = 0; i < b->count; i++)
                gone = gone || b->events[i].type == STORE_EVENT_DELETE;
            store_batch_free(b);
        }
        CHECK(gone && !store_session_alive(&se));
        leases_ended++;
    }
    store_unwatch(&w);
    store_session_close(&se, SOON);
}

struct candidate {
    struct store *store;
    const char *name;
};

static int writes_of_leaders, refused_writes;
static int64_t last_term;

/* Leads for a while, writes guarded, and then stops keeping its session alive without a word. */
static void stand(void *arg)
{
    struct candidate *c = arg;
    for (int round = 0; round < 5; round++) {
        struct store_session se;
        struct election e;
        if (store_session_open(&se, c->store, 1000, NULL, SOON) < 0)
            continue;
        int r = election_campaign(&e, &se, SLICE("/p"), SLICE("controller"), slice_from(c->name),
                                  NULL, rt_now() + 30 * RT_SEC);
        for (int i = 0; r == 0 && i < 10; i++) {
            struct store_compare guard = election_guard(&e);
            struct store_op op = {
                .type = STORE_PUT, .key = SLICE("/term"), .value = slice_from(c->name)};
            struct store_txn txn = {&guard, 1, &op, NULL, 1, 0};
            struct store_txn_result result = {0};
            int w = store_txn(c->store, &txn, NULL, &result, NULL, rt_now() + 5 * RT_SEC);
            if (w == 0 && result.succeeded) {
                /* Terms never go back: a write of an older leader behind one of a newer is what the
                 * guard is for. */
                CHECK(e.create_revision >= last_term);
                last_term = e.create_revision;
                writes_of_leaders++;
            }
            refused_writes += w == 0 && !result.succeeded;
            if (i == 4 && rt_random() % 2)
                rt_group_cancel(&se.group); /* dead, as far as the store can see */
            rt_sleep(rt_now() + 300 * RT_MS);
        }
        store_session_close(&se, rt_now() + RT_SEC);
    }
}

static void a_leader_that_was_replaced_writes_nothing(void)
{
    struct candidate a = {.store = store, .name = "a"}, b = {.store = other, .name = "b"};
    struct rt_group g;
    last_term = 0;
    rt_group_init(&g, "test");
    rt_go(&g, stand, &a);
    rt_go(&g, stand, &b);
    rt_group_wait(&g, RT_NEVER);
    rt_group_done(&g);
}

static void whoever_waits_leads_next(void)
{
    struct store_session one, two;
    static struct election e, e2; /* two keys are too large for a frame */
    struct err err = {0};
    struct arena arena = ARENA(MEM_TEST, 0);
    struct store_kv leader;
    CHECK_INT(store_session_open(&one, store, 5000, &err, SOON), 0);
    CHECK_INT(store_session_open(&two, other, 5000, &err, SOON), 0);
    CHECK_INT(election_campaign(&e, &one, SLICE(""), SLICE("r"), SLICE("1"), &err, SOON), 0);
    CHECK_INT(election_campaign(&e2, &two, SLICE(""), SLICE("r"), SLICE("2"), &err,
                                rt_now() + 10 * RT_SEC),
              -ETIMEDOUT);
    CHECK_INT(election_observe(other, SLICE(""), SLICE("r"), &arena, &leader, &err, SOON), 0);
    CHECK(slice_eq_cstr(leader.value, "1") && slice_eq_cstr(leader.key, "/leader/r"));
    CHECK_INT(election_resign(&e, &err, SOON), 0);
    CHECK_INT(election_campaign(&e2, &two, SLICE(""), SLICE("r"), SLICE("2"), &err, SOON), 0);
    CHECK(e2.create_revision > e.create_revision);
    store_session_close(&two, SOON);
    CHECK_INT(election_observe(store, SLICE(""), SLICE("r"), &arena, &leader, &err, SOON), 0);
    CHECK_INT(leader.version, 0);
    store_session_close(&one, SOON);
    arena_done(&arena);
}

/* Before anybody leads, while one waits, and while one leads. */
static void a_leaders_key_without_a_lease_is_nobodys(void)
{
    struct store_session one, two;
    static struct election e, e2;
    struct err err = {0};
    struct slice key = SLICE("/leader/u");
    CHECK_INT(store_put(store, key, SLICE("{bad"), 0, NULL, &err, SOON), 0);
    CHECK_INT(store_session_open(&one, store, 5000, &err, SOON), 0);
    CHECK_INT(store_session_open(&two, other, 5000, &err, SOON), 0);
    CHECK_INT(election_campaign(&e, &one, SLICE(""), SLICE("u"), SLICE("1"), &err, SOON), 0);
    struct arena arena = ARENA(MEM_TEST, 0);
    struct store_kv leader;
    CHECK_INT(election_observe(store, SLICE(""), SLICE("u"), &arena, &leader, &err, SOON), 0);
    CHECK_INT(leader.lease, one.lease);
    /* Nobody could ever follow a leader whose key no lease ends: who waits takes it, and the old
     * one's writes fail. */
    CHECK_INT(store_put(store, key, SLICE("x"), 0, NULL, &err, SOON), 0);
    CHECK_INT(election_campaign(&e2, &two, SLICE(""), SLICE("u"), SLICE("2"), &err, SOON), 0);
    struct store_compare guard = election_guard(&e);
    struct store_txn txn = {.compares = &guard, .compare_count = 1};
    struct store_txn_result got;
    CHECK_INT(store_txn(store, &txn, &arena, &got, &err, SOON), 0);
    CHECK(!got.succeeded && e2.create_revision > e.create_revision);
    store_session_close(&one, SOON);
    store_session_close(&two, SOON);
    arena_done(&arena);
}

static void overwrites(void *arg)
{
    (void)arg;
    rt_sleep(rt_now() + RT_SEC);
    (void)store_put(store, SLICE("/leader/v"), SLICE("x"), 0, NULL, NULL, SOON);
}

static void whoever_waits_sees_that_the_key_has_lost_its_lease(void)
{
    struct store_session one, two;
    static struct election e, e2;
    struct err err = {0};
    struct rt_group g;
    CHECK_INT(store_session_open(&one, store, 5000, &err, SOON), 0);
    CHECK_INT(store_session_open(&two, other, 5000, &err, SOON), 0);
    CHECK_INT(election_campaign(&e, &one, SLICE(""), SLICE("v"), SLICE("1"), &err, SOON), 0);
    rt_group_init(&g, "overwrites");
    CHECK_INT(rt_go(&g, overwrites, NULL), 0);
    rt_time began = rt_now();
    CHECK_INT(election_campaign(&e2, &two, SLICE(""), SLICE("v"), SLICE("2"), &err, SOON), 0);
    CHECK(rt_now() - began < 3 * RT_SEC);
    rt_group_done(&g);
    store_session_close(&one, SOON);
    store_session_close(&two, SOON);
}

/* The key was made long before: a watch from there would end at once, again and again. */
static void whoever_waits_behind_a_compaction_waits_quietly(void)
{
    struct store_session one, two;
    static struct election e, e2;
    struct err err = {0};
    int64_t revision;
    CHECK_INT(store_session_open(&one, store, 60000, &err, SOON), 0);
    CHECK_INT(store_session_open(&two, other, 60000, &err, SOON), 0);
    CHECK_INT(election_campaign(&e, &one, SLICE(""), SLICE("q"), SLICE("1"), &err, SOON), 0);
    CHECK_INT(store_put(store, SLICE("/x"), SLICE("1"), 0, NULL, &err, SOON), 0);
    CHECK_INT(store_put(store, SLICE("/x"), SLICE("2"), 0, &revision, &err, SOON), 0);
    CHECK_INT(store_compact(store, revision, &err, SOON), 0);
    uint64_t before = store_stats_of(other)->took[STORE_CALL_TXN].count;
    CHECK_INT(election_campaign(&e2, &two, SLICE(""), SLICE("q"), SLICE("2"), &err,
                                rt_now() + 10 * RT_SEC),
              -ETIMEDOUT);
    CHECK(store_stats_of(other)->took[STORE_CALL_TXN].count < before + 5);
    store_session_close(&one, SOON);
    store_session_close(&two, SOON);
}

/* ---- running ---- */

static void (*case_now)(void);

static void run_case(void *arg)
{
    (void)arg;
    open_stores();
    case_now();
    close_stores();
}

static void run(void (*fn)(void), const char *name, const struct store_memory_faults *f,
                uint64_t seeds)
{
    int r = 0;
    case_now = fn;
    faults = f;
    tap_ok_ = true;
    for (uint64_t seed = 1; seed <= seeds && r == 0 && tap_ok_; seed++) {
        r = rt_sim_run(&(struct rt_sim_config){.seed = seed}, run_case, NULL, NULL);
        if (r < 0 || !tap_ok_)
            printf("# seed %llu: %d\n", (unsigned long long)seed, r);
    }
    CHECK_INT(r, 0);
    tap_report_(name);
}

#define SOUND(fn)     run(fn, #fn, NULL, 10)
#define LATE(fn)      run(fn, #fn, &late, 3)
#define FAULTY(fn, n) run(fn, #fn, &faulty, n)

int main(void)
{
    static const struct store_memory_faults faulty = {
        .latency_max = 20 * RT_MS,
        .refuse_ppm = 20000,
        .lose_request_ppm = 20000,
        .lose_reply_ppm = 20000,
        .late_ppm = 20000,
        .twice_ppm = 20000,
        .late_max = 3 * RT_SEC,
        .watch_late_max = 300 * RT_MS,
        .compact_ppm = 100000,
        .clock_jump_ppm = 1000,
        .clock_jump_max = 2 * RT_SEC,
    };
    static const struct store_memory_faults late = {.latency_max = 20 * RT_MS};
    SOUND(a_follower_tells_what_stands_and_then_what_changes);
    SOUND(pages_are_put_together);
    SOUND(after_a_compaction_only_what_differs_is_told);
    SOUND(the_guard_mends_what_no_watch_told);
    SOUND(the_guard_has_its_time_though_the_watch_is_never_silent);
    LATE(news_that_come_while_it_compares_are_told_at_once);
    LATE(a_key_deleted_while_it_compares_is_not_revived);
    LATE(a_key_that_was_never_told_and_is_deleted_while_it_compares_stays_untold);
    LATE(a_key_put_while_it_compares_is_told_once_and_not_lost);
    LATE(a_new_key_put_behind_the_page_that_it_belongs_to_is_not_lost);
    LATE(a_difference_is_found_though_there_are_news);
    LATE(a_comparison_goes_on_with_the_callers_next_call);
    FAULTY(a_copy_ends_equal_whatever_is_lost_late_or_forgotten, 100);
    FAULTY(a_copy_of_many_pages_ends_equal_too, 5);
    SOUND(a_session_outlives_its_ttl_and_ends_with_its_close);
    SOUND(a_session_whose_lease_is_taken_is_lost);
    run(a_session_never_outlives_its_lease, "a_session_never_outlives_its_lease",
        &(struct store_memory_faults){.latency_max = 600 * RT_MS}, 60);
    SOUND(whoever_waits_leads_next);
    SOUND(a_leaders_key_without_a_lease_is_nobodys);
    SOUND(whoever_waits_sees_that_the_key_has_lost_its_lease);
    SOUND(whoever_waits_behind_a_compaction_waits_quietly);
    FAULTY(a_leader_that_was_replaced_writes_nothing, 40);
    CHECK(writes_of_leaders > 100 && refused_writes > 10 && leases_ended > 20);
    CHECK_INT(mem_usage_of(MEM_STORE).live, 0);
    tap_report_("leaders wrote and were refused, leases ended, and nothing is leaked");
    return tap_done();
}
