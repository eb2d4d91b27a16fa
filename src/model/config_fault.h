/* config_fault.h - what is wrong with a configuration, and where: a list, never only the first.
 *
 * Parsers, the evaluator and the schema's checker add to one list, which is told as a whole: by
 * place, each once. The codes are public words. */
#ifndef FIREBREAK_MODEL_CONFIG_FAULT_H
#define FIREBREAK_MODEL_CONFIG_FAULT_H

#include "model/source.h"

#define CONFIG_FAULT_LIST(X)                                                                       \
    X(SYNTAX, syntax) X(NOT_IN_SUBSET, not_in_subset) X(UNKNOWN_FIELD, unknown_field)              \
    X(MISSING_FIELD, missing_field) X(TYPE_MISMATCH, type_mismatch)                                \
    X(OUT_OF_RANGE, out_of_range) X(BAD_ENUM, bad_enum) X(BAD_PATTERN, bad_pattern)                \
    X(BARE_DURATION, bare_duration) X(UNRESOLVED_REFERENCE, unresolved_reference)                  \
    X(DUPLICATE_NAME, duplicate_name) X(REFERENCE_CYCLE, reference_cycle)                          \
    X(CONSTANT_OVERFLOW, constant_overflow) X(PANIC, panic) X(LIMIT, limit)                        \
    X(SOURCE_IO, source_io)

enum config_fault_code {
#define CONFIG_FAULT_ENUM(NAME, word) CONFIG_FAULT_##NAME,
    CONFIG_FAULT_LIST(CONFIG_FAULT_ENUM)
#undef CONFIG_FAULT_ENUM
        CONFIG_FAULT_CODE_COUNT
};

enum { CONFIG_FAULTS_MAX = 1000 }; /* beyond: counted in `dropped` */

struct config_fault {
    enum config_fault_code code;
    source_place at, end; /* [at, end), on one line; end 0: one byte */
    const char *message;  /* one sentence, without a full stop */
    const char *path;     /* "checks[db-port].tcp.target", or NULL */
    const char *schema;   /* the field that it breaks: "check.tcp.target", or NULL */
    const char *suggestion; /* the word that may have been meant, or NULL */
};

struct config_faults {
    struct config_fault *items; /* in the arena; grows */
    uint32_t count, cap, dropped;
    struct arena *arena;
};

/* Adds one; text is copied into the arena. The pointer stays valid until the next add: for setting
 * path, schema and suggestion. Never NULL (beyond the bound it is a scratch entry). */
struct config_fault *config_fault_add(struct config_faults *f, enum config_fault_code code,
                                      source_place at, source_place end, const char *format, ...)
    PRINTF_LIKE(5, 6);
/* By place (stable); of equal code, place and message only the first stays. */
void config_faults_sort(struct config_faults *f);
/* The public word. */
const char *config_fault_code_name(enum config_fault_code code);

#endif
