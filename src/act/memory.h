/* memory.h - the inside of act: what processes were started with.
 *
 * Of each name there is the text of host/remembered.h, here and in a file of a->memory. What a
 * process shows after it has written over its command line takes nobody's place who was seen
 * before. */
#ifndef FIREBREAK_ACT_MEMORY_H
#define FIREBREAK_ACT_MEMORY_H

#include "act/act.h"
#include "host/remembered.h"

/* Returns 0 with *ret, whose texts lie in the arena, or -ENOENT with *err: nobody has seen it. */
int memory_recall(struct act *a, const char *name, struct arena *arena,
                  struct host_remembered *ret, struct err *err, rt_time deadline);
/* Whether it was known by its number in a file. Not so where two of one name were, and the other
 * one, *ret_rival, still runs (pid 0: there is none). */
bool memory_has_number(struct act *a, const char *name, struct host_process *ret_rival);
void memory_done(struct act *a);

#endif
