#include "gateway/gateway.h"
#include "model/probe.h"

#include "tests/tap.h"

#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "net/http.h"
#include "store/memory.h"

/* ---- a gateway over a store in memory, and a client on its socket ---- */

static struct {
    struct store_memory *memory;
    struct store *store;
    struct gateway *gateway;
    struct dns_resolver *dns;
    struct http_client *client;
    char path[64];
    struct buf body;
    uint16_t status;
    char type[80], allow[40];
} w;

static rt_time soon(void)
{
    return rt_now() + 20 * RT_SEC;
}

/* "wrong" is a fault; what has "twice" is kept in another form; all else as it was sent. */
static int check_spec(void *ctx, const struct gateway_resource *sent, struct gateway_verdict *ret,
                      struct err *err)
{
    (void)ctx;
    if (slice_find(sent->body, SLICE("twice")) >= 0)
        buf_printf(&ret->value, "{\"name\":\"%.*s\",\"namespace\":\"%.*s\",\"kept\":2}",
                   SLICE_ARG(sent->name), SLICE_ARG(sent->namespace_));
    if (strcmp(sent->kind->name, "check") != 0 || slice_find(sent->body, SLICE("wrong")) < 0)
        return 0;
    buf_append_cstr(&ret->field, "wrong");
    buf_append_cstr(&ret->faults, "[{\"code\":\"unknown_field\"}]");
    return err_set(err, -EINVAL, "there is no field 'wrong'");
}

/* Files have all that is called "kept". */
static bool declared_at(void *ctx, const struct kind *kind, struct slice namespace_,
                        struct slice name, struct buf *ret_place)
{
    (void)ctx;
    CHECK(slice_eq(namespace_, SLICE("default")));
    buf_printf(ret_place, "ops.yaml:%s", strcmp(kind->name, "check") == 0 ? "7" : "3");
    return slice_eq(name, SLICE("kept"));
}

/* We ask what is called "ours", and what is called "mute" did not answer. */
static bool newest_ns(void *ctx, struct slice namespace_, struct slice asset, struct slice check,
                      int64_t *ret)
{
    (void)ctx;
    CHECK(slice_eq(namespace_, SLICE("default")));
    CHECK(slice_eq(asset, SLICE("web")));
    *ret = slice_eq(check, SLICE("mute")) ? PROBE_NONE : 1500000;
    return !slice_eq(check, SLICE("theirs"));
}

static void collect(void *ctx, struct metrics_writer *m)
{
    (void)ctx;
    metrics_family(m, "test_collected", METRIC_GAUGE, "h");
    metrics_u64(m, NULL, 0, 1);
}

static void open_world(void)
{
    static const struct store_memory_faults none;
    struct err err = {0};
    memset(&w, 0, sizeof(w));
    w.body = BUF(MEM_TEST, 0);
    snprintf(w.path, sizeof(w.path), "/tmp/firebreak-gateway-%d.sock", (int)getpid());
    w.memory = store_memory_new(&none);
    CHECK_INT(store_memory_open(w.memory, &w.store), 0);
    struct gateway_options o = {.store = w.store,
                                .own_uid = getuid(),
                                .node = "ours",
                                .check = check_spec,
                                .declared_at = declared_at,
                        .newest_ns = newest_ns,
                                .collect = collect};
    CHECK_INT(gateway_open(&o, &w.gateway), 0);
    CHECK_INT(gateway_listen(w.gateway, w.path, &err), 0);
    CHECK_INT(dns_resolver_open(NULL, &w.dns, &err), 0);
    CHECK_INT(http_client_open(&(struct http_client_options){.dns = w.dns}, &w.client), 0);
}

static void close_world(void)
{
    http_client_close(w.client);
    dns_resolver_close(w.dns);
    gateway_close(w.gateway, soon());
    CHECK_INT(access(w.path, F_OK), -1);
    store_close(w.store);
    store_memory_free(w.memory);
    buf_done(&w.body);
}

static void copy_field(const struct http1_head *head, const char *name, char *to, size_t room)
{
    const struct http1_field *f = http1_field_find(head, name, 0);
    snprintf(to, room, "%.*s", f ? (int)f->value.size : 0, f ? f->value.data : "");
}

static struct http_response *begin(const char *method, const char *target, const char *accept,
                                   const char *body)
{
    char url[600];
    struct http_response *resp = NULL;
    struct err err = {0};
    struct http1_field field = {SLICE("Accept"), slice_from(accept)};
    snprintf(url, sizeof(url), "http://firebreak%s", target);
    struct http_request q = {
        .method = slice_from(method),
        .url = slice_from(url),
        .unix_path = slice_from(w.path),
        .body = slice_from(body),
        .fields = &field,
        .field_count = accept != NULL,
    };
    int r = http_open(w.client, &q, &resp, NULL, &err, soon());
    if (r < 0)
        printf("# %s %s: %s\n", method, target, err.text);
    CHECK_INT(r, 0);
    return resp;
}

/* Returns the status; the body is in w.body. */
static int ask(const char *method, const char *target, const char *body)
{
    struct err err = {0};
    struct http_response *resp = begin(method, target, NULL, body);
    buf_clear(&w.body);
    if (!resp)
        return -1;
    w.status = http_head(resp)->status;
    copy_field(http_head(resp), "Content-Type", w.type, sizeof(w.type));
    copy_field(http_head(resp), "Allow", w.allow, sizeof(w.allow));
    CHECK_INT(http_read_all(resp, &w.body, &err, soon()), 0);
    http_close(resp);
    return w.status;
}

