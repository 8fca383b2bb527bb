/* ew_unary_pick.c: chooses one-operand kernels; half formats through f32. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cpu.h"
#include "base/half.h"
#include "kernels/elementwise/ew_unary_decl.h"

static const lrt_unary_variant variants[] = {
#define V(op, type, ref, level, function)                                                                    \
  {LRT_UNARY_##op, LRT_##type, ref, #function, LRT_CPU_##level, function},
#include "kernels/elementwise/ew_unary.def"
#undef V
};

const lrt_unary_variant *lrt_unary_variants(size_t *count) {
  *count = sizeof variants / sizeof variants[0];
  return variants;
}

enum { HALF_BLOCK = 256 };

static void half_row(lrt_unary_fn fn, bool brain, const lrt_unary_params *p, const uint16_t *in,
                     uint16_t *out, size_t count) {
  float block[HALF_BLOCK];
  for (size_t at = 0; at < count; at += HALF_BLOCK) {
    const size_t n = count - at < HALF_BLOCK ? count - at : HALF_BLOCK;
    for (size_t i = 0; i < n; i++) {
      block[i] = brain ? lrt_bfloat16_to_float(in[at + i]) : lrt_half_to_float(in[at + i]);
    }
    fn(p, block, block, n);
    for (size_t i = 0; i < n; i++) {
      out[at + i] = brain ? lrt_bfloat16_from_float(block[i]) : lrt_half_from_float(block[i]);
    }
  }
}

#define HALF_ROWS(X)                                                                                         \
  X(RELU, relu)                                                                                              \
  X(RELU6, relu6)                                                                                            \
  X(RELU_N1_TO_1, relu_n1_to_1)                                                                              \
  X(RELU_0_TO_1, relu_0_to_1)                                                                                \
  X(LEAKY_RELU, leaky_relu)                                                                                  \
  X(ELU, elu)                                                                                                \
  X(GELU, gelu)                                                                                              \
  X(GELU_TANH, gelu_tanh)                                                                                    \
  X(LOGISTIC, logistic)                                                                                      \
  X(TANH, tanh)                                                                                              \
  X(HARD_SWISH, hard_swish)                                                                                  \
  X(EXP, exp)                                                                                                \
  X(LOG, log)                                                                                                \
  X(SQRT, sqrt)                                                                                              \
  X(RSQRT, rsqrt)                                                                                            \
  X(SIN, sin)                                                                                                \
  X(COS, cos)                                                                                                \
  X(ABS, abs)                                                                                                \
  X(NEG, neg)                                                                                                \
  X(SQUARE, square)                                                                                          \
  X(FLOOR, floor)                                                                                            \
  X(CEIL, ceil)                                                                                              \
  X(ROUND, round)                                                                                            \
  X(SIGN, sign)

#define HALF_FN(OP, op)                                                                                      \
  static void op##_f16(const lrt_unary_params *p, const void *in, void *out, size_t count) {                 \
    half_row(lrt_unary_##op##_f32__ref, false, p, in, out, count);                                           \
  }                                                                                                          \
  static void op##_bf16(const lrt_unary_params *p, const void *in, void *out, size_t count) {                \
    half_row(lrt_unary_##op##_f32__ref, true, p, in, out, count);                                            \
  }
HALF_ROWS(HALF_FN)

static lrt_unary_fn pick_half(lrt_unary_op op, bool brain) {
  switch (op) {
#define HALF_CASE(OP, op)                                                                                    \
  case LRT_UNARY_##OP: return brain ? op##_bf16 : op##_f16;
    HALF_ROWS(HALF_CASE)
  default: return NULL;
  }
}

lrt_unary_fn lrt_unary_pick(lrt_unary_op op, lrt_type type, bool ref) {
  if (type == LRT_FLOAT16 || type == LRT_BFLOAT16) return pick_half(op, type == LRT_BFLOAT16);
  for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
    const lrt_unary_variant *v = &variants[i];
    if (v->op == op && v->type == type && (!ref || v->ref) && lrt_cpu_has((lrt_cpu_level)v->level))
      return v->fn;
  }
  return NULL;
}
