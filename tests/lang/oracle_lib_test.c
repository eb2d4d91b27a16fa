/* The library's functions, called through the table, beside real Go's. */
#include <errno.h>
#include <math.h>

#include "lang/go_float.h"
#include "lang/golib.h"
#include "lang/unicode.h"
#include "tests/lang/oracle.h"

/* ---- funcs that both sides have ---- */

static int say_space(void *context, int32_t r, int32_t *ret)
{
    (void)context;
    *ret = unicode_is_space((uint32_t)r);
    return 0;
}

static int say_digit(void *context, int32_t r, int32_t *ret)
{
    (void)context;
    *ret = unicode_is_digit((uint32_t)r);
    return 0;
}

static int say_upper(void *context, int32_t r, int32_t *ret)
{
    (void)context;
    *ret = unicode_is_upper((uint32_t)r);
    return 0;
}

static int say_equal(void *context, int32_t r, int32_t *ret)
{
    *ret = r == *(const int32_t *)context;
    return 0;
}

static int say_always(void *context, int32_t r, int32_t *ret)
{
    (void)r;
    *ret = *(const int32_t *)context;
    return 0;
}

static int map_upper(void *context, int32_t r, int32_t *ret)
{
    (void)context;
    *ret = (int32_t)unicode_to_upper((uint32_t)r);
    return 0;
}

static int map_same(void *context, int32_t r, int32_t *ret)
{
    (void)context;
    *ret = r;
    return 0;
}

static int map_drop(void *context, int32_t r, int32_t *ret)
{
    (void)context;
    *ret = r == 'a' ? -1 : r;
    return 0;
}

static int map_odd(void *context, int32_t r, int32_t *ret)
{
    (void)context;
    *ret = r == 'b' ? 0xd800 : r + 1;
    return 0;
}

