#include "reconcile/notifier.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"
#include "model/selector.h"
#include "wire/notice_json.h"

#define NS_OF_MS INT64_C(1000000)

enum told { TOLD_NOTHING, TOLD_FIRING };

struct target;

struct alert {
    struct list link; /* of its group */
    struct target *target;
    char *key; /* "namespace/asset" */
    struct notice_alert words;
    struct arena arena; /* of its words */
    enum told told;
    enum notifier_standing stands; /* as it was said last */
    int64_t asked_ms;              /* on the wall; 0: in an earlier life */
    bool inhibited;
    bool in_notice; /* that was made last */
};

struct group {
    struct list link; /* of its receiver */
    char *name;       /* "env=prod, team=db" */
    struct list alerts;
    int64_t dirty_ns; /* since when there is something new to tell; 0: there is not */
    int64_t told_ns;  /* 0: never */
    int64_t told_ms;  /* the same, on the wall */
};

struct target {
    struct list link;
    char *key; /* "namespace/name" */
    char *spec;
    struct slice group_by[NOTIFIER_GROUP_BY_MAX];
    uint32_t group_by_count;
    int64_t wait_ns, repeat_ns;
    struct list groups;
    struct map by_asset; /* of its alerts */
    uint64_t version;
    struct arena arena; /* its texts */
};

struct silence {
    struct list link;
    char *name, *text;
    struct selector selector;
    int64_t until_ms;
};

struct notifier {
    struct list targets, silences;
    uint32_t alerts, silence_count;
    notifier_stands_fn *stands; /* NULL: nobody listens */
    void *stands_ctx;
};

struct notifier *notifier_new(void)
{
    struct notifier *n = mem_alloc(MEM_RECONCILE, sizeof(*n));
    list_init(&n->targets);
    list_init(&n->silences);
    return n;
}

void notifier_listen(struct notifier *n, notifier_stands_fn *stands, void *ctx)
{
    n->stands = stands;
    n->stands_ctx = ctx;
}

/* ---- letting go ---- */

static void alert_free(struct notifier *n, struct alert *a)
{
    list_remove(&a->link);
    map_remove(&a->target->by_asset, slice_from(a->key));
    arena_done(&a->arena);
    mem_free(MEM_RECONCILE, a->key);
    mem_free(MEM_RECONCILE, a);
    n->alerts--;
}

static void group_free(struct notifier *n, struct group *g)
{
    while (!list_empty(&g->alerts))
        alert_free(n, list_entry(g->alerts.next, struct alert, link));
    list_remove(&g->link);
    mem_free(MEM_RECONCILE, g->name);
    mem_free(MEM_RECONCILE, g);
}

static void target_free(struct notifier *n, struct target *r)
{
    while (!list_empty(&r->groups))
        group_free(n, list_entry(r->groups.next, struct group, link));
    list_remove(&r->link);
    map_done(&r->by_asset);
    arena_done(&r->arena);
    mem_free(MEM_RECONCILE, r->key);
    mem_free(MEM_RECONCILE, r);
}

static void silence_free(struct notifier *n, struct silence *s)
{
    list_remove(&s->link);
    mem_free(MEM_RECONCILE, s->name);
    mem_free(MEM_RECONCILE, s->text);
    mem_free(MEM_RECONCILE, s);
    n->silence_count--;
}

void notifier_free(struct notifier *n)
{
    if (!n)
        return;
    while (!list_empty(&n->targets))
        target_free(n, list_entry(n->targets.next, struct target, link));
    while (!list_empty(&n->silences))
        silence_free(n, list_entry(n->silences.next, struct silence, link));
    mem_free(MEM_RECONCILE, n);
}

/* ---- receivers ---- */

static void key_make(struct slice namespace_, struct slice name, struct buf *out)
{
    buf_append_slice(out, namespace_.size ? namespace_ : SLICE("default"));
    buf_append_byte(out, '/');
    buf_append_slice(out, name);
}

static struct target *find(const struct notifier *n, struct slice namespace_, struct slice name)
{
    struct buf key = BUF(MEM_RECONCILE, 0);
    struct target *found = NULL;
    key_make(namespace_, name, &key);
    list_each (it, &n->targets) {
        struct target *r = list_entry(it, struct target, link);
        if (slice_eq_cstr(buf_slice(&key), r->key))
            found = r;
    }
    buf_done(&key);
    return found;
}

