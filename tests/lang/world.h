/* world.h - a small schema and a package from texts, for the tests of the language. */
#ifndef FIREBREAK_TESTS_LANG_WORLD_H
#define FIREBREAK_TESTS_LANG_WORLD_H

#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "lang/lang.h"

#define FIELD(NAME, KEY, ...)                 \
    {                                         \
        .name = NAME, .key = KEY, __VA_ARGS__ \
    }
#define FIELDS(list) .fields = list, .field_count = ARRAY_LEN(list)

static const struct schema_field world_tcp_fields[] = {
    FIELD("Target", "target", .type = SCHEMA_STRING),
};
static const struct schema_struct world_tcp = {.name = "TCP", FIELDS(world_tcp_fields)};

static const struct schema_field world_http_fields[] = {
    FIELD("URL", "url", .type = SCHEMA_STRING),
    FIELD("Header", "header", .type = SCHEMA_STRING, .shape = SCHEMA_TABLE),
    FIELD("Status", "status", .type = SCHEMA_STRING, .shape = SCHEMA_SLICE),
};
static const struct schema_struct world_http = {.name = "HTTP", FIELDS(world_http_fields)};

static const struct schema_field world_asset_fields[] = {
    FIELD("Name", "name", .type = SCHEMA_STRING),
    FIELD("Namespace", "namespace", .type = SCHEMA_STRING),
    FIELD("Labels", "labels", .type = SCHEMA_STRING, .shape = SCHEMA_TABLE),
    FIELD("Owner", "owner", .type = SCHEMA_STRING),
    FIELD("DependsOn", "depends_on", .type = SCHEMA_STRING, .shape = SCHEMA_SLICE),
    FIELD("Settle", "settle", .type = SCHEMA_DURATION),
};
static const struct schema_struct world_asset = {
    .name = "Asset", .kind = "asset", FIELDS(world_asset_fields)};

static const struct schema_field world_check_fields[] = {
    FIELD("Name", "name", .type = SCHEMA_STRING),
    FIELD("Asset", "asset", .type = SCHEMA_STRING),
    FIELD("Every", "every", .type = SCHEMA_DURATION),
    FIELD("Fail", "fail", .type = SCHEMA_INT),
    FIELD("Ratio", "ratio", .type = SCHEMA_FLOAT),
    FIELD("Paused", "paused", .type = SCHEMA_BOOL),
    FIELD("Retries", "retries", .type = SCHEMA_INT, .shape = SCHEMA_POINTER),
    FIELD("TCP", "tcp", .type = SCHEMA_STRUCT, .shape = SCHEMA_POINTER, .of = &world_tcp),
    FIELD("HTTP", "http", .type = SCHEMA_STRUCT, .shape = SCHEMA_POINTER, .of = &world_http),
};
static const struct schema_struct world_check = {
    .name = "Check", .kind = "check", FIELDS(world_check_fields)};

static const struct schema_field world_log_fields[] = {
    FIELD("Level", "level", .type = SCHEMA_STRING),
};
static const struct schema_struct world_log = {.name = "Log", FIELDS(world_log_fields)};

static const struct schema_field world_config_fields[] = {
    FIELD("Log", "log", .type = SCHEMA_STRUCT, .of = &world_log),
    FIELD("Assets", "assets", .type = SCHEMA_STRUCT, .shape = SCHEMA_SLICE, .of = &world_asset),
    FIELD("Checks", "checks", .type = SCHEMA_STRUCT, .shape = SCHEMA_SLICE, .of = &world_check),
};
static const struct schema_struct world_config = {.name = "Config", FIELDS(world_config_fields)};

static const struct schema_struct *const world_structs[] = {
    &world_config, &world_log, &world_asset, &world_check, &world_tcp, &world_http, NULL};
static const struct schema world_schema = {.root = &world_config, .structs = world_structs};

enum { WORLD_FILES_MAX = 64 };

struct world {
    struct arena arena;
    struct source_set sources;
    struct config_faults faults;
    source_place files[WORLD_FILES_MAX];
    struct lang_package package;
    struct value *config;
    struct buf text;
};

static inline void world_begin(struct world *w)
{
    *w = (struct world){.arena = {.sub = MEM_TEST}, .text = BUF(MEM_TEST, 0)};
    w->sources.arena = w->faults.arena = &w->arena;
    w->package = (struct lang_package){.sources = &w->sources,
                                       .files = w->files,
                                       .schema = &world_schema,
                                       .faults = &w->faults,
                                       .arena = &w->arena};
}

