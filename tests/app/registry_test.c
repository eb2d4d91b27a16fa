#include "app/registry.h"

#include <errno.h>

#include "base/fault.h"
#include "config/canonical.h"
#include "config/schema.h"
#include "rt/sim.h"
#include "store/memory.h"
#include "tests/tap.h"
#include "wire/json_value.h"

/* A node's registry on a store, and a hand that writes there, too. What is wanted is looked at; who
 * acts on it is another stage. */
static const struct store_memory_faults *faults;
static struct store_memory *memory;
static struct store *hand;
static struct rt_group tasks;
static struct arena arena;

struct place {
    struct app app;
    struct up up;
    struct config *config;
};
static struct place *one, *two;

static rt_time soon(void)
{
    return rt_now() + 60 * RT_SEC;
}

static struct place *open_node(const char *name)
{
    struct place *n = mem_alloc(MEM_TEST, sizeof(*n));
    n->up.app = &n->app;
    n->up.node = name;
    CHECK_INT(store_memory_open(memory, &n->up.store), 0);
    n->up.registry = registry_new(&n->up);
    CHECK_INT(rt_go(&tasks, registry_sync_main, n->up.registry), 0);
    CHECK_INT(rt_go(&tasks, registry_follow_main, n->up.registry), 0);
    return n;
}

static void close_node(struct place *n)
{
    registry_free(n->up.registry);
    store_close(n->up.store);
    config_free(n->config);
    mem_free(MEM_TEST, n);
}

static void open_world(void)
{
    arena = ARENA(MEM_TEST, 0);
    memory = store_memory_new(faults);
    CHECK_INT(store_memory_open(memory, &hand), 0);
    rt_group_init(&tasks, "test");
    one = open_node("n1");
    two = open_node("n2");
}

static void close_world(void)
{
    rt_group_done(&tasks);
    close_node(one);
    close_node(two);
    store_close(hand);
    store_memory_free(memory);
    arena_done(&arena);
}

/* The files of a node are now: receivers of these names (one letter each), all of one version. */
static void files(struct place *n, const char *names, int version)
{
    struct config *c = mem_alloc(MEM_CONFIG, sizeof(*c));
    struct buf text = BUF(MEM_TEST, 0);
    const struct source *source;
    c->arena = ARENA(MEM_CONFIG, 0);
    c->sources.arena = c->faults.arena = &c->arena;
    c->watched_count = 1;
    buf_append_cstr(&text, "{\"receivers\":[");
    for (const char *name = names; *name; name++)
        buf_printf(&text, "%s\n{\"name\":\"%c\",\"webhook\":{\"url\":\"http://h/%d\"}}",
                   name == names ? "" : ",", *name, version);
    buf_append_cstr(&text, "]}");
    struct slice kept = {arena_strdup(&c->arena, buf_slice(&text)), text.size};
    buf_done(&text);
    CHECK_INT(source_add(&c->sources, SOURCE_FILE, "t", kept, &source), 0);
    CHECK_INT(json_value_read(source, NULL, &c->arena, &c->faults, &c->root), 0);
    config_canonicalize(&c->arena, config_schema.root, c->root, false);
    registry_take_files(n->up.registry, c);
    config_free(n->config);
    n->config = c;
}

static const char *value_of(char name, int version)
{
    return arena_printf(&arena,
                        "{\"name\":\"%c\",\"namespace\":\"default\",\"webhook\":{\"url\":"
                        "\"http://h/%d\"}}",
                        name, version);
}

static struct slice key_of(char name)
{
    return slice_from(arena_printf(&arena, "/registry/receivers/default/%c", name));
}

/* Until it is known to have happened. */
static void by_hand(char name, int version)
{
    int r;
    do
        r = store_put(hand, key_of(name), slice_from(value_of(name, version)), 0, NULL, NULL,
                      soon());
    while (r == -ECONNRESET || r == -ECONNREFUSED);
    CHECK_INT(r, 0);
}

/* The version that the store has; 0: none. */
static int stored(char name)
{
    struct store_kv kv = {.version = 0};
    int r, version = 0;
    do
        r = store_get(hand, key_of(name), &arena, &kv, NULL, soon());
    while (r == -ECONNRESET || r == -ECONNREFUSED);
    CHECK_INT(r, 0);
    const char *at = kv.version ? strstr(arena_strdup(&arena, kv.value), "http://h/") : NULL;
    return at && sscanf(at, "http://h/%d", &version) == 1 ? version : 0;
}

