#include "net/dbus_conn.h"

#include <errno.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "rt/event.h"
#include "rt/sock.h"
#include "wire/dbus_address.h"

enum { READ_BYTES = 8192 };

struct dbus_conn {
    struct rt_sock *sock;
    struct rt_group group;
    dbus_heard_fn *heard;
    void *ctx;
    struct list calls; /* struct pending */
    uint32_t call_count, serial;
    struct buf in, out;
    struct rt_event kick; /* there is something to write */
    struct err why;       /* since it is dead */
};

struct pending {
    struct list link;
    uint32_t serial;
    struct rt_event done;
    struct dbus_answer answer;
    bool dead; /* the connection went instead */
};

const char *dbus_system_address(void)
{
    const char *given = getenv("DBUS_SYSTEM_BUS_ADDRESS");
    return given && *given ? given
                           : "unix:path=/run/dbus/system_bus_socket;"
                             "unix:path=/var/run/dbus/system_bus_socket";
}

void dbus_answer_done(struct dbus_answer *a)
{
    buf_done(&a->bytes);
    *a = (struct dbus_answer){0};
}

/* ---- getting to know each other ---- */

static int connect_to(const char *address, struct rt_sock **ret_sock, struct err *err,
                      rt_time deadline)
{
    struct slice list = slice_from(address);
    int r, last = err_set(err, -EINVAL, "the bus has no address");
    do {
        struct dbus_address entry = {0};
        struct rt_addr to;
        r = dbus_address_next(&list, &entry, err);
        if (r <= 0) {
            last = r < 0 ? r : last;
            continue;
        }
        r = rt_addr_unix(slice_from(entry.socket), &to);
        if (r == 0)
            r = rt_connect(&to, NULL, ret_sock, deadline);
        if (r == 0)
            return 0;
        last = err_sys(err, r, "the bus at %s", entry.socket);
    } while (r != 0 && r != -ECANCELED);
    return last;
}

/* The next line; its words are passed over by the next call. */
static int read_line(struct dbus_conn *c, enum dbus_auth *ret_auth, struct err *err,
                     rt_time deadline)
{
    struct slice rest;
    for (;;) {
        char *room;
        ptrdiff_t n = dbus_auth_parse(buf_slice(&c->in), ret_auth, &rest, err);
        if (n > 0)
            buf_consume(&c->in, (size_t)n);
        if (n != 0)
            return n < 0 ? -EPROTO : 0;
        buf_reserve(&c->in, READ_BYTES, &room);
        ssize_t got = rt_read(c->sock, room, READ_BYTES, deadline);
        if (got == 0)
            return err_set(err, -EPROTO, "it hung up instead of greeting us");
        if (got < 0)
            return err_sys(err, (int)got, "no greeting");
        buf_commit(&c->in, (size_t)got);
    }
}

/* The first NUL is there for systems that send credentials with a byte. */
static int authenticate(struct dbus_conn *c, struct err *err, rt_time deadline)
{
    static const char who[] = "\0AUTH EXTERNAL\r\nDATA\r\n", begin[] = "BEGIN\r\n";
    enum dbus_auth auth = DBUS_AUTH_OTHER;
    int r = rt_write(c->sock, who, sizeof(who) - 1, deadline);
    if (r < 0)
        return err_sys(err, r, "greet it");
    for (int lines = 0; lines < 2 && auth != DBUS_AUTH_OK; lines++) {
        r = read_line(c, &auth, err, deadline);
        if (r < 0)
            return r;
        if (auth == DBUS_AUTH_REJECTED || auth == DBUS_AUTH_ERROR)
            return err_set(err, -EPERM, "it does not take us by our user id");
    }
    if (auth != DBUS_AUTH_OK)
        return err_set(err, -EPROTO, "it answers like no bus");
    r = rt_write(c->sock, begin, sizeof(begin) - 1, deadline);
    return r < 0 ? err_sys(err, r, "greet it") : 0;
}

/* ---- what comes ---- */

static void answer(struct dbus_conn *c, const struct dbus_message *m, struct slice bytes)
{
    list_each(it, &c->calls) {
        struct pending *p = list_entry(it, struct pending, link);
        if (p->serial != m->reply_serial || p->done.set)
            continue;
        p->answer.bytes = BUF(MEM_NET, DBUS_MESSAGE_BYTES_MAX);
        buf_append_slice(&p->answer.bytes, bytes);
        dbus_parse(buf_slice(&p->answer.bytes), &p->answer.message, NULL);
        rt_event_set(&p->done);
        return;
    }
}

