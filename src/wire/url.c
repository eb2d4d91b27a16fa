#include "wire/url.h"

#include <errno.h>
#include <string.h>

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int check_bytes(struct slice text, struct err *err)
{
    if (text.size > URL_BYTES_MAX)
        return err_set(err, -EINVAL, "the URL is longer than %d bytes", URL_BYTES_MAX);
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c <= 0x20 || c >= 0x7F)
            return err_set(err, -EINVAL, "byte %zu (0x%02x) must be percent-encoded", i + 1, c);
    }
    return 0;
}

/* Length of "scheme" in "scheme:", or 0. */
static size_t scheme_size(struct slice text)
{
    size_t n = 0;
    if (text.size == 0 || !is_alpha(text.data[0]))
        return 0;
    while (n < text.size && (is_alpha(text.data[n]) || is_digit(text.data[n]) ||
                             text.data[n] == '+' || text.data[n] == '-' || text.data[n] == '.'))
        n++;
    return n < text.size && text.data[n] == ':' ? n : 0;
}

static uint16_t default_port(struct slice scheme)
{
    static const struct {
        const char *scheme;
        uint16_t port;
    } usual[] = {{"http", 80}, {"https", 443}, {"ws", 80},
                 {"wss", 443}, {"h2c", 80},    {"h2", 443}};
    for (size_t i = 0; i < ARRAY_LEN(usual); i++)
        if (slice_eq_nocase(scheme, slice_from(usual[i].scheme)))
            return usual[i].port;
    return 0;
}

static int parse_port(struct slice text, struct url *u, struct err *err)
{
    uint64_t port;
    if (text.size == 0)
        return 0; /* "host:" is allowed, and means the default */
    if (slice_to_u64(text, UINT16_MAX, &port) < 0 || port == 0)
        return err_set(err, -EINVAL, "'%.*s' is no port: 1 to 65535", SLICE_ARG(text));
    u->port = (uint16_t)port;
    u->has_port = true;
    return 0;
}

static int parse_authority(struct slice text, struct url *u, struct err *err)
{
    size_t at = text.size;
    while (at > 0 && text.data[at - 1] != '@')
        at--;
    if (at > 0) {
        u->userinfo = slice_sub(text, 0, at - 1);
        text = slice_sub(text, at, text.size);
    }
    if (text.size && text.data[0] == '[') {
        ptrdiff_t close = slice_find_byte(text, ']');
        if (close < 0)
            return err_set(err, -EINVAL, "the ']' behind the IPv6 address is missing");
        u->host = slice_sub(text, 1, (size_t)close);
        u->host_is_ipv6 = true;
        text = slice_sub(text, (size_t)close + 1, text.size);
        if (text.size && text.data[0] != ':')
            return err_set(err, -EINVAL, "':PORT' or the path is expected behind ']'");
        return parse_port(slice_sub(text, 1, text.size), u, err);
    }
    struct slice port = text;
    u->host = slice_cut(&port, ':');
    if (u->host.size == 0)
        return err_set(err, -EINVAL, "the host is missing");
    return parse_port(port, u, err);
}

static void parse_rest(struct slice text, struct url *u)
{
    struct slice fragment = text;
    text = slice_cut(&fragment, '#');
    u->fragment = fragment.data ? fragment : (struct slice){0};
    u->target = text;
    struct slice query = text;
    u->path = slice_cut(&query, '?');
    u->query = query.data ? query : (struct slice){0};
}

static size_t authority_size(struct slice text)
{
    size_t end = 0;
    while (end < text.size && text.data[end] != '/' && text.data[end] != '?' &&
           text.data[end] != '#')
        end++;
    return end;
}

int url_parse_authority(struct slice text, struct url *ret_url, struct err *err)
{
    struct url u = {0};
    int r = check_bytes(text, err);
    size_t end = authority_size(text);
    if (r == 0)
        r = parse_authority(slice_sub(text, 0, end), &u, err);
    if (r < 0)
        return r;
    parse_rest(slice_sub(text, end, text.size), &u);
    *ret_url = u;
    return 0;
}

int url_parse(struct slice text, struct url *ret_url, struct err *err)
{
    struct url u = {0};
    int r = check_bytes(text, err);
    if (r < 0)
        return r;
    size_t n = scheme_size(text);
    if (n == 0 || !slice_starts_with(slice_sub(text, n, text.size), SLICE("://")))
        return err_set(err, -EINVAL, "no SCHEME://HOST in it");
    u.scheme = slice_sub(text, 0, n);
    u.port = default_port(u.scheme);
    text = slice_sub(text, n + 3, text.size);
    size_t end = authority_size(text);
    r = parse_authority(slice_sub(text, 0, end), &u, err);
    if (r < 0)
        return r;
    parse_rest(slice_sub(text, end, text.size), &u);
    *ret_url = u;
    return 0;
}

