/* judge.h - whether an answer is the one that was asked for: statuses, patterns, JSON values. */
#ifndef FIREBREAK_OBSERVE_JUDGE_H
#define FIREBREAK_OBSERVE_JUDGE_H

#include "model/probe.h"
#include "rt/rt.h"

/* An empty list means 2xx and 3xx. */
bool judge_status(struct slice list, int status);
/* Whether an answer's body is looked at, at all. */
bool judge_is_asked(const struct probe_spec *spec);
/* Looks at an answer's body with the spec's pattern and its paths into JSON. Leaves *r alone where
 * all is well, else says body_mismatch; or limit, where a hostile body made our own work too
 * long. Large bodies and all patterns are the business of an offload thread. */
void judge_answer(const struct probe_spec *spec, struct slice body, struct probe_result *r,
                  rt_time deadline);

/* Whether the text matches, on an offload thread. Returns 1, 0, or what PCRE2 calls its failure
 * (< 0, judge_match_failed says which): the pattern's limits of steps and memory. */
int judge_match(const struct pcre2_real_code_8 *pattern, struct slice text);
void judge_match_failed(struct probe_result *r, int code);

#endif
