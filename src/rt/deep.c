#include "rt/deep.h"

#include <pthread.h>

#include "base/fault.h"

struct call {
    rt_fn *fn;
    void *arg;
};

static void *run(void *arg)
{
    struct call *c = arg;
    c->fn(c->arg);
    return NULL;
}

void rt_deep_call_now(rt_fn *fn, void *arg)
{
    struct call c = {fn, arg};
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0) {
        fn(arg);
        return;
    }
    pthread_attr_setstacksize(&attributes, RT_DEEP_STACK_BYTES);
    if (!fault_fails(FAULT_SYSCALL) && pthread_create(&thread, &attributes, run, &c) == 0)
        pthread_join(thread, NULL);
    else
        fn(arg);
    pthread_attr_destroy(&attributes);
}
