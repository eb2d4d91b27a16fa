#include "store/etcd.h"

#include "base/defs.h"
#include "tests/store/etcd_server.h"
#include "tests/store/suite.h"

/* The suite that every store has to pass, unchanged, against a real etcd: 3.4 as Debian has it, and
 * 3.6 where ../shared/peers has it. etcd_fault_test.c is about servers that fail. */

static struct etcd_server server;
static char url[64];

/* Each case gets an empty store: what the one before left is deleted. */
static int suite_open(struct store **ret_store)
{
    struct store *s = NULL;
    int r = store_etcd_open(url, &s, &suite_err, SOON);
    if (r < 0) {
        printf("# %s\n", suite_err.text);
        return r;
    }
    WELL(store_delete(s, store_prefix(SLICE("")), NULL, &suite_err, SOON));
    *ret_store = s;
    return 0;
}

static void suite_close(struct store *s)
{
    store_close(s);
}

static void (*case_now)(struct store *s);

static void run_case(void *arg)
{
    struct store *s = NULL;
    (void)arg;
    CHECK_INT(suite_open(&s), 0);
    if (s)
        case_now(s);
    suite_close(s);
    arena_reset(&suite_arena);
}

static void report(const char *name, const char *version, int r)
{
    char label[160];
    CHECK_INT(r, 0);
    snprintf(label, sizeof(label), "%s (%s)", name, version);
    tap_report_(label);
}

/* ---- what only this back end has ---- */

static void the_status_names_version_endpoint_and_leader(struct store *s)
{
    struct store_status status = {0};
    WELL(store_status(s, &status, &suite_err, SOON));
    CHECK_STR(status.backend, "etcd");
    CHECK(slice_starts_with(slice_from(status.version), SLICE("3.")));
    CHECK(strstr(url, status.where) != NULL);
    CHECK(status.leader != 0 && status.bytes > 0);
    CHECK(status.keys >= 0 && status.compacted >= 0);
    CHECK_INT(status.leases, -1);
}

static void a_list_is_read_page_by_page(struct store *s)
{
    enum { KEYS = 2500 };
    char key[32];
    uint32_t seen = 0;
    static struct store_op ops[100];
    static char keys[100][24];
    for (int i = 0; i < KEYS; i += 100) {
        for (int j = 0; j < 100; j++) {
            snprintf(keys[j], sizeof(keys[j]), "p/%06d", i + j);
            ops[j] = (struct store_op){
                .type = STORE_PUT, .key = slice_from(keys[j]), .value = SLICE("v")};
        }
        WELL(store_txn(s, &(struct store_txn){.then = ops, .then_count = 100}, NULL, NULL,
                       &suite_err, SOON));
    }
    struct store_range q = {
        .keys = {STORE_SPAN, SLICE("p/"), SLICE("p0")}, .limit = 1000, .revision = 0};
    struct store_range_result page = {.more = true};
    while (page.more) {
        WELL(store_range(s, &q, &suite_arena, &page, &suite_err, SOON));
        if (page.count == 0)
            break;
        seen += page.count;
        q.revision = page.revision;
        struct slice last = page.kvs[page.count - 1].key;
        snprintf(key, sizeof(key), "%.*s", SLICE_ARG(last));
        q.keys.key =
            (struct slice){key, last.size + 1}; /* with its NUL: the next key there can be */
    }
    CHECK_INT(seen, KEYS);
}

static void a_change_of_many_large_values_comes_whole(struct store *s)
{
    static char value[200 * 1024];
    struct store_watch w;
    struct store_op ops[7];
    char keys[7][16];
    memset(value, 'v', sizeof(value));
    struct reader r = watch_from(s, &w, "f/", 0);
    for (int i = 0; i < 7; i++) { /* 1.4 MB: more than a fragment */
        snprintf(keys[i], sizeof(keys[i]), "f/%d", i);
        ops[i] = (struct store_op){
            .type = STORE_PUT, .key = slice_from(keys[i]), .value = {value, sizeof(value)}};
    }
    struct store_txn_result result = {0};
    for (int round = 0; round < 3; round++)
        WELL(store_txn(s, &(struct store_txn){.then = ops, .then_count = 7}, &suite_arena, &result,
                       &suite_err, SOON));
    /* And once more from the past, where etcd sends all three in one answer of several parts. */
    struct store_watch again;
    struct reader past = watch_from(s, &again, "f/", result.revision - 2);
    struct store_event e = {0};
    for (int i = 0; i < 21; i++) {
        CHECK(next_event(&r, &e) && e.kv.mod_revision == result.revision - 2 + i / 7);
        CHECK(next_event(&past, &e) && e.kv.mod_revision == result.revision - 2 + i / 7);
        CHECK(is(e.kv.key, keys[i % 7]) && e.kv.value.size == sizeof(value));
    }
    unwatch(&past);
    unwatch(&r);
}

enum { WRITERS = 100, WRITES = 20 };

