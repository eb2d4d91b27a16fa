#include "tests/tap.h"

#include <errno.h>

#include "wire/protobuf.h"

#define BYTES(lit) SLICE(lit)

static struct pb_field only(struct slice message)
{
    struct pb_field f = {0}, more;
    CHECK_INT(pb_next(&message, &f), 1);
    CHECK_INT(pb_next(&message, &more), 0);
    return f;
}

/* The encoding guide's own examples. */
static void the_examples_of_the_encoding_guide_are_read(void)
{
    struct pb_field f = only(BYTES("\x08\x96\x01"));
    CHECK(f.tag == PB_TAG(1, PB_VARINT) && f.number == 150);
    f = only(BYTES("\x12\x07testing"));
    CHECK(f.tag == PB_TAG(2, PB_BYTES) && slice_eq_cstr(f.bytes, "testing"));
    f = only(BYTES("\x1a\x03\x08\x96\x01"));
    CHECK(f.tag == PB_TAG(3, PB_BYTES) && only(f.bytes).number == 150);
    f = only(BYTES("\x0d\x01\x02\x03\x04"));
    CHECK(f.tag == PB_TAG(1, PB_FIXED32) && f.number == 0x04030201);
    f = only(BYTES("\x09\x01\x02\x03\x04\x05\x06\x07\x08"));
    CHECK(f.tag == PB_TAG(1, PB_FIXED64) && f.number == 0x0807060504030201);
    f = only(BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
    CHECK((int64_t)f.number == -1);
}

static void the_same_bytes_are_written(void)
{
    struct buf b = BUF(MEM_TEST, 0);
    pb_put_number(&b, 1, 150);
    pb_put_bytes(&b, 2, SLICE("testing"));
    size_t inside = pb_begin(&b, 3);
    pb_put_number(&b, 1, 150);
    pb_end(&b, inside);
    CHECK(slice_eq(buf_slice(&b), BYTES("\x08\x96\x01\x12\x07testing\x1a\x03\x08\x96\x01")));
    buf_done(&b);
}

static void a_zero_is_left_out_and_an_empty_message_is_not(void)
{
    struct buf b = BUF(MEM_TEST, 0);
    pb_put_number(&b, 1, 0);
    pb_put_bytes(&b, 2, SLICE(""));
    CHECK_INT(b.size, 0);
    pb_end(&b, pb_begin(&b, 3));
    CHECK(slice_eq(buf_slice(&b), BYTES("\x1a\x00")));
    buf_done(&b);
}

/* Sizes whose own size has one, two and three bytes, and one inside the other. */
static void messages_nest_whatever_their_size(void)
{
    static char text[20000];
    static const size_t sizes[] = {0, 1, 120, 124, 125, 126, 127, 128, 129, 16378, 16384, 20000};
    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct buf b = BUF(MEM_TEST, 0);
        size_t outer = pb_begin(&b, 4), inner = pb_begin(&b, 5);
        pb_put_bytes(&b, 6, (struct slice){text, sizes[i]});
        pb_end(&b, inner);
        pb_put_number(&b, 7, 1);
        pb_end(&b, outer);
        struct slice message = only(buf_slice(&b)).bytes;
        struct pb_field f = {0};
        CHECK(pb_next(&message, &f) == 1 && f.tag == PB_TAG(5, PB_BYTES));
        if (sizes[i])
            CHECK_INT(only(f.bytes).bytes.size, sizes[i]);
        CHECK(pb_next(&message, &f) == 1 && f.tag == PB_TAG(7, PB_VARINT));
        CHECK_INT(pb_next(&message, &f), 0);
        buf_done(&b);
    }
}

static void what_is_broken_is_refused_and_changes_nothing(void)
{
    static const struct slice broken[] = {
        BYTES("\x08"),                                             /* no value */
        BYTES("\x08\x80"),                                         /* half a number */
        BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),     /* 65 bits */
        BYTES("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), /* eleven bytes */
        BYTES("\x12\x05"
              "four"), /* longer than there is */
        BYTES("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        BYTES("\x0d\x01\x02\x03"),
        BYTES("\x09\x01\x02\x03\x04\x05\x06\x07"),
        BYTES("\x00\x01"),                 /* field 0 */
        BYTES("\x0b\x0c"),                 /* a group */
        BYTES("\x0e\x01"),                 /* type 6 */
        BYTES("\xf8\xff\xff\xff\x1f\x01"), /* a field beyond PB_FIELD_MAX */
    };
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        struct slice message = broken[i];
        struct pb_field f = {.tag = 4711};
        CHECK_INT(pb_next(&message, &f), -EBADMSG);
        CHECK(message.data == broken[i].data && message.size == broken[i].size);
        CHECK_INT(f.tag, 4711);
    }
}

int main(void)
{
    TAP_RUN(the_examples_of_the_encoding_guide_are_read);
    TAP_RUN(the_same_bytes_are_written);
    TAP_RUN(a_zero_is_left_out_and_an_empty_message_is_not);
    TAP_RUN(messages_nest_whatever_their_size);
    TAP_RUN(what_is_broken_is_refused_and_changes_nothing);
    return tap_done();
}
