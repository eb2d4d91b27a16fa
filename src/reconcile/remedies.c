#include "reconcile/inside.h"

#include <errno.h>

static void asset_key_of(const struct remedy *m, char *key, size_t size)
{
    if (strchr(m->asset, '/'))
        snprintf(key, size, "%s", m->asset);
    else
        snprintf(key, size, "%s/%s", m->namespace_, m->asset);
}

struct cabinet *remedies_of(const struct reconciler *r, const char *key)
{
    return map_get(&r->cabinets, slice_from(key));
}

static struct cabinet *cabinet_for(struct reconciler *r, const char *key)
{
    struct cabinet *c = remedies_of(r, key);
    size_t size = strlen(key);
    if (c)
        return c;
    c = mem_alloc(MEM_RECONCILE, sizeof(*c) + size + 1);
    list_init(&c->remedies);
    c->key_size = size;
    memcpy(c->key, key, size);
    map_put(&r->cabinets, (struct slice){c->key, size}, c, NULL);
    return c;
}

static void leave_cabinet(struct reconciler *r, struct declared *d)
{
    struct cabinet *c = remedies_of(r, d->asset_key);
    list_remove(&d->link);
    if (--c->count > 0)
        return;
    map_remove(&r->cabinets, (struct slice){c->key, c->key_size});
    mem_free(MEM_RECONCILE, c);
}

/* ---- declaring ---- */

static const char *kept(struct arena *a, const char *text)
{
    return arena_strdup(a, slice_from(text ? text : ""));
}

static void take_over(struct declared *d, const struct remedy *m)
{
    struct remedy *to = &d->remedy;
    struct arena *a = &d->arena;
    *to = *m;
    const char **const texts[] = {&to->namespace_,  &to->name,        &to->asset,
                                  &to->when_check,  &to->when_reason, &to->precondition,
                                  &to->action,      &to->rollback,    &to->verify,
                                  &to->then};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *texts[i] = kept(a, *texts[i]);
    if (!to->namespace_[0])
        to->namespace_ = "default";
    if (to->within_ns == 0)
        to->within_ns = REMEDY_WITHIN_S * SECOND_NS;
    if (to->cooldown_ns == 0)
        to->cooldown_ns = REMEDY_COOLDOWN_S * SECOND_NS;
    if (to->max_per_hour == 0)
        to->max_per_hour = REMEDY_MAX_PER_HOUR;
    asset_key_of(to, d->asset_key, sizeof(d->asset_key));
}

static void wake(struct reconciler *r, const char *key)
{
    struct held *h = held_find(r, key);
    if (h)
        work_soon(r, h);
}

/* The text of one that an asset has open: it lies in the declaration's arena, or in this. */
static void declared_free(struct declared *d)
{
    arena_done(&d->arena);
    mem_free(MEM_RECONCILE, d);
}

int remedies_declare(struct reconciler *r, const struct remedy *m, struct reconcile_time t)
{
    char key[ASSET_KEY_BYTES_MAX], asset_key[ASSET_KEY_BYTES_MAX];
    (void)t;
    const char *ns = m->namespace_ && m->namespace_[0] ? m->namespace_ : "default";
    struct remedy named = *m;
    named.namespace_ = ns;
    snprintf(key, sizeof(key), "%s/%s", ns, m->name);
    asset_key_of(&named, asset_key, sizeof(asset_key));
    struct declared *old = map_get(&r->remedies, slice_from(key));
    struct cabinet *c = remedies_of(r, asset_key);
    bool stays = old && strcmp(old->asset_key, asset_key) == 0;
    if ((!old && r->remedy_count == RECONCILE_REMEDIES_MAX) ||
        (!stays && c && c->count == REMEDIES_OF_ASSET_MAX))
        return -ENOSPC;
    struct declared *d = mem_alloc(MEM_RECONCILE, sizeof(*d));
    d->arena = ARENA(MEM_RECONCILE, 0);
    snprintf(d->key, sizeof(d->key), "%s", key);
    take_over(d, &named);
    if (stays) { /* its place among the others stays */
        list_insert_(old->link.prev, old->link.next, &d->link);
        map_put(&r->remedies, slice_from(d->key), d, NULL);
        declared_free(old);
    } else {
        if (old)
            leave_cabinet(r, old);
        c = cabinet_for(r, d->asset_key);
        list_push_back(&c->remedies, &d->link);
        c->count++;
        map_put(&r->remedies, slice_from(d->key), d, NULL);
        if (old)
            declared_free(old);
        else
            r->remedy_count++;
    }
    wake(r, asset_key);
    return 0;
}

