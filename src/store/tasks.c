#include "store/tasks.h"

#include <assert.h>
#include <errno.h>

#include "base/fault.h"
#include "model/kind.h"
#include "model/selector.h"
#include "wire/task_json.h"
#include "wire/task_key.h"

enum { AGAIN_MS = 50 };

static const struct slice none = {NULL, 0};

static bool in_doubt(int r)
{
    return store_is_away(r) || r == -EIO;
}

static int ask_surely(const struct tasks_at *at, const struct store_txn *txn, struct arena *a,
                      struct store_txn_result *got, struct err *err, rt_time deadline)
{
    for (;;) {
        int r = store_txn(at->store, txn, a, got, err, deadline);
        if (!in_doubt(r) || rt_now() >= deadline)
            return r;
        if (rt_sleep(rt_now() + AGAIN_MS * RT_MS) < 0)
            return -ECANCELED;
    }
}

/* ---- wanting one ---- */

/* Named by when they came, tasks that are at work together lie together in the store: each of its
 * writes goes to pages that are warm, and those of many tasks to the same ones. */
struct slice tasks_name(struct arena *a)
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    enum { HEAD = 5, TIME = 9, RANDOM = 8, BITS = 5, BASE = 1 << BITS };
    char text[HEAD + TIME + RANDOM] = "task-";
    uint64_t ms = (uint64_t)(rt_wall_now() / RT_MS), r = rt_random();
    for (int i = TIME; i-- > 0; ms >>= BITS)
        text[HEAD + i] = digits[ms % BASE];
    for (int i = 0; i < RANDOM; i++, r >>= BITS)
        text[HEAD + TIME + i] = digits[r % BASE];
    return (struct slice){arena_strdup(a, (struct slice){text, sizeof(text)}), sizeof(text)};
}

static bool has_nul(struct slice s)
{
    return s.size && memchr(s.data, 0, s.size);
}

/* Its steps say for themselves how their programs are run. */
static const char *not_of_workflow(const struct task *t)
{
    return t->argc             ? "argv"
           : t->env_count        ? "env"
           : t->dir.size         ? "dir"
           : t->user.size        ? "user"
           : t->timeout_ms       ? "timeout_ms"
           : t->retries          ? "retries"
           : t->backoff_ms       ? "backoff_ms"
           : t->output_bytes_max ? "output_bytes_max"
                                 : NULL;
}

static int not_so(const char **at, const char *field, struct err *err, const char *why)
{
    *at = field;
    return err_set(err, -EINVAL, "%s: %s", field, why);
}

/* No node, and no namespace, could ever be called that. */
static int check_name(const char *what, struct slice name, struct err *err)
{
    if (name.size == 0 || kind_name_ok(name))
        return 0;
    return err_set(err, -EINVAL, "%s: '%.*s' is no name", what,
                   (int)(name.size < 80 ? name.size : 80), name.data);
}

static int check_what(const struct task *t, const char **at, struct err *err)
{
    if (t->kind == ACTION_RUN && (t->argc == 0 || t->argv[0].size == 0))
        return not_so(at, "argv", err, "there is no program to run");
    if (t->kind != ACTION_WORKFLOW)
        return 0;
    *at = t->step_count ? not_of_workflow(t) : "do";
    if (t->step_count == 0)
        return err_set(err, -EINVAL, "a workflow has steps");
    return !*at ? 0
                : err_set(err, -EINVAL,
                          "of a workflow, argv, env, dir, user, timeout, retries, backoff and the "
                          "limit of output are its steps' to say");
}

static int check_where(const struct task *t, const char **at, struct err *err)
{
    struct selector s;
    if (t->node.size && t->selector.size)
        return not_so(at, "selector", err,
                      "node is there, too: it runs on that node, or on those with these labels: "
                      "leave one of the two out");
    *at = "node";
    if (check_name(*at, t->node, err) < 0)
        return -EINVAL;
    *at = "namespace";
    if (check_name(*at, t->namespace_, err) < 0)
        return -EINVAL;
    *at = "selector";
    return t->selector.size ? selector_parse(t->selector, &s, err) : 0;
}

