#include "observe/observe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "net/dns.h"
#include "observe/target_parse.h"
#include "rt/addr.h"
#include "wire/json.h"
#include "wire/url.h"

/* An expression as the set keeps it. Lists of many thousand are of plain addresses, "1.2.3.4:80":
 * those are told here in full, so that they take little memory and a walk touches little of it. */
struct entry {
    uint64_t index; /* of its first target within the set */
    union {
        const char *name;              /* plain */
        const struct pattern *pattern; /* all others */
    };
    uint32_t ipv4;
    uint16_t port;
    uint8_t name_bytes, host_bytes; /* 0: not plain */
};

struct target_set {
    struct arena arena;
    struct entry *entries;
    size_t count, cap;
    uint64_t targets;
};

struct arena *target_arena(struct target_set *s)
{
    return &s->arena;
}

struct target_set *target_set_new(void)
{
    struct target_set *s = mem_alloc(MEM_OBSERVE, sizeof(*s));
    s->arena = ARENA_SMALL(MEM_OBSERVE);
    return s;
}

void target_set_free(struct target_set *s)
{
    if (!s)
        return;
    arena_done(&s->arena);
    mem_free(MEM_OBSERVE, s->entries);
    mem_free(MEM_OBSERVE, s);
}

uint64_t target_set_count(const struct target_set *s)
{
    return s->targets;
}

/* ---- parsing ---- */

int target_parse_ports(struct target_set *s, struct slice text, struct pattern *p,
                       struct err *err)
{
    struct port_range ranges[OBSERVE_PORT_RANGES_MAX];
    struct slice rest = text;
    while (rest.data) {
        struct slice item = slice_cut(&rest, ','), last = item;
        struct slice first = slice_cut(&last, '-');
        uint64_t a, b;
        if (slice_to_u64(first, UINT16_MAX, &a) < 0 || a == 0)
            return err_set(err, -EINVAL, "'%.*s' is no port: ports are 1 to 65535, lists and "
                           "ranges as in 22,80-90", SLICE_ARG(first));
        b = a;
        if (last.data && (slice_to_u64(last, UINT16_MAX, &b) < 0 || b < a))
            return err_set(err, -EINVAL, "'%.*s' is no range of ports", SLICE_ARG(item));
        if (p->range_count == OBSERVE_PORT_RANGES_MAX)
            return err_set(err, -E2BIG, "more than %d ranges of ports", OBSERVE_PORT_RANGES_MAX);
        ranges[p->range_count++] = (struct port_range){(uint16_t)a, (uint16_t)b};
        p->ports += b - a + 1;
    }
    if (p->ports == 1) {
        p->base.port = ranges[0].first;
        p->range_count = 0;
        return 0;
    }
    p->ranges = arena_alloc_array(&s->arena, p->range_count, sizeof(ranges[0]));
    memcpy(p->ranges, ranges, p->range_count * sizeof(ranges[0]));
    return 0;
}

static bool name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

/* Labels of 1 to 63 bytes; a dot behind the last one means that the name is complete. */
int target_check_labels(struct slice name, struct err *err)
{
    enum { LABEL_BYTES_MAX = 63 };
    if (name.size > DNS_NAME_MAX + (name.data[name.size - 1] == '.'))
        return err_set(err, -EINVAL, "the host name is longer than %d bytes", DNS_NAME_MAX);
    for (struct slice rest = name; rest.size > 0;) {
        struct slice label = slice_cut(&rest, '.');
        if (label.size == 0 || label.size > LABEL_BYTES_MAX)
            return err_set(err, -EINVAL, "'%.*s' is no host name: between two dots stand 1 to %d "
                           "bytes", SLICE_ARG(name), LABEL_BYTES_MAX);
    }
    return 0;
}

static int check_name(struct slice host, struct err *err)
{
    if (host.size == 0)
        return err_set(err, -EINVAL, "the host is missing");
    if (host.data[0] == '[')
        return err_set(err, -EINVAL, "'%.*s' is no IPv6 address%s", SLICE_ARG(host),
                       slice_find_byte(host, '%') >= 0 ? " with an interface of this host" : "");
    bool digits = true;
    for (size_t i = 0; i < host.size; i++) {
        if (!name_byte(host.data[i]))
            return err_set(err, -EINVAL, "'%.*s' is no host name: byte %zu is not a letter, digit, "
                           "'-', '_' or '.' (write other scripts in their xn-- form)",
                           SLICE_ARG(host), i + 1);
        digits &= (host.data[i] >= '0' && host.data[i] <= '9') || host.data[i] == '.';
    }
    if (digits)
        return err_set(err, -EINVAL, "'%.*s' is no IPv4 address", SLICE_ARG(host));
    return target_check_labels(host, err);
}

