/* plan_memory.c: one arena for all activations: lifetimes, aliases, in-place results, offsets. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "runtime/plan.h"

#define MAX_PACKED 8192 /* blocks up to which offsets are searched; beyond, blocks are laid side by side */

/* A stretch of the arena, used from node `first` to node `last` by one or several values. */
typedef struct block {
  int32_t first, last;
  size_t bytes;
  size_t offset;
} block;

typedef struct placing {
  lrt_plan *plan;
  block *blocks;     /* [values], then temporaries */
  int32_t *block_of; /* value -> block, after merging */
  int32_t block_count;
  int32_t *last_use; /* value -> last node that reads it */
  lrt_error *err;
} placing;

static size_t rounded(size_t bytes) {
  return (bytes + LRT_ALLOC_ALIGN - 1) / LRT_ALLOC_ALIGN * LRT_ALLOC_ALIGN;
}

static lrt_status no_memory(const placing *at) {
  return lrt_alloc_fail(at->err, at->plan->runtime->alloc, 0, "the memory plan");
}

/* Subgraph outputs are read after the last node. */
static void find_last_uses(placing *at) {
  const lrt_plan *plan = at->plan;
  for (int32_t n = 0; n < plan->graph->node_count; n++) {
    const lrt_plan_node *node = &plan->graph->nodes[n];
    if (node->dead) continue;
    for (int32_t i = 0; i < node->node.input_count; i++)
      if (node->inputs[i] >= 0) at->last_use[node->inputs[i]] = n;
    for (int32_t i = 0; i < node->node.output_count; i++)
      if (node->node.outputs[i] >= 0 && at->last_use[node->node.outputs[i]] < n)
        at->last_use[node->node.outputs[i]] = n;
  }
  for (int32_t i = 0; i < plan->graph->subgraph->output_count; i++)
    at->last_use[plan->graph->subgraph->outputs[i]] = INT32_MAX;
}

/* Results that somebody outside reads keep a block of their own. */
static void own_outputs(lrt_plan *plan) {
  for (int32_t i = 0; i < plan->graph->subgraph->output_count; i++) {
    const int32_t v = plan->graph->subgraph->outputs[i];
    if (plan->homes[v] == LRT_HOME_ARENA) plan->homes[v] = LRT_HOME_OWN;
  }
  if (!plan->runtime->preserve_all) return;
  for (int32_t v = 0; v < plan->graph->tensor_count; v++)
    if (plan->homes[v] == LRT_HOME_ARENA) plan->homes[v] = LRT_HOME_OWN;
}

/* The new value uses the block of another one: reads of both keep it alive. */
static void merge(placing *at, int32_t value, int32_t into) {
  const int32_t b = at->block_of[into];
  at->block_of[value] = b;
  if (at->last_use[value] > at->blocks[b].last) at->blocks[b].last = at->last_use[value];
}

/* A step that only reinterprets a shape is dropped when source and result may be one memory. */
static bool place_alias(placing *at, lrt_exec *exec) {
  lrt_plan *plan = at->plan;
  if (exec->op == NULL || !(exec->op->alias || exec->identity) || plan->runtime->preserve_all ||
      exec->inputs[0] == NULL || exec->outputs[0] == NULL)
    return false;
  const int32_t from = (int32_t)(exec->inputs[0] - plan->values),
                to = (int32_t)(exec->outputs[0] - plan->values);
  int32_t root;
  if (plan->homes[to] != LRT_HOME_ARENA || plan->values[from].bytes != plan->values[to].bytes) return false;
  switch ((lrt_home)plan->homes[from]) {
  case LRT_HOME_ARENA: merge(at, to, from); break;
  case LRT_HOME_CONSTANT:
  case LRT_HOME_FOLDED:
  case LRT_HOME_ALIAS:
  case LRT_HOME_STATE:
  case LRT_HOME_OWN:
    /* Aliases name the memory itself, not each other: a chain of them stays cheap. */
    root = plan->homes[from] == LRT_HOME_ALIAS ? plan->aliases[from] : from;
    if (at->last_use[to] > at->last_use[root]) at->last_use[root] = at->last_use[to];
    plan->homes[to] = LRT_HOME_ALIAS;
    plan->aliases[to] = root;
    break;
  default: return false;
  }
  exec->kind = LRT_EXEC_NONE;
  exec->note = LRT_NOTE_ALIAS;
  return true;
}

/* What the steps of a node make in place of output 0. */
static lrt_value *result_of(const lrt_exec *exec) {
  return exec->made != NULL ? exec->made : exec->outputs[0];
}

