#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/client.h"
#include "app/resources.h"
#include "base/utf8.h"
#include "cli/fault_print.h"
#include "cli/print.h"
#include "rt/stdio.h"
#include "wire/json.h"
#include "wire/url_escape.h"

/* plan and apply: what files declare, against what the server has. The server itself says what a
 * write would change (?dry_run=true), so plan and apply cannot differ. */

#define DECLARED "/declared/" /* as registry.h has it */

struct applying {
    struct app *app;
    bool apply;
    bool recorded; /* what is planned stands in the store, and not in files */
    struct client client;
    struct resource_set set;
    enum cli_form form;
    struct buf target, answer, text;
    struct arena arena; /* of one answer */
    uint32_t changes, shown;
};

static struct slice member(const struct json_value *v, const char *key)
{
    const struct json_value *m = json_get(v, key);
    return m && m->type == JSON_STRING ? m->text : (struct slice){0};
}

/* ---- faults of the files ---- */

/* The first in words, all of them as data: RFC 9457, as the server would answer. */
static int tell_faults_json(struct applying *a)
{
    const struct config_faults *f = &a->set.faults;
    struct buf list = BUF(MEM_APP, 0);
    struct source_point p = {0};
    struct err err;
    source_point(&a->set.sources, f->items[0].at, &p);
    err_set(&err, -EINVAL, "%s:%u:%u: %s", p.source ? p.source->name : "", p.line, p.column,
            f->items[0].message);
    buf_append_byte(&list, '[');
    for (uint32_t i = 0; i < f->count; i++) {
        if (i)
            buf_append_byte(&list, ',');
        fault_print_json(&a->set.sources, &f->items[i], &list);
    }
    buf_append_byte(&list, ']');
    struct problem problem = {
        .status = 400,
        .title = SLICE("Bad Request"),
        .detail = slice_from(err.text),
        .reason = SLICE("bad_request"),
        .field = slice_from(f->items[0].path),
        .faults = buf_slice(&list),
    };
    int status = app_fail_problem(a->app, EXIT_USAGE, &problem);
    buf_done(&list);
    return status;
}

static int tell_faults(struct applying *a)
{
    struct config_faults *f = &a->set.faults;
    struct buf out = BUF(MEM_APP, 0);
    struct err err;
    config_faults_sort(f);
    if (a->app->json_errors)
        return tell_faults_json(a);
    for (uint32_t i = 0; i < f->count; i++)
        fault_print_text(&a->set.sources, &f->items[i], a->app->color_err, &out);
    rt_output_write(RT_STDERR, out.data, out.size, RT_NEVER);
    err_set(&err, -EINVAL, "%u fault%s in the files: nothing was looked at", f->count + f->dropped,
            f->count + f->dropped == 1 ? "" : "s");
    buf_done(&out);
    return app_fail(a->app, EXIT_USAGE, &err);
}

static void check(void *set)
{
    resource_set_check(set);
}

static int read_files(struct applying *a)
{
    const struct apply_options *o = a->app->parsed.values;
    struct err err = {0};
    if (o->files.count == 0 && !a->apply)
        return EXIT_WELL; /* what the server's own files declare: read_declared */
    if (o->files.count == 0) {
        err_set(&err, -EINVAL, "which resources? -f FILE, -f FOLDER or -f -");
        return app_fail(a->app, EXIT_USAGE, &err);
    }
    for (uint32_t i = 0; i < o->files.count; i++)
        if (resource_set_add(&a->set, o->files.items[i], &err) < 0)
            return app_fail(a->app, EXIT_UNREACHABLE, &err);
    if (a->set.faults.count == 0 && rt_offload(check, &a->set, RT_NEVER) < 0)
        return EXIT_SIGNAL;
    return a->set.faults.count ? tell_faults(a) : EXIT_WELL;
}

/* ---- what the files of `up` declare ---- */

/* What another program wrote wrongly is told with its key, and keeps nobody from the rest. */
static void left_out(struct slice key, struct slice why)
{
    struct buf out = BUF(MEM_APP, 0);
    buf_append_cstr(&out, "firebreak plan: left out: ");
    utf8_append_shown(&out, key);
    buf_append_cstr(&out, ": ");
    utf8_append_shown(&out, why);
    buf_append_byte(&out, '\n');
    rt_output_write(RT_STDERR, out.data, out.size, RT_NEVER);
    buf_done(&out);
}

