/* store_open.h - the store that a process opens by itself. */
#ifndef FIREBREAK_APP_STORE_OPEN_H
#define FIREBREAK_APP_STORE_OPEN_H

#include "app/app.h"
#include "store/store.h"

/* `url` is --store (sqlite: or etcd:), or NULL: DATA/store.db. `make`: a new file is made where
 * there is none; else that is -ENOENT. `what` is told to others who want it ("firebreak up").
 * *ret_folder, which may be NULL: its folder, of a file. Errors as store_sqlite_open and
 * store_etcd_open; -EINVAL: no such store. */
int store_open(struct app *app, const char *url, const char *what, bool make,
               struct store **ret_store, const char **ret_folder, struct err *err);
/* The folder of a "sqlite:FOLDER/store.db". */
int store_folder(struct app *app, const char *url, const char **ret_folder, struct err *err);

#endif
