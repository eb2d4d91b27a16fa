#include <string.h>

#include "base/fault.h"
#include "gateway/inside.h"

/* Which files still declare what was deleted: it comes back when they are read the next time. */

enum { DECLARERS_MAX = 8 };

static void put_text(struct json_writer *w, const char *key, struct slice text)
{
    json_key_slice(w, slice_from(key));
    if (text.size)
        json_string(w, text);
    else
        json_null(w);
}

static void put_declarer(struct json_writer *w, const struct kind *kind, struct slice name,
                         struct slice node, struct slice place)
{
    json_object_open(w);
    put_text(w, "kind", slice_from(kind->name));
    put_text(w, "name", name);
    put_text(w, "node", node);
    put_text(w, "place", place);
    json_object_close(w);
}

static bool is_ours(struct request *q, const struct kind *kind, struct slice namespace_,
                    struct slice name, struct slice *ret_place)
{
    const struct gateway_options *o = &q->g->options;
    struct buf place = BUF(MEM_GATEWAY, 0);
    bool ours = o->declared_at && !fault_mutant("gateway_return_untold") &&
                o->declared_at(o->ctx, kind, namespace_, name, &place);
    *ret_place = (struct slice){arena_strdup(&q->arena, buf_slice(&place)), place.size};
    buf_done(&place);
    return ours;
}

bool declarers_check(struct request *q, struct slice namespace_, const struct json_value *state,
                     struct slice *ret_check, struct slice *ret_place)
{
    const struct kind *check = kind_find(SLICE("check"));
    const struct json_value *checks = state ? json_get(state, "checks") : NULL;
    for (const struct json_value *c = checks ? checks->first : NULL; c; c = c->next) {
        const struct json_value *name = json_get(c, "name");
        if (!name || name->type != JSON_STRING ||
            !is_ours(q, check, namespace_, name->text, ret_place))
            continue;
        *ret_check = name->text;
        return true;
    }
    return false;
}

/* Of other nodes' files there is a record each. That the store does not answer any more takes
 * nothing back of what was done: then nothing is told of them. */
static void put_others(struct request *q, const struct kind *kind, struct slice namespace_,
                       struct slice name, struct json_writer *w)
{
    const char *records = arena_printf(&q->arena, "/declared/%s/", kind->plural);
    struct slice key = key_make(q, records, namespace_, name);
    struct slice prefix = slice_from(arena_printf(&q->arena, "%.*s/", SLICE_ARG(key)));
    struct store_range all = {.keys = store_prefix(prefix), .limit = DECLARERS_MAX};
    struct store_range_result got;
    struct err err;
    if (store_range(q->g->options.store, &all, &q->arena, &got, &err, gateway_soon()) < 0)
        return;
    for (uint32_t i = 0; i < got.count; i++) {
        struct slice node = slice_sub(got.kvs[i].key, prefix.size, SIZE_MAX);
        if (!q->g->options.node || !slice_eq_cstr(node, q->g->options.node))
            put_declarer(w, kind, name, node, (struct slice){NULL, 0});
    }
}

void declarers_write(struct request *q, const struct collection *c, struct slice namespace_,
                     struct slice name, struct json_writer *w)
{
    struct resource r = {.spec = NULL};
    const char *node = q->g->options.node;
    struct slice ours = slice_from(node ? node : ""), bad, place, check;
    json_array_open(w);
    if (!c->raw) { /* nodes are declared by nobody */
        if (is_ours(q, c->kind, namespace_, name, &place))
            put_declarer(w, c->kind, name, ours, place);
        put_others(q, c->kind, namespace_, name, w);
    }
    if (strcmp(c->kind->name, "asset") == 0 &&
        resource_read(q, c, namespace_, name, &r, NULL) == 0 &&
        resource_parse(&r, &q->arena, &bad, &q->err) == 0 &&
        declarers_check(q, namespace_, r.state, &check, &place))
        put_declarer(w, kind_find(SLICE("check")), check, ours, place);
    json_array_close(w);
}
