#include "wire/dbus_address.h"

#include <errno.h>

#include "tests/tap.h"

static struct err why;
static struct dbus_address a;

static int first(const char *text)
{
    struct slice list = slice_from(text);
    a.socket[0] = 0;
    err_clear(&why);
    return dbus_address_next(&list, &a, &why);
}

static void a_path_and_an_abstract_name(void)
{
    CHECK_INT(first("unix:path=/run/dbus/system_bus_socket"), 1);
    CHECK_STR(a.socket, "/run/dbus/system_bus_socket");
    CHECK_INT(first("unix:abstract=/tmp/dbus-x,guid=0123"), 1);
    CHECK_STR(a.socket, "@/tmp/dbus-x");
    CHECK_INT(first("unix:guid=0123,path=/a%20b%25"), 1);
    CHECK_STR(a.socket, "/a b%");
}

static void a_list_is_taken_one_by_one(void)
{
    struct slice list = SLICE("tcp:host=x,port=1;;unix:path=/a;unix:path=/b;");
    CHECK_INT(dbus_address_next(&list, &a, &why), -EPROTONOSUPPORT);
    CHECK(strstr(why.text, "tcp:host=x,port=1: only unix") != NULL);
    CHECK(dbus_address_next(&list, &a, &why) == 1 && strcmp(a.socket, "/a") == 0);
    CHECK(dbus_address_next(&list, &a, &why) == 1 && strcmp(a.socket, "/b") == 0);
    CHECK_INT(dbus_address_next(&list, &a, &why), 0);
    CHECK_INT(first(""), 0);
}

static void what_is_no_address_is_told(void)
{
    static const char *const wrong[] = {"unix", "unix:", "unix:path", "unix:path=", "unix:guid=1",
                                        "unix:path=/a b", "unix:path=/a%2", "unix:path=/a%zz",
                                        "unix:path=/%00", "unix:path=a", "unix:path=%40a",
                                        "unix:path=/", "unix:abstract=", "unix:path=/a,abstract=b"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        CHECK_INT(first(wrong[i]), -EINVAL);
        CHECK(strstr(why.text, wrong[i]) != NULL && a.socket[0] == 0);
    }
    char much[160] = "unix:path=/";
    memset(much + 11, 'a', 106);
    CHECK_INT(first(much), 1);
    CHECK_INT(strlen(a.socket), DBUS_SOCKET_BYTES_MAX);
    much[117] = 'a';
    CHECK_INT(first(much), -ENAMETOOLONG);
}

static void lines_of_the_bus(void)
{
    enum dbus_auth auth = DBUS_AUTH_OTHER;
    struct slice rest = {0};
    CHECK_INT(dbus_auth_parse(SLICE("OK 12ab\r\nmore"), &auth, &rest, &why), 9);
    CHECK(auth == DBUS_AUTH_OK && slice_eq_cstr(rest, "12ab"));
    CHECK_INT(dbus_auth_parse(SLICE("REJECTED EXTERNAL ANONYMOUS\r\n"), &auth, &rest, &why), 29);
    CHECK(auth == DBUS_AUTH_REJECTED && slice_eq_cstr(rest, "EXTERNAL ANONYMOUS"));
    CHECK_INT(dbus_auth_parse(SLICE("DATA\r\n"), &auth, &rest, &why), 6);
    CHECK(auth == DBUS_AUTH_DATA && !rest.size);
    CHECK_INT(dbus_auth_parse(SLICE("ERROR\r\n"), &auth, &rest, &why), 7);
    CHECK_INT(auth, DBUS_AUTH_ERROR);
    CHECK_INT(dbus_auth_parse(SLICE("AGREE_UNIX_FD\r\n"), &auth, &rest, &why), 15);
    CHECK_INT(auth, DBUS_AUTH_OTHER);
    for (size_t n = 0; n < 9; n++)
        CHECK_INT(dbus_auth_parse((struct slice){"OK 12ab\r\n", n}, &auth, &rest, &why), 0);
    CHECK_INT(auth, DBUS_AUTH_OTHER);
}

static void what_is_no_line_is_refused(void)
{
    enum dbus_auth auth = DBUS_AUTH_DATA;
    struct slice rest = SLICE("kept");
    static char much[DBUS_AUTH_LINE_BYTES_MAX + 1];
    memset(much, 'x', sizeof(much));
    CHECK_INT(dbus_auth_parse((struct slice){much, sizeof(much) - 1}, &auth, &rest, &why), 0);
    CHECK_INT(dbus_auth_parse((struct slice){much, sizeof(much)}, &auth, &rest, &why), -EMSGSIZE);
    CHECK_INT(dbus_auth_parse(SLICE("OK\n\r\n"), &auth, &rest, &why), -EBADMSG);
    CHECK_INT(dbus_auth_parse(SLICE("l\1\0\1"), &auth, &rest, &why), -EBADMSG);
    CHECK_INT(dbus_auth_parse(SLICE("OK \xc3\xa4\r\n"), &auth, &rest, &why), -EBADMSG);
    CHECK(auth == DBUS_AUTH_DATA && slice_eq_cstr(rest, "kept"));
}

int main(void)
{
    TAP_RUN(a_path_and_an_abstract_name);
    TAP_RUN(a_list_is_taken_one_by_one);
    TAP_RUN(what_is_no_address_is_told);
    TAP_RUN(lines_of_the_bus);
    TAP_RUN(what_is_no_line_is_refused);
    return tap_done();
}
