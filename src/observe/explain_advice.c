#include "observe/explain.h"

static const char *const advice[REASON_COUNT] = {
    [REASON_REFUSED] =
        "The host is up, and nothing listens on that port there. Is the service started, on this "
        "port and on this address (not only on 127.0.0.1 of its own host)? 'ss -ltn' there tells. "
        "A firewall that rejects looks the same.",
    [REASON_TIMEOUT] =
        "Nothing came back in time. Where even the connection got no answer: the host is down, or "
        "a firewall drops packets on the way. Where it got one: the service is stuck or "
        "overloaded; look at its own log, or give it more --timeout.",
    [REASON_UNREACHABLE] =
        "A router, or this host, knows no way there. Compare the address with 'ip route get "
        "ADDRESS'; for an IPv6 address: does this host have IPv6? For a unix socket: the path does "
        "not exist, so the service is not started, or makes its socket elsewhere.",
    [REASON_RESET] =
        "The connection was broken off by the other side, or by something between. The service "
        "crashed, refuses this client, or wants another protocol on this port (TLS or plain?).",
    [REASON_CLOSED] =
        "The other side closed before it had answered. Its log says why; often it wants another "
        "protocol on this port (TLS or plain?), or has reached its number of connections.",
    [REASON_DNS_NXDOMAIN] =
        "There is no such name. Is it spelt right, and whole (this host's search domains are in "
        "/etc/resolv.conf)? A new name may take the time of the old answer's TTL to appear.",
    [REASON_DNS_TIMEOUT] =
        "The name servers do not answer. Are those of /etc/resolv.conf reachable: 'firebreak probe "
        "dns://SERVER/NAME'?",
    [REASON_DNS_SERVFAIL] =
        "The name server could not find out. Often the zone's own servers do not answer, or its "
        "DNSSEC signatures are broken.",
    [REASON_DNS_REFUSED] =
        "The name server does not serve this client, or nobody listens there. Is it the right "
        "server, and may this host ask it?",
    [REASON_DNS_ANSWER] = "The name server's answer cannot be understood, or is not what was "
                          "wanted.",
    [REASON_TLS_EXPIRED] =
        "A certificate of the chain has expired. Renew it, and reload the server: many go on with "
        "the old file until told. If the date above is in the future, this host's clock is wrong.",
    [REASON_TLS_NOT_YET_VALID] =
        "The certificate is not valid yet. This host's clock, or the one of who issued it, is "
        "wrong.",
    [REASON_TLS_UNTRUSTED] =
        "No trusted root vouches for the certificate. A server must send the intermediate "
        "certificates along with its own (the chain above); for an authority of your own use --ca "
        "FILE.",
    [REASON_TLS_NAME] =
        "The certificate is for other names (above). Is it the right server? Has it more than one "
        "certificate and needs --server-name to choose?",
    [REASON_TLS_PROTOCOL] =
        "The two sides found no common TLS. Does this port speak TLS at all? Is the server limited "
        "to versions before 1.2, or does it want a client certificate?",
    [REASON_TLS_EXPIRING] = "The certificate is still valid, but not for long. Renew it now.",
    [REASON_HTTP_STATUS] =
        "The server answered, with a status that is not wanted. 4xx: the request (path, "
        "credentials, --method); 5xx: its own log says what failed; --status says what is well.",
    [REASON_HEADER_MISMATCH] = "A header is not as wanted.",
    [REASON_BODY_MISMATCH] =
        "The page came, and does not hold what --body or --json wants. Look at it: is it an error "
        "page with a good status?",
    [REASON_REDIRECT_LIMIT] =
        "One redirect led to the next. The steps above show where they go in a circle; often http "
        "and https, or two host names, point to each other.",
    [REASON_TOO_LARGE] = "The answer is larger than what is looked at.",
    [REASON_PROTOCOL] =
        "What came back is another protocol than the one that was asked for. Is it the right port, "
        "and is it TLS where plain was asked for, or the other way round?",
    [REASON_NOT_SERVING] = "The service runs, and says itself that it does not serve yet.",
    [REASON_EXEC_NOT_FOUND] = "The program is not there. Give its whole path.",
    [REASON_EXEC_EXIT] = "The program ran, and ended with a status that is not 0.",
    [REASON_EXEC_SIGNAL] = "A signal killed the program: did it crash, or was memory short?",
    [REASON_PERMISSION] =
        "This user may not do that. Look at the rights of the file or socket, or run as another "
        "user.",
    [REASON_LIMIT] =
        "This host could not look, and nothing is said about the target. Descriptors: 'ulimit -n'; "
        "ports: 'ss -s'; else memory or processors are short.",
};

const char *explain_advice(enum probe_reason r)
{
    return advice[r] ? advice[r] : "";
}
