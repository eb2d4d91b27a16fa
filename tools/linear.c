#include "tools/linear.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = LINEAR_OPS_MAX / 64, BUCKETS_FIRST = 1024 };

/* A call's beginning or its end, in the order of time. Calls that are done are taken out. */
struct event {
    struct event *next, *prev;
    uint32_t op;
    bool is_end;
};

struct done { /* what stands, and which calls are done; remembered only as far as there are calls */
    uint64_t state;
    uint64_t bits[WORDS];
};

struct memory {
    struct done **buckets; /* open addressing */
    size_t cap, count;
    uint32_t words;
};

struct search {
    const struct linear_op **ops; /* of this key, by their beginnings */
    uint32_t count;
    struct event head; /* of the list */
    struct event *begins, *ends;
    uint32_t *stack; /* calls done, in their order */
    uint64_t *states;
    int64_t *latests; /* latest, before each of them */
    int64_t latest;   /* beginning of those done: the next one's instant is not before it */
    uint32_t depth, waiting; /* calls that have an end and are not done */
    uint32_t best;           /* the deepest that was reached */
    struct done now;
    struct memory memory;
};

/* ---- what a plain map would do ---- */

static bool in_doubt(const struct linear_op *op)
{
    return op->doubt || op->end == INT64_MAX;
}

/* Whether this call can have its instant while `state` stands; *ret: what stands behind it. */
static bool can_happen(const struct linear_op *op, uint64_t state, uint64_t *ret)
{
    bool doubt = in_doubt(op);
    bool holds;
    *ret = state;
    switch (op->type) {
    case LINEAR_GET:
        return doubt || op->result == state;
    case LINEAR_PUT:
        *ret = op->value;
        return true;
    case LINEAR_DELETE:
        *ret = 0;
        return doubt || op->ok == (state != 0);
    case LINEAR_CAS:
        holds = state == op->expect;
        if (holds)
            *ret = op->value;
        return doubt || op->ok == holds;
    }
    return false;
}

/* ---- memory ---- */

static uint64_t hash(const struct done *d, uint32_t words)
{
    uint64_t h = d->state * 0x9E3779B97F4A7C15u;
    for (uint32_t i = 0; i < words; i++)
        h = (h ^ d->bits[i]) * 0xFF51AFD7ED558CCDu, h ^= h >> 29;
    return h;
}

static bool same(const struct done *a, const struct done *b, uint32_t words)
{
    return a->state == b->state && memcmp(a->bits, b->bits, words * sizeof(uint64_t)) == 0;
}

static struct done **slot(struct memory *m, const struct done *d)
{
    size_t at = hash(d, m->words) & (m->cap - 1);
    while (m->buckets[at] && !same(m->buckets[at], d, m->words))
        at = (at + 1) & (m->cap - 1);
    return &m->buckets[at];
}

static void grow(struct memory *m)
{
    struct memory old = *m;
    m->cap = m->cap ? m->cap * 2 : BUCKETS_FIRST;
    m->buckets = calloc(m->cap, sizeof(*m->buckets));
    for (size_t i = 0; i < old.cap; i++)
        if (old.buckets[i])
            *slot(m, old.buckets[i]) = old.buckets[i];
    free(old.buckets);
}

/* Whether this pair was not seen before. */
static bool is_new(struct memory *m, const struct done *d)
{
    if ((m->count + 1) * 4 > m->cap * 3)
        grow(m);
    struct done **at = slot(m, d);
    if (*at)
        return false;
    size_t size = offsetof(struct done, bits) + m->words * sizeof(uint64_t);
    *at = malloc(size);
    memcpy(*at, d, size);
    m->count++;
    return true;
}

static void forget(struct memory *m)
{
    for (size_t i = 0; i < m->cap; i++)
        free(m->buckets[i]);
    free(m->buckets);
}

/* ---- the list of events ---- */

static int by_time(const void *a, const void *b)
{
    const struct linear_op *const *x = a, *const *y = b;
    return ((*x)->begin > (*y)->begin) - ((*x)->begin < (*y)->begin);
}

