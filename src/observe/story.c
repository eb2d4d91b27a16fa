#include "observe/story.h"

#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "base/utf8.h"

enum { WORD_COLUMNS = 10, STEP_COLUMNS = 4, SHOWN_COLUMNS_MAX = 160 };

/* ---- lines ---- */

static void begin_line(struct story *s, const char *word)
{
    int indent = 2 + (int)s->depth * STEP_COLUMNS;
    buf_printf(s->out, "%*s%-*s", indent, "", WORD_COLUMNS, word);
}

static void put(struct story *s, const char *text)
{
    utf8_append_shown(s->out, slice_from(text));
}

void story_line(struct story *s, const char *word, const char *format, ...)
{
    struct buf text = BUF(MEM_OBSERVE, 0);
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    begin_line(s, word);
    utf8_append_shown(s->out, buf_slice(&text));
    buf_append_byte(s->out, '\n');
    buf_done(&text);
}

void story_paragraph(struct story *s, const char *word, const char *text)
{
    enum { TEXT_COLUMNS = 86 };
    struct slice rest = slice_from(text);
    while (rest.size) {
        size_t end = rest.size;
        if (end > TEXT_COLUMNS)
            for (end = TEXT_COLUMNS; end > 0 && rest.data[end] != ' ';)
                end--;
        if (end == 0)
            end = rest.size;
        begin_line(s, word);
        buf_append(s->out, rest.data, end);
        buf_append_byte(s->out, '\n');
        rest = slice_trim(slice_sub(rest, end, rest.size));
        word = "";
    }
}

const char *story_time(int64_t ns, char *text)
{
    return duration_format(ns / RT_US * RT_US, text);
}

void story_heard(struct story *s, struct slice words, rt_time asked)
{
    char took[DURATION_TEXT_MAX];
    struct buf shown = BUF(MEM_OBSERVE, 0);
    struct slice rest = slice_trim(words), first = slice_trim(slice_cut(&rest, '\n'));
    utf8_append_shown(&shown, utf8_cut_columns(first, SHOWN_COLUMNS_MAX));
    story_line(s, "answer", "%s (after %s)", shown.size ? shown.data : "empty",
               story_time(rt_now_exact() - asked, took));
    buf_done(&shown);
}

void story_addresses(struct story *s, struct slice name, const struct dns_addresses *list,
                     int64_t took_ns)
{
    char took[DURATION_TEXT_MAX], text[RT_ADDR_TEXT_MAX];
    story_line(s, "name", "%.*s has %u address%s (after %s):", SLICE_ARG(name), list->count,
               list->count == 1 ? "" : "es", story_time(took_ns, took));
    for (uint32_t i = 0; i < list->count; i++)
        story_line(s, "", "  %s", rt_addr_format(&list->addr[i], false, text));
}

/* ---- TLS ---- */

static const char *date(rt_wall wall_ns, char text[LOG_TIME_BYTES + 1])
{
    enum { DATE_BYTES = 10 };
    log_format_time(wall_ns, text);
    text[DATE_BYTES] = 0;
    return text;
}

static void tell_names(struct story *s, const struct tls_certificate *c)
{
    enum { SHOWN_MAX = 12 };
    if (c->name_count == 0)
        return;
    begin_line(s, "");
    buf_append_cstr(s->out, "    for ");
    for (uint32_t i = 0; i < c->name_count && i < SHOWN_MAX; i++) {
        if (i)
            buf_append_cstr(s->out, ", ");
        put(s, c->names[i]);
    }
    if (c->name_count > SHOWN_MAX)
        buf_printf(s->out, " and %u more", c->name_count - SHOWN_MAX);
    buf_append_byte(s->out, '\n');
}

static void tell_certificate(struct story *s, const struct tls_certificate *c, uint32_t number)
{
    char from[LOG_TIME_BYTES + 1], to[LOG_TIME_BYTES + 1];
    story_line(s, number == 0 ? "chain" : "", "%u %s", number, c->subject);
    if (number == 0)
        tell_names(s, c);
    story_line(s, "", "    valid %s to %s (%d days left), issued by %s", date(c->not_before, from),
         date(c->not_after, to), (int)c->days_left, c->issuer);
}

static void tell_report(struct story *s, const struct tls_report *r)
{
    if (r->version)
        story_line(s, "tls", "%s with %s%s%s%s", r->version, r->cipher ? r->cipher : "no cipher",
             r->alpn[0] ? ", ALPN " : "", r->alpn, r->resumed ? ", resumed" : "");
    for (uint32_t i = 0; i < r->chain_count; i++)
        tell_certificate(s, &r->chain[i], i);
    if (r->wants_ours)
        story_line(s, "", "the server asks for a certificate of ours, and there is none to show");
    if (r->chain_count == 0)
        return;
    /* What went wrong behind the chain is no word on the chain. */
    unsigned faults = r->faults & ~(1u << TLS_PROTOCOL);
    unsigned first = faults ? (unsigned)__builtin_ctz(faults) : 0;
    if (faults == 0)
        story_line(s, "trust", "the chain leads to a trusted root, and the name is right");
    else
        story_line(s, "trust", "refused: %s",
                   r->fault == first && r->why[0] ? r->why : tls_fault_words(first));
    for (unsigned f = first + 1; faults && f <= TLS_WRONG_NAME; f++)
        if (faults & 1u << f)
            story_line(s, "", "and also: %s", tls_fault_words(f));
}

void story_tls(struct story *s, const struct tls_report *r, int64_t took_ns, int code,
               const struct err *err)
{
    char took[DURATION_TEXT_MAX];
    story_time(took_ns, took);
    if (code < 0)
        story_line(s, "tls", "the handshake failed after %s: %s", took,
                   err->code ? err->text : err_name(code));
    tell_report(s, r);
    if (code == 0)
        story_line(s, "", "handshake done after %s", took);
}

/* ---- HTTP ---- */

static void tell_field(struct story *s, const struct http1_head *h, const char *name)
{
    const struct http1_field *f = http1_field_find(h, name, 0);
    if (f)
        story_line(s, "", "  %s: %.*s", name, SLICE_ARG(f->value));
}

static void tell_answer(struct story *s, const struct http1_head *h, const struct http_trace *trace)
{
    static const char *const shown[] = {"Server", "Content-Type", "Content-Length",
                                        "WWW-Authenticate", "Retry-After"};
    char took[DURATION_TEXT_MAX], version[16];
    snprintf(version, sizeof(version), trace->http2 ? "HTTP/2" : "HTTP/1.%u", h->version_minor);
    story_line(s, "", "%s %u %s, first byte %s after the request", version, h->status,
               http1_status_words(h->status), story_time(trace->first_byte_ns, took));
    for (size_t i = 0; i < ARRAY_LEN(shown); i++)
        tell_field(s, h, shown[i]);
}

void story_http(struct story *s, const struct http_trace *trace, const struct http1_head *head,
                int code, const struct err *err)
{
    if (head)
        tell_answer(s, head, trace);
    else
        story_line(s, "", "failed: %s", err->code            ? err->text
                                        : code == -ETIMEDOUT ? "no answer in time"
                                                             : err_name(code));
}
