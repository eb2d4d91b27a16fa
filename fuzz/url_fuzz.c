/* The text up to a line feed is a base, the rest a reference. Every part of what was accepted lies
 * inside the text; what a reference resolves to is a URL again, and resolves to itself. */
#include <assert.h>
#include <stdint.h>

#include "wire/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct slice part, struct slice whole)
{
    if (part.size == 0)
        return;
    assert(part.data >= whole.data && part.data + part.size <= whole.data + whole.size);
}

static void check_parts(const struct url *u, struct slice text)
{
    const struct slice parts[] = {u->scheme, u->userinfo, u->host,  u->path,
                                  u->query,  u->fragment, u->target};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        check_inside(parts[i], text);
    assert(u->scheme.size > 0);
    assert(u->path.size == 0 || u->path.data[0] == '/');
    for (size_t i = 0; i < text.size; i++)
        assert(text.data[i] > ' ' && text.data[i] < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = {(const char *)data, size};
    struct slice text = slice_cut(&rest, '\n');
    struct buf one = BUF(MEM_TEST, 0), two = BUF(MEM_TEST, 0);
    struct url base, seen;
    struct err err = {0};

    if (url_parse(text, &base, &err) < 0) {
        assert(err.text[0]);
        return 0;
    }
    check_parts(&base, text);
    if (url_resolve(&base, rest, &one) == 0 && url_parse(buf_slice(&one), &seen, NULL) == 0) {
        check_parts(&seen, buf_slice(&one));
        assert(url_resolve(&base, buf_slice(&one), &two) == 0);
        assert(slice_eq(buf_slice(&one), buf_slice(&two)));
    }
    buf_done(&one);
    buf_done(&two);
    return 0;
}
