#include "rt/loop.h"

#include <stdio.h>
#include <stdlib.h>

/* The stack census: with FIREBREAK_CENSUS=1 in the environment each stack is filled before its
 * task runs, and afterwards the deepest byte ever written is noted at the spawn site. */
static struct {
    pthread_mutex_t lock;
    struct rt_site *sites;
} census = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Atomic int state; /* 0: not looked yet, 1: off, 2: on */

bool rt_census_on(void)
{
    int s = atomic_load_explicit(&state, memory_order_relaxed);
    if (UNLIKELY(s == 0)) {
        const char *env = getenv("FIREBREAK_CENSUS");
        s = env && env[0] == '1' ? 2 : 1;
        atomic_store_explicit(&state, s, memory_order_relaxed);
    }
    return s == 2;
}

void rt_census_note(struct rt_site *site, uint32_t bytes)
{
    pthread_mutex_lock(&census.lock);
    if (site->stack_bytes_max == 0) {
        site->next = census.sites;
        census.sites = site;
    }
    if (bytes > site->stack_bytes_max)
        site->stack_bytes_max = bytes;
    pthread_mutex_unlock(&census.lock);
}

void rt_census_print(void)
{
    if (!rt_census_on())
        return;
    for (const struct rt_site *s = census.sites; s; s = s->next)
        fprintf(stderr, "CENSUS %s %s:%d %u\n", s->name, s->file, s->line, s->stack_bytes_max);
}
