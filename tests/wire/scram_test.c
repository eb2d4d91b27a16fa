#include "wire/scram.h"

#include <errno.h>

#include "tests/tap.h"

static struct scram s;
static struct buf text;
static struct err why;
static const char nonce[] = "rOprNGfwEbeRWgbNEkqO....";

static const char *first(void)
{
    buf_clear(&text);
    scram_first(&s, SLICE("pencil"), nonce, &text);
    return text.data;
}

static int final(const char *challenge)
{
    first();
    buf_clear(&text);
    err_clear(&why);
    return scram_final(&s, slice_from(challenge), &text, &why);
}

static void it_begins_with_our_nonce(void)
{
    CHECK_STR(first(), "n,,n=,r=rOprNGfwEbeRWgbNEkqO....");
}

/* The numbers are from python3's hashlib and hmac. */
static void the_proof_is_that_of_another_implementation(void)
{
    CHECK_INT(final("r=rOprNGfwEbeRWgbNEkqO....%hvYDpWUa2,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"), 0);
    CHECK_STR(text.data, "c=biws,r=rOprNGfwEbeRWgbNEkqO....%hvYDpWUa2,"
                         "p=+zX1Qe33dvy2T84fLJdVbYQH1ivguuRolpFmS/oVqC4=");
    CHECK_INT(scram_check(&s, SLICE("v=G/rTRAgj20wfLw7qmN1b3fGtaDUlGUYvyg2GKbMJxFA="), &why), 0);
    struct slice zeroes = SLICE("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    CHECK_INT(scram_check(&s, zeroes, &why), -EBADMSG);
    CHECK_INT(scram_check(&s, SLICE("v=AAAA"), &why), -EBADMSG);
    CHECK_INT(scram_check(&s, SLICE(""), &why), -EBADMSG);
    CHECK_INT(scram_check(&s, SLICE("e=invalid-proof"), &why), -EACCES);
    CHECK_STR(why.text, "invalid-proof");
}

static void a_challenge_that_is_not_for_us_is_refused(void)
{
    static const struct {
        const char *text;
        int code;
    } wrong[] = {
        {"", -EBADMSG},
        {"s=QQ==,i=1", -EBADMSG},
        {"r=other,s=QQ==,i=4096", -EBADMSG},
        {"r=rOprNGfwEbeRWgbNEkqO....,s=QQ==,i=4096", -EBADMSG}, /* nothing of its own */
        {"r=rOprNGfwEbeRWgbNEkqO....x,s=,i=4096", -EBADMSG},
        {"r=rOprNGfwEbeRWgbNEkqO....x,s=Q,i=4096", -EBADMSG},
        {"r=rOprNGfwEbeRWgbNEkqO....x,s=QQ==,i=0", -EBADMSG},
        {"r=rOprNGfwEbeRWgbNEkqO....x,s=QQ==,i=x", -EBADMSG},
        {"r=rOprNGfwEbeRWgbNEkqO....x,s=QQ==", -EBADMSG},
        {"r=rOprNGfwEbeRWgbNEkqO....x,s=QQ==,i=1000001", -EMSGSIZE},
        {"m=ext,r=rOprNGfwEbeRWgbNEkqO....x,s=QQ==,i=1", -EBADMSG},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        CHECK_INT(final(wrong[i].text), wrong[i].code);
        CHECK(why.text[0] && text.size == 0);
        struct slice zeroes = SLICE("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        CHECK_INT(scram_check(&s, zeroes, &why), -EBADMSG); /* nothing is not a signature */
    }
}

int main(void)
{
    text = BUF(MEM_TEST, 0);
    TAP_RUN(it_begins_with_our_nonce);
    TAP_RUN(the_proof_is_that_of_another_implementation);
    TAP_RUN(a_challenge_that_is_not_for_us_is_refused);
    buf_done(&text);
    return tap_done();
}
