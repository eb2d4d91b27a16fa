/* First byte: how it is read; the rest: a page. However it is cut, the answer is the same; what was
 * accepted reads back the same when it is written again; and what keeps every rule is taken without
 * the rules, too. */
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "wire/openmetrics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_labels(struct buf *out, const struct openmetrics_labels *l)
{
    buf_append_cstr(out, "{");
    for (uint32_t i = 0; i < l->count; i++) {
        buf_printf(out, "%s%.*s=\"", i ? "," : "", SLICE_ARG(l->items[i].name));
        for (size_t j = 0; j < l->items[i].value.size; j++) {
            char c = l->items[i].value.data[j];
            if (c == '\\' || c == '"')
                buf_append_byte(out, '\\');
            buf_append(out, c == '\n' ? "\\n" : &c, c == '\n' ? 2 : 1);
        }
        buf_append_cstr(out, "\"");
    }
    buf_append_cstr(out, "} ");
}

static void put(struct buf *out, const struct openmetrics_sample *s, bool older)
{
    buf_append_slice(out, s->name);
    put_labels(out, &s->labels);
    buf_printf(out, "%.17g", s->value);
    if (s->has_timestamp && older)
        buf_printf(out, " %lld", (long long)(s->timestamp_ns / 1000000));
    else if (s->has_timestamp)
        buf_printf(out, " %s%llu.%09llu", s->timestamp_ns < 0 ? "-" : "",
                   (unsigned long long)llabs(s->timestamp_ns / 1000000000),
                   (unsigned long long)llabs(s->timestamp_ns % 1000000000));
    if (s->has_exemplar) {
        buf_append_cstr(out, " # ");
        put_labels(out, &s->exemplar);
        buf_printf(out, "%.17g", s->exemplar_value);
    }
    buf_append_cstr(out, "\n");
}

static int read_page(bool strict, bool older, struct slice page, size_t step, struct buf *out,
                     struct err *err)
{
    struct openmetrics_options o = {.strict = strict};
    struct openmetrics *p = openmetrics_new(&o);
    const struct openmetrics_sample *s;
    int r = 0;
    openmetrics_begin(p, older ? OPENMETRICS_PROMETHEUS_0_0_4 : OPENMETRICS_1_0);
    for (size_t at = 0; at < page.size && r >= 0; at += step) {
        struct slice in = slice_sub(page, at, at + step);
        while ((r = openmetrics_next(p, &in, &s, err)) > 0)
            put(out, s, older);
        assert(r < 0 || in.size == 0);
    }
    if (r == 0)
        r = openmetrics_end(p, err);
    assert(r == 0 || (err->text[0] && openmetrics_line(p) > 0 && openmetrics_column(p) > 0));
    openmetrics_free(p);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text[3] = {BUF(MEM_TEST, 0), BUF(MEM_TEST, 0), BUF(MEM_TEST, 0)};
    struct err err[3] = {{0}, {0}, {0}};
    if (size == 0)
        return 0;
    bool strict = data[0] & 1, older = data[0] & 2;
    struct slice page = {(const char *)data + 1, size - 1};
    int r = read_page(strict, older, page, size, &text[0], &err[0]);
    assert(read_page(strict, older, page, 1 + data[0] / 8u, &text[1], &err[1]) == r);
    assert(slice_eq(buf_slice(&text[0]), buf_slice(&text[1])));
    assert(slice_eq_cstr(slice_from(err[0].text), err[1].text));
    if (r == 0) {
        assert(!strict || read_page(false, older, page, size, &text[2], &err[2]) == 0);
        buf_clear(&text[1]);
        buf_clear(&text[2]);
        buf_append_slice(&text[1], buf_slice(&text[0]));
        buf_append_cstr(&text[1], older ? "" : "# EOF\n");
        assert(read_page(false, older, buf_slice(&text[1]), size, &text[2], &err[2]) == 0);
        assert(slice_eq(buf_slice(&text[0]), buf_slice(&text[2])));
    }
    for (int i = 0; i < 3; i++)
        buf_done(&text[i]);
    return 0;
}
