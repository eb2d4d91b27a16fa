#include "app/people.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/notify.h"
#include "app/repair.h"
#include "app/up.h"
#include "store/follow.h"
#include "store/healing.h"
#include "wire/url_escape.h"

enum {
    LOOK_MS = 1000,            /* where something stands, or has to be tried again */
    LOOK_QUIET_MS = 10 * 1000, /* else: one may come back in a Maintenance that has ended */
    CALL_MS = 5000,
    WORDS_MAX = 50 * 1000,
};

/* A word that stands. */
struct word {
    struct list link;
    struct healing_word said; /* texts in the arena */
    int64_t revision;
    char asset[64], namespace_[64], *key; /* key: in the store */
    struct arena arena;
};

struct people {
    struct up *up;
    struct follow follow;
    struct map by_key; /* of the words */
    struct list words;
    bool any_maintained; /* an asset, when all were last looked at */
};

/* ---- samples ---- */

static int put(struct people *p, enum sample_type type, const struct word *w, int64_t for_ns)
{
    struct sample *s = sample_new(type);
    memcpy(s->asset, w->asset, sizeof(w->asset));
    memcpy(s->namespace_, w->namespace_, sizeof(w->namespace_));
    s->by = arena_strdup(&s->arena, w->said.by);
    snprintf(s->detail, sizeof(s->detail), "%.*s", SLICE_ARG(w->said.reason));
    s->for_ns = for_ns;
    int r = rt_send(&p->up->samples, s, RT_NEVER);
    if (r < 0)
        sample_free(s);
    return r;
}

static const struct asset *asset_of(const struct people *p, const struct word *w)
{
    return reconciler_find_in(p->up->assets, w->namespace_, w->asset);
}

/* The key goes, where it is still what we saw. */
static void take_back(struct people *p, const struct word *w)
{
    struct slice key = slice_from(w->key);
    struct store_compare guard = {.key = key, .target = STORE_MOD_REVISION, .number = w->revision};
    struct store_op op = {.type = STORE_DELETE, .keys = store_key(key)};
    struct store_txn txn = {.compares = &guard, .compare_count = 1, .then = &op, .then_count = 1};
    (void)store_txn(p->up->store, &txn, NULL, NULL, NULL, rt_now() + CALL_MS * RT_MS);
}

/* ---- acting ---- */

/* Returns 0 or -ECANCELED. */
static int act(struct people *p, struct word *w)
{
    const struct asset *a = asset_of(p, w);
    int64_t left_ms = w->said.until_ms - rt_wall_now() / RT_MS;
    bool ours = a && repairs_own(p->up->repairs, a);
    int r = 0;
    bool ends = w->said.type == HEALING_MAINTAIN || w->said.type == HEALING_SILENCE;
    if (ends && left_ms <= 0)
        take_back(p, w); /* the key that goes ends it */
    else if (w->said.type == HEALING_MAINTAIN && a && a->state != ASSET_MAINTENANCE)
        r = put(p, SAMPLE_MAINTAIN, w, left_ms * RT_MS);
    else if (w->said.type == HEALING_RECOVER && ours) {
        r = put(p, SAMPLE_RECOVER, w, 0);
        if (r == 0)
            take_back(p, w);
    }
    return r == -ECANCELED ? r : 0;
}

/* An asset that came back from an earlier life in Maintenance, which was ended meanwhile. */
static int end_stale(struct people *p)
{
    p->any_maintained = false;
    for (const struct asset *a = NULL; (a = reconciler_next(p->up->assets, a));) {
        struct word w = {.key = NULL};
        if (a->state != ASSET_MAINTENANCE)
            continue;
        p->any_maintained = true;
        bool stands = false;
        list_each (it, &p->words) {
            const struct word *x = list_entry(it, struct word, link);
            stands |= x->said.type == HEALING_MAINTAIN && strcmp(x->asset, a->name) == 0 &&
                      strcmp(x->namespace_, a->namespace_) == 0;
        }
        if (stands)
            continue;
        snprintf(w.asset, sizeof(w.asset), "%s", a->name);
        snprintf(w.namespace_, sizeof(w.namespace_), "%s", a->namespace_);
        return put(p, SAMPLE_MAINTAIN, &w, 0) == -ECANCELED ? -ECANCELED : 0;
    }
    return 0;
}

static int act_all(struct people *p)
{
    int r = 0;
    list_each (it, &p->words) {
        r = act(p, list_entry(it, struct word, link));
        if (r < 0)
            return r;
    }
    return end_stale(p);
}

/* ---- following ---- */

static void word_free(struct people *p, struct word *w)
{
    map_remove(&p->by_key, slice_from(w->key));
    list_remove(&w->link);
    arena_done(&w->arena);
    mem_free(MEM_APP, w);
}

