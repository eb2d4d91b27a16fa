#include "tests/rt/world.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "rt/event.h"

/* ---- tasks and groups ---- */

struct trail {
    char text[64];
    size_t size;
};

static void leave_mark(struct trail *t, char c)
{
    if (t->size < sizeof(t->text) - 1)
        t->text[t->size++] = c;
}

static struct trail trail;

static void task_marks_a_then_b(void *arg)
{
    (void)arg;
    leave_mark(&trail, 'a');
    rt_yield();
    leave_mark(&trail, 'b');
}

static void tasks_take_turns_in_spawn_order(void *arg)
{
    (void)arg;
    trail = (struct trail){0};
    struct rt_group g;
    rt_group_init(&g, "test");
    for (int i = 0; i < 3; i++)
        CHECK_INT(rt_go(&g, task_marks_a_then_b, NULL), 0);
    CHECK_INT(rt_group_wait(&g, RT_NEVER), 0);
    rt_group_done(&g);
    if (world_now_ != WORLD_SIM) /* the simulator picks its own order */
        CHECK_STR(trail.text, "aaabbb");
    CHECK_INT(trail.size, 6);
}

static void task_sleeps_for_ever(void *arg)
{
    *(int *)arg = rt_sleep(RT_NEVER);
}

static void a_cancelled_group_wakes_its_sleepers(void *arg)
{
    (void)arg;
    int results[3] = {1, 1, 1};
    struct rt_group g;
    rt_group_init(&g, "test");
    for (int i = 0; i < 3; i++)
        rt_go(&g, task_sleeps_for_ever, &results[i]);
    rt_sleep(rt_now() + RT_MS);
    rt_group_cancel(&g);
    CHECK_INT(rt_group_wait(&g, rt_now() + RT_SEC), 0);
    rt_group_done(&g);
    for (int i = 0; i < 3; i++)
        CHECK_INT(results[i], -ECANCELED);
}

static void a_task_spawned_into_a_cancelled_group_starts_cancelled(void *arg)
{
    (void)arg;
    int result = 1;
    struct rt_group g;
    rt_group_init(&g, "test");
    rt_group_cancel(&g);
    rt_go(&g, task_sleeps_for_ever, &result);
    rt_group_done(&g);
    CHECK_INT(result, -ECANCELED);
}

static void task_shields_a_short_sleep(void *arg)
{
    int *results = arg;
    rt_shield_begin();
    results[0] = rt_sleep(rt_now() + 5 * RT_MS);
    rt_shield_end();
    results[1] = rt_sleep(rt_now() + 5 * RT_MS);
}

static void a_shielded_wait_is_deaf_to_cancellation(void *arg)
{
    (void)arg;
    int results[2] = {1, 1};
    struct rt_group g;
    rt_group_init(&g, "test");
    rt_go(&g, task_shields_a_short_sleep, results);
    rt_sleep(rt_now() + RT_MS);
    rt_group_done(&g);
    CHECK_INT(results[0], 0);
    CHECK_INT(results[1], -ECANCELED);
}

static void waiting_for_a_group_times_out(void *arg)
{
    (void)arg;
    int result;
    struct rt_group g;
    rt_group_init(&g, "test");
    rt_go(&g, task_sleeps_for_ever, &result);
    CHECK_INT(rt_group_wait(&g, rt_now() + 2 * RT_MS), -ETIMEDOUT);
    rt_group_done(&g);
}

/* ---- time ---- */

struct sleeper {
    rt_time until;
    char mark;
};

static void task_sleeps_and_marks(void *arg)
{
    struct sleeper *s = arg;
    CHECK_INT(rt_sleep(s->until), 0);
    CHECK(rt_now_exact() >= s->until);
    leave_mark(&trail, s->mark);
}

static void sleepers_wake_in_the_order_of_their_deadlines(void *arg)
{
    (void)arg;
    trail = (struct trail){0};
    rt_time t0 = rt_now();
    struct sleeper s[] = {{t0 + 30 * RT_MS, 'c'}, {t0 + 10 * RT_MS, 'a'}, {t0 + 20 * RT_MS, 'b'}};
    struct rt_group g;
    rt_group_init(&g, "test");
    for (int i = 0; i < 3; i++)
        rt_go(&g, task_sleeps_and_marks, &s[i]);
    CHECK_INT(rt_group_wait(&g, RT_NEVER), 0);
    rt_group_done(&g);
    CHECK_STR(trail.text, "abc");
}

static void task_moves_its_deadline_about(void *arg)
{
    (void)arg;
    rt_time t0 = rt_now();
    /* Later, then earlier than the lazy entry that the first wait left behind. */
    CHECK_INT(rt_sleep(t0 + 2 * RT_MS), 0);
    CHECK_INT(rt_sleep(t0 + 40 * RT_MS), 0);
    CHECK(rt_now_exact() >= t0 + 40 * RT_MS);
    rt_time t1 = rt_now();
    CHECK_INT(rt_sleep(t1 + 3 * RT_MS), 0);
    CHECK(rt_now_exact() >= t1 + 3 * RT_MS);
}

