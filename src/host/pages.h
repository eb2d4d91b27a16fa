/* pages.h - gives back what only the start of the program needed in memory.
 *
 * While the libraries are linked, the loader reads their tables of symbols, and the kernel maps
 * what lies around each page that is touched: some megabytes which nobody looks at again, and which
 * count as ours. They are pages of files, so whoever does need one has it read again.
 *
 * Only what the loader never writes is given back, and nothing of the program itself, where a
 * debugger may have its breakpoints. */
#ifndef FIREBREAK_HOST_PAGES_H
#define FIREBREAK_HOST_PAGES_H

/* Once, after the start; any thread. Cannot fail: what the kernel refuses stays where it is. */
void host_forget_start(void);

#endif
