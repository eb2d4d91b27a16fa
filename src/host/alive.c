#include "host/alive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/procfile.h"
#include "host/self.h"

int host_boot(struct buf *out)
{
    struct buf boot = BUF(MEM_HOST, 0);
    char space[64];
    int r = procfile_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &boot);
    ssize_t n = readlink("/proc/self/ns/pid", space, sizeof(space));
    if (r < 0 || n <= 0) {
        buf_done(&boot);
        return -ENOENT;
    }
    buf_append_slice(out, slice_trim(buf_slice(&boot)));
    buf_append_byte(out, ' ');
    buf_append(out, space, (size_t)n);
    buf_done(&boot);
    return 0;
}

/* The letter behind the last ')': the name before it may have any in it. */
static bool is_remains(struct slice text)
{
    for (size_t i = text.size; i > 0; i--)
        if (text.data[i - 1] == ')')
            return i + 1 < text.size && (text.data[i + 1] == 'Z' || text.data[i + 1] == 'X');
    return false;
}

int host_started(int64_t pid, uint64_t *ret_ticks)
{
    char path[64];
    struct buf text = BUF(MEM_HOST, 0);
    struct host_stat stat;
    snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
    int r = procfile_read(AT_FDCWD, path, &text);
    if (r == -ENOENT)
        r = -ESRCH;
    if (r >= 0 && is_remains(buf_slice(&text)))
        r = -ESRCH;
    if (r >= 0)
        r = host_parse_stat(buf_slice(&text), &stat);
    if (r == 0)
        *ret_ticks = stat.start_ticks;
    buf_done(&text);
    return r;
}

bool host_gone(int64_t pid, uint64_t started_ticks)
{
    uint64_t ticks;
    int r = pid > 0 ? host_started(pid, &ticks) : -EINVAL;
    return r == -ESRCH || (r == 0 && ticks != started_ticks);
}
