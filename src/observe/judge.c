#include "observe/judge.h"

#include <errno.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/utf8.h"
#include "observe/observe.h"
#include "wire/json.h"
#include "wire/jsonpath.h"

/* What PCRE2 may do from one place of the body on; the bound over all places is WORK_MAX. */
enum { MATCH_STEPS_MAX = 10 * 1000 * 1000, MATCH_DEPTH_MAX = 1000 * 1000 };
enum { MATCH_HEAP_KIB_MAX = 32 * 1024 };
/* Of one match: bytes that it passed, and STEP_WORK for each item of the pattern that it tried.
 * Less than a second's. */
enum { WORK_MAX = 200 * 1000 * 1000, STEP_WORK = 4 };
enum { INLINE_BYTES_MAX = 16 * 1024 }; /* of JSON that is looked at on the loop's own thread */
enum { JSON_NODES_BYTES_MAX = 16 * 1024 * 1024 };

/* ---- statuses ---- */

/* "3xx", "204" or "200-299" as a range. */
static int status_range(struct slice item, int *ret_first, int *ret_last)
{
    enum { STATUS_MIN = 100, STATUS_MAX = 999 };
    if (item.size == 3 && (item.data[1] | 32) == 'x' && (item.data[2] | 32) == 'x' &&
        item.data[0] >= '1' && item.data[0] <= '9') {
        *ret_first = (item.data[0] - '0') * 100;
        *ret_last = *ret_first + 99;
        return 0;
    }
    struct slice high = item, low = slice_cut(&high, '-');
    uint64_t first, last;
    if (slice_to_u64(low, STATUS_MAX, &first) < 0 || first < STATUS_MIN)
        return -EINVAL;
    last = first;
    if (high.data && (slice_to_u64(high, STATUS_MAX, &last) < 0 || last < first))
        return -EINVAL;
    *ret_first = (int)first;
    *ret_last = (int)last;
    return 0;
}

int observe_status_check(struct slice list, struct err *err)
{
    while (list.data) {
        int first, last;
        struct slice item = slice_trim(slice_cut(&list, ','));
        if (status_range(item, &first, &last) < 0)
            return err_set(err, -EINVAL, "'%.*s' is no status: write 204, 3xx or 200-299",
                           SLICE_ARG(item));
    }
    return 0;
}

bool judge_status(struct slice list, int status)
{
    if (list.size == 0)
        return status >= 200 && status <= 399;
    while (list.data) {
        int first, last;
        if (status_range(slice_trim(slice_cut(&list, ',')), &first, &last) == 0 &&
            status >= first && status <= last)
            return true;
    }
    return false;
}

/* ---- patterns ----
 *
 * PCRE2's own limits count from each place of the body anew, and count a run over a million bytes
 * as one step: with "[a-z]+ x" a hostile body of 4 MiB takes hours. So the pattern is compiled with
 * a callout before each of its items, where we add up what was done and end it. */

/* Whether "(?i" or the like is in it. To find where a caseless match may begin, PCRE2 looks for
 * both forms of a letter to the body's end, again from each place, and no callout sees it. */
static bool is_caseless_anywhere(const char *pattern)
{
    for (const char *at = pattern; (at = strstr(at, "(?"));)
        for (at += 2; *at == '^' || *at == '-' || (*at >= 'a' && *at <= 'z'); at++)
            if (*at == 'i')
                return true;
    return false;
}

int observe_pattern_new(const char *pattern, struct pcre2_real_code_8 **ret_code, struct err *err)
{
    int code;
    size_t at;
    uint32_t options = PCRE2_NEVER_UTF | PCRE2_AUTO_CALLOUT;
    if (is_caseless_anywhere(pattern))
        options |= PCRE2_NO_START_OPTIMIZE;
    pcre2_code *c = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options, &code, &at,
                                  NULL);
    if (!c) {
        PCRE2_UCHAR text[120];
        pcre2_get_error_message(code, text, sizeof(text));
        return err_set(err, -EINVAL, "column %zu: %s", at + 1, (const char *)text);
    }
    *ret_code = c;
    return 0;
}

