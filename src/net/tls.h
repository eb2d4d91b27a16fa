/* tls.h - TLS as a client: OpenSSL on a BIO that parks the task.
 *
 * A context belongs to one loop and holds what its connections share: whom to trust, and the
 * sessions that may be resumed (at most TLS_SESSIONS_MAX, the longest unused goes first).
 *
 * A certificate is always examined to the end: the report lists every fault, also those that an
 * insecure context overlooks. Names are checked as RFC 6125 has it: DNS names against DNS SANs
 * (the common name counts only where there is no SAN), addresses against IP SANs. Validity is
 * judged by rt_wall_now. Revocation is not looked at. A chain that this context has found without
 * fault, byte for byte the same, is not judged again: only its name and its dates are
 * (tls_verified.h); a request with an arena has everything examined now.
 *
 * Errors: -EKEYREJECTED the certificate was refused (the report says why); -EPROTO no TLS, or none
 * that both sides speak; -EPIPE the peer closed; -ECONNRESET; -ETIMEDOUT; -ECANCELED; -ENOMEM. */
#ifndef FIREBREAK_NET_TLS_H
#define FIREBREAK_NET_TLS_H

#include "base/arena.h"
#include "base/err.h"
#include "rt/rt.h"
#include "rt/sock.h"

enum {
    TLS_SESSIONS_MAX = 256,
    TLS_CHAIN_MAX = 10,      /* certificates of a report */
    TLS_NAMES_MAX = 100,     /* SANs of one certificate in a report */
    TLS_ALPN_BYTES_MAX = 64, /* "h2,http/1.1" */
    TLS_NAME_BYTES_MAX = 253,
};

/* In the order in which they are named where several are true: a date is a fact about the
 * certificate whoever signed it, and a name that nobody vouches for says little. */
enum tls_fault {
    TLS_FAULT_NONE,
    TLS_EXPIRED, /* some certificate of the chain */
    TLS_NOT_YET_VALID,
    TLS_UNTRUSTED, /* self-signed, issuer unknown, not meant for servers, weak, … */
    TLS_WRONG_NAME,
    TLS_PROTOCOL, /* the handshake itself failed */
};

enum tls_version {
    TLS_VERSION_DEFAULT,
    TLS_VERSION_1_0,
    TLS_VERSION_1_1,
    TLS_VERSION_1_2,
    TLS_VERSION_1_3,
};

struct tls_context;
struct tls_conn;

struct tls_options {
    const char *ca_file;          /* PEM, one or more; NULL: the system's roots */
    const char *cert_file;        /* ours, shown to servers that ask; PEM, its chain behind it */
    const char *key_file;         /* of cert_file, PEM and not encrypted; NULL: both in cert_file */
    bool insecure;                /* faults are reported and overlooked */
    enum tls_version version_min; /* default: 1.2 */
    bool late; /* the roots are read when first needed, and opening does not wait */
};

/* Reads the roots on an offload thread. *options may be NULL: all default. Returns 0, -ENOENT,
 * -EACCES or -EBADMSG (an unusable file, or a key of another certificate), or -EMFILE, -ENFILE,
 * -ENOMEM, with *err. */
int tls_context_open(const struct tls_options *options, struct tls_context **ret_context,
                     struct err *err, rt_time deadline);
/* Reads the roots of a context opened late, unless they are there: for whoever wants to know of an
 * unusable file now, or to keep it out of a handshake's time. Tasks that need them at the same
 * time share one reading (it takes 40 ms). Returns as tls_context_open. */
int tls_context_ready(struct tls_context *c, struct err *err, rt_time deadline);
/* NULL is accepted. Its connections must be closed, and no task may wait for its roots. */
void tls_context_close(struct tls_context *c);

/* One certificate. Texts are UTF-8 in RFC 2253's form ("CN=a,O=b"), control bytes escaped. */
struct tls_certificate {
    char *subject, *issuer;
    char **names; /* SANs: "example.org", "10.0.0.1", in the certificate's order */
    uint32_t name_count;
    rt_wall not_before, not_after;
    int32_t days_left; /* whole days until not_after; negative: past (-1: up to a day ago) */
};

/* What the handshake showed. Also filled when it failed, as far as it came: chain_count 0 means
 * that no certificate was seen. */
struct tls_report {
    enum tls_fault fault;          /* the first of those below; what -EPROTO is about comes first */
    uint32_t faults;               /* all: a set of 1u << enum tls_fault */
    char why[256];                 /* the fault in words; empty: none */
    struct tls_certificate *chain; /* as the peer sent it, its own first */
    uint32_t chain_count;
    bool has_days_left;
    int32_t days_left; /* of the certificate that ends first on the way from the peer's own to the
                        * root that was found. Others that the peer sent, too, matter to nobody */
    const char *version, *cipher;  /* "TLSv1.3"; NULL: not negotiated. Literals */
    char alpn[TLS_ALPN_BYTES_MAX]; /* "" where none was agreed on */
    bool resumed;
    bool wants_ours; /* the peer asked for a certificate, and we have none */
};

struct tls_request {
    struct slice name;   /* checked, and sent as SNI unless it is an address; empty: neither */
    const char *alpn;    /* offered, comma-separated, best first; NULL: none */
    bool duplex;         /* one task reads while another writes */
    bool unverified;     /* as an insecure context, for this one connection */
    bool no_resume;      /* a full handshake, so that the report shows what the peer has today */
    struct arena *arena; /* for the report's chain; NULL: none is wanted */
};

/* Shakes hands over a connected socket, which stays the caller's and must outlive *ret_conn.
 * *ret_report, which may be NULL, is filled in any case. */
int tls_connect(struct tls_context *c, struct rt_sock *sock, const struct tls_request *request,
                struct tls_conn **ret_conn, struct tls_report *ret_report, struct err *err,
                rt_time deadline);

/* As stream_read and stream_write, which are what callers use. */
ssize_t tls_read(struct tls_conn *t, void *buf, size_t size, rt_time deadline);
int tls_write(struct tls_conn *t, const void *data, size_t size, rt_time deadline);
/* What the last -EPROTO of these two was about, as in "tlsv13 alert certificate required"; NULL:
 * not known. */
const char *tls_words(const struct tls_conn *t);
/* Bytes that can be read without the socket. */
bool tls_has_pending(const struct tls_conn *t);
/* Says close_notify if that needs no waiting, and frees. NULL is accepted. */
void tls_close(struct tls_conn *t);

/* "expired", "not yet valid", …: for messages. */
const char *tls_fault_words(enum tls_fault f);

#endif
