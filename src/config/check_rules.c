#include "config/check.h"

#include "base/duration.h"
#include "config/check_walk.h"
#include "config/tables.h"
#include "model/cron.h"
#include "model/selector.h"
#include "model/step_graph.h"
#include "model/step_text.h"
#include "wire/http1.h"
#include "wire/jsonpath.h"
#include "wire/query.h"

/* A rule that no table can say: about several fields together, or about the keys of a table. */
typedef void rule_fn(struct checker *c, const struct check_at *at);

static struct check_at at_field(const struct check_at *at, const struct schema_struct *s,
                                const char *key, const struct value *v)
{
    return (struct check_at){at, s, schema_field_by_key(s, slice_from(key)), v, 0, false,
                             at->depth + 1};
}

static const struct value *get(const struct check_at *at, const char *key)
{
    const struct value *v = value_get(at->value, slice_from(key));
    return v && v->type != VALUE_BAD && !config_is_zero(v) ? v : NULL;
}

static bool duration_of(const struct value *v, int64_t *ret)
{
    if (v && v->type == VALUE_DURATION)
        *ret = v->integer;
    else if (!v || v->type != VALUE_STRING || duration_parse(v->text, ret) < 0)
        return false;
    return true;
}

/* ---- what cannot stand beside each other ---- */

/* Of two fields one has to go: told at the first, with what to do. `word`: only where the other is
 * this text; NULL: where it is there at all. */
static const struct {
    const struct schema_struct *of;
    const char *key, *other, *word, *why;
} excluded[] = {
    {&table_schedule, "selector", "node", NULL,
     "node is there, too: it runs on that node, or on those with these labels: leave one of the "
     "two out"},
    {&table_scrape, "token_file", "username", NULL,
     "username is there, too: one of the two says who asks"},
    {&table_http, "body", "method", "HEAD",
     "the answer to HEAD has no body: take GET, or leave body out"},
    {&table_http, "json", "method", "HEAD",
     "the answer to HEAD has no body: take GET, or leave json out"},
};

static void told_excluded(struct checker *c, const struct check_at *at,
                          const struct schema_struct *s)
{
    for (size_t i = 0; i < ARRAY_LEN(excluded); i++) {
        const struct value *v = get(at, excluded[i].key), *other = get(at, excluded[i].other);
        const char *word = excluded[i].word;
        if (excluded[i].of != s || !v || !other ||
            (word && (other->type != VALUE_STRING || !slice_eq_cstr(other->text, word))))
            continue;
        struct check_at place = at_field(at, s, excluded[i].key, v);
        checker_fault(c, &place, CONFIG_FAULT_OUT_OF_RANGE, v->at, "%s", excluded[i].why);
    }
}

/* A field that means nothing without another one, or where that is not this text. */
static const struct {
    const struct schema_struct *of;
    const char *key, *needs, *word;
} needed[] = {
    {&table_schedule, "catch_up", "misfire", "catch_up"},
    {&table_scrape, "password_file", "username", NULL},
    {&table_scrape, "username", "password_file", NULL},
    {&table_scrape, "key_file", "cert_file", NULL},
    {&table_grpc, "ca_file", "tls", NULL},
    {&table_grpc, "server_name", "tls", NULL},
    {&table_grpc, "insecure", "tls", NULL},
};

static void told_needed(struct checker *c, const struct check_at *at, const struct schema_struct *s)
{
    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        const struct value *v = get(at, needed[i].key), *needs = get(at, needed[i].needs);
        const char *word = needed[i].word;
        bool has = needs && (!word || needs->type != VALUE_STRING ||
                             slice_eq_cstr(needs->text, word));
        if (needed[i].of != s || !v || has)
            continue;
        struct check_at place = at_field(at, s, needed[i].key, v);
        if (word)
            checker_fault(c, &place, CONFIG_FAULT_OUT_OF_RANGE, v->at,
                          "%s means nothing unless %s is %s", needed[i].key, needed[i].needs, word);
        else
            checker_fault(c, &place, CONFIG_FAULT_MISSING_FIELD, v->at, "%s needs %s beside it",
                          needed[i].key, needed[i].needs);
    }
}

/* Durations of which the first must not be the longer one. */
static const struct {
    const struct schema_struct *of;
    const char *key, *limit, *why;
} within[] = {
    {&table_check, "timeout", "every", "two probes would overlap"},
    {&table_scrape, "timeout", "every", "two of them would overlap"},
    {&table_run, "timeout", "deadline", "its deadline would end it before"},
    {&table_receiver, "wait", "repeat", "it would be said again before it was said"},
};