void observe_pattern_free(struct pcre2_real_code_8 *code)
{
    pcre2_code_free(code);
}

struct work {
    uint64_t done;
    size_t at;
};

static int on_item(pcre2_callout_block *b, void *arg)
{
    struct work *w = arg;
    size_t to = b->current_position;
    w->done += STEP_WORK + (to > w->at ? to - w->at : w->at - to);
    w->at = to;
    return w->done > WORK_MAX ? PCRE2_ERROR_MATCHLIMIT : 0;
}

static void *library_alloc(size_t size, void *arg)
{
    (void)arg;
    return mem_try_alloc(MEM_OBSERVE, size);
}

static void library_free(void *ptr, void *arg)
{
    (void)arg;
    mem_free(MEM_OBSERVE, ptr);
}

/* *ret_found: its first group, or the whole where it has none; may be NULL. */
static int match(const pcre2_code *code, struct slice body, struct slice *ret_found)
{
    enum { WHOLE_AND_GROUP = 2 };
    struct work work = {0};
    pcre2_general_context *memory = pcre2_general_context_create(library_alloc, library_free, NULL);
    pcre2_match_data *data = memory ? pcre2_match_data_create(WHOLE_AND_GROUP, memory) : NULL;
    pcre2_match_context *context = memory ? pcre2_match_context_create(memory) : NULL;
    int n = PCRE2_ERROR_NOMEMORY;
    if (data && context) {
        pcre2_set_callout(context, on_item, &work);
        pcre2_set_match_limit(context, MATCH_STEPS_MAX);
        pcre2_set_depth_limit(context, MATCH_DEPTH_MAX);
        pcre2_set_heap_limit(context, MATCH_HEAP_KIB_MAX);
        n = pcre2_match(code, (PCRE2_SPTR)(body.data ? body.data : ""), body.size, 0, 0,
                        data, context);
    }
    if (n >= 0 && ret_found) {
        const PCRE2_SIZE *at = pcre2_get_ovector_pointer(data);
        bool group = n == 0 || n > 1; /* 0: there are more groups than we have room for */
        if (group && at[2] != PCRE2_UNSET)
            at += 2;
        *ret_found = slice_sub(body, at[0], at[1]);
    }
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
    pcre2_general_context_free(memory);
    return n;
}

static void gave_up(struct probe_result *r, int n)
{
    PCRE2_UCHAR text[120];
    pcre2_get_error_message(n, text, sizeof(text));
    probe_result_fail(r, REASON_LIMIT, "the pattern gave up: %s", (const char *)text);
    r->settled = n != PCRE2_ERROR_NOMEMORY;
}

int judge_match(const struct pcre2_real_code_8 *pattern, struct slice text)
{
    int n = match(pattern, text, NULL);
    return n == PCRE2_ERROR_NOMATCH ? 0 : n < 0 ? n : 1;
}

void judge_match_failed(struct probe_result *r, int code)
{
    gave_up(r, code);
}

static void judge_body(const struct probe_spec *spec, struct slice body, struct probe_result *r)
{
    int n = match(spec->body, body, NULL);
    if (n == PCRE2_ERROR_NOMATCH)
        probe_result_fail(r, REASON_BODY_MISMATCH, "the pattern matches nothing in %zu bytes",
                          body.size);
    else if (n < 0)
        gave_up(r, n);
}

/* ---- JSON ---- */

/* Returns 1, 0, or -ENOSPC: the arena's bound. */
static int equals(const struct json_value *v, struct slice wanted, struct arena *a)
{
    struct json_value *w;
    if (v->type == JSON_STRING && slice_eq(v->text, wanted))
        return 1;
    int r = json_parse(wanted, a, 0, &w, NULL);
    if (r < 0)
        return r == -ENOSPC ? r : 0; /* no JSON: then it is a text, and not this one */
    return json_equal(v, w);
}

