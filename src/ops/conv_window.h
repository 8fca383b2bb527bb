/* conv_window.h: the sizes of a two-dimensional convolution, checked. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_OPS_CONV_WINDOW_H
#define LRT_OPS_CONV_WINDOW_H

#include "ops/op.h"

/* What the node's options say. */
typedef struct lrt_conv_geometry {
  int padding;
  int32_t stride_h, stride_w, dilation_h, dilation_w;
} lrt_conv_geometry;

typedef struct lrt_conv_window {
  int32_t batch, in_h, in_w, channels, out_h, out_w;
  int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
} lrt_conv_window;

/* Input 0 is NHWC, input 1 a filter with height and width in dimensions 1 and 2. */
lrt_status lrt_conv_window_of(lrt_prepare *p, const lrt_conv_geometry *geometry, lrt_conv_window *out);

#endif
