#include "reconcile/reconcile.h"

#include <errno.h>
#include <stdio.h>

#include "tests/tap.h"

#define S INT64_C(1000000000)
/* A sample is large: cases that each have one are not all put into main(). */
#define CASE __attribute__((noinline))

/* A reconciler, a clock that the test moves, and what was told. */
struct world {
    struct reconciler *r;
    int64_t now;
    struct event *told[64];
    int count;
};

static void on_event(void *ctx, const struct event *e)
{
    struct world *w = ctx;
    if (w->count < 64)
        w->told[w->count++] = event_copy(e);
}

static void end(struct world *w)
{
    for (int i = 0; i < w->count; i++)
        event_free(w->told[i]);
    reconciler_free(w->r);
}

static void begin(struct world *w)
{
    *w = (struct world){.now = 1000 * S};
    struct reconcile_options o = {.on_event = on_event, .ctx = w};
    w->r = reconciler_new(&o);
}

static struct reconcile_time at(const struct world *w)
{
    return (struct reconcile_time){w->now, w->now + 5 * S};
}

static int take(struct world *w, enum sample_type type, const char *asset, const char *check,
                enum probe_reason reason)
{
    static struct sample s;
    s = (struct sample){.type = type, .kind = "tcp", .reason = reason, .total_ns = 1000};
    snprintf(s.asset, sizeof(s.asset), "%s", asset);
    snprintf(s.check, sizeof(s.check), "%s", check);
    snprintf(s.detail, sizeof(s.detail), "connect: words");
    return reconciler_take(w->r, &s, at(w));
}

static enum asset_state state(const struct world *w, const char *name)
{
    const struct asset *a = reconciler_find(w->r, name);
    return a ? a->state : ASSET_STATE_COUNT;
}

static CASE void a_new_asset_is_pending(void)
{
    static struct world w;
    begin(&w);
    take(&w, SAMPLE_FOUND, "nginx-80", "127.0.0.1:80", REASON_OK);
    CHECK_INT(state(&w, "nginx-80"), ASSET_PENDING);
    CHECK_INT(w.count, 1);
    CHECK(w.told[0]->created);
    CHECK_STR(w.told[0]->reason, "registered");
    end(&w);
}

static CASE void healthy_after_settling_without_a_miss(void)
{
    static struct world w;
    begin(&w);
    take(&w, SAMPLE_FOUND, "a", "c", REASON_OK);
    take(&w, SAMPLE_RESULT, "a", "c", REASON_OK);
    w.now += RECONCILE_SETTLE_S * S - 1;
    reconciler_tick(w.r, at(&w));
    CHECK_INT(state(&w, "a"), ASSET_PENDING);
    w.now += 1;
    reconciler_tick(w.r, at(&w));
    CHECK_INT(state(&w, "a"), ASSET_HEALTHY);
    CHECK_STR(w.told[1]->reason, "settled");
    end(&w);
}

static CASE void a_miss_begins_settling_anew(void)
{
    static struct world w;
    begin(&w);
    take(&w, SAMPLE_FOUND, "a", "c", REASON_OK);
    take(&w, SAMPLE_RESULT, "a", "c", REASON_OK);
    w.now += 20 * S;
    take(&w, SAMPLE_RESULT, "a", "c", REASON_TIMEOUT);
    CHECK_INT(state(&w, "a"), ASSET_PENDING); /* one miss is none yet */
    w.now += 1 * S;
    take(&w, SAMPLE_RESULT, "a", "c", REASON_OK);
    w.now += 29 * S;
    reconciler_tick(w.r, at(&w));
    CHECK_INT(state(&w, "a"), ASSET_PENDING);
    w.now += 1 * S;
    reconciler_tick(w.r, at(&w));
    CHECK_INT(state(&w, "a"), ASSET_HEALTHY);
    end(&w);
}

