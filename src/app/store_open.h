/* store_open.h - which store a process uses, and opening it. */
#ifndef FIREBREAK_APP_STORE_OPEN_H
#define FIREBREAK_APP_STORE_OPEN_H

#include "app/app.h"
#include "store/store.h"

struct store_place {
    const char *url;    /* sqlite:FOLDER/store.db or etcd://…; NULL: DATA/store.db */
    const char *prefix; /* before every key; NULL: none */
    const char *said;   /* who says so, for messages: "--store" */
    bool argument;      /* in a command line, which all users of the machine can read */
};

/* `flag` is --store, or NULL: then FIREBREAK_STORE_URL; the prefix is FIREBREAK_STORE_PREFIX. */
struct store_place store_place_of(const char *flag);
/* Whether the store is a file of the data folder of this process. */
bool store_is_own(struct app *app, const struct store_place *place);

/* `make`: a new file is made where there is none; else that is -ENOENT. `what` is told to others
 * who want it ("firebreak up"). Errors as store_sqlite_open and store_etcd_open; -EINVAL: no such
 * store. */
int store_open(struct app *app, const struct store_place *place, const char *what, bool make,
               struct store **ret_store, struct err *err);
/* The folder of a "sqlite:FOLDER/store.db". */
int store_folder(struct app *app, const struct store_place *place, const char **ret_folder,
                 struct err *err);

#endif
