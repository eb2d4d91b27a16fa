/* observe.h - probing: targets in, results out. The stage's one public header.
 *
 * A target expression may stand for many targets ("10.0.0.0/24:22,80-90"); a set of them is
 * walked by index and never written out, so a /8 costs no memory. A probe is one straight line in
 * a task: resolve, connect, speak, judge. A run drives many of them within its limits.
 *
 * What we lack ourselves (descriptors, ports, memory) is never said of a target: the run slows
 * down and tries again, and only after OBSERVE_LIMIT_TRIES the result is `limit`. So it is, at
 * once, where a probe ran out of time, or its connection was ended, while this loop or this machine
 * stood still (lag.h).
 *
 * A run follows what comes back: each destination network has a window and a rate (network.h). A
 * run with `every` keeps a breaker for each target (breaker.h), asks one that failed sooner, and
 * confirms by a second attempt before it says that one is down which was not. */
#ifndef FIREBREAK_OBSERVE_OBSERVE_H
#define FIREBREAK_OBSERVE_OBSERVE_H

#include "base/buf.h"
#include "base/err.h"
#include "model/probe.h"
#include "observe/scrape.h"
#include "rt/addr.h"
#include "rt/rt.h"

enum {
    OBSERVE_LIMIT_TRIES = 60,       /* attempts that our own limits may spoil, with back-off */
    OBSERVE_TARGET_BYTES_MAX = 4096, /* of one target expression */
    OBSERVE_PORT_RANGES_MAX = 256,  /* of one target expression */
    OBSERVE_IPV6_HOSTS_MAX = 65536, /* of one IPv6 prefix */
    OBSERVE_EXPRESSIONS_MAX = 1000000,
    OBSERVE_WATCHED_MAX = 4000000, /* targets of a run with every: each has a state */
    OBSERVE_BODIES_BYTES_MAX = 64 * 1024 * 1024, /* of http bodies that a loop looks at, together */
};

/* ---- targets ---- */

#define OBSERVE_TARGETS_MAX (UINT64_C(1) << 50) /* of a set: four times all ports of all IPv4 */

struct target_set;

/* One target as the set hands it out, with room for the texts that had to be made. */
struct target_slot {
    struct probe_target target;
    char name[300], host[80];
};

struct target_set *target_set_new(void);
void target_set_free(struct target_set *s); /* NULL is accepted */
/* Adds an expression; the text is copied. Returns 0, -EINVAL or -E2BIG with *err set. */
int target_set_add(struct target_set *s, struct slice expression, struct err *err);
/* Adds a file's lines: one expression a line; '#' begins a comment, at the line's
 * beginning or behind a blank, outside of quotes. `name` is for errors:
 * "name:line: …". Nothing is added on failure. */
int target_set_add_lines(struct target_set *s, struct slice text, const char *name,
                         struct err *err);
uint64_t target_set_count(const struct target_set *s);
/* Adds one target that is a chain, which the caller keeps; named "first -> … -> last". Returns 0,
 * or -EINVAL with *err: see observe_chain_check. */
int target_set_add_chain(struct target_set *s, const struct probe_chain *chain, struct err *err);
/* index < count. What the slot points to is the set's or its own. */
void target_set_get(const struct target_set *s, uint64_t index, struct target_slot *ret_slot);
/* Which of so many shards a target belongs to, by the hash of what it is. */
uint32_t target_set_shard(const struct target_set *s, uint64_t index, uint32_t shards);

/* ---- what counts as healthy ---- */

/* "200,3xx,500-503". Returns 0 or -EINVAL with *err. */
int observe_status_check(struct slice list, struct err *err);
/* A host key's hash: "SHA256:" and base64 as ssh-keygen prints it, or 64 hex digits. Returns 0, or
 * -EINVAL with *err. */
int observe_host_key_check(struct slice text, struct err *err);
/* Whether every ${NAME} of a step is captured by one before it, and each step is one target. 0 or
 * -EINVAL with *err. */
int observe_chain_check(const struct probe_chain *c, struct err *err);
/* Letters, digits and '_', and no digit first. */
bool observe_is_capture_name(struct slice name);
/* A PCRE2 pattern over bytes, for probe_spec.body. Returns 0 or -EINVAL with *err. */
int observe_pattern_new(const char *pattern, struct pcre2_real_code_8 **ret_code, struct err *err);
void observe_pattern_free(struct pcre2_real_code_8 *code); /* NULL is accepted */

/* ---- one probe ---- */

struct observer;

/* What the probes of one loop share: the resolver and the TLS context. The spec must outlive it.
 * Returns 0, or a negative errno with *err (an unreadable CA file). */
