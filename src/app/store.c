#include "store/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/client.h"
#include "app/store_open.h"
#include "base/utf8.h"
#include "cli/print.h"
#include "host/self.h"
#include "rt/folder.h"
#include "rt/stdio.h"
#include "store/print.h"
#include "store/sqlite_restore.h"
#include "wire/json.h"
#include "wire/url_escape.h"

/* `firebreak store`: through the socket of whoever holds the data folder; where nobody does, or
 * with --store, the store is opened here. Both ways end in the same JSON. */

enum { CALL_MS = 30 * 1000, PAGE = 1000, PAGE_BYTES = 4 * 1024 * 1024 };

struct storing {
    struct app *app;
    const struct store_options *o;
    struct store_place place;
    enum cli_form form;
    struct client client;
    struct store *store; /* NULL: the client is asked */
    struct buf text, target, json;
    struct arena arena;
    uint64_t shown;
};

static rt_time soon(void)
{
    return rt_now() + CALL_MS * RT_MS;
}

static const char *operand(const struct storing *s, uint32_t at)
{
    return s->app->parsed.operand_count > at ? s->app->parsed.operands[at] : NULL;
}

static int exit_of(int r)
{
    if (r == -ECANCELED)
        return EXIT_SIGNAL;
    if (r == -ENODATA || r == -ERANGE)
        return EXIT_NO;
    return r == -EINVAL || r == -EMSGSIZE ? EXIT_USAGE : EXIT_UNREACHABLE;
}

static int failed(const struct storing *s, int r, const struct err *err)
{
    int status = exit_of(r);
    return status == EXIT_SIGNAL ? status : app_fail(s->app, status, err);
}

/* ---- showing ---- */

static int print_object(struct storing *s)
{
    struct slice json = slice_trim(buf_slice(&s->json));
    struct err err;
    if (s->form != CLI_FORM_JSONPATH)
        cli_object(s->form, json, &s->text);
    else if (cli_jsonpath_print(cli_jsonpath_of(s->app->parsed.globals.output), json, &s->text,
                                &err) < 0)
        return app_fail(s->app, EXIT_USAGE, &err);
    return app_print(s->app, buf_slice(&s->text));
}

static struct slice member(const struct json_value *v, const char *key)
{
    const struct json_value *m = json_get(v, key);
    return m && (m->type == JSON_STRING || m->type == JSON_NUMBER) ? m->text : (struct slice){0};
}

/* To a terminal only what it may show; to a program every byte. */
static void put_bytes(struct storing *s, struct slice bytes)
{
    if (s->app->out_terminal)
        utf8_append_shown(&s->text, bytes);
    else
        buf_append_slice(&s->text, bytes);
    buf_append_byte(&s->text, '\n');
}

/* One key as JSON, in the form that was asked for. */
static void put_key(struct storing *s, const struct json_value *kv, bool list)
{
    struct buf json = BUF(MEM_APP, 0);
    struct json_writer w;
    struct slice type = member(kv, "type");
    if (s->form == CLI_FORM_TEXT || s->form == CLI_FORM_NAME) {
        if (type.size && s->form == CLI_FORM_TEXT)
            buf_printf(&s->text, "%s\n", slice_eq(type, SLICE("put")) ? "PUT" : "DELETE");
        put_bytes(s, member(kv, "key"));
        if (s->form == CLI_FORM_TEXT && !slice_eq(type, SLICE("delete")))
            put_bytes(s, member(kv, "value"));
    } else {
        json_begin(&w, &json, 0);
        json_tree(&w, kv);
        json_end(&w);
        if (!list && s->form == CLI_FORM_JSONPATH)
            cli_jsonpath_print(cli_jsonpath_of(s->app->parsed.globals.output), buf_slice(&json),
                               &s->text, NULL);
        else
            cli_list_item(list || s->form == CLI_FORM_YAML ? s->form : CLI_FORM_JSONL,
                          buf_slice(&json), s->shown == 0, &s->text);
    }
    s->shown++;
    buf_done(&json);
}

