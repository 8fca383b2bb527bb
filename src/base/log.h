/* log.h: one structured log line: time, level, room, event, key=value pairs; never allocates, never locks. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_BASE_LOG_H
#define LRT_BASE_LOG_H

#include <stdbool.h>

#include "litert/log.h"

bool lrt_log_enabled(lrt_log_level level);
/* lrt_log(LRT_LOG_INFO, "runtime", "plan_made", "steps=%d bytes=%zu", ...): `format` holds the key=value pairs;
 * values with blanks are written in double quotes. */
void lrt_log(lrt_log_level level, const char *room, const char *event, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
