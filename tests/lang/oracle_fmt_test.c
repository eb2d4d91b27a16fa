/* fmt's verbs, flags and values beside real Go's. */
#include <errno.h>

#include "lang/go_print.h"
#include "tests/lang/oracle.h"

enum { WIDTH_BYTES_MAX = 8 << 20 };

/* ---- a value as the oracle writes it ---- */

struct node {
    struct go_value value;
    struct slice type;
    const char *methods[3]; /* Error, String, GoString: "T" and text, "P" and a panic's, "-", "!" */
    struct node **parts;    /* elements, fields, a pointer's target; of maps key after value … */
    struct slice *names;
    struct arena *arena;
};

static const char *const kinds[GO_KIND_COUNT] = {
    [GO_NIL] = "nil",         [GO_BOOL] = "bool",
    [GO_INT] = "int",         [GO_INT8] = "int8",
    [GO_INT16] = "int16",     [GO_INT32] = "int32",
    [GO_INT64] = "int64",     [GO_UINT] = "uint",
    [GO_UINT8] = "uint8",     [GO_UINT16] = "uint16",
    [GO_UINT32] = "uint32",   [GO_UINT64] = "uint64",
    [GO_UINTPTR] = "uintptr", [GO_FLOAT32] = "float32",
    [GO_FLOAT64] = "float64", [GO_STRING] = "string",
    [GO_SLICE] = "slice",     [GO_ARRAY] = "array",
    [GO_MAP] = "map",         [GO_STRUCT] = "struct",
    [GO_POINTER] = "ptr",     [GO_INTERFACE] = "interface",
    [GO_FUNC] = "func",
};

static const struct node *node_of(const struct go_value *v)
{
    return v->object;
}

static int append_type(const struct go_value *v, struct buf *to)
{
    return buf_append_slice(to, node_of(v)->type);
}

static int child(const struct go_value *v, uint64_t at, struct go_value *ret)
{
    *ret = node_of(v)->parts[at]->value;
    return 0;
}

static int entry(const struct go_value *v, uint64_t at, struct go_value *ret_key,
                 struct go_value *ret_value)
{
    *ret_key = node_of(v)->parts[2 * at]->value;
    *ret_value = node_of(v)->parts[2 * at + 1]->value;
    return 0;
}

static struct slice field_name(const struct go_value *v, uint64_t at)
{
    return node_of(v)->names[at];
}

static int method(const struct go_value *v, enum go_methods which, struct buf *to)
{
    const struct node *n = node_of(v);
    const char *text = n->methods[which == GO_HAS_ERROR ? 0 : which == GO_HAS_STRING ? 1 : 2];
    if (text[0] == '!')
        return -EPERM;
    int r = buf_append_slice(to, oracle_unhex(n->arena, text + 1));
    return text[0] == 'P' ? -ECANCELED : r;
}

static const struct go_value_ops ops = {.append_type = append_type,
                                         .child = child,
                                         .entry = entry,
                                         .field_name = field_name,
                                         .method = method};

static char *word(char **at)
{
    char *start = *at, *space = strchr(start, ' ');
    if (space)
        *space = 0;
    *at = space ? space + 1 : start + strlen(start);
    return start;
}

static uint8_t kind_named(const char *name)
{
    for (uint8_t i = 0; i < GO_KIND_COUNT; i++)
        if (strcmp(kinds[i], name) == 0)
            return i;
    return GO_NIL;
}

static struct node *read_value(struct arena *a, char **at);

static void read_parts(struct arena *a, struct node *n, char **at, size_t count, bool named)
{
    n->parts = arena_alloc_array(a, count + 1, sizeof(struct node *));
    n->names = arena_alloc_array(a, count + 1, sizeof(struct slice));
    for (size_t i = 0; i < count; i++) {
        if (named)
            n->names[i] = oracle_unhex(a, word(at) + 1);
        n->parts[i] = read_value(a, at);
    }
}

static void read_scalar(struct arena *a, struct go_value *v, char **at)
{
    uint64_t bits;
    if (v->kind == GO_BOOL) {
        v->boolean = strcmp(word(at), "true") == 0;
    } else if (go_kind_is_signed(v->kind)) {
        v->integer = strtoll(word(at), NULL, 10);
    } else if (go_kind_is_unsigned(v->kind)) {
        v->natural = strtoull(word(at), NULL, 10);
    } else if (v->kind == GO_STRING) {
        v->text = oracle_unhex(a, word(at) + 1);
    } else if (v->kind == GO_FLOAT32 || v->kind == GO_FLOAT64) {
        bits = strtoull(word(at), NULL, 16);
        memcpy(&v->number, &bits, sizeof(bits));
    }
}

