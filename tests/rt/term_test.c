#include "rt/term.h"

#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "rt/signal.h"
#include "rt/sock.h"

#if defined(__SANITIZE_THREAD__)
#define DEFERS_SIGNALS true
#elif defined(__has_feature)
#define DEFERS_SIGNALS __has_feature(thread_sanitizer)
#else
#define DEFERS_SIGNALS false
#endif

/* Each case is a child whose controlling terminal is a pseudo-terminal of ours: we type, read
 * what it draws, and look at the terminal's state from outside. */

enum { PATIENCE_MS = 20000, SEEN_BYTES = 1536 };

#define SOON (rt_now() + PATIENCE_MS * RT_MS)

static const char alternate_screen[] = "\x1b[?1049h", former_screen[] = "\x1b[?1049l";

struct pty {
    int master, slave;
    pid_t pid;
    struct termios before;
    char seen[SEEN_BYTES];
    size_t size;
};

static void child(const struct pty *p, rt_fn *fn)
{
    setsid();
    ioctl(p->slave, TIOCSCTTY, 0);
    for (int fd = 0; fd < 3; fd++)
        dup2(p->slave, fd);
    close(p->slave);
    close(p->master);
    tap_ok_ = true;
    int r = rt_run(NULL, fn, NULL);
    fflush(stdout);
    _exit(r == 0 && tap_ok_ ? 0 : 1);
}

