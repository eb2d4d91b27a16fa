#include "base/log.h"

/* Messages that share a first slot stand in one of the next few; beyond that they are not
 * sampled, which costs lines and loses nothing. */
enum { PROBES_MAX = 4 };
#define WINDOW_NS INT64_C(1000000000)

static bool window_is_over(const struct log_sample *e, int64_t now)
{
    return now < e->window_ns || now - e->window_ns >= WINDOW_NS;
}

static bool is_message(const struct log_sample *e, const struct log_head *h)
{
    return e->msg == h->msg.data && e->logger == h->logger.data && e->level == h->level &&
           e->msg_bytes == h->msg.size && e->logger_bytes == h->logger.size;
}

/* The message's slot, or a fresh one; NULL where all are taken. */
static struct log_sample *find(struct log_sampler *s, const struct log_head *h)
{
    uint64_t x = (uintptr_t)h->msg.data * UINT64_C(0x9e3779b97f4a7c15) ^
                 ((uintptr_t)h->logger.data + h->level) * UINT64_C(0xc2b2ae3d27d4eb4f);
    struct log_sample *fresh = NULL;

    x ^= x >> 32;
    for (uint64_t i = 0; i < PROBES_MAX; i++) {
        struct log_sample *e = &s->slots[(x + i) % LOG_SAMPLER_SLOTS];
        if (e->msg && is_message(e, h))
            return e;
        bool free = !e->msg || (e->kept_back == 0 && window_is_over(e, h->wall_ns));
        if (free && !fresh)
            fresh = e;
    }
    if (fresh)
        *fresh = (struct log_sample){
            .msg = h->msg.data,
            .msg_bytes = (uint32_t)h->msg.size,
            .logger = h->logger.data,
            .logger_bytes = (uint32_t)h->logger.size,
            .level = h->level,
            .window_ns = h->wall_ns,
        };
    return fresh;
}

bool log_sampler_shows(struct log_sampler *s, const struct log_head *head, uint64_t *ret_repeated)
{
    struct log_sample *e = s->first ? find(s, head) : NULL;

    if (!e) {
        *ret_repeated = 0;
        return true;
    }
    if (window_is_over(e, head->wall_ns)) {
        e->window_ns = head->wall_ns;
        e->seen = 0;
    }
    e->seen++;
    if (e->seen > s->first && (s->every == 0 || (e->seen - s->first) % s->every != 0)) {
        e->kept_back++;
        s->kept_back++;
        return false;
    }
    *ret_repeated = e->kept_back;
    s->kept_back -= e->kept_back;
    e->kept_back = 0;
    return true;
}

bool log_sampler_drain(struct log_sampler *s, int64_t now_wall_ns, struct log_head *ret_head)
{
    for (size_t i = 0; s->kept_back && i < LOG_SAMPLER_SLOTS; i++) {
        struct log_sample *e = &s->slots[i];
        if (!e->kept_back || !window_is_over(e, now_wall_ns))
            continue;
        *ret_head = (struct log_head){
            .level = e->level,
            .wall_ns = now_wall_ns,
            .repeated = e->kept_back,
            .logger = {e->logger, e->logger_bytes},
            .msg = {e->msg, e->msg_bytes},
        };
        s->kept_back -= e->kept_back;
        e->kept_back = 0;
        return true;
    }
    return false;
}
