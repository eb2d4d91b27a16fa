#include "wire/problem.h"

#include <errno.h>

#include "wire/json.h"

static void text(struct json_writer *w, struct slice s)
{
    if (s.size)
        json_string(w, s);
    else
        json_null(w);
}

void problem_write(const struct problem *p, struct buf *out)
{
    struct json_writer w;
    json_begin(&w, out, 0);
    json_object_open(&w);
    json_key(&w, "type");
    json_cstr(&w, "about:blank");
    json_key(&w, "title");
    json_string(&w, p->title);
    json_key(&w, "status");
    json_i64(&w, p->status);
    json_key(&w, "detail");
    json_string(&w, p->detail);
    json_key(&w, "reason");
    text(&w, p->reason);
    json_key(&w, "field");
    text(&w, p->field);
    json_key(&w, "trace_id");
    text(&w, p->trace_id);
    if (p->faults.size) {
        json_key(&w, "faults");
        json_raw(&w, p->faults);
    }
    json_object_close(&w);
    json_end(&w);
}

static struct slice member(const struct json_value *v, const char *key)
{
    const struct json_value *m = json_get(v, key);
    return m && m->type == JSON_STRING ? m->text : (struct slice){0};
}

int problem_read(struct slice json, struct arena *arena, struct problem *ret)
{
    struct json_value *v;
    int64_t status;
    if (json_parse(json, arena, 0, &v, NULL) < 0 || v->type != JSON_OBJECT)
        return -EBADMSG;
    const struct json_value *number = json_get(v, "status");
    if (!number || json_to_i64(number, &status) < 0 || status < 100 || status > 999)
        return -EBADMSG;
    *ret = (struct problem){
        .status = (uint16_t)status,
        .title = member(v, "title"),
        .detail = member(v, "detail"),
        .reason = member(v, "reason"),
        .field = member(v, "field"),
        .trace_id = member(v, "trace_id"),
    };
    return 0;
}
