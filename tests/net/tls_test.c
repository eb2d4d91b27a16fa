#include "tests/tap.h"

#include <sys/resource.h>

#include "net/stream.h"
#include "net/tls.h"
#include "tests/net/child.h"

/* Against `openssl s_server` with certificates of every sort, and against peers of the test's own
 * that break off in every phase. */

static char folder[] = "/tmp/firebreak-tls-XXXXXX";

struct server {
    struct child child;
    struct rt_addr addr;
};

/* Serves NAME.pem; `extra` are further arguments, ending in NULL. */
static struct server server_start(const char *name, char *const *extra)
{
    char cert[128], key[128], rest[128] = "";
    char *argv[24] = {"openssl", "s_server", "-accept", "127.0.0.1:0", "-cert",
                      cert,      "-key",     key,       "-rev"};
    int n = 9;
    snprintf(cert, sizeof(cert), "%s/%s.pem", folder, name);
    snprintf(key, sizeof(key), "%s/%s.key", folder, strcmp(name, "chain") ? name : "below");
    if (strcmp(name, "chain") == 0) {
        argv[n++] = "-cert_chain";
        argv[n++] = cert;
    }
    while (extra && *extra)
        argv[n++] = *extra++;
    struct server s = {.child = child_start(argv)};
    CHECK(child_says(&s.child, "ACCEPT 127.0.0.1:", rest, sizeof(rest)));
    rt_addr_ipv4(0x7f000001, (uint16_t)atoi(rest), &s.addr);
    return s;
}

struct peer { /* one try at a server */
    struct tls_context *context;
    struct stream stream;
    struct arena arena;
    struct tls_report report;
    struct err err;
};

static rt_time soon(void)
{
    return rt_now() + 20 * RT_SEC;
}

static void peer_open(struct peer *p, const char *ca, bool insecure)
{
    char file[128];
    *p = (struct peer){.arena = ARENA(MEM_TEST, 0)};
    snprintf(file, sizeof(file), "%s/%s.pem", folder, ca ? ca : "");
    struct tls_options o = {.ca_file = ca ? file : NULL, .insecure = insecure};
    CHECK_INT(tls_context_open(&o, &p->context, &p->err, soon()), 0);
}

static int peer_connect(struct peer *p, const struct rt_addr *to, const char *name,
                        const char *alpn)
{
    CHECK_INT(rt_connect(to, NULL, &p->stream.sock, soon()), 0);
    struct tls_request q = {.name = slice_from(name), .alpn = alpn, .arena = &p->arena};
    int r =
        tls_connect(p->context, p->stream.sock, &q, &p->stream.tls, &p->report, &p->err, soon());
    if (r < 0)
        stream_close(&p->stream);
    return r;
}

static void peer_done(struct peer *p)
{
    stream_close(&p->stream);
    tls_context_close(p->context);
    arena_done(&p->arena);
}

static int try_server(struct peer *p, const char *cert, const char *ca, bool insecure,
                      const char *name)
{
    struct server s = server_start(cert, NULL);
    peer_open(p, ca, insecure);
    int r = peer_connect(p, &s.addr, name, NULL);
    child_stop(&s.child);
    return r;
}

static void check_line_comes_back(struct stream *s)
{
    char got[16] = "";
    size_t n = 0;
    CHECK_INT(stream_write(s, "abc\n", 4, soon()), 0);
    while (n < 4) {
        ssize_t r = stream_read(s, got + n, sizeof(got) - 1 - n, soon());
        CHECK(r > 0);
        if (r <= 0)
            return;
        n += (size_t)r;
    }
    CHECK_STR(got, "cba\n");
}

/* ---- certificates ---- */

