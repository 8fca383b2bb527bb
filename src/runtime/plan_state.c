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

/* Is the next state another state tensor as it came in? Copied in turn, it might be overwritten before it is read. */
static bool takes_another(const lrt_plan *plan, const lrt_state_slot *state) {
  return state->subgraph == plan->graph->subgraph_index && state->output != state->input &&
         plan->homes[state->input] == LRT_HOME_STATE && plan->homes[state->output] == LRT_HOME_STATE &&
         lrt_plan_state_of(plan, state->output, false) != NULL;
}

static lrt_status make_swap(lrt_plan *plan, lrt_error *err) {
  const lrt_runtime *runtime = plan->runtime;
  size_t bytes = 0;
  for (int32_t i = 0; i < runtime->state_count; i++)
    if (takes_another(plan, &runtime->states[i])) bytes += plan->values[runtime->states[i].output].bytes;
  if (bytes == 0) return LRT_OK;
  plan->swap = lrt_arena_get(&plan->arena, bytes);
  return plan->swap != NULL ? LRT_OK : lrt_alloc_fail(err, runtime->alloc, bytes, "state tensors");
}

static void save_taken(const lrt_plan *plan) {
  char *at = plan->swap;
  for (int32_t i = 0; at != NULL && i < plan->runtime->state_count; i++) {
    const lrt_state_slot *state = &plan->runtime->states[i];
    if (!takes_another(plan, state)) continue;
    const lrt_value *from = &plan->values[state->output];
    memcpy(at, from->data, from->bytes);
    at += from->bytes;
  }
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
  return make_swap(plan, err);
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
    if (plan->homes[state->output] == LRT_HOME_STATE && !takes_another(plan, state))
      plan->values[state->output].data = memory;
  }
  lrt_plan_follow_aliases(plan);
}

void lrt_plan_commit_states(const lrt_plan *plan) {
  const lrt_runtime *runtime = plan->runtime;
  const char *saved = plan->swap;
  if (plan->depth > 0 || runtime->state_memory == NULL) return;
  save_taken(plan);
  for (int32_t i = 0; i < runtime->state_count; i++) {
    const lrt_state_slot *state = &runtime->states[i];
    if (state->subgraph != plan->graph->subgraph_index || plan->homes[state->input] != LRT_HOME_STATE)
      continue;
    const lrt_value *from = &plan->values[state->output], *to = &plan->values[state->input];
    if (takes_another(plan, state)) {
      if (from->bytes == to->bytes) memcpy(to->data, saved, to->bytes);
      saved += from->bytes;
      continue;
    }
    if (from->data != to->data && from->data != NULL && from->bytes == to->bytes)
      memcpy(to->data, from->data, to->bytes);
  }
}
