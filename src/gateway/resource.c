#include <errno.h>

#include "base/fault.h"
#include "gateway/inside.h"
#include "wire/asset_json.h"
#include "wire/key_part.h"
#include "wire/url_escape.h"

/* ---- keys ---- */

struct slice key_make(struct request *q, const char *prefix, struct slice namespace_,
                      struct slice name)
{
    struct buf key = BUF(MEM_GATEWAY, 0);
    buf_append_cstr(&key, prefix);
    if (namespace_.size) {
        key_part_append(&key, namespace_);
        buf_append_byte(&key, '/');
    }
    key_part_append(&key, name);
    struct slice made = {arena_strdup(&q->arena, buf_slice(&key)), key.size};
    buf_done(&key);
    return made;
}

int key_split(const struct collection *c, struct slice rest, struct arena *arena,
              struct slice *ret_namespace, struct slice *ret_name)
{
    struct slice namespace_ = {0};
    if (c->namespaced)
        namespace_ = slice_cut(&rest, '/');
    if (rest.size == 0 || (c->namespaced && namespace_.size == 0))
        return -EINVAL;
    int r = url_unescape(namespace_, false, arena, ret_namespace, NULL);
    return r < 0 ? r : url_unescape(rest, false, arena, ret_name, NULL);
}

/* ---- values ---- */

static bool labels_are_texts(const struct json_value *v)
{
    const struct json_value *labels = json_get(v, "labels");
    if (!labels || labels->type == JSON_NULL)
        return true;
    if (labels->type != JSON_OBJECT)
        return false;
    for (const struct json_value *l = labels->first; l; l = l->next)
        if (l->type != JSON_STRING)
            return false;
    return true;
}

static int parse_value(const struct store_kv *kv, struct arena *arena,
                       const struct json_value **ret, struct slice *ret_key, struct err *err)
{
    struct json_value *v;
    struct json_error e;
    if (kv->version == 0)
        return 0;
    *ret_key = kv->key;
    int r = json_parse(kv->value, arena, 0, &v, &e);
    if (r == -EBADMSG)
        return err_set(err, r, "%.*s: line %u, column %u: expected %s", SLICE_ARG(kv->key), e.line,
                       e.column, e.expected);
    if (r < 0)
        return err_set(err, -EBADMSG, "%.*s: its value is nested too deep", SLICE_ARG(kv->key));
    if (v->type != JSON_OBJECT)
        return err_set(err, -EBADMSG, "%.*s: its value is no JSON object", SLICE_ARG(kv->key));
    if (!labels_are_texts(v))
        return err_set(err, -EBADMSG, "%.*s: its labels are not texts by name", SLICE_ARG(kv->key));
    *ret = v;
    return 0;
}

int resource_parse(struct resource *r, struct arena *arena, struct slice *ret_key, struct err *err)
{
    r->spec = r->state = NULL;
    int code = parse_value(&r->declared, arena, &r->spec, ret_key, err);
    return code < 0 ? code : parse_value(&r->found, arena, &r->state, ret_key, err);
}

/* ---- labels: what was declared comes before what was found ---- */

static const struct json_value *label_in(const struct json_value *v, struct slice key)
{
    const struct json_value *labels = v ? json_get(v, "labels") : NULL;
    for (const struct json_value *l = labels ? labels->first : NULL; l; l = l->next)
        if (slice_eq(l->key, key))
            return l;
    return NULL;
}

static bool label_of(void *ctx, struct slice key, struct slice *ret)
{
    const struct resource *r = ctx;
    const struct json_value *l = label_in(r->spec, key);
    if (!l)
        l = label_in(r->state, key);
    if (l)
        *ret = l->text;
    return l;
}

bool resource_selected(const struct resource *r, const struct selector *s)
{
    return !s || selector_matches(s, label_of, (void *)r);
}

bool resource_within(const struct collection *c, const struct resource *r, struct slice namespace_)
{
    struct slice own = r->namespace_;
    if (namespace_.size == 0 || !(c->namespaced || c->tasks))
        return true;
    if (c->tasks) {
        const struct json_value *said = json_get(r->spec, "namespace");
        own = said && said->type == JSON_STRING ? said->text : SLICE("default");
    }
    return slice_eq(own, namespace_);
}

static void write_labels(const struct resource *r, struct json_writer *w)
{
    const struct json_value *declared = r->spec ? json_get(r->spec, "labels") : NULL;
    const struct json_value *found = r->state ? json_get(r->state, "labels") : NULL;
    json_key(w, "labels");
    json_object_open(w);
    for (const struct json_value *l = declared ? declared->first : NULL; l; l = l->next) {
        json_key_slice(w, l->key);
        json_string(w, l->text);
    }
    for (const struct json_value *l = found ? found->first : NULL; l; l = l->next) {
        if (label_in(r->spec, l->key))
            continue;
        json_key_slice(w, l->key);
        json_string(w, l->text);
    }
    json_object_close(w);
}

