#include "tests/tap.h"

#include <errno.h>

#include "wire/grpc_frame.h"

static struct err err;

static void a_message_is_there_when_its_last_byte_is(void)
{
    static const char in[] = "\0\0\0\0\3abc\0\0\0\0\0";
    struct slice message = {0};
    for (size_t n = 0; n < 8; n++)
        CHECK_INT(grpc_frame_next((struct slice){in, n}, 100, &message, &err), 0);
    CHECK(message.data == NULL);
    CHECK_INT(grpc_frame_next((struct slice){in, 13}, 100, &message, &err), 8);
    CHECK(slice_eq_cstr(message, "abc"));
    CHECK_INT(grpc_frame_next((struct slice){in + 8, 5}, 100, &message, &err), 5);
    CHECK_INT(message.size, 0);
}

static void a_message_too_large_is_refused_by_its_head(void)
{
    struct slice message = {0};
    CHECK_INT(grpc_frame_next(SLICE("\0\0\0\0\145"), 100, &message, &err), -EMSGSIZE);
    CHECK_STR(err.text, "a message of 101 bytes: at most 100");
    CHECK_INT(grpc_frame_next(SLICE("\0\377\377\377\377"), UINT32_MAX - 1, &message, &err),
              -EMSGSIZE);
    CHECK_INT(grpc_frame_next(SLICE("\0\0\0\0\144"), 100, &message, &err), 0);
}

static void a_flag_is_nothing_or_compression_which_we_do_not_speak(void)
{
    struct slice message = {0};
    CHECK_INT(grpc_frame_next(SLICE("\1\0\0\0\0"), 100, &message, &err), -EPROTONOSUPPORT);
    CHECK_INT(grpc_frame_next(SLICE("\2\0\0\0\0"), 100, &message, &err), -EBADMSG);
}

static void the_head_that_is_written_is_read(void)
{
    static const uint32_t sizes[] = {0, 1, 255, 256, 65536, 0x01020304};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char head[GRPC_HEAD_BYTES];
        struct slice message;
        grpc_frame_head(sizes[i], head);
        ptrdiff_t r = grpc_frame_next((struct slice){head, sizeof(head)}, sizes[i], &message, &err);
        CHECK_INT(r, sizes[i] ? 0 : GRPC_HEAD_BYTES);
        if (sizes[i])
            CHECK_INT(
                grpc_frame_next((struct slice){head, sizeof(head)}, sizes[i] - 1, &message, &err),
                -EMSGSIZE);
    }
}

static void timeouts_have_eight_digits_at_most_and_are_never_too_short(void)
{
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {0, "1n"},
        {-5, "1n"},
        {1, "1n"},
        {99999998, "99999998n"},
        {100 * 1000 * 1000, "100000u"},
        {100 * 1000 * 1000 + 1, "100001u"},
        {5 * INT64_C(1000000000), "5000000u"},
        {3600 * INT64_C(1000000000), "3600000m"},
        {365 * 86400 * INT64_C(1000000000), "31536000S"},
        {INT64_MAX, "99999999S"},
    };
    char text[GRPC_TIMEOUT_BYTES];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        grpc_timeout_format(cases[i].ns, text);
        CHECK_STR(text, cases[i].text);
    }
}

static const char *decoded(const char *text)
{
    static char got[64];
    struct buf b = BUF(MEM_TEST, 0);
    CHECK_INT(grpc_message_decode(slice_from(text), &b), 0);
    snprintf(got, sizeof(got), "%s", b.data ? b.data : "");
    buf_done(&b);
    return got;
}

static void a_message_of_a_status_is_percent_decoded_as_far_as_it_is_encoded(void)
{
    CHECK_STR(decoded(""), "");
    CHECK_STR(decoded("etcdserver: no leader"), "etcdserver: no leader");
    CHECK_STR(decoded("%09a%E2%82%ac%25"), "\ta\xe2\x82\xac%");
    CHECK_STR(decoded("100% sure %zz %4"), "100% sure %zz %4");
    CHECK_STR(decoded("%"), "%");
    struct buf full = BUF(MEM_TEST, 2);
    CHECK_INT(grpc_message_decode(SLICE("abc"), &full), -EMSGSIZE);
    CHECK_INT(full.size, 0);
    buf_done(&full);
}

static void codes_have_names_and_strange_ones_are_unknown(void)
{
    CHECK_INT(grpc_code_parse(SLICE("0")), GRPC_OK);
    CHECK_INT(grpc_code_parse(SLICE("16")), GRPC_UNAUTHENTICATED);
    CHECK_INT(grpc_code_parse(SLICE("17")), GRPC_UNKNOWN);
    CHECK_INT(grpc_code_parse(SLICE("")), GRPC_UNKNOWN);
    CHECK_INT(grpc_code_parse(SLICE("-1")), GRPC_UNKNOWN);
    CHECK_STR(grpc_code_name(GRPC_UNAVAILABLE), "UNAVAILABLE");
    CHECK_STR(grpc_code_name(99), "UNKNOWN");
    for (uint32_t i = 0; i < GRPC_CODE_COUNT; i++)
        CHECK(grpc_code_name(i)[0] != 0);
    CHECK_INT(grpc_code_from_http(503), GRPC_UNAVAILABLE);
    CHECK_INT(grpc_code_from_http(404), GRPC_UNIMPLEMENTED);
    CHECK_INT(grpc_code_from_http(418), GRPC_UNKNOWN);
}

int main(void)
{
    TAP_RUN(a_message_is_there_when_its_last_byte_is);
    TAP_RUN(a_message_too_large_is_refused_by_its_head);
    TAP_RUN(a_flag_is_nothing_or_compression_which_we_do_not_speak);
    TAP_RUN(the_head_that_is_written_is_read);
    TAP_RUN(timeouts_have_eight_digits_at_most_and_are_never_too_short);
    TAP_RUN(a_message_of_a_status_is_percent_decoded_as_far_as_it_is_encoded);
    TAP_RUN(codes_have_names_and_strange_ones_are_unknown);
    return tap_done();
}
