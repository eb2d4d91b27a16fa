/* read.h - paths of a configuration, read and parsed into its layers. Inside of config. */
#ifndef FIREBREAK_CONFIG_READ_H
#define FIREBREAK_CONFIG_READ_H

#include "config/load.h"

/* A file, by the language that its name's end says, or a folder. What is wrong is a fault. */
void config_read_path(struct config *c, const struct config_options *o, const char *path);
/* CONFIG_PATH_DEFAULT, if it is there. */
void config_read_default(struct config *c, const struct config_options *o);
void config_free_texts(struct config *c);

void config_add_layer(struct config *c, enum source_kind kind, struct value *root);
void config_add_watched(struct config *c, const char *path);

/* Reads a whole file as a source. Returns 0, or -errno after telling a fault. */
int config_read_source(struct config *c, const char *path, const struct source **ret_source);
/* The package made of these sources (their places), as one layer. */
void config_read_go(struct config *c, const struct config_options *o, const source_place *files,
                    size_t count);

#endif
