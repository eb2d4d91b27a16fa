#include "store/healing.h"

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

static int get(const char *key, struct healing_word *ret)
{
    struct store_kv kv;
    int r = store_get(store, slice_from(key), &arena, &kv, NULL, SOON);
    return r < 0 ? r : kv.version ? healing_read(&kv, &arena, ret, &why) : -ENODATA;
}

static struct healing_word silence(const char *selector)
{
    return (struct healing_word){.type = HEALING_SILENCE,
                                 .asset = SLICE("s-1"),
                                 .selector = slice_from(selector),
                                 .reason = SLICE("new \"switch\""),
                                 .by = SLICE("uid 0"),
                                 .at_ms = T0,
                                 .until_ms = T0 + 5000};
}

static void what_was_said_is_read(void)
{
    struct healing_word s = silence("env=test"), got;
    CHECK_INT(healing_say(store, &s, &why, SOON), 0);
    CHECK_INT(get("/config/silences/s-1", &got), 0);
    CHECK(got.type == HEALING_SILENCE && slice_eq(got.asset, s.asset));
    CHECK(slice_eq(got.selector, s.selector) && slice_eq(got.reason, s.reason));
    CHECK(slice_eq(got.by, s.by) && got.at_ms == s.at_ms && got.until_ms == s.until_ms);
    CHECK_INT(healing_unsay(store, &s, &why, SOON), 0);
    CHECK_INT(healing_unsay(store, &s, &why, SOON), -ENOENT);
    struct healing_word f = {.reason = SLICE("racks"), .by = SLICE("uid 0"), .at_ms = T0};
    CHECK_INT(healing_say(store, &f, &why, SOON), 0);
    CHECK_INT(get("/config/freeze", &got), 0);
    CHECK(got.type == HEALING_FREEZE && slice_eq(got.reason, f.reason));
    CHECK_INT(healing_unsay(store, &f, &why, SOON), 0);
    CHECK_INT(healing_unsay(store, &f, &why, SOON), 0);
}

static void maintenance_is_of_an_asset_that_is_there(void)
{
    struct healing_word m = {.type = HEALING_MAINTAIN,
                             .asset = SLICE("default/web"),
                             .by = SLICE("uid 0"),
                             .at_ms = T0,
                             .until_ms = T0 + 1000},
                        got;
    CHECK_INT(healing_say(store, &m, &why, SOON), -ENOENT);
    store_put(store, SLICE("/state/assets/default/web"), SLICE("{}"), 0, NULL, NULL, SOON);
    CHECK_INT(healing_say(store, &m, &why, SOON), 0);
    CHECK_INT(get("/config/maintain/default/web", &got), 0);
    CHECK(got.type == HEALING_MAINTAIN && got.until_ms == m.until_ms);
}

static void not_everything_is_silenced_by_a_slip(void)
{
    static const char *const bad[] = {"", " ", "env in (", "=x"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct healing_word s = silence(bad[i]);
        CHECK_INT(healing_say(store, &s, &why, SOON), -EINVAL);
        CHECK(strstr(why.text, "selector: "));
    }
    struct healing_word s = silence("a=b");
    s.asset = SLICE("a/b");
    CHECK_INT(healing_say(store, &s, &why, SOON), -EINVAL);
    s.asset = SLICE("../freeze");
    CHECK_INT(healing_unsay(store, &s, &why, SOON), -ENOENT);
}

static void a_text_has_a_bound(void)
{
    char *text = mem_alloc(MEM_TEST, 3000);
    memset(text, 'a', 2999);
    struct healing_word s = silence(text), f = {.reason = slice_from(text)};
    CHECK_INT(healing_say(store, &s, &why, SOON), -EINVAL);
    CHECK_STR(why.text, "selector: longer than 2048 bytes");
    CHECK_INT(healing_say(store, &f, &why, SOON), -EINVAL);
    CHECK_STR(why.text, "reason: longer than 2048 bytes");
    mem_free(MEM_TEST, text);
}

static void what_others_wrote_is_told_by_its_key(void)
{
    static const char *const bad[][2] = {
        {"nonsense", "/config/silences/x: line 1, column 1: expected "},
        {"[]", "/config/silences/x: its value is no JSON object"},
        {"{\"selector\":\"a=b\"}", "/config/silences/x: until is no time"},
        {"{\"selector\":\"a in\",\"until\":\"2026-01-01T00:00:00.000Z\"}",
         "/config/silences/x: selector: "},
    };
    struct healing_word got;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        store_put(store, SLICE("/config/silences/x"), slice_from(bad[i][0]), 0, NULL, NULL, SOON);
        CHECK_INT(get("/config/silences/x", &got), -EBADMSG);
        CHECK(strncmp(why.text, bad[i][1], strlen(bad[i][1])) == 0);
    }
    store_put(store, SLICE("/config/worker_max"), SLICE("3"), 0, NULL, NULL, SOON);
    CHECK_INT(get("/config/worker_max", &got), -ENOENT);
}

static void cases(void *arg)
{
    (void)arg;
    memory = store_memory_new(NULL);
    store_memory_open(memory, &store);
    arena = ARENA(MEM_TEST, 0);
    TAP_RUN(what_was_said_is_read);
    TAP_RUN(maintenance_is_of_an_asset_that_is_there);
    TAP_RUN(not_everything_is_silenced_by_a_slip);
    TAP_RUN(a_text_has_a_bound);
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
