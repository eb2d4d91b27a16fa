#include "config/schema.h"

#include "config/tables.h"

static const char *const log_levels[] = {"debug", "info", "warn", "error", "off", NULL};
static const char *const log_formats[] = {"json", "console", NULL};
static const char *const algorithms[] = {"RS256", "ES256", "EdDSA", "HS256", NULL};

static const struct schema_field tls_files_fields[] = {
    FIELD("CertFile", "cert_file", STRING, .required = true,
          .help = "The certificate with its chain, PEM. It is read again when it changes."),
    FIELD("KeyFile", "key_file", STRING, .required = true,
          .help = "The private key of the certificate, PEM."),
    FIELD("ClientCAFile", "client_ca_file", STRING,
          .help = "Roots (PEM) that a client's certificate must come from. Without it clients "
                  "need none."),
};
STRUCT(tls_files, "TLSFiles", "The files that a TLS server needs.");

static const struct schema_field jwt_fields[] = {
    FIELD("Issuer", "issuer", STRING, .help = "The `iss` that a token must have. Empty: any."),
    FIELD("Audience", "audience", STRING, .help = "The `aud` that a token must name. Empty: any."),
    FIELD("JWKS", "jwks", STRING, .one_of = true, IS_HTTP_URL,
          .help = "Where the signers' public keys are published. They are fetched when a token "
                  "names a key that is not known yet."),
    FIELD("KeyFile", "key_file", STRING, .one_of = true,
          .help = "The signers' public key (PEM), or the shared secret of HS256, in a file."),
    FIELD("Algorithms", "algorithms", STRING, LIST, .words = algorithms,
          .help = "The signature algorithms that are accepted. Empty: RS256, ES256 and EdDSA."),
    FIELD("UserClaim", "user_claim", STRING, .dflt = "sub",
          .help = "The claim that holds the user's name."),
    FIELD("GroupsClaim", "groups_claim", STRING, .dflt = "groups",
          .help = "The claim that holds the list of the user's groups."),
    FIELD("Leeway", "leeway", DURATION, .dflt = "30s", RANGE(0, 10 * TABLE_MINUTE),
          .help = "How far clocks may differ where a token's times are checked."),
};
STRUCT(jwt, "JWT", "Whose signed tokens are believed.", .one_of = true);

static const struct schema_field server_fields[] = {
    FIELD("Listen", "listen", STRING, .dflt = "127.0.0.1:7440", IS_LISTEN,
          .help = "Where the API, gRPC, the web page and /metrics are served. One port for all: "
                  "TLS is told from plain text by its first byte."),
    FIELD("AgentListen", "agent_listen", STRING, .dflt = "127.0.0.1:5555", IS_LISTEN,
          .help = "Where agents push what they measure."),
    FIELD("TaskListen", "task_listen", STRING, .dflt = "127.0.0.1:5556", IS_LISTEN,
          .help = "Where agents ask for tasks."),
    FIELD("TLS", "tls", STRUCT, POINTER, .of = &table_tls_files,
          .help = "Serves TLS with these files. Without it only plain text is served."),
    FIELD("JWT", "jwt", STRUCT, POINTER, .of = &table_jwt,
          .help = "Accepts signed tokens of an identity provider."),
};
STRUCT(server, "Server", "Where this program listens, and whom it believes.");

#define STORE_HOST TABLE_HOST "(:" TABLE_PORT ")?"

static const struct schema_field store_fields[] = {
    FIELD("URL", "url", STRING,
          PATTERN("sqlite:\\S+/store\\.db|etcd://([^\\s/@?]+@)?" STORE_HOST "(," STORE_HOST
                  ")*/?(\\?\\S+)?",
                  "sqlite:FOLDER/store.db, or etcd://[USER@]HOST:PORT,HOST:PORT[?OPTION=VALUE&…]"),
          .help = "Where state is kept: sqlite:FOLDER/store.db, or etcd://HOST:PORT,HOST:PORT. "
                  "Without it, store.db in the data folder. The options of etcd are tls=true, ca, "
                  "cert, key and server_name, password_file and password_env."),
    FIELD("Prefix", "prefix", STRING,
          PATTERN("(/[A-Za-z0-9._-]+)+", "a path like /firebreak, without a slash at its end"),
          .help = "Stands before every key, so that several fleets can share one store."),
    FIELD("LeaseTTL", "lease_ttl", DURATION, .dflt = "5s", RANGE(TABLE_SECOND, 10 * TABLE_MINUTE),
          .help = "How long a node or leader may be silent before others take over."),
};
STRUCT(store, "Store", "Where state is kept.");