static struct target *add_target(struct notifier *n, const struct notifier_receiver *d)
{
    struct buf key = BUF(MEM_RECONCILE, 0);
    struct target *r = mem_alloc(MEM_RECONCILE, sizeof(*r));
    key_make(d->namespace_, d->name, &key);
    r->key = mem_strdup(MEM_RECONCILE, buf_slice(&key));
    buf_done(&key);
    r->by_asset = MAP(MEM_RECONCILE, 0, (struct map_seed){0});
    list_init(&r->groups);
    list_push_back(&n->targets, &r->link);
    return r;
}

/* ---- groups ---- */

static struct slice label_of(const struct notice_alert *a, struct slice key)
{
    if (slice_eq_cstr(key, "asset"))
        return a->asset;
    if (slice_eq_cstr(key, "namespace"))
        return a->namespace_;
    for (uint32_t i = 0; i < a->label_count; i++)
        if (slice_eq(a->labels[i].key, key))
            return a->labels[i].value;
    return (struct slice){0};
}

static struct group *group_of(struct target *r, const struct notice_alert *a)
{
    struct buf name = BUF(MEM_RECONCILE, 0);
    for (uint32_t i = 0; i < r->group_by_count; i++) {
        buf_append_cstr(&name, i ? ", " : "");
        buf_append_slice(&name, r->group_by[i]);
        buf_append_byte(&name, '=');
        buf_append_slice(&name, label_of(a, r->group_by[i]));
    }
    struct group *g = NULL;
    list_each (it, &r->groups) {
        struct group *other = list_entry(it, struct group, link);
        if (slice_eq_cstr(buf_slice(&name), other->name))
            g = other;
    }
    if (!g) {
        g = mem_alloc(MEM_RECONCILE, sizeof(*g));
        g->name = mem_strdup(MEM_RECONCILE, buf_slice(&name));
        list_init(&g->alerts);
        list_push_back(&r->groups, &g->link);
    }
    buf_done(&name);
    return g;
}

/* Groups by other labels: each alert finds its place anew, and keeps what was told of it. */
static void regroup(struct target *r)
{
    struct list old;
    list_init(&old);
    for (struct list *it; (it = list_pop_front(&r->groups));)
        list_push_back(&old, it);
    for (struct list *it; (it = list_pop_front(&old));) {
        struct group *g = list_entry(it, struct group, link);
        for (struct list *at; (at = list_pop_front(&g->alerts));) {
            struct alert *a = list_entry(at, struct alert, link);
            struct group *to = group_of(r, &a->words);
            if (g->told_ns > to->told_ns) {
                to->told_ns = g->told_ns;
                to->told_ms = g->told_ms;
            }
            list_push_back(&to->alerts, &a->link);
        }
        mem_free(MEM_RECONCILE, g->name);
        mem_free(MEM_RECONCILE, g);
    }
}

static bool same_grouping(const struct target *r, const struct notifier_receiver *d)
{
    bool same = r->group_by_count == d->group_by_count;
    for (uint32_t i = 0; same && i < r->group_by_count; i++)
        same = slice_eq(r->group_by[i], d->group_by[i]);
    return same;
}

static struct slice kept(struct arena *a, struct slice s)
{
    return (struct slice){arena_strdup(a, s), s.size};
}

void notifier_declare(struct notifier *n, const struct notifier_receiver *d, struct notifier_time t)
{
    (void)t;
    struct target *r = find(n, d->namespace_, d->name);
    bool regroups = r && !same_grouping(r, d);
    if (!r)
        r = add_target(n, d);
    /* What is given may lie in the old texts. */
    struct arena old = r->arena;
    r->arena = ARENA(MEM_RECONCILE, 0);
    r->spec = arena_strdup(&r->arena, d->spec);
    r->group_by_count =
        d->group_by_count < NOTIFIER_GROUP_BY_MAX ? d->group_by_count : NOTIFIER_GROUP_BY_MAX;
    for (uint32_t i = 0; i < r->group_by_count; i++)
        r->group_by[i] = kept(&r->arena, d->group_by[i]);
    r->wait_ns = d->wait_ns ? d->wait_ns : NOTIFIER_WAIT_MS * NS_OF_MS;
    r->repeat_ns = d->repeat_ns ? d->repeat_ns : NOTIFIER_REPEAT_MS * NS_OF_MS;
    arena_done(&old);
    if (regroups)
        regroup(r);
    r->version++;
}

void notifier_forget(struct notifier *n, struct slice namespace_, struct slice name)
{
    struct target *r = find(n, namespace_, name);
    if (r)
        target_free(n, r);
}

