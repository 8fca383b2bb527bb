/* join.c: CONCATENATION and PACK: several tensors side by side along one axis. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "ops/movement.h"

static lrt_status check_inputs(lrt_prepare *p) {
  LRT_TRY(lrt_prepare_arity(p, 1, -1, 1));
  for (int32_t i = 0; i < p->node->input_count; i++) {
    if (p->inputs[i] == NULL)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "input %d must not be left out", i);
    LRT_TRY(lrt_moved_same_type(p, i, 0));
  }
  if (p->inputs[0]->type == LRT_STRING)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "type string of input 0 (tensor \"%s\") is not supported",
                            p->inputs[0]->name);
  return LRT_OK;
}

static bool same_scale(const lrt_value *a, const lrt_value *b) {
  return lrt_value_scale(a) == lrt_value_scale(b) && lrt_value_zero_point(a) == lrt_value_zero_point(b);
}

/* ---- inputs of another scale than the output (uint8) ---- */

typedef struct rescale_params {
  const lrt_value *from;
  lrt_value *to;
  float scale, bias;
  int32_t zero;
} rescale_params;

static lrt_status rescale_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const rescale_params *params = step->params;
  const uint8_t *in = params->from->data;
  uint8_t *out = params->to->data;
  (void)run;
  for (int64_t i = begin; i < end; i++) {
    const float real = roundf((float)in[i] * params->scale + params->bias);
    const int32_t q = (int32_t)(real > 512.0f ? 512.0f : real > -512.0f ? real : -512.0f) + params->zero;
    out[i] = (uint8_t)(q < 0 ? 0 : q > 255 ? 255 : q);
  }
  return LRT_OK;
}

/* Brings one input to the output's scale in a temporary. */
static lrt_status rescaled(lrt_prepare *p, const lrt_value *in, lrt_moved *moved) {
  const lrt_value *out = p->outputs[0];
  rescale_params *params = lrt_prepare_params(p, sizeof *params);
  LRT_TRY(lrt_prepare_quantized(p, in));
  LRT_TRY(lrt_prepare_quantized(p, out));
  moved->value = lrt_prepare_temp(p, in->bytes);
  if (params == NULL || moved->value == NULL) return lrt_prepare_no_memory(p);
  const float scale = lrt_value_scale(in) * (1.0f / lrt_value_scale(out));
  *params = (rescale_params){in, moved->value, scale, -(float)lrt_value_zero_point(in) * scale,
                             lrt_value_zero_point(out)};
  return lrt_prepare_step(p, rescale_step, params, lrt_shape_count(&in->shape), 0, "rescale_u8");
}

static lrt_status joined_input(lrt_prepare *p, int32_t i, lrt_moved *moved) {
  lrt_value *in = p->inputs[i];
  LRT_TRY(lrt_moved_in(p, in, moved));
  const bool quantized = lrt_value_is_quantized(in) && lrt_value_is_quantized(p->outputs[0]);
  if (!quantized || same_scale(in, p->outputs[0])) return LRT_OK;
  if (in->type == LRT_UINT8) return rescaled(p, in, moved);
  if (in->type != LRT_INT8 && in->type != LRT_INT16) return LRT_OK;
  return lrt_prepare_fail(p, LRT_INVALID_MODEL,
                          "input %d (tensor \"%s\") and the output differ in scale or zero point", i,
                          in->name);
}

/* Places inputs[i], seen as `views[i]`, at starts[i] of the output's axis. */
static lrt_status join(lrt_prepare *p, int32_t axis, bool pack) {
  const int32_t count = p->node->input_count;
  lrt_moved_part *parts = lrt_prepare_params(p, (size_t)count * sizeof *parts);
  int32_t begin[LRT_MAX_RANK] = {0};
  lrt_moved in, out;
  if (parts == NULL) return lrt_prepare_no_memory(p);
  LRT_TRY(lrt_moved_out(p, p->outputs[0], &out));
  for (int32_t i = 0; i < count; i++) {
    lrt_shape view = p->outputs[0]->shape;
    view.dims[axis] = pack ? 1 : p->inputs[i]->shape.dims[axis];
    LRT_TRY(joined_input(p, i, &in));
    lrt_move_into(&parts[i].move, &view, &p->outputs[0]->shape, begin, in.size);
    parts[i].in = in.value;
    parts[i].out = out.value;
    begin[axis] += view.dims[axis];
  }
  LRT_TRY(lrt_moved_parts(p, parts, count));
  return lrt_moved_done(p, &out, NULL, p->outputs[0]);
}

static lrt_status joined_shape(lrt_prepare *p, int32_t axis, lrt_shape *shape) {
  int64_t total = 0;
  *shape = p->inputs[0]->shape;
  for (int32_t i = 0; i < p->node->input_count; i++) {
    const lrt_shape *in = &p->inputs[i]->shape;
    lrt_shape like = *in;
    if (in->rank == shape->rank) like.dims[axis] = shape->dims[axis];
    if (!lrt_shape_equal(&like, shape))
      return lrt_prepare_fail(p, LRT_INVALID_MODEL,
                              "input %d (tensor \"%s\") does not fit the shape of input 0", i,
                              p->inputs[i]->name);
    total += in->dims[axis];
    if (total > INT32_MAX) return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the result is too large");
  }
  shape->dims[axis] = (int32_t)total;
  return LRT_OK;
}

static lrt_status prepare_concatenation(lrt_prepare *p) {
  const lrt_concatenation_options *options = p->node->options;
  lrt_shape shape;
  int32_t axis;
  LRT_TRY(check_inputs(p));
  if (options == NULL || options->activation != LRT_ACT_NONE)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "a fused activation is not supported");
  if (!lrt_shape_axis(options->axis, p->inputs[0]->shape.rank, &axis))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "axis %d does not exist", options->axis);
  LRT_TRY(joined_shape(p, axis, &shape));
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  return join(p, axis, false);
}

const lrt_op lrt_op_concatenation = {prepare_concatenation, false, 0, false};

static lrt_status prepare_pack(lrt_prepare *p) {
  const lrt_pack_options *options = p->node->options;
  int32_t axis;
  LRT_TRY(check_inputs(p));
  lrt_shape shape = p->inputs[0]->shape;
  if (options == NULL || options->values_count != p->node->input_count)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "has %d inputs, but its options say otherwise",
                            p->node->input_count);
  if (shape.rank == LRT_MAX_RANK || !lrt_shape_axis(options->axis, shape.rank + 1, &axis))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "axis %d does not exist", options->axis);
  for (int32_t i = 1; i < p->node->input_count; i++)
    if (!lrt_shape_equal(&p->inputs[i]->shape, &shape))
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "input %d (tensor \"%s\") differs in shape from input 0",
                              i, p->inputs[i]->name);
  for (int i = shape.rank; i > axis; i--) shape.dims[i] = shape.dims[i - 1];
  shape.dims[axis] = p->node->input_count;
  shape.rank++;
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  return join(p, axis, true);
}

const lrt_op lrt_op_pack = {prepare_pack, false, 0, false};
