/* smtp.h - handing a mail to a server (RFC 5321), over TLS where the server offers it (RFC 3207).
 *
 * One conversation: greeting, EHLO, STARTTLS and EHLO again, MAIL, each RCPT, DATA. The mail is
 * delivered where at least one recipient is accepted; those that were refused are told. TLS is
 * taken where it is offered, and its certificate is not examined then: whoever stands between could
 * as well have left the offer out (RFC 7435). smtps ("h:465") is TLS from the first byte, with its
 * certificate examined. No password is sent: the server is one that takes mail from this host.
 *
 * Errors: those of dns.h and rt_connect; -EPROTO, -EKEYREJECTED of TLS; -EBADMSG no SMTP; -EPERM
 * the server said no (its words are in *err); -EAGAIN it said "later" (4xx); -EPIPE, -ECONNRESET,
 * -ETIMEDOUT, -ECANCELED; -EINVAL an address or server that cannot be one. */
#ifndef FIREBREAK_NET_SMTP_H
#define FIREBREAK_NET_SMTP_H

#include "base/buf.h"
#include "net/dns.h"
#include "net/tls.h"

struct smtp_mail {
    struct slice server; /* "host:port"; without a port 25 */
    struct slice from;
    const struct slice *to;
    uint32_t to_count;
    struct slice message; /* RFC 5322, lines with CR LF; dots are doubled here */
};

/* `tls`: of this loop; NULL: never TLS. *ret_accepted, which may be NULL: how many recipients; the
 * words of a refusal are in *err also where others were accepted (then 0 is returned). */
int smtp_send(struct dns_resolver *dns, struct tls_context *tls, const struct smtp_mail *m,
              uint32_t *ret_accepted, struct err *err, rt_time deadline);

#endif
