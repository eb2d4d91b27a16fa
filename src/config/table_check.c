#include "config/tables.h"

static const char *const severities[] = {"degraded", "failed", NULL};
static const char *const record_types[] = {"A",   "AAAA", "CNAME", "MX",  "NS", "TXT",
                                           "SOA", "SRV",  "PTR",   "CAA", NULL};
static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS",
                                      NULL};

static const struct schema_field blast_fields[] = {
    FIELD("Max", "max", INT, RANGE(1, 100000), .one_of = true,
          .help = "How many of the group may be under repair at the same time."),
    FIELD("Percent", "percent", INT, RANGE(1, 100), .unit = "percent", .one_of = true,
          .help = "The same as a part of the group, rounded down but never below one."),
};
STRUCT(blast, "Blast", "How much of a group a repair may touch at the same time.", .one_of = true);

static const struct schema_field asset_fields[] = {
    NAMED_FIELDS("db"),
    FIELD("Owner", "owner", STRING, .help = "Who is asked when it breaks: a team or a person."),
    FIELD("Group", "group", STRING,
          .help = "Assets that stand in for each other. Blast counts over the group."),
    FIELD("Standby", "standby", STRING, IS_REF("asset"),
          .help = "The asset that takes over when this one has failed."),
    FIELD("DesiredHealth", "desired_health", STRING, .dflt = "Healthy",
          .words = (const char *const[]){"Healthy", "Maintenance", NULL},
          .help = "The state that is worked towards."),
    FIELD("DependsOn", "depends_on", STRING, LIST, IS_REF("asset"),
          .help = "Assets that it cannot work without. While one of them is broken, this one is "
                  "not repaired."),
    FIELD("Settle", "settle", DURATION, .dflt = "30s", RANGE(TABLE_MS, TABLE_DAY),
          .help = "How long every check must pass without a miss before it counts as Healthy."),
    FIELD("Blast", "blast", STRUCT, POINTER, .of = &table_blast,
          .help = "How much of its group may be under repair at the same time."),
};
STRUCT(asset, "Asset", "Something that is to be kept healthy.", .kind = "asset");

/* ---- what a check asks ---- */

#define ADDRESS_FIELD(EXAMPLE)                                                                     \
    FIELD("Target", "target", STRING, .required = true, IS_ADDRESS,                                \
          .help = "The address that is asked, HOST:PORT. For example " EXAMPLE ".")
#define TLS_TRUST_FIELDS                                                                           \
    FIELD("CAFile", "ca_file", STRING,                                                             \
          .help = "Trusts these roots (PEM) instead of the system's."),                            \
    FIELD("ServerName", "server_name", STRING,                                                     \
          .help = "The name to ask for and to find in the certificate. Without it, the host."),    \
    FIELD("Insecure", "insecure", BOOL, .help = "Accepts any certificate.")
#define HEADER_FIELD                                                                               \
    FIELD("Header", "header", STRING, TABLE, .help = "Headers that are sent along.")
#define JSON_FIELD                                                                                 \
    FIELD("JSON", "json", STRING, TABLE,                                                           \
          .help = "Values that the answer's JSON must have, by path, like $.status: up.")
#define ARGV_FIELD                                                                                 \
    FIELD("Argv", "argv", STRING, LIST, .required = true, .has_max = true, .max = 64,              \
          .help = "The program and its arguments, as they are: no shell looks at them.")

static const struct schema_field tcp_fields[] = {ADDRESS_FIELD("127.0.0.1:5432")};
STRUCT(tcp, "TCP", "Whether a port accepts a connection.");