/* Somebody asks us something: we have nothing to offer. */
static void refuse(struct dbus_conn *c, const struct dbus_message *call)
{
    if (call->flags & DBUS_NO_REPLY)
        return;
    struct dbus_message m = {.kind = DBUS_ERROR, .serial = ++c->serial,
                             .reply_serial = call->serial, .destination = call->sender,
                             .error = SLICE("org.freedesktop.DBus.Error.UnknownMethod")};
    if (dbus_write(&c->out, &m, NULL) == 0)
        rt_event_set(&c->kick);
}

static int take_messages(struct dbus_conn *c)
{
    struct dbus_message m;
    size_t at = 0;
    ptrdiff_t n;
    while ((n = dbus_parse(slice_sub(buf_slice(&c->in), at, c->in.size), &m, &c->why)) > 0) {
        struct slice bytes = slice_sub(buf_slice(&c->in), at, at + (size_t)n);
        at += (size_t)n;
        if (m.kind == DBUS_RETURN || m.kind == DBUS_ERROR)
            answer(c, &m, bytes);
        else if (m.kind == DBUS_CALL)
            refuse(c, &m);
        else if (m.kind == DBUS_SIGNAL && c->heard)
            c->heard(c->ctx, &m);
    }
    buf_consume(&c->in, at);
    return n < 0 ? (int)n : 0;
}

static void die(struct dbus_conn *c)
{
    list_each(it, &c->calls) {
        struct pending *p = list_entry(it, struct pending, link);
        p->dead = !p->done.set;
        rt_event_set(&p->done);
    }
    if (c->heard)
        c->heard(c->ctx, NULL);
}

static void read_main(void *arg)
{
    struct dbus_conn *c = arg;
    int r = take_messages(c); /* some may have come with the greeting */
    while (r == 0) {
        char *room;
        buf_reserve(&c->in, READ_BYTES, &room);
        ssize_t n = rt_read(c->sock, room, READ_BYTES, RT_NEVER);
        if (n == -ECANCELED)
            return;
        if (n <= 0) {
            r = n == 0 ? err_set(&c->why, -EPIPE, "the bus has ended the connection")
                       : err_sys(&c->why, (int)n, "the bus's connection");
            break;
        }
        buf_commit(&c->in, (size_t)n);
        r = take_messages(c);
    }
    die(c);
}

static void write_main(void *arg)
{
    struct dbus_conn *c = arg;
    int r = 0;
    while (r == 0 && (r = rt_event_wait(&c->kick, RT_NEVER)) == 0) {
        struct buf out = c->out;
        rt_event_clear(&c->kick);
        c->out = BUF(MEM_NET, DBUS_OUT_BYTES_MAX);
        r = rt_write(c->sock, out.data, out.size, RT_NEVER);
        buf_done(&out);
    }
    /* Where it cannot be written to, the reader hears of the end. */
}

/* ---- calls ---- */

