#include "model/task.h"

#include "model/selector.h"

static const char *const states[TASK_STATE_COUNT] = {
    [TASK_AWAITING_APPROVAL] = "AwaitingApproval",
    [TASK_PENDING] = "Pending",
    [TASK_ASSIGNED] = "Assigned",
    [TASK_RUNNING] = "Running",
    [TASK_SUCCEEDED] = "Succeeded",
    [TASK_FAILED] = "Failed",
    [TASK_CANCELED] = "Canceled",
    [TASK_TIMED_OUT] = "TimedOut",
    [TASK_EXPIRED] = "Expired",
};

static const char *const refusals[TASK_REFUSED_COUNT] = {
    [TASK_REFUSED_NOT] = NULL,
    [TASK_REFUSED_STALE_TOKEN] = "stale_token",
    [TASK_REFUSED_ALREADY_ACCEPTED] = "already_accepted",
    [TASK_REFUSED_NOT_ASSIGNED] = "not_assigned",
    [TASK_REFUSED_CANCELED] = "canceled",
};

static const char *const node_states[NODE_STATE_COUNT] = {
    [NODE_READY] = "Ready",
    [NODE_CORDONED] = "Cordoned",
    [NODE_DRAINING] = "Draining",
    [NODE_LOST] = "Lost",
};

static int find(const char *const *words, int count, struct slice word)
{
    int i = slice_among(word, words, (size_t)count);
    return i < 0 ? count : i;
}

const char *task_state_name(enum task_state s)
{
    return states[s];
}

enum task_state task_state_parse(struct slice word)
{
    return (enum task_state)find(states, TASK_STATE_COUNT, word);
}

const char *task_refused_name(enum task_refused r)
{
    return refusals[r];
}

enum task_refused task_refused_parse(struct slice word)
{
    return (enum task_refused)find(refusals, TASK_REFUSED_COUNT, word);
}

const char *node_state_name(enum node_state s)
{
    return node_states[s];
}

enum node_state node_state_parse(struct slice word)
{
    return (enum node_state)find(node_states, NODE_STATE_COUNT, word);
}

struct task_attempt *task_attempt_add(struct task *t, struct arena *a)
{
    uint32_t keep = t->attempt_count, from = 0;
    if (keep >= TASK_ATTEMPTS_KEPT) {
        from = keep - TASK_ATTEMPTS_KEPT + 1;
        keep = TASK_ATTEMPTS_KEPT - 1;
    }
    struct task_attempt *made = arena_alloc_array(a, keep + 1, sizeof(*made));
    if (keep)
        memcpy(made, t->attempts + from, keep * sizeof(*made));
    t->attempts = made;
    t->attempt_count = keep + 1;
    made[keep] = (struct task_attempt){.exit = -1};
    return &made[keep];
}

struct task_attempt *task_attempt_find(const struct task *t, struct slice node, int64_t token)
{
    for (uint32_t i = t->attempt_count; i > 0; i--)
        if (t->attempts[i - 1].token == token && slice_eq(t->attempts[i - 1].node, node))
            return &t->attempts[i - 1];
    return NULL;
}

/* What is under way comes before what has ended, and of that the worst first. */
static int weight(enum task_state s)
{
    static const int weights[TASK_STATE_COUNT] = {
        [TASK_RUNNING] = 8,   [TASK_ASSIGNED] = 7, [TASK_PENDING] = 6,  [TASK_FAILED] = 5,
        [TASK_TIMED_OUT] = 4, [TASK_EXPIRED] = 3,  [TASK_CANCELED] = 2, [TASK_SUCCEEDED] = 1,
    };
    return weights[s];
}

void task_sum_up(struct task *t)
{
    if (t->target_count == 0)
        return;
    t->state = t->targets[0].state;
    t->exit = t->targets[0].exit;
    t->status = t->targets[0].status;
    for (uint32_t i = 1; i < t->target_count; i++) {
        const struct task_target *x = &t->targets[i];
        if (weight(x->state) > weight(t->state))
            t->state = x->state;
        if (x->exit > t->exit)
            t->exit = x->exit;
        if (x->status > t->status)
            t->status = x->status;
    }
}

static bool label_of(void *ctx, struct slice key, struct slice *ret)
{
    const struct node *n = ctx;
    for (uint32_t i = 0; i < n->label_count; i++)
        if (slice_eq(n->labels[i].key, key)) {
            *ret = n->labels[i].value;
            return true;
        }
    if (!slice_eq_cstr(key, "name"))
        return false;
    *ret = n->name;
    return true;
}

bool node_matches(const struct selector *s, const struct node *n)
{
    return selector_matches(s, label_of, (void *)n);
}
