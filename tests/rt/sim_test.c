#include "rt/sim.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "rt/event.h"
#include "rt/file.h"
#include "rt/sock.h"
#include "tests/tap.h"

enum { HOST_A = 0x0a000001, HOST_B = 0x0a000002, PORT = 7000 };

static struct rt_sim_result result;

static int run_with(struct rt_sim_config config, rt_fn *fn)
{
    return rt_sim_run(&config, fn, NULL, &result);
}

static int run(uint64_t seed, rt_fn *fn)
{
    return run_with((struct rt_sim_config){.seed = seed}, fn);
}

static struct rt_addr address(uint32_t host, uint16_t port)
{
    struct rt_addr a;
    rt_addr_ipv4(host, port, &a);
    return a;
}

/* ---- one seed, one run ---- */

static void task_sends_datagrams(void *arg)
{
    struct rt_addr to = address(HOST_B, PORT);
    struct rt_sock *s;
    rt_sim_set_host(HOST_A);
    CHECK_INT(rt_udp_open(NULL, &to, &s), 0);
    for (unsigned char i = 0; i < 200; i++) {
        rt_send_to(s, &i, 1, NULL, RT_NEVER);
        rt_sleep(rt_now() + (rt_time)(rt_random() % (2 * RT_MS)));
    }
    rt_close(s);
    (void)arg;
}

static unsigned char seen[4096];
static size_t seen_count;

static void world_of_datagrams(void *arg)
{
    (void)arg;
    struct rt_addr at = address(HOST_B, PORT);
    struct rt_sock *s;
    rt_sim_set_host(HOST_B);
    CHECK_INT(rt_udp_open(&at, NULL, &s), 0);
    struct rt_group g;
    rt_group_init(&g, "test");
    rt_go(&g, task_sends_datagrams, NULL);
    seen_count = 0;
    while (seen_count < sizeof(seen) &&
           rt_recv_from(s, &seen[seen_count], 1, NULL, rt_now() + 100 * RT_MS) == 1)
        rt_sim_note(seen[seen_count++]);
    rt_group_done(&g);
    rt_close(s);
}

static const struct rt_sim_config bad_network = {
    .drop_ppm = 100000, .duplicate_ppm = 100000, .latency_min = 1, .latency_max = 10 * RT_MS};

static uint64_t hash_of(uint64_t seed)
{
    struct rt_sim_config c = bad_network;
    c.seed = seed;
    CHECK_INT(run_with(c, world_of_datagrams), 0);
    return result.hash;
}

static void the_same_seed_gives_the_same_hash_and_another_seed_another(void)
{
    uint64_t first = hash_of(7);
    struct rt_sim_result before = result;
    CHECK(hash_of(8) != first);
    CHECK(hash_of(7) == first);
    CHECK_INT(result.elapsed, before.elapsed);
    CHECK(memcmp(&result.counts, &before.counts, sizeof(before.counts)) == 0);
}

enum { EXIT_NO_EXEC = 127 };

static const char *program;

/* This program again, at other addresses: what it prints is the hash and an address. Returns the
 * exit status. */
