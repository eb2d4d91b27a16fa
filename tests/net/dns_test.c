#include "tests/net/dns_server.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "base/buf.h"
#include "base/fault.h"
#include "net/dns.h"
#include "tests/net/child.h"

static char folder[] = "/tmp/firebreak-dns-XXXXXX";
static bool has_own_hosts;

struct world {
    struct dns_server server;
    struct dns_resolver *dns;
    struct dns_addresses found;
    struct err err;
};

static rt_time soon(void)
{
    return rt_now() + 20 * RT_SEC;
}

/* A resolver whose resolv.conf names 127.0.0.1 at `port`. */
static void resolver_open(struct world *w, uint16_t port)
{
    char path[64];
    snprintf(path, sizeof(path), "%s/resolv.conf", folder);
    FILE *f = fopen(path, "w");
    fprintf(f, "search one.test two.test\nnameserver 127.0.0.1\n");
    fclose(f);
    struct dns_options o = {.resolv_conf = path, .port = port};
    CHECK_INT(dns_resolver_open(&o, &w->dns, &w->err), 0);
}

static void world_open(struct world *w)
{
    *w = (struct world){0};
    dns_server_start(&w->server);
    resolver_open(w, rt_addr_port(&w->server.addr));
}

static void world_done(struct world *w)
{
    dns_resolver_close(w->dns);
    dns_server_stop(&w->server);
}

static int look_up(struct world *w, const char *name)
{
    err_clear(&w->err);
    return dns_lookup(w->dns, slice_from(name), 80, &w->found, &w->err, soon());
}

/* ---- lookups ---- */

static void a_name_becomes_addresses_with_the_port(void)
{
    static struct world w;
    char text[RT_ADDR_TEXT_MAX];
    world_open(&w);
    CHECK_INT(look_up(&w, "ok.a.test"), 0);
    CHECK_INT(w.found.count, 1);
    CHECK_STR(rt_addr_format(&w.found.addr[0], true, text), "10.0.0.1:80");
    CHECK_INT(look_up(&w, "many.a.test"), 0);
    CHECK_INT(w.found.count, DNS_ADDRESSES_MAX);
    world_done(&w);
}

static void an_address_needs_no_server(void)
{
    static struct world w;
    char text[RT_ADDR_TEXT_MAX];
    world_open(&w);
    CHECK_INT(look_up(&w, "192.0.2.1"), 0);
    CHECK_STR(rt_addr_format(&w.found.addr[0], true, text), "192.0.2.1:80");
    CHECK_INT(look_up(&w, "2001:db8::1"), 0);
    CHECK_STR(rt_addr_format(&w.found.addr[0], true, text), "[2001:db8::1]:80");
    CHECK_INT(w.server.asked_udp, 0);
    world_done(&w);
}

static void the_file_of_hosts_comes_first(void)
{
    static struct world w;
    char text[RT_ADDR_TEXT_MAX];
    if (!has_own_hosts) {
        TAP_SKIP("no file may be mounted over /etc/hosts here");
        return;
    }
    world_open(&w);
    CHECK_INT(look_up(&w, "ok.in-hosts"), 0);
    CHECK_STR(rt_addr_format(&w.found.addr[0], true, text), "192.0.2.77:80");
    CHECK_INT(look_up(&w, "AN-ALIAS"), 0);
    CHECK_INT(w.server.asked_udp, 0);
    world_done(&w);
}

static void localhost_needs_neither_a_file_nor_a_server(void)
{
    static struct world w;
    static const char *const names[] = {"no-such-line.localhost", "LOCALHOST", "localhost."};
    world_open(&w);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        CHECK_INT(look_up(&w, names[i]), 0);
        CHECK(rt_addr_is_loopback(&w.found.addr[0]));
        CHECK_INT(rt_addr_port(&w.found.addr[0]), 80);
    }
    CHECK_INT(w.server.asked_udp, 0);
    CHECK_INT(look_up(&w, "notlocalhost"), 0);
    CHECK(w.server.asked_udp > 0);
    world_done(&w);
}

static void a_short_name_is_tried_in_the_search_domains(void)
{
    static struct world w;
    world_open(&w);
    CHECK_INT(look_up(&w, "ok"), 0); /* ok.one.test */
    CHECK_STR(w.server.last, "ok.one.test");
    CHECK_INT(look_up(&w, "nx"), -ENOENT); /* in both, and then by itself */
    CHECK_STR(w.server.last, "nx");
    world_done(&w);
}

