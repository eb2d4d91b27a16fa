#include "app/probe_counts.h"

#include <string.h>

#include "model/probe.h"

void probe_counts_done(struct probe_counts *c)
{
    mem_free(MEM_APP, c->kinds);
    *c = (struct probe_counts){0};
}

static struct probe_kind_count *kind_of(struct probe_counts *c, const char *kind)
{
    for (uint32_t i = 0; i < c->kind_count; i++)
        if (strcmp(c->kinds[i].kind, kind) == 0)
            return &c->kinds[i];
    if (!c->kinds)
        c->kinds = mem_alloc(MEM_APP, PROBE_COUNTS_KINDS_MAX * sizeof(c->kinds[0]));
    if (c->kind_count == PROBE_COUNTS_KINDS_MAX)
        return &c->kinds[PROBE_COUNTS_KINDS_MAX - 1];
    struct probe_kind_count *k = &c->kinds[c->kind_count++];
    k->kind = c->kind_count == PROBE_COUNTS_KINDS_MAX ? "other" : kind;
    return k;
}

static struct probe_count *reason_of(struct probe_kind_count *k, const char *reason)
{
    for (uint32_t i = 0; i < k->reason_count; i++)
        if (strcmp(k->reasons[i].reason, reason) == 0)
            return &k->reasons[i];
    if (k->reason_count == PROBE_COUNTS_REASONS_MAX)
        return &k->reasons[PROBE_COUNTS_REASONS_MAX - 1];
    k->reasons[k->reason_count].reason = reason;
    return &k->reasons[k->reason_count++];
}

void probe_counts_add(struct probe_counts *c, const struct sample *s)
{
    if (s->type != SAMPLE_RESULT || !s->kind)
        return;
    struct probe_kind_count *k = kind_of(c, s->kind);
    reason_of(k, s->word ? s->word : probe_reason_name(s->reason))->total++;
    histogram_add(&k->took, s->total_ns);
}

void probe_counts_metrics(const struct probe_counts *c, struct metrics_writer *w)
{
    metrics_family(w, "firebreak_probe", METRIC_COUNTER,
                   "Answers to checks, by their kind and how it went.");
    for (uint32_t i = 0; i < c->kind_count; i++)
        for (uint32_t j = 0; j < c->kinds[i].reason_count; j++) {
            const struct probe_count *one = &c->kinds[i].reasons[j];
            struct metric_label labels[] = {{"kind", slice_from(c->kinds[i].kind)},
                                            {"reason", slice_from(one->reason)}};
            metrics_u64(w, labels, ARRAY_LEN(labels), one->total);
        }
    metrics_family(w, "firebreak_probe_duration_seconds", METRIC_HISTOGRAM,
                   "How long an answer took, from the question to the verdict.");
    for (uint32_t i = 0; i < c->kind_count; i++) {
        struct metric_label kind = {"kind", slice_from(c->kinds[i].kind)};
        metrics_histogram(w, &kind, 1, &c->kinds[i].took);
    }
}
