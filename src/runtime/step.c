/* step.c: runs units of one step, in pieces where a deadline has to be kept. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/step.h"

#include "base/clock.h"

/* Between two looks at the clock, in seconds. */
#define SHORT 1e-3
#define LONG 8e-3

/* A hostile model can make a step last for hours. Pieces begin with one unit and grow while they are quick, so that
 * a step of any size is left soon after its time, and a small one is not cut in many. */
static lrt_status run_in_pieces(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  double before = lrt_clock_seconds();
  for (int64_t at = begin, piece = 1; at < end;) {
    const int64_t next = end - at < piece ? end : at + piece;
    LRT_TRY(step->fn(step, run, at, next));
    LRT_TRY(next < end ? lrt_deadline_check(run->deadline, run->err) : LRT_OK);
    const double now = lrt_clock_seconds();
    if (now - before < SHORT && piece < end - begin) piece *= 4;
    if (now - before > LONG && piece > 1) piece /= 2;
    before = now;
    at = next;
  }
  return LRT_OK;
}

lrt_status lrt_step_do(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  if (begin >= end) return LRT_OK;
  if (run->deadline == NULL || run->deadline->at == 0) return step->fn(step, run, begin, end);
  return run_in_pieces(step, run, begin, end);
}
