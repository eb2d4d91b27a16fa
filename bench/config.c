/* config.c - a configuration from its file to a checked value: read, parsed, checked, evaluated,
 * checked against the schema.
 *
 *     config load FILE OBJECTS     one load, and the largest memory that the process had
 *
 * OBJECTS is how many assets must come of it, so that nothing fast is nothing done. One load a
 * process, into memory that nobody has touched, as the command does it. peers/config does the same
 * work with other libraries. */
#include <string.h>

#include "bench/bench.h"

#include "config/load.h"
#include "rt/deep.h"

struct job {
    struct config_options options;
    struct config *config;
};

static void load(void *arg)
{
    struct job *j = arg;
    j->config = config_load(&j->options);
}

static void die(const char *why)
{
    fprintf(stderr, "config: %s\n", why);
    exit(1);
}

int main(int argc, char **argv)
{
    if (argc != 4 || strcmp(argv[1], "load") != 0)
        die("usage: config load FILE OBJECTS");
    const char *path = argv[2];
    struct job j = {.options = {.paths = &path, .path_count = 1}};
    struct bench_clock start = bench_now();
    rt_deep_call_now(load, &j);
    bench_result("load", 1, start);
    const struct value *assets = value_get(j.config->root, SLICE("assets"));
    if (j.config->faults.count)
        die(j.config->faults.items[0].message);
    if (!assets || assets->count != (uint32_t)strtoul(argv[3], NULL, 10))
        die("not the number of assets that was expected");
    printf("RESULT case=peak ops=1 peak_bytes=%lld\n", (long long)bench_peak_bytes());
    config_free(j.config);
    return 0;
}
