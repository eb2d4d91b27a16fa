/* pipe.h - pipes to and from children. */
#ifndef FIREBREAK_HOST_PIPE_H
#define FIREBREAK_HOST_PIPE_H

/* ret_ends[0] is read, ret_ends[1] written; both close on exec. Returns 0 or -EMFILE, -ENFILE. */
int host_pipe(int ret_ends[2]);
/* Negative numbers are accepted and mean nothing. */
void host_close(int fd);

#endif
