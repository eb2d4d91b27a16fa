#include "wire/dbus.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>

#include "base/utf8.h"
#include "wire/dbus_form.h"

enum {
    NEST_MAX = 32, /* of arrays, and of structs, within one signature: the specification's */
    LENGTH_AT = 4,
    SERIAL_AT = 8,
    FIELDS_AT = 12,
};

/* ---- types ---- */

size_t dbus_fixed(char type)
{
    switch (type) {
    case DBUS_BYTE:
        return 1;
    case DBUS_INT16:
    case DBUS_UINT16:
        return 2;
    case DBUS_BOOL:
    case DBUS_INT32:
    case DBUS_UINT32:
    case DBUS_HANDLE:
        return 4;
    case DBUS_INT64:
    case DBUS_UINT64:
    case DBUS_DOUBLE:
        return 8;
    default:
        return 0;
    }
}

size_t dbus_align(char type)
{
    switch (type) {
    case DBUS_SIGNATURE:
    case DBUS_VARIANT:
        return 1;
    case DBUS_STRING:
    case DBUS_PATH:
    case DBUS_ARRAY:
        return 4;
    case DBUS_STRUCT:
    case DBUS_ENTRY:
        return DBUS_ALIGN_MAX;
    default:
        return dbus_fixed(type);
    }
}

static bool is_text(char type)
{
    return type == DBUS_STRING || type == DBUS_PATH || type == DBUS_SIGNATURE;
}

struct slice dbus_first_type(struct slice s)
{
    size_t n = 0, open = 0;
    while (n < s.size && s.data[n] == DBUS_ARRAY)
        n++;
    for (; n < s.size; n++) {
        char c = s.data[n];
        open += c == '(' || c == '{';
        open -= c == ')' || c == '}';
        if (open == 0)
            break;
    }
    return slice_sub(s, 0, n < s.size ? n + 1 : s.size);
}

static bool take_type(struct slice *s, int arrays, int structs);

static bool take_members(struct slice *s, char end, int arrays, int structs, size_t *ret_count)
{
    size_t n = 0;
    *s = slice_sub(*s, 1, s->size);
    for (; s->size && s->data[0] != end; n++)
        if (!take_type(s, arrays, structs))
            return false;
    if (!s->size)
        return false;
    *s = slice_sub(*s, 1, s->size);
    *ret_count = n;
    return true;
}

/* Deep at most twice NEST_MAX. */
static bool take_type(struct slice *s, int arrays, int structs)
{
    char c = s->size ? s->data[0] : 0;
    size_t n;
    if (c == DBUS_STRUCT)
        return structs < NEST_MAX && take_members(s, ')', arrays, structs + 1, &n) && n > 0;
    if (c != DBUS_ARRAY) {
        bool plain = dbus_fixed(c) || is_text(c) || c == DBUS_VARIANT;
        *s = slice_sub(*s, 1, s->size);
        return plain;
    }
    *s = slice_sub(*s, 1, s->size);
    if (arrays >= NEST_MAX || !s->size)
        return false;
    if (s->data[0] != DBUS_ENTRY)
        return take_type(s, arrays + 1, structs);
    char key = s->size > 1 ? s->data[1] : 0;
    return structs < NEST_MAX && (dbus_fixed(key) || is_text(key)) &&
           take_members(s, '}', arrays + 1, structs + 1, &n) && n == 2;
}

bool dbus_is_signature(struct slice s)
{
    if (s.size > DBUS_NAME_BYTES_MAX)
        return false;
    while (s.size)
        if (!take_type(&s, 0, 0))
            return false;
    return true;
}

/* ---- names ---- */

