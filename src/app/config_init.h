/* config_init.h - the first configuration: a Go module with this host's services. */
#ifndef FIREBREAK_APP_CONFIG_INIT_H
#define FIREBREAK_APP_CONFIG_INIT_H

#include "app/app.h"
#include "base/buf.h"

/* Writes go.mod, firebreak/firebreak.go and ops.go into a folder, which is made if need be. A
 * go.mod or ops.go that is there stays; the package is made anew. A line for each file goes to
 * *out. Returns the exit status. */
int config_init(struct app *app, const char *folder, struct buf *out);

#endif
