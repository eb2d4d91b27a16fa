#include "store/etcd_message.h"

#include <errno.h>

#include "tests/net/child.h"

/* What is written is read by protoc after etcd.proto, and what protoc writes is read here: a second
 * implementation, which knows nothing of ours. */

static char folder[] = "/tmp/firebreak-protoc-XXXXXX";
static struct arena arena = {.sub = MEM_TEST};
static struct buf out = {.sub = MEM_TEST};

static void write_file(const char *name, struct slice bytes)
{
    char path[96];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes.data, 1, bytes.size, f) != bytes.size || fclose(f) != 0)
        abort();
}

static struct slice read_file(const char *name)
{
    static char bytes[8192];
    char path[96];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(bytes, 1, sizeof(bytes) - 1, f) : 0;
    bytes[n] = 0;
    if (f)
        fclose(f);
    return (struct slice){bytes, n};
}

static bool protoc(const char *mode, const char *message)
{
    char line[512];
    snprintf(line, sizeof(line),
             "protoc --%s=etcdserverpb.%s -I src/store src/store/etcd.proto <%s/in >%s/out", mode,
             message, folder, folder);
    return run_command((char *[]){"sh", "-c", line, NULL});
}

/* What protoc reads in the bytes, with its white space folded. */
static const char *decoded(const char *message, struct slice bytes)
{
    static char text[8192];
    size_t n = 0;
    write_file("in", bytes);
    if (!protoc("decode", message))
        return "protoc failed";
    struct slice got = read_file("out");
    for (size_t i = 0; i < got.size; i++) {
        bool space = got.data[i] == ' ' || got.data[i] == '\n';
        if (!space)
            text[n++] = got.data[i];
        else if (n && text[n - 1] != ' ')
            text[n++] = ' ';
    }
    text[n && text[n - 1] == ' ' ? n - 1 : n] = 0;
    return text;
}

static struct slice encoded(const char *message, const char *text)
{
    write_file("in", slice_from(text));
    CHECK(protoc("encode", message));
    return read_file("out");
}

#define WRITES(message, call, text)                         \
    do {                                                    \
        buf_clear(&out);                                    \
        call;                                               \
        CHECK_STR(decoded(message, buf_slice(&out)), text); \
    } while (0)

/* ---- requests ---- */

static void ranges_are_written(void)
{
    struct store_range q = {.keys = store_key(SLICE("a")), .revision = 7, .keys_only = true};
    WRITES("RangeRequest", etcd_put_range(&out, &q),
           "key: \"a\" limit: 100000 revision: 7 keys_only: true");
    q = (struct store_range){.keys = store_prefix(SLICE("a/")), .limit = 3};
    WRITES("RangeRequest", etcd_put_range(&out, &q), "key: \"a/\" range_end: \"a0\" limit: 3");
    q = (struct store_range){.keys = store_prefix(SLICE("")), .count_only = true};
    WRITES("RangeRequest", etcd_put_range(&out, &q),
           "key: \"\\000\" range_end: \"\\000\" count_only: true");
    q = (struct store_range){.keys = store_prefix(SLICE("a\xff")), .limit = 1};
    WRITES("RangeRequest", etcd_put_range(&out, &q), "key: \"a\\377\" range_end: \"b\" limit: 1");
    q = (struct store_range){.keys = {STORE_SPAN, SLICE("a"), SLICE("")}, .limit = 1};
    WRITES("RangeRequest", etcd_put_range(&out, &q), "key: \"a\" range_end: \"\\000\" limit: 1");
}

static void writes_are_written(void)
{
    struct store_op op = {
        .type = STORE_PUT, .key = SLICE("k"), .value = SLICE("v"), .lease = 1ll << 62};
    WRITES("PutRequest", etcd_put_op(&out, &op),
           "key: \"k\" value: \"v\" lease: 4611686018427387904");
    op = (struct store_op){.type = STORE_PUT, .key = SLICE("k"), .keep_value = true};
    WRITES("PutRequest", etcd_put_op(&out, &op), "key: \"k\" ignore_value: true");
    op = (struct store_op){.type = STORE_DELETE, .keys = store_prefix(SLICE("k"))};
    WRITES("DeleteRangeRequest", etcd_put_op(&out, &op), "key: \"k\" range_end: \"l\"");
}