static int check_numbers(const struct task *t, const char **at, struct err *err)
{
    enum { RETRIES_MAX = 1000 };
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {{"timeout_ms", t->timeout_ms},
                   {"backoff_ms", t->backoff_ms},
                   {"deadline_ms", t->deadline_ms},
                   {"output_bytes_max", t->output_bytes_max},
                   {"rate_per_hour", t->rate_per_hour}};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        if (numbers[i].value < 0)
            return not_so(at, numbers[i].name, err, "it is less than zero");
    if (t->rate_per_hour && t->action.size == 0)
        return not_so(at, "rate_per_hour", err, "of which action? Name one");
    *at = "retries";
    return t->retries > RETRIES_MAX ? err_set(err, -EINVAL, "retries: up to %d", RETRIES_MAX) : 0;
}

static int check_texts(const struct task *t, const char **at, struct err *err)
{
    const struct {
        const char *name;
        struct slice value;
    } keys[] = {
        {"dedup_key", t->dedup_key}, {"concurrency", t->concurrency}, {"action", t->action}};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        *at = keys[i].name;
        if (keys[i].value.size > TASK_KEY_BYTES_MAX)
            return err_set(err, -EINVAL, "%s: it has up to %d bytes", *at, TASK_KEY_BYTES_MAX);
    }
    if (has_nul(t->dir))
        return not_so(at, "dir", err, "there is a NUL in it");
    return has_nul(t->user) ? not_so(at, "user", err, "there is a NUL in it") : 0;
}

int tasks_check(const struct task *t, const char **ret_field, struct err *err)
{
    const char *at = NULL;
    int r = check_what(t, &at, err);
    if (r == 0)
        r = check_where(t, &at, err);
    if (r == 0)
        r = check_texts(t, &at, err);
    if (r == 0)
        r = check_numbers(t, &at, err);
    if (r < 0 && ret_field)
        *ret_field = at;
    return r;
}

/* A long wait would wrap where it becomes nanoseconds. */
static void bound_times(struct task *t)
{
    static const int64_t century = INT64_C(100) * 366 * 86400 * 1000;
    int64_t *const times[] = {&t->timeout_ms, &t->backoff_ms, &t->deadline_ms};
    for (size_t i = 0; i < ARRAY_LEN(times); i++)
        if (*times[i] > century)
            *times[i] = century;
}

/* The answer of the transaction: whose the key is. */
static int take_answer(const struct task *t, const struct store_txn_result *got,
                       struct arena *arena, struct slice value, struct slice *ret_name,
                       bool *ret_new, struct err *err)
{
    const struct store_range_result *dedup = &got->ops[0].range, *task = &got->ops[1].range;
    bool dup = t->dedup_key.size && dedup->count;
    struct slice name = dup ? dedup->kvs[0].value : t->name;
    /* In doubt, asked again: what we wrote ourselves is no other task. */
    bool ours = slice_eq(name, t->name);
    if (!dup && !task->count)
        return err_set(err, -ESTALE, "what the task was to be guarded by has changed");
    if (ours && task->count && !dup && !slice_eq(task->kvs[0].value, value))
        return err_set(err, -EEXIST, "there is a task '%.*s' already", SLICE_ARG(t->name));
    *ret_name = (struct slice){arena_strdup(arena, name), name.size};
    if (ret_new)
        *ret_new = ours;
    return 0;
}

