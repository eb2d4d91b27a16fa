#include "app/queries.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/recent.h"
#include "app/scrapes.h"
#include "base/map.h"
#include "rt/event.h"

enum { EVIDENCE_SHOWN = 3, FIRST_ROUND_MS = 10 * 1000, EVIDENCE_BYTES = 64 * 1024 };

struct queries {
    struct recent *recent;
    struct scrapes *scrapes;
    struct rt_event *declared;
    struct map preconditions; /* by their text, which lies in the question */
    struct histogram took;
    uint64_t asked_total, failed_total;
};

struct query_check {
    struct series_question *question;
    struct series_question *is_read; /* whether pages of the asset are */
    const char *word;
    char *query, *asset;
};

struct precondition {
    struct series_question *question; /* NULL: it is no query */
    char text[];
};

struct queries *queries_new(struct recent *recent, struct scrapes *scrapes,
                            struct rt_event *declared)
{
    struct queries *q = mem_alloc(MEM_APP, sizeof(*q));
    q->recent = recent;
    q->scrapes = scrapes;
    q->declared = declared;
    q->preconditions =
        MAP(MEM_APP, QUERIES_PRECONDITIONS_MAX, ((struct map_seed){rt_random(), rt_random()}));
    return q;
}

static bool free_precondition(void *ctx, const struct map_entry *e)
{
    struct precondition *p = e->value;
    (void)ctx;
    series_question_free(p->question);
    mem_free(MEM_APP, p);
    return true;
}

void queries_free(struct queries *q)
{
    if (!q)
        return;
    map_remove_if(&q->preconditions, free_precondition, NULL);
    map_done(&q->preconditions);
    mem_free(MEM_APP, q);
}

/* ---- asking ---- */

static void pause_(void *ctx)
{
    (void)ctx;
    rt_yield();
}

static int ask(struct queries *q, const struct series_question *question, bool may_wait,
               struct arena *a, struct series_answer *ret, struct err *err)
{
    rt_time began = rt_now_exact();
    recent_asked(q->recent);
    int r = series_ask(recent_series(q->recent), question, recent_now_ms(q->recent),
                       may_wait ? pause_ : NULL, NULL, a, ret, err);
    histogram_add(&q->took, rt_now_exact() - began);
    q->asked_total++;
    q->failed_total += r < 0;
    return r;
}

/* "up{asset="web-1"} = 0, … and 2 more". */
static void put_evidence(const struct series_answer *a, struct buf *out)
{
    uint64_t i = 0;
    for (; i < a->count && i < EVIDENCE_SHOWN; i++)
        buf_printf(out, "%s%s = %.6g", i ? ", " : "", a->evidence[i].labels, a->evidence[i].value);
    if (a->count > i)
        buf_printf(out, " and %llu more", (unsigned long long)(a->count - i));
}

/* ---- checks ---- */

static bool looks_at_a_trend(const struct query_node *n)
{
    bool here =
        n->type == QUERY_FUNCTION && (n->function == QUERY_TREND || n->function == QUERY_STEP);
    return here || (n->left && looks_at_a_trend(n->left)) ||
           (n->right && looks_at_a_trend(n->right));
}

int query_check_new(const char *query, const char *asset, struct query_check **ret, struct err *err)
{
    struct query_check *c = mem_alloc(MEM_APP, sizeof(*c));
    struct buf is_read = BUF(MEM_APP, 0);
    buf_printf(&is_read, "up{asset=\"%s\"} == 1", asset);
    int r = series_question_new(slice_from(query), &c->question, err);
    if (r == 0)
        r = series_question_new(buf_slice(&is_read), &c->is_read, err);
    buf_done(&is_read);
    if (r < 0) {
        query_check_free(c);
        return r;
    }
    c->query = mem_strdup(MEM_APP, slice_from(query));
    c->asset = mem_strdup(MEM_APP, slice_from(asset));
    c->word = looks_at_a_trend(series_question_query(c->question)->root) ? "trend" : "threshold";
    *ret = c;
    return 0;
}

void query_check_free(struct query_check *c)
{
    if (!c)
        return;
    series_question_free(c->question);
    series_question_free(c->is_read);
    mem_free(MEM_APP, c->query);
    mem_free(MEM_APP, c->asset);
    mem_free(MEM_APP, c);
}

