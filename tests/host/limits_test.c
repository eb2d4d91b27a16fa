#include "host/limits.h"

#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/defs.h"
#include "base/fault.h"

static void free_descriptors_are_the_limit_less_those_open(void)
{
    struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){64, before.rlim_max});
    uint64_t free_before = host_free_descriptors();
    CHECK(free_before > 0 && free_before <= 61);
    int fds[3];
    for (int i = 0; i < 3; i++)
        fds[i] = dup(0);
    CHECK_INT(host_free_descriptors(), free_before - 3);
    int more[64], n = 0;
    while ((more[n] = dup(0)) >= 0)
        n++;
    CHECK_INT(n, free_before - 3); /* as many as it said, and not one more */
    for (int i = 0; i < n; i++)
        close(more[i]);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    setrlimit(RLIMIT_NOFILE, &before);
}

static void the_soft_limit_is_raised_to_the_hard_one(void)
{
    struct rlimit before, now;
    getrlimit(RLIMIT_NOFILE, &before);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){64, before.rlim_max});
    CHECK_INT(host_raise_descriptors(), before.rlim_max);
    getrlimit(RLIMIT_NOFILE, &now);
    CHECK_INT(now.rlim_cur, before.rlim_max);
    CHECK_INT(now.rlim_max, before.rlim_max);
    setrlimit(RLIMIT_NOFILE, &before);
}

static void ports_are_the_kernels(void)
{
    struct host_ports p = host_local_ports();
    unsigned first = 0, last = 0;
    FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
    CHECK(f && fscanf(f, "%u %u", &first, &last) == 2);
    if (f)
        fclose(f);
    CHECK_INT(p.first, first);
    CHECK_INT(p.last, last);
}

static void a_range_of_ports_is_two_numbers_in_order(void)
{
    struct host_ports p = {1, 2};
    CHECK_INT(host_parse_ports(SLICE("32768\t60999\n"), &p), 0);
    CHECK_INT(p.first, 32768);
    CHECK_INT(p.last, 60999);
    static const char *const bad[] = {"",        "\n",    "1",   "0 5", "5 4",
                                      "1 65536", "1 2 3", "a b", "-1 2"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK_INT(host_parse_ports(slice_from(bad[i]), &p), -EINVAL);
    CHECK_INT(p.first, 32768); /* untouched by failures */
}

static void memory_is_known_and_in_order(void)
{
    struct host_memory m;
    host_memory_read(&m);
    CHECK(m.total_bytes > 1024 * 1024);
    CHECK(m.limit_bytes > 0 && m.limit_bytes <= m.total_bytes);
    CHECK(m.free_bytes <= m.limit_bytes);
}

static void without_proc_memory_is_not_known_and_ports_are_the_default(void)
{
    struct host_memory m = {1, 1, 1};
    int64_t live = mem_usage_of(MEM_HOST).live;
    for (uint64_t n = 1; n < 6; n++) {
        fault_arm(FAULT_SYSCALL, n);
        host_memory_read(&m);
        CHECK(m.free_bytes <= m.limit_bytes);
    }
    fault_arm(FAULT_SYSCALL, 1);
    struct host_ports p = host_local_ports();
    fault_arm(FAULT_SYSCALL, 0);
    CHECK_INT(p.first, 32768);
    CHECK_INT(p.last, 60999);
    CHECK_INT(mem_usage_of(MEM_HOST).live, live);
}

static void a_line_of_meminfo_is_in_kib(void)
{
    uint64_t v = 7;
    struct slice text =
        SLICE("MemTotal:       24522 kB\nMemFree: x kB\nHugePages_Total:       0\n");
    CHECK_INT(host_parse_meminfo(text, SLICE("MemTotal"), &v), 0);
    CHECK_INT(v, 24522 * 1024);
    CHECK_INT(host_parse_meminfo(text, SLICE("MemFree"), &v), -EINVAL);
    CHECK_INT(host_parse_meminfo(text, SLICE("HugePages_Total"), &v), -EINVAL);
    CHECK_INT(host_parse_meminfo(text, SLICE("Mem"), &v), -ENOENT);
    CHECK_INT(host_parse_meminfo((struct slice){0}, SLICE("Mem"), &v), -ENOENT);
    CHECK_INT(host_parse_meminfo(SLICE("A: 18446744073709551615 kB"), SLICE("A"), &v), -EINVAL);
    CHECK_INT(v, 24522 * 1024);
}

static void the_limit_of_a_cgroup_may_be_none(void)
{
    uint64_t v = 7;
    CHECK_INT(host_parse_cgroup_bytes(SLICE("max\n"), &v), 0);
    CHECK(v == UINT64_MAX);
    CHECK_INT(host_parse_cgroup_bytes(SLICE("536870912\n"), &v), 0);
    CHECK_INT(v, 536870912);
    CHECK_INT(host_parse_cgroup_bytes(SLICE(""), &v), -EINVAL);
    CHECK_INT(host_parse_cgroup_bytes(SLICE("-1"), &v), -EINVAL);
    CHECK_INT(v, 536870912);
}

static void our_cgroup_is_found_in_either_version(void)
{
    struct slice text = SLICE("9:name=systemd:/s\n4:cpu,memory:/a:b\n3:memoryx:/x\n0::/u/v\n");
    struct slice path = {0};
    CHECK_INT(host_parse_cgroup_path(text, SLICE("memory"), &path), 0);
    CHECK(slice_eq(path, SLICE("/a:b"))); /* a colon is a letter of a folder's name */
    CHECK_INT(host_parse_cgroup_path(text, SLICE(""), &path), 0);
    CHECK(slice_eq(path, SLICE("/u/v")));
    CHECK_INT(host_parse_cgroup_path(text, SLICE("pids"), &path), -ENOENT);
    CHECK_INT(host_parse_cgroup_path(SLICE("0::relative\n1:x\n::"), SLICE(""), &path), -ENOENT);
}

static void processors_are_those_that_we_may_use(void)
{
    cpu_set_t before, one;
    int all = host_cpus();
    CHECK(all >= 1);
    sched_getaffinity(0, sizeof(before), &before);
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &before))
            CPU_SET(i, &one);
    sched_setaffinity(0, sizeof(one), &one);
    CHECK_INT(host_cpus(), 1);
    sched_setaffinity(0, sizeof(before), &before);
    CHECK_INT(host_cpus(), all);
}

int main(void)
{
    TAP_RUN(free_descriptors_are_the_limit_less_those_open);
    TAP_RUN(the_soft_limit_is_raised_to_the_hard_one);
    TAP_RUN(ports_are_the_kernels);
    TAP_RUN(a_range_of_ports_is_two_numbers_in_order);
    TAP_RUN(memory_is_known_and_in_order);
    TAP_RUN(without_proc_memory_is_not_known_and_ports_are_the_default);
    TAP_RUN(a_line_of_meminfo_is_in_kib);
    TAP_RUN(the_limit_of_a_cgroup_may_be_none);
    TAP_RUN(our_cgroup_is_found_in_either_version);
    TAP_RUN(processors_are_those_that_we_may_use);
    return tap_done();
}
