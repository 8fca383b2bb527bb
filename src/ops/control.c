/* control.c: marks IF, STABLEHLO_CASE, WHILE, CALL_ONCE and STABLEHLO_COMPOSITE as runnable: the runtime executes them itself. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/op.h"

static lrt_status prepare(lrt_prepare *p) {
  return lrt_prepare_fail(p, LRT_UNSUPPORTED, "control flow is not available here");
}

const lrt_op lrt_op_control = {prepare, false, 0, true};