static void a_good_certificate_is_trusted_and_described(void)
{
    struct server s = server_start("good", NULL);
    struct peer p;
    peer_open(&p, "ca", false);
    CHECK_INT(peer_connect(&p, &s.addr, "good.test", NULL), 0);
    CHECK_INT(p.report.fault, TLS_FAULT_NONE);
    CHECK_STR(p.report.why, "");
    CHECK_STR(p.report.version, "TLSv1.3");
    CHECK(p.report.cipher && strstr(p.report.cipher, "AES"));
    CHECK_INT(p.report.chain_count, 1);
    const struct tls_certificate *c = p.report.chain;
    CHECK_STR(c->subject, "CN=good.test");
    CHECK_STR(c->issuer, "CN=Test CA");
    CHECK_INT(c->name_count, 4);
    CHECK_STR(c->names[0], "good.test");
    CHECK_STR(c->names[2], "127.0.0.1");
    CHECK_STR(c->names[3], "::1");
    CHECK_INT(c->not_before, INT64_C(1609459200) * RT_SEC);
    CHECK_INT(c->not_after, INT64_C(3786912000) * RT_SEC);
    CHECK_INT(c->days_left, (c->not_after - rt_wall_now()) / RT_SEC / 86400);
    check_line_comes_back(&p.stream);
    peer_done(&p);
    child_stop(&s.child);
}

static void addresses_are_checked_against_the_addresses_of_the_certificate(void)
{
    struct peer p;
    CHECK_INT(try_server(&p, "good", "ca", false, "127.0.0.1"), 0);
    peer_done(&p);
    CHECK_INT(try_server(&p, "good", "ca", false, "::1"), 0);
    peer_done(&p);
    CHECK_INT(try_server(&p, "good", "ca", false, "127.0.0.2"), -EKEYREJECTED);
    CHECK_INT(p.report.fault, TLS_WRONG_NAME);
    CHECK_STR(p.err.text, "the certificate is not for '127.0.0.2'");
    peer_done(&p);
}

static void a_wildcard_stands_for_one_label(void)
{
    struct peer p;
    CHECK_INT(try_server(&p, "good", "ca", false, "a.wild.test."), 0);
    peer_done(&p);
    CHECK_INT(try_server(&p, "good", "ca", false, "a.b.wild.test"), -EKEYREJECTED);
    CHECK_INT(p.report.fault, TLS_WRONG_NAME);
    peer_done(&p);
}

static void without_a_name_none_is_checked(void)
{
    struct peer p;
    CHECK_INT(try_server(&p, "other", "ca", false, ""), 0);
    peer_done(&p);
}

struct refusal {
    const char *cert, *ca;
    enum tls_fault fault;
    const char *why;
    int32_t days_left_max;
};

static void check_refusal(const struct refusal *c)
{
    struct peer p;
    CHECK_INT(try_server(&p, c->cert, c->ca, false, "good.test"), -EKEYREJECTED);
    CHECK_INT(p.report.fault, c->fault);
    CHECK_INT(p.report.faults, 1u << c->fault);
    CHECK_STR(p.report.why, c->why);
    CHECK_STR(p.err.text, c->why);
    CHECK(p.report.chain_count > 0); /* evidence, though it was refused */
    CHECK(p.report.chain_count == 0 || p.report.chain->days_left < c->days_left_max);
    peer_done(&p);
    /* The same, overlooked: connected, and reported all the same. */
    CHECK_INT(try_server(&p, c->cert, c->ca, true, "good.test"), 0);
    CHECK_INT(p.report.fault, c->fault);
    CHECK_STR(p.report.why, c->why);
    CHECK_STR(p.report.version, "TLSv1.3");
    peer_done(&p);
}

