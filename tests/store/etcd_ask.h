/* etcd_ask.h - what etcdctl would ask a member for: one unary call over a connection of its own. */
#ifndef FIREBREAK_TESTS_STORE_ETCD_ASK_H
#define FIREBREAK_TESTS_STORE_ETCD_ASK_H

#include "base/buf.h"
#include "net/grpc.h"
#include "net/grpc_conn.h"

/* Returns 0, with the answer appended to `reply`, or a negative errno. */
static inline int etcd_ask(const char *ip, const char *path, struct buf *message, struct buf *reply)
{
    struct grpc_options o = {.host = slice_from(ip), .port = 2379};
    struct grpc_conn *c;
    rt_time deadline = rt_now() + RT_SEC;
    int r = grpc_connect(&o, &c, NULL, deadline);
    if (r < 0)
        return r;
    struct grpc_request q = {.path = slice_from(path)};
    r = grpc_call(c, &q, buf_slice(message), reply, NULL, NULL, deadline);
    grpc_close(c);
    return r;
}

#endif
