#include "gateway/inside.h"

/* What a write would change, member by member: "labels.tier", "tcp.target". Lists are compared as a
 * whole; so is what is nested deeper than anybody writes by hand. */

enum { DIFF_DEPTH_MAX = 16 };

struct diff {
    struct json_writer *w;
    struct buf path;
    uint32_t count;
};

static void put_value(struct json_writer *w, const struct json_value *v)
{
    if (v)
        json_tree(w, v);
    else
        json_null(w);
}

static void put_field(struct diff *d, const struct json_value *old, const struct json_value *new)
{
    d->count++;
    json_object_open(d->w);
    json_key(d->w, "path");
    json_string(d->w, buf_slice(&d->path));
    json_key(d->w, "old");
    put_value(d->w, old);
    json_key(d->w, "new");
    put_value(d->w, new);
    json_object_close(d->w);
}

static const struct json_value *member(const struct json_value *v, struct slice key)
{
    for (const struct json_value *m = v ? v->first : NULL; m; m = m->next)
        if (slice_eq(m->key, key))
            return m;
    return NULL;
}

static bool is_object(const struct json_value *v)
{
    return v && v->type == JSON_OBJECT;
}

static void members(struct diff *d, const struct json_value *old, const struct json_value *new,
                    uint32_t depth);

static void one(struct diff *d, struct slice key, const struct json_value *old,
                const struct json_value *new, uint32_t depth)
{
    size_t before = d->path.size;
    buf_printf(&d->path, "%s%.*s", before ? "." : "", SLICE_ARG(key));
    bool objects = (is_object(old) || !old) && (is_object(new) || !new);
    if (objects && depth < DIFF_DEPTH_MAX)
        members(d, old, new, depth + 1);
    else if (!old || !new || !json_equal(old, new))
        put_field(d, old, new);
    d->path.size = before;
}

static void members(struct diff *d, const struct json_value *old, const struct json_value *new,
                    uint32_t depth)
{
    for (const struct json_value *m = new ? new->first : NULL; m; m = m->next)
        one(d, m->key, member(old, m->key), m, depth);
    for (const struct json_value *m = old ? old->first : NULL; m; m = m->next)
        if (!member(new, m->key))
            one(d, m->key, m, NULL, depth);
}

uint32_t diff_write(const struct json_value *old, const struct json_value *new,
                    struct json_writer *w)
{
    struct diff d = {.w = w, .path = BUF(MEM_GATEWAY, 0)};
    json_array_open(w);
    members(&d, old, new, 0);
    json_array_close(w);
    buf_done(&d.path);
    return d.count;
}
