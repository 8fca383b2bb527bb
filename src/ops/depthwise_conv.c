/* depthwise_conv.c: DEPTHWISE_CONV_2D: every channel has filters of its own. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fingerprint.h"
#include "kernels/dwconv/dwconv_core.h"
#include "kernels/rowquant/rowquant.h"
#include "ops/conv_window.h"
#include "ops/fused_activation.h"
#include "ops/product.h"

typedef struct dw_step {
  lrt_dwconv d;
  bool bias, fixed;
  const lrt_value *packed;  /* not fixed: made by the step before */
  const lrt_value *rounded; /* the input as dynamic range sees it; NULL = as it is */
} dw_step;

static void bind_bias(const lrt_value *bias, lrt_dwconv *d) {
  if (bias->type == LRT_FLOAT32)
    d->bias_f32 = bias->data;
  else if (bias->type == LRT_INT64)
    d->bias64 = bias->data;
  else
    d->bias = bias->data;
}

static lrt_status run_dw(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const dw_step *s = step->params;
  lrt_dwconv d = s->d;
  d.a = s->rounded != NULL ? s->rounded->data : step->inputs[0]->data;
  d.c = step->outputs[0]->data;
  if (!s->fixed) d.packed = s->packed->data;
  const int64_t piece = step->follower != NULL ? 1 : end - begin,
                row = (int64_t)d.out_w * d.channels * d.multiplier;
  for (int64_t at = begin; at < end; at += piece) {
    lrt_dwconv_run(&d, at, at + piece, lrt_step_scratch(step, run));
    LRT_TRY(lrt_step_made(step, run, at * row, (at + piece) * row));
  }
  return LRT_OK;
}

static lrt_status run_pack(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const dw_step *s = step->params;
  lrt_dwconv d = s->d;
  (void)run;
  (void)begin;
  (void)end;
  d.w = step->inputs[1]->data;
  if (s->bias) bind_bias(step->inputs[2], &d);
  lrt_dwconv_pack(&d, s->packed->data);
  return LRT_OK;
}

/* A picture quantized to 8 bits and widened again: what the reference's integer kernel would read. */
static lrt_status run_round(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const dw_step *s = step->params;
  const int64_t count = (int64_t)s->d.in_h * s->d.in_w * s->d.channels;
  int8_t *q = lrt_step_scratch(step, run);
  for (int64_t i = begin; i < end; i++) {
    float scale, *to = (float *)s->rounded->data + i * count;
    int32_t zero;
    lrt_rowquant_rows((const float *)step->inputs[0]->data + i * count, 1, count, false, true, q, &scale,
                      &zero);
    for (int64_t k = 0; k < count; k++) to[k] = (float)(q[k] - zero) * scale;
  }
  return LRT_OK;
}

static void fill_packed(void *out, const void *arg) {
  lrt_dwconv_pack(arg, out);
}

/* The packed form holds scales, zero points and biases too: all of them make the key. */
static lrt_weights_key key_of(const lrt_value *weights, const lrt_value *bias, const lrt_dwconv *d) {
  const size_t n = (size_t)d->channels * (size_t)d->multiplier;
  const uint64_t parts[] = {(uint64_t)d->kernel_h,
                            (uint64_t)d->kernel_w,
                            (uint64_t)d->channels,
                            (uint64_t)d->multiplier,
                            (uint64_t)d->a_zero,
                            (uint64_t)d->w_zero,
                            (uint64_t)d->a_type * 256 + (uint64_t)d->w_type,
                            (d->bias_is_32 ? 1u : 0u) + (d->bias64 != NULL ? 2u : 0u) +
                                (bias != NULL ? 4u : 0u),
                            d->w_scale != NULL ? lrt_fingerprint64(d->w_scale, n * sizeof *d->w_scale) : 0,
                            d->mult != NULL ? lrt_fingerprint64(d->mult, n * sizeof *d->mult) : 0,
                            d->shift != NULL ? lrt_fingerprint64(d->shift, n * sizeof *d->shift) : 0};
  return (lrt_weights_key){weights->data,
                           "depthwise",
                           {bias != NULL ? (int64_t)lrt_fingerprint64(bias->data, bias->bytes) : 0,
                            (int64_t)lrt_fingerprint64(parts, sizeof parts), (int64_t)n, d->ref}};
}

