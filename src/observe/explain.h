/* explain.h - what a person can do about each reason. Inside of observe. */
#ifndef FIREBREAK_OBSERVE_EXPLAIN_H
#define FIREBREAK_OBSERVE_EXPLAIN_H

#include "model/reason.h"

/* What to look at where a probe ended so; "" where there is nothing to say. */
const char *explain_advice(enum probe_reason r);

#endif
