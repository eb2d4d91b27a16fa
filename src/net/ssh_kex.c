#include "net/ssh_kex.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "base/fault.h"
#include "wire/octets.h"

const char ssh_kex_names[] = "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,"
                             "diffie-hellman-group14-sha256,diffie-hellman-group14-sha1";
const char ssh_host_key_names[] =
    "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,"
    "rsa-sha2-512,rsa-sha2-256,ssh-rsa";

enum { SECRET_BYTES_MAX = 256, PUBLIC_BYTES_MAX = 256, HASH_BYTES_MAX = 32 };

struct ssh_kex {
    enum { KEX_X25519, KEX_P256, KEX_GROUP14 } way;
    const EVP_MD *hash;
    EVP_PKEY *key;            /* the two curves */
    BIGNUM *prime, *exponent; /* group 14 */
    uint8_t public_value[PUBLIC_BYTES_MAX];
    size_t public_bytes;
};

/* ---- our half ---- */

static int curve_new(struct ssh_kex *k)
{
    k->key = k->way == KEX_X25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "X25519")
                                  : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    unsigned char *text = NULL;
    k->public_bytes = k->key ? EVP_PKEY_get1_encoded_public_key(k->key, &text) : 0;
    bool fits = k->public_bytes > 0 && k->public_bytes <= sizeof(k->public_value);
    if (fits)
        memcpy(k->public_value, text, k->public_bytes);
    OPENSSL_free(text);
    return fits ? 0 : -ENOMEM;
}

/* base ^ exponent mod prime, as PUBLIC_BYTES_MAX bytes. */
static int power(const struct ssh_kex *k, const BIGNUM *base, uint8_t *ret)
{
    BN_CTX *c = BN_CTX_new();
    BIGNUM *v = BN_new();
    bool ok = c && v && BN_mod_exp(v, base, k->exponent, k->prime, c) == 1 &&
              BN_bn2binpad(v, ret, PUBLIC_BYTES_MAX) == PUBLIC_BYTES_MAX;
    BN_clear_free(v);
    BN_CTX_free(c);
    return ok ? 0 : -ENOMEM;
}

static int group_new(struct ssh_kex *k)
{
    enum { EXPONENT_BITS = 512 }; /* twice what any hash of ours is worth */
    BIGNUM *two = BN_new();
    k->prime = BN_get_rfc3526_prime_2048(NULL);
    k->exponent = BN_new();
    bool ok = two && k->prime && k->exponent && BN_set_word(two, 2) == 1 &&
              BN_priv_rand(k->exponent, EXPONENT_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
              power(k, two, k->public_value) == 0;
    k->public_bytes = PUBLIC_BYTES_MAX;
    BN_free(two);
    return ok ? 0 : -ENOMEM;
}

int ssh_kex_new(struct slice name, struct ssh_kex **ret_kex)
{
    struct ssh_kex *k = mem_alloc(MEM_NET, sizeof(*k));
    k->hash = slice_ends_with(name, SLICE("sha1")) ? EVP_sha1() : EVP_sha256();
    k->way = slice_starts_with(name, SLICE("curve"))  ? KEX_X25519
             : slice_starts_with(name, SLICE("ecdh")) ? KEX_P256
                                                      : KEX_GROUP14;
    int r = k->way == KEX_GROUP14 ? group_new(k) : curve_new(k);
    ERR_clear_error();
    if (r < 0) {
        ssh_kex_free(k);
        return r;
    }
    *ret_kex = k;
    return 0;
}

void ssh_kex_free(struct ssh_kex *k)
{
    if (!k)
        return;
    EVP_PKEY_free(k->key);
    BN_free(k->prime);
    BN_clear_free(k->exponent);
    mem_free(MEM_NET, k);
}

static struct slice public_of(const struct ssh_kex *k)
{
    return (struct slice){(const char *)k->public_value, k->public_bytes};
}

int ssh_kex_put(const struct ssh_kex *k, struct buf *out)
{
    int r = buf_append_byte(out, SSH_KEX_INIT);
    if (r < 0)
        return r;
    return k->way == KEX_GROUP14 ? ssh_put_mpint(out, public_of(k))
                                 : ssh_put_string(out, public_of(k));
}

/* ---- the secret ---- */

static EVP_PKEY *peer_key(const struct ssh_kex *k, struct slice value)
{
    const unsigned char *data = (const unsigned char *)value.data;
    if (k->way == KEX_X25519)
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, data, value.size);
    EVP_PKEY *peer = EVP_PKEY_new();
    if (peer && EVP_PKEY_copy_parameters(peer, k->key) == 1 &&
        EVP_PKEY_set1_encoded_public_key(peer, data, value.size) == 1)
        return peer;
    EVP_PKEY_free(peer);
    return NULL;
}