int observer_open(const struct probe_spec *spec, struct observer **ret_observer, struct err *err);
void observer_close(struct observer *o); /* NULL is accepted; no probe may be running */

/* Probes once, within the spec's time-out. *r is reset first. Never fails: what went wrong is the
 * result. A cancelled task gets REASON_CANCELED. */
void observe_probe(struct observer *o, const struct probe_target *t, struct probe_result *r);

/* Who is told of the attempts of a probe; members may be NULL. */
struct probe_pace {
    /* A further attempt is to begin: may wait for its turn. Not 0: it does not begin. */
    int (*before)(void *ctx);
    /* An attempt is over. One that our own limits spoilt (`limit`, and not settled) is followed by
     * another one that does not count, so that the caller can slow down. */
    void (*after)(void *ctx, const struct probe_result *r);
    void *ctx;
};
/* As observe_probe, with up to `more` further attempts where one fails, after a pause that doubles
 * and is drawn. An attempt that our own limits spoil is made again, up to OBSERVE_LIMIT_TRIES. */
void observe_probe_attempts(struct observer *o, const struct probe_target *t,
                            struct probe_result *r, uint32_t more, const struct probe_pace *pace);

/* Looks at a target step by step, and appends the story in words: name, addresses, connecting to
 * each, TLS with the certificates and what was negotiated, each HTTP exchange on the way; then the
 * verdict of an ordinary probe, which is left in *r, and what to do. Each step has the spec's
 * time-out. A credential is sent to nobody whose certificate is in doubt. Texts of the outside are
 * made safe for a terminal. */
void observe_explain(struct observer *o, const struct probe_target *t, struct probe_result *r,
                     struct buf *out);
/* ---- many probes ---- */

struct probe_run {
    const struct probe_spec *spec;
    const struct target_set *targets;
    uint32_t in_flight;  /* over all loops; >= 1 */
    double rate;         /* probes begun a second, over all loops; 0: as fast as it goes */
    int64_t every_ns;    /* from one probe of a target to its next; 0: once */
    int64_t every_failed_ns; /* so, of one that failed; 0: as every_ns, which is the longest */
    uint64_t rounds;     /* with every: how often; 0: for ever. Probes between two rounds, of what
                          * failed, do not count */
    /* On each loop, before its first probe and after its last; on_end in any case. */
    int (*on_begin)(void *ctx); /* 0, or a negative errno: the run ends with it */
    void (*on_end)(void *ctx);
    /* Each finished probe, in the task of that probe, on its loop (rt_loop_index). It may wait:
     * that slows the run down, as it should. */
    void (*on_result)(void *ctx, const struct probe_result *r);
    void *ctx;
};

/* What a run has done so far; any thread, relaxed. */
struct probe_progress {
    _Atomic uint64_t done, in_flight, limited /* attempts that our own limits spoilt */;
    _Atomic uint64_t left_out; /* with every: probes that would have begun a whole round late */
    _Atomic int64_t breakers[PROBE_BREAKER_COUNT]; /* with every: targets by their breaker */
};

/* Runs to the end, on as many loops as rt_run has, each of which takes the targets that hash to it.
 * progress may be NULL. Returns 0; -E2BIG: more than OBSERVE_WATCHED_MAX with every; -ECANCELED:
 * the task's group was cancelled (what was finished has been reported); another negative
 * errno with *err where it could not begin. */
int probe_run(const struct probe_run *run, struct probe_progress *progress, struct err *err);

/* ---- services of this host ---- */

enum service_kind {
    SERVICE_TCP, /* says nothing by itself, and nothing that we know when asked */
    SERVICE_HTTP,
    SERVICE_TLS,
    SERVICE_SSH,
    SERVICE_SMTP,
    SERVICE_REDIS,
    SERVICE_POSTGRES,
    SERVICE_MYSQL,
    SERVICE_UNIX,
};
/* "tcp", "http" …: the public word. */
const char *service_kind_name(enum service_kind k);

enum {
    SERVICE_EVERY_MS = 5000,        /* between two probes */
    SERVICE_EVERY_FAILED_MS = 1000, /* of one that failed */
    SERVICE_TIMEOUT_MS = 2000,
    SERVICE_IDENTIFY_MS = 2000,     /* for all questions together */
    SERVICE_GREETING_MS = 300,      /* a server that speaks first does so within it */
    SERVICES_MAX = 4096,
};

