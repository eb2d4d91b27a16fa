#include "wire/grpc_frame.h"

#include <errno.h>

static const char *const names[GRPC_CODE_COUNT] = {
    [GRPC_OK] = "OK",
    [GRPC_CANCELLED] = "CANCELLED",
    [GRPC_UNKNOWN] = "UNKNOWN",
    [GRPC_INVALID_ARGUMENT] = "INVALID_ARGUMENT",
    [GRPC_DEADLINE_EXCEEDED] = "DEADLINE_EXCEEDED",
    [GRPC_NOT_FOUND] = "NOT_FOUND",
    [GRPC_ALREADY_EXISTS] = "ALREADY_EXISTS",
    [GRPC_PERMISSION_DENIED] = "PERMISSION_DENIED",
    [GRPC_RESOURCE_EXHAUSTED] = "RESOURCE_EXHAUSTED",
    [GRPC_FAILED_PRECONDITION] = "FAILED_PRECONDITION",
    [GRPC_ABORTED] = "ABORTED",
    [GRPC_OUT_OF_RANGE] = "OUT_OF_RANGE",
    [GRPC_UNIMPLEMENTED] = "UNIMPLEMENTED",
    [GRPC_INTERNAL] = "INTERNAL",
    [GRPC_UNAVAILABLE] = "UNAVAILABLE",
    [GRPC_DATA_LOSS] = "DATA_LOSS",
    [GRPC_UNAUTHENTICATED] = "UNAUTHENTICATED",
};

const char *grpc_code_name(uint32_t code)
{
    return names[code < GRPC_CODE_COUNT ? code : GRPC_UNKNOWN];
}

enum grpc_code grpc_code_parse(struct slice text)
{
    uint64_t code;
    if (slice_to_u64(text, GRPC_CODE_COUNT - 1, &code) < 0)
        return GRPC_UNKNOWN;
    return (enum grpc_code)code;
}

enum grpc_code grpc_code_from_http(uint32_t status)
{
    switch (status) {
    case 400:
        return GRPC_INTERNAL;
    case 401:
        return GRPC_UNAUTHENTICATED;
    case 403:
        return GRPC_PERMISSION_DENIED;
    case 404:
        return GRPC_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
        return GRPC_UNAVAILABLE;
    default:
        return GRPC_UNKNOWN;
    }
}

void grpc_frame_head(uint32_t size, char to[GRPC_HEAD_BYTES])
{
    to[0] = 0; /* not compressed */
    to[1] = (char)(size >> 24);
    to[2] = (char)(size >> 16);
    to[3] = (char)(size >> 8);
    to[4] = (char)size;
}

ptrdiff_t grpc_frame_next(struct slice in, uint32_t bytes_max, struct slice *ret_message,
                          struct err *err)
{
    if (in.size < GRPC_HEAD_BYTES)
        return 0;
    const unsigned char *head = (const unsigned char *)in.data;
    uint32_t size = (uint32_t)head[1] << 24 | (uint32_t)head[2] << 16 | (uint32_t)head[3] << 8 |
                    (uint32_t)head[4];
    if (head[0] == 1)
        return err_set(err, -EPROTONOSUPPORT, "a compressed message, which was not asked for");
    if (head[0] != 0)
        return err_set(err, -EBADMSG, "a message with the flag %u", head[0]);
    if (size > bytes_max)
        return err_set(err, -EMSGSIZE, "a message of %u bytes: at most %u", size, bytes_max);
    if (in.size - GRPC_HEAD_BYTES < size)
        return 0;
    *ret_message = (struct slice){in.data + GRPC_HEAD_BYTES, size};
    return GRPC_HEAD_BYTES + (ptrdiff_t)size;
}

void grpc_timeout_format(int64_t left_ns, char to[GRPC_TIMEOUT_BYTES])
{
    static const struct {
        int64_t ns;
        char letter;
    } units[] = {
        {1, 'n'},
        {1000, 'u'},
        {1000 * 1000, 'm'},
        {1000 * 1000 * 1000, 'S'},
    };
    enum { DIGITS_END = 100 * 1000 * 1000 }; /* the first number that needs nine */
    size_t last = ARRAY_LEN(units) - 1, i = 0;
    if (left_ns < 1)
        left_ns = 1;
    while (i < last && left_ns / units[i].ns >= DIGITS_END - 1)
        i++;
    int64_t count = left_ns / units[i].ns + (left_ns % units[i].ns != 0);
    if (count >= DIGITS_END)
        count = DIGITS_END - 1; /* three years */
    char digits[8];
    size_t n = 0, at = 0;
    for (; count > 0; count /= 10)
        digits[n++] = (char)('0' + count % 10);
    while (n > 0)
        to[at++] = digits[--n];
    to[at++] = units[i].letter;
    to[at] = 0;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int grpc_message_decode(struct slice text, struct buf *out)
{
    struct buf made = BUF(out->sub, 0);
    for (size_t i = 0; i < text.size; i++) {
        int high = text.data[i] == '%' && i + 2 < text.size ? hex(text.data[i + 1]) : -1;
        int low = high >= 0 ? hex(text.data[i + 2]) : -1;
        char byte = text.data[i];
        if (low >= 0) {
            byte = (char)(high << 4 | low);
            i += 2;
        }
        buf_append_byte(&made, byte);
    }
    int r = buf_append(out, made.data, made.size);
    buf_done(&made);
    return r;
}
