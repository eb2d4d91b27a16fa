#include "wire/view_json.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "wire/json.h"
#include "wire/task_json.h"

/* ---- writing ---- */

static void text_value(struct json_writer *w, const char *key, const char *text)
{
    json_key_slice(w, slice_from(key));
    json_cstr(w, text);
}

static void check_json(struct json_writer *w, const struct seen_check *c)
{
    json_object_open(w);
    text_value(w, "name", c->name);
    json_key(w, "ok");
    if (c->known)
        json_bool(w, c->ok);
    else
        json_null(w);
    text_value(w, "reason", c->word ? c->word : probe_reason_name(c->reason));
    json_key(w, "misses");
    json_u64(w, c->misses);
    json_key(w, "blind");
    json_bool(w, c->blind);
    if (c->detail[0])
        text_value(w, "detail", c->detail);
    json_object_close(w);
}

void view_write(const struct seen *s, struct buf *out)
{
    char at[LOG_TIME_BYTES];
    struct json_writer w;
    json_begin(&w, out, 0);
    json_object_open(&w);
    text_value(&w, "node", s->node);
    log_format_time(s->at_wall_ns, at);
    json_key(&w, "at");
    json_string(&w, (struct slice){at, sizeof(at)});
    json_key(&w, "checks");
    json_array_open(&w);
    for (uint32_t i = 0; i < s->count; i++)
        check_json(&w, &s->checks[i]);
    json_array_close(&w);
    json_object_close(&w);
    json_end(&w);
}

/* ---- reading ---- */

static int bad(struct err *err, const char *key, const char *what)
{
    return err_set(err, -EBADMSG, "%s is not %s", key, what);
}

/* *ret stays where there is none. */
static int read_text(const struct json_value *o, const char *key, struct arena *a,
                     const char **ret, struct err *err)
{
    const struct json_value *v = json_get(o, key);
    if (!v || v->type == JSON_NULL)
        return 0;
    if (v->type != JSON_STRING)
        return bad(err, key, "a string");
    *ret = arena_strdup(a, v->text);
    return 0;
}

static int read_flag(const struct json_value *o, const char *key, bool *ret_there, bool *ret,
                     struct err *err)
{
    const struct json_value *v = json_get(o, key);
    if (!v || v->type == JSON_NULL)
        return 0;
    if (v->type != JSON_TRUE && v->type != JSON_FALSE)
        return bad(err, key, "true or false");
    *ret_there = true;
    *ret = v->type == JSON_TRUE;
    return 0;
}

static int read_misses(const struct json_value *o, uint32_t *ret, struct err *err)
{
    const struct json_value *v = json_get(o, "misses");
    int64_t n;
    if (!v || v->type == JSON_NULL)
        return 0;
    if (v->type != JSON_NUMBER || json_to_i64(v, &n) < 0 || n < 0 || n > UINT32_MAX)
        return bad(err, "misses", "a count");
    *ret = (uint32_t)n;
    return 0;
}

static int read_reason(const struct json_value *o, struct seen_check *c, struct err *err)
{
    const struct json_value *v = json_get(o, "reason");
    if (!v || v->type == JSON_NULL)
        return 0;
    const char *word = v->type == JSON_STRING ? asset_reason_find(v->text) : NULL;
    if (!word)
        return bad(err, "reason", "a reason that there is");
    c->reason = probe_reason_parse(slice_from(word));
    if (c->reason < REASON_COUNT)
        return 0;
    c->reason = REASON_OK;
    c->word = word;
    return 0;
}

static int read_check(const struct json_value *o, struct arena *a, struct seen_check *c,
                      struct err *err)
{
    bool there = false;
    *c = (struct seen_check){.name = "", .detail = ""};
    if (o->type != JSON_OBJECT)
        return bad(err, "a check", "an object");
    int r = read_text(o, "name", a, &c->name, err);
    if (r == 0)
        r = read_text(o, "detail", a, &c->detail, err);
    if (r == 0)
        r = read_flag(o, "ok", &c->known, &c->ok, err);
    if (r == 0)
        r = read_flag(o, "blind", &there, &c->blind, err);
    if (r == 0)
        r = read_misses(o, &c->misses, err);
    return r == 0 ? read_reason(o, c, err) : r;
}

static int read_checks(const struct json_value *o, struct arena *a, struct seen *ret,
                       struct err *err)
{
    const struct json_value *list = json_get(o, "checks");
    int r = 0;
    if (!list || list->type != JSON_ARRAY)
        return bad(err, "checks", "a list");
    for (const struct json_value *v = list->first; v && r == 0; v = v->next) {
        if (ret->count == ASSET_CHECKS_MAX)
            return err_set(err, -EBADMSG, "more than %d checks", ASSET_CHECKS_MAX);
        r = read_check(v, a, &ret->checks[ret->count], err);
        ret->count += r == 0;
    }
    return r;
}

static int read_all(const struct json_value *o, struct arena *a, struct seen *ret, struct err *err)
{
    int64_t ms = 0;
    ret->node = "";
    ret->count = 0;
    if (o->type != JSON_OBJECT)
        return bad(err, "the value", "an object");
    int r = read_text(o, "node", a, &ret->node, err);
    const struct json_value *at = json_get(o, "at");
    if (r == 0 && at && (at->type != JSON_STRING || moment_parse(at->text, &ms) < 0))
        r = bad(err, "at", "a time");
    ret->at_wall_ns = ms * 1000000;
    return r == 0 ? read_checks(o, a, ret, err) : r;
}

int view_read(struct slice json, struct arena *a, struct seen *ret, struct err *err)
{
    struct json_value *o;
    if (json.size > VIEW_BYTES_MAX)
        return err_set(err, -EMSGSIZE, "more than %d bytes", VIEW_BYTES_MAX);
    int r = json_parse(json, a, 0, &o, NULL);
    if (r == -ENOSPC)
        return err_set(err, r, "no room to read it");
    if (r < 0)
        return err_set(err, -EBADMSG, "it is no object of JSON");
    struct seen *s = arena_new(a, struct seen);
    r = read_all(o, a, s, err);
    if (r == 0)
        *ret = *s;
    return r;
}
