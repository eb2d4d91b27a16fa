#include "base/map.h"

#include <errno.h>

#include "../tap.h"

static const struct map_seed seed = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
static int values[5000];

static void a_key_finds_its_value_until_it_is_removed(void)
{
    struct map m = MAP(MEM_TEST, 0, seed);
    void *old = &m;

    CHECK(map_get(&m, SLICE("a")) == NULL && map_remove(&m, SLICE("a")) == NULL);
    CHECK_INT(map_put(&m, SLICE("a"), &values[1], &old), 0);
    CHECK(old == NULL);
    CHECK_INT(map_put(&m, SLICE("a\0b"), &values[2], NULL), 0);
    CHECK_INT(map_put(&m, SLICE(""), &values[3], NULL), 0);
    CHECK(map_get(&m, SLICE("a")) == &values[1]);
    CHECK(map_get(&m, SLICE("a\0b")) == &values[2]);
    CHECK(map_get(&m, (struct slice){0}) == &values[3]);
    CHECK(map_get(&m, SLICE("A")) == NULL);
    CHECK(map_remove(&m, SLICE("a")) == &values[1]);
    CHECK(map_get(&m, SLICE("a")) == NULL);
    CHECK_INT(m.count, 2);
    map_done(&m);
    map_done(NULL);
}

static void putting_again_replaces_value_and_key(void)
{
    struct map m = {0};
    char first[] = "key", second[] = "key";
    void *old = NULL;
    struct map_entry e;
    size_t at = 0;

    map_put(&m, slice_from(first), &values[1], NULL);
    CHECK_INT(map_put(&m, slice_from(second), &values[2], &old), 0);
    CHECK(old == &values[1] && m.count == 1);
    CHECK(map_next(&m, &at, &e) && e.key.data == second && e.value == &values[2]);
    CHECK(!map_next(&m, &at, &e));
    map_done(&m);
}

static void a_bounded_map_refuses_only_new_keys(void)
{
    struct map m = MAP(MEM_TEST, 2, seed);
    void *old = &m;

    CHECK_INT(map_put_u64(&m, 1, &values[1], NULL), 0);
    CHECK_INT(map_put_u64(&m, 2, &values[2], NULL), 0);
    CHECK_INT(map_put_u64(&m, 3, &values[3], &old), -ENOSPC);
    CHECK(old == &m);
    CHECK_INT(map_put_u64(&m, 2, &values[4], NULL), 0);
    CHECK(map_remove_u64(&m, 1) == &values[1]);
    CHECK_INT(map_put_u64(&m, 3, &values[3], NULL), 0);
    CHECK_INT(map_reserve(&m, 3), -ENOSPC);
    map_done(&m);
}

/* A model beside the map: an array that says which of 5000 keys are in. */
static void many_puts_and_removes_agree_with_a_plain_array(void)
{
    struct map m = MAP(MEM_TEST, 0, seed);
    static bool in[5000];
    uint64_t x = 88172645463325252;
    size_t count = 0, removed = 0;

    for (int step = 0; step < 100000; step++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        size_t k = x % 5000;
        if (x >> 40 & 1) {
            CHECK(map_put_u64(&m, k, &values[k], NULL) == 0);
            count += !in[k];
            in[k] = true;
        } else {
            CHECK((map_remove_u64(&m, k) == &values[k]) == in[k]);
            count -= in[k], removed += in[k];
            in[k] = false;
        }
        CHECK(m.count == count);
    }
    for (size_t k = 0; k < 5000; k++)
        CHECK((map_get_u64(&m, k) == &values[k]) == in[k]);
    CHECK(removed > 10000 && count > 1000);
    map_done(&m);
}

static bool drop_even(void *ctx, const struct map_entry *e)
{
    bool *asked = ctx;
    CHECK(!asked[e->number]);
    asked[e->number] = true;
    return e->number % 2 == 0;
}

static void a_sweep_asks_once_about_each_entry(void)
{
    struct map m = MAP(MEM_TEST, 0, seed);
    static bool asked[5000];

    CHECK_INT(map_remove_if(&m, drop_even, asked), 0);
    for (size_t k = 0; k < 3000; k++)
        map_put_u64(&m, k, &values[k], NULL);
    CHECK_INT(map_remove_if(&m, drop_even, asked), 1500);
    for (size_t k = 0; k < 3000; k++)
        CHECK(asked[k] && (map_get_u64(&m, k) != NULL) == (k % 2 == 1));
    map_done(&m);
}

static void a_walk_meets_each_entry_once(void)
{
    struct map m = MAP(MEM_TEST, 0, seed);
    static int met[1000];
    struct map_entry e;

    for (size_t k = 0; k < 1000; k++)
        map_put_u64(&m, k, &values[k], NULL);
    for (size_t at = 0; map_next(&m, &at, &e);)
        met[e.number] += e.value == &values[e.number];
    for (size_t k = 0; k < 1000; k++)
        CHECK_INT(met[k], 1);
    map_done(&m);
}

static void a_reserved_map_does_not_grow_on_the_way(void)
{
    struct map m = MAP(MEM_TEST, 0, seed);

    CHECK_INT(map_reserve(&m, 1000), 0);
    struct map_slot *slots = m.slots;
    for (size_t k = 0; k < 1000; k++)
        map_put_u64(&m, k, &values[k], NULL);
    CHECK(m.slots == slots);
    CHECK_INT(map_reserve(&m, SIZE_MAX), -ENOSPC);
    map_done(&m);
}

static void the_hash_depends_on_every_byte_and_on_the_seed(void)
{
    char text[33] = "abcdefghijklmnopqrstuvwxyzabcdef";
    struct map_seed other = {seed.k0, seed.k1 + 1};

    for (size_t size = 0; size < 32; size++) {
        uint64_t h = map_hash(seed, text, size);
        CHECK(h == map_hash(seed, text, size));
        CHECK(h != map_hash(other, text, size));
        CHECK(h != map_hash(seed, text, size + 1));
        for (size_t i = 0; i < size; i++) {
            text[i] ^= 1;
            CHECK(h != map_hash(seed, text, size));
            text[i] ^= 1;
        }
    }
}

/* Known values, made by another implementation (CPython's with a hash seed of 0). */
static void the_hash_is_siphash_1_3(void)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    struct map_seed zero = {0};

    CHECK(map_hash(zero, "abc", 3) == 0xc03bc3a0042630f2);
    CHECK(map_hash(zero, "abcdefgh", 8) == 0x3f7b849c0b8e35ea);
    CHECK(map_hash(zero, "firebreak, the map", 18) == 0x7d52d6605a511c52);
#else
    TAP_SKIP("known values are those of a little-endian machine");
#endif
}

int main(void)
{
    TAP_RUN(the_hash_is_siphash_1_3);
    TAP_RUN(a_key_finds_its_value_until_it_is_removed);
    TAP_RUN(putting_again_replaces_value_and_key);
    TAP_RUN(a_bounded_map_refuses_only_new_keys);
    TAP_RUN(many_puts_and_removes_agree_with_a_plain_array);
    TAP_RUN(a_sweep_asks_once_about_each_entry);
    TAP_RUN(a_walk_meets_each_entry_once);
    TAP_RUN(a_reserved_map_does_not_grow_on_the_way);
    TAP_RUN(the_hash_depends_on_every_byte_and_on_the_seed);
    return tap_done();
}
