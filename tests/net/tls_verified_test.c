#include "tests/tap.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/alloc.h"
#include "net/tls_verified.h"

static struct tls_verified_chain chain_of(unsigned place, unsigned char rest)
{
    struct tls_verified_chain c = {.from_s = 1000, .until_s = 2000};
    uint32_t number = place;
    memcpy(c.key, &number, sizeof(number));
    c.key[sizeof(c.key) - 1] = rest;
    return c;
}

static void a_chain_is_known_while_all_of_it_is_valid(void)
{
    struct tls_verified v = {0};
    struct tls_verified_chain c = chain_of(7, 1);
    CHECK(tls_verified_find(&v, c.key, 1500) == NULL);
    tls_verified_put(&v, &c);
    CHECK(tls_verified_find(&v, c.key, 999) == NULL); /* our clock was set back */
    CHECK(tls_verified_find(&v, c.key, 1000) != NULL);
    CHECK(tls_verified_find(&v, c.key, 1999) != NULL);
    CHECK(tls_verified_find(&v, c.key, 2000) == NULL); /* expired since */
    tls_verified_done(&v);
    CHECK(tls_verified_find(&v, c.key, 1500) == NULL);
    tls_verified_done(&v);
}

static void a_taken_place_is_given_to_the_newcomer(void)
{
    struct tls_verified v = {0};
    struct tls_verified_chain first = chain_of(7, 1), second = chain_of(7, 2),
                              third = chain_of(7 + TLS_VERIFIED_MAX, 1), beside = chain_of(8, 1);
    tls_verified_put(&v, &first);
    tls_verified_put(&v, &beside);
    CHECK(tls_verified_find(&v, second.key, 1500) == NULL);
    tls_verified_put(&v, &second);
    CHECK(tls_verified_find(&v, first.key, 1500) == NULL);
    CHECK(tls_verified_find(&v, second.key, 1500) != NULL);
    tls_verified_put(&v, &third);
    CHECK(tls_verified_find(&v, second.key, 1500) == NULL);
    CHECK(tls_verified_find(&v, third.key, 1500) != NULL);
    CHECK(tls_verified_find(&v, beside.key, 1500) != NULL);
    tls_verified_done(&v);
}

static void any_number_of_chains_takes_the_same_memory(void)
{
    struct tls_verified v = {0};
    struct tls_verified_chain c = chain_of(0, 0);
    tls_verified_put(&v, &c);
    int64_t live = mem_usage_of(MEM_NET).live;
    for (unsigned i = 0; i < 10 * TLS_VERIFIED_MAX; i++) {
        c = chain_of(i, 0);
        tls_verified_put(&v, &c);
    }
    CHECK_INT(mem_usage_of(MEM_NET).live, live);
    int known = 0;
    for (unsigned i = 0; i < 10 * TLS_VERIFIED_MAX; i++) {
        c = chain_of(i, 0);
        known += tls_verified_find(&v, c.key, 1500) != NULL;
    }
    CHECK_INT(known, TLS_VERIFIED_MAX);
    tls_verified_done(&v);
}

/* ---- keys ---- */

static X509 *certificate(int serial)
{
    X509 *x = X509_new();
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    CHECK(X509_set_pubkey(x, key) == 1);
    CHECK(ASN1_INTEGER_set(X509_get_serialNumber(x), serial) == 1);
    CHECK(X509_sign(x, key, EVP_sha256()) > 0);
    EVP_PKEY_free(key);
    return x;
}

static bool key_of(X509 *leaf, X509 *const *sent, int count, unsigned char *key)
{
    STACK_OF(X509) *stack = sk_X509_new_null();
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    for (int i = 0; i < count; i++)
        CHECK(sk_X509_push(stack, sent[i]) > 0);
    CHECK(X509_STORE_CTX_init(ctx, store, leaf, stack) == 1);
    bool has = tls_verified_key(ctx, key);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    sk_X509_free(stack);
    return has;
}

static void each_certificate_and_their_order_make_the_key(void)
{
    X509 *x[3] = {certificate(1), certificate(2), certificate(3)};
    X509 *const sent[][3] = {{x[0]},
                             {x[0], x[1]},
                             {x[0], x[2]},
                             {x[0], x[1], x[2]},
                             {x[0], x[2], x[1]},
                             {x[1], x[0], x[2]}};
    const int counts[] = {1, 2, 2, 3, 3, 3};
    unsigned char keys[6][TLS_VERIFIED_KEY_BYTES], same[TLS_VERIFIED_KEY_BYTES];
    for (int i = 0; i < 6; i++) {
        CHECK(key_of(sent[i][0], sent[i], counts[i], keys[i]));
        CHECK(key_of(sent[i][0], sent[i], counts[i], same));
        CHECK(memcmp(keys[i], same, sizeof(same)) == 0);
        for (int j = 0; j < i; j++)
            CHECK(memcmp(keys[i], keys[j], sizeof(same)) != 0);
    }
    for (int i = 0; i < 3; i++)
        X509_free(x[i]);
}

static void too_long_a_chain_has_no_key(void)
{
    X509 *x = certificate(1), *leaf = certificate(2);
    X509 *sent[TLS_VERIFIED_CERTIFICATES_MAX + 1];
    unsigned char key[TLS_VERIFIED_KEY_BYTES];
    for (int i = 0; i <= TLS_VERIFIED_CERTIFICATES_MAX; i++)
        sent[i] = x;
    CHECK(key_of(leaf, sent, TLS_VERIFIED_CERTIFICATES_MAX, key));
    CHECK(!key_of(leaf, sent, TLS_VERIFIED_CERTIFICATES_MAX + 1, key));
    X509_free(leaf);
    X509_free(x);
}

int main(void)
{
    TAP_RUN(a_chain_is_known_while_all_of_it_is_valid);
    TAP_RUN(a_taken_place_is_given_to_the_newcomer);
    TAP_RUN(any_number_of_chains_takes_the_same_memory);
    TAP_RUN(each_certificate_and_their_order_make_the_key);
    TAP_RUN(too_long_a_chain_has_no_key);
    return tap_done();
}
