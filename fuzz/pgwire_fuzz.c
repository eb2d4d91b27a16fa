/* One message of PostgreSQL, and what the two kinds that are looked into hold. */
#include "wire/pgwire.h"

#include "fuzz/incremental.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = {(const char *)data, size};
    struct pgwire_message m = {0};
    struct pgwire_fault f;
    uint32_t method;
    struct slice words;
    if (CHECK_INCREMENTAL(pgwire_parse, in, &m) <= 0)
        return 0;
    check_inside(m.body, in);
    if (pgwire_parse_fault(m.body, &f) == 0) {
        check_inside(f.severity, m.body);
        check_inside(f.code, m.body);
        check_inside(f.message, m.body);
    }
    if (pgwire_parse_auth(m.body, &method, &words) == 0) {
        check_inside(words, m.body);
        pgwire_has_mechanism(words, "SCRAM-SHA-256");
    }
    return 0;
}
