#include "net/http_request.h"

#include <errno.h>
#include <stdio.h>

#include "wire/base64.h"

const struct http1_field *http_request_field(const struct http_request *q, const char *name)
{
    for (uint32_t i = 0; i < q->field_count; i++)
        if (slice_eq_nocase(q->fields[i].name, slice_from(name)))
            return &q->fields[i];
    return NULL;
}

static bool is_one_of(struct slice name, const char *const *words)
{
    for (; *words; words++)
        if (slice_eq_nocase(name, slice_from(*words)))
            return true;
    return false;
}

/* Whether this hop sends that field of the caller's. */
static bool is_sent(const struct http_hop *hop, struct slice name)
{
    static const char *const of_origin[] = {"Authorization", "Cookie", "Proxy-Authorization",
                                            "Host", NULL};
    static const char *const of_body[] = {
        "Content-Type", "Content-Encoding", "Content-Language", "Content-Location", "Expect", NULL};
    if (hop->is_foreign && is_one_of(name, of_origin))
        return false;
    return hop->has_body || !is_one_of(name, of_body);
}

static bool is_replaced(const struct http_hop *hop, const char *name)
{
    return http_request_field(hop->request, name) && is_sent(hop, slice_from(name));
}

static int put_default(const struct http_hop *hop, const char *name, struct slice value,
                       struct buf *out, struct err *err)
{
    return is_replaced(hop, name) ? 0 : http1_put_field(out, slice_from(name), value, err);
}

static int put_host(const struct http_hop *hop, struct buf *out)
{
    const struct url *u = hop->url;
    uint16_t usual = slice_eq_nocase(u->scheme, SLICE("https")) ? 443 : 80;
    struct slice host = u->host;
    if (is_replaced(hop, "Host"))
        return 0;
    if (u->host_is_ipv6)
        host = slice_cut(&host, '%'); /* a scope means something on our host only */
    /* The URL's reader has let no byte through that has no place in a line. */
    int r = buf_append_slice(out, u->host_is_ipv6 ? SLICE("Host: [") : SLICE("Host: "));
    if (r == 0)
        r = buf_append_slice(out, host);
    if (r == 0 && u->host_is_ipv6)
        r = buf_append_byte(out, ']');
    if (r == 0 && u->port != usual)
        r = buf_append_byte(out, ':');
    if (r == 0 && u->port != usual)
        r = buf_append_u64(out, u->port);
    return r == 0 ? buf_append_slice(out, SLICE("\r\n")) : r;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void decode_percent(struct slice s, struct buf *out)
{
    for (size_t i = 0; i < s.size; i++) {
        int high = s.data[i] == '%' && i + 2 < s.size ? hex_digit(s.data[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(s.data[i + 2]) : -1;
        buf_append_byte(out, low >= 0 ? (char)(high * 16 + low) : s.data[i]);
        i += low >= 0 ? 2 : 0;
    }
}

/* "user:password@" of the URL (RFC 7617). */
static int put_basic(const struct http_hop *hop, struct buf *out, struct err *err)
{
    struct slice info = hop->url->userinfo;
    if (info.size == 0)
        return 0;
    struct buf plain = BUF(MEM_NET, URL_BYTES_MAX), value = BUF(MEM_NET, URL_BYTES_MAX * 2);
    decode_percent(info, &plain);
    if (slice_find_byte(info, ':') < 0)
        buf_append_byte(&plain, ':');
    int r = buf_append_cstr(&value, "Basic ");
    if (r == 0)
        r = base64_encode(buf_slice(&plain), BASE64_STD, BASE64_PADDED, &value);
    if (r == 0)
        r = put_default(hop, "Authorization", buf_slice(&value), out, err);
    buf_done(&plain);
    buf_done(&value);
    return r;
}

static int put_length(const struct http_hop *hop, struct buf *out, struct err *err)
{
    static const char *const with_body[] = {"POST", "PUT", "PATCH", NULL};
    char text[24];
    size_t size = hop->has_body ? hop->request->body.size : 0;
    if (size == 0 && !is_one_of(hop->method, with_body))
        return 0;
    snprintf(text, sizeof(text), "%zu", size);
    return http1_put_field(out, SLICE("Content-Length"), slice_from(text), err);
}

static int put_fields(const struct http_hop *hop, struct buf *out, struct err *err)
{
    static const char *const ours[] = {"Content-Length", "Transfer-Encoding", NULL};
    const struct http_request *q = hop->request;
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < q->field_count; i++) {
        struct slice name = q->fields[i].name;
        if (is_one_of(name, ours))
            return err_set(err, -EINVAL, "the field %.*s follows from the body", SLICE_ARG(name));
        if (is_sent(hop, name))
            r = http1_put_field(out, name, q->fields[i].value, err);
    }
    return r;
}

/* What a proxy is asked for is the whole URL, without user and fragment. */
static int put_proxy_line(const struct http_hop *hop, struct buf *out, struct err *err)
{
    const struct url *u = hop->url;
    struct buf whole = BUF(MEM_NET, URL_BYTES_MAX * 2);
    bool rooted = u->target.size && u->target.data[0] == '/';
    int r = buf_printf(&whole, u->host_is_ipv6 ? "http://[%.*s]:%u%s%.*s" : "http://%.*s:%u%s%.*s",
                       SLICE_ARG(u->host), u->port, rooted ? "" : "/", SLICE_ARG(u->target));
    if (r == 0)
        r = http1_put_request(out, hop->method, buf_slice(&whole), err);
    buf_clear(&whole);
    if (r == 0 && hop->proxy->userinfo.size) {
        proxy_authorization(hop->proxy, &whole);
        r = http1_put_field(out, SLICE("Proxy-Authorization"), buf_slice(&whole), err);
    }
    buf_done(&whole);
    return r;
}

static int put_line(const struct http_hop *hop, struct buf *out, struct err *err)
{
    if (hop->proxy)
        return put_proxy_line(hop, out, err);
    struct slice target = hop->url->target;
    if (target.size && target.data[0] == '/')
        return http1_put_request(out, hop->method, target, err);
    struct buf rooted = BUF(MEM_NET, URL_BYTES_MAX + 1);
    int r = buf_append_byte(&rooted, '/');
    if (r == 0)
        r = buf_append_slice(&rooted, target);
    if (r == 0)
        r = http1_put_request(out, hop->method, buf_slice(&rooted), err);
    buf_done(&rooted);
    return r;
}

int http_request_put(const struct http_hop *hop, struct buf *out, struct err *err)
{
    int r = put_line(hop, out, err);
    if (r == 0)
        r = put_host(hop, out);
    if (r == 0)
        r = put_default(hop, "User-Agent", SLICE("firebreak"), out, err);
    if (r == 0)
        r = put_default(hop, "Accept", SLICE("*/*"), out, err);
    if (r == 0)
        r = put_default(hop, "Accept-Encoding", SLICE("identity"), out, err);
    if (r == 0 && hop->close)
        r = put_default(hop, "Connection", SLICE("close"), out, err);
    if (r == 0)
        r = put_basic(hop, out, err);
    if (r == 0)
        r = put_length(hop, out, err);
    if (r == 0)
        r = put_fields(hop, out, err);
    if (r == 0)
        r = http1_put_end(out);
    if (r == -EMSGSIZE)
        return err_set(err, -EINVAL, "the request's head is longer than %zu bytes", out->size_max);
    return r;
}
