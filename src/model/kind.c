#include "model/kind.h"

#include <errno.h>

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

int kind_parse(const char *word, const struct kind **ret_kind, const char **ret_name,
               struct err *err)
{
    struct slice rest = slice_from(word);
    bool named = slice_find_byte(rest, '/') >= 0;
    struct slice kind_word = slice_cut(&rest, '/');
    const struct kind *kind = kind_find(kind_word);
    const char *near = kind ? NULL : kind_suggest(kind_word);
    int shown = kind_word.size < 80 ? (int)kind_word.size : 80;
    if (!kind)
        return err_set(err, -EINVAL, "there is no kind '%.*s'%s%s%s", shown, kind_word.data,
                       near ? ": did you mean " : "", near ? near : "", near ? "?" : "");
    if (named && rest.size == 0)
        return err_set(err, -EINVAL, "'%.80s' has no name behind the '/'", word);
    *ret_kind = kind;
    *ret_name = named ? rest.data : NULL;
    return 0;
}

static const char *article(const struct kind *kind)
{
    return kind->name[0] == 'a' ? "an" : "a";
}

int kind_parse_name(const struct kind *kind, const char *word, const char **ret_name,
                    struct err *err)
{
    const struct kind *other;
    const char *name = word;
    if (strchr(word, '/')) {
        if (kind_parse(word, &other, &name, err) < 0)
            return err_wrap(err, "this takes %s %s, as NAME or %s/NAME", article(kind), kind->name,
                            kind->name);
        if (other != kind)
            return err_set(err, -EINVAL, "this takes %s %s, and '%.80s' is %s %s", article(kind),
                           kind->name, word, article(other), other->name);
    }
    *ret_name = name;
    return 0;
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
