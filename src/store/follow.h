/* follow.h - a range of keys held in memory, kept equal to the store, told change by change.
 *
 * The dance of list and watch that store.h asks for, once for all: list, watch from the revision
 * behind it, list again where the watch says that it cannot go on, and tell only what differs. As a
 * guard against what nobody thought of, the copy is compared with the store every `relist`; a
 * difference is told like any change, and counted: it should never happen. A comparison reads page
 * by page, and what the watch has meanwhile is told between two pages: it never waits for more than
 * one of them.
 *
 *     r = follow_next(&f, &change, deadline);
 *
 * is called in a loop by one task; there is no task behind it. Changes of one key come in their
 * order; between FOLLOW_SYNCED and the next SET or GONE the copy is the store at f.revision. What
 * cannot be reached now is tried again until the deadline: a follower that fails can be asked on.
 */
#ifndef FIREBREAK_STORE_FOLLOW_H
#define FIREBREAK_STORE_FOLLOW_H

#include "base/map.h"
#include "store/store.h"

enum { FOLLOW_PAGE = 1000, FOLLOW_PAGE_BYTES = 8 * 1024 * 1024, FOLLOW_KEYS_MAX = 1000 * 1000 };

/* A list, or a comparison, that is under way. */
struct follow_list {
    int64_t revision; /* of all its pages; 0: the first one says */
    char *from;       /* where its next page begins; NULL: with the first key */
    size_t from_size;
    struct map gone; /* key -> its deletion, which the watch told meanwhile: not to be revived */
    bool page_next;  /* news were heard: it is the next page's turn */
};

struct follow {
    struct store *store;
    char *prefix;
    size_t prefix_size;
    rt_time relist;
    struct map items;             /* key -> the newest version told or about to be told */
    struct list queue;            /* changes that follow_next has not returned yet */
    struct follow_step *returned; /* what the caller looks at: freed by the next call */
    struct store_watch watch;
    bool watching, listing, comparing;
    struct follow_list list; /* while one of the last two is true */
    int64_t revision;        /* the copy is that of this revision, once the queue is empty */
    rt_time listed;
    uint64_t lists_total, mended_total; /* differences that only the guard found */
};

enum follow_type { FOLLOW_SET, FOLLOW_GONE, FOLLOW_SYNCED };

struct follow_change {
    enum follow_type type;
    struct store_kv kv;         /* GONE: key and mod_revision (0 where only a list told it) */
    const struct store_kv *old; /* what stood there; NULL: nothing */
    int64_t revision;           /* SYNCED: everything up to it has been told */
};

/* Embedded. `relist` 0: every 30 s. Does not wait. */
void follow_init(struct follow *f, struct store *s, struct slice prefix, rt_time relist);
/* Returns 0, -ETIMEDOUT, -ECANCELED; -ENOLINK the store was closed; -ENOSPC more than
 * FOLLOW_KEYS_MAX keys; -EACCES … what trying again does not help. *ret is valid until the next
 * call. */
int follow_next(struct follow *f, struct follow_change *ret, struct err *err, rt_time deadline);
/* The copy: the newest version known, or NULL. Valid until the next follow_next. */
const struct store_kv *follow_get(const struct follow *f, struct slice key);
/* All that the copy has was told: it is not being listed, and nothing waits to be returned. A
 * comparison that is under way changes nothing here: what it finds waits to be returned. */
bool follow_settled(const struct follow *f);
void follow_done(struct follow *f);

#endif
