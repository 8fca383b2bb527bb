/* resource_variable.c: VAR_HANDLE, ASSIGN_VARIABLE, READ_VARIABLE: variables of the interpreter by name. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ops/movement.h"

typedef struct handle_params {
  int32_t id;
} handle_params;

static lrt_status handle_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const handle_params *params = step->params;
  (void)run;
  (void)begin;
  (void)end;
  memcpy(step->outputs[0]->data, &params->id, sizeof params->id);
  return LRT_OK;
}

static lrt_status prepare_handle(lrt_prepare *p) {
  const lrt_var_handle_options *options = p->node->options;
  const lrt_shape one = {1, {1}};
  LRT_TRY(lrt_prepare_arity(p, 0, 0, 1));
  LRT_TRY(lrt_moved_output_type(p, 0, LRT_RESOURCE));
  handle_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  LRT_TRY(lrt_resources_find(p->resources, options != NULL ? options->container : NULL,
                             options != NULL ? options->shared_name : NULL, &params->id, p->err));
  LRT_TRY(lrt_prepare_shape(p, 0, &one));
  return lrt_prepare_step(p, handle_step, params, 1, 0, "var_handle");
}

const lrt_op lrt_op_var_handle = {prepare_handle, false, 0, true};

/* Variable that a handle names. The handle's contents were written by VAR_HANDLE, or by anybody. */
static int32_t id_of(const lrt_value *handle) {
  int32_t id = -1;
  if (handle->data != NULL && handle->bytes >= sizeof id) memcpy(&id, handle->data, sizeof id);
  return id;
}

typedef struct variable_params {
  lrt_resources *resources;
} variable_params;

static lrt_status assign_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const variable_params *params = step->params;
  const lrt_value *value = step->inputs[1];
  (void)begin;
  (void)end;
  return lrt_resource_assign(params->resources, id_of(step->inputs[0]), value->type, &value->shape,
                             value->data, value->bytes, run->err);
}

static lrt_status check_handle(lrt_prepare *p, int inputs, int outputs) {
  static const int types[] = {LRT_RESOURCE, LRT_INT32, -1};
  LRT_TRY(lrt_prepare_arity(p, inputs, inputs, outputs));
  return lrt_prepare_types(p, 0, types);
}

static lrt_status prepare_assign(lrt_prepare *p) {
  LRT_TRY(check_handle(p, 2, 0));
  if (lrt_type_bits(p->inputs[1]->type) == 0 && p->inputs[1]->type != LRT_STRING)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "a variable of type %s is not supported",
                            lrt_type_name(p->inputs[1]->type));
  variable_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  params->resources = p->resources;
  return lrt_prepare_step(p, assign_step, params, 1, 0, "assign_variable");
}

const lrt_op lrt_op_assign_variable = {prepare_assign, false, 0, true};

/* Shape and contents are those of the moment, so the result always grows. */
static lrt_status read_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const variable_params *params = step->params;
  lrt_value *out = step->outputs[0];
  const lrt_resource *variable = lrt_resources_get(params->resources, id_of(step->inputs[0]));
  (void)begin;
  (void)end;
  if (variable == NULL || variable->data == NULL)
    return lrt_fail(run->err, LRT_RUN_FAILED, "tensor \"%s\" reads a variable that was never assigned",
                    out->name);
  if (variable->type != out->type)
    return lrt_fail(run->err, LRT_RUN_FAILED, "tensor \"%s\" is %s, the variable it reads %s", out->name,
                    lrt_type_name(out->type), lrt_type_name(variable->type));
  LRT_TRY(lrt_value_reserve(out, variable->bytes, run->err));
  out->shape = variable->shape;
  out->shaped = true;
  if (variable->bytes > 0) memcpy(out->data, variable->data, variable->bytes);
  return LRT_OK;
}

static lrt_status prepare_read(lrt_prepare *p) {
  LRT_TRY(check_handle(p, 1, 1));
  variable_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  if (p->outputs[0] == NULL) return lrt_prepare_fail(p, LRT_INVALID_MODEL, "output 0 must not be left out");
  params->resources = p->resources;
  lrt_prepare_grows(p, 0);
  return lrt_prepare_step(p, read_step, params, 1, 0, "read_variable");
}

const lrt_op lrt_op_read_variable = {prepare_read, false, 0, true};
