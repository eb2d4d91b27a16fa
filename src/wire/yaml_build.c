#include "wire/yaml_build.h"

#include "base/fault.h"
#include "base/suggest.h"

#define CORE_TAG "tag:yaml.org,2002:"

/* What an anchor names. While its node is open, an alias to it would have no end. */
struct yaml_anchor {
    struct slice name;
    struct value *value;
    struct slice text; /* of a scalar: it may be used as a key */
    uint32_t size;     /* values in it */
    bool open;
};

struct yaml_frame {
    struct value *container;
    struct value_index index;
    struct slice key; /* the one whose value comes next */
    size_t key_from, key_to;
    bool has_key;
    bool drop;            /* the key is at fault: its value goes nowhere */
    bool merge;           /* the key is << */
    struct value *merges; /* the values of <<, as a list; NULL: none */
    struct yaml_anchor *anchor;
    uint32_t count_before;
};

bool yaml_build_init(struct yaml_builder *b, struct value_reader *r)
{
    *b = (struct yaml_builder){.r = r};
    b->frames = value_alloc(r, r->limits.depth_max * sizeof(*b->frames));
    b->anchors = MAP(MEM_WIRE, 0, r->limits.seed);
    return b->frames != NULL;
}

static void drop_frames(struct yaml_builder *b)
{
    while (b->depth)
        value_index_done(&b->frames[--b->depth].index);
}

void yaml_build_begin(struct yaml_builder *b)
{
    drop_frames(b);
    map_done(&b->anchors);
    b->anchors = MAP(MEM_WIRE, 0, b->r->limits.seed);
    b->root = NULL;
}

void yaml_build_done(struct yaml_builder *b)
{
    drop_frames(b);
    map_done(&b->anchors);
}

/* ---- names ---- */

static bool ends_name(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',' || c == '[' || c == ']' ||
           c == '{' || c == '}';
}

/* The name behind the sign (& or *) of the node at `from`, as the source has it: libyaml may have
 * been given another (yaml_mend.h). A tag may stand before the anchor. */
static struct slice source_name(const struct yaml_builder *b, char sign, size_t from,
                                const char *otherwise)
{
    struct slice s = b->r->text;
    size_t at = from;
    if (at < s.size && s.data[at] == '!')
        while (at < s.size && s.data[at] != sign)
            at++;
    if (at >= s.size || s.data[at] != sign)
        return slice_from(otherwise);
    size_t to = ++at;
    while (to < s.size && !ends_name(s.data[to]))
        to++;
    return slice_sub(s, at, to);
}

static struct yaml_anchor *anchor_new(struct yaml_builder *b, const yaml_char_t *name, size_t from,
                                      struct value *v)
{
    struct yaml_anchor *a = name && v ? value_alloc(b->r, sizeof(*a)) : NULL;
    if (!a)
        return NULL;
    a->name = source_name(b, '&', from, "");
    if (a->name.size == 0) {
        const char *copy = arena_strdup(b->r->arena, slice_from((const char *)name));
        a->name = slice_from(copy ? copy : "");
    }
    a->value = v;
    a->size = 1;
    map_put(&b->anchors, a->name, a, NULL);
    return a;
}

/* ---- where a node goes ---- */

static struct yaml_frame *top(struct yaml_builder *b)
{
    return b->depth ? &b->frames[b->depth - 1] : NULL;
}

/* Whether the next node is a key. */
static bool key_turn(const struct yaml_frame *f)
{
    return f && f->container->type == VALUE_MAP && !f->has_key;
}

static void set_key(struct yaml_builder *b, struct yaml_frame *f, struct slice key, size_t from,
                    size_t to, bool merge)
{
    struct value *first = merge ? NULL : value_index_find(&f->index, b->r, f->container, key);
    if (key.size > VALUE_KEY_BYTES_MAX)
        value_fault_limit(b->r, from, "a key goes beyond %d bytes", VALUE_KEY_BYTES_MAX);
    f->key = key;
    f->key_from = from;
    f->key_to = to;
    f->has_key = true;
    f->merge = merge;
    f->drop = first != NULL;
    if (first)
        value_fault_twice(b->r, first, from, to);
    if (merge && f->merges)
        value_fault(b->r, CONFIG_FAULT_DUPLICATE_NAME, from, to,
                    "'<<' stands here twice: one with a list merges several maps");
}

