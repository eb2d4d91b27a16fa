#include "wire/dbus.h"

#include <errno.h>

#include "tests/tap.h"

static struct dbus_message m;
static struct err why;

/* The first call of every client, byte for byte as the specification lays it out. */
static const char hello[] =
    "l\1\0\1\0\0\0\0\1\0\0\0\x6d\0\0\0"
    "\1\1o\0\x15\0\0\0/org/freedesktop/DBus\0\0\0"
    "\3\1s\0\5\0\0\0Hello\0\0\0"
    "\2\1s\0\x14\0\0\0org.freedesktop.DBus\0\0\0\0"
    "\6\1s\0\x14\0\0\0org.freedesktop.DBus\0\0\0\0";

/* A signal in big-endian: x.y.Z at "/", with "ab" and [1, 2]. */
static const char big[] =
    "B\4\1\1\0\0\0\x10\0\0\0\7\0\0\0\x39"
    "\1\1o\0\0\0\0\1/\0\0\0\0\0\0\0"
    "\2\1s\0\0\0\0\3x.y\0\0\0\0\0"
    "\3\1s\0\0\0\0\1Z\0\0\0\0\0\0\0"
    "\x8\1g\0\3saq\0\0\0\0\0\0\0\0"
    "\0\0\0\2ab\0\0\0\0\0\4\0\1\0\2";

static ptrdiff_t parse(struct slice in)
{
    err_clear(&why);
    return dbus_parse(in, &m, &why);
}

static void a_call_is_taken_apart(void)
{
    struct slice in = {hello, sizeof(hello) - 1};
    CHECK_INT(parse(in), (long)in.size);
    CHECK_INT(m.kind, DBUS_CALL);
    CHECK_INT(m.serial, 1);
    CHECK(slice_eq_cstr(m.path, "/org/freedesktop/DBus"));
    CHECK(slice_eq_cstr(m.interface, "org.freedesktop.DBus"));
    CHECK(slice_eq_cstr(m.member, "Hello"));
    CHECK(slice_eq_cstr(m.destination, "org.freedesktop.DBus"));
    CHECK(!m.sender.size && !m.signature.size && !m.body.size && !m.reply_serial);
}

static void both_byte_orders_are_read(void)
{
    struct slice in = {big, 16 + 64 + 16}, text;
    struct dbus_reader r, items;
    uint64_t a = 0, b = 0;
    CHECK_INT(parse(in), (long)in.size);
    if (why.code)
        printf("# %s\n", why.text);
    CHECK(m.big && m.kind == DBUS_SIGNAL && m.serial == 7 && m.flags == DBUS_NO_REPLY);
    r = dbus_body(&m);
    CHECK(dbus_text(&r, DBUS_STRING, &text) == 0 && slice_eq_cstr(text, "ab"));
    CHECK_INT(dbus_enter(&r, DBUS_ARRAY, &items), 0);
    CHECK(dbus_uint(&items, DBUS_UINT16, &a) == 0 && dbus_uint(&items, DBUS_UINT16, &b) == 0);
    CHECK(a == 1 && b == 2);
    CHECK(dbus_next(&items) == 0 && dbus_next(&r) == 0);
}

/* Cut anywhere, a message is not there yet, and never an error. */
static void what_is_cut_is_waited_for(void)
{
    struct dbus_message kept;
    for (size_t n = 0; n < sizeof(hello) - 1; n++)
        CHECK_INT(parse((struct slice){hello, n}), 0);
    memset(&m, 7, sizeof(m));
    kept = m;
    CHECK_INT(parse((struct slice){hello, 20}), 0);
    CHECK(memcmp(&kept, &m, sizeof(m)) == 0);
}

/* One byte of a message that is right is changed: told at once, in words, the result untouched. */
static void refused(struct slice in, size_t at, char byte, const char *says, int code)
{
    char bytes[512];
    struct dbus_message kept;
    memcpy(bytes, in.data, in.size);
    bytes[at] = byte;
    memset(&m, 7, sizeof(m));
    kept = m;
    CHECK_INT(parse((struct slice){bytes, in.size}), code);
    CHECK(memcmp(&kept, &m, sizeof(m)) == 0);
    CHECK(strstr(why.text, says) != NULL);
    if (!strstr(why.text, says))
        printf("# byte %zu: %s, wanted %s\n", at, why.text, says);
}

