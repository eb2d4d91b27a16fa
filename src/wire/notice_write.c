#include "wire/notice_write.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/utf8.h"
#include "model/civil.h"
#include "wire/base64.h"
#include "wire/json.h"

enum { LATE_MS = 5 * 60 * 1000 };

/* ---- texts ---- */

/* One line of the outside, cut on a character's border. */
static void append_shown(struct buf *out, struct slice s, size_t bytes_max)
{
    bool cut = s.size > bytes_max;
    if (cut)
        s = slice_sub(s, 0, bytes_max);
    while (cut && s.size && utf8_valid_bytes(s) == s.size - 1)
        s.size--;
    utf8_append_shown(out, s);
    if (cut)
        buf_append_cstr(out, "…");
}

static void append_asset(struct buf *out, const struct notice_alert *a)
{
    if (a->namespace_.size && !slice_eq_cstr(a->namespace_, "default")) {
        append_shown(out, a->namespace_, 64);
        buf_append_byte(out, '/');
    }
    append_shown(out, a->asset, 128);
}

static void append_verdict(struct buf *out, const struct notice_alert *a)
{
    append_asset(out, a);
    if (a->ended_ms) {
        buf_append_cstr(out, " is well again");
        return;
    }
    buf_printf(out, " is %.*s", SLICE_ARG(a->state));
    if (a->reason.size)
        buf_printf(out, ": %.*s", SLICE_ARG(a->reason));
}

static void cut(struct buf *out, size_t from, size_t bytes_max)
{
    static const struct slice dots = SLICE("…");
    size_t size = out->size - from;
    if (size <= bytes_max)
        return;
    struct slice text = {out->data + from, bytes_max - dots.size};
    out->size = from + utf8_valid_bytes(text);
    buf_append_slice(out, dots);
}

void notice_headline(const struct notice *n, size_t bytes_max, struct buf *out)
{
    uint32_t firing = notice_firing(n), all = n->alert_count + n->more;
    size_t from = out->size;
    if (all == 1 && n->alert_count == 1) {
        append_verdict(out, &n->alerts[0]);
    } else {
        if (firing)
            buf_printf(out, "%" PRIu32 " %s in trouble: ", firing + n->more,
                       firing + n->more == 1 ? "asset is" : "assets are");
        else
            buf_printf(out, "%" PRIu32 " assets are well again: ", all);
        bool first = true;
        for (uint32_t i = 0; i < n->alert_count; i++) {
            if (firing && n->alerts[i].ended_ms)
                continue;
            buf_append_cstr(out, first ? "" : ", ");
            append_asset(out, &n->alerts[i]);
            first = false;
        }
    }
    cut(out, from, bytes_max);
}

static void append_time(struct buf *out, int64_t ms)
{
    enum { NS_OF_MS = 1000 * 1000 };
    char text[LOG_TIME_BYTES];
    log_format_time(ms * NS_OF_MS, text);
    buf_append(out, text, sizeof(text));
}

void notice_text(const struct notice *n, struct buf *out)
{
    for (uint32_t i = 0; i < n->alert_count; i++) {
        const struct notice_alert *a = &n->alerts[i];
        append_verdict(out, a);
        buf_append_cstr(out, a->ended_ms ? ", at " : ", since ");
        append_time(out, a->ended_ms ? a->ended_ms : a->began_ms);
        buf_append_byte(out, '\n');
        if (a->evidence.size && !a->ended_ms) {
            buf_append_cstr(out, "  ");
            append_shown(out, a->evidence, NOTICE_EVIDENCE_BYTES_MAX);
            buf_append_byte(out, '\n');
        }
        for (uint32_t l = 0; l < a->label_count; l++) {
            buf_append_cstr(out, l ? " " : "  ");
            append_shown(out, a->labels[l].key, 64);
            buf_append_byte(out, '=');
            append_shown(out, a->labels[l].value, 128);
        }
        if (a->label_count)
            buf_append_byte(out, '\n');
        buf_append_cstr(out, "  firebreak why asset/");
        append_shown(out, a->asset, 128);
        if (a->namespace_.size && !slice_eq_cstr(a->namespace_, "default"))
            buf_printf(out, " -n %.*s", SLICE_ARG(a->namespace_));
        buf_append_byte(out, '\n');
    }
    if (n->more)
        buf_printf(out, "and %" PRIu32 " more\n", n->more);
}

/* ---- bodies of JSON ---- */

static void json_moment(struct json_writer *w, int64_t ms)
{
    struct buf text = BUF(MEM_WIRE, 0);
    if (ms)
        append_time(&text, ms);
    if (ms)
        json_string(w, buf_slice(&text));
    else
        json_null(w);
    buf_done(&text);
}

