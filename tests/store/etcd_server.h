/* etcd_server.h - a real etcd of the test's own, on loopback, with its data in a folder of /tmp. */
#ifndef FIREBREAK_TESTS_STORE_ETCD_SERVER_H
#define FIREBREAK_TESTS_STORE_ETCD_SERVER_H

#include "tests/net/peer.h"

enum { ETCD_MEMBERS_MAX = 3 };

struct etcd_server {
    struct child child;
    char name[8], folder[64], log[96];
    char client[64], peer[64]; /* URLs */
    uint16_t port, peer_port;
    const char *binary;
    char *const *extra;  /* further arguments, ending in NULL */
    char *const *before; /* what it is started by: unshare and the like, ending in NULL */
};

/* Where Debian's package has it. */
#define ETCD_OF_DEBIAN "/usr/bin/etcd"

static inline void etcd_server_make(struct etcd_server *e, const char *binary, int number)
{
    *e = (struct etcd_server){.binary = binary};
    snprintf(e->name, sizeof(e->name), "m%d", number);
    snprintf(e->folder, sizeof(e->folder), "/tmp/firebreak-etcd-XXXXXX");
    if (!mkdtemp(e->folder))
        abort();
    snprintf(e->log, sizeof(e->log), "%s/log", e->folder);
    e->port = free_port();
    e->peer_port = free_port();
    snprintf(e->client, sizeof(e->client), "http://127.0.0.1:%u", e->port);
    snprintf(e->peer, sizeof(e->peer), "http://127.0.0.1:%u", e->peer_port);
}

/* `cluster`: "m1=URL,m2=URL"; NULL: it is alone. Also after a kill: its data are still there. */
static inline void etcd_server_run(struct etcd_server *e, const char *cluster)
{
    char alone[80], data[96];
    snprintf(alone, sizeof(alone), "%s=%s", e->name, e->peer);
    snprintf(data, sizeof(data), "%s/data", e->folder);
    char *const own[] = {(char *)e->binary,
                         "--name",
                         e->name,
                         "--data-dir",
                         data,
                         "--listen-client-urls",
                         e->client,
                         "--advertise-client-urls",
                         e->client,
                         "--listen-peer-urls",
                         e->peer,
                         "--initial-advertise-peer-urls",
                         e->peer,
                         "--initial-cluster",
                         cluster ? (char *)cluster : alone,
                         "--logger",
                         "zap",
                         "--log-level",
                         "error",
                         "--log-outputs",
                         e->log,
                         NULL};
    char *const *const parts[] = {e->before, own, e->extra};
    char *argv[64] = {NULL};
    int n = 0;
    for (int p = 0; p < 3; p++)
        for (char *const *a = parts[p]; a && *a && n < 63; a++)
            argv[n++] = *a;
    e->child = child_start(argv);
}

static inline void etcd_server_stop(struct etcd_server *e)
{
    child_stop(&e->child);
    if (e->folder[0])
        remove_folder(e->folder);
    *e = (struct etcd_server){0};
}

#endif
