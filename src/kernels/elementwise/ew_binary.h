/* ew_binary.h: operations on two numbers, one row at a time, with fused clamp and exact quantized forms. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_EW_BINARY_H
#define LRT_KERNELS_EW_BINARY_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/elementwise/broadcast.h"
#include "kernels/requant/fixed.h"

/* Use from an operator:
 *   lrt_broadcast_make({&a, &b}, 2, &space, err);               shapes, once
 *   lrt_binary_params p = lrt_binary_params_plain(type);          or lrt_binary_quant_*(…) for quantized tensors
 *   fn = lrt_binary_pick(LRT_BINARY_ADD, LRT_FLOAT32, false, ref);   NULL = this type has no such operation
 *   lrt_binary_run(&space, fn, &p, a, type_size, b, type_size, out, out_size, begin, end);   any sub-range of elements
 *
 * Semantics. Floats: MAX and MIN return b when either is NaN; the clamp keeps NaN. f16 and bf16 compute in f32.
 * Integers wrap; DIV truncates, FLOOR_DIV and FLOOR_MOD floor; a zero divisor gives 0 here, so operators that must fail
 * call lrt_binary_has_zero first. Integer POW of a negative exponent is 0 unless the base is 1 or -1. Shifts hold the
 * distance within 0..bits-1, right shifts are arithmetic. Comparisons write bytes 0 or 1. LOGICAL ops take bool bytes
 * (any non-zero is true). PRELU: a >= 0 ? a : a * b; an int8 alpha
 * of int16 data is widened first. Quantized DIV repeats the reference's large results for quotients near 0.
 * Quantized int16 LESS and LESS_EQUAL compare the stored numbers whatever the scales, as TFLite does. POW, ATAN2: f32 (ATAN2 also f64). */
typedef enum lrt_binary_op {
  LRT_BINARY_ADD,
  LRT_BINARY_SUB,
  LRT_BINARY_MUL,
  LRT_BINARY_DIV,
  LRT_BINARY_MAX,
  LRT_BINARY_MIN,
  LRT_BINARY_SQUARED_DIFFERENCE,
  LRT_BINARY_FLOOR_DIV,
  LRT_BINARY_FLOOR_MOD,
  LRT_BINARY_POW,
  LRT_BINARY_ATAN2,
  LRT_BINARY_PRELU,
  LRT_BINARY_BIT_AND,
  LRT_BINARY_BIT_OR,
  LRT_BINARY_BIT_XOR,
  LRT_BINARY_SHIFT_LEFT,
  LRT_BINARY_SHIFT_RIGHT,
  LRT_BINARY_LOGICAL_AND,
  LRT_BINARY_LOGICAL_OR,
  LRT_BINARY_EQUAL,
  LRT_BINARY_NOT_EQUAL,
  LRT_BINARY_LESS,
  LRT_BINARY_LESS_EQUAL,
  LRT_BINARY_GREATER,
  LRT_BINARY_GREATER_EQUAL
} lrt_binary_op;

typedef struct lrt_binary_params {
  float low, high;                  /* clamp of float results; -INFINITY, INFINITY = none */
  int64_t int_low, int_high;        /* clamp of integer results, plain and quantized */
  int32_t a_zero, b_zero, out_zero; /* quantized from here on */
  int32_t left_shift;               /* of zero-free inputs before their multipliers */
  bool pot; /* int16 ADD/SUB with power-of-two scales: a_mul.shift, b_mul.shift only */
  lrt_multiplier a_mul, b_mul, out_mul;
  float a_scale, b_scale, offset; /* fast: round(a * a_scale + b * b_scale + offset); MUL: a_scale alone */
} lrt_binary_params;

/* One row of `count` results; a_step and b_step are 0 (one value for the whole row) or 1. */
typedef void (*lrt_binary_fn)(const lrt_binary_params *p, const void *a, const void *b, void *out,
                              size_t count, size_t a_step, size_t b_step);

/* No clamp, no quantization. */
lrt_binary_params lrt_binary_params_plain(lrt_type type);

/* Quantized forms. Scales and zero points of a, b and the output; int_low/int_high as lrt_fixed_activation_range
 * computes them. `type` is INT8, UINT8 or INT16. `pot` asks for the legacy int16 form when all three scales are powers of
 * two (ADD: option pot_scale_int16). DIV and SQUARED_DIFFERENCE likewise. For comparisons use
 * lrt_binary_quant_compare (no output scale); MAX, MIN need no parameters beyond plain ones. */
typedef struct lrt_binary_quant {
  float a_scale, b_scale, out_scale;
  int32_t a_zero, b_zero, out_zero;
  int32_t low, high;
} lrt_binary_quant;
lrt_binary_params lrt_binary_quant_add(const lrt_binary_quant *q, lrt_type type, bool pot, bool subtract);
lrt_binary_params lrt_binary_quant_mul(const lrt_binary_quant *q);
lrt_binary_params lrt_binary_quant_div(const lrt_binary_quant *q);
lrt_binary_params lrt_binary_quant_squared_difference(const lrt_binary_quant *q);
lrt_binary_params lrt_binary_quant_compare(const lrt_binary_quant *q);
lrt_binary_params lrt_binary_quant_prelu(const lrt_binary_quant *q); /* a = input, b = alpha */

/* The kernel for an operation; `quantized` picks the rescaling form, `ref` the exact one. NULL where none exists. */
lrt_binary_fn lrt_binary_pick(lrt_binary_op op, lrt_type type, bool quantized, bool ref);

/* Output elements [begin, end) of a broadcast; sizes in bytes per element. */
void lrt_binary_run(const lrt_broadcast *space, lrt_binary_fn fn, const lrt_binary_params *p, const void *a,
                    size_t a_size, const void *b, size_t b_size, void *out, size_t out_size, int64_t begin,
                    int64_t end);

/* True when a divisor equals `zero` (the zero point for quantized data); for integer types. */
bool lrt_binary_has_zero(const void *b, lrt_type type, int32_t zero, size_t count);
/* True when an int32 exponent is negative. */
bool lrt_binary_has_negative(const int32_t *b, size_t count);

/* The table of variants, for tests and benches: best first per operation. */
typedef struct lrt_binary_variant {
  lrt_binary_op op;
  lrt_type type;
  bool quantized;
  bool ref; /* usable in ref mode */
  const char *name;
  int level; /* lrt_cpu_level */
  lrt_binary_fn fn;
} lrt_binary_variant;
const lrt_binary_variant *lrt_binary_variants(size_t *count);

#endif