static bool has(const char *part)
{
    bool found = w.body.data && strstr(w.body.data, part);
    if (!found)
        printf("# '%s' is not in '%.1000s'\n", part, w.body.data ? w.body.data : "");
    return found;
}

static int64_t put(const char *key, const char *value)
{
    int64_t revision = 0;
    struct err err = {0};
    CHECK_INT(store_put(w.store, slice_from(key), slice_from(value), 0, &revision, &err, soon()),
              0);
    return revision;
}

/* ---- cases ---- */

static void alive_and_ready(void)
{
    open_world();
    CHECK_INT(ask("GET", "/healthz", NULL), 200);
    CHECK_STR(w.body.data, "ok\n");
    CHECK_INT(ask("GET", "/readyz", NULL), 200);
    CHECK_INT(ask("POST", "/healthz", NULL), 405);
    CHECK_STR(w.allow, "GET, HEAD");
    CHECK_INT(ask("GET", "/nowhere", NULL), 404);
    CHECK_STR(w.type, "application/problem+json");
    CHECK(has("\"reason\":\"not_found\""));
    close_world();
}

static void a_kind_has_many_spellings(void)
{
    open_world();
    CHECK_INT(ask("GET", "/v1/Check", NULL), 200);
    CHECK_INT(ask("GET", "/v1/checks", NULL), 200);
    CHECK_INT(ask("GET", "/v1/chekcs", NULL), 404);
    CHECK(has("did you mean check?"));
    CHECK(has("\"field\":\"kind\""));
    CHECK_INT(ask("POST", "/v1/checks", "{}"), 405);
    CHECK_INT(ask("GET", "/v1/checks/a/b", NULL), 404);
    close_world();
}

static void what_is_put_is_got(void)
{
    open_world();
    CHECK_INT(ask("PUT", "/v1/checks/db",
                  "{\"labels\":{\"a\":\"1\"},\"asset\":\"db\",\"every\":\"10s\"}"),
              201);
    CHECK(has(
        "{\"kind\":\"check\",\"name\":\"db\",\"namespace\":\"default\",\"labels\":{\"a\":\"1\"},"
        "\"revision\":2,\"spec\":{\"asset\":\"db\",\"every\":\"10s\"},\"state\":null}"));
    struct store_kv kv;
    struct arena a = ARENA(MEM_TEST, 0);
    struct err err;
    CHECK_INT(store_get(w.store, SLICE("/registry/checks/default/db"), &a, &kv, &err, soon()), 0);
    CHECK(slice_eq_cstr(kv.value,
                        "{\"name\":\"db\",\"namespace\":\"default\",\"labels\":{\"a\":\"1\"},"
                        "\"asset\":\"db\",\"every\":\"10s\"}"));
    arena_done(&a);
    CHECK_INT(ask("GET", "/v1/check/db", NULL), 200);
    /* What was got can be put, and changes nothing. */
    char *got = mem_strdup(MEM_TEST, buf_slice(&w.body));
    CHECK_INT(ask("PUT", "/v1/checks/db", got), 200);
    CHECK(has("\"revision\":2"));
    mem_free(MEM_TEST, got);
    CHECK_INT(ask("PUT", "/v1/checks/in", "{\"spec\":{\"name\":\"x\",\"labels\":1,\"a\":2}}"), 201);
    CHECK(has("\"name\":\"in\"") && has("\"labels\":{}") && has("\"spec\":{\"a\":2}"));
    CHECK_INT(ask("PUT", "/v1/checks/db?namespace=other", "{}"), 201);
    CHECK(has("\"namespace\":\"other\""));
    CHECK_INT(ask("DELETE", "/v1/checks/db", NULL), 200);
    CHECK_INT(ask("GET", "/v1/checks/db", NULL), 404);
    CHECK_INT(ask("DELETE", "/v1/checks/db", NULL), 404);
    CHECK_INT(ask("GET", "/v1/checks/db?namespace=other", NULL), 200);
    close_world();
}

static void what_the_check_makes_of_it_is_kept(void)
{
    open_world();
    CHECK_INT(ask("PUT", "/v1/checks/db?dry_run=true", "{\"twice\":1}"), 200);
    CHECK(has("\"path\":\"kept\",\"old\":null,\"new\":2"));
    CHECK_INT(ask("PUT", "/v1/checks/db", "{\"twice\":1}"), 201);
    CHECK(has("\"spec\":{\"kept\":2}"));
    CHECK_INT(ask("PUT", "/v1/checks/db", "{\"twice\":1}"), 200);
    CHECK(has("\"revision\":2"));
    CHECK_INT(ask("PUT", "/v1/checks/db", "{\"wrong\":1}"), 400);
    CHECK(has("\"field\":\"wrong\",\"trace_id\":null,\"faults\":[{\"code\":\"unknown_field\"}]}"));
    close_world();
}

