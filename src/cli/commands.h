/* commands.h - every command: its table, and the values that its options fill in. */
#ifndef FIREBREAK_CLI_COMMANDS_H
#define FIREBREAK_CLI_COMMANDS_H

#include "cli/help.h"
#include "cli/option.h"

struct probe_options {
    struct cli_list files; /* "-": standard input */
    int64_t in_flight, retries, count, redirects, days_left, loops;
    double rate;
    int64_t timeout_ns, every_ns, every_failed_ns;
    const char *method, *status, *body, *ca, *server_name, *diff;
    struct cli_list headers, json;
    bool insecure, reset, explain;
};

struct up_options {
    bool once;
};

extern const struct cli_command cli_up, cli_probe, cli_completion, cli_docs, cli_version, cli_help;
extern const struct cli_program cli_firebreak;

#endif
