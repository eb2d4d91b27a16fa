#include "schedule/book.h"

#include <assert.h>

#include "base/fault.h"
#include "schedule/rate.h"
#include "wire/task_json.h"
#include "wire/task_key.h"

static bool timer_before(const struct heap_link *a, const struct heap_link *b)
{
    return CONTAINER_OF(a, struct job, timer)->due < CONTAINER_OF(b, struct job, timer)->due;
}

static const enum task_key keys[BOOK_FOLLOWS] = {
    [BOOK_TASKS] = TASK_KEY_TASK,        [BOOK_ASSIGNS] = TASK_KEY_ASSIGN,
    [BOOK_STATUSES] = TASK_KEY_STATUS,   [BOOK_NODES] = TASK_KEY_NODE,
    [BOOK_KNOWN] = TASK_KEY_NODE_KNOWN,  [BOOK_SPECS] = TASK_KEY_NODE_SPEC,
    [BOOK_LOCKS] = TASK_KEY_CONCURRENCY,
};

void book_init(struct book *b, struct schedule_options *o, struct rt_group *term)
{
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    struct map_seed seed = {rt_random(), rt_random()};
    b->options = o;
    b->term = term;
    for (int i = 0; i < BOOK_FOLLOWS; i++)
        follow_init(&b->follows[i], o->store,
                    task_key_prefix(&a, o->prefix, keys[i], (struct slice){NULL, 0}), o->relist);
    arena_done(&a);
    b->jobs = b->seats = b->rates = MAP(MEM_SCHEDULE, 0, seed);
    o->stats->rates = &b->rates;
    list_init(&b->dirty);
    list_init(&b->unmatched);
    list_init(&b->locked_out);
    list_init(&b->reserves);
    list_init(&b->ended);
    b->timers.before = timer_before;
    queue_init(&b->queue);
}

void book_done(struct book *b)
{
    struct map_entry e;
    for (int i = 0; i < BOOK_FOLLOWS; i++)
        follow_done(&b->follows[i]);
    queue_done(&b->queue);
    heap_done(&b->timers);
    for (size_t at = 0; map_next(&b->jobs, &at, &e);) {
        book_unwait(NULL, book_take_waits(e.value));
        mem_free(MEM_SCHEDULE, e.value);
    }
    while (!list_empty(&b->reserves))
        mem_free(MEM_SCHEDULE, list_entry(list_pop_front(&b->reserves), struct reserve, link));
    for (size_t at = 0; map_next(&b->seats, &at, &e);) {
        arena_done(&((struct seat *)e.value)->arena);
        mem_free(MEM_SCHEDULE, e.value);
    }
    for (size_t at = 0; map_next(&b->rates, &at, &e);)
        mem_free(MEM_SCHEDULE, e.value);
    map_done(&b->jobs);
    map_done(&b->seats);
    map_done(&b->rates);
    if (b->options->stats->rates == &b->rates)
        b->options->stats->rates = NULL;
}

bool schedule_rate(const struct schedule_stats *s, struct slice action, struct schedule_rate *ret)
{
    const struct rate *r = s->rates ? map_get(s->rates, action) : NULL;
    if (r)
        *ret = (struct schedule_rate){rate_begun(r, rt_now()), r->next};
    return r;
}

void book_note(struct book *b, enum schedule_note note, struct slice what, const char *text)
{
    if (b->options->note)
        b->options->note(b->options->ctx, note, what, text);
}

struct job *book_job(struct book *b, struct slice name)
{
    struct job *j = map_get(&b->jobs, name);
    if (j)
        return j;
    j = mem_alloc(MEM_SCHEDULE, sizeof(*j) + name.size);
    j->name_size = name.size;
    memcpy(j->name, name.data, name.size);
    j->due = j->deadline_at = RT_NEVER;
    j->came_at = rt_now();
    map_put(&b->jobs, job_name(j), j, NULL);
    return j;
}

struct seat *book_seat(struct book *b, struct slice name)
{
    struct seat *s = map_get(&b->seats, name);
    if (s)
        return s;
    s = mem_alloc(MEM_SCHEDULE, sizeof(*s) + name.size);
    s->name_size = name.size;
    memcpy(s->name, name.data, name.size);
    s->arena = ARENA(MEM_SCHEDULE, 0);
    list_init(&s->waiting);
    map_put(&b->seats, seat_name(s), s, NULL);
    return s;
}

void book_dirty(struct book *b, struct job *j)
{
    j->audit = j->calm = false; /* there is a reason */
    if (j->dirty)
        return;
    j->dirty = true;
    list_push_back(&b->dirty, &j->link);
    rt_event_set(&b->work);
}

