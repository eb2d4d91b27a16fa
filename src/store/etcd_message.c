#include "store/etcd_message.h"

#include <errno.h>
#include <stdio.h>

#include "store/backend.h"
#include "wire/protobuf.h"

/* ---- requests ---- */

/* etcd's way to say "from here on", and of the first key that there can be. */
#define ZERO SLICE("\0")

/* Every message with a range has it in its first two fields. */
static void put_keys(struct buf *out, const struct store_keys *keys)
{
    char room[STORE_KEY_BYTES_MAX];
    struct slice end = {0};
    pb_put_bytes(out, 1, keys->key.size ? keys->key : ZERO);
    if (keys->scope == STORE_PREFIX)
        end = store_prefix_end(keys->key, room);
    else if (keys->scope == STORE_SPAN)
        end = keys->end;
    if (keys->scope != STORE_KEY)
        pb_put_bytes(out, 2, end.size ? end : ZERO);
}

void etcd_put_range(struct buf *out, const struct store_range *q)
{
    put_keys(out, &q->keys);
    if (!q->count_only)
        pb_put_number(out, 3, (uint64_t)(q->limit ? q->limit : STORE_RANGE_LIMIT_MAX));
    pb_put_number(out, 4, (uint64_t)q->revision);
    pb_put_number(out, 8, q->keys_only);
    pb_put_number(out, 9, q->count_only);
}

void etcd_put_op(struct buf *out, const struct store_op *op)
{
    if (op->type == STORE_DELETE) {
        put_keys(out, &op->keys);
        return;
    }
    pb_put_bytes(out, 1, op->key);
    pb_put_bytes(out, 2, op->value);
    pb_put_number(out, 3, (uint64_t)op->lease);
    pb_put_number(out, 5, op->keep_value);
}

static void put_compare(struct buf *out, const struct store_compare *c)
{
    static const uint8_t results[] = {
        [STORE_EQUAL] = 0, [STORE_GREATER] = 1, [STORE_LESS] = 2, [STORE_NOT_EQUAL] = 3};
    static const struct {
        uint8_t target, field;
    } targets[] = {
        [STORE_VERSION] = {0, 4}, [STORE_CREATE_REVISION] = {1, 5}, [STORE_MOD_REVISION] = {2, 6},
        [STORE_VALUE] = {3, 7},   [STORE_LEASE] = {4, 8},
    };
    size_t begun = pb_begin(out, 1);
    pb_put_number(out, 1, results[c->relation]);
    pb_put_number(out, 2, targets[c->target].target);
    pb_put_bytes(out, 3, c->key);
    if (c->target == STORE_VALUE)
        pb_put_bytes(out, targets[c->target].field, c->value);
    else
        pb_put_number(out, targets[c->target].field, (uint64_t)c->number);
    pb_end(out, begun);
}

static void put_branch(struct buf *out, uint32_t field, const struct store_op *ops, uint32_t count)
{
    static const uint8_t fields[] = {[STORE_READ] = 1, [STORE_PUT] = 2, [STORE_DELETE] = 3};
    for (uint32_t i = 0; i < count; i++) {
        size_t outer = pb_begin(out, field), inner = pb_begin(out, fields[ops[i].type]);
        if (ops[i].type == STORE_READ)
            etcd_put_range(out, &ops[i].range);
        else
            etcd_put_op(out, &ops[i]);
        pb_end(out, inner);
        pb_end(out, outer);
    }
}

void etcd_put_txn(struct buf *out, const struct store_txn *txn)
{
    for (uint32_t i = 0; i < txn->compare_count; i++)
        put_compare(out, &txn->compares[i]);
    put_branch(out, 2, txn->then, txn->then_count);
    put_branch(out, 3, txn->otherwise, txn->otherwise_count);
}

void etcd_put_watch(struct buf *out, const struct etcd_watch_request *q)
{
    size_t begun = pb_begin(out, 1);
    put_keys(out, &q->keys);
    pb_put_number(out, 3, (uint64_t)q->revision);
    pb_put_number(out, 4, true);
    pb_put_number(out, 7, (uint64_t)q->id);
    pb_put_number(out, 8, true);
    pb_end(out, begun);
}

void etcd_put_unwatch(struct buf *out, int64_t id)
{
    size_t begun = pb_begin(out, 2);
    pb_put_number(out, 1, (uint64_t)id);
    pb_end(out, begun);
}

void etcd_put_numbers(struct buf *out, int64_t one, int64_t two)
{
    pb_put_number(out, 1, (uint64_t)one);
    pb_put_number(out, 2, (uint64_t)two);
}

void etcd_put_login(struct buf *out, struct slice user, struct slice password)
{
    pb_put_bytes(out, 1, user);
    pb_put_bytes(out, 2, password);
}

/* ---- answers ---- */

static int get_header(struct slice header, int64_t *ret_revision)
{
    struct pb_field f;
    int r;
    while ((r = pb_next(&header, &f)) > 0)
        if (f.tag == PB_TAG(3, PB_VARINT))
            *ret_revision = (int64_t)f.number;
    return r;
}

