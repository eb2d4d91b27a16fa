#include "wire/dbus.h"

#include <errno.h>

#include "tests/tap.h"

static struct err why;

/* Every type once: (yyb, n q i u x t d, s o g, a{sv}, a(ty), at of nothing). */
#define ALL "ybnqiuxtdsoga{sv}a(ty)at"

static void put_dictionary(struct buf *b)
{
    struct dbus_open_array a;
    dbus_put_array(b, DBUS_ENTRY, &a);
    dbus_put_struct(b);
    dbus_put_text(b, DBUS_STRING, SLICE("ActiveState"));
    dbus_put_variant(b, SLICE("s"));
    dbus_put_text(b, DBUS_STRING, SLICE("failed"));
    dbus_put_struct(b);
    dbus_put_text(b, DBUS_STRING, SLICE("NRestarts"));
    dbus_put_variant(b, SLICE("u"));
    dbus_put_uint(b, DBUS_UINT32, 3);
    dbus_end_array(b, &a);
}

static void put_all(struct buf *b)
{
    static const char plain[] = "ybnqiuxtd";
    struct dbus_open_array a;
    for (size_t i = 0; i < sizeof(plain) - 1; i++)
        dbus_put_uint(b, (enum dbus_type)plain[i], plain[i] == 'b' ? 1 : 0x1122334455667788 + i);
    dbus_put_text(b, DBUS_STRING, SLICE("a text"));
    dbus_put_text(b, DBUS_PATH, SLICE("/a/b"));
    dbus_put_text(b, DBUS_SIGNATURE, SLICE("a{sv}"));
    put_dictionary(b);
    dbus_put_array(b, DBUS_STRUCT, &a);
    for (uint64_t i = 0; i < 2; i++) {
        dbus_put_struct(b);
        dbus_put_uint(b, DBUS_UINT64, UINT64_MAX - i);
        dbus_put_uint(b, DBUS_BYTE, i);
    }
    dbus_end_array(b, &a);
    dbus_put_array(b, DBUS_UINT64, &a);
    dbus_end_array(b, &a);
}

static void read_plain(struct dbus_reader *r)
{
    static const char plain[] = "ybnqiuxtd";
    static const uint8_t bytes[] = {1, 4, 2, 2, 4, 4, 8, 8, 8};
    for (size_t i = 0; i < sizeof(plain) - 1; i++) {
        uint64_t n = 0, want = plain[i] == 'b' ? 1 : 0x1122334455667788 + i;
        CHECK_INT(dbus_uint(r, (enum dbus_type)plain[i], &n), 0);
        CHECK(n == (bytes[i] == 8 ? want : want & (((uint64_t)1 << 8 * bytes[i]) - 1)));
    }
}

static void read_containers(struct dbus_reader *r)
{
    struct dbus_reader items, one;
    struct slice text = {0};
    uint64_t n = 0, i = 0;
    CHECK_INT(dbus_enter(r, DBUS_ARRAY, &items), 0);
    CHECK(dbus_enter(&items, DBUS_ENTRY, &one) == 0 && dbus_skip(&one) == 0);
    CHECK(dbus_variant_text(&one, DBUS_STRING, &text) == 0 && slice_eq_cstr(text, "failed"));
    CHECK(dbus_enter(&items, DBUS_ENTRY, &one) == 0 && dbus_skip(&one) == 0);
    CHECK(dbus_variant_uint(&one, DBUS_UINT32, &n) == 0 && n == 3);
    CHECK(dbus_next(&one) == 0 && dbus_next(&items) == 0);
    CHECK_INT(dbus_enter(r, DBUS_ARRAY, &items), 0);
    for (; dbus_enter(&items, DBUS_STRUCT, &one) == 0; i++)
        CHECK(dbus_uint(&one, DBUS_UINT64, &n) == 0 && n == UINT64_MAX - i);
    CHECK_INT(i, 2);
    CHECK_INT(dbus_enter(r, DBUS_ARRAY, &items), 0);
    CHECK(dbus_next(&items) == 0 && dbus_uint(&items, DBUS_UINT64, &n) == -EBADMSG);
}