static void each_fault_of_a_certificate_has_its_own_name(void)
{
    static const struct refusal cases[] = {
        {"expired", "ca", TLS_EXPIRED, "the certificate expired on 2021-01-01 00:00:00Z", 0},
        {"early", "ca", TLS_NOT_YET_VALID,
         "the certificate is not valid before 2090-01-01 00:00:00Z", INT32_MAX},
        {"other", "ca", TLS_WRONG_NAME, "the certificate is not for 'good.test'", INT32_MAX},
        {"self", "ca", TLS_UNTRUSTED, "self-signed certificate", 31},
        {"strange", "ca", TLS_UNTRUSTED, "unable to get local issuer certificate", INT32_MAX},
        {"chain", "ca", TLS_EXPIRED,
         "the certificate (its issuer 'Old Middle') expired on 2021-01-01 00:00:00Z", INT32_MAX},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_refusal(&cases[i]);
}

static void a_chain_is_described_whole(void)
{
    struct peer p;
    CHECK_INT(try_server(&p, "chain", "ca", true, "good.test"), 0);
    CHECK_INT(p.report.chain_count, 2);
    if (p.report.chain_count == 2) {
        CHECK_STR(p.report.chain[1].subject, "CN=Old Middle");
        CHECK(p.report.chain[1].days_left < -365);
    }
    peer_done(&p);
}

static void of_several_faults_the_date_is_named_first_and_all_are_kept(void)
{
    struct peer p;
    CHECK_INT(try_server(&p, "worst", "ca", false, "good.test"), -EKEYREJECTED);
    CHECK_INT(p.report.fault, TLS_EXPIRED);
    CHECK_INT(p.report.faults, 1u << TLS_EXPIRED | 1u << TLS_UNTRUSTED | 1u << TLS_WRONG_NAME);
    peer_done(&p);
}

static void a_self_signed_certificate_is_trusted_where_it_is_given(void)
{
    struct peer p;
    CHECK_INT(try_server(&p, "self", "self", false, "good.test"), 0);
    CHECK(p.report.chain_count == 1 && p.report.chain->days_left >= 29); /* made for 30 */
    peer_done(&p);
}

static void the_roots_of_the_system_do_not_know_the_tests_ca(void)
{
    struct peer p;
    CHECK_INT(try_server(&p, "good", NULL, false, "good.test"), -EKEYREJECTED);
    CHECK_INT(p.report.fault, TLS_UNTRUSTED);
    peer_done(&p);
}

static void an_unusable_file_of_roots_is_told(void)
{
    struct tls_context *c = NULL;
    struct err err = {0};
    struct tls_options o = {.ca_file = "/nowhere/ca.pem"};
    CHECK_INT(tls_context_open(&o, &c, &err, soon()), -ENOENT);
    CHECK_STR(err.text, "/nowhere/ca.pem: No such file or directory");
    o.ca_file = "/dev/null";
    CHECK_INT(tls_context_open(&o, &c, &err, soon()), -EBADMSG);
    CHECK_STR(err.text, "/dev/null holds no certificate in PEM form");
    CHECK(c == NULL);
}

/* Roots that we could not open are not roots that this host does not have. */
static void without_a_descriptor_nobody_is_called_untrusted(void)
{
    struct tls_context *c = NULL;
    struct err err = {0};
    struct rlimit before;
    int next = dup(0); /* the lowest free one: nothing at or above it may be opened */
    close(next);
    getrlimit(RLIMIT_NOFILE, &before);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){(rlim_t)next, before.rlim_max});
    CHECK_INT(tls_context_open(NULL, &c, &err, soon()), -EMFILE);
    setrlimit(RLIMIT_NOFILE, &before);
    CHECK_STR(err.text, "reading the trusted certificates: Too many open files");
    CHECK(c == NULL);
}

struct late {
    struct tls_context *context;
    struct rt_addr addr;
    int read, shaken;
};

static void task_needs_the_roots(void *arg)
{
    struct late *l = arg;
    struct rt_sock *s;
    struct tls_conn *t = NULL;
    struct tls_request q = {.name = SLICE("good.test")};
    if (tls_context_ready(l->context, NULL, soon()) < 0)
        return;
    l->read++;
    CHECK_INT(rt_connect(&l->addr, NULL, &s, soon()), 0);
    l->shaken += tls_connect(l->context, s, &q, &t, NULL, NULL, soon()) == 0;
    tls_close(t);
    rt_close(s);
}

