#include "store/prefix.h"

#include <errno.h>

#include "base/fault.h"

#define SLASH     SLICE("/")
#define BEHIND_IT SLICE("0") /* the first text behind all that begin with a slash */

static struct slice joined(const struct store *s, struct slice key, struct arena *arena)
{
    char *text = arena_alloc(arena, s->prefix.size + key.size);
    memcpy(text, s->prefix.data, s->prefix.size);
    if (key.size)
        memcpy(text + s->prefix.size, key.data, key.size);
    return (struct slice){text, s->prefix.size + key.size};
}

static int put_on(const struct store *s, struct slice *key, struct arena *arena, struct err *err)
{
    if (s->prefix.size + key->size > STORE_KEY_BYTES_MAX)
        return err_set(err, -EMSGSIZE, "a key of %zu bytes below %.*s: at most %d together",
                       key->size, SLICE_ARG(s->prefix), STORE_KEY_BYTES_MAX);
    *key = joined(s, *key, arena);
    return 0;
}

int prefix_key(const struct store *s, struct slice *key, struct arena *arena, struct err *err)
{
    if (s->prefix.size == 0)
        return 0;
    if (!slice_starts_with(*key, SLASH))
        return err_set(err, -EINVAL, "the key '%.*s': in a store with a prefix it begins with '/'",
                       SLICE_ARG(*key));
    return put_on(s, key, arena, err);
}

/* [key, end) as far as it lies between "/" and "0". */
static int prefix_span(const struct store *s, struct store_keys *keys, struct arena *arena,
                       struct err *err)
{
    if (slice_compare(keys->key, SLASH) < 0)
        keys->key = SLASH;
    if (keys->end.size == 0 || slice_compare(keys->end, BEHIND_IT) > 0)
        keys->end = BEHIND_IT;
    if (slice_compare(keys->key, keys->end) >= 0)
        return err_set(err, -EINVAL,
                       "a span without a key: in a store with a prefix they begin "
                       "with '/'");
    int r = put_on(s, &keys->key, arena, err);
    return r < 0 ? r : put_on(s, &keys->end, arena, err);
}

int prefix_keys(const struct store *s, struct store_keys *keys, struct arena *arena,
                struct err *err)
{
    if (s->prefix.size == 0)
        return 0;
    if (keys->scope == STORE_SPAN)
        return prefix_span(s, keys, arena, err);
    if (keys->scope == STORE_PREFIX && keys->key.size == 0 &&
        !fault_mutant("store_prefix_without_slash"))
        keys->key = SLASH;
    if (keys->scope == STORE_PREFIX && keys->key.size == 0)
        return put_on(s, &keys->key, arena, err);
    return prefix_key(s, &keys->key, arena, err);
}

static int prefix_ops(const struct store *s, const struct store_op **ops, uint32_t count,
                      struct arena *arena, struct err *err)
{
    struct store_op *all = arena_alloc_array(arena, count + 1, sizeof(*all));
    int r = 0;
    for (uint32_t i = 0; i < count && r == 0; i++) {
        all[i] = (*ops)[i];
        r = all[i].type == STORE_PUT      ? prefix_key(s, &all[i].key, arena, err)
            : all[i].type == STORE_DELETE ? prefix_keys(s, &all[i].keys, arena, err)
                                          : prefix_keys(s, &all[i].range.keys, arena, err);
    }
    *ops = all;
    return r;
}

int prefix_txn(const struct store *s, const struct store_txn *txn, struct arena *arena,
               struct store_txn *ret, struct err *err)
{
    *ret = *txn;
    if (s->prefix.size == 0)
        return 0;
    struct store_compare *compares =
        arena_alloc_array(arena, txn->compare_count + 1, sizeof(*compares));
    int r = 0;
    for (uint32_t i = 0; i < txn->compare_count && r == 0; i++) {
        compares[i] = txn->compares[i];
        r = prefix_key(s, &compares[i].key, arena, err);
    }
    ret->compares = compares;
    if (r == 0)
        r = prefix_ops(s, &ret->then, ret->then_count, arena, err);
    if (r == 0)
        r = prefix_ops(s, &ret->otherwise, ret->otherwise_count, arena, err);
    return r;
}

/* ---- answers ---- */

void prefix_strip(const struct store *s, struct slice *key)
{
    if (s->prefix.size && slice_starts_with(*key, s->prefix))
        *key = slice_sub(*key, s->prefix.size, key->size);
}

void prefix_strip_range(const struct store *s, struct store_range_result *result)
{
    for (uint32_t i = 0; s->prefix.size && i < result->count; i++)
        prefix_strip(s, &result->kvs[i].key);
}

void prefix_strip_txn(const struct store *s, struct store_txn_result *result)
{
    for (uint32_t i = 0; s->prefix.size && i < result->op_count; i++)
        prefix_strip_range(s, &result->ops[i].range);
}

void prefix_strip_lease(const struct store *s, struct store_lease *lease)
{
    for (uint32_t i = 0; s->prefix.size && i < lease->key_count; i++)
        prefix_strip(s, &lease->keys[i]);
}

void prefix_strip_batch(const struct store *s, struct store_batch *b)
{
    for (uint32_t i = 0; s->prefix.size && i < b->count; i++)
        prefix_strip(s, &b->events[i].kv.key);
}
