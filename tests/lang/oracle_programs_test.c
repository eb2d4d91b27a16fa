/* Go's own test programs beside what we make of them: those of GOROOT/test that lie in the subset,
 * and go/parser's table of short programs. All are read where Go is installed, none is kept here.
 *
 * What is not as Go has it is listed in oracle/programs.txt, with the reason. A line of the list
 * that is not needed any more is a failure, too. */
#include <sys/wait.h>
#include <unistd.h>

#include "lang/literal.h"
#include "tests/lang/oracle.h"
#include "tests/lang/world.h"
#include "tests/on_valgrind.h"

enum {
    PATH_BYTES_MAX = 512,
    AGREE_MIN = 100,
    SHORT_MIN = 150,
    SECONDS_MAX = 120,
    STEPS_MAX = 20 * 1000 * 1000,
    LINES_MAX = 1 << 16,
};

enum verdict { AGREES, DIFFERS, OUTSIDE };

/* What our side is held against. */
enum kind {
    RUNS,     /* func main returns */
    COMPILES, /* nothing is refused */
    REFUSED,  /* the lines marked ERROR have faults, and no others */
    READ,     /* the parser takes it */
    NOT_READ,
};

static const char *go_root(void)
{
    static char root[PATH_BYTES_MAX];
    FILE *f = root[0] ? NULL : popen(ORACLE_GO "go env GOROOT", "r");
    if (f && !fgets(root, sizeof(root), f))
        root[0] = 0;
    if (f)
        pclose(f);
    root[strcspn(root, "\n")] = 0;
    return root;
}

static bool slurp(const char *path, struct buf *to)
{
    char piece[1024];
    FILE *f = fopen(path, "rb");
    if (!f)
        return false;
    for (size_t n; (n = fread(piece, 1, sizeof(piece), f)) > 0;)
        buf_append(to, piece, n);
    fclose(f);
    return true;
}

/* ---- one program ---- */

static bool has_code(const struct world *w, enum config_fault_code code)
{
    for (uint32_t i = 0; i < w->faults.count; i++)
        if (w->faults.items[i].code == code)
            return true;
    return false;
}

/* Where the compiler must complain, by the marks of Go's own test driver. */
static void marked_lines(struct slice text, bool lines[LINES_MAX])
{
    for (uint32_t n = 1; text.data && n < LINES_MAX; n++) {
        struct slice line = slice_cut(&text, '\n');
        lines[n] = memmem(line.data, line.size, "// ERROR", 8) ||
                   memmem(line.data, line.size, "// GC_ERROR", 11);
    }
}

static bool lines_agree(struct world *w, struct slice text, bool aloud)
{
    static bool want[LINES_MAX], got[LINES_MAX]; /* a process judges one program */
    bool same = true;
    marked_lines(text, want);
    for (uint32_t i = 0; i < w->faults.count; i++) {
        struct source_point p;
        if (source_point(&w->sources, w->faults.items[i].at, &p) == 0 && p.line < LINES_MAX)
            got[p.line] = true;
    }
    for (uint32_t n = 1; n < LINES_MAX; n++) {
        if (want[n] && !got[n] && aloud)
            printf("#   line %u is not refused\n", n);
        same = same && want[n] == got[n];
    }
    return same;
}

static enum verdict judge(struct world *w, enum kind kind, struct slice text)
{
    if (kind == READ || kind == NOT_READ)
        return has_code(w, CONFIG_FAULT_SYNTAX) == (kind == NOT_READ) ? AGREES : DIFFERS;
    if (has_code(w, CONFIG_FAULT_NOT_IN_SUBSET))
        return OUTSIDE;
    if (kind == REFUSED)
        return lines_agree(w, text, false) ? AGREES : DIFFERS;
    for (uint32_t i = 0; i < w->faults.count; i++) {
        enum config_fault_code code = w->faults.items[i].code;
        if (kind == RUNS || (code != CONFIG_FAULT_PANIC && code != CONFIG_FAULT_LIMIT))
            return DIFFERS; /* a program that is only compiled may panic */
    }
    return AGREES;
}

static void complain(struct world *w, enum kind kind, const char *name, struct slice text)
{
    struct slice rest = slice_from(world_faults(w));
    printf("# %s: %u faults\n", name, w->faults.count);
    while (rest.size) {
        struct slice line = slice_cut(&rest, '\n');
        printf("#   %.*s\n", SLICE_ARG(line));
    }
    if (kind == REFUSED)
        lines_agree(w, text, true);
    fflush(stdout);
}

