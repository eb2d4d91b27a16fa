/* log_levels.h - which logger speaks at what level: names, and what holds below them. Inside of rt.
 *
 * A name stands in the table once somebody set its level or made a logger of it, and stays. Its
 * level is its own if it has one, else that of the nearest name above it ("observe" is above
 * "observe.dns") that does; "" is above all and always has one. The level of each name is worked
 * out when something is set, so that a logger asks with one relaxed load.
 *
 * Any thread; the caller holds the sink's lock, except for reading a level. */
#ifndef FIREBREAK_RT_LOG_LEVELS_H
#define FIREBREAK_RT_LOG_LEVELS_H

#include "rt/logsink.h"

struct log_level_name {
    char name[LOG_NAME_BYTES_MAX];
    uint32_t name_bytes;
    bool own; /* somebody set it */
    enum log_level own_level;
    _Atomic uint8_t level; /* that holds */
};

/* names[0] is "". */
struct log_levels {
    uint32_t count;
    struct log_level_name names[LOGSINK_NAMES_MAX];
};

void log_levels_init(struct log_levels *t, enum log_level level);
/* Returns 0, -EINVAL (name too long) or -ENOSPC (LOGSINK_NAMES_MAX). */
int log_levels_set(struct log_levels *t, struct slice name, enum log_level level);
/* For "" the level stays: there is none above it. */
void log_levels_unset(struct log_levels *t, struct slice name);
/* That holds for this name, which need not stand in the table. */
enum log_level log_levels_get(const struct log_levels *t, struct slice name);
/* Where a logger of this name looks; beyond LOGSINK_NAMES_MAX at a name above it. */
const _Atomic uint8_t *log_levels_watch(struct log_levels *t, struct slice name);

#endif
