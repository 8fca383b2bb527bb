/* fully_connected.c: FULLY_CONNECTED: rows of the input times a matrix, whatever the weights are stored as. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/product.h"

static lrt_status output_shape(lrt_prepare *p, int64_t rows, int32_t n, int32_t k, bool keep,
                               lrt_shape *out) {
  const lrt_shape *input = &p->inputs[0]->shape;
  if (keep) {
    if (input->rank < 1 || input->dims[input->rank - 1] != k)
      return lrt_prepare_fail(p, LRT_INVALID_MODEL,
                              "the input's last dimension is not %d, as the weights want it", k);
    *out = *input;
    out->dims[out->rank - 1] = n;
    return LRT_OK;
  }
  if (rows > INT32_MAX) return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the input has too many rows");
  *out = (lrt_shape){2, {(int32_t)rows, n}};
  return LRT_OK;
}

static lrt_status prepare_fc(lrt_prepare *p) {
  const lrt_fully_connected_options *options = p->node->options;
  LRT_TRY(lrt_prepare_arity(p, 2, 3, 1));
  const lrt_value *input = p->inputs[0], *weights = p->inputs[1];
  if (options->weights_format != 0)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "weights format %d is not supported",
                            options->weights_format);
  if (weights->shape.rank != 2)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "weights \"%s\" have %d dimensions, expected 2",
                            weights->name, weights->shape.rank);
  const int32_t n = weights->shape.dims[0], k = weights->shape.dims[1];
  const int64_t count = lrt_shape_count(&input->shape);
  if (k < 1 || count < 0 || count % k != 0)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL,
                            "an input of %lld numbers does not fit weights with rows of %d", (long long)count,
                            k);
  lrt_shape shape;
  LRT_TRY(output_shape(p, count / k, n, k, options->keep_num_dims != 0, &shape));
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  const lrt_product product = {.input = 0,
                               .weights = 1,
                               .bias = 2,
                               .rows = {.m = count / k, .taps = 1, .kc = k, .ld = k},
                               .groups = 1,
                               .n = n,
                               .scale_axis = 0,
                               .activation = options->activation,
                               .symmetric = options->asymmetric_quantize_inputs == 0,
                               .quant_rows = count / k,
                               .quant_size = k,
                               .rows_per_scale = 1,
                               .quantized_bias_type = options->quantized_bias_type,
                               .float_product = true,
                               .blocks = true,
                               .real_rule = true};
  return lrt_product_prepare(p, &product);
}

const lrt_op lrt_op_fully_connected = {prepare_fc, false, 0, false};