static void transactions_are_written(void)
{
    struct store_compare c[] = {
        {SLICE("a"), STORE_VERSION, STORE_EQUAL, 0, {0}},
        {SLICE("a"), STORE_CREATE_REVISION, STORE_NOT_EQUAL, 2, {0}},
        {SLICE("a"), STORE_MOD_REVISION, STORE_LESS, 3, {0}},
        {SLICE("a"), STORE_LEASE, STORE_GREATER, 4, {0}},
        {SLICE("a"), STORE_VALUE, STORE_GREATER, 0, SLICE("v")},
    };
    struct store_op then[] = {
        {.type = STORE_PUT, .key = SLICE("p"), .value = SLICE("v")},
        {.type = STORE_DELETE, .keys = store_key(SLICE("d"))},
    };
    struct store_op otherwise = {.type = STORE_READ,
                                 .range = {.keys = store_key(SLICE("r")), .limit = 1}};
    struct store_txn txn = {c, 5, then, &otherwise, 2, 1};
    WRITES("TxnRequest", etcd_put_txn(&out, &txn),
           "compare { key: \"a\" } "
           "compare { result: NOT_EQUAL target: CREATE key: \"a\" create_revision: 2 } "
           "compare { result: LESS target: MOD key: \"a\" mod_revision: 3 } "
           "compare { result: GREATER target: LEASE key: \"a\" lease: 4 } "
           "compare { result: GREATER target: VALUE key: \"a\" value: \"v\" } "
           "success { request_put { key: \"p\" value: \"v\" } } "
           "success { request_delete_range { key: \"d\" } } "
           "failure { request_range { key: \"r\" limit: 1 } }");
}

static void the_other_requests_are_written(void)
{
    struct etcd_watch_request w = {.keys = store_prefix(SLICE("w/")), .id = 5, .revision = 9};
    WRITES("WatchRequest", etcd_put_watch(&out, &w),
           "create_request { key: \"w/\" range_end: \"w0\" start_revision: 9 progress_notify: true "
           "watch_id: 5 fragment: true }");
    WRITES("WatchRequest", etcd_put_unwatch(&out, 5), "cancel_request { watch_id: 5 }");
    WRITES("LeaseGrantRequest", etcd_put_numbers(&out, 5, 7), "TTL: 5 ID: 7");
    WRITES("LeaseTimeToLiveRequest", etcd_put_numbers(&out, 7, 1), "ID: 7 keys: true");
    WRITES("CompactionRequest", etcd_put_numbers(&out, 7, 0), "revision: 7");
    WRITES("AuthenticateRequest", etcd_put_login(&out, SLICE("me"), SLICE("pw")),
           "name: \"me\" password: \"pw\"");
}

/* ---- answers ---- */

#define KV "kvs { key: 'a' create_revision: 2 mod_revision: 3 version: 4 value: 'v' lease: 5 } "

static void ranges_are_read(void)
{
    struct store_range_result got = {0};
    struct slice m = encoded("RangeResponse", "header { revision: 9 } " KV "kvs { key: 'b' } "
                                              "count: 2");
    CHECK_INT(etcd_get_range(m, &arena, &got), 0);
    CHECK(got.revision == 9 && got.count == 2 && got.total == 2 && !got.more);
    const struct store_kv *kv = &got.kvs[0];
    CHECK(slice_eq_cstr(kv->key, "a") && slice_eq_cstr(kv->value, "v"));
    CHECK(kv->create_revision == 2 && kv->mod_revision == 3 && kv->version == 4 && kv->lease == 5);
    m = encoded("RangeResponse", KV "more: true count: 70");
    CHECK_INT(etcd_get_range(m, &arena, &got), 0);
    CHECK(got.more && got.total == -1);
}

static void transactions_are_read_as_the_branch_that_was_taken(void)
{
    struct store_op then[] = {{.type = STORE_PUT}, {.type = STORE_DELETE}};
    struct store_op otherwise = {.type = STORE_READ};
    struct store_txn txn = {NULL, 0, then, &otherwise, 2, 1};
    struct store_txn_result got = {0};
    struct slice m = encoded("TxnResponse", "header { revision: 9 } succeeded: true "
                                            "responses { response_put { header { revision: 9 } } } "
                                            "responses { response_delete_range { deleted: 3 } }");
    CHECK_INT(etcd_get_txn(m, &txn, &arena, &got), 0);
    CHECK(got.succeeded && got.revision == 9 && got.op_count == 2 && got.ops[1].deleted == 3);
    CHECK(etcd_txn_wrote(m, &txn));
    m = encoded("TxnResponse", "header { revision: 9 } responses { response_range { " KV "} }");
    CHECK_INT(etcd_get_txn(m, &txn, &arena, &got), 0);
    CHECK(!got.succeeded && got.op_count == 1 && got.ops[0].range.count == 1);
    CHECK_INT(got.ops[0].range.revision, 9);
    CHECK(!etcd_txn_wrote(m, &txn));
    /* Answers to other questions. */
    got.revision = -7;
    m = encoded("TxnResponse", "succeeded: true responses { response_put { } }");
    CHECK_INT(etcd_get_txn(m, &txn, &arena, &got), -EBADMSG);
    m = encoded("TxnResponse", "responses { response_put { } }");
    CHECK_INT(etcd_get_txn(m, &txn, &arena, &got), -EBADMSG);
    m = encoded("TxnResponse", "responses { }");
    CHECK_INT(etcd_get_txn(m, &txn, &arena, &got), -EBADMSG);
    CHECK_INT(got.revision, -7);
}

