#include "app/keep_print.h"

static void print_word(struct buf *print, const char *word)
{
    buf_append_cstr(print, word ? word : "");
    buf_append_byte(print, 0);
}

static void print_number(struct buf *print, int64_t number)
{
    buf_append(print, &number, sizeof(number));
}

uint64_t keep_print(const struct asset *a, struct map_seed seed, struct buf *text)
{
    buf_clear(text);
    print_number(text, a->state);
    print_word(text, a->reason);
    print_number(text, a->since_wall_ns);
    print_word(text, a->labels);
    for (uint32_t i = 0; i < a->check_count; i++) {
        const struct asset_check *c = &a->checks[i];
        print_word(text, c->name);
        print_word(text, c->target);
        print_number(text, (c->known ? 2 : 0) + (c->ok ? 1 : 0));
        print_number(text, c->reason);
        if (c->observers > 1)
            print_number(text, (c->own.ok ? 2 : 0) + (c->own.limits > 0));
        for (uint32_t n = 0; n < c->other_count; n++) {
            print_word(text, c->others[n].observer);
            print_number(text, (c->others[n].ok ? 2 : 0) + (c->others[n].limits > 0));
        }
    }
    return map_hash(seed, text->data, text->size);
}

bool keep_is_steady(const struct asset *a)
{
    for (uint32_t i = 0; i < a->check_count; i++) {
        const struct asset_check *c = &a->checks[i];
        if (!c->known || !c->ok || c->reason != REASON_OK || !c->own.ok || c->own.limits)
            return false;
    }
    return true;
}
