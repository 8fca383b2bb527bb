/* embedding_lookup.c: EMBEDDING_LOOKUP: rows of a table by index, widened to floats where the table is quantized. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/half.h"
#include "kernels/quantize/quantize.h"
#include "ops/op.h"

typedef struct lookup_step {
  int64_t rows, count; /* of the table: rows of so many elements */
  const float *scales; /* NULL = copied as they are */
  int32_t scale_step;  /* 0: one scale for all rows, 1: one each */
  int32_t zero;
  const lrt_value *block_scales; /* f16 [rows][count / block], NULL = not blockwise */
  int64_t block;
} lookup_step;

#define CHUNK 64

static void widen_row(const lookup_step *s, const lrt_value *table, int64_t row, float *out) {
  int8_t q[CHUNK];
  const float scale = s->scales[row * s->scale_step];
  for (int64_t i = 0; i < s->count; i += CHUNK) {
    const int64_t count = s->count - i < CHUNK ? s->count - i : CHUNK, first = row * s->count + i;
    if (table->type == LRT_INT8 || table->type == LRT_UINT8) /* old files say uint8 of int8 tables */
      memcpy(q, (const int8_t *)table->data + first, (size_t)count);
    else
      lrt_unpack_bits(table->data, table->type, first, q, count);
    for (int64_t k = 0; k < count; k++) out[i + k] = (float)(q[k] - s->zero) * scale;
  }
}

static void lookup_row(const lookup_step *s, const lrt_value *table, int64_t row, int64_t at, lrt_value *out,
                       float *scratch) {
  if (s->scales == NULL && s->block_scales == NULL) {
    const size_t bytes = (size_t)s->count * (lrt_type_bits(table->type) / 8);
    memcpy((char *)out->data + (size_t)at * bytes, (const char *)table->data + (size_t)row * bytes, bytes);
    return;
  }
  float *to = out->type == LRT_FLOAT32 ? (float *)out->data + at * s->count : scratch;
  if (s->block_scales != NULL) {
    const uint16_t *scales = (const uint16_t *)s->block_scales->data + row * (s->count / s->block);
    lrt_dequantize_blockwise(table->data, table->type, row * s->count, scales, NULL, s->block, to, s->count);
  } else {
    widen_row(s, table, row, to);
  }
  if (to == scratch)
    lrt_half_from_float_array(scratch, (uint16_t *)out->data + at * s->count, (size_t)s->count);
}

static lrt_status run_lookup(const lrt_step *step, const lrt_step_run *run, int64_t begin, int64_t end) {
  const lookup_step *s = step->params;
  const int32_t *indices = step->inputs[0]->data;
  for (int64_t i = begin; i < end; i++) {
    if (indices[i] < 0 || indices[i] >= s->rows)
      return lrt_fail(run->err, LRT_RUN_FAILED,
                      "EMBEDDING_LOOKUP: index %d is outside the table \"%s\" of %lld rows", indices[i],
                      step->inputs[1]->name, (long long)s->rows);
    lookup_row(s, step->inputs[1], indices[i], i, step->outputs[0], lrt_step_scratch(step, run));
  }
  return LRT_OK;
}

static lrt_status set_blocks(lrt_prepare *p, lookup_step *s) {
  const lrt_value *table = p->inputs[1], *scales = table->block_scales;
  const int64_t block = table->quant->block_size;
  if (table->quant->kind != LRT_QUANT_BLOCKWISE || block < 1 || s->count % block != 0 || scales == NULL ||
      scales->type != LRT_FLOAT16 || !scales->shaped ||
      !(scales->constant || (scales->readable && !p->running)) ||
      lrt_shape_count(&scales->shape) != s->rows * (s->count / block) ||
      table->quant->zero_points_tensor >= 0)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "table \"%s\" lacks one constant float16 scale per block",
                            table->name);
  s->block = block;
  s->block_scales = scales;
  return LRT_OK;
}

static lrt_status set_scales(lrt_prepare *p, lookup_step *s) {
  const lrt_value *table = p->inputs[1];
  const lrt_quant *quant = table->quant;
  if (table->type != LRT_INT8 && table->type != LRT_UINT8 && table->type != LRT_INT4 &&
      table->type != LRT_INT2)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "table \"%s\" of type %s cannot be widened to %s",
                            table->name, lrt_type_name(table->type), lrt_type_name(p->outputs[0]->type));
  if (quant->kind == LRT_QUANT_BLOCKWISE && table->type != LRT_UINT8) return set_blocks(p, s);
  if (quant->kind != LRT_QUANT_AFFINE ||
      (quant->count != 1 && (quant->count != s->rows || quant->dimension != 0)))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "table \"%s\" lacks one scale, or one per row",
                            table->name);
  for (int32_t i = 1; i < quant->count; i++)
    if (quant->zero_point[i] != quant->zero_point[0])
      return lrt_prepare_fail(p, LRT_UNSUPPORTED, "table \"%s\" has several zero points", table->name);
  if (quant->zero_point[0] < -128 || quant->zero_point[0] > 255)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "table \"%s\" has a zero point outside its type",
                            table->name);
  s->scales = quant->scale;
  s->scale_step = quant->count > 1;
  s->zero = quant->zero_point[0];
  return LRT_OK;
}

static lrt_status prepare_lookup(lrt_prepare *p) {
  static const int index_types[] = {LRT_INT32, -1};
  LRT_TRY(lrt_prepare_arity(p, 2, 2, 1));
  LRT_TRY(lrt_prepare_types(p, 0, index_types));
  const lrt_value *table = p->inputs[1], *out = p->outputs[0];
  if (p->inputs[0]->shape.rank != 1 || table->shape.rank < 2)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL,
                            "indices of rank %d and table of rank %d, expected 1 and at least 2",
                            p->inputs[0]->shape.rank, table->shape.rank);
  lookup_step *s = lrt_prepare_params(p, sizeof *s);
  if (s == NULL) return lrt_prepare_no_memory(p);
  lrt_shape shape = table->shape;
  shape.dims[0] = p->inputs[0]->shape.dims[0];
  LRT_TRY(lrt_prepare_shape(p, 0, &shape));
  s->rows = table->shape.dims[0];
  s->count = 1;
  for (int i = 1; i < shape.rank; i++) s->count *= shape.dims[i];
  if (table->type == out->type) {
    if (lrt_type_bits(table->type) < 8 || table->type == LRT_STRING)
      return lrt_prepare_fail(p, LRT_UNSUPPORTED, "type %s is not supported", lrt_type_name(table->type));
  } else if (out->type == LRT_FLOAT32 || out->type == LRT_FLOAT16) {
    LRT_TRY(set_scales(p, s));
  } else {
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "type %s with output of type %s is not supported",
                            lrt_type_name(table->type), lrt_type_name(out->type));
  }
  const size_t scratch =
      out->type == LRT_FLOAT16 && table->type != LRT_FLOAT16 ? (size_t)s->count * sizeof(float) : 0;
  return lrt_prepare_step(p, run_lookup, s, shape.dims[0], scratch, "embedding_lookup");
}

const lrt_op lrt_op_embedding_lookup = {prepare_lookup, false, 0, false};
