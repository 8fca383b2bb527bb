/* reduce_rows.h: reductions row by row, compiled once per instruction set; the including file defines LEVEL(name). */
/* SPDX-License-Identifier: Apache-2.0 */
/* No include guard: a template. Partial results are kept in a fixed number of lanes, so all levels give the same bits. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "kernels/reduce/lane_sum.h"
#include "kernels/reduce/reduce_levels.h"
#if defined(__AVX2__)
#include <immintrin.h>
#endif

/* Offset of the i-th combination of indices of dimensions [from, count), innermost first. */
static int64_t offset_of(int64_t i, int from, int count, const int64_t *dims, const int64_t *strides) {
  int64_t offset = 0;
  for (int d = from; d < count; d++) {
    offset += i % dims[d] * strides[d];
    i /= dims[d];
  }
  return offset;
}

/* A strip of outputs whose inputs are neighbours too, or a single output. */
enum { STRIP = 128 };

static int64_t strip_length(const lrt_reduce_space *s, int64_t at, int64_t end) {
  if (s->kept == 0 || s->kept_strides[0] != 1) return 1;
  int64_t n = s->kept_dims[0] - at % s->kept_dims[0];
  n = n < end - at ? n : end - at;
  return n < STRIP ? n : STRIP;
}

/* Runs of neighbouring numbers that all go into one output keep this many partial results: more than compilers unroll
 * completely, so that the loop over them becomes vector code, and the same for every range and machine. */
enum { LANES = 32 };

/* Continues `acc` over a contiguous run, in lanes from a length of FROM. STEP: acc and x to the new acc. MERGE: acc and
 * another partial result to acc. */
#define RUN_LANES(name, T, A, FROM, FIRST, STEP, MERGE)                                                      \
  static A name##_run(const lrt_reduce_params *p, const T *in, int64_t count, A acc) {                       \
    A lane[LANES];                                                                                           \
    int64_t i = 0;                                                                                           \
    (void)p;                                                                                                 \
    if (count >= (FROM)) {                                                                                   \
      const A before = acc;                                                                                  \
      for (int l = 0; l < LANES; l++) lane[l] = FIRST;                                                       \
      for (; i + LANES <= count; i += LANES) {                                                               \
        for (int l = 0; l < LANES; l++) {                                                                    \
          const T x = in[i + l];                                                                             \
          acc = lane[l];                                                                                     \
          lane[l] = (A)(STEP);                                                                               \
        }                                                                                                    \
      }                                                                                                      \
      for (int width = LANES / 2; width > 0; width /= 2) {                                                   \
        for (int l = 0; l < width; l++) {                                                                    \
          const A other = lane[l + width];                                                                   \
          acc = lane[l];                                                                                     \
          lane[l] = (A)(MERGE);                                                                              \
        }                                                                                                    \
      }                                                                                                      \
      const A other = lane[0];                                                                               \
      acc = before;                                                                                          \
      acc = (A)(MERGE);                                                                                      \
    }                                                                                                        \
    for (; i < count; i++) {                                                                                 \
      const T x = in[i];                                                                                     \
      acc = (A)(STEP);                                                                                       \
    }                                                                                                        \
    return acc;                                                                                              \
  }

/* Strips of outputs over all combinations of reduced indices. FIRST: the neutral value; LAST: acc to the result. `fresh` is
 * true for the first x of an output. */