/* "/declared/checks/default/db/NODE": records of several nodes stand side by side, the first one
 * is taken. */
static void take_record(struct applying *a, const struct json_value *kv, struct slice *last)
{
    const struct json_value *key = json_get(kv, "key"), *value = json_get(kv, "value");
    struct slice rest = key ? key->text : (struct slice){0}, node;
    if (!key || !value || !slice_starts_with(rest, SLICE(DECLARED)))
        return;
    rest = slice_sub(rest, sizeof(DECLARED) - 1, rest.size);
    node = rest;
    struct slice word = slice_cut(&node, '/'), space = slice_cut(&node, '/'),
                 name = slice_cut(&node, '/');
    struct slice path = slice_sub(rest, 0, rest.size - node.size);
    const struct kind *kind = kind_find(word);
    if (!kind || name.size == 0 || node.size == 0) {
        left_out(key->text, SLICE("the key is none of a record"));
        return;
    }
    if (slice_eq(path, *last) || a->set.count == RESOURCES_MAX)
        return;
    *last = (struct slice){arena_strdup(&a->set.arena, path), path.size};
    resource_set_append(&a->set, kind, space, name, value->text);
}

/* In the place of files: what the next reading of them would write. */
static int read_declared(struct applying *a)
{
    struct slice last = {0}, next = {0};
    int status = EXIT_WELL;
    do {
        struct json_value *page = NULL;
        buf_clear(&a->target);
        buf_clear(&a->answer);
        buf_append_cstr(&a->target, "/v1/store/keys?prefix=true&key=" DECLARED "&next=");
        url_escape(next, &a->target);
        status =
            client_ask(&a->client, "GET", buf_slice(&a->target), (struct slice){0}, &a->answer);
        if (status == EXIT_WELL && json_parse(buf_slice(&a->answer), &a->arena, 0, &page, NULL) < 0)
            status = client_refused(&a->client, 500, (struct slice){0});
        const struct json_value *items = page ? json_get(page, "items") : NULL;
        for (const struct json_value *i = items ? items->first : NULL; i; i = i->next)
            take_record(a, i, &last);
        next = page ? member(page, "next") : (struct slice){0};
        next.data = arena_strdup(&a->set.arena, next);
        arena_reset(&a->arena);
    } while (status == EXIT_WELL && next.size);
    return status;
}

/* ---- asking ---- */

static const char *namespace_of(const struct applying *a, const struct declared *d, char *room)
{
    if (d->namespace_.size == 0 || d->namespace_.size > KIND_NAME_BYTES_MAX)
        return a->app->parsed.globals.namespace_;
    memcpy(room, d->namespace_.data, d->namespace_.size);
    room[d->namespace_.size] = 0;
    return room;
}

static void put_target(struct applying *a, const struct declared *d)
{
    char room[KIND_NAME_BYTES_MAX + 1];
    buf_clear(&a->target);
    buf_printf(&a->target, "/v1/%s/", d->kind->plural);
    url_escape(d->name, &a->target);
    buf_append_cstr(&a->target, "?namespace=");
    url_escape(slice_from(namespace_of(a, d, room)), &a->target);
}

static void record_refused(struct applying *a, const struct declared *d)
{
    struct problem p;
    struct slice why = SLICE("the server refuses it");
    char *key = arena_printf(&a->arena, DECLARED "%s/%.*s/%.*s", d->kind->plural,
                             SLICE_ARG(d->namespace_), SLICE_ARG(d->name));
    if (problem_read(buf_slice(&a->answer), &a->arena, &p) == 0)
        why = p.detail;
    left_out(slice_from(key), why);
    buf_clear(&a->answer);
}

/* The server's word on one resource, with the place that it is about before it. */
static int refused(struct applying *a, const struct declared *d, uint16_t status)
{
    struct problem p;
    struct source_point at;
    if (source_point(&a->set.sources, d->at, &at) < 0 ||
        problem_read(buf_slice(&a->answer), &a->arena, &p) < 0)
        return client_refused(&a->client, status, buf_slice(&a->answer));
    struct buf json = BUF(MEM_APP, 0);
    char *detail = arena_printf(&a->arena, "%s:%u:%u: %s '%.*s': %.*s", at.source->name, at.line,
                                at.column, d->kind->name, SLICE_ARG(d->name), SLICE_ARG(p.detail));
    p.detail = slice_from(detail);
    problem_write(&p, &json);
    int r = client_refused(&a->client, status, buf_slice(&json));
    buf_done(&json);
    return r;
}

