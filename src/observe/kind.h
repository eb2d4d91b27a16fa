/* kind.h - the inside of observe: what a kind of probe is, and the steps that kinds share. */
#ifndef FIREBREAK_OBSERVE_KIND_H
#define FIREBREAK_OBSERVE_KIND_H

#include "net/http.h"
#include "observe/lag.h"
#include "observe/observe.h"
#include "observe/source.h"

struct pinger;
struct story;

struct observer {
    const struct probe_spec *spec;
    struct lag_watch *lag;
    struct source_pool *sources; /* NULL until the first port that was not to be had */
    struct source_pool **sources_at; /* of the loop's own observer */
    struct dns_resolver *dns;
    struct tls_context *tls;   /* NULL until the first probe that needs it */
    struct http_client *http;  /* so, too */
    struct pinger *pinger; /* so, too */
    struct story *story;   /* who listens (story.h); NULL: nobody */
    size_t *body_held; /* body_bytes of the loop's own observer */
    size_t body_bytes; /* held by probes that look at bodies */
};

/* Fills what it learns into *r and leaves the reason at ok, or says what failed. It runs in a
 * task; total_ns is the caller's. */
typedef void probe_kind_fn(struct observer *o, const struct probe_target *t,
                           struct probe_result *r, rt_time deadline);

probe_kind_fn probe_tcp, probe_unix, probe_dns, probe_tls, probe_http, probe_exec, probe_icmp,
    probe_redis, probe_postgres, probe_ws, probe_ntp, probe_ssh, probe_grpc,
    probe_chain;

/* One probe without its own beginning: *r is reset, and its total_ns is to be filled in. */
void observe_kind(struct observer *o, const struct probe_target *t, struct probe_result *r,
                  rt_time deadline);
/* Opens what probes of this target's kind share, so that a copy of the observer can be handed on.
 * Returns 0, or -1 with the reason set. */
int observe_prepare(struct observer *o, const struct probe_target *t, struct probe_result *r,
                    rt_time deadline);
/* The way through a proxy: proxy_refused, or what we lack. */
void observe_proxy_failed(struct observer *o, struct probe_result *r, int code,
                          const struct err *err);

/* Bytes that nobody can guess: for keys and nonces. */
void observe_secret(void *to, size_t size);

/* The TLS context, opened when it is first asked for; with its roots, which take 40 ms to read,
 * where they are sure to be needed. Returns 0, or -1 with the reason set. */
int observe_tls_context(struct observer *o, bool roots, struct probe_result *r, rt_time deadline);
/* The HTTP client, likewise. */
int observe_http_client(struct observer *o, const struct probe_target *t, struct probe_result *r,
                        rt_time deadline);
/* Fills in the request's URL, and which HTTP is spoken there: "h2://" and "h2c://" are https and
 * http with HTTP/2 or nothing. */
void observe_http_address(struct slice url, struct arena *a, struct http_request *q);
/* What a request's failure means; of the target its host is asked. */
void observe_http_failed(struct observer *o, const struct probe_target *t, struct probe_result *r,
                         const struct http_trace *trace, int code, const struct err *err);
/* What a handshake's failure means, and what a finished one showed. */
void observe_tls_failed(struct observer *o, struct probe_result *r, const struct tls_report *report,
                        int code, const struct err *err);
void observe_tls_report(const struct tls_report *report, struct probe_result *r);
/* The reason of a step that has no more to say than its errno and *err. */
void observe_step_failed(struct observer *o, struct probe_result *r, const char *step, int code,
                         const struct err *err);
void observe_lookup_failed(struct probe_result *r, struct slice host, int code);
void observe_connect_failed(struct observer *o, struct probe_result *r, int code);

/* Name to addresses, with dns_ns. Returns 0, or -1 with the reason set. */
int observe_lookup(struct observer *o, struct slice host, uint16_t port, struct probe_result *r,
                   struct dns_addresses *ret_addresses, rt_time deadline);
/* Connects from where ports are to be had; `observer` is a struct observer. As rt_connect. */
int observe_connect_from(void *observer, const struct rt_addr *to, struct rt_sock **ret_sock,
                         rt_time deadline);
/* Resolves and connects, one address after the other until one answers, with dns_ns, connect_ns
 * and address. Returns 0, or -1 with the reason set. */
int observe_connect(struct observer *o, const struct probe_target *t, struct probe_result *r,
                    struct rt_sock **ret_sock, rt_time deadline);

#endif
