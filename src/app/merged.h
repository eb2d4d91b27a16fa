/* merged.h - two streams or more, shown as one: no line has text of two of them.
 *
 * Whoever shows text asks before each piece whether a newline has to come first: it has where the
 * text before it stopped in the middle of a line, and was another stream's. What a stream says by
 * itself is shown byte for byte. All zeroes is a beginning. Pure. */
#ifndef FIREBREAK_APP_MERGED_H
#define FIREBREAK_APP_MERGED_H

#include "base/slice.h"

struct merged {
    uint64_t stream; /* whose text was shown last */
    bool mid_line;   /* and it did not end its line */
};

/* `stream` is whatever number tells one from the other; `ends`: a newline is shown behind the text,
 * which is not in it. Returns whether a newline comes before it. */
bool merged_breaks(struct merged *m, uint64_t stream, struct slice text, bool ends);

#endif
