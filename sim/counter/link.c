#include "sim/counter/counter.h"

#include <errno.h>

#include "base/fault.h"

int link_read(struct link *k, struct message *ret_message, rt_time deadline)
{
    while (k->in_bytes < sizeof(k->in)) {
        ssize_t n =
            rt_read(k->sock, (char *)&k->in + k->in_bytes, sizeof(k->in) - k->in_bytes, deadline);
        if (n <= 0)
            return n == 0 ? -EPIPE : (int)n;
        k->in_bytes += (size_t)n;
    }
    k->in_bytes = 0;
    k->heard = rt_now();
    *ret_message = k->in;
    return 0;
}

int link_write(struct link *k, const struct message *m, rt_time deadline)
{
    return rt_write(k->sock, m, sizeof(*m), deadline);
}

int link_listen(struct world *w, struct link *k, struct message *ret_message)
{
    rt_time deadline = k->heard + SILENCE_MAX;
    if (fault_mutant("counter_half_open_unnoticed"))
        deadline = RT_NEVER;
    int r = link_read(k, ret_message, deadline);
    if (r == -ETIMEDOUT)
        counted(w, EVENT_SILENCE);
    return r;
}

void link_watch(struct world *w, struct link *k)
{
    k->heard = rt_now();
    list_push_back(&w->watched, &k->watched);
}

void link_unwatch(struct link *k)
{
    list_remove(&k->watched);
}
