#include "host/self.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "host/limits.h"
#include "host/procfile.h"

uint32_t host_uid(void)
{
    return geteuid();
}

int host_pid(void)
{
    return getpid();
}

int host_name(struct buf *out)
{
    struct utsname u;
    if (uname(&u) < 0)
        return -errno;
    return buf_append_slice(out, slice_from(u.nodename));
}

int host_current_folder(struct buf *out)
{
    enum { PATH_BYTES_MAX = 4096 };
    char *room;
    int r = buf_reserve(out, PATH_BYTES_MAX, &room);
    if (r < 0)
        return r;
    if (!getcwd(room, PATH_BYTES_MAX))
        return -errno;
    buf_commit(out, strlen(room));
    return 0;
}

int host_parse_stat(struct slice text, struct host_stat *ret)
{
    /* The name in parentheses may hold anything, also a ')': fields begin behind the last one. */
    enum { USER = 11, SYSTEM = 12, START = 19, VIRTUAL = 20, RESIDENT = 21, FIELDS = 22 };
    size_t end = text.size;
    while (end > 0 && text.data[end - 1] != ')')
        end--;
    if (end == 0)
        return -EINVAL;
    struct slice rest = slice_trim(slice_sub(text, end, text.size));
    uint64_t v[FIELDS] = {0};
    for (int i = 0; i < FIELDS; i++) {
        struct slice field = slice_cut(&rest, ' ');
        bool wanted = i == USER || i == SYSTEM || i == START || i == VIRTUAL || i == RESIDENT;
        if (wanted && slice_to_u64(field, UINT64_MAX, &v[i]) < 0)
            return -EINVAL;
    }
    *ret = (struct host_stat){v[USER], v[SYSTEM], v[START], v[VIRTUAL], v[RESIDENT]};
    return 0;
}

int host_parse_btime(struct slice text, uint64_t *ret_s)
{
    while (text.data) {
        struct slice line = slice_cut(&text, '\n');
        if (slice_starts_with(line, SLICE("btime ")))
            return slice_to_u64(slice_sub(line, 6, line.size), INT64_MAX, ret_s);
    }
    return -EINVAL;
}

static int read_stat(struct host_stat *ret, uint64_t *ret_btime)
{
    struct buf text = BUF(MEM_HOST, 0);
    int r = procfile_read(AT_FDCWD, "/proc/self/stat", &text);
    if (r == 0)
        r = host_parse_stat(buf_slice(&text), ret);
    buf_clear(&text);
    if (r == 0)
        r = procfile_read(AT_FDCWD, "/proc/stat", &text);
    if (r == 0)
        r = host_parse_btime(buf_slice(&text), ret_btime);
    buf_done(&text);
    return r < 0 ? -ENOENT : 0;
}

int host_self_read(struct host_self *ret)
{
    struct host_stat s;
    struct rlimit limit = {0};
    uint64_t btime;
    double ticks = (double)sysconf(_SC_CLK_TCK);
    int r = read_stat(&s, &btime);
    if (r < 0)
        return r;
    getrlimit(RLIMIT_NOFILE, &limit);
    uint64_t left = host_free_descriptors();
    *ret = (struct host_self){
        .cpu_s = (double)(s.user_ticks + s.system_ticks) / ticks,
        .started_s = (double)btime + (double)s.start_ticks / ticks,
        .resident_bytes = s.resident_pages * (uint64_t)sysconf(_SC_PAGESIZE),
        .virtual_bytes = s.virtual_bytes,
        .descriptors = limit.rlim_cur > left ? limit.rlim_cur - left : 0,
        .descriptors_max = limit.rlim_cur,
    };
    return 0;
}
