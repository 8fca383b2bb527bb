/* reduce_ref.c: merged dimensions, parameters of quantized reductions, the choice of rows; arg-max and running sums. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "kernels/reduce/reduce_levels.h"

const lrt_reduce_level lrt_reduce_levels[] = {
#define LRT_REDUCE_LEVEL(suffix, level) {#suffix, LRT_CPU_##level, lrt_reduce_pick__##suffix},
#include "kernels/reduce/reduce.def"
#undef LRT_REDUCE_LEVEL
};
const int lrt_reduce_level_count = (int)(sizeof lrt_reduce_levels / sizeof lrt_reduce_levels[0]);

lrt_status lrt_reduce_make(const lrt_shape *in, const int32_t *axes, int32_t n, bool keep_dims,
                           lrt_shape *out, lrt_reduce_space *space, lrt_error *err) {
  bool reduced[LRT_MAX_RANK] = {false};
  memset(space, 0, sizeof *space);
  memset(out, 0, sizeof *out);
  for (int32_t i = 0; i < n && in->rank > 0; i++) {
    const int32_t axis = axes[i] < 0 ? axes[i] + in->rank : axes[i];
    if (axis < 0 || axis >= in->rank) {
      return lrt_fail(err, LRT_INVALID_MODEL, "axis %d is out of range for rank %d", axes[i], in->rank);
    }
    reduced[axis] = true;
  }
  space->outputs = space->per_output = 1;
  for (int d = 0; d < in->rank; d++) {
    if (!reduced[d])
      out->dims[out->rank++] = in->dims[d];
    else if (keep_dims)
      out->dims[out->rank++] = 1;
    if (reduced[d])
      space->per_output *= in->dims[d];
    else
      space->outputs *= in->dims[d];
  }
  /* Innermost first, merging neighbours of the same kind. */
  int64_t stride = 1;
  int last = -1;
  for (int d = in->rank - 1; d >= 0; stride *= in->dims[d], d--) {
    if (in->dims[d] == 1) continue;
    int *count = reduced[d] ? &space->reduced : &space->kept;
    int64_t *dims = reduced[d] ? space->reduced_dims : space->kept_dims;
    int64_t *strides = reduced[d] ? space->reduced_strides : space->kept_strides;
    if (last == reduced[d]) {
      dims[*count - 1] *= in->dims[d];
    } else {
      dims[*count] = in->dims[d];
      strides[(*count)++] = stride;
    }
    last = reduced[d];
  }
  return LRT_OK;
}

/* The mean's divisor goes into the multiplier: as many bits as n has are gained by a shift before dividing. */
static lrt_multiplier divide_multiplier(lrt_multiplier m, int64_t n) {
  if (n <= 0) return m;
  int shift = 63 - __builtin_clzll((uint64_t)n);
  shift = shift < 32 ? shift : 32;
  shift = shift < 31 + m.shift ? shift : 31 + m.shift;
  if (shift < 0) shift = 0;
  m.q = (int32_t)(((int64_t)m.q << shift) / n);
  m.shift -= shift;
  return m;
}

void lrt_reduce_quant(lrt_reduce_op op, lrt_type type, float in_scale, int32_t in_zero, float out_scale,
                      int32_t out_zero, int64_t per_output, lrt_reduce_params *p) {
  p->in_zero = in_zero;
  p->out_zero = out_zero;
  p->low = type == LRT_UINT8 ? 0 : type == LRT_INT8 ? INT8_MIN : INT16_MIN;
  p->high = type == LRT_UINT8 ? UINT8_MAX : type == LRT_INT8 ? INT8_MAX : INT16_MAX;
  p->real_scale = in_scale / out_scale;
  if (op == LRT_REDUCE_PROD) {
    const double root = per_output > 0 ? pow((double)out_scale, 1.0 / (double)per_output) : 1.0;
    p->scale = lrt_multiplier_make((double)in_scale / root);
  } else {
    p->scale = lrt_multiplier_make((double)in_scale / (double)out_scale);
    if (op == LRT_REDUCE_MEAN) p->scale = divide_multiplier(p->scale, per_output);
  }
}

lrt_reduce_fn lrt_reduce_pick(lrt_reduce_op op, lrt_type type, bool quantized) {
  const lrt_reduce_level *level = lrt_reduce_levels;
  while (!lrt_cpu_has((lrt_cpu_level)level->level)) level++;
  return level->pick(op, type, quantized);
}

/* ---- along one axis ---- */

static void store_index(void *out, lrt_type type, int64_t at, int64_t index) {
  if (type == LRT_INT32)
    ((int32_t *)out)[at] = (int32_t)index;
  else
    ((int64_t *)out)[at] = index;
}

#define ARG_CASE(TYPE, T)                                                                                    \
  case LRT_##TYPE:                                                                                           \
    for (int64_t at = begin; at < end; at++) {                                                               \
      const T *x = (const T *)in + at / inner * axis * inner + at % inner;                                   \
      int64_t best = 0;                                                                                      \
      for (int64_t i = 1; i < axis; i++) {                                                                   \
        const T a = x[i * inner], b = x[best * inner];                                                       \
        if ((largest ? a > b : a < b) || (b != b && a == a)) best = i;                                       \
      }                                                                                                      \
      store_index(out, out_type, at, best);                                                                  \
    }                                                                                                        \
    return true;

bool lrt_arg_extreme(const void *in, lrt_type type, bool largest, int64_t axis, int64_t inner, void *out,
                     lrt_type out_type, int64_t begin, int64_t end) {
  if (out_type != LRT_INT32 && out_type != LRT_INT64) return false;
  switch (type) {
    ARG_CASE(FLOAT32, float)
    ARG_CASE(INT8, int8_t)
    ARG_CASE(UINT8, uint8_t)
    ARG_CASE(BOOL, uint8_t)
    ARG_CASE(INT16, int16_t)
    ARG_CASE(INT32, int32_t)
    ARG_CASE(INT64, int64_t)
  default: return false;
  }
}

#define CUMSUM_CASE(TYPE, T, A)                                                                              \
  case LRT_##TYPE:                                                                                           \
    for (int64_t line = begin; line < end; line++) {                                                         \
      const int64_t first = line / inner * axis * inner + line % inner;                                      \
      A sum = 0;                                                                                             \
      for (int64_t i = 0; i < axis; i++) {                                                                   \
        const int64_t at = first + (reverse ? axis - 1 - i : i) * inner;                                     \
        const A x = (A)((const T *)in)[at], before = sum;                                                    \
        sum += x;                                                                                            \
        ((T *)out)[at] = (T)(exclusive ? before : sum);                                                      \
      }                                                                                                      \
    }                                                                                                        \
    return true;

bool lrt_cumsum(const void *in, void *out, lrt_type type, int64_t axis, int64_t inner, bool exclusive,
                bool reverse, int64_t begin, int64_t end) {
  switch (type) {
    CUMSUM_CASE(FLOAT32, float, float)
    CUMSUM_CASE(INT32, int32_t, uint32_t)
    CUMSUM_CASE(INT64, int64_t, uint64_t)
  default: return false;
  }
}