static void json_labels(struct json_writer *w, const struct notice_alert *a)
{
    for (uint32_t i = 0; i < a->label_count; i++) {
        json_key_slice(w, a->labels[i].key);
        json_string(w, a->labels[i].value);
    }
}

static void write_webhook(const struct notice *n, struct json_writer *w, struct slice headline)
{
    json_object_open(w);
    json_i64_member(w, "version", 1);
    json_text_member(w, "receiver", n->receiver);
    json_text_member(w, "group", n->group);
    json_text_member(w, "key", n->key);
    json_key(w, "status");
    json_cstr(w, notice_firing(n) ? "firing" : "resolved");
    json_text_member(w, "headline", headline);
    json_key(w, "at");
    json_moment(w, n->at_ms);
    json_key(w, "alerts");
    json_array_open(w);
    for (uint32_t i = 0; i < n->alert_count; i++) {
        const struct notice_alert *a = &n->alerts[i];
        json_object_open(w);
        json_text_member(w, "asset", a->asset);
        json_text_member(w, "namespace", a->namespace_.size ? a->namespace_ : SLICE("default"));
        json_key(w, "labels");
        json_object_open(w);
        json_labels(w, a);
        json_object_close(w);
        json_text_member(w, "state", a->state);
        json_text_member(w, "reason", a->reason);
        json_text_member(w, "evidence", a->evidence);
        json_key(w, "trace_id");
        if (a->trace_id.size)
            json_string(w, a->trace_id);
        else
            json_null(w);
        json_key(w, "began_at");
        json_moment(w, a->began_ms);
        json_key(w, "ended_at");
        json_moment(w, a->ended_ms);
        json_object_close(w);
    }
    json_array_close(w);
    json_key(w, "more");
    json_u64(w, n->more);
    json_object_close(w);
}

/* A label's name as Prometheus has it: others' letters become '_'. */
static void json_label_name(struct json_writer *w, struct slice key)
{
    struct buf name = BUF(MEM_WIRE, 0);
    for (size_t i = 0; i < key.size; i++) {
        char c = key.data[i], low = (char)(c | 32);
        bool letter = (low >= 'a' && low <= 'z') || c == '_', digit = c >= '0' && c <= '9';
        if (i == 0 && digit)
            buf_append_byte(&name, '_');
        buf_append_byte(&name, letter || digit ? c : '_');
    }
    json_key_slice(w, buf_slice(&name));
    buf_done(&name);
}

static bool reserved(struct slice key)
{
    return slice_eq_cstr(key, "alertname") || slice_eq_cstr(key, "asset") ||
           slice_eq_cstr(key, "namespace");
}

/* What lasts is held for over where nobody says again that it lasts, as when we are gone for good.
 *
 * What tells an alert from others are its labels: nothing that changes while it lasts is among
 * them, for then Alertmanager would see another alert, and the first would never be resolved. */
static void write_alertmanager(const struct notice *n, struct json_writer *w)
{
    struct buf summary = BUF(MEM_WIRE, 0);
    json_array_open(w);
    for (uint32_t i = 0; i < n->alert_count; i++) {
        const struct notice_alert *a = &n->alerts[i];
        buf_clear(&summary);
        append_verdict(&summary, a);
        json_object_open(w);
        json_key(w, "labels");
        json_object_open(w);
        json_key(w, "alertname");
        json_cstr(w, "FirebreakAsset");
        json_text_member(w, "asset", a->asset);
        json_text_member(w, "namespace", a->namespace_.size ? a->namespace_ : SLICE("default"));
        for (uint32_t l = 0; l < a->label_count; l++) {
            if (reserved(a->labels[l].key) || !a->labels[l].value.size)
                continue;
            json_label_name(w, a->labels[l].key);
            json_string(w, a->labels[l].value);
        }
        json_object_close(w);
        json_key(w, "annotations");
        json_object_open(w);
        json_text_member(w, "summary", buf_slice(&summary));
        json_text_member(w, "state", a->state);
        json_text_member(w, "reason", a->reason);
        json_text_member(w, "description", a->evidence);
        json_text_member(w, "trace_id", a->trace_id);
        json_object_close(w);
        json_key(w, "startsAt");
        json_moment(w, a->began_ms);
        if (a->ended_ms || n->again_ms) {
            json_key(w, "endsAt");
            json_moment(w, a->ended_ms ? a->ended_ms : n->at_ms + 2 * n->again_ms + LATE_MS);
        }
        json_object_close(w);
    }
    json_array_close(w);
    buf_done(&summary);
}