#define REDUCE_STRIPS(name, T, R, A, FIRST, STEP, LAST, RUN)                                                 \
  static void name(const lrt_reduce_space *s, const lrt_reduce_params *p, const void *in_, void *out_,       \
                   int64_t begin, int64_t end) {                                                             \
    const int64_t run = s->reduced > 0 ? s->reduced_dims[0] : 1;                                             \
    const int64_t stride = s->reduced > 0 ? s->reduced_strides[0] : 0;                                       \
    const int64_t runs = s->per_output == 0 ? 0 : s->per_output / run;                                       \
    A strip[STRIP];                                                                                          \
    (void)p;                                                                                                 \
    for (int64_t at = begin, n; at < end; at += n) {                                                         \
      n = strip_length(s, at, end);                                                                          \
      const T *base = (const T *)in_ + offset_of(at, 0, s->kept, s->kept_dims, s->kept_strides);             \
      for (int64_t j = 0; j < n; j++) strip[j] = FIRST;                                                      \
      for (int64_t r = 0; r < runs; r++) {                                                                   \
        const T *in = base + offset_of(r, 1, s->reduced, s->reduced_dims, s->reduced_strides);               \
        RUN;                                                                                                 \
        for (int64_t k = 0; k < run; k++, in += stride) {                                                    \
          const bool fresh = r == 0 && k == 0;                                                               \
          (void)fresh;                                                                                       \
          for (int64_t j = 0; j < n; j++) {                                                                  \
            const A acc = strip[j];                                                                          \
            const T x = in[j];                                                                               \
            strip[j] = (A)(STEP);                                                                            \
          }                                                                                                  \
        }                                                                                                    \
      }                                                                                                      \
      for (int64_t j = 0; j < n; j++) {                                                                      \
        const A acc = strip[j];                                                                              \
        ((R *)out_)[at + j] = (R)(LAST);                                                                     \
      }                                                                                                      \
    }                                                                                                        \
  }

#define REDUCE_RUNS(name, T, R, A, FIRST, STEP, LAST)                                                        \
  REDUCE_STRIPS(                                                                                             \
      name, T, R, A, FIRST, STEP, LAST, if (stride == 1) {                                                   \
        strip[0] = name##_run(p, in, run, strip[0]);                                                         \
        continue;                                                                                            \
      })

/* Integers: any order gives the same, and sums and extremes are quicker without the halving of lanes, but in long runs. */
enum { LONG_RUN = 512 };

#define REDUCE(name, T, R, A, FIRST, STEP, MERGE, LAST)                                                      \
  RUN_LANES(name, T, A, LONG_RUN, FIRST, STEP, MERGE)                                                        \
  REDUCE_RUNS(name, T, R, A, FIRST, STEP, LAST)

/* Sums of floats over contiguous runs go in the order of lane_sum.h. */
#define SUM_F32(name, LAST)                                                                                  \
  REDUCE_STRIPS(                                                                                             \
      name, float, float, float, 0.0f, acc + x, LAST, if (stride == 1) {                                     \
        strip[0] += lrt_lane_sum(in, run);                                                                   \
        continue;                                                                                            \
      })
SUM_F32(sum_f32, acc)
SUM_F32(mean_f32, acc *(1.0f / (float)s->per_output))

static float sum_squares(const float *x, int64_t count) {
#if defined(__x86_64__)
  if (lrt_cpu_has(LRT_CPU_AVX2)) return lrt_sum_squares__avx2(x, count);
#endif
  return lrt_sum_squares__generic(x, count);
}

#define SUM_SQUARES_F32(name, LAST)                                                                          \
  REDUCE_STRIPS(                                                                                             \
      name, float, float, float, 0.0f, acc + x * x, LAST, if (stride == 1) {                                 \
        strip[0] += sum_squares(in, run);                                                                    \
        continue;                                                                                            \
      })
SUM_SQUARES_F32(sum_squares_f32, acc)
SUM_SQUARES_F32(mean_squares_f32, acc *(1.0f / (float)s->per_output))
RUN_LANES(prod_f32, float, float, 2 * LANES, 1.0f, acc *x, acc *other)
REDUCE_RUNS(prod_f32, float, float, float, 1.0f, acc *x, acc)

/* The extreme of a run: `x OP acc ? x : acc`, which vmaxps and vminps give for NaN and both zeros as well. Compilers fold
 * the lanes one by one, so it is spelled out where rows are short: the same lanes, halved in the same order. */
