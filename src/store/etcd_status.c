#include <errno.h>

#include "store/etcd_store.h"

/* etcd has few codes and many words (its package rpctypes): the first row that fits is taken.
 * "timed out" and "leader changed" are answers of a member that had passed the request on: whether
 * it happened, nobody knows. "no leader" is said before anything was tried, because each request
 * of ours asks for it. */
static const struct row {
    enum grpc_code code;
    const char *words; /* NULL: any */
    int error;
    enum etcd_class class;
} rows[] = {
    {GRPC_OUT_OF_RANGE, "has been compacted", -ENODATA, ETCD_FINAL},
    {GRPC_OUT_OF_RANGE, "future revision", -ERANGE, ETCD_FINAL},
    {GRPC_OUT_OF_RANGE, NULL, -EINVAL, ETCD_FINAL},
    {GRPC_NOT_FOUND, NULL, -ENOENT, ETCD_FINAL},
    {GRPC_FAILED_PRECONDITION, "lease already exists", -EEXIST, ETCD_FINAL},
    {GRPC_FAILED_PRECONDITION, "authentication is not enabled", -EACCES, ETCD_NO_AUTH},
    {GRPC_FAILED_PRECONDITION, "learner", -ENETDOWN, ETCD_NOT_DONE},
    {GRPC_FAILED_PRECONDITION, NULL, -EINVAL, ETCD_FINAL},
    {GRPC_INVALID_ARGUMENT, "too large", -EMSGSIZE, ETCD_FINAL},
    {GRPC_INVALID_ARGUMENT, "too many operations", -EMSGSIZE, ETCD_FINAL},
    {GRPC_INVALID_ARGUMENT, "user name is empty", -EACCES, ETCD_TOKEN},
    {GRPC_INVALID_ARGUMENT, "revision of auth store is old", -EACCES, ETCD_TOKEN},
    {GRPC_INVALID_ARGUMENT, "authentication failed", -EACCES, ETCD_FINAL},
    {GRPC_INVALID_ARGUMENT, NULL, -EINVAL, ETCD_FINAL},
    {GRPC_UNAUTHENTICATED, NULL, -EACCES, ETCD_TOKEN},
    {GRPC_PERMISSION_DENIED, NULL, -EACCES, ETCD_FINAL},
    {GRPC_RESOURCE_EXHAUSTED, "space exceeded", -ENOSPC, ETCD_FINAL},
    {GRPC_RESOURCE_EXHAUSTED, "larger than max", -EMSGSIZE, ETCD_FINAL},
    {GRPC_RESOURCE_EXHAUSTED, "too many requests", -ENOBUFS, ETCD_NOT_DONE},
    {GRPC_RESOURCE_EXHAUSTED, NULL, -ECONNRESET, ETCD_DOUBT},
    {GRPC_UNAVAILABLE, "no leader", -ENETDOWN, ETCD_NOT_DONE},
    {GRPC_UNAVAILABLE, "learner", -ENETDOWN, ETCD_NOT_DONE},
    {GRPC_UNAVAILABLE, "timed out", -ETIMEDOUT, ETCD_DOUBT},
    {GRPC_UNAVAILABLE, NULL, -ECONNRESET, ETCD_DOUBT},
    {GRPC_DEADLINE_EXCEEDED, NULL, -ETIMEDOUT, ETCD_DOUBT},
    {GRPC_CANCELLED, NULL, -ECONNRESET, ETCD_DOUBT},
    {GRPC_UNIMPLEMENTED, NULL, -EOPNOTSUPP, ETCD_FINAL},
};

int etcd_status_errno(const struct grpc_status *status, enum etcd_class *ret_class)
{
    struct slice message = slice_from(status->message);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        if (row->code != status->code)
            continue;
        if (row->words && slice_find(message, slice_from(row->words)) < 0)
            continue;
        *ret_class = row->class;
        return row->error;
    }
    *ret_class = ETCD_DOUBT;
    return -EIO;
}