static inline void world_file(struct world *w, const char *name, struct slice text)
{
    const struct source *s;
    if (source_add(&w->sources, SOURCE_FILE, name, text, &s) == 0)
        w->files[w->package.file_count++] = s->first;
}

static inline void world_end(struct world *w)
{
    buf_done(&w->text);
    arena_done(&w->arena);
}

/* ---- the tree as JSON, durations as nanoseconds with "ns" ---- */

static inline void world_quote(struct buf *to, struct slice s)
{
    buf_append_byte(to, '"');
    for (size_t i = 0; i < s.size; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (c == '"' || c == '\\')
            buf_printf(to, "\\%c", c);
        else if (c < 0x20)
            buf_printf(to, "\\u%04x", c);
        else
            buf_append_byte(to, (char)c);
    }
    buf_append_byte(to, '"');
}

static inline void world_print(struct buf *to, const struct value *v)
{
    bool first = true;
    switch (v->type) {
    case VALUE_BOOL:
        buf_append_cstr(to, v->boolean ? "true" : "false");
        break;
    case VALUE_INT:
        buf_printf(to, "%lld", (long long)v->integer);
        break;
    case VALUE_DURATION:
        buf_printf(to, "\"%lldns\"", (long long)v->integer);
        break;
    case VALUE_FLOAT:
        buf_printf(to, "%.17g", v->number);
        break;
    case VALUE_STRING:
        world_quote(to, v->text);
        break;
    case VALUE_LIST:
    case VALUE_MAP:
        buf_append_byte(to, v->type == VALUE_LIST ? '[' : '{');
        for (const struct value *c = v->first; c; c = c->next, first = false) {
            if (!first)
                buf_append_byte(to, ',');
            if (v->type == VALUE_MAP) {
                world_quote(to, value_key(c));
                buf_append_byte(to, ':');
            }
            world_print(to, c);
        }
        buf_append_byte(to, v->type == VALUE_LIST ? ']' : '}');
        break;
    case VALUE_BAD:
        buf_append_cstr(to, "BAD");
        break;
    default:
        buf_append_cstr(to, "null");
    }
}

/* Evaluates one file. Returns the tree as text; "" where there is none. */
static inline const char *world_eval(struct world *w, const char *source)
{
    world_begin(w);
    world_file(w, "ops.go", slice_from(source));
    lang_eval(&w->package, &w->config);
    if (w->config)
        world_print(&w->text, w->config);
    buf_append_byte(&w->text, 0);
    return w->text.data;
}

/* "line:column code message" of each fault, one a line. */
static inline const char *world_faults(struct world *w)
{
    config_faults_sort(&w->faults);
    buf_clear(&w->text);
    for (uint32_t i = 0; i < w->faults.count; i++) {
        const struct config_fault *f = &w->faults.items[i];
        struct source_point p = {0};
        source_point(&w->sources, f->at, &p);
        buf_printf(&w->text, "%s%u:%u %s %s", i ? "\n" : "", p.line, p.column,
                   config_fault_code_name(f->code), f->message);
    }
    buf_append_byte(&w->text, 0);
    return w->text.data;
}

/* ---- programs that check themselves, and programs that are refused ---- */

/* A program with a main that runs these statements; check(false) is a panic in its line. */
#define WORLD_MAIN(decls, body) \
    "package main\n" decls      \
    "\nfunc check(ok bool) { if !ok { panic(\"no\") } }\nfunc main() {\n" body "\n}\n"

/* Whether it runs to its end; its faults are printed. */
static inline bool world_runs(const char *source)
{
    struct world w;
    world_begin(&w);
    world_file(&w, "main.go", slice_from(source));
    bool ok = lang_run_main(&w.package) == 0;
    if (!ok)
        printf("# %s\n", world_faults(&w));
    world_end(&w);
    return ok;
}

/* Whether exactly these faults are told, "line:column code message" each. */
static inline bool world_refuses(const char *source, const char *want)
{
    struct world w;
    world_begin(&w);
    world_file(&w, "main.go", slice_from(source));
    lang_run_main(&w.package);
    bool ok = strcmp(world_faults(&w), want) == 0;
    if (!ok)
        printf("# got:\n%s\n# wanted:\n%s\n", w.text.data, want);
    world_end(&w);
    return ok;
}

/* Whether Config is this text. */
static inline bool world_gives(const char *source, const char *want)
{
    struct world w;
    bool ok = strcmp(world_eval(&w, source), want) == 0;
    if (!ok)
        printf("# got %s\n# %s\n", w.text.data, world_faults(&w));
    world_end(&w);
    return ok;
}

#endif
