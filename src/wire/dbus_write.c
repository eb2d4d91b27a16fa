#include "wire/dbus.h"

#include <errno.h>

#include "wire/dbus_form.h"

static int put_zeroes(struct buf *out, size_t count)
{
    static const char zeroes[DBUS_ALIGN_MAX];
    return buf_append(out, zeroes, count);
}

static int put_pad(struct buf *out, size_t align)
{
    return put_zeroes(out, dbus_padded(out->size, align) - out->size);
}

static void store_uint(char *to, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        to[i] = (char)(v >> 8 * i);
}

int dbus_put_uint(struct buf *body, enum dbus_type type, uint64_t value)
{
    char bytes[sizeof(value)];
    size_t size = dbus_fixed((char)type);
    store_uint(bytes, value, size);
    int r = put_pad(body, size);
    return r < 0 ? r : buf_append(body, bytes, size);
}

int dbus_put_text(struct buf *body, enum dbus_type type, struct slice text)
{
    int r = dbus_put_uint(body, type == DBUS_SIGNATURE ? DBUS_BYTE : DBUS_UINT32, text.size);
    if (r == 0)
        r = buf_append_slice(body, text);
    return r < 0 ? r : buf_append_byte(body, 0);
}

int dbus_put_struct(struct buf *body)
{
    return put_pad(body, DBUS_ALIGN_MAX);
}

int dbus_put_variant(struct buf *body, struct slice signature)
{
    return dbus_put_text(body, DBUS_SIGNATURE, signature);
}

int dbus_put_array(struct buf *body, enum dbus_type item, struct dbus_open_array *ret_array)
{
    int r = dbus_put_uint(body, DBUS_UINT32, 0);
    size_t length_at = body->size - 4;
    if (r == 0)
        r = put_pad(body, dbus_align((char)item));
    if (r == 0)
        *ret_array = (struct dbus_open_array){length_at, body->size};
    return r;
}

void dbus_end_array(struct buf *body, const struct dbus_open_array *array)
{
    store_uint(body->data + array->length_at, body->size - array->begin, 4);
}

/* ---- the whole ---- */

static int put_field(struct buf *head, uint8_t code, const struct dbus_message *m)
{
    const struct dbus_field_form *f = &dbus_fields[code];
    bool number = code == DBUS_FIELD_REPLY_SERIAL;
    struct slice text = number ? (struct slice){0}
                               : *(const struct slice *)((const char *)m + f->offset);
    if (number ? !m->reply_serial : !text.size)
        return 0;
    int r = dbus_put_struct(head);
    if (r == 0)
        r = dbus_put_uint(head, DBUS_BYTE, code);
    if (r == 0)
        r = dbus_put_variant(head, (struct slice){&f->type, 1});
    if (r < 0)
        return r;
    return number ? dbus_put_uint(head, DBUS_UINT32, m->reply_serial)
                  : dbus_put_text(head, (enum dbus_type)f->type, text);
}

static int put_head(struct buf *head, const struct dbus_message *m)
{
    struct dbus_open_array fields;
    const char first[] = {'l', (char)m->kind, (char)m->flags, 1};
    int r = buf_append(head, first, sizeof(first));
    if (r == 0)
        r = dbus_put_uint(head, DBUS_UINT32, m->body.size);
    if (r == 0)
        r = dbus_put_uint(head, DBUS_UINT32, m->serial);
    if (r == 0)
        r = dbus_put_array(head, DBUS_STRUCT, &fields);
    for (uint8_t i = 1; r == 0 && i < DBUS_FIELD_HANDLES; i++)
        r = put_field(head, i, m);
    if (r == 0)
        dbus_end_array(head, &fields);
    return r < 0 ? r : dbus_put_struct(head);
}

static int check(const struct dbus_message *m, struct err *err)
{
    struct dbus_message little = *m;
    little.big = false;
    if (m->kind < DBUS_CALL || m->kind > DBUS_SIGNAL)
        return err_set(err, -EINVAL, "no message has the kind %d", m->kind);
    for (size_t i = 1; i < DBUS_FIELD_HANDLES; i++) {
        const struct dbus_field_form *f = &dbus_fields[i];
        const struct slice *text = (const struct slice *)((const char *)m + f->offset);
        if (f->is && text->size && !f->is(*text))
            return err_set(err, -EINVAL, "'%.*s' cannot stand in the head's field %zu",
                           (int)(text->size < 80 ? text->size : 80), text->data, i);
    }
    if (dbus_check_fields(m, err) < 0 || dbus_check_body(&little, err) < 0) {
        err_wrap(err, "a message that is to be sent");
        if (err)
            err->code = -EINVAL;
        return -EINVAL;
    }
    return 0;
}

int dbus_write(struct buf *out, const struct dbus_message *m, struct err *err)
{
    struct buf head = BUF(MEM_WIRE, DBUS_MESSAGE_BYTES_MAX);
    size_t before = out->size;
    int r = check(m, err);
    if (r < 0)
        return r;
    r = put_head(&head, m);
    if (r == 0 && m->body.size > DBUS_MESSAGE_BYTES_MAX - head.size)
        r = -EMSGSIZE;
    if (r == 0)
        r = buf_append_slice(out, buf_slice(&head));
    if (r == 0)
        r = buf_append_slice(out, m->body);
    buf_done(&head);
    if (r == 0)
        return 0;
    if (out->data)
        out->data[out->size = before] = 0;
    return err_set(err, r, "a message of %zu bytes has no room", m->body.size);
}
