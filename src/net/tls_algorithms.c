#include "net/tls_algorithms.h"

#include <errno.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <stdbool.h>
#include <string.h>

#include "base/defs.h"

enum { ALGORITHMS_MAX = 128 }; /* of one operation */

static bool is_of_certificates(const OSSL_ALGORITHM *a);

/* What is kept of each operation: by a rule, or by the first of its names. Not here: as it is. */
static const struct kept {
    int operation;
    bool (*wanted)(const OSSL_ALGORITHM *a);
    const char *const *names;
} kept[] = {
    {OSSL_OP_DECODER, .wanted = is_of_certificates},
    {OSSL_OP_CIPHER,
     .names = (const char *const[]){"AES-128-GCM", "AES-256-GCM", "AES-128-CCM", "AES-256-CCM",
                                    "ChaCha20-Poly1305", "AES-128-CBC", "AES-256-CBC",
                                    "AES-128-CBC-HMAC-SHA1", "AES-256-CBC-HMAC-SHA1",
                                    "AES-128-CBC-HMAC-SHA256", "AES-256-CBC-HMAC-SHA256",
                                    "ARIA-128-GCM", "ARIA-256-GCM", "CAMELLIA-128-CBC",
                                    "CAMELLIA-256-CBC", "DES-EDE3-CBC", "NULL", NULL}},
    {OSSL_OP_DIGEST, .names = (const char *const[]){"SHA1", "SHA2-224", "SHA2-256", "SHA2-384",
                                                    "SHA2-512", "SHA3-224", "SHA3-256", "SHA3-384",
                                                    "SHA3-512", "MD5", "MD5-SHA1", NULL}},
    {OSSL_OP_MAC, .names = (const char *const[]){"HMAC", NULL}},
    {OSSL_OP_KDF, .names = (const char *const[]){"TLS13-KDF", "TLS1-PRF", "HKDF", NULL}},
    {OSSL_OP_KEYMGMT, .names = (const char *const[]){"RSA", "RSA-PSS", "EC", "ED25519", "ED448",
                                                     "X25519", "X448", "DSA", "DH", "HMAC", NULL}},
    {OSSL_OP_KEYEXCH, .names = (const char *const[]){"ECDH", "X25519", "X448", "DH", NULL}},
    {OSSL_OP_SIGNATURE,
     .names = (const char *const[]){"RSA", "ECDSA", "ED25519", "ED448", "DSA", "HMAC", NULL}},
};

/* Rule zero: mutable file-scope state. A provider is asked without a word on whose it is (what is
 * handed over belongs to OpenSSL's own, whose algorithms take it), and OpenSSL keeps pointers into
 * the lists. All is set once, and never changes or ends. */
static struct {
    CRYPTO_ONCE chosen;
    OSSL_PROVIDER *whole;                                     /* OpenSSL's own */
    OSSL_ALGORITHM left[ARRAY_LEN(kept)][ALGORITHMS_MAX + 1]; /* of it */
} once = {.chosen = CRYPTO_ONCE_STATIC_INIT};

/* Keys that nobody has in a certificate of a server are still read: SM2 and DHX are not. */
static bool is_of_certificates(const OSSL_ALGORITHM *a)
{
    return strstr(a->property_definition, "structure=SubjectPublicKeyInfo") &&
           strncmp(a->algorithm_names, "SM2", 3) != 0 && strncmp(a->algorithm_names, "DH", 2) != 0;
}

static bool is_named(const OSSL_ALGORITHM *a, const char *const *names)
{
    size_t size = strcspn(a->algorithm_names, ":");
    for (; *names; names++)
        if (strlen(*names) == size && strncmp(*names, a->algorithm_names, size) == 0)
            return true;
    return false;
}

static void choose(const struct kept *k, OSSL_ALGORITHM *to)
{
    int no_cache;
    size_t n = 0;
    const OSSL_ALGORITHM *a = OSSL_PROVIDER_query_operation(once.whole, k->operation, &no_cache);
    for (; a && a->algorithm_names && n < ALGORITHMS_MAX; a++)
        if (k->wanted ? k->wanted(a) : is_named(a, k->names))
            to[n++] = *a;
}

static void choose_all(void)
{
    once.whole = OSSL_PROVIDER_load(NULL, "default");
    for (size_t i = 0; once.whole && i < ARRAY_LEN(kept); i++)
        choose(&kept[i], once.left[i]);
}

static const OSSL_ALGORITHM *query(void *context, int operation, int *no_cache)
{
    (void)context;
    *no_cache = 0;
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        if (kept[i].operation == operation)
            return once.left[i];
    return OSSL_PROVIDER_query_operation(once.whole, operation, no_cache);
}

static int capabilities(void *context, const char *capability, OSSL_CALLBACK *callback, void *arg)
{
    (void)context;
    return OSSL_PROVIDER_get_capabilities(once.whole, capability, callback, arg);
}

static int begin(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                 void **ret_context)
{
    static const OSSL_DISPATCH functions[] = {
        {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
        {OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (void (*)(void))capabilities},
        {0, NULL},
    };
    (void)handle;
    (void)in;
    *out = functions;
    *ret_context = OSSL_PROVIDER_get0_provider_ctx(once.whole);
    return 1;
}

int tls_algorithms_open(struct tls_algorithms *a)
{
    static const char name[] = "certificates";
    if (CRYPTO_THREAD_run_once(&once.chosen, choose_all) != 1 || !once.whole)
        return -ENOMEM;
    struct tls_algorithms made = {.library = OSSL_LIB_CTX_new()};
    if (made.library && OSSL_PROVIDER_add_builtin(made.library, name, begin) == 1)
        made.provider = OSSL_PROVIDER_load(made.library, name);
    if (!made.provider) {
        tls_algorithms_close(&made);
        return -ENOMEM;
    }
    *a = made;
    return 0;
}

void tls_algorithms_close(struct tls_algorithms *a)
{
    if (a->provider)
        OSSL_PROVIDER_unload(a->provider);
    OSSL_LIB_CTX_free(a->library); /* NULL is accepted */
    *a = (struct tls_algorithms){0};
}
