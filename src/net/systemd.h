/* systemd.h - systemd's manager, over its bus: how a unit is, word of changes, a restart.
 *
 * The interface is org.freedesktop.systemd1 (systemd 230 and later). What is heard is believed only
 * from whoever owns that name: anybody on a bus may send a signal. Everything comes in order: a
 * state that systemd_unit_look returned is older than what is heard afterwards.
 *
 * Tasks of one loop; the connection is not made again by itself (net/dbus_conn.h). */
#ifndef FIREBREAK_NET_SYSTEMD_H
#define FIREBREAK_NET_SYSTEMD_H

#include "net/dbus_conn.h"

enum {
    SYSTEMD_NAME_BYTES_MAX = 255,  /* of a unit's name */
    SYSTEMD_PATH_BYTES_MAX = 1024, /* of the object's path, where each byte may be three */
    SYSTEMD_WORD_BYTES_MAX = 31,
};

/* Words are systemd's own; "" where they are not known. */
struct systemd_unit {
    char load[SYSTEMD_WORD_BYTES_MAX + 1];   /* loaded not-found masked error bad-setting … */
    char active[SYSTEMD_WORD_BYTES_MAX + 1]; /* active reloading inactive failed activating … */
    char sub[SYSTEMD_WORD_BYTES_MAX + 1];    /* running exited dead auto-restart … */
    char result[SYSTEMD_WORD_BYTES_MAX + 1]; /* of a service that failed: exit-code oom-kill … */
    bool job; /* one is queued or under way: a restart is one from its stop to its start */
};

enum systemd_event_kind {
    SYSTEMD_UNIT,     /* path; unit: what the signal tells of it, the rest is "" */
    SYSTEMD_JOB,      /* a job has ended: path, name (its unit), result */
    SYSTEMD_RELOADED, /* every unit may be another one now */
    SYSTEMD_GONE,     /* systemd or the bus: nothing more is heard */
};
/* Texts are valid during the call. */
struct systemd_event {
    enum systemd_event_kind kind;
    struct slice path, name, result;
    const struct systemd_unit *unit;
};
/* In a task of the connection: may not wait, and may not close it. */
typedef void systemd_heard_fn(void *ctx, const struct systemd_event *e);

struct systemd;

enum { SYSTEMD_HEAR_UNITS = 1, SYSTEMD_HEAR_JOBS = 2 };

/* Asks to be told what `hear` names. Returns 0; as dbus_conn_open; -ESRCH: no systemd is on that
 * bus; or as dbus_conn_call; with *err. */
int systemd_open(const char *address, int hear, systemd_heard_fn *heard, void *ctx,
                 struct systemd **ret_systemd, struct err *err, rt_time deadline);
/* NULL is accepted. No call may be under way. May wait. */
void systemd_close(struct systemd *s);

/* "nginx" is "nginx.service", as systemctl has it. Returns 0 or -EINVAL (no unit can have that
 * name) with *err; ret_name has SYSTEMD_NAME_BYTES_MAX + 1 bytes. */
int systemd_unit_name(const char *name, char *ret_name, struct err *err);
/* How it is now; one that nobody knows has the load "not-found". ret_path has
 * SYSTEMD_PATH_BYTES_MAX + 1 bytes: what SYSTEMD_UNIT calls it. Returns 0 or as dbus_conn_call. */
int systemd_unit_look(struct systemd *s, const char *name, char *ret_path,
                      struct systemd_unit *ret_unit, struct err *err, rt_time deadline);
/* Begins a job that restarts it, in place of others that wait; ret_job as ret_path: what
 * SYSTEMD_JOB will call it. Returns 0 or as dbus_conn_call (-ENOENT: no such unit). */
int systemd_unit_restart(struct systemd *s, const char *name, char *ret_job, struct err *err,
                         rt_time deadline);

#endif