static void a_revision_guards_a_write(void)
{
    open_world();
    CHECK_INT(ask("PUT", "/v1/checks/db?revision=0", "{\"every\":\"1s\"}"), 201);
    CHECK_INT(ask("PUT", "/v1/checks/db?revision=0", "{\"every\":\"2s\"}"), 409);
    CHECK(has("'db' is at revision 2, not 0"));
    CHECK(has("\"reason\":\"conflict\",\"field\":\"revision\""));
    CHECK_INT(ask("PUT", "/v1/checks/db", "{\"revision\":2,\"spec\":{\"every\":\"3s\"}}"), 200);
    CHECK_INT(ask("PUT", "/v1/checks/db", "{\"revision\":2,\"spec\":{\"every\":\"4s\"}}"), 409);
    CHECK_INT(ask("DELETE", "/v1/checks/db?revision=2", NULL), 409);
    CHECK_INT(ask("DELETE", "/v1/checks/db?revision=3", NULL), 200);
    CHECK_INT(ask("PUT", "/v1/checks/db?revision=3", "{}"), 409);
    CHECK(has("not there"));
    close_world();
}

static void a_dry_run_tells_what_would_change(void)
{
    open_world();
    CHECK_INT(ask("PUT", "/v1/checks/db?dry_run=true", "{\"every\":\"1s\"}"), 200);
    CHECK(has(
        "{\"action\":\"create\",\"kind\":\"check\",\"name\":\"db\",\"namespace\":\"default\","));
    CHECK_INT(ask("GET", "/v1/checks/db", NULL), 404);
    CHECK_INT(
        ask("PUT", "/v1/checks/db",
            "{\"labels\":{\"a\":\"1\"},\"every\":\"1s\",\"tcp\":{\"target\":\"x:1\",\"t\":[1]}}"),
        201);
    CHECK_INT(ask("PUT", "/v1/checks/db?dry_run=true",
                  "{\"labels\":{\"a\":\"2\"},\"tcp\":{\"target\":\"x:2\",\"t\":[1]}}"),
              200);
    CHECK(has("\"action\":\"update\""));
    CHECK(has("\"fields\":[{\"path\":\"labels.a\",\"old\":\"1\",\"new\":\"2\"},"
              "{\"path\":\"tcp.target\",\"old\":\"x:1\",\"new\":\"x:2\"},"
              "{\"path\":\"every\",\"old\":\"1s\",\"new\":null}],\"revision\":2}"));
    CHECK_INT(
        ask("PUT", "/v1/checks/db?dry_run=true",
            "{\"tcp\":{\"t\":[1],\"target\":\"x:1\"},\"labels\":{\"a\":\"1\"},\"every\":\"1s\"}"),
        200);
    CHECK(has("\"action\":null") && has("\"fields\":[]"));
    CHECK_INT(ask("PUT", "/v1/checks/db?dry_run=true&revision=1", "{}"), 409);
    CHECK_INT(ask("PUT", "/v1/checks/db?dry_run=true", "{\"wrong\":1}"), 400);
    close_world();
}

static void what_is_wrong_is_told_with_its_place(void)
{
    static const struct {
        const char *target, *body, *words;
    } cases[] = {
        {"/v1/checks/db", "{\"a\":1,\n \"b\":}", "line 2, column 6: expected a value"},
        {"/v1/checks/db", "[]", "expected an object"},
        {"/v1/checks/db", "", "line 1, column 1"},
        {"/v1/checks/db", "{\"name\":\"web\"}", "name is not 'db'"},
        {"/v1/checks/db", "{\"namespace\":\"x\"}", "namespace is not 'default'"},
        {"/v1/checks/db", "{\"kind\":\"asset\"}", "kind is not 'check'"},
        {"/v1/checks/db", "{\"labels\":{\"a\":1}}", "the label 'a' is no text"},
        {"/v1/checks/db", "{\"spec\":1}", "spec: is to be an object"},
        {"/v1/checks/db", "{\"wrong\":1}", "\"field\":\"wrong\""},
        {"/v1/checks/d%20b", "{}", "make a name"},
        {"/v1/checks/db?namespace=a/b", "{}", "make a name"},
        {"/v1/checks/d%2", "{}", "without two hex digits"},
        {"/v1/checks/db?revision=x", "{}", "no whole number"},
    };
    open_world();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECK_INT(ask("PUT", cases[i].target, cases[i].body), 400);
        CHECK(has(cases[i].words));
    }
    CHECK_INT(ask("GET", "/v1/checks", NULL), 200);
    CHECK(has("\"items\":[]"));
    close_world();
}

