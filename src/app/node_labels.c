#include "app/node_labels.h"

#include <errno.h>

#include "host/self.h"
#include "model/selector.h"

enum { LABEL_BYTES_MAX = 253, BUILT_IN = 4 };

#if defined(__x86_64__)
#define ARCH "amd64"
#elif defined(__aarch64__)
#define ARCH "arm64"
#elif defined(__riscv)
#define ARCH "riscv64"
#else
#define ARCH "unknown"
#endif

static struct task_label *find(struct node_labels *l, struct slice key)
{
    for (uint32_t i = 0; i < l->count; i++)
        if (slice_eq(l->labels[i].key, key))
            return &l->labels[i];
    return NULL;
}

static bool is_good(struct slice s)
{
    return selector_is_word(s) && s.size <= LABEL_BYTES_MAX;
}

static int add(struct node_labels *l, const char *text, struct err *err)
{
    struct slice value = slice_from(text), key = slice_cut(&value, '=');
    if (!value.data || !is_good(key) || !is_good(value))
        return err_set(err, -EINVAL,
                       "--label: '%.100s' is no label: write KEY=VALUE, each of letters, digits "
                       "and -_./, up to %d bytes",
                       text, LABEL_BYTES_MAX);
    struct task_label *old = find(l, key);
    if (old && old - l->labels < BUILT_IN)
        return err_set(err, -EINVAL, "--label: '%.*s' is told by the node itself", SLICE_ARG(key));
    if (!old && l->count == TASK_LABELS_MAX)
        return err_set(err, -EINVAL, "--label: more than %d", TASK_LABELS_MAX - BUILT_IN);
    if (!old)
        old = &l->labels[l->count++];
    *old = (struct task_label){key, value}; /* of two with one key the later one counts */
    return 0;
}

int node_labels_make(struct slice node, const struct cli_list *said, struct arena *arena,
                     struct node_labels *ret, struct err *err)
{
    struct buf host = BUF(MEM_APP, 0);
    if (host_name(&host) < 0)
        buf_append_cstr(&host, "unknown");
    *ret = (struct node_labels){
        .labels = {{SLICE("name"), node},
                   {SLICE("host"), {arena_strdup(arena, buf_slice(&host)), host.size}},
                   {SLICE("os"), SLICE("linux")},
                   {SLICE("arch"), SLICE(ARCH)}},
        .count = BUILT_IN,
    };
    buf_done(&host);
    for (uint32_t i = 0; i < said->count; i++)
        if (add(ret, said->items[i], err) < 0)
            return -EINVAL;
    return 0;
}