static int parse_prefix(struct slice text, unsigned bits, uint64_t *ret_length, struct err *err)
{
    if (slice_to_u64(text, bits, ret_length) < 0)
        return err_set(err, -EINVAL, "'/%.*s' is no prefix length: 0 to %u", SLICE_ARG(text), bits);
    return 0;
}

static int host_range4(struct slice prefix, const struct rt_addr *a, struct pattern *p,
                       struct err *err)
{
    uint64_t length = 32;
    if (prefix.data) {
        int r = parse_prefix(prefix, 32, &length, err);
        if (r < 0)
            return r;
    }
    p->form = HOST_IPV4_RANGE;
    p->hosts = UINT64_C(1) << (32 - length);
    p->ipv4_first = ntohl(a->in.sin_addr.s_addr) & (uint32_t)~(p->hosts - 1);
    return 0;
}

static int host_range6(struct slice prefix, const struct rt_addr *a, struct pattern *p,
                       struct err *err)
{
    uint64_t length = 128;
    if (prefix.data) {
        int r = parse_prefix(prefix, 128, &length, err);
        if (r < 0)
            return r;
    }
    if (128 - length > 16)
        return err_set(err, -E2BIG, "/%u stands for more than %d addresses: name a longer prefix",
                       (unsigned)length, OBSERVE_IPV6_HOSTS_MAX);
    p->form = HOST_IPV6_RANGE;
    p->hosts = UINT64_C(1) << (128 - length);
    p->ipv6_first = *a;
    uint8_t *b = p->ipv6_first.in6.sin6_addr.s6_addr;
    uint32_t low = ((uint32_t)b[14] << 8 | b[15]) & (uint32_t)~(p->hosts - 1);
    b[14] = (uint8_t)(low >> 8);
    b[15] = (uint8_t)low;
    return 0;
}

int target_parse_host(struct slice host, struct pattern *p, struct err *err)
{
    struct slice prefix = {0}, address = host;
    if (slice_find_byte(host, '/') >= 0) {
        if (host.data[0] == '[' && host.data[host.size - 1] == ']')
            address = slice_sub(host, 1, host.size - 1);
        prefix = address;
        address = slice_cut(&prefix, '/');
    }
    struct rt_addr a;
    if (rt_addr_parse_ip(address, 0, &a) == 0)
        return a.family == AF_INET ? host_range4(prefix, &a, p, err)
                                   : host_range6(prefix, &a, p, err);
    if (prefix.data)
        return err_set(err, -EINVAL, "'%.*s' is no address: a prefix needs one",
                       SLICE_ARG(address));
    p->form = HOST_NAME;
    p->hosts = 1;
    p->base.host = host;
    return check_name(host, err);
}

/* "host:ports": the last colon outside of brackets divides. */
static int parse_host_ports(struct target_set *s, struct slice text, struct pattern *p,
                            struct err *err)
{
    size_t colon = text.size;
    while (colon > 0 && text.data[colon - 1] != ':' && text.data[colon - 1] != ']')
        colon--;
    if (colon == 0 || text.data[colon - 1] == ']')
        return err_set(err, -EINVAL, "the port is missing: write HOST:PORT");
    struct slice host = slice_sub(text, 0, colon - 1);
    if (slice_find_byte(host, ':') >= 0 && host.data[0] != '[')
        return err_set(err, -EINVAL, "an IPv6 address needs brackets: [%.*s]:PORT",
                       SLICE_ARG(host));
    int r = target_parse_host(host, p, err);
    return r < 0 ? r : target_parse_ports(s, slice_sub(text, colon, text.size), p, err);
}

static int parse_tcp(struct target_set *s, struct slice text, struct pattern *p, struct err *err)
{
    return parse_host_ports(s, text, p, err);
}

