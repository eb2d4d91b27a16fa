/* world.h - self-healing, in a world: three control planes, up to a thousand assets, one store.
 *
 * Assets break: one by one, many at once, by what they depend on. Each plane watches all of them
 * and repairs those that it owns. Some checks have three observers: the planes, each of which hears
 * of the others through the store; one of them lies, does not answer or cannot look. A plane loses
 * its network, or has no descriptors; dies at a drawn write (which happened, or not), is stopped in
 * good order, or cut off for longer than its lease, and comes back with what it kept; requests and
 * replies are lost, late or sent twice. People maintain (for a time, or until they end it), recover
 * and freeze. Remedies fail, or do not help. Then all of it heals.
 *
 * In every third world a plane says only of what it owns how it is, and shows of the rest what the
 * others wrote, as the program does; in the others each judges all that it sees.
 *
 * Three witnesses write down what happens: one hears each plane's events (every move is told, and
 * is one that the table has), one its orders (each is justified by a verdict, and nothing forbids
 * it), and one is told of every change of the store, in order (one repair of an asset at a time,
 * and never more of a group than its blast radius). The truth is known only to the world. */
#ifndef FIREBREAK_SIM_HEAL_WORLD_H
#define FIREBREAK_SIM_HEAL_WORLD_H

#include "reconcile/reconcile.h"
#include "sim/search.h"
#include "store/memory.h"
#include "store/tasks.h"

enum {
    PLANES = 3,
    ASSETS_MAX = 1000,
    GROUP_SIZE = 8, /* of each so many assets: a group */
    OBSERVERS = PLANES,
    LEASE_MS = 3000,
    EVERY_MS = 2000,
    EVERY_FAILED_MS = 500,
    COOLDOWN_S = 4,
    TRUE_S = 25, /* what a repair is for was so within it */
    LEAVE_MS = 1000, /* a maintenance that has ended is left within it, by who owns the asset */
    END_MS = 500,    /* so far may an end be off that was written down, by a clock that jumps: where
                      * it is by more, people say theirs again */
    TURNS_MAX = 64,  /* ticks at one instant until nothing is due at it */
};

enum check {
    CHECK_TABLE,     /* a move is one of the table, from the state it was in */
    CHECK_TOLD,      /* every move is told */
    CHECK_WELL,      /* Healthy only where all passes */
    CHECK_JUSTIFIED, /* a repair begins for a check that has failed */
    CHECK_TRUE,      /* and that was so */
    CHECK_QUIET,     /* none in Maintenance or Unknown */
    CHECK_LEAVES,    /* what is in Maintenance leaves it in time */
    CHECK_RESTS,     /* once all that is due is done, nothing is due */
    CHECK_FROZEN,    /* none while frozen */
    CHECK_DEPENDS,   /* none before what it depends on */
    CHECK_BRAKE,     /* none where most of a group fails */
    CHECK_COOLDOWN,  /* none again before its pause is over */
    CHECK_FLAPPING,  /* none of what is damped */
    CHECK_BLIND,     /* who is blind says Unknown, never Failed */
    CHECK_VERIFIED,  /* verified is what passed */
    CHECK_RADIUS,    /* no more of a group under repair than its blast radius */
    CHECK_ALONE,     /* one repair of an asset at a time, whoever begins it */
    CHECK_ROLLBACK,  /* what did not help is undone once */
    CHECK_CONVERGES, /* healed, all of it gets well */
    CHECK_CLEAN,     /* and nothing is left open */
    CHECK_ENDED,     /* all of the program's tasks end */
    CHECK_COUNT,
};

