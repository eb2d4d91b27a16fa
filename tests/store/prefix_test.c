#include "store/prefix.h"

#include <errno.h>

#include "store/memory.h"
#include "tests/tap.h"

/* Three clients of one server: two below paths of which one begins with the other, and one that
 * sees all. */
static struct store_memory *memory;
static struct store *a, *ab, *all;
static struct arena arena;

static rt_time soon(void)
{
    return rt_now() + 20 * RT_SEC;
}

static void open_world(void)
{
    static const struct store_memory_faults none;
    struct err err = {0};
    arena = ARENA(MEM_TEST, 0);
    memory = store_memory_new(&none);
    CHECK_INT(store_memory_open(memory, &a), 0);
    CHECK_INT(store_memory_open(memory, &ab), 0);
    CHECK_INT(store_memory_open(memory, &all), 0);
    CHECK_INT(store_set_prefix(a, SLICE("/a"), &err), 0);
    CHECK_INT(store_set_prefix(ab, SLICE("/ab"), &err), 0);
}

static void close_world(void)
{
    store_close(a);
    store_close(ab);
    store_close(all);
    store_memory_free(memory);
    arena_done(&arena);
}

static void put(struct store *s, const char *key, const char *value)
{
    CHECK_INT(store_put(s, slice_from(key), slice_from(value), 0, NULL, NULL, soon()), 0);
}

/* "key=value key=value" of a range. */
static const char *range(struct store *s, struct store_keys keys)
{
    struct store_range q = {.keys = keys};
    struct store_range_result got = {0};
    struct err err = {0};
    int r = store_range(s, &q, &arena, &got, &err, soon());
    if (r < 0)
        return arena_printf(&arena, "%d: %s", r, err.text);
    const char *text = "";
    for (uint32_t i = 0; i < got.count; i++)
        text = arena_printf(&arena, "%s%s%.*s=%.*s", text, i ? " " : "", SLICE_ARG(got.kvs[i].key),
                            SLICE_ARG(got.kvs[i].value));
    return text;
}

static void each_sees_its_own_keys_only(void)
{
    open_world();
    put(a, "/x", "1");
    put(ab, "/x", "2");
    put(all, "/c/x", "3");
    CHECK_STR(range(a, store_prefix(SLICE(""))), "/x=1");
    CHECK_STR(range(a, store_prefix(SLICE("/"))), "/x=1");
    CHECK_STR(range(ab, store_key(SLICE("/x"))), "/x=2");
    CHECK_STR(range(a, store_key(SLICE("/y"))), "");
    CHECK_STR(range(all, store_prefix(SLICE(""))), "/a/x=1 /ab/x=2 /c/x=3");
    close_world();
}

static void a_span_ends_with_the_prefix(void)
{
    open_world();
    put(a, "/x", "1");
    put(a, "/y", "2");
    put(ab, "/x", "3");
    CHECK_STR(range(a, (struct store_keys){STORE_SPAN, SLICE("/y"), {0}}), "/y=2");
    CHECK_STR(range(a, (struct store_keys){STORE_SPAN, SLICE(""), {0}}), "/x=1 /y=2");
    CHECK_STR(range(a, (struct store_keys){STORE_SPAN, SLICE("/"), SLICE("0")}), "/x=1 /y=2");
    CHECK_STR(range(a, (struct store_keys){STORE_SPAN, SLICE(""), SLICE("/y")}), "/x=1");
    CHECK(strstr(range(a, (struct store_keys){STORE_SPAN, SLICE("b"), {0}}), "without a key"));
    CHECK_INT(store_delete(a, store_prefix(SLICE("")), NULL, NULL, soon()), 2);
    CHECK_STR(range(all, store_prefix(SLICE(""))), "/ab/x=3");
    close_world();
}

