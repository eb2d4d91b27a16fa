/* commands.h - every command: its table, and the values that its options fill in. */
#ifndef FIREBREAK_CLI_COMMANDS_H
#define FIREBREAK_CLI_COMMANDS_H

#include "cli/help.h"
#include "cli/option.h"

struct probe_options {
    struct cli_list files; /* "-": standard input */
    int64_t in_flight, retries, count, redirects, days_left, loops;
    double rate;
    int64_t timeout_ns, every_ns, every_failed_ns, offset_max_ns;
    const char *method, *status, *body, *ca, *server_name, *diff, *host_key, *data;
    struct cli_list headers, json, steps, captures;
    bool insecure, reset, explain;
};

struct up_options {
    bool once;
    struct cli_list paths, settings, vars;
    const char *store, *node, *roles;
};

struct run_options {
    int64_t timeout_ns, kill_after_ns, limit_bytes, memory_bytes, cpu_ns, processes; /* 0: none */
    struct cli_list env;
    const char *user, *dir, *stdin_path;
    bool keep_background;
};

struct config_command_options {
    struct cli_list paths, settings, vars;
    const char *listen, *agent_listen, *task_listen, *store;
    bool defaults, raw;
    const char *to, *toml_version;
};

struct get_options {
    const char *selector; /* NULL: all */
    bool watch, all_namespaces;
};

struct apply_options {
    struct cli_list files; /* "-": standard input */
    bool remedies;         /* plan */
};

struct delete_options {
    int64_t revision; /* < 0: whichever it is at */
};

struct task_options {
    const char *node, *selector, *file, *dedup, *dir, *user, *concurrency;
    int64_t timeout_ns, backoff_ns, deadline_ns, retries, priority, limit_bytes;
    struct cli_list env;
    bool approve, wait, follow;
};

struct store_options {
    const char *store; /* NULL: DATA/store.db */
    bool prefix;
    int64_t revision, limit;
};

struct schedule_command_options {
    struct cli_list paths, settings, vars; /* of preview */
    int64_t count;
};

struct why_options {
    bool all;
};

struct asset_command_options {
    int64_t for_ns;
};

struct freeze_options {
    const char *reason;
};

extern const struct cli_command cli_up, cli_probe, cli_run, cli_get, cli_describe, cli_delete,
    cli_plan, cli_apply, cli_task, cli_node, cli_schedule, cli_store, cli_completion, cli_docs,
    cli_version, cli_help, cli_config, cli_explain, cli_why, cli_asset, cli_freeze, cli_unfreeze;
extern const struct cli_program cli_firebreak;

#endif
