#include "host/pages.h"

#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* The program itself has no name; nor has what the kernel put beside it, which is no file. */
static int forget(struct dl_phdr_info *library, size_t size, void *arg)
{
    const uintptr_t *page = arg;
    (void)size;
    if (!library->dlpi_name || library->dlpi_name[0] != '/')
        return 0;
    for (int i = 0; i < library->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &library->dlpi_phdr[i];
        if (p->p_type != PT_LOAD || p->p_flags & PF_W)
            continue;
        uintptr_t begin = (library->dlpi_addr + p->p_vaddr) & ~(*page - 1);
        uintptr_t end = library->dlpi_addr + p->p_vaddr + p->p_memsz;
        (void)madvise((void *)begin, end - begin, MADV_DONTNEED); /* the kernel rounds up */
    }
    return 0;
}

void host_forget_start(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    dl_iterate_phdr(forget, &page);
}