static const struct schema_field http_fields[] = {
    FIELD("URL", "url", STRING, .required = true, IS_PAGE_URL,
          .help = "The page that is asked for."),
    FIELD("Method", "method", STRING, .dflt = "GET", .words = methods,
          .help = "The request's method."),
    HEADER_FIELD,
    FIELD("Status", "status", STRING, LIST, IS_STATUS,
          .help = "Statuses that are well: numbers, classes like 3xx, ranges like 500-503. "
                  "Without it 2xx and 3xx."),
    FIELD("Body", "body", STRING, .is_regex = true,
          .help = "A regular expression (PCRE2) that the body must match."),
    JSON_FIELD,
    FIELD("Redirects", "redirects", INT, POINTER, .dflt = "5", RANGE(0, 50),
          .help = "How many redirects are followed."),
    TLS_TRUST_FIELDS,
};
STRUCT(http, "HTTP", "Whether a page is served, and says what it should.");

static const struct schema_field tls_fields[] = {
    ADDRESS_FIELD("example.com:443"),
    FIELD("DaysLeft", "days_left", INT, POINTER, .dflt = "14", RANGE(0, 36500), .unit = "days",
          .help = "Fails when the certificate ends within so many days."),
    TLS_TRUST_FIELDS,
};
STRUCT(tls, "TLS", "Whether a TLS handshake succeeds, and the certificate is not due.");

static const struct schema_field dns_fields[] = {
    FIELD("Server", "server", STRING, PATTERN(TABLE_HOST "(:" TABLE_PORT ")?", "HOST or HOST:PORT"),
          .help = "The name server that is asked. Without it, the system's."),
    FIELD("Name", "name", STRING, .required = true,
          PATTERN("[^\\s/?#]{1,255}", "a domain name"), .help = "The name that is looked up."),
    FIELD("Type", "type", STRING, .dflt = "A", .words = record_types,
          .help = "The type of record that is asked for."),
    FIELD("Want", "want", STRING, LIST,
          .help = "Answers that must be among those given, like 10.1.2.3. Without it any will do."),
};
STRUCT(dns, "DNS", "Whether a name is answered.");

static const struct schema_field icmp_fields[] = {
    FIELD("Target", "target", STRING, .required = true,
          PATTERN("[^\\s/?#\\[\\]]+", "a host, without a port"),
          .help = "The host that is pinged."),
};
STRUCT(icmp, "ICMP", "Whether a host answers an echo request.");

static const struct schema_field grpc_fields[] = {
    ADDRESS_FIELD("127.0.0.1:50051"),
    FIELD("Service", "service", STRING,
          .help = "The service whose health is asked for. Empty: the server as a whole."),
    FIELD("TLS", "tls", BOOL, .help = "Whether the server is spoken to over TLS."),
    TLS_TRUST_FIELDS,
};
STRUCT(grpc, "GRPC", "Whether a gRPC server says SERVING (grpc.health.v1).");

static const struct schema_field exec_fields[] = {
    ARGV_FIELD,
    JSON_FIELD,
};
STRUCT(exec, "Exec", "Whether a program exits with 0.");

static const struct schema_field process_fields[] = {
    FIELD("Name", "name", STRING, .one_of = true, .help = "The program's name, as ps shows it."),
    FIELD("PIDFile", "pid_file", STRING, .one_of = true, IS_PATH,
          .help = "A file that holds its process number."),
    FIELD("Unit", "unit", STRING, .one_of = true, IS_UNIT,
          .help = "Its systemd unit, like nginx.service."),
};
STRUCT(process, "Process", "Whether a process runs.", .one_of = true);

static const struct schema_field file_fields[] = {
    FIELD("Path", "path", STRING, .required = true, IS_PATH, .help = "The file that is looked at."),
    FIELD("SHA256", "sha256", STRING, IS_SHA256, .help = "The checksum of what it must hold."),
    FIELD("Mode", "mode", STRING, PATTERN("0?[0-7]{3,4}", "an octal mode like 0644"),
          .help = "The permissions that it must have, like \"0644\"."),
    FIELD("Owner", "owner", STRING, .help = "The user that it must belong to."),
};
STRUCT(file, "File", "Whether a file is there, and as it should be.");

