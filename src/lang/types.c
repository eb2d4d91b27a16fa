#include "lang/types.h"

enum { TYPES_MIN = 256, TYPE_TEXT_DEPTH_MAX = 12 };

static struct type *add(struct types *t, enum type_kind kind)
{
    if (t->count == t->cap) {
        uint32_t cap = t->cap ? t->cap * 2 : TYPES_MIN;
        struct type **items = arena_alloc_array(t->arena, cap, sizeof(struct type *));
        if (t->count)
            memcpy(items, t->items, t->count * sizeof(struct type *));
        t->items = items;
        t->cap = cap;
    }
    struct type *type = arena_new(t->arena, struct type);
    type->kind = (uint8_t)kind;
    type->number = t->count;
    t->items[t->count++] = type;
    return type;
}

static void add_basic(struct types *t, enum type_kind kind, const char *name)
{
    t->basic[kind] = add(t, kind);
    t->basic[kind]->name = name_intern(t->names, slice_from(name));
}

void types_init(struct types *t, struct arena *arena, struct names *names,
                const struct schema *schema)
{
    static const char *const basics[] = {
        [TYPE_BAD] = "bad type",
        [TYPE_INT] = "int",
        [TYPE_INT8] = "int8",
        [TYPE_INT16] = "int16",
        [TYPE_INT32] = "int32",
        [TYPE_INT64] = "int64",
        [TYPE_UINT] = "uint",
        [TYPE_UINT8] = "uint8",
        [TYPE_UINT16] = "uint16",
        [TYPE_UINT32] = "uint32",
        [TYPE_UINT64] = "uint64",
        [TYPE_UINTPTR] = "uintptr",
        [TYPE_FLOAT32] = "float32",
        [TYPE_FLOAT64] = "float64",
        [TYPE_BOOL] = "bool",
        [TYPE_STRING] = "string",
        [TYPE_UNTYPED_BOOL] = "untyped bool",
        [TYPE_UNTYPED_INT] = "untyped int",
        [TYPE_UNTYPED_RUNE] = "untyped rune",
        [TYPE_UNTYPED_FLOAT] = "untyped float",
        [TYPE_UNTYPED_STRING] = "untyped string",
        [TYPE_UNTYPED_NIL] = "nil",
    };
    *t = (struct types){.arena = arena, .names = names, .schema = schema};
    for (int k = 0; k <= TYPE_UNTYPED_NIL; k++)
        add_basic(t, (enum type_kind)k, basics[k]);
    t->any = add(t, TYPE_INTERFACE);
    t->any->name = name_intern(names, SLICE("any"));
    t->error = add(t, TYPE_INTERFACE);
    t->error->name = name_intern(names, SLICE("error"));
    t->empty_tuple = type_tuple(t, NULL, 0);
    t->duration = type_named(t, name_intern(names, SLICE("Duration")), "time");
    t->duration->under = t->basic[TYPE_INT64];
    size_t count = 0;
    while (schema && schema->structs[count])
        count++;
    t->schema_types = arena_alloc_array(arena, count + 1, sizeof(struct type *));
}

/* ---- making ---- */

struct type *type_slice(struct types *t, struct type *elem)
{
    if (!elem->slice_of) {
        elem->slice_of = add(t, TYPE_SLICE);
        elem->slice_of->elem = elem;
    }
    return elem->slice_of;
}

struct type *type_pointer(struct types *t, struct type *elem)
{
    if (!elem->pointer_to) {
        elem->pointer_to = add(t, TYPE_POINTER);
        elem->pointer_to->elem = elem;
    }
    return elem->pointer_to;
}

static uint32_t mix(uint32_t hash, uint64_t value)
{
    uint64_t h = (hash ^ value) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(h ^ (h >> 32));
}

static uint32_t hash_of(const struct type *x)
{
    uint32_t h = mix(x->kind, x->field_count);
    h = mix(h, x->elem ? x->elem->number : 0);
    h = mix(h, x->key ? x->key->number : 0);
    h = mix(h, (uint64_t)x->length);
    for (uint32_t i = 0; i < x->field_count; i++)
        h = mix(h, x->fields[i].type->number);
    return h;
}

static bool same(const struct type *a, const struct type *b)
{
    if (a->kind != b->kind || a->elem != b->elem || a->key != b->key || a->length != b->length ||
        a->field_count != b->field_count || a->is_variadic != b->is_variadic)
        return false;
    for (uint32_t i = 0; i < a->field_count; i++) {
        const struct type_field *f = &a->fields[i], *g = &b->fields[i];
        if (f->type != g->type)
            return false;
        if (a->kind == TYPE_STRUCT && (f->name != g->name || f->is_embedded != g->is_embedded ||
                                       !slice_eq(f->tag, g->tag) || f->schema != g->schema))
            return false;
    }
    return true;
}

