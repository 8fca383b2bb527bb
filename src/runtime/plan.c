/* plan.c: turns a plan graph into prepared nodes: shapes, kernels, folded constants, sizing points. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "graph/passes/absorb_dequantize.h"

#define MAX_DEPTH 32     /* nesting of IF and WHILE */
#define MAX_PLANS 4096   /* instances of subgraphs per interpreter */
#define MAX_FOLDED 65536 /* bytes of a folded result, except widened constants */

static lrt_status no_memory(const lrt_plan *plan, lrt_error *err) {
  return lrt_alloc_fail(err, plan->runtime->alloc, 0, "the plan");
}

static void init_value(lrt_plan *plan, int32_t i) {
  const lrt_plan_tensor *from = &plan->graph->tensors[i];
  const lrt_tensor *tensor = from->tensor;
  lrt_value *value = &plan->values[i];
  value->type = tensor->type;
  value->shape = tensor->shape;
  value->quant = &tensor->quant;
  value->block_scales = from->scales >= 0 ? &plan->values[from->scales] : NULL;
  value->sparsity = tensor->sparsity;
  value->tensor = i < plan->graph->subgraph->tensor_count ? i : -1;
  value->name = tensor->name;
  value->variable = tensor->is_variable;
  value->alloc = plan->runtime->alloc;
  if (tensor->data != NULL) {
    value->data = (void *)(uintptr_t)tensor->data; /* constants are never written */
    value->bytes = (size_t)tensor->bytes;
    value->constant = value->readable = value->shaped = true;
    plan->homes[i] = LRT_HOME_CONSTANT;
  }
}

/* Declares a value that exists before the first node runs. */
static lrt_status declare(lrt_plan *plan, int32_t i, const lrt_shape *shape, lrt_home home, lrt_error *err) {
  lrt_value *value = &plan->values[i];
  if (value->constant) return LRT_OK;
  const bool sized = lrt_type_bits(value->type) > 0;
  const int64_t bytes = sized ? lrt_shape_bytes(shape, value->type) : (int64_t)sizeof(int32_t);
  if (bytes < 0)
    return lrt_fail(err, LRT_INVALID_MODEL, "tensor %d \"%s\" has an unknown or too large shape", i, value->name);
  value->shape = *shape;
  value->bytes = (size_t)bytes;
  value->shaped = true;
  value->growable = value->type == LRT_STRING;
  plan->homes[i] = (uint8_t)(value->growable ? LRT_HOME_GROWN : home);
  return LRT_OK;
}

static lrt_status declare_sources(lrt_plan *plan, const lrt_shape *shapes, lrt_error *err) {
  const lrt_subgraph *subgraph = plan->graph->subgraph;
  for (int32_t i = 0; i < plan->graph->tensor_count; i++)
    if (plan->values[i].variable) LRT_TRY(declare(plan, i, &plan->values[i].shape, LRT_HOME_VARIABLE, err));
  for (int32_t i = 0; i < subgraph->input_count; i++) {
    const int32_t index = subgraph->inputs[i];
    const lrt_shape *shape = shapes != NULL ? &shapes[i] : &plan->values[index].shape;
    if (plan->homes[index] != LRT_HOME_VARIABLE) LRT_TRY(declare(plan, index, shape, LRT_HOME_OWN, err));
  }
  if (plan->depth == 0) lrt_plan_mark_states(plan);
  return LRT_OK;
}

static lrt_value **operands(lrt_plan *plan, const int32_t *indices, int32_t count) {
  lrt_value **out = lrt_arena_array(&plan->arena, (size_t)count + 1, sizeof *out);
  if (out == NULL) return NULL;
  for (int32_t i = 0; i < count; i++) out[i] = indices[i] < 0 ? NULL : &plan->values[indices[i]];
  return out;
}

