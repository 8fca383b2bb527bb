/* pool.c: AVERAGE_POOL_2D, MAX_POOL_2D, L2_POOL_2D. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/pool/pool.h"

#include "ops/fused_activation.h"

typedef struct pool_plan {
  lrt_pool_fn fn;
  lrt_pool_params params;
} pool_plan;

/* Units are output rows. */
static lrt_status pool_step(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const pool_plan *plan = step->params;
  (void)run;
  plan->fn(&plan->params, step->inputs[0]->data, step->outputs[0]->data, begin, end);
  return LRT_OK;
}

static lrt_status window(lrt_prepare *p, const lrt_pool_2d_options *options, lrt_pool_params *params,
                         lrt_shape *shape) {
  const lrt_shape *in = &p->inputs[0]->shape; /* [batches][height][width][channels] */
  lrt_window y, x;
  if (in->rank != 4)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the input has rank %d, expected 4", in->rank);
  if (!lrt_window_of(in->dims[1], options->filter_height, options->stride_h, 1, options->padding, &y) ||
      !lrt_window_of(in->dims[2], options->filter_width, options->stride_w, 1, options->padding, &x))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL,
                            "filter %dx%d, stride %dx%d or padding %d do not fit the input",
                            options->filter_height, options->filter_width, options->stride_h,
                            options->stride_w, options->padding);
  *params = (lrt_pool_params){.batches = in->dims[0],
                              .in_height = in->dims[1],
                              .in_width = in->dims[2],
                              .channels = in->dims[3],
                              .out_height = y.out,
                              .out_width = x.out,
                              .filter_height = options->filter_height,
                              .filter_width = options->filter_width,
                              .stride_height = options->stride_h,
                              .stride_width = options->stride_w,
                              .pad_top = y.pad_before,
                              .pad_left = x.pad_before};
  *shape = lrt_shape_of(4, (const int32_t[]){in->dims[0], y.out, x.out, in->dims[3]});
  return LRT_OK;
}

/* Stored numbers are pooled as they are, so both sides must mean the same by them. */
static lrt_status clamp_of(lrt_prepare *p, int activation, lrt_pool_params *params) {
  const lrt_value *in = p->inputs[0], *out = p->outputs[0];
  LRT_TRY(lrt_fused_activation(p, activation, &params->low, &params->high));
  if (in->type == LRT_FLOAT32) return LRT_OK;
  if (!lrt_value_is_quantized(in) && activation != LRT_ACT_NONE) LRT_TRY(lrt_prepare_quantized(p, in));
  if (lrt_value_is_quantized(in)) {
    LRT_TRY(lrt_prepare_quantized(p, in));
    LRT_TRY(lrt_prepare_quantized(p, out));
    const float ratio = lrt_value_scale(in) / lrt_value_scale(out);
    if (lrt_value_zero_point(in) != lrt_value_zero_point(out) || fabsf(ratio - 1.0f) > 1e-5f)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "input and output have different scales or zero points");
  }
  return lrt_fused_activation_quantized(p, activation, out, &params->int_low, &params->int_high);
}

static lrt_status prepare(lrt_prepare *p) {
  static const int types[] = {LRT_FLOAT32, LRT_INT8, LRT_UINT8, LRT_INT16, -1};
  const lrt_pool_2d_options *options = p->node->options;
  const int32_t code = p->node->code;
  const lrt_pool_op op = code == LRT_OP_MAX_POOL_2D  ? LRT_POOL_MAX
                         : code == LRT_OP_L2_POOL_2D ? LRT_POOL_L2
                                                     : LRT_POOL_AVERAGE;
  lrt_shape shape;
  LRT_TRY(lrt_prepare_arity(p, 1, 1, 1));
  LRT_TRY(lrt_prepare_types(p, 0, types));
  const lrt_value *in = p->inputs[0];
  LRT_TRY(lrt_prepare_same_type(p, in, p->outputs[0]));
  if (options == NULL) return lrt_prepare_fail(p, LRT_INVALID_MODEL, "has no options");
  pool_plan *plan = lrt_prepare_params(p, sizeof *plan);
  if (plan == NULL) return lrt_prepare_no_memory(p);
  LRT_TRY(window(p, options, &plan->params, &shape));
  LRT_TRY(clamp_of(p, options->activation, &plan->params));
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  /* Fast kernels hold sums of a window in 32 bits. */
  const int64_t taps = (int64_t)options->filter_height * options->filter_width;
  plan->fn = lrt_pool_pick(op, in->type, p->mode == LRT_OP_REF || taps > 1 << 15);
  if (plan->fn == NULL)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "type %s of tensor \"%s\" is not supported",
                            lrt_type_name(in->type), in->name);
  const char *kernel = "lrt_pool";
  size_t count = 0;
  const lrt_pool_variant *variants = lrt_pool_variants(&count);
  for (size_t i = 0; i < count; i++)
    if (variants[i].fn == plan->fn) kernel = variants[i].name;
  const int64_t units = lrt_shape_count(&shape) > 0 ? (int64_t)shape.dims[0] * shape.dims[1] : 0;
  return lrt_prepare_step(p, pool_step, plan, units, 0, kernel);
}

const lrt_op lrt_op_pool = {prepare, false, 0, false};
