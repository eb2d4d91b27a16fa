/* lang.h - the configuration language: Go source in, one value tree and every fault out.
 *
 * The language is a deterministic subset of Go 1.22. A program that is accepted here compiles with
 * real Go against the generated package and means the same there; where Go leaves freedom (the
 * order of a map range) it is fixed. What Go accepts and we do not is refused by name.
 *
 * All files of one package are read, checked and evaluated together. Evaluation is pure: whatever
 * comes from outside comes through `struct lang_inputs`, and no clock and no randomness exist. All
 * faults are found in one pass: the parser recovers, the checker goes on behind what it refused,
 * and the evaluator yields VALUE_BAD there, so that the schema's checker can report the rest.
 *
 * Every bound has a name and ends in a fault of code `limit` that says it. Recursive descent, and
 * so does evaluation: it needs a stack of LANG_STACK_BYTES_MIN (an offload thread's), not a task's.
 * Texts of the result may point into the sources, which therefore outlive it. Any thread; two
 * evaluations share nothing. */
#ifndef FIREBREAK_LANG_LANG_H
#define FIREBREAK_LANG_LANG_H

#include "model/config_fault.h"
#include "model/schema.h"
#include "model/value.h"

struct err;

enum { LANG_STACK_BYTES_MIN = 8 * 1024 * 1024 };

struct lang_limits {
    uint32_t source_bytes_max;  /* of all files together */
    uint32_t line_bytes_max;
    uint32_t nodes_max;         /* of the syntax tree */
    uint32_t nesting_depth_max; /* of brackets, blocks, operators and types in the source */
    uint32_t call_depth_max;    /* of functions that run at the same time */
    uint64_t steps_max;         /* statements and calls that run */
    size_t alloc_bytes_max;     /* by evaluation */
    uint32_t const_bits_max;    /* of an untyped constant, as Go's own 512 */
};

extern const struct lang_limits lang_limits_default;

/* Where firebreak.Env, Var and ReadFile get their answers. Called on the evaluating thread, in the
 * order of evaluation; `at` is the place of the call, for provenance. The answer lies in `arena`
 * or outlives the evaluation. Each returns 0; -ENOENT: not set (the program's default counts; for
 * a file it is a fault); another negative errno with its reason in *e: a fault at the call. A
 * callback that is NULL answers -ENOENT. */
struct lang_inputs {
    void *ctx;
    int (*env)(void *ctx, struct slice name, source_place at, struct arena *arena,
               struct slice *ret, struct err *e);
    int (*var)(void *ctx, struct slice name, source_place at, struct arena *arena,
               struct slice *ret, struct err *e);
    int (*read_file)(void *ctx, struct slice path, source_place at, struct arena *arena,
                     struct slice *ret, struct err *e);
};

struct lang_package {
    const struct source_set *sources;
    const source_place *files; /* `first` of each file's source, in the order of their names */
    size_t file_count;
    const struct schema *schema; /* the types of package firebreak; NULL: it cannot be imported */
    const struct lang_inputs *inputs; /* NULL: nothing is set */
    const struct lang_limits *limits; /* NULL: lang_limits_default */
    struct config_faults *faults;     /* faults are added, not sorted */
    struct arena *arena;              /* of the result */
};

/* Evaluates the package-level variable Config, of type firebreak.Config (or of whatever name the
 * schema's root has: Action, of type firebreak.Action). Maps of the result have
 * the schema's keys; a zero is left out; a pointer's target stands for it (also a zero one). `at`
 * of each value is the expression that wrote it, key_at the field's name there.
 * Returns how many faults were added. *ret_config is NULL where nothing came of it: it may be
 * whole (no fault), or have VALUE_BAD inside. */
uint32_t lang_eval(const struct lang_package *p, struct value **ret_config);

/* Runs the package's initialisation and then its func main, for programs that check themselves.
 * Returns how many faults were added: a panic is one. */
uint32_t lang_run_main(const struct lang_package *p);

/* Only reads the syntax, as go/parser does. Returns how many faults were added. */
uint32_t lang_parse(const struct lang_package *p);

#endif
