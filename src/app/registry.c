#include "app/registry.h"

#include <errno.h>

#include "app/declared_check.h"
#include "app/notify.h"
#include "app/scrapes.h"
#include "app/up_declared.h"
#include "base/fault.h"
#include "config/resource.h"
#include "store/follow.h"

static const char prefix[] = "/registry/";

/* ---- the table ---- */

struct registry *registry_new(struct up *u)
{
    struct registry *r = mem_alloc(MEM_APP, sizeof(*r));
    r->up = u;
    r->by_key = MAP(MEM_APP, REGISTRY_ENTRIES_MAX, ((struct map_seed){rt_random(), rt_random()}));
    r->file_names = ARENA(MEM_APP, 0);
    list_init(&r->entries);
    list_init(&r->dirty);
    rt_event_set(&r->acted_all);
    return r;
}

static void entry_free(struct registry *r, struct registry_entry *e)
{
    map_remove(&r->by_key, slice_from(e->key));
    list_remove(&e->link);
    if (e->dirty)
        list_remove(&e->dirty_link);
    mem_free(MEM_APP, e->key);
    mem_free(MEM_APP, e->files);
    mem_free(MEM_APP, e->wanted);
    mem_free(MEM_APP, e->acted);
    mem_free(MEM_APP, e->record);
    mem_free(MEM_APP, e->skipped_value);
    mem_free(MEM_APP, e);
}

void registry_free(struct registry *r)
{
    if (!r)
        return;
    while (!list_empty(&r->entries))
        entry_free(r, list_entry(r->entries.next, struct registry_entry, link));
    map_done(&r->by_key);
    arena_done(&r->file_names);
    mem_free(MEM_APP, r);
}

struct registry_entry *registry_find(const struct registry *r, struct slice key)
{
    return map_get(&r->by_key, key);
}

