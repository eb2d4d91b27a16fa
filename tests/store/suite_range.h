/* suite_range.h - which keys an answer has, and where it ends. A part of suite.h, behind its
 * helpers.
 */
#ifndef FIREBREAK_TESTS_STORE_SUITE_RANGE_H
#define FIREBREAK_TESTS_STORE_SUITE_RANGE_H

static void a_limit_tells_that_there_is_more(struct store *s)
{
    put_letters(s);
    struct store_range q = {.keys = store_prefix(SLICE("/x/")), .limit = 2, .keys_only = true};
    struct store_range_result some = {0};
    WELL(store_range(s, &q, &suite_arena, &some, &suite_err, SOON));
    CHECK(some.count == 2 && some.more && some.total == -1);
    CHECK(is(some.kvs[1].key, "/x/b") && some.kvs[1].value.size == 0);
    CHECK(some.kvs[1].version == 1);
    q.count_only = true;
    q.limit = 0;
    WELL(store_range(s, &q, &suite_arena, &some, &suite_err, SOON));
    CHECK(some.count == 0 && some.total == 3);
}

/* So that a page of large values is no larger than whoever asks has room for. */
static void a_bound_of_bytes_tells_that_there_is_more(struct store *s)
{
    enum { EACH = 1000 };
    static char value[EACH];
    char key[24], from[24];
    memset(value, 'v', sizeof(value));
    for (int i = 0; i < 9; i++) {
        snprintf(key, sizeof(key), "/big/%d", i);
        WELL(store_put(s, slice_from(key), (struct slice){value, EACH}, 0, NULL, &suite_err, SOON));
    }
    struct store_range q = {.keys = store_prefix(SLICE("/big/")), .bytes_max = 2 * EACH};
    struct store_range_result page = {0};
    WELL(store_range(s, &q, &suite_arena, &page, &suite_err, SOON));
    CHECK(page.count == 2 && page.more && page.total == -1);
    q.limit = 1;
    WELL(store_range(s, &q, &suite_arena, &page, &suite_err, SOON));
    CHECK(page.count == 1 && page.more);
    q = (struct store_range){.keys = store_prefix(SLICE("/big/")), .bytes_max = 1};
    WELL(store_range(s, &q, &suite_arena, &page, &suite_err, SOON));
    CHECK(page.count == 1 && page.more);
    q.bytes_max = 10 * EACH;
    WELL(store_range(s, &q, &suite_arena, &page, &suite_err, SOON));
    /* A store may answer with less than has room, and then says so. */
    uint32_t seen = page.count;
    for (uint32_t pages = 0; page.more && pages < 9; pages++) {
        struct slice last = page.kvs[page.count - 1].key;
        memcpy(from, last.data, last.size);
        from[last.size] = 0;
        q.keys = (struct store_keys){STORE_SPAN, {from, last.size + 1}, SLICE("/big0")};
        WELL(store_range(s, &q, &suite_arena, &page, &suite_err, SOON));
        seen += page.count;
    }
    CHECK(seen == 9 && !page.more);
    q = (struct store_range){.keys = store_prefix(SLICE("/big/")), .bytes_max = 9 * EACH};
    q.keys_only = true;
    WELL(store_range(s, &q, &suite_arena, &page, &suite_err, SOON));
    CHECK(page.more || page.count == 9);
}

static void a_span_has_its_beginning_and_not_its_end(struct store *s)
{
    put_letters(s);
    struct store_range q = {.keys = {STORE_SPAN, SLICE("/x/a"), SLICE("/x/c")}};
    struct store_range_result some = {0};
    WELL(store_range(s, &q, &suite_arena, &some, &suite_err, SOON));
    CHECK(some.count == 2 && is(some.kvs[0].key, "/x/a") && is(some.kvs[1].key, "/x/b"));
    q.keys.end = SLICE("");
    WELL(store_range(s, &q, &suite_arena, &some, &suite_err, SOON));
    CHECK(some.count == 4 && is(some.kvs[3].key, "/x0"));
    q.keys.end = SLICE("/x/a");
    CHECK_INT(store_range(s, &q, &suite_arena, &some, NULL, SOON), -EINVAL);
}

#endif
