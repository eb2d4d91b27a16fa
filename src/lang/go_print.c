#include "lang/go_print.h"

#include <errno.h>

#include "lang/go_printer.h"
#include "lang/unicode.h"

/* A format on its way. */
struct format {
    struct go_printer p;
    struct slice text;
    size_t at; /* in text */
    const struct go_value *args;
    size_t count, next; /* arguments, and the one whose turn it is */
    bool index_good;    /* of this verb */
    bool behind_index;  /* a [n] was the last thing seen */
    bool reordered;     /* some verb had a [n]: then nothing is said of arguments left over */
    size_t wrapped[GO_PRINT_WRAPS_MAX]; /* as the verbs came */
    size_t wrapped_count;
};

static bool more(const struct format *f)
{
    return f->at < f->text.size;
}

static char peek(const struct format *f)
{
    return more(f) ? f->text.data[f->at] : 0;
}

static bool is_too_large(int n)
{
    return n > GO_PRINT_WIDTH_MAX || n < -GO_PRINT_WIDTH_MAX;
}

/* A number at text[*at … end). A crazily long one swallows the rest, as Go's does. */
static bool take_number(const struct format *f, size_t *at, size_t end, int *ret)
{
    int n = 0;
    bool any = false;
    for (; *at < end && f->text.data[*at] >= '0' && f->text.data[*at] <= '9'; ++*at) {
        if (is_too_large(n)) {
            *at = end;
            *ret = 0;
            return false;
        }
        n = n * 10 + (f->text.data[*at] - '0');
        any = true;
    }
    *ret = n;
    return any;
}

/* [n], if it stands here: n is the argument whose turn it is. */
static void take_index(struct format *f)
{
    f->behind_index = false;
    if (peek(f) != '[')
        return;
    f->reordered = true;
    ptrdiff_t close = slice_find_byte(slice_sub(f->text, f->at, f->text.size), ']');
    if (f->text.size - f->at < 3 || close < 0) {
        f->index_good = false;
        f->at++;
        return;
    }
    size_t at = f->at + 1, end = f->at + (size_t)close;
    int n;
    bool number = take_number(f, &at, end, &n) && at == end;
    f->at = end + 1;
    f->behind_index = number;
    if (number && n >= 1 && (size_t)n <= f->count)
        f->next = (size_t)n - 1;
    else
        f->index_good = false;
}

static bool take_flag(struct go_flags *flags, char c)
{
    switch (c) {
    case '#':
        return flags->sharp = true;
    case '0':
        return flags->zero = true;
    case '+':
        return flags->plus = true;
    case '-':
        return flags->minus = true;
    case ' ':
        return flags->space = true;
    default:
        return false;
    }
}

/* The integer of a '*'; its argument is used up even where it is none. */
static bool take_star(struct format *f, int *ret)
{
    *ret = 0;
    f->at++;
    f->behind_index = false;
    return f->next < f->count && go_print_int_arg(&f->args[f->next++], ret);
}

static void take_width(struct format *f)
{
    struct go_flags *flags = &f->p.flags;
    if (peek(f) == '*' && more(f)) {
        flags->width_given = take_star(f, &flags->width);
        if (!flags->width_given)
            go_put_cstr(&f->p, "%!(BADWIDTH)");
        if (flags->width < 0) {
            flags->width = -flags->width;
            flags->minus = true;
            flags->zero = false;
        }
        return;
    }
    flags->width_given = take_number(f, &f->at, f->text.size, &flags->width);
    if (f->behind_index && flags->width_given)
        f->index_good = false;
}

static void take_precision(struct format *f)
{
    struct go_flags *flags = &f->p.flags;
    if (f->at + 1 >= f->text.size || peek(f) != '.')
        return;
    f->at++;
    if (f->behind_index)
        f->index_good = false;
    take_index(f);
    if (peek(f) == '*' && more(f)) {
        flags->precision_given = take_star(f, &flags->precision);
        if (flags->precision < 0) {
            flags->precision = 0;
            flags->precision_given = false;
        }
        if (!flags->precision_given)
            go_put_cstr(&f->p, "%!(BADPREC)");
        return;
    }
    if (!take_number(f, &f->at, f->text.size, &flags->precision))
        flags->precision = 0;
    flags->precision_given = true;
}

static void put_bad(struct format *f, uint32_t verb, const char *why)
{
    go_put_cstr(&f->p, "%!");
    go_put_char(&f->p, verb);
    go_put_cstr(&f->p, why);
}

static void print_verb(struct format *f, uint32_t verb)
{
    struct go_flags *flags = &f->p.flags;
    if (verb == 'w') {
        if (f->wrapped_count < GO_PRINT_WRAPS_MAX)
            f->wrapped[f->wrapped_count++] = f->next;
        else if (f->p.r == 0 && f->p.wraps)
            f->p.r = -E2BIG;
    }
    if (verb == 'v' || verb == 'w') {
        flags->sharp_v = flags->sharp;
        flags->plus_v = flags->plus;
        flags->sharp = flags->plus = false;
    }
    go_print_arg(&f->p, &f->args[f->next++], verb);
}

