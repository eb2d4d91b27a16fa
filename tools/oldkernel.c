/* oldkernel - runs a program as an older kernel would: newer system calls are refused.
 *
 * usage: oldkernel [-p] PROGRAM [ARGUMENT...]
 *
 * A seccomp filter, inherited by every child, answers ENOSYS for pidfd_open, clone3, io_uring_*,
 * epoll_pwait2 and close_range, and EINVAL for madvise(MADV_GUARD_INSTALL). What the program does
 * then is what it would do on Linux 5.2. With -p they are refused as a container's filter does that
 * was written before them: EPERM (but for clone3, where libc itself knows ENOSYS only). */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

enum { GUARD_INSTALL = 102, EXIT_FAILED = 125 };

#define REFUSE(nr, code)                             \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (code))

static int filter_install(unsigned short refusal)
{
    struct sock_filter code[] = {
        /* The numbers below are those of our own architecture; another's calls pass. */
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        REFUSE(SYS_pidfd_open, refusal),
        REFUSE(SYS_clone3, ENOSYS),
        REFUSE(SYS_io_uring_setup, refusal),
        REFUSE(SYS_io_uring_enter, refusal),
        REFUSE(SYS_io_uring_register, refusal),
        REFUSE(SYS_epoll_pwait2, refusal),
        REFUSE(SYS_close_range, refusal),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, GUARD_INSTALL, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

int main(int argc, char **argv)
{
    bool denies = argc > 1 && strcmp(argv[1], "-p") == 0;
    argc -= denies;
    argv += denies;
    if (argc < 2) {
        fprintf(stderr, "usage: oldkernel [-p] PROGRAM [ARGUMENT...]\n");
        return EXIT_FAILED;
    }
    int r = filter_install(denies ? EPERM : ENOSYS);
    if (r < 0) {
        fprintf(stderr, "oldkernel: the filter: %s\n", strerror(-r));
        return EXIT_FAILED;
    }
    execvp(argv[1], argv + 1);
    fprintf(stderr, "oldkernel: %s: %s\n", argv[1], strerror(errno));
    return EXIT_FAILED;
}
