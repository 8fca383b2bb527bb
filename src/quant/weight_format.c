/* weight_format.c: rows of floats to floats of another size or to codes and scales. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "quant/weight_format.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/fail.h"
#include "base/half.h"
#include "kernels/scalesearch/scalesearch.h"

/* Codes of one stretch of a long group are made here, then packed. */
enum { MOST_CODES = 4096 };

static bool is_float(const lrt_weight_format *format) {
  return format->type == LRT_FLOAT32 || format->type == LRT_FLOAT16;
}

lrt_status lrt_weight_format_check(const lrt_weight_format *format, int64_t columns, lrt_error *err) {
  if (is_float(format)) return LRT_OK;
  if (format->type != LRT_INT8 && format->type != LRT_INT4)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "weights cannot be stored as %s", lrt_type_name(format->type));
  if (format->block < 0 || format->block % 32 != 0 || format->block > MOST_CODES)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "blocks of %d weights: not a multiple of 32 up to %d",
                    (int)format->block, MOST_CODES);
  if (format->block > 0 && columns % format->block != 0)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "rows of %lld weights do not consist of blocks of %d",
                    (long long)columns, (int)format->block);
  if (format->type == LRT_INT4 && columns % 2 != 0)
    return lrt_fail(err, LRT_INVALID_ARGUMENT, "rows of %lld weights do not fill bytes of two int4 codes",
                    (long long)columns);
  return LRT_OK;
}

uint64_t lrt_weight_code_bytes(const lrt_weight_format *format, int64_t rows, int64_t columns) {
  return (uint64_t)rows * (uint64_t)columns * lrt_type_bits(format->type) / 8;
}

uint64_t lrt_weight_scale_bytes(const lrt_weight_format *format, int64_t rows, int64_t columns) {
  if (is_float(format)) return 0;
  return format->block == 0 ? (uint64_t)rows * 4 : (uint64_t)rows * (uint64_t)(columns / format->block) * 2;
}

static lrt_status check_finite(const float *weights, int64_t rows, int64_t columns, lrt_error *err) {
  for (int64_t i = 0; i < rows * columns; i++)
    if (!isfinite(weights[i]))
      return lrt_fail(err, LRT_INVALID_ARGUMENT, "the weight in row %lld, column %lld is %g",
                      (long long)(i / columns), (long long)(i % columns), (double)weights[i]);
  return LRT_OK;
}

static void add_error(float wanted, float stored, float importance, lrt_weight_error *error) {
  const double off = (double)stored - (double)wanted;
  error->squared += (double)importance * off * off;
  error->squared_weight += (double)importance * (double)wanted * (double)wanted;
}

static float weight_of(const float *importance, int64_t column) {
  return importance == NULL ? 1.0f : importance[column];
}

static void encode_float(const lrt_weight_format *format, const float *weights, const float *importance,
                         int64_t rows, int64_t columns, void *codes, lrt_weight_error *error) {
  const int64_t count = rows * columns;
  if (format->type == LRT_FLOAT32)
    memcpy(codes, weights, (size_t)count * sizeof *weights);
  else
    lrt_half_from_float_array(weights, codes, (size_t)count);
  for (int64_t i = 0; i < count; i++) {
    const float stored = format->type == LRT_FLOAT32 ? weights[i] : lrt_half_to_float(((uint16_t *)codes)[i]);
    add_error(weights[i], stored, weight_of(importance, i % columns), error);
  }
}

static void pack_int4(const int8_t *codes, int64_t count, uint8_t *out) {
  for (int64_t i = 0; i < count / 2; i++)
    out[i] = (uint8_t)((codes[2 * i] & 15) | (codes[2 * i + 1] & 15) << 4);
}

/* The scale by range, as it is stored. */
static float range_scale(const float *w, int64_t count, int32_t high, bool half) {
  float most = 0.0f;
  for (int64_t i = 0; i < count; i++) most = fmaxf(most, fabsf(w[i]));
  float scale = most / (float)high;
  if (half) scale = lrt_half_to_float(lrt_half_from_float(scale));
  return scale > 0.0f && isfinite(scale) && isfinite(1.0f / scale) ? scale : 1.0f;
}

