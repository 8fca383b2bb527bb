/* custom_call.c: runs registered custom operators: the operator that stands for them, and what they may ask for. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "ops/op_set.h"

/* What a node keeps between prepare and eval. */
typedef struct custom_node {
  const lrt_custom_op *op;
  void *state;
  const lrt_node *node;
  int32_t node_index;
  int64_t pieces;
  size_t scratch;
  bool late; /* some output has no shape before eval */
  int32_t temporary_count;
  lrt_value *temporaries[16];
} custom_node;

struct lrt_op_call {
  custom_node *custom;
  lrt_prepare *p; /* in prepare */
  const lrt_step *step;
  const lrt_step_run *run; /* in eval */
  bool deferred;           /* lrt_op_call_need has said no */
  lrt_error *err;
};

/* ---- what both functions may ask ---- */

int32_t lrt_op_call_input_count(const lrt_op_call *call) {
  return call->custom->node->input_count;
}

int32_t lrt_op_call_output_count(const lrt_op_call *call) {
  return call->custom->node->output_count;
}

static lrt_value *input_of(const lrt_op_call *call, int32_t index) {
  if (index < 0 || index >= call->custom->node->input_count) return NULL;
  return call->p != NULL ? call->p->inputs[index] : call->step->inputs[index];
}

static lrt_value *output_of(const lrt_op_call *call, int32_t index) {
  if (index < 0 || index >= call->custom->node->output_count) return NULL;
  return call->p != NULL ? call->p->outputs[index] : call->step->outputs[index];
}

static lrt_status describe(const lrt_value *value, bool has_data, lrt_op_tensor *out) {
  if (value == NULL) return LRT_NOT_FOUND;
  *out = (lrt_op_tensor){
      value->name,  value->type,    value->shape, *value->quant, has_data ? value->data : NULL,
      value->bytes, value->constant};
  return LRT_OK;
}

lrt_status lrt_op_call_input(const lrt_op_call *call, int32_t index, lrt_op_tensor *out) {
  const lrt_value *value = input_of(call, index);
  return describe(value, call->p == NULL || call->p->running || (value != NULL && value->readable), out);
}

lrt_status lrt_op_call_output(const lrt_op_call *call, int32_t index, lrt_op_tensor *out) {
  return describe(output_of(call, index), call->p == NULL, out);
}

const void *lrt_op_call_options(const lrt_op_call *call, size_t *bytes) {
  *bytes = (size_t)call->custom->node->custom_options_size;
  return call->custom->node->custom_options;
}

int32_t lrt_op_call_version(const lrt_op_call *call) {
  return call->custom->node->version;
}

void *lrt_op_call_cookie(const lrt_op_call *call) {
  return call->custom->op->cookie;
}

void *lrt_op_call_state(const lrt_op_call *call) {
  return call->custom->state;
}

lrt_status lrt_op_call_fail(lrt_op_call *call, lrt_status status, const char *format, ...) {
  char sentence[400];
  va_list args;
  va_start(args, format);
  vsnprintf(sentence, sizeof sentence, format, args);
  va_end(args);
  return lrt_fail(call->err, status, "%s (node %d): %s", call->custom->op->name, call->custom->node_index,
                  sentence);
}

static lrt_status only_in(lrt_op_call *call, bool prepare) {
  if ((call->p != NULL) == prepare) return LRT_OK;
  return lrt_op_call_fail(call, LRT_WRONG_STATE, "asks in %s for what only %s may",
                          prepare ? "eval" : "prepare", prepare ? "prepare" : "eval");
}

/* ---- prepare ---- */

lrt_status lrt_op_call_need(lrt_op_call *call, int32_t input) {
  LRT_TRY(only_in(call, true));
  if (input_of(call, input) == NULL)
    return lrt_op_call_fail(call, LRT_INVALID_ARGUMENT, "there is no input %d", input);
  const lrt_status status = lrt_prepare_need(call->p, input);
  call->deferred |= status != LRT_OK;
  return status;
}

static lrt_status set_late_shape(lrt_op_call *call, lrt_value *value, const lrt_shape *shape, size_t bytes) {
  if (!value->growable)
    return lrt_op_call_fail(call, LRT_WRONG_STATE, "the shape of output \"%s\" was not declared late",
                            value->name);
  const int64_t size = value->type == LRT_STRING ? (int64_t)bytes : lrt_shape_bytes(shape, value->type);
  if (size < 0 || lrt_shape_count(shape) < 0)
    return lrt_op_call_fail(call, LRT_INVALID_ARGUMENT, "output \"%s\" cannot have that shape", value->name);
  LRT_TRY(lrt_value_reserve(value, (size_t)size, call->err));
  value->shape = *shape;
  value->shaped = true;
  return LRT_OK;
}

lrt_status lrt_op_call_set_shape(lrt_op_call *call, int32_t output, const lrt_shape *shape, size_t bytes) {
  lrt_value *value = output_of(call, output);
  if (value == NULL || shape->rank < 0 || shape->rank > LRT_MAX_RANK)
    return lrt_op_call_fail(call, LRT_INVALID_ARGUMENT, "there is no output %d of that shape", output);
  if (call->p == NULL) return set_late_shape(call, value, shape, bytes);
  if (value->type == LRT_STRING) call->custom->late = true;
  return lrt_prepare_shape(call->p, output, shape);
}

