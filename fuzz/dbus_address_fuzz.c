/* The address of a bus, and the lines before the first message. Each entry that is taken is a path
 * that can be written as an address again. */
#include "wire/dbus_address.h"

#include "base/buf.h"
#include "fuzz/incremental.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_again(const struct dbus_address *a)
{
    struct buf b = BUF(MEM_TEST, 0);
    struct dbus_address again;
    bool abstract = a->socket[0] == '@';
    assert(memchr(a->socket, 0, sizeof(a->socket)));
    buf_append_cstr(&b, abstract ? "unix:abstract=" : "unix:path=");
    for (const char *c = a->socket + abstract; *c; c++)
        buf_printf(&b, "%%%02x", (uint8_t)*c);
    struct slice list = buf_slice(&b);
    assert(dbus_address_next(&list, &again, NULL) == 1);
    assert(strcmp(again.socket, a->socket) == 0);
    assert(dbus_address_next(&list, &again, NULL) == 0);
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = {(const char *)data, size}, list = in, rest = {0};
    struct dbus_address a;
    enum dbus_auth auth;
    struct err err = {0};
    for (int r; (r = dbus_address_next(&list, &a, &err)) != 0;) {
        assert(r == 1 || err.text[0]);
        if (r == 1)
            take_again(&a);
    }
    ptrdiff_t n = dbus_auth_parse(in, &auth, &rest, &err);
    assert(n <= (ptrdiff_t)size);
    if (n > 0)
        check_inside(rest, in);
    return 0;
}
