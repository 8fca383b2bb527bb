/* plan_control.c: plans IF, STABLEHLO_CASE, WHILE and CALL_ONCE: a plan for each subgraph they call. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan_parts.h"

#define MAX_CASES 1024

static lrt_status no_memory(const lrt_plan *plan, lrt_error *err) {
  return lrt_alloc_fail(err, plan->runtime->alloc, 0, "the plan");
}

/* Room for the plans of a node's subgraphs; the same again when the node is planned anew. */
static lrt_status make_branches(lrt_plan *plan, lrt_exec *exec, int32_t count, lrt_error *err) {
  if (exec->branch != NULL) return LRT_OK;
  exec->branch = lrt_arena_array(&plan->arena, (size_t)count, sizeof *exec->branch);
  if (exec->branch == NULL) return no_memory(plan, err);
  exec->branch_count = count;
  return LRT_OK;
}

/* Plans a subgraph that a control-flow node calls, for the shapes that the node hands in. */
static lrt_status plan_branch(lrt_plan *plan, lrt_exec *exec, int32_t slot, int32_t subgraph,
                              lrt_value *const *inputs, int32_t count, lrt_error *err) {
  const lrt_graph *graph = plan->runtime->graph;
  lrt_shape *shapes = lrt_arena_array(&plan->arena, (size_t)count + 1, sizeof *shapes);
  if (shapes == NULL) return no_memory(plan, err);
  if (subgraph < 0 || subgraph >= graph->subgraph_count)
    return lrt_fail(err, LRT_INVALID_MODEL, "%s (node %d) names subgraph %d, which does not exist",
                    lrt_node_name(&exec->node->node), exec->node->file_index, subgraph);
  if (graph->subgraphs[subgraph].input_count != count)
    return lrt_fail(err, LRT_INVALID_MODEL, "%s (node %d) hands %d values to subgraph %d, which takes %d",
                    lrt_node_name(&exec->node->node), exec->node->file_index, count, subgraph,
                    graph->subgraphs[subgraph].input_count);
  for (int32_t i = 0; i < count; i++) {
    if (inputs[i] == NULL ||
        inputs[i]->type != graph->subgraphs[subgraph].tensors[graph->subgraphs[subgraph].inputs[i]].type)
      return lrt_fail(err, LRT_INVALID_MODEL, "%s (node %d): input %d does not fit subgraph %d",
                      lrt_node_name(&exec->node->node), exec->node->file_index, i, subgraph);
    shapes[i] = inputs[i]->shape;
  }
  return lrt_plan_create(plan->runtime, subgraph, shapes, plan->depth + 1, &exec->branch[slot], err);
}

static lrt_status check_results(const lrt_plan *plan, const lrt_exec *exec, const lrt_plan *branch,
                                lrt_error *err) {
  const lrt_node *node = &exec->node->node;
  const lrt_subgraph *subgraph = branch->graph->subgraph;
  (void)plan;
  if (subgraph->output_count != node->output_count)
    return lrt_fail(err, LRT_INVALID_MODEL, "%s (node %d) has %d outputs, its subgraph \"%s\" %d",
                    lrt_node_name(node), exec->node->file_index, node->output_count, subgraph->name,
                    subgraph->output_count);
  for (int32_t i = 0; i < node->output_count; i++)
    if (exec->outputs[i] != NULL && exec->outputs[i]->type != branch->values[subgraph->outputs[i]].type)
      return lrt_fail(err, LRT_INVALID_MODEL, "%s (node %d): output %d of subgraph \"%s\" has another type",
                      lrt_node_name(node), exec->node->file_index, i, subgraph->name);
  return LRT_OK;
}

static bool is_sized_alike(const lrt_value *a, const lrt_value *b) {
  return a->shaped && b->shaped && !a->growable && !b->growable && lrt_shape_equal(&a->shape, &b->shape);
}

/* Does result i have one shape whichever of the branches is taken? A loop's is also what came in. */
static bool has_one_shape(const lrt_exec *exec, int32_t i) {
  const bool loop = exec->kind == LRT_EXEC_WHILE;
  const int32_t first = loop ? 1 : 0;
  const lrt_value *one = lrt_plan_output(exec->branch[first], i);
  for (int32_t b = first; b < exec->branch_count; b++)
    if (!is_sized_alike(one, lrt_plan_output(exec->branch[b], i))) return false;
  return !loop || is_sized_alike(one, exec->inputs[i]);
}

/* Results get a fixed shape where every branch agrees on one, else they are sized when they are there. */
static lrt_status settle_results(lrt_plan *plan, lrt_exec *exec, lrt_error *err) {
  for (int32_t i = 0; i < exec->node->node.output_count; i++) {
    lrt_value *value = exec->outputs[i];
    if (value == NULL) continue;
    if (has_one_shape(exec, i)) {
      const lrt_value *one = lrt_plan_output(exec->branch[exec->branch_count - 1], i);
      value->shape = one->shape;
      value->bytes = one->bytes;
      value->shaped = true;
    } else {
      value->shaped = false;
      value->growable = true;
      plan->dynamic = true;
    }
  }
  return lrt_plan_settle(plan, exec, err);
}

