#include "net/tls_verify.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "rt/addr.h"

/* OpenSSL stops at the first fault it meets, in an order of its own. Here each is noted and the
 * examination goes on; the most telling one is named afterwards. */
struct findings {
    struct tls_report *report;
    int error[TLS_PROTOCOL + 1]; /* OpenSSL's number of the first fault of each kind */
    X509 *where[TLS_PROTOCOL + 1];
    int depth[TLS_PROTOCOL + 1];
};

static enum tls_fault fault_of(int error)
{
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD:
        return TLS_EXPIRED;
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
        return TLS_NOT_YET_VALID;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return TLS_WRONG_NAME;
    default:
        return TLS_UNTRUSTED;
    }
}

static int on_certificate(int ok, X509_STORE_CTX *ctx)
{
    struct findings *f = X509_STORE_CTX_get_app_data(ctx);
    if (ok)
        return 1;
    int error = X509_STORE_CTX_get_error(ctx);
    enum tls_fault fault = fault_of(error);
    f->report->faults |= 1u << fault;
    if (f->error[fault] == 0) {
        f->error[fault] = error;
        f->where[fault] = X509_STORE_CTX_get_current_cert(ctx);
        f->depth[fault] = X509_STORE_CTX_get_error_depth(ctx);
    }
    return 1;
}

/* ---- dates ---- */

/* Seconds from 1970 until t; false for a date that is none. */
static bool seconds_of(const ASN1_TIME *t, int64_t *ret)
{
    int days, seconds;
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    bool ok = epoch && ASN1_TIME_diff(&days, &seconds, epoch, t) == 1;
    ASN1_TIME_free(epoch);
    if (ok)
        *ret = (int64_t)days * 86400 + seconds;
    return ok;
}

/* Certificates may be valid until the year 9999, nanoseconds in 64 bits until 2262. */
static rt_wall wall_of(const ASN1_TIME *t)
{
    int64_t s;
    if (!seconds_of(t, &s))
        return 0;
    if (s > INT64_MAX / RT_SEC || s < INT64_MIN / RT_SEC)
        return s > 0 ? INT64_MAX : INT64_MIN;
    return s * RT_SEC;
}

static int32_t days_between(int64_t from_s, int64_t to_s)
{
    int64_t s = to_s - from_s;
    return (int32_t)(s >= 0 ? s / 86400 : -((-s + 86399) / 86400));
}

static int32_t days_until(const ASN1_TIME *t)
{
    int64_t s;
    return seconds_of(t, &s) ? days_between(rt_wall_now() / RT_SEC, s) : INT32_MIN;
}

/* ---- texts ---- */

enum { TEXT_BYTES_MAX = 1024 };

/* What a memory BIO holds, as a text in the arena; NULL without room. Frees the BIO. */
static char *take_text(BIO *b, struct arena *arena)
{
    char *data;
    long size = BIO_get_mem_data(b, &data);
    size = size < 0 ? 0 : size > TEXT_BYTES_MAX ? TEXT_BYTES_MAX : size;
    char *text = arena_strdup(arena, (struct slice){data, (size_t)size});
    BIO_free(b);
    return text;
}

