#include "app/summary.h"

#include <string.h>

#include "base/utf8.h"

void summary_done(struct summary *s)
{
    for (int i = 0; i < PROBE_KIND_COUNT; i++)
        mem_free(MEM_APP, s->kinds[i]);
}

/* ---- taking ---- */

/* What failed is worse than what was slow; what was our own fault says nothing. */
static int rank(enum probe_reason r)
{
    return r == REASON_OK ? 0 : r == REASON_LIMIT ? -1 : 1;
}

static bool is_worse(enum probe_reason reason, int64_t total_ns, const struct summary_worst *than)
{
    int a = rank(reason), b = rank(than->reason);
    return a != b ? a > b : total_ns > than->total_ns;
}

static void insert(struct summary *s, const struct summary_worst *w)
{
    uint32_t at = 0, same = 0, last;
    while (same < s->worst_count && strcmp(s->worst[same].target, w->target) != 0)
        same++;
    if (same < s->worst_count && !is_worse(w->reason, w->total_ns, &s->worst[same]))
        return; /* a target stands there once, with its worst */
    last = same;
    if (same == s->worst_count) {
        if (s->worst_count < SUMMARY_WORST)
            s->worst_count++;
        last = s->worst_count - 1;
    }
    while (at < last && !is_worse(w->reason, w->total_ns, &s->worst[at]))
        at++;
    memmove(&s->worst[at + 1], &s->worst[at], (last - at) * sizeof(*w));
    s->worst[at] = *w;
}

static void take_worst(struct summary *s, enum probe_reason reason, int64_t total_ns,
                       struct slice target)
{
    if (s->worst_count == SUMMARY_WORST &&
        !is_worse(reason, total_ns, &s->worst[SUMMARY_WORST - 1]))
        return;
    struct summary_worst w = {.reason = reason, .total_ns = total_ns};
    size_t n = target.size < sizeof(w.target) ? target.size : sizeof(w.target) - 1;
    memcpy(w.target, target.data, n);
    insert(s, &w);
}

void summary_take(struct summary *s, const struct probe_result *r)
{
    enum probe_kind kind = r->target->kind;
    atomic_fetch_add_explicit(&s->reasons[r->reason], 1, memory_order_relaxed);
    if (r->reason == REASON_LIMIT)
        return;
    if (r->reason == REASON_OK) {
        if (!s->kinds[kind])
            s->kinds[kind] = mem_alloc(MEM_APP, sizeof(*s->kinds[kind]));
        quantile_add(s->kinds[kind], r->total_ns > 0 ? (uint64_t)r->total_ns : 0);
    }
    take_worst(s, r->reason, r->total_ns, r->target->name);
}

/* ---- telling ---- */

uint64_t summary_count(const struct summary *const *all, int count, enum probe_reason reason)
{
    uint64_t n = 0;
    for (int i = 0; i < count; i++)
        n += atomic_load_explicit(&all[i]->reasons[reason], memory_order_relaxed);
    return n;
}

void summary_reasons(const struct summary *const *all, int count, struct buf *out)
{
    const char *between = "";
    for (int i = 0; i < REASON_COUNT; i++) {
        uint64_t n = summary_count(all, count, (enum probe_reason)i);
        if (n == 0)
            continue;
        buf_printf(out, "%s%llu %s", between, (unsigned long long)n,
                   probe_reason_name((enum probe_reason)i));
        between = "  ";
    }
}

static void print_kinds(const struct summary *const *all, int count, struct buf *out)
{
    struct quantile *q = mem_alloc(MEM_APP, sizeof(*q));
    for (int kind = 0; kind < PROBE_KIND_COUNT; kind++) {
        memset(q, 0, sizeof(*q));
        for (int i = 0; i < count; i++)
            if (all[i]->kinds[kind])
                quantile_merge(q, all[i]->kinds[kind]);
        if (q->total)
            buf_printf(out, "  %-6s %8llu ok   p50 %.2fms  p90 %.2fms  p99 %.2fms\n",
                       probe_kind_name((enum probe_kind)kind), (unsigned long long)q->total,
                       (double)quantile_at(q, 0.5) / 1e6, (double)quantile_at(q, 0.9) / 1e6,
                       (double)quantile_at(q, 0.99) / 1e6);
    }
    mem_free(MEM_APP, q);
}

static void print_worst(const struct summary *const *all, int count, struct buf *out)
{
    struct summary *sum = mem_alloc(MEM_APP, sizeof(*sum));
    for (int i = 0; i < count; i++)
        for (uint32_t k = 0; k < all[i]->worst_count; k++) {
            const struct summary_worst *w = &all[i]->worst[k];
            take_worst(sum, w->reason, w->total_ns, slice_from(w->target));
        }
    if (sum->worst_count > 1)
        buf_append_cstr(out, "  worst:\n");
    for (uint32_t k = 0; k < sum->worst_count && sum->worst_count > 1; k++) {
        buf_printf(out, "    %10.2fms  %-17s ", (double)sum->worst[k].total_ns / 1e6,
                   probe_reason_name(sum->worst[k].reason));
        utf8_append_shown(out, slice_from(sum->worst[k].target));
        buf_append_byte(out, '\n');
    }
    mem_free(MEM_APP, sum);
}

void summary_print(const struct summary *const *all, int count, double seconds, struct buf *out)
{
    uint64_t total = 0;
    for (int i = 0; i < REASON_COUNT; i++)
        total += summary_count(all, count, (enum probe_reason)i);
    buf_printf(out, "%llu probed in %.1f s: ", (unsigned long long)total, seconds);
    summary_reasons(all, count, out);
    buf_append_byte(out, '\n');
    print_kinds(all, count, out);
    print_worst(all, count, out);
}
