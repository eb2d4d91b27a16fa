/* node_labels.h - the labels of this node: what it is by itself, and what --label says.
 *
 *     name   the node's name            host   the host's name, as `uname -n` has it
 *     os     linux                      arch   amd64, arm64 or riscv64
 *
 * These are the node's own to say. Pure but for the host's name. */
#ifndef FIREBREAK_APP_NODE_LABELS_H
#define FIREBREAK_APP_NODE_LABELS_H

#include "cli/option.h"
#include "model/task.h"

struct node_labels {
    struct task_label labels[TASK_LABELS_MAX];
    uint32_t count;
};

/* Texts lie in the arena, or are the options'. Returns 0 or -EINVAL with *err. */
int node_labels_make(struct slice node, const struct cli_list *said, struct arena *arena,
                     struct node_labels *ret, struct err *err);

#endif
