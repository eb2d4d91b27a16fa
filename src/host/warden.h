/* warden.h - the inside of keeper: the process that watches over one program. */
#ifndef FIREBREAK_HOST_WARDEN_H
#define FIREBREAK_HOST_WARDEN_H

#include "host/keeper.h"

/* Reads an order off a buffer that holds exactly one, with its size in front. Pointers lie in the
 * buffer and in *ret_lists, one block of MEM_HOST. Returns 0 or -EBADMSG. */
struct order_lists;
int order_parse(char *data, size_t size, struct host_order *ret_order,
                struct order_lists **ret_lists);

/* The life of a warden: reads an order, does it, reports. Returns when nobody is left. It must be
 * a process of its own, with one thread. Takes the four descriptors. */
void warden_main(int stream, const int stdio[3]);

#endif
