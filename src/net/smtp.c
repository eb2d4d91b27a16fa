#include "net/smtp.h"

#include <errno.h>
#include <string.h>

#include "base/utf8.h"
#include "net/dial.h"
#include "net/stream.h"
#include "wire/greeting.h"
#include "wire/url.h"

enum {
    SMTP_PORT = 25,
    SMTPS_PORT = 465,
    SMTP_READ_BYTES = 2048,
    SMTP_HEARD_BYTES_MAX = 256 * 1024,
    SMTP_WORDS_BYTES_MAX = 160, /* of a refusal, in an error */
};

struct talk {
    struct stream stream;
    struct tls_context *tls;
    struct buf in;
    struct smtp_reply reply;
    ptrdiff_t reply_bytes; /* of `in`: the reply's texts lie there until the next one */
    struct slice host;
    struct err *err;
    rt_time deadline;
};

static int broken(struct talk *t, int code, const char *what)
{
    return stream_explain(&t->stream, code, what, t->err), code;
}

/* The next reply, whatever its code. */
static int hear(struct talk *t)
{
    buf_consume(&t->in, (size_t)t->reply_bytes);
    t->reply_bytes = 0;
    while ((t->reply_bytes = smtp_parse(buf_slice(&t->in), &t->reply, t->err)) == 0) {
        char *room;
        if (buf_reserve(&t->in, SMTP_READ_BYTES, &room) < 0)
            return err_set(t->err, -EBADMSG, "an answer longer than %d bytes",
                           SMTP_HEARD_BYTES_MAX);
        ssize_t n = stream_read(&t->stream, room, SMTP_READ_BYTES, t->deadline);
        if (n == 0)
            return err_set(t->err, -EPIPE, "the server closed the connection");
        if (n < 0)
            return broken(t, (int)n, "answer");
        buf_commit(&t->in, (size_t)n);
    }
    if (t->reply_bytes > 0)
        return 0;
    int code = (int)t->reply_bytes;
    t->reply_bytes = 0;
    return code;
}

/* What the server says to it, in its words: "later" for 4xx, "no" for the rest. */
static int refused(struct talk *t, const char *what)
{
    struct buf words = BUF(MEM_NET, 0);
    utf8_append_shown(&words,
                      slice_sub(t->reply.last, 0,
                                t->reply.last.size < SMTP_WORDS_BYTES_MAX ? t->reply.last.size
                                                                          : SMTP_WORDS_BYTES_MAX));
    int code = t->reply.code >= 400 && t->reply.code < 500 ? -EAGAIN : -EPERM;
    err_set(t->err, code, "%s: the server says %d %.*s", what, t->reply.code,
            SLICE_ARG(buf_slice(&words)));
    buf_done(&words);
    return code;
}

/* Says a line, and wants an answer of this hundred. */
static int say(struct talk *t, int hundred, const char *what, const struct buf *line)
{
    int r = line ? stream_write(&t->stream, line->data, line->size, t->deadline) : 0;
    if (r < 0)
        return broken(t, r, what);
    r = hear(t);
    if (r < 0)
        return r;
    return t->reply.code / 100 == hundred ? 0 : refused(t, what);
}

static int say_line(struct talk *t, int hundred, const char *what, const char *before,
                    struct slice middle, const char *behind)
{
    struct buf line = BUF(MEM_NET, 0);
    buf_printf(&line, "%s%.*s%s\r\n", before, SLICE_ARG(middle), behind);
    int r = say(t, hundred, what, &line);
    buf_done(&line);
    return r;
}

/* ---- the beginning ---- */

static int shake_hands(struct talk *t, bool examined)
{
    struct tls_request request = {.name = t->host, .unverified = !examined};
    struct tls_report report;
    return tls_connect(t->tls, t->stream.sock, &request, &t->stream.tls, &report, t->err,
                       t->deadline);
}

/* An address literal or a name: this host's name is nobody's business, and may be none. */
static int say_hello(struct talk *t)
{
    return say_line(t, 2, "EHLO", "EHLO [127.0.0.1]", (struct slice){0}, "");
}

/* After STARTTLS all that was heard before is forgotten, and the server asked anew: who stood
 * between could have put something in front. */