static void late_roots_are_read_once_for_all_who_wait(void)
{
    struct server s = server_start("good", NULL);
    struct late l = {.addr = s.addr};
    struct rt_group g;
    struct err err = {0};
    char file[128];
    snprintf(file, sizeof(file), "%s/ca.pem", folder);
    struct tls_options o = {.ca_file = file, .late = true};
    CHECK_INT(tls_context_open(&o, &l.context, &err, 0), 0);
    rt_group_init(&g, "waiting");
    rt_go(&g, task_needs_the_roots, &l); /* is the first to read, and cancelled */
    rt_group_cancel(&g);
    CHECK_INT(rt_group_wait(&g, soon()), 0);
    rt_group_done(&g);
    CHECK_INT(l.read, 0);
    rt_group_init(&g, "waiting");
    for (int i = 0; i < 5; i++)
        rt_go(&g, task_needs_the_roots, &l);
    CHECK_INT(rt_group_wait(&g, soon()), 0);
    rt_group_done(&g);
    CHECK_INT(l.read, 5);
    CHECK_INT(l.shaken, 5);
    tls_context_close(l.context);
    o.ca_file = "/nowhere/ca.pem";
    CHECK_INT(tls_context_open(&o, &l.context, &err, 0), 0);
    for (int i = 0; i < 2; i++)
        CHECK_INT(tls_context_ready(l.context, &err, soon()), -ENOENT);
    tls_context_close(l.context);
    child_stop(&s.child);
}

/* ---- versions, ALPN, sessions ---- */

static void alpn_is_agreed_on(void)
{
    struct server s = server_start("good", (char *[]){"-alpn", "http/1.1", NULL});
    struct peer p;
    peer_open(&p, "ca", false);
    CHECK_INT(peer_connect(&p, &s.addr, "good.test", "h2,http/1.1"), 0);
    CHECK_STR(p.report.alpn, "http/1.1");
    peer_done(&p);
    child_stop(&s.child);
}

static void an_old_version_is_refused_unless_it_is_allowed(void)
{
    struct server s = server_start("good", (char *[]){"-tls1", "-cipher", "ALL:@SECLEVEL=0", NULL});
    struct peer p;
    peer_open(&p, "ca", false);
    CHECK_INT(peer_connect(&p, &s.addr, "good.test", NULL), -EPROTO);
    CHECK_INT(p.report.fault, TLS_PROTOCOL);
    CHECK(p.report.why[0] != 0);
    CHECK_STR(p.err.text, p.report.why);
    tls_context_close(p.context);
    char file[128];
    snprintf(file, sizeof(file), "%s/ca.pem", folder);
    struct tls_options o = {.ca_file = file, .version_min = TLS_VERSION_1_0};
    CHECK_INT(tls_context_open(&o, &p.context, &p.err, soon()), 0);
    CHECK_INT(peer_connect(&p, &s.addr, "good.test", NULL), 0);
    CHECK_STR(p.report.version, "TLSv1");
    peer_done(&p);
    child_stop(&s.child);
}

static void check_resumption(char *version, bool insecure, const char *cert)
{
    struct server s = server_start(cert, (char *[]){version, NULL});
    struct peer p;
    peer_open(&p, "ca", insecure);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(peer_connect(&p, &s.addr, "good.test", NULL), 0);
        CHECK_INT(p.report.resumed, i > 0);
        CHECK_INT(p.report.fault, insecure ? TLS_EXPIRED : TLS_FAULT_NONE);
        CHECK_INT(p.report.chain_count, 1);
        check_line_comes_back(&p.stream); /* tickets of TLS 1.3 come with the first bytes */
        stream_close(&p.stream);
    }
    peer_done(&p);
    child_stop(&s.child);
}

static void a_session_is_resumed_and_still_examined(void)
{
    check_resumption("-tls1_3", false, "good");
    check_resumption("-tls1_2", false, "good");
    check_resumption("-tls1_3", true, "expired");
    check_resumption("-tls1_2", true, "expired");
}

static void a_session_of_one_name_is_not_used_for_another(void)
{
    struct server s = server_start("good", (char *[]){"-tls1_2", NULL});
    struct peer p;
    peer_open(&p, "ca", false);
    CHECK_INT(peer_connect(&p, &s.addr, "good.test", NULL), 0);
    stream_close(&p.stream);
    CHECK_INT(peer_connect(&p, &s.addr, "other.test", NULL), -EKEYREJECTED);
    CHECK_INT(peer_connect(&p, &s.addr, "x.wild.test", NULL), 0);
    CHECK(!p.report.resumed);
    peer_done(&p);
    child_stop(&s.child);
}

/* ---- a certificate of our own ---- */

