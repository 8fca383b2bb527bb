/* gemm_requant.h: the scalar rules by which accumulators become outputs; every vector form must equal these. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_GEMM_REQUANT_H
#define LRT_KERNELS_GEMM_REQUANT_H

#include <math.h>
#include <stdint.h>

/* TFLite's double rounding: x * 2^max(shift,0) wraps; high half of the doubled product rounded half up (half away
 * from zero for what the left shift leaves); then a right shift that rounds half away from zero.
 * mult in [0, 2^31), shift in [-31, 30]. */
static inline int32_t lrt_requant_exact(int32_t x, int32_t mult, int32_t shift) {
  const int left = shift > 0 ? shift : 0, right = shift > 0 ? 0 : -shift;
  const int32_t shifted = (int32_t)((uint32_t)x << left);
  const int64_t product = (int64_t)shifted * mult;
  const int32_t high = (int32_t)((product + (INT64_C(1) << 30)) >> 31);
  const int32_t mask = (int32_t)((INT64_C(1) << right) - 1);
  const int32_t threshold = (mask >> 1) + (high < 0);
  return (high >> right) + ((high & mask) > threshold);
}

/* One rounding, half to even, in float; INT32 range is the caller's concern through lo and hi (already minus zp). */
static inline int32_t lrt_requant_fast(int32_t x, float scale, float lo, float hi) {
  float v = (float)x * scale;
  v = v < lo ? lo : v;
  v = v > hi ? hi : v;
  return (int32_t)lrintf(v);
}

/* int16 outputs from 64-bit accumulators: the multiplier is cut to 16 bits. shift in [-31, 14]. */
static inline int64_t lrt_requant_int64(int64_t x, int32_t mult, int32_t shift) {
  const int32_t reduced = mult < 0x7FFF0000 ? (mult + (1 << 15)) >> 16 : 0x7FFF;
  const int total = 15 - shift;
  return (int64_t)((uint64_t)x * (uint64_t)(int64_t)reduced + (UINT64_C(1) << (total - 1))) >> total;
}

static inline int32_t lrt_clamp_int32(int32_t x, int32_t lo, int32_t hi) {
  return x < lo ? lo : x > hi ? hi : x;
}

#endif
