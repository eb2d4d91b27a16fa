/* constant.h - untyped constants, exact as Go's compiler has them.
 *
 * A constant is a bool, a string, a whole number or a float. Whether a number is an untyped rune,
 * or has a type, is the checker's knowledge and not here. Whole numbers are exact. Floats are
 * exact fractions while numerator and denominator stay below CONSTANT_RAT_BITS_MAX, and floats of
 * 512 bits from there on: those are gc's rules, and what overflows there overflows here.
 *
 * Values: copied by assignment, immutable, with memory of the arena they were computed in. All
 * zeroes is CONSTANT_UNKNOWN, which every operator passes on: one fault is not told twice.
 *
 * Functions return 0, or, with *ret untouched:
 *   -EINVAL  the operator does not go with these operands (or a literal is none)
 *   -EDOM    division by zero
 *   -ERANGE  too large to be held at all: "constant overflow"
 *   -ENOMEM  the arena is full */
#ifndef FIREBREAK_LANG_CONSTANT_H
#define FIREBREAK_LANG_CONSTANT_H

#include "base/arena.h"
#include "base/buf.h"
#include "lang/big_float.h"
#include "lang/big_int.h"
#include "lang/big_rat.h"
#include "lang/literal.h"

enum constant_kind {
    CONSTANT_UNKNOWN,
    CONSTANT_BOOL,
    CONSTANT_STRING,
    CONSTANT_INT,
    CONSTANT_FLOAT,
};

enum {
    /* An untyped whole number with more bits is gc's "constant … overflow": constant_bits() is to
     * be compared with this by the checker after each operation. */
    CONSTANT_INT_BITS_MAX = 512,
    /* gc refuses larger shift counts: "invalid shift count". */
    CONSTANT_SHIFT_MAX = 1023 - 1 + 52,
    CONSTANT_RAT_BITS_MAX = 4096,
};

struct constant {
    uint8_t kind;     /* enum constant_kind */
    bool is_fraction; /* FLOAT: `rat`, else `big` */
    union {
        bool boolean;
        struct slice text;
        struct big_int integer;
        struct big_rat rat;
        struct big_float big;
    };
};

/* ---- making ---- */

struct constant constant_bool(bool v);
struct constant constant_string(struct slice text); /* not copied */
struct constant constant_i64(int64_t v);
struct constant constant_u64(uint64_t v);
/* Exact; -0 becomes 0. Infinities and NaN are UNKNOWN. */
int constant_f64(struct arena *a, double v, struct constant *ret);
/* `text` is the literal as literal_scan_* accepted it: a rune gives an INT. */
int constant_literal(struct arena *a, enum literal_kind kind, struct slice text,
                     struct constant *ret);

/* ---- asking ---- */

/* -1, 0, 1 of a number; 1 of UNKNOWN, so that it is no division by zero. */
int constant_sign(struct constant x);
/* Bits of |x| of an INT. */
size_t constant_bits(struct constant x);
bool constant_to_i64(struct constant x, int64_t *ret); /* INT that fits, else false */
bool constant_to_u64(struct constant x, uint64_t *ret);
/* The nearest, ties to even; may be an infinity or 0. INT or FLOAT. 0 or -ENOMEM. */
int constant_to_f64(struct arena *a, struct constant x, double *ret);
int constant_to_f32(struct arena *a, struct constant x, float *ret);

/* ---- operators ---- */

enum constant_op {
    /* numbers; ADD also of strings */
    CONSTANT_ADD,
    CONSTANT_SUB,
    CONSTANT_MUL,
    CONSTANT_QUO,     /* of two INTs: a FLOAT where both were meant as floats (go/constant's /) */
    CONSTANT_QUO_INT, /* of two INTs: truncated */
    CONSTANT_REM,     /* INTs */
    /* INTs, as two's complement without an end */
    CONSTANT_AND,
    CONSTANT_OR,
    CONSTANT_XOR,
    CONSTANT_AND_NOT,
    /* bools */
    CONSTANT_LAND,
    CONSTANT_LOR,
    /* of one operand */
    CONSTANT_PLUS,
    CONSTANT_MINUS,
    CONSTANT_NOT,
    CONSTANT_COMPLEMENT,
    /* comparisons */
    CONSTANT_EQ,
    CONSTANT_NE,
    CONSTANT_LT,
    CONSTANT_LE,
    CONSTANT_GT,
    CONSTANT_GE,
};

