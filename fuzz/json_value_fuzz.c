/* What is read as a configuration is read by wire/json, too, and the other way round but for
 * members that stand twice; and it is written in every format and reads back the same. */
#include "fuzz/value_again.h"
#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct source_set set = {.arena = &a};
    struct config_faults faults = {.arena = &a};
    const struct source *s;
    struct value *v = NULL;
    struct json_value *other = NULL;
    struct slice text = {(const char *)data, size};

    assert(source_add(&set, SOURCE_FILE, "x", text, &s) == 0);
    int r = json_value_read(s, NULL, &a, &faults, &v);
    assert(r >= 0 && v);
    again_check(s, v);
    again_check_faults(s, &faults);
    if (r == 0)
        again_all(v);
    bool marked = slice_starts_with(text, SLICE("\xEF\xBB\xBF"));
    bool plain = json_parse(text, &a, VALUE_DEPTH_MAX, &other, NULL) == 0;
    bool twice_only = true;
    for (uint32_t i = 0; i < faults.count; i++)
        twice_only = twice_only && faults.items[i].code == CONFIG_FAULT_DUPLICATE_NAME;
    bool many = r > VALUE_FAULTS_MAX;
    assert(marked || many || plain == (r == 0 || twice_only));
    arena_done(&a);
    return 0;
}
