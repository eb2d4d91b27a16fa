#include "host/metrics.h"

#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "host/procfile.h"

enum { TICKS_PER_S = 100, SECTOR_BYTES = 512 }; /* the kernel's USER_HZ; of diskstats, always */

void host_metrics_done(struct host_metrics *m)
{
    arena_done(&m->arena);
    *m = (struct host_metrics){0};
}

static struct host_metric *add(struct host_metrics *m, const char *name, double value)
{
    if (m->count == HOST_METRICS_MAX)
        return &m->beyond;
    if (m->count == m->cap) {
        uint32_t cap = m->cap ? m->cap * 2 : 256;
        struct host_metric *items = arena_alloc_array(&m->arena, cap, sizeof(*items));
        if (m->count)
            memcpy(items, m->items, m->count * sizeof(*items));
        m->items = items;
        m->cap = cap;
    }
    struct host_metric *one = &m->items[m->count++];
    *one = (struct host_metric){.name = name, .value = value};
    return one;
}

static void add_labelled(struct host_metrics *m, const char *name, double value, const char *label,
                         const char *of)
{
    struct host_metric *one = add(m, name, value);
    one->label_names[0] = label;
    one->label_values[0] = of;
}

/* ---- words of a line ---- */

static struct slice next_word(struct slice *line)
{
    size_t from = 0, to;
    while (from < line->size && (line->data[from] == ' ' || line->data[from] == '\t'))
        from++;
    for (to = from; to < line->size && line->data[to] != ' ' && line->data[to] != '\t';)
        to++;
    struct slice word = slice_sub(*line, from, to);
    *line = slice_sub(*line, to, line->size);
    return word;
}

/* Of whole numbers, up to `max`; returns how many there are. */
static uint32_t numbers(struct slice line, uint64_t *ret, uint32_t max)
{
    uint32_t n = 0;
    while (n < max && slice_to_u64(next_word(&line), UINT64_MAX, &ret[n]) == 0)
        n++;
    return n;
}

/* "12.34", as load and pressure are told. */
static double decimal(struct slice s)
{
    uint64_t whole = 0, part = 0;
    double scale = 1;
    struct slice rest = s, head = slice_cut(&rest, '.');
    slice_to_u64(head, UINT32_MAX, &whole);
    if (rest.size && rest.size < 10 && slice_to_u64(rest, UINT32_MAX, &part) == 0)
        for (size_t i = 0; i < rest.size; i++)
            scale *= 10;
    return (double)whole + (double)part / scale;
}

/* ---- /proc/stat ---- */

static const char *const modes[] = {"user",   "nice", "system",  "idle",
                                    "iowait", "irq",  "softirq", "steal"};
/* Behind them, and once more in user and nice: what virtual machines of ours took. */
static const char *const guest_modes[] = {"user", "nice"};

static void cpu_line(struct host_metrics *m, struct slice cpu, struct slice rest)
{
    uint64_t ticks[ARRAY_LEN(modes) + ARRAY_LEN(guest_modes)];
    uint32_t n = numbers(rest, ticks, ARRAY_LEN(ticks));
    const char *number = arena_strdup(&m->arena, cpu);
    for (uint32_t i = 0; i < n; i++) {
        bool guest = i >= ARRAY_LEN(modes);
        const char *name = guest ? "node_cpu_guest_seconds_total" : "node_cpu_seconds_total";
        struct host_metric *one = add(m, name, (double)ticks[i] / TICKS_PER_S);
        one->label_names[0] = "cpu";
        one->label_values[0] = number;
        one->label_names[1] = "mode";
        one->label_values[1] = guest ? guest_modes[i - ARRAY_LEN(modes)] : modes[i];
    }
}

void host_metrics_stat(struct host_metrics *m, struct slice text)
{
    static const struct {
        const char *word, *name;
    } singles[] = {
        {"ctxt", "node_context_switches_total"}, {"intr", "node_intr_total"},
        {"processes", "node_forks_total"},       {"btime", "node_boot_time_seconds"},
        {"procs_running", "node_procs_running"}, {"procs_blocked", "node_procs_blocked"}};
    while (text.data) {
        struct slice line = slice_cut(&text, '\n'), word = next_word(&line);
        uint64_t value;
        if (slice_starts_with(word, SLICE("cpu")) && word.size > 3)
            cpu_line(m, slice_sub(word, 3, word.size), line);
        for (size_t i = 0; i < ARRAY_LEN(singles); i++)
            if (slice_eq_cstr(word, singles[i].word) && numbers(line, &value, 1) == 1)
                add(m, singles[i].name, (double)value);
    }
}

void host_metrics_loadavg(struct host_metrics *m, struct slice text)
{
    static const char *const names[] = {"node_load1", "node_load5", "node_load15"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct slice word = next_word(&text);
        if (word.size)
            add(m, names[i], decimal(word));
    }
}

