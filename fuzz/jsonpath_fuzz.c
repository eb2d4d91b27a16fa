/* First line: a path; the rest: a document. Whatever they are, the answer is a list within its
 * limit or an error with words, and a single path finds one value at most. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>

#include "wire/jsonpath.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_BYTES_MAX = 8 * 1024 * 1024 };

static void check_split(struct slice text)
{
    struct slice path, value;
    if (jsonpath_split(text, &path, &value) < 0)
        return;
    assert(path.size > 0 && path.size + 1 + value.size == text.size);
    assert(text.data[path.size] == '=');
}

/* A value is found only if it is part of the document: descent finds every part but the root. */
static bool is_part(const struct json_value *root, const struct json_value *v, struct arena *a)
{
    struct jsonpath *all;
    struct jsonpath_nodes parts;
    if (v == root || jsonpath_parse(SLICE("$..*"), a, &all, NULL) < 0 ||
        jsonpath_select(all, root, a, &parts) < 0)
        return true;
    for (uint32_t i = 0; i < parts.count; i++)
        if (parts.node[i] == v)
            return true;
    return false;
}

static void check_answer(const struct jsonpath *path, const struct json_value *root,
                         struct arena *a)
{
    struct jsonpath_nodes nodes;
    int r = jsonpath_select(path, root, a, &nodes);
    if (r < 0) {
        assert(r == -E2BIG || r == -ENOSPC);
        return;
    }
    assert(nodes.count <= JSONPATH_NODES_MAX);
    assert(nodes.count <= 1 || !jsonpath_is_single(path));
    if (nodes.count) {
        assert(is_part(root, nodes.node[0], a));
        assert(is_part(root, nodes.node[nodes.count - 1], a));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice document = {(const char *)data, size};
    struct slice text = slice_cut(&document, '\n');
    struct arena a = ARENA(MEM_TEST, ARENA_BYTES_MAX);
    struct jsonpath *path = NULL;
    struct json_value *root;
    struct err err = {0};
    check_split(text);
    int r = jsonpath_parse(text, &a, &path, &err);
    assert(r == 0 ? path != NULL : err.text[0] && err.code == r);
    if (r == 0 && json_parse(document, &a, 0, &root, NULL) == 0)
        check_answer(path, root, &a);
    arena_done(&a);
    return 0;
}
