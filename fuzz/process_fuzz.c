/* What /proc and the kernel say of processes, however broken: what is understood is the same when
 * it is written down and read once more. The same bytes go to every parser. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "host/process.h"
#include "host/remembered.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_stat(struct slice text)
{
    struct host_process p = {.pid = -7}, again;
    struct buf out = BUF(MEM_TEST, 0);
    if (host_parse_process(text, &p) < 0) {
        assert(p.pid == -7);
        return;
    }
    assert(p.pid > 0 && p.state && memchr(p.comm, 0, sizeof(p.comm)));
    buf_printf(&out, "%d (%s) %c %d %d", p.pid, p.comm, p.state, p.parent, p.group);
    for (int i = 0; i < 16; i++)
        buf_append_cstr(&out, " 0");
    buf_printf(&out, " %llu 0\n", (unsigned long long)p.started);
    assert(host_parse_process(buf_slice(&out), &again) == 0);
    assert(again.pid == p.pid && again.state == p.state && again.parent == p.parent);
    assert(again.started == p.started && again.group == p.group);
    assert(strcmp(again.comm, p.comm) == 0);
    buf_done(&out);
}

static void check_words(struct slice text, struct arena *a)
{
    const char *const *words = NULL;
    bool rewritten = false;
    size_t n = host_parse_command(text, a, &words, &rewritten), bytes = 0;
    assert((n == 0) == (text.size == 0));
    for (size_t i = 0; i < n; i++)
        bytes += strlen(words[i]) + 1;
    assert(n == 0 || (!words[n] && bytes <= text.size + 1));
    size_t count = host_parse_environment(text, a, &words);
    for (size_t i = 0; i < count; i++)
        assert(strchr(words[i], '=') > words[i]);
    assert(!words[count]);
}

static void check_identity(struct slice text, struct arena *a)
{
    struct host_remembered m = {.uid = 77};
    if (host_parse_identity(text, a, &m) < 0)
        assert(m.uid == 77);
    else
        assert(m.umask <= 0777 && m.group_count <= HOST_REMEMBERED_GROUPS_MAX);
}

static void check_remembered(struct slice text, struct arena *a)
{
    struct host_remembered m, again;
    struct buf first = BUF(MEM_TEST, 0), second = BUF(MEM_TEST, 0);
    if (host_remembered_parse(text, a, &m, NULL) == 0) {
        assert(m.argv[0] && m.dir[0] == '/');
        host_remembered_write(&m, &first);
        assert(host_remembered_parse(buf_slice(&first), a, &again, NULL) == 0);
        host_remembered_write(&again, &second);
        assert(slice_eq(buf_slice(&first), buf_slice(&second)));
    }
    buf_done(&first);
    buf_done(&second);
}

static void check_events(struct slice text)
{
    struct host_process_event e;
    size_t left = text.size;
    while (host_process_event_next(&text, &e) == 1) {
        assert(text.size < left);
        assert(e.change == HOST_PROCESS_OTHER || e.pid > 0);
        left = text.size;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = ARENA(MEM_TEST, 0);
    struct slice text = {(const char *)data, size};
    pid_t pid = -7;
    check_stat(text);
    check_words(text, &a);
    check_identity(text, &a);
    check_remembered(text, &a);
    check_events(text);
    assert(host_parse_pid(text, &pid) == 0 ? pid > 0 : pid == -7);
    struct buf copy = BUF(MEM_TEST, 0);
    buf_append_slice(&copy, text);
    buf_append_byte(&copy, 0);
    host_process_is_called(copy.data, "nginx", copy.data, text);
    buf_done(&copy);
    arena_done(&a);
    return 0;
}
