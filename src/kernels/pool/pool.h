/* pool.h: average, maximum and L2 pooling over NHWC pictures. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_POOL_H
#define LRT_KERNELS_POOL_H

#include <stdbool.h>

#include "litert/tensor.h"

typedef enum lrt_pool_op { LRT_POOL_AVERAGE, LRT_POOL_MAX, LRT_POOL_L2 } lrt_pool_op;

typedef struct lrt_pool_params {
  int32_t batches, in_height, in_width, channels, out_height, out_width;
  int32_t filter_height, filter_width, stride_height, stride_width;
  int32_t pad_top, pad_left; /* outside pixels do not count */
  float low, high;           /* f32: clamp */
  int32_t int_low, int_high; /* quantized: clamp */
} lrt_pool_params;

/* Output rows [begin, end) of batches * out_height; each writes out_width * channels elements. In and out have the same
 * scale. Integer averages: (sum ± n/2) / n truncated, n the taps inside the picture, ± by the sign of the sum. A window
 * without any tap gives 0 (average, L2) or the clamp's low end (max). L2: f32 only. */
typedef void (*lrt_pool_fn)(const lrt_pool_params *p, const void *in, void *out, int64_t begin, int64_t end);

/* FLOAT32, INT8, UINT8, INT16; NULL otherwise. All kernels are exact for integers; fast ones hold 8-bit sums in 32 bits, so
 * windows of more than 2^23 pixels need ref. */
lrt_pool_fn lrt_pool_pick(lrt_pool_op op, lrt_type type, bool ref);

typedef struct lrt_pool_variant {
  lrt_pool_op op;
  lrt_type type;
  bool ref;
  const char *name;
  int level;
  lrt_pool_fn fn;
} lrt_pool_variant;
const lrt_pool_variant *lrt_pool_variants(size_t *count);

#endif
