#include <errno.h>
#include <inttypes.h>

#include "base/fault.h"
#include "gateway/inside.h"
#include "store/tasks.h"
#include "wire/problem.h"

/* ---- what was sent ---- */

static int bad_field(struct request *q, const char *field, const char *what)
{
    answer_problem(q, 400, "bad_request", field, "%s: %s", field, what);
    return -EINVAL;
}

int body_read(struct request *q, struct slice *ret_text, const struct json_value **ret)
{
    struct buf body = BUF(MEM_GATEWAY, STORE_VALUE_BYTES_MAX);
    struct json_value *v;
    struct json_error e;
    int r = exchange_read_all(q->x, &body, &q->err);
    if (r < 0) {
        exchange_refuse(q->x, r, &q->err);
        buf_done(&body);
        return r;
    }
    /* The tree's texts point into what was parsed. */
    struct slice text = {arena_strdup(&q->arena, buf_slice(&body)), body.size};
    buf_done(&body);
    r = json_parse(text, &q->arena, 0, &v, &e);
    if (r == -EBADMSG)
        answer_problem(q, 400, "syntax", NULL, "line %u, column %u: expected %s", e.line, e.column,
                       e.expected);
    else if (r < 0)
        answer_problem(q, 400, "syntax", NULL, "nested deeper than %d", JSON_DEPTH_MAX);
    else if (v->type != JSON_OBJECT)
        answer_problem(q, 400, "syntax", NULL, "line %u, column %u: expected an object", v->line,
                       v->column);
    else
        *ret = v;
    *ret_text = text;
    return r < 0 || v->type != JSON_OBJECT ? -EINVAL : 0;
}

/* A word that says what the path said already. */
static int check_same(struct request *q, const struct json_value *v, const char *key,
                      struct slice want)
{
    const struct json_value *m = json_get(v, key);
    if (!m || (m->type == JSON_STRING && slice_eq(m->text, want)))
        return 0;
    if (m->type == JSON_STRING && m->text.size == 0)
        return 0;
    answer_problem(q, 400, "bad_request", key,
                   "line %u, column %u: %s is not '%.*s', as the path has it", m->line, m->column,
                   key, SLICE_ARG(want));
    return -EINVAL;
}

static int check_labels(struct request *q, const struct json_value *labels)
{
    if (!labels || labels->type == JSON_NULL)
        return 0;
    if (labels->type != JSON_OBJECT)
        return bad_field(q, "labels", "is to be an object");
    for (const struct json_value *l = labels->first; l; l = l->next)
        if (l->type != JSON_STRING) {
            answer_problem(q, 400, "bad_request", "labels",
                           "line %u, column %u: the label '%.*s' is no text", l->line, l->column,
                           SLICE_ARG(l->key));
            return -EINVAL;
        }
    return 0;
}

static int check_names(struct request *q, struct slice namespace_, struct slice name)
{
    if (!kind_name_ok(name))
        return bad_field(q, "name", "letters, digits and -_.: make a name, up to 128 of them");
    if (!kind_name_ok(namespace_))
        return bad_field(q, "namespace", "letters, digits and -_.: make a name, up to 128 of them");
    return 0;
}

/* Whether the member belongs to the spec. A name, a namespace and labels are never of it; of a
 * resource as a file of configuration has it, what GET adds is not, either. */
static bool is_of_spec(struct slice key, bool inside)
{
    static const char *const others[] = {"name", "namespace", "labels",
                                         "kind", "revision",  "state"};
    return slice_among(key, others, inside ? 3 : ARRAY_LEN(others)) < 0;
}

struct sent {
    struct json_value spec; /* an object: the members of the spec */
    const struct json_value *labels;
    struct slice value; /* as it is kept; empty: the members above are */
    int64_t revision;
    bool has_revision;
};