/* An input that dies here may hand its memory to output 0. */
static bool place_in_place(placing *at, lrt_exec *exec, int32_t n) {
  lrt_plan *plan = at->plan;
  if (exec->op == NULL || exec->op->in_place == 0 || exec->outputs[0] == NULL || plan->runtime->preserve_all)
    return false;
  const int32_t to = (int32_t)(result_of(exec) - plan->values);
  if (plan->homes[to] != LRT_HOME_ARENA || exec->node->node.output_count != 1) return false;
  for (int32_t i = 0; i < exec->node->node.input_count && i < 32; i++) {
    if ((exec->op->in_place & (1u << i)) == 0 || exec->inputs[i] == NULL) continue;
    const int32_t from = (int32_t)(exec->inputs[i] - plan->values);
    if (plan->homes[from] != LRT_HOME_ARENA || plan->values[from].bytes != plan->values[to].bytes) continue;
    /* As many bytes of another size of element: a broadcast operand, read again after parts of it are overwritten. */
    if (lrt_type_bits(plan->values[from].type) != lrt_type_bits(plan->values[to].type)) continue;
    if (at->blocks[at->block_of[from]].last != n) continue;
    bool shared = false; /* another operand in the same block, seen through another shape */
    for (int32_t k = 0; k < exec->node->node.input_count; k++) {
      if (exec->inputs[k] == NULL || exec->inputs[k] == exec->inputs[i]) continue;
      const int32_t other = (int32_t)(exec->inputs[k] - plan->values);
      shared |= plan->homes[other] == LRT_HOME_ARENA && at->block_of[other] == at->block_of[from];
    }
    if (shared) continue;
    merge(at, to, from);
    exec->note = LRT_NOTE_IN_PLACE;
    return true;
  }
  return false;
}

/* A state tensor whose next contents are made from the present ones where they stand. Everybody who reads the
 * present contents must have done so. */
static bool place_state(placing *at, lrt_exec *exec, int32_t n) {
  lrt_plan *plan = at->plan;
  if (exec->op == NULL || (exec->op->in_place & 1u) == 0 || exec->inputs[0] == NULL ||
      exec->outputs[0] == NULL)
    return false;
  const int32_t from = (int32_t)(exec->inputs[0] - plan->values),
                to = (int32_t)(exec->outputs[0] - plan->values);
  const lrt_state_slot *state = lrt_plan_state_of(plan, to, true);
  if (state == NULL || plan->homes[from] != LRT_HOME_STATE || state->input != from || at->last_use[from] != n)
    return false;
  if (plan->homes[to] != LRT_HOME_OWN || plan->values[to].bytes != plan->values[from].bytes) return false;
  if (plan->values[to].type != plan->values[from].type) return false;
  plan->homes[to] = LRT_HOME_STATE;
  exec->note = LRT_NOTE_IN_PLACE;
  return true;
}

static void new_block(placing *at, int32_t first, int32_t last, size_t bytes) {
  at->blocks[at->block_count++] = (block){first, last, rounded(bytes), 0};
}

/* Gives every arena value and temporary a block, in the order of the nodes. */
static void find_blocks(placing *at) {
  lrt_plan *plan = at->plan;
  for (int32_t n = 0; n < plan->graph->node_count; n++) {
    lrt_exec *exec = &plan->execs[n];
    const bool merged = exec->kind == LRT_EXEC_STEPS &&
                        (place_alias(at, exec) || place_state(at, exec, n) || place_in_place(at, exec, n));
    for (int32_t i = merged ? 1 : 0; i < exec->node->node.output_count; i++) {
      if (exec->outputs[i] == NULL || exec->note == LRT_NOTE_FUSED) continue;
      const int32_t v = (int32_t)((i == 0 ? result_of(exec) : exec->outputs[i]) - plan->values);
      if (plan->homes[v] != LRT_HOME_ARENA) continue;
      at->block_of[v] = at->block_count;
      new_block(at, n, at->last_use[v], plan->values[v].bytes);
    }
    if (exec->kind != LRT_EXEC_STEPS) continue;
    for (lrt_temp *temp = exec->temps; temp != NULL; temp = temp->next) {
      temp->value.tensor = at->block_count; /* remembered until offsets are known */
      new_block(at, n, n, temp->value.bytes);
    }
  }
}

static int by_size(const void *a, const void *b) {
  const block *x = *(block *const *)a, *y = *(block *const *)b;
  if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
  return x->first != y->first ? (x->first < y->first ? -1 : 1) : 0;
}

/* Lowest offset where `wanted` fits between the blocks that live at the same time; `placed` is sorted by offset. */
static size_t lowest_gap(block *const *placed, int32_t count, const block *wanted) {
  size_t at = 0;
  for (int32_t i = 0; i < count; i++) {
    const block *other = placed[i];
    if (other->last < wanted->first || other->first > wanted->last) continue;
    if (other->offset >= at + wanted->bytes) break;
    if (other->offset + other->bytes > at) at = other->offset + other->bytes;
  }
  return at;
}