static int try_with_own(struct peer *p, const struct rt_addr *to, const char *cert, const char *key)
{
    char ca[128], cert_file[128], key_file[128];
    *p = (struct peer){.arena = ARENA(MEM_TEST, 0)};
    snprintf(ca, sizeof(ca), "%s/ca.pem", folder);
    snprintf(cert_file, sizeof(cert_file), "%s/%s", folder, cert ? cert : "");
    snprintf(key_file, sizeof(key_file), "%s/%s", folder, key ? key : "");
    struct tls_options o = {
        .ca_file = ca,
        .cert_file = cert ? cert_file : NULL,
        .key_file = key ? key_file : NULL,
    };
    int r = tls_context_open(&o, &p->context, &p->err, soon());
    return r < 0 ? r : peer_connect(p, to, "good.test", NULL);
}

static void a_server_that_asks_is_shown_our_certificate(void)
{
    char ca[128];
    snprintf(ca, sizeof(ca), "%s/ca.pem", folder);
    char *const asks[] = {"-Verify", "1", "-verify_return_error", "-CAfile", ca, NULL};
    struct server s = server_start("good", asks);
    struct peer p;
    char c;
    CHECK_INT(try_with_own(&p, &s.addr, "other.pem", "other.key"), 0);
    check_line_comes_back(&p.stream);
    peer_done(&p);
    CHECK_INT(try_with_own(&p, &s.addr, NULL, NULL), 0); /* TLS 1.3: the refusal comes later */
    CHECK_INT(stream_read(&p.stream, &c, 1, soon()), -EPROTO);
    peer_done(&p);
    child_stop(&s.child);
}

static void an_unusable_certificate_of_our_own_is_told(void)
{
    struct peer p;
    struct rt_addr nobody;
    rt_addr_ipv4(0x7f000001, 1, &nobody);
    CHECK_INT(try_with_own(&p, &nobody, "none.pem", "other.key"), -ENOENT);
    CHECK(strstr(p.err.text, "none.pem: No such file") != NULL);
    CHECK_INT(try_with_own(&p, &nobody, "other.key", "other.key"), -EBADMSG);
    CHECK(strstr(p.err.text, "other.key holds no certificate") != NULL);
    CHECK_INT(try_with_own(&p, &nobody, "other.pem", "good.key"), -EBADMSG);
    CHECK(strstr(p.err.text, "is not that of the certificate") != NULL);
    CHECK_INT(try_with_own(&p, &nobody, "other.pem", NULL), -EBADMSG);
    CHECK(strstr(p.err.text, "other.pem holds no private key") != NULL);
}

/* ---- a chain that was good before ---- */

/* As probes connect that want no description: what is known may be used. */
static int again(struct peer *p, const struct rt_addr *to, const char *name)
{
    p->report = (struct tls_report){0};
    CHECK_INT(rt_connect(to, NULL, &p->stream.sock, soon()), 0);
    struct tls_request q = {.name = slice_from(name), .no_resume = true};
    int r =
        tls_connect(p->context, p->stream.sock, &q, &p->stream.tls, &p->report, &p->err, soon());
    stream_close(&p->stream);
    return r;
}

static void a_known_chain_is_good_for_its_names_only(void)
{
    struct server s = server_start("good", NULL);
    struct peer p;
    peer_open(&p, "ca", false);
    CHECK_INT(again(&p, &s.addr, "good.test"), 0);
    int32_t days = p.report.days_left;
    CHECK(p.report.has_days_left && days > 0);
    CHECK_INT(again(&p, &s.addr, "good.test"), 0);
    CHECK(p.report.has_days_left);
    CHECK(p.report.days_left == days || p.report.days_left == days - 1); /* midnight */
    CHECK_INT(again(&p, &s.addr, "127.0.0.1"), 0);
    CHECK_INT(again(&p, &s.addr, "a.wild.test"), 0);
    const char *const strangers[] = {"bad.test", "127.0.0.2", "a.b.wild.test", "wild.test"};
    for (size_t i = 0; i < ARRAY_LEN(strangers); i++) {
        CHECK_INT(again(&p, &s.addr, strangers[i]), -EKEYREJECTED);
        CHECK_INT(p.report.faults, 1u << TLS_WRONG_NAME);
    }
    CHECK_INT(again(&p, &s.addr, "good.test"), 0);
    peer_done(&p);
    child_stop(&s.child);
}

