#include "net/tls.h"

#include <errno.h>

#include "observe/dialog.h"
#include "observe/starttls.h"

int observe_tls_context(struct observer *o, bool roots, struct probe_result *r, rt_time deadline)
{
    const struct probe_spec *spec = o->spec;
    struct tls_options options = {.insecure = spec->insecure, .late = true};
    struct err err = {0};
    int code = o->tls ? 0 : tls_context_open(&options, &o->tls, &err, deadline);
    if (code == 0 && roots)
        code = tls_context_ready(o->tls, &err, deadline);
    if (code == 0)
        return 0;
    probe_result_fail(r, code == -ECANCELED ? REASON_CANCELED : REASON_LIMIT, "%s",
                      err.code ? err.text : err_name(code));
    return -1;
}

void observe_tls_failed(struct observer *o, struct probe_result *r, const struct tls_report *report,
                        int code, const struct err *err)
{
    static const enum probe_reason reasons[] = {
        [TLS_FAULT_NONE] = REASON_TLS_PROTOCOL,   [TLS_EXPIRED] = REASON_TLS_EXPIRED,
        [TLS_NOT_YET_VALID] = REASON_TLS_NOT_YET_VALID, [TLS_UNTRUSTED] = REASON_TLS_UNTRUSTED,
        [TLS_WRONG_NAME] = REASON_TLS_NAME,       [TLS_PROTOCOL] = REASON_TLS_PROTOCOL,
    };
    if (code == -EKEYREJECTED || code == -EPROTO)
        probe_result_fail(r, reasons[report->fault], "%s",
                          report->why[0] ? report->why : err->code ? err->text : err_name(code));
    else
        observe_step_failed(o, r, "tls", code, err);
}

void observe_tls_report(const struct tls_report *report, struct probe_result *r)
{
    if (report->has_days_left)
        r->days_left = report->days_left;
}

static void judge_days(struct observer *o, struct probe_result *r)
{
    const struct probe_spec *spec = o->spec;
    if (!spec->insecure && r->days_left != INT32_MIN && r->days_left < spec->days_left_min)
        probe_result_fail(r, REASON_TLS_EXPIRING, "the certificate ends in %d days, fewer than %d",
                          (int)r->days_left, (int)spec->days_left_min);
}

void probe_tls(struct observer *o, const struct probe_target *t, struct probe_result *r,
               rt_time deadline)
{
    enum probe_starttls protocol = t->extra ? t->extra->starttls : PROBE_STARTTLS_NONE;
    struct dialog d;
    if (observe_tls_context(o, true, r, deadline) < 0)
        return;
    if (dialog_open_plain(&d, o, t, r, starttls_peer(protocol), deadline) == 0 &&
        starttls_begin(&d, protocol) == 0 && dialog_tls(&d, NULL, false) == 0)
        judge_days(o, r);
    dialog_close(&d);
}
