#include "wire/dbus_address.h"

#include <errno.h>

static int hex(char c)
{
    char l = (char)(c | 32);
    return c >= '0' && c <= '9' ? c - '0' : l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

/* Only these stand for themselves. */
static bool is_plain(char c)
{
    char l = (char)(c | 32);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || (c && strchr("-_/.\\*", c));
}

static int unescape(struct slice s, char *to, size_t room, struct err *err)
{
    size_t n = 0;
    for (size_t i = 0; i < s.size; i++, n++) {
        char c = s.data[i];
        bool coded = c == '%' && i + 2 < s.size;
        int high = coded ? hex(s.data[i + 1]) : -1, low = coded ? hex(s.data[i + 2]) : -1;
        if (!is_plain(c) && (high < 0 || low < 0))
            return err_set(err, -EINVAL, "the byte 0x%02x has to be written as %%%02x", (uint8_t)c,
                           (uint8_t)c);
        if (coded) {
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (n + 1 >= room)
            return err_set(err, -ENAMETOOLONG, "a socket's path has at most %d bytes",
                           DBUS_SOCKET_BYTES_MAX);
        if (c == 0)
            return err_set(err, -EINVAL, "a path with a NUL");
        to[n] = c;
    }
    to[n] = 0;
    return 0;
}

static int take_unix(struct slice keys, struct dbus_address *ret, struct err *err)
{
    struct dbus_address a = {0};
    size_t found = 0;
    while (keys.data) {
        struct slice value = slice_cut(&keys, ','), key = slice_cut(&value, '=');
        bool path = slice_eq_cstr(key, "path"), abstract = slice_eq_cstr(key, "abstract");
        if (!value.data)
            return err_set(err, -EINVAL, "'%.*s' is no KEY=VALUE", SLICE_ARG(key));
        if (!path && !abstract) /* guid, and what is for servers */
            continue;
        a.socket[0] = abstract ? '@' : 0;
        int r = unescape(value, a.socket + abstract, sizeof(a.socket) - abstract, err);
        if (r == 0 && path && a.socket[0] != '/')
            r = err_set(err, -EINVAL, "a path begins with a '/'");
        if (r < 0)
            return r;
        found++;
    }
    if (found != 1 || !a.socket[1])
        return err_set(err, -EINVAL, "a unix address has one path or one abstract name");
    *ret = a;
    return 1;
}

int dbus_address_next(struct slice *list, struct dbus_address *ret_address, struct err *err)
{
    struct slice entry = {0};
    while (list->data && !entry.size)
        entry = slice_cut(list, ';');
    if (!entry.size)
        return 0;
    struct slice keys = entry, transport = slice_cut(&keys, ':');
    int r;
    if (!keys.data)
        r = err_set(err, -EINVAL, "no transport, as in unix:path=/run/dbus/system_bus_socket");
    else if (!slice_eq_cstr(transport, "unix"))
        r = err_set(err, -EPROTONOSUPPORT, "only unix sockets are spoken to");
    else
        r = take_unix(keys, ret_address, err);
    if (r < 0)
        err_wrap(err, "the bus's address %.*s", (int)(entry.size < 120 ? entry.size : 120),
                 entry.data);
    return r;
}

ptrdiff_t dbus_auth_parse(struct slice in, enum dbus_auth *ret_auth, struct slice *ret_rest,
                          struct err *err)
{
    static const char *const words[] = {[DBUS_AUTH_OK] = "OK", [DBUS_AUTH_REJECTED] = "REJECTED",
                                        [DBUS_AUTH_ERROR] = "ERROR", [DBUS_AUTH_DATA] = "DATA"};
    ptrdiff_t end = slice_find(in, SLICE("\r\n"));
    size_t known = end < 0 ? in.size : (size_t)end;
    if (known > DBUS_AUTH_LINE_BYTES_MAX)
        return err_set(err, -EMSGSIZE, "a line of more than %d bytes", DBUS_AUTH_LINE_BYTES_MAX);
    for (size_t i = 0; i < known; i++)
        if ((uint8_t)in.data[i] > 0x7e ||
            ((uint8_t)in.data[i] < 0x20 && !(end < 0 && i + 1 == known && in.data[i] == '\r')))
            return err_set(err, -EBADMSG, "the byte 0x%02x in a line of ASCII",
                           (uint8_t)in.data[i]);
    if (end < 0)
        return 0;
    struct slice rest = slice_sub(in, 0, known), word = slice_cut(&rest, ' ');
    enum dbus_auth auth = DBUS_AUTH_OTHER;
    for (size_t i = 0; i < DBUS_AUTH_OTHER; i++)
        if (slice_eq_cstr(word, words[i]))
            auth = (enum dbus_auth)i;
    *ret_auth = auth;
    *ret_rest = rest;
    return end + 2;
}
