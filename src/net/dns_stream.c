#include "net/dns_stream.h"

#include <ares.h>
#include <errno.h>
#include <openssl/rand.h>

#include "base/buf.h"
#include "base/fault.h"
#include "net/dns_record.h"

enum { PREFIX_BYTES = 2 };

static int read_all(struct stream *s, unsigned char *to, size_t size, rt_time deadline)
{
    for (size_t got = 0; got < size;) {
        ssize_t n = stream_read(s, to + got, size - got, deadline);
        if (n <= 0)
            return n == 0 ? -EPIPE : (int)n;
        got += (size_t)n;
    }
    return 0;
}

static int send_question(struct stream *s, const unsigned char *question, size_t size,
                         rt_time deadline)
{
    struct buf out = BUF(MEM_NET, 0);
    const char prefix[PREFIX_BYTES] = {(char)(size >> 8), (char)size};
    buf_append(&out, prefix, sizeof(prefix));
    buf_append(&out, question, size);
    int r = stream_write(s, out.data, out.size, deadline);
    buf_done(&out);
    return r;
}

static int read_reply(struct stream *s, unsigned char **ret, size_t *ret_size, rt_time deadline)
{
    unsigned char prefix[PREFIX_BYTES];
    int r = read_all(s, prefix, sizeof(prefix), deadline);
    if (r < 0)
        return r;
    size_t size = (size_t)prefix[0] << 8 | prefix[1];
    unsigned char *reply = mem_alloc(MEM_NET, size + 1);
    r = read_all(s, reply, size, deadline);
    if (r < 0) {
        mem_free(MEM_NET, reply);
        return r;
    }
    *ret = reply;
    *ret_size = size;
    return 0;
}

static int ask(struct stream *s, const unsigned char *question, size_t size, uint16_t type,
               struct arena *arena, struct dns_answers *ret, rt_time deadline)
{
    unsigned char *reply = NULL;
    size_t reply_size;
    int r = send_question(s, question, size, deadline);
    if (r == 0)
        r = read_reply(s, &reply, &reply_size, deadline);
    if (r == 0 && !dns_reply_answers(reply, (int)reply_size, question, (int)size) &&
        !fault_mutant("dns_stream_any_reply"))
        r = -EBADMSG;
    if (r == 0)
        r = dns_reply_code(reply, (int)reply_size);
    if (r == 0)
        r = dns_record_parse(reply, (int)reply_size, type, arena, ret);
    mem_free(MEM_NET, reply);
    return r;
}

int dns_query_stream(struct stream *s, struct slice name, uint16_t type, struct arena *arena,
                     struct dns_answers *ret_answers, struct err *err, rt_time deadline)
{
    unsigned char *question;
    size_t size;
    char text[DNS_NAME_MAX + 2];
    int r = dns_take_name(name, text, err);
    if (r == 0)
        r = dns_question(text, type, &question, &size);
    if (r < 0)
        return dns_explain(r, text, err);
    r = ask(s, question, size, type, arena, ret_answers, deadline);
    ares_free_string(question);
    return r < 0 ? dns_explain(r, text, err) : 0;
}
