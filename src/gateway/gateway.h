/* gateway.h - the local API: resources and the store itself over HTTP, on a unix socket.
 *
 * Whoever the kernel says to be root or this process's own user is admin; others get 403. Every
 * failure is a problem (RFC 9457) whose `reason` is one of: bad_request syntax not_found method
 * conflict compacted too_large forbidden bad_value unavailable limit timeout protocol internal.
 * Of a resource that is not what its kind may be, `faults` has every fault, as `config check` tells
 * it (line and column are those of the body), and `field` the path of the first.
 *
 *   GET /healthz /readyz /metrics        alive; the store takes writes; numbers (by Accept:
 *                                        OpenMetrics or Prometheus's text)
 *   GET /v1/{kinds}?namespace=&selector=&limit=&next=&revision=
 *       {"items":[…],"next":"","revision":N}, by namespace and name; without `namespace`: all of
 *       them. `next` is given back for the page behind this one, which is read at the same
 *       revision. What another program wrote wrongly is left out, and told:
 *       "skipped":[{"key","detail"}].
 *   GET /v1/{kinds}?watch=true&revision=N&namespace=&selector=
 *       a line for each change behind revision N: {"type":"put","revision","item"}, {"type":
 *       "delete","revision","item":{kind, name, namespace}}, {"type":"progress","revision"} now and
 *       then, and a last {"type":"end","reason":…} where it cannot go on. Without `revision` what
 *       is there comes first. Lines of JSON, or events (Accept: text/event-stream), whose ids are
 *       revisions (Last-Event-ID).
 *   GET /v1/{kinds}/{name}?namespace=    the resource; the namespace is "default" where not given
 *   PUT …?revision=N                     the body is the resource, as GET answers it or as a file
 * of configuration has it. 201 created, 200 changed or already so. With a revision (also in the
 *       body) only where it is at that one, 0: where it is not there; else 409
 *   PUT …?dry_run=true                   looks at everything, writes nothing: {"action":"create",
 *       "update" or null,"kind","name","namespace","fields":[{"path","old","new"}],"revision"}
 *   DELETE …?revision=N                  what was declared goes; what was found is its finder's.
 *       {"kind","name","namespace","revision","declared_by":[{"kind","name","node","place"}]}:
 *       whose files bring it back when they are read the next time, or have a check about an
 *       asset; place ("ops.yaml:3") is null for another node's
 *   {kinds}: those of model/kind.h, and "events" (/v1/events/{asset} too), nodes and tasks: as
 *       they stand in the store, read only. A node that went without a word is Lost, and can be
 *       deleted; of one that lives that is 409, and of a task that has not ended.
 *
 *   POST /v1/tasks                       {"argv":[…],…}: the task, 201; with a dedup_key that one
 *       has already: that one, 200
 *   POST /v1/tasks/{name}/{verb}         cancel approve reject retry: the task as it is then; 409
 *       where its state does not allow it
 *   POST /v1/nodes/{name}/{verb}         cordon uncordon drain: {"name","state"}
 *
 *   POST /v1/assets/{name}/maintain?namespace=   {"for_ms"}; 0 ends it: {"asked","until",…}
 *   POST /v1/assets/{name}/recover?namespace=    409 where it is not Failed
 *   POST /v1/freeze {"reason"}   POST /v1/unfreeze   GET /v1/freeze      {"frozen","reason",…}
 *   GET /v1/silences; POST /v1/silences {"selector","for_ms","reason"}: the silence, 201; DELETE
 *       /v1/silences/{name}
 *   GET /v1/why/{kind}/{name}?namespace=&all=true    a list: the last story's events, or all; and
 *                                        who was told: "notified"
 *   GET /v1/why/{trace_id}
 *   GET /v1/plan/remedies                what would be repaired now, and what not and why: a list
 *       of {"asset","namespace","state","reason","remedy","outcome":"dry_run","phase","rejected"};
 *       phase: of a repair that is under way; else null
 *
 *   GET /v1/store/status
 *   GET /v1/store/keys?key=&prefix=true&revision=&limit=&next=     a list of keys
 *   PUT /v1/store/keys?key=&revision=    the body is the value: {"revision":N}. With a revision as
 *       above
 *   DELETE /v1/store/keys?key=&prefix=true   {"revision":N,"deleted":N}
 *   GET /v1/store/watch?key=&prefix=true&revision=N    keys, each with "type"; from revision N on
 *   POST /v1/store/backup                {"path":"/absolute"}: {"path","revision"}
 *
 * One loop, that of the store. */