static void what_one_context_knows_another_does_not_believe(void)
{
    struct server s = server_start("good", NULL);
    static struct peer p, other;
    peer_open(&p, "ca", false);
    peer_open(&other, "stranger", false);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(again(&p, &s.addr, "good.test"), 0);
        CHECK_INT(again(&other, &s.addr, "good.test"), -EKEYREJECTED);
        CHECK_INT(other.report.fault, TLS_UNTRUSTED);
    }
    peer_done(&other);
    peer_done(&p);
    child_stop(&s.child);
}

/* Overlooking a fault is no reason to forget it. */
static void a_chain_with_a_fault_is_examined_each_time(void)
{
    struct server s = server_start("expired", NULL);
    struct peer p;
    peer_open(&p, "ca", true);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(again(&p, &s.addr, "good.test"), 0);
        CHECK_INT(p.report.faults, 1u << TLS_EXPIRED);
    }
    peer_done(&p);
    child_stop(&s.child);
}

/* ---- one reads while the other writes ---- */

enum { LINE_BYTES = 1000, LINES = 5000 };

static void task_writes_lines(void *arg)
{
    struct stream *s = arg;
    static char lines[100 * LINE_BYTES];
    memset(lines, 'x', sizeof(lines));
    for (int i = 1; i <= 100; i++)
        lines[i * LINE_BYTES - 1] = '\n';
    for (int i = 0; i < LINES / 100; i++)
        CHECK_INT(stream_write(s, lines, sizeof(lines), soon()), 0);
}

/* The server writes each line back before it reads the next, so that a connection that cannot do
 * both at once fills up and stands still. */
static void check_duplex(char *version)
{
    struct server s = server_start("good", (char *[]){version, NULL});
    struct peer p;
    struct rt_group g;
    static char got[8192];
    size_t bytes = 0;
    peer_open(&p, "ca", false);
    CHECK_INT(rt_connect(&s.addr, NULL, &p.stream.sock, soon()), 0);
    struct tls_request q = {.name = SLICE("good.test"), .duplex = true};
    CHECK_INT(tls_connect(p.context, p.stream.sock, &q, &p.stream.tls, &p.report, &p.err, soon()),
              0);
    rt_group_init(&g, "writing");
    rt_go(&g, task_writes_lines, &p.stream);
    while (bytes < (size_t)LINES * LINE_BYTES) {
        ssize_t n = stream_read(&p.stream, got, sizeof(got), soon());
        CHECK(n > 0);
        if (n <= 0)
            break;
        bytes += (size_t)n;
    }
    CHECK_INT(bytes, LINES * LINE_BYTES);
    CHECK_INT(stream_read(&p.stream, got, 1, rt_now() + 10 * RT_MS), -ETIMEDOUT);
    check_line_comes_back(&p.stream);
    rt_group_done(&g);
    peer_done(&p);
    child_stop(&s.child);
}

static void a_duplex_connection_reads_while_it_writes(void)
{
    check_duplex("-tls1_3");
    check_duplex("-tls1_2");
}

/* ---- peers that break off ---- */

struct rude {
    struct rt_sock *listener;
    struct rt_addr addr;
    struct rt_group group;
    const char *says;
    bool reset, hold;
};

static void task_is_rude(void *arg)
{
    struct rude *r = arg;
    struct rt_sock *s;
    char hello[1024];
    if (rt_accept(r->listener, &s, NULL, soon()) < 0)
        return;
    if (!r->reset)
        rt_read(s, hello, sizeof(hello), soon());
    if (r->reset)
        setsockopt(rt_sock_fd(s), SOL_SOCKET, SO_LINGER, &(struct linger){1, 0},
                   sizeof(struct linger));
    if (r->says)
        rt_write(s, r->says, strlen(r->says), soon());
    if (r->hold)
        rt_sleep(soon());
    rt_close(s);
}