static void a_transaction_is_below_it_whole(void)
{
    struct store_txn_result got;
    struct err err = {0};
    open_world();
    put(a, "/lock", "1");
    struct store_compare is_there = {
        .key = SLICE("/lock"), .target = STORE_VERSION, .relation = STORE_GREATER};
    struct store_op then[] = {
        {.type = STORE_PUT, .key = SLICE("/b"), .value = SLICE("2")},
        {.type = STORE_DELETE, .keys = store_key(SLICE("/lock"))},
        {.type = STORE_READ, .range = {.keys = store_prefix(SLICE(""))}},
    };
    struct store_txn txn = {
        .compares = &is_there, .compare_count = 1, .then = then, .then_count = 3};
    CHECK_INT(store_txn(ab, &txn, &arena, &got, &err, soon()), 0);
    CHECK_INT(got.succeeded, false);
    CHECK_INT(store_txn(a, &txn, &arena, &got, &err, soon()), 0);
    CHECK_INT(got.succeeded, true);
    CHECK_INT(got.ops[1].deleted, 1);
    CHECK_INT(got.ops[2].range.count, 1);
    CHECK(slice_eq_cstr(got.ops[2].range.kvs[0].key, "/b"));
    CHECK(slice_eq_cstr(then[0].key, "/b")); /* the request is as it was */
    CHECK_STR(range(all, store_prefix(SLICE(""))), "/a/b=2");
    close_world();
}

static void a_watch_tells_its_own_by_their_short_names(void)
{
    struct store_watch w;
    struct store_batch *b = NULL;
    struct err err = {0};
    open_world();
    struct store_watch_request q = {.keys = store_prefix(SLICE(""))};
    CHECK_INT(store_watch(a, &q, &w, &err, soon()), 0);
    put(ab, "/x", "no");
    put(a, "/x", "yes");
    CHECK_INT(rt_recv(&w.batches, &b, soon()), 0);
    CHECK_INT(b->count, 1);
    CHECK(slice_eq_cstr(b->events[0].kv.key, "/x"));
    CHECK(slice_eq_cstr(b->events[0].kv.value, "yes"));
    store_batch_free(b);
    store_unwatch(&w);
    close_world();
}

static void a_lease_names_its_keys_so_too(void)
{
    struct store_lease lease, got;
    struct err err = {0};
    open_world();
    CHECK_INT(store_lease_grant(a, 0, 60000, &lease, &err, soon()), 0);
    CHECK_INT(store_put(a, SLICE("/k"), SLICE("v"), lease.id, NULL, &err, soon()), 0);
    CHECK_INT(store_lease_get(a, lease.id, &arena, &got, &err, soon()), 0);
    CHECK_INT(got.key_count, 1);
    CHECK(slice_eq_cstr(got.keys[0], "/k"));
    close_world();
}

static void what_no_prefix_may_be_is_refused(void)
{
    static const char *const bad[] = {"a", "/a/", "/"};
    char long_key[STORE_KEY_BYTES_MAX + 1] = "/";
    struct err err = {0};
    open_world();
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK_INT(store_set_prefix(all, slice_from(bad[i]), &err), -EINVAL);
    CHECK_INT(store_put(a, SLICE("x"), SLICE("1"), 0, NULL, &err, soon()), -EINVAL);
    CHECK(strstr(err.text, "begins with '/'"));
    memset(long_key + 1, 'k', STORE_KEY_BYTES_MAX - 1);
    CHECK_INT(store_put(a, slice_from(long_key), SLICE("1"), 0, NULL, &err, soon()), -EMSGSIZE);
    CHECK_INT(store_put(all, slice_from(long_key), SLICE("1"), 0, NULL, &err, soon()), 0);
    close_world();
}

static void cases(void *arg)
{
    (void)arg;
    TAP_RUN(each_sees_its_own_keys_only);
    TAP_RUN(a_span_ends_with_the_prefix);
    TAP_RUN(a_transaction_is_below_it_whole);
    TAP_RUN(a_watch_tells_its_own_by_their_short_names);
    TAP_RUN(a_lease_names_its_keys_so_too);
    TAP_RUN(what_no_prefix_may_be_is_refused);
}

static void nothing_is_left_allocated(void)
{
    CHECK_INT(mem_usage_of(MEM_STORE).live, 0);
    CHECK_INT(mem_usage_of(MEM_TEST).live, 0);
}

int main(void)
{
    if (rt_run(NULL, cases, NULL) < 0)
        return 1;
    TAP_RUN(nothing_is_left_allocated);
    return tap_done();
}