/* ---- status ---- */

static int read_status(struct storing *s)
{
    if (!s->store)
        return client_ask(&s->client, "GET", SLICE("/v1/store/status"), (struct slice){0},
                          &s->json);
    struct store_status status;
    struct err err;
    struct json_writer w;
    int r = store_status(s->store, &status, &err, soon());
    if (r < 0)
        return failed(s, r, &err);
    json_begin(&w, &s->json, 0);
    store_status_print(&status, &w);
    json_end(&w);
    return EXIT_WELL;
}

static void status_text(struct storing *s, const struct json_value *v)
{
    for (const struct json_value *m = v->first; m; m = m->next) {
        buf_printf(&s->text, "%-18.*s  ", SLICE_ARG(m->key));
        if (m->type == JSON_NULL)
            buf_append_cstr(&s->text, "-");
        else if (m->type == JSON_TRUE || m->type == JSON_FALSE)
            buf_append_cstr(&s->text, m->type == JSON_TRUE ? "yes" : "no");
        else
            utf8_append_shown(&s->text, m->text);
        buf_append_byte(&s->text, '\n');
    }
}

static int show_status(struct storing *s)
{
    struct json_value *v;
    int status = read_status(s);
    if (status != EXIT_WELL)
        return status;
    if (json_parse(buf_slice(&s->json), &s->arena, 0, &v, NULL) < 0 || v->type != JSON_OBJECT)
        return client_refused(&s->client, 500, (struct slice){0});
    if (s->form == CLI_FORM_TEXT) {
        status_text(s, v);
        status = app_print(s->app, buf_slice(&s->text));
    } else {
        status = print_object(s);
    }
    const struct json_value *writable = json_get(v, "writable");
    bool no = writable && writable->type == JSON_FALSE;
    return status == EXIT_WELL && no ? EXIT_NO : status;
}

/* ---- get ---- */

static void add_param(struct storing *s, const char *name, struct slice value)
{
    buf_append_byte(&s->target, slice_find_byte(buf_slice(&s->target), '?') < 0 ? '?' : '&');
    buf_printf(&s->target, "%s=", name);
    url_escape(value, &s->target);
}

static void put_target(struct storing *s, const char *path)
{
    char number[24];
    buf_clear(&s->target);
    buf_append_cstr(&s->target, path);
    add_param(s, "key", slice_from(operand(s, 1)));
    if (s->o->prefix)
        add_param(s, "prefix", SLICE("true"));
    snprintf(number, sizeof(number), "%" PRId64, s->o->revision);
    if (s->o->revision)
        add_param(s, "revision", slice_from(number));
}

/* A page as the API would answer it; `after` is the last key of the page before. */
static int read_here(struct storing *s, int64_t revision, int64_t limit, struct slice after)
{
    struct slice key = slice_from(operand(s, 1));
    struct store_range_result got;
    struct err err;
    struct json_writer w;
    char end[STORE_KEY_BYTES_MAX + 1];
    struct store_range range = {.revision = revision, .limit = limit, .bytes_max = PAGE_BYTES};
    range.keys = s->o->prefix ? store_prefix(key) : store_key(key);
    if (after.size) {
        size_t size = key.size;
        memcpy(end, key.data, size);
        while (size && (unsigned char)end[size - 1] == 0xff)
            size--;
        if (size)
            end[size - 1]++;
        range.keys = (struct store_keys){STORE_SPAN, after, {end, size}};
    }
    int r = key.size > STORE_KEY_BYTES_MAX
                ? err_set(&err, -EMSGSIZE, "a key of more than %d bytes", STORE_KEY_BYTES_MAX)
                : store_range(s->store, &range, &s->arena, &got, &err, soon());
    if (r < 0)
        return failed(s, r, &err);
    json_begin(&w, &s->json, 0);
    json_object_open(&w);
    json_key(&w, "items");
    json_array_open(&w);
    for (uint32_t i = 0; i < got.count; i++)
        store_kv_print(&got.kvs[i], NULL, &w);
    json_array_close(&w);
    json_key(&w, "next");
    json_string(&w, got.more ? got.kvs[got.count - 1].key : (struct slice){0});
    json_key(&w, "revision");
    json_i64(&w, revision ? revision : got.revision);
    json_object_close(&w);
    json_end(&w);
    return EXIT_WELL;
}

