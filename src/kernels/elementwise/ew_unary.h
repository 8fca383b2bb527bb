/* ew_unary.h: functions of one number: floats, plain integers, and quantized forms by table or exact formula. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_EW_UNARY_H
#define LRT_KERNELS_EW_UNARY_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/requant/fixed.h"
#include "kernels/requant/lut.h"
#include "litert/tensor.h"

/* Use from an operator:
 *   plain types:    fn = lrt_unary_pick(op, type, ref); fn(&params, in, out, count);     NULL = not defined for the type
 *   int8, uint8 with scales: lrt_unary_table8(op, &params, &quant, type, table) once, then lrt_unary_lut8(table, …)
 *   int16 with scales:       lrt_unary_quant16_make(op, &params, &quant, &state) once, then lrt_unary_quant16(&state, …)
 * The quantized forms are bit exact in both modes (a table costs the same either way). In and out may be the same memory.
 *
 * f32: RELU-like clamps keep NaN and -0; ROUND is half to even and returns +0 for -0.5; SIGN(NaN) = NaN; GELU is exact
 * (erfc), GELU_TANH the tanh approximation; at -inf both are NaN in ref and 0 in the fast form. f16, bf16 compute in f32. Integers: NEG, ABS wrap at the lowest value.
 * Quantized SQRT, RSQRT of values below zero are errors the operator reports (lrt_unary_has_below); here they give the
 * result of zero. */
typedef enum lrt_unary_op {
  LRT_UNARY_RELU,
  LRT_UNARY_RELU6,
  LRT_UNARY_RELU_N1_TO_1,
  LRT_UNARY_RELU_0_TO_1,
  LRT_UNARY_LEAKY_RELU, /* params.alpha */
  LRT_UNARY_ELU,
  LRT_UNARY_GELU,
  LRT_UNARY_GELU_TANH,
  LRT_UNARY_LOGISTIC,
  LRT_UNARY_TANH,
  LRT_UNARY_HARD_SWISH,
  LRT_UNARY_EXP,
  LRT_UNARY_LOG,
  LRT_UNARY_SQRT,
  LRT_UNARY_RSQRT,
  LRT_UNARY_SIN,
  LRT_UNARY_COS,
  LRT_UNARY_ABS,
  LRT_UNARY_NEG,
  LRT_UNARY_SQUARE,
  LRT_UNARY_FLOOR,
  LRT_UNARY_CEIL,
  LRT_UNARY_ROUND,
  LRT_UNARY_SIGN,
  LRT_UNARY_LOGICAL_NOT /* bool bytes */
} lrt_unary_op;

typedef struct lrt_unary_params {
  float alpha;
} lrt_unary_params;

typedef void (*lrt_unary_fn)(const lrt_unary_params *p, const void *in, void *out, size_t count);

/* f32, f64, f16, bf16; int8..int64 for RELU-like, ABS, NEG, SQUARE, SIGN; BOOL for LOGICAL_NOT. */
lrt_unary_fn lrt_unary_pick(lrt_unary_op op, lrt_type type, bool ref);

/* Scales and zero points of input and output. */
typedef struct lrt_unary_quant {
  float in_scale, out_scale;
  int32_t in_zero, out_zero;
} lrt_unary_quant;

/* False where the operation has no quantized form. */
bool lrt_unary_table8(lrt_unary_op op, const lrt_unary_params *p, const lrt_unary_quant *q, lrt_type type,
                      uint8_t table[256]);
void lrt_unary_lut8(const uint8_t table[256], const void *in, void *out, size_t count);

/* int16: a 513-entry table, the sigmoid table, or two multipliers, according to the operation. Zero points are 0. */
typedef struct lrt_unary_quant16_state {
  lrt_unary_op op;
  lrt_unary_quant quant;
  lrt_unary_params params;
  lrt_lut_sigmoid_scale sigmoid;
  int16_t table[513];
} lrt_unary_quant16_state;
bool lrt_unary_quant16_make(lrt_unary_op op, const lrt_unary_params *p, const lrt_unary_quant *q,
                            lrt_unary_quant16_state *state);
void lrt_unary_quant16(const lrt_unary_quant16_state *state, const int16_t *in, int16_t *out, size_t count);

/* True when an int8, uint8 or int16 value lies below `zero`. */
bool lrt_unary_has_below(const void *in, lrt_type type, int32_t zero, size_t count);

/* Converts `count` elements between any two numeric types, bool included (bool results are 0 or 1). Float to integer
 * truncates and saturates, NaN gives the type's highest value; integer to integer keeps the low bits; complex to real drops
 * the imaginary part. Sub-byte types are packed: `in_first` and `out_first` are the indices of the first element, so ranges
 * need not start on a byte; an output range must own the bytes it touches. False where a type cannot be cast. */
bool lrt_cast(const void *in, lrt_type in_type, size_t in_first, void *out, lrt_type out_type,
              size_t out_first, size_t count);

typedef struct lrt_unary_variant {
  lrt_unary_op op;
  lrt_type type;
  bool ref;
  const char *name;
  int level;
  lrt_unary_fn fn;
} lrt_unary_variant;
const lrt_unary_variant *lrt_unary_variants(size_t *count);

#endif