static CASE void failed_at_the_second_miss_in_a_row(void)
{
    static struct world w;
    begin(&w);
    take(&w, SAMPLE_FOUND, "a", "c", REASON_OK);
    take(&w, SAMPLE_RESULT, "a", "c", REASON_REFUSED);
    take(&w, SAMPLE_RESULT, "a", "c", REASON_OK);
    take(&w, SAMPLE_RESULT, "a", "c", REASON_REFUSED);
    CHECK_INT(state(&w, "a"), ASSET_PENDING);
    take(&w, SAMPLE_RESULT, "a", "c", REASON_REFUSED);
    CHECK_INT(state(&w, "a"), ASSET_FAILED);
    CHECK_INT(w.count, 2);
    CHECK_INT(w.told[1]->from, ASSET_PENDING);
    CHECK_STR(w.told[1]->reason, "refused");
    CHECK_STR(w.told[1]->evidence[0], "connect: words");
    end(&w);
}

static CASE void our_own_limits_are_no_evidence(void)
{
    static struct world w;
    begin(&w);
    take(&w, SAMPLE_FOUND, "a", "c", REASON_OK);
    for (int i = 1; i < RECONCILE_BLIND; i++)
        take(&w, SAMPLE_RESULT, "a", "c", REASON_LIMIT);
    take(&w, SAMPLE_RESULT, "a", "c", REASON_CANCELED);
    CHECK_INT(state(&w, "a"), ASSET_PENDING);
    CHECK(!reconciler_find(w.r, "a")->checks[0].known);
    take(&w, SAMPLE_RESULT, "a", "c", REASON_LIMIT);
    CHECK_INT(state(&w, "a"), ASSET_UNKNOWN); /* and it is said who could not look, and why */
    CHECK_STR(w.told[w.count - 1]->evidence[0],
              "c: too few observers could look: connect: words");
    end(&w);
}

/* An answer of "expr", whose page was read at that time and did not answer. */
static void away(struct world *w, int64_t read_ns)
{
    static struct sample s;
    s = (struct sample){.type = SAMPLE_RESULT, .reason = REASON_LIMIT, .away_ns = read_ns};
    snprintf(s.asset, sizeof(s.asset), "a");
    snprintf(s.check, sizeof(s.check), "expr");
    snprintf(s.detail, sizeof(s.detail), "no data");
    CHECK_INT(reconciler_take(w->r, &s, at(w)), 0);
}

/* Its port and its page are away, and the port is back a second later. */
static void come_back(struct world *w)
{
    begin(w);
    take(w, SAMPLE_FOUND, "a", "port", REASON_OK);
    take(w, SAMPLE_FOUND, "a", "expr", REASON_OK);
    take(w, SAMPLE_RESULT, "a", "port", REASON_OK);
    take(w, SAMPLE_RESULT, "a", "expr", REASON_OK);
    w->now += RECONCILE_SETTLE_S * S;
    reconciler_tick(w->r, at(w));
    CHECK_INT(state(w, "a"), ASSET_HEALTHY);
    away(w, w->now); /* the page was read before the port was asked */
    take(w, SAMPLE_RESULT, "a", "port", REASON_REFUSED);
    take(w, SAMPLE_RESULT, "a", "port", REASON_REFUSED);
    CHECK_INT(state(w, "a"), ASSET_FAILED);
    for (int i = 0; i < 2 * RECONCILE_BLIND; i++)
        away(w, w->now);
    w->now += 1 * S;
    take(w, SAMPLE_RESULT, "a", "port", REASON_OK);
}

static CASE void what_is_back_before_its_page_was_read_is_not_unknown(void)
{
    static struct world w;
    come_back(&w);
    CHECK_INT(state(&w, "a"), ASSET_FAILED); /* it has to settle */
    for (int i = 0; i < 2 * RECONCILE_BLIND; i++)
        away(&w, w.now - 1);
    const struct asset_check *expr = &reconciler_find(w.r, "a")->checks[1];
    CHECK(expr->known && expr->ok && !expr->blind); /* as it was before */
    take(&w, SAMPLE_RESULT, "a", "expr", REASON_OK);
    w.now += RECONCILE_SETTLE_S * S;
    reconciler_tick(w.r, at(&w));
    CHECK_INT(state(&w, "a"), ASSET_HEALTHY);
    for (int i = 0; i < w.count; i++)
        CHECK(w.told[i]->to != ASSET_UNKNOWN);
    end(&w);
}

