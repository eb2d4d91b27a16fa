#include "series/series.h"

#include <errno.h>
#include <math.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/fault.h"
#include "series/vector.h"
#include "series/window.h"

enum {
    MATCH_STEPS_MAX = 100 * 1000, /* of one pattern on one value */
    MATCH_DEPTH_MAX = 1000,
    MATCH_HEAP_KB_MAX = 1024,
    PAUSE_SAMPLES = 20 * 1000,          /* read between two pauses: some 0.1 ms */
    WORK_BYTES_MAX = 256 * 1024 * 1024, /* of what one moment's answer is computed with */
};

struct series_question {
    struct arena arena;
    const struct query *query;
    pcre2_code **codes; /* of each matcher that is a pattern, selector by selector */
    uint32_t code_count;
    pcre2_match_data *match;
    pcre2_match_context *context;
};

/* ---- a question's life ---- */

static uint32_t count_matchers(const struct query *q)
{
    uint32_t n = 0;
    for (const struct query_selector *s = q->selectors; s; s = s->next)
        n += s->matcher_count;
    return n;
}

static int compile(struct series_question *q, struct err *err)
{
    q->codes = arena_alloc_array(&q->arena, count_matchers(q->query) + 1, sizeof(pcre2_code *));
    for (const struct query_selector *s = q->query->selectors; s; s = s->next)
        for (uint32_t i = 0; i < s->matcher_count; i++) {
            const struct query_matcher *m = &s->matchers[i];
            pcre2_code *c = NULL;
            if (m->match >= QUERY_MATCHES && !(c = query_pattern_compile(m->value, err)))
                return err_wrap(err, "the pattern of %.*s", SLICE_ARG(m->name));
            q->codes[q->code_count++] = c;
        }
    q->match = pcre2_match_data_create(1, NULL);
    q->context = pcre2_match_context_create(NULL);
    if (!q->match || !q->context)
        return err_set(err, -ENOMEM, "no memory for patterns");
    pcre2_set_match_limit(q->context, MATCH_STEPS_MAX);
    pcre2_set_depth_limit(q->context, MATCH_DEPTH_MAX);
    pcre2_set_heap_limit(q->context, MATCH_HEAP_KB_MAX);
    return 0;
}

int series_question_new(struct slice text, struct series_question **ret, struct err *err)
{
    struct series_question *q = mem_alloc(MEM_SERIES, sizeof(*q));
    q->arena = ARENA(MEM_SERIES, 0);
    struct slice kept = {arena_strdup(&q->arena, text), text.size};
    int r = query_parse(kept, &q->arena, &q->query, NULL, err);
    if (r == 0)
        r = compile(q, err);
    if (r < 0)
        series_question_free(q);
    else
        *ret = q;
    return r;
}

void series_question_free(struct series_question *q)
{
    if (!q)
        return;
    for (uint32_t i = 0; i < q->code_count; i++)
        pcre2_code_free(q->codes[i]);
    pcre2_match_data_free(q->match);
    pcre2_match_context_free(q->context);
    arena_done(&q->arena);
    mem_free(MEM_SERIES, q);
}

const struct query *series_question_query(const struct series_question *q)
{
    return q->query;
}

/* ---- which series a selector finds ---- */

struct selected {
    struct series **series; /* pinned */
    uint32_t count;
};

struct ask {
    struct series_set *set;
    const struct series_question *question;
    int64_t now_ms;
    series_pause_fn *pause;
    void *ctx;
    struct arena work;         /* of one moment */
    struct selected *selected; /* by the selector's number */
    struct window_scratch scratch;
    uint64_t samples, paused_at;
    bool has_data;
    struct err *err;
};

static bool pattern_matches(const struct series_question *q, const pcre2_code *code,
                            struct slice value)
{
    return pcre2_match(code, (PCRE2_SPTR)(value.data ? value.data : ""), value.size, 0, 0, q->match,
                       q->context) >= 0;
}

/* A label that a series does not have is empty. */
static struct slice label_of(const struct series *s, struct slice name)
{
    if (slice_eq_cstr(name, "__name__"))
        return series_text_slice(s->metric->name);
    for (uint32_t i = 0; i < s->pair_count; i++)
        if (slice_eq(series_text_slice(s->pairs[i].name), name))
            return series_text_slice(s->pairs[i].value);
    return SLICE("");
}

static bool matches(const struct series_question *q, const struct query_selector *sel,
                    pcre2_code *const *codes, const struct series *s)
{
    for (uint32_t i = 0; i < sel->matcher_count; i++) {
        const struct query_matcher *m = &sel->matchers[i];
        struct slice value = label_of(s, m->name);
        bool is = m->match >= QUERY_MATCHES ? pattern_matches(q, codes[i], value)
                                            : slice_eq(value, m->value);
        if (is == (m->match == QUERY_IS_NOT || m->match == QUERY_MATCHES_NOT))
            return false;
    }
    return true;
}

