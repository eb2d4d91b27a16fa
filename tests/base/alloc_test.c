#include "base/alloc.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/defs.h"
#include "base/fault.h"
#include "../tap.h"

static void each_block_is_counted_until_it_is_freed(void)
{
    struct mem_usage before = mem_usage_of(MEM_NET);
    char *a = mem_alloc(MEM_NET, 1000), *b = mem_try_alloc(MEM_NET, 0);

    CHECK(b != NULL && a[0] == 0 && a[999] == 0);
    CHECK_INT(mem_usage_of(MEM_NET).live, before.live + 2);
    CHECK(mem_usage_of(MEM_NET).bytes >= before.bytes + 1000);
    a = mem_resize(MEM_NET, a, 5000);
    CHECK(mem_usage_of(MEM_NET).bytes >= before.bytes + 5000);
    CHECK_INT(mem_usage_of(MEM_NET).live, before.live + 2);
    a = mem_resize(MEM_NET, a, 0);
    CHECK(a != NULL);
    mem_free(MEM_NET, a);
    mem_free(MEM_NET, b);
    mem_free(MEM_NET, NULL);
    CHECK_INT(mem_usage_of(MEM_NET).live, before.live);
    CHECK_INT(mem_usage_of(MEM_NET).bytes, before.bytes);
}

static void resizing_null_makes_a_new_object(void)
{
    struct mem_usage before = mem_usage_of(MEM_TEST);
    char *p = mem_resize(MEM_TEST, NULL, 10);

    CHECK_INT(mem_usage_of(MEM_TEST).live, before.live + 1);
    mem_free(MEM_TEST, p);
}

static void a_copied_string_ends_in_nul(void)
{
    char *p = mem_strdup(MEM_TEST, slice_sub(SLICE("abcdef"), 1, 3));
    char *empty = mem_strdup(MEM_TEST, (struct slice){0});

    CHECK_STR(p, "bc");
    CHECK_STR(empty, "");
    mem_free(MEM_TEST, p);
    mem_free(MEM_TEST, empty);
}

static void a_refused_try_gives_null_and_counts_nothing(void)
{
    struct mem_usage before = mem_usage_of(MEM_TEST);

    fault_arm(FAULT_ALLOC, 1);
    CHECK(mem_try_alloc(MEM_TEST, 10) == NULL);
    fault_arm(FAULT_ALLOC, 0);
    CHECK_INT(mem_usage_of(MEM_TEST).live, before.live);
    CHECK_INT(mem_usage_of(MEM_TEST).bytes, before.bytes);
}

/* The child cannot have the memory; what it says on its way down is what an operator reads. */
static void out_of_memory_names_the_subsystem_and_the_size(void)
{
    int fds[2], status;
    char text[200] = "";

    CHECK(pipe(fds) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0});
        dup2(fds[1], 2);
        signal(SIGABRT, SIG_DFL);
        /* volatile: or the compiler warns that the size is absurd, which it is. */
        volatile size_t absurd = (size_t)1 << 46;
        mem_resize(MEM_OBSERVE, NULL, absurd);
        _exit(0);
    }
    close(fds[1]);
    for (size_t n = 0; n < sizeof(text) - 1;) {
        ssize_t r = read(fds[0], text + n, sizeof(text) - 1 - n);
        if (r <= 0)
            break;
        n += (size_t)r;
    }
    close(fds[0]);
    CHECK(waitpid(pid, &status, 0) == pid);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    CHECK(strstr(text,
                 "firebreak: out of memory: observe asked for 70368744177664 bytes and holds "));
#else
    TAP_SKIP("a sanitizer's allocator ends the process by itself");
#endif
}

static void *churn(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2000; i++)
        mem_free(MEM_MODEL, mem_resize(MEM_MODEL, mem_alloc(MEM_MODEL, 10), (size_t)i));
    return NULL;
}

static void threads_that_come_and_go_leave_no_count_behind(void)
{
    struct mem_usage before = mem_usage_of(MEM_MODEL);
    pthread_t t[4];

    for (int i = 0; i < 4; i++)
        CHECK(pthread_create(&t[i], NULL, churn, NULL) == 0);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    CHECK_INT(mem_usage_of(MEM_MODEL).live, before.live);
    CHECK_INT(mem_usage_of(MEM_MODEL).bytes, before.bytes);
}

static void every_subsystem_has_a_name(void)
{
    for (int i = 0; i < MEM_SUBSYSTEM_COUNT; i++)
        CHECK(mem_subsystem_name((enum mem_subsystem)i) != NULL);
    CHECK_STR(mem_subsystem_name(MEM_BASE), "base");
    CHECK_STR(mem_subsystem_name(MEM_OBSERVE), "observe");
    CHECK_STR(mem_subsystem_name(MEM_SUBSYSTEM_COUNT), "unknown");
}

static void what_is_held_survives_giving_back_the_rest(void)
{
    char *held = mem_strdup(MEM_TEST, SLICE("held"));
    void *blocks[64];
    for (size_t i = 0; i < ARRAY_LEN(blocks); i++)
        blocks[i] = mem_alloc(MEM_TEST, 100 * 1000);
    for (size_t i = 0; i < ARRAY_LEN(blocks); i++)
        mem_free(MEM_TEST, blocks[i]);
    struct mem_usage before = mem_usage_of(MEM_TEST);
    mem_give_back();
    CHECK_STR(held, "held");
    CHECK_INT(mem_usage_of(MEM_TEST).live, before.live);
    mem_free(MEM_TEST, held);
}

int main(void)
{
    TAP_RUN(each_block_is_counted_until_it_is_freed);
    TAP_RUN(resizing_null_makes_a_new_object);
    TAP_RUN(a_copied_string_ends_in_nul);
#ifdef FIREBREAK_FAULTS
    TAP_RUN(a_refused_try_gives_null_and_counts_nothing);
#else
    (void)a_refused_try_gives_null_and_counts_nothing;
#endif
    TAP_RUN(out_of_memory_names_the_subsystem_and_the_size);
    TAP_RUN(threads_that_come_and_go_leave_no_count_behind);
    TAP_RUN(every_subsystem_has_a_name);
    TAP_RUN(what_is_held_survives_giving_back_the_rest);
    return tap_done();
}