struct registry_entry *registry_entry(struct registry *r, struct slice key)
{
    struct registry_entry *e = map_get(&r->by_key, key);
    struct slice name = key, kinds_word = slice_cut(&name, '/'), space = slice_cut(&name, '/');
    const struct kind *kind = kind_find(kinds_word);
    if (e)
        return e;
    if (!kind || !slice_eq_cstr(kinds_word, kind->plural) || !config_list_of(kind) ||
        !kind_name_ok(space) || !kind_name_ok(name) || r->by_key.count == REGISTRY_ENTRIES_MAX)
        return NULL;
    e = mem_alloc(MEM_APP, sizeof(*e));
    e->key = mem_strdup(MEM_APP, key);
    e->kind = kind;
    e->namespace_ = (struct slice){e->key + (space.data - key.data), space.size};
    e->name = (struct slice){e->key + (name.data - key.data), name.size};
    list_push_back(&r->entries, &e->link);
    map_put(&r->by_key, slice_from(e->key), e, NULL);
    return e;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static char *copy_text(const char *text)
{
    return text ? mem_strdup(MEM_APP, slice_from(text)) : NULL;
}

static void set_text(char **at, const char *text)
{
    char *copy = copy_text(text);
    mem_free(MEM_APP, *at);
    *at = copy;
}

void registry_want(struct registry *r, struct registry_entry *e, const char *text)
{
    if (same_text(e->wanted, text))
        return;
    set_text(&e->wanted, text);
    if (e->dirty)
        return;
    e->dirty = true;
    list_push_back(&r->dirty, &e->dirty_link);
    rt_event_clear(&r->acted_all);
    rt_event_set(&r->dirty_wake);
}

/* An entry that says nothing, and of which nothing old can be told any more, goes. */
static void drop_if_empty(struct registry *r, struct registry_entry *e)
{
    if (!e->files && !e->wanted && !e->acted && !e->dirty && !e->pins && !e->record &&
        e->quiet_until <= r->followed)
        entry_free(r, e);
}

/* ---- acting ---- */

struct work {
    const struct registry_entry *entry;
    struct slice text;
    struct arena arena;
    struct source_set sources;
    struct config_faults faults;
    struct buf canonical;
    struct config_object object;
    struct declared_check *check; /* of a check */
    struct err err;
    int result;
};

static void work_init(struct work *w, const struct registry_entry *e, struct slice text)
{
    *w = (struct work){.entry = e, .text = text, .arena = ARENA(MEM_APP, 0)};
    w->sources.arena = w->faults.arena = &w->arena;
    w->canonical = BUF(MEM_APP, 0);
}

static void work_done(struct work *w)
{
    arena_done(&w->arena);
    buf_done(&w->canonical);
}

/* On an offload thread, as the one below: parsing and patterns need more stack than a task has. */
static void read_text(void *arg)
{
    struct work *w = arg;
    struct value *flat;
    const struct registry_entry *e = w->entry;
    w->object.of = config_list_of(e->kind)->of;
    w->result = config_resource_read(&w->arena, e->kind, e->namespace_, e->name, e->key, w->text,
                                     &w->sources, &w->faults, &flat, &w->canonical)
                    ? -EBADMSG
                    : 0;
    w->object.value = flat;
}

static void build(void *arg)
{
    struct work *w = arg;
    read_text(w);
    if (w->result == 0 && strcmp(w->entry->kind->name, "check") == 0)
        w->result = declared_check_new(&w->object, w->canonical.data, &w->check, &w->err);
}

/* ---- what is done about each kind ---- */

static void declare_receiver(struct up *u, struct work *w)
{
    if (u->notify)
        notify_declare(u->notify, &w->object, buf_slice(&w->canonical));
}

static void undeclare_receiver(struct up *u, struct slice namespace_, struct slice name)
{
    if (u->notify)
        notify_undeclare(u->notify, namespace_, name);
}

static void declare_asset(struct up *u, struct work *w)
{
    up_declare_asset(u, &w->object);
}

static void declare_remedy(struct up *u, struct work *w)
{
    up_declare_remedy(u, &w->object);
}

static void declare_scrape(struct up *u, struct work *w)
{
    scrapes_declare(u->scrapes, &w->object);
}

static void undeclare_scrape(struct up *u, struct slice namespace_, struct slice name)
{
    scrapes_undeclare(u->scrapes, namespace_, name);
}

/* A check is taken up even where it cannot be asked: that is told. */
static void declare_check(struct up *u, struct work *w)
{
    if (w->check)
        up_declare_check(u, w->check, w->result, &w->err);
}

static const struct followed_kind {
    const char *kind;
    void (*declare)(struct up *u, struct work *w);
    void (*undeclare)(struct up *u, struct slice namespace_, struct slice name);
} followed_kinds[] = {
    {"asset", declare_asset, up_undeclare_asset},
    {"check", declare_check, up_undeclare_check},
    {"remedy", declare_remedy, up_undeclare_remedy},
    {"receiver", declare_receiver, undeclare_receiver},
    {"scrape", declare_scrape, undeclare_scrape},
};

static const struct followed_kind *followed_kind(const struct registry_entry *e)
{
    for (size_t i = 0; i < ARRAY_LEN(followed_kinds); i++)
        if (strcmp(e->kind->name, followed_kinds[i].kind) == 0)
            return &followed_kinds[i];
    return NULL;
}

static int act_on(struct registry *r, struct registry_entry *e, const char *text)
{
    struct work *w = mem_alloc(MEM_APP, sizeof(*w));
    const struct followed_kind *k = followed_kind(e);
    work_init(w, e, slice_from(text));
    int code = rt_offload(build, w, RT_NEVER);
    if (code == 0 && k && (w->result == 0 || w->check))
        k->declare(r->up, w);
    work_done(w);
    mem_free(MEM_APP, w);
    return code;
}

static void undo(struct registry *r, const struct registry_entry *e)
{
    const struct followed_kind *k = followed_kind(e);
    if (k)
        k->undeclare(r->up, e->namespace_, e->name);
}

static int act(struct registry *r, struct registry_entry *e)
{
    char *text = copy_text(e->wanted);
    int code = 0;
    list_remove(&e->dirty_link);
    e->dirty = false;
    e->pins++;
    if (!same_text(text, e->acted) && text)
        code = act_on(r, e, text);
    else if (!same_text(text, e->acted))
        undo(r, e);
    mem_free(MEM_APP, e->acted);
    e->acted = text;
    e->pins--;
    drop_if_empty(r, e);
    return code;
}

void registry_act_main(void *arg)
{
    struct registry *r = arg;
    for (int code = 0; code == 0;) {
        rt_event_clear(&r->dirty_wake);
        while (code == 0 && !list_empty(&r->dirty))
            code = act(r, list_entry(r->dirty.next, struct registry_entry, dirty_link));
        if (code == 0)
            rt_event_set(&r->acted_all);
        if (code == 0)
            code = rt_event_wait(&r->dirty_wake, RT_NEVER);
    }
}

int registry_wait(struct registry *r)
{
    return rt_event_wait(&r->acted_all, RT_NEVER);
}

/* ---- what files say ---- */

struct file_item {
    char *key, *text; /* in the arena */
    const char *file;
    uint32_t line;
    struct file_item *next;
};

struct file_items {
    struct config *config;
    struct arena arena;
    struct file_item *first, **end;

