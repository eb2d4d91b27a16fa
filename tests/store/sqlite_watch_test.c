#include "tests/store/sqlite_world.h"

/* The moment in which a watch goes from the log to what is committed now. */

static bool writers_stop;

static void writes_until_told(void *arg)
{
    while (!writers_stop)
        put(arg, "w/now", "v");
}

/* The past is large enough for several pieces, between which there are commits. */
static void a_watch_that_catches_up_under_writes_misses_nothing(struct store **s)
{
    enum { PAST = 200, VALUE_BYTES = 20 * 1000 };
    struct rt_group g;
    struct store_watch w;
    struct store_event e = {0};
    large[VALUE_BYTES] = 0;
    memset(large, 'x', VALUE_BYTES);
    int64_t first = put(*s, "w/past", large);
    for (int i = 1; i < PAST; i++)
        put(*s, "w/past", large);
    rt_group_init(&g, "test");
    writers_stop = false;
    for (int i = 0; i < 4; i++)
        rt_go(&g, writes_until_told, *s);
    rt_sleep(rt_now() + 5 * RT_MS);
    struct reader r = watch_from(*s, &w, "w/", first);
    for (int64_t i = 0; i < PAST + 300 && next_event(&r, &e); i++)
        CHECK_INT(e.kv.mod_revision, first + i);
    writers_stop = true;
    rt_group_wait(&g, SOON);
    rt_group_done(&g);
    unwatch(&r);
}

int main(void)
{
    ON_A_STORE(a_watch_that_catches_up_under_writes_misses_nothing);
    arena_done(&suite_arena);
    return tap_done();
}
