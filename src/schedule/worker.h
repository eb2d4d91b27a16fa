/* worker.h - what the files of a worker share: what is given to the node, and what runs. Inside of
 * schedule/.
 *
 * A piece of work is one attempt: it is queued, claimed, run, and its end is written. All of it is
 * one straight line in run.c. It outlives the session that it was claimed under, since losing that
 * stops nothing; its writes then fail their compares. */
#ifndef FIREBREAK_SCHEDULE_WORKER_H
#define FIREBREAK_SCHEDULE_WORKER_H

#include "rt/event.h"
#include "schedule/schedule.h"
#include "store/follow.h"
#include "store/session.h"

enum work_state { WORK_QUEUED, WORK_RUNNING, WORK_OVER };

struct work {
    struct list link; /* in worker.queue or worker.running */
    struct worker *worker;
    enum work_state state;
    int64_t create, mod;     /* of what is given: the first is that of the whole attempt */
    int64_t incarnation;     /* of the node, that claims it */
    struct assignment given; /* as told last; its texts are not kept */
    bool stopped;            /* it is to end, as `given.stop` says, or because it was taken back */
    bool begun;              /* `running` stands */
    bool found;              /* by worker_audit only: nothing had told us to begin it */
    struct rt_group running; /* one task: the executor */
    uint64_t number;
    size_t name_size;
    char name[];
};

struct worker {
    struct schedule_options *options;
    struct store_session session;
    int64_t incarnation; /* create revision of the node's key; 0: it does not live */
    struct follow given, config, spec;
    bool life_over;       /* the followers' tasks found no way on */
    struct rt_group life; /* of this session */
    struct rt_group runs; /* of this worker */
    struct list queue, running;
    struct map works; /* task -> the newest struct work of it, queued or running */
    uint32_t queued, running_count, max;
    bool max_known;  /* in this life: until then nothing begins */
    bool overlooked; /* something was given while the queue was full */
    uint64_t number;
    enum node_state state;
    int64_t since_ms;        /* 1970 */
    struct rt_event changed; /* of what the node's key says */
};

static inline struct slice work_name(const struct work *w)
{
    return (struct slice){w->name, w->name_size};
}

/* Starts what may start. */
void worker_start(struct worker *w);
/* Queues what is given for `task`, if anything is and nothing is at work on it. */
void worker_look(struct worker *w, struct slice task);
/* A task of worker.runs, with a struct work: claims it, runs it, writes how it ended. */
void run_main(void *work);
/* Ends it as soon as it can be. */
void work_stop(struct work *x);
void worker_mended(struct worker *w, struct slice what, const char *text);
void worker_note(struct worker *w, enum schedule_note note, struct slice what, const char *text);

/* ---- output.c ---- */

struct output;
struct output *output_new(struct work *x, struct arena *arena);
int output_line(void *output, const struct exec_line *line); /* an exec_sink_fn */
/* Writes what is left, and ends. */
void output_free(struct output *o);

#endif
