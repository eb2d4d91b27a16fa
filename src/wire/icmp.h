/* icmp.h - echo requests and what comes back, of ICMP and ICMPv6.
 *
 * Pure; any thread. */
#ifndef FIREBREAK_WIRE_ICMP_H
#define FIREBREAK_WIRE_ICMP_H

#include "base/buf.h"

enum {
    ICMP_ECHO_BYTES = 24,        /* of our requests: eight of a head, sixteen of a payload */
    ICMP_PACKET_BYTES_MAX = 600, /* what is looked at: more than a router sends back */
};

enum icmp_kind {
    ICMP_OTHER,
    ICMP_REPLY,
    ICMP_UNREACHABLE, /* of a request: host, network, or not allowed */
    ICMP_EXPIRED,     /* a request went round until its time to live was over */
};

struct icmp_message {
    enum icmp_kind kind;
    uint16_t id, sequence; /* of the request that it answers, or is about */
    uint64_t cookie;       /* a reply's; 0: it is not whole */
    uint8_t code;
    uint8_t about[16]; /* whom the request was for (unreachable, expired): 4 or 16 bytes */
};

/* `packet` has ICMP_ECHO_BYTES. The checksum of ICMPv6 is the kernel's to fill in. */
void icmp_echo(bool v6, uint16_t id, uint16_t sequence, uint64_t cookie, uint8_t *packet);
/* A packet as a raw socket (IPv4: with its IP head) or a ping socket hands it out. Returns 0, or
 * -EBADMSG: cut, or a wrong checksum. */
int icmp_parse(struct slice packet, bool v6, bool has_ip_head, struct icmp_message *ret);
/* "Host unreachable", …: what routers mean by a code. */
const char *icmp_unreachable_words(bool v6, uint8_t code);

#endif
