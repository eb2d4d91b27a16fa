#include <errno.h>

#include "base/fault.h"
#include "schedule/book.h"
#include "wire/task_json.h"
#include "wire/task_key.h"

/* Nodes that went without a word. What a worker wrote when it joined outlives its lease; it takes
 * that back when it leaves. So a node of which that is left, and that does not live, is lost:
 * whoever reads both keys knows it at once. Here is written since when, which nobody else could
 * say later, and what is lost for too long is forgotten.
 *
 * Each write compares that the node lives no more: the followers of the two keys are told in any
 * order, and what a worker writes when it comes back is newer than what was seen here. */

enum {
    LOOK_MS = 60 * 1000, /* whether one is lost for too long */
    WRITE_MS = 5000,
    AGAIN_MS = 1000,
    MS_OF_HOUR = 3600 * 1000,
};

static const struct slice none = {NULL, 0};

static bool is_gone(const struct seat *s)
{
    return s->known && !s->incarnation;
}

/* One of which there is something to write, or NULL. A clock that was set back makes nobody old. */
static struct seat *next_seat(struct book *b, int64_t now_ms)
{
    struct map_entry e;
    struct seat *oldest = NULL;
    uint32_t lost = 0;
    for (size_t at = 0; map_next(&b->seats, &at, &e);) {
        struct seat *s = e.value;
        if (!is_gone(s))
            continue;
        lost++;
        if (s->tried == s->known)
            continue;
        if (!s->lost_ms)
            return s;
        if (!oldest || s->lost_ms < oldest->lost_ms)
            oldest = s;
    }
    if (!oldest || (lost <= SCHEDULE_LOST_NODES_MAX &&
                    now_ms - oldest->lost_ms < (int64_t)SCHEDULE_LOST_HOURS_MAX * MS_OF_HOUR))
        return NULL;
    return oldest;
}

/* What it said when it joined, and that it is lost. Empty: what stands there is none. */
static struct slice lost_value(struct book *b, struct slice key, int64_t now_ms, struct arena *a)
{
    const struct store_kv *kv = follow_get(&b->follows[BOOK_KNOWN], key);
    struct node n;
    if (!kv || node_read(kv->value, a, &n, NULL) < 0)
        return none;
    n.state = NODE_LOST;
    n.since_ms = now_ms;
    struct buf json = BUF(MEM_SCHEDULE, 0);
    node_write(&n, &json);
    struct slice made = {arena_strdup(a, buf_slice(&json)), json.size};
    buf_done(&json);
    return made;
}

/* Returns 0, also where the store says that it is not so, or a negative errno. */
static int write_down(struct book *b, struct seat *s, int64_t now_ms, struct arena *a)
{
    struct slice prefix = b->options->prefix, name = seat_name(s);
    struct slice key = task_key(a, prefix, TASK_KEY_NODE_KNOWN, name, none);
    int64_t mod = s->known;
    struct store_op op = {.type = STORE_DELETE, .keys = store_key(key)};
    if (!s->lost_ms) {
        op = (struct store_op){
            .type = STORE_PUT, .key = key, .value = lost_value(b, key, now_ms, a)};
        if (op.value.size == 0) {
            s->tried = mod;
            return 0;
        }
    }
    struct store_compare compares[] = {
        election_guard(&b->election),
        {.key = key, .target = STORE_MOD_REVISION, .number = mod},
        {.key = task_key(a, prefix, TASK_KEY_NODE, name, none), .target = STORE_VERSION},
    };
    uint32_t count = ARRAY_LEN(compares);
    struct store_txn txn = {
        .compares = compares,
        .compare_count = fault_mutant("schedule_lost_lives") ? count - 1 : count,
        .then = &op,
        .then_count = 1,
    };
    struct store_txn_result got;
    int r = store_txn(b->options->store, &txn, a, &got, NULL, rt_now() + WRITE_MS * RT_MS);
    if (r == 0)
        s->tried = mod; /* what stands there now is told as another revision */
    return r;
}

/* What was tried and was not so, once more: news may have passed us by. */
static void try_again(struct book *b)
{
    struct map_entry e;
    for (size_t at = 0; map_next(&b->seats, &at, &e);)
        ((struct seat *)e.value)->tried = 0;
}

void lost_main(void *arg)
{
    struct book *b = arg;
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    for (int r = 0; r != -ECANCELED;) {
        r = 0;
        rt_event_clear(&b->lost);
        int64_t now_ms = rt_wall_now() / RT_MS;
        struct seat *s = next_seat(b, now_ms);
        if (!s)
            r = rt_event_wait(&b->lost, rt_now() + LOOK_MS * RT_MS);
        else if (write_down(b, s, now_ms, &a) < 0)
            r = rt_sleep(rt_now() + AGAIN_MS * RT_MS);
        if (r == -ETIMEDOUT)
            try_again(b);
        arena_reset(&a);
    }
    arena_done(&a);
}
