/* notice_write.h - a notice as each kind of receiver wants it: Alertmanager's API v2, a webhook of
 * our own, incoming webhooks of chat rooms, and a mail.
 *
 * Texts of the outside (evidence, names) are made safe to show; what is no UTF-8 becomes U+FFFD. A
 * chat's text is cut to what that service takes. Pure; any thread. */
#ifndef FIREBREAK_WIRE_NOTICE_WRITE_H
#define FIREBREAK_WIRE_NOTICE_WRITE_H

#include "base/buf.h"
#include "model/notice.h"

enum {
    NOTICE_CHAT_BYTES_MAX = 1900, /* Discord takes 2,000 characters, others more */
    NOTICE_EVIDENCE_BYTES_MAX = 512,
    NOTICE_SIGNATURE_BYTES = 96,
    NOTICE_SUBJECT_BYTES_MAX = 200,
};

/* The sentence that says all of it: "web-1 is Failed: refused", "3 assets are in trouble: …",
 * "web-1 is well again". At most `bytes_max`; ends with "…" where it was cut. Appends. */
void notice_headline(const struct notice *n, size_t bytes_max, struct buf *out);
/* A paragraph for each alert, in plain text. Appends. */
void notice_text(const struct notice *n, struct buf *out);

/* Appends the body of JSON that a receiver of this kind (any but mail) is posted; a webhook's is
 * {"version":1,"receiver",
 * "group","key","status":"firing"|"resolved","headline","at","alerts":[{"asset","namespace",
 * "labels","state","reason","evidence","trace_id","began_at","ended_at"}],"more":N}. */
void notice_write_body(const struct notice *n, enum receiver_kind kind, struct buf *out);

/* A whole message (RFC 5322, MIME): From, To, Subject, Date, Message-ID, a body in UTF-8. Later
 * ones of a group refer to its first, so that a mail program shows them as one thread. Lines end in
 * CR LF; dots are not doubled yet (smtp.h). Returns 0, or -EINVAL: an address that cannot stand in
 * a header. */
int notice_write_mail(const struct notice *n, const struct receiver *r, struct buf *out);

/* "t=1767225600,v1=<64 hex digits>": HMAC SHA-256, by the secret, of the decimal time, a dot, and
 * the body; so a copy that is sent again later can be told from the first one. Returned. */
const char *notice_sign(struct slice secret, int64_t at_s, struct slice body,
                        char ret_text[NOTICE_SIGNATURE_BYTES]);

#endif