/* Low-order points of X25519 give a secret of zeroes, which OpenSSL refuses. */
static size_t curve_secret(const struct ssh_kex *k, struct slice value, uint8_t *ret)
{
    size_t size = SECRET_BYTES_MAX;
    EVP_PKEY *peer = peer_key(k, value);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(k->key, NULL);
    bool ok = peer && c && EVP_PKEY_derive_init(c) == 1 && EVP_PKEY_derive_set_peer(c, peer) == 1 &&
              EVP_PKEY_derive(c, ret, &size) == 1;
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(peer);
    return ok ? size : 0;
}

/* RFC 4253, 8: a value outside of 2 … p - 2 is refused. */
static size_t group_secret(const struct ssh_kex *k, struct slice value, uint8_t *ret)
{
    if (value.size > PUBLIC_BYTES_MAX + 1)
        return 0;
    BIGNUM *f = BN_bin2bn((const unsigned char *)value.data, (int)value.size, NULL);
    BIGNUM *last = BN_dup(k->prime);
    bool ok = f && last && BN_sub_word(last, 1) == 1 && !BN_is_zero(f) && !BN_is_one(f) &&
              BN_cmp(f, last) < 0 && power(k, f, ret) == 0;
    BN_free(f);
    BN_free(last);
    return ok ? SECRET_BYTES_MAX : 0;
}

/* ---- the signature ---- */

static EVP_PKEY *key_of(const char *type, OSSL_PARAM_BLD *b)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = b ? OSSL_PARAM_BLD_to_param(b) : NULL;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (!params || !c || EVP_PKEY_fromdata_init(c) != 1 ||
        EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(c);
    OSSL_PARAM_free(params);
    return key;
}

static EVP_PKEY *key_rsa(struct octets *o)
{
    enum { BITS_MAX = 16384 };
    struct slice e = octets_take(o, octets_u32(o)), n = octets_take(o, octets_u32(o));
    if (o->broken || n.size > BITS_MAX / 8 + 1 || e.size > 8)
        return NULL;
    BIGNUM *bn = BN_bin2bn((const unsigned char *)n.data, (int)n.size, NULL);
    BIGNUM *be = BN_bin2bn((const unsigned char *)e.data, (int)e.size, NULL);
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;
    if (bn && be && b && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, bn) == 1 &&
        OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, be) == 1)
        key = key_of("RSA", b);
    OSSL_PARAM_BLD_free(b);
    BN_free(bn);
    BN_free(be);
    return key;
}

static EVP_PKEY *key_ecdsa(struct octets *o)
{
    static const char *const groups[][2] = {
        {"nistp256", "P-256"}, {"nistp384", "P-384"}, {"nistp521", "P-521"}};
    struct slice curve = octets_take(o, octets_u32(o)), point = octets_take(o, octets_u32(o));
    const char *group = NULL;
    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        if (slice_eq_cstr(curve, groups[i][0]))
            group = groups[i][1];
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;
    if (!o->broken && group && b &&
        OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point.data, point.size) == 1)
        key = key_of("EC", b);
    OSSL_PARAM_BLD_free(b);
    return key;
}

/* The key's own words for what it is must be those of the algorithm that was agreed on. */
static EVP_PKEY *host_key(struct slice blob, struct slice algorithm)
{
    struct octets o = octets_of(blob);
    struct slice type = octets_take(&o, octets_u32(&o));
    bool rsa = slice_starts_with(algorithm, SLICE("rsa-")) || slice_eq_cstr(algorithm, "ssh-rsa");
    if (rsa)
        return slice_eq_cstr(type, "ssh-rsa") ? key_rsa(&o) : NULL;
    if (!slice_eq(type, algorithm))
        return NULL;
    if (!slice_eq_cstr(type, "ssh-ed25519"))
        return key_ecdsa(&o);
    struct slice raw = octets_take(&o, octets_u32(&o));
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)raw.data,
                                       raw.size);
}

