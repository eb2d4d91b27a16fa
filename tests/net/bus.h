/* bus.h - a real bus of the test's own: a dbus-daemon on a socket in its folder. */
#ifndef FIREBREAK_TESTS_NET_BUS_H
#define FIREBREAK_TESTS_NET_BUS_H

#include "tests/net/child.h"

struct bus {
    char folder[40], address[80];
    struct child daemon;
};

static inline bool bus_start(struct bus *b)
{
    char config[64], option[80];
    if (!b->folder[0]) {
        snprintf(b->folder, sizeof(b->folder), "/tmp/firebreak-bus-XXXXXX");
        if (!mkdtemp(b->folder))
            return false;
    }
    snprintf(b->address, sizeof(b->address), "unix:path=%s/socket", b->folder);
    snprintf(config, sizeof(config), "%s/config", b->folder);
    snprintf(option, sizeof(option), "--config-file=%s", config);
    FILE *f = fopen(config, "w");
    if (!f)
        return false;
    fprintf(f, "<busconfig><type>session</type><listen>%s</listen><auth>EXTERNAL</auth>"
               "<policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/>"
               "<allow send_destination=\"*\"/><allow receive_sender=\"*\"/>"
               "<deny send_interface=\"org.freedesktop.DBus\" send_member=\"Forbidden\"/>"
               "</policy></busconfig>", b->address);
    fclose(f);
    b->daemon = child_start((char *[]){"dbus-daemon", "--nofork", "--nopidfile", "--print-address",
                                       option, NULL});
    return child_says(&b->daemon, "unix:path=", NULL, 0);
}

static inline void bus_done(struct bus *b)
{
    child_stop(&b->daemon);
    remove_folder(b->folder);
}

#endif
