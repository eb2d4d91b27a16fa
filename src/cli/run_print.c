#include "cli/run_print.h"

#include <inttypes.h>

#include "base/log.h"
#include "wire/json.h"

static void member_ms(struct json_writer *w, const char *key, bool known, int64_t ns)
{
    json_key_slice(w, slice_from(key));
    if (known)
        json_ms(w, ns);
    else
        json_null(w);
}

static void member_i64(struct json_writer *w, const char *key, bool known, int64_t v)
{
    json_key_slice(w, slice_from(key));
    if (known)
        json_i64(w, v);
    else
        json_null(w);
}

static void put_end(struct json_writer *w, const struct exec_result *r)
{
    char signal[EXEC_SIGNAL_NAME_MAX], at[LOG_TIME_BYTES];
    json_key(w, "ok");
    json_bool(w, r->reason == REASON_OK);
    json_key(w, "reason");
    json_cstr(w, probe_reason_name(r->reason));
    json_key(w, "detail");
    json_cstr(w, r->detail);
    member_i64(w, "exit", r->exit >= 0, r->exit);
    json_key(w, "signal");
    json_cstr(w, r->signal ? exec_signal_name(r->signal, signal) : NULL);
    log_format_time(r->started_wall_ns, at);
    json_key(w, "started_at");
    json_cstr(w, at);
    member_ms(w, "wall_ms", r->started, r->wall_ns);
    member_ms(w, "user_ms", r->started, r->user_ns);
    member_ms(w, "system_ms", r->started, r->system_ns);
    member_i64(w, "rss_max_bytes", r->started, (int64_t)r->rss_max_bytes);
    json_key(w, "memory_limited_by");
    json_cstr(w, r->memory_by);
    json_key(w, "procs_limited_by");
    json_cstr(w, r->processes_by);
}

void run_print_json(const struct exec_spec *spec, const struct exec_result *r,
                    const struct slice outputs[EXEC_STREAM_COUNT], struct buf *out)
{
    struct json_writer w;
    json_begin(&w, out, 0);
    json_object_open(&w);
    json_key(&w, "argv");
    json_array_open(&w);
    for (const char *const *arg = spec->argv; *arg; arg++)
        json_string(&w, slice_from(*arg));
    json_array_close(&w);
    put_end(&w, r);
    json_key(&w, "stdout");
    json_string(&w, outputs[EXEC_STDOUT]);
    json_key(&w, "stderr");
    json_string(&w, outputs[EXEC_STDERR]);
    json_key(&w, "stdout_cut_bytes");
    json_i64(&w, (int64_t)r->cut_bytes[EXEC_STDOUT]);
    json_key(&w, "stderr_cut_bytes");
    json_i64(&w, (int64_t)r->cut_bytes[EXEC_STDERR]);
    json_object_close(&w);
    json_end(&w);
}

void run_print_notes(const struct exec_spec *spec, const struct exec_result *r, struct buf *out)
{
    static const char *const names[EXEC_STREAM_COUNT] = {"standard output", "standard error"};
    for (int i = 0; i < EXEC_STREAM_COUNT; i++)
        if (r->cut_bytes[i])
            buf_printf(out, "%" PRIu64 " bytes of its %s were cut off (--limit)\n", r->cut_bytes[i],
                       names[i]);
    if (r->started && spec->limits.memory_bytes && !slice_eq_cstr(SLICE("cgroup"), r->memory_by))
        buf_append_cstr(out, "--max-memory bounds each of its processes by itself: no memory "
                             "cgroup can be made here\n");
    if (r->started && spec->limits.processes && !r->processes_by)
        buf_append_cstr(out, "--max-procs bounded nothing: no pids cgroup can be made here, and "
                             "the kernel does not hold root to the limit; give --user, too\n");
}
