#include "wire/scram.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "wire/base64.h"

void scram_first(struct scram *s, struct slice password, const char *nonce, struct buf *out)
{
    *s = (struct scram){.password = password};
    memcpy(s->nonce, nonce, SCRAM_NONCE_BYTES);
    buf_printf(out, "n,,n=,r=%s", s->nonce);
}

/* "r=…" and so on: the value of the item, which must come next. */
static int take_item(struct slice *rest, char name, struct slice *ret)
{
    struct slice item = slice_cut(rest, ',');
    if (item.size < 2 || item.data[0] != name || item.data[1] != '=')
        return -EBADMSG;
    *ret = slice_sub(item, 2, item.size);
    return 0;
}

static void hmac(const uint8_t *key, struct slice text, uint8_t *ret)
{
    unsigned size = SCRAM_HASH_BYTES;
    HMAC(EVP_sha256(), key, SCRAM_HASH_BYTES, (const unsigned char *)text.data, text.size, ret,
         &size);
}

/* Proof and signature over all that was said (RFC 5802, 3). */
static void prove(struct scram *s, struct slice salt, uint64_t iterations, struct slice said,
                  uint8_t *ret_proof)
{
    uint8_t salted[SCRAM_HASH_BYTES], client[SCRAM_HASH_BYTES], stored[SCRAM_HASH_BYTES];
    uint8_t server[SCRAM_HASH_BYTES], signature[SCRAM_HASH_BYTES];
    PKCS5_PBKDF2_HMAC(s->password.data ? s->password.data : "", (int)s->password.size,
                      (const unsigned char *)salt.data, (int)salt.size, (int)iterations,
                      EVP_sha256(), SCRAM_HASH_BYTES, salted);
    hmac(salted, SLICE("Client Key"), client);
    EVP_Digest(client, sizeof(client), stored, NULL, EVP_sha256(), NULL);
    hmac(stored, said, signature);
    hmac(salted, SLICE("Server Key"), server);
    hmac(server, said, s->server_signature);
    for (size_t i = 0; i < SCRAM_HASH_BYTES; i++)
        ret_proof[i] = client[i] ^ signature[i];
    s->proven = true;
    OPENSSL_cleanse(salted, sizeof(salted));
    OPENSSL_cleanse(client, sizeof(client));
}

static int check_terms(const struct scram *s, struct slice answer, struct slice *ret_nonce,
                       struct buf *ret_salt, uint64_t *ret_iterations, struct err *err)
{
    struct slice rest = answer, salt, count;
    if (answer.size > SCRAM_TEXT_BYTES_MAX || take_item(&rest, 'r', ret_nonce) < 0 ||
        take_item(&rest, 's', &salt) < 0 || take_item(&rest, 'i', &count) < 0)
        return err_set(err, -EBADMSG, "its challenge is no SCRAM");
    if (ret_nonce->size <= SCRAM_NONCE_BYTES ||
        !slice_starts_with(*ret_nonce, slice_from(s->nonce)))
        return err_set(err, -EBADMSG, "its challenge is not for us: another nonce");
    int r = slice_to_u64(count, SCRAM_ITERATIONS_MAX, ret_iterations);
    if (r == -ERANGE)
        return err_set(err, -EMSGSIZE, "it wants more than %d iterations", SCRAM_ITERATIONS_MAX);
    if (r < 0 || *ret_iterations == 0)
        return err_set(err, -EBADMSG, "its challenge has no iteration count");
    if (base64_decode(salt, BASE64_STD, BASE64_PADDED, ret_salt, err) < 0 || ret_salt->size == 0)
        return err_set(err, -EBADMSG, "its challenge has no salt");
    return 0;
}

int scram_final(struct scram *s, struct slice answer, struct buf *out, struct err *err)
{
    struct buf salt = BUF(MEM_WIRE, SCRAM_TEXT_BYTES_MAX), said = BUF(MEM_WIRE, 0);
    struct slice nonce;
    uint64_t iterations;
    uint8_t proof[SCRAM_HASH_BYTES];
    int r = check_terms(s, answer, &nonce, &salt, &iterations, err);
    if (r == 0) {
        buf_printf(&said, "n=,r=%s,%.*s,c=biws,r=%.*s", s->nonce, SLICE_ARG(answer),
                   SLICE_ARG(nonce));
        prove(s, buf_slice(&salt), iterations, buf_slice(&said), proof);
        r = buf_printf(out, "c=biws,r=%.*s,p=", SLICE_ARG(nonce));
    }
    if (r == 0)
        r = base64_encode((struct slice){(char *)proof, sizeof(proof)}, BASE64_STD, BASE64_PADDED,
                          out);
    buf_done(&salt);
    buf_done(&said);
    return r;
}

int scram_check(const struct scram *s, struct slice answer, struct err *err)
{
    struct slice rest = answer, text;
    struct buf signature = BUF(MEM_WIRE, SCRAM_TEXT_BYTES_MAX);
    int r;
    if (take_item(&rest, 'e', &text) == 0)
        return err_set(err, -EACCES, "%.*s", (int)(text.size < 200 ? text.size : 200), text.data);
    rest = answer;
    r = take_item(&rest, 'v', &text);
    if (r == 0)
        r = base64_decode(text, BASE64_STD, BASE64_PADDED, &signature, NULL);
    bool same = r == 0 && s->proven && signature.size == SCRAM_HASH_BYTES &&
                CRYPTO_memcmp(signature.data, s->server_signature, SCRAM_HASH_BYTES) == 0;
    buf_done(&signature);
    return same ? 0 : err_set(err, -EBADMSG, "it does not know the password itself");
}
