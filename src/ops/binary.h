/* binary.h: what operators on two broadcast operands share: shapes, element sizes, the step that runs a kernel. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_OPS_BINARY_H
#define LRT_OPS_BINARY_H

#include "kernels/elementwise/ew_binary.h"
#include "ops/op.h"

typedef struct lrt_binary_plan {
  lrt_broadcast space;
  lrt_binary_params params;
  lrt_binary_fn fn;
  size_t in_size, out_size; /* bytes per element */
  int64_t piece;            /* elements per unit */
} lrt_binary_plan;

/* Checks two inputs of one type and declares the broadcast shape; NULL in *out where a status is returned. */
lrt_status lrt_binary_plan_make(lrt_prepare *p, int64_t piece, lrt_binary_plan **out);
/* Emits the step; fails with UNSUPPORTED where the plan has no kernel. */
lrt_status lrt_binary_plan_emit(lrt_prepare *p, lrt_binary_plan *plan);
/* Both inputs carry one scale each, int16 with zero point 0; fills the input half of `q`. */
lrt_status lrt_binary_plan_scales(lrt_prepare *p, lrt_binary_quant *q);

#endif
