#include "tests/reconcile/world.h"

/* Who cannot look, and who looks with others. */

/* ---- blind ---- */

static CASE void who_is_blind_judges_nothing(void)
{
    static struct world w;
    web(&w);
    static struct sample s;
    s = (struct sample){.type = SAMPLE_BLIND, .blind = BLIND_NETWORK};
    reconciler_take(w.r, &s, at(&w));
    CHECK_INT(asset(&w, "web")->state, ASSET_UNKNOWN);
    CHECK_STR(asset(&w, "web")->reason, "observer_blind");
    pass(&w, 1);
    for (int i = 0; i < 10; i++)
        answer(&w, "web", REASON_TIMEOUT);
    CHECK_INT(asset(&w, "web")->state, ASSET_UNKNOWN);
    CHECK_INT(w.order_count, 0);
    s.type = SAMPLE_SEES;
    reconciler_take(w.r, &s, at(&w));
    CHECK_INT(asset(&w, "web")->state, ASSET_PENDING);
    answer(&w, "web", REASON_TIMEOUT);
    CHECK_INT(asset(&w, "web")->state, ASSET_PENDING); /* what was seen before is forgotten */
    answer(&w, "web", REASON_TIMEOUT);
    CHECK_INT(asset(&w, "web")->state, ASSET_FAILED);
    end(&w);
}

static CASE void what_looks_at_this_host_sees_without_a_network(void)
{
    static struct world w;
    begin(&w);
    static struct sample s;
    s = (struct sample){.type = SAMPLE_FOUND, .kind = "process", .local = true};
    take(&w, &s, "web");
    s = (struct sample){.type = SAMPLE_BLIND, .blind = BLIND_NETWORK};
    reconciler_take(w.r, &s, at(&w));
    break_it(&w, "web");
    CHECK_INT(asset(&w, "web")->state, ASSET_FAILED);
    s.blind = BLIND_DESCRIPTORS;
    reconciler_take(w.r, &s, at(&w));
    CHECK_INT(asset(&w, "web")->state, ASSET_UNKNOWN);
    end(&w);
}

static CASE void verification_waits_while_we_are_blind(void)
{
    static struct world w;
    web(&w);
    break_it(&w, "web");
    task(&w, w.orders[0], TASK_SUCCEEDED);
    static struct sample s;
    s = (struct sample){.type = SAMPLE_BLIND, .blind = BLIND_LAG};
    reconciler_take(w.r, &s, at(&w));
    pass(&w, 300);
    CHECK(asset(&w, "web")->repair != NULL);
    s.type = SAMPLE_SEES;
    reconciler_take(w.r, &s, at(&w));
    answer(&w, "web", REASON_OK);
    CHECK(asset(&w, "web")->repair == NULL);
    pass(&w, 5);
    CHECK_INT(asset(&w, "web")->state, ASSET_HEALTHY);
    end(&w);
}

/* ---- observers ---- */

static CASE void two_of_three_observers_must_agree(void)
{
    static struct world w;
    static const char *const names[] = {"n1", "n2", "n3"};
    begin(&w);
    static struct sample s;
    s = (struct sample){.type = SAMPLE_FOUND, .kind = "tcp", .observers = 3, .agree = 2};
    take(&w, &s, "web");
    for (int round = 0; round < 4; round++)
        for (int i = 0; i < 3; i++) {
            s = (struct sample){.type = SAMPLE_RESULT, .reason = REASON_OK};
            if (i == 0 && round > 1)
                s.reason = REASON_TIMEOUT; /* it is the only one that says so */
            snprintf(s.observer, sizeof(s.observer), "%s", names[i]);
            take(&w, &s, "web");
        }
    CHECK(asset(&w, "web")->checks[0].ok);
    CHECK_INT(asset(&w, "web")->state, ASSET_PENDING);
    for (int i = 0; i < 2; i++) {
        s = (struct sample){.type = SAMPLE_RESULT, .reason = REASON_TIMEOUT};
        snprintf(s.observer, sizeof(s.observer), "n2");
        take(&w, &s, "web");
    }
    CHECK_INT(asset(&w, "web")->state, ASSET_FAILED);
    end(&w);
}

static CASE void observers_that_are_not_heard_of_leave_us_blind(void)
{
    static struct world w;
    begin(&w);
    static struct sample s;
    s = (struct sample){.type = SAMPLE_FOUND, .kind = "tcp", .observers = 2, .agree = 2};
    take(&w, &s, "web");
    for (int i = 0; i < 2; i++) {
        s = (struct sample){.type = SAMPLE_RESULT, .reason = REASON_OK};
        snprintf(s.observer, sizeof(s.observer), "n%d", i);
        take(&w, &s, "web");
    }
    for (int i = 0; i < 2 * RECONCILE_STALE_S; i++) {
        s = (struct sample){.type = SAMPLE_RESULT, .reason = REASON_OK};
        snprintf(s.observer, sizeof(s.observer), "n0"); /* and n1 no longer */
        take(&w, &s, "web");
        pass(&w, 1);
    }
    CHECK_INT(asset(&w, "web")->state, ASSET_UNKNOWN);
    end(&w);
}

static CASE void a_pushed_event_counts_at_once(void)
{
    static struct world w;
    web(&w);
    static struct sample s;
    s = (struct sample){.type = SAMPLE_RESULT, .reason = REASON_REFUSED, .pushed = true};
    take(&w, &s, "web");
    CHECK_INT(asset(&w, "web")->state, ASSET_FAILED);
    CHECK_INT(w.order_count, 1);
    end(&w);
}

int main(void)
{
    TAP_RUN(who_is_blind_judges_nothing);
    TAP_RUN(what_looks_at_this_host_sees_without_a_network);
    TAP_RUN(verification_waits_while_we_are_blind);
    TAP_RUN(two_of_three_observers_must_agree);
    TAP_RUN(observers_that_are_not_heard_of_leave_us_blind);
    TAP_RUN(a_pushed_event_counts_at_once);
    return tap_done();
}
