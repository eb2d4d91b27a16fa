/* tls_openssl.c - what the TLS bench is measured against: the same GETs by one bare epoll loop and
 * the machine's own OpenSSL, a connection each: `tls_openssl PORT REQUESTS IN_FLIGHT full|resumed
 * CA NAME`, where CA is the one whom to trust and NAME whom to expect. */
#include "bench/bench.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { IN_FLIGHT_MAX = 1000, EVENTS_MAX = 64, ANSWER_BYTES_MAX = 4096 };

struct get {
    int fd;
    SSL *ssl;
    bool sent;
    size_t size;
    char answer[ANSWER_BYTES_MAX];
};

static struct {
    SSL_CTX *context;
    SSL_SESSION *session; /* the newest ticket; NULL: none, or none is wanted */
    int epoll, port;
    bool resumed;
    const char *name;
    long left, done;
    char request[128];
} b;

static int on_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    if (!b.resumed)
        return 0;
    SSL_SESSION_free(b.session);
    b.session = session;
    return 1;
}

static void begin(struct get *g)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)b.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = g};
    b.left--;
    g->sent = false;
    g->size = 0;
    g->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (g->fd < 0 || epoll_ctl(b.epoll, EPOLL_CTL_ADD, g->fd, &e) < 0)
        bench_die("socket");
    if (connect(g->fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)
        bench_die("connect");
    g->ssl = SSL_new(b.context);
    if (!g->ssl || SSL_set_fd(g->ssl, g->fd) != 1 || SSL_set1_host(g->ssl, b.name) != 1)
        bench_die("SSL_new");
    if (b.session)
        SSL_set_session(g->ssl, b.session);
    SSL_set_connect_state(g->ssl);
}

/* Returns whether the call is to be made again when the socket is ready. */
static bool later(struct get *g, int result)
{
    int e = SSL_get_error(g->ssl, result);
    if (e == SSL_ERROR_SYSCALL && errno == ENOTCONN) /* still connecting */
        return true;
    return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE;
}

static void end(struct get *g)
{
    if (strncmp(g->answer, "HTTP/1.1 200", 12) != 0) {
        fprintf(stderr, "tls_openssl: a strange answer\n");
        exit(1);
    }
    SSL_shutdown(g->ssl);
    SSL_free(g->ssl);
    close(g->fd);
    b.done++;
    if (b.left > 0)
        begin(g);
}

static void go_on(struct get *g)
{
    ERR_clear_error();
    if (!g->sent) { /* which also shakes hands */
        int n = SSL_write(g->ssl, b.request, (int)strlen(b.request));
        if (n <= 0 && later(g, n))
            return;
        if (n <= 0)
            bench_die("SSL_write");
        g->sent = true;
    }
    for (;;) {
        int n = SSL_read(g->ssl, g->answer + g->size, (int)(sizeof(g->answer) - g->size));
        if (n > 0)
            g->size += (size_t)n;
        else if (later(g, n))
            return;
        else
            break;
    }
    end(g);
}

int main(int argc, char **argv)
{
    long in_flight = argc == 7 ? atol(argv[3]) : 0;
    if (in_flight < 1 || in_flight > IN_FLIGHT_MAX) {
        fprintf(stderr, "usage: tls_openssl PORT REQUESTS IN_FLIGHT full|resumed CA NAME\n");
        return 2;
    }
    b.port = atoi(argv[1]);
    b.left = atol(argv[2]);
    b.resumed = strcmp(argv[4], "resumed") == 0;
    b.epoll = epoll_create1(EPOLL_CLOEXEC);
    snprintf(b.request, sizeof(b.request),
             "GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n", b.port);
    long requests = b.left;
    struct get *gets = calloc((size_t)in_flight, sizeof(*gets));
    struct bench_clock start = bench_now();
    b.context = SSL_CTX_new(TLS_client_method());
    b.name = argv[6];
    SSL_CTX_set_verify(b.context, SSL_VERIFY_PEER, NULL);
    if (SSL_CTX_load_verify_file(b.context, argv[5]) != 1)
        bench_die(argv[5]);
    SSL_CTX_set_session_cache_mode(b.context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(b.context, on_session);
    for (long i = 0; i < in_flight && b.left > 0; i++)
        begin(&gets[i]);
    while (b.done < requests) {
        struct epoll_event events[EVENTS_MAX];
        int n = epoll_wait(b.epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < n; i++)
            go_on(events[i].data.ptr);
    }
    bench_result("tls", requests, start);
    return 0;
}