static void a_page_is_of_one_revision(void)
{
    open_world();
    for (int i = 0; i < 700; i++) {
        char key[80];
        snprintf(key, sizeof(key), "/registry/checks/default/c%03d", i);
        put(key, "{}");
    }
    put("/registry/checks/other/z", "{}");
    CHECK_INT(ask("GET", "/v1/checks?limit=300&namespace=default", NULL), 200);
    CHECK(has("\"name\":\"c000\"") && has("\"name\":\"c299\""));
    CHECK(!strstr(w.body.data, "c300"));
    put("/registry/checks/default/c400", "{\"late\":1}");
    int pages = 1, items = 300;
    while (strstr(w.body.data, "\"next\":\"\"") == NULL && pages < 10) {
        char target[300], next[200] = "";
        const char *at = strstr(w.body.data, "\"next\":\"") + 8;
        snprintf(next, sizeof(next), "%.*s", (int)strcspn(at, "\""), at);
        snprintf(target, sizeof(target), "/v1/checks?limit=300&namespace=default&next=%s", next);
        CHECK_INT(ask("GET", target, NULL), 200);
        for (const char *p = w.body.data; (p = strstr(p, "\"kind\"")); p++)
            items++;
        CHECK(!strstr(w.body.data, "late"));
        CHECK(has("\"revision\":702}"));
        pages++;
    }
    CHECK_INT(pages, 3);
    CHECK_INT(items, 700);
    CHECK_INT(ask("GET", "/v1/checks?limit=5000", NULL), 200);
    CHECK(has("\"name\":\"z\"") && has("late"));
    CHECK_INT(ask("GET", "/v1/checks?next=AAAA", NULL), 400);
    CHECK_INT(ask("GET", "/v1/checks?limit=9999999", NULL), 400);
    CHECK_INT(ask("GET", "/v1/checks?revision=2", NULL), 200);
    CHECK(has("c000") && !strstr(w.body.data, "c001"));
    struct err err;
    CHECK_INT(store_compact(w.store, 700, &err, soon()), 0);
    CHECK_INT(ask("GET", "/v1/checks?revision=2", NULL), 410);
    CHECK(has("\"reason\":\"compacted\""));
    close_world();
}

static void labels_select(void)
{
    open_world();
    put("/registry/checks/default/a", "{\"labels\":{\"tier\":\"front\"}}");
    put("/registry/checks/default/b", "{\"labels\":{\"tier\":\"back\"}}");
    put("/registry/checks/default/c", "{}");
    CHECK_INT(ask("GET", "/v1/checks?selector=tier%3Dfront", NULL), 200);
    CHECK(has("\"name\":\"a\"") && !strstr(w.body.data, "\"name\":\"b\""));
    CHECK_INT(ask("GET", "/v1/checks?selector=!tier", NULL), 200);
    CHECK(has("\"name\":\"c\"") && !strstr(w.body.data, "\"name\":\"b\""));
    CHECK_INT(ask("GET", "/v1/checks?selector=tier+in", NULL), 400);
    CHECK(has("\"field\":\"selector\""));
    close_world();
}

static void a_wrong_value_is_told_and_skipped(void)
{
    open_world();
    put("/registry/checks/default/a", "{\"every\":\"1s\"}");
    put("/registry/checks/default/b", "{\"every\":");
    put("/registry/checks/default/c", "[1]");
    put("/registry/checks/default/d", "{\"labels\":{\"x\":1}}");
    put("/registry/checks/alone", "{}");
    put("/registry/checks/default/e", "{\"every\":\"2s\"}");
    CHECK_INT(ask("GET", "/v1/checks", NULL), 200);
    CHECK(has("\"name\":\"a\"") && has("\"name\":\"e\""));
    CHECK(has("{\"key\":\"/registry/checks/default/b\",\"detail\":\"/registry/checks/default/b: "
              "line 1, column 10: expected a value\"}"));
    CHECK(has("default/c: its value is no JSON object") && has("default/d: its labels"));
    CHECK(has("\"detail\":\"/registry/checks/alone: the key is none of a resource\""));
    CHECK_INT(ask("GET", "/v1/checks/b", NULL), 500);
    CHECK(has("\"reason\":\"bad_value\""));
    CHECK_INT(ask("PUT", "/v1/checks/b", "{}"), 200); /* and so it is mended */
    close_world();
}

static void an_asset_is_declared_and_found(void)
{
    open_world();
    put("/state/assets/default/found",
        "{\"name\":\"found\",\"labels\":{\"kind\":\"tcp\"},\"state\":"
        "\"Healthy\",\"since\":\"t\",\"reason\":\"settled\",\"checks\":[1]}");
    put("/registry/assets/default/declared", "{\"desired_health\":\"Degraded\"}");
    put("/registry/assets/default/found", "{\"labels\":{\"tier\":\"x\",\"kind\":\"mine\"}}");
    put("/state/assets/default/only", "{\"state\":\"Failed\"}");
    CHECK_INT(ask("GET", "/v1/assets", NULL), 200);
    CHECK(has(
        "{\"name\":\"declared\",\"namespace\":\"default\",\"labels\":{},\"desired_health\":"
        "\"Degraded\",\"state\":\"Pending\",\"since\":null,\"reason\":\"registered\",\"checks\":[],"
        "\"owner_plane\":null,\"revision\":3,"));
    CHECK(has("{\"name\":\"found\",\"namespace\":\"default\",\"labels\":{\"tier\":\"x\",\"kind\":"
              "\"mine\"},"
              "\"desired_health\":\"Healthy\",\"state\":\"Healthy\",\"since\":\"t\",\"reason\":"
              "\"settled\","
              "\"checks\":[1],\"owner_plane\":null,\"revision\":4,"));
    CHECK(has("\"state\":\"Failed\""));
    int items = 0;
    for (const char *p = w.body.data; (p = strstr(p, "desired_health\":\"Healthy")); p++)
        items++;
    CHECK_INT(items, 2);
    CHECK_INT(ask("DELETE", "/v1/assets/only", NULL), 409);
    CHECK(has("was found, not declared"));
    put("/leader/node/alive", "");
    put("/state/assets/default/its", "{\"state\":\"Failed\",\"owner_plane\":\"alive\"}");
    CHECK_INT(ask("DELETE", "/v1/assets/its", NULL), 409);
    put("/state/assets/default/its", "{\"state\":\"Failed\",\"owner_plane\":\"ours\"}");
    CHECK_INT(ask("DELETE", "/v1/assets/its", NULL), 409);
    put("/state/assets/default/its", "{\"state\":\"Failed\",\"owner_plane\":\"dead\"}");
    CHECK_INT(ask("DELETE", "/v1/assets/its", NULL), 200);
    CHECK_INT(ask("GET", "/v1/assets/its", NULL), 404);
    CHECK_INT(ask("DELETE", "/v1/assets/found", NULL), 200);
    CHECK_INT(ask("GET", "/v1/assets/found", NULL), 200);
    CHECK(has("\"revision\":2"));
    close_world();
}

