/* incremental.h - what every parser of a stream must hold: a message that was accepted is waited
 * for while it is not whole, and what stands behind it changes nothing. */
#ifndef FIREBREAK_FUZZ_INCREMENTAL_H
#define FIREBREAK_FUZZ_INCREMENTAL_H

#include <assert.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum { PREFIXES_MAX = 512 }; /* looked at: the shortest ones, and the longest */

static inline void check_inside(struct slice part, struct slice whole)
{
    assert(part.size == 0 ||
           (part.data >= whole.data && part.data + part.size <= whole.data + whole.size));
}

/* `parse(in, ret, err)` as in wire/; runs it on the input and on its prefixes. The size, 0 or an
 * error. */
#define CHECK_INCREMENTAL(parse, in, ret)                                           \
    (__extension__({                                                                \
        struct err err_ = {0};                                                      \
        ptrdiff_t size_ = parse((in), (ret), &err_);                                \
        assert(size_ >= 0 || err_.text[0]);                                         \
        assert(size_ <= (ptrdiff_t)(in).size);                                      \
        for (ptrdiff_t n_ = 0; n_ < size_; n_++)                                    \
            if (n_ < PREFIXES_MAX || size_ - n_ < PREFIXES_MAX)                     \
                assert(parse(slice_sub((in), 0, (size_t)n_), (ret), NULL) == 0);    \
        if (size_ > 0)                                                              \
            assert(parse(slice_sub((in), 0, (size_t)size_), (ret), NULL) == size_); \
        size_;                                                                      \
    }))

#endif
