/* interpreter.c: the native interpreter: plans of one client over a shared model. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "litert/interpreter.h"

#include <string.h>

#include "base/counter.h"
#include "base/environment.h"
#include "base/fail.h"
#include "interp/interpreter_object.h"
#include "runtime/delegate.h"

static const lrt_graph *graph_of(const lrt_interpreter *it) {
  return &it->model->tflite->graph;
}

static lrt_op_mode mode_of(const lrt_interpreter_options *options) {
  lrt_mode mode = options != NULL ? options->mode : LRT_MODE_DEFAULT;
  if (mode == LRT_MODE_DEFAULT) {
    const char *wanted = lrt_environment("LITERT_MODE");
    mode = wanted != NULL && strcmp(wanted, "ref") == 0 ? LRT_MODE_REF : LRT_MODE_FAST;
  }
  return mode == LRT_MODE_REF ? LRT_OP_REF : LRT_OP_FAST;
}

static lrt_status init_delegates(lrt_interpreter *it, const lrt_interpreter_options *options,
                                 lrt_error *err) {
  lrt_runtime *runtime = &it->runtime;
  const int32_t count = options != NULL ? options->delegate_count : 0;
  runtime->failed_delegate = -1;
  if (count <= 0) return LRT_OK;
  runtime->delegates = lrt_arena_array(&it->arena, (size_t)count, sizeof *runtime->delegates);
  runtime->refusals = lrt_arena_array(&it->arena, (size_t)count, sizeof *runtime->refusals);
  if (runtime->delegates == NULL || runtime->refusals == NULL)
    return lrt_alloc_fail(err, it->alloc, 0, "the interpreter");
  for (int32_t d = 0; d < count; d++) {
    if (options->delegates[d] == NULL)
      return lrt_fail(err, LRT_INVALID_ARGUMENT, "delegate %d of the interpreter is NULL", d);
    runtime->delegates[d] = lrt_delegate_retain(options->delegates[d]);
    runtime->delegate_count++;
  }
  runtime->policy = options->delegate_policy;
  return LRT_OK;
}

static lrt_status init_runtime(lrt_interpreter *it, const lrt_interpreter_options *options, lrt_error *err) {
  lrt_runtime *runtime = &it->runtime;
  const int threads = options != NULL && options->num_threads > 1 ? options->num_threads : 1;
  runtime->graph = graph_of(it);
  runtime->alloc = it->alloc;
  runtime->weights = it->model->weights;
  runtime->mode = mode_of(options);
  runtime->workers = 1;
  atomic_init(&runtime->cancelled, false);
  if (options != NULL) {
    runtime->preserve_all = options->preserve_all_tensors != 0;
    runtime->profile = options->profile != 0;
    runtime->limits = options->limits;
    runtime->skip_busy_team = options->skip_busy_team != 0;
  }
  if (options != NULL && options->threads != NULL)
    runtime->team = lrt_threads_retain(options->threads);
  else if (threads > 1)
    LRT_TRY(lrt_threads_shared(threads, &runtime->team, err));
  if (runtime->team != NULL) runtime->workers = lrt_threads_count(runtime->team);
  runtime->initialised = lrt_arena_array(&it->arena, (size_t)runtime->graph->subgraph_count, sizeof(bool));
  if (runtime->initialised == NULL) return lrt_alloc_fail(err, it->alloc, 0, "the interpreter");
  LRT_TRY(init_delegates(it, options, err));
  lrt_op_set *operators =
      options != NULL && options->operators != NULL ? options->operators : it->model->operators;
  LRT_TRY(lrt_custom_states_create(it->alloc, operators, &runtime->customs, err));
  return lrt_resources_create(it->alloc, &runtime->resources, err);
}

static lrt_status init_shapes(lrt_interpreter *it, lrt_error *err) {
  const lrt_graph *graph = graph_of(it);
  it->subgraphs = lrt_arena_array(&it->arena, (size_t)graph->subgraph_count, sizeof *it->subgraphs);
  if (it->subgraphs == NULL) return lrt_alloc_fail(err, it->alloc, 0, "the interpreter");
  for (int32_t s = 0; s < graph->subgraph_count; s++) {
    const lrt_subgraph *subgraph = &graph->subgraphs[s];
    lrt_shape *shapes = lrt_arena_array(&it->arena, (size_t)subgraph->input_count + 1, sizeof *shapes);
    if (shapes == NULL) return lrt_alloc_fail(err, it->alloc, 0, "the interpreter");
    for (int32_t i = 0; i < subgraph->input_count; i++)
      shapes[i] = subgraph->tensors[subgraph->inputs[i]].shape;
    it->subgraphs[s].shapes = shapes;
  }
  return LRT_OK;
}

lrt_status lrt_interpreter_create(lrt_model *model, const lrt_interpreter_options *options,
                                  lrt_interpreter **out, lrt_error *err) {
  lrt_alloc *account = NULL;
  if (model == NULL || out == NULL)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "an interpreter needs a model");
  LRT_TRY(lrt_alloc_create(options != NULL ? options->limits.bytes : 0, &account, err));
  lrt_interpreter *it = lrt_alloc_zero(account, sizeof *it);
  if (it == NULL) {
    const lrt_status refused = lrt_alloc_fail(err, account, sizeof *it, "the interpreter");
    lrt_alloc_destroy(account);
    return refused;
  }
  it->model = lrt_model_retain(model);
  it->alloc = account;
  lrt_arena_init(&it->arena, account);
  lrt_status status = init_runtime(it, options, err);
  if (status == LRT_OK) status = init_shapes(it, err);
  if (status != LRT_OK) {
    lrt_interpreter_destroy(it);
    return status;
  }
  *out = it;
  return LRT_OK;
}

void lrt_interpreter_destroy(lrt_interpreter *it) {
  if (it == NULL) return;
  lrt_alloc *account = it->alloc;
  for (int32_t s = 0; it->subgraphs != NULL && s < graph_of(it)->subgraph_count; s++)
    lrt_plan_destroy(it->subgraphs[s].plan);
  lrt_partition_clear(&it->runtime);
  lrt_runtime_clear(&it->runtime);
  lrt_state_destroy(it->own_state);
  lrt_custom_states_destroy(it->runtime.customs);
  lrt_resources_destroy(it->runtime.resources);
  lrt_threads_destroy(it->runtime.team);
  for (int32_t d = 0; d < it->runtime.delegate_count; d++) lrt_delegate_destroy(it->runtime.delegates[d]);
  lrt_arena_clear(&it->arena);
  lrt_model_destroy(it->model);
  lrt_alloc_free(it);
  lrt_alloc_destroy(account);
}

static lrt_status check_subgraph(const lrt_interpreter *it, int32_t subgraph, lrt_error *err) {
  if (subgraph >= 0 && subgraph < graph_of(it)->subgraph_count) return LRT_OK;
  return lrt_fail(err, LRT_NOT_FOUND, "subgraph %d does not exist, the model has %d", subgraph,
                  graph_of(it)->subgraph_count);
}

static lrt_status check_strict(const lrt_tensor *tensor, int32_t index, const lrt_shape *shape,
                               lrt_error *err) {
  const lrt_shape *known = tensor->shape_signature.rank >= 0 ? &tensor->shape_signature : &tensor->shape;
  if (known->rank != shape->rank)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "tensor %d has %d dimensions, %d were given", index,
                    known->rank, shape->rank);
  for (int i = 0; i < shape->rank; i++)
    if (known->dims[i] != -1 && known->dims[i] != shape->dims[i])
      return lrt_fail(err, LRT_INVALID_ARGUMENT, "dimension %d of tensor %d is %d and may not change to %d",
                      i, index, known->dims[i], shape->dims[i]);
  return LRT_OK;
}

lrt_status lrt_interpreter_resize_input(lrt_interpreter *it, int32_t subgraph, int32_t tensor,
                                        const lrt_shape *shape, int strict, lrt_error *err) {
  LRT_TRY(check_subgraph(it, subgraph, err));
  const lrt_subgraph *graph = &graph_of(it)->subgraphs[subgraph];
  planned *slot = &it->subgraphs[subgraph];
  if (shape->rank < 0 || shape->rank > LRT_MAX_RANK || lrt_shape_count(shape) < 0)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "the shape for tensor %d is not valid", tensor);
  bool found = false;
  for (int32_t i = 0; i < graph->input_count; i++) { /* a file may list a tensor more than once */
    if (graph->inputs[i] != tensor) continue;
    if (strict) LRT_TRY(check_strict(&graph->tensors[tensor], tensor, shape, err));
    found = true;
    if (lrt_shape_equal(&slot->shapes[i], shape)) continue;
    slot->shapes[i] = *shape;
    slot->current = false;
  }
  if (found) return LRT_OK;
  return lrt_fail(err, LRT_NOT_FOUND, "tensor %d is not an input of subgraph %d", tensor, subgraph);
}