/* ---- writing ---- */

static bool is_head_member(struct slice key)
{
    static const char *const names[] = {"name", "namespace", "labels"};
    return slice_among(key, names, ARRAY_LEN(names)) >= 0;
}

static void write_spec(const struct resource *r, struct json_writer *w)
{
    json_key(w, "spec");
    json_object_open(w);
    for (const struct json_value *m = r->spec ? r->spec->first : NULL; m; m = m->next) {
        if (is_head_member(m->key))
            continue;
        json_key_slice(w, m->key);
        json_tree(w, m);
    }
    json_object_close(w);
}

static void write_member(const struct json_value *v, const char *key, struct slice dflt,
                         struct json_writer *w)
{
    const struct json_value *m = v ? json_get(v, key) : NULL;
    json_key_slice(w, slice_from(key));
    if (m)
        json_tree(w, m);
    else
        json_raw(w, dflt);
}

/* A check as it is kept, but for its newest latency, which is written nowhere. */
static void write_check(const struct gateway_options *o, const struct resource *r,
                        const struct json_value *check, struct json_writer *w)
{
    const struct json_value *name = json_get(check, "name");
    int64_t ns;
    bool asked = o->newest_ns && name && name->type == JSON_STRING &&
                 !fault_mutant("gateway_old_latency") &&
                 o->newest_ns(o->ctx, r->namespace_, r->name, name->text, &ns);
    if (!asked) {
        json_tree(w, check);
        return;
    }
    json_object_open(w);
    for (const struct json_value *m = check->first; m; m = m->next) {
        json_key_slice(w, m->key);
        if (slice_eq_cstr(m->key, "last_ms"))
            latency_write(w, ns);
        else
            json_tree(w, m);
    }
    json_object_close(w);
}

static void write_checks(const struct gateway_options *o, const struct resource *r,
                         struct json_writer *w)
{
    const struct json_value *checks = r->state ? json_get(r->state, "checks") : NULL;
    json_key(w, "checks");
    json_array_open(w);
    for (const struct json_value *c = checks ? checks->first : NULL; c; c = c->next)
        write_check(o, r, c, w);
    json_array_close(w);
}

/* An asset is its state first: what was declared of it is beside that. */
static void write_asset(const struct gateway_options *o, const struct resource *r,
                        struct json_writer *w)
{
    const struct json_value *s = r->state;
    json_key(w, "name");
    json_string(w, r->name);
    json_key(w, "namespace");
    json_string(w, r->namespace_);
    write_labels(r, w);
    bool declares = r->spec && json_get(r->spec, "desired_health");
    write_member(declares ? r->spec : s, "desired_health", SLICE("\"Healthy\""), w);
    write_member(s, "state", SLICE("\"Pending\""), w);
    write_member(s, "since", SLICE("null"), w);
    write_member(s, "reason", SLICE("\"registered\""), w);
    write_checks(o, r, w);
    write_member(s, "owner_plane", SLICE("null"), w);
    json_key(w, "revision");
    json_i64(w, r->declared.version ? r->declared.mod_revision : r->found.mod_revision);
    if (r->spec)
        write_spec(r, w);
}

static void write_other(const struct collection *c, const struct resource *r, struct json_writer *w)
{
    json_key(w, "kind");
    json_cstr(w, c->kind->name);
    json_key(w, "name");
    json_string(w, r->name);
    json_key(w, "namespace");
    json_string(w, r->namespace_);
    write_labels(r, w);
    json_key(w, "revision");
    json_i64(w, r->declared.version ? r->declared.mod_revision : r->found.mod_revision);
    write_spec(r, w);
    json_key(w, "state");
    if (r->state)
        json_tree(w, r->state);
    else
        json_null(w);
}

/* What a node said when it joined. Since when it is lost stands there once a controller has seen
 * it; until then what stands there is since when it was Ready. */
static void write_lost(const struct resource *r, struct json_writer *w)
{
    const struct json_value *state = json_get(r->state, "state");
    bool seen = state && state->type == JSON_STRING && slice_eq(state->text, SLICE("Lost"));
    json_object_open(w);
    for (const struct json_value *m = r->state->first; m; m = m->next) {
        json_key_slice(w, m->key);
        if (slice_eq(m->key, SLICE("state")))
            json_cstr(w, "Lost");
        else if (slice_eq(m->key, SLICE("since")) && !seen)
            json_null(w);
        else if (slice_eq(m->key, SLICE("running")))
            json_i64(w, 0); /* nothing is given to it any more */
        else
            json_tree(w, m);
    }
    json_object_close(w);
}