    /* Where the last one stands: most stand behind each other, so lines are counted once. */
    struct arena names;
    struct slice behind; /* of its file's text, from its place on */
    const char *file;
    source_place at, file_end;
    uint32_t line;
};

static void find_place(struct file_items *all, source_place at)
{
    const struct source_set *sources = &all->config->sources;
    if (!all->file || at < all->at || at > all->file_end) {
        const struct source *s = source_of(sources, at);
        all->line = s ? 1 : 0;
        all->at = all->file_end = 0;
        all->file = NULL;
        if (!s)
            return;
        all->file = arena_strdup(&all->names, slice_from(s->name));
        all->at = s->first;
        all->file_end = s->first + (source_place)s->text.size;
        all->behind = s->text;
    }
    size_t step = at - all->at;
    for (size_t i = 0; i < step; i++)
        all->line += all->behind.data[i] == '\n';
    all->behind = slice_sub(all->behind, step, SIZE_MAX);
    all->at = at;
}

static void add_item(struct file_items *all, const struct schema_field *list, struct value *v)
{
    struct config_object o = {list->of, v};
    struct slice space = config_string(&o, "namespace"), name = config_string(&o, "name");
    struct value *flat = config_resource_flat(&all->arena, v);
    struct file_item *item = arena_new(&all->arena, struct file_item);
    struct buf text = BUF(MEM_APP, 0);
    config_resource_name(&all->arena, flat, space, name);
    if (config_resource_write(&all->arena, list, flat, &text, NULL) == 0) {
        item->text = arena_strdup(&all->arena, buf_slice(&text));
        item->key = arena_printf(&all->arena, "%s/%.*s/%.*s", config_kind_of(list)->plural,
                                 SLICE_ARG(space), SLICE_ARG(name));
        find_place(all, v->at);
        item->file = all->file;
        item->line = all->line;
        *all->end = item;
        all->end = &item->next;
    }
    buf_done(&text);
}

/* On an offload thread. */
static void list_files(void *arg)
{
    struct file_items *all = arg;
    const struct schema_struct *root = config_schema.root;
    for (size_t i = 0; i < root->field_count; i++) {
        const struct schema_field *f = &root->fields[i];
        struct value *list = value_get(all->config->root, slice_from(f->key));
        for (struct value *v = list && config_kind_of(f) ? list->first : NULL; v; v = v->next)
            add_item(all, f, v);
    }
}

static void tell_beyond(struct registry *r, const char *key)
{
    if (r->up->app->logsink)
        log_error(&r->up->app->log, "a resource is beyond the limit: it is not looked at",
                  log_event("registry_limit"), log_str("key", key),
                  log_i64("limit", REGISTRY_ENTRIES_MAX));
}

static void set_files(struct registry *r, const struct file_items *all)
{
    list_each (it, &r->entries) {
        struct registry_entry *e = list_entry(it, struct registry_entry, link);
        e->former = e->files;
        e->files = NULL;
        e->file = NULL;
    }
    for (const struct file_item *i = all->first; i; i = i->next) {
        struct registry_entry *e = registry_entry(r, slice_from(i->key));
        if (!e)
            tell_beyond(r, i->key);
        else
            e->files = mem_strdup(MEM_APP, slice_from(i->text));
        if (e) {
            e->file = i->file;
            e->line = i->line;
        }
    }
}

bool registry_declared_at(void *ctx, const struct kind *kind, struct slice namespace_,
                          struct slice name, struct buf *ret_place)
{
    const struct up *u = ctx;
    struct buf key = BUF(MEM_APP, 0);
    buf_printf(&key, "%s/%.*s/%.*s", kind->plural, SLICE_ARG(namespace_), SLICE_ARG(name));
    const struct registry_entry *e = registry_find(u->registry, buf_slice(&key));
    buf_done(&key);
    if (!e || !e->files)
        return false;
    if (e->file)
        buf_printf(ret_place, "%s:%u", e->file, e->line);
    return true;
}

void registry_take_files(struct registry *r, struct config *config)
{
    struct file_items all = {
        .config = config, .arena = ARENA(MEM_APP, 0), .names = ARENA(MEM_APP, 0)};
    all.end = &all.first;
    r->has_files = r->has_files || config->watched_count > 0;
    if (rt_offload(list_files, &all, RT_NEVER) == 0) {
        set_files(r, &all);
        struct arena former = r->file_names;
        r->file_names = all.names;
        all.names = former;
        list_each (it, &r->entries) {
            struct registry_entry *e = list_entry(it, struct registry_entry, link);
            bool gone = e->former && !e->files;
            /* What was changed by hand stays, where files no longer name it. */
            if (e->files || (gone && same_text(e->wanted, e->former)))
                registry_want(r, e, e->files);
            if (r->up->store && (e->files || gone))
                e->quiet_until = INT64_MAX;
            mem_free(MEM_APP, e->former);
            e->former = NULL;
        }
        r->synced = false;
        rt_event_set(&r->sync_wake);
    }
    arena_done(&all.arena);
    arena_done(&all.names);
}

/* ---- what the store says ---- */

/* `rest`: of the key, behind the prefix. */
static void tell_bad(struct registry *r, struct slice rest, const char *why)
{
    struct buf key = BUF(MEM_APP, 0);
    r->bad_values_total++;
    buf_printf(&key, "%s%.*s", prefix, SLICE_ARG(rest));
    if (r->up->app->logsink)
        log_warn(&r->up->app->log, "a value in the store is no resource: it is passed over",
                 log_event("bad_value"), log_slice("key", buf_slice(&key)), log_str("error", why));
    buf_done(&key);
}

int registry_read(const struct registry_entry *e, struct slice value, struct buf *ret_text,
                  struct err *err)
{
    struct work *w = mem_alloc(MEM_APP, sizeof(*w));
    work_init(w, e, value);
    int r = rt_offload(read_text, w, RT_NEVER);
    if (r == 0 && w->result < 0) {
        const struct config_fault *f = &w->faults.items[0];
        struct source_point p = {0};
        source_point(&w->sources, f->at, &p);
        r = err_set(err, -EBADMSG, "line %u, column %u: %s", p.line, p.column, f->message);
    }
    if (r == 0)
        r = buf_append_slice(ret_text, buf_slice(&w->canonical));
    work_done(w);
    mem_free(MEM_APP, w);
    return r;
}

/* What the store has is wanted, unless it is no news. Returns 0 or -ECANCELED. */
static int take_value(struct registry *r, struct registry_entry *e, struct slice value,
                      int64_t revision)
{
    struct buf text = BUF(MEM_APP, 0);
    struct err err = {0};
    e->pins++; /* it stays while it is read */
    int code = registry_read(e, value, &text, &err);
    e->pins--;
    if (code == -EBADMSG)
        tell_bad(r, slice_from(e->key), err.text);
    /* Files, or a newer change, may have spoken meanwhile. */
    if (code == 0 && revision > e->quiet_until && revision > e->heard) {
        e->heard = revision;
        registry_want(r, e, text.data);
    }
    buf_done(&text);
    return code == -ECANCELED ? code : 0;
}

static void take_absence(struct registry *r, struct registry_entry *e, int64_t revision)
{
    if (revision <= e->heard)
        return;
    e->heard = revision;
    registry_want(r, e, NULL);
}

/* Whether the change is to be passed over. */
static bool is_quiet(struct registry_entry *e, const struct slice *value, int64_t revision)
{
    if (revision > e->quiet_until)
        return false;
    if (e->quiet_until == INT64_MAX && revision >= e->skipped) {
        mem_free(MEM_APP, e->skipped_value);
        e->skipped_value = value ? mem_strdup(MEM_APP, *value) : NULL;
        e->skipped = revision;
    }
    return true;
}

void registry_settled(struct registry *r, struct registry_entry *e, int64_t revision)
{
    char *value = e->skipped_value;
    int64_t skipped = e->skipped;
    e->quiet_until = revision;
    e->skipped_value = NULL;
    e->skipped = 0;
    if (skipped > revision && value && !fault_mutant("registry_skips_for_good"))
        (void)take_value(r, e, slice_from(value), skipped);
    else if (skipped > revision && !value)
        take_absence(r, e, skipped);
    mem_free(MEM_APP, value);
}

static int take_set(struct registry *r, const struct follow_change *c)
{
    struct slice rest = slice_sub(c->kv.key, sizeof(prefix) - 1, c->kv.key.size);
    struct registry_entry *e = registry_entry(r, rest);
    if (!e) {
        tell_bad(r, rest, "the key is none of a resource that can be declared");
        return 0;
    }
    if (is_quiet(e, &c->kv.value, c->kv.mod_revision))
        return 0;
    int code = take_value(r, e, c->kv.value, c->kv.mod_revision);
    drop_if_empty(r, e);
    return code;
}

static void take_gone(struct registry *r, const struct follow_change *c)
{
    struct slice rest = slice_sub(c->kv.key, sizeof(prefix) - 1, c->kv.key.size);
    struct registry_entry *e = registry_find(r, rest);
    int64_t revision = c->kv.mod_revision ? c->kv.mod_revision : r->followed;
    if (!e || is_quiet(e, NULL, revision))
        return;
    take_absence(r, e, revision);
    drop_if_empty(r, e);
}

static int take_change(struct registry *r, const struct follow_change *c)
{
    if (c->type == FOLLOW_SET)
        return take_set(r, c);
    if (c->type == FOLLOW_GONE)
        take_gone(r, c);
    if (c->type == FOLLOW_SYNCED && c->revision > r->followed)
        r->followed = c->revision;
    return 0;
}

void registry_follow_main(void *arg)
{
    struct registry *r = arg;
    struct follow f;
    struct err err = {0};
    bool failing = false;
    int code = rt_event_wait(&r->first_sync, RT_NEVER);
    follow_init(&f, r->up->store, slice_from(prefix), 0);
    while (code != -ECANCELED && code != -ENOLINK) {
        struct follow_change c;
        code = follow_next(&f, &c, &err, rt_now() + 60 * RT_SEC);
        if (code == 0)
            code = take_change(r, &c);
        bool fails = code < 0 && code != -ETIMEDOUT && code != -ECANCELED;
        if (fails && !failing && r->up->app->logsink)
            log_error(&r->up->app->log, "what the store declares cannot be read",
                      log_event("registry_unread"), log_err(&err));
        failing = fails;
        if (fails && rt_sleep(rt_now() + REGISTRY_AGAIN_MS * RT_MS) < 0)
            code = -ECANCELED;
    }
    follow_done(&f);
}
