#include "tests/reconcile/world.h"

/* What is done about an asset that fails, step by step, and what is not. */

/* ---- a repair ---- */

static CASE void a_service_that_fails_is_repaired_and_verified(void)
{
    static struct world w;
    char text[256];
    web(&w);
    int from = w.count;
    break_it(&w, "web");
    CHECK_INT(w.order_count, 1);
    CHECK_STR(last_order(&w)->action, "{\"restart\":{}}");
    CHECK_STR(last_order(&w)->group, "default/asset/web");
    task(&w, w.orders[0], TASK_PENDING);
    task(&w, w.orders[0], TASK_RUNNING);
    task(&w, w.orders[0], TASK_SUCCEEDED);
    CHECK_INT(asset(&w, "web")->state, ASSET_FAILED); /* nothing says yet that it helped */
    w.now += S / 10;
    answer(&w, "web", REASON_OK);
    CHECK_INT(asset(&w, "web")->state, ASSET_HEALTHY); /* at once: a repair needs no Settle */
    CHECK_STR(story(&w, from, text, sizeof(text)),
              "observation verdict state decision task outcome state");
    for (int i = from; i < w.count; i++)
        CHECK_STR(w.told[i]->trace_id, w.told[from]->trace_id);
    CHECK_INT(strlen(w.told[from]->trace_id), 32);
    CHECK_STR(w.told[w.count - 2]->reason, "verified");
    CHECK_STR(w.told[w.count - 1]->by, "here");
    CHECK_STR(w.told[w.count - 1]->remedy, "restart");
    CHECK_INT(last_order(&w)->type, REPAIR_ORDER_OVER);
    CHECK_INT(reconciler_stats(w.r)->time_to_repair.count, 1);
    CHECK_INT(reconciler_stats(w.r)->open, 0);
    end(&w);
}

static CASE void an_answer_from_before_the_task_ended_verifies_nothing(void)
{
    static struct world w;
    web(&w);
    break_it(&w, "web");
    answer(&w, "web", REASON_OK);
    task(&w, w.orders[0], TASK_SUCCEEDED);
    reconciler_tick(w.r, at(&w));
    CHECK(asset(&w, "web")->repair != NULL);
    answer(&w, "web", REASON_OK);
    CHECK(asset(&w, "web")->repair == NULL);
    end(&w);
}

static CASE void one_that_does_not_help_is_rolled_back_and_the_next_is_tried(void)
{
    static struct world w;
    web(&w);
    remedy(&w, "web",
           (struct remedy){.name = "restart",
                           .action = "{}",
                           .rollback = "{\"undo\":1}",
                           .then = "reboot",
                           .within_ns = 10 * S});
    remedy(&w, "web", (struct remedy){.name = "reboot", .action = "{}"});
    break_it(&w, "web");
    task(&w, w.orders[0], TASK_SUCCEEDED);
    pass(&w, 9);
    CHECK_INT(w.order_count, 1);
    pass(&w, 1);
    CHECK_INT(w.order_count, 2);
    CHECK(last_order(&w)->rollback);
    CHECK_STR(last_order(&w)->action, "{\"undo\":1}");
    task(&w, last_order(&w), TASK_SUCCEEDED);
    reconciler_tick(w.r, at(&w));
    CHECK_INT(w.order_count, 4); /* it is over, and the next one begins */
    CHECK_STR(last_order(&w)->remedy, "reboot");
    CHECK_STR(asset(&w, "web")->reason, "repair_failed");
    /* And that is the last of the chain. */
    task(&w, last_order(&w), TASK_FAILED);
    reconciler_tick(w.r, at(&w));
    CHECK_STR(asset(&w, "web")->reason, "repair_exhausted");
    CHECK_INT(asset(&w, "web")->state, ASSET_FAILED);
    int count = starts(&w);
    for (int i = 0; i < 59; i++) {
        answer(&w, "web", REASON_REFUSED);
        pass(&w, 1);
    }
    CHECK_INT(starts(&w), count);
    pass(&w, 2);
    CHECK_INT(starts(&w), count + 1); /* it begins anew after its pause */
    end(&w);
}