static const struct schema_field log_fields[] = {
    FIELD("Level", "level", STRING, .dflt = "warn", .words = log_levels,
          .help = "The least level that is logged."),
    FIELD("Format", "format", STRING, .words = log_formats,
          .help = "How a line is written. Without it: console on a terminal, json elsewhere."),
    FIELD("Levels", "levels", STRING, TABLE, .words = log_levels,
          .help = "Levels of single loggers, like observe.dns: debug. A name holds for all "
                  "below it."),
};
STRUCT(log, "Log", "What this program logs about itself.");

#define OBJECTS(NAME, KEY, STRUCT_, HELP)                                                          \
    FIELD(NAME, KEY, STRUCT, LIST, .of = &table_##STRUCT_, .merge = SCHEMA_MERGE_BY_KEY,           \
          .help = HELP)

static const struct schema_field config_fields[] = {
    FIELD("Server", "server", STRUCT, .of = &table_server,
          .help = "Where this program listens, and whom it believes."),
    FIELD("Store", "store", STRUCT, .of = &table_store, .help = "Where state is kept."),
    FIELD("Log", "log", STRUCT, .of = &table_log, .help = "What this program logs about itself."),
    OBJECTS("Assets", "assets", asset, "What is to be kept healthy."),
    OBJECTS("Checks", "checks", check, "What is asked, how often, and what counts as well."),
    OBJECTS("Scrapes", "scrapes", scrape, "Pages of metrics that are read again and again."),
    OBJECTS("Remedies", "remedies", remedy, "What repairs an asset, and when it may."),
    OBJECTS("Receivers", "receivers", receiver, "Who is told."),
    OBJECTS("Schedules", "schedules", schedule, "What runs at which times."),
    OBJECTS("Roles", "roles", role, "What somebody may do."),
    OBJECTS("RoleBindings", "role_bindings", role_binding, "Who has which role, and where."),
    OBJECTS("Routes", "routes", route, "Requests that are passed on to other servers."),
    OBJECTS("Pipelines", "pipelines", pipeline, "Telemetry from its sources to its sinks."),
    OBJECTS("SLOs", "slos", slo, "How good is good enough, over which time."),
    OBJECTS("Adapters", "adapters", adapter, "Foreign protocols that are taken in."),
};
STRUCT(config, "Config",
       "Everything that Firebreak is told. Each list may come from several sources: objects of "
       "equal name and namespace are merged, the others are joined.");

static const struct schema_struct *const structs[] = {
    &table_config,     &table_server,      &table_tls_files, &table_jwt,
    &table_store,      &table_log,         &table_asset,     &table_blast,
    &table_check,      &table_tcp,         &table_http,      &table_tls,
    &table_dns,        &table_icmp,        &table_grpc,      &table_exec,
    &table_process,    &table_file,        &table_expr,      &table_log_line,
    &table_heartbeat,  &table_unix,        &table_redis,     &table_postgres,
    &table_web_socket, &table_ntp,         &table_ssh,       &table_chain,
    &table_chain_step, &table_scrape,      &table_remedy,    &table_when,
    &table_action,     &table_restart,     &table_run,       &table_workflow,
    &table_step,       &table_patch,       &table_scale,     &table_failover,
    &table_notify,     &table_receiver,    &table_webhook,   &table_alertmanager,
    &table_email,      &table_chat,        &table_schedule,  &table_role,
    &table_rule,       &table_role_binding, &table_route,    &table_upstream,
    &table_pipeline,   &table_input,       &table_otlp,      &table_forward,
    &table_syslog,     &table_tail,        &table_scrapes,   &table_transform,
    &table_keep,       &table_redact,      &table_sample,    &table_output,
    &table_remote_write, &table_loki,      &table_kafka,     &table_slo,
    &table_objective_alert, &table_adapter, &table_statsd,   &table_graphite,
    &table_influx,     &table_cloud_events, &table_push_gateway, NULL,
};

const struct schema config_schema = {.root = &table_config, .structs = structs};
