/* ssh.h - SSH's transport (RFC 4253) up to a server's host key: identification, packets before
 * encryption, and the messages of a key exchange.
 *
 * Pure; any thread. Parsers return the size of what `in` begins with, 0 where more is needed, or
 * -EBADMSG or -EMSGSIZE (a limit) with *err; texts lie in `in`. */
#ifndef FIREBREAK_WIRE_SSH_H
#define FIREBREAK_WIRE_SSH_H

#include "base/buf.h"
#include "base/err.h"

enum {
    SSH_IDENT_BYTES_MAX = 255,
    SSH_LINES_MAX = 64, /* that a server may say before its identification */
    SSH_LINES_BYTES_MAX = 8 * 1024,
    SSH_PACKET_BYTES_MAX = 35000, /* what RFC 4253, 6.1 asks for */
    SSH_COOKIE_BYTES = 16,

    SSH_DISCONNECT = 1,
    SSH_IGNORE = 2,
    SSH_UNIMPLEMENTED = 3,
    SSH_DEBUG = 4,
    SSH_KEXINIT = 20,
    SSH_KEX_INIT = 30, /* ours: a public value */
    SSH_KEX_REPLY = 31,
};

/* "SSH-2.0-OpenSSH_9.2", without its end. What a server says before it is skipped. A server of
 * version 1 is -EPROTONOSUPPORT. */
ptrdiff_t ssh_parse_ident(struct slice in, struct slice *ret_ident, struct err *err);

/* A packet's payload; its first byte is the message's number. */
ptrdiff_t ssh_parse_packet(struct slice in, struct slice *ret_payload, struct err *err);
/* Appends a packet around the payload. Returns 0 or -EMSGSIZE. */
int ssh_put_packet(struct buf *out, struct slice payload);

/* The lists of a KEXINIT that matter here, comma-separated, best first. */
struct ssh_kexinit {
    struct slice kex, host_key;
    bool guess_follows; /* its next packet is a guess at an exchange */
};
int ssh_parse_kexinit(struct slice payload, struct ssh_kexinit *ret, struct err *err);
/* Appends the payload of ours. Returns 0 or -EMSGSIZE. */
int ssh_put_kexinit(struct buf *out, const uint8_t cookie[SSH_COOKIE_BYTES], const char *kex,
                    const char *host_key);
/* RFC 4253, 7.1: the first of ours that the other side has, too; empty: none. */
struct slice ssh_choose(struct slice ours, struct slice theirs);

/* A KEX_REPLY: the host key as it is on the wire, the server's public value (a string, or for the
 * older exchange the bytes of an mpint), and its signature. Returns 0 or -EBADMSG. */
struct ssh_kexreply {
    struct slice host_key, public_value, signature;
};
int ssh_parse_kexreply(struct slice payload, struct ssh_kexreply *ret, struct err *err);
/* A DISCONNECT's words. Returns 0 or -EBADMSG. */
int ssh_parse_disconnect(struct slice payload, uint32_t *ret_code, struct slice *ret_words);

/* The SSH data types of RFC 4251, 5. */
int ssh_put_string(struct buf *out, struct slice s);
/* `magnitude`: big-endian, without a sign; leading zeroes are dropped. */
int ssh_put_mpint(struct buf *out, struct slice magnitude);

#endif