static struct value *merges_of(struct yaml_builder *b, struct yaml_frame *f)
{
    if (!f->merges)
        f->merges = value_make(b->r, VALUE_LIST, f->key_from);
    return f->merges;
}

static void attach(struct yaml_builder *b, struct value *v)
{
    struct yaml_frame *f = top(b);
    if (!f) {
        b->root = v;
        return;
    }
    struct value *into = f->container;
    if (into->type == VALUE_MAP) {
        f->has_key = false;
        if (f->drop)
            return;
        value_set_key(v, f->key);
        v->key_at = value_place(b->r, f->key_from);
        if (f->merge)
            into = merges_of(b, f);
    }
    if (into)
        value_append(into, v);
}

/* ---- merges ---- */

/* Moves the members that the map has not itself: they are a copy of what the alias names. */
static void merge_members(struct yaml_builder *b, struct yaml_frame *f, struct value *from)
{
    for (struct value *v = from->first, *next; v; v = next) {
        next = v->next;
        bool own = value_index_find(&f->index, b->r, f->container, value_key(v)) != NULL;
        if (!own || fault_mutant("wire_merge_overrides"))
            value_append(f->container, v);
    }
}

static void fault_merge(struct yaml_builder *b, const struct value *v)
{
    size_t at = v->at - b->r->source->first;
    if (v->type != VALUE_BAD)
        value_fault(b->r, CONFIG_FAULT_TYPE_MISMATCH, at, at + 1,
                    "'<<' takes a map or a list of maps, not %s",
                    value_type_name((enum value_type)v->type));
}

static void merge(struct yaml_builder *b, struct yaml_frame *f)
{
    for (struct value *v = f->merges->first, *next; v; v = next) {
        next = v->next;
        if (v->type == VALUE_MAP)
            merge_members(b, f, v);
        else if (v->type != VALUE_LIST)
            fault_merge(b, v);
        for (struct value *e = v->type == VALUE_LIST ? v->first : NULL; e; e = e->next) {
            if (e->type == VALUE_MAP)
                merge_members(b, f, e);
            else
                fault_merge(b, e);
        }
    }
}

/* ---- scalars ---- */

/* The scalar's text: the source's own where it stands there as it is, else a copy. */
static struct slice scalar_text(struct yaml_builder *b, const yaml_event_t *e, size_t from)
{
    struct slice text = {(const char *)e->data.scalar.value, e->data.scalar.length};
    size_t at = from + (e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE);
    struct slice there = slice_sub(b->r->text, at, at + text.size);
    if (slice_eq(there, text))
        return there;
    char *copy = value_alloc(b->r, text.size + 1);
    if (!copy)
        return SLICE("");
    memcpy(copy, text.data, text.size);
    return (struct slice){copy, text.size};
}

static void fault_tag(struct yaml_builder *b, struct value *v, struct slice text, const char *tag,
                      size_t from, size_t to)
{
    value_fault(b->r, CONFIG_FAULT_TYPE_MISMATCH, from, to, "'%s' is not what its tag !!%s says",
                value_shown(b->r, text), tag);
    v->type = VALUE_BAD;
}

/* Holds a scalar to its tag of the core schema. Returns whether it is one of those. */
static bool obey_tag(struct value *v, const char *tag, bool *ret_good)
{
    enum value_type t = (enum value_type)v->type;
    *ret_good = true;
    if (strcmp(tag, "int") == 0) {
        *ret_good = t == VALUE_INT || t == VALUE_NUMBER;
    } else if (strcmp(tag, "float") == 0) {
        *ret_good = t == VALUE_INT || t == VALUE_NUMBER || t == VALUE_FLOAT;
        if (t == VALUE_INT) {
            v->type = VALUE_FLOAT;
            v->number = (double)v->integer;
        }
    } else if (strcmp(tag, "bool") == 0) {
        *ret_good = t == VALUE_BOOL;
    } else if (strcmp(tag, "null") == 0) {
        *ret_good = t == VALUE_NULL;
    } else if (strcmp(tag, "seq") == 0 || strcmp(tag, "map") == 0) {
        *ret_good = false;
    } else {
        return false;
    }
    return true;
}

