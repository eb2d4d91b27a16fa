#include "sim/schedule/world.h"
#include "wire/task_json.h"
#include "wire/task_key.h"

/* Every change of the store, in order. Each part is a few lines that say what may not happen. */

struct change {
    struct world *w;
    uint64_t client;
    const struct store_event *e;
    bool gone;
    struct arena arena;
};

static void check_giver(struct change *c, uint32_t task)
{
    struct world *w = c->w;
    check(w, CHECK_LEADER, w->leader && c->client == w->leading,
          "t%u is given by client %llu, and %llu leads", task, (unsigned long long)c->client,
          (unsigned long long)w->leading);
}

static void given_new(struct change *c, uint32_t node, uint32_t task, const struct assignment *a)
{
    struct world *w = c->w;
    struct wanted *t = &w->tasks[task];
    say(w, "t%u is given to w%u, token %lld", task, node, (long long)a->token);
    check(w, CHECK_TOKEN, a->token > t->token || (t->spread && a->token == t->token),
          "t%u has token %lld after %lld", task, (long long)a->token, (long long)t->token);
    check(w, CHECK_ALONE, t->spread || t->nodes == 0, "t%u is given to w%u, and stands elsewhere",
          task, node);
    check(w, CHECK_ALONE, w->lives[node], "t%u is given to w%u, which is not there", task, node);
    check(w, CHECK_NOT_AGAIN, t->spread ? !(t->done >> node & 1) : t->done == 0,
          "t%u is given to w%u after its completion", task, node);
    bool known = rt_now() > w->wanted_at[node] + MAX_SEEN_MS * RT_MS;
    check(w, CHECK_ROOM, w->wanted[node] == NODE_READY || !known,
          "t%u is given to w%u, which is cordoned", task, node);
    if (t->key) {
        check(w, CHECK_LOCK, w->locked_by[t->key] == task + 1,
              "t%u is given without the lock of key %u", task, t->key);
        happened(w, EVENT_LOCKED);
    }
    check_giver(c, task);
    happened(w, t->given++ ? EVENT_GIVEN_AGAIN : EVENT_GIVEN);
    w->loads[node]++;
    check(w, CHECK_ROOM, w->loads[node] <= SCHEDULE_QUEUE_TASKS_MAX, "w%u has %u tasks", node,
          w->loads[node]);
    t->token = a->token;
    t->nodes |= UINT64_C(1) << node;
}

static void told_assign(struct change *c, struct slice node_name, struct slice task_name)
{
    struct world *w = c->w;
    uint32_t node = number_of(node_name, 'w'), task = number_of(task_name, 't');
    struct given *g = &w->given[node][task];
    if (c->gone) {
        if (!(w->tasks[task].done >> node & 1))
            happened(w, EVENT_TAKEN_BACK);
        w->tasks[task].nodes &= ~(UINT64_C(1) << node);
        w->loads[node]--;
        g->stop = -1;
        return;
    }
    struct assignment a;
    struct err err = {0};
    int r = assignment_read(c->e->kv.value, &c->arena, &a, &err);
    check(w, CHECK_CLAIM, r == 0, "what is given cannot be read: %s: %.*s", err.text,
          SLICE_ARG(c->e->kv.value));
    bool new = c->e->kv.create_revision == c->e->kv.mod_revision;
    if (new)
        given_new(c, node, task, &a);
    check(w, CHECK_CLAIM, new || a.token == g->token, "t%u on w%u changes its token", task, node);
    if (a.claimed && (new || g->claimed != a.claimed)) {
        check(w, CHECK_CLAIM, !new && g->claimed == 0 && a.claimed == w->lives[node],
              "t%u is claimed by life %lld of w%u (%lld), and was by %lld", task,
              (long long)a.claimed, node, (long long)w->lives[node], (long long)g->claimed);
        happened(w, EVENT_CLAIMED);
    }
    if (a.ended)
        happened(w, EVENT_RETRIED);
    *g = (struct given){.token = a.token, .claimed = a.claimed, .stop = a.stop};
}

static void told_status(struct change *c, struct slice task_name, struct slice node_name)
{
    struct world *w = c->w;
    uint32_t node = number_of(node_name, 'w'), task = number_of(task_name, 't');
    struct wanted *t = &w->tasks[task];
    struct given *g = &w->given[node][task];
    struct task_result r;
    if (c->gone)
        return;
    check(w, CHECK_FENCE, task_result_read(c->e->kv.value, &c->arena, &r, NULL) == 0,
          "a completion cannot be read");
    say(w, "w%u completes t%u: %s, token %lld", node, task, task_state_name(r.state),
        (long long)r.token);
    check(w, CHECK_ONCE, c->e->kv.version == 1 && !(t->done >> node & 1) && (t->spread || !t->done),
          "t%u is completed a second time, by w%u", task, node);
    /* What was given goes with the same transaction, so it stands, or went just now. */
    check(w, CHECK_FENCE, g->token == r.token && g->claimed && g->claimed == w->lives[node],
          "t%u is completed by w%u under token %lld of life %lld, and was given under %lld", task,
          node, (long long)r.token, (long long)w->lives[node], (long long)g->token);
    check(w, CHECK_FENCE, t->nodes >> node & 1, "t%u is completed by w%u, which has it no more",
          task, node);
    t->done |= UINT64_C(1) << node;
    t->accepted++;
    happened(w, EVENT_ACCEPTED);
}