static int put(struct applying *a, const struct declared *d, const char *how)
{
    uint16_t http;
    put_target(a, d);
    buf_append_cstr(&a->target, how);
    buf_clear(&a->answer);
    int status = client_try(&a->client, "PUT", buf_slice(&a->target), d->json, &http, &a->answer);
    if (status == EXIT_WELL && http == 400 && a->recorded)
        record_refused(a, d);
    else if (status == EXIT_WELL && http / 100 != 2)
        status = refused(a, d, http);
    return status;
}

/* ---- showing ---- */

static void put_json(struct buf *out, const struct json_value *v)
{
    struct json_writer w;
    struct buf text = BUF(MEM_APP, 0);
    json_begin(&w, &text, 0);
    json_tree(&w, v);
    json_end(&w);
    utf8_append_shown(out, buf_slice(&text));
    buf_done(&text);
}

/* "~ check/db", and a line for each field. */
static void change_text(struct applying *a, const struct json_value *change)
{
    const struct json_value *fields = json_get(change, "fields");
    bool create = slice_eq(member(change, "action"), SLICE("create"));
    buf_printf(&a->text, "%s %.*s/%.*s", create ? "+" : "~", SLICE_ARG(member(change, "kind")),
               SLICE_ARG(member(change, "name")));
    if (!slice_eq_cstr(member(change, "namespace"), "default"))
        buf_printf(&a->text, " (%.*s)", SLICE_ARG(member(change, "namespace")));
    buf_append_byte(&a->text, '\n');
    for (const struct json_value *f = fields ? fields->first : NULL; f; f = f->next) {
        struct slice path = member(f, "path");
        if (create && (slice_eq(path, SLICE("name")) || slice_eq(path, SLICE("namespace"))))
            continue;
        buf_append_cstr(&a->text, "    ");
        utf8_append_shown(&a->text, path);
        buf_append_cstr(&a->text, ": ");
        if (!create) {
            put_json(&a->text, json_get(f, "old"));
            buf_append_cstr(&a->text, " -> ");
        }
        put_json(&a->text, json_get(f, "new"));
        buf_append_byte(&a->text, '\n');
    }
}

/* The change as CONTRACT has it: without the revision that it was seen at. */
static void change_json(const struct json_value *change, struct buf *out)
{
    struct json_writer w;
    json_begin(&w, out, 0);
    json_object_open(&w);
    for (const struct json_value *m = change->first; m; m = m->next) {
        if (slice_eq(m->key, SLICE("revision")))
            continue;
        json_key_slice(&w, m->key);
        json_tree(&w, m);
    }
    json_object_close(&w);
    json_end(&w);
}

static void show(struct applying *a, const struct json_value *change)
{
    struct buf json = BUF(MEM_APP, 0);
    if (a->form == CLI_FORM_TEXT) {
        change_text(a, change);
    } else {
        change_json(change, &json);
        cli_list_item(a->form, buf_slice(&json), a->shown == 0, &a->text);
    }
    a->shown++;
    buf_done(&json);
}

static int flush(struct applying *a, bool over)
{
    int status = EXIT_WELL;
    if (over && a->form == CLI_FORM_TEXT && a->changes == 0 && a->app->out_terminal)
        buf_append_cstr(&a->text, "nothing to do\n");
    if (over && a->form != CLI_FORM_TEXT)
        cli_list_end(a->form, 0, &a->text);
    if (a->form == CLI_FORM_JSONPATH && over) {
        struct buf found = BUF(MEM_APP, 0);
        struct err err;
        if (cli_jsonpath_print(cli_jsonpath_of(a->app->parsed.globals.output), buf_slice(&a->text),
                               &found, &err) < 0)
            status = app_fail(a->app, EXIT_USAGE, &err);
        else
            status = app_print(a->app, buf_slice(&found));
        buf_done(&found);
        buf_clear(&a->text);
    } else if (a->form != CLI_FORM_JSONPATH) {
        status = app_print(a->app, buf_slice(&a->text));
        buf_clear(&a->text);
    }
    return status;
}