static int take_apart(struct request *q, const struct json_value *v, struct sent *s)
{
    const struct json_value *spec = json_get(v, "spec"), *revision = json_get(v, "revision");
    if (spec && spec->type != JSON_OBJECT)
        return bad_field(q, "spec", "is to be an object");
    *s = (struct sent){.spec = {.type = JSON_OBJECT}, .labels = json_get(v, "labels")};
    struct json_value **end = &s->spec.first;
    for (const struct json_value *m = spec ? spec->first : v->first; m; m = m->next) {
        if (!is_of_spec(m->key, spec))
            continue;
        struct json_value *copy = arena_new(&q->arena, struct json_value);
        *copy = *m;
        copy->next = NULL;
        *end = copy;
        end = &copy->next;
        s->spec.count++;
    }
    if (revision && (json_to_i64(revision, &s->revision) < 0 || s->revision < 0))
        return bad_field(q, "revision", "is no whole number");
    /* A file of configuration may say 0, which is "none" there. */
    s->has_revision = revision && s->revision > 0;
    return 0;
}

static void answer_faults(struct request *q, const struct gateway_verdict *v)
{
    struct buf json = BUF(MEM_GATEWAY, 0);
    problem_write(&(struct problem){.status = 400,
                                    .title = slice_from(http1_status_words(400)),
                                    .detail = slice_from(q->err.text),
                                    .reason = SLICE("bad_request"),
                                    .field = buf_slice(&v->field),
                                    .faults = buf_slice(&v->faults)},
                  &json);
    buf_append_byte(&json, '\n');
    exchange_answer(q->x, 400, PROBLEM_MEDIA_TYPE, buf_slice(&json));
    buf_done(&json);
}

static int check_schema(struct request *q, const struct gateway_resource *sent, struct sent *s)
{
    struct gateway_verdict v = {BUF(MEM_GATEWAY, 0), BUF(MEM_GATEWAY, 0), BUF(MEM_GATEWAY, 0)};
    if (!q->g->options.check)
        return 0;
    int r = q->g->options.check(q->g->options.ctx, sent, &v, &q->err);
    if (r == -EINVAL)
        answer_faults(q, &v);
    else if (r < 0)
        answer_store_error(q, r);
    else
        s->value = (struct slice){arena_strdup(&q->arena, buf_slice(&v.value)), v.value.size};
    buf_done(&v.value);
    buf_done(&v.field);
    buf_done(&v.faults);
    return r;
}

static int check_sent(struct request *q, const struct collection *c,
                      const struct gateway_resource *sent, const struct json_value *v,
                      struct sent *s)
{
    const struct json_value *kind = json_get(v, "kind");
    if (kind && (kind->type != JSON_STRING || kind_find(kind->text) != c->kind)) {
        answer_problem(q, 400, "bad_request", "kind",
                       "line %u, column %u: kind is not '%s', as the path has it", kind->line,
                       kind->column, c->kind->name);
        return -EINVAL;
    }
    if (check_same(q, v, "name", sent->name) < 0 ||
        check_same(q, v, "namespace", sent->namespace_) < 0 || take_apart(q, v, s) < 0 ||
        check_labels(q, s->labels) < 0)
        return -EINVAL;
    return check_schema(q, sent, s);
}

static void write_value(struct slice namespace_, struct slice name, const struct sent *s,
                        struct buf *out)
{
    struct json_writer w;
    if (s->value.size) {
        buf_append_slice(out, s->value);
        return;
    }
    json_begin(&w, out, 0);
    json_object_open(&w);
    json_key(&w, "name");
    json_string(&w, name);
    json_key(&w, "namespace");
    json_string(&w, namespace_);
    if (s->labels && s->labels->count) {
        json_key(&w, "labels");
        json_tree(&w, s->labels);
    }
    for (const struct json_value *m = s->spec.first; m; m = m->next) {
        json_key_slice(&w, m->key);
        json_tree(&w, m);
    }
    json_object_close(&w);
    json_end(&w);
}

/* ---- put and delete ---- */

