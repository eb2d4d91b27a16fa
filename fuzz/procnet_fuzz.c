/* What /proc says, however broken: a text is the sum of its lines, and nothing that is not there
 * is found. The same bytes go to every parser of host. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>

#include "base/buf.h"
#include "host/limits.h"
#include "host/listeners.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int parse_fn(struct slice text, struct host_listeners *l);

static int parse_tcp4(struct slice text, struct host_listeners *l)
{
    return host_parse_tcp(text, false, l);
}

static int parse_tcp6(struct slice text, struct host_listeners *l)
{
    return host_parse_tcp(text, true, l);
}

static void same(const struct host_listener *a, const struct host_listener *b)
{
    assert(a->kind == b->kind && a->port == b->port && a->inode == b->inode);
    assert(memcmp(a->ip, b->ip, sizeof(a->ip)) == 0);
    assert((a->path == NULL) == (b->path == NULL));
    assert(!a->path || strcmp(a->path, b->path) == 0);
    assert(a->pid == 0 && !a->own && !a->comm[0] && !a->cgroup);
}

/* The text again, as parse wants it: what was understood is written back and read once more. */
static void write_back(const struct host_listener *l, struct buf *out)
{
    uint32_t w[4];
    memcpy(w, l->ip, sizeof(w));
    if (l->kind == HOST_LISTENER_UNIX)
        buf_printf(out, "0: 00000002 00000000 00010000 0001 01 %llu %s",
                   (unsigned long long)l->inode, l->path);
    else if (l->kind == HOST_LISTENER_TCP4)
        buf_printf(out, "0: %08X:%04X 00000000:0000 0A 0:0 00:0 0 0 0 %llu 1", w[0], l->port,
                   (unsigned long long)l->inode);
    else
        buf_printf(out, "0: %08X%08X%08X%08X:%04X 0:0 0A 0:0 00:0 0 0 0 %llu 1", w[0], w[1], w[2],
                   w[3], l->port, (unsigned long long)l->inode);
}

static void check_one(parse_fn *parse, const struct host_listener *found)
{
    struct buf text = BUF(MEM_TEST, 0);
    struct host_listeners again = {.arena = ARENA(MEM_HOST, 0)};
    write_back(found, &text);
    assert(parse(buf_slice(&text), &again) == 0 && again.count == 1);
    same(&again.item[0], found);
    host_listeners_done(&again);
    buf_done(&text);
}

static void check(parse_fn *parse, struct slice text)
{
    struct host_listeners whole = {.arena = ARENA(MEM_HOST, 0)};
    struct host_listeners lines = {.arena = ARENA(MEM_HOST, 0)};
    int r = parse(text, &whole);
    assert((r == -E2BIG) == whole.cut && (r == 0 || whole.count == HOST_LISTENERS_MAX));
    while (text.data && !lines.cut)
        parse(slice_cut(&text, '\n'), &lines);
    assert(lines.count == whole.count && lines.cut == whole.cut);
    for (size_t i = 0; i < whole.count; i++) {
        same(&whole.item[i], &lines.item[i]);
        /* A NUL ends a path here, and a space before it is one of the text's own. */
        if (!whole.item[i].path || whole.item[i].path[0])
            check_one(parse, &whole.item[i]);
    }
    host_listeners_done(&whole);
    host_listeners_done(&lines);
}

static void check_limits(struct slice text)
{
    struct host_ports ports = {7, 3};
    uint64_t bytes = 5;
    struct slice path = {0};
    if (host_parse_ports(text, &ports) == 0)
        assert(ports.first > 0 && ports.first <= ports.last);
    else
        assert(ports.first == 7 && ports.last == 3);
    if (host_parse_meminfo(text, SLICE("MemTotal"), &bytes) == 0)
        assert(bytes % 1024 == 0);
    else
        assert(bytes == 5);
    host_parse_cgroup_bytes(text, &bytes);
    if (host_parse_cgroup_path(text, SLICE("memory"), &path) == 0)
        assert(path.size > 0 && path.data[0] == '/' && path.data >= text.data &&
               path.data + path.size <= text.data + text.size);
    struct buf copy = BUF(MEM_TEST, 0);
    buf_append_slice(&copy, text);
    buf_append_byte(&copy, 0);
    struct slice unit = host_cgroup_unit(copy.data);
    assert(slice_find_byte(unit, '/') < 0);
    buf_done(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    check(parse_tcp4, text);
    check(parse_tcp6, text);
    check(host_parse_unix, text);
    check_limits(text);
    return 0;
}