static int write_task(const struct tasks_at *at, struct task *t, struct slice value,
                      struct arena *arena, struct slice *ret_name, bool *ret_new, struct err *err,
                      rt_time deadline)
{
    struct arena a = ARENA(MEM_STORE, 0);
    bool dedup = t->dedup_key.size;
    struct slice task = task_key(&a, at->prefix, TASK_KEY_TASK, t->name, none);
    struct slice key = dedup ? task_key(&a, at->prefix, TASK_KEY_DEDUP, t->dedup_key, none) : task;
    struct store_compare compares[2 + TASKS_GUARDS_MAX] = {
        {.key = task, .target = STORE_CREATE_REVISION},
        {.key = key, .target = STORE_CREATE_REVISION},
    };
    struct store_op *reads = arena_alloc_array(&a, 4 + TASKS_GUARDS_MAX, sizeof(*reads));
    struct store_op *ops = reads + 2;
    reads[0] = (struct store_op){.type = STORE_READ, .range = {.keys = store_key(key)}};
    reads[1] = (struct store_op){.type = STORE_READ, .range = {.keys = store_key(task)}};
    ops[0] = (struct store_op){.type = STORE_PUT, .key = task, .value = value};
    ops[1] = (struct store_op){.type = STORE_PUT, .key = key, .value = t->name};
    struct store_txn txn = {
        .compares = compares,
        .compare_count = fault_mutant("schedule_dedup_unlooked") ? 1 : 2,
        .then = ops,
        .then_count = dedup ? 2 : 1,
        .otherwise = reads,
        .otherwise_count = 2,
    };
    for (uint32_t i = 0; i < at->guard_count; i++)
        compares[txn.compare_count++] = at->guards[i];
    for (uint32_t i = 0; i < at->with_count; i++)
        ops[txn.then_count++] = at->with[i];
    struct store_txn_result got;
    int r = ask_surely(at, &txn, &a, &got, err, deadline);
    if (r == 0 && got.succeeded) {
        *ret_name = (struct slice){arena_strdup(arena, t->name), t->name.size};
        if (ret_new)
            *ret_new = true;
    } else if (r == 0) {
        r = take_answer(t, &got, arena, value, ret_name, ret_new, err);
    }
    arena_done(&a);
    return r;
}

int tasks_submit(const struct tasks_at *at, struct task *t, struct arena *arena,
                 struct slice *ret_name, bool *ret_new, struct err *err, rt_time deadline)
{
    struct buf json = BUF(MEM_STORE, TASK_JSON_BYTES_MAX);
    int r = tasks_check(t, NULL, err);
    assert(at->guard_count <= TASKS_GUARDS_MAX && at->with_count <= TASKS_GUARDS_MAX);
    if (r < 0)
        return r;
    if (t->name.size == 0)
        t->name = tasks_name(arena);
    bound_times(t);
    t->created_ms = rt_wall_now() / RT_MS;
    t->exit = -1;
    t->pinned = t->node.size > 0;
    t->round = t->step_count ? 1 : 0;
    r = task_write(t, &json);
    size_t room = (size_t)t->step_count * TASK_STEP_JSON_BYTES; /* for what becomes of it */
    if (r == 0 && (json.size + room > TASK_JSON_BYTES_MAX ||
                   (room && json.size > TASK_WORKFLOW_BYTES_MAX)))
        r = -EMSGSIZE;
    if (r < 0)
        err_set(err, r, "the task is larger than %d bytes",
                room ? TASK_WORKFLOW_BYTES_MAX : TASK_JSON_BYTES_MAX);
    else
        r = write_task(at, t, buf_slice(&json), arena, ret_name, ret_new, err, deadline);
    buf_done(&json);
    return r;
}

/* ---- what may be done to one ---- */

static int not_in(const struct task *t, struct err *err, const char *what)
{
    return err_set(err, -EALREADY, "task '%.*s' is %s: %s", SLICE_ARG(t->name),
                   task_state_name(t->state), what);
}

/* A retry begins anew what did not succeed; what was accepted of it is forgotten, since a person
 * says so. */
static void begin_anew(struct task *t)
{
    for (uint32_t i = 0; i < t->target_count; i++) {
        struct task_target *x = &t->targets[i];
        if (x->state == TASK_SUCCEEDED)
            continue;
        /* A target of a node by name, or of a selector, stays that node's. */
        bool pinned = t->pinned || t->selector.size;
        *x = (struct task_target){
            .node = pinned ? x->node : none, .state = TASK_PENDING, .token = x->token, .exit = -1};
    }
    for (uint32_t i = 0; i < t->step_count; i++) {
        struct task_step *s = &t->steps[i];
        *s = (struct task_step){
            .name = s->name,
            .condition = s->condition,
            .does = s->does,
            .rollback = s->rollback,
            .needs = s->needs,
            .need_count = s->need_count,
            .state = TASK_PENDING,
            .undo_state = TASK_PENDING,
            .exit = -1,
        };
    }
    t->round += t->step_count > 0;
    t->output_count = 0;
    t->state = t->approve ? TASK_AWAITING_APPROVAL : TASK_PENDING;
    t->cancel = false;
    t->status = 0;
    t->finished_ms = 0;
    t->retried_ms = rt_wall_now() / RT_MS;
    t->exit = -1;
}

