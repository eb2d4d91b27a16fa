#include "config/json_schema.h"

#include "config/reference.h"
#include "config/schema.h"
#include "wire/json.h"

#define DURATION_PATTERN                                                                           \
    "^[-+]?(0|(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|\xc2\xb5s|\xce\xbcs|ms|s|m|h))+)$"

static void reference(struct json_writer *w, const struct schema_struct *s)
{
    struct buf to = BUF(MEM_CONFIG, 0);
    buf_printf(&to, "#/$defs/%s", s->name);
    json_key(w, "$ref");
    json_string(w, buf_slice(&to));
    buf_done(&to);
}

static void text_rules(struct json_writer *w, const struct schema_field *f)
{
    if (f->words) {
        json_key(w, "enum");
        json_array_open(w);
        for (size_t i = 0; f->words[i]; i++)
            json_cstr(w, f->words[i]);
        json_array_close(w);
    } else if (f->pattern) {
        struct buf pattern = BUF(MEM_CONFIG, 0);
        buf_printf(&pattern, "^(?:%s)$", f->pattern);
        json_key(w, "pattern");
        json_string(w, buf_slice(&pattern));
        buf_done(&pattern);
    } else if (f->required && f->shape != SCHEMA_SLICE && f->shape != SCHEMA_TABLE) {
        json_key(w, "minLength");
        json_i64(w, 1);
    }
    if (f->is_regex) {
        json_key(w, "format");
        json_cstr(w, "regex");
    }
}

static void number_rules(struct json_writer *w, const struct schema_field *f)
{
    double scale = f->type == SCHEMA_FLOAT ? 1000 : 1;
    if (f->has_min) {
        json_key(w, "minimum");
        json_f64(w, (double)f->min / scale);
    }
    if (f->has_max) {
        json_key(w, "maximum");
        json_f64(w, (double)f->max / scale);
    }
}

/* The members that say what one value of the field is. */
static void one(struct json_writer *w, const struct schema_field *f)
{
    static const char *const types[] = {"string", "boolean", "integer", "number", "string"};
    if (f->type == SCHEMA_STRUCT) {
        reference(w, f->of);
        return;
    }
    json_key(w, "type");
    json_cstr(w, types[f->type]);
    if (f->type == SCHEMA_STRING)
        text_rules(w, f);
    if (f->type == SCHEMA_INT || f->type == SCHEMA_FLOAT)
        number_rules(w, f);
    if (f->type == SCHEMA_DURATION) {
        json_key(w, "pattern");
        json_cstr(w, DURATION_PATTERN);
    }
}

static void default_value(struct json_writer *w, const struct schema_field *f)
{
    json_key(w, "default");
    if (f->type == SCHEMA_STRING || f->type == SCHEMA_DURATION)
        json_cstr(w, f->dflt);
    else
        json_raw(w, slice_from(f->dflt)); /* numbers and true, as they stand */
}

static void property(struct json_writer *w, const struct schema_field *f)
{
    struct buf help = BUF(MEM_CONFIG, 0);
    buf_printf(&help, "%s ", f->help);
    schema_rule_words(f, &help);
    json_key_slice(w, slice_from(f->key));
    json_object_open(w);
    json_key(w, "description");
    json_string(w, slice_trim(buf_slice(&help)));
    buf_done(&help);
    if (f->dflt)
        default_value(w, f);
    if (f->shape == SCHEMA_ONE || f->shape == SCHEMA_POINTER) {
        one(w, f);
        json_object_close(w);
        return;
    }
    bool list = f->shape == SCHEMA_SLICE;
    json_key(w, "type");
    json_cstr(w, list ? "array" : "object");
    if (f->required) {
        json_key_slice(w, list ? SLICE("minItems") : SLICE("minProperties"));
        json_i64(w, 1);
    }
    if (list && f->has_max && f->type != SCHEMA_INT) {
        json_key(w, "maxItems");
        json_i64(w, f->max);
    }
    json_key_slice(w, list ? SLICE("items") : SLICE("additionalProperties"));
    json_object_open(w);
    one(w, f);
    json_object_close(w);
    json_object_close(w);
}

static void required(struct json_writer *w, const struct schema_struct *s)
{
    json_key(w, "required");
    json_array_open(w);
    for (size_t i = 0; i < s->field_count; i++)
        if (s->fields[i].required)
            json_cstr(w, s->fields[i].key);
    json_array_close(w);
}

static void choices(struct json_writer *w, const struct schema_struct *s)
{
    json_key(w, "oneOf");
    json_array_open(w);
    for (size_t i = 0; i < s->field_count; i++) {
        if (!s->fields[i].one_of)
            continue;
        json_object_open(w);
        json_key(w, "required");
        json_array_open(w);
        json_cstr(w, s->fields[i].key);
        json_array_close(w);
        json_object_close(w);
    }
    json_array_close(w);
}

static void definition(struct json_writer *w, const struct schema_struct *s)
{
    json_key_slice(w, slice_from(s->name));
    json_object_open(w);
    json_key(w, "type");
    json_cstr(w, "object");
    json_key(w, "description");
    json_cstr(w, s->help);
    json_key(w, "properties");
    json_object_open(w);
    for (size_t i = 0; i < s->field_count; i++)
        property(w, &s->fields[i]);
    json_object_close(w);
    required(w, s);
    if (s->one_of)
        choices(w, s);
    json_key(w, "additionalProperties");
    json_bool(w, false);
    json_object_close(w);
}

void json_schema_write(struct buf *out)
{
    struct json_writer w;
    json_begin(&w, out, 2);
    json_object_open(&w);
    json_key(&w, "$schema");
    json_cstr(&w, "https://json-schema.org/draft/2020-12/schema");
    json_key(&w, "$id");
    json_cstr(&w, "urn:firebreak:config:v1");
    json_key(&w, "title");
    json_cstr(&w, "Firebreak configuration");
    reference(&w, config_schema.root);
    json_key(&w, "$defs");
    json_object_open(&w);
    for (size_t i = 0; config_schema.structs[i]; i++)
        definition(&w, config_schema.structs[i]);
    json_object_close(&w);
    json_object_close(&w);
    json_end(&w);
    buf_append_byte(out, '\n');
}
