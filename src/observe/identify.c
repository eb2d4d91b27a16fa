#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/tls.h"
#include "observe/kind.h"

/* A server may speak first (ssh, smtp, mysql), or wait to be asked. Who waits is asked with what
 * is least strange to the others: "HEAD / HTTP/1.0" is answered by http, and by redis with an
 * error that names it; a TLS server answers with an alert, with a complaint in plain http, or
 * hangs up. Each question has its own connection. */

static const char *const names[] = {
    [SERVICE_TCP] = "tcp",     [SERVICE_HTTP] = "http",         [SERVICE_TLS] = "tls",
    [SERVICE_SSH] = "ssh",     [SERVICE_SMTP] = "smtp",         [SERVICE_REDIS] = "redis",
    [SERVICE_POSTGRES] = "postgres", [SERVICE_MYSQL] = "mysql", [SERVICE_UNIX] = "unix",
};

const char *service_kind_name(enum service_kind k)
{
    return names[k];
}

struct dialog {
    struct rt_sock *sock;
    char bytes[512];
    size_t size;
};

/* Collects what comes until `enough` bytes, the end, or the deadline. */
static int listen_for(struct dialog *d, size_t enough, rt_time deadline)
{
    d->size = 0;
    while (d->size < enough && d->size < sizeof(d->bytes)) {
        ssize_t n = rt_read(d->sock, d->bytes + d->size, sizeof(d->bytes) - d->size, deadline);
        if (n == -ECANCELED)
            return -ECANCELED;
        if (n <= 0)
            break;
        d->size += (size_t)n;
    }
    return 0;
}

/* One question on a connection of its own: the answer is in *d. */
static int ask(const struct service *s, struct slice question, size_t enough, struct dialog *d,
               rt_time deadline)
{
    d->size = 0;
    int r = rt_connect(&s->connect_to, NULL, &d->sock, deadline);
    if (r < 0)
        return r;
    if (question.size)
        r = rt_write(d->sock, question.data, question.size, deadline);
    if (r == 0)
        r = listen_for(d, enough, deadline);
    rt_close(d->sock);
    return r;
}

static bool begins(const struct dialog *d, const char *text)
{
    return slice_starts_with((struct slice){d->bytes, d->size}, slice_from(text));
}

static bool holds(const struct dialog *d, const char *text)
{
    return slice_find((struct slice){d->bytes, d->size}, slice_from(text)) >= 0;
}

/* MySQL: three bytes of length, sequence number 0, then protocol 10 or an error packet. */
static bool greets_as_mysql(const struct dialog *d)
{
    const unsigned char *b = (const unsigned char *)d->bytes;
    return d->size > 5 && b[3] == 0 && (b[4] == 0x0a || b[4] == 0xff) &&
           (size_t)(b[0] | b[1] << 8 | b[2] << 16) + 4 >= d->size;
}

static bool take_greeting(const struct dialog *d, enum service_kind *ret)
{
    if (begins(d, "SSH-"))
        *ret = SERVICE_SSH;
    else if (begins(d, "220") && (holds(d, "SMTP") || holds(d, "smtp")))
        *ret = SERVICE_SMTP;
    else if (greets_as_mysql(d))
        *ret = SERVICE_MYSQL;
    else
        return d->size > 0; /* it speaks first, in a language of its own */
    return true;
}

/* SSLRequest: answered by a single 'S' or 'N'. */
static int ask_postgres(const struct service *s, enum service_kind *ret, rt_time deadline)
{
    static const char request[] = {0, 0, 0, 8, 4, (char)0xd2, 0x16, 0x2f};
    struct dialog d;
    int r = ask(s, (struct slice){request, sizeof(request)}, 1, &d, deadline);
    if (r == 0 && d.size == 1 && (d.bytes[0] == 'S' || d.bytes[0] == 'N'))
        *ret = SERVICE_POSTGRES;
    return r;
}

static int ask_tls(struct observer *o, const struct service *s, enum service_kind *ret,
                   rt_time deadline)
{
    struct probe_result scratch = {0};
    struct rt_sock *sock;
    struct tls_conn *conn = NULL;
    struct tls_request request = {.no_resume = true};
    if (observe_tls_context(o, true, &scratch, deadline) < 0)
        return 0;
    int r = rt_connect(&s->connect_to, NULL, &sock, deadline);
    if (r < 0)
        return r;
    r = tls_connect(o->tls, sock, &request, &conn, NULL, NULL, deadline);
    if (r == 0 || r == -EKEYREJECTED)
        *ret = SERVICE_TLS;
    tls_close(conn);
    rt_close(sock);
    return r == -ECANCELED ? r : 0;
}

