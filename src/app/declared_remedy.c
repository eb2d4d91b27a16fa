#include "app/declared_remedy.h"

#include <stdio.h>

#include "wire/json_value.h"

static const char *text(struct sample *s, const struct config_object *o, const char *key)
{
    return arena_strdup(&s->arena, config_string(o, key));
}

/* The member as JSON; "": it is not there. */
static const char *json_of(struct sample *s, const struct config_object *o, const char *key)
{
    struct buf out = BUF(MEM_APP, 0);
    const struct value *v = o->value ? value_get(o->value, slice_from(key)) : NULL;
    if (v && json_value_write(&out, v, 0, NULL) < 0)
        buf_clear(&out);
    const char *made = arena_strdup(&s->arena, buf_slice(&out));
    buf_done(&out);
    return made;
}

/* ---- assets ---- */

static void name_asset(struct sample *s, struct slice namespace_, struct slice name)
{
    snprintf(s->asset, sizeof(s->asset), "%.*s", SLICE_ARG(name));
    snprintf(s->namespace_, sizeof(s->namespace_), "%.*s", SLICE_ARG(namespace_));
}

struct sample *declared_asset_sample(const struct config_object *o)
{
    struct sample *s = sample_new(SAMPLE_ASSET);
    struct asset_rules *rules = arena_new(&s->arena, struct asset_rules);
    struct config_object blast = config_struct(o, "blast");
    const char *labels = json_of(s, o, "labels");
    name_asset(s, config_string(o, "namespace"), config_string(o, "name"));
    s->settle_ns = config_duration(o, "settle");
    if (labels[0])
        s->labels = mem_strdup(MEM_MODEL, slice_from(labels));
    *rules = (struct asset_rules){
        .group = text(s, o, "group"),
        .standby = text(s, o, "standby"),
        .blast_max = (uint32_t)config_int(&blast, "max"),
        .blast_percent = (uint32_t)config_int(&blast, "percent"),
    };
    for (const struct value *v = NULL; (v = config_next(o, "depends_on", v));)
        if (rules->depends_count < ASSET_DEPENDS_MAX)
            rules->depends_on[rules->depends_count++] = arena_strdup(&s->arena, v->text);
    s->rules = rules;
    return s;
}

struct sample *forget_asset_sample(struct slice namespace_, struct slice name)
{
    struct sample *s = sample_new(SAMPLE_FORGET_ASSET);
    name_asset(s, namespace_, name);
    return s;
}

/* ---- remedies ---- */

static void set_when(struct sample *s, struct remedy *m, const struct config_object *o)
{
    struct config_object when = config_struct(o, "when");
    struct slice state = config_string(&when, "state");
    m->when_any = state.size == 0;
    m->when_state = slice_eq(state, SLICE("Degraded")) ? ASSET_DEGRADED : ASSET_FAILED;
    m->when_check = text(s, &when, "check");
    m->when_reason = text(s, &when, "reason");
}

struct sample *declared_remedy_sample(const struct config_object *o)
{
    struct sample *s = sample_new(SAMPLE_REMEDY);
    struct remedy *m = arena_new(&s->arena, struct remedy);
    struct config_object does = config_struct(o, "do");
    const struct schema_field *choice = config_choice(&does);
    *m = (struct remedy){
        .namespace_ = text(s, o, "namespace"),
        .name = text(s, o, "name"),
        .asset = text(s, o, "asset"),
        .precondition = text(s, o, "precondition"),
        .action = json_of(s, o, "do"),
        .rollback = json_of(s, o, "rollback"),
        .verify = text(s, o, "verify"),
        .then = text(s, o, "then"),
        .within_ns = config_duration(o, "within"),
        .cooldown_ns = config_duration(o, "cooldown"),
        .max_per_hour = (uint32_t)config_int(o, "max_per_hour"),
        .approve = config_bool(o, "approve"),
        .notifies = choice && strcmp(choice->key, "notify") == 0,
        .fails_over = choice && strcmp(choice->key, "failover") == 0,
    };
    set_when(s, m, o);
    s->remedy = m;
    return s;
}

struct sample *forget_remedy_sample(struct slice namespace_, struct slice name)
{
    struct sample *s = sample_new(SAMPLE_FORGET_REMEDY);
    struct remedy *m = arena_new(&s->arena, struct remedy);
    *m = (struct remedy){
        .namespace_ = arena_strdup(&s->arena, namespace_),
        .name = arena_strdup(&s->arena, name),
    };
    s->remedy = m;
    return s;
}