/* What stands there, short enough for a detail. */
static void mismatch(struct probe_result *r, const struct probe_json_check *c,
                     const struct json_value *found)
{
    enum { SHOWN_BYTES_MAX = 80 };
    struct buf text = {0}, shown = {0};
    struct json_writer w;
    json_begin(&w, &text, 0);
    json_tree(&w, found);
    json_end(&w);
    utf8_append_shown(&shown, utf8_cut_columns(buf_slice(&text), SHOWN_BYTES_MAX));
    probe_result_fail(r, REASON_BODY_MISMATCH, "%.*s is %s, not %.*s", SLICE_ARG(c->path),
                      shown.data ? shown.data : "", SLICE_ARG(c->value));
    buf_done(&text);
    buf_done(&shown);
}

static void check_one(const struct probe_json_check *c, const struct json_value *root,
                      struct arena *a, struct probe_result *r)
{
    struct jsonpath_nodes nodes;
    int code = jsonpath_select(c->compiled, root, a, &nodes);
    if (code < 0) {
        probe_result_fail(r, REASON_TOO_LARGE, "%.*s finds too much", SLICE_ARG(c->path));
        return;
    }
    if (nodes.count == 0) {
        probe_result_fail(r, REASON_BODY_MISMATCH, "%.*s is not there", SLICE_ARG(c->path));
        return;
    }
    code = 1;
    for (uint32_t i = 0; i < nodes.count && code == 1; i++) {
        code = equals(nodes.node[i], c->value, a);
        if (code == 0)
            mismatch(r, c, nodes.node[i]);
    }
    if (code < 0)
        probe_result_fail(r, REASON_TOO_LARGE, "%.*s: the JSON leaves no room to compare it with",
                          SLICE_ARG(c->path));
}

static void judge_json(const struct probe_spec *spec, struct slice body, struct probe_result *r)
{
    struct arena a = ARENA(MEM_OBSERVE, JSON_NODES_BYTES_MAX + PROBE_BODY_BYTES_MAX * 8);
    struct json_value *root;
    struct json_error je;
    int code = json_parse(body, &a, 0, &root, &je);
    if (code == -EBADMSG)
        probe_result_fail(r, REASON_BODY_MISMATCH, "no JSON: line %u, column %u: %s expected",
                          je.line, je.column, je.expected);
    else if (code < 0)
        probe_result_fail(r, REASON_TOO_LARGE, "the JSON is too large or too deep");
    for (uint32_t i = 0; i < spec->json_count && r->reason == REASON_OK; i++)
        check_one(&spec->json[i], root, &a, r);
    arena_done(&a);
}

/* ---- captures ---- */

/* Kept where the result's other texts are. A value goes into requests: with a control byte in it, a
 * peer could add lines to them. */
static void keep(const struct probe_capture *c, struct slice value, struct probe_result *r,
                 struct slice *ret)
{
    bool controls = false;
    for (size_t i = 0; i < value.size; i++)
        controls |= (unsigned char)value.data[i] < 0x20 || value.data[i] == 0x7F;
    if (value.size > PROBE_CAPTURE_BYTES_MAX)
        probe_result_fail(r, REASON_CAPTURE_MISSING, "%.*s is longer than %d bytes",
                          SLICE_ARG(c->name), PROBE_CAPTURE_BYTES_MAX);
    else if (controls)
        probe_result_fail(r, REASON_CAPTURE_MISSING, "%.*s holds a control byte",
                          SLICE_ARG(c->name));
    else
        *ret = (struct slice){arena_strdup(&r->arena, value), value.size};
}

static void capture_pattern(const struct probe_capture *c, struct slice body,
                            struct probe_result *r, struct slice *ret)
{
    struct slice found;
    int n = match(c->pattern, body, &found);
    if (n >= 0)
        keep(c, found, r, ret);
    else if (n == PCRE2_ERROR_NOMATCH)
        probe_result_fail(r, REASON_CAPTURE_MISSING, "%.*s: the pattern matches nothing in %zu "
                          "bytes", SLICE_ARG(c->name), body.size);
    else
        gave_up(r, n);
}

