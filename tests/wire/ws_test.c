#include "wire/ws.h"

#include <errno.h>

#include "tests/tap.h"

#define BYTES(lit) ((struct slice){"" lit, sizeof(lit) - 1})

static struct ws_frame f;
static struct err why;

/* RFC 6455, 1.3. */
static void the_key_is_answered_as_in_the_rfc(void)
{
    char text[WS_ACCEPT_BYTES + 1];
    ws_accept(SLICE("dGhlIHNhbXBsZSBub25jZQ=="), text);
    CHECK_STR(text, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

/* RFC 6455, 5.7. */
static void frames_of_a_server(void)
{
    struct slice hello = BYTES("\x81\x05Hello");
    for (size_t n = 0; n < hello.size; n++)
        CHECK_INT(ws_parse(slice_sub(hello, 0, n), &f, &why), 0);
    CHECK_INT(ws_parse(BYTES("\x81\x05Hello\x89"), &f, &why), 7);
    CHECK(f.opcode == WS_TEXT && f.last && slice_eq_cstr(f.payload, "Hello"));
    CHECK_INT(ws_parse(BYTES("\x01\x03Hel"), &f, &why), 5);
    CHECK(!f.last);
    CHECK_INT(ws_parse(BYTES("\x8a\x00"), &f, &why), 2);
    CHECK(f.opcode == WS_PONG && f.payload.size == 0);
    static char large[4 + 256] = "\x82\x7e\x01\x00";
    CHECK_INT(ws_parse((struct slice){large, sizeof(large)}, &f, &why), 260);
    CHECK_INT(f.payload.size, 256);
    CHECK_INT(ws_parse((struct slice){large, 259}, &f, &why), 0);
}

static void what_no_server_may_send(void)
{
    CHECK_INT(ws_parse(BYTES("\x81\x85" "abcd" "Hello"), &f, &why), -EBADMSG);
    CHECK(strstr(why.text, "masked"));
    CHECK_INT(ws_parse(BYTES("\xc1\x00"), &f, &why), -EBADMSG);
    CHECK_INT(ws_parse(BYTES("\x83\x00"), &f, &why), -EBADMSG);
    CHECK_INT(ws_parse(BYTES("\x8b\x00"), &f, &why), -EBADMSG);
    CHECK_INT(ws_parse(BYTES("\x09\x00"), &f, &why), -EBADMSG); /* a ping in pieces */
    CHECK_INT(ws_parse(BYTES("\x89\x7e\x00\x80"), &f, &why), -EBADMSG);
    CHECK_INT(ws_parse(BYTES("\x82\x7e\x00\x7d"), &f, &why), -EBADMSG);
    CHECK_INT(ws_parse(BYTES("\x82\x7f\0\0\0\0\0\0\xff\xff"), &f, &why), -EBADMSG);
    CHECK_INT(ws_parse(BYTES("\x82\x7f\0\0\0\0\0\x10\0\x01"), &f, &why), -EMSGSIZE);
    CHECK_INT(ws_parse(BYTES("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff"), &f, &why), -EMSGSIZE);
}

/* RFC 6455, 5.7: "Hello", masked. */
static void ours_are_masked(void)
{
    static const uint8_t mask[] = {0x37, 0xfa, 0x21, 0x3d};
    struct buf b = BUF(MEM_TEST, 0), small = BUF(MEM_TEST, 8);
    static char large[70000];
    CHECK_INT(ws_put(&b, WS_TEXT, SLICE("Hello"), mask), 0);
    CHECK(slice_eq(buf_slice(&b), BYTES("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")));
    buf_clear(&b);
    CHECK_INT(ws_put(&b, WS_BINARY, (struct slice){large, 200}, mask), 0);
    CHECK_INT(b.size, 2 + 2 + 4 + 200);
    buf_clear(&b);
    CHECK_INT(ws_put(&b, WS_BINARY, (struct slice){large, sizeof(large)}, mask), 0);
    CHECK_INT(b.size, 2 + 8 + 4 + 70000);
    CHECK_INT(ws_put(&small, WS_TEXT, SLICE("Hello"), mask), -EMSGSIZE);
    CHECK_INT(small.size, 0);
    buf_done(&b);
    buf_done(&small);
}

static void a_close_may_say_why(void)
{
    uint16_t code = 7;
    struct slice words;
    CHECK_INT(ws_parse_close(BYTES("\x03\xe9" "bye"), &code, &words), 0);
    CHECK_INT(code, 1001);
    CHECK(slice_eq_cstr(words, "bye"));
    CHECK_INT(ws_parse_close(BYTES(""), &code, &words), 0);
    CHECK_INT(code, 0);
    CHECK_INT(ws_parse_close(BYTES("\x03"), &code, &words), -EBADMSG);
    CHECK_INT(ws_parse_close(BYTES("\x00\x07"), &code, &words), -EBADMSG);
}

int main(void)
{
    TAP_RUN(the_key_is_answered_as_in_the_rfc);
    TAP_RUN(frames_of_a_server);
    TAP_RUN(what_no_server_may_send);
    TAP_RUN(ours_are_masked);
    TAP_RUN(a_close_may_say_why);
    return tap_done();
}
