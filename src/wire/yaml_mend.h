/* yaml_mend.h - a text of YAML 1.2 as one that libyaml, which reads 1.1, takes for the same.
 * Inside of yaml.
 *
 * The text of one document is copied with small edits, and the copy knows which byte of the source
 * each of its bytes stands for. Edited are:
 *
 *     %YAML and unknown directives       become comments (the caller has judged them)
 *     &a:b *a:b                          names get plain letters; the reader takes the source's
 *     -<TAB>x, <TAB>{, lines of tabs     a tab that only separates becomes a space; one that would
 *                                        indent stays, and is a fault
 *     |<LF> <TAB>x                       gets the digit that says how far it is indented
 *     --- |<LF>x                         a block scalar at the margin is moved in by one space
 *     {"a"<LF>:b}, {a<LF>b: c}           a key over several lines gets "? "
 *     {a: :x}, [?x]                      such words get quotes: nothing else than strings
 *     {a:,}                              gets a space behind the ':'
 *
 * Not mended, so still as libyaml has it: empty keys (`: x`), aliases and block lists in places
 * that only 1.2 allows; U+0085, U+2028 and U+2029 end lines in strings; a few malformed texts are
 * accepted (a comment without a space before it, a wrongly indented closing bracket). */
#ifndef FIREBREAK_WIRE_YAML_MEND_H
#define FIREBREAK_WIRE_YAML_MEND_H

#include "wire/yaml_text.h"

/* Whether a document has anything that libyaml would silently take for something else. */
bool yaml_mend_is_due(struct slice source, size_t from, size_t to);
/* Adds the edits of the document in [from, to), without directives. A text that is none gets the
 * edits up to where that is seen. False: the arena's bound, or edits_max. */
bool yaml_mend(struct yaml_text *t, struct slice source, size_t from, size_t to);

#endif
