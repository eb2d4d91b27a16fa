#include "wire/greeting.h"

#include <errno.h>

#include "wire/octets.h"

ptrdiff_t greeting_parse_line(struct slice in, struct slice *ret_line, struct err *err)
{
    ptrdiff_t end = slice_find_byte(slice_sub(in, 0, GREETING_LINE_BYTES_MAX), '\n');
    if (end < 0 && in.size >= GREETING_LINE_BYTES_MAX)
        return err_set(err, -EMSGSIZE, "a line is longer than %d bytes", GREETING_LINE_BYTES_MAX);
    if (end < 0)
        return 0;
    struct slice line = slice_sub(in, 0, (size_t)end);
    if (line.size && line.data[line.size - 1] == '\r')
        line.size--;
    *ret_line = line;
    return end + 1;
}

/* ---- SMTP ---- */

/* "250-SIZE 100" or "250 ok": code, and whether more lines follow. */
static int take_code(struct slice line, bool *ret_more)
{
    uint64_t code;
    if (line.size < 3 || slice_to_u64(slice_sub(line, 0, 3), 999, &code) < 0 || code < 200)
        return -EBADMSG;
    if (line.size > 3 && line.data[3] != ' ' && line.data[3] != '-')
        return -EBADMSG;
    *ret_more = line.size > 3 && line.data[3] == '-';
    return (int)code;
}

ptrdiff_t smtp_parse(struct slice in, struct smtp_reply *ret, struct err *err)
{
    size_t at = 0;
    int code = 0;
    for (int i = 0; i < GREETING_LINES_MAX; i++) {
        struct slice line;
        bool more;
        ptrdiff_t n = greeting_parse_line(slice_sub(in, at, in.size), &line, err);
        if (n <= 0)
            return n;
        int this = take_code(line, &more);
        if (this < 0)
            return err_set(err, -EBADMSG, "a line begins without a reply code");
        if (code && this != code)
            return err_set(err, -EBADMSG, "a reply changes its code from %d to %d", code, this);
        code = this;
        at += (size_t)n;
        if (more)
            continue;
        *ret = (struct smtp_reply){code, slice_sub(in, 0, at), slice_sub(line, 4, line.size)};
        return (ptrdiff_t)at;
    }
    return err_set(err, -EMSGSIZE, "a reply of more than %d lines", GREETING_LINES_MAX);
}

bool smtp_offers(const struct smtp_reply *r, const char *extension)
{
    struct slice rest = r->text, line;
    ptrdiff_t n;
    while ((n = greeting_parse_line(rest, &line, NULL)) > 0) {
        struct slice words = slice_sub(line, 4, line.size);
        if (slice_eq_nocase(slice_cut(&words, ' '), slice_from(extension)))
            return true;
        rest = slice_sub(rest, (size_t)n, rest.size);
    }
    return false;
}

/* ---- MySQL ---- */

enum { CLIENT_SSL = 0x800, FAULT = 0xFF, PROTOCOL = 10 };

static uint32_t little(struct octets *o, size_t bytes)
{
    uint32_t v = 0;
    for (size_t i = 0; i < bytes; i++)
        v |= (uint32_t)octets_u8(o) << (8 * i);
    return v;
}

static void take_fault(struct octets *o, struct mysql_greeting *g)
{
    enum { STATE_BYTES = 6 }; /* "#HY000", which servers leave out this early */
    g->fault = (uint16_t)little(o, 2);
    g->words = octets_take(o, octets_left(o));
    if (g->words.size >= STATE_BYTES && g->words.data[0] == '#')
        g->words = slice_sub(g->words, STATE_BYTES, g->words.size);
}

/* Protocol 10, up to the flags that say whether it can do TLS. */
static void take_hello(struct octets *o, struct mysql_greeting *g)
{
    g->version = octets_cstr(o);
    octets_take(o, 4 + 8 + 1); /* thread, half of a challenge, a zero */
    g->has_tls = little(o, 2) & CLIENT_SSL;
}

ptrdiff_t mysql_parse(struct slice in, struct mysql_greeting *ret, struct err *err)
{
    struct octets o = octets_of(in);
    uint32_t size = little(&o, 3);
    uint8_t number = octets_u8(&o);
    if (o.broken)
        return 0;
    if (number != 0 || size < 3)
        return err_set(err, -EBADMSG, "its first packet is no greeting");
    if (size > MYSQL_PACKET_BYTES_MAX)
        return err_set(err, -EMSGSIZE, "a greeting of %u bytes, more than %d", size,
                       MYSQL_PACKET_BYTES_MAX);
    if (octets_left(&o) < size)
        return 0;
    struct octets body = octets_of(octets_take(&o, size));
    struct mysql_greeting g = {0};
    uint8_t first = octets_u8(&body);
    if (first == FAULT)
        take_fault(&body, &g);
    else if (first == PROTOCOL)
        take_hello(&body, &g);
    else
        return err_set(err, -EBADMSG, "its protocol version is %u, not %d", first, PROTOCOL);
    if (body.broken)
        return err_set(err, -EBADMSG, "its greeting is cut short");
    *ret = g;
    return (ptrdiff_t)size + 4;
}

int mysql_ssl_request(struct buf *out)
{
    /* Protocol 4.1, secure connection, TLS; 16 MiB a packet; utf8mb4. */
    static const char packet[] = "\x20\0\0\x01"
                                 "\x00\x8a\0\0"
                                 "\0\0\0\x01"
                                 "\x2d";
    char whole[36] = {0};
    memcpy(whole, packet, sizeof(packet) - 1);
    return buf_append(out, whole, sizeof(whole));
}