static CASE void what_was_ended_in_the_middle_is_undone_and_what_never_began_is_not(void)
{
    static const struct {
        enum task_state state;
        bool unbegun;
    } cases[] = {{TASK_TIMED_OUT, false},
                 {TASK_EXPIRED, false},
                 {TASK_EXPIRED, true},
                 {TASK_CANCELED, false},
                 {TASK_CANCELED, true}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        static struct world w;
        web(&w);
        remedy(&w, "web",
               (struct remedy){.name = "restart", .action = "{}", .rollback = "{\"undo\":1}"});
        break_it(&w, "web");
        static struct sample s;
        s = (struct sample){.type = SAMPLE_TASK,
                            .dedup_key = w.orders[0]->dedup_key,
                            .task = "task-1",
                            .task_state = cases[i].state,
                            .task_unbegun = cases[i].unbegun};
        take(&w, &s, "web");
        CHECK_INT(asset(&w, "web")->repair != NULL, !cases[i].unbegun);
        CHECK_INT(w.order_count > 1 && w.orders[1]->rollback, !cases[i].unbegun);
        end(&w);
    }
}

static CASE void a_degraded_one_whose_remedies_are_used_up_has_failed(void)
{
    static struct world w;
    begin(&w);
    static struct sample s;
    s = (struct sample){.type = SAMPLE_ASSET};
    take(&w, &s, "web");
    s = (struct sample){.type = SAMPLE_FOUND, .kind = "expr", .fail = 1};
    take(&w, &s, "web");
    remedy(&w, "web", (struct remedy){.name = "scale", .action = "{}"});
    s = (struct sample){.type = SAMPLE_RESULT, .reason = REASON_BODY_MISMATCH, .word = "threshold"};
    take(&w, &s, "web");
    CHECK_INT(asset(&w, "web")->state, ASSET_DEGRADED);
    CHECK_STR(asset(&w, "web")->reason, "threshold");
    task(&w, w.orders[0], TASK_TIMED_OUT);
    CHECK_INT(asset(&w, "web")->state, ASSET_FAILED);
    CHECK_STR(asset(&w, "web")->reason, "repair_exhausted");
    CHECK_STR(w.told[w.count - 3]->reason, "timed_out");
    end(&w);
}

static CASE void what_gets_well_by_itself_is_verified_without_being_repaired(void)
{
    static struct world w;
    web(&w);
    static struct sample s;
    s = (struct sample){.type = SAMPLE_FREEZE};
    reconciler_take(w.r, &s, at(&w));
    break_it(&w, "web");
    answer(&w, "web", REASON_OK);
    pass(&w, 20);
    CHECK_INT(asset(&w, "web")->state, ASSET_FAILED);
    s.type = SAMPLE_UNFREEZE;
    reconciler_take(w.r, &s, at(&w));
    pass(&w, 1);
    CHECK_INT(asset(&w, "web")->state, ASSET_HEALTHY);
    CHECK_INT(w.order_count, 0);
    end(&w);
}

static CASE void a_task_that_cannot_be_is_a_repair_that_failed(void)
{
    static struct world w;
    web(&w);
    break_it(&w, "web");
    static struct sample s;
    s = (struct sample){.type = SAMPLE_TASK,
                        .dedup_key = w.orders[0]->dedup_key,
                        .task_error = "argv: there is no program to run"};
    take(&w, &s, "web");
    CHECK(asset(&w, "web")->repair == NULL);
    CHECK_STR(asset(&w, "web")->reason, "repair_exhausted");
    end(&w);
}

/* ---- what holds it back ---- */

static CASE void a_pause_lies_between_two_of_a_remedy(void)
{
    static struct world w;
    web(&w);
    break_it(&w, "web");
    task(&w, w.orders[0], TASK_SUCCEEDED);
    answer(&w, "web", REASON_OK);
    CHECK_INT(asset(&w, "web")->state, ASSET_HEALTHY);
    pass(&w, 1);
    break_it(&w, "web");
    CHECK_INT(starts(&w), 1);
    CHECK_INT(why_not(&w), REPAIR_COOLDOWN);
    CHECK_STR(held_back(&w)->evidence[0], "restart may run again in 59s");
    pass(&w, 58);
    CHECK_INT(starts(&w), 1);
    pass(&w, 2);
    CHECK_INT(starts(&w), 2);
    end(&w);
}

