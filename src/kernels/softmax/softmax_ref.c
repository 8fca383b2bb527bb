/* softmax_ref.c: softmax and log-softmax of f32 and quantized rows, exact forms; the norms. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "kernels/requant/fixed_math.h"
#include "kernels/requant/lut.h"
#include "kernels/softmax/softmax_decl.h"

static float row_max(const float *x, int64_t n) {
  float max = -INFINITY;
  for (int64_t i = 0; i < n; i++) max = max < x[i] ? x[i] : max;
  return max;
}

void lrt_softmax_f32__ref(const float *in, float *out, int64_t depth, float beta, int64_t begin,
                          int64_t end) {
  for (int64_t row = begin; row < end; row++) {
    const float *x = in + row * depth, max = row_max(x, depth);
    float *y = out + row * depth, sum = 0.0f;
    for (int64_t i = 0; i < depth; i++) sum += y[i] = expf((x[i] - max) * beta);
    for (int64_t i = 0; i < depth; i++) y[i] /= sum;
  }
}

void lrt_log_softmax_f32__ref(const float *in, float *out, int64_t depth, float beta, int64_t begin,
                              int64_t end) {
  (void)beta;
  for (int64_t row = begin; row < end; row++) {
    const float *x = in + row * depth, max = row_max(x, depth);
    float *y = out + row * depth, sum = 0.0f;
    for (int64_t i = 0; i < depth; i++) sum += expf(x[i] - max);
    const float log_sum = logf(sum);
    for (int64_t i = 0; i < depth; i++) y[i] = x[i] - max - log_sum;
  }
}

/* ---- quantized ---- */

static int32_t load(const void *in, lrt_type type, int64_t i) {
  return type == LRT_INT8    ? ((const int8_t *)in)[i]
         : type == LRT_UINT8 ? ((const uint8_t *)in)[i]
                             : ((const int16_t *)in)[i];
}
static void store(void *out, lrt_type type, int64_t i, int32_t v) {
  if (type == LRT_INT16)
    ((int16_t *)out)[i] = (int16_t)v;
  else
    ((uint8_t *)out)[i] = (uint8_t)v;
}
static void limits(lrt_type type, int32_t *low, int32_t *high) {
  *low = type == LRT_INT8 ? INT8_MIN : type == LRT_UINT8 ? 0 : INT16_MIN;
  *high = type == LRT_INT8 ? INT8_MAX : type == LRT_UINT8 ? UINT8_MAX : INT16_MAX;
}
static int32_t quant_max(const void *in, lrt_type type, int64_t first, int64_t depth) {
  int32_t max = INT32_MIN;
  for (int64_t i = 0; i < depth; i++) {
    const int32_t v = load(in, type, first + i);
    max = v > max ? v : max;
  }
  return max;
}

static double fn_exp(double x, const void *p) {
  return (void)p, exp(x);
}
static double fn_recip(double x, const void *p) {
  return (void)p, 1.0 / (1.0 + x);
}

/* Q5 multiplier of one step of the input, and the largest difference that still fits. */
static void scale_to_q5(double real, lrt_softmax_quant *q) {
  const double capped = real * (1 << 26) < 2147483647.0 ? real * (1 << 26) : 2147483647.0;
  q->input = lrt_multiplier_make(capped);
  const int shift = q->input.shift > 0 ? q->input.shift : 0;
  q->diff_min = -(int32_t)floor(31.0 * (double)(1 << 26) / (double)((int64_t)1 << shift));
}

bool lrt_softmax_quant_make(lrt_type in_type, lrt_type out_type, int out_bits, float in_scale, float beta,
                            bool ref, lrt_softmax_quant *q) {
  q->in_type = in_type;
  q->out_type = out_type;
  q->out_bits = out_bits;
  q->ref = ref;
  if (in_type == LRT_INT16) {
    if (out_type != LRT_INT16) return false;
    q->input = lrt_multiplier_make((double)(in_scale * beta) / (10.0 / 65535.0));
    lrt_lut_make16_double(fn_exp, NULL, 10.0 / 65535, INT16_MAX, 2.0 / 65535, 0, q->exp_table);
    lrt_lut_make16_double(fn_recip, NULL, 1.0 / 65535, INT16_MIN, 2.0 / 65535, 0, q->recip_table);
    return true;
  }
  if ((in_type != LRT_INT8 && in_type != LRT_UINT8) || (out_type != in_type && out_type != LRT_INT16))
    return false;
  scale_to_q5((double)beta * (double)in_scale, q);
  for (int i = 0; i < 256; i++) q->table[i] = expf(-in_scale * beta * (float)i);
  return true;
}

/* A difference in Q5. */
static int32_t diff_in_q5(const lrt_softmax_quant *q, int32_t diff) {
  return lrt_multiplier_apply(diff, q->input);
}
static int32_t exp_of_diff(const lrt_softmax_quant *q, int32_t diff) {
  return lrt_fixed_exp(diff_in_q5(q, diff), 5);
}

