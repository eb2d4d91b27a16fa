/* declared_remedy.h - an asset or a remedy of the configuration as what reconcile takes: a sample.
 */
#ifndef FIREBREAK_APP_DECLARED_REMEDY_H
#define FIREBREAK_APP_DECLARED_REMEDY_H

#include "config/object.h"
#include "model/sample.h"

/* Each is the caller's; all texts lie in it. */
struct sample *declared_asset_sample(const struct config_object *asset);
struct sample *declared_remedy_sample(const struct config_object *remedy);
/* What says that it is no longer declared. */
struct sample *forget_asset_sample(struct slice namespace_, struct slice name);
struct sample *forget_remedy_sample(struct slice namespace_, struct slice name);

#endif
