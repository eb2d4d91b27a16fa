#include "tests/tap.h"

#include <errno.h>

#include "net/dns_record.h"

/* A reply to "a.b": its question, then `count` records of the type. The first record's name
 * stands at 21. */
static const unsigned char start[] = "\x12\x34\x81\x80\0\1\0\1\0\0\0\0\1a\1b\0\0\1\0\1";
enum { START = sizeof(start) - 1 };

struct reply {
    unsigned char data[600];
    size_t size;
};

static void put(struct reply *r, const char *bytes, size_t size)
{
    memcpy(r->data + r->size, bytes, size);
    r->size += size;
}

static void reply_start(struct reply *r, unsigned records)
{
    r->size = 0;
    put(r, (const char *)start, START);
    r->data[7] = (unsigned char)records;
}

static void put_record(struct reply *r, uint16_t type, const char *data, size_t size)
{
    const char fixed[] = {(char)0xC0, 12, (char)(type >> 8), (char)type, 0, 1, 0, 0,
                          0,          9,  (char)(size >> 8), (char)size};
    put(r, fixed, sizeof(fixed));
    put(r, data, size);
}

/* The answers with '|' between, or the failure as a number. */
static const char *parsed(const struct reply *r, size_t size, uint16_t type)
{
    static char text[400];
    struct arena a = ARENA(MEM_TEST, 0);
    struct dns_answers got = {0};
    /* In memory of exactly that size, so that a read beyond it is seen. */
    unsigned char *copy = malloc(size ? size : 1);
    memcpy(copy, r->data, size);
    int code = dns_record_parse(copy, (int)size, type, &a, &got);
    size_t used = (size_t)snprintf(text, sizeof(text), "%s", code < 0 ? strerror(-code) : "");
    for (uint32_t i = 0; code == 0 && i < got.count; i++)
        used +=
            (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? "|" : "", got.text[i]);
    free(copy);
    arena_done(&a);
    return text;
}

#define ONE(type, bytes) one((type), (bytes), sizeof(bytes) - 1)
static const char *one(uint16_t type, const char *data, size_t size)
{
    struct reply r;
    reply_start(&r, 1);
    put_record(&r, type, data, size);
    return parsed(&r, r.size, type);
}

static void each_type_reads_as_in_a_zone_file(void)
{
    CHECK_STR(ONE(DNS_TYPE_A, "\x7f\0\0\1"), "127.0.0.1");
    CHECK_STR(ONE(DNS_TYPE_AAAA, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"), "::1");
    CHECK_STR(ONE(DNS_TYPE_NS, "\2ns\xc0\x0e"), "ns.b");
    CHECK_STR(ONE(DNS_TYPE_PTR, "\0"), ".");
    CHECK_STR(ONE(DNS_TYPE_MX, "\0\x0a\1m\0"), "10 m");
    CHECK_STR(ONE(DNS_TYPE_SRV, "\0\1\0\2\x13\xc4\1s\0"), "1 2 5060 s");
    CHECK_STR(ONE(DNS_TYPE_SOA, "\1n\0\1r\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5"),
              "n r 1 2 3 4 5");
    CHECK_STR(ONE(DNS_TYPE_TXT, "\3one\0\3two"), "one  two");
    CHECK_STR(ONE(DNS_TYPE_CAA, "\x80\5issueca.b"), "128 issue \"ca.b\"");
}

static void bytes_that_are_no_text_are_escaped(void)
{
    CHECK_STR(ONE(DNS_TYPE_TXT, "\5a\033[2J"), "a\\027[2J");
    CHECK_STR(ONE(DNS_TYPE_CAA, "\0\1\nx\177"), "0 \\010 \"x\\127\"");
}

static void other_types_are_passed_over(void)
{
    struct reply r;
    reply_start(&r, 4);
    put_record(&r, DNS_TYPE_CNAME, "\1c\0", 3);
    put_record(&r, DNS_TYPE_A, "\1\2\3\4", 4);
    put_record(&r, 999, "whatever", 8);
    put_record(&r, DNS_TYPE_A, "\5\6\7\x08", 4);
    CHECK_STR(parsed(&r, r.size, DNS_TYPE_A), "1.2.3.4|5.6.7.8");
    CHECK_STR(parsed(&r, r.size, DNS_TYPE_CNAME), "c");
    CHECK_STR(parsed(&r, r.size, DNS_TYPE_MX), strerror(ENODATA));
}

static void a_record_takes_no_more_than_it_holds(void)
{
    const char *broken = strerror(EBADMSG);
    struct reply r;
    CHECK_STR(ONE(DNS_TYPE_TXT, "\7short"), broken);
    CHECK_STR(ONE(DNS_TYPE_CAA, "\0\7issue"), broken);
    CHECK_STR(ONE(DNS_TYPE_CAA, "\0"), broken);
    CHECK_STR(ONE(DNS_TYPE_NS, "\xc0\xff"), broken); /* points out of the message */
    CHECK_STR(ONE(DNS_TYPE_NS, "\xc0\x20"), broken); /* and at itself */
    reply_start(&r, 2); /* an address of two bytes, and others behind it */
    put_record(&r, DNS_TYPE_A, "\1\2", 2);
    put_record(&r, DNS_TYPE_A, "\1\2\3\4", 4);
    CHECK_STR(parsed(&r, r.size, DNS_TYPE_A), broken);
}

static void a_message_cut_anywhere_is_broken_and_nothing_worse(void)
{
    struct reply r;
    reply_start(&r, 3);
    put_record(&r, DNS_TYPE_SOA, "\1n\0\1r\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5", 26);
    put_record(&r, DNS_TYPE_TXT, "\3one\3two", 8);
    put_record(&r, DNS_TYPE_CAA, "\0\5issueca.b", 11);
    static const uint16_t types[] = {DNS_TYPE_SOA, DNS_TYPE_TXT, DNS_TYPE_CAA, DNS_TYPE_A};
    for (size_t size = 0; size < r.size; size++)
        for (size_t t = 0; t < ARRAY_LEN(types); t++)
            CHECK_STR(parsed(&r, size, types[t]), strerror(EBADMSG));
}

static void a_full_arena_is_told(void)
{
    struct reply r;
    struct arena tiny = ARENA(MEM_TEST, 10);
    struct dns_answers got;
    reply_start(&r, 1);
    put_record(&r, DNS_TYPE_A, "\1\2\3\4", 4);
    CHECK_INT(dns_record_parse(r.data, (int)r.size, DNS_TYPE_A, &tiny, &got), -ENOSPC);
    arena_done(&tiny);
    CHECK_INT(mem_usage_of(MEM_NET).live, 0);
}

int main(void)
{
    TAP_RUN(each_type_reads_as_in_a_zone_file);
    TAP_RUN(bytes_that_are_no_text_are_escaped);
    TAP_RUN(other_types_are_passed_over);
    TAP_RUN(a_record_takes_no_more_than_it_holds);
    TAP_RUN(a_message_cut_anywhere_is_broken_and_nothing_worse);
    TAP_RUN(a_full_arena_is_told);
    return tap_done();
}
