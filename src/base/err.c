#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Ends the text at ERR_TEXT_MAX bytes and shows the cut; never splits a UTF-8 sequence. */
static void cut_text(char text[ERR_TEXT_MAX + 4], size_t wanted_bytes)
{
    if (wanted_bytes <= ERR_TEXT_MAX)
        return;
    size_t end = ERR_TEXT_MAX;
    while (end > ERR_TEXT_MAX - 4 && ((unsigned char)text[end] & 0xc0) == 0x80)
        end--;
    memcpy(text + end, "...", 4);
}

/* The arguments may point into e->text ("again: %s"), so the new text is made beside it. */
static void store_text(struct err *e, const char *tail, const char *fmt, va_list args)
{
    char text[ERR_TEXT_MAX + 4];
    int n = vsnprintf(text, sizeof(text), fmt, args);
    size_t size = n < 0 ? 0 : (size_t)n;

    if (n < 0)
        text[0] = 0;
    if (tail[0] && size < sizeof(text)) {
        n = snprintf(text + size, sizeof(text) - size, "%s%s", size ? ": " : "", tail);
        size += n < 0 ? 0 : (size_t)n;
    }
    cut_text(text, size);
    memcpy(e->text, text, sizeof(text));
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
    assert(code < 0);
    if (!e)
        return code;
    va_list args;
    va_start(args, fmt);
    store_text(e, "", fmt, args);
    va_end(args);
    e->code = code;
    return code;
}

int err_sys(struct err *e, int code, const char *fmt, ...)
{
    assert(code < 0);
    if (!e)
        return code;
    va_list args;
    va_start(args, fmt);
    store_text(e, err_name(code), fmt, args);
    va_end(args);
    e->code = code;
    return code;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
    if (!e)
        return -EIO;
    va_list args;
    va_start(args, fmt);
    store_text(e, e->text, fmt, args);
    va_end(args);
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
    if (code < 0)
        code = -code;
    if (code == 0)
        return "no error";
#ifdef __GLIBC__
    const char *name = strerrordesc_np(code);
#else
    /* musl's strerror returns constant text: no buffer, no lock. */
    const char *name = strerror(code);
#endif
    return name ? name : "unknown error";
}
