/* pgwire.h - PostgreSQL's protocol, version 3: what a client says until it is let in.
 *
 * Pure; any thread. */
#ifndef FIREBREAK_WIRE_PGWIRE_H
#define FIREBREAK_WIRE_PGWIRE_H

#include "base/buf.h"
#include "base/err.h"

enum {
    PGWIRE_MESSAGE_BYTES_MAX = 64 * 1024, /* before a login nothing needs more */
    PGWIRE_WORDS_MAX = 200,               /* bytes of a server's words that are kept */

    /* What an 'R' message asks for. */
    PGWIRE_AUTH_OK = 0,
    PGWIRE_AUTH_CLEARTEXT = 3,
    PGWIRE_AUTH_MD5 = 5,
    PGWIRE_AUTH_SASL = 10,
    PGWIRE_AUTH_SASL_CONTINUE = 11,
    PGWIRE_AUTH_SASL_FINAL = 12,
};

struct pgwire_message {
    char type; /* 'R', 'E', 'Z' … */
    struct slice body;
};

/* Size of the message that `in` begins with, 0: more is needed, -EBADMSG or -EMSGSIZE with *err. */
ptrdiff_t pgwire_parse(struct slice in, struct pgwire_message *ret, struct err *err);

/* An 'E' message: how bad, which SQLSTATE, and what it says. */
struct pgwire_fault {
    struct slice severity, code, message; /* empty where it does not say */
};
int pgwire_parse_fault(struct slice body, struct pgwire_fault *ret); /* 0 or -EBADMSG */

/* An 'R' message: PGWIRE_AUTH_…, and what belongs to it (MD5's salt, SASL's mechanisms or data).
 * Returns 0 or -EBADMSG. */
int pgwire_parse_auth(struct slice body, uint32_t *ret_method, struct slice *ret_data);
/* Whether a list of SASL mechanisms has this one. */
bool pgwire_has_mechanism(struct slice list, const char *name);

/* Each appends one message; 0 or -EMSGSIZE. */
int pgwire_ssl_request(struct buf *out);
int pgwire_startup(struct buf *out, struct slice user, struct slice database);
int pgwire_password(struct buf *out, struct slice password);
int pgwire_sasl_initial(struct buf *out, const char *mechanism, struct slice data);
int pgwire_sasl_response(struct buf *out, struct slice data);
int pgwire_query(struct buf *out, const char *sql);
int pgwire_terminate(struct buf *out);
/* What answers MD5's salt: "md5" and 32 digits. `text` has 36 bytes. */
void pgwire_md5(struct slice user, struct slice password, struct slice salt, char *text);

#endif
