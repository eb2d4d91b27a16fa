#include "net/grpc.h"

#include <errno.h>
#include <stdio.h>

#include "net/grpc_conn.h"

void grpc_stream_wake(struct grpc_stream *s)
{
    rt_event_set(&s->readable);
    rt_event_set(&s->writable);
}

void grpc_stream_fail(struct grpc_stream *s, int code, const char *why)
{
    if (s->error)
        return;
    s->error = code;
    snprintf(s->why, sizeof(s->why), "%.*s", (int)sizeof(s->why) - 1, why);
    grpc_stream_wake(s);
}

static bool is_over(const struct grpc_stream *s)
{
    return s->ended || s->closed || s->error || s->conn->dead;
}

/* ---- why it ended ---- */

static enum grpc_code code_of_reset(uint32_t reset)
{
    switch (reset) {
    case NGHTTP2_REFUSED_STREAM:
        return GRPC_UNAVAILABLE;
    case NGHTTP2_CANCEL:
        return GRPC_CANCELLED;
    case NGHTTP2_ENHANCE_YOUR_CALM:
        return GRPC_RESOURCE_EXHAUSTED;
    case NGHTTP2_INADEQUATE_SECURITY:
        return GRPC_PERMISSION_DENIED;
    default:
        return GRPC_INTERNAL;
    }
}

static int broken(struct grpc_stream *s, struct err *err)
{
    const struct grpc_conn *c = s->conn;
    struct grpc_status *status = &s->answer->status;
    if (s->closed) {
        bool untouched = !s->sent || s->reset_code == NGHTTP2_REFUSED_STREAM;
        status->code = code_of_reset(s->reset_code);
        return err_set(err, untouched ? -ENETDOWN : -ECONNRESET,
                       untouched ? "the server did not take the call (%s)"
                                 : "the server broke the call off (%s)",
                       nghttp2_http2_strerror(s->reset_code));
    }
    status->code = GRPC_UNAVAILABLE;
    return err_set(err, s->sent ? -ECONNRESET : -ENETDOWN, "%s", c->why.text);
}

/* Returns 0 where the status is OK. */
static int outcome(struct grpc_stream *s, struct err *err)
{
    const struct grpc_status *status = &s->answer->status;
    if (s->has_status && status->code != GRPC_OK)
        return err_set(err, -EREMOTEIO, "%s: %s", grpc_code_name(status->code), status->message);
    if (s->error)
        return err_set(err, s->error, "%s", s->why);
    if (!s->has_status && !s->ended)
        return broken(s, err);
    if (!s->has_status)
        return err_set(err, -EBADMSG, "the answer ends without a status");
    if (s->in.size > s->in_at)
        return err_set(err, -EBADMSG, "the answer ends inside of a message");
    return 0;
}

/* ---- streams ---- */

static struct grpc_stream *stream_new(struct grpc_conn *c, struct grpc_answer *answer,
                                      rt_time deadline)
{
    struct grpc_stream *s = mem_alloc(MEM_NET, sizeof(*s));
    s->conn = c;
    s->deadline = deadline;
    s->in = s->out = BUF(MEM_NET, 0);
    s->answer = answer ? answer : &s->own;
    *s->answer = (struct grpc_answer){.arena = s->answer->arena};
    list_push_back(&c->streams, &s->link);
    c->live++;
    return s;
}

static void stream_free(struct grpc_stream *s)
{
    list_remove(&s->link);
    s->conn->live--;
    buf_done(&s->in);
    buf_done(&s->out);
    mem_free(MEM_NET, s);
}

int grpc_stream_open(struct grpc_conn *c, const struct grpc_request *request,
                     struct grpc_answer *answer, struct grpc_stream **ret_stream, struct err *err,
                     rt_time deadline)
{
    if (!grpc_usable(c))
        return err_set(err, -ENETDOWN, "%s",
                       c->dead ? c->why.text : "the server takes no more calls (GOAWAY)");
    if (c->live >= GRPC_STREAMS_MAX)
        return err_set(err, -ENOBUFS, "%d calls are under way already", GRPC_STREAMS_MAX);
    if (rt_now() >= deadline)
        return err_sys(err, -ETIMEDOUT, "%.*s", SLICE_ARG(request->path));
    struct grpc_stream *s = stream_new(c, answer, deadline);
    int r = grpc_session_submit(s, c->stream.tls != NULL, request, err);
    if (r < 0) {
        stream_free(s);
        return r;
    }
    grpc_conn_kick(c);
    *ret_stream = s;
    return 0;
}

/* There is something for nghttp2 to take again. */
static void resume(struct grpc_stream *s)
{
    if (is_over(s))
        return;
    if (s->deferred) {
        s->deferred = false;
        nghttp2_session_resume_data(s->conn->session, s->id);
    }
    grpc_conn_kick(s->conn);
}

