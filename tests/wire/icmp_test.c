#include "wire/icmp.h"

#include <errno.h>

#include "tests/tap.h"

#define BYTES(lit) ((struct slice){"" lit, sizeof(lit) - 1})

/* IPv4, 20 bytes, protocol 1, from 127.0.0.9 to 127.0.0.1. */
#define HEAD4 "\x45\0\0\x2c\0\0\0\0\x40\x01\0\0\x7f\0\0\x09\x7f\0\0\x01"

static struct icmp_message m;

/* The request, as it would come back: a reply with its checksum made right again. */
static void reply_of(uint8_t *packet, uint16_t id, uint16_t sequence, uint64_t cookie)
{
    icmp_echo(false, id, sequence, cookie, packet);
    packet[0] = 0;
    uint32_t sum = (uint32_t)(packet[2] << 8 | packet[3]) + 0x0800;
    sum = (sum & 0xffff) + (sum >> 16);
    packet[2] = (uint8_t)(sum >> 8);
    packet[3] = (uint8_t)sum;
}

static void a_reply_is_recognized(void)
{
    char whole[20 + ICMP_ECHO_BYTES] = HEAD4;
    reply_of((uint8_t *)whole + 20, 0x1234, 7, UINT64_C(0xfeedfacecafebeef));
    struct slice s = {whole, sizeof(whole)};
    CHECK_INT(icmp_parse(s, false, true, &m), 0);
    CHECK(m.kind == ICMP_REPLY && m.id == 0x1234 && m.sequence == 7);
    CHECK(m.cookie == UINT64_C(0xfeedfacecafebeef));
    CHECK_INT(icmp_parse(slice_sub(s, 20, s.size), false, false, &m), 0);
    CHECK_INT(m.sequence, 7);
    whole[40] ^= 1;
    CHECK_INT(icmp_parse(s, false, true, &m), -EBADMSG); /* its checksum */
    CHECK_INT(icmp_parse(slice_sub(s, 0, 27), false, true, &m), -EBADMSG);
    CHECK_INT(icmp_parse(slice_sub(s, 0, 10), false, true, &m), -EBADMSG);
    CHECK_INT(icmp_parse((struct slice){0}, false, true, &m), -EBADMSG);
}

static void our_own_request_is_something_else(void)
{
    uint8_t packet[ICMP_ECHO_BYTES];
    icmp_echo(false, 1, 2, 3, packet);
    CHECK_INT(icmp_parse((struct slice){(char *)packet, sizeof(packet)}, false, false, &m), 0);
    CHECK_INT(m.kind, ICMP_OTHER);
}

static void v6_has_no_head_and_the_kernel_s_checksum(void)
{
    uint8_t packet[ICMP_ECHO_BYTES];
    icmp_echo(true, 9, 8, 7, packet);
    CHECK_INT(packet[0], 128);
    packet[0] = 129;
    CHECK_INT(icmp_parse((struct slice){(char *)packet, sizeof(packet)}, true, true, &m), 0);
    CHECK(m.kind == ICMP_REPLY && m.id == 9 && m.sequence == 8 && m.cookie == 7);
}

/* A router's message quotes the request, whose destination is whom it is about. */
static void a_router_s_message_says_which_request(void)
{
    static const char quoted[] = "\x45\0\0\x2c\0\0\0\0\x01\x01\0\0\x0a\0\0\x01\x0a\0\0\x63"
                                 "\x08\0\0\0\x12\x34\0\x07";
    char text[8 + sizeof(quoted) - 1] = "\x03\x0d";
    memcpy(text + 8, quoted, sizeof(quoted) - 1);
    uint32_t sum = 0;
    for (size_t i = 0; i < sizeof(text); i += 2)
        sum += (uint32_t)((uint8_t)text[i] << 8 | (uint8_t)text[i + 1]);
    sum = (sum & 0xffff) + (sum >> 16);
    text[2] = (char)(~sum >> 8);
    text[3] = (char)~sum;
    struct slice s = {text, sizeof(text)};
    CHECK_INT(icmp_parse(s, false, false, &m), 0);
    CHECK(m.kind == ICMP_UNREACHABLE && m.code == 13 && m.id == 0x1234 && m.sequence == 7);
    CHECK(memcmp(m.about, "\x0a\0\0\x63", 4) == 0);
    CHECK_STR(icmp_unreachable_words(false, m.code), "Administratively prohibited");
    text[8 + 9] = 17; /* about UDP: not ours. The checksum is that of before. */
    text[2] = text[3] = 0;
    sum = 0;
    for (size_t i = 0; i < sizeof(text); i += 2)
        sum += (uint32_t)((uint8_t)text[i] << 8 | (uint8_t)text[i + 1]);
    sum = (sum & 0xffff) + (sum >> 16);
    text[2] = (char)(~sum >> 8);
    text[3] = (char)~sum;
    CHECK_INT(icmp_parse(s, false, false, &m), 0);
    CHECK_INT(m.kind, ICMP_OTHER);
}

static void every_code_has_words(void)
{
    for (int code = 0; code < 256; code++) {
        CHECK(icmp_unreachable_words(false, (uint8_t)code)[0]);
        CHECK(icmp_unreachable_words(true, (uint8_t)code)[0]);
    }
    CHECK_STR(icmp_unreachable_words(true, 0), "No route to host");
    CHECK(BYTES(HEAD4).size == 20);
}

int main(void)
{
    TAP_RUN(a_reply_is_recognized);
    TAP_RUN(our_own_request_is_something_else);
    TAP_RUN(v6_has_no_head_and_the_kernel_s_checksum);
    TAP_RUN(a_router_s_message_says_which_request);
    TAP_RUN(every_code_has_words);
    return tap_done();
}