static int ask_all(struct observer *o, const struct service *s, enum service_kind *ret,
                   rt_time deadline)
{
    enum { FIRST_LINE_BYTES = 12 };
    struct dialog d;
    if (strncmp(s->process, "postgres", 8) == 0) {
        int r = ask_postgres(s, ret, deadline);
        if (r < 0 || *ret != SERVICE_TCP)
            return r;
    }
    rt_time until = rt_now() + (deadline - rt_now()) / 2;
    int r = ask(s, SLICE("HEAD / HTTP/1.0\r\n\r\n"), FIRST_LINE_BYTES, &d, until);
    if (r == -ECANCELED)
        return r;
    bool complains = begins(&d, "HTTP/1.0 400") || begins(&d, "HTTP/1.1 400");
    if (begins(&d, "HTTP/") && !complains)
        *ret = SERVICE_HTTP;
    else if (begins(&d, "-ERR") || begins(&d, "-NOAUTH") || begins(&d, "-DENIED"))
        *ret = SERVICE_REDIS;
    else
        r = ask_tls(o, s, ret, deadline);
    if (*ret == SERVICE_TCP && complains)
        *ret = SERVICE_HTTP;
    if (*ret == SERVICE_TCP && r != -ECANCELED && d.size == 0)
        r = ask_postgres(s, ret, deadline);
    return r;
}

/* What a service of this kind is asked, and how that is written; others are but connected to. */
static const struct {
    const char *scheme, *path;
    enum probe_kind kind;
} asked[] = {
    [SERVICE_TCP] = {"", "", PROBE_TCP},
    [SERVICE_HTTP] = {"http://", "/", PROBE_HTTP},
    [SERVICE_TLS] = {"tls://", "", PROBE_TLS},
    [SERVICE_SSH] = {"ssh://", "", PROBE_SSH},
    [SERVICE_SMTP] = {"", "", PROBE_TCP},
    [SERVICE_REDIS] = {"redis://", "", PROBE_REDIS},
    [SERVICE_POSTGRES] = {"postgres://", "", PROBE_POSTGRES},
    [SERVICE_MYSQL] = {"", "", PROBE_TCP},
    [SERVICE_UNIX] = {"unix://", "", PROBE_UNIX},
};

static void name_target(struct service *s)
{
    snprintf(s->target, sizeof(s->target), "%s%s%s", asked[s->kind].scheme, s->address,
             asked[s->kind].path);
}

/* A listener on :: that takes IPv4, too, on a host without an IPv6 loopback. */
static int greet(struct service *s, struct dialog *d)
{
    rt_time deadline = rt_now() + SERVICE_GREETING_MS * RT_MS;
    int r = ask(s, (struct slice){0}, 5, d, deadline);
    if (s->connect_to.family == AF_INET6 && r == -EADDRNOTAVAIL) {
        rt_addr_ipv4(INADDR_LOOPBACK, rt_addr_port(&s->connect_to), &s->connect_to);
        rt_addr_format(&s->connect_to, true, s->address);
        r = ask(s, (struct slice){0}, 5, d, deadline);
    }
    return r;
}

int service_identify(struct observer *o, struct service *s)
{
    struct dialog d;
    enum service_kind kind = s->kind;
    int r = greet(s, &d);
    if (r == 0 && kind == SERVICE_TCP && !take_greeting(&d, &kind))
        r = ask_all(o, s, &kind, rt_now() + SERVICE_IDENTIFY_MS * RT_MS);
    if (r == -ECANCELED)
        return r;
    s->kind = kind;
    s->identified = true;
    name_target(s);
    return r == -EACCES || r == -EPERM ? -EACCES : 0;
}

/* Nobody told us which names, roots and logins are right here. That a certificate has ended is
 * wrong by any; who asks for a login serves. */
static void judge(struct probe_result *r)
{
    if (r->reason == REASON_OK && r->days_left != INT32_MIN && r->days_left < 0)
        probe_result_fail(r, REASON_TLS_EXPIRED, "the certificate ended %d days ago",
                          (int)-r->days_left);
    bool login = r->target->kind == PROBE_REDIS || r->target->kind == PROBE_POSTGRES;
    if (login && r->reason == REASON_PERMISSION) {
        r->reason = REASON_OK;
        r->detail[0] = 0;
    }
}

void service_probe(struct observer *o, const struct service *s, struct probe_result *r)
{
    static const struct probe_extra none;
    struct probe_target t = {
        .kind = asked[s->kind].kind,
        .extra = &none,
        .name = slice_from(s->target),
        .port = rt_addr_port(&s->connect_to),
    };
    char host[RT_ADDR_TEXT_MAX];
    rt_addr_format(&s->connect_to, false, host);
    t.host = slice_from(host);
    if (t.host.size > 1 && t.host.data[0] == '[')
        t.host = slice_sub(t.host, 1, t.host.size - 1);
    t.url = t.name;
    observe_probe(o, &t, r);
    judge(r);
    r->target = NULL; /* it lay on our stack */
}
