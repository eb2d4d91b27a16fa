#include "config/tables.h"

static const char *const repaired_states[] = {"Degraded", "Failed", NULL};
static const char *const chat_formats[] = {"slack", "teams", "discord", NULL};
static const char *const misfires[] = {"skip", "run_once", "catch_up", NULL};
static const char *const overlaps[] = {"allow", "forbid", "replace", NULL};

/* ---- actions ---- */

static const struct schema_field restart_fields[] = {
    FIELD("Unit", "unit", STRING, .one_of = true, IS_UNIT,
          .help = "The systemd unit that is restarted, like nginx.service."),
    FIELD("Process", "process", STRING, .one_of = true,
          .help = "The process, by name, that is ended with SIGTERM and started again as it was: "
                  "with its command line, environment, folder, user and limits. Nothing is "
                  "done where several services have that name: a server and its workers are one."),
};
STRUCT(restart, "Restart", "Restarts a service.", .one_of = true);

static const struct schema_field run_fields[] = {
    FIELD("Argv", "argv", STRING, LIST, .required = true, .has_max = true, .max = 1024,
          .help = "The program and its arguments, as they are: no shell looks at them."),
    FIELD("Timeout", "timeout", DURATION, .dflt = "1m", RANGE(TABLE_MS, 31 * TABLE_DAY),
          .help = "It is ended after so long."),
    FIELD("User", "user", STRING, .help = "The user it runs as. Without it, ours."),
    FIELD("Env", "env", STRING, TABLE, .help = "Variables added to its environment."),
    FIELD("Dir", "dir", STRING, IS_PATH, .help = "The folder it starts in."),
    FIELD("Retries", "retries", INT, RANGE(0, 100),
          .help = "Further attempts after a failed one. Without it none."),
    FIELD("Backoff", "backoff", DURATION, .dflt = "1s", RANGE(TABLE_MS, TABLE_DAY),
          .help = "The pause before the first further attempt; it doubles each time."),
    FIELD("Deadline", "deadline", DURATION, RANGE(TABLE_MS, 365 * TABLE_DAY),
          .help = "Not begun any more after it waited so long."),
    FIELD("Priority", "priority", INT, RANGE(-100, 100),
          .help = "Of tasks that wait, the one with the higher number goes first."),
    FIELD("Concurrency", "concurrency", STRING,
          .help = "A word; of the tasks that share it one runs at a time."),
    FIELD("OutputBytesMax", "output_bytes_max", INT, .dflt = "1048576", IS_BYTES_MAX,
          .help = "How much of its output is kept."),
};
STRUCT(run, "Run", "Runs a program.");

static const struct schema_field step_fields[] = {
    FIELD("Name", "name", STRING, .required = true, IS_NAME,
          .help = "Its name, unique in the workflow."),
    FIELD("Needs", "needs", STRING, LIST, IS_NAME,
          .help = "Steps that must have succeeded, or been passed over, before it begins."),
    FIELD("If", "if", STRING,
          .help = "A condition over what former steps said and how they ended, like "
                  "steps.look.FULL == \"yes\" and not steps.fix.skipped. Where it is not met, the "
                  "step is passed over, and what needs it begins all the same."),
    FIELD("Do", "do", STRUCT, .of = &table_action, .required = true, .help = "What the step does."),
    FIELD("Rollback", "rollback", STRUCT, POINTER, .of = &table_action,
          .help = "What undoes it, once it succeeded, when the workflow fails or is canceled."),
};
STRUCT(step, "Step",
       "One step of a workflow. In argv, env, dir and user ${steps.NAME.KEY} is what a former step "
       "wrote into FIREBREAK_OUTPUT.");

static const struct schema_field workflow_fields[] = {
    FIELD("Steps", "steps", STRUCT, LIST, .of = &table_step, .required = true, .has_max = true,
          .max = 256, .help = "The steps. Those that do not need each other run side by side."),
};
STRUCT(workflow, "Workflow", "Several actions that depend on each other.");

static const struct schema_field patch_fields[] = {
    FIELD("Path", "path", STRING, .required = true, IS_PATH, .help = "The file that is written."),
    FIELD("SHA256", "sha256", STRING, .required = true, IS_SHA256,
          .help = "The checksum of what it will hold."),
    FIELD("From", "from", STRING, .required = true,
          PATTERN("/[^\\x00]*|https?://[^\\s/?#]+([/?#]\\S*)?|backup",
                  "an absolute path, an URL, or backup"),
          .help = "Where its content is taken from: a path or an URL. With backup, what the "
                  "content of that checksum has replaced is put back, as long as that is there."),
};
STRUCT(patch, "Patch", "Puts a file back to what it should be.");

