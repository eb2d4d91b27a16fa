/* data.h - where the data folder is, and what is in it. */
#ifndef FIREBREAK_APP_DATA_H
#define FIREBREAK_APP_DATA_H

#include "app/app.h"

/* --data, else FIREBREAK_DATA, else the user's own place. Returns 0; -ENOENT: nobody said where.
 * The path lies in app->arena. */
int data_folder(struct app *app, const char **ret_path, struct err *err);
/* A file of it: "store.db". In app->arena. */
const char *data_path(struct app *app, const char *folder, const char *name);

#endif