static const struct schema_field expr_fields[] = {
    FIELD("Query", "query", STRING, .required = true, .is_query = true,
          .help = "A query that is true while something is wrong, like cpu_ratio > 0.9 for 2m."),
};
STRUCT(expr, "Expr", "Whether a query over recent metrics is false.");

static const struct schema_field log_line_fields[] = {
    FIELD("Path", "path", STRING, .required = true, IS_PATH, .help = "The log file."),
    FIELD("Pattern", "pattern", STRING, .required = true, .is_regex = true,
          .help = "A regular expression (PCRE2); a new line that matches it is a miss."),
};
STRUCT(log_line, "LogLine", "Whether a log stays free of lines that match.");

static const struct schema_field heartbeat_fields[] = {
    FIELD("Within", "within", DURATION, .required = true, RANGE(TABLE_SECOND, 31 * TABLE_DAY),
          .help = "The longest time between two signs of life."),
};
STRUCT(heartbeat, "Heartbeat", "Whether a sign of life comes often enough.");

static const struct schema_field unix_fields[] = {
    FIELD("Path", "path", STRING, .required = true,
          PATTERN("[/@][^\\x00]{1,106}", "an absolute path or @NAME, at most 107 bytes"),
          .help = "The socket's path; @NAME for an abstract one."),
};
STRUCT(unix, "Unix", "Whether a unix socket accepts a connection.");

static const struct schema_field redis_fields[] = {ADDRESS_FIELD("127.0.0.1:6379")};
STRUCT(redis, "Redis", "Whether a Redis answers PING and is not loading.");

static const struct schema_field postgres_fields[] = {ADDRESS_FIELD("127.0.0.1:5432")};
STRUCT(postgres, "Postgres", "Whether a PostgreSQL accepts clients.");

static const struct schema_field web_socket_fields[] = {
    FIELD("URL", "url", STRING, .required = true,
          PATTERN("wss?://[^\\s/?#]+([/?#]\\S*)?", "a ws:// or wss:// URL"),
          .help = "The endpoint that is opened."),
    TLS_TRUST_FIELDS,
};
STRUCT(web_socket, "WebSocket", "Whether a WebSocket can be opened.");

static const struct schema_field ntp_fields[] = {
    FIELD("Target", "target", STRING, .required = true,
          PATTERN(TABLE_HOST "(:" TABLE_PORT ")?", "HOST or HOST:PORT"),
          .help = "The time server that is asked."),
    FIELD("OffsetMax", "offset_max", DURATION, .dflt = "100ms", RANGE(TABLE_US, TABLE_HOUR),
          .help = "How far our clock may be from the server's."),
};
STRUCT(ntp, "NTP", "Whether a time server answers and clocks agree.");

static const struct schema_field ssh_fields[] = {
    ADDRESS_FIELD("host.example:22"),
    FIELD(
        "HostKey", "host_key", STRING,
        PATTERN("SHA256:[A-Za-z0-9+/]{43}=?|[0-9A-Fa-f]{64}", "SHA256:… as ssh-keygen -l shows it"),
        .help = "The fingerprint that the host's key must have, as ssh-keygen -l shows it."),
};
STRUCT(ssh, "SSH", "Whether an SSH server answers, with the key that is known.");