static void decode_scalar(struct yaml_builder *b, const yaml_event_t *e, struct slice text,
                          struct value *v, size_t from, size_t to)
{
    const char *tag = (const char *)e->data.scalar.tag;
    bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE, fits = true, good = true;
    bool core = tag && strncmp(tag, CORE_TAG, sizeof(CORE_TAG) - 1) == 0;
    if ((!tag && plain) || core)
        if (!yaml_resolve(text, b->r, v, &fits))
            v->type = VALUE_STRING;
    const char *name = core ? tag + sizeof(CORE_TAG) - 1 : "";
    if (core && !obey_tag(v, name, &good))
        v->type = VALUE_STRING;
    if (!good)
        fault_tag(b, v, text, name, from, to);
    else if (!fits && v->type == VALUE_INT) {
        value_fault(b->r, CONFIG_FAULT_OUT_OF_RANGE, from, to,
                    "'%s' does not fit a whole number of 64 bits", value_shown(b->r, text));
        v->type = VALUE_BAD;
    }
    if (v->type == VALUE_STRING)
        v->text = text;
}

static bool is_merge(const yaml_event_t *e)
{
    const char *tag = (const char *)e->data.scalar.tag;
    bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !tag;
    return e->data.scalar.length == 2 && memcmp(e->data.scalar.value, "<<", 2) == 0 &&
           (plain || (tag && strcmp(tag, CORE_TAG "merge") == 0));
}

static void scalar(struct yaml_builder *b, const yaml_event_t *e, size_t from, size_t to)
{
    struct yaml_frame *f = top(b);
    struct slice text = scalar_text(b, e, from);
    bool key = key_turn(f);
    struct value *v = NULL;
    if (!key || e->data.scalar.anchor) {
        v = value_make(b->r, VALUE_STRING, from);
        if (!v)
            return;
        decode_scalar(b, e, text, v, from, to);
    }
    struct yaml_anchor *a = anchor_new(b, e->data.scalar.anchor, from, v);
    if (a)
        a->text = text;
    if (key)
        set_key(b, f, text, from, to, is_merge(e));
    else
        attach(b, v);
}

/* ---- containers ---- */

static void open_container(struct yaml_builder *b, enum value_type type, const yaml_char_t *anchor,
                           const yaml_char_t *tag_text, size_t from)
{
    const char *tag = (const char *)tag_text;
    struct yaml_frame *f = top(b);
    uint32_t before = b->r->count;
    if (b->depth == b->r->limits.depth_max) {
        value_fault_limit(b->r, from, "lists and maps are nested deeper than %u (depth_max)",
                          b->r->limits.depth_max);
        return;
    }
    struct value *v = value_make(b->r, type, from);
    if (!v)
        return;
    if (key_turn(f)) {
        value_fault(b->r, CONFIG_FAULT_TYPE_MISMATCH, from, from + 1,
                    "a key is a single word or string, not %s", value_type_name(type));
        f->has_key = f->drop = true; /* the next node is its value */
        f->merge = false;
    } else {
        attach(b, v);
    }
    bool core = tag && strncmp(tag, CORE_TAG, sizeof(CORE_TAG) - 1) == 0;
    const char *name = core ? tag + sizeof(CORE_TAG) - 1 : "",
               *other = type == VALUE_MAP ? "seq" : "map";
    if (strcmp(name, other) == 0 || strcmp(name, "str") == 0 || strcmp(name, "int") == 0 ||
        strcmp(name, "float") == 0 || strcmp(name, "bool") == 0 || strcmp(name, "null") == 0)
        value_fault(b->r, CONFIG_FAULT_TYPE_MISMATCH, from, from + 1,
                    "this is %s, not what its tag !!%s says", value_type_name(type), name);
    struct yaml_anchor *a = anchor_new(b, anchor, from, v);
    if (a)
        a->open = true;
    b->frames[b->depth++] =
        (struct yaml_frame){.container = v, .anchor = a, .count_before = before};
}

static void close_container(struct yaml_builder *b)
{
    struct yaml_frame *f = top(b);
    if (f->merges)
        merge(b, f);
    if (f->anchor) {
        f->anchor->open = false;
        f->anchor->size = b->r->count - f->count_before;
    }
    value_index_done(&f->index);
    b->depth--;
}

/* ---- aliases ---- */

