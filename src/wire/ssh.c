#include "wire/ssh.h"

#include <errno.h>

#include "wire/octets.h"

/* ---- identification ---- */

static int check_ident(struct slice ident, struct err *err)
{
    if (ident.size > SSH_IDENT_BYTES_MAX)
        return err_set(err, -EMSGSIZE, "its identification is longer than %d bytes",
                       SSH_IDENT_BYTES_MAX);
    if (slice_starts_with(ident, SLICE("SSH-2.0-")) || slice_starts_with(ident, SLICE("SSH-1.99-")))
        return 0;
    return err_set(err, -EPROTONOSUPPORT, "it speaks another version: %.*s",
                   (int)(ident.size < 40 ? ident.size : 40), ident.data);
}

ptrdiff_t ssh_parse_ident(struct slice in, struct slice *ret_ident, struct err *err)
{
    size_t at = 0;
    for (int lines = 0; lines < SSH_LINES_MAX; lines++) {
        struct slice rest = slice_sub(in, at, in.size);
        ptrdiff_t end = slice_find_byte(rest, '\n');
        if (end < 0 && in.size <= SSH_LINES_BYTES_MAX)
            return 0;
        if (end < 0)
            break;
        struct slice line = slice_sub(rest, 0, (size_t)end);
        at += (size_t)end + 1;
        if (line.size && line.data[line.size - 1] == '\r')
            line.size--;
        if (!slice_starts_with(line, SLICE("SSH-")))
            continue;
        int r = check_ident(line, err);
        if (r < 0)
            return r;
        *ret_ident = line;
        return (ptrdiff_t)at;
    }
    return err_set(err, -EBADMSG, "no identification in %d lines or %d bytes", SSH_LINES_MAX,
                   SSH_LINES_BYTES_MAX);
}

/* ---- packets ---- */

ptrdiff_t ssh_parse_packet(struct slice in, struct slice *ret_payload, struct err *err)
{
    enum { PADDING_BYTES_MIN = 4, BLOCK_BYTES = 8 };
    struct octets o = octets_of(in);
    uint32_t size = octets_u32(&o);
    uint8_t padding = octets_u8(&o);
    if (o.broken)
        return 0;
    if (size > SSH_PACKET_BYTES_MAX)
        return err_set(err, -EMSGSIZE, "a packet of %u bytes, more than %d", size,
                       SSH_PACKET_BYTES_MAX);
    if (padding < PADDING_BYTES_MIN || size < padding + 2u || (size + 4) % BLOCK_BYTES)
        return err_set(err, -EBADMSG, "a packet of %u bytes with %u of padding", size, padding);
    if (octets_left(&o) < size - 1)
        return 0;
    *ret_payload = octets_take(&o, size - 1u - padding);
    return (ptrdiff_t)size + 4;
}

int ssh_put_packet(struct buf *out, struct slice payload)
{
    enum { HEAD_BYTES = 5, PADDING_BYTES_MIN = 4, BLOCK_BYTES = 8, PADDING_BYTES_MAX = 12 };
    static const char zeroes[PADDING_BYTES_MAX];
    char *room;
    size_t padding = BLOCK_BYTES - (HEAD_BYTES + payload.size) % BLOCK_BYTES;
    if (padding < PADDING_BYTES_MIN)
        padding += BLOCK_BYTES;
    if (buf_reserve(out, HEAD_BYTES + payload.size + padding, &room) < 0)
        return -EMSGSIZE;
    octets_put(out, 1 + payload.size + padding, 4);
    octets_put(out, padding, 1);
    buf_append_slice(out, payload);
    return buf_append(out, zeroes, padding);
}

/* ---- messages ---- */

static struct slice take_string(struct octets *o)
{
    return octets_take(o, octets_u32(o));
}

int ssh_put_string(struct buf *out, struct slice s)
{
    int r = octets_put(out, s.size, 4);
    return r == 0 ? buf_append_slice(out, s) : r;
}