static void select_series(struct ask *a, const struct query_selector *sel, pcre2_code *const *codes)
{
    struct selected *to = &a->selected[sel->number];
    const struct series_metric *m = series_find_metric(a->set, sel->name);
    uint32_t cap = 0;
    if (!m)
        return;
    list_each (it, &m->series) {
        struct series *s = list_entry(it, struct series, of_metric);
        if (!matches(a->question, sel, codes, s))
            continue;
        if (to->count == cap) {
            cap = cap ? cap * 2 : 16;
            to->series = mem_resize(MEM_SERIES, to->series, cap * sizeof(struct series *));
        }
        s->pins++;
        to->series[to->count++] = s;
    }
}

static void select_all(struct ask *a)
{
    const struct query *q = a->question->query;
    uint32_t at = 0;
    a->selected = mem_alloc(MEM_SERIES, (q->selector_count + 1) * sizeof(*a->selected));
    for (const struct query_selector *s = q->selectors; s; s = s->next) {
        select_series(a, s, a->question->codes + at);
        at += s->matcher_count;
    }
}

static void unselect_all(struct ask *a)
{
    for (uint32_t i = 0; i < a->question->query->selector_count; i++) {
        for (uint32_t j = 0; j < a->selected[i].count; j++)
            series_unpin(a->set, a->selected[i].series[j]);
        mem_free(MEM_SERIES, a->selected[i].series);
    }
    mem_free(MEM_SERIES, a->selected);
}

/* ---- one moment ---- */

static int fail(struct ask *a, int code)
{
    if (code == -E2BIG)
        return err_set(a->err, code, "more than %d values", SERIES_ELEMENTS_MAX);
    return err_set(a->err, code, "more than %d bytes for one answer", WORK_BYTES_MAX);
}

static int turn(struct ask *a)
{
    if (a->samples > SERIES_SAMPLES_MAX)
        return err_set(a->err, -E2BIG, "more than %d samples", SERIES_SAMPLES_MAX);
    if (a->pause && a->samples - a->paused_at > PAUSE_SAMPLES) {
        a->paused_at = a->samples;
        a->pause(a->ctx);
    }
    return 0;
}

static struct element element_of(const struct series *s)
{
    return (struct element){.pairs = s->pairs, .pair_count = s->pair_count};
}

static int add(struct ask *a, struct vector *v, struct element e)
{
    a->has_data = true;
    int r = vector_add(v, &a->work, e);
    return r < 0 ? fail(a, r) : turn(a);
}

static int eval_selector(struct ask *a, const struct query_node *n, struct vector *ret)
{
    const struct selected *in = &a->selected[n->selector->number];
    int r = 0;
    for (uint32_t i = 0; i < in->count && r == 0; i++) {
        struct element e = element_of(in->series[i]);
        e.metric = in->series[i]->metric;
        a->samples++;
        if (window_last(in->series[i], a->now_ms, &e.value, &a->samples))
            r = add(a, ret, e);
    }
    return r;
}

static int eval_function(struct ask *a, const struct query_node *n, struct vector *ret)
{
    const struct selected *in = &a->selected[n->selector->number];
    int r = 0;
    for (uint32_t i = 0; i < in->count && r == 0; i++) {
        struct element e = element_of(in->series[i]);
        if (window_value(in->series[i], n, a->now_ms, &a->scratch, &e.value, &a->samples))
            r = add(a, ret, e);
        else
            r = turn(a);
    }
    return r;
}

static int eval_corr(struct ask *a, const struct query_node *n, struct vector *ret)
{
    const struct selected *in = &a->selected[n->selector->number];
    const struct selected *with = &a->selected[n->second->number];
    int r = 0;
    for (uint32_t i = 0; i < in->count; i++)
        for (uint32_t j = 0; j < with->count && r == 0; j++) {
            struct element e = element_of(in->series[i]), other = element_of(with->series[j]);
            a->samples++;
            if (!element_agrees(&e, &other))
                continue;
            if (window_corr(in->series[i], with->series[j], n->window_ns / 1000000, a->now_ms,
                            &e.value, &a->samples))
                r = add(a, ret, e);
            else
                r = turn(a);
        }
    return r;
}

static int eval(struct ask *a, const struct query_node *n, struct vector *ret);

/* What is no comparison is true where it is not 0. */
static int eval_condition(struct ask *a, const struct query_node *n, struct vector *ret)
{
    int r = eval(a, n, ret);
    if (r < 0 || query_is_condition(n))
        return r;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < ret->count; i++)
        if (ret->items[i].value != 0)
            ret->items[kept++] = ret->items[i];
    ret->count = kept;
    return 0;
}

static void on_work(void *ctx, uint64_t work)
{
    struct ask *a = ctx;
    a->samples += work;
    turn(a);
}

