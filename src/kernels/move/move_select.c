/* move_select.c: select, where, top-k, range. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "kernels/move/move.h"

#define SELECT_ROW(name, T)                                                                                  \
  static void name(const uint8_t *cond, const void *a_, const void *b_, void *out_, int64_t n, int64_t cs,   \
                   int64_t as, int64_t bs) {                                                                 \
    const T *a = a_, *b = b_;                                                                                \
    T *out = out_;                                                                                           \
    if (cs == 0) {                                                                                           \
      const T *from = *cond ? a : b;                                                                         \
      const int64_t step = *cond ? as : bs;                                                                  \
      for (int64_t i = 0; i < n; i++) out[i] = from[i * step];                                               \
    } else {                                                                                                 \
      for (int64_t i = 0; i < n; i++) out[i] = cond[i] ? a[i * as] : b[i * bs];                              \
    }                                                                                                        \
  }
typedef struct pair64 {
  uint64_t half[2];
} pair64;
SELECT_ROW(select_1, uint8_t)
SELECT_ROW(select_2, uint16_t)
SELECT_ROW(select_4, uint32_t)
SELECT_ROW(select_8, uint64_t)
SELECT_ROW(select_16, pair64)

void lrt_select_run(const lrt_broadcast *space, const uint8_t *cond, const void *a, const void *b, void *out,
                    size_t size, int64_t begin, int64_t end) {
  const int last = space->rank - 1;
  const int64_t cs = space->strides[0][last], as = space->strides[1][last], bs = space->strides[2][last];
  for (lrt_broadcast_row r = lrt_broadcast_start(begin, end); lrt_broadcast_next(space, &r);) {
    const uint8_t *c = cond + r.offset[0];
    const char *x = (const char *)a + (size_t)r.offset[1] * size,
               *y = (const char *)b + (size_t)r.offset[2] * size;
    char *o = (char *)out + (size_t)(r.at - r.count) * size;
    switch (size) {
    case 1: select_1(c, x, y, o, r.count, cs, as, bs); break;
    case 2: select_2(c, x, y, o, r.count, cs, as, bs); break;
    case 4: select_4(c, x, y, o, r.count, cs, as, bs); break;
    case 8: select_8(c, x, y, o, r.count, cs, as, bs); break;
    default: select_16(c, x, y, o, r.count, cs, as, bs); break;
    }
  }
}

static bool is_set(const void *in, lrt_type type, int64_t i) {
  switch (type) {
  case LRT_FLOAT32: return ((const float *)in)[i] != 0.0f;
  case LRT_INT16:
  case LRT_UINT16: return ((const uint16_t *)in)[i] != 0;
  case LRT_INT32:
  case LRT_UINT32: return ((const uint32_t *)in)[i] != 0;
  case LRT_INT64:
  case LRT_UINT64: return ((const uint64_t *)in)[i] != 0;
  default: return ((const uint8_t *)in)[i] != 0;
  }
}

int64_t lrt_where_count(const void *in, lrt_type type, int64_t count) {
  int64_t found = 0;
  for (int64_t i = 0; i < count; i++) found += is_set(in, type, i);
  return found;
}

void lrt_where_run(const void *in, lrt_type type, const lrt_shape *shape, int64_t *out) {
  const int64_t count = lrt_shape_count(shape);
  for (int64_t i = 0; i < count; i++) {
    if (!is_set(in, type, i)) continue;
    int64_t rest = i;
    for (int d = shape->rank - 1; d >= 0; d--) {
      out[d] = rest % shape->dims[d];
      rest /= shape->dims[d];
    }
    out += shape->rank;
  }
}

/* ---- top-k: a heap of indices with the worst candidate on top, then sorted in place; NaN comes last ---- */

