/* dbus_conn.h - a client of a bus: connected, known to it, calls with their answers, signals.
 *
 * A bus is a daemon on a unix socket (D-Bus specification 0.41). It knows us by the kernel's word
 * (SASL EXTERNAL without a name, so that user namespaces do not matter); no descriptors are passed.
 * Two tasks belong to a connection, one that reads and one that writes: calls of several tasks go
 * side by side. What is heard of it comes in the order in which the bus sent it, answers included.
 *
 * It does not connect again by itself: whoever follows something has to ask anew in any case.
 * Tasks of one loop. */
#ifndef FIREBREAK_NET_DBUS_CONN_H
#define FIREBREAK_NET_DBUS_CONN_H

#include "rt/rt.h"
#include "wire/dbus.h"

enum {
    DBUS_OUT_BYTES_MAX = 4 * 1024 * 1024, /* that the bus has not taken yet */
    DBUS_CALLS_MAX = 4096,                /* that wait for their answer */
};

struct dbus_conn;

/* Called with each signal, in the reading task, and with NULL once when the connection has ended by
 * itself. May not wait, and may not close it. */
typedef void dbus_heard_fn(void *ctx, const struct dbus_message *signal);

/* $DBUS_SYSTEM_BUS_ADDRESS, else where the system's bus is by the specification. */
const char *dbus_system_address(void);

/* Connects to the first of the address's entries that answers. Returns 0; what connecting said of
 * the last one (-ENOENT: no bus there; -ECONNREFUSED, -EACCES …); -EINVAL or -EPROTONOSUPPORT (an
 * address of no use); -EPERM (it does not take us); -EPROTO (no bus); -ETIMEDOUT; -ECANCELED; with
 * *err. */
int dbus_conn_open(const char *address, dbus_heard_fn *heard, void *ctx,
                   struct dbus_conn **ret_conn, struct err *err, rt_time deadline);
/* NULL is accepted. No call may be under way. May wait. */
void dbus_conn_close(struct dbus_conn *c);

/* All zeroes is a valid empty one. */
struct dbus_answer {
    struct dbus_message message; /* lies in bytes */
    struct buf bytes;
};
void dbus_answer_done(struct dbus_answer *a);

/* Sends the call (kind, serial and DBUS_NO_AUTO_START are set here) and waits for its answer.
 * ret_answer NULL: its content is of no interest. Returns 0 with *ret_answer, which the caller
 * ends; or with *err, which has the other side's words: -ESRCH (nobody has that name), -ENOENT (no
 * such object, unit …), -EACCES (not for us), -EINVAL, -ENOTSUP (no such method), -EREMOTEIO
 * (another error of its); -EPIPE (the connection has ended), -ENOBUFS (a limit of above),
 * -EMSGSIZE, -ETIMEDOUT, -ECANCELED. */
int dbus_conn_call(struct dbus_conn *c, const struct dbus_message *call,
                   struct dbus_answer *ret_answer, struct err *err, rt_time deadline);
/* The bus itself is asked: "GetNameOwner", "AddMatch", with one text. */
int dbus_conn_ask_bus(struct dbus_conn *c, const char *member, const char *text,
                      struct dbus_answer *ret_answer, struct err *err, rt_time deadline);

#endif
