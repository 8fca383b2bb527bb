/* run.c: all workers walk a plan's nodes together, with a barrier after each step. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "base/counter.h"
#include "runtime/plan.h"
#include "runtime/step.h"

/* What the workers of one run share. A failure carries the number of the barrier interval it happened in, so that
 * every worker leaves after the same barrier. */
typedef struct run_state {
  lrt_runtime *runtime;
  lrt_plan *root;
  _Atomic uint64_t failed_at; /* UINT64_MAX = no failure */
  atomic_flag claimed;        /* the first failure writes the record */
  lrt_status status;
  lrt_error *err;
  uint64_t nodes_run;
  int32_t first, last; /* nodes of the root plan to run: [first, last) */
} run_state;

/* One worker's position. */
typedef struct walker {
  run_state *state;
  const lrt_worker *worker;
  uint64_t interval; /* barriers passed so far: the same number on every worker */
  bool alone;        /* worker 0 has done something since the last barrier that the others have not seen */
} walker;

static void report(walker *w, lrt_status status, const lrt_error *error) {
  run_state *state = w->state;
  if (!atomic_flag_test_and_set(&state->claimed)) {
    state->status = status;
    if (state->err != NULL) *state->err = *error;
  }
  uint64_t seen = atomic_load(&state->failed_at);
  while (w->interval < seen && !atomic_compare_exchange_weak(&state->failed_at, &seen, w->interval)) {
  }
}

/* Meets the other workers; false = somebody failed before this barrier, leave. */
static bool meet(walker *w) {
  lrt_team_barrier(w->worker);
  const uint64_t interval = w->interval++;
  w->alone = false;
  return atomic_load(&w->state->failed_at) > interval;
}

/* Meets where worker 0 has been working alone; its results are read by all from here on. */
static bool catch_up(walker *w) {
  return !w->alone || meet(w);
}

static bool walk(walker *w, lrt_plan *plan);

/* Cancellation and budgets, checked by worker 0 before each node. */
static void check_limits(walker *w) {
  run_state *state = w->state;
  const lrt_limits *limits = &state->runtime->limits;
  lrt_error error;
  lrt_status status = LRT_OK;
  state->nodes_run++;
  if (limits->steps > 0 && state->nodes_run > limits->steps)
    status = lrt_fail(&error, LRT_OVER_BUDGET, "the run needs more than the allowed %llu steps",
                      (unsigned long long)limits->steps);
  else
    status = lrt_deadline_check(&state->runtime->deadline, &error);
  if (status != LRT_OK) report(w, status, &error);
}

static bool failed(const walker *w) {
  return atomic_load(&w->state->failed_at) <= w->interval;
}

static void run_share(walker *w, const lrt_step *step, int64_t begin, int64_t end) {
  lrt_error error;
  const lrt_step_run run = {w->worker->index, w->worker->count, &error, &w->state->runtime->deadline};
  if (failed(w)) return;
  const lrt_status status = lrt_step_do(step, &run, begin, end);
  if (status != LRT_OK) report(w, status, &error);
}

/* Steps that cannot be split run on worker 0, one after the other without a barrier: it is cheaper than waking the
 * others for each, and a loop of small steps does not collapse when cores are short. */
static bool run_steps(walker *w, const lrt_exec *exec) {
  const int64_t count = w->worker->count, index = w->worker->index;
  for (const lrt_step *step = exec->steps; step != NULL; step = step->next) {
    if (step->units > 1) {
      if (!catch_up(w)) return false;
      run_share(w, step, step->units * index / count, step->units * (index + 1) / count);
      if (!meet(w)) return false;
    } else {
      if (index == 0) run_share(w, step, 0, step->units);
      w->alone = true;
    }
  }
  return true;
}

/* Worker 0 sizes the node while the others wait. */
static bool run_deferred(walker *w, lrt_plan *plan, lrt_exec *exec) {
  if (w->worker->index == 0 && !failed(w)) {
    lrt_error error;
    const lrt_status status = lrt_plan_prepare_now(plan, exec, &error);
    if (status != LRT_OK) report(w, status, &error);
  }
  return meet(w) && run_steps(w, exec);
}

/* Copies one value into another of the same type; the target's shape follows where its memory can grow. */
static lrt_status copy_value(const lrt_value *from, lrt_value *to, lrt_error *err) {
  if (from->data == NULL && (from->bytes > 0 || from->type == LRT_STRING))
    return lrt_fail(err, LRT_RUN_FAILED, "tensor \"%s\" was never given contents", from->name);
  if (to->growable) {
    LRT_TRY(lrt_value_reserve(to, from->bytes, err));
    to->shape = from->shape;
    to->shaped = true;
  } else if (to->bytes != from->bytes || !lrt_shape_equal(&to->shape, &from->shape)) {
    return lrt_fail(err, LRT_RUN_FAILED, "tensor \"%s\" changed its shape while the model ran", to->name);
  }
  if (from->bytes > 0 && from->data != to->data) memmove(to->data, from->data, from->bytes);
  return LRT_OK;
}

