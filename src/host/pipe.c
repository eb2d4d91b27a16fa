#include "host/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fault.h"

int host_pipe(int ret_ends[2])
{
    if (fault_fails(FAULT_SYSCALL))
        return -EMFILE;
    return pipe2(ret_ends, O_CLOEXEC) < 0 ? -errno : 0;
}

void host_close(int fd)
{
    if (fd >= 0)
        close(fd);
}