/* ---- references ---- */

/* Appends `path` without its dot segments (RFC 3986, 5.2.4). */
static int append_clean(struct buf *out, struct slice path)
{
    size_t root = out->size;
    while (path.size) {
        /* One segment, with the '/' before it. */
        size_t end = 1;
        while (end < path.size && path.data[end] != '/')
            end++;
        struct slice segment = slice_sub(path, 0, end);
        path = slice_sub(path, end, path.size);
        bool dot = slice_eq(segment, SLICE("/."));
        bool dots = slice_eq(segment, SLICE("/.."));
        if (dots)
            while (out->size > root && out->data[--out->size] != '/')
                ;
        int r = 0;
        if (!dot && !dots)
            r = buf_append_slice(out, segment);
        else if (path.size == 0)
            r = buf_append_byte(out, '/');
        if (r < 0)
            return r;
    }
    return 0;
}

static int append_origin(struct buf *out, const struct url *base)
{
    int r = buf_printf(out, "%.*s://", SLICE_ARG(base->scheme));
    if (r == 0)
        r = buf_printf(out, base->host_is_ipv6 ? "[%.*s]" : "%.*s", SLICE_ARG(base->host));
    if (r == 0 && base->has_port)
        r = buf_printf(out, ":%u", base->port);
    return r;
}

/* The base's path up to its last '/', then the reference's. */
static int append_merged(struct buf *out, const struct url *base, struct slice path)
{
    struct buf merged = BUF(MEM_WIRE, (size_t)URL_BYTES_MAX * 2);
    size_t keep = base->path.size;
    while (keep > 0 && base->path.data[keep - 1] != '/')
        keep--;
    int r = keep ? buf_append(&merged, base->path.data, keep) : buf_append_byte(&merged, '/');
    if (r == 0)
        r = buf_append_slice(&merged, path);
    if (r == 0)
        r = append_clean(out, buf_slice(&merged));
    buf_done(&merged);
    return r;
}

int url_resolve(const struct url *base, struct slice reference, struct buf *out)
{
    if (check_bytes(reference, NULL) < 0)
        return -EINVAL;
    if (scheme_size(reference))
        return buf_append_slice(out, reference);
    if (slice_starts_with(reference, SLICE("//")))
        return buf_printf(out, "%.*s:%.*s", SLICE_ARG(base->scheme), SLICE_ARG(reference));
    struct url ref = {0};
    parse_rest(reference, &ref);
    int r = append_origin(out, base);
    if (r == 0 && ref.path.size && ref.path.data[0] == '/')
        r = append_clean(out, ref.path);
    else if (r == 0 && ref.path.size)
        r = append_merged(out, base, ref.path);
    else if (r == 0)
        r = buf_append_slice(out, ref.query.data ? base->path : base->target);
    if (r == 0 && ref.query.data)
        r = buf_printf(out, "?%.*s", SLICE_ARG(ref.query));
    if (r == 0 && ref.fragment.data)
        r = buf_printf(out, "#%.*s", SLICE_ARG(ref.fragment));
    return r;
}

/* ---- parts ---- */

static int hex_digit(char c)
{
    if (is_digit(c))
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int url_decode(struct slice text, struct buf *out)
{
    size_t before = out->size;
    int r = 0;
    for (size_t i = 0; i < text.size && r == 0; i++) {
        char c = text.data[i];
        if (c == '%') {
            int high = text.size - i > 2 ? hex_digit(text.data[i + 1]) : -1;
            int low = text.size - i > 2 ? hex_digit(text.data[i + 2]) : -1;
            bool is_byte = high >= 0 && low >= 0 && high + low > 0;
            r = is_byte ? buf_append_byte(out, (char)(high << 4 | low)) : -EINVAL;
            i += 2;
        } else {
            r = buf_append_byte(out, c);
        }
    }
    if (r < 0) {
        out->size = before;
        if (out->data)
            out->data[before] = 0;
    }
    return r;
}

bool url_next_param(struct slice *query, struct slice *ret_name, struct slice *ret_value)
{
    struct slice item = {0};
    while (query->data && item.size == 0)
        item = slice_cut(query, '&');
    if (item.size == 0)
        return false;
    *ret_value = item;
    *ret_name = slice_cut(ret_value, '=');
    return true;
}
