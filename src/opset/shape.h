/* shape.h: shape rules of the operators as pure functions; the runtime and the converters share them. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_OPSET_SHAPE_H
#define LRT_OPSET_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "litert/tensor.h"

bool lrt_shape_equal(const lrt_shape *a, const lrt_shape *b);
/* A shape from up to LRT_MAX_RANK dimensions. */
lrt_shape lrt_shape_of(int rank, const int32_t *dims);
/* numpy broadcasting of two shapes; false where they do not fit. */
bool lrt_shape_broadcast(const lrt_shape *a, const lrt_shape *b, lrt_shape *out);
/* Writes "[1,224,224,3]" into text (cut to size) and returns it. */
const char *lrt_shape_text(const lrt_shape *shape, char *text, unsigned size);
/* Negative axes count from the end; false when outside [-rank, rank). */
bool lrt_shape_axis(int32_t axis, int32_t rank, int32_t *out);

/* One spatial dimension of a convolution or pool window. */
typedef struct lrt_window {
  int32_t out;
  int32_t pad_before;
} lrt_window;
/* SAME or VALID padding (LRT_PADDING_…); false when a factor is < 1 or the result would be negative. */
bool lrt_window_of(int32_t in, int32_t kernel, int32_t stride, int32_t dilation, int padding,
                   lrt_window *out);

/* Removes (or keeps as 1) the axes whose flag is set. */
lrt_shape lrt_shape_reduce(const lrt_shape *shape, const bool *reduced, bool keep_dims);

#endif
