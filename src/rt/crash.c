#include "rt/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/alloc.h"
#include "rt/logsink.h"
#include "rt/term.h"

/* What a fatal fault prints, with nothing but write(2): the handler runs on a stack of its own,
 * as the faulting one may have none left. Then the lines that were logged and not yet written. */
enum { SIGNAL_STACK_BYTES = 64 * 1024, FRAMES_MAX = 64, LINE_MAX_BYTES = 256 };

static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
static struct sigaction previous[ARRAY_LEN(fatal)];
static _Atomic int installed;

extern const char __executable_start[] __attribute__((weak));
extern const char etext[] __attribute__((weak));

static void say(const char *format, ...) PRINTF_LIKE(1, 2);
static void say(const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    va_list args;
    va_start(args, format);
    /* Only %s, %d, %u and %lx are used: glibc's vsnprintf is then safe in a handler in practice. */
    int n = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (n > 0)
        (void)!write(STDERR_FILENO, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

struct frame {
    struct frame *next;
    void *pc;
};

struct registers {
    void *pc;
    const char *sp;
    struct frame *frame;
};

static struct registers registers_of(const ucontext_t *uc)
{
#if defined(__x86_64__)
    const greg_t *r = uc->uc_mcontext.gregs;
    return (struct registers){
        (void *)r[REG_RIP], (const char *)r[REG_RSP], (struct frame *)r[REG_RBP]};
#else
    const mcontext_t *m = &uc->uc_mcontext;
    return (struct registers){
        (void *)m->pc, (const char *)m->sp, (struct frame *)m->regs[29]};
#endif
}

static bool is_ours(const void *pc)
{
    return (const char *)pc >= __executable_start && (const char *)pc <= etext;
}

static void print_pc(int n, const void *pc)
{
    if (is_ours(pc))
        say("  #%d +0x%lx\n", n, (unsigned long)((const char *)pc - __executable_start));
    else
        say("  #%d 0x%lx\n", n, (unsigned long)pc);
}

static bool is_on(const struct frame *f, const char *base, const char *top)
{
    /* Numbers, as what looks like a frame may point anywhere, and near the end of all addresses. */
    uintptr_t at = (uintptr_t)f, end = (uintptr_t)top;
    return at >= (uintptr_t)base && at < end && end - at >= sizeof(*f) &&
           (at & (sizeof(void *) - 1)) == 0;
}

/* Libraries keep no frame pointers, and most crashes are an abort() deep inside one. So the stack
 * is searched for the first of our frames; what looks like a return into our code before that is
 * its function's own, and printed. */
static const struct frame *find_frame(const char *from, const char *top, int *n)
{
    bool found = false;
    for (const struct frame *f = (const void *)from; is_on(f, from, top);
         f = (const void *)((const char *)f + sizeof(void *))) {
        if (f->next > f && is_on(f->next, from, top) && is_ours(f->pc))
            return f;
        if (!found && is_ours(f->next))
            print_pc((*n)++, f->next);
        found |= is_ours(f->next);
    }
    return NULL;
}

/* Walks the frame pointers, as far as they stay inside the stack. */
static void print_backtrace(const struct registers *regs, const char *base, const char *top)
{
    const struct frame *f = regs->frame;
    const char *sp = regs->sp > base ? regs->sp : base;
    int n = 1;
    say("backtrace (offsets: addr2line -fe firebreak OFFSET):\n");
    print_pc(0, regs->pc);
    if (!is_ours(regs->pc) || !is_on(f, base, top))
        f = find_frame(sp, top, &n);
    for (; n < FRAMES_MAX && is_on(f, base, top); n++) {
        if (f->pc)
            print_pc(n, f->pc);
        if (f->next <= f)
            return;
        f = f->next;
    }
}

static void report_offloaded(int signal, const void *at, const struct registers *regs)
{
    const char *top;
    const struct rt_site *site = rt_offload_site(&top);
    if (!site)
        return; /* a thread that is none of ours */
    say("firebreak: signal %d at 0x%lx in work that task '%s' (%s:%d) offloaded\n", signal,
        (unsigned long)at, site->name, site->file, site->line);
    print_backtrace(regs, regs->sp, top);
}

static void report(int signal, const siginfo_t *info, const ucontext_t *uc)
{
    struct rt_loop *l = rt_self;
    const void *at = signal == SIGABRT ? NULL : info->si_addr; /* abort() has no address */
    const struct registers regs = registers_of(uc);
    if (!l) {
        report_offloaded(signal, at, &regs);
        return;
    }
    const struct rt_task *t = at ? rt_stack_find_guard(l, at) : NULL;
    if (t) {
        say("firebreak: task '%s' (%s:%d) overflowed its stack of %d bytes\n", t->site->name,
            t->site->file, t->site->line, (int)RT_STACK_BYTES);
    } else if (l->current) {
        t = l->current;
        say("firebreak: signal %d at 0x%lx in task '%s' (%s:%d)\n", signal,
            (unsigned long)at, t->site->name, t->site->file, t->site->line);
    } else {
        say("firebreak: signal %d at 0x%lx in the scheduler of loop %d\n", signal,
            (unsigned long)at, l->index);
    }
    if (t)
        print_backtrace(&regs, t->stack->base, t->stack->top);
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    rt_term_restore();
    report(signal, info, context);
    logsink_crash(); /* last: it trusts more memory than the lines above */
    /* Let the fault happen again, under what stood before: a core dump, or a sanitizer. */
    for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
        if (fatal[i] == signal)
            sigaction(signal, &previous[i], NULL);
}

static int install(void)
{
    if (atomic_fetch_add(&installed, 1) > 0)
        return 0;
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&sa.sa_mask);
    for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
        if (sigaction(fatal[i], &sa, &previous[i]) < 0)
            return -errno;
    return 0;
}

void rt_signals_block(sigset_t *ret_before)
{
    sigset_t mask;
    sigfillset(&mask);
    for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
        sigdelset(&mask, fatal[i]);
    sigdelset(&mask, SIGTRAP);
    pthread_sigmask(SIG_SETMASK, &mask, ret_before);
}

int rt_crash_enter(struct rt_loop *l)
{
    l->signal_stack = mem_alloc(MEM_RT, SIGNAL_STACK_BYTES);
    stack_t ss = {.ss_sp = l->signal_stack, .ss_size = SIGNAL_STACK_BYTES};
    int r = fault_fails(FAULT_SYSCALL) ? -ENOMEM : sigaltstack(&ss, NULL) < 0 ? -errno : install();
    if (r < 0) {
        mem_free(MEM_RT, l->signal_stack); /* so that leaving undoes nothing that was not done */
        l->signal_stack = NULL;
    }
    return r;
}

void rt_crash_leave(struct rt_loop *l)
{
    if (!l->signal_stack)
        return;
    stack_t off = {.ss_flags = SS_DISABLE};
    sigaltstack(&off, NULL);
    mem_free(MEM_RT, l->signal_stack);
    l->signal_stack = NULL;
    if (atomic_fetch_sub(&installed, 1) == 1) {
        for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
            sigaction(fatal[i], &previous[i], NULL);
    }
}
