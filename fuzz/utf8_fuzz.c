/* The functions of utf8.h agree with each other on any bytes: what is shown is valid and steers
 * nothing, a cut is a start of whole characters, and columns add up. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_walk(struct slice s)
{
    size_t valid = 0, columns = 0;
    bool all_valid = true;
    struct slice rest = s;

    while (rest.size) {
        size_t before = rest.size;
        bool ok;
        uint32_t c = utf8_next(&rest, &ok);
        assert(rest.size < before && c <= 0x10ffff);
        char bytes[UTF8_BYTES_MAX];
        size_t n = utf8_encode(c, bytes);
        if (ok)
            assert(n == before - rest.size && memcmp(bytes, rest.data - n, n) == 0);
        all_valid = all_valid && ok;
        valid += all_valid ? before - rest.size : 0;
        columns += (size_t)utf8_width(c);
    }
    assert(utf8_valid_bytes(s) == valid);
    assert(utf8_columns(s) == columns);
}

static void check_shown(struct slice s)
{
    struct buf shown = BUF(MEM_TEST, 0);
    assert(utf8_append_shown(&shown, s) == 0);
    assert(utf8_valid_bytes(buf_slice(&shown)) == shown.size);
    for (struct slice rest = buf_slice(&shown); rest.size;)
        assert(!utf8_steers(utf8_next(&rest, NULL)));
    buf_done(&shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice s = {(const char *)data, size};
    check_walk(s);
    check_shown(s);
    for (size_t columns = 0; columns < 12; columns++) {
        struct slice cut = utf8_cut_columns(s, columns);
        assert(cut.size <= s.size && (cut.size == 0 || cut.data == s.data));
        assert(utf8_columns(cut) <= columns);
    }
    return 0;
}
