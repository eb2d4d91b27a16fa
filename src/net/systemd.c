#include "net/systemd.h"

#include <errno.h>
#include <stdio.h>

#include "base/fault.h"

#define BUS       "org.freedesktop.DBus"
#define NAME      "org.freedesktop.systemd1"
#define MANAGER   NAME ".Manager"
#define UNIT      NAME ".Unit"
#define PROPERTY  BUS ".Properties"
#define ROOT      "/org/freedesktop/systemd1"

struct systemd {
    struct dbus_conn *conn;
    systemd_heard_fn *heard;
    void *ctx;
    char owner[DBUS_NAME_BYTES_MAX + 1]; /* whose word counts */
    bool gone;
};

/* ---- what is heard ---- */

static void tell(struct systemd *s, const struct systemd_event *e)
{
    if (s->heard)
        s->heard(s->ctx, e);
}

static void tell_gone(struct systemd *s)
{
    if (!s->gone)
        tell(s, &(struct systemd_event){.kind = SYSTEMD_GONE});
    s->gone = true;
}

static void keep_word(struct slice word, char *to)
{
    snprintf(to, SYSTEMD_WORD_BYTES_MAX + 1, "%.*s", SLICE_ARG(word));
}

/* (uo): the job's number, 0 where there is none, and its path. */
static void take_job(struct dbus_reader *r, struct systemd_unit *u)
{
    struct dbus_reader value, job;
    uint64_t number;
    if (dbus_enter(r, DBUS_VARIANT, &value) == 0 && dbus_enter(&value, DBUS_STRUCT, &job) == 0 &&
        dbus_uint(&job, DBUS_UINT32, &number) == 0)
        u->job = number != 0;
}

/* Out of a{sv}: what we know of it. */
static void take_properties(struct dbus_reader *r, struct systemd_unit *u)
{
    struct dbus_reader all, one;
    if (dbus_enter(r, DBUS_ARRAY, &all) < 0)
        return;
    while (dbus_enter(&all, DBUS_ENTRY, &one) == 0) {
        struct slice key = {0}, word = {0};
        if (dbus_text(&one, DBUS_STRING, &key) < 0)
            continue;
        if (slice_eq_cstr(key, "Job")) {
            take_job(&one, u);
            continue;
        }
        if (dbus_variant_text(&one, DBUS_STRING, &word) < 0)
            continue;
        char *to = slice_eq_cstr(key, "LoadState")     ? u->load
                   : slice_eq_cstr(key, "ActiveState") ? u->active
                   : slice_eq_cstr(key, "SubState")    ? u->sub
                                                       : NULL;
        if (to)
            keep_word(word, to);
    }
}

static void hear_unit(struct systemd *s, const struct dbus_message *m)
{
    struct dbus_reader r = dbus_body(m);
    struct systemd_unit u = {0};
    struct slice interface;
    if (dbus_text(&r, DBUS_STRING, &interface) < 0 || !slice_eq_cstr(interface, UNIT))
        return;
    take_properties(&r, &u);
    tell(s, &(struct systemd_event){.kind = SYSTEMD_UNIT, .path = m->path, .unit = &u});
}

static void hear_job(struct systemd *s, const struct dbus_message *m)
{
    struct dbus_reader r = dbus_body(m);
    struct systemd_event e = {.kind = SYSTEMD_JOB};
    if (dbus_skip(&r) == 0 && dbus_text(&r, DBUS_PATH, &e.path) == 0 &&
        dbus_text(&r, DBUS_STRING, &e.name) == 0 && dbus_text(&r, DBUS_STRING, &e.result) == 0)
        tell(s, &e);
}

/* It says so when it begins (true) and when it is done. */
static void hear_reload(struct systemd *s, const struct dbus_message *m)
{
    struct dbus_reader r = dbus_body(m);
    uint64_t begins = 1;
    if (dbus_uint(&r, DBUS_BOOL, &begins) == 0 && !begins)
        tell(s, &(struct systemd_event){.kind = SYSTEMD_RELOADED});
}

/* Another owner is another systemd: what it was asked for is asked anew. */
static void hear_owner(struct systemd *s, const struct dbus_message *m)
{
    struct dbus_reader r = dbus_body(m);
    struct slice name, before, now;
    if (dbus_text(&r, DBUS_STRING, &name) == 0 && dbus_text(&r, DBUS_STRING, &before) == 0 &&
        dbus_text(&r, DBUS_STRING, &now) == 0 && slice_eq_cstr(name, NAME) &&
        !slice_eq_cstr(now, s->owner))
        tell_gone(s);
}