enum happening {
    HAPPENED_BROKEN,
    HAPPENED_OUTAGE,
    HAPPENED_LIED,
    HAPPENED_BLINDED,
    HAPPENED_LIMITED,
    HAPPENED_KILLED,
    HAPPENED_STOPPED,
    HAPPENED_CUT,
    HAPPENED_STARTED,
    HAPPENED_MAINTAINED,
    HAPPENED_RECOVERED,
    HAPPENED_FROZEN,
    HAPPENED_OWNER_CHANGED,
    HAPPENED_RESTORED,
    HAPPENED_ORDERED,
    HAPPENED_TASK,
    HAPPENED_HELPED,
    HAPPENED_VERIFIED,
    HAPPENED_FAILED,
    HAPPENED_ROLLED_BACK,
    HAPPENED_EXHAUSTED,
    HAPPENED_HELD_BACK,
    HAPPENED_BRAKED,
    HAPPENED_DAMPED,
    HAPPENED_UNKNOWN,
    HAPPENED_DEPENDENT,
    HAPPENED_TAKEN_OVER,
    HAPPENED_TIME_UP,
    HAPPENED_TIME_UP_UNOWNED,
    HAPPENED_SHOWN,
    HAPPENED_HEARD,
    HAPPENED_COUNT,
};

struct world;

/* An asset as it is. */
struct thing {
    bool ok;
    rt_time bad_at;      /* it was not well then, the last time */
    rt_time breaks;      /* it does so again, while it flaps */
    int32_t depends;     /* on this one; -1: on none */
    bool many;           /* three observers look */
    int bad_observer;    /* of them; -1: none */
    int how;             /* it lies, is dead, cannot look */
    rt_time maintained_until; /* that was said last; RT_NEVER: until it is ended */
    bool timed;               /* the last one ends, or has ended, by its time */
    uint32_t running;    /* tasks of its repairs that have not ended */
    bool limited;        /* nobody can look at it */
};

struct process {
    struct world *w;
    uint32_t id;
    bool alive, cut;
    rt_time next; /* when it is healed or started again */
    char name[16];
    struct store *store;
    struct rt_group group;
    struct reconciler *r;
    struct plane *plane;
    struct views *views;
    struct repair_orders *orders;
    bool blind, shares_moved;
    struct rt_event kept;
    struct kept_asset {
        const struct asset *asset; /* none goes while its plane lives */
        enum asset_state told;
        rt_time probe_at, fell, ordered[2];
        int64_t revision; /* of its state in the store, as we know it */
        bool created, dirty, owned, restored, limited;
    } of[ASSETS_MAX];
};

struct world {
    struct sim_world sim;
    struct store_memory *memory;
    struct process planes[PLANES];
    struct thing things[ASSETS_MAX];
    uint32_t count;
    uint32_t radius[ASSETS_MAX / GROUP_SIZE + 1]; /* of each group; 0: none is said */
    bool frozen, calm, judged_once; /* judged_once: by one plane each */
    struct store *people;
    struct rt_group works; /* of tasks */
};

void check(struct world *w, enum check which, bool holds, const char *fmt, ...) PRINTF_LIKE(4, 5);
void happened(struct world *w, enum happening event);
void say(const struct world *w, const char *fmt, ...) PRINTF_LIKE(2, 3);
uint32_t draw(uint32_t below);

bool is_well(const struct world *w, uint32_t i); /* and what it depends on */
/* "default/a12", "a12" -> 12; UINT32_MAX: none. */
uint32_t number_of(const char *key);
uint32_t radius_of(const struct world *w, uint32_t i);
bool is_maintained(const struct world *w, uint32_t i);

/* witness.c */
void hear_event(struct process *p, const struct event *e);
void hear_order(struct process *p, const struct repair_order *o);
void check_told(struct process *p);
const struct asset *asset_of(struct process *p, uint32_t i);
void observe(void *world, uint64_t client, const struct store_event *events, uint32_t count);
/* plane.c */
void process_start(struct process *p);
void process_end(struct process *p, bool in_order);
/* Whether it says how that is: else it shows what another one wrote. */
bool process_judges(const struct process *p, const struct asset *a);
/* Of every plane that lives. */
void tell_all(struct world *w, const struct sample *s);

#endif
