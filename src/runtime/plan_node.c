/* plan_node.c: plans one node: checks, prepare, folding of constants, sizing points. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "runtime/delegate.h"
#include "runtime/plan_parts.h"
#include "runtime/step.h"

#define MAX_FOLDED 65536 /* bytes of a folded result, except widened constants */

static lrt_status no_memory(const lrt_plan *plan, lrt_error *err) {
  return lrt_alloc_fail(err, plan->runtime->alloc, 0, "the plan");
}

static lrt_value **operands(lrt_plan *plan, const int32_t *indices, int32_t count) {
  lrt_value **out = lrt_arena_array(&plan->arena, (size_t)count + 1, sizeof *out);
  if (out == NULL) return NULL;
  for (int32_t i = 0; i < count; i++) out[i] = indices[i] < 0 ? NULL : &plan->values[indices[i]];
  return out;
}

static lrt_status check_version(const lrt_plan_node *node, lrt_error *err) {
  const lrt_op_info *info = lrt_op_info_of(node->node.code);
  if (info == NULL || node->node.code == LRT_OP_CUSTOM || node->node.version <= info->version_max)
    return LRT_OK;
  return lrt_fail(err, LRT_UNSUPPORTED, "%s (node %d) has version %d, the newest known is %d", info->name,
                  node->file_index, node->node.version, info->version_max);
}

void lrt_plan_init_prepare(lrt_prepare *p, lrt_plan *plan, const lrt_exec *exec, lrt_arena *arena,
                           lrt_error *err) {
  const lrt_runtime *runtime = plan->runtime;
  memset(p, 0, sizeof *p);
  p->node = &exec->node->node;
  p->node_index = exec->node->file_index;
  p->inputs = exec->inputs;
  p->outputs = exec->outputs;
  p->intermediates = exec->intermediates;
  p->mode = runtime->mode;
  p->workers = runtime->workers;
  p->weights_only = exec->node->weights_only;
  p->squares = exec->node->squares;
  p->pads = exec->node->pads;
  p->weights = runtime->weights;
  p->resources = runtime->resources;
  p->graph = runtime->graph;
  p->customs = runtime->customs;
  p->origin = exec->node->origin;
  p->arena = arena;
  p->err = err;
}

bool lrt_plan_inputs_are(const lrt_exec *exec, bool readable) {
  for (int32_t i = 0; i < exec->node->node.input_count; i++) {
    const lrt_value *value = exec->inputs[i];
    if (value != NULL && !(readable ? value->readable : value->shaped)) return false;
  }
  return true;
}

/* A constant without elements needs no buffer, so the file gives it none. */
static void define_empty(lrt_plan *plan, lrt_value *value) {
  if (plan->homes[value - plan->values] != LRT_HOME_NONE || lrt_shape_count(&value->shape) != 0) return;
  value->constant = value->readable = value->shaped = true;
  plan->homes[value - plan->values] = LRT_HOME_CONSTANT;
}

/* Operands exist before the node runs: constants, inputs, variables, results of earlier nodes. */
static lrt_status check_defined(lrt_plan *plan, const lrt_exec *exec, lrt_error *err) {
  for (int32_t i = 0; i < exec->node->node.input_count; i++) {
    lrt_value *value = exec->inputs[i];
    if (value != NULL) define_empty(plan, value);
    if (value != NULL && plan->homes[value - plan->values] == LRT_HOME_NONE)
      return lrt_fail(err, LRT_INVALID_MODEL,
                      "%s (node %d) reads tensor \"%s\", which nothing computes before it",
                      lrt_node_name(&exec->node->node), exec->node->file_index, value->name);
  }
  return LRT_OK;
}

/* A tensor is written by one node, and only inputs, constants and variables exist before it: two writers with
 * different shapes could overrun each other's memory. */
static lrt_status check_written_once(lrt_plan *plan, const lrt_exec *exec, lrt_error *err) {
  for (int32_t i = 0; i < exec->node->node.output_count; i++) {
    const lrt_value *value = exec->outputs[i];
    if (value == NULL || value->variable) continue;
    if (plan->homes[value - plan->values] != LRT_HOME_NONE || plan->written[value - plan->values])
      return lrt_fail(err, LRT_INVALID_MODEL,
                      "%s (node %d) writes tensor \"%s\", which is a constant, an input or "
                      "the result of another node",
                      lrt_node_name(&exec->node->node), exec->node->file_index, value->name);
    plan->written[value - plan->values] = true;
  }
  return LRT_OK;
}

/* A prepare that did not succeed may have declared another shape. */
void lrt_plan_restore_variable(const lrt_plan *plan, lrt_value *value) {
  const lrt_shape *shape = &plan->graph->tensors[value - plan->values].tensor->shape;
  if (lrt_type_bits(value->type) > 0) value->bytes = (size_t)lrt_shape_bytes(shape, value->type);
  value->shape = *shape;
  value->shaped = true;
  value->readable = false;
}

