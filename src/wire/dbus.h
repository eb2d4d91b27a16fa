/* dbus.h - messages of D-Bus, as its specification (0.41) has them: taken apart, and made.
 *
 * A message is taken apart only once all of it is right: its head, and its body to the last byte
 * against its signature. So whoever reads a body afterwards can only be wrong about what it asks
 * for. A reader walks along the signature: it takes plain values, and enters containers, each of
 * which is a reader of its own.
 *
 *     struct dbus_reader r = dbus_body(&m), items, pair, value;
 *     dbus_enter(&r, DBUS_ARRAY, &items);
 *     while (dbus_enter(&items, DBUS_ENTRY, &pair) == 0) {
 *         dbus_text(&pair, DBUS_STRING, &key);
 *         dbus_enter(&pair, DBUS_VARIANT, &value);
 *
 * Both byte orders are read; little-endian is written. Descriptors are not passed, so a message
 * that comes with some is refused. Pure; any thread. */
#ifndef FIREBREAK_WIRE_DBUS_H
#define FIREBREAK_WIRE_DBUS_H

#include "base/buf.h"
#include "base/err.h"

enum {
    DBUS_MESSAGE_BYTES_MAX = 1024 * 1024, /* the specification has 128 MiB: nobody needs to be
                                           * believed that far */
    DBUS_NAME_BYTES_MAX = 255,            /* an interface, a member, a bus's name, a signature */
    DBUS_DEPTH_MAX = 64, /* of containers, variants counted: what the specification allows */
    DBUS_ALIGN_MAX = 8,
};

enum dbus_kind { DBUS_CALL = 1, DBUS_RETURN = 2, DBUS_ERROR = 3, DBUS_SIGNAL = 4 };
enum { DBUS_NO_REPLY = 1, DBUS_NO_AUTO_START = 2 }; /* flags */

/* The letters of a signature. */
enum dbus_type {
    DBUS_BYTE = 'y',
    DBUS_BOOL = 'b',
    DBUS_INT16 = 'n',
    DBUS_UINT16 = 'q',
    DBUS_INT32 = 'i',
    DBUS_UINT32 = 'u',
    DBUS_INT64 = 'x',
    DBUS_UINT64 = 't',
    DBUS_DOUBLE = 'd', /* its 64 bits */
    DBUS_STRING = 's',
    DBUS_PATH = 'o',
    DBUS_SIGNATURE = 'g',
    DBUS_HANDLE = 'h', /* the number of a descriptor: known, and refused in a message */
    DBUS_ARRAY = 'a',
    DBUS_STRUCT = '(',
    DBUS_ENTRY = '{', /* of an array: a dictionary's */
    DBUS_VARIANT = 'v',
};

/* Texts lie in what was parsed; empty: the field is not there. */
struct dbus_message {
    uint8_t kind;  /* enum dbus_kind; others are to be passed over, and have nothing to say */
    uint8_t flags;
    bool big;      /* its byte order is big-endian */
    uint32_t serial, reply_serial; /* never 0; reply_serial: 0 where it is no reply */
    struct slice path, interface, member, error, destination, sender, signature;
    struct slice body;
};

/* The size of the message that `in` begins with, 0 where more is needed, or -EBADMSG or -EMSGSIZE
 * (a limit) with *err: then the stream cannot be followed any further. */
ptrdiff_t dbus_parse(struct slice in, struct dbus_message *ret_message, struct err *err);

/* ---- reading a body ---- */

struct dbus_reader {
    const char *base;       /* the body's first byte: alignment counts from it */
    size_t at, end;         /* from base */
    struct slice signature; /* of what follows */
    struct slice each;      /* an array: the type of each of its items; else empty */
    bool big;
};

struct dbus_reader dbus_body(const struct dbus_message *m);
/* The letter of what comes next; 0: nothing does. */
char dbus_next(const struct dbus_reader *r);
/* Each takes the next value and returns 0; -EBADMSG where it is of another type or nothing follows,
 * which changes nothing. */
int dbus_uint(struct dbus_reader *r, enum dbus_type type, uint64_t *ret); /* of plain numbers: the
                                                                           * bits, not extended */
int dbus_text(struct dbus_reader *r, enum dbus_type type, struct slice *ret); /* s, o, g */
/* The container is passed over in *r, and *ret_inside reads what is in it. */
int dbus_enter(struct dbus_reader *r, enum dbus_type type, struct dbus_reader *ret_inside);
int dbus_skip(struct dbus_reader *r);
/* A variant of that type that holds a text or a number. */
int dbus_variant_text(struct dbus_reader *r, enum dbus_type type, struct slice *ret);
int dbus_variant_uint(struct dbus_reader *r, enum dbus_type type, uint64_t *ret);

/* ---- names ---- */

/* As the specification has them; a name of the bus may be a unique one (":1.42"). */
bool dbus_is_path(struct slice s);
bool dbus_is_interface(struct slice s); /* errors have such names, too */
bool dbus_is_member(struct slice s);
bool dbus_is_bus_name(struct slice s);
/* Any number of complete types. */
bool dbus_is_signature(struct slice s);

/* ---- making one (dbus_write.c) ---- */

/* Appends to a body, which begins at the buffer's first byte. Returns 0 or -EMSGSIZE. The caller
 * sees to it that the values agree with the signature that it gives; dbus_write looks again. */
int dbus_put_uint(struct buf *body, enum dbus_type type, uint64_t value);
int dbus_put_text(struct buf *body, enum dbus_type type, struct slice text);
/* The bytes in front of a struct or an entry. */
int dbus_put_struct(struct buf *body);
/* A variant's type; its value is put next. */
int dbus_put_variant(struct buf *body, struct slice signature);
/* An array of items of that type, which are put next, and its end. */
struct dbus_open_array {
    size_t length_at, begin;
};
int dbus_put_array(struct buf *body, enum dbus_type item, struct dbus_open_array *ret_array);
void dbus_end_array(struct buf *body, const struct dbus_open_array *array);
/* Appends the message, little-endian; m->big is not looked at: the body is little-endian, too.
 * Returns 0; -EINVAL with *err: it is none that dbus_parse would take; -EMSGSIZE. */
int dbus_write(struct buf *out, const struct dbus_message *m, struct err *err);

#endif
