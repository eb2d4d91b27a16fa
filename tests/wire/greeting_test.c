#include "wire/greeting.h"

#include <errno.h>

#include "tests/tap.h"

#define BYTES(lit) ((struct slice){"" lit, sizeof(lit) - 1})

static struct err why;

static void lines_end_with_or_without_cr(void)
{
    struct slice line;
    CHECK_INT(greeting_parse_line(SLICE("* OK ready\r\nmore"), &line, &why), 12);
    CHECK(slice_eq_cstr(line, "* OK ready"));
    CHECK_INT(greeting_parse_line(SLICE("\n"), &line, &why), 1);
    CHECK_INT(line.size, 0);
    CHECK_INT(greeting_parse_line(SLICE("no end"), &line, &why), 0);
    static char text[GREETING_LINE_BYTES_MAX];
    memset(text, 'x', sizeof(text));
    CHECK_INT(greeting_parse_line((struct slice){text, sizeof(text) - 1}, &line, &why), 0);
    CHECK_INT(greeting_parse_line((struct slice){text, sizeof(text)}, &line, &why), -EMSGSIZE);
}

static void an_smtp_reply_has_all_its_lines(void)
{
    static const char whole[] = "250-mail.test\r\n250-starttls\r\n250-SIZE 10\r\n250 HELP\r\n";
    struct smtp_reply r;
    for (size_t n = 0; n < sizeof(whole) - 1; n++)
        CHECK_INT(smtp_parse((struct slice){whole, n}, &r, &why), 0);
    CHECK_INT(smtp_parse(slice_from(whole), &r, &why), (long)sizeof(whole) - 1);
    CHECK(r.code == 250 && slice_eq_cstr(r.last, "HELP"));
    CHECK(smtp_offers(&r, "STARTTLS") && smtp_offers(&r, "size") && !smtp_offers(&r, "AUTH"));
    CHECK_INT(smtp_parse(SLICE("220\r\n"), &r, &why), 5);
    CHECK(r.code == 220 && r.last.size == 0);
}

static void what_is_no_smtp_is_said(void)
{
    struct smtp_reply r;
    CHECK_INT(smtp_parse(SLICE("SSH-2.0-x\r\n"), &r, &why), -EBADMSG);
    CHECK_INT(smtp_parse(SLICE("22\r\n"), &r, &why), -EBADMSG);
    CHECK_INT(smtp_parse(SLICE("100 hm\r\n"), &r, &why), -EBADMSG);
    CHECK_INT(smtp_parse(SLICE("220ready\r\n"), &r, &why), -EBADMSG);
    CHECK_INT(smtp_parse(SLICE("250-a\r\n251 b\r\n"), &r, &why), -EBADMSG);
    struct buf b = BUF(MEM_TEST, 0);
    for (int i = 0; i < GREETING_LINES_MAX; i++)
        buf_append_cstr(&b, "250-x\r\n");
    CHECK_INT(smtp_parse(buf_slice(&b), &r, &why), -EMSGSIZE);
    buf_done(&b);
}

#define HELLO "\x0a" "8.0.36\0" "\1\0\0\0" "12345678" "\0"

static void a_mysql_greeting_says_whether_there_is_tls(void)
{
    struct mysql_greeting g;
    struct slice with = BYTES("\x17\0\0\0" HELLO "\x00\x0a");
    for (size_t n = 0; n < with.size; n++)
        CHECK_INT(mysql_parse(slice_sub(with, 0, n), &g, &why), 0);
    CHECK_INT(mysql_parse(with, &g, &why), 27);
    CHECK(g.has_tls && g.fault == 0 && slice_eq_cstr(g.version, "8.0.36"));
    CHECK_INT(mysql_parse(BYTES("\x17\0\0\0" HELLO "\xff\xf7"), &g, &why), 27);
    CHECK(!g.has_tls);
}

static void a_mysql_that_takes_nobody_says_why(void)
{
    struct mysql_greeting g;
    CHECK_INT(mysql_parse(BYTES("\x0b\0\0\0\xff\x10\x04Too many"), &g, &why), 15);
    CHECK_INT(g.fault, 1040);
    CHECK(slice_eq_cstr(g.words, "Too many"));
    CHECK_INT(mysql_parse(BYTES("\x0b\0\0\0\xff\x10\x04#08004no"), &g, &why), 15);
    CHECK(slice_eq_cstr(g.words, "no"));
}

static void what_is_no_mysql_is_said(void)
{
    struct mysql_greeting g;
    CHECK_INT(mysql_parse(SLICE("SSH-2.0-x\r\n"), &g, &why), -EBADMSG);
    CHECK_INT(mysql_parse(BYTES("\x03\0\0\0\x09" "ab"), &g, &why), -EBADMSG);
    CHECK_INT(mysql_parse(BYTES("\x03\0\0\0\x0a" "ab"), &g, &why), -EBADMSG);
    CHECK_INT(mysql_parse(BYTES("\x16\0\0\0" HELLO "\x00\x0a"), &g, &why), -EBADMSG);
    CHECK_INT(mysql_parse(BYTES("\x01\0\x01\0"), &g, &why), -EMSGSIZE);
}

static void the_request_for_tls_is_one_packet(void)
{
    struct buf b = BUF(MEM_TEST, 0);
    CHECK_INT(mysql_ssl_request(&b), 0);
    CHECK_INT(b.size, 36);
    CHECK(b.data[0] == 32 && b.data[3] == 1); /* its length, and second in the conversation */
    CHECK((uint8_t)b.data[5] & 0x08);         /* CLIENT_SSL */
    buf_done(&b);
}

int main(void)
{
    TAP_RUN(lines_end_with_or_without_cr);
    TAP_RUN(an_smtp_reply_has_all_its_lines);
    TAP_RUN(what_is_no_smtp_is_said);
    TAP_RUN(a_mysql_greeting_says_whether_there_is_tls);
    TAP_RUN(a_mysql_that_takes_nobody_says_why);
    TAP_RUN(what_is_no_mysql_is_said);
    TAP_RUN(the_request_for_tls_is_one_packet);
    return tap_done();
}