static struct type *intern(struct types *t, const struct type *like)
{
    uint32_t hash = hash_of(like);
    struct type **slot = &t->slots[hash % TYPE_SLOTS];
    for (struct type *x = *slot; x; x = x->chain)
        if (x->hash == hash && same(x, like))
            return x;
    struct type *x = add(t, (enum type_kind)like->kind);
    uint32_t number = x->number;
    *x = *like;
    x->number = number;
    x->hash = hash;
    x->chain = *slot;
    *slot = x;
    return x;
}

struct type *type_array(struct types *t, struct type *elem, int64_t length)
{
    return intern(t, &(struct type){.kind = TYPE_ARRAY, .elem = elem, .length = length});
}

struct type *type_map(struct types *t, struct type *key, struct type *elem)
{
    return intern(t, &(struct type){.kind = TYPE_MAP, .elem = elem, .key = key});
}

struct type *type_struct(struct types *t, struct type_field *fields, uint32_t count)
{
    return intern(t, &(struct type){.kind = TYPE_STRUCT, .fields = fields, .field_count = count});
}

struct type *type_tuple(struct types *t, struct type_field *fields, uint32_t count)
{
    return intern(t, &(struct type){.kind = TYPE_TUPLE, .fields = fields, .field_count = count});
}

struct type *type_func(struct types *t, struct type_field *params, uint32_t count,
                       struct type *results, bool variadic)
{
    return intern(t, &(struct type){.kind = TYPE_FUNC,
                                    .fields = params,
                                    .field_count = count,
                                    .elem = results,
                                    .is_variadic = variadic});
}

struct type *type_named(struct types *t, name_id name, const char *package)
{
    struct type *x = add(t, TYPE_NAMED);
    x->name = name;
    x->package = package;
    return x;
}

/* ---- the package firebreak ---- */

static struct type *schema_type(struct types *t, const struct schema_struct *s)
{
    size_t at = 0;
    while (t->schema->structs[at] && t->schema->structs[at] != s)
        at++;
    if (!t->schema_types[at]) {
        t->schema_types[at] =
            type_named(t, name_intern(t->names, slice_from(s->name)), "firebreak");
        t->schema_types[at]->schema = s;
    }
    return t->schema_types[at];
}

static struct type *schema_field_type(struct types *t, const struct schema_field *f)
{
    static const uint8_t kinds[] = {
        [SCHEMA_STRING] = TYPE_STRING,
        [SCHEMA_BOOL] = TYPE_BOOL,
        [SCHEMA_INT] = TYPE_INT,
        [SCHEMA_FLOAT] = TYPE_FLOAT64,
    };
    struct type *x = f->type == SCHEMA_STRUCT     ? schema_type(t, f->of)
                     : f->type == SCHEMA_DURATION ? t->duration
                                                  : t->basic[kinds[f->type]];
    switch (f->shape) {
    case SCHEMA_POINTER:
        return type_pointer(t, x);
    case SCHEMA_SLICE:
        return type_slice(t, x);
    case SCHEMA_TABLE:
        return type_map(t, t->basic[TYPE_STRING], x);
    default:
        return x;
    }
}

static void complete_schema(struct types *t, struct type *named)
{
    const struct schema_struct *s = named->schema;
    struct type_field *fields = arena_alloc_array(t->arena, s->field_count + 1, sizeof(*fields));
    for (size_t i = 0; i < s->field_count; i++) {
        fields[i].name = name_intern(t->names, slice_from(s->fields[i].name));
        fields[i].type = schema_field_type(t, &s->fields[i]);
        fields[i].schema = &s->fields[i];
    }
    named->under = type_struct(t, fields, (uint32_t)s->field_count);
}

struct type *type_of_schema(struct types *t, struct slice name)
{
    for (size_t i = 0; t->schema && t->schema->structs[i]; i++)
        if (slice_eq_cstr(name, t->schema->structs[i]->name))
            return schema_type(t, t->schema->structs[i]);
    return NULL;
}

struct type *type_under(struct types *t, struct type *type)
{
    if (type->kind != TYPE_NAMED)
        return type;
    if (!type->under && type->schema)
        complete_schema(t, type);
    return type->under ? type->under : t->basic[TYPE_BAD];
}