/* One sentence that names every operator nobody implements. */
static lrt_status check_resolved(const lrt_plan *plan, lrt_error *err) {
  char names[300] = "";
  size_t used = 0;
  int flex = 0;
  for (int32_t i = 0; i < plan->graph->node_count; i++) {
    const lrt_node *node = &plan->graph->nodes[i].node;
    if (plan->graph->nodes[i].dead || lrt_op_of(node) != NULL) continue;
    const char *name = lrt_node_name(node);
    if (strstr(names, name) != NULL || used >= sizeof names - 1) continue;
    flex += strncmp(name, "Flex", 4) == 0;
    const int n = snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "", name);
    used += n > 0 ? (size_t)n : 0;
  }
  if (used == 0) return LRT_OK;
  return lrt_fail(err, LRT_UNRESOLVED_OP, "the model needs operators that are not available: %s%s", names,
                  flex > 0 ? " (Flex operators are TensorFlow operators)" : "");
}

static lrt_status check_version(const lrt_plan_node *node, lrt_error *err) {
  const lrt_op_info *info = lrt_op_info_of(node->node.code);
  if (info == NULL || node->node.code == LRT_OP_CUSTOM || node->node.version <= info->version_max) return LRT_OK;
  return lrt_fail(err, LRT_UNSUPPORTED, "%s (node %d) has version %d, the newest known is %d", info->name,
                  node->file_index, node->node.version, info->version_max);
}

static void init_prepare(lrt_prepare *p, lrt_plan *plan, const lrt_exec *exec, lrt_arena *arena, lrt_error *err) {
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
  p->weights = runtime->weights;
  p->resources = runtime->resources;
  p->arena = arena;
  p->err = err;
}

static bool inputs_are(const lrt_exec *exec, bool readable) {
  for (int32_t i = 0; i < exec->node->node.input_count; i++) {
    const lrt_value *value = exec->inputs[i];
    if (value != NULL && !(readable ? value->readable : value->shaped)) return false;
  }
  return true;
}

/* Operands exist before the node runs: constants, inputs, variables, results of earlier nodes. */
static lrt_status check_defined(const lrt_plan *plan, const lrt_exec *exec, lrt_error *err) {
  for (int32_t i = 0; i < exec->node->node.input_count; i++) {
    const lrt_value *value = exec->inputs[i];
    if (value != NULL && plan->homes[value - plan->values] == LRT_HOME_NONE)
      return lrt_fail(err, LRT_INVALID_MODEL, "%s (node %d) reads tensor \"%s\", which nothing computes before it",
                      lrt_node_name(&exec->node->node), exec->node->file_index, value->name);
  }
  return LRT_OK;
}

static lrt_status check_outputs(const lrt_plan *plan, lrt_error *err) {
  const lrt_subgraph *subgraph = plan->graph->subgraph;
  for (int32_t i = 0; i < subgraph->output_count; i++)
    if (plan->homes[subgraph->outputs[i]] == LRT_HOME_NONE)
      return lrt_fail(err, LRT_INVALID_MODEL, "output %d of subgraph \"%s\", tensor \"%s\", is computed by no node", i,
                      subgraph->name, plan->values[subgraph->outputs[i]].name);
  return LRT_OK;
}

/* A tensor is written by one node, and only inputs, constants and variables exist before it: two writers with
 * different shapes could overrun each other's memory. */
static lrt_status check_written_once(const lrt_plan *plan, const lrt_exec *exec, lrt_error *err) {
  for (int32_t i = 0; i < exec->node->node.output_count; i++) {
    const lrt_value *value = exec->outputs[i];
    if (value == NULL || value->variable) continue;
    bool again = plan->homes[value - plan->values] != LRT_HOME_NONE;
    for (int32_t k = 0; k < i; k++) again |= exec->outputs[k] == value;
    if (again)
      return lrt_fail(err, LRT_INVALID_MODEL, "%s (node %d) writes tensor \"%s\", which is a constant, an input or "
                      "the result of another node", lrt_node_name(&exec->node->node), exec->node->file_index,
                      value->name);
  }
  return LRT_OK;
}

