#include "net/tls_bio.h"

#include <errno.h>

/* While a task is parked in here, other tasks of the thread use OpenSSL, too, and share its error
 * queue. That is harmless as long as each leaves the queue empty behind it, which tls.c does: then
 * whatever the queue holds when a call fails is from that call. */

static int send_now(struct tls_link *l, const void *data, size_t size)
{
    int r = rt_write(l->sock, data, size, l->deadline);
    if (r < 0) {
        l->error = r;
        l->cut = true;
    }
    return r;
}

int tls_link_flush(struct tls_link *l)
{
    if (l->out.size == 0)
        return 0;
    int r = send_now(l, l->out.data, l->out.size);
    buf_done(&l->out);
    return r;
}

static int link_read(BIO *b, char *to, int size)
{
    struct tls_link *l = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    if (size <= 0 || l->error || l->ended)
        return l->error ? -1 : 0;
    if (!l->duplex && tls_link_flush(l) < 0)
        return -1;
    ssize_t n = rt_read(l->sock, to, (size_t)size, l->duplex ? 0 : l->deadline);
    if (n < 0) {
        l->error = (int)n;
        if (n == -ETIMEDOUT || n == -ECANCELED)
            BIO_set_retry_read(b); /* nothing was lost: the call may be made again */
        return -1;
    }
    l->ended = n == 0;
    return (int)n;
}

static int link_write(BIO *b, const char *data, int size)
{
    struct tls_link *l = BIO_get_data(b);
    if (size <= 0 || l->error)
        return l->error ? -1 : 0;
    bool kept = l->duplex || l->holding;
    if (kept || l->out.size)
        (void)buf_append(&l->out, data, (size_t)size); /* no bound: tls.c sends it piece by piece */
    if (kept)
        return size;
    int r = l->out.size ? tls_link_flush(l) : send_now(l, data, (size_t)size);
    return r < 0 ? -1 : size;
}

static long link_ctrl(BIO *b, int command, long number, void *ptr)
{
    (void)number;
    (void)ptr;
    const struct tls_link *l = BIO_get_data(b);
    switch (command) {
    case BIO_CTRL_FLUSH: /* tls.c knows better when */
        return 1;
    case BIO_CTRL_EOF:
        return l->ended;
    default:
        return 0;
    }
}

BIO_METHOD *tls_bio_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "rt_sock");
    if (m && BIO_meth_set_read(m, link_read) && BIO_meth_set_write(m, link_write) &&
        BIO_meth_set_ctrl(m, link_ctrl))
        return m;
    BIO_meth_free(m);
    return NULL;
}

BIO *tls_bio_new(BIO_METHOD *method, struct tls_link *link)
{
    BIO *b = BIO_new(method);
    if (!b)
        return NULL;
    BIO_set_data(b, link);
    BIO_set_init(b, 1);
    return b;
}
