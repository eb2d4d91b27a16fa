#include "net/ssh_kex.h"

#include <errno.h>
#include <openssl/evp.h>

#include "tests/tap.h"

/* The server's side, made here with OpenSSL alone: curve25519-sha256 with an ed25519 host key. */
enum { KEY_BYTES = 32, SIGNATURE_BYTES = 64, HASH_BYTES = 32 };

struct server {
    EVP_PKEY *half, *host;
    uint8_t half_public[KEY_BYTES], host_public[KEY_BYTES];
    struct buf host_key, signature; /* as they stand in its reply */
    struct ssh_transcript said;
};

static void public_of(EVP_PKEY *key, uint8_t *ret)
{
    size_t size = KEY_BYTES;
    CHECK_INT(EVP_PKEY_get_raw_public_key(key, ret, &size), 1);
}

static void server_open(struct server *s)
{
    *s = (struct server){
        .half = EVP_PKEY_Q_keygen(NULL, NULL, "X25519"),
        .host = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
        .said = {SLICE("SSH-2.0-client"), SLICE("SSH-2.0-server"), SLICE("our kexinit"),
                 SLICE("its kexinit")},
    };
    s->host_key = s->signature = BUF(MEM_TEST, 0);
    public_of(s->half, s->half_public);
    public_of(s->host, s->host_public);
    ssh_put_string(&s->host_key, SLICE("ssh-ed25519"));
    ssh_put_string(&s->host_key, (struct slice){(char *)s->host_public, KEY_BYTES});
}

static void server_close(struct server *s)
{
    EVP_PKEY_free(s->half);
    EVP_PKEY_free(s->host);
    buf_done(&s->host_key);
    buf_done(&s->signature);
}

static void shared_secret(const struct server *s, struct slice client, uint8_t *ret)
{
    size_t size = KEY_BYTES;
    EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL,
                                                 (const uint8_t *)client.data, client.size);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(s->half, NULL);
    CHECK_INT(EVP_PKEY_derive_init(c), 1);
    CHECK_INT(EVP_PKEY_derive_set_peer(c, peer), 1);
    CHECK_INT(EVP_PKEY_derive(c, ret, &size), 1);
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(peer);
}

/* RFC 8731, 3 and RFC 5656, 4: what both sides hash. */
static void hash_all(const struct server *s, struct slice client, uint8_t *ret)
{
    uint8_t secret[KEY_BYTES];
    struct buf all = BUF(MEM_TEST, 0);
    shared_secret(s, client, secret);
    ssh_put_string(&all, s->said.client_ident);
    ssh_put_string(&all, s->said.server_ident);
    ssh_put_string(&all, s->said.client_kexinit);
    ssh_put_string(&all, s->said.server_kexinit);
    ssh_put_string(&all, buf_slice(&s->host_key));
    ssh_put_string(&all, client);
    ssh_put_string(&all, (struct slice){(const char *)s->half_public, KEY_BYTES});
    ssh_put_mpint(&all, (struct slice){(const char *)secret, KEY_BYTES});
    EVP_Digest(all.data, all.size, ret, NULL, EVP_sha256(), NULL);
    buf_done(&all);
}

static void server_sign(struct server *s, struct slice client)
{
    uint8_t hash[HASH_BYTES], signature[SIGNATURE_BYTES];
    size_t size = sizeof(signature);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    hash_all(s, client, hash);
    CHECK_INT(EVP_DigestSignInit(c, NULL, NULL, NULL, s->host), 1);
    CHECK_INT(EVP_DigestSign(c, signature, &size, hash, sizeof(hash)), 1);
    EVP_MD_CTX_free(c);
    buf_clear(&s->signature);
    ssh_put_string(&s->signature, SLICE("ssh-ed25519"));
    ssh_put_string(&s->signature, (struct slice){(char *)signature, size});
}

static struct slice our_half(struct ssh_kex *k, struct buf *payload)
{
    enum { BEFORE_BYTES = 5 }; /* the message's number, and a length */
    CHECK_INT(ssh_kex_put(k, payload), 0);
    CHECK_INT((uint8_t)payload->data[0], SSH_KEX_INIT);
    return slice_sub(buf_slice(payload), BEFORE_BYTES, payload->size);
}

struct exchange {
    struct server server;
    struct ssh_kex *kex;
    struct buf payload;
    struct ssh_kexreply reply;
    struct err err;
};

