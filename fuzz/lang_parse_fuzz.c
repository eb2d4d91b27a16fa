/* The parser of the language: whatever the text, every fault lies inside it and says something, and
 * reading it twice gives the same faults. */
#include <assert.h>

#include "tests/lang/world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t parse(struct world *w, struct slice text)
{
    world_begin(w);
    world_file(w, "ops.go", text);
    uint32_t faults = lang_parse(&w->package);
    assert(faults == w->faults.count + w->faults.dropped);
    for (uint32_t i = 0; i < w->faults.count; i++) {
        const struct config_fault *f = &w->faults.items[i];
        assert(source_of(&w->sources, f->at) && f->message[0]);
        assert(f->end == 0 || f->end >= f->at);
    }
    return faults;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world a, b;
    struct slice text = {(const char *)data, size};
    uint32_t first = parse(&a, text), second = parse(&b, text);
    assert(first == second);
    for (uint32_t i = 0; i < a.faults.count; i++)
        assert(strcmp(a.faults.items[i].message, b.faults.items[i].message) == 0);
    world_end(&a);
    world_end(&b);
    return 0;
}
