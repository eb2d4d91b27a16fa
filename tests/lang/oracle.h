/* oracle.h - real Go's answers, case by case, for the tests of src/lang.
 *
 * Builds tests/lang/oracle with the Go that is found and reads what it prints. Where there is no
 * Go the test is skipped. Each run says its seed and how many cases agreed. */
#ifndef FIREBREAK_TESTS_LANG_ORACLE_H
#define FIREBREAK_TESTS_LANG_ORACLE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"
#include "tests/on_valgrind.h"
#include "tests/tap.h"

/* Of kinds whose number of cases the oracle knows. */
enum { ORACLE_ALL = 1 };

enum { ORACLE_FIELDS_MAX = 400, ORACLE_SHOWN_MAX = 10, ORACLE_COMMAND_MAX = 512 };

/* Go's own installer puts it there, and not everybody has that in PATH. */
#define ORACLE_GO "PATH=\"$PATH:/usr/local/go/bin\"; export GOTOOLCHAIN=local GOFLAGS=-mod=mod; "

struct oracle_case {
    char **fields;
    size_t count, results; /* fields from `results` on stand behind the '=' */
    struct arena *arena;   /* of this case */
};

/* Whether ours agrees; *ret_ours is what is shown where it does not. */
typedef bool oracle_check(const struct oracle_case *c, struct buf *ret_ours);

static inline bool oracle_has_go(void)
{
    return system(ORACLE_GO "go version >/dev/null 2>&1") == 0;
}

static inline struct slice oracle_unhex(struct arena *a, const char *hex)
{
    size_t size = strlen(hex) / 2;
    char *to = arena_alloc(a, size + 1);
    for (size_t i = 0; i < size; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1]};
        to[i] = (char)strtoul(digits, NULL, 16);
    }
    return (struct slice){to, size};
}

static inline void oracle_hex(struct buf *to, struct slice s)
{
    for (size_t i = 0; i < s.size; i++)
        buf_printf(to, "%02x", (unsigned char)s.data[i]);
}

/* Replaces tabs by ends, in place. */
static inline void oracle_split(char *line, struct oracle_case *c)
{
    line[strcspn(line, "\n")] = 0;
    c->count = c->results = 0;
    c->fields = arena_alloc_array(c->arena, ORACLE_FIELDS_MAX, sizeof(char *));
    for (char *at = line; at && c->count < ORACLE_FIELDS_MAX;) {
        char *next = strchr(at, '\t');
        if (next)
            *next++ = 0;
        if (strcmp(at, "=") == 0 && !c->results)
            c->results = c->count;
        else
            c->fields[c->count++] = at;
        at = next;
    }
}

static inline void oracle_complain(const struct oracle_case *c, const struct buf *ours)
{
    printf("# case:");
    for (size_t i = 0; i < c->count; i++)
        printf("%s%s", i == c->results ? " = " : " ", c->fields[i]);
    printf("\n# ours: %.*s\n", SLICE_ARG(buf_slice(ours)));
}

/* Reads `count` cases of the kind and holds each against ours. */
static inline void oracle_run(const char *kind, int count, int seed, oracle_check *check)
{
    char command[ORACLE_COMMAND_MAX], *line = NULL;
    size_t cap = 0;
    int ran = 0, agreed = 0;
    if (!oracle_has_go()) {
        TAP_SKIP("Go is not here");
        return;
    }
    if (RUNNING_ON_VALGRIND && count != ORACLE_ALL)
        count /= 10; /* it is for memory there, and takes thirty times as long */
    snprintf(command, sizeof(command),
             ORACLE_GO "mkdir -p build/oracle && (cd tests/lang/oracle && go build -o "
                       "../../../build/oracle/lang.%s .) && build/oracle/lang.%s %s %d %d",
             kind, kind, kind, count, seed);
    FILE *f = popen(command, "r");
    CHECK(f != NULL);
    struct arena arena = ARENA(MEM_TEST, 64 << 20);
    struct buf ours = BUF(MEM_TEST, 0);
    while (f && getline(&line, &cap, f) > 0) {
        struct oracle_case c = {.arena = &arena};
        oracle_split(line, &c);
        buf_clear(&ours);
        bool same = check(&c, &ours);
        if (!same && ran - agreed < ORACLE_SHOWN_MAX)
            oracle_complain(&c, &ours);
        ran++;
        agreed += same;
        arena_reset(&arena);
    }
    CHECK_INT(f ? pclose(f) : -1, 0);
    printf("# %s: %d cases, seed %d: %d agree\n", kind, ran, seed, agreed);
    CHECK(count == ORACLE_ALL ? ran > 0 : ran == count);
    CHECK_INT(agreed, ran);
    free(line);
    buf_done(&ours);
    arena_done(&arena);
}

#endif