static void pty_start(struct pty *p, rt_fn *fn)
{
    memset(p, 0, sizeof(*p));
    p->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK(p->master >= 0 && grantpt(p->master) == 0 && unlockpt(p->master) == 0);
    p->slave = open(ptsname(p->master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK(p->slave >= 0);
    tcgetattr(p->slave, &p->before);
    ioctl(p->slave, TIOCSWINSZ, &(struct winsize){.ws_row = 30, .ws_col = 100});
    fflush(stdout);
    p->pid = fork();
    if (p->pid == 0)
        child(p, fn);
}

/* Reads until `text` was drawn, from where the last call stopped looking. */
static bool shows(struct pty *p, const char *text)
{
    size_t from = 0;
    for (;;) {
        p->seen[p->size] = 0;
        char *found = memmem(p->seen + from, p->size - from, text, strlen(text));
        if (found) {
            size_t used = (size_t)(found - p->seen) + strlen(text);
            memmove(p->seen, p->seen + used, p->size - used);
            p->size -= used;
            return true;
        }
        struct pollfd f = {.fd = p->master, .events = POLLIN};
        ssize_t n = poll(&f, 1, PATIENCE_MS) > 0
                        ? read(p->master, p->seen + p->size, SEEN_BYTES - 1 - p->size)
                        : -1;
        if (n <= 0) {
            printf("# never seen: %s; but: %s\n", text + (text[0] == '\x1b'), p->seen);
            return false;
        }
        p->size += (size_t)n;
    }
}

static void type(struct pty *p, const char *keys)
{
    CHECK_INT(write(p->master, keys, strlen(keys)), strlen(keys));
}

static bool is_raw(const struct pty *p)
{
    struct termios t;
    tcgetattr(p->slave, &t);
    return !(t.c_lflag & (ICANON | ECHO)) && (t.c_lflag & ISIG);
}

static bool is_as_before(const struct pty *p)
{
    struct termios t;
    tcgetattr(p->slave, &t);
    return t.c_iflag == p->before.c_iflag && t.c_oflag == p->before.c_oflag &&
           t.c_lflag == p->before.c_lflag && t.c_cflag == p->before.c_cflag &&
           memcmp(t.c_cc, p->before.c_cc, sizeof(t.c_cc)) == 0;
}

static int ended(struct pty *p)
{
    int status = -1;
    CHECK_INT(waitpid(p->pid, &status, 0), p->pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
        shows(p, "\x1b the child's own checks");
    }
    return status;
}

static void pty_end(struct pty *p)
{
    close(p->master);
    close(p->slave);
}

static void say(const char *text)
{
    CHECK_INT(write(1, text, strlen(text)), strlen(text));
}

static struct rt_term *take(void)
{
    struct rt_term *t = NULL;
    CHECK_INT(rt_term_open(1, &t), 0);
    say("READY");
    return t;
}

/* ---- cases: what the child does, and what is seen ---- */

static void child_reads_two_keys(void *arg)
{
    (void)arg;
    struct rt_term *t = take(), *second = NULL;
    CHECK_INT(rt_term_open(1, &second), -EBUSY);
    CHECK(second == NULL);
    CHECK_INT(rt_term_key(t, rt_now() + 20 * RT_MS), -ETIMEDOUT);
    say("WAITS");
    CHECK_INT(rt_term_key(t, SOON), 'a');
    CHECK_INT(rt_term_key(t, SOON), 0xc3); /* bytes: UTF-8 is for the caller */
    CHECK_INT(rt_term_key(t, SOON), 0xa4);
    rt_term_close(t);
    rt_term_close(NULL);
    say("CLOSED");
}

static void it_is_taken_and_put_back_as_it_was(void)
{
    struct pty p;
    pty_start(&p, child_reads_two_keys);
    CHECK(shows(&p, alternate_screen));
    CHECK(shows(&p, "WAITS"));
    CHECK(is_raw(&p));
    type(&p, "a\xc3\xa4");
    CHECK(shows(&p, "\x1b[?25h"));
    CHECK(shows(&p, former_screen));
    CHECK(shows(&p, "CLOSED"));
    CHECK_INT(ended(&p), 0);
    CHECK(is_as_before(&p));
    pty_end(&p);
}

static void child_learns_sizes(void *arg)
{
    (void)arg;
    struct rt_term_size size = rt_term_size_of(1);
    CHECK_INT(size.columns, 100);
    CHECK_INT(size.rows, 30);
    struct rt_term *t = take();
    CHECK_INT(rt_term_key(t, SOON), RT_TERM_RESIZED);
    size = rt_term_size_of(1);
    CHECK_INT(size.columns, 7);
    CHECK_INT(size.rows, 2);
    rt_term_close(t);
}

static void a_new_size_is_told(void)
{
    struct pty p;
    pty_start(&p, child_learns_sizes);
    CHECK(shows(&p, "READY"));
    ioctl(p.master, TIOCSWINSZ, &(struct winsize){.ws_row = 2, .ws_col = 7});
    CHECK_INT(ended(&p), 0);
    pty_end(&p);
}

static void child_is_interrupted(void *arg)
{
    (void)arg;
    struct rt_signals *s = NULL;
    int signals[] = {SIGINT, 0};
    CHECK_INT(rt_signals_open(signals, &s), 0);
    struct rt_term *t = take();
    CHECK_INT(rt_signals_wait(s, SOON), SIGINT);
    rt_signals_close(s);
    rt_term_close(t);
}

static void ctrl_c_still_interrupts(void)
{
    struct pty p;
    pty_start(&p, child_is_interrupted);
    CHECK(shows(&p, "READY"));
    type(&p, "\x03");
    CHECK_INT(ended(&p), 0);
    CHECK(is_as_before(&p));
    pty_end(&p);
}

static void child_waits_for_ever(void *arg)
{
    (void)arg;
    struct rt_term *t = take();
    while (rt_term_key(t, RT_NEVER) >= 0)
        say("KEY");
    rt_term_close(t);
}

static void a_deadly_signal_leaves_it_as_it_was(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP};
    if (DEFERS_SIGNALS) {
        TAP_SKIP("ThreadSanitizer holds signals back from a loop that waits in a raw system call");
        return;
    }
    for (size_t i = 0; i < 4; i++) {
        struct pty p;
        pty_start(&p, child_waits_for_ever);
        CHECK(shows(&p, "READY"));
        CHECK(is_raw(&p));
        kill(p.pid, signals[i]);
        CHECK(shows(&p, former_screen));
        int status = ended(&p);
        CHECK(WIFSIGNALED(status));
        CHECK_INT(WTERMSIG(status), signals[i]);
        CHECK(is_as_before(&p));
        pty_end(&p);
    }
}

static void child_aborts(void *arg)
{
    (void)arg;
    struct rt_term *t = take();
    rt_term_key(t, SOON);
    abort();
}

static void a_crash_leaves_it_as_it_was(void)
{
    struct pty p;
    pty_start(&p, child_aborts);
    CHECK(shows(&p, "READY"));
    CHECK(is_raw(&p));
    type(&p, "x");
    CHECK(shows(&p, former_screen));
    CHECK(ended(&p) != 0);
    CHECK(is_as_before(&p));
    pty_end(&p);
}

static void child_exits(void *arg)
{
    (void)arg;
    struct rt_term *t = take();
    rt_term_key(t, SOON);
    exit(0);
}

static void an_exit_from_anywhere_leaves_it_as_it_was(void)
{
    struct pty p;
    pty_start(&p, child_exits);
    CHECK(shows(&p, "READY"));
    CHECK(is_raw(&p));
    type(&p, "x");
    CHECK(shows(&p, former_screen));
    ended(&p);
    CHECK(is_as_before(&p));
    pty_end(&p);
}

static void child_is_stopped(void *arg)
{
    (void)arg;
    struct rt_term *t = take();
    CHECK_INT(rt_term_key(t, SOON), RT_TERM_RESIZED);
    say("AGAIN");
    CHECK_INT(rt_term_key(t, SOON), 'q');
    rt_term_close(t);
}

static void ctrl_z_gives_it_back_and_going_on_takes_it_again(void)
{
    struct pty p;
    int status = 0;
    pty_start(&p, child_is_stopped);
    CHECK(shows(&p, "READY"));
    type(&p, "\x1a");
    CHECK_INT(waitpid(p.pid, &status, WUNTRACED), p.pid);
    CHECK(WIFSTOPPED(status));
    CHECK(is_as_before(&p));
    CHECK(shows(&p, former_screen));
    kill(p.pid, SIGCONT);
    CHECK(shows(&p, alternate_screen));
    CHECK(shows(&p, "AGAIN"));
    CHECK(is_raw(&p));
    type(&p, "q");
    CHECK_INT(ended(&p), 0);
    CHECK(is_as_before(&p));
    pty_end(&p);
}

static void child_is_hung_up(void *arg)
{
    (void)arg;
    struct rt_signals *s = NULL;
    int signals[] = {SIGHUP, 0};
    CHECK_INT(rt_signals_open(signals, &s), 0);
    struct rt_term *t = take();
    CHECK_INT(rt_term_key(t, SOON), -EPIPE);
    CHECK_INT(rt_signals_wait(s, SOON), SIGHUP);
    rt_term_close(t);
    rt_signals_close(s);
}

static void a_line_that_drops_is_the_end_of_keys(void)
{
    struct pty p;
    pty_start(&p, child_is_hung_up);
    CHECK(shows(&p, "READY"));
    close(p.slave);
    close(p.master);
    int status = -1;
    CHECK_INT(waitpid(p.pid, &status, 0), p.pid);
    CHECK_INT(status, 0);
}

static void task_has_no_terminal(void *arg)
{
    (void)arg;
    int ends[2], in = dup(0);
    struct rt_term *t = NULL;
    CHECK_INT(pipe(ends), 0);
    dup2(ends[0], 0);
    CHECK(!rt_term_is(ends[1]) && !rt_term_is(-1));
    CHECK_INT(rt_term_open(ends[1], &t), -ENOTTY);
    CHECK(t == NULL);
    setenv("COLUMNS", "55", 1);
    setenv("LINES", "no number", 1);
    struct rt_term_size size = rt_term_size_of(ends[1]);
    CHECK_INT(size.columns, 55);
    CHECK_INT(size.rows, 24);
    dup2(in, 0);
    close(in);
    close(ends[0]);
    close(ends[1]);
}

static void a_pipe_is_no_terminal(void)
{
    CHECK_INT(rt_run(NULL, task_has_no_terminal, NULL), 0);
}

/* A chroot or a container may have no /dev/pts. */
static bool has_terminals(void)
{
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    bool has = fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0 && ptsname(fd) &&
               access(ptsname(fd), R_OK | W_OK) == 0;
    if (fd >= 0)
        close(fd);
    return has;
}

static void no_terminals(void)
{
    TAP_SKIP("there are no pseudo terminals here");
}

#define PTY_RUN(fn)                                                                                \
    do {                                                                                           \
        if (has_terminals()) {                                                                     \
            TAP_RUN(fn);                                                                           \
        } else {                                                                                   \
            tap_ok_ = true;                                                                        \
            no_terminals();                                                                        \
            tap_report_(#fn);                                                                      \
        }                                                                                          \
    } while (0)

int main(void)
{
    signal(SIGHUP, SIG_DFL); /* a runner may have been started by nohup */
    PTY_RUN(it_is_taken_and_put_back_as_it_was);
    PTY_RUN(a_new_size_is_told);
    PTY_RUN(ctrl_c_still_interrupts);
    PTY_RUN(a_deadly_signal_leaves_it_as_it_was);
    PTY_RUN(a_crash_leaves_it_as_it_was);
    PTY_RUN(an_exit_from_anywhere_leaves_it_as_it_was);
    PTY_RUN(ctrl_z_gives_it_back_and_going_on_takes_it_again);
    PTY_RUN(a_line_that_drops_is_the_end_of_keys);
    PTY_RUN(a_pipe_is_no_terminal);
    return tap_done();
}