static int read_page(struct storing *s, int64_t revision, int64_t limit, struct slice next)
{
    char number[24];
    buf_clear(&s->json);
    if (s->store) {
        struct buf after = BUF(MEM_APP, 0);
        buf_append_slice(&after, next);
        if (next.size)
            buf_append_byte(&after, 0);
        int status = read_here(s, revision, limit, buf_slice(&after));
        buf_done(&after);
        return status;
    }
    put_target(s, "/v1/store/keys");
    snprintf(number, sizeof(number), "%" PRId64, limit);
    add_param(s, "limit", slice_from(number));
    snprintf(number, sizeof(number), "%" PRId64, revision);
    if (revision && !s->o->revision)
        add_param(s, "revision", slice_from(number));
    if (next.size)
        add_param(s, "next", next);
    return client_ask(&s->client, "GET", buf_slice(&s->target), (struct slice){0}, &s->json);
}

static int get_pages(struct storing *s, int64_t *revision)
{
    struct buf next = BUF(MEM_APP, 0);
    int64_t left = s->o->limit ? s->o->limit : INT64_MAX;
    int status;
    do {
        struct json_value *page;
        arena_reset(&s->arena);
        status = read_page(s, *revision, left < PAGE ? left : PAGE, buf_slice(&next));
        if (status == EXIT_WELL && json_parse(buf_slice(&s->json), &s->arena, 0, &page, NULL) < 0)
            status = client_refused(&s->client, 500, (struct slice){0});
        if (status != EXIT_WELL)
            break;
        const struct json_value *items = json_get(page, "items"), *more = json_get(page, "next"),
                                *at = json_get(page, "revision");
        if (at)
            (void)json_to_i64(at, revision);
        for (const struct json_value *i = items ? items->first : NULL; i && left > 0; i = i->next) {
            put_key(s, i, true);
            left--;
        }
        buf_clear(&next);
        buf_append_slice(&next, more ? more->text : (struct slice){0});
        if (s->form != CLI_FORM_JSONPATH) {
            status = app_print(s->app, buf_slice(&s->text));
            buf_clear(&s->text);
        }
    } while (status == EXIT_WELL && next.size && left > 0);
    buf_done(&next);
    return status;
}

static int get(struct storing *s)
{
    int64_t revision = s->o->revision;
    if (s->form != CLI_FORM_TEXT)
        cli_list_begin(s->form, &s->text);
    int status = get_pages(s, &revision);
    if (status != EXIT_WELL)
        return status;
    if (s->form != CLI_FORM_TEXT)
        cli_list_end(s->form, revision, &s->text);
    if (s->form == CLI_FORM_JSONPATH) {
        buf_clear(&s->json);
        buf_append_slice(&s->json, buf_slice(&s->text));
        buf_clear(&s->text);
        status = print_object(s);
    } else {
        status = app_print(s->app, buf_slice(&s->text));
    }
    return status == EXIT_WELL && s->shown == 0 && !s->o->prefix ? EXIT_NO : status;
}

/* ---- put ---- */

static int put_value(struct storing *s, struct slice value)
{
    struct slice key = slice_from(operand(s, 1));
    int64_t revision;
    struct err err;
    if (s->store) {
        int r = store_put(s->store, key, value, 0, &revision, &err, soon());
        if (r < 0)
            return failed(s, r, &err);
        buf_printf(&s->json, "{\"revision\":%" PRId64 "}", revision);
        return EXIT_WELL;
    }
    buf_append_cstr(&s->target, "/v1/store/keys");
    add_param(s, "key", key);
    return client_ask(&s->client, "PUT", buf_slice(&s->target), value, &s->json);
}

