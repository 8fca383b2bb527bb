/* plan_deferred.c: prepares a sizing point when its inputs hold data, and finds memory for its results. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "runtime/plan_parts.h"

static lrt_status no_memory(const lrt_plan *plan, lrt_error *err) {
  return lrt_alloc_fail(err, plan->runtime->alloc, 0, "the plan");
}

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

/* Results computed by prepare itself live in the node's arena: move them to the values' own memory, or drop them where
 * prepare has failed. */
static lrt_status keep_contents(lrt_exec *exec, const lrt_value *before, lrt_status status, lrt_error *err) {
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

/* After a failure no value may claim more bytes than it has memory for. */
static lrt_status give_up(const lrt_plan *plan, const lrt_exec *exec, const lrt_value *before,
                          lrt_status status) {
  for (int32_t i = 0; i < exec->node->node.output_count; i++) {
    lrt_value *value = exec->outputs[i];
    if (value == NULL) continue;
    if (value->variable)
      lrt_plan_restore_variable(plan, value);
    else {
      value->shape = before[i].shape;
      value->shaped = before[i].shaped;
      value->bytes = before[i].bytes;
    }
  }
  return status;
}

/* A node that is run by itself may come before those that make its inputs. */
static lrt_status check_made(const lrt_plan *plan, const lrt_exec *exec, lrt_error *err) {
  for (int32_t i = 0; i < exec->node->node.input_count; i++) {
    const lrt_value *value = exec->inputs[i];
    if (value != NULL && value->data == NULL && plan->homes[value - plan->values] == LRT_HOME_GROWN)
      return lrt_fail(err, LRT_RUN_FAILED, "%s (node %d): tensor \"%s\" was never given contents",
                      lrt_node_name(&exec->node->node), exec->node->file_index, value->name);
  }
  return LRT_OK;
}

lrt_status lrt_plan_prepare_now(lrt_plan *plan, lrt_exec *exec, lrt_error *err) {
  lrt_prepare p;
  const int32_t count = exec->node->node.output_count;
  LRT_TRY(check_made(plan, exec, err));
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
  lrt_plan_init_prepare(&p, plan, exec, &exec->arena, err);
  p.running = true;
  lrt_status status = exec->op->prepare(&p);
  if (status == LRT_DEFER)
    status = lrt_fail(err, LRT_RUN_FAILED, "%s (node %d) lacks the contents of an input",
                      lrt_node_name(&exec->node->node), exec->node->file_index);
  if (status == LRT_OK) status = check_variables(exec, before, err);
  status = keep_contents(exec, before, status, err);
  if (status == LRT_OK) {
    exec->steps = p.first;
    exec->temps = p.temps;
    status = place_now(plan, exec, err);
  }
  return status == LRT_OK ? LRT_OK : give_up(plan, exec, before, status);
}
