#include "wire/ws.h"

#include <errno.h>
#include <stdio.h>

#include "observe/dialog.h"
#include "observe/story.h"
#include "wire/base64.h"
#include "wire/http1.h"
#include "wire/url.h"

enum { KEY_BYTES = 16, KEY_TEXT_BYTES = 24, PING_BYTES = 8, FRAMES_MAX = 1000 };

static void put_request(struct dialog *d, const char *key, struct buf *out)
{
    const struct probe_spec *spec = d->o->spec;
    struct url u;
    url_parse(d->t->url, &u, NULL); /* as it was when the target was read */
    struct slice target = u.target;
    bool v6 = u.host_is_ipv6, query_only = target.size == 0 || target.data[0] != '/';
    buf_printf(out, "GET %s%.*s HTTP/1.1\r\nHost: %s%.*s%s", query_only ? "/" : "",
               SLICE_ARG(target), v6 ? "[" : "", SLICE_ARG(u.host), v6 ? "]" : "");
    if (u.has_port)
        buf_printf(out, ":%u", u.port);
    buf_printf(out,
               "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: %s\r\n",
               key);
    for (uint32_t i = 0; i < spec->header_count; i++)
        buf_printf(out, "%.*s: %.*s\r\n", SLICE_ARG(spec->headers[i].name),
                   SLICE_ARG(spec->headers[i].value));
    if (u.userinfo.size) {
        struct buf login = BUF(MEM_OBSERVE, 0);
        url_decode(u.userinfo, &login);
        buf_append_cstr(out, "Authorization: Basic ");
        base64_encode(buf_slice(&login), BASE64_STD, BASE64_PADDED, out);
        buf_append_cstr(out, "\r\n");
        buf_done(&login);
    }
    buf_append_cstr(out, "\r\n");
}

static void make_key(char *text)
{
    char key[KEY_BYTES];
    struct buf b = BUF(MEM_OBSERVE, 0);
    observe_secret(key, sizeof(key));
    base64_encode((struct slice){key, sizeof(key)}, BASE64_STD, BASE64_PADDED, &b);
    memcpy(text, b.data, KEY_TEXT_BYTES + 1);
    buf_done(&b);
}

/* ---- the answer to the handshake ---- */

static ptrdiff_t parse_head(struct slice in, struct http1_head *ret, struct err *err)
{
    static const struct http1_limits limits;
    struct http1_parser p;
    if (in.size == 0)
        return 0;
    http1_parser_response(&p, SLICE("GET"), &limits);
    return http1_parse(&p, in, ret, err);
}

/* Whether the field's list has the word, any case. */
static bool has_word(const struct http1_head *h, const char *field, const char *word)
{
    const struct http1_field *f = http1_field_find(h, field, 0);
    struct slice rest = f ? f->value : (struct slice){0};
    while (rest.data)
        if (slice_eq_nocase(slice_trim(slice_cut(&rest, ',')), slice_from(word)))
            return true;
    return false;
}

static void tell_head(struct dialog *d, const struct http1_head *h)
{
    static const char *const shown[] = {"Upgrade", "Connection", "Server", "Location",
                                        "WWW-Authenticate"};
    char line[80];
    snprintf(line, sizeof(line), "status %u %s", h->status, http1_status_words(h->status));
    dialog_tell(d, slice_from(line));
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        const struct http1_field *f = http1_field_find(h, shown[i], 0);
        if (f)
            TELL(d->o, "", "  %s: %.*s", shown[i], SLICE_ARG(f->value));
    }
}

static int check_answer(struct dialog *d, const struct http1_head *h, const char *key)
{
    char wanted[WS_ACCEPT_BYTES + 1], status[40];
    d->r->status = h->status;
    if (d->o->story)
        tell_head(d, h);
    if (h->status != 101) {
        snprintf(status, sizeof(status), "status %d, not 101", h->status);
        return dialog_fail(d, REASON_HTTP_STATUS, status,
                           slice_from(http1_status_words(h->status)));
    }
    if (!has_word(h, "Upgrade", "websocket") || !has_word(h, "Connection", "upgrade"))
        return dialog_fail(d, REASON_PROTOCOL, "it upgrades to something else than websocket",
                           (struct slice){0});
    const struct http1_field *accept = http1_field_find(h, "Sec-WebSocket-Accept", 0);
    ws_accept(slice_from(key), wanted);
    if (!accept || !slice_eq_cstr(accept->value, wanted))
        return dialog_fail(d, REASON_PROTOCOL, "Sec-WebSocket-Accept does not answer our key",
                           accept ? accept->value : (struct slice){0});
    if (http1_field_find(h, "Sec-WebSocket-Extensions", 0))
        return dialog_fail(d, REASON_PROTOCOL, "it uses an extension that nobody offered",
                           http1_field_find(h, "Sec-WebSocket-Extensions", 0)->value);
    return 0;
}

