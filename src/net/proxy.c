#include "net/proxy.h"

#include <errno.h>

#include "wire/base64.h"
#include "wire/http1.h"

/* ---- which ---- */

static bool ends_with_name(struct slice host, struct slice name)
{
    if (name.size && name.data[0] == '.')
        name = slice_sub(name, 1, name.size);
    if (name.size == 0 || host.size < name.size)
        return false;
    size_t at = host.size - name.size;
    return slice_eq_nocase(slice_sub(host, at, host.size), name) &&
           (at == 0 || host.data[at - 1] == '.');
}

static bool in_prefix(const struct rt_addr *a, struct slice text)
{
    struct slice bits_text = text, ip = slice_cut(&bits_text, '/');
    struct rt_addr p;
    uint64_t bits;
    if (rt_addr_parse_ip(ip, 0, &p) < 0 || p.family != a->family)
        return false;
    bool v6 = p.family == AF_INET6;
    const uint8_t *one = v6 ? a->in6.sin6_addr.s6_addr : (const uint8_t *)&a->in.sin_addr;
    const uint8_t *two = v6 ? p.in6.sin6_addr.s6_addr : (const uint8_t *)&p.in.sin_addr;
    if (!bits_text.data)
        bits = v6 ? 128 : 32;
    else if (slice_to_u64(bits_text, v6 ? 128 : 32, &bits) < 0)
        return false;
    for (uint64_t i = 0; i < bits; i++)
        if ((one[i / 8] ^ two[i / 8]) >> (7 - i % 8) & 1)
            return false;
    return true;
}

/* An item may end in ":port", and is then for that port only. */
static bool matches(struct slice item, struct slice host, const struct rt_addr *ip, uint16_t port)
{
    struct slice name = item, port_text;
    ptrdiff_t colon = slice_find_byte(item, ':');
    struct rt_addr a;
    uint64_t wanted;
    if (slice_eq_cstr(item, "*"))
        return true;
    if (rt_addr_parse(item, &a) == 0) { /* 1.2.3.4:80, [::1]:80 */
        rt_addr_set_port(&a, 0);
        struct rt_addr only;
        return ip && rt_addr_parse(item, &only) == 0 && rt_addr_port(&only) == port &&
               rt_addr_eq(&a, ip);
    }
    if (ip)
        return in_prefix(ip, item);
    if (colon >= 0) {
        name = slice_sub(item, 0, (size_t)colon);
        port_text = slice_sub(item, (size_t)colon + 1, item.size);
        if (slice_to_u64(port_text, UINT16_MAX, &wanted) < 0 || wanted != port)
            return false;
    }
    return ends_with_name(host, name);
}

static bool is_excluded(const char *list, struct slice host, uint16_t port)
{
    struct slice rest = slice_from(list);
    struct rt_addr ip;
    bool is_ip = rt_addr_parse_ip(host, 0, &ip) == 0;
    if (host.size && host.data[host.size - 1] == '.')
        host.size--; /* the root's dot */
    while (rest.data) {
        struct slice item = slice_trim(slice_cut(&rest, ','));
        if (item.size && matches(item, host, is_ip ? &ip : NULL, port))
            return true;
    }
    return false;
}

/* Without a scheme it is HTTP. The URL's parser wants one, so that we look behind it ourselves. */
static int parse_proxy(struct slice text, struct url *ret, struct err *err)
{
    struct slice authority = text;
    ptrdiff_t scheme = slice_find(text, SLICE("://"));
    if (scheme >= 0 && !slice_eq_nocase(slice_sub(text, 0, (size_t)scheme), SLICE("http")))
        return err_set(err, -EINVAL, "a proxy is http://HOST:PORT, and no %.*s://", (int)scheme,
                       text.data);
    if (scheme >= 0)
        authority = slice_sub(text, (size_t)scheme + 3, text.size);
    return url_parse_authority(authority, ret, err);
}

