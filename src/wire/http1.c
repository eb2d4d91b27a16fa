#include "wire/http1.h"

#include <errno.h>
#include <string.h>

/* ---- letters ---- */

static bool is_token_byte(unsigned char c)
{
    static const bool tokens[UINT8_MAX + 1] = {
        ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['!'] = true,
        ['#' ... '\''] = true, ['*'] = true, ['+'] = true, ['-'] = true, ['.'] = true,
        ['^'] = true, ['_'] = true, ['`'] = true, ['|'] = true, ['~'] = true,
    };
    return tokens[c];
}

bool http1_is_token(struct slice s)
{
    for (size_t i = 0; i < s.size; i++)
        if (!is_token_byte((unsigned char)s.data[i]))
            return false;
    return s.size > 0;
}

bool http1_is_text(struct slice s)
{
    for (size_t i = 0; i < s.size; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return false;
    }
    return true;
}

static bool is_visible_ascii(struct slice s)
{
    for (size_t i = 0; i < s.size; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (c <= 0x20 || c >= 0x7F)
            return false;
    }
    return true;
}

static struct slice trim_blanks(struct slice s)
{
    while (s.size && (s.data[0] == ' ' || s.data[0] == '\t'))
        s = slice_sub(s, 1, s.size);
    while (s.size && (s.data[s.size - 1] == ' ' || s.data[s.size - 1] == '\t'))
        s.size--;
    return s;
}

/* ---- lines ----
 *
 * A head is checked line by line as the lines come, so that nonsense is refused without waiting
 * for its end. One that came in pieces is taken apart once more when it is complete, because the
 * caller's bytes may have moved. */

static struct http1_limits limits_or_default(const struct http1_limits *given)
{
    struct http1_limits l = given ? *given : (struct http1_limits){0};
    l.head_bytes_max = l.head_bytes_max ? l.head_bytes_max : HTTP1_HEAD_BYTES_MAX;
    l.line_bytes_max = l.line_bytes_max ? l.line_bytes_max : HTTP1_LINE_BYTES_MAX;
    if (l.field_count_max == 0 || l.field_count_max > HTTP1_FIELDS_MAX)
        l.field_count_max = HTTP1_FIELDS_MAX;
    return l;
}

void http1_parser_request(struct http1_parser *p, const struct http1_limits *limits)
{
    *p = (struct http1_parser){.limits = limits_or_default(limits), .is_request = true, .line = 1};
}

void http1_parser_response(struct http1_parser *p, struct slice method,
                           const struct http1_limits *limits)
{
    *p = (struct http1_parser){
        .limits = limits_or_default(limits),
        .line = 1,
        .to_head = slice_eq(method, SLICE("HEAD")),
        .to_connect = slice_eq(method, SLICE("CONNECT")),
    };
}

static int too_long(const struct http1_parser *p, struct err *err)
{
    if ((uint64_t)p->line_at + p->limits.line_bytes_max <= p->limits.head_bytes_max)
        return err_set(err, -EMSGSIZE, "line %u is longer than %u bytes", p->line,
                       p->limits.line_bytes_max);
    return err_set(err, -EMSGSIZE, "the head is longer than %u bytes", p->limits.head_bytes_max);
}

/* Returns 1 and the next line without its CR LF, 0 (not complete yet), or a failure. The bound is
 * looked at before the line's end, so that the answer does not hang on how the bytes were cut. */
static int take_line(struct http1_parser *p, struct slice bytes, struct slice *ret_line,
                     struct err *err)
{
    uint64_t bound = (uint64_t)p->line_at + p->limits.line_bytes_max;
    if (bound > p->limits.head_bytes_max)
        bound = p->limits.head_bytes_max;
    size_t seen = bytes.size < bound ? bytes.size : (size_t)bound;
    if (seen == p->scanned && bytes.size <= bound)
        return 0;
    const char *lf = memchr(bytes.data + p->scanned, '\n', seen - p->scanned);
    if (!lf) {
        p->scanned = (uint32_t)seen;
        return bytes.size > bound ? too_long(p, err) : 0;
    }
    struct slice line = {bytes.data + p->line_at, (size_t)(lf - bytes.data) - p->line_at};
    if (line.size == 0 || line.data[line.size - 1] != '\r')
        return err_set(err, -EBADMSG, "line %u ends in LF without CR", p->line);
    line.size--;
    if (memchr(line.data, '\r', line.size))
        return err_set(err, -EBADMSG, "line %u holds a CR that ends no line", p->line);
    p->line_at = p->scanned = (uint32_t)(lf - bytes.data) + 1;
    *ret_line = line;
    return 1;
}

