#include <errno.h>

#include "base/log.h"
#include "schedule/worker.h"
#include "wire/json.h"
#include "wire/task_key.h"

/* The output of an attempt goes into the store in pieces, so that `task logs` finds it wherever it
 * asks: each an array of {"at","stream","text"}. How much is kept is bounded by the task's
 * output_bytes_max, which the executor keeps to. Where the store does not take a piece in time, the
 * piece is lost rather than that the program waits. */

enum { PIECE_MS = 5000, AGAIN_MS = 200 };

struct output {
    struct work *x;
    struct arena *arena;
    struct buf piece;
    bool writing, refused;
    uint32_t number;
    uint64_t lost_bytes;
    struct rt_group group; /* writes what is there, now and then */
};

/* A piece is ours to write while the attempt is. */
static int put_piece(struct output *o, struct slice value)
{
    struct work *x = o->x;
    const struct schedule_options *opts = x->worker->options;
    struct arena a = ARENA(MEM_SCHEDULE, 0);
    struct slice none = {NULL, 0};
    struct store_compare compares[] = {
        {.key = task_key(&a, opts->prefix, TASK_KEY_ASSIGN, opts->node, work_name(x)),
         .target = STORE_CREATE_REVISION,
         .number = x->create},
        {.key = task_key(&a, opts->prefix, TASK_KEY_NODE, opts->node, none),
         .target = STORE_CREATE_REVISION,
         .number = x->incarnation},
    };
    struct store_op op = {
        .type = STORE_PUT,
        .key =
            task_key_output(&a, opts->prefix, work_name(x), opts->node, x->given.token, o->number),
        .value = value,
    };
    struct store_txn txn = {.compares = compares, .compare_count = 2, .then = &op, .then_count = 1};
    struct store_txn_result got = {.succeeded = false};
    rt_time until = rt_now() + PIECE_MS * RT_MS;
    int r;
    do
        r = store_txn(opts->store, &txn, &a, &got, NULL, until);
    while (r < 0 && r != -ECANCELED && rt_now() < until &&
           rt_sleep(rt_now() + AGAIN_MS * RT_MS) == 0);
    arena_done(&a);
    if (r == 0 && !got.succeeded)
        o->refused = true;
    return r;
}

static void flush(struct output *o)
{
    if (o->piece.size == 0 || o->writing)
        return;
    struct buf value = o->piece;
    o->piece = BUF(MEM_SCHEDULE, 0);
    buf_append_byte(&value, ']');
    o->writing = true;
    if (!o->refused && put_piece(o, buf_slice(&value)) < 0)
        o->lost_bytes += value.size;
    o->writing = false;
    o->number++;
    buf_done(&value);
}

static void flusher(void *arg)
{
    struct output *o = arg;
    while (rt_sleep(rt_now() + SCHEDULE_OUTPUT_EVERY_MS * RT_MS) == 0)
        flush(o);
}

struct output *output_new(struct work *x, struct arena *arena)
{
    struct output *o = mem_alloc(MEM_SCHEDULE, sizeof(*o));
    o->x = x;
    o->arena = arena;
    o->piece = BUF(MEM_SCHEDULE, 0);
    rt_group_init(&o->group, "output");
    (void)rt_go(&o->group, flusher, o); /* without it, pieces go when they are full */
    return o;
}

int output_line(void *output, const struct exec_line *line)
{
    enum { WAITING_BYTES_MAX = 256 * 1024 }; /* while a piece is on its way */
    struct output *o = output;
    struct json_writer w;
    if (o->refused || o->piece.size > WAITING_BYTES_MAX) {
        o->lost_bytes += line->text.size;
        return 0;
    }
    buf_append_byte(&o->piece, o->piece.size ? ',' : '[');
    json_begin(&w, &o->piece, 0);
    json_object_open(&w);
    json_key(&w, "at");
    char at[LOG_TIME_BYTES];
    log_format_time(rt_wall_now(), at);
    json_string(&w, (struct slice){at, sizeof(at)});
    json_key(&w, "stream");
    json_cstr(&w, line->stream == EXEC_STDERR ? "stderr" : "stdout");
    json_key(&w, "text");
    json_string(&w, line->text);
    if (!line->ends) {
        json_key(&w, "goes_on");
        json_bool(&w, true);
    }
    json_object_close(&w);
    json_end(&w);
    if (o->piece.size >= SCHEDULE_OUTPUT_PIECE_BYTES)
        flush(o);
    return 0;
}

void output_free(struct output *o)
{
    rt_shield_begin(); /* also of what was stopped: its last words */
    rt_group_done(&o->group);
    flush(o);
    rt_shield_end();
    buf_done(&o->piece);
    mem_free(MEM_SCHEDULE, o);
}
