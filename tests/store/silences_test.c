#include "store/silences.h"

#include <errno.h>

#include "rt/sim.h"
#include "store/memory.h"
#include "tests/tap.h"

static struct store_memory *memory;
static struct store *store;
static struct arena arena;
static struct err why;

#define SOON (rt_now() + 20 * RT_SEC)
#define T0   INT64_C(1767225600000)

static int get(const char *key, struct silence *ret)
{
    struct store_kv kv;
    int r = store_get(store, slice_from(key), &arena, &kv, NULL, SOON);
    return r < 0 ? r : kv.version ? silence_read(&kv, &arena, ret, &why) : -ENODATA;
}

static void what_was_added_is_read(void)
{
    struct silence s = {.selector = SLICE("env=test"),
                        .reason = SLICE("new \"switch\""),
                        .by = SLICE("uid 0"),
                        .at_ms = T0,
                        .until_ms = T0 + 5000},
                   got;
    struct slice name;
    CHECK_INT(silence_add(store, &s, &arena, &name, &why, SOON), 0);
    CHECK(slice_starts_with(name, SLICE("silence-")));
    CHECK_INT(get(arena_printf(&arena, "/config/silences/%.*s", SLICE_ARG(name)), &got), 0);
    CHECK(slice_eq(got.name, name) && slice_eq(got.selector, s.selector));
    CHECK(slice_eq(got.reason, s.reason) && slice_eq(got.by, s.by));
    CHECK(got.at_ms == s.at_ms && got.until_ms == s.until_ms);
    CHECK_INT(silence_remove(store, name, &why, SOON), 0);
    CHECK_INT(silence_remove(store, name, &why, SOON), -ENOENT);
}

static void not_everything_is_silenced_by_a_slip(void)
{
    static const char *const bad[] = {"", " ", "env in (", "=x"};
    struct slice name;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct silence s = {.selector = slice_from(bad[i]), .until_ms = T0};
        CHECK_INT(silence_add(store, &s, &arena, &name, &why, SOON), -EINVAL);
        CHECK(strstr(why.text, "selector: "));
    }
    struct silence s = {.selector = SLICE("a=b"), .name = SLICE("a/b"), .until_ms = T0};
    CHECK_INT(silence_add(store, &s, &arena, &name, &why, SOON), -EINVAL);
    CHECK_INT(silence_remove(store, SLICE("../freeze"), &why, SOON), -ENOENT);
}

static void what_others_wrote_is_told_by_its_key(void)
{
    static const struct {
        const char *value, *says;
    } rows[] = {
        {"nonsense", "/config/silences/x: its value is no JSON object"},
        {"{\"selector\":\"a=b\"}", "/config/silences/x: until is no time"},
        {"{\"selector\":\"a in\",\"until\":\"2026-01-01T00:00:00.000Z\"}",
         "/config/silences/x: selector: "},
    };
    struct silence got;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        store_put(store, SLICE("/config/silences/x"), slice_from(rows[i].value), 0, NULL, NULL,
                  SOON);
        CHECK_INT(get("/config/silences/x", &got), -EBADMSG);
        CHECK(strncmp(why.text, rows[i].says, strlen(rows[i].says)) == 0);
    }
    store_put(store, SLICE("/config/freeze"), SLICE("{}"), 0, NULL, NULL, SOON);
    CHECK_INT(get("/config/freeze", &got), -ENOENT);
}

static void cases(void *arg)
{
    (void)arg;
    memory = store_memory_new(NULL);
    store_memory_open(memory, &store);
    arena = ARENA(MEM_TEST, 0);
    TAP_RUN(what_was_added_is_read);
    TAP_RUN(not_everything_is_silenced_by_a_slip);
    TAP_RUN(what_others_wrote_is_told_by_its_key);
    arena_done(&arena);
    store_close(store);
    store_memory_free(memory);
}

int main(void)
{
    struct rt_sim_config config = {.seed = 1};
    if (rt_sim_run(&config, cases, NULL, NULL) < 0)
        return 1;
    return tap_done();
}
