#include "explain/explain.h"

#include <inttypes.h>

#include "base/fault.h"
#include "base/log.h"
#include "wire/task_json.h"

enum { NS_PER_MS = 1000000, MS_PER_S = 1000 };

const char *told_outcome_name(enum told_outcome o)
{
    static const char *const names[TOLD_OUTCOME_COUNT] = {
        [TOLD_WAITING] = "waiting", [TOLD_SILENCED] = "silenced",   [TOLD_INHIBITED] = "inhibited",
        [TOLD_SENDING] = "sending", [TOLD_DELIVERED] = "delivered", [TOLD_FAILED] = "failed",
        [TOLD_DROPPED] = "dropped", [TOLD_BEFORE] = "before",       [TOLD_OVER] = "over",
    };
    return names[o];
}

static int64_t number_at(const struct json_value *v, const char *key)
{
    int64_t n = 0;
    const struct json_value *m = json_get(v, key);
    return m && json_to_i64(m, &n) == 0 ? n : 0;
}

static bool has(const struct json_value *v, const char *key, const char *word)
{
    return slice_eq_cstr(json_text(v, key), word);
}

/* ---- the record ---- */

static const char *status_of(const struct told *t)
{
    return t->resolved ? "resolved" : "firing";
}

static bool is_same(const struct json_value *item, const struct told *t)
{
    return slice_eq(json_text(item, "receiver"), t->receiver) &&
           slice_eq(json_text(item, "trace_id"), t->trace_id) && has(item, "status", status_of(t));
}

static void put_text(struct json_writer *w, struct slice text)
{
    if (text.size)
        json_string(w, text);
    else
        json_null(w);
}

/* `then`: what stands there already; 0: what is now. */
static void put_time(struct json_writer *w, struct slice then, int64_t ms)
{
    char text[LOG_TIME_BYTES];
    if (then.size) {
        json_string(w, then);
    } else if (ms) {
        log_format_time(ms * NS_PER_MS, text);
        json_string(w, (struct slice){text, sizeof(text)});
    } else {
        json_null(w);
    }
}

/* `old`: what was said before of the same, or NULL. Told again, the first time stays. */
static void put_item(struct json_writer *w, const struct told *t, const struct json_value *old)
{
    static const struct slice none = {NULL, 0};
    int64_t times = old ? number_at(old, "times") : 0;
    struct slice asked = old ? json_text(old, "asked_at") : none;
    json_object_open(w);
    json_key(w, "at");
    put_time(w, times ? json_text(old, "at") : none, t->at_ms);
    json_text_member(w, "receiver", t->receiver);
    json_key(w, "kind");
    put_text(w, t->kind.size || !old ? t->kind : json_text(old, "kind"));
    json_text_member(w, "status", slice_from(status_of(t)));
    json_text_member(w, "outcome", slice_from(told_outcome_name(t->outcome)));
    json_key(w, "why");
    put_text(w, t->why);
    json_key(w, "asked_at");
    put_time(w, asked, t->asked_ms);
    json_key(w, "last_at");
    put_time(w, none, t->at_ms);
    json_i64_member(w, "attempts", t->attempts);
    json_i64_member(w, "others", t->others);
    json_i64_member(w, "times", times + (t->outcome == TOLD_DELIVERED));
    json_key(w, "task");
    put_text(w, t->task);
    json_key(w, "trace_id");
    put_text(w, t->trace_id);
    json_object_close(w);
}

void told_merge(struct slice record, const struct told *t, struct buf *out)
{
    struct arena arena = ARENA(MEM_WIRE, 0);
    struct json_value *root;
    struct json_writer w;
    const struct json_value *items = NULL, *old = NULL;
    if (json_parse(record, &arena, 0, &root, NULL) == 0 && root->type == JSON_OBJECT)
        items = json_get(root, "items");
    if (items && items->type != JSON_ARRAY)
        items = NULL;
    for (const struct json_value *i = items ? items->first : NULL; i; i = i->next)
        if (i->type == JSON_OBJECT && is_same(i, t) && !fault_mutant("told_twice_in_a_story"))
            old = i;
    uint32_t count = items ? items->count : 0;
    uint32_t skip = !old && count >= TOLD_ITEMS_MAX ? count + 1 - TOLD_ITEMS_MAX : 0;
    json_begin(&w, out, 0);
    json_object_open(&w);
    json_key(&w, "items");
    json_array_open(&w);
    for (const struct json_value *i = items ? items->first : NULL; i; i = i->next)
        if (skip)
            skip--;
        else if (i == old)
            put_item(&w, t, old);
        else
            json_tree(&w, i);
    if (!old)
        put_item(&w, t, NULL);
    json_array_close(&w);
    json_object_close(&w);
    json_end(&w);
    arena_done(&arena);
}

/* ---- among the events ---- */

bool told_is(const struct json_value *v)
{
    return json_text(v, "type").size == 0 && json_text(v, "receiver").size > 0;
}

static bool is_later(const struct json_value *a, const struct json_value *b)
{
    return slice_compare(json_text(a, "at"), json_text(b, "at")) > 0;
}

enum { OF_NO_STORY = -2, BEFORE_ALL = -1 };

