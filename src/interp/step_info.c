/* step_info.c: what an interpreter tells about its plans: steps, kernels, operands, delegates. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fail.h"
#include "interp/interpreter_object.h"
#include "runtime/delegate.h"

/* The public name of a plan that is looked at. */
static const lrt_plan *plan_of(const lrt_steps *steps) {
  return (const lrt_plan *)(const void *)steps;
}

static const lrt_steps *steps_of(const lrt_plan *plan) {
  return (const lrt_steps *)(const void *)plan;
}

const lrt_steps *lrt_interpreter_steps(const lrt_interpreter *it, int32_t subgraph) {
  return steps_of(lrt_interpreter_plan(it, subgraph));
}

int32_t lrt_steps_count(const lrt_steps *steps) {
  return steps != NULL ? plan_of(steps)->graph->node_count : 0;
}

int32_t lrt_interpreter_step_count(const lrt_interpreter *it, int32_t subgraph) {
  return lrt_steps_count(lrt_interpreter_steps(it, subgraph));
}

static const char *note_of(const lrt_exec *exec) {
  if (exec->kind == LRT_EXEC_DEFERRED) return "deferred: its result's shape depends on data";
  switch (exec->note) {
  case LRT_NOTE_FOLDED: return "folded into a constant";
  case LRT_NOTE_ALIAS: return "alias: shares its input's memory";
  case LRT_NOTE_ABSORBED: return "absorbed into the operators that read it";
  case LRT_NOTE_IN_PLACE: return exec->remark != NULL ? exec->remark : "in place";
  case LRT_NOTE_FUSED:
  case LRT_NOTE_NONE: break;
  }
  return exec->remark != NULL ? exec->remark : "";
}

/* Why no delegate runs a node. */
static const char *left_of(const lrt_plan *plan, const lrt_exec *exec) {
  const int32_t node = exec->node->file_index;
  if (plan->partition == NULL || exec->node->is_group || node < 0) return "";
  switch ((lrt_left)plan->partition->left[node]) {
  case LRT_LEFT_UNCLAIMED: return "no delegate claims it";
  case LRT_LEFT_SMALL: return "its group is smaller than a delegate's least number of nodes";
  case LRT_LEFT_BEYOND: return "larger groups have used up a delegate's number of groups";
  case LRT_LEFT_SPARSE: return "sparse constants are not delegated";
  }
  return "";
}

lrt_status lrt_steps_at(const lrt_steps *steps, int32_t index, lrt_step_info *out) {
  const lrt_plan *plan = plan_of(steps);
  if (plan == NULL || index < 0 || index >= plan->graph->node_count) return LRT_NOT_FOUND;
  const lrt_exec *exec = &plan->execs[index];
  *out = (lrt_step_info){.node = exec->node->file_index,
                         .name = lrt_node_name(&exec->node->node),
                         .within = exec->node->within,
                         .kernel = "",
                         .note = note_of(exec),
                         .input_count = exec->node->node.input_count,
                         .output_count = exec->node->node.output_count,
                         .seconds = exec->seconds,
                         .calls = exec->calls,
                         .left = left_of(plan, exec)};
  if (exec->node->is_group) {
    const lrt_group *group = exec->node->node.options;
    out->delegate = plan->runtime->delegates[group->delegate]->name;
    out->node_count = group->node_count;
    out->nodes = group->nodes;
  }
  if (exec->kind != LRT_EXEC_STEPS && exec->kind != LRT_EXEC_DEFERRED) return LRT_OK;
  for (const lrt_step *step = exec->steps; step != NULL; step = step->next) {
    out->step_count++;
    if (step->kernel != NULL) out->kernel = step->kernel; /* the last step is the main one */
  }
  return LRT_OK;
}

lrt_status lrt_interpreter_step(const lrt_interpreter *it, int32_t subgraph, int32_t index,
                                lrt_step_info *out) {
  return lrt_steps_at(lrt_interpreter_steps(it, subgraph), index, out);
}

/* What the subgraphs of a control-flow step are for. */
static const char *role_of(const lrt_exec *exec, int32_t branch) {
  switch (exec->node->node.code) {
  case LRT_OP_IF: return branch == 0 ? "then" : "else";
  case LRT_OP_WHILE: return branch == 0 ? "condition" : "body";
  case LRT_OP_CALL_ONCE: return "first run";
  default: return "case";
  }
}

lrt_status lrt_steps_branch(const lrt_steps *steps, int32_t index, int32_t branch, lrt_branch_info *out) {
  const lrt_plan *plan = plan_of(steps);
  if (plan == NULL || index < 0 || index >= plan->graph->node_count || branch < 0) return LRT_NOT_FOUND;
  const lrt_exec *exec = &plan->execs[index];
  if (branch >= exec->branch_count || exec->branch[branch] == NULL) return LRT_NOT_FOUND;
  const lrt_plan *inner = exec->branch[branch];
  *out = (lrt_branch_info){role_of(exec, branch), inner->graph->subgraph_index, inner->graph->subgraph->name,
                           steps_of(inner)};
  return LRT_OK;
}

lrt_status lrt_interpreter_step_operand(const lrt_interpreter *it, int32_t subgraph, int32_t index,
                                        int is_output, int32_t operand, const char **name,
                                        lrt_tensor_view *out) {
  return lrt_steps_operand(lrt_interpreter_steps(it, subgraph), index, is_output, operand, name, out);
}

lrt_status lrt_steps_operand(const lrt_steps *steps, int32_t index, int is_output, int32_t operand,
                             const char **name, lrt_tensor_view *out) {
  const lrt_plan *plan = plan_of(steps);
  if (plan == NULL || index < 0 || index >= plan->graph->node_count || operand < 0) return LRT_NOT_FOUND;
  const lrt_exec *exec = &plan->execs[index];
  const int32_t count = is_output ? exec->node->node.output_count : exec->node->node.input_count;
  if (operand >= count) return LRT_NOT_FOUND;
  const lrt_value *value = is_output ? exec->outputs[operand] : exec->inputs[operand];
  if (value == NULL) return LRT_NOT_FOUND;
  *name = value->name;
  *out = (lrt_tensor_view){value->type, value->shape,
                           lrt_interpreter_keeps(plan, (int32_t)(value - plan->values)) ? value->data : NULL,
                           value->bytes};
  return LRT_OK;
}

lrt_status lrt_interpreter_delegation(const lrt_interpreter *it, int32_t subgraph, int32_t delegate,
                                      lrt_delegation_info *out) {
  const lrt_plan *plan = lrt_interpreter_plan(it, subgraph);
  const lrt_runtime *runtime = &it->runtime;
  if (plan == NULL || delegate < 0 || delegate >= runtime->delegate_count) return LRT_NOT_FOUND;
  *out = (lrt_delegation_info){runtime->delegates[delegate]->name, 0, 0, runtime->refusals[delegate]};
  if (plan->partition == NULL) return LRT_OK;
  for (const lrt_group *g = plan->partition->groups; g != NULL; g = g->next) {
    if (g->delegate != delegate) continue;
    out->group_count++;
    out->node_count += g->node_count;
  }
  return LRT_OK;
}