/* Returns 1: the task is to be written; 0: it is so already; or why not. */
static int change(struct task *t, enum tasks_verb verb, struct slice by, struct err *err)
{
    bool waits = t->state == TASK_AWAITING_APPROVAL;
    t->decided_by = by;
    t->approve = t->approve || waits;
    switch (verb) {
    case TASKS_CANCEL:
        if (task_state_final(t->state))
            return t->state == TASK_CANCELED ? 0 : not_in(t, err, "it has ended");
        if (t->cancel)
            return 0;
        t->cancel = true;
        return 1;
    case TASKS_APPROVE:
        if (!waits)
            return not_in(t, err, "it does not wait for an approval");
        t->state = TASK_PENDING;
        t->approve = false;
        return 1;
    case TASKS_REJECT:
        if (!waits)
            return t->state == TASK_CANCELED ? 0
                                             : not_in(t, err, "it does not wait for an approval");
        t->state = TASK_CANCELED;
        t->finished_ms = rt_wall_now() / RT_MS;
        return 1;
    case TASKS_RETRY:
        if (!task_state_final(t->state))
            return not_in(t, err, "it has not ended");
        if (t->state == TASK_SUCCEEDED)
            return not_in(t, err, "it succeeded, and is not run again");
        if (t->workflow.size)
            return not_in(t, err, "it is a step: its workflow is what can be tried again");
        if (t->round >= TASK_ROUNDS_MAX)
            return not_in(t, err, "it was begun anew too often");
        return 1;
    }
    return -EINVAL;
}

static int write_change(const struct tasks_at *at, enum tasks_verb verb, struct task *t,
                        const struct store_kv *kv, struct arena *a, struct err *err,
                        rt_time deadline)
{
    struct store_op *ops = arena_alloc_array(a, 2, sizeof(*ops));
    uint32_t count = 0;
    if (verb == TASKS_RETRY) {
        /* The completions go: what had succeeded says so in the task itself. */
        ops[count++] = (struct store_op){
            .type = STORE_DELETE,
            .keys = store_prefix(task_key_prefix(a, at->prefix, TASK_KEY_STATUS, t->name)),
        };
        begin_anew(t);
    }
    struct buf json = BUF(MEM_STORE, TASK_JSON_BYTES_MAX);
    int r = task_write(t, &json);
    struct store_compare same = {
        .key = kv->key, .target = STORE_MOD_REVISION, .number = kv->mod_revision};
    ops[count++] = (struct store_op){.type = STORE_PUT, .key = kv->key, .value = buf_slice(&json)};
    struct store_txn txn = {
        .compares = &same, .compare_count = 1, .then = ops, .then_count = count};
    struct store_txn_result got = {.succeeded = false};
    if (r == 0)
        r = store_txn(at->store, &txn, a, &got, err, deadline);
    buf_done(&json);
    return r < 0 ? r : got.succeeded ? 0 : -EAGAIN;
}

int tasks_do(const struct tasks_at *at, enum tasks_verb verb, struct slice name, struct slice by,
             struct err *err, rt_time deadline)
{
    struct arena a = ARENA(MEM_STORE, 0);
    int r;
    bool doubt = false;
    for (;;) {
        struct store_kv kv;
        struct task t;
        arena_reset(&a);
        struct slice key = task_key(&a, at->prefix, TASK_KEY_TASK, name, none);
        r = store_get(at->store, key, &a, &kv, err, deadline);
        if (r == 0 && kv.version == 0)
            r = err_set(err, -ENOENT, "there is no task '%.*s'", SLICE_ARG(name));
        if (r == 0)
            r = task_read(kv.value, &a, &t, err);
        if (r == 0)
            r = change(&t, verb, by, err);
        if (r == -EALREADY && doubt)
            r = 0; /* it was we who did it, and more has happened since */
        if (r == 1)
            r = write_change(at, verb, &t, &kv, &a, err, deadline);
        doubt = doubt || in_doubt(r);
        if ((r == -EAGAIN || in_doubt(r)) && rt_now() < deadline) {
            if (rt_sleep(rt_now() + AGAIN_MS * RT_MS) == 0)
                continue;
            r = -ECANCELED;
        }
        break;
    }
    arena_done(&a);
    return r;
}

