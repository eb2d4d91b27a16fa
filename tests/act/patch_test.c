#include "act/actions.h"

#include "tests/tap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/act/said.h"
#include "base/fault.h"

static const char hello[] = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
static const char HELLO[] = "5891B5B522D5DF086D0FF0B110FBD9D21BB4FC7163AF34D08286A2E846F6BE03";
static const char empty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static struct act act;
static char folder[64], target[128], source[128];

static const char *patch_to(const char *path, const char *sha256, const char *from, bool dry)
{
    static char text[1024];
    struct exec_spec spec = {.kind = ACTION_PATCH, .action = text, .dry_run = dry};
    struct err err = {0};
    snprintf(text, sizeof(text), "{\"patch\":{\"path\":\"%s\",\"sha256\":\"%s\",\"from\":\"%s\"}}",
             path, sha256, from);
    exec_result_done(&r);
    buf_clear(&said);
    CHECK_INT(act_patch(&act, &spec, &sink, &r, &err, RT_NEVER), 0);
    return probe_reason_name(r.reason);
}

static const char *patch(const char *sha256, const char *from)
{
    return patch_to(target, sha256, from, false);
}

static void put_file(const char *path, const char *text, mode_t mode)
{
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK_INT(write(fd, text, strlen(text)), strlen(text));
    fchmod(fd, mode);
    close(fd);
}

static const char *content(const char *path)
{
    static char text[128];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = 0;
    close(fd);
    return n < 0 ? "(missing)" : text;
}

/* Files beside the target that are ours: backups, or what was left behind. */
static int others(void)
{
    int n = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d));)
        n += strstr(e->d_name, ".firebreak") != NULL;
    closedir(d);
    return n;
}

static void a_file_is_put_back_with_its_mode_and_owner(void)
{
    struct stat before, after;
    put_file(source, "hello\n", 0600);
    put_file(target, "tampered\n", 0640);
    if (geteuid() == 0)
        CHECK_INT(chown(target, 12, 34), 0);
    stat(target, &before);
    CHECK_STR(patch(HELLO, source), "ok");
    CHECK_STR(content(target), "hello\n");
    stat(target, &after);
    CHECK(after.st_mode == before.st_mode && after.st_uid == before.st_uid &&
          after.st_gid == before.st_gid);
    CHECK_INT(others(), 1);
    CHECK_INT(r.value_count, 1);
    CHECK(slice_eq_cstr(r.values[0].key, "BACKUP"));
    char backup[256];
    snprintf(backup, sizeof(backup), "%.*s", SLICE_ARG(r.values[0].value));
    CHECK_STR(content(backup), "tampered\n");
    CHECK_STR(patch(hello, source), "ok");
    CHECK(says("is as it should be: nothing is to be done"));
    CHECK_INT(others(), 1);
}

static void its_rollback_puts_back_what_was_there(void)
{
    CHECK_STR(patch_to(target, hello, "backup", true), "ok");
    CHECK(says("would put back"));
    CHECK_STR(content(target), "hello\n");
    CHECK_STR(patch(hello, "backup"), "ok");
    CHECK_STR(content(target), "tampered\n");
    CHECK_INT(others(), 0);
    CHECK_STR(patch(hello, "backup"), "body_mismatch"); /* what that patch put there is gone */
    CHECK(says("holds something else by now"));
    CHECK_STR(content(target), "tampered\n");
    put_file(target, "hello\n", 0640);
    CHECK_STR(patch(hello, "backup"), "exec_not_found");
    CHECK(says("there is no backup of "));
}

static void what_is_not_the_wanted_content_changes_nothing(void)
{
    put_file(target, "old\n", 0644);
    put_file(source, "something else\n", 0644);
    CHECK_STR(patch(hello, source), "body_mismatch");
    CHECK(says("nothing was changed"));
    CHECK_STR(content(target), "old\n");
    CHECK_INT(others(), 0);
    unlink(source);
    CHECK_STR(patch(hello, source), "exec_not_found");
    CHECK(says(source));
    CHECK_STR(patch(hello, folder), "unreachable");
    CHECK_STR(patch(hello, "http://127.0.0.1:1/x"), "refused");
    CHECK_STR(content(target), "old\n");
    CHECK_INT(others(), 0);
}

