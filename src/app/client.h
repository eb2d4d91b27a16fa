/* client.h - asks a server for a command: DATA/firebreak.sock, or what --server names.
 *
 * A command that asks is a straight line in one task. What goes wrong is told once, in the form
 * that was asked for, and becomes the exit status. */
#ifndef FIREBREAK_APP_CLIENT_H
#define FIREBREAK_APP_CLIENT_H

#include "app/app.h"
#include "net/http.h"
#include "wire/problem.h"

enum {
    CLIENT_CALL_MS = 30 * 1000,
    CLIENT_AWAY_MS = 60 * 1000,
    CLIENT_ANSWER_BYTES_MAX = 64 * 1024 * 1024, /* of one page */
};

struct client {
    struct app *app;
    struct dns_resolver *dns;
    struct tls_context *tls;
    struct http_client *http;
    const char *base;    /* "http://firebreak", or the server's URL without a path */
    struct slice socket; /* empty: none */
    bool patient;        /* a server that went away is waited for by client_await, … */
    bool lost;           /* … and has gone: nothing was told of it */
    bool named;          /* by --server or FIREBREAK_SERVER, not by the data folder */
    struct arena arena;
};

/* Returns EXIT_WELL, or the exit status after saying what went wrong. */
int client_open(struct client *c, struct app *app);
void client_close(struct client *c); /* all zeroes is accepted */

/* Asks, and reads the whole answer into *out. *ret_status is what HTTP has. Returns EXIT_WELL where
 * there was an answer, whatever it says. */
int client_try(struct client *c, const char *method, struct slice target, struct slice body,
               uint16_t *ret_status, struct buf *out);
/* Says what the answer's problem is. Returns its exit status. */
int client_refused(struct client *c, uint16_t status, struct slice answer);
/* As client_try, for whom only 2xx will do. */
int client_ask(struct client *c, const char *method, struct slice target, struct slice body,
               struct buf *out);

/* Whether a server answers again after one went away; asks until one does, for CLIENT_AWAY_MS, and
 * says once that it is gone. For who watches: what is watched goes on meanwhile. Returns EXIT_WELL,
 * or the exit status after saying what is wrong. */
int client_await(struct client *c);

/* An endless answer, line by line. */
struct client_stream {
    struct client *c;
    struct http_response *response;
    struct buf in;
    size_t used;
};
int client_stream_open(struct client *c, struct slice target, struct client_stream *s);
/* EXIT_WELL with a line, without its end, valid until the next call. */
int client_stream_next(struct client_stream *s, struct slice *ret_line);
void client_stream_close(struct client_stream *s);

#endif
