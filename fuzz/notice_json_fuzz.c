/* Any bytes as a delivery: refused with words; or every form of it is written within its limits,
 * bodies are JSON, and a mail is ASCII in lines that end in CR LF. */
#include <assert.h>
#include <stdint.h>

#include "wire/notice_json.h"
#include "wire/notice_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_bodies(const struct delivery *d, struct arena *a)
{
    for (int kind = 0; kind < RECEIVER_KIND_COUNT; kind++) {
        struct buf body = BUF(MEM_TEST, 0);
        struct json_value *v;
        if (kind == RECEIVER_EMAIL)
            continue;
        notice_write_body(&d->notice, (enum receiver_kind)kind, &body);
        assert(json_parse(buf_slice(&body), a, 0, &v, NULL) == 0);
        const struct json_value *chat = json_get(v, "content");
        assert(kind != RECEIVER_DISCORD || chat->text.size <= NOTICE_CHAT_BYTES_MAX);
        buf_done(&body);
    }
}

static void check_mail(const struct delivery *d)
{
    struct buf mail = BUF(MEM_TEST, 0);
    static const struct receiver plain = {
        .from = SLICE("a@x"), .to = {SLICE("b@x")}, .to_count = 1};
    int written = notice_write_mail(
        &d->notice, d->receiver.kind == RECEIVER_EMAIL ? &d->receiver : &plain, &mail);
    assert(written == 0 || mail.size == 0);
    bool head = true;
    for (size_t i = 0; i < mail.size; i++) {
        unsigned char c = (unsigned char)mail.data[i];
        assert(c != '\n' || (i && mail.data[i - 1] == '\r'));
        assert(c != '\r' || mail.data[i + 1] == '\n');
        head &= i < 4 || memcmp(mail.data + i - 4, "\r\n\r\n", 4) != 0;
        assert(c < 0x80 || head); /* addresses may be of other letters (RFC 6532) */
    }
    buf_done(&mail);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct err err = {0};
    struct delivery *d = arena_new(&a, struct delivery);
    if (delivery_read((struct slice){(const char *)data, size}, &a, d, &err) < 0) {
        assert(err.text[0]);
    } else {
        assert(d->notice.alert_count >= 1 && d->notice.alert_count <= NOTICE_ALERTS_MAX);
        check_bodies(d, &a);
        check_mail(d);
    }
    arena_done(&a);
    return 0;
}
