#include "net/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "base/alloc.h"

struct digest {
    EVP_MD_CTX *context;
};

struct digest *digest_new(void)
{
    struct digest *d = mem_alloc(MEM_NET, sizeof(*d));
    d->context = EVP_MD_CTX_new();
    /* It fails for want of memory only. */
    if (!d->context || EVP_DigestInit_ex(d->context, EVP_sha256(), NULL) != 1)
        abort();
    return d;
}

void digest_add(struct digest *d, const void *data, size_t size)
{
    EVP_DigestUpdate(d->context, data, size);
}

void digest_end(struct digest *d, char ret_hex[DIGEST_HEX_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(d->context, raw, &size);
    for (unsigned i = 0; i < (DIGEST_HEX_BYTES - 1) / 2; i++) {
        ret_hex[2 * i] = digits[raw[i] >> 4];
        ret_hex[2 * i + 1] = digits[raw[i] & 15];
    }
    ret_hex[DIGEST_HEX_BYTES - 1] = 0;
    digest_free(d);
}

void digest_free(struct digest *d)
{
    if (!d)
        return;
    EVP_MD_CTX_free(d->context);
    mem_free(MEM_NET, d);
}