/* "default/web" as keys have it, taken apart. */
static int name_word(struct word *w)
{
    struct slice name = w->said.asset, space = slice_cut(&name, '/');
    if (url_unescape(name, false, &w->arena, &name, NULL) < 0 || space.size == 0 ||
        space.size >= sizeof(w->namespace_) || name.size == 0 || name.size >= sizeof(w->asset))
        return -EINVAL;
    snprintf(w->asset, sizeof(w->asset), "%.*s", SLICE_ARG(name));
    snprintf(w->namespace_, sizeof(w->namespace_), "%.*s", SLICE_ARG(space));
    return 0;
}

static void silence(struct people *p, const struct word *w, struct err *err)
{
    const struct healing_word *s = &w->said;
    if (notify_silence(p->up->notify, s->asset, s->selector, s->until_ms, err) < 0 &&
        p->up->app->logsink)
        log_warn(&p->up->app->log, "a silence is passed over", log_event("silence_refused"),
                 log_err(err));
}

static int take_set(struct people *p, const struct store_kv *kv)
{
    struct word *w = mem_alloc(MEM_APP, sizeof(*w));
    struct store_kv copy = *kv;
    struct err err = {0};
    w->arena = ARENA(MEM_APP, 0);
    w->key = arena_strdup(&w->arena, kv->key);
    copy.key.data = w->key;
    copy.value.data = arena_strdup(&w->arena, kv->value);
    w->revision = kv->mod_revision;
    int r = healing_read(&copy, &w->arena, &w->said, &err);
    if (r == 0 && (w->said.type == HEALING_MAINTAIN || w->said.type == HEALING_RECOVER))
        r = name_word(w);
    if (r < 0 || p->by_key.count >= WORDS_MAX) {
        if (r == -EBADMSG && p->up->app->logsink)
            log_warn(&p->up->app->log, "a word of somebody's in the store is passed over",
                     log_event("bad_value"), log_slice("key", kv->key), log_err(&err));
        arena_done(&w->arena);
        mem_free(MEM_APP, w);
        return 0;
    }
    struct word *old = map_get(&p->by_key, kv->key);
    if (old)
        word_free(p, old);
    list_push_back(&p->words, &w->link);
    map_put(&p->by_key, slice_from(w->key), w, NULL);
    if (w->said.type == HEALING_FREEZE)
        return put(p, SAMPLE_FREEZE, w, 0);
    if (w->said.type == HEALING_SILENCE)
        silence(p, w, &err);
    /* Said again: another end of it. */
    const struct asset *a = asset_of(p, w);
    if (w->said.type == HEALING_MAINTAIN && a && a->state == ASSET_MAINTENANCE)
        return put(p, SAMPLE_MAINTAIN, w, w->said.until_ms * RT_MS - rt_wall_now());
    return 0;
}

static int take_gone(struct people *p, struct slice key)
{
    struct word *w = map_get(&p->by_key, key);
    int r = 0;
    if (!w)
        return 0;
    if (w->said.type == HEALING_FREEZE)
        r = put(p, SAMPLE_UNFREEZE, w, 0);
    else if (w->said.type == HEALING_MAINTAIN)
        r = put(p, SAMPLE_MAINTAIN, w, 0);
    else if (w->said.type == HEALING_SILENCE)
        notify_unsilence(p->up->notify, w->said.asset);
    word_free(p, w);
    return r;
}

static rt_time next_look(const struct people *p)
{
    bool quiet = list_empty(&p->words) && !p->any_maintained && follow_settled(&p->follow);
    return up_next_whole((quiet ? LOOK_QUIET_MS : LOOK_MS) * RT_MS);
}

static void follow(struct people *p)
{
    bool failing = false;
    for (int r = 0; r != -ECANCELED && r != -ENOLINK;) {
        struct follow_change c;
        struct err err = {0};
        r = follow_next(&p->follow, &c, &err, next_look(p));
        bool changed = r == 0, fails = r < 0 && r != -ETIMEDOUT && r != -ECANCELED;
        if (changed && c.type == FOLLOW_SET)
            r = take_set(p, &c.kv);
        else if (changed && c.type == FOLLOW_GONE)
            r = take_gone(p, c.kv.key);
        if (changed && c.type == FOLLOW_SYNCED)
            rt_event_set(&p->up->people_heard);
        if (r == -ETIMEDOUT || (r == 0 && c.type == FOLLOW_SYNCED))
            r = act_all(p);
        if (fails && !failing && p->up->app->logsink)
            log_error(&p->up->app->log, "what people say cannot be read",
                      log_event("people_unread"), log_err(&err));
        failing = fails;
        if (fails && rt_sleep(rt_now() + LOOK_MS * RT_MS) < 0)
            r = -ECANCELED;
    }
}

void people_main(void *arg)
{
    struct people p = {.up = arg};
    if (rt_event_wait(&p.up->config_ready, RT_NEVER) < 0)
        return;
    p.by_key = MAP(MEM_APP, 0, ((struct map_seed){rt_random(), rt_random()}));
    list_init(&p.words);
    follow_init(&p.follow, p.up->store, SLICE(HEALING_PREFIX), 0);
    follow(&p);
    follow_done(&p.follow);
    while (!list_empty(&p.words))
        word_free(&p, list_entry(p.words.next, struct word, link));
    map_done(&p.by_key);
}
