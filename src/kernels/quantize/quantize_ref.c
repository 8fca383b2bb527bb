/* quantize_ref.c: quantize, requantize, dequantize and sub-byte packing, element by element in blocks. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "base/half.h"
#include "kernels/elementwise/ew_unary.h"
#include "kernels/quantize/half_convert.h"
#include "kernels/quantize/quantize.h"
#include "kernels/quantize/quantize_rows.h"

enum { BLOCK = 256 };

static bool type_range(lrt_type type, int32_t *low, int32_t *high) {
  switch (type) {
  case LRT_INT8: *low = INT8_MIN, *high = INT8_MAX; return true;
  case LRT_UINT8: *low = 0, *high = UINT8_MAX; return true;
  case LRT_INT16: *low = INT16_MIN, *high = INT16_MAX; return true;
  case LRT_INT32: *low = INT32_MIN, *high = INT32_MAX; return true;
  case LRT_INT4: *low = -8, *high = 7; return true;
  case LRT_UINT4: *low = 0, *high = 15; return true;
  case LRT_INT2: *low = -2, *high = 1; return true;
  default: return false;
  }
}

/* ---- sub-byte ---- */

bool lrt_unpack_bits(const void *in_, lrt_type type, int64_t first, int8_t *out, int64_t count) {
  const uint8_t *in = in_;
  if (type == LRT_INT4 && first % 2 == 0) {
    const int64_t pairs = count / 2;
    const uint8_t *from = in + first / 2;
    for (int64_t i = 0; i < pairs; i++) {
      out[2 * i] = (int8_t)(((from[i] & 15) ^ 8) - 8);
      out[2 * i + 1] = (int8_t)(((from[i] >> 4) ^ 8) - 8);
    }
    if (count % 2) out[count - 1] = (int8_t)(((from[pairs] & 15) ^ 8) - 8);
  } else if (type == LRT_INT4) {
    for (int64_t i = 0, at = first; i < count; i++, at++)
      out[i] = (int8_t)(((in[at >> 1] >> (4 * (at & 1)) & 15) ^ 8) - 8);
  } else if (type == LRT_UINT4) {
    for (int64_t i = 0, at = first; i < count; i++, at++)
      out[i] = (int8_t)(in[at >> 1] >> (4 * (at & 1)) & 15);
  } else if (type == LRT_INT2) {
    for (int64_t i = 0, at = first; i < count; i++, at++)
      out[i] = (int8_t)(((in[at >> 2] >> (2 * (at & 3)) & 3) ^ 2) - 2);
  } else {
    return false;
  }
  return true;
}

bool lrt_pack_bits(const int8_t *in, lrt_type type, void *out_, int64_t first, int64_t count) {
  uint8_t *out = out_;
  if (type != LRT_INT4 && type != LRT_UINT4 && type != LRT_INT2) return false;
  const int bits = type == LRT_INT2 ? 2 : 4, per_byte = 8 / bits, field = (1 << bits) - 1;
  for (int64_t i = 0; i < count; i++) {
    const int64_t at = first + i;
    const int shift = (int)(at % per_byte) * bits;
    const int byte = shift == 0 ? 0 : out[at / per_byte] & ~(field << shift);
    out[at / per_byte] = (uint8_t)(byte | (in[i] & field) << shift);
  }
  return true;
}

/* ---- quantize ---- */

static int32_t round_away(float x, float scale, int32_t zero, int32_t low, int32_t high) {
  const double q = (double)roundf(x / scale) + zero;
  return !(q > low) ? low : q > high ? high : (int32_t)q;
}

/* Halves to even. */
static void quantize_even(const float *in, float inverse, int32_t zero, int32_t low, int32_t high,
                          int32_t *out, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const double q = (double)rintf(in[i] * inverse) + zero;
    out[i] = !(q > low) ? low : q > high ? high : (int32_t)q;
  }
}

/* A block that lies within one channel. */
static void quantize_block(const float *in, float scale, int32_t zero, int32_t low, int32_t high, bool ref,
                           int32_t *out, int64_t n) {
  if (ref) {
    for (int64_t i = 0; i < n; i++) out[i] = round_away(in[i], scale, zero, low, high);
  } else {
    quantize_even(in, 1.0f / scale, zero, low, high, out, n);
  }
}

static void store_block(const int32_t *v, void *out, lrt_type type, int64_t first, int64_t n) {
  int8_t bytes[BLOCK];
  switch (type) {
  case LRT_INT8:
  case LRT_UINT8:
    for (int64_t i = 0; i < n; i++) ((uint8_t *)out)[first + i] = (uint8_t)v[i];
    break;
  case LRT_INT16:
    for (int64_t i = 0; i < n; i++) ((int16_t *)out)[first + i] = (int16_t)v[i];
    break;
  case LRT_INT32: memcpy((int32_t *)out + first, v, (size_t)n * sizeof *v); break;
  default:
    for (int64_t i = 0; i < n; i++) bytes[i] = (int8_t)v[i];
    lrt_pack_bits(bytes, type, out, first, n);
  }
}

