#include "act/execution.h"

/* As a shell has it: letters, digits and '_', not beginning with a digit. */
static bool is_key(struct slice s)
{
    for (size_t i = 0; i < s.size; i++) {
        char c = s.data[i];
        bool letter = ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return s.size > 0;
}

static struct exec_value *find(struct exec_result *r, struct slice key)
{
    for (uint32_t i = 0; i < r->value_count; i++)
        if (slice_eq(r->values[i].key, key))
            return &r->values[i];
    return NULL;
}

static struct slice copy(struct exec_result *r, struct slice s)
{
    return (struct slice){arena_strdup(&r->arena, s), s.size};
}

static void take_line(struct slice line, struct exec_result *r)
{
    struct slice value = line, key = slice_cut(&value, '=');
    if (!value.data || !is_key(key) || slice_find_byte(value, 0) >= 0) {
        r->values_bad++;
        return;
    }
    struct exec_value *v = find(r, key);
    if (!v && r->value_count == EXEC_VALUES_MAX) {
        r->values_bad++;
        return;
    }
    if (!v) {
        v = &r->values[r->value_count++];
        v->key = copy(r, key);
    }
    v->value = copy(r, value); /* of two with one key the later one counts */
}

void values_parse(struct slice text, struct exec_result *r)
{
    r->values = arena_alloc_array(&r->arena, EXEC_VALUES_MAX, sizeof(*r->values));
    while (text.size) {
        struct slice line = slice_cut(&text, '\n');
        if (slice_trim(line).size)
            take_line(line, r);
    }
}
