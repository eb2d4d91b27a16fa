#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "app/app.h"
#include "app/chain.h"
#include "app/out.h"
#include "app/probe_diff.h"
#include "app/probe_explain.h"
#include "app/progress.h"
#include "app/prom.h"
#include "app/spec.h"
#include "app/summary.h"
#include "base/duration.h"
#include "base/utf8.h"
#include "cli/print.h"
#include "cli/probe_print.h"
#include "host/limits.h"
#include "host/pages.h"
#include "observe/observe.h"
#include "rt/file.h"
#include "rt/interrupt.h"
#include "rt/stdio.h"

enum {
    FILE_BYTES_MAX = 64 * 1024 * 1024, /* of a file of targets */
    TARGET_COLUMNS_MAX = 48,
    PATHS_BYTES_MAX = 256 * 1024 * 1024, /* of results that wait for -o jsonpath to be asked */
    TARGETS_MEASURED_MAX = 1000, /* whose names decide how wide a table is */
};

/* One loop's part: only its own tasks touch it. */
struct part {
    struct out out;
    struct buf list; /* jsonpath: the items, to be asked at the end */
    struct summary summary;
};

struct probing {
    struct app *app;
    const struct probe_options *options;
    struct probe_spec spec;
    struct probe_chain chain; /* --step */
    struct target_set *targets;
    enum cli_form form;
    struct probe_table table;
    struct part *parts;
    const struct summary **summaries; /* of the parts */
    struct prom *prom;       /* -o prom */
    struct probe_diff *diff; /* --diff */
    atomic_int first; /* item of a list: 0 to come, 1 being written, 2 written */
    struct probe_progress progress;
    atomic_bool stop; /* asked for by another loop */
    atomic_bool paths_full;
    struct rt_group run_group;
    rt_time begin;
    struct rt_interrupt interrupt;
    int run_result;
    _Atomic int output_error;
    struct err run_err;
    int status;
};

/* ---- targets ---- */

/* Returns an exit status. */
static int add_file(struct probing *p, const char *path, struct err *err)
{
    bool input = strcmp(path, "-") == 0;
    const char *name = input ? "stdin" : path[0] ? path : "''";
    struct buf text = BUF(MEM_APP, FILE_BYTES_MAX);
    int r = input ? rt_input_read_all(RT_STDIN, &text, RT_NEVER)
                  : rt_file_read_all(path, &text, RT_NEVER);
    if (r == -EMSGSIZE)
        err_set(err, r, "%s: longer than %d MiB", name, FILE_BYTES_MAX >> 20);
    else if (r < 0)
        err_sys(err, r, "%s", name);
    int status = r < 0 ? EXIT_UNREACHABLE : EXIT_WELL;
    if (r == 0 &&
        target_set_add_lines(p->targets, buf_slice(&text), name, err) < 0)
        status = EXIT_USAGE;
    buf_done(&text);
    return status;
}

static int collect_targets(struct probing *p, struct err *err)
{
    const struct cli_parsed *parsed = &p->app->parsed;
    const struct probe_options *o = p->options;
    p->targets = target_set_new();
    if (o->steps.count) {
        if (parsed->operand_count || o->files.count)
            err_set(err, -EINVAL, "either TARGETs or --step: a chain is probed by itself");
        else if (target_set_add_chain(p->targets, &p->chain, err) == 0)
            return EXIT_WELL;
        return EXIT_USAGE;
    }
    for (uint32_t i = 0; i < parsed->operand_count; i++)
        if (target_set_add(p->targets, slice_from(parsed->operands[i]), err) < 0)
            return EXIT_USAGE;
    const struct cli_list *files = &p->options->files;
    for (uint32_t i = 0; i < files->count; i++) {
        int status = add_file(p, files->items[i], err);
        if (status)
            return status;
    }
    if (target_set_count(p->targets) > 0)
        return EXIT_WELL;
    if (files->count)
        err_set(err, -EINVAL, "%s names no target", files->items[files->count - 1]);
    else
        err_set(err, -EINVAL, "which target? HOST:PORT, a URL, or -f FILE");
    return EXIT_USAGE;
}

