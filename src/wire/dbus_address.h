/* dbus_address.h - where a bus is, and the lines by which a client and a bus get to know each other
 * before the first message.
 *
 * An address is a list: "unix:path=/run/dbus/system_bus_socket;unix:abstract=/tmp/x,guid=ab…". Its
 * entries are tried in turn. Pure; any thread. */
#ifndef FIREBREAK_WIRE_DBUS_ADDRESS_H
#define FIREBREAK_WIRE_DBUS_ADDRESS_H

#include "base/err.h"
#include "base/slice.h"

enum {
    DBUS_SOCKET_BYTES_MAX = 107,       /* of a path that the kernel takes */
    DBUS_AUTH_LINE_BYTES_MAX = 16384,  /* as the reference bus has it */
};

/* "/run/dbus/system_bus_socket", or "@name" of the abstract namespace. */
struct dbus_address {
    char socket[DBUS_SOCKET_BYTES_MAX + 1];
};

/* Takes the next entry off *list. Returns 1 with *ret_address; 0: there are no more; or with *err
 * why this entry is of no use (-EINVAL: it is none; -EPROTONOSUPPORT: another transport than unix
 * sockets; -ENAMETOOLONG): the next one may be. */
int dbus_address_next(struct slice *list, struct dbus_address *ret_address, struct err *err);

enum dbus_auth {
    DBUS_AUTH_OK,
    DBUS_AUTH_REJECTED,
    DBUS_AUTH_ERROR,
    DBUS_AUTH_DATA,
    DBUS_AUTH_OTHER,
};

/* The line that `in` begins with, and its end. Returns its size, 0 where more is needed, or
 * -EBADMSG or -EMSGSIZE. *ret_rest is what stands behind the word. */
ptrdiff_t dbus_auth_parse(struct slice in, enum dbus_auth *ret_auth, struct slice *ret_rest,
                          struct err *err);

#endif