void book_timer(struct book *b, struct job *j, rt_time due)
{
    struct heap_link *first = heap_first(&b->timers);
    bool sooner = due < j->due; /* also of the first itself: it is waited for as it was */
    heap_remove(&b->timers, &j->timer);
    j->due = due;
    if (due != RT_NEVER)
        heap_push(&b->timers, &j->timer);
    if (heap_first(&b->timers) != first || (sooner && first == &j->timer))
        rt_event_set(&b->tick);
}

bool book_is_calm(struct book *b, struct job *j)
{
    rt_time at = j->seen_at + PLAN_RUNNING_MS * RT_MS;
    if (at > j->deadline_at)
        at = j->deadline_at;
    if (!j->given || j->mod != j->given || at <= rt_now() || queue_has(&j->wish) || j->waits)
        return false;
    book_state(b, j, TASK_ASSIGNED);
    if (!fault_mutant("schedule_calm_for_good"))
        book_timer(b, j, at);
    j->again = true;
    return true;
}

void book_calm(struct book *b, struct job *j)
{
    j->audit = false;
    if (j->dirty || (!j->busy && book_is_calm(b, j)))
        return;
    book_dirty(b, j);
    j->calm = true;
}

void book_wait(struct job *j, struct list *where, struct seat *seat)
{
    struct wait *w = mem_alloc(MEM_SCHEDULE, sizeof(*w));
    if (fault_mutant("schedule_last_wait_counts"))
        book_unwait(NULL, book_take_waits(j));
    w->job = j;
    w->seat = seat;
    w->next = j->waits;
    j->waits = w;
    list_push_back(where, &w->link);
}

struct wait *book_take_waits(struct job *j)
{
    struct wait *was = j->waits;
    for (struct wait *w = was; w; w = w->next)
        list_remove(&w->link);
    j->waits = NULL;
    return was;
}

static void wake_first(struct book *b, struct list *waiting)
{
    book_dirty(b, list_entry(list_pop_front(waiting), struct wait, link)->job);
}

static void wake_all(struct book *b, struct list *waiting)
{
    while (!list_empty(waiting))
        wake_first(b, waiting);
}

void book_wake(struct book *b, struct seat *s)
{
    for (uint32_t room = seat_room(s, true); room > 0 && !list_empty(&s->waiting); room--)
        wake_first(b, &s->waiting);
}

void book_unwait(struct book *b, struct wait *was)
{
    while (was) {
        struct wait *next = was->next;
        if (was->seat && b && !fault_mutant("schedule_wake_not_passed_on"))
            book_wake(b, was->seat);
        mem_free(MEM_SCHEDULE, was);
        was = next;
    }
}

void book_unreserve(struct book *b, struct seat *s)
{
    s->reserved--;
    book_wake(b, s);
}

void book_reserve_until(struct book *b, struct seat *s, int64_t revision)
{
    if (revision <= b->told) {
        book_unreserve(b, s);
        return;
    }
    struct reserve *r = mem_alloc(MEM_SCHEDULE, sizeof(*r));
    r->seat = s;
    r->revision = revision;
    list_push_back(&b->reserves, &r->link);
}

/* By its revision, not by what is told of it: where a watch jumps, what was given and has ended
 * meanwhile is never told. */
static void told_until(struct book *b, int64_t revision)
{
    b->told = revision;
    list_each_safe (it, &b->reserves) {
        struct reserve *r = list_entry(it, struct reserve, link);
        if (r->revision > revision)
            continue;
        list_remove(it);
        book_unreserve(b, r->seat);
        mem_free(MEM_SCHEDULE, r);
    }
}

void book_state(struct book *b, struct job *j, enum task_state state)
{
    struct schedule_stats *stats = b->options->stats;
    if (j->known)
        stats->tasks[j->state]--;
    if (j->known && task_state_final(state) && !task_state_final(j->state))
        stats->ended_total[state]++;
    stats->tasks[state]++;
    j->known = true;
    j->state = state;
    bool listed = j->end.next && !list_empty(&j->end);
    if (task_state_final(state) && !listed && !j->trim) {
        list_push_back(&b->ended, &j->end);
        b->ended_count++;
    } else if (!task_state_final(state) && listed) {
        list_remove(&j->end);
        b->ended_count--;
    }
    if (task_state_final(state))
        orders_told(b->orders, job_name(j), slice_from(task_state_name(state)));
}

