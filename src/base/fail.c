/* fail.c: status names and the error record. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fail.h"

#include <stdarg.h>
#include <stdio.h>

const char *lrt_status_name(lrt_status status) {
  switch (status) {
#define NAME(name, number, text)                                                                             \
  case LRT_##name: return #name;
    LRT_STATUS_LIST(NAME)
#undef NAME
  }
  return "UNKNOWN";
}

const char *lrt_status_text(lrt_status status) {
  switch (status) {
#define TEXT(name, number, text)                                                                             \
  case LRT_##name: return text;
    LRT_STATUS_LIST(TEXT)
#undef TEXT
  }
  return "unknown status";
}

lrt_status lrt_fail(lrt_error *err, lrt_status code, const char *format, ...) {
  if (err != NULL) {
    va_list args;
    err->code = code;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
  }
  return code;
}
