#include "config/tables.h"

static const char *const verbs[] = {"get",   "list",    "watch",   "create",   "update", "delete",
                                    "apply", "run",     "approve", "recover",  "maintain",
                                    "post",  "*",       NULL};
static const char *const kinds[] = {"asset",       "check", "scrape",   "remedy", "receiver",
                                    "task",        "schedule", "node",  "role",
                                    "rolebinding", "route", "pipeline", "slo",    "adapter",
                                    "*",           NULL};
static const char *const syslog_formats[] = {"rfc5424", "rfc3164", NULL};

/* ---- who may do what ---- */

static const struct schema_field rule_fields[] = {
    FIELD("Verbs", "verbs", STRING, LIST, .required = true, .words = verbs,
          .help = "What may be done; * is everything."),
    FIELD("Kinds", "kinds", STRING, LIST, .words = kinds,
          .help = "To which kinds; * is every one."),
    FIELD("Names", "names", STRING, LIST, .help = "To which names only. Without it all."),
    FIELD("Paths", "paths", STRING, LIST, PATTERN("/\\S*", "a path that begins with /"),
          .help = "To which paths of the API, like /metrics; a * at the end takes all below."),
};
STRUCT(rule, "Rule", "One permission.");

static const struct schema_field role_fields[] = {
    NAMED_FIELDS("deployer"),
    FIELD("Rules", "rules", STRUCT, LIST, .of = &table_rule, .required = true,
          .help = "What it permits. Nothing is forbidden by a rule; what no rule permits is."),
};
STRUCT(role, "Role", "What somebody may do.", .kind = "role");

static const struct schema_field role_binding_fields[] = {
    NAMED_FIELDS("payments-operators"),
    FIELD("Role", "role", STRING, .required = true, IS_REF("role"),
          .help = "The role: one that is declared, or viewer, operator, admin."),
    FIELD("Users", "users", STRING, LIST, .help = "Who has it."),
    FIELD("Groups", "groups", STRING, LIST, .help = "Which groups have it."),
    FIELD("Scope", "scope", STRING,
          PATTERN("cluster|namespace/" TABLE_SPACE, "cluster, or namespace/NAME"),
          .help = "Where it holds: cluster, or namespace/NAME. Without it, in its own namespace."),
};
STRUCT(role_binding, "RoleBinding", "Who has which role, and where.", .kind = "rolebinding");

/* ---- the proxy ---- */

static const struct schema_field upstream_fields[] = {
    FIELD("URL", "url", STRING, .required = true, IS_HTTP_URL, .help = "The server."),
    FIELD("Weight", "weight", INT, .dflt = "1", RANGE(1, 1000),
          .help = "Its part of the requests, beside the others' weights."),
    FIELD("Asset", "asset", STRING, IS_REF("asset"),
          .help = "Gets no requests while this asset is Failed."),
};
STRUCT(upstream, "Upstream", "A server that requests are passed on to.");

static const struct schema_field route_fields[] = {
    NAMED_FIELDS("shop"),
    FIELD("Path", "path", STRING, .required = true, PATTERN("/\\S*", "a path that begins with /"),
          .help = "Requests whose path begins so. Of several routes the longest path wins."),
    FIELD("Host", "host", STRING, .help = "Only requests for this host."),
    FIELD("Upstreams", "upstreams", STRUCT, LIST, .of = &table_upstream, .required = true,
          .has_max = true, .max = 1000, .help = "The servers that they are passed on to."),
    FIELD("StripPath", "strip_path", BOOL, .help = "Takes Path off before it passes them on."),
    FIELD("Timeout", "timeout", DURATION, .dflt = "30s", RANGE(TABLE_MS, TABLE_HOUR),
          .help = "How long an upstream may take to begin its answer."),
    FIELD("Retries", "retries", INT, POINTER, .dflt = "1", RANGE(0, 10),
          .help = "Further upstreams that are tried for a request that may be repeated."),
    FIELD("BodyBytesMax", "body_bytes_max", INT, .dflt = "16777216", IS_BYTES_MAX,
          .help = "A longer request is refused."),
};
STRUCT(route, "Route", "Requests that are passed on to other servers.", .kind = "route");

/* ---- pipelines ---- */

static const struct schema_field otlp_fields[] = {
    FIELD("Listen", "listen", STRING, .dflt = "127.0.0.1:4317", IS_LISTEN,
          .help = "Where OTLP over gRPC is taken."),
    FIELD("HTTPListen", "http_listen", STRING, .dflt = "127.0.0.1:4318", IS_LISTEN,
          .help = "Where OTLP over HTTP is taken."),
};
STRUCT(otlp, "OTLP", "Takes OpenTelemetry.");

static const struct schema_field forward_fields[] = {
    FIELD("Listen", "listen", STRING, .dflt = "127.0.0.1:24224", IS_LISTEN,
          .help = "Where the forward protocol of Fluentd and Fluent Bit is taken."),
};
STRUCT(forward, "Forward", "Takes records of Fluentd and Fluent Bit.");

