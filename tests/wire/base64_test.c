#include "tests/tap.h"

#include "wire/base64.h"

#include <errno.h>

static struct err err;

static const char *encoded(const char *bytes, enum base64_alphabet a, enum base64_padding p)
{
    static char text[64];
    struct buf b = BUF(MEM_TEST, 0);
    CHECK_INT(base64_encode(slice_from(bytes), a, p, &b), 0);
    CHECK_INT(b.size, base64_encoded_size(strlen(bytes), p));
    snprintf(text, sizeof(text), "%s", b.data ? b.data : "");
    buf_done(&b);
    return text;
}

static void the_rfcs_own_examples_come_out(void)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CHECK_STR(encoded(cases[i][0], BASE64_STD, BASE64_PADDED), cases[i][1]);
    CHECK_STR(encoded("f", BASE64_URL, BASE64_UNPADDED), "Zg");
    CHECK_STR(encoded("fo", BASE64_URL, BASE64_UNPADDED), "Zm8");
    CHECK_STR(encoded("\373\377\276", BASE64_STD, BASE64_PADDED), "+/++");
    CHECK_STR(encoded("\373\377\276", BASE64_URL, BASE64_EITHER), "-_--");
}

static void every_sequence_of_bytes_comes_back(void)
{
    char bytes[70];
    for (size_t size = 0; size < sizeof(bytes); size++)
        for (int p = BASE64_PADDED; p <= BASE64_UNPADDED; p++) {
            struct buf text = BUF(MEM_TEST, 0), back = BUF(MEM_TEST, size ? size : 1);
            for (size_t i = 0; i < size; i++)
                bytes[i] = (char)(i * 37 + size * 11);
            enum base64_padding pad = (enum base64_padding)p;
            CHECK_INT(base64_encode((struct slice){bytes, size}, BASE64_URL, pad, &text), 0);
            CHECK_INT(base64_decode(buf_slice(&text), BASE64_URL, pad, &back, &err), 0);
            CHECK(slice_eq(buf_slice(&back), (struct slice){bytes, size}));
            buf_clear(&back);
            CHECK_INT(base64_decode(buf_slice(&text), BASE64_URL, BASE64_EITHER, &back, &err), 0);
            buf_done(&text);
            buf_done(&back);
        }
}

struct refusal {
    const char *text;
    enum base64_padding padding;
    const char *why;
};

static void text_that_encoding_cannot_produce_is_refused(void)
{
    static const struct refusal cases[] = {
        {"Zg", BASE64_PADDED, "base64: with its '=' the length is no multiple of four"},
        {"Zg=", BASE64_EITHER, "base64: with its '=' the length is no multiple of four"},
        {"Zg==", BASE64_UNPADDED, "base64: '=' at the end is not wanted here"},
        {"Z", BASE64_EITHER, "base64: a last letter is missing or too many"},
        {"Z===", BASE64_EITHER, "base64: byte 2 (0x3d) is no letter of it"},
        {"Zm9v=", BASE64_EITHER, "base64: with its '=' the length is no multiple of four"},
        {"====", BASE64_EITHER, "base64: byte 1 (0x3d) is no letter of it"},
        {"Zm=v", BASE64_EITHER, "base64: byte 3 (0x3d) is no letter of it"},
        {"Zm9\n", BASE64_EITHER, "base64: byte 4 (0x0a) is no letter of it"},
        {"Zm9-", BASE64_EITHER, "base64: byte 4 (0x2d) is no letter of it"},
        {"Zm9\377", BASE64_EITHER, "base64: byte 4 (0xff) is no letter of it"},
        {"Zh==", BASE64_EITHER, "base64: the last letter holds bits of no byte"},
        {"Zm9vYmF=", BASE64_EITHER, "base64: the last letter holds bits of no byte"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf out = BUF(MEM_TEST, 0);
        CHECK_INT(buf_append_cstr(&out, "before"), 0);
        CHECK_INT(
            base64_decode(slice_from(cases[i].text), BASE64_STD, cases[i].padding, &out, &err),
            -EINVAL);
        CHECK_STR(err.text, cases[i].why);
        CHECK_STR(out.data, "before");
        buf_done(&out);
    }
}

static void a_full_buffer_is_left_as_it_was(void)
{
    struct buf out = BUF(MEM_TEST, 3);
    CHECK_INT(base64_encode(SLICE("a"), BASE64_STD, BASE64_PADDED, &out), -EMSGSIZE);
    CHECK_INT(base64_decode(SLICE("Zm9vYg=="), BASE64_STD, BASE64_PADDED, &out, &err), -EMSGSIZE);
    CHECK_INT(out.size, 0);
    CHECK_INT(base64_decode(SLICE("Zm9v"), BASE64_STD, BASE64_PADDED, &out, &err), 0);
    CHECK_STR(out.data, "foo");
    buf_done(&out);
}

int main(void)
{
    TAP_RUN(the_rfcs_own_examples_come_out);
    TAP_RUN(every_sequence_of_bytes_comes_back);
    TAP_RUN(text_that_encoding_cannot_produce_is_refused);
    TAP_RUN(a_full_buffer_is_left_as_it_was);
    return tap_done();
}
