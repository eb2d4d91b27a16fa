#include "net/dns_record.h"

#include <ares.h>
#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum { HEADER_BYTES = 12, FIXED_BYTES = 10, ANSWERS_MAX = 256, TEXT_MAX = 64 * 1024 };

struct message {
    const unsigned char *data, *at, *end;
    int size;
    bool broken;
};

static unsigned take16(struct message *m)
{
    if (m->end - m->at < 2) {
        m->broken = true;
        return 0;
    }
    m->at += 2;
    return (unsigned)m->at[-2] << 8 | m->at[-1];
}

static uint32_t take32(struct message *m)
{
    uint32_t high = take16(m);
    return high << 16 | take16(m);
}

/* A name, decompressed, without its final dot; "." for the root. */
static void take_name(struct message *m, struct buf *out)
{
    char *name;
    long used;
    if (m->broken || m->at >= m->end ||
        ares_expand_name(m->at, m->data, m->size, &name, &used) != ARES_SUCCESS) {
        m->broken = true;
        return;
    }
    m->at += used;
    if (m->at > m->end)
        m->broken = true;
    if (out)
        buf_append_cstr(out, name[0] ? name : ".");
    ares_free_string(name);
}

/* Bytes that are no text are written as zone files have it: \DDD. */
static void put_bytes(struct buf *out, const unsigned char *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (data[i] < 0x20 || data[i] == 0x7F)
            buf_printf(out, "\\%03u", data[i]);
        else
            buf_append_byte(out, (char)data[i]);
}

static void put_text(struct message *m, struct buf *out, const unsigned char *end)
{
    bool first = true;
    while (m->at < end && !m->broken) {
        size_t size = *m->at++;
        if ((size_t)(end - m->at) < size) {
            m->broken = true;
            return;
        }
        if (!first)
            buf_append_byte(out, ' ');
        put_bytes(out, m->at, size);
        m->at += size;
        first = false;
    }
}

static void put_address(struct message *m, struct buf *out, int family, size_t size)
{
    char text[INET6_ADDRSTRLEN];
    if ((size_t)(m->end - m->at) < size) {
        m->broken = true;
        return;
    }
    ares_inet_ntop(family, m->at, text, sizeof(text));
    m->at += size;
    buf_append_cstr(out, text);
}

static void put_soa(struct message *m, struct buf *out)
{
    take_name(m, out);
    buf_append_byte(out, ' ');
    take_name(m, out);
    for (int i = 0; i < 5; i++)
        buf_printf(out, " %u", take32(m));
}

static void put_srv(struct message *m, struct buf *out)
{
    for (int i = 0; i < 3; i++)
        buf_printf(out, "%u ", take16(m));
    take_name(m, out);
}

static void put_caa(struct message *m, struct buf *out, const unsigned char *end)
{
    if (end - m->at < 2 || end - m->at - 2 < m->at[1]) {
        m->broken = true;
        return;
    }
    size_t tag = m->at[1];
    buf_printf(out, "%u ", m->at[0]);
    put_bytes(out, m->at + 2, tag);
    buf_append_cstr(out, " \"");
    put_bytes(out, m->at + 2 + tag, (size_t)(end - m->at) - 2 - tag);
    buf_append_byte(out, '"');
}

static void put_data(struct message *m, unsigned type, const unsigned char *end, struct buf *out)
{
    switch (type) {
    case DNS_TYPE_A:
        put_address(m, out, AF_INET, 4);
        return;
    case DNS_TYPE_AAAA:
        put_address(m, out, AF_INET6, 16);
        return;
    case DNS_TYPE_MX:
        buf_printf(out, "%u ", take16(m));
        take_name(m, out);
        return;
    case DNS_TYPE_TXT:
        put_text(m, out, end);
        return;
    case DNS_TYPE_SOA:
        put_soa(m, out);
        return;
    case DNS_TYPE_SRV:
        put_srv(m, out);
        return;
    case DNS_TYPE_CAA:
        put_caa(m, out, end);
        return;
    default: /* NS, CNAME, PTR */
        take_name(m, out);
        return;
    }
}