/* Exponentials are summed with 12 integer bits; each is then multiplied by the sum's reciprocal. */
static void row_exact(const lrt_softmax_quant *q, const void *in, void *out, int64_t first, int64_t depth) {
  const int32_t max = quant_max(in, q->in_type, first, depth);
  int32_t low, high, sum = 0, over = 0;
  limits(q->out_type, &low, &high);
  if (q->out_bits == 15) low = 0;
  for (int64_t i = 0; i < depth; i++) {
    const int32_t diff = load(in, q->in_type, first + i) - max;
    if (diff >= q->diff_min) sum = lrt_fixed_add(sum, lrt_fixed_round_shift(exp_of_diff(q, diff), 12));
  }
  const int32_t recip = lrt_fixed_reciprocal(sum, 12, &over);
  const int shift = lrt_fixed_clamp(over + 31 - q->out_bits, 0, 31);
  for (int64_t i = 0; i < depth; i++) {
    const int32_t diff = load(in, q->in_type, first + i) - max;
    int32_t y = low;
    if (diff >= q->diff_min) {
      y = lrt_fixed_round_shift(lrt_fixed_mul(recip, exp_of_diff(q, diff)), shift) + low;
      y = lrt_fixed_clamp(y, low, high);
    }
    store(out, q->out_type, first + i, y);
  }
}

static void row_table(const lrt_softmax_quant *q, const void *in, void *out, int64_t first, int64_t depth) {
  const int32_t max = quant_max(in, q->in_type, first, depth);
  int32_t low, high;
  limits(q->out_type, &low, &high);
  if (q->out_bits == 15) low = 0;
  float sum = 0.0f;
  for (int64_t i = 0; i < depth; i++) sum += q->table[max - load(in, q->in_type, first + i)];
  const float scale = (float)(1 << q->out_bits) / sum;
  for (int64_t i = 0; i < depth; i++) {
    const int32_t y = (int32_t)(q->table[max - load(in, q->in_type, first + i)] * scale + 0.5f) + low;
    store(out, q->out_type, first + i, y > high ? high : y);
  }
}

/* exp(x - max) by table over [-10, 0]. */
static int32_t exp16(const lrt_softmax_quant *q, int32_t diff) {
  const int32_t x = lrt_fixed_saturate((int64_t)lrt_multiplier_apply(diff, q->input) + 32767);
  return lrt_lut_read16((int16_t)lrt_fixed_clamp(x, INT16_MIN, INT16_MAX), q->exp_table);
}

static void row_int16(const lrt_softmax_quant *q, const int16_t *in, int16_t *out, int64_t depth) {
  const int32_t max = quant_max(in, LRT_INT16, 0, depth);
  int32_t sum = 0; /* Q16.15; a row of 65536 ones fills it */
  for (int64_t i = 0; i < depth; i++) {
    out[i] = (int16_t)exp16(q, in[i] - max);
    sum = lrt_fixed_add(sum, out[i]);
  }
  const int headroom = lrt_fixed_leading_zeros((uint32_t)sum);
  const int left = headroom > 0 ? headroom - 1 : 0;
  const int64_t shifted = ((int64_t)sum * ((int64_t)1 << left) + (1 << 13)) >> 14;
  const int32_t x =
      lrt_fixed_clamp(lrt_fixed_saturate(shifted - ((1 << 15) + (1 << 16))), INT16_MIN, INT16_MAX);
  const int32_t recip = lrt_lut_read16((int16_t)x, q->recip_table);
  const int right = 31 - headroom;
  for (int64_t i = 0; i < depth; i++) {
    const int64_t product = (int64_t)out[i] * recip;
    const int64_t y = right <= 0 ? product : (product + ((int64_t)1 << (right - 1))) >> right;
    out[i] = (int16_t)lrt_fixed_clamp(lrt_fixed_saturate(y), 0, INT16_MAX);
  }
}

void lrt_softmax_quant_run(const lrt_softmax_quant *q, const void *in, void *out, int64_t depth,
                           int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; row++) {
    if (depth <= 0) continue;
    if (q->in_type == LRT_INT16)
      row_int16(q, (const int16_t *)in + row * depth, (int16_t *)out + row * depth, depth);
    else if (q->ref)
      row_exact(q, in, out, row * depth, depth);
    else
      row_table(q, in, out, row * depth, depth);
  }
}

bool lrt_log_softmax_quant_make(lrt_type type, float in_scale, bool ref, lrt_softmax_quant *q) {
  if (type != LRT_INT8 && type != LRT_UINT8) return false;
  q->in_type = q->out_type = type;
  q->ref = ref;
  scale_to_q5((double)in_scale, q);
  const double back = q->input.q == 0 ? 0.0 : ldexp(1.0, 31 - q->input.shift) / (double)q->input.q;
  q->back = lrt_multiplier_make(back);
  for (int i = 0; i < 256; i++) q->table[i] = expf(-in_scale * (float)i);
  q->table[0] = in_scale;
  return true;
}

