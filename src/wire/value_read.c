#include "wire/value_read.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/fault.h"
#include "base/utf8.h"
#include "wire/json.h"

enum {
    MESSAGE_BYTES_MAX = 512,
};

/* ---- faults ---- */

uint32_t value_line(const struct value_reader *r, size_t offset)
{
    uint32_t line = 1;
    const char *at = r->text.data, *end = at + (offset < r->text.size ? offset : r->text.size);
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at)))) {
        at++;
        line++;
    }
    return line;
}

uint32_t value_line_at(const struct value_reader *r, source_place at)
{
    return value_line(r, at - r->source->first);
}

static size_t line_end(const struct value_reader *r, size_t offset)
{
    if (offset >= r->text.size)
        return r->text.size;
    const char *end = memchr(r->text.data + offset, '\n', r->text.size - offset);
    return end ? (size_t)(end - r->text.data) : r->text.size;
}

static struct config_fault *add(struct value_reader *r, enum config_fault_code code, size_t from,
                                size_t to, const char *format, va_list args)
{
    char text[MESSAGE_BYTES_MAX];
    vsnprintf(text, sizeof(text), format, args);
    size_t end = line_end(r, from);
    if (from > r->text.size)
        from = r->text.size;
    if (to > end)
        to = end;
    source_place place_end = to > from ? value_place(r, to) : 0;
    r->told++;
    return config_fault_add(r->faults, code, value_place(r, from), place_end, "%s", text);
}

struct config_fault *value_fault(struct value_reader *r, enum config_fault_code code, size_t from,
                                 size_t to, const char *format, ...)
{
    va_list args;
    if (r->told >= VALUE_FAULTS_MAX) {
        value_fault_limit(r, from, "there are more than %d faults: the rest is not read",
                          VALUE_FAULTS_MAX);
        return &r->unheard;
    }
    va_start(args, format);
    struct config_fault *f = add(r, code, from, to, format, args);
    va_end(args);
    return f;
}

void value_fault_limit(struct value_reader *r, size_t from, const char *format, ...)
{
    va_list args;
    if (r->stopped)
        return;
    va_start(args, format);
    add(r, CONFIG_FAULT_LIMIT, from, from, format, args);
    va_end(args);
    r->stopped = true;
}

void value_fault_twice(struct value_reader *r, const struct value *first, size_t from, size_t to)
{
    struct slice key = value_key(first);
    if (fault_mutant("wire_key_twice"))
        return;
    value_fault(r, CONFIG_FAULT_DUPLICATE_NAME, from, to,
                "'%s' stands here twice: first at line %u", value_shown(r, key),
                value_line_at(r, first->key_at));
}

const char *value_shown(struct value_reader *r, struct slice s)
{
    struct buf b = BUF(MEM_WIRE, 0);
    bool cut = s.size > VALUE_SHOWN_BYTES_MAX;
    struct slice part = slice_sub(s, 0, VALUE_SHOWN_BYTES_MAX);
    /* A character that the cut goes through is left out. */
    while (cut && part.size && ((unsigned char)s.data[part.size] & 0xC0) == 0x80)
        part.size--;
    utf8_append_shown(&b, part);
    if (cut)
        buf_append_cstr(&b, "...");
    const char *text = arena_strdup(r->faults->arena, buf_slice(&b));
    buf_done(&b);
    return text ? text : "";
}

/* ---- the whole text ---- */

/* Bytes from the start that are UTF-8: eight ASCII ones at a time. */
static size_t valid_bytes(struct slice s)
{
    size_t at = 0;
    while (at < s.size) {
        uint64_t word;
        if (s.size - at >= sizeof(word)) {
            memcpy(&word, s.data + at, sizeof(word));
            if ((word & UINT64_C(0x8080808080808080)) == 0) {
                at += sizeof(word);
                continue;
            }
        }
        size_t size = json_utf8_sequence(slice_sub(s, at, s.size));
        if (size == 0)
            break;
        at += size;
    }
    return at;
}