/* ---- asking ---- */

unsigned kind_bits(int kind)
{
    static const uint8_t bits[TYPE_KIND_COUNT] = {
        [TYPE_INT] = 64,    [TYPE_INT8] = 8,    [TYPE_INT16] = 16,   [TYPE_INT32] = 32,
        [TYPE_INT64] = 64,  [TYPE_UINT] = 64,   [TYPE_UINT8] = 8,    [TYPE_UINT16] = 16,
        [TYPE_UINT32] = 32, [TYPE_UINT64] = 64, [TYPE_UINTPTR] = 64,
    };
    return bits[kind];
}

static uint64_t align_up(uint64_t v, uint64_t to)
{
    return (v + to - 1) / to * to;
}

/* Sums that do not fit are as good as the largest one: such types are refused. */
static uint64_t times(uint64_t a, uint64_t b)
{
    uint64_t product;
    return __builtin_mul_overflow(a, b, &product) || product > UINT64_MAX / 4 ? UINT64_MAX / 4
                                                                              : product;
}

static bool find_facts(struct types *t, struct type *type, struct type_facts *ret);

static bool struct_facts(struct types *t, struct type *u, struct type_facts *ret)
{
    for (uint32_t i = 0; i < u->field_count; i++) {
        struct type_facts f;
        if (!find_facts(t, u->fields[i].type, &f))
            return false;
        ret->bytes = align_up(ret->bytes, f.alignment);
        /* gc keeps a byte behind a last field without a size: its address is ours. */
        bool last = i + 1 == u->field_count;
        ret->bytes += f.bytes || !last || !ret->bytes ? f.bytes : 1;
        if (ret->bytes > UINT64_MAX / 4)
            ret->bytes = UINT64_MAX / 4;
        if (f.alignment > ret->alignment)
            ret->alignment = f.alignment;
        ret->is_comparable = ret->is_comparable && f.is_comparable;
        ret->has_pointers = ret->has_pointers || f.has_pointers;
    }
    ret->bytes = align_up(ret->bytes, ret->alignment);
    return true;
}

static struct type_facts plain_facts(const struct type *u)
{
    struct type_facts f = {.bytes = kind_bits(u->kind) / 8, .is_comparable = true};
    if (u->kind == TYPE_BOOL)
        f.bytes = 1;
    else if (u->kind == TYPE_FLOAT32)
        f.bytes = 4;
    else if (u->kind == TYPE_STRING || u->kind == TYPE_INTERFACE)
        f.bytes = 16;
    else if (u->kind == TYPE_SLICE)
        f.bytes = 24;
    else if (!f.bytes)
        f.bytes = 8;
    f.is_comparable = u->kind != TYPE_SLICE && u->kind != TYPE_MAP && u->kind != TYPE_FUNC;
    f.has_pointers = u->kind >= TYPE_STRING;
    f.alignment = f.bytes > 8 ? 8 : (uint8_t)f.bytes;
    return f;
}

/* false: something inside is not declared yet. */
static bool find_facts(struct types *t, struct type *type, struct type_facts *ret)
{
    struct type *u = type_under(t, type);
    struct type_facts f = {.alignment = 1, .is_comparable = true};
    if (type->kind == TYPE_NAMED && !type->under)
        return false;
    if (!u->has_facts) {
        if (u->kind == TYPE_ARRAY) {
            if (!find_facts(t, u->elem, &f))
                return false;
            f.bytes = times(f.bytes, (uint64_t)(u->length < 0 ? 0 : u->length));
            f.has_pointers = f.has_pointers && u->length > 0;
        } else if (u->kind == TYPE_STRUCT) {
            if (!struct_facts(t, u, &f))
                return false;
        } else {
            f = plain_facts(u);
        }
        u->facts = f;
        u->has_facts = true;
    }
    *ret = u->facts;
    return true;
}

struct type_facts type_facts(struct types *t, struct type *type)
{
    struct type_facts f;
    if (!find_facts(t, type, &f))
        f = (struct type_facts){.alignment = 1, .is_comparable = true};
    return f;
}

struct type *type_default(struct types *t, struct type *type)
{
    switch (type->kind) {
    case TYPE_UNTYPED_BOOL:
        return t->basic[TYPE_BOOL];
    case TYPE_UNTYPED_INT:
        return t->basic[TYPE_INT];
    case TYPE_UNTYPED_RUNE:
        return t->basic[TYPE_INT32];
    case TYPE_UNTYPED_FLOAT:
        return t->basic[TYPE_FLOAT64];
    case TYPE_UNTYPED_STRING:
        return t->basic[TYPE_STRING];
    default:
        return type;
    }
}