#define NEVER(x) false
#define TOPK(name, T, ODD)                                                                                   \
  static inline bool name##_better(const T *x, int32_t a, int32_t b) {                                       \
    const bool odd_a = ODD(x[a]), odd_b = ODD(x[b]);                                                         \
    if (odd_a != odd_b) return odd_b;                                                                        \
    return x[a] > x[b] || (!(x[b] > x[a]) && a < b);                                                         \
  }                                                                                                          \
  static void name##_sink(const T *x, int32_t *heap, int64_t count, int64_t at) {                            \
    for (;;) {                                                                                               \
      int64_t worst = at;                                                                                    \
      for (int64_t child = 2 * at + 1; child <= 2 * at + 2 && child < count; child++) {                      \
        if (name##_better(x, heap[worst], heap[child])) worst = child;                                       \
      }                                                                                                      \
      if (worst == at) return;                                                                               \
      const int32_t t = heap[at];                                                                            \
      heap[at] = heap[worst];                                                                                \
      heap[worst] = t;                                                                                       \
      at = worst;                                                                                            \
    }                                                                                                        \
  }                                                                                                          \
  static void name(const T *x, int64_t columns, int32_t k, T *values, int32_t *heap) {                       \
    for (int32_t i = 0; i < k; i++) heap[i] = i;                                                             \
    for (int64_t i = k / 2 - 1; i >= 0; i--) name##_sink(x, heap, k, i);                                     \
    for (int32_t i = k; i < columns; i++) {                                                                  \
      if (!name##_better(x, i, heap[0])) continue;                                                           \
      heap[0] = i;                                                                                           \
      name##_sink(x, heap, k, 0);                                                                            \
    }                                                                                                        \
    for (int64_t n = k - 1; n > 0; n--) {                                                                    \
      const int32_t t = heap[0];                                                                             \
      heap[0] = heap[n];                                                                                     \
      heap[n] = t;                                                                                           \
      name##_sink(x, heap, n, 0);                                                                            \
    }                                                                                                        \
    for (int32_t i = 0; i < k; i++) values[i] = x[heap[i]];                                                  \
  }
TOPK(topk_f32, float, isnan)
TOPK(topk_i8, int8_t, NEVER)
TOPK(topk_u8, uint8_t, NEVER)
TOPK(topk_i16, int16_t, NEVER)
TOPK(topk_i32, int32_t, NEVER)
TOPK(topk_i64, int64_t, NEVER)

#define TOPK_CASE(TYPE, T, fn)                                                                               \
  case LRT_##TYPE:                                                                                           \
    for (int64_t row = begin; row < end; row++) {                                                            \
      fn((const T *)in + row * columns, columns, k, (T *)values + row * k, indices + row * k);               \
    }                                                                                                        \
    return true;

bool lrt_topk(const void *in, lrt_type type, int64_t columns, int32_t k, void *values, int32_t *indices,
              int64_t begin, int64_t end) {
  if (k < 0 || k > columns || columns > INT32_MAX) return false;
  if (k == 0) return true;
  switch (type) {
    TOPK_CASE(FLOAT32, float, topk_f32)
    TOPK_CASE(INT8, int8_t, topk_i8)
    TOPK_CASE(UINT8, uint8_t, topk_u8)
    TOPK_CASE(INT16, int16_t, topk_i16)
    TOPK_CASE(INT32, int32_t, topk_i32)
    TOPK_CASE(INT64, int64_t, topk_i64)
  default: return false;
  }
}

/* ---- range ---- */

static int64_t integer_steps(int64_t start, int64_t limit, int64_t delta) {
  if (delta == 0 || (delta > 0 && start > limit) || (delta < 0 && start < limit)) return -1;
  const uint64_t span = delta > 0 ? (uint64_t)limit - (uint64_t)start : (uint64_t)start - (uint64_t)limit;
  const uint64_t step = delta > 0 ? (uint64_t)delta : 0 - (uint64_t)delta;
  const uint64_t count = span / step + (span % step != 0);
  return count > INT64_MAX ? -1 : (int64_t)count;
}

int64_t lrt_range_count(const void *start, const void *limit, const void *delta, lrt_type type) {
  if (type == LRT_INT32) {
    return integer_steps(*(const int32_t *)start, *(const int32_t *)limit, *(const int32_t *)delta);
  }
  if (type == LRT_INT64) {
    return integer_steps(*(const int64_t *)start, *(const int64_t *)limit, *(const int64_t *)delta);
  }
  const float from = *(const float *)start, to = *(const float *)limit, by = *(const float *)delta;
  const float steps = ceilf(fabsf((to - from) / by));
  if (by == 0.0f || (by > 0.0f && from > to) || (by < 0.0f && from < to) || !(steps < 9e18f)) return -1;
  return (int64_t)steps;
}

#define RANGE_CASE(T, A)                                                                                     \
  {                                                                                                          \
    A value = (A) * (const T *)start;                                                                        \
    for (int64_t i = 0; i < count; i++, value += (A) * (const T *)delta) ((T *)out)[i] = (T)value;           \
  }

void lrt_range_run(const void *start, const void *delta, lrt_type type, int64_t count, void *out) {
  if (type == LRT_INT32)
    RANGE_CASE(int32_t, uint32_t)
  else if (type == LRT_INT64)
    RANGE_CASE(int64_t, uint64_t)
  else
    RANGE_CASE(float, float)
}