lrt_status lrt_interpreter_allocate(lrt_interpreter *it, int32_t subgraph, lrt_error *err) {
  LRT_TRY(check_subgraph(it, subgraph, err));
  planned *slot = &it->subgraphs[subgraph];
  if (slot->plan != NULL && slot->current) return LRT_OK;
  LRT_TRY(lrt_interpreter_ensure_state(it, err));
  lrt_plan_destroy(slot->plan);
  slot->plan = NULL;
  lrt_runtime_begin(&it->runtime, "planning");
  LRT_TRY(lrt_plan_create(&it->runtime, subgraph, slot->shapes, 0, &slot->plan, err));
  slot->current = true;
  if (it->model->cache != NULL) lrt_weights_cache_save(it->model->cache);
  lrt_counter_add(LRT_COUNTER_PLANS_MADE, 1);
  return LRT_OK;
}

lrt_plan *lrt_interpreter_plan(const lrt_interpreter *it, int32_t subgraph) {
  if (subgraph < 0 || subgraph >= graph_of(it)->subgraph_count) return NULL;
  return it->subgraphs[subgraph].current ? it->subgraphs[subgraph].plan : NULL;
}

int lrt_interpreter_is_allocated(const lrt_interpreter *it, int32_t subgraph) {
  return lrt_interpreter_plan(it, subgraph) != NULL;
}

