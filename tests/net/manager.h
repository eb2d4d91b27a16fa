/* manager.h - stands for systemd on a real bus, where the test says what happens to its units: the
 * interface of org.freedesktop.systemd1, with the signatures of systemd 252. The real one is asked
 * in tests/e2e/unit_test.py. */
#ifndef FIREBREAK_TESTS_NET_MANAGER_H
#define FIREBREAK_TESTS_NET_MANAGER_H

#include <errno.h>

#include "rt/event.h"
#include "rt/sock.h"
#include "tests/net/bus.h"
#include "wire/dbus.h"

#define SD "org.freedesktop.systemd1"
#define SD_JOB "/org/freedesktop/systemd1/job/42"
#define SD_UNIT "/org/freedesktop/systemd1/unit/web_2eservice"

/* One unit, web.service; every other one is not found. */
struct manager {
    struct rt_sock *sock;
    struct rt_group group;
    struct buf in;
    uint32_t serial;
    const char *load, *active, *sub, *result; /* of web.service */
    const char *job_result; /* what becomes of a restart; NULL: nothing comes */
    const char *refuses; /* an error's name for RestartUnit */
    bool silent;         /* answers no LoadUnit */
    bool job;            /* of web.service one is under way */
    struct rt_event asked_to_restart, subscribed;
    uint32_t looks;
};

static inline struct dbus_message manager_signal(const char *path, const char *interface,
                                                 const char *member, const char *signature)
{
    return (struct dbus_message){.kind = DBUS_SIGNAL, .path = slice_from(path),
                                 .interface = slice_from(interface), .member = slice_from(member),
                                 .signature = slice_from(signature)};
}

static inline void manager_send(struct manager *m, struct dbus_message *msg, struct buf *body)
{
    struct buf out = BUF(MEM_TEST, 0);
    struct err err = {0};
    msg->serial = ++m->serial;
    msg->body = buf_slice(body);
    if (dbus_write(&out, msg, &err) < 0)
        printf("# manager: %s\n", err.text);
    CHECK_INT(rt_write(m->sock, out.data, out.size, rt_now() + 20 * RT_SEC), 0);
    buf_done(&out);
    buf_done(body);
}

static inline void manager_put(struct buf *b, const char *key, const char *value)
{
    dbus_put_struct(b);
    dbus_put_text(b, DBUS_STRING, slice_from(key));
    dbus_put_variant(b, SLICE("s"));
    dbus_put_text(b, DBUS_STRING, slice_from(value));
}

static inline void manager_put_state(struct manager *m, struct buf *b, bool found)
{
    struct dbus_open_array all;
    dbus_put_array(b, DBUS_ENTRY, &all);
    manager_put(b, "Description", "a unit");
    manager_put(b, "LoadState", found ? m->load : "not-found");
    manager_put(b, "ActiveState", found ? m->active : "inactive");
    dbus_put_struct(b);
    dbus_put_text(b, DBUS_STRING, SLICE("StateChangeTimestamp"));
    dbus_put_variant(b, SLICE("t"));
    dbus_put_uint(b, DBUS_UINT64, 1234567);
    dbus_put_struct(b);
    dbus_put_text(b, DBUS_STRING, SLICE("Job"));
    dbus_put_variant(b, SLICE("(uo)"));
    dbus_put_struct(b);
    dbus_put_uint(b, DBUS_UINT32, found && m->job ? 42 : 0);
    dbus_put_text(b, DBUS_PATH, found && m->job ? SLICE(SD_JOB) : SLICE("/"));
    manager_put(b, "SubState", found ? m->sub : "dead");
    dbus_end_array(b, &all);
}

/* The unit changes, and everybody is told. */
static inline void manager_set(struct manager *m, const char *active, const char *sub)
{
    struct dbus_message s = manager_signal(SD_UNIT, "org.freedesktop.DBus.Properties",
                                           "PropertiesChanged", "sa{sv}as");
    struct dbus_open_array none;
    struct buf body = BUF(MEM_TEST, 0);
    m->active = active;
    m->sub = sub;
    dbus_put_text(&body, DBUS_STRING, SLICE(SD ".Unit"));
    manager_put_state(m, &body, true);
    dbus_put_array(&body, DBUS_STRING, &none);
    dbus_end_array(&body, &none);
    manager_send(m, &s, &body);
}

static inline void manager_job_removed(struct manager *m, const char *job, const char *result)
{
    struct dbus_message s =
        manager_signal("/org/freedesktop/systemd1", SD ".Manager", "JobRemoved", "uoss");
    struct buf body = BUF(MEM_TEST, 0);
    dbus_put_uint(&body, DBUS_UINT32, 42);
    dbus_put_text(&body, DBUS_PATH, slice_from(job));
    dbus_put_text(&body, DBUS_STRING, SLICE("web.service"));
    dbus_put_text(&body, DBUS_STRING, slice_from(result));
    manager_send(m, &s, &body);
}

static inline void manager_reloaded(struct manager *m)
{
    struct dbus_message s =
        manager_signal("/org/freedesktop/systemd1", SD ".Manager", "Reloading", "b");
    struct buf body = BUF(MEM_TEST, 0);
    dbus_put_uint(&body, DBUS_BOOL, 0);
    manager_send(m, &s, &body);
}

