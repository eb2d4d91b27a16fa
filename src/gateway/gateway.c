#include "gateway/gateway.h"

#include <errno.h>

#include "gateway/inside.h"
#include "rt/file.h"

int gateway_open(const struct gateway_options *options, struct gateway **ret_gateway)
{
    struct gateway *g = mem_alloc(MEM_GATEWAY, sizeof(*g));
    g->options = *options;
    struct http_server_options o = {
        .serve = route_serve,
        .done = metrics_done,
        .ctx = g,
        .body_bytes_max = STORE_VALUE_BYTES_MAX,
    };
    int r = http_server_new(&o, &g->server);
    if (r < 0) {
        mem_free(MEM_GATEWAY, g);
        return r;
    }
    *ret_gateway = g;
    return 0;
}

int gateway_listen(struct gateway *g, const char *path, struct err *err)
{
    struct rt_addr at;
    int r = rt_addr_unix(slice_from(path), &at);
    if (r < 0)
        return err_set(err, r, "the socket's path is too long for the system: %s", path);
    r = rt_file_remove(path, RT_NEVER);
    if (r < 0 && r != -ENOENT)
        return err_sys(err, r, "remove the old %s", path);
    r = http_server_listen(g->server, &at, NULL, err);
    if (r == 0)
        g->path = mem_strdup(MEM_GATEWAY, slice_from(path));
    return r;
}

void gateway_close(struct gateway *g, rt_time deadline)
{
    if (!g)
        return;
    rt_shield_begin();
    if (g->path)
        (void)rt_file_remove(g->path, RT_NEVER); /* nobody comes any more */
    http_server_stop(g->server, deadline);
    rt_shield_end();
    http_server_free(g->server);
    mem_free(MEM_GATEWAY, g->path);
    mem_free(MEM_GATEWAY, g);
}
