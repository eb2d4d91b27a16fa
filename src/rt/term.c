#include "rt/term.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/alloc.h"
#include "rt/chan.h"
#include "rt/stdio.h"
#include "rt/signal.h"
#include "rt/sock.h"

static const char take_screen[] = "\x1b[?1049h\x1b[?25l\x1b[2J";
static const char leave_screen[] = "\x1b[0m\x1b[?25h\x1b[?1049l";

/* What a fatal signal needs to know: written before `taken` is set. */
static struct termios saved;
static int saved_fd;
static atomic_bool taken;
/* Signals that end a process without a word, unless somebody waits for them. */
static const int deadly[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

RT_CHAN(key_chan, int);

struct rt_term {
    int fd;
    struct rt_group group;
    struct rt_sock *keys;
    struct rt_signals *signals;
    struct key_chan chan;
};

bool rt_term_is(int fd)
{
    return isatty(fd) == 1;
}

static int from_environment(const char *name, int otherwise)
{
    enum { CELLS_MAX = 10000 };
    const char *text = getenv(name);
    uint64_t v;
    return text && slice_to_u64(slice_from(text), CELLS_MAX, &v) == 0 && v > 0 ? (int)v : otherwise;
}

struct rt_term_size rt_term_size_of(int fd)
{
    struct winsize w;
    if (ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 && w.ws_row > 0)
        return (struct rt_term_size){w.ws_col, w.ws_row};
    return (struct rt_term_size){from_environment("COLUMNS", 80), from_environment("LINES", 24)};
}

static void take(int fd)
{
    struct termios raw = saved;
    raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
    raw.c_oflag &= (tcflag_t)~OPOST;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    atomic_store(&taken, true);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    rt_output_write_now(fd, take_screen, sizeof(take_screen) - 1);
}

/* A signal may interrupt this and come here itself: so it is done only at the end, and doing it
 * twice does no harm. */
void rt_term_restore(void)
{
    if (!atomic_load(&taken))
        return;
    const char *text = leave_screen;
    size_t left = sizeof(leave_screen) - 1;
    while (left > 0) {
        ssize_t n = write(saved_fd, text, left);
        if (n < 0 && errno != EINTR)
            break;
        if (n > 0) {
            text += n;
            left -= (size_t)n;
        }
    }
    tcsetattr(STDIN_FILENO, TCSANOW, &saved);
    atomic_store(&taken, false);
}

static void on_deadly(int signal)
{
    rt_term_restore();
    raise(signal); /* kills as soon as this returns: the handler is gone */
}

static void take_deadly(void)
{
    struct sigaction sa = {.sa_handler = on_deadly, .sa_flags = (int)SA_RESETHAND}, old;
    for (size_t i = 0; i < ARRAY_LEN(deadly); i++)
        if (sigaction(deadly[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            sigaction(deadly[i], &sa, NULL);
}

static void leave_deadly(void)
{
    struct sigaction dflt = {.sa_handler = SIG_DFL}, old;
    for (size_t i = 0; i < ARRAY_LEN(deadly); i++)
        if (sigaction(deadly[i], NULL, &old) == 0 && old.sa_handler == on_deadly)
            sigaction(deadly[i], &dflt, NULL);
}

static void read_keys(void *arg)
{
    struct rt_term *t = arg;
    int r;
    while ((r = rt_wait_readable(t->keys, RT_NEVER)) == 0) {
        char bytes[64];
        ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            break;
        for (ssize_t i = 0; i < n; i++)
            if (rt_send(&t->chan, (unsigned char)bytes[i], RT_NEVER) < 0)
                return;
    }
    if (r != -ECANCELED)
        rt_send(&t->chan, -EPIPE, RT_NEVER);
}

static void watch_size(void *arg)
{
    struct rt_term *t = arg;
    for (;;) {
        int signal = rt_signals_wait(t->signals, RT_NEVER);
        if (signal < 0)
            return;
        if (signal == SIGTSTP) {
            rt_term_restore();
            raise(SIGSTOP);
            take(t->fd);
        }
        if (rt_send(&t->chan, RT_TERM_RESIZED, RT_NEVER) < 0)
            return;
    }
}

static int start(struct rt_term *t)
{
    static const int signals[] = {SIGWINCH, SIGTSTP, 0};
    int r = rt_borrow(STDIN_FILENO, &t->keys);
    if (r == 0)
        r = rt_signals_open(signals, &t->signals);
    if (r == 0)
        r = rt_go(&t->group, read_keys, t);
    if (r == 0)
        r = rt_go(&t->group, watch_size, t);
    return r;
}

int rt_term_open(int out_fd, struct rt_term **ret_term)
{
    enum { KEYS_MAX = 64 };
    if (atomic_load(&taken))
        return -EBUSY;
    if (!rt_term_is(out_fd) || tcgetattr(STDIN_FILENO, &saved) < 0)
        return -ENOTTY;
    struct rt_term *t = mem_alloc(MEM_RT, sizeof(*t));
    t->fd = saved_fd = out_fd;
    rt_group_init(&t->group, "term");
    rt_chan_init(&t->chan, KEYS_MAX, "keys");
    int r = start(t);
    if (r < 0) {
        rt_term_close(t);
        return r;
    }
    static bool at_exit;
    if (!at_exit)
        at_exit = atexit(rt_term_restore) == 0;
    take_deadly();
    take(out_fd);
    *ret_term = t;
    return 0;
}

int rt_term_key(struct rt_term *t, rt_time deadline)
{
    int key = 0, r = rt_recv(&t->chan, &key, deadline);
    return r < 0 ? r : key;
}

void rt_term_close(struct rt_term *t)
{
    if (!t)
        return;
    rt_group_done(&t->group);
    rt_term_restore();
    leave_deadly();
    rt_close(t->keys);
    rt_signals_close(t->signals);
    rt_chan_done(&t->chan);
    mem_free(MEM_RT, t);
}