static void on_signal(void *ctx, const struct dbus_message *m)
{
    struct systemd *s = ctx;
    if (!m)
        tell_gone(s);
    else if (slice_eq_cstr(m->sender, BUS) && slice_eq_cstr(m->member, "NameOwnerChanged"))
        hear_owner(s, m);
    if (!m || (!slice_eq_cstr(m->sender, s->owner) && !fault_mutant("systemd_believes_anybody")))
        return;
    if (slice_eq_cstr(m->interface, PROPERTY) && slice_eq_cstr(m->member, "PropertiesChanged"))
        hear_unit(s, m);
    else if (!slice_eq_cstr(m->interface, MANAGER))
        return;
    else if (slice_eq_cstr(m->member, "JobRemoved"))
        hear_job(s, m);
    else if (slice_eq_cstr(m->member, "Reloading"))
        hear_reload(s, m);
}

/* ---- asking ---- */

struct question {
    const char *path, *interface, *member;
    const char *texts[2]; /* its arguments */
};

static int ask(struct systemd *s, const struct question *q, struct dbus_answer *ret_answer,
               struct err *err, rt_time deadline)
{
    struct buf body = BUF(MEM_NET, 0);
    size_t n = 0;
    for (; n < ARRAY_LEN(q->texts) && q->texts[n]; n++)
        dbus_put_text(&body, DBUS_STRING, slice_from(q->texts[n]));
    struct dbus_message m = {.destination = SLICE(NAME), .path = slice_from(q->path),
                             .interface = slice_from(q->interface),
                             .member = slice_from(q->member),
                             .signature = {"ss", n}, .body = buf_slice(&body)};
    int r = dbus_conn_call(s->conn, &m, ret_answer, err, deadline);
    buf_done(&body);
    return r;
}

static int ask_manager(struct systemd *s, const char *member, const char *a, const char *b,
                       struct dbus_answer *ret_answer, struct err *err, rt_time deadline)
{
    const struct question q = {ROOT, MANAGER, member, {a, b}};
    return ask(s, &q, ret_answer, err, deadline);
}

/* An answer of one path. */
static int take_path(struct dbus_answer *a, char *ret_path, struct err *err)
{
    struct dbus_reader r = dbus_body(&a->message);
    struct slice path;
    int code = dbus_text(&r, DBUS_PATH, &path);
    if (code == 0 && path.size > SYSTEMD_PATH_BYTES_MAX)
        code = -EBADMSG;
    if (code == 0)
        snprintf(ret_path, SYSTEMD_PATH_BYTES_MAX + 1, "%.*s", SLICE_ARG(path));
    else
        err_set(err, code, "systemd answers with '%.*s' instead of a path",
                SLICE_ARG(a->message.signature));
    dbus_answer_done(a);
    return code;
}

/* Why a service failed is a property of services; of others there is none. */
static void ask_result(struct systemd *s, const char *path, struct systemd_unit *u,
                       rt_time deadline)
{
    const struct question q = {path, PROPERTY, "Get", {NAME ".Service", "Result"}};
    struct dbus_answer a = {0};
    struct slice word;
    if (ask(s, &q, &a, NULL, deadline) < 0)
        return;
    struct dbus_reader r = dbus_body(&a.message);
    if (dbus_variant_text(&r, DBUS_STRING, &word) == 0)
        keep_word(word, u->result);
    dbus_answer_done(&a);
}

int systemd_unit_look(struct systemd *s, const char *name, char *ret_path,
                      struct systemd_unit *ret_unit, struct err *err, rt_time deadline)
{
    char path[SYSTEMD_PATH_BYTES_MAX + 1];
    struct systemd_unit u = {0};
    struct dbus_answer a = {0};
    int r = ask_manager(s, "LoadUnit", name, NULL, &a, err, deadline);
    if (r == 0)
        r = take_path(&a, path, err);
    if (r < 0)
        return r;
    const struct question q = {path, PROPERTY, "GetAll", {UNIT}};
    r = ask(s, &q, &a, err, deadline);
    if (r < 0)
        return r;
    struct dbus_reader body = dbus_body(&a.message);
    take_properties(&body, &u);
    dbus_answer_done(&a);
    if (!u.active[0])
        return err_set(err, -EBADMSG, "systemd does not say how %s is", name);
    if (strcmp(u.active, "failed") == 0)
        ask_result(s, path, &u, deadline);
    snprintf(ret_path, SYSTEMD_PATH_BYTES_MAX + 1, "%s", path);
    *ret_unit = u;
    return 0;
}

