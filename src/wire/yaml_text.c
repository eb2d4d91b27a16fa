#include "wire/yaml_text.h"

#include <assert.h>

void yaml_text_init(struct yaml_text *t, struct slice source, size_t from, size_t to,
                    uint32_t edits_max, struct arena *a)
{
    *t = (struct yaml_text){.text = slice_sub(source, from, to), .from = from, .arena = a};
    t->edits_max = edits_max;
}

bool yaml_text_edit(struct yaml_text *t, size_t from, size_t removed, const char *added)
{
    if (t->edit_count == t->edits_max)
        return false;
    if (t->edit_count == t->edit_cap) {
        uint32_t cap = t->edit_cap ? t->edit_cap * 2 : 16;
        struct yaml_edit *edits = arena_alloc_array(t->arena, cap, sizeof(*edits));
        if (!edits)
            return false;
        if (t->edit_count)
            memcpy(edits, t->edits, t->edit_count * sizeof(*edits));
        t->edits = edits;
        t->edit_cap = cap;
    }
    /* Nearly all come in order; a key's "? " is known a few tokens late. */
    uint32_t at = t->edit_count++;
    for (; at > 0 && t->edits[at - 1].from > from; at--)
        t->edits[at] = t->edits[at - 1];
    struct yaml_edit e = {.from = from, .removed = (uint32_t)removed};
    e.added = (uint8_t)strlen(added);
    memcpy(e.text, added, e.added);
    t->edits[at] = e;
    return true;
}

bool yaml_text_apply(struct yaml_text *t, struct slice source, size_t to)
{
    size_t size = to - t->from, out = 0, in = t->from;
    if (t->edit_count == 0)
        return true;
    for (uint32_t i = 0; i < t->edit_count; i++)
        size += t->edits[i].added;
    char *copy = arena_alloc(t->arena, size + 1);
    if (!copy)
        return false;
    for (uint32_t i = 0; i < t->edit_count; i++) {
        struct yaml_edit *e = &t->edits[i];
        assert(e->from >= in && e->from + e->removed <= to); /* edits do not overlap */
        memcpy(copy + out, source.data + in, e->from - in);
        out += e->from - in;
        e->to = out;
        memcpy(copy + out, e->text, e->added);
        out += e->added;
        in = e->from + e->removed;
    }
    memcpy(copy + out, source.data + in, to - in);
    t->text = (struct slice){copy, out + to - in};
    return true;
}

size_t yaml_text_origin(const struct yaml_text *t, size_t offset)
{
    uint32_t low = 0, high = t->edit_count; /* edits before `low` begin at or before offset */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (t->edits[middle].to <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return t->from + offset;
    const struct yaml_edit *e = &t->edits[low - 1];
    if (offset < e->to + e->added)
        return e->from;
    return e->from + e->removed + (offset - e->to - e->added);
}