static int begin(struct talk *t, bool smtps)
{
    int r = smtps ? shake_hands(t, true) : 0;
    if (r == 0)
        r = say(t, 2, "greeting", NULL);
    if (r == 0)
        r = say_hello(t);
    if (r < 0 || smtps || !t->tls || !smtp_offers(&t->reply, "STARTTLS"))
        return r;
    r = say_line(t, 2, "STARTTLS", "STARTTLS", (struct slice){0}, "");
    if (r == 0 && t->in.size > (size_t)t->reply_bytes)
        r = err_set(t->err, -EBADMSG, "the server went on speaking plainly where TLS begins");
    if (r == 0)
        r = shake_hands(t, false);
    return r < 0 ? r : say_hello(t);
}

/* ---- the mail ---- */

/* A line that begins with a dot gets a second one, and the last one is a dot by itself. */
static int send_message(struct talk *t, struct slice message)
{
    struct buf out = BUF(MEM_NET, 0);
    bool begins = true;
    for (size_t i = 0; i < message.size; i++) {
        if (begins && message.data[i] == '.')
            buf_append_byte(&out, '.');
        buf_append_byte(&out, message.data[i]);
        begins = message.data[i] == '\n';
    }
    buf_append_cstr(&out, begins ? ".\r\n" : "\r\n.\r\n");
    int r = say(t, 2, "the mail", &out);
    buf_done(&out);
    return r;
}

static int send_to(struct talk *t, const struct smtp_mail *m, uint32_t *ret_accepted)
{
    int r = say_line(t, 2, "MAIL FROM", "MAIL FROM:<", m->from, ">");
    int last = 0;
    uint32_t accepted = 0;
    for (uint32_t i = 0; i < m->to_count && r == 0; i++) {
        r = say_line(t, 2, "RCPT TO", "RCPT TO:<", m->to[i], ">");
        accepted += r == 0;
        if (r == -EPERM || r == -EAGAIN) {
            last = r;
            r = 0;
        }
    }
    if (r == 0 && accepted == 0)
        r = last ? last : err_set(t->err, -EINVAL, "there is nobody to send it to");
    if (r == 0)
        r = say_line(t, 3, "DATA", "DATA", (struct slice){0}, "");
    if (r == 0)
        r = send_message(t, m->message);
    if (r == 0)
        *ret_accepted = accepted;
    return r;
}

/* ---- */

/* Nothing of an address may end its line, or begin another command. */
static bool sendable(struct slice s)
{
    for (size_t i = 0; i < s.size; i++)
        if ((unsigned char)s.data[i] <= ' ' || s.data[i] == 0x7f || s.data[i] == '<' ||
            s.data[i] == '>')
            return false;
    return s.size > 0;
}

static int connect_to(struct talk *t, struct dns_resolver *dns, const struct smtp_mail *m,
                      bool *ret_smtps)
{
    struct url url;
    struct dns_addresses addresses;
    struct dial_trace trace;
    int r = url_parse_authority(m->server, &url, t->err);
    uint16_t port = r == 0 && url.port ? url.port : SMTP_PORT;
    *ret_smtps = port == SMTPS_PORT;
    if (r == 0)
        r = dns_lookup(dns, url.host, port, &addresses, t->err, t->deadline);
    if (r < 0)
        return r;
    t->host = url.host;
    r = dial(NULL, &addresses, &t->stream.sock, &trace, t->deadline);
    return r < 0 ? err_sys(t->err, r, "connect to %.*s", SLICE_ARG(m->server)) : 0;
}

int smtp_send(struct dns_resolver *dns, struct tls_context *tls, const struct smtp_mail *m,
              uint32_t *ret_accepted, struct err *err, rt_time deadline)
{
    struct err own = {0};
    struct talk t = {.tls = tls, .err = err ? err : &own, .deadline = deadline};
    uint32_t accepted = 0;
    bool smtps = false, fine = sendable(m->from);
    for (uint32_t i = 0; i < m->to_count; i++)
        fine &= sendable(m->to[i]);
    if (!fine)
        return err_set(t.err, -EINVAL, "an address that cannot be sent");
    t.in = BUF(MEM_NET, SMTP_HEARD_BYTES_MAX);
    int r = connect_to(&t, dns, m, &smtps);
    if (r == 0 && smtps && !tls)
        r = err_set(t.err, -EINVAL, "smtps, but no TLS");
    if (r == 0)
        r = begin(&t, smtps);
    if (r == 0)
        r = send_to(&t, m, &accepted);
    /* It is the server's by now: whether it still says good-bye is of no interest. */
    if (r == 0)
        (void)stream_write(&t.stream, "QUIT\r\n", 6, deadline);
    if (r == 0 && ret_accepted)
        *ret_accepted = accepted;
    stream_close(&t.stream);
    buf_done(&t.in);
    return r;
}
