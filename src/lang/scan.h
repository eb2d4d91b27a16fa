/* scan.h - one source text as tokens, semicolons inserted as Go's specification says.
 *
 * Faults of the text itself (a foreign byte, a string without an end) are added to the list; the
 * token is given all the same, so that the parser can go on. Comments are skipped. */
#ifndef FIREBREAK_LANG_SCAN_H
#define FIREBREAK_LANG_SCAN_H

#include "lang/name.h"
#include "lang/token.h"
#include "model/config_fault.h"

struct token {
    uint8_t kind;         /* enum token_kind */
    bool is_newline;      /* a SEMICOLON that was inserted */
    bool is_bad;          /* a literal that was already told about */
    source_place at, end; /* [at, end) */
    name_id name;         /* of a NAME */
};

struct scan {
    struct slice text;
    size_t at;
    source_place first; /* the place of text.data[0] */
    bool may_end;       /* the last token ends a statement where the line ends */
    struct names *names;
    struct config_faults *faults;
};

void scan_init(struct scan *s, struct slice text, source_place first, struct names *names,
               struct config_faults *faults);
void scan_next(struct scan *s, struct token *ret);
/* Where the token that begins at text[at] ends: for carets. At least at + 1. */
size_t scan_token_end(struct slice text, size_t at);

#endif
