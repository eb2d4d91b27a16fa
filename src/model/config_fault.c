#include "model/config_fault.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_BYTES_MAX = 512 };

static struct config_fault *next_slot(struct config_faults *f)
{
    /* The slot behind the last one always exists: it is the scratch entry beyond the bound. */
    if (f->count + 1 >= f->cap) {
        uint32_t cap = f->cap ? f->cap * 2 : 16;
        struct config_fault *items = arena_alloc_array(f->arena, cap, sizeof(*items));
        if (!items)
            return f->cap ? &f->items[f->cap - 1] : NULL;
        if (f->count)
            memcpy(items, f->items, f->count * sizeof(*items));
        f->items = items;
        f->cap = cap;
    }
    return &f->items[f->count];
}

struct config_fault *config_fault_add(struct config_faults *f, enum config_fault_code code,
                                      source_place at, source_place end, const char *format, ...)
{
    struct config_fault *fault = next_slot(f);
    assert(fault);
    char text[MESSAGE_BYTES_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    const char *copy = arena_strdup(f->arena, slice_from(text));
    *fault = (struct config_fault){
        .code = code,
        .at = at,
        .end = end,
        .message = copy ? copy : config_fault_code_name(code),
    };
    if (f->count < CONFIG_FAULTS_MAX && fault == &f->items[f->count] && f->count + 1 < f->cap)
        f->count++;
    else
        f->dropped++;
    return fault;
}

static int by_place(const struct config_fault *a, const struct config_fault *b)
{
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return 0;
}

static bool same(const struct config_fault *a, const struct config_fault *b)
{
    return a->code == b->code && a->at == b->at && strcmp(a->message, b->message) == 0;
}

void config_faults_sort(struct config_faults *f)
{
    /* Insertion sort: stable, and the list is short and nearly in order. */
    for (uint32_t i = 1; i < f->count; i++) {
        struct config_fault moved = f->items[i];
        uint32_t j = i;
        for (; j > 0 && by_place(&moved, &f->items[j - 1]) < 0; j--)
            f->items[j] = f->items[j - 1];
        f->items[j] = moved;
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < f->count; i++) {
        bool seen = false;
        for (uint32_t j = kept; j > 0 && f->items[j - 1].at == f->items[i].at && !seen; j--)
            seen = same(&f->items[j - 1], &f->items[i]);
        if (!seen)
            f->items[kept++] = f->items[i];
    }
    f->count = kept;
}

const char *config_fault_code_name(enum config_fault_code code)
{
    static const char *const names[] = {
#define CONFIG_FAULT_NAME(NAME, word) [CONFIG_FAULT_##NAME] = #word,
        CONFIG_FAULT_LIST(CONFIG_FAULT_NAME)
#undef CONFIG_FAULT_NAME
    };
    return names[code];
}