/* SSH writes r and s as two mpints, OpenSSL reads them in DER. */
static bool verify_ecdsa(EVP_MD_CTX *c, struct slice text, struct slice said)
{
    struct octets o = octets_of(text);
    struct slice r = octets_take(&o, octets_u32(&o)), s = octets_take(&o, octets_u32(&o));
    enum { NUMBER_BYTES_MAX = 67 };
    if (o.broken || r.size > NUMBER_BYTES_MAX || s.size > NUMBER_BYTES_MAX)
        return false;
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *br = BN_bin2bn((const unsigned char *)r.data, (int)r.size, NULL);
    BIGNUM *bs = BN_bin2bn((const unsigned char *)s.data, (int)s.size, NULL);
    unsigned char *der = NULL;
    bool set = sig && br && bs && ECDSA_SIG_set0(sig, br, bs) == 1;
    if (!set) {
        BN_free(br);
        BN_free(bs);
    }
    int size = set ? i2d_ECDSA_SIG(sig, &der) : 0;
    bool ok = size > 0 && EVP_DigestVerify(c, der, (size_t)size, (const unsigned char *)said.data,
                                           said.size) == 1;
    OPENSSL_free(der);
    ECDSA_SIG_free(sig);
    return ok;
}

static const EVP_MD *hash_of(struct slice algorithm)
{
    static const struct {
        const char *name, *hash;
    } table[] = {
        {"ecdsa-sha2-nistp256", "SHA256"}, {"ecdsa-sha2-nistp384", "SHA384"},
        {"ecdsa-sha2-nistp521", "SHA512"}, {"rsa-sha2-512", "SHA512"},
        {"rsa-sha2-256", "SHA256"},        {"ssh-rsa", "SHA1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (slice_eq_cstr(algorithm, table[i].name))
            return EVP_get_digestbyname(table[i].hash);
    return NULL; /* ed25519 hashes by itself */
}

static bool verify(EVP_PKEY *key, struct slice algorithm, struct slice signature, struct slice said)
{
    struct octets o = octets_of(signature);
    struct slice name = octets_take(&o, octets_u32(&o)), text = octets_take(&o, octets_u32(&o));
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool ok = !o.broken && slice_eq(name, algorithm) && c &&
              EVP_DigestVerifyInit(c, NULL, hash_of(algorithm), NULL, key) == 1;
    if (ok && slice_starts_with(algorithm, SLICE("ecdsa-")))
        ok = verify_ecdsa(c, text, said);
    else if (ok)
        ok = EVP_DigestVerify(c, (const unsigned char *)text.data, text.size,
                              (const unsigned char *)said.data, said.size) == 1;
    EVP_MD_CTX_free(c);
    return ok;
}

/* All that both sides said, in the order that is signed. */
static size_t hash_all(const struct ssh_kex *k, const struct ssh_transcript *t,
                       const struct ssh_kexreply *reply, struct slice secret, uint8_t *ret)
{
    unsigned size = 0;
    struct buf all = BUF(MEM_NET, 0);
    ssh_put_string(&all, t->client_ident);
    ssh_put_string(&all, t->server_ident);
    ssh_put_string(&all, t->client_kexinit);
    ssh_put_string(&all, t->server_kexinit);
    ssh_put_string(&all, reply->host_key);
    if (k->way == KEX_GROUP14) {
        ssh_put_mpint(&all, public_of(k));
        ssh_put_mpint(&all, reply->public_value);
    } else {
        ssh_put_string(&all, public_of(k));
        ssh_put_string(&all, reply->public_value);
    }
    ssh_put_mpint(&all, secret);
    EVP_Digest(all.data, all.size, ret, &size, k->hash, NULL);
    OPENSSL_cleanse(all.data, all.size);
    buf_done(&all);
    return size;
}

int ssh_kex_check(struct ssh_kex *k, const struct ssh_transcript *t, struct slice algorithm,
                  const struct ssh_kexreply *reply, struct err *err)
{
    uint8_t secret[SECRET_BYTES_MAX], hash[HASH_BYTES_MAX];
    size_t size = k->way == KEX_GROUP14 ? group_secret(k, reply->public_value, secret)
                                        : curve_secret(k, reply->public_value, secret);
    EVP_PKEY *key = size ? host_key(reply->host_key, algorithm) : NULL;
    int r = 0;
    if (size == 0)
        r = err_set(err, -EBADMSG, "its half of the key exchange is none");
    else if (!key)
        r = err_set(err, -EBADMSG, "its host key is no %.*s", SLICE_ARG(algorithm));
    if (r == 0) {
        size = hash_all(k, t, reply, (struct slice){(char *)secret, size}, hash);
        bool own = verify(key, algorithm, reply->signature, (struct slice){(char *)hash, size});
        if (!own && !fault_mutant("ssh_signature_unchecked"))
            r = err_set(err, -EKEYREJECTED,
                        "it showed a host key that is not its own: the "
                        "signature is wrong");
    }
    EVP_PKEY_free(key);
    OPENSSL_cleanse(secret, sizeof(secret));
    ERR_clear_error();
    return r;
}
