#include "reconcile/views.h"

#include <errno.h>
#include <stdio.h>

#include "reconcile/reconcile.h"
#include "rt/sim.h"
#include "store/memory.h"
#include "tests/tap.h"

/* Control planes on one store: who looks at what, and how what one sees reaches the others. */

enum { SIDES = 4, LEASE_MS = 3000 };

struct side {
    char name[16];
    struct store *store;
    struct plane *plane;
    struct reconciler *r;
    struct views *views;
    struct rt_group group;
    bool lives;
    int moves; /* that its reconciler told */
};

static struct store_memory *memory;
static struct side sides[SIDES];

static struct reconcile_time now(void)
{
    return (struct reconcile_time){rt_now(), rt_wall_now()};
}

static void pass(int ms)
{
    rt_sleep(rt_now() + ms * RT_MS);
}

static void on_event(void *ctx, const struct event *e)
{
    struct side *side = ctx;
    side->moves += e->type == EVENT_STATE && !e->created;
}

static void on_sample(void *ctx, struct sample *s)
{
    struct side *side = ctx;
    reconciler_take(side->r, s, now());
    sample_free(s);
}

static bool judges(void *ctx, const struct asset *a)
{
    struct side *side = ctx;
    char share[RECONCILE_SHARE_BYTES_MAX];
    return plane_judges(side->plane, reconciler_share_of(a, share));
}

static void declare(struct side *s, uint32_t observers, uint32_t agree)
{
    struct sample *x = sample_new(SAMPLE_ASSET);
    snprintf(x->asset, sizeof(x->asset), "web");
    reconciler_take(s->r, x, now());
    x->type = SAMPLE_FOUND;
    x->kind = "tcp";
    x->every_ns = RT_SEC;
    x->observers = observers;
    x->agree = agree;
    snprintf(x->check, sizeof(x->check), "port");
    reconciler_take(s->r, x, now());
    sample_free(x);
}

static void start(struct side *s)
{
    struct reconcile_options o = {
        .judges = judges, .on_event = on_event, .owner = s->name, .ctx = s};
    store_memory_open(memory, &s->store);
    s->r = reconciler_new(&o);
    s->plane = plane_new(&(struct plane_options){
        .store = s->store, .node = slice_from(s->name), .lease_ttl_ms = LEASE_MS});
    s->views = views_new(&(struct views_options){.store = s->store,
                                                 .plane = s->plane,
                                                 .assets = s->r,
                                                 .on_sample = on_sample,
                                                 .ctx = s});
    rt_group_init(&s->group, s->name);
    rt_go(&s->group, plane_main, s->plane);
    rt_go(&s->group, views_say_main, s->views);
    rt_go(&s->group, views_hear_main, s->views);
    s->lives = true;
}

static void stop(struct side *s)
{
    if (!s->lives)
        return;
    s->lives = false;
    rt_group_done(&s->group);
    views_free(s->views);
    plane_free(s->plane);
    reconciler_free(s->r);
    store_close(s->store);
}

static void begin(uint32_t count)
{
    static const struct store_memory_faults slow = {.latency_max = 20 * RT_MS};
    memory = store_memory_new(&slow);
    for (uint32_t i = 0; i < count; i++) {
        sides[i] = (struct side){0};
        snprintf(sides[i].name, sizeof(sides[i].name), "p%u", i);
        start(&sides[i]);
    }
    pass(3000);
}

static void end(void)
{
    for (int i = 0; i < SIDES; i++)
        stop(&sides[i]);
    store_memory_free(memory);
}

static const struct asset_check *port_of(const struct side *s)
{
    return &reconciler_find(s->r, "web")->checks[0];
}

/* Whoever looks at it now does so once. */
static void answer(struct side *s, enum probe_reason reason)
{
    struct sample *x = sample_new(SAMPLE_RESULT);
    snprintf(x->asset, sizeof(x->asset), "web");
    snprintf(x->check, sizeof(x->check), "port");
    x->reason = reason;
    snprintf(x->detail, sizeof(x->detail), "seen by %s", s->name);
    reconciler_take(s->r, x, now());
    views_note(s->views, reconciler_find(s->r, "web"));
    sample_free(x);
}

static bool looks(const struct side *s, uint32_t observers)
{
    return s->lives && plane_looks(s->plane, "default/asset/web", observers);
}

