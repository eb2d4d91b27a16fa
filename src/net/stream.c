#include "net/stream.h"

#include <errno.h>

#include "net/tls.h"

ssize_t stream_read(struct stream *s, void *buf, size_t size, rt_time deadline)
{
    return s->tls ? tls_read(s->tls, buf, size, deadline) : rt_read(s->sock, buf, size, deadline);
}

int stream_wait(struct stream *s, rt_time deadline)
{
    return s->tls ? 0 : rt_wait_heard(s->sock, deadline);
}

int stream_write(struct stream *s, const void *data, size_t size, rt_time deadline)
{
    return s->tls ? tls_write(s->tls, data, size, deadline)
                  : rt_write(s->sock, data, size, deadline);
}

int stream_explain(const struct stream *s, int code, const char *what, struct err *err)
{
    const char *words = code == -EPROTO && s->tls ? tls_words(s->tls) : NULL;
    return words ? err_set(err, code, "%s: %s", what, words) : err_sys(err, code, "%s", what);
}

bool stream_is_readable(const struct stream *s)
{
    if (s->tls && tls_has_pending(s->tls))
        return true;
    return rt_wait_readable(s->sock, 0) != -ETIMEDOUT;
}

bool stream_was_quiet(const struct stream *s)
{
    return rt_was_quiet(s->sock) && !(s->tls && tls_has_pending(s->tls));
}

void stream_close(struct stream *s)
{
    tls_close(s->tls);
    rt_close(s->sock);
    *s = (struct stream){0};
}