int systemd_unit_restart(struct systemd *s, const char *name, char *ret_job, struct err *err,
                         rt_time deadline)
{
    struct dbus_answer a = {0};
    int r = ask_manager(s, "RestartUnit", name, "replace", &a, err, deadline);
    return r < 0 ? r : take_path(&a, ret_job, err);
}

/* ---- names ---- */

int systemd_unit_name(const char *name, char *ret_name, struct err *err)
{
    static const char *const kinds[] = {".service", ".socket", ".target", ".device", ".mount",
                                        ".automount", ".swap", ".timer", ".path", ".slice",
                                        ".scope"};
    struct slice s = slice_from(name);
    bool whole = false;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        whole = whole || slice_ends_with(s, slice_from(kinds[i]));
    for (size_t i = 0; i < s.size; i++) {
        char c = s.data[i], l = (char)(c | 32);
        if (!((l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || strchr(":-_.\\@", c)))
            return err_set(err, -EINVAL, "no unit is called '%s': letters, digits and :-_.\\@ "
                           "stand in a name", name);
    }
    size_t size = s.size + (whole ? 0 : strlen(kinds[0]));
    if (!s.size || size > SYSTEMD_NAME_BYTES_MAX)
        return err_set(err, -EINVAL, "a unit's name has 1 to %d bytes", SYSTEMD_NAME_BYTES_MAX);
    snprintf(ret_name, SYSTEMD_NAME_BYTES_MAX + 1, "%s%s", name, whole ? "" : kinds[0]);
    return 0;
}

/* ---- its life ---- */

static int find_owner(struct systemd *s, struct err *err, rt_time deadline)
{
    struct dbus_answer a = {0};
    struct slice owner;
    int r = dbus_conn_ask_bus(s->conn, "GetNameOwner", NAME, &a, err, deadline);
    if (r == -ESRCH)
        return err_set(err, r, "no systemd is on the bus");
    if (r < 0)
        return r;
    struct dbus_reader body = dbus_body(&a.message);
    r = dbus_text(&body, DBUS_STRING, &owner);
    if (r == 0)
        snprintf(s->owner, sizeof(s->owner), "%.*s", SLICE_ARG(owner));
    dbus_answer_done(&a);
    return r < 0 ? err_set(err, r, "the bus does not say who is systemd") : 0;
}

/* The owner is followed before it is asked for, so that no change falls between the two. */
static int listen_to(struct systemd *s, int hear, struct err *err, rt_time deadline)
{
    static const struct {
        int hear; /* 0: always */
        const char *rule;
    } rules[] = {
        {0, "type='signal',sender='" BUS "',member='NameOwnerChanged',arg0='" NAME "'"},
        {SYSTEMD_HEAR_UNITS, "type='signal',sender='" NAME "',interface='" PROPERTY
                             "',member='PropertiesChanged',path_namespace='" ROOT
                             "/unit',arg0='" UNIT "'"},
        {SYSTEMD_HEAR_UNITS, "type='signal',sender='" NAME "',interface='" MANAGER
                             "',member='Reloading'"},
        {SYSTEMD_HEAR_JOBS, "type='signal',sender='" NAME "',interface='" MANAGER
                            "',member='JobRemoved'"},
    };
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(rules); i++)
        if (!rules[i].hear || (rules[i].hear & hear))
            r = dbus_conn_ask_bus(s->conn, "AddMatch", rules[i].rule, NULL, err, deadline);
    if (r == 0)
        r = find_owner(s, err, deadline);
    if (r == 0)
        r = ask_manager(s, "Subscribe", NULL, NULL, NULL, err, deadline);
    return r;
}

int systemd_open(const char *address, int hear, systemd_heard_fn *heard, void *ctx,
                 struct systemd **ret_systemd, struct err *err, rt_time deadline)
{
    struct systemd *s = mem_alloc(MEM_NET, sizeof(*s));
    *s = (struct systemd){.ctx = ctx};
    int r = dbus_conn_open(address, on_signal, s, &s->conn, err, deadline);
    if (r == 0)
        r = listen_to(s, hear, err, deadline);
    if (r == 0 && s->gone)
        r = err_set(err, -EPIPE, "systemd went as soon as it was found");
    s->heard = heard;
    if (r < 0)
        systemd_close(s);
    else
        *ret_systemd = s;
    return r;
}

void systemd_close(struct systemd *s)
{
    if (!s)
        return;
    dbus_conn_close(s->conn);
    mem_free(MEM_NET, s);
}