static void told_within(struct checker *c, const struct check_at *at, const struct schema_struct *s)
{
    for (size_t i = 0; i < ARRAY_LEN(within); i++) {
        const struct value *v = get(at, within[i].key);
        int64_t ns, limit_ns;
        char text[DURATION_TEXT_MAX];
        if (within[i].of != s || !duration_of(v, &ns) ||
            !duration_of(get(at, within[i].limit), &limit_ns) || ns <= limit_ns)
            continue;
        struct check_at place = at_field(at, s, within[i].key, v);
        checker_fault(c, &place, CONFIG_FAULT_OUT_OF_RANGE, v->at, "%s is longer than %s (%s): %s",
                      within[i].key, within[i].limit, duration_format(limit_ns, text),
                      within[i].why);
    }
}

/* The shortest time between two of its next times; 0 where there are no two. In UTC, as the zone
 * changes it by nothing but the hour that a clock leaps over. */
static int64_t shortest_gap_s(const struct cron *cron)
{
    enum { LOOKED_AT = 64 };
    static const int64_t from = 1767225600; /* 2026: the same answer on every day */
    struct zone utc;
    int64_t last, next, gap = 0;
    if (zone_fixed("UTC", &utc) < 0 || cron_next(cron, &utc, from, &last) < 0)
        return 0;
    for (int i = 0; i < LOOKED_AT && cron_next(cron, &utc, last, &next) == 0; i++) {
        gap = gap == 0 || next - last < gap ? next - last : gap;
        last = next;
    }
    return gap;
}

static void jitter_within_runs(struct checker *c, const struct check_at *at)
{
    static const int64_t second_ns = 1000000000;
    const struct value *jitter = get(at, "jitter"), *text = get(at, "cron");
    int64_t jitter_ns, gap;
    char said[DURATION_TEXT_MAX];
    struct cron cron;
    if (!duration_of(jitter, &jitter_ns) || !text || text->type != VALUE_STRING ||
        cron_parse(text->text, &cron, NULL) < 0 || (gap = shortest_gap_s(&cron)) == 0 ||
        jitter_ns <= gap * second_ns)
        return;
    struct check_at place = at_field(at, &table_schedule, "jitter", jitter);
    checker_fault(c, &place, CONFIG_FAULT_OUT_OF_RANGE, jitter->at,
                  "jitter is longer than the time from one run to the next (%s): they would come "
                  "out of their order", duration_format(gap * second_ns, said));
}

static void rule_schedule(struct checker *c, const struct check_at *at)
{
    const struct value *v = get(at, "selector");
    struct selector selector;
    struct err err = {0};
    jitter_within_runs(c, at);
    if (!v || v->type != VALUE_STRING || selector_parse(v->text, &selector, &err) == 0)
        return;
    struct check_at place = at_field(at, &table_schedule, "selector", v);
    checker_fault(c, &place, CONFIG_FAULT_BAD_PATTERN, v->at, "selector: %s", err.text);
}

/* ---- checks ---- */

/* `EXPR for D`. */
static bool has_for(struct checker *c, struct slice query)
{
    const struct query *q;
    return query_parse(query, &c->arena, &q, NULL, NULL) == 0 && q->for_ns > 0;
}

static void rule_check(struct checker *c, const struct check_at *at)
{
    const struct value *expr = get(at, "expr"), *hold = get(at, "for"), *query = NULL;
    const struct value *agree = get(at, "agree"), *observers = get(at, "observers");
    if (expr && expr->type == VALUE_MAP)
        query = value_get(expr, SLICE("query"));
    if (hold && query && query->type == VALUE_STRING && has_for(c, query->text)) {
        struct check_at place = at_field(at, &table_check, "for", hold);
        checker_fault(c, &place, CONFIG_FAULT_OUT_OF_RANGE, hold->at,
                    "the query says for how long already: leave one of the two out");
    }
    if (!agree || agree->type != VALUE_INT || (observers && observers->type != VALUE_INT))
        return;
    int64_t n = observers ? observers->integer : 1;
    struct check_at place = at_field(at, &table_check, "agree", agree);
    if (agree->integer > n)
        checker_fault(c, &place, CONFIG_FAULT_OUT_OF_RANGE, agree->at,
                    "agree is %lld: there are only %lld observers", (long long)agree->integer,
                    (long long)n);
}

/* ---- keys of tables ---- */

