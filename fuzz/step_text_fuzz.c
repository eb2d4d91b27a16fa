/* Any bytes as a condition and as a text with references: what a check lets pass can be evaluated,
 * but for what is no number; a text without references stays as it is. */
#include <assert.h>
#include <stdint.h>

#include "model/step_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool look(void *ctx, struct slice step, struct slice key, struct slice *ret)
{
    (*(uint32_t *)ctx)++;
    assert(step.size && key.size);
    *ret = key;
    return step.size & 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    struct buf out = BUF(MEM_TEST, 1 << 20);
    struct err err = {0};
    uint32_t named = 0, used = 0;
    bool is = false;
    if (step_if_check(text, look, &named, &err) < 0)
        assert(err.text[0]);
    else if (step_if_eval(text, look, &used, &is, &err) < 0)
        assert(strstr(err.text, "is no number"));
    assert(used <= named);
    int checked = step_text_check(text, look, &named, &err);
    int r = step_text_expand(text, look, &named, &out, &err);
    assert(checked == 0 || r < 0);
    if (!step_text_has(text))
        assert(checked == 0 && slice_eq(buf_slice(&out), text));
    buf_done(&out);
    return 0;
}