static char *name_text(const X509_NAME *name, struct arena *arena)
{
    BIO *b = BIO_new(BIO_s_mem());
    if (!b)
        return NULL;
    /* Control bytes stay escaped, other letters come as UTF-8. */
    X509_NAME_print_ex(b, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
    return take_text(b, arena);
}

static char *ip_text(const ASN1_STRING *s, struct arena *arena)
{
    char text[RT_ADDR_TEXT_MAX];
    struct rt_addr a = {0};
    int size = ASN1_STRING_length(s);
    if (size == (int)sizeof(a.in.sin_addr)) {
        a.family = AF_INET;
        memcpy(&a.in.sin_addr, ASN1_STRING_get0_data(s), sizeof(a.in.sin_addr));
    } else if (size == (int)sizeof(a.in6.sin6_addr)) {
        a.family = AF_INET6;
        memcpy(&a.in6.sin6_addr, ASN1_STRING_get0_data(s), sizeof(a.in6.sin6_addr));
    } else {
        return NULL;
    }
    return arena_strdup(arena, slice_from(rt_addr_format(&a, false, text)));
}

static char *san_text(const GENERAL_NAME *san, struct arena *arena)
{
    if (san->type == GEN_IPADD)
        return ip_text(san->d.iPAddress, arena);
    BIO *b = BIO_new(BIO_s_mem());
    if (!b)
        return NULL;
    ASN1_STRING_print_ex(b, san->d.ia5, ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_ESC_MSB);
    return take_text(b, arena);
}

static void describe_sans(X509 *x, struct arena *arena, struct tls_certificate *c)
{
    GENERAL_NAMES *sans = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    c->names = sans ? arena_alloc_array(arena, TLS_NAMES_MAX, sizeof(char *)) : NULL;
    for (int i = 0; c->names && i < sk_GENERAL_NAME_num(sans); i++) {
        const GENERAL_NAME *san = sk_GENERAL_NAME_value(sans, i);
        bool known = san->type == GEN_DNS || san->type == GEN_IPADD || san->type == GEN_EMAIL ||
                     san->type == GEN_URI;
        char *text = known && c->name_count < TLS_NAMES_MAX ? san_text(san, arena) : NULL;
        if (text)
            c->names[c->name_count++] = text;
    }
    GENERAL_NAMES_free(sans);
}

static bool describe(X509 *x, struct arena *arena, struct tls_certificate *c)
{
    c->subject = name_text(X509_get_subject_name(x), arena);
    c->issuer = name_text(X509_get_issuer_name(x), arena);
    c->not_before = wall_of(X509_get0_notBefore(x));
    c->not_after = wall_of(X509_get0_notAfter(x));
    c->days_left = days_until(X509_get0_notAfter(x));
    describe_sans(x, arena, c);
    return c->subject && c->issuer;
}

/* The leaf also lies in the untrusted chain: OpenSSL hands over what the peer sent. */
static void describe_chain(X509_STORE_CTX *ctx, struct arena *arena, struct tls_report *report)
{
    STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(ctx);
    X509 *leaf = X509_STORE_CTX_get0_cert(ctx);
    struct tls_certificate *chain = arena_alloc_array(arena, TLS_CHAIN_MAX, sizeof(*chain));
    if (!chain || !leaf || !describe(leaf, arena, &chain[0]))
        return;
    report->chain = chain;
    report->chain_count = 1;
    for (int i = 0; i < sk_X509_num(sent) && report->chain_count < TLS_CHAIN_MAX; i++) {
        X509 *x = sk_X509_value(sent, i);
        if (X509_cmp(x, leaf) == 0)
            continue;
        if (!describe(x, arena, &chain[report->chain_count]))
            return;
        report->chain_count++;
    }
}

/* The path as OpenSSL has built it, faults or not; at least the peer's own certificate is on it.
 * Narrows *chain to the time in which all of it is valid; returns whether all dates are some. */
static bool find_validity(X509_STORE_CTX *ctx, struct tls_verified_chain *chain)
{
    STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(ctx);
    bool all = sk_X509_num(path) > 0;
    for (int i = 0; i < sk_X509_num(path); i++) {
        const X509 *x = sk_X509_value(path, i);
        int64_t from, until;
        bool has_from = seconds_of(X509_get0_notBefore(x), &from);
        bool has_until = seconds_of(X509_get0_notAfter(x), &until);
        if (has_from && from > chain->from_s)
            chain->from_s = from;
        if (has_until && until < chain->until_s)
            chain->until_s = until;
        all = all && has_from && has_until;
    }
    return all;
}

/* ---- what is known already ---- */

static bool is_named(X509_STORE_CTX *ctx)
{
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    X509 *leaf = X509_STORE_CTX_get0_cert(ctx);
    const char *host = X509_VERIFY_PARAM_get0_host(param, 0);
    if (fault_mutant("tls_verified_any_name"))
        return true;
    if (host && X509_check_host(leaf, host, 0, X509_VERIFY_PARAM_get_hostflags(param), NULL) != 1)
        return false;
    char *ip = X509_VERIFY_PARAM_get1_ip_asc(param);
    bool named = !ip || X509_check_ip_asc(leaf, ip, 0) == 1;
    OPENSSL_free(ip);
    return named;
}

static bool is_known(X509_STORE_CTX *ctx, const struct tls_verified *known,
                     const unsigned char *key, int64_t now_s, struct tls_report *report)
{
    const struct tls_verified_chain *chain = tls_verified_find(known, key, now_s);
    if (!chain || !is_named(ctx))
        return false;
    report->days_left = days_between(now_s, chain->until_s);
    report->has_days_left = true;
    X509_STORE_CTX_set_error(ctx, X509_V_OK);
    return true;
}

/* ---- faults in words ---- */

static void date_text(const ASN1_TIME *t, char *to, size_t size)
{
    char *data = NULL;
    BIO *b = BIO_new(BIO_s_mem());
    if (b)
        ASN1_TIME_print_ex(b, t, ASN1_DTFLGS_ISO8601);
    long n = b ? BIO_get_mem_data(b, &data) : 0;
    snprintf(to, size, "%.*s", (int)(n > 0 ? n : 0), data ? data : "");
    BIO_free(b);
}

/* Which certificate of the chain is meant, unless it is the peer's own. */
static void whose_text(const struct findings *f, enum tls_fault fault, char *to, size_t size)
{
    char name[96] = "";
    to[0] = 0;
    if (f->depth[fault] == 0 || !f->where[fault])
        return;
    X509_NAME_get_text_by_NID(X509_get_subject_name(f->where[fault]), NID_commonName, name,
                              sizeof(name));
    for (char *c = name; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = '?';
    snprintf(to, size, " (its issuer '%s')", name);
}

static void put_why(const struct findings *f, struct slice name, struct tls_report *report)
{
    char date[40] = "", whose[128];
    enum tls_fault fault = report->fault;
    X509 *x = f->where[fault];
    whose_text(f, fault, whose, sizeof(whose));
    switch (fault) {
    case TLS_EXPIRED:
        if (x)
            date_text(X509_get0_notAfter(x), date, sizeof(date));
        snprintf(report->why, sizeof(report->why), "the certificate%s expired on %s", whose, date);
        return;
    case TLS_NOT_YET_VALID:
        if (x)
            date_text(X509_get0_notBefore(x), date, sizeof(date));
        snprintf(report->why, sizeof(report->why), "the certificate%s is not valid before %s",
                 whose, date);
        return;
    case TLS_WRONG_NAME:
        snprintf(report->why, sizeof(report->why), "the certificate is not for '%.*s'",
                 (int)(name.size > 100 ? 100 : name.size), name.data);
        return;
    default:
        snprintf(report->why, sizeof(report->why), "%s%s",
                 X509_verify_cert_error_string(f->error[fault]), whose);
        return;
    }
}

bool tls_verify(X509_STORE_CTX *ctx, struct slice name, struct arena *arena,
                struct tls_verified *known, struct tls_report *report)
{
    struct findings f = {.report = report};
    struct tls_verified_chain chain = {.from_s = INT64_MIN, .until_s = INT64_MAX};
    int64_t now_s = rt_wall_now() / RT_SEC;
    bool has_key = tls_verified_key(ctx, chain.key);
    if (has_key && !arena && is_known(ctx, known, chain.key, now_s, report))
        return true;
    X509_STORE_CTX_set_app_data(ctx, &f);
    X509_STORE_CTX_set_verify_cb(ctx, on_certificate);
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), now_s);
    if (X509_verify_cert(ctx) <= 0 && report->faults == 0) {
        /* It could not even begin: no memory, or a chain that makes no sense to it. */
        report->faults = 1u << TLS_UNTRUSTED;
        f.error[TLS_UNTRUSTED] = X509_STORE_CTX_get_error(ctx);
    }
    X509_STORE_CTX_set_app_data(ctx, NULL);
    bool has_dates = find_validity(ctx, &chain);
    report->has_days_left = chain.until_s < INT64_MAX;
    if (report->has_days_left)
        report->days_left = days_between(now_s, chain.until_s);
    if (arena)
        describe_chain(ctx, arena, report);
    report->fault = report->faults ? (enum tls_fault)__builtin_ctz(report->faults) : TLS_FAULT_NONE;
    if (report->fault == TLS_FAULT_NONE) {
        if (has_key && has_dates)
            tls_verified_put(known, &chain);
        return true;
    }
    put_why(&f, name, report);
    X509_STORE_CTX_set_error(ctx, f.error[report->fault]);
    return false;
}