static const struct schema_field scale_fields[] = {
    FIELD("Argv", "argv", STRING, LIST, .one_of = true, .has_max = true, .max = 1024,
          .help = "A program that scales."),
    FIELD("URL", "url", STRING, .one_of = true, IS_HTTP_URL, .help = "An URL that is posted to."),
};
STRUCT(scale, "Scale", "Asks for more or less of something.", .one_of = true);

static const struct schema_field failover_fields[] = {
    FIELD("To", "to", STRING, IS_REF("asset"),
          .help = "The asset that takes over. Without it, the asset's Standby."),
};
STRUCT(failover, "Failover", "Lets a standby take over.");

static const struct schema_field notify_fields[] = {
    FIELD("Receiver", "receiver", STRING, .required = true, IS_REF("receiver"),
          .help = "Who is told."),
};
STRUCT(notify, "Notify", "Tells somebody.");

static const struct schema_field action_fields[] = {
    FIELD("Restart", "restart", STRUCT, CHOICE(restart), .help = "Restarts a service."),
    FIELD("Run", "run", STRUCT, CHOICE(run), .help = "Runs a program."),
    FIELD("Workflow", "workflow", STRUCT, CHOICE(workflow),
          .help = "Several actions that depend on each other."),
    FIELD("Patch", "patch", STRUCT, CHOICE(patch), .help = "Puts a file back."),
    FIELD("Scale", "scale", STRUCT, CHOICE(scale), .help = "Asks for more or less of something."),
    FIELD("Failover", "failover", STRUCT, CHOICE(failover), .help = "Lets a standby take over."),
    FIELD("Notify", "notify", STRUCT, CHOICE(notify), .help = "Tells somebody."),
};
STRUCT(action, "Action", "What is done. It does one thing; a workflow does several.",
       .one_of = true);

/* ---- remedies ---- */

static const struct schema_field when_fields[] = {
    FIELD("State", "state", STRING, .words = repaired_states,
          .help = "The asset's state. Without it either of Degraded and Failed."),
    FIELD("Check", "check", STRING, IS_REF("check"), .help = "Only where this check has failed."),
    FIELD("Reason", "reason", STRING,
          PATTERN("[a-z][a-z0-9_]*", "a reason, like refused or http_status"),
          .help = "Only for this reason, like refused or threshold."),
};
STRUCT(when, "When", "Which trouble a remedy is for.");

static const struct schema_field remedy_fields[] = {
    NAMED_FIELDS("restart-db"),
    FIELD("Asset", "asset", STRING, .required = true, IS_REF("asset"),
          .help = "The asset that it repairs."),
    FIELD("When", "when", STRUCT, .of = &table_when, .help = "Which trouble it is for."),
    FIELD("Precondition", "precondition", STRING, .is_query = true,
          .help = "A query that must be true before it begins."),
    FIELD("Do", "do", STRUCT, .of = &table_action, .required = true, .help = "What is done."),
    FIELD("Verify", "verify", STRING, IS_REF("check"),
          .help = "The check of the asset that must pass afterwards. Without it, every one."),
    FIELD("Within", "within", DURATION, .dflt = "30s", RANGE(TABLE_SECOND, TABLE_DAY),
          .help = "How soon after it the asset must be well."),
    FIELD("Cooldown", "cooldown", DURATION, .dflt = "1m", RANGE(TABLE_SECOND, 31 * TABLE_DAY),
          .help = "The pause before it may be tried again."),
    FIELD("MaxPerHour", "max_per_hour", INT, .dflt = "10", RANGE(1, 3600),
          .help = "How often it may run within an hour."),
    FIELD("Rollback", "rollback", STRUCT, POINTER, .of = &table_action,
          .help = "What undoes it when the asset did not get well."),
    FIELD("Then", "then", STRING, IS_REF("remedy"),
          .help = "The remedy that is tried next when this one did not help."),
    FIELD("Approve", "approve", BOOL, .help = "Waits until a person approves."),
};
STRUCT(remedy, "Remedy", "What repairs an asset, and when it may.", .kind = "remedy");

/* ---- receivers ---- */

static const struct schema_field webhook_fields[] = {
    FIELD("URL", "url", STRING, .required = true, IS_HTTP_URL,
          .help = "The URL that is posted to."),
    FIELD("SecretFile", "secret_file", STRING,
          .help = "A file with the secret that bodies are signed with (HMAC SHA-256)."),
};
STRUCT(webhook, "Webhook", "Posts JSON to an URL.");

static const struct schema_field alertmanager_fields[] = {
    FIELD("URL", "url", STRING, .required = true, IS_HTTP_URL, .help = "The Alertmanager."),
};
STRUCT(alertmanager, "Alertmanager", "Hands alerts to a Prometheus Alertmanager.");

