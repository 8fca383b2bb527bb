/* status.h: result codes, the error record, and limits shared by every call of the library. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITERT_STATUS_H
#define LITERT_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include "litert/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One line per code: X(NAME, number, "sentence fragment"). Numbers never change once released. */
#define LRT_STATUS_LIST(X)                                                                                   \
  X(OK, 0, "success")                                                                                        \
  X(INVALID_ARGUMENT, 1, "an argument of the call is not valid")                                             \
  X(INVALID_MODEL, 2, "the model or data file is not valid")                                                 \
  X(NOT_FOUND, 3, "no such file, name or index")                                                             \
  X(IO, 4, "reading or writing failed")                                                                      \
  X(UNSUPPORTED, 5, "the operator, type or option is not supported")                                         \
  X(UNRESOLVED_OP, 6, "a custom operator is not registered")                                                 \
  X(OUT_OF_MEMORY, 7, "the system has no memory left")                                                       \
  X(OVER_BUDGET, 8, "a given limit of bytes, steps or seconds is exceeded")                                  \
  X(CANCELLED, 9, "the run was cancelled")                                                                   \
  X(WRONG_STATE, 10, "the call is not allowed in the present state")                                         \
  X(RUN_FAILED, 11, "an operator failed while it ran")                                                       \
  X(NOT_BUILT_IN, 12, "a needed component is not part of this build")

typedef enum lrt_status {
#define LRT_STATUS_ENUM(name, number, text) LRT_##name = number,
  LRT_STATUS_LIST(LRT_STATUS_ENUM)
#undef LRT_STATUS_ENUM
} lrt_status;

/* What went wrong. `message` is one sentence that names the culprit (tensor, operator, file, byte offset);
 * it is always NUL-terminated. Callers own the record; every call that takes `lrt_error *` accepts NULL. */
typedef struct lrt_error {
  lrt_status code;
  char message[500];
} lrt_error;

/* Upper bounds for loading, planning and running. 0 means "no limit". */
typedef struct lrt_limits {
  uint64_t bytes; /* memory of all kinds that the object may hold at once */
  uint64_t steps; /* executed steps per invoke, loop bodies included */
  double
      seconds; /* wall-clock time of each allocate and each invoke; long operators are left in their midst */
} lrt_limits;

/* Name ("INVALID_MODEL") and text ("the model or data file is not valid") of a code; never NULL. */
LRT_API const char *lrt_status_name(lrt_status status);
LRT_API const char *lrt_status_text(lrt_status status);

#ifdef __cplusplus
}
#endif
#endif
