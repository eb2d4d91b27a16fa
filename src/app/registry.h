/* registry.h - what is declared, by files and in the store, made one, and acted on.
 *
 * The store's /registry/<kinds>/<namespace>/<name> is what holds: whoever writes there, `apply`,
 * `delete`, another node or etcdctl, is followed within moments. Files come in by an apply: when
 * they are read, at the start and at each change, what they declare is written there (only what
 * differs, each write guarded by the revision that was looked at), and what they no longer name is
 * deleted.
 *
 * Who owns a resource is recorded beside it: /declared/<kinds>/<namespace>/<name>/<node> has it as
 * the files of that node have it, written in the same transaction. A resource that is no longer
 * equal to the record was changed by hand: it stands until files are read the next time, and where
 * they no longer name it, it stays. With records of several nodes, the last one deletes.
 *
 * What files declare is acted on before it is written: a store that takes no writes (a full disk)
 * or does not answer keeps nobody from watching. Until a resource is written, what the store tells
 * about it is passed over; so is what is older than that write.
 *
 * A value that is no resource is told in the log with its key, and passed over: what stood there
 * before is acted on still. All of it lives on loop 0. */
#ifndef FIREBREAK_APP_REGISTRY_H
#define FIREBREAK_APP_REGISTRY_H

#include "app/up.h"
#include "base/map.h"
#include "model/kind.h"

enum {
    REGISTRY_ENTRIES_MAX = 200 * 1000,
    REGISTRY_TXN_RESOURCES = 60,     /* written at once: two keys each */
    REGISTRY_TXN_BYTES = 512 * 1024, /* of their values, unless it is a single one */
    REGISTRY_AGAIN_MS = 1000,        /* after a write or read that failed */
    REGISTRY_ROUNDS_MAX = 10,        /* that meet another writer, before it is waited */
};

/* A resource. Texts are canonical JSON (config/resource.h). */
struct registry_entry {
    struct list link;
    struct list dirty_link;
    char *key; /* "checks/default/db" */
    const struct kind *kind;
    struct slice namespace_, name; /* in `key` */
    char *files;                   /* as the files have it; NULL: they do not */
    const char *file;              /* where: one of them, in `file_names`; and its line */
    uint32_t line;
    char *wanted, *acted;          /* what is to be acted on, and what is; NULL: nothing */
    char *former;                  /* `files` of the ones before, while new ones are taken */
    bool dirty;
    uint32_t pins;       /* by those who wait and come back to it */
    int64_t heard;       /* the newest change that the store told of it */
    int64_t quiet_until; /* what is not newer is no news; INT64_MAX: it is still to be written */

    /* The newest change that was passed over while it was still to be written: it may be newer
     * than that write turns out to be. */
    int64_t skipped;
    char *skipped_value; /* NULL: it went */

    /* While files are written (registry_sync.c): */
    char *record;            /* of this node */
    struct slice stored;     /* what stands there, in the arena of that round */
    int64_t stored_revision; /* 0: nothing */
    bool so;                 /* it stands there as the files have it */
    bool others;             /* another node's files have it, too */
};

struct registry {
    struct up *up;
    struct map by_key; /* of the entries */
    struct list entries, dirty;
    struct arena file_names;
    struct rt_event dirty_wake, acted_all, sync_wake;
    struct rt_event first_sync; /* was tried: followers may begin */
    bool has_files, synced, failing;
    int64_t followed; /* everything up to this revision has been told */
    uint64_t bad_values_total, written_total;
};

struct registry *registry_new(struct up *u);
/* After its tasks. NULL is accepted. */
void registry_free(struct registry *r);
/* What files say now. Waits; `config` is canonical and stays until it returns. */
void registry_take_files(struct registry *r, struct config *config);
/* As gateway_options.declared_at; ctx is the struct up. */
bool registry_declared_at(void *ctx, const struct kind *kind, struct slice namespace_,
                          struct slice name, struct buf *ret_place);
/* Returns once everything that is wanted is acted on: 0 or -ECANCELED. */
int registry_wait(struct registry *r);
/* Tasks, until they are cancelled. The last two need the store. */
void registry_act_main(void *registry);
void registry_sync_main(void *registry);
void registry_follow_main(void *registry);

/* ---- inside ---- */

struct registry_entry *registry_find(const struct registry *r, struct slice key);
/* NULL: the key names no resource that can be declared. */
struct registry_entry *registry_entry(struct registry *r, struct slice key);
void registry_want(struct registry *r, struct registry_entry *e, const char *text);
/* From here on what is newer than `revision` is news: also what was passed over until now. May
 * wait. */
void registry_settled(struct registry *r, struct registry_entry *e, int64_t revision);
/* A value of another program as canonical text. Returns 0; -EBADMSG with what is wrong in *err; or
 * -ECANCELED. */
int registry_read(const struct registry_entry *e, struct slice value, struct buf *ret_text,
                  struct err *err);

#endif
