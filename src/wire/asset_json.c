#include "wire/asset_json.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "model/asset_moves.h"
#include "wire/task_json.h"

/* ---- writing ---- */

static void time_value(struct json_writer *w, const char *key, int64_t wall_ns)
{
    char text[LOG_TIME_BYTES];
    log_format_time(wall_ns, text);
    json_key_slice(w, slice_from(key));
    json_string(w, (struct slice){text, sizeof(text)});
}

static void text_value(struct json_writer *w, const char *key, const char *text)
{
    json_key_slice(w, slice_from(key));
    json_cstr(w, text);
}

static void flag_value(struct json_writer *w, const char *key, bool flag)
{
    json_key_slice(w, slice_from(key));
    json_bool(w, flag);
}

static void number_value(struct json_writer *w, const char *key, uint64_t n)
{
    json_key_slice(w, slice_from(key));
    json_u64(w, n);
}

/* Who saw what. */
static void view_json(struct json_writer *w, const char *node, const struct check_view *v)
{
    if (v->at_ns == 0)
        return;
    json_object_open(w);
    text_value(w, "node", node);
    json_key(w, "ok");
    if (v->known)
        json_bool(w, v->ok);
    else
        json_null(w);
    text_value(w, "reason", v->word ? v->word : probe_reason_name(v->reason));
    number_value(w, "misses", v->misses);
    flag_value(w, "blind", v->limits >= CHECK_VIEW_BLIND);
    json_object_close(w);
}

static void views_json(struct json_writer *w, const struct asset_check *c, const char *owner)
{
    number_value(w, "agree", c->agree ? c->agree : c->observers / 2 + 1);
    json_key(w, "observers");
    json_array_open(w);
    view_json(w, owner, &c->own);
    for (uint32_t i = 0; i < c->other_count; i++)
        view_json(w, c->others[i].observer, &c->others[i]);
    json_array_close(w);
}

void latency_write(struct json_writer *w, int64_t ns)
{
    if (ns == PROBE_NONE)
        json_null(w);
    else
        json_ms(w, ns);
}

static void check_json(struct json_writer *w, const struct asset_check *c, const char *owner)
{
    json_object_open(w);
    text_value(w, "name", c->name);
    text_value(w, "target", c->target);
    json_key(w, "ok");
    if (c->known)
        json_bool(w, c->ok);
    else
        json_null(w);
    text_value(w, "reason", c->known || c->misses ? asset_check_word(c) : NULL);
    time_value(w, "since", c->since_wall_ns);
    json_key(w, "last_ms");
    latency_write(w, c->last_ns);
    if (c->observers > 1)
        views_json(w, c, owner);
    json_object_close(w);
}

/* Of an asset that nobody declared: what was found out about it. */
static void found_labels(struct json_writer *w, const struct asset *a)
{
    json_object_open(w);
    text_value(w, "kind", a->kind);
    if (a->process[0])
        text_value(w, "process", a->process);
    json_object_close(w);
}

static void open_json(struct json_writer *w, const struct repair *p, int64_t offset)
{
    json_key(w, "open");
    json_object_open(w);
    text_value(w, "remedy", p->remedy);
    text_value(w, "phase", repair_phase_name((enum repair_phase)p->phase));
    text_value(w, "task", p->task);
    text_value(w, "dedup_key", p->dedup_key);
    time_value(w, "started_at", p->started_ns + offset);
    time_value(w, "phase_at", p->phase_ns + offset);
    time_value(w, "failed_at", p->failed_ns + offset);
    flag_value(w, "task_failed", p->task_failed);
    json_object_close(w);
}

static void uses_json(struct json_writer *w, const struct asset *a, int64_t offset)
{
    char text[LOG_TIME_BYTES];
    json_key(w, "used");
    json_array_open(w);
    for (const struct remedy_use *u = a->uses; u; u = u->next) {
        json_object_open(w);
        text_value(w, "remedy", u->remedy);
        json_key(w, "at");
        json_array_open(w);
        for (uint32_t i = 0; i < u->count; i++) {
            log_format_time(u->at_ns[i] + offset, text);
            json_string(w, (struct slice){text, sizeof(text)});
        }
        json_array_close(w);
        json_object_close(w);
    }
    json_array_close(w);
}

static bool has_repairs(const struct asset *a)
{
    return a->repair || a->uses || a->state == ASSET_MAINTENANCE || a->recovering_by ||
           (a->declared && a->trace[0]);
}

