/* protobuf.h - the wire format of Protocol Buffers: bytes to fields, and fields to bytes.
 *
 * There are no generated classes: a message is walked field by field, in a loop with a switch, and
 * written field by field. That is all the few messages of a peer's protocol need, and nothing is
 * copied or allocated on the way in.
 *
 *     struct pb_field f;
 *     while ((r = pb_next(&message, &f)) > 0)
 *         switch (f.tag) {
 *         case PB_TAG(1, PB_BYTES): key = f.bytes; break;
 *         case PB_TAG(2, PB_VARINT): version = (int64_t)f.number; break;
 *         }
 *
 * A field that no case names is skipped, also where its number is known and its type is not, as the
 * format has it. Nothing recurses: a message inside is bytes, until somebody walks them, so its
 * depth is that of the caller's code. Groups, which no protocol of ours has, are refused.
 * Pure; any thread. */
#ifndef FIREBREAK_WIRE_PROTOBUF_H
#define FIREBREAK_WIRE_PROTOBUF_H

#include "base/buf.h"

enum pb_type {
    PB_VARINT = 0,
    PB_FIXED64 = 1,
    PB_BYTES = 2, /* also text, messages and packed lists */
    PB_FIXED32 = 5,
};

enum { PB_FIELD_MAX = (1 << 29) - 1 };

#define PB_TAG(field, type) ((uint32_t)(field) << 3 | (uint32_t)(type))

struct pb_field {
    uint32_t tag;       /* PB_TAG(number of the field, type) */
    uint64_t number;    /* VARINT, FIXED64, FIXED32 */
    struct slice bytes; /* BYTES: lies in the message */
};

/* Takes the next field off *message. Returns 1; 0 at the end; -EBADMSG: broken, and *message and
 * *ret are untouched. */
int pb_next(struct slice *message, struct pb_field *ret);

/* ---- writing: *out has no bound, so that nothing fails ---- */

/* As proto3 has it, a field with its type's zero is left out; pb_put_message never is. Signed
 * numbers (int32, int64, enum, bool) go through uint64_t; sint32 and sint64 are not for this. */
void pb_put_number(struct buf *out, uint32_t field, uint64_t number);
void pb_put_bytes(struct buf *out, uint32_t field, struct slice bytes);
/* A message inside: what is appended between the two is its content. They nest. */
size_t pb_begin(struct buf *out, uint32_t field);
void pb_end(struct buf *out, size_t begun);

#endif