static struct node *read_value(struct arena *a, char **at)
{
    struct node *n = arena_new(a, struct node);
    struct go_value *v = &n->value;
    v->kind = kind_named(word(at));
    v->ops = &ops;
    v->object = n;
    n->arena = a;
    if (v->kind == GO_NIL)
        return n;
    n->type = oracle_unhex(a, word(at));
    for (int i = 0; v->kind != GO_INTERFACE && i < 3; i++) {
        n->methods[i] = word(at);
        v->methods = (uint8_t)(v->methods | (n->methods[i][0] != '-') << i);
    }
    bool may_be_nil = v->kind == GO_INTERFACE || v->kind == GO_SLICE || v->kind == GO_MAP ||
                      v->kind == GO_POINTER || v->kind == GO_FUNC;
    v->is_nil = may_be_nil && strcmp(word(at), "true") == 0;
    if (v->kind == GO_SLICE || v->kind == GO_ARRAY || v->kind == GO_POINTER)
        v->elem_kind = kind_named(word(at));
    if (v->kind == GO_POINTER || v->kind == GO_INTERFACE) {
        read_parts(a, n, at, !v->is_nil, false);
    } else if (v->kind == GO_SLICE || v->kind == GO_ARRAY || v->kind == GO_STRUCT ||
               v->kind == GO_MAP) {
        v->count = strtoul(word(at), NULL, 10);
        read_parts(a, n, at, v->kind == GO_MAP ? 2 * v->count : v->count, v->kind == GO_STRUCT);
    }
    read_scalar(a, v, at);
    return n;
}

/* ---- the cases ---- */

static int print(const struct oracle_case *c, struct slice format, const struct go_value *args,
                 size_t count, struct buf *to, int *ret_wrapped)
{
    size_t wrapped[GO_PRINT_WRAPS_MAX], wraps = 0;
    const char *call = c->fields[0];
    *ret_wrapped = -1;
    if (strcmp(call, "Sprintf") == 0)
        return go_sprintf(to, c->arena, format, args, count);
    if (strcmp(call, "Sprint") == 0)
        return go_sprint(to, c->arena, args, count);
    if (strcmp(call, "Sprintln") == 0)
        return go_sprintln(to, c->arena, args, count);
    int r = go_errorf(to, c->arena, format, args, count, wrapped, &wraps);
    int errors = 0;
    for (size_t i = 0; r == 0 && i < wraps; i++)
        errors += args[wrapped[i]].methods & GO_HAS_ERROR;
    *ret_wrapped = wraps ? errors : -1;
    return r;
}

static bool agrees(const struct oracle_case *c, struct buf *ours)
{
    struct slice format = oracle_unhex(c->arena, c->fields[1]);
    size_t count = strtoul(c->fields[2], NULL, 10);
    char *text = arena_strdup(c->arena, slice_from(c->fields[3])), *at = text;
    struct go_value *args = arena_alloc_array(c->arena, count + 1, sizeof(*args));
    struct buf to = BUF(MEM_TEST, WIDTH_BYTES_MAX);
    int wrapped;
    for (size_t i = 0; i < count; i++)
        args[i] = read_value(c->arena, &at)->value;
    int r = print(c, format, args, count, &to, &wrapped);
    bool same = false;
    if (r == -EOPNOTSUPP) {
        buf_append_cstr(ours, "address");
        same = strcmp(c->fields[4], "address") == 0;
    } else if (r < 0) {
        buf_printf(ours, "failed: %d", r);
    } else {
        buf_append_cstr(ours, "T");
        oracle_hex(ours, buf_slice(&to));
        same = strcmp(ours->data, c->fields[4]) == 0 && wrapped == atoi(c->fields[5]);
        buf_printf(ours, " %d: %.*s <- %.*s", wrapped, SLICE_ARG(buf_slice(&to)),
                   SLICE_ARG(format));
    }
    buf_done(&to);
    return same;
}

static void texts_are_what_go_prints(void)
{
    oracle_run("fmt", 30000, 1, agrees);
}

int main(void)
{
    TAP_RUN(texts_are_what_go_prints);
    return tap_done();
}