struct failure {
    const char *name;
    int code;
    const char *text;
};

static void each_failure_has_its_code_and_its_words(void)
{
    static const struct failure cases[] = {
        {"nx.a.test", -ENOENT, "nx.a.test: no such name"},
        {"nodata.a.test", -ENODATA, "nodata.a.test: the name has no such record"},
        {"servfail.a.test", -EREMOTEIO, "servfail.a.test: the name server failed"},
        {"refused.a.test", -EACCES, "refused.a.test: the name server refused"},
        {"a..test", -ENOENT, "a..test: no such name"},
    };
    static struct world w;
    world_open(&w);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECK_INT(look_up(&w, cases[i].name), cases[i].code);
        CHECK_STR(w.err.text, cases[i].text);
    }
    CHECK_INT(
        dns_lookup(w.dns, SLICE("silent.a.test"), 80, &w.found, &w.err, rt_now() + 50 * RT_MS),
        -ETIMEDOUT);
    CHECK_STR(w.err.text, "silent.a.test: no answer from the name server in time");
    CHECK_INT(dns_lookup(w.dns, SLICE(""), 80, &w.found, &w.err, soon()), -EINVAL);
    CHECK_INT(dns_lookup(w.dns, SLICE("a\0b"), 80, &w.found, &w.err, soon()), -EINVAL);
    world_done(&w); /* with the silent question still under way */
}

static void a_dead_server_is_not_taken_for_a_no(void)
{
    static struct world w;
    w = (struct world){0};
    resolver_open(&w, free_port());
    int r = dns_lookup(w.dns, SLICE("ok.a.test"), 80, &w.found, &w.err, rt_now() + 100 * RT_MS);
    CHECK(r == -ECONNREFUSED || r == -ETIMEDOUT); /* the kernel may eat the first refusal */
    dns_resolver_close(w.dns);
}

static void without_a_descriptor_nothing_is_said_of_the_name(void)
{
    static struct world w;
    struct rlimit before;
    struct arena a = ARENA(MEM_TEST, 0);
    struct dns_answers answers;
    world_open(&w);
    int next = dup(0); /* the lowest free one: nothing at or above it may be opened */
    close(next);
    getrlimit(RLIMIT_NOFILE, &before);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){(rlim_t)next, before.rlim_max});
    CHECK_INT(look_up(&w, "ok.a.test"), -EMFILE);
    CHECK_INT(look_up(&w, "localhost"), -EMFILE);
    CHECK_INT(dns_query(w.dns, &w.server.addr, SLICE("ok.a.test"), DNS_TYPE_A, &a, &answers, &w.err,
                        soon()),
              -EMFILE);
    setrlimit(RLIMIT_NOFILE, &before);
    CHECK_INT(look_up(&w, "ok.a.test"), 0); /* and it is not kept */
    arena_done(&a);
    world_done(&w);
}

/* The n-th system call fails: then there is an answer all the same, or it is told that we lack
 * something. Later ones are the server's, which is a task of this test. */
static void what_fails_on_our_side_is_not_said_of_the_server(void)
{
    enum { OUR_CALLS = 3 };
    for (uint64_t n = 1; n <= OUR_CALLS; n++) {
        static struct world w;
        world_open(&w);
        fault_arm(FAULT_SYSCALL, n);
        int r = look_up(&w, "ok.a.test");
        CHECK(fault_count(FAULT_SYSCALL) >= n);
        fault_arm(FAULT_SYSCALL, 0);
        bool well = r == 0 || r == -ENOBUFS || r == -ENOMEM || r == -EMFILE;
        CHECK(well);
        if (!well)
            printf("# call %d: %s\n", (int)n, err_name(r));
        world_done(&w);
    }
}

static void localhost_in_full_is_localhost(void)
{
    static struct world w;
    world_open(&w);
    CHECK_INT(look_up(&w, "localhost."), 0);
    CHECK_INT(w.server.asked_udp, 0);
    world_done(&w);
}

static void a_lost_question_is_asked_again(void)
{
    static struct world w;
    world_open(&w);
    CHECK_INT(look_up(&w, "once.a.test"), 0);
    CHECK(w.server.asked_udp >= 2);
    world_done(&w);
}

static void a_cut_answer_is_fetched_over_tcp(void)
{
    static struct world w;
    world_open(&w);
    CHECK_INT(look_up(&w, "cut.a.test"), 0);
    CHECK_INT(w.found.count, 1);
    CHECK_INT(w.server.asked_tcp, 1);
    world_done(&w);
}

