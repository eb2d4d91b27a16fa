#include "wire/ws.h"

#include <errno.h>
#include <openssl/evp.h>

#include "wire/base64.h"
#include "wire/octets.h"

enum { SHA1_BYTES = 20, LENGTH_16 = 126, LENGTH_64 = 127, FIN = 0x80, MASKED = 0x80 };

void ws_accept(struct slice key, char *text)
{
    struct buf said = BUF(MEM_WIRE, 0), out = BUF(MEM_WIRE, 0);
    unsigned char sum[EVP_MAX_MD_SIZE] = {0};
    buf_append_slice(&said, key);
    buf_append_cstr(&said, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    EVP_Digest(said.data, said.size, sum, NULL, EVP_sha1(), NULL);
    base64_encode((struct slice){(char *)sum, SHA1_BYTES}, BASE64_STD, BASE64_PADDED, &out);
    memcpy(text, out.data, WS_ACCEPT_BYTES + 1);
    buf_done(&said);
    buf_done(&out);
}

static int check_head(uint8_t first, uint8_t second, struct err *err)
{
    unsigned opcode = first & 15;
    if (first & 0x70)
        return err_set(err, -EBADMSG, "a frame uses an extension that was not agreed on");
    if (opcode > WS_PONG || (opcode > WS_BINARY && opcode < WS_CLOSE))
        return err_set(err, -EBADMSG, "a frame has the opcode %u, which nobody knows", opcode);
    if (second & MASKED)
        return err_set(err, -EBADMSG, "a server's frame is masked");
    if (opcode >= WS_CLOSE && (!(first & FIN) || second > WS_CONTROL_BYTES_MAX))
        return err_set(err, -EBADMSG, "a control frame is cut in pieces or longer than %d bytes",
                       WS_CONTROL_BYTES_MAX);
    return 0;
}

ptrdiff_t ws_parse(struct slice in, struct ws_frame *ret, struct err *err)
{
    struct octets o = octets_of(in);
    uint8_t first = octets_u8(&o), second = octets_u8(&o);
    if (o.broken)
        return 0;
    int r = check_head(first, second, err);
    if (r < 0)
        return r;
    uint64_t size = second;
    if (second == LENGTH_16)
        size = octets_u16(&o);
    else if (second == LENGTH_64)
        size = octets_uint(&o, 8);
    if (o.broken)
        return 0;
    if (size > WS_PAYLOAD_BYTES_MAX)
        return err_set(err, -EMSGSIZE, "a frame of %llu bytes, more than %d",
                       (unsigned long long)size, WS_PAYLOAD_BYTES_MAX);
    if ((second == LENGTH_16 && size < LENGTH_16) || (second == LENGTH_64 && size <= UINT16_MAX))
        return err_set(err, -EBADMSG, "a frame's length is written longer than it need be");
    struct slice payload = octets_take(&o, (size_t)size);
    if (o.broken)
        return 0;
    *ret = (struct ws_frame){first & 15, (first & FIN) != 0, payload};
    return (ptrdiff_t)((const char *)o.at - in.data);
}

int ws_put(struct buf *out, uint8_t opcode, struct slice payload, const uint8_t mask[4])
{
    enum { HEAD_BYTES_MAX = 14 };
    char *room;
    if (buf_reserve(out, HEAD_BYTES_MAX + payload.size, &room) < 0)
        return -EMSGSIZE;
    octets_put(out, FIN | opcode, 1);
    if (payload.size < LENGTH_16) {
        octets_put(out, MASKED | payload.size, 1);
    } else if (payload.size <= UINT16_MAX) {
        octets_put(out, MASKED | LENGTH_16, 1);
        octets_put(out, payload.size, 2);
    } else {
        octets_put(out, MASKED | LENGTH_64, 1);
        octets_put(out, payload.size, 8);
    }
    buf_append(out, mask, 4);
    for (size_t i = 0; i < payload.size; i++)
        buf_append_byte(out, (char)((uint8_t)payload.data[i] ^ mask[i % 4]));
    return 0;
}

int ws_parse_close(struct slice payload, uint16_t *ret_code, struct slice *ret_words)
{
    struct octets o = octets_of(payload);
    uint16_t code = payload.size ? octets_u16(&o) : 0;
    if (o.broken || (payload.size && code < 1000))
        return -EBADMSG;
    *ret_code = code;
    *ret_words = octets_take(&o, octets_left(&o));
    return 0;
}