static void log_row_exact(const lrt_softmax_quant *q, const void *in, void *out, int64_t first,
                          int64_t depth) {
  const int32_t max = quant_max(in, q->in_type, first, depth);
  int32_t low, high, sum = 0;
  limits(q->out_type, &low, &high);
  for (int64_t i = 0; i < depth; i++) {
    const int32_t diff = load(in, q->in_type, first + i) - max;
    if (diff >= q->diff_min) sum = lrt_fixed_add(sum, lrt_fixed_round_shift(exp_of_diff(q, diff), 12));
  }
  /* At least the maximum's own 1 is in the sum: anything less is a sum of more than 4096 that has wrapped. */
  const int32_t log_sum = lrt_fixed_log(sum > 0 ? sum : INT32_MAX, 12, 5);
  const int32_t floor_diff = lrt_multiplier_apply(lrt_fixed_add(log_sum, INT32_MIN), q->back);
  const int32_t lowest = q->diff_min - 1 > floor_diff ? q->diff_min - 1 : floor_diff;
  for (int64_t i = 0; i < depth; i++) {
    const int32_t diff = load(in, q->in_type, first + i) - max;
    int32_t y = low;
    if (diff > lowest) {
      const int32_t x = diff_in_q5(q, diff);
      y = lrt_fixed_clamp(lrt_fixed_round_shift(lrt_fixed_sub(x, log_sum), 22) + high, low, high);
    }
    store(out, q->out_type, first + i, y);
  }
}

static void log_row_table(const lrt_softmax_quant *q, const void *in, void *out, int64_t first,
                          int64_t depth) {
  const int32_t max = quant_max(in, q->in_type, first, depth);
  int32_t low, high;
  limits(q->out_type, &low, &high);
  const float scale = q->table[0];
  float sum = 0.0f;
  for (int64_t i = 0; i < depth; i++) {
    const int32_t diff = max - load(in, q->in_type, first + i);
    sum += diff == 0 ? 1.0f : q->table[diff];
  }
  const float log_sum = logf(sum);
  for (int64_t i = 0; i < depth; i++) {
    const int32_t diff = max - load(in, q->in_type, first + i);
    const float y = rintf((-scale * (float)diff - log_sum) * 16.0f) + (float)high;
    store(out, q->out_type, first + i, y > (float)low ? (int32_t)y : low);
  }
}

void lrt_log_softmax_quant_run(const lrt_softmax_quant *q, const void *in, void *out, int64_t depth,
                               int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; row++) {
    if (depth <= 0) continue;
    if (q->ref)
      log_row_exact(q, in, out, row * depth, depth);
    else
      log_row_table(q, in, out, row * depth, depth);
  }
}

/* ---- norms ---- */

void lrt_l2_normalize_f32(const float *in, float *out, int64_t depth, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; row++) {
    float squares = 0.0f;
    for (int64_t i = 0; i < depth; i++) squares += in[row * depth + i] * in[row * depth + i];
    float norm = sqrtf(squares);
    norm = norm < 1e-6f ? 1e-6f : norm;
    for (int64_t i = 0; i < depth; i++) out[row * depth + i] = in[row * depth + i] / norm;
  }
}

void lrt_l2_normalize_quant(const void *in, void *out, lrt_type type, int32_t in_zero, int64_t depth,
                            int64_t begin, int64_t end) {
  int32_t low, high;
  limits(type, &low, &high);
  const int32_t zero = type == LRT_UINT8 ? 128 : 0;
  for (int64_t row = begin; row < end; row++) {
    int32_t squares = 0;
    for (int64_t i = 0; i < depth; i++) {
      const int32_t x = load(in, type, row * depth + i) - in_zero;
      squares = lrt_fixed_add(squares, x * x);
    }
    lrt_multiplier m = lrt_fixed_inverse_sqrt(squares < 0 ? INT32_MAX : squares);
    /* To 1/128: the reference folds it into the multiplier for int8 and into the operand for uint8, which rounds
     * differently. */
    if (type != LRT_UINT8) m.shift += 7;
    const int32_t factor = type == LRT_UINT8 ? 128 : 1;
    for (int64_t i = 0; i < depth; i++) {
      const int32_t x = load(in, type, row * depth + i) - in_zero;
      store(out, type, row * depth + i,
            lrt_fixed_clamp(lrt_fixed_add(lrt_multiplier_apply(x * factor, m), zero), low, high));
    }
  }
}

void lrt_local_response_normalize(const float *in, float *out, int64_t depth, int32_t radius, float bias,
                                  float alpha, float beta, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; row++) {
    const float *x = in + row * depth;
    for (int64_t c = 0; c < depth; c++) {
      const int64_t first = c - radius > 0 ? c - radius : 0;
      const int64_t last = c + radius < depth - 1 ? c + radius : depth - 1;
      float squares = 0.0f;
      for (int64_t k = first; k <= last; k++) squares += x[k] * x[k];
      out[row * depth + c] = x[c] * powf(bias + alpha * squares, -beta);
    }
  }
}
