#include "app/prom.h"

#include <errno.h>
#include <stdatomic.h>

#include "base/map.h"
#include "cli/probe_prom.h"

enum { PIECE_BYTES = 64 * 1024 };

struct row {
    bool seen, ok;
    int64_t total_ns, dns_ns, connect_ns, tls_ns, first_byte_ns;
};

struct prom {
    const struct target_set *targets;
    struct row rows[];
};

int prom_open(const struct target_set *targets, struct prom **ret, struct err *err)
{
    uint64_t count = target_set_count(targets);
    if (count > PROM_TARGETS_MAX)
        return err_set(err, -E2BIG, "-o prom: %llu targets are more than %d: -o jsonl writes each "
                       "as it comes", (unsigned long long)count, PROM_TARGETS_MAX);
    struct prom *p = mem_alloc(MEM_APP, sizeof(*p) + count * sizeof(p->rows[0]));
    p->targets = targets;
    *ret = p;
    return 0;
}

void prom_close(struct prom *p)
{
    mem_free(MEM_APP, p);
}

void prom_take(struct prom *p, const struct probe_result *r)
{
    struct row *row = &p->rows[r->target->index];
    /* What we could not find out leaves what was known; if nothing was, the target has no row. */
    if (r->reason == REASON_LIMIT)
        return;
    *row = (struct row){
        .seen = true,
        .ok = r->reason == REASON_OK,
        .total_ns = r->total_ns,
        .dns_ns = r->dns_ns,
        .connect_ns = r->connect_ns,
        .tls_ns = r->tls_ns,
        .first_byte_ns = r->first_byte_ns,
    };
}

/* ---- writing ---- */

static void print_success(const struct row *r, struct slice name, struct buf *out)
{
    probe_prom_success(name, r->ok, out);
}

static void print_durations(const struct row *r, struct slice name, struct buf *out)
{
    probe_prom_duration(name, "total", r->total_ns, out);
    probe_prom_duration(name, "dns", r->dns_ns, out);
    probe_prom_duration(name, "connect", r->connect_ns, out);
    probe_prom_duration(name, "tls", r->tls_ns, out);
    probe_prom_duration(name, "first_byte", r->first_byte_ns, out);
}

/* Which rows are told: of equal names the first. */
static bool *choose(const struct prom *p)
{
    uint64_t count = target_set_count(p->targets);
    bool *told = mem_alloc(MEM_APP, count);
    struct arena names = ARENA(MEM_APP, 0);
    struct map seen = MAP(MEM_APP, 0, ((struct map_seed){rt_random(), rt_random()}));
    for (uint64_t i = 0; i < count; i++) {
        struct target_slot slot;
        if (!p->rows[i].seen)
            continue;
        target_set_get(p->targets, i, &slot);
        struct slice name = slot.target.name;
        told[i] = !map_get(&seen, name);
        if (told[i]) {
            name.data = arena_strdup(&names, name);
            map_put(&seen, name, told, NULL);
        }
    }
    map_done(&seen);
    arena_done(&names);
    return told;
}

static int flush(struct buf *out, size_t at_least,
                 int (*write)(void *ctx, struct slice piece), void *ctx)
{
    int r = 0;
    if (out->size > at_least) {
        r = write(ctx, buf_slice(out));
        buf_clear(out);
    }
    return r;
}

static int write_family(const struct prom *p, const bool *told,
                        void (*print)(const struct row *r, struct slice name, struct buf *out),
                        struct buf *out, int (*write)(void *ctx, struct slice piece), void *ctx)
{
    int r = 0;
    for (uint64_t i = 0; i < target_set_count(p->targets) && r == 0; i++) {
        struct target_slot slot;
        if (!told[i])
            continue;
        target_set_get(p->targets, i, &slot);
        print(&p->rows[i], slot.target.name, out);
        r = flush(out, PIECE_BYTES, write, ctx);
    }
    return r;
}

int prom_write(const struct prom *p, const struct probe_progress *progress, bool breakers,
               int (*write)(void *ctx, struct slice piece), void *ctx)
{
    struct buf out = BUF(MEM_APP, 0);
    bool *told = choose(p);
    probe_prom_success_head(&out);
    int r = write_family(p, told, print_success, &out, write, ctx);
    probe_prom_duration_head(&out);
    if (r == 0)
        r = write_family(p, told, print_durations, &out, write, ctx);
    if (breakers)
        probe_prom_breakers_head(&out);
    for (int i = PROBE_BREAKER_CLOSED; i < PROBE_BREAKER_COUNT && breakers; i++)
        probe_prom_breakers((enum probe_breaker)i, atomic_load(&progress->breakers[i]), &out);
    if (r == 0)
        r = flush(&out, 0, write, ctx);
    mem_free(MEM_APP, told);
    buf_done(&out);
    return r;
}