static void measure_targets(struct probing *p)
{
    uint64_t count = target_set_count(p->targets);
    for (uint64_t i = 0; i < count && i < TARGETS_MEASURED_MAX; i++) {
        struct target_slot slot;
        target_set_get(p->targets, i, &slot);
        size_t size = slot.target.name.size;
        if (size > p->table.target_columns)
            p->table.target_columns = size < TARGET_COLUMNS_MAX ? size : TARGET_COLUMNS_MAX;
    }
}

/* ---- results ---- */

/* The first item of a list has no comma before it, so it must be out before any loop's second. */
static bool claim_first(struct probing *p)
{
    int none = 0;
    if (atomic_compare_exchange_strong(&p->first, &none, 1))
        return true;
    rt_shield_begin();
    while (atomic_load(&p->first) != 2)
        rt_sleep(rt_now() + RT_MS);
    rt_shield_end();
    return false;
}

static void keep_for_paths(struct probing *p, struct part *part, struct slice json)
{
    if (part->list.size + json.size > PATHS_BYTES_MAX / (size_t)p->options->loops) {
        atomic_store(&p->paths_full, true);
        atomic_store(&p->stop, true);
        return;
    }
    cli_list_item(CLI_FORM_JSONPATH, json, part->list.size == 0, &part->list);
}

static void print_item(struct probing *p, struct part *part, const struct probe_result *r)
{
    struct buf json = BUF(MEM_APP, 0);
    if (p->form == CLI_FORM_JSONPATH) {
        probe_print_json(r, &json);
        keep_for_paths(p, part, buf_slice(&json));
        buf_done(&json);
        return;
    }
    bool first = claim_first(p);
    probe_print_json(r, &json);
    cli_list_item(p->form, buf_slice(&json), first, out_begin(&part->out));
    out_end(&part->out);
    if (first) {
        out_flush(&part->out);
        atomic_store(&p->first, 2);
    }
    buf_done(&json);
}

static void print_result(struct probing *p, const struct probe_result *r, struct buf *out)
{
    switch (p->form) {
    case CLI_FORM_TABLE:
    case CLI_FORM_WIDE:
        probe_print_row(r, &p->table, out);
        return;
    case CLI_FORM_TEXT:
        probe_print_text(r, p->app->color_out, out);
        return;
    case CLI_FORM_NAME:
        if (p->app->out_terminal)
            utf8_append_shown(out, r->target->name);
        else
            buf_append_slice(out, r->target->name);
        buf_append_byte(out, '\n');
        return;
    case CLI_FORM_JSONL:
        probe_print_json(r, out);
        buf_append_byte(out, '\n');
        return;
    default:
        return; /* lists: print_item */
    }
}

static void on_result(void *ctx, const struct probe_result *r)
{
    struct probing *p = ctx;
    struct part *part = &p->parts[rt_loop_index()];
    summary_take(&part->summary, r);
    if (p->diff) {
        probe_diff_take(p->diff, r, p->form, out_begin(&part->out));
        out_end(&part->out);
        return;
    }
    if (p->prom) {
        prom_take(p->prom, r);
        return;
    }
    if (p->form == CLI_FORM_JSON || p->form == CLI_FORM_YAML || p->form == CLI_FORM_JSONPATH) {
        print_item(p, part, r);
        return;
    }
    print_result(p, r, out_begin(&part->out));
    out_end(&part->out);
}

/* ---- the run ---- */

static void on_output_error(void *ctx, int code)
{
    struct probing *p = ctx;
    p->output_error = code;
    atomic_store(&p->stop, true);
}

static int on_begin(void *ctx)
{
    struct probing *p = ctx;
    return out_open(&p->parts[rt_loop_index()].out, on_output_error, p);
}

static void on_end(void *ctx)
{
    struct probing *p = ctx;
    int r = out_close(&p->parts[rt_loop_index()].out);
    if (r < 0)
        p->output_error = r;
}

