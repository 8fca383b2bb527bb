/* square_sums.c: joins squares with the sums over them, as RMS normalisation has them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/passes/square_sums.h"

/* A square of a float tensor, not clamped afterwards. */
static bool is_square(const lrt_plan_graph *plan, const lrt_plan_node *node) {
  if (node->dead || node->node.output_count != 1 || node->node.outputs[0] < 0) return false;
  if (plan->tensors[node->node.outputs[0]].tensor->type != LRT_FLOAT32) return false;
  if (node->node.code == LRT_OP_SQUARE) return node->node.input_count == 1 && node->inputs[0] >= 0;
  const lrt_mul_options *options = node->node.options;
  return node->node.code == LRT_OP_MUL && node->node.input_count == 2 && node->inputs[0] >= 0 &&
         node->inputs[0] == node->inputs[1] && (options == NULL || options->activation == 0);
}

static bool is_sum(const lrt_plan_node *node) {
  return (node->node.code == LRT_OP_MEAN || node->node.code == LRT_OP_SUM) && node->node.input_count == 2 &&
         node->inputs[0] >= 0;
}

/* squares[v] = 1 + the node that makes value v by squaring; readers[v] = how often v is read, as an output too. */
static void look(const lrt_plan_graph *plan, int32_t *squares, int32_t *readers) {
  for (int32_t i = 0; i < plan->node_count; i++) {
    const lrt_plan_node *node = &plan->nodes[i];
    if (node->dead) continue;
    if (is_square(plan, node)) squares[node->node.outputs[0]] = 1 + i;
    for (int32_t k = 0; k < node->node.input_count; k++)
      if (node->inputs[k] >= 0) readers[node->inputs[k]]++;
  }
  for (int32_t i = 0; i < plan->subgraph->output_count; i++) readers[plan->subgraph->outputs[i]]++;
}

lrt_status lrt_pass_square_sums(lrt_plan_graph *plan, lrt_error *err) {
  int32_t *squares = lrt_arena_array(&plan->arena, (size_t)plan->tensor_count, sizeof *squares);
  int32_t *readers = lrt_arena_array(&plan->arena, (size_t)plan->tensor_count, sizeof *readers);
  if (squares == NULL || readers == NULL)
    return lrt_alloc_fail(err, plan->arena.alloc, 0, "a rewrite of the plan graph");
  look(plan, squares, readers);
  for (int32_t i = 0; i < plan->node_count; i++) {
    lrt_plan_node *sum = &plan->nodes[i];
    if (sum->dead || !is_sum(sum) || readers[sum->inputs[0]] != 1) continue;
    const int32_t square = squares[sum->inputs[0]] - 1;
    if (square < 0 || square >= i) continue;
    sum->inputs[0] = plan->nodes[square].inputs[0];
    sum->squares = true;
    plan->nodes[square].dead = true;
  }
  return LRT_OK;
}
