/* go_package.h - the schema as a Go package, for editors, go vet and programs that read configs.
 *
 * Its types have doc comments and JSON tags, and marshal to exactly what `firebreak config eval -o
 * json` prints. The text is what gofmt makes of it, for the language of go 1.22. Pure. */
#ifndef FIREBREAK_CONFIG_GO_PACKAGE_H
#define FIREBREAK_CONFIG_GO_PACKAGE_H

#include "base/buf.h"

/* firebreak/firebreak.go */
void go_package_write(struct buf *out);
/* go.mod of the module that it lies in. */
extern const char go_module_text[];

/* A service of this host, as the first ops.go declares it. */
struct go_service {
    const char *asset;   /* "nginx-80" */
    const char *address; /* "127.0.0.1:80", "/run/x.sock" */
    const char *kind;    /* "http", "tls", "unix"; else tcp is asked */
    const char *process; /* "" */
    const char *target;  /* "http://127.0.0.1:80/" */
};

/* ops.go: a commented configuration of these services; asset names may stand several times. The
 * package is imported as MODULE/firebreak. */
void go_starter_write(const char *module, const struct go_service *services, size_t count,
                      struct buf *out);

#endif
