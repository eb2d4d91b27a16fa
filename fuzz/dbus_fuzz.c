/* A message of D-Bus. What was accepted is read value by value, written again in little-endian, and
 * then is the same: byte for byte where it was little-endian, else after another round. */
#include "wire/dbus.h"

#include "fuzz/incremental.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The type that comes next in a reader. */
static size_t type_bytes(struct slice s)
{
    size_t n = 0, open = 0;
    for (; n < s.size; n++) {
        open += s.data[n] == '(' || s.data[n] == '{';
        open -= s.data[n] == ')' || s.data[n] == '}';
        if (open == 0 && s.data[n] != 'a')
            return n + 1;
    }
    return n;
}

static void copy(struct dbus_reader *r, struct buf *to)
{
    struct dbus_reader in;
    struct dbus_open_array array;
    struct slice text;
    uint64_t number;
    for (char c; (c = dbus_next(r));) {
        enum dbus_type type = (enum dbus_type)c;
        if (c == 's' || c == 'o' || c == 'g') {
            assert(dbus_text(r, type, &text) == 0 && dbus_put_text(to, type, text) == 0);
        } else if (c == 'a') {
            assert(dbus_enter(r, type, &in) == 0);
            dbus_put_array(to, (enum dbus_type)in.each.data[0], &array);
            copy(&in, to);
            dbus_end_array(to, &array);
        } else if (c == 'v') {
            assert(dbus_enter(r, type, &in) == 0);
            assert(type_bytes(in.signature) == in.signature.size);
            dbus_put_variant(to, in.signature);
            copy(&in, to);
        } else if (c == '(' || c == '{') {
            assert(dbus_enter(r, type, &in) == 0);
            dbus_put_struct(to);
            copy(&in, to);
        } else {
            assert(dbus_uint(r, type, &number) == 0 && dbus_put_uint(to, type, number) == 0);
        }
    }
    assert(dbus_skip(r) < 0);
}

static void write_again(const struct dbus_message *m)
{
    struct buf body = BUF(MEM_TEST, 0), out = BUF(MEM_TEST, 0);
    struct dbus_message again, little = *m;
    struct dbus_reader r = dbus_body(m);
    copy(&r, &body);
    assert(m->big || slice_eq(buf_slice(&body), m->body));
    little.body = buf_slice(&body);
    assert(dbus_write(&out, &little, NULL) == 0);
    assert(dbus_parse(buf_slice(&out), &again, NULL) == (ptrdiff_t)out.size);
    assert(again.serial == m->serial && again.reply_serial == m->reply_serial);
    assert(slice_eq(again.path, m->path) && slice_eq(again.member, m->member));
    assert(slice_eq(again.body, little.body) && slice_eq(again.signature, m->signature));
    buf_done(&body);
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = {(const char *)data, size};
    struct dbus_message m = {0};
    if (CHECK_INCREMENTAL(dbus_parse, in, &m) <= 0)
        return 0;
    check_inside(m.body, in);
    check_inside(m.path, in);
    check_inside(m.signature, in);
    if (m.kind <= DBUS_SIGNAL)
        write_again(&m);
    return 0;
}
