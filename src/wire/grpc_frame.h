/* grpc_frame.h - what gRPC puts inside of HTTP/2: framed messages, status codes, timeouts.
 *
 * Written after "gRPC over HTTP2" (PROTOCOL-HTTP2.md of the gRPC project). Pure; any thread. */
#ifndef FIREBREAK_WIRE_GRPC_FRAME_H
#define FIREBREAK_WIRE_GRPC_FRAME_H

#include "base/buf.h"
#include "base/err.h"

enum {
    GRPC_HEAD_BYTES = 5,     /* before each message: a flag and its size */
    GRPC_TIMEOUT_BYTES = 10, /* eight digits, a unit, and the NUL */
};

enum grpc_code {
    GRPC_OK,
    GRPC_CANCELLED,
    GRPC_UNKNOWN,
    GRPC_INVALID_ARGUMENT,
    GRPC_DEADLINE_EXCEEDED,
    GRPC_NOT_FOUND,
    GRPC_ALREADY_EXISTS,
    GRPC_PERMISSION_DENIED,
    GRPC_RESOURCE_EXHAUSTED,
    GRPC_FAILED_PRECONDITION,
    GRPC_ABORTED,
    GRPC_OUT_OF_RANGE,
    GRPC_UNIMPLEMENTED,
    GRPC_INTERNAL,
    GRPC_UNAVAILABLE,
    GRPC_DATA_LOSS,
    GRPC_UNAUTHENTICATED,
    GRPC_CODE_COUNT,
};

/* "UNAVAILABLE"; "UNKNOWN" for a number beyond the list. A literal. */
const char *grpc_code_name(uint32_t code);
/* "14" of a grpc-status field. What is no number, or none of the list, is GRPC_UNKNOWN. */
enum grpc_code grpc_code_parse(struct slice text);
/* Of an answer without grpc-status: what its HTTP status says. */
enum grpc_code grpc_code_from_http(uint32_t status);

/* Writes the head of a message. */
void grpc_frame_head(uint32_t size, char to[GRPC_HEAD_BYTES]);
/* The first message in what came so far. Returns the bytes that it took, head and all, and
 * *ret_message; 0: not all is there; -EMSGSIZE: it is larger than `bytes_max`; -EPROTONOSUPPORT: it
 * is compressed; -EBADMSG: a flag that there is not. */
ptrdiff_t grpc_frame_next(struct slice in, uint32_t bytes_max, struct slice *ret_message,
                          struct err *err);

/* The time that is left as a grpc-timeout, rounded up, in the finest unit that has room. */
void grpc_timeout_format(int64_t left_ns, char to[GRPC_TIMEOUT_BYTES]);
/* Appends a grpc-message, whose bytes are percent-encoded; what is no encoding stays as it is. */
int grpc_message_decode(struct slice text, struct buf *out);

#endif