/* An Adaptive Card, as the workflows take it that replaced Teams' connectors. */
static void write_teams(struct json_writer *w, struct slice headline, struct slice text)
{
    json_object_open(w);
    json_key(w, "type");
    json_cstr(w, "message");
    json_key(w, "attachments");
    json_array_open(w);
    json_object_open(w);
    json_key(w, "contentType");
    json_cstr(w, "application/vnd.microsoft.card.adaptive");
    json_key(w, "content");
    json_object_open(w);
    json_key(w, "type");
    json_cstr(w, "AdaptiveCard");
    json_key(w, "version");
    json_cstr(w, "1.2");
    json_key(w, "body");
    json_array_open(w);
    const struct slice blocks[] = {headline, text};
    for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
        json_object_open(w);
        json_key(w, "type");
        json_cstr(w, "TextBlock");
        json_key(w, "wrap");
        json_bool(w, true);
        json_key(w, "weight");
        json_cstr(w, i == 0 ? "bolder" : "default");
        json_text_member(w, "text", blocks[i]);
        json_object_close(w);
    }
    json_array_close(w);
    json_object_close(w);
    json_object_close(w);
    json_array_close(w);
    json_object_close(w);
}

/* Nobody is called by what an asset's evidence says: Slack's "<" begins a link or a mention. */
static void write_chat(struct json_writer *w, enum receiver_kind kind, struct slice text)
{
    struct buf escaped = BUF(MEM_WIRE, 0);
    for (size_t i = 0; i < text.size; i++) {
        const char *as = text.data[i] == '<'   ? "&lt;"
                         : text.data[i] == '>' ? "&gt;"
                         : text.data[i] == '&' ? "&amp;"
                                               : NULL;
        if (as && kind == RECEIVER_SLACK)
            buf_append_cstr(&escaped, as);
        else
            buf_append_byte(&escaped, text.data[i]);
    }
    json_object_open(w);
    if (kind == RECEIVER_SLACK)
        json_text_member(w, "text", buf_slice(&escaped));
    else
        json_text_member(w, "content", buf_slice(&escaped));
    if (kind == RECEIVER_DISCORD) {
        json_key(w, "allowed_mentions");
        json_object_open(w);
        json_key(w, "parse");
        json_array_open(w);
        json_array_close(w);
        json_object_close(w);
    }
    json_object_close(w);
    buf_done(&escaped);
}

void notice_write_body(const struct notice *n, enum receiver_kind kind, struct buf *out)
{
    struct buf headline = BUF(MEM_WIRE, 0), text = BUF(MEM_WIRE, 0);
    struct json_writer w;
    assert(kind != RECEIVER_EMAIL);
    notice_headline(n, NOTICE_SUBJECT_BYTES_MAX, &headline);
    if (kind == RECEIVER_SLACK || kind == RECEIVER_DISCORD) {
        buf_append_slice(&text, buf_slice(&headline));
        buf_append_byte(&text, '\n');
    }
    notice_text(n, &text);
    cut(&text, 0, NOTICE_CHAT_BYTES_MAX);
    json_begin(&w, out, 0);
    if (kind == RECEIVER_WEBHOOK)
        write_webhook(n, &w, buf_slice(&headline));
    else if (kind == RECEIVER_ALERTMANAGER)
        write_alertmanager(n, &w);
    else if (kind == RECEIVER_TEAMS)
        write_teams(&w, buf_slice(&headline), buf_slice(&text));
    else
        write_chat(&w, kind, buf_slice(&text));
    json_end(&w);
    buf_done(&headline);
    buf_done(&text);
}

/* ---- mail ---- */

/* "Sun, 29 Mar 2026 01:00:00 +0000" */
static void append_date(struct buf *out, int64_t ms)
{
    static const char days[] = "SunMonTueWedThuFriSat",
                      months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int32_t second;
    int64_t day = civil_split(ms / 1000, &second);
    struct civil_date d = civil_date(day);
    buf_printf(out, "%.3s, %d %.3s %04d %02d:%02d:%02d +0000",
               days + (size_t)3 * civil_weekday(day), d.day, months + 3 * (d.month - 1), d.year,
               second / 3600, second / 60 % 60, second % 60);
}

