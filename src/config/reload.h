/* reload.h - a configuration that is taken up anew while the program runs.
 *
 * Its files are watched (also where an editor writes a new file and renames it over the old one),
 * and SIGHUP asks for it. A new configuration is built and checked beside the one that runs; only
 * one without a fault takes its place. Files that are written where they stand are read when they
 * have been quiet for a moment, and empty ones only when they stay so; SIGHUP does not wait. Two
 * reloads never run at the same time: what changes meanwhile makes one more of them. Building and
 * comparing run on an offload thread, whose stack is large enough for what may stand inside each
 * other.
 *
 * On loop 0. */
#ifndef FIREBREAK_CONFIG_RELOAD_H
#define FIREBREAK_CONFIG_RELOAD_H

#include "config/diff.h"
#include "config/load.h"
#include "rt/event.h"
#include "rt/rt.h"

enum {
    RELOAD_WATCHED_MAX = 256, /* paths; those beyond are taken up by SIGHUP only */
    RELOAD_QUIET_MS = 100,    /* without a change before files are read */
    RELOAD_QUIET_MS_MAX = 1000,
    RELOAD_EMPTY_MS_MAX = 800, /* an empty file may be one that is being written */
};

struct config_reloader {
    const struct config_options *options;
    struct config *current; /* the reloader's; never NULL, without a fault, canonical */
    /* The new one, canonical, has taken the old one's place; `old` goes when it returns. NULL:
     * nothing changes. May wait. */
    void (*on_swap)(void *ctx, struct config *old, struct config *fresh,
                    const struct config_change *changes);
    /* The new one has faults: the old one stays. `bad` goes when it returns. */
    void (*on_faults)(void *ctx, const struct config *bad);
    /* A path cannot be watched. */
    void (*on_unwatched)(void *ctx, const char *path, int code);
    void *ctx;

    struct rt_group group; /* of the watches and the signal */
    struct rt_event changed;
    bool hangup; /* SIGHUP has come */
    struct config *fresh;
    const struct config_change *changes;
};

/* A task: until its group is cancelled. `current` is freed with config_free by the owner. */
void config_reloader_run(void *reloader);

#endif
