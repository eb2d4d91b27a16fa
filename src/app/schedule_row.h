/* schedule_row.h - a schedule as a row of a table: its cron, zone, next time and last outcome. */
#ifndef FIREBREAK_APP_SCHEDULE_ROW_H
#define FIREBREAK_APP_SCHEDULE_ROW_H

#include "config/zones.h"
#include "wire/json.h"

enum { SCHEDULE_ROW_CELLS = 4 };

/* `item`: as the API has it. Where nobody has written down when it is due next, that is computed
 * here. In a task: files of zones are read on an offload thread. */
void schedule_row(const struct json_value *item, struct zones *zones, struct arena *arena,
                  struct slice cells[SCHEDULE_ROW_CELLS]);

#endif