static void a_lazy_deadline_fires_neither_early_nor_never(void *arg)
{
    (void)arg;
    struct rt_group g;
    rt_group_init(&g, "test");
    for (int i = 0; i < 50; i++)
        rt_go(&g, task_moves_its_deadline_about, NULL);
    CHECK_INT(rt_group_wait(&g, rt_now() + 10 * RT_SEC), 0);
    rt_group_done(&g);
}

enum { HURRIED = 20, NEED_NOT_MS = 5 };

struct hurry {
    struct rt_event happened, over;
    int deadlines;
};

/* What it waits for comes long before its deadline. */
static void task_needs_no_deadline(void *arg)
{
    struct hurry *h = arg;
    CHECK_INT(rt_event_wait(&h->happened, rt_now() + ++h->deadlines * NEED_NOT_MS * RT_MS), 0);
    CHECK_INT(rt_event_wait(&h->over, RT_NEVER), 0);
}

static void a_deadline_that_was_not_needed_does_not_wake_the_loop(void *arg)
{
    (void)arg;
    struct hurry h = {.deadlines = 0};
    struct rt_stats before, after;
    struct rt_group g;
    rt_group_init(&g, "test");
    for (int i = 0; i < HURRIED; i++)
        rt_go(&g, task_needs_no_deadline, &h);
    rt_yield();
    rt_event_set(&h.happened);
    rt_yield();
    rt_stats_read(&before);
    CHECK_INT(rt_sleep(rt_now() + (HURRIED + 5) * NEED_NOT_MS * RT_MS), 0);
    rt_stats_read(&after);
    CHECK(after.polls - before.polls <= HURRIED / 4);
    rt_event_set(&h.over);
    CHECK_INT(rt_group_wait(&g, rt_now() + 20 * RT_SEC), 0);
    rt_group_done(&g);
}

static void a_past_sleep_returns_at_once(void *arg)
{
    (void)arg;
    CHECK_INT(rt_sleep(0), 0);
    CHECK_INT(rt_sleep(rt_now()), 0);
}

/* ---- offload ---- */

static void double_it(void *arg)
{
    *(int *)arg *= 2;
}

static void offloaded_work_is_done_when_the_call_returns(void *arg)
{
    (void)arg;
    int v = 21;
    CHECK_INT(rt_offload(double_it, &v, RT_NEVER), 0);
    CHECK_INT(v, 42);
}

static void task_offloads_many(void *arg)
{
    int *sum = arg;
    for (int i = 0; i < 100; i++) {
        int v = 1;
        if (rt_offload(double_it, &v, RT_NEVER) == 0)
            *sum += v;
    }
}

static void many_tasks_share_the_offload_threads(void *arg)
{
    (void)arg;
    int sum = 0;
    struct rt_group g;
    rt_group_init(&g, "test");
    for (int i = 0; i < 20; i++)
        rt_go(&g, task_offloads_many, &sum);
    CHECK_INT(rt_group_wait(&g, RT_NEVER), 0);
    rt_group_done(&g);
    CHECK_INT(sum, 20 * 100 * 2);
}

static void note_thread(void *arg)
{
    *(pthread_t *)arg = pthread_self();
}

/* Else each hand-over wakes a thread that has slept for longer, with colder caches. */
static void one_task_after_another_has_the_same_thread(void *arg)
{
    (void)arg;
    pthread_t first, next;
    CHECK_INT(rt_offload(note_thread, &first, RT_NEVER), 0);
    for (int i = 0; i < 200; i++) {
        CHECK_INT(rt_offload(note_thread, &next, RT_NEVER), 0);
        CHECK(pthread_equal(first, next));
    }
}

/* ---- several loops ---- */

static void task_notes_its_loop(void *arg)
{
    *(int *)arg = rt_loop_index();
}

static void a_task_goes_to_the_loop_that_was_named(void *arg)
{
    (void)arg;
    int seen[4] = {-1, -1, -1, -1};
    struct rt_group g;
    rt_group_init(&g, "test");
    for (int i = 0; i < rt_loop_count(); i++)
        CHECK_INT(rt_go_on(i, &g, task_notes_its_loop, &seen[i]), 0);
    CHECK_INT(rt_group_wait(&g, RT_NEVER), 0);
    rt_group_done(&g);
    for (int i = 0; i < rt_loop_count(); i++)
        CHECK_INT(seen[i], i);
}

static void cancelling_reaches_tasks_of_other_loops(void *arg)
{
    (void)arg;
    int results[4] = {1, 1, 1, 1};
    struct rt_group g;
    rt_group_init(&g, "test");
    for (int i = 0; i < rt_loop_count(); i++)
        rt_go_on(i, &g, task_sleeps_for_ever, &results[i]);
    rt_sleep(rt_now() + 2 * RT_MS);
    rt_group_done(&g);
    for (int i = 0; i < rt_loop_count(); i++)
        CHECK_INT(results[i], -ECANCELED);
}

