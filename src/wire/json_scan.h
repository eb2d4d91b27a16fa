/* json_scan.h - the words of JSON: strings and numbers, as RFC 8259 has them. Inside of json and
 * json_value. */
#ifndef FIREBREAK_WIRE_JSON_SCAN_H
#define FIREBREAK_WIRE_JSON_SCAN_H

#include "wire/json.h"

struct json_scan {
    const char *at, *end;
    struct arena *arena;
    /* After a failure: */
    const char *where;    /* the first wrong byte */
    const char *expected; /* a literal */
    int result;           /* -EBADMSG, or -ENOSPC: the arena's bound */
};

static inline void json_scan_fail(struct json_scan *p, const char *where, const char *expected,
                                  int result)
{
    p->where = where;
    p->expected = expected;
    p->result = result;
}

/* In the header: it is called between any two words. */
static inline void json_scan_space(struct json_scan *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\t' || *p->at == '\r'))
        p->at++;
}
/* At the opening quote. False: a failure; `at` is then somewhere inside. */
bool json_scan_string(struct json_scan *p, struct slice *ret);
/* At a digit or '-'. The number's text, checked. */
bool json_scan_number(struct json_scan *p, struct slice *ret);

#endif
