#include "config/check.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/fault.h"
#include "base/utf8.h"
#include "config/check_walk.h"

enum { MESSAGE_BYTES_MAX = 500, SHOWN_BYTES_MAX = 60 };

/* ---- faults ---- */

static bool is_word(struct slice s)
{
    for (size_t i = 0; i < s.size; i++) {
        char c = s.data[i], l = (char)(c | 32);
        if (!((l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
            return false;
    }
    return s.size > 0;
}

/* An object by its name (with its namespace where that is not the default), else by its number. */
static void append_element(struct buf *out, const struct check_at *at)
{
    const struct value *name =
        at->value->type == VALUE_MAP ? value_get(at->value, SLICE("name")) : NULL;
    if (!name || name->type != VALUE_STRING || name->text.size == 0) {
        buf_printf(out, "[%u]", at->index);
        return;
    }
    struct slice space = checker_namespace(at->value);
    buf_append_byte(out, '[');
    if (at->field->of->kind && !slice_eq(space, SLICE("default"))) {
        buf_append_slice(out, space);
        buf_append_byte(out, '/');
    }
    utf8_append_shown(out, name->text);
    buf_append_byte(out, ']');
}

static void append_entry(struct buf *out, struct slice key)
{
    if (is_word(key)) {
        buf_append_byte(out, '.');
        buf_append_slice(out, key);
        return;
    }
    buf_append_cstr(out, "[\"");
    utf8_append_shown(out, key);
    buf_append_cstr(out, "\"]");
}

static uint32_t chain_of(const struct check_at *at, const struct check_at **chain)
{
    uint32_t n = 0;
    for (; at && at->field && n < CHECK_DEPTH_MAX * 2 + 2; at = at->up)
        chain[n++] = at;
    return n;
}

static void append_path(struct buf *out, const struct check_at *at)
{
    const struct check_at *chain[CHECK_DEPTH_MAX * 2 + 2];
    for (uint32_t n = chain_of(at, chain); n > 0; n--) {
        const struct check_at *a = chain[n - 1];
        if (a->element && a->field->shape == SCHEMA_TABLE) {
            append_entry(out, value_key(a->value));
        } else if (a->element) {
            append_element(out, a);
        } else {
            if (out->size)
                buf_append_byte(out, '.');
            buf_append_cstr(out, a->field->key);
        }
    }
}

static void append_schema(struct buf *out, const struct check_at *at)
{
    const struct check_at *chain[CHECK_DEPTH_MAX * 2 + 2];
    for (uint32_t n = chain_of(at, chain); n > 0; n--) {
        const struct check_at *a = chain[n - 1];
        if (a->element)
            continue;
        const char *word = a->field->of ? schema_struct_word(a->field->of) : NULL;
        if (out->size)
            buf_printf(out, ".%s", a->field->key);
        else
            buf_append_cstr(out, word ? word : a->field->key);
    }
}

static const char *kept(struct checker *c, struct buf *text)
{
    const char *copy = arena_strdup(c->faults->arena, buf_slice(text));
    buf_done(text);
    return copy;
}

struct config_fault *checker_fault(struct checker *c, const struct check_at *at,
                                 enum config_fault_code code, source_place place,
                                 const char *format, ...)
{
    char text[MESSAGE_BYTES_MAX];
    struct buf path = BUF(MEM_CONFIG, CHECK_PATH_BYTES_MAX);
    struct buf schema = BUF(MEM_CONFIG, CHECK_PATH_BYTES_MAX);
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    append_path(&path, at);
    append_schema(&schema, at);
    struct config_fault *f = config_fault_add(c->faults, code, place, 0, "%s", text);
    f->path = kept(c, &path);
    f->schema = kept(c, &schema);
    c->told++;
    return f;
}

void checker_suggest(struct checker *c, struct config_fault *f, const char *word)
{
    if (word)
        f->suggestion = arena_strdup(c->faults->arena, slice_from(word));
}

const char *checker_shown(struct checker *c, struct slice s)
{
    struct buf out = BUF(MEM_CONFIG, 0);
    utf8_append_shown(&out, slice_sub(s, 0, SHOWN_BYTES_MAX));
    if (s.size > SHOWN_BYTES_MAX)
        buf_append_cstr(&out, "…");
    const char *copy = arena_strdup(&c->arena, buf_slice(&out));
    buf_done(&out);
    return copy;
}

/* ---- the walk ---- */

static void walk_struct(struct checker *c, const struct check_at *at,
                        const struct schema_struct *s);

static void wrong_type(struct checker *c, const struct check_at *at, const char *wanted)
{
    checker_fault(c, at, CONFIG_FAULT_TYPE_MISMATCH, at->value->at, "%s is %s, not %s",
                at->field->key, wanted, value_type_name(at->value->type));
}

/* A single value of the field's type. */
static void walk_one(struct checker *c, const struct check_at *at)
{
    if (at->value->type == VALUE_BAD)
        return;
    if (at->field->type != SCHEMA_STRUCT) {
        checker_scalar(c, at);
        if (at->field->ref && at->value->type == VALUE_STRING)
            checker_reference(c, at);
    } else if (at->value->type != VALUE_MAP) {
        wrong_type(c, at, "a map");
    } else if (at->depth >= CHECK_DEPTH_MAX) {
        checker_fault(c, at, CONFIG_FAULT_LIMIT, at->value->at,
                    "structs stand inside each other more than %d deep", CHECK_DEPTH_MAX);
    } else {
        walk_struct(c, at, at->field->of);
    }
}

static void check_count(struct checker *c, const struct check_at *at)
{
    const struct schema_field *f = at->field;
    if (f->has_max && f->type != SCHEMA_INT && f->type != SCHEMA_DURATION &&
        at->value->count > f->max)
        checker_fault(c, at, CONFIG_FAULT_OUT_OF_RANGE, at->value->at,
                    "%s has %u elements: at most %lld are allowed", f->key, at->value->count,
                    (long long)f->max);
}

static void walk_children(struct checker *c, const struct check_at *at)
{
    struct check_at child = {at, at->in, at->field, NULL, 0, true, at->depth};
    bool objects = at->field->of && at->field->of->kind;
    check_count(c, at);
    for (const struct value *v = at->value->first; v; v = v->next, child.index++) {
        child.value = v;
        if (objects)
            c->space = checker_namespace(v);
        walk_one(c, &child);
    }
}

static void walk_field(struct checker *c, const struct check_at *at)
{
    const struct schema_field *f = at->field;
    bool list = f->shape == SCHEMA_SLICE, table = f->shape == SCHEMA_TABLE;
    uint8_t type = at->value->type;
    if (type == VALUE_BAD)
        return;
    if (list && type != VALUE_LIST)
        wrong_type(c, at, "a list");
    else if (table && type != VALUE_MAP)
        wrong_type(c, at, "a map");
    else if (list || table)
        walk_children(c, at);
    else
        walk_one(c, at);
}

bool config_is_zero(const struct value *v)
{
    switch ((enum value_type)v->type) {
    case VALUE_NULL:
        return true;
    case VALUE_BOOL:
        return !v->boolean;
    case VALUE_INT:
    case VALUE_DURATION:
        return v->integer == 0;
    case VALUE_FLOAT:
        return v->number == 0;
    case VALUE_STRING:
        return v->text.size == 0;
    case VALUE_LIST:
    case VALUE_MAP:
        return v->count == 0;
    default:
        return false;
    }
}

/* Whether a zero is one of the field's own type: `labels: 0` is not an omitted table. */
static bool fits_as_zero(const struct schema_field *f, const struct value *v)
{
    bool number = v->type == VALUE_INT || v->type == VALUE_FLOAT;
    if (f->shape == SCHEMA_SLICE || f->shape == SCHEMA_TABLE) /* either bracket is empty */
        return v->type == VALUE_LIST || v->type == VALUE_MAP;
    switch (f->type) {
    case SCHEMA_STRUCT:
        return v->type == VALUE_MAP;
    case SCHEMA_STRING:
        return v->type == VALUE_STRING;
    case SCHEMA_BOOL:
        return v->type == VALUE_BOOL;
    case SCHEMA_DURATION:
        return number || v->type == VALUE_DURATION || v->type == VALUE_STRING;
    case SCHEMA_INT:
    case SCHEMA_FLOAT:
        return number;
    }
    return true;
}

static bool is_set(const struct schema_field *f, const struct value *v)
{
    if (v->type == VALUE_NULL)
        return false;
    return f->shape == SCHEMA_POINTER || !config_is_zero(v) || !fits_as_zero(f, v);
}

/* What a fault calls the struct: its kind, its section, or the field that it stands in. */
static const char *title(struct checker *c, const struct check_at *at,
                         const struct schema_struct *s)
{
    const char *word = s == config_schema.root ? "a configuration" : schema_struct_word(s);
    if (word || !at->field)
        return word ? word : s->name;
    return at->element ? arena_printf(&c->arena, "an element of %s", at->field->key)
                       : at->field->key;
}

static void unknown_field(struct checker *c, const struct check_at *at,
                          const struct schema_struct *s, const struct value *v)
{
    struct config_fault *f =
        checker_fault(c, at, CONFIG_FAULT_UNKNOWN_FIELD, v->key_at ? v->key_at : v->at,
                    "%s has no field \"%s\"", title(c, at, s), checker_shown(c, value_key(v)));
    if (v->key_at && value_key(v).size)
        f->end = v->key_at + (source_place)value_key(v).size;
    checker_suggest(c, f, schema_suggest(s, value_key(v), false));
    struct buf path = BUF(MEM_CONFIG, CHECK_PATH_BYTES_MAX);
    append_path(&path, at);
    append_entry(&path, slice_from(checker_shown(c, value_key(v))));
    f->path =
        arena_strdup(c->faults->arena, slice_sub(buf_slice(&path), at->field ? 0 : 1, path.size));
    if (!at->field)
        f->schema = NULL;
    buf_done(&path);
}

/* The words of a struct's choices: "tcp, http or exec". */
static const char *choices(struct checker *c, const struct schema_struct *s, uint64_t only)
{
    struct buf out = BUF(MEM_CONFIG, 0);
    size_t last = 0;
    for (size_t i = 0; i < s->field_count; i++)
        if (s->fields[i].one_of && (only >> i & 1))
            last = i;
    for (size_t i = 0; i < s->field_count; i++)
        if (s->fields[i].one_of && (only >> i & 1))
            buf_printf(&out, "%s%s", out.size == 0 ? "" : i == last ? " and " : ", ",
                       s->fields[i].key);
    const char *copy = arena_strdup(&c->arena, buf_slice(&out));
    buf_done(&out);
    return copy;
}

static void check_choice(struct checker *c, const struct check_at *at,
                         const struct schema_struct *s, uint64_t set)
{
    uint64_t mask = 0;
    for (size_t i = 0; i < s->field_count; i++)
        mask |= (uint64_t)s->fields[i].one_of << i;
    uint64_t chosen = set & mask;
    if (!mask || (chosen && !(chosen & (chosen - 1))))
        return;
    const char *what = title(c, at, s);
    if (chosen)
        checker_fault(c, at, CONFIG_FAULT_OUT_OF_RANGE, at->value->at,
                    "%s has %s: exactly one of them may stand here", what,
                    choices(c, s, chosen));
    else if (s->one_of)
        checker_fault(c, at, CONFIG_FAULT_MISSING_FIELD, at->value->at,
                    "%s says nothing of what it does: one of %s is needed", what,
                    choices(c, s, mask));
}

static void check_missing(struct checker *c, const struct check_at *at,
                          const struct schema_struct *s, uint64_t set)
{
    for (size_t i = 0; i < s->field_count; i++) {
        const struct schema_field *f = &s->fields[i];
        if (!f->required || (set >> i & 1))
            continue;
        struct check_at missing = {at, s, f, at->value, 0, false, at->depth + 1};
        checker_fault(c, &missing, CONFIG_FAULT_MISSING_FIELD, at->value->at, "%s needs %s",
                    title(c, at, s), f->key);
    }
}

static void walk_struct(struct checker *c, const struct check_at *at,
                        const struct schema_struct *s)
{
    uint64_t set = 0;
    bool doubtful = false; /* a field that is not known may have been meant as a missing one */
    size_t hint = 0;       /* members mostly stand in the schema's order */
    for (const struct value *v = at->value->first; v; v = v->next) {
        size_t i = schema_field_near(s, value_key(v), hint);
        if (i == s->field_count) {
            doubtful = true;
            if (v->type != VALUE_BAD)
                unknown_field(c, at, s, v);
            continue;
        }
        hint = i + 1;
        if (!is_set(&s->fields[i], v))
            continue;
        set |= (uint64_t)1 << i;
        struct check_at child = {at, s, &s->fields[i], v, 0, false, at->depth + 1};
        walk_field(c, &child);
    }
    if (!doubtful || fault_mutant("config_faults_cascade")) {
        check_missing(c, at, s, set);
        check_choice(c, at, s, set);
    }
    checker_rules(c, at, s);
}

static size_t count_elements(const struct value *root)
{
    size_t n = 0;
    for (const struct value *v = root->first; v; v = v->next)
        n += v->type == VALUE_LIST ? v->count : 0;
    return n;
}

uint32_t config_check(const struct value *root, const struct check_options *options,
                      struct config_faults *faults)
{
    struct checker c = {.faults = faults,
                        .arena = ARENA(MEM_CONFIG, 0),
                        .space = SLICE("default"),
                        .zones = options ? options->zones : NULL,
                        .incomplete = options && (options->incomplete || options->of)};
    const struct schema_struct *of = options && options->of ? options->of : config_schema.root;
    struct check_at at = {.in = of, .value = root};
    if (root->type == VALUE_MAP && of != config_schema.root) {
        walk_struct(&c, &at, of);
    } else if (root->type == VALUE_MAP) {
        map_reserve(&c.names, count_elements(root));
        checker_names(&c, root);
        walk_struct(&c, &at, config_schema.root);
        checker_cycles(&c, root);
    } else if (root->type != VALUE_BAD && root->type != VALUE_NULL) {
        checker_fault(&c, &at, CONFIG_FAULT_TYPE_MISMATCH, root->at,
                    "%s is a map, not %s", title(&c, &at, of), value_type_name(root->type));
    }
    pattern_cache_done(&c.patterns);
    map_done(&c.names);
    arena_done(&c.arena);
    return c.told;
}
