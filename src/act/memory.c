#include "act/memory.h"

#include <errno.h>
#include <string.h>

#include "rt/file.h"
#include "rt/folder.h"
#include "wire/url_escape.h"

enum { YOUNG_MS = 1000, FILE_MODE = 0600, FOLDER_MODE = 0700 };

struct remembered {
    struct list link;
    char *name;
    struct buf text; /* empty: it is not known yet */
    char *program;
    bool rewritten;
    enum act_known by;
    struct host_process last;  /* who was looked at */
    struct host_process rival; /* who was known by its number before, as `last` is */
};

static struct remembered *find(struct act *a, const char *name)
{
    if (!a->remembered.next)
        list_init(&a->remembered);
    list_each(it, &a->remembered)
    {
        struct remembered *m = list_entry(it, struct remembered, link);
        if (strcmp(m->name, name) == 0)
            return m;
    }
    return NULL;
}

static struct remembered *add(struct act *a, const char *name)
{
    size_t count = 0;
    list_each(it, &a->remembered)
        count++;
    if (count == ACT_REMEMBERED_MAX)
        return NULL;
    struct remembered *m = mem_alloc(MEM_ACT, sizeof(*m));
    m->name = mem_strdup(MEM_ACT, slice_from(name));
    m->text = BUF(MEM_ACT, 2 * HOST_REMEMBERED_BYTES_MAX);
    list_push_back(&a->remembered, &m->link);
    return m;
}

static void file_of(const struct act *a, const char *name, struct buf *path)
{
    buf_printf(path, "%s/", a->memory);
    url_escape(slice_from(name), path); /* it may hold a '/', and may be ".." */
}

static void take(struct remembered *m, const struct host_remembered *seen)
{
    buf_clear(&m->text);
    host_remembered_write(seen, &m->text);
    mem_free(MEM_ACT, m->program);
    m->program = mem_strdup(MEM_ACT, slice_from(seen->program));
    m->rewritten = seen->rewritten;
}

/* Nothing there, or what is no such text, is no failure here. */
static bool load_from(struct act *a, const char *name, struct remembered *m, rt_time deadline)
{
    struct buf path = BUF(MEM_ACT, 0), text = BUF(MEM_ACT, 2 * HOST_REMEMBERED_BYTES_MAX);
    struct arena arena = ARENA(MEM_ACT, 0);
    struct host_remembered seen;
    file_of(a, name, &path);
    bool good = rt_file_read_all(path.data, &text, deadline) == 0 &&
                host_remembered_parse(buf_slice(&text), &arena, &seen, NULL) == 0 &&
                (name == m->name || host_remembered_is_called(&seen, m->name));
    if (good)
        take(m, &seen);
    arena_done(&arena);
    buf_done(&text);
    buf_done(&path);
    return good;
}

/* What an earlier life wrote down. Earlier versions called one that a file has the number of by the
 * name that the kernel cuts, which others may have, too. */
static void load(struct act *a, struct remembered *m, rt_time deadline)
{
    char cut[HOST_NAME_CUT + 1] = "";
    if (load_from(a, m->name, m, deadline) || strlen(m->name) <= HOST_NAME_CUT)
        return;
    memcpy(cut, m->name, HOST_NAME_CUT);
    load_from(a, cut, m, deadline);
}

static struct remembered *known(struct act *a, const char *name, rt_time deadline)
{
    struct remembered *m = find(a, name);
    if (m)
        return m;
    m = add(a, name);
    if (m && a->memory)
        load(a, m, deadline);
    return m;
}

static int write_down(struct act *a, const struct remembered *m, struct err *err, rt_time deadline)
{
    struct buf path = BUF(MEM_ACT, 0);
    if (!a->memory)
        return 0;
    file_of(a, m->name, &path);
    int r = rt_folder_make(a->memory, FOLDER_MODE, deadline);
    if (r == 0)
        r = rt_file_write_all(path.data, m->text.data, m->text.size, FILE_MODE, deadline);
    if (r < 0)
        err_sys(err, r, "write down how %s was started, in %s", m->name, path.data);
    buf_done(&path);
    return r;
}

struct reading {
    const char *name;
    const struct host_process *process;
    struct arena arena;
    struct host_remembered seen;
    struct err err;
    int result;
};

static void read_now(void *arg)
{
    struct reading *x = arg;
    x->result = host_remember(x->name, x->process, &x->arena, &x->seen, &x->err);
}

/* What it shows now, unless what is known is better. */
static int learn(struct act *a, struct remembered *m, const struct host_process *p,
                 struct err *err, rt_time deadline)
{
    struct reading x = {.name = m->name, .process = p, .arena = ARENA(MEM_ACT, 0)};
    int r = rt_offload(read_now, &x, deadline);
    if (r == 0)
        r = x.result;
    if (r < 0 && err)
        *err = x.err;
    bool better = r == 0 && (m->text.size == 0 || !x.seen.rewritten ||
                             strcmp(m->program, x.seen.program) != 0);
    if (r == 0)
        m->last = *p;
    if (better) {
        take(m, &x.seen);
        r = write_down(a, m, err, deadline);
    }
    arena_done(&x.arena);
    return r;
}

static bool is_last(const struct remembered *m, const struct host_process *p)
{
    return m->last.pid == p->pid && m->last.started == p->started;
}

int act_remember(struct act *a, const char *name, const struct host_process *p,
                 enum act_known by, struct err *err, rt_time deadline)
{
    struct remembered *m = known(a, name, deadline);
    if (!m)
        return err_set(err, -ENOSPC, "%s: more than %d processes are remembered", name,
                       ACT_REMEMBERED_MAX);
    if (is_last(m, p)) {
        m->by = by > m->by ? by : m->by;
        return 1;
    }
    if (m->by > ACT_BY_NAME && by == ACT_BY_NAME)
        return 1;
    /* One that fails as soon as it is started shall not be how it is started the next time. */
    if (m->text.size && host_process_age_ms(p) < YOUNG_MS)
        return 0;
    struct host_process former = m->last;
    bool rivals = m->by == ACT_BY_NUMBER && by == ACT_BY_NUMBER;
    int r = learn(a, m, p, err, deadline);
    if (is_last(m, p)) {
        m->rival = rivals ? former : (struct host_process){0};
        m->by = by;
    }
    return r < 0 ? r : 1;
}

bool memory_has_number(struct act *a, const char *name, struct host_process *ret_rival)
{
    const struct remembered *m = find(a, name);
    *ret_rival = m ? m->rival : (struct host_process){0};
    return m && m->by == ACT_BY_NUMBER;
}

int memory_recall(struct act *a, const char *name, struct arena *arena,
                  struct host_remembered *ret, struct err *err, rt_time deadline)
{
    struct remembered *m = known(a, name, deadline);
    if (!m || m->text.size == 0)
        return err_set(err, -ENOENT, "nobody has seen %s run on this node, so how it is started is "
                       "not known: a Process check by its name, or a remedy, has to see it first",
                       name);
    return host_remembered_parse(buf_slice(&m->text), arena, ret, err);
}

void memory_done(struct act *a)
{
    for (struct list *it; (it = list_pop_front(&a->remembered));) {
        struct remembered *m = list_entry(it, struct remembered, link);
        buf_done(&m->text);
        mem_free(MEM_ACT, m->program);
        mem_free(MEM_ACT, m->name);
        mem_free(MEM_ACT, m);
    }
}
