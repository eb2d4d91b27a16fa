#include "base/fault.h"
#include "store/sqlite_data.h"

/* Nine of ten looks at the table `cur` are for a key that the writer met lately: the guard that
 * every write of an election compares, the key that was put and is now compared with what it was
 * put as. So it remembers, of that many keys, what stands of them, also that nothing does.
 *
 * It cannot be wrong: the file is one process's, one connection writes, and each change of the
 * table goes through here. What is taken back, a transaction or a batch, takes all of it along. */
enum { KNOWN_MAX = 16 * 1024, KNOWN_KEY_BYTES_MAX = 256 };

struct known {
    struct sdb_standing standing;
    size_t size;
    char key[];
};

static bool forget(void *ctx, const struct map_entry *e)
{
    (void)ctx;
    mem_free(MEM_STORE, e->value);
    return true;
}

void sdb_know_nothing(struct sdb *db)
{
    if (fault_mutant("store_known_after_rollback"))
        return;
    map_remove_if(&db->known, forget, NULL);
}

void sdb_know(struct sdb *db, struct slice key, const struct sdb_standing *s)
{
    struct known *k = map_get(&db->known, key);
    if (!k) {
        if (key.size > KNOWN_KEY_BYTES_MAX)
            return;
        /* All of it at once: what is still wanted is soon known again. */
        if (db->known.count == KNOWN_MAX)
            map_remove_if(&db->known, forget, NULL);
        k = mem_alloc(MEM_STORE, sizeof(*k) + key.size);
        k->size = key.size;
        memcpy(k->key, key.data, key.size);
        map_put(&db->known, (struct slice){k->key, k->size}, k, NULL);
    }
    k->standing = *s;
}

static int look_up(struct sdb *db, struct slice key, struct sdb_standing *ret, struct err *err)
{
    sqlite3_stmt *st = sdb_statement(db, SDB_CUR_GET);
    sdb_bind_bytes(st, 1, key);
    int r = sdb_step(db, st, err);
    *ret = (struct sdb_standing){0};
    if (r > 0)
        *ret = (struct sdb_standing){
            .id = sqlite3_column_int64(st, 0),
            .crev = sqlite3_column_int64(st, 1),
            .ver = sqlite3_column_int64(st, 2),
            .lease = sqlite3_column_int64(st, 3),
        };
    sqlite3_reset(st);
    return r < 0 ? r : 0;
}

int sdb_standing_of(struct sdb *db, struct slice key, struct sdb_standing *ret, struct err *err)
{
    const struct known *k = map_get(&db->known, key);
    if (k) {
        *ret = k->standing;
        return 0;
    }
    int r = look_up(db, key, ret, err);
    if (r == 0)
        sdb_know(db, key, ret);
    return r;
}
