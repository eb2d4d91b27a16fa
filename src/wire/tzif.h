/* tzif.h - the files of the time zone database, as in /usr/share/zoneinfo: TZif, versions 1 to 4
 * (RFC 9636).
 *
 * From a file with 64-bit times (version 2 and on) those are taken and the 32-bit ones passed over.
 * Taken are offsets and when they change; the names of clocks ("CEST") and the rest of a file's
 * marks are checked for their bounds only. A file that counts leap seconds (those in "right/") is
 * refused: its times are not those that computers have. Pure; any thread. */
#ifndef FIREBREAK_WIRE_TZIF_H
#define FIREBREAK_WIRE_TZIF_H

#include "base/arena.h"
#include "base/err.h"
#include "model/zone.h"

enum {
    TZIF_BYTES_MAX = 256 * 1024, /* the largest of today has 4 KB */
    TZIF_CHANGES_MAX = 8192,
};

/* What lies behind the pointers of *ret is in the arena; ret->name is left NULL. Returns 0;
 * -EBADMSG no such file, or a broken one; -EMSGSIZE a limit; -EOPNOTSUPP it counts leap seconds;
 * each with *err. */
int tzif_parse(struct slice file, struct arena *a, struct zone *ret, struct err *err);

#endif
