/* states.h - the moves of an asset, for people: drawn, and as a table. Pure.
 *
 * All of them are made from the one table that the program moves by (model/asset_moves.h). */
#ifndef FIREBREAK_CLI_STATES_H
#define FIREBREAK_CLI_STATES_H

#include "base/buf.h"

/* Each appends a whole document: for Graphviz, for Mermaid, a picture, Markdown. */
void states_dot(struct buf *out);
void states_mermaid(struct buf *out);
void states_svg(struct buf *out);
void states_markdown(struct buf *out);

#endif