/* "Active(anon):  12 kB" -> node_memory_Active_anon_bytes */
void host_metrics_meminfo(struct host_metrics *m, struct slice text)
{
    while (text.data) {
        struct slice line = slice_cut(&text, '\n'), rest = line, name = slice_cut(&rest, ':');
        struct slice number = next_word(&rest), unit = next_word(&rest);
        uint64_t value;
        if (!name.size || slice_to_u64(number, UINT64_MAX / 1024, &value) < 0)
            continue;
        bool kilo = slice_eq_cstr(unit, "kB");
        char *full =
            arena_printf(&m->arena, "node_memory_%.*s%s", SLICE_ARG(name), kilo ? "_bytes" : "");
        char *to = full;
        for (const char *from = full; *from; from++)
            if (*from == '(')
                *to++ = '_';
            else if (*from != ')')
                *to++ = *from;
        *to = 0;
        add(m, full, (double)value * (kilo ? 1024 : 1));
    }
}

/* ---- disks and networks ---- */

static const struct column {
    const char *name;
    double scale;
} disk_columns[] = {
    {"node_disk_reads_completed_total", 1},
    {"node_disk_reads_merged_total", 1},
    {"node_disk_read_bytes_total", SECTOR_BYTES},
    {"node_disk_read_time_seconds_total", 1e-3},
    {"node_disk_writes_completed_total", 1},
    {"node_disk_writes_merged_total", 1},
    {"node_disk_written_bytes_total", SECTOR_BYTES},
    {"node_disk_write_time_seconds_total", 1e-3},
    {"node_disk_io_now", 1},
    {"node_disk_io_time_seconds_total", 1e-3},
    {"node_disk_io_time_weighted_seconds_total", 1e-3},
    {"node_disk_discards_completed_total", 1},
    {"node_disk_discards_merged_total", 1},
    {"node_disk_discarded_sectors_total", 1},
    {"node_disk_discard_time_seconds_total", 1e-3},
    {"node_disk_flush_requests_total", 1},
    {"node_disk_flush_requests_time_seconds_total", 1e-3},
};

static const struct column net_columns[] = {
    {"node_network_receive_bytes_total", 1},      {"node_network_receive_packets_total", 1},
    {"node_network_receive_errs_total", 1},       {"node_network_receive_drop_total", 1},
    {"node_network_receive_fifo_total", 1},       {"node_network_receive_frame_total", 1},
    {"node_network_receive_compressed_total", 1}, {"node_network_receive_multicast_total", 1},
    {"node_network_transmit_bytes_total", 1},     {"node_network_transmit_packets_total", 1},
    {"node_network_transmit_errs_total", 1},      {"node_network_transmit_drop_total", 1},
    {"node_network_transmit_fifo_total", 1},      {"node_network_transmit_colls_total", 1},
    {"node_network_transmit_carrier_total", 1},   {"node_network_transmit_compressed_total", 1},
};
enum { COLUMNS_MAX = 17 };

static void columns(struct host_metrics *m, struct slice device, struct slice rest,
                    const struct column *of, uint32_t count)
{
    uint64_t values[COLUMNS_MAX];
    uint32_t n = numbers(rest, values, count);
    const char *name = n ? arena_strdup(&m->arena, device) : NULL;
    for (uint32_t i = 0; i < n; i++)
        add_labelled(m, of[i].name, (double)values[i] * of[i].scale, "device", name);
}

static bool is_empty_disk(struct slice name)
{
    return slice_starts_with(name, SLICE("loop")) || slice_starts_with(name, SLICE("ram")) ||
           slice_starts_with(name, SLICE("fd"));
}

void host_metrics_diskstats(struct host_metrics *m, struct slice text)
{
    while (text.data) {
        struct slice line = slice_cut(&text, '\n');
        next_word(&line);
        next_word(&line);
        struct slice name = next_word(&line);
        if (name.size && !is_empty_disk(name))
            columns(m, name, line, disk_columns, ARRAY_LEN(disk_columns));
    }
}

void host_metrics_net_dev(struct host_metrics *m, struct slice text)
{
    while (text.data) {
        struct slice line = slice_cut(&text, '\n'), rest = line, name = slice_cut(&rest, ':');
        if (rest.data && rest.size)
            columns(m, slice_trim(name), rest, net_columns, ARRAY_LEN(net_columns));
    }
}

/* ---- pressure ---- */

void host_metrics_pressure(struct host_metrics *m, const char *resource, struct slice text)
{
    while (text.data) {
        struct slice line = slice_cut(&text, '\n'), word = next_word(&line), part;
        bool full = slice_eq_cstr(word, "full");
        uint64_t us;
        while ((part = next_word(&line)).size) {
            if (!slice_starts_with(part, SLICE("total=")) ||
                slice_to_u64(slice_sub(part, 6, part.size), UINT64_MAX, &us) < 0)
                continue;
            add(m,
                arena_printf(&m->arena, "node_pressure_%s_%s_seconds_total", resource,
                             full ? "stalled" : "waiting"),
                (double)us / 1e6);
        }
    }
}

