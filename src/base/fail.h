/* fail.h: how internal code reports an error: lrt_fail writes one sentence, LRT_TRY forwards it. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_BASE_FAIL_H
#define LRT_BASE_FAIL_H

#include "litert/status.h"

/* Writes code and formatted sentence into `err` (may be NULL) and returns `code`. */
lrt_status lrt_fail(lrt_error *err, lrt_status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Returns from the calling function when `expr` is not LRT_OK. */
#define LRT_TRY(expr)                                                                                        \
  do {                                                                                                       \
    const lrt_status lrt_try_status = (expr);                                                                \
    if (lrt_try_status != LRT_OK) return lrt_try_status;                                                     \
  } while (0)

#endif
