/* zones.h - time zones by name, out of the machine's database; each file is read once.
 *
 * "UTC" and offsets like "+02:00" need no file (model/zone.h). Every other name is a file in the
 * folder that TZDIR names, else ZONES_FOLDER; where the folder is missing, as in an empty chroot,
 * the error says which zone, which folder, and what to do. Names are parts of letters, digits, '_',
 * '+' and '-' with '/' between them: none leads out of the folder.
 *
 * Reads by blocking calls: outside of the runtime, or on an offload thread. Not thread-safe; what
 * it returns lives as long as it does, and may be read by anybody. */
#ifndef FIREBREAK_CONFIG_ZONES_H
#define FIREBREAK_CONFIG_ZONES_H

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "model/zone.h"

#define ZONES_FOLDER "/usr/share/zoneinfo"

enum {
    ZONES_NAME_BYTES_MAX = 64,
    ZONES_NAMES_MAX = 4096, /* that are looked through for a near one */
    ZONES_DEPTH_MAX = 4,    /* "America/Argentina/Buenos_Aires" has 3 parts */
};

struct zones {
    struct arena arena;
    struct map known; /* name -> struct zone of one that was found */
    const char *folder;
    const char **names; /* NULL: not listed yet */
    size_t name_count;
};

/* `environment` ends in NULL, or is NULL: it is asked for TZDIR. */
void zones_init(struct zones *z, char *const *environment);
void zones_done(struct zones *z);

/* Returns 0; -ENOENT: there is none of that name; -ENOTDIR: there is no folder; else what is wrong
 * with its file; each with *err. */
int zones_find(struct zones *z, struct slice name, const struct zone **ret, struct err *err);
/* The nearest name in the folder, or NULL. */
const char *zones_suggest(struct zones *z, struct slice name);

#endif
