#include <errno.h>
#include <stdio.h>

#include "observe/dialog.h"
#include "observe/story.h"
#include "wire/pgwire.h"
#include "wire/scram.h"

/* As pg_isready where the URL names no user: a server that asks who we are, or that does not know
 * us, takes connections. With a user the login must succeed as far as we can go: to the end with a
 * password, and to the question for one without. */

/* What the server's refusal means for whoever asked. */
static enum probe_reason reason_of(const struct pgwire_fault *f)
{
    struct slice class = slice_sub(f->code, 0, 2);
    if (slice_eq_cstr(class, "28") || slice_eq_cstr(f->code, "42501"))
        return REASON_PERMISSION; /* invalid authorization, insufficient privilege */
    if (slice_eq_cstr(class, "08") || slice_eq_cstr(f->code, "0A000"))
        return REASON_PROTOCOL;
    return REASON_NOT_SERVING; /* 57P03 starting up, 53300 too many, 3D000 no such database, … */
}

/* It lives, and would let in whom it knows. */
static bool takes_connections(const struct pgwire_fault *f)
{
    return reason_of(f) == REASON_PERMISSION || slice_eq_cstr(f->code, "3D000");
}

static int refused(struct dialog *d, struct slice body)
{
    struct pgwire_fault f;
    char what[64];
    if (pgwire_parse_fault(body, &f) < 0)
        return dialog_fail(d, REASON_PROTOCOL, "its refusal is cut short", (struct slice){0});
    enum probe_reason reason = reason_of(&f);
    dialog_tell(d, f.message);
    bool named = d->t->extra->has_user || d->t->extra->database.size;
    if (!named && takes_connections(&f))
        return 1;
    snprintf(what, sizeof(what), "%.20s %.10s", f.severity.data ? f.severity.data : "",
             f.code.data ? f.code.data : "");
    return dialog_fail(d, reason, what, f.message);
}

/* "server_version" and its value, each with a NUL behind it. */
static void tell_parameter(struct dialog *d, const struct pgwire_message *m)
{
    struct slice rest = m->body, name = slice_cut(&rest, 0), value = slice_cut(&rest, 0);
    if (m->type == 'S' && slice_eq_cstr(name, "server_version"))
        TELL(d->o, "", "it is version %.*s", SLICE_ARG(value));
}

/* The next message that says something about our login; notices and parameters do not. Returns its
 * size, 0: see refused(), the server takes connections; or -1. */
static ptrdiff_t next_message(struct dialog *d, struct pgwire_message *ret)
{
    for (;;) {
        ptrdiff_t size = dialog_next(d, pgwire_parse, ret);
        if (size < 0)
            return -1;
        if (ret->type == 'E')
            return refused(d, ret->body) < 0 ? -1 : 0;
        if (ret->type != 'N' && ret->type != 'S' && ret->type != 'K')
            return size;
        tell_parameter(d, ret);
        dialog_taken(d, size);
    }
}

/* ---- TLS ---- */

/* Returns 0, -1, or 1: its answer is a message, which says more than a startup would. */
static int begin_tls(struct dialog *d, enum probe_sslmode mode)
{
    struct buf out = BUF(MEM_OBSERVE, 0);
    if (mode == PROBE_SSL_DISABLE)
        return 0;
    pgwire_ssl_request(&out);
    TELL(d->o, "asked", "whether it takes TLS (SSLRequest)");
    if (dialog_say_buf(d, &out) < 0 || dialog_hear(d) < 0)
        return -1;
    char said = d->in.data[0];
    dialog_tell(d, said == 'S'   ? SLICE("S: yes")
                   : said == 'N' ? SLICE("N: no")
                                 : SLICE("neither yes nor no"));
    if (said == 'S') {
        dialog_taken(d, 1);
        return dialog_tls(d, NULL, mode != PROBE_SSL_VERIFY);
    }
    if (said == 'N' && mode != PROBE_SSL_PREFER)
        return dialog_fail(d, REASON_TLS_NOT_OFFERED, "it answers the request for TLS with no",
                           (struct slice){0});
    if (said != 'N')
        return 1;
    dialog_taken(d, 1);
    return 0;
}

