#include "store/silences.h"

#include <errno.h>
#include <inttypes.h>

#include "base/log.h"
#include "model/kind.h"
#include "model/selector.h"
#include "wire/json.h"
#include "wire/task_json.h"

#define NS_OF_MS INT64_C(1000000)

static struct slice key_of(struct slice name, struct arena *arena)
{
    return slice_from(arena_printf(arena, SILENCES_PREFIX "%.*s", SLICE_ARG(name)));
}

static void write_text(struct json_writer *w, struct slice text, const char *key)
{
    json_key_slice(w, slice_from(key));
    json_string(w, text);
}

static void write_time(struct json_writer *w, int64_t ms, const char *key)
{
    char text[LOG_TIME_BYTES];
    log_format_time(ms * NS_OF_MS, text);
    write_text(w, (struct slice){text, sizeof(text)}, key);
}

static void write_silence(const struct silence *s, struct slice name, struct buf *out)
{
    struct json_writer w;
    json_begin(&w, out, 0);
    json_object_open(&w);
    write_text(&w, name, "name");
    write_text(&w, s->selector, "selector");
    write_time(&w, s->until_ms, "until");
    write_text(&w, s->reason, "reason");
    write_text(&w, s->by, "by");
    write_time(&w, s->at_ms, "at");
    json_object_close(&w);
    json_end(&w);
}

int silence_add(struct store *s, const struct silence *silence, struct arena *arena,
                struct slice *ret_name, struct err *err, rt_time deadline)
{
    struct selector *selector = arena_new(arena, struct selector);
    struct slice name = silence->name;
    struct buf value = BUF(MEM_STORE, 0);
    int r = selector_parse(silence->selector, selector, err);
    if (r < 0)
        return err_wrap(err, "selector");
    if (selector->count == 0)
        return err_set(err, -EINVAL,
                       "selector: it would silence everything: say what, like env=test");
    if (name.size && !kind_name_ok(name))
        return err_set(err, -EINVAL, "name: '%.*s' is none", SLICE_ARG(name));
    if (!name.size)
        name = slice_from(arena_printf(arena, "silence-%08" PRIx32, (uint32_t)rt_random()));
    write_silence(silence, name, &value);
    r = store_put(s, key_of(name, arena), buf_slice(&value), 0, NULL, err, deadline);
    buf_done(&value);
    if (r == 0)
        *ret_name = name;
    return r;
}

int silence_remove(struct store *s, struct slice name, struct err *err, rt_time deadline)
{
    struct arena a = ARENA(MEM_STORE, 0);
    int64_t r = 0;
    if (kind_name_ok(name))
        r = store_delete(s, store_key(key_of(name, &a)), NULL, err, deadline);
    arena_done(&a);
    if (r < 0)
        return (int)r;
    return r ? 0 : err_set(err, -ENOENT, "there is no silence '%.*s'", SLICE_ARG(name));
}

static struct slice text_at(const struct json_value *v, const char *key)
{
    const struct json_value *m = json_get(v, key);
    return m && m->type == JSON_STRING ? m->text : (struct slice){0};
}

int silence_read(const struct store_kv *kv, struct arena *arena, struct silence *ret,
                 struct err *err)
{
    struct silence s = {0};
    struct json_value *v;
    if (!slice_starts_with(kv->key, SLICE(SILENCES_PREFIX)))
        return -ENOENT;
    if (json_parse(kv->value, arena, 0, &v, NULL) < 0 || v->type != JSON_OBJECT)
        return err_set(err, -EBADMSG, "%.*s: its value is no JSON object", SLICE_ARG(kv->key));
    s.name = slice_sub(kv->key, sizeof(SILENCES_PREFIX) - 1, kv->key.size);
    s.selector = text_at(v, "selector");
    s.reason = text_at(v, "reason");
    s.by = text_at(v, "by");
    (void)moment_parse(text_at(v, "at"), &s.at_ms);
    if (moment_parse(text_at(v, "until"), &s.until_ms) < 0)
        return err_set(err, -EBADMSG, "%.*s: until is no time", SLICE_ARG(kv->key));
    struct err why = {0};
    if (selector_parse(s.selector, arena_new(arena, struct selector), &why) < 0)
        return err_set(err, -EBADMSG, "%.*s: selector: %s", SLICE_ARG(kv->key), why.text);
    *ret = s;
    return 0;
}
