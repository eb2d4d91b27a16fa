#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/fault.h"
#include "gateway/inside.h"
#include "wire/base64.h"
#include "wire/key_part.h"

enum { READ_AT_ONCE = 256 };

/* A list on its way: the keys of declared and of found resources are walked together, so that a
 * resource with both is one item, and every page is of one revision. */
struct listing {
    struct request *q;
    const struct collection *c;
    struct slice below; /* "default/", or for an asset's events "default/db/": keys begin with it */
    struct slice namespace_, parent; /* events of one asset */
    struct selector *selector;
    int64_t limit, revision;
    struct buf after; /* the last one that was looked at, behind the prefix; empty: none */
    bool begun;
    struct arena page;
    struct json_writer w;
    struct buf json, skipped;
    int64_t items, skips;
    bool more;
};

/* ---- where a page begins ---- */

static int read_next(struct listing *l, struct slice next)
{
    struct buf text = BUF(MEM_GATEWAY, 0);
    uint64_t revision;
    int r = base64_decode(next, BASE64_URL, BASE64_UNPADDED, &text, &l->q->err);
    struct slice rest = buf_slice(&text);
    if (r == 0)
        r = slice_to_u64(slice_cut(&rest, ':'), INT64_MAX, &revision);
    if (r == 0 && rest.size) {
        l->revision = (int64_t)revision;
        buf_append_slice(&l->after, rest);
        l->begun = true;
    } else {
        answer_problem(l->q, 400, "bad_request", "next", "next: '%.*s' was not given by a list",
                       SLICE_ARG(next));
        r = -EINVAL;
    }
    buf_done(&text);
    return r;
}

static void write_next(struct listing *l)
{
    struct buf text = BUF(MEM_GATEWAY, 0), out = BUF(MEM_GATEWAY, 0);
    if (l->more) {
        buf_printf(&text, "%" PRId64 ":%.*s", l->revision, SLICE_ARG(buf_slice(&l->after)));
        base64_encode(buf_slice(&text), BASE64_URL, BASE64_UNPADDED, &out);
    }
    json_key(&l->w, "next");
    json_string(&l->w, buf_slice(&out));
    buf_done(&text);
    buf_done(&out);
}

/* ---- reading ---- */

struct half {
    struct slice prefix;
    struct store_range_result got;
    uint32_t at;
};

static int read_half(struct listing *l, const char *prefix, struct half *h)
{
    struct buf from = BUF(MEM_GATEWAY, 0), end = BUF(MEM_GATEWAY, 0);
    buf_printf(&end, "%s%.*s", prefix, SLICE_ARG(l->below));
    if (l->begun) {
        buf_printf(&from, "%s%.*s", prefix, SLICE_ARG(buf_slice(&l->after)));
        buf_append_byte(&from, 0); /* the first key behind it */
    } else {
        buf_append_slice(&from, buf_slice(&end));
    }
    end.data[end.size - 1]++; /* '/': the first key behind all that begin with it */
    *h = (struct half){.prefix = slice_from(prefix)};
    struct store_range range = {
        .keys = {STORE_SPAN, buf_slice(&from), buf_slice(&end)},
        .limit = READ_AT_ONCE,
        .bytes_max = GATEWAY_PAGE_BYTES,
        .revision = l->revision,
    };
    int r =
        store_range(l->q->g->options.store, &range, &l->page, &h->got, &l->q->err, gateway_soon());
    if (r == 0 && l->revision == 0 && !fault_mutant("gateway_page_of_another_revision"))
        l->revision = h->got.revision;
    buf_done(&from);
    buf_done(&end);
    return r;
}

/* What stands behind the prefix of the half's next key; empty: none left. */
static struct slice rest_of(const struct half *h)
{
    if (h->at >= h->got.count)
        return (struct slice){0};
    struct slice key = h->got.kvs[h->at].key;
    return slice_sub(key, h->prefix.size, key.size);
}

/* ---- items ---- */

static void skip(struct listing *l, struct slice key, const char *detail)
{
    struct json_writer w;
    l->q->g->bad_values_total++;
    if (l->skips++ >= GATEWAY_SKIPPED_MAX)
        return;
    if (l->skipped.size)
        buf_append_byte(&l->skipped, ',');
    json_begin(&w, &l->skipped, 0);
    json_object_open(&w);
    json_key(&w, "key");
    json_string(&w, key);
    json_key(&w, "detail");
    json_cstr(&w, detail);
    json_object_close(&w);
    json_end(&w);
}

