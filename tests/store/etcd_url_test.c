#include "store/etcd_url.h"

#include <errno.h>

#include "tests/tap.h"

static struct arena arena = {.sub = MEM_TEST};
static struct err err;
static struct etcd_url u;

static int parse(const char *text)
{
    err_clear(&err);
    arena_reset(&arena);
    u = (struct etcd_url){0};
    return etcd_url_parse(slice_from(text), &arena, &u, &err);
}

static void one_host_is_enough(void)
{
    CHECK_INT(parse("etcd://db"), 0);
    CHECK_INT(u.endpoint_count, 1);
    CHECK_STR(u.endpoints[0].host, "db");
    CHECK_INT(u.endpoints[0].port, 2379);
    CHECK(!u.user && !u.password && !u.tls && !u.ca);
    CHECK_INT(parse("etcd://db:1/"), 0);
    CHECK_INT(u.endpoints[0].port, 1);
}

static void several_hosts_stand_between_commas(void)
{
    CHECK_INT(parse("etcd://10.0.0.1:2379,h2,[::1]:4001,[fe80::1%25eth0]"), 0);
    CHECK_INT(u.endpoint_count, 4);
    CHECK_STR(u.endpoints[1].host, "h2");
    CHECK_STR(u.endpoints[2].host, "::1");
    CHECK_INT(u.endpoints[2].port, 4001);
    CHECK_STR(u.endpoints[3].host, "fe80::1%eth0");
    CHECK_INT(u.endpoints[3].port, 2379);
}

static void user_and_password_are_decoded(void)
{
    CHECK_INT(parse("etcd://ro%40ot:p%3Aw%2C%2f@h,h2"), 0);
    CHECK_STR(u.user, "ro@ot");
    CHECK_STR(u.password, "p:w,/");
    CHECK_INT(u.endpoint_count, 2);
    CHECK_INT(parse("etcd://root@h?password_file=/run/pw%26d&tls=false"), 0);
    CHECK_STR(u.password_file, "/run/pw&d");
    CHECK(!u.password && !u.tls);
}

static void the_files_of_tls_imply_it(void)
{
    CHECK_INT(parse("etcd://h?tls=true"), 0);
    CHECK(u.tls && !u.ca);
    CHECK_INT(parse("etcd://h?ca=/ca.pem&cert=/c.pem&key=/k.pem&server_name=etcd.test"), 0);
    CHECK(u.tls);
    CHECK_STR(u.ca, "/ca.pem");
    CHECK_STR(u.cert, "/c.pem");
    CHECK_STR(u.key, "/k.pem");
    CHECK_STR(u.server_name, "etcd.test");
}

static void what_is_wrong_is_named_and_the_password_is_not(void)
{
    static const char *const cases[][2] = {
        {"sqlite:/x", "begins with etcd://"},
        {"etcd://", "without a host"},
        {"etcd://h,,h2", "without a host"},
        {"etcd://:2379", "without a host"},
        {"etcd://h:0", "'h:0': the port is not 1 to 65535"},
        {"etcd://h:70000", "'h:70000': the port is not 1 to 65535"},
        {"etcd://h:x", "the port is not"},
        {"etcd://h:", "the port is not"},
        {"etcd://[::1", "wanted [ADDRESS]:PORT"},
        {"etcd://[::1]2379", "wanted [ADDRESS]:PORT"},
        {"etcd://h%zz", "a broken %XX"},
        {"etcd://h 2", "or a space"},
        {"etcd://h\n", "or a space"},
        {"etcd://h/prefix", "there is no path in it"},
        {"etcd://@h", "USER:PASSWORD"},
        {"etcd://root:secret%0@h", "USER:PASSWORD"},
        {"etcd://root@h", "user root has no password"},
        {"etcd://root:secret@h?password_file=/x", "more than one place"},
        {"etcd://h?password_env=X", "a password without a user"},
        {"etcd://h?key=/k", "a key without its cert"},
        {"etcd://h?colour=red", "no option 'colour'"},
        {"etcd://h?ca=", "option 'ca' has no value"},
        {"etcd://h?ca", "option 'ca' has no value"},
        {"etcd://h?tls=yes", "tls is true or false"},
        {"etcd://h?ca=%00", "option 'ca' has no value"},
        {"etcd://1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", "more than 16 endpoints"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECK_INT(parse(cases[i][0]), -EINVAL);
        CHECK(strstr(err.text, cases[i][1]) != NULL);
        CHECK(!strstr(err.text, "secret"));
        if (!strstr(err.text, cases[i][1]))
            printf("# %s: %s\n", cases[i][0], err.text);
        CHECK_INT(u.endpoint_count, 0);
    }
}

int main(void)
{
    TAP_RUN(one_host_is_enough);
    TAP_RUN(several_hosts_stand_between_commas);
    TAP_RUN(user_and_password_are_decoded);
    TAP_RUN(the_files_of_tls_imply_it);
    TAP_RUN(what_is_wrong_is_named_and_the_password_is_not);
    arena_done(&arena);
    return tap_done();
}
