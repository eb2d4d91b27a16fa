#include "net/tls.h"

#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "net/tls_algorithms.h"
#include "net/tls_bio.h"
#include "net/tls_session.h"
#include "net/tls_verify.h"
#include "rt/event.h"

struct tls_context {
    struct tls_algorithms algorithms;
    SSL_CTX *ssl;
    BIO_METHOD *bio;
    bool insecure, ready, reading; /* the roots are there; some task is reading them */
    struct rt_event read;          /* that task has ended, however */
    char *ca_file;                 /* NULL: the system's */
    char *cert_file, *key_file;    /* NULL: none of our own */
    struct tls_sessions sessions;
    struct tls_verified verified;
    uint32_t conns;
};

struct tls_conn {
    struct tls_context *context;
    SSL *ssl;
    struct tls_link link;
    struct slice name; /* these three: during the handshake only */
    struct arena *arena;
    struct tls_report *report;
    bool busy, broken, unverified;
    const char *words; /* OpenSSL's, for the failure after the handshake; literal, or NULL */
    bool reading, writing, flushing; /* a duplex connection's one reader and one writer */
    struct rt_event flushed;
    char session_key[TLS_SESSION_KEY_MAX];
};

static const char *const fault_words[] = {
    [TLS_FAULT_NONE] = "no fault",         [TLS_EXPIRED] = "expired",
    [TLS_NOT_YET_VALID] = "not yet valid", [TLS_UNTRUSTED] = "untrusted",
    [TLS_WRONG_NAME] = "wrong name",       [TLS_PROTOCOL] = "no common protocol",
};

const char *tls_fault_words(enum tls_fault f)
{
    return fault_words[f];
}

/* ---- trust ---- */

struct roots {
    SSL_CTX *ssl;
    const char *file, *cert_file, *key_file;
    int result; /* 0, -errno, -EBADMSG */
    struct err *err;
};

/* Where the libraries of other distributions have their roots: a static program is carried about.
 */
static const char *const bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
};

/* What the failed reading of a file was about: the system, or its content. */
static int file_failure(void)
{
    unsigned long e = ERR_peek_error();
    int r = ERR_SYSTEM_ERROR(e) ? -ERR_GET_REASON(e) : -EBADMSG;
    ERR_clear_error();
    return r;
}

static int load_file(SSL_CTX *ssl, const char *file)
{
    ERR_clear_error();
    return SSL_CTX_load_verify_file(ssl, file) == 1 ? 0 : file_failure();
}

