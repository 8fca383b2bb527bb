/* dwconv.h: depthwise convolution as operators see it: fill a struct, plan, pack once, run rows of outputs. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_DWCONV_H
#define LRT_KERNELS_DWCONV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "litert/tensor.h"

/* c[b][y][x][i * multiplier + q] = sum over taps of a[b][iy][ix][i] * w[tap][i * multiplier + q], then bias,
 * rescaling and clamp as in kernels/gemm/gemm.h (same meaning of exact, mult, shift, scale, bias64).
 * Use: fill the public part; lrt_dwconv_plan; allocate and fill the packed weights (always needed: small);
 * per run set a and c and call lrt_dwconv_run for disjoint ranges of [0, lrt_dwconv_tiles) (a tile = one output row
 * of one picture), each worker with its own 64-byte aligned scratch.
 * Types (a, w -> c): f32, {f32 f16 bf16 int8 uint8 int4} -> f32 · int8, {int8 int4} -> int8 · uint8, uint8 -> uint8 ·
 * int16, int8 -> int16. f32 with integer weights: weights are dequantized while packing. */
typedef struct lrt_dwconv {
  lrt_type a_type, w_type;
  const void *a; /* [batch][in_h][in_w][channels] */
  void *c;       /* [batch][out_h][out_w][channels * multiplier] */
  const void *w; /* [kernel_h][kernel_w][channels * multiplier] */
  int32_t batch, in_h, in_w, channels, multiplier, out_h, out_w;
  int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
  const void *packed; /* made by lrt_dwconv_pack */

  const float *w_scale;  /* f32 with integer weights: [channels * multiplier] */
  const float *bias_f32; /* [channels * multiplier] or NULL */
  float flo, fhi;

  int32_t a_zero, w_zero, c_zero, lo, hi; /* integers; w_zero: 0 for signed weights of integer products */
  bool exact, bias_is_32;
  const int32_t *bias;   /* [channels * multiplier] or NULL */
  const int64_t *bias64; /* int16: or NULL */
  const int32_t *mult, *shift;
  const float *scale;

  bool ref;
  /* set by plan */
  const struct lrt_dwconv_kernel *kernel;
  const struct lrt_gemm_int_epilogue *epilogue;
} lrt_dwconv;

void lrt_dwconv_plan(lrt_dwconv *d);
size_t lrt_dwconv_packed_bytes(const lrt_dwconv *d);
void lrt_dwconv_pack(const lrt_dwconv *d, void *packed);
int64_t lrt_dwconv_tiles(const lrt_dwconv *d);
size_t lrt_dwconv_scratch(const lrt_dwconv *d);
void lrt_dwconv_run(const lrt_dwconv *d, int64_t tile_begin, int64_t tile_end, void *scratch);

#endif