static void json_paths(struct checker *c, const struct check_at *at, const struct schema_struct *s)
{
    const struct value *json = get(at, "json");
    if (!json || json->type != VALUE_MAP)
        return;
    struct check_at table = at_field(at, s, "json", json);
    for (const struct value *v = json->first; v; v = v->next) {
        struct jsonpath *path;
        struct err err = {0};
        if (jsonpath_parse(value_key(v), &c->arena, &path, &err) == 0)
            continue;
        struct check_at entry = table;
        entry.up = &table;
        entry.value = v;
        entry.element = true;
        checker_fault(c, &entry, CONFIG_FAULT_BAD_PATTERN, v->key_at ? v->key_at : v->at,
                    "\"%s\" is no JSON path: %s", checker_shown(c, value_key(v)), err.text);
    }
}

static void header_names(struct checker *c, const struct check_at *at,
                         const struct schema_struct *s)
{
    const struct value *header = get(at, "header");
    if (!header || header->type != VALUE_MAP)
        return;
    struct check_at table = at_field(at, s, "header", header);
    for (const struct value *v = header->first; v; v = v->next) {
        struct check_at entry = table;
        entry.up = &table;
        entry.value = v;
        entry.element = true;
        if (!http1_is_token(value_key(v)))
            checker_fault(c, &entry, CONFIG_FAULT_BAD_PATTERN, v->key_at ? v->key_at : v->at,
                        "\"%s\" is no name of a header", checker_shown(c, value_key(v)));
    }
}

static void rule_http(struct checker *c, const struct check_at *at)
{
    json_paths(c, at, &table_http);
    header_names(c, at, &table_http);
}

static void rule_scrape(struct checker *c, const struct check_at *at)
{
    header_names(c, at, &table_scrape);
}

static void rule_exec(struct checker *c, const struct check_at *at)
{
    json_paths(c, at, &table_exec);
}

/* ---- remedies ---- */

static const struct value *asset_named(struct checker *c, const struct value *v)
{
    return v && v->type == VALUE_STRING ? checker_named(c, "asset", v->text) : NULL;
}

/* A remedy sees the checks of its own asset only: with another's it would never begin, or never be
 * verified. */
static void check_of_asset(struct checker *c, const struct check_at *remedy,
                           const struct check_at *at, const struct schema_struct *s,
                           const char *key)
{
    const struct value *v = get(at, key), *check = NULL;
    const struct value *mine = asset_named(c, get(remedy, "asset")), *of;
    if (v && v->type == VALUE_STRING)
        check = checker_named(c, "check", v->text);
    if (!check || !mine || check->type != VALUE_MAP)
        return;
    struct slice space = c->space;
    c->space = checker_namespace(check);
    of = asset_named(c, value_get(check, SLICE("asset")));
    c->space = space;
    if (!of || of == mine)
        return;
    struct check_at place = at_field(at, s, key, v);
    checker_fault(c, &place, CONFIG_FAULT_OUT_OF_RANGE, v->at,
                  "%s is a check of the asset \"%s\": a remedy sees those of its own only",
                  checker_shown(c, v->text), checker_shown(c, value_get(of, SLICE("name"))->text));
}

static void rule_remedy(struct checker *c, const struct check_at *at)
{
    const struct value *when = get(at, "when");
    check_of_asset(c, at, at, &table_remedy, "verify");
    if (!when || when->type != VALUE_MAP)
        return;
    struct check_at when_at = at_field(at, &table_remedy, "when", when);
    check_of_asset(c, at, &when_at, &table_when, "check");
}

/* ---- one of two is needed ---- */

static void either(struct checker *c, const struct check_at *at, const struct schema_struct *s,
                   const char *a, const char *b)
{
    if (value_get(at->value, slice_from(a)) || value_get(at->value, slice_from(b)))
        return;
    struct check_at place = at_field(at, s, a, at->value);
    const char *word = schema_struct_word(s);
    checker_fault(c, &place, CONFIG_FAULT_MISSING_FIELD, at->value->at, "%s needs %s or %s",
                word ? word : at->field->key, a, b);
}

static void rule_binding(struct checker *c, const struct check_at *at)
{
    either(c, at, &table_role_binding, "users", "groups");
}

static void rule_rule(struct checker *c, const struct check_at *at)
{
    either(c, at, &table_rule, "kinds", "paths");
}