/* Results of a node that waits for data have no shape yet. */
static void defer(lrt_plan *plan, lrt_exec *exec) {
  exec->kind = LRT_EXEC_DEFERRED;
  plan->dynamic = true;
  for (int32_t i = 0; i < exec->node->node.output_count; i++) {
    lrt_value *value = exec->outputs[i];
    if (value == NULL || value->variable) continue;
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
    const lrt_step_run run = {0, 1, &ignored};
    if (step->worker_scratch_bytes > 0) {
      step->worker_scratch = lrt_arena_get(&plan->arena, step->worker_scratch_bytes + LRT_ALLOC_ALIGN);
      if (step->worker_scratch == NULL) return false;
      step->worker_scratch = (char *)step->worker_scratch +
                             (LRT_ALLOC_ALIGN - (uintptr_t)step->worker_scratch % LRT_ALLOC_ALIGN) % LRT_ALLOC_ALIGN;
    }
    /* A failure here will be reported when the model runs. */
    if (step->units > 0 && step->fn(step, &run, 0, step->units) != LRT_OK) return false;
  }
  return true;
}

static bool is_foldable(const lrt_plan *plan, const lrt_exec *exec) {
  if (exec->op->side_effects || exec->node->node.input_count == 0 || !inputs_are(exec, true)) return false;
  for (int32_t i = 0; i < exec->node->node.output_count; i++) {
    const lrt_value *value = exec->outputs[i];
    if (value == NULL || value->growable || value->variable || plan->homes[value - plan->values] != LRT_HOME_NONE)
      return false;
    if (value->bytes > MAX_FOLDED && exec->node->node.code != LRT_OP_DEQUANTIZE) return false;
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
static lrt_status settle_outputs(lrt_plan *plan, lrt_exec *exec, lrt_error *err) {
  for (int32_t i = 0; i < exec->node->node.output_count; i++) {
    lrt_value *value = exec->outputs[i];
    if (value == NULL) continue;
    uint8_t *home = &plan->homes[value - plan->values];
    if (value->variable) {
      if ((int64_t)value->bytes != lrt_shape_bytes(&plan->graph->tensors[value - plan->values].tensor->shape, value->type))
        return lrt_fail(err, LRT_INVALID_MODEL, "%s (node %d) changes the size of the variable tensor \"%s\"",
                        lrt_node_name(&exec->node->node), exec->node->file_index, value->name);
    } else if (value->readable) *home = LRT_HOME_FOLDED;
    else if (value->growable) {
      *home = LRT_HOME_GROWN;
      if (value->type != LRT_STRING) value->shaped = false;
    } else if (!value->shaped)
      return lrt_fail(err, LRT_INVALID_MODEL, "%s (node %d) leaves output %d without a shape",
                      lrt_node_name(&exec->node->node), exec->node->file_index, i);
    else if (*home == LRT_HOME_NONE) *home = LRT_HOME_ARENA;
  }
  return LRT_OK;
}

static lrt_status plan_operator(lrt_plan *plan, lrt_exec *exec, lrt_error *err) {
  lrt_prepare p;
  exec->op = lrt_op_of(&exec->node->node);
  if (!inputs_are(exec, false)) {
    defer(plan, exec);
    return LRT_OK;
  }
  init_prepare(&p, plan, exec, &plan->arena, err);
  const lrt_status status = exec->op->prepare(&p);
  if (status == LRT_DEFER) {
    defer(plan, exec);
    return LRT_OK;
  }
  LRT_TRY(status);
  exec->kind = p.first != NULL ? LRT_EXEC_STEPS : LRT_EXEC_NONE;
  exec->steps = p.first;
  exec->temps = p.temps;
  if (fold(plan, exec)) return LRT_OK;
  return settle_outputs(plan, exec, err);
}

/* Plans a subgraph that a control-flow node calls, for the shapes that the node hands in. */
static lrt_status plan_branch(lrt_plan *plan, lrt_exec *exec, int slot, int32_t subgraph, lrt_value *const *inputs,
                              int32_t count, lrt_error *err) {
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
    if (inputs[i] == NULL || inputs[i]->type != graph->subgraphs[subgraph].tensors[graph->subgraphs[subgraph].inputs[i]].type)
      return lrt_fail(err, LRT_INVALID_MODEL, "%s (node %d): input %d does not fit subgraph %d",
                      lrt_node_name(&exec->node->node), exec->node->file_index, i, subgraph);
    shapes[i] = inputs[i]->shape;
  }
  return lrt_plan_create(plan->runtime, subgraph, shapes, plan->depth + 1, &exec->branch[slot], err);
}

static lrt_status check_results(const lrt_plan *plan, const lrt_exec *exec, const lrt_plan *branch, lrt_error *err) {
  const lrt_node *node = &exec->node->node;
  const lrt_subgraph *subgraph = branch->graph->subgraph;
  (void)plan;
  if (subgraph->output_count != node->output_count)
    return lrt_fail(err, LRT_INVALID_MODEL, "%s (node %d) has %d outputs, its subgraph \"%s\" %d", lrt_node_name(node),
                    exec->node->file_index, node->output_count, subgraph->name, subgraph->output_count);
  for (int32_t i = 0; i < node->output_count; i++)
    if (exec->outputs[i] != NULL && exec->outputs[i]->type != branch->values[subgraph->outputs[i]].type)
      return lrt_fail(err, LRT_INVALID_MODEL, "%s (node %d): output %d of subgraph \"%s\" has another type",
                      lrt_node_name(node), exec->node->file_index, i, subgraph->name);
  return LRT_OK;
}

/* Results get a fixed shape where every branch agrees on one, else they are sized when they are there. */
static lrt_status settle_results(lrt_plan *plan, lrt_exec *exec, const lrt_plan *a, const lrt_plan *b, lrt_error *err) {
  for (int32_t i = 0; i < exec->node->node.output_count; i++) {
    lrt_value *value = exec->outputs[i];
    if (value == NULL) continue;
    const lrt_value *one = &a->values[a->graph->subgraph->outputs[i]];
    const lrt_value *two = b != NULL ? &b->values[b->graph->subgraph->outputs[i]] : exec->inputs[i];
    if (one->shaped && two->shaped && !one->growable && !two->growable && lrt_shape_equal(&one->shape, &two->shape)) {
      value->shape = one->shape;
      value->bytes = one->bytes;
      value->shaped = true;
    } else {
      value->shaped = false;
      value->growable = true;
      plan->dynamic = true;
    }
  }
  return settle_outputs(plan, exec, err);
}

static lrt_status plan_if(lrt_plan *plan, lrt_exec *exec, lrt_error *err) {
  const lrt_if_options *options = exec->node->node.options;
  const int32_t count = exec->node->node.input_count - 1;
  if (count < 0 || exec->inputs[0] == NULL || exec->inputs[0]->type != LRT_BOOL)
    return lrt_fail(err, LRT_INVALID_MODEL, "IF (node %d) lacks a bool condition", exec->node->file_index);
  exec->kind = LRT_EXEC_IF;
  LRT_TRY(plan_branch(plan, exec, 0, options->then_subgraph_index, exec->inputs + 1, count, err));
  LRT_TRY(plan_branch(plan, exec, 1, options->else_subgraph_index, exec->inputs + 1, count, err));
  LRT_TRY(check_results(plan, exec, exec->branch[0], err));
  LRT_TRY(check_results(plan, exec, exec->branch[1], err));
  return settle_results(plan, exec, exec->branch[0], exec->branch[1], err);
}

static lrt_status plan_while(lrt_plan *plan, lrt_exec *exec, lrt_error *err) {
  const lrt_while_options *options = exec->node->node.options;
  const int32_t count = exec->node->node.input_count;
  exec->kind = LRT_EXEC_WHILE;
  LRT_TRY(plan_branch(plan, exec, 0, options->cond_subgraph_index, exec->inputs, count, err));
  LRT_TRY(plan_branch(plan, exec, 1, options->body_subgraph_index, exec->inputs, count, err));
  const lrt_subgraph *cond = exec->branch[0]->graph->subgraph;
  if (cond->output_count != 1 || cond->tensors[cond->outputs[0]].type != LRT_BOOL)
    return lrt_fail(err, LRT_INVALID_MODEL, "WHILE (node %d): subgraph \"%s\" must return one bool",
                    exec->node->file_index, cond->name);
  LRT_TRY(check_results(plan, exec, exec->branch[1], err));
  if (exec->node->node.output_count != count)
    return lrt_fail(err, LRT_INVALID_MODEL, "WHILE (node %d) has %d inputs and %d outputs", exec->node->file_index,
                    count, exec->node->node.output_count);
  return settle_results(plan, exec, exec->branch[1], NULL, err);
}

static lrt_status plan_call_once(lrt_plan *plan, lrt_exec *exec, lrt_error *err) {
  const lrt_call_once_options *options = exec->node->node.options;
  exec->kind = LRT_EXEC_CALL_ONCE;
  return plan_branch(plan, exec, 0, options->init_subgraph_index, exec->inputs, 0, err);
}

static lrt_status plan_branches(lrt_plan *plan, lrt_exec *exec, lrt_error *err) {
  switch (exec->node->node.code) {
  case LRT_OP_IF: return plan_if(plan, exec, err);
  case LRT_OP_WHILE: return plan_while(plan, exec, err);
  default: return plan_call_once(plan, exec, err);
  }
}

/* Control flow whose operands have no shape yet is planned when it is reached. */
static lrt_status plan_control(lrt_plan *plan, lrt_exec *exec, lrt_error *err) {
  if (exec->node->node.options == NULL)
    return lrt_fail(err, LRT_INVALID_MODEL, "%s (node %d) lacks its options", lrt_node_name(&exec->node->node),
                    exec->node->file_index);
  if (!inputs_are(exec, false)) {
    defer(plan, exec);
    return LRT_OK;
  }
  return plan_branches(plan, exec, err);
}

static bool is_control(const lrt_node *node) {
  return node->code == LRT_OP_IF || node->code == LRT_OP_WHILE || node->code == LRT_OP_CALL_ONCE;
}

static lrt_status plan_node(lrt_plan *plan, int32_t i, lrt_error *err) {
  lrt_exec *exec = &plan->execs[i];
  const lrt_plan_node *node = &plan->graph->nodes[i];
  exec->node = node;
  lrt_arena_init(&exec->arena, plan->runtime->alloc);
  exec->inputs = operands(plan, node->node.inputs, node->node.input_count);
  exec->outputs = operands(plan, node->node.outputs, node->node.output_count);
  exec->intermediates = operands(plan, node->node.intermediates, node->node.intermediate_count);
  if (exec->inputs == NULL || exec->outputs == NULL || exec->intermediates == NULL) return no_memory(plan, err);
  if (node->dead) {
    exec->note = LRT_NOTE_ABSORBED;
    return LRT_OK;
  }
  LRT_TRY(check_version(node, err));
  LRT_TRY(check_defined(plan, exec, err));
  LRT_TRY(check_written_once(plan, exec, err));
  return is_control(&node->node) ? plan_control(plan, exec, err) : plan_operator(plan, exec, err);
}

static lrt_status rewrite(lrt_plan *plan, lrt_error *err) {
  if (plan->runtime->preserve_all || plan->runtime->mode == LRT_OP_REF) return LRT_OK;
  return lrt_pass_absorb_dequantize(plan->graph, err);
}

static lrt_status build(lrt_plan *plan, int32_t subgraph, const lrt_shape *shapes, lrt_error *err) {
  LRT_TRY(lrt_plan_graph_create(plan->runtime->graph, subgraph, plan->runtime->alloc, &plan->graph, err));
  LRT_TRY(rewrite(plan, err));
  const size_t values = (size_t)plan->graph->tensor_count;
  plan->values = lrt_arena_array(&plan->arena, values + 1, sizeof *plan->values);
  plan->homes = lrt_arena_array(&plan->arena, values + 1, sizeof *plan->homes);
  plan->aliases = lrt_arena_array(&plan->arena, values + 1, sizeof *plan->aliases);
  plan->execs = lrt_arena_array(&plan->arena, (size_t)plan->graph->node_count + 1, sizeof *plan->execs);
  if (plan->values == NULL || plan->homes == NULL || plan->aliases == NULL || plan->execs == NULL)
    return no_memory(plan, err);
  for (int32_t i = 0; i < plan->graph->tensor_count; i++) init_value(plan, i);
  LRT_TRY(check_resolved(plan, err));
  LRT_TRY(declare_sources(plan, shapes, err));
  for (int32_t i = 0; i < plan->graph->node_count; i++) LRT_TRY(plan_node(plan, i, err));
  LRT_TRY(check_outputs(plan, err));
  return lrt_plan_place(plan, err);
}

lrt_status lrt_plan_create(lrt_runtime *runtime, int32_t subgraph, const lrt_shape *input_shapes, int depth,
                           lrt_plan **out, lrt_error *err) {
  if (depth > MAX_DEPTH || runtime->frame_count >= MAX_PLANS)
    return lrt_fail(err, LRT_INVALID_MODEL, "subgraph %d calls itself or control flow is nested too deeply", subgraph);
  lrt_plan *plan = lrt_alloc_zero(runtime->alloc, sizeof *plan);
  if (plan == NULL) return lrt_alloc_fail(err, runtime->alloc, sizeof *plan, "the plan");
  runtime->frame_count++;
  plan->runtime = runtime;
  plan->depth = depth;
  lrt_arena_init(&plan->arena, runtime->alloc);
  const lrt_status status = build(plan, subgraph, input_shapes, err);
  if (status != LRT_OK) {
    lrt_plan_destroy(plan);
    return status;
  }
  lrt_log(LRT_LOG_DEBUG, "runtime", "plan_made", "subgraph=%d nodes=%d arena_bytes=%zu unshared_bytes=%zu", subgraph,
          plan->graph->node_count, plan->memory_bytes, plan->unshared_bytes);
  *out = plan;
  return LRT_OK;
}

static void destroy_exec(lrt_exec *exec) {
  lrt_plan_destroy(exec->branch[0]);
  lrt_plan_destroy(exec->branch[1]);
  exec->branch[0] = exec->branch[1] = NULL;
  if (exec->node != NULL) lrt_arena_clear(&exec->arena);
  lrt_alloc_free(exec->scratch);
}

void lrt_plan_destroy(lrt_plan *plan) {
  if (plan == NULL) return;
  if (plan->execs != NULL)
    for (int32_t i = 0; i < plan->graph->node_count; i++) destroy_exec(&plan->execs[i]);
  if (plan->values != NULL && plan->homes != NULL)
    for (int32_t i = 0; i < plan->graph->tensor_count; i++)
      if (plan->homes[i] == LRT_HOME_GROWN || plan->homes[i] == LRT_HOME_OWN) lrt_alloc_free(plan->values[i].data);
  lrt_alloc_free(plan->memory);
  lrt_alloc_free(plan->scratch);
  lrt_plan_graph_destroy(plan->graph);
  lrt_arena_clear(&plan->arena);
  plan->runtime->frame_count--;
  lrt_alloc_free(plan);
}

lrt_value *lrt_plan_input(lrt_plan *plan, int32_t i) { return &plan->values[plan->graph->subgraph->inputs[i]]; }

lrt_value *lrt_plan_output(lrt_plan *plan, int32_t i) { return &plan->values[plan->graph->subgraph->outputs[i]]; }

/* Memory for a deferred node's results, temporaries and worker scratch. */
static lrt_status place_now(lrt_plan *plan, lrt_exec *exec, lrt_error *err) {
  size_t total = 0, scratch = 0;
  for (int32_t i = 0; i < exec->node->node.output_count; i++) {
    lrt_value *value = exec->outputs[i];
    if (value == NULL || plan->homes[value - plan->values] != LRT_HOME_GROWN || value->readable) continue;
    if (value->shaped && value->type != LRT_STRING) LRT_TRY(lrt_value_reserve(value, value->bytes, err));
  }
  for (const lrt_temp *temp = exec->temps; temp != NULL; temp = temp->next)
    total += (temp->value.bytes + LRT_ALLOC_ALIGN - 1) / LRT_ALLOC_ALIGN * LRT_ALLOC_ALIGN;
  for (const lrt_step *step = exec->steps; step != NULL; step = step->next)
    if (step->worker_scratch_bytes > scratch) scratch = step->worker_scratch_bytes;
  const size_t wanted = total + scratch * (size_t)plan->runtime->workers;
  if (wanted > exec->scratch_bytes) {
    lrt_alloc_free(exec->scratch);
    exec->scratch_bytes = 0;
    exec->scratch = lrt_alloc_get(plan->runtime->alloc, wanted);
    if (exec->scratch == NULL) return lrt_alloc_fail(err, plan->runtime->alloc, wanted, "working memory");
    exec->scratch_bytes = wanted;
  }
  char *at = exec->scratch;
  for (lrt_temp *temp = exec->temps; temp != NULL; temp = temp->next) {
    temp->value.data = at;
    at += (temp->value.bytes + LRT_ALLOC_ALIGN - 1) / LRT_ALLOC_ALIGN * LRT_ALLOC_ALIGN;
  }
  for (lrt_step *step = exec->steps; step != NULL; step = step->next) step->worker_scratch = at;
  return LRT_OK;
}

/* Results computed by prepare itself live in the node's arena: move them to the values' own memory. */
static lrt_status keep_contents(lrt_exec *exec, const lrt_value *before, lrt_error *err) {
  lrt_status status = LRT_OK;
  for (int32_t i = 0; i < exec->node->node.output_count; i++) {
    lrt_value *value = exec->outputs[i];
    if (value == NULL || !value->readable) continue;
    const void *contents = value->data;
    value->readable = false;
    value->data = before[i].data;
    if (status == LRT_OK && value->growable) status = lrt_value_reserve(value, value->bytes, err);
    if (status == LRT_OK && value->bytes > 0) memcpy(value->data, contents, value->bytes);
  }
  return status;
}

static lrt_status check_variables(const lrt_exec *exec, const lrt_value *before, lrt_error *err) {
  for (int32_t i = 0; i < exec->node->node.output_count; i++)
    if (exec->outputs[i] != NULL && exec->outputs[i]->variable && exec->outputs[i]->bytes != before[i].bytes)
      return lrt_fail(err, LRT_RUN_FAILED, "%s (node %d) changes the size of the variable tensor \"%s\"",
                      lrt_node_name(&exec->node->node), exec->node->file_index, exec->outputs[i]->name);
  return LRT_OK;
}

lrt_status lrt_plan_control_now(lrt_plan *plan, lrt_exec *exec, lrt_error *err) {
  lrt_plan_destroy(exec->branch[0]);
  lrt_plan_destroy(exec->branch[1]);
  exec->branch[0] = exec->branch[1] = NULL;
  return plan_branches(plan, exec, err);
}

lrt_status lrt_plan_prepare_now(lrt_plan *plan, lrt_exec *exec, lrt_error *err) {
  lrt_prepare p;
  const int32_t count = exec->node->node.output_count;
  lrt_arena_clear(&exec->arena);
  exec->steps = NULL;
  exec->temps = NULL;
  lrt_value *before = lrt_arena_array(&exec->arena, (size_t)count + 1, sizeof *before);
  if (before == NULL) return no_memory(plan, err);
  for (int32_t i = 0; i < count; i++) {
    if (exec->outputs[i] == NULL) continue;
    before[i] = *exec->outputs[i];
    if (!exec->outputs[i]->variable) exec->outputs[i]->shaped = false;
  }
  init_prepare(&p, plan, exec, &exec->arena, err);
  p.running = true;
  lrt_status status = exec->op->prepare(&p);
  if (status == LRT_DEFER)
    status = lrt_fail(err, LRT_RUN_FAILED, "%s (node %d) lacks the contents of an input",
                      lrt_node_name(&exec->node->node), exec->node->file_index);
  const lrt_status kept = keep_contents(exec, before, err);
  LRT_TRY(status);
  LRT_TRY(kept);
  LRT_TRY(check_variables(exec, before, err));
  exec->steps = p.first;
  exec->temps = p.temps;
  return place_now(plan, exec, err);
}
