#include "wire/schedule_json.h"

#include <errno.h>

#include "base/duration.h"
#include "base/log.h"
#include "model/civil.h"
#include "wire/json.h"

struct reader {
    const struct json_value *object;
    struct arena *arena;
    struct err *err;
    int result;
};

static void bad(struct reader *r, const char *key, const char *what)
{
    if (r->result == 0)
        r->result = err_set(r->err, -EBADMSG, "%s is not %s", key, what);
}

/* A member that is there and no null. */
static const struct json_value *member(struct reader *r, const char *key)
{
    const struct json_value *v = json_get(r->object, key);
    return v && v->type != JSON_NULL ? v : NULL;
}

static struct slice text(struct reader *r, const char *key, const char *dflt)
{
    const struct json_value *v = member(r, key);
    if (v && v->type != JSON_STRING)
        bad(r, key, "a string");
    struct slice s = v && v->type == JSON_STRING && v->text.size ? v->text : slice_from(dflt);
    return (struct slice){arena_strdup(r->arena, s), s.size};
}

static int64_t number(struct reader *r, const char *key, int64_t dflt, int64_t max)
{
    const struct json_value *v = member(r, key);
    int64_t n = dflt;
    if (v && (json_to_i64(v, &n) < 0 || n < 0 || n > max))
        bad(r, key, "a number that it may be");
    return n;
}

static bool flag(struct reader *r, const char *key)
{
    const struct json_value *v = member(r, key);
    if (v && v->type != JSON_TRUE && v->type != JSON_FALSE)
        bad(r, key, "true or false");
    return v && v->type == JSON_TRUE;
}