void book_forget(struct book *b, struct job *j)
{
    orders_told(b->orders, job_name(j), SLICE("Lost")); /* it went before it was seen to end */
    queue_remove(&b->queue, &j->wish);
    heap_remove(&b->timers, &j->timer);
    book_unwait(b, book_take_waits(j));
    if (j->dirty)
        list_remove(&j->link);
    if (j->end.next && !list_empty(&j->end)) {
        list_remove(&j->end);
        b->ended_count--;
    }
    if (j->known)
        b->options->stats->tasks[j->state]--;
    b->granted -= j->granted;
    map_remove(&b->jobs, job_name(j));
    mem_free(MEM_SCHEDULE, j);
}

/* ---- room ---- */

uint32_t seat_room(const struct seat *s, bool pinned)
{
    /* Nobody else can run what is pinned, so it may wait there; what anybody can run goes to
     * whoever is first to be free, and so waits here. */
    uint32_t max = pinned ? SCHEDULE_QUEUE_TASKS_MAX : 2 * s->node.capacity;
    if (max > SCHEDULE_QUEUE_TASKS_MAX)
        max = SCHEDULE_QUEUE_TASKS_MAX;
    /* As people said; what the node says of itself only repeats that, and later. */
    bool ready = s->wanted == NODE_READY || fault_mutant("schedule_cordon_ignored");
    if (s->incarnation == 0 || !ready)
        return 0;
    uint32_t used = s->load + s->reserved;
    return used < max ? max - used : 0;
}

static bool any_room(const struct book *b)
{
    struct map_entry e;
    uint64_t room = 0;
    for (size_t at = 0; map_next(&b->seats, &at, &e);)
        room += seat_room(e.value, false);
    return room > b->granted;
}

bool book_has_room(const struct book *b)
{
    return b->queue.count == 0 && b->granted < SCHEDULE_HANDS && any_room(b);
}

void book_dispatch(struct book *b)
{
    while (b->queue.count && b->granted < SCHEDULE_HANDS && any_room(b)) {
        struct queue_item *item = queue_pop(&b->queue);
        struct job *j = CONTAINER_OF(item, struct job, wish);
        j->granted = true;
        b->granted++;
        book_dirty(b, j);
    }
}

/* ---- what the followers tell ---- */

static void told_task(struct book *b, struct slice name, const struct follow_change *c)
{
    if (c->type == FOLLOW_GONE) {
        struct job *j = map_get(&b->jobs, name);
        if (!j)
            return;
        j->mod = 0;
        book_dirty(b, j); /* a hand may be at it: it forgets the job */
        return;
    }
    struct job *j = book_job(b, name);
    j->mod = c->kv.mod_revision;
    j->seen_at = rt_now();
    j->seen_wall_ms = rt_wall_now() / RT_MS;
    j->bad = false;
    j->conflicts = 0;
    book_calm(b, j);
}

static void told_assign(struct book *b, struct slice node, struct slice name,
                        const struct follow_change *c)
{
    enum { CLAIMED = 2 }; /* the key's version, where nothing else happened to it */
    struct seat *s = book_seat(b, node);
    if (c->type == FOLLOW_GONE) {
        assert(s->load > 0);
        s->load--;
        book_wake(b, s);
    } else if (!c->old) {
        s->load++;
    }
    struct job *j = map_get(&b->jobs, name);
    if (j && c->type == FOLLOW_SET && c->kv.version <= CLAIMED)
        book_calm(b, j);
    else if (j)
        book_dirty(b, j);
}

/* Every job that has something at the node looks again. */
static void wake_given(struct book *b, struct slice node)
{
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    struct slice prefix = b->options->prefix;
    struct slice below = task_key_prefix(&a, prefix, TASK_KEY_ASSIGN, node);
    struct map_entry e;
    for (size_t at = 0; map_next(&b->follows[BOOK_ASSIGNS].items, &at, &e);) {
        struct slice of, name;
        if (!slice_starts_with(e.key, below) ||
            task_key_split(&a, prefix, TASK_KEY_ASSIGN, e.key, &of, &name) < 0)
            continue;
        struct job *j = map_get(&b->jobs, name);
        if (j)
            book_dirty(b, j);
    }
    arena_done(&a);
}

