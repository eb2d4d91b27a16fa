/* The first byte says which answer the rest is taken for. Whatever a server sends: it is refused,
 * or every slice of what was read lies in the arena, and counts are those of what is there. */
#include <assert.h>
#include <stdint.h>

#include "store/etcd_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(struct slice s)
{
    volatile char sum = 0;
    for (size_t i = 0; i < s.size; i++)
        sum = (char)(sum + s.data[i]);
    (void)sum;
}

static void check_range(const struct store_range_result *r)
{
    for (uint32_t i = 0; i < r->count; i++) {
        read_all(r->kvs[i].key);
        read_all(r->kvs[i].value);
    }
    assert(!r->more || r->total == -1);
}

static void try_range(struct slice m, struct arena *a)
{
    struct store_range_result r;
    if (etcd_get_range(m, a, &r) == 0)
        check_range(&r);
}

static void try_txn(struct slice m, struct arena *a)
{
    static const struct store_op then[] = {
        {.type = STORE_PUT}, {.type = STORE_DELETE}, {.type = STORE_READ}};
    static const struct store_op otherwise = {.type = STORE_READ};
    static const struct store_txn txn = {NULL, 0, then, &otherwise, 3, 1};
    struct store_txn_result r;
    (void)etcd_txn_wrote(m, &txn);
    if (etcd_get_txn(m, &txn, a, &r) < 0)
        return;
    assert(r.op_count == (r.succeeded ? 3 : 1));
    for (uint32_t i = 0; i < r.op_count; i++)
        check_range(&r.ops[i].range);
}

static void try_watch(struct slice m, struct arena *a)
{
    struct etcd_watch_response r;
    uint32_t count;
    if (etcd_get_watch(m, &r) < 0)
        return;
    read_all(r.cancel_reason);
    struct store_event *events = arena_alloc_array(a, r.event_count + 1, sizeof(*events));
    if (!events || etcd_get_events(m, 2, a, events, &count) < 0)
        return;
    assert(count <= r.event_count);
    for (uint32_t i = 0; i < count; i++) {
        assert(events[i].kv.mod_revision >= 2);
        read_all(events[i].kv.key);
        read_all(events[i].kv.value);
    }
}

static void try_rest(struct slice m, struct arena *a)
{
    struct etcd_answer answer;
    struct store_lease l = {0};
    char text[16];
    if (etcd_get_answer(m, &answer) == 0)
        for (size_t i = 0; i < ARRAY_LEN(answer.text); i++)
            read_all(answer.text[i]);
    if (etcd_get_lease_keys(m, a, &l) == 0)
        for (uint32_t i = 0; i < l.key_count; i++)
            read_all(l.keys[i]);
    (void)etcd_get_texts(m, 8, text, sizeof(text));
    assert(memchr(text, 0, sizeof(text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const tries[])(struct slice, struct arena *) = {try_range, try_txn, try_watch,
                                                                  try_rest};
    if (size == 0)
        return 0;
    struct arena a = ARENA(MEM_TEST, data[0] & 4 ? 64 : 0);
    tries[data[0] & 3]((struct slice){(const char *)data + 1, size - 1}, &a);
    arena_done(&a);
    return 0;
}
