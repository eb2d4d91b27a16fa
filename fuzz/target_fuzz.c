/* A file of targets: all of it or none; what an expression stands for has names that, given back as
 * expressions, each stand for exactly that target. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "observe/observe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LOOKED_AT_MAX = 8 };

static void check_same(const struct probe_target *a, const struct probe_target *b)
{
    assert(a->kind == b->kind && a->port == b->port && a->tls == b->tls);
    /* A password is not shown, so what is named is another URL. */
    bool has_login = slice_find_byte(a->url, '@') >= 0;
    assert(slice_eq(a->host, b->host) && (has_login || slice_eq(a->url, b->url)));
    assert(!a->extra == !b->extra);
    assert(a->dns_type == b->dns_type && slice_eq(a->dns_name, b->dns_name));
    assert(a->argc == b->argc);
    for (uint32_t i = 0; i < a->argc; i++)
        assert(slice_eq(a->argv[i], b->argv[i]));
    assert(a->is_ipv4 == b->is_ipv4 && a->ipv4 == b->ipv4);
}

/* What stands before an '@' is hidden even where that '@' is in the path: it may be a password that
 * was written with a '/'. Such a name need not be a target. */
static bool hides_the_path(struct slice url)
{
    ptrdiff_t scheme = slice_find(url, SLICE("://"));
    struct slice rest = slice_sub(url, scheme < 0 ? 0 : (size_t)scheme + 3, url.size);
    size_t at = 0;
    while (at < rest.size && !memchr("/?#", rest.data[at], 3))
        at++;
    return slice_find_byte(slice_sub(rest, at, rest.size), '@') >= 0;
}

/* Not inlined: its frame and the caller's are too large together. */
static __attribute__((noinline)) void check_target(const struct target_set *set, uint64_t index)
{
    struct target_slot slot, again;
    target_set_get(set, index, &slot);
    if (hides_the_path(slot.target.url))
        return;
    struct target_set *one = target_set_new();
    assert(target_set_add(one, slot.target.name, NULL) == 0);
    assert(target_set_count(one) == 1);
    target_set_get(one, 0, &again);
    check_same(&slot.target, &again.target);
    target_set_free(one);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    struct target_set *set = target_set_new();
    struct err err = {0};
    if (target_set_add_lines(set, text, "input", &err) < 0) {
        assert(target_set_count(set) == 0 && err.text[0]);
    } else {
        uint64_t count = target_set_count(set), step = count / LOOKED_AT_MAX + 1;
        for (uint64_t i = 0; i < count; i += step)
            check_target(set, i);
    }
    target_set_free(set);
    return 0;
}
