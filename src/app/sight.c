#include "app/sight.h"

#include <errno.h>

#include "host/addresses.h"
#include "host/pipe.h"
#include "rt/sock.h"

/* The kernel tells when links change. Then they are asked for at once, and FRESH_MS after that only
 * once more for whatever else changed: a host that makes links for containers all day is not asked
 * for each. Asked without news, too, in case some got lost in a way that we do not know of; and
 * often, where there is no socket to hear them by, or nobody could answer the last time. */
enum {
    EVERY_MS = 30 * 1000,
    EVERY_UNSURE_MS = 1000,
    FRESH_MS = 50,
    NEWS_BYTES = 512, /* of a message; the rest is cut off */
    NEWS_MAX = 1024,  /* that one look answers */
    STARVED_MS = 1000,
    STARVED_TRIES = 3,
};

static void tell(struct up *u, enum sample_type type, enum sample_blind what)
{
    struct sample *s = sample_new(type);
    s->blind = what;
    if (rt_send(&u->samples, s, RT_NEVER) < 0)
        sample_free(s);
}

/* Returns whether anybody knows which links there are. */
static bool look(struct up *u)
{
    struct sight *s = &u->sight;
    int links = host_links();
    s->looked = rt_now();
    if (links < 0)
        return false;
    s->had |= links > 0;
    bool blind = s->had && links == 0;
    if (blind == s->blind)
        return true;
    s->blind = blind;
    if (u->app->logsink && blind)
        log_warn(&u->app->log, "our own network is gone: nothing is judged by it",
                 log_event("observer_blind"));
    else if (u->app->logsink)
        log_warn(&u->app->log, "our own network is back", log_event("observer_sees"));
    tell(u, blind ? SAMPLE_BLIND : SAMPLE_SEES, BLIND_NETWORK);
    return true;
}

void sight_look(struct up *u)
{
    if (rt_now() - u->sight.looked > FRESH_MS * RT_MS)
        (void)look(u);
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

/* NULL: we cannot hear of them now. */
static struct rt_sock *open_news(void)
{
    struct rt_sock *s = NULL;
    int fd = host_links_news_open();
    if (fd >= 0 && rt_adopt(fd, &s) < 0)
        host_close(fd);
    return s;
}

/* Returns 0: links may have changed, -ETIMEDOUT, -ECANCELED; else it hears no more. That is so of
 * -ENOBUFS, too: some was lost, and a descriptor with an error counts as one at its end, which is
 * asked again each millisecond. A new one has all of its room. */
static int hear(struct rt_sock *news, rt_time deadline)
{
    char message[NEWS_BYTES];
    ssize_t n = rt_read(news, message, sizeof(message), deadline);
    if (n <= 0)
        return n == 0 ? -EPIPE : (int)n;
    /* What else is there, up to a bound, is the same news. */
    for (int i = 0; i < NEWS_MAX && n > 0; i++)
        n = rt_read(news, message, sizeof(message), 0);
    return n > 0 || n == -ETIMEDOUT ? 0 : n == 0 ? -EPIPE : (int)n;
}

void sight_main(void *arg)
{
    struct up *u = arg;
    struct rt_sock *news = NULL;
    for (int r = 0; r != -ECANCELED;) {
        if (!news)
            news = open_news();
        bool known = look(u); /* behind its opening, so that no change falls between the two */
        rt_time next = up_next_whole((news && known ? EVERY_MS : EVERY_UNSURE_MS) * RT_MS);
        r = rt_sleep(rt_now() + FRESH_MS * RT_MS);
        if (r == 0)
            r = news ? hear(news, next) : rt_sleep(next);
        if (r == 0 || r == -ETIMEDOUT || !news)
            continue;
        rt_close(news);
        news = NULL;
    }
    rt_close(news);
}
