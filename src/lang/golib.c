#include "lang/golib.h"

#include <errno.h>
#include <stdio.h>

#include "lang/golib_impl.h"

static const struct golib_package *const packages[] = {
    &golib_errors, &golib_fmt,  &golib_maps,    &golib_math,    &golib_path,
    &golib_slices, &golib_sort, &golib_strconv, &golib_strings, &golib_time,
};

const struct golib_package *const *golib_packages(size_t *ret_count)
{
    *ret_count = ARRAY_LEN(packages);
    return packages;
}

const struct golib_package *golib_package_find(struct slice path)
{
    for (size_t i = 0; i < ARRAY_LEN(packages); i++)
        if (slice_eq_cstr(path, packages[i]->path))
            return packages[i];
    return NULL;
}

/* Names are sorted as bytes. */
static int order(struct slice s, const char *name)
{
    size_t n = strlen(name), least = s.size < n ? s.size : n;
    int c = least ? memcmp(s.data, name, least) : 0;
    return c ? c : (s.size > n) - (s.size < n);
}

const struct golib_func *golib_find(const struct golib_package *p, struct slice name)
{
    size_t low = 0, high = p->func_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int c = order(name, p->funcs[middle].name);
        if (c == 0)
            return &p->funcs[middle];
        if (c < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct golib_object *golib_object_find(const struct golib_package *p, struct slice name)
{
    for (size_t i = 0; i < p->object_count; i++)
        if (slice_eq_cstr(name, p->objects[i].name))
            return &p->objects[i];
    return NULL;
}

/* ---- what the packages share ---- */

int golib_room(struct golib_call *c, size_t size, char **ret)
{
    if (size > golib_bytes_max(c))
        return -EMSGSIZE;
    *ret = arena_alloc(c->arena, size ? size : 1);
    return *ret ? 0 : -ENOMEM;
}

int golib_text(struct golib_call *c, struct slice built, struct slice *ret)
{
    return golib_concat(c, &built, 1, ret);
}

int golib_concat(struct golib_call *c, const struct slice *parts, size_t count, struct slice *ret)
{
    size_t size = 0;
    char *to;
    for (size_t i = 0; i < count; i++)
        size += parts[i].size;
    int r = golib_room(c, size, &to);
    if (r < 0)
        return r;
    *ret = (struct slice){to, size};
    for (size_t i = 0; i < count; i++) {
        if (parts[i].size)
            memcpy(to, parts[i].data, parts[i].size);
        to += parts[i].size;
    }
    return 0;
}

int golib_error(struct golib_call *c, struct go_error e, const struct go_error **ret)
{
    struct go_error *copy = arena_new(c->arena, struct go_error);
    if (!copy)
        return -ENOMEM;
    *copy = e;
    *ret = copy;
    return 0;
}

int golib_panic(struct golib_call *c, const char *text)
{
    snprintf(c->panic, sizeof(c->panic), "%s", text);
    return -ECANCELED;
}
