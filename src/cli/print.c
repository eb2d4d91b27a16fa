#include "cli/print.h"

#include <string.h>

#include "base/arena.h"
#include "wire/json.h"
#include "wire/jsonpath.h"

static const char *const words[CLI_FORM_COUNT] = {
    [CLI_FORM_TABLE] = "table", [CLI_FORM_WIDE] = "wide", [CLI_FORM_TEXT] = "text",
    [CLI_FORM_JSON] = "json",   [CLI_FORM_JSONL] = "jsonl", [CLI_FORM_YAML] = "yaml",
    [CLI_FORM_NAME] = "name",   [CLI_FORM_JSONPATH] = "jsonpath=",
    [CLI_FORM_PROM] = "prom",
};

enum cli_form cli_form_of(const char *output, enum cli_form dflt)
{
    if (cli_jsonpath_of(output))
        return CLI_FORM_JSONPATH;
    for (int i = 0; output && i < CLI_FORM_COUNT; i++)
        if (slice_eq_cstr(slice_from(output), words[i]))
            return (enum cli_form)i;
    return dflt;
}

/* ---- JSON paths ---- */

const char *cli_jsonpath_of(const char *output)
{
    const char *word = words[CLI_FORM_JSONPATH];
    size_t size = strlen(word);
    return output && strncmp(output, word, size) == 0 ? output + size : NULL;
}

int cli_jsonpath_check(const char *output, struct err *err)
{
    struct arena a = ARENA(MEM_CLI, 0);
    struct jsonpath *path;
    const char *expression = cli_jsonpath_of(output);
    int r = expression ? jsonpath_parse(slice_from(expression), &a, &path, err) : 0;
    if (r < 0)
        err_wrap(err, "-o jsonpath");
    arena_done(&a);
    return r;
}

static void put_value(const struct json_value *v, struct buf *out)
{
    struct json_writer w;
    if (v->type == JSON_STRING) {
        buf_append_slice(out, v->text);
    } else {
        json_begin(&w, out, 0);
        json_tree(&w, v);
        json_end(&w);
    }
    buf_append_byte(out, '\n');
}

int cli_jsonpath_print(const char *expression, struct slice json, struct buf *out,
                       struct err *err)
{
    struct arena a = ARENA(MEM_CLI, 0);
    struct jsonpath *path;
    struct json_value *root;
    struct jsonpath_nodes found;
    int r = jsonpath_parse(slice_from(expression), &a, &path, err);
    if (r == 0)
        r = json_parse(json, &a, 0, &root, NULL);
    if (r == 0) {
        r = jsonpath_select(path, root, &a, &found);
        if (r < 0)
            err_set(err, r, "-o jsonpath: more than %d values", JSONPATH_NODES_MAX);
    }
    for (uint32_t i = 0; r == 0 && i < found.count; i++)
        put_value(found.node[i], out);
    arena_done(&a);
    return r;
}

/* ---- YAML (1.2): our JSON values in block style ---- */

/* A plain scalar that no reader takes for anything but a string: a word that begins with a
 * letter, is none of YAML's own words, and holds nothing that YAML gives a meaning. */
static bool plain(struct slice s)
{
    static const char *const taken[] = {"null", "true", "false", "yes", "no",
                                        "on",   "off",  "y",     "n"};
    if (s.size == 0 || !((s.data[0] | 32) >= 'a' && (s.data[0] | 32) <= 'z'))
        return false;
    for (size_t i = 0; i < s.size; i++) {
        char c = s.data[i], l = (char)(c | 32);
        if (!((l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'))
            return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(taken); i++)
        if (slice_eq_nocase(s, slice_from(taken[i])))
            return false;
    return true;
}

static void scalar(const struct json_value *v, struct buf *out)
{
    struct json_writer w;
    if (v->type == JSON_STRING && plain(v->text)) {
        buf_append_slice(out, v->text);
        return;
    }
    json_begin(&w, out, 0);
    json_tree(&w, v);
    json_end(&w);
}

static void indent(struct buf *out, uint32_t depth)
{
    for (uint32_t i = 0; i < depth; i++)
        buf_append_cstr(out, "  ");
}

static bool nested(const struct json_value *v)
{
    return (v->type == JSON_ARRAY || v->type == JSON_OBJECT) && v->count > 0;
}

/* The depth is that of json_parse, which bounds it. */
static void block(const struct json_value *v, uint32_t depth, bool inlined, struct buf *out)
{
    for (const struct json_value *c = v->first; c; c = c->next) {
        if (!inlined)
            indent(out, depth);
        inlined = false;
        if (v->type == JSON_OBJECT) {
            struct json_value key = {.type = JSON_STRING, .text = c->key};
            scalar(&key, out);
            buf_append_cstr(out, nested(c) ? ":\n" : ": ");
        } else {
            buf_append_cstr(out, "- ");
        }
        if (!nested(c)) {
            scalar(c, out);
            buf_append_byte(out, '\n');
        } else {
            block(c, depth + 1, v->type == JSON_ARRAY, out);
        }
    }
}

static void yaml(struct slice json, uint32_t depth, bool inlined, struct buf *out)
{
    struct arena a = ARENA(MEM_CLI, 0);
    struct json_value *v;
    if (json_parse(json, &a, 0, &v, NULL) == 0)
        block(v, depth, inlined, out);
    arena_done(&a);
}

/* ---- lists ---- */

void cli_list_begin(enum cli_form form, struct buf *out)
{
    if (form == CLI_FORM_JSON || form == CLI_FORM_JSONPATH)
        buf_append_cstr(out, "{\"items\":[");
    if (form == CLI_FORM_YAML)
        buf_append_cstr(out, "items:\n");
}

void cli_list_item(enum cli_form form, struct slice json, bool first, struct buf *out)
{
    if (form == CLI_FORM_YAML) {
        buf_append_cstr(out, "- ");
        yaml(json, 1, true, out);
        return;
    }
    bool list = form == CLI_FORM_JSON || form == CLI_FORM_JSONPATH;
    if (list)
        buf_append_cstr(out, first ? "\n" : ",\n");
    buf_append_slice(out, json);
    if (!list)
        buf_append_byte(out, '\n');
}

void cli_list_end(enum cli_form form, int64_t revision, struct buf *out)
{
    if (form == CLI_FORM_JSON || form == CLI_FORM_JSONPATH)
        buf_printf(out, "\n],\"next\":\"\",\"revision\":%lld}\n", (long long)revision);
    if (form == CLI_FORM_YAML)
        buf_printf(out, "next: \"\"\nrevision: %lld\n", (long long)revision);
}

void cli_object(enum cli_form form, struct slice json, struct buf *out)
{
    if (form == CLI_FORM_YAML) {
        yaml(json, 0, false, out);
        return;
    }
    buf_append_slice(out, json);
    buf_append_byte(out, '\n');
}
