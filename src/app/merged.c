#include "app/merged.h"

#include "base/fault.h"

bool merged_breaks(struct merged *m, uint64_t stream, struct slice text, bool ends)
{
    if (text.size == 0 && !ends)
        return false; /* nothing is shown: we are where we were */
    bool breaks = m->mid_line && m->stream != stream;
    m->stream = stream;
    m->mid_line = !ends && text.data[text.size - 1] != '\n';
    return breaks && !fault_mutant("merged_glued");
}