static void repairs_json(struct json_writer *w, const struct asset *a, int64_t offset)
{
    json_key(w, "repairs");
    json_object_open(w);
    text_value(w, "trace_id", a->trace[0] ? a->trace : NULL);
    number_value(w, "seq", a->repair_seq);
    number_value(w, "rounds", a->rounds);
    flag_value(w, "exhausted", a->exhausted);
    flag_value(w, "failed_over", a->failed_over);
    flag_value(w, "flapping", a->flapping);
    json_key(w, "flap_penalty");
    json_f64(w, a->flap_penalty);
    text_value(w, "next", a->next_remedy);
    text_value(w, "recovering_by", a->recovering_by);
    if (a->flap_at_ns)
        time_value(w, "flap_at", a->flap_at_ns + offset);
    if (a->again_ns)
        time_value(w, "again_at", a->again_ns + offset);
    if (a->state == ASSET_MAINTENANCE && a->maintain_until_ns < INT64_MAX - offset)
        time_value(w, "maintenance_until", a->maintain_until_ns + offset);
    if (a->uses)
        uses_json(w, a, offset);
    if (a->repair)
        open_json(w, a->repair, offset);
    json_object_close(w);
}

void asset_write(const struct asset *a, int64_t wall_offset_ns, struct buf *out)
{
    struct json_writer w;
    json_begin(&w, out, 0);
    json_object_open(&w);
    text_value(&w, "name", a->name);
    text_value(&w, "namespace", a->namespace_);
    json_key(&w, "labels");
    if (a->declared)
        json_raw(&w, a->labels ? slice_from(a->labels) : SLICE("{}"));
    else
        found_labels(&w, a);
    text_value(&w, "desired_health", "Healthy");
    text_value(&w, "state", asset_state_name(a->state));
    time_value(&w, "since", a->since_wall_ns);
    text_value(&w, "reason", a->reason);
    json_key(&w, "checks");
    json_array_open(&w);
    for (uint32_t i = 0; i < a->check_count; i++)
        check_json(&w, &a->checks[i], a->owner);
    json_array_close(&w);
    text_value(&w, "owner_plane", a->owner);
    number_value(&w, "revision", a->revision);
    if (has_repairs(a))
        repairs_json(&w, a, wall_offset_ns);
    json_object_close(&w);
    json_end(&w);
}

static bool tells_move(const struct event *e)
{
    return e->type == EVENT_STATE || (e->type == EVENT_VERDICT && e->from != e->to);
}

static void rejected_json(struct json_writer *w, const struct event *e)
{
    json_key(w, "rejected");
    json_array_open(w);
    for (uint32_t i = 0; i < e->rejected_count; i++) {
        json_object_open(w);
        text_value(w, "remedy", e->rejected[i].remedy);
        text_value(w, "why", repair_why_name(e->rejected[i].why));
        json_object_close(w);
    }
    json_array_close(w);
}

void event_write(const struct event *e, struct buf *out)
{
    struct json_writer w;
    bool move = tells_move(e);
    json_begin(&w, out, 0);
    json_object_open(&w);
    time_value(&w, "at", e->at_wall_ns);
    number_value(&w, "revision", e->revision);
    text_value(&w, "type", event_type_name(e->type));
    text_value(&w, "asset", e->asset);
    text_value(&w, "from", move && !e->created ? asset_state_name(e->from) : NULL);
    text_value(&w, "to", move && !e->removed ? asset_state_name(e->to) : NULL);
    text_value(&w, "reason", e->reason);
    json_key(&w, "evidence");
    json_array_open(&w);
    for (uint32_t i = 0; i < e->evidence_count; i++)
        json_cstr(&w, e->evidence[i]);
    json_array_close(&w);
    text_value(&w, "task", e->task);
    text_value(&w, "remedy", e->remedy);
    rejected_json(&w, e);
    text_value(&w, "by", e->by);
    text_value(&w, "trace_id", e->trace_id);
    if (e->check)
        text_value(&w, "check", e->check);
    json_object_close(&w);
    json_end(&w);
}

/* ---- reading ---- */

struct reader {
    const struct json_value *object;
    struct arena *arena;
    struct err *err;
    int64_t offset;
    int result;
};

static void bad(struct reader *r, const char *key, const char *what)
{
    if (r->result == 0)
        r->result = err_set(r->err, -EBADMSG, "%s is not %s", key, what);
}

