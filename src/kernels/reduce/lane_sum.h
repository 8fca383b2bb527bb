/* lane_sum.h: the order in which f32 rows are summed: the same on every machine, and that of XNNPACK on AVX-512. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_LANE_SUM_H
#define LRT_KERNELS_LANE_SUM_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/requant/fast_math.h"

/* A language model with quantized activations is chaotic in the last bit of its sums: one that rounds differently moves
 * a quantized value by a step, and thirty layers make a different word of it. Summing in the peer's order is as good as
 * any other, and gives the peer's words. */
enum { LRT_SUM_LANES = 16 };

/* 16 partial sums to one: halves, quarters, pairs. */
static inline float lrt_lane_sum_fold(float lane[LRT_SUM_LANES]) {
  for (int width = LRT_SUM_LANES / 2; width > 0; width /= 2) {
    for (int l = 0; l < width; l++) lane[l] += lane[l + width];
  }
  return lane[0];
}

/* Blocks of 32 into two sets of lanes, one more block of 16 into the first, both together, the rest lane by lane. */
static inline float lrt_lane_sum(const float *x, int64_t count) {
  float lane[2 * LRT_SUM_LANES] = {0};
  int64_t i = 0;
  for (; i + 2 * LRT_SUM_LANES <= count; i += 2 * LRT_SUM_LANES) {
    for (int l = 0; l < 2 * LRT_SUM_LANES; l++) lane[l] += x[i + l];
  }
  if (i + LRT_SUM_LANES <= count) {
    for (int l = 0; l < LRT_SUM_LANES; l++) lane[l] += x[i + l];
    i += LRT_SUM_LANES;
  }
  for (int l = 0; l < LRT_SUM_LANES; l++) lane[l] += lane[l + LRT_SUM_LANES];
  for (int l = 0; i < count; i++, l++) lane[l] += x[i];
  return lrt_lane_sum_fold(lane);
}

/* Sum of squares: four sets of lanes, what is left over block by block into the first three, then set 0 with 2, 1 with 3,
 * both together, the rest lane by lane. Fused multiply-adds where the target has them. */
static inline float lrt_lane_sum_squares(const float *x, int64_t count) {
  float lane[4 * LRT_SUM_LANES] = {0};
  int64_t i = 0;
  for (; i + 4 * LRT_SUM_LANES <= count; i += 4 * LRT_SUM_LANES) {
    for (int l = 0; l < 4 * LRT_SUM_LANES; l++) lane[l] = LRT_FAST_MULADD(x[i + l], x[i + l], lane[l]);
  }
  for (float *set = lane; i + LRT_SUM_LANES <= count; i += LRT_SUM_LANES, set += LRT_SUM_LANES) {
    for (int l = 0; l < LRT_SUM_LANES; l++) set[l] = LRT_FAST_MULADD(x[i + l], x[i + l], set[l]);
  }
  for (int l = 0; l < 2 * LRT_SUM_LANES; l++) lane[l] += lane[l + 2 * LRT_SUM_LANES];
  for (int l = 0; l < LRT_SUM_LANES; l++) lane[l] += lane[l + LRT_SUM_LANES];
  for (int l = 0; i < count; i++, l++) lane[l] = LRT_FAST_MULADD(x[i], x[i], lane[l]);
  return lrt_lane_sum_fold(lane);
}

#endif
