/* The whole language, under small limits: it ends; the same text gives the same faults and the same
 * tree; and the tree is one that the schema's checker can walk. */
#include <assert.h>

#include "tests/lang/world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct lang_limits small = {
    .source_bytes_max = 1 << 20,
    .line_bytes_max = 1 << 20,
    .nodes_max = 1 << 18,
    .nesting_depth_max = 60,
    .call_depth_max = 60,
    .steps_max = 20000,
    .alloc_bytes_max = 4 << 20,
    .const_bits_max = 512,
};

static void check_tree(const struct world *w, const struct value *v)
{
    assert(v->at == 0 || source_of(&w->sources, v->at));
    assert(v->key_at == 0 || source_of(&w->sources, v->key_at));
    if (v->type != VALUE_LIST && v->type != VALUE_MAP)
        return;
    uint32_t count = 0;
    for (const struct value *c = v->first; c; c = c->next, count++)
        check_tree(w, c);
    assert(count == v->count);
}

static void evaluate(struct world *w, struct slice text)
{
    world_begin(w);
    w->package.limits = &small;
    world_file(w, "ops.go", text);
    lang_eval(&w->package, &w->config);
    for (uint32_t i = 0; i < w->faults.count; i++)
        assert(w->faults.items[i].message[0]);
    if (w->config) {
        check_tree(w, w->config);
        world_print(&w->text, w->config);
    }
    buf_append_byte(&w->text, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world a, b;
    struct slice text = {(const char *)data, size};
    evaluate(&a, text);
    evaluate(&b, text);
    assert(slice_eq(buf_slice(&a.text), buf_slice(&b.text)));
    assert(a.faults.count == b.faults.count);
    for (uint32_t i = 0; i < a.faults.count; i++)
        assert(strcmp(a.faults.items[i].message, b.faults.items[i].message) == 0);
    world_end(&a);
    world_end(&b);
    return 0;
}
