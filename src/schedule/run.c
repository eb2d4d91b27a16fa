#include <errno.h>
#include <stdio.h>

#include "base/fault.h"
#include "schedule/worker.h"
#include "wire/task_json.h"
#include "wire/task_key.h"

/* One attempt, from its claim to its end. Each write is tried until there is an answer: an attempt
 * that gave up in doubt would be claimed for ever, and run by nobody. */

enum {
    WRITE_MS = 5000,
    AGAIN_MS = 100,
    RECORD_TRIES = 50, /* to write down that a result was refused */
    ENV_OURS = 4,
    FAILED_STATUS = 125, /* we failed ourselves */
};

struct run {
    struct work *x;
    struct arena arena, scratch; /* scratch: of one call of the store */
    struct task task;
    struct slice assign_key, status_key, task_key, node_key;
    int64_t tried; /* the revision of the assignment that the claim relied on */
    bool readable; /* the claimed task */
    struct exec_spec spec;
    struct exec_result ended;
    int code; /* of the executor */
    struct task_result result;
    char signal[EXEC_SIGNAL_NAME_MAX];
    struct err err;
};

static const struct slice none = {NULL, 0};

static struct store *store_of(const struct run *u)
{
    return u->x->worker->options->store;
}

void work_stop(struct work *x)
{
    x->stopped = true;
    if (x->begun)
        rt_group_cancel(&x->running);
}

/* ---- what every write of the attempt relies on ---- */

/* It is still given to us, by this very giving, and this life of the node lasts. */
static uint32_t guard(struct run *u, struct store_compare compares[3])
{
    compares[0] = (struct store_compare){
        .key = u->assign_key, .target = STORE_CREATE_REVISION, .number = u->x->create};
    compares[1] = (struct store_compare){
        .key = u->node_key, .target = STORE_CREATE_REVISION, .number = u->x->incarnation};
    if (fault_mutant("schedule_fence_missing"))
        return 0;
    return fault_mutant("schedule_life_unguarded") ? 1 : 2;
}

/* Asks until there is an answer. Returns 0 or -ECANCELED. */
static int write_surely(struct run *u, const struct store_txn *txn, struct store_txn_result *got)
{
    for (;;) {
        arena_reset(&u->scratch);
        int r = store_txn(store_of(u), txn, &u->scratch, got, &u->err, rt_now() + WRITE_MS * RT_MS);
        if (r == 0)
            return 0;
        if (r != -ECANCELED)
            worker_note(u->x->worker, SCHEDULE_NOTE_UNREACHABLE, work_name(u->x), u->err.text);
        if (fault_mutant("schedule_doubt_is_no") || rt_sleep(rt_now() + AGAIN_MS * RT_MS) < 0)
            return -ECANCELED;
    }
}

static struct slice assignment_text(struct run *u, const struct assignment *x)
{
    struct buf json = BUF(MEM_SCHEDULE, 0);
    assignment_write(x, &json);
    struct slice s = {arena_strdup(&u->arena, buf_slice(&json)), json.size};
    buf_done(&json);
    return s;
}

/* ---- claiming ---- */

/* Whether a claim in doubt was ours: nobody else claims in this life of the node. */
static bool is_ours(struct run *u, const struct store_range_result *found)
{
    struct assignment a;
    if (found->count == 0 || found->kvs[0].create_revision != u->x->create)
        return false;
    return assignment_read(found->kvs[0].value, &u->scratch, &a, NULL) == 0 &&
           a.claimed == u->x->incarnation && !a.ended;
}

static bool read_task(struct run *u, const struct store_range_result *found)
{
    if (found->count == 0)
        return false;
    struct slice value = {arena_strdup(&u->arena, found->kvs[0].value), found->kvs[0].value.size};
    return task_read(value, &u->arena, &u->task, &u->err) == 0;
}

