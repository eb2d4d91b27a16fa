#include "wire/http1.h"

#include <errno.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* All of them or none. Every request is made of these: printf would be a tenth of its price. */
static int put_parts(struct buf *out, const struct slice *parts, size_t count)
{
    size_t size = 0;
    char *room;
    for (size_t i = 0; i < count; i++)
        size += parts[i].size;
    int r = buf_reserve(out, size, &room);
    if (r < 0)
        return r;
    for (size_t i = 0; i < count; i++)
        buf_append_slice(out, parts[i]);
    return 0;
}

int http1_put_request(struct buf *out, struct slice method, struct slice target, struct err *err)
{
    if (!http1_is_token(method))
        return err_set(err, -EINVAL, "the method '%.*s' is no token", SLICE_ARG(method));
    for (size_t i = 0; i < target.size; i++) {
        unsigned char c = (unsigned char)target.data[i];
        if (c <= 0x20 || c >= 0x7F)
            return err_set(err, -EINVAL, "byte %zu of the target must be percent-encoded", i + 1);
    }
    if (target.size == 0)
        return err_set(err, -EINVAL, "the target is empty");
    const struct slice parts[] = {method, SLICE(" "), target, SLICE(" HTTP/1.1\r\n")};
    return put_parts(out, parts, ARRAY_LEN(parts));
}

int http1_put_status(struct buf *out, uint16_t status, struct slice reason, struct err *err)
{
    if (status < 100 || status > 999)
        return err_set(err, -EINVAL, "%u is no status: 100 to 999", status);
    if (!http1_is_text(reason))
        return err_set(err, -EINVAL, "the words behind the status hold a control byte");
    if (reason.size == 0)
        reason = slice_from(http1_status_words(status));
    return buf_printf(out, "HTTP/1.1 %u %.*s\r\n", status, SLICE_ARG(reason));
}

int http1_put_field(struct buf *out, struct slice name, struct slice value, struct err *err)
{
    if (!http1_is_token(name))
        return err_set(err, -EINVAL, "'%.*s' is no name of a field", SLICE_ARG(name));
    if (!http1_is_text(value))
        return err_set(err, -EINVAL, "the value of '%.*s' holds a control byte", SLICE_ARG(name));
    if (value.size && (is_blank(value.data[0]) || is_blank(value.data[value.size - 1])))
        return err_set(err, -EINVAL, "the value of '%.*s' has white space around it",
                       SLICE_ARG(name));
    const struct slice parts[] = {name, SLICE(": "), value, SLICE("\r\n")};
    return put_parts(out, parts, ARRAY_LEN(parts));
}

int http1_put_end(struct buf *out)
{
    return buf_append_cstr(out, "\r\n");
}

int http1_put_chunk_begin(struct buf *out, uint64_t size)
{
    return buf_printf(out, "%llx\r\n", (unsigned long long)size);
}

int http1_put_chunk_end(struct buf *out)
{
    return buf_append_cstr(out, "\r\n");
}

int http1_put_last_chunk(struct buf *out)
{
    return buf_append_cstr(out, "0\r\n\r\n");
}

/* RFC 9110, 15, and the few that came later. */
static const struct {
    uint16_t status;
    const char *words;
} statuses[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {511, "Network Authentication Required"},
};

const char *http1_status_words(uint16_t status)
{
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        if (statuses[i].status == status)
            return statuses[i].words;
    return "";
}

bool http1_is_idempotent(struct slice method)
{
    static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
    return slice_among(method, methods, ARRAY_LEN(methods)) >= 0;
}
