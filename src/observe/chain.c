#include <errno.h>

#include "observe/story.h"
#include "observe/target_parse.h"

/* Steps run one after the other within the chain's own time. What a step has captured is filled
 * into the texts of later ones; a step is named as it was written, so that no captured token is
 * shown. */

/* ---- ${NAME} ---- */

static bool name_byte(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (!first && c >= '0' && c <= '9');
}

bool observe_is_capture_name(struct slice name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!name_byte(name.data[i], i == 0))
            return false;
    return name.size > 0;
}

/* The text up to the next ${NAME} is *ret_before; false: there is none. */
static bool next_name(struct slice *rest, struct slice *ret_before, struct slice *ret_name)
{
    for (size_t from = 0;;) {
        ptrdiff_t at = slice_find(slice_sub(*rest, from, rest->size), SLICE("${"));
        if (at < 0)
            break;
        size_t open = from + (size_t)at;
        struct slice behind = slice_sub(*rest, open + 2, rest->size), name = behind;
        ptrdiff_t close = slice_find_byte(behind, '}');
        if (close >= 0 && observe_is_capture_name(name = slice_sub(behind, 0, (size_t)close))) {
            *ret_before = slice_sub(*rest, 0, open);
            *ret_name = name;
            *rest = slice_sub(behind, (size_t)close + 1, behind.size);
            return true;
        }
        from = open + 2; /* "${" that is none of ours stays as it is */
    }
    *ret_before = *rest;
    return false;
}

/* ---- before it runs ---- */

static bool is_captured(const struct probe_chain *c, uint32_t steps, struct slice name)
{
    for (uint32_t i = 0; i < steps; i++)
        for (uint32_t k = 0; k < c->steps[i].spec.capture_count; k++)
            if (slice_eq(c->steps[i].spec.captures[k].name, name))
                return true;
    return false;
}

/* Returns how many names the text has, or -EINVAL with *err: one that no earlier step captures. */
static int check_text(const struct probe_chain *c, uint32_t step, struct slice text,
                      struct err *err)
{
    struct slice before, name;
    int count = 0;
    while (next_name(&text, &before, &name)) {
        if (!is_captured(c, step, name))
            return err_set(err, -EINVAL, "${%.*s} is captured by no step before", SLICE_ARG(name));
        count++;
    }
    return count;
}

static int check_target(const struct probe_step *s, struct err *err)
{
    struct target_set *set = target_set_new();
    struct target_slot *slot = mem_alloc(MEM_OBSERVE, sizeof(*slot));
    int r = target_set_add(set, s->target, err);
    if (r == 0 && target_set_count(set) != 1)
        r = err_set(err, -EINVAL, "a step is one target, and '%.*s' stands for %llu",
                    SLICE_ARG(s->target), (unsigned long long)target_set_count(set));
    if (r == 0) {
        target_set_get(set, 0, slot);
        enum probe_kind k = slot->target.kind;
        bool has_answer = k == PROBE_HTTP || k == PROBE_EXEC || k == PROBE_REDIS;
        if (s->spec.capture_count && !has_answer)
            r = err_set(err, -EINVAL,
                        "nothing can be captured from '%.*s': http, exec and redis "
                        "have an answer",
                        SLICE_ARG(slot->target.name));
    }
    mem_free(MEM_OBSERVE, slot);
    target_set_free(set);
    return r;
}

int observe_chain_check(const struct probe_chain *c, struct err *err)
{
    for (uint32_t i = 0; i < c->count; i++) {
        const struct probe_step *s = &c->steps[i];
        int names = check_text(c, i, s->target, err);
        int r = names < 0 ? names : check_text(c, i, s->spec.data, err);
        for (uint32_t h = 0; h < s->spec.header_count && r >= 0; h++)
            r = check_text(c, i, s->spec.headers[h].value, err);
        if (r >= 0 && names == 0)
            r = check_target(s, err);
        if (r < 0)
            return err_wrap(err, "step %u", i + 1);
    }
    return 0;
}

/* ---- filling in ---- */

struct running {
    const struct probe_chain *chain;
    struct probe_result *result; /* its steps are those that were begun */
};

static struct slice value_of(const struct running *run, struct slice name)
{
    for (uint32_t i = run->result->step_count; i-- > 0;) { /* the latest counts */
        const struct probe_spec *spec = &run->chain->steps[i].spec;
        for (uint32_t k = 0; k < spec->capture_count && run->result->steps[i].captured; k++)
            if (slice_eq(spec->captures[k].name, name))
                return run->result->steps[i].captured[k];
    }
    return (struct slice){0};
}

/* What may not stand in a URL is percent-encoded; what has a meaning there keeps it, so that a
 * whole path or URL can be captured. */
