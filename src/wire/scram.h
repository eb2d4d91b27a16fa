/* scram.h - SCRAM-SHA-256 as a client (RFC 5802, 7677): a password proven without being shown.
 *
 *     scram_first(&s, nonce, &text)      say it
 *     scram_final(&s, answer, &text)     say it
 *     scram_check(&s, answer)            the server knew the password, too
 *
 * Without channel binding. Names are not sent: PostgreSQL takes the user from its own message. The
 * password is used as it is, without SASLprep, which changes no ASCII. Pure; any thread.
 * scram_final takes as long as the server's iteration count says, some 0.5 µs each. */
#ifndef FIREBREAK_WIRE_SCRAM_H
#define FIREBREAK_WIRE_SCRAM_H

#include "base/buf.h"
#include "base/err.h"

enum {
    SCRAM_NONCE_BYTES = 24,
    SCRAM_ITERATIONS_MAX = 1000 * 1000,
    SCRAM_TEXT_BYTES_MAX = 4096, /* of one message of the server */
    SCRAM_HASH_BYTES = 32,
};

struct scram {
    struct slice password; /* the caller's */
    char nonce[SCRAM_NONCE_BYTES + 1];
    uint8_t server_signature[SCRAM_HASH_BYTES];
    bool proven; /* the signature is there: nothing may be checked against none */
};

/* `nonce`: SCRAM_NONCE_BYTES of chance, as printable ASCII without a comma. Appends the message. */
void scram_first(struct scram *s, struct slice password, const char *nonce, struct buf *out);
/* Returns 0, or -EBADMSG (no SCRAM, or not for our nonce), -EMSGSIZE (too many iterations) with
 * *err. */
int scram_final(struct scram *s, struct slice answer, struct buf *out, struct err *err);
/* Returns 0; -EACCES with the server's words; -EBADMSG: it proved nothing. */
int scram_check(const struct scram *s, struct slice answer, struct err *err);

#endif