static void how_long_an_answer_took_is_as_new_as_the_answer(void)
{
    open_world();
    put("/state/assets/default/web",
        "{\"checks\":[{\"name\":\"ours\",\"ok\":true,\"last_ms\":9,\"reason\":\"ok\"},"
        "{\"name\":\"mute\",\"last_ms\":9},{\"name\":\"theirs\",\"last_ms\":9},{\"last_ms\":9}]}");
    const char *checks =
        "\"checks\":[{\"name\":\"ours\",\"ok\":true,\"last_ms\":1.5,\"reason\":\"ok\"},"
        "{\"name\":\"mute\",\"last_ms\":null},{\"name\":\"theirs\",\"last_ms\":9},{\"last_ms\":9}]";
    CHECK_INT(ask("GET", "/v1/assets/web", NULL), 200);
    CHECK(has(checks));
    CHECK_INT(ask("GET", "/v1/assets", NULL), 200);
    CHECK(has(checks));
    close_world();
}

/* Reads on until the body has the part. */
static bool hear(struct http_response *resp, const char *part)
{
    static char chunk[4096];
    struct err err = {0};
    while (!w.body.size || !strstr(w.body.data, part)) {
        ssize_t n = http_read(resp, chunk, sizeof(chunk), &err, rt_now() + 5 * RT_SEC);
        if (n <= 0) {
            printf("# '%s' did not come: '%s' %s\n", part, w.body.data ? w.body.data : "",
                   err.text);
            return false;
        }
        buf_append(&w.body, chunk, (size_t)n);
    }
    return true;
}

static void who_brings_back_what_is_deleted_is_told(void)
{
    open_world();
    CHECK_INT(ask("PUT", "/v1/assets/kept", "{}"), 201);
    CHECK_INT(ask("PUT", "/v1/assets/by-hand", "{}"), 201);
    CHECK_INT(ask("PUT", "/v1/assets/watched", "{}"), 201);
    put("/declared/assets/default/kept/ours", "{}");
    put("/declared/assets/default/kept/theirs", "{}");
    put("/declared/assets/default/kept2/theirs", "{}"); /* of another one */
    put("/state/assets/default/watched", "{\"checks\":[{\"name\":\"x\"},{\"name\":\"kept\"}]}");
    CHECK_INT(ask("DELETE", "/v1/assets/by-hand", NULL), 200);
    CHECK(has("\"declared_by\":[]}"));
    CHECK_INT(ask("DELETE", "/v1/assets/kept", NULL), 200);
    CHECK(has("\"declared_by\":["
              "{\"kind\":\"asset\",\"name\":\"kept\",\"node\":\"ours\",\"place\":\"ops.yaml:3\"},"
              "{\"kind\":\"asset\",\"name\":\"kept\",\"node\":\"theirs\",\"place\":null}]}"));
    CHECK_INT(ask("DELETE", "/v1/assets/watched", NULL), 200);
    CHECK(has("\"declared_by\":[{\"kind\":\"check\",\"name\":\"kept\",\"node\":\"ours\","
              "\"place\":\"ops.yaml:7\"}]}"));
    CHECK_INT(ask("DELETE", "/v1/assets/watched", NULL), 409); /* it is its check's */
    CHECK(has("because check 'kept' in ops.yaml:7 is about it: it goes with its checks"));
    close_world();
}

