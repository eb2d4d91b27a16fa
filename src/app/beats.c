#include "app/beats.h"

#include <errno.h>

#include "app/up.h"
#include "app/up_declared.h"
#include "store/follow.h"
#include "wire/json.h"
#include "wire/task_json.h"

static const char prefix[] = "/heartbeats/";

enum { AGAIN_MS = 1000 };

struct beats {
    struct up *up;
    struct follow follow;
    bool synced; /* what comes from now on comes now */
};

struct beats *beats_new(struct up *u)
{
    struct beats *b = mem_alloc(MEM_APP, sizeof(*b));
    b->up = u;
    follow_init(&b->follow, u->store, slice_from(prefix), 0);
    return b;
}

void beats_free(struct beats *b)
{
    if (!b)
        return;
    follow_done(&b->follow);
    mem_free(MEM_APP, b);
}

/* 0: it does not say. */
static int64_t moment_of(const struct store_kv *kv)
{
    struct arena a = ARENA(MEM_APP, 0);
    struct json_value *v;
    int64_t ms = 0;
    const struct json_value *at = NULL;
    if (json_parse(kv->value, &a, 0, &v, NULL) == 0 && v->type == JSON_OBJECT)
        at = json_get(v, "at");
    if (at && at->type == JSON_STRING)
        moment_parse(at->text, &ms);
    arena_done(&a);
    return ms * RT_MS;
}

static void tell(struct beats *b, const struct store_kv *kv)
{
    struct slice check = slice_sub(kv->key, sizeof(prefix) - 1, kv->key.size);
    struct slice namespace_ = slice_cut(&check, '/');
    int64_t at = moment_of(kv);
    if (at == 0 && b->synced)
        at = rt_wall_now();
    if (check.data)
        up_beat(b->up, namespace_, check, at);
}

void beats_main(void *arg)
{
    struct beats *b = arg;
    int r = 0;
    while (r != -ECANCELED && r != -ENOLINK) {
        struct follow_change change;
        struct err err = {0};
        r = follow_next(&b->follow, &change, &err, RT_NEVER);
        if (r < 0 && r != -ETIMEDOUT)
            r = rt_sleep(rt_now() + AGAIN_MS * RT_MS) < 0 ? -ECANCELED : 0;
        else if (r == 0 && change.type == FOLLOW_SET)
            tell(b, &change.kv);
        else if (r == 0 && change.type == FOLLOW_SYNCED)
            b->synced = true;
    }
}

int64_t beats_last(const struct beats *b, struct slice namespace_, struct slice check)
{
    struct buf key = BUF(MEM_APP, 0);
    if (!b)
        return 0;
    buf_append_cstr(&key, prefix);
    buf_append_slice(&key, namespace_); /* names are parts of keys as they are: model/kind.h */
    buf_append_byte(&key, '/');
    buf_append_slice(&key, check);
    const struct store_kv *kv = follow_get(&b->follow, buf_slice(&key));
    buf_done(&key);
    return kv ? moment_of(kv) : 0;
}