static void planned(void *ctx, const struct repair_plan *p)
{
    char *words = ctx;
    snprintf(words, 200, "%s", p->rejected_count && p->words[0] ? p->words[0] : "");
}

static void a_plan_says_as_much(struct world *w)
{
    char words[200] = "";
    reconciler_plan(w->r, at(w), planned, words);
    CHECK_STR(words, held_back(w)->evidence[0]);
}

static CASE void no_more_than_so_many_an_hour(void)
{
    static struct world w;
    web(&w);
    remedy(&w, "web",
           (struct remedy){.name = "restart", .action = "{}", .cooldown_ns = S, .max_per_hour = 2});
    for (int i = 0; i < 3; i++) {
        break_it(&w, "web");
        pass(&w, 1);
        if (i < 2)
            task(&w, w.orders[2 * i], TASK_SUCCEEDED);
        if (i < 2)
            answer(&w, "web", REASON_OK);
        pass(&w, 400);
    }
    CHECK_INT(starts(&w), 2);
    CHECK_INT(why_not(&w), REPAIR_RATE);
    CHECK_STR(held_back(&w)->evidence[0],
              "restart ran 2 times within the last hour, of 2: it may again at "
              "2026-03-29T04:46:45.000Z");
    a_plan_says_as_much(&w);
    pass(&w, 3600);
    CHECK_INT(starts(&w), 3);
    end(&w);
}

static CASE void nothing_is_repaired_that_is_frozen_or_not_ours(void)
{
    static struct world w;
    web(&w);
    static struct sample s;
    s = (struct sample){.type = SAMPLE_FREEZE, .by = "uid 0", .detail = "moving racks"};
    reconciler_take(w.r, &s, at(&w));
    break_it(&w, "web");
    CHECK_INT(why_not(&w), REPAIR_FROZEN);
    CHECK_STR(held_back(&w)->evidence[0], "frozen by uid 0: moving racks");
    w.disowned = true;
    s.type = SAMPLE_UNFREEZE;
    reconciler_take(w.r, &s, at(&w));
    pass(&w, 2);
    CHECK_INT(why_not(&w), REPAIR_NOT_OWNER);
    CHECK_INT(w.order_count, 0);
    w.disowned = false;
    reconciler_resync(w.r, at(&w));
    pass(&w, 1);
    CHECK_INT(starts(&w), 1);
    end(&w);
}

static CASE void a_precondition_is_asked_first(void)
{
    static struct world w;
    web(&w);
    remedy(&w, "web", (struct remedy){.name = "restart", .action = "{}", .precondition = "up > 0"});
    break_it(&w, "web");
    CHECK_INT(why_not(&w), REPAIR_PRECONDITION);
    w.precondition = true;
    pass(&w, 2);
    CHECK_INT(starts(&w), 1);
    end(&w);
}

static CASE void a_database_is_repaired_before_what_depends_on_it(void)
{
    static struct world w;
    web(&w);
    struct asset_rules rules = {.depends_on = {"db"}, .depends_count = 1};
    declare(&w, "db", NULL);
    declare(&w, "web", &rules);
    remedy(&w, "db", (struct remedy){.name = "restart-db", .action = "{}"});
    break_it(&w, "web"); /* is told first, though it is the second to fail */
    break_it(&w, "db");
    moment(&w);
    CHECK_INT(starts(&w), 1);
    CHECK_STR(last_order(&w)->remedy, "restart-db");
    CHECK_STR(asset(&w, "web")->reason, "dependency");
    CHECK_INT(why_not(&w), REPAIR_DEPENDENCY);
    CHECK_STR(held_back(&w)->evidence[0], "db is down");
    task(&w, w.orders[0], TASK_SUCCEEDED);
    answer(&w, "db", REASON_OK);
    CHECK_INT(asset(&w, "db")->state, ASSET_HEALTHY);
    pass(&w, 2);
    CHECK_STR(last_order(&w)->remedy, "restart"); /* its turn: it still fails */
    end(&w);
}

