#include "app/task_groups.h"

#include "app/merged.h"
#include "base/map.h"
#include "base/utf8.h"
#include "model/task.h"
#include "wire/base64.h"
#include "wire/url_escape.h"

/* What one target ended as. */
struct ended {
    struct slice node, state;
    int64_t exit; /* < 0: none */
    uint64_t hash[2]; /* of its output; the first of it is in `shown` */
    uint64_t bytes;
    struct slice shown;
    bool told;
};

/* ---- outputs ---- */

static void take_piece(struct ended *e, const struct json_value *item, struct merged *m,
                       struct buf *shown)
{
    struct arena arena = ARENA(MEM_APP, 0);
    struct json_value *lines;
    if (json_parse(json_text(item, "value"), &arena, 0, &lines, NULL) == 0 &&
        lines->type == JSON_ARRAY)
        for (const struct json_value *l = lines->first; l; l = l->next) {
            const struct json_value *more = json_get(l, "goes_on");
            bool ends = !more || more->type != JSON_TRUE;
            struct slice text = json_text(l, "text");
            /* Each stream by itself: how the two mix is an accident. */
            bool error = slice_eq_cstr(json_text(l, "stream"), "stderr");
            uint64_t *hash = &e->hash[error];
            *hash = map_hash((struct map_seed){*hash, ends}, text.data, text.size);
            e->bytes += text.size;
            if (shown->size < TASK_GROUPS_SHOWN_BYTES) {
                buf_append_cstr(shown, merged_breaks(m, error, text, ends) ? "\n" : "");
                utf8_append_shown(shown, slice_sub(text, 0, TASK_GROUPS_SHOWN_BYTES));
                buf_append_cstr(shown, ends ? "\n" : "");
            }
        }
    arena_done(&arena);
}

static void name_pieces(const struct json_value *task, const struct json_value *target,
                        struct slice next, struct buf *out)
{
    int64_t token = 0;
    const struct json_value *v = json_get(target, "token");
    if (v)
        (void)json_to_i64(v, &token);
    buf_clear(out);
    buf_append_cstr(out, "/v1/store/keys?prefix=true&key=/output/");
    url_escape(json_text(task, "name"), out);
    buf_append_byte(out, '/');
    url_escape(json_text(target, "node"), out);
    buf_printf(out, "/%020lld/", (long long)token);
    if (next.size) {
        buf_append_cstr(out, "&next=");
        url_escape(next, out);
    }
}

/* Of the attempt that was accepted. */
static int take_output(struct client *c, const struct json_value *task,
                       const struct json_value *target, struct arena *a, struct ended *e)
{
    struct buf ask = BUF(MEM_APP, 0), answer = BUF(MEM_APP, 0), shown = BUF(MEM_APP, 0);
    struct arena page = ARENA(MEM_APP, 0);
    struct slice next = SLICE("");
    struct merged merged = {.mid_line = false};
    int status = EXIT_WELL;
    do {
        struct json_value *v;
        name_pieces(task, target, next, &ask);
        arena_reset(&page);
        buf_clear(&answer);
        status = client_ask(c, "GET", buf_slice(&ask), SLICE(""), &answer);
        if (status != EXIT_WELL || json_parse(buf_slice(&answer), &page, 0, &v, NULL) < 0)
            break;
        const struct json_value *items = json_get(v, "items");
        for (const struct json_value *i = items ? items->first : NULL; i; i = i->next)
            take_piece(e, i, &merged, &shown);
        next = json_text(v, "next");
    } while (next.size);
    e->shown = (struct slice){arena_strdup(a, buf_slice(&shown)), shown.size};
    arena_done(&page);
    buf_done(&shown);
    buf_done(&answer);
    buf_done(&ask);
    return status;
}

/* ---- groups ---- */

static bool are_alike(const struct ended *a, const struct ended *b)
{
    return a->exit == b->exit && a->bytes == b->bytes && a->hash[0] == b->hash[0] &&
           a->hash[1] == b->hash[1] && slice_eq(a->state, b->state);
}

static void put_lines(struct slice text, struct buf *out)
{
    for (int i = 0; text.size; i++) {
        struct slice line = slice_cut(&text, '\n');
        if (i == TASK_GROUPS_LINES) {
            buf_append_cstr(out, "    …\n");
            return;
        }
        buf_printf(out, "    %.*s\n", SLICE_ARG(line));
    }
}

static void put_group(struct ended *all, uint32_t count, uint32_t first, struct buf *out)
{
    struct ended *f = &all[first];
    uint32_t alike = 0;
    for (uint32_t i = first; i < count; i++)
        alike += !all[i].told && are_alike(f, &all[i]);
    buf_printf(out, "%u node%s %.*s", alike, alike == 1 ? "" : "s", SLICE_ARG(f->state));
    if (f->exit > 0)
        buf_printf(out, ", exit %lld", (long long)f->exit);
    buf_append_byte(out, ':');
    for (uint32_t i = first; i < count; i++) {
        if (all[i].told || (i != first && !are_alike(f, &all[i])))
            continue;
        buf_append_byte(out, ' ');
        utf8_append_shown(out, all[i].node.size ? all[i].node : SLICE("(none)"));
        all[i].told = i != first;
    }
    f->told = true;
    buf_append_byte(out, '\n');
    put_lines(f->shown, out);
}

int task_groups(struct client *c, const struct json_value *task, struct buf *out)
{
    const struct json_value *targets = json_get(task, "targets");
    struct arena a = ARENA(MEM_APP, 0);
    uint32_t count = 0;
    int status = EXIT_WELL;
    struct ended *all =
        arena_alloc_array(&a, targets ? targets->count + 1 : 1, sizeof(*all));
    for (const struct json_value *x = targets ? targets->first : NULL; x && status == EXIT_WELL;
         x = x->next) {
        struct ended *e = &all[count++];
        const struct json_value *exit = json_get(x, "exit");
        *e = (struct ended){
            .node = json_text(x, "node"), .state = json_text(x, "state"), .exit = -1};
        if (exit)
            (void)json_to_i64(exit, &e->exit);
        status = take_output(c, task, x, &a, e);
    }
    for (uint32_t i = 0; i < count && status == EXIT_WELL; i++)
        if (!all[i].told)
            put_group(all, count, i, out);
    arena_done(&a);
    return status;
}
