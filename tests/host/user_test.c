#include "host/user.h"

#include "tests/tap.h"

#include <errno.h>
#include <unistd.h>

#include "base/buf.h"

#define PASSWD                                                   \
    "root:x:0:0:root:/root:/bin/bash\n"                          \
    "broken line\n"                                              \
    "half:x:7\n"                                                 \
    "letters:x:seven:7::/:/bin/sh\n"                             \
    "www-data:x:33:34:web, a comma:/var/www:/usr/sbin/nologin\n" \
    "bare:x:50:51:::\n"                                          \
    "33:x:1033:1033:a number as its name:/n:/bin/sh\n"           \
    "last:x:4294967294:1::/l:/bin/sh" /* no newline */
#define GROUP                        \
    "root:x:0:\n"                    \
    "adm:x:4:syslog,www-data\n"      \
    "broken\n"                       \
    "www-data:x:34:www-data\n"       \
    "more:x:99:www-data-not,other\n" \
    "disk:x:6:www-data"

static struct arena arena = {.sub = MEM_TEST};

static struct host_user entry_of(const char *name)
{
    struct host_user u = {0};
    CHECK_INT(host_parse_passwd(SLICE(PASSWD), slice_from(name), &arena, &u), 0);
    return u;
}

static void an_entry_has_its_numbers_and_folders(void)
{
    struct host_user u = entry_of("www-data");
    CHECK_INT(u.uid, 33);
    CHECK_INT(u.gid, 34);
    CHECK_STR(u.home, "/var/www");
    CHECK_STR(u.shell, "/usr/sbin/nologin");
    u = entry_of("bare");
    CHECK_STR(u.home, "/");
    CHECK_STR(u.shell, "/bin/sh");
    CHECK_INT(entry_of("last").uid, 4294967294);
}

static void a_name_counts_before_a_number(void)
{
    CHECK_INT(entry_of("33").uid, 1033);
    CHECK_STR(entry_of("50").name, "bare");
    CHECK_STR(entry_of("0").name, "root");
}

static void what_is_no_entry_is_passed_over(void)
{
    struct host_user u = {.uid = 77};
    static const char *const none[] = {"half", "letters", "broken line", "", "nobody", "roo"};
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        CHECK_INT(host_parse_passwd(SLICE(PASSWD), slice_from(none[i]), &arena, &u), -ENOENT);
    CHECK_INT(host_parse_passwd((struct slice){0}, SLICE("root"), &arena, &u), -ENOENT);
    CHECK_INT(u.uid, 77);
}

static void groups_are_those_that_list_the_name(void)
{
    static gid_t groups[HOST_USER_GROUPS_MAX];
    CHECK_INT(host_parse_member(SLICE(GROUP), "www-data", 34, groups), 3);
    CHECK_INT(groups[0], 34); /* its own first, once */
    CHECK_INT(groups[1], 4);
    CHECK_INT(groups[2], 6);
    CHECK_INT(host_parse_member(SLICE(GROUP), "nobody", 65534, groups), 1);
    gid_t gid = 77;
    CHECK_INT(host_parse_group(SLICE(GROUP), SLICE("adm"), &gid), 0);
    CHECK_INT(gid, 4);
    CHECK_INT(host_parse_group(SLICE(GROUP), SLICE("1234"), &gid), 0);
    CHECK_INT(gid, 1234);
    CHECK_INT(host_parse_group(SLICE(GROUP), SLICE("4294967295"), &gid), -ENOENT); /* means none */
    CHECK_INT(host_parse_group(SLICE(GROUP), SLICE("broken"), &gid), -ENOENT);
    CHECK_INT(gid, 1234);
}

static void more_groups_than_can_be_are_left_out(void)
{
    static gid_t groups[HOST_USER_GROUPS_MAX];
    struct buf text = BUF(MEM_TEST, 0);
    for (int i = 0; i < HOST_USER_GROUPS_MAX + 10; i++)
        buf_printf(&text, "g%d:x:%d:me\n", i, 1000 + i);
    CHECK_INT(host_parse_member(buf_slice(&text), "me", 5, groups), HOST_USER_GROUPS_MAX);
    buf_done(&text);
}

static void one_without_an_entry_has_to_say_its_group(void)
{
    struct host_user u = {0};
    struct err err = {0};
    if (geteuid() != 0) {
        TAP_SKIP("only root may change the user");
        return;
    }
    CHECK_INT(host_user_find("4123456", &arena, &u, &err), -EINVAL);
    CHECK(strstr(err.text, "4123456:GID"));
    CHECK_INT(host_user_find("4123456:7", &arena, &u, &err), 0);
    CHECK_INT(u.uid, 4123456);
    CHECK_INT(u.gid, 7);
    CHECK_INT(u.group_count, 1);
    CHECK(!u.ours);
    CHECK_INT(host_user_find("4123456:no-such-group", &arena, &u, &err), -ENOENT);
    CHECK_INT(host_user_find("no-such-user", &arena, &u, &err), -ENOENT);
}

static void without_a_name_it_is_us(void)
{
    struct host_user u = {0};
    CHECK_INT(host_user_find(NULL, &arena, &u, NULL), 0);
    CHECK(u.ours && u.uid == geteuid() && u.home[0] == '/');
}

int main(void)
{
    TAP_RUN(an_entry_has_its_numbers_and_folders);
    TAP_RUN(a_name_counts_before_a_number);
    TAP_RUN(what_is_no_entry_is_passed_over);
    TAP_RUN(groups_are_those_that_list_the_name);
    TAP_RUN(more_groups_than_can_be_are_left_out);
    TAP_RUN(one_without_an_entry_has_to_say_its_group);
    TAP_RUN(without_a_name_it_is_us);
    arena_done(&arena);
    return tap_done();
}
