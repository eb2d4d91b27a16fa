#include "explain/explain.h"

struct slice sentence_why_not(struct slice why)
{
    static const struct {
        struct slice word, words;
    } table[] = {
        {SLICE("cooldown"), SLICE("it was tried a short while ago")},
        {SLICE("blast_radius"), SLICE("enough of its group are under repair already")},
        {SLICE("brake"), SLICE("so many failed at once that it is the network, or us")},
        {SLICE("frozen"), SLICE("automatic repair is frozen")},
        {SLICE("precondition"), SLICE("its precondition does not hold")},
        {SLICE("needs_approval"), SLICE("somebody has to approve it")},
        {SLICE("rate"), SLICE("it may not run so often")},
        {SLICE("dependency"), SLICE("what it depends on comes first")},
        {SLICE("not_owner"), SLICE("another control plane has this asset")},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (slice_eq(why, table[i].word))
            return table[i].words;
    return why;
}

/* ---- parts ---- */

static void put(struct buf *out, struct slice text)
{
    buf_append_slice(out, text);
}

static void put_value(struct buf *out, const struct json_value *v)
{
    struct json_writer w;
    if (v->type == JSON_STRING) {
        put(out, v->text);
        return;
    }
    json_begin(&w, out, 0);
    json_tree(&w, v);
    json_end(&w);
}

/* "; a; b" with what stands before the first; what the sentence says already is left out. */
static void put_evidence(const struct json_value *event, const char *before, struct buf *out)
{
    const struct json_value *list = json_get(event, "evidence");
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next) {
        if (v->type == JSON_STRING &&
            (v->text.size == 0 || slice_eq(v->text, json_text(event, "reason"))))
            continue;
        buf_append_cstr(out, before);
        before = "; ";
        put_value(out, v);
    }
}

static void put_by(const struct json_value *event, struct buf *out)
{
    struct slice by = json_text(event, "by");
    if (by.size)
        buf_printf(out, " (by %.*s)", SLICE_ARG(by));
}

/* ---- each type ---- */

static void observation(const struct json_value *event, struct buf *out)
{
    size_t from = out->size;
    put_evidence(event, "", out);
    struct slice reason = json_text(event, "reason");
    if (out->size == from)
        put(out, reason.size ? reason : SLICE("something was seen"));
}

static void move(const struct json_value *event, struct buf *out)
{
    struct slice from = json_text(event, "from"), to = json_text(event, "to"),
                 reason = json_text(event, "reason");
    if (from.size || to.size)
        buf_printf(out, "%.*s -> %.*s", SLICE_ARG(from.size ? from : SLICE("(new)")),
                   SLICE_ARG(to.size ? to : SLICE("(gone)")));
    if (reason.size)
        buf_printf(out, "%s%.*s", from.size || to.size ? ": " : "", SLICE_ARG(reason));
    put_evidence(event, ": ", out);
    put_by(event, out);
}

static void decision(const struct json_value *event, struct buf *out)
{
    const struct json_value *rejected = json_get(event, "rejected");
    struct slice remedy = json_text(event, "remedy"), reason = json_text(event, "reason");
    bool any = rejected && rejected->first;
    bool none_left = slice_eq(reason, SLICE("repair_exhausted"));
    if (remedy.size)
        buf_printf(out, "%.*s is to repair it", SLICE_ARG(remedy));
    else
        put(out,
            any || none_left ? SLICE("nothing is done") : SLICE("no remedy is declared for that"));
    if (reason.size && !any && !remedy.size)
        buf_printf(out, " (%.*s)", SLICE_ARG(reason));
    put_evidence(event, ": ", out);
    for (const struct json_value *r = any ? rejected->first : NULL; r; r = r->next)
        buf_printf(out, "; not %.*s: %.*s", SLICE_ARG(json_text(r, "remedy")),
                   SLICE_ARG(sentence_why_not(json_text(r, "why"))));
    put_by(event, out);
}

static void task(const struct json_value *event, struct buf *out)
{
    struct slice name = json_text(event, "task"), remedy = json_text(event, "remedy"),
                 reason = json_text(event, "reason");
    put(out, name.size ? name : SLICE("a task"));
    if (remedy.size)
        buf_printf(out, " of %.*s", SLICE_ARG(remedy));
    if (reason.size)
        buf_printf(out, ": %.*s", SLICE_ARG(reason));
    put_evidence(event, ": ", out);
    put_by(event, out);
}

static void outcome(const struct json_value *event, struct buf *out)
{
    struct slice reason = json_text(event, "reason"), remedy = json_text(event, "remedy");
    if (remedy.size)
        buf_printf(out, "%.*s: ", SLICE_ARG(remedy));
    put(out, reason.size ? reason : SLICE("it ended"));
    put_evidence(event, ": ", out);
}

static void other(const struct json_value *event, struct buf *out)
{
    struct slice by = json_text(event, "by");
    if (by.size)
        buf_printf(out, "%.*s: ", SLICE_ARG(by));
    put(out, json_text(event, "reason"));
    put_evidence(event, json_text(event, "reason").size ? ": " : "", out);
}

void sentence_write(const struct json_value *event, struct buf *out)
{
    static const struct {
        const char *type;
        void (*write)(const struct json_value *event, struct buf *out);
    } table[] = {
        {"observation", observation}, {"verdict", move}, {"decision", decision}, {"task", task},
        {"outcome", outcome},         {"state", move},
    };
    struct slice type = json_text(event, "type");
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (slice_eq_cstr(type, table[i].type)) {
            table[i].write(event, out);
            return;
        }
    other(event, out);
}

void sentence_line(const struct json_value *event, bool dated, struct buf *out)
{
    enum { DAY = 11, CLOCK = 23 }; /* "2026-11-24T10:15:30.123Z" */
    struct slice at = json_text(event, "at");
    if (!dated && at.size > CLOCK)
        at = slice_sub(at, DAY, CLOCK);
    bool told = told_is(event);
    struct slice type = told ? SLICE("notify") : json_text(event, "type");
    buf_printf(out, "%.*s  %-11.*s  ", SLICE_ARG(at), SLICE_ARG(type));
    if (told)
        told_sentence(event, out);
    else
        sentence_write(event, out);
    buf_append_byte(out, '\n');
}
