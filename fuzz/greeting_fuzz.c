/* First byte: lines, SMTP or MySQL; the rest: what a server says first. */
#include "wire/greeting.h"

#include "fuzz/incremental.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = {(const char *)data, size};
    struct slice line;
    struct smtp_reply r;
    struct mysql_greeting g;
    if (size == 0)
        return 0;
    in = slice_sub(in, 1, size);
    if (data[0] % 3 == 0 && CHECK_INCREMENTAL(greeting_parse_line, in, &line) > 0) {
        check_inside(line, in);
        assert(slice_find_byte(line, (char)10) < 0);
    } else if (data[0] % 3 == 1 && CHECK_INCREMENTAL(smtp_parse, in, &r) > 0) {
        check_inside(r.text, in);
        check_inside(r.last, in);
        assert(r.code >= 200 && r.code <= 999);
        smtp_offers(&r, "STARTTLS");
    } else if (data[0] % 3 == 2 && CHECK_INCREMENTAL(mysql_parse, in, &g) > 0) {
        check_inside(g.version, in);
        check_inside(g.words, in);
    }
    return 0;
}