/* ---- start lines ---- */

enum { VERSION_SIZE = 8 }; /* "HTTP/1.1" */

static int parse_version(struct slice s, uint8_t *ret_minor, struct err *err)
{
    bool shaped = s.size == VERSION_SIZE && memcmp(s.data, "HTTP/", 5) == 0 && s.data[5] >= '0' &&
                  s.data[5] <= '9' && s.data[6] == '.' && s.data[7] >= '0' && s.data[7] <= '9';
    if (!shaped)
        return err_set(err, -EBADMSG, "the first line names no HTTP version");
    if (s.data[5] != '1')
        return err_set(err, -EPROTONOSUPPORT, "HTTP/%c.%c is not spoken here, HTTP/1.1 is",
                       s.data[5], s.data[7]);
    *ret_minor = (uint8_t)(s.data[7] - '0');
    return 0;
}

static bool is_host_byte(unsigned char c)
{
    return is_token_byte(c) ? !strchr("#^`|", c) : c && strchr(":[]();=", c);
}

static bool is_authority(struct slice s)
{
    for (size_t i = 0; i < s.size; i++)
        if (!is_host_byte((unsigned char)s.data[i]))
            return false;
    return true;
}

static bool is_target(struct slice method, struct slice target)
{
    if (target.size == 0 || !is_visible_ascii(target))
        return false;
    if (slice_eq(method, SLICE("CONNECT")))
        return is_authority(target) && slice_find_byte(target, ':') > 0;
    if (target.data[0] == '/')
        return true;
    if (slice_eq(target, SLICE("*")))
        return slice_eq(method, SLICE("OPTIONS"));
    return slice_find(target, SLICE("://")) > 0;
}

static int parse_request_line(struct slice line, struct http1_head *h, struct err *err)
{
    struct slice rest = line;
    h->method = slice_cut(&rest, ' ');
    h->target = slice_cut(&rest, ' ');
    if (!rest.data || slice_find_byte(rest, ' ') >= 0)
        return err_set(err, -EBADMSG, "the first line is not 'METHOD TARGET VERSION'");
    if (!http1_is_token(h->method))
        return err_set(err, -EBADMSG, "the method is no token");
    int r = parse_version(rest, &h->version_minor, err);
    if (r == 0 && !is_target(h->method, h->target))
        r = err_set(err, -EBADMSG, "the request's target is none");
    return r;
}

static int parse_status_line(struct slice line, struct http1_head *h, struct err *err)
{
    uint64_t status;
    struct slice rest = line;
    int r = parse_version(slice_cut(&rest, ' '), &h->version_minor, err);
    if (r < 0)
        return r;
    /* The space behind the number is missing often enough where the words are. */
    struct slice number = slice_cut(&rest, ' ');
    if (number.size != 3 || slice_to_u64(number, 999, &status) < 0 || status < 100)
        return err_set(err, -EBADMSG, "the status is no number from 100 to 999");
    if (!http1_is_text(rest))
        return err_set(err, -EBADMSG, "the words behind the status hold a control byte");
    h->status = (uint16_t)status;
    h->reason = rest.data ? rest : (struct slice){0};
    return 0;
}

/* ---- fields ---- */