/* Returns whether it is ours to run. */
static bool claim(struct run *u)
{
    struct work *x = u->x;
    struct assignment claimed = x->given;
    claimed.claimed = x->incarnation;
    claimed.result = (struct task_result){.exit = -1};
    u->tried = x->mod;
    if ((x->given.claimed || x->given.ended) && !fault_mutant("schedule_claimed_again"))
        return false;
    struct store_compare compares[3];
    uint32_t count = guard(u, compares);
    if (!fault_mutant("schedule_claim_uncompared"))
        compares[count++] = (struct store_compare){
            .key = u->assign_key, .target = STORE_MOD_REVISION, .number = x->mod};
    else
        count = 0;
    struct store_op ops[] = {
        {.type = STORE_PUT, .key = u->assign_key, .value = assignment_text(u, &claimed)},
        {.type = STORE_READ, .range = {.keys = store_key(u->task_key)}},
        {.type = STORE_READ, .range = {.keys = store_key(u->assign_key)}},
    };
    struct store_txn txn = {
        .compares = compares,
        .compare_count = count,
        .then = ops,
        .then_count = 2,
        .otherwise = ops + 1,
        .otherwise_count = 2,
    };
    struct store_txn_result got;
    if (write_surely(u, &txn, &got) < 0)
        return false;
    x->worker->options->stats->claims_total += got.succeeded;
    if (!got.succeeded && !is_ours(u, &got.ops[1].range))
        return false;
    if (x->found)
        worker_mended(x->worker, u->assign_key, "what was given had been overlooked");
    u->readable = read_task(u, &got.ops[got.succeeded ? 1 : 0].range);
    return true;
}

/* What is claimed and cannot be run (its task was deleted by hand, or is none) is nobody's. */
static void give_back(struct run *u)
{
    struct store_compare compares[3];
    uint32_t count = guard(u, compares);
    struct store_op op = {.type = STORE_DELETE, .keys = store_key(u->assign_key)};
    struct store_txn txn = {
        .compares = compares, .compare_count = count, .then = &op, .then_count = 1};
    struct store_txn_result got;
    worker_note(u->x->worker, SCHEDULE_NOTE_BAD_VALUE, u->task_key,
                u->err.code ? u->err.text : "the task is gone");
    (void)write_surely(u, &txn, &got);
}

/* ---- running ---- */

static const char *text_of(struct run *u, struct slice s)
{
    return s.size ? arena_strdup(&u->arena, s) : NULL;
}

static const char *const *texts_of(struct run *u, const struct slice *texts, uint32_t count,
                                   uint32_t more)
{
    const char **made = arena_alloc_array(&u->arena, count + more + 1, sizeof(*made));
    for (uint32_t i = 0; i < count; i++)
        made[i] = arena_strdup(&u->arena, texts[i]);
    return made;
}

static uint32_t attempt_number(const struct run *u)
{
    const struct task *t = &u->task;
    for (uint32_t i = 0; i < t->target_count; i++)
        if (slice_eq(t->targets[i].node, u->x->worker->options->node))
            return t->targets[i].tries + t->targets[i].lost + 1;
    return 1;
}

static void make_spec(struct run *u)
{
    const struct task *t = &u->task;
    struct slice node = u->x->worker->options->node;
    const char *const *env = texts_of(u, t->env, t->env_count, ENV_OURS);
    const char **ours = (const char **)env + t->env_count;
    ours[0] = arena_printf(&u->arena, "FIREBREAK_TASK=%.*s", SLICE_ARG(t->name));
    ours[1] = arena_printf(&u->arena, "FIREBREAK_ATTEMPT=%u", attempt_number(u));
    ours[2] = arena_printf(&u->arena, "FIREBREAK_TASK_TOKEN=%lld", (long long)u->x->given.token);
    ours[3] = arena_printf(&u->arena, "FIREBREAK_NODE=%.*s", SLICE_ARG(node));
    u->spec = (struct exec_spec){
        .kind = t->kind,
        .action = text_of(u, t->does),
        .argv = texts_of(u, t->argv, t->argc, 0),
        .env = env,
        .dir = text_of(u, t->dir),
        .user = text_of(u, t->user),
        .timeout_ns = t->timeout_ms * RT_MS,
        .output_bytes_max = (uint64_t)(t->output_bytes_max > 0 ? t->output_bytes_max : 0),
        .wants_values = true,
        .leaves_processes = t->remedy.size > 0, /* the service that a repair started */
    };
}

