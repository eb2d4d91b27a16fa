/* What an SSH server says, from its identification on. A packet's payload is put into a packet
 * again and reads back. */
#include "wire/ssh.h"

#include "fuzz/incremental.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_into(struct slice payload)
{
    struct ssh_kexinit k;
    struct ssh_kexreply r;
    struct slice words;
    uint32_t code;
    struct err err = {0};
    if (ssh_parse_kexinit(payload, &k, &err) == 0) {
        check_inside(k.kex, payload);
        check_inside(k.host_key, payload);
        ssh_choose(SLICE("curve25519-sha256,ssh-ed25519"), k.kex);
    } else {
        assert(err.text[0]);
    }
    if (ssh_parse_kexreply(payload, &r, NULL) == 0) {
        check_inside(r.host_key, payload);
        check_inside(r.public_value, payload);
        check_inside(r.signature, payload);
    }
    if (ssh_parse_disconnect(payload, &code, &words) == 0)
        check_inside(words, payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = {(const char *)data, size}, ident, payload = {0}, again;
    ptrdiff_t n = CHECK_INCREMENTAL(ssh_parse_ident, in, &ident);
    if (n > 0) {
        check_inside(ident, in);
        in = slice_sub(in, (size_t)n, size);
    }
    while ((n = CHECK_INCREMENTAL(ssh_parse_packet, in, &payload)) > 0) {
        check_inside(payload, in);
        look_into(payload);
        struct buf b = BUF(MEM_TEST, 0);
        assert(ssh_put_packet(&b, payload) == 0);
        assert(ssh_parse_packet(buf_slice(&b), &again, NULL) == (ptrdiff_t)b.size ||
               b.size > SSH_PACKET_BYTES_MAX);
        buf_done(&b);
        in = slice_sub(in, (size_t)n, in.size);
    }
    return 0;
}
