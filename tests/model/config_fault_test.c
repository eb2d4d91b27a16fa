#include "model/config_fault.h"

#include <string.h>

#include "tests/tap.h"

static struct arena arena = {.sub = MEM_TEST};

static void faults_are_told_by_place_and_each_once(void)
{
    struct config_faults f = {.arena = &arena};
    config_fault_add(&f, CONFIG_FAULT_BAD_ENUM, 9, 0, "late");
    config_fault_add(&f, CONFIG_FAULT_SYNTAX, 3, 4, "early %d", 1);
    config_fault_add(&f, CONFIG_FAULT_PANIC, 9, 0, "another at the same place");
    config_fault_add(&f, CONFIG_FAULT_BAD_ENUM, 9, 0, "late");
    config_faults_sort(&f);
    CHECK_INT(f.count, 3);
    CHECK(strcmp(f.items[0].message, "early 1") == 0);
    CHECK(strcmp(f.items[1].message, "late") == 0);
    CHECK_INT(f.items[2].code, CONFIG_FAULT_PANIC);
    arena_reset(&arena);
}

static void beyond_the_bound_they_are_counted(void)
{
    struct config_faults f = {.arena = &arena};
    for (uint32_t i = 0; i < CONFIG_FAULTS_MAX + 5; i++)
        config_fault_add(&f, CONFIG_FAULT_LIMIT, i + 1, 0, "n")->path = "p";
    CHECK_INT(f.count, CONFIG_FAULTS_MAX);
    CHECK_INT(f.dropped, 5);
    CHECK_INT(f.items[CONFIG_FAULTS_MAX - 1].at, CONFIG_FAULTS_MAX);
    arena_reset(&arena);
}

static void every_code_has_its_word(void)
{
    CHECK(strcmp(config_fault_code_name(CONFIG_FAULT_NOT_IN_SUBSET), "not_in_subset") == 0);
    for (int i = 0; i < CONFIG_FAULT_CODE_COUNT; i++)
        CHECK(config_fault_code_name((enum config_fault_code)i)[0] != 0);
}

int main(void)
{
    TAP_RUN(faults_are_told_by_place_and_each_once);
    TAP_RUN(beyond_the_bound_they_are_counted);
    TAP_RUN(every_code_has_its_word);
    arena_done(&arena);
    return tap_done();
}