/* a0, a1, …: each with a remedy of its name, and well. */
static void a_group(struct world *w, int count, const struct asset_rules *rules)
{
    char name[16];
    begin(w);
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "a%d", i);
        declare(w, name, rules);
        remedy(w, name, (struct remedy){.name = name, .action = "{}"});
        answer(w, name, REASON_OK);
    }
    pass(w, 5);
}

static CASE void no_more_of_a_group_than_its_blast_radius(void)
{
    static struct world w;
    struct asset_rules rules = {.group = "g", .blast_max = 1};
    a_group(&w, 10, &rules);
    break_it(&w, "a1");
    break_it(&w, "a2");
    moment(&w);
    CHECK_INT(starts(&w), 1);
    CHECK_INT(last_order(&w)->open_max, 1);
    CHECK_STR(last_order(&w)->group, "default/group/g");
    CHECK_INT(why_not(&w), REPAIR_BLAST_RADIUS);
    CHECK_STR(held_back(&w)->evidence[0], "1 of its group 'g' may be under repair, and 1 is: a1");
    task(&w, w.orders[0], TASK_SUCCEEDED);
    answer(&w, "a1", REASON_OK);
    pass(&w, 2);
    CHECK_STR(last_order(&w)->remedy, "a2");
    rules.blast_max = 0;
    rules.blast_percent = 25; /* 2 of 10 */
    declare(&w, "a3", &rules);
    declare(&w, "a4", &rules);
    break_it(&w, "a3");
    moment(&w);
    CHECK_STR(last_order(&w)->remedy, "a3");
    break_it(&w, "a4");
    moment(&w);
    CHECK_INT(why_not(&w), REPAIR_BLAST_RADIUS);
    CHECK_STR(held_back(&w)->evidence[0],
              "2 of its group 'g' may be under repair, and 2 are: a2, a3");
    a_plan_says_as_much(&w);
    end(&w);
}

static CASE void many_that_are_under_repair_are_named_in_part(void)
{
    static struct world w;
    char name[16];
    struct asset_rules rules = {.group = "g", .blast_max = 4};
    a_group(&w, 12, &rules);
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof(name), "a%d", i);
        break_it(&w, name);
        moment(&w);
    }
    CHECK_INT(starts(&w), 4);
    CHECK_STR(held_back(&w)->evidence[0],
              "4 of its group 'g' may be under repair, and 4 are: a0, a1, a2 and 1 more");
    end(&w);
}

static CASE void most_of_a_group_told_one_behind_the_other_are_many(void)
{
    static struct world w;
    char name[16];
    struct asset_rules rules = {.group = "g"};
    a_group(&w, 10, &rules);
    for (int i = 0; i < 6; i++) { /* as one rm tells of six files */
        snprintf(name, sizeof(name), "a%d", i);
        break_it(&w, name);
        w.now += S / 1000;
    }
    moment(&w);
    CHECK_INT(w.order_count, 0);
    CHECK_INT(why_not(&w), REPAIR_BRAKE);
    CHECK_STR(held_back(&w)->evidence[0],
              "6 of the 10 assets of its group 'g' began to fail within 300 s");
    a_plan_says_as_much(&w);
    end(&w);
}

/* a0, a1, …: at once, each in a group of its own. */
static void many_fail(struct world *w, int failing, int count, int judged)
{
    static const struct asset_rules none = {.group = ""};
    char name[16];
    a_group(w, count, &none);
    w->judged = judged;
    for (int i = 0; i < 2 * failing; i++) {
        snprintf(name, sizeof(name), "a%d", i % failing);
        answer(w, name, REASON_TIMEOUT);
    }
    moment(w);
    CHECK_INT(w->order_count, 0);
    CHECK_INT(why_not(w), REPAIR_BRAKE);
}

