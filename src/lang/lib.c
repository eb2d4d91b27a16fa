#include "lang/lib.h"

static const struct golib_func firebreak_funcs[] = {
    {.name = "Env", .params = "ss", .results = "s"},
    {.name = "Var", .params = "ss", .results = "s"},
    {.name = "ReadFile", .params = "s", .results = "s"},
    {.name = "Int", .params = "i", .results = "1"},
    {.name = "Bool", .params = "b", .results = "2"},
    {.name = "Float", .params = "f", .results = "3"},
    {.name = "String", .params = "s", .results = "4"},
    {.name = "Duration", .params = "d", .results = "5"},
};

static const struct golib_func error_method = {
    .name = "error.Error", .params = "e", .results = "s"};

const struct golib_func *lib_firebreak_find(struct slice name)
{
    for (size_t i = 0; i < ARRAY_LEN(firebreak_funcs); i++)
        if (slice_eq_cstr(name, firebreak_funcs[i].name))
            return &firebreak_funcs[i];
    return NULL;
}

bool lib_is_firebreak(const struct golib_func *f, enum lib_firebreak *ret)
{
    if (f < firebreak_funcs || f >= firebreak_funcs + ARRAY_LEN(firebreak_funcs))
        return false;
    size_t at = (size_t)(f - firebreak_funcs);
    *ret = at < LIB_POINTER ? (enum lib_firebreak)at : LIB_POINTER;
    return true;
}

const struct golib_func *lib_error_method(void)
{
    return &error_method;
}

static struct type *rune_func(struct types *t, enum type_kind result)
{
    struct type_field *param = arena_new(t->arena, struct type_field);
    struct type_field *out = arena_new(t->arena, struct type_field);
    param->type = t->basic[TYPE_INT32];
    out->type = t->basic[result];
    return type_func(t, param, 1, type_tuple(t, out, 1), false);
}

static struct type *letter_type(struct types *t, char letter)
{
    static const struct {
        char letter;
        uint8_t kind;
    } plain[] = {
        {'b', TYPE_BOOL},    {'i', TYPE_INT},     {'j', TYPE_INT64},  {'u', TYPE_UINT64},
        {'f', TYPE_FLOAT64}, {'g', TYPE_FLOAT32}, {'s', TYPE_STRING}, {'r', TYPE_INT32},
        {'y', TYPE_UINT8},   {'v', TYPE_UINT32},
    };
    for (size_t i = 0; i < ARRAY_LEN(plain); i++)
        if (plain[i].letter == letter)
            return t->basic[plain[i].kind];
    switch (letter) {
    case 'S':
    case 'V':
        return type_slice(t, t->basic[TYPE_STRING]);
    case 'Y':
        return type_slice(t, t->basic[TYPE_UINT8]);
    case 'd':
        return t->duration;
    case 'e':
        return t->error;
    case 'a':
        return t->any;
    case 'A':
        return type_slice(t, t->any);
    case 'W':
        return type_slice(t, t->error);
    case 'p':
        return rune_func(t, TYPE_BOOL);
    case 'm':
        return rune_func(t, TYPE_INT32);
    case '1':
        return type_pointer(t, t->basic[TYPE_INT]);
    case '2':
        return type_pointer(t, t->basic[TYPE_BOOL]);
    case '3':
        return type_pointer(t, t->basic[TYPE_FLOAT64]);
    case '4':
        return type_pointer(t, t->basic[TYPE_STRING]);
    case '5':
        return type_pointer(t, t->duration);
    default:
        return t->basic[TYPE_BAD];
    }
}

static struct type_field *letter_fields(struct types *t, const char *letters, uint32_t *ret_count)
{
    uint32_t count = (uint32_t)strlen(letters ? letters : "");
    struct type_field *fields = arena_alloc_array(t->arena, count + 1, sizeof(*fields));
    for (uint32_t i = 0; i < count; i++)
        fields[i].type = letter_type(t, letters[i]);
    *ret_count = count;
    return fields;
}

struct type *lib_signature(struct types *t, const struct golib_func *f)
{
    uint32_t count, results;
    struct type_field *params = letter_fields(t, f->params, &count);
    struct type_field *out = letter_fields(t, f->results, &results);
    bool variadic = count && strchr("VAW", f->params[count - 1]) != NULL;
    return type_func(t, params, count, type_tuple(t, out, results), variadic);
}

uint32_t lib_index(struct program *p, struct arena *a, const struct golib_func *f)
{
    for (uint32_t i = 0; i < p->lib_count; i++)
        if (p->libs[i] == f)
            return i;
    if (p->lib_count == p->lib_cap) {
        uint32_t cap = p->lib_cap ? p->lib_cap * 2 : 16;
        const struct golib_func **libs = arena_alloc_array(a, cap, sizeof(*libs));
        struct type **types = arena_alloc_array(a, cap, sizeof(struct type *));
        if (p->lib_count) {
            memcpy(libs, p->libs, p->lib_count * sizeof(*libs));
            memcpy(types, p->lib_types, p->lib_count * sizeof(struct type *));
        }
        p->libs = libs;
        p->lib_types = types;
        p->lib_cap = cap;
    }
    p->libs[p->lib_count] = f;
    p->lib_types[p->lib_count] = lib_signature(p->types, f);
    return p->lib_count++;
}

bool lib_constant(struct arena *a, struct types *t, const struct golib_object *o,
                  struct type **ret_type, struct constant *ret)
{
    struct slice text = slice_from(o->literal);
    bool minus = text.size && text.data[0] == '-';
    struct literal l;
    if (minus)
        text = slice_sub(text, 1, text.size);
    char c = text.size ? text.data[0] : 0;
    int r = c == '"' || c == '`' ? literal_scan_string(text, &l)
            : c == '\''          ? literal_scan_rune(text, &l)
                                 : literal_scan_number(text, &l);
    if (r < 0 || constant_literal(a, l.kind, text, ret) < 0)
        return false;
    if (minus && constant_unary(a, CONSTANT_MINUS, *ret, 0, ret) < 0)
        return false;
    if (o->type && strcmp(o->type, "time.Duration") == 0)
        *ret_type = t->duration;
    else
        *ret_type = t->basic[l.kind == LITERAL_STRING    ? TYPE_UNTYPED_STRING
                             : l.kind == LITERAL_RUNE    ? TYPE_UNTYPED_RUNE
                             : ret->kind == CONSTANT_INT ? TYPE_UNTYPED_INT
                                                         : TYPE_UNTYPED_FLOAT];
    return true;
}

/* The one type of all errors that the library makes: they are told apart by their pointer. */
struct cell lib_error_cell(struct arena *a, struct types *t, const struct go_error *e)
{
    if (!e)
        return (struct cell){0};
    struct boxed *b = arena_new(a, struct boxed);
    b->type = t->error->number;
    b->value.text = (const char *)e;
    return (struct cell){.boxed = b};
}
