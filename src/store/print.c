#include "store/print.h"

static void number(struct json_writer *w, const char *key, int64_t v)
{
    json_key_slice(w, slice_from(key));
    json_i64(w, v);
}

/* null: it is not known. */
static void known(struct json_writer *w, const char *key, int64_t v)
{
    json_key_slice(w, slice_from(key));
    if (v < 0)
        json_null(w);
    else
        json_i64(w, v);
}

static void text(struct json_writer *w, const char *key, const char *v)
{
    json_key_slice(w, slice_from(key));
    json_cstr(w, v && v[0] ? v : NULL);
}

void store_kv_print(const struct store_kv *kv, const char *type, struct json_writer *w)
{
    json_object_open(w);
    if (type)
        text(w, "type", type);
    json_key(w, "key");
    json_string(w, kv->key);
    json_key(w, "value");
    json_string(w, kv->value);
    number(w, "version", kv->version);
    number(w, "create_revision", kv->create_revision);
    number(w, "mod_revision", kv->mod_revision);
    number(w, "lease", kv->lease);
    json_object_close(w);
}

void store_status_print(const struct store_status *s, struct json_writer *w)
{
    json_object_open(w);
    text(w, "backend", s->backend);
    text(w, "version", s->version);
    text(w, "where", s->where);
    number(w, "revision", s->revision);
    known(w, "compacted_revision", s->compacted);
    known(w, "keys", s->keys);
    number(w, "bytes", s->bytes);
    json_key(w, "bytes_max");
    if (s->bytes_max)
        json_i64(w, s->bytes_max);
    else
        json_null(w);
    known(w, "leases", s->leases);
    number(w, "watches", s->watches);
    json_key(w, "writable");
    json_bool(w, s->writable);
    text(w, "trouble", s->trouble);
    json_key(w, "leader");
    if (s->leader)
        json_u64(w, s->leader);
    else
        json_null(w);
    json_object_close(w);
}