/* A member that is there and no null. */
static const struct json_value *member(struct reader *r, const char *key, enum json_type type,
                                       const char *what)
{
    const struct json_value *v = json_get(r->object, key);
    if (!v || v->type == JSON_NULL)
        return NULL;
    if (v->type == type)
        return v;
    bad(r, key, what);
    return NULL;
}

/* NULL where there is none. A text with a NUL in it ends there for us. */
static const char *text(struct reader *r, const char *key, const char *dflt)
{
    const struct json_value *v = member(r, key, JSON_STRING, "a string");
    return v ? arena_strdup(r->arena, v->text) : dflt;
}

static uint64_t number(struct reader *r, const char *key, uint64_t max)
{
    const struct json_value *v = member(r, key, JSON_NUMBER, "a number");
    int64_t n = 0;
    if (v && (json_to_i64(v, &n) < 0 || n < 0 || (uint64_t)n > max))
        bad(r, key, "a number that it may be");
    return v && r->result == 0 ? (uint64_t)n : 0;
}

static bool flag(struct reader *r, const char *key)
{
    const struct json_value *v = json_get(r->object, key);
    if (v && v->type != JSON_TRUE && v->type != JSON_FALSE && v->type != JSON_NULL)
        bad(r, key, "true or false");
    return v && v->type == JSON_TRUE;
}

static int64_t moment_of(struct reader *r, const char *key, const struct json_value *v,
                         int64_t dflt)
{
    int64_t ms;
    if (!v)
        return dflt;
    if (v->type == JSON_STRING && moment_parse(v->text, &ms) == 0)
        return ms * 1000000;
    bad(r, key, "a time");
    return dflt;
}

/* Of the wall clock; 0: none. */
static int64_t moment(struct reader *r, const char *key)
{
    return moment_of(r, key, member(r, key, JSON_STRING, "a time"), 0);
}

/* On the monotonic clock, and then never 0 but for none. */
static int64_t instant(struct reader *r, const char *key, int64_t dflt)
{
    const struct json_value *v = member(r, key, JSON_STRING, "a time");
    int64_t wall = moment_of(r, key, v, 0), ns;
    if (!v || r->result < 0)
        return dflt;
    if (__builtin_sub_overflow(wall, r->offset, &ns))
        bad(r, key, "a time that can be");
    return ns ? ns : 1;
}

static struct reader inside(const struct reader *r, const struct json_value *object)
{
    struct reader in = *r;
    in.object = object;
    return in;
}

static const char *reason(struct reader *r, const char *key)
{
    const struct json_value *v = member(r, key, JSON_STRING, "a reason");
    const char *word = v ? asset_reason_find(v->text) : NULL;
    if (v && !word)
        bad(r, key, "a reason that there is");
    return word;
}

static void read_check(struct reader *r, struct asset_check *c)
{
    const struct json_value *ok = json_get(r->object, "ok");
    c->name = text(r, "name", "");
    c->target = text(r, "target", "");
    c->known = ok && ok->type != JSON_NULL;
    c->ok = flag(r, "ok");
    c->since_wall_ns = moment(r, "since");
    c->last_ns = PROBE_NONE;
    c->own.observer = "";
    const char *word = reason(r, "reason");
    enum probe_reason known = word ? probe_reason_parse(slice_from(word)) : REASON_OK;
    c->reason = known < REASON_COUNT ? known : REASON_OK;
    c->word = known < REASON_COUNT ? NULL : word;
}

static void read_checks(struct reader *r, struct asset *a)
{
    const struct json_value *list = member(r, "checks", JSON_ARRAY, "a list");
    if (list && list->count > ASSET_CHECKS_MAX)
        bad(r, "checks", "as short as it must be");
    if (!list || r->result < 0)
        return;
    a->checks = arena_alloc_array(r->arena, list->count + 1, sizeof(*a->checks));
    for (const struct json_value *v = list->first; v; v = v->next) {
        struct reader in = inside(r, v);
        if (v->type != JSON_OBJECT)
            bad(&in, "checks", "a list of objects");
        else
            read_check(&in, &a->checks[a->check_count++]);
        r->result = in.result;
    }
}