static void a_transaction_of_deletions_that_found_nothing_wrote_nothing(void)
{
    struct store_op then = {.type = STORE_DELETE};
    struct store_txn txn = {.then = &then, .then_count = 1};
    struct slice m = encoded("TxnResponse", "succeeded: true responses { response_delete_range { "
                                            "header { revision: 9 } } }");
    CHECK(!etcd_txn_wrote(m, &txn));
    m = encoded("TxnResponse",
                "succeeded: true responses { response_delete_range { deleted: 1 } }");
    CHECK(etcd_txn_wrote(m, &txn));
}

static void watches_are_read(void)
{
    struct etcd_watch_response got;
    struct store_event events[3];
    uint32_t count = 0;
    struct slice m = encoded("WatchResponse",
                             "header { revision: 12 } watch_id: 5 fragment: true "
                             "events { kv { key: 'a' mod_revision: 8 value: 'old' } } "
                             "events { kv { key: 'a' mod_revision: 9 value: 'v' version: 2 } } "
                             "events { type: DELETE kv { key: 'b' mod_revision: 10 version: 1 } }");
    CHECK_INT(etcd_get_watch(m, &got), 0);
    CHECK(got.id == 5 && got.revision == 12 && got.fragment && got.event_count == 3);
    CHECK(!got.created && !got.canceled);
    CHECK_INT(etcd_get_events(m, 9, &arena, events, &count), 0);
    CHECK_INT(count, 2);
    CHECK(events[0].type == STORE_EVENT_PUT && slice_eq_cstr(events[0].kv.value, "v"));
    CHECK(events[1].type == STORE_EVENT_DELETE && events[1].kv.mod_revision == 10);
    CHECK_INT(events[1].kv.version, 0);
    m = encoded("WatchResponse", "watch_id: -1 created: true canceled: true compact_revision: 6 "
                                 "cancel_reason: 'why'");
    CHECK_INT(etcd_get_watch(m, &got), 0);
    CHECK(got.id == -1 && got.created && got.canceled && got.compact_revision == 6);
    CHECK(slice_eq_cstr(got.cancel_reason, "why"));
}

static void the_other_answers_are_read(void)
{
    struct etcd_answer a;
    struct store_lease l = {0};
    char text[64];
    CHECK_INT(
        etcd_get_answer(encoded("LeaseGrantResponse", "header { revision: 4 } ID: 7 TTL: 5"), &a),
        0);
    CHECK(a.revision == 4 && a.number[2] == 7 && a.number[3] == 5);
    struct slice m =
        encoded("LeaseTimeToLiveResponse", "ID: 7 TTL: -1 grantedTTL: 9 keys: 'a' keys: 'b'");
    CHECK_INT(etcd_get_answer(m, &a), 0);
    CHECK((int64_t)a.number[3] == -1 && a.number[4] == 9);
    CHECK_INT(etcd_get_lease_keys(m, &arena, &l), 0);
    CHECK(l.key_count == 2 && slice_eq_cstr(l.keys[1], "b"));
    m = encoded("StatusResponse", "version: '3.6.0' dbSize: 5 leader: 18446744073709551615 "
                                  "errors: 'one' errors: 'two' dbSizeQuota: 8");
    CHECK_INT(etcd_get_answer(m, &a), 0);
    CHECK(slice_eq_cstr(a.text[2], "3.6.0") && a.number[4] == UINT64_MAX && a.number[12] == 8);
    CHECK_INT(etcd_get_texts(m, 8, text, sizeof(text)), 0);
    CHECK_STR(text, "one, two");
    CHECK_INT(etcd_get_texts(m, 8, text, 7), 0);
    CHECK_STR(text, "one, t");
}

static void an_arena_too_small_is_told(void)
{
    struct arena small = ARENA(MEM_TEST, 40);
    struct store_range_result got = {.revision = -7};
    struct slice m = encoded("RangeResponse", KV);
    CHECK_INT(etcd_get_range(m, &small, &got), -ENOSPC);
    CHECK_INT(got.revision, -7);
    arena_done(&small);
}

int main(void)
{
    if (!run_command((char *[]){"sh", "-c", "protoc --version >/dev/null 2>&1", NULL})) {
        printf("1..1\nok 1 - messages # SKIP protoc is not installed\n");
        return 0;
    }
    if (!mkdtemp(folder))
        return 1;
    TAP_RUN(ranges_are_written);
    TAP_RUN(writes_are_written);
    TAP_RUN(transactions_are_written);
    TAP_RUN(the_other_requests_are_written);
    TAP_RUN(ranges_are_read);
    TAP_RUN(transactions_are_read_as_the_branch_that_was_taken);
    TAP_RUN(a_transaction_of_deletions_that_found_nothing_wrote_nothing);
    TAP_RUN(watches_are_read);
    TAP_RUN(the_other_answers_are_read);
    TAP_RUN(an_arena_too_small_is_told);
    remove_folder(folder);
    arena_done(&arena);
    buf_done(&out);
    return tap_done();
}
