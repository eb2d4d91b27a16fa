#include "net/tls_verified.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fault.h"

void tls_verified_done(struct tls_verified *v)
{
    mem_free(MEM_NET, v->places);
    v->places = NULL;
}

/* A digest of the digests, whose sizes are all the same: no two chains read alike. */
bool tls_verified_key(const X509_STORE_CTX *ctx, unsigned char key[TLS_VERIFIED_KEY_BYTES])
{
    unsigned char digests[1 + TLS_VERIFIED_CERTIFICATES_MAX][TLS_VERIFIED_KEY_BYTES];
    const STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(ctx);
    const X509 *leaf = X509_STORE_CTX_get0_cert(ctx);
    int count = sk_X509_num(sent);
    if (!leaf || count > TLS_VERIFIED_CERTIFICATES_MAX)
        return false;
    if (X509_digest(leaf, EVP_sha256(), digests[0], NULL) != 1)
        return false;
    size_t n = 1;
    for (int i = 0; i < count; i++) {
        const X509 *x = sk_X509_value(sent, i);
        if (x != leaf && X509_digest(x, EVP_sha256(), digests[n++], NULL) != 1)
            return false;
    }
    return EVP_Digest(digests, n * sizeof(digests[0]), key, NULL, EVP_sha256(), NULL) == 1;
}

/* Nobody can choose a key, so its first bytes are as good as any. */
static struct tls_verified_chain *place_of(const struct tls_verified *v, const unsigned char *key)
{
    uint32_t number;
    memcpy(&number, key, sizeof(number));
    return &v->places[number % TLS_VERIFIED_MAX];
}

const struct tls_verified_chain *tls_verified_find(const struct tls_verified *v,
                                                   const unsigned char *key, int64_t now_s)
{
    const struct tls_verified_chain *c = v->places ? place_of(v, key) : NULL;
    if (!c || memcmp(c->key, key, sizeof(c->key)) != 0)
        return NULL;
    bool valid = c->from_s <= now_s && now_s < c->until_s;
    return valid || fault_mutant("tls_verified_forever") ? c : NULL;
}

void tls_verified_put(struct tls_verified *v, const struct tls_verified_chain *chain)
{
    if (!v->places)
        v->places = mem_alloc(MEM_NET, TLS_VERIFIED_MAX * sizeof(*v->places));
    *place_of(v, chain->key) = *chain;
}
