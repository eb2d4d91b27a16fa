#include "app/probe_diff.h"

#include <errno.h>
#include <stdatomic.h>

#include "base/map.h"
#include "base/utf8.h"
#include "cli/probe_print.h"
#include "rt/file.h"
#include "wire/json.h"

enum { CHUNK_BYTES = 256 * 1024 };

/* What is compared, as JSON texts: equal where the bytes are. */
static const char *const fields[] = {
    "reason", "status", "address", "answers", "host_key_sha256",
};
enum { FIELD_REASON, FIELD_COUNT = ARRAY_LEN(fields) };

struct former {
    struct former *next; /* in the file's order */
    struct slice name;
    struct slice values[FIELD_COUNT];
    bool seen;
};

struct probe_diff {
    struct arena arena;
    struct map by_name;
    struct former *first, **last;
    _Atomic uint64_t changes;
};

/* ---- reading the former run ---- */

static struct slice text_of(const struct json_value *v, struct buf *scratch)
{
    struct json_writer w;
    buf_clear(scratch);
    json_begin(&w, scratch, 0);
    if (v)
        json_tree(&w, v);
    else
        json_null(&w);
    json_end(&w);
    return buf_slice(scratch);
}

static bool take_values(const struct json_value *object, struct arena *to,
                        struct slice values[FIELD_COUNT])
{
    struct buf scratch = BUF(MEM_APP, 0);
    bool fits = true;
    for (size_t i = 0; i < FIELD_COUNT && fits; i++) {
        struct slice text = text_of(json_get(object, fields[i]), &scratch);
        char *copy = arena_strdup(to, text);
        fits = copy != NULL;
        values[i] = (struct slice){copy, text.size};
    }
    buf_done(&scratch);
    return fits;
}

static struct former *former_of(struct probe_diff *d, struct slice name)
{
    struct former *f = map_get(&d->by_name, name);
    if (f)
        return f;
    char *copy = arena_strdup(&d->arena, name);
    f = copy ? arena_new(&d->arena, struct former) : NULL;
    if (!f)
        return NULL;
    f->name = (struct slice){copy, name.size};
    *d->last = f;
    d->last = &f->next;
    map_put(&d->by_name, f->name, f, NULL);
    return f;
}

static int take_line(struct probe_diff *d, struct slice line, uint64_t number, struct arena *tree,
                     struct err *err)
{
    struct json_value *v;
    struct json_error je;
    line = slice_trim(line);
    if (line.size == 0)
        return 0;
    arena_reset(tree);
    int r = json_parse(line, tree, 0, &v, &je);
    if (r < 0)
        return err_set(err, -EBADMSG, "line %llu: no JSON object: column %u: %s expected (a former "
                       "run's -o jsonl is wanted)", (unsigned long long)number,
                       r == -EBADMSG ? je.column : 1, r == -EBADMSG ? je.expected : "less");
    const struct json_value *target = v->type == JSON_OBJECT ? json_get(v, "target") : NULL;
    const struct json_value *reason = target ? json_get(v, "reason") : NULL;
    if (!reason || target->type != JSON_STRING || reason->type != JSON_STRING)
        return err_set(err, -EBADMSG, "line %llu: no result of a probe: no target and reason (a "
                       "former run's -o jsonl is wanted)", (unsigned long long)number);
    struct former *f = former_of(d, target->text);
    if (!f || !take_values(v, &d->arena, f->values))
        return err_set(err, -E2BIG, "more than %d MiB to remember", PROBE_DIFF_BYTES_MAX >> 20);
    return 0;
}

/* Takes the whole lines off the buffer. */
static int take_lines(struct probe_diff *d, struct buf *b, bool last, uint64_t *number,
                      struct arena *tree, struct err *err)
{
    struct slice rest = buf_slice(b);
    int r = 0;
    while (r == 0 && rest.size) {
        ptrdiff_t end = slice_find_byte(rest, '\n');
        if (end < 0 && !last)
            break;
        size_t size = end < 0 ? rest.size : (size_t)end;
        r = take_line(d, slice_sub(rest, 0, size), ++*number, tree, err);
        rest = slice_sub(rest, end < 0 ? size : size + 1, rest.size);
    }
    if (r == 0 && rest.size > PROBE_DIFF_LINE_BYTES_MAX)
        r = err_set(err, -EBADMSG, "line %llu: longer than %d MiB",
                    (unsigned long long)*number + 1, PROBE_DIFF_LINE_BYTES_MAX >> 20);
    buf_consume(b, b->size - rest.size);
    return r;
}

static int read_file(struct probe_diff *d, struct rt_file *f, struct err *err)
{
    struct buf b = BUF(MEM_APP, 0);
    struct arena tree = ARENA(MEM_APP, 0);
    uint64_t number = 0, offset = 0;
    ssize_t n = 1;
    int r = 0;
    while (r == 0 && n > 0) {
        char *room;
        buf_reserve(&b, CHUNK_BYTES, &room);
        n = rt_file_read(f, room, CHUNK_BYTES, offset, RT_NEVER);
        if (n < 0) {
            r = err_sys(err, (int)n, "read");
            break;
        }
        buf_commit(&b, (size_t)n);
        offset += (uint64_t)n;
        r = take_lines(d, &b, n == 0, &number, &tree, err);
    }
    arena_done(&tree);
    buf_done(&b);
    return r;
}

