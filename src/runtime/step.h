/* step.h: runs units of one step, in pieces where a deadline has to be kept. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_STEP_H
#define LRT_STEP_H

#include "ops/op.h"

/* Units [begin, end) of the step on the calling thread; an empty range is OK. */
lrt_status lrt_step_do(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end);

#endif