struct moment {
    int64_t at;
    struct event *event;
};

/* At one instant beginnings come before ends: calls that touch may overlap. */
static int by_moment(const void *a, const void *b)
{
    const struct moment *x = a, *y = b;
    if (x->at != y->at)
        return x->at > y->at ? 1 : -1;
    return (int)x->event->is_end - (int)y->event->is_end;
}

static void link_events(struct search *s)
{
    struct moment *moments = malloc(2 * s->count * sizeof(*moments));
    for (uint32_t i = 0; i < s->count; i++) {
        s->begins[i] = (struct event){.op = i};
        s->ends[i] = (struct event){.op = i, .is_end = true};
        moments[2 * i] = (struct moment){s->ops[i]->begin, &s->begins[i]};
        moments[2 * i + 1] = (struct moment){s->ops[i]->end, &s->ends[i]};
    }
    qsort(moments, 2 * s->count, sizeof(*moments), by_moment);
    s->head.next = s->head.prev = &s->head;
    for (uint32_t i = 0; i < 2 * s->count; i++) {
        struct event *e = moments[i].event;
        e->prev = s->head.prev;
        e->next = &s->head;
        e->prev->next = e->next->prev = e;
    }
    free(moments);
}

static void take_out(struct event *e)
{
    e->prev->next = e->next;
    e->next->prev = e->prev;
}

static void put_back(struct event *e)
{
    e->prev->next = e->next->prev = e;
}

/* ---- the search ---- */

static bool doubtful(const struct search *s, uint32_t op)
{
    return in_doubt(s->ops[op]);
}

static void do_call(struct search *s, uint32_t op, uint64_t state)
{
    s->states[s->depth] = s->now.state;
    s->latests[s->depth] = s->latest;
    if (s->ops[op]->begin > s->latest)
        s->latest = s->ops[op]->begin;
    s->stack[s->depth++] = op;
    s->now.bits[op / 64] |= UINT64_C(1) << (op % 64);
    s->now.state = state;
    s->waiting -= !doubtful(s, op);
    take_out(&s->begins[op]);
    take_out(&s->ends[op]);
    if (s->depth > s->best)
        s->best = s->depth;
}

static struct event *undo_call(struct search *s)
{
    uint32_t op = s->stack[--s->depth];
    put_back(&s->ends[op]);
    put_back(&s->begins[op]);
    s->now.bits[op / 64] &= ~(UINT64_C(1) << (op % 64));
    s->now.state = s->states[s->depth];
    s->latest = s->latests[s->depth];
    s->waiting += !doubtful(s, op);
    return s->begins[op].next;
}

/* Calls in doubt would make the search explode: each may happen at any time or never. But one that
 * happened and that no call saw might as well not have happened, and one that was seen might as
 * well have happened just before it was. So it is enough to try them where they change something,
 * and to let only a call follow that looks at what they left. */
static bool worth_trying(const struct search *s, uint32_t op, uint64_t state)
{
    const struct linear_op *o = s->ops[op];
    bool after_doubt = s->depth > 0 && doubtful(s, s->stack[s->depth - 1]);
    if (after_doubt && (o->type == LINEAR_PUT || (doubtful(s, op) && o->type != LINEAR_CAS)))
        return false;
    return !doubtful(s, op) || state != s->now.state;
}

/* Whether the call can be next and leads to a pair that was not seen; then it is done. */
static bool try_call(struct search *s, uint32_t op)
{
    uint64_t state;
    if (s->ops[op]->end < s->latest) /* in doubt, and its time is over: it never happened */
        return false;
    if (!can_happen(s->ops[op], s->now.state, &state) || !worth_trying(s, op, state))
        return false;
    uint64_t before = s->now.state;
    s->now.bits[op / 64] |= UINT64_C(1) << (op % 64);
    s->now.state = state;
    bool goes_on = is_new(&s->memory, &s->now);
    s->now.bits[op / 64] &= ~(UINT64_C(1) << (op % 64));
    s->now.state = before;
    if (goes_on)
        do_call(s, op, state);
    return goes_on;
}