void remedies_forget(struct reconciler *r, const char *namespace_, const char *name,
                     struct reconcile_time t)
{
    char key[ASSET_KEY_BYTES_MAX];
    snprintf(key, sizeof(key), "%s/%s", namespace_ && namespace_[0] ? namespace_ : "default",
             name);
    struct declared *d = map_remove(&r->remedies, slice_from(key));
    if (!d)
        return;
    struct held *h = held_find(r, d->asset_key);
    leave_cabinet(r, d);
    r->remedy_count--;
    declared_free(d);
    if (h && h->asset.repair && strcmp(h->asset.repair->remedy, name) == 0)
        repair_drop(r, h, "its remedy is no longer declared", t);
    if (h)
        work_soon(r, h);
}

void remedies_done(struct reconciler *r)
{
    struct map_entry e;
    for (size_t at = 0; map_next(&r->remedies, &at, &e);)
        declared_free(e.value);
    for (size_t at = 0; map_next(&r->cabinets, &at, &e);)
        mem_free(MEM_RECONCILE, e.value);
    for (size_t at = 0; map_next(&r->counts, &at, &e);)
        mem_free(MEM_RECONCILE, e.value);
    map_done(&r->remedies);
    map_done(&r->cabinets);
    map_done(&r->counts);
}

/* ---- reading ---- */

const struct remedy *remedies_find(const struct reconciler *r, const char *namespace_,
                                   const char *name)
{
    char key[ASSET_KEY_BYTES_MAX];
    snprintf(key, sizeof(key), "%s/%s", namespace_, name);
    struct declared *d = map_get(&r->remedies, slice_from(key));
    return d ? &d->remedy : NULL;
}

bool remedies_repair(const struct reconciler *r, const struct held *h)
{
    const struct cabinet *c = remedies_of(r, h->asset.key);
    if (!c)
        return false;
    list_each (it, &c->remedies)
        if (!list_entry(it, struct declared, link)->remedy.notifies)
            return true;
    return false;
}

void remedies_count(struct reconciler *r, const struct held *h, const char *name,
                    enum repair_outcome outcome)
{
    char key[ASSET_KEY_BYTES_MAX];
    int n = snprintf(key, sizeof(key), "%s/%s", h->asset.namespace_, name);
    size_t size = n < (int)sizeof(key) ? (size_t)n : sizeof(key) - 1;
    struct counted *c = map_get(&r->counts, (struct slice){key, size});
    if (!c) {
        size_t ns = strlen(h->asset.namespace_);
        c = mem_alloc(MEM_RECONCILE, sizeof(*c) + 2 * (size + 1));
        memcpy(c->key, key, size);
        char *text = c->key + size + 1;
        memcpy(text, key, size);
        text[ns] = 0;
        c->count.namespace_ = text;
        c->count.remedy = text + ns + 1;
        map_put(&r->counts, (struct slice){c->key, size}, c, NULL);
    }
    c->count.outcome_total[outcome]++;
}

void reconciler_each_count(const struct reconciler *r,
                           void (*fn)(void *ctx, const struct repair_count *c), void *ctx)
{
    struct map_entry e;
    for (size_t at = 0; map_next(&r->counts, &at, &e);)
        fn(ctx, &((struct counted *)e.value)->count);
}
