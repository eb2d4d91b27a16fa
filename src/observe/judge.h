/* judge.h - whether an answer is the one that was asked for: statuses, patterns, JSON values. */
#ifndef FIREBREAK_OBSERVE_JUDGE_H
#define FIREBREAK_OBSERVE_JUDGE_H

#include "model/probe.h"

/* An empty list means 2xx and 3xx. */
bool judge_status(struct slice list, int status);
/* Each looks at `body` and leaves *r alone where it is well, else sets body_mismatch. */
void judge_body(const struct probe_spec *spec, struct slice body, struct probe_result *r);
void judge_json(const struct probe_spec *spec, struct slice body, struct probe_result *r);

#endif
