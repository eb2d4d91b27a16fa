#include "store/etcd_url.h"

#include <errno.h>

#define EXAMPLE "etcd://10.0.0.1:2379,10.0.0.2:2379"

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* NULL: an encoding that is none, or a byte that no text has (NUL, control characters, a space). */
static char *decode(struct slice s, struct arena *a)
{
    char *text = arena_alloc(a, s.size + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.size; i++) {
        unsigned char byte = (unsigned char)s.data[i];
        if (byte <= ' ' || byte == 0x7f)
            return NULL;
        if (byte != '%') {
            text[n++] = s.data[i];
            continue;
        }
        int high = i + 2 < s.size ? hex(s.data[i + 1]) : -1;
        int low = high >= 0 ? hex(s.data[i + 2]) : -1;
        if (low < 0 || (high == 0 && low == 0))
            return NULL;
        text[n++] = (char)(high << 4 | low);
        i += 2;
    }
    return text;
}

static int parse_endpoint(struct slice s, struct arena *a, struct etcd_url *u, struct err *err)
{
    struct slice whole = s, host, port = {0};
    uint64_t number = ETCD_PORT;
    if (slice_starts_with(s, SLICE("["))) {
        s = slice_sub(s, 1, s.size);
        host = slice_cut(&s, ']');
        if (!s.data || (s.size && s.data[0] != ':'))
            return err_set(err, -EINVAL, "etcd endpoint '%.*s': wanted [ADDRESS]:PORT",
                           SLICE_ARG(whole));
        port = s.size ? slice_sub(s, 1, s.size) : (struct slice){0};
    } else {
        host = slice_cut(&s, ':');
        port = s;
    }
    if (host.size == 0)
        return err_set(err, -EINVAL, "etcd URL: an endpoint without a host; wanted %s", EXAMPLE);
    if (port.data && (slice_to_u64(port, UINT16_MAX, &number) < 0 || number == 0))
        return err_set(err, -EINVAL, "etcd endpoint '%.*s': the port is not 1 to 65535",
                       SLICE_ARG(whole));
    if (u->endpoint_count == ETCD_ENDPOINTS_MAX)
        return err_set(err, -EINVAL, "etcd URL: more than %d endpoints", ETCD_ENDPOINTS_MAX);
    u->endpoints[u->endpoint_count].host = decode(host, a);
    if (!u->endpoints[u->endpoint_count].host)
        return err_set(err, -EINVAL, "etcd endpoint '%.*s': a broken %%XX, or a space",
                       SLICE_ARG(whole));
    u->endpoints[u->endpoint_count++].port = (uint16_t)number;
    return 0;
}

static int parse_user(struct slice s, struct arena *a, struct etcd_url *u, struct err *err)
{
    struct slice user = slice_cut(&s, ':');
    u->user = decode(user, a);
    u->password = s.data ? decode(s, a) : NULL;
    if (!u->user || user.size == 0 || (s.data && !u->password))
        return err_set(err, -EINVAL,
                       "etcd URL: before the @ stands USER or USER:PASSWORD, with "
                       "%%XX for what the URL needs itself");
    return 0;
}

static int parse_option(struct slice s, struct arena *a, struct etcd_url *u, struct err *err)
{
    struct slice name = slice_cut(&s, '=');
    const struct {
        const char *name;
        char **to;
        bool tls;
    } options[] = {
        {"ca", &u->ca, true},
        {"cert", &u->cert, true},
        {"key", &u->key, true},
        {"server_name", &u->server_name, true},
        {"password_file", &u->password_file, false},
        {"password_env", &u->password_env, false},
    };
    char *value = s.data ? decode(s, a) : NULL;
    if (!value || value[0] == 0)
        return err_set(err, -EINVAL, "etcd URL: option '%.*s' has no value", SLICE_ARG(name));
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        if (slice_eq_cstr(name, options[i].name)) {
            *options[i].to = value;
            u->tls = u->tls || options[i].tls;
            return 0;
        }
    if (!slice_eq_cstr(name, "tls"))
        return err_set(err, -EINVAL,
                       "etcd URL: no option '%.*s': there are tls ca cert key server_name "
                       "password_file password_env",
                       SLICE_ARG(name));
    if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
        return err_set(err, -EINVAL, "etcd URL: tls is true or false");
    u->tls = u->tls || strcmp(value, "true") == 0;
    return 0;
}

static int check(const struct etcd_url *u, struct err *err)
{
    int passwords = (u->password != NULL) + (u->password_file != NULL) + (u->password_env != NULL);
    if (passwords > 1)
        return err_set(err, -EINVAL, "etcd URL: the password stands in more than one place");
    if (passwords == 1 && !u->user)
        return err_set(err, -EINVAL, "etcd URL: a password without a user: etcd://USER@HOST");
    if (passwords == 0 && u->user)
        return err_set(err, -EINVAL,
                       "etcd URL: user %s has no password: add ?password_file=FILE or "
                       "?password_env=NAME",
                       u->user);
    if (u->key && !u->cert)
        return err_set(err, -EINVAL, "etcd URL: a key without its cert");
    return 0;
}

int etcd_url_parse(struct slice text, struct arena *arena, struct etcd_url *ret, struct err *err)
{
    struct etcd_url u = {0};
    int r = 0;
    if (!slice_starts_with(text, SLICE("etcd://")))
        return err_set(err, -EINVAL, "the URL of an etcd begins with etcd://, as in %s", EXAMPLE);
    struct slice options = slice_sub(text, sizeof("etcd://") - 1, text.size);
    struct slice hosts = slice_cut(&options, '?');
    ptrdiff_t at = slice_find_byte(hosts, '@');
    if (at >= 0) {
        r = parse_user(slice_sub(hosts, 0, (size_t)at), arena, &u, err);
        hosts = slice_sub(hosts, (size_t)at + 1, hosts.size);
    }
    if (slice_ends_with(hosts, SLICE("/")))
        hosts.size--;
    if (r == 0 && slice_find_byte(hosts, '/') >= 0)
        r = err_set(err, -EINVAL, "etcd URL: there is no path in it; Store.Prefix has the prefix");
    do {
        if (r == 0)
            r = parse_endpoint(slice_cut(&hosts, ','), arena, &u, err);
    } while (r == 0 && hosts.data);
    while (r == 0 && options.size)
        r = parse_option(slice_cut(&options, '&'), arena, &u, err);
    if (r == 0)
        r = check(&u, err);
    if (r == 0)
        *ret = u;
    return r;
}