/* One record; its text into *out when it is of the wanted type. */
static bool take_record(struct message *m, uint16_t wanted, struct buf *out)
{
    take_name(m, NULL);
    if (m->broken || m->end - m->at < FIXED_BYTES) {
        m->broken = true;
        return false;
    }
    unsigned type = take16(m);
    m->at += 6; /* class and TTL */
    unsigned size = take16(m);
    if (size > m->end - m->at) {
        m->broken = true;
        return false;
    }
    const unsigned char *end = m->at + size;
    if (type == wanted)
        put_data(m, type, end, out);
    if (m->at > end)
        m->broken = true; /* it took more than its record holds */
    m->at = end;
    return type == wanted && !m->broken;
}

enum { QR = 0x80, TRUNCATED = 0x02, AUTHENTIC = 0x20, RCODE = 0x0F };

int dns_reply_code(const unsigned char *reply, int size)
{
    enum { NO_SUCH_NAME = 3, REFUSED = 5 };
    if (!reply || size < HEADER_BYTES || !(reply[2] & QR) || (reply[2] & TRUNCATED))
        return -EBADMSG;
    switch (reply[3] & RCODE) {
    case 0:
        return 0;
    case NO_SUCH_NAME:
        return -ENOENT;
    case REFUSED:
        return -EACCES;
    default:
        return -EREMOTEIO;
    }
}

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

bool dns_reply_answers(const unsigned char *reply, int size, const unsigned char *question,
                       int question_size)
{
    if (size < question_size || memcmp(reply, question, 2) != 0 || reply[4] != 0 || reply[5] != 1)
        return false;
    for (int i = HEADER_BYTES; i < question_size; i++)
        if (lower(reply[i]) != lower(question[i]))
            return false;
    return true;
}

int dns_question(const char *name, uint16_t type, unsigned char **ret, size_t *ret_size)
{
    enum { CLASS_IN = 1 };
    unsigned char id[2];
    int size;
    if (RAND_bytes(id, sizeof(id)) != 1)
        abort();
    int status = ares_create_query(name, CLASS_IN, type, (unsigned short)(id[0] << 8 | id[1]), 1,
                                   ret, &size, 0);
    if (status != ARES_SUCCESS)
        return status == ARES_ENOMEM ? -ENOMEM : -ENOENT;
    (*ret)[3] |= AUTHENTIC;
    *ret_size = (size_t)size;
    return 0;
}

int dns_record_parse(const unsigned char *reply, int size, uint16_t type, struct arena *arena,
                     struct dns_answers *ret_answers)
{
    if (!reply || size < HEADER_BYTES)
        return -EBADMSG;
    struct message m = {.data = reply, .at = reply + 4, .end = reply + size, .size = size};
    unsigned questions = take16(&m), records = take16(&m);
    m.at = reply + HEADER_BYTES;
    for (unsigned i = 0; i < questions && !m.broken; i++) {
        take_name(&m, NULL);
        take32(&m);
    }
    struct dns_answers a = {.authentic = (reply[3] & AUTHENTIC) != 0};
    a.text = arena_alloc_array(arena, ANSWERS_MAX, sizeof(char *));
    bool full = !a.text;
    for (unsigned i = 0; i < records && !m.broken && !full && a.count < ANSWERS_MAX; i++) {
        struct buf text = BUF(MEM_NET, TEXT_MAX);
        if (take_record(&m, type, &text)) {
            a.text[a.count] = arena_strdup(arena, buf_slice(&text));
            full = !a.text[a.count++];
        }
        buf_done(&text);
    }
    if (m.broken)
        return -EBADMSG;
    if (full)
        return -ENOSPC;
    if (a.count == 0)
        return -ENODATA;
    *ret_answers = a;
    return 0;
}
