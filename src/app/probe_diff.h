/* probe_diff.h - `probe --diff FILE`: what is not as a former run found it.
 *
 * The file is that run's -o jsonl; where it tells of a target twice, the last line counts. Compared
 * is what a target is like, and not how fast it was: reason, status, address, answers, host key. A
 * `limit`, then or now, is no knowledge and no change. The file is read in pieces; kept is a small
 * record for each target. After opening, each record is written by one loop only. */
#ifndef FIREBREAK_APP_PROBE_DIFF_H
#define FIREBREAK_APP_PROBE_DIFF_H

#include "base/err.h"
#include "cli/print.h"
#include "model/probe.h"

enum {
    PROBE_DIFF_LINE_BYTES_MAX = 1024 * 1024,
    PROBE_DIFF_BYTES_MAX = 1024 * 1024 * 1024, /* of what is kept of a file */
};

struct probe_diff;

/* Returns 0; -EBADMSG: a line is no result; or as rt_file_read; with *err. */
int probe_diff_open(const char *path, struct probe_diff **ret, struct err *err);
void probe_diff_close(struct probe_diff *d); /* NULL is accepted */
/* Prints a change, if the result is one: a line of text, or an object with jsonl. */
void probe_diff_take(struct probe_diff *d, const struct probe_result *r, enum cli_form form,
                     struct buf *out);
/* After the last result: prints the targets that were not probed any more. */
void probe_diff_end(struct probe_diff *d, enum cli_form form, struct buf *out);
/* Changes so far. */
uint64_t probe_diff_count(const struct probe_diff *d);

#endif
