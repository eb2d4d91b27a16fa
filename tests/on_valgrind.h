/* on_valgrind.h - whether memcheck runs the test: then some of what the kernel does is not to be
 * had, and one thread runs at a time. */
#ifndef FIREBREAK_TESTS_ON_VALGRIND_H
#define FIREBREAK_TESTS_ON_VALGRIND_H

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

#endif