/* Largest first, each at the lowest free offset (greedy by size). Returns the size of the arena. */
static lrt_status find_offsets(placing *at, size_t *total) {
  const int32_t count = at->block_count;
  block **order = lrt_arena_array(&at->plan->arena, (size_t)count + 1, sizeof *order);
  block **placed = lrt_arena_array(&at->plan->arena, (size_t)count + 1, sizeof *placed);
  if (order == NULL || placed == NULL) return no_memory(at);
  for (int32_t i = 0; i < count; i++) order[i] = &at->blocks[i];
  qsort(order, (size_t)count, sizeof *order, by_size);
  for (int32_t i = 0; i < count; i++) {
    block *b = order[i];
    if (b->bytes > SIZE_MAX / 4 - *total) return no_memory(at);
    b->offset = count <= MAX_PACKED ? lowest_gap(placed, i, b) : *total;
    int32_t k = i; /* keep `placed` sorted */
    for (; k > 0 && placed[k - 1]->offset > b->offset && count <= MAX_PACKED; k--) placed[k] = placed[k - 1];
    placed[k] = b;
    if (b->offset + b->bytes > *total) *total = b->offset + b->bytes;
    at->plan->unshared_bytes += b->bytes;
  }
  return LRT_OK;
}

static lrt_status place_value(const placing *at, int32_t v) {
  lrt_plan *plan = at->plan;
  lrt_value *value = &plan->values[v];
  const lrt_plan_tensor *from = &plan->graph->tensors[v];
  switch ((lrt_home)plan->homes[v]) {
  case LRT_HOME_ARENA: value->data = (char *)plan->memory + at->blocks[at->block_of[v]].offset; break;
  case LRT_HOME_OWN:
    value->data = lrt_alloc_zero(plan->runtime->alloc, value->bytes);
    if (value->data == NULL) return lrt_alloc_fail(at->err, plan->runtime->alloc, value->bytes, value->name);
    break;
  case LRT_HOME_VARIABLE:
    return lrt_runtime_variable(plan->runtime, from->subgraph, from->index, value->bytes, &value->data,
                                at->err);
  default: break;
  }
  return LRT_OK;
}

/* Temporaries and the scratch that workers share. */
static lrt_status place_steps(const placing *at) {
  lrt_plan *plan = at->plan;
  size_t scratch = 0;
  for (int32_t n = 0; n < plan->graph->node_count; n++) {
    if (plan->execs[n].kind != LRT_EXEC_STEPS) continue;
    for (lrt_temp *temp = plan->execs[n].temps; temp != NULL; temp = temp->next) {
      temp->value.data = (char *)plan->memory + at->blocks[temp->value.tensor].offset;
      temp->value.tensor = -1;
    }
    for (const lrt_step *step = plan->execs[n].steps; step != NULL; step = step->next)
      if (step->worker_scratch_bytes > scratch) scratch = step->worker_scratch_bytes;
  }
  plan->scratch_bytes = scratch * (size_t)plan->runtime->workers;
  if (scratch == 0) return LRT_OK;
  plan->scratch = lrt_alloc_get(plan->runtime->alloc, plan->scratch_bytes);
  if (plan->scratch == NULL)
    return lrt_alloc_fail(at->err, plan->runtime->alloc, plan->scratch_bytes, "working memory");
  for (int32_t n = 0; n < plan->graph->node_count; n++)
    if (plan->execs[n].kind == LRT_EXEC_STEPS)
      for (lrt_step *step = plan->execs[n].steps; step != NULL; step = step->next)
        step->worker_scratch = plan->scratch;
  return LRT_OK;
}

static size_t count_temps(const lrt_plan *plan) {
  size_t count = 0;
  for (int32_t n = 0; n < plan->graph->node_count; n++)
    for (const lrt_temp *temp = plan->execs[n].temps; temp != NULL; temp = temp->next) count++;
  return count;
}

lrt_status lrt_plan_place(lrt_plan *plan, lrt_error *err) {
  placing at = {.plan = plan, .err = err};
  const size_t values = (size_t)plan->graph->tensor_count;
  at.blocks = lrt_arena_array(&plan->arena, values + count_temps(plan) + 1, sizeof *at.blocks);
  at.block_of = lrt_arena_array(&plan->arena, values + 1, sizeof *at.block_of);
  at.last_use = lrt_arena_array(&plan->arena, values + 1, sizeof *at.last_use);
  if (at.blocks == NULL || at.block_of == NULL || at.last_use == NULL) return no_memory(&at);
  own_outputs(plan);
  find_last_uses(&at);
  find_blocks(&at);
  LRT_TRY(find_offsets(&at, &plan->memory_bytes));
  plan->memory = lrt_alloc_get(plan->runtime->alloc, plan->memory_bytes);
  if (plan->memory == NULL)
    return lrt_alloc_fail(err, plan->runtime->alloc, plan->memory_bytes, "the activation arena");
  for (int32_t v = 0; v < plan->graph->tensor_count; v++) LRT_TRY(place_value(&at, v));
  lrt_plan_follow_aliases(plan);
  lrt_plan_bind_states(plan);
  return place_steps(&at);
}
