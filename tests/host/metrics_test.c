#include "host/metrics.h"

#include <math.h>

#include "tests/tap.h"

static struct host_metrics m;

static void begin(void)
{
    host_metrics_done(&m);
    m.arena.sub = MEM_HOST;
}

/* By name and the labels' values, joined by '|'; NAN: there is none. */
static double value_of(const char *name, const char *labels)
{
    for (uint32_t i = 0; i < m.count; i++) {
        const struct host_metric *one = &m.items[i];
        char got[256] = "";
        size_t n = 0;
        for (int j = 0; j < HOST_METRIC_LABELS_MAX && one->label_names[j]; j++)
            n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%s", j ? "|" : "",
                                  one->label_values[j]);
        if (strcmp(one->name, name) == 0 && strcmp(got, labels) == 0)
            return one->value;
    }
    return NAN;
}

static void processors(void)
{
    begin();
    host_metrics_stat(&m, SLICE("cpu  10 0 20 300 4 0 1 0 0 0\ncpu0 5 0 10 150 2 0 1 7 3 0\n"
                                "intr 99 1 2\nctxt 1234\nbtime 1700000000\nprocesses 55\n"
                                "procs_running 2\nprocs_blocked 0\n"));
    CHECK(value_of("node_cpu_seconds_total", "0|user") == 0.05);
    CHECK(value_of("node_cpu_seconds_total", "0|idle") == 1.5);
    CHECK(value_of("node_cpu_seconds_total", "0|steal") == 0.07);
    CHECK(value_of("node_cpu_guest_seconds_total", "0|user") == 0.03);
    CHECK(value_of("node_cpu_guest_seconds_total", "0|nice") == 0);
    CHECK(value_of("node_context_switches_total", "") == 1234);
    CHECK(value_of("node_intr_total", "") == 99);
    CHECK(value_of("node_boot_time_seconds", "") == 1700000000);
    CHECK_INT(m.count, 8 + 2 + 6); /* the sum of all processors is not told again */
}

static void load_and_memory(void)
{
    begin();
    host_metrics_loadavg(&m, SLICE("0.52 1.05 12.00 1/234 5678\n"));
    host_metrics_meminfo(&m, SLICE("MemTotal:       16384 kB\nActive(anon):  12 kB\n"
                                   "HugePages_Total:       3\n"));
    CHECK(fabs(value_of("node_load1", "") - 0.52) < 1e-9);
    CHECK(fabs(value_of("node_load5", "") - 1.05) < 1e-9);
    CHECK(value_of("node_load15", "") == 12);
    CHECK(value_of("node_memory_MemTotal_bytes", "") == 16384 * 1024);
    CHECK(value_of("node_memory_Active_anon_bytes", "") == 12 * 1024);
    CHECK(value_of("node_memory_HugePages_Total", "") == 3);
}

static void disks_and_networks(void)
{
    begin();
    host_metrics_diskstats(&m,
                           SLICE("   8       0 sda 10 1 8 2000 20 2 16 3000 0 500 5000 "
                                 "7 1 64 250 9 30\n"
                                 "   8      16 sdb 3 1 1 1 1 1 1 1 1 1 1\n"
                                 "   7       0 loop0 1 1 1 1 1 1 1 1 1 1 1\n"));
    host_metrics_net_dev(&m, SLICE("Inter-|   Receive |  Transmit\n face |bytes packets|bytes\n"
                                   "    lo: 100 2 0 0 0 0 0 0 200 4 0 0 0 0 0 0\n"));
    CHECK(value_of("node_disk_reads_completed_total", "sda") == 10);
    CHECK(value_of("node_disk_read_bytes_total", "sda") == 8 * 512);
    CHECK(value_of("node_disk_io_time_seconds_total", "sda") == 0.5);
    CHECK(value_of("node_disk_discards_completed_total", "sda") == 7);
    CHECK(value_of("node_disk_discarded_sectors_total", "sda") == 64);
    CHECK(value_of("node_disk_discard_time_seconds_total", "sda") == 0.25);
    CHECK(value_of("node_disk_flush_requests_total", "sda") == 9);
    CHECK(value_of("node_disk_reads_completed_total", "sdb") == 3); /* by an older kernel */
    CHECK(isnan(value_of("node_disk_discards_completed_total", "sdb")));
    CHECK(isnan(value_of("node_disk_reads_completed_total", "loop0")));
    CHECK(value_of("node_network_receive_bytes_total", "lo") == 100);
    CHECK(value_of("node_network_transmit_packets_total", "lo") == 4);
}

static void pressure(void)
{
    begin();
    host_metrics_pressure(&m, "io",
                          SLICE("some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\n"
                                "full avg10=0.00 avg60=0.00 avg300=0.00 total=1000000\n"));
    CHECK(value_of("node_pressure_io_waiting_seconds_total", "") == 2.5);
    CHECK(value_of("node_pressure_io_stalled_seconds_total", "") == 1);
}

static void mounts_worth_asking(void)
{
    struct host_mount mount;
    begin();
    CHECK(host_metrics_mount(&m.arena, SLICE("/dev/sda1 /a\\040b ext4 rw 0 0"), &mount));
    CHECK_STR(mount.path, "/a b");
    CHECK_STR(mount.type, "ext4");
    CHECK(host_metrics_mount(&m.arena, SLICE("overlay / overlay rw 0 0"), &mount));
    CHECK(!host_metrics_mount(&m.arena, SLICE("proc /proc proc rw 0 0"), &mount));
    CHECK(!host_metrics_mount(&m.arena, SLICE("tmpfs /sys/fs/cgroup tmpfs rw 0 0"), &mount));
    CHECK(!host_metrics_mount(&m.arena, SLICE(""), &mount));
}

static void nonsense_is_passed_over(void)
{
    static const char *const texts[] = {
        "",   "\n\n",        "cpu",       "cpu0", "cpu0 x", ":",
        "a:", "some total=", "a b c d e", "\\",   "1 2 3",  "full total=99999999999999999999"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct slice s = slice_from(texts[i]);
        struct host_mount mount;
        begin();
        host_metrics_stat(&m, s);
        host_metrics_loadavg(&m, s);
        host_metrics_meminfo(&m, s);
        host_metrics_diskstats(&m, s);
        host_metrics_net_dev(&m, s);
        host_metrics_pressure(&m, "cpu", s);
        host_metrics_mount(&m.arena, s, &mount);
        for (uint32_t j = 0; j < m.count; j++)
            CHECK(m.items[j].name[0] != 0 && !isnan(m.items[j].value));
    }
}

static void this_machine_is_read(void)
{
    begin();
    host_metrics_read(&m);
    CHECK(value_of("node_memory_MemTotal_bytes", "") > 0);
    CHECK(value_of("node_load1", "") >= 0);
    CHECK(value_of("node_cpu_seconds_total", "0|user") >= 0);
    CHECK(value_of("node_network_receive_bytes_total", "lo") >= 0);
}

int main(void)
{
    TAP_RUN(processors);
    TAP_RUN(load_and_memory);
    TAP_RUN(disks_and_networks);
    TAP_RUN(pressure);
    TAP_RUN(mounts_worth_asking);
    TAP_RUN(nonsense_is_passed_over);
    TAP_RUN(this_machine_is_read);
    host_metrics_done(&m);
    return tap_done();
}