static void check_lines(struct value_reader *r)
{
    for (size_t at = 0; at < r->text.size && !r->stopped;) {
        size_t end = line_end(r, at);
        if (end - at > r->limits.line_bytes_max)
            value_fault_limit(r, at, "this line is longer than %u bytes (line_bytes_max)",
                              r->limits.line_bytes_max);
        at = end + 1;
    }
}

void value_reader_init(struct value_reader *r, const struct source *source,
                       const struct value_limits *limits, struct arena *a,
                       struct config_faults *faults, unsigned checks)
{
    static const struct value_limits none;
    const struct value_limits *l = limits ? limits : &none;
    *r = (struct value_reader){.source = source, .text = source->text, .arena = a};
    if (!r->text.data)
        r->text = SLICE(""); /* arithmetic on NULL is undefined */
    r->faults = faults;
    r->limits = (struct value_limits){
        .text_bytes_max = l->text_bytes_max ? l->text_bytes_max : VALUE_TEXT_BYTES_MAX,
        .line_bytes_max = l->line_bytes_max ? l->line_bytes_max : VALUE_LINE_BYTES_MAX,
        .depth_max = l->depth_max ? l->depth_max : VALUE_DEPTH_MAX,
        .count_max = l->count_max ? l->count_max : VALUE_COUNT_MAX,
        .expansion_max = l->expansion_max ? l->expansion_max : VALUE_EXPANSION_MAX,
        .seed = l->seed,
    };
    if (r->text.size > r->limits.text_bytes_max)
        value_fault_limit(r, 0, "the text has %zu bytes, more than %u (text_bytes_max)",
                          r->text.size, r->limits.text_bytes_max);
    if (checks & VALUE_CHECK_LINES)
        check_lines(r);
    size_t valid = checks & VALUE_CHECK_UTF8 && !r->stopped ? valid_bytes(r->text) : r->text.size;
    if (valid < r->text.size) {
        value_fault(r, CONFIG_FAULT_SYNTAX, valid, valid + 1, "byte 0x%02x is not UTF-8",
                    (unsigned char)r->text.data[valid]);
        r->stopped = true;
    }
}

int value_reader_end(struct value_reader *r, struct value *root, struct value **ret_root)
{
    if (!r->full && !root) {
        root = arena_new(r->arena, struct value);
        r->full = !root;
    }
    if (r->full)
        return -ENOSPC;
    if (root->at == 0) {
        root->type = VALUE_BAD;
        root->at = value_place(r, 0);
    }
    *ret_root = root;
    return (int)r->told;
}

/* ---- values ---- */

void *value_alloc(struct value_reader *r, size_t size)
{
    void *p = r->full ? NULL : arena_alloc(r->arena, size);
    if (!p)
        r->full = r->stopped = true;
    return p;
}

bool value_make_in(struct value_reader *r, struct value *v, enum value_type type, size_t offset)
{
    if (r->stopped)
        return false;
    if (r->count == r->limits.count_max) {
        value_fault_limit(r, offset, "there are more than %u values (count_max)",
                          r->limits.count_max);
        return false;
    }
    r->count++;
    v->type = (uint8_t)type;
    v->at = value_place(r, offset);
    return true;
}

struct value *value_make(struct value_reader *r, enum value_type type, size_t offset)
{
    struct value *v = r->stopped ? NULL : value_alloc(r, sizeof(*v));
    return v && value_make_in(r, v, type, offset) ? v : NULL;
}

/* ---- members ---- */

struct value *value_index_find(struct value_index *x, const struct value_reader *r,
                               const struct value *map, struct slice key)
{
    if (map->count < VALUE_INDEX_FROM)
        return value_get(map, key);
    if (!x->last)
        x->map = MAP(MEM_WIRE, 0, r->limits.seed);
    for (struct value *v = x->last ? x->last->next : map->first; v; v = v->next) {
        map_put(&x->map, value_key(v), v, NULL);
        x->last = v;
    }
    return map_get(&x->map, key);
}

void value_index_done(struct value_index *x)
{
    map_done(&x->map);
    *x = (struct value_index){0};
}