static int code_of_error(struct slice name)
{
    static const struct {
        const char *end;
        int code;
    } known[] = {
        {".ServiceUnknown", -ESRCH},   {".NameHasNoOwner", -ESRCH},
        {".NoSuchUnit", -ENOENT},      {".UnknownObject", -ENOENT},
        {".AccessDenied", -EACCES},    {".InteractiveAuthorizationRequired", -EACCES},
        {".AuthFailed", -EACCES},      {".InvalidArgs", -EINVAL},
        {".UnknownMethod", -ENOTSUP},  {".UnknownInterface", -ENOTSUP},
        {".UnknownProperty", -ENOTSUP}, {".NoReply", -ETIMEDOUT},
        {".LimitsExceeded", -ENOBUFS}, {".Disconnected", -ESRCH},
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (slice_ends_with(name, slice_from(known[i].end)))
            return known[i].code;
    return -EREMOTEIO;
}

static int say_error(const struct dbus_message *m, struct err *err)
{
    struct dbus_reader r = dbus_body(m);
    struct slice text = {0};
    struct buf shown = BUF(MEM_NET, 0);
    dbus_text(&r, DBUS_STRING, &text);
    utf8_append_shown(&shown, text.size ? slice_sub(text, 0, 300) : m->error);
    int code = err_set(err, code_of_error(m->error), "%s", shown.data);
    buf_done(&shown);
    return code;
}

static int send_call(struct dbus_conn *c, const struct dbus_message *call, struct pending *p,
                     struct err *err)
{
    struct dbus_message m = *call;
    if (c->why.code)
        return err_set(err, -EPIPE, "%s", c->why.text);
    if (c->call_count >= DBUS_CALLS_MAX)
        return err_set(err, -ENOBUFS, "%d calls wait for the bus already", DBUS_CALLS_MAX);
    c->serial += c->serial == UINT32_MAX ? 2 : 1; /* never 0 */
    m.kind = DBUS_CALL;
    m.serial = p->serial = c->serial;
    m.flags |= DBUS_NO_AUTO_START;
    int r = dbus_write(&c->out, &m, err);
    if (r == -EMSGSIZE && m.body.size < DBUS_MESSAGE_BYTES_MAX / 2)
        r = err_set(err, -ENOBUFS, "the bus does not take what it is sent");
    if (r == 0)
        rt_event_set(&c->kick);
    return r;
}

int dbus_conn_call(struct dbus_conn *c, const struct dbus_message *call,
                   struct dbus_answer *ret_answer, struct err *err, rt_time deadline)
{
    struct pending p = {0};
    int r = send_call(c, call, &p, err);
    if (r < 0)
        return r;
    list_push_back(&c->calls, &p.link);
    c->call_count++;
    r = rt_event_wait(&p.done, deadline);
    list_remove(&p.link);
    c->call_count--;
    if (r < 0)
        r = err_set(err, r, r == -ETIMEDOUT ? "no answer to %.*s" : "%.*s was canceled",
                    SLICE_ARG(call->member));
    else if (p.dead)
        r = err_set(err, -EPIPE, "%s", c->why.text);
    else if (p.answer.message.kind == DBUS_ERROR)
        r = say_error(&p.answer.message, err);
    if (r == 0 && ret_answer)
        *ret_answer = p.answer;
    else
        dbus_answer_done(&p.answer);
    return r;
}

int dbus_conn_ask_bus(struct dbus_conn *c, const char *member, const char *text,
                      struct dbus_answer *ret_answer, struct err *err, rt_time deadline)
{
    struct buf body = BUF(MEM_NET, 0);
    if (text)
        dbus_put_text(&body, DBUS_STRING, slice_from(text));
    struct dbus_message m = {.path = SLICE("/org/freedesktop/DBus"),
                             .interface = SLICE("org.freedesktop.DBus"),
                             .destination = SLICE("org.freedesktop.DBus"),
                             .member = slice_from(member),
                             .signature = text ? SLICE("s") : (struct slice){0},
                             .body = buf_slice(&body)};
    int r = dbus_conn_call(c, &m, ret_answer, err, deadline);
    buf_done(&body);
    return r;
}

/* ---- its life ---- */

static int begin(struct dbus_conn *c, struct err *err, rt_time deadline)
{
    int r = authenticate(c, err, deadline);
    if (r < 0)
        return r;
    if (rt_go(&c->group, read_main, c) < 0 || rt_go(&c->group, write_main, c) < 0)
        return err_sys(err, -ENOMEM, "follow it");
    return dbus_conn_ask_bus(c, "Hello", NULL, NULL, err, deadline);
}

int dbus_conn_open(const char *address, dbus_heard_fn *heard, void *ctx,
                   struct dbus_conn **ret_conn, struct err *err, rt_time deadline)
{
    struct rt_sock *sock = NULL;
    int r = connect_to(address, &sock, err, deadline);
    if (r < 0)
        return r;
    struct dbus_conn *c = mem_alloc(MEM_NET, sizeof(*c));
    *c = (struct dbus_conn){.sock = sock, .ctx = ctx,
                            .in = BUF(MEM_NET, DBUS_MESSAGE_BYTES_MAX + READ_BYTES),
                            .out = BUF(MEM_NET, DBUS_OUT_BYTES_MAX)};
    list_init(&c->calls);
    rt_group_init(&c->group, "bus");
    r = begin(c, err, deadline);
    if (r < 0) {
        err_wrap(err, "the bus");
        dbus_conn_close(c);
        return r;
    }
    c->heard = heard;
    if (c->why.code) { /* it went already, and nobody was told */
        r = err_set(err, -EPIPE, "%s", c->why.text);
        dbus_conn_close(c);
        return r;
    }
    *ret_conn = c;
    return 0;
}

void dbus_conn_close(struct dbus_conn *c)
{
    if (!c)
        return;
    c->heard = NULL;
    rt_group_done(&c->group);
    rt_close(c->sock);
    buf_done(&c->in);
    buf_done(&c->out);
    mem_free(MEM_NET, c);
}
