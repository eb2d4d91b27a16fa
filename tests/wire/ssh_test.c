#include "wire/ssh.h"

#include <errno.h>

#include "tests/tap.h"

#define BYTES(lit) ((struct slice){"" lit, sizeof(lit) - 1})

static struct err why;

static void the_identification_may_have_lines_before_it(void)
{
    struct slice ident;
    CHECK_INT(ssh_parse_ident(SLICE("SSH-2.0-OpenSSH_9.2\r\nx"), &ident, &why), 21);
    CHECK(slice_eq_cstr(ident, "SSH-2.0-OpenSSH_9.2"));
    CHECK_INT(ssh_parse_ident(SLICE("hello\r\nSSH-1.99-a b\n"), &ident, &why), 20);
    CHECK(slice_eq_cstr(ident, "SSH-1.99-a b"));
    CHECK_INT(ssh_parse_ident(SLICE("hello\r\nSSH-2.0"), &ident, &why), 0);
    CHECK_INT(ssh_parse_ident(SLICE("SSH-1.5-old\n"), &ident, &why), -EPROTONOSUPPORT);
    CHECK(strstr(why.text, "SSH-1.5-old"));
}

static void what_never_comes_to_the_point_has_limits(void)
{
    struct slice ident;
    struct buf b = BUF(MEM_TEST, 0);
    for (int i = 0; i < SSH_LINES_MAX; i++)
        buf_append_cstr(&b, "hello\n");
    CHECK_INT(ssh_parse_ident(buf_slice(&b), &ident, &why), -EBADMSG);
    buf_clear(&b);
    while (b.size <= SSH_LINES_BYTES_MAX)
        buf_append_byte(&b, 'x');
    CHECK_INT(ssh_parse_ident(buf_slice(&b), &ident, &why), -EBADMSG);
    buf_clear(&b);
    buf_append_cstr(&b, "SSH-2.0-");
    while (b.size <= SSH_IDENT_BYTES_MAX)
        buf_append_byte(&b, 'x');
    buf_append_byte(&b, '\n');
    CHECK_INT(ssh_parse_ident(buf_slice(&b), &ident, &why), -EMSGSIZE);
    buf_done(&b);
}

/* Whatever its size, a packet is a multiple of eight and reads back. */
static void a_packet_reads_back(void)
{
    static char text[40];
    for (size_t n = 1; n < sizeof(text); n++) {
        struct buf b = BUF(MEM_TEST, 0);
        struct slice payload;
        CHECK_INT(ssh_put_packet(&b, (struct slice){text, n}), 0);
        CHECK_INT(b.size % 8, 0);
        CHECK(b.data[4] >= 4);
        CHECK_INT(ssh_parse_packet(buf_slice(&b), &payload, &why), (long)b.size);
        CHECK_INT(payload.size, n);
        for (size_t cut = 0; cut < b.size; cut++)
            CHECK_INT(ssh_parse_packet((struct slice){b.data, cut}, &payload, &why), 0);
        buf_done(&b);
    }
}

static void packets_that_cannot_be(void)
{
    struct slice payload;
    CHECK_INT(ssh_parse_packet(BYTES("\xff\xff\xff\xff\x04"), &payload, &why), -EMSGSIZE);
    CHECK_INT(ssh_parse_packet(BYTES("\0\0\0\x0c\x03"), &payload, &why), -EBADMSG);
    CHECK_INT(ssh_parse_packet(BYTES("\0\0\0\x0c\x0c"), &payload, &why), -EBADMSG);
    CHECK_INT(ssh_parse_packet(BYTES("\0\0\0\x0d\x04"), &payload, &why), -EBADMSG);
    CHECK_INT(ssh_parse_packet(BYTES("\0\0\0\0\x04"), &payload, &why), -EBADMSG);
}

static void lists_are_agreed_on_as_we_prefer(void)
{
    static const uint8_t cookie[SSH_COOKIE_BYTES] = {1};
    struct buf b = BUF(MEM_TEST, 0);
    struct ssh_kexinit k;
    CHECK_INT(ssh_put_kexinit(&b, cookie, "a,b", "x,y"), 0);
    CHECK_INT(ssh_parse_kexinit(buf_slice(&b), &k, &why), 0);
    CHECK(slice_eq_cstr(k.kex, "a,b") && slice_eq_cstr(k.host_key, "x,y") && !k.guess_follows);
    for (size_t cut = 0; cut < b.size; cut++)
        CHECK_INT(ssh_parse_kexinit((struct slice){b.data, cut}, &k, &why), -EBADMSG);
    buf_done(&b);
    CHECK(slice_eq_cstr(ssh_choose(SLICE("a,b,c"), SLICE("c,b")), "b"));
    CHECK_INT(ssh_choose(SLICE("a"), SLICE("aa,ab")).size, 0);
    CHECK_INT(ssh_choose(SLICE("a"), SLICE("")).size, 0);
    CHECK_INT(ssh_choose(SLICE(""), SLICE("")).size, 0);
}

static void a_reply_has_three_parts(void)
{
    struct slice whole = BYTES("\x1f\0\0\0\2hk\0\0\0\1q\0\0\0\3sig");
    struct ssh_kexreply r;
    CHECK_INT(ssh_parse_kexreply(whole, &r, &why), 0);
    CHECK(slice_eq_cstr(r.host_key, "hk") && slice_eq_cstr(r.public_value, "q"));
    CHECK(slice_eq_cstr(r.signature, "sig"));
    for (size_t cut = 0; cut < whole.size; cut++)
        CHECK_INT(ssh_parse_kexreply(slice_sub(whole, 0, cut), &r, &why), -EBADMSG);
    CHECK_INT(ssh_parse_kexreply(BYTES("\x15"), &r, &why), -EBADMSG);
    CHECK(strstr(why.text, "message 21"));
}

static void a_farewell_has_words(void)
{
    uint32_t code;
    struct slice words;
    CHECK_INT(ssh_parse_disconnect(BYTES("\1\0\0\0\x0b\0\0\0\3bye\0\0\0\0"), &code, &words), 0);
    CHECK(code == 11 && slice_eq_cstr(words, "bye"));
    CHECK_INT(ssh_parse_disconnect(BYTES("\1\0\0\0\x0b\0\0\0\4bye"), &code, &words), -EBADMSG);
}

/* RFC 4251, 5. */
static void numbers_are_written_as_in_the_rfc(void)
{
    struct buf b = BUF(MEM_TEST, 0);
    ssh_put_mpint(&b, BYTES("\0"));
    ssh_put_mpint(&b, BYTES("\x09\xa3\x78"));
    ssh_put_mpint(&b, BYTES("\0\0\x80"));
    ssh_put_string(&b, SLICE("hi"));
    CHECK(slice_eq(buf_slice(&b), BYTES("\0\0\0\0" "\0\0\0\3\x09\xa3\x78" "\0\0\0\2\0\x80"
                                        "\0\0\0\2hi")));
    buf_done(&b);
}

int main(void)
{
    TAP_RUN(the_identification_may_have_lines_before_it);
    TAP_RUN(what_never_comes_to_the_point_has_limits);
    TAP_RUN(a_packet_reads_back);
    TAP_RUN(packets_that_cannot_be);
    TAP_RUN(lists_are_agreed_on_as_we_prefer);
    TAP_RUN(a_reply_has_three_parts);
    TAP_RUN(a_farewell_has_words);
    TAP_RUN(numbers_are_written_as_in_the_rfc);
    return tap_done();
}
