#include "base/fault.h"
#include "schedule/book.h"
#include "wire/task_json.h"
#include "wire/task_key.h"

/* The net below the book. The followers compare their copies with the store (store/follow.h); here
 * what is derived from those is compared with them: a job that rests has nothing to do, who is
 * queued has no room, and what stands in the store beside the tasks belongs to one. Each difference
 * is mended, counted and told. Nothing should ever be found but what somebody deleted by hand; the
 * simulated fleet fails where anything is.
 *
 * A job is found by being planned like any other, but marked: `audit` goes as soon as anything
 * happens to the job, so where it is still set and there is something to write, nothing would have
 * made us write it (hand.c). */

enum {
    AUDIT_EVERY_MS = 30 * 1000,
    AUDIT_JOBS_AT_ONCE = 1000, /* then the loop's other tasks have their turn */
    AUDIT_WRITE_MS = 5000,
};

static const struct slice none = {NULL, 0};

/* Nothing is being done about it, and nothing will be before something happens. */
static bool rests(const struct job *j)
{
    return !j->dirty && !j->busy && !j->again && !j->bad && !j->trim && j->known &&
           j->due > rt_now() && !task_state_final(j->state) && !queue_has(&j->wish);
}

static void audit_jobs(struct book *b)
{
    struct map_entry e;
    int seen = 0;
    /* Where the map grows meanwhile some may be seen twice or not at all: until the next time. */
    for (size_t at = 0; map_next(&b->jobs, &at, &e);) {
        struct job *j = e.value;
        if (rests(j)) {
            book_dirty(b, j);
            j->audit = true;
        }
        if (++seen % AUDIT_JOBS_AT_ONCE == 0 && rt_yield() < 0)
            return;
    }
}

static void audit_queue(struct book *b)
{
    size_t waiting = b->queue.count;
    book_dispatch(b);
    if (b->queue.count < waiting)
        book_mended(b, none, "tasks were queued, and there was room");
}

static void audit_loads(struct book *b)
{
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    struct map_entry e;
    for (size_t at = 0; map_next(&b->seats, &at, &e);)
        ((struct seat *)e.value)->counted = 0;
    for (size_t at = 0; map_next(&b->follows[BOOK_ASSIGNS].items, &at, &e);) {
        struct slice node, task;
        if (task_key_split(&a, b->options->prefix, TASK_KEY_ASSIGN, e.key, &node, &task) == 0)
            book_seat(b, node)->counted++;
        arena_reset(&a);
    }
    for (size_t at = 0; map_next(&b->seats, &at, &e);) {
        struct seat *s = e.value;
        if (s->counted == s->load)
            continue;
        s->load = s->counted;
        book_mended(b, seat_name(s), "a node had another load than it was thought to have");
        book_wake(b, s);
    }
    arena_done(&a);
}

/* ---- what belongs to no task ---- */

struct orphan {
    struct slice key, task;
    int64_t mod;
    int64_t task_mod; /* 0: it is not there */
};

/* Deletes it if that is so in the store, too. */
static void bury(struct book *b, struct arena *a, const struct orphan *o)
{
    struct store_compare compares[] = {
        election_guard(&b->election),
        {.key = o->key, .target = STORE_MOD_REVISION, .number = o->mod},
        {.key = task_key(a, b->options->prefix, TASK_KEY_TASK, o->task, none),
         .target = STORE_MOD_REVISION,
         .number = o->task_mod},
    };
    struct store_op op = {.type = STORE_DELETE, .keys = store_key(o->key)};
    struct store_txn txn = {
        .compares = compares,
        .compare_count = ARRAY_LEN(compares),
        .then = &op,
        .then_count = 1,
    };
    struct store_txn_result got = {.succeeded = false};
    int r = store_txn(b->options->store, &txn, a, &got, NULL, rt_now() + AUDIT_WRITE_MS * RT_MS);
    if (r == 0 && got.succeeded)
        book_mended(b, o->key, "it belonged to a task that is gone, or has ended");
}

/* Whether the task is there and may have something: what is given to a node, or its lock. */
static bool has_owner(struct book *b, struct arena *a, struct slice name, int64_t *ret_task_mod)
{
    const struct job *j = map_get(&b->jobs, name);
    const struct store_kv *kv = follow_get(
        &b->follows[BOOK_TASKS], task_key(a, b->options->prefix, TASK_KEY_TASK, name, none));
    *ret_task_mod = kv ? kv->mod_revision : 0;
    return kv && (!j || !j->known || j->mod != kv->mod_revision || !task_state_final(j->state));
}

static void find_orphans(struct book *b, int which, struct arena *a, struct orphan **ret,
                         uint32_t *ret_count)
{
    struct map_entry e;
    struct follow *f = &b->follows[which];
    *ret = arena_alloc_array(a, f->items.count + 1, sizeof(**ret));
    *ret_count = 0;
    for (size_t at = 0; map_next(&f->items, &at, &e);) {
        const struct store_kv *kv = follow_get(f, e.key);
        struct slice node, task = kv->value;
        struct orphan o = {.mod = kv->mod_revision};
        if (which == BOOK_ASSIGNS &&
            task_key_split(a, b->options->prefix, TASK_KEY_ASSIGN, e.key, &node, &task) < 0)
            continue;
        if (has_owner(b, a, task, &o.task_mod))
            continue;
        o.key = (struct slice){arena_strdup(a, e.key), e.key.size};
        o.task = (struct slice){arena_strdup(a, task), task.size};
        (*ret)[(*ret_count)++] = o;
    }
}

static void audit_orphans(struct book *b, int which)
{
    struct arena a = ARENA(MEM_SCHEDULE, 0), scratch = ARENA(MEM_SCHEDULE, 0);
    struct orphan *orphans;
    uint32_t count;
    find_orphans(b, which, &a, &orphans, &count);
    for (uint32_t i = 0; i < count && !rt_cancelled(); i++) {
        bury(b, &scratch, &orphans[i]);
        arena_reset(&scratch);
    }
    arena_done(&a);
    arena_done(&scratch);
}

void audit_main(void *arg)
{
    struct book *b = arg;
    rt_time every = b->options->relist ? b->options->relist : AUDIT_EVERY_MS * RT_MS;
    while (rt_sleep(rt_now() + every) == 0) {
        /* What is on its way to us is no difference. */
        if (!book_settled(b) || b->synced_count < BOOK_FOLLOWS)
            continue;
        audit_queue(b);
        audit_loads(b);
        audit_jobs(b);
        audit_orphans(b, BOOK_ASSIGNS);
        audit_orphans(b, BOOK_LOCKS);
    }
}
