/* The programs that Go's own distribution tests its compilers with: those that lie in the subset
 * run to their end, and those that Go refuses are refused. */
#include "lang/lang.h"

#include "tests/lang/oracle.h"
#include "tests/lang/world.h"

enum { SOURCE_BYTES = 1 << 20, PATH_BYTES = 512, AGREE_MIN = 100 };

/* Small bounds: a few programs want more time or memory, and are counted apart. */
static const struct lang_limits limits = {
    .source_bytes_max = SOURCE_BYTES,
    .nodes_max = 1 << 22,
    .nesting_depth_max = 500,
    .call_depth_max = 2000,
    .steps_max = 3 * 1000 * 1000,
    .alloc_bytes_max = 96 << 20,
    .const_bits_max = 512,
};

enum outcome { RUNS, OUTSIDE, BEYOND, REFUSED, OUTCOMES };

static enum outcome try_program(const char *path, char *source, struct buf *why)
{
    struct world w;
    enum outcome o = RUNS;
    FILE *f = fopen(path, "re");
    if (!f)
        return OUTSIDE;
    size_t size = fread(source, 1, SOURCE_BYTES, f);
    fclose(f);
    world_begin(&w);
    w.package.limits = &limits;
    world_file(&w, "main.go", (struct slice){source, size});
    if (lang_run_main(&w.package))
        o = REFUSED;
    for (uint32_t i = 0; i < w.faults.count; i++) {
        if (w.faults.items[i].code == CONFIG_FAULT_NOT_IN_SUBSET)
            o = OUTSIDE;
        else if (w.faults.items[i].code == CONFIG_FAULT_LIMIT && o == REFUSED)
            o = BEYOND;
    }
    buf_clear(why);
    if (o == REFUSED)
        buf_append_cstr(why, world_faults(&w));
    world_end(&w);
    return o;
}

struct explained {
    const char *path, *why;
};

static const struct explained runs_explained[] = {
    {"/fixedbugs/issue29312.go", "prints what is nested deeper than GO_PRINT_DEPTH_MAX"},
    {"/newexpr.go", "new(expression) came with Go 1.26, and we are 1.22"},
    {"/zerosize.go", "pointers to variables without a size: equal or not, Go leaves it open"},
};

static const struct explained refusals_explained[] = {
    {"/directive.go", "about //go: comments"},
    {"/directive2.go", "about //go: comments"},
    {"/wasmexport.go", "about //go: comments"},
    {"/fixedbugs/bug385_32.go", "an array too large for a machine of 32 bits"},
    {"/fixedbugs/bug385_64.go", "a stack frame too large"},
    {"/fixedbugs/issue18459.go", "about //go: comments"},
    {"/fixedbugs/issue18882.go", "about //go: comments"},
    {"/fixedbugs/issue22200.go", "a stack frame too large"},
    {"/fixedbugs/issue22200b.go", "a stack frame too large"},
    {"/fixedbugs/issue25507.go", "a stack frame too large"},
    {"/fixedbugs/issue48230.go", "about //go: comments"},
    {"/fixedbugs/issue49814.go", "a type too large"},
};

static const char *explanation(const char *path, const struct explained *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_ends_with(slice_from(path), slice_from(list[i].path)))
            return list[i].why;
    return NULL;
}

/* Every program whose first lines say this, in the order of names. */
static FILE *programs(const char *mark)
{
    char command[PATH_BYTES];
    snprintf(command, sizeof(command),
             ORACLE_GO "grep -rlE '^// %s *$' --include=*.go \"$(go env GOROOT)/test\" | sort",
             mark);
    return popen(command, "r");
}

/* Counts outcomes; `wrong` is the one that is to be explained. Returns how many were not. */
static int run_all(const char *mark, enum outcome wrong, const struct explained *list, size_t count,
                   int ret_counts[OUTCOMES], int *ret_explained)
{
    char path[PATH_BYTES];
    char *source = malloc(SOURCE_BYTES);
    struct buf why = BUF(MEM_TEST, 0);
    FILE *f = programs(mark);
    int unexplained = 0;

    while (source && f && fgets(path, sizeof(path), f)) {
        path[strcspn(path, "\n")] = 0;
        enum outcome o = try_program(path, source, &why);
        ret_counts[o]++;
        if (o != wrong)
            continue;
        const char *because = explanation(path, list, count);
        *ret_explained += because != NULL;
        unexplained += because == NULL;
        printf("# %s: %s\n", path, because ? because : "NOT EXPLAINED");
        if (!because)
            printf("# %s\n", why.data ? why.data : "");
    }
    if (f)
        pclose(f);
    free(source);
    buf_done(&why);
    return unexplained;
}

static void programs_of_the_subset_run_to_their_end(void)
{
    int counts[OUTCOMES] = {0}, explained = 0;
    if (!oracle_has_go()) {
        TAP_SKIP("Go is not here");
        return;
    }
    int wrong =
        run_all("run", REFUSED, runs_explained, ARRAY_LEN(runs_explained), counts, &explained);
    printf("# go-programs: %d agree of %d; %d explained, %d beyond small limits, %d outside the "
           "subset\n",
           counts[RUNS], counts[RUNS] + counts[REFUSED], explained, counts[BEYOND],
           counts[OUTSIDE]);
    CHECK_INT(wrong, 0);
    CHECK(counts[RUNS] >= AGREE_MIN);
}

static void what_go_refuses_is_refused(void)
{
    int counts[OUTCOMES] = {0}, explained = 0;
    if (!oracle_has_go()) {
        TAP_SKIP("Go is not here");
        return;
    }
    int wrong = run_all("errorcheck", RUNS, refusals_explained, ARRAY_LEN(refusals_explained),
                        counts, &explained);
    printf("# go-refusals: %d agree of %d; %d explained, %d outside the subset\n", counts[REFUSED],
           counts[REFUSED] + counts[RUNS], explained, counts[OUTSIDE]);
    CHECK_INT(wrong, 0);
    CHECK(counts[REFUSED] >= AGREE_MIN);
}

int main(void)
{
    TAP_RUN(programs_of_the_subset_run_to_their_end);
    TAP_RUN(what_go_refuses_is_refused);
    return tap_done();
}
