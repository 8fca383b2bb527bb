/* product_quant.c: scales, zero points and bias of products: checks and per-output requantization. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <float.h>

#include "ops/fused_activation.h"
#include "ops/product.h"

lrt_status lrt_product_check_bias(lrt_prepare *p, int bias, int64_t count, lrt_type type, lrt_type other) {
  const lrt_value *value = lrt_product_operand(p, bias);
  if (value == NULL) return LRT_OK;
  if (value->type != type && value->type != other)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "bias \"%s\" of type %s is not supported here", value->name,
                            lrt_type_name(value->type));
  if (lrt_shape_count(&value->shape) != count)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "bias \"%s\" holds %lld numbers, expected %lld",
                            value->name, (long long)lrt_shape_count(&value->shape), (long long)count);
  return LRT_OK;
}

lrt_status lrt_product_scales(lrt_prepare *p, const lrt_product *product, int64_t count, const float **out) {
  const lrt_value *weights = p->inputs[product->weights];
  const lrt_quant *quant = weights->quant;
  if (quant->kind != LRT_QUANT_AFFINE || (quant->count != 1 && quant->count != count) ||
      (quant->count != 1 && quant->dimension != product->scale_axis))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "weights \"%s\" lack one scale, or one per output",
                            weights->name);
  for (int32_t i = 0; i < quant->count; i++) {
    if (!(quant->scale[i] >= 0 && quant->scale[i] <= FLT_MAX))
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "weights \"%s\" have a scale that is no number",
                              weights->name);
    if (quant->zero_point[i] < INT8_MIN || quant->zero_point[i] > UINT8_MAX)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "weights \"%s\" have the zero point %d", weights->name,
                              quant->zero_point[i]);
  }
  if (quant->count == count) {
    *out = quant->scale;
    return LRT_OK;
  }
  float *scales = lrt_prepare_params(p, (size_t)count * sizeof *scales);
  if (scales == NULL) return lrt_prepare_no_memory(p);
  for (int64_t i = 0; i < count; i++) scales[i] = quant->scale[0];
  *out = scales;
  return LRT_OK;
}

/* Only weights with a single scale may have a zero point, and not all types of them. */
static lrt_status check_zero_points(lrt_prepare *p, const lrt_value *input, const lrt_value *weights) {
  const bool small = weights->type == LRT_INT4 || weights->type == LRT_INT2 || input->type == LRT_INT16;
  for (int32_t i = 0; i < weights->quant->count; i++)
    if (weights->quant->zero_point[i] != 0 && (weights->quant->count > 1 || small))
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "weights \"%s\" have a zero point other than 0",
                              weights->name);
  const int32_t zero = weights->quant->zero_point[0];
  if (weights->type == LRT_UINT8 ? zero < 0 || zero > 255 : zero < -128 || zero > 127)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "zero point %d of \"%s\" is outside its type", zero,
                            weights->name);
  return LRT_OK;
}

static lrt_status check_activations(lrt_prepare *p, const lrt_value *value) {
  LRT_TRY(lrt_prepare_quantized(p, value));
  const int32_t zero = value->quant->zero_point[0];
  const int32_t low = value->type == LRT_INT8 ? -128 : 0;
  const int32_t high = value->type == LRT_INT8 ? 127 : value->type == LRT_UINT8 ? 255 : 0;
  if (zero < low || zero > high)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "zero point %d of tensor \"%s\" is outside %d to %d", zero,
                            value->name, low, high);
  return LRT_OK;
}

lrt_status lrt_product_rescale_make(lrt_prepare *p, const lrt_product *product, int64_t count,
                                    lrt_product_rescale *out) {
  const lrt_value *input = p->inputs[product->input], *weights = p->inputs[product->weights];
  const float *scales = NULL;
  LRT_TRY(check_activations(p, input));
  LRT_TRY(check_activations(p, p->outputs[0]));
  LRT_TRY(lrt_product_scales(p, product, count, &scales));
  LRT_TRY(check_zero_points(p, input, weights));
  LRT_TRY(lrt_fused_activation_quantized(p, product->activation, p->outputs[0], &out->lo, &out->hi));
  out->mult = lrt_prepare_params(p, (size_t)count * sizeof *out->mult);
  out->shift = lrt_prepare_params(p, (size_t)count * sizeof *out->shift);
  out->scale = lrt_prepare_params(p, (size_t)count * sizeof *out->scale);
  out->real = lrt_prepare_params(p, (size_t)count * sizeof *out->real);
  if (out->mult == NULL || out->shift == NULL || out->scale == NULL || out->real == NULL)
    return lrt_prepare_no_memory(p);
  const float sx = input->quant->scale[0], sy = p->outputs[0]->quant->scale[0];
  const bool in_float = weights->quant->count == 1 && product->float_product;
  for (int64_t i = 0; i < count; i++) {
    const double both = in_float ? (double)(sx * scales[i]) : (double)sx * (double)scales[i];
    const double real = both / (double)sy;
    const lrt_multiplier m = lrt_multiplier_make(real);
    if (!(real <= (double)INT32_MAX))
      return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the scale of output \"%s\" is too small",
                              p->outputs[0]->name);
    if (m.shift > 7 && p->outputs[0]->type == LRT_INT16) /* the 64-bit rule ends there */
      return lrt_prepare_fail(p, LRT_UNSUPPORTED, "the output's scale is too small for int16 (tensor \"%s\")",
                              p->outputs[0]->name);
    out->mult[i] = m.q;
    out->shift[i] = m.shift;
    out->scale[i] = (float)real;
    out->real[i] = (double)sx * (double)scales[i] / (double)sy;
  }
  return LRT_OK;
}
