#include "base/fault.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"

#ifdef FIREBREAK_FAULTS

static void only_the_nth_call_fails_and_only_once(void)
{
    fault_arm(FAULT_SYSCALL, 3);
    for (int i = 1; i <= 10; i++)
        CHECK_INT(fault_fails(FAULT_SYSCALL), i == 3);
    CHECK_INT(fault_count(FAULT_SYSCALL), 10);
    fault_arm(FAULT_SYSCALL, 0);
    CHECK_INT(fault_count(FAULT_SYSCALL), 0);
}

static void kinds_count_apart(void)
{
    fault_arm(FAULT_ALLOC, 1);
    fault_arm(FAULT_SYSCALL, 0);
    CHECK(!fault_fails(FAULT_SYSCALL));
    CHECK_INT(fault_count(FAULT_ALLOC), 0);
    CHECK(fault_fails(FAULT_ALLOC));
    fault_arm(FAULT_ALLOC, 0);
    fault_arm(FAULT_SYSCALL, 0);
    CHECK(!fault_fails(FAULT_ALLOC));
}

static void without_descriptors_no_socket_is_opened_any_more(void)
{
    fault_arm(FAULT_SOCKET, 3);
    for (int i = 1; i <= 6; i++)
        CHECK_INT(fault_fails(FAULT_SOCKET), i >= 3);
    fault_arm(FAULT_SOCKET, 0);
    CHECK(!fault_fails(FAULT_SOCKET));
}

static void a_mutant_is_on_only_when_it_is_named(void)
{
    fault_mutant_set(NULL);
    CHECK(!fault_mutant("no_fence"));
    fault_mutant_set("no_fence");
    CHECK(fault_mutant("no_fence"));
    CHECK(!fault_mutant("no_fsync"));
    CHECK(!fault_mutant("no_fenc"));
    fault_mutant_set(NULL);
    CHECK(!fault_mutant("no_fence"));
}

static const char *program;

/* A child of this program itself, started as `make mutants` and `make torture` start it. Its exit
 * status, or -1 and a skip. */
static int child_status(const char *variable, const char *value)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        setenv(variable, value, 1);
        execl(program, program, "child", (char *)NULL); /* /proc/self/exe may be valgrind */
        _exit(errno == ENOEXEC ? 98 : 99);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    status = WIFEXITED(status) ? WEXITSTATUS(status) : 99;
    if (status == 98) {
        TAP_SKIP("this kernel runs the program only inside of an emulator (no binfmt_misc)");
        return -1;
    }
    return status;
}

static void the_environment_switches_a_mutant_on_from_the_first_line(void)
{
    int status = child_status("FIREBREAK_MUTANT", "from_environment");
    CHECK(status == 7 || status == -1);
}

static void the_environment_arms_a_failure_by_its_number(void)
{
    int status = child_status("FIREBREAK_FAULT", "syscall:2");
    CHECK(status == 9 || status == -1);
    status = child_status("FIREBREAK_FAULT", "alloc:2");
    CHECK(status == 8 || status == -1);
}

static int child(void)
{
    if (fault_mutant("from_environment") && !fault_mutant("other"))
        return 7;
    bool first = fault_fails(FAULT_SYSCALL), second = fault_fails(FAULT_SYSCALL);
    return !first && second && !fault_fails(FAULT_SYSCALL) ? 9 : 8;
}

int main(int argc, char **argv)
{
    program = argv[0];
    if (argc > 1)
        return child();
    TAP_RUN(only_the_nth_call_fails_and_only_once);
    TAP_RUN(kinds_count_apart);
    TAP_RUN(without_descriptors_no_socket_is_opened_any_more);
    TAP_RUN(a_mutant_is_on_only_when_it_is_named);
    TAP_RUN(the_environment_switches_a_mutant_on_from_the_first_line);
    TAP_RUN(the_environment_arms_a_failure_by_its_number);
    return tap_done();
}

#else

static void without_fault_points_nothing_ever_fails(void)
{
    fault_arm(FAULT_ALLOC, 1);
    fault_mutant_set("no_fence");
    CHECK(!fault_fails(FAULT_ALLOC));
    CHECK(!fault_mutant("no_fence"));
    CHECK_INT(fault_count(FAULT_ALLOC), 0);
}

int main(void)
{
    TAP_RUN(without_fault_points_nothing_ever_fails);
    return tap_done();
}

#endif