static void told_lock(struct change *c, struct slice key)
{
    struct world *w = c->w;
    uint32_t k = number_of(key, 'k');
    if (c->gone) {
        w->locked_by[k] = 0;
        return;
    }
    check(w, CHECK_LOCK, w->locked_by[k] == 0, "key %u is taken from t%u", k, w->locked_by[k] - 1);
    w->locked_by[k] = number_of(c->e->kv.value, 't') + 1;
}

static void told_task(struct change *c, struct slice name)
{
    struct world *w = c->w;
    uint32_t task = number_of(name, 't');
    struct task t;
    if (c->gone || task == UINT32_MAX || task_read(c->e->kv.value, &c->arena, &t, NULL) < 0)
        return;
    struct wanted *known = &w->tasks[task];
    check(w, CHECK_NOT_AGAIN, !task_state_final(known->state) || known->state == t.state,
          "t%u was %s, and is %s", task, task_state_name(known->state), task_state_name(t.state));
    if (task_state_final(t.state) && known->state != t.state)
        say(w, "t%u is %s", task, task_state_name(t.state));
    known->state = t.state;
}

static void told_leader(struct change *c)
{
    struct world *w = c->w;
    w->leader = c->gone ? 0 : c->e->kv.create_revision;
    if (c->gone)
        return;
    w->leading = c->client;
    happened(w, EVENT_LEADER_CHANGED);
    say(w, "%.*s leads", SLICE_ARG(c->e->kv.value));
}

/* Told before the node's own key where both change at once. */
static void told_known(struct change *c, struct slice name)
{
    struct world *w = c->w;
    uint32_t node = number_of(name, 'w');
    struct node n = {.state = NODE_STATE_COUNT};
    w->known[node] = !c->gone;
    if (c->gone) {
        happened(w, EVENT_NODE_LEFT);
        check(w, CHECK_LOST, w->stopped[node], "w%u is forgotten, and nobody stopped it", node);
        return;
    }
    check(w, CHECK_LOST, node_read(c->e->kv.value, &c->arena, &n, NULL) == 0, "w%u is unreadable",
          node);
    if (n.state != NODE_LOST)
        return;
    happened(w, EVENT_NODE_LOST);
    say(w, "w%u is lost", node);
    check(w, CHECK_LOST, w->lives[node] == 0 && n.since_ms > 0, "w%u lives, and is called lost",
          node);
}

static void told_node(struct change *c, struct slice name)
{
    struct world *w = c->w;
    uint32_t node = number_of(name, 'w');
    if (c->gone)
        happened(w, EVENT_LEASE_ENDED);
    w->lives[node] = c->gone ? 0 : c->e->kv.create_revision;
    bool joins = !c->gone && c->e->kv.version == 1;
    check(w, CHECK_LOST, w->known[node] || (!joins && w->stopped[node]),
          "w%u %s, and nobody would miss it", node, joins ? "joins" : "lives or goes");
    if (joins)
        w->stopped[node] = false;
}

static void told(struct change *c)
{
    static const struct slice no = {NULL, 0};
    struct slice key = c->e->kv.key, x, y;
    if (task_key_split(&c->arena, no, TASK_KEY_ASSIGN, key, &x, &y) == 0) {
        told_assign(c, x, y);
    } else if (task_key_split(&c->arena, no, TASK_KEY_STATUS, key, &x, &y) == 0) {
        told_status(c, x, y);
    } else if (task_key_split(&c->arena, no, TASK_KEY_CONCURRENCY, key, &x, &y) == 0) {
        told_lock(c, x);
    } else if (task_key_split(&c->arena, no, TASK_KEY_TASK, key, &x, &y) == 0) {
        told_task(c, x);
    } else if (task_key_split(&c->arena, no, TASK_KEY_NODE, key, &x, &y) == 0) {
        told_node(c, x);
    } else if (task_key_split(&c->arena, no, TASK_KEY_NODE_KNOWN, key, &x, &y) == 0) {
        told_known(c, x);
    } else if (slice_starts_with(key, SLICE("/leader/"))) {
        told_leader(c);
    }
}

void observe(void *world, uint64_t client, const struct store_event *events, uint32_t count)
{
    struct change c = {.w = world, .client = client};
    c.arena = ARENA(MEM_TEST, 0);
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < count; i++) {
            c.e = &events[i];
            c.gone = c.e->type == STORE_EVENT_DELETE;
            /* Completions before what was given goes; locks before what is given under them; what
             * outlives a node before the node. */
            bool first = slice_starts_with(c.e->kv.key, SLICE("/status/")) ||
                         slice_starts_with(c.e->kv.key, SLICE("/nodes_known/")) ||
                         slice_starts_with(c.e->kv.key, SLICE("/concurrency/"));
            if (first == (pass == 0))
                told(&c);
        }
    arena_done(&c.arena);
}
