/* story.h - the words in which a probe tells what it does, for `--explain`. Inside of observe.
 *
 * A kind tells where it knows best: what it asked, what it understood, what was agreed on, each
 * with its time. Nobody listens to an ordinary probe: then TELL costs one comparison. Texts of the
 * outside are made safe for a terminal here, and cut; secrets are the teller's business. */
#ifndef FIREBREAK_OBSERVE_STORY_H
#define FIREBREAK_OBSERVE_STORY_H

#include "base/buf.h"
#include "base/duration.h"
#include "net/dns.h"
#include "observe/kind.h"

struct story {
    struct buf *out;
    uint32_t depth;     /* of a chain's steps */
    struct arena arena; /* for certificates */
};

/* One line: `word` says what it is about; empty: the same as the line above. */
#define TELL(o, word, ...) \
    ((o)->story ? story_line((o)->story, (word), __VA_ARGS__) : (void)0)

void story_line(struct story *s, const char *word, const char *format, ...) PRINTF_LIKE(3, 4);
/* Several lines, broken between words. */
void story_paragraph(struct story *s, const char *word, const char *text);
/* "1.25ms", in `text`, which has DURATION_TEXT_MAX bytes. */
const char *story_time(int64_t ns, char *text);
/* The peer's own words, after what it was asked at `asked`: cut to a line. */
void story_heard(struct story *s, struct slice words, rt_time asked);
void story_addresses(struct story *s, struct slice name, const struct dns_addresses *list,
                     int64_t took_ns);
/* A handshake: what was agreed on, the chain, whether it is trusted. */
void story_tls(struct story *s, const struct tls_report *r, int64_t took_ns, int code,
               const struct err *err);
/* An HTTP exchange, which came as far as the trace says; head NULL: without an answer. */
void story_http(struct story *s, const struct http_trace *trace, const struct http1_head *head,
                int code, const struct err *err);

#endif
