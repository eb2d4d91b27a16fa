#include "app/config_init.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/go_package.h"
#include "observe/observe.h"
#include "rt/file_now.h"

/* ---- what listens here ---- */

struct found {
    struct service service;
    struct finding *in;
    bool open; /* one that is closed to us is none of our business */
    struct list link;
};

struct finding {
    struct app *app;
    struct probe_spec spec;
    struct observer *observer;
    struct list all; /* struct found */
    struct rt_group group;
    size_t count;
    struct err err;
};

static void identify_main(void *arg)
{
    struct found *f = arg;
    f->open = service_identify(f->in->observer, &f->service) == 0;
}

static void on_found(void *ctx, struct service *s)
{
    struct finding *in = ctx;
    struct found *f = mem_alloc(MEM_APP, sizeof(*f));
    f->service = *s;
    f->in = in;
    list_push_back(&in->all, &f->link);
    rt_go(&in->group, identify_main, f);
}

static void on_gone(void *ctx, struct service *s)
{
    (void)ctx; /* there is one reading: nothing goes */
    (void)s;
}

static void finding_main(void *arg)
{
    struct finding *in = arg;
    if (observer_open(&in->spec, &in->observer, &in->err) < 0)
        return;
    struct discovery *d = discovery_new();
    rt_group_init(&in->group, "init");
    discovery_read(d, on_found, on_gone, in, &in->err, RT_NEVER);
    rt_group_wait(&in->group, RT_NEVER);
    rt_group_done(&in->group);
    discovery_free(d);
    observer_close(in->observer);
}

static int by_asset(const void *a, const void *b)
{
    const struct go_service *x = a, *y = b;
    int d = strverscmp(x->asset, y->asset);
    return d ? d : strcmp(x->address, y->address);
}

/* The services in the order of their names; texts lie in the app's arena. */
static struct go_service *services_of(struct finding *in, size_t *ret_count)
{
    size_t n = 0, max = 0;
    struct arena *a = &in->app->arena;
    list_each(it, &in->all)
        max++;
    struct go_service *all = arena_alloc_array(a, max + 1, sizeof(*all));
    list_each(it, &in->all)
    {
        const struct service *s = &list_entry(it, struct found, link)->service;
        if (!list_entry(it, struct found, link)->open)
            continue;
        all[n++] = (struct go_service){
            .asset = arena_strdup(a, slice_from(s->asset)),
            .address = arena_strdup(a, slice_from(s->address)),
            .kind = service_kind_name(s->kind),
            .process = arena_strdup(a, slice_from(s->process)),
            .target = arena_strdup(a, slice_from(s->target)),
        };
    }
    if (n)
        qsort(all, n, sizeof(*all), by_asset);
    *ret_count = n;
    return all;
}

static int find_services(struct app *app, struct go_service **ret, size_t *ret_count)
{
    struct finding *in = mem_alloc(MEM_APP, sizeof(*in));
    in->app = app;
    in->spec = (struct probe_spec){.timeout_ns = SERVICE_TIMEOUT_MS * RT_MS,
                                   .method = "GET",
                                   .insecure = true,
                                   .days_left_min = INT32_MIN};
    list_init(&in->all);
    int status = app_run(app, 1, finding_main, in);
    if (status == EXIT_WELL && in->err.code)
        status = app_fail(app, EXIT_UNREACHABLE, &in->err);
    if (status == EXIT_WELL)
        *ret = services_of(in, ret_count);
    for (struct list *it; (it = list_pop_front(&in->all));)
        mem_free(MEM_APP, list_entry(it, struct found, link));
    mem_free(MEM_APP, in);
    return status;
}

/* ---- files ---- */

struct init {
    struct app *app;
    const char *folder;
    struct buf *out;
};

static const char *path_of(struct init *in, const char *name)
{
    return strcmp(in->folder, ".") == 0 ? name
                                        : arena_printf(&in->app->arena, "%s/%s", in->folder, name);
}

static int fail(struct init *in, const char *path, int code)
{
    struct err err;
    err_sys(&err, code, "%s", path);
    return app_fail(in->app, EXIT_UNREACHABLE, &err);
}

static int write_file(struct init *in, const char *name, struct slice text, bool replace)
{
    const char *path = path_of(in, name);
    int r = file_now_write(path, text, 0644, replace);
    if (r < 0 && r != -EEXIST)
        return fail(in, path, r);
    buf_printf(in->out, "%s %s\n", r < 0 ? "kept" : "wrote", path);
    return EXIT_WELL;
}

/* The module's name, for the import of the package; "ops" where there is no go.mod yet. */
static const char *module_of(struct init *in)
{
    struct buf text = BUF(MEM_APP, 1 << 20);
    const char *name = "ops";
    if (file_now_read(path_of(in, "go.mod"), &text) == 0) {
        struct slice rest = buf_slice(&text);
        while (rest.data) {
            struct slice line = slice_trim(slice_cut(&rest, '\n'));
            if (!slice_starts_with(line, SLICE("module ")))
                continue;
            struct slice word = slice_trim(slice_sub(line, 7, line.size));
            if (word.size > 2 && word.data[0] == '"')
                word = slice_sub(word, 1, word.size - 1);
            name = arena_strdup(&in->app->arena, word);
            break;
        }
    }
    buf_done(&text);
    return name;
}

static int write_files(struct init *in, const struct go_service *services, size_t count)
{
    struct buf text = BUF(MEM_APP, 0);
    const char *package = path_of(in, "firebreak");
    int status = write_file(in, "go.mod", slice_from(go_module_text), false);
    int r = status == EXIT_WELL ? file_now_make_folder(package, 0755) : 0;
    if (r < 0)
        status = fail(in, package, r);
    if (status == EXIT_WELL) {
        go_package_write(&text);
        status = write_file(in, "firebreak/firebreak.go", buf_slice(&text), true);
    }
    if (status == EXIT_WELL) {
        buf_clear(&text);
        go_starter_write(module_of(in), services, count, &text);
        status = write_file(in, "ops.go", buf_slice(&text), false);
    }
    buf_done(&text);
    return status;
}

int config_init(struct app *app, const char *folder, struct buf *out)
{
    struct init in = {app, folder, out};
    struct go_service *services = NULL;
    size_t count = 0;
    int status = app_log_open(app, false);
    if (status == EXIT_WELL)
        status = find_services(app, &services, &count);
    int r = status == EXIT_WELL ? file_now_make_folder(folder, 0755) : 0;
    if (r < 0)
        status = fail(&in, folder, r);
    return status == EXIT_WELL ? write_files(&in, services, count) : status;
}