/* The channel of element `at` and how many elements follow in it, at most `limit`. */
static int64_t channel_run(const lrt_quantize_scale *q, int64_t at, int64_t limit, int64_t *channel) {
  *channel = 0;
  if (q->count <= 1) return limit;
  *channel = at / q->inner % q->count;
  const int64_t left = q->inner - at % q->inner;
  return left < limit ? left : limit;
}

const lrt_quantize_level lrt_quantize_levels[] = {
#define LRT_QUANTIZE_LEVEL(suffix, level_)                                                                   \
  {#suffix,                                                                                                  \
   LRT_CPU_##level_,                                                                                         \
   lrt_quantize_i8__##suffix,                                                                                \
   lrt_quantize_u8__##suffix,                                                                                \
   lrt_quantize_i16__##suffix,                                                                               \
   lrt_dequantize_i8__##suffix,                                                                              \
   lrt_dequantize_u8__##suffix,                                                                              \
   lrt_dequantize_i16__##suffix},
#include "kernels/quantize/quantize.def"
#undef LRT_QUANTIZE_LEVEL
};
const int lrt_quantize_level_count = (int)(sizeof lrt_quantize_levels / sizeof lrt_quantize_levels[0]);

const lrt_quantize_level *lrt_quantize_pick(void) {
  const lrt_quantize_level *level = lrt_quantize_levels;
  while (!lrt_cpu_has((lrt_cpu_level)level->level)) level++;
  return level;
}

static bool is_near(int32_t zero) {
  return zero >= INT16_MIN && zero <= UINT16_MAX;
}

/* Rows of one scale in the fast form, or NULL. */
static lrt_quantize_row_fn *quantize_row(lrt_type type) {
  const lrt_quantize_level *level = lrt_quantize_pick();
  return type == LRT_INT8    ? level->to_i8
         : type == LRT_UINT8 ? level->to_u8
         : type == LRT_INT16 ? level->to_i16
                             : NULL;
}
static lrt_dequantize_row_fn *dequantize_row(lrt_type type) {
  const lrt_quantize_level *level = lrt_quantize_pick();
  return type == LRT_INT8    ? level->from_i8
         : type == LRT_UINT8 ? level->from_u8
         : type == LRT_INT16 ? level->from_i16
                             : NULL;
}

bool lrt_quantize(const float *in, const lrt_quantize_scale *q, void *out, lrt_type out_type, bool ref,
                  int64_t begin, int64_t end) {
  int32_t low, high, block[BLOCK];
  lrt_quantize_row_fn *row = ref ? NULL : quantize_row(out_type);
  if (!type_range(out_type, &low, &high)) return false;
  while (begin < end) {
    int64_t c;
    const int64_t most = row == NULL && end - begin > BLOCK ? BLOCK : end - begin;
    const int64_t n = channel_run(q, begin, most, &c);
    const int32_t zero = q->zero_point ? q->zero_point[c] : 0;
    if (row != NULL && is_near(zero)) {
      row(in + begin, 1.0f / q->scale[c], zero, low, high,
          (char *)out + begin * (out_type == LRT_INT16 ? 2 : 1), n);
      begin += n;
      continue;
    }
    const int64_t part = n < BLOCK ? n : BLOCK;
    quantize_block(in + begin, q->scale[c], zero, low, high, ref, block, part);
    store_block(block, out, out_type, begin, part);
    begin += part;
  }
  return true;
}

/* ---- quantized sources ---- */

static bool load_block(const void *in, lrt_type type, int64_t first, int32_t *out, int64_t n) {
  int8_t bytes[BLOCK];
  switch (type) {
  case LRT_INT8:
    for (int64_t i = 0; i < n; i++) out[i] = ((const int8_t *)in)[first + i];
    return true;
  case LRT_UINT8:
    for (int64_t i = 0; i < n; i++) out[i] = ((const uint8_t *)in)[first + i];
    return true;
  case LRT_INT16:
    for (int64_t i = 0; i < n; i++) out[i] = ((const int16_t *)in)[first + i];
    return true;
  case LRT_INT32: memcpy(out, (const int32_t *)in + first, (size_t)n * sizeof *out); return true;
  default:
    if (!lrt_unpack_bits(in, type, first, bytes, n)) return false;
    for (int64_t i = 0; i < n; i++) out[i] = bytes[i];
    return true;
  }
}

/* What an operator of this kind needs to know about both sides. */
typedef struct rescale {
  int32_t in_zero, out_zero, low, high;
  lrt_multiplier m;
} rescale;

static int32_t rescaled(const rescale *r, int32_t x) {
  const int64_t v = (int64_t)lrt_multiplier_apply(lrt_fixed_sub(x, r->in_zero), r->m) + r->out_zero;
  return v < r->low ? r->low : v > r->high ? r->high : (int32_t)v;
}

bool lrt_requantize(const void *in, lrt_type in_type, float in_scale, int32_t in_zero, void *out,
                    lrt_type out_type, float out_scale, int32_t out_zero, size_t count) {
  rescale r = {in_zero, out_zero, 0, 0, lrt_multiplier_make((double)in_scale / (double)out_scale)};
  int32_t block[BLOCK], table[256];
  if (!type_range(out_type, &r.low, &r.high)) return false;
  /* 8-bit inputs have so few values that longer rows are looked up. */
  const bool look_up = (in_type == LRT_INT8 || in_type == LRT_UINT8) && count > 512;
  if (look_up) {
    for (int32_t x = 0; x < 256; x++) table[x] = rescaled(&r, in_type == LRT_INT8 ? (int8_t)x : x);
  }
  if (look_up && (out_type == LRT_INT8 || out_type == LRT_UINT8)) {
    uint8_t bytes[256];
    for (int x = 0; x < 256; x++) bytes[x] = (uint8_t)table[x];
    lrt_unary_lut8(bytes, in, out, count);
    return true;
  }
  for (int64_t at = 0; at < (int64_t)count; at += BLOCK) {
    const int64_t n = (int64_t)count - at < BLOCK ? (int64_t)count - at : BLOCK;
    if (look_up) {
      for (int64_t i = 0; i < n; i++) block[i] = table[((const uint8_t *)in)[at + i]];
    } else {
      if (!load_block(in, in_type, at, block, n)) return false;
      for (int64_t i = 0; i < n; i++) block[i] = rescaled(&r, block[i]);
    }
    store_block(block, out, out_type, at, n);
  }
  return true;
}

static bool dequantize_float(const void *in, lrt_type type, float *out, int64_t begin, int64_t end) {
  const uint16_t *words = in;
  const uint8_t *bytes = in;
  for (int64_t i = begin; i < end; i++) {
    switch (type) {
    case LRT_FLOAT16: out[i] = lrt_half_to_float(words[i]); break;
    case LRT_BFLOAT16: out[i] = lrt_bfloat16_to_float(words[i]); break;
    case LRT_FLOAT8_E4M3FN: out[i] = lrt_float8_e4m3fn_to_float(bytes[i]); break;
    case LRT_FLOAT8_E5M2: out[i] = lrt_float8_e5m2_to_float(bytes[i]); break;
    default: return false;
    }
  }
  return true;
}

bool lrt_dequantize(const void *in, lrt_type in_type, const lrt_quantize_scale *q, float *out, int64_t begin,
                    int64_t end) {
  int32_t low, high, block[BLOCK];
  if (in_type == LRT_FLOAT16) {
    lrt_half_widen((const uint16_t *)in + begin, out + begin, (size_t)(end - begin));
    return true;
  }
  if (!type_range(in_type, &low, &high)) return dequantize_float(in, in_type, out, begin, end);
  lrt_dequantize_row_fn *row = dequantize_row(in_type);
  while (begin < end) {
    int64_t c;
    const int64_t run = channel_run(q, begin, end - begin, &c), n = run < BLOCK ? run : BLOCK;
    const float scale = q->scale[c];
    const int32_t zero = q->zero_point ? q->zero_point[c] : 0;
    if (row != NULL && is_near(zero)) {
      row((const char *)in + begin * (in_type == LRT_INT16 ? 2 : 1), zero, scale, out + begin, run);
      begin += run;
      continue;
    }
    load_block(in, in_type, begin, block, n);
    for (int64_t i = 0; i < n; i++) out[begin + i] = (float)lrt_fixed_sub(block[i], zero) * scale;
    begin += n;
  }
  return true;
}

bool lrt_dequantize_blockwise(const void *in, lrt_type in_type, int64_t first, const uint16_t *scales,
                              const int32_t *zero_points, int64_t block, float *out, int64_t count) {
  int32_t values[BLOCK];
  for (int64_t at = 0; at < count;) {
    const int64_t b = at / block, left = block - at % block;
    int64_t n = count - at < left ? count - at : left;
    if (n > BLOCK) n = BLOCK;
    if (!load_block(in, in_type, first + at, values, n)) return false;
    const float scale = lrt_half_to_float(scales[b]);
    const int32_t zero = zero_points ? zero_points[b] : 0;
    for (int64_t i = 0; i < n; i++) out[at + i] = (float)lrt_fixed_sub(values[i], zero) * scale;
    at += n;
  }
  return true;
}

void lrt_fake_quantize(const float *in, float *out, size_t count, float low, float high, int bits,
                       bool narrow_range) {
  const float q_low = narrow_range ? 1.0f : 0.0f, q_high = (float)((1 << bits) - 1);
  const float scale = (high - low) / (q_high - q_low), from_low = q_low - low / scale;
  const float zero = from_low < q_low ? q_low : from_low > q_high ? q_high : roundf(from_low);
  const float nudged_low = (q_low - zero) * scale, nudged_high = (q_high - zero) * scale,
              inverse = 1.0f / scale;
  for (size_t i = 0; i < count; i++) {
    float v = in[i] < nudged_low ? nudged_low : in[i];
    v = v > nudged_high ? nudged_high : v;
    out[i] = roundf((v - nudged_low) * inverse) * scale + nudged_low;
  }
}
