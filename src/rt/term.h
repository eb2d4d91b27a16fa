/* term.h - the terminal: is it one, how large, a screen of our own and back, keys.
 *
 * rt_term_open takes the terminal: no echo, no line editing, the alternate screen, no cursor, and
 * a line ends in "\r\n".
 * Ctrl-C still raises SIGINT. rt_term_close puts back exactly what was there; so does every other
 * end of the process: exit, a crash, and SIGINT, SIGTERM, SIGHUP and SIGQUIT where nobody else took
 * them (kill -9 alone leaves it as it is). Stopped by Ctrl-Z it is put back, and taken again when
 * the process goes on. One at a time a process; on loop 0. */
#ifndef FIREBREAK_RT_TERM_H
#define FIREBREAK_RT_TERM_H

#include "rt/rt.h"

struct rt_term;

struct rt_term_size {
    int columns, rows; /* both >= 1 */
};

bool rt_term_is(int fd); /* any thread */
/* COLUMNS and LINES where the descriptor is no terminal; else 80 x 24. Any thread. */
struct rt_term_size rt_term_size_of(int fd);

/* Keys come from stdin, the screen is `out_fd`. Returns 0; -ENOTTY where one of them is no
 * terminal; -EBUSY: it is open already. */
int rt_term_open(int out_fd, struct rt_term **ret_term);
/* The next byte of input, RT_TERM_RESIZED when the size changed or the screen was taken again
 * (draw everything), -EPIPE when there is no more input, -ETIMEDOUT or -ECANCELED. */
enum { RT_TERM_RESIZED = 0x100 };
int rt_term_key(struct rt_term *t, rt_time deadline);
void rt_term_close(struct rt_term *t); /* NULL is accepted */

/* Puts the terminal back from wherever the process is: for fatal signals. Async-signal-safe. */
void rt_term_restore(void);

#endif
