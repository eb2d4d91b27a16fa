#include <errno.h>

#include "base/duration.h"
#include "net/dns.h"
#include "observe/kind.h"
#include "observe/target_parse.h"
#include "wire/url.h"

/* ---- what several kinds share ---- */

/* Percent-decoded, in the set's arena. */
static int decode(struct target_set *s, struct slice text, struct slice *ret, struct err *err)
{
    struct buf b = BUF(MEM_OBSERVE, 0);
    int r = url_decode(text, &b);
    if (r == 0)
        *ret = (struct slice){arena_strdup(target_arena(s), buf_slice(&b)), b.size};
    buf_done(&b);
    return r < 0 ? err_set(err, -EINVAL, "a '%%' needs two hex digits behind it, and not 00") : 0;
}

static struct probe_extra *extra_new(struct target_set *s, struct pattern *p)
{
    struct probe_extra *x = arena_new(target_arena(s), struct probe_extra);
    p->base.extra = x;
    return x;
}

static int unknown_param(struct slice name, const char *known, struct err *err)
{
    return err_set(err, -EINVAL, "'?%.*s' is not understood: %s", SLICE_ARG(name), known);
}

static struct slice whole_of(const struct pattern *p, struct slice rest)
{
    return (struct slice){rest.data - p->scheme.size, rest.size + p->scheme.size};
}

/* Takes the query off, which stays a part of the name of each target of a range: so it has a bound.
 */
static int take_query(struct slice *text, struct pattern *p, struct slice *ret, struct err *err)
{
    enum { QUERY_BYTES_MAX = 128 };
    struct slice query = *text;
    *text = slice_cut(&query, '?');
    if (query.size > QUERY_BYTES_MAX)
        return err_set(err, -EINVAL, "what stands behind '?' is longer than %d bytes",
                       QUERY_BYTES_MAX);
    if (query.data)
        p->suffix = (struct slice){query.data - 1, query.size + 1};
    *ret = query;
    return 0;
}

/* "host", "host:ports", a prefix; ports as for tcp where there are any. */
static int parse_where(struct target_set *s, struct slice text, uint16_t port, struct pattern *p,
                       struct err *err)
{
    size_t colon = text.size;
    if (text.size && text.data[text.size - 1] == '/')
        colon = --text.size;
    while (colon > 0 && text.data[colon - 1] != ':' && text.data[colon - 1] != ']')
        colon--;
    p->base.port = port;
    if (colon == 0 || text.data[colon - 1] == ']')
        return target_parse_host(text, p, err);
    struct slice host = slice_sub(text, 0, colon - 1);
    if (slice_find_byte(host, ':') >= 0 && host.data[0] != '[')
        return err_set(err, -EINVAL, "an IPv6 address needs brackets: [%.*s]", SLICE_ARG(text));
    int r = target_parse_host(host, p, err);
    return r < 0 ? r : target_parse_ports(s, slice_sub(text, colon, text.size), p, err);
}

/* A URL with one host, and its user and password. */
static int parse_url(struct target_set *s, struct slice rest, uint16_t port, struct pattern *p,
                     struct url *u, struct err *err)
{
    struct pattern scratch = {0}; /* judges the host only */
    int r = url_parse(whole_of(p, rest), u, err);
    if (r < 0)
        return r;
    p->base.url = whole_of(p, rest);
    p->base.host = u->host;
    p->base.port = u->port ? u->port : port;
    (void)s;
    return target_parse_host(u->host, &scratch, err);
}

static int take_login(struct target_set *s, struct slice userinfo, struct probe_extra *x,
                      struct err *err)
{
    struct slice password = userinfo, user = slice_cut(&password, ':');
    x->has_user = user.size > 0;
    x->has_password = password.data && password.size > 0;
    int r = decode(s, user, &x->user, err);
    return r < 0 ? r : decode(s, password, &x->password, err);
}

/* A path and an argument may look like a URL with a user. */
static bool has_no_user(struct slice text)
{
    return slice_eq_nocase(slice_sub(text, 0, 5), SLICE("exec:")) ||
           slice_eq_nocase(slice_sub(text, 0, 5), SLICE("unix:"));
}