static CASE void what_failed_before_its_page_went_away_fails_until_it_is_read(void)
{
    static struct world w;
    begin(&w);
    take(&w, SAMPLE_FOUND, "a", "expr", REASON_OK);
    take(&w, SAMPLE_FOUND, "a", "port", REASON_OK);
    for (int i = 0; i < 2; i++) {
        take(&w, SAMPLE_RESULT, "a", "expr", REASON_BODY_MISMATCH);
        take(&w, SAMPLE_RESULT, "a", "port", REASON_REFUSED);
    }
    CHECK_INT(state(&w, "a"), ASSET_FAILED);
    for (int i = 0; i < RECONCILE_BLIND; i++)
        away(&w, w.now);
    w.now += 1 * S;
    take(&w, SAMPLE_RESULT, "a", "port", REASON_OK);
    away(&w, w.now - 1);
    w.now += RECONCILE_SETTLE_S * S;
    reconciler_tick(w.r, at(&w));
    CHECK_INT(state(&w, "a"), ASSET_FAILED);
    /* And where it was read, and still does not answer, nobody knows. */
    for (int i = 0; i < RECONCILE_BLIND; i++)
        away(&w, w.now);
    CHECK_INT(state(&w, "a"), ASSET_UNKNOWN);
    end(&w);
}

static CASE void a_page_that_stays_away_makes_it_unknown(void)
{
    static struct world w;
    come_back(&w);
    w.now += 1 * S;
    for (int i = 1; i < RECONCILE_BLIND; i++)
        away(&w, w.now);
    CHECK_INT(state(&w, "a"), ASSET_FAILED);
    away(&w, w.now);
    CHECK_INT(state(&w, "a"), ASSET_UNKNOWN);
    end(&w);

    begin(&w); /* also where nothing else has ever failed */
    take(&w, SAMPLE_FOUND, "a", "expr", REASON_OK);
    take(&w, SAMPLE_RESULT, "a", "expr", REASON_OK);
    for (int i = 0; i < RECONCILE_BLIND; i++)
        away(&w, w.now);
    CHECK_INT(state(&w, "a"), ASSET_UNKNOWN);
    end(&w);
}

/* Healthy, and its page went away a moment ago. */
static void vanish(struct world *w)
{
    begin(w);
    take(w, SAMPLE_FOUND, "a", "expr", REASON_OK);
    take(w, SAMPLE_FOUND, "a", "port", REASON_OK);
    take(w, SAMPLE_RESULT, "a", "expr", REASON_OK);
    take(w, SAMPLE_RESULT, "a", "port", REASON_OK);
    w->now += RECONCILE_SETTLE_S * S;
    reconciler_tick(w->r, at(w));
    CHECK_INT(state(w, "a"), ASSET_HEALTHY);
    for (int i = 0; i < 2 * RECONCILE_BLIND; i++, w->now += 1 * S)
        away(w, w->now);
    CHECK_INT(state(w, "a"), ASSET_HEALTHY); /* the port was not asked since */
}

static CASE void what_vanishes_with_its_page_is_told_by_another_check(void)
{
    static struct world w;
    vanish(&w);
    take(&w, SAMPLE_RESULT, "a", "port", REASON_REFUSED);
    for (int i = 0; i < RECONCILE_AWAY_S + RECONCILE_BLIND; i++, w.now += 1 * S)
        away(&w, w.now);
    CHECK_INT(state(&w, "a"), ASSET_HEALTHY); /* it misses: its next answer says more */
    take(&w, SAMPLE_RESULT, "a", "port", REASON_REFUSED);
    CHECK_INT(state(&w, "a"), ASSET_FAILED);
    for (int i = 0; i < w.count; i++)
        CHECK(w.told[i]->to != ASSET_UNKNOWN);
    end(&w);
}

static CASE void a_page_that_vanishes_alone_makes_it_unknown(void)
{
    static struct world w;
    vanish(&w);
    take(&w, SAMPLE_RESULT, "a", "port", REASON_OK); /* so it is only the page */
    for (int i = 0; i < RECONCILE_BLIND; i++, w.now += 1 * S)
        away(&w, w.now);
    CHECK_INT(state(&w, "a"), ASSET_UNKNOWN);
    end(&w);

    vanish(&w); /* also where nobody can say so: not for ever Healthy */
    for (int i = 0; i < RECONCILE_AWAY_S; i++, w.now += 1 * S)
        away(&w, w.now);
    CHECK_INT(state(&w, "a"), ASSET_UNKNOWN);
    end(&w);
}