/* Results of a node that waits for data have no shape yet. */
void lrt_plan_defer(lrt_plan *plan, lrt_exec *exec) {
  exec->kind = LRT_EXEC_DEFERRED;
  plan->dynamic = true;
  for (int32_t i = 0; i < exec->node->node.output_count; i++) {
    lrt_value *value = exec->outputs[i];
    if (value == NULL) continue;
    if (value->variable) {
      lrt_plan_restore_variable(plan, value);
      continue;
    }
    value->shaped = value->readable = false;
    value->growable = true;
    plan->homes[value - plan->values] = LRT_HOME_GROWN;
  }
}

/* Runs a node's steps on this thread while planning. */
static bool evaluate(lrt_plan *plan, lrt_exec *exec) {
  const int32_t count = exec->node->node.output_count;
  lrt_error ignored;
  for (lrt_temp *temp = exec->temps; temp != NULL; temp = temp->next)
    if ((temp->value.data = lrt_arena_get(&plan->arena, temp->value.bytes)) == NULL) return false;
  for (int32_t i = 0; i < count; i++) {
    lrt_value *value = exec->outputs[i];
    if (!value->readable && (value->data = lrt_arena_get(&plan->arena, value->bytes)) == NULL) return false;
  }
  for (lrt_step *step = exec->steps; step != NULL; step = step->next) {
    const lrt_step_run run = {0, 1, &ignored, &plan->runtime->deadline};
    if (step->worker_scratch_bytes > 0) {
      step->worker_scratch = lrt_arena_get(&plan->arena, step->worker_scratch_bytes + LRT_ALLOC_ALIGN);
      if (step->worker_scratch == NULL) return false;
      step->worker_scratch =
          (char *)step->worker_scratch +
          (LRT_ALLOC_ALIGN - (uintptr_t)step->worker_scratch % LRT_ALLOC_ALIGN) % LRT_ALLOC_ALIGN;
    }
    /* A failure here will be reported when the model runs. */
    if (lrt_step_do(step, &run, 0, step->units) != LRT_OK) return false;
  }
  return true;
}

/* Constants widened or written out once are worth their memory: nothing else would make them smaller again. */
static bool widens_constant(const lrt_node *node) {
  return node->code == LRT_OP_DEQUANTIZE || node->code == LRT_OP_DENSIFY;
}

static bool is_foldable(const lrt_plan *plan, const lrt_exec *exec) {
  if (exec->op->side_effects || exec->node->node.input_count == 0 || !lrt_plan_inputs_are(exec, true))
    return false;
  for (int32_t i = 0; i < exec->node->node.output_count; i++) {
    const lrt_value *value = exec->outputs[i];
    if (value == NULL || value->growable || value->variable ||
        plan->homes[value - plan->values] != LRT_HOME_NONE)
      return false;
    if (value->bytes > MAX_FOLDED && (plan->runtime->surveying || !widens_constant(&exec->node->node)))
      return false;
  }
  for (const lrt_temp *temp = exec->temps; temp != NULL; temp = temp->next)
    if (temp->value.bytes > MAX_FOLDED) return false;
  return true;
}

/* Results of a node whose inputs are all known become constants of the plan. */
static bool fold(lrt_plan *plan, lrt_exec *exec) {
  if (!is_foldable(plan, exec)) return false;
  if (!evaluate(plan, exec)) {
    for (int32_t i = 0; i < exec->node->node.output_count; i++)
      if (!exec->outputs[i]->readable) exec->outputs[i]->data = NULL;
    return false;
  }
  for (int32_t i = 0; i < exec->node->node.output_count; i++) {
    exec->outputs[i]->readable = true;
    plan->homes[exec->outputs[i] - plan->values] = LRT_HOME_FOLDED;
  }
  exec->kind = LRT_EXEC_NONE;
  exec->note = LRT_NOTE_FOLDED;
  return true;
}

/* Decides the home of results that no constant, variable or run-time block holds. */
lrt_status lrt_plan_settle(lrt_plan *plan, lrt_exec *exec, lrt_error *err) {
  for (int32_t i = 0; i < exec->node->node.output_count; i++) {
    lrt_value *value = exec->outputs[i];
    if (value == NULL) continue;
    uint8_t *home = &plan->homes[value - plan->values];
    if (value->variable) {
      if ((int64_t)value->bytes !=
          lrt_shape_bytes(&plan->graph->tensors[value - plan->values].tensor->shape, value->type))
        return lrt_fail(err, LRT_INVALID_MODEL, "%s (node %d) changes the size of the variable tensor \"%s\"",
                        lrt_node_name(&exec->node->node), exec->node->file_index, value->name);
    } else if (value->readable)
      *home = LRT_HOME_FOLDED;
    else if (value->growable) {
      *home = LRT_HOME_GROWN;
      if (value->type != LRT_STRING) value->shaped = false;
    } else if (!value->shaped)
      return lrt_fail(err, LRT_INVALID_MODEL, "%s (node %d) leaves output %d without a shape",
                      lrt_node_name(&exec->node->node), exec->node->file_index, i);
    else if (*home == LRT_HOME_NONE)
      *home = LRT_HOME_ARENA;
  }
  return LRT_OK;
}