static CASE void most_of_all_or_of_ours_are_the_network_or_us_whatever_their_groups(void)
{
    static struct world w;
    many_fail(&w, 11, 15, 0);
    CHECK_STR(held_back(&w)->evidence[0], "11 of all 15 assets began to fail within 300 s");
    end(&w);
    many_fail(&w, 11, 30, 15);
    CHECK_STR(held_back(&w)->evidence[0],
              "11 of the 15 assets that this control plane judges began to fail within 300 s");
    end(&w);
}

static CASE void what_failed_by_something_else_and_then_by_itself_is_one_of_many(void)
{
    static struct world w, later;
    static struct asset saved;
    struct asset_rules rules = {.group = "g"};
    struct remedy late = {.name = "a0", .action = "{}", .within_ns = 9 * S,
                          .cooldown_ns = 600 * S};
    a_group(&w, 5, &rules);
    remedy(&w, "a0", late);
    break_it(&w, "a0");
    moment(&w);
    task(&w, w.orders[0], TASK_SUCCEEDED);
    saved = *asset(&w, "a0");
    saved.reason = "dependency"; /* and it is seen whether the repair helped */
    a_group(&later, 5, &rules);
    pass(&later, 1);
    remedy(&later, "a0", late);
    answer(&later, "a0", REASON_REFUSED);
    reconciler_restore(later.r, &saved, at(&later));
    pass(&later, 10);
    CHECK_STR(asset(&later, "a0")->reason, "repair_exhausted");
    answer(&later, "a0", REASON_OK); /* it is Failed until that lasts */
    int before = starts(&later);
    for (int i = 0; i < 2; i++) /* of 5, with it, those are most */
        answer(&later, "a1", REASON_TIMEOUT);
    for (int i = 0; i < 2; i++)
        answer(&later, "a2", REASON_TIMEOUT);
    CHECK_INT(asset(&later, "a0")->state, ASSET_FAILED);
    moment(&later);
    CHECK_INT(starts(&later), before);
    CHECK_INT(why_not(&later), REPAIR_BRAKE);
    end(&w);
    end(&later);
}

static CASE void most_of_a_group_at_once_is_the_network_or_us(void)
{
    static struct world w;
    char name[16];
    struct asset_rules rules = {.group = "g"};
    a_group(&w, 5, &rules);
    for (int i = 0; i < 3; i++) { /* 60 %: each misses, and then misses again */
        snprintf(name, sizeof(name), "a%d", i);
        answer(&w, name, REASON_TIMEOUT);
    }
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof(name), "a%d", i);
        answer(&w, name, REASON_TIMEOUT);
        CHECK_INT(asset(&w, name)->state, ASSET_FAILED);
    }
    moment(&w);
    CHECK_INT(w.order_count, 0);
    CHECK_INT(why_not(&w), REPAIR_BRAKE);
    answer(&w, "a0", REASON_OK); /* two of five are no longer most of them */
    pass(&w, 2);
    for (int i = 0; i < 2; i++)
        answer(&w, i ? "a1" : "a2", REASON_TIMEOUT);
    pass(&w, 6);
    CHECK_INT(asset(&w, "a0")->state, ASSET_HEALTHY);
    CHECK_INT(starts(&w), 2);
    end(&w);
}

static CASE void a_flapping_service_is_damped(void)
{
    static struct world w;
    web(&w);
    remedy(
        &w, "web",
        (struct remedy){.name = "restart", .action = "{}", .cooldown_ns = S, .max_per_hour = 3600});
    int last = 0;
    for (int i = 0; i < RECONCILE_FLAP_DAMP + 1; i++) {
        break_it(&w, "web");
        last = starts(&w);
        if (asset(&w, "web")->flapping)
            break;
        CHECK_INT(last, i + 1);
        task(&w, last_order(&w), TASK_SUCCEEDED);
        answer(&w, "web", REASON_OK);
        pass(&w, 2);
    }
    CHECK(asset(&w, "web")->flapping);
    CHECK_STR(asset(&w, "web")->reason, "flapping");
    CHECK_INT(why_not(&w), REPAIR_RATE);
    CHECK_STR(held_back(&w)->evidence[0], "it flaps");
    CHECK_INT(last, RECONCILE_FLAP_DAMP); /* the last of them was the first that was not repaired */
    for (int i = 0; i < 60; i++) {
        answer(&w, "web", REASON_REFUSED);
        pass(&w, 1);
    }
    CHECK_INT(starts(&w), last);
    pass(&w, 2 * RECONCILE_FLAP_HALF_S); /* a quarter of the penalty: below FREE */
    CHECK_INT(starts(&w), last + 1);
    end(&w);
}

