#include "store/lock.h"

#include <errno.h>
#include <fcntl.h> /* rule zero: kernel header, for the names of the flags of rt_file_open */
#include <string.h>

#include "base/utf8.h"

enum { WHO_BYTES_MAX = 200 };

/* Who wrote the file: at most a line, as a terminal may show it. */
static void read_holder(struct rt_file *f, struct buf *out, rt_time deadline)
{
    char text[WHO_BYTES_MAX];
    ssize_t n = rt_file_read(f, text, sizeof(text), 0, deadline);
    struct slice line = {text, n > 0 ? (size_t)n : 0};
    line = slice_cut(&line, '\n');
    if (line.size)
        utf8_append_shown(out, line);
    else
        buf_append_cstr(out, "another process");
}

static int write_holder(struct rt_file *f, const char *who, rt_time deadline)
{
    int r = rt_file_truncate(f, 0, deadline);
    if (r == 0)
        r = rt_file_write(f, who, strlen(who), 0, deadline);
    return r;
}

int store_lock_take(const char *path, const char *who, struct rt_file **ret_file, struct err *err,
                    rt_time deadline)
{
    struct rt_file *f;
    int r = rt_file_open(path, O_RDWR | O_CREAT, 0600, &f, deadline);
    if (r < 0)
        return err_sys(err, r, "%s", path);
    r = rt_file_lock(f, true, deadline);
    if (r == -EAGAIN) {
        struct buf holder = BUF(MEM_STORE, 0);
        read_holder(f, &holder, deadline);
        r = err_set(err, -EBUSY, "%s is held by %s", path, holder.data);
        buf_done(&holder);
    } else if (r < 0) {
        r = err_sys(err, r, "lock %s", path);
    } else {
        /* A disk that is full must not keep us from reading: the words are only words. */
        (void)write_holder(f, who, deadline);
    }
    if (r < 0)
        rt_file_close(f);
    else
        *ret_file = f;
    return r;
}
