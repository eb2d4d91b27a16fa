#include "host/remembered.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/pipe.h"
#include "host/procfile.h"

enum { PATH_BYTES = 64 };

/* ---- the command line ---- */

static size_t count_words(struct slice text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.size; i++)
        n += text.data[i] == 0;
    return n + (text.size > 0 && text.data[text.size - 1] != 0);
}

/* "nginx: master process /usr/sbin/nginx -c x -g daemon off;": nginx joins its words by blanks. It
 * knows options only, with at most one value, so a blank before anything but an option is a part of
 * the value. */
static size_t undo_title(struct slice title, const char **words, size_t max, struct arena *a)
{
    size_t n = 0;
    struct slice rest = title, word = slice_cut(&rest, ' ');
    words[n++] = arena_strdup(a, word);
    while (rest.data && n < max) {
        struct slice next = slice_cut(&rest, ' ');
        bool is_option = next.size >= 2 && next.data[0] == '-';
        bool is_value = n > 1 && words[n - 1][0] == '-' && strlen(words[n - 1]) == 2;
        if (is_option || is_value)
            words[n++] = arena_strdup(a, next);
        else
            words[n - 1] = arena_printf(a, "%s %.*s", words[n - 1], SLICE_ARG(next));
    }
    return n;
}

/* A program's path has no blank, but for those of people who like trouble; a title has. */
static bool is_rewritten(struct slice text, struct slice first)
{
    return text.data[text.size - 1] != 0 || slice_find_byte(first, ' ') >= 0;
}

size_t host_parse_command(struct slice text, struct arena *a, const char *const **ret_argv,
                          bool *ret_rewritten)
{
    static const char nginx[] = "nginx: master process ";
    struct slice rest = text, first = slice_cut(&rest, 0);
    size_t max = count_words(text), n = 0;
    *ret_rewritten = false;
    if (text.size == 0)
        return 0;
    if (slice_starts_with(first, slice_from(nginx))) {
        struct slice title = slice_sub(first, sizeof(nginx) - 1, first.size);
        max = HOST_COMMAND_BYTES_MAX;
        const char **words = arena_alloc_array(a, max + 1, sizeof(*words));
        n = undo_title(title, words, max, a);
        *ret_argv = words;
        return n;
    }
    *ret_rewritten = is_rewritten(text, first);
    if (max > HOST_REMEMBERED_WORDS_MAX)
        max = HOST_REMEMBERED_WORDS_MAX;
    const char **words = arena_alloc_array(a, max + 1, sizeof(*words));
    for (rest = text; n < max;)
        words[n++] = arena_strdup(a, slice_cut(&rest, 0));
    *ret_argv = words;
    return n;
}

size_t host_parse_environment(struct slice text, struct arena *a, const char *const **ret_env)
{
    size_t max = count_words(text), n = 0;
    if (max > HOST_REMEMBERED_WORDS_MAX)
        max = HOST_REMEMBERED_WORDS_MAX;
    const char **words = arena_alloc_array(a, max + 1, sizeof(*words));
    while (text.data && n < max) {
        struct slice entry = slice_cut(&text, 0);
        if (slice_find_byte(entry, '=') > 0)
            words[n++] = arena_strdup(a, entry);
    }
    *ret_env = words;
    return n;
}

/* ---- whose it is ---- */

/* The effective one: the second of four numbers. */
static int parse_effective(struct slice line, uint32_t *ret)
{
    uint64_t v;
    struct slice rest = slice_trim(line);
    slice_cut(&rest, '\t');
    int r = slice_to_u64(slice_cut(&rest, '\t'), UINT32_MAX - 1, &v);
    if (r == 0)
        *ret = (uint32_t)v;
    return r;
}