static void no_stack_to_be_had_starts_nothing(void *arg)
{
    (void)arg;
    int seen = -1, r = 0;
    struct rt_group g;
    rt_group_init(&g, "test");
    fault_arm(FAULT_SYSCALL, 1);
    r = rt_go(&g, task_notes_its_loop, &seen);
    fault_arm(FAULT_SYSCALL, 0);
    CHECK_INT(r, -ENOMEM);
    CHECK_INT(g.live, 0);
    CHECK_INT(rt_go(&g, task_notes_its_loop, &seen), 0);
    CHECK_INT(rt_group_wait(&g, RT_NEVER), 0);
    CHECK_INT(seen, 0);
    rt_group_done(&g);
}

/* fn must run, as it may own what its argument points to: so the far loop tries again. */
static void a_far_task_without_a_stack_starts_later(void *arg)
{
    (void)arg;
    int seen = -1;
    struct rt_group g;
    rt_group_init(&g, "test");
    CHECK_INT(rt_go(&g, task_notes_its_loop, &seen), 0); /* leaves its stack for the stand-in */
    CHECK_INT(rt_group_wait(&g, RT_NEVER), 0);
    fault_arm(FAULT_SYSCALL, 1);
    CHECK_INT(rt_go_on(1, &g, task_notes_its_loop, &seen), 0);
    CHECK_INT(rt_group_wait(&g, rt_now() + 5 * RT_SEC), 0);
    fault_arm(FAULT_SYSCALL, 0);
    CHECK_INT(seen, 1);
    rt_group_done(&g);
}

enum { ALL_LOOPS = 64, MANY_ROUNDS = 50 };

static void task_counts(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    rt_sleep(rt_now() + (rt_time)(rt_random() % 100) * RT_US);
}

/* Spawned, ended and cancelled across as many loops as there may be. */
static void work_crosses_as_many_loops_as_there_may_be(void *arg)
{
    (void)arg;
    atomic_int count = 0;
    CHECK_INT(rt_loop_count(), ALL_LOOPS);
    for (int round = 0; round < MANY_ROUNDS; round++) {
        struct rt_group g;
        rt_group_init(&g, "many");
        for (int i = 0; i < ALL_LOOPS; i++)
            CHECK_INT(rt_go_on(i, &g, task_counts, &count), 0);
        if (round % 2)
            rt_sleep(rt_now() + (rt_time)(rt_random() % 100) * RT_US);
        rt_group_done(&g);
    }
    CHECK_INT(count, ALL_LOOPS * MANY_ROUNDS);
}

static void many_loops(void)
{
    const struct rt_config config = {.loops = ALL_LOOPS};
    CHECK_INT(rt_run(&config, work_crosses_as_many_loops_as_there_may_be, NULL), 0);
}

static void task_notes_that_it_ran(void *arg)
{
    *(int *)arg = 1;
}

/* Each call that sets up the loops fails in turn: fn did not run, or does without it. */
static void a_start_that_fails_leaves_nothing(void)
{
    const struct rt_config config = {.loops = 3};
    int failures = 0;
    bool struck = true;
    for (uint64_t n = 1; struck; n++) {
        int ran = 0;
        fault_arm(FAULT_SYSCALL, n);
        int r = rt_run(&config, task_notes_that_it_ran, &ran);
        struck = fault_count(FAULT_SYSCALL) >= n;
        fault_arm(FAULT_SYSCALL, 0);
        CHECK_INT(ran, r == 0);
        CHECK_INT(mem_usage_of(MEM_RT).live, 0);
        failures += r < 0;
    }
    CHECK(failures >= 8);
}

static void nothing_is_left_allocated(void)
{
    CHECK_INT(mem_usage_of(MEM_RT).live, 0);
}

int main(void)
{
    ON_ALL(tasks_take_turns_in_spawn_order);
    ON_ALL(a_cancelled_group_wakes_its_sleepers);
    ON_ALL(a_task_spawned_into_a_cancelled_group_starts_cancelled);
    ON_ALL(a_shielded_wait_is_deaf_to_cancellation);
    ON_ALL(waiting_for_a_group_times_out);
    ON_ALL(sleepers_wake_in_the_order_of_their_deadlines);
    ON_ALL(a_lazy_deadline_fires_neither_early_nor_never);
    ON_ALL(a_deadline_that_was_not_needed_does_not_wake_the_loop);
    ON_ALL(a_past_sleep_returns_at_once);
    ON_ALL(offloaded_work_is_done_when_the_call_returns);
    ON_ALL(one_task_after_another_has_the_same_thread);
    ON_ALL(many_tasks_share_the_offload_threads);
    ON_EPOLL(a_task_goes_to_the_loop_that_was_named);
    ON_EPOLL(cancelling_reaches_tasks_of_other_loops);
    ON_EPOLL_1(no_stack_to_be_had_starts_nothing);
    ON_EPOLL_N(a_far_task_without_a_stack_starts_later);
    TAP_RUN(a_start_that_fails_leaves_nothing);
    TAP_RUN(many_loops);
    TAP_RUN(nothing_is_left_allocated);
    return tap_done();
}
