/* plan_survey.c: the shapes of a subgraph's tensors without running it or keeping anything: what delegates see. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "runtime/delegate.h"
#include "runtime/plan.h"

static void read_shapes(const lrt_plan *plan, lrt_shape *shapes, bool *known) {
  for (int32_t t = 0; t < plan->graph->subgraph->tensor_count; t++) {
    known[t] = plan->values[t].shaped && plan->homes[t] != LRT_HOME_NONE;
    shapes[t] = known[t] ? plan->values[t].shape : plan->graph->subgraph->tensors[t].shape;
  }
}

/* Reference kernels pack no weights, and what little the operators put into stores goes with these. */
static lrt_status survey(lrt_runtime *runtime, int32_t subgraph, const lrt_shape *input_shapes,
                         lrt_shape *shapes, bool *known, lrt_error *err) {
  lrt_plan *plan = NULL;
  LRT_TRY(lrt_weights_create(runtime->alloc, &runtime->weights, err));
  LRT_TRY(lrt_resources_create(runtime->alloc, &runtime->resources, err));
  LRT_TRY(lrt_plan_create(runtime, subgraph, input_shapes, 0, &plan, err));
  read_shapes(plan, shapes, known);
  lrt_plan_destroy(plan);
  return LRT_OK;
}

lrt_status lrt_plan_survey(lrt_runtime *runtime, int32_t subgraph, const lrt_shape *input_shapes,
                           lrt_shape *shapes, bool *known, lrt_error *err) {
  lrt_runtime own;
  memset(&own, 0, sizeof own);
  own.graph = runtime->graph;
  own.alloc = runtime->alloc;
  own.mode = LRT_OP_REF;
  own.workers = 1;
  own.limits = runtime->limits;
  own.deadline = runtime->deadline;
  own.surveying = true;
  const lrt_status status = survey(&own, subgraph, input_shapes, shapes, known, err);
  lrt_runtime_clear(&own);
  lrt_weights_destroy(own.weights);
  lrt_resources_destroy(own.resources);
  return status;
}
