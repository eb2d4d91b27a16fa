/* views.h - what each of several observers sees, shared between control planes.
 *
 * A check with Observers is asked by as many planes (plane_looks). Each counts its own answers, as
 * if it were alone, and says what came of them, of all such checks of an asset in one key under the
 * lease of its life:
 *
 *     /observers/NODE/NAMESPACE/ASSET    what it sees (wire/view_json.h)
 *     /observers/NODE                    that it sees nothing: only while it is blind
 *
 * It is written when it changes, and every VIEWS_REFRESH_S. So death (the lease ends, within TTL,
 * and the keys with it) differs from a plane that lives and yet says nothing new: that one's word
 * stands for five times the refresh, then it counts as blind (reconcile.h). A plane whose own
 * answers have grown old says itself that it is blind.
 *
 * All planes follow the keys of all others, so that who takes an asset over has them already. What
 * cannot be read counts as not said. */
#ifndef FIREBREAK_RECONCILE_VIEWS_H
#define FIREBREAK_RECONCILE_VIEWS_H

#include "model/sample.h"
#include "reconcile/plane.h"

enum {
    VIEWS_REFRESH_S = 30,
    VIEWS_AT_ONCE_MAX = 64,            /* keys in one transaction, of at most … */
    VIEWS_BYTES_AT_ONCE = 256 * 1024, /* … so many bytes, but for its last */
    VIEWS_AGAIN_MS = 500,              /* after a write that failed */
};

struct reconciler;
struct views;

struct views_options {
    struct store *store;
    struct plane *plane;
    struct reconciler *assets;
    void (*on_sample)(void *ctx, struct sample *s); /* takes it over; may wait */
    void *ctx;
};

struct views *views_new(const struct views_options *options);
void views_free(struct views *v); /* its tasks have ended; NULL is accepted */
/* Tasks: one says what we see, one hears what others do, until they are cancelled. */
void views_say_main(void *views);
void views_hear_main(void *views);
/* An answer of the asset was taken, or who looks at it has changed. Does not wait. */
void views_note(struct views *v, const struct asset *a);
/* The same of all assets: who looks at what has changed, or we are blind, or see again. */
void views_note_all(struct views *v);
/* A check of the asset is new: what others said of it before is told now. May wait. */
void views_tell(struct views *v, const char *namespace_, const char *asset);

struct views_stats {
    uint64_t written_total, failed_total, heard_total, bad_values_total;
    uint32_t held; /* keys of ours that stand */
};
const struct views_stats *views_stats_of(const struct views *v);

#endif
