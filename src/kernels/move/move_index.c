/* move_index.c: gather, scatter, one-hot: movement steered by an index tensor, every index checked. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "kernels/move/move.h"

static int64_t index_at(const void *indices, lrt_type type, int64_t i) {
  return type == LRT_INT64   ? ((const int64_t *)indices)[i]
         : type == LRT_INT16 ? ((const int16_t *)indices)[i]
                             : ((const int32_t *)indices)[i];
}

static lrt_status bad_index(lrt_error *err, int64_t index, int64_t position, int64_t limit) {
  return lrt_fail(err, LRT_RUN_FAILED, "index %lld at position %lld is outside 0..%lld", (long long)index,
                  (long long)position, (long long)limit - 1);
}

lrt_status lrt_gather_run(const lrt_gather *g, const void *in, const void *indices, lrt_type index_type,
                          void *out, lrt_error *err) {
  for (int64_t i = 0; i < g->batch * g->count; i++) {
    const int64_t index = index_at(indices, index_type, i);
    if (index < 0 || index >= g->axis) return bad_index(err, index, i, g->axis);
  }
  for (int64_t row = 0; row < g->batch * g->outer; row++) {
    const int64_t first = row / g->outer * g->count;
    for (int64_t i = 0; i < g->count; i++) {
      const int64_t index = index_at(indices, index_type, first + i);
      memcpy((char *)out + (size_t)(row * g->count + i) * g->inner,
             (const char *)in + (size_t)(row * g->axis + index) * g->inner, g->inner);
    }
  }
  return LRT_OK;
}

/* Position of the slice that one row of an n-dimensional index names. */
static lrt_status slice_of(const void *indices, lrt_type type, int64_t row, int32_t depth,
                           const int32_t *dims, int64_t *slice, lrt_error *err) {
  *slice = 0;
  for (int32_t d = 0; d < depth; d++) {
    const int64_t index = index_at(indices, type, row * depth + d);
    if (index < 0 || index >= dims[d]) return bad_index(err, index, row * depth + d, dims[d]);
    *slice = *slice * dims[d] + index;
  }
  return LRT_OK;
}

lrt_status lrt_gather_nd_run(const void *in, const int32_t *dims, int32_t depth, const void *indices,
                             lrt_type index_type, int64_t count, size_t slice, void *out, lrt_error *err) {
  for (int64_t i = 0; i < count; i++) {
    int64_t from = 0;
    LRT_TRY(slice_of(indices, index_type, i, depth, dims, &from, err));
    memcpy((char *)out + (size_t)i * slice, (const char *)in + (size_t)from * slice, slice);
  }
  return LRT_OK;
}

#define ADD_CASE(TYPE, T, A)                                                                                 \
  case LRT_##TYPE:                                                                                           \
    for (int64_t i = 0; i < n; i++) ((T *)out)[i] = (T)((A)((T *)out)[i] + (A)((const T *)in)[i]);           \
    return true;

static bool add_slice(void *out, const void *in, lrt_type type, int64_t n) {
  switch (type) {
    ADD_CASE(FLOAT32, float, float)
    ADD_CASE(FLOAT64, double, double)
    ADD_CASE(INT8, uint8_t, unsigned)
    ADD_CASE(UINT8, uint8_t, unsigned)
    ADD_CASE(INT16, uint16_t, unsigned)
    ADD_CASE(UINT16, uint16_t, unsigned)
    ADD_CASE(INT32, uint32_t, uint32_t)
    ADD_CASE(UINT32, uint32_t, uint32_t)
    ADD_CASE(INT64, uint64_t, uint64_t)
    ADD_CASE(UINT64, uint64_t, uint64_t)
  case LRT_BOOL:
    for (int64_t i = 0; i < n; i++) ((uint8_t *)out)[i] = ((uint8_t *)out)[i] || ((const uint8_t *)in)[i];
    return true;
  default: return false;
  }
}

lrt_status lrt_scatter_nd_run(const void *indices, lrt_type index_type, int64_t count, int32_t depth,
                              const int32_t *dims, const void *updates, lrt_type type, int64_t slice,
                              void *out, lrt_error *err) {
  const size_t size = lrt_type_bits(type) / 8;
  for (int64_t i = 0; i < count; i++) {
    int64_t to = 0;
    LRT_TRY(slice_of(indices, index_type, i, depth, dims, &to, err));
    if (!add_slice((char *)out + (size_t)(to * slice) * size,
                   (const char *)updates + (size_t)(i * slice) * size, type, slice)) {
      return lrt_fail(err, LRT_UNSUPPORTED, "updates of type %s cannot be scattered", lrt_type_name(type));
    }
  }
  return LRT_OK;
}

bool lrt_one_hot(const void *indices, lrt_type index_type, int64_t outer, int64_t depth, int64_t inner,
                 const void *on, const void *off, size_t size, void *out) {
  if (index_type != LRT_INT32 && index_type != LRT_INT64) return false;
  lrt_move_fill(out, off, size, (size_t)(outer * depth * inner));
  for (int64_t i = 0; i < outer * inner; i++) {
    const int64_t index = index_at(indices, index_type, i);
    if (index < 0 || index >= depth) continue;
    memcpy((char *)out + (size_t)((i / inner * depth + index) * inner + i % inner) * size, on, size);
  }
  return true;
}