int proxy_choose(const struct proxy_settings *s, bool tls, struct slice host, uint16_t port,
                 struct url *ret_proxy, struct err *err)
{
    const char *text = !s ? NULL : tls ? s->https : s->http;
    struct url u;
    if (!text || !text[0] || (s->none && is_excluded(s->none, host, port)))
        return 0;
    if (parse_proxy(slice_from(text), &u, err) < 0)
        return err_wrap(err, "%s", tls ? "https_proxy" : "http_proxy");
    if (u.port == 0)
        u.port = PROXY_PORT;
    *ret_proxy = u;
    return 1;
}

/* ---- through it ---- */

void proxy_authorization(const struct url *proxy, struct buf *out)
{
    struct buf plain = BUF(MEM_NET, 0);
    if (url_decode(proxy->userinfo, &plain) < 0)
        buf_append_slice(&plain, proxy->userinfo);
    if (slice_find_byte(proxy->userinfo, ':') < 0)
        buf_append_byte(&plain, ':');
    buf_append_cstr(out, "Basic ");
    base64_encode(buf_slice(&plain), BASE64_STD, BASE64_PADDED, out);
    buf_done(&plain);
}

static int ask(struct stream *s, const struct url *proxy, struct slice host, uint16_t port,
               rt_time deadline)
{
    struct buf out = BUF(MEM_NET, 0);
    bool v6 = slice_find_byte(host, ':') >= 0;
    const char *open = v6 ? "[" : "", *close = v6 ? "]" : "";
    buf_printf(&out,
               "CONNECT %s%.*s%s:%u HTTP/1.1\r\nHost: %s%.*s%s:%u\r\nUser-Agent: firebreak\r\n",
               open, SLICE_ARG(host), close, port, open, SLICE_ARG(host), close, port);
    if (proxy->userinfo.size) {
        buf_append_cstr(&out, "Proxy-Authorization: ");
        proxy_authorization(proxy, &out);
        buf_append_cstr(&out, "\r\n");
    }
    buf_append_cstr(&out, "\r\n");
    int r = stream_write(s, out.data, out.size, deadline);
    buf_done(&out);
    return r;
}

/* Reads up to the head's end and not a byte further: what follows is the other side's. */
static int read_head(struct stream *s, struct buf *in, rt_time deadline)
{
    while (!slice_ends_with(buf_slice(in), SLICE("\r\n\r\n"))) {
        char c;
        ssize_t n = stream_read(s, &c, 1, deadline);
        if (n <= 0)
            return n == 0 ? -EPIPE : (int)n;
        if (buf_append_byte(in, c) < 0)
            return -EBADMSG;
        bool could_be = in->size > 5 || memcmp(in->data, "HTTP/", in->size) == 0;
        if (!could_be)
            return -EBADMSG;
    }
    return 0;
}

static int judge(struct slice head_text, struct err *err)
{
    static const struct http1_limits limits;
    struct http1_parser p;
    struct http1_head *head = mem_alloc(MEM_NET, sizeof(*head));
    http1_parser_response(&p, SLICE("CONNECT"), &limits);
    ptrdiff_t n = http1_parse(&p, head_text, head, err);
    uint16_t status = n > 0 ? head->status : 0;
    int r = 0;
    mem_free(MEM_NET, head);
    if (n <= 0)
        r = err_set(err, -EBADMSG, "its answer to CONNECT is no HTTP");
    else if (status < 200 || status > 299)
        r = err_set(err, -EACCES, "CONNECT: status %d %s", status, http1_status_words(status));
    return r;
}

int proxy_tunnel(struct stream *s, const struct url *proxy, struct slice host, uint16_t port,
                 struct err *err, rt_time deadline)
{
    struct buf in = BUF(MEM_NET, PROXY_HEAD_BYTES_MAX);
    int r = ask(s, proxy, host, port, deadline);
    if (r == 0)
        r = read_head(s, &in, deadline);
    if (r == 0)
        r = judge(buf_slice(&in), err);
    else if (r == -EBADMSG)
        err_set(err, r, "its answer to CONNECT is no HTTP");
    else
        err_sys(err, r, "CONNECT");
    buf_done(&in);
    return r;
}
