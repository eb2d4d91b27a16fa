#include <stdio.h>

#include "observe/dialog.h"
#include "observe/judge.h"
#include "observe/story.h"
#include "wire/resp.h"

/* AUTH and SELECT where the URL says so, PING, and INFO where its text is asked for. */

/* What an error reply's first word says about who is to blame. */
static enum probe_reason reason_of(struct slice text)
{
    static const char *const busy[] = {"LOADING",  "MASTERDOWN",  "BUSY",     "MISCONF",
                                       "TRYAGAIN", "CLUSTERDOWN", "READONLY", "OOM"};
    static const char *const closed[] = {"NOAUTH", "WRONGPASS", "NOPERM", "DENIED"};
    struct slice rest = text, word = slice_cut(&rest, ' ');
    if (slice_among(word, busy, ARRAY_LEN(busy)) >= 0)
        return REASON_NOT_SERVING;
    if (slice_among(word, closed, ARRAY_LEN(closed)) >= 0)
        return REASON_PERMISSION;
    if (slice_find(text, SLICE("max number of clients")) >= 0)
        return REASON_NOT_SERVING;
    return REASON_PROTOCOL;
}

/* Asks, and waits for an answer that is no error. `refused`: the reason for one that says nothing
 * by its first word. Returns the reply's size, or -1. */
static ptrdiff_t ask(struct dialog *d, const struct slice *words, size_t count,
                     enum probe_reason refused, struct resp_reply *ret)
{
    struct buf out = BUF(MEM_OBSERVE, 0);
    char what[32];
    resp_command(&out, words, count);
    if (slice_eq_cstr(words[0], "AUTH"))
        TELL(d->o, "asked", "AUTH, with the password of the URL");
    else
        TELL(d->o, "asked", "%.*s%s%.*s", SLICE_ARG(words[0]), count > 1 ? " " : "",
             SLICE_ARG(count > 1 ? words[1] : SLICE("")));
    if (dialog_say_buf(d, &out) < 0)
        return -1;
    ptrdiff_t size = dialog_next(d, resp_parse, ret);
    if (size >= 0)
        dialog_tell(d, ret->text);
    if (size < 0 || ret->type != RESP_ERROR)
        return size;
    enum probe_reason reason = reason_of(ret->text);
    snprintf(what, sizeof(what), "%.*s", SLICE_ARG(words[0]));
    return dialog_fail(d, reason == REASON_PROTOCOL ? refused : reason, what, ret->text);
}

static int log_in(struct dialog *d, const struct probe_extra *x)
{
    struct resp_reply reply;
    struct slice words[] = {SLICE("AUTH"), x->user, x->password};
    if (!x->has_user)
        words[1] = x->password;
    ptrdiff_t size = ask(d, words, x->has_user ? 3 : 2, REASON_PERMISSION, &reply);
    if (size < 0)
        return -1;
    dialog_taken(d, size);
    return 0;
}

static int choose_database(struct dialog *d, const struct probe_extra *x)
{
    struct resp_reply reply;
    ptrdiff_t size =
        ask(d, (struct slice[]){SLICE("SELECT"), x->database}, 2, REASON_NOT_SERVING, &reply);
    if (size < 0)
        return -1;
    dialog_taken(d, size);
    return 0;
}

static int ping(struct dialog *d)
{
    struct resp_reply reply;
    ptrdiff_t size = ask(d, (struct slice[]){SLICE("PING")}, 1, REASON_PROTOCOL, &reply);
    if (size < 0)
        return -1;
    bool pong = reply.type == RESP_STRING && slice_eq_cstr(reply.text, "PONG");
    if (!pong)
        return dialog_fail(d, REASON_PROTOCOL, "PING is answered by", reply.text);
    dialog_taken(d, size);
    return 0;
}

static void judge_info(struct dialog *d)
{
    struct resp_reply reply;
    if (ask(d, (struct slice[]){SLICE("INFO")}, 1, REASON_PROTOCOL, &reply) < 0)
        return;
    if (reply.type != RESP_BULK)
        dialog_fail(d, REASON_PROTOCOL, "INFO is answered by no text", reply.text);
    else
        judge_answer(d->o->spec, reply.text, d->r, d->deadline);
}

void probe_redis(struct observer *o, const struct probe_target *t, struct probe_result *r,
                 rt_time deadline)
{
    const struct probe_extra *x = t->extra;
    struct dialog d;
    if (dialog_open(&d, o, t, r, "redis", deadline) == 0 &&
        (!x->has_password || log_in(&d, x) == 0) &&
        (x->database.size == 0 || choose_database(&d, x) == 0) && ping(&d) == 0 &&
        judge_is_asked(o->spec))
        judge_info(&d);
    dialog_close(&d);
}
