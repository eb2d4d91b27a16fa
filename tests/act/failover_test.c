#include "act/actions.h"

#include <errno.h>

#include "rt/sim.h"
#include "store/memory.h"
#include "tests/tap.h"

static struct store_memory *memory;
static struct act act;
static struct exec_result result;
static struct err err;

#define SOON (rt_now() + 20 * RT_SEC)

static void put(const char *key, const char *value)
{
    CHECK_INT(store_put(act.store, slice_from(key), slice_from(value), 0, NULL, NULL, SOON), 0);
}

/* The value, or "". */
static const char *get(const char *key, struct arena *a)
{
    struct store_kv kv;
    CHECK_INT(store_get(act.store, slice_from(key), a, &kv, NULL, SOON), 0);
    return kv.version ? arena_strdup(a, kv.value) : "";
}

static int fail_over(const char *action, const char *const *env)
{
    struct exec_spec spec = {.kind = ACTION_FAILOVER, .action = action, .env = env};
    exec_result_done(&result);
    result = (struct exec_result){.exit = 0};
    err_clear(&err);
    return act_failover(&act, &spec, NULL, &result, &err, SOON);
}

static const char *const of_db[] = {"FIREBREAK_ASSET=db-1", "FIREBREAK_NAMESPACE=shop",
                                    "FIREBREAK_STANDBY=db-2", "FIREBREAK_TASK=task-7", NULL};

static void the_standby_takes_over_and_gives_back(void)
{
    struct arena a = ARENA(MEM_TEST, 0);
    put("/state/assets/shop/db-2", "{\"state\":\"Healthy\"}");
    CHECK_INT(fail_over("{\"failover\":{}}", of_db), 0);
    CHECK_INT(result.reason, REASON_OK);
    const char *is = get("/failover/shop/db-1", &a);
    CHECK(strstr(is, "\"asset\":\"db-1\",\"to\":\"db-2\""));
    CHECK(strstr(is, "\"task\":\"task-7\""));
    CHECK_INT(fail_over("{\"failover\":{\"to\":\"db-1\"}}", of_db), 0);
    CHECK_INT(result.reason, REASON_OK);
    CHECK_STR(get("/failover/shop/db-1", &a), "");
    arena_done(&a);
}

static void who_has_failed_takes_nothing_over(void)
{
    static const char *const states[] = {"{\"state\":\"Failed\"}", "{\"state\":\"Unknown\"}", "{}",
                                         "nonsense"};
    struct arena a = ARENA(MEM_TEST, 0);
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        put("/state/assets/shop/db-2", states[i]);
        CHECK_INT(fail_over("{\"failover\":{}}", of_db), 0);
        CHECK_INT(result.reason, REASON_NOT_SERVING);
        CHECK(strstr(result.detail, "db-2"));
    }
    CHECK_INT(fail_over("{\"failover\":{\"to\":\"nobody\"}}", of_db), 0);
    CHECK_STR(result.detail, "nothing is known of the asset nobody");
    CHECK_STR(get("/failover/shop/db-1", &a), "");
    arena_done(&a);
}

static void without_somebody_to_go_to_it_says_so(void)
{
    static const char *const alone[] = {"FIREBREAK_ASSET=db-1", NULL};
    CHECK_INT(fail_over("{\"failover\":{}}", alone), 0);
    CHECK_STR(result.detail, "the asset db-1 has no standby");
    CHECK_INT(fail_over("{\"failover\":{\"to\":\"db-2\"}}", NULL), 0);
    CHECK_STR(result.detail, "whose work is to go elsewhere? A remedy knows");
    CHECK_INT(fail_over("{\"restart\":{}}", of_db), -EBADMSG);
}

static void cases(void *arg)
{
    (void)arg;
    memory = store_memory_new(NULL);
    store_memory_open(memory, &act.store);
    TAP_RUN(the_standby_takes_over_and_gives_back);
    TAP_RUN(who_has_failed_takes_nothing_over);
    TAP_RUN(without_somebody_to_go_to_it_says_so);
    exec_result_done(&result);
    store_close(act.store);
    store_memory_free(memory);
}

int main(void)
{
    struct rt_sim_config config = {.seed = 1};
    if (rt_sim_run(&config, cases, NULL, NULL) < 0)
        return 1;
    return tap_done();
}
