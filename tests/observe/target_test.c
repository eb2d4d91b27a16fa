#include "observe/observe.h"

#include <errno.h>

#include "tests/tap.h"

static struct target_set *set;
static struct err err;
static struct target_slot slot;

static int add(const char *text)
{
    target_set_free(set);
    set = target_set_new();
    err_clear(&err);
    return target_set_add(set, slice_from(text), &err);
}

static const char *name(uint64_t i)
{
    static char text[400];
    target_set_get(set, i, &slot);
    snprintf(text, sizeof(text), "%.*s", SLICE_ARG(slot.target.name));
    return text;
}

static void one_host_and_port_is_itself(void)
{
    CHECK_INT(add("db.example:5432"), 0);
    CHECK_INT(target_set_count(set), 1);
    CHECK_STR(name(0), "db.example:5432");
    CHECK_INT(slot.target.kind, PROBE_TCP);
    CHECK_INT(slot.target.port, 5432);
    CHECK(!slot.target.is_address);
    CHECK_INT(add("tcp://10.0.0.1:1"), 0);
    CHECK_STR(name(0), "tcp://10.0.0.1:1");
    CHECK(slot.target.is_ipv4 && slot.target.ipv4 == 0x0a000001);
}

static void a_network_has_every_address_first_and_last_too(void)
{
    CHECK_INT(add("10.0.0.5/30:22,80-81"), 0);
    CHECK_INT(target_set_count(set), 12);
    CHECK_STR(name(0), "10.0.0.4:22");
    CHECK_STR(name(1), "10.0.0.4:80");
    CHECK_STR(name(2), "10.0.0.4:81");
    CHECK_STR(name(11), "10.0.0.7:81");
    CHECK_INT(add("tls://10.0.0.0/31:443"), 0);
    CHECK_STR(name(1), "tls://10.0.0.1:443");
}

static void the_largest_network_costs_no_memory(void)
{
    CHECK_INT(add("0.0.0.0/0:1-65535"), 0);
    CHECK_INT(target_set_count(set), UINT64_C(4294967296) * 65535);
    CHECK_STR(name(target_set_count(set) - 1), "255.255.255.255:65535");
}

static void ipv6_prefixes(void)
{
    CHECK_INT(add("[fd00::10/127]:80"), 0);
    CHECK_INT(target_set_count(set), 2);
    CHECK_STR(name(1), "[fd00::11]:80");
    CHECK_INT(add("[fd00::/112]:80"), 0);
    CHECK_INT(target_set_count(set), 65536);
    CHECK_STR(name(65535), "[fd00::ffff]:80");
    CHECK_INT(add("[fd00::/111]:80"), -E2BIG);
}

static void urls_of_every_kind(void)
{
    CHECK_INT(add("https://example.com/a?b"), 0);
    name(0);
    CHECK_INT(slot.target.kind, PROBE_HTTP);
    CHECK(slot.target.tls);
    CHECK_INT(slot.target.port, 443);
    CHECK_INT(add("HTTP://example.com:8080"), 0);
    name(0);
    CHECK_INT(slot.target.port, 8080);
    CHECK_INT(add("unix:///run/a b.sock"), 0);
    name(0);
    CHECK(slice_eq_cstr(slot.target.host, "/run/a b.sock"));
    CHECK_INT(add("dns://1.1.1.1/example.com?type=AAAA"), 0);
    name(0);
    CHECK_INT(slot.target.dns_type, 28);
    CHECK_INT(slot.target.port, 53);
    CHECK(slice_eq_cstr(slot.target.dns_name, "example.com"));
    CHECK_INT(add("dns://[::1]:5353/x"), 0);
    name(0);
    CHECK_INT(slot.target.port, 5353);
    CHECK_INT(slot.target.dns_type, 1);
    CHECK_INT(add("dns://h/.?type=NS"), 0);
    name(0);
    CHECK(slice_eq_cstr(slot.target.dns_name, "."));
    CHECK_INT(add("dns://h/*.8.8.8.8"), 0);
    CHECK_INT(add("dns:///x?type=mx"), 0);
    name(0);
    CHECK_INT(slot.target.host.size, 0);
    CHECK_INT(add("exec:[\"/bin/a\",\"b c\"]"), 0);
    name(0);
    CHECK_INT(slot.target.argc, 2);
    CHECK(slice_eq_cstr(slot.target.argv[1], "b c"));
    CHECK_INT(add("exec:/bin/a b"), 0);
    name(0);
    CHECK_INT(slot.target.argc, 1);
}

