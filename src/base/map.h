/* map.h - hash map from byte strings or numbers to pointers.
 *
 * A map has one kind of key, chosen by the first put: slices (compared byte for byte) or uint64_t.
 * It owns neither keys nor values: a slice key must stay where it is for as long as its entry, so
 * it usually lies inside the value. Putting over an old entry also takes the new key's memory.
 *
 * Keys that strangers choose (host names, labels, header names) could be picked to fall into one
 * bucket, which turns a map into a list and a loop into a stall. So the hash is keyed
 * (SipHash-1-3), and the caller passes the key: base has no randomness, and the simulator needs
 * the same one for the same seed. A seed of zeroes is for keys that only we choose.
 *
 * Open addressing, removal without tombstones, at most 3/4 full. It grows by doubling, in one
 * go: about 20 ms for a million entries, so a map that will be large is reserved up front.
 * count_max bounds it. All zeroes is a valid empty map without a bound. Not thread-safe. */
#ifndef FIREBREAK_BASE_MAP_H
#define FIREBREAK_BASE_MAP_H

#include "base/alloc.h"
#include "base/slice.h"

struct map_slot;

struct map_seed {
    uint64_t k0, k1;
};

struct map {
    struct map_slot *slots;
    size_t cap; /* slots: 0 or a power of two */
    size_t count;
    size_t count_max; /* 0: no bound */
    struct map_seed seed;
    enum mem_subsystem sub;
    bool has_numbers; /* the kind of its keys; means nothing while it never held one */
};

#define MAP(subsystem, max, seed_)                                                                 \
    ((struct map){.sub = (subsystem), .count_max = (max), .seed = (seed_)})

/* Frees the table, not the keys or values. Empty and valid afterwards; NULL is accepted. */
void map_done(struct map *m);
/* Room for `count` entries without growing on the way. Returns 0 or -ENOSPC (beyond count_max). */
int map_reserve(struct map *m, size_t count);

/* `value` is not NULL. *ret_old, which may be NULL, gets the value that was replaced, or NULL.
 * Returns 0, or -ENOSPC: the key is new and the map holds count_max entries. */
int map_put(struct map *m, struct slice key, void *value, void **ret_old);
int map_put_u64(struct map *m, uint64_t key, void *value, void **ret_old);
/* The value, or NULL. */
void *map_get(const struct map *m, struct slice key);
void *map_get_u64(const struct map *m, uint64_t key);
/* Takes the entry out and returns its value, or NULL where there was none. */
void *map_remove(struct map *m, struct slice key);
void *map_remove_u64(struct map *m, uint64_t key);

/* One entry of a walk; the member that is the map's kind is set. */
struct map_entry {
    struct slice key;
    uint64_t number;
    void *value;
};
/* Walks all entries, in an order that depends on nothing but the seed and the history of puts
 * and removes. *cursor starts at 0. The map must not change during the walk.
 * Loop: `for (size_t at = 0; map_next(&m, &at, &e);)`. */
bool map_next(const struct map *m, size_t *cursor, struct map_entry *ret_entry);
/* Asks `drop` once about each entry and takes out those it answers true for; `drop` may free
 * the value (and the key with it), and must not touch the map. Returns how many went. */
size_t map_remove_if(struct map *m, bool (*drop)(void *ctx, const struct map_entry *e), void *ctx);

/* The hash itself, for sharding and sampling: SipHash-1-3. */
uint64_t map_hash(struct map_seed seed, const void *data, size_t size);

#endif
