/* broadcast.c: merges broadcast dimensions and walks the rows that remain. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/elementwise/broadcast.h"

#include <string.h>

/* Dimension `d` of `shape` counted in the frame of an output of `rank` dimensions. */
static int32_t dim_of(const lrt_shape *shape, int rank, int d) {
  const int own = d - (rank - shape->rank);
  return own < 0 ? 1 : shape->dims[own];
}

static lrt_status output_shape(const lrt_shape *const *shapes, int operands, lrt_shape *out, lrt_error *err) {
  out->rank = 0;
  for (int i = 0; i < operands; i++) {
    if (shapes[i]->rank < 0 || shapes[i]->rank > LRT_MAX_RANK) {
      return lrt_fail(err, LRT_INVALID_MODEL, "operand %d has rank %d, the limit is %d", i, shapes[i]->rank,
                      LRT_MAX_RANK);
    }
    if (shapes[i]->rank > out->rank) out->rank = shapes[i]->rank;
  }
  for (int d = 0; d < out->rank; d++) {
    int32_t size = 1;
    for (int i = 0; i < operands; i++) {
      const int32_t own = dim_of(shapes[i], out->rank, d);
      if (own < 0 || (own != 1 && size != 1 && own != size)) {
        return lrt_fail(err, LRT_INVALID_MODEL, "operands do not broadcast: dimension %d is %d and %d", d,
                        size, own);
      }
      if (own != 1) size = own;
    }
    out->dims[d] = size;
  }
  return LRT_OK;
}

/* True when every operand walks a dimension with strides `outer` as the continuation of the one inside it. */
static bool mergeable(int operands, int64_t inner_size, const int64_t *outer, const int64_t *inner) {
  for (int i = 0; i < operands; i++) {
    if (outer[i] != inner[i] * inner_size) return false;
  }
  return true;
}

lrt_status lrt_broadcast_make(const lrt_shape *const *shapes, int operands, lrt_broadcast *out,
                              lrt_error *err) {
  memset(out, 0, sizeof *out);
  out->operands = operands;
  LRT_TRY(output_shape(shapes, operands, &out->out, err));
  out->count = lrt_shape_count(&out->out);
  if (out->count < 0) return lrt_fail(err, LRT_INVALID_MODEL, "the broadcast shape has too many elements");
  int64_t pitch[LRT_BROADCAST_MAX] = {1, 1, 1};
  /* Built innermost first, reversed at the end. */
  int64_t dims[LRT_MAX_RANK], strides[LRT_MAX_RANK][LRT_BROADCAST_MAX];
  int rank = 0;
  for (int d = out->out.rank - 1; d >= 0; d--) {
    const int64_t size = out->out.dims[d];
    if (size == 1) continue;
    int64_t stride[LRT_BROADCAST_MAX];
    for (int i = 0; i < operands; i++) {
      const int32_t own = dim_of(shapes[i], out->out.rank, d);
      stride[i] = own == 1 ? 0 : pitch[i];
      pitch[i] *= own;
    }
    if (rank > 0 && mergeable(operands, dims[rank - 1], stride, strides[rank - 1])) {
      dims[rank - 1] *= size;
      continue;
    }
    dims[rank] = size;
    memcpy(strides[rank], stride, sizeof stride);
    rank++;
  }
  if (rank == 0) {
    out->rank = 1;
    out->dims[0] = 1;
    return LRT_OK;
  }
  out->rank = rank;
  for (int r = 0; r < rank; r++) {
    out->dims[r] = dims[rank - 1 - r];
    for (int i = 0; i < operands; i++) out->strides[i][r] = strides[rank - 1 - r][i];
  }
  return LRT_OK;
}

lrt_broadcast_row lrt_broadcast_start(int64_t begin, int64_t end) {
  lrt_broadcast_row row = {begin, end, {0, 0, 0}, 0};
  return row;
}

bool lrt_broadcast_next(const lrt_broadcast *b, lrt_broadcast_row *row) {
  if (row->at >= row->end) return false;
  const int last = b->rank - 1;
  const int64_t column = row->at % b->dims[last];
  int64_t rest = row->at / b->dims[last];
  for (int i = 0; i < b->operands; i++) row->offset[i] = column * b->strides[i][last];
  for (int d = last - 1; d >= 0; d--) {
    const int64_t index = rest % b->dims[d];
    rest /= b->dims[d];
    for (int i = 0; i < b->operands; i++) row->offset[i] += index * b->strides[i][d];
  }
  row->count = b->dims[last] - column;
  if (row->count > row->end - row->at) row->count = row->end - row->at;
  row->at += row->count;
  return true;
}