/* One listening address, and whose it is. */
struct service {
    char asset[96];       /* "nginx-80"; "tcp-80" where the process is not known */
    char address[128];    /* where to knock: "127.0.0.1:80", "[::1]:80", "/run/x.sock" */
    char process[16];     /* "" */
    enum service_kind kind;
    char target[160];     /* as `firebreak probe` would be given it */
    struct rt_addr connect_to;
    uint64_t seen;        /* round of the last reading that had it */
    bool identified;
    struct list link;
    void *owner; /* the caller's */
};

/* Readings of this host's listeners, compared one with the next. One loop. */
struct discovery;
struct discovery *discovery_new(void);
void discovery_free(struct discovery *d); /* NULL is accepted; frees the services, too */
/* Reads once, on an offload thread. on_found is given each service that is new (it is the
 * discovery's; still to be identified), on_gone each that went, which is freed when on_gone
 * returns. Neither may wait. Our own listeners are left out. Returns 0; -ECANCELED; or a negative
 * errno with *err. */
int discovery_read(struct discovery *d, void (*on_found)(void *ctx, struct service *s),
                   void (*on_gone)(void *ctx, struct service *s), void *ctx, struct err *err,
                   rt_time deadline);

/* Finds out what the service speaks, by its greeting or by asking, and fills in kind and
 * target. Returns 0; -EACCES: it is closed to us; -ECANCELED. */
int service_identify(struct observer *o, struct service *s);
/* Probes it once. */
void service_probe(struct observer *o, const struct service *s, struct probe_result *r);

/* ---- what is looked at on this host ---- */

enum local_kind { LOCAL_PROCESS, LOCAL_FILE, LOCAL_LOG_LINE, LOCAL_HEARTBEAT };

enum {
    LOCAL_FILE_BYTES_MAX = 1 << 30,          /* of a file whose checksum is asked for */
    LOCAL_LINE_BYTES_MAX = 64 * 1024,        /* of a log's line that the pattern sees */
    LOCAL_LOG_BYTES_MAX = 64 * 1024 * 1024,  /* of a log that one look reads; the next reads on */
    LOCAL_FORMER_MS = 60 * 1000, /* so long a log that was rotated away is still read */
    LOCAL_MISSING_MS_FIRST = 10, /* from one search for a process that went to the next … */
    LOCAL_MISSING_MS_MAX = 500,  /* … doubling up to this */
};

/* Texts are the caller's, and outlive the check. */
struct local_spec {
    enum local_kind kind;
    const char *name, *pid_file, *unit; /* PROCESS: one of them */
    const char *path;                   /* FILE, LOG_LINE */
    const char *sha256, *mode, *owner;  /* FILE; NULL: any */
    const struct pcre2_real_code_8 *pattern; /* LOG_LINE */
    int64_t hold_ns;   /* LOG_LINE: so long a line that matched counts */
    int64_t within_ns; /* HEARTBEAT */
    int64_t timeout_ns;
};

/* A check of this host keeps what it has seen: the process that it holds, how far a log was read.
 * It is looked at when the caller likes, and says by itself when a look would tell something new:
 * when its process ends, its file or log changes, a sign of life comes or is overdue. `push` is
 * called then, in a task of the check; it may not wait. */
struct local_check;
typedef void local_push_fn(void *ctx);

/* What the checks of a loop share: one search for all processes that are missing, one ear for the
 * kernel's word of new programs. */
struct local_host;
struct local_host *local_host_new(void);
void local_host_free(struct local_host *h); /* NULL is accepted; no check may be open. May wait */

/* Returns 0 or a negative errno with *err. */
int local_check_open(struct local_host *h, const struct local_spec *spec, local_push_fn *push,
                     void *ctx, struct local_check **ret_check, struct err *err);
/* Looks: *r is reset, gets a reason and its detail. What a state's reason says better than a
 * probe's is in *ret_word (a literal: "drift_file"), else NULL; `local_no_answer`: there is nothing
 * to be told yet, neither well nor ill. */
extern const char local_no_answer[];
void local_check_look(struct local_check *c, struct probe_result *r, const char **ret_word);
/* HEARTBEAT: a sign of life came at that time; one that is older than the last is nothing. */
void local_check_beat(struct local_check *c, int64_t at_wall_ns);
/* PROCESS: the one that was found, for host/remembered.h, which is of host. NULL: none now. */
struct host_process;
const struct host_process *local_check_process(const struct local_check *c);
/* PROCESS: what the one that was found last is called, whole (host/process.h); "": none was. Until
 * the next look. */
const char *local_check_process_name(const struct local_check *c);
void local_check_close(struct local_check *c); /* NULL is accepted. May wait */

#endif