#if defined(__AVX2__)
#define EXTREME_RUN(name, FIRST, OP, which)                                                                  \
  static float name##_run(const lrt_reduce_params *p, const float *in, int64_t count, float acc) {           \
    int64_t i = 0;                                                                                           \
    (void)p;                                                                                                 \
    if (count >= 2 * LANES) {                                                                                \
      __m256 a = _mm256_set1_ps(FIRST), b = a, c = a, d = a;                                                 \
      for (; i + LANES <= count; i += LANES) {                                                               \
        a = _mm256_##which##_ps(_mm256_loadu_ps(in + i), a);                                                 \
        b = _mm256_##which##_ps(_mm256_loadu_ps(in + i + 8), b);                                             \
        c = _mm256_##which##_ps(_mm256_loadu_ps(in + i + 16), c);                                            \
        d = _mm256_##which##_ps(_mm256_loadu_ps(in + i + 24), d);                                            \
      }                                                                                                      \
      a = _mm256_##which##_ps(_mm256_##which##_ps(d, b), _mm256_##which##_ps(c, a));                         \
      __m128 four = _mm_##which##_ps(_mm256_extractf128_ps(a, 1), _mm256_castps256_ps128(a));                \
      four = _mm_##which##_ps(_mm_movehl_ps(four, four), four);                                              \
      four = _mm_##which##_ss(_mm_movehdup_ps(four), four);                                                  \
      acc = _mm_cvtss_f32(_mm_##which##_ss(four, _mm_set_ss(acc)));                                          \
    }                                                                                                        \
    for (; i < count; i++) acc = in[i] OP acc ? in[i] : acc;                                                 \
    return acc;                                                                                              \
  }
#else
#define EXTREME_RUN(name, FIRST, OP, which)                                                                  \
  RUN_LANES(name, float, float, 2 * LANES, FIRST, x OP acc ? x : acc, other OP acc ? other : acc)
#endif
EXTREME_RUN(max_f32, -INFINITY, >, max)
EXTREME_RUN(min_f32, INFINITY, <, min)
/* Of nothing: the smallest and the largest number, as of integers. */
REDUCE_RUNS(max_f32, float, float, float, -INFINITY, x > acc ? x : acc, s->per_output == 0 ? -FLT_MAX : acc)
REDUCE_RUNS(min_f32, float, float, float, INFINITY, x < acc ? x : acc, s->per_output == 0 ? FLT_MAX : acc)
REDUCE(any_bool, uint8_t, uint8_t, uint8_t, 0, acc | (x != 0), acc | other, acc)
REDUCE(all_bool, uint8_t, uint8_t, uint8_t, 1, acc &(x != 0), acc &other, acc)

static int64_t mean_of(uint64_t sum, int64_t n) {
  return n == 0 ? 0 : (int64_t)sum / n;
}

