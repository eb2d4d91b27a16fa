#include "app/schedule_row.h"

#include "base/log.h"
#include "model/cron.h"
#include "rt/rt.h"

static struct slice member(const struct json_value *v, const char *key)
{
    const struct json_value *m = v ? json_get(v, key) : NULL;
    return m && m->type == JSON_STRING ? m->text : (struct slice){0};
}

static bool is_true(const struct json_value *v, const char *key)
{
    const struct json_value *m = v ? json_get(v, key) : NULL;
    return m && m->type == JSON_TRUE;
}

struct looking {
    struct zones *zones;
    struct slice name;
    const struct zone *zone; /* NULL: there is none */
};

static void look_up(void *arg)
{
    struct looking *l = arg;
    struct err err;
    if (zones_find(l->zones, l->name, &l->zone, &err) < 0)
        l->zone = NULL;
}

static struct slice next_of(struct slice cron_text, struct slice zone, struct zones *zones,
                            struct arena *arena)
{
    struct looking l = {zones, zone, NULL};
    struct cron cron;
    int64_t t;
    char at[LOG_TIME_BYTES];
    if (cron_parse(cron_text, &cron, NULL) < 0)
        return SLICE("(bad cron)");
    if (rt_offload(look_up, &l, RT_NEVER) < 0 || !l.zone)
        return SLICE("(no such zone)");
    if (cron_next(&cron, l.zone, rt_wall_now() / RT_SEC, &t) < 0 || t > INT64_MAX / RT_SEC)
        return SLICE("never");
    log_format_time(t * RT_SEC, at);
    return slice_from(arena_strdup(arena, (struct slice){at, LOG_TIME_BYTES}));
}

/* "Succeeded 2026-11-24T02:30:00.000Z": of the newest run. What is remembered of one that has not
 * ended is from when it was ordered: its task says whether it waits or runs. */
static struct slice last_of(const struct json_value *state, struct arena *arena)
{
    const struct json_value *runs = state ? json_get(state, "runs") : NULL, *last = NULL;
    for (const struct json_value *r = runs ? runs->first : NULL; r; r = r->next)
        last = r;
    if (!last)
        return SLICE("-");
    const struct json_value *ended = json_get(last, "ended");
    struct slice word =
        ended && ended->type == JSON_FALSE ? SLICE("begun") : member(last, "state");
    return slice_from(
        arena_printf(arena, "%.*s %.*s", SLICE_ARG(word), SLICE_ARG(member(last, "due_at"))));
}

void schedule_row(const struct json_value *item, struct zones *zones, struct arena *arena,
                  struct slice cells[SCHEDULE_ROW_CELLS])
{
    const struct json_value *spec = json_get(item, "spec"), *state = json_get(item, "state");
    const struct json_value *next = state ? json_get(state, "next_at") : NULL;
    struct slice cron = member(spec, "cron"), zone = member(spec, "zone"), shown;
    if (zone.size == 0)
        zone = SLICE("UTC");
    if (member(state, "refused").size)
        shown = SLICE("refused"); /* `describe` says why */
    else if (is_true(state, "paused") || (!next && is_true(spec, "paused")))
        shown = SLICE("paused");
    else if (next && next->type == JSON_STRING)
        shown = next->text;
    else
        shown = next_of(cron, zone, zones, arena);
    cells[0] = slice_from(arena_strdup(arena, cron));
    cells[1] = slice_from(arena_strdup(arena, zone));
    cells[2] = slice_from(arena_strdup(arena, shown));
    cells[3] = last_of(state, arena);
}