static void parse_groups(struct slice line, struct arena *a, struct host_remembered *ret)
{
    uint64_t v;
    gid_t *list = arena_alloc_array(a, HOST_REMEMBERED_GROUPS_MAX, sizeof(*list));
    ret->group_count = 0;
    while (line.data && ret->group_count < HOST_REMEMBERED_GROUPS_MAX)
        if (slice_to_u64(slice_trim(slice_cut(&line, ' ')), UINT32_MAX - 1, &v) == 0)
            list[ret->group_count++] = (gid_t)v;
    ret->groups = list;
}

static bool parse_octal(struct slice text, uint32_t *ret)
{
    uint32_t v = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '7' || v > 0777)
            return false;
        v = v * 8 + (uint32_t)(text.data[i] - '0');
    }
    if (text.size == 0 || v > 0777)
        return false;
    *ret = v;
    return true;
}

int host_parse_identity(struct slice text, struct arena *a, struct host_remembered *ret)
{
    uint32_t uid = 0, gid = 0, mask = 022;
    bool has_uid = false, has_gid = false;
    while (text.data) {
        struct slice line = slice_cut(&text, '\n'), key = slice_cut(&line, ':');
        if (slice_eq(key, SLICE("Uid")))
            has_uid = parse_effective(line, &uid) == 0;
        else if (slice_eq(key, SLICE("Gid")))
            has_gid = parse_effective(line, &gid) == 0;
        else if (slice_eq(key, SLICE("Groups")))
            parse_groups(line, a, ret);
        else if (slice_eq(key, SLICE("Umask")))
            parse_octal(slice_trim(line), &mask);
    }
    if (!has_uid || !has_gid)
        return -EINVAL;
    ret->uid = uid;
    ret->gid = gid;
    ret->umask = mask;
    return 0;
}

/* ---- reading it ---- */

static int read_file(const struct host_process *p, const char *name, struct buf *text,
                     struct err *err)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof(path), "/proc/%d/%s", p->pid, name);
    buf_clear(text);
    int r = procfile_read(AT_FDCWD, path, text);
    if (r == -ENOENT || r == -ESRCH)
        return err_set(err, -ESRCH, "process %d has ended", p->pid);
    return r < 0 ? err_sys(err, r, "%s", path) : 0;
}

static const char *read_link(const struct host_process *p, const char *name, struct arena *a)
{
    char path[PATH_BYTES], to[PROCFILE_PATH_BYTES_MAX];
    snprintf(path, sizeof(path), "/proc/%d/%s", p->pid, name);
    ssize_t n = readlink(path, to, sizeof(to));
    struct slice text = {to, n > 0 && n < (ssize_t)sizeof(to) ? (size_t)n : 0};
    if (slice_ends_with(text, SLICE(" (deleted)")))
        text.size -= strlen(" (deleted)");
    return arena_strdup(a, text);
}

/* A file that it writes to or reads: opened again by its path. A pipe or socket to somebody is
 * gone with it, and a terminal is somebody's who is not asked. */
