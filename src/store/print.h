/* print.h - keys and the store's status as JSON, the same for the API and for commands. Pure. */
#ifndef FIREBREAK_STORE_PRINT_H
#define FIREBREAK_STORE_PRINT_H

#include "store/store.h"
#include "wire/json.h"

/* `type` ("put", "delete") stands first in what a watch tells; NULL: none. */
void store_kv_print(const struct store_kv *kv, const char *type, struct json_writer *w);
void store_status_print(const struct store_status *s, struct json_writer *w);

#endif
