/* target_parse.h - one target expression taken apart. Inside of target. */
#ifndef FIREBREAK_OBSERVE_TARGET_PARSE_H
#define FIREBREAK_OBSERVE_TARGET_PARSE_H

#include "observe/observe.h"

struct port_range {
    uint16_t first, last;
};

enum host_form { HOST_NONE, HOST_NAME, HOST_IPV4_RANGE, HOST_IPV6_RANGE };

/* One expression: a template, and how many targets it stands for. */
struct pattern {
    struct probe_target base; /* kind, tls, url, dns_name, argv, host (for a name) */
    struct slice scheme;      /* "tls://" before the host, or empty */
    enum host_form form;
    uint32_t ipv4_first;
    struct rt_addr ipv6_first;
    uint64_t hosts, ports; /* ports: 1 where the kind has none */
    struct port_range *ranges;
    uint32_t range_count;
    struct slice suffix; /* behind host and port: "?count=3", or empty */
    bool no_port;        /* the kind has none */
    bool one;            /* stands for itself: named as written */
};

/* Where texts and lists of the set's targets lie. */
struct arena *target_arena(struct target_set *s);

/* A name, an address or a prefix ("10.0.0.0/24", "[fd00::/120]"). Each returns 0 or a negative
 * errno with *err. */
int target_parse_host(struct slice host, struct pattern *p, struct err *err);
/* "22,80-90". */
int target_parse_ports(struct target_set *s, struct slice text, struct pattern *p, struct err *err);
int target_check_labels(struct slice name, struct err *err);

/* One kind each: `rest` is what stands behind the scheme, which is in p->scheme. */
typedef int target_parse_fn(struct target_set *s, struct slice rest, struct pattern *p,
                            struct err *err);
target_parse_fn target_parse_dns, target_parse_icmp, target_parse_redis, target_parse_postgres,
    target_parse_ws, target_parse_grpc, target_parse_ntp, target_parse_ssh, target_parse_starttls;

/* The expression as it may be shown: a password in its user part is "***". */
struct slice target_redacted(struct arena *a, struct slice text);

#endif