static lrt_status pack(lrt_prepare *p, dw_step *s) {
  const lrt_value *weights = p->inputs[1], *bias = lrt_product_operand(p, 2);
  const size_t bytes = lrt_dwconv_packed_bytes(&s->d);
  s->fixed = lrt_product_is_fixed(p, weights) && (bias == NULL || lrt_product_is_fixed(p, bias));
  if (!s->fixed) {
    s->packed = lrt_prepare_temp(p, bytes);
    if (s->packed == NULL) return lrt_prepare_no_memory(p);
    return lrt_prepare_step(p, run_pack, s, 1, 0, "depthwise weights");
  }
  s->d.w = weights->data;
  if (bias != NULL) bind_bias(bias, &s->d);
  const lrt_weights_key key = key_of(weights, bias, &s->d);
  const lrt_value *owner = bias != NULL && !bias->constant ? bias : weights;
  return lrt_product_keep(p, owner, &key, bytes, fill_packed, &s->d, &s->d.packed);
}

static lrt_status set_integers(lrt_prepare *p, const lrt_product *product, lrt_dwconv *d) {
  const lrt_value *input = p->inputs[0], *bias = lrt_product_operand(p, 2);
  const bool wide = input->type == LRT_INT16;
  lrt_product_rescale rescale;
  LRT_TRY(lrt_product_check_bias(p, 2, product->n, LRT_INT32, wide ? LRT_INT64 : LRT_INT32));
  LRT_TRY(lrt_product_rescale_make(p, product, product->n, &rescale));
  d->a_zero = input->quant->zero_point[0];
  d->w_zero = p->inputs[1]->quant->zero_point[0];
  d->c_zero = p->outputs[0]->quant->zero_point[0];
  d->mult = rescale.mult;
  d->shift = rescale.shift;
  d->scale = rescale.scale;
  d->lo = rescale.lo;
  d->hi = rescale.hi;
  d->exact = d->ref;
  d->bias_is_32 = bias != NULL && bias->type == LRT_INT32;
  if (d->w_type != LRT_UINT8 && d->w_zero != 0)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "weights \"%s\" have a zero point other than 0",
                            p->inputs[1]->name);
  return LRT_OK;
}

static lrt_status set_floats(lrt_prepare *p, const lrt_product *product, dw_step *s) {
  LRT_TRY(lrt_product_check_bias(p, 2, product->n, LRT_FLOAT32, LRT_FLOAT32));
  LRT_TRY(lrt_fused_activation(p, product->activation, &s->d.flo, &s->d.fhi));
  if (!lrt_product_is_integer(s->d.w_type)) return LRT_OK;
  LRT_TRY(lrt_product_scales(p, product, product->n, &s->d.w_scale));
  const lrt_quant *quant = p->inputs[1]->quant;
  s->d.w_zero = quant->zero_point[0];
  for (int32_t i = 1; i < quant->count; i++)
    if (quant->zero_point[i] != s->d.w_zero)
      return lrt_prepare_fail(p, LRT_UNSUPPORTED, "weights \"%s\" have several zero points",
                              p->inputs[1]->name);
  if (p->mode == LRT_OP_FAST || p->weights_only) return LRT_OK;
  const size_t count = (size_t)s->d.in_h * (size_t)s->d.in_w * (size_t)s->d.channels;
  s->rounded = lrt_prepare_temp(p, (size_t)s->d.batch * count * sizeof(float));
  if (s->rounded == NULL) return lrt_prepare_no_memory(p);
  return lrt_prepare_step(p, run_round, s, s->d.batch, count, "quantize rows");
}

