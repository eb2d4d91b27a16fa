#include "tools/linear.h"

#include "base/defs.h"
#include "tests/tap.h"

static char why[LINEAR_WHY_MAX];

#define PUT(c, from, to, v)                              \
    {                                                    \
        LINEAR_PUT, c, 1, from, to, v, 0, 0, true, false \
    }
#define GET(c, from, to, v)                              \
    {                                                    \
        LINEAR_GET, c, 1, from, to, 0, 0, v, true, false \
    }
#define DEL(c, from, to, there)                              \
    {                                                        \
        LINEAR_DELETE, c, 1, from, to, 0, 0, 0, there, false \
    }
#define CAS(c, from, to, e, v, ok_)                     \
    {                                                   \
        LINEAR_CAS, c, 1, from, to, v, e, 0, ok_, false \
    }
/* Whoever had to do it was killed at `to`. */
#define PUT_CUT(c, from, to, v)                         \
    {                                                   \
        LINEAR_PUT, c, 1, from, to, v, 0, 0, true, true \
    }
#define DEL_CUT(c, from, to)                               \
    {                                                      \
        LINEAR_DELETE, c, 1, from, to, 0, 0, 0, true, true \
    }
#define DOUBT INT64_MAX
#define RIGHT(...)                                            \
    do {                                                      \
        const struct linear_op ops[] = {__VA_ARGS__};         \
        CHECK_INT(linear_check(ops, ARRAY_LEN(ops), why), 1); \
    } while (0)
#define WRONG(...)                                            \
    do {                                                      \
        const struct linear_op ops[] = {__VA_ARGS__};         \
        CHECK_INT(linear_check(ops, ARRAY_LEN(ops), why), 0); \
    } while (0)

static void one_after_the_other(void)
{
    RIGHT(GET(1, 0, 1, 0));
    RIGHT(PUT(1, 0, 1, 7), GET(1, 2, 3, 7));
    RIGHT(PUT(1, 0, 1, 7), DEL(1, 2, 3, true), GET(1, 4, 5, 0), DEL(1, 6, 7, false));
    WRONG(GET(1, 0, 1, 7));
    WRONG(PUT(1, 0, 1, 7), GET(1, 2, 3, 0));
    WRONG(PUT(1, 0, 1, 7), PUT(1, 2, 3, 8), GET(1, 4, 5, 7));
    WRONG(PUT(1, 0, 1, 7), DEL(1, 2, 3, false));
    WRONG(DEL(1, 0, 1, true));
}

static void calls_that_overlap_may_go_either_way(void)
{
    RIGHT(PUT(1, 0, 10, 7), GET(2, 1, 2, 0), GET(2, 3, 4, 7));
    RIGHT(PUT(1, 0, 10, 7), GET(2, 1, 2, 7));
    WRONG(PUT(1, 0, 10, 7), GET(2, 1, 2, 7), GET(3, 3, 4, 0)); /* seen, and then not any more */
    RIGHT(PUT(1, 0, 10, 7), PUT(2, 0, 10, 8), GET(3, 11, 12, 7), GET(3, 13, 14, 7));
    WRONG(PUT(1, 0, 10, 7), PUT(2, 0, 10, 8), GET(3, 11, 12, 7), GET(3, 13, 14, 8));
}

static void a_stale_read_is_found(void)
{
    WRONG(PUT(1, 0, 1, 7), PUT(1, 2, 3, 8), GET(2, 4, 5, 7));
    CHECK(strstr(why, "key 1") && strstr(why, "get by client 2"));
}

static void of_two_that_compare_only_one_wins(void)
{
    RIGHT(PUT(1, 0, 1, 7), CAS(1, 2, 9, 7, 8, true), CAS(2, 2, 9, 7, 9, false));
    WRONG(PUT(1, 0, 1, 7), CAS(1, 2, 9, 7, 8, true), CAS(2, 2, 9, 7, 9, true));
    WRONG(PUT(1, 0, 1, 7), CAS(1, 2, 3, 7, 8, false));
    RIGHT(CAS(1, 0, 1, 0, 5, true), CAS(2, 2, 3, 5, 6, true), GET(1, 4, 5, 6));
}

static void what_is_in_doubt_happens_once_at_any_time_or_never(void)
{
    RIGHT(PUT(1, 0, DOUBT, 7), GET(2, 5, 6, 0), GET(2, 7, 8, 7));
    RIGHT(PUT(1, 0, DOUBT, 7), GET(2, 5, 6, 0), GET(2, 7, 8, 0));
    WRONG(PUT(1, 0, DOUBT, 7), GET(2, 5, 6, 7), GET(2, 7, 8, 0));
    WRONG(PUT(1, 3, DOUBT, 7), GET(2, 1, 2, 7)); /* not before it began */
    WRONG(PUT(1, 0, DOUBT, 7), GET(2, 1, 2, 7), PUT(2, 3, 4, 8), GET(2, 5, 6, 7)); /* not twice */
    RIGHT(PUT(1, 0, 1, 7), CAS(1, 2, DOUBT, 7, 8, true), GET(2, 3, 4, 7), GET(2, 5, 6, 8));
    RIGHT(PUT(1, 0, 1, 7), DEL(1, 2, DOUBT, false), GET(2, 3, 4, 7), GET(2, 5, 6, 0));
    RIGHT(GET(1, 0, DOUBT, 9));
}

