/* plan.c: makes a plan from a subgraph: values, nodes, memory. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "graph/passes/absorb_dequantize.h"
#include "graph/passes/absorb_pad.h"
#include "graph/passes/drop_round_trips.h"
#include "graph/passes/square_sums.h"
#include "runtime/delegate.h"

#define MAX_DEPTH 32   /* nesting of control flow */
#define MAX_PLANS 4096 /* instances of subgraphs per interpreter */

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
    return lrt_fail(err, LRT_INVALID_MODEL, "tensor %d \"%s\" has an unknown or too large shape", i,
                    value->name);
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
    if (plan->values[index].constant)
      return lrt_fail(err, LRT_INVALID_MODEL, "input %d of subgraph \"%s\", tensor \"%s\", is a constant", i,
                      subgraph->name, plan->values[index].name);
    if (plan->homes[index] != LRT_HOME_VARIABLE) LRT_TRY(declare(plan, index, shape, LRT_HOME_OWN, err));
  }
  return plan->depth == 0 ? lrt_plan_mark_states(plan, err) : LRT_OK;
}

/* Names of operators, each once, cut where the room ends. */
typedef struct name_list {
  char text[360];
  size_t used;
  bool cut, flex;
} name_list;

static bool is_listed(const name_list *list, const char *name) {
  const size_t length = strlen(name);
  for (const char *at = list->text; (at = strstr(at, name)) != NULL; at += length) {
    const bool begins = at == list->text || at[-1] == ' ', ends = at[length] == '\0' || at[length] == ',';
    if (begins && ends) return true;
  }
  return false;
}

static void add_name(name_list *list, const char *name) {
  if (name[0] == '\0') name = "a custom operator without a name";
  list->flex |= strncmp(name, "Flex", 4) == 0;
  if (list->cut || is_listed(list, name)) return;
  list->cut = strlen(name) + 2 >= sizeof list->text - list->used;
  if (list->cut) return;
  list->used += (size_t)snprintf(list->text + list->used, sizeof list->text - list->used, "%s%s",
                                 list->used > 0 ? ", " : "", name);
}

/* One sentence that names every operator of the file nobody implements, also those that run later or not at all: who
 * has to find implementations wants them all. */
static lrt_status unresolved(const lrt_plan *plan, lrt_error *err) {
  const lrt_graph *graph = plan->runtime->graph;
  const lrt_op_set *set = lrt_custom_states_set(plan->runtime->customs);
  name_list list = {"", 0, false, false};
  for (int32_t s = 0; s < graph->subgraph_count; s++)
    for (int32_t i = 0; i < graph->subgraphs[s].node_count; i++)
      if (lrt_op_find(set, &graph->subgraphs[s].nodes[i]) == NULL)
        add_name(&list, lrt_node_name(&graph->subgraphs[s].nodes[i]));
  return lrt_fail(err, LRT_UNRESOLVED_OP, "the model needs operators that are not available: %s%s%s",
                  list.text, list.cut ? " and others" : "",
                  list.flex ? " (Flex operators are TensorFlow operators)" : "");
}

static lrt_status check_resolved(const lrt_plan *plan, lrt_error *err) {
  const lrt_op_set *set = lrt_custom_states_set(plan->runtime->customs);
  for (int32_t i = 0; i < plan->graph->node_count; i++)
    if (!plan->graph->nodes[i].dead && !plan->graph->nodes[i].is_group &&
        lrt_op_find(set, &plan->graph->nodes[i].node) == NULL)
      return unresolved(plan, err);
  return LRT_OK;
}

/* An output without elements needs nobody to compute it: converters fold such operators away. */
static lrt_status check_outputs(const lrt_plan *plan, lrt_error *err) {
  const lrt_subgraph *subgraph = plan->graph->subgraph;
  for (int32_t i = 0; i < subgraph->output_count; i++)
    if (plan->homes[subgraph->outputs[i]] == LRT_HOME_NONE &&
        lrt_shape_count(&plan->values[subgraph->outputs[i]].shape) != 0)
      return lrt_fail(err, LRT_INVALID_MODEL,
                      "output %d of subgraph \"%s\", tensor \"%s\", is computed by no node", i,
                      subgraph->name, plan->values[subgraph->outputs[i]].name);
  return LRT_OK;
}

static lrt_status rewrite(lrt_plan *plan, lrt_error *err) {
  if (plan->runtime->preserve_all || plan->runtime->mode == LRT_OP_REF) return LRT_OK;
  LRT_TRY(lrt_pass_square_sums(plan->graph, err));
  LRT_TRY(lrt_pass_absorb_dequantize(plan->graph, err));
  LRT_TRY(lrt_pass_drop_round_trips(plan->graph, err));
  return lrt_pass_absorb_pad(plan->graph, err);
}

static bool asks_delegates(const lrt_runtime *runtime) {
  for (int32_t d = 0; d < runtime->delegate_count; d++)
    if (runtime->refusals[d][0] == 0) return true;
  return false;
}

/* The graph to plan: the subgraph's nodes, or what delegates have left of them and a node for each of their groups. */
static lrt_status make_graph(lrt_plan *plan, int32_t subgraph, const lrt_shape *shapes, lrt_error *err) {
  lrt_runtime *runtime = plan->runtime;
  const bool by_name = runtime->mode != LRT_OP_REF && !runtime->preserve_all;
  if (!asks_delegates(runtime))
    return lrt_plan_graph_create(runtime->graph, subgraph, NULL, 0, by_name, runtime->alloc,
                                 &runtime->deadline, &plan->graph, err);
  LRT_TRY(lrt_partition_take(runtime, subgraph, shapes, &plan->partition, err));
  const lrt_partition *p = plan->partition;
  lrt_plan_item *items = lrt_arena_array(&plan->arena, (size_t)p->unit_count + 1, sizeof *items);
  if (items == NULL) return no_memory(plan, err);
  for (int32_t u = 0; u < p->unit_count; u++) {
    const lrt_group *group = p->units[u].group;
    items[u] =
        group != NULL ? (lrt_plan_item){group->index, &group->node} : (lrt_plan_item){p->units[u].node, NULL};
  }
  return lrt_plan_graph_create(runtime->graph, subgraph, items, p->unit_count, by_name, runtime->alloc,
                               &runtime->deadline, &plan->graph, err);
}

