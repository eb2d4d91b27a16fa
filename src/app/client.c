#include "app/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/data.h"
#include "rt/stdio.h"

/* ---- where to ---- */

static int take_server(struct client *c, const char *who, const char *server, struct err *err)
{
    struct slice text = slice_from(server);
    if (slice_starts_with(text, SLICE("unix:"))) {
        c->socket = slice_sub(text, 5, text.size);
        if (slice_starts_with(c->socket, SLICE("//")))
            c->socket = slice_sub(c->socket, 2, c->socket.size);
        if (c->socket.size)
            return 0;
    } else if (slice_starts_with(text, SLICE("http://")) ||
               slice_starts_with(text, SLICE("https://"))) {
        while (text.size && text.data[text.size - 1] == '/')
            text.size--;
        c->base = arena_strdup(&c->arena, text);
        return 0;
    }
    return err_set(err, -EINVAL,
                   "%s: '%.200s' is none: write unix:PATH, http://HOST:PORT or "
                   "https://HOST:PORT",
                   who, server);
}

static int find_server(struct client *c, struct err *err)
{
    const char *folder;
    const char *given = c->app->parsed.globals.server, *variable = getenv("FIREBREAK_SERVER");
    c->base = "http://firebreak";
    c->named = given || (variable && variable[0]);
    if (c->named)
        return take_server(c, given ? "--server" : "FIREBREAK_SERVER", given ? given : variable,
                           err);
    int r = data_folder(c->app, &folder, err);
    if (r == 0)
        c->socket = slice_from(data_path(c->app, folder, "firebreak.sock"));
    return r;
}

int client_open(struct client *c, struct app *app)
{
    struct err err = {0};
    *c = (struct client){.app = app, .arena = ARENA(MEM_APP, 0)};
    int r = find_server(c, &err);
    if (r < 0)
        return app_fail(app, EXIT_USAGE, &err);
    r = dns_resolver_open(NULL, &c->dns, &err);
    if (r == 0 && strncmp(c->base, "https:", 6) == 0)
        r = tls_context_open(&(struct tls_options){.ca_file = NULL}, &c->tls, &err, RT_NEVER);
    if (r == 0)
        r = http_client_open(&(struct http_client_options){.dns = c->dns, .tls = c->tls}, &c->http);
    if (r == 0)
        return EXIT_WELL;
    if (!err.code)
        err_sys(&err, r, "begin to ask the server");
    client_close(c);
    return app_fail(app, EXIT_UNREACHABLE, &err);
}

void client_close(struct client *c)
{
    http_client_close(c->http);
    tls_context_close(c->tls);
    dns_resolver_close(c->dns);
    arena_done(&c->arena);
    *c = (struct client){.app = c->app};
}

/* ---- asking ---- */

static int unreachable(struct client *c, int r, struct err *err)
{
    if (r == -ECANCELED)
        return EXIT_SIGNAL; /* which one is said by whoever cancelled us */
    if (c->socket.size && (r == -ENOENT || r == -ECONNREFUSED))
        err_set(err, r, "no server on %.*s: is 'firebreak up' running, with this data folder?",
                SLICE_ARG(c->socket));
    else if (c->socket.size && (r == -EACCES || r == -EPERM))
        err_set(err, r, "%.*s is another user's: only that one and root may ask it",
                SLICE_ARG(c->socket));
    else if (c->socket.size)
        err_wrap(err, "%.*s", SLICE_ARG(c->socket));
    int status = r == -EACCES || r == -EPERM ? EXIT_DENIED : EXIT_UNREACHABLE;
    c->lost = c->patient && status == EXIT_UNREACHABLE;
    return c->lost ? status : app_fail(c->app, status, err);
}

static int begin(struct client *c, const char *method, struct slice target, struct slice body,
                 rt_time deadline, struct http_response **ret)
{
    struct err err = {0};
    struct buf url = BUF(MEM_APP, 0);
    static const struct http1_field accept = {{"Accept", 6}, {"application/json, */*", 21}};
    buf_printf(&url, "%s%.*s", c->base, SLICE_ARG(target));
    struct http_request q = {
        .method = slice_from(method),
        .url = buf_slice(&url),
        .unix_path = c->socket,
        .body = body,
        .fields = &accept,
        .field_count = 1,
    };
    int r = http_open(c->http, &q, ret, NULL, &err, deadline);
    buf_done(&url);
    return r < 0 ? unreachable(c, r, &err) : EXIT_WELL;
}