static void rule_slo(struct checker *c, const struct check_at *at)
{
    const struct value *good = get(at, "good"), *total = get(at, "total");
    struct check_at place = at_field(at, &table_slo, "total", at->value);
    if (good && !value_get(at->value, SLICE("total")))
        checker_fault(c, &place, CONFIG_FAULT_MISSING_FIELD, good->at,
                    "good needs total beside it: a part of what?");
    else if (total && !value_get(at->value, SLICE("good")) && value_get(at->value, SLICE("check")))
        checker_fault(c, &place, CONFIG_FAULT_OUT_OF_RANGE, total->at,
                    "total belongs to good: with check it means nothing");
}

/* ---- steps of a workflow ---- */

struct steps {
    struct checker *checker;
    const struct check_at *list;
    const struct value **items;
};

static struct slice step_name(const struct value *step)
{
    const struct value *v = step->type == VALUE_MAP ? value_get(step, SLICE("name")) : NULL;
    return v && v->type == VALUE_STRING ? v->text : (struct slice){0};
}

static struct check_at at_step(const struct steps *s, uint32_t i)
{
    struct check_at at = *s->list;
    at.up = s->list;
    at.value = s->items[i];
    at.index = i;
    at.element = true;
    return at;
}

static void told_step_circle(void *ctx, const struct check_edge *closing, const uint32_t *way,
                             uint32_t count)
{
    struct steps *s = ctx;
    struct check_at step = at_step(s, closing->from);
    struct check_at place = at_field(&step, &table_step, "needs", step.value);
    struct buf text = BUF(MEM_CONFIG, 0);
    for (uint32_t i = 0; i < count; i++)
        buf_printf(&text, "%s -> ", checker_shown(s->checker, step_name(s->items[way[i]])));
    checker_fault(s->checker, &place, CONFIG_FAULT_REFERENCE_CYCLE, closing->at,
                "needs leads in a circle: %s%s", text.data,
                checker_shown(s->checker, step_name(s->items[way[0]])));
    buf_done(&text);
}

/* The number of the step of this name before `below`; `below` where there is none. */
static uint32_t find_step(const struct steps *s, uint32_t below, struct slice name)
{
    uint32_t i = 0;
    while (i < below && !(name.size && slice_eq(step_name(s->items[i]), name)))
        i++;
    return i;
}

static void step_needs(struct steps *s, uint32_t count, uint32_t i, struct check_edge *edges,
                       uint32_t *edge_count)
{
    const struct value *needs = value_get(s->items[i], SLICE("needs"));
    if (!needs || needs->type != VALUE_LIST)
        return;
    for (const struct value *v = needs->first; v; v = v->next) {
        uint32_t to = v->type == VALUE_STRING ? find_step(s, count, v->text) : count;
        if (to < count) {
            edges[(*edge_count)++] = (struct check_edge){i, to, v->at};
        } else if (v->type == VALUE_STRING && v->text.size) {
            struct check_at step = at_step(s, i), place = at_field(&step, &table_step, "needs", v);
            checker_fault(s->checker, &place, CONFIG_FAULT_UNRESOLVED_REFERENCE, v->at,
                        "needs names the step \"%s\", which this workflow does not have",
                        checker_shown(s->checker, v->text));
        }
    }
}

/* A text of a step, which may name others. */
struct said {
    struct steps *steps;
    const struct step_graph *graph;
    const struct check_at *at;
    const char *key;      /* of the field: "if" */
    uint32_t count, step; /* that says it */
    bool undoes;          /* what it said itself is known by then */
};

static bool saw_step(void *ctx, struct slice name, struct slice key, struct slice *ret)
{
    struct said *x = ctx;
    struct checker *c = x->steps->checker;
    uint32_t to = find_step(x->steps, x->count, name);
    (void)key;
    (void)ret;
    if (to == x->count)
        checker_fault(c, x->at, CONFIG_FAULT_UNRESOLVED_REFERENCE, x->at->value->at,
                      "%s names the step \"%s\", which this workflow does not have", x->key,
                      checker_shown(c, name));
    else if (!step_graph_needs(x->graph, x->step, to) && !(x->undoes && to == x->step))
        checker_fault(c, x->at, CONFIG_FAULT_UNRESOLVED_REFERENCE, x->at->value->at,
                      "%s names the step \"%s\", which is not among its needs: it may not have "
                      "ended by then", x->key, checker_shown(c, name));
    return false;
}

static void said_text(struct said *x, const struct check_at *at, bool condition)
{
    struct err err = {0};
    if (at->value->type != VALUE_STRING || at->value->text.size == 0)
        return;
    x->at = at;
    int r = condition ? step_if_check(at->value->text, saw_step, x, &err)
                      : step_text_check(at->value->text, saw_step, x, &err);
    if (r < 0)
        checker_fault(x->steps->checker, at, CONFIG_FAULT_BAD_PATTERN, at->value->at, "%s: %s",
                      x->key, err.text);
}