static void answer_conflict(struct request *q, const struct collection *c, struct slice name,
                            int64_t is_at, int64_t wanted)
{
    if (is_at == 0)
        answer_problem(q, 409, "conflict", "revision", "%s '%.*s' is not there, at no revision",
                       c->kind->name, SLICE_ARG(name));
    else
        answer_problem(q, 409, "conflict", "revision",
                       "%s '%.*s' is at revision %" PRId64 ", not %" PRId64
                       ": somebody else changed it",
                       c->kind->name, SLICE_ARG(name), is_at, wanted);
}

static void answer_resource(struct request *q, const struct collection *c, uint16_t status,
                            struct slice namespace_, struct slice name)
{
    struct resource r;
    struct slice key;
    struct buf json = BUF(MEM_GATEWAY, 0);
    struct json_writer w;
    int code = resource_read(q, c, namespace_, name, &r, NULL);
    if (code == 0)
        code = resource_parse(&r, &q->arena, &key, &q->err);
    if (code < 0) {
        answer_store_error(q, code);
        return;
    }
    json_begin(&w, &json, 0);
    resource_write(q->g, c, &r, &w);
    json_end(&w);
    answer_json(q, status, &json);
    buf_done(&json);
}

/* One write of one key, where it is at the revision that was asked for. Returns 1 where it was
 * done; 0: it conflicts (*ret_before has what is there); or negative errno. */
static int write_key(struct request *q, const struct store_op *op, struct slice key, bool guarded,
                     int64_t revision, struct store_kv *ret_before, int64_t *ret_revision)
{
    struct store_compare is_at = {.key = key, .target = STORE_MOD_REVISION, .number = revision};
    struct store_op read = {.type = STORE_READ, .range = {.keys = store_key(key)}};
    struct store_op then[] = {read, *op};
    struct store_txn_result got;
    struct store_txn txn = {
        .compares = &is_at,
        .compare_count = guarded && !fault_mutant("gateway_revision_ignored"),
        .then = then,
        .then_count = 2,
        .otherwise = &read,
        .otherwise_count = 1,
    };
    int r = store_txn(q->g->options.store, &txn, &q->arena, &got, &q->err, gateway_soon());
    if (r < 0)
        return r;
    *ret_before =
        got.ops[0].range.count ? got.ops[0].range.kvs[0] : (struct store_kv){.version = 0};
    *ret_revision = got.revision;
    return got.succeeded;
}

/* A change, as it would be. */
static void answer_plan(struct request *q, const struct collection *c, struct slice namespace_,
                        struct slice name, const struct store_kv *before, struct slice value)
{
    struct buf json = BUF(MEM_GATEWAY, 0), fields = BUF(MEM_GATEWAY, 0);
    struct json_writer w;
    struct json_value *old = NULL, *new = NULL;
    /* What another program wrote wrongly counts as nothing: the write mends it. */
    if (before->version && json_parse(before->value, &q->arena, 0, &old, NULL) < 0)
        old = NULL;
    json_parse(value, &q->arena, 0, &new, NULL); /* of our own making */
    json_begin(&w, &fields, 0);
    uint32_t count = diff_write(old, new, &w);
    json_end(&w);
    json_begin(&w, &json, 0);
    json_object_open(&w);
    json_key(&w, "action");
    json_cstr(&w, before->version == 0 ? "create" : count ? "update" : NULL);
    json_key(&w, "kind");
    json_cstr(&w, c->kind->name);
    json_key(&w, "name");
    json_string(&w, name);
    json_key(&w, "namespace");
    json_string(&w, namespace_);
    json_key(&w, "fields");
    json_raw(&w, buf_slice(&fields));
    json_key(&w, "revision");
    json_i64(&w, before->mod_revision);
    json_object_close(&w);
    json_end(&w);
    answer_json(q, 200, &json);
    buf_done(&json);
    buf_done(&fields);
}

