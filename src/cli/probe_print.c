#include "cli/probe_print.h"

#include "base/log.h"
#include "base/utf8.h"
#include "wire/asset_json.h"

enum { REASON_COLUMNS = 17, MS_COLUMNS = 10, ADDRESS_COLUMNS = 21 };

static void attempts(struct json_writer *w, const struct probe_result *r)
{
    struct probe_attempt only = {r->reason, r->total_ns};
    const struct probe_attempt *a = r->attempt_count ? r->attempts : &only;
    uint32_t n = r->attempt_count ? r->attempt_count : 1;
    json_key(w, "attempts");
    json_array_open(w);
    for (uint32_t i = 0; i < n; i++) {
        json_object_open(w);
        json_key(w, "reason");
        json_cstr(w, probe_reason_name(a[i].reason));
        json_key(w, "total_ms");
        latency_write(w, a[i].total_ns);
        json_object_close(w);
    }
    json_array_close(w);
}

static void answers(struct json_writer *w, const struct probe_result *r)
{
    json_key(w, "answers");
    if (!r->has_answers) {
        json_null(w);
        return;
    }
    json_array_open(w);
    for (uint32_t i = 0; i < r->answer_count; i++)
        json_cstr(w, r->answers[i]);
    json_array_close(w);
}

static void whole(struct json_writer *w, int32_t v, int32_t none)
{
    if (v == none)
        json_null(w);
    else
        json_i64(w, v);
}

/* A list of a million is mostly plain connects: what those never have is written at once. */
static void behind_connecting(struct json_writer *w, const struct probe_result *r)
{
    if (r->tls_ns == PROBE_NONE && r->first_byte_ns == PROBE_NONE && r->days_left == INT32_MIN &&
        r->status == 0) {
        json_members(w, SLICE("\"tls_ms\":null,\"first_byte_ms\":null,\"days_left\":null,"
                              "\"status\":null"));
        return;
    }
    json_key(w, "tls_ms");
    latency_write(w, r->tls_ns);
    json_key(w, "first_byte_ms");
    latency_write(w, r->first_byte_ns);
    json_key(w, "days_left");
    whole(w, r->days_left, INT32_MIN);
    json_key(w, "status");
    whole(w, r->status, 0);
}

static void of_some_kinds(struct json_writer *w, const struct probe_result *r)
{
    if (r->rtt_ns == PROBE_NONE && r->loss_ratio < 0 && r->offset_ns == INT64_MIN) {
        json_members(w, SLICE("\"rtt_ms\":null,\"loss_ratio\":null,\"offset_ms\":null"));
        return;
    }
    json_key(w, "rtt_ms");
    latency_write(w, r->rtt_ns);
    json_key(w, "loss_ratio");
    if (r->loss_ratio < 0)
        json_null(w);
    else
        json_f64(w, r->loss_ratio);
    json_key(w, "offset_ms");
    if (r->offset_ns == INT64_MIN)
        json_null(w);
    else
        json_ms(w, r->offset_ns);
}

/* Each is written as a probe by itself is. */
static void steps(struct json_writer *w, const struct probe_result *r)
{
    if (!r->steps) {
        json_members(w, SLICE("\"steps\":null"));
        return;
    }
    json_key(w, "steps");
    json_array_open(w);
    for (uint32_t i = 0; i < r->step_count; i++) {
        struct buf one = BUF(MEM_CLI, 0);
        probe_print_json(&r->steps[i], &one);
        json_raw(w, buf_slice(&one));
        buf_done(&one);
    }
    json_array_close(w);
}

void probe_print_json(const struct probe_result *r, struct buf *out)
{
    struct json_writer w;
    char at[LOG_TIME_BYTES];
    json_begin(&w, out, 0);
    json_object_open(&w);
    json_key(&w, "target");
    json_string(&w, r->target->name);
    json_key(&w, "address");
    json_cstr(&w, r->address[0] ? r->address : NULL);
    json_key(&w, "ok");
    json_bool(&w, r->reason == REASON_OK);
    json_key(&w, "reason");
    json_cstr(&w, probe_reason_name(r->reason));
    json_key(&w, "detail");
    json_cstr(&w, r->detail);
    json_key(&w, "at");
    log_format_time(r->at_wall_ns, at);
    json_string(&w, (struct slice){at, sizeof(at)});
    json_key(&w, "attempt");
    json_u64(&w, r->attempt);
    json_key(&w, "total_ms");
    latency_write(&w, r->total_ns);
    json_key(&w, "dns_ms");
    latency_write(&w, r->dns_ns);
    json_key(&w, "connect_ms");
    latency_write(&w, r->connect_ns);
    behind_connecting(&w, r);
    json_key(&w, "lag_ms");
    latency_write(&w, r->lag_ns);
    json_key(&w, "breaker");
    json_cstr(&w, probe_breaker_name(r->breaker));
    attempts(&w, r);
    of_some_kinds(&w, r);
    answers(&w, r);
    json_key(&w, "host_key_sha256");
    json_cstr(&w, r->host_key_sha256);
    steps(&w, r);
    json_object_close(&w);
    json_end(&w);
}

