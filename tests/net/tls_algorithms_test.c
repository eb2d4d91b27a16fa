#include "tests/tap.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/defs.h"
#include "net/tls_algorithms.h"

static const struct {
    const char *type, *group;
} keys[] = {
    {"RSA", NULL},     {"EC", "P-256"},   {"EC", "P-384"},   {"EC", "P-521"},
    {"ED25519", NULL}, {"ED448", NULL},   {"X25519", NULL},
};

static EVP_PKEY *key_new(const char *type, const char *group)
{
    enum { RSA_BITS = 2048 };
    if (group)
        return EVP_PKEY_Q_keygen(NULL, NULL, type, group);
    if (strcmp(type, "RSA") == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, type, (size_t)RSA_BITS);
    return EVP_PKEY_Q_keygen(NULL, NULL, type);
}

/* A certificate with that key, as bytes; signed by some other, as not each of them can. */
static int certificate_of(EVP_PKEY *key, unsigned char **ret_bytes)
{
    X509 *x = X509_new();
    EVP_PKEY *issuer = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    CHECK(X509_set_pubkey(x, key) == 1);
    CHECK(X509_gmtime_adj(X509_getm_notBefore(x), 0) && X509_gmtime_adj(X509_getm_notAfter(x), 1));
    CHECK(X509_sign(x, issuer, EVP_sha256()) > 0);
    EVP_PKEY_free(issuer);
    int size = i2d_X509(x, ret_bytes);
    X509_free(x);
    return size;
}

static void keys_of_certificates_are_read_as_by_all_of_openssl(void)
{
    struct tls_algorithms a = {0};
    CHECK_INT(tls_algorithms_open(&a), 0);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        EVP_PKEY *key = key_new(keys[i].type, keys[i].group);
        unsigned char *bytes = NULL;
        int size = certificate_of(key, &bytes);
        const unsigned char *at = bytes;
        X509 *x = X509_new_ex(a.library, NULL);
        CHECK(size > 0 && d2i_X509(&x, &at, size) != NULL);
        CHECK(EVP_PKEY_eq(X509_get0_pubkey(x), key) == 1);
        X509_free(x);
        OPENSSL_free(bytes);
        EVP_PKEY_free(key);
    }
    tls_algorithms_close(&a);
}

/* What a client offers to a server does not get less by it. */
static void every_cipher_and_group_of_tls_is_there(void)
{
    struct tls_algorithms a = {0};
    CHECK_INT(tls_algorithms_open(&a), 0);
    SSL_CTX *ours = SSL_CTX_new_ex(a.library, NULL, TLS_client_method());
    SSL_CTX *all = SSL_CTX_new(TLS_client_method());
    CHECK(SSL_CTX_set_cipher_list(ours, "ALL:@SECLEVEL=0") == 1);
    CHECK(SSL_CTX_set_cipher_list(all, "ALL:@SECLEVEL=0") == 1);
    CHECK_INT(sk_SSL_CIPHER_num(SSL_CTX_get_ciphers(ours)),
              sk_SSL_CIPHER_num(SSL_CTX_get_ciphers(all)));
    CHECK(sk_SSL_CIPHER_num(SSL_CTX_get_ciphers(all)) > 50);
    static const char *const groups[] = {"X25519", "X448", "P-256", "P-384", "P-521", "ffdhe2048"};
    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        CHECK(SSL_CTX_set1_groups_list(ours, groups[i]) == 1);
    SSL_CTX_free(ours);
    SSL_CTX_free(all);
    tls_algorithms_close(&a);
    tls_algorithms_close(&a); /* closed already */
}

int main(void)
{
    TAP_RUN(keys_of_certificates_are_read_as_by_all_of_openssl);
    TAP_RUN(every_cipher_and_group_of_tls_is_there);
    return tap_done();
}