static const struct schema_field chain_step_fields[] = {
    FIELD("TCP", "tcp", STRUCT, CHOICE(tcp), .help = "Whether a port accepts a connection."),
    FIELD("HTTP", "http", STRUCT, CHOICE(http), .help = "Asks for a page."),
    FIELD("TLS", "tls", STRUCT, CHOICE(tls), .help = "Makes a TLS handshake."),
    FIELD("DNS", "dns", STRUCT, CHOICE(dns), .help = "Looks a name up."),
    FIELD("GRPC", "grpc", STRUCT, CHOICE(grpc), .help = "Asks a gRPC server for its health."),
    FIELD("Exec", "exec", STRUCT, CHOICE(exec), .help = "Runs a program."),
    FIELD("Unix", "unix", STRUCT, CHOICE(unix), .help = "Connects to a unix socket."),
    FIELD("Redis", "redis", STRUCT, CHOICE(redis), .help = "Sends PING to a Redis."),
    FIELD("Postgres", "postgres", STRUCT, CHOICE(postgres), .help = "Greets a PostgreSQL."),
    FIELD("WebSocket", "web_socket", STRUCT, CHOICE(web_socket), .help = "Opens a WebSocket."),
    FIELD("Capture", "capture", STRING, TABLE,
          PATTERN("(json|regex):.+", "json:PATH or regex:RE"),
          .help = "Values taken from the answer, NAME: json:PATH or NAME: regex:RE. Later steps "
                  "use them as ${NAME}."),
};
STRUCT(chain_step, "ChainStep", "One step of a chain.", .one_of = true);

static const struct schema_field chain_fields[] = {
    FIELD("Steps", "steps", STRUCT, LIST, .of = &table_chain_step, .required = true,
          .has_max = true, .max = 32, .help = "The steps, in order; the first miss ends it."),
};
STRUCT(chain, "Chain", "Whether several questions in a row are all answered well.");

static const struct schema_field check_fields[] = {
    NAMED_FIELDS("db-port"),
    FIELD("Asset", "asset", STRING, .required = true, IS_REF("asset"),
          .help = "The asset whose health it tells."),
    FIELD("Every", "every", DURATION, .dflt = "10s", RANGE(10 * TABLE_MS, 31 * TABLE_DAY),
          .help = "From one probe to the next."),
    FIELD("EveryFailed", "every_failed", DURATION, .dflt = "1s",
          RANGE(10 * TABLE_MS, 31 * TABLE_DAY),
          .help = "The same after a miss, where that is sooner."),
    FIELD("Timeout", "timeout", DURATION, .dflt = "2s", RANGE(TABLE_MS, TABLE_HOUR),
          .help = "Time for one attempt, all phases. Never longer than Every."),
    FIELD("For", "for", DURATION, RANGE(TABLE_MS, 31 * TABLE_DAY),
          .help = "Counts as a miss only after it lasted so long."),
    FIELD("Fail", "fail", INT, .dflt = "2", RANGE(1, 1000),
          .help = "Misses in a row before the check has failed."),
    FIELD("Pass", "pass", INT, .dflt = "1", RANGE(1, 1000),
          .help = "Passes in a row before it is well again."),
    FIELD("Observers", "observers", INT, .dflt = "1", RANGE(1, 100),
          .help = "How many control planes on one store ask; 1: only the one that has the asset."),
    FIELD("Agree", "agree", INT, RANGE(1, 100),
          .help = "How many of the observers must see a miss before it counts. Without it more "
                  "than half."),
    FIELD("Retries", "retries", INT, POINTER, RANGE(0, 63),
          .help = "Further attempts after a failed one, before it is a miss. Without it none."),
    FIELD("Severity", "severity", STRING, .words = severities,
          .help = "What a failed check does to its asset. Without it degraded for Expr, LogLine "
                  "and a certificate that is due, failed for all others."),
    FIELD("TCP", "tcp", STRUCT, CHOICE(tcp), .help = "Whether a port accepts a connection."),
    FIELD("HTTP", "http", STRUCT, CHOICE(http),
          .help = "Whether a page is served, and says what it should."),
    FIELD("TLS", "tls", STRUCT, CHOICE(tls),
          .help = "Whether a TLS handshake succeeds, and the certificate is not due."),
    FIELD("DNS", "dns", STRUCT, CHOICE(dns), .help = "Whether a name is answered."),
    FIELD("ICMP", "icmp", STRUCT, CHOICE(icmp), .help = "Whether a host answers an echo request."),
    FIELD("GRPC", "grpc", STRUCT, CHOICE(grpc), .help = "Whether a gRPC server says SERVING."),
    FIELD("Exec", "exec", STRUCT, CHOICE(exec), .help = "Whether a program exits with 0."),
    FIELD("Process", "process", STRUCT, CHOICE(process), .help = "Whether a process runs."),
    FIELD("File", "file", STRUCT, CHOICE(file),
          .help = "Whether a file is there, and as it should be."),
    FIELD("Expr", "expr", STRUCT, CHOICE(expr),
          .help = "Whether a query over recent metrics is false."),
    FIELD("LogLine", "log_line", STRUCT, CHOICE(log_line),
          .help = "Whether a log stays free of lines that match."),
    FIELD("Heartbeat", "heartbeat", STRUCT, CHOICE(heartbeat),
          .help = "Whether a sign of life comes often enough."),
    FIELD("Unix", "unix", STRUCT, CHOICE(unix), .help = "Whether a unix socket is answered."),
    FIELD("Redis", "redis", STRUCT, CHOICE(redis), .help = "Whether a Redis answers PING."),
    FIELD("Postgres", "postgres", STRUCT, CHOICE(postgres),
          .help = "Whether a PostgreSQL accepts clients."),
    FIELD("WebSocket", "web_socket", STRUCT, CHOICE(web_socket),
          .help = "Whether a WebSocket can be opened."),
    FIELD("NTP", "ntp", STRUCT, CHOICE(ntp), .help = "Whether clocks agree."),
    FIELD("SSH", "ssh", STRUCT, CHOICE(ssh),
          .help = "Whether an SSH server answers, with the key that is known."),
    FIELD("Chain", "chain", STRUCT, CHOICE(chain),
          .help = "Whether several questions in a row are all answered well."),
};
STRUCT(check, "Check", "A question that is asked of an asset again and again. It asks one thing.",
       .kind = "check", .one_of = true);

