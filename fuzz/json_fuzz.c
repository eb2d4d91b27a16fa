/* What was accepted reads back the same when it is written again, compact and indented; what was
 * refused has a place inside the input. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>

#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_written(const struct json_value *v, uint32_t indent)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct buf text = BUF(MEM_TEST, 0);
    struct json_writer w;
    struct json_value *again;

    json_begin(&w, &text, indent);
    json_tree(&w, v);
    assert(json_end(&w) == 0);
    assert(json_parse(buf_slice(&text), &a, 0, &again, NULL) == 0);
    assert(json_equal(v, again) && json_equal(again, v));
    arena_done(&a);
    buf_done(&text);
}

/* The sizes that a reader trusts: children are as many as their count, numbers have text. */
static void check_tree(const struct json_value *v)
{
    uint32_t count = 0;
    for (const struct json_value *c = v->first; c; c = c->next) {
        check_tree(c);
        count++;
    }
    assert(count == v->count);
    assert(v->type != JSON_NUMBER || v->text.size > 0);
    assert(v->line >= 1 && v->column >= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct json_value *v = NULL;
    struct json_error e = {0};
    struct slice input = {(const char *)data, size};

    int r = json_parse(input, &a, 0, &v, &e);
    if (r == 0) {
        check_tree(v);
        check_written(v, 0);
        check_written(v, 2);
    } else {
        assert(v == NULL);
        assert(r == -ELOOP || (r == -EBADMSG && e.line >= 1 && e.column >= 1 && e.expected));
    }
    arena_done(&a);
    return 0;
}