/* ---- text ---- */

struct writer {
    struct types *types;
    const char *package; /* NULL: for a message */
    struct buf *to;
    uint32_t depth;
};

static int write_type(struct writer *w, struct type *type);

static int write_fields(struct writer *w, const struct type *x, bool params)
{
    int r = 0;
    for (uint32_t i = 0; i < x->field_count && r == 0; i++) {
        const struct type_field *f = &x->fields[i];
        if (i)
            r = buf_append_cstr(w->to, params ? ", " : "; ");
        if (r == 0 && !params && !f->is_embedded)
            r = buf_printf(w->to, "%.*s ", SLICE_ARG(name_text(w->types->names, f->name)));
        bool rest = params && x->is_variadic && i + 1 == x->field_count;
        if (r == 0 && rest)
            r = buf_append_cstr(w->to, "...");
        if (r == 0)
            r = write_type(w, rest ? f->type->elem : f->type);
        if (r == 0 && !params && f->tag.size)
            r = buf_printf(w->to, " \"%.*s\"", SLICE_ARG(f->tag));
    }
    return r;
}

static int write_func(struct writer *w, const struct type *x)
{
    const struct type *results = x->elem;
    int r = buf_append_cstr(w->to, "func(");
    if (r == 0)
        r = write_fields(w, x, true);
    if (r == 0)
        r = buf_append_cstr(w->to, results->field_count > 1    ? ") ("
                                   : results->field_count == 1 ? ") "
                                                               : ")");
    if (r == 0)
        r = write_fields(w, results, true);
    if (r == 0 && results->field_count > 1)
        r = buf_append_cstr(w->to, ")");
    return r;
}

static int write_name(struct writer *w, const struct type *x)
{
    const char *package = x->package ? x->package : w->package;
    struct slice name = name_text(w->types->names, x->name);
    if (x->kind == TYPE_NAMED && package)
        return buf_printf(w->to, "%s.%.*s", package, SLICE_ARG(name));
    return buf_append_slice(w->to, name);
}

static int write_composite(struct writer *w, struct type *x)
{
    int r;
    switch (x->kind) {
    case TYPE_SLICE:
        r = buf_append_cstr(w->to, "[]");
        return r ? r : write_type(w, x->elem);
    case TYPE_POINTER:
        r = buf_append_cstr(w->to, "*");
        return r ? r : write_type(w, x->elem);
    case TYPE_ARRAY:
        r = buf_printf(w->to, "[%lld]", (long long)x->length);
        return r ? r : write_type(w, x->elem);
    case TYPE_MAP:
        r = buf_append_cstr(w->to, "map[");
        r = r ? r : write_type(w, x->key);
        r = r ? r : buf_append_cstr(w->to, "]");
        return r ? r : write_type(w, x->elem);
    case TYPE_STRUCT:
        if (!x->field_count)
            return buf_append_cstr(w->to, "struct {}");
        r = buf_append_cstr(w->to, "struct { ");
        r = r ? r : write_fields(w, x, false);
        return r ? r : buf_append_cstr(w->to, " }");
    case TYPE_FUNC:
        return write_func(w, x);
    case TYPE_INTERFACE:
        if (w->package && x == w->types->any)
            return buf_append_cstr(w->to, "interface {}");
        return write_name(w, x);
    default:
        r = buf_append_cstr(w->to, "(");
        r = r ? r : write_fields(w, x, true);
        return r ? r : buf_append_cstr(w->to, ")");
    }
}

static int write_type(struct writer *w, struct type *x)
{
    if (x->kind == TYPE_NAMED || x->kind <= TYPE_UNTYPED_NIL)
        return write_name(w, x);
    if (w->depth == TYPE_TEXT_DEPTH_MAX)
        return buf_append_cstr(w->to, "…");
    w->depth++;
    int r = write_composite(w, x);
    w->depth--;
    return r;
}

int type_append(struct types *t, struct type *type, const char *package, struct buf *to)
{
    struct writer w = {.types = t, .package = package, .to = to};
    return write_type(&w, type);
}

const char *type_text(struct types *t, struct type *type)
{
    struct buf text CLEANUP(buf_done) = BUF(MEM_LANG, 200);
    if (type_append(t, type, NULL, &text) < 0)
        buf_append_cstr(&text, "…");
    return arena_strdup(t->arena, buf_slice(&text));
}
