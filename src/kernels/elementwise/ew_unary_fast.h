/* ew_unary_fast.h: fast one-operand rows, compiled once per instruction set; the including file defines LEVEL(name). */
/* SPDX-License-Identifier: Apache-2.0 */
/* No include guard: a template. */
#include <math.h>

#include "kernels/elementwise/ew_unary_decl.h"
#include "kernels/requant/fast_math.h"

LRT_UNARY_ROW(LEVEL(lrt_unary_elu_f32), float, x < 0.0f ? lrt_fast_expm1_negative(x) : x)
LRT_UNARY_ROW(LEVEL(lrt_unary_gelu_f32), float, lrt_fast_gelu(x))
LRT_UNARY_ROW(LEVEL(lrt_unary_gelu_tanh_f32), float, lrt_fast_gelu_tanh(x))
LRT_UNARY_ROW(LEVEL(lrt_unary_logistic_f32), float, lrt_fast_logistic(x))
LRT_UNARY_ROW(LEVEL(lrt_unary_tanh_f32), float, lrt_fast_tanh(x))
LRT_UNARY_ROW(LEVEL(lrt_unary_exp_f32), float, lrt_fast_exp(x))

/* Far from zero the turns cannot be told apart any more in single precision. */
#define NEAR_ZERO(x) ((x) > -1e4f && (x) < 1e4f)
#define SINE_ROW(name, fast, exact)                                                                          \
  void LEVEL(name)(const lrt_unary_params *p, const void *in_, void *out_, size_t count) {                   \
    const float *in = in_;                                                                                   \
    float *out = out_;                                                                                       \
    bool near = true;                                                                                        \
    (void)p;                                                                                                 \
    for (size_t i = 0; i < count; i++) near &= NEAR_ZERO(in[i]);                                             \
    if (near) {                                                                                              \
      for (size_t i = 0; i < count; i++) out[i] = fast(in[i]);                                               \
    } else {                                                                                                 \
      for (size_t i = 0; i < count; i++) out[i] = NEAR_ZERO(in[i]) ? fast(in[i]) : exact(in[i]);             \
    }                                                                                                        \
  }
SINE_ROW(lrt_unary_sin_f32, lrt_fast_sin, sinf)
SINE_ROW(lrt_unary_cos_f32, lrt_fast_cos, cosf)

#ifdef LRT_UNARY_FAST_SIMPLE
#define CLAMPED(x, low, high) ((x) < (low) ? (low) : (x) > (high) ? (high) : (x))
LRT_UNARY_ROW(LEVEL(lrt_unary_relu_f32), float, x < 0.0f ? 0.0f : x)
LRT_UNARY_ROW(LEVEL(lrt_unary_relu6_f32), float, CLAMPED(x, 0.0f, 6.0f))
LRT_UNARY_ROW(LEVEL(lrt_unary_leaky_relu_f32), float, x > 0.0f ? x : x * p->alpha)
LRT_UNARY_ROW(LEVEL(lrt_unary_hard_swish_f32), float, x *CLAMPED(x + 3.0f, 0.0f, 6.0f) * (1.0f / 6.0f))
LRT_UNARY_ROW(LEVEL(lrt_unary_sqrt_f32), float, sqrtf(x))
#ifndef LRT_UNARY_OWN_RSQRT
LRT_UNARY_ROW(LEVEL(lrt_unary_rsqrt_f32), float, 1.0f / sqrtf(x))
#endif
LRT_UNARY_ROW(LEVEL(lrt_unary_abs_f32), float, fabsf(x))
LRT_UNARY_ROW(LEVEL(lrt_unary_neg_f32), float, -x)
LRT_UNARY_ROW(LEVEL(lrt_unary_square_f32), float, x *x)
LRT_UNARY_ROW(LEVEL(lrt_unary_floor_f32), float, floorf(x))
LRT_UNARY_ROW(LEVEL(lrt_unary_ceil_f32), float, ceilf(x))
#endif
