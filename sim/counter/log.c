#include "sim/counter/counter.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fault.h"

/* Fixed records in a file that is written ahead with zeros: a record is there or it is not, and
 * its sum tells. */
static const char path[] = "counter/log";

static uint64_t sum_of(const struct record *r)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325); /* FNV-1a, over words */
    const uint32_t words[] = {r->client, r->request, r->amount, r->index};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        sum = (sum ^ words[i]) * UINT64_C(0x100000001b3);
    return sum;
}

static bool is_good(const struct record *r, uint32_t index)
{
    if (fault_mutant("counter_torn_record_accepted"))
        return r->client != 0;
    return r->index == index && r->sum == sum_of(r);
}

static void take_records(struct world *w, struct log *l, struct buf *b)
{
    static const struct record none;
    while (l->count < ENTRIES_MAX) {
        struct record r;
        size_t at = l->count * sizeof(r);
        if (at + sizeof(r) > b->size)
            return;
        memcpy(&r, b->data + at, sizeof(r));
        if (!is_good(&r, l->count + 1)) {
            if (memcmp(&r, &none, sizeof(r)) != 0)
                counted(w, EVENT_BAD_RECORD);
            return;
        }
        l->entries[l->count++] = r;
    }
}

int log_open(struct world *w, struct log *l)
{
    struct buf b = BUF(MEM_TEST, sizeof(l->entries));
    rt_time deadline = rt_now() + DISK_MAX;
    int r = rt_file_read_all(path, &b, deadline);
    if (r == 0 || r == -ENOENT) {
        take_records(w, l, &b);
        /* Anew, as what was read may be in the page cache only; and without what follows the
         * last good record, which the next crash could bring back. */
        r = 0;
        if (b.size == 0 || !fault_mutant("counter_log_not_rewritten"))
            r = rt_file_write_all(path, l->entries, sizeof(l->entries), 0600, deadline);
    }
    buf_done(&b);
    if (r == 0)
        r = rt_file_open(path, O_RDWR, 0, &l->file, deadline);
    if (r == 0)
        l->durable = l->count;
    return r;
}

void log_close(struct log *l)
{
    rt_file_close(l->file);
    *l = (struct log){0};
}

uint32_t log_append(struct world *w, struct log *l, uint32_t client, uint32_t request,
                    uint32_t amount)
{
    check(w, CHECK_ONCE, l->count < ENTRIES_MAX, "more entries than were ever asked for");
    struct record *r = &l->entries[l->count];
    *r = (struct record){client, request, amount, l->count + 1, 0};
    r->sum = sum_of(r);
    return ++l->count;
}

int log_store(struct log *l)
{
    uint32_t from = l->durable, to = l->count;
    rt_time deadline = rt_now() + DISK_MAX;
    if (fault_mutant("counter_ack_before_fsync"))
        l->durable = to;
    rt_shield_begin(); /* half a store would leave us not knowing what is durable */
    int r = rt_file_write(l->file, &l->entries[from], (to - from) * sizeof(l->entries[0]),
                          from * sizeof(l->entries[0]), deadline);
    if (r == 0)
        r = rt_file_sync(l->file, deadline);
    rt_shield_end();
    if (r == 0)
        l->durable = to;
    return r;
}

uint32_t log_value(const struct log *l, uint32_t index)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < index; i++)
        value += l->entries[i].amount;
    return value;
}