static void a_broken_head_is_refused(void)
{
    struct slice in = {hello, sizeof(hello) - 1};
    refused(in, 0, 'L', "byte order", -EBADMSG);
    refused(in, 1, 0, "kind", -EBADMSG);
    refused(in, 3, 2, "version", -EBADMSG);
    refused(in, 8, 0, "without a number", -EBADMSG);
    refused(in, 16, 0, "field 0", -EBADMSG);
    refused(in, 16, 3, "field 3", -EBADMSG); /* a path as a member */
    refused(in, 18, 's', "field 1", -EBADMSG); /* another type */
    refused(in, 18, 'w', "signature", -EBADMSG);
    refused(in, 24, 'x', "no path", -EBADMSG);
    refused(in, 27, 0, "does not end", -EBADMSG);
    refused(in, 45, 'x', "does not end", -EBADMSG);
    refused(in, 46, 1, "not zero", -EBADMSG);
    refused(in, 48, 1, "field 1", -EBADMSG); /* a string as a path */
    refused(in, 48, 77, "lacks", -EBADMSG);  /* a field of a later day, and no member */
    refused(in, 56, '9', "field 3", -EBADMSG);
    refused(in, 1, DBUS_RETURN, "lacks", -EBADMSG);
    refused(in, 1, DBUS_ERROR, "lacks", -EBADMSG);
    refused(in, 4, 8, "", 0); /* waits for its body */
}

static void a_broken_body_is_refused(void)
{
    struct slice in = {big, 16 + 64 + 16};
    size_t body = 16 + 64;
    refused(in, body + 3, 90, "within a text", -EBADMSG);
    refused(in, body + 4, (char)0xff, "UTF-8", -EBADMSG);
    refused(in, body + 7, 1, "not zero", -EBADMSG);
    refused(in, body + 11, 5, "within an array", -EBADMSG);
    refused(in, body + 11, 3, "within a value", -EBADMSG);
    refused(in, body + 11, 2, "more than", -EBADMSG);
    refused(in, body - 9, 't', "not zero", -EBADMSG);
}

static void sizes_have_a_limit(void)
{
    static const char much[] = "l\1\0\1\0\0\x10\0\1\0\0\0\0\0\0\0";
    CHECK_INT(parse((struct slice){much, 16}), -EMSGSIZE);
    CHECK(strstr(why.text, "1048592 bytes") != NULL);
    static const char all[] = "l\1\0\1\xff\xff\xff\xff\1\0\0\0\xff\xff\xff\xff";
    CHECK_INT(parse((struct slice){all, 16}), -EMSGSIZE);
}

/* ---- names ---- */

static void names_are_as_the_specification_has_them(void)
{
    CHECK(dbus_is_path(SLICE("/")) && dbus_is_path(SLICE("/a/_9")));
    CHECK(!dbus_is_path(SLICE("")) && !dbus_is_path(SLICE("a")) && !dbus_is_path(SLICE("/a/")));
    CHECK(!dbus_is_path(SLICE("//")) && !dbus_is_path(SLICE("/a//b")));
    CHECK(!dbus_is_path(SLICE("/a-b")));
    CHECK(dbus_is_interface(SLICE("a.b")) && dbus_is_interface(SLICE("org.x_1.Y")));
    CHECK(!dbus_is_interface(SLICE("a")) && !dbus_is_interface(SLICE("a..b")));
    CHECK(!dbus_is_interface(SLICE("a.1b")) && !dbus_is_interface(SLICE("a-b.c")));
    CHECK(!dbus_is_interface(SLICE("a.")) && !dbus_is_interface(SLICE("")));
    CHECK(dbus_is_member(SLICE("Get2")) && !dbus_is_member(SLICE("2Get")));
    CHECK(!dbus_is_member(SLICE("a.b")) && !dbus_is_member(SLICE("")));
    CHECK(dbus_is_bus_name(SLICE(":1.42")) && dbus_is_bus_name(SLICE("a-b.c")));
    CHECK(!dbus_is_bus_name(SLICE("1.2")) && !dbus_is_bus_name(SLICE(":1")));
    char longest[256];
    memset(longest, 'a', sizeof(longest));
    CHECK(dbus_is_member((struct slice){longest, 255}));
    CHECK(!dbus_is_member((struct slice){longest, 256}));
}

