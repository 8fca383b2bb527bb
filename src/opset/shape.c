/* shape.c: shape rules shared by several operators. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "opset/shape.h"

#include <stdio.h>
#include <string.h>

#include "opset/opset.h"

bool lrt_shape_equal(const lrt_shape *a, const lrt_shape *b) {
  return a->rank == b->rank && memcmp(a->dims, b->dims, sizeof(int32_t) * (size_t)a->rank) == 0;
}

lrt_shape lrt_shape_of(int rank, const int32_t *dims) {
  lrt_shape shape = {rank, {0}};
  for (int i = 0; i < rank; i++) shape.dims[i] = dims[i];
  return shape;
}

bool lrt_shape_broadcast(const lrt_shape *a, const lrt_shape *b, lrt_shape *out) {
  const int rank = a->rank > b->rank ? a->rank : b->rank;
  lrt_shape result = {rank, {0}};
  for (int i = 0; i < rank; i++) { /* i counts from the last dimension */
    const int32_t da = i < a->rank ? a->dims[a->rank - 1 - i] : 1;
    const int32_t db = i < b->rank ? b->dims[b->rank - 1 - i] : 1;
    if (da != db && da != 1 && db != 1) return false;
    result.dims[rank - 1 - i] = da == 1 ? db : da;
  }
  *out = result;
  return true;
}

const char *lrt_shape_text(const lrt_shape *shape, char *text, unsigned size) {
  unsigned used = 0;
  if (size == 0) return "";
  text[0] = '\0';
  for (int i = 0; i < shape->rank && used < size; i++)
    used += (unsigned)snprintf(text + used, size - used, "%s%d", i == 0 ? "[" : ",", shape->dims[i]);
  if (used < size) snprintf(text + used, size - used, "%s", shape->rank == 0 ? "[]" : "]");
  return text;
}

bool lrt_shape_axis(int32_t axis, int32_t rank, int32_t *out) {
  if (axis < -rank || axis >= rank) return false;
  *out = axis < 0 ? axis + rank : axis;
  return true;
}

bool lrt_window_of(int32_t in, int32_t kernel, int32_t stride, int32_t dilation, int padding,
                   lrt_window *out) {
  if (in < 0 || kernel < 1 || stride < 1 || dilation < 1) return false;
  const int64_t reach = (int64_t)(kernel - 1) * dilation + 1;
  if (reach > INT32_MAX) return false;
  int64_t count;
  if (padding == LRT_PADDING_SAME) {
    count = ((int64_t)in + stride - 1) / stride;
  } else {
    count = ((int64_t)in - reach + stride) / stride;
    if (count < 0 || in < reach) count = 0;
  }
  int64_t total = (count - 1) * stride + reach - in;
  if (padding != LRT_PADDING_SAME || total < 0) total = 0;
  out->out = (int32_t)count;
  out->pad_before = (int32_t)(total / 2);
  return true;
}

lrt_shape lrt_shape_reduce(const lrt_shape *shape, const bool *reduced, bool keep_dims) {
  lrt_shape out = {0, {0}};
  for (int i = 0; i < shape->rank; i++) {
    if (!reduced[i])
      out.dims[out.rank++] = shape->dims[i];
    else if (keep_dims)
      out.dims[out.rank++] = 1;
  }
  return out;
}
