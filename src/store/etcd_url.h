/* etcd_url.h - where an etcd is, and who we are there: the text of Store.URL. Inside of etcd.
 *
 *     etcd://[USER[:PASSWORD]@]HOST[:PORT][,HOST[:PORT]]...[?OPTION=VALUE[&OPTION=VALUE]...]
 *
 *     tls=true          TLS, checked against the system's roots; any of the next four implies it
 *     ca=FILE           the roots instead of the system's, PEM
 *     cert=FILE         our own certificate; key=FILE: its key, where that stands elsewhere
 *     server_name=NAME  whom the server's certificate is for, instead of the host
 *     password_file=FILE, password_env=NAME
 *                       where the password is: what is in a command line, all users can read
 *
 * The port is 2379 where none is given, an IPv6 address stands in brackets. What the syntax needs
 * for itself is percent-encoded (%40 for @, %2C for a comma). Pure. */
#ifndef FIREBREAK_STORE_ETCD_URL_H
#define FIREBREAK_STORE_ETCD_URL_H

#include "base/arena.h"
#include "base/err.h"

enum { ETCD_ENDPOINTS_MAX = 16, ETCD_PORT = 2379 };

struct etcd_url {
    struct {
        char *host; /* without brackets */
        uint16_t port;
    } endpoints[ETCD_ENDPOINTS_MAX];
    uint32_t endpoint_count; /* >= 1 */
    char *user, *password;   /* NULL: none */
    bool tls;
    char *ca, *cert, *key, *server_name, *password_file, *password_env; /* NULL: none */
};

/* Texts lie in the arena. Returns 0, or -EINVAL with *err, which never shows the password. */
int etcd_url_parse(struct slice text, struct arena *arena, struct etcd_url *ret, struct err *err);

#endif