static struct golib_rune_func func_named(const char *name, char letter)
{
    static int32_t comma = ',', wrong = 0xfffd, yes = 1, no = 0;
    static const struct {
        const char *name;
        char letter;
        struct golib_rune_func f;
    } known[] = {
        {"space", 'p', {say_space, NULL}},   {"digit", 'p', {say_digit, NULL}},
        {"upper", 'p', {say_upper, NULL}},   {"comma", 'p', {say_equal, &comma}},
        {"wrong", 'p', {say_equal, &wrong}}, {"all", 'p', {say_always, &yes}},
        {"none", 'p', {say_always, &no}},    {"upper", 'm', {map_upper, NULL}},
        {"same", 'm', {map_same, NULL}},     {"drop", 'm', {map_drop, NULL}},
        {"odd", 'm', {map_odd, NULL}},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (known[i].letter == letter && strcmp(known[i].name, name) == 0)
            return known[i].f;
    return (struct golib_rune_func){0};
}

/* ---- arguments ---- */

static const struct go_error sentinels[] = {{.text = {"first", 5}, .type = "*errors.errorString"},
                                            {.text = {"second", 6}, .type = "*errors.errorString"},
                                            {.text = {"", 0}, .type = "*errors.errorString"}};

/* n, s0, w… (wraps), j…. (a list). */
static const struct go_error *read_error(struct arena *a, const char **at)
{
    enum { LIST_MAX = 16 };
    char kind = *(*at)++;
    if (kind == 's')
        return &sentinels[*(*at)++ - '0'];
    if (kind == 'n')
        return NULL;
    const struct go_error **wrapped = arena_alloc_array(a, LIST_MAX, sizeof(*wrapped));
    struct go_error *e = arena_new(a, struct go_error);
    e->wrapped = wrapped;
    e->is_list = kind == 'j';
    struct buf text = BUF(MEM_TEST, 0);
    while (e->is_list ? **at != '.' : e->wrapped_count == 0) {
        if (e->wrapped_count)
            buf_append_byte(&text, '\n');
        const struct go_error *part = read_error(a, at);
        wrapped[e->wrapped_count++] = part;
        buf_append_slice(&text, part->text);
    }
    *at += e->is_list;
    e->text = (struct slice){arena_strdup(a, buf_slice(&text)), text.size};
    buf_done(&text);
    return e;
}

static struct golib_strings read_strings(struct arena *a, char *text)
{
    char *end;
    struct golib_strings list = {.count = strtoul(text, &end, 10)};
    struct slice *items = arena_alloc_array(a, list.count + 1, sizeof(*items));
    char *at = end + 1;
    for (size_t i = 0; i < list.count; i++) {
        char *comma = strchr(at, ',');
        if (comma)
            *comma = 0;
        items[i] = oracle_unhex(a, at);
        if (comma)
            *comma = ';'; /* the field is shown where we disagree */
        at = comma ? comma + 1 : at + strlen(at);
    }
    list.items = items;
    return list;
}

static double read_float(const char *text)
{
    uint64_t bits = strtoull(text, NULL, 16);
    double v;
    memcpy(&v, &bits, sizeof(v));
    return v;
}

static union golib_value argument(struct arena *a, char letter, char *text)
{
    union golib_value v = {0};
    const char *at = text;
    switch (letter) {
    case 'b':
        v.boolean = text[0] == '1';
        break;
    case 'f':
    case 'g':
        v.number = read_float(text);
        break;
    case 'u':
    case 'v':
    case 'y':
        v.natural = strtoull(text, NULL, 10);
        break;
    case 's':
        v.text = oracle_unhex(a, text);
        break;
    case 'S':
    case 'V':
        v.strings = read_strings(a, text);
        break;
    case 'e':
        v.error = read_error(a, &at);
        break;
    case 'W': {
        const struct go_error **items = arena_alloc_array(a, 16, sizeof(*items));
        while (*at)
            items[v.errors.count++] = read_error(a, &at);
        v.errors.items = items;
        break;
    }
    case 'p':
    case 'm':
        v.func = func_named(text, letter);
        break;
    default:
        v.integer = strtoll(text, NULL, 10);
    }
    return v;
}

/* ---- results ---- */

static void show_float(struct buf *to, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    if (isnan(v))
        buf_append_cstr(to, "nan");
    else
        buf_printf(to, "%llx", (unsigned long long)bits);
}

static void show_strings(struct buf *to, const struct golib_strings *list)
{
    if (list->is_nil) {
        buf_append_cstr(to, "nil");
        return;
    }
    buf_printf(to, "%zu:", list->count);
    for (size_t i = 0; i < list->count; i++) {
        if (i)
            buf_append_byte(to, ',');
        oracle_hex(to, list->items[i]);
    }
}

static void show(struct buf *to, char letter, const union golib_value *v)
{
    switch (letter) {
    case 'b':
        buf_printf(to, "%d", v->boolean);
        break;
    case 'f':
    case 'g':
        show_float(to, v->number);
        break;
    case 'u':
    case 'v':
    case 'y':
        buf_append_u64(to, v->natural);
        break;
    case 's':
        oracle_hex(to, v->text);
        break;
    case 'S':
        show_strings(to, &v->strings);
        break;
    case 'e':
        buf_append_cstr(to, v->error ? "e" : "nil");
        if (v->error)
            oracle_hex(to, v->error->text);
        break;
    default:
        buf_printf(to, "%lld", (long long)v->integer);
    }
}

static const struct golib_func *func_of(const char *full)
{
    const char *dot = strchr(full, '.');
    const struct golib_package *p = golib_package_find((struct slice){full, (size_t)(dot - full)});
    return p ? golib_find(p, slice_from(dot + 1)) : NULL;
}

static bool agrees(const struct oracle_case *c, struct buf *ours)
{
    const struct golib_func *f = func_of(c->fields[0]);
    union golib_value args[8] = {0}, results[GOLIB_RESULTS_MAX] = {0};
    struct golib_call call = {.arena = c->arena};
    if (!f || !f->call || strlen(f->params) != c->results - 1) {
        buf_append_cstr(ours, "no such function");
        return false;
    }
    for (size_t i = 0; f->params[i]; i++)
        args[i] = argument(c->arena, f->params[i], c->fields[1 + i]);
    int r = f->call(&call, args, results);
    if (r == -ECANCELED) {
        buf_append_byte(ours, 'P');
        oracle_hex(ours, slice_from(call.panic));
        return strcmp(ours->data, c->fields[c->results]) == 0;
    }
    if (r < 0 || strlen(f->results) != c->count - c->results) {
        buf_printf(ours, "failed: %d", r);
        return false;
    }
    struct buf one = BUF(MEM_TEST, 0);
    bool same = true;
    for (size_t i = 0; f->results[i]; i++) {
        buf_clear(&one);
        show(&one, f->results[i], &results[i]);
        same = same && strcmp(one.data ? one.data : "", c->fields[c->results + i]) == 0;
        buf_append_byte(ours, ' ');
        buf_append_slice(ours, buf_slice(&one));
    }
    buf_done(&one);
    return same;
}

static void functions_answer_as_go_does(void)
{
    oracle_run("lib", 60000, 1, agrees);
}

/* The oracle takes its names from a list of its own: none of ours may be missing there. */
static void functions_that_take_no_values_of_any_type_are_all_tried(void)
{
    size_t packages, count = 0;
    const struct golib_package *const *p = golib_packages(&packages);
    for (size_t i = 0; i < packages; i++)
        for (size_t k = 0; k < p[i]->func_count; k++)
            count += p[i]->funcs[k].call && strcmp(p[i]->path, "fmt") != 0;
    char command[ORACLE_COMMAND_MAX], answer[64] = "";
    if (!oracle_has_go()) {
        TAP_SKIP("Go is not here");
        return;
    }
    snprintf(command, sizeof(command),
             "build/oracle/lang.lib lib 1000 1 | cut -f1 | sort -u | wc -l");
    FILE *f = popen(command, "r");
    CHECK(f && fgets(answer, sizeof(answer), f));
    CHECK_INT(f ? pclose(f) : -1, 0);
    CHECK_INT(strtoul(answer, NULL, 10), count);
}

/* ---- signatures ---- */

static const char *letter_type(char letter)
{
    static const char *const types[] = {
        ['b'] = "bool",
        ['i'] = "int",
        ['j'] = "int64",
        ['u'] = "uint64",
        ['f'] = "float64",
        ['g'] = "float32",
        ['s'] = "string",
        ['r'] = "rune",
        ['y'] = "byte",
        ['v'] = "uint32",
        ['S'] = "[]string",
        ['d'] = "time.Duration",
        ['e'] = "error",
        ['a'] = "any",
        ['V'] = "...string",
        ['A'] = "...any",
        ['W'] = "...error",
        ['p'] = "func(rune) bool",
        ['m'] = "func(rune) rune",
    };
    return types[(unsigned char)letter] ? types[(unsigned char)letter] : "?";
}

static void show_types(struct buf *to, const char *letters)
{
    for (size_t i = 0; letters[i]; i++) {
        buf_append_cstr(to, i ? "," : "");
        buf_append_cstr(to, letter_type(letters[i]));
    }
}

static int seen; /* rule zero, mutable: the check has no other way to tell the case */

/* What Go exports and we have not is no disagreement; that none of ours is missing there, the
 * count says. */
static bool signature_agrees(const struct oracle_case *c, struct buf *ours)
{
    const char *full = c->fields[1], *dot = strchr(full, '.');
    const struct golib_package *p = golib_package_find((struct slice){full, (size_t)(dot - full)});
    bool is_func = strcmp(c->fields[0], "func") == 0;
    const struct golib_func *f = is_func ? golib_find(p, slice_from(dot + 1)) : NULL;
    const struct golib_object *o = is_func ? NULL : golib_object_find(p, slice_from(dot + 1));
    if (!f && (!o || o->kind != GOLIB_CONST))
        return true;
    seen++;
    if (o) {
        const char *digits = o->literal + (o->literal[0] == '-');
        double v;
        CHECK_INT(go_float_parse(slice_from(digits), 64, &v), 0);
        bool is_float = strpbrk(o->literal, ".p") != NULL;
        buf_append_cstr(ours, o->type ? o->type : is_float ? "untyped float" : "untyped int");
        bool same_type = strcmp(ours->data, c->fields[2]) == 0;
        buf_clear(ours);
        show_float(ours, digits == o->literal ? v : -v);
        return same_type && strcmp(ours->data, c->fields[3]) == 0;
    }
    if (f->generic) {
        buf_append_cstr(ours, f->generic);
    } else {
        show_types(ours, f->params);
        buf_append_cstr(ours, "->");
        show_types(ours, f->results);
    }
    return strcmp(ours->data, c->fields[2]) == 0;
}

static void signatures_and_constants_are_gos(void)
{
    size_t packages, count = 0;
    const struct golib_package *const *p = golib_packages(&packages);
    for (size_t i = 0; i < packages; i++) {
        count += p[i]->func_count;
        for (size_t k = 0; k < p[i]->object_count; k++)
            count += p[i]->objects[k].kind == GOLIB_CONST;
    }
    oracle_run("signature", ORACLE_ALL, 1, signature_agrees);
    if (!tap_skip_)
        CHECK_INT(seen, count);
}

int main(void)
{
    TAP_RUN(signatures_and_constants_are_gos);
    TAP_RUN(functions_answer_as_go_does);
    TAP_RUN(functions_that_take_no_values_of_any_type_are_all_tried);
    return tap_done();
}