static int word(struct reader *r, const char *key, const char *const *words)
{
    const struct json_value *v = member(r, key);
    int n = v && v->text.size ? schedule_word(words, v->text) : 0;
    if (n < 0)
        bad(r, key, "a word that it may be");
    return n < 0 ? 0 : n;
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

/* ---- a declaration ---- */

static struct slice tree(struct reader *r, const char *key)
{
    const struct json_value *v = member(r, key);
    struct buf out = BUF(MEM_WIRE, 0);
    struct json_writer w;
    if (!v)
        return (struct slice){0};
    json_begin(&w, &out, 0);
    json_tree(&w, v);
    json_end(&w);
    struct slice made = {arena_strdup(r->arena, buf_slice(&out)), out.size};
    buf_done(&out);
    return made;
}

int schedule_spec_parse(struct slice json, struct arena *a, struct schedule *ret, struct err *err)
{
    struct reader r;
    struct cron_fault fault;
    if (begin(&r, json, a, err) < 0)
        return r.result;
    struct schedule s = {
        .cron_text = text(&r, "cron", ""),
        .zone_name = text(&r, "zone", "UTC"),
        .misfire = (enum schedule_misfire)word(&r, "misfire", schedule_misfires),
        .overlap = (enum schedule_overlap)word(&r, "overlap", schedule_overlaps),
        .catch_up = (uint32_t)number(&r, "catch_up", SCHEDULE_CATCH_UP, SCHEDULE_CATCH_UP_MAX),
        .history_max =
            (uint32_t)number(&r, "history_max", SCHEDULE_HISTORY_MAX, SCHEDULE_HISTORY_MAX_MAX),
        .paused = flag(&r, "paused"),
        .action = tree(&r, "do"),
        .node = text(&r, "node", ""),
        .selector = text(&r, "selector", ""),
    };
    struct slice jitter = text(&r, "jitter", "0s");
    if (duration_parse(jitter, &s.jitter_ns) < 0 || s.jitter_ns < 0)
        bad(&r, "jitter", "a duration like 30s");
    if (r.result == 0 && cron_parse(s.cron_text, &s.cron, &fault) < 0)
        r.result = err_set(err, -EBADMSG, "cron is \"%.*s\": at its column %u: %s",
                           SLICE_ARG(slice_sub(s.cron_text, 0, 100)), fault.column, fault.message);
    if (r.result == 0)
        *ret = s;
    return r.result;
}

/* ---- what is remembered ---- */

static void put_time(struct json_writer *w, int64_t seconds)
{
    char at[LOG_TIME_BYTES];
    if (seconds <= 0 || seconds > INT64_MAX / 1000000000) {
        json_null(w);
        return;
    }
    log_format_time(seconds * 1000000000, at);
    json_string(w, (struct slice){at, LOG_TIME_BYTES});
}

static void put_run(struct json_writer *w, const struct schedule_run *r)
{
    json_object_open(w);
    json_key(w, "task");
    json_string(w, r->task);
    json_key(w, "state");
    json_string(w, r->state);
    json_key(w, "cause");
    json_cstr(w, schedule_causes[r->cause]);
    json_key(w, "due_at");
    put_time(w, r->due_s);
    json_key(w, "started_at");
    put_time(w, r->started_s);
    json_key(w, "ended");
    json_bool(w, r->ended);
    json_object_close(w);
}

void schedule_state_write(const struct schedule_state *s, int64_t next_s, struct buf *out)
{
    struct json_writer w;
    json_begin(&w, out, 0);
    json_object_open(&w);
    json_key(&w, "since");
    put_time(&w, s->since_s);
    json_key(&w, "settled_at");
    put_time(&w, s->settled_s);
    json_key(&w, "next_at");
    put_time(&w, next_s);
    json_key(&w, "paused");
    json_bool(&w, s->paused);
    json_key(&w, "refused");
    if (s->refused.size)
        json_string(&w, s->refused);
    else
        json_null(&w);
    json_key(&w, "cron");
    json_string(&w, s->cron_text);
    json_key(&w, "zone");
    json_string(&w, s->zone_name);
    json_key(&w, "trigger");
    json_i64(&w, s->trigger);
    json_key(&w, "missed_from");
    put_time(&w, s->missed_from_s);
    json_key(&w, "missed_to");
    put_time(&w, s->missed_to_s);
    json_key(&w, "overlap_total");
    json_u64(&w, s->overlap_total);
    json_key(&w, "runs");
    json_array_open(&w);
    for (uint32_t i = 0; i < s->run_count; i++)
        put_run(&w, &s->runs[i]);
    json_array_close(&w);
    json_object_close(&w);
    json_end(&w);
}

static int64_t time_of(struct reader *r, const char *key)
{
    const struct json_value *v = member(r, key);
    int64_t t = 0;
    if (v && (v->type != JSON_STRING || civil_parse(v->text, &t) < 0))
        bad(r, key, "a time");
    return t;
}

static void take_runs(struct reader *r, struct schedule_state *s)
{
    const struct json_value *list = member(r, "runs");
    if (list && (list->type != JSON_ARRAY ||
                 list->count > SCHEDULE_HISTORY_MAX_MAX + SCHEDULE_RUNNING_MAX)) {
        bad(r, "runs", "a list of runs");
        return;
    }
    s->runs = arena_alloc_array(r->arena, list ? list->count : 0, sizeof(*s->runs));
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next) {
        struct reader run = {v, r->arena, r->err, r->result};
        if (v->type != JSON_OBJECT) {
            bad(r, "runs", "a list of runs");
            return;
        }
        s->runs[s->run_count++] = (struct schedule_run){
            .task = text(&run, "task", ""),
            .state = text(&run, "state", ""),
            .due_s = time_of(&run, "due_at"),
            .started_s = time_of(&run, "started_at"),
            .cause = (enum schedule_cause)word(&run, "cause", schedule_causes),
            .ended = flag(&run, "ended"),
        };
        r->result = run.result;
    }
}

int schedule_state_parse(struct slice json, struct arena *a, struct schedule_state *ret,
                         struct err *err)
{
    struct reader r;
    if (begin(&r, json, a, err) < 0)
        return r.result;
    struct schedule_state s = {
        .since_s = time_of(&r, "since"),
        .settled_s = time_of(&r, "settled_at"),
        .trigger = number(&r, "trigger", 0, INT64_MAX),
        .missed_from_s = time_of(&r, "missed_from"),
        .missed_to_s = time_of(&r, "missed_to"),
        .overlap_total = (uint64_t)number(&r, "overlap_total", 0, INT64_MAX),
        .paused = flag(&r, "paused"),
        .cron_text = text(&r, "cron", ""),
        .refused = text(&r, "refused", ""),
        .zone_name = text(&r, "zone", "UTC"),
    };
    take_runs(&r, &s);
    if (r.result == 0)
        *ret = s;
    return r.result;
}
