/* absorb_dequantize.c: lets matrix operators read compressed constant weights directly. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/passes/absorb_dequantize.h"

/* Operators that widen operand 1 themselves. */
static bool widens_weights(int32_t code) {
  return code == LRT_OP_CONV_2D || code == LRT_OP_DEPTHWISE_CONV_2D || code == LRT_OP_FULLY_CONNECTED;
}

static bool is_constant_dequantize(const lrt_plan_graph *plan, const lrt_plan_node *node) {
  return !node->dead && node->node.code == LRT_OP_DEQUANTIZE && node->node.input_count == 1 &&
         node->node.output_count == 1 && node->inputs[0] >= 0 && node->node.outputs[0] >= 0 &&
         plan->tensors[node->inputs[0]].tensor->data != NULL &&
         plan->tensors[node->node.outputs[0]].tensor->type == LRT_FLOAT32 &&
         plan->tensors[node->inputs[0]].tensor->sparsity == NULL;
}

/* stored[v] = 1 + the constant that value v is a widened form of, 0 for other values. */
static void find_widened(const lrt_plan_graph *plan, int32_t *stored) {
  for (int32_t i = 0; i < plan->node_count; i++) {
    const lrt_plan_node *node = &plan->nodes[i];
    if (is_constant_dequantize(plan, node)) stored[node->node.outputs[0]] = 1 + node->inputs[0];
  }
}

/* kept[v] = 1 where somebody still reads value v. */
static void find_kept(const lrt_plan_graph *plan, int32_t *kept) {
  for (int32_t i = 0; i < plan->node_count; i++) {
    const lrt_plan_node *node = &plan->nodes[i];
    for (int32_t k = 0; k < node->node.input_count; k++)
      if (node->inputs[k] >= 0) kept[node->inputs[k]] = 1;
  }
  for (int32_t i = 0; i < plan->subgraph->output_count; i++) kept[plan->subgraph->outputs[i]] = 1;
}

lrt_status lrt_pass_absorb_dequantize(lrt_plan_graph *plan, lrt_error *err) {
  int32_t *stored = lrt_arena_array(&plan->arena, (size_t)plan->tensor_count, sizeof *stored);
  int32_t *kept = lrt_arena_array(&plan->arena, (size_t)plan->tensor_count, sizeof *kept);
  if (stored == NULL || kept == NULL)
    return lrt_alloc_fail(err, plan->arena.alloc, 0, "a rewrite of the plan graph");
  find_widened(plan, stored);
  for (int32_t i = 0; i < plan->node_count; i++) {
    lrt_plan_node *user = &plan->nodes[i];
    if (!widens_weights(user->node.code) || user->node.input_count < 2 || user->inputs[1] < 0) continue;
    const int32_t weights = stored[user->inputs[1]] - 1;
    if (weights < 0) continue;
    user->inputs[1] = weights;
    user->weights_only = true;
  }
  find_kept(plan, kept);
  for (int32_t i = 0; i < plan->node_count; i++) {
    lrt_plan_node *node = &plan->nodes[i];
    if (is_constant_dequantize(plan, node) && !kept[node->node.outputs[0]]) node->dead = true;
  }
  return LRT_OK;
}
