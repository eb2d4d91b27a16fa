/* Any text: refused with words, or at least one endpoint with a host and a port, and at most one
 * place for the password. */
#include <assert.h>
#include <stdint.h>

#include "store/etcd_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct etcd_url u;
    struct err err = {0};
    if (etcd_url_parse((struct slice){(const char *)data, size}, &a, &u, &err) < 0) {
        assert(err.text[0]);
    } else {
        assert(u.endpoint_count >= 1 && u.endpoint_count <= ETCD_ENDPOINTS_MAX);
        for (uint32_t i = 0; i < u.endpoint_count; i++)
            assert(u.endpoints[i].host[0] && u.endpoints[i].port > 0);
        assert(!u.user == !(u.password || u.password_file || u.password_env));
        assert(!u.key || u.cert);
        assert(!u.ca || u.tls);
    }
    arena_done(&a);
    return 0;
}