static void every_type_reads_back(void)
{
    struct buf body = BUF(MEM_TEST, 0), out = BUF(MEM_TEST, 0);
    struct dbus_message back;
    struct slice text = {0};
    put_all(&body);
    struct dbus_message m = {.kind = DBUS_SIGNAL, .serial = 9, .path = SLICE("/x"),
                             .interface = SLICE("a.b"), .member = SLICE("C"),
                             .destination = SLICE(":1.2"), .sender = SLICE("d.e-f"),
                             .signature = SLICE(ALL), .body = buf_slice(&body)};
    buf_append_cstr(&out, "odd"); /* what stands in front changes nothing */
    CHECK_INT(dbus_write(&out, &m, &why), 0);
    CHECK_INT(dbus_parse(slice_sub(buf_slice(&out), 3, out.size), &back, &why), (long)out.size - 3);
    CHECK(slice_eq(back.body, m.body) && slice_eq(back.signature, m.signature));
    CHECK(slice_eq(back.sender, m.sender) && slice_eq(back.destination, m.destination));
    struct dbus_reader r = dbus_body(&back);
    read_plain(&r);
    CHECK(dbus_text(&r, DBUS_STRING, &text) == 0 && slice_eq_cstr(text, "a text"));
    CHECK(dbus_text(&r, DBUS_PATH, &text) == 0 && slice_eq_cstr(text, "/a/b"));
    CHECK(dbus_text(&r, DBUS_SIGNATURE, &text) == 0 && slice_eq_cstr(text, "a{sv}"));
    read_containers(&r);
    CHECK_INT(dbus_next(&r), 0);
    buf_done(&body);
    buf_done(&out);
}

static void a_reply_names_what_it_answers(void)
{
    struct buf out = BUF(MEM_TEST, 0);
    struct dbus_message back, m = {.kind = DBUS_ERROR, .serial = 2, .reply_serial = 77,
                                   .error = SLICE("a.b.NoSuch")};
    CHECK_INT(dbus_write(&out, &m, &why), 0);
    CHECK_INT(dbus_parse(buf_slice(&out), &back, &why), (long)out.size);
    CHECK(back.reply_serial == 77 && slice_eq_cstr(back.error, "a.b.NoSuch"));
    buf_done(&out);
}

static void what_nobody_would_take_is_not_made(void)
{
    static const char three[] = "\3\0\0\0abc";
    const struct dbus_message right = {.kind = DBUS_CALL, .serial = 1, .path = SLICE("/"),
                                       .member = SLICE("M")};
    struct dbus_message wrong[] = {right, right, right, right, right, right, right};
    wrong[0].serial = 0;
    wrong[1].kind = 5;
    wrong[2].path = SLICE("no/path");
    wrong[3].member = SLICE("two words");
    wrong[4].signature = SLICE("u");
    wrong[5].body = SLICE("\0");
    wrong[6].signature = SLICE("s");
    wrong[6].body = (struct slice){three, 7};
    struct buf out = BUF(MEM_TEST, 0);
    buf_append_cstr(&out, "kept");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        err_clear(&why);
        CHECK_INT(dbus_write(&out, &wrong[i], &why), -EINVAL);
        CHECK(why.code == -EINVAL && why.text[0]);
        CHECK(dbus_write(&out, &wrong[i], NULL) == -EINVAL);
    }
    CHECK(slice_eq_cstr(buf_slice(&out), "kept"));
    CHECK_INT(dbus_write(&out, &right, &why), 0);
    buf_done(&out);
}

static void what_is_too_long_is_not_made(void)
{
    struct buf body = BUF(MEM_TEST, 0), out = BUF(MEM_TEST, 64);
    char *room;
    buf_append_cstr(&out, "kept");
    struct dbus_message m = {.kind = DBUS_CALL, .serial = 1, .path = SLICE("/"),
                             .member = SLICE("M"), .signature = SLICE("s")};
    dbus_put_text(&body, DBUS_STRING, SLICE("as long as the room that is there"));
    m.body = buf_slice(&body);
    CHECK_INT(dbus_write(&out, &m, &why), -EMSGSIZE);
    CHECK(slice_eq_cstr(buf_slice(&out), "kept"));
    buf_clear(&body);
    dbus_put_uint(&body, DBUS_UINT32, DBUS_MESSAGE_BYTES_MAX);
    buf_reserve(&body, DBUS_MESSAGE_BYTES_MAX + 1, &room);
    memset(room, 'x', DBUS_MESSAGE_BYTES_MAX);
    room[DBUS_MESSAGE_BYTES_MAX] = 0;
    buf_commit(&body, DBUS_MESSAGE_BYTES_MAX + 1);
    m.body = buf_slice(&body);
    out.size_max = 0;
    CHECK_INT(dbus_write(&out, &m, &why), -EMSGSIZE);
    buf_done(&body);
    buf_done(&out);
}

int main(void)
{
    TAP_RUN(every_type_reads_back);
    TAP_RUN(a_reply_names_what_it_answers);
    TAP_RUN(what_nobody_would_take_is_not_made);
    TAP_RUN(what_is_too_long_is_not_made);
    return tap_done();
}