static void what_is_in_doubt_does_not_happen_after_its_end(void)
{
    RIGHT(PUT_CUT(1, 0, 3, 7), GET(2, 5, 6, 7));
    RIGHT(PUT_CUT(1, 0, 3, 7), GET(2, 5, 6, 0));
    RIGHT(PUT_CUT(1, 0, 3, 7), GET(2, 1, 2, 0), GET(2, 5, 6, 7));
    WRONG(PUT_CUT(1, 0, 3, 7), GET(2, 4, 5, 0), GET(2, 6, 7, 7));
    WRONG(PUT(1, 0, 1, 7), DEL_CUT(2, 2, 3), GET(3, 4, 5, 7), GET(3, 6, 7, 0));
    RIGHT(PUT(1, 0, 1, 7), DEL_CUT(2, 2, 3), GET(3, 4, 5, 0), GET(3, 6, 7, 0));
    /* A compare that looks at what the killed one left, beside others that began after its end. */
    RIGHT(PUT_CUT(1, 0, 3, 7), CAS(2, 4, 9, 5, 8, false), CAS(3, 4, 9, 7, 8, true),
          GET(4, 10, 11, 8));
    WRONG(PUT_CUT(1, 0, 3, 7), CAS(2, 4, 5, 0, 8, true), GET(3, 6, 7, 7));
}

static void keys_are_apart(void)
{
    const struct linear_op ops[] = {
        {LINEAR_PUT, 1, 1, 0, 1, 7, 0, 0, true, false},
        {LINEAR_GET, 1, 2, 2, 3, 0, 0, 0, true, false},
        {LINEAR_GET, 1, 1, 4, 5, 0, 0, 7, true, false},
        {LINEAR_GET, 1, 3, 4, 5, 0, 0, 7, true, false}, /* of a third, where nothing was put */
    };
    CHECK_INT(linear_check(ops, 3, why), 1);
    CHECK_INT(linear_check(ops, 4, why), 0);
    CHECK(strstr(why, "key 3"));
    CHECK_INT(linear_check(ops, 0, why), 1);
}

/* A history that a plain map made, with calls that overlap and are in doubt; then one answer is
 * changed. */
enum { CALLS = 120 };

static uint64_t random_of(uint64_t *state, uint64_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (*state >> 33) % below;
}

static void make_history(struct linear_op *ops, uint64_t *seed)
{
    uint64_t value = 0;
    int64_t now = 0;
    for (int i = 0; i < CALLS; i++) {
        struct linear_op *op = &ops[i];
        now += 10;
        *op = (struct linear_op){
            .type = (enum linear_type)random_of(seed, 4),
            .client = (uint32_t)i % 5,
            .key = 1,
            .begin = now - (int64_t)random_of(seed, 30),
            .end = now + (int64_t)random_of(seed, 30),
            .value = (uint64_t)i + 1,
            .expect = random_of(seed, 2) ? value : random_of(seed, CALLS),
            .result = value,
        };
        bool happens = true;
        if (random_of(seed, 25) == 0) {
            op->end = INT64_MAX;
            happens = random_of(seed, 2);
        }
        op->ok = op->type == LINEAR_DELETE ? value != 0 : value == op->expect;
        if (happens && op->type == LINEAR_PUT)
            value = op->value;
        if (happens && op->type == LINEAR_DELETE)
            value = 0;
        if (happens && op->type == LINEAR_CAS && op->ok)
            value = op->value;
    }
}

static void histories_of_a_plain_map_are_right_and_changed_ones_are_not(void)
{
    static struct linear_op ops[CALLS];
    int found = 0, tried = 0;
    for (uint64_t s = 1; s <= 100; s++) {
        uint64_t seed = s;
        make_history(ops, &seed);
        CHECK_INT(linear_check(ops, CALLS, why), 1);
        struct linear_op *op = &ops[random_of(&seed, CALLS)];
        if (op->end == INT64_MAX || op->type != LINEAR_GET)
            continue;
        op->result = CALLS + 1; /* nobody ever wrote that */
        tried++;
        found += linear_check(ops, CALLS, why) == 0;
    }
    CHECK(tried > 10);
    CHECK_INT(found, tried);
}

int main(void)
{
    TAP_RUN(one_after_the_other);
    TAP_RUN(calls_that_overlap_may_go_either_way);
    TAP_RUN(a_stale_read_is_found);
    TAP_RUN(of_two_that_compare_only_one_wins);
    TAP_RUN(what_is_in_doubt_happens_once_at_any_time_or_never);
    TAP_RUN(what_is_in_doubt_does_not_happen_after_its_end);
    TAP_RUN(keys_are_apart);
    TAP_RUN(histories_of_a_plain_map_are_right_and_changed_ones_are_not);
    return tap_done();
}
