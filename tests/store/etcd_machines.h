/* etcd_machines.h - the members of an etcd, each a machine with a network of its own on one bridge,
 * so that a link can be cut. The caller has left the network of the host (unshare). */
#ifndef FIREBREAK_TESTS_STORE_ETCD_MACHINES_H
#define FIREBREAK_TESTS_STORE_ETCD_MACHINES_H

#include <stdio.h>

#include "tests/store/etcd_server.h"

enum { MEMBERS = 3 };

struct member {
    struct etcd_server server;
    uint64_t id;
    char ip[16];
};

static struct member members[MEMBERS];
static char cluster[256], url[MEMBERS][128];

static void run(const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (!run_command((char *[]){"sh", "-c", line, NULL}))
        printf("# failed: %s\n", line);
}

static bool has_own_network(pid_t pid)
{
    char path[64], ours[64] = "", theirs[64] = "";
    snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
    if (readlink("/proc/self/ns/net", ours, sizeof(ours) - 1) < 0 ||
        readlink(path, theirs, sizeof(theirs) - 1) < 0)
        return false;
    return strcmp(ours, theirs) != 0;
}

/* The shell waits for its interface, takes its address, and becomes the etcd. */
static void member_start(struct member *m)
{
    static char script[] = "ip link set lo up; "
                           "until ip link show eth0 >/dev/null 2>&1; do sleep 0.02; done; "
                           "ip addr add $0/24 dev eth0; ip link set eth0 up; exec \"$@\"";
    struct etcd_server *e = &m->server;
    char *const before[] = {"unshare", "-n", "sh", "-c", script, m->ip, NULL};
    e->before = before;
    etcd_server_run(e, cluster);
    e->before = NULL;
    for (int i = 0; i < 200 && !has_own_network(e->child.pid); i++)
        usleep(10000);
    run("ip link del v%s 2>/dev/null; ip link add v%s type veth peer name eth0 netns %d && "
        "ip link set v%s master br0 up",
        e->name, e->name, (int)e->child.pid, e->name);
}

static void make_members(const char *binary)
{
    size_t used = 0;
    run("ip link add br0 type bridge && ip addr add 10.77.0.254/24 dev br0 && ip link set br0 up");
    for (int i = 0; i < MEMBERS; i++) {
        struct etcd_server *e = &members[i].server;
        etcd_server_make(e, binary, i + 1);
        snprintf(members[i].ip, sizeof(members[i].ip), "10.77.0.%d", i + 1);
        snprintf(e->client, sizeof(e->client), "http://%s:2379", members[i].ip);
        snprintf(e->peer, sizeof(e->peer), "http://%s:2380", members[i].ip);
        used += (size_t)snprintf(cluster + used, sizeof(cluster) - used, "%s%s=%s", i ? "," : "",
                                 e->name, e->peer);
        snprintf(url[i], sizeof(url[i]), "etcd://10.77.0.%d,10.77.0.%d,10.77.0.%d", i + 1,
                 (i + 1) % 3 + 1, (i + 2) % 3 + 1);
    }
    for (int i = 0; i < MEMBERS; i++)
        member_start(&members[i]);
}

#endif