/* A text of a run, or each of a list or table. */
static void said_texts(struct said *x, const struct check_at *run, const char *key)
{
    const struct value *v = value_get(run->value, slice_from(key));
    if (!v)
        return;
    struct check_at at = at_field(run, &table_run, key, v), element = at;
    x->key = key;
    element.up = &at;
    element.element = true;
    if (v->type == VALUE_STRING)
        said_text(x, &at, false);
    else if (v->type == VALUE_LIST || v->type == VALUE_MAP)
        for (element.value = v->first; element.value;
             element.value = element.value->next, element.index++)
            said_text(x, &element, false);
}

static void said_action(struct said *x, const struct check_at *step, const char *key)
{
    static const char *const keys[] = {"argv", "env", "dir", "user", "concurrency"};
    const struct value *action = get(step, key), *run = NULL;
    if (action && action->type == VALUE_MAP)
        run = value_get(action, SLICE("run"));
    if (!run || run->type != VALUE_MAP)
        return;
    struct check_at action_at = at_field(step, &table_step, key, action);
    struct check_at run_at = at_field(&action_at, &table_action, "run", run);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        said_texts(x, &run_at, keys[i]);
}

static void steps_say(struct steps *s, uint32_t count, const struct check_edge *edges,
                      uint32_t edge_count)
{
    struct step_graph *graph = arena_new(&s->checker->arena, struct step_graph);
    for (uint32_t i = 0; i < edge_count; i++)
        step_graph_add(graph, edges[i].from, edges[i].to);
    step_graph_close(graph, count);
    for (uint32_t i = 0; i < count; i++) {
        struct said x = {.steps = s, .graph = graph, .count = count, .step = i, .key = "if"};
        struct check_at step = at_step(s, i);
        if (step.value->type != VALUE_MAP)
            continue;
        const struct value *condition = get(&step, "if");
        struct check_at at = at_field(&step, &table_step, "if", condition);
        if (condition)
            said_text(&x, &at, true);
        said_action(&x, &step, "do");
        x.undoes = true;
        said_action(&x, &step, "rollback");
    }
}

static void rule_workflow(struct checker *c, const struct check_at *at)
{
    const struct value *list = get(at, "steps");
    uint32_t n = 0, edge_max = 0, edge_count = 0;
    if (!list || list->type != VALUE_LIST || list->count > table_workflow.fields[0].max)
        return;
    struct check_at list_at = at_field(at, &table_workflow, "steps", list);
    struct steps s = {c, &list_at, arena_alloc_array(&c->arena, list->count, sizeof(*s.items))};
    for (const struct value *v = list->first; v; v = v->next) {
        const struct value *needs = v->type == VALUE_MAP ? value_get(v, SLICE("needs")) : NULL;
        edge_max += needs && needs->type == VALUE_LIST ? needs->count : 0;
        s.items[n++] = v;
        if (find_step(&s, n - 1, step_name(v)) == n - 1)
            continue;
        struct check_at step = at_step(&s, n - 1), place = at_field(&step, &table_step, "name", v);
        checker_fault(c, &place, CONFIG_FAULT_DUPLICATE_NAME, value_get(v, SLICE("name"))->at,
                    "there are two steps of the name \"%s\"", checker_shown(c, step_name(v)));
    }
    struct check_edge *edges = arena_alloc_array(&c->arena, edge_max + 1, sizeof(*edges));
    for (uint32_t i = 0; i < n; i++)
        step_needs(&s, n, i, edges, &edge_count);
    checker_circles(&c->arena, edges, edge_count, n, told_step_circle, &s);
    steps_say(&s, n, edges, edge_count);
}

/* ---- which struct has which ---- */

static const struct {
    const struct schema_struct *of;
    rule_fn *rule;
} rules[] = {
    {&table_check, rule_check},   {&table_scrape, rule_scrape},
    {&table_http, rule_http},     {&table_exec, rule_exec},
    {&table_role_binding, rule_binding}, {&table_rule, rule_rule},
    {&table_slo, rule_slo},       {&table_workflow, rule_workflow},
    {&table_schedule, rule_schedule}, {&table_remedy, rule_remedy},
};

void checker_rules(struct checker *c, const struct check_at *at, const struct schema_struct *s)
{
    told_excluded(c, at, s);
    told_needed(c, at, s);
    told_within(c, at, s);
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        if (rules[i].of == s)
            rules[i].rule(c, at);
}
