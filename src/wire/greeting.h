/* greeting.h - what mail and database servers say before TLS begins on a plain connection: lines
 * (IMAP, POP3), SMTP's replies, and MySQL's first packet.
 *
 * Pure; any thread. Parsers return the size of what `in` begins with, 0 where more is needed, or
 * -EBADMSG or -EMSGSIZE (a limit) with *err; texts lie in `in`. */
#ifndef FIREBREAK_WIRE_GREETING_H
#define FIREBREAK_WIRE_GREETING_H

#include "base/buf.h"
#include "base/err.h"

enum {
    GREETING_LINE_BYTES_MAX = 8 * 1024,
    GREETING_LINES_MAX = 256, /* of one reply */
    MYSQL_PACKET_BYTES_MAX = 64 * 1024,
};

/* One line without its end. */
ptrdiff_t greeting_parse_line(struct slice in, struct slice *ret_line, struct err *err);

struct smtp_reply {
    int code;          /* 220 */
    struct slice text; /* all of its lines, with their codes and ends */
    struct slice last; /* the last one's words */
};
ptrdiff_t smtp_parse(struct slice in, struct smtp_reply *ret, struct err *err);
/* Whether an answer to EHLO names this extension. */
bool smtp_offers(const struct smtp_reply *r, const char *extension);

struct mysql_greeting {
    struct slice version; /* "8.0.36"; empty where it is a fault */
    bool has_tls;
    uint16_t fault; /* 0, or the server's own number for why it takes nobody */
    struct slice words;
};
ptrdiff_t mysql_parse(struct slice in, struct mysql_greeting *ret, struct err *err);
/* Appends the packet that asks for TLS. Returns 0 or -EMSGSIZE. */
int mysql_ssl_request(struct buf *out);

#endif
