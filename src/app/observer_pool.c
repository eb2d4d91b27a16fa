#include "app/observer_pool.h"

#include <string.h>

#include "base/arena.h"

struct pooled_observer {
    struct observer *observer;
    struct probe_spec spec; /* a copy: the check that came first may go first */
    struct arena arena;     /* the copy's texts */
    uint32_t holders;
    struct list link;
};

void observer_pool_init(struct observer_pool *p)
{
    list_init(&p->shared);
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* What is asked of a body or sent along is compiled for one check, and not compared. */
bool observer_pool_copies(const struct probe_spec *s)
{
    return !s->header_count && !s->json_count && !s->body && !s->capture_count;
}

static bool same(const struct probe_spec *a, const struct probe_spec *b)
{
    return observer_pool_copies(a) && observer_pool_copies(b) && a->timeout_ns == b->timeout_ns &&
           a->retries == b->retries && same_text(a->method, b->method) &&
           slice_eq(a->status, b->status) && a->redirects == b->redirects &&
           same_text(a->ca_file, b->ca_file) && same_text(a->server_name, b->server_name) &&
           a->insecure == b->insecure && a->days_left_min == b->days_left_min &&
           a->offset_max_ns == b->offset_max_ns && slice_eq(a->host_key, b->host_key);
}

static const char *kept(struct pooled_observer *o, const char *text)
{
    return text ? arena_strdup(&o->arena, slice_from(text)) : NULL;
}

static void copy_spec(struct pooled_observer *o, const struct probe_spec *spec)
{
    o->arena = ARENA(MEM_APP, 0);
    o->spec = *spec;
    o->spec.method = kept(o, spec->method);
    o->spec.ca_file = kept(o, spec->ca_file);
    o->spec.server_name = kept(o, spec->server_name);
    if (spec->host_key.size)
        o->spec.host_key.data = arena_strdup(&o->arena, spec->host_key);
    if (spec->status.size)
        o->spec.status.data = arena_strdup(&o->arena, spec->status);
}

int observer_pool_get(struct observer_pool *p, const struct probe_spec *spec,
                      struct pooled_observer **ret, struct err *err)
{
    list_each (it, &p->shared) {
        struct pooled_observer *o = list_entry(it, struct pooled_observer, link);
        if (!same(&o->spec, spec))
            continue;
        o->holders++;
        *ret = o;
        return 0;
    }
    struct pooled_observer *o = mem_alloc(MEM_APP, sizeof(*o));
    copy_spec(o, spec);
    int r = observer_open(&o->spec, &o->observer, err);
    if (r < 0) {
        arena_done(&o->arena);
        mem_free(MEM_APP, o);
        return r;
    }
    o->holders = 1;
    list_push_back(&p->shared, &o->link);
    *ret = o;
    return 0;
}

struct observer *pooled_observer_of(struct pooled_observer *o)
{
    return o->observer;
}

void observer_pool_put(struct pooled_observer *o)
{
    if (!o || --o->holders > 0)
        return;
    list_remove(&o->link);
    observer_close(o->observer);
    arena_done(&o->arena);
    mem_free(MEM_APP, o);
}