static const char *stdio_of(const struct host_process *p, int fd, struct arena *a)
{
    char name[16];
    struct stat st;
    snprintf(name, sizeof(name), "fd/%d", fd);
    const char *path = read_link(p, name, a);
    if (path[0] != '/' || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return NULL;
    return path;
}

static void read_limits(const struct host_process *p, struct host_remembered *ret)
{
    static const int resources[HOST_RESOURCE_COUNT] = {
        [HOST_RESOURCE_MEMORY_BYTES] = RLIMIT_AS,    [HOST_RESOURCE_CPU_S] = RLIMIT_CPU,
        [HOST_RESOURCE_PROCESSES] = RLIMIT_NPROC,    [HOST_RESOURCE_FILE_BYTES] = RLIMIT_FSIZE,
        [HOST_RESOURCE_DESCRIPTORS] = RLIMIT_NOFILE, [HOST_RESOURCE_CORE_BYTES] = RLIMIT_CORE,
    };
    ret->limit_count = 0;
    for (int i = 0; i < HOST_RESOURCE_COUNT; i++) {
        struct rlimit l;
        if (prlimit(p->pid, (enum __rlimit_resource)resources[i], NULL, &l) < 0)
            continue;
        ret->limits[ret->limit_count++] = (struct host_limit){
            (enum host_resource)i,
            l.rlim_cur == RLIM_INFINITY ? UINT64_MAX : l.rlim_cur,
            l.rlim_max == RLIM_INFINITY ? UINT64_MAX : l.rlim_max,
        };
    }
}

static int read_words(const struct host_process *p, struct arena *a, struct host_remembered *ret,
                      struct err *err)
{
    struct buf text = BUF(MEM_HOST, HOST_REMEMBERED_BYTES_MAX);
    int r = read_file(p, "cmdline", &text, err);
    if (r == 0 && host_parse_command(buf_slice(&text), a, &ret->argv, &ret->rewritten) == 0)
        r = err_set(err, -ESRCH, "process %d has no command line", p->pid);
    if (r == 0)
        r = read_file(p, "environ", &text, err);
    if (r == 0)
        host_parse_environment(buf_slice(&text), a, &ret->env);
    if (r == 0)
        r = read_file(p, "status", &text, err);
    if (r == 0 && host_parse_identity(buf_slice(&text), a, ret) < 0)
        r = err_set(err, -EBADMSG, "/proc/%d/status says not whose it is", p->pid);
    buf_done(&text);
    return r;
}

int host_remember(const char *name, const struct host_process *p, struct arena *a,
                  struct host_remembered *ret, struct err *err)
{
    struct host_remembered m = {.pid = p->pid, .started = p->started};
    int r = read_words(p, a, &m, err);
    if (r < 0)
        return r;
    m.name = arena_strdup(a, slice_from(name));
    m.comm = arena_strdup(a, slice_from(p->comm));
    m.program = read_link(p, "exe", a);
    m.dir = read_link(p, "cwd", a);
    if (m.dir[0] != '/')
        m.dir = "/";
    if (m.rewritten && access(m.argv[0], X_OK) == 0)
        m.rewritten = false; /* a file with a blank in its name */
    for (int i = 0; i < 3; i++)
        m.stdio[i] = stdio_of(p, i, a);
    read_limits(p, &m);
    if (!host_process_runs(p)) /* what was read may be another's */
        return err_set(err, -ESRCH, "process %d has ended", p->pid);
    *ret = m;
    return 0;
}

/* ---- the text ---- */

static void put(struct buf *out, const char *key, const char *value)
{
    buf_printf(out, "%s=", key);
    buf_append(out, value, strlen(value) + 1);
}

static void put_number(struct buf *out, const char *key, uint64_t v)
{
    buf_printf(out, "%s=%llu", key, (unsigned long long)v);
    buf_append_byte(out, 0);
}

void host_remembered_write(const struct host_remembered *m, struct buf *out)
{
    static const char *const files[] = {"stdin", "stdout", "stderr"};
    put(out, "firebreak-process", "1");
    put(out, "name", m->name);
    put(out, "comm", m->comm);
    put(out, "program", m->program);
    put(out, "dir", m->dir);
    put_number(out, "uid", m->uid);
    put_number(out, "gid", m->gid);
    for (size_t i = 0; i < m->group_count; i++)
        put_number(out, "group", m->groups[i]);
    for (size_t i = 0; i < m->limit_count; i++) {
        const struct host_limit *l = &m->limits[i];
        buf_printf(out, "limit=%d %llu %llu", l->resource, (unsigned long long)l->soft,
                   (unsigned long long)l->hard);
        buf_append_byte(out, 0);
    }
    put_number(out, "umask", m->umask);
    put_number(out, "pid", (uint64_t)m->pid);
    put_number(out, "started", m->started);
    put_number(out, "rewritten", m->rewritten);
    for (int i = 0; i < 3; i++)
        if (m->stdio[i])
            put(out, files[i], m->stdio[i]);
    for (size_t i = 0; m->argv[i]; i++)
        put(out, "arg", m->argv[i]);
    for (size_t i = 0; m->env[i]; i++)
        put(out, "env", m->env[i]);
}

/* What is being read; its lists grow to what the text can hold. */
struct reading {
    struct arena *a;
    struct host_remembered m;
    const char **argv, **env;
    size_t argc, env_count;
};

static bool take_limit(struct reading *x, struct slice value)
{
    uint64_t kind, soft, hard;
    struct host_remembered *m = &x->m;
    if (m->limit_count == HOST_RESOURCE_COUNT ||
        slice_to_u64(slice_cut(&value, ' '), HOST_RESOURCE_COUNT - 1, &kind) < 0 ||
        slice_to_u64(slice_cut(&value, ' '), UINT64_MAX, &soft) < 0 ||
        slice_to_u64(value, UINT64_MAX, &hard) < 0 || soft > hard)
        return false;
    for (size_t i = 0; i < m->limit_count; i++)
        if ((uint64_t)m->limits[i].resource == kind)
            return false;
    m->limits[m->limit_count++] = (struct host_limit){(enum host_resource)kind, soft, hard};
    return true;
}

static bool take_number(struct reading *x, struct slice key, struct slice value)
{
    struct host_remembered *m = &x->m;
    uint64_t v;
    if (slice_to_u64(value, UINT64_MAX, &v) < 0)
        return false;
    if (slice_eq(key, SLICE("started")))
        m->started = v;
    else if (slice_eq(key, SLICE("pid")) && v <= INT32_MAX)
        m->pid = (pid_t)v;
    else if (slice_eq(key, SLICE("umask")) && v <= 0777)
        m->umask = (uint32_t)v;
    else if (slice_eq(key, SLICE("rewritten")) && v <= 1)
        m->rewritten = v == 1;
    else if (slice_eq(key, SLICE("uid")) && v < UINT32_MAX)
        m->uid = (uid_t)v;
    else if (slice_eq(key, SLICE("gid")) && v < UINT32_MAX)
        m->gid = (gid_t)v;
    else if (slice_eq(key, SLICE("group")) && v < UINT32_MAX &&
             m->group_count < HOST_REMEMBERED_GROUPS_MAX)
        m->groups[m->group_count++] = (gid_t)v;
    else
        return false;
    return true;
}

static bool take(struct reading *x, struct slice key, struct slice value)
{
    struct host_remembered *m = &x->m;
    const char **text = slice_eq(key, SLICE("name"))      ? &m->name
                        : slice_eq(key, SLICE("comm"))    ? &m->comm
                        : slice_eq(key, SLICE("program")) ? &m->program
                        : slice_eq(key, SLICE("dir"))     ? &m->dir
                        : slice_eq(key, SLICE("stdin"))   ? &m->stdio[0]
                        : slice_eq(key, SLICE("stdout"))  ? &m->stdio[1]
                        : slice_eq(key, SLICE("stderr"))  ? &m->stdio[2]
                                                          : NULL;
    if (slice_eq(key, SLICE("limit")))
        return take_limit(x, value);
    if (slice_eq(key, SLICE("arg")) && x->argc < HOST_REMEMBERED_WORDS_MAX)
        text = &x->argv[x->argc++];
    else if (slice_eq(key, SLICE("env")) && x->env_count < HOST_REMEMBERED_WORDS_MAX)
        text = &x->env[x->env_count++];
    if (!text)
        return take_number(x, key, value);
    *text = arena_strdup(x->a, value);
    return true;
}

int host_remembered_parse(struct slice text, struct arena *a, struct host_remembered *ret,
                          struct err *err)
{
    const struct host_remembered none = {
        .name = "", .comm = "", .program = "", .dir = "/", .umask = 022};
    struct reading x = {.a = a, .m = none};
    size_t max = count_words(text);
    if (text.size == 0 || text.data[text.size - 1] != 0)
        return err_set(err, -EBADMSG, "its end is missing");
    if (!slice_eq(slice_cut(&text, 0), SLICE("firebreak-process=1")))
        return err_set(err, -EBADMSG, "it is no process that was remembered");
    x.argv = arena_alloc_array(a, max + 1, sizeof(*x.argv));
    x.env = arena_alloc_array(a, max + 1, sizeof(*x.env));
    x.m.groups = arena_alloc_array(a, HOST_REMEMBERED_GROUPS_MAX, sizeof(*x.m.groups));
    while (text.size) {
        struct slice value = slice_cut(&text, 0), key = slice_cut(&value, '=');
        if (!value.data || !take(&x, key, value))
            return err_set(err, -EBADMSG, "what it says of %.*s is not understood",
                           key.size < 32 ? (int)key.size : 32, key.data);
    }
    if (x.argc == 0 || x.m.dir[0] != '/')
        return err_set(err, -EBADMSG, "it has no %s", x.argc ? "folder" : "command line");
    x.m.argv = x.argv;
    x.m.env = x.env;
    *ret = x.m;
    return 0;
}

/* ---- starting it again ---- */

/* One that cannot be opened is /dev/null: a log's folder that went stops no server. */
static void open_stdio(const struct host_remembered *m, int fds[3])
{
    for (int i = 0; i < 3; i++) {
        fds[i] = -1;
        if (m->stdio[i])
            fds[i] = open(m->stdio[i],
                          i == 0 ? O_RDONLY | O_CLOEXEC
                                 : O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    }
}

bool host_remembered_is_called(const struct host_remembered *m, const char *name)
{
    struct buf command = BUF(MEM_HOST, 0);
    for (size_t i = 0; m->argv[i]; i++) {
        buf_append_cstr(&command, m->argv[i]);
        buf_append_byte(&command, 0);
    }
    bool is = host_process_is_called(name, m->comm, m->program, buf_slice(&command));
    buf_done(&command);
    return is;
}

static bool is_named(const char *word, const char *comm)
{
    const char *slash = word ? strrchr(word, '/') : NULL;
    const char *base = slash ? slash + 1 : word;
    return base && comm[0] && strncmp(base, comm, HOST_NAME_CUT) == 0;
}

/* The kernel names a process by the file that is executed, be it a link to its program or a script:
 * what it was called it shall be called again, for that is what it is looked for by. The program's
 * own file is the last resort. */
static int start_named(const struct host_remembered *m, struct host_spawn *s,
                       struct host_child *ret_child, struct err *err)
{
    enum { INTERPRETER_WORDS = 2 }; /* that a script's first line gives: it, and an argument */
    for (int i = 0; i <= INTERPRETER_WORDS && m->argv[i]; i++)
        if (is_named(m->argv[i], m->comm)) {
            s->argv = m->argv + i;
            break;
        }
    int r = host_spawn(s, ret_child, err);
    if ((r == -ENOENT || r == -EACCES || r == -ENOEXEC) && m->program[0] == '/') {
        s->argv = m->argv;
        s->program = m->program;
        r = host_spawn(s, ret_child, err);
    }
    return r;
}

int host_remembered_start(const struct host_remembered *m, struct host_child *ret_child,
                          struct err *err)
{
    int fds[3];
    struct host_identity identity = {m->uid, m->gid, m->groups, m->group_count};
    struct host_spawn s = {
        .argv = m->argv,
        .env = m->env,
        .dir = m->dir,
        .group = HOST_GROUP_SESSION,
        .limits = m->limits,
        .limits_count = m->limit_count,
        .identity = geteuid() == 0 ? &identity : NULL,
        .umask = m->umask,
        .sets_umask = true,
        .detached = true,
    };
    if (geteuid() != 0 && m->uid != geteuid())
        return err_set(err, -EPERM, "%s ran as user %u, and we are not root", m->name, m->uid);
    open_stdio(m, fds);
    memcpy(s.stdio, fds, sizeof(s.stdio));
    int r = start_named(m, &s, ret_child, err);
    for (int i = 0; i < 3; i++)
        host_close(fds[i]);
    return r;
}
