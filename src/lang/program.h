/* program.h - a package after the check: what the evaluator runs.
 *
 * Nodes of the tree are now of the kinds below. Every node is typed; constants are cells; names
 * are slots. What was refused is BAD, and stops what runs into it. */
#ifndef FIREBREAK_LANG_PROGRAM_H
#define FIREBREAK_LANG_PROGRAM_H

#include "lang/cell.h"
#include "lang/tree.h"
#include "lang/types.h"

struct golib_func;

/* a, b: children as in node_kind, if not said otherwise. */
enum run_kind {
    RUN_CONST = NODE_PARSED_END, /* a: index into consts */
    RUN_TEXT,                    /* a: bytes of the string that follows the quote at `at` */
    RUN_ZERO,                    /* nil, or any zero value */
    RUN_LOCAL,                   /* a: slot; b: number of its variable */
    RUN_BOXED,                   /* a: slot, in which the variable's box is */
    RUN_GLOBAL,                  /* a: index */
    RUN_BLANK,                   /* _ at the left of an assignment */
    RUN_FUNC,                    /* a: function as a value */
    RUN_LIB_FUNC,                /* a: index into program's libs */
    RUN_FIELD,                   /* a: struct; b: member */
    RUN_FIELD_OF,                /* a: pointer to struct; b: member */
    RUN_INDEX_ARRAY,
    RUN_INDEX_ARRAY_OF,
    RUN_INDEX_SLICE,
    RUN_INDEX_STRING,
    RUN_INDEX_MAP,
    RUN_SLICE_STRING,
    RUN_SLICE_SLICE,
    RUN_SLICE_ARRAY_OF, /* a; b: row of low, high, max */
    RUN_DEREF,
    RUN_ADDRESS,      /* a: what has an address */
    RUN_NEW,          /* a: a value: pointer to a new variable that holds it */
    RUN_STRUCT_LIT,   /* b: KEYED with b: value, a: member */
    RUN_LIST_LIT,     /* a: length; b: values in a row, or KEYED with b: value, a: index */
    RUN_MAP_LIT,      /* b: KEYED with a: key, b: value */
    RUN_CLOSURE,      /* a: function */
    RUN_ARITHMETIC,   /* op; a, b; flags: type_kind of the operands */
    RUN_SHIFT,        /* op; a, b; flags: type_kind of the count */
    RUN_COMPARE,      /* op; a, b; flags: type_kind */
    RUN_COMPARE_DEEP, /* op: EQ or NE; type of the operands: flags is unused, b's type counts */
    RUN_LAND,
    RUN_LOR,
    RUN_NOT,
    RUN_NEGATE,
    RUN_COMPLEMENT,   /* flags: type_kind */
    RUN_CONVERT,      /* a; flags: enum run_convert */
    RUN_BOX,          /* a: a value that becomes an interface's */
    RUN_ASSERT,       /* a; type: what is asked for */
    RUN_CALL,         /* a: function's number; b: arguments */
    RUN_CALL_VALUE,   /* a: a func value; b: arguments */
    RUN_CALL_LIB,     /* a: index into libs; b: arguments */
    RUN_CALL_GENERIC, /* a: enum generic; b: arguments */
    RUN_CALL_BUILTIN, /* op: enum builtin; b: arguments */
    RUN_BOUND,        /* a: receiver; b: function: a method value */
    RUN_KIND_END,
};

enum run_flag {
    RUN_AGGREGATE = 0x8000, /* a read of a struct or array: it is shared */
    RUN_CALLS = 0x4000,     /* something inside calls a function */
    RUN_OK = 0x2000,        /* v, ok = …: also whether it was there */
    RUN_NEW_VAR = 0x1000,   /* the left side of :=, declared here */
    RUN_SPREAD = 0x0800,    /* the last argument is a slice for "..." */
    RUN_TUPLE = 0x0400,     /* the only argument is a call with several results */
    RUN_IN_PLACE = 0x0200,  /* x = append(x, …), and nobody else can hold x's slice */
    RUN_KIND_MASK = 0x00ff,
};

enum run_convert {
    CONVERT_NONE, /* the same cell */
    CONVERT_INT,  /* between whole numbers: wrap to the target's width */
    CONVERT_INT_TO_FLOAT,
    CONVERT_UINT_TO_FLOAT,
    CONVERT_FLOAT_TO_INT,
    CONVERT_FLOAT,
    CONVERT_INT_TO_STRING,
    CONVERT_STRING_TO_BYTES,
    CONVERT_STRING_TO_RUNES,
    CONVERT_BYTES_TO_STRING,
    CONVERT_RUNES_TO_STRING,
    CONVERT_SLICE_TO_ARRAY,
    CONVERT_SLICE_TO_ARRAY_POINTER,
};

struct capture {
    uint32_t outer, inner; /* slots */
    struct symbol *symbol;
};

struct function {
    uint32_t number;
    name_id name; /* 0: a literal */
    source_place at;
    node_ref body; /* BLOCK, or 0 */
    struct type *type;
    struct type *receiver; /* of a method */
    uint32_t param_count;  /* slots 0 …: receiver and parameters */
    uint32_t result_count; /* slots behind them */
    uint32_t slot_count;
    bool has_named_results;
    bool is_bad;            /* its head was refused: a call stops */
    struct function *outer; /* of a literal */
    struct capture *captures;
    uint32_t capture_count, capture_cap;
    uint32_t *boxed; /* parameters and results that live in boxes */
    uint32_t boxed_count;
};

/* One package-level assignment, in the order of initialisation. */
struct init {
    node_ref value;    /* 0: nothing is assigned */
    uint32_t *globals; /* UINT32_MAX: blank */
    uint32_t count;
};

struct program {
    struct tree *tree;
    struct types *types;
    struct names *names;
    const char *package_name;
    struct cell *consts;
    uint32_t const_count, const_cap;
    struct function **functions;
    uint32_t function_count, function_cap;
    const struct golib_func **libs;
    struct type **lib_types; /* their signatures */
    uint32_t lib_count, lib_cap;
    struct type **global_types;
    uint32_t global_count, global_cap;
    struct init *inits;
    uint32_t init_count, init_cap;
    uint32_t *init_functions; /* func init() */
    uint32_t init_function_count, init_function_cap;
    struct function *main;
    uint32_t config; /* global; UINT32_MAX: there is none */
    bool config_is_read; /* by the program itself, or written */
    source_place config_at;
};

#endif