static void plan(struct request *q, const struct collection *c, struct slice namespace_,
                 struct slice name, struct sent *s)
{
    struct slice key = key_make(q, c->registry, namespace_, name);
    struct buf value = BUF(MEM_GATEWAY, 0);
    struct store_kv before;
    write_value(namespace_, name, s, &value);
    int r = store_get(q->g->options.store, key, &q->arena, &before, &q->err, gateway_soon());
    if (r < 0)
        answer_store_error(q, r);
    else if (s->has_revision && s->revision != before.mod_revision)
        answer_conflict(q, c, name, before.mod_revision, s->revision);
    else
        answer_plan(q, c, namespace_, name, &before, buf_slice(&value));
    buf_done(&value);
}

static void put(struct request *q, const struct collection *c, struct slice namespace_,
                struct slice name, struct sent *s)
{
    struct slice key = key_make(q, c->registry, namespace_, name);
    struct buf value = BUF(MEM_GATEWAY, 0);
    struct store_kv before;
    int64_t revision;
    write_value(namespace_, name, s, &value);
    int r = store_get(q->g->options.store, key, &q->arena, &before, &q->err, gateway_soon());
    bool same = r == 0 && before.version && slice_eq(before.value, buf_slice(&value)) &&
                (!s->has_revision || s->revision == before.mod_revision);
    if (r == 0 && !same) {
        struct store_op op = {.type = STORE_PUT, .key = key, .value = buf_slice(&value)};
        r = write_key(q, &op, key, s->has_revision, s->revision, &before, &revision);
        if (r == 0)
            answer_conflict(q, c, name, before.mod_revision, s->revision);
    }
    if (r < 0)
        answer_store_error(q, r);
    else if (r > 0 || same)
        answer_resource(q, c, before.version ? 200 : 201, namespace_, name);
    buf_done(&value);
}

void put_serve(struct request *q, const struct collection *c, struct slice namespace_,
               struct slice name)
{
    const struct json_value *v = NULL;
    struct sent *s = arena_new(&q->arena, struct sent);
    struct gateway_resource sent = {.kind = c->kind, .namespace_ = namespace_, .name = name};
    int64_t revision;
    bool given, dry_run;
    if (param_flag(q, "dry_run", &dry_run) < 0 || check_names(q, namespace_, name) < 0 ||
        param_number(q, "revision", 0, INT64_MAX, &revision, &given) < 0 ||
        body_read(q, &sent.body, &v) < 0 || check_sent(q, c, &sent, v, s) < 0)
        return;
    if (given) {
        s->revision = revision;
        s->has_revision = true;
    }
    (dry_run ? plan : put)(q, c, namespace_, name, s);
}

/* Of what has no namespace it is empty. */
static void answer_deleted(struct request *q, const struct collection *c, struct slice namespace_,
                           struct slice name, int64_t revision)
{
    struct buf json = BUF(MEM_GATEWAY, 0);
    struct json_writer w;
    json_begin(&w, &json, 0);
    json_object_open(&w);
    json_key(&w, "kind");
    json_cstr(&w, c->kind->name);
    json_key(&w, "name");
    json_string(&w, name);
    json_key(&w, "namespace");
    json_string(&w, namespace_);
    json_key(&w, "revision");
    json_i64(&w, revision);
    json_key(&w, "declared_by");
    declarers_write(q, c, namespace_, name, &w);
    json_object_close(&w);
    json_end(&w);
    answer_json(q, 200, &json);
    buf_done(&json);
}

/* What a node found it takes back by itself; of one that is gone, nobody does but who asks for it.
 * It may come back while we look, so the transaction compares. 1: gone; 0: not; negative errno. */
