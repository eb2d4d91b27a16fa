/* inside.h - what the gateway's files share: a request under way, and a resource's two keys. */
#ifndef FIREBREAK_GATEWAY_INSIDE_H
#define FIREBREAK_GATEWAY_INSIDE_H

#include "base/map.h"
#include "gateway/gateway.h"
#include "model/selector.h"
#include "net/http_server.h"
#include "store/waiting.h"

enum { GATEWAY_METHODS = 5, GATEWAY_STATUSES = 32 };

struct gateway {
    struct gateway_options options;
    struct http_server *server;
    char *path; /* of the socket */
    /* gateway_request_total{method,status}: statuses as they come, the last is "other". */
    uint64_t requests[GATEWAY_METHODS][GATEWAY_STATUSES];
    uint16_t statuses[GATEWAY_STATUSES];
    uint32_t status_count;
    struct histogram took[GATEWAY_METHODS];
    struct histogram watch_lag;
    uint64_t bad_values_total;
    uint32_t watches;
};

/* Where the resources of a kind are. */
struct collection {
    struct slice word;            /* "assets", "events" */
    const struct kind *kind;      /* NULL: events */
    char registry[48], state[48]; /* prefixes; state empty: there is none */
    bool raw;                     /* values are told as they are, and are not written here */
    bool lost;       /* nodes: one that is in `state` only is lost, and that is as it was */
    bool namespaced; /* by its keys */
    bool tasks;      /* namespaced by what their values say: a name is one in all of them */
};

struct request {
    struct gateway *g;
    struct http_exchange *x;
    struct arena arena;
    struct err err;
    struct slice method, path, query;
    struct waiting_view *waits; /* NULL: not looked at yet */
};

static inline rt_time gateway_soon(void)
{
    return rt_now() + GATEWAY_CALL_MS * RT_MS;
}

/* ---- parameters: each returns 0, or answers 400 and returns -EINVAL ---- */

int param_text(struct request *q, const char *name, struct slice *ret);
/* *ret_given, which may be NULL: whether it is there; else *ret is `dflt`. */
int param_number(struct request *q, const char *name, int64_t dflt, int64_t max, int64_t *ret,
                 bool *ret_given);
int param_flag(struct request *q, const char *name, bool *ret);
int param_selector(struct request *q, struct selector **ret);

/* Answers for a call of the store that failed. */
void answer_store_error(struct request *q, int code);
void answer_missing(struct request *q, const struct collection *c, struct slice namespace_,
                    struct slice name);
void answer_json(struct request *q, uint16_t status, struct buf *json);
void answer_problem(struct request *q, uint16_t status, const char *reason, const char *field,
                    const char *fmt, ...) PRINTF_LIKE(5, 6);
void answer_method(struct request *q, const char *allowed);

/* ---- a resource out of its keys (resource.c) ---- */

/* "/registry/assets/default/db" */
struct slice key_make(struct request *q, const char *prefix, struct slice namespace_,
                      struct slice name);
/* "default/db" behind the prefix of `c`, taken apart and decoded. Returns 0 or -EINVAL. */
int key_split(const struct collection *c, struct slice rest, struct arena *arena,
              struct slice *ret_namespace, struct slice *ret_name);

struct resource {
    struct slice namespace_, name;
    struct store_kv declared, found;       /* version 0: not there */
    const struct json_value *spec, *state; /* NULL: not there */
};

/* Parses both values. Returns 0, or -EBADMSG with the key and what is wrong in *err, and the key in
 * *ret_key. */
int resource_parse(struct resource *r, struct arena *arena, struct slice *ret_key, struct err *err);
bool resource_selected(const struct resource *r, const struct selector *s);
/* Whether a parsed one is of that namespace; empty: of any. */
bool resource_within(const struct collection *c, const struct resource *r, struct slice namespace_);
void resource_write(const struct gateway *g, const struct collection *c, const struct resource *r,
                    struct json_writer *w);