static bool is_read(struct queries *q, struct query_check *c, struct arena *a)
{
    struct series_answer *answer = arena_new(a, struct series_answer);
    return ask(q, c->is_read, true, a, answer, NULL) == 0 && answer->is_true;
}

static void judge(struct queries *q, struct query_check *c, struct probe_result *r,
                  const char **ret_word, rt_time *ret_away, struct arena *a)
{
    struct series_answer *answer = arena_new(a, struct series_answer);
    struct buf text = BUF(MEM_APP, 0);
    struct err err = {0};
    if (ask(q, c->question, true, a, answer, &err) < 0) {
        probe_result_fail(r, REASON_LIMIT, "%s", err.text);
    } else if (answer->is_true) {
        put_evidence(answer, &text);
        probe_result_fail(r, REASON_BODY_MISMATCH, "%s: %s", c->query, text.data);
        *ret_word = c->word;
    } else if (!answer->has_data && !is_read(q, c, a)) {
        enum probe_reason reason;
        if (scrapes_away(q->scrapes, c->asset, ret_away, &reason))
            probe_result_fail(r, REASON_LIMIT, "no data, its page does not answer (%s): %s",
                              probe_reason_name(reason), c->query);
        else
            probe_result_fail(r, REASON_LIMIT, "no data: %s", c->query);
    }
    buf_done(&text);
}

void query_check_look(struct queries *q, struct query_check *c, struct probe_result *r,
                      const char **ret_word, rt_time *ret_away)
{
    static const struct probe_target none;
    struct arena a = ARENA(MEM_APP, EVIDENCE_BYTES);
    rt_time began = rt_now_exact();
    *ret_word = NULL;
    *ret_away = 0;
    probe_result_reset(r, &none);
    r->at_wall_ns = rt_wall_now();
    r->lag_ns = rt_lag();
    rt_event_wait(q->declared, RT_NEVER);
    recent_wait_first(q->recent, began + FIRST_ROUND_MS * RT_MS);
    scrapes_wait_first(q->scrapes, began + FIRST_ROUND_MS * RT_MS);
    judge(q, c, r, ret_word, ret_away, &a);
    r->total_ns = rt_now_exact() - began;
    if (r->reason != REASON_OK && rt_cancelled())
        probe_result_fail(r, REASON_CANCELED, "interrupted");
    arena_done(&a);
}

/* ---- preconditions ---- */

static struct precondition *precondition_of(struct queries *q, const char *text)
{
    struct precondition *p = map_get(&q->preconditions, slice_from(text));
    size_t size = strlen(text) + 1;
    if (p)
        return p;
    /* What is there belongs to remedies of before, too: it is made anew where it is asked for. */
    if (q->preconditions.count == QUERIES_PRECONDITIONS_MAX)
        map_remove_if(&q->preconditions, free_precondition, NULL);
    p = mem_alloc(MEM_APP, sizeof(*p) + size);
    memcpy(p->text, text, size);
    if (series_question_new(slice_from(text), &p->question, NULL) < 0)
        p->question = NULL;
    map_put(&q->preconditions, slice_from(p->text), p, NULL);
    return p;
}

bool queries_precondition(void *queries, const struct asset *asset, const struct remedy *m,
                          const char **ret_why)
{
    struct queries *q = queries;
    struct precondition *p = precondition_of(q, m->precondition);
    struct arena a = ARENA(MEM_APP, EVIDENCE_BYTES);
    struct series_answer *answer = arena_new(&a, struct series_answer);
    (void)asset;
    bool is_true = false;
    if (!p->question)
        *ret_why = "it is no query";
    else if (ask(q, p->question, false, &a, answer, NULL) < 0)
        *ret_why = "it asks for more than can be looked at";
    else if (!(is_true = answer->is_true))
        *ret_why = answer->has_data ? "it is not so" : "nothing is known about it";
    arena_done(&a);
    return is_true;
}

void queries_metrics(const struct queries *q, struct metrics_writer *w)
{
    metrics_family(w, "firebreak_query", METRIC_COUNTER, "Queries asked of recent metrics.");
    metrics_u64(w, &(struct metric_label){"outcome", SLICE("answered")}, 1,
                q->asked_total - q->failed_total);
    metrics_u64(w, &(struct metric_label){"outcome", SLICE("limit")}, 1, q->failed_total);
    metrics_family(w, "firebreak_query_duration_seconds", METRIC_HISTOGRAM,
                   "From a query to its answer.");
    metrics_histogram(w, NULL, 0, &q->took);
}
