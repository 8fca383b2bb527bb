/* log.h: where the library's log lines go and which of them are written. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITERT_LOG_H
#define LITERT_LOG_H

#include "litert/export.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum lrt_log_level { LRT_LOG_ERROR = 0, LRT_LOG_WARN, LRT_LOG_INFO, LRT_LOG_DEBUG } lrt_log_level;

/* One record. `fields` is "key=value key2=value2"; all strings live for the call only. */
typedef struct lrt_log_record {
  double time; /* seconds since the Unix epoch */
  lrt_log_level level;
  const char *room;  /* base, model, runtime … */
  const char *event; /* snake_case */
  const char *fields;
} lrt_log_record;

typedef void (*lrt_log_callback)(const lrt_log_record *record, void *user);

/* Level from which records are written; starts as LITERT_LOG=error|warn|info|debug (default warn). */
LRT_API void lrt_log_set_level(lrt_log_level level);
/* Receives every written record; without one, the library writes nothing anywhere (it never prints). NULL removes it. */
LRT_API void lrt_log_set_callback(lrt_log_callback callback, void *user);
/* Formats a record as one text line or one JSON line into `out` (NUL-terminated, cut to `size`); returns the length
 * that a large enough buffer would have taken. */
LRT_API int lrt_log_format(const lrt_log_record *record, int as_json, char *out, unsigned size);

#ifdef __cplusplus
}
#endif
#endif