static void task_looks_up(void *arg)
{
    struct world *w = arg;
    struct dns_addresses found;
    CHECK_INT(dns_lookup(w->dns, SLICE("silent.a.test"), 80, &found, NULL, RT_NEVER), -ECANCELED);
}

static void a_cancelled_lookup_ends(void)
{
    static struct world w;
    struct rt_group g;
    world_open(&w);
    rt_group_init(&g, "looking");
    rt_go(&g, task_looks_up, &w);
    rt_sleep(rt_now() + 10 * RT_MS);
    rt_group_done(&g);
    world_done(&w);
}

/* ---- cache ---- */

static void an_answer_is_kept_for_its_time_to_live(void)
{
    static struct world w;
    world_open(&w);
    for (int i = 0; i < 3; i++)
        CHECK_INT(look_up(&w, i % 2 ? "OK.a.TEST" : "ok.a.test"), 0);
    CHECK_INT(w.server.asked_udp, 1);
    CHECK_INT(look_up(&w, "ttl0.a.test"), 0);
    CHECK_INT(look_up(&w, "ttl0.a.test"), 0);
    CHECK_INT(w.server.asked_udp, 3);
    CHECK_INT(look_up(&w, "ttl1.a.test"), 0);
    CHECK_INT(look_up(&w, "ttl1.a.test"), 0);
    CHECK_INT(w.server.asked_udp, 4);
    rt_sleep(rt_now() + 1100 * RT_MS);
    CHECK_INT(look_up(&w, "ttl1.a.test"), 0);
    CHECK_INT(w.server.asked_udp, 5);
    world_done(&w);
}

static void a_no_is_kept_and_a_failure_is_not(void)
{
    static struct world w;
    world_open(&w);
    CHECK_INT(look_up(&w, "nx.a.test"), -ENOENT);
    uint32_t before = w.server.asked_udp;
    CHECK_INT(look_up(&w, "nx.a.test"), -ENOENT);
    CHECK_STR(w.err.text, "nx.a.test: no such name");
    CHECK_INT(w.server.asked_udp, before);
    CHECK_INT(look_up(&w, "servfail.a.test"), -EREMOTEIO);
    before = w.server.asked_udp;
    CHECK_INT(look_up(&w, "servfail.a.test"), -EREMOTEIO);
    CHECK(w.server.asked_udp > before);
    world_done(&w);
}

static void the_cache_forgets_the_name_unused_for_longest(void)
{
    static struct world w;
    char name[40];
    world_open(&w);
    for (int i = 0; i <= DNS_CACHE_MAX; i++) {
        snprintf(name, sizeof(name), "ok.n%d.test", i);
        CHECK_INT(look_up(&w, name), 0);
        CHECK_INT(look_up(&w, "ok.n0.test"), 0); /* used all the time */
    }
    uint32_t before = w.server.asked_udp;
    CHECK_INT(before, DNS_CACHE_MAX + 1);
    CHECK_INT(look_up(&w, "ok.n0.test"), 0);
    CHECK_INT(look_up(&w, name), 0);
    CHECK_INT(w.server.asked_udp, before);
    CHECK_INT(look_up(&w, "ok.n1.test"), 0);
    CHECK_INT(w.server.asked_udp, before + 1);
    world_done(&w);
}

struct crowd {
    struct world w;
    int answered, limited;
    const char *format;
    int next;
    rt_time patience;
};

static void task_joins(void *arg)
{
    struct crowd *c = arg;
    struct dns_addresses found;
    char name[40];
    snprintf(name, sizeof(name), c->format, c->next++);
    int r = dns_lookup(c->w.dns, slice_from(name), 80, &found, NULL, rt_now() + c->patience);
    c->answered += r == 0;
    c->limited += r == -ENOBUFS;
}

static void run_crowd(struct crowd *c, const char *format, int count, rt_time patience)
{
    struct rt_group g;
    *c = (struct crowd){.format = format, .patience = patience};
    world_open(&c->w);
    rt_group_init(&g, "crowd");
    for (int i = 0; i < count; i++)
        CHECK_INT(rt_go(&g, task_joins, c), 0);
    CHECK_INT(rt_group_wait(&g, soon()), 0);
    rt_group_done(&g);
}

static void many_who_ask_for_one_name_share_one_question(void)
{
    static struct crowd c;
    run_crowd(&c, "ok.a.test", 2 * DNS_IN_FLIGHT_MAX, 10 * RT_SEC);
    CHECK_INT(c.answered, 2 * DNS_IN_FLIGHT_MAX);
    CHECK(c.w.server.asked_udp < 10); /* one, unless this machine needs seconds to start them */
    world_done(&c.w);
}

