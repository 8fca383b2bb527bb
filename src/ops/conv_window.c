/* conv_window.c: checks ranks, strides and padding of a convolution and computes its output size. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/conv_window.h"

lrt_status lrt_conv_window_of(lrt_prepare *p, const lrt_conv_geometry *geometry, lrt_conv_window *out) {
  const lrt_shape *input = &p->inputs[0]->shape, *filter = &p->inputs[1]->shape;
  lrt_window h, w;
  if (input->rank != 4 || filter->rank != 4)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "input and filter have %d and %d dimensions, expected 4",
                            input->rank, filter->rank);
  if (geometry->padding != LRT_PADDING_SAME && geometry->padding != LRT_PADDING_VALID)
    return lrt_prepare_fail(p, LRT_UNSUPPORTED, "padding %d is not supported", geometry->padding);
  const int64_t height = (int64_t)input->dims[1] + p->pads[0] + p->pads[1];
  const int64_t width = (int64_t)input->dims[2] + p->pads[2] + p->pads[3];
  if (height > INT32_MAX || width > INT32_MAX)
    return lrt_prepare_fail(p, LRT_INVALID_MODEL, "the padded input is too large");
  if (!lrt_window_of((int32_t)height, filter->dims[1], geometry->stride_h, geometry->dilation_h,
                     geometry->padding, &h) ||
      !lrt_window_of((int32_t)width, filter->dims[2], geometry->stride_w, geometry->dilation_w,
                     geometry->padding, &w))
    return lrt_prepare_fail(p, LRT_INVALID_MODEL,
                            "a %dx%d window with stride %dx%d and dilation %dx%d does not exist",
                            filter->dims[1], filter->dims[2], geometry->stride_h, geometry->stride_w,
                            geometry->dilation_h, geometry->dilation_w);
  *out = (lrt_conv_window){.batch = input->dims[0],
                           .in_h = input->dims[1],
                           .in_w = input->dims[2],
                           .channels = input->dims[3],
                           .out_h = h.out,
                           .out_w = w.out,
                           .kernel_h = filter->dims[1],
                           .kernel_w = filter->dims[2],
                           .stride_h = geometry->stride_h,
                           .stride_w = geometry->stride_w,
                           .dilation_h = geometry->dilation_h,
                           .dilation_w = geometry->dilation_w,
                           .pad_top = h.pad_before + p->pads[0],
                           .pad_left = w.pad_before + p->pads[2]};
  return LRT_OK;
}