static int hash_of_another_process(char *text, size_t size)
{
    int fds[2];
    CHECK_INT(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(fds[1], STDOUT_FILENO);
        close(fds[0]);
        execl(program, program, "--hash", NULL);
        _exit(EXIT_NO_EXEC);
    }
    close(fds[1]);
    ssize_t n = read(fds[0], text, size - 1);
    text[n > 0 ? n : 0] = 0;
    close(fds[0]);
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void another_process_at_other_addresses_gives_the_same_hash(void)
{
    char here[32], there[2][128];
    const char *hash[2];
    snprintf(here, sizeof(here), "%016llx", (unsigned long long)hash_of(7));
    bool moved = false;
    /* Addresses are drawn at random: twice the same is rare, and eight times is not chance. */
    for (int i = 0; i < 8 && !moved; i++) {
        for (int k = 0; k < 2; k++) {
            int status = hash_of_another_process(there[k], sizeof(there[k]));
            if (status == EXIT_NO_EXEC) {
                TAP_SKIP(
                    "this kernel runs the program only inside of an emulator (no binfmt_misc)");
                return;
            }
            CHECK_INT(status, 0);
            hash[k] = strtok(there[k], " \n");
            CHECK_STR(hash[k], here);
            hash[k] = strtok(NULL, " \n");
        }
        moved = hash[0] && hash[1] && strcmp(hash[0], hash[1]) != 0;
    }
    if (!moved)
        printf("# addresses did not move: no ASLR here\n");
}

static int print_hash(void)
{
    int on_stack;
    uint64_t hash = hash_of(7);
    printf("%016llx %p\n", (unsigned long long)hash, (void *)&on_stack);
    return 0;
}

/* ---- time ---- */

static void task_sleeps_an_hour(void *arg)
{
    (void)arg;
    rt_time t0 = rt_now();
    CHECK_INT(rt_sleep(t0 + 3600 * RT_SEC), 0);
    CHECK(rt_now() >= t0 + 3600 * RT_SEC && rt_now() < t0 + 3600 * RT_SEC + RT_MS);
}

static void an_hour_of_waiting_takes_no_time(void)
{
    rt_time limit = 3601 * RT_SEC;
    CHECK_INT(run_with((struct rt_sim_config){.seed = 1, .time_max = limit}, task_sleeps_an_hour),
              0);
    CHECK(result.counts.steps < 100);
}

static void task_waits_for_nothing(void *arg)
{
    (void)arg;
    struct rt_event e = {0};
    rt_event_wait(&e, RT_NEVER);
}

static void task_yields_for_ever(void *arg)
{
    (void)arg;
    while (rt_yield() == 0)
        ;
}

static void task_calls_and_never_waits(void *arg)
{
    (void)arg;
    struct rt_addr at = address(0x7f000001, PORT);
    for (;;) {
        struct rt_sock *s;
        if (rt_udp_open(&at, NULL, &s) == 0)
            rt_close(s);
    }
}

static void task_stops_the_world(void *arg)
{
    (void)arg;
    rt_sim_stop(-EDOM);
}

static void a_world_that_cannot_end_is_ended(void)
{
    CHECK_INT(run(1, task_waits_for_nothing), -EDEADLK);
    struct rt_sim_config c = {.seed = 1, .time_max = RT_SEC, .steps_max = 100 * 1000};
    CHECK_INT(run_with(c, task_sleeps_an_hour), -ETIME);
    CHECK_INT(run_with(c, task_yields_for_ever), -ELOOP);
    CHECK_INT(run_with(c, task_calls_and_never_waits), -ELOOP);
    CHECK_INT(run_with(c, task_stops_the_world), -EDOM);
}

/* ---- datagrams ---- */

static void datagrams_are_lost_doubled_and_overtaken(void)
{
    hash_of(7);
    CHECK(result.counts.dropped > 5 && result.counts.duplicated > 5);
    CHECK(result.counts.reordered > 5);
    size_t backwards = 0;
    for (size_t i = 1; i < seen_count; i++)
        backwards += seen[i] < seen[i - 1];
    CHECK(backwards > 5);
}

static void a_fair_network_delivers_each_datagram_once(void)
{
    CHECK_INT(run_with((struct rt_sim_config){.seed = 1}, world_of_datagrams), 0);
    CHECK_INT(seen_count, 200);
    CHECK_INT(result.counts.dropped + result.counts.duplicated, 0);
}

/* ---- streams ---- */

/* A connection from host A to host B; the running task ends on host A. */
struct pair {
    struct rt_sock *listener, *a, *b;
    struct rt_group group;
};

static void task_accepts(void *arg)
{
    struct pair *p = arg;
    CHECK_INT(rt_accept(p->listener, &p->b, NULL, RT_NEVER), 0);
}

static void pair_open(struct pair *p)
{
    *p = (struct pair){0};
    struct rt_addr at = address(HOST_B, PORT);
    rt_group_init(&p->group, "pair");
    rt_sim_set_host(HOST_B);
    CHECK_INT(rt_listen(&at, 4, false, &p->listener), 0);
    rt_go(&p->group, task_accepts, p);
    rt_sim_set_host(HOST_A);
    CHECK_INT(rt_connect(&at, NULL, &p->a, RT_NEVER), 0);
    CHECK_INT(rt_group_wait(&p->group, RT_NEVER), 0);
}

static void pair_done(struct pair *p)
{
    rt_group_done(&p->group);
    rt_close(p->a);
    rt_close(p->b);
    rt_close(p->listener);
}

static void task_meets_a_cut_link(void *arg)
{
    (void)arg;
    struct pair p;
    char b[8];
    pair_open(&p);
    rt_sim_partition(HOST_A, HOST_B, true);
    CHECK_INT(rt_write(p.a, "x", 1, RT_NEVER), 0);
    CHECK_INT(rt_read(p.b, b, 1, rt_now() + 3 * RT_SEC), -ETIMEDOUT);
    CHECK_INT(rt_write(p.b, "y", 1, RT_NEVER), 0); /* the other way is whole */
    CHECK_INT(rt_read(p.a, b, 1, rt_now() + RT_SEC), 1);
    rt_sim_partition(HOST_A, HOST_B, false);
    CHECK_INT(rt_read(p.b, b, 1, rt_now() + 10 * RT_SEC), 1);
    rt_sim_partition(HOST_A, HOST_B, true);
    CHECK_INT(rt_write(p.a, "z", 1, RT_NEVER), 0);
    CHECK_INT(rt_read(p.a, b, 1, RT_NEVER), -ETIMEDOUT); /* TCP itself gives up */
    pair_done(&p);
}

static void a_cut_link_holds_a_stream_up_until_it_heals_or_the_sender_gives_up(void)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        CHECK_INT(run(seed, task_meets_a_cut_link), 0);
        CHECK(result.counts.retransmissions > 0);
        CHECK(result.elapsed > 50 * RT_SEC && result.elapsed < 120 * RT_SEC);
    }
}

