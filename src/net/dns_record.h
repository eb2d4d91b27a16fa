/* dns_record.h - the answers of a DNS message (RFC 1035, 4.1) as text. Inside of dns. */
#ifndef FIREBREAK_NET_DNS_RECORD_H
#define FIREBREAK_NET_DNS_RECORD_H

#include "net/dns.h"

/* Takes the answer records of this type out of a reply whose sender is trusted with nothing.
 * Returns 0; -ENODATA none of that type; -EBADMSG a broken message; -ENOSPC the arena's bound. */
int dns_record_parse(const unsigned char *reply, int size, uint16_t type, struct arena *arena,
                     struct dns_answers *ret_answers);

/* What the reply's head says: 0, -ENOENT (no such name), -EREMOTEIO, -EACCES (REFUSED), or
 * -EBADMSG: no reply, or a cut one. */
int dns_reply_code(const unsigned char *reply, int size);
/* Whether it is the answer to this question: the same id and the same words, any case. */
bool dns_reply_answers(const unsigned char *reply, int size, const unsigned char *question,
                       int question_size);

/* A question that says that we understand "verified" (the AD bit, RFC 6840, 5.7), with an id of
 * chance; given back by ares_free_string. Returns 0, -ENOENT (no such name can be), -ENOMEM. */
int dns_question(const char *name, uint16_t type, unsigned char **ret, size_t *ret_size);
/* In lower case and NUL-terminated: `text` has DNS_NAME_MAX + 2 bytes. 0, or -EINVAL with *err. */
int dns_take_name(struct slice name, char *text, struct err *err);
/* Sets *err for one of dns.h's errors; returns it. */
int dns_explain(int code, const char *name, struct err *err);

#endif