static const struct schema_field email_fields[] = {
    FIELD("To", "to", STRING, LIST, .required = true, .has_max = true, .max = 100,
          PATTERN("[^\\s@]+@[^\\s@]+", "a mail address"), .help = "Who gets it."),
    FIELD("From", "from", STRING, .required = true, PATTERN("[^\\s@]+@[^\\s@]+", "a mail address"),
          .help = "The sender."),
    FIELD("Server", "server", STRING, .dflt = "localhost:25", IS_ADDRESS,
          .help = "The mail server."),
};
STRUCT(email, "Email", "Sends mail.");

static const struct schema_field chat_fields[] = {
    FIELD("URL", "url", STRING, .required = true, IS_HTTP_URL, .help = "The incoming webhook."),
    FIELD("Format", "format", STRING, .dflt = "slack", .words = chat_formats,
          .help = "Whose message format is used."),
};
STRUCT(chat, "Chat", "Writes into a chat room.");

static const struct schema_field receiver_fields[] = {
    NAMED_FIELDS("on-call"),
    FIELD("Webhook", "webhook", STRUCT, CHOICE(webhook), .help = "Posts JSON to an URL."),
    FIELD("Alertmanager", "alertmanager", STRUCT, CHOICE(alertmanager),
          .help = "Hands alerts to a Prometheus Alertmanager."),
    FIELD("Email", "email", STRUCT, CHOICE(email), .help = "Sends mail."),
    FIELD("Chat", "chat", STRUCT, CHOICE(chat), .help = "Writes into a chat room."),
    FIELD("GroupBy", "group_by", STRING, LIST,
          .help = "Labels by which messages are joined into one."),
    FIELD("Wait", "wait", DURATION, .dflt = "10s", RANGE(TABLE_MS, TABLE_DAY),
          .help = "How long a first message waits for others of its group."),
    FIELD("Repeat", "repeat", DURATION, .dflt = "4h", RANGE(TABLE_SECOND, 31 * TABLE_DAY),
          .help = "How often it is said again while the trouble lasts."),
};
STRUCT(receiver, "Receiver", "Who is told, and how. It is one way; several are several receivers.",
       .kind = "receiver", .one_of = true);

/* ---- schedules ---- */

#define CRON_PART "[0-9A-Za-z*/,?#-]+"
#define BLANKS    "[ \\t]"

static const struct schema_field schedule_fields[] = {
    NAMED_FIELDS("nightly-backup"),
    FIELD("Cron", "cron", STRING, .required = true,
          PATTERN(BLANKS "*(" CRON_PART "(" BLANKS "+" CRON_PART "){4,5}|@(yearly|annually|"
                         "monthly|weekly|daily|midnight|hourly)|@every" BLANKS "+[0-9.a-z]+)"
                         BLANKS "*",
                  "five cron fields (six with seconds first), @daily and so on, or @every 5m"),
          .is_cron = true,
          .help = "When it runs: five fields (minute, hour, day, month, weekday), six with "
                  "seconds first, @daily and so on, or @every 5m."),
    FIELD("Zone", "zone", STRING, .dflt = "UTC",
          PATTERN("[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*|[+-][0-9]{2}:[0-9]{2}",
                  "a time zone like Europe/Berlin, or an offset like +02:00"),
          .is_zone = true,
          .help = "The time zone of Cron."),
    FIELD("Misfire", "misfire", STRING, .dflt = "run_once", .words = misfires,
          .help = "What happens with times that passed while nobody could run it."),
    FIELD("CatchUp", "catch_up", INT, .dflt = "10", RANGE(1, 1000),
          .help = "With catch_up: how many of the missed times are made up for: the latest "
                  "ones, in their order."),
    FIELD("Overlap", "overlap", STRING, .dflt = "forbid", .words = overlaps,
          .help = "What happens when it is due while it still runs."),
    FIELD("HistoryMax", "history_max", INT, .dflt = "10", RANGE(1, 1000),
          .help = "How many ended runs are kept."),
    FIELD("Paused", "paused", BOOL, .help = "Does not run until it is resumed."),
    FIELD("Jitter", "jitter", DURATION, RANGE(TABLE_MS, TABLE_DAY),
          .help = "Begins up to so much later, each time anew. Not longer than the time from one "
                  "run to the next."),
    FIELD("Do", "do", STRUCT, .of = &table_action, .required = true, .help = "What is done."),
    FIELD("Node", "node", STRING, .help = "The node that it runs on. Not beside Selector."),
    FIELD("Selector", "selector", STRING,
          .help = "Labels of the nodes that it runs on, like disk=ssd. Without it and Node: one "
                  "that is free."),
};
STRUCT(schedule, "Schedule", "What runs at which times.", .kind = "schedule");