#define INT_REDUCE(s_, T, lowest, highest)                                                                   \
  REDUCE(sum_##s_, T, T, uint64_t, 0, acc + (uint64_t)x, acc + other, acc)                                   \
  REDUCE(mean_##s_, T, T, uint64_t, 0, acc + (uint64_t)x, acc + other, mean_of(acc, s->per_output))          \
  RUN_LANES(prod_##s_, T, uint64_t, 2 * LANES, 1, acc * (uint64_t)x, acc * other)                            \
  REDUCE_RUNS(prod_##s_, T, T, uint64_t, 1, acc *(uint64_t)x, acc)                                           \
  REDUCE(max_##s_, T, T, T, lowest, x > acc ? x : acc, other > acc ? other : acc, acc)                       \
  REDUCE(min_##s_, T, T, T, highest, x < acc ? x : acc, other < acc ? other : acc, acc)
INT_REDUCE(i8, int8_t, INT8_MIN, INT8_MAX)
INT_REDUCE(u8, uint8_t, 0, UINT8_MAX)
INT_REDUCE(i16, int16_t, INT16_MIN, INT16_MAX)
INT_REDUCE(i32, int32_t, INT32_MIN, INT32_MAX)
INT_REDUCE(i64, int64_t, INT64_MIN, INT64_MAX)

/* ---- quantized ---- */

static int32_t bound(const lrt_reduce_params *p, int64_t v) {
  return v < p->low ? p->low : v > p->high ? p->high : (int32_t)v;
}
static int32_t quant_mean(const lrt_reduce_params *p, int32_t sum, int64_t n) {
  if (n == 0) return p->out_zero;
  const int32_t centred = (int32_t)(uint32_t)((uint64_t)sum - (uint64_t)p->in_zero * (uint64_t)n);
  return bound(p, (int64_t)lrt_multiplier_apply(centred, p->scale) + p->out_zero);
}
static int32_t quant_sum(const lrt_reduce_params *p, int64_t sum, int64_t n) {
  const float bias = -(float)p->in_zero * p->real_scale * (float)n;
  const float v = roundf((float)sum * p->real_scale + bias) + (float)p->out_zero;
  return v <= (float)p->low ? p->low : v >= (float)p->high ? p->high : (int32_t)v;
}
static int32_t prod_step(const lrt_reduce_params *p, int32_t acc, int32_t x, bool fresh) {
  return fresh ? x - p->in_zero : lrt_multiplier_apply64((int64_t)acc * (x - p->in_zero), p->scale);
}

#define QUANT_REDUCE(s_, T)                                                                                  \
  REDUCE(q_sum_##s_, T, T, int64_t, 0, acc + x, acc + other, quant_sum(p, acc, s->per_output))               \
  REDUCE(q_mean_##s_, T, T, int32_t, 0, lrt_fixed_add(acc, x), lrt_fixed_add(acc, other),                    \
         quant_mean(p, acc, s->per_output))                                                                  \
  REDUCE_STRIPS(q_prod_##s_, T, T, int32_t, 1, prod_step(p, acc, x, fresh),                                  \
                bound(p, (int64_t)lrt_multiplier_apply64(acc, p->scale) + p->out_zero), )
QUANT_REDUCE(i8, int8_t)
QUANT_REDUCE(u8, uint8_t)
QUANT_REDUCE(i16, int16_t)

/* ---- choice ---- */

#define INT_CASES(prefix, TYPE, s_)                                                                          \
  case LRT_##TYPE:                                                                                           \
    switch (op) {                                                                                            \
    case LRT_REDUCE_SUM: return prefix##sum_##s_;                                                            \
    case LRT_REDUCE_MEAN: return prefix##mean_##s_;                                                          \
    case LRT_REDUCE_PROD: return prefix##prod_##s_;                                                          \
    case LRT_REDUCE_MAX: return max_##s_;                                                                    \
    case LRT_REDUCE_MIN: return min_##s_;                                                                    \
    default: return NULL;                                                                                    \
    }

static lrt_reduce_fn pick_quantized(lrt_reduce_op op, lrt_type type) {
  switch (type) {
    INT_CASES(q_, INT8, i8)
    INT_CASES(q_, UINT8, u8)
    INT_CASES(q_, INT16, i16)
  default: return NULL;
  }
}

lrt_reduce_fn LEVEL(lrt_reduce_pick)(lrt_reduce_op op, lrt_type type, bool quantized) {
  if (quantized) return pick_quantized(op, type);
  if (op == LRT_REDUCE_SUM_SQUARES) return type == LRT_FLOAT32 ? sum_squares_f32 : NULL;
  if (op == LRT_REDUCE_MEAN_SQUARES) return type == LRT_FLOAT32 ? mean_squares_f32 : NULL;
  switch (type) {
    INT_CASES(, FLOAT32, f32)
    INT_CASES(, INT8, i8)
    INT_CASES(, UINT8, u8)
    INT_CASES(, INT16, i16)
    INT_CASES(, INT32, i32)
    INT_CASES(, INT64, i64)
  case LRT_BOOL: return op == LRT_REDUCE_ANY ? any_bool : op == LRT_REDUCE_ALL ? all_bool : NULL;
  default: return NULL;
  }
}
