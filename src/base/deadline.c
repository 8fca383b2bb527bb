/* deadline.c: looks at the clock and at the flag. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/deadline.h"

#include <stddef.h>

#include "base/clock.h"
#include "base/fail.h"

lrt_deadline lrt_deadline_in(double seconds, const char *what, const atomic_bool *cancelled) {
  const double at = seconds > 0 ? lrt_clock_seconds() + seconds : 0;
  return (lrt_deadline){at, seconds, what, cancelled};
}

lrt_status lrt_deadline_check(const lrt_deadline *deadline, lrt_error *err) {
  if (deadline == NULL) return LRT_OK;
  if (deadline->cancelled != NULL && atomic_load_explicit(deadline->cancelled, memory_order_relaxed))
    return lrt_fail(err, LRT_CANCELLED, "%s was cancelled", deadline->what);
  if (deadline->at > 0 && lrt_clock_seconds() > deadline->at)
    return lrt_fail(err, LRT_OVER_BUDGET, "%s takes longer than the allowed %g seconds", deadline->what,
                    deadline->seconds);
  return LRT_OK;
}