static int parse_field(uint32_t number, struct slice line, struct http1_field *f, struct err *err)
{
    struct slice rest = line;
    if (line.data[0] == ' ' || line.data[0] == '\t')
        return err_set(err, -EBADMSG, "line %u is folded, which is obsolete and refused", number);
    f->name = slice_cut(&rest, ':');
    if (!rest.data)
        return err_set(err, -EBADMSG, "line %u is no field: it has no ':'", number);
    if (trim_blanks(f->name).size != f->name.size)
        return err_set(err, -EBADMSG, "line %u has white space before its ':'", number);
    if (!http1_is_token(f->name))
        return err_set(err, -EBADMSG, "line %u begins with no name of a field", number);
    if (!http1_is_text(rest))
        return err_set(err, -EBADMSG, "line %u holds a control byte", number);
    f->value = trim_blanks(rest);
    return 0;
}

const struct http1_field *http1_field_find(const struct http1_head *h, const char *name, uint32_t n)
{
    struct slice wanted = slice_from(name);
    for (uint32_t i = 0; i < h->field_count; i++)
        if (h->fields[i].name.size == wanted.size &&
            slice_eq_nocase(h->fields[i].name, wanted) && n-- == 0)
            return &h->fields[i];
    return NULL;
}

bool http1_field_has_token(const struct http1_head *h, const char *name, const char *token)
{
    const struct http1_field *f;
    struct slice wanted = slice_from(token);
    for (uint32_t n = 0; (f = http1_field_find(h, name, n)); n++)
        for (struct slice rest = f->value; rest.data;)
            if (slice_eq_nocase(trim_blanks(slice_cut(&rest, ',')), wanted))
                return true;
    return false;
}

/* ---- framing (RFC 9112, 6) ---- */

static int read_length(struct http1_head *h, struct err *err)
{
    const struct http1_field *f;
    for (uint32_t n = 0; (f = http1_field_find(h, "Content-Length", n)); n++) {
        uint64_t length;
        if (slice_to_u64(f->value, INT64_MAX, &length) < 0)
            return err_set(err, -EBADMSG, "Content-Length is no length");
        if (n > 0 && (h->is_request || length != h->content_length))
            return err_set(err, -EBADMSG, "Content-Length is given more than once");
        h->content_length = length;
        h->has_content_length = true;
    }
    return 0;
}

static int read_coding(const struct http1_head *h, bool *ret_chunked, struct err *err)
{
    const struct http1_field *f;
    for (uint32_t n = 0; (f = http1_field_find(h, "Transfer-Encoding", n)); n++) {
        if (n > 0)
            return err_set(err, -EBADMSG, "Transfer-Encoding is given more than once");
        if (h->version_minor == 0)
            return err_set(err, -EBADMSG, "Transfer-Encoding does not exist in HTTP/1.0");
        if (h->has_content_length)
            return err_set(err, -EBADMSG,
                           "Transfer-Encoding and Content-Length contradict each other");
        if (!slice_eq_nocase(f->value, SLICE("chunked")))
            return err_set(err, -EPROTONOSUPPORT,
                           "of transfer codings only 'chunked' is understood");
        *ret_chunked = true;
    }
    return 0;
}

static enum http1_framing response_framing(const struct http1_parser *p, const struct http1_head *h,
                                           bool chunked)
{
    if (h->status == 101 || (p->to_connect && h->status / 100 == 2))
        return HTTP1_TUNNEL;
    if (h->status < 200 || h->status == 204 || h->status == 304 || p->to_head)
        return HTTP1_NO_BODY;
    if (chunked)
        return HTTP1_CHUNKED;
    return h->has_content_length ? HTTP1_LENGTH : HTTP1_UNTIL_CLOSE;
}

static int decide_framing(const struct http1_parser *p, struct http1_head *h, struct err *err)
{
    bool chunked = false;
    int r = read_length(h, err);
    if (r == 0)
        r = read_coding(h, &chunked, err);
    if (r < 0)
        return r;
    if (!h->is_request)
        h->framing = response_framing(p, h, chunked);
    else if (chunked)
        h->framing = HTTP1_CHUNKED;
    else
        h->framing = h->has_content_length ? HTTP1_LENGTH : HTTP1_NO_BODY;
    bool persists = h->version_minor > 0 ? !http1_field_has_token(h, "Connection", "close")
                                         : http1_field_has_token(h, "Connection", "keep-alive") &&
                                               !http1_field_has_token(h, "Connection", "close");
    h->keep_alive = persists && h->framing != HTTP1_UNTIL_CLOSE && h->framing != HTTP1_TUNNEL;
    return 0;
}