static void exec_main(void *arg)
{
    struct run *u = arg;
    const struct executor *executor = u->x->worker->options->executor;
    struct output *output = output_new(u->x, &u->arena);
    struct exec_sink sink = {output_line, output};
    u->code = executor->run(executor->ctx, &u->spec, &sink, &u->ended, &u->err, RT_NEVER);
    output_free(output);
}

/* As much of what it said about itself as is kept; the rest counts as cut. */
static void take_outputs(struct run *u, struct task_result *r)
{
    const struct exec_result *e = &u->ended;
    size_t left = TASK_OUTPUTS_BYTES_MAX;
    r->outputs = arena_alloc_array(&u->arena, e->value_count + 1, sizeof(*r->outputs));
    for (uint32_t i = 0; i < e->value_count; i++) {
        struct task_label said = {e->values[i].key, e->values[i].value};
        size_t size = task_label_json_bytes(&said);
        if (size > left) {
            r->output_cut_bytes += said.key.size + said.value.size;
            continue;
        }
        left -= size;
        r->outputs[r->output_count++] = said;
    }
}

static void judge(struct run *u)
{
    struct work *x = u->x;
    const struct exec_result *e = &u->ended;
    struct task_result *r = &u->result;
    *r = (struct task_result){
        .state = TASK_FAILED,
        .node = x->worker->options->node,
        .token = x->given.token,
        .exit = -1,
        .status = FAILED_STATUS,
    };
    if (u->code < 0) {
        r->detail = slice_from(u->err.text);
        r->state = u->code == -ECANCELED ? TASK_CANCELED : TASK_FAILED;
    } else {
        r->exit = e->exit;
        r->status = exec_result_status(e);
        r->detail = slice_from(e->detail);
        r->started_ms = e->started ? e->started_wall_ns / RT_MS : 0;
        r->wall_ns = e->wall_ns;
        r->output_cut_bytes = e->cut_bytes[EXEC_STDOUT] + e->cut_bytes[EXEC_STDERR];
        take_outputs(u, r);
        if (e->signal)
            r->signal = slice_from(exec_signal_name(e->signal, u->signal));
        if (e->reason == REASON_OK)
            r->state = TASK_SUCCEEDED;
        else if (e->reason == REASON_TIMEOUT)
            r->state = TASK_TIMED_OUT;
        else if (e->reason == REASON_CANCELED)
            r->state = TASK_CANCELED;
    }
    if (r->state == TASK_CANCELED && x->given.stop == TASK_EXPIRED) {
        r->state = TASK_EXPIRED;
        if (r->started_ms)
            r->detail = SLICE("it still ran at its deadline, and was ended");
    }
    if (r->detail.size > TASK_DETAIL_BYTES_MAX)
        r->detail.size = TASK_DETAIL_BYTES_MAX;
}

/* Returns 0 once there is a result, -ECANCELED where we are to end ourselves. */
static int execute(struct run *u)
{
    struct work *x = u->x;
    make_spec(u);
    rt_group_init(&x->running, "run");
    x->begun = true;
    if (x->stopped)
        rt_group_cancel(&x->running);
    int r = rt_go(&x->running, exec_main, u);
    if (r < 0) {
        u->code = r;
        err_sys(&u->err, r, "no memory for its task");
    } else {
        (void)rt_group_wait(&x->running, RT_NEVER);
    }
    rt_group_done(&x->running);
    x->begun = false;
    if (rt_cancelled())
        return -ECANCELED;
    judge(u);
    return 0;
}

/* ---- how it ended ---- */

