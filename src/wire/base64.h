/* base64.h - base64 and base64url (RFC 4648): bytes to text and back, strictly.
 *
 * Decoding accepts exactly what encoding can produce: no spaces, no line breaks, no foreign
 * letters, and no bits that would be dropped, so that one text stands for one sequence of bytes
 * (a signature that is compared as text relies on it). Pure; any thread. */
#ifndef FIREBREAK_WIRE_BASE64_H
#define FIREBREAK_WIRE_BASE64_H

#include "base/buf.h"
#include "base/err.h"

enum base64_alphabet {
    BASE64_STD, /* with '+' and '/' */
    BASE64_URL, /* with '-' and '_' */
};

enum base64_padding {
    BASE64_PADDED,   /* '=' up to a multiple of four: the rule of RFC 4648 */
    BASE64_UNPADDED, /* no '=' at all: JWT */
    BASE64_EITHER,   /* decoding only: all of the '=' or none; encoding pads */
};

/* Bytes of text for `size` bytes. */
size_t base64_encoded_size(size_t size, enum base64_padding padding);
/* Appends the text. Returns 0 or -EMSGSIZE (the buffer's bound), all or nothing. */
int base64_encode(struct slice bytes, enum base64_alphabet alphabet, enum base64_padding padding,
                  struct buf *out);
/* Appends the bytes. Returns 0, -EINVAL with *err (which byte, and why) or -EMSGSIZE, all or
 * nothing. */
int base64_decode(struct slice text, enum base64_alphabet alphabet, enum base64_padding padding,
                  struct buf *out, struct err *err);

#endif