static int parse_unix(struct target_set *s, struct slice text, struct pattern *p, struct err *err)
{
    (void)s;
    struct rt_addr a;
    int r = rt_addr_unix(text, &a);
    if (r < 0)
        return err_set(err, -EINVAL, r == -EINVAL ? "the path is missing: unix:///run/x.sock"
                                                  : "the path is too long for a unix socket");
    p->base.host = text;
    return 0;
}

static int parse_http(struct target_set *s, struct slice text, struct pattern *p, struct err *err)
{
    struct url u;
    struct slice whole = {text.data - p->scheme.size, text.size + p->scheme.size};
    (void)s;
    int r = url_parse(whole, &u, err);
    if (r < 0)
        return r;
    p->base.url = whole;
    p->base.host = u.host;
    p->base.port = u.port;
    p->base.tls = slice_eq_nocase(u.scheme, SLICE("https")) ||
                  slice_eq_nocase(u.scheme, SLICE("h2"));
    struct pattern scratch = {0}; /* judges the host only */
    return target_parse_host(u.host, &scratch, err);
}

static int parse_exec_list(struct target_set *s, struct slice text, struct pattern *p,
                           struct err *err)
{
    struct json_value *list;
    struct json_error je;
    if (json_parse(text, &s->arena, 0, &list, &je) < 0)
        return err_set(err, -EINVAL, "column %u: %s expected in the list of arguments", je.column,
                       je.expected);
    if (list->type != JSON_ARRAY || list->count == 0 || list->count > PROBE_ARGV_MAX)
        return err_set(err, -EINVAL, "a list of 1 to %d strings is wanted: exec:[\"prog\",\"arg\"]",
                       PROBE_ARGV_MAX);
    p->base.argv = arena_alloc_array(&s->arena, list->count, sizeof(struct slice));
    for (const struct json_value *v = list->first; v; v = v->next) {
        if (v->type != JSON_STRING || (v->text.size && memchr(v->text.data, 0, v->text.size)))
            return err_set(err, -EINVAL, "column %u: an argument is a string without NUL",
                           v->column);
        if (p->base.argc == 0 && v->text.size == 0)
            return err_set(err, -EINVAL, "the program is missing: its name is empty");
        p->base.argv[p->base.argc++] = v->text;
    }
    return 0;
}

static int parse_exec(struct target_set *s, struct slice text, struct pattern *p, struct err *err)
{
    if (text.size == 0)
        return err_set(err, -EINVAL, "the program is missing: exec:/path/to/program");
    if (text.data[0] == '[')
        return parse_exec_list(s, text, p, err);
    p->base.argv = arena_alloc_array(&s->arena, 1, sizeof(struct slice));
    p->base.argv[0] = text;
    p->base.argc = 1;
    return 0;
}

static const struct scheme {
    const char *prefix;
    enum probe_kind kind;
    int (*parse)(struct target_set *s, struct slice rest, struct pattern *p, struct err *err);
} schemes[] = {
    {"tcp://", PROBE_TCP, parse_tcp},
    {"tls://", PROBE_TLS, parse_tcp},
    {"http://", PROBE_HTTP, parse_http},
    {"https://", PROBE_HTTP, parse_http},
    {"h2://", PROBE_HTTP, parse_http},
    {"h2c://", PROBE_HTTP, parse_http},
    {"unix://", PROBE_UNIX, parse_unix},
    {"exec:", PROBE_EXEC, parse_exec},
    {"dns://", PROBE_DNS, target_parse_dns},
    {"dns+tcp://", PROBE_DNS, target_parse_dns},
    {"dns+tls://", PROBE_DNS, target_parse_dns},
    {"icmp://", PROBE_ICMP, target_parse_icmp},
    {"redis://", PROBE_REDIS, target_parse_redis},
    {"rediss://", PROBE_REDIS, target_parse_redis},
    {"postgres://", PROBE_POSTGRES, target_parse_postgres},
    {"postgresql://", PROBE_POSTGRES, target_parse_postgres},
    {"ws://", PROBE_WS, target_parse_ws},
    {"wss://", PROBE_WS, target_parse_ws},
    {"grpc://", PROBE_GRPC, target_parse_grpc},
    {"grpcs://", PROBE_GRPC, target_parse_grpc},
    {"ntp://", PROBE_NTP, target_parse_ntp},
    {"ssh://", PROBE_SSH, target_parse_ssh},
    {"tls+smtp://", PROBE_TLS, target_parse_starttls},
    {"tls+imap://", PROBE_TLS, target_parse_starttls},
    {"tls+pop3://", PROBE_TLS, target_parse_starttls},
    {"tls+postgres://", PROBE_TLS, target_parse_starttls},
    {"tls+mysql://", PROBE_TLS, target_parse_starttls},
};