static lrt_status plan_operator(lrt_plan *plan, lrt_exec *exec, lrt_error *err) {
  lrt_prepare p;
  exec->op = exec->node->is_group
                 ? &lrt_group_op
                 : lrt_op_find(lrt_custom_states_set(plan->runtime->customs), &exec->node->node);
  if (exec->op == NULL || !lrt_plan_inputs_are(exec, false)) {
    lrt_plan_defer(plan, exec);
    return LRT_OK;
  }
  lrt_plan_init_prepare(&p, plan, exec, &plan->arena, err);
  const lrt_status status = exec->op->prepare(&p);
  if (status == LRT_DEFER) {
    lrt_plan_defer(plan, exec);
    return LRT_OK;
  }
  LRT_TRY(status);
  exec->identity = p.identity;
  exec->kind = p.first != NULL ? LRT_EXEC_STEPS : LRT_EXEC_NONE;
  exec->steps = p.first;
  exec->temps = p.temps;
  if (fold(plan, exec)) return LRT_OK;
  LRT_TRY(lrt_deadline_check(&plan->runtime->deadline, err)); /* perhaps why it was not folded */
  return lrt_plan_settle(plan, exec, err);
}

/* Operators that read sparse constants: DENSIFY, and FULLY_CONNECTED its weights. */
static bool reads_sparse(const lrt_node *node, int32_t input) {
  return node->code == LRT_OP_DENSIFY || (node->code == LRT_OP_FULLY_CONNECTED && input == 1);
}

/* The bytes of a sparse constant are not those of its shape: operators that do not expect that would read outside. */
static lrt_status check_dense(const lrt_exec *exec, lrt_error *err) {
  for (int32_t i = 0; i < exec->node->node.input_count; i++) {
    const lrt_value *value = exec->inputs[i];
    if (value != NULL && value->constant && value->sparsity != NULL && !reads_sparse(&exec->node->node, i))
      return lrt_fail(err, LRT_UNSUPPORTED,
                      "%s (node %d) reads the sparse tensor \"%s\", which is not supported",
                      lrt_node_name(&exec->node->node), exec->node->file_index, value->name);
  }
  return LRT_OK;
}

static bool is_control(const lrt_node *node) {
  return node->code == LRT_OP_IF || node->code == LRT_OP_WHILE || node->code == LRT_OP_CALL_ONCE ||
         node->code == LRT_OP_STABLEHLO_CASE;
}

static lrt_status prepare_node(lrt_plan *plan, int32_t i, lrt_error *err) {
  lrt_exec *exec = &plan->execs[i];
  const lrt_plan_node *node = &plan->graph->nodes[i];
  exec->node = node;
  exec->remark = node->remark;
  lrt_arena_init(&exec->arena, plan->runtime->alloc);
  exec->inputs = operands(plan, node->node.inputs, node->node.input_count);
  exec->outputs = operands(plan, node->node.outputs, node->node.output_count);
  exec->intermediates = operands(plan, node->node.intermediates, node->node.intermediate_count);
  if (exec->inputs == NULL || exec->outputs == NULL || exec->intermediates == NULL)
    return no_memory(plan, err);
  if (node->dead) {
    exec->note = LRT_NOTE_ABSORBED;
    return LRT_OK;
  }
  LRT_TRY(check_version(node, err));
  LRT_TRY(check_defined(plan, exec, err));
  LRT_TRY(check_written_once(plan, exec, err));
  LRT_TRY(check_dense(exec, err));
  return is_control(&node->node) ? lrt_plan_control(plan, exec, err) : plan_operator(plan, exec, err);
}

/* What only a delegate may know how to run has no known shape in a survey. */
lrt_status lrt_plan_prepare_node(lrt_plan *plan, int32_t i, lrt_error *err) {
  lrt_error inner = {LRT_OK, ""};
  const lrt_status status = prepare_node(plan, i, plan->runtime->surveying ? &inner : err);
  if (!plan->runtime->surveying || status == LRT_OK) return status;
  if (status != LRT_UNSUPPORTED) return lrt_fail(err, status, "%s", inner.message);
  lrt_plan_defer(plan, &plan->execs[i]);
  return LRT_OK;
}
