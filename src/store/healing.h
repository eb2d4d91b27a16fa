/* healing.h - what people tell self-healing: maintain, recover, freeze.
 *
 * Their words are keys under /config, apart from /state, which has a single writer: whoever owns
 * the asset follows them and acts.
 *
 *     /config/freeze                   {"at","by","reason"}          there is no automatic repair
 *     /config/maintain/<ns>/<asset>    {"at","by","until"}           it is left alone until then
 *     /config/recover/<ns>/<asset>     {"at","by"}                   the owner deletes it, once
 * done
 *     /config/silences/<name>          {"name","selector","until","reason","by","at"}   receivers
 * are told nothing of these assets until then
 *
 * Who wants the end of a maintenance or a silence deletes its key; when it is over, whoever follows
 * it does. */
#ifndef FIREBREAK_STORE_HEALING_H
#define FIREBREAK_STORE_HEALING_H

#include "store/store.h"

enum {
    HEALING_S_MAX = 366 * 24 * 3600,
    HEALING_SELECTOR_BYTES_MAX = 2048,
    HEALING_REASON_BYTES_MAX = 2048,
};

/* Behind which the keys above stand. */
#define HEALING_PREFIX "/config/"

enum healing_type { HEALING_FREEZE, HEALING_MAINTAIN, HEALING_RECOVER, HEALING_SILENCE };

struct healing_word {
    enum healing_type type;
    struct slice asset; /* as keys have it: "default/web", percent-encoded; FREEZE: empty; SILENCE:
                         * its name (model/kind.h) */
    struct slice selector; /* SILENCE: over labels, asset and namespace among them */
    struct slice by, reason;
    int64_t at_ms, until_ms; /* since 1970 */
};

/* `w` says what; at_ms and, of MAINTAIN and SILENCE, until_ms are told. Of an asset that is there:
 * declared or found. Returns 0; -ENOENT: there is no such asset; -EINVAL with *err: no name, a
 * selector that is none or takes everything, or a text beyond its bound; or as store_txn. */
int healing_say(struct store *s, const struct healing_word *w, struct err *err, rt_time deadline);
/* Takes back what was said: thaws, or ends a maintenance or a silence. Returns 0, also where it was
 * not so; -ENOENT as above, and where there is no such silence. */
int healing_unsay(struct store *s, const struct healing_word *w, struct err *err, rt_time deadline);
/* A key of the store as a word: texts lie in `arena` or in *kv. Returns 0; -ENOENT: the key is none
 * of these; -EBADMSG with *err: its value is none that it can be. */
int healing_read(const struct store_kv *kv, struct arena *arena, struct healing_word *ret,
                 struct err *err);
/* The key of w; in `arena`. */
struct slice healing_key(const struct healing_word *w, struct arena *arena);

#endif