lrt_status lrt_interpreter_invoke(lrt_interpreter *it, int32_t subgraph, lrt_error *err) {
  LRT_TRY(check_subgraph(it, subgraph, err));
  lrt_plan *plan = lrt_interpreter_plan(it, subgraph);
  if (plan == NULL) return lrt_fail(err, LRT_WRONG_STATE, "subgraph %d is not allocated", subgraph);
  lrt_runtime_begin(&it->runtime, "the run");
  lrt_counter_add(LRT_COUNTER_INVOKES, 1);
  return lrt_plan_run(plan, err);
}

lrt_status lrt_interpreter_invoke_steps(lrt_interpreter *it, int32_t subgraph, int32_t first, int32_t count,
                                        lrt_error *err) {
  LRT_TRY(check_subgraph(it, subgraph, err));
  lrt_plan *plan = lrt_interpreter_plan(it, subgraph);
  if (plan == NULL) return lrt_fail(err, LRT_WRONG_STATE, "subgraph %d is not allocated", subgraph);
  if (!it->runtime.preserve_all)
    return lrt_fail(err, LRT_WRONG_STATE,
                    "single steps run only in an interpreter that preserves all tensors");
  if (first < 0 || count < 0 || count > plan->graph->node_count || first > plan->graph->node_count - count)
    return lrt_fail(err, LRT_NOT_FOUND, "there are no %d steps from %d on, subgraph %d has %d", count, first,
                    subgraph, plan->graph->node_count);
  lrt_runtime_begin(&it->runtime, "the run");
  return lrt_plan_run_nodes(plan, first, count, err);
}

void lrt_interpreter_cancel(lrt_interpreter *it) {
  atomic_store(&it->runtime.cancelled, true);
}

