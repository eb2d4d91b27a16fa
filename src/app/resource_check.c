#include "app/resource_check.h"

#include <errno.h>

#include "cli/fault_print.h"
#include "config/resource.h"

struct checking {
    const struct gateway_resource *sent;
    struct arena arena;
    struct source_set sources;
    struct config_faults faults;
    struct buf *value;
};

/* On an offload thread: patterns need more stack than a task has. */
static void check(void *arg)
{
    struct checking *c = arg;
    struct value *flat;
    config_resource_read(&c->arena, c->sent->kind, c->sent->namespace_, c->sent->name, "body",
                         c->sent->body, &c->sources, &c->faults, &flat, c->value);
}

static int tell(const struct checking *c, struct gateway_verdict *ret, struct err *err)
{
    const struct config_fault *f = &c->faults.items[0];
    struct source_point p = {0};
    source_point(&c->sources, f->at, &p);
    buf_append_byte(&ret->faults, '[');
    for (uint32_t i = 0; i < c->faults.count; i++) {
        if (i)
            buf_append_byte(&ret->faults, ',');
        fault_print_json(&c->sources, &c->faults.items[i], &ret->faults);
    }
    buf_append_byte(&ret->faults, ']');
    buf_append_cstr(&ret->field, f->path ? f->path : "");
    uint32_t more = c->faults.count + c->faults.dropped - 1;
    const char *near = f->suggestion;
    return err_set(err, -EINVAL, "line %u, column %u: %s%s%s%s%s", p.line, p.column, f->message,
                   near ? ": did you mean \"" : "", near ? near : "", near ? "\"?" : "",
                   more ? " (and more faults)" : "");
}

int resource_check(void *ctx, const struct gateway_resource *sent, struct gateway_verdict *ret,
                   struct err *err)
{
    struct checking *c = mem_alloc(MEM_APP, sizeof(*c));
    (void)ctx;
    *c = (struct checking){.sent = sent, .arena = ARENA(MEM_APP, 0), .value = &ret->value};
    c->sources.arena = c->faults.arena = &c->arena;
    int r = rt_offload(check, c, RT_NEVER);
    if (r < 0)
        err_sys(err, r, "check the resource");
    else if (c->faults.count)
        r = tell(c, ret, err);
    arena_done(&c->arena);
    mem_free(MEM_APP, c);
    return r;
}