/* ---- alerts ---- */

static struct alert *find_alert(const struct target *r, struct slice namespace_, struct slice asset)
{
    struct buf key = BUF(MEM_RECONCILE, 0);
    key_make(namespace_, asset, &key);
    struct alert *a = map_get(&r->by_asset, buf_slice(&key));
    buf_done(&key);
    return a;
}

/* `began_ms` stays what it was where it lasts already: the trouble is the same one. */
static void set_words(struct alert *a, const struct notice_alert *w)
{
    int64_t began = a->words.began_ms && !a->words.ended_ms ? a->words.began_ms : w->began_ms;
    struct arena old = a->arena;
    a->arena = ARENA(MEM_RECONCILE, 0);
    a->words = (struct notice_alert){
        .asset = kept(&a->arena, w->asset),
        .namespace_ = kept(&a->arena, w->namespace_),
        .state = kept(&a->arena, w->state),
        .reason = kept(&a->arena, w->reason),
        .evidence = kept(&a->arena, w->evidence),
        .trace_id = kept(&a->arena, w->trace_id),
        .label_count = w->label_count < NOTICE_LABELS_MAX ? w->label_count : NOTICE_LABELS_MAX,
        .began_ms = began,
        .ended_ms = w->ended_ms,
    };
    struct notice_label *labels =
        arena_alloc_array(&a->arena, a->words.label_count + 1, sizeof(*labels));
    for (uint32_t i = 0; i < a->words.label_count; i++)
        labels[i] = (struct notice_label){kept(&a->arena, w->labels[i].key),
                                          kept(&a->arena, w->labels[i].value)};
    a->words.labels = labels;
    arena_done(&old);
}

static struct alert *add_alert(struct notifier *n, struct target *r, const struct notice_alert *w)
{
    struct alert *a = mem_alloc(MEM_RECONCILE, sizeof(*a));
    struct buf key = BUF(MEM_RECONCILE, 0);
    set_words(a, w);
    key_make(w->namespace_, w->asset, &key);
    a->key = mem_strdup(MEM_RECONCILE, buf_slice(&key));
    buf_done(&key);
    a->target = r;
    map_put(&r->by_asset, slice_from(a->key), a, NULL);
    list_push_back(&group_of(r, &a->words)->alerts, &a->link);
    n->alerts++;
    return a;
}

int notifier_begin(struct notifier *n, struct slice namespace_, struct slice receiver,
                   const struct notice_alert *w, struct notifier_time t)
{
    struct target *r = find(n, namespace_, receiver);
    if (!r)
        return -ENOENT;
    struct alert *a = find_alert(r, w->namespace_, w->asset);
    if (!a && n->alerts == NOTIFIER_ALERTS_MAX)
        return -ENOSPC;
    struct notice_alert lasting = *w;
    lasting.ended_ms = 0;
    bool anew = !a || !slice_eq(a->words.trace_id, w->trace_id);
    if (a)
        set_words(a, &lasting);
    else
        a = add_alert(n, r, &lasting);
    if (anew) { /* another story: how it stands is said in that one, too */
        a->stands = NOTIFIER_UNSAID;
        a->asked_ms = t.wall_ms;
    }
    r->version++;
    return 0;
}

void notifier_end(struct notifier *n, struct slice namespace_, struct slice asset,
                  struct notifier_time t)
{
    list_each (it, &n->targets) {
        struct target *r = list_entry(it, struct target, link);
        struct alert *a = find_alert(r, namespace_, asset);
        if (!a || a->words.ended_ms)
            continue;
        a->words.ended_ms = t.wall_ms > 0 ? t.wall_ms : 1;
        r->version++;
    }
}

void notifier_inhibit(struct notifier *n, struct slice namespace_, struct slice asset,
                      bool inhibited)
{
    list_each (it, &n->targets) {
        struct alert *a = find_alert(list_entry(it, struct target, link), namespace_, asset);
        if (a)
            a->inhibited = inhibited;
    }
}

void notifier_review(struct notifier *n,
                     enum notifier_fate (*fate)(void *ctx, struct slice namespace_,
                                                struct slice asset),
                     void *ctx, struct notifier_time t)
{
    list_each (it, &n->targets) {
        struct target *r = list_entry(it, struct target, link);
        struct map_entry e;
        for (size_t at = 0; map_next(&r->by_asset, &at, &e);) {
            struct alert *a = e.value;
            if (a->words.ended_ms)
                continue;
            enum notifier_fate f = fate(ctx, a->words.namespace_, a->words.asset);
            a->inhibited = f == NOTIFIER_INHIBITED;
            if (f != NOTIFIER_OVER)
                continue;
            a->words.ended_ms = t.wall_ms > 0 ? t.wall_ms : 1;
            r->version++;
        }
    }
}

