#include "config/read.h"

void config_read_go(struct config *c, const struct config_options *o, const source_place *files,
                    size_t count)
{
    (void)o;
    for (size_t i = 0; i < count; i++)
        config_fault_add(&c->faults, CONFIG_FAULT_NOT_IN_SUBSET, files[i], 0,
                         "this build does not read Go files: write it in YAML, TOML or JSON");
}
