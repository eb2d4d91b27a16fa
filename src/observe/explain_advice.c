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
    [REASON_NOT_SERVING] =
        "The service runs, and says itself that it does not serve yet, or not this: its words are "
        "above. Who loads, starts up or follows another one is to be waited for. Who has no place "
        "left needs a higher limit, or fewer clients. Is the database or service that was asked "
        "for there at all?",
    [REASON_EXEC_NOT_FOUND] = "The program is not there. Give its whole path.",
    [REASON_EXEC_EXIT] = "The program ran, and ended with a status that is not 0.",
    [REASON_EXEC_SIGNAL] = "A signal killed the program: did it crash, or was memory short?",
    [REASON_PERMISSION] =
        "This user may not do that. A file or socket: look at its rights, or run as another user. "
        "A server that asks for a login: is the user and password in the URL the right one, "
        "percent-encoded? icmp needs CAP_NET_RAW, or a group in net.ipv4.ping_group_range.",
    [REASON_LIMIT] =
        "This host could not look, and nothing is said about the target. Descriptors: 'ulimit -n'; "
        "ports: 'ss -s'; else memory or processors are short.",
    [REASON_DNS_INSECURE] =
        "The server answers, and does not say that it has verified what it says. Does it validate "
        "DNSSEC, and is the zone signed? 'dig +dnssec NAME' shows the flag 'ad' where both are so.",
    [REASON_TLS_NOT_OFFERED] =
        "The server speaks the protocol, and does not offer TLS in it. Is a certificate configured "
        "there, and does something between (an old firewall) take STARTTLS out of its answer?",
    [REASON_PROXY_REFUSED] =
        "The proxy of the environment (http_proxy, https_proxy) stands in the way: it is not "
        "there, wants a login, or does not allow this target. no_proxy=HOST goes around it.",
    [REASON_HOST_KEY] =
        "Another host answers there, or the host was set up anew. Until somebody knows which, do "
        "not log in. 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub' on the host shows its key.",
    [REASON_CLOCK_OFFSET] =
        "One of the two clocks is wrong: the server's or this host's. Ask a second server before "
        "you trust either; 'chronyc tracking' tells what this host itself follows.",
    [REASON_CAPTURE_MISSING] =
        "The step was answered, and the value for the next one is not in its answer. The --json "
        "and --body options show what is: has the answer's form changed?",
};

const char *explain_advice(enum probe_reason r)
{
    return advice[r] ? advice[r] : "";
}