static const struct schema_field syslog_fields[] = {
    FIELD("Listen", "listen", STRING, .dflt = "127.0.0.1:5514", IS_LISTEN,
          .help = "Where syslog is taken, over UDP and TCP."),
    FIELD("Format", "format", STRING, .words = syslog_formats,
          .help = "How lines are written. Without it, told by each line."),
};
STRUCT(syslog, "Syslog", "Takes syslog.");

static const struct schema_field tail_fields[] = {
    FIELD("Paths", "paths", STRING, LIST, .required = true, IS_PATH,
          .help = "Files that are followed; * stands for any part of a name."),
};
STRUCT(tail, "Tail", "Follows log files.");

static const struct schema_field scrapes_fields[] = {
    FIELD("Names", "names", STRING, LIST, IS_REF("scrape"),
          .help = "Which scrapes. Without it all of the namespace."),
};
STRUCT(scrapes, "ScrapeInput", "Takes what scrapes read.");

static const struct schema_field input_fields[] = {
    FIELD("OTLP", "otlp", STRUCT, CHOICE(otlp), .help = "Takes OpenTelemetry."),
    FIELD("Forward", "forward", STRUCT, CHOICE(forward),
          .help = "Takes records of Fluentd and Fluent Bit."),
    FIELD("Syslog", "syslog", STRUCT, CHOICE(syslog), .help = "Takes syslog."),
    FIELD("Tail", "tail", STRUCT, CHOICE(tail), .help = "Follows log files."),
    FIELD("Scrapes", "scrapes", STRUCT, CHOICE(scrapes), .help = "Takes what scrapes read."),
};
STRUCT(input, "Input", "Where records come from.", .one_of = true);

static const struct schema_field keep_fields[] = {
    FIELD("Match", "match", STRING, TABLE, .required = true,
          .help = "Attributes and the value that each must have; other records are dropped."),
};
STRUCT(keep, "Keep", "Keeps some records.");

static const struct schema_field redact_fields[] = {
    FIELD("Attributes", "attributes", STRING, LIST, .required = true,
          .help = "Attributes whose values are replaced by [redacted]."),
};
STRUCT(redact, "Redact", "Hides values.");

static const struct schema_field sample_fields[] = {
    FIELD("Ratio", "ratio", FLOAT, .required = true, RANGE(0, 1000),
          .help = "The part of traces that is kept, from 0 to 1. All spans of a trace share "
                  "their fate."),
};
STRUCT(sample, "Sample", "Keeps a part of the traces.");

static const struct schema_field transform_fields[] = {
    FIELD("Keep", "keep", STRUCT, CHOICE(keep), .help = "Keeps some records."),
    FIELD("Redact", "redact", STRUCT, CHOICE(redact), .help = "Hides values."),
    FIELD("Sample", "sample", STRUCT, CHOICE(sample), .help = "Keeps a part of the traces."),
};
STRUCT(transform, "Transform", "What is done to records on their way.", .one_of = true);

static const struct schema_field remote_write_fields[] = {
    FIELD("URL", "url", STRING, .required = true, IS_HTTP_URL,
          .help = "The endpoint, like http://prometheus:9090/api/v1/write."),
};
STRUCT(remote_write, "RemoteWrite", "Sends metrics by Prometheus remote write.");

static const struct schema_field loki_fields[] = {
    FIELD("URL", "url", STRING, .required = true, IS_HTTP_URL, .help = "The Loki."),
};
STRUCT(loki, "Loki", "Sends logs to Loki.");

static const struct schema_field kafka_fields[] = {
    FIELD("Brokers", "brokers", STRING, LIST, .required = true, IS_ADDRESS,
          .help = "Brokers to begin with."),
    FIELD("Topic", "topic", STRING, .required = true,
          PATTERN("[A-Za-z0-9._-]{1,249}", "letters, digits, '.', '_' and '-'"),
          .help = "The topic that is written to."),
};
STRUCT(kafka, "Kafka", "Writes records to Kafka.");

static const struct schema_field output_fields[] = {
    FIELD("OTLP", "otlp", STRING, .one_of = true, IS_HTTP_URL,
          .help = "An OpenTelemetry endpoint that records are sent to."),
    FIELD("RemoteWrite", "remote_write", STRUCT, CHOICE(remote_write),
          .help = "Sends metrics by Prometheus remote write."),
    FIELD("Loki", "loki", STRUCT, CHOICE(loki), .help = "Sends logs to Loki."),
    FIELD("Kafka", "kafka", STRUCT, CHOICE(kafka), .help = "Writes records to Kafka."),
    FIELD("QueueBytesMax", "queue_bytes_max", INT, .dflt = "67108864", IS_BYTES_MAX,
          .help = "How much may wait while the sink does not answer; then the oldest is dropped."),
};
STRUCT(output, "Output", "Where records go.", .one_of = true);