/* Slices of *ret lie in the message. */
static int get_kv(struct slice message, struct store_kv *ret)
{
    struct pb_field f;
    int r;
    *ret = (struct store_kv){0};
    while ((r = pb_next(&message, &f)) > 0) {
        switch (f.tag) {
        case PB_TAG(1, PB_BYTES):
            ret->key = f.bytes;
            break;
        case PB_TAG(2, PB_VARINT):
            ret->create_revision = (int64_t)f.number;
            break;
        case PB_TAG(3, PB_VARINT):
            ret->mod_revision = (int64_t)f.number;
            break;
        case PB_TAG(4, PB_VARINT):
            ret->version = (int64_t)f.number;
            break;
        case PB_TAG(5, PB_BYTES):
            ret->value = f.bytes;
            break;
        case PB_TAG(6, PB_VARINT):
            ret->lease = (int64_t)f.number;
            break;
        }
    }
    return r;
}

/* How often a field is there; what is behind something broken is not counted, but found later. */
static uint32_t count_of(struct slice message, uint32_t tag)
{
    struct pb_field f;
    uint32_t n = 0;
    while (pb_next(&message, &f) > 0)
        n += f.tag == tag;
    return n;
}

static int keep_kv(struct slice message, struct arena *arena, struct store_range_result *out)
{
    struct store_kv kv;
    int r = get_kv(message, &kv);
    if (r == 0)
        r = store_kv_copy(arena, &kv, &out->kvs[out->count]);
    if (r == 0)
        out->count++;
    return r;
}

int etcd_get_range(struct slice message, struct arena *arena, struct store_range_result *ret)
{
    struct store_range_result made = {0};
    struct pb_field f;
    int r;
    uint32_t count = count_of(message, PB_TAG(2, PB_BYTES));
    made.kvs = arena_alloc_array(arena, count + 1, sizeof(*made.kvs));
    if (!made.kvs)
        return -ENOSPC;
    while ((r = pb_next(&message, &f)) > 0) {
        if (f.tag == PB_TAG(1, PB_BYTES))
            r = get_header(f.bytes, &made.revision);
        else if (f.tag == PB_TAG(2, PB_BYTES))
            r = keep_kv(f.bytes, arena, &made);
        else if (f.tag == PB_TAG(3, PB_VARINT))
            made.more = f.number != 0;
        else if (f.tag == PB_TAG(4, PB_VARINT))
            made.total = (int64_t)f.number;
        if (r < 0)
            return r;
    }
    if (r < 0)
        return r;
    if (made.more)
        made.total = -1;
    *ret = made;
    return 0;
}

/* The answer to one operation, whose kind must be that of the operation. */
static int get_op(struct slice message, const struct store_op *op, struct arena *arena,
                  struct store_op_result *ret)
{
    static const uint32_t tags[] = {[STORE_READ] = PB_TAG(1, PB_BYTES),
                                    [STORE_PUT] = PB_TAG(2, PB_BYTES),
                                    [STORE_DELETE] = PB_TAG(3, PB_BYTES)};
    struct etcd_answer a;
    struct pb_field f;
    int r = pb_next(&message, &f);
    if (r <= 0 || f.tag != tags[op->type])
        return -EBADMSG;
    if (op->type == STORE_READ)
        return etcd_get_range(f.bytes, arena, &ret->range);
    r = etcd_get_answer(f.bytes, &a);
    if (r == 0)
        ret->deleted = op->type == STORE_DELETE ? (int64_t)a.number[2] : 0;
    return r;
}

struct branch {
    const struct store_op *ops;
    uint32_t count;
};

static struct branch branch_of(const struct store_txn *txn, bool succeeded)
{
    return succeeded ? (struct branch){txn->then, txn->then_count}
                     : (struct branch){txn->otherwise, txn->otherwise_count};
}

int etcd_get_txn(struct slice message, const struct store_txn *txn, struct arena *arena,
                 struct store_txn_result *ret)
{
    struct store_txn_result made = {0};
    struct etcd_answer a;
    struct pb_field f;
    int r = etcd_get_answer(message, &a);
    if (r < 0)
        return r;
    made.revision = a.revision;
    made.succeeded = a.number[2] != 0;
    struct branch b = branch_of(txn, made.succeeded);
    if (count_of(message, PB_TAG(3, PB_BYTES)) != b.count)
        return -EBADMSG;
    made.ops = arena_alloc_array(arena, b.count + 1, sizeof(*made.ops));
    if (!made.ops)
        return -ENOSPC;
    while ((r = pb_next(&message, &f)) > 0) {
        if (f.tag != PB_TAG(3, PB_BYTES))
            continue;
        struct store_op_result *op = &made.ops[made.op_count];
        r = get_op(f.bytes, &b.ops[made.op_count++], arena, op);
        if (r < 0)
            return r;
        op->range.revision = made.revision;
    }
    if (r == 0)
        *ret = made;
    return r;
}

