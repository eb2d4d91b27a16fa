#include "act/notify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "act/fetch.h"
#include "base/utf8.h"
#include "net/smtp.h"
#include "rt/file.h"
#include "wire/notice_json.h"
#include "wire/notice_write.h"

/* One delivery under way. */
struct teller {
    struct fetch fetch;
    struct exec_result *result;
    struct err err;
    rt_time deadline;
};

/* ---- the result ---- */

static void fail(struct teller *t, enum probe_reason reason, const char *text)
{
    t->result->reason = reason;
    snprintf(t->result->detail, sizeof(t->result->detail), "%.*s", EXEC_DETAIL_MAX - 1, text);
}

static enum probe_reason reason_of_fault(enum tls_fault fault)
{
    return fault == TLS_EXPIRED         ? REASON_TLS_EXPIRED
           : fault == TLS_NOT_YET_VALID ? REASON_TLS_NOT_YET_VALID
           : fault == TLS_WRONG_NAME    ? REASON_TLS_NAME
           : fault == TLS_UNTRUSTED     ? REASON_TLS_UNTRUSTED
                                        : REASON_TLS_PROTOCOL;
}

static enum probe_reason reason_of_http(const struct http_trace *trace, int code)
{
    if (trace->phase == HTTP_PHASE_DNS)
        return code == -ENOENT || code == -ENODATA ? REASON_DNS_NXDOMAIN
               : code == -ETIMEDOUT                ? REASON_DNS_TIMEOUT
                                                   : REASON_DNS_SERVFAIL;
    if (trace->phase == HTTP_PHASE_TLS && (code == -EPROTO || code == -EKEYREJECTED))
        return reason_of_fault(trace->tls.fault);
    if (code == -EBADMSG || code == -EMSGSIZE || code == -EPROTONOSUPPORT)
        return REASON_PROTOCOL;
    return code == -EPIPE ? REASON_CLOSED : probe_reason_of_errno(code);
}

/* What the server says about it: the first line of its answer. */
static void fail_status(struct teller *t, struct http_response *response)
{
    struct buf body = BUF(MEM_ACT, NOTIFY_ANSWER_BYTES_MAX), text = BUF(MEM_ACT, 0);
    const struct http1_head *head = http_head(response);
    (void)http_read_all(response, &body, &t->err, t->deadline);
    struct slice rest = buf_slice(&body), line = slice_cut(&rest, '\n');
    buf_printf(&text, "it answers %d", head->status);
    if (line.size)
        buf_append_cstr(&text, ": ");
    utf8_append_shown(&text, slice_trim(line));
    fail(t, REASON_HTTP_STATUS, text.data);
    buf_done(&body);
    buf_done(&text);
}

/* ---- HTTP ---- */

/* The cause without the address before it: who may read a task need not know that, for it is often
 * all that a chat room's webhook asks for. A very long one leaves no room for the cause. */
static const char *without_address(const char *text, struct slice url)
{
    struct slice all = slice_from(text);
    bool begins = all.size > url.size + 2 && slice_eq(slice_sub(all, 0, url.size), url) &&
                  memcmp(text + url.size, ": ", 2) == 0;
    if (begins)
        return text + url.size + 2;
    struct slice cut = slice_sub(all, 0, ERR_TEXT_MAX);
    bool only_address = cut.size && slice_eq(cut, slice_sub(url, 0, cut.size));
    return only_address ? "it cannot be asked" : text;
}

static int post(struct teller *t, struct slice url, const struct http1_field *fields,
                uint32_t field_count, struct slice body)
{
    struct http_request request = {.method = SLICE("POST"),
                                   .url = url,
                                   .fields = fields,
                                   .field_count = field_count,
                                   .body = body};
    int r = fetch_open(&t->fetch, &request, &t->err, t->deadline);
    if (r < 0 && r != -ECANCELED)
        fail(t, reason_of_http(&t->fetch.trace, r), without_address(t->err.text, url));
    else if (r == 0 && fetch_status(&t->fetch) / 100 != 2)
        fail_status(t, t->fetch.response);
    fetch_close(&t->fetch);
    return r == -ECANCELED ? r : 0;
}

