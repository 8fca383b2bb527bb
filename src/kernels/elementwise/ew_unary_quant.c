/* ew_unary_quant.c: quantized one-operand functions: 8-bit tables and int16 formulas, bit exact with the reference. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/cpu.h"
#include "kernels/elementwise/ew_lut.h"
#include "kernels/elementwise/ew_unary.h"
#include "kernels/requant/fixed_math.h"

/* ---- functions behind tables ---- */

static float fn_logistic(float x, const void *p) {
  return (void)p, 1.0f / (1.0f + expf(-x));
}
static float fn_tanh(float x, const void *p) {
  return (void)p, tanhf(x);
}
static float fn_exp(float x, const void *p) {
  return (void)p, expf(x);
}
static float fn_elu(float x, const void *p) {
  return (void)p, x < 0.0f ? expm1f(x) : x;
}
static float fn_gelu(float x, const void *p) {
  return (void)p, 0.5f * x * erfcf(x * -0.70710678f);
}
static float fn_gelu_tanh(float x, const void *p) {
  return (void)p, 0.5f * x * (1.0f + tanhf(0.79788456f * (x + 0.044715f * x * x * x)));
}
/* `p`: the result for arguments where the function is not defined. */
static float fn_log(float x, const void *p) {
  return x <= 0.0f ? *(const float *)p : logf(x);
}
static float fn_rsqrt(float x, const void *p) {
  return x <= 0.0f ? *(const float *)p : 1.0f / sqrtf(x);
}

static lrt_lut_fn table_fn(lrt_unary_op op) {
  switch (op) {
  case LRT_UNARY_LOGISTIC: return fn_logistic;
  case LRT_UNARY_TANH: return fn_tanh;
  case LRT_UNARY_EXP: return fn_exp;
  case LRT_UNARY_ELU: return fn_elu;
  case LRT_UNARY_GELU: return fn_gelu;
  case LRT_UNARY_GELU_TANH: return fn_gelu_tanh;
  case LRT_UNARY_LOG: return fn_log;
  default: return NULL;
  }
}

/* ---- formulas ---- */

typedef struct formula {
  lrt_unary_op op;
  int32_t in_zero, out_zero, low, high;
  lrt_multiplier positive, negative;
  bool flip, rescale;
  float in_scale, out_scale;
  int16_t out_mul16, relu_mul16; /* HARD_SWISH */
  int32_t out_exponent, relu_exponent;
} formula;

static void relu_range(lrt_unary_op op, const lrt_unary_quant *q, int32_t *low, int32_t *high) {
  const float act_low = op == LRT_UNARY_RELU_N1_TO_1 ? -1.0f : 0.0f;
  const float act_high = op == LRT_UNARY_RELU ? INFINITY : op == LRT_UNARY_RELU6 ? 6.0f : 1.0f;
  lrt_fixed_activation_range(act_low, act_high, q->out_scale, q->out_zero, low, high);
}

static void leaky_multipliers(float alpha, const lrt_unary_quant *q, lrt_multiplier *positive,
                              lrt_multiplier *negative, bool *flip) {
  const float slope = q->in_scale * alpha / q->out_scale;
  *flip = slope < 0.0f;
  *positive = lrt_multiplier_make((double)(q->in_scale / q->out_scale));
  *negative = lrt_multiplier_make((double)fabsf(slope));
}

static int16_t shift_left16(int16_t x, int n) {
  return (int16_t)lrt_fixed_clamp(n > 15 ? (x > 0   ? 32767
                                            : x < 0 ? -32768
                                                    : 0)
                                         : x * (1 << n),
                                  -32768, 32767);
}

/* x * relu6(x + 3) / 6 in 16-bit arithmetic: the value on a fine output scale times a factor in [0, 1]. */
static int32_t hard_swish(const formula *f, int32_t x) {
  const int16_t fine = (int16_t)((x - f->in_zero) * (1 << 7));
  const int16_t on_output = lrt_fixed_mul16(fine, f->out_mul16);
  int16_t factor = fine;
  if (f->relu_exponent > 0) factor = shift_left16(factor, f->relu_exponent - 1);
  factor = lrt_fixed_mul16(factor, f->relu_mul16);
  if (f->relu_exponent > 0) factor = shift_left16(factor, 1);
  if (f->relu_exponent < 0)
    factor = (int16_t)lrt_fixed_round_shift(factor, f->relu_exponent < -31 ? 31 : -f->relu_exponent);
  factor = (int16_t)lrt_fixed_sar(factor + (1 << 15), 1);
  /* Truncating high multiply: it cancels the bias of the rounding ones above. */
  const int32_t product = factor == -32768 && on_output == -32768 ? 32767 : factor * on_output / (1 << 15);
  const int shift = f->out_exponent > 0 ? 0 : -f->out_exponent;
  return lrt_fixed_round_shift(product, shift > 31 ? 31 : shift) + f->out_zero;
}

