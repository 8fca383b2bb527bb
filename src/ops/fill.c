/* fill.c: FILL, ZEROS_LIKE, ONE_HOT, RANGE: tensors made from a few numbers. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/movement.h"

static lrt_status prepare_fill(lrt_prepare *p) {
  int64_t dims[LRT_MAX_RANK];
  lrt_shape shape;
  lrt_moved in, out;
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(lrt_moved_same_type(p, 1, 0));
  if (lrt_shape_count(&p->inputs[1]->shape) != 1)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the value must be one element");
  LRT_TRY(lrt_prepare_integers(p, 0, dims, LRT_MAX_RANK, &shape.rank));
  for (int i = 0; i < shape.rank; i++) {
    if (dims[i] < 0 || dims[i] > INT32_MAX)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the shape has the dimension %lld", (long long)dims[i]);
    shape.dims[i] = (int32_t)dims[i];
  }
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  LRT_TRY(lrt_moved_in(p, p->inputs[1], &in));
  LRT_TRY(lrt_moved_out(p, p->outputs[0], &out));
  LRT_TRY(lrt_moved_fill(p, &out, NULL, in.value));
  return lrt_moved_done(p, &out, p->inputs[1], p->outputs[0]);
}

const lrt_op lrt_op_fill = {prepare_fill, false, 0, false};

static lrt_status prepare_zeros_like(lrt_prepare *p) {
  static const uint8_t zero[16] = {0};
  lrt_moved out;
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 1));
  LRT_TRY(lrt_moved_same_type(p, 0, 0));
  if (p->inputs[0]->type == LRT_STRING)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "type string of input 0 (tensor \"%s\") is not supported",
                            p->inputs[0]->name);
  LRT_TRY(lrt_prepare_shape(p, 0, &p->inputs[0]->shape));
  LRT_TRY(lrt_moved_out(p, p->outputs[0], &out));
  LRT_TRY(lrt_moved_fill(p, &out, zero, NULL));
  return lrt_moved_done(p, &out, NULL, p->outputs[0]);
}

const lrt_op lrt_op_zeros_like = {prepare_zeros_like, false, 0, false};

typedef struct one_hot_params {
  int64_t outer, depth, inner;
} one_hot_params;

static lrt_status one_hot_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const one_hot_params *params = step->params;
  const lrt_value *indices = step->inputs[0];
  (void)run;
  (void)begin;
  (void)end;
  lrt_one_hot(indices->data, indices->type, params->outer, params->depth, params->inner,
              step->inputs[2]->data, step->inputs[3]->data, lrt_moved_size(step->outputs[0]->type),
              step->outputs[0]->data);
  return LRT_OK;
}

static lrt_status check_one_hot(lrt_prepare *p) {
  static const int indices[] = {LRT_INT32, LRT_INT64, -1};
  LRT_TRY(lrt_prepare_arity(p, 4, 4, 1));
  LRT_TRY(lrt_prepare_types(p, 0, indices));
  LRT_TRY(lrt_moved_same_type(p, 2, 0));
  LRT_TRY(lrt_moved_same_type(p, 3, 0));
  if (lrt_type_bits(p->inputs[2]->type) < 8)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "type %s of input 2 (tensor \"%s\") is not supported",
                            lrt_type_name(p->inputs[2]->type), p->inputs[2]->name);
  if (lrt_shape_count(&p->inputs[2]->shape) != 1 || lrt_shape_count(&p->inputs[3]->shape) != 1)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the values for on and off must be one element each");
  return LRT_OK;
}

static lrt_status prepare_one_hot(lrt_prepare *p) {
  const lrt_one_hot_options *options = p->node->options;
  int64_t depth;
  int32_t axis;
  LRT_TRY(check_one_hot(p));
  LRT_TRY(lrt_moved_integer(p, 1, &depth));
  lrt_shape shape = p->inputs[0]->shape;
  if (depth < 0 || depth > INT32_MAX || shape.rank == LRT_MAX_RANK)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "a depth of %lld is not possible here", (long long)depth);
  if (!lrt_shape_axis(options != NULL ? options->axis : -1, shape.rank + 1, &axis))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the axis does not exist");
  one_hot_params *params = lrt_prepare_params(p, sizeof *params);
  if (params == NULL) return lrt_prepare_no_memory(p);
  *params = (one_hot_params){1, depth, 1};
  for (int i = 0; i < axis; i++) params->outer *= shape.dims[i];
  for (int i = axis; i < shape.rank; i++) params->inner *= shape.dims[i];
  for (int i = shape.rank; i > axis; i--) shape.dims[i] = shape.dims[i - 1];
  shape.dims[axis] = (int32_t)depth;
  shape.rank++;
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  return lrt_prepare_step(p, one_hot_step, params, lrt_shape_count(&shape) > 0 ? 1 : 0, 0, "one_hot");
}

const lrt_op lrt_op_one_hot = {prepare_one_hot, false, 0, false};

static lrt_status range_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const lrt_value *out = step->outputs[0];
  (void)run;
  (void)begin;
  (void)end;
  lrt_range_run(step->inputs[0]->data, step->inputs[2]->data, out->type, lrt_shape_count(&out->shape),
                out->data);
  return LRT_OK;
}

static lrt_status prepare_range(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT32, LRT_INT32, LRT_INT64, -1};
  LRT_TRY(lrt_prepare_arity(p, 3, 3, 1));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  for (int i = 0; i < 3; i++) {
    LRT_TRY(lrt_moved_same_type(p, i, 0));
    if (lrt_shape_count(&p->inputs[i]->shape) != 1)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "input %d must be one number", i);
    LRT_TRY(lrt_prepare_need(p, i));
  }
  const int64_t count =
      lrt_range_count(p->inputs[0]->data, p->inputs[1]->data, p->inputs[2]->data, p->inputs[0]->type);
  if (count < 0 || count > INT32_MAX)
    return lrt_prepare_fail(p, p->running ? LRT_RUN_FAILED : LRT_INVALID_MODEL,
                            "the limit cannot be reached by these steps");
  const lrt_shape shape = {1, {(int32_t)count}};
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  return lrt_prepare_step(p, range_step, NULL, count > 0 ? 1 : 0, 0, "range");
}

const lrt_op lrt_op_range = {prepare_range, false, 0, false};