#ifndef FIREBREAK_GATEWAY_GATEWAY_H
#define FIREBREAK_GATEWAY_GATEWAY_H

#include "model/kind.h"
#include "store/store.h"
#include "wire/json.h"
#include "wire/openmetrics_write.h"

enum {
    GATEWAY_LIMIT = 500, /* items of a page, by default */
    GATEWAY_LIMIT_MAX = 5000,
    GATEWAY_PAGE_BYTES = 4 * 1024 * 1024, /* a page ends where it has grown so large */
    GATEWAY_SKIPPED_MAX = 100,            /* that are told of one page */
    GATEWAY_CALL_MS = 20 * 1000,          /* for one call of the store */
};

struct gateway;

/* What somebody wants to be so. */
struct gateway_resource {
    const struct kind *kind;
    struct slice namespace_, name;
    struct slice body; /* JSON, an object: as it was sent */
};

struct gateway_verdict {
    struct buf value;         /* JSON, an object: name, namespace, labels, and the spec's members */
    struct buf field, faults; /* the path of what is wrong; all that is: a JSON array */
};

/* Who wants to know why: of a resource, or what a trace id stands for. */
struct gateway_why {
    struct slice kind, namespace_, name;
    struct slice trace; /* empty: of the resource */
    bool all;           /* every story that is kept */
};

/* Both: objects with commas between them. */
struct gateway_story {
    struct buf items;    /* the events, oldest first */
    struct buf notified; /* what became of telling somebody (explain/explain.h) */
    int64_t revision;
};

struct waiting_rate; /* store/waiting.h */

struct gateway_options {
    struct store *store; /* outlives the gateway */
    uint32_t own_uid;    /* admin, beside root */
    const char *node;    /* ours: it lives, whatever the store says. NULL: none */
    /* Adds to /metrics what only the caller knows. NULL: nothing. */
    void (*collect)(void *ctx, struct metrics_writer *w);
    /* Whether a declared resource is what its kind may be. May wait. Returns 0, and in
     * ret->value the resource as it is kept (empty: as it was sent); or -EINVAL with *err and what
     * is wrong. NULL: whatever is JSON. */
    int (*check)(void *ctx, const struct gateway_resource *sent, struct gateway_verdict *ret,
                 struct err *err);
    /* What tells it, put into ret's buffers. May wait. Returns 0; -ENOENT: there is nothing of
     * that name; -EINVAL: no stories are told of that kind. */
    int (*why)(void *ctx, const struct gateway_why *asked, struct gateway_story *ret,
               struct err *err);
    /* What would be repaired now, and what not and why: objects with commas between them. Does not
     * wait. NULL, as why: nobody knows. */
    void (*repairs)(void *ctx, struct buf *ret_items);
    /* Whether our files declare it, and where: "ops.yaml:3". Does not wait. NULL: there are
     * none. */
    bool (*declared_at)(void *ctx, const struct kind *kind, struct slice namespace_,
                        struct slice name, struct buf *ret_place);
    /* How long the newest answer of an asset's check took, where this node asks it: what is kept is
     * as old as the check's last move. PROBE_NONE: there was no answer. Does not wait. Returns
     * false: it is not asked here. NULL: nothing is. */
    bool (*newest_ns)(void *ctx, struct slice namespace_, struct slice asset, struct slice check,
                      int64_t *ret);
    /* What holds back the tasks of an action. Does not wait. NULL: nobody knows. */
    bool (*rate)(void *ctx, struct slice action, struct waiting_rate *ret);
    void *ctx;
};

int gateway_open(const struct gateway_options *options, struct gateway **ret_gateway);
/* A socket that an earlier life left there is removed: the caller holds the folder. */
int gateway_listen(struct gateway *g, const char *path, struct err *err);
/* Ends watches, lets requests under way end until the deadline, closes. NULL is accepted. */
void gateway_close(struct gateway *g, rt_time deadline);

#endif
