/* deep.h - a call with a stack of a known size, outside of the runtime.
 *
 * The main thread's stack is what the user's limits say, which may be little. Work that is bounded
 * by depth (a parser, an evaluator) runs on a thread of its own instead, while the caller waits. */
#ifndef FIREBREAK_RT_DEEP_H
#define FIREBREAK_RT_DEEP_H

#include "rt/rt.h"

enum { RT_DEEP_STACK_BYTES = 8 * 1024 * 1024 + 256 * 1024 }; /* of an offload thread, too */

/* Runs fn(arg) and returns when it is done; blocks. Where no thread can be had, fn runs on the
 * caller's own stack: that is enough for all but the deepest. Not in a task. */
void rt_deep_call_now(rt_fn *fn, void *arg);

#endif
