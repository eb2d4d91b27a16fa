#include "rt/file_now.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "tests/tap.h"

static char folder[64];
static struct arena arena = {.sub = MEM_TEST};

static const char *in(const char *name)
{
    return arena_printf(&arena, "%s/%s", folder, name);
}

static const char *text_of(const char *path)
{
    struct buf b = BUF(MEM_TEST, 0);
    const char *text = file_now_read(path, &b) < 0 ? NULL : arena_strdup(&arena, buf_slice(&b));
    buf_done(&b);
    return text;
}

static void what_is_written_is_read(void)
{
    CHECK_INT(file_now_write(in("a"), SLICE("one"), 0644, false), 0);
    CHECK_STR(text_of(in("a")), "one");
    CHECK_INT(file_now_write(in("a"), SLICE("two"), 0644, false), -EEXIST);
    CHECK_STR(text_of(in("a")), "one");
    CHECK_INT(file_now_write(in("a"), SLICE("two"), 0644, true), 0);
    CHECK_STR(text_of(in("a")), "two");
}

static void a_read_beyond_the_bound_changes_nothing(void)
{
    struct buf b = BUF(MEM_TEST, 8);
    buf_append_cstr(&b, "before");
    CHECK_INT(file_now_write(in("long"), SLICE("123"), 0644, true), 0);
    CHECK_INT(file_now_read(in("long"), &b), -EMSGSIZE);
    CHECK_STR(b.data, "before");
    CHECK_INT(file_now_read(in("nothing"), &b), -ENOENT);
    buf_done(&b);
}

static void names_come_in_the_order_of_their_bytes(void)
{
    const char *const *names;
    CHECK_INT(file_now_make_folder(in("list"), 0755), 0);
    CHECK_INT(file_now_make_folder(in("list"), 0755), 0);
    CHECK_INT(file_now_write(in("list/b"), SLICE(""), 0644, true), 0);
    CHECK_INT(file_now_write(in("list/a"), SLICE(""), 0644, true), 0);
    CHECK_INT(file_now_write(in("list/B"), SLICE(""), 0644, true), 0);
    CHECK_INT(file_now_list(in("list"), &arena, &names), 3);
    CHECK_STR(names[0], "B");
    CHECK_STR(names[1], "a");
    CHECK_STR(names[2], "b");
    CHECK_INT(file_now_list(in("a"), &arena, &names), -ENOTDIR);
}

static void kinds_are_those_behind_links(void)
{
    enum file_now_kind kind;
    CHECK_INT(symlink("list", in("link")), 0);
    CHECK_INT(mkfifo(in("fifo"), 0600), 0);
    CHECK_INT(file_now_kind(in("link"), &kind), 0);
    CHECK_INT(kind, FILE_NOW_FOLDER);
    CHECK_INT(file_now_kind(in("a"), &kind), 0);
    CHECK_INT(kind, FILE_NOW_FILE);
    CHECK_INT(file_now_kind(in("fifo"), &kind), 0);
    CHECK_INT(kind, FILE_NOW_OTHER);
    CHECK_INT(file_now_kind(in("nothing"), &kind), -ENOENT);
    CHECK_INT(file_now_make_folder(in("a"), 0755), -ENOTDIR);
}

static void real_paths_have_no_links(void)
{
    const char *real, *folder_real;
    CHECK_INT(file_now_real_path(folder, &arena, &folder_real), 0);
    CHECK_INT(file_now_real_path(in("link/../link/a"), &arena, &real), 0);
    CHECK_STR(real, arena_printf(&arena, "%s/list/a", folder_real));
    CHECK_INT(file_now_real_path(in("nothing"), &arena, &real), -ENOENT);
}

/* Whatever fails, nothing is left behind beside the file. */
static void a_failed_write_leaves_nothing(void)
{
#ifdef FIREBREAK_FAULTS
    const char *const *names;
    CHECK_INT(file_now_make_folder(in("torn"), 0755), 0);
    for (uint64_t n = 1; n <= 2; n++) {
        fault_arm(FAULT_SYSCALL, n);
        CHECK(file_now_write(in("torn/x"), SLICE("text"), 0644, true) < 0);
        fault_arm(FAULT_SYSCALL, 0);
        CHECK_INT(file_now_list(in("torn"), &arena, &names), 0);
    }
#endif
}

int main(void)
{
    snprintf(folder, sizeof(folder), "/tmp/firebreak-now-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    TAP_RUN(what_is_written_is_read);
    TAP_RUN(a_read_beyond_the_bound_changes_nothing);
    TAP_RUN(names_come_in_the_order_of_their_bytes);
    TAP_RUN(kinds_are_those_behind_links);
    TAP_RUN(real_paths_have_no_links);
    TAP_RUN(a_failed_write_leaves_nothing);
    char command[100];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    if (system(command) != 0)
        return 1;
    arena_done(&arena);
    return tap_done();
}