static bool is_word(char c)
{
    char l = (char)(c | 32);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_words(struct slice s, bool dash, bool digit_first)
{
    for (size_t i = 0; i < s.size; i++)
        if (!is_word(s.data[i]) && !(dash && s.data[i] == '-'))
            return false;
    return s.size > 0 && (digit_first || !is_digit(s.data[0]));
}

bool dbus_is_path(struct slice s)
{
    if (!s.size || s.data[0] != '/')
        return false;
    struct slice rest = slice_sub(s, 1, s.size);
    while (s.size > 1 && rest.data)
        if (!is_words(slice_cut(&rest, '/'), false, true))
            return false;
    return true;
}

/* Words with dots between them, two at least. */
static bool is_dotted(struct slice s, bool dash, bool digit_first)
{
    size_t n = 0;
    if (s.size > DBUS_NAME_BYTES_MAX)
        return false;
    for (; s.data; n++)
        if (!is_words(slice_cut(&s, '.'), dash, digit_first))
            return false;
    return n > 1;
}

bool dbus_is_interface(struct slice s)
{
    return is_dotted(s, false, false);
}

bool dbus_is_member(struct slice s)
{
    return s.size <= DBUS_NAME_BYTES_MAX && is_words(s, false, false);
}

bool dbus_is_bus_name(struct slice s)
{
    if (s.size && s.data[0] == ':')
        return s.size <= DBUS_NAME_BYTES_MAX && is_dotted(slice_sub(s, 1, s.size), true, true);
    return is_dotted(s, true, false);
}

/* ---- values ---- */

/* A walk along values. What is looked at for the first time is judged, too. */
struct walk {
    const char *base;
    size_t at, end;
    bool big, trusted;
    struct err *err;
};

#define BROKEN(w, ...) err_set((w)->err, -EBADMSG, __VA_ARGS__)

static uint64_t load(const char *at, size_t bytes, bool big)
{
    uint64_t v = 0;
    for (size_t i = 0; i < bytes; i++)
        v |= (uint64_t)(uint8_t)at[i] << 8 * (big ? bytes - 1 - i : i);
    return v;
}

static int walk_pad(struct walk *w, size_t align)
{
    size_t to = dbus_padded(w->at, align);
    if (to > w->end)
        return BROKEN(w, "the bytes end within a value");
    for (; w->at < to; w->at++)
        if (w->base[w->at] != 0)
            return BROKEN(w, "byte %zu is between two values and not zero", w->at);
    return 0;
}

static int walk_uint(struct walk *w, char type, uint64_t *ret)
{
    size_t bytes = dbus_fixed(type);
    int r = walk_pad(w, bytes);
    if (r < 0)
        return r;
    if (w->end - w->at < bytes)
        return BROKEN(w, "the bytes end within a value");
    uint64_t v = load(w->base + w->at, bytes, w->big);
    if (type == DBUS_BOOL && v > 1)
        return BROKEN(w, "a truth value of %llu", (unsigned long long)v);
    if (type == DBUS_HANDLE)
        return BROKEN(w, "a descriptor, where none is passed");
    w->at += bytes;
    *ret = v;
    return 0;
}

static int judge_text(struct walk *w, char type, struct slice s)
{
    if (s.data[s.size] != 0 || (s.size && memchr(s.data, 0, s.size)))
        return BROKEN(w, "a text that does not end where it says");
    if (type == DBUS_STRING && utf8_valid_bytes(s) != s.size)
        return BROKEN(w, "a text that is no UTF-8");
    if (type == DBUS_PATH && !dbus_is_path(s))
        return BROKEN(w, "'%.*s' is no path of an object", SLICE_ARG(slice_sub(s, 0, 80)));
    if (type == DBUS_SIGNATURE && !dbus_is_signature(s))
        return BROKEN(w, "'%.*s' is no signature", SLICE_ARG(s));
    return 0;
}

static int walk_text(struct walk *w, char type, struct slice *ret)
{
    uint64_t size;
    int r = walk_uint(w, type == DBUS_SIGNATURE ? DBUS_BYTE : DBUS_UINT32, &size);
    if (r < 0)
        return r;
    if (w->end - w->at <= size)
        return BROKEN(w, "the bytes end within a text");
    struct slice s = {w->base + w->at, (size_t)size};
    r = w->trusted ? 0 : judge_text(w, type, s);
    if (r < 0)
        return r;
    w->at += s.size + 1;
    *ret = s;
    return 0;
}

/* Up to the first item. */
static int walk_array_head(struct walk *w, struct slice item, size_t *ret_end)
{
    uint64_t size;
    int r = walk_uint(w, DBUS_UINT32, &size);
    if (r == 0)
        r = walk_pad(w, dbus_align(item.data[0]));
    if (r == 0 && w->end - w->at < size)
        r = BROKEN(w, "the bytes end within an array");
    if (r == 0)
        *ret_end = w->at + (size_t)size;
    return r;
}

static int walk_variant_head(struct walk *w, struct slice *ret_type)
{
    struct slice type;
    int r = walk_text(w, DBUS_SIGNATURE, &type);
    if (r == 0 && (!type.size || dbus_first_type(type).size != type.size))
        r = BROKEN(w, "a variant of '%.*s' instead of one type", SLICE_ARG(type));
    if (r == 0)
        *ret_type = type;
    return r;
}

static int walk_value(struct walk *w, struct slice type, int depth);

static int walk_array(struct walk *w, struct slice item, int depth)
{
    size_t end, last = w->end;
    int r = walk_array_head(w, item, &end);
    if (r < 0)
        return r;
    if (w->trusted) {
        w->at = end;
        return 0;
    }
    w->end = end;
    while (r == 0 && w->at < end)
        r = walk_value(w, item, depth);
    w->end = last;
    return r;
}

static int walk_members(struct walk *w, struct slice types, int depth)
{
    int r = walk_pad(w, DBUS_ALIGN_MAX);
    while (r == 0 && types.size) {
        struct slice type = dbus_first_type(types);
        r = walk_value(w, type, depth);
        types = slice_sub(types, type.size, types.size);
    }
    return r;
}

static int walk_value(struct walk *w, struct slice type, int depth)
{
    char c = type.data[0];
    struct slice text;
    uint64_t number;
    if (dbus_fixed(c))
        return walk_uint(w, c, &number);
    if (is_text(c))
        return walk_text(w, c, &text);
    if (depth >= DBUS_DEPTH_MAX)
        return BROKEN(w, "values within values, more than %d", DBUS_DEPTH_MAX);
    if (c == DBUS_ARRAY)
        return walk_array(w, slice_sub(type, 1, type.size), depth + 1);
    if (c != DBUS_VARIANT)
        return walk_members(w, slice_sub(type, 1, type.size - 1), depth + 1);
    int r = walk_variant_head(w, &text);
    return r < 0 ? r : walk_value(w, text, depth + 1);
}

int dbus_check_body(const struct dbus_message *m, struct err *err)
{
    struct walk w = {.base = m->body.data, .end = m->body.size, .big = m->big, .err = err};
    struct slice types = m->signature;
    int r = 0;
    while (r == 0 && types.size) {
        struct slice type = dbus_first_type(types);
        r = walk_value(&w, type, 0);
        types = slice_sub(types, type.size, types.size);
    }
    if (r == 0 && w.at != w.end)
        r = BROKEN(&w, "%zu bytes more than '%.*s' has", w.end - w.at, SLICE_ARG(m->signature));
    return r;
}

/* ---- reading ---- */

struct dbus_reader dbus_body(const struct dbus_message *m)
{
    return (struct dbus_reader){.base = m->body.data, .end = m->body.size,
                                .signature = m->signature, .big = m->big};
}

char dbus_next(const struct dbus_reader *r)
{
    return r->signature.size ? r->signature.data[0] : 0;
}

static struct walk walk_of(const struct dbus_reader *r)
{
    return (struct walk){
        .base = r->base, .at = r->at, .end = r->end, .big = r->big, .trusted = true};
}

static void pass(struct dbus_reader *r, size_t at)
{
    struct slice type = dbus_first_type(r->signature);
    r->at = at;
    r->signature = slice_sub(r->signature, type.size, r->signature.size);
    if (!r->signature.size && at < r->end)
        r->signature = r->each;
}

int dbus_uint(struct dbus_reader *r, enum dbus_type type, uint64_t *ret)
{
    struct walk w = walk_of(r);
    if (dbus_next(r) != (char)type || !dbus_fixed((char)type) ||
        walk_uint(&w, (char)type, ret) < 0)
        return -EBADMSG;
    pass(r, w.at);
    return 0;
}

int dbus_text(struct dbus_reader *r, enum dbus_type type, struct slice *ret)
{
    struct walk w = walk_of(r);
    if (dbus_next(r) != (char)type || !is_text((char)type) || walk_text(&w, (char)type, ret) < 0)
        return -EBADMSG;
    pass(r, w.at);
    return 0;
}

int dbus_skip(struct dbus_reader *r)
{
    struct walk w = walk_of(r);
    if (!dbus_next(r) || walk_value(&w, dbus_first_type(r->signature), 0) < 0)
        return -EBADMSG;
    pass(r, w.at);
    return 0;
}

int dbus_enter(struct dbus_reader *r, enum dbus_type type, struct dbus_reader *ret_inside)
{
    struct walk w = walk_of(r);
    struct slice whole = dbus_first_type(r->signature);
    struct dbus_reader in = {.base = r->base, .big = r->big};
    int code = -EBADMSG;
    if (dbus_next(r) != (char)type)
        return code;
    if (type == DBUS_ARRAY) {
        in.each = slice_sub(whole, 1, whole.size);
        code = walk_array_head(&w, in.each, &in.end);
        in.signature = w.at < in.end ? in.each : (struct slice){0};
    } else if (type == DBUS_VARIANT) {
        code = walk_variant_head(&w, &in.signature);
    } else if (type == DBUS_STRUCT || type == DBUS_ENTRY) {
        in.signature = slice_sub(whole, 1, whole.size - 1);
        code = walk_pad(&w, DBUS_ALIGN_MAX);
    }
    in.at = w.at;
    if (code < 0 || dbus_skip(r) < 0)
        return -EBADMSG;
    if (type != DBUS_ARRAY)
        in.end = r->at;
    *ret_inside = in;
    return 0;
}

int dbus_variant_text(struct dbus_reader *r, enum dbus_type type, struct slice *ret)
{
    struct dbus_reader in, then = *r;
    if (dbus_enter(&then, DBUS_VARIANT, &in) < 0 || dbus_text(&in, type, ret) < 0)
        return -EBADMSG;
    *r = then;
    return 0;
}

int dbus_variant_uint(struct dbus_reader *r, enum dbus_type type, uint64_t *ret)
{
    struct dbus_reader in, then = *r;
    if (dbus_enter(&then, DBUS_VARIANT, &in) < 0 || dbus_uint(&in, type, ret) < 0)
        return -EBADMSG;
    *r = then;
    return 0;
}

/* ---- the head ---- */

#define FIELD(letter, member, test) {letter, offsetof(struct dbus_message, member), test}
const struct dbus_field_form dbus_fields[DBUS_FIELD_COUNT] = {
    [DBUS_FIELD_PATH] = FIELD(DBUS_PATH, path, dbus_is_path),
    [DBUS_FIELD_INTERFACE] = FIELD(DBUS_STRING, interface, dbus_is_interface),
    [DBUS_FIELD_MEMBER] = FIELD(DBUS_STRING, member, dbus_is_member),
    [DBUS_FIELD_ERROR] = FIELD(DBUS_STRING, error, dbus_is_interface),
    [DBUS_FIELD_REPLY_SERIAL] = {.type = DBUS_UINT32},
    [DBUS_FIELD_DESTINATION] = FIELD(DBUS_STRING, destination, dbus_is_bus_name),
    [DBUS_FIELD_SENDER] = FIELD(DBUS_STRING, sender, dbus_is_bus_name),
    [DBUS_FIELD_SIGNATURE] = FIELD(DBUS_SIGNATURE, signature, dbus_is_signature),
    [DBUS_FIELD_HANDLES] = {.type = DBUS_UINT32},
};

int dbus_check_fields(const struct dbus_message *m, struct err *err)
{
    if (!m->serial)
        return err_set(err, -EBADMSG, "a message without a number");
    if (m->kind > DBUS_SIGNAL)
        return 0;
    bool path = m->path.size, member = m->member.size, interface = m->interface.size;
    bool right = m->kind == DBUS_CALL     ? path && member
                 : m->kind == DBUS_SIGNAL ? path && member && interface
                 : m->kind == DBUS_ERROR  ? m->error.size && m->reply_serial
                                          : m->reply_serial != 0;
    return right ? 0 : err_set(err, -EBADMSG, "a message of kind %d lacks one of its fields",
                               m->kind);
}

static int take_number(struct dbus_message *m, uint8_t code, struct dbus_reader *value,
                       struct err *err)
{
    uint64_t n = 0;
    bool handles = code == DBUS_FIELD_HANDLES;
    if (dbus_uint(value, DBUS_UINT32, &n) < 0 || (!handles && (n == 0 || m->reply_serial)))
        return err_set(err, -EBADMSG, "the head's field %d is broken", code);
    if (handles && n)
        return err_set(err, -EBADMSG, "a message with descriptors, which nobody asked for");
    if (!handles)
        m->reply_serial = (uint32_t)n;
    return 0;
}

static int take_field(struct dbus_message *m, uint8_t code, struct dbus_reader *value,
                      struct err *err)
{
    if (code == 0)
        return err_set(err, -EBADMSG, "the head has a field 0");
    if (code >= DBUS_FIELD_COUNT) /* of a later day */
        return 0;
    const struct dbus_field_form *f = &dbus_fields[code];
    if (f->type == DBUS_UINT32)
        return take_number(m, code, value, err);
    struct slice *to = (struct slice *)((char *)m + f->offset), text;
    if (to->data || dbus_text(value, (enum dbus_type)f->type, &text) < 0 || !f->is(text))
        return err_set(err, -EBADMSG, "the head's field %d is broken", code);
    *to = text;
    return 0;
}

static int take_fields(struct slice head, struct dbus_message *m, struct err *err)
{
    struct walk w = {
        .base = head.data, .at = FIELDS_AT, .end = head.size, .big = m->big, .err = err};
    struct dbus_reader r = {.base = head.data, .at = FIELDS_AT, .end = head.size, .big = m->big,
                            .signature = SLICE("a(yv)")};
    struct dbus_reader all, one, value;
    int code = walk_value(&w, r.signature, 0);
    if (code == 0)
        code = walk_pad(&w, DBUS_ALIGN_MAX);
    if (code < 0)
        return code;
    dbus_enter(&r, DBUS_ARRAY, &all);
    while (code == 0 && dbus_enter(&all, DBUS_STRUCT, &one) == 0) {
        uint64_t number = 0;
        dbus_uint(&one, DBUS_BYTE, &number);
        dbus_enter(&one, DBUS_VARIANT, &value);
        code = take_field(m, (uint8_t)number, &value, err);
    }
    return code;
}

/* What tells at once that this is no message, however little of it is there. */
static int judge_first(struct slice in, struct err *err)
{
    static const char *const what[] = {"byte order", "kind", NULL, "version"};
    for (size_t i = 0; i < in.size && i < 4; i++) {
        char c = in.data[i];
        bool right = i == 0 ? c == 'l' || c == 'B' : i == 1 ? c != 0 : i == 2 ? true : c == 1;
        if (!right)
            return err_set(err, -EBADMSG, "no message of D-Bus: 0x%02x is no %s", (uint8_t)c,
                           what[i]);
    }
    return 0;
}

ptrdiff_t dbus_parse(struct slice in, struct dbus_message *ret_message, struct err *err)
{
    int r = judge_first(in, err);
    if (r < 0 || in.size < DBUS_HEAD_BYTES)
        return r;
    struct dbus_message m = {.kind = (uint8_t)in.data[1], .flags = (uint8_t)in.data[2],
                             .big = in.data[0] == 'B'};
    m.serial = (uint32_t)load(in.data + SERIAL_AT, 4, m.big);
    uint64_t fields = load(in.data + FIELDS_AT, 4, m.big);
    uint64_t body = load(in.data + LENGTH_AT, 4, m.big);
    uint64_t head = (DBUS_HEAD_BYTES + fields + DBUS_ALIGN_MAX - 1) / DBUS_ALIGN_MAX *
                    DBUS_ALIGN_MAX;
    if (head + body > DBUS_MESSAGE_BYTES_MAX)
        return err_set(err, -EMSGSIZE, "a message of %llu bytes; at most %d are taken",
                       (unsigned long long)(head + body), DBUS_MESSAGE_BYTES_MAX);
    if (in.size < head + body)
        return 0;
    m.body = slice_sub(in, (size_t)head, (size_t)(head + body));
    r = take_fields(slice_sub(in, 0, (size_t)head), &m, err);
    if (r == 0)
        r = dbus_check_fields(&m, err);
    if (r == 0)
        r = dbus_check_body(&m, err);
    if (r < 0)
        return r;
    *ret_message = m;
    return (ptrdiff_t)(head + body);
}
