/* What TOML reads is written in every format and reads back the same; 1.0 reads nothing that 1.1
 * does not. */
#include "fuzz/value_again.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct source_set set = {.arena = &a};
    struct config_faults faults = {.arena = &a}, faults_1_0 = {.arena = &a};
    const struct toml_options old = {.version = TOML_1_0};
    const struct source *s;
    struct value *v = NULL, *v_1_0 = NULL;

    assert(source_add(&set, SOURCE_FILE, "x", (struct slice){(const char *)data, size}, &s) == 0);
    int r = toml_read(s, NULL, &a, &faults, &v);
    int r_1_0 = toml_read(s, &old, &a, &faults_1_0, &v_1_0);
    assert(r >= 0 && r_1_0 >= 0 && v && v_1_0);
    again_check(s, v);
    again_check_faults(s, &faults);
    assert(r_1_0 > 0 || (r == 0 && value_equal(v, v_1_0)));
    if (r == 0)
        again_all(v);
    arena_done(&a);
    return 0;
}
