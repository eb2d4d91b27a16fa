/* dbus_form.h - the inside of D-Bus: how values lie in a body, for reading and for writing. */
#ifndef FIREBREAK_WIRE_DBUS_FORM_H
#define FIREBREAK_WIRE_DBUS_FORM_H

#include "wire/dbus.h"

/* A value of that type begins at a multiple of this; 0: it is no type. */
size_t dbus_align(char type);
/* The bytes of a plain number; 0: it is none. */
size_t dbus_fixed(char type);
static inline size_t dbus_padded(size_t at, size_t align)
{
    return (at + align - 1) & ~(align - 1);
}
/* The first complete type of a signature, which has to be right; empty: none is left. */
struct slice dbus_first_type(struct slice signature);

/* The head's fields, by their number. */
enum dbus_field {
    DBUS_FIELD_PATH = 1,
    DBUS_FIELD_INTERFACE,
    DBUS_FIELD_MEMBER,
    DBUS_FIELD_ERROR,
    DBUS_FIELD_REPLY_SERIAL,
    DBUS_FIELD_DESTINATION,
    DBUS_FIELD_SENDER,
    DBUS_FIELD_SIGNATURE,
    DBUS_FIELD_HANDLES,
    DBUS_FIELD_COUNT,
};
struct dbus_field_form {
    char type;
    size_t offset; /* of the slice in struct dbus_message */
    bool (*is)(struct slice s);
};
extern const struct dbus_field_form dbus_fields[DBUS_FIELD_COUNT];

enum { DBUS_HEAD_BYTES = 16 }; /* up to the fields' first */

/* Whether it has what its kind wants. */
int dbus_check_fields(const struct dbus_message *m, struct err *err);
/* The body against its signature. */
int dbus_check_body(const struct dbus_message *m, struct err *err);

#endif