void lrt_interpreter_reset_variables(lrt_interpreter *it) {
  lrt_runtime_reset_variables(&it->runtime);
}

/* Memory that other tensors use later must not be shown as this tensor's contents. */
bool lrt_interpreter_keeps(const lrt_plan *plan, int32_t value) {
  return plan->homes[value] != LRT_HOME_ARENA && plan->homes[value] != LRT_HOME_NONE &&
         plan->homes[value] != LRT_HOME_FUSED;
}

lrt_status lrt_interpreter_tensor(const lrt_interpreter *it, int32_t subgraph, int32_t tensor,
                                  lrt_tensor_view *out, lrt_error *err) {
  LRT_TRY(check_subgraph(it, subgraph, err));
  const lrt_subgraph *graph = &graph_of(it)->subgraphs[subgraph];
  if (tensor < 0 || tensor >= graph->tensor_count)
    return lrt_fail(err, LRT_NOT_FOUND, "tensor %d does not exist, subgraph %d has %d", tensor, subgraph,
                    graph->tensor_count);
  const lrt_plan *plan = lrt_interpreter_plan(it, subgraph);
  const lrt_tensor *from = &graph->tensors[tensor];
  if (plan == NULL) {
    *out = (lrt_tensor_view){from->type, from->shape, (void *)(uintptr_t)from->data, (size_t)from->bytes};
    for (int32_t i = 0; i < graph->input_count; i++)
      if (graph->inputs[i] == tensor) out->shape = it->subgraphs[subgraph].shapes[i];
    return LRT_OK;
  }
  const lrt_value *value = &plan->values[tensor];
  *out = (lrt_tensor_view){value->type, value->shape,
                           lrt_interpreter_keeps(plan, tensor) ? value->data : NULL, value->bytes};
  return LRT_OK;
}

lrt_status lrt_interpreter_set_strings(lrt_interpreter *it, int32_t subgraph, int32_t tensor, int32_t count,
                                       const char *const *text, const size_t *length, lrt_error *err) {
  lrt_plan *plan = lrt_interpreter_plan(it, subgraph);
  if (plan == NULL) return lrt_fail(err, LRT_WRONG_STATE, "subgraph %d is not allocated", subgraph);
  if (tensor < 0 || tensor >= plan->graph->subgraph->tensor_count ||
      plan->values[tensor].type != LRT_STRING || plan->homes[tensor] != LRT_HOME_GROWN)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "tensor %d is not a string input", tensor);
  lrt_value *value = &plan->values[tensor];
  if (count != lrt_shape_count(&value->shape))
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "tensor %d holds %lld strings, %d were given", tensor,
                    (long long)lrt_shape_count(&value->shape), count);
  size_t bytes = 4 * ((size_t)count + 2);
  for (int32_t i = 0; i < count; i++) {
    if (bytes > (size_t)INT32_MAX || length[i] > (size_t)INT32_MAX - bytes)
      return lrt_fail(err, LRT_INVALID_ARGUMENT, "the strings are too long");
    bytes += length[i];
  }
  LRT_TRY(lrt_value_reserve(value, bytes, err));
  int32_t *table = value->data;
  size_t at = 4 * ((size_t)count + 2);
  table[0] = count;
  for (int32_t i = 0; i < count; i++) {
    table[1 + i] = (int32_t)at;
    if (length[i] > 0) memcpy((char *)value->data + at, text[i], length[i]);
    at += length[i];
  }
  table[1 + count] = (int32_t)at;
  return LRT_OK;
}

void lrt_interpreter_memory(const lrt_interpreter *it, lrt_memory_info *out) {
  memset(out, 0, sizeof *out);
  for (int32_t s = 0; s < graph_of(it)->subgraph_count; s++) {
    const lrt_plan *plan = it->subgraphs[s].plan;
    if (plan == NULL) continue;
    out->arena += plan->memory_bytes;
    out->unshared += plan->unshared_bytes;
  }
  out->in_use = lrt_alloc_in_use(it->alloc);
  out->peak = lrt_alloc_peak(it->alloc);
}
