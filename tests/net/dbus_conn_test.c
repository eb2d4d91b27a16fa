#include "net/dbus_conn.h"

#include <errno.h>

#include "rt/event.h"
#include "rt/sock.h"
#include "tests/net/bus.h"

static struct bus bus;
static struct err why;

static rt_time soon(void)
{
    return rt_now() + 20 * RT_SEC;
}

struct heard {
    struct rt_event signal, end;
    char name[64];
};

static void on_heard(void *ctx, const struct dbus_message *m)
{
    struct heard *h = ctx;
    struct slice name = {0};
    if (!m) {
        rt_event_set(&h->end);
        return;
    }
    struct dbus_reader r = dbus_body(m);
    if (slice_eq_cstr(m->member, "NameOwnerChanged") && dbus_text(&r, DBUS_STRING, &name) == 0) {
        snprintf(h->name, sizeof(h->name), "%.*s", SLICE_ARG(name));
        rt_event_set(&h->signal);
    }
}

static struct dbus_conn *open_with(struct heard *h)
{
    struct dbus_conn *c = NULL;
    err_clear(&why);
    int r = dbus_conn_open(bus.address, h ? on_heard : NULL, h, &c, &why, soon());
    CHECK_INT(r, 0);
    if (r < 0)
        printf("# %s\n", why.text);
    return c;
}

/* ---- a real bus ---- */

static void a_call_has_its_answer(void)
{
    struct dbus_conn *c = open_with(NULL);
    struct dbus_answer a = {0};
    struct slice id = {0};
    CHECK_INT(dbus_conn_ask_bus(c, "GetNameOwner", "org.freedesktop.DBus", &a, &why, soon()), 0);
    struct dbus_reader r = dbus_body(&a.message);
    CHECK(dbus_text(&r, DBUS_STRING, &id) == 0 && slice_eq_cstr(id, "org.freedesktop.DBus"));
    dbus_answer_done(&a);
    CHECK_INT(dbus_conn_ask_bus(c, "GetId", NULL, &a, &why, soon()), 0);
    r = dbus_body(&a.message);
    CHECK(dbus_text(&r, DBUS_STRING, &id) == 0 && id.size == 32);
    dbus_answer_done(&a);
    dbus_conn_close(c);
}

static void an_error_is_told_in_its_words(void)
{
    struct dbus_conn *c = open_with(NULL);
    struct dbus_answer a = {.bytes = {.size = 4711}};
    CHECK_INT(dbus_conn_ask_bus(c, "GetNameOwner", "no.body.here", &a, &why, soon()), -ESRCH);
    CHECK(strstr(why.text, "no.body.here") != NULL);
    CHECK_INT(dbus_conn_ask_bus(c, "NoSuchThing", NULL, &a, &why, soon()), -ENOTSUP);
    CHECK_INT(dbus_conn_ask_bus(c, "GetId", "too much", &a, &why, soon()), -EINVAL);
    CHECK_INT(dbus_conn_ask_bus(c, "Forbidden", NULL, &a, &why, soon()), -EACCES);
    CHECK_INT(dbus_conn_ask_bus(c, "two words", NULL, &a, &why, soon()), -EINVAL);
    CHECK_INT(a.bytes.size, 4711);
    dbus_conn_close(c);
}

static void signals_are_heard(void)
{
    struct heard h = {0};
    struct dbus_conn *c = open_with(&h);
    CHECK_INT(dbus_conn_ask_bus(c, "AddMatch", "type='signal',member='NameOwnerChanged'", NULL,
                                &why, soon()), 0);
    struct dbus_conn *other = open_with(NULL);
    CHECK_INT(rt_event_wait(&h.signal, soon()), 0);
    CHECK(h.name[0] == ':');
    dbus_conn_close(other);
    CHECK(!h.end.set);
    dbus_conn_close(c);
    CHECK(!h.end.set); /* ended by us: nobody is told */
}

/* We have nothing to offer to others, and say so at once. */
static void who_asks_us_is_answered(void)
{
    struct heard h = {0};
    struct dbus_conn *c = open_with(&h);
    dbus_conn_ask_bus(c, "AddMatch", "type='signal',member='NameOwnerChanged'", NULL, &why, soon());
    struct dbus_conn *other = open_with(NULL);
    CHECK_INT(rt_event_wait(&h.signal, soon()), 0);
    struct dbus_message m = {.path = SLICE("/"), .interface = SLICE("a.b"), .member = SLICE("C"),
                             .destination = slice_from(h.name)};
    CHECK_INT(dbus_conn_call(c, &m, NULL, &why, soon()), -ENOTSUP);
    dbus_conn_close(other);
    dbus_conn_close(c);
}

/* Hundreds of calls of as many tasks, each with its own answer. */
struct caller {
    struct dbus_conn *conn;
    int result;
};

static void call_main(void *arg)
{
    struct caller *c = arg;
    struct dbus_answer a = {0};
    c->result = dbus_conn_ask_bus(c->conn, "GetNameOwner", "org.freedesktop.DBus", &a, NULL,
                                  soon());
    dbus_answer_done(&a);
}

static void calls_go_side_by_side(void)
{
    enum { COUNT = 500 };
    static struct caller callers[COUNT];
    struct rt_group g;
    struct dbus_conn *c = open_with(NULL);
    rt_group_init(&g, "callers");
    for (size_t i = 0; i < COUNT; i++) {
        callers[i] = (struct caller){c, 1};
        CHECK_INT(rt_go(&g, call_main, &callers[i]), 0);
    }
    CHECK_INT(rt_group_wait(&g, soon()), 0);
    for (size_t i = 0; i < COUNT; i++)
        CHECK_INT(callers[i].result, 0);
    rt_group_done(&g);
    dbus_conn_close(c);
}

