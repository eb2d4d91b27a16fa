#include "cli/commands.h"

#define AT(member) offsetof(struct probe_options, member)
#define SECOND_NS  INT64_C(1000000000)

static const struct cli_option options[] = {
    {"file", 'f', CLI_LIST, AT(files), "FILE", NULL,
     "take targets from a file, one a line, # comments; - is standard input; may be given again",
     .hint = CLI_HINT_FILE},
    {"in-flight", 'j', CLI_INT, AT(in_flight), "N", "2000", "probes under way at the same time",
     .min = 1, .max = 1000000},
    {"rate", 0, CLI_NUMBER, AT(rate), "N", NULL, "begin at most N probes a second", .min = 0,
     .max = 10000000},
    {"timeout", 0, CLI_DURATION, AT(timeout_ns), "D", NULL,
     "time for one attempt, all phases (default 2s, or --every where that is shorter)",
     .min = 1000000, .max = 3600 * SECOND_NS},
    {"retries", 0, CLI_INT, AT(retries), "N", "0", "further attempts after a failed one", .min = 0,
     .max = 63},
    {"every", 0, CLI_DURATION, AT(every_ns), "D", NULL, "probe each target again and again",
     .min = 10000000, .max = 86400 * SECOND_NS},
    {"every-failed", 0, CLI_DURATION, AT(every_failed_ns), "D", NULL,
     "with --every: until a target that failed is probed again (default 1s, at most --every)",
     .min = 10000000, .max = 86400 * SECOND_NS},
    {"count", 0, CLI_INT, AT(count), "N", NULL, "with --every: end after N rounds", .min = 1,
     .max = INT64_C(1000000000)},
    {"loops", 0, CLI_INT, AT(loops), "N", "1",
     "event loops, each a thread with the targets that hash to it", .min = 1, .max = 64},
    {"reset", 0, CLI_FLAG, AT(reset), NULL, NULL,
     "tcp: end connections by RST, so that no port is kept for a minute", .words = NULL},
    {"diff", 0, CLI_TEXT, AT(diff), "FILE", NULL,
     "print only what changed since a former run, whose -o jsonl is in FILE",
     .hint = CLI_HINT_FILE},
    {"explain", 0, CLI_FLAG, AT(explain), NULL, NULL,
     "tell each phase in words, and what to do where it fails", .words = NULL},
    {"method", 0, CLI_TEXT, AT(method), "M", "GET", "http: the request's method", .words = NULL},
    {"header", 0, CLI_LIST, AT(headers), "K:V", NULL, "http: add a header; may be given again",
     .words = NULL},
    {"status", 0, CLI_TEXT, AT(status), "LIST", NULL,
     "http: statuses that are well, as in 200,3xx (else 2xx and 3xx)", .words = NULL},
    {"body", 0, CLI_TEXT, AT(body), "REGEX", NULL,
     "http, exec, redis: a PCRE2 pattern that the body, output or INFO matches",
     .words = NULL},
    {"json", 0, CLI_LIST, AT(json), "PATH=VALUE", NULL,
     "http, exec: a value in the body's JSON, as in $.status=up; may be given again",
     .words = NULL},
    {"data", 0, CLI_TEXT, AT(data), "TEXT", NULL, "http: the request's body, as with --method POST",
     .words = NULL},
    {"redirects", 0, CLI_INT, AT(redirects), "N", "5", "http: redirects that are followed",
     .min = 0, .max = 50},
    {"ca", 0, CLI_TEXT, AT(ca), "FILE", NULL,
     "tls: trust these roots (PEM) instead of the system's", .hint = CLI_HINT_FILE},
    {"server-name", 0, CLI_TEXT, AT(server_name), "N", NULL,
     "tls: the name to ask for and to find in the certificate", .hint = CLI_HINT_HOST},
    {"insecure", 0, CLI_FLAG, AT(insecure), NULL, NULL, "tls: accept any certificate",
     .words = NULL},
    {"days-left", 0, CLI_INT, AT(days_left), "N", "14",
     "tls://: fail when the certificate ends within N days", .min = 0, .max = 36500},
    {"offset-max", 0, CLI_DURATION, AT(offset_max_ns), "D", NULL,
     "ntp://: fail when the server's clock is further from ours", .min = 1,
     .max = 365 * 86400 * SECOND_NS},
    {"host-key", 0, CLI_TEXT, AT(host_key), "SHA256:...", NULL,
     "ssh://: fail when the host key is another one (as ssh-keygen -l prints it, or hex)",
     .words = NULL},
    {"step", 0, CLI_LIST, AT(steps), "TARGET", NULL,
     "one probe of several steps, in order; http options behind a step are that step's own",
     .hint = CLI_HINT_HOST},
    {"capture", 0, CLI_LIST, AT(captures), "NAME=json:PATH|regex:RE", NULL,
     "keep a value of the step's answer: later steps write ${NAME}", .words = NULL},
};

