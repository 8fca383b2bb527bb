/* plan_parts.h: what the files that make a plan share. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_PLAN_PARTS_H
#define LRT_PLAN_PARTS_H

#include "runtime/plan.h"

/* Plans one node of the plan graph (plan_node.c). */
lrt_status lrt_plan_prepare_node(lrt_plan *plan, int32_t i, lrt_error *err);
/* Plans a control-flow node, or defers it while its operands have no shape (plan_control.c). */
lrt_status lrt_plan_control(lrt_plan *plan, lrt_exec *exec, lrt_error *err);
/* Are all inputs readable, or at least shaped? */
bool lrt_plan_inputs_are(const lrt_exec *exec, bool readable);
/* Makes a node a sizing point: its results have no shape before it runs. */
void lrt_plan_defer(lrt_plan *plan, lrt_exec *exec);
/* Gives a variable the shape that its memory was made for. */
void lrt_plan_restore_variable(const lrt_plan *plan, lrt_value *value);
/* Decides the home of a planned node's results. */
lrt_status lrt_plan_settle(lrt_plan *plan, lrt_exec *exec, lrt_error *err);
/* The context for an operator's prepare function; what it allocates lives in `arena`. */
void lrt_plan_init_prepare(lrt_prepare *p, lrt_plan *plan, const lrt_exec *exec, lrt_arena *arena,
                           lrt_error *err);

#endif
