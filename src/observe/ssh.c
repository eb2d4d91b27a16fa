#include "wire/ssh.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "net/ssh_kex.h"
#include "observe/dialog.h"
#include "observe/story.h"
#include "wire/base64.h"

/* Identification, key exchange as far as the host key and the server's signature with it, and a
 * farewell. A server has a key of each type; where another one than the first is expected, the
 * others are asked for in turn, each over a connection of its own. */

enum { HASH_BYTES = 32, HEX_BYTES = 2 * HASH_BYTES, MESSAGES_MAX = 100 };

#define OUR_IDENT "SSH-2.0-firebreak"

/* ---- fingerprints ---- */

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 87 : -1;
}

static int parse_hex(struct slice text, uint8_t *ret)
{
    if (text.size != HEX_BYTES)
        return -EINVAL;
    for (size_t i = 0; i < HASH_BYTES; i++) {
        int high = hex_value(text.data[2 * i]), low = hex_value(text.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return -EINVAL;
        ret[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

static int parse_fingerprint(struct slice text, uint8_t *ret)
{
    if (!slice_starts_with(text, SLICE("SHA256:")))
        return parse_hex(text, ret);
    struct buf b = BUF(MEM_OBSERVE, 0);
    int r = base64_decode(slice_sub(text, 7, text.size), BASE64_STD, BASE64_EITHER, &b, NULL);
    if (r == 0 && b.size != HASH_BYTES)
        r = -EINVAL;
    if (r == 0)
        memcpy(ret, b.data, HASH_BYTES);
    buf_done(&b);
    return r;
}

int observe_host_key_check(struct slice text, struct err *err)
{
    uint8_t hash[HASH_BYTES];
    return parse_fingerprint(text, hash) == 0
               ? 0
               : err_set(err, -EINVAL,
                         "'%.*s' is no host key: write SHA256:… as ssh-keygen -l "
                         "prints it, or 64 hex digits",
                         (int)(text.size < 80 ? text.size : 80), text.data);
}

/* ---- one connection ---- */

struct talk {
    struct dialog d;
    struct slice host_keys;              /* algorithms that we still ask for */
    char *server_ident, *server_kexinit; /* in the result's arena */
    size_t kexinit_bytes;
    struct buf client_kexinit;
    struct slice algorithm, kex;  /* agreed on; literals of ours */
    struct slice their_host_keys; /* in server_kexinit */
    uint8_t hash[HASH_BYTES];
};

static int greet(struct talk *k)
{
    struct dialog *d = &k->d;
    struct slice ident;
    if (dialog_say_line(d, OUR_IDENT "\r\n") < 0)
        return -1;
    ptrdiff_t size = dialog_next(d, ssh_parse_ident, &ident);
    if (size < 0)
        return -1;
    k->server_ident = arena_strdup(&d->r->arena, ident);
    dialog_tell(d, ident);
    dialog_taken(d, size);
    return 0;
}

static int say_payload(struct dialog *d, struct slice payload)
{
    struct buf out = BUF(MEM_OBSERVE, 0);
    ssh_put_packet(&out, payload);
    return dialog_say_buf(d, &out);
}

/* The next message that belongs to the exchange. Returns its packet's size, or -1. */
static ptrdiff_t next_message(struct dialog *d, struct slice *ret)
{
    uint32_t code;
    struct slice words;
    for (int n = 0; n < MESSAGES_MAX; n++) {
        ptrdiff_t size = dialog_next(d, ssh_parse_packet, ret);
        if (size < 0)
            return -1;
        uint8_t number = (uint8_t)ret->data[0];
        if (number == SSH_DISCONNECT && ssh_parse_disconnect(*ret, &code, &words) == 0)
            return dialog_fail(d, REASON_CLOSED, "it hangs up", words);
        if (number != SSH_IGNORE && number != SSH_DEBUG && number != SSH_UNIMPLEMENTED)
            return size;
        dialog_taken(d, size);
    }
    return dialog_fail(d, REASON_TOO_LARGE, "a hundred messages, and no key exchange",
                       (struct slice){0});
}

/* What both lists of algorithms agree on. */
static int agree(struct talk *k, const struct ssh_kexinit *theirs)
{
    k->kex = ssh_choose(slice_from(ssh_kex_names), theirs->kex);
    k->algorithm = ssh_choose(k->host_keys, theirs->host_key);
    k->their_host_keys = theirs->host_key;
    if (k->kex.size == 0)
        return dialog_fail(&k->d, REASON_PROTOCOL, "no key exchange that is known here, only",
                           theirs->kex);
    if (k->algorithm.size == 0)
        return dialog_fail(&k->d, REASON_PROTOCOL, "no type of host key that is known here, only",
                           theirs->host_key);
    TELL(k->d.o, "agreed", "key exchange %.*s, host key %.*s", SLICE_ARG(k->kex),
         SLICE_ARG(k->algorithm));
    TELL(k->d.o, "", "it has host keys for %.*s", SLICE_ARG(theirs->host_key));
    return 0;
}

/* The server's first packet may be a guess, which is dropped where it is wrong. */
static int drop_guess(struct talk *k, const struct ssh_kexinit *theirs)
{
    struct slice kex = theirs->kex, key = theirs->host_key, message;
    bool right = slice_eq(slice_cut(&kex, ','), slice_sub(slice_from(ssh_kex_names), 0, 17)) &&
                 slice_eq(slice_cut(&key, ','), k->algorithm);
    if (!theirs->guess_follows || right)
        return 0;
    ptrdiff_t size = next_message(&k->d, &message);
    if (size < 0)
        return -1;
    dialog_taken(&k->d, size);
    return 0;
}

static int negotiate(struct talk *k)
{
    struct dialog *d = &k->d;
    uint8_t cookie[SSH_COOKIE_BYTES];
    struct slice message;
    struct ssh_kexinit theirs;
    struct err err = {0};
    observe_secret(cookie, sizeof(cookie));
    char *host_keys = arena_strdup(&d->r->arena, k->host_keys);
    ssh_put_kexinit(&k->client_kexinit, cookie, ssh_kex_names, host_keys);
    if (say_payload(d, buf_slice(&k->client_kexinit)) < 0)
        return -1;
    ptrdiff_t size = next_message(d, &message);
    if (size < 0)
        return -1;
    k->server_kexinit = arena_strdup(&d->r->arena, message);
    k->kexinit_bytes = message.size;
    if (ssh_parse_kexinit((struct slice){k->server_kexinit, message.size}, &theirs, &err) < 0)
        return dialog_strange(d, err.code, &err);
    dialog_taken(d, size);
    return agree(k, &theirs) < 0 ? -1 : drop_guess(k, &theirs);
}

static int check(struct talk *k, struct ssh_kex *kex, struct slice message)
{
    struct dialog *d = &k->d;
    struct ssh_kexreply reply;
    struct err err = {0};
    struct ssh_transcript said = {
        .client_ident = SLICE(OUR_IDENT),
        .server_ident = slice_from(k->server_ident),
        .client_kexinit = buf_slice(&k->client_kexinit),
        .server_kexinit = {k->server_kexinit, k->kexinit_bytes},
    };
    int code = ssh_parse_kexreply(message, &reply, &err);
    if (code == 0)
        code = ssh_kex_check(kex, &said, k->algorithm, &reply, &err);
    if (code == -EKEYREJECTED)
        return dialog_fail(d, REASON_HOST_KEY, err.text, (struct slice){0});
    if (code < 0)
        return dialog_fail(d, REASON_PROTOCOL, err.text, (struct slice){0});
    dialog_tell(d, SLICE("its host key, and a signature with it that is right"));
    EVP_Digest(reply.host_key.data, reply.host_key.size, k->hash, NULL, EVP_sha256(), NULL);
    return 0;
}

static int exchange(struct talk *k)
{
    struct dialog *d = &k->d;
    struct ssh_kex *kex;
    struct slice message;
    struct buf ours = BUF(MEM_OBSERVE, 0);
    int code = ssh_kex_new(k->kex, &kex);
    if (code < 0) {
        probe_result_fail_errno(d->r, "key exchange", code);
        return -1;
    }
    ssh_kex_put(kex, &ours);
    int r = say_payload(d, buf_slice(&ours));
    buf_done(&ours);
    ptrdiff_t size = r == 0 ? next_message(d, &message) : -1;
    r = size < 0 ? -1 : check(k, kex, message);
    ssh_kex_free(kex);
    return r;
}

/* So that the server's log says "disconnected" and not "reset". */
static void leave(struct dialog *d)
{
    struct buf bye = BUF(MEM_OBSERVE, 0), out = BUF(MEM_OBSERVE, 0);
    buf_append(&bye,
               "\x01\0\0\0\x0b\0\0\0\x04"
               "done"
               "\0\0\0\0",
               17);
    ssh_put_packet(&out, buf_slice(&bye));
    stream_write(&d->stream, out.data, out.size, d->deadline); /* whatever comes of it */
    buf_done(&bye);
    buf_done(&out);
}

static int talk(struct talk *k, struct observer *o, const struct probe_target *t,
                struct probe_result *r, rt_time deadline)
{
    int code = dialog_open_plain(&k->d, o, t, r, "ssh", deadline);
    k->client_kexinit = BUF(MEM_OBSERVE, 0);
    if (code == 0)
        code = greet(k);
    if (code == 0)
        code = negotiate(k);
    if (code == 0)
        code = exchange(k);
    if (code == 0)
        leave(&k->d);
    buf_done(&k->client_kexinit);
    dialog_close(&k->d);
    return code;
}

/* ---- the whole ---- */

/* "SHA256:…" as ssh-keygen prints it. */
static void show(const uint8_t *hash, char *text, size_t size)
{
    struct buf b = BUF(MEM_OBSERVE, 0);
    base64_encode((struct slice){(const char *)hash, HASH_BYTES}, BASE64_STD, BASE64_UNPADDED, &b);
    snprintf(text, size, "SHA256:%s", b.data);
    buf_done(&b);
}

/* The part of our list behind this key's algorithms: RSA has three names for one key. */
static struct slice others(struct slice list, struct slice algorithm)
{
    bool rsa = slice_find(algorithm, SLICE("rsa")) >= 0;
    while (list.data) {
        struct slice word = slice_cut(&list, ',');
        if (slice_eq(word, algorithm))
            break;
    }
    return rsa ? (struct slice){0} : list;
}

static void told(struct probe_result *r, const uint8_t *hash)
{
    char *text = arena_alloc(&r->arena, HEX_BYTES + 1);
    for (size_t i = 0; i < HASH_BYTES; i++) {
        text[2 * i] = "0123456789abcdef"[hash[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[hash[i] & 15];
    }
    r->host_key_sha256 = text;
}

static void tell_key(struct observer *o, const uint8_t *hash, struct slice expected)
{
    char text[64];
    show(hash, text, sizeof(text));
    TELL(o, "host key", "%s", text);
    if (expected.size)
        TELL(o, "", "wanted is %.*s", SLICE_ARG(expected));
    else
        TELL(o, "", "any will do: --host-key or ?host_key= says which is right");
}

static void mismatch(struct probe_result *r, const uint8_t *found, const uint8_t *wanted)
{
    char one[64], two[64];
    show(found, one, sizeof(one));
    show(wanted, two, sizeof(two));
    probe_result_fail(r, REASON_HOST_KEY, "its host key is %s, not %s", one, two);
}

void probe_ssh(struct observer *o, const struct probe_target *t, struct probe_result *r,
               rt_time deadline)
{
    struct slice expected =
        t->extra && t->extra->host_key.size ? t->extra->host_key : o->spec->host_key;
    uint8_t wanted[HASH_BYTES], first[HASH_BYTES];
    struct talk *k = arena_new(&r->arena, struct talk);
    k->host_keys = slice_from(ssh_host_key_names);
    if (talk(k, o, t, r, deadline) < 0)
        return;
    told(r, k->hash);
    if (o->story)
        tell_key(o, k->hash, expected);
    if (expected.size == 0 || parse_fingerprint(expected, wanted) < 0)
        return;
    memcpy(first, k->hash, sizeof(first));
    while (memcmp(k->hash, wanted, HASH_BYTES) != 0) {
        k->host_keys = others(k->host_keys, k->algorithm);
        if (ssh_choose(k->host_keys, k->their_host_keys).size == 0) {
            mismatch(r, first, wanted);
            return;
        }
        if (talk(k, o, t, r, deadline) < 0)
            return;
    }
    told(r, k->hash);
}
