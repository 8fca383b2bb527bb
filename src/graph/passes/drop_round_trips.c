/* drop_round_trips.c: finds QUANTIZE nodes that give back what a DEQUANTIZE read. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/passes/drop_round_trips.h"

#include "base/fail.h"

static bool is_simple(const lrt_plan_node *node, int32_t code) {
  return !node->dead && node->node.code == code && node->node.input_count == 1 &&
         node->node.output_count == 1 && node->inputs[0] >= 0 && node->node.outputs[0] >= 0;
}

static bool same_numbers(const lrt_tensor *a, const lrt_tensor *b) {
  const lrt_quant *x = &a->quant, *y = &b->quant;
  return a->type == b->type && (a->type == LRT_INT8 || a->type == LRT_UINT8) && x->kind == LRT_QUANT_AFFINE &&
         y->kind == LRT_QUANT_AFFINE && x->count == 1 && y->count == 1 && x->scale[0] == y->scale[0] &&
         x->zero_point[0] == y->zero_point[0] && !a->is_variable && !b->is_variable && a->sparsity == NULL;
}

/* kept[v] = 1 where an output of the graph, or as 2 some node, reads value v. */
static void find_kept(const lrt_plan_graph *plan, int32_t *kept) {
  for (int32_t i = 0; i < plan->subgraph->output_count; i++) kept[plan->subgraph->outputs[i]] |= 1;
  for (int32_t i = 0; i < plan->node_count; i++)
    for (int32_t k = 0; !plan->nodes[i].dead && k < plan->nodes[i].node.input_count; k++)
      if (plan->nodes[i].inputs[k] >= 0) kept[plan->nodes[i].inputs[k]] |= 2;
}

lrt_status lrt_pass_drop_round_trips(lrt_plan_graph *plan, lrt_error *err) {
  const size_t values = (size_t)plan->tensor_count + 1;
  int32_t *origin =
      lrt_arena_array(&plan->arena, values, sizeof *origin); /* real value -> 1 + quantized one */
  int32_t *instead =
      lrt_arena_array(&plan->arena, values, sizeof *instead); /* value -> 1 + the one to read */
  int32_t *kept = lrt_arena_array(&plan->arena, values, sizeof *kept);
  if (origin == NULL || instead == NULL || kept == NULL)
    return lrt_alloc_fail(err, plan->arena.alloc, 0, "a rewrite of the plan graph");
  find_kept(plan, kept);
  for (int32_t i = 0; i < plan->node_count; i++) { /* in the order of computation */
    lrt_plan_node *node = &plan->nodes[i];
    for (int32_t k = 0; !node->dead && k < node->node.input_count; k++)
      if (node->inputs[k] >= 0 && instead[node->inputs[k]] != 0)
        node->inputs[k] = instead[node->inputs[k]] - 1;
    if (is_simple(node, LRT_OP_DEQUANTIZE)) origin[node->node.outputs[0]] = 1 + node->inputs[0];
    if (!is_simple(node, LRT_OP_QUANTIZE) || origin[node->inputs[0]] == 0) continue;
    const int32_t from = origin[node->inputs[0]] - 1, to = node->node.outputs[0];
    if (!same_numbers(plan->tensors[from].tensor, plan->tensors[to].tensor)) {
      node->remark = "stays beside a DEQUANTIZE: its scale or type is another";
    } else if ((kept[to] & 1) == 0) {
      instead[to] = 1 + from;
      node->dead = true;
    }
  }
  for (int32_t v = 0; v < plan->tensor_count; v++) kept[v] &= 1;
  find_kept(plan, kept);
  for (int32_t i = 0; i < plan->node_count; i++)
    if (is_simple(&plan->nodes[i], LRT_OP_DEQUANTIZE) && origin[plan->nodes[i].node.outputs[0]] != 0)
      plan->nodes[i].dead = kept[plan->nodes[i].node.outputs[0]] == 0;
  return LRT_OK;
}
