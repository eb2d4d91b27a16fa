#include "config/reload.h"

#include <signal.h>
#include <unistd.h>

#include "tests/config/world.h"

enum { WAIT_MS_MAX = 10000 };

/* A file, its reloader, and what the reloader told. */
struct watched {
    char folder[64], path[96];
    const char *paths[1];
    struct config_options options;
    struct config_reloader reloader;
    struct rt_group group;
    int swaps, faulty;
    const char *level; /* of the last configuration that was swapped in */
};

static const char *level_of(const struct config *c)
{
    const struct value *log = value_get(c->root, SLICE("log"));
    const struct value *level = log ? value_get(log, SLICE("level")) : NULL;
    return level ? arena_strdup(&world_arena_, level->text) : "none";
}

static void on_swap(void *ctx, struct config *old, struct config *fresh,
                    const struct config_change *changes)
{
    struct watched *w = ctx;
    CHECK(old != fresh && w->reloader.current == fresh);
    CHECK((changes != NULL) == (strcmp(level_of(old), level_of(fresh)) != 0));
    w->level = level_of(fresh);
    w->swaps++;
}

static void on_faults(void *ctx, const struct config *bad)
{
    struct watched *w = ctx;
    CHECK(bad->faults.count > 0);
    CHECK(w->reloader.current != bad);
    w->faulty++;
}

static void put(struct watched *w, const char *text)
{
    char beside[100];
    snprintf(beside, sizeof(beside), "%s.new", w->path);
    FILE *f = fopen(beside, "w");
    fputs(text, f);
    fclose(f);
    CHECK_INT(rename(beside, w->path), 0);
}

static void begin(struct watched *w, const char *text)
{
    *w = (struct watched){.folder = "/tmp/firebreak-reload-XXXXXX", .level = ""};
    world_reset();
    CHECK(mkdtemp(w->folder) != NULL);
    snprintf(w->path, sizeof(w->path), "%s/ops.yaml", w->folder);
    put(w, text);
    w->paths[0] = w->path;
    w->options = (struct config_options){.paths = w->paths, .path_count = 1};
    w->reloader = (struct config_reloader){.options = &w->options,
                                           .current = config_load(&w->options),
                                           .on_swap = on_swap,
                                           .on_faults = on_faults,
                                           .ctx = w};
    rt_group_init(&w->group, "test");
    CHECK_INT(rt_go(&w->group, config_reloader_run, &w->reloader), 0);
}

static void end(struct watched *w)
{
    rt_group_done(&w->group);
    config_free(w->reloader.current);
    unlink(w->path);
    rmdir(w->folder);
}

/* Until a counter has reached `least`. */
static void wait_for(const int *counter, int least)
{
    for (int i = 0; i < WAIT_MS_MAX / 5 && *counter < least; i++)
        rt_sleep(rt_now() + 5 * RT_MS);
    CHECK(*counter >= least);
}

static void renamed_main(void *arg)
{
    struct watched *w = arg;
    begin(w, "log: {level: info}\n");
    put(w, "log: {level: error}\n");
    while (w->swaps < 3 && strcmp(w->level, "error") != 0)
        wait_for(&w->swaps, w->swaps + 1);
    CHECK_STR(w->level, "error");
    end(w);
}

static void a_file_that_is_renamed_over_is_taken_up(void)
{
    static struct watched w;
    CHECK_INT(rt_run(&(struct rt_config){0}, renamed_main, &w), 0);
}

static void faulty_main(void *arg)
{
    struct watched *w = arg;
    begin(w, "log: {level: info}\n");
    wait_for(&w->swaps, 1); /* the watch begins: it may have changed meanwhile */
    put(w, "log: {level: loud}\n");
    wait_for(&w->faulty, 1);
    CHECK_STR(level_of(w->reloader.current), "info");
    put(w, "log: {level: debug}\n");
    wait_for(&w->swaps, 2);
    CHECK_STR(w->level, "debug");
    end(w);
}

static void one_with_faults_leaves_the_old_one_in_place(void)
{
    static struct watched w;
    CHECK_INT(rt_run(&(struct rt_config){0}, faulty_main, &w), 0);
}

/* As it is between `> ops.yaml` and what the shell's command writes. */
static void emptied_main(void *arg)
{
    struct watched *w = arg;
    begin(w, "log: {level: info}\n");
    wait_for(&w->swaps, 1);
    rt_time start = rt_now();
    CHECK_INT(truncate(w->path, 0), 0);
    wait_for(&w->swaps, 2);
    CHECK_STR(w->level, "none");
    CHECK(rt_now() - start >= RELOAD_EMPTY_MS_MAX * RT_MS);
    end(w);
}

static void an_empty_file_is_believed_only_when_it_stays_empty(void)
{
    static struct watched w;
    CHECK_INT(rt_run(&(struct rt_config){0}, emptied_main, &w), 0);
}

static void signal_main(void *arg)
{
    struct watched *w = arg;
    begin(w, "log: {level: info}\n");
    wait_for(&w->swaps, 1);
    int before = w->swaps;
    kill(getpid(), SIGHUP);
    wait_for(&w->swaps, before + 1);
    CHECK_STR(w->level, "info");
    end(w);
}

static void sighup_asks_for_it(void)
{
    static struct watched w;
    CHECK_INT(rt_run(&(struct rt_config){0}, signal_main, &w), 0);
}

static void gone_main(void *arg)
{
    struct watched *w = arg;
    begin(w, "log: {level: info}\n");
    wait_for(&w->swaps, 1);
    unlink(w->path);
    wait_for(&w->faulty, 1);
    CHECK_STR(level_of(w->reloader.current), "info");
    put(w, "log: {level: warn}\n");
    wait_for(&w->swaps, 2);
    CHECK_STR(w->level, "warn");
    end(w);
}

static void a_file_that_goes_and_comes_back(void)
{
    static struct watched w;
    CHECK_INT(rt_run(&(struct rt_config){0}, gone_main, &w), 0);
}

int main(void)
{
    TAP_RUN(a_file_that_is_renamed_over_is_taken_up);
    TAP_RUN(one_with_faults_leaves_the_old_one_in_place);
    TAP_RUN(an_empty_file_is_believed_only_when_it_stays_empty);
    TAP_RUN(sighup_asks_for_it);
    TAP_RUN(a_file_that_goes_and_comes_back);
    arena_done(&world_arena_);
    return tap_done();
}
