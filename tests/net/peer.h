/* peer.h - a program of others that a test talks to, where it is there. */
#ifndef FIREBREAK_TESTS_NET_PEER_H
#define FIREBREAK_TESTS_NET_PEER_H

#include "tests/net/child.h"

/* Asks ../shared/peers (FIREBREAK_PEERS: elsewhere) where it is. It is not fetched by surprise:
 * false where it is not there yet. */
static inline bool peer_where(const char *name, char *ret_path, size_t size)
{
    const char *folder_of_peers = getenv("FIREBREAK_PEERS");
    char get[512];
    snprintf(get, sizeof(get), "%s/get", folder_of_peers ? folder_of_peers : "../shared/peers");
    if (access(get, X_OK) < 0)
        return false;
    struct child c = child_start((char *[]){get, "--where", (char *)name, NULL});
    bool found = child_says(&c, "/", ret_path + 1, size - 1);
    ret_path[0] = '/';
    child_stop(&c);
    return found && access(ret_path, X_OK) == 0;
}

#endif