int ssh_put_mpint(struct buf *out, struct slice m)
{
    while (m.size && m.data[0] == 0)
        m = slice_sub(m, 1, m.size);
    bool sign = m.size && (m.data[0] & 0x80); /* it would read as negative */
    int r = octets_put(out, m.size + sign, 4);
    if (r == 0 && sign)
        r = buf_append_byte(out, 0);
    return r == 0 ? buf_append_slice(out, m) : r;
}

static int is_message(struct octets *o, uint8_t number, const char *name, struct err *err)
{
    uint8_t found = octets_u8(o);
    return found == number ? 0
                           : err_set(err, -EBADMSG, "message %u where a %s belongs", found, name);
}

int ssh_parse_kexinit(struct slice payload, struct ssh_kexinit *ret, struct err *err)
{
    enum { OTHER_LISTS = 8 }; /* ciphers, checksums, compression, languages; each for both ways */
    struct octets o = octets_of(payload);
    int r = is_message(&o, SSH_KEXINIT, "KEXINIT", err);
    if (r < 0)
        return r;
    octets_take(&o, SSH_COOKIE_BYTES);
    struct ssh_kexinit k = {.kex = take_string(&o), .host_key = take_string(&o)};
    for (int i = 0; i < OTHER_LISTS; i++)
        take_string(&o);
    k.guess_follows = octets_u8(&o) != 0;
    octets_u32(&o);
    if (o.broken)
        return err_set(err, -EBADMSG, "its KEXINIT is cut short");
    *ret = k;
    return 0;
}

int ssh_put_kexinit(struct buf *out, const uint8_t cookie[SSH_COOKIE_BYTES], const char *kex,
                    const char *host_key)
{
    /* We leave before any of these is used, but a server picks from them and hangs up where it
     * finds none. */
    static const char *const rest[] = {
        "aes128-ctr,aes256-ctr,aes128-gcm@openssh.com,chacha20-poly1305@openssh.com,aes128-cbc",
        "hmac-sha2-256,hmac-sha2-512,hmac-sha1,hmac-sha2-256-etm@openssh.com", "none,zlib", ""};
    int r = buf_append_byte(out, SSH_KEXINIT);
    if (r == 0)
        r = buf_append(out, cookie, SSH_COOKIE_BYTES);
    if (r == 0)
        r = ssh_put_string(out, slice_from(kex));
    if (r == 0)
        r = ssh_put_string(out, slice_from(host_key));
    for (int i = 0; i < 8 && r == 0; i++)
        r = ssh_put_string(out, slice_from(rest[i / 2]));
    return r == 0 ? octets_put(out, 0, 5) : r; /* no guess, nothing reserved */
}

struct slice ssh_choose(struct slice ours, struct slice theirs)
{
    while (ours.data) {
        struct slice word = slice_cut(&ours, ','), rest = theirs;
        while (rest.data && word.size)
            if (slice_eq(slice_cut(&rest, ','), word))
                return word;
    }
    return (struct slice){0};
}

int ssh_parse_kexreply(struct slice payload, struct ssh_kexreply *ret, struct err *err)
{
    struct octets o = octets_of(payload);
    int r = is_message(&o, SSH_KEX_REPLY, "KEX_REPLY", err);
    if (r < 0)
        return r;
    struct ssh_kexreply k = {.host_key = take_string(&o), .public_value = take_string(&o)};
    k.signature = take_string(&o);
    if (o.broken || k.host_key.size == 0)
        return err_set(err, -EBADMSG, "its KEX_REPLY is cut short");
    *ret = k;
    return 0;
}

int ssh_parse_disconnect(struct slice payload, uint32_t *ret_code, struct slice *ret_words)
{
    struct octets o = octets_of(payload);
    uint8_t number = octets_u8(&o);
    uint32_t code = octets_u32(&o);
    struct slice words = take_string(&o);
    if (o.broken || number != SSH_DISCONNECT)
        return -EBADMSG;
    *ret_code = code;
    *ret_words = words;
    return 0;
}
