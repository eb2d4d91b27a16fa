#include "rt/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <unistd.h>

#include "base/fault.h"
#include "rt/blocking.h"
#include "tests/rt/world.h"

/* The same name on the host's disk and on the simulated one. */
static char path[64];

static void name_file(void)
{
    snprintf(path, sizeof(path), "/tmp/firebreak-file-test-%d", (int)getpid());
}

static void what_was_written_is_read_back(void *arg)
{
    (void)arg;
    struct rt_file *f = NULL;
    char text[16] = "";
    uint64_t size = 0;

    CHECK_INT(rt_file_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600, &f, RT_NEVER), 0);
    CHECK_INT(rt_file_write(f, "hello", 5, 0, RT_NEVER), 0);
    CHECK_INT(rt_file_write(f, "p me", 4, 3, RT_NEVER), 0);
    CHECK_INT(rt_file_sync(f, RT_NEVER), 0);
    CHECK_INT(rt_file_size(f, &size, RT_NEVER), 0);
    CHECK_INT(size, 7);
    CHECK_INT(rt_file_read(f, text, sizeof(text), 0, RT_NEVER), 7);
    CHECK_STR(text, "help me");
    CHECK_INT(rt_file_read(f, text, sizeof(text), 7, RT_NEVER), 0);
    CHECK_INT(rt_file_truncate(f, 4, RT_NEVER), 0);
    CHECK_INT(rt_file_read(f, text, sizeof(text), 2, RT_NEVER), 2);
    rt_file_close(f);
    CHECK_INT(rt_file_remove(path, RT_NEVER), 0);
    CHECK_INT(rt_file_open(path, O_RDONLY, 0, &f, RT_NEVER), -ENOENT);
}

static void a_whole_file_is_replaced_in_one_step(void *arg)
{
    (void)arg;
    struct buf b = BUF(MEM_TEST, 8);

    CHECK_INT(rt_file_write_all(path, "one", 3, 0600, RT_NEVER), 0);
    CHECK_INT(rt_file_write_all(path, "two", 3, 0600, RT_NEVER), 0);
    CHECK_INT(rt_file_read_all(path, &b, RT_NEVER), 0);
    CHECK(slice_eq(buf_slice(&b), SLICE("two")));
    CHECK_INT(rt_file_write_all(path, "nine bytes", 9, 0600, RT_NEVER), 0);
    buf_clear(&b);
    CHECK_INT(rt_file_read_all(path, &b, RT_NEVER), -EMSGSIZE);
    CHECK_INT(rt_file_remove(path, RT_NEVER), 0);
    buf_done(&b);
}

static void a_lock_is_held_until_the_file_is_closed(void *arg)
{
    (void)arg;
    struct rt_file *a, *b;
    CHECK_INT(rt_file_open(path, O_RDWR | O_CREAT, 0600, &a, RT_NEVER), 0);
    CHECK_INT(rt_file_open(path, O_RDWR, 0, &b, RT_NEVER), 0);
    CHECK_INT(rt_file_lock(a, false, RT_NEVER), 0);
    CHECK_INT(rt_file_lock(b, false, RT_NEVER), 0);
    CHECK_INT(rt_file_lock(a, true, RT_NEVER), -EAGAIN);
    rt_file_close(b);
    CHECK_INT(rt_file_lock(a, true, RT_NEVER), 0);
    CHECK_INT(rt_file_open(path, O_RDWR, 0, &b, RT_NEVER), 0);
    CHECK_INT(rt_file_lock(b, true, RT_NEVER), -EAGAIN);
    CHECK_INT(rt_file_lock(b, false, RT_NEVER), -EAGAIN);
    rt_file_close(a);
    CHECK_INT(rt_file_lock(b, true, RT_NEVER), 0);
    rt_file_close(b);
    CHECK_INT(rt_file_open(path, O_RDONLY, 0, &a, RT_NEVER), 0);
    CHECK_INT(rt_file_lock(a, true, RT_NEVER), -EBADF);
    rt_file_close(a);
    CHECK_INT(rt_file_remove(path, RT_NEVER), 0);
    CHECK_INT(rt_file_sync_folder(path, RT_NEVER), 0);
}