static void an_old_question_is_not_joined(void)
{
    static struct world w;
    world_open(&w);
    for (int i = 0; i < 3; i++) {
        if (i == 2)
            rt_sleep(rt_now() + 1100 * RT_MS);
        CHECK_INT(
            dns_lookup(w.dns, SLICE("silent.a.test"), 80, &w.found, NULL, rt_now() + 20 * RT_MS),
            -ETIMEDOUT);
        CHECK_INT(w.server.asked_udp, i == 2 ? 2 : 1);
    }
    CHECK_INT(look_up(&w, "ok.a.test"), 0); /* both end in peace */
    world_done(&w);
}

static void questions_under_way_have_a_limit(void)
{
    static struct crowd c;
    run_crowd(&c, "silent.n%d.test", DNS_IN_FLIGHT_MAX + 10, 200 * RT_MS);
    CHECK_INT(c.limited, 10);
    CHECK_INT(c.answered, 0);
    world_done(&c.w);
}

/* ---- questions to a server ---- */

static void a_named_servers_own_words_count(void)
{
    static const struct failure cases[] = {
        {"ok.a.test", 0, ""},
        {"cut.a.test", 0, ""},
        {"nx.a.test", -ENOENT, ""},
        {"nodata.a.test", -ENODATA, ""},
        {"servfail.a.test", -EREMOTEIO, ""},
        {"formerr.a.test", -EREMOTEIO, ""},
        {"refused.a.test", -EACCES, ""},
        {"broken.a.test", -EBADMSG, ""},
    };
    static struct world w;
    world_open(&w);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a = ARENA(MEM_TEST, 0);
        struct dns_answers answers = {0};
        int r = dns_query(w.dns, &w.server.addr, slice_from(cases[i].name), DNS_TYPE_A, &a,
                          &answers, &w.err, soon());
        if (r != cases[i].code)
            printf("# %s\n", cases[i].name);
        CHECK_INT(r, cases[i].code);
        CHECK_INT(answers.count, r == 0);
        if (r == 0)
            CHECK_STR(answers.text[0], "10.0.0.1");
        arena_done(&a);
    }
    world_done(&w);
}

static void more_servers_than_are_kept_open_can_be_asked(void)
{
    static struct world w;
    struct arena a = ARENA(MEM_TEST, 0);
    world_open(&w);
    for (int i = 0; i < DNS_SERVERS_MAX + 10; i++) {
        struct dns_answers answers;
        struct rt_addr at; /* all of 127/8 is us, but only 127.0.0.1 listens */
        rt_addr_ipv4(0x7f000001 + (uint32_t)i, rt_addr_port(&w.server.addr), &at);
        CHECK_INT(
            dns_query(w.dns, &at, SLICE("ok.a.test"), DNS_TYPE_A, &a, &answers, &w.err, soon()),
            i ? -ECONNREFUSED : 0);
        if (i == DNS_SERVERS_MAX - 1)
            rt_sleep(rt_now() + 300 * RT_MS); /* until they have come to rest */
    }
    arena_done(&a);
    world_done(&w);
}

struct record {
    const char *type, *name, *answers;
};

static void check_record(struct dns_resolver *d, const struct rt_addr *at, const struct record *c)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct dns_answers got = {0};
    struct err err = {0};
    struct buf text = BUF(MEM_TEST, 0);
    uint16_t type = 0;
    CHECK_INT(dns_type_parse(slice_from(c->type), &type), 0);
    int r = dns_query(d, at, slice_from(c->name), type, &a, &got, &err, soon());
    buf_append_cstr(&text, r < 0 ? err.text : "");
    for (uint32_t i = 0; i < got.count; i++)
        buf_printf(&text, "%s%s", i ? "|" : "", got.text[i]);
    CHECK_STR(text.data ? text.data : "", c->answers);
    buf_done(&text);
    arena_done(&a);
}

