#include "host/self.h"

#include "tests/tap.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

static void a_name_may_hold_anything(void)
{
    struct host_stat s;
    CHECK_INT(host_parse_stat(SLICE("7 (a) b ) S 1 2 3 4 5 6 7 8 9 10 11 22 13 14 15 16 17 18 19 "
                                    "1000 99 0\n"),
                              &s),
              0);
    CHECK_INT(s.user_ticks, 11);
    CHECK_INT(s.system_ticks, 22);
    CHECK_INT(s.start_ticks, 19);
    CHECK_INT(s.virtual_bytes, 1000);
    CHECK_INT(s.resident_pages, 99);
    CHECK_INT(host_parse_stat(SLICE("7 (a) S 1 2"), &s), -EINVAL);
    CHECK_INT(host_parse_stat(SLICE("nothing"), &s), -EINVAL);
}

static void the_start_of_the_machine(void)
{
    uint64_t v = 0;
    CHECK_INT(host_parse_btime(SLICE("cpu 1\nbtime 1700000000\nprocesses 3\n"), &v), 0);
    CHECK_INT(v, 1700000000);
    CHECK_INT(host_parse_btime(SLICE("cpu 1\n"), &v), -EINVAL);
}

static void we_are_what_the_kernel_says(void)
{
    struct host_self s;
    CHECK_INT(host_uid(), geteuid());
    CHECK_INT(host_pid(), getpid());
    struct buf folder = BUF(MEM_TEST, 0);
    CHECK_INT(host_current_folder(&folder), 0);
    CHECK_INT(access(folder.data, F_OK), 0);
    CHECK(folder.data[0] == '/');
    buf_done(&folder);
    CHECK_INT(host_self_read(&s), 0);
    CHECK(s.resident_bytes > 100 * 1024 && s.virtual_bytes > s.resident_bytes);
    CHECK(s.descriptors >= 3 && s.descriptors < s.descriptors_max);
    double now = (double)time(NULL);
    CHECK(s.started_s > now - 600 && s.started_s < now + 5);
    CHECK(s.cpu_s >= 0 && s.cpu_s < 600);
}

int main(void)
{
    TAP_RUN(a_name_may_hold_anything);
    TAP_RUN(the_start_of_the_machine);
    TAP_RUN(we_are_what_the_kernel_says);
    return tap_done();
}