static void task_writes_until_told(void *arg)
{
    int *told = arg;
    struct pair p;
    char b[8];
    pair_open(&p);
    int r = 0;
    for (int i = 0; i < 1000 && r == 0; i++)
        r = rt_write(p.a, "abcdefg", 7, rt_now() + RT_SEC);
    told[0] = r;
    ssize_t n;
    while ((n = rt_read(p.b, b, sizeof(b), rt_now() + RT_SEC)) > 0)
        ;
    told[1] = (int)n;
    pair_done(&p);
}

static void an_injected_reset_is_told_to_both_ends(void)
{
    int told[2] = {1, 1};
    struct rt_sim_config c = {.seed = 3, .reset_ppm = 100000};
    CHECK_INT(rt_sim_run(&c, task_writes_until_told, told, &result), 0);
    CHECK_INT(result.counts.resets, 1);
    CHECK(told[0] == -ECONNRESET || told[0] == 0); /* it may have written all before */
    CHECK_INT(told[1], -ECONNRESET);
}

static void a_half_open_connection_is_told_to_nobody(void)
{
    int told[2] = {1, 1};
    struct rt_sim_config c = {.seed = 3, .half_open_ppm = 100000, .buffer_bytes = 100};
    CHECK_INT(rt_sim_run(&c, task_writes_until_told, told, &result), 0);
    CHECK_INT(result.counts.half_opens, 1);
    CHECK_INT(told[0], -ETIMEDOUT); /* the buffer is full, for ever */
    CHECK_INT(told[1], -ETIMEDOUT);
    CHECK(result.counts.full_buffers > 0 && result.counts.short_writes > 0);
}

