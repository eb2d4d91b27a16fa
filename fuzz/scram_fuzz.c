/* Up to a line feed: the challenge of a SCRAM server; behind it: its last word. Who does not know
 * the password proves nothing. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>

#include "wire/scram.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An input that asks for a long computation is left out: it would be all that is done. */
static bool is_quick(struct slice challenge)
{
    enum { DIGITS_MAX = 3 };
    ptrdiff_t at = slice_find(challenge, SLICE(",i="));
    return at < 0 || challenge.size - (size_t)at - 3 <= DIGITS_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice last = {(const char *)data, size}, challenge = slice_cut(&last, '\n');
    struct buf out = BUF(MEM_TEST, 0);
    struct scram s;
    struct err err = {0};
    if (!is_quick(challenge))
        return 0;
    scram_first(&s, SLICE("pencil"), "abcdefghijklmnopqrstuvwx", &out);
    buf_clear(&out);
    int r = scram_final(&s, challenge, &out, &err);
    assert(r == 0 ? out.size > 0 : err.text[0] && out.size == 0);
    r = scram_check(&s, last, &err);
    assert(r == -EACCES || r == -EBADMSG);
    buf_done(&out);
    return 0;
}
