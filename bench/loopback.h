/* loopback.h - load goes to this machine only: whoever connects asks here first. */
#ifndef FIREBREAK_BENCH_LOOPBACK_H
#define FIREBREAK_BENCH_LOOPBACK_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static inline bool loopback_is(const struct sockaddr_in *a)
{
    return a->sin_family == AF_INET && ntohl(a->sin_addr.s_addr) >> 24 == 127;
}

/* Ends the program where the address is any other. */
static inline void loopback_only(const struct sockaddr_in *a)
{
    char text[INET_ADDRSTRLEN] = "?";
    if (loopback_is(a))
        return;
    inet_ntop(AF_INET, &a->sin_addr, text, sizeof(text));
    fprintf(stderr, "bench: %s is not a loopback address: refused\n", text);
    exit(2);
}

#endif
