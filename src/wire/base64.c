#include "wire/base64.h"

#include <errno.h>

static const char letters[2][65] = {
    [BASE64_STD] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    [BASE64_URL] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

size_t base64_encoded_size(size_t size, enum base64_padding padding)
{
    if (padding != BASE64_UNPADDED)
        return (size + 2) / 3 * 4;
    return size / 3 * 4 + (size % 3 ? size % 3 + 1 : 0);
}

int base64_encode(struct slice bytes, enum base64_alphabet alphabet, enum base64_padding padding,
                  struct buf *out)
{
    char *to;
    size_t size = base64_encoded_size(bytes.size, padding);
    int r = buf_reserve(out, size, &to);
    if (r < 0)
        return r;
    const unsigned char *from = (const unsigned char *)bytes.data;
    const char *letter = letters[alphabet];
    for (size_t i = 0; i < size; i++) {
        size_t at = i / 4 * 3, left = bytes.size - at;
        uint32_t group = (uint32_t)from[at] << 16 | (left > 1 ? (uint32_t)from[at + 1] << 8 : 0) |
                         (left > 2 ? from[at + 2] : 0);
        to[i] = i % 4 > left ? '=' : letter[group >> (18 - i % 4 * 6) & 63];
    }
    buf_commit(out, size);
    return 0;
}

/* The six bits of a letter, or -1. */
static int bits_of(unsigned char c, enum base64_alphabet alphabet)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == (unsigned char)letters[alphabet][62])
        return 62;
    return c == (unsigned char)letters[alphabet][63] ? 63 : -1;
}

/* Takes the '=' off and judges them. */
static int strip_padding(struct slice *text, enum base64_padding padding, struct err *err)
{
    size_t total = text->size, pads = 0;
    while (pads < 2 && text->size && text->data[text->size - 1] == '=') {
        text->size--;
        pads++;
    }
    if (text->size % 4 == 1)
        return err_set(err, -EINVAL, "base64: a last letter is missing or too many");
    if (pads > 0 && padding == BASE64_UNPADDED)
        return err_set(err, -EINVAL, "base64: '=' at the end is not wanted here");
    bool complete = total % 4 == 0;
    if (!complete && (pads > 0 || padding == BASE64_PADDED))
        return err_set(err, -EINVAL, "base64: with its '=' the length is no multiple of four");
    return 0;
}

int base64_decode(struct slice text, enum base64_alphabet alphabet, enum base64_padding padding,
                  struct buf *out, struct err *err)
{
    char *to;
    int r = strip_padding(&text, padding, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < text.size; i++)
        if (bits_of((unsigned char)text.data[i], alphabet) < 0)
            return err_set(err, -EINVAL, "base64: byte %zu (0x%02x) is no letter of it", i + 1,
                           (unsigned char)text.data[i]);
    size_t rest = text.size % 4, spare = rest ? 8 - rest * 2 : 0; /* of 12 or 18 bits: 4, 2 */
    if (rest && bits_of((unsigned char)text.data[text.size - 1], alphabet) & ((1 << spare) - 1))
        return err_set(err, -EINVAL, "base64: the last letter holds bits of no byte");
    r = buf_reserve(out, text.size / 4 * 3 + (rest ? rest - 1 : 0), &to);
    if (r < 0)
        return r;
    uint32_t group = 0;
    size_t size = 0, held = 0; /* bits in `group` that are not yet written */
    for (size_t i = 0; i < text.size; i++) {
        int bits = bits_of((unsigned char)text.data[i], alphabet);
        group = group << 6 | (uint32_t)bits;
        held += 6;
        if (held >= 8) {
            held -= 8;
            to[size++] = (char)(group >> held & 0xFF);
        }
    }
    buf_commit(out, size);
    return 0;
}
