/* Any bytes as an asset and as an event: refused with words; or what is read is written, read, and
 * written again the same. */
#include <assert.h>
#include <stdint.h>

#include "wire/asset_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OFFSET = 1000000000 };

static void asset(struct slice json)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct buf first = BUF(MEM_TEST, 0), second = BUF(MEM_TEST, 0);
    struct err err = {0};
    struct asset x;
    if (asset_read(json, OFFSET, &a, &x, &err) < 0) {
        assert(err.text[0]);
    } else {
        assert(x.state < ASSET_STATE_COUNT && x.reason && x.check_count <= ASSET_CHECKS_MAX);
        asset_write(&x, OFFSET, &first);
        assert(asset_read(buf_slice(&first), OFFSET, &a, &x, &err) == 0);
        asset_write(&x, OFFSET, &second);
        assert(slice_eq(buf_slice(&first), buf_slice(&second)));
    }
    buf_done(&first);
    buf_done(&second);
    arena_done(&a);
}

static void event(struct slice json)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct buf first = BUF(MEM_TEST, 0), second = BUF(MEM_TEST, 0);
    struct err err = {0};
    struct event x;
    if (event_read(json, &a, &x, &err) < 0) {
        assert(err.text[0]);
    } else {
        assert(x.type < EVENT_TYPE_COUNT && x.evidence_count <= EVENT_EVIDENCE_MAX);
        event_write(&x, &first);
        assert(event_read(buf_slice(&first), &a, &x, &err) == 0);
        event_write(&x, &second);
        assert(slice_eq(buf_slice(&first), buf_slice(&second)));
    }
    buf_done(&first);
    buf_done(&second);
    arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice json = {(const char *)data, size};
    asset(json);
    event(json);
    return 0;
}
