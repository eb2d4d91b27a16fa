#include "app/sight.h"

#include "host/addresses.h"

enum { EVERY_MS = 1000, FRESH_MS = 50, STARVED_MS = 1000, STARVED_TRIES = 3 };

static void tell(struct up *u, enum sample_type type, enum sample_blind what)
{
    struct sample *s = sample_new(type);
    s->blind = what;
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
    tell(u, blind ? SAMPLE_BLIND : SAMPLE_SEES, BLIND_NETWORK);
}

void sight_look(struct up *u)
{
    if (rt_now() - u->sight.looked > FRESH_MS * RT_MS)
        look(u);
}

void sight_tried(struct up *u, const struct probe_result *r)
{
    struct sight *s = &u->sight;
    if (r->reason == REASON_CANCELED || (r->reason == REASON_LIMIT && (r->settled || r->held_up)))
        return; /* says nothing of it */
    if (r->reason == REASON_LIMIT) {
        if (s->limits++ == 0)
            s->limited_since = rt_now();
        if (s->starved || s->limits < STARVED_TRIES ||
            rt_now() - s->limited_since < STARVED_MS * RT_MS)
            return;
        s->starved = true;
        if (u->app->logsink)
            log_warn(&u->app->log, "our own limits let nothing be asked: nothing is judged",
                     log_event("observer_blind"), log_str("error", r->detail));
        tell(u, SAMPLE_BLIND, BLIND_DESCRIPTORS);
        return;
    }
    s->limits = 0;
    if (!s->starved)
        return;
    s->starved = false;
    tell(u, SAMPLE_SEES, BLIND_DESCRIPTORS);
}

void sight_main(void *arg)
{
    struct up *u = arg;
    do
        look(u);
    while (rt_sleep(up_next_whole(EVERY_MS * RT_MS)) == 0);
}
