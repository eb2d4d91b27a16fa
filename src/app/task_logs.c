#include "app/task_logs.h"

#include <errno.h>
#include <inttypes.h>

#include "app/merged.h"
#include "base/map.h"
#include "base/utf8.h"
#include "model/task.h"
#include "rt/stdio.h"
#include "wire/base64.h"
#include "wire/json.h"
#include "wire/json_value.h"
#include "wire/key_part.h"
#include "wire/url_escape.h"

enum { LOOK_MS = 250 };

/* What was shown of one node: the keys of its pieces sort by time, those of two nodes do not. */
struct said_by {
    struct buf node; /* as it is in the keys */
    struct buf last; /* the key of the newest piece that was shown */
    bool ended, over; /* its part of the task has ended; and all of it was shown */
    struct said_by *next;
};

/* One task whose output is shown: a step's, or what undoes it. */
struct log_of {
    char *task;
    struct said_by *nodes;
    bool listed;      /* once, of all nodes: from there on each is asked for by itself */
    bool ended, over; /* as above */
    struct log_of *next;
};

struct logs {
    struct client *client;
    enum cli_form form;
    struct log_of *all;
    struct merged merged;
    struct buf target, answer, text;
    struct arena arena;
    uint64_t cut;
};

static const struct slice none = {NULL, 0};

/* What is in l->answer; it lies in the arena, which is reset. */
static int parse(struct logs *l, struct json_value **ret)
{
    struct err err;
    arena_reset(&l->arena);
    if (json_parse(buf_slice(&l->answer), &l->arena, 0, ret, NULL) == 0 &&
        (*ret)->type == JSON_OBJECT)
        return EXIT_WELL;
    err_set(&err, -EPROTO, "the server's answer is none of firebreak's");
    return app_fail(l->client->app, EXIT_UNREACHABLE, &err);
}

static int ask(struct logs *l, struct json_value **ret)
{
    buf_clear(&l->answer);
    int status = client_ask(l->client, "GET", buf_slice(&l->target), none, &l->answer);
    return status == EXIT_WELL ? parse(l, ret) : status;
}

static void target_of(struct logs *l, const char *task)
{
    buf_clear(&l->target);
    buf_append_cstr(&l->target, "/v1/tasks/");
    url_escape(slice_from(task), &l->target);
}

static bool has_ended(const struct json_value *task)
{
    enum task_state s = task_state_parse(json_text(task, "state"));
    return s < TASK_STATE_COUNT && task_state_final(s);
}

/* ---- pieces ---- */

/* Of one attempt: what is before the number of a piece. */
static struct slice attempt_of(struct slice key)
{
    while (key.size && key.data[key.size - 1] != '/')
        key.size--;
    return key;
}

static void show_line(struct logs *l, struct slice attempt, const struct json_value *line)
{
    const struct json_value *more = json_get(line, "goes_on");
    bool ends = !more || more->type != JSON_TRUE;
    struct slice text = json_text(line, "text");
    bool error = slice_eq_cstr(json_text(line, "stream"), "stderr");
    uint64_t stream = map_hash((struct map_seed){error, 0}, attempt.data, attempt.size);
    if (merged_breaks(&l->merged, stream, text, ends))
        buf_append_byte(&l->text, '\n');
    utf8_append_shown(&l->text, text);
    if (ends)
        buf_append_byte(&l->text, '\n');
}

/* A piece: an array of {"at","stream","text"}. */
static void show_piece(struct logs *l, const struct json_value *item)
{
    struct slice attempt = attempt_of(json_text(item, "key"));
    struct arena arena = ARENA(MEM_APP, 0);
    struct json_value *lines;
    if (json_parse(json_text(item, "value"), &arena, 0, &lines, NULL) == 0 &&
        lines->type == JSON_ARRAY)
        for (const struct json_value *x = lines->first; x; x = x->next) {
            if (l->form == CLI_FORM_TEXT) {
                show_line(l, attempt, x);
                continue;
            }
            struct buf json = BUF(MEM_APP, 0);
            struct json_writer w;
            json_begin(&w, &json, 0);
            json_tree(&w, x);
            json_end(&w);
            cli_list_item(CLI_FORM_JSONL, buf_slice(&json), false, &l->text);
            buf_done(&json);
        }
    arena_done(&arena);
}

/* ---- whose they are ---- */

