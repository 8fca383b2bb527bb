/* absorb_dequantize.h: DEQUANTIZE of constant weights becomes a property of the operator that reads them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_ABSORB_DEQUANTIZE_H
#define LRT_ABSORB_DEQUANTIZE_H

#include "graph/plan_graph.h"

/* Weights stay in their storage type (f16, int8, int4 …); the consumer widens them panel by panel. */
lrt_status lrt_pass_absorb_dequantize(lrt_plan_graph *plan, lrt_error *err);

#endif