static void told_node(struct book *b, struct slice name, const struct follow_change *c)
{
    struct seat *s = book_seat(b, name);
    struct err err = {0};
    int64_t before = s->incarnation;
    arena_reset(&s->arena);
    s->node = (struct node){.state = NODE_READY};
    s->incarnation = 0;
    if (c->type == FOLLOW_SET) {
        struct slice value = {arena_strdup(&s->arena, c->kv.value), c->kv.value.size};
        if (node_read(value, &s->arena, &s->node, &err) < 0) {
            b->options->stats->bad_values_total++;
            book_note(b, SCHEDULE_NOTE_BAD_VALUE, c->kv.key, err.text);
        } else {
            s->incarnation = c->kv.create_revision;
            s->lease = c->kv.lease;
        }
    }
    rt_event_set(&b->seated);
    if (before != s->incarnation) {
        s->tried = 0;
        rt_event_set(&b->lost);
        wake_given(b, name);
    }
    if (!fault_mutant("schedule_node_wakes_nobody"))
        book_wake(b, s);
    wake_all(b, &b->unmatched);
}

static void told_known(struct book *b, struct slice name, const struct follow_change *c)
{
    struct seat *s = book_seat(b, name);
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    struct node n = {.state = NODE_READY};
    struct err err = {0};
    s->known = s->lost_ms = 0;
    if (c->type == FOLLOW_SET && node_read(c->kv.value, &a, &n, &err) < 0) {
        b->options->stats->bad_values_total++;
        book_note(b, SCHEDULE_NOTE_BAD_VALUE, c->kv.key, err.text);
    } else if (c->type == FOLLOW_SET) {
        s->known = c->kv.mod_revision;
        s->lost_ms = n.state == NODE_LOST ? n.since_ms : 0;
    }
    arena_done(&a);
    rt_event_set(&b->lost);
}

static void told_spec(struct book *b, struct slice name, const struct follow_change *c)
{
    struct seat *s = book_seat(b, name);
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    struct node n = {.state = NODE_READY};
    struct err err = {0};
    if (c->type == FOLLOW_SET && node_read(c->kv.value, &a, &n, &err) < 0) {
        b->options->stats->bad_values_total++;
        book_note(b, SCHEDULE_NOTE_BAD_VALUE, c->kv.key, err.text);
    }
    s->wanted = n.state;
    arena_done(&a);
    wake_given(b, name);
    book_wake(b, s);
    wake_all(b, &b->unmatched);
}

static void told_lock(struct book *b, struct slice key, const struct follow_change *c)
{
    uint64_t hash = map_hash((struct map_seed){0, 0}, key.data, key.size);
    struct job *first = NULL;
    if (c->type != FOLLOW_GONE)
        return;
    list_each (it, &b->locked_out) {
        struct job *j = list_entry(it, struct wait, link)->job;
        if (j->lock == hash && (!first || j->wish.priority > first->wish.priority))
            first = j;
    }
    if (first)
        book_dirty(b, first); /* whoever is planned first gets it */
    list_each_safe (it, &b->locked_out) {
        struct job *j = list_entry(it, struct wait, link)->job;
        if (j->lock != hash)
            continue;
        list_remove(it);
        book_dirty(b, j);
    }
}

static void told_change(struct book *b, int which, const struct follow_change *c)
{
    struct arena arena = ARENA(MEM_SCHEDULE, 0);
    struct slice x, y;
    if (task_key_split(&arena, b->options->prefix, keys[which], c->kv.key, &x, &y) < 0) {
        b->options->stats->bad_values_total++;
        book_note(b, SCHEDULE_NOTE_BAD_VALUE, c->kv.key, "the key is none of a task");
    } else if (which == BOOK_TASKS) {
        told_task(b, x, c);
    } else if (which == BOOK_ASSIGNS) {
        told_assign(b, x, y, c);
    } else if (which == BOOK_STATUSES) {
        struct job *j = map_get(&b->jobs, x);
        if (j)
            book_dirty(b, j);
    } else if (which == BOOK_NODES) {
        told_node(b, x, c);
    } else if (which == BOOK_KNOWN) {
        told_known(b, x, c);
    } else if (which == BOOK_SPECS) {
        told_spec(b, x, c);
    } else {
        told_lock(b, x, c);
    }
    arena_done(&arena);
}

void book_told(struct book *b, int which, const struct follow_change *c)
{
    if (c->type != FOLLOW_SYNCED)
        told_change(b, which, c);
    else if (which == BOOK_ASSIGNS)
        told_until(b, c->revision);
    if (b->synced_count == BOOK_FOLLOWS)
        book_dispatch(b); /* there may be room now */
}

bool book_settled(const struct book *b)
{
    for (int i = 0; i < BOOK_FOLLOWS; i++)
        if (!follow_settled(&b->follows[i]))
            return false;
    return true;
}

void book_mended(struct book *b, struct slice what, const char *text)
{
    b->options->stats->mended_total++;
    book_note(b, SCHEDULE_NOTE_MENDED, what, text);
}
