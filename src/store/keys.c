#include "store/backend.h"

#include <errno.h>

bool store_keys_have(const struct store_keys *keys, struct slice key)
{
    switch (keys->scope) {
    case STORE_KEY:
        return slice_eq(keys->key, key);
    case STORE_PREFIX:
        return slice_starts_with(key, keys->key);
    case STORE_SPAN:
        return slice_compare(key, keys->key) >= 0 &&
               (keys->end.size == 0 || slice_compare(key, keys->end) < 0);
    }
    return false;
}

bool store_relation_holds(enum store_relation relation, int64_t order)
{
    switch (relation) {
    case STORE_EQUAL:
        return order == 0;
    case STORE_NOT_EQUAL:
        return order != 0;
    case STORE_LESS:
        return order < 0;
    case STORE_GREATER:
        return order > 0;
    }
    return false;
}

struct slice store_prefix_end(struct slice prefix, char *room)
{
    size_t size = prefix.size;
    while (size > 0 && (unsigned char)prefix.data[size - 1] == 0xff)
        size--;
    if (size == 0)
        return (struct slice){NULL, 0};
    memcpy(room, prefix.data, size);
    room[size - 1] = (char)((unsigned char)room[size - 1] + 1);
    return (struct slice){room, size};
}

struct store_keys store_keys_copy(const struct store_keys *keys, char **ret_bytes)
{
    char *bytes = mem_alloc(MEM_STORE, keys->key.size + keys->end.size);
    if (keys->key.size)
        memcpy(bytes, keys->key.data, keys->key.size);
    if (keys->end.size)
        memcpy(bytes + keys->key.size, keys->end.data, keys->end.size);
    *ret_bytes = bytes;
    return (struct store_keys){
        .scope = keys->scope,
        .key = {bytes, keys->key.size},
        .end = {bytes + keys->key.size, keys->end.size},
    };
}

static int copy(struct arena *arena, struct slice from, struct slice *ret)
{
    char *data = arena_strdup(arena, from);
    if (!data)
        return -ENOSPC;
    *ret = (struct slice){data, from.size};
    return 0;
}

int store_kv_copy(struct arena *arena, const struct store_kv *kv, struct store_kv *ret)
{
    struct store_kv made = *kv;
    int r = copy(arena, kv->key, &made.key);
    if (r == 0)
        r = copy(arena, kv->value, &made.value);
    if (r == 0)
        *ret = made;
    return r;
}