static bool is_supported(lrt_type a, lrt_type w, lrt_type c) {
  if (a != c) return false;
  switch (a) {
  case LRT_FLOAT32:
    return w == LRT_FLOAT32 || w == LRT_FLOAT16 || w == LRT_BFLOAT16 ||
           (lrt_product_is_integer(w) && w != LRT_INT2);
  case LRT_INT8: return w == LRT_INT8 || w == LRT_INT4;
  case LRT_UINT8: return w == LRT_UINT8;
  case LRT_INT16: return w == LRT_INT8;
  default: return false;
  }
}

static lrt_status emit(lrt_prepare *p, const lrt_conv_window *w, const lrt_product *product) {
  dw_step *s = lrt_prepare_params(p, sizeof *s);
  if (s == NULL) return lrt_prepare_no_memory(p);
  s->bias = lrt_product_operand(p, 2) != NULL;
  s->d = (lrt_dwconv){.a_type = p->inputs[0]->type,
                      .w_type = p->inputs[1]->type,
                      .batch = w->batch,
                      .in_h = w->in_h,
                      .in_w = w->in_w,
                      .channels = w->channels,
                      .multiplier = (int32_t)(product->n / w->channels),
                      .out_h = w->out_h,
                      .out_w = w->out_w,
                      .kernel_h = w->kernel_h,
                      .kernel_w = w->kernel_w,
                      .stride_h = w->stride_h,
                      .stride_w = w->stride_w,
                      .dilation_h = w->dilation_h,
                      .dilation_w = w->dilation_w,
                      .pad_top = w->pad_top,
                      .pad_left = w->pad_left,
                      .ref = p->mode == LRT_OP_REF};
  if (s->d.a_type == LRT_FLOAT32)
    LRT_TRY(set_floats(p, product, s));
  else
    LRT_TRY(set_integers(p, product, &s->d));
  lrt_dwconv_plan(&s->d);
  LRT_TRY(pack(p, s));
  LRT_TRY(
      lrt_prepare_step(p, run_dw, s, lrt_dwconv_tiles(&s->d), lrt_dwconv_scratch(&s->d), s->d.kernel->name));
  lrt_prepare_leads(p);
  return LRT_OK;
}

static lrt_status prepare_depthwise(lrt_prepare *p) {
  const lrt_depthwise_conv_2d_options *options = p->node->options;
  lrt_conv_window w;
  LRT_TRY(lrt_prepare_arity(p, 2, 3, 1));
  const lrt_value *filter = p->inputs[1];
  const lrt_conv_geometry geometry = {options->padding, options->stride_h, options->stride_w,
                                      options->dilation_h_factor, options->dilation_w_factor};
  LRT_TRY(lrt_conv_window_of(p, &geometry, &w));
  const int32_t outputs = filter->shape.dims[3];
  if (filter->shape.dims[0] != 1 || w.channels < 1 || outputs < 1 || outputs % w.channels != 0)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "%d input channels do not fit a filter of %d outputs",
                            w.channels, outputs);
  if (!is_supported(p->inputs[0]->type, filter->type, p->outputs[0]->type) || filter->sparsity != NULL)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED,
                            "input of type %s with %sweights \"%s\" of type %s is not supported",
                            lrt_type_name(p->inputs[0]->type), filter->sparsity != NULL ? "sparse " : "",
                            filter->name, lrt_type_name(filter->type));
  const lrt_shape shape = {4, {w.batch, w.out_h, w.out_w, outputs}};
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  const lrt_product product = {.input = 0,
                               .weights = 1,
                               .bias = 2,
                               .n = outputs,
                               .scale_axis = 3,
                               .activation = options->activation,
                               .float_product = p->inputs[0]->type == LRT_UINT8};
  return lrt_shape_count(&shape) == 0 ? LRT_OK : emit(p, &w, &product);
}

const lrt_op lrt_op_depthwise_conv_2d = {prepare_depthwise, false, 0, false};
