/* probe.h - what is asked of a target, and what was found.
 *
 * Plain values: a spec is written once and shared by every probe of a run; a result is the
 * prober's own until it has been printed or sent on. Texts of a result lie in its arena. */
#ifndef FIREBREAK_MODEL_PROBE_H
#define FIREBREAK_MODEL_PROBE_H

#include "base/arena.h"
#include "model/reason.h"

enum probe_kind {
    PROBE_TCP,
    PROBE_UNIX,
    PROBE_HTTP, /* http and https; h2 and h2c: the same, with HTTP/2 or nothing */
    PROBE_TLS,
    PROBE_DNS,
    PROBE_EXEC,
    PROBE_ICMP,
    PROBE_REDIS,
    PROBE_POSTGRES,
    PROBE_WS, /* ws and wss */
    PROBE_NTP,
    PROBE_SSH,
    PROBE_GRPC, /* grpc and grpcs */
    PROBE_CHAIN, /* several steps, one after the other */
    PROBE_KIND_COUNT,
};

/* What is spoken before TLS begins on a plain connection; PROBE_TLS only. */
enum probe_starttls {
    PROBE_STARTTLS_NONE,
    PROBE_STARTTLS_SMTP,
    PROBE_STARTTLS_IMAP,
    PROBE_STARTTLS_POP3,
    PROBE_STARTTLS_POSTGRES,
    PROBE_STARTTLS_MYSQL,
};

/* How a name server is asked. */
enum probe_transport { PROBE_OVER_UDP, PROBE_OVER_TCP, PROBE_OVER_TLS };

/* How much TLS a database is asked for, as libpq counts it. */
enum probe_sslmode { PROBE_SSL_PREFER, PROBE_SSL_DISABLE, PROBE_SSL_REQUIRE, PROBE_SSL_VERIFY };

enum {
    PROBE_HEADERS_MAX = 32,
    PROBE_HEADERS_BYTES_MAX = 32 * 1024, /* of all, names and values */
    PROBE_JSON_MAX = 16,
    PROBE_ARGV_MAX = 64,
    PROBE_ANSWERS_MAX = 64,
    PROBE_BODY_BYTES_MAX = 4 * 1024 * 1024, /* of a body that is looked at: beyond is too_large */
    PROBE_REDIRECTS_MAX = 50,
    PROBE_DETAIL_MAX = 256, /* bytes of detail text */
    PROBE_RETRIES_MAX = 63,
    PROBE_ATTEMPTS_MAX = PROBE_RETRIES_MAX + 1,
    PROBE_EXPECT_MAX = 64,     /* answers that a name server must give */
    PROBE_ECHOES_MAX = 100,    /* icmp: requests of one probe */
    PROBE_STEPS_MAX = 32,      /* of a chain */
    PROBE_CAPTURES_MAX = 16,   /* of a step */
    PROBE_CAPTURE_BYTES_MAX = 8 * 1024, /* of a value */
    PROBE_DATA_BYTES_MAX = 1024 * 1024, /* of a request's body */
};

/* What only some kinds are told. */
struct probe_extra {
    struct slice user, password; /* redis, postgres: as they are, not percent-encoded */
    bool has_user, has_password;
    struct slice database;      /* postgres: its name; redis: its number; empty: not said */
    enum probe_starttls starttls;
    enum probe_sslmode sslmode; /* postgres */
    enum probe_transport transport; /* dns */
    const struct slice *expect;     /* dns: each must be among the answers */
    uint32_t expect_count;
    bool dnssec;           /* dns: the server must say that it has verified the answer */
    struct slice host_key; /* ssh: "SHA256:" and base64, or 64 hex digits; empty: any */
    int64_t offset_max_ns; /* ntp; 0: as the spec says */
    uint32_t echoes;       /* icmp: requests; 0: one */
    int64_t interval_ns;   /* icmp: from one to the next; 0: a default */
    struct slice service;  /* grpc: its name; empty: the server as a whole */
    const struct probe_chain *chain; /* PROBE_CHAIN */
};

/* One thing to probe. `name` is what the result calls it: the caller's own words. */
struct probe_target {
    enum probe_kind kind;
    struct slice name;
    struct slice host; /* as written, without brackets; unix: the path */
    uint16_t port;     /* 0: the kind has none */
    bool tls;          /* https */
    bool is_address;   /* host is ip (below), no name to look up */
    bool is_ipv4;
    uint32_t ipv4; /* host order; the fast path of ranges */
    struct slice url;       /* http: the whole URL */
    struct slice dns_name;  /* dns: the question */
    uint16_t dns_type;      /* RFC 1035 number */
    struct slice *argv;     /* exec */
    uint32_t argc;
    uint64_t index; /* within the set that it comes from */
    const struct probe_extra *extra; /* NULL: nothing of it */
};

struct pcre2_real_code_8;
struct jsonpath;

struct probe_json_check {
    struct slice path, value;
    const struct jsonpath *compiled;
};

