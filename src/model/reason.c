#include "model/reason.h"

#include <errno.h>

#include "base/defs.h"

static const char *const names[REASON_COUNT] = {
#define REASON_NAME(NAME, word) [REASON_##NAME] = #word,
    REASON_LIST(REASON_NAME)
#undef REASON_NAME
};

const char *probe_reason_name(enum probe_reason r)
{
    return r >= 0 && r < REASON_COUNT ? names[r] : "?";
}

enum probe_reason probe_reason_parse(struct slice word)
{
    int i = slice_among(word, names, REASON_COUNT);
    return i < 0 ? REASON_COUNT : (enum probe_reason)i;
}

static const struct {
    int code;
    enum probe_reason reason;
} table[] = {
    {-ECONNREFUSED, REASON_REFUSED},
    {-ETIMEDOUT, REASON_TIMEOUT},
    {-EHOSTUNREACH, REASON_UNREACHABLE},
    {-ENETUNREACH, REASON_UNREACHABLE},
    {-EHOSTDOWN, REASON_UNREACHABLE},
    {-EINVAL, REASON_UNREACHABLE}, /* connecting where a route says "blackhole" */
    {-ENETDOWN, REASON_UNREACHABLE},
    {-EADDRNOTAVAIL, REASON_LIMIT}, /* no free source port */
    {-ENOENT, REASON_UNREACHABLE},  /* no such unix socket */
    {-ENOTDIR, REASON_UNREACHABLE},
    {-ECONNRESET, REASON_RESET},
    {-ECONNABORTED, REASON_RESET},
    {-EPIPE, REASON_CLOSED},
    {-EACCES, REASON_PERMISSION},
    {-EPERM, REASON_PERMISSION},
    {-ECANCELED, REASON_CANCELED},
    {-EMFILE, REASON_LIMIT},
    {-ENFILE, REASON_LIMIT},
    {-ENOMEM, REASON_LIMIT},
    {-ENOBUFS, REASON_LIMIT},
    {-ENOSPC, REASON_LIMIT},
    {-EAGAIN, REASON_LIMIT},
    {-EMSGSIZE, REASON_TOO_LARGE},
    {-EBADMSG, REASON_PROTOCOL},
    {-EPROTO, REASON_PROTOCOL},
    {-EPROTOTYPE, REASON_PROTOCOL},
    {-EAFNOSUPPORT, REASON_UNREACHABLE},
};

enum probe_reason probe_reason_of_errno(int code)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (table[i].code == code)
            return table[i].reason;
    return REASON_PROTOCOL;
}
