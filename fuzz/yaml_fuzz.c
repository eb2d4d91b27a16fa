/* What YAML reads is written in every format and reads back the same; edits for libyaml never
 * make a place that is outside of the source. */
#include "fuzz/value_again.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct source_set set = {.arena = &a};
    struct config_faults faults = {.arena = &a};
    const struct value_limits limits = {.expansion_max = 1000};
    const struct source *s;
    struct value *list = NULL;

    assert(source_add(&set, SOURCE_FILE, "x", (struct slice){(const char *)data, size}, &s) == 0);
    int r = yaml_read_all(s, &limits, &a, &faults, &list);
    assert(r >= 0 && list);
    again_check(s, list);
    again_check_faults(s, &faults);
    for (const struct value *v = r == 0 ? list->first : NULL; v; v = v->next)
        again_all(v);
    arena_done(&a);
    return 0;
}
