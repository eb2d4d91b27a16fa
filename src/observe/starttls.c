#include "observe/starttls.h"

#include "observe/story.h"
#include "wire/greeting.h"
#include "wire/pgwire.h"

const char *starttls_peer(enum probe_starttls protocol)
{
    static const char *const names[] = {
        [PROBE_STARTTLS_NONE] = "tls",          [PROBE_STARTTLS_SMTP] = "smtp",
        [PROBE_STARTTLS_IMAP] = "imap",         [PROBE_STARTTLS_POP3] = "pop3",
        [PROBE_STARTTLS_POSTGRES] = "postgres", [PROBE_STARTTLS_MYSQL] = "mysql",
    };
    return names[protocol];
}

/* ---- smtp ---- */

/* A reply that must have this code; else `reason`, unless the server says that it takes nobody. */
static int smtp_expect(struct dialog *d, int code, enum probe_reason reason, const char *what)
{
    struct smtp_reply reply;
    ptrdiff_t size = dialog_next(d, smtp_parse, &reply);
    if (size < 0)
        return -1;
    dialog_tell(d, reply.text);
    bool closing = reply.code == 421 || reply.code == 554;
    int r = reply.code == code
                ? 0
                : dialog_fail(d, closing ? REASON_NOT_SERVING : reason, what, reply.text);
    dialog_taken(d, size);
    return r;
}

static int begin_smtp(struct dialog *d)
{
    struct smtp_reply reply;
    if (smtp_expect(d, 220, REASON_NOT_SERVING, "it does not greet") < 0 ||
        dialog_say_line(d, "EHLO firebreak.invalid\r\n") < 0)
        return -1;
    ptrdiff_t size = dialog_next(d, smtp_parse, &reply);
    if (size < 0)
        return -1;
    dialog_tell(d, reply.text);
    TELL(d->o, "", "STARTTLS is %samong what it offers",
         smtp_offers(&reply, "STARTTLS") ? "" : "not ");
    if (reply.code != 250)
        return dialog_fail(d, REASON_NOT_SERVING, "EHLO is refused", reply.text);
    if (!smtp_offers(&reply, "STARTTLS"))
        return dialog_fail(d, REASON_TLS_NOT_OFFERED, "EHLO's answer has no STARTTLS",
                           (struct slice){0});
    dialog_taken(d, size);
    return dialog_say_line(d, "STARTTLS\r\n") < 0
               ? -1
               : smtp_expect(d, 220, REASON_TLS_NOT_OFFERED, "STARTTLS is refused");
}

/* ---- imap and pop3 ---- */

static bool starts(struct slice line, const char *word)
{
    size_t size = strlen(word);
    return line.size >= size && slice_eq_nocase(slice_sub(line, 0, size), slice_from(word));
}

static ptrdiff_t next_line(struct dialog *d, struct slice *ret)
{
    ptrdiff_t size = dialog_next(d, greeting_parse_line, ret);
    if (size >= 0)
        dialog_tell(d, *ret);
    return size;
}

static int begin_imap(struct dialog *d)
{
    struct slice line;
    ptrdiff_t size = next_line(d, &line);
    if (size < 0)
        return -1;
    if (starts(line, "* BYE"))
        return dialog_fail(d, REASON_NOT_SERVING, "it takes nobody", line);
    if (starts(line, "* PREAUTH"))
        return dialog_fail(d, REASON_TLS_NOT_OFFERED, "it lets everybody in without TLS", line);
    if (!starts(line, "* OK"))
        return dialog_fail(d, REASON_PROTOCOL, "no imap answers there, but", line);
    dialog_taken(d, size);
    if (dialog_say_line(d, "a1 STARTTLS\r\n") < 0)
        return -1;
    for (int lines = 0; lines < GREETING_LINES_MAX; lines++) {
        size = next_line(d, &line);
        if (size < 0)
            return -1;
        if (starts(line, "* BYE"))
            return dialog_fail(d, REASON_NOT_SERVING, "it takes nobody", line);
        bool ours = starts(line, "a1 "), ok = starts(line, "a1 OK");
        if (ours && !ok)
            return dialog_fail(d, REASON_TLS_NOT_OFFERED, "STARTTLS is refused", line);
        dialog_taken(d, size);
        if (ok)
            return 0;
    }
    return dialog_fail(d, REASON_TOO_LARGE, "STARTTLS is answered by more lines than are looked at",
                       (struct slice){0});
}

