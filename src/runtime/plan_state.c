/* plan_state.c: state tensors of a plan: which values they are, where their memory is, what to copy back. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/fail.h"
#include "runtime/plan.h"

const lrt_state_slot *lrt_plan_state_of(const lrt_plan *plan, int32_t value, bool as_output) {
  const lrt_runtime *runtime = plan->runtime;
  if (plan->depth > 0) return NULL;
  for (int32_t i = 0; i < runtime->state_count; i++) {
    const lrt_state_slot *state = &runtime->states[i];
    if (state->subgraph == plan->graph->subgraph_index && (as_output ? state->output : state->input) == value)
      return state;
  }
  return NULL;
}

lrt_status lrt_plan_mark_states(lrt_plan *plan, lrt_error *err) {
  const lrt_subgraph *subgraph = plan->graph->subgraph;
  for (int32_t i = 0; i < subgraph->input_count; i++) {
    const int32_t v = subgraph->inputs[i];
    if (plan->homes[v] != LRT_HOME_OWN || lrt_plan_state_of(plan, v, false) == NULL) continue;
    if (!lrt_shape_equal(&plan->values[v].shape, &subgraph->tensors[v].shape))
      return lrt_fail(err, LRT_INVALID_ARGUMENT, "the state tensor \"%s\" cannot be resized",
                      plan->values[v].name);
    plan->homes[v] = LRT_HOME_STATE;
  }
  return LRT_OK;
}

void lrt_plan_follow_aliases(lrt_plan *plan) {
  for (int32_t n = 0; n < plan->graph->node_count; n++) { /* in node order, so sources are settled first */
    const lrt_exec *exec = &plan->execs[n];
    if (exec->node->node.output_count < 1 || exec->outputs[0] == NULL) continue;
    const int32_t v = (int32_t)(exec->outputs[0] - plan->values);
    if (plan->homes[v] == LRT_HOME_ALIAS || plan->homes[v] == LRT_HOME_FUSED)
      plan->values[v].data = plan->values[plan->aliases[v]].data;
  }
}

void lrt_plan_bind_states(lrt_plan *plan) {
  const lrt_runtime *runtime = plan->runtime;
  if (plan->depth > 0 || runtime->state_memory == NULL) return;
  for (int32_t i = 0; i < runtime->state_count; i++) {
    const lrt_state_slot *state = &runtime->states[i];
    if (state->subgraph != plan->graph->subgraph_index) continue;
    void *memory = runtime->state_memory[state->slot];
    if (plan->homes[state->input] == LRT_HOME_STATE) plan->values[state->input].data = memory;
    if (plan->homes[state->output] == LRT_HOME_STATE) plan->values[state->output].data = memory;
  }
  lrt_plan_follow_aliases(plan);
}

void lrt_plan_commit_states(const lrt_plan *plan) {
  const lrt_runtime *runtime = plan->runtime;
  if (plan->depth > 0 || runtime->state_memory == NULL) return;
  for (int32_t i = 0; i < runtime->state_count; i++) {
    const lrt_state_slot *state = &runtime->states[i];
    if (state->subgraph != plan->graph->subgraph_index || plan->homes[state->input] != LRT_HOME_STATE)
      continue;
    const lrt_value *from = &plan->values[state->output], *to = &plan->values[state->input];
    if (from->data != to->data && from->data != NULL && from->bytes == to->bytes)
      memcpy(to->data, from->data, to->bytes);
  }
}
