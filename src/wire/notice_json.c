#include "wire/notice_json.h"

#include <errno.h>

/* ---- writing ---- */

void notice_alert_write(const struct notice_alert *a, struct json_writer *w)
{
    json_text_member(w, "asset", a->asset);
    json_text_member(w, "namespace", a->namespace_);
    json_text_member(w, "state", a->state);
    json_text_member(w, "reason", a->reason);
    json_text_member(w, "evidence", a->evidence);
    json_text_member(w, "trace_id", a->trace_id);
    json_key(w, "labels");
    json_object_open(w);
    for (uint32_t i = 0; i < a->label_count; i++) {
        json_key_slice(w, a->labels[i].key);
        json_string(w, a->labels[i].value);
    }
    json_object_close(w);
    json_i64_member(w, "began_ms", a->began_ms);
    json_i64_member(w, "ended_ms", a->ended_ms);
}

void delivery_write(struct slice receiver, const struct notice *n, struct buf *out)
{
    struct json_writer w;
    json_begin(&w, out, 0);
    json_object_open(&w);
    json_key(&w, "notify");
    json_object_open(&w);
    json_text_member(&w, "receiver", n->receiver);
    json_key(&w, "to");
    json_raw(&w, receiver);
    json_key(&w, "notice");
    json_object_open(&w);
    json_text_member(&w, "group", n->group);
    json_text_member(&w, "key", n->key);
    json_i64_member(&w, "at_ms", n->at_ms);
    json_i64_member(&w, "again_ms", n->again_ms);
    json_key(&w, "more");
    json_u64(&w, n->more);
    json_key(&w, "alerts");
    json_array_open(&w);
    for (uint32_t i = 0; i < n->alert_count; i++) {
        json_object_open(&w);
        notice_alert_write(&n->alerts[i], &w);
        json_object_close(&w);
    }
    json_array_close(&w);
    json_object_close(&w);
    json_object_close(&w);
    json_object_close(&w);
    json_end(&w);
}

/* ---- reading ---- */

struct reader {
    struct arena *arena;
    struct err *err;
    int result;
};

static void bad(struct reader *r, const char *key, const char *what)
{
    if (r->result == 0)
        r->result = err_set(r->err, -EBADMSG, "%s is not %s", key, what);
}

/* NULL: it is not there, or null; or it is of another type, which is told. */
static const struct json_value *member(struct reader *r, const struct json_value *o,
                                       const char *key, enum json_type type, const char *what)
{
    const struct json_value *v = o ? json_get(o, key) : NULL;
    if (!v || v->type == JSON_NULL)
        return NULL;
    if (v->type == type)
        return v;
    bad(r, key, what);
    return NULL;
}

static struct slice text(struct reader *r, const struct json_value *o, const char *key)
{
    const struct json_value *v = member(r, o, key, JSON_STRING, "a string");
    return v ? v->text : (struct slice){0};
}

static int64_t number(struct reader *r, const struct json_value *o, const char *key, int64_t max)
{
    const struct json_value *v = member(r, o, key, JSON_NUMBER, "a number");
    int64_t n = 0;
    if (v && (json_to_i64(v, &n) < 0 || n < 0 || n > max)) {
        bad(r, key, "a number that it may be");
        n = 0;
    }
    return n;
}

static const struct json_value *object(struct reader *r, const struct json_value *o,
                                       const char *key)
{
    return member(r, o, key, JSON_OBJECT, "an object");
}

static void read_to(struct reader *r, const struct json_value *mail, struct receiver *ret)
{
    const struct json_value *list = member(r, mail, "to", JSON_ARRAY, "a list");
    for (const struct json_value *v = list ? list->first : NULL; v; v = v->next) {
        if (v->type != JSON_STRING)
            bad(r, "to", "a list of addresses");
        else if (ret->to_count == NOTICE_TO_MAX)
            bad(r, "to", "as short as it must be");
        else
            ret->to[ret->to_count++] = v->text;
    }
}

static void read_chat(struct reader *r, const struct json_value *chat, struct receiver *ret)
{
    struct slice format = text(r, chat, "format");
    ret->url = text(r, chat, "url");
    ret->kind = RECEIVER_SLACK;
    if (slice_eq_cstr(format, "teams"))
        ret->kind = RECEIVER_TEAMS;
    else if (slice_eq_cstr(format, "discord"))
        ret->kind = RECEIVER_DISCORD;
    else if (format.size && !slice_eq_cstr(format, "slack"))
        bad(r, "format", "a chat's that is known");
}