static const struct schema_field pipeline_fields[] = {
    NAMED_FIELDS("logs"),
    FIELD("Inputs", "inputs", STRUCT, LIST, .of = &table_input, .required = true,
          .help = "Where records come from."),
    FIELD("Transforms", "transforms", STRUCT, LIST, .of = &table_transform,
          .help = "What is done to them, in order."),
    FIELD("Outputs", "outputs", STRUCT, LIST, .of = &table_output, .required = true,
          .help = "Where they go; each gets all of them."),
};
STRUCT(pipeline, "Pipeline", "Telemetry from its sources to its sinks.", .kind = "pipeline");

/* ---- objectives ---- */

static const struct schema_field objective_alert_fields[] = {
    FIELD("BurnRate", "burn_rate", FLOAT, .required = true, RANGE(1, 1000000),
          .help = "How many times faster than planned the budget is being spent."),
    FIELD("Window", "window", DURATION, .required = true, RANGE(TABLE_MINUTE, 31 * TABLE_DAY),
          .help = "Measured over so long, and over a twelfth of it."),
    FIELD("Receiver", "receiver", STRING, .required = true, IS_REF("receiver"),
          .help = "Who is told."),
};
STRUCT(objective_alert, "BurnAlert", "When somebody is told that a budget is spent too fast.");

static const struct schema_field slo_fields[] = {
    NAMED_FIELDS("checkout-availability"),
    FIELD("Asset", "asset", STRING, .required = true, IS_REF("asset"),
          .help = "The asset that it is about."),
    FIELD("Check", "check", STRING, IS_REF("check"), .one_of = true,
          .help = "The part of probes of this check that must pass."),
    FIELD("Good", "good", STRING, .one_of = true,
          .help = "A query for the rate of what went well; then Total is needed, too."),
    FIELD("Total", "total", STRING, .help = "A query for the rate of all of it."),
    FIELD("Objective", "objective", FLOAT, .required = true, RANGE(1, 99999), .unit = "percent",
          .help = "The part that must be good, in percent, like 99.9."),
    FIELD("Window", "window", DURATION, .dflt = "720h", RANGE(TABLE_HOUR, 366 * TABLE_DAY),
          .help = "Over the last so long."),
    FIELD("Alerts", "alerts", STRUCT, LIST, .of = &table_objective_alert,
          .help = "When somebody is told that the budget is spent too fast."),
};
STRUCT(slo, "SLO", "How good is good enough, over which time.", .kind = "slo", .one_of = true);

/* ---- adapters ---- */

#define LISTEN_FIELD(DEFAULT)                                                                      \
    FIELD("Listen", "listen", STRING, .dflt = DEFAULT, IS_LISTEN, .help = "Where it is taken.")

static const struct schema_field statsd_fields[] = {LISTEN_FIELD("127.0.0.1:8125")};
STRUCT(statsd, "StatsD", "Takes StatsD metrics over UDP.");
static const struct schema_field graphite_fields[] = {LISTEN_FIELD("127.0.0.1:2003")};
STRUCT(graphite, "Graphite", "Takes Graphite's plain-text metrics over TCP.");
static const struct schema_field influx_fields[] = {LISTEN_FIELD("127.0.0.1:8086")};
STRUCT(influx, "Influx", "Takes InfluxDB line protocol over HTTP.");
static const struct schema_field cloud_events_fields[] = {
    FIELD("Path", "path", STRING, .dflt = "/events",
          PATTERN("/\\S*", "a path that begins with /"), .help = "The path they are posted to."),
};
STRUCT(cloud_events, "CloudEvents", "Takes CloudEvents over HTTP.");
static const struct schema_field push_gateway_fields[] = {
    FIELD("TTL", "ttl", DURATION, .dflt = "5m", RANGE(TABLE_SECOND, 31 * TABLE_DAY),
          .help = "How long pushed metrics stay where the push does not say."),
};
STRUCT(push_gateway, "PushGateway", "Takes metrics pushed as to the Prometheus Pushgateway.");

static const struct schema_field adapter_fields[] = {
    NAMED_FIELDS("statsd"),
    FIELD("StatsD", "stats_d", STRUCT, CHOICE(statsd), .help = "Takes StatsD metrics."),
    FIELD("Graphite", "graphite", STRUCT, CHOICE(graphite), .help = "Takes Graphite's metrics."),
    FIELD("Influx", "influx", STRUCT, CHOICE(influx), .help = "Takes InfluxDB line protocol."),
    FIELD("CloudEvents", "cloud_events", STRUCT, CHOICE(cloud_events),
          .help = "Takes CloudEvents."),
    FIELD("PushGateway", "push_gateway", STRUCT, CHOICE(push_gateway),
          .help = "Takes pushed metrics."),
};
STRUCT(adapter, "Adapter", "A foreign protocol that is taken in.", .kind = "adapter",
       .one_of = true);