static int try_rude(struct rude *r, struct peer *p, int64_t timeout)
{
    struct rt_addr any;
    rt_addr_ipv4(0x7f000001, 0, &any);
    CHECK_INT(rt_listen(&any, 4, false, &r->listener), 0);
    CHECK_INT(rt_sock_local(r->listener, &r->addr), 0);
    rt_group_init(&r->group, "rude");
    rt_go(&r->group, task_is_rude, r);
    peer_open(p, "ca", false);
    CHECK_INT(rt_connect(&r->addr, NULL, &p->stream.sock, soon()), 0);
    if (r->reset)
        rt_sleep(rt_now() + 20 * RT_MS); /* so that the reset is there before the hello */
    struct tls_request q = {.name = SLICE("good.test")};
    int result =
        tls_connect(p->context, p->stream.sock, &q, &p->stream.tls, &p->report, &p->err, timeout);
    rt_group_done(&r->group);
    rt_close(r->listener);
    peer_done(p);
    return result;
}

static void a_peer_that_speaks_something_else_is_told_from_tls(void)
{
    struct peer p;
    struct rude r = {.says = "HTTP/1.1 400 Bad Request\r\n\r\n"};
    CHECK_INT(try_rude(&r, &p, soon()), -EPROTO);
    CHECK_INT(p.report.fault, TLS_PROTOCOL);
    CHECK_STR(p.err.text, "the peer does not speak TLS: wrong version number");
    CHECK_INT(p.report.chain_count, 0);
}

static void a_peer_that_closes_is_not_called_a_protocol_error(void)
{
    struct peer p;
    struct rude r = {0};
    CHECK_INT(try_rude(&r, &p, soon()), -EPIPE);
    CHECK_INT(p.report.fault, TLS_FAULT_NONE);
    CHECK_STR(p.err.text, "the peer closed the connection during the TLS handshake");
}

static void a_reset_and_a_silence_are_told_apart(void)
{
    struct peer p;
    struct rude r = {.reset = true};
    CHECK_INT(try_rude(&r, &p, soon()), -ECONNRESET);
    struct rude silent = {.hold = true};
    CHECK_INT(try_rude(&silent, &p, rt_now() + 50 * RT_MS), -ETIMEDOUT);
    CHECK_STR(p.err.text, "no end of the TLS handshake in time");
}

static void task_handshakes(void *arg)
{
    struct peer *p = arg;
    struct tls_request q = {.name = SLICE("good.test")};
    CHECK_INT(tls_connect(p->context, p->stream.sock, &q, &p->stream.tls, NULL, &p->err, RT_NEVER),
              -ECANCELED);
}

static void a_cancelled_handshake_ends(void)
{
    struct rt_sock *listener;
    struct rt_addr any;
    struct peer p;
    struct rt_group g;
    rt_addr_ipv4(0x7f000001, 0, &any);
    CHECK_INT(rt_listen(&any, 4, false, &listener), 0);
    CHECK_INT(rt_sock_local(listener, &any), 0);
    peer_open(&p, "ca", false);
    CHECK_INT(rt_connect(&any, NULL, &p.stream.sock, soon()), 0);
    rt_group_init(&g, "shaking");
    rt_go(&g, task_handshakes, &p);
    rt_sleep(rt_now() + 10 * RT_MS);
    rt_group_done(&g);
    peer_done(&p);
    rt_close(listener);
}

/* ---- data ---- */

static void a_read_that_timed_out_can_be_made_again(void)
{
    struct server s = server_start("good", NULL);
    struct peer p;
    char b[8];
    peer_open(&p, "ca", false);
    CHECK_INT(peer_connect(&p, &s.addr, "good.test", NULL), 0);
    for (int i = 0; i < 3; i++)
        CHECK_INT(stream_read(&p.stream, b, sizeof(b), rt_now() + 10 * RT_MS), -ETIMEDOUT);
    check_line_comes_back(&p.stream);
    peer_done(&p);
    child_stop(&s.child);
}

static void a_stream_without_close_notify_was_cut_off(void)
{
    struct server s = server_start("good", NULL);
    struct peer p;
    char b[8];
    peer_open(&p, "ca", false);
    CHECK_INT(peer_connect(&p, &s.addr, "good.test", NULL), 0);
    check_line_comes_back(&p.stream);
    CHECK(!stream_is_readable(&p.stream));
    child_stop(&s.child);
    CHECK(stream_is_readable(&p.stream));
    CHECK_INT(stream_read(&p.stream, b, sizeof(b), soon()), -EPIPE);
    peer_done(&p);
}

