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

int main(void)
{
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