/* A text is itself; a number and a truth value are what JSON writes for them. */
static void capture_value(const struct probe_capture *c, const struct json_value *v,
                          struct probe_result *r, struct slice *ret)
{
    struct buf text = {0};
    struct json_writer w;
    if (v->type == JSON_STRING) {
        keep(c, v->text, r, ret);
        return;
    }
    if (v->type == JSON_OBJECT || v->type == JSON_ARRAY || v->type == JSON_NULL) {
        probe_result_fail(r, REASON_CAPTURE_MISSING, "%.*s: %.*s is no single value",
                          SLICE_ARG(c->name), SLICE_ARG(c->expression));
        return;
    }
    json_begin(&w, &text, 0);
    json_tree(&w, v);
    json_end(&w);
    keep(c, buf_slice(&text), r, ret);
    buf_done(&text);
}

static void capture_path(const struct probe_capture *c, struct slice body, struct probe_result *r,
                         struct slice *ret)
{
    struct arena a = ARENA(MEM_OBSERVE, JSON_NODES_BYTES_MAX + PROBE_BODY_BYTES_MAX * 8);
    struct jsonpath_nodes nodes = {.count = 0};
    struct json_value *root;
    int code = json_parse(body, &a, 0, &root, NULL);
    if (code == 0)
        code = jsonpath_select(c->path, root, &a, &nodes);
    if (code == -EBADMSG)
        probe_result_fail(r, REASON_CAPTURE_MISSING, "%.*s: the answer is no JSON",
                          SLICE_ARG(c->name));
    else if (code < 0)
        probe_result_fail(r, REASON_TOO_LARGE, "%.*s: the JSON is too large or too deep",
                          SLICE_ARG(c->name));
    else if (nodes.count == 0)
        probe_result_fail(r, REASON_CAPTURE_MISSING, "%.*s: %.*s is not there", SLICE_ARG(c->name),
                          SLICE_ARG(c->expression));
    else
        capture_value(c, nodes.node[0], r, ret);
    arena_done(&a);
}

static void capture_all(const struct probe_spec *spec, struct slice body, struct probe_result *r)
{
    r->captured = arena_alloc_array(&r->arena, spec->capture_count, sizeof(r->captured[0]));
    for (uint32_t i = 0; i < spec->capture_count && r->reason == REASON_OK; i++)
        (spec->captures[i].path ? capture_path : capture_pattern)(&spec->captures[i], body, r,
                                                                  &r->captured[i]);
}

/* ---- all of it ---- */

struct judgement {
    const struct probe_spec *spec;
    struct slice body;
    struct probe_result *result;
};

static void judge_all(void *arg)
{
    struct judgement *j = arg;
    if (j->spec->body)
        judge_body(j->spec, j->body, j->result);
    if (j->result->reason == REASON_OK && j->spec->json_count)
        judge_json(j->spec, j->body, j->result);
    if (j->result->reason == REASON_OK && j->spec->capture_count)
        capture_all(j->spec, j->body, j->result);
}

bool judge_is_asked(const struct probe_spec *spec)
{
    return spec->body || spec->json_count || spec->capture_count;
}

void judge_answer(const struct probe_spec *spec, struct slice body, struct probe_result *r,
                  rt_time deadline)
{
    struct judgement j = {spec, body, r};
    if (!judge_is_asked(spec))
        return;
    bool patterns = spec->body != NULL;
    for (uint32_t i = 0; i < spec->capture_count; i++)
        patterns |= spec->captures[i].pattern != NULL;
    if (!patterns && body.size <= INLINE_BYTES_MAX) {
        judge_all(&j);
        return;
    }
    int code = rt_offload(judge_all, &j, deadline);
    if (code == -ETIMEDOUT)
        probe_result_fail(r, REASON_LIMIT, "no thread was free to look at the answer in time");
    else if (code < 0)
        probe_result_fail_errno(r, "look at the answer", code);
}