static int read_secret(struct teller *t, struct slice path, struct buf *out)
{
    struct buf name = BUF(MEM_ACT, 0);
    buf_append_slice(&name, path);
    int r = rt_file_read_secret(name.data, out, t->deadline);
    if (r < 0 && r != -ECANCELED) {
        err_sys(&t->err, r, "the secret's file %s", name.data);
        fail(t, r == -EACCES ? REASON_PERMISSION : REASON_EXEC_NOT_FOUND, t->err.text);
    }
    buf_done(&name);
    return r;
}

static int tell_http(struct teller *t, const struct delivery *d)
{
    const struct receiver *to = &d->receiver;
    char signature[NOTICE_SIGNATURE_BYTES];
    struct buf body = BUF(MEM_ACT, 0), url = BUF(MEM_ACT, 0);
    struct buf secret = BUF(MEM_ACT, NOTIFY_SECRET_BYTES_MAX);
    struct http1_field fields[2] = {{SLICE("Content-Type"), SLICE("application/json")}};
    uint32_t count = 1;
    int r = 0;
    notice_write_body(&d->notice, to->kind, &body);
    buf_append_slice(&url, to->url);
    if (to->kind == RECEIVER_ALERTMANAGER) {
        while (url.size && url.data[url.size - 1] == '/')
            url.size--;
        buf_append_cstr(&url, "/api/v2/alerts");
    }
    if (to->secret_file.size) {
        r = read_secret(t, to->secret_file, &secret);
        notice_sign(buf_slice(&secret), rt_wall_now() / RT_SEC, buf_slice(&body), signature);
        fields[count++] = (struct http1_field){SLICE("Firebreak-Signature"), slice_from(signature)};
    }
    if (r == 0)
        r = post(t, buf_slice(&url), fields, count, buf_slice(&body));
    buf_done(&body);
    buf_done(&url);
    buf_done(&secret);
    return r == -ECANCELED ? r : 0;
}

/* ---- mail ---- */

static int tell_mail(struct teller *t, const struct delivery *d)
{
    struct buf message = BUF(MEM_ACT, 0);
    uint32_t accepted = 0;
    struct smtp_mail mail = {.server = d->receiver.server,
                             .from = d->receiver.from,
                             .to = d->receiver.to,
                             .to_count = d->receiver.to_count};
    int r = notice_write_mail(&d->notice, &d->receiver, &message);
    if (r < 0)
        err_set(&t->err, r, "an address of the receiver cannot stand in a mail");
    mail.message = buf_slice(&message);
    if (r == 0) {
        r = fetch_begin(&t->fetch, &t->err, t->deadline);
        if (r == 0)
            r = smtp_send(t->fetch.dns, t->fetch.tls, &mail, &accepted, &t->err, t->deadline);
        fetch_close(&t->fetch);
    }
    buf_done(&message);
    if (r == -ECANCELED)
        return r;
    if (r == -EPERM || r == -EAGAIN)
        fail(t, REASON_NOT_SERVING, t->err.text);
    else if (r == -EBADMSG || r == -EINVAL)
        fail(t, REASON_PROTOCOL, t->err.text);
    else if (r == -EPROTO || r == -EKEYREJECTED)
        fail(t, REASON_TLS_PROTOCOL, t->err.text);
    else if (r < 0)
        fail(t, r == -EPIPE ? REASON_CLOSED : probe_reason_of_errno(r), t->err.text);
    else if (accepted < d->receiver.to_count)
        snprintf(t->result->detail, sizeof(t->result->detail), "%u of %u accepted: %.180s",
                 accepted, d->receiver.to_count, t->err.text);
    return 0;
}

/* ---- */

int act_notify(struct slice json, struct exec_result *ret, struct err *err, rt_time deadline)
{
    struct arena arena = ARENA(MEM_ACT, 0);
    struct delivery *d = arena_new(&arena, struct delivery);
    struct teller *t = arena_new(&arena, struct teller);
    rt_time begin = rt_now(), latest = begin + NOTIFY_TIMEOUT_MS * RT_MS;
    struct exec_result result = {
        .reason = REASON_OK, .started = true, .started_wall_ns = rt_wall_now()};
    t->result = &result;
    t->deadline = deadline < latest ? deadline : latest;
    int r = delivery_read(json, &arena, d, err);
    if (r == 0)
        r = d->receiver.kind == RECEIVER_EMAIL ? tell_mail(t, d) : tell_http(t, d);
    arena_done(&arena);
    if (r < 0)
        return r;
    result.exit = result.reason == REASON_OK ? 0 : 1;
    result.wall_ns = rt_now() - begin;
    *ret = result;
    return 0;
}