static uint32_t lookers(uint32_t observers)
{
    uint32_t n = 0;
    for (int i = 0; i < SIDES; i++)
        n += looks(&sides[i], observers);
    return n;
}

static struct side *owner(void)
{
    for (int i = 0; i < SIDES; i++)
        if (sides[i].lives && plane_owns(sides[i].plane, "default/asset/web"))
            return &sides[i];
    return NULL;
}

/* ---- who looks ---- */

static void as_many_look_as_are_wanted_and_the_owner_is_among_them(void)
{
    begin(4);
    for (uint32_t n = 1; n <= 6; n++) {
        CHECK_INT(lookers(n), n < 4 ? n : 4);
        CHECK(looks(owner(), n));
    }
    CHECK_INT(lookers(0), 1);
    for (int i = 0; i < 4; i++) /* who looks among two looks among three */
        for (uint32_t n = 1; n < 4; n++)
            CHECK(!looks(&sides[i], n) || looks(&sides[i], n + 1));
    end();
}

static void the_end_of_another_s_maintenance_is_not_due_here(void)
{
    begin(3);
    for (int i = 0; i < 3; i++) {
        struct sample s = {.type = SAMPLE_MAINTAIN, .asset = "web", .for_ns = 5 * RT_SEC};
        declare(&sides[i], 1, 1);
        reconciler_take(sides[i].r, &s, now());
    }
    pass(6000);
    for (int i = 0; i < 3; i++) {
        const struct side *s = &sides[i];
        reconciler_tick(s->r, now());
        CHECK(reconciler_due_ns(s->r) > rt_now()); /* else its loop would turn for ever */
        CHECK((reconciler_find(s->r, "web")->state == ASSET_PENDING) == (s == owner()));
    }
    end();
}

static void the_next_one_looks_in_place_of_one_that_died(void)
{
    begin(4);
    struct side *first = owner();
    stop(first);
    pass(LEASE_MS + 1000);
    CHECK(owner() && owner() != first);
    CHECK_INT(lookers(3), 3);
    CHECK_INT(lookers(1), 1);
    end();
}

static void the_next_one_looks_in_place_of_one_that_is_blind(void)
{
    begin(4);
    struct side *blind = NULL;
    for (int i = 0; i < 4; i++)
        if (looks(&sides[i], 3) && &sides[i] != owner())
            blind = &sides[i];
    struct sample s = {.type = SAMPLE_BLIND, .blind = BLIND_NETWORK};
    reconciler_take(blind->r, &s, now());
    views_note_all(blind->views);
    pass(1000);
    CHECK_INT(lookers(3), 4); /* it goes on, to notice when it sees again: but three see */
    CHECK_INT(lookers(1), 1);
    s.type = SAMPLE_SEES;
    reconciler_take(blind->r, &s, now());
    views_note_all(blind->views);
    pass(1000);
    CHECK_INT(lookers(3), 3);
    end();
}

static void who_loses_the_store_goes_on_as_before(void)
{
    begin(3);
    struct side *cut = owner();
    store_memory_cut(cut->store, true);
    pass(LEASE_MS + 3000);
    CHECK(!plane_owns(cut->plane, "default/asset/web")); /* another does, and repairs */
    CHECK(plane_judges(cut->plane, "default/asset/web"));
    CHECK(looks(cut, 1));
    CHECK_INT(lookers(1), 2);
    store_memory_cut(cut->store, false);
    pass(LEASE_MS + 3000);
    CHECK_INT(lookers(1), 1);
    CHECK(owner() == cut);
    end();
}

/* ---- what they see ---- */

static void declare_all(uint32_t observers, uint32_t agree);
static void answer_all(enum probe_reason reason);

