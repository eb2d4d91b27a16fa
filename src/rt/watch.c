#include "rt/watch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "rt/sock.h"

/* Why nothing is missed: a folder is watched first and looked at second. What happens in between
 * is told, and what happened before is seen. A watch that an earlier way needed and the new one
 * does not is removed at the end of the lookup; events of it that are still queued
 * match no point. */
enum {
    POINTS_MAX = WATCH_LINKS_MAX + 2, /* the links, the file, the inside of a folder */
    EVENT_BYTES = 4096,
    EVENTS_WANTED = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY |
                    IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF,
};

/* A name in a watched folder that the way goes through; "": every name. */
struct point {
    int wd;
    char name[NAME_MAX + 1];
};

struct rt_watch {
    struct rt_sock *sock;
    int fd, result;
    const char *path;
    size_t count, before_count;
    int before[POINTS_MAX]; /* watches of the former way */
    struct point points[POINTS_MAX];
    char done[WATCH_PATH_BYTES_MAX + NAME_MAX + 2]; /* the way so far: no link in it */
    char rest[WATCH_PATH_BYTES_MAX * 2];           /* still to go */
    char link[WATCH_PATH_BYTES_MAX];
    _Alignas(struct inotify_event) char events[EVENT_BYTES];
};

/* ---- the way, on an offload thread ---- */

static int add_point(struct rt_watch *w, const char *name)
{
    if (w->count == POINTS_MAX)
        return -ELOOP;
    if (fault_fails(FAULT_SYSCALL))
        return -ENOSPC;
    int wd = inotify_add_watch(w->fd, w->done, EVENTS_WANTED | IN_ONLYDIR);
    if (wd < 0)
        return -errno;
    struct point *p = &w->points[w->count++];
    p->wd = wd;
    snprintf(p->name, sizeof(p->name), "%s", name);
    return 0;
}

/* Appends a component to `done`; false: too long. */
static bool go_down(struct rt_watch *w, const char *name)
{
    size_t n = strlen(w->done);
    const char *slash = n && w->done[n - 1] == '/' ? "" : "/";
    return snprintf(w->done + n, sizeof(w->done) - n, "%s%s", slash, name) <
           (int)(sizeof(w->done) - n);
}

/* Takes the next component off `rest` into `name`. Returns 1, 0 (none is left) or -ENAMETOOLONG. */
static int next_name(struct rt_watch *w, char name[static NAME_MAX + 1])
{
    const char *at = w->rest + strspn(w->rest, "/");
    size_t n = strcspn(at, "/");
    if (n == 0)
        return 0;
    if (n > NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(name, at, n);
    name[n] = 0;
    at += n;
    at += strspn(at, "/");
    memmove(w->rest, at, strlen(at) + 1);
    return 1;
}

/* The link's text takes the place of its name. */
static int follow_link(struct rt_watch *w, size_t size)
{
    size_t rest = strlen(w->rest);
    if (size == 0 || size >= sizeof(w->link) || size + rest + 2 > sizeof(w->rest))
        return -ENAMETOOLONG;
    memmove(w->rest + size + 1, w->rest, rest + 1);
    memcpy(w->rest, w->link, size);
    w->rest[size] = '/';
    if (w->rest[0] == '/')
        snprintf(w->done, sizeof(w->done), "/");
    return 0;
}

/* Goes one name on. Returns 1: there is more, 0: the end of the way, or -errno. */
static int step(struct rt_watch *w, const char *name)
{
    size_t folder = strlen(w->done);
    bool last = w->rest[0] == 0, watched = false;
    for (;;) {
        struct stat st;
        if (!go_down(w, name))
            return -ENAMETOOLONG;
        ssize_t n = readlink(w->done, w->link, sizeof(w->link));
        int missing = n < 0 && errno != EINVAL ? errno : 0;
        bool is_folder = n < 0 && !missing && stat(w->done, &st) == 0 && S_ISDIR(st.st_mode);
        if (is_folder && !last)
            return 1;
        if (watched && is_folder)
            return add_point(w, "");
        w->done[folder] = 0;
        if (missing && missing != ENOENT)
            return -missing;
        if (watched)
            return n >= 0 ? (n = follow_link(w, (size_t)n)) < 0 ? (int)n : 1 : 0;
        int r = add_point(w, name);
        if (r < 0)
            return r;
        watched = true; /* and looked at once more */
    }
}

static int walk(struct rt_watch *w)
{
    char name[NAME_MAX + 1];
    if (strlen(w->path) >= WATCH_PATH_BYTES_MAX)
        return -ENAMETOOLONG;
    snprintf(w->rest, sizeof(w->rest), "%s", w->path);
    snprintf(w->done, sizeof(w->done), "%s", w->path[0] == '/' ? "/" : ".");
    int r = 1;
    while (r == 1 && (r = next_name(w, name)) == 1)
        r = step(w, name);
    return r;
}

static bool is_needed(const struct rt_watch *w, int wd)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->points[i].wd == wd)
            return true;
    return false;
}

