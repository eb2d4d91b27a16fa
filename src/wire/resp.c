#include "wire/resp.h"

#include <errno.h>

/* The line that begins at `at`, without its CRLF: its size, -EAGAIN, or an error. */
static ptrdiff_t line_at(struct slice in, size_t at, struct slice *ret, struct err *err)
{
    struct slice rest = slice_sub(in, at, in.size);
    ptrdiff_t end = slice_find_byte(slice_sub(rest, 0, RESP_LINE_BYTES_MAX + 2), '\n');
    if (end < 0 && rest.size > RESP_LINE_BYTES_MAX)
        return err_set(err, -EMSGSIZE, "a line is longer than %d bytes", RESP_LINE_BYTES_MAX);
    if (end < 0)
        return -EAGAIN;
    if (end == 0 || rest.data[end - 1] != '\r')
        return err_set(err, -EBADMSG, "a line ends without CR LF");
    *ret = slice_sub(rest, 0, (size_t)end - 1);
    return end + 1;
}

/* -1 (null) up to max. */
static int take_count(struct slice digits, uint64_t max, int64_t *ret, struct err *err)
{
    uint64_t v;
    if (slice_eq(digits, SLICE("-1"))) {
        *ret = -1;
        return 0;
    }
    int r = slice_to_u64(digits, max, &v);
    if (r == -ERANGE)
        return err_set(err, -EMSGSIZE, "%.*s is more than %llu", SLICE_ARG(digits),
                       (unsigned long long)max);
    if (r < 0)
        return err_set(err, -EBADMSG, "no number where a length is wanted");
    *ret = (int64_t)v;
    return 0;
}

static int take_integer(struct slice text, int64_t *ret, struct err *err)
{
    uint64_t v;
    bool minus = text.size > 0 && text.data[0] == '-';
    if (slice_to_u64(slice_sub(text, minus, text.size), INT64_MAX, &v) < 0)
        return err_set(err, -EBADMSG, "no number where an integer is wanted");
    *ret = minus ? -(int64_t)v : (int64_t)v;
    return 0;
}

/* Behind the line "$N". */
static ptrdiff_t take_bulk(struct slice in, size_t at, struct resp_reply *item, struct err *err)
{
    int64_t size;
    int r = take_count(item->text, RESP_BULK_BYTES_MAX, &size, err);
    if (r < 0)
        return r;
    if (size < 0) {
        *item = (struct resp_reply){.type = RESP_NULL};
        return 0;
    }
    struct slice rest = slice_sub(in, at, in.size);
    if (rest.size < (size_t)size + 2)
        return -EAGAIN;
    if (rest.data[size] != '\r' || rest.data[size + 1] != '\n')
        return err_set(err, -EBADMSG, "a text of %lld bytes ends without CR LF", (long long)size);
    item->type = RESP_BULK;
    item->text = slice_sub(rest, 0, (size_t)size);
    return size + 2;
}

static int take_array(struct resp_reply *item, struct err *err)
{
    int64_t items;
    int r = take_count(item->text, RESP_ITEMS_MAX, &items, err);
    if (r == 0)
        *item = items < 0 ? (struct resp_reply){.type = RESP_NULL}
                          : (struct resp_reply){.type = RESP_ARRAY, .integer = items};
    return r;
}

/* One item, an array's head counting as one. */
static ptrdiff_t take_item(struct slice in, size_t at, struct resp_reply *ret, struct err *err)
{
    static const char marks[] = "+-:$*";
    struct slice line;
    if (at == in.size)
        return -EAGAIN;
    if (!memchr(marks, in.data[at], sizeof(marks) - 1))
        return err_set(err, -EBADMSG, "byte 0x%02x begins no reply", (unsigned char)in.data[at]);
    ptrdiff_t used = line_at(in, at, &line, err);
    if (used < 0)
        return used;
    struct resp_reply item = {.type = RESP_STRING, .text = slice_sub(line, 1, line.size)};
    ptrdiff_t more = 0;
    switch (in.data[at]) {
    case '-':
        item.type = RESP_ERROR;
        break;
    case ':':
        item.type = RESP_INTEGER;
        more = take_integer(item.text, &item.integer, err);
        break;
    case '$':
        more = take_bulk(in, at + (size_t)used, &item, err);
        break;
    case '*':
        more = take_array(&item, err);
        break;
    default:
        break;
    }
    if (more < 0)
        return more;
    *ret = item;
    return used + more;
}

ptrdiff_t resp_parse(struct slice in, struct resp_reply *ret, struct err *err)
{
    struct resp_reply first = {0}, item = {0};
    uint64_t wanted = 1, seen = 0; /* a tree is read as a list: nothing here is recursive */
    size_t at = 0;
    while (seen < wanted) {
        ptrdiff_t n = take_item(in, at, &item, err);
        if (n == -EAGAIN)
            return 0;
        if (n < 0)
            return n;
        if (item.type == RESP_ARRAY)
            wanted += (uint64_t)item.integer;
        if (wanted > RESP_ITEMS_MAX)
            return err_set(err, -EMSGSIZE, "a reply of more than %d items", RESP_ITEMS_MAX);
        if (seen++ == 0)
            first = item;
        at += (size_t)n;
    }
    *ret = first;
    return (ptrdiff_t)at;
}

int resp_command(struct buf *out, const struct slice *words, size_t count)
{
    size_t before = out->size;
    int r = buf_printf(out, "*%zu\r\n", count);
    for (size_t i = 0; i < count && r == 0; i++) {
        r = buf_printf(out, "$%zu\r\n", words[i].size);
        if (r == 0)
            r = buf_append_slice(out, words[i]);
        if (r == 0)
            r = buf_append_cstr(out, "\r\n");
    }
    if (r < 0) {
        out->size = before;
        if (out->data)
            out->data[before] = 0;
    }
    return r;
}