static void the_end_of_the_bus_is_told(void)
{
    struct heard h = {0};
    struct dbus_conn *c = open_with(&h), *none = NULL;
    child_stop(&bus.daemon);
    CHECK_INT(rt_event_wait(&h.end, soon()), 0);
    CHECK_INT(dbus_conn_ask_bus(c, "GetId", NULL, NULL, &why, soon()), -EPIPE);
    CHECK(strstr(why.text, "ended the connection") != NULL);
    dbus_conn_close(c);
    CHECK_INT(dbus_conn_open(bus.address, NULL, NULL, &none, &why, soon()), -ECONNREFUSED);
    CHECK(!none && strstr(why.text, "the bus at /tmp/firebreak-bus-") != NULL);
    char path[64];
    snprintf(path, sizeof(path), "%s/socket", bus.folder);
    unlink(path);
    CHECK_INT(dbus_conn_open(bus.address, NULL, NULL, &none, &why, soon()), -ENOENT);
    CHECK(bus_start(&bus));
    dbus_conn_close(open_with(NULL));
}

static void the_first_of_a_list_that_answers_is_taken(void)
{
    char list[200];
    struct dbus_conn *c = NULL;
    snprintf(list, sizeof(list), "unix:path=/no/such/bus;tcp:host=x,port=1;%s", bus.address);
    CHECK_INT(dbus_conn_open(list, NULL, NULL, &c, &why, soon()), 0);
    dbus_conn_close(c);
    err_clear(&why);
    CHECK_INT(dbus_conn_open("tcp:host=x,port=1", NULL, NULL, &c, &why, soon()), -EPROTONOSUPPORT);
    CHECK(strstr(why.text, "only unix sockets") != NULL);
    CHECK_INT(dbus_conn_open("", NULL, NULL, &c, &why, soon()), -EINVAL);
    setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address, 1);
    CHECK_STR(dbus_system_address(), bus.address);
    unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
    CHECK(strncmp(dbus_system_address(), "unix:path=/run/dbus/system_bus_socket;", 38) == 0);
}

/* ---- what only calls itself a bus ---- */

struct fake {
    struct rt_sock *listener;
    const char *says; /* one part for each read; parts end in '|' */
    size_t size;
};

static void fake_main(void *arg)
{
    struct fake *f = arg;
    struct rt_sock *s = NULL;
    struct slice rest = {f->says, f->size};
    char bytes[1024];
    if (rt_accept(f->listener, &s, NULL, soon()) < 0)
        return;
    while (rest.data && rt_read(s, bytes, sizeof(bytes), soon()) > 0) {
        struct slice part = slice_cut(&rest, '|');
        if (part.size)
            rt_write(s, part.data, part.size, soon());
    }
    rt_close(s);
}

static int meet(const char *says, size_t size)
{
    struct fake f = {.says = says, .size = size};
    struct dbus_conn *c = NULL;
    struct rt_addr at;
    struct rt_group g;
    rt_addr_unix(SLICE("@firebreak-dbus-test"), &at);
    CHECK_INT(rt_listen(&at, 4, false, &f.listener), 0);
    rt_group_init(&g, "fake");
    rt_go(&g, fake_main, &f);
    err_clear(&why);
    int r = dbus_conn_open("unix:abstract=firebreak-dbus-test", NULL, NULL, &c, &why, soon());
    CHECK(!c && why.text[0]);
    rt_group_done(&g);
    rt_close(f.listener);
    return r;
}

#define MEET(says) meet("" says, sizeof(says) - 1)

static void what_is_no_bus_is_told(void)
{
    CHECK_INT(MEET("REJECTED KERBEROS_V4\r\n|"), -EPERM);
    CHECK_INT(MEET("HTTP/1.1 400 Bad Request\r\nServer: x\r\n|"), -EPROTO);
    CHECK_INT(MEET("\x15\x03\x01|"), -EPROTO);
    CHECK_INT(MEET(""), -EPROTO);
    CHECK_INT(MEET("DATA\r\nDATA\r\n|"), -EPROTO);
    CHECK_INT(MEET("DATA\r\nOK 12\r\n|"), -EPIPE);         /* ends instead of its answer */
    CHECK_INT(MEET("DATA\r\nOK 12\r\n|what is this?"), -EPIPE);
    CHECK(strstr(why.text, "byte order") != NULL);
    CHECK_INT(MEET("DATA\r\nOK 12\r\n|l\2\1\1\0\0\0\x7f\1\0\0\0\0\0\0\0"), -EPIPE);
    CHECK(strstr(why.text, "at most") != NULL);
}

static void all(void *arg)
{
    (void)arg;
    TAP_RUN(a_call_has_its_answer);
    TAP_RUN(an_error_is_told_in_its_words);
    TAP_RUN(signals_are_heard);
    TAP_RUN(who_asks_us_is_answered);
    TAP_RUN(calls_go_side_by_side);
    TAP_RUN(the_end_of_the_bus_is_told);
    TAP_RUN(the_first_of_a_list_that_answers_is_taken);
    TAP_RUN(what_is_no_bus_is_told);
}

int main(void)
{
    if (!bus_start(&bus))
        printf("# no dbus-daemon\n");
    if (rt_run(NULL, all, NULL) < 0)
        return 1;
    bus_done(&bus);
    return tap_done();
}