static const char *const outputs[] = {"table", "wide", "text", "json",      "jsonl",
                                      "yaml",  "name", "jsonpath=", "prom", NULL};

static const struct cli_example examples[] = {
    {"firebreak probe db.example:5432", "does the port answer?"},
    {"firebreak probe 10.0.0.0/24:22,80,443 -o jsonl", "every address of a network, three ports"},
    {"firebreak probe https://example.com/health --json '$.status=up'",
     "a page, its certificate, and a value in its answer"},
    {"firebreak probe tls://example.com:443 --days-left 14", "is the certificate due?"},
    {"firebreak probe 'dns://1.1.1.1/example.com?type=AAAA'", "ask one name server"},
    {"firebreak probe --step URL/login --data me --capture T=json:$.t --step URL/me "
     "--header 'X: ${T}'",
     "log in, and fetch with what that gave"},
    {"firebreak probe -f targets.txt --every 10s --timeout 1s",
     "a file of targets, again and again"},
    {"firebreak probe h2c://127.0.0.1:8080/healthz", "HTTP/2 without TLS, by prior knowledge"},
    {"firebreak probe --explain https://example.com/", "what happens on the way, in words"},
    {"firebreak probe -f targets.txt --diff yesterday.jsonl", "what changed since yesterday"},
    {"firebreak probe -f targets.txt -o prom > probes.prom", "a page for node_exporter's textfile"},
};

static const char *const exits[] = {
    "0    every target is well",
    "1    a probe failed; with --diff: something changed",
    "2    usage",
    "3    a file cannot be read, or the output cannot be written",
    "130  interrupted (143: terminated); what was done is printed",
    NULL,
};

const struct cli_command cli_probe = {
    .name = "probe",
    .summary = "ask targets whether they are well, and say why not",
    .operands = "TARGET...",
    .operands_max = UINT32_MAX,
    .operand_hint = CLI_HINT_HOST,
    .about =
        "A TARGET is HOST:PORT (tcp), or the URL of another kind: tcp:// tls:// http:// https:// "
        "ws:// wss:// grpc://HOST:PORT/SERVICE (its health) grpcs:// unix:///path "
        "exec:/path/to/program exec:[\"program\",\"argument\"].\n\n"
        "https:// speaks HTTP/2 or HTTP/1.1, whichever the server prefers; h2:// is https with "
        "HTTP/2 or nothing, h2c:// is HTTP/2 without TLS (by prior knowledge).\n\n"
        "icmp://HOST?count=5&interval=200ms, ntp://HOST?offset_max=100ms, "
        "ssh://HOST?host_key=SHA256:...\n\n"
        "redis://USER:PASSWORD@HOST:PORT/NUMBER, rediss:// (the same with TLS), "
        "postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=prefer (disable, require, "
        "verify-full). A password is percent-encoded, and never shown.\n\n"
        "tls+smtp://HOST tls+imap:// tls+pop3:// tls+postgres:// tls+mysql://: TLS that begins "
        "behind a plain greeting (STARTTLS).\n\n"
        "dns://SERVER/NAME?type=A, dns+tcp:// and dns+tls:// the same over TCP and TLS; "
        "&expect=ANSWER must be among the answers (more with commas), with &dnssec=1 the server "
        "must have verified them.\n\n"
        "Ports may be lists and ranges (22,80-90), a host may be a network (10.0.0.0/24; every "
        "address, the first and the last, too).\n\n"
        "With --step a probe has several steps: they run in order, within the time of one attempt, "
        "and the first that fails is the result. A target, a header's value and --data may hold "
        "${NAME}, which a step before has captured: json:PATH takes a value out of JSON, regex:RE "
        "the pattern's first group. --method --header --status --body --json and --data count for "
        "every step where they stand before the first --step, and for one step where they stand "
        "behind it.\n\n"
        "http and ws go through the proxies that the environment names as it does for curl: "
        "http_proxy, https_proxy, no_proxy.\n\n"
        "Every result has a reason from a closed list: ok refused timeout unreachable reset closed "
        "dns_nxdomain tls_expired http_status … 'limit' is ours: this host lacked descriptors, "
        "ports or memory, or stood still itself, and nothing is said about the target.\n\n"
        "With --every, a failure is confirmed by a second attempt before it is said, a target that "
        "failed is probed again sooner, and one that keeps failing is left alone for a while (its "
        "breaker is open), longer each time, at most two rounds.\n\n"
        "The default form of output is a table on a terminal, and text elsewhere.",
    .examples = examples,
    .example_count = ARRAY_LEN(examples),
    .options = options,
    .option_count = ARRAY_LEN(options),
    .outputs = outputs,
    .exits = exits,
    .values_size = sizeof(struct probe_options),
};
