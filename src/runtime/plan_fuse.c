/* plan_fuse.c: element-wise nodes done by the step that makes their input, to each range while it is in the cache. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "runtime/plan_parts.h"

/* The functions and the order of operations on each element are those of the separate steps, so results are the same to the
 * bit; what is saved is a pass over memory, a barrier and the dispatch of a step. */

typedef struct fusing {
  lrt_plan *plan;
  int32_t *ready;  /* value -> the node after which it is complete, -1 = before the first */
  int32_t *uses;   /* value -> how many operands and outputs of the graph read it */
  int32_t *leader; /* value -> 1 + the node whose last step makes it and may be followed, 0 = none */
  lrt_step **tail; /* node -> the last step of its chain */
  lrt_error *err;
} fusing;

static int32_t index_of(const lrt_plan *plan, const lrt_value *value) {
  return (int32_t)(value - plan->values);
}

static void count_uses(fusing *f) {
  const lrt_plan_graph *graph = f->plan->graph;
  for (int32_t n = 0; n < graph->node_count; n++) {
    const lrt_plan_node *node = &graph->nodes[n];
    if (node->dead) continue;
    for (int32_t i = 0; i < node->node.input_count; i++)
      if (node->inputs[i] >= 0) f->uses[node->inputs[i]]++;
  }
  for (int32_t v = 0; v < graph->tensor_count; v++) f->ready[v] = -1;
}

static bool is_output(const lrt_plan *plan, int32_t v) {
  for (int32_t i = 0; i < plan->graph->subgraph->output_count; i++)
    if (plan->graph->subgraph->outputs[i] == v) return true;
  return false;
}

/* A node that is one element-wise step and nothing else. */
static bool is_follower(const lrt_exec *exec) {
  return exec->kind == LRT_EXEC_STEPS && exec->op != NULL && exec->steps->elements != NULL &&
         exec->steps->next == NULL && exec->temps == NULL && exec->steps->worker_scratch_bytes == 0 &&
         exec->node->node.output_count == 1 && exec->outputs[0] != NULL;
}

/* Memory that nothing between the two nodes could write to. */
static bool is_quiet(const lrt_plan *plan, int32_t v) {
  switch ((lrt_home)plan->homes[v]) {
  case LRT_HOME_CONSTANT:
  case LRT_HOME_FOLDED:
  case LRT_HOME_ARENA:
  case LRT_HOME_OWN: return !plan->values[v].variable;
  default: return false;
  }
}

/* Why operand k of node n cannot be made and used up by one step: NULL = it can. */
static const char *obstacle(const fusing *f, int32_t n, int32_t k) {
  const lrt_plan *plan = f->plan;
  const lrt_exec *exec = &plan->execs[n];
  const int32_t v = index_of(plan, exec->inputs[k]), leader = f->leader[v] - 1;
  if (is_output(plan, v)) return "its operand is an output of the model";
  if (f->uses[v] != 1) return "its operand is read elsewhere too";
  for (int32_t i = 0; i < exec->node->node.input_count; i++) {
    if (exec->inputs[i] == NULL || i == k) continue;
    const int32_t other = index_of(plan, exec->inputs[i]);
    if (!is_quiet(plan, other)) return "an operand may change in between";
    if (f->ready[other] >= leader) return "an operand is computed later";
  }
  return NULL;
}

/* Operand k may be replaced by the result where it stands, and its maker lets others follow. */
static bool is_candidate(const fusing *f, const lrt_exec *exec, int32_t k) {
  const lrt_plan *plan = f->plan;
  if ((exec->op->in_place & (1u << k)) == 0 || exec->inputs[k] == NULL) return false;
  const lrt_value *from = exec->inputs[k], *to = exec->outputs[0];
  const int32_t v = index_of(plan, from), result = index_of(plan, to);
  return f->leader[v] != 0 && plan->homes[v] == LRT_HOME_ARENA && plan->homes[result] == LRT_HOME_ARENA &&
         from->bytes == to->bytes && lrt_type_bits(from->type) == lrt_type_bits(to->type);
}

