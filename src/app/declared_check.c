#include "app/declared_check.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "wire/jsonpath.h"

static const char *text(struct declared_check *c, const struct config_object *o, const char *key)
{
    struct slice s = config_string(o, key);
    return s.size ? arena_strdup(&c->arena, s) : NULL;
}

/* ---- targets ---- */

static int parse_target(struct declared_check *c, const char *expression, struct err *err)
{
    struct target_slot *slot = arena_new(&c->arena, struct target_slot);
    c->targets = target_set_new();
    c->target = expression;
    int r = target_set_add(c->targets, slice_from(expression), err);
    if (r < 0)
        return r;
    target_set_get(c->targets, 0, slot);
    c->probe = slot->target;
    return 0;
}

static int set_tcp(struct declared_check *c, const struct config_object *o, struct err *err)
{
    return parse_target(c, text(c, o, "target"), err);
}

static void set_trust(struct declared_check *c, const struct config_object *o)
{
    c->spec.ca_file = text(c, o, "ca_file");
    c->spec.server_name = text(c, o, "server_name");
    c->spec.insecure = config_bool(o, "insecure");
}

static int set_tls(struct declared_check *c, const struct config_object *o, struct err *err)
{
    set_trust(c, o);
    c->spec.days_left_min = config_int(o, "days_left");
    return parse_target(c, arena_printf(&c->arena, "tls://%s", text(c, o, "target")), err);
}

static int set_json(struct declared_check *c, const struct config_object *o, struct err *err)
{
    for (const struct value *v = NULL; (v = config_next(o, "json", v));) {
        struct jsonpath *path;
        const char *key = arena_strdup(&c->arena, value_key(v));
        if (c->spec.json_count == PROBE_JSON_MAX)
            return err_set(err, -EINVAL, "json: more than %d of them", PROBE_JSON_MAX);
        if (jsonpath_parse(slice_from(key), &c->arena, &path, err) < 0)
            return err_wrap(err, "json");
        c->spec.json[c->spec.json_count++] = (struct probe_json_check){
            slice_from(key), slice_from(arena_strdup(&c->arena, v->text)), path};
    }
    return 0;
}

static int set_headers(struct declared_check *c, const struct config_object *o, struct err *err)
{
    for (const struct value *v = NULL; (v = config_next(o, "header", v));) {
        if (c->spec.header_count == PROBE_HEADERS_MAX)
            return err_set(err, -EINVAL, "header: more than %d of them", PROBE_HEADERS_MAX);
        c->spec.headers[c->spec.header_count++] =
            (struct probe_header){slice_from(arena_strdup(&c->arena, value_key(v))),
                                  slice_from(arena_strdup(&c->arena, v->text))};
    }
    return 0;
}

static void set_status(struct declared_check *c, const struct config_object *o)
{
    struct buf all = BUF(MEM_APP, 0);
    for (const struct value *v = NULL; (v = config_next(o, "status", v));)
        buf_printf(&all, "%s%.*s", all.size ? "," : "", SLICE_ARG(v->text));
    c->spec.status = slice_from(arena_strdup(&c->arena, buf_slice(&all)));
    buf_done(&all);
}

static int set_http(struct declared_check *c, const struct config_object *o, struct err *err)
{
    const char *body = text(c, o, "body");
    set_trust(c, o);
    set_status(c, o);
    c->spec.method = text(c, o, "method");
    c->spec.redirects = (uint32_t)config_int(o, "redirects");
    int r = set_headers(c, o, err);
    if (r == 0)
        r = set_json(c, o, err);
    if (r == 0 && body && observe_pattern_new(body, &c->spec.body, err) < 0)
        r = err_wrap(err, "body");
    return r < 0 ? r : parse_target(c, text(c, o, "url"), err);
}

static int set_dns(struct declared_check *c, const struct config_object *o, struct err *err)
{
    const char *server = text(c, o, "server");
    uint32_t count = 0;
    for (const struct value *v = NULL; (v = config_next(o, "want", v));)
        count++;
    c->want = arena_alloc_array(&c->arena, count + 1, sizeof(*c->want));
    for (const struct value *v = NULL; (v = config_next(o, "want", v));)
        c->want[c->want_count++] = arena_strdup(&c->arena, v->text);
    return parse_target(c,
                        arena_printf(&c->arena, "dns://%s/%s?type=%s", server ? server : "",
                                     text(c, o, "name"), text(c, o, "type")),
                        err);
}