/* The version that the node acts on; 0: none. */
static int wanted(const struct place *n, char name)
{
    const char *key = arena_printf(&arena, "receivers/default/%c", name);
    const struct registry_entry *e = registry_find(n->up.registry, slice_from(key));
    int version = 0;
    const char *at = e && e->wanted ? strstr(e->wanted, "http://h/") : NULL;
    return at && sscanf(at, "http://h/%d", &version) == 1 ? version : 0;
}

/* "t:3": line 3 of the node's files declares it; "": none. */
static const char *declared_at(struct place *n, const char *name)
{
    struct buf place = BUF(MEM_TEST, 0);
    bool declared = registry_declared_at(&n->up, kind_find(SLICE("receiver")), SLICE("default"),
                                         slice_from(name), &place);
    const char *text = arena_strdup(&arena, buf_slice(&place));
    CHECK_INT(declared, place.size > 0);
    buf_done(&place);
    return text;
}

static void settle(void)
{
    rt_sleep(rt_now() + 10 * RT_SEC);
}

static bool all_agree(char name, int version)
{
    bool so =
        stored(name) == version && wanted(one, name) == version && wanted(two, name) == version;
    if (!so)
        printf("# %c is %d, n1 wants %d, n2 %d, it should be %d\n", name, stored(name),
               wanted(one, name), wanted(two, name), version);
    return so;
}

/* ---- cases ---- */

static void what_files_have_is_written_once_and_heard_by_all(void)
{
    files(one, "ab", 1);
    files(two, "", 1);
    CHECK_INT(wanted(one, 'a'), 1); /* before it is written */
    CHECK_STR(declared_at(one, "a"), "t:2");
    CHECK_STR(declared_at(one, "b"), "t:3");
    CHECK_STR(declared_at(two, "a"), "");
    settle();
    CHECK(all_agree('a', 1) && all_agree('b', 1));
    uint64_t written = one->up.registry->written_total;
    files(one, "ab", 1);
    settle();
    CHECK_INT(one->up.registry->written_total, written);
    files(one, "ab", 2);
    settle();
    CHECK(all_agree('a', 2) && all_agree('b', 2));
    CHECK_INT(one->up.registry->written_total, written + 2);
}

static void what_vanishes_goes_unless_it_was_changed_by_hand(void)
{
    files(one, "abc", 1);
    files(two, "", 1);
    settle();
    by_hand('b', 7);
    by_hand('h', 7);
    settle();
    CHECK(all_agree('b', 7));
    files(one, "c", 2);
    settle();
    CHECK(all_agree('a', 0) && all_agree('b', 7) && all_agree('c', 2) && all_agree('h', 7));
    CHECK_STR(declared_at(one, "b"), ""); /* it is there, and not by files */
    CHECK_STR(declared_at(one, "c"), "t:2");
    CHECK_STR(declared_at(one, "h"), "");
    /* Named again it is the files' again, and goes with them. */
    files(one, "b", 3);
    settle();
    CHECK(all_agree('b', 3) && all_agree('c', 0));
    files(one, "", 3);
    settle();
    CHECK(all_agree('b', 0) && all_agree('h', 7));
}

static void the_last_of_two_nodes_deletes(void)
{
    files(one, "a", 1);
    files(two, "a", 1);
    settle();
    files(one, "", 1);
    settle();
    CHECK(all_agree('a', 1));
    files(two, "", 1);
    settle();
    CHECK(all_agree('a', 0));
    /* Both at once. */
    files(one, "a", 2);
    files(two, "a", 2);
    settle();
    files(one, "", 2);
    files(two, "", 2);
    settle();
    CHECK(all_agree('a', 0));
}

static void a_change_by_hand_stands_until_files_are_read(void)
{
    files(one, "a", 1);
    files(two, "", 1);
    settle();
    by_hand('a', 7);
    settle();
    CHECK(all_agree('a', 7));
    files(one, "a", 1);
    settle();
    CHECK(all_agree('a', 1));
}