/* The others show it as the owner wrote it; what they saw themselves stands beside it. */
static void only_the_owner_says_what_state_it_is_in(void)
{
    begin(3);
    declare_all(3, 2);
    answer_all(REASON_TIMEOUT);
    answer_all(REASON_TIMEOUT);
    pass(1000);
    struct side *other = &sides[owner() == &sides[0]];
    const struct asset *a = reconciler_find(owner()->r, "web");
    const struct asset *b = reconciler_find(other->r, "web");
    CHECK_INT(a->state, ASSET_FAILED);
    CHECK_INT(owner()->moves, 1);
    CHECK_INT(b->state, ASSET_PENDING);
    answer(other, REASON_OK);
    reconciler_mirror(other->r, a, now());
    CHECK_INT(b->state, ASSET_FAILED);
    CHECK_STR(b->reason, "timeout");
    CHECK_INT(b->since_wall_ns, a->since_wall_ns);
    CHECK(b->checks[0].known && !b->checks[0].ok && b->checks[0].own.ok);
    CHECK_INT(other->moves, 0);
    reconciler_mirror(owner()->r, &(struct asset){.name = "web", .namespace_ = "default",
                                                  .reason = "settled", .state = ASSET_HEALTHY},
                      now());
    CHECK_INT(a->state, ASSET_FAILED); /* nobody else says that of what is ours */
    end();
}

static void declare_all(uint32_t observers, uint32_t agree)
{
    for (int i = 0; i < SIDES; i++)
        if (sides[i].lives)
            declare(&sides[i], observers, agree);
}

static void answer_all(enum probe_reason reason)
{
    for (int i = 0; i < SIDES; i++)
        if (sides[i].lives)
            answer(&sides[i], reason);
}

static void what_each_sees_reaches_the_owner(void)
{
    begin(3);
    declare_all(3, 2);
    answer_all(REASON_OK);
    pass(1000);
    const struct asset_check *c = port_of(owner());
    CHECK_INT(c->other_count, 2);
    CHECK(c->known && c->ok && !c->blind);
    CHECK(c->others[0].stands && c->others[0].ok && c->others[1].ok);
    /* One that misses is outvoted, and that it does is seen. */
    struct side *one = &sides[owner() == &sides[0]];
    answer(one, REASON_TIMEOUT);
    answer(one, REASON_TIMEOUT);
    pass(1000);
    c = port_of(owner());
    CHECK(c->ok);
    CHECK_INT(c->misses, 0);
    for (uint32_t i = 0; i < c->other_count; i++) {
        bool its = strcmp(c->others[i].observer, one->name) == 0;
        CHECK_INT(c->others[i].ok, !its);
        CHECK_INT(c->others[i].reason, its ? REASON_TIMEOUT : REASON_OK);
    }
    /* Two of three have the say, though the owner itself sees it well. */
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 2 && &sides[i] != owner(); k++)
            answer(&sides[i], REASON_TIMEOUT);
    pass(1000);
    answer(owner(), REASON_OK);
    CHECK(!port_of(owner())->ok);
    CHECK_INT(port_of(owner())->reason, REASON_TIMEOUT);
    CHECK(strstr(port_of(owner())->detail, "seen by p"));
    end();
}

static void who_takes_over_has_the_views_already(void)
{
    begin(3);
    declare_all(3, 2);
    answer_all(REASON_TIMEOUT);
    answer_all(REASON_TIMEOUT);
    pass(1000);
    CHECK(!port_of(owner())->ok);
    stop(owner());
    pass(LEASE_MS + 1000);
    reconciler_resync(owner()->r, now());
    reconciler_tick(owner()->r, now());
    CHECK(port_of(owner())->known && !port_of(owner())->ok);
    end();
}

static void the_dead_count_no_more(void)
{
    begin(3);
    declare_all(3, 2);
    answer_all(REASON_OK);
    pass(1000);
    struct side *left = owner();
    for (int i = 0; i < 3; i++)
        if (&sides[i] != left)
            stop(&sides[i]);
    pass(LEASE_MS + 1000);
    CHECK_INT(port_of(left)->other_count, 0);
    for (int i = 0; i < 2 * RECONCILE_FEW_S; i++) {
        answer(left, REASON_TIMEOUT); /* alone it has no say */
        pass(1000);
        reconciler_tick(left->r, now());
    }
    CHECK(port_of(left)->ok && port_of(left)->blind);
    CHECK_INT(reconciler_find(left->r, "web")->state, ASSET_UNKNOWN);
    end();
}