static void what_is_no_target_is_refused_in_words(void)
{
    static const struct {
        const char *text, *words;
    } bad[] = {
        {"", "empty"},
        {"   ", "empty"},
        {"host", "the port is missing"},
        {"host:", "'' is no port"},
        {"host:0", "'0' is no port"},
        {"host:65536", "'65536' is no port"},
        {"host:1,,2", "is no port"},
        {"host:5-4", "is no range"},
        {":80", "the host is missing"},
        {"::1:80", "needs brackets"},
        {"1.2.3:80", "is no IPv4 address"},
        {"[1.2.3.4]:80", "is no IPv6 address"},
        {"[fe80::1%no-such-if]:80", "interface of this host"},
        {"a..b:80", "between two dots"},
        {".:80", "is no IPv4 address"},
        {".a:80", "between two dots"},
        {"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff1234.test:80", "1 to 63"},
        {"http://a..b/", "between two dots"},
        {"10.0.0.0/33:80", "prefix length"},
        {"host/24:80", "a prefix needs one"},
        {"ho st:80", "is no host name"},
        {"b\xc3\xbc" "cher.example:80", "xn--"},
        {"gopher://h:70", "no kind of target"},
        {"dns://h", "the name is missing"},
        {"dns://h/n?type=NOPE", "no record type"},
        {"dns://h/n?x=1", "is not understood"},
        {"exec:", "the program is missing"},
        {"exec:[]", "a list of 1 to"},
        {"dns://::1/n", "needs brackets"},
        {"dns://h/a..b", "between two dots"},
        {"exec:[1]", "an argument is a string"},
        {"exec:[\"a\\u0000b\"]", "without NUL"},
        {"exec:[\"\"]", "the program is missing"},
        {"exec:[\"a\"", "expected"},
        {"unix://", "the path is missing"},
        {"http://", "host"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK(add(bad[i].text) < 0);
        if (!strstr(err.text, bad[i].words)) {
            printf("# '%s': '%s' does not say '%s'\n", bad[i].text, err.text, bad[i].words);
            CHECK(false);
        }
        CHECK_INT(target_set_count(set), 0);
    }
}

static void too_long_a_target(void)
{
    static char text[OBSERVE_TARGET_BYTES_MAX + 10];
    memset(text, 'a', sizeof(text) - 1);
    CHECK_INT(add(text), -E2BIG);
}

static void lines_of_a_file_all_or_none(void)
{
    add("first:1");
    CHECK_INT(target_set_add_lines(set, SLICE("# c\n a:1 \n\nb:2 # d\r\nc:3"), "f", &err), 0);
    CHECK_INT(target_set_count(set), 4);
    CHECK_STR(name(2), "b:2");
    CHECK(target_set_add_lines(set, SLICE("d:4\ne:x\nf:6"), "f", &err) < 0);
    CHECK(strstr(err.text, "f:2: target 'e:x'"));
    CHECK_INT(target_set_count(set), 4);
}

static void a_comment_is_none_inside_of_quotes(void)
{
    target_set_free(set);
    set = target_set_new();
    CHECK_INT(target_set_add_lines(set, SLICE("\xEF\xBB\xBF" "a:1\t# x\nhttp://b/#top #\n"
                                              "exec:[\"a\",\"\\\" # b\"] # c\n#\n \t#d"),
                                   "f", &err), 0);
    CHECK_INT(target_set_count(set), 3);
    CHECK_STR(name(0), "a:1");
    CHECK_STR(name(1), "http://b/#top");
    CHECK_STR(name(2), "exec:[\"a\",\"\\\" # b\"]");
    CHECK(slice_eq_cstr(slot.target.argv[1], "\" # b"));
}

static void more_targets_than_can_be_counted(void)
{
    CHECK_INT(add("0.0.0.0/0:1-65535"), 0);
    for (int i = 0; i < 3; i++)
        CHECK_INT(target_set_add(set, SLICE("0.0.0.0/0:1-65535"), &err), 0);
    uint64_t count = target_set_count(set);
    CHECK_INT(target_set_add(set, SLICE("0.0.0.0/0:1-65535"), &err), -E2BIG);
    CHECK(strstr(err.text, "2^50"));
    CHECK_INT(target_set_count(set), count);
}

static void every_index_is_another_target(void)
{
    char last[400] = "";
    CHECK_INT(add("10.1.2.0/28:1-3,9"), 0);
    CHECK_INT(target_set_add(set, SLICE("h:1,2"), &err), 0);
    CHECK_INT(target_set_count(set), 66);
    for (uint64_t i = 0; i < 66; i++) {
        CHECK(strcmp(last, name(i)) != 0);
        snprintf(last, sizeof(last), "%s", name(i));
    }
    CHECK_STR(last, "h:2");
}

static void what_is_nearly_a_plain_address_goes_the_long_way(void)
{
    static const struct {
        const char *text;
        int result;
        uint32_t ipv4;
        uint16_t port;
    } cases[] = {
        {"0.0.0.0:1", 0, 0, 1},
        {"255.255.255.255:65535", 0, 0xffffffff, 65535},
        {"1.2.3.4:080", 0, 0x01020304, 80},
        {"1.2.3.4/32:80", 0, 0x01020304, 80},
        {" 1.2.3.4:80 ", 0, 0x01020304, 80},
        {"1.2.3.04:80", -EINVAL, 0, 0},
        {"1.2.3.256:80", -EINVAL, 0, 0},
        {"1.2.3.4294967297:80", -EINVAL, 0, 0},
        {"1.2.3.4.5:80", -EINVAL, 0, 0},
        {"1.2..4:80", -EINVAL, 0, 0},
        {"1.2.3.4:0", -EINVAL, 0, 0},
        {"1.2.3.4:65536", -EINVAL, 0, 0},
        {"1.2.3.4:4294967376", -EINVAL, 0, 0},
        {"1.2.3.4:", -EINVAL, 0, 0},
        {"1.2.3.4:80x", -EINVAL, 0, 0},
        {"1.2.3.4", -EINVAL, 0, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        target_set_free(set);
        set = target_set_new();
        CHECK_INT(target_set_add(set, slice_from(cases[i].text), &err), cases[i].result);
        CHECK_INT((int)target_set_count(set), cases[i].result == 0);
        if (cases[i].result < 0)
            continue;
        name(0);
        CHECK(slot.target.kind == PROBE_TCP && slot.target.is_ipv4);
        CHECK_INT(slot.target.ipv4, cases[i].ipv4);
        CHECK_INT(slot.target.port, cases[i].port);
        CHECK(slice_eq(slot.target.name, slice_trim(slice_from(cases[i].text))));
    }
}

static void what_is_kept_of_a_file_outlives_its_text(void)
{
    char text[] = "1.2.3.4:5 # c\nhost:6 #d\nunix:///run/x";
    target_set_free(set);
    set = target_set_new();
    CHECK_INT(target_set_add_lines(set, slice_from(text), "f", &err), 0);
    memset(text, 'X', sizeof(text));
    CHECK_STR(name(0), "1.2.3.4:5");
    CHECK_STR(name(1), "host:6");
    CHECK_STR(name(2), "unix:///run/x");
    CHECK(slice_eq(slot.target.host, SLICE("/run/x")));
}

static void plain_addresses_stand_among_other_expressions(void)
{
    static const char *const lines = "10.0.0.1:80\n10.0.0.2/32:81\n10.1.0.0/30:1-2\n"
                                     "tcp://10.0.0.3:82\n10.0.0.4:83,84\ndb:85\n10.0.0.5:86\n";
    target_set_free(set);
    set = target_set_new();
    CHECK_INT(target_set_add_lines(set, slice_from(lines), "list", &err), 0);
    CHECK_INT(target_set_count(set), 1 + 1 + 8 + 1 + 2 + 1 + 1);
    CHECK_STR(name(0), "10.0.0.1:80");
    CHECK(slot.target.is_address && slot.target.is_ipv4 && slot.target.ipv4 == 0x0a000001);
    CHECK(slot.target.kind == PROBE_TCP && slot.target.port == 80);
    CHECK(slice_eq(slot.target.host, SLICE("10.0.0.1")));
    CHECK_STR(name(1), "10.0.0.2/32:81");
    CHECK(slice_eq(slot.target.host, SLICE("10.0.0.2")) && slot.target.port == 81);
    CHECK_STR(name(2), "10.1.0.0:1");
    CHECK_STR(name(9), "10.1.0.3:2");
    CHECK_STR(name(10), "tcp://10.0.0.3:82");
    CHECK(slice_eq(slot.target.host, SLICE("10.0.0.3")) && slot.target.ipv4 == 0x0a000003);
    CHECK_STR(name(12), "10.0.0.4:84");
    CHECK_STR(name(13), "db:85");
    CHECK(!slot.target.is_address);
    CHECK_STR(name(14), "10.0.0.5:86");
    CHECK(slot.target.ipv4 == 0x0a000005 && slot.target.port == 86);
}

static void kinds_have_their_own_ports_and_parameters(void)
{
    static const struct {
        const char *text;
        enum probe_kind kind;
        int port;
        bool tls;
    } all[] = {
        {"redis://h", PROBE_REDIS, 6379, false},
        {"rediss://h", PROBE_REDIS, 6379, true},
        {"postgres://h", PROBE_POSTGRES, 5432, false},
        {"postgresql://h:1?sslmode=verify-full", PROBE_POSTGRES, 1, true},
        {"ws://h/x", PROBE_WS, 80, false},
        {"wss://h", PROBE_WS, 443, true},
        {"ntp://h", PROBE_NTP, 123, false},
        {"ssh://h", PROBE_SSH, 22, false},
        {"SSH://h:2222/", PROBE_SSH, 2222, false},
        {"tls+smtp://h", PROBE_TLS, 25, false},
        {"tls+imap://h", PROBE_TLS, 143, false},
        {"tls+pop3://h", PROBE_TLS, 110, false},
        {"tls+postgres://h", PROBE_TLS, 5432, false},
        {"tls+mysql://h", PROBE_TLS, 3306, false},
        {"dns://h/a", PROBE_DNS, 53, false},
        {"dns+tcp://h/a", PROBE_DNS, 53, false},
        {"dns+tls://h/a", PROBE_DNS, 853, true},
        {"dns://h/a?proto=tls", PROBE_DNS, 853, true},
        {"grpc://h:1/a.B", PROBE_GRPC, 1, false},
        {"grpcs://h:1", PROBE_GRPC, 1, true},
        {"icmp://h", PROBE_ICMP, 0, false},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        CHECK_INT(add(all[i].text), 0);
        CHECK_STR(name(0), all[i].text);
        CHECK_INT(slot.target.kind, all[i].kind);
        CHECK_INT(slot.target.port, all[i].port);
        CHECK_INT(slot.target.tls, all[i].tls);
    }
}

static void a_range_keeps_what_stands_behind_it(void)
{
    CHECK_INT(add("icmp://10.0.0.0/30?count=3&interval=5ms"), 0);
    CHECK_INT(target_set_count(set), 4);
    CHECK_STR(name(3), "icmp://10.0.0.3?count=3&interval=5ms");
    CHECK_INT(slot.target.extra->echoes, 3);
    CHECK_INT(slot.target.extra->interval_ns, 5000000);
    CHECK_INT(add("ntp://10.0.0.0/31:1-2?offset_max=1s"), 0);
    CHECK_STR(name(3), "ntp://10.0.0.1:2?offset_max=1s");
    CHECK_INT(add("icmp://[fd00::/127]"), 0);
    CHECK_STR(name(1), "icmp://[fd00::1]");
}

static void a_password_is_decoded_and_not_shown(void)
{
    CHECK_INT(add("redis://me:p%40%2F@h/7"), 0);
    CHECK_STR(name(0), "redis://me:***@h/7");
    CHECK(slice_eq_cstr(slot.target.extra->user, "me"));
    CHECK(slice_eq_cstr(slot.target.extra->password, "p@/"));
    CHECK(slice_eq_cstr(slot.target.extra->database, "7"));
    CHECK_INT(add("postgres://u:secret@h/d%20b"), 0);
    CHECK_STR(name(0), "postgres://u:***@h/d%20b");
    CHECK(slice_eq_cstr(slot.target.extra->database, "d b"));
    CHECK_INT(add("http://u:secret@h/x@y"), 0);
    CHECK_STR(name(0), "http://u:***@h/x@y");
    CHECK(slice_find(slot.target.url, SLICE("secret")) >= 0);
    CHECK_INT(add("http://h:80/x@y"), 0);
    CHECK_STR(name(0), "http://h:80/x@y");
    CHECK_INT(add("exec:http://u:p@h"), 0);
    CHECK_STR(name(0), "exec:http://u:p@h");
    CHECK_INT(add("exec://u:p@h"), 0);
    CHECK_STR(name(0), "exec://u:p@h");
    CHECK_INT(add("unix://a:b@c"), 0);
    CHECK_STR(name(0), "unix://a:b@c");
    CHECK_INT(add("postgres://:@h"), 0);
    CHECK_STR(name(0), "postgres://:@h");
    CHECK_INT(add("redis://:sec/ret@h:x"), -EINVAL); /* nor in what is wrong with it */
    CHECK(strstr(err.text, "***") && !strstr(err.text, "target 'redis://:sec"));
}

static void wrong_parameters_are_named(void)
{
    static const struct {
        const char *text, *says;
    } wrong[] = {
        {"icmp://h?count=0", "count"},          {"icmp://h?count=101", "1 to 100"},
        {"icmp://h?x=1", "?count=5"},           {"icmp://h:7", "has no ports"},
        {"icmp://h?interval=5", "duration"},    {"ntp://h?offset_max=0s", "duration"},
        {"ssh://h?host_key=MD5:aa", "SHA256"},  {"ssh://::1", "brackets"},
        {"redis://h/x", "number"},              {"redis://u@h", "password is missing"},
        {"redis://:%zz@h", "hex digits"},       {"redis://h?x", "is all"},
        {"postgres://h?sslmode=no", "verify-full"}, {"postgres://:x@h", "user is missing"},
        {"dns://h/a?proto=quic", "udp, tcp or tls"}, {"dns://h/a?dnssec=x", "neither 1 nor 0"},
        {"dns+tcp:///a", "server is missing"},  {"dns://h/a?expect=,", "empty answer"},
        {"gopher://h", "tls+smtp"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CHECK_INT(add(wrong[i].text), -EINVAL);
        if (!strstr(err.text, wrong[i].says))
            CHECK_STR(err.text, wrong[i].says);
    }
}

int main(void)
{
    TAP_RUN(kinds_have_their_own_ports_and_parameters);
    TAP_RUN(a_range_keeps_what_stands_behind_it);
    TAP_RUN(a_password_is_decoded_and_not_shown);
    TAP_RUN(wrong_parameters_are_named);
    TAP_RUN(one_host_and_port_is_itself);
    TAP_RUN(a_network_has_every_address_first_and_last_too);
    TAP_RUN(the_largest_network_costs_no_memory);
    TAP_RUN(ipv6_prefixes);
    TAP_RUN(urls_of_every_kind);
    TAP_RUN(what_is_no_target_is_refused_in_words);
    TAP_RUN(too_long_a_target);
    TAP_RUN(lines_of_a_file_all_or_none);
    TAP_RUN(what_is_nearly_a_plain_address_goes_the_long_way);
    TAP_RUN(what_is_kept_of_a_file_outlives_its_text);
    TAP_RUN(plain_addresses_stand_among_other_expressions);
    TAP_RUN(a_comment_is_none_inside_of_quotes);
    TAP_RUN(more_targets_than_can_be_counted);
    TAP_RUN(every_index_is_another_target);
    target_set_free(set);
    return tap_done();
}