/* First those calls are tried that are known to have happened, then those in doubt. */
static bool find_order(struct search *s)
{
    struct event *e = s->head.next;
    bool doubts = false;
    while (s->waiting > 0) {
        if (e != &s->head && (!e->is_end || doubtful(s, e->op))) {
            bool done = !e->is_end && doubtful(s, e->op) == doubts && try_call(s, e->op);
            e = done ? s->head.next : e->next;
            doubts = doubts && !done;
            continue;
        }
        /* A call that has ended and is not done: nothing behind it can come before it. */
        if (!doubts) {
            doubts = true;
            e = s->head.next;
        } else if (s->depth == 0) {
            return false;
        } else {
            e = undo_call(s);
            doubts = doubtful(s, s->stack[s->depth]);
        }
    }
    return true;
}

static const char *describe(const struct linear_op *op, char *text, size_t size)
{
    static const char *const names[] = {"get", "put", "delete", "cas"};
    snprintf(text, size,
             "%s by client %u from %" PRId64 " to %" PRId64 " (value %" PRIu64 ", expect %" PRIu64
             ", result %" PRIu64 ", %s)",
             names[op->type], op->client, op->begin, op->end, op->value, op->expect, op->result,
             op->ok ? "done" : "not done");
    return text;
}

/* The first call by its end that no order so far had done is what a person looks at first. */
static void explain(const struct search *s, char *why)
{
    char text[240];
    const struct linear_op *first = NULL;
    for (uint32_t i = 0; i < s->count; i++) {
        bool later = first && s->ops[i]->end >= first->end;
        uint32_t behind = 0;
        for (uint32_t j = 0; j < s->count; j++)
            behind += s->ops[j]->end <= s->ops[i]->end;
        if (behind > s->best && !later)
            first = s->ops[i];
    }
    snprintf(why, LINEAR_WHY_MAX, "key %u: no order of its %u calls explains more than %u: %s",
             s->ops[0]->key, s->count, s->best,
             first ? describe(first, text, sizeof(text)) : "a call in doubt");
}

static int check_key(const struct linear_op **ops, uint32_t count, char *why)
{
    struct search s = {.ops = ops, .count = count};
    qsort(ops, count, sizeof(*ops), by_time);
    s.begins = calloc(count, sizeof(*s.begins));
    s.ends = calloc(count, sizeof(*s.ends));
    s.stack = calloc(count, sizeof(*s.stack));
    s.states = calloc(count, sizeof(*s.states));
    s.latests = calloc(count, sizeof(*s.latests));
    s.latest = INT64_MIN;
    s.memory.words = (count + 63) / 64;
    for (uint32_t i = 0; i < count; i++)
        s.waiting += !in_doubt(ops[i]);
    link_events(&s);
    bool found = find_order(&s);
    if (!found)
        explain(&s, why);
    forget(&s.memory);
    free(s.begins);
    free(s.ends);
    free(s.stack);
    free(s.states);
    free(s.latests);
    return found;
}

static int by_key(const void *a, const void *b)
{
    const struct linear_op *const *x = a, *const *y = b;
    return ((*x)->key > (*y)->key) - ((*x)->key < (*y)->key);
}

int linear_check(const struct linear_op *ops, size_t count, char *why)
{
    const struct linear_op **sorted = malloc((count + 1) * sizeof(*sorted));
    int r = 1;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &ops[i];
    qsort(sorted, count, sizeof(*sorted), by_key);
    for (size_t i = 0, n; i < count && r == 1; i += n) {
        for (n = 1; i + n < count && sorted[i + n]->key == sorted[i]->key;)
            n++;
        r = n > LINEAR_OPS_MAX ? -E2BIG : check_key(sorted + i, (uint32_t)n, why);
    }
    free(sorted);
    return r;
}