/* From behind the '%'. */
static void take_verb(struct format *f)
{
    f->p.flags = (struct go_flags){0};
    f->index_good = true;
    while (more(f) && take_flag(&f->p.flags, peek(f)))
        f->at++;
    /* A plain verb is taken at once: what follows would not see a "[" of the text behind it. */
    if (peek(f) >= 'a' && peek(f) <= 'z' && f->next < f->count) {
        print_verb(f, (unsigned char)f->text.data[f->at++]);
        f->behind_index = false;
        return;
    }
    take_index(f);
    take_width(f);
    take_precision(f);
    if (!f->behind_index)
        take_index(f);
    if (!more(f)) {
        go_put_cstr(&f->p, "%!(NOVERB)");
        return;
    }
    struct slice rest = slice_sub(f->text, f->at, f->text.size);
    uint32_t verb = unicode_next(&rest, NULL);
    f->at = f->text.size - rest.size;
    if (verb == '%')
        go_put_cstr(&f->p, "%");
    else if (!f->index_good)
        put_bad(f, verb, "(BADINDEX)");
    else if (f->next >= f->count)
        put_bad(f, verb, "(MISSING)");
    else
        print_verb(f, verb);
}

static void put_extra(struct format *f)
{
    struct go_printer *p = &f->p;
    p->flags = (struct go_flags){0};
    go_put_cstr(p, "%!(EXTRA ");
    for (size_t i = f->next; i < f->count; i++) {
        if (i > f->next)
            go_put_cstr(p, ", ");
        if (f->args[i].kind == GO_NIL) {
            go_put_cstr(p, "<nil>");
            continue;
        }
        go_print_type(p, &f->args[i]);
        go_put_cstr(p, "=");
        go_print_arg(p, &f->args[i], 'v');
    }
    go_put_cstr(p, ")");
}

static int run(struct format *f)
{
    while (more(f) && f->p.r == 0) {
        struct slice rest = slice_sub(f->text, f->at, f->text.size);
        ptrdiff_t percent = slice_find_byte(rest, '%');
        if (percent < 0) {
            go_put(&f->p, rest);
            break;
        }
        go_put(&f->p, slice_sub(rest, 0, (size_t)percent));
        f->at += (size_t)percent + 1;
        take_verb(f);
    }
    if (!f->reordered && f->next < f->count)
        put_extra(f);
    buf_done(&f->p.scratch);
    return f->p.r;
}

int go_sprintf(struct buf *to, struct arena *a, struct slice format, const struct go_value *args,
               size_t count)
{
    struct format f = {.p = {.to = to, .arena = a}, .text = format, .args = args, .count = count};
    return run(&f);
}

int go_errorf(struct buf *to, struct arena *a, struct slice format, const struct go_value *args,
              size_t count, size_t ret_wrapped[GO_PRINT_WRAPS_MAX], size_t *ret_wrapped_count)
{
    struct format f = {
        .p = {.to = to, .arena = a, .wraps = true}, .text = format, .args = args, .count = count};
    int r = run(&f);
    if (r < 0)
        return r;
    /* By place, each once: at most a handful. */
    size_t n = 0;
    for (size_t i = 0; i < f.wrapped_count; i++) {
        size_t at = n, seen = 0;
        for (size_t k = 0; k < n; k++)
            seen += ret_wrapped[k] == f.wrapped[i];
        if (seen)
            continue;
        for (; at > 0 && ret_wrapped[at - 1] > f.wrapped[i]; at--)
            ret_wrapped[at] = ret_wrapped[at - 1];
        ret_wrapped[at] = f.wrapped[i];
        n++;
    }
    *ret_wrapped_count = n;
    return 0;
}

int go_sprint(struct buf *to, struct arena *a, const struct go_value *args, size_t count)
{
    struct go_printer p = {.to = to, .arena = a};
    for (size_t i = 0; i < count; i++) {
        if (i && args[i].kind != GO_STRING && args[i - 1].kind != GO_STRING)
            go_put_cstr(&p, " ");
        go_print_arg(&p, &args[i], 'v');
    }
    buf_done(&p.scratch);
    return p.r;
}

int go_sprintln(struct buf *to, struct arena *a, const struct go_value *args, size_t count)
{
    struct go_printer p = {.to = to, .arena = a};
    for (size_t i = 0; i < count; i++) {
        if (i)
            go_put_cstr(&p, " ");
        go_print_arg(&p, &args[i], 'v');
    }
    go_put_cstr(&p, "\n");
    buf_done(&p.scratch);
    return p.r;
}
