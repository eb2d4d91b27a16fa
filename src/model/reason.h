/* reason.h - why a probe ended as it did: a closed list of words.
 *
 * Scripts and rules match on these words, so a new one is a change of the public contract. `limit`
 * is ours: it says that this program could not look, and is never evidence against a target. */
#ifndef FIREBREAK_MODEL_REASON_H
#define FIREBREAK_MODEL_REASON_H

#include <stdbool.h>

#include "base/slice.h"

#define REASON_LIST(X)                                                                             \
    X(OK, ok) X(REFUSED, refused) X(TIMEOUT, timeout) X(UNREACHABLE, unreachable)                  \
    X(RESET, reset) X(CLOSED, closed) X(DNS_NXDOMAIN, dns_nxdomain) X(DNS_TIMEOUT, dns_timeout)    \
    X(DNS_SERVFAIL, dns_servfail) X(DNS_REFUSED, dns_refused) X(DNS_ANSWER, dns_answer)            \
    X(TLS_EXPIRED, tls_expired) X(TLS_NOT_YET_VALID, tls_not_yet_valid)                            \
    X(TLS_UNTRUSTED, tls_untrusted) X(TLS_NAME, tls_name) X(TLS_PROTOCOL, tls_protocol)            \
    X(TLS_EXPIRING, tls_expiring) X(HTTP_STATUS, http_status)                                      \
    X(HEADER_MISMATCH, header_mismatch) X(BODY_MISMATCH, body_mismatch)                            \
    X(REDIRECT_LIMIT, redirect_limit) X(TOO_LARGE, too_large) X(PROTOCOL, protocol)                \
    X(NOT_SERVING, not_serving) X(EXEC_NOT_FOUND, exec_not_found) X(EXEC_EXIT, exec_exit)          \
    X(EXEC_SIGNAL, exec_signal) X(PERMISSION, permission) X(LIMIT, limit) X(CANCELED, canceled)    \
    X(DNS_INSECURE, dns_insecure) X(TLS_NOT_OFFERED, tls_not_offered)                              \
    X(PROXY_REFUSED, proxy_refused) X(HOST_KEY, host_key) X(CLOCK_OFFSET, clock_offset)            \
    X(CAPTURE_MISSING, capture_missing)                                                            \
    X(NOT_RUNNING, not_running) X(LOG_MATCH, log_match)

enum probe_reason {
#define REASON_ENUM(NAME, word) REASON_##NAME,
    REASON_LIST(REASON_ENUM)
#undef REASON_ENUM
        REASON_COUNT
};

/* The public word. */
const char *probe_reason_name(enum probe_reason r);
/* The other way; REASON_COUNT where it is none. */
enum probe_reason probe_reason_parse(struct slice word);
/* What a negative errno of connecting, reading or writing says about a target. Our own wants
 * (descriptors, ports, memory) are REASON_LIMIT. */
enum probe_reason probe_reason_of_errno(int code);

#endif