static void find_way(void *arg)
{
    struct rt_watch *w = arg;
    w->before_count = w->count;
    for (size_t i = 0; i < w->count; i++)
        w->before[i] = w->points[i].wd;
    w->count = 0;
    w->result = walk(w);
    for (size_t i = 0; i < w->before_count; i++)
        if (!is_needed(w, w->before[i]))
            inotify_rm_watch(w->fd, w->before[i]); /* -EINVAL: it went with its folder */
}

/* ---- events ---- */

static bool is_ours(const struct rt_watch *w, const struct inotify_event *e)
{
    if (e->mask & IN_Q_OVERFLOW)
        return true;
    for (size_t i = 0; i < w->count; i++) {
        const struct point *p = &w->points[i];
        if (p->wd != e->wd)
            continue;
        if (e->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT))
            return true;
        if (e->len > 0 && (p->name[0] == 0 || strcmp(p->name, e->name) == 0))
            return true;
    }
    return false;
}

/* Returns 1: something of ours, 0: only others', or as rt_read. */
static int read_events(struct rt_watch *w, rt_time deadline)
{
    ssize_t n = rt_read(w->sock, w->events, sizeof(w->events), deadline);
    if (n < 0)
        return (int)n;
    int ours = 0;
    for (ssize_t at = 0; at + (ssize_t)sizeof(struct inotify_event) <= n;) {
        const struct inotify_event *e = (const void *)(w->events + at);
        ours |= is_ours(w, e);
        at += (ssize_t)sizeof(*e) + e->len;
    }
    return ours;
}

/* Until nothing of ours happens any more. Returns 0 or -ECANCELED. */
static int let_settle(struct rt_watch *w)
{
    rt_time end = rt_now() + WATCH_QUIET_MAX_NS, quiet = rt_now() + WATCH_QUIET_NS;
    int r;
    while ((r = read_events(w, quiet < end ? quiet : end)) >= 0)
        if (r == 1)
            quiet = rt_now() + WATCH_QUIET_NS;
        else if (rt_now() >= end)
            return 0;
    return r == -ETIMEDOUT ? 0 : r;
}

int rt_watch_wait(struct rt_watch *w, rt_time deadline)
{
    int r;
    while ((r = read_events(w, deadline)) == 0)
        ;
    if (r == 1)
        r = let_settle(w);
    if (r == 0)
        r = rt_offload(find_way, w, RT_NEVER);
    return r < 0 ? r : w->result;
}

/* ---- open, close ---- */

static int open_inotify(struct rt_watch *w)
{
    w->fd = fault_fails(FAULT_SYSCALL) ? (errno = EMFILE, -1)
                                       : inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (w->fd < 0)
        return -errno;
    int r = rt_adopt(w->fd, &w->sock);
    if (r < 0)
        close(w->fd);
    return r;
}

int rt_watch_open(const char *path, struct rt_watch **ret_watch, rt_time deadline)
{
    struct rt_watch *w = mem_alloc(MEM_RT, sizeof(*w));
    w->path = mem_strdup(MEM_RT, slice_from(path));
    int r = open_inotify(w);
    if (r == 0)
        r = rt_offload(find_way, w, deadline);
    if (r == 0)
        r = w->result;
    if (r < 0) {
        rt_watch_close(w);
        return r;
    }
    *ret_watch = w;
    return 0;
}

void rt_watch_close(struct rt_watch *w)
{
    if (!w)
        return;
    rt_close(w->sock);
    mem_free(MEM_RT, (char *)(uintptr_t)w->path);
    mem_free(MEM_RT, w);
}
