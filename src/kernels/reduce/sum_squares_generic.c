/* sum_squares_generic.c: the sum of squares of a row, portable. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/reduce/lane_sum.h"
#include "kernels/reduce/reduce.h"

float lrt_sum_squares__generic(const float *x, int64_t count) {
  return lrt_lane_sum_squares(x, count);
}
