#include "rt/folder.h"

#include "tests/rt/world.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "rt/file.h"

/* The same names on the host's disk and on the simulated one. */
static char root[64];

static const char *at(const char *name)
{
    static char texts[4][128];
    static unsigned turn;
    char *text = texts[turn++ % 4];
    snprintf(text, sizeof(texts[0]), "%s/%s", root, name);
    return text;
}

static void put(const char *name)
{
    CHECK_INT(rt_file_write_all(at(name), "x", 1, 0600, RT_NEVER), 0);
}

static void clean(const char *const *names)
{
    for (; *names; names++)
        CHECK_INT(rt_file_remove(at(*names), RT_NEVER), 0);
}

/* "a b c", or the error's number. */
static const char *names_in(const char *path)
{
    static char text[256];
    struct buf b = BUF(MEM_TEST, 200);
    size_t n = 0;
    int r = rt_folder_read(path, &b, RT_NEVER);
    text[0] = 0;
    for (const char *name = NULL; (name = rt_folder_next(&b, name));)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "", name);
    if (r < 0)
        snprintf(text, sizeof(text), "%d", r);
    buf_done(&b);
    return text;
}

static void a_folder_is_made_with_those_above_it(void *arg)
{
    static const char *const all[] = {"a/b/c/f", "a/g", NULL};
    (void)arg;
    CHECK_INT(rt_folder_make(at("a/b/c"), 0700, RT_NEVER), 0);
    CHECK_INT(rt_folder_make(at("a/b/c/"), 0700, RT_NEVER), 0);
    put("a/b/c/f");
    put("a/g");
    CHECK_STR(names_in(at("a")), "b g");
    CHECK_STR(names_in(at("a/b/")), "c");
    CHECK_INT(rt_folder_make(at("a/g"), 0700, RT_NEVER), -ENOTDIR);
    clean(all);
}

static void names_are_read_in_order(void *arg)
{
    static const char *const all[] = {"d/z", "d/a.go", "d/a", "d/B", "d/\xc3\xa9", NULL};
    (void)arg;
    CHECK_INT(rt_folder_make(at("d"), 0700, RT_NEVER), 0);
    for (size_t i = 0; all[i]; i++)
        put(all[i]);
    CHECK_STR(names_in(at("d")), "B a a.go z \xc3\xa9");
    clean(all);
    CHECK_INT(rt_folder_make("", 0700, RT_NEVER), -ENOENT);
}

static void what_cannot_be_read_leaves_the_buffer_as_it_was(void *arg)
{
    static const char *const all[] = {"e/one", "e/two", NULL};
    struct buf b = BUF(MEM_TEST, 8);
    (void)arg;
    CHECK_INT(rt_folder_make(at("e"), 0700, RT_NEVER), 0);
    put("e/one");
    put("e/two");
    CHECK_INT(buf_append_cstr(&b, "kept"), 0);
    CHECK_INT(rt_folder_read(at("e"), &b, RT_NEVER), -EMSGSIZE);
    CHECK_STR(b.data, "kept");
    CHECK_INT(rt_folder_read(at("none"), &b, RT_NEVER), -ENOENT);
    CHECK_STR(b.data, "kept");
    CHECK(rt_folder_next(&(struct buf){0}, NULL) == NULL);
    clean(all);
    buf_done(&b);
}

static void modes_are_as_asked_for(void *arg)
{
    struct stat st;
    (void)arg;
    CHECK_INT(rt_folder_make(at("m/n"), 0700, RT_NEVER), 0);
    CHECK_INT(stat(at("m"), &st), 0);
    CHECK_INT(st.st_mode & 0777, 0700);
    CHECK_INT(rmdir(at("m/n")), 0);
    CHECK_INT(rmdir(at("m")), 0);
}

static void nothing_is_left_allocated(void)
{
    CHECK_INT(mem_usage_of(MEM_RT).live, 0);
}

int main(void)
{
    snprintf(root, sizeof(root), "/tmp/firebreak-folder-XXXXXX");
    if (!mkdtemp(root))
        return 1;
    ON_ALL(a_folder_is_made_with_those_above_it);
    ON_ALL(names_are_read_in_order);
    ON_ALL(what_cannot_be_read_leaves_the_buffer_as_it_was);
    ON_EPOLL(modes_are_as_asked_for);
    TAP_RUN(nothing_is_left_allocated);
    static const char *const left[] = {"a/b/c", "a/b", "a", "d", "e", NULL};
    for (size_t i = 0; left[i]; i++)
        rmdir(at(left[i]));
    return rmdir(root) < 0 ? 1 : tap_done();
}