static void task_outlives_its_peer(void *arg)
{
    (void)arg;
    struct pair p;
    char b[8];
    pair_open(&p);
    rt_sim_crash_host(HOST_B);
    CHECK_INT(rt_write(p.a, "x", 1, RT_NEVER), 0);
    CHECK_INT(rt_read(p.a, b, 1, rt_now() + 2 * RT_SEC), -ETIMEDOUT); /* down: silence */
    CHECK_INT(rt_read(p.b, b, 1, RT_NEVER), -ENETDOWN);
    rt_sim_start_host(HOST_B);
    CHECK_INT(rt_read(p.a, b, 1, rt_now() + 10 * RT_SEC), -ECONNRESET); /* up: who are you? */
    CHECK_INT(rt_read(p.b, b, 1, RT_NEVER), -ENETDOWN);
    struct rt_sock *s;
    struct rt_addr at = address(HOST_B, PORT);
    CHECK_INT(rt_connect(&at, NULL, &s, rt_now() + RT_SEC), -ECONNREFUSED);
    pair_done(&p);
}

static void a_host_that_lost_power_answers_with_a_reset_once_it_is_up(void)
{
    for (uint64_t seed = 1; seed <= 20; seed++)
        CHECK_INT(run(seed, task_outlives_its_peer), 0);
}

static void task_loses_what_was_under_way(void *arg)
{
    (void)arg;
    struct pair p;
    char b[8];
    pair_open(&p);
    CHECK_INT(rt_write(p.a, "x", 1, RT_NEVER), 0);
    rt_sim_crash_host(HOST_A);
    rt_sim_start_host(HOST_A);
    CHECK_INT(rt_read(p.b, b, 1, rt_now() + 10 * RT_SEC), -ETIMEDOUT); /* nor does it end */
    pair_done(&p);
}

static void a_host_that_lost_power_sends_nothing_again(void)
{
    for (uint64_t seed = 1; seed <= 20; seed++)
        CHECK_INT(run(seed, task_loses_what_was_under_way), 0);
}

/* ---- files ---- */

static int write_file(const char *path, const char *text, bool sync)
{
    struct rt_file *f;
    int r = rt_file_open(path, O_WRONLY | O_CREAT, 0600, &f, RT_NEVER);
    if (r < 0)
        return r;
    r = rt_file_write(f, text, strlen(text), 0, RT_NEVER);
    if (r == 0 && sync)
        r = rt_file_sync(f, RT_NEVER);
    rt_file_close(f);
    return r;
}

/* "": it is not there, or empty. */
static const char *read_file(const char *path, char *text, size_t size)
{
    struct buf b = BUF(MEM_TEST, size - 1);
    text[0] = 0;
    if (rt_file_read_all(path, &b, RT_NEVER) == 0 && b.size) {
        memcpy(text, b.data, b.size);
        text[b.size] = 0;
    }
    buf_done(&b);
    return text;
}

static unsigned fates; /* of the unsynced write: 1 lost, 2 kept, 4 torn */

static void task_loses_power(void *arg)
{
    (void)arg;
    char text[32];
    rt_sim_set_host(HOST_A);
    CHECK_INT(rt_file_write_all("d/f", "durable!", 8, 0600, RT_NEVER), 0);
    CHECK_INT(write_file("d/f", "synced", true), 0);
    CHECK_INT(write_file("d/f", "UNSYNCED", false), 0);
    CHECK_STR(read_file("d/f", text, sizeof(text)), "UNSYNCED");
    rt_sim_crash_host(HOST_A);
    CHECK_INT(write_file("d/f", "x", false), -EIO);
    rt_sim_start_host(HOST_A);
    read_file("d/f", text, sizeof(text));
    size_t new = strspn(text, "UNSYCED");
    CHECK_STR(text + new, &"syncede!"[new]);
    fates |= new == 0 ? 1 : new == 8 ? 2 : 4;
}

