#include "app/plan.h"

#include "app/up.h"
#include "wire/json.h"

static void put_text(struct json_writer *w, const char *key, const char *text)
{
    json_key_slice(w, slice_from(key));
    json_cstr(w, text);
}

static void put_plan(void *ctx, const struct repair_plan *p)
{
    struct buf *out = ctx;
    struct json_writer w;
    if (out->size)
        buf_append_byte(out, ',');
    json_begin(&w, out, 0);
    json_object_open(&w);
    put_text(&w, "asset", p->asset->name);
    put_text(&w, "namespace", p->asset->namespace_);
    put_text(&w, "state", asset_state_name(p->asset->state));
    put_text(&w, "reason", p->asset->reason);
    put_text(&w, "remedy", p->remedy ? p->remedy->name : NULL);
    put_text(&w, "outcome", repair_outcome_name(REPAIR_DRY_RUN));
    const struct repair *open = p->asset->repair;
    put_text(&w, "phase", open ? repair_phase_name((enum repair_phase)open->phase) : NULL);
    json_key(&w, "rejected");
    json_array_open(&w);
    for (uint32_t i = 0; i < p->rejected_count; i++) {
        json_object_open(&w);
        put_text(&w, "remedy", p->rejected[i].remedy);
        put_text(&w, "why", repair_why_name(p->rejected[i].why));
        if (p->words[i] && p->words[i][0])
            put_text(&w, "detail", p->words[i]);
        json_object_close(&w);
    }
    json_array_close(&w);
    json_object_close(&w);
    json_end(&w);
}

void plan_repairs(void *ctx, struct buf *ret_items)
{
    struct up *u = ctx;
    reconciler_plan(u->assets, (struct reconcile_time){rt_now(), rt_wall_now()}, put_plan,
                    ret_items);
}
