#include "cli/probe_prom.h"

#include "base/utf8.h"

/* A label's value is UTF-8 in which '\', '"' and the line's end are escaped. */
static void label(struct buf *out, const char *name, struct slice value)
{
    buf_printf(out, "%s=\"", name);
    while (value.size) {
        const char *at = value.data;
        bool valid = true;
        utf8_next(&value, &valid);
        if (!valid)
            buf_append_cstr(out, "\xEF\xBF\xBD");
        else if (*at == '\n')
            buf_append_cstr(out, "\\n");
        else if (*at == '\\' || *at == '"')
            buf_append(out, (char[]){'\\', *at}, 2);
        else
            buf_append(out, at, (size_t)(value.data - at));
    }
    buf_append_byte(out, '"');
}

static void head(struct buf *out, const char *name, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

void probe_prom_success_head(struct buf *out)
{
    head(out, "probe_success", "Whether the target was well (1) or not (0).");
}

void probe_prom_duration_head(struct buf *out)
{
    head(out, "probe_duration_seconds", "How long each phase of the probe took.");
}

void probe_prom_breakers_head(struct buf *out)
{
    head(out, "firebreak_probe_breakers", "Targets by the state of their breaker.");
}

void probe_prom_success(struct slice target, bool ok, struct buf *out)
{
    buf_append_cstr(out, "probe_success{");
    label(out, "target", target);
    buf_append_cstr(out, ok ? "} 1\n" : "} 0\n");
}

void probe_prom_duration(struct slice target, const char *phase, int64_t ns, struct buf *out)
{
    if (ns == PROBE_NONE)
        return;
    buf_append_cstr(out, "probe_duration_seconds{");
    label(out, "target", target);
    buf_append_byte(out, ',');
    label(out, "phase", slice_from(phase));
    buf_printf(out, "} %.9g\n", (double)ns / 1e9);
}

void probe_prom_breakers(enum probe_breaker state, int64_t count, struct buf *out)
{
    buf_printf(out, "firebreak_probe_breakers{state=\"%s\"} %lld\n", probe_breaker_name(state),
               (long long)count);
}
