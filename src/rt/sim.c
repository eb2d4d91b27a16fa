#include "rt/sim.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "rt/chan.h"
#include "rt/sim_world.h"

enum {
    STEP_COST_NS = 100, /* of a switch: a task that yields until a time comes gets there */
    EVENTS_FIRST = 64,
    EPHEMERAL_FIRST = 32768,
    OFFLOAD_MAX_US = 400,
    OFFLOAD_SLOW_PPM = 10 * 1000, /* of offloaded calls: a disk that thinks */
    OFFLOAD_SLOW_MS = 20,
};

/* Not 0: a deadline of 0 must be past. */
#define CLOCK_FIRST (1 * RT_SEC)

/* ---- chance and the trace ---- */

uint64_t sim_random(struct sim_random *r)
{
    uint64_t x = r->state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint64_t sim_below(struct sim_random *r, uint64_t below)
{
    return sim_random(r) % below;
}

bool sim_chance(struct sim_random *r, uint32_t ppm)
{
    return ppm > 0 && sim_below(r, SIM_PPM) < ppm;
}

void sim_trace(struct rt_sim *sim, enum sim_trace_what what, uint64_t value)
{
    struct sim_random mix = {sim->hash ^ ((uint64_t)what << 56) ^ value};
    sim->hash = sim_random(&mix) + (uint64_t)sim->now;
}

/* ---- events ---- */

static bool earlier(const struct sim_event *a, const struct sim_event *b)
{
    return a->at != b->at ? a->at < b->at : a->number < b->number;
}

void sim_after(struct rt_sim *sim, rt_time at,
               void (*fn)(struct rt_sim *sim, void *obj, uint64_t arg), void *obj, uint64_t arg)
{
    if (sim->event_count == sim->event_cap) {
        sim->event_cap = sim->event_cap ? sim->event_cap * 2 : EVENTS_FIRST;
        sim->events = mem_resize(MEM_RT, sim->events, sim->event_cap * sizeof(sim->events[0]));
    }
    struct sim_event e = {at, ++sim->event_last, fn, obj, arg};
    uint32_t i = sim->event_count++;
    while (i > 0 && earlier(&e, &sim->events[(i - 1) / 2])) {
        sim->events[i] = sim->events[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    sim->events[i] = e;
}

static struct sim_event take_event(struct rt_sim *sim)
{
    struct sim_event first = sim->events[0];
    struct sim_event last = sim->events[--sim->event_count];
    uint32_t i = 0, n = sim->event_count;
    for (;;) {
        uint32_t child = i * 2 + 1;
        if (child >= n)
            break;
        if (child + 1 < n && earlier(&sim->events[child + 1], &sim->events[child]))
            child++;
        if (earlier(&last, &sim->events[child]))
            break;
        sim->events[i] = sim->events[child];
        i = child;
    }
    sim->events[i] = last;
    return first;
}

/* ---- the back end: clock, chance, schedule ---- */

static int sim_open(struct rt_loop *l)
{
    l->sim->loop = l;
    return 0;
}

static void sim_close(struct rt_loop *l)
{
    (void)l;
}

static rt_time sim_clock(struct rt_loop *l)
{
    return l->sim->now;
}

static rt_wall sim_wall(struct rt_loop *l)
{
    static const rt_wall year_2025 = INT64_C(1735689600) * RT_SEC;
    return year_2025 + l->sim->now + l->sim->wall_shift;
}

static uint64_t sim_program_random(struct rt_loop *l)
{
    return sim_random(&l->sim->program);
}

static rt_time sim_offload_delay(struct rt_loop *l)
{
    struct rt_sim *sim = l->sim;
    if (sim_chance(&sim->disk_chance, OFFLOAD_SLOW_PPM))
        return (rt_time)sim_below(&sim->disk_chance, OFFLOAD_SLOW_MS * RT_MS);
    return (rt_time)sim_below(&sim->disk_chance, OFFLOAD_MAX_US * RT_US);
}

static uint32_t sim_pick(struct rt_loop *l, uint32_t ready)
{
    struct rt_sim *sim = l->sim;
    uint32_t at = ready > 1 ? (uint32_t)sim_below(&sim->schedule, ready) : 0;
    const struct rt_task *t = l->ring[(l->ring_head + at) & l->ring_mask];
    /* A task that was made ready twice runs a wait's end that never was. */
    assert((t->state == TASK_READY || t->state == TASK_NEW) && "a task was woken twice");
    sim->now += STEP_COST_NS;
    sim->counts.steps++;
    sim_trace(sim, TRACE_SWITCH, t->id);
    return at;
}

static void end_world(struct rt_sim *sim, int result)
{
    sim->result = result;
    sim->loop->dropped = true;
}

void sim_step(struct rt_sim *sim)
{
    if (++sim->counts.steps <= sim->config.steps_max)
        return;
    end_world(sim, -ELOOP);
    if (sim->loop->current)
        rt_park_deaf();
}

static void sim_poll(struct rt_loop *l, rt_time until)
{
    struct rt_sim *sim = l->sim;
    if (l->dropped)
        return;
    if (sim->event_count && sim->events[0].at < until)
        until = sim->events[0].at;
    if (until == RT_NEVER)
        end_world(sim, -EDEADLK);
    else if (until - CLOCK_FIRST > sim->config.time_max)
        end_world(sim, -ETIME);
    else if (sim->counts.steps > sim->config.steps_max)
        end_world(sim, -ELOOP);
    else if (until > sim->now)
        sim->now = until;
    while (!l->dropped && sim->event_count && sim->events[0].at <= sim->now) {
        struct sim_event e = take_event(sim);
        e.fn(sim, e.obj, e.arg);
    }
}

static const struct rt_backend backend_sim = {
    .name = "sim",
    .open = sim_open,
    .close = sim_close,
    .clock = sim_clock,
    .wall = sim_wall,
    .random = sim_program_random,
    .poll = sim_poll,
    .pick = sim_pick,
    .offload_delay = sim_offload_delay,
    .sock_open = sim_sock_open,
    .sock_bind = sim_sock_bind,
    .sock_listen = sim_sock_listen,
    .sock_connect = sim_sock_connect,
    .sock_connected = sim_sock_connected,
    .sock_ready = sim_sock_ready,
    .sock_accept = sim_sock_accept,
    .sock_read = sim_sock_read,
    .sock_writev = sim_sock_writev,
    .sock_recv_from = sim_sock_recv_from,
    .sock_send_to = sim_sock_send_to,
    .sock_watch = sim_sock_watch,
    .sock_shutdown_write = sim_sock_shutdown_write,
    .sock_name = sim_sock_name,
    .sock_peer_cred = sim_sock_peer_cred,
    .sock_no_delay = sim_sock_no_delay,
    .sock_reset_on_close = sim_sock_reset_on_close,
    .sock_close = sim_sock_close,
    .file_open = sim_file_open,
    .file_read = sim_file_read,
    .file_write = sim_file_write,
    .file_sync = sim_file_sync,
    .file_truncate = sim_file_truncate,
    .file_size = sim_file_size,
    .file_lock = sim_file_lock,
    .file_close = sim_file_close,
    .file_rename = sim_file_rename,
    .file_remove = sim_file_remove,
    .file_sync_folder = sim_file_sync_folder,
    .folder_make = sim_folder_make,
    .folder_read = sim_folder_read,
};

/* ---- a world ---- */

static void set_defaults(struct rt_sim_config *c)
{
    enum { LATENCY_MIN_US = 50, LATENCY_MAX_US = 2000, BUFFER_BYTES = 64 * 1024 };
    enum { STEPS_MAX = 10 * 1000 * 1000 };
    if (c->latency_max == 0) {
        c->latency_min = LATENCY_MIN_US * RT_US;
        c->latency_max = LATENCY_MAX_US * RT_US;
    }
    assert(c->latency_min >= 0 && c->latency_min <= c->latency_max);
    if (c->buffer_bytes == 0)
        c->buffer_bytes = BUFFER_BYTES;
    if (c->time_max == 0)
        c->time_max = 3600 * RT_SEC;
    if (c->steps_max == 0)
        c->steps_max = STEPS_MAX;
}

static void seed_all(struct rt_sim *sim)
{
    struct sim_random r = {sim->config.seed};
    sim->hash = sim_random(&r);
    sim->schedule.state = sim_random(&r);
    sim->net_chance.state = sim_random(&r);
    sim->disk_chance.state = sim_random(&r);
    sim->program.state = sim_random(&r);
    sim->now = CLOCK_FIRST;
}

/* Before the stacks go: what dropped tasks left in channels stands on some of them. */
static void on_end(struct rt_loop *l)
{
    if (l->dropped)
        list_each (it, &l->chans)
            mem_free(MEM_RT, list_entry(it, struct rt_chan, link)->ring);
    sim_net_close(l->sim);
    sim_disk_close(l->sim);
}

struct first_task {
    rt_fn *fn;
    void *arg;
};

static void first_main(void *arg)
{
    struct first_task *f = arg;
    rt_sim_set_host(SIM_LOCALHOST);
    f->fn(f->arg);
}

int rt_sim_run(const struct rt_sim_config *config, rt_fn *fn, void *arg,
               struct rt_sim_result *ret_result)
{
    struct rt_sim *sim = mem_alloc(MEM_RT, sizeof(*sim));
    sim->config = *config;
    set_defaults(&sim->config);
    seed_all(sim);
    sim_net_open(sim);
    sim_disk_open(sim);
    struct first_task first = {fn, arg};
    int r = rt_run_sim(&backend_sim, sim, first_main, &first, on_end);
    if (r == 0)
        r = sim->result;
    if (ret_result)
        *ret_result = (struct rt_sim_result){sim->hash, sim->now - CLOCK_FIRST, sim->counts};
    mem_free(MEM_RT, sim->events);
    mem_free(MEM_RT, sim);
    return r;
}

bool rt_sim_active(void)
{
    return rt_self && rt_self->sim;
}

void rt_sim_stop(int code)
{
    assert(code < 0);
    end_world(rt_self->sim, code);
    for (;;)
        rt_park_deaf();
}

void rt_sim_note(uint64_t value)
{
    sim_trace(rt_self->sim, TRACE_NOTE, value);
}

void rt_sim_shift_wall(rt_time by)
{
    rt_self->sim->wall_shift += by;
    sim_trace(rt_self->sim, TRACE_NOTE, (uint64_t)by);
}

/* ---- hosts ---- */

uint32_t sim_host_index(struct rt_sim *sim, uint32_t ip)
{
    uint32_t i = 0;
    while (i < sim->host_count && sim->hosts[i].ip != ip)
        i++;
    if (i == sim->host_count) {
        assert(sim->host_count < RT_SIM_HOSTS_MAX);
        sim->hosts[sim->host_count++] = (struct sim_host){.ip = ip, .port_last = EPHEMERAL_FIRST};
    }
    return i;
}

struct sim_host *sim_host_here(struct rt_sim *sim)
{
    return &sim->hosts[sim_host_index(sim, sim->loop->current->host)];
}

void rt_sim_set_host(uint32_t ipv4)
{
    assert(ipv4 != 0);
    rt_self->current->host = ipv4;
    sim_host_index(rt_self->sim, ipv4);
}

void rt_sim_partition(uint32_t from, uint32_t to, bool cut)
{
    struct rt_sim *sim = rt_self->sim;
    if (from)
        sim_host_index(sim, from);
    if (to)
        sim_host_index(sim, to);
    for (uint32_t i = 0; i < sim->host_count; i++)
        for (uint32_t j = 0; j < sim->host_count; j++) {
            if (i == j || (from && sim->hosts[i].ip != from) || (to && sim->hosts[j].ip != to))
                continue;
            sim->counts.partitions += cut && !sim->net.cut[i][j];
            sim->net.cut[i][j] = cut;
        }
    sim_trace(sim, TRACE_LINK, ((uint64_t)from << 32 | to) ^ cut);
}

void rt_sim_crash_host(uint32_t ipv4)
{
    struct rt_sim *sim = rt_self->sim;
    struct sim_host *h = &sim->hosts[sim_host_index(sim, ipv4)];
    assert(!h->down);
    sim_trace(sim, TRACE_CRASH, ipv4);
    h->down = true;
    h->starts++;
    sim->counts.crashes++;
    sim_net_crash(sim, h);
    sim_disk_crash(sim, h);
}

void rt_sim_start_host(uint32_t ipv4)
{
    struct rt_sim *sim = rt_self->sim;
    struct sim_host *h = &sim->hosts[sim_host_index(sim, ipv4)];
    sim_trace(sim, TRACE_START, ipv4);
    h->down = false;
}

void rt_sim_calm(void)
{
    struct rt_sim *sim = rt_self->sim;
    struct rt_sim_config *c = &sim->config;
    c->drop_ppm = c->duplicate_ppm = c->reset_ppm = c->half_open_ppm = 0;
    c->sync_fail_ppm = c->disk_full_ppm = 0;
    memset(sim->net.cut, 0, sizeof(sim->net.cut));
    sim_trace(sim, TRACE_CALM, 0);
}