/* ---- the two rounds ---- */

struct step {
    const struct declared *d;
    int64_t revision;
    struct slice change; /* as the server told it */
};

static int look(struct applying *a, struct step *step)
{
    struct json_value *change;
    int64_t revision = 0;
    arena_reset(&a->arena);
    int status = put(a, step->d, "&dry_run=true");
    if (status != EXIT_WELL || (a->recorded && a->answer.size == 0))
        return status;
    if (json_parse(buf_slice(&a->answer), &a->arena, 0, &change, NULL) < 0 ||
        !json_get(change, "revision") || json_to_i64(json_get(change, "revision"), &revision) < 0) {
        struct err err;
        err_set(&err, -EPROTO, "the server's answer is none of firebreak's");
        return app_fail(a->app, EXIT_UNREACHABLE, &err);
    }
    if (member(change, "action").size == 0)
        return EXIT_WELL; /* it is so already */
    a->changes++;
    step->revision = revision;
    step->change =
        (struct slice){arena_strdup(&a->set.arena, buf_slice(&a->answer)), a->answer.size};
    return EXIT_WELL;
}

static int carry_out(struct applying *a, const struct step *step)
{
    struct json_value *change;
    char how[48];
    arena_reset(&a->arena);
    snprintf(how, sizeof(how), "&revision=%" PRId64, step->revision);
    int status = a->apply ? put(a, step->d, how) : EXIT_WELL;
    if (status == EXIT_WELL && json_parse(step->change, &a->arena, 0, &change, NULL) == 0) {
        show(a, change);
        status = flush(a, false);
    }
    return status;
}

static int all_steps(struct applying *a)
{
    struct step *steps = arena_alloc_array(&a->set.arena, a->set.count + 1, sizeof(*steps));
    uint32_t n = 0;
    int status = EXIT_WELL;
    for (const struct declared *d = a->set.first; d && status == EXIT_WELL; d = d->next) {
        steps[n].d = d;
        status = look(a, &steps[n++]);
    }
    if (status != EXIT_WELL)
        return status; /* nothing was written */
    if (a->form != CLI_FORM_TEXT)
        cli_list_begin(a->form, &a->text);
    int worst = EXIT_WELL;
    for (uint32_t i = 0; i < n && worst != EXIT_UNREACHABLE && worst != EXIT_SIGNAL; i++) {
        status = steps[i].change.size ? carry_out(a, &steps[i]) : EXIT_WELL;
        if (status > worst)
            worst = status;
    }
    status = flush(a, true);
    return worst ? worst : status;
}

static int run(struct app *app, bool apply)
{
    const struct apply_options *o = app->parsed.values;
    struct applying *a = mem_alloc(MEM_APP, sizeof(*a));
    a->app = app;
    a->apply = apply;
    a->recorded = !apply && o->files.count == 0;
    a->target = a->answer = a->text = BUF(MEM_APP, 0);
    a->arena = ARENA(MEM_APP, 0);
    a->form = cli_form_of(app->parsed.globals.output, CLI_FORM_TEXT);
    resource_set_init(&a->set);
    int status = read_files(a);
    if (status == EXIT_WELL)
        status = client_open(&a->client, app);
    if (status == EXIT_WELL && a->recorded)
        status = read_declared(a);
    if (status == EXIT_WELL)
        status = all_steps(a);
    if (status == EXIT_WELL && !apply && a->changes)
        status = EXIT_NO;
    client_close(&a->client);
    resource_set_done(&a->set);
    arena_done(&a->arena);
    buf_done(&a->target);
    buf_done(&a->answer);
    buf_done(&a->text);
    mem_free(MEM_APP, a);
    return status;
}

static int plan(struct app *app)
{
    return run(app, false);
}

static int apply(struct app *app)
{
    return run(app, true);
}

int app_plan(struct app *app)
{
    const struct apply_options *o = app->parsed.values;
    if (o->remedies)
        return app_plan_remedies(app);
    return app_run_task(app, plan);
}

int app_apply(struct app *app)
{
    return app_run_task(app, apply);
}
