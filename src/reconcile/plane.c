#include "reconcile/plane.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "store/election.h"
#include "store/follow.h"

enum {
    AGAIN_MS = 200,
    CALL_MS = 10 * 1000,
    LOOK_MS = 250, /* at our own life, while nobody else's changes */
};

struct names {
    char *of[PLANES_MAX];
    uint32_t count;
};

struct plane {
    struct plane_options options;
    char *node, *prefix; /* of Store.Prefix */
    struct names living; /* as far as we see */
    struct names placed; /* the same, when we last saw all of it: who looks at what */
    struct names blind;
    bool alive;
    struct store_session session;
    struct election life;
};

struct plane *plane_new(const struct plane_options *options)
{
    struct plane *p = mem_alloc(MEM_RECONCILE, sizeof(*p));
    p->options = *options;
    p->node = mem_strdup(MEM_RECONCILE, options->node);
    p->prefix = mem_strdup(MEM_RECONCILE, options->prefix);
    return p;
}

static void names_clear(struct names *n)
{
    while (n->count)
        mem_free(MEM_RECONCILE, n->of[--n->count]);
}

static bool names_have(const struct names *n, const char *name)
{
    for (uint32_t i = 0; i < n->count; i++)
        if (strcmp(n->of[i], name) == 0)
            return true;
    return false;
}

static void names_set(struct names *n, struct slice name, bool there)
{
    uint32_t i = 0;
    while (i < n->count && !slice_eq_cstr(name, n->of[i]))
        i++;
    if (there && i == n->count && i < PLANES_MAX) {
        n->of[n->count++] = mem_strdup(MEM_RECONCILE, name);
    } else if (!there && i < n->count) {
        mem_free(MEM_RECONCILE, n->of[i]);
        n->of[i] = n->of[--n->count];
    }
}

void plane_free(struct plane *p)
{
    if (!p)
        return;
    names_clear(&p->living);
    names_clear(&p->placed);
    names_clear(&p->blind);
    mem_free(MEM_RECONCILE, p->node);
    mem_free(MEM_RECONCILE, p->prefix);
    mem_free(MEM_RECONCILE, p);
}

/* ---- who has what ---- */

static uint64_t weight(const char *share, const char *node)
{
    /* Never of the machine: every plane must choose alike. */
    uint64_t s = map_hash((struct map_seed){4, 5}, share, strlen(share));
    return map_hash((struct map_seed){s, 6}, node, strlen(node));
}

static const char *first_of(const struct names *n, const char *share)
{
    const char *best = NULL;
    uint64_t most = 0;
    for (uint32_t i = 0; i < n->count; i++) {
        uint64_t w = weight(share, n->of[i]);
        if (!best || w > most) {
            best = n->of[i];
            most = w;
        }
    }
    return best;
}

const char *plane_owner(const struct plane *p, const char *share)
{
    return first_of(&p->living, share);
}

bool plane_judges(const struct plane *p, const char *share)
{
    const char *owner = first_of(&p->placed, share);
    return owner && strcmp(owner, p->node) == 0;
}

bool plane_looks(const struct plane *p, const char *share, uint32_t observers)
{
    uint32_t before = 0;
    uint64_t ours = weight(share, p->node);
    if (!names_have(&p->placed, p->node))
        return false;
    if (fault_mutant("heal_everybody_looks") || plane_judges(p, share))
        return true;
    if (observers <= 1)
        return false;
    for (uint32_t i = 0; i < p->placed.count; i++) {
        bool sees = !names_have(&p->blind, p->placed.of[i]) || fault_mutant("heal_blind_looks");
        before += sees && strcmp(p->placed.of[i], p->node) != 0 &&
                  weight(share, p->placed.of[i]) > ours;
    }
    return before < observers;
}

bool plane_owns(const struct plane *p, const char *share)
{
    const char *owner = plane_owner(p, share);
    if (fault_mutant("heal_everybody_owns"))
        return true;
    return owner && p->alive && store_session_alive(&p->session) && strcmp(owner, p->node) == 0;
}