static void a_crash_keeps_what_was_synced_and_keeps_loses_or_tears_the_rest(void)
{
    fates = 0;
    for (uint64_t seed = 1; seed <= 50; seed++)
        CHECK_INT(run(seed, task_loses_power), 0);
    CHECK_INT(fates, 7);
}

static void task_renames_and_loses_power(void *arg)
{
    (void)arg;
    char text[32];
    rt_sim_set_host(HOST_A);
    CHECK_INT(rt_file_write_all("d/f", "old", 3, 0600, RT_NEVER), 0);
    CHECK_INT(write_file("d/g", "new", true), 0);
    CHECK_INT(rt_file_rename("d/g", "d/f", RT_NEVER), 0);
    CHECK_STR(read_file("d/f", text, sizeof(text)), "new");
    rt_sim_crash_host(HOST_A);
    rt_sim_start_host(HOST_A);
    bool renamed = strcmp(read_file("d/f", text, sizeof(text)), "new") == 0;
    CHECK_STR(text, renamed ? "new" : "old");
    fates |= renamed ? 1 : 2;
    if (renamed)
        CHECK_STR(read_file("d/g", text, sizeof(text)), "");
}

static void an_unsynced_rename_may_be_lost_but_is_never_half(void)
{
    fates = 0;
    for (uint64_t seed = 1; seed <= 50; seed++)
        CHECK_INT(run(seed, task_renames_and_loses_power), 0);
    CHECK_INT(fates, 3);
}

static void task_moves_to_another_folder(void *arg)
{
    (void)arg;
    char text[32];
    rt_sim_set_host(HOST_A);
    CHECK_INT(write_file("d/f", "text", true), 0);
    CHECK_INT(rt_file_rename("d/f", "e/f", RT_NEVER), 0);
    CHECK_INT(rt_file_sync_folder("e/f", RT_NEVER), 0);
    CHECK_INT(write_file("d/g", "other", true), 0); /* nothing of this was asked to be kept */
    rt_sim_crash_host(HOST_A);
    rt_sim_start_host(HOST_A);
    CHECK_STR(read_file("e/f", text, sizeof(text)), "text");
    CHECK_STR(read_file("d/f", text, sizeof(text)), "");
    fates |= read_file("d/g", text, sizeof(text))[0] ? 1 : 2;
}

static void a_file_that_moved_is_in_one_place(void)
{
    fates = 0;
    for (uint64_t seed = 1; seed <= 50; seed++)
        CHECK_INT(run(seed, task_moves_to_another_folder), 0);
    CHECK_INT(fates, 3);
}

static void task_locks_and_loses_power(void *arg)
{
    (void)arg;
    struct rt_file *a, *b;
    rt_sim_set_host(HOST_A);
    CHECK_INT(rt_file_write_all("d/f", "x", 1, 0600, RT_NEVER), 0);
    CHECK_INT(rt_file_open("d/f", O_RDWR, 0, &a, RT_NEVER), 0);
    CHECK_INT(rt_file_lock(a, true, RT_NEVER), 0);
    rt_sim_crash_host(HOST_A);
    CHECK_INT(rt_file_lock(a, true, RT_NEVER), -EIO);
    rt_sim_start_host(HOST_A);
    CHECK_INT(rt_file_open("d/f", O_RDWR, 0, &b, RT_NEVER), 0);
    CHECK_INT(rt_file_lock(b, true, RT_NEVER), 0); /* a's was of the life before */
    rt_file_close(a);
    rt_file_close(b);
}

static void a_lock_ends_with_the_life_of_its_host(void)
{
    CHECK_INT(run(1, task_locks_and_loses_power), 0);
}

static void task_writes_whole_files(void *arg)
{
    (void)arg;
    char text[32];
    rt_sim_set_host(HOST_A);
    const char *was = "";
    for (int i = 0; i < 20; i++) {
        const char *want = i % 2 ? "some text" : "another one";
        int r = rt_file_write_all("d/f", want, strlen(want), 0600, RT_NEVER);
        rt_sim_crash_host(HOST_A);
        rt_sim_start_host(HOST_A);
        read_file("d/f", text, sizeof(text));
        bool is_new = strcmp(text, want) == 0;
        CHECK(is_new || (r < 0 && strcmp(text, was) == 0));
        was = is_new ? want : was;
    }
}

