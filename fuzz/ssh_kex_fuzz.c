/* First byte: which exchange and host key were agreed on; the rest: the server's KEX_REPLY. Nobody
 * can sign what our chance is in, so that every reply is refused, and with words. */
#include "net/ssh_kex.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice choose(const char *list, unsigned n)
{
    struct slice rest = slice_from(list), word = {0};
    for (unsigned i = 0; i <= n; i++) {
        if (!rest.data)
            rest = slice_from(list);
        word = slice_cut(&rest, ',');
    }
    return word;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ssh_kexreply reply;
    struct ssh_kex *kex;
    struct err err = {0};
    struct ssh_transcript t = {.client_ident = SLICE("SSH-2.0-a"),
                               .server_ident = SLICE("SSH-2.0-b")};
    if (size == 0 ||
        ssh_parse_kexreply((struct slice){(const char *)data + 1, size - 1}, &reply, NULL) < 0)
        return 0;
    struct slice way = choose(ssh_kex_names, data[0] % 5);
    struct slice algorithm = choose(ssh_host_key_names, data[0] / 5 % 7);
    assert(ssh_kex_new(way, &kex) == 0);
    int r = ssh_kex_check(kex, &t, algorithm, &reply, &err);
    assert((r == -EBADMSG || r == -EKEYREJECTED) && err.text[0]);
    ssh_kex_free(kex);
    return 0;
}