static void read_receiver(struct reader *r, const struct json_value *o, struct receiver *ret)
{
    const struct json_value *choice;
    if ((choice = object(r, o, "webhook"))) {
        ret->kind = RECEIVER_WEBHOOK;
        ret->url = text(r, choice, "url");
        ret->secret_file = text(r, choice, "secret_file");
    } else if ((choice = object(r, o, "alertmanager"))) {
        ret->kind = RECEIVER_ALERTMANAGER;
        ret->url = text(r, choice, "url");
    } else if ((choice = object(r, o, "email"))) {
        ret->kind = RECEIVER_EMAIL;
        ret->from = text(r, choice, "from");
        ret->server = text(r, choice, "server");
        if (!ret->server.size)
            ret->server = SLICE("localhost:25");
        read_to(r, choice, ret);
    } else if ((choice = object(r, o, "chat"))) {
        read_chat(r, choice, ret);
    } else {
        bad(r, "to", "one of webhook, alertmanager, email and chat");
        return;
    }
    if (ret->kind == RECEIVER_EMAIL ? !ret->to_count || !ret->from.size : !ret->url.size)
        bad(r, "to", "told where it is");
}

static void read_labels(struct reader *r, const struct json_value *o, struct notice_alert *ret)
{
    const struct json_value *labels = object(r, o, "labels");
    if (!labels || !labels->count)
        return;
    if (labels->count > NOTICE_LABELS_MAX) {
        bad(r, "labels", "as small as it must be");
        return;
    }
    struct notice_label *list = arena_alloc_array(r->arena, labels->count, sizeof(*list));
    for (const struct json_value *v = labels->first; v; v = v->next) {
        if (v->type != JSON_STRING)
            bad(r, "labels", "an object of strings");
        list[ret->label_count++] = (struct notice_label){v->key, v->text};
    }
    ret->labels = list;
}

static void read_alert(struct reader *r, const struct json_value *v, struct notice_alert *ret)
{
    enum { MS_MAX_NS = 1000 * 1000 };
    if (v->type != JSON_OBJECT) {
        bad(r, "alerts", "a list of objects");
        return;
    }
    *ret = (struct notice_alert){
        .asset = text(r, v, "asset"),
        .namespace_ = text(r, v, "namespace"),
        .state = text(r, v, "state"),
        .reason = text(r, v, "reason"),
        .evidence = text(r, v, "evidence"),
        .trace_id = text(r, v, "trace_id"),
        .began_ms = number(r, v, "began_ms", INT64_MAX / MS_MAX_NS),
        .ended_ms = number(r, v, "ended_ms", INT64_MAX / MS_MAX_NS),
    };
    read_labels(r, v, ret);
    if (!ret->asset.size)
        bad(r, "asset", "there");
}

int notice_alert_read(const struct json_value *object, struct arena *a, struct notice_alert *ret,
                      struct err *err)
{
    struct reader r = {.arena = a, .err = err};
    struct notice_alert alert = {0};
    read_alert(&r, object, &alert);
    if (r.result == 0)
        *ret = alert;
    return r.result;
}

static void read_alerts(struct reader *r, const struct json_value *o, struct notice *ret)
{
    const struct json_value *list = member(r, o, "alerts", JSON_ARRAY, "a list");
    if (!list || list->count == 0 || list->count > NOTICE_ALERTS_MAX) {
        bad(r, "alerts", "a list of some, and not of too many");
        return;
    }
    struct notice_alert *alerts = arena_alloc_array(r->arena, list->count, sizeof(*alerts));
    for (const struct json_value *v = list->first; v; v = v->next)
        read_alert(r, v, &alerts[ret->alert_count++]);
    ret->alerts = alerts;
}

int delivery_read(struct slice json, struct arena *a, struct delivery *ret, struct err *err)
{
    struct reader r = {.arena = a, .err = err};
    struct json_value *root;
    struct delivery *d = arena_new(a, struct delivery);
    if (json_parse(json, a, 0, &root, NULL) < 0 || root->type != JSON_OBJECT)
        return err_set(err, -EBADMSG, "it is no object of JSON");
    const struct json_value *notify = object(&r, root, "notify");
    const struct json_value *to = object(&r, notify, "to");
    const struct json_value *notice = object(&r, notify, "notice");
    if (!notify)
        bad(&r, "notify", "there");
    if (r.result == 0 && !to && !notice)
        return err_set(err, -ENODATA, "it says nothing by itself: a remedy has something to tell");
    if (!to || !notice)
        bad(&r, to ? "notice" : "to", "there");
    if (r.result < 0)
        return r.result;
    read_receiver(&r, to, &d->receiver);
    d->notice.receiver = text(&r, to, "name");
    d->notice.group = text(&r, notice, "group");
    d->notice.key = text(&r, notice, "key");
    d->notice.at_ms = number(&r, notice, "at_ms", INT64_MAX / 1000000);
    d->notice.again_ms = number(&r, notice, "again_ms", INT64_MAX / 1000000);
    d->notice.more = (uint32_t)number(&r, notice, "more", UINT32_MAX);
    read_alerts(&r, notice, &d->notice);
    if (r.result == 0)
        *ret = *d;
    return r.result;
}