static void run_main(void *arg)
{
    struct probing *p = arg;
    const struct probe_options *o = p->options;
    struct probe_run run = {
        .spec = &p->spec,
        .targets = p->targets,
        .in_flight = (uint32_t)o->in_flight,
        .rate = o->rate,
        .every_ns = o->every_ns,
        .every_failed_ns = probe_every_failed(o),
        .rounds = (uint64_t)o->count,
        .on_begin = on_begin,
        .on_end = on_end,
        .on_result = on_result,
        .ctx = p,
    };
    p->run_result = probe_run(&run, &p->progress, &p->run_err);
}

/* ---- what is told on standard error ---- */

static uint64_t count_of(const struct probing *p, enum probe_reason reason)
{
    return summary_count(p->summaries, (int)p->options->loops, reason);
}

/* "ETA 1m20s": by the rate so far. */
static void put_eta(uint64_t done, uint64_t total, double seconds, struct buf *line)
{
    enum { ETA_SHOWN_MAX_S = 1000 * 3600 };
    if (done == 0 || done >= total)
        return;
    double left = seconds * (double)(total - done) / (double)done;
    if (left >= ETA_SHOWN_MAX_S)
        return;
    int64_t s = (int64_t)left + 1;
    char text[DURATION_TEXT_MAX];
    buf_printf(line, "  ETA %s", duration_format(s * RT_SEC, text));
}

static void progress_line(void *ctx, size_t columns, struct buf *out)
{
    enum { BAR_COLUMNS = 24, BAR_FROM_COLUMNS = 90 };
    struct probing *p = ctx;
    uint64_t done = atomic_load(&p->progress.done), total = target_set_count(p->targets);
    uint64_t flying = atomic_load(&p->progress.in_flight);
    double seconds = (double)(rt_now() - p->begin) / 1e9;
    struct buf line = BUF(MEM_APP, 0);
    if (p->options->every_ns) {
        buf_printf(&line, "%llu probed", (unsigned long long)done);
    } else {
        if (columns >= BAR_FROM_COLUMNS)
            progress_bar(&line, done, total, BAR_COLUMNS);
        buf_printf(&line, " %llu of %llu", (unsigned long long)done, (unsigned long long)total);
    }
    buf_printf(&line, "  %.0f/s", (double)done / (seconds > 0 ? seconds : 1));
    if (!p->options->every_ns)
        put_eta(done, total, seconds, &line);
    buf_printf(&line, "  %llu in flight  ", (unsigned long long)flying);
    summary_reasons(p->summaries, (int)p->options->loops, &line);
    if (atomic_load(&p->progress.limited))
        buf_append_cstr(&line, "  (slowed by our own limits)");
    buf_append_slice(out, utf8_cut_columns(buf_slice(&line), columns));
    buf_done(&line);
}

static void summary_tell(const struct probing *p)
{
    struct buf text = BUF(MEM_APP, 0);
    summary_print(p->summaries, (int)p->options->loops,
                  (double)(rt_now_exact() - p->begin) / 1e9, &text);
    rt_output_write_now(RT_STDERR, text.data, text.size);
    buf_done(&text);
}

/* Fewer results than rounds times targets: that must not go unsaid. */
static void tell_left_out(struct probing *p)
{
    uint64_t n = atomic_load(&p->progress.left_out);
    struct buf line = BUF(MEM_APP, 0);
    if (n == 0)
        return;
    buf_printf(&line, "firebreak probe: %llu probes were left out, as they would have begun a "
               "whole round late: more time (--every) or more at once (--in-flight)?\n",
               (unsigned long long)n);
    rt_output_write_now(RT_STDERR, line.data, line.size);
    buf_done(&line);
}

/* ---- in the runtime ---- */

/* What stands around the items; nothing else is being written then. */
static void print_paths(struct probing *p, struct buf *out)
{
    struct buf whole = BUF(MEM_APP, 0);
    struct err err = {0};
    cli_list_begin(CLI_FORM_JSONPATH, &whole);
    for (int i = 0; i < p->options->loops; i++) {
        if (whole.data[whole.size - 1] == '}' && p->parts[i].list.size)
            buf_append_byte(&whole, ',');
        buf_append_slice(&whole, buf_slice(&p->parts[i].list));
        buf_done(&p->parts[i].list);
    }
    cli_list_end(CLI_FORM_JSONPATH, 0, &whole);
    const char *expression = cli_jsonpath_of(p->app->parsed.globals.output);
    if (cli_jsonpath_print(expression, buf_slice(&whole), out, &err) < 0)
        p->status = app_fail(p->app, EXIT_USAGE, &err);
    buf_done(&whole);
}