/* A password is between the scheme and the last '@' of the authority. Where a password is what a
 * URL is for, it may hold a '/' by mistake: then the '@' behind that counts. */
struct slice target_redacted(struct arena *a, struct slice text)
{
    static const char *const with_login[] = {"redis://", "rediss://", "postgres://",
                                             "postgresql://"};
    ptrdiff_t scheme = slice_find(text, SLICE("://"));
    if (scheme < 0 || slice_find_byte(text, '@') < 0 || has_no_user(text))
        return text;
    size_t from = (size_t)scheme + 3, end = text.size, at = 0;
    bool login = false;
    for (size_t i = 0; i < ARRAY_LEN(with_login); i++)
        login |= from == strlen(with_login[i]) &&
                 slice_eq_nocase(slice_sub(text, 0, from), slice_from(with_login[i]));
    for (size_t i = from; i < end; i++) {
        if (!login && (text.data[i] == '/' || text.data[i] == '?' || text.data[i] == '#'))
            end = i;
        else if (text.data[i] == '@')
            at = i;
    }
    ptrdiff_t colon = slice_find_byte(slice_sub(text, from, at), ':');
    if (at == 0 || colon < 0 || from + (size_t)colon + 1 == at)
        return text; /* an empty one hides nothing */
    struct slice before = slice_sub(text, 0, from + (size_t)colon + 1);
    struct slice behind = slice_sub(text, at, text.size);
    char *shown = arena_alloc(a, before.size + 3 + behind.size + 1);
    memcpy(shown, before.data, before.size);
    memcpy(shown + before.size, "***", 3);
    memcpy(shown + before.size + 3, behind.data, behind.size);
    return (struct slice){shown, before.size + 3 + behind.size};
}

/* ---- dns ---- */

/* What is asked of a name server need not be a host: "*.example", "." and "7.0.0.127" are names. */
static int check_question(struct slice name, struct err *err)
{
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] <= 0x20 || name.data[i] >= 0x7F)
            return err_set(err, -EINVAL,
                           "byte %zu of the name is no visible ASCII (write other "
                           "scripts in their xn-- form)",
                           i + 1);
    return name.size == 0 || slice_eq_cstr(name, ".") ? 0 : target_check_labels(name, err);
}

/* host, host:port, or nothing. */
static int take_server(struct slice server, struct pattern *p, struct err *err)
{
    ptrdiff_t colon = slice_find_byte(server, ':');
    struct pattern scratch = {0};
    struct rt_addr a;
    if (rt_addr_parse(server, &a) == 0) {
        p->base.port = rt_addr_port(&a);
        while (server.data[server.size - 1] != ':')
            server.size--;
        server.size--;
    } else if (colon >= 0 && server.data[0] != '[') {
        uint64_t port;
        struct slice digits = slice_sub(server, (size_t)colon + 1, server.size);
        if (slice_find_byte(digits, ':') >= 0)
            return err_set(err, -EINVAL, "an IPv6 address needs brackets: dns://[%.*s]/",
                           SLICE_ARG(server));
        if (slice_to_u64(digits, UINT16_MAX, &port) < 0 || port == 0)
            return err_set(err, -EINVAL, "'%.*s' is no port", SLICE_ARG(digits));
        p->base.port = (uint16_t)port;
        server = slice_sub(server, 0, (size_t)colon);
    }
    p->base.host = server;
    return server.size ? target_parse_host(server, &scratch, err) : 0;
}

