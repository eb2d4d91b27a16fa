/* world.h - a reconciler, a clock that the test moves, what was told, and what was ordered.
 *
 * The test is its executor: it sees each order, and says how its task ended. */
#ifndef FIREBREAK_TESTS_RECONCILE_WORLD_H
#define FIREBREAK_TESTS_RECONCILE_WORLD_H

#include <stdio.h>
#include <stdlib.h>

#include "reconcile/reconcile.h"
#include "tests/tap.h"

#define S INT64_C(1000000000)
/* A sample is large: cases that each have one are not all put into main(). */
#define CASE __attribute__((noinline))

struct world {
    struct reconciler *r;
    int64_t now;
    struct event *told[256];
    int count;
    struct repair_order *orders[64];
    int order_count;
    bool disowned, precondition;
    int judged; /* of a0, a1, …: so many are ours to judge; 0: all */
};

static inline void on_event(void *ctx, const struct event *e)
{
    struct world *w = ctx;
    if (w->count < 256)
        w->told[w->count++] = event_copy(e);
}

static inline void on_order(void *ctx, const struct repair_order *o)
{
    struct world *w = ctx;
    if (w->order_count < 64)
        w->orders[w->order_count++] = repair_order_copy(o);
}

static inline bool owns(void *ctx, const struct asset *a)
{
    (void)a;
    return !((struct world *)ctx)->disowned;
}

static inline bool judges(void *ctx, const struct asset *a)
{
    const struct world *w = ctx;
    return w->judged == 0 || atoi(a->name + 1) < w->judged;
}

static inline bool precondition(void *ctx, const struct asset *a, const struct remedy *m,
                                const char **why)
{
    (void)a;
    (void)m;
    *why = "the query is false";
    return ((struct world *)ctx)->precondition;
}

static inline void begin(struct world *w)
{
    *w = (struct world){.now = 10000 * S};
    struct reconcile_options o = {.on_event = on_event, .on_order = on_order, .owns = owns,
                                  .judges = judges, .precondition = precondition, .ctx = w,
                                  .owner = "here"};
    w->r = reconciler_new(&o);
}

static inline void end(struct world *w)
{
    for (int i = 0; i < w->count; i++)
        event_free(w->told[i]);
    for (int i = 0; i < w->order_count; i++)
        repair_order_free(w->orders[i]);
    reconciler_free(w->r);
}

static inline struct reconcile_time at(const struct world *w)
{
    return (struct reconcile_time){w->now, w->now + 1774746000 * S};
}

static inline void pass(struct world *w, int64_t seconds)
{
    for (int64_t i = 0; i < seconds; i++) {
        w->now += S;
        reconciler_tick(w->r, at(w));
    }
}

/* Long enough for what fails of the same cause to be told. */
static inline void moment(struct world *w)
{
    w->now += S / 10;
    reconciler_tick(w->r, at(w));
}

static inline void take(struct world *w, struct sample *s, const char *asset)
{
    snprintf(s->asset, sizeof(s->asset), "%s", asset);
    if (!s->check[0])
        snprintf(s->check, sizeof(s->check), "port");
    reconciler_take(w->r, s, at(w));
}

static inline void answer(struct world *w, const char *asset, enum probe_reason reason)
{
    struct sample s = {.type = SAMPLE_RESULT, .reason = reason, .total_ns = 1000};
    take(w, &s, asset);
}

static inline void declare(struct world *w, const char *asset, const struct asset_rules *rules)
{
    struct sample s = {.type = SAMPLE_ASSET, .settle_ns = 5 * S, .rules = rules};
    take(w, &s, asset);
    s.type = SAMPLE_FOUND;
    s.kind = "tcp";
    take(w, &s, asset);
}

/* Of the asset, with what tests do not say left at its default. */
static inline void remedy(struct world *w, const char *asset, struct remedy m)
{
    const char **const texts[] = {&m.when_check, &m.when_reason, &m.precondition, &m.rollback,
                                  &m.verify,     &m.then,        &m.action};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (!*texts[i])
            *texts[i] = "";
    m.asset = asset;
    m.when_any = true;
    struct sample s = {.type = SAMPLE_REMEDY, .remedy = &m};
    CHECK_INT(reconciler_take(w->r, &s, at(w)), 0);
}

static inline void break_it(struct world *w, const char *asset)
{
    answer(w, asset, REASON_REFUSED);
    answer(w, asset, REASON_REFUSED);
}

static inline const struct repair_order *last_order(const struct world *w)
{
    static const struct repair_order none = {.remedy = "", .dedup_key = "", .type = 99};
    return w->order_count ? w->orders[w->order_count - 1] : &none;
}

static inline int starts(const struct world *w)
{
    int n = 0;
    for (int i = 0; i < w->order_count; i++)
        n += w->orders[i]->type == REPAIR_ORDER_START;
    return n;
}

static inline void task(struct world *w, const struct repair_order *o, enum task_state state)
{
    struct sample s = {.type = SAMPLE_TASK, .dedup_key = o->dedup_key, .task = "task-1",
                       .task_state = state};
    take(w, &s, o->asset);
}

static inline const struct asset *asset(const struct world *w, const char *name)
{
    return reconciler_find(w->r, name);
}

/* "observation verdict state …" of the events since `from`. */
static inline const char *story(const struct world *w, int from, char *text, size_t size)
{
    int n = 0;
    text[0] = 0;
    for (int i = from; i < w->count; i++)
        n += snprintf(text + n, size - (size_t)n, "%s%s", i > from ? " " : "",
                      event_type_name(w->told[i]->type));
    return text;
}

/* The last decision that something is not done; NULL: there was none. */
static inline const struct event *held_back(const struct world *w)
{
    for (int i = w->count; i-- > 0;)
        if (w->told[i]->rejected_count)
            return w->told[i];
    return NULL;
}

static inline enum repair_why why_not(const struct world *w)
{
    const struct event *e = held_back(w);
    return e ? e->rejected[0].why : REPAIR_WHY_COUNT;
}

static inline void web(struct world *w)
{
    begin(w);
    declare(w, "web", NULL);
    remedy(w, "web", (struct remedy){.name = "restart", .action = "{\"restart\":{}}"});
    answer(w, "web", REASON_OK);
    pass(w, 5);
    CHECK_INT(asset(w, "web")->state, ASSET_HEALTHY);
}

#endif