static int write_piece(void *ctx, struct slice piece)
{
    struct probing *p = ctx;
    rt_shield_begin();
    if (p->output_error == 0)
        p->output_error = rt_output_write(RT_STDOUT, piece.data, piece.size, RT_NEVER);
    rt_shield_end();
    return p->output_error;
}

static void write_around(struct probing *p, bool begin)
{
    struct buf text = BUF(MEM_APP, 0);
    if (p->diff && !begin && p->run_result == 0)
        probe_diff_end(p->diff, p->form, &text);
    else if (p->diff)
        ;
    else if (p->prom && !begin)
        prom_write(p->prom, &p->progress, p->options->every_ns != 0, write_piece, p);
    else if (p->form == CLI_FORM_JSONPATH && !begin)
        print_paths(p, &text);
    else if (p->form == CLI_FORM_JSONPATH)
        ;
    else if (!begin)
        cli_list_end(p->form, 0, &text);
    else if (p->form == CLI_FORM_TABLE || p->form == CLI_FORM_WIDE)
        probe_print_head(&p->table, &text);
    else
        cli_list_begin(p->form, &text);
    if (text.size)
        write_piece(p, buf_slice(&text));
    buf_done(&text);
}

static void watch_stop(void *arg)
{
    enum { LOOK_EVERY_MS = 50 };
    struct probing *p = arg;
    while (rt_sleep(rt_now() + LOOK_EVERY_MS * RT_MS) == 0)
        if (atomic_load(&p->stop))
            rt_group_cancel(&p->run_group);
}

static int drive(struct probing *p)
{
    struct rt_group helpers;
    struct progress progress;
    rt_group_init(&helpers, "probe command");
    rt_group_init(&p->run_group, "probe run");
    p->interrupt.cancels = &p->run_group;
    if (p->app->progress)
        progress_start(&progress, progress_line, p);
    write_around(p, true);
    int r = rt_go(&helpers, rt_interrupt_watch, &p->interrupt);
    if (r == 0)
        r = rt_go(&helpers, watch_stop, p);
    if (r == 0)
        r = rt_go(&p->run_group, run_main, p);
    rt_group_wait(&p->run_group, RT_NEVER);
    rt_group_done(&p->run_group);
    rt_group_done(&helpers);
    if (p->app->progress)
        progress_stop(&progress);
    write_around(p, false);
    return r;
}

static int judge(const struct probing *p)
{
    struct err err = p->run_err;
    if (p->interrupt.signal)
        return EXIT_SIGNAL + p->interrupt.signal;
    if (p->output_error && p->output_error != -EPIPE) {
        err_sys(&err, p->output_error, "write to standard output");
        return app_fail(p->app, EXIT_UNREACHABLE, &err);
    }
    if (p->paths_full) {
        err_set(&err, -E2BIG, "-o jsonpath: more than %d MiB of results, and it wants them all at "
                "once: -o jsonl writes each as it comes", PATHS_BYTES_MAX >> 20);
        return app_fail(p->app, EXIT_USAGE, &err);
    }
    if (p->run_result < 0 && p->run_result != -ECANCELED)
        return app_fail(p->app, EXIT_UNREACHABLE, &err);
    if (p->diff)
        return probe_diff_count(p->diff) ? EXIT_NO : EXIT_WELL;
    for (int i = 0; i < REASON_COUNT; i++)
        if (i != REASON_OK && count_of(p, (enum probe_reason)i))
            return EXIT_NO;
    return EXIT_WELL;
}

/* What else the form of output needs before the first result. Returns an exit status. */
static int prepare(struct probing *p, struct err *err)
{
    if (p->options->diff) {
        int r = probe_diff_open(p->options->diff, &p->diff, err);
        return r == 0 ? EXIT_WELL : r == -EBADMSG ? EXIT_USAGE : EXIT_UNREACHABLE;
    }
    if (p->form == CLI_FORM_PROM && prom_open(p->targets, &p->prom, err) < 0)
        return EXIT_USAGE;
    measure_targets(p);
    return EXIT_WELL;
}