static int take_transport(struct slice word, struct probe_extra *x, struct err *err)
{
    static const char *const words[] = {"udp", "tcp", "tls"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (slice_eq_nocase(word, slice_from(words[i]))) {
            x->transport = (enum probe_transport)i;
            return 0;
        }
    return err_set(err, -EINVAL, "'%.*s' is no way to ask a name server: udp, tcp or tls",
                   SLICE_ARG(word));
}

/* A list with commas between its answers, or the parameter again and again. */
static int take_expect(struct target_set *s, struct slice text, struct slice *list,
                       struct probe_extra *x, struct err *err)
{
    struct slice all;
    int r = decode(s, text, &all, err);
    while (r == 0 && all.data) {
        struct slice one = slice_trim(slice_cut(&all, ','));
        if (one.size == 0)
            return err_set(err, -EINVAL, "?expect= names an empty answer");
        if (x->expect_count == PROBE_EXPECT_MAX)
            return err_set(err, -EINVAL, "?expect= names more than %d answers", PROBE_EXPECT_MAX);
        list[x->expect_count++] = one;
    }
    x->expect = list;
    return r;
}

static int take_flag(struct slice name, struct slice value, bool *ret, struct err *err)
{
    bool on = !value.data || slice_eq_cstr(value, "1") || slice_eq_cstr(value, "true");
    if (!on && !slice_eq_cstr(value, "0") && !slice_eq_cstr(value, "false"))
        return err_set(err, -EINVAL, "?%.*s=%.*s is neither 1 nor 0", SLICE_ARG(name),
                       SLICE_ARG(value));
    *ret = on;
    return 0;
}

static int take_dns_params(struct target_set *s, struct slice query, struct pattern *p,
                           struct probe_extra *x, struct err *err)
{
    struct slice name, value, *list = NULL;
    int r = 0;
    while (r == 0 && url_next_param(&query, &name, &value)) {
        if (slice_eq_cstr(name, "type")) {
            if (dns_type_parse(value, &p->base.dns_type) < 0)
                r = err_set(err, -EINVAL, "'%.*s' is no record type that is known here: %s",
                            SLICE_ARG(value), dns_type_words());
        } else if (slice_eq_cstr(name, "proto")) {
            r = take_transport(value, x, err);
        } else if (slice_eq_cstr(name, "dnssec")) {
            r = take_flag(name, value, &x->dnssec, err);
        } else if (slice_eq_cstr(name, "expect")) {
            if (!list)
                list = arena_alloc_array(target_arena(s), PROBE_EXPECT_MAX, sizeof(*list));
            r = take_expect(s, value, list, x, err);
        } else {
            r = unknown_param(name,
                              "write ?type=A, expect=ANSWER, dnssec=1, proto=tcp or "
                              "proto=tls",
                              err);
        }
    }
    return r;
}

/* server[:port]/name?type=A; an empty server is the system's own. */
int target_parse_dns(struct target_set *s, struct slice text, struct pattern *p, struct err *err)
{
    enum { DNS_PORT = 53, DNS_TLS_PORT = 853 };
    struct slice query = text, server = slice_cut(&query, '/');
    if (!query.data)
        return err_set(err, -EINVAL, "the name is missing: dns://SERVER/NAME?type=A");
    struct slice name = slice_cut(&query, '?');
    struct probe_extra *x = extra_new(s, p);
    p->base.dns_type = DNS_TYPE_A;
    if (p->scheme.size > sizeof("dns://") - 1) /* dns+tcp:// */
        take_transport(slice_sub(p->scheme, 4, 7), x, NULL);
    int r = take_dns_params(s, query, p, x, err);
    if (r == 0)
        r = check_question(name, err);
    if (r < 0)
        return r;
    p->base.dns_name = name.size ? name : SLICE(".");
    p->base.tls = x->transport == PROBE_OVER_TLS;
    p->base.port = p->base.tls ? DNS_TLS_PORT : DNS_PORT;
    if (x->transport != PROBE_OVER_UDP && server.size == 0)
        return err_set(err, -EINVAL, "the server is missing: dns+%s://SERVER/NAME",
                       p->base.tls ? "tls" : "tcp");
    return take_server(server, p, err);
}

/* ---- icmp, ntp, ssh ---- */

static int take_number(struct slice name, struct slice value, uint64_t max, uint32_t *ret,
                       struct err *err)
{
    uint64_t v;
    if (slice_to_u64(value, max, &v) < 0 || v == 0)
        return err_set(err, -EINVAL, "?%.*s=%.*s is no number of 1 to %llu", SLICE_ARG(name),
                       SLICE_ARG(value), (unsigned long long)max);
    *ret = (uint32_t)v;
    return 0;
}

static int take_duration(struct slice name, struct slice value, int64_t *ret, struct err *err)
{
    int64_t ns;
    if (duration_parse(value, &ns) < 0 || ns <= 0)
        return err_set(err, -EINVAL, "?%.*s=%.*s is no duration: write 250ms, 2s or 1m30s",
                       SLICE_ARG(name), SLICE_ARG(value));
    *ret = ns;
    return 0;
}

int target_parse_icmp(struct target_set *s, struct slice text, struct pattern *p, struct err *err)
{
    struct slice query, name, value;
    int r = take_query(&text, p, &query, err);
    struct probe_extra *x = r == 0 && query.size ? extra_new(s, p) : NULL;
    p->no_port = true;
    while (r == 0 && url_next_param(&query, &name, &value)) {
        if (slice_eq_cstr(name, "count"))
            r = take_number(name, value, PROBE_ECHOES_MAX, &x->echoes, err);
        else if (slice_eq_cstr(name, "interval"))
            r = take_duration(name, value, &x->interval_ns, err);
        else
            r = unknown_param(name, "write ?count=5 or ?interval=200ms", err);
    }
    if (r < 0)
        return r;
    if (text.size && text.data[text.size - 1] == '/')
        text.size--;
    if (text.size && text.data[0] != '[' && slice_find_byte(text, ':') >= 0)
        return err_set(err, -EINVAL, "icmp has no ports, and an IPv6 address needs brackets");
    return target_parse_host(text, p, err);
}

int target_parse_ntp(struct target_set *s, struct slice text, struct pattern *p, struct err *err)
{
    enum { NTP_PORT = 123 };
    struct slice query, name, value;
    int r = take_query(&text, p, &query, err);
    struct probe_extra *x = r == 0 && query.size ? extra_new(s, p) : NULL;
    while (r == 0 && url_next_param(&query, &name, &value))
        r = slice_eq_cstr(name, "offset_max") ? take_duration(name, value, &x->offset_max_ns, err)
                                              : unknown_param(name, "write ?offset_max=100ms", err);
    return r < 0 ? r : parse_where(s, text, NTP_PORT, p, err);
}

int target_parse_ssh(struct target_set *s, struct slice text, struct pattern *p, struct err *err)
{
    enum { SSH_PORT = 22 };
    struct slice query, name, value;
    int r = take_query(&text, p, &query, err);
    struct probe_extra *x = r == 0 && query.size ? extra_new(s, p) : NULL;
    while (r == 0 && url_next_param(&query, &name, &value)) {
        if (!slice_eq_cstr(name, "host_key"))
            return unknown_param(name, "write ?host_key=SHA256:…, as ssh-keygen -l prints it", err);
        r = decode(s, value, &x->host_key, err);
        if (r == 0)
            r = observe_host_key_check(x->host_key, err);
    }
    return r < 0 ? r : parse_where(s, text, SSH_PORT, p, err);
}

/* ---- TLS after a plain beginning ---- */

int target_parse_starttls(struct target_set *s, struct slice text, struct pattern *p,
                          struct err *err)
{
    static const struct {
        const char *scheme;
        uint16_t port;
        struct probe_extra extra;
    } table[] = {
        {"tls+smtp://", 25, {.starttls = PROBE_STARTTLS_SMTP}},
        {"tls+imap://", 143, {.starttls = PROBE_STARTTLS_IMAP}},
        {"tls+pop3://", 110, {.starttls = PROBE_STARTTLS_POP3}},
        {"tls+postgres://", 5432, {.starttls = PROBE_STARTTLS_POSTGRES}},
        {"tls+mysql://", 3306, {.starttls = PROBE_STARTTLS_MYSQL}},
    };
    size_t i = 0;
    while (!slice_eq_nocase(p->scheme, slice_from(table[i].scheme)))
        i++; /* the schemes that lead here are these */
    p->base.extra = &table[i].extra;
    return parse_where(s, text, table[i].port, p, err);
}

/* ---- redis, postgres, websocket ---- */

int target_parse_redis(struct target_set *s, struct slice text, struct pattern *p, struct err *err)
{
    enum { REDIS_PORT = 6379 };
    struct url u;
    uint64_t number;
    int r = parse_url(s, text, REDIS_PORT, p, &u, err);
    if (r < 0)
        return r;
    struct probe_extra *x = extra_new(s, p);
    p->base.tls = slice_eq_nocase(u.scheme, SLICE("rediss"));
    x->database = slice_sub(u.path, 1, u.path.size);
    if (x->database.size && slice_to_u64(x->database, UINT32_MAX, &number) < 0)
        return err_set(err, -EINVAL, "'/%.*s' is no number of a database", SLICE_ARG(x->database));
    if (u.query.data || u.fragment.data)
        return unknown_param(u.query, "redis://USER:PASSWORD@HOST:PORT/NUMBER is all", err);
    r = take_login(s, u.userinfo, x, err);
    if (r == 0 && x->has_user && !x->has_password)
        return err_set(err, -EINVAL,
                       "the password is missing: redis://USER:PASSWORD@HOST, or "
                       "redis://:PASSWORD@HOST");
    return r;
}

static int take_sslmode(struct slice word, struct probe_extra *x, struct err *err)
{
    static const struct {
        const char *word;
        enum probe_sslmode mode;
    } table[] = {
        {"disable", PROBE_SSL_DISABLE},
        {"prefer", PROBE_SSL_PREFER},
        {"require", PROBE_SSL_REQUIRE},
        {"verify-full", PROBE_SSL_VERIFY},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (slice_eq_cstr(word, table[i].word)) {
            x->sslmode = table[i].mode;
            return 0;
        }
    return err_set(err, -EINVAL, "?sslmode=%.*s is none of disable, prefer, require, verify-full",
                   SLICE_ARG(word));
}

int target_parse_postgres(struct target_set *s, struct slice text, struct pattern *p,
                          struct err *err)
{
    enum { POSTGRES_PORT = 5432 };
    struct url u;
    struct slice name, value;
    int r = parse_url(s, text, POSTGRES_PORT, p, &u, err);
    if (r < 0)
        return r;
    struct probe_extra *x = extra_new(s, p);
    r = take_login(s, u.userinfo, x, err);
    if (r == 0)
        r = decode(s, slice_sub(u.path, 1, u.path.size), &x->database, err);
    while (r == 0 && url_next_param(&u.query, &name, &value))
        r = slice_eq_cstr(name, "sslmode")
                ? take_sslmode(value, x, err)
                : unknown_param(name, "write ?sslmode=disable, prefer, require or verify-full",
                                err);
    if (r == 0 && x->has_password && !x->has_user)
        return err_set(err, -EINVAL, "the user is missing: postgres://USER:PASSWORD@HOST/DATABASE");
    p->base.tls = r == 0 && x->sslmode == PROBE_SSL_VERIFY;
    return r;
}

int target_parse_ws(struct target_set *s, struct slice text, struct pattern *p, struct err *err)
{
    struct url u;
    int r = parse_url(s, text, 0, p, &u, err);
    if (r == 0)
        p->base.tls = slice_eq_nocase(u.scheme, SLICE("wss"));
    return r;
}

/* grpc://host:port/package.Service */
int target_parse_grpc(struct target_set *s, struct slice text, struct pattern *p, struct err *err)
{
    struct url u;
    int r = parse_url(s, text, 0, p, &u, err);
    if (r < 0)
        return r;
    if (u.port == 0)
        return err_set(err, -EINVAL, "the port is missing: grpc://HOST:PORT/SERVICE");
    if (u.userinfo.size || u.query.data || u.fragment.data)
        return err_set(err, -EINVAL, "grpc://HOST:PORT/SERVICE is all");
    struct probe_extra *x = extra_new(s, p);
    p->base.tls = slice_eq_nocase(u.scheme, SLICE("grpcs"));
    return decode(s, slice_sub(u.path, 1, u.path.size), &x->service, err);
}