static struct {
    rt_time delay;
} late_hand;

static void late_hand_main(void *arg)
{
    (void)arg;
    if (rt_sleep(rt_now() + late_hand.delay) == 0)
        by_hand('a', 7);
}

/* Whether the hand comes before the deletion, in it, or behind it: it had the last word. */
static void a_hand_at_the_moment_of_a_deletion_is_not_overruled(void)
{
    files(one, "a", 1);
    files(two, "", 1);
    settle();
    late_hand.delay = (rt_time)(rt_random() % (200 * RT_MS));
    CHECK_INT(rt_go(&tasks, late_hand_main, NULL), 0);
    files(one, "", 1);
    settle();
    CHECK(all_agree('a', 7));
}

/* Files and hands at random; once it is quiet, all see what was said last. */
static void whatever_fails_it_ends_as_it_was_said_last(void)
{
    int version = 1;
    for (int i = 0; i < 12; i++) {
        struct place *n = rt_random() % 2 ? one : two;
        static const char *const sets[] = {"", "a", "ab", "abc", "b", "ac"};
        if (rt_random() % 3)
            files(n, sets[rt_random() % ARRAY_LEN(sets)], ++version);
        else
            by_hand("ah"[rt_random() % 2], ++version);
        rt_sleep(rt_now() + (rt_time)(rt_random() % (2 * RT_SEC)));
    }
    store_memory_calm(memory);
    rt_sleep(rt_now() + 60 * RT_SEC);
    files(one, "ab", ++version);
    settle();
    by_hand('h', ++version);
    files(two, "c", ++version);
    rt_sleep(rt_now() + 60 * RT_SEC);
    CHECK(all_agree('a', version - 2) && all_agree('b', version - 2));
    CHECK(all_agree('c', version) && all_agree('h', version - 1));
}

/* ---- running them ---- */

static void (*case_now)(void);

static void run_case(void *arg)
{
    (void)arg;
    open_world();
    case_now();
    close_world();
}

static void run(void (*fn)(void), const char *name, const struct store_memory_faults *f,
                uint64_t seeds)
{
    int r = 0;
    case_now = fn;
    faults = f;
    tap_ok_ = true;
    for (uint64_t seed = 1; seed <= seeds && r == 0 && tap_ok_; seed++) {
        r = rt_sim_run(&(struct rt_sim_config){.seed = seed}, run_case, NULL, NULL);
        if (r < 0 || !tap_ok_)
            printf("# seed %llu: %d\n", (unsigned long long)seed, r);
    }
    CHECK_INT(r, 0);
    tap_report_(name);
}

#define SOUND(fn)     run(fn, #fn, &sound, 5)
#define FAULTY(fn, n) run(fn, #fn, &faulty, n)

int main(void)
{
    static const struct store_memory_faults sound = {.latency_max = 50 * RT_MS},
                                            faulty = {
                                                .latency_max = 50 * RT_MS,
                                                .refuse_ppm = 20000,
                                                .lose_request_ppm = 20000,
                                                .lose_reply_ppm = 20000,
                                                .late_ppm = 20000,
                                                .twice_ppm = 20000,
                                                .late_max = 3 * RT_SEC,
                                                .watch_late_max = 300 * RT_MS,
                                                .compact_ppm = 50000,
                                            };
    SOUND(what_files_have_is_written_once_and_heard_by_all);
    SOUND(what_vanishes_goes_unless_it_was_changed_by_hand);
    SOUND(the_last_of_two_nodes_deletes);
    SOUND(a_change_by_hand_stands_until_files_are_read);
    run(a_hand_at_the_moment_of_a_deletion_is_not_overruled,
        "a_hand_at_the_moment_of_a_deletion_is_not_overruled", &sound, 60);
    FAULTY(whatever_fails_it_ends_as_it_was_said_last, 200);
    CHECK_INT(mem_usage_of(MEM_APP).live, 0);
    CHECK_INT(mem_usage_of(MEM_STORE).live, 0);
    CHECK_INT(mem_usage_of(MEM_CONFIG).live, 0);
    CHECK_INT(mem_usage_of(MEM_TEST).live, 0);
    tap_report_("nothing is left allocated");
    return tap_done();
}