bool plane_guard(const struct plane *p, struct store_compare *ret)
{
    if (!p->alive)
        return false;
    *ret = election_guard(&p->life);
    return true;
}

uint32_t plane_count(const struct plane *p)
{
    return p->living.count;
}

const char *plane_node(const struct plane *p)
{
    return p->node;
}

bool plane_lives(const struct plane *p, const char *node)
{
    return names_have(&p->living, node);
}

const char *plane_placed(const struct plane *p, uint32_t i)
{
    return i < p->placed.count ? p->placed.of[i] : NULL;
}

int64_t plane_lease(const struct plane *p)
{
    return p->alive ? p->session.lease : 0;
}

/* ---- living ---- */

/* Those that look are those that live, once all of it has been seen. */
static void place(struct plane *p)
{
    names_clear(&p->placed);
    for (uint32_t i = 0; i < p->living.count; i++)
        names_set(&p->placed, slice_from(p->living.of[i]), true);
}

static void changed(struct plane *p)
{
    if (p->alive)
        place(p);
    if (p->options.on_change)
        p->options.on_change(p->options.ctx);
}

void plane_set_blind(struct plane *p, struct slice node, bool blind)
{
    names_set(&p->blind, node, blind);
    changed(p);
}

/* Until our life is over, or the group is cancelled. */
static void follow(struct plane *p, struct follow *f, size_t prefix_size)
{
    struct follow_change c;
    bool synced = false;
    while (!rt_cancelled() && store_session_alive(&p->session)) {
        int r = follow_next(f, &c, NULL, rt_now() + LOOK_MS * RT_MS);
        if (r == -ECANCELED)
            return;
        if (r == -ETIMEDOUT)
            continue;
        if (r < 0) {
            (void)rt_sleep(rt_now() + AGAIN_MS * RT_MS);
            continue;
        }
        if (c.type == FOLLOW_SYNCED) {
            bool first = !synced;
            synced = p->alive = true;
            if (first)
                changed(p);
            continue;
        }
        struct slice node = slice_sub(c.kv.key, prefix_size, c.kv.key.size);
        names_set(&p->living, node, c.type == FOLLOW_SET);
        if (c.type == FOLLOW_GONE && slice_eq_cstr(node, p->node))
            return; /* our lease has ended, whatever our clock says */
        if (synced)
            changed(p);
    }
}

static void live(struct plane *p)
{
    struct arena a = ARENA(MEM_RECONCILE, 0);
    struct follow f;
    struct slice prefix = slice_from(arena_printf(&a, "%s/leader/planes/", p->prefix));
    follow_init(&f, p->options.store, prefix, 0);
    follow(p, &f, prefix.size);
    follow_done(&f);
    arena_done(&a);
}

static void one_life(struct plane *p)
{
    char role[STORE_KEY_BYTES_MAX];
    int n = snprintf(role, sizeof(role), "planes/%s", p->node);
    int r = store_session_open(&p->session, p->options.store, p->options.lease_ttl_ms, NULL,
                               rt_now() + CALL_MS * RT_MS);
    if (r < 0)
        return;
    r = election_campaign(&p->life, &p->session, slice_from(p->prefix),
                          (struct slice){role, (size_t)n}, slice_from(p->node), NULL, RT_NEVER);
    if (r == 0)
        live(p);
    p->alive = false;
    names_clear(&p->living);
    if (!rt_cancelled())
        changed(p);
    rt_shield_begin();
    store_session_close(&p->session, rt_now() + RT_SEC);
    rt_shield_end();
}

void plane_main(void *arg)
{
    struct plane *p = arg;
    while (!rt_cancelled()) {
        one_life(p);
        if (rt_sleep(rt_now() + AGAIN_MS * RT_MS) < 0)
            return;
    }
}