/* Recursion is bounded by depth_max, which the original's depth and the alias's place make up. */
static struct value *copy(struct yaml_builder *b, const struct value *from, uint32_t depth)
{
    struct value *v = value_alloc(b->r, sizeof(*v));
    if (!v)
        return NULL;
    b->r->count++;
    *v = *from;
    v->next = NULL;
    if (v->type != VALUE_LIST && v->type != VALUE_MAP)
        return v;
    if (depth >= b->r->limits.depth_max) {
        value_fault_limit(b->r, from->at - b->r->source->first,
                          "lists and maps are nested deeper than %u by an alias (depth_max)",
                          b->r->limits.depth_max);
        return NULL;
    }
    v->first = v->last = NULL;
    v->count = 0;
    for (const struct value *c = from->first; c; c = c->next) {
        struct value *child = copy(b, c, depth + 1);
        if (!child)
            return NULL;
        value_append(v, child);
    }
    return v;
}

static bool room_for(struct yaml_builder *b, const struct yaml_anchor *a, size_t from)
{
    struct value_reader *r = b->r;
    bool bounded = !fault_mutant("wire_alias_unbounded");
    if (bounded && a->size > r->limits.expansion_max - b->expansion) {
        value_fault_limit(r, from, "aliases make more than %u values (expansion_max)",
                          r->limits.expansion_max);
        return false;
    }
    if (a->size > r->limits.count_max - r->count) {
        value_fault_limit(r, from, "there are more than %u values (count_max)",
                          r->limits.count_max);
        return false;
    }
    b->expansion += a->size;
    return true;
}

static void fault_unknown(struct yaml_builder *b, struct slice name, size_t from, size_t to)
{
    enum { CANDIDATES_MAX = 32 };
    const char *candidates[CANDIDATES_MAX];
    size_t count = 0;
    struct map_entry e;
    for (size_t at = 0; count < CANDIDATES_MAX && map_next(&b->anchors, &at, &e);) {
        const char *copy = arena_strdup(b->r->faults->arena, e.key);
        if (copy)
            candidates[count++] = copy;
    }
    value_fault(b->r, CONFIG_FAULT_UNRESOLVED_REFERENCE, from, to,
                "no anchor &%s stands before this alias", value_shown(b->r, name))
        ->suggestion = suggest_nearest(name, candidates, count);
}

static void alias(struct yaml_builder *b, const yaml_event_t *e, size_t from, size_t to)
{
    struct slice name = source_name(b, '*', from, (const char *)e->data.alias.anchor);
    struct yaml_anchor *a = map_get(&b->anchors, name);
    struct yaml_frame *f = top(b);
    struct value *v = NULL;
    if (!a && !b->blind)
        fault_unknown(b, name, from, to);
    if (a && a->open)
        value_fault(b->r, CONFIG_FAULT_REFERENCE_CYCLE, from, to,
                    "the alias *%s stands inside of what it names", value_shown(b->r, name));
    bool good = a && !a->open;
    if (key_turn(f)) {
        if (good && (a->value->type == VALUE_LIST || a->value->type == VALUE_MAP))
            value_fault(b->r, CONFIG_FAULT_TYPE_MISMATCH, from, to,
                        "a key is a single word or string, not %s",
                        value_type_name((enum value_type)a->value->type));
        set_key(b, f, good ? a->text : SLICE(""), from, to, false);
        f->drop = f->drop || !good || !a->text.data;
        return;
    }
    if (good && room_for(b, a, from))
        v = copy(b, a->value, b->depth);
    if (!v)
        v = value_make(b->r, VALUE_BAD, from);
    if (!v)
        return;
    v->at = value_place(b->r, from);
    attach(b, v);
}

/* ---- events ---- */

void yaml_build_event(struct yaml_builder *b, const yaml_event_t *e, size_t from, size_t to)
{
    switch (e->type) {
    case YAML_ALIAS_EVENT:
        alias(b, e, from, to);
        return;
    case YAML_SCALAR_EVENT:
        scalar(b, e, from, to);
        return;
    case YAML_SEQUENCE_START_EVENT:
        open_container(b, VALUE_LIST, e->data.sequence_start.anchor, e->data.sequence_start.tag,
                       from);
        return;
    case YAML_MAPPING_START_EVENT:
        open_container(b, VALUE_MAP, e->data.mapping_start.anchor, e->data.mapping_start.tag, from);
        return;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        close_container(b);
        return;
    default:
        return;
    }
}