/* An encoded word holds at most 75 bytes: 45 of the text, ended on a character's border. */
static void append_words(struct buf *out, struct slice text)
{
    bool plain = true;
    for (size_t i = 0; i < text.size; i++)
        plain &= text.data[i] >= ' ' && text.data[i] < 0x7f;
    if (plain) {
        buf_append_slice(out, text);
        return;
    }
    for (bool first = true; text.size; first = false) {
        struct slice piece = slice_sub(text, 0, text.size < 42 ? text.size : 42);
        piece.size = utf8_valid_bytes(piece) ? utf8_valid_bytes(piece) : piece.size;
        buf_append_cstr(out, first ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?");
        base64_encode(piece, BASE64_STD, BASE64_PADDED, out);
        buf_append_cstr(out, "?=");
        text = slice_sub(text, piece.size, text.size);
    }
}

static bool is_address(struct slice s)
{
    for (size_t i = 0; i < s.size; i++)
        if ((unsigned char)s.data[i] <= ' ' || s.data[i] == 0x7f || strchr("<>,;\"\\()", s.data[i]))
            return false;
    ptrdiff_t at = slice_find_byte(s, '@');
    return at > 0 && (size_t)at + 1 < s.size && s.size <= 254;
}

static void append_base64_lines(struct buf *out, struct slice text)
{
    for (size_t at = 0; at < text.size; at += 57) {
        size_t end = at + 57 < text.size ? at + 57 : text.size;
        base64_encode(slice_sub(text, at, end), BASE64_STD, BASE64_PADDED, out);
        buf_append_cstr(out, "\r\n");
    }
}

static void append_id(struct buf *out, struct slice text, struct slice from)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_Digest(text.data ? text.data : "", text.size, hash, &size, EVP_sha256(), NULL);
    buf_append_byte(out, '<');
    for (unsigned int i = 0; i < 16; i++)
        buf_printf(out, "%02x", hash[i]);
    buf_printf(out, "@%.*s>",
               SLICE_ARG(slice_sub(from, (size_t)slice_find_byte(from, '@') + 1, from.size)));
}

static void append_threads(struct buf *out, const struct notice *n, struct slice from)
{
    struct buf own = BUF(MEM_WIRE, 0);
    buf_printf(&own, "%.*s %" PRId64, SLICE_ARG(n->key), n->at_ms);
    buf_append_cstr(out, "Message-ID: ");
    append_id(out, buf_slice(&own), from);
    buf_append_cstr(out, "\r\nReferences: ");
    append_id(out, n->key, from);
    buf_append_cstr(out, "\r\n");
    buf_done(&own);
}

int notice_write_mail(const struct notice *n, const struct receiver *r, struct buf *out)
{
    struct buf text = BUF(MEM_WIRE, 0);
    bool well = is_address(r->from) && r->to_count > 0;
    for (uint32_t i = 0; i < r->to_count; i++)
        well &= is_address(r->to[i]);
    if (!well)
        return -EINVAL;
    buf_printf(out, "From: Firebreak <%.*s>\r\nTo: ", SLICE_ARG(r->from));
    for (uint32_t i = 0; i < r->to_count; i++)
        buf_printf(out, "%s<%.*s>", i ? ",\r\n " : "", SLICE_ARG(r->to[i]));
    buf_append_cstr(out, "\r\nSubject: ");
    notice_headline(n, NOTICE_SUBJECT_BYTES_MAX, &text);
    append_words(out, buf_slice(&text));
    buf_append_cstr(out, "\r\nDate: ");
    append_date(out, n->at_ms);
    buf_append_cstr(out, "\r\n");
    append_threads(out, n, r->from);
    buf_append_cstr(out, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                         "Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n"
                         "\r\n");
    buf_clear(&text);
    notice_text(n, &text);
    append_base64_lines(out, buf_slice(&text));
    buf_done(&text);
    return 0;
}

/* ---- signing ---- */

const char *notice_sign(struct slice secret, int64_t at_s, struct slice body,
                        char ret_text[NOTICE_SIGNATURE_BYTES])
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    struct buf signed_text = BUF(MEM_WIRE, 0);
    buf_printf(&signed_text, "%" PRId64 ".", at_s);
    buf_append_slice(&signed_text, body);
    HMAC(EVP_sha256(), secret.data ? secret.data : "", (int)secret.size,
         (const unsigned char *)signed_text.data, signed_text.size, mac, &size);
    int at = snprintf(ret_text, NOTICE_SIGNATURE_BYTES, "t=%" PRId64 ",v1=", at_s);
    for (unsigned int i = 0; i < size && at > 0 && at + 2 < NOTICE_SIGNATURE_BYTES; i++)
        at += snprintf(ret_text + at, (size_t)(NOTICE_SIGNATURE_BYTES - at), "%02x", mac[i]);
    buf_done(&signed_text);
    return ret_text;
}