/* "tcp tls http …", each once. */
static int unknown_scheme(struct slice word, struct err *err)
{
    char words[200];
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        size_t size = strcspn(schemes[i].prefix, ":");
        if (n + size + 1 < sizeof(words))
            n += (size_t)snprintf(words + n, sizeof(words) - n, " %.*s", (int)size,
                                  schemes[i].prefix);
    }
    return err_set(err, -EINVAL, "'%.*s://' is no kind of target:%s", SLICE_ARG(word), words);
}

static int parse_expression(struct target_set *s, struct slice text, struct pattern *p,
                            struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        size_t size = strlen(schemes[i].prefix);
        if (text.size < size ||
            !slice_eq_nocase(slice_sub(text, 0, size), slice_from(schemes[i].prefix)))
            continue;
        p->base.kind = schemes[i].kind;
        p->scheme = slice_sub(text, 0, size);
        return schemes[i].parse(s, slice_sub(text, size, text.size), p, err);
    }
    ptrdiff_t scheme_end = slice_find(text, SLICE("://"));
    if (scheme_end >= 0)
        return unknown_scheme(slice_sub(text, 0, (size_t)scheme_end), err);
    p->base.kind = PROBE_TCP;
    return parse_tcp(s, text, p, err);
}

static void keep(struct target_set *s, const struct entry *e, uint64_t targets)
{
    if (s->count == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 16;
        s->entries = mem_resize(MEM_OBSERVE, s->entries, s->cap * sizeof(s->entries[0]));
    }
    s->entries[s->count] = *e;
    s->entries[s->count++].index = s->targets;
    s->targets += targets;
}

static void keep_pattern(struct target_set *s, struct pattern *p)
{
    if (p->ports == 0)
        p->ports = 1;
    p->one = p->hosts * p->ports == 1;
    struct pattern *copy = arena_alloc(&s->arena, sizeof(*copy));
    *copy = *p;
    keep(s, &(struct entry){.pattern = copy}, p->hosts * p->ports);
}

/* A number without leading zeroes at *at, which is moved behind it. */
static bool take_number(struct slice text, size_t *at, unsigned max, unsigned *ret_value)
{
    size_t first = *at, i = first;
    unsigned v = 0;
    for (; i < text.size && text.data[i] >= '0' && text.data[i] <= '9' && v <= max; i++)
        v = v * 10 + (unsigned)(text.data[i] - '0');
    if (i == first || v > max || (text.data[first] == '0' && i > first + 1))
        return false;
    *at = i;
    *ret_value = v;
    return true;
}

/* "1.2.3.4:80" and nothing else. The long way understands it too, and says what is wrong with it;
 * this is for lists of many thousand. */
static bool parse_plain(struct slice text, struct entry *ret_entry)
{
    struct entry e = {.name = text.data};
    unsigned v;
    size_t at = 0;
    for (int i = 0; i < 4; i++) {
        if (!take_number(text, &at, 255, &v) || at == text.size ||
            text.data[at++] != (i < 3 ? '.' : ':'))
            return false;
        e.ipv4 = e.ipv4 << 8 | v;
    }
    e.host_bytes = (uint8_t)(at - 1);
    if (!take_number(text, &at, UINT16_MAX, &v) || v == 0 || at != text.size)
        return false;
    e.port = (uint16_t)v;
    e.name_bytes = (uint8_t)at;
    *ret_entry = e;
    return true;
}

