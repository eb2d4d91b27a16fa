/* up.h - `firebreak up`: the stages of this program and the channels between them.
 *
 *     discover -> watch (a task for each service) -> samples -> reconcile -> events -> show
 *     registry -> ask (a task for each check)     ->   ^  ^       |    |
 *      ^   ^                                           |  |     orders keep -> store
 *   config  store <-> gateway: the local API           |  |       v
 *             |-----> people: maintain, freeze … -------  ----- repairs <-> tasks in the store
 *
 * What the store declares is watched, whoever wrote it there (registry.h). Where files declare
 * assets or checks nothing is discovered, else what listens on this host is watched, too.
 *
 * All of it lives on loop 0. Assets are written by the reconcile task only; show reads them between
 * two waits, which on one loop is safe. */
#ifndef FIREBREAK_APP_UP_H
#define FIREBREAK_APP_UP_H

#include "app/app.h"
#include "app/observer_pool.h"
#include "app/out.h"
#include "app/probe_counts.h"
#include "app/store_open.h"
#include "cli/print.h"
#include "config/reload.h"
#include "gateway/gateway.h"
#include "model/sample.h"
#include "observe/observe.h"
#include "reconcile/reconcile.h"
#include "rt/chan.h"
#include "rt/interrupt.h"

enum {
    UP_SAMPLES_MAX = 1024, /* on their way to reconcile */
    UP_EVENTS_MAX = 1024,  /* on their way to show */
    UP_DISCOVER_EVERY_MS = 1000,
    UP_PLACE_AFTER_MS = 10, /* checks that come together are shared out together */
};

RT_CHAN(sample_chan, struct sample *);
RT_CHAN(event_chan, struct event *);

struct beats;
struct keep;
struct notify;
struct node_claim;
struct queries;
struct recent;
struct registry;
struct repairs;
struct scheduler;
struct scrapes;

/* What sight.h knows. */
struct sight {
    bool had;   /* a link to somewhere else, since we began */
    bool blind; /* there is none any more, and it was told */
    rt_time looked;
    uint32_t limits;       /* attempts in a row, of all, that our own limits spoilt */
    rt_time limited_since; /* of the first of them */
    bool starved;          /* and that was told */
};

struct up {
    struct app *app;
    bool once;
    enum cli_form form;
    struct probe_spec spec;
    struct observer *observer;
    struct discovery *discovery;
    struct reconciler *assets;
    struct sample_chan samples; /* NULL among them: who owns what may have changed */
    struct event_chan events;
    struct sight sight;
    struct rt_group stages, watchers;
    struct list watching; /* struct watcher */
    struct observer_pool observers;
    struct local_host *local; /* what checks of this host share */
    struct list remembering;  /* processes that remedies would restart: remember.c */
    struct beats *beats;      /* NULL: --once */
    struct registry *registry; /* what is declared */
    struct recent *recent;     /* metrics of the last hours; NULL, as the two below, at the end */
    struct scrapes *scrapes;   /* what puts them there */
    struct queries *queries;   /* what asks about them */
    struct probe_counts probe_counts;
    struct list asking;        /* of the checks that are: up_declared.c */
    uint64_t spread;           /* checks that were given a moment of their round */
    struct config_options options;
    struct config_reloader reloader;
    uint64_t reload_ok_total, reload_fault_total; /* of files that were read anew */
    struct rt_event config_ready; /* the first configuration has been declared */
    struct rt_event config_read;  /* one was taken; discovery clears it */
    struct rt_event people_heard; /* all that stands of what people said */
    bool declares;                /* the configuration names assets or checks */
    char *notice;                 /* a line for the screen; NULL: none */
    char latest[ASSET_KEY_BYTES_MAX]; /* the asset to which something happened last, here or at
                                       * another plane; for the screen */
    struct store_place place;
    const char *node;         /* our name among those that share the store */
    int64_t lease_ttl_ns;     /* of what we hold in the store */
    struct rt_file *lock;     /* of the data folder, where the store is not in it */
    struct store *store;      /* NULL, as the two below it: --once */
    struct node_claim *claim; /* NULL: nobody else can be on the store */
    struct gateway *gateway;
    struct keep *keep;
    struct repairs *repairs;
    struct notify *notify;   /* NULL: --once */
    struct rt_event resync;      /* who owns what may have changed */
    bool owners_due;             /* and what they left has not been taken up */
    rt_time place_due;           /* who asks which check is looked at anew then; 0: not */
    struct scheduler *scheduler; /* NULL: --once */
    struct rt_group keeping, repairing;
    struct out out;
    struct rt_group main; /* cancelled to end it all */
    struct rt_interrupt interrupt;
    int status;
    struct err err;
};

/* The next whole multiple of `every`: what is due now and then, and may be a little sooner, comes
 * at the same moments, so that an idle process wakes once for all of it. */
static inline rt_time up_next_whole(rt_time every)
{
    rt_time now = rt_now();
    return now - now % every + every;
}

/* Shows a line on the screen, if there is one, until the next; NULL: none. The text is copied. */
void up_notice(struct up *u, const char *text);
/* Opens the store, and serves it, and keeps in it what is found. Returns 0 or why not. */
int up_serve(struct up *u);
/* In good order; what is not there is passed over. */
void up_serve_end(struct up *u);
/* The show stage on a terminal: until q, or the end. */
void up_screen(struct up *u);
/* The assets in the order in which they are shown; the array is the caller's to free (MEM_APP). */
const struct asset **up_sorted(const struct up *u, size_t *ret_count);

#endif
