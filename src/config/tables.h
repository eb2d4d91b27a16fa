/* tables.h - the schema as data: what the files table_*.c are made of. Inside of config.
 *
 * A table reads like a form: name, key, type, rules, help. The first sentence of a help is the
 * short form. Patterns keep to what PCRE2 and JSON Schema's ECMA 262 both understand. */
#ifndef FIREBREAK_CONFIG_TABLES_H
#define FIREBREAK_CONFIG_TABLES_H

#include "model/schema.h"

#define TABLE_US     INT64_C(1000)
#define TABLE_MS     INT64_C(1000000)
#define TABLE_SECOND INT64_C(1000000000)
#define TABLE_MINUTE (60 * TABLE_SECOND)
#define TABLE_HOUR   (60 * TABLE_MINUTE)
#define TABLE_DAY    (24 * TABLE_HOUR)

#define FIELD(NAME, KEY, TYPE, ...) {.name = NAME, .key = KEY, .type = SCHEMA_##TYPE, __VA_ARGS__}
#define RANGE(LOW, HIGH)            .has_min = true, .min = (LOW), .has_max = true, .max = (HIGH)
#define LIST                        .shape = SCHEMA_SLICE
#define TABLE                       .shape = SCHEMA_TABLE
#define POINTER                     .shape = SCHEMA_POINTER
/* A pointer to a struct of which exactly one is set. */
#define CHOICE(STRUCT) .shape = SCHEMA_POINTER, .one_of = true, .of = &table_##STRUCT
#define PATTERN(TEXT, WORDS) .pattern = TEXT, .pattern_help = WORDS

#define STRUCT(IDENT, NAME, HELP, ...)                                                             \
    const struct schema_struct table_##IDENT = {.name = NAME,                                      \
                                                .help = HELP,                                      \
                                                .fields = IDENT##_fields,                          \
                                                .field_count = ARRAY_LEN(IDENT##_fields),          \
                                                __VA_ARGS__}

#define TABLE_PORT                                                                                 \
    "(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})"
#define TABLE_HOST \
    "(\\[[0-9A-Fa-f:.]+(%[A-Za-z0-9_.-]+)?\\]|[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?)"
#define TABLE_NAME    "[A-Za-z0-9]([-A-Za-z0-9._]{0,93}[A-Za-z0-9])?"
enum { TABLE_NAME_BYTES_MAX = 95 };
#define TABLE_SPACE   "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
#define TABLE_REF     "(" TABLE_SPACE "/)?" TABLE_NAME
#define IS_NAME       PATTERN(TABLE_NAME, "letters, digits, '-', '_' and '.', at most 95 bytes")
#define IS_REF(KIND)                                                                               \
    .ref = KIND, PATTERN(TABLE_REF, "a name, or NAMESPACE/NAME")
#define IS_ADDRESS    PATTERN(TABLE_HOST ":" TABLE_PORT, "HOST:PORT")
#define IS_LISTEN     PATTERN(TABLE_HOST "?:" TABLE_PORT, "HOST:PORT, or :PORT for every address")
#define IS_HTTP_URL   PATTERN("https?://[^\\s/?#]+([/?#]\\S*)?", "an http:// or https:// URL")
#define IS_PAGE_URL                                                                                \
    PATTERN("(https?|h2c?)://[^\\s/?#]+([/?#]\\S*)?",                                              \
            "an http:// or https:// URL (h2:// and h2c://: the same in HTTP/2 or not at all)")
#define IS_PATH       PATTERN("/[^\\x00]*", "an absolute path")
#define IS_UNIT                                                                                    \
    PATTERN("[-A-Za-z0-9:_.\\\\@]{1,255}", "a name of systemd's, like nginx.service")
#define IS_SHA256     PATTERN("[0-9A-Fa-f]{64}", "64 hex digits")
#define IS_TOKEN      PATTERN("[!#$%&'*+.^_`|~0-9A-Za-z-]+", "an HTTP token")
#define IS_STATUS                                                                                  \
    PATTERN("[1-5](xx|[0-9]{2}(-[1-5][0-9]{2})?)", "a status, a class like 3xx, or a range")
#define IS_BYTES_MAX  RANGE(1, INT64_C(1) << 30), .unit = "bytes"

/* With these every named kind begins. */
#define NAMED_FIELDS(EXAMPLE)                                                                      \
    FIELD("Name", "name", STRING, .required = true, IS_NAME,                                       \
          .help = "Its name, unique among its kind and namespace. For example " EXAMPLE "."),      \
    FIELD("Namespace", "namespace", STRING, .dflt = "default",                                     \
          PATTERN(TABLE_SPACE, "lower-case letters, digits and '-', at most 63 bytes"),            \
          .help = "The namespace that it lives in. Names refer to things of the same namespace "   \
                  "unless they are written NAMESPACE/NAME."),                                      \
    FIELD("Labels", "labels", STRING, TABLE,                                                       \
          .help = "Words for selecting it and for grouping what it causes, like team: payments.")

extern const struct schema_struct table_config, table_server, table_tls_files, table_jwt,
    table_store, table_log, table_asset, table_blast, table_check, table_tcp, table_http, table_tls,
    table_dns, table_icmp, table_grpc, table_exec, table_process, table_file, table_expr,
    table_log_line, table_heartbeat, table_unix, table_redis, table_postgres, table_web_socket,
    table_ntp, table_ssh, table_chain, table_chain_step, table_scrape, table_remedy, table_when,
    table_action, table_restart, table_run, table_workflow, table_step, table_patch, table_scale,
    table_failover, table_notify, table_receiver, table_webhook, table_alertmanager, table_email,
    table_chat, table_schedule, table_role, table_rule, table_role_binding, table_route,
    table_upstream, table_pipeline, table_input, table_transform, table_output, table_otlp,
    table_forward, table_syslog, table_tail, table_scrapes, table_keep, table_redact, table_sample,
    table_remote_write, table_loki, table_kafka, table_slo, table_objective_alert, table_adapter,
    table_statsd, table_graphite, table_influx, table_cloud_events, table_push_gateway;

#endif
