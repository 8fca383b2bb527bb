/* reduce.h: sums, means, products, extremes, any, all over a set of axes; arg-max; cumulative sums. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_REDUCE_H
#define LRT_KERNELS_REDUCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fail.h"
#include "kernels/requant/fixed.h"
#include "litert/tensor.h"

/* Use from an operator:
 *   lrt_reduce_make(&in_shape, axes, n, keep_dims, &out_shape, &space, err);
 *   lrt_reduce_params p = {0};  or lrt_reduce_quant(op, type, …, &p) for int8, uint8, int16 with scales
 *   fn = lrt_reduce_pick(op, type, quantized); fn(&space, &p, in, out, begin, end);  any sub-range of outputs
 * Results do not depend on how the outputs are cut into ranges.
 *
 * Plain integers: SUM, PROD wrap; MEAN truncates the quotient of the 64-bit sum. MAX, MIN ignore NaN (only NaN: -inf, inf).
 * Empty reductions: SUM 0, PROD 1, MAX lowest, MIN highest, ANY false, ALL true, MEAN NaN
 * (integers 0). ANY and ALL take and give bool bytes. */
typedef enum lrt_reduce_op {
  LRT_REDUCE_SUM,
  LRT_REDUCE_MEAN,
  LRT_REDUCE_PROD,
  LRT_REDUCE_MAX,
  LRT_REDUCE_MIN,
  LRT_REDUCE_ANY,
  LRT_REDUCE_ALL,
  LRT_REDUCE_SUM_SQUARES, /* f32: of x^2, as a product before the sum would have it */
  LRT_REDUCE_MEAN_SQUARES
} lrt_reduce_op;

/* The input as merged dimensions that are alternately kept and reduced. */
typedef struct lrt_reduce_space {
  int64_t outputs;    /* elements of the output */
  int64_t per_output; /* elements reduced into each */
  int kept, reduced;  /* merged dimensions of either kind */
  int64_t kept_dims[LRT_MAX_RANK], kept_strides[LRT_MAX_RANK];
  int64_t reduced_dims[LRT_MAX_RANK], reduced_strides[LRT_MAX_RANK];
} lrt_reduce_space;

/* Axes may be negative and may repeat; out of range is INVALID_MODEL. n 0 reduces nothing. */
lrt_status lrt_reduce_make(const lrt_shape *in, const int32_t *axes, int32_t n, bool keep_dims,
                           lrt_shape *out, lrt_reduce_space *space, lrt_error *err);

typedef struct lrt_reduce_params {
  int32_t in_zero, out_zero;
  lrt_multiplier scale; /* MEAN: 1/n folded in; PROD: per factor */
  float real_scale;     /* SUM: in_scale / out_scale */
  int32_t low, high;
} lrt_reduce_params;

/* Quantized forms. MEAN and PROD are exact fixed point; SUM is the rounded real value. MAX and MIN compare stored numbers
 * (scales are equal) and need no parameters. */
void lrt_reduce_quant(lrt_reduce_op op, lrt_type type, float in_scale, int32_t in_zero, float out_scale,
                      int32_t out_zero, int64_t per_output, lrt_reduce_params *p);

typedef void (*lrt_reduce_fn)(const lrt_reduce_space *s, const lrt_reduce_params *p, const void *in,
                              void *out, int64_t begin, int64_t end);
/* f32, int32, int64, int8, uint8, int16; BOOL for ANY, ALL; NULL otherwise. */
lrt_reduce_fn lrt_reduce_pick(lrt_reduce_op op, lrt_type type, bool quantized);

/* Sum of x[i]^2 over a row, in the order of lane_sum.h. */
float lrt_sum_squares__generic(const float *x, int64_t count);
float lrt_sum_squares__avx2(const float *x, int64_t count);

/* Index of the largest (or smallest) of in[outer][axis][inner] along axis, the first among equals. NaN never wins. Outputs [begin, end) of outer * inner; out_type INT32 or INT64. f32, int8, uint8, int16, int32, int64, BOOL. */
bool lrt_arg_extreme(const void *in, lrt_type type, bool largest, int64_t axis, int64_t inner, void *out,
                     lrt_type out_type, int64_t begin, int64_t end);

/* Running sums along axis of in[outer][axis][inner], lines [begin, end) of outer * inner. f32, int32, int64. */
bool lrt_cumsum(const void *in, void *out, lrt_type type, int64_t axis, int64_t inner, bool exclusive,
                bool reverse, int64_t begin, int64_t end);

#endif