static int put(struct storing *s)
{
    struct slice value = slice_from(operand(s, 2));
    struct buf input = BUF(MEM_APP, STORE_VALUE_BYTES_MAX);
    struct json_value *v;
    int status = EXIT_WELL;
    if (slice_eq_cstr(value, "-")) {
        int r = rt_input_read_all(RT_STDIN, &input, RT_NEVER);
        struct err err;
        if (r < 0) {
            err_sys(&err, r, "read the value from standard input");
            status = app_fail(s->app, r == -EMSGSIZE ? EXIT_USAGE : EXIT_UNREACHABLE, &err);
        }
        value = buf_slice(&input);
    }
    if (status == EXIT_WELL)
        status = put_value(s, value);
    buf_done(&input);
    if (status != EXIT_WELL)
        return status;
    if (s->form != CLI_FORM_TEXT && s->form != CLI_FORM_NAME)
        return print_object(s);
    if (json_parse(buf_slice(&s->json), &s->arena, 0, &v, NULL) == 0)
        buf_printf(&s->text, "revision %.*s\n", SLICE_ARG(member(v, "revision")));
    return app_print(s->app, buf_slice(&s->text));
}

/* ---- watch ---- */

static int show_line(struct storing *s, struct slice line)
{
    struct json_value *v;
    struct err err;
    arena_reset(&s->arena);
    if (json_parse(line, &s->arena, 0, &v, NULL) < 0)
        return client_refused(&s->client, 500, (struct slice){0});
    if (slice_eq(member(v, "type"), SLICE("end"))) {
        err_set(&err, -EPIPE, "the watch ended: %.*s", SLICE_ARG(member(v, "reason")));
        return app_fail(s->app, EXIT_UNREACHABLE, &err);
    }
    put_key(s, v, false);
    int status = app_print(s->app, buf_slice(&s->text));
    buf_clear(&s->text);
    return status;
}

static int show_batch(struct storing *s, const struct store_batch *b)
{
    struct err err;
    if (b->end == STORE_WATCH_COMPACTED)
        err_set(&err, -ENODATA, "revision %" PRId64 " is compacted: %" PRId64 " is the oldest left",
                s->o->revision, b->compacted);
    else if (b->end != STORE_WATCH_GOES_ON)
        err_set(&err, -EPIPE, "the watch ended: %s",
                b->end == STORE_WATCH_SLOW ? "slow" : b->err.text);
    if (b->end != STORE_WATCH_GOES_ON)
        return app_fail(s->app, EXIT_UNREACHABLE, &err);
    int status = EXIT_WELL;
    for (uint32_t i = 0; i < b->count && status == EXIT_WELL; i++) {
        struct json_writer w;
        buf_clear(&s->json);
        json_begin(&w, &s->json, 0);
        store_kv_print(&b->events[i].kv, b->events[i].type == STORE_EVENT_PUT ? "put" : "delete",
                       &w);
        json_end(&w);
        status = show_line(s, buf_slice(&s->json));
    }
    return status;
}

static int watch_here(struct storing *s)
{
    struct slice key = slice_from(operand(s, 1));
    struct store_watch w = {.open = false};
    struct store_watch_request q = {.revision = s->o->revision};
    struct err err;
    q.keys = s->o->prefix ? store_prefix(key) : store_key(key);
    int r = store_watch(s->store, &q, &w, &err, soon());
    if (r < 0)
        return failed(s, r, &err);
    int status = EXIT_WELL;
    while (status == EXIT_WELL) {
        struct store_batch *b;
        r = rt_recv(&w.batches, &b, RT_NEVER);
        status = r < 0 ? EXIT_SIGNAL : show_batch(s, b);
        if (r == 0)
            store_batch_free(b);
    }
    store_unwatch(&w);
    return status;
}

