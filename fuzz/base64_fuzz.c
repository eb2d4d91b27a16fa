/* What decodes is exactly what encodes: one text for one sequence of bytes, both ways. */
#include <assert.h>
#include <stdint.h>

#include "wire/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct slice text, enum base64_alphabet a, enum base64_padding p)
{
    struct buf bytes = BUF(MEM_TEST, 0), again = BUF(MEM_TEST, 0);
    struct err err = {0};
    if (base64_decode(text, a, p, &bytes, &err) == 0) {
        assert(base64_encode(buf_slice(&bytes), a, p, &again) == 0);
        if (p != BASE64_EITHER || (text.size && text.data[text.size - 1] == '='))
            assert(slice_eq(buf_slice(&again), text));
        else
            assert(slice_starts_with(buf_slice(&again), text));
    } else {
        assert(err.text[0] && bytes.size == 0);
    }
    buf_done(&bytes);
    buf_done(&again);
}

static void check_bytes(struct slice bytes, enum base64_alphabet a, enum base64_padding p)
{
    struct buf text = BUF(MEM_TEST, 0), back = BUF(MEM_TEST, 0);
    assert(base64_encode(bytes, a, p, &text) == 0);
    assert(text.size == base64_encoded_size(bytes.size, p));
    assert(base64_decode(buf_slice(&text), a, p, &back, NULL) == 0);
    assert(slice_eq(buf_slice(&back), bytes));
    buf_done(&text);
    buf_done(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice s = {(const char *)data, size};
    for (int a = BASE64_STD; a <= BASE64_URL; a++)
        for (int p = BASE64_PADDED; p <= BASE64_EITHER; p++) {
            check_text(s, (enum base64_alphabet)a, (enum base64_padding)p);
            check_bytes(s, (enum base64_alphabet)a, (enum base64_padding)p);
        }
    return 0;
}
