/* The order in which package-level variables are initialised: again and again the first one, in
 * order of declaration, that depends on no variable which is still to come. */
#include "base/fault.h"
#include "lang/checker.h"

struct waiting {
    struct symbol *symbol; /* first of its declaration */
    uint32_t init;         /* index into program's inits */
    uint32_t pending;      /* variables that it still waits for */
    uint32_t *dependents;
    uint32_t dependent_count, dependent_cap;
};

struct order {
    struct check *c;
    struct waiting *items;
    uint32_t count;
    uint32_t *of_global; /* index into items, UINT32_MAX: needs no initialisation */
    uint32_t visit;
    struct waiting *from;
};

static void add_edge(struct order *o, uint32_t on)
{
    struct waiting *w = &o->items[on];
    uint32_t me = (uint32_t)(o->from - o->items);
    if (w->dependent_count && w->dependents[w->dependent_count - 1] == me)
        return;
    w->dependents =
        check_grow(o->c, w->dependents, w->dependent_count, &w->dependent_cap, sizeof(uint32_t));
    w->dependents[w->dependent_count++] = me;
    o->from->pending++;
}

enum { FUNCTIONS_DEEP_MAX = 5000 };

/* Variables that `s` reaches directly, or through functions. */
static void reach(struct order *o, struct symbol *s, uint32_t depth)
{
    for (struct dependency *d = s->uses; d; d = d->next) {
        struct symbol *to = d->to;
        if (to->visit == o->visit)
            continue;
        to->visit = o->visit;
        if (to->kind == SYMBOL_FUNC && fault_mutant("lang_init_order_of_text"))
            continue;
        if (to->kind == SYMBOL_FUNC) {
            if (depth < FUNCTIONS_DEEP_MAX)
                reach(o, to, depth + 1);
        } else if (o->of_global[to->slot] != UINT32_MAX) {
            add_edge(o, o->of_global[to->slot]);
        }
    }
}

/* One that is not done and that `at` waits for. */
static uint32_t waits_for(const struct order *o, const bool *done, uint32_t at)
{
    for (uint32_t i = 0; i < o->count; i++)
        for (uint32_t d = 0; !done[i] && d < o->items[i].dependent_count; d++)
            if (o->items[i].dependents[d] == at)
                return i;
    return at;
}

static void tell_cycle(struct order *o, bool *done)
{
    uint32_t at = 0;
    bool *seen = arena_alloc_array(o->c->arena, o->count + 1, sizeof(bool));
    while (at < o->count && done[at])
        at++;
    if (at == o->count)
        return;
    /* From one to another that it waits for: the first that comes again lies on a cycle. */
    for (; !seen[at]; at = waits_for(o, done, at))
        seen[at] = true;
    struct symbol *s = o->items[at].symbol;
    check_fault(o->c, CONFIG_FAULT_REFERENCE_CYCLE, s->at,
                "initialisation cycle: %s depends on itself", check_name(o->c, s->name));
}

/* The least index that waits for nothing: a heap of indexes. */
struct heap {
    uint32_t *items;
    uint32_t count;
};

static void heap_push(struct heap *h, uint32_t v)
{
    uint32_t at = h->count++;
    for (; at && h->items[(at - 1) / 2] > v; at = (at - 1) / 2)
        h->items[at] = h->items[(at - 1) / 2];
    h->items[at] = v;
}

static uint32_t heap_pop(struct heap *h)
{
    uint32_t top = h->items[0], last = h->items[--h->count], at = 0;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= h->count)
            break;
        if (child + 1 < h->count && h->items[child + 1] < h->items[child])
            child++;
        if (h->items[child] >= last)
            break;
        h->items[at] = h->items[child];
        at = child;
    }
    h->items[at] = last;
    return top;
}

static void run(struct order *o)
{
    struct check *c = o->c;
    struct program *p = c->program;
    struct heap ready = {.items = arena_alloc_array(c->arena, o->count + 1, sizeof(uint32_t))};
    bool *done = arena_alloc_array(c->arena, o->count + 1, sizeof(bool));
    struct init *sorted = arena_alloc_array(c->arena, o->count + 1, sizeof(*sorted));
    uint32_t count = 0;

    for (uint32_t i = 0; i < o->count; i++)
        if (!o->items[i].pending)
            heap_push(&ready, i);
    while (ready.count) {
        uint32_t at = heap_pop(&ready);
        done[at] = true;
        sorted[count++] = p->inits[o->items[at].init];
        for (uint32_t i = 0; i < o->items[at].dependent_count; i++) {
            uint32_t next = o->items[at].dependents[i];
            if (--o->items[next].pending == 0)
                heap_push(&ready, next);
        }
    }
    if (count < o->count)
        tell_cycle(o, done);
    p->inits = sorted;
    p->init_count = count;
}

void check_init_order(struct check *c)
{
    struct program *p = c->program;
    struct order o = {.c = c, .count = 0};
    uint32_t *init_of = arena_alloc_array(c->arena, p->global_count + 1, sizeof(uint32_t));

    o.items = arena_alloc_array(c->arena, p->init_count + 1, sizeof(*o.items));
    o.of_global = arena_alloc_array(c->arena, p->global_count + 1, sizeof(uint32_t));
    memset(o.of_global, 0xff, (p->global_count + 1) * sizeof(uint32_t));
    memset(init_of, 0xff, (p->global_count + 1) * sizeof(uint32_t));
    for (uint32_t i = 0; i < p->init_count; i++)
        init_of[p->inits[i].globals[0]] = i;
    for (uint32_t i = 0; i < c->global_count; i++) { /* in order of declaration */
        struct symbol *s = c->globals[i];
        if (s->kind != SYMBOL_VAR || init_of[s->slot] == UINT32_MAX)
            continue;
        o.items[o.count] = (struct waiting){.symbol = s, .init = init_of[s->slot]};
        const struct init *in = &p->inits[init_of[s->slot]];
        for (uint32_t g = 0; g < in->count; g++)
            o.of_global[in->globals[g]] = o.count;
        o.count++;
    }
    for (uint32_t i = 0; i < o.count; i++) {
        o.from = &o.items[i];
        o.visit = i + 1;
        reach(&o, o.items[i].symbol, 0);
    }
    run(&o);
}