static int watch(struct storing *s)
{
    struct client_stream stream;
    if (s->store)
        return watch_here(s);
    put_target(s, "/v1/store/watch");
    int status = client_stream_open(&s->client, buf_slice(&s->target), &stream);
    if (status != EXIT_WELL)
        return status;
    while (status == EXIT_WELL) {
        struct slice line;
        status = client_stream_next(&stream, &line);
        if (status == EXIT_WELL)
            status = show_line(s, line);
    }
    client_stream_close(&stream);
    return status;
}

/* ---- backup and restore ---- */

static int absolute(struct storing *s, const char *path, const char **ret)
{
    struct buf folder = BUF(MEM_APP, 0);
    struct err err;
    *ret = path;
    if (path[0] == '/')
        return EXIT_WELL;
    int r = host_current_folder(&folder);
    if (r == 0)
        *ret = arena_printf(&s->app->arena, "%s/%s", folder.data, path);
    else
        err_sys(&err, r, "the current folder");
    buf_done(&folder);
    return r < 0 ? app_fail(s->app, EXIT_UNREACHABLE, &err) : EXIT_WELL;
}

static int backup_there(struct storing *s, const char *path)
{
    struct buf body = BUF(MEM_APP, 0);
    struct json_writer w;
    json_begin(&w, &body, 0);
    json_object_open(&w);
    json_key(&w, "path");
    json_cstr(&w, path);
    json_object_close(&w);
    json_end(&w);
    int status =
        client_ask(&s->client, "POST", SLICE("/v1/store/backup"), buf_slice(&body), &s->json);
    buf_done(&body);
    return status;
}

static void put_pair(struct storing *s, const char *path, int64_t revision, const char *kept)
{
    struct json_writer w;
    json_begin(&w, &s->json, 0);
    json_object_open(&w);
    json_key(&w, "path");
    json_cstr(&w, path);
    json_key(&w, "revision");
    json_i64(&w, revision);
    if (kept) {
        json_key(&w, "kept");
        json_cstr(&w, kept[0] ? kept : NULL);
    }
    json_object_close(&w);
    json_end(&w);
}

static int backup_here(struct storing *s, const char *path)
{
    struct err err;
    int64_t revision;
    int r = store_backup(s->store, path, &revision, &err, RT_NEVER);
    if (r < 0)
        return failed(s, r, &err);
    put_pair(s, path, revision, NULL);
    return EXIT_WELL;
}

/* "FILE at revision N", in the words of what was done. */
static int show_done(struct storing *s, const char *words)
{
    struct json_value *v;
    if (s->form != CLI_FORM_TEXT && s->form != CLI_FORM_NAME)
        return print_object(s);
    if (json_parse(buf_slice(&s->json), &s->arena, 0, &v, NULL) == 0) {
        buf_printf(&s->text, "%s %.*s, revision %.*s\n", words, SLICE_ARG(member(v, "path")),
                   SLICE_ARG(member(v, "revision")));
        if (member(v, "kept").size)
            buf_printf(&s->text, "the old store is kept as %.*s\n", SLICE_ARG(member(v, "kept")));
    }
    return app_print(s->app, buf_slice(&s->text));
}

static int backup(struct storing *s)
{
    const char *path;
    int status = absolute(s, operand(s, 1), &path);
    if (status == EXIT_WELL)
        status = s->store ? backup_here(s, path) : backup_there(s, path);
    return status == EXIT_WELL ? show_done(s, "backed up to") : status;
}