/* ---- forgetting one ---- */

/* What begins with "<task>:": its steps, and what undid them or itself. */
static struct store_keys below(const struct tasks_at *at, enum task_key key, struct slice name,
                               struct arena *a)
{
    struct slice steps = slice_from(arena_printf(a, "%.*s:", SLICE_ARG(name)));
    struct slice all = key == TASK_KEY_TASK ? task_key(a, at->prefix, key, steps, none)
                                            : task_key_prefix(a, at->prefix, key, steps);
    return store_prefix(slice_sub(all, 0, all.size - (key != TASK_KEY_TASK)));
}

static int steps_ended(const struct tasks_at *at, struct slice name, struct arena *a,
                       struct err *err, rt_time deadline)
{
    struct store_range q = {.keys = below(at, TASK_KEY_TASK, name, a)};
    struct store_range_result got = {0};
    int r = store_range(at->store, &q, a, &got, err, deadline);
    for (uint32_t i = 0; i < got.count && r == 0; i++) {
        struct task t;
        r = task_read(got.kvs[i].value, a, &t, err);
        if (r == 0 && !task_state_final(t.state))
            r = not_in(&t, err, "it has not ended");
    }
    return r;
}

/* Returns 0 or what cannot be; -EAGAIN: it was changed meanwhile. */
static int forget(const struct tasks_at *at, const struct task *t, const struct store_kv *kv,
                  struct arena *a, int64_t *ret_revision, struct err *err, rt_time deadline)
{
    static const enum task_key theirs[] = {TASK_KEY_STATUS, TASK_KEY_OUTPUT};
    struct store_op *ops = arena_alloc_array(a, 7, sizeof(*ops));
    uint32_t n = 0;
    if (!task_state_final(t->state))
        return not_in(t, err, "it has not ended: cancel it first");
    if (t->workflow.size)
        return not_in(t, err, "it is a step: its workflow is what can be deleted");
    int r = steps_ended(at, t->name, a, err, deadline);
    if (r < 0)
        return r;
    ops[n++] = (struct store_op){.type = STORE_DELETE, .keys = store_key(kv->key)};
    ops[n++] =
        (struct store_op){.type = STORE_DELETE, .keys = below(at, TASK_KEY_TASK, t->name, a)};
    for (size_t i = 0; i < ARRAY_LEN(theirs); i++) {
        struct slice own = task_key_prefix(a, at->prefix, theirs[i], t->name);
        ops[n++] = (struct store_op){.type = STORE_DELETE, .keys = store_prefix(own)};
        ops[n++] =
            (struct store_op){.type = STORE_DELETE, .keys = below(at, theirs[i], t->name, a)};
    }
    if (t->dedup_key.size) {
        struct slice key = task_key(a, at->prefix, TASK_KEY_DEDUP, t->dedup_key, none);
        ops[n++] = (struct store_op){.type = STORE_DELETE, .keys = store_key(key)};
    }
    struct store_compare same = {
        .key = kv->key, .target = STORE_MOD_REVISION, .number = kv->mod_revision};
    struct store_txn txn = {.compares = &same, .compare_count = 1, .then = ops, .then_count = n};
    struct store_txn_result got = {.succeeded = false};
    r = store_txn(at->store, &txn, a, &got, err, deadline);
    if (r == 0 && got.succeeded && ret_revision)
        *ret_revision = got.revision;
    return r < 0 ? r : got.succeeded ? 0 : -EAGAIN;
}