/* Of a try whose answer was lost: whether what stands in the store is what we wrote. */
static bool was_told(struct run *u, const struct store_range_result *assign,
                     const struct store_range_result *status, const struct task *t)
{
    struct task_result r;
    struct assignment a;
    if (status->count && task_result_read(status->kvs[0].value, &u->scratch, &r, NULL) == 0)
        return r.token == u->x->given.token;
    if (assign->count && assign->kvs[0].create_revision == u->x->create)
        return assignment_read(assign->kvs[0].value, &u->scratch, &a, NULL) == 0 && a.ended;
    const struct task_attempt *made =
        t ? task_attempt_find(t, u->result.node, u->result.token) : NULL;
    /* One that was given up for lost has another detail: nobody knew how it ended. */
    return made && task_state_final(made->state) && made->started_ms == u->result.started_ms &&
           made->exit == u->result.exit && slice_eq(made->detail, u->result.detail);
}

static enum task_refused why_refused(struct run *u, const struct store_range_result *assign,
                                     const struct store_range_result *status, const struct task *t)
{
    if (status->count)
        return TASK_REFUSED_ALREADY_ACCEPTED;
    if (assign->count || !t)
        return assign->count ? TASK_REFUSED_STALE_TOKEN : TASK_REFUSED_NOT_ASSIGNED;
    if (t->state == TASK_CANCELED || t->cancel)
        return TASK_REFUSED_CANCELED;
    for (uint32_t i = 0; i < t->target_count; i++)
        if (slice_eq(t->targets[i].node, u->result.node) &&
            t->targets[i].token == u->result.token && task_state_held(t->targets[i].state))
            return TASK_REFUSED_NOT_ASSIGNED; /* and nobody else is */
    return TASK_REFUSED_STALE_TOKEN;
}

/* Into the task's attempt, whoever else writes the task meanwhile. */
static void record_refused(struct run *u, enum task_refused why)
{
    for (int tries = 0; tries < RECORD_TRIES; tries++) {
        struct store_kv kv;
        struct task t;
        arena_reset(&u->scratch);
        int r = store_get(store_of(u), u->task_key, &u->scratch, &kv, NULL,
                          rt_now() + WRITE_MS * RT_MS);
        if (r == 0 && (kv.version == 0 || task_read(kv.value, &u->scratch, &t, NULL) < 0))
            return;
        struct task_attempt *a =
            r == 0 ? task_attempt_find(&t, u->result.node, u->result.token) : NULL;
        if (r == 0 && (!a || a->refused == why || a->accepted))
            return;
        if (a) {
            struct buf json = BUF(MEM_SCHEDULE, TASK_JSON_BYTES_MAX);
            struct store_compare same = {
                .key = u->task_key, .target = STORE_MOD_REVISION, .number = kv.mod_revision};
            struct store_txn_result got = {.succeeded = false};
            a->refused = why;
            a->exit = u->result.exit;
            a->started_ms = u->result.started_ms;
            a->wall_ns = u->result.wall_ns;
            r = task_write(&t, &json);
            struct store_op op = {.type = STORE_PUT, .key = u->task_key, .value = buf_slice(&json)};
            struct store_txn txn = {
                .compares = &same, .compare_count = 1, .then = &op, .then_count = 1};
            if (r == 0)
                r = store_txn(store_of(u), &txn, &u->scratch, &got, NULL,
                              rt_now() + WRITE_MS * RT_MS);
            buf_done(&json);
            if (r == 0 && got.succeeded)
                return;
        }
        if (rt_sleep(rt_now() + AGAIN_MS * RT_MS) < 0)
            return;
    }
}

static void refused(struct run *u, const struct store_txn_result *got)
{
    struct worker *w = u->x->worker;
    const struct store_range_result *assign = &got->ops[0].range, *status = &got->ops[1].range;
    const struct store_range_result *found = &got->ops[2].range;
    struct task t;
    bool known = found->count && task_read(found->kvs[0].value, &u->scratch, &t, NULL) == 0;
    if (was_told(u, assign, status, known ? &t : NULL))
        return;
    enum task_refused why = why_refused(u, assign, status, known ? &t : NULL);
    w->options->stats->refused_total[why]++;
    worker_note(w, SCHEDULE_NOTE_REFUSED, work_name(u->x), task_refused_name(why));
    record_refused(u, why);
}

static struct slice result_text(struct run *u)
{
    struct buf json = BUF(MEM_SCHEDULE, 0);
    task_result_write(&u->result, &json);
    struct slice s = {arena_strdup(&u->arena, buf_slice(&json)), json.size};
    buf_done(&json);
    return s;
}

