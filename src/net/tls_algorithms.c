#include "net/tls_algorithms.h"

#include <errno.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <stdbool.h>
#include <string.h>

#include "base/defs.h"

enum { DECODERS_MAX = 64, CIPHERS_MAX = 128 };

/* Rule zero: mutable file-scope state. A provider is asked without a word on whose it is (what is
 * handed over belongs to OpenSSL's own, whose algorithms take it), and OpenSSL keeps pointers into
 * the lists. All is set once, and never changes or ends. */
static struct {
    CRYPTO_ONCE chosen;
    OSSL_PROVIDER *whole; /* OpenSSL's own */
    OSSL_ALGORITHM decoders[DECODERS_MAX + 1], ciphers[CIPHERS_MAX + 1]; /* what is left of it */
} once = {.chosen = CRYPTO_ONCE_STATIC_INIT};

static bool is_of_certificates(const OSSL_ALGORITHM *a)
{
    return strstr(a->property_definition, "structure=SubjectPublicKeyInfo");
}

/* CTR is the random numbers'. */
static bool is_of_tls(const OSSL_ALGORITHM *a)
{
    static const char *const modes[] = {"-CBC", "-GCM", "-CCM", "-CTR", "Poly1305", "NULL"};
    for (size_t i = 0; i < ARRAY_LEN(modes); i++)
        if (strstr(a->algorithm_names, modes[i]))
            return true;
    return false;
}

static void choose(int operation, bool (*wanted)(const OSSL_ALGORITHM *a), OSSL_ALGORITHM *to,
                   size_t max)
{
    int no_cache;
    size_t n = 0;
    const OSSL_ALGORITHM *a = OSSL_PROVIDER_query_operation(once.whole, operation, &no_cache);
    for (; a && a->algorithm_names && n < max; a++)
        if (wanted(a))
            to[n++] = *a;
}

static void choose_all(void)
{
    once.whole = OSSL_PROVIDER_load(NULL, "default");
    if (!once.whole)
        return;
    choose(OSSL_OP_DECODER, is_of_certificates, once.decoders, DECODERS_MAX);
    choose(OSSL_OP_CIPHER, is_of_tls, once.ciphers, CIPHERS_MAX);
}

static const OSSL_ALGORITHM *query(void *context, int operation, int *no_cache)
{
    (void)context;
    if (operation != OSSL_OP_DECODER && operation != OSSL_OP_CIPHER)
        return OSSL_PROVIDER_query_operation(once.whole, operation, no_cache);
    *no_cache = 0;
    return operation == OSSL_OP_DECODER ? once.decoders : once.ciphers;
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