static CASE void every_check_counts(void)
{
    static struct world w;
    begin(&w);
    take(&w, SAMPLE_FOUND, "a", "one", REASON_OK);
    take(&w, SAMPLE_FOUND, "a", "two", REASON_OK);
    take(&w, SAMPLE_RESULT, "a", "one", REASON_OK);
    w.now += 60 * S;
    reconciler_tick(w.r, at(&w));
    CHECK_INT(state(&w, "a"), ASSET_PENDING); /* nothing is known of two */
    take(&w, SAMPLE_RESULT, "a", "two", REASON_RESET);
    take(&w, SAMPLE_RESULT, "a", "two", REASON_RESET);
    CHECK_INT(state(&w, "a"), ASSET_FAILED);
    end(&w);
}

static CASE void a_failed_asset_heals_after_settling(void)
{
    static struct world w;
    begin(&w);
    take(&w, SAMPLE_FOUND, "a", "c", REASON_OK);
    take(&w, SAMPLE_RESULT, "a", "c", REASON_REFUSED);
    take(&w, SAMPLE_RESULT, "a", "c", REASON_REFUSED);
    take(&w, SAMPLE_RESULT, "a", "c", REASON_OK);
    CHECK_INT(state(&w, "a"), ASSET_FAILED);
    w.now += RECONCILE_SETTLE_S * S;
    take(&w, SAMPLE_RESULT, "a", "c", REASON_OK);
    CHECK_INT(state(&w, "a"), ASSET_HEALTHY);
    CHECK_INT(w.told[2]->from, ASSET_FAILED);
    end(&w);
}

static CASE void a_listener_that_went_is_refused_at_once(void)
{
    static struct world w;
    begin(&w);
    take(&w, SAMPLE_FOUND, "a", "c", REASON_OK);
    take(&w, SAMPLE_RESULT, "a", "c", REASON_OK);
    take(&w, SAMPLE_GONE, "a", "c", REASON_OK);
    CHECK_INT(state(&w, "a"), ASSET_FAILED);
    CHECK_STR(w.told[1]->reason, "refused");
    take(&w, SAMPLE_RESULT, "a", "c", REASON_OK); /* a probe that was under way */
    CHECK_INT(state(&w, "a"), ASSET_FAILED);
    CHECK(!reconciler_find(w.r, "a")->checks[0].ok);
    end(&w);
}

static CASE void and_leaves_the_list_after_five_minutes(void)
{
    static struct world w;
    begin(&w);
    take(&w, SAMPLE_FOUND, "a", "c", REASON_OK);
    take(&w, SAMPLE_GONE, "a", "c", REASON_OK);
    w.now += 299 * S;
    reconciler_tick(w.r, at(&w));
    CHECK_INT(reconciler_count(w.r), 1);
    w.now += 1 * S;
    reconciler_tick(w.r, at(&w));
    CHECK_INT(reconciler_count(w.r), 0);
    CHECK(w.told[w.count - 1]->removed);
    CHECK_STR(w.told[w.count - 1]->evidence[0], "nothing of it has been found for long");
    end(&w);
}

static CASE void a_check_that_went_leaves_an_asset_that_stays(void)
{
    static struct world w;
    begin(&w);
    take(&w, SAMPLE_FOUND, "nginx-80", "127.0.0.1:80", REASON_OK);
    take(&w, SAMPLE_FOUND, "nginx-80", "[::1]:80", REASON_OK);
    take(&w, SAMPLE_GONE, "nginx-80", "127.0.0.1:80", REASON_OK);
    CHECK_INT(state(&w, "nginx-80"), ASSET_FAILED);
    for (int i = 0; i < RECONCILE_GONE_S; i++) {
        take(&w, SAMPLE_RESULT, "nginx-80", "[::1]:80", REASON_OK);
        reconciler_tick(w.r, at(&w));
        CHECK_INT(state(&w, "nginx-80"), ASSET_FAILED);
        w.now += S;
    }
    for (int i = 0; i <= RECONCILE_SETTLE_S; i++) {
        reconciler_tick(w.r, at(&w));
        take(&w, SAMPLE_RESULT, "nginx-80", "[::1]:80", REASON_OK);
        w.now += S;
    }
    CHECK_INT(state(&w, "nginx-80"), ASSET_HEALTHY);
    const struct asset *a = reconciler_find(w.r, "nginx-80");
    CHECK_INT(a->check_count, 1);
    CHECK_STR(a->checks[0].name, "[::1]:80");
    end(&w);
}