/* Accepted: the completion is created and what was given goes, at once. Or, with retries left: it
 * says how it ended, and the controller gives it anew. */
static uint32_t end_ops(struct run *u, struct store_op *ops)
{
    struct work *x = u->x;
    if (x->given.last || u->result.state == TASK_SUCCEEDED || x->given.stop != TASK_PENDING) {
        ops[0] =
            (struct store_op){.type = STORE_PUT, .key = u->status_key, .value = result_text(u)};
        ops[1] = (struct store_op){.type = STORE_DELETE, .keys = store_key(u->assign_key)};
        return fault_mutant("schedule_accepted_twice") ? 1 : 2;
    }
    struct assignment ended = x->given;
    ended.claimed = x->incarnation;
    ended.ended = true;
    ended.result = u->result;
    ops[0] = (struct store_op){
        .type = STORE_PUT, .key = u->assign_key, .value = assignment_text(u, &ended)};
    return 1;
}

static void tell_end(struct run *u)
{
    enum { LOOKS = 3 };
    struct store_compare compares[3];
    uint32_t count = guard(u, compares);
    if (!fault_mutant("schedule_accepted_twice"))
        compares[count++] =
            (struct store_compare){.key = u->status_key, .target = STORE_CREATE_REVISION};
    struct store_op *ops = arena_alloc_array(&u->arena, 2 + LOOKS, sizeof(*ops)), *look = ops + 2;
    const struct slice keys[LOOKS] = {u->assign_key, u->status_key, u->task_key};
    for (int i = 0; i < LOOKS; i++)
        look[i] = (struct store_op){.type = STORE_READ, .range = {.keys = store_key(keys[i])}};
    struct store_txn txn = {
        .compares = compares,
        .compare_count = count,
        .then = ops,
        .then_count = end_ops(u, ops),
        .otherwise = look,
        .otherwise_count = LOOKS,
    };
    struct store_txn_result got;
    if (write_surely(u, &txn, &got) == 0 && !got.succeeded)
        refused(u, &got);
}

/* ---- the whole of it ---- */

static void name_keys(struct run *u)
{
    const struct schedule_options *o = u->x->worker->options;
    struct slice name = work_name(u->x);
    u->assign_key = task_key(&u->arena, o->prefix, TASK_KEY_ASSIGN, o->node, name);
    u->status_key = task_key(&u->arena, o->prefix, TASK_KEY_STATUS, name, o->node);
    u->task_key = task_key(&u->arena, o->prefix, TASK_KEY_TASK, name, none);
    u->node_key = task_key(&u->arena, o->prefix, TASK_KEY_NODE, o->node, none);
}

static void leave(struct work *x, bool again)
{
    struct worker *w = x->worker;
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    struct slice name = {arena_strdup(&a, work_name(x)), x->name_size};
    if (map_get(&w->works, work_name(x)) == x)
        map_remove(&w->works, work_name(x));
    list_remove(&x->link);
    w->running_count--;
    mem_free(MEM_SCHEDULE, x);
    if (again)
        worker_look(w, name);
    worker_start(w);
    arena_done(&a);
}

void run_main(void *arg)
{
    struct work *x = arg;
    struct run *u = mem_alloc(MEM_SCHEDULE, sizeof(*u));
    u->x = x;
    u->arena = u->scratch = ARENA(MEM_SCHEDULE, 0);
    name_keys(u);
    bool claimed = claim(u);
    /* While a claim was in doubt its life may have ended, or the assignment may have been written
     * anew: that was told when this attempt stood in its way. */
    bool again = !claimed && (x->incarnation != x->worker->incarnation || u->tried != x->mod);
    if (claimed && !u->readable) {
        give_back(u);
    } else if (claimed) {
        if (execute(u) == 0)
            tell_end(u);
        exec_result_done(&u->ended);
    }
    arena_done(&u->arena);
    arena_done(&u->scratch);
    mem_free(MEM_SCHEDULE, u);
    leave(x, again);
}
