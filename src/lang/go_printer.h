/* go_printer.h - inside go_print: the state of one call, and how scalars are laid out.
 *
 * The first failure is kept in `r`, and everything after it does nothing. */
#ifndef FIREBREAK_LANG_GO_PRINTER_H
#define FIREBREAK_LANG_GO_PRINTER_H

#include "lang/go_print.h"

/* Of one verb. */
struct go_flags {
    bool width_given, precision_given;
    bool minus, plus, sharp, space, zero;
    bool plus_v, sharp_v; /* %+v and %#v: then plus and sharp are off */
    int width, precision;
};

struct go_printer {
    struct buf *to;
    struct arena *arena;
    struct buf scratch; /* one number */
    struct go_flags flags;
    int r;
    unsigned nesting;
    bool erroring;  /* inside %!v(…): methods are not asked */
    bool panicking; /* inside the text of a method's panic */
    bool wraps;     /* Errorf */
};

void go_put(struct go_printer *p, struct slice s);
void go_put_cstr(struct go_printer *p, const char *s);
void go_put_char(struct go_printer *p, uint32_t c);

/* As fmt lays them out with the flags of the moment. */
void go_put_padded(struct go_printer *p, struct slice s);
/* As go_put_padded, cut to the precision. */
void go_put_text(struct go_printer *p, struct slice s);
void go_put_bool(struct go_printer *p, bool v);
/* base 2, 8, 10 or 16; verb 'X' has upper-case digits, 'O' the prefix 0o. */
void go_put_int(struct go_printer *p, uint64_t v, bool negative, unsigned base, char verb);
void go_put_hex0x(struct go_printer *p, uint64_t v, bool prefix);
void go_put_code_point(struct go_printer *p, uint64_t v);          /* %U */
void go_put_rune(struct go_printer *p, uint64_t v);                /* %c */
void go_put_quoted_rune(struct go_printer *p, uint64_t v);         /* %q */
void go_put_quoted(struct go_printer *p, struct slice s);          /* %q */
void go_put_hex(struct go_printer *p, struct slice s, bool upper); /* %x of bytes */
void go_put_float(struct go_printer *p, double v, int bits, char format, int precision);

/* A whole argument, and one with a verb that it does not know: "%!d(string=hi)". */
void go_print_arg(struct go_printer *p, const struct go_value *v, uint32_t verb);
void go_print_type(struct go_printer *p, const struct go_value *v);
/* An integer argument of '*': false where it is none, or too large. */
bool go_print_int_arg(const struct go_value *v, int *ret);

/* Entries of a map in the order in which fmt shows them; in the arena. 0 or a negative errno. */
struct go_entry {
    struct go_value key, value;
};
int go_entries_sorted(struct arena *a, const struct go_value *map, const struct go_entry ***ret);

#endif
