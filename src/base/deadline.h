/* deadline.h: a moment after which work is given up, and a flag that ends it from outside. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_BASE_DEADLINE_H
#define LRT_BASE_DEADLINE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "litert/status.h"

typedef struct lrt_deadline {
  double at;                    /* lrt_clock_seconds; 0 = never */
  double seconds;               /* what was allowed, for the message */
  const char *what;             /* "the run", "planning" */
  const atomic_bool *cancelled; /* NULL = nobody cancels */
} lrt_deadline;

/* `seconds` from now on; <= 0 = no limit. */
lrt_deadline lrt_deadline_in(double seconds, const char *what, const atomic_bool *cancelled);
/* CANCELLED, OVER_BUDGET once the time is over, else OK. Costs about a look at the clock. NULL = no limit. */
lrt_status lrt_deadline_check(const lrt_deadline *deadline, lrt_error *err);

#endif
