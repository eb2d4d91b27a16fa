#include "wire/ntp.h"

#include <errno.h>

#include "tests/tap.h"

#define S INT64_C(1000000000)
#define UNIX_2036 INT64_C(2085978496) /* the second at which the wire's count begins anew */

static struct ntp_answer a;
static struct err why;
static uint8_t packet[NTP_BYTES];

static void put(int at, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        packet[at + i] = (uint8_t)(v >> (56 - 8 * i));
}

/* Seconds since 1970 and a fraction of 2^32, as they are on the wire. */
static uint64_t wire(int64_t seconds, uint32_t fraction)
{
    return (uint64_t)(uint32_t)(seconds + INT64_C(2208988800)) << 32 | fraction;
}

static int parse(uint8_t first, uint8_t stratum, int64_t near_ns)
{
    packet[0] = first;
    packet[1] = stratum;
    return ntp_parse((struct slice){(char *)packet, NTP_BYTES}, near_ns, &a, &why);
}

static void a_question_carries_our_cookie_where_the_time_would_be(void)
{
    ntp_question(UINT64_C(0x0102030405060708), packet);
    CHECK_INT(packet[0], 4 << 3 | 3);
    CHECK_INT(packet[40], 1);
    CHECK_INT(packet[47], 8);
    for (int i = 1; i < 40; i++)
        CHECK_INT(packet[i], 0);
}

static void an_answer_gives_offset_and_round_trip(void)
{
    memset(packet, 0, sizeof(packet));
    memcpy(packet + 12, "GPS", 3);
    put(24, 99);
    put(32, wire(1000, 0));          /* received at 1000.0 by its clock */
    put(40, wire(1000, 1u << 31));   /* sent at 1000.5 */
    CHECK_INT(parse(4 << 3 | 4, 1, 990 * S), 0);
    CHECK_INT(a.origin, 99);
    CHECK_STR(a.reference, "GPS");
    CHECK_INT(a.received_ns, 1000 * S);
    CHECK_INT(a.sent_ns, 1000 * S + S / 2);
    /* We sent at 990.0 and heard at 991.5: one second on the wire, and it is 9.5 s ahead. */
    CHECK_INT(ntp_rtt_ns(&a, 990 * S, 991 * S + S / 2), S);
    CHECK_INT(ntp_offset_ns(&a, 990 * S, 991 * S + S / 2), 9 * S + S / 2);
}

static void the_year_2036_is_passed_from_both_sides(void)
{
    put(32, wire(UNIX_2036 + 5, 0));
    put(40, wire(UNIX_2036 - 5, 0));
    CHECK_INT(parse(4 << 3 | 4, 2, (UNIX_2036 - 10) * S), 0);
    CHECK_INT(a.received_ns, (UNIX_2036 + 5) * S);
    CHECK_INT(parse(4 << 3 | 4, 2, (UNIX_2036 + 10) * S), 0);
    CHECK_INT(a.sent_ns, (UNIX_2036 - 5) * S);
}

static void what_is_no_answer_is_said(void)
{
    CHECK_INT(ntp_parse((struct slice){(char *)packet, 47}, 0, &a, &why), -EBADMSG);
    CHECK_INT(parse(4 << 3 | 3, 2, 0), -EBADMSG); /* our own question */
    CHECK_INT(parse(5 << 3 | 4, 2, 0), -EBADMSG);
    CHECK_INT(parse(0 << 3 | 4, 2, 0), -EBADMSG);
    CHECK_INT(parse(3 << 6 | 3 << 3 | 4, 0, 0), 0);
    CHECK_INT(a.leap, NTP_LEAP_UNKNOWN);
    memcpy(packet + 12, "RA\x1b\x07", 4);
    CHECK_INT(parse(4 << 3 | 4, 0, 0), 0);
    CHECK_STR(a.reference, "RA"); /* nothing that steers a terminal */
}

static void a_server_that_says_to_have_thought_longer_than_the_whole_is_not_believed(void)
{
    a.received_ns = 0;
    a.sent_ns = 100 * S;
    CHECK_INT(ntp_rtt_ns(&a, 0, S), S);
    a.sent_ns = -S;
    CHECK_INT(ntp_rtt_ns(&a, 0, S), S);
}

int main(void)
{
    TAP_RUN(a_question_carries_our_cookie_where_the_time_would_be);
    TAP_RUN(an_answer_gives_offset_and_round_trip);
    TAP_RUN(the_year_2036_is_passed_from_both_sides);
    TAP_RUN(what_is_no_answer_is_said);
    TAP_RUN(a_server_that_says_to_have_thought_longer_than_the_whole_is_not_believed);
    return tap_done();
}