/* ---- people ---- */

static CASE void maintenance_is_watched_and_never_repaired(void)
{
    static struct world w;
    web(&w);
    break_it(&w, "web");
    static struct sample s;
    s = (struct sample){.type = SAMPLE_MAINTAIN, .for_ns = 60 * S, .by = "ada"};
    take(&w, &s, "web");
    CHECK_INT(asset(&w, "web")->state, ASSET_MAINTENANCE);
    CHECK(asset(&w, "web")->repair == NULL);
    CHECK_INT(w.orders[1]->type, REPAIR_ORDER_CANCEL);
    CHECK_INT(w.orders[2]->type, REPAIR_ORDER_OVER);
    answer(&w, "web", REASON_REFUSED);
    pass(&w, 59);
    CHECK_INT(asset(&w, "web")->state, ASSET_MAINTENANCE);
    CHECK_INT(starts(&w), 1);
    pass(&w, 1);
    CHECK_INT(asset(&w, "web")->state, ASSET_FAILED); /* by way of Pending: it was watched */
    s.for_ns = INT64_MAX;
    take(&w, &s, "web");
    CHECK_STR(w.told[w.count - 1]->evidence[0], "maintenance until it is ended");
    pass(&w, 3600);
    CHECK_INT(asset(&w, "web")->state, ASSET_MAINTENANCE);
    s.for_ns = 0;
    take(&w, &s, "web");
    CHECK(asset(&w, "web")->state != ASSET_MAINTENANCE);
    end(&w);
}

static CASE void a_persons_word_and_green_checks_are_enough(void)
{
    static struct world w;
    web(&w);
    break_it(&w, "web");
    task(&w, w.orders[0], TASK_FAILED);
    CHECK_STR(asset(&w, "web")->reason, "repair_exhausted");
    static struct sample s;
    s = (struct sample){.type = SAMPLE_RECOVER, .by = "ada"};
    take(&w, &s, "web");
    CHECK_INT(asset(&w, "web")->state, ASSET_FAILED); /* not before a check says so */
    answer(&w, "web", REASON_OK);
    CHECK_INT(asset(&w, "web")->state, ASSET_HEALTHY);
    CHECK_STR(asset(&w, "web")->reason, "recovered_by_hand");
    CHECK_STR(w.told[w.count - 1]->by, "ada");
    end(&w);
}

static CASE void that_it_is_well_is_no_news_of_what_is_healthy(void)
{
    static struct world w;
    web(&w);
    static struct sample s;
    s = (struct sample){.type = SAMPLE_RECOVER, .by = "ada"};
    take(&w, &s, "web");
    break_it(&w, "web");
    CHECK_INT(asset(&w, "web")->state, ASSET_FAILED);
    answer(&w, "web", REASON_OK);
    CHECK_INT(asset(&w, "web")->state, ASSET_FAILED); /* that word was of another time */
    end(&w);
}

static CASE void one_that_needs_approval_waits_for_it(void)
{
    static struct world w;
    web(&w);
    remedy(&w, "web", (struct remedy){.name = "restart", .action = "{}", .approve = true});
    break_it(&w, "web");
    CHECK(w.orders[0]->approve);
    task(&w, w.orders[0], TASK_AWAITING_APPROVAL);
    CHECK_INT(asset(&w, "web")->repair->phase, REPAIR_WAITING);
    CHECK_INT(reconciler_stats(w.r)->skipped_total[REPAIR_NEEDS_APPROVAL], 1);
    for (int i = 0; i < 100; i++) {
        answer(&w, "web", REASON_REFUSED);
        pass(&w, 60);
    }
    CHECK_INT(asset(&w, "web")->repair->phase, REPAIR_WAITING);
    task(&w, w.orders[0], TASK_RUNNING);
    CHECK_INT(asset(&w, "web")->repair->phase, REPAIR_RUNNING);
    end(&w);
}

