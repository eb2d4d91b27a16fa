/* First byte: NTP, or ICMP of one of three forms; the rest: a datagram that arrived. */
#include <assert.h>
#include <stdint.h>

#include "wire/icmp.h"
#include "wire/ntp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_ntp(struct slice in)
{
    struct ntp_answer a;
    struct err err = {0};
    int64_t now = INT64_C(1800000000) * 1000000000;
    if (ntp_parse(in, now, &a, &err) < 0) {
        assert(err.text[0]);
        return;
    }
    for (const char *c = a.reference; *c; c++)
        assert(*c > 0x20 && *c < 0x7f);
    int64_t years_68 = INT64_C(0x80000000) * 1000000000;
    assert(a.sent_ns >= now - years_68 && a.sent_ns <= now + years_68);
    assert(ntp_rtt_ns(&a, now, now + 1000) >= 0);
    ntp_offset_ns(&a, now, now + 1000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct icmp_message m;
    if (size == 0)
        return 0;
    struct slice in = {(const char *)data + 1, size - 1};
    unsigned form = data[0] % 4;
    if (form == 0)
        check_ntp(in);
    else if (icmp_parse(in, form == 3, form == 1, &m) == 0 && m.kind == ICMP_UNREACHABLE)
        assert(icmp_unreachable_words(form == 3, m.code)[0]);
    return 0;
}
