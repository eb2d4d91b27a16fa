/* stdio.h - standard input, output and error, used without holding the loop.
 *
 * Whoever reads us may be slow, or gone: a pipe that is full, a terminal that is stopped. Reads and
 * writes run on an offload thread; a descriptor that somebody made non-blocking is waited for. */
#ifndef FIREBREAK_RT_STDIO_H
#define FIREBREAK_RT_STDIO_H

#include "base/buf.h"
#include "rt/rt.h"

enum { RT_STDIN, RT_STDOUT, RT_STDERR };

/* Takes the place of any of the three that our caller has closed, so that no socket of ours gets
 * its number and results for it. Using such a one is -EBADF, as it would be. First thing in main.
 * Returns 0 or a negative errno. */
int rt_stdio_hold(void);

/* Appends all that comes until the end of the input. Returns 0, -EMSGSIZE (the buffer's bound), or
 * another negative errno. A read that nobody answers holds its offload thread. */
int rt_input_read_all(int fd, struct buf *b, rt_time deadline);

/* Writes all of it to a descriptor that is not ours to close; what several tasks write to one of
 * the three does not mix. Returns 0, -EPIPE (nobody reads;
 * no signal is raised), or another negative errno; then an unknown part was written. */
int rt_output_write(int fd, const void *data, size_t size, rt_time deadline);
/* As rt_output_write, at once and in the calling thread: for before and after rt_run. */
int rt_output_write_now(int fd, const void *data, size_t size);

/* Whether what is written to the one comes out where what is written to the other does: a terminal,
 * or `2>&1`. False where one of them is closed. */
bool rt_output_is_same(int a, int b);

#endif
