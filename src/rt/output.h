/* output.h - standard output and standard error, written without holding the loop.
 *
 * Whoever reads us may be slow, or gone: a pipe that is full, a terminal that is stopped. The
 * write runs on an offload thread; a descriptor that somebody made non-blocking is waited for. */
#ifndef FIREBREAK_RT_OUTPUT_H
#define FIREBREAK_RT_OUTPUT_H

#include "rt/rt.h"

/* Writes all of it to a descriptor that is not ours to close. Returns 0, -EPIPE (nobody reads;
 * no signal is raised), or another negative errno; then an unknown part was written. */
int rt_output_write(int fd, const void *data, size_t size, rt_time deadline);
/* As rt_output_write, at once and in the calling thread: for before and after rt_run. */
int rt_output_write_now(int fd, const void *data, size_t size);

#endif
