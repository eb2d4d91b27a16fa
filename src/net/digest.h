/* digest.h - SHA-256 of what comes in pieces. Any thread; one owner. */
#ifndef FIREBREAK_NET_DIGEST_H
#define FIREBREAK_NET_DIGEST_H

#include "base/slice.h"

enum { DIGEST_HEX_BYTES = 65 }; /* 64 digits and a NUL */

struct digest;

struct digest *digest_new(void);
void digest_add(struct digest *d, const void *data, size_t size);
/* In lower-case hexadecimal digits, and ends it. */
void digest_end(struct digest *d, char ret_hex[DIGEST_HEX_BYTES]);
/* Without asking for it. NULL is accepted. */
void digest_free(struct digest *d);

#endif