int tasks_forget(const struct tasks_at *at, struct slice name, int64_t *ret_revision,
                 struct err *err, rt_time deadline)
{
    struct arena a = ARENA(MEM_STORE, 0);
    bool doubt = false;
    int r;
    for (;;) {
        struct store_kv kv;
        struct task t;
        arena_reset(&a);
        struct slice key = task_key(&a, at->prefix, TASK_KEY_TASK, name, none);
        r = store_get(at->store, key, &a, &kv, err, deadline);
        if (r == 0 && kv.version == 0) {
            r = doubt ? 0 : err_set(err, -ENOENT, "there is no task '%.*s'", SLICE_ARG(name));
            break;
        }
        if (r == 0)
            r = task_read(kv.value, &a, &t, err);
        if (r == 0)
            r = forget(at, &t, &kv, &a, ret_revision, err, deadline);
        doubt = doubt || in_doubt(r);
        if ((r != -EAGAIN && !in_doubt(r)) || rt_now() >= deadline)
            break;
        if (rt_sleep(rt_now() + AGAIN_MS * RT_MS) < 0) {
            r = -ECANCELED;
            break;
        }
    }
    arena_done(&a);
    return r;
}

/* ---- nodes ---- */

/* Compared with what was read, and never deleted: what was in doubt, and comes late, must not undo
 * what was said since. */
static int write_node(const struct tasks_at *at, struct slice key, struct slice value,
                      struct arena *a, struct err *err, rt_time deadline)
{
    struct store_kv kv;
    int r = store_get(at->store, key, a, &kv, err, deadline);
    if (r < 0)
        return r; /* and where it says so already, it is said again: for its revision */
    struct store_compare same = {
        .key = key, .target = STORE_MOD_REVISION, .number = kv.mod_revision};
    struct store_op op = {.type = STORE_PUT, .key = key, .value = value};
    struct store_txn txn = {.compares = &same,
                            .compare_count = !fault_mutant("schedule_node_spec_uncompared"),
                            .then = &op,
                            .then_count = 1};
    struct store_txn_result got = {.succeeded = false};
    r = store_txn(at->store, &txn, a, &got, err, deadline);
    return r < 0 ? r : got.succeeded ? 0 : -EAGAIN;
}

int tasks_node(const struct tasks_at *at, struct slice node, enum node_state state, struct err *err,
               rt_time deadline)
{
    struct arena a = ARENA(MEM_STORE, 0);
    struct buf json = BUF(MEM_STORE, 0);
    struct json_writer w;
    json_begin(&w, &json, 0);
    json_object_open(&w);
    json_key(&w, "name");
    json_string(&w, node);
    json_key(&w, "state");
    json_cstr(&w, node_state_name(state));
    json_object_close(&w);
    json_end(&w);
    struct slice key = task_key(&a, at->prefix, TASK_KEY_NODE_SPEC, node, none);
    int r;
    do
        r = write_node(at, key, buf_slice(&json), &a, err, deadline);
    while ((r == -EAGAIN || in_doubt(r)) && rt_now() < deadline &&
           rt_sleep(rt_now() + AGAIN_MS * RT_MS) == 0);
    buf_done(&json);
    arena_done(&a);
    return r;
}

int tasks_node_forget(const struct tasks_at *at, struct slice node, int64_t *ret_revision,
                      struct err *err, rt_time deadline)
{
    struct arena a = ARENA(MEM_STORE, 0);
    struct slice keys[] = {task_key(&a, at->prefix, TASK_KEY_NODE_KNOWN, node, none),
                           task_key(&a, at->prefix, TASK_KEY_NODE_SPEC, node, none)};
    struct store_op ops[] = {{.type = STORE_DELETE, .keys = store_key(keys[0])},
                             {.type = STORE_DELETE, .keys = store_key(keys[1])}};
    struct store_compare dead = {.key = task_key(&a, at->prefix, TASK_KEY_NODE, node, none),
                                 .target = STORE_VERSION};
    struct store_txn txn = {.compares = &dead,
                            .compare_count = fault_mutant("tasks_forgets_the_living") ? 0 : 1,
                            .then = ops,
                            .then_count = ARRAY_LEN(ops)};
    struct store_txn_result got;
    int r = store_txn(at->store, &txn, &a, &got, err, deadline);
    if (r == 0 && !got.succeeded)
        r = err_set(err, -EBUSY, "node '%.*s' is up: it goes when firebreak is stopped there",
                    SLICE_ARG(node));
    else if (r == 0 && got.ops[0].deleted + got.ops[1].deleted == 0)
        r = err_set(err, -ENOENT, "there is no node '%.*s'", SLICE_ARG(node));
    else if (r == 0 && ret_revision)
        *ret_revision = got.revision;
    arena_done(&a);
    return r;
}