lrt_status lrt_op_call_declare_late(lrt_op_call *call, int32_t output) {
  LRT_TRY(only_in(call, true));
  if (output_of(call, output) == NULL)
    return lrt_op_call_fail(call, LRT_INVALID_ARGUMENT, "there is no output %d", output);
  lrt_prepare_grows(call->p, output);
  call->custom->late = true;
  return LRT_OK;
}

lrt_status lrt_op_call_split(lrt_op_call *call, int64_t pieces, size_t scratch) {
  LRT_TRY(only_in(call, true));
  if (pieces < 0) return lrt_op_call_fail(call, LRT_INVALID_ARGUMENT, "%lld pieces", (long long)pieces);
  call->custom->pieces = pieces;
  call->custom->scratch = scratch;
  return LRT_OK;
}

lrt_status lrt_op_call_temporary(lrt_op_call *call, size_t bytes, int32_t *index) {
  custom_node *c = call->custom;
  const int32_t most = (int32_t)(sizeof c->temporaries / sizeof c->temporaries[0]);
  LRT_TRY(only_in(call, true));
  if (c->temporary_count == most)
    return lrt_op_call_fail(call, LRT_INVALID_ARGUMENT, "asks for more than %d temporaries", most);
  lrt_value *value = lrt_prepare_temp(call->p, bytes);
  if (value == NULL) return lrt_prepare_no_memory(call->p);
  *index = c->temporary_count;
  c->temporaries[c->temporary_count++] = value;
  return LRT_OK;
}

/* A function that has failed without a sentence gets one; its status is one that callers know. */
static lrt_status settle(lrt_op_call *call, lrt_status status, const char *what) {
  if (status == LRT_OK) return LRT_OK;
  if (call->p != NULL && call->deferred && status == LRT_DEFER) return LRT_DEFER;
  if ((int)status < 1 || (int)status > LRT_NOT_BUILT_IN) status = LRT_RUN_FAILED;
  if (call->err->message[0] == '\0' || call->err->code != status)
    return lrt_op_call_fail(call, status, "%s failed: %s", what, lrt_status_text(status));
  return status;
}

static lrt_status eval_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const custom_node *c = step->params;
  lrt_op_call call = {.custom = (custom_node *)(uintptr_t)c, .step = step, .run = run, .err = run->err};
  run->err->message[0] = '\0';
  for (int32_t i = 0; c->late && i < c->node->output_count; i++) /* else an earlier run's result would do */
    if (step->outputs[i] != NULL && step->outputs[i]->growable) step->outputs[i]->shaped = false;
  return settle(&call, c->op->eval(&call, begin, end), "eval");
}

/* A late output that eval has left alone would show what an earlier run put there. */
static lrt_status check_late_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const custom_node *c = step->params;
  (void)begin;
  (void)end;
  for (int32_t i = 0; i < c->node->output_count; i++) {
    const lrt_value *value = step->outputs[i];
    if (value == NULL || !value->growable) continue;
    const int64_t bytes = value->type == LRT_STRING ? 0 : lrt_shape_bytes(&value->shape, value->type);
    if (!value->shaped || bytes < 0 || (size_t)bytes > value->bytes || (value->data == NULL && bytes > 0))
      return lrt_fail(run->err, LRT_RUN_FAILED, "%s (node %d): eval has not given output %d its shape",
                      c->op->name, c->node_index, i);
  }
  return LRT_OK;
}

static lrt_status emit(lrt_prepare *p, custom_node *c, lrt_op_call *call) {
  if (c->late && c->pieces > 1)
    return lrt_op_call_fail(call, LRT_INVALID_ARGUMENT, "a node with late outputs cannot be split");
  LRT_TRY(lrt_prepare_step(p, eval_step, c, c->pieces, c->scratch, "custom"));
  return c->late ? lrt_prepare_step(p, check_late_step, c, 1, 0, "custom") : LRT_OK;
}

static lrt_status prepare(lrt_prepare *p) {
  custom_node *c = lrt_prepare_params(p, sizeof *c);
  lrt_error ignored = {LRT_OK, ""};
  if (c == NULL) return lrt_prepare_no_memory(p);
  if (p->err == NULL) p->err = &ignored;
  c->op = lrt_op_set_find(lrt_custom_states_set(p->customs), p->node);
  c->node = p->node;
  c->node_index = p->node_index;
  c->pieces = 1;
  LRT_TRY(lrt_custom_states_get(p->customs, c->op, p->origin, &c->state, p->err));
  lrt_op_call call = {.custom = c, .p = p, .err = p->err};
  p->err->message[0] = '\0';
  LRT_TRY(settle(&call, c->op->prepare(&call), "prepare"));
  return emit(p, c, &call);
}

/* Neither folded nor left out: nobody knows what it does. */
const lrt_op lrt_op_registered = {prepare, false, 0, true};

/* ---- eval ---- */

void *lrt_op_call_memory(const lrt_op_call *call, int32_t index) {
  if (call->p != NULL || index < 0 || index >= call->custom->temporary_count) return NULL;
  return call->custom->temporaries[index]->data;
}

void *lrt_op_call_scratch(const lrt_op_call *call) {
  if (call->p != NULL || call->step->worker_scratch_bytes == 0) return NULL;
  return lrt_step_scratch(call->step, call->run);
}
