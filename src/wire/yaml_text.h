/* yaml_text.h - a document with small edits, which knows the source's byte for each of its own.
 * Inside of yaml. */
#ifndef FIREBREAK_WIRE_YAML_TEXT_H
#define FIREBREAK_WIRE_YAML_TEXT_H

#include "base/arena.h"

/* `removed` bytes of the source at `from` became `added`, at `to` in the copy. */
struct yaml_edit {
    size_t from, to;
    uint32_t removed;
    uint8_t added;
    char text[3];
};

struct yaml_text {
    struct slice text; /* what libyaml gets */
    size_t from;       /* of its first byte, in the source */
    struct yaml_edit *edits;
    uint32_t edit_count, edit_cap, edits_max;
    struct arena *arena;
};

/* A text without edits. */
void yaml_text_init(struct yaml_text *t, struct slice source, size_t from, size_t to,
                    uint32_t edits_max, struct arena *a);
/* The next edit; kept in the order of `from`. False: the arena's bound, or edits_max. */
bool yaml_text_edit(struct yaml_text *t, size_t from, size_t removed, const char *added);
/* Makes the copy, where there are edits. */
bool yaml_text_apply(struct yaml_text *t, struct slice source, size_t to);
/* The source's byte that a byte of the text stands for. */
size_t yaml_text_origin(const struct yaml_text *t, size_t offset);

#endif