static void begin(struct exchange *x)
{
    *x = (struct exchange){.payload = BUF(MEM_TEST, 0)};
    server_open(&x->server);
    CHECK_INT(ssh_kex_new(SLICE("curve25519-sha256"), &x->kex), 0);
    server_sign(&x->server, our_half(x->kex, &x->payload));
    x->reply = (struct ssh_kexreply){
        .host_key = buf_slice(&x->server.host_key),
        .public_value = {(char *)x->server.half_public, KEY_BYTES},
        .signature = buf_slice(&x->server.signature),
    };
}

static int check(struct exchange *x, const struct ssh_transcript *said)
{
    err_clear(&x->err);
    int r = ssh_kex_check(x->kex, said, SLICE("ssh-ed25519"), &x->reply, &x->err);
    CHECK(r == 0 || x->err.text[0]);
    return r;
}

static void end(struct exchange *x)
{
    ssh_kex_free(x->kex);
    buf_done(&x->payload);
    server_close(&x->server);
}

static void who_holds_the_key_passes(void)
{
    struct exchange x;
    begin(&x);
    CHECK_INT(check(&x, &x.server.said), 0);
    end(&x);
}

static void a_signature_over_anything_else_is_refused(void)
{
    struct exchange x;
    begin(&x);
    struct slice other = SLICE("other");
    for (int i = 0; i < 4; i++) {
        struct ssh_transcript said = x.server.said;
        struct slice *each[] = {&said.client_ident, &said.server_ident, &said.client_kexinit,
                                &said.server_kexinit};
        *each[i] = other;
        CHECK_INT(check(&x, &said), -EKEYREJECTED);
    }
    for (size_t i = 0; i < x.server.signature.size; i += 7) {
        x.server.signature.data[i] ^= 1;
        CHECK_INT(check(&x, &x.server.said), -EKEYREJECTED);
        x.server.signature.data[i] ^= 1;
    }
    CHECK_INT(check(&x, &x.server.said), 0);
    end(&x);
}

/* Somebody who has only seen the host's public key: it is shown, and signed with another one. */
static void a_copied_host_key_proves_nothing(void)
{
    struct exchange x;
    begin(&x);
    EVP_PKEY *own = x.server.host;
    x.server.host = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    struct buf again = BUF(MEM_TEST, 0);
    server_sign(&x.server, our_half(x.kex, &again));
    x.reply.signature = buf_slice(&x.server.signature);
    CHECK_INT(check(&x, &x.server.said), -EKEYREJECTED);
    buf_done(&again);
    EVP_PKEY_free(own);
    end(&x);
}

static void what_is_no_half_or_no_key_is_no_message(void)
{
    static const char zeroes[KEY_BYTES];
    struct exchange x;
    begin(&x);
    struct ssh_kexreply good = x.reply;
    x.reply.public_value = (struct slice){zeroes, KEY_BYTES}; /* a secret that everybody knows */
    CHECK_INT(check(&x, &x.server.said), -EBADMSG);
    x.reply.public_value = SLICE("short");
    CHECK_INT(check(&x, &x.server.said), -EBADMSG);
    x.reply = good;
    x.reply.host_key = SLICE("no key");
    CHECK_INT(check(&x, &x.server.said), -EBADMSG);
    x.reply = good;
    err_clear(&x.err);
    CHECK_INT(ssh_kex_check(x.kex, &x.server.said, SLICE("rsa-sha2-256"), &x.reply, &x.err),
              -EBADMSG); /* another type than was agreed on */
    end(&x);
}

static void every_way_that_we_offer_begins(void)
{
    struct slice rest = slice_from(ssh_kex_names);
    while (rest.data) {
        struct slice name = slice_cut(&rest, ',');
        struct ssh_kex *a, *b;
        struct buf one = BUF(MEM_TEST, 0), two = BUF(MEM_TEST, 0);
        CHECK_INT(ssh_kex_new(name, &a), 0);
        CHECK_INT(ssh_kex_new(name, &b), 0);
        CHECK_INT(ssh_kex_put(a, &one), 0);
        CHECK_INT(ssh_kex_put(b, &two), 0);
        CHECK(!slice_eq(buf_slice(&one), buf_slice(&two))); /* a secret of its own each time */
        ssh_kex_free(a);
        ssh_kex_free(b);
        buf_done(&one);
        buf_done(&two);
    }
    ssh_kex_free(NULL);
}

int main(void)
{
    TAP_RUN(who_holds_the_key_passes);
    TAP_RUN(a_signature_over_anything_else_is_refused);
    TAP_RUN(a_copied_host_key_proves_nothing);
    TAP_RUN(what_is_no_half_or_no_key_is_no_message);
    TAP_RUN(every_way_that_we_offer_begins);
    return tap_done();
}