/* ---- others ---- */

static CASE void people_are_told_once_a_story_and_when_it_is_over(void)
{
    static struct world w;
    web(&w);
    remedy(&w, "web", (struct remedy){.name = "tell", .action = "{}", .notifies = true});
    break_it(&w, "web");
    CHECK_INT(w.order_count, 2);
    CHECK(w.orders[0]->notifies || w.orders[1]->notifies);
    const struct repair_order *o = w.orders[0]->notifies ? w.orders[1] : w.orders[0];
    for (int i = 0; i < 20; i++) {
        answer(&w, "web", REASON_REFUSED);
        pass(&w, 1);
    }
    CHECK_INT(w.order_count, 2);
    task(&w, o, TASK_SUCCEEDED);
    answer(&w, "web", REASON_OK);
    pass(&w, 1);
    CHECK(last_order(&w)->notifies && last_order(&w)->rollback); /* resolved */
    end(&w);
}

static CASE void who_stands_behind_a_repair_is_told_when_it_did_not_help(void)
{
    static struct world w;
    web(&w);
    remedy(&w, "web", (struct remedy){.name = "restart", .action = "{}", .then = "call"});
    remedy(&w, "web",
           (struct remedy){.name = "call", .action = "{}", .notifies = true, .then = "reboot"});
    remedy(&w, "web", (struct remedy){.name = "reboot", .action = "{}"});
    break_it(&w, "web");
    CHECK_INT(starts(&w), 1);
    CHECK_STR(last_order(&w)->remedy, "restart");
    int before = w.order_count;
    task(&w, last_order(&w), TASK_FAILED);
    reconciler_tick(w.r, at(&w));
    bool called = false;
    for (int i = before; i < w.order_count; i++)
        called |= strcmp(w.orders[i]->remedy, "call") == 0;
    CHECK(called);
    CHECK_STR(last_order(&w)->remedy, "reboot"); /* and the chain goes on behind him */
    end(&w);
}

static void fails_over(struct world *w, enum probe_reason standby)
{
    struct asset_rules rules = {.standby = "db-2"};
    begin(w);
    declare(w, "db-1", &rules);
    declare(w, "db-2", NULL);
    remedy(
        w, "db-1",
        (struct remedy){.name = "failover", .action = "{}", .fails_over = true, .rollback = "{}"});
    answer(w, "db-1", REASON_OK);
    answer(w, "db-2", standby);
    answer(w, "db-2", standby);
    pass(w, 5);
    break_it(w, "db-1");
}

static CASE void the_standby_takes_over_where_it_is_well(void)
{
    static struct world w;
    fails_over(&w, REASON_OK);
    CHECK_STR(last_order(&w)->standby, "db-2");
    task(&w, w.orders[0], TASK_SUCCEEDED);
    answer(&w, "db-2", REASON_OK);
    pass(&w, 1);
    CHECK(asset(&w, "db-1")->failed_over);
    CHECK_INT(asset(&w, "db-1")->state, ASSET_FAILED); /* it is down all the same */
    end(&w);
    fails_over(&w, REASON_REFUSED);
    CHECK_INT(w.order_count, 0);
    CHECK_INT(why_not(&w), REPAIR_PRECONDITION);
    CHECK_STR(held_back(&w)->evidence[0], "the standby has failed, too");
    end(&w);
}

static void a_plan_says_what_would_be_done_and_does_nothing(void *ctx, const struct repair_plan *p)
{
    struct world *w = ctx;
    w->count = -1;
    CHECK_STR(p->asset->name, "web");
    CHECK(p->remedy == NULL);
    CHECK_INT(p->rejected_count, 1);
    CHECK_INT(p->rejected[0].why, REPAIR_FROZEN);
}