/* ---- who we are ---- */

static int say(struct dialog *d, int put, struct buf *out)
{
    if (put == 0)
        return dialog_say_buf(d, out);
    buf_done(out);
    return dialog_fail(d, REASON_TOO_LARGE, "the login is larger than a message",
                       (struct slice){0});
}

struct proof {
    struct scram scram;
    struct slice challenge;
    struct buf text;
    struct err err;
    int result;
};

/* On an offload thread: the server says how long this takes. */
static void prove(void *arg)
{
    struct proof *p = arg;
    p->result = scram_final(&p->scram, p->challenge, &p->text, &p->err);
}

static int answer_challenge(struct dialog *d, struct proof *p, struct slice challenge)
{
    p->challenge = challenge;
    int code = rt_offload(prove, p, d->deadline);
    if (code < 0) {
        observe_step_failed(d->o, d->r, "login", code, NULL);
        return -1;
    }
    if (p->result < 0)
        return dialog_fail(d, REASON_PROTOCOL, "login", slice_from(p->err.text));
    struct buf out = BUF(MEM_OBSERVE, 0);
    return say(d, pgwire_sasl_response(&out, buf_slice(&p->text)), &out);
}

/* The next authentication message of this kind: its data, and the message's size; else -1. */
static ptrdiff_t next_auth(struct dialog *d, uint32_t wanted, struct slice *ret_data)
{
    struct pgwire_message m;
    uint32_t method;
    ptrdiff_t size = next_message(d, &m);
    if (size <= 0)
        return -1;
    if (m.type != 'R' || pgwire_parse_auth(m.body, &method, ret_data) < 0 || method != wanted)
        return dialog_fail(d, REASON_PROTOCOL,
                           "it asks for something else in the middle of a login",
                           (struct slice){0});
    return size;
}

static int scram_talk(struct dialog *d, struct proof *p)
{
    struct slice data;
    ptrdiff_t size = next_auth(d, PGWIRE_AUTH_SASL_CONTINUE, &data);
    if (size < 0 || answer_challenge(d, p, data) < 0)
        return -1;
    dialog_taken(d, size);
    size = next_auth(d, PGWIRE_AUTH_SASL_FINAL, &data);
    if (size < 0)
        return -1;
    if (scram_check(&p->scram, data, &p->err) < 0)
        return dialog_fail(d, REASON_PERMISSION, "login", slice_from(p->err.text));
    dialog_taken(d, size);
    return 0;
}

static int log_in_scram(struct dialog *d, const struct probe_extra *x)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct proof *p = arena_new(&d->r->arena, struct proof);
    struct buf first = BUF(MEM_OBSERVE, 0), out = BUF(MEM_OBSERVE, 0);
    char nonce[SCRAM_NONCE_BYTES];
    observe_secret(nonce, sizeof(nonce));
    for (size_t i = 0; i < sizeof(nonce); i++)
        nonce[i] = letters[(unsigned char)nonce[i] % 64];
    scram_first(&p->scram, x->password, nonce, &first);
    int put = pgwire_sasl_initial(&out, "SCRAM-SHA-256", buf_slice(&first));
    buf_done(&first);
    p->text = BUF(MEM_OBSERVE, 0);
    int r = say(d, put, &out);
    if (r == 0)
        r = scram_talk(d, p);
    buf_done(&p->text);
    return r;
}