static int restore(struct storing *s)
{
    struct err err = {0};
    struct store_restore job = {.from = operand(s, 1)};
    if (s->place.url && strncmp(s->place.url, "etcd:", 5) == 0) {
        err_set(&err, -EINVAL,
                "%s is an etcd, which its own tools restore: this is for the store "
                "of one machine",
                s->place.said);
        return app_fail(s->app, EXIT_USAGE, &err);
    }
    int r = store_folder(s->app, &s->place, &job.folder, &err);
    if (r < 0)
        return app_fail(s->app, EXIT_USAGE, &err);
    r = rt_folder_make(job.folder, 0700, RT_NEVER);
    if (r < 0) {
        err_sys(&err, r, "make the data folder %s", job.folder);
        return app_fail(s->app, EXIT_UNREACHABLE, &err);
    }
    job.who = arena_printf(&s->app->arena, "firebreak store restore, process %d", host_pid());
    r = store_sqlite_restore(&job, &err, RT_NEVER);
    if (r == 0)
        put_pair(s, job.from, job.revision, job.kept.data ? job.kept.data : "");
    buf_done(&job.kept);
    if (r == -EBUSY)
        err_wrap(&err, "stop it first");
    return r < 0 ? failed(s, r, &err) : show_done(s, "restored from");
}

/* ---- which of them, and where the store is ---- */

static const struct verb {
    const char *name, *operands; /* behind the name */
    uint32_t count;
    int (*fn)(struct storing *s);
} verbs[] = {
    {"status", "", 0, show_status}, {"get", "KEY", 1, get},        {"put", "KEY VALUE", 2, put},
    {"watch", "KEY", 1, watch},     {"backup", "FILE", 1, backup}, {"restore", "FILE", 1, restore},
};

/* Asks whoever holds the data folder; opens the store here only where nobody does. */
static int reach(struct storing *s, bool make)
{
    struct err err = {0};
    if (!s->o->store) {
        int status = client_open(&s->client, s->app);
        if (status != EXIT_WELL || s->client.named)
            return status;
        struct rt_addr at;
        struct rt_sock *sock;
        int r = rt_addr_unix(s->client.socket, &at);
        if (r == 0)
            r = rt_connect(&at, NULL, &sock, soon());
        if (r == 0)
            rt_close(sock);
        if (r != -ENOENT && r != -ECONNREFUSED)
            return EXIT_WELL; /* whatever is wrong is told when it is asked */
    }
    int r = store_open(s->app, &s->place, "firebreak store", make, &s->store, &err);
    return r < 0 ? failed(s, r == -EINVAL || r == -ECANCELED ? r : -EIO, &err) : EXIT_WELL;
}

static int run_verb(struct storing *s, const struct verb *v)
{
    int status = v->fn == restore ? EXIT_WELL : reach(s, v->fn == put);
    if (status == EXIT_WELL)
        status = v->fn(s);
    store_close(s->store);
    client_close(&s->client);
    return status;
}

static int run(struct app *app)
{
    struct storing *s = mem_alloc(MEM_APP, sizeof(*s));
    s->app = app;
    s->o = app->parsed.values;
    s->place = store_place_of(s->o->store);
    s->form = cli_form_of(app->parsed.globals.output, CLI_FORM_TEXT);
    s->text = s->target = s->json = BUF(MEM_APP, 0);
    s->arena = ARENA(MEM_APP, 0);
    int status = EXIT_USAGE;
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (strcmp(verbs[i].name, operand(s, 0)) == 0)
            status = run_verb(s, &verbs[i]);
    buf_done(&s->text);
    buf_done(&s->target);
    buf_done(&s->json);
    arena_done(&s->arena);
    mem_free(MEM_APP, s);
    return status;
}

int app_store(struct app *app)
{
    struct err err;
    uint32_t given = app->parsed.operand_count - 1;
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (strcmp(verbs[i].name, app->parsed.operands[0]) != 0)
            continue;
        if (given < verbs[i].count)
            err_set(&err, -EINVAL, "%s: %s is missing", verbs[i].name, verbs[i].operands);
        else if (given > verbs[i].count)
            err_set(&err, -EINVAL, "%s: '%.80s' is one argument too many", verbs[i].name,
                    app->parsed.operands[verbs[i].count + 1]);
        else
            return app_run_task(app, run);
    }
    return app_fail(app, EXIT_USAGE, &err);
}
