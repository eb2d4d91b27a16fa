#include "wire/pgwire.h"

#include <errno.h>
#include <openssl/evp.h>

#include "wire/octets.h"

enum { HEAD_BYTES = 5, PROTOCOL_3 = 3 << 16, SSL_REQUEST = 80877103 };

ptrdiff_t pgwire_parse(struct slice in, struct pgwire_message *ret, struct err *err)
{
    /* Of what comes before a login: errors, notices, authentication, parameters, and the answer
     * to a query. Anything else is no PostgreSQL, and its length means nothing. */
    static const char types[] = "RENSKZTDCIvA1";
    if (in.size == 0)
        return 0;
    if (!memchr(types, in.data[0], sizeof(types) - 1))
        return err_set(err, -EBADMSG, "byte 0x%02x begins no message", (unsigned char)in.data[0]);
    if (in.size < HEAD_BYTES)
        return 0;
    struct octets o = octets_of(in);
    char type = (char)octets_u8(&o);
    uint32_t size = octets_u32(&o);
    if (size < 4)
        return err_set(err, -EBADMSG, "a message of %u bytes is shorter than its own length", size);
    if (size > PGWIRE_MESSAGE_BYTES_MAX)
        return err_set(err, -EMSGSIZE, "a message of %u bytes, more than %d", size,
                       PGWIRE_MESSAGE_BYTES_MAX);
    if (octets_left(&o) < size - 4)
        return 0;
    *ret = (struct pgwire_message){type, octets_take(&o, size - 4)};
    return (ptrdiff_t)size + 1;
}

int pgwire_parse_fault(struct slice body, struct pgwire_fault *ret)
{
    struct octets o = octets_of(body);
    struct pgwire_fault f = {0};
    for (;;) {
        uint8_t field = octets_u8(&o);
        if (field == 0)
            break;
        struct slice text = octets_cstr(&o);
        if (field == 'S')
            f.severity = text;
        else if (field == 'C')
            f.code = text;
        else if (field == 'M')
            f.message = text;
    }
    if (o.broken)
        return -EBADMSG;
    *ret = f;
    return 0;
}

int pgwire_parse_auth(struct slice body, uint32_t *ret_method, struct slice *ret_data)
{
    enum { SALT_BYTES = 4 };
    struct octets o = octets_of(body);
    uint32_t method = octets_u32(&o);
    struct slice data = octets_take(&o, octets_left(&o));
    if (o.broken || (method == PGWIRE_AUTH_MD5 && data.size != SALT_BYTES))
        return -EBADMSG;
    *ret_method = method;
    *ret_data = data;
    return 0;
}

bool pgwire_has_mechanism(struct slice list, const char *name)
{
    struct octets o = octets_of(list);
    for (;;) {
        struct slice word = octets_cstr(&o);
        if (o.broken || word.size == 0)
            return false;
        if (slice_eq_cstr(word, name))
            return true;
    }
}

/* ---- what we say ---- */

/* A message is put together behind a length of zero, which is filled in at the end. */
static size_t begin(struct buf *out, char type)
{
    if (type)
        buf_append_byte(out, type);
    size_t at = out->size;
    octets_put(out, 0, 4);
    return at;
}

/* `before`: where the buffer ended; a bound that was met leaves it so. */
static int end(struct buf *out, size_t before, size_t at, int r)
{
    if (r < 0 || out->size < at + 4) {
        out->size = before;
        if (out->data)
            out->data[before] = 0;
        return -EMSGSIZE;
    }
    uint32_t size = (uint32_t)(out->size - at);
    for (int i = 0; i < 4; i++)
        out->data[at + (size_t)i] = (char)(size >> (24 - 8 * i));
    return 0;
}

int pgwire_ssl_request(struct buf *out)
{
    size_t before = out->size, at = begin(out, 0);
    return end(out, before, at, octets_put(out, SSL_REQUEST, 4));
}

static int put_pair(struct buf *out, const char *name, struct slice value)
{
    int r = buf_append(out, name, strlen(name) + 1);
    if (r == 0)
        r = buf_append_slice(out, value);
    return r == 0 ? buf_append_byte(out, 0) : r;
}

int pgwire_startup(struct buf *out, struct slice user, struct slice database)
{
    size_t before = out->size, at = begin(out, 0);
    int r = octets_put(out, PROTOCOL_3, 4);
    if (r == 0)
        r = put_pair(out, "user", user);
    if (r == 0 && database.size)
        r = put_pair(out, "database", database);
    if (r == 0)
        r = put_pair(out, "application_name", SLICE("firebreak"));
    if (r == 0)
        r = buf_append_byte(out, 0);
    return end(out, before, at, r);
}

int pgwire_password(struct buf *out, struct slice password)
{
    size_t before = out->size, at = begin(out, 'p');
    int r = buf_append_slice(out, password);
    return end(out, before, at, r == 0 ? buf_append_byte(out, 0) : r);
}

int pgwire_sasl_initial(struct buf *out, const char *mechanism, struct slice data)
{
    size_t before = out->size, at = begin(out, 'p');
    int r = buf_append(out, mechanism, strlen(mechanism) + 1);
    if (r == 0)
        r = octets_put(out, data.size, 4);
    return end(out, before, at, r == 0 ? buf_append_slice(out, data) : r);
}

int pgwire_sasl_response(struct buf *out, struct slice data)
{
    size_t before = out->size, at = begin(out, 'p');
    return end(out, before, at, buf_append_slice(out, data));
}

int pgwire_query(struct buf *out, const char *sql)
{
    size_t before = out->size, at = begin(out, 'Q');
    return end(out, before, at, buf_append(out, sql, strlen(sql) + 1));
}

int pgwire_terminate(struct buf *out)
{
    size_t before = out->size, at = begin(out, 'X');
    return end(out, before, at, 0);
}

static void md5_hex(struct slice a, struct slice b, char *text)
{
    unsigned char sum[EVP_MAX_MD_SIZE] = {0};
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    if (c && EVP_DigestInit_ex(c, EVP_md5(), NULL) == 1) {
        EVP_DigestUpdate(c, a.data, a.size);
        EVP_DigestUpdate(c, b.data, b.size);
        EVP_DigestFinal_ex(c, sum, NULL);
    }
    EVP_MD_CTX_free(c);
    for (size_t i = 0; i < 16; i++) {
        text[2 * i] = "0123456789abcdef"[sum[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[sum[i] & 15];
    }
    text[32] = 0;
}

void pgwire_md5(struct slice user, struct slice password, struct slice salt, char *text)
{
    char inner[33];
    md5_hex(password, user, inner);
    memcpy(text, "md5", 3);
    md5_hex((struct slice){inner, 32}, salt, text + 3);
}