/* ---- silences ---- */

static struct silence *find_silence(const struct notifier *n, struct slice name)
{
    list_each (it, &n->silences)
        if (slice_eq_cstr(name, list_entry(it, struct silence, link)->name))
            return list_entry(it, struct silence, link);
    return NULL;
}

int notifier_silence(struct notifier *n, struct slice name, struct slice selector,
                     int64_t until_wall_ms, struct err *err)
{
    struct silence *s = mem_alloc(MEM_RECONCILE, sizeof(*s));
    struct silence *old = find_silence(n, name);
    s->text = mem_strdup(MEM_RECONCILE, selector);
    int r = selector_parse(slice_from(s->text), &s->selector, err);
    if (r == 0 && !old && n->silence_count == NOTIFIER_SILENCES_MAX)
        r = err_set(err, -ENOSPC, "there are %d silences, and no more may be",
                    NOTIFIER_SILENCES_MAX);
    if (r < 0) {
        mem_free(MEM_RECONCILE, s->text);
        mem_free(MEM_RECONCILE, s);
        return r;
    }
    s->name = mem_strdup(MEM_RECONCILE, name);
    s->until_ms = until_wall_ms;
    list_push_back(&n->silences, &s->link);
    n->silence_count++;
    if (old)
        silence_free(n, old);
    return 0;
}

void notifier_unsilence(struct notifier *n, struct slice name)
{
    struct silence *s = find_silence(n, name);
    if (s)
        silence_free(n, s);
}

static bool has_label(void *ctx, struct slice key, struct slice *ret_value)
{
    *ret_value = label_of(ctx, key);
    return ret_value->size > 0;
}

/* NULL: none keeps it quiet. */
static const struct silence *silence_of(const struct notifier *n, struct alert *a, int64_t wall_ms)
{
    list_each (it, &n->silences) {
        const struct silence *s = list_entry(it, struct silence, link);
        if (wall_ms < s->until_ms && selector_matches(&s->selector, has_label, &a->words))
            return s;
    }
    return NULL;
}

/* ---- telling ---- */

struct round {
    struct notifier *n;
    struct notifier_time t;
    notifier_tell_fn *tell;
    void *ctx;
    uint32_t told;
};

/* Lasts, and nobody wants it kept quiet. */
static bool speaks(const struct round *x, struct alert *a)
{
    return !a->words.ended_ms && !a->inhibited && !silence_of(x->n, a, x->t.wall_ms);
}

static void say(const struct round *x, struct alert *a, enum notifier_standing standing,
                uint32_t others)
{
    if (a->stands == standing && standing != NOTIFIER_TOLD)
        return; /* but each time that it is told counts */
    const struct silence *s =
        standing == NOTIFIER_SILENCED ? silence_of(x->n, a, x->t.wall_ms) : NULL;
    struct notifier_stands told = {
        .receiver = slice_from(a->target->key),
        .alert = &a->words,
        .standing = standing,
        .before = a->stands,
        .silence = s ? slice_from(s->name) : (struct slice){NULL, 0},
        .until_ms = s ? s->until_ms : 0,
        .asked_ms = a->asked_ms,
        .wait_ms = a->target->wait_ns / NS_OF_MS,
        .others = others,
    };
    a->stands = standing;
    if (x->n->stands)
        x->n->stands(x->n->stands_ctx, &told);
}

/* Of one that lasts, and is not told in this round. */
static void say_lasting(const struct round *x, struct alert *a, bool loud)
{
    if (a->words.ended_ms)
        return;
    if (a->told == TOLD_NOTHING)
        say(x, a, loud ? NOTIFIER_WAITS : a->inhibited ? NOTIFIER_QUIET : NOTIFIER_SILENCED, 0);
    else if (a->stands == NOTIFIER_UNSAID)
        say(x, a, NOTIFIER_KNOWN, 0);
}

static bool is_over(const struct alert *a)
{
    return a->words.ended_ms && a->told == TOLD_FIRING;
}

