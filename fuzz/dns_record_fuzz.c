/* First byte: the type asked for; the rest: a DNS reply. Its answers are texts, or it is refused.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>

#include "net/dns_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { ARENA_BYTES_MAX = 1024 * 1024, REPLY_BYTES_MAX = 65535 };
    static const uint16_t types[] = {DNS_TYPE_A,   DNS_TYPE_NS, DNS_TYPE_CNAME, DNS_TYPE_SOA,
                                     DNS_TYPE_PTR, DNS_TYPE_MX, DNS_TYPE_TXT,   DNS_TYPE_AAAA,
                                     DNS_TYPE_SRV, DNS_TYPE_CAA};
    if (size == 0 || size > REPLY_BYTES_MAX)
        return 0;
    struct arena a = ARENA(MEM_TEST, ARENA_BYTES_MAX);
    struct dns_answers answers = {.count = 0};
    int r =
        dns_record_parse(data + 1, (int)size - 1, types[data[0] % ARRAY_LEN(types)], &a, &answers);
    assert(r == 0 || r == -ENODATA || r == -EBADMSG || r == -ENOSPC);
    assert((r == 0) == (answers.count > 0));
    for (uint32_t i = 0; i < answers.count; i++)
        for (const char *c = answers.text[i]; *c; c++)
            assert((unsigned char)*c >= 0x20 && *c != 0x7F);
    arena_done(&a);
    return 0;
}