static void a_disk_that_fails_leaves_the_old_one(void)
{
#ifdef FIREBREAK_FAULTS
    put_file(target, "old\n", 0644);
    put_file(source, "hello\n", 0644);
    bool done = false;
    for (uint64_t n = 1; n < 50 && !done; n++) {
        fault_arm(FAULT_SYSCALL, n);
        const char *said_reason = patch(hello, source);
        done = strcmp(said_reason, "ok") == 0;
        fault_arm(FAULT_SYSCALL, 0);
        CHECK_STR(content(target), done ? "hello\n" : "old\n");
        CHECK_INT(others(), done);
    }
    CHECK(done);
    CHECK_STR(patch(hello, "backup"), "ok");
#endif
}

static void where_nothing_was_it_is_made(void)
{
    struct stat st;
    unlink(target);
    put_file(source, "hello\n", 0600);
    CHECK_STR(patch_to(target, hello, source, true), "ok");
    CHECK_STR(content(target), "(missing)");
    CHECK_STR(patch(hello, source), "ok");
    CHECK_STR(content(target), "hello\n");
    stat(target, &st);
    CHECK_INT(st.st_mode & 07777, 0644);
    CHECK_INT(others(), 0);
}

static void a_link_stays_one(void)
{
    struct stat st;
    char at[128], link_path[128];
    snprintf(at, sizeof(at), "%s/real", folder);
    snprintf(link_path, sizeof(link_path), "%s/link", folder);
    put_file(at, "old\n", 0600);
    CHECK_INT(symlink("real", link_path), 0);
    CHECK_STR(patch_to(link_path, hello, source, false), "ok");
    CHECK_INT(lstat(link_path, &st), 0);
    CHECK(S_ISLNK(st.st_mode));
    CHECK_STR(content(at), "hello\n");
    CHECK_STR(patch_to(link_path, hello, "backup", false), "ok");
    CHECK_STR(content(at), "old\n");
}

static void only_so_many_backups_are_kept(void)
{
    put_file(target, "old\n", 0644);
    for (int i = 0; i < ACT_BACKUPS_KEPT + 3; i++) {
        put_file(source, i % 2 ? "" : "hello\n", 0644);
        CHECK_STR(patch(i % 2 ? empty : hello, source), "ok");
        usleep(2000);
    }
    CHECK_INT(others(), ACT_BACKUPS_KEPT);
}

static void what_is_no_patch_is_refused(void)
{
    static const char *const broken[] = {"{\"patch\":{}}", "{\"patch\":{\"path\":\"/x\"}}",
                                         ("{\"patch\":{\"path\":\"/x\",\"from\":\"/y\","
                                          "\"sha256\":\"12\"}}")};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct err err = {0};
        struct exec_spec spec = {.kind = ACTION_PATCH, .action = broken[i]};
        struct exec_result kept = {.exit = 4711};
        CHECK_INT(act_patch(&act, &spec, NULL, &kept, &err, RT_NEVER), -EBADMSG);
        CHECK_INT(kept.exit, 4711);
    }
}

static void all(void *arg)
{
    (void)arg;
    TAP_RUN(a_file_is_put_back_with_its_mode_and_owner);
    TAP_RUN(its_rollback_puts_back_what_was_there);
    TAP_RUN(what_is_not_the_wanted_content_changes_nothing);
    TAP_RUN(a_disk_that_fails_leaves_the_old_one);
    TAP_RUN(where_nothing_was_it_is_made);
    TAP_RUN(a_link_stays_one);
    TAP_RUN(only_so_many_backups_are_kept);
    TAP_RUN(what_is_no_patch_is_refused);
    exec_result_done(&r);
}

int main(void)
{
    snprintf(folder, sizeof(folder), "/tmp/fb-patch-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(target, sizeof(target), "%s/app.conf", folder);
    snprintf(source, sizeof(source), "%s/source", folder);
    said = BUF(MEM_TEST, 0);
    CHECK_INT(rt_run(&(struct rt_config){.stall = -1}, all, NULL), 0);
    CHECK_INT(mem_usage_of(MEM_ACT).live, 0);
    buf_done(&said);
    char command[100];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    CHECK_INT(system(command), 0);
    return tap_done();
}
