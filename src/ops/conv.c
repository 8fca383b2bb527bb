/* conv.c: CONV_2D as a product of gathered rows; grouped where the filter has fewer channels than the input. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/conv_window.h"
#include "ops/product.h"

/* 1x1 windows that touch every pixel once need no gathering. */
static bool is_plain(const lrt_conv_window *w) {
  return w->kernel_h == 1 && w->kernel_w == 1 && w->stride_h == 1 && w->stride_w == 1 && w->pad_top == 0 &&
         w->pad_left == 0 && w->out_h == w->in_h && w->out_w == w->in_w;
}

static lrt_gemm_a rows_of(const lrt_conv_window *w, int32_t kc) {
  lrt_gemm_a a = {.m = (int64_t)w->batch * w->out_h * w->out_w,
                  .taps = (int64_t)w->kernel_h * w->kernel_w,
                  .kc = kc,
                  .ld = w->channels,
                  .conv = !is_plain(w),
                  .in_h = w->in_h,
                  .in_w = w->in_w,
                  .out_h = w->out_h,
                  .out_w = w->out_w,
                  .kernel_h = w->kernel_h,
                  .kernel_w = w->kernel_w,
                  .stride_h = w->stride_h,
                  .stride_w = w->stride_w,
                  .dilation_h = w->dilation_h,
                  .dilation_w = w->dilation_w,
                  .pad_top = w->pad_top,
                  .pad_left = w->pad_left};
  return a;
}

/* Symmetric rows where all channels share one scale: the older form of dynamic range. */
static bool has_one_scale(const lrt_quant *quant) {
  for (int32_t i = 1; i < quant->count; i++)
    if (quant->scale[i] != quant->scale[0]) return false;
  return true;
}

static lrt_status prepare_conv(lrt_prepare *p) {
  const lrt_conv_2d_options *options = p->node->options;
  lrt_conv_window w;
  LRT_TRY(lrt_prepare_arity(p, 2, 3, 1));
  const lrt_value *filter = p->inputs[1];
  const lrt_conv_geometry geometry = {options->padding, options->stride_h, options->stride_w,
                                      options->dilation_h_factor, options->dilation_w_factor};
  LRT_TRY(lrt_conv_window_of(p, &geometry, &w));
  const int32_t outputs = filter->shape.dims[0], kc = filter->shape.dims[3];
  if (kc < 1 || w.channels < kc || w.channels % kc != 0 || outputs % (w.channels / kc) != 0)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL,
                            "%d input channels do not fit a filter of %d channels and %d outputs", w.channels,
                            kc, outputs);
  const lrt_shape shape = {4, {w.batch, w.out_h, w.out_w, outputs}};
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  const int32_t groups = w.channels / kc;
  const lrt_product product = {.input = 0,
                               .weights = 1,
                               .bias = 2,
                               .rows = rows_of(&w, kc),
                               .groups = groups,
                               .n = outputs / groups,
                               .scale_axis = 0,
                               .activation = options->activation,
                               .symmetric = has_one_scale(filter->quant),
                               .quant_rows = w.batch,
                               .quant_size = (int64_t)w.in_h * w.in_w * w.channels,
                               .rows_per_scale = (int64_t)w.out_h * w.out_w,
                               .quantized_bias_type = options->quantized_bias_type,
                               .float_product = p->inputs[0]->type == LRT_UINT8,
                               .keep_packed = true};
  return lrt_product_prepare(p, &product);
}

const lrt_op lrt_op_conv_2d = {prepare_conv, false, 0, false};