static int32_t rsqrt_value(const formula *f, int32_t x) {
  const int32_t value = x - f->in_zero;
  if (value <= 0) return f->high;
  lrt_multiplier inverse = lrt_fixed_inverse_sqrt(value);
  inverse.shift += 20; /* keep 20 fraction bits of 1 / sqrt(value) */
  lrt_multiplier out = f->positive;
  const int32_t fine = lrt_multiplier_apply(1, inverse);
  out.shift -= 20;
  if (out.shift < -31) return f->out_zero;
  return lrt_fixed_add(lrt_multiplier_apply(fine, out), f->out_zero);
}

static int32_t sqrt_value(const formula *f, int32_t x) {
  const float real = f->in_scale * (float)(x - f->in_zero);
  const float y = sqrtf(real > 0.0f ? real : 0.0f) / f->out_scale;
  return (y < 1e8f ? (int32_t)y : 100000000) + f->out_zero;
}

static int32_t evaluate(const formula *f, int32_t x) {
  const int32_t value = x - f->in_zero;
  switch (f->op) {
  case LRT_UNARY_HARD_SWISH: return hard_swish(f, x);
  case LRT_UNARY_RSQRT: return rsqrt_value(f, x);
  case LRT_UNARY_SQRT: return sqrt_value(f, x);
  case LRT_UNARY_ABS: {
    const int32_t magnitude = value < 0 ? -value : value;
    return lrt_fixed_add(f->rescale ? lrt_multiplier_apply(magnitude, f->positive) : magnitude, f->out_zero);
  }
  case LRT_UNARY_LEAKY_RELU:
    if (value < 0) {
      const int32_t y = lrt_multiplier_apply(value, f->negative);
      return f->flip ? lrt_fixed_sub(f->out_zero, y) : lrt_fixed_add(y, f->out_zero);
    }
    return lrt_fixed_add(lrt_multiplier_apply(value, f->positive), f->out_zero);
  default:
    return lrt_fixed_add(lrt_multiplier_apply(value, f->positive),
                         f->out_zero); /* RELU-like: the clamp does the rest */
  }
}

static void hard_swish_make(formula *f) {
  const float fine = (1.0f / 128.0f) * f->in_scale;
  const lrt_multiplier out = lrt_multiplier_make((double)(fine / f->out_scale));
  const lrt_multiplier relu = lrt_multiplier_make((double)(fine / (3.0f / 32768.0f)));
  f->out_mul16 = lrt_multiplier_q16(out);
  f->out_exponent = out.shift;
  f->relu_mul16 = lrt_multiplier_q16(relu);
  f->relu_exponent = relu.shift;
}

/* False where the operation has no quantized formula. low, high: limits of the type. */
static bool formula_make(lrt_unary_op op, const lrt_unary_params *p, const lrt_unary_quant *q, int32_t low,
                         int32_t high, formula *f) {
  *f = (formula){.op = op,
                 .in_zero = q->in_zero,
                 .out_zero = q->out_zero,
                 .low = low,
                 .high = high,
                 .in_scale = q->in_scale,
                 .out_scale = q->out_scale};
  f->positive = lrt_multiplier_make((double)(q->in_scale / q->out_scale));
  switch (op) {
  case LRT_UNARY_RELU:
  case LRT_UNARY_RELU6:
  case LRT_UNARY_RELU_N1_TO_1:
  case LRT_UNARY_RELU_0_TO_1: relu_range(op, q, &f->low, &f->high); return true;
  case LRT_UNARY_LEAKY_RELU:
    leaky_multipliers(p->alpha, q, &f->positive, &f->negative, &f->flip);
    return true;
  case LRT_UNARY_HARD_SWISH: hard_swish_make(f); return true;
  case LRT_UNARY_ABS: f->rescale = q->in_scale != q->out_scale; return true;
  case LRT_UNARY_RSQRT:
    f->positive = lrt_multiplier_make(1.0 / (double)(sqrtf(q->in_scale) * q->out_scale));
    return true;
  case LRT_UNARY_SQRT: return true;
  default: return false;
  }
}