static int set_unix(struct declared_check *c, const struct config_object *o, struct err *err)
{
    const char *path = text(c, o, "path");
    struct rt_addr address;
    c->target = arena_printf(&c->arena, "unix://%s", path);
    c->probe = (struct probe_target){
        .kind = PROBE_UNIX, .name = slice_from(c->target), .host = slice_from(path)};
    int r = rt_addr_unix(slice_from(path), &address);
    return r < 0 ? err_sys(err, r, "path") : 0;
}

static int set_exec(struct declared_check *c, const struct config_object *o, struct err *err)
{
    struct buf shown = BUF(MEM_APP, 0);
    uint32_t count = 0;
    for (const struct value *v = NULL; (v = config_next(o, "argv", v));)
        count++;
    if (count > PROBE_ARGV_MAX)
        return err_set(err, -EINVAL, "argv: more than %d words", PROBE_ARGV_MAX);
    struct slice *argv = arena_alloc_array(&c->arena, count + 1, sizeof(*argv));
    c->probe = (struct probe_target){.kind = PROBE_EXEC, .argv = argv};
    buf_append_cstr(&shown, "exec:");
    for (const struct value *v = NULL; (v = config_next(o, "argv", v));) {
        argv[c->probe.argc++] = slice_from(arena_strdup(&c->arena, v->text));
        buf_printf(&shown, "%s%.*s", c->probe.argc > 1 ? " " : "", SLICE_ARG(v->text));
    }
    c->target = arena_strdup(&c->arena, buf_slice(&shown));
    c->probe.name = slice_from(c->target);
    buf_done(&shown);
    return set_json(c, o, err);
}

static const struct {
    const char *key;
    int (*set)(struct declared_check *c, const struct config_object *o, struct err *err);
} kinds[] = {
    {"tcp", set_tcp}, {"http", set_http}, {"tls", set_tls},
    {"dns", set_dns}, {"exec", set_exec}, {"unix", set_unix},
};

static int set_choice(struct declared_check *c, const struct config_object *check, struct err *err)
{
    const struct schema_field *choice = config_choice(check);
    c->kind = choice ? choice->key : "";
    c->target = "";
    for (size_t i = 0; choice && i < ARRAY_LEN(kinds); i++) {
        struct config_object o = config_struct(check, choice->key);
        if (strcmp(kinds[i].key, choice->key) == 0)
            return kinds[i].set(c, &o, err);
    }
    return -EOPNOTSUPP;
}

/* ---- what every check has ---- */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void set_common(struct declared_check *c, const struct config_object *o)
{
    struct slice severity = config_string(o, "severity");
    const char *asset = text(c, o, "asset"), *slash = strchr(asset, '/');
    c->name = text(c, o, "name");
    c->namespace_ = text(c, o, "namespace");
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
    c->severity = slice_eq(severity, SLICE("degraded")) ? SAMPLE_DEGRADED
                  : slice_eq(severity, SLICE("failed")) ? SAMPLE_FAILED
                                                        : SAMPLE_SEVERITY_DEFAULT;
    c->spec = (struct probe_spec){
        .timeout_ns = least(config_duration(o, "timeout"), c->every_ns),
        .retries = (uint32_t)config_int(o, "retries"),
        .method = "GET",
    };
}

int declared_check_new(const struct config_object *check, const char *definition,
                       struct declared_check **ret, struct err *err)
{
    struct declared_check *c = mem_alloc(MEM_APP, sizeof(*c));
    c->arena = ARENA(MEM_APP, 0);
    c->definition = arena_strdup(&c->arena, slice_from(definition));
    set_common(c, check);
    *ret = c;
    return set_choice(c, check, err);
}

void declared_check_free(struct declared_check *c)
{
    if (!c)
        return;
    observe_pattern_free(c->spec.body);
    target_set_free(c->targets);
    arena_done(&c->arena);
    mem_free(MEM_APP, c);
}

void declared_check_judge(const struct declared_check *c, struct probe_result *r)
{
    for (uint32_t i = 0; i < c->want_count && r->reason == REASON_OK; i++) {
        uint32_t k = 0;
        while (k < r->answer_count && strcmp(r->answers[k], c->want[i]) != 0)
            k++;
        if (k == r->answer_count)
            probe_result_fail(r, REASON_DNS_ANSWER, "the answer lacks %.100s", c->want[i]);
    }
}