bool etcd_txn_wrote(struct slice message, const struct store_txn *txn)
{
    struct etcd_answer a, op;
    struct pb_field f, inside;
    if (etcd_get_answer(message, &a) < 0)
        return true; /* who knows */
    struct branch b = branch_of(txn, a.number[2] != 0);
    for (uint32_t i = 0; i < b.count; i++)
        if (b.ops[i].type == STORE_PUT)
            return true;
    while (pb_next(&message, &f) > 0)
        if (f.tag == PB_TAG(3, PB_BYTES) && pb_next(&f.bytes, &inside) > 0 &&
            inside.tag == PB_TAG(3, PB_BYTES) && etcd_get_answer(inside.bytes, &op) == 0 &&
            op.number[2] > 0)
            return true;
    return false;
}

int etcd_get_watch(struct slice message, struct etcd_watch_response *ret)
{
    struct etcd_watch_response made = {.event_count = count_of(message, PB_TAG(11, PB_BYTES))};
    struct etcd_answer a;
    int r = etcd_get_answer(message, &a);
    if (r < 0)
        return r;
    made.revision = a.revision;
    made.id = (int64_t)a.number[2];
    made.created = a.number[3] != 0;
    made.canceled = a.number[4] != 0;
    made.compact_revision = (int64_t)a.number[5];
    made.cancel_reason = a.text[6];
    made.fragment = a.number[7] != 0;
    *ret = made;
    return 0;
}

static int get_event(struct slice message, struct store_event *ret)
{
    struct pb_field f;
    int r;
    *ret = (struct store_event){.type = STORE_EVENT_PUT};
    while ((r = pb_next(&message, &f)) > 0) {
        if (f.tag == PB_TAG(1, PB_VARINT))
            ret->type = f.number ? STORE_EVENT_DELETE : STORE_EVENT_PUT;
        else if (f.tag == PB_TAG(2, PB_BYTES))
            r = get_kv(f.bytes, &ret->kv);
        if (r < 0)
            return r;
    }
    if (ret->type == STORE_EVENT_DELETE)
        ret->kv = (struct store_kv){.key = ret->kv.key, .mod_revision = ret->kv.mod_revision};
    return r;
}

int etcd_get_events(struct slice message, int64_t from, struct arena *arena,
                    struct store_event *events, uint32_t *ret_count)
{
    struct store_event e;
    struct pb_field f;
    uint32_t count = 0;
    int r;
    while ((r = pb_next(&message, &f)) > 0) {
        if (f.tag != PB_TAG(11, PB_BYTES))
            continue;
        r = get_event(f.bytes, &e);
        if (r == 0 && e.kv.mod_revision >= from) {
            events[count].type = e.type;
            r = store_kv_copy(arena, &e.kv, &events[count++].kv);
        }
        if (r < 0)
            return r;
    }
    if (r == 0)
        *ret_count = count;
    return r;
}

int etcd_get_answer(struct slice message, struct etcd_answer *ret)
{
    struct etcd_answer made = {0};
    struct pb_field f;
    int r;
    while ((r = pb_next(&message, &f)) > 0) {
        uint32_t field = f.tag >> 3;
        if (f.tag == PB_TAG(1, PB_BYTES))
            r = get_header(f.bytes, &made.revision);
        else if (field < ARRAY_LEN(made.number) && (f.tag & 7) == PB_VARINT)
            made.number[field] = f.number;
        else if (field < ARRAY_LEN(made.text) && (f.tag & 7) == PB_BYTES)
            made.text[field] = f.bytes;
        if (r < 0)
            return r;
    }
    if (r == 0)
        *ret = made;
    return r;
}

int etcd_get_lease_keys(struct slice message, struct arena *arena, struct store_lease *ret)
{
    struct pb_field f;
    int r;
    uint32_t count = 0, room = count_of(message, PB_TAG(5, PB_BYTES));
    struct slice *keys = arena_alloc_array(arena, room + 1, sizeof(*keys));
    if (!keys)
        return -ENOSPC;
    while ((r = pb_next(&message, &f)) > 0) {
        if (f.tag != PB_TAG(5, PB_BYTES))
            continue;
        char *key = arena_strdup(arena, f.bytes);
        if (!key)
            return -ENOSPC;
        keys[count++] = (struct slice){key, f.bytes.size};
    }
    if (r == 0) {
        ret->keys = keys;
        ret->key_count = count;
    }
    return r;
}

int etcd_get_texts(struct slice message, uint32_t field, char *to, size_t size)
{
    struct pb_field f;
    size_t used = 0;
    int r;
    to[0] = 0;
    while ((r = pb_next(&message, &f)) > 0) {
        if (f.tag != PB_TAG(field, PB_BYTES) || used + 1 >= size)
            continue;
        int n = snprintf(to + used, size - used, "%s%.*s", used ? ", " : "", SLICE_ARG(f.bytes));
        used += n > 0 ? (size_t)n : 0;
    }
    return r;
}