static CASE void one_that_comes_back_is_the_same_asset(void)
{
    static struct world w;
    begin(&w);
    take(&w, SAMPLE_FOUND, "a", "c", REASON_OK);
    take(&w, SAMPLE_GONE, "a", "c", REASON_OK);
    w.now += 200 * S;
    take(&w, SAMPLE_FOUND, "a", "c", REASON_OK);
    w.now += 200 * S;
    take(&w, SAMPLE_RESULT, "a", "c", REASON_OK);
    reconciler_tick(w.r, at(&w));
    CHECK_INT(reconciler_count(w.r), 1);
    CHECK_INT(reconciler_find(w.r, "a")->check_count, 1);
    w.now += RECONCILE_SETTLE_S * S;
    reconciler_tick(w.r, at(&w));
    CHECK_INT(state(&w, "a"), ASSET_HEALTHY);
    end(&w);
}

static CASE void revisions_only_grow(void)
{
    static struct world w;
    begin(&w);
    take(&w, SAMPLE_FOUND, "a", "c", REASON_OK);
    take(&w, SAMPLE_FOUND, "b", "c", REASON_OK);
    take(&w, SAMPLE_GONE, "a", "c", REASON_OK);
    take(&w, SAMPLE_GONE, "b", "c", REASON_OK);
    CHECK_INT(w.count, 4);
    for (int i = 1; i < w.count; i++)
        CHECK(w.told[i]->revision > w.told[i - 1]->revision);
    end(&w);
}

static CASE void a_check_too_many_is_refused(void)
{
    static struct world w;
    begin(&w);
    char name[16];
    for (int i = 0; i < ASSET_CHECKS_MAX; i++) {
        snprintf(name, sizeof(name), "c%d", i);
        CHECK_INT(take(&w, SAMPLE_FOUND, "a", name, REASON_OK), 0);
    }
    CHECK_INT(take(&w, SAMPLE_FOUND, "a", "more", REASON_OK), -ENOSPC);
    CHECK_INT(reconciler_find(w.r, "a")->check_count, ASSET_CHECKS_MAX);
    CHECK_INT(take(&w, SAMPLE_RESULT, "a", "more", REASON_REFUSED), 0);
    end(&w);
}

static CASE void the_newest_latencies_are_kept(void)
{
    struct latency_ring l = {0};
    for (int i = 0; i < ASSET_LATENCIES_MAX + 5; i++)
        latency_ring_put(&l, i);
    CHECK_INT(l.count, ASSET_LATENCIES_MAX);
    CHECK_INT(latency_ring_get(&l, 0), 5);
    CHECK_INT(latency_ring_get(&l, ASSET_LATENCIES_MAX - 1), ASSET_LATENCIES_MAX + 4);
}

/* ---- what a configuration declares ---- */

static int declare(struct world *w, const char *asset, const char *labels, int64_t settle_ns)
{
    static struct sample s;
    s = (struct sample){
        .type = SAMPLE_ASSET, .labels = (char *)(uintptr_t)labels, .settle_ns = settle_ns};
    snprintf(s.asset, sizeof(s.asset), "%s", asset);
    return reconciler_take(w->r, &s, at(w));
}

/* A check with rules of its own. */
static void found(struct world *w, const char *asset, const char *check, uint32_t fail,
                  uint32_t pass, int64_t for_ns, enum sample_severity severity)
{
    static struct sample s;
    s = (struct sample){.type = SAMPLE_FOUND,
                        .kind = "tcp",
                        .fail = fail,
                        .pass = pass,
                        .for_ns = for_ns,
                        .severity = severity};
    snprintf(s.asset, sizeof(s.asset), "%s", asset);
    snprintf(s.check, sizeof(s.check), "%s", check);
    CHECK_INT(reconciler_take(w->r, &s, at(w)), 0);
}

