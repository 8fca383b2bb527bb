/* fully_connected.c: FULLY_CONNECTED: rows of the input times a matrix, whatever the weights are stored as. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/densify.h"
#include "ops/fused_activation.h"
#include "ops/movement.h"
#include "ops/product.h"

/* Values of weights_format. */
enum { WEIGHTS_PLAIN = 0, WEIGHTS_SHUFFLED = 1 };

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

/* The node's steps shall read this value in place of the file's weights. */
static lrt_status replace_weights(lrt_prepare *p, const lrt_value *weights) {
  lrt_value **inputs = lrt_prepare_params(p, (size_t)p->node->input_count * sizeof *inputs);
  lrt_value *own = lrt_prepare_params(p, sizeof *own);
  if (inputs == NULL || own == NULL) return lrt_prepare_no_memory(p);
  for (int32_t i = 0; i < p->node->input_count; i++) inputs[i] = p->inputs[i];
  *own = *weights;
  inputs[1] = own;
  p->inputs = inputs;
  return LRT_OK;
}

/* Shuffled weights are blocks of 4 rows by 16 columns, a block's rows one after the other, with the sign bit flipped:
 * as signed bytes they are the weights around 0. */
static void fill_rows(void *out, const void *arg) {
  const lrt_value *weights = arg;
  const int64_t n = weights->shape.dims[0], k = weights->shape.dims[1];
  const uint8_t *block = weights->data;
  for (int64_t row = 0; row < n; row += 4)
    for (int64_t column = 0; column < k; column += 16)
      for (int64_t i = 0; i < 4; i++, block += 16)
        for (int64_t c = 0; c < 16; c++) ((uint8_t *)out)[(row + i) * k + column + c] = block[c] ^ 0x80;
}

/* uint8 rows of 16-bit products around 128; output 1 is room for the input in the kernel's order, which is not needed
 * here. */
static lrt_status prepare_shuffled(lrt_prepare *p) {
  const lrt_value *input = p->inputs[0], *weights = p->inputs[1];
  const lrt_shape *shape = &weights->shape;
  if (input->type != LRT_UINT8 || weights->type != LRT_UINT8 || p->outputs[0]->type != LRT_INT16 ||
      !weights->constant || shape->rank != 2 || shape->dims[0] % 4 != 0 || shape->dims[1] % 16 != 0)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED,
                            "shuffled weights \"%s\" that are not constant uint8 blocks of 4 x 16",
                            weights->name);
  LRT_TRY(lrt_prepare_quantized(p, input));
  LRT_TRY(lrt_prepare_quantized(p, weights));
  if (input->quant->zero_point[0] != 128 || weights->quant->zero_point[0] != 128)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "shuffled weights need zero points of 128");
  const lrt_weights_key key = {weights->data, "rows of shuffled", {shape->dims[0], shape->dims[1], 0, 0}};
  const void *kept = NULL;
  lrt_value rows = *weights;
  LRT_TRY(lrt_weights_get(p->weights, &key, weights->bytes, fill_rows, weights, &kept, p->err));
  rows.data = (void *)(uintptr_t)kept; /* constants are never written */
  if (p->outputs[1] != NULL) {
    LRT_TRY(lrt_moved_output_type(p, 1, LRT_UINT8));
    LRT_TRY(lrt_prepare_shape(p, 1, &input->shape));
    LRT_TRY(lrt_prepare_copy(p, 0, 1));
  }
  return replace_weights(p, &rows);
}

static lrt_status prepare_sparse(lrt_prepare *p) {
  lrt_value dense;
  LRT_TRY(lrt_densify_constant(p, p->inputs[1], &dense));
  return replace_weights(p, &dense);
}

typedef struct empty_rows {
  int64_t n;
  float lo, hi;
  bool has_bias;
} empty_rows;

static lrt_status run_empty_rows(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const empty_rows *e = step->params;
  const float *bias = e->has_bias ? step->inputs[2]->data : NULL;
  float *out = step->outputs[0]->data; /* [rows][n] */
  (void)run;
  for (int64_t i = begin * e->n; i < end * e->n; i++) {
    const float sum = bias != NULL ? bias[i % e->n] : 0.0f;
    out[i] = sum < e->lo ? e->lo : sum > e->hi ? e->hi : sum;
  }
  return LRT_OK;
}

/* Sums of nothing: rows of 0 numbers give the bias. */
static lrt_status prepare_empty_rows(lrt_prepare *p, int32_t n) {
  const lrt_fully_connected_options *options = p->node->options;
  const lrt_shape *input = &p->inputs[0]->shape;
  lrt_shape rows = *input, shape;
  if (input->rank < 1 || input->dims[input->rank - 1] != 0 || p->inputs[0]->type != LRT_FLOAT32 ||
      p->outputs[0]->type != LRT_FLOAT32)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "weights \"%s\" are empty", p->inputs[1]->name);
  rows.rank--;
  if (lrt_shape_count(&rows) < 0)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the input has too many rows");
  LRT_TRY(output_shape(p, lrt_shape_count(&rows), n, 0, options->keep_num_dims != 0, &shape));
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  LRT_TRY(lrt_product_check_bias(p, 2, n, LRT_FLOAT32, LRT_FLOAT32));
  empty_rows *e = lrt_prepare_params(p, sizeof *e);
  if (e == NULL) return lrt_prepare_no_memory(p);
  e->n = n;
  e->has_bias = lrt_product_operand(p, 2) != NULL;
  LRT_TRY(lrt_fused_activation(p, options->activation, &e->lo, &e->hi));
  return lrt_prepare_step(p, run_empty_rows, e, lrt_shape_count(&rows), 0, "bias rows");
}

static lrt_status prepare_fc(lrt_prepare *p) {
  const lrt_fully_connected_options *options = p->node->options;
  const bool shuffled = options->weights_format == WEIGHTS_SHUFFLED;
  LRT_TRY(lrt_prepare_arity(p, 2, 3, shuffled && p->node->output_count == 2 ? 2 : 1));
  if (options->weights_format != WEIGHTS_PLAIN && !shuffled)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "weights format %d is not supported",
                            options->weights_format);
  if (p->inputs[1]->sparsity != NULL)
    LRT_TRY(prepare_sparse(p));
  else if (shuffled)
    LRT_TRY(prepare_shuffled(p));
  const lrt_value *input = p->inputs[0], *weights = p->inputs[1];
  if (weights->shape.rank != 2)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "weights \"%s\" have %d dimensions, expected 2",
                            weights->name, weights->shape.rank);
  const int32_t n = weights->shape.dims[0], k = weights->shape.dims[1];
  const int64_t count = lrt_shape_count(&input->shape);
  if (k == 0 && count == 0) return prepare_empty_rows(p, n);
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
                               .words = true,
                               .old_hybrid = !shuffled,
                               .real_rule = true,
                               .fixed_rule = shuffled};
  return lrt_product_prepare(p, &product);
}

const lrt_op lrt_op_fully_connected = {prepare_fc, false, 0, false};
