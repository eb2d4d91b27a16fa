/* ssh_kex.h - the arithmetic of SSH's key exchange as a client: a server that passes it holds the
 * private half of the host key it shows (RFC 4253, 8; 5656; 8731).
 *
 * A copied public key proves nothing, so a host key counts only with its signature over all that
 * both sides said. No I/O. */
#ifndef FIREBREAK_NET_SSH_KEX_H
#define FIREBREAK_NET_SSH_KEX_H

#include "base/buf.h"
#include "base/err.h"
#include "wire/ssh.h"

/* What we can do, best first. */
extern const char ssh_kex_names[];
extern const char ssh_host_key_names[];

struct ssh_kex;

/* What is signed, besides what the exchange itself adds. */
struct ssh_transcript {
    struct slice client_ident, server_ident;     /* without their ends */
    struct slice client_kexinit, server_kexinit; /* payloads */
};

/* `name` is one of ssh_kex_names. Makes our half. Returns 0 or -ENOMEM. */
int ssh_kex_new(struct slice name, struct ssh_kex **ret_kex);
void ssh_kex_free(struct ssh_kex *k); /* NULL is accepted */
/* Appends the payload that begins the exchange. */
int ssh_kex_put(const struct ssh_kex *k, struct buf *out);
/* `algorithm` is the one of ssh_host_key_names that was agreed on. Returns 0: the server holds the
 * key. -EBADMSG: its half or its key is none; -EKEYREJECTED: the signature is not that key's. */
int ssh_kex_check(struct ssh_kex *k, const struct ssh_transcript *t, struct slice algorithm,
                  const struct ssh_kexreply *reply, struct err *err);

#endif
