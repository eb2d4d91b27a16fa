#include "reconcile/inside.h"

void tell_begin(struct reconciler *r, struct held *h)
{
    uint64_t n[2] = {++r->trace_count, 0};
    uint64_t high = map_hash(r->options.seed, n, sizeof(n));
    n[1] = 1;
    snprintf(h->asset.trace, sizeof(h->asset.trace), "%016llx%016llx", (unsigned long long)high,
             (unsigned long long)map_hash(r->options.seed, n, sizeof(n)));
}

struct event tell_of(const struct held *h, enum event_type type, struct reconcile_time t)
{
    const struct asset *a = &h->asset;
    return (struct event){
        .type = type,
        .at_wall_ns = t.wall_ns,
        .asset = strcmp(a->namespace_, "default") == 0 ? a->name : a->key,
        .key = a->key,
        .from = a->state,
        .to = a->state,
        .trace_id = a->trace[0] ? a->trace : NULL,
    };
}

void tell_evidence(struct event *e, const char *text)
{
    if (text && text[0] && e->evidence_count < EVENT_EVIDENCE_MAX)
        e->evidence[e->evidence_count++] = text;
}

void tell_event(struct reconciler *r, struct held *h, struct event *e)
{
    h->asset.revision = e->revision = ++r->revision;
    if (r->options.on_event)
        r->options.on_event(r->options.ctx, e);
}
