/* ew_unary_ref.c: one-operand kernels as plain scalar expressions: the definition of their results. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "kernels/elementwise/ew_unary_decl.h"

static inline double round_half_even(double x) {
  const double low = floor(x), fraction = x - low;
  return fraction < 0.5 || (fraction == 0.5 && fmod(low, 2.0) == 0.0) ? low : low + 1.0;
}

#define CLAMPED(x, low, high) ((x) < (low) ? (low) : (x) > (high) ? (high) : (x))

#define FLOAT_ROWS(s, T, f)                                                                                  \
  LRT_UNARY_ROW(lrt_unary_relu_##s##__ref, T, x < 0 ? 0 : x)                                                 \
  LRT_UNARY_ROW(lrt_unary_relu6_##s##__ref, T, CLAMPED(x, 0, 6))                                             \
  LRT_UNARY_ROW(lrt_unary_relu_n1_to_1_##s##__ref, T, CLAMPED(x, -1, 1))                                     \
  LRT_UNARY_ROW(lrt_unary_relu_0_to_1_##s##__ref, T, CLAMPED(x, 0, 1))                                       \
  LRT_UNARY_ROW(lrt_unary_leaky_relu_##s##__ref, T, x > 0 ? x : x * (T)p->alpha)                             \
  LRT_UNARY_ROW(lrt_unary_elu_##s##__ref, T, x < 0 ? expm1##f(x) : x)                                        \
  LRT_UNARY_ROW(lrt_unary_gelu_##s##__ref, T, (T)0.5 * x * erfc##f(x * (T)-0.70710678118654752440))          \
  LRT_UNARY_ROW(lrt_unary_gelu_tanh_##s##__ref, T,                                                           \
                (T)0.5 * x * ((T)1 + tanh##f((T)0.79788456080286535588 * (x + (T)0.044715 * (x * x * x)))))  \
  LRT_UNARY_ROW(lrt_unary_logistic_##s##__ref, T, (T)1 / ((T)1 + exp##f(-x)))                                \
  LRT_UNARY_ROW(lrt_unary_tanh_##s##__ref, T, tanh##f(x))                                                    \
  LRT_UNARY_ROW(lrt_unary_hard_swish_##s##__ref, T, x *CLAMPED(x + 3, 0, 6) / 6)                             \
  LRT_UNARY_ROW(lrt_unary_exp_##s##__ref, T, exp##f(x))                                                      \
  LRT_UNARY_ROW(lrt_unary_log_##s##__ref, T, log##f(x))                                                      \
  LRT_UNARY_ROW(lrt_unary_sqrt_##s##__ref, T, sqrt##f(x))                                                    \
  LRT_UNARY_ROW(lrt_unary_rsqrt_##s##__ref, T, (T)1 / sqrt##f(x))                                            \
  LRT_UNARY_ROW(lrt_unary_sin_##s##__ref, T, sin##f(x))                                                      \
  LRT_UNARY_ROW(lrt_unary_cos_##s##__ref, T, cos##f(x))                                                      \
  LRT_UNARY_ROW(lrt_unary_abs_##s##__ref, T, fabs##f(x))                                                     \
  LRT_UNARY_ROW(lrt_unary_neg_##s##__ref, T, -x)                                                             \
  LRT_UNARY_ROW(lrt_unary_square_##s##__ref, T, x *x)                                                        \
  LRT_UNARY_ROW(lrt_unary_floor_##s##__ref, T, floor##f(x))                                                  \
  LRT_UNARY_ROW(lrt_unary_ceil_##s##__ref, T, ceil##f(x))                                                    \
  LRT_UNARY_ROW(lrt_unary_round_##s##__ref, T, round_half_even((double)x))                                   \
  LRT_UNARY_ROW(lrt_unary_sign_##s##__ref, T, x > 0 ? 1 : x < 0 ? -1 : x == 0 ? 0 : x)
FLOAT_ROWS(f32, float, f)
FLOAT_ROWS(f64, double, )

/* Widened, so that one expression serves signed and unsigned types. */
static inline int64_t wide(int64_t x) {
  return x;
}

#define INT_ROWS(s, T)                                                                                       \
  LRT_UNARY_ROW(lrt_unary_relu_##s##__ref, T, wide(x) < 0 ? 0 : x)                                           \
  LRT_UNARY_ROW(lrt_unary_relu6_##s##__ref, T, CLAMPED(wide(x), 0, 6))                                       \
  LRT_UNARY_ROW(lrt_unary_relu_n1_to_1_##s##__ref, T, CLAMPED(wide(x), -1, 1))                               \
  LRT_UNARY_ROW(lrt_unary_relu_0_to_1_##s##__ref, T, CLAMPED(wide(x), 0, 1))                                 \
  LRT_UNARY_ROW(lrt_unary_abs_##s##__ref, T, wide(x) < 0 ? 0 - (uint64_t)x : (uint64_t)x)                    \
  LRT_UNARY_ROW(lrt_unary_neg_##s##__ref, T, 0 - (uint64_t)x)                                                \
  LRT_UNARY_ROW(lrt_unary_square_##s##__ref, T, (uint64_t)x *(uint64_t)x)                                    \
  LRT_UNARY_ROW(lrt_unary_sign_##s##__ref, T, wide(x) > 0 ? 1 : x == 0 ? 0 : -1)
INT_ROWS(i8, int8_t)
INT_ROWS(i16, int16_t)
INT_ROWS(i32, int32_t)
INT_ROWS(i64, int64_t)
INT_ROWS(u8, uint8_t)
LRT_UNARY_ROW(lrt_unary_logical_not__ref, uint8_t, x == 0)
