#include "wire/resp.h"

#include <errno.h>

#include "tests/tap.h"

static struct resp_reply reply;
static struct err why;

static ptrdiff_t parse(const char *text)
{
    err_clear(&why);
    return resp_parse(slice_from(text), &reply, &why);
}

static void each_type_is_read(void)
{
    CHECK_INT(parse("+PONG\r\nrest"), 7);
    CHECK(reply.type == RESP_STRING && slice_eq_cstr(reply.text, "PONG"));
    CHECK_INT(parse("-ERR no\r\n"), 9);
    CHECK(reply.type == RESP_ERROR && slice_eq_cstr(reply.text, "ERR no"));
    CHECK_INT(parse(":-42\r\n"), 6);
    CHECK(reply.type == RESP_INTEGER && reply.integer == -42);
    CHECK_INT(parse("$5\r\na\r\nbc\r\n"), 11);
    CHECK(reply.type == RESP_BULK && slice_eq_cstr(reply.text, "a\r\nbc"));
    CHECK_INT(parse("$-1\r\n"), 5);
    CHECK_INT(reply.type, RESP_NULL);
    CHECK_INT(parse("$0\r\n\r\n"), 6);
    CHECK(reply.type == RESP_BULK && reply.text.size == 0);
}

static void arrays_are_taken_whole(void)
{
    CHECK_INT(parse("*2\r\n*1\r\n+a\r\n$1\r\nb\r\nX"), 19);
    CHECK(reply.type == RESP_ARRAY && reply.integer == 2);
    CHECK_INT(parse("*0\r\n"), 4);
    CHECK_INT(parse("*-1\r\n"), 5);
    CHECK_INT(reply.type, RESP_NULL);
}

/* Cut anywhere, a reply is not there yet, and never an error. */
static void what_is_cut_is_waited_for(void)
{
    static const char whole[] = "*3\r\n+ok\r\n$4\r\nabcd\r\n:7\r\n";
    for (size_t n = 0; n < sizeof(whole) - 1; n++)
        CHECK_INT(resp_parse((struct slice){whole, n}, &reply, &why), 0);
    CHECK_INT(parse(whole), (long)sizeof(whole) - 1);
}

static void what_is_wrong_is_said_and_the_result_untouched(void)
{
    static const struct {
        const char *text, *says;
        int code;
    } wrong[] = {
        {"HTTP/1.1 400\r\n", "byte 0x48", -EBADMSG},
        {"+a\n", "CR LF", -EBADMSG},
        {":x\r\n", "integer", -EBADMSG},
        {"$x\r\n", "length", -EBADMSG},
        {"$3\r\nabcd\r\n", "CR LF", -EBADMSG},
        {"$1048577\r\n", "1048576", -EMSGSIZE},
        {"*65537\r\n", "65536", -EMSGSIZE},
        {"*65535\r\n*65535\r\n", "65536 items", -EMSGSIZE},
        {"*1\r\n?", "byte 0x3f", -EBADMSG},
    };
    parse("+kept\r\n");
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        CHECK_INT(parse(wrong[i].text), wrong[i].code);
        CHECK(strstr(why.text, wrong[i].says));
        CHECK(slice_eq_cstr(reply.text, "kept"));
    }
}

static void a_line_without_an_end_has_a_limit(void)
{
    static char text[RESP_LINE_BYTES_MAX + 10];
    memset(text, 'x', sizeof(text));
    text[0] = '+';
    CHECK_INT(resp_parse((struct slice){text, RESP_LINE_BYTES_MAX}, &reply, &why), 0);
    CHECK_INT(resp_parse((struct slice){text, sizeof(text)}, &reply, &why), -EMSGSIZE);
}

static void a_command_carries_any_byte(void)
{
    struct buf b = BUF(MEM_TEST, 0), small = BUF(MEM_TEST, 10);
    struct slice words[] = {SLICE("AUTH"), SLICE("a\r\n\0b")};
    CHECK_INT(resp_command(&b, words, 2), 0);
    CHECK(slice_eq(buf_slice(&b), SLICE("*2\r\n$4\r\nAUTH\r\n$5\r\na\r\n\0b\r\n")));
    CHECK_INT(resp_command(&small, words, 2), -EMSGSIZE);
    CHECK_INT(small.size, 0);
    buf_done(&b);
    buf_done(&small);
}

int main(void)
{
    TAP_RUN(each_type_is_read);
    TAP_RUN(arrays_are_taken_whole);
    TAP_RUN(what_is_cut_is_waited_for);
    TAP_RUN(what_is_wrong_is_said_and_the_result_untouched);
    TAP_RUN(a_line_without_an_end_has_a_limit);
    TAP_RUN(a_command_carries_any_byte);
    return tap_done();
}
