#include "wire/ntp.h"

#include <errno.h>

#include "wire/octets.h"

enum { MODE_CLIENT = 3, MODE_SERVER = 4, VERSION = 4 };

#define EPOCH_S  INT64_C(2208988800) /* from 1900 to 1970 */
#define NS_PER_S INT64_C(1000000000)

void ntp_question(uint64_t cookie, uint8_t *packet)
{
    memset(packet, 0, NTP_BYTES);
    packet[0] = VERSION << 3 | MODE_CLIENT;
    for (int i = 0; i < 8; i++)
        packet[40 + i] = (uint8_t)(cookie >> (56 - 8 * i));
}

static int64_t take_time(struct octets *o, int64_t near_ns)
{
    uint32_t seconds = octets_u32(o), fraction = octets_u32(o);
    int64_t near_s = near_ns / NS_PER_S;
    /* The distance to our own time in 32 bits, with its sign: right within 68 years. */
    int32_t apart = (int32_t)(seconds - (uint32_t)(near_s + EPOCH_S));
    return (near_s + apart) * NS_PER_S + (int64_t)(((uint64_t)fraction * NS_PER_S) >> 32);
}

int ntp_parse(struct slice packet, int64_t near_ns, struct ntp_answer *ret, struct err *err)
{
    struct octets o = octets_of(packet);
    if (packet.size < NTP_BYTES)
        return err_set(err, -EBADMSG, "an answer of %zu bytes is shorter than %d", packet.size,
                       NTP_BYTES);
    uint8_t first = octets_u8(&o);
    struct ntp_answer a = {.leap = first >> 6, .version = first >> 3 & 7};
    if ((first & 7) != MODE_SERVER)
        return err_set(err, -EBADMSG, "mode %u is not a server's", first & 7u);
    if (a.version < 1 || a.version > VERSION)
        return err_set(err, -EBADMSG, "version %u is not known", a.version);
    a.stratum = octets_u8(&o);
    octets_take(&o, 10); /* poll, precision, root delay and dispersion */
    struct slice reference = octets_take(&o, 4);
    for (size_t i = 0; i < reference.size && a.stratum <= 1; i++) {
        char c = reference.data[i];
        a.reference[i] = c > 0x20 && c < 0x7F ? c : 0;
    }
    octets_take(&o, 8); /* when its clock was last set */
    a.origin = octets_uint(&o, 8);
    a.received_ns = take_time(&o, near_ns);
    a.sent_ns = take_time(&o, near_ns);
    *ret = a;
    return 0;
}

int64_t ntp_offset_ns(const struct ntp_answer *a, int64_t sent_ns, int64_t received_ns)
{
    return ((a->received_ns - sent_ns) + (a->sent_ns - received_ns)) / 2;
}

int64_t ntp_rtt_ns(const struct ntp_answer *a, int64_t sent_ns, int64_t received_ns)
{
    int64_t there = a->sent_ns - a->received_ns, whole = received_ns - sent_ns;
    return there > 0 && there < whole ? whole - there : whole;
}
