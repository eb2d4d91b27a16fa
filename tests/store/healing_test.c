#include "store/healing.h"

#include <errno.h>

#include "tests/tap.h"

static int read_word(const char *key, const char *value, struct healing_word *ret,
                     struct arena *arena)
{
    struct store_kv kv = {.key = slice_from(key), .value = slice_from(value), .version = 1};
    struct err err = {0};
    int r = healing_read(&kv, arena, ret, &err);
    CHECK(r != -EBADMSG || strstr(err.text, key));
    return r;
}

static void each_word_is_read_back(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct healing_word w;
    CHECK_INT(read_word("/config/freeze",
                        "{\"at\":\"2026-11-24T10:15:30.123Z\",\"by\":\"uid 0\",\"reason\":\"r\"}",
                        &w, &a),
              0);
    CHECK_INT(w.type, HEALING_FREEZE);
    CHECK(slice_eq(w.by, SLICE("uid 0")) && slice_eq(w.reason, SLICE("r")));
    CHECK_INT(w.at_ms, INT64_C(1795515330123));
    CHECK_INT(w.asset.size, 0);
    CHECK_INT(read_word("/config/maintain/default/web",
                        "{\"at\":null,\"by\":\"x\",\"until\":\"2026-11-24T10:15:31.000Z\"}", &w,
                        &a),
              0);
    CHECK_INT(w.type, HEALING_MAINTAIN);
    CHECK(slice_eq(w.asset, SLICE("default/web")));
    CHECK_INT(w.until_ms, INT64_C(1795515331000));
    CHECK_INT(read_word("/config/recover/a/b%2Fc", "{}", &w, &a), 0);
    CHECK_INT(w.type, HEALING_RECOVER);
    CHECK(slice_eq(w.asset, SLICE("a/b%2Fc")));
    CHECK(slice_eq(healing_key(&w, &a), SLICE("/config/recover/a/b%2Fc")));
    arena_done(&a);
}

static void what_is_none_is_left_alone(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct healing_word w = {.type = HEALING_RECOVER};
    CHECK_INT(read_word("/config/worker_max", "8", &w, &a), -ENOENT);
    CHECK_INT(read_word("/config/freeze/x", "{}", &w, &a), -ENOENT);
    CHECK_INT(read_word("/config/freeze", "{", &w, &a), -EBADMSG);
    CHECK_INT(read_word("/config/freeze", "[]", &w, &a), -EBADMSG);
    CHECK_INT(read_word("/config/maintain/default/web", "{\"until\":\"soon\"}", &w, &a), -EBADMSG);
    CHECK_INT(w.type, HEALING_RECOVER);
    arena_done(&a);
}

int main(void)
{
    TAP_RUN(each_word_is_read_back);
    TAP_RUN(what_is_none_is_left_alone);
    return tap_done();
}
