#include "app/declared_check.h"

#include <errno.h>
#include <string.h>

#include "app/chain.h"
#include "app/queries.h"
#include "app/spec.h"
#include "base/buf.h"
#include "wire/json_value.h"
#include "wire/jsonpath.h"

/* What is asked, by a check or by a step of a chain. */
struct question {
    struct arena *arena; /* for texts */
    struct probe_spec *spec;
    const char *target;      /* an expression as `firebreak probe` takes it */
    struct probe_chain *chain; /* in its place */
};

static const char *kept(struct question *q, struct slice s)
{
    return s.size ? arena_strdup(q->arena, s) : NULL;
}

static const char *text(struct question *q, const struct config_object *o, const char *key)
{
    return kept(q, config_string(o, key));
}

/* As a part of a URL or of its query. */
static void put_encoded(struct buf *out, struct slice s)
{
    for (size_t i = 0; i < s.size; i++) {
        unsigned char c = (unsigned char)s.data[i], l = c | 32;
        bool plain = (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || memchr("-._~", c, 4);
        buf_printf(out, plain ? "%c" : "%%%02X", c);
    }
}

/* ---- each kind ---- */

typedef int set_fn(struct question *q, const struct config_object *o, struct err *err);

static int set_address(struct question *q, const struct config_object *o, const char *scheme)
{
    q->target = arena_printf(q->arena, "%s%s", scheme, text(q, o, "target"));
    return 0;
}

static void set_trust(struct question *q, const struct config_object *o)
{
    q->spec->ca_file = text(q, o, "ca_file");
    q->spec->server_name = text(q, o, "server_name");
    q->spec->insecure = config_bool(o, "insecure");
}

static int set_tcp(struct question *q, const struct config_object *o, struct err *err)
{
    (void)err;
    return set_address(q, o, "");
}

static int set_redis(struct question *q, const struct config_object *o, struct err *err)
{
    (void)err;
    return set_address(q, o, "redis://");
}

static int set_postgres(struct question *q, const struct config_object *o, struct err *err)
{
    (void)err;
    return set_address(q, o, "postgres://");
}

static int set_ntp(struct question *q, const struct config_object *o, struct err *err)
{
    (void)err;
    q->spec->offset_max_ns = config_duration(o, "offset_max");
    return set_address(q, o, "ntp://");
}

static int set_ssh(struct question *q, const struct config_object *o, struct err *err)
{
    q->spec->host_key = slice_from(text(q, o, "host_key"));
    if (q->spec->host_key.size && observe_host_key_check(q->spec->host_key, err) < 0)
        return err_wrap(err, "host_key");
    return set_address(q, o, "ssh://");
}

static int set_icmp(struct question *q, const struct config_object *o, struct err *err)
{
    struct slice host = config_string(o, "target");
    (void)err;
    q->target = arena_printf(q->arena, slice_find_byte(host, ':') < 0 ? "icmp://%.*s"
                                                                      : "icmp://[%.*s]",
                             SLICE_ARG(host));
    return 0;
}

static int set_grpc(struct question *q, const struct config_object *o, struct err *err)
{
    struct buf service = BUF(MEM_APP, 0);
    (void)err;
    put_encoded(&service, config_string(o, "service"));
    set_trust(q, o);
    q->target = arena_printf(q->arena, "%s://%s/%.*s", config_bool(o, "tls") ? "grpcs" : "grpc",
                             text(q, o, "target"), SLICE_ARG(buf_slice(&service)));
    buf_done(&service);
    return 0;
}

static int set_web_socket(struct question *q, const struct config_object *o, struct err *err)
{
    (void)err;
    set_trust(q, o);
    q->target = text(q, o, "url");
    return 0;
}

static int set_tls(struct question *q, const struct config_object *o, struct err *err)
{
    (void)err;
    set_trust(q, o);
    q->spec->days_left_min = config_int(o, "days_left");
    return set_address(q, o, "tls://");
}

static int set_json(struct question *q, const struct config_object *o, struct err *err)
{
    struct probe_spec *spec = q->spec;
    for (const struct value *v = NULL; (v = config_next(o, "json", v));) {
        struct jsonpath *path;
        const char *key = arena_strdup(q->arena, value_key(v));
        if (spec->json_count == PROBE_JSON_MAX)
            return err_set(err, -EINVAL, "json: more than %d of them", PROBE_JSON_MAX);
        if (jsonpath_parse(slice_from(key), q->arena, &path, err) < 0)
            return err_wrap(err, "json");
        spec->json[spec->json_count++] = (struct probe_json_check){
            slice_from(key), slice_from(arena_strdup(q->arena, v->text)), path};
    }
    return 0;
}

static int set_headers(struct question *q, const struct config_object *o, struct err *err)
{
    struct probe_spec *spec = q->spec;
    for (const struct value *v = NULL; (v = config_next(o, "header", v));) {
        if (spec->header_count == PROBE_HEADERS_MAX)
            return err_set(err, -EINVAL, "header: more than %d of them", PROBE_HEADERS_MAX);
        spec->headers[spec->header_count++] =
            (struct probe_header){slice_from(arena_strdup(q->arena, value_key(v))),
                                  slice_from(arena_strdup(q->arena, v->text))};
    }
    return 0;
}

static void set_status(struct question *q, const struct config_object *o)
{
    struct buf all = BUF(MEM_APP, 0);
    for (const struct value *v = NULL; (v = config_next(o, "status", v));)
        buf_printf(&all, "%s%.*s", all.size ? "," : "", SLICE_ARG(v->text));
    q->spec->status = slice_from(arena_strdup(q->arena, buf_slice(&all)));
    buf_done(&all);
}

static int set_http(struct question *q, const struct config_object *o, struct err *err)
{
    const char *body = text(q, o, "body");
    set_trust(q, o);
    set_status(q, o);
    q->target = text(q, o, "url");
    q->spec->method = text(q, o, "method");
    q->spec->redirects = (uint32_t)config_int(o, "redirects");
    int r = set_headers(q, o, err);
    if (r == 0)
        r = set_json(q, o, err);
    if (r == 0 && body && observe_pattern_new(body, &q->spec->body, err) < 0)
        r = err_wrap(err, "body");
    return r;
}

static int set_dns(struct question *q, const struct config_object *o, struct err *err)
{
    struct buf out = BUF(MEM_APP, 0);
    (void)err;
    buf_printf(&out, "dns://%.*s/%.*s?type=%.*s", SLICE_ARG(config_string(o, "server")),
               SLICE_ARG(config_string(o, "name")), SLICE_ARG(config_string(o, "type")));
    for (const struct value *v = NULL; (v = config_next(o, "want", v));) {
        buf_append_cstr(&out, "&expect=");
        put_encoded(&out, v->text);
    }
    q->target = kept(q, buf_slice(&out));
    buf_done(&out);
    return 0;
}

static int set_unix(struct question *q, const struct config_object *o, struct err *err)
{
    (void)err;
    q->target = arena_printf(q->arena, "unix://%s", text(q, o, "path"));
    return 0;
}

static int set_exec(struct question *q, const struct config_object *o, struct err *err)
{
    struct buf list = BUF(MEM_APP, 0);
    buf_append_cstr(&list, "exec:");
    json_value_write(&list, value_get(o->value, SLICE("argv")), 0, NULL);
    q->target = kept(q, buf_slice(&list));
    buf_done(&list);
    return set_json(q, o, err);
}

static int set_chain(struct question *q, const struct config_object *o, struct err *err);

static const struct {
    const char *key;
    set_fn *set;
} kinds[] = {
    {"tcp", set_tcp},     {"http", set_http},         {"tls", set_tls},
    {"dns", set_dns},     {"exec", set_exec},         {"unix", set_unix},
    {"icmp", set_icmp},   {"grpc", set_grpc},         {"redis", set_redis},
    {"ntp", set_ntp},     {"postgres", set_postgres}, {"web_socket", set_web_socket},
    {"ssh", set_ssh},     {"chain", set_chain},
};

/* What the object asks. -EOPNOTSUPP: no kind that a prober knows. */
static int set_choice(struct question *q, const struct config_object *from, struct err *err)
{
    const struct schema_field *choice = config_choice(from);
    for (size_t i = 0; choice && i < ARRAY_LEN(kinds); i++) {
        struct config_object o = config_struct(from, choice->key);
        if (strcmp(kinds[i].key, choice->key) == 0)
            return kinds[i].set(q, &o, err);
    }
    return -EOPNOTSUPP;
}

/* ---- chains ---- */

static int set_captures(struct question *q, const struct config_object *step, struct err *err)
{
    struct probe_spec *spec = q->spec;
    struct probe_capture *list =
        arena_alloc_array(q->arena, PROBE_CAPTURES_MAX, sizeof(*list));
    spec->captures = list;
    for (const struct value *v = NULL; (v = config_next(step, "capture", v));) {
        struct slice name = slice_from(arena_strdup(q->arena, value_key(v)));
        struct slice how = slice_from(arena_strdup(q->arena, v->text));
        if (spec->capture_count == PROBE_CAPTURES_MAX)
            return err_set(err, -EINVAL, "capture: more than %d of them", PROBE_CAPTURES_MAX);
        if (probe_capture_from(name, how, q->arena, &list[spec->capture_count], err) < 0)
            return err_wrap(err, "capture");
        spec->capture_count++;
    }
    return 0;
}

static int set_step(struct question *q, const struct config_object *o, struct err *err)
{
    struct probe_step *s = &q->chain->steps[q->chain->count++];
    struct question own = {.arena = q->arena, .spec = &s->spec};
    s->spec = (struct probe_spec){.timeout_ns = q->spec->timeout_ns, .method = "GET"};
    int r = set_captures(&own, o, err);
    if (r == 0)
        r = set_choice(&own, o, err);
    s->target = slice_from(own.target);
    return r;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* The roots are read once for a chain: its steps must agree on them. */
static int share_trust(struct question *q, struct err *err)
{
    const struct probe_spec *first = NULL;
    for (uint32_t i = 0; i < q->chain->count; i++) {
        const struct probe_step *s = &q->chain->steps[i];
        bool tls = slice_starts_with(s->target, SLICE("https:")) ||
                   slice_starts_with(s->target, SLICE("h2:")) ||
                   slice_starts_with(s->target, SLICE("grpcs:")) ||
                   slice_starts_with(s->target, SLICE("wss:")) ||
                   slice_starts_with(s->target, SLICE("tls:"));
        if (!tls)
            continue;
        first = first ? first : &s->spec;
        if (!same_text(first->ca_file, s->spec.ca_file) || first->insecure != s->spec.insecure)
            return err_set(err, -EINVAL, "steps: ca_file and insecure are the same in all of a "
                           "chain's steps with TLS");
    }
    if (first) {
        q->spec->ca_file = first->ca_file;
        q->spec->insecure = first->insecure;
    }
    return 0;
}

static int set_chain(struct question *q, const struct config_object *o, struct err *err)
{
    struct config_object step = {0};
    int r = 0;
    q->chain = arena_new(q->arena, struct probe_chain);
    q->chain->steps =
        arena_alloc_array(q->arena, PROBE_STEPS_MAX, sizeof(q->chain->steps[0]));
    while (r == 0 && config_next_object(o, "steps", &step)) {
        if (q->chain->count == PROBE_STEPS_MAX)
            return err_set(err, -EINVAL, "steps: more than %d of them", PROBE_STEPS_MAX);
        r = set_step(q, &step, err);
        if (r < 0 && err->code)
            err_wrap(err, "step %u", q->chain->count);
    }
    return r < 0 ? r : share_trust(q, err);
}

/* ---- the target ---- */

/* A path may hold what has a meaning in an expression. */
static int take_unix(struct declared_check *c, const struct config_object *o, struct err *err)
{
    const char *path = arena_strdup(&c->arena, config_string(o, "path"));
    struct rt_addr address;
    c->probe = (struct probe_target){
        .kind = PROBE_UNIX, .name = slice_from(c->target), .host = slice_from(path)};
    int r = rt_addr_unix(slice_from(path), &address);
    return r < 0 ? err_sys(err, r, "path") : 0;
}

/* A program's words are no expression, and may be longer than one. */
static int take_exec(struct declared_check *c, const struct config_object *o, struct err *err)
{
    struct buf shown = BUF(MEM_APP, 0);
    struct slice *argv = arena_alloc_array(&c->arena, PROBE_ARGV_MAX, sizeof(*argv));
    int r = 0;
    c->probe = (struct probe_target){.kind = PROBE_EXEC, .argv = argv};
    buf_append_cstr(&shown, "exec:");
    for (const struct value *v = NULL; r == 0 && (v = config_next(o, "argv", v));) {
        if (c->probe.argc == PROBE_ARGV_MAX) {
            r = err_set(err, -EINVAL, "argv: more than %d words", PROBE_ARGV_MAX);
            break;
        }
        argv[c->probe.argc++] = slice_from(arena_strdup(&c->arena, v->text));
        buf_printf(&shown, "%s%.*s", c->probe.argc > 1 ? " " : "", SLICE_ARG(v->text));
    }
    c->target = arena_strdup(&c->arena, buf_slice(&shown));
    c->probe.name = slice_from(c->target);
    buf_done(&shown);
    return r;
}

static int take_expression(struct declared_check *c, const struct question *q, struct err *err)
{
    struct target_slot *slot = arena_new(&c->arena, struct target_slot);
    c->targets = target_set_new();
    int r = q->chain ? target_set_add_chain(c->targets, q->chain, err)
                     : target_set_add(c->targets, slice_from(q->target), err);
    if (r < 0)
        return r;
    target_set_get(c->targets, 0, slot);
    c->probe = slot->target;
    c->target = arena_strdup(&c->arena, c->probe.name);
    return 0;
}

static int take_local(struct declared_check *c, const char *choice, const struct config_object *o,
                      struct err *err)
{
    int r = local_spec_make(choice, o, &c->arena, &c->local, &c->target, err);
    c->is_local = r == 0;
    c->local.timeout_ns = c->spec->timeout_ns;
    c->local.hold_ns = c->every_ns; /* so long a log must be free of lines that match */
    return r;
}

static int take_query(struct declared_check *c, const struct config_object *o, struct err *err)
{
    c->target = arena_strdup(&c->arena, config_string(o, "query"));
    return query_check_new(c->target, c->asset, &c->query, err);
}

/* What the network does to others is nothing to it. */
static bool stays_here(const struct declared_check *c)
{
    const struct probe_target *t = &c->probe;
    if (c->is_local || c->query || t->kind == PROBE_UNIX || t->kind == PROBE_EXEC)
        return true;
    if (c->chain)
        return false;
    return (t->is_ipv4 && t->ipv4 >> 24 == 127) || slice_eq_cstr(t->host, "localhost") ||
           slice_starts_with(t->host, SLICE("127.")) || slice_eq_cstr(t->host, "::1");
}

static int take_choice(struct declared_check *c, const struct config_object *check, struct err *err)
{
    const struct schema_field *choice = config_choice(check);
    struct question q = {.arena = &c->arena, .spec = c->spec};
    c->kind = choice ? choice->key : "";
    c->target = "";
    struct config_object o = {0};
    if (choice)
        o = config_struct(check, choice->key);
    if (choice && strcmp(choice->key, "expr") == 0)
        return take_query(c, &o, err);
    int r = choice ? take_local(c, choice->key, &o, err) : -EOPNOTSUPP;
    if (r != -EOPNOTSUPP)
        return r;
    r = set_choice(&q, check, err);
    c->chain = q.chain;
    if (r < 0)
        return r;
    c->target = q.target;
    if (strcmp(choice->key, "unix") == 0)
        return take_unix(c, &o, err);
    if (strcmp(choice->key, "exec") == 0)
        return take_exec(c, &o, err);
    return take_expression(c, &q, err);
}

/* ---- what every check has ---- */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void set_common(struct declared_check *c, const struct config_object *o)
{
    struct slice severity = config_string(o, "severity");
    const char *asset = arena_strdup(&c->arena, config_string(o, "asset"));
    const char *slash = strchr(asset, '/');
    c->name = arena_strdup(&c->arena, config_string(o, "name"));
    c->namespace_ = arena_strdup(&c->arena, config_string(o, "namespace"));
    c->asset = slash ? slash + 1 : asset;
    c->asset_namespace = c->namespace_;
    if (slash)
        c->asset_namespace =
            arena_strdup(&c->arena, (struct slice){asset, (size_t)(slash - asset)});
    c->every_ns = config_duration(o, "every");
    c->every_failed_ns = least(config_duration(o, "every_failed"), c->every_ns);
    c->for_ns = config_duration(o, "for");
    c->fail = (uint32_t)config_int(o, "fail");
    c->pass = (uint32_t)config_int(o, "pass");
    c->observers = (uint32_t)config_int(o, "observers");
    c->agree = (uint32_t)config_int(o, "agree");
    c->severity = slice_eq(severity, SLICE("degraded")) ? SAMPLE_DEGRADED
                  : slice_eq(severity, SLICE("failed")) ? SAMPLE_FAILED
                                                        : SAMPLE_SEVERITY_DEFAULT;
    c->retries = (uint32_t)config_int(o, "retries");
    *c->spec = (struct probe_spec){
        .timeout_ns = least(config_duration(o, "timeout"), c->every_ns),
        .retries = c->retries,
        .method = "GET",
    };
}

int declared_check_new(const struct config_object *check, const char *definition,
                       struct declared_check **ret, struct err *err)
{
    struct declared_check *c = mem_alloc(MEM_APP, sizeof(*c));
    c->arena = ARENA_SMALL(MEM_APP);
    c->spec = mem_alloc(MEM_APP, sizeof(*c->spec));
    c->definition = arena_strdup(&c->arena, slice_from(definition));
    set_common(c, check);
    *ret = c;
    int r = take_choice(c, check, err);
    c->stays_here = r == 0 && stays_here(c);
    return r;
}

void declared_check_forget_spec(struct declared_check *c)
{
    if (c->spec)
        probe_spec_done(c->spec);
    mem_free(MEM_APP, c->spec);
    c->spec = NULL;
}

void declared_check_free(struct declared_check *c)
{
    if (!c)
        return;
    declared_check_forget_spec(c);
    query_check_free(c->query);
    observe_pattern_free((struct pcre2_real_code_8 *)(uintptr_t)c->local.pattern);
    if (c->chain)
        probe_chain_done(c->chain);
    target_set_free(c->targets);
    arena_done(&c->arena);
    mem_free(MEM_APP, c);
}