static void a_watch_tells_every_change(void)
{
    open_world();
    put("/registry/checks/default/a", "{\"n\":1}");
    struct http_response *all = begin("GET", "/v1/checks?watch=true", NULL, NULL);
    buf_clear(&w.body);
    CHECK(hear(all, "{\"type\":\"progress\",\"revision\":2}\n"));
    CHECK(has("{\"type\":\"put\",\"revision\":2,\"item\":{\"kind\":\"check\",\"name\":\"a\""));
    put("/registry/checks/default/a", "{\"n\":2}");
    put("/registry/checks/default/bad", "{");
    put("/registry/assets/default/x", "{}");
    put("/state/checks/default/a", "{\"ok\":true}");
    CHECK_INT(ask("DELETE", "/v1/checks/a", NULL), 200);
    struct err err;
    CHECK_INT(
        store_delete(w.store, store_key(SLICE("/state/checks/default/a")), NULL, &err, soon()), 1);
    buf_clear(&w.body);
    CHECK(hear(all,
               "{\"type\":\"delete\",\"revision\":8,\"item\":{\"kind\":\"check\",\"name\":\"a\","
               "\"namespace\":\"default\"}}\n"));
    CHECK(has("\"revision\":3,\"item\"") && has("\"spec\":{\"n\":2},\"state\":null"));
    CHECK(has("\"spec\":{\"n\":2},\"state\":{\"ok\":true}"));
    CHECK(has("\"revision\":7,\"item\"") && has("\"spec\":{},\"state\":{\"ok\":true}"));
    CHECK(!strstr(w.body.data, "\"x\"") && !strstr(w.body.data, "\"bad\""));
    http_close(all);
    /* From a revision on, and of a namespace; as events for those who ask. */
    struct http_response *some = begin("GET", "/v1/checks?watch=true&revision=7&namespace=default",
                                       "text/event-stream", NULL);
    buf_clear(&w.body);
    put("/registry/checks/other/a", "{}");
    put("/registry/checks/default/c", "{}");
    CHECK(hear(some, "\"name\":\"c\""));
    CHECK(has("event: delete\nid: 8\ndata: {\"type\":\"delete\""));
    CHECK(has("event: put\nid: 10\n") && !strstr(w.body.data, "other"));
    http_close(some);
    CHECK_INT(store_compact(w.store, 9, &err, soon()), 0);
    struct http_response *old = begin("GET", "/v1/checks?watch=true&revision=1", NULL, NULL);
    buf_clear(&w.body);
    CHECK(hear(old, "compacted"));
    http_close(old);
    close_world();
}

static void events_are_listed_and_watched(void)
{
    open_world();
    put("/events/default/db/00000000000000000005", "{\"asset\":\"db\",\"to\":\"Failed\"}");
    put("/events/default/db2/00000000000000000006", "{\"asset\":\"db2\"}");
    CHECK_INT(ask("GET", "/v1/events", NULL), 200);
    CHECK(has("{\"asset\":\"db\",\"to\":\"Failed\"},{\"asset\":\"db2\"}"));
    CHECK_INT(ask("GET", "/v1/events/db", NULL), 200);
    CHECK(has("\"items\":[{\"asset\":\"db\",\"to\":\"Failed\"}]"));
    struct http_response *resp = begin("GET", "/v1/events/db?watch=true&revision=3", NULL, NULL);
    buf_clear(&w.body);
    put("/events/default/db2/00000000000000000007", "{\"asset\":\"db2\"}");
    put("/events/default/db/00000000000000000008", "{\"asset\":\"db\",\"to\":\"Healthy\"}");
    CHECK(hear(resp,
               "{\"type\":\"put\",\"revision\":5,\"item\":{\"asset\":\"db\",\"to\":\"Healthy\"}}"));
    CHECK(!strstr(w.body.data, "db2"));
    http_close(resp);
    CHECK_INT(ask("PUT", "/v1/events/db", "{}"), 405);
    put("/nodes/n1", "{\"name\":\"n1\"}");
    CHECK_INT(ask("GET", "/v1/nodes", NULL), 200);
    CHECK(has("[{\"name\":\"n1\"}]"));
    CHECK_INT(ask("GET", "/v1/nodes/n1", NULL), 200);
    close_world();
}

/* Its key does not tell the namespace of a task: its value does. */
static void tasks_of_a_namespace(void)
{
    open_world();
    put("/tasks/t1", "{\"name\":\"t1\",\"namespace\":\"a\",\"state\":\"Failed\"}");
    put("/tasks/t2", "{\"name\":\"t2\",\"namespace\":\"b\",\"state\":\"Failed\"}");
    put("/tasks/t3", "{\"name\":\"t3\",\"state\":\"Failed\"}");
    CHECK_INT(ask("GET", "/v1/tasks", NULL), 200);
    CHECK(has("\"t1\"") && has("\"t2\"") && has("\"t3\""));
    CHECK_INT(ask("GET", "/v1/tasks?namespace=a", NULL), 200);
    CHECK(has("\"t1\"") && !strstr(w.body.data, "\"t2\"") && !strstr(w.body.data, "\"t3\""));
    CHECK_INT(ask("GET", "/v1/tasks?namespace=default", NULL), 200);
    CHECK(!strstr(w.body.data, "\"t1\"") && !strstr(w.body.data, "\"t2\"") && has("\"t3\""));
    struct http_response *resp = begin("GET", "/v1/tasks?watch=true&namespace=b", NULL, NULL);
    buf_clear(&w.body);
    CHECK(hear(resp, "{\"type\":\"progress\",\"revision\":4}\n"));
    CHECK(!strstr(w.body.data, "\"t1\"") && has("\"t2\"") && !strstr(w.body.data, "\"t3\""));
    buf_clear(&w.body);
    put("/tasks/t4", "{\"name\":\"t4\",\"namespace\":\"a\"}");
    put("/tasks/t5", "{\"name\":\"t5\",\"namespace\":\"b\"}");
    CHECK(hear(resp, "\"t5\""));
    CHECK(!strstr(w.body.data, "\"t4\""));
    http_close(resp);
    put("/nodes/n1", "{\"name\":\"n1\"}"); /* a node is of none */
    CHECK_INT(ask("GET", "/v1/nodes?namespace=a", NULL), 200);
    CHECK(has("\"n1\""));
    close_world();
}