static void a_whole_file_is_replaced_or_kept_whatever_the_disk_does(void)
{
    uint64_t failures = 0, full = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct rt_sim_config c = {.seed = seed, .sync_fail_ppm = 200000, .disk_full_ppm = 100000};
        CHECK_INT(run_with(c, task_writes_whole_files), 0);
        failures += result.counts.sync_failures;
        full += result.counts.disk_full;
    }
    CHECK(failures > 100 && full > 50);
}

static void task_syncs_twice(void *arg)
{
    (void)arg;
    char text[32];
    rt_sim_set_host(HOST_A);
    CHECK_INT(rt_file_write_all("d/f", "old", 3, 0600, RT_NEVER), -EIO); /* every sync fails */
    struct rt_file *f;
    CHECK_INT(rt_file_open("d/f", O_RDWR | O_CREAT, 0600, &f, RT_NEVER), 0);
    CHECK_INT(rt_file_write(f, "new", 3, 0, RT_NEVER), 0);
    CHECK_INT(rt_file_sync(f, RT_NEVER), -EIO);
    rt_sim_calm();
    CHECK_INT(rt_file_sync(f, RT_NEVER), -EIO); /* final, though the disk is well again */
    rt_file_close(f);
    CHECK_STR(read_file("d/f", text, sizeof(text)), "new"); /* the page cache */
    rt_sim_crash_host(HOST_A);
    rt_sim_start_host(HOST_A);
    fates |= strcmp(read_file("d/f", text, sizeof(text)), "new") == 0 ? 1 : 2;
}

static void a_failed_sync_may_lose_the_data_and_is_final(void)
{
    fates = 0;
    for (uint64_t seed = 1; seed <= 50; seed++)
        CHECK_INT(run_with((struct rt_sim_config){.seed = seed, .sync_fail_ppm = 1000000},
                           task_syncs_twice),
                  0);
    CHECK_INT(fates, 3);
}

static void nothing_is_left_allocated(void)
{
    CHECK_INT(mem_usage_of(MEM_RT).live, 0);
}

int main(int argc, char **argv)
{
    program = argv[0];
    if (argc > 1)
        return print_hash();
    TAP_RUN(the_same_seed_gives_the_same_hash_and_another_seed_another);
    TAP_RUN(another_process_at_other_addresses_gives_the_same_hash);
    TAP_RUN(an_hour_of_waiting_takes_no_time);
    TAP_RUN(datagrams_are_lost_doubled_and_overtaken);
    TAP_RUN(a_fair_network_delivers_each_datagram_once);
    TAP_RUN(a_cut_link_holds_a_stream_up_until_it_heals_or_the_sender_gives_up);
    TAP_RUN(an_injected_reset_is_told_to_both_ends);
    TAP_RUN(a_half_open_connection_is_told_to_nobody);
    TAP_RUN(a_host_that_lost_power_answers_with_a_reset_once_it_is_up);
    TAP_RUN(a_host_that_lost_power_sends_nothing_again);
    TAP_RUN(a_crash_keeps_what_was_synced_and_keeps_loses_or_tears_the_rest);
    TAP_RUN(an_unsynced_rename_may_be_lost_but_is_never_half);
    TAP_RUN(a_file_that_moved_is_in_one_place);
    TAP_RUN(a_lock_ends_with_the_life_of_its_host);
    TAP_RUN(a_whole_file_is_replaced_or_kept_whatever_the_disk_does);
    TAP_RUN(a_failed_sync_may_lose_the_data_and_is_final);
    TAP_RUN(nothing_is_left_allocated);
    TAP_RUN(a_world_that_cannot_end_is_ended); /* last: dropped tasks leave what they owned */
    return tap_done();
}
