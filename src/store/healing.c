#include "store/healing.h"

#include <errno.h>

#include "base/log.h"
#include "model/kind.h"
#include "model/selector.h"
#include "wire/json.h"
#include "wire/task_json.h"

static const char *const prefixes[] = {
    [HEALING_FREEZE] = HEALING_PREFIX "freeze",
    [HEALING_MAINTAIN] = HEALING_PREFIX "maintain/",
    [HEALING_RECOVER] = HEALING_PREFIX "recover/",
    [HEALING_SILENCE] = HEALING_PREFIX "silences/",
};

struct slice healing_key(const struct healing_word *w, struct arena *arena)
{
    char *text = arena_printf(arena, "%s%.*s", prefixes[w->type], SLICE_ARG(w->asset));
    return slice_from(text);
}

static void write_time(struct json_writer *w, int64_t ms)
{
    char text[LOG_TIME_BYTES];
    log_format_time(ms * 1000000, text);
    json_string(w, (struct slice){text, sizeof(text)});
}

static bool has_end(const struct healing_word *w)
{
    return w->type == HEALING_MAINTAIN || w->type == HEALING_SILENCE;
}

static void write_word(const struct healing_word *w, struct buf *out)
{
    struct json_writer j;
    json_begin(&j, out, 0);
    json_object_open(&j);
    if (w->type == HEALING_SILENCE) {
        json_text_member(&j, "name", w->asset);
        json_text_member(&j, "selector", w->selector);
    }
    if (has_end(w)) {
        json_key(&j, "until");
        write_time(&j, w->until_ms);
    }
    if (w->type == HEALING_FREEZE || w->type == HEALING_SILENCE) {
        json_text_member(&j, "reason", w->reason);
    }
    json_text_member(&j, "by", w->by);
    json_key(&j, "at");
    write_time(&j, w->at_ms);
    json_object_close(&j);
    json_end(&j);
}

/* Not everything is silenced by a slip. */
static int check_silence(const struct healing_word *w, struct err *err)
{
    if (w->selector.size > HEALING_SELECTOR_BYTES_MAX)
        return err_set(err, -EINVAL, "selector: longer than %d bytes", HEALING_SELECTOR_BYTES_MAX);
    struct selector *s = mem_alloc(MEM_STORE, sizeof(*s));
    int r = selector_parse(w->selector, s, err);
    if (r < 0)
        err_wrap(err, "selector");
    else if (s->count == 0)
        r = err_set(err, -EINVAL, "selector: it would take everything: say what, like env=test");
    else if (!kind_name_ok(w->asset))
        r = err_set(err, -EINVAL, "name: '%.*s' is none", SLICE_ARG(w->asset));
    mem_free(MEM_STORE, s);
    return r;
}

/* Does `op` where the asset is there: what was declared or found of it stands still. */
static int guarded(struct store *s, const struct healing_word *w, const struct store_op *op,
                   struct err *err, rt_time deadline)
{
    struct arena a = ARENA(MEM_STORE, 0);
    struct store_txn_result got = {.succeeded = false};
    struct store_compare guard = {.target = STORE_VERSION, .relation = STORE_NOT_EQUAL};
    struct store_txn txn = {.then = op, .then_count = 1};
    const char *const homes[] = {"/registry/assets/", "/state/assets/"};
    int r = 0;
    if (w->type == HEALING_FREEZE || w->type == HEALING_SILENCE) {
        r = store_txn(s, &txn, &a, &got, err, deadline);
        arena_done(&a);
        return r;
    }
    txn.compares = &guard;
    txn.compare_count = 1;
    for (size_t i = 0; i < ARRAY_LEN(homes) && r == 0 && !got.succeeded; i++) {
        guard.key = slice_from(arena_printf(&a, "%s%.*s", homes[i], SLICE_ARG(w->asset)));
        r = store_txn(s, &txn, &a, &got, err, deadline);
    }
    arena_done(&a);
    if (r < 0)
        return r;
    return got.succeeded ? 0
                         : err_set(err, -ENOENT, "there is no asset '%.*s'", SLICE_ARG(w->asset));
}

int healing_say(struct store *s, const struct healing_word *w, struct err *err, rt_time deadline)
{
    int bad = w->type == HEALING_SILENCE ? check_silence(w, err) : 0;
    if (bad == 0 && w->reason.size > HEALING_REASON_BYTES_MAX)
        bad = err_set(err, -EINVAL, "reason: longer than %d bytes", HEALING_REASON_BYTES_MAX);
    if (bad < 0)
        return bad;
    struct arena a = ARENA(MEM_STORE, 0);
    struct buf value = BUF(MEM_STORE, 0);
    write_word(w, &value);
    struct store_op op = {.type = STORE_PUT, .key = healing_key(w, &a), .value = buf_slice(&value)};
    int r = guarded(s, w, &op, err, deadline);
    buf_done(&value);
    arena_done(&a);
    return r;
}

static int end_silence(struct store *s, const struct healing_word *w, struct slice key,
                       struct err *err, rt_time deadline)
{
    int64_t r = 0;
    if (kind_name_ok(w->asset))
        r = store_delete(s, store_key(key), NULL, err, deadline);
    if (r == 0)
        r = err_set(err, -ENOENT, "there is no silence '%.*s'", SLICE_ARG(w->asset));
    return r < 0 ? (int)r : 0;
}

int healing_unsay(struct store *s, const struct healing_word *w, struct err *err, rt_time deadline)
{
    struct arena a = ARENA(MEM_STORE, 0);
    struct store_op op = {.type = STORE_DELETE, .keys = store_key(healing_key(w, &a))};
    int r = w->type == HEALING_SILENCE ? end_silence(s, w, op.keys.key, err, deadline)
                                       : guarded(s, w, &op, err, deadline);
    arena_done(&a);
    return r;
}

/* ---- reading ---- */

static int find_type(struct slice key, struct healing_word *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        struct slice prefix = slice_from(prefixes[i]);
        if (!slice_starts_with(key, prefix) || (i == HEALING_FREEZE) != (key.size == prefix.size))
            continue;
        ret->type = (enum healing_type)i;
        ret->asset = slice_sub(key, prefix.size, key.size);
        return 0;
    }
    return -ENOENT;
}

int healing_read(const struct store_kv *kv, struct arena *arena, struct healing_word *ret,
                 struct err *err)
{
    struct healing_word w = {.at_ms = 0};
    struct json_value *v;
    struct json_error e;
    int r = find_type(kv->key, &w);
    if (r < 0)
        return r;
    r = json_parse(kv->value, arena, 0, &v, &e);
    if (r == -EBADMSG)
        return err_set(err, r, "%.*s: line %u, column %u: expected %s", SLICE_ARG(kv->key), e.line,
                       e.column, e.expected);
    if (r < 0 || v->type != JSON_OBJECT)
        return err_set(err, -EBADMSG, "%.*s: its value is no JSON object", SLICE_ARG(kv->key));
    w.by = json_text(v, "by");
    w.selector = json_text(v, "selector");
    w.reason = json_text(v, "reason");
    (void)moment_parse(json_text(v, "at"), &w.at_ms);
    if (has_end(&w) && moment_parse(json_text(v, "until"), &w.until_ms) < 0)
        return err_set(err, -EBADMSG, "%.*s: until is no time", SLICE_ARG(kv->key));
    struct err why = {0};
    if (w.type == HEALING_SILENCE && check_silence(&w, &why) < 0)
        return err_set(err, -EBADMSG, "%.*s: %s", SLICE_ARG(kv->key), why.text);
    *ret = w;
    return 0;
}
