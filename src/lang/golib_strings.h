/* golib_strings.h - inside golib: the functions of "strings" that make lists or call funcs. */
#ifndef FIREBREAK_LANG_GOLIB_STRINGS_H
#define FIREBREAK_LANG_GOLIB_STRINGS_H

#include "lang/golib.h"

/* As strings.IndexRune, LastIndex and Count. */
ptrdiff_t golib_index_rune(struct slice s, uint32_t r);
ptrdiff_t golib_last_index(struct slice s, struct slice what);
size_t golib_count(struct slice s, struct slice what);

golib_fn golib_contains_func, golib_fields, golib_fields_func, golib_index_func,
    golib_last_index_func, golib_map_runes, golib_split, golib_split_after, golib_split_after_n,
    golib_split_n, golib_trim_func, golib_trim_left_func, golib_trim_right_func;

#endif