static void more_than_a_record_arrives_whole(void)
{
    enum { LINE = 100 * 1000 };
    struct server s = server_start("good", NULL);
    struct peer p;
    peer_open(&p, "ca", false);
    CHECK_INT(peer_connect(&p, &s.addr, "good.test", NULL), 0);
    char *sent = mem_alloc(MEM_TEST, LINE + 1), *got = mem_alloc(MEM_TEST, LINE + 1);
    size_t lines = 0, n = 0;
    for (size_t i = 0; i < LINE; i++)
        sent[i] = i % 1000 == 999 ? '\n' : (char)('a' + i % 26);
    CHECK_INT(stream_write(&p.stream, sent, LINE, soon()), 0);
    while (n < LINE) {
        ssize_t r = stream_read(&p.stream, got + n, LINE - n, soon());
        CHECK(r > 0);
        if (r <= 0)
            break;
        n += (size_t)r;
    }
    for (size_t i = 0; i < n; i++)
        lines += got[i] == '\n';
    CHECK_INT(lines, LINE / 1000);
    CHECK_INT(n, LINE);
    mem_free(MEM_TEST, sent);
    mem_free(MEM_TEST, got);
    peer_done(&p);
    child_stop(&s.child);
}

static void all_in_a_task(void *arg)
{
    (void)arg;
    TAP_RUN(a_good_certificate_is_trusted_and_described);
    TAP_RUN(addresses_are_checked_against_the_addresses_of_the_certificate);
    TAP_RUN(a_wildcard_stands_for_one_label);
    TAP_RUN(without_a_name_none_is_checked);
    TAP_RUN(each_fault_of_a_certificate_has_its_own_name);
    TAP_RUN(a_chain_is_described_whole);
    TAP_RUN(of_several_faults_the_date_is_named_first_and_all_are_kept);
    TAP_RUN(a_self_signed_certificate_is_trusted_where_it_is_given);
    TAP_RUN(the_roots_of_the_system_do_not_know_the_tests_ca);
    TAP_RUN(an_unusable_file_of_roots_is_told);
    TAP_RUN(without_a_descriptor_nobody_is_called_untrusted);
    TAP_RUN(late_roots_are_read_once_for_all_who_wait);
    TAP_RUN(alpn_is_agreed_on);
    TAP_RUN(an_old_version_is_refused_unless_it_is_allowed);
    TAP_RUN(a_session_is_resumed_and_still_examined);
    TAP_RUN(a_session_of_one_name_is_not_used_for_another);
    TAP_RUN(a_known_chain_is_good_for_its_names_only);
    TAP_RUN(what_one_context_knows_another_does_not_believe);
    TAP_RUN(a_chain_with_a_fault_is_examined_each_time);
    TAP_RUN(a_server_that_asks_is_shown_our_certificate);
    TAP_RUN(an_unusable_certificate_of_our_own_is_told);
    TAP_RUN(a_duplex_connection_reads_while_it_writes);
    TAP_RUN(a_peer_that_speaks_something_else_is_told_from_tls);
    TAP_RUN(a_peer_that_closes_is_not_called_a_protocol_error);
    TAP_RUN(a_reset_and_a_silence_are_told_apart);
    TAP_RUN(a_cancelled_handshake_ends);
    TAP_RUN(a_read_that_timed_out_can_be_made_again);
    TAP_RUN(a_stream_without_close_notify_was_cut_off);
    TAP_RUN(more_than_a_record_arrives_whole);
}

static void nothing_is_left_allocated(void)
{
    CHECK_INT(mem_usage_of(MEM_NET).live, 0);
    CHECK_INT(mem_usage_of(MEM_TEST).live, 0);
}

int main(void)
{
    leave_network();
    if (!mkdtemp(folder) || !run_command((char *[]){"sh", "tests/net/certs.sh", folder, NULL})) {
        printf("Bail out! no certificates\n");
        return 1;
    }
    if (rt_run(NULL, all_in_a_task, NULL) < 0)
        return 1;
    TAP_RUN(nothing_is_left_allocated);
    remove_folder(folder);
    return tap_done();
}
