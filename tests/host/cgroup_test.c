#include "host/cgroup.h"

#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/defs.h"

static char parent[64];

static void the_mount_is_found_among_others(void)
{
    struct slice folder = SLICE("untouched");
    static const char one[] =
        "25 30 0:23 / /sys rw,relatime shared:7 - sysfs sysfs rw\n"
        "31 23 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
        "32 23 0:29 / /sys/fs/cgroup/unified rw,nosuid shared:9 - cgroup2 cgroup2 rw\n";
    CHECK_INT(host_parse_cgroup_mount(slice_from(one), &folder), 0);
    CHECK(slice_eq_cstr(folder, "/sys/fs/cgroup/unified"));
    static const char *const none[] = {"", "25 30 0:23 / /sys rw - sysfs cgroup2 rw\n",
                                       "1 2 - cgroup2 cgroup2 rw\n",
                                       "31 23 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu"};
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        CHECK_INT(host_parse_cgroup_mount(slice_from(none[i]), &folder), -ENOENT);
    CHECK(slice_eq_cstr(folder, "/sys/fs/cgroup/unified"));
}

static void an_event_is_counted_by_its_whole_name(void)
{
    struct slice text = SLICE("low 0\nmax 9\noom 3\noom_kill 2\noom_group_kill 0\n");
    CHECK_INT(host_parse_cgroup_event(text, SLICE("oom_kill")), 2);
    CHECK_INT(host_parse_cgroup_event(text, SLICE("oom")), 3);
    CHECK_INT(host_parse_cgroup_event(text, SLICE("kill")), 0);
    CHECK_INT(host_parse_cgroup_event(SLICE("oom_kill -1\noom_kill"), SLICE("oom_kill")), 0);
    CHECK_INT(host_parse_cgroup_event(SLICE(""), SLICE("oom_kill")), 0);
}

/* A folder of a plain disk has no files that set limits. */
static void without_controllers_rlimits_have_to_do_and_nothing_stays(void)
{
    struct host_cgroup c = {.path = "untouched"};
    CHECK_INT(host_cgroup_make(parent, 1 << 20, 10, &c), -EOPNOTSUPP);
    CHECK_STR(c.path, "untouched");
    CHECK_INT(rmdir(parent), 0); /* empty */
    CHECK_INT(host_cgroup_make(parent, 1 << 20, 10, &c), -EOPNOTSUPP);
    mkdir(parent, 0700);
    CHECK_INT(host_cgroup_make(parent, 0, 0, &c), -EOPNOTSUPP); /* nothing is asked */
    CHECK_INT(host_cgroup_make("/no/such/folder", 1, 1, &c), -EOPNOTSUPP);
}

int main(void)
{
    snprintf(parent, sizeof(parent), "/tmp/firebreak-cgroup-XXXXXX");
    if (!mkdtemp(parent))
        return 1;
    TAP_RUN(the_mount_is_found_among_others);
    TAP_RUN(an_event_is_counted_by_its_whole_name);
    TAP_RUN(without_controllers_rlimits_have_to_do_and_nothing_stays);
    rmdir(parent);
    return tap_done();
}