static void work_that_blocks(void *arg)
{
    (void)arg;
    char text[8] = "", other[80];
    snprintf(other, sizeof(other), "%s.other", path);
    int fd = rt_disk_open(path, O_RDWR, 0);
    CHECK(fd >= 0);
    CHECK_INT(rt_disk_lock(fd, true), -EAGAIN); /* the task holds it */
    CHECK_INT(rt_disk_write(fd, "words", 5, 2), 0);
    CHECK_INT(rt_disk_size(fd), 7);
    CHECK_INT(rt_disk_truncate(fd, 6), 0);
    CHECK_INT(rt_disk_sync(fd), 0);
    CHECK_INT(rt_disk_read(fd, text, sizeof(text), 2), 4);
    CHECK_STR(text, "word");
    rt_disk_close(fd);
    CHECK_INT(rt_disk_rename(path, other), 0);
    CHECK_INT(rt_disk_sync_folder(path), 0);
    CHECK_INT(rt_disk_open(path, O_RDONLY, 0), -ENOENT);
    CHECK_INT(rt_disk_remove(other), 0);
}

static void code_that_blocks_has_the_same_disk(void *arg)
{
    (void)arg;
    struct rt_file *f;
    CHECK_INT(rt_file_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600, &f, RT_NEVER), 0);
    CHECK_INT(rt_file_lock(f, true, RT_NEVER), 0);
    CHECK_INT(rt_file_write(f, "in", 2, 0, RT_NEVER), 0);
    CHECK_INT(rt_offload(work_that_blocks, NULL, RT_NEVER), 0);
    rt_file_close(f);
}

/* Each call of the disk fails in turn: the old file stays whole, and no other is left beside it. */
static void a_failing_disk_leaves_the_old_file(void *arg)
{
    (void)arg;
    struct buf b = BUF(MEM_TEST, 16);
    int r = -1;
    CHECK_INT(rt_file_write_all(path, "old", 3, 0600, RT_NEVER), 0);
    for (uint64_t n = 1; r < 0; n++) {
        fault_arm(FAULT_SYSCALL, n);
        r = rt_file_write_all(path, "new", 3, 0600, RT_NEVER);
        fault_arm(FAULT_SYSCALL, 0);
        buf_clear(&b);
        CHECK_INT(rt_file_read_all(path, &b, RT_NEVER), 0);
        bool replaced = slice_eq(buf_slice(&b), SLICE("new"));
        CHECK(replaced || slice_eq(buf_slice(&b), SLICE("old")));
        CHECK(replaced || r < 0);
    }
    char beside[96];
    glob_t found;
    snprintf(beside, sizeof(beside), "%s.*", path);
    CHECK_INT(glob(beside, 0, NULL, &found), GLOB_NOMATCH);
    CHECK_INT(rt_file_remove(path, RT_NEVER), 0);
    buf_done(&b);
}

static void task_meets_a_failing_disk(void *arg)
{
    (void)arg;
    struct rt_file *f = NULL;
    CHECK_INT(rt_file_open(path, O_RDWR | O_CREAT, 0600, &f, RT_NEVER), 0);
    CHECK_INT(rt_file_write(f, "lost", 4, 0, RT_NEVER), 0);
    CHECK_INT(rt_file_sync(f, RT_NEVER), -EIO);
    CHECK_INT(rt_file_sync(f, RT_NEVER), -EIO);
    CHECK_INT(rt_file_write(f, "more", 4, 0, RT_NEVER), -EIO);
    rt_file_close(f);
}

static void a_failed_fsync_is_told_and_final(void)
{
    const struct rt_sim_config config = {.seed = 1, .sync_fail_ppm = 1000 * 1000};
    CHECK_INT(rt_sim_run(&config, task_meets_a_failing_disk, NULL, NULL), 0);
}

int main(void)
{
    name_file();
    ON_ALL(what_was_written_is_read_back);
    ON_ALL(a_whole_file_is_replaced_in_one_step);
    ON_ALL(a_lock_is_held_until_the_file_is_closed);
    ON_ALL(code_that_blocks_has_the_same_disk);
    ON_EPOLL_1(a_failing_disk_leaves_the_old_file);
    TAP_RUN(a_failed_fsync_is_told_and_final);
    return tap_done();
}