static struct said_by *said_by(struct log_of *of, struct slice node)
{
    struct said_by **at = &of->nodes;
    for (; *at; at = &(*at)->next)
        if (slice_eq(node, buf_slice(&(*at)->node)))
            return *at;
    struct said_by *s = *at = mem_alloc(MEM_APP, sizeof(*s));
    s->node = s->last = BUF(MEM_APP, 0);
    buf_append_slice(&s->node, node);
    return s;
}

/* The key is …/output/TASK/NODE/TOKEN/N, and no part of it has a '/'. */
static struct slice node_of(struct slice key)
{
    struct slice rest = attempt_of(key);
    rest = attempt_of(slice_sub(rest, 0, rest.size ? rest.size - 1 : 0));
    rest = slice_sub(rest, 0, rest.size ? rest.size - 1 : 0);
    struct slice before = attempt_of(rest);
    return slice_sub(rest, before.size, rest.size);
}

static void take_nodes(const struct json_value *list, bool targets, struct log_of *of)
{
    for (const struct json_value *x = list ? list->first : NULL; x; x = x->next) {
        struct slice name = json_text(x, "node");
        struct buf part = BUF(MEM_APP, 0);
        key_part_append(&part, name);
        if (name.size) {
            struct said_by *s = said_by(of, buf_slice(&part));
            s->ended = targets && has_ended(x);
        }
        buf_done(&part);
    }
}

/* Where it runs, or ran: an attempt's node is a target's, unless it was given to another since. */
static void take_task(const struct json_value *task, struct log_of *of)
{
    take_nodes(json_get(task, "attempts"), false, of);
    take_nodes(json_get(task, "targets"), true, of);
    of->ended = has_ended(task);
}

/* Of a step. One that is gone, as old ones go, says no more. */
static int look_up(struct logs *l, struct log_of *of)
{
    uint16_t http;
    struct json_value *task;
    target_of(l, of->task);
    buf_clear(&l->answer);
    int status = client_try(l->client, "GET", buf_slice(&l->target), none, &http, &l->answer);
    if (status != EXIT_WELL)
        return status;
    if (http == 404) {
        of->ended = true;
        return EXIT_WELL;
    }
    if (http != 200)
        return client_refused(l->client, http, buf_slice(&l->answer));
    status = parse(l, &task);
    if (status == EXIT_WELL)
        take_task(task, of);
    return status;
}

/* ---- all of it ---- */

/* Pieces of one node behind those that were shown, or of all nodes. */
static void target_pieces(struct logs *l, const struct log_of *of, const struct said_by *s,
                          struct slice last)
{
    struct buf key = BUF(MEM_APP, 0);
    key_part_append(&key, slice_from(of->task));
    buf_append_byte(&key, '/');
    if (s) {
        buf_append_slice(&key, buf_slice(&s->node));
        buf_append_byte(&key, '/');
    }
    buf_clear(&l->target);
    buf_append_cstr(&l->target, "/v1/store/keys?prefix=true&key=/output/");
    url_escape(buf_slice(&key), &l->target);
    if (last.size) {
        buf_append_cstr(&l->target, "&next=");
        base64_encode(last, BASE64_URL, BASE64_UNPADDED, &l->target);
    }
    buf_done(&key);
}

/* `s` NULL: of all nodes, from the beginning. */
static int show_pieces(struct logs *l, struct log_of *of, struct said_by *s)
{
    struct buf last = BUF(MEM_APP, 0);
    int status = EXIT_WELL;
    if (s)
        buf_append_slice(&last, buf_slice(&s->last));
    for (bool more = true; status == EXIT_WELL && more;) {
        struct json_value *page;
        target_pieces(l, of, s, buf_slice(&last));
        status = ask(l, &page);
        if (status != EXIT_WELL)
            break;
        const struct json_value *items = json_get(page, "items");
        buf_clear(&l->text);
        for (const struct json_value *i = items ? items->first : NULL; i; i = i->next) {
            struct slice key = json_text(i, "key");
            show_piece(l, i);
            struct buf *of_node = &said_by(of, node_of(key))->last;
            buf_clear(of_node);
            buf_append_slice(of_node, key);
            buf_clear(&last);
            buf_append_slice(&last, key);
        }
        more = json_text(page, "next").size;
        status = app_print(l->client->app, buf_slice(&l->text));
    }
    buf_done(&last);
    return status;
}