static int begin_pop3(struct dialog *d)
{
    struct slice line;
    ptrdiff_t size = next_line(d, &line);
    if (size < 0)
        return -1;
    if (starts(line, "-ERR"))
        return dialog_fail(d, REASON_NOT_SERVING, "it takes nobody", line);
    if (!starts(line, "+OK"))
        return dialog_fail(d, REASON_PROTOCOL, "no pop3 answers there, but", line);
    dialog_taken(d, size);
    if (dialog_say_line(d, "STLS\r\n") < 0)
        return -1;
    size = next_line(d, &line);
    if (size < 0)
        return -1;
    if (!starts(line, "+OK"))
        return dialog_fail(d, REASON_TLS_NOT_OFFERED, "STLS is refused", line);
    dialog_taken(d, size);
    return 0;
}

/* ---- databases ---- */

static int begin_postgres(struct dialog *d)
{
    struct buf out = BUF(MEM_OBSERVE, 0);
    pgwire_ssl_request(&out);
    TELL(d->o, "asked", "whether it takes TLS (SSLRequest)");
    if (dialog_say_buf(d, &out) < 0 || dialog_hear(d) < 0)
        return -1;
    struct slice said = buf_slice(&d->in);
    dialog_tell(d, slice_sub(said, 0, 1));
    struct pgwire_message m;
    struct pgwire_fault f;
    if (said.data[0] == 'S') {
        dialog_taken(d, 1);
        return 0;
    }
    if (said.data[0] == 'N')
        return dialog_fail(d, REASON_TLS_NOT_OFFERED, "it answers the request for TLS with no",
                           (struct slice){0});
    if (dialog_next(d, pgwire_parse, &m) < 0)
        return -1;
    if (m.type == 'E' && pgwire_parse_fault(m.body, &f) == 0)
        return dialog_fail(d, REASON_NOT_SERVING, "it takes nobody", f.message);
    return dialog_fail(d, REASON_PROTOCOL, "no postgres answers there, but", said);
}

static int begin_mysql(struct dialog *d)
{
    struct mysql_greeting g;
    ptrdiff_t size = dialog_next(d, mysql_parse, &g);
    if (size < 0)
        return -1;
    dialog_tell(d, g.fault ? g.words : g.version);
    if (g.fault)
        return dialog_fail(d, REASON_NOT_SERVING, "it takes nobody", g.words);
    if (!g.has_tls)
        return dialog_fail(d, REASON_TLS_NOT_OFFERED, "it does not offer TLS: version", g.version);
    dialog_taken(d, size);
    struct buf out = BUF(MEM_OBSERVE, 0);
    mysql_ssl_request(&out);
    TELL(d->o, "asked", "to go on with TLS");
    return dialog_say_buf(d, &out);
}

int starttls_begin(struct dialog *d, enum probe_starttls protocol)
{
    static int (*const begin[])(struct dialog * d) = {
        [PROBE_STARTTLS_SMTP] = begin_smtp,   [PROBE_STARTTLS_IMAP] = begin_imap,
        [PROBE_STARTTLS_POP3] = begin_pop3,   [PROBE_STARTTLS_POSTGRES] = begin_postgres,
        [PROBE_STARTTLS_MYSQL] = begin_mysql,
    };
    return begin[protocol] ? begin[protocol](d) : 0;
}
