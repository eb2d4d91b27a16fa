/* term.h - the terminal: is it one, how large, raw mode and back, keys.
 *
 * rt_term_open changes the terminal; rt_term_close, or the end of the process by a fatal
 * signal, puts back exactly what was there. */
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

/* Raw keys from stdin, alternate screen and no cursor on `out_fd`. -ENOTTY where it is none. */
int rt_term_open(int out_fd, struct rt_term **ret_term);
/* Whole frame to the terminal. */
int rt_term_write(struct rt_term *t, const char *data, size_t size, rt_time deadline);
/* One byte of input, or -ETIMEDOUT; RT_TERM_RESIZED when the size changed. */
enum { RT_TERM_RESIZED = 0x100 };
int rt_term_key(struct rt_term *t, rt_time deadline);
void rt_term_close(struct rt_term *t); /* NULL is accepted */

#endif