/* OpenSSL would ask the terminal for the password of an encrypted key. */
static int no_password(char *to, int size, int writing, void *arg)
{
    (void)to;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

static int load_own(const struct roots *roots)
{
    const char *key = roots->key_file ? roots->key_file : roots->cert_file;
    ERR_clear_error();
    SSL_CTX_set_default_passwd_cb(roots->ssl, no_password);
    if (SSL_CTX_use_certificate_chain_file(roots->ssl, roots->cert_file) != 1) {
        int r = file_failure();
        if (r == -EBADMSG)
            return err_set(roots->err, r, "%s holds no certificate in PEM form", roots->cert_file);
        return err_sys(roots->err, r, "%s", roots->cert_file);
    }
    if (SSL_CTX_use_PrivateKey_file(roots->ssl, key, SSL_FILETYPE_PEM) != 1) {
        bool other = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH;
        int r = file_failure();
        if (other)
            return err_set(roots->err, -EBADMSG, "the key of %s is not that of the certificate %s",
                           key, roots->cert_file);
        if (r == -EBADMSG)
            return err_set(roots->err, r, "%s holds no private key in PEM form that is open", key);
        return err_sys(roots->err, r, "%s", key);
    }
    return 0;
}

/* OpenSSL's own file and folder, or those that the environment names. A folder is searched at each
 * unknown issuer, by its hash and in the middle of a handshake; so a bundle, where there is one,
 * comes first. Not its default store: that reads all of the folder, each time. Returns whether
 * there are roots in memory. */
static bool load_defaults(SSL_CTX *ssl)
{
    SSL_CTX_set_default_verify_file(ssl);
    SSL_CTX_set_default_verify_dir(ssl);
    return sk_X509_OBJECT_num(X509_STORE_get0_objects(SSL_CTX_get_cert_store(ssl))) > 0;
}

/* On an offload thread: a bundle of roots takes 20 ms and more to read. */
static void load_roots(void *arg)
{
    struct roots *roots = arg;
    if (roots->file) {
        roots->result = load_file(roots->ssl, roots->file);
        return;
    }
    bool told = getenv("SSL_CERT_FILE") || getenv("SSL_CERT_DIR");
    bool found = told && load_defaults(roots->ssl);
    for (size_t i = 0; i < ARRAY_LEN(bundles) && !found; i++) {
        int r = load_file(roots->ssl, bundles[i]);
        found = r == 0;
        if (r == -EMFILE || r == -ENFILE || r == -ENOMEM)
            roots->result = r; /* they may be there: nobody is untrusted because of that */
    }
    if (found || (!told && load_defaults(roots->ssl)))
        roots->result = 0;
    ERR_clear_error(); /* a host without roots trusts nobody, which the first handshake tells */
}

static void load_files(void *arg)
{
    struct roots *roots = arg;
    const char *file = roots->file;
    load_roots(roots);
    if (roots->result == -EBADMSG)
        err_set(roots->err, -EBADMSG, "%s holds no certificate in PEM form", file);
    else if (roots->result < 0)
        err_sys(roots->err, roots->result, "%s", file ? file : "reading the trusted certificates");
    else if (roots->cert_file)
        roots->result = load_own(roots);
}

/* ---- contexts ---- */

static int protocol_of(enum tls_version v)
{
    static const int protocols[] = {TLS1_2_VERSION, TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION,
                                    TLS1_3_VERSION};
    return protocols[v];
}

static int on_verify(X509_STORE_CTX *ctx, void *arg)
{
    (void)arg;
    SSL *ssl = X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_conn *t = SSL_get_app_data(ssl);
    bool ok = tls_verify(ctx, t->name, t->arena, &t->context->verified, t->report);
    return ok || t->context->insecure || t->unverified;
}

/* Only asked where no certificate of ours is loaded. */
static int on_certificate_wanted(SSL *ssl, X509 **ret_certificate, EVP_PKEY **ret_key)
{
    struct tls_conn *t = SSL_get_app_data(ssl);
    (void)ret_certificate;
    (void)ret_key;
    if (t->report)
        t->report->wants_ours = true;
    return 0;
}

static int on_session(SSL *ssl, SSL_SESSION *session)
{
    struct tls_conn *t = SSL_get_app_data(ssl);
    if (t->session_key[0] == 0)
        return 0;
    tls_sessions_put(&t->context->sessions, t->session_key, session);
    return 1; /* its reference is ours now */
}

static void configure(struct tls_context *c, const struct tls_options *options)
{
    enum tls_version least = options->version_min;
    SSL_CTX_set_min_proto_version(c->ssl, protocol_of(least));
    /* SHA-256 is in the processor where SHA-384 is not; browsers and Go have this order, too. */
    SSL_CTX_set_ciphersuites(c->ssl, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                     "TLS_CHACHA20_POLY1305_SHA256");
    SSL_CTX_set_mode(c->ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(c->ssl, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_read_ahead(c->ssl, 1);
    SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(c->ssl, on_verify, NULL);
    SSL_CTX_set_client_cert_cb(c->ssl, on_certificate_wanted);
    SSL_CTX_set_session_cache_mode(c->ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(c->ssl, on_session);
    /* TLS 1.0 and 1.1 sign with SHA-1, which any level above 0 forbids. And who overlooks faults
     * wants to see weak keys, too. */
    bool old = least == TLS_VERSION_1_0 || least == TLS_VERSION_1_1;
    if (old || c->insecure)
        SSL_CTX_set_security_level(c->ssl, 0);
}

static int trust(struct tls_context *c, struct err *err, rt_time deadline)
{
    struct roots roots = {
        .ssl = c->ssl,
        .file = c->ca_file,
        .cert_file = c->cert_file,
        .key_file = c->key_file,
        .err = err,
    };
    int r = rt_offload(load_files, &roots, deadline);
    if (r < 0)
        return err_sys(err, r, "reading the trusted certificates");
    if (roots.result < 0)
        return roots.result;
    c->ready = true;
    return 0;
}

int tls_context_ready(struct tls_context *c, struct err *err, rt_time deadline)
{
    /* Who reads may be cancelled or out of time before it began: then the next one does. */
    while (!c->ready && c->reading) {
        int r = rt_event_wait(&c->read, deadline);
        if (r < 0)
            return err_sys(err, r, "reading the trusted certificates");
    }
    if (c->ready)
        return 0;
    c->reading = true;
    rt_event_clear(&c->read);
    int r = trust(c, err, deadline);
    c->reading = false;
    rt_event_set(&c->read);
    return r;
}

static char *copy_of(const char *text)
{
    return text ? mem_strdup(MEM_NET, slice_from(text)) : NULL;
}

int tls_context_open(const struct tls_options *options, struct tls_context **ret_context,
                     struct err *err, rt_time deadline)
{
    static const struct tls_options none;
    options = options ? options : &none;
    /* No openssl.cnf: what is trusted is said here, and a static program has nothing to load. */
    if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
        return err_set(err, -EIO, "OpenSSL cannot start");
    struct tls_context *c = mem_alloc(MEM_NET, sizeof(*c));
    c->insecure = options->insecure;
    c->ca_file = copy_of(options->ca_file);
    c->cert_file = copy_of(options->cert_file);
    c->key_file = copy_of(options->key_file);
    tls_sessions_init(&c->sessions);
    /* A key of our own has more forms than those in certificates. */
    int r = options->cert_file ? 0 : tls_algorithms_open(&c->algorithms);
    if (r == 0)
        c->ssl = SSL_CTX_new_ex(c->algorithms.library, NULL, TLS_client_method());
    c->bio = tls_bio_method();
    r = c->ssl && c->bio ? 0 : err_set(err, -ENOMEM, "no memory for a TLS context");
    if (r == 0) {
        configure(c, options);
        r = options->late ? 0 : tls_context_ready(c, err, deadline);
    }
    ERR_clear_error();
    if (r < 0) {
        tls_context_close(c);
        return r;
    }
    *ret_context = c;
    return 0;
}

void tls_context_close(struct tls_context *c)
{
    if (!c)
        return;
    assert(c->conns == 0 && !c->reading);
    tls_sessions_done(&c->sessions);
    tls_verified_done(&c->verified);
    SSL_CTX_free(c->ssl);
    tls_algorithms_close(&c->algorithms);
    BIO_meth_free(c->bio);
    mem_free(MEM_NET, c->ca_file);
    mem_free(MEM_NET, c->cert_file);
    mem_free(MEM_NET, c->key_file);
    mem_free(MEM_NET, c);
}

/* ---- before the handshake ---- */

static int set_name(struct tls_conn *t, struct slice name, struct err *err)
{
    char text[TLS_NAME_BYTES_MAX + 1];
    struct rt_addr ip;
    bool is_ip = rt_addr_parse_ip(name, 0, &ip) == 0;
    if (is_ip) {
        rt_addr_format(&ip, false, text);
        text[strcspn(text, "%")] = 0; /* a scope is nobody's business but ours */
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), text) == 1
                   ? 0
                   : err_set(err, -ENOMEM, "no memory for a TLS handshake");
    }
    if (name.size && name.data[name.size - 1] == '.')
        name.size--; /* the root's dot is in no certificate */
    if (name.size > TLS_NAME_BYTES_MAX || memchr(name.data, 0, name.size))
        return err_set(err, -EINVAL, "the server's name is none: 1 to %d bytes, no NUL",
                       TLS_NAME_BYTES_MAX);
    memcpy(text, name.data, name.size);
    text[name.size] = 0;
    SSL_set_hostflags(t->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (SSL_set1_host(t->ssl, text) != 1 || SSL_set_tlsext_host_name(t->ssl, text) != 1)
        return err_set(err, -ENOMEM, "no memory for a TLS handshake");
    return 0;
}

static int set_alpn(struct tls_conn *t, const char *words, struct err *err)
{
    unsigned char wire[TLS_ALPN_BYTES_MAX];
    unsigned used = 0;
    struct slice rest = slice_from(words);
    while (rest.data) {
        struct slice word = slice_cut(&rest, ',');
        if (word.size == 0 || used + 1 + word.size > sizeof(wire))
            return err_set(err, -EINVAL, "ALPN '%s': words of a list, %d bytes at most", words,
                           TLS_ALPN_BYTES_MAX);
        wire[used++] = (unsigned char)word.size;
        memcpy(wire + used, word.data, word.size);
        used += (unsigned)word.size;
    }
    if (SSL_set_alpn_protos(t->ssl, wire, used) != 0)
        return err_set(err, -ENOMEM, "no memory for a TLS handshake");
    return 0;
}

static void set_session(struct tls_conn *t, const struct tls_request *request)
{
    struct rt_addr peer;
    char address[RT_ADDR_TEXT_MAX] = "";
    if (rt_sock_peer(t->link.sock, &peer) == 0)
        rt_addr_format(&peer, true, address);
    int n = snprintf(t->session_key, sizeof(t->session_key), "%.*s %s %s", SLICE_ARG(request->name),
                     address, request->alpn ? request->alpn : "");
    if (n < 0 || (size_t)n >= sizeof(t->session_key)) {
        t->session_key[0] = 0; /* too long for the cache: never resumed */
        return;
    }
    SSL_SESSION *s =
        request->no_resume ? NULL : tls_sessions_take(&t->context->sessions, t->session_key);
    if (!s)
        return;
    SSL_set_session(t->ssl, s);
    SSL_SESSION_free(s);
}

static int conn_new(struct tls_context *c, struct rt_sock *sock, const struct tls_request *request,
                    struct tls_conn **ret_conn, struct err *err)
{
    struct tls_conn *t = mem_alloc(MEM_NET, sizeof(*t));
    t->context = c;
    t->unverified = request->unverified;
    t->link = (struct tls_link){.sock = sock, .out = BUF(MEM_NET, 0)};
    t->ssl = SSL_new(c->ssl);
    c->conns++;
    BIO *b = t->ssl ? tls_bio_new(c->bio, &t->link) : NULL;
    int r = b ? 0 : err_set(err, -ENOMEM, "no memory for a TLS handshake");
    if (r == 0) {
        SSL_set_bio(t->ssl, b, b);
        SSL_set_app_data(t->ssl, t);
        if (request->name.size)
            r = set_name(t, request->name, err);
    }
    if (r == 0 && request->alpn)
        r = set_alpn(t, request->alpn, err);
    if (r < 0) {
        t->broken = true;
        tls_close(t);
        return r;
    }
    set_session(t, request);
    *ret_conn = t;
    return 0;
}

/* ---- the handshake ---- */

/* OpenSSL examines no certificate when a session is resumed; but the days go by, and a report
 * has to say what an insecure context overlooked the first time. */
static bool verify_resumed(struct tls_conn *t)
{
    X509 *leaf = SSL_get0_peer_certificate(t->ssl);
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    bool ok = leaf && ctx &&
              X509_STORE_CTX_init(ctx, SSL_CTX_get_cert_store(t->context->ssl), leaf,
                                  SSL_get_peer_cert_chain(t->ssl)) == 1 &&
              X509_STORE_CTX_set_default(ctx, "ssl_server") == 1 &&
              X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(ctx), SSL_get0_param(t->ssl)) == 1;
    ok = ok && tls_verify(ctx, t->name, t->arena, &t->context->verified, t->report);
    if (!ok && t->report->faults == 0) {
        t->report->faults = 1u << TLS_UNTRUSTED;
        t->report->fault = TLS_UNTRUSTED;
        snprintf(t->report->why, sizeof(t->report->why), "the resumed session has no certificate");
    }
    X509_STORE_CTX_free(ctx);
    return ok || t->context->insecure || t->unverified;
}

static void report_agreed(const struct tls_conn *t, struct tls_report *report)
{
    const unsigned char *alpn;
    unsigned size;
    report->version = SSL_get_version(t->ssl);
    report->cipher = SSL_CIPHER_get_name(SSL_get_current_cipher(t->ssl));
    SSL_get0_alpn_selected(t->ssl, &alpn, &size);
    if (size < sizeof(report->alpn) && size > 0)
        memcpy(report->alpn, alpn, size);
    report->resumed = SSL_session_reused(t->ssl) == 1;
}

static int refused(const struct tls_report *report, struct err *err)
{
    return err_set(err, -EKEYREJECTED, "%s", report->why);
}

/* Why SSL_connect failed: the socket, the certificate, or the protocol. */
static int handshake_failure(const struct tls_conn *t, struct tls_report *report, struct err *err)
{
    unsigned long e = ERR_peek_error();
    const char *words = ERR_reason_error_string(e);
    if (t->link.error == -ETIMEDOUT)
        return err_set(err, -ETIMEDOUT, "no end of the TLS handshake in time");
    if (t->link.error)
        return err_sys(err, t->link.error, "TLS handshake");
    if (report->fault && !t->context->insecure && !t->unverified)
        return refused(report, err);
    if (t->link.ended)
        return err_set(err, -EPIPE, "the peer closed the connection during the TLS handshake");
    report->fault = TLS_PROTOCOL; /* whatever an insecure context has overlooked before */
    report->faults |= 1u << TLS_PROTOCOL;
    bool plain = ERR_GET_LIB(e) == ERR_LIB_SSL && ERR_GET_REASON(e) == SSL_R_WRONG_VERSION_NUMBER;
    snprintf(report->why, sizeof(report->why), "%s%s", plain ? "the peer does not speak TLS: " : "",
             words ? words : "TLS handshake failed");
    return err_set(err, -EPROTO, "%s", report->why);
}

static int handshake(struct tls_conn *t, struct tls_report *report, struct err *err)
{
    int r = 0;
    ERR_clear_error();
    t->busy = true;
    t->link.holding = true;
    if (SSL_connect(t->ssl) != 1)
        r = handshake_failure(t, report, err);
    else if (SSL_session_reused(t->ssl) && !verify_resumed(t))
        r = refused(report, err);
    t->link.holding = false;
    t->busy = false;
    t->broken = r < 0;
    if (r < 0 && !t->link.error) { /* the alert that tells the peer why, if it needs no waiting */
        t->link.deadline = 0;
        (void)tls_link_flush(&t->link);
    }
    if (r == 0)
        report_agreed(t, report);
    ERR_clear_error();
    return r;
}

int tls_connect(struct tls_context *c, struct rt_sock *sock, const struct tls_request *request,
                struct tls_conn **ret_conn, struct tls_report *ret_report, struct err *err,
                rt_time deadline)
{
    struct tls_report report = {0};
    struct tls_conn *t;
    int r = tls_context_ready(c, err, deadline);
    if (r == 0)
        r = conn_new(c, sock, request, &t, err);
    if (r == 0) {
        t->name = request->name;
        t->arena = request->arena;
        t->report = &report;
        t->link.deadline = deadline;
        r = handshake(t, &report, err);
        t->report = NULL;
        t->arena = NULL;
        t->link.duplex = request->duplex;
        if (r < 0)
            tls_close(t);
        else
            *ret_conn = t;
    }
    if (ret_report)
        *ret_report = report;
    return r;
}

/* ---- after it ---- */

static int failure(struct tls_conn *t)
{
    int r = t->link.error ? t->link.error : t->link.ended ? -EPIPE : -EPROTO;
    if (r == -EPROTO)
        t->words = ERR_reason_error_string(ERR_peek_error());
    /* A wait that was cut short harms nothing between two records; OpenSSL goes on where it was. */
    if ((r == -ETIMEDOUT || r == -ECANCELED) && !t->link.cut)
        t->link.error = 0;
    else
        t->broken = true;
    return r;
}

static ssize_t read_now(struct tls_conn *t, void *buf, size_t size, rt_time deadline)
{
    size_t got = 0;
    ERR_clear_error();
    t->busy = true;
    t->link.deadline = deadline;
    ssize_t r;
    if (SSL_read_ex(t->ssl, buf, size, &got) == 1)
        r = (ssize_t)got;
    else if (SSL_get_error(t->ssl, 0) == SSL_ERROR_ZERO_RETURN)
        r = 0;
    else
        r = failure(t);
    t->busy = false;
    ERR_clear_error();
    return r;
}

static int write_now(struct tls_conn *t, const void *data, size_t size, rt_time deadline)
{
    size_t sent = 0;
    int r = 0;
    ERR_clear_error();
    t->busy = true;
    t->link.deadline = deadline;
    if (size > 0 && SSL_write_ex(t->ssl, data, size, &sent) != 1) {
        r = failure(t);
        t->broken = true; /* half a record may be on its way */
    }
    t->busy = false;
    ERR_clear_error();
    return r;
}

const char *tls_words(const struct tls_conn *t)
{
    return t->words;
}

/* ---- duplex: OpenSSL never parks, so that reader and writer may take turns with it ---- */

/* Sends what OpenSSL has written. The reader has something to send, too (an answer to a new key),
 * and whoever comes second waits for the first, which sends both. */
static int flush(struct tls_conn *t, rt_time deadline)
{
    int r = 0;
    while (r == 0 && t->flushing)
        r = rt_event_wait(&t->flushed, deadline);
    if (r < 0 || t->link.out.size == 0)
        return r;
    t->flushing = true;
    rt_event_clear(&t->flushed);
    while (r == 0 && t->link.out.size) {
        struct buf out = t->link.out;
        t->link.out = BUF(MEM_NET, 0);
        r = rt_write(t->link.sock, out.data, out.size, deadline);
        buf_done(&out);
    }
    t->flushing = false;
    t->broken = t->broken || r < 0; /* a part of a record may be on its way */
    rt_event_set(&t->flushed);
    return r;
}

static ssize_t read_duplex(struct tls_conn *t, void *buf, size_t size, rt_time deadline)
{
    for (;;) {
        ssize_t n = read_now(t, buf, size, 0);
        int r = flush(t, deadline);
        if (n != -ETIMEDOUT)
            return n;
        if (r == 0)
            r = rt_wait_readable(t->link.sock, deadline);
        if (r < 0)
            return r;
    }
}

static int write_duplex(struct tls_conn *t, const char *data, size_t size, rt_time deadline)
{
    enum { PIECE_BYTES = 64 * 1024 }; /* what is encrypted and not yet sent takes memory */
    int r = t->broken ? -EPIPE : 0;
    for (size_t at = 0; r == 0 && at < size; at += PIECE_BYTES) {
        r = write_now(t, data + at, size - at < PIECE_BYTES ? size - at : PIECE_BYTES, 0);
        if (r == 0)
            r = flush(t, deadline);
    }
    return r;
}

/* ---- either ---- */

ssize_t tls_read(struct tls_conn *t, void *buf, size_t size, rt_time deadline)
{
    if (t->busy || t->reading)
        return -EBUSY;
    if (!t->link.duplex)
        return read_now(t, buf, size, deadline);
    t->reading = true;
    ssize_t n = read_duplex(t, buf, size, deadline);
    t->reading = false;
    return n;
}

int tls_write(struct tls_conn *t, const void *data, size_t size, rt_time deadline)
{
    if (t->busy || t->writing)
        return -EBUSY;
    if (!t->link.duplex)
        return write_now(t, data, size, deadline);
    t->writing = true;
    int r = write_duplex(t, data, size, deadline);
    t->writing = false;
    return r;
}

bool tls_has_pending(const struct tls_conn *t)
{
    return SSL_has_pending(t->ssl) == 1;
}

void tls_close(struct tls_conn *t)
{
    if (!t)
        return;
    assert(!t->busy && !t->reading && !t->writing);
    if (!t->broken) {
        t->link.deadline = 0;
        SSL_shutdown(t->ssl);
        if (t->link.out.size)
            (void)rt_write(t->link.sock, t->link.out.data, t->link.out.size, 0);
    }
    buf_done(&t->link.out);
    SSL_free(t->ssl);
    ERR_clear_error();
    t->context->conns--;
    mem_free(MEM_NET, t);
}