static CASE void planning_asks_and_does_nothing(void)
{
    static struct world w;
    web(&w);
    static struct sample s;
    s = (struct sample){.type = SAMPLE_FREEZE};
    reconciler_take(w.r, &s, at(&w));
    break_it(&w, "web");
    int count = w.count;
    reconciler_plan(w.r, at(&w), a_plan_says_what_would_be_done_and_does_nothing, &w);
    CHECK_INT(w.count, -1);
    w.count = count;
    CHECK_INT(w.order_count, 0);
    end(&w);
}

static CASE void a_restart_goes_on_with_the_open_repair(void)
{
    static struct world w, later;
    web(&w);
    break_it(&w, "web");
    task(&w, w.orders[0], TASK_RUNNING);
    begin(&later);
    later.now = w.now;
    reconciler_restore(later.r, asset(&w, "web"), at(&later));
    CHECK_INT(later.order_count, 0); /* its remedy is not declared yet */
    declare(&later, "web", NULL);
    remedy(&later, "web", (struct remedy){.name = "restart", .action = "{}"});
    reconciler_tick(later.r, at(&later));
    CHECK_INT(later.order_count, 1);
    CHECK_STR(later.orders[0]->dedup_key, w.orders[0]->dedup_key);
    CHECK_STR(later.orders[0]->trace_id, w.orders[0]->trace_id);
    CHECK_INT(asset(&later, "web")->state, ASSET_FAILED);
    task(&later, later.orders[0], TASK_SUCCEEDED);
    answer(&later, "web", REASON_OK);
    CHECK_INT(asset(&later, "web")->state, ASSET_HEALTHY);
    pass(&later, 1);
    break_it(&later, "web");
    CHECK_INT(why_not(&later), REPAIR_COOLDOWN); /* what was done in the earlier life counts */
    end(&w);
    end(&later);
}

int main(void)
{
    TAP_RUN(a_service_that_fails_is_repaired_and_verified);
    TAP_RUN(an_answer_from_before_the_task_ended_verifies_nothing);
    TAP_RUN(one_that_does_not_help_is_rolled_back_and_the_next_is_tried);
    TAP_RUN(what_was_ended_in_the_middle_is_undone_and_what_never_began_is_not);
    TAP_RUN(a_degraded_one_whose_remedies_are_used_up_has_failed);
    TAP_RUN(what_gets_well_by_itself_is_verified_without_being_repaired);
    TAP_RUN(a_task_that_cannot_be_is_a_repair_that_failed);
    TAP_RUN(a_pause_lies_between_two_of_a_remedy);
    TAP_RUN(no_more_than_so_many_an_hour);
    TAP_RUN(nothing_is_repaired_that_is_frozen_or_not_ours);
    TAP_RUN(a_precondition_is_asked_first);
    TAP_RUN(a_database_is_repaired_before_what_depends_on_it);
    TAP_RUN(no_more_of_a_group_than_its_blast_radius);
    TAP_RUN(many_that_are_under_repair_are_named_in_part);
    TAP_RUN(most_of_a_group_told_one_behind_the_other_are_many);
    TAP_RUN(most_of_all_or_of_ours_are_the_network_or_us_whatever_their_groups);
    TAP_RUN(most_of_a_group_at_once_is_the_network_or_us);
    TAP_RUN(what_failed_by_something_else_and_then_by_itself_is_one_of_many);
    TAP_RUN(a_flapping_service_is_damped);
    TAP_RUN(maintenance_is_watched_and_never_repaired);
    TAP_RUN(a_persons_word_and_green_checks_are_enough);
    TAP_RUN(that_it_is_well_is_no_news_of_what_is_healthy);
    TAP_RUN(one_that_needs_approval_waits_for_it);
    TAP_RUN(people_are_told_once_a_story_and_when_it_is_over);
    TAP_RUN(who_stands_behind_a_repair_is_told_when_it_did_not_help);
    TAP_RUN(the_standby_takes_over_where_it_is_well);
    TAP_RUN(planning_asks_and_does_nothing);
    TAP_RUN(a_restart_goes_on_with_the_open_repair);
    return tap_done();
}
