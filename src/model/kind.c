#include "model/kind.h"

#include "base/defs.h"
#include "base/suggest.h"

const struct kind kinds[KIND_COUNT] = {
    {"asset", "assets"},       {"check", "checks"},
    {"scrape", "scrapes"},     {"remedy", "remedies"},
    {"receiver", "receivers"}, {"task", "tasks"},
    {"schedule", "schedules"}, {"node", "nodes"},
    {"role", "roles"},         {"rolebinding", "rolebindings"},
    {"route", "routes"},       {"pipeline", "pipelines"},
    {"slo", "slos"},           {"adapter", "adapters"},
};

/* "role_bindings", as a file of configuration has it, means rolebindings. */
static bool same_word(struct slice word, const char *name)
{
    size_t at = 0, size = strlen(name);
    for (size_t i = 0; i < word.size; i++) {
        char c = word.data[i];
        if (c == '_' && i > 0)
            continue;
        if (at == size || (c >= 'A' && c <= 'Z' ? c | 32 : c) != name[at++])
            return false;
    }
    return at == size;
}

const struct kind *kind_find(struct slice word)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (same_word(word, kinds[i].name) || same_word(word, kinds[i].plural))
            return &kinds[i];
    return NULL;
}

const char *kind_suggest(struct slice word)
{
    const char *names[2 * KIND_COUNT];
    for (size_t i = 0; i < KIND_COUNT; i++) {
        names[2 * i] = kinds[i].name;
        names[2 * i + 1] = kinds[i].plural;
    }
    const char *near = suggest_nearest(word, names, ARRAY_LEN(names));
    return near ? kind_find(slice_from(near))->name : NULL;
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

bool kind_name_ok(struct slice name)
{
    if (name.size == 0 || name.size > KIND_NAME_BYTES_MAX || !is_alnum(name.data[0]))
        return false;
    for (size_t i = 0; i < name.size; i++)
        if (!is_alnum(name.data[i]) && (!name.data[i] || !strchr("-_.:", name.data[i])))
            return false;
    return true;
}
