#include "model/source.h"

#include <errno.h>

int source_add(struct source_set *set, enum source_kind kind, const char *name, struct slice text,
               const struct source **ret)
{
    /* One byte between two texts: the end of one is not the beginning of the next. */
    size_t need = text.size + 1;
    if (set->count == SOURCES_MAX || need > SOURCE_BYTES_MAX - (size_t)set->bytes)
        return -ENOSPC;
    if (set->count == set->cap) {
        uint32_t cap = set->cap ? set->cap * 2 : 8;
        struct source *items = arena_alloc_array(set->arena, cap, sizeof(*items));
        if (!items)
            return -ENOSPC;
        if (set->count)
            memcpy(items, set->items, set->count * sizeof(*items));
        set->items = items;
        set->cap = cap;
    }
    struct source *s = &set->items[set->count++];
    *s = (struct source){.kind = kind, .name = name, .text = text, .first = set->bytes + 1};
    set->bytes += (uint32_t)need;
    *ret = s;
    return 0;
}

const struct source *source_of(const struct source_set *set, source_place at)
{
    uint32_t low = 0, high = set->count; /* the answer, if any, is in [low, high) */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct source *s = &set->items[middle];
        if (at < s->first)
            high = middle;
        else if (at - s->first > s->text.size)
            low = middle + 1;
        else
            return s;
    }
    return NULL;
}

int source_point(const struct source_set *set, source_place at, struct source_point *ret)
{
    const struct source *s = source_of(set, at);
    if (!s)
        return -ENOENT;
    size_t offset = at - s->first, begin = 0;
    uint32_t line = 1;
    const char *newline;
    while (offset > begin &&
           (newline = memchr(s->text.data + begin, '\n', offset - begin)) != NULL) {
        begin = (size_t)(newline - s->text.data) + 1;
        line++;
    }
    size_t end = begin;
    while (end < s->text.size && s->text.data[end] != '\n')
        end++;
    if (end > begin && s->text.data[end - 1] == '\r')
        end--;
    *ret = (struct source_point){
        .source = s,
        .line = line,
        .column = (uint32_t)(offset - begin) + 1,
        .text = slice_sub(s->text, begin, end),
    };
    return 0;
}

const char *source_kind_name(enum source_kind kind)
{
    static const char *const names[] = {
        [SOURCE_DEFAULT] = "default",
        [SOURCE_FILE] = "file",
        [SOURCE_ENV] = "env",
        [SOURCE_FLAG] = "flag",
    };
    return names[kind];
}
