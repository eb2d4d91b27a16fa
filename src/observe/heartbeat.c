#include "observe/local.h"

#include <errno.h>

#include "base/duration.h"

struct heartbeat_state {
    rt_time due;          /* the next sign of life must have come by then */
    rt_time last;         /* when the last one came, or we began to wait */
    int64_t last_wall_ns; /* since 1970; 0: none ever came */
    struct rt_event wake;
};

static int open_heartbeat(struct local_check *c, struct err *err)
{
    struct heartbeat_state *s = c->state;
    (void)err;
    s->last = rt_now();
    s->due = s->last + c->spec->within_ns;
    return 0;
}

void local_check_beat(struct local_check *c, int64_t at_wall_ns)
{
    struct heartbeat_state *s = c->state;
    if (c->class != &local_heartbeat || at_wall_ns <= s->last_wall_ns)
        return;
    /* Clocks of two hosts differ: what is told to come from the future came now. */
    int64_t age = rt_wall_now() - at_wall_ns;
    s->last_wall_ns = at_wall_ns;
    s->last = rt_now() - (age > 0 ? age : 0);
    s->due = s->last + c->spec->within_ns;
    rt_event_set(&s->wake);
}

static void look(struct local_check *c, struct probe_result *r, const char **ret_word,
                 rt_time deadline)
{
    const struct heartbeat_state *s = c->state;
    char text[DURATION_TEXT_MAX];
    (void)deadline;
    if (rt_now() < s->due && s->last_wall_ns)
        return;
    if (rt_now() < s->due) { /* silence is no sign of life, and none that it is missed: no answer */
        probe_result_fail(r, REASON_CANCELED, "nothing was heard of it yet");
        *ret_word = local_no_answer;
        return;
    }
    int64_t whole_s = (rt_now() - s->last) / RT_SEC * RT_SEC;
    probe_result_fail(r, REASON_TIMEOUT, "no sign of life for %s%s",
                      duration_format(whole_s, text), s->last_wall_ns ? "" : ": none ever came");
    *ret_word = "heartbeat_missed";
}

/* Tells each sign of life, and that one is overdue, once. */
static void watch(void *check)
{
    struct local_check *c = check;
    struct heartbeat_state *s = c->state;
    bool overdue = false;
    for (;;) {
        int r = rt_event_wait(&s->wake, overdue ? RT_NEVER : s->due);
        if (r == -ECANCELED)
            return;
        rt_event_clear(&s->wake);
        overdue = rt_now() >= s->due;
        local_push(c);
    }
}

const char local_no_answer[] = "no_answer";

const struct local_class local_heartbeat = {
    .state_bytes = sizeof(struct heartbeat_state),
    .open = open_heartbeat,
    .look = look,
    .watch = watch,
};
