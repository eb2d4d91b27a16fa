/* Two YAML sources, divided by a line "%%", and a key behind a second one. They are merged and
 * checked: every fault has a place, a message and a path that fits. What has no fault has a
 * canonical form that reads back without a fault and is its own canonical form; merged with itself
 * it stays the same; and nothing differs from itself. */
#include <assert.h>
#include <stdint.h>

#include "config/canonical.h"
#include "config/check.h"
#include "config/diff.h"
#include "config/key.h"
#include "config/merge.h"
#include "wire/json_value.h"
#include "wire/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct arena arena;
    struct source_set sources;
    struct config_faults faults;
};

static struct slice next_part(struct slice *rest)
{
    ptrdiff_t at = slice_find(*rest, SLICE("\n%%\n"));
    struct slice part = at < 0 ? *rest : slice_sub(*rest, 0, (size_t)at + 1);
    *rest = at < 0 ? (struct slice){0} : slice_sub(*rest, (size_t)at + 4, rest->size);
    return part;
}

static struct value *read_source(struct world *w, struct slice text, bool json)
{
    const struct source *s;
    struct value *root = NULL;
    if (source_add(&w->sources, SOURCE_FILE, "input", text, &s) < 0)
        return NULL;
    int r = json ? json_value_read(s, NULL, &w->arena, &w->faults, &root)
                 : yaml_read(s, NULL, &w->arena, &w->faults, &root);
    return r < 0 ? NULL : root;
}

static void check_faults(const struct world *w)
{
    for (uint32_t i = 0; i < w->faults.count; i++) {
        const struct config_fault *f = &w->faults.items[i];
        struct source_point p;
        assert(source_point(&w->sources, f->at, &p) == 0);
        assert(f->message[0]);
        assert(f->end == 0 || f->end >= f->at);
        assert(!f->path || strlen(f->path) <= CHECK_PATH_BYTES_MAX);
    }
}

static struct buf json_of(const struct value *v)
{
    struct buf out = BUF(MEM_TEST, 0);
    int r = json_value_write(&out, v, 0, NULL);
    assert(r == 0);
    return out;
}

static void check_canonical(struct world *w, struct value *root)
{
    struct value *same = config_merge(&w->arena, config_schema.root, root, root);
    config_canonicalize(&w->arena, config_schema.root, same, false);
    struct buf merged = json_of(same);
    config_canonicalize(&w->arena, config_schema.root, root, false);
    struct buf once = json_of(root);
    assert(slice_eq(buf_slice(&once), buf_slice(&merged)));
    struct value *again = read_source(w, buf_slice(&once), true);
    if (again) {
        assert(w->faults.count == 0);
        assert(config_check(again, NULL, &w->faults) == 0);
        config_canonicalize(&w->arena, config_schema.root, again, false);
        struct buf twice = json_of(again);
        assert(slice_eq(buf_slice(&once), buf_slice(&twice)));
        assert(config_diff(&w->arena, root, again) == NULL);
        buf_done(&twice);
        config_canonicalize(&w->arena, config_schema.root, again, true);
        assert(config_check(again, NULL, &w->faults) == 0);
    }
    buf_done(&once);
    buf_done(&merged);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w = {.arena = ARENA(MEM_TEST, 64 << 20)};
    struct slice rest = {(const char *)data, size};
    struct slice low = next_part(&rest), high = next_part(&rest);
    struct config_key key;
    const char *suggestion;
    w.sources.arena = w.faults.arena = &w.arena;
    struct value *a = read_source(&w, low, false),
                 *b = high.size ? read_source(&w, high, false) : NULL;
    struct value *root = config_merge(&w.arena, config_schema.root, a, b);
    bool read = w.faults.count == 0;
    if (root) {
        config_check(root, NULL, &w.faults);
        config_faults_sort(&w.faults);
        check_faults(&w);
        if (rest.size && config_key_parse(rest, &key, NULL, &suggestion) == 0)
            config_key_get(root, &key);
        if (read && w.faults.count == 0 && root->type == VALUE_MAP)
            check_canonical(&w, root);
    }
    arena_done(&w.arena);
    return 0;
}
