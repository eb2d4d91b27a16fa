#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Marks a text that did not fit: the three bytes behind ERR_TEXT_MAX are kept free for it. */
static void mark_cut(struct err *e, int wanted)
{
    if (wanted > ERR_TEXT_MAX)
        memcpy(e->text + ERR_TEXT_MAX, "...", sizeof("..."));
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
    assert(code < 0);
    if (!e)
        return code;
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(e->text, ERR_TEXT_MAX + 1, fmt, args);
    va_end(args);
    e->code = code;
    mark_cut(e, n);
    return code;
}

int err_sys(struct err *e, int code, const char *fmt, ...)
{
    assert(code < 0);
    if (!e)
        return code;
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(e->text, ERR_TEXT_MAX + 1, fmt, args);
    va_end(args);
    e->code = code;
    if (n >= 0 && n < ERR_TEXT_MAX)
        n += snprintf(e->text + n, (size_t)(ERR_TEXT_MAX + 1 - n), ": %s", err_name(code));
    mark_cut(e, n);
    return code;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
    if (!e)
        return -EIO;
    char cause[sizeof(e->text)];
    memcpy(cause, e->text, sizeof(cause));
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(e->text, ERR_TEXT_MAX + 1, fmt, args);
    va_end(args);
    if (n >= 0 && n < ERR_TEXT_MAX)
        n += snprintf(e->text + n, (size_t)(ERR_TEXT_MAX + 1 - n), ": %s", cause);
    mark_cut(e, n);
    return e->code < 0 ? e->code : -EIO;
}

void err_clear(struct err *e)
{
    if (!e)
        return;
    e->code = 0;
    e->text[0] = 0;
}

const char *err_name(int code)
{
    const char *text = strerrordesc_np(code < 0 ? -code : code);
    return text ? text : "unknown error";
}
