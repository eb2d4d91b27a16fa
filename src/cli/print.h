/* print.h - results on standard output, in the form that -o asks for.
 *
 * Every command makes its items as JSON objects; the other machine-readable forms follow from
 * that, so that they can never disagree. Text and tables are the command's own. */
#ifndef FIREBREAK_CLI_PRINT_H
#define FIREBREAK_CLI_PRINT_H

#include "base/buf.h"
#include "base/err.h"

enum cli_form {
    CLI_FORM_TABLE,
    CLI_FORM_WIDE, /* a table with more columns */
    CLI_FORM_TEXT,
    CLI_FORM_JSON,  /* one list */
    CLI_FORM_JSONL, /* an object a line */
    CLI_FORM_YAML,
    CLI_FORM_NAME,
    CLI_FORM_JSONPATH, /* values of what json would have printed */
    CLI_FORM_PROM,     /* Prometheus' text format; the command's own, too */
    CLI_FORM_COUNT,
};

/* The form that `output` names; NULL: dflt. The parser has checked the word. */
enum cli_form cli_form_of(const char *output, enum cli_form dflt);

/* Begins and ends a list; items go between. */
void cli_list_begin(enum cli_form form, struct buf *out);
/* One item, which is compact JSON. In JSON every item but the list's first has a comma before
 * it: `first` says which it is. */
void cli_list_item(enum cli_form form, struct slice json, bool first, struct buf *out);
/* `revision`: of the store that the list is from; 0: of none. */
void cli_list_end(enum cli_form form, int64_t revision, struct buf *out);
/* "jsonpath=EXPR" off an -o: the expression, or NULL. */
const char *cli_jsonpath_of(const char *output);
/* Checks the expression. Returns 0 or -EINVAL with *err. `output` may be anything, or NULL. */
int cli_jsonpath_check(const char *output, struct err *err);
/* The values that the expression finds in a document, one a line: strings as they are, others as
 * JSON. Returns 0; -E2BIG, with *err. */
int cli_jsonpath_print(const char *expression, struct slice json, struct buf *out,
                       struct err *err);
/* One object by itself (json and jsonl: a line). */
void cli_object(enum cli_form form, struct slice json, struct buf *out);

#endif