static int queue(struct grpc_stream *s, struct slice message, struct err *err)
{
    char head[GRPC_HEAD_BYTES];
    if (message.size > UINT32_MAX)
        return err_set(err, -EMSGSIZE, "a message of %zu bytes", message.size);
    grpc_frame_head((uint32_t)message.size, head);
    (void)buf_reserve(&s->out, message.size + sizeof(head), NULL);
    (void)buf_append(&s->out, head, sizeof(head));
    (void)buf_append(&s->out, message.data, message.size);
    return 0;
}

int grpc_stream_send(struct grpc_stream *s, struct slice message, struct err *err, rt_time deadline)
{
    while (!is_over(s) && s->out.size - s->out_at >= GRPC_SEND_BYTES_MAX) {
        rt_event_clear(&s->writable);
        int r = rt_event_wait(&s->writable, deadline);
        if (r < 0)
            return err_sys(err, r, "send");
    }
    if (is_over(s) || s->out_end)
        return err_set(err, -EPIPE, "the call is over");
    int r = queue(s, message, err);
    if (r == 0)
        resume(s);
    return r;
}

void grpc_stream_end(struct grpc_stream *s)
{
    s->out_end = true;
    resume(s);
}

/* Returns 1, 0: not all of it is there, or why it cannot be taken. */
static int pop(struct grpc_stream *s, struct slice *ret_message, struct err *err)
{
    struct slice in = {s->in.data + s->in_at, s->in.size - s->in_at};
    if (in.size == 0)
        return 0;
    ptrdiff_t n = grpc_frame_next(in, s->conn->message_bytes_max, ret_message, err);
    if (n > 0)
        s->in_at += (size_t)n;
    return n < 0 ? (int)n : n > 0;
}

/* The message that was returned last is not needed any more. */
static void drop_taken(struct grpc_stream *s)
{
    enum { MOVE_BYTES = 64 * 1024 }; /* what is left is moved to the front only now and then */
    if (s->in_at == s->in.size) {
        buf_clear(&s->in);
        s->in_at = 0;
    } else if (s->in_at >= MOVE_BYTES) {
        buf_consume(&s->in, s->in_at);
        s->in_at = 0;
    }
    grpc_session_consume(s);
}

int grpc_stream_recv(struct grpc_stream *s, struct slice *ret_message, struct err *err,
                     rt_time deadline)
{
    drop_taken(s);
    for (;;) {
        int r = s->error ? s->error : pop(s, ret_message, err);
        if (r < 0 && !s->error) {
            grpc_stream_fail(s, r, err ? err->text : "a broken message");
            return r;
        }
        if (r > 0)
            return 1;
        if (is_over(s))
            return outcome(s, err);
        rt_event_clear(&s->readable);
        r = rt_event_wait(&s->readable, deadline);
        if (r < 0)
            return err_sys(err, r, "receive");
    }
}

void grpc_stream_close(struct grpc_stream *s)
{
    if (!s)
        return;
    struct grpc_conn *c = s->conn;
    if (!s->closed && !c->dead) {
        bool done = s->ended && s->out_end && s->out.size == s->out_at;
        nghttp2_session_set_stream_user_data(c->session, s->id, NULL);
        if (!done) {
            nghttp2_submit_rst_stream(c->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_CANCEL);
            grpc_conn_kick(c);
        }
    }
    stream_free(s);
}

/* ---- unary calls ---- */

static int receive_one(struct grpc_stream *s, struct buf *reply, struct err *err, rt_time deadline)
{
    struct slice message;
    int r = grpc_stream_recv(s, &message, err, deadline);
    if (r == 0)
        return err_set(err, -EBADMSG, "an answer without a message");
    if (r < 0)
        return r;
    if (buf_append(reply, message.data, message.size) < 0)
        return err_set(err, -EMSGSIZE, "an answer of %zu bytes: at most %zu", message.size,
                       reply->size_max);
    r = grpc_stream_recv(s, &message, err, deadline);
    return r > 0 ? err_set(err, -EBADMSG, "an answer of more than one message") : r;
}

int grpc_call(struct grpc_conn *c, const struct grpc_request *request, struct slice message,
              struct buf *reply, struct grpc_answer *answer, struct err *err, rt_time deadline)
{
    struct grpc_stream *s;
    size_t before = reply->size;
    int r = grpc_stream_open(c, request, answer, &s, err, deadline);
    if (r < 0)
        return r;
    r = queue(s, message, err);
    if (r == 0) {
        grpc_stream_end(s);
        r = receive_one(s, reply, err, deadline);
        if ((r == -ETIMEDOUT || r == -ECANCELED) && !s->sent)
            r = err_set(err, r == -ECANCELED ? r : -ENETDOWN, "the call was never sent");
    }
    grpc_stream_close(s);
    if (r < 0)
        reply->size = before;
    return r;
}