/* `text` lasts as long as the set. */
static int add(struct target_set *s, struct slice text, struct err *err)
{
    struct entry plain;
    if (s->count >= OBSERVE_EXPRESSIONS_MAX)
        return err_set(err, -E2BIG, "more than %d target expressions", OBSERVE_EXPRESSIONS_MAX);
    if (parse_plain(text, &plain)) {
        keep(s, &plain, 1);
        return 0;
    }
    if (text.size > OBSERVE_TARGET_BYTES_MAX)
        return err_set(err, -E2BIG, "longer than %d bytes", OBSERVE_TARGET_BYTES_MAX);
    if (memchr(text.data, 0, text.size))
        return err_set(err, -EINVAL, "it holds a NUL byte");
    struct pattern p = {.hosts = 1, .base.name = target_redacted(&s->arena, text)};
    int r = parse_expression(s, text, &p, err);
    uint64_t ports = p.ports ? p.ports : 1;
    if (r == 0 && p.hosts * ports > OBSERVE_TARGETS_MAX - s->targets)
        r = err_set(err, -E2BIG, "with it there are more than 2^50 targets");
    if (r == 0)
        keep_pattern(s, &p);
    return r;
}

static int add_told(struct target_set *s, struct slice text, struct err *err)
{
    int r = add(s, text, err);
    if (r < 0) {
        struct slice shown = target_redacted(&s->arena, text);
        err_wrap(err, "target '%.*s'", (int)(shown.size < 200 ? shown.size : 200), shown.data);
    }
    return r;
}

int target_set_add(struct target_set *s, struct slice expression, struct err *err)
{
    struct slice text = slice_trim(expression);
    if (text.size == 0)
        return err_set(err, -EINVAL, "an empty target");
    return add_told(s, (struct slice){arena_strdup(&s->arena, text), text.size}, err);
}

int target_set_add_chain(struct target_set *s, const struct probe_chain *chain, struct err *err)
{
    struct buf name = BUF(MEM_OBSERVE, 0);
    int r = observe_chain_check(chain, err);
    if (r < 0)
        return r;
    for (uint32_t i = 0; i < chain->count; i++) {
        buf_append_cstr(&name, i ? " -> " : "");
        buf_append_slice(&name, target_redacted(&s->arena, chain->steps[i].target));
    }
    struct probe_extra *x = arena_new(&s->arena, struct probe_extra);
    x->chain = chain;
    struct pattern p = {.hosts = 1, .base = {.kind = PROBE_CHAIN, .extra = x}};
    p.base.name = (struct slice){arena_strdup(&s->arena, buf_slice(&name)), name.size};
    buf_done(&name);
    keep_pattern(s, &p);
    return 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* A comment begins with the line or behind a blank, and not inside of an argument in quotes; the
 * '#' of a URL is its fragment. */
static struct slice without_comment(struct slice line)
{
    bool quoted = false;
    if (slice_find_byte(line, '#') < 0)
        return line;
    for (size_t i = 0; i < line.size; i++) {
        quoted ^= line.data[i] == '"' && (i == 0 || line.data[i - 1] != '\\');
        if (line.data[i] == '#' && !quoted && (i == 0 || is_blank(line.data[i - 1])))
            return slice_trim(slice_sub(line, 0, i));
    }
    return line;
}

int target_set_add_lines(struct target_set *s, struct slice text, const char *name,
                         struct err *err)
{
    static const struct slice mark = {"\xEF\xBB\xBF", 3}; /* some editors begin UTF-8 with it */
    if (slice_starts_with(text, mark))
        text = slice_sub(text, mark.size, text.size);
    size_t count = s->count;
    uint64_t targets = s->targets;
    unsigned number = 0;
    text.data = arena_strdup(&s->arena, text); /* at once: a copy of each line takes twice that */
    while (text.data) {
        struct slice line = without_comment(slice_trim(slice_cut(&text, '\n')));
        number++;
        if (line.size == 0)
            continue;
        int r = add_told(s, line, err);
        if (r < 0) {
            s->count = count;
            s->targets = targets;
            err_wrap(err, "%s:%u", name, number);
            return r;
        }
    }
    return 0;
}

/* ---- walking ---- */

static const struct entry *entry_of(const struct target_set *s, uint64_t index)
{
    size_t low = 0, high = s->count;
    /* In a list of plain addresses the target's number is the entry's. */
    if (index < s->count && s->entries[index].index == index)
        return &s->entries[index];
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (s->entries[middle].index <= index)
            low = middle;
        else
            high = middle;
    }
    return &s->entries[low];
}

static uint16_t port_of(const struct pattern *p, uint64_t n)
{
    for (uint32_t i = 0; i < p->range_count; i++) {
        uint64_t size = (uint64_t)p->ranges[i].last - p->ranges[i].first + 1;
        if (n < size)
            return (uint16_t)(p->ranges[i].first + n);
        n -= size;
    }
    return p->base.port;
}

