/* posix_tz.h - the rule in POSIX's variable TZ and in the last line of a time zone's file, as in
 * "CET-1CEST,M3.5.0,M10.5.0/3".
 *
 * As POSIX has it, with RFC 9636's hours from -167 to 167 for the time of a change. A rule with
 * daylight time says when it begins and ends: there is no default. Pure; any thread. */
#ifndef FIREBREAK_WIRE_POSIX_TZ_H
#define FIREBREAK_WIRE_POSIX_TZ_H

#include "base/err.h"
#include "model/zone.h"

enum { POSIX_TZ_BYTES_MAX = 256 };

/* Returns 0, or -EBADMSG with *err: what is wrong, and at which byte. */
int posix_tz_parse(struct slice text, struct zone_rule *ret, struct err *err);

#endif