static int shake_hands(struct dialog *d)
{
    char key[KEY_TEXT_BYTES + 1];
    struct buf out = BUF(MEM_OBSERVE, 0);
    struct http1_head *head = arena_new(&d->r->arena, struct http1_head);
    make_key(key);
    put_request(d, key, &out);
    TELL(d->o, "asked", "GET %.*s, to be upgraded to websocket", SLICE_ARG(d->t->name));
    if (dialog_say_buf(d, &out) < 0)
        return -1;
    ptrdiff_t size = dialog_next(d, parse_head, head);
    if (size < 0 || check_answer(d, head, key) < 0)
        return -1;
    dialog_taken(d, size);
    return 0;
}

/* ---- frames ---- */

static int say_frame(struct dialog *d, uint8_t opcode, struct slice payload)
{
    struct buf out = BUF(MEM_OBSERVE, 0);
    uint8_t mask[4];
    observe_secret(mask, sizeof(mask));
    ws_put(&out, opcode, payload, mask);
    return dialog_say_buf(d, &out);
}

static int closed(struct dialog *d, struct slice payload)
{
    uint16_t code;
    struct slice words;
    char what[48];
    if (ws_parse_close(payload, &code, &words) < 0)
        return dialog_fail(d, REASON_PROTOCOL, "its close frame is broken", (struct slice){0});
    snprintf(what, sizeof(what), "it closed at once, with code %u", code);
    return dialog_fail(d, REASON_CLOSED, what, words);
}

/* Messages that the server sends unasked are let pass. */
static int wait_pong(struct dialog *d, struct slice wanted)
{
    struct ws_frame f;
    for (int frames = 0; frames < FRAMES_MAX; frames++) {
        ptrdiff_t size = dialog_next(d, ws_parse, &f);
        if (size < 0)
            return -1;
        if (f.opcode == WS_CLOSE)
            return closed(d, f.payload);
        if (f.opcode == WS_PONG && slice_eq(f.payload, wanted)) {
            dialog_tell(d, SLICE("a pong with the same bytes"));
            return 0;
        }
        TELL(d->o, "", "a frame of another kind is let pass: opcode %u, %zu bytes", f.opcode,
             f.payload.size);
        if (f.opcode == WS_PING && say_frame(d, WS_PONG, f.payload) < 0)
            return -1;
        dialog_taken(d, size);
    }
    return dialog_fail(d, REASON_TOO_LARGE, "it sent a thousand frames, and no pong",
                       (struct slice){0});
}

static void talk(struct dialog *d)
{
    static const char normal[] = {0x03, (char)0xE8}; /* 1000 */
    char cookie[PING_BYTES];
    struct slice ping = {cookie, sizeof(cookie)};
    observe_secret(cookie, sizeof(cookie));
    if (shake_hands(d) < 0)
        return;
    TELL(d->o, "asked", "a ping with %d bytes that nobody can guess", PING_BYTES);
    if (say_frame(d, WS_PING, ping) < 0 || wait_pong(d, ping) < 0)
        return;
    struct buf out = BUF(MEM_OBSERVE, 0);
    uint8_t mask[4] = {0};
    ws_put(&out, WS_CLOSE, (struct slice){normal, sizeof(normal)}, mask);
    stream_write(&d->stream, out.data, out.size, d->deadline); /* whatever comes of it */
    buf_done(&out);
}

/* Straight there, or through the tunnel of a proxy. */
static int reach(struct dialog *d, struct observer *o, const struct probe_target *t,
                 struct probe_result *r, rt_time deadline)
{
    struct proxy_settings settings = {o->spec->http_proxy, o->spec->https_proxy, o->spec->no_proxy};
    struct url proxy;
    struct err err = {0};
    int code = proxy_choose(&settings, t->tls, t->host, t->port, &proxy, &err);
    if (code == 0)
        return dialog_open_plain(d, o, t, r, "websocket", deadline);
    *d = (struct dialog){.o = o, .t = t, .r = r, .deadline = deadline};
    if (code > 0) {
        struct probe_target via = {.host = proxy.host, .port = proxy.port};
        if (dialog_open_plain(d, o, &via, r, "websocket", deadline) < 0) {
            bool refused = r->reason == REASON_REFUSED || r->reason == REASON_UNREACHABLE;
            r->reason = refused ? REASON_PROXY_REFUSED : r->reason;
            return -1;
        }
        d->t = t;
        code = proxy_tunnel(&d->stream, &proxy, t->host, t->port, &err, deadline);
    }
    if (code == 0)
        return 0;
    observe_proxy_failed(o, r, code, &err);
    return -1;
}

void probe_ws(struct observer *o, const struct probe_target *t, struct probe_result *r,
              rt_time deadline)
{
    struct dialog d;
    if (reach(&d, o, t, r, deadline) == 0 &&
        (!t->tls || dialog_tls(&d, "http/1.1", false) == 0))
        talk(&d);
    dialog_close(&d);
}
