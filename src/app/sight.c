#include "app/sight.h"

#include "host/addresses.h"

enum { EVERY_MS = 500, FRESH_MS = 50 };

static void tell(struct up *u, enum sample_type type)
{
    struct sample *s = sample_new(type);
    s->blind = BLIND_NETWORK;
    if (rt_send(&u->samples, s, RT_NEVER) < 0)
        sample_free(s);
}

static void look(struct up *u)
{
    struct sight *s = &u->sight;
    int links = host_links();
    s->looked = rt_now();
    if (links < 0)
        return;
    s->had |= links > 0;
    bool blind = s->had && links == 0;
    if (blind == s->blind)
        return;
    s->blind = blind;
    if (u->app->logsink && blind)
        log_warn(&u->app->log, "our own network is gone: nothing is judged by it",
                 log_event("observer_blind"));
    else if (u->app->logsink)
        log_warn(&u->app->log, "our own network is back", log_event("observer_sees"));
    tell(u, blind ? SAMPLE_BLIND : SAMPLE_SEES);
}

void sight_look(struct up *u)
{
    if (rt_now() - u->sight.looked > FRESH_MS * RT_MS)
        look(u);
}

void sight_main(void *arg)
{
    struct up *u = arg;
    do
        look(u);
    while (rt_sleep(rt_now() + EVERY_MS * RT_MS) == 0);
}