static void probe_main(void *arg)
{
    struct probing *p = arg;
    struct err err = {0};
    p->status = collect_targets(p, &err);
    if (p->status == EXIT_WELL && p->options->explain) {
        p->status = probe_explain(p->app, &p->spec, p->targets);
        return;
    }
    if (p->status == EXIT_WELL)
        p->status = prepare(p, &err);
    if (p->status) {
        app_fail(p->app, p->status, &err);
        return;
    }
    p->begin = rt_now_exact();
    if (drive(p) < 0) {
        err_set(&err, -ENOMEM, "no memory for the first task");
        p->status = app_fail(p->app, EXIT_UNREACHABLE, &err);
        return;
    }
    if (p->app->progress && target_set_count(p->targets) > 1)
        summary_tell(p);
    tell_left_out(p);
    if (p->status == EXIT_WELL)
        p->status = judge(p);
}

/* Not every option goes with every form. Returns 0 or -EINVAL. */
static int check_forms(const struct probing *p, struct err *err)
{
    const struct probe_options *o = p->options;
    bool words = p->form == CLI_FORM_TABLE || p->form == CLI_FORM_WIDE || p->form == CLI_FORM_TEXT;
    if (o->explain && !words)
        return err_set(err, -EINVAL, "--explain tells in words: not with -o %s",
                       p->app->parsed.globals.output);
    if (o->explain && (o->every_ns || o->diff))
        return err_set(err, -EINVAL, "--explain looks once, and by itself: not with --every or "
                       "--diff");
    if (o->diff && !words && p->form != CLI_FORM_JSONL)
        return err_set(err, -EINVAL, "--diff prints text or jsonl: not -o %s",
                       p->app->parsed.globals.output);
    if (o->diff && o->every_ns)
        return err_set(err, -EINVAL, "--diff compares one round with a former run: not with "
                       "--every");
    return 0;
}

static void release(struct probing *p)
{
    for (int i = 0; p->parts && i < p->options->loops; i++)
        summary_done(&p->parts[i].summary);
    prom_close(p->prom);
    probe_diff_close(p->diff);
    target_set_free(p->targets);
    probe_spec_done(&p->spec);
    probe_chain_done(&p->chain);
    mem_free(MEM_APP, p->summaries);
    mem_free(MEM_APP, p->parts);
    mem_free(MEM_APP, p);
}

static int run_probing(struct probing *p)
{
    int loops = (int)p->options->loops, status;
    struct err err = {0};
    if (probe_spec_from(p->options, &p->app->arena, &p->spec, &err) < 0 ||
        check_forms(p, &err) < 0)
        return app_fail(p->app, EXIT_USAGE, &err);
    if (probe_chain_from(&p->app->parsed, &p->app->arena, &p->chain, &err) < 0)
        return app_fail(p->app, EXIT_USAGE, &err);
    p->parts = mem_alloc(MEM_APP, (size_t)loops * sizeof(p->parts[0]));
    p->summaries = mem_alloc(MEM_APP, (size_t)loops * sizeof(p->summaries[0]));
    for (int i = 0; i < loops; i++)
        p->summaries[i] = &p->parts[i].summary;
    host_raise_descriptors();
    host_forget_start();
    status = app_log_open(p->app, false);
    if (status == EXIT_WELL)
        status = app_run(p->app, loops, probe_main, p);
    return status == EXIT_WELL ? p->status : status;
}

int app_probe(struct app *app)
{
    struct probing *p = mem_alloc(MEM_APP, sizeof(*p));
    p->app = app;
    p->options = app->parsed.values;
    p->form = cli_form_of(app->parsed.globals.output,
                          app->out_terminal ? CLI_FORM_TABLE : CLI_FORM_TEXT);
    p->table = (struct probe_table){
        .target_columns = sizeof("TARGET") - 1,
        .wide = p->form == CLI_FORM_WIDE,
        .color = app->color_out,
    };
    int status = run_probing(p);
    release(p);
    return status;
}