static CASE void a_declared_asset_needs_no_check(void)
{
    static struct world w;
    begin(&w);
    declare(&w, "a", "{\"team\":\"core\"}", 0);
    CHECK_INT(state(&w, "a"), ASSET_PENDING);
    CHECK_STR(reconciler_find(w.r, "a")->labels, "{\"team\":\"core\"}");
    declare(&w, "a", NULL, 0);
    CHECK(reconciler_find(w.r, "a")->labels == NULL);
    CHECK_INT(w.count, 1);
    found(&w, "a", "c", 0, 0, 0, SAMPLE_SEVERITY_DEFAULT);
    take(&w, SAMPLE_FORGET, "a", "c", REASON_OK);
    CHECK_INT(reconciler_find(w.r, "a")->check_count, 0);
    take(&w, SAMPLE_FORGET_ASSET, "a", "", REASON_OK);
    CHECK(reconciler_find(w.r, "a") == NULL);
    CHECK(w.told[w.count - 1]->removed);
    CHECK_STR(w.told[w.count - 1]->evidence[0], "it is no longer declared");
    end(&w);
}

static CASE void an_asset_that_nobody_declares_lives_as_long_as_its_checks(void)
{
    static struct world w;
    begin(&w);
    declare(&w, "a", "{\"team\":\"core\"}", 0);
    found(&w, "a", "c", 0, 0, 0, SAMPLE_SEVERITY_DEFAULT);
    take(&w, SAMPLE_RESULT, "a", "c", REASON_OK);
    int count = w.count;
    take(&w, SAMPLE_FORGET_ASSET, "a", "", REASON_OK);
    CHECK_INT(reconciler_find(w.r, "a")->check_count, 1);
    CHECK(reconciler_find(w.r, "a")->checks[0].ok);
    CHECK(reconciler_find(w.r, "a")->labels == NULL);
    CHECK_INT(w.count, count); /* and nothing is told */
    take(&w, SAMPLE_FORGET, "a", "c", REASON_OK);
    CHECK(reconciler_find(w.r, "a") == NULL);
    end(&w);
}

static CASE void an_asset_settles_in_its_own_time(void)
{
    static struct world w;
    begin(&w);
    declare(&w, "a", NULL, 2 * S);
    found(&w, "a", "c", 0, 0, 0, SAMPLE_SEVERITY_DEFAULT);
    take(&w, SAMPLE_RESULT, "a", "c", REASON_OK);
    w.now += 2 * S;
    reconciler_tick(w.r, at(&w));
    CHECK_INT(state(&w, "a"), ASSET_HEALTHY);
    end(&w);
}

static CASE void thresholds_are_the_checks_own(void)
{
    static struct world w;
    begin(&w);
    found(&w, "a", "c", 3, 2, 0, SAMPLE_SEVERITY_DEFAULT);
    take(&w, SAMPLE_RESULT, "a", "c", REASON_OK);
    const struct asset_check *c = &reconciler_find(w.r, "a")->checks[0];
    CHECK(c->known && c->ok); /* the first answer is a verdict at once */
    take(&w, SAMPLE_RESULT, "a", "c", REASON_REFUSED);
    take(&w, SAMPLE_RESULT, "a", "c", REASON_REFUSED);
    CHECK(c->ok);
    take(&w, SAMPLE_RESULT, "a", "c", REASON_REFUSED);
    CHECK(!c->ok);
    take(&w, SAMPLE_RESULT, "a", "c", REASON_OK);
    CHECK(!c->ok);
    take(&w, SAMPLE_RESULT, "a", "c", REASON_OK);
    CHECK(c->ok);
    end(&w);
}

static CASE void misses_count_only_once_they_last(void)
{
    static struct world w;
    begin(&w);
    found(&w, "a", "c", 1, 1, 10 * S, SAMPLE_SEVERITY_DEFAULT);
    take(&w, SAMPLE_RESULT, "a", "c", REASON_REFUSED);
    w.now += 10 * S - 1;
    take(&w, SAMPLE_RESULT, "a", "c", REASON_REFUSED);
    CHECK_INT(state(&w, "a"), ASSET_PENDING);
    w.now += 1;
    take(&w, SAMPLE_RESULT, "a", "c", REASON_REFUSED);
    CHECK_INT(state(&w, "a"), ASSET_FAILED);
    end(&w);
}