static void tell_group(struct round *x, struct target *r, struct group *g)
{
    struct notice_alert *alerts = mem_alloc(MEM_RECONCILE, NOTICE_ALERTS_MAX * sizeof(*alerts));
    struct slice key = slice_from(r->key);
    struct buf group_key = BUF(MEM_RECONCILE, 0);
    struct notice notice = {.receiver =
                                slice_sub(key, (size_t)slice_find_byte(key, '/') + 1, key.size),
                            .group = slice_from(g->name),
                            .alerts = alerts,
                            .at_ms = x->t.wall_ms,
                            .again_ms = r->repeat_ns / NS_OF_MS};
    buf_printf(&group_key, "%s:%s", r->key, g->name);
    notice.key = buf_slice(&group_key);
    /* What lasts comes first: it is what the receiver must act on. */
    for (int pass = 0; pass < 2; pass++)
        list_each (it, &g->alerts) {
            struct alert *a = list_entry(it, struct alert, link);
            a->in_notice = pass == 0 ? speaks(x, a) : a->in_notice || is_over(a);
            if (pass == 0 ? !a->in_notice : !is_over(a))
                continue;
            if (notice.alert_count < NOTICE_ALERTS_MAX)
                alerts[notice.alert_count++] = a->words;
            else
                notice.more++;
            a->told = pass == 0 ? TOLD_FIRING : TOLD_NOTHING;
        }
    g->told_ns = x->t.now_ns ? x->t.now_ns : 1;
    g->told_ms = x->t.wall_ms;
    g->dirty_ns = 0;
    r->version++;
    x->told++;
    x->tell(x->ctx, key, slice_from(r->spec), &notice);
    list_each (it, &g->alerts) {
        struct alert *a = list_entry(it, struct alert, link);
        if (a->in_notice)
            say(x, a, a->words.ended_ms ? NOTIFIER_TOLD_OVER : NOTIFIER_TOLD,
                notice.alert_count + notice.more - 1);
    }
    buf_done(&group_key);
    mem_free(MEM_RECONCILE, alerts);
}

/* Ended, and nobody waits to hear it. */
static void drop_ended(struct round *x, struct target *r, struct group *g)
{
    for (struct list *it = g->alerts.next, *next; it != &g->alerts; it = next) {
        struct alert *a = list_entry(it, struct alert, link);
        next = it->next;
        if (!a->words.ended_ms || is_over(a))
            continue;
        if (a->stands != NOTIFIER_TOLD_OVER)
            say(x, a, NOTIFIER_MISSED, 0);
        alert_free(x->n, a);
        r->version++;
    }
    if (list_empty(&g->alerts))
        group_free(x->n, g);
}

static void look_at(struct round *x, struct target *r, struct group *g)
{
    bool fresh = false, lasts = false;
    list_each (it, &g->alerts) {
        struct alert *a = list_entry(it, struct alert, link);
        bool loud = speaks(x, a);
        say_lasting(x, a, loud);
        fresh |= is_over(a) || (loud && a->told == TOLD_NOTHING);
        lasts |= loud;
    }
    if (!fresh)
        g->dirty_ns = 0;
    else if (!g->dirty_ns)
        g->dirty_ns = x->t.now_ns ? x->t.now_ns : 1;
    bool due = g->dirty_ns && x->t.now_ns - g->dirty_ns >= r->wait_ns;
    bool again = lasts && g->told_ns && x->t.now_ns - g->told_ns >= r->repeat_ns;
    if (due || again)
        tell_group(x, r, g);
    drop_ended(x, r, g);
}

uint32_t notifier_tick(struct notifier *n, struct notifier_time t, notifier_tell_fn *tell,
                       void *ctx)
{
    struct round x = {.n = n, .t = t, .tell = tell, .ctx = ctx};
    for (struct list *it = n->silences.next, *next; it != &n->silences; it = next) {
        struct silence *s = list_entry(it, struct silence, link);
        next = it->next;
        if (t.wall_ms >= s->until_ms)
            silence_free(n, s);
    }
    list_each (it, &n->targets) {
        struct target *r = list_entry(it, struct target, link);
        for (struct list *at = r->groups.next, *next; at != &r->groups; at = next) {
            next = at->next;
            look_at(&x, r, list_entry(at, struct group, link));
        }
    }
    return x.told;
}

/* ---- what survives ---- */