void resource_write(const struct gateway *g, const struct collection *c, const struct resource *r,
                    struct json_writer *w)
{
    if (c->lost && !r->spec) {
        write_lost(r, w);
        return;
    }
    if (c->raw) {
        json_tree(w, r->spec);
        return;
    }
    json_object_open(w);
    if (strcmp(c->kind->name, "asset") == 0)
        write_asset(&g->options, r, w);
    else
        write_other(c, r, w);
    json_object_close(w);
}

void resource_tell(struct request *q, const struct collection *c, const struct resource *r,
                   struct json_writer *w)
{
    if (c->tasks)
        task_tell(q, r, w);
    else
        resource_write(q->g, c, r, w);
}

/* ---- reading one ---- */

int resource_read(struct request *q, const struct collection *c, struct slice namespace_,
                  struct slice name, struct resource *ret, int64_t *ret_revision)
{
    struct slice keys[2] = {key_make(q, c->registry, namespace_, name)};
    uint32_t count = 1;
    if (c->state[0])
        keys[count++] = key_make(q, c->state, namespace_, name);
    struct store_op ops[2] = {{.type = STORE_READ}, {.type = STORE_READ}};
    for (uint32_t i = 0; i < count; i++)
        ops[i].range.keys = store_key(keys[i]);
    struct store_txn_result got;
    int r = store_txn(q->g->options.store, &(struct store_txn){.then = ops, .then_count = count},
                      &q->arena, &got, &q->err, gateway_soon());
    if (r < 0)
        return r;
    *ret = (struct resource){.namespace_ = namespace_, .name = name};
    if (got.ops[0].range.count)
        ret->declared = got.ops[0].range.kvs[0];
    if (count > 1 && got.ops[1].range.count)
        ret->found = got.ops[1].range.kvs[0];
    if (ret_revision)
        *ret_revision = got.revision;
    return 0;
}

void answer_missing(struct request *q, const struct collection *c, struct slice namespace_,
                    struct slice name)
{
    if (c->namespaced)
        answer_problem(q, 404, "not_found", "name", "there is no %s '%.*s' in the namespace '%.*s'",
                       c->kind->name, SLICE_ARG(name), SLICE_ARG(namespace_));
    else
        answer_problem(q, 404, "not_found", "name", "there is no %s '%.*s'", c->kind->name,
                       SLICE_ARG(name));
}

static void get_serve(struct request *q, const struct collection *c, struct slice namespace_,
                      struct slice name)
{
    struct resource r;
    struct slice key;
    int code = resource_read(q, c, namespace_, name, &r, NULL);
    if (code < 0) {
        answer_store_error(q, code);
    } else if (!r.declared.version && !r.found.version) {
        answer_missing(q, c, namespace_, name);
    } else if (resource_parse(&r, &q->arena, &key, &q->err) < 0) {
        q->g->bad_values_total++;
        answer_problem(q, 500, "bad_value", NULL, "%s", q->err.text);
    } else {
        struct buf json = BUF(MEM_GATEWAY, 0);
        struct json_writer w;
        json_begin(&w, &json, 0);
        resource_tell(q, c, &r, &w);
        json_end(&w);
        answer_json(q, 200, &json);
        buf_done(&json);
    }
}

void resource_serve(struct request *q, const struct collection *c, struct slice name)
{
    struct slice namespace_;
    bool watch = false,
         get = slice_eq(q->method, SLICE("GET")) || slice_eq(q->method, SLICE("HEAD"));
    if (param_text(q, "namespace", &namespace_) < 0 || param_flag(q, "watch", &watch) < 0)
        return;
    if (namespace_.size == 0)
        namespace_ = SLICE("default");
    if (!c->namespaced)
        namespace_ = (struct slice){0};
    if (get && (watch || !c->kind))
        (watch ? watch_serve : list_serve)(q, c, name);
    else if (get)
        get_serve(q, c, namespace_, name);
    else if ((c->lost || c->tasks) && slice_eq(q->method, SLICE("DELETE")))
        raw_delete(q, c, name);
    else if (c->raw)
        answer_method(q, c->kind ? "GET, HEAD, DELETE" : "GET, HEAD");
    else if (slice_eq(q->method, SLICE("PUT")))
        put_serve(q, c, namespace_, name);
    else if (slice_eq(q->method, SLICE("DELETE")))
        delete_serve(q, c, namespace_, name);
    else
        answer_method(q, "GET, HEAD, PUT, DELETE");
}