static size_t put_number(char *to, unsigned v)
{
    char digits[8];
    size_t n = 0, size = 0;
    do
        digits[n++] = (char)('0' + v % 10);
    while ((v /= 10) > 0);
    while (n)
        to[size++] = digits[--n];
    return size;
}

/* The fast path of big ranges: no printf. */
static void name_ipv4(struct target_slot *slot)
{
    size_t n = 0;
    uint32_t ip = slot->target.ipv4;
    for (int shift = 24; shift >= 0; shift -= 8) {
        n += put_number(slot->host + n, ip >> shift & 255);
        if (shift)
            slot->host[n++] = '.';
    }
    slot->host[n] = 0;
    slot->target.host = (struct slice){slot->host, n};
}

static void name_ipv6(const struct pattern *p, uint64_t host, struct target_slot *slot)
{
    struct rt_addr a = p->ipv6_first;
    char text[RT_ADDR_TEXT_MAX];
    uint8_t *b = a.in6.sin6_addr.s6_addr;
    uint32_t low = ((uint32_t)b[14] << 8 | b[15]) + (uint32_t)host;
    b[14] = (uint8_t)(low >> 8);
    b[15] = (uint8_t)low;
    rt_addr_format(&a, false, text);
    int n = snprintf(slot->host, sizeof(slot->host), "%.70s", text);
    slot->target.host = (struct slice){slot->host, (size_t)n};
}

static void name_whole(const struct pattern *p, struct target_slot *slot)
{
    struct slice host = slot->target.host;
    size_t n = p->scheme.size;
    memcpy(slot->name, p->scheme.data ? p->scheme.data : "", n);
    bool brackets = p->form == HOST_IPV6_RANGE;
    if (brackets)
        slot->name[n++] = '[';
    memcpy(slot->name + n, host.data, host.size);
    n += host.size;
    if (brackets)
        slot->name[n++] = ']';
    if (!p->no_port) {
        slot->name[n++] = ':';
        n += put_number(slot->name + n, slot->target.port);
    }
    for (size_t i = 0; i < p->suffix.size && n + 1 < sizeof(slot->name); i++)
        slot->name[n++] = p->suffix.data[i];
    slot->name[n] = 0;
    slot->target.name = (struct slice){slot->name, n};
}

void target_set_get(const struct target_set *s, uint64_t index, struct target_slot *ret_slot)
{
    const struct entry *e = entry_of(s, index);
    struct probe_target *t = &ret_slot->target;
    if (e->host_bytes) {
        *t = (struct probe_target){
            .kind = PROBE_TCP,
            .name = {e->name, e->name_bytes},
            .host = {e->name, e->host_bytes},
            .port = e->port,
            .is_address = true,
            .is_ipv4 = true,
            .ipv4 = e->ipv4,
            .index = index,
        };
        return;
    }
    const struct pattern *p = e->pattern;
    uint64_t n = index - e->index, host = n / p->ports;
    *t = p->base;
    t->index = index;
    if (p->range_count)
        t->port = port_of(p, n % p->ports);
    if (p->form == HOST_IPV4_RANGE) {
        t->is_address = t->is_ipv4 = true;
        t->ipv4 = p->ipv4_first + (uint32_t)host;
        name_ipv4(ret_slot);
    } else if (p->form == HOST_IPV6_RANGE) {
        t->is_address = true;
        name_ipv6(p, host, ret_slot);
    }
    if (!p->one)
        name_whole(p, ret_slot);
}

/* Addresses and ports are mixed as numbers: a walk over millions makes no text of those that are
 * another loop's. */
uint32_t target_set_shard(const struct target_set *s, uint64_t index, uint32_t shards)
{
    static const struct map_seed seed;
    struct target_slot slot;
    if (shards <= 1)
        return 0;
    target_set_get(s, index, &slot);
    const struct probe_target *t = &slot.target;
    uint64_t number = (uint64_t)t->ipv4 << 16 | t->port;
    uint64_t hash = t->is_ipv4 ? map_hash(seed, &number, sizeof(number))
                               : map_hash(seed, t->name.data, t->name.size);
    return (uint32_t)(hash % shards);
}