static lrt_status build(lrt_plan *plan, int32_t subgraph, const lrt_shape *shapes, lrt_error *err) {
  LRT_TRY(make_graph(plan, subgraph, shapes, err));
  LRT_TRY(rewrite(plan, err));
  const size_t values = (size_t)plan->graph->tensor_count;
  plan->values = lrt_arena_array(&plan->arena, values + 1, sizeof *plan->values);
  plan->homes = lrt_arena_array(&plan->arena, values + 1, sizeof *plan->homes);
  plan->written = lrt_arena_array(&plan->arena, values + 1, sizeof *plan->written);
  plan->aliases = lrt_arena_array(&plan->arena, values + 1, sizeof *plan->aliases);
  plan->execs = lrt_arena_array(&plan->arena, (size_t)plan->graph->node_count + 1, sizeof *plan->execs);
  if (plan->values == NULL || plan->homes == NULL || plan->written == NULL || plan->aliases == NULL ||
      plan->execs == NULL)
    return no_memory(plan, err);
  for (int32_t i = 0; i < plan->graph->tensor_count; i++) init_value(plan, i);
  if (!plan->runtime->surveying) LRT_TRY(check_resolved(plan, err));
  LRT_TRY(declare_sources(plan, shapes, err));
  for (int32_t i = 0; i < plan->graph->node_count; i++) {
    LRT_TRY(lrt_deadline_check(&plan->runtime->deadline, err));
    LRT_TRY(lrt_plan_prepare_node(plan, i, err));
  }
  LRT_TRY(check_outputs(plan, err));
  LRT_TRY(lrt_plan_fuse(plan, err));
  return plan->runtime->surveying ? LRT_OK : lrt_plan_place(plan, err);
}

static lrt_status create_once(lrt_runtime *runtime, int32_t subgraph, const lrt_shape *input_shapes,
                              int depth, lrt_plan **out, lrt_error *err) {
  if (depth > MAX_DEPTH || runtime->frame_count >= MAX_PLANS)
    return lrt_fail(err, LRT_INVALID_MODEL, "subgraph %d calls itself or control flow is nested too deeply",
                    subgraph);
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
  lrt_log(LRT_LOG_DEBUG, "runtime", "plan_made", "subgraph=%d nodes=%d arena_bytes=%zu unshared_bytes=%zu",
          subgraph, plan->graph->node_count, plan->memory_bytes, plan->unshared_bytes);
  *out = plan;
  return LRT_OK;
}

/* After a failure that a delegate is to blame for: leaves it out, where the caller allows that. */
static bool leave_out(lrt_runtime *runtime, lrt_status status, const char *why) {
  const int32_t d = runtime->failed_delegate;
  if (d < 0 || runtime->policy != LRT_DELEGATE_OPTIONAL) return false;
  if (status == LRT_OUT_OF_MEMORY || status == LRT_OVER_BUDGET) return false;
  snprintf(runtime->refusals[d], sizeof runtime->refusals[d], "%s", why);
  lrt_log(LRT_LOG_WARN, "runtime", "delegate_left_out", "delegate=\"%s\" reason=\"%s\"",
          runtime->delegates[d]->name, runtime->refusals[d]);
  return true;
}

lrt_status lrt_plan_create(lrt_runtime *runtime, int32_t subgraph, const lrt_shape *input_shapes, int depth,
                           lrt_plan **out, lrt_error *err) {
  lrt_error inner = {LRT_OK, ""};
  lrt_status status;
  do {
    runtime->failed_delegate = -1;
    status = create_once(runtime, subgraph, input_shapes, depth, out, &inner);
  } while (status != LRT_OK && leave_out(runtime, status, inner.message));
  if (status != LRT_OK && err != NULL) *err = inner;
  return status;
}

static void destroy_exec(lrt_exec *exec) {
  for (int32_t i = 0; i < exec->branch_count; i++) lrt_plan_destroy(exec->branch[i]);
  if (exec->node != NULL) lrt_arena_clear(&exec->arena);
  lrt_alloc_free(exec->scratch);
}

void lrt_plan_destroy(lrt_plan *plan) {
  if (plan == NULL) return;
  if (plan->execs != NULL)
    for (int32_t i = 0; i < plan->graph->node_count; i++) destroy_exec(&plan->execs[i]);
  if (plan->values != NULL && plan->homes != NULL)
    for (int32_t i = 0; i < plan->graph->tensor_count; i++)
      if (plan->homes[i] == LRT_HOME_GROWN || plan->homes[i] == LRT_HOME_OWN)
        lrt_alloc_free(plan->values[i].data);
  lrt_alloc_free(plan->memory);
  lrt_alloc_free(plan->scratch);
  lrt_plan_graph_destroy(plan->graph);
  lrt_partition_release(plan->partition);
  lrt_arena_clear(&plan->arena);
  plan->runtime->frame_count--;
  lrt_alloc_free(plan);
}

lrt_value *lrt_plan_input(lrt_plan *plan, int32_t i) {
  return &plan->values[plan->graph->subgraph->inputs[i]];
}

lrt_value *lrt_plan_output(lrt_plan *plan, int32_t i) {
  return &plan->values[plan->graph->subgraph->outputs[i]];
}
