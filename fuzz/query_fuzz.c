/* A query. What is accepted is printed, and that reads back as the same; a fault has a place inside
 * of the text. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "wire/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_tree(const struct query_node *n)
{
    assert(n->depth >= 1 && n->depth <= QUERY_DEPTH_MAX + QUERY_NESTING_MAX);
    if (n->left)
        check_tree(n->left);
    if (n->right)
        check_tree(n->right);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA(MEM_TEST, 1 << 20);
    struct buf one = BUF(MEM_TEST, 0), two = BUF(MEM_TEST, 0);
    const struct query *q, *again;
    struct err err = {0};
    size_t at = 0;
    int r = query_parse((struct slice){(const char *)data, size}, &arena, &q, &at, &err);
    assert(r == 0 ? !err.text[0] : err.text[0] != 0);
    assert(at <= size);
    if (r == 0) {
        check_tree(q->root);
        query_print(q, &one);
        r = query_parse(buf_slice(&one), &arena, &again, &at, &err);
        /* Its one form may be longer than what a query may have. */
        assert(r == 0 || one.size > QUERY_BYTES_MAX || r == -ENOSPC);
        if (r == 0) {
            query_print(again, &two);
            assert(slice_eq(buf_slice(&one), buf_slice(&two)));
            assert(again->for_ns == q->for_ns && again->back_ns == q->back_ns);
            assert(again->selector_count == q->selector_count);
        }
    }
    buf_done(&one);
    buf_done(&two);
    arena_done(&arena);
    return 0;
}