int probe_diff_open(const char *path, struct probe_diff **ret, struct err *err)
{
    struct rt_file *f;
    int r = rt_file_open(path, RT_FILE_READ, 0, &f, RT_NEVER);
    if (r < 0)
        return err_sys(err, r, "--diff: %s", path);
    struct probe_diff *d = mem_alloc(MEM_APP, sizeof(*d));
    d->arena = ARENA(MEM_APP, PROBE_DIFF_BYTES_MAX);
    d->by_name = MAP(MEM_APP, 0, ((struct map_seed){rt_random(), rt_random()}));
    d->last = &d->first;
    r = read_file(d, f, err);
    rt_file_close(f);
    if (r < 0) {
        probe_diff_close(d);
        err_wrap(err, "--diff: %s", path);
        return r;
    }
    *ret = d;
    return 0;
}

void probe_diff_close(struct probe_diff *d)
{
    if (!d)
        return;
    map_done(&d->by_name);
    arena_done(&d->arena);
    mem_free(MEM_APP, d);
}

uint64_t probe_diff_count(const struct probe_diff *d)
{
    return atomic_load(&d->changes);
}

/* ---- telling ---- */

static const struct slice null_text = {"null", 4};

static void print_change(const char *action, struct slice name, const struct slice *old,
                         const struct slice *new, struct buf *out)
{
    struct json_writer w;
    json_begin(&w, out, 0);
    json_object_open(&w);
    json_key(&w, "action");
    json_cstr(&w, action);
    json_key(&w, "kind");
    json_cstr(&w, "probe");
    json_key(&w, "name");
    json_string(&w, name);
    json_key(&w, "namespace");
    json_null(&w);
    json_key(&w, "fields");
    json_array_open(&w);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        struct slice a = old ? old[i] : null_text, b = new ? new[i] : null_text;
        if (slice_eq(a, b))
            continue;
        json_object_open(&w);
        json_key(&w, "path");
        json_cstr(&w, fields[i]);
        json_key(&w, "old");
        json_raw(&w, a);
        json_key(&w, "new");
        json_raw(&w, b);
        json_object_close(&w);
    }
    json_array_close(&w);
    json_object_close(&w);
    json_end(&w);
    buf_append_byte(out, '\n');
}

/* "reason "ok" -> "refused"": values as JSON, but words without their quotes. */
static void print_value(struct slice v, struct buf *out)
{
    bool word = v.size >= 2 && v.data[0] == '"' && slice_find_byte(v, '\\') < 0;
    utf8_append_shown(out, word ? slice_sub(v, 1, v.size - 1) : v);
}

static void print_text(const char *word, struct slice name, const struct slice *old,
                       const struct slice *new, struct buf *out)
{
    buf_printf(out, "%s ", word);
    utf8_append_shown(out, name);
    buf_append_cstr(out, " -");
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (old && new && slice_eq(old[i], new[i]))
            continue;
        if ((!old || !new) && i != FIELD_REASON)
            continue;
        buf_append_cstr(out, old && new ? " " : old ? " was " : " is ");
        if (old && new)
            buf_printf(out, "%s ", fields[i]);
        if (old)
            print_value(old[i], out);
        if (old && new)
            buf_append_cstr(out, " -> ");
        if (new)
            print_value(new[i], out);
    }
    buf_append_byte(out, '\n');
}

static void print(struct probe_diff *d, enum cli_form form, struct slice name,
                  const struct slice *old, const struct slice *new, struct buf *out)
{
    atomic_fetch_add(&d->changes, 1);
    if (form == CLI_FORM_JSONL)
        print_change(old && new ? "update" : old ? "delete" : "create", name, old, new, out);
    else
        print_text(old && new ? "CHANGED" : old ? "VANISHED" : "APPEARED", name, old, new, out);
}

static bool is_limit(struct slice reason)
{
    return slice_eq(reason, SLICE("\"limit\""));
}

static bool differs(const struct slice *old, const struct slice *new)
{
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (!slice_eq(old[i], new[i]))
            return true;
    return false;
}

void probe_diff_take(struct probe_diff *d, const struct probe_result *r, enum cli_form form,
                     struct buf *out)
{
    struct former *f = map_get(&d->by_name, r->target->name);
    bool again = f && f->seen;
    if (f)
        f->seen = true;
    if (r->reason == REASON_LIMIT || again || (f && is_limit(f->values[FIELD_REASON])))
        return;
    /* The result as its own line would be read again: what is printed is what is compared. */
    struct buf json = BUF(MEM_APP, 0);
    struct arena a = ARENA(MEM_APP, 0);
    struct json_value *v;
    struct slice now[FIELD_COUNT];
    probe_print_json(r, &json);
    if (json_parse(buf_slice(&json), &a, 0, &v, NULL) == 0 && take_values(v, &a, now) &&
        (!f || differs(f->values, now)))
        print(d, form, r->target->name, f ? f->values : NULL, now, out);
    arena_done(&a);
    buf_done(&json);
}

void probe_diff_end(struct probe_diff *d, enum cli_form form, struct buf *out)
{
    for (const struct former *f = d->first; f; f = f->next)
        if (!f->seen)
            print(d, form, f->name, f->values, NULL, out);
}