static void take(struct listing *l, struct slice rest, struct resource *r)
{
    struct slice key = r->declared.version ? r->declared.key : r->found.key;
    buf_clear(&l->after);
    buf_append_slice(&l->after, rest);
    l->begun = true;
    if (key_split(l->c, rest, &l->page, &r->namespace_, &r->name) < 0) {
        err_set(&l->q->err, -EINVAL, "%.*s: the key is none of a resource", SLICE_ARG(key));
        skip(l, key, l->q->err.text);
    } else if (resource_parse(r, &l->page, &key, &l->q->err) < 0) {
        skip(l, key, l->q->err.text);
    } else if (resource_within(l->c, r, l->namespace_) && resource_selected(r, l->selector)) {
        resource_tell(l->q, l->c, r, &l->w);
        l->items++;
    }
}

static bool full(const struct listing *l)
{
    return l->items == l->limit || l->json.size > GATEWAY_PAGE_BYTES;
}

/* Takes what both halves are known to have, in the order of their keys. Returns whether all is
 * read. */
static bool merge(struct listing *l, struct half *a, struct half *b)
{
    for (;;) {
        struct slice x = rest_of(a), y = rest_of(b);
        /* A half that has more than was read may have a smaller key than the other's next. */
        if ((!x.data && a->got.more) || (!y.data && b->got.more))
            return false;
        if (!x.data && !y.data)
            return true;
        if (full(l)) {
            l->more = true;
            return true;
        }
        int order = !x.data ? 1 : !y.data ? -1 : slice_compare(x, y);
        struct resource r = {.spec = NULL};
        if (order <= 0)
            r.declared = a->got.kvs[a->at++];
        if (order >= 0)
            r.found = b->got.kvs[b->at++];
        take(l, order <= 0 ? x : y, &r);
    }
}

static int read_pages(struct listing *l)
{
    for (bool all = false; !all;) {
        struct half a, b = {.at = 0};
        arena_reset(&l->page);
        int r = read_half(l, l->c->registry, &a);
        if (r == 0 && l->c->state[0])
            r = read_half(l, l->c->state, &b);
        if (r < 0)
            return r;
        all = merge(l, &a, &b);
    }
    return 0;
}

static void write_end(struct listing *l)
{
    json_array_close(&l->w);
    write_next(l);
    json_key(&l->w, "revision");
    json_i64(&l->w, l->revision);
    if (l->skips) {
        buf_append_cstr(&l->json, ",\"skipped\":[");
        buf_append_slice(&l->json, buf_slice(&l->skipped));
        buf_append_byte(&l->json, ']');
    }
    json_object_close(&l->w);
    json_end(&l->w);
}

static int read_params(struct listing *l)
{
    struct request *q = l->q;
    struct slice next;
    if (param_text(q, "namespace", &l->namespace_) < 0 || param_text(q, "next", &next) < 0 ||
        param_number(q, "limit", GATEWAY_LIMIT, GATEWAY_LIMIT_MAX, &l->limit, NULL) < 0 ||
        param_number(q, "revision", 0, INT64_MAX, &l->revision, NULL) < 0 ||
        param_selector(q, &l->selector) < 0)
        return -EINVAL;
    if (l->limit == 0)
        l->limit = GATEWAY_LIMIT;
    if (l->parent.size && l->namespace_.size == 0)
        l->namespace_ = SLICE("default");
    if (l->namespace_.size && l->c->namespaced) {
        struct buf below = BUF(MEM_GATEWAY, 0);
        key_part_append(&below, l->namespace_);
        buf_append_byte(&below, '/');
        if (l->parent.size) {
            key_part_append(&below, l->parent);
            buf_append_byte(&below, '/');
        }
        l->below = (struct slice){arena_strdup(&q->arena, buf_slice(&below)), below.size};
        buf_done(&below);
    }
    return next.size ? read_next(l, next) : 0;
}

void list_serve(struct request *q, const struct collection *c, struct slice parent)
{
    struct listing l = {.q = q, .c = c, .parent = parent};
    l.page = ARENA(MEM_GATEWAY, 0);
    l.after = l.json = l.skipped = BUF(MEM_GATEWAY, 0);
    if (read_params(&l) == 0) {
        json_begin(&l.w, &l.json, 0);
        json_object_open(&l.w);
        json_key(&l.w, "items");
        json_array_open(&l.w);
        int r = read_pages(&l);
        if (r < 0) {
            answer_store_error(q, r);
        } else {
            write_end(&l);
            answer_json(q, 200, &l.json);
        }
    }
    arena_done(&l.page);
    buf_done(&l.after);
    buf_done(&l.json);
    buf_done(&l.skipped);
}