static int check_host(const struct http1_head *h, struct err *err)
{
    const struct http1_field *host = http1_field_find(h, "Host", 0);
    if (!host && h->version_minor > 0)
        return err_set(err, -EBADMSG, "the field Host is missing");
    if (host && http1_field_find(h, "Host", 1))
        return err_set(err, -EBADMSG, "Host is given more than once");
    if (host && !is_authority(host->value))
        return err_set(err, -EBADMSG, "Host is no host");
    return 0;
}

/* ---- the whole head ---- */

static int parse_start(const struct http1_parser *p, struct slice line, struct http1_head *h,
                       struct err *err)
{
    return p->is_request ? parse_request_line(line, h, err) : parse_status_line(line, h, err);
}

/* All lines are known to be good. */
static void take_apart(const struct http1_parser *p, struct slice bytes, struct http1_head *h)
{
    struct http1_parser again = *p;
    struct slice line;
    again.scanned = again.line_at = p->empty_lines * 2;
    take_line(&again, bytes, &line, NULL);
    parse_start(p, line, h, NULL);
    for (uint32_t i = 0; i < p->field_count; i++) {
        take_line(&again, bytes, &line, NULL);
        parse_field(0, line, &h->fields[i], NULL);
    }
}

static ptrdiff_t finish(struct http1_parser *p, struct slice bytes, bool whole,
                        struct http1_head *h, struct err *err)
{
    if (!whole)
        take_apart(p, bytes, h);
    h->is_request = p->is_request;
    h->field_count = p->field_count;
    int r = decide_framing(p, h, err);
    if (r == 0 && h->is_request) {
        r = check_host(h, err);
        h->expect_continue =
            h->version_minor > 0 && http1_field_has_token(h, "Expect", "100-continue");
    }
    return r < 0 ? r : (ptrdiff_t)p->line_at;
}

/* A greeting of another protocol may never come to a line's end. */
static int check_first_bytes(struct slice bytes, struct err *err)
{
    static const char wanted[] = "HTTP/";
    size_t n = bytes.size < sizeof(wanted) - 1 ? bytes.size : sizeof(wanted) - 1;
    if (n > 0 && memcmp(bytes.data, wanted, n) != 0)
        return err_set(err, -EBADMSG, "the answer does not begin with 'HTTP/'");
    return 0;
}

/* Returns 1 at the empty line, 0 to go on. */
static int check_line(struct http1_parser *p, struct slice line, struct http1_head *h,
                      struct err *err)
{
    int r = 0;
    bool first = p->line == 1 + p->empty_lines;
    if (first && line.size == 0 && p->is_request) {
        if (++p->empty_lines > HTTP1_EMPTY_LINES_MAX)
            r = err_set(err, -EBADMSG, "the request begins with empty lines");
    } else if (first) {
        r = parse_start(p, line, h, err);
    } else if (line.size == 0) {
        return 1;
    } else if (p->field_count == p->limits.field_count_max) {
        r = err_set(err, -EMSGSIZE, "more than %u fields", p->limits.field_count_max);
    } else {
        r = parse_field(p->line, line, &h->fields[p->field_count++], err);
    }
    p->line++;
    return r;
}

ptrdiff_t http1_parse(struct http1_parser *p, struct slice bytes, struct http1_head *ret_head,
                      struct err *err)
{
    struct slice line;
    bool whole = p->scanned == 0;
    int r = p->is_request || p->line > 1 ? 0 : check_first_bytes(bytes, err);
    if (r < 0)
        return r;
    /* Without the fields, which are some KB and told by their number. */
    memset(ret_head, 0, offsetof(struct http1_head, fields));
    while ((r = take_line(p, bytes, &line, err)) > 0) {
        r = check_line(p, line, ret_head, err);
        if (r < 0)
            return r;
        if (r == 1)
            return finish(p, bytes, whole, ret_head, err);
    }
    return r;
}