struct probe_header {
    struct slice name, value;
};

/* A value that an answer must hold, for later steps of a chain: they write ${NAME}. */
struct probe_capture {
    struct slice name;
    struct slice expression;           /* as it was written, without its "json:" */
    const struct jsonpath *path;       /* one of these two is set */
    struct pcre2_real_code_8 *pattern; /* its first group, or the whole match where it has none */
};

/* What counts as healthy; shared by all probes of a run, read-only while they run. */
struct probe_spec {
    int64_t timeout_ns; /* one attempt */
    uint32_t retries;
    const char *method; /* "GET" */
    struct probe_header headers[PROBE_HEADERS_MAX];
    uint32_t header_count;
    struct slice status; /* "200,3xx"; empty: 2xx and 3xx (what is left after redirects) */
    struct pcre2_real_code_8 *body; /* NULL: not asked */
    struct probe_json_check json[PROBE_JSON_MAX];
    uint32_t json_count;
    uint32_t redirects;
    const char *ca_file;
    const char *server_name;
    bool insecure;
    bool reset; /* connections are closed with RST */
    int64_t days_left_min; /* tls:// and TLS after a plain beginning */
    int64_t offset_max_ns; /* ntp; 0: any */
    struct slice host_key; /* ssh, where the target says nothing; empty: any */
    struct slice data;     /* http: the request's body */
    const struct probe_capture *captures;
    uint32_t capture_count;
    const char *http_proxy, *https_proxy, *no_proxy; /* http, ws: as in the environment; or NULL */
};

/* One probe of several steps. A step's target, header values and data may hold ${NAME}, which an
 * earlier step has captured. The first step that fails is the chain's result. */
struct probe_step {
    struct slice target;
    struct probe_spec spec;
};

struct probe_chain {
    struct probe_step *steps;
    uint32_t count;
};

/* Of a target that is probed again and again: as it was when this probe was to begin. */
enum probe_breaker {
    PROBE_BREAKER_NONE, /* there is no breaker: null in JSON */
    PROBE_BREAKER_CLOSED,
    PROBE_BREAKER_OPEN, /* the target is left alone for a while: nothing was sent */
    PROBE_BREAKER_HALF_OPEN, /* a trial */
    PROBE_BREAKER_COUNT,
};
/* "closed", "open", "half_open"; NULL for none. */
const char *probe_breaker_name(enum probe_breaker b);

enum { PROBE_NONE = -1 }; /* a phase that did not happen: null in JSON */

struct probe_attempt {
    enum probe_reason reason;
    int64_t total_ns;
};

struct probe_result {
    const struct probe_target *target;
    char address[128]; /* "127.0.0.1:80"; empty: not known */
    enum probe_reason reason;
    bool settled; /* with REASON_LIMIT: another attempt would meet the same one */
    char detail[PROBE_DETAIL_MAX];
    int64_t at_wall_ns; /* when it began */
    uint32_t attempt;   /* 1, 2, … the one that is told here */
    int64_t total_ns, dns_ns, connect_ns, tls_ns, first_byte_ns; /* PROBE_NONE */
    int64_t lag_ns;  /* how late we were ourselves, at its beginning or in all: the larger */
    bool held_up;    /* with REASON_LIMIT: we stood still; another attempt may see more */
    enum probe_breaker breaker;
    int32_t days_left; /* INT32_MIN: none */
    int32_t status;    /* 0: none */
    char **answers;    /* dns; in the arena */
    uint32_t answer_count;
    bool has_answers;
    int64_t rtt_ns;                 /* icmp, ntp: there and back, the mean; PROBE_NONE */
    double loss_ratio;              /* icmp: 0 to 1; < 0: none */
    int64_t offset_ns;              /* ntp: the server's clock is ahead of ours; INT64_MIN: none */
    char *host_key_sha256;          /* ssh: 64 hex digits, in the arena; NULL: none */
    struct slice *captured;         /* the spec's captures, in the arena; NULL: none were taken */
    struct probe_result *steps;     /* of a chain: those that were begun, in the arena */
    uint32_t step_count;
    uint32_t attempt_count;         /* told in attempts; 0: there was one, and it is this */
    struct probe_attempt *attempts; /* PROBE_ATTEMPTS_MAX of them, in the arena */
    struct arena arena;
};

const char *probe_kind_name(enum probe_kind k);
/* Back to "nothing happened yet", for this target; keeps the arena's memory. */
void probe_result_reset(struct probe_result *r, const struct probe_target *t);
/* Sets reason and detail: "connect: Connection refused" for a negative errno of a step. No
 * printf, whose stack would cost a page for each task that waits. */
void probe_result_fail_errno(struct probe_result *r, const char *step, int code);
/* Sets reason and detail. */
void probe_result_fail(struct probe_result *r, enum probe_reason reason, const char *detail, ...)
    PRINTF_LIKE(3, 4);

#endif