static lrt_status remark(const fusing *f, lrt_exec *exec, const char *text, const char *detail,
                         int32_t node) {
  char line[128];
  snprintf(line, sizeof line, "%s%s (node %d)", text, detail, f->plan->execs[node].node->file_index);
  char *copy = lrt_arena_get(&f->plan->arena, strlen(line) + 1);
  if (copy == NULL) return lrt_alloc_fail(f->err, f->plan->runtime->alloc, 0, "the plan");
  exec->remark = strcpy(copy, line);
  return LRT_OK;
}

static lrt_status follow(fusing *f, int32_t n, int32_t leader) {
  lrt_plan *plan = f->plan;
  lrt_exec *exec = &plan->execs[n], *first = &plan->execs[leader];
  f->tail[leader]->follower = exec->steps;
  f->tail[leader] = exec->steps;
  first->made = exec->outputs[0];
  exec->kind = LRT_EXEC_NONE;
  exec->note = LRT_NOTE_FUSED;
  f->leader[index_of(plan, exec->outputs[0])] = leader + 1;
  f->ready[index_of(plan, exec->outputs[0])] = leader;
  return remark(f, exec, "fused into ", lrt_node_name(&first->node->node), leader);
}

static lrt_status fuse_node(fusing *f, int32_t n) {
  lrt_exec *exec = &f->plan->execs[n];
  const char *why = NULL;
  int32_t missed = 0;
  for (int32_t k = 0; is_follower(exec) && k < exec->node->node.input_count && k < 32; k++) {
    if (!is_candidate(f, exec, k)) continue;
    const int32_t leader = f->leader[index_of(f->plan, exec->inputs[k])] - 1;
    const char *reason = obstacle(f, n, k);
    if (reason == NULL) return follow(f, n, leader);
    if (why == NULL) why = reason, missed = leader;
  }
  return why == NULL ? LRT_OK : remark(f, exec, "not fused: ", why, missed);
}

/* Notes what node n makes. */
static void enter(fusing *f, int32_t n) {
  const lrt_exec *exec = &f->plan->execs[n];
  if (exec->note == LRT_NOTE_FUSED) return;
  for (int32_t i = 0; i < exec->node->node.output_count; i++)
    if (exec->outputs[i] != NULL) f->ready[index_of(f->plan, exec->outputs[i])] = n;
  if (exec->kind != LRT_EXEC_STEPS || exec->node->node.output_count != 1 || exec->outputs[0] == NULL) return;
  lrt_step *last = exec->steps;
  while (last->next != NULL) last = last->next;
  if (!last->leads) return;
  f->tail[n] = last;
  f->leader[index_of(f->plan, exec->outputs[0])] = n + 1;
}

/* What a chain makes on the way stands in the memory of its last result. */
static void share_memory(const fusing *f) {
  lrt_plan *plan = f->plan;
  for (int32_t n = 0; n < plan->graph->node_count; n++) {
    const lrt_exec *exec = &plan->execs[n];
    if (exec->node->node.output_count != 1 || exec->outputs[0] == NULL) continue;
    const int32_t v = index_of(plan, exec->outputs[0]), leader = f->leader[v] - 1;
    if (leader < 0 || plan->execs[leader].made == NULL || plan->execs[leader].made == exec->outputs[0])
      continue;
    plan->homes[v] = LRT_HOME_FUSED;
    plan->aliases[v] = index_of(plan, plan->execs[leader].made);
  }
}

lrt_status lrt_plan_fuse(lrt_plan *plan, lrt_error *err) {
  fusing f = {.plan = plan, .err = err};
  const size_t values = (size_t)plan->graph->tensor_count + 1;
  if (plan->runtime->mode == LRT_OP_REF || plan->runtime->preserve_all) return LRT_OK;
  f.ready = lrt_arena_array(&plan->arena, values, sizeof *f.ready);
  f.uses = lrt_arena_array(&plan->arena, values, sizeof *f.uses);
  f.leader = lrt_arena_array(&plan->arena, values, sizeof *f.leader);
  f.tail = lrt_arena_array(&plan->arena, (size_t)plan->graph->node_count + 1, sizeof *f.tail);
  if (f.ready == NULL || f.uses == NULL || f.leader == NULL || f.tail == NULL)
    return lrt_alloc_fail(err, plan->runtime->alloc, 0, "the plan");
  count_uses(&f);
  for (int32_t n = 0; n < plan->graph->node_count; n++) {
    LRT_TRY(fuse_node(&f, n));
    enter(&f, n);
  }
  share_memory(&f);
  return LRT_OK;
}
