/* world.h - configurations for tests: written as TOML, read, checked, shown. */
#ifndef FIREBREAK_TESTS_CONFIG_WORLD_H
#define FIREBREAK_TESTS_CONFIG_WORLD_H

#include "config/check.h"
#include "tests/tap.h"
#include "wire/json_value.h"
#include "wire/toml.h"

static struct arena world_arena_ = {.sub = MEM_TEST};
static struct source_set world_sources_;
static struct config_faults world_faults_;

static inline void world_reset(void)
{
    arena_reset(&world_arena_);
    world_sources_ = (struct source_set){.arena = &world_arena_};
    world_faults_ = (struct config_faults){.arena = &world_arena_};
}

/* One more source. */
static inline struct value *world_read(const char *toml)
{
    const struct source *s;
    struct value *root = NULL;
    if (source_add(&world_sources_, SOURCE_FILE, "test.toml", slice_from(toml), &s) == 0)
        toml_read(s, NULL, &world_arena_, &world_faults_, &root);
    CHECK_INT(world_faults_.count, 0);
    return root;
}

static inline const char *world_json(const struct value *v)
{
    struct buf out = BUF(MEM_TEST, 0);
    struct err err = {0};
    if (!v)
        return "nothing";
    CHECK_INT(json_value_write(&out, v, 0, &err), 0);
    const char *text = arena_strdup(&world_arena_, buf_slice(&out));
    buf_done(&out);
    return text;
}

#endif
