#include "model/schedule.h"

#include "base/fault.h"
#include "base/map.h"

const char *const schedule_misfires[] = {"run_once", "skip", "catch_up", NULL};
const char *const schedule_overlaps[] = {"forbid", "allow", "replace", NULL};
const char *const schedule_causes[] = {"due", "missed", "triggered", NULL};

int schedule_word(const char *const *words, struct slice word)
{
    for (int i = 0; words[i]; i++)
        if (slice_eq_cstr(word, words[i]))
            return i;
    return -1;
}

int64_t schedule_delay_ns(const struct schedule *s, int64_t due_s)
{
    static const struct map_seed seed = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b};
    if (s->jitter_ns <= 0)
        return 0;
    struct map_seed by_name = {map_hash(seed, s->name.data, s->name.size),
                               map_hash(seed, s->namespace_.data, s->namespace_.size)};
    uint64_t hash = map_hash(by_name, &due_s, sizeof(due_s));
    uint64_t width = (uint64_t)s->jitter_ns + 1;
    if (fault_mutant("schedule_jitter_beyond"))
        width *= 2;
    return (int64_t)(hash % width);
}

void schedule_order_free(struct schedule_order *o)
{
    if (!o)
        return;
    arena_done(&o->arena);
    mem_free(MEM_MODEL, o);
}