static void put_in_url(struct slice value, struct buf *out)
{
    for (size_t i = 0; i < value.size; i++) {
        unsigned char c = (unsigned char)value.data[i];
        if (c <= 0x20 || c >= 0x7F || memchr("\"<>\\^`{|}", c, 9))
            buf_printf(out, "%%%02X", c);
        else
            buf_append_byte(out, (char)c);
    }
}

static struct slice fill(const struct running *run, struct slice text, bool in_url)
{
    struct slice rest = text, before, name;
    struct buf out = BUF(MEM_OBSERVE, 0);
    if (slice_find(text, SLICE("${")) < 0)
        return text;
    while (next_name(&rest, &before, &name)) {
        buf_append_slice(&out, before);
        if (in_url)
            put_in_url(value_of(run, name), &out);
        else
            buf_append_slice(&out, value_of(run, name));
    }
    buf_append_slice(&out, before);
    struct slice filled = {arena_strdup(&run->result->arena, buf_slice(&out)), out.size};
    buf_done(&out);
    return filled;
}

/* ---- one step ---- */

/* The step's own time begins when what it shares with others is there. */
static void run_kind(struct observer *o, const struct probe_target *t, struct probe_result *r,
                     const struct probe_spec *spec, rt_time deadline)
{
    if (observe_prepare(o, t, r, deadline) < 0)
        return;
    struct observer own = *o;
    own.spec = spec;
    rt_time begin = rt_now_exact();
    r->at_wall_ns = rt_wall_now();
    r->lag_ns = rt_lag();
    observe_kind(&own, t, r, deadline);
    r->total_ns = rt_now_exact() - begin;
}

/* Of what was captured only the size is told: it may be a secret. */
static __attribute__((noinline)) void tell_end(struct observer *o, const struct probe_spec *spec,
                                              const struct probe_result *r)
{
    char took[DURATION_TEXT_MAX];
    for (uint32_t i = 0; i < spec->capture_count && r->captured; i++)
        TELL(o, "captured", "%.*s, %zu bytes", SLICE_ARG(spec->captures[i].name),
             r->captured[i].size);
    TELL(o, "so far", "%s%s%s, after %s", probe_reason_name(r->reason), r->detail[0] ? ": " : "",
         r->detail, story_time(r->total_ns, took));
    o->story->depth--;
}

/* A step's result has no arena of its own: it lends the chain's while it runs. */
static void run_step(struct observer *o, const struct running *run, uint32_t i, rt_time deadline)
{
    struct probe_result *whole = run->result, *r = &whole->steps[i];
    const struct probe_step *s = &run->chain->steps[i];
    struct probe_spec *spec = arena_new(&whole->arena, struct probe_spec);
    struct target_slot *slot = arena_new(&whole->arena, struct target_slot);
    struct probe_target *named = arena_new(&whole->arena, struct probe_target);
    struct target_set *set = target_set_new();
    *spec = s->spec;
    spec->data = fill(run, spec->data, false);
    for (uint32_t h = 0; h < spec->header_count; h++)
        spec->headers[h].value = fill(run, spec->headers[h].value, false);
    int code = target_set_add(set, fill(run, s->target, true), NULL);
    *named = (struct probe_target){.name = target_redacted(&whole->arena, s->target)};
    probe_result_reset(r, named);
    whole->step_count = i + 1;
    TELL(o, "step", "%u: %.*s", i + 1, SLICE_ARG(named->name));
    r->arena = whole->arena;
    if (code < 0 || target_set_count(set) != 1) {
        probe_result_fail(r, REASON_PROTOCOL, "with its ${NAME}s filled in it is no target");
    } else {
        target_set_get(set, 0, slot);
        named->kind = slot->target.kind;
        if (o->story)
            o->story->depth++;
        run_kind(o, &slot->target, r, spec, deadline);
        if (o->story)
            tell_end(o, spec, r);
        r->target = named;
    }
    whole->arena = r->arena;
    r->arena = (struct arena){0};
    target_set_free(set);
}

void probe_chain(struct observer *o, const struct probe_target *t, struct probe_result *r,
                 rt_time deadline)
{
    struct running run = {t->extra->chain, r};
    r->steps = arena_alloc_array(&r->arena, run.chain->count, sizeof(r->steps[0]));
    for (uint32_t i = 0; i < run.chain->count && r->reason == REASON_OK; i++) {
        run_step(o, &run, i, deadline);
        const struct probe_result *s = &r->steps[i];
        memcpy(r->address, s->address, sizeof(r->address));
        r->status = s->status;
        if (s->reason == REASON_OK)
            continue;
        probe_result_fail(r, s->reason, "step %u: %s", i + 1, s->detail);
        r->settled = s->settled;
    }
}
