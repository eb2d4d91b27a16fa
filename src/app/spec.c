#include "app/spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "observe/observe.h"
#include "wire/http1.h"
#include "wire/jsonpath.h"

#define TIMEOUT_NS      INT64_C(2000000000)
#define EVERY_FAILED_NS INT64_C(1000000000)

enum { METHOD_BYTES_MAX = 64, SERVER_NAME_BYTES_MAX = 253 };

/* These are not the caller's to say: a body's length and coding follow from the body. */
static bool is_framing(struct slice name)
{
    return slice_eq_nocase(name, SLICE("Content-Length")) ||
           slice_eq_nocase(name, SLICE("Transfer-Encoding"));
}

static int take_header(struct probe_spec *s, const char *text, size_t *used, struct err *err)
{
    struct slice value = slice_from(text), name = slice_cut(&value, ':');
    if (!value.data || !http1_is_token(name))
        return err_set(err, -EINVAL, "--header: '%.80s' is no header: write NAME:VALUE", text);
    value = slice_trim(value);
    if (!http1_is_text(value))
        return err_set(err, -EINVAL, "--header: the value of '%.*s' holds a control byte",
                       SLICE_ARG(name));
    if (is_framing(name))
        return err_set(err, -EINVAL, "--header: %.*s follows from the body", SLICE_ARG(name));
    *used += name.size + value.size;
    if (s->header_count == PROBE_HEADERS_MAX || *used > PROBE_HEADERS_BYTES_MAX)
        return err_set(err, -EINVAL, "--header: more than %d of them, or than %d bytes",
                       PROBE_HEADERS_MAX, PROBE_HEADERS_BYTES_MAX);
    s->headers[s->header_count++] = (struct probe_header){name, value};
    return 0;
}

static int check_method(const char *method, struct err *err)
{
    if (!http1_is_token(slice_from(method)))
        return err_set(err, -EINVAL, "--method: '%.80s' is no method", method);
    if (strlen(method) > METHOD_BYTES_MAX)
        return err_set(err, -EINVAL, "--method: longer than %d bytes", METHOD_BYTES_MAX);
    if (strcmp(method, "CONNECT") == 0)
        return err_set(err, -EINVAL, "--method: CONNECT is for proxies, which are not probed");
    return 0;
}

/* An empty one would not be looked for in the certificate at all. */
static int check_server_name(const char *name, struct err *err)
{
    size_t size = strlen(name);
    bool visible = size > 0 && size <= SERVER_NAME_BYTES_MAX;
    for (size_t i = 0; i < size && visible; i++)
        visible = name[i] > 0x20 && name[i] < 0x7F;
    return visible ? 0
                   : err_set(err, -EINVAL, "--server-name: '%.80s' is no name: 1 to %d bytes of "
                             "visible ASCII", name, SERVER_NAME_BYTES_MAX);
}

static int take_json(struct probe_spec *s, const char *text, struct arena *arena, struct err *err)
{
    struct probe_json_check c;
    struct jsonpath *path;
    if (jsonpath_split(slice_from(text), &c.path, &c.value) < 0)
        return err_set(err, -EINVAL, "--json: '%.80s' is no check: write PATH=VALUE, as in "
                       "$.status=up", text);
    if (jsonpath_parse(c.path, arena, &path, err) < 0)
        return err_wrap(err, "--json: '%.80s'", text);
    c.compiled = path;
    if (s->json_count == PROBE_JSON_MAX)
        return err_set(err, -EINVAL, "--json: more than %d of them", PROBE_JSON_MAX);
    s->json[s->json_count++] = c;
    return 0;
}

static int take_texts(const struct probe_options *o, struct arena *arena, struct probe_spec *s,
                      struct err *err)
{
    size_t used = 0;
    int r = check_method(o->method, err);
    if (r == 0 && o->server_name)
        r = check_server_name(o->server_name, err);
    if (r < 0)
        return r;
    if (o->data && strlen(o->data) > PROBE_DATA_BYTES_MAX)
        return err_set(err, -EINVAL, "--data: longer than %d bytes", PROBE_DATA_BYTES_MAX);
    if (o->host_key && observe_host_key_check(slice_from(o->host_key), err) < 0)
        return err_wrap(err, "--host-key");
    if (o->status && observe_status_check(slice_from(o->status), err) < 0)
        return err_wrap(err, "--status");
    if (o->body && observe_pattern_new(o->body, &s->body, err) < 0)
        return err_wrap(err, "--body: '%.80s'", o->body);
    for (uint32_t i = 0; i < o->headers.count && r == 0; i++)
        r = take_header(s, o->headers.items[i], &used, err);
    for (uint32_t i = 0; i < o->json.count && r == 0; i++)
        r = take_json(s, o->json.items[i], arena, err);
    return r;
}

/* As curl has it: HTTP_PROXY in capitals is a header of a CGI program's caller: not believed. */
static void take_proxies(struct probe_spec *s)
{
    const char *https = getenv("https_proxy"), *none = getenv("no_proxy");
    s->http_proxy = getenv("http_proxy");
    s->https_proxy = https ? https : getenv("HTTPS_PROXY");
    s->no_proxy = none ? none : getenv("NO_PROXY");
}

int probe_spec_from(const struct probe_options *o, struct arena *arena, struct probe_spec *ret,
                    struct err *err)
{
    int64_t timeout_ns = o->timeout_ns ? o->timeout_ns : TIMEOUT_NS;
    if (!o->timeout_ns && o->every_ns && o->every_ns < timeout_ns)
        timeout_ns = o->every_ns;
    *ret = (struct probe_spec){
        .timeout_ns = timeout_ns,
        .retries = (uint32_t)o->retries,
        .method = o->method,
        .status = slice_from(o->status),
        .redirects = (uint32_t)o->redirects,
        .ca_file = o->ca,
        .server_name = o->server_name,
        .insecure = o->insecure,
        .days_left_min = o->days_left,
        .reset = o->reset,
        .offset_max_ns = o->offset_max_ns,
        .host_key = slice_from(o->host_key),
        .data = slice_from(o->data),
    };
    take_proxies(ret);
    if (o->every_ns && timeout_ns > o->every_ns)
        return err_set(err, -EINVAL, "--timeout is longer than --every: probes of one target would "
                       "overlap");
    if (o->count && !o->every_ns)
        return err_set(err, -EINVAL, "--count needs --every: how long between two rounds?");
    if (o->every_failed_ns && !o->every_ns)
        return err_set(err, -EINVAL, "--every-failed needs --every: how long between two rounds?");
    if (o->every_failed_ns > o->every_ns)
        return err_set(err, -EINVAL, "--every-failed is longer than --every: a target that failed "
                       "is asked sooner, not later");
    return take_texts(o, arena, ret, err);
}

int64_t probe_every_failed(const struct probe_options *o)
{
    if (o->every_failed_ns || !o->every_ns)
        return o->every_failed_ns;
    return o->every_ns < EVERY_FAILED_NS ? o->every_ns : EVERY_FAILED_NS;
}

void probe_spec_done(struct probe_spec *s)
{
    observe_pattern_free(s->body);
    s->body = NULL;
}