static enum verdict verdict_of(enum kind kind, const char *name, struct slice text, bool quiet)
{
    struct lang_limits limits = lang_limits_default;
    struct world w;
    world_begin(&w);
    limits.steps_max = STEPS_MAX;
    w.package.limits = &limits;
    w.package.schema = NULL;
    world_file(&w, name, text);
    if (kind == READ || kind == NOT_READ)
        lang_parse(&w.package);
    else
        lang_run_main(&w.package);
    enum verdict v = judge(&w, kind, text);
    if (v == DIFFERS && !quiet)
        complain(&w, kind, name, text);
    world_end(&w);
    return v;
}

/* In a process of its own: one that dies is one that differs. */
static enum verdict apart(enum kind kind, const char *name, struct slice text, bool quiet)
{
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(SECONDS_MAX);
        _exit((int)verdict_of(kind, name, text, quiet));
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return DIFFERS;
    if (WIFEXITED(status) && WEXITSTATUS(status) <= OUTSIDE)
        return (enum verdict)WEXITSTATUS(status);
    printf("# %s: ends with status 0x%x\n", name, (unsigned)status);
    return DIFFERS;
}

/* ---- the list ---- */

enum listed { NOT_LISTED, LISTED, MAY_DIFFER };

/* "run PATH WHY"; "run? PATH WHY" where it hangs on how this test was compiled. */
static enum listed is_listed(const char *name, enum kind kind)
{
    static const char *const words[] = {"run", "compile", "refuse", "read", "read"};
    static struct buf list = BUF(MEM_TEST, 0);
    if (!list.size && !slurp("tests/lang/oracle/programs.txt", &list))
        return NOT_LISTED;
    struct slice rest = buf_slice(&list);
    while (rest.data) {
        struct slice line = slice_cut(&rest, '\n');
        struct slice word = slice_cut(&line, ' '), path = slice_cut(&line, ' ');
        bool may = slice_ends_with(word, SLICE("?"));
        if (may)
            word.size--;
        if (slice_eq_cstr(word, words[kind]) && slice_eq_cstr(path, name) && line.size)
            return may ? MAY_DIFFER : LISTED;
    }
    return NOT_LISTED;
}

struct tally {
    int agree, of, listed;
    const char *first_wrong;
};

static void count(struct tally *t, enum kind kind, const char *name, struct slice text)
{
    enum listed listed = is_listed(name, kind);
    enum verdict v = apart(kind, name, text, listed != NOT_LISTED);
    if (v == OUTSIDE && listed != LISTED)
        return;
    t->of++;
    t->agree += v == AGREES;
    t->listed += listed != NOT_LISTED;
    if (listed == LISTED && v != DIFFERS)
        printf("# %s: is listed as different, and %s\n", name,
               v == AGREES ? "agrees" : "lies outside of the subset");
    if (listed == MAY_DIFFER || (listed == LISTED) == (v == DIFFERS))
        return;
    if (!t->first_wrong)
        t->first_wrong = strdup(name);
}

static void tell(struct tally *t, const char *what, int least)
{
    printf("# %s: %d agree of %d; %d are listed with a reason\n", what, t->agree, t->of, t->listed);
    CHECK_STR(t->first_wrong ? t->first_wrong : "none", "none");
    CHECK(t->agree >= least);
    free((char *)t->first_wrong);
}

/* ---- GOROOT/test ---- */

/* "// run", and flags of the compiler do not matter to us. Flags of the driver do. */
static bool is_of_kind(struct slice text, enum kind kind)
{
    struct slice first = slice_cut(&text, '\n');
    if (kind == RUNS)
        return slice_eq_cstr(first, "// run") || slice_starts_with(first, slice_from("// run -"));
    if (kind == COMPILES)
        return slice_eq_cstr(first, "// compile") || slice_eq_cstr(first, "// build") ||
               slice_starts_with(first, slice_from("// compile -"));
    return slice_eq_cstr(first, "// errorcheck");
}

