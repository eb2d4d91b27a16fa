/* declared_check.h - a check of the configuration as a probe: target and spec. */
#ifndef FIREBREAK_APP_DECLARED_CHECK_H
#define FIREBREAK_APP_DECLARED_CHECK_H

#include "app/local_spec.h"
#include "base/arena.h"
#include "base/err.h"
#include "config/object.h"
#include "model/sample.h"
#include "observe/observe.h"

struct query_check;

struct declared_check {
    struct arena arena; /* all of its texts: the configuration may go */
    const char *name, *namespace_, *asset, *asset_namespace;
    const char *kind;       /* the choice: a literal, "tcp" */
    const char *target;     /* as it is shown */
    const char *definition; /* the whole of it, as JSON: equal ones need no new start */
    int64_t every_ns, every_failed_ns, for_ns;
    uint32_t fail, pass, observers, agree;
    enum sample_severity severity;
    struct query_check *query; /* it is asked of recent metrics; NULL: no expression */
    bool is_local;             /* `local` is what is asked, and not `probe` */
    bool stays_here;           /* it does not leave this host */
    struct local_spec local;
    struct probe_spec *spec; /* NULL: an observer has a copy that is enough */
    uint32_t retries;
    struct probe_target probe;
    struct target_set *targets; /* that `probe` lies in; NULL: it needs none */
    struct probe_chain *chain;  /* NULL: it is none */
};

/* Returns 0; -EOPNOTSUPP: `up` does not ask this kind of question yet; -EINVAL with *err: what the
 * prober does not take. *ret is to be given back in any case. `definition` is copied. */
int declared_check_new(const struct config_object *check, const char *definition,
                       struct declared_check **ret, struct err *err);
/* Its spec is the larger part of a check. */
void declared_check_forget_spec(struct declared_check *c);
void declared_check_free(struct declared_check *c); /* NULL is accepted */

#endif
