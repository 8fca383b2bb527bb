/* broadcast.h: numpy-style broadcasting of two or three operands to one output, as rows a kernel can take. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_BROADCAST_H
#define LRT_KERNELS_BROADCAST_H

#include <stdbool.h>

#include "base/fail.h"
#include "litert/tensor.h"

#define LRT_BROADCAST_MAX 3

/* The common iteration space: neighbouring dimensions in which all operands advance alike are merged, so equal shapes
 * become one row and scalar or per-channel operands become rows with step 0 or 1. */
typedef struct lrt_broadcast {
  lrt_shape out; /* full output shape */
  int64_t count; /* elements of the output */
  int operands;  /* 1..3 */
  int rank;      /* of the merged space, at least 1 */
  int64_t dims[LRT_MAX_RANK];
  int64_t strides[LRT_BROADCAST_MAX][LRT_MAX_RANK]; /* in elements; 0 where the operand is broadcast */
} lrt_broadcast;

/* Shapes are aligned at their last dimension; a dimension must be equal or 1. Fails with INVALID_MODEL and both shapes'
 * dimension otherwise. */
lrt_status lrt_broadcast_make(const lrt_shape *const *shapes, int operands, lrt_broadcast *out,
                              lrt_error *err);

/* A cursor over rows (runs along the innermost merged dimension) of a range of output elements. */
typedef struct lrt_broadcast_row {
  int64_t at, end;                   /* output elements: next, last + 1 */
  int64_t offset[LRT_BROADCAST_MAX]; /* first element of each operand in this row */
  int64_t count;                     /* elements of this row */
} lrt_broadcast_row;

/* Begins at output elements [begin, end); use: for (r = start(...); next(b, &r);) work on r.offset, out = r.at - r.count. */
lrt_broadcast_row lrt_broadcast_start(int64_t begin, int64_t end);
bool lrt_broadcast_next(const lrt_broadcast *b, lrt_broadcast_row *row);

#endif