static void signatures_are_judged(void)
{
    static const char *const right[] = {"", "s", "a{sv}", "a(uosos)", "aaa{y(vg)}", "((((u))))b"};
    static const char *const wrong[] = {"a", "()", "(", "(u", ")", "{sv}", "a{vs}", "a{s}",
                                        "a{sss}", "a{(s)s}", "w", "a{s", "su)", "z", "(a)"};
    for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++)
        CHECK(dbus_is_signature(slice_from(right[i])));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        CHECK(!dbus_is_signature(slice_from(wrong[i])));
    char deep[256];
    memset(deep, 'a', sizeof(deep));
    deep[32] = 'u';
    CHECK(dbus_is_signature((struct slice){deep, 33}));
    deep[32] = 'a', deep[33] = 'u';
    CHECK(!dbus_is_signature((struct slice){deep, 34}));
    memset(deep, 'u', sizeof(deep));
    CHECK(dbus_is_signature((struct slice){deep, 255}));
    CHECK(!dbus_is_signature((struct slice){deep, 256}));
}

/* ---- reading ---- */

/* Variants within variants: the specification's 64 levels, and no more. */
static void depth_has_a_limit(void)
{
    struct buf body = BUF(MEM_TEST, 0);
    for (int depth = 63; depth <= 65; depth++) {
        buf_clear(&body);
        for (int i = 0; i < depth - 1; i++)
            dbus_put_variant(&body, SLICE("v"));
        dbus_put_variant(&body, SLICE("y"));
        dbus_put_uint(&body, DBUS_BYTE, 7);
        struct dbus_message deep = {.kind = DBUS_RETURN, .serial = 1, .reply_serial = 1,
                                    .signature = SLICE("v"), .body = buf_slice(&body)};
        struct buf out = BUF(MEM_TEST, 0);
        CHECK_INT(dbus_write(&out, &deep, &why), depth <= 64 ? 0 : -EINVAL);
        if (depth <= 64)
            CHECK_INT(parse(buf_slice(&out)), (long)out.size);
        buf_done(&out);
    }
    buf_done(&body);
    CHECK(strstr(why.text, "more than 64") != NULL);
}

static void what_is_of_another_type_is_not_taken(void)
{
    struct dbus_reader r, in, before;
    struct slice text = SLICE("kept");
    uint64_t n = 4711;
    parse((struct slice){big, 16 + 64 + 16});
    before = r = dbus_body(&m);
    CHECK_INT(dbus_uint(&r, DBUS_UINT32, &n), -EBADMSG);
    CHECK_INT(dbus_text(&r, DBUS_PATH, &text), -EBADMSG);
    CHECK_INT(dbus_enter(&r, DBUS_ARRAY, &in), -EBADMSG);
    CHECK_INT(dbus_variant_text(&r, DBUS_STRING, &text), -EBADMSG);
    CHECK_INT(dbus_variant_uint(&r, DBUS_UINT32, &n), -EBADMSG);
    CHECK(n == 4711 && slice_eq_cstr(text, "kept"));
    CHECK(memcmp(&r, &before, sizeof(r)) == 0);
    CHECK(dbus_skip(&r) == 0 && dbus_skip(&r) == 0);
    CHECK_INT(dbus_skip(&r), -EBADMSG);
}

int main(void)
{
    TAP_RUN(a_call_is_taken_apart);
    TAP_RUN(both_byte_orders_are_read);
    TAP_RUN(what_is_cut_is_waited_for);
    TAP_RUN(a_broken_head_is_refused);
    TAP_RUN(a_broken_body_is_refused);
    TAP_RUN(sizes_have_a_limit);
    TAP_RUN(names_are_as_the_specification_has_them);
    TAP_RUN(signatures_are_judged);
    TAP_RUN(depth_has_a_limit);
    TAP_RUN(what_is_of_another_type_is_not_taken);
    return tap_done();
}
