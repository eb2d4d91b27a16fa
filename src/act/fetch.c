#include "act/fetch.h"

int fetch_begin(struct fetch *ret, struct err *err, rt_time deadline)
{
    const struct tls_options tls = {.late = true};
    *ret = (struct fetch){.dns = NULL};
    int r = dns_resolver_open(NULL, &ret->dns, err);
    return r < 0 ? r : tls_context_open(&tls, &ret->tls, err, deadline);
}

int fetch_open(struct fetch *ret, const struct http_request *q, struct err *err, rt_time deadline)
{
    int r = fetch_begin(ret, err, deadline);
    struct http_client_options options = {.dns = ret->dns, .tls = ret->tls, .no_keep = true};
    if (r == 0)
        r = http_client_open(&options, &ret->client);
    if (r == 0)
        r = http_open(ret->client, q, &ret->response, &ret->trace, err, deadline);
    return r < 0 ? err_wrap(err, "%.*s", SLICE_ARG(q->url)) : 0;
}

uint16_t fetch_status(const struct fetch *f)
{
    return http_head(f->response)->status;
}

void fetch_close(struct fetch *f)
{
    http_close(f->response);
    http_client_close(f->client);
    tls_context_close(f->tls);
    dns_resolver_close(f->dns);
    *f = (struct fetch){.dns = NULL};
}