static void one_of_a_crowd(void *arg)
{
    struct store *s = arg;
    char key[32];
    snprintf(key, sizeof(key), "w/%llx", (unsigned long long)rt_random());
    for (int i = 0; i < WRITES; i++)
        put(s, key, "v");
}

static void a_crowd_of_writers_each_gets_its_revision(struct store *s)
{
    struct rt_group g;
    struct store_watch w;
    struct store_event e = {0};
    int64_t before = now_at(s);
    struct reader r = watch_from(s, &w, "w/", 0);
    rt_group_init(&g, "test");
    for (int i = 0; i < WRITERS; i++)
        rt_go(&g, one_of_a_crowd, s);
    for (int64_t i = 1; i <= WRITERS * WRITES && next_event(&r, &e); i++)
        CHECK_INT(e.kv.mod_revision, before + i);
    rt_group_wait(&g, SOON);
    rt_group_done(&g);
    CHECK_INT(now_at(s), before + WRITERS * WRITES);
    unwatch(&r);
}

static void many_leases_are_kept_at_once(struct store *s)
{
    enum { LEASES = 50 };
    static struct store_lease l[LEASES];
    struct store_lease kept;
    for (int i = 0; i < LEASES; i++)
        l[i] = grant(s, 10000);
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < LEASES; i++)
            WELL(store_lease_keep(s, l[i].id, &kept, &suite_err, SOON));
    for (int i = 0; i < LEASES; i++)
        WELL(store_lease_revoke(s, l[i].id, &suite_err, SOON));
    CHECK_INT(store_lease_keep(s, l[0].id, NULL, NULL, SOON), -ENOENT);
}

static void closing_ends_the_watches(struct store *s)
{
    struct store_watch w;
    struct store *other = NULL;
    uint32_t events;
    (void)s;
    WELL(store_etcd_open(url, &other, &suite_err, SOON));
    (void)watch_from(other, &w, "k", 0);
    store_close(other);
    struct store_batch *last = last_batch(&w, &events);
    CHECK(last && last->end == STORE_WATCH_LOST && last->err.code == -ENOLINK);
    store_batch_free(last);
    store_unwatch(&w);
}

static void nobody_there_is_told_with_each_endpoint(struct store *s)
{
    char nobody[96];
    struct store *other = NULL;
    (void)s;
    snprintf(nobody, sizeof(nobody), "etcd://127.0.0.1:%u,127.0.0.1:%u", free_port(), free_port());
    CHECK_INT(store_etcd_open(nobody, &other, &suite_err, rt_now() + RT_SEC), -ENETDOWN);
    CHECK(strstr(suite_err.text, "no endpoint answers") != NULL);
    CHECK(strstr(suite_err.text, "; 127.0.0.1:") && strstr(suite_err.text, "refused"));
    CHECK(other == NULL);
}

#define ON_A_STORE(fn) \
    (case_now = (fn), tap_ok_ = true, report(#fn, version, rt_run(NULL, run_case, NULL)))

static void run_all(const char *binary, const char *version)
{
    etcd_server_make(&server, binary, 1);
    etcd_server_run(&server, NULL);
    snprintf(url, sizeof(url), "etcd://127.0.0.1:%u", server.port);
    if (!port_opens(server.port)) {
        printf("Bail out! %s does not start: see %s\n", binary, server.log);
        exit(1);
    }
    for (size_t i = 0; i < ARRAY_LEN(suite_cases); i++) {
        tap_ok_ = true;
        report(suite_cases[i].name, version, rt_run(NULL, suite_run, &i));
    }
    ON_A_STORE(the_status_names_version_endpoint_and_leader);
    ON_A_STORE(a_list_is_read_page_by_page);
    ON_A_STORE(a_change_of_many_large_values_comes_whole);
    ON_A_STORE(a_crowd_of_writers_each_gets_its_revision);
    ON_A_STORE(many_leases_are_kept_at_once);
    ON_A_STORE(closing_ends_the_watches);
    ON_A_STORE(nobody_there_is_told_with_each_endpoint);
    etcd_server_stop(&server);
}

static void etcd_3_4_agrees(void)
{
    if (access(ETCD_OF_DEBIAN, X_OK) < 0)
        TAP_SKIP("Debian's etcd-server is not installed");
    else
        run_all(ETCD_OF_DEBIAN, "etcd 3.4");
    tap_ok_ = true;
}

static void etcd_3_6_agrees(void)
{
    static char binary[512];
    if (!peer_where("etcd", binary, sizeof(binary)))
        TAP_SKIP("../shared/peers has no etcd: peers/get etcd");
    else
        run_all(binary, "etcd 3.6");
    tap_ok_ = true;
}

static void nothing_is_left_allocated(void)
{
    arena_done(&suite_arena);
    CHECK_INT(mem_usage_of(MEM_STORE).live, 0);
    CHECK_INT(mem_usage_of(MEM_NET).live, 0);
}

int main(void)
{
    leave_network();
    TAP_RUN(etcd_3_4_agrees);
    TAP_RUN(etcd_3_6_agrees);
    TAP_RUN(nothing_is_left_allocated);
    return tap_done();
}
