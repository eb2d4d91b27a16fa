/* ws.h - WebSocket (RFC 6455) as a client: what the handshake must answer, and frames.
 *
 * Pure; any thread. */
#ifndef FIREBREAK_WIRE_WS_H
#define FIREBREAK_WIRE_WS_H

#include "base/buf.h"
#include "base/err.h"

enum {
    WS_PAYLOAD_BYTES_MAX = 1024 * 1024, /* of a frame that is read */
    WS_CONTROL_BYTES_MAX = 125,
    WS_ACCEPT_BYTES = 28,

    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10,
};

/* What the server must say to the key, NUL-terminated: `text` has WS_ACCEPT_BYTES + 1 bytes. */
void ws_accept(struct slice key, char *text);

struct ws_frame {
    uint8_t opcode;
    bool last; /* of its message */
    struct slice payload;
};

/* A server's frame: its size, 0 where more is needed, -EBADMSG or -EMSGSIZE with *err. */
ptrdiff_t ws_parse(struct slice in, struct ws_frame *ret, struct err *err);
/* Appends a whole message as a client's frame: masked. Returns 0 or -EMSGSIZE. */
int ws_put(struct buf *out, uint8_t opcode, struct slice payload, const uint8_t mask[4]);
/* A close frame's code (0: it names none) and words. Returns 0 or -EBADMSG. */
int ws_parse_close(struct slice payload, uint16_t *ret_code, struct slice *ret_words);

#endif