static int delete_left_behind(struct request *q, struct resource *r, int64_t *ret_revision)
{
    struct slice bad;
    if (!r->found.version || resource_parse(r, &q->arena, &bad, &q->err) < 0)
        return 0;
    const struct json_value *owner = r->state ? json_get(r->state, "owner_plane") : NULL;
    if (!owner || owner->type != JSON_STRING || owner->text.size == 0)
        return 0;
    if (q->g->options.node && slice_eq_cstr(owner->text, q->g->options.node))
        return 0;
    const char *name = arena_printf(&q->arena, "/leader/node/%.*s", SLICE_ARG(owner->text));
    struct store_compare as_read[] = {
        {.key = slice_from(name), .target = STORE_VERSION, .number = 0},
        {.key = r->found.key, .target = STORE_MOD_REVISION, .number = r->found.mod_revision},
    };
    struct store_op op = {.type = STORE_DELETE, .keys = store_key(r->found.key)};
    struct store_txn txn = {.compares = as_read, .compare_count = 2, .then = &op, .then_count = 1};
    struct store_txn_result got;
    int code = store_txn(q->g->options.store, &txn, &q->arena, &got, &q->err, gateway_soon());
    if (code == 0 && got.succeeded)
        *ret_revision = got.revision;
    return code < 0 ? code : got.succeeded;
}

/* Nothing was declared of that name; maybe something was found. */
static void answer_undeclared(struct request *q, const struct collection *c,
                              struct slice namespace_, struct slice name)
{
    struct resource r = {.spec = NULL};
    struct slice check, place;
    int64_t revision = 0;
    (void)resource_read(q, c, namespace_, name, &r, NULL);
    int gone = delete_left_behind(q, &r, &revision);
    if (gone < 0)
        answer_store_error(q, gone);
    else if (gone)
        answer_deleted(q, c, namespace_, name, revision);
    else if (r.found.version && declarers_check(q, namespace_, r.state, &check, &place))
        answer_problem(q, 409, "conflict", "name",
                       "%s '%.*s' is there because check '%.*s' in %.*s is about it: it goes with "
                       "its checks",
                       c->kind->name, SLICE_ARG(name), SLICE_ARG(check), SLICE_ARG(place));
    else if (r.found.version)
        answer_problem(q, 409, "conflict", "name",
                       "%s '%.*s' was found, not declared: it goes when it is no longer there",
                       c->kind->name, SLICE_ARG(name));
    else
        answer_missing(q, c, namespace_, name);
}

void delete_serve(struct request *q, const struct collection *c, struct slice namespace_,
                  struct slice name)
{
    struct slice key = key_make(q, c->registry, namespace_, name);
    struct store_kv before;
    int64_t wanted, revision = 0;
    bool given;
    if (param_number(q, "revision", 0, INT64_MAX, &wanted, &given) < 0)
        return;
    struct store_op op = {.type = STORE_DELETE, .keys = store_key(key)};
    int r = write_key(q, &op, key, given, wanted, &before, &revision);
    if (r < 0)
        answer_store_error(q, r);
    else if (r == 0)
        answer_conflict(q, c, name, before.mod_revision, wanted);
    else if (before.version == 0)
        answer_undeclared(q, c, namespace_, name);
    else
        answer_deleted(q, c, namespace_, name, revision);
}

/* A task or a node, which no revision guards. Returns whether it may be tried. */
static bool unguarded(struct request *q, const struct collection *c)
{
    int64_t wanted;
    bool given;
    if (param_number(q, "revision", 0, INT64_MAX, &wanted, &given) < 0)
        return false;
    if (given)
        bad_field(q, "revision",
                  c->tasks ? "a task is deleted at any" : "a node is deleted at any");
    return !given;
}

void raw_delete(struct request *q, const struct collection *c, struct slice name)
{
    struct tasks_at at = {.store = q->g->options.store};
    int64_t revision = 0;
    if (!unguarded(q, c))
        return;
    int r = c->tasks ? tasks_forget(&at, name, &revision, &q->err, gateway_soon())
                     : tasks_node_forget(&at, name, &revision, &q->err, gateway_soon());
    if (r == 0)
        answer_deleted(q, c, (struct slice){0}, name, revision);
    else if (r == -EBUSY || r == -EALREADY)
        answer_problem(q, 409, "conflict", "state", "%s", q->err.text);
    else if (r == -ENOENT)
        answer_missing(q, c, (struct slice){0}, name);
    else
        answer_store_error(q, r);
}