static void one_that_is_blind_has_no_say(void)
{
    begin(3);
    declare_all(3, 2);
    answer_all(REASON_OK);
    struct side *blind = &sides[owner() == &sides[0]];
    for (int i = 0; i < RECONCILE_BLIND; i++)
        answer(blind, REASON_LIMIT);
    pass(1000);
    const struct asset_check *c = port_of(owner());
    CHECK(c->ok && !c->blind);
    for (uint32_t i = 0; i < c->other_count; i++)
        CHECK_INT(c->others[i].limits >= RECONCILE_BLIND,
                  strcmp(c->others[i].observer, blind->name) == 0);
    end();
}

/* The lease lives, and yet nothing is asked: such a view must not stand for ever. */
static void a_view_that_grows_old_is_none(void)
{
    begin(3);
    declare_all(3, 2);
    answer_all(REASON_OK);
    for (int i = 0; i < 90; i++) {
        answer(owner(), REASON_OK);
        pass(1000);
    }
    const struct asset_check *c = port_of(owner());
    CHECK_INT(c->other_count, 2);
    CHECK(c->others[0].limits >= RECONCILE_BLIND && c->others[1].limits >= RECONCILE_BLIND);
    CHECK(c->blind);
    end();
}

static void what_changes_nothing_is_not_written(void)
{
    begin(2);
    declare_all(2, 1);
    for (int i = 0; i < 20; i++) {
        answer_all(REASON_OK);
        pass(1000);
    }
    CHECK_INT(views_stats_of(sides[0].views)->written_total, 1);
    for (int i = 0; i < 60; i++) {
        answer_all(REASON_OK);
        pass(1000);
    }
    CHECK(views_stats_of(sides[0].views)->written_total <= 4); /* now and then, all the same */
    CHECK(views_stats_of(sides[0].views)->written_total >= 2);
    end();
}

static void what_was_said_before_a_check_was_known_is_told_then(void)
{
    begin(2);
    declare(&sides[0], 2, 2);
    declare(&sides[1], 2, 2);
    answer(&sides[0], REASON_OK);
    pass(1000);
    struct sample s = {.type = SAMPLE_FORGET};
    snprintf(s.asset, sizeof(s.asset), "web");
    snprintf(s.check, sizeof(s.check), "port");
    reconciler_take(sides[1].r, &s, now());
    declare(&sides[1], 2, 2);
    CHECK_INT(port_of(&sides[1])->other_count, 0);
    views_tell(sides[1].views, "", "web");
    CHECK_INT(port_of(&sides[1])->other_count, 1);
    end();
}

static void strangers_values_are_passed_over(void)
{
    begin(2);
    declare_all(2, 1);
    static const char *const keys[] = {"/observers/p1/default/web", "/observers//x/y",
                                       "/observers/px/default/%zz"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        CHECK_INT(store_put(sides[0].store, slice_from(keys[i]), SLICE("{\"checks\":[7]}"), 0, NULL,
                            NULL, rt_now() + 60 * RT_SEC), 0);
    pass(1000);
    CHECK_INT(views_stats_of(sides[0].views)->bad_values_total, 3);
    CHECK_INT(port_of(&sides[0])->other_count, 0);
    end();
}

static void run_all(void *arg)
{
    (void)arg;
    TAP_RUN(as_many_look_as_are_wanted_and_the_owner_is_among_them);
    TAP_RUN(the_end_of_another_s_maintenance_is_not_due_here);
    TAP_RUN(the_next_one_looks_in_place_of_one_that_died);
    TAP_RUN(the_next_one_looks_in_place_of_one_that_is_blind);
    TAP_RUN(who_loses_the_store_goes_on_as_before);
    TAP_RUN(only_the_owner_says_what_state_it_is_in);
    TAP_RUN(what_each_sees_reaches_the_owner);
    TAP_RUN(who_takes_over_has_the_views_already);
    TAP_RUN(the_dead_count_no_more);
    TAP_RUN(one_that_is_blind_has_no_say);
    TAP_RUN(a_view_that_grows_old_is_none);
    TAP_RUN(what_changes_nothing_is_not_written);
    TAP_RUN(what_was_said_before_a_check_was_known_is_told_then);
    TAP_RUN(strangers_values_are_passed_over);
}

int main(void)
{
    struct rt_sim_config config = {.seed = 7, .time_max = 3600 * RT_SEC};
    struct rt_sim_result result;
    CHECK_INT(rt_sim_run(&config, run_all, NULL, &result), 0);
    return tap_done();
}