static lrt_status plan_if(lrt_plan *plan, lrt_exec *exec, lrt_error *err) {
  const lrt_if_options *options = exec->node->node.options;
  const int32_t count = exec->node->node.input_count - 1;
  if (count < 0 || exec->inputs[0] == NULL || exec->inputs[0]->type != LRT_BOOL)
    return lrt_fail(err, LRT_INVALID_MODEL, "IF (node %d) lacks a bool condition", exec->node->file_index);
  exec->kind = LRT_EXEC_BRANCH;
  LRT_TRY(make_branches(plan, exec, 2, err));
  LRT_TRY(plan_branch(plan, exec, 0, options->then_subgraph_index, exec->inputs + 1, count, err));
  LRT_TRY(plan_branch(plan, exec, 1, options->else_subgraph_index, exec->inputs + 1, count, err));
  LRT_TRY(check_results(plan, exec, exec->branch[0], err));
  LRT_TRY(check_results(plan, exec, exec->branch[1], err));
  return settle_results(plan, exec, err);
}

/* One subgraph per value 0, 1 …; the last one also for all other values. */
static lrt_status plan_case(lrt_plan *plan, lrt_exec *exec, lrt_error *err) {
  const lrt_stablehlo_case_options *options = exec->node->node.options;
  const int32_t count = exec->node->node.input_count - 1;
  const uint32_t branches = options->branch_subgraph_indices.count;
  if (count < 0 || exec->inputs[0] == NULL || exec->inputs[0]->type != LRT_INT32 ||
      lrt_shape_count(&exec->inputs[0]->shape) != 1)
    return lrt_fail(err, LRT_INVALID_MODEL, "STABLEHLO_CASE (node %d) lacks an int32 index",
                    exec->node->file_index);
  if (branches < 1 || branches > MAX_CASES)
    return lrt_fail(err, LRT_INVALID_MODEL, "STABLEHLO_CASE (node %d) has %u branches, possible are 1 to %d",
                    exec->node->file_index, branches, MAX_CASES);
  exec->kind = LRT_EXEC_BRANCH;
  LRT_TRY(make_branches(plan, exec, (int32_t)branches, err));
  for (int32_t i = 0; i < exec->branch_count; i++) {
    LRT_TRY(
        plan_branch(plan, exec, i, options->branch_subgraph_indices.data[i], exec->inputs + 1, count, err));
    LRT_TRY(check_results(plan, exec, exec->branch[i], err));
  }
  return settle_results(plan, exec, err);
}

static lrt_status plan_while(lrt_plan *plan, lrt_exec *exec, lrt_error *err) {
  const lrt_while_options *options = exec->node->node.options;
  const int32_t count = exec->node->node.input_count;
  exec->kind = LRT_EXEC_WHILE;
  LRT_TRY(make_branches(plan, exec, 2, err));
  LRT_TRY(plan_branch(plan, exec, 0, options->cond_subgraph_index, exec->inputs, count, err));
  LRT_TRY(plan_branch(plan, exec, 1, options->body_subgraph_index, exec->inputs, count, err));
  const lrt_subgraph *cond = exec->branch[0]->graph->subgraph;
  if (cond->output_count != 1 || cond->tensors[cond->outputs[0]].type != LRT_BOOL)
    return lrt_fail(err, LRT_INVALID_MODEL, "WHILE (node %d): subgraph \"%s\" must return one bool",
                    exec->node->file_index, cond->name);
  LRT_TRY(check_results(plan, exec, exec->branch[1], err));
  if (exec->node->node.output_count != count)
    return lrt_fail(err, LRT_INVALID_MODEL, "WHILE (node %d) has %d inputs and %d outputs",
                    exec->node->file_index, count, exec->node->node.output_count);
  return settle_results(plan, exec, err);
}

static lrt_status plan_call_once(lrt_plan *plan, lrt_exec *exec, lrt_error *err) {
  const lrt_call_once_options *options = exec->node->node.options;
  exec->kind = LRT_EXEC_CALL_ONCE;
  LRT_TRY(make_branches(plan, exec, 1, err));
  return plan_branch(plan, exec, 0, options->init_subgraph_index, exec->inputs, 0, err);
}

static lrt_status plan_branches(lrt_plan *plan, lrt_exec *exec, lrt_error *err) {
  switch (exec->node->node.code) {
  case LRT_OP_IF: return plan_if(plan, exec, err);
  case LRT_OP_STABLEHLO_CASE: return plan_case(plan, exec, err);
  case LRT_OP_WHILE: return plan_while(plan, exec, err);
  default: return plan_call_once(plan, exec, err);
  }
}

/* Control flow whose operands have no shape yet is planned when it is reached. */
lrt_status lrt_plan_control(lrt_plan *plan, lrt_exec *exec, lrt_error *err) {
  if (exec->node->node.options == NULL)
    return lrt_fail(err, LRT_INVALID_MODEL, "%s (node %d) lacks its options",
                    lrt_node_name(&exec->node->node), exec->node->file_index);
  if (!lrt_plan_inputs_are(exec, false)) {
    lrt_plan_defer(plan, exec);
    return LRT_OK;
  }
  return plan_branches(plan, exec, err);
}

lrt_status lrt_plan_control_now(lrt_plan *plan, lrt_exec *exec, lrt_error *err) {
  for (int32_t i = 0; i < exec->branch_count; i++) {
    lrt_plan_destroy(exec->branch[i]);
    exec->branch[i] = NULL;
  }
  const lrt_status status = plan_branches(plan, exec, err);
  for (int32_t i = 0; status != LRT_OK && i < exec->node->node.output_count; i++)
    if (exec->outputs[i] != NULL && exec->outputs[i]->variable)
      lrt_plan_restore_variable(plan, exec->outputs[i]);
  return status;
}