/* Answers a question, which lies in the message of this size: that is taken on the way. */
static int log_in(struct dialog *d, uint32_t method, struct slice data, ptrdiff_t size)
{
    const struct probe_extra *x = d->t->extra;
    struct buf out = BUF(MEM_OBSERVE, 0);
    char text[40];
    bool scram = method == PGWIRE_AUTH_SASL && pgwire_has_mechanism(data, "SCRAM-SHA-256");
    if (method == PGWIRE_AUTH_MD5)
        pgwire_md5(x->user, x->password, data, text);
    dialog_taken(d, size);
    TELL(d->o, "asked", "with the password of the URL");
    if (scram)
        return log_in_scram(d, x);
    if (method == PGWIRE_AUTH_MD5)
        return say(d, pgwire_password(&out, slice_from(text)), &out);
    if (method == PGWIRE_AUTH_CLEARTEXT)
        return say(d, pgwire_password(&out, x->password), &out);
    snprintf(text, sizeof(text), "authentication method %u", method);
    return dialog_fail(d, REASON_PERMISSION, "it asks for a login that is not known here",
                       slice_from(text));
}

/* ---- the whole ---- */

/* Until the server says that it is ready for a query. */
static int wait_ready(struct dialog *d)
{
    struct pgwire_message m;
    for (;;) {
        ptrdiff_t size = next_message(d, &m);
        if (size <= 0)
            return (int)size;
        bool ready = m.type == 'Z';
        if (ready)
            dialog_tell(d, SLICE("it is ready for queries"));
        dialog_taken(d, size);
        if (ready)
            return 0;
    }
}

/* What a server that has let us in must be able to do. */
static void leave(struct dialog *d, bool query)
{
    struct buf out = BUF(MEM_OBSERVE, 0);
    if (query) {
        pgwire_query(&out, "SELECT 1");
        TELL(d->o, "asked", "SELECT 1");
        if (dialog_say_buf(d, &out) < 0 || wait_ready(d) < 0)
            return;
    }
    pgwire_terminate(&out);
    stream_write(&d->stream, out.data, out.size, d->deadline);
    buf_done(&out);
}

static int start(struct dialog *d, const struct probe_extra *x)
{
    struct buf out = BUF(MEM_OBSERVE, 0);
    int r = begin_tls(d, x->sslmode);
    if (r != 0)
        return r < 0 ? -1 : 0;
    struct slice user = x->has_user ? x->user : SLICE("firebreak");
    TELL(d->o, "asked", "to begin as user %.*s%s%.*s", SLICE_ARG(user),
         x->database.size ? " in database " : "", SLICE_ARG(x->database));
    return say(d, pgwire_startup(&out, user, x->database), &out);
}

static struct slice method_words(uint32_t method)
{
    switch (method) {
    case PGWIRE_AUTH_OK:
        return SLICE("lets us in");
    case PGWIRE_AUTH_SASL:
        return SLICE("wants a password, proved by SCRAM");
    case PGWIRE_AUTH_MD5:
        return SLICE("wants a password, as its MD5");
    case PGWIRE_AUTH_CLEARTEXT:
        return SLICE("wants a password, as it is");
    default:
        return SLICE("wants a login of another kind");
    }
}

static void talk(struct dialog *d)
{
    const struct probe_extra *x = d->t->extra;
    struct pgwire_message m;
    uint32_t method;
    struct slice data;
    ptrdiff_t size = start(d, x) == 0 ? next_message(d, &m) : -1;
    if (size <= 0)
        return;
    if (m.type != 'R' || pgwire_parse_auth(m.body, &method, &data) < 0) {
        dialog_fail(d, REASON_PROTOCOL, "it answers the startup with something else",
                    (struct slice){0});
        return;
    }
    dialog_tell(d, method_words(method));
    if (method != PGWIRE_AUTH_OK && !x->has_password)
        return; /* it asks who we are: that is an answer */
    if (method == PGWIRE_AUTH_OK)
        dialog_taken(d, size);
    else if (log_in(d, method, data, size) < 0)
        return;
    if (wait_ready(d) == 0 && d->r->reason == REASON_OK)
        leave(d, x->has_user);
}

void probe_postgres(struct observer *o, const struct probe_target *t, struct probe_result *r,
                    rt_time deadline)
{
    struct dialog d;
    if (dialog_open_plain(&d, o, t, r, "postgres", deadline) == 0)
        talk(&d);
    dialog_close(&d);
}
