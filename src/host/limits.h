/* limits.h - what the kernel lets this process use. */
#ifndef FIREBREAK_HOST_LIMITS_H
#define FIREBREAK_HOST_LIMITS_H

#include <stdint.h>

/* Raises the soft limit of open descriptors to the hard one. Returns the limit that holds now. */
uint64_t host_raise_descriptors(void);

#endif