static inline void manager_restart(struct manager *m, struct dbus_message *reply, struct buf *body)
{
    if (m->refuses) {
        reply->kind = DBUS_ERROR;
        reply->error = slice_from(m->refuses);
        reply->signature = SLICE("s");
        dbus_put_text(body, DBUS_STRING, SLICE("it says no"));
        manager_send(m, reply, body);
        return;
    }
    /* Another job ends first; and ours may be over before the answer is read. */
    manager_job_removed(m, "/org/freedesktop/systemd1/job/7", "failed");
    reply->signature = SLICE("o");
    dbus_put_text(body, DBUS_PATH, SLICE(SD_JOB));
    manager_send(m, reply, body);
    if (m->job_result)
        manager_job_removed(m, SD_JOB, m->job_result);
    rt_event_set(&m->asked_to_restart);
}

static inline void manager_serve(struct manager *m, const struct dbus_message *call)
{
    struct dbus_message reply = {.kind = DBUS_RETURN, .reply_serial = call->serial,
                                 .destination = call->sender};
    struct dbus_reader r = dbus_body(call);
    struct slice arg = {0};
    struct buf body = BUF(MEM_TEST, 0);
    dbus_text(&r, DBUS_STRING, &arg);
    if (slice_eq_cstr(call->member, "LoadUnit")) {
        m->looks++;
        if (m->silent)
            return;
        reply.signature = SLICE("o");
        dbus_put_text(&body, DBUS_PATH, slice_eq_cstr(arg, "web.service")
                                            ? SLICE(SD_UNIT)
                                            : SLICE("/org/freedesktop/systemd1/unit/x"));
    } else if (slice_eq_cstr(call->member, "GetAll")) {
        reply.signature = SLICE("a{sv}");
        manager_put_state(m, &body, slice_eq_cstr(call->path, SD_UNIT));
    } else if (slice_eq_cstr(call->member, "Get")) {
        reply.signature = SLICE("v");
        dbus_put_variant(&body, SLICE("s"));
        dbus_put_text(&body, DBUS_STRING, slice_from(m->result));
    } else if (slice_eq_cstr(call->member, "RestartUnit")) {
        manager_restart(m, &reply, &body);
        return;
    } else if (slice_eq_cstr(call->member, "Subscribe")) {
        rt_event_set(&m->subscribed);
    }
    manager_send(m, &reply, &body);
}

static inline bool manager_read(struct manager *m)
{
    char bytes[512];
    ssize_t n = rt_read(m->sock, bytes, sizeof(bytes), RT_NEVER);
    if (n <= 0)
        return false;
    buf_append(&m->in, bytes, (size_t)n);
    struct dbus_message msg;
    ptrdiff_t size;
    while ((size = dbus_parse(buf_slice(&m->in), &msg, NULL)) > 0) {
        if (msg.kind == DBUS_CALL)
            manager_serve(m, &msg);
        buf_consume(&m->in, (size_t)size);
    }
    return size == 0;
}

static inline void manager_main(void *arg)
{
    while (manager_read(arg))
        ;
}

static inline void manager_ask_bus(struct manager *m, const char *member, const char *name)
{
    struct dbus_message call = {.kind = DBUS_CALL, .path = SLICE("/org/freedesktop/DBus"),
                                .interface = SLICE("org.freedesktop.DBus"),
                                .destination = SLICE("org.freedesktop.DBus"),
                                .member = slice_from(member),
                                .signature = name ? SLICE("su") : (struct slice){0}};
    struct buf body = BUF(MEM_TEST, 0);
    if (name) {
        dbus_put_text(&body, DBUS_STRING, slice_from(name));
        dbus_put_uint(&body, DBUS_UINT32, 4); /* do not queue */
    }
    manager_send(m, &call, &body);
}

/* On the bus, under that name (NULL: none), before this returns. */
static inline void manager_start(struct manager *m, const struct bus *bus, const char *name)
{
    static const char hello[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
    struct rt_addr to;
    char bytes[256];
    rt_addr_unix(slice_from(strchr(bus->address, '=') + 1), &to);
    CHECK_INT(rt_connect(&to, NULL, &m->sock, rt_now() + 20 * RT_SEC), 0);
    CHECK_INT(rt_write(m->sock, hello, sizeof(hello) - 1, RT_NEVER), 0);
    m->in = BUF(MEM_TEST, 0);
    while (slice_find(buf_slice(&m->in), SLICE("OK ")) < 0 || m->in.data[m->in.size - 1] != '\n') {
        ssize_t n = rt_read(m->sock, bytes, sizeof(bytes), rt_now() + 20 * RT_SEC);
        if (n <= 0)
            abort();
        buf_append(&m->in, bytes, (size_t)n);
    }
    buf_clear(&m->in);
    manager_ask_bus(m, "Hello", NULL);
    if (name)
        manager_ask_bus(m, "RequestName", name);
    for (uint32_t answers = 0; answers < (name ? 2 : 1);) {
        struct dbus_message msg;
        ssize_t n = rt_read(m->sock, bytes, sizeof(bytes), rt_now() + 20 * RT_SEC);
        if (n <= 0)
            abort();
        buf_append(&m->in, bytes, (size_t)n);
        for (ptrdiff_t size; (size = dbus_parse(buf_slice(&m->in), &msg, NULL)) > 0;) {
            answers += msg.kind == DBUS_RETURN;
            buf_consume(&m->in, (size_t)size);
        }
    }
    rt_group_init(&m->group, "manager");
    rt_go(&m->group, manager_main, m);
}

static inline void manager_stop(struct manager *m)
{
    rt_group_done(&m->group);
    rt_close(m->sock);
    buf_done(&m->in);
}

#endif