int client_try(struct client *c, const char *method, struct slice target, struct slice body,
               uint16_t *ret_status, struct buf *out)
{
    struct http_response *response;
    struct err err = {0};
    rt_time deadline = rt_now() + CLIENT_CALL_MS * RT_MS;
    int status = begin(c, method, target, body, deadline, &response);
    if (status)
        return status;
    *ret_status = http_head(response)->status;
    int r = http_read_all(response, out, &err, deadline);
    http_close(response);
    return r < 0 ? unreachable(c, r, &err) : EXIT_WELL;
}

static int exit_of(uint16_t status, struct slice field)
{
    if (status == 401 || status == 403)
        return EXIT_DENIED;
    if (status == 404)
        return slice_eq(field, SLICE("kind")) ? EXIT_USAGE : EXIT_NO;
    if (status == 409 || status == 410)
        return EXIT_NO;
    return status >= 400 && status < 500 ? EXIT_USAGE : EXIT_UNREACHABLE;
}

int client_refused(struct client *c, uint16_t status, struct slice answer)
{
    struct arena arena = ARENA(MEM_APP, 0);
    struct problem p;
    int r;
    if (problem_read(answer, &arena, &p) == 0) {
        r = app_fail_problem(c->app, exit_of(status, p.field), &p);
    } else {
        struct err err;
        err_set(&err, -EPROTO, "the server answered %u, and not as firebreak does", status);
        r = app_fail(c->app, EXIT_UNREACHABLE, &err);
    }
    arena_done(&arena);
    return r;
}

int client_ask(struct client *c, const char *method, struct slice target, struct slice body,
               struct buf *out)
{
    uint16_t status;
    int r = client_try(c, method, target, body, &status, out);
    if (r == EXIT_WELL && status / 100 != 2)
        r = client_refused(c, status, buf_slice(out));
    return r;
}

int client_await(struct client *c)
{
    enum { AGAIN_MS = 200 };
    static const char line[] = "the server went away; asking again";
    struct buf out = BUF(MEM_APP, 0);
    uint16_t http;
    int status;
    buf_printf(&out, "firebreak %s: %s\n", c->app->command->name, line);
    rt_output_write(RT_STDERR, out.data, out.size, RT_NEVER);
    rt_time until = rt_now() + CLIENT_AWAY_MS * RT_MS;
    do {
        if (rt_sleep(rt_now() + AGAIN_MS * RT_MS) < 0) {
            buf_done(&out);
            return EXIT_SIGNAL;
        }
        c->patient = rt_now() < until; /* the last time it is told why */
        buf_clear(&out);
        status = client_try(c, "GET", SLICE("/healthz"), (struct slice){0}, &http, &out);
        c->lost &= status != EXIT_WELL;
    } while (status == EXIT_UNREACHABLE && c->patient);
    buf_done(&out);
    return status;
}

/* ---- streams ---- */

int client_stream_open(struct client *c, struct slice target, struct client_stream *s)
{
    *s = (struct client_stream){.c = c, .in = BUF(MEM_APP, CLIENT_ANSWER_BYTES_MAX)};
    int r =
        begin(c, "GET", target, (struct slice){0}, rt_now() + CLIENT_CALL_MS * RT_MS, &s->response);
    if (r != EXIT_WELL)
        return r;
    uint16_t status = http_head(s->response)->status;
    if (status / 100 == 2)
        return EXIT_WELL;
    (void)http_read_all(s->response, &s->in, NULL, rt_now() + CLIENT_CALL_MS * RT_MS);
    r = client_refused(c, status, buf_slice(&s->in));
    client_stream_close(s);
    return r;
}

int client_stream_next(struct client_stream *s, struct slice *ret_line)
{
    enum { READ_BYTES = 16 * 1024 };
    struct err err = {0};
    buf_consume(&s->in, s->used);
    s->used = 0;
    for (;;) {
        ptrdiff_t end = slice_find_byte(buf_slice(&s->in), '\n');
        if (end >= 0) {
            s->used = (size_t)end + 1;
            *ret_line = slice_sub(buf_slice(&s->in), 0, (size_t)end);
            return EXIT_WELL;
        }
        char *room;
        int r = buf_reserve(&s->in, READ_BYTES, &room);
        if (r < 0)
            return unreachable(s->c, r,
                               (err_set(&err, r, "a line of its answer is too long"), &err));
        ssize_t n = http_read(s->response, room, READ_BYTES, &err, RT_NEVER);
        if (n == 0)
            n = err_set(&err, -EPIPE, "the server has ended the answer");
        if (n < 0)
            return unreachable(s->c, (int)n, &err);
        buf_commit(&s->in, (size_t)n);
    }
}

void client_stream_close(struct client_stream *s)
{
    http_close(s->response);
    s->response = NULL;
    buf_done(&s->in);
}