static void dnsmasq_answers_every_type_as_in_a_zone_file(void)
{
    static const struct record cases[] = {
        {"A", "a.test", "192.0.2.1"},
        {"a", "A.Test", "192.0.2.1"},
        {"AAAA", "a.test", "2001:db8::1"},
        {"CNAME", "c.test", "a.test"},
        {"A", "c.test", "192.0.2.1"},
        {"MX", "m.test", "10 mail.test"},
        {"TXT", "t.test", "one two"},
        {"SRV", "_s._tcp.test", "1 2 5060 a.test"},
        {"PTR", "1.2.0.192.in-addr.arpa", "a.test"},
        {"CAA", "k.test", "0 issue \"ca.test\""},
        {"A", "none.test", "none.test: no such name"},
        {"MX", "a.test", "a.test: the name has no such record"},
    };
    char port[16];
    struct rt_addr at;
    static struct world w;
    w = (struct world){0};
    uint16_t number = free_port();
    snprintf(port, sizeof(port), "--port=%u", number);
    struct child c = child_start(
        (char *[]){"/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null",
                   "--no-resolv", "--no-hosts", "--listen-address=127.0.0.1", "--bind-interfaces",
                   "--pid-file=", "--user=", port, "--local=/test/",
                   "--host-record=a.test,192.0.2.1,2001:db8::1", "--cname=c.test,a.test",
                   "--mx-host=m.test,mail.test,10", "--txt-record=t.test,one,two",
                   "--srv-host=_s._tcp.test,a.test,5060,1,2",
                   "--dns-rr=k.test,257,0005697373756563612e74657374", NULL});
    CHECK(port_opens(number));
    rt_addr_ipv4(0x7f000001, number, &at);
    resolver_open(&w, number);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_record(w.dns, &at, &cases[i]);
    CHECK_INT(look_up(&w, "a.test"), 0);
    CHECK_INT(w.found.count, 2);
    dns_resolver_close(w.dns);
    child_stop(&c);
}

static void types_have_their_usual_words(void)
{
    uint16_t type = 7;
    CHECK_INT(dns_type_parse(SLICE("aaaa"), &type), 0);
    CHECK_INT(type, 28);
    CHECK_INT(dns_type_parse(SLICE("AAAAA"), &type), -EINVAL);
    CHECK_INT(type, 28);
    CHECK(strstr(dns_type_words(), "SRV"));
}

static void all_in_a_task(void *arg)
{
    (void)arg;
    TAP_RUN(a_name_becomes_addresses_with_the_port);
    TAP_RUN(an_address_needs_no_server);
    TAP_RUN(the_file_of_hosts_comes_first);
    TAP_RUN(localhost_needs_neither_a_file_nor_a_server);
    TAP_RUN(a_short_name_is_tried_in_the_search_domains);
    TAP_RUN(each_failure_has_its_code_and_its_words);
    TAP_RUN(a_dead_server_is_not_taken_for_a_no);
    TAP_RUN(without_a_descriptor_nothing_is_said_of_the_name);
    TAP_RUN(what_fails_on_our_side_is_not_said_of_the_server);
    TAP_RUN(localhost_in_full_is_localhost);
    TAP_RUN(a_lost_question_is_asked_again);
    TAP_RUN(a_cut_answer_is_fetched_over_tcp);
    TAP_RUN(a_cancelled_lookup_ends);
    TAP_RUN(an_answer_is_kept_for_its_time_to_live);
    TAP_RUN(a_no_is_kept_and_a_failure_is_not);
    TAP_RUN(the_cache_forgets_the_name_unused_for_longest);
    TAP_RUN(many_who_ask_for_one_name_share_one_question);
    TAP_RUN(an_old_question_is_not_joined);
    TAP_RUN(questions_under_way_have_a_limit);
    TAP_RUN(a_named_servers_own_words_count);
    TAP_RUN(more_servers_than_are_kept_open_can_be_asked);
    TAP_RUN(dnsmasq_answers_every_type_as_in_a_zone_file);
    TAP_RUN(types_have_their_usual_words);
}

static void nothing_is_left_allocated(void)
{
    CHECK_INT(mem_usage_of(MEM_NET).live, 0);
    CHECK_INT(mem_usage_of(MEM_TEST).live, 0);
}

/* A file of hosts of our own, seen by this process only. */
static bool mount_hosts(void)
{
    char path[64];
    snprintf(path, sizeof(path), "%s/hosts", folder);
    FILE *f = fopen(path, "w");
    fprintf(f, "192.0.2.77 ok.in-hosts an-alias\n");
    fclose(f);
    return unshare(CLONE_NEWNS) == 0 &&
           mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount(path, "/etc/hosts", "none", MS_BIND, NULL) == 0;
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    leave_network();
    has_own_hosts = mount_hosts();
    if (rt_run(NULL, all_in_a_task, NULL) < 0)
        return 1;
    TAP_RUN(nothing_is_left_allocated);
    remove_folder(folder);
    return tap_done();
}