static void painted(struct buf *out, const char *text, bool ok, bool color)
{
    if (color)
        buf_append_cstr(out, ok ? "\x1b[32m" : "\x1b[31m");
    buf_append_cstr(out, text);
    if (color)
        buf_append_cstr(out, "\x1b[0m");
}

void probe_print_text(const struct probe_result *r, bool color, struct buf *out)
{
    bool ok = r->reason == REASON_OK;
    painted(out, ok ? "OK" : "FAIL", ok, color);
    buf_append_byte(out, ' ');
    utf8_append_shown(out, r->target->name);
    if (!ok) {
        buf_append_cstr(out, " - ");
        buf_append_cstr(out, probe_reason_name(r->reason));
        if (r->detail[0]) {
            buf_append_cstr(out, ": ");
            utf8_append_shown(out, slice_from(r->detail));
        }
    }
    buf_append_byte(out, '\n');
}

static void pad(struct buf *out, size_t used, size_t columns)
{
    buf_append_byte(out, ' ');
    for (; used < columns; used++)
        buf_append_byte(out, ' ');
}

static void cell(struct buf *out, struct slice text, size_t columns)
{
    utf8_append_shown(out, text);
    pad(out, utf8_columns(text), columns);
}

static void ms_cell(struct buf *out, int64_t ns)
{
    struct buf t = BUF(MEM_CLI, 0);
    if (ns != PROBE_NONE)
        buf_printf(&t, "%.2fms", (double)ns / 1e6);
    cell(out, t.size ? buf_slice(&t) : SLICE("-"), MS_COLUMNS);
    buf_done(&t);
}

static void number_cell(struct buf *out, int64_t v, bool none, size_t columns)
{
    struct buf t = BUF(MEM_CLI, 0);
    if (!none)
        buf_printf(&t, "%lld", (long long)v);
    cell(out, t.size ? buf_slice(&t) : SLICE("-"), columns);
    buf_done(&t);
}

static const struct {
    const char *title;
    size_t columns;
} more[] = {
    {"DNS", MS_COLUMNS}, {"TLS", MS_COLUMNS}, {"FIRST", MS_COLUMNS},   {"STATUS", 6},
    {"DAYS", 6},         {"TRY", 3},          {"ADDRESS", ADDRESS_COLUMNS},
};

void probe_print_head(const struct probe_table *t, struct buf *out)
{
    cell(out, SLICE("TARGET"), t->target_columns);
    cell(out, SLICE("OK"), 4);
    cell(out, SLICE("REASON"), REASON_COLUMNS);
    cell(out, SLICE("TOTAL"), MS_COLUMNS);
    cell(out, SLICE("CONNECT"), MS_COLUMNS);
    for (size_t i = 0; t->wide && i < ARRAY_LEN(more); i++)
        cell(out, slice_from(more[i].title), more[i].columns);
    buf_append_cstr(out, "DETAIL\n");
}

/* In the order of `more`. */
static void wide_cells(const struct probe_result *r, struct buf *out)
{
    ms_cell(out, r->dns_ns);
    ms_cell(out, r->tls_ns);
    ms_cell(out, r->first_byte_ns);
    number_cell(out, r->status, r->status == 0, more[3].columns);
    number_cell(out, r->days_left, r->days_left == INT32_MIN, more[4].columns);
    number_cell(out, r->attempt, false, more[5].columns);
    cell(out, r->address[0] ? slice_from(r->address) : SLICE("-"), ADDRESS_COLUMNS);
}

void probe_print_row(const struct probe_result *r, const struct probe_table *t, struct buf *out)
{
    bool ok = r->reason == REASON_OK;
    cell(out, r->target->name, t->target_columns);
    painted(out, ok ? "yes " : "no  ", ok, t->color);
    buf_append_byte(out, ' ');
    cell(out, slice_from(probe_reason_name(r->reason)), REASON_COLUMNS);
    ms_cell(out, r->total_ns);
    ms_cell(out, r->connect_ns);
    if (t->wide)
        wide_cells(r, out);
    utf8_append_shown(out, slice_from(r->detail));
    while (out->data[out->size - 1] == ' ')
        out->data[--out->size] = 0;
    buf_append_byte(out, '\n');
}