static int eval_binary(struct ask *a, const struct query_node *n, struct vector *ret)
{
    struct vector left = {0}, right = {0};
    bool conditions = n->op <= QUERY_AND;
    int r = conditions ? eval_condition(a, n->left, &left) : eval(a, n->left, &left);
    if (r == 0)
        r = conditions ? eval_condition(a, n->right, &right) : eval(a, n->right, &right);
    if (r < 0)
        return r;
    if (n->op != QUERY_OR) {
        r = vector_join(n->op, &left, &right, &a->work, on_work, a, ret);
        return r < 0 ? fail(a, r) : turn(a);
    }
    *ret = left;
    for (uint32_t i = 0; i < right.count && r == 0; i++)
        r = add(a, ret, right.items[i]);
    return r;
}

static int eval(struct ask *a, const struct query_node *n, struct vector *ret)
{
    int r;
    switch (n->type) {
    case QUERY_NUMBER:
        r = vector_add(ret, &a->work, (struct element){.value = n->number});
        return r < 0 ? fail(a, r) : 0;
    case QUERY_SELECTOR:
        return eval_selector(a, n, ret);
    case QUERY_FUNCTION:
        return n->function == QUERY_CORR ? eval_corr(a, n, ret) : eval_function(a, n, ret);
    case QUERY_NEGATE:
        r = eval(a, n->left, ret);
        for (uint32_t i = 0; i < ret->count && r == 0; i++) {
            ret->items[i].value = -ret->items[i].value;
            ret->items[i].metric = NULL;
        }
        return r;
    case QUERY_BINARY:
        break;
    }
    return eval_binary(a, n, ret);
}

/* ---- the whole ---- */

/* Of what holds now, what held then, too: by their hashes. */
static void keep_common(struct vector *now, uint64_t *hashes, const struct vector *then)
{
    struct map seen = {.sub = MEM_SERIES};
    uint32_t kept = 0;
    for (uint32_t i = 0; i < then->count; i++)
        map_put_u64(&seen, element_hash(&then->items[i]), &seen, NULL);
    for (uint32_t i = 0; i < now->count; i++)
        if (map_get_u64(&seen, hashes[i])) {
            hashes[kept] = hashes[i];
            now->items[kept++] = now->items[i];
        }
    now->count = kept;
    map_done(&seen);
}

/* Moments of the last D, from the newest on, until nothing is left. */
static int look_back(struct ask *a, int64_t now_ms, struct vector *now)
{
    int64_t for_ms = a->question->query->for_ns / 1000000;
    uint64_t *hashes = mem_alloc(MEM_SERIES, (now->count + 1) * sizeof(*hashes));
    struct arena kept = a->work;
    int r = 0;
    for (uint32_t i = 0; i < now->count; i++)
        hashes[i] = element_hash(&now->items[i]);
    a->work = ARENA(MEM_SERIES, WORK_BYTES_MAX);
    for (int k = 1; k <= SERIES_FOR_STEPS && now->count && r == 0; k++) {
        struct vector then = {0};
        a->now_ms = now_ms - for_ms * k / SERIES_FOR_STEPS;
        r = eval_condition(a, a->question->query->root, &then);
        if (r == 0 && !fault_mutant("series_for_ignored"))
            keep_common(now, hashes, &then);
        arena_reset(&a->work);
    }
    arena_done(&a->work);
    a->work = kept;
    mem_free(MEM_SERIES, hashes);
    return r;
}

static int tell(const struct vector *v, struct arena *arena, struct series_answer *to)
{
    struct buf text = BUF(MEM_SERIES, 0);
    to->is_true = v->count > 0;
    to->count = v->count;
    for (uint32_t i = 0; i < v->count && i < SERIES_EVIDENCE_MAX; i++) {
        buf_clear(&text);
        element_print(&v->items[i], &text);
        to->evidence[i].labels = arena_strdup(arena, buf_slice(&text));
        to->evidence[i].value = v->items[i].value;
        if (!to->evidence[i].labels) {
            buf_done(&text);
            return -ENOSPC;
        }
    }
    buf_done(&text);
    return 0;
}

int series_ask(struct series_set *set, const struct series_question *q, int64_t now_ms,
               series_pause_fn *pause, void *ctx, struct arena *arena,
               struct series_answer *ret_answer, struct err *err)
{
    struct ask a = {.set = set,
                    .question = q,
                    .now_ms = now_ms,
                    .pause = pause,
                    .ctx = ctx,
                    .work = ARENA(MEM_SERIES, WORK_BYTES_MAX),
                    .err = err};
    struct vector now = {0};
    select_all(&a);
    int r = eval_condition(&a, q->query->root, &now);
    /* What asks for no series needs none. */
    bool has_data = a.has_data || q->query->selector_count == 0;
    if (r == 0 && q->query->for_ns)
        r = look_back(&a, now_ms, &now);
    struct series_answer answer = {.has_data = has_data, .samples = a.samples};
    if (r == 0) {
        r = tell(&now, arena, &answer);
        if (r < 0)
            err_set(err, r, "no room for the evidence");
    }
    unselect_all(&a);
    window_scratch_done(&a.scratch);
    arena_done(&a.work);
    if (r == 0)
        *ret_answer = answer;
    return r;
}
