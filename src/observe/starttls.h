/* starttls.h - what is said on a plain connection before TLS begins. Inside of observe. */
#ifndef FIREBREAK_OBSERVE_STARTTLS_H
#define FIREBREAK_OBSERVE_STARTTLS_H

#include "observe/dialog.h"

/* Until the server waits for a handshake. Returns 0, or -1 with the reason set: tls_not_offered, or
 * not_serving with the server's words. */
int starttls_begin(struct dialog *d, enum probe_starttls protocol);
/* SMTP and others name what they are for words: "smtp". */
const char *starttls_peer(enum probe_starttls protocol);

#endif