/* Values on their way into a branch: operands of a node, or what a plan took or made. */
typedef struct carried {
  lrt_value *const *operands; /* NULL = those of `plan` */
  lrt_plan *plan;
  bool made; /* its outputs, else its inputs */
  int32_t count;
} carried;

static const lrt_value *carried_at(const carried *from, int32_t i) {
  if (from->operands != NULL) return from->operands[i];
  return from->made ? lrt_plan_output(from->plan, i) : lrt_plan_input(from->plan, i);
}

static bool fits(lrt_plan *branch, const carried *from) {
  for (int32_t i = 0; i < from->count; i++)
    if (!lrt_shape_equal(&lrt_plan_input(branch, i)->shape, &carried_at(from, i)->shape)) return false;
  return true;
}

/* Plans a branch again for the shapes that come now. */
static lrt_status replace_branch(lrt_plan *plan, lrt_plan **branch, const carried *from, lrt_error *err) {
  lrt_arena scratch;
  lrt_plan *fresh = NULL;
  lrt_arena_init(&scratch, plan->runtime->alloc);
  lrt_shape *shapes = lrt_arena_array(&scratch, (size_t)from->count + 1, sizeof *shapes);
  if (shapes == NULL) return lrt_alloc_fail(err, plan->runtime->alloc, 0, "the shapes of a loop");
  for (int32_t i = 0; i < from->count; i++) shapes[i] = carried_at(from, i)->shape;
  const lrt_status status =
      lrt_plan_create(plan->runtime, (*branch)->graph->subgraph_index, shapes, plan->depth + 1, &fresh, err);
  lrt_arena_clear(&scratch);
  LRT_TRY(status);
  lrt_plan_destroy(*branch);
  *branch = fresh;
  return LRT_OK;
}

/* Hands values to a branch, planning it again when their shapes are new. A round of a loop asks for no memory otherwise. */
static lrt_status enter(lrt_plan *plan, lrt_plan **branch, const carried *from, lrt_error *err) {
  if (!fits(*branch, from)) LRT_TRY(replace_branch(plan, branch, from, err));
  for (int32_t i = 0; i < from->count; i++)
    LRT_TRY(copy_value(carried_at(from, i), lrt_plan_input(*branch, i), err));
  return LRT_OK;
}

static lrt_status leave(lrt_exec *exec, lrt_plan *branch, bool from_inputs, lrt_error *err) {
  for (int32_t i = 0; i < exec->node->node.output_count; i++) {
    lrt_value *from = from_inputs ? lrt_plan_input(branch, i) : lrt_plan_output(branch, i);
    if (exec->outputs[i] != NULL) LRT_TRY(copy_value(from, exec->outputs[i], err));
  }
  return LRT_OK;
}

static bool is_true(const lrt_value *value) {
  return value->data != NULL && value->bytes >= 1 && *(const uint8_t *)value->data != 0;
}

/* IF: 0 where the condition holds. STABLEHLO_CASE: the index, or the last branch where there is none of that number. */
static int32_t chosen_branch(const lrt_exec *exec) {
  const lrt_value *value = exec->inputs[0];
  if (exec->node->node.code == LRT_OP_IF) return is_true(value) ? 0 : 1;
  int32_t index = -1;
  if (value->data != NULL && value->bytes >= sizeof index) memcpy(&index, value->data, sizeof index);
  return index >= 0 && index < exec->branch_count ? index : exec->branch_count - 1;
}

static bool run_branch(walker *w, lrt_plan *plan, lrt_exec *exec) {
  if (!catch_up(w)) return false;
  const int32_t slot = chosen_branch(exec);
  lrt_error error;
  lrt_status status = LRT_OK;
  const carried operands = {.operands = exec->inputs + 1, .count = exec->node->node.input_count - 1};
  if (w->worker->index == 0) status = enter(plan, &exec->branch[slot], &operands, &error);
  if (status != LRT_OK) report(w, status, &error);
  if (!meet(w) || !walk(w, exec->branch[slot])) return false;
  if (w->worker->index == 0 && !failed(w)) status = leave(exec, exec->branch[slot], false, &error);
  if (status != LRT_OK) report(w, status, &error);
  return meet(w);
}

/* The carried values stand in the inputs of the condition between two rounds. */
static lrt_status next_round(lrt_plan *plan, lrt_exec *exec, int to, bool first, lrt_error *err) {
  carried from = {.operands = first ? exec->inputs : NULL, .count = exec->node->node.input_count};
  from.plan = exec->branch[1 - to];
  from.made = to == 0;
  return enter(plan, &exec->branch[to], &from, err);
}

/* Where condition and body are one subgraph, its variables are shared by both: the next round may overwrite the answer
 * that the others have not read yet. */