/* A node that did not say goodbye is lost: what it wrote when it joined outlives its lease. */
static void a_node_that_went_without_a_word_is_lost(void)
{
    open_world();
    put("/nodes_known/n1", "{\"name\":\"n1\",\"state\":\"Ready\",\"since\":\"x\","
                           "\"labels\":{\"pool\":\"web\"}}");
    put("/nodes/n1", "{\"name\":\"n1\",\"state\":\"Ready\",\"running\":1}");
    put("/nodes_known/n0", "{\"name\":\"n0\",\"state\":\"Lost\",\"since\":\"y\",\"running\":0}");
    CHECK_INT(ask("GET", "/v1/nodes", NULL), 200);
    CHECK(has("\"items\":[{\"name\":\"n0\",\"state\":\"Lost\",\"since\":\"y\",\"running\":0},"
              "{\"name\":\"n1\",\"state\":\"Ready\",\"running\":1}]"));
    struct http_response *resp = begin("GET", "/v1/nodes?watch=true", NULL, NULL);
    buf_clear(&w.body);
    CHECK(hear(resp, "{\"type\":\"progress\",\"revision\":4}\n"));
    CHECK(has("\"n0\",\"state\":\"Lost\"") && has("\"n1\",\"state\":\"Ready\""));
    buf_clear(&w.body);
    put("/nodes_known/n1", "{\"name\":\"n1\",\"state\":\"Ready\",\"since\":\"x\","
                           "\"running\":3}");
    CHECK_INT(ask("DELETE", "/v1/nodes/n1", NULL), 409); /* it lives */
    struct err err;
    CHECK_INT(store_delete(w.store, store_key(SLICE("/nodes/n1")), NULL, &err, soon()), 1);
    buf_clear(&w.body);
    CHECK(hear(resp, "{\"type\":\"put\",\"revision\":6,\"item\":{\"name\":\"n1\","
                     "\"state\":\"Lost\",\"since\":null,\"running\":0}}\n"));
    CHECK(
        !strstr(w.body.data, "\"revision\":5")); /* news of the record of one that lives are none */
    CHECK_INT(ask("GET", "/v1/nodes/n1", NULL), 200);
    CHECK(has("\"state\":\"Lost\",\"since\":null"));
    CHECK_INT(ask("DELETE", "/v1/nodes/n1?revision=5", NULL), 400);
    CHECK_INT(ask("DELETE", "/v1/nodes/n1", NULL), 200);
    CHECK(has("\"kind\":\"node\",\"name\":\"n1\"") && has("\"revision\":7"));
    buf_clear(&w.body);
    CHECK(hear(resp, "{\"type\":\"delete\",\"revision\":7,\"item\":{\"kind\":\"node\","
                     "\"name\":\"n1\""));
    http_close(resp);
    CHECK_INT(ask("DELETE", "/v1/nodes/n1", NULL), 404);
    CHECK_INT(ask("GET", "/v1/nodes/n1", NULL), 404);
    CHECK_INT(ask("PUT", "/v1/nodes/n1", "{}"), 405);
    CHECK_INT(ask("PUT", "/v1/tasks/t", "{}"), 405);
    CHECK_INT(ask("DELETE", "/v1/tasks/t", NULL), 404);
    put("/tasks/t", "{\"name\":\"t\",\"state\":\"Running\"}");
    CHECK_INT(ask("DELETE", "/v1/tasks/t", NULL), 409);
    put("/tasks/t", "{\"name\":\"t\",\"state\":\"Failed\"}");
    CHECK_INT(ask("DELETE", "/v1/tasks/t?revision=1", NULL), 400);
    CHECK_INT(ask("DELETE", "/v1/tasks/t", NULL), 200);
    CHECK(has("\"kind\":\"task\",\"name\":\"t\""));
    CHECK_INT(ask("GET", "/v1/tasks/t", NULL), 404);
    close_world();
}

