/* softmax.h: softmax, log-softmax, L2 and local response normalisation of rows. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_SOFTMAX_H
#define LRT_KERNELS_SOFTMAX_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/requant/fixed.h"
#include "litert/tensor.h"

/* All functions work on rows [begin, end) of [rows][depth]; in and out must not overlap. */

/* f32: exp(beta (x - max)) / sum. A row of only -inf gives NaN, as does any NaN. */
typedef void (*lrt_softmax_f32_fn)(const float *in, float *out, int64_t depth, float beta, int64_t begin,
                                   int64_t end);
lrt_softmax_f32_fn lrt_softmax_f32_pick(bool ref);
/* f32: x - max - log(sum exp(x - max)). */
lrt_softmax_f32_fn lrt_log_softmax_f32_pick(bool ref); /* beta is not read */

/* Quantized: parameters made once. in_type INT8 or UINT8 with output of the same type at scale 1/256 and the type's lowest
 * value as zero point, or INT16 output; in_type INT16 with INT16. The output's scale is 2^-out_bits: 8; of INT16 16 with
 * the zero point -32768, or 15 with 0. `ref`: fixed point, bit exact with the reference; else a table of exponentials,
 * within 1 LSB. INT16 in is the same in both. */
typedef struct lrt_softmax_quant {
  lrt_type in_type, out_type;
  int out_bits;
  bool ref;
  lrt_multiplier input; /* differences to Q5 (8 bit) or to the exp table (int16) */
  lrt_multiplier back;  /* LOG_SOFTMAX: Q5 to differences */
  int32_t diff_min;     /* smaller differences count as exp = 0 */
  float table[256];     /* exp(-beta scale i), fast; log-softmax: scale only, in table[1] */
  int16_t exp_table[513], recip_table[513];
} lrt_softmax_quant;
bool lrt_softmax_quant_make(lrt_type in_type, lrt_type out_type, int out_bits, float in_scale, float beta,
                            bool ref, lrt_softmax_quant *q);
void lrt_softmax_quant_run(const lrt_softmax_quant *q, const void *in, void *out, int64_t depth,
                           int64_t begin, int64_t end);
/* LOG_SOFTMAX of INT8 (output 16/256, zero point 127) and UINT8 (255). */
bool lrt_log_softmax_quant_make(lrt_type type, float in_scale, bool ref, lrt_softmax_quant *q);
void lrt_log_softmax_quant_run(const lrt_softmax_quant *q, const void *in, void *out, int64_t depth,
                               int64_t begin, int64_t end);

/* x / sqrt(max(sum x^2, 1e-12)), written as division by max(norm, 1e-6). */
void lrt_l2_normalize_f32(const float *in, float *out, int64_t depth, int64_t begin, int64_t end);
/* INT8 (output scale 1/128, zero point 0) and UINT8 (zero point 128), exact. */
void lrt_l2_normalize_quant(const void *in, void *out, lrt_type type, int32_t in_zero, int64_t depth,
                            int64_t begin, int64_t end);

/* out[c] = in[c] * (bias + alpha * sum of in[k]^2 for |k - c| <= radius)^-beta. */
void lrt_local_response_normalize(const float *in, float *out, int64_t depth, int32_t radius, float bias,
                                  float alpha, float beta, int64_t begin, int64_t end);

#endif