/* And of a task that is not at work what it waits for: in lists, not in watches. */
void resource_tell(struct request *q, const struct collection *c, const struct resource *r,
                   struct json_writer *w);
/* As it is, and of a task that is not at work what it waits for. */
void task_tell(struct request *q, const struct resource *r, struct json_writer *w);
/* Reads both keys at one revision. Returns 0 or as store_txn. */
int resource_read(struct request *q, const struct collection *c, struct slice namespace_,
                  struct slice name, struct resource *ret, int64_t *ret_revision);

/* ---- routes ---- */

void route_serve(void *gateway, struct http_exchange *x);
void list_serve(struct request *q, const struct collection *c, struct slice parent);
void watch_serve(struct request *q, const struct collection *c, struct slice parent);
void resource_serve(struct request *q, const struct collection *c, struct slice name);
void put_serve(struct request *q, const struct collection *c, struct slice namespace_,
               struct slice name);
void delete_serve(struct request *q, const struct collection *c, struct slice namespace_,
                  struct slice name);
/* Of a node only one that lives no more, of a task only one that has ended. */
void raw_delete(struct request *q, const struct collection *c, struct slice name);
/* An array: who declares it still, and brings it back: {"kind","name","node","place"}. */
void declarers_write(struct request *q, const struct collection *c, struct slice namespace_,
                     struct slice name, struct json_writer *w);
/* A check in our files that is about the asset: it is there for as long as one is. */
bool declarers_check(struct request *q, struct slice namespace_, const struct json_value *state,
                     struct slice *ret_check, struct slice *ret_place);
void raw_serve(struct request *q, struct slice rest);
void beat_serve(struct request *q, struct slice rest);
/* What is done to tasks and nodes: POST /v1/tasks, /v1/tasks/{name}/{verb},
 * /v1/nodes/{name}/{verb}; `verb` empty: the first. Returns false: the method is none of theirs. */
bool task_serve(struct request *q, bool node, struct slice name, struct slice verb);
/* POST /v1/assets/{name}/{verb}. Returns false: the verb is none of theirs. */
bool asset_serve(struct request *q, const struct collection *c, struct slice name,
                 struct slice verb);
/* /v1/freeze, /v1/unfreeze; false: it is neither. */
bool freeze_serve(struct request *q, struct slice word);
/* /v1/silences, and what is behind it. */
void silences_serve(struct request *q, struct slice rest);
/* Who asks, for whom it is written down: "uid 0". */
struct slice request_by(struct request *q);
/* GET /v1/why/… */
void why_serve(struct request *q, struct slice rest);
/* GET /v1/plan/remedies */
void repairs_serve(struct request *q);
/* The body, an object. Returns 0, or answers and returns a negative errno. The tree points into
 * *ret_text, which lies in the request's arena. */
int body_read(struct request *q, struct slice *ret_text, const struct json_value **ret);
/* An array of {"path","old","new"}; either may be NULL. Returns how many. */
uint32_t diff_write(const struct json_value *old, const struct json_value *new,
                    struct json_writer *w);
void metrics_serve(struct request *q);
void metrics_done(void *gateway, const struct http_done *d);

/* A stream of lines or events, whichever was asked for. */
struct stream {
    struct request *q;
    struct http_gone_chan *gone;
    bool events;
    struct buf line;
};
/* Answers the head. */
void stream_open(struct stream *s, struct request *q);
/* The line begins; its JSON is written into s->line, then it is sent. */
void stream_begin(struct stream *s, const char *type, int64_t revision);
int stream_send(struct stream *s);
/* {"type":"end","reason":…} */
void stream_end(struct stream *s, const char *reason);
void stream_done(struct stream *s);
/* Receives the next batch of the watch; hands back 0, or a negative errno where the stream is
 * over, after its last line. */
int stream_next(struct stream *s, struct store_watch *w, struct store_batch **ret);

#endif