static CASE void severity_says_what_a_failure_does(void)
{
    static struct world w;
    begin(&w);
    found(&w, "a", "mild", 1, 1, 0, SAMPLE_DEGRADED);
    found(&w, "a", "due", 1, 1, 0, SAMPLE_SEVERITY_DEFAULT);
    found(&w, "a", "hard", 1, 1, 0, SAMPLE_SEVERITY_DEFAULT);
    take(&w, SAMPLE_RESULT, "a", "mild", REASON_REFUSED);
    CHECK_INT(state(&w, "a"), ASSET_DEGRADED);
    take(&w, SAMPLE_RESULT, "a", "due", REASON_TLS_EXPIRING);
    CHECK_INT(state(&w, "a"), ASSET_DEGRADED);
    take(&w, SAMPLE_RESULT, "a", "hard", REASON_REFUSED);
    CHECK_INT(state(&w, "a"), ASSET_FAILED);
    /* Out of Failed leads no half-way house. */
    take(&w, SAMPLE_RESULT, "a", "hard", REASON_OK);
    CHECK_INT(state(&w, "a"), ASSET_FAILED);
    found(&w, "b", "due", 1, 1, 0, SAMPLE_FAILED);
    take(&w, SAMPLE_RESULT, "b", "due", REASON_TLS_EXPIRING);
    CHECK_INT(state(&w, "b"), ASSET_FAILED);
    end(&w);
}

static CASE void namespaces_keep_assets_apart(void)
{
    static struct world w;
    begin(&w);
    static struct sample s;
    s = (struct sample){.type = SAMPLE_ASSET, .asset = "a", .namespace_ = "n"};
    reconciler_take(w.r, &s, at(&w));
    declare(&w, "a", NULL, 0);
    CHECK_INT(reconciler_count(w.r), 2);
    CHECK(reconciler_find_in(w.r, "n", "a") != reconciler_find_in(w.r, "default", "a"));
    CHECK_STR(w.told[0]->asset, "n/a");
    CHECK_STR(w.told[1]->asset, "a");
    end(&w);
}

int main(void)
{
    TAP_RUN(a_new_asset_is_pending);
    TAP_RUN(healthy_after_settling_without_a_miss);
    TAP_RUN(a_miss_begins_settling_anew);
    TAP_RUN(failed_at_the_second_miss_in_a_row);
    TAP_RUN(our_own_limits_are_no_evidence);
    TAP_RUN(what_is_back_before_its_page_was_read_is_not_unknown);
    TAP_RUN(what_failed_before_its_page_went_away_fails_until_it_is_read);
    TAP_RUN(a_page_that_stays_away_makes_it_unknown);
    TAP_RUN(what_vanishes_with_its_page_is_told_by_another_check);
    TAP_RUN(a_page_that_vanishes_alone_makes_it_unknown);
    TAP_RUN(every_check_counts);
    TAP_RUN(a_failed_asset_heals_after_settling);
    TAP_RUN(a_listener_that_went_is_refused_at_once);
    TAP_RUN(and_leaves_the_list_after_five_minutes);
    TAP_RUN(a_check_that_went_leaves_an_asset_that_stays);
    TAP_RUN(one_that_comes_back_is_the_same_asset);
    TAP_RUN(revisions_only_grow);
    TAP_RUN(a_check_too_many_is_refused);
    TAP_RUN(the_newest_latencies_are_kept);
    TAP_RUN(a_declared_asset_needs_no_check);
    TAP_RUN(an_asset_that_nobody_declares_lives_as_long_as_its_checks);
    TAP_RUN(an_asset_settles_in_its_own_time);
    TAP_RUN(thresholds_are_the_checks_own);
    TAP_RUN(misses_count_only_once_they_last);
    TAP_RUN(severity_says_what_a_failure_does);
    TAP_RUN(namespaces_keep_assets_apart);
    return tap_done();
}