static void the_store_itself(void)
{
    open_world();
    CHECK_INT(ask("PUT", "/v1/store/keys?key=/a", "one"), 200);
    CHECK_STR(w.body.data, "{\"revision\":2}\n");
    CHECK_INT(ask("PUT", "/v1/store/keys?key=/b", "two"), 200);
    CHECK_INT(ask("GET", "/v1/store/keys?key=/a", NULL), 200);
    CHECK(has("{\"items\":[{\"key\":\"/a\",\"value\":\"one\",\"version\":1,\"create_revision\":2,"
              "\"mod_revision\":2,\"lease\":0}],\"next\":\"\",\"revision\":3}"));
    CHECK_INT(ask("GET", "/v1/store/keys?key=/&prefix=true&limit=1", NULL), 200);
    CHECK(has("/a") && !strstr(w.body.data, "/b"));
    char target[200];
    const char *at = strstr(w.body.data, "\"next\":\"") + 8;
    snprintf(target, sizeof(target), "/v1/store/keys?key=/&prefix=true&next=%.*s",
             (int)strcspn(at, "\""), at);
    CHECK_INT(ask("GET", target, NULL), 200);
    CHECK(has("/b") && has("\"next\":\"\"") && !strstr(w.body.data, "\"/a\""));
    CHECK_INT(ask("PUT", "/v1/store/keys?key=/b&revision=0", "lost"), 409);
    CHECK(has("\"reason\":\"conflict\",\"field\":\"revision\""));
    CHECK_INT(ask("PUT", "/v1/store/keys?key=/b&revision=2", "lost"), 409);
    CHECK_INT(ask("GET", "/v1/store/keys?key=/b", NULL), 200);
    CHECK(has("\"value\":\"two\"") && has("\"revision\":3}"));
    CHECK_INT(ask("GET", "/v1/store/keys", NULL), 400);
    CHECK_INT(ask("PATCH", "/v1/store/keys?key=/a", NULL), 405);
    CHECK_STR(w.allow, "GET, PUT, DELETE");
    CHECK_INT(ask("GET", "/v1/store/status", NULL), 200);
    CHECK(has("\"backend\":\"memory\"") && has("\"revision\":3") && has("\"writable\":true"));
    CHECK_INT(ask("POST", "/v1/store/backup", "{\"path\":\"relative\"}"), 400);
    CHECK_INT(ask("POST", "/v1/store/backup", "{\"path\":\"/tmp/x\"}"), 501);
    struct http_response *resp =
        begin("GET", "/v1/store/watch?key=/&prefix=true&revision=2", NULL, NULL);
    buf_clear(&w.body);
    CHECK(hear(resp, "\"key\":\"/b\""));
    CHECK(has("{\"type\":\"put\",\"key\":\"/a\",\"value\":\"one\""));
    struct err err;
    CHECK_INT(store_delete(w.store, store_key(SLICE("/a")), NULL, &err, soon()), 1);
    CHECK(hear(resp, "{\"type\":\"delete\",\"key\":\"/a\",\"value\":\"\""));
    http_close(resp);
    CHECK_INT(ask("DELETE", "/v1/store/keys?key=/&prefix=true", NULL), 200);
    CHECK(has("\"deleted\":1"));
    CHECK_INT(ask("PUT", "/v1/store/keys?key=/new&revision=0", "made"), 200);
    CHECK_INT(ask("PUT", "/v1/store/keys?key=/new&revision=6", "changed"), 200);
    CHECK_STR(w.body.data, "{\"revision\":7}\n");
    close_world();
}

static void numbers_for_prometheus(void)
{
    static const char *const names[] = {
        "firebreak_alloc_bytes{subsystem=\"store\"} ",
        "firebreak_alloc_live{subsystem=\"net\"} ",
        "firebreak_rt_tasks{group=\"http_server\"} ",
        "firebreak_rt_lag_seconds ",
        "firebreak_queue_length{queue=\"",
        "firebreak_queue_limit{queue=\"",
        "firebreak_queue_full_total{queue=\"",
        "firebreak_store_revision 1\n",
        "firebreak_store_compacted_revision ",
        "firebreak_store_request_duration_seconds_count{op=\"status\",backend=\"memory\"} 1\n",
        "firebreak_store_watch_lag_seconds_count 0\n",
        "gateway_request_total{method=\"GET\",status=\"200\"} 1\n",
        "gateway_request_duration_seconds_bucket{method=\"GET\",le=\"+Inf\"} 1\n",
        "test_collected 1\n",
    };
    open_world();
    CHECK_INT(ask("GET", "/healthz", NULL), 200);
    CHECK_INT(ask("GET", "/metrics", NULL), 200);
    CHECK_STR(w.type, "text/plain; version=0.0.4; charset=utf-8");
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        CHECK(has(names[i]));
    struct http_response *resp =
        begin("GET", "/metrics", "application/openmetrics-text; version=1.0.0", NULL);
    struct err err;
    buf_clear(&w.body);
    CHECK_INT(http_read_all(resp, &w.body, &err, soon()), 0);
    CHECK(w.body.size > 6 && strcmp(w.body.data + w.body.size - 6, "# EOF\n") == 0);
    http_close(resp);
    close_world();
}

static void cases(void *arg)
{
    (void)arg;
    TAP_RUN(alive_and_ready);
    TAP_RUN(a_kind_has_many_spellings);
    TAP_RUN(what_is_put_is_got);
    TAP_RUN(what_the_check_makes_of_it_is_kept);
    TAP_RUN(a_revision_guards_a_write);
    TAP_RUN(a_dry_run_tells_what_would_change);
    TAP_RUN(what_is_wrong_is_told_with_its_place);
    TAP_RUN(a_page_is_of_one_revision);
    TAP_RUN(labels_select);
    TAP_RUN(a_wrong_value_is_told_and_skipped);
    TAP_RUN(an_asset_is_declared_and_found);
    TAP_RUN(how_long_an_answer_took_is_as_new_as_the_answer);
    TAP_RUN(who_brings_back_what_is_deleted_is_told);
    TAP_RUN(a_watch_tells_every_change);
    TAP_RUN(events_are_listed_and_watched);
    TAP_RUN(tasks_of_a_namespace);
    TAP_RUN(a_node_that_went_without_a_word_is_lost);
    TAP_RUN(the_store_itself);
    TAP_RUN(numbers_for_prometheus);
}

static void nothing_is_left_allocated(void)
{
    CHECK_INT(mem_usage_of(MEM_GATEWAY).live, 0);
    CHECK_INT(mem_usage_of(MEM_NET).live, 0);
    CHECK_INT(mem_usage_of(MEM_STORE).live, 0);
    CHECK_INT(mem_usage_of(MEM_TEST).live, 0);
}

int main(void)
{
    if (rt_run(NULL, cases, NULL) < 0)
        return 1;
    TAP_RUN(nothing_is_left_allocated);
    return tap_done();
}
