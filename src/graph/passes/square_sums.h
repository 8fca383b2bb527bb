/* square_sums.h: the square before a sum or mean becomes a property of the sum. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_SQUARE_SUMS_H
#define LRT_SQUARE_SUMS_H

#include "graph/plan_graph.h"

/* MEAN or SUM of x * x or SQUARE(x), f32, the square read by nothing else: one node that squares while it sums. */
lrt_status lrt_pass_square_sums(lrt_plan_graph *plan, lrt_error *err);

#endif