static int show_log(struct logs *l, struct log_of *of)
{
    int status = EXIT_WELL;
    if (of->over)
        return EXIT_WELL;
    if (of != l->all)
        status = look_up(l, of);
    if (status != EXIT_WELL)
        return status;
    bool listed = of->listed;
    of->listed = true; /* also where it was broken off: each node goes on behind its last piece */
    if (!listed)
        status = show_pieces(l, of, NULL);
    for (struct said_by *s = of->nodes; s && status == EXIT_WELL; s = s->next) {
        if (listed && !s->over)
            status = show_pieces(l, of, s);
        s->over = status == EXIT_WELL && s->ended;
    }
    of->over = status == EXIT_WELL && of->ended;
    return status;
}

static void add_log(struct slice task, struct logs *l)
{
    struct log_of **at = &l->all;
    if (task.size == 0)
        return;
    for (; *at; at = &(*at)->next)
        if (slice_eq_cstr(task, (*at)->task))
            return;
    struct log_of *of = *at = mem_alloc(MEM_APP, sizeof(*of));
    of->task = mem_strdup(MEM_APP, task);
}

/* The output of a workflow is that of its steps, in the order in which they began. */
static void find_logs(const struct json_value *task, struct logs *l)
{
    const struct json_value *steps = json_get(task, "steps");
    add_log(json_text(task, "name"), l);
    for (const struct json_value *s = steps ? steps->first : NULL; s; s = s->next)
        add_log(json_text(s, "task"), l);
    for (const struct json_value *s = steps ? steps->first : NULL; s; s = s->next)
        add_log(json_text(s, "rollback_task"), l);
}

/* What its attempts said beyond its limit, and nobody has. */
static uint64_t cut_of(const struct json_value *task)
{
    const struct json_value *attempts = json_get(task, "attempts");
    uint64_t sum = 0, cut;
    for (const struct json_value *x = attempts ? attempts->first : NULL; x; x = x->next) {
        const struct json_value *v = json_get(x, "output_cut_bytes");
        if (v && v->type == JSON_NUMBER && slice_to_u64(v->text, INT64_MAX, &cut) == 0)
            sum += cut;
    }
    return sum;
}

static void tell_cut(const struct logs *l, const char *name)
{
    struct buf line = BUF(MEM_APP, 0);
    if (l->cut == 0 || l->form != CLI_FORM_TEXT)
        return;
    if (l->merged.mid_line && rt_output_is_same(RT_STDOUT, RT_STDERR))
        buf_append_byte(&line, '\n');
    buf_printf(&line, "firebreak task: %" PRIu64 " bytes of what %s said were cut off (--limit)\n",
               l->cut, name);
    rt_output_write(RT_STDERR, line.data, line.size, RT_NEVER);
    buf_done(&line);
}

/* Behind the task's state comes all of what had ended by then. */
static int show_all(struct logs *l, const char *name, bool *ret_over)
{
    struct json_value *task;
    target_of(l, name);
    int status = ask(l, &task);
    if (status != EXIT_WELL)
        return status;
    find_logs(task, l);
    take_task(task, l->all);
    l->cut = cut_of(task);
    *ret_over = l->all->ended;
    for (struct log_of *of = l->all; of && status == EXIT_WELL; of = of->next)
        status = show_log(l, of);
    return status;
}

static void free_logs(struct logs *l)
{
    for (struct log_of *of = l->all, *next; of; of = next) {
        for (struct said_by *s = of->nodes, *after; s; s = after) {
            after = s->next;
            buf_done(&s->node);
            buf_done(&s->last);
            mem_free(MEM_APP, s);
        }
        next = of->next;
        mem_free(MEM_APP, of->task);
        mem_free(MEM_APP, of);
    }
    buf_done(&l->target);
    buf_done(&l->answer);
    buf_done(&l->text);
    arena_done(&l->arena);
}

int task_logs(struct client *c, const char *name, enum cli_form form, bool follow)
{
    struct logs l = {.client = c,
                     .form = form,
                     .target = BUF(MEM_APP, 0),
                     .answer = BUF(MEM_APP, 0),
                     .text = BUF(MEM_APP, 0),
                     .arena = ARENA(MEM_APP, 0)};
    bool over = false;
    int status;
    for (;;) {
        status = show_all(&l, name, &over);
        if (status != EXIT_WELL && c->lost)
            status = client_await(c);
        else if (over)
            break;
        if (status != EXIT_WELL || !follow)
            break;
        c->patient = true;
        if (rt_sleep(rt_now() + LOOK_MS * RT_MS) < 0)
            break;
    }
    c->patient = false;
    if (status == EXIT_WELL)
        tell_cut(&l, name);
    free_logs(&l);
    return status;
}