static bool read_answer(walker *w, const lrt_exec *exec, bool *again) {
  *again = is_true(lrt_plan_output(exec->branch[0], 0));
  return exec->branch[0]->graph->subgraph_index != exec->branch[1]->graph->subgraph_index || meet(w);
}

static bool run_while(walker *w, lrt_plan *plan, lrt_exec *exec) {
  lrt_error error;
  lrt_status status = LRT_OK;
  const bool leader = w->worker->index == 0;
  if (leader && !failed(w)) status = next_round(plan, exec, 0, true, &error);
  if (status != LRT_OK) report(w, status, &error);
  if (!meet(w)) return false;
  for (;;) {
    bool again = false;
    if (leader) check_limits(w);
    if (!meet(w) || !walk(w, exec->branch[0]) || !catch_up(w) || !read_answer(w, exec, &again)) return false;
    if (!again) break;
    if (leader && !failed(w)) status = next_round(plan, exec, 1, false, &error);
    if (status != LRT_OK) report(w, status, &error);
    if (!meet(w) || !walk(w, exec->branch[1])) return false;
    if (leader && !failed(w)) status = next_round(plan, exec, 0, false, &error);
    if (status != LRT_OK) report(w, status, &error);
    if (!meet(w)) return false;
  }
  if (leader && !failed(w)) status = leave(exec, exec->branch[0], true, &error);
  if (status != LRT_OK) report(w, status, &error);
  return meet(w);
}

static bool run_call_once(walker *w, lrt_exec *exec) {
  bool *done = &w->state->runtime->initialised[exec->branch[0]->graph->subgraph_index];
  const bool already = *done;
  if (!meet(w)) return false;
  if (already) return true;
  if (!walk(w, exec->branch[0])) return false;
  if (w->worker->index == 0) *done = true;
  return meet(w);
}

/* Control flow whose operands were unknown at plan time is planned on arrival. Everybody has to have seen the node as
 * deferred before worker 0 makes something else of it. */
static bool plan_control(walker *w, lrt_plan *plan, lrt_exec *exec) {
  if (!meet(w)) return false;
  if (w->worker->index == 0) {
    lrt_error error;
    const lrt_status status = lrt_plan_control_now(plan, exec, &error);
    if (status != LRT_OK) {
      exec->kind = LRT_EXEC_DEFERRED;
      report(w, status, &error);
    }
  }
  return meet(w);
}

static bool run_node(walker *w, lrt_plan *plan, lrt_exec *exec) {
  if (exec->kind == LRT_EXEC_DEFERRED && exec->op == NULL && !plan_control(w, plan, exec)) return false;
  switch (exec->kind) {
  case LRT_EXEC_STEPS: return run_steps(w, exec);
  case LRT_EXEC_DEFERRED: return run_deferred(w, plan, exec);
  case LRT_EXEC_BRANCH: return run_branch(w, plan, exec);
  case LRT_EXEC_WHILE: return run_while(w, plan, exec);
  case LRT_EXEC_CALL_ONCE: return run_call_once(w, exec);
  case LRT_EXEC_NONE: break;
  }
  return true;
}

static bool walk_range(walker *w, lrt_plan *plan, int32_t first, int32_t last) {
  const bool leader = w->worker->index == 0;
  for (int32_t i = first; i < last; i++) {
    lrt_exec *exec = &plan->execs[i];
    if (exec->kind == LRT_EXEC_NONE) continue;
    if (leader) check_limits(w);
    if (w->worker->count == 1 && failed(w)) return false;
    const double before = leader && plan->runtime->profile ? lrt_clock_seconds() : 0;
    if (!run_node(w, plan, exec)) return false;
    if (leader && plan->runtime->profile) {
      exec->seconds += lrt_clock_seconds() - before;
      exec->calls++;
    }
  }
  return true;
}

static bool walk(walker *w, lrt_plan *plan) {
  return walk_range(w, plan, 0, plan->graph->node_count);
}

static void walk_root(void *arg, const lrt_worker *worker) {
  run_state *state = arg;
  walker w = {state, worker, 0, false};
  if (walk_range(&w, state->root, state->first, state->last)) meet(&w);
}

lrt_status lrt_plan_run(lrt_plan *plan, lrt_error *err) {
  return lrt_plan_run_nodes(plan, 0, plan->graph->node_count, err);
}

lrt_status lrt_plan_run_nodes(lrt_plan *plan, int32_t first, int32_t count, lrt_error *err) {
  run_state state = {.runtime = plan->runtime,
                     .root = plan,
                     .failed_at = UINT64_MAX,
                     .claimed = ATOMIC_FLAG_INIT,
                     .status = LRT_OK,
                     .err = err,
                     .nodes_run = 0,
                     .first = first,
                     .last = first + count};
  lrt_team_run(plan->runtime->team, walk_root, &state, !plan->runtime->skip_busy_team);
  lrt_counter_add(LRT_COUNTER_STEPS_RUN, state.nodes_run);
  if (state.status == LRT_OK) lrt_plan_commit_states(plan);
  return state.status;
}
