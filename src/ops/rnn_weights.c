/* rnn_weights.c: checks and reads the weights of recurrent operators. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/rnn_weights.h"

#include <math.h>

const lrt_value *lrt_rnn_operand(const lrt_prepare *p, int slot) {
  return slot < 0 || slot >= p->node->input_count ? NULL : p->inputs[slot];
}

static bool is_int8(const lrt_value *value) {
  return value->type == LRT_INT8 || value->type == LRT_UINT8;
}

static lrt_status check_int8(lrt_prepare *p, const lrt_value *value) {
  const lrt_quant *quant = value->quant;
  if (!value->constant)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "int8 weights \"%s\" that are not constant", value->name);
  if (quant->kind != LRT_QUANT_AFFINE || quant->count != 1 || !(quant->scale[0] > 0) ||
      !isfinite(quant->scale[0]))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "weights \"%s\" lack a per-tensor scale", value->name);
  return LRT_OK;
}

static lrt_status wrong_shape(lrt_prepare *p, const lrt_value *value) {
  char text[100];
  return lrt_prepare_fail(p, LRT_INVALID_MODEL, "tensor \"%s\" of shape %s does not fit the other operands",
                          value->name, lrt_shape_text(&value->shape, text, sizeof text));
}

lrt_status lrt_rnn_matrix_read(lrt_prepare *p, int slot, int64_t rows, int64_t cols, bool diagonal,
                               lrt_rnn_matrix *out) {
  const lrt_value *value = lrt_rnn_operand(p, slot);
  *out = (lrt_rnn_matrix){0};
  if (value == NULL) return LRT_OK;
  const lrt_shape *shape = &value->shape;
  const bool vector = diagonal && shape->rank == 1 && rows == cols && shape->dims[0] == rows;
  if (!vector && (shape->rank != 2 || shape->dims[0] != rows || shape->dims[1] != cols))
    return wrong_shape(p, value);
  *out = (lrt_rnn_matrix){.rows = rows, .cols = cols, .diagonal = vector};
  if (value->type == LRT_FLOAT32) return LRT_OK;
  if (!is_int8(value) || vector)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "weights \"%s\" of type %s", value->name,
                            lrt_type_name(value->type));
  LRT_TRY(check_int8(p, value));
  int32_t *sums = lrt_prepare_params(p, (size_t)rows * sizeof *sums);
  if (sums == NULL) return lrt_prepare_no_memory(p);
  lrt_rnn_row_sums(value->data, rows, cols, sums);
  out->i8 = value->data;
  out->sums = sums;
  out->scale = value->quant->scale[0];
  return LRT_OK;
}

lrt_status lrt_rnn_vector_read(lrt_prepare *p, int slot, int64_t count, const float **widened) {
  const lrt_value *value = lrt_rnn_operand(p, slot);
  *widened = NULL;
  if (value == NULL) return LRT_OK;
  if (lrt_shape_count(&value->shape) != count) return wrong_shape(p, value);
  if (value->type == LRT_FLOAT32) return LRT_OK;
  if (!is_int8(value))
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "weights \"%s\" of type %s", value->name,
                            lrt_type_name(value->type));
  LRT_TRY(check_int8(p, value));
  float *out = lrt_prepare_params(p, (size_t)count * sizeof *out);
  if (out == NULL) return lrt_prepare_no_memory(p);
  for (int64_t i = 0; i < count; i++)
    out[i] = (float)((const int8_t *)value->data)[i] * value->quant->scale[0];
  *widened = out;
  return LRT_OK;
}

lrt_status lrt_rnn_state_check(lrt_prepare *p, int slot, lrt_type type, int64_t count) {
  const lrt_value *value = lrt_rnn_operand(p, slot);
  if (value == NULL || !value->variable)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "input %d must be a variable tensor", slot);
  if (value->type != type)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "state \"%s\" of type %s, expected %s", value->name,
                            lrt_type_name(value->type), lrt_type_name(type));
  return lrt_shape_count(&value->shape) == count ? LRT_OK : wrong_shape(p, value);
}

lrt_status lrt_rnn_activation(lrt_prepare *p, int activation, lrt_unary_fn *out) {
  const bool ref = p->mode == LRT_OP_REF;
  switch (activation) {
  case LRT_ACT_NONE: *out = NULL; return LRT_OK;
  case LRT_ACT_RELU: *out = lrt_unary_pick(LRT_UNARY_RELU, LRT_FLOAT32, ref); return LRT_OK;
  case LRT_ACT_RELU_N1_TO_1: *out = lrt_unary_pick(LRT_UNARY_RELU_N1_TO_1, LRT_FLOAT32, ref); return LRT_OK;
  case LRT_ACT_RELU6: *out = lrt_unary_pick(LRT_UNARY_RELU6, LRT_FLOAT32, ref); return LRT_OK;
  case LRT_ACT_TANH: *out = lrt_unary_pick(LRT_UNARY_TANH, LRT_FLOAT32, ref); return LRT_OK;
  default: return lrt_prepare_fail(p, LRT_UNSUPPORTED, "fused activation %d is not supported", activation);
  }
}