bool notifier_write(const struct notifier *n, struct slice namespace_, struct slice name,
                    struct buf *out)
{
    const struct target *r = find(n, namespace_, name);
    struct json_writer w;
    if (!r || list_empty(&r->groups))
        return false;
    json_begin(&w, out, 0);
    json_object_open(&w);
    json_key(&w, "groups");
    json_array_open(&w);
    list_each (it, &r->groups) {
        const struct group *g = list_entry(it, struct group, link);
        json_object_open(&w);
        json_key(&w, "group");
        json_cstr(&w, g->name);
        json_key(&w, "told_ms");
        json_i64(&w, g->told_ms);
        json_key(&w, "alerts");
        json_array_open(&w);
        list_each (at, &g->alerts) {
            const struct alert *a = list_entry(at, struct alert, link);
            json_object_open(&w);
            notice_alert_write(&a->words, &w);
            json_key(&w, "told");
            json_bool(&w, a->told == TOLD_FIRING);
            json_object_close(&w);
        }
        json_array_close(&w);
        json_object_close(&w);
    }
    json_array_close(&w);
    json_object_close(&w);
    json_end(&w);
    return true;
}

/* A clock that was set back meanwhile makes nothing due later than a whole repeat. */
static void take_group(struct notifier *n, struct target *r, const struct json_value *v,
                       struct notifier_time t)
{
    int64_t told_ms = 0;
    const struct json_value *alerts = json_get(v, "alerts");
    (void)json_to_i64(json_get(v, "told_ms"), &told_ms);
    for (v = alerts ? alerts->first : NULL; v; v = v->next) {
        struct arena arena = ARENA(MEM_RECONCILE, 0);
        struct notice_alert words;
        const struct json_value *told = json_get(v, "told");
        if (notice_alert_read(v, &arena, &words, NULL) == 0 && n->alerts < NOTIFIER_ALERTS_MAX) {
            /* It may have begun again before this was read. */
            struct alert *a = find_alert(r, words.namespace_, words.asset);
            if (!a)
                a = add_alert(n, r, &words);
            struct group *g = group_of(r, &a->words);
            int64_t ago = told_ms > t.wall_ms ? 0 : t.wall_ms - told_ms;
            a->told = told && told->type == JSON_TRUE ? TOLD_FIRING : TOLD_NOTHING;
            if (a->told && slice_eq(a->words.trace_id, words.trace_id))
                a->stands = NOTIFIER_TOLD; /* which was said then */
            g->told_ms = told_ms;
            g->told_ns = told_ms ? t.now_ns - ago * NS_OF_MS : 0;
        }
        arena_done(&arena);
    }
}

/* Looked at as a whole before any of it is taken. */
static int check_groups(const struct json_value *root, struct arena *arena, struct err *err)
{
    const struct json_value *groups = json_get(root, "groups");
    if (!groups || groups->type != JSON_ARRAY)
        return err_set(err, -EBADMSG, "groups is not a list");
    for (const struct json_value *g = groups->first; g; g = g->next) {
        const struct json_value *alerts = json_get(g, "alerts");
        int64_t ms = 0;
        if (!alerts || alerts->type != JSON_ARRAY || !json_get(g, "told_ms") ||
            json_to_i64(json_get(g, "told_ms"), &ms) < 0 || ms < 0 || ms > INT64_MAX / NS_OF_MS)
            return err_set(err, -EBADMSG, "a group has no alerts or told_ms");
        for (const struct json_value *v = alerts->first; v; v = v->next) {
            struct notice_alert words;
            int r = notice_alert_read(v, arena, &words, err);
            if (r < 0)
                return r;
        }
    }
    return 0;
}

int notifier_read(struct notifier *n, struct slice namespace_, struct slice name, struct slice json,
                  struct notifier_time t, struct err *err)
{
    struct target *r = find(n, namespace_, name);
    struct arena arena = ARENA(MEM_RECONCILE, 0);
    struct json_value *root;
    int result = r ? 0 : err_set(err, -ENOENT, "no such receiver is declared");
    if (result == 0 && (json_parse(json, &arena, 0, &root, NULL) < 0 || root->type != JSON_OBJECT))
        result = err_set(err, -EBADMSG, "it is no object of JSON");
    if (result == 0)
        result = check_groups(root, &arena, err);
    if (result == 0)
        for (const struct json_value *g = json_get(root, "groups")->first; g; g = g->next)
            take_group(n, r, g, t);
    arena_done(&arena);
    return result;
}

uint64_t notifier_version(const struct notifier *n, struct slice namespace_, struct slice name)
{
    const struct target *r = find(n, namespace_, name);
    return r ? r->version : 0;
}

uint32_t notifier_alerts(const struct notifier *n)
{
    return n->alerts;
}
