#include "observe/dialog.h"

#include <errno.h>

#include "base/utf8.h"
#include "observe/story.h"

enum { READ_BYTES = 4096, SHOWN_COLUMNS_MAX = 160 };

int dialog_open_plain(struct dialog *d, struct observer *o, const struct probe_target *t,
                      struct probe_result *r, const char *peer, rt_time deadline)
{
    *d = (struct dialog){.o = o, .t = t, .r = r, .peer = peer, .deadline = deadline};
    d->in = BUF(MEM_OBSERVE, DIALOG_BYTES_MAX);
    int code = observe_connect(o, t, r, &d->stream.sock, deadline);
    d->began = rt_now_exact();
    return code;
}

int dialog_open(struct dialog *d, struct observer *o, const struct probe_target *t,
                struct probe_result *r, const char *peer, rt_time deadline)
{
    if (dialog_open_plain(d, o, t, r, peer, deadline) < 0)
        return -1;
    return t->tls ? dialog_tls(d, NULL, false) : 0;
}

void dialog_close(struct dialog *d)
{
    stream_close(&d->stream);
    buf_done(&d->in);
}

int dialog_tls(struct dialog *d, const char *alpn, bool unverified)
{
    struct tls_report report;
    struct err err = {0};
    if (d->in.size) {
        probe_result_fail(d->r, REASON_PROTOCOL, "it went on speaking plainly where TLS begins");
        return -1;
    }
    if (observe_tls_context(d->o, true, d->r, d->deadline) < 0)
        return -1;
    const char *name = d->o->spec->server_name;
    struct tls_request request = {
        .name = name ? slice_from(name) : d->t->host,
        .alpn = alpn,
        .no_resume = true,
        .unverified = unverified,
        .arena = d->o->story ? &d->o->story->arena : NULL,
    };
    rt_time begin = rt_now_exact();
    int code = tls_connect(d->o->tls, d->stream.sock, &request, &d->stream.tls, &report, &err,
                           d->deadline);
    if (code == 0)
        d->r->tls_ns = rt_now_exact() - begin;
    if (d->o->story)
        story_tls(d->o->story, &report, rt_now_exact() - begin, code, &err);
    observe_tls_report(&report, d->r);
    if (code == 0)
        return 0;
    observe_tls_failed(d->o, d->r, &report, code, &err);
    return -1;
}

/* ---- speaking and hearing ---- */

static int broken(struct dialog *d, const char *what, int code)
{
    struct err err = {0};
    stream_explain(&d->stream, code, what, &err);
    if (code == -ETIMEDOUT || code == -ECANCELED)
        observe_step_failed(d->o, d->r, what, code, NULL);
    else
        probe_result_fail(d->r, probe_reason_of_errno(code), "%s", err.text);
    return -1;
}

int dialog_say(struct dialog *d, struct slice text)
{
    int code = stream_write(&d->stream, text.data, text.size, d->deadline);
    d->said = rt_now_exact();
    return code < 0 ? broken(d, "ask", code) : 0;
}

int dialog_say_line(struct dialog *d, const char *line)
{
    TELL(d->o, "asked", "%.*s", SLICE_ARG(slice_trim(slice_from(line))));
    return dialog_say(d, slice_from(line));
}

void dialog_tell(struct dialog *d, struct slice words)
{
    if (d->o->story)
        story_heard(d->o->story, words, d->said ? d->said : d->began);
}

int dialog_say_buf(struct dialog *d, struct buf *text)
{
    int r = dialog_say(d, buf_slice(text));
    buf_done(text);
    return r;
}

int dialog_hear_or_end(struct dialog *d)
{
    char *room;
    if (buf_reserve(&d->in, READ_BYTES, &room) < 0) {
        probe_result_fail(d->r, REASON_TOO_LARGE, "it said more than the %d MiB that are looked at",
                          DIALOG_BYTES_MAX >> 20);
        return -1;
    }
    ssize_t n = stream_read(&d->stream, room, READ_BYTES, d->deadline);
    if (n == 0 || n == -EPIPE)
        return 1;
    if (n < 0)
        return broken(d, "answer", (int)n);
    if (d->r->first_byte_ns == PROBE_NONE && d->said)
        d->r->first_byte_ns = rt_now_exact() - d->said;
    buf_commit(&d->in, (size_t)n);
    return 0;
}

int dialog_hear(struct dialog *d)
{
    int r = dialog_hear_or_end(d);
    if (r <= 0)
        return r;
    probe_result_fail(d->r, REASON_CLOSED, "the peer closed the connection %s",
                      d->in.size ? "in the middle of an answer" : "without an answer");
    return -1;
}

void dialog_taken(struct dialog *d, ptrdiff_t size)
{
    buf_consume(&d->in, (size_t)size);
}

/* ---- what is wrong ---- */

/* The peer's words as one line that a terminal may be shown. */
static void show(struct buf *out, struct slice words)
{
    words = slice_trim(words);
    utf8_append_shown(out, utf8_cut_columns(words, SHOWN_COLUMNS_MAX));
}

int dialog_fail(struct dialog *d, enum probe_reason reason, const char *what, struct slice words)
{
    struct buf shown = BUF(MEM_OBSERVE, 0);
    show(&shown, words);
    if (shown.size)
        probe_result_fail(d->r, reason, "%s: %s", what, shown.data);
    else
        probe_result_fail(d->r, reason, "%s", what);
    buf_done(&shown);
    return -1;
}

int dialog_strange(struct dialog *d, ptrdiff_t code, const struct err *err)
{
    enum { FIRST_BYTES = 24 };
    struct buf shown = BUF(MEM_OBSERVE, 0);
    if (d->r->reason != REASON_OK)
        return -1;
    show(&shown, slice_sub(buf_slice(&d->in), 0, FIRST_BYTES));
    if (code == -EMSGSIZE)
        probe_result_fail(d->r, REASON_TOO_LARGE, "%s", err->text);
    else
        probe_result_fail(d->r, REASON_PROTOCOL, "no %s answers there, but '%s': %s", d->peer,
                          shown.data ? shown.data : "", err->text);
    buf_done(&shown);
    return -1;
}