/* Codes of w at a scale. */
static void codes_at(const float *w, int64_t count, float scale, int32_t low, int32_t high, int8_t *codes) {
  const float inverse = 1.0f / scale;
  for (int64_t i = 0; i < count; i++)
    codes[i] = (int8_t)fminf(fmaxf(rintf(w[i] * inverse), (float)low), (float)high);
}

/* One row with a single float32 scale. */
static float encode_row(const lrt_weight_format *format, const float *w, const float *importance,
                        int64_t columns, uint8_t *out, lrt_weight_error *error) {
  const int32_t high = format->type == LRT_INT8 ? 127 : 7;
  const int32_t low = format->type == LRT_INT4 && format->search ? -8 : -high;
  const lrt_scalesearch_range range = {low, high, false};
  int8_t codes[MOST_CODES];
  float scale = 0;
  if (format->search)
    lrt_scalesearch_pick(false)(w, importance, columns, &range, NULL, &scale);
  else
    scale = range_scale(w, columns, high, false);
  for (int64_t at = 0; at < columns; at += MOST_CODES) {
    const int64_t count = columns - at < MOST_CODES ? columns - at : MOST_CODES;
    codes_at(w + at, count, scale, low, high, codes);
    for (int64_t i = 0; i < count; i++)
      add_error(w[at + i], scale * (float)codes[i], weight_of(importance, at + i), error);
    if (format->type == LRT_INT8)
      memcpy(out + at, codes, (size_t)count);
    else
      pack_int4(codes, count, out + at / 2);
  }
  return scale;
}

/* One block with a float16 scale. */
static uint16_t encode_block(const lrt_weight_format *format, const float *w, const float *importance,
                             uint8_t *out, lrt_weight_error *error) {
  const int32_t high = format->type == LRT_INT8 ? 127 : 7;
  const lrt_scalesearch_range range = {format->type == LRT_INT8 ? -127 : -8, high, true};
  int8_t codes[MOST_CODES];
  float scale = 0;
  if (format->search) {
    lrt_scalesearch_pick(false)(w, importance, format->block, &range, codes, &scale);
  } else {
    scale = range_scale(w, format->block, high, true);
    codes_at(w, format->block, scale, range.low, high, codes);
  }
  for (int32_t i = 0; i < format->block; i++)
    add_error(w[i], scale * (float)codes[i], weight_of(importance, i), error);
  if (format->type == LRT_INT8)
    memcpy(out, codes, (size_t)format->block);
  else
    pack_int4(codes, format->block, out);
  return lrt_half_from_float(scale);
}

lrt_status lrt_weight_encode(const lrt_weight_format *format, const float *weights, const float *importance,
                             int64_t rows, int64_t columns, void *codes, void *scales,
                             lrt_weight_error *error, lrt_error *err) {
  LRT_TRY(lrt_weight_format_check(format, columns, err));
  LRT_TRY(check_finite(weights, rows, columns, err));
  if (is_float(format)) {
    encode_float(format, weights, importance, rows, columns, codes, error);
    return LRT_OK;
  }
  const uint64_t row_bytes = lrt_weight_code_bytes(format, 1, columns);
  const int64_t blocks = format->block == 0 ? 1 : columns / format->block;
  for (int64_t r = 0; r < rows; r++) {
    uint8_t *out = (uint8_t *)codes + (uint64_t)r * row_bytes;
    const float *w = weights + r * columns;
    if (format->block == 0) {
      ((float *)scales)[r] = encode_row(format, w, importance, columns, out, error);
      continue;
    }
    for (int64_t b = 0; b < blocks; b++)
      ((uint16_t *)scales)[r * blocks + b] = encode_block(
          format, w + b * format->block, importance == NULL ? NULL : importance + b * format->block,
          out + (uint64_t)b * row_bytes / (uint64_t)blocks, error);
  }
  return LRT_OK;
}
