/* ntp.h - NTP's client packets (RFC 5905): a question, its answer, and what that says of the clock.
 *
 * A time is nanoseconds since 1970. On the wire it is seconds since 1900 in 32 bits, which begin
 * anew in 2036: the answer is taken as the instant nearest to our own time. Pure; any thread. */
#ifndef FIREBREAK_WIRE_NTP_H
#define FIREBREAK_WIRE_NTP_H

#include "base/buf.h"
#include "base/err.h"

enum {
    NTP_BYTES = 48,
    NTP_STRATUM_MAX = 15, /* 16: not synchronized */
    NTP_LEAP_UNKNOWN = 3, /* the server's clock was never set */
};

struct ntp_answer {
    uint8_t leap, version, stratum;
    char reference[5];   /* stratum 0 and 1: four letters, as in "GPS" or "RATE"; else "" */
    uint64_t origin;     /* what the question carried */
    int64_t received_ns; /* by the server's clock */
    int64_t sent_ns;
};

/* `packet` has NTP_BYTES. It carries `cookie` where servers expect our time: they only send it
 * back, and who cannot guess it cannot answer for them. */
void ntp_question(uint64_t cookie, uint8_t *packet);
/* `near_ns`: our own time. Returns 0, or -EBADMSG with *err. */
int ntp_parse(struct slice packet, int64_t near_ns, struct ntp_answer *ret, struct err *err);
/* How far the server's clock is ahead of ours, which read `sent` and `received` around it. */
int64_t ntp_offset_ns(const struct ntp_answer *a, int64_t sent_ns, int64_t received_ns);
/* The time on the wire, without the server's own. */
int64_t ntp_rtt_ns(const struct ntp_answer *a, int64_t sent_ns, int64_t received_ns);

#endif
