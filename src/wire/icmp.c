#include "wire/icmp.h"

#include <errno.h>

#include "base/defs.h"
#include "wire/octets.h"

enum {
    V4_REPLY = 0,
    V4_UNREACHABLE = 3,
    V4_ECHO = 8,
    V4_EXPIRED = 11,
    V6_UNREACHABLE = 1,
    V6_EXPIRED = 3,
    V6_ECHO = 128,
    V6_REPLY = 129,
    PROTOCOL_ICMP = 1,
    PROTOCOL_ICMP6 = 58,
    V6_HEAD_BYTES = 40,
};

/* RFC 1071. */
static uint16_t checksum(struct slice s)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < s.size; i++)
        sum += (uint32_t)(uint8_t)s.data[i] << (i % 2 ? 0 : 8);
    while (sum >> 16)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return (uint16_t)~sum;
}

static void put(uint8_t *at, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
}

void icmp_echo(bool v6, uint16_t id, uint16_t sequence, uint64_t cookie, uint8_t *packet)
{
    memset(packet, 0, ICMP_ECHO_BYTES);
    packet[0] = v6 ? V6_ECHO : V4_ECHO;
    put(packet + 4, id, 2);
    put(packet + 6, sequence, 2);
    put(packet + 8, cookie, 8);
    memcpy(packet + 16, "firebrk", 8);
    if (!v6)
        put(packet + 2, checksum((struct slice){(char *)packet, ICMP_ECHO_BYTES}), 2);
}

/* Takes an IPv4 head; *ret_to is the destination. Returns its protocol, or -1. */
static int take_head4(struct octets *o, struct slice *ret_to)
{
    uint8_t first = octets_u8(o);
    size_t size = (first & 15u) * 4u;
    octets_take(o, 8);
    int protocol = octets_u8(o);
    octets_take(o, 6);
    *ret_to = octets_take(o, 4);
    if (first >> 4 != 4 || size < 20)
        return -1;
    octets_take(o, size - 20);
    return o->broken ? -1 : protocol;
}

static int take_head6(struct octets *o, struct slice *ret_to)
{
    uint8_t first = octets_u8(o);
    octets_take(o, 5);
    int next = octets_u8(o);
    octets_take(o, 17);
    *ret_to = octets_take(o, 16);
    return o->broken || first >> 4 != 6 ? -1 : next; /* we send no extension heads */
}

/* What a router sends back of our request: its IP head, and at least eight bytes behind that. */
static int take_quoted(struct octets *o, bool v6, struct icmp_message *m)
{
    struct slice to;
    int protocol = v6 ? take_head6(o, &to) : take_head4(o, &to);
    uint8_t type = octets_u8(o);
    octets_take(o, 3);
    m->id = octets_u16(o);
    m->sequence = octets_u16(o);
    if (o->broken)
        return -EBADMSG;
    bool is_ours = v6 ? protocol == PROTOCOL_ICMP6 && type == V6_ECHO
                      : protocol == PROTOCOL_ICMP && type == V4_ECHO;
    if (!is_ours)
        m->kind = ICMP_OTHER;
    memcpy(m->about, to.data, to.size);
    return 0;
}

static enum icmp_kind kind_of(bool v6, uint8_t type)
{
    if (type == (v6 ? V6_REPLY : V4_REPLY))
        return ICMP_REPLY;
    if (type == (v6 ? V6_UNREACHABLE : V4_UNREACHABLE))
        return ICMP_UNREACHABLE;
    return type == (v6 ? V6_EXPIRED : V4_EXPIRED) ? ICMP_EXPIRED : ICMP_OTHER;
}

int icmp_parse(struct slice packet, bool v6, bool has_ip_head, struct icmp_message *ret)
{
    struct octets o = octets_of(packet);
    struct slice to;
    if (has_ip_head && !v6 && take_head4(&o, &to) != PROTOCOL_ICMP)
        return -EBADMSG;
    struct slice whole = {(const char *)o.at, octets_left(&o)};
    uint8_t type = octets_u8(&o);
    struct icmp_message m = {.kind = kind_of(v6, type), .code = octets_u8(&o)};
    octets_take(&o, 2);
    if (o.broken || (!v6 && checksum(whole) != 0))
        return -EBADMSG;
    if (m.kind == ICMP_REPLY) {
        m.id = octets_u16(&o);
        m.sequence = octets_u16(&o);
        if (o.broken)
            return -EBADMSG;
        m.cookie = octets_left(&o) >= 8 ? octets_uint(&o, 8) : 0;
    } else if (m.kind != ICMP_OTHER) {
        octets_take(&o, 4);
        if (take_quoted(&o, v6, &m) < 0)
            return -EBADMSG;
    }
    *ret = m;
    return 0;
}

const char *icmp_unreachable_words(bool v6, uint8_t code)
{
    static const char *const words4[] = {
        "Network unreachable",
        "Host unreachable",
        "Protocol unreachable",
        "Port unreachable",
        "Fragmentation needed",
        "Source route failed",
        "Network unknown",
        "Host unknown",
        "Source host isolated",
        "Network administratively prohibited",
        "Host administratively prohibited",
        "Network unreachable for this service",
        "Host unreachable for this service",
        "Administratively prohibited",
    };
    static const char *const words6[] = {
        "No route to host",
        "Administratively prohibited",
        "Beyond the scope of our address",
        "Host unreachable",
        "Port unreachable",
        "Our address is not allowed",
        "Route rejected",
    };
    if (v6)
        return code < ARRAY_LEN(words6) ? words6[code] : "Unreachable";
    return code < ARRAY_LEN(words4) ? words4[code] : "Unreachable";
}