/* An INT and a FLOAT meet as FLOATs. Which of QUO and QUO_INT a '/' is the checker knows from the
 * types: QUO_INT where both operands are (untyped or typed) whole numbers or runes. */
int constant_binary(struct arena *a, enum constant_op op, struct constant x, struct constant y,
                    struct constant *ret);
/* `unsigned_bits` is for COMPLEMENT (^x) of an unsigned type: its width; else 0. */
int constant_unary(struct arena *a, enum constant_op op, struct constant x, unsigned unsigned_bits,
                   struct constant *ret);
/* x << count, or x >> count. INT only: convert before (1.0 << 3 is 1 << 3). */
int constant_shift(struct arena *a, struct constant x, bool left, uint64_t count,
                   struct constant *ret);
int constant_compare(struct arena *a, enum constant_op op, struct constant x, struct constant y,
                     bool *ret);

/* ---- conversions ---- */

/* A FLOAT whose value is whole becomes an INT; an INT stays. false: it is not whole. Floats of 512
 * bits that are whole but for a rounding error in the last bits count, as in gc. */
int constant_to_int(struct arena *a, struct constant x, bool *ret_whole, struct constant *ret);
int constant_to_float(struct arena *a, struct constant x, struct constant *ret);
/* string(x) of a whole number: the character, or U+FFFD. */
int constant_rune_string(struct arena *a, struct constant x, struct constant *ret);

/* ---- what fits ---- */

enum constant_type {
    CONSTANT_TYPE_INT,
    CONSTANT_TYPE_INT8,
    CONSTANT_TYPE_INT16,
    CONSTANT_TYPE_INT32,
    CONSTANT_TYPE_INT64,
    CONSTANT_TYPE_UINT,
    CONSTANT_TYPE_UINT8,
    CONSTANT_TYPE_UINT16,
    CONSTANT_TYPE_UINT32,
    CONSTANT_TYPE_UINT64,
    CONSTANT_TYPE_UINTPTR,
    CONSTANT_TYPE_FLOAT32,
    CONSTANT_TYPE_FLOAT64,
    CONSTANT_TYPE_BOOL,
    CONSTANT_TYPE_STRING,
    CONSTANT_TYPE_COUNT,
};

enum constant_fit {
    CONSTANT_FITS,
    CONSTANT_TRUNCATED, /* a fraction for a whole type: gc's "(truncated)" */
    CONSTANT_OVERFLOWS, /* gc's "(overflows)" */
    CONSTANT_MISMATCH,  /* a string for a number, and so on */
};

/* Whether x can be a value of the type, and, where it fits, the value that it then is: a FLOAT
 * for a whole type becomes an INT, a number for a float type is rounded to it (a FLOAT).
 * Returns 0 with *ret_fit (*ret only where it FITS), or -ENOMEM. `ret` may be NULL. */
int constant_fit(struct arena *a, struct constant x, enum constant_type type,
                 enum constant_fit *ret_fit, struct constant *ret);

/* ---- text ---- */

/* As gc's messages show it: strings quoted and cut at 72 characters, floats with 6 digits.
 * Returns 0, -EMSGSIZE or -ENOMEM. */
int constant_append(struct buf *to, struct arena *a, struct constant x);
/* Exact: strings whole, fractions as "1/3", large floats as "0x.8p+5000". */
int constant_append_exact(struct buf *to, struct arena *a, struct constant x);

#endif
