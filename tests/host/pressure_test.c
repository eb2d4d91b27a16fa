#include "host/pressure.h"

#include <errno.h>

#include "tests/tap.h"

static void the_full_line_counts(void)
{
    struct host_pressure p = {0};
    struct slice text = SLICE("some avg10=1.00 avg60=0.50 avg300=0.10 total=111\n"
                              "full avg10=0.00 avg60=0.00 avg300=0.00 total=222\n");
    CHECK_INT(host_parse_memory_pressure(text, &p), 0);
    CHECK_INT(host_parse_cpu_pressure(SLICE("full total=333"), &p), 0);
    CHECK_INT(p.memory_full_us, 222);
    CHECK_INT(p.cpu_full_us, 333);
}

static void an_older_kernel_has_no_such_line(void)
{
    struct host_pressure p = {.cpu_full_us = 7};
    CHECK_INT(host_parse_cpu_pressure(SLICE("some avg10=1.00 total=1\n"), &p), -ENOENT);
    CHECK_INT(host_parse_cpu_pressure(SLICE(""), &p), -ENOENT);
    CHECK_INT(host_parse_cpu_pressure(SLICE("full avg10=1.00\n"), &p), -EINVAL);
    CHECK_INT(host_parse_cpu_pressure(SLICE("full total=x\n"), &p), -EINVAL);
    CHECK_INT(p.cpu_full_us, 7);
}

static void stolen_time_is_the_eighth_number(void)
{
    struct host_pressure p = {0};
    CHECK_INT(host_parse_steal(SLICE("cpu  1 2 3 4 5 6 7 80 9 10\ncpu0 1 1\n"), &p), 0);
    CHECK_INT(p.steal_ticks, 80);
    CHECK_INT(p.all_ticks, 108);
    CHECK_INT(host_parse_steal(SLICE("cpu  1 2 3\n"), &p), -EINVAL);
    CHECK_INT(host_parse_steal(SLICE("intr 1\n"), &p), -ENOENT);
    CHECK_INT(p.steal_ticks, 80);
}

int main(void)
{
    TAP_RUN(the_full_line_counts);
    TAP_RUN(an_older_kernel_has_no_such_line);
    TAP_RUN(stolen_time_is_the_eighth_number);
    return tap_done();
}
