#include "app/chain.h"

#include <errno.h>
#include <string.h>

#include "app/spec.h"
#include "observe/observe.h"
#include "wire/jsonpath.h"

/* The options of a step, as if they were a command line of their own. */
struct draft {
    struct probe_options options;
    struct probe_capture *captures;
    uint32_t capture_count;
};

struct building {
    struct probe_chain *chain;
    struct arena *arena;
    struct err *err;
};

static void add_to(struct building *b, struct cli_list *list, const char *value)
{
    const char **items = arena_alloc_array(b->arena, list->count + 1, sizeof(char *));
    for (uint32_t i = 0; i < list->count; i++)
        items[i] = list->items[i]; /* a copy: steps share what stands before them */
    items[list->count++] = value;
    list->items = items;
}

/* ---- captures ---- */

int probe_capture_from(struct slice name, struct slice how, struct arena *arena,
                       struct probe_capture *ret, struct err *err)
{
    struct jsonpath *path;
    struct probe_capture c = {.name = name, .expression = how};
    struct slice kind = slice_cut(&c.expression, ':');
    int r = 0;
    if (!observe_is_capture_name(name))
        return err_set(err, -EINVAL, "'%.*s' is no name: letters, digits and '_'",
                       (int)(name.size < 80 ? name.size : 80), name.data);
    if (slice_eq_cstr(kind, "json") && c.expression.data) {
        r = jsonpath_parse(c.expression, arena, &path, err);
        c.path = r == 0 ? path : NULL;
    } else if (slice_eq_cstr(kind, "regex") && c.expression.data) {
        r = observe_pattern_new(c.expression.data, &c.pattern, err);
    } else {
        r = err_set(err, -EINVAL, "write json:PATH or regex:RE, not '%.*s'",
                    (int)(how.size < 80 ? how.size : 80), how.data);
    }
    if (r == 0)
        *ret = c;
    return r;
}

static int add_capture(struct building *b, struct draft *d, const char *text)
{
    struct slice how = slice_from(text), name = slice_cut(&how, '=');
    if (!how.data || !observe_is_capture_name(name))
        return err_set(b->err, -EINVAL,
                       "--capture: '%.80s' has no name: write "
                       "NAME=json:PATH or NAME=regex:RE, a name of letters, digits and '_'",
                       text);
    if (d->capture_count == PROBE_CAPTURES_MAX)
        return err_set(b->err, -EINVAL, "--capture: more than %d of one step", PROBE_CAPTURES_MAX);
    if (!d->captures)
        d->captures = arena_alloc_array(b->arena, PROBE_CAPTURES_MAX, sizeof(d->captures[0]));
    if (probe_capture_from(name, how, b->arena, &d->captures[d->capture_count], b->err) < 0)
        return err_wrap(b->err, "--capture: '%.80s'", text);
    d->capture_count++;
    return 0;
}

static void captures_done(const struct probe_capture *captures, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        observe_pattern_free(captures[i].pattern);
}

/* ---- steps ---- */

/* Takes an option that a step may have of its own; others count for the whole. */
static int take(struct building *b, struct draft *d, const struct cli_given *g, bool in_step)
{
    struct probe_options *o = &d->options;
    const struct {
        const char *name;
        const char **text;
        struct cli_list *list;
    } table[] = {
        {"method", &o->method, NULL}, {"status", &o->status, NULL},  {"body", &o->body, NULL},
        {"data", &o->data, NULL},     {"header", NULL, &o->headers}, {"json", NULL, &o->json},
    };
    if (strcmp(g->option->name, "capture") == 0)
        return in_step ? add_capture(b, d, g->value)
                       : err_set(b->err, -EINVAL,
                                 "--capture stands before the first --step: it "
                                 "takes a value out of the answer of the step before it");
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (strcmp(g->option->name, table[i].name) != 0)
            continue;
        if (table[i].text)
            *table[i].text = g->value;
        else
            add_to(b, table[i].list, g->value);
    }
    return 0;
}

static int end_step(struct building *b, const struct draft *d, const char *target)
{
    struct probe_chain *c = b->chain;
    struct probe_step *s = &c->steps[c->count];
    s->target = slice_from(target);
    int r = probe_spec_from(&d->options, b->arena, &s->spec, b->err);
    s->spec.captures = d->captures;
    s->spec.capture_count = d->capture_count;
    c->count++;
    return r < 0 ? err_wrap(b->err, "step %u", c->count) : 0;
}

static bool is_step(const struct cli_given *g)
{
    return strcmp(g->option->name, "step") == 0;
}

/* What is there before any step: the whole's options without those that steps may have. */
static struct draft draft_of(const struct probe_options *o)
{
    struct draft d = {.options = *o};
    d.options.method = "GET";
    d.options.status = d.options.body = d.options.data = NULL;
    d.options.headers = d.options.json = (struct cli_list){0};
    return d;
}

int probe_chain_from(const struct cli_parsed *parsed, struct arena *arena, struct probe_chain *ret,
                     struct err *err)
{
    const struct probe_options *o = parsed->values;
    struct building b = {ret, arena, err};
    struct draft all = draft_of(o), step = {0};
    const char *target = NULL;
    int r = 0;
    *ret = (struct probe_chain){0};
    if (o->steps.count > PROBE_STEPS_MAX)
        return err_set(err, -EINVAL, "--step: more than %d of them", PROBE_STEPS_MAX);
    ret->steps = arena_alloc_array(arena, PROBE_STEPS_MAX, sizeof(ret->steps[0]));
    for (uint32_t i = 0; i < parsed->given_count && r == 0; i++) {
        const struct cli_given *g = &parsed->given[i];
        if (!is_step(g)) {
            r = take(&b, target ? &step : &all, g, target != NULL);
            if (r < 0)
                captures_done(step.captures, step.capture_count);
            continue;
        }
        r = target ? end_step(&b, &step, target) : 0;
        step = all;
        target = g->value;
    }
    if (r == 0 && target)
        r = end_step(&b, &step, target);
    return r;
}

void probe_chain_done(struct probe_chain *c)
{
    for (uint32_t i = 0; i < c->count; i++) {
        captures_done(c->steps[i].spec.captures, c->steps[i].spec.capture_count);
        probe_spec_done(&c->steps[i].spec);
    }
    c->count = 0;
}
