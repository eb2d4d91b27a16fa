#include "reconcile/record.h"

#include <errno.h>

#include "wire/json.h"

static const char *text(const struct json_value *v, const char *key, struct arena *a)
{
    const struct json_value *t = v->type == JSON_OBJECT ? json_get(v, key) : NULL;
    return t && t->type == JSON_STRING ? arena_strdup(a, t->text) : "";
}

int repair_record_read(struct slice json, struct arena *a, struct repair_record *ret,
                       struct err *err)
{
    struct json_value *v;
    if (json_parse(json, a, 0, &v, NULL) < 0 || v->type != JSON_OBJECT)
        return err_set(err, -EBADMSG, "it is no object of JSON");
    const struct json_value *open = json_get(v, "open");
    if (!open || open->type != JSON_ARRAY || open->count > REPAIR_LINES_MAX)
        return err_set(err, -EBADMSG, "open is not a list that it may be");
    ret->count = 0;
    for (const struct json_value *l = open->first; l; l = l->next)
        ret->lines[ret->count++] = (struct repair_line){
            text(l, "asset", a), text(l, "dedup_key", a), text(l, "task", a), text(l, "plane", a)};
    return 0;
}

void repair_record_write(const struct repair_record *r, struct buf *out)
{
    struct json_writer w;
    buf_clear(out);
    json_begin(&w, out, 0);
    json_object_open(&w);
    json_key(&w, "open");
    json_array_open(&w);
    for (uint32_t i = 0; i < r->count; i++) {
        json_object_open(&w);
        json_key(&w, "asset");
        json_cstr(&w, r->lines[i].asset);
        json_key(&w, "dedup_key");
        json_cstr(&w, r->lines[i].dedup_key);
        json_key(&w, "task");
        json_cstr(&w, r->lines[i].task);
        json_key(&w, "plane");
        json_cstr(&w, r->lines[i].plane);
        json_object_close(&w);
    }
    json_array_close(&w);
    json_object_close(&w);
    json_end(&w);
}