/* ---- file systems ---- */

static bool is_kernels_own(struct slice type)
{
    static const char *const none[] = {
        "autofs",   "binfmt_misc", "bpf",      "cgroup",     "cgroup2",    "configfs",
        "debugfs",  "devpts",      "devtmpfs", "fusectl",    "hugetlbfs",  "mqueue",
        "nsfs",     "proc",        "pstore",   "rpc_pipefs", "securityfs", "selinuxfs",
        "squashfs", "sysfs",       "tracefs",  "fuse.lxcfs", "efivarfs"};
    return slice_among(type, none, ARRAY_LEN(none)) >= 0;
}

/* A blank of a path is "\040" there. */
static char *unescaped(struct arena *a, struct slice s)
{
    char *text = arena_strdup(a, s), *to = text;
    for (const char *from = text; *from; from++) {
        bool octal = from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
                     from[2] <= '7' && from[3] >= '0' && from[3] <= '7';
        *to++ =
            octal ? (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0')) : *from;
        from += octal ? 3 : 0;
    }
    *to = 0;
    return text;
}

bool host_metrics_mount(struct arena *a, struct slice line, struct host_mount *ret)
{
    struct slice device = next_word(&line), path = next_word(&line), type = next_word(&line);
    if (!type.size || is_kernels_own(type) || slice_starts_with(path, SLICE("/proc/")) ||
        slice_starts_with(path, SLICE("/sys/")) || slice_starts_with(path, SLICE("/dev/")))
        return false;
    *ret = (struct host_mount){unescaped(a, device), unescaped(a, path), unescaped(a, type)};
    return true;
}

static void mount_labels(struct host_metric *one, const struct host_mount *mount)
{
    one->label_names[0] = "device";
    one->label_values[0] = mount->device;
    one->label_names[1] = "fstype";
    one->label_values[1] = mount->type;
    one->label_names[2] = "mountpoint";
    one->label_values[2] = mount->path;
}

static void file_system(struct host_metrics *m, const struct host_mount *mount)
{
    struct statvfs s;
    if (statvfs(mount->path, &s) < 0 || s.f_blocks == 0)
        return;
    double block = (double)s.f_frsize;
    mount_labels(add(m, "node_filesystem_size_bytes", (double)s.f_blocks * block), mount);
    mount_labels(add(m, "node_filesystem_free_bytes", (double)s.f_bfree * block), mount);
    mount_labels(add(m, "node_filesystem_avail_bytes", (double)s.f_bavail * block), mount);
    mount_labels(add(m, "node_filesystem_files", (double)s.f_files), mount);
    mount_labels(add(m, "node_filesystem_files_free", (double)s.f_ffree), mount);
    mount_labels(add(m, "node_filesystem_readonly", s.f_flag & ST_RDONLY ? 1 : 0), mount);
}

static void file_systems(struct host_metrics *m, struct slice text)
{
    uint32_t first = m->count, asked = 0;
    while (text.data && asked < HOST_METRICS_MOUNTS_MAX) {
        struct host_mount mount;
        bool twice = false;
        if (!host_metrics_mount(&m->arena, slice_cut(&text, '\n'), &mount))
            continue;
        for (uint32_t i = first; i < m->count && !twice; i++)
            twice = strcmp(m->items[i].label_values[2], mount.path) == 0;
        if (!twice)
            file_system(m, &mount);
        asked++;
    }
}

/* ---- all of it ---- */

static void pressure_cpu(struct host_metrics *m, struct slice text)
{
    host_metrics_pressure(m, "cpu", text);
}

static void pressure_io(struct host_metrics *m, struct slice text)
{
    host_metrics_pressure(m, "io", text);
}

static void pressure_memory(struct host_metrics *m, struct slice text)
{
    host_metrics_pressure(m, "memory", text);
}

void host_metrics_read(struct host_metrics *m)
{
    static const struct {
        const char *path;
        void (*take)(struct host_metrics *m, struct slice text);
    } files[] = {
        {"/proc/stat", host_metrics_stat},       {"/proc/loadavg", host_metrics_loadavg},
        {"/proc/meminfo", host_metrics_meminfo}, {"/proc/diskstats", host_metrics_diskstats},
        {"/proc/net/dev", host_metrics_net_dev}, {"/proc/pressure/cpu", pressure_cpu},
        {"/proc/pressure/io", pressure_io},      {"/proc/pressure/memory", pressure_memory},
        {"/proc/self/mounts", file_systems},
    };
    struct buf text = BUF(MEM_HOST, HOST_METRICS_FILE_BYTES_MAX);
    m->arena.sub = MEM_HOST;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        buf_clear(&text);
        if (procfile_read(AT_FDCWD, files[i].path, &text) == 0)
            files[i].take(m, buf_slice(&text));
    }
    buf_done(&text);
}