/* The event behind which it is told: of its own story the last that is not later. */
static int64_t place_of(const struct json_value *const *events, uint32_t count,
                        const struct json_value *item)
{
    struct slice trace = json_text(item, "trace_id");
    int64_t place = OF_NO_STORY;
    for (uint32_t i = 0; i < count && trace.size; i++) {
        if (!slice_eq(json_text(events[i], "trace_id"), trace))
            continue;
        if (place == OF_NO_STORY)
            place = (int64_t)i - 1;
        if (!is_later(events[i], item))
            place = i;
    }
    return place;
}

uint32_t told_among(const struct json_value *const *events, uint32_t count,
                    const struct json_value *items, const struct json_value **ret)
{
    const struct json_value *told[TOLD_ITEMS_MAX];
    int64_t places[TOLD_ITEMS_MAX];
    uint32_t told_count = 0, n = 0;
    for (const struct json_value *t = items ? items->first : NULL; t; t = t->next) {
        uint32_t at = told_count;
        int64_t place =
            t->type == JSON_OBJECT && told_is(t) ? place_of(events, count, t) : OF_NO_STORY;
        if (place == OF_NO_STORY || told_count == TOLD_ITEMS_MAX)
            continue;
        for (; at &&
               (places[at - 1] > place || (places[at - 1] == place && is_later(told[at - 1], t)));
             at--) {
            told[at] = told[at - 1];
            places[at] = places[at - 1];
        }
        told[at] = t;
        places[at] = place;
        told_count++;
    }
    for (uint32_t i = 0, k = 0; i <= count; i++) {
        while (k < told_count && places[k] < (int64_t)i)
            ret[n++] = told[k++];
        if (i < count)
            ret[n++] = events[i];
    }
    return n;
}

/* ---- for people ---- */

static void put_later(const struct json_value *item, struct buf *out)
{
    int64_t asked, at;
    if (moment_parse(json_text(item, "asked_at"), &asked) < 0 ||
        moment_parse(json_text(item, "at"), &at) < 0 || at < asked)
        return;
    int64_t tenths = (at - asked + 50) / 100;
    buf_printf(out, ", %" PRId64 ".%" PRId64 " s later", tenths / 10, tenths % 10);
}

static void put_counts(const struct json_value *item, struct buf *out)
{
    int64_t attempts = number_at(item, "attempts"), others = number_at(item, "others"),
            times = number_at(item, "times");
    if (attempts > 1)
        buf_printf(out, ", at attempt %" PRId64, attempts);
    if (others > 0)
        buf_printf(out, ", together with %" PRId64 " other%s", others, others == 1 ? "" : "s");
    if (times > 1)
        buf_printf(out, "; %" PRId64 " times so far, last at %.*s", times,
                   SLICE_ARG(json_text(item, "last_at")));
}

static void put_why(const struct json_value *item, const char *before, const char *dflt,
                    struct buf *out)
{
    struct slice why = json_text(item, "why");
    if (!why.size && !dflt)
        return;
    buf_append_cstr(out, before);
    if (why.size)
        buf_append_slice(out, why);
    else
        buf_append_cstr(out, dflt);
}

static void put_ended(const struct json_value *item, const char *over, struct buf *out)
{
    int64_t attempts = number_at(item, "attempts");
    if (has(item, "outcome", "delivered")) {
        buf_printf(out, " was told%s", over);
        put_later(item, out);
        put_counts(item, out);
    } else if (has(item, "outcome", "failed")) {
        buf_printf(out, " was NOT told%s", over);
        put_why(item, ": ", "the delivery failed", out);
        if (attempts > 1)
            buf_printf(out, " (%" PRId64 " attempts)", attempts);
    } else if (has(item, "outcome", "dropped")) {
        buf_printf(out, " was NOT told%s: the store took no deliveries", over);
    } else {
        buf_append_cstr(out, " was not told");
        put_why(item, ": ", "it was over first", out);
    }
}

static void put_open(const struct json_value *item, const char *over, struct buf *out)
{
    if (has(item, "outcome", "waiting")) {
        buf_append_cstr(out, " is to be told");
        put_why(item, ": ", NULL, out);
    } else if (has(item, "outcome", "before")) {
        buf_append_cstr(out, " was told in an earlier story, and not yet that it was over");
    } else if (has(item, "outcome", "sending")) {
        buf_printf(out, " is being told%s", over);
        if (number_at(item, "attempts"))
            buf_printf(out, ": attempt %" PRId64, number_at(item, "attempts"));
        put_why(item, " failed: ", NULL, out);
    } else {
        buf_append_cstr(out, " is not told");
        put_why(item, ": ", NULL, out);
    }
}

static bool is_open(const struct json_value *item)
{
    static const char *const open[] = {"waiting", "before", "sending", "silenced", "inhibited"};
    for (size_t i = 0; i < ARRAY_LEN(open); i++)
        if (has(item, "outcome", open[i]))
            return true;
    return false;
}

void told_sentence(const struct json_value *item, struct buf *out)
{
    struct slice kind = json_text(item, "kind"), task = json_text(item, "task");
    const char *over = has(item, "status", "resolved") ? " that it is over" : "";
    buf_append_slice(out, json_text(item, "receiver"));
    if (kind.size)
        buf_printf(out, " (%.*s)", SLICE_ARG(kind));
    if (is_open(item))
        put_open(item, over, out);
    else
        put_ended(item, over, out);
    if (task.size)
        buf_printf(out, "; %.*s", SLICE_ARG(task));
}