static void read_open(struct reader *r, struct asset *a)
{
    struct repair *p = arena_new(r->arena, struct repair);
    const struct json_value *phase = member(r, "phase", JSON_STRING, "a phase");
    p->remedy = text(r, "remedy", "");
    p->task = text(r, "task", NULL);
    p->dedup_key = text(r, "dedup_key", "");
    p->phase = phase ? (int)repair_phase_parse(phase->text) : REPAIR_PHASE_COUNT;
    p->started_ns = instant(r, "started_at", 0);
    p->phase_ns = instant(r, "phase_at", 0);
    p->failed_ns = instant(r, "failed_at", 0);
    p->task_failed = flag(r, "task_failed");
    if (p->phase == REPAIR_PHASE_COUNT)
        bad(r, "phase", "one that there is");
    a->repair = p;
}

static void read_use(struct reader *r, struct remedy_use *u)
{
    enum { TIMES_MAX = 4096 };
    const struct json_value *times = member(r, "at", JSON_ARRAY, "a list of times");
    u->remedy = text(r, "remedy", "");
    if (times && times->count > TIMES_MAX)
        bad(r, "at", "as short as it must be");
    if (!times || r->result < 0)
        return;
    u->at_ns = arena_alloc_array(r->arena, times->count + 1, sizeof(*u->at_ns));
    for (const struct json_value *v = times->first; v && r->result == 0; v = v->next) {
        int64_t wall = moment_of(r, "at", v, 0);
        if (__builtin_sub_overflow(wall, r->offset, &u->at_ns[u->count]))
            bad(r, "at", "a time that can be");
        u->count++;
    }
}

static void read_uses(struct reader *r, struct asset *a)
{
    const struct json_value *list = member(r, "used", JSON_ARRAY, "a list");
    struct remedy_use **end = &a->uses;
    if (list && list->count > REMEDIES_OF_ASSET_MAX * 2)
        bad(r, "used", "as short as it must be");
    for (const struct json_value *v = list ? list->first : NULL; v && r->result == 0; v = v->next) {
        struct reader in = inside(r, v);
        *end = arena_new(r->arena, struct remedy_use);
        if (v->type != JSON_OBJECT)
            bad(&in, "used", "a list of objects");
        else
            read_use(&in, *end);
        end = &(*end)->next;
        r->result = in.result;
    }
}

static void read_repairs(struct reader *r, struct asset *a)
{
    const struct json_value *penalty = member(r, "flap_penalty", JSON_NUMBER, "a number");
    const struct json_value *open = member(r, "open", JSON_OBJECT, "an object");
    const char *trace = text(r, "trace_id", "");
    if (strlen(trace) >= sizeof(a->trace))
        bad(r, "trace_id", "of 32 digits");
    else
        memcpy(a->trace, trace, strlen(trace));
    a->repair_seq = number(r, "seq", INT64_MAX);
    a->rounds = (uint32_t)number(r, "rounds", UINT32_MAX);
    a->exhausted = flag(r, "exhausted");
    a->failed_over = flag(r, "failed_over");
    a->flapping = flag(r, "flapping");
    if (penalty && (json_to_f64(penalty, &a->flap_penalty) < 0 ||
                    !(a->flap_penalty >= 0 && a->flap_penalty < 1e9)))
        bad(r, "flap_penalty", "a number that it may be");
    a->next_remedy = text(r, "next", NULL);
    a->recovering_by = text(r, "recovering_by", NULL);
    a->flap_at_ns = instant(r, "flap_at", 0);
    a->again_ns = instant(r, "again_at", 0);
    a->maintain_until_ns = instant(r, "maintenance_until", INT64_MAX);
    read_uses(r, a);
    if (open && r->result == 0) {
        struct reader in = inside(r, open);
        read_open(&in, a);
        r->result = in.result;
    }
}

static int begin(struct reader *r, struct slice json, struct arena *a, struct err *err)
{
    struct json_value *v;
    *r = (struct reader){.arena = a, .err = err};
    if (json_parse(json, a, 0, &v, NULL) < 0 || v->type != JSON_OBJECT)
        r->result = err_set(err, -EBADMSG, "it is no object of JSON");
    else
        r->object = v;
    return r->result;
}