bool lrt_unary_table8(lrt_unary_op op, const lrt_unary_params *p, const lrt_unary_quant *q, lrt_type type,
                      uint8_t table[256]) {
  const bool is_signed = type == LRT_INT8;
  const int32_t low = is_signed ? INT8_MIN : 0, high = is_signed ? INT8_MAX : UINT8_MAX;
  const lrt_lut_fn fn = table_fn(op);
  if (fn != NULL) {
    const float undefined = (float)(low - q->out_zero) * q->out_scale;
    lrt_lut_make8(fn, &undefined, q->in_scale, q->in_zero, q->out_scale, q->out_zero, is_signed, table);
    return true;
  }
  formula f;
  if (!formula_make(op, p, q, low, high, &f)) return false;
  for (int32_t x = low; x <= high; x++)
    table[(uint8_t)x] = (uint8_t)lrt_fixed_clamp(evaluate(&f, x), f.low, f.high);
  return true;
}

void lrt_unary_lut8__ref(const uint8_t table[256], const void *in_, void *out_, size_t count) {
  const uint8_t *in = in_;
  uint8_t *out = out_;
  for (size_t i = 0; i < count; i++) out[i] = table[in[i]];
}

void lrt_unary_lut8(const uint8_t table[256], const void *in, void *out, size_t count) {
#if defined(__x86_64__)
  if (lrt_cpu_has(LRT_CPU_AVX2)) {
    lrt_unary_lut8__avx2(table, in, out, count);
    return;
  }
#endif
  lrt_unary_lut8__ref(table, in, out, count);
}

bool lrt_unary_quant16_make(lrt_unary_op op, const lrt_unary_params *p, const lrt_unary_quant *q,
                            lrt_unary_quant16_state *s) {
  s->op = op;
  s->quant = *q;
  s->params = *p;
  if (op == LRT_UNARY_LOGISTIC || op == LRT_UNARY_TANH) {
    s->sigmoid = lrt_lut_sigmoid_prepare(q->in_scale, op == LRT_UNARY_TANH ? 1 : 0);
    return true;
  }
  const lrt_lut_fn fn = op == LRT_UNARY_RSQRT ? fn_rsqrt : table_fn(op);
  if (fn != NULL) {
    const float undefined =
        (float)(op == LRT_UNARY_RSQRT ? INT16_MAX : INT16_MIN - q->out_zero) * q->out_scale;
    lrt_lut_make16(fn, &undefined, q->in_scale, q->in_zero, q->out_scale, q->out_zero, s->table);
    return true;
  }
  formula f;
  return op != LRT_UNARY_HARD_SWISH && formula_make(op, p, q, INT16_MIN, INT16_MAX, &f);
}

void lrt_unary_quant16(const lrt_unary_quant16_state *s, const int16_t *in, int16_t *out, size_t count) {
  if (s->op == LRT_UNARY_LOGISTIC) {
    for (size_t i = 0; i < count; i++) out[i] = lrt_lut_logistic16(in[i], s->sigmoid);
  } else if (s->op == LRT_UNARY_TANH) {
    for (size_t i = 0; i < count; i++) out[i] = lrt_lut_tanh16(in[i], s->sigmoid);
  } else if (s->op == LRT_UNARY_RSQRT || table_fn(s->op) != NULL) {
    for (size_t i = 0; i < count; i++) out[i] = lrt_lut_read16(in[i], s->table);
  } else {
    formula f;
    formula_make(s->op, &s->params, &s->quant, INT16_MIN, INT16_MAX, &f);
    for (size_t i = 0; i < count; i++) out[i] = (int16_t)lrt_fixed_clamp(evaluate(&f, in[i]), f.low, f.high);
  }
}

bool lrt_unary_has_below(const void *in, lrt_type type, int32_t zero, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const int32_t x = type == LRT_INT8    ? ((const int8_t *)in)[i]
                      : type == LRT_UINT8 ? ((const uint8_t *)in)[i]
                                          : ((const int16_t *)in)[i];
    if (x < zero) return true;
  }
  return false;
}
