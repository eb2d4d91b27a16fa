/* help.h - what the tables of option.h say to a person: help on the terminal, man page, Markdown,
 * and completion for the shell.
 *
 * All four are made from the same tables, so none can say what the parser does not do. */
#ifndef FIREBREAK_CLI_HELP_H
#define FIREBREAK_CLI_HELP_H

#include "base/buf.h"
#include "cli/option.h"

struct cli_program {
    const char *name, *summary;
    const char *about; /* paragraphs */
    const struct cli_command *const *commands; /* ends in NULL */
};

/* `firebreak -h`: every command with its summary. */
void cli_help_program(const struct cli_program *p, bool color, struct buf *out);
/* `firebreak probe -h`: examples first. Lines fit `columns` where they can. */
void cli_help_command(const struct cli_program *p, const struct cli_command *c, bool color,
                      size_t columns, struct buf *out);

/* man(7): command NULL is the program's own page. */
void cli_man(const struct cli_program *p, const struct cli_command *c, struct buf *out);
/* One page for the whole program. */
void cli_markdown(const struct cli_program *p, struct buf *out);
/* A script for the shell to source; targets are completed from the hosts that it knows. */
void cli_complete_bash(const struct cli_program *p, struct buf *out);
void cli_complete_zsh(const struct cli_program *p, struct buf *out);
void cli_complete_fish(const struct cli_program *p, struct buf *out);

#endif