int asset_read(struct slice json, int64_t wall_offset_ns, struct arena *a, struct asset *ret,
               struct err *err)
{
    struct reader r;
    struct asset x = {.maintain_until_ns = INT64_MAX, .process = "", .kind = ""};
    if (begin(&r, json, a, err) < 0)
        return r.result;
    r.offset = wall_offset_ns;
    const struct json_value *state = member(&r, "state", JSON_STRING, "a state");
    const struct json_value *repairs = member(&r, "repairs", JSON_OBJECT, "an object");
    x.name = text(&r, "name", "");
    x.namespace_ = text(&r, "namespace", "default");
    x.state = state ? asset_state_parse(state->text) : ASSET_STATE_COUNT;
    x.since_wall_ns = moment(&r, "since");
    x.reason = reason(&r, "reason");
    x.owner = text(&r, "owner_plane", NULL);
    x.revision = number(&r, "revision", INT64_MAX);
    read_checks(&r, &x);
    if (repairs && r.result == 0) {
        struct reader in = inside(&r, repairs);
        read_repairs(&in, &x);
        r.result = in.result;
    }
    if (!x.name[0])
        bad(&r, "name", "there");
    if (x.state == ASSET_STATE_COUNT)
        bad(&r, "state", "one that there is");
    if (!x.reason)
        x.reason = "registered";
    if (r.result == 0)
        *ret = x;
    return r.result;
}

static void read_evidence(struct reader *r, struct event *e)
{
    const struct json_value *list = member(r, "evidence", JSON_ARRAY, "a list");
    for (const struct json_value *v = list ? list->first : NULL;
         v && e->evidence_count < EVENT_EVIDENCE_MAX; v = v->next)
        if (v->type == JSON_STRING)
            e->evidence[e->evidence_count++] = arena_strdup(r->arena, v->text);
        else
            bad(r, "evidence", "a list of strings");
}

static void read_rejected(struct reader *r, struct event *e)
{
    const struct json_value *list = member(r, "rejected", JSON_ARRAY, "a list");
    struct event_rejected *to =
        arena_alloc_array(r->arena, EVENT_REJECTED_MAX, sizeof(*to));
    e->rejected = to;
    for (const struct json_value *v = list ? list->first : NULL;
         v && r->result == 0 && e->rejected_count < EVENT_REJECTED_MAX; v = v->next) {
        struct reader in = inside(r, v);
        const struct json_value *why =
            v->type == JSON_OBJECT ? member(&in, "why", JSON_STRING, "a word") : NULL;
        enum repair_why w = why ? repair_why_parse(why->text) : REPAIR_WHY_COUNT;
        if (w == REPAIR_WHY_COUNT)
            bad(&in, "why", "a word that it may be");
        else
            to[e->rejected_count++] = (struct event_rejected){text(&in, "remedy", ""), w};
        r->result = in.result;
    }
}

static enum asset_state state_of(struct reader *r, const char *key, bool *ret_none)
{
    const struct json_value *v = member(r, key, JSON_STRING, "a state");
    enum asset_state s = v ? asset_state_parse(v->text) : ASSET_PENDING;
    *ret_none = !v;
    if (s == ASSET_STATE_COUNT)
        bad(r, key, "a state that there is");
    return s == ASSET_STATE_COUNT ? ASSET_PENDING : s;
}

int event_read(struct slice json, struct arena *a, struct event *ret, struct err *err)
{
    struct reader r;
    struct event e = {0};
    bool no_from, no_to;
    if (begin(&r, json, a, err) < 0)
        return r.result;
    const struct json_value *type = member(&r, "type", JSON_STRING, "a type");
    const char *word = text(&r, "reason", NULL);
    e.type = type ? event_type_parse(type->text) : EVENT_TYPE_COUNT;
    e.at_wall_ns = moment(&r, "at");
    e.revision = number(&r, "revision", INT64_MAX);
    e.asset = text(&r, "asset", "");
    e.key = strchr(e.asset, '/') ? e.asset : arena_printf(a, "default/%s", e.asset);
    e.from = state_of(&r, "from", &no_from);
    e.to = state_of(&r, "to", &no_to);
    e.created = e.type == EVENT_STATE && no_from;
    e.removed = e.type == EVENT_STATE && no_to;
    e.reason = word;
    e.check = text(&r, "check", NULL);
    e.task = text(&r, "task", NULL);
    e.remedy = text(&r, "remedy", NULL);
    e.by = text(&r, "by", NULL);
    e.trace_id = text(&r, "trace_id", NULL);
    read_evidence(&r, &e);
    read_rejected(&r, &e);
    if (e.type == EVENT_TYPE_COUNT)
        bad(&r, "type", "one that there is");
    if (r.result == 0)
        *ret = e;
    return r.result;
}
