#include "wire/pgwire.h"

#include <errno.h>

#include "tests/tap.h"

#define BYTES(lit) ((struct slice){"" lit, sizeof(lit) - 1})

static struct pgwire_message m;
static struct err why;

static void a_message_is_taken_whole(void)
{
    struct slice whole = BYTES("R\0\0\0\x0c\0\0\0\x05salt");
    for (size_t n = 0; n < whole.size; n++)
        CHECK_INT(pgwire_parse(slice_sub(whole, 0, n), &m, &why), 0);
    CHECK_INT(pgwire_parse(BYTES("R\0\0\0\x0c\0\0\0\x05saltZ"), &m, &why), 13);
    CHECK_INT(m.type, 'R');
    uint32_t method;
    struct slice data;
    CHECK_INT(pgwire_parse_auth(m.body, &method, &data), 0);
    CHECK_INT(method, PGWIRE_AUTH_MD5);
    CHECK(slice_eq_cstr(data, "salt"));
    CHECK_INT(pgwire_parse_auth(BYTES("\0\0\0\x05sal"), &method, &data), -EBADMSG);
    CHECK_INT(pgwire_parse_auth(BYTES("\0\0\0"), &method, &data), -EBADMSG);
}

static void what_is_no_message_is_said(void)
{
    CHECK_INT(pgwire_parse(SLICE("HTTP/1.1"), &m, &why), -EBADMSG);
    CHECK_INT(pgwire_parse(BYTES("R\0\0\0\x03"), &m, &why), -EBADMSG);
    CHECK_INT(pgwire_parse(BYTES("R\0\1\0\1"), &m, &why), -EMSGSIZE);
    CHECK(strstr(why.text, "65537 bytes"));
}

static void a_fault_has_its_fields_in_any_order(void)
{
    struct pgwire_fault f;
    CHECK_INT(pgwire_parse_fault(BYTES("Mstarting up\0VFATAL\0SFATAL\0C57P03\0\0"), &f), 0);
    CHECK(slice_eq_cstr(f.severity, "FATAL") && slice_eq_cstr(f.code, "57P03"));
    CHECK(slice_eq_cstr(f.message, "starting up"));
    CHECK_INT(pgwire_parse_fault(BYTES("\0"), &f), 0);
    CHECK_INT(f.message.size, 0);
    CHECK_INT(pgwire_parse_fault(BYTES("Mno end"), &f), -EBADMSG);
    CHECK_INT(pgwire_parse_fault(BYTES("Mno list's end\0"), &f), -EBADMSG);
}

static void mechanisms_are_words_of_a_list(void)
{
    struct slice list = BYTES("SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0");
    CHECK(pgwire_has_mechanism(list, "SCRAM-SHA-256"));
    CHECK(!pgwire_has_mechanism(list, "SCRAM-SHA-1"));
    CHECK(!pgwire_has_mechanism(BYTES("SCRAM-SHA-256"), "SCRAM-SHA-256")); /* without its end */
}

static void our_messages_have_their_length(void)
{
    struct buf b = BUF(MEM_TEST, 0);
    CHECK_INT(pgwire_ssl_request(&b), 0);
    CHECK(slice_eq(buf_slice(&b), BYTES("\0\0\0\x08\x04\xd2\x16\x2f")));
    buf_clear(&b);
    CHECK_INT(pgwire_startup(&b, SLICE("me"), SLICE("db")), 0);
    CHECK(slice_eq(buf_slice(&b), BYTES("\0\0\0\x38\0\x03\0\0user\0me\0database\0db\0"
                                        "application_name\0firebreak\0\0")));
    buf_clear(&b);
    CHECK_INT(pgwire_sasl_initial(&b, "SCRAM-SHA-256", SLICE("n,,")), 0);
    CHECK(slice_eq(buf_slice(&b), BYTES("p\0\0\0\x19SCRAM-SHA-256\0\0\0\0\x03n,,")));
    buf_clear(&b);
    CHECK_INT(pgwire_password(&b, SLICE("pw")), 0);
    CHECK_INT(pgwire_query(&b, "SELECT 1"), 0);
    CHECK_INT(pgwire_terminate(&b), 0);
    CHECK(slice_eq(buf_slice(&b), BYTES("p\0\0\0\x07pw\0Q\0\0\0\x0dSELECT 1\0X\0\0\0\x04")));
    buf_done(&b);
    struct buf small = BUF(MEM_TEST, 12);
    CHECK_INT(pgwire_startup(&small, SLICE("me"), SLICE("db")), -EMSGSIZE);
    CHECK_INT(small.size, 0);
    buf_done(&small);
}

/* By another implementation: python3's hashlib. */
static void md5_answers_the_salt(void)
{
    char text[36];
    pgwire_md5(SLICE("old"), SLICE("one"), SLICE("abcd"), text);
    CHECK_STR(text, "md58dcb46d9e4711ed3318e45f072a781f1");
}

int main(void)
{
    TAP_RUN(a_message_is_taken_whole);
    TAP_RUN(what_is_no_message_is_said);
    TAP_RUN(a_fault_has_its_fields_in_any_order);
    TAP_RUN(mechanisms_are_words_of_a_list);
    TAP_RUN(our_messages_have_their_length);
    TAP_RUN(md5_answers_the_salt);
    return tap_done();
}