static void programs(enum kind kind, const char *what, int least)
{
    char command[2 * PATH_BYTES_MAX], *line = NULL;
    size_t cap = 0, prefix = strlen(go_root()) + strlen("/test/");
    struct buf text = BUF(MEM_TEST, 0);
    struct tally t = {0};
    snprintf(command, sizeof(command),
             "find '%s/test' -name '*.go' -not -path '*.dir/*' | LC_ALL=C sort", go_root());
    FILE *f = popen(command, "r");
    while (f && getline(&line, &cap, f) > (ssize_t)prefix) {
        line[strcspn(line, "\n")] = 0;
        buf_clear(&text);
        if (slurp(line, &text) && is_of_kind(buf_slice(&text), kind))
            count(&t, kind, line + prefix, buf_slice(&text));
    }
    CHECK(f && pclose(f) == 0);
    tell(&t, what, least);
    free(line);
    buf_done(&text);
}

/* Two thousand processes under memcheck say nothing that asan does not. */
static bool is_here(void)
{
    if (RUNNING_ON_VALGRIND)
        TAP_SKIP("valgrind takes too long for thousands of programs");
    else if (!oracle_has_go())
        TAP_SKIP("Go is not here");
    return !tap_skip_;
}

static bool has_programs(void)
{
    char path[PATH_BYTES_MAX + 16];
    if (!is_here())
        return false;
    snprintf(path, sizeof(path), "%s/test/", go_root());
    if (access(path, R_OK) == 0)
        return true;
    TAP_SKIP("this Go came without its test programs");
    return false;
}

static void programs_that_run_run(void)
{
    if (has_programs())
        programs(RUNS, "programs of GOROOT/test that run", AGREE_MIN);
}

static void programs_that_compile_are_accepted(void)
{
    if (has_programs())
        programs(COMPILES, "programs of GOROOT/test that compile", AGREE_MIN);
}

static void mistakes_are_found_in_their_lines(void)
{
    if (has_programs())
        programs(REFUSED, "programs of GOROOT/test that do not compile", AGREE_MIN);
}

/* ---- go/parser's table ---- */

/* The string literals of `var NAME = []string{`. Comments between them are skipped. */
static void table(struct slice text, const char *name, enum kind kind, struct tally *t)
{
    struct arena arena = ARENA(MEM_TEST, 0);
    char head[64], label[96];
    snprintf(head, sizeof(head), "var %s = []string{", name);
    const char *at = memmem(text.data, text.size, head, strlen(head));
    CHECK(at != NULL);
    struct slice rest =
        at ? slice_sub(text, (size_t)(at - text.data), text.size) : (struct slice){0};
    slice_cut(&rest, '\n');
    for (int n = 1; rest.size && rest.data[0] != '}'; n++) {
        while (rest.size && strchr(" \t\n,", rest.data[0]))
            rest = slice_sub(rest, 1, rest.size);
        struct literal l;
        struct slice program;
        if (rest.size && rest.data[0] == '/') {
            slice_cut(&rest, '\n');
        } else if (rest.size && rest.data[0] != '}') {
            CHECK_INT(literal_scan_string(rest, &l), 0);
            CHECK_INT(literal_string(slice_sub(rest, 0, l.size), &arena, &program), 0);
            snprintf(label, sizeof(label), "%s:%.*s", name,
                     (int)(program.size < 70 ? program.size : 70), program.data);
            for (char *c = label; *c; c++)
                if (*c == ' ' || *c == '\n')
                    *c = '_';
            count(t, kind, label, program);
            rest = slice_sub(rest, l.size, rest.size);
        }
    }
    arena_done(&arena);
}

static void short_programs_are_read_as_go_reads_them(void)
{
    struct buf text = BUF(MEM_TEST, 0);
    char path[PATH_BYTES_MAX + 64];
    struct tally t = {0};
    if (!is_here())
        return;
    snprintf(path, sizeof(path), "%s/src/go/parser/short_test.go", go_root());
    CHECK(slurp(path, &text));
    table(buf_slice(&text), "valids", READ, &t);
    table(buf_slice(&text), "invalids", NOT_READ, &t);
    tell(&t, "short programs of go/parser", SHORT_MIN);
    buf_done(&text);
}

int main(void)
{
    TAP_RUN(short_programs_are_read_as_go_reads_them);
    TAP_RUN(programs_that_run_run);
    TAP_RUN(programs_that_compile_are_accepted);
    TAP_RUN(mistakes_are_found_in_their_lines);
    return tap_done();
}