static const struct schema_field scrape_fields[] = {
    NAMED_FIELDS("node-metrics"),
    FIELD("Asset", "asset", STRING, IS_REF("asset"), .help = "The asset that the metrics are of."),
    FIELD("URL", "url", STRING, .required = true, IS_HTTP_URL,
          .help = "The page that is asked for."),
    FIELD("Every", "every", DURATION, .dflt = "15s", RANGE(100 * TABLE_MS, TABLE_DAY),
          .help = "From one reading to the next."),
    FIELD("Timeout", "timeout", DURATION, .dflt = "5s", RANGE(TABLE_MS, TABLE_HOUR),
          .help = "Time for one reading. Never longer than Every."),
    FIELD("BodyBytesMax", "body_bytes_max", INT, .dflt = "16777216", IS_BYTES_MAX,
          .help = "A longer page is not taken."),
    FIELD("SamplesMax", "samples_max", INT, .dflt = "100000", RANGE(1, 10000000),
          .help = "A page with more samples is not taken."),
    HEADER_FIELD,
    FIELD("Username", "username", STRING,
          .help = "Who asks, where the page wants a name and a password (basic)."),
    FIELD("PasswordFile", "password_file", STRING, IS_PATH,
          .help = "A file with the password of Username, read anew for each reading."),
    FIELD("TokenFile", "token_file", STRING, IS_PATH,
          .help = "A file with a token that is sent as Authorization: Bearer, read anew for each "
                  "reading."),
    TLS_TRUST_FIELDS,
    FIELD("CertFile", "cert_file", STRING, IS_PATH,
          .help = "Our own certificate (PEM, its chain behind it), for a server that wants one."),
    FIELD("KeyFile", "key_file", STRING, IS_PATH,
          .help = "The key of CertFile (PEM). Without it, it stands in CertFile."),
};
STRUCT(scrape, "Scrape", "A page of metrics (OpenMetrics or Prometheus text).", .kind = "scrape");
