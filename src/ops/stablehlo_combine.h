/* stablehlo_combine.h: the elementwise StableHLO operators as a function of two arrays. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_STABLEHLO_COMBINE_H
#define LRT_STABLEHLO_COMBINE_H

#include <stdint.h>

#include "litert/tensor.h"

/* z[i] = x[i] op y[i] for i in [begin, end); `code` is LRT_OP_STABLEHLO_ADD, MULTIPLY, MAXIMUM, MINIMUM (any number or
 * BOOL), AND, OR (integers, BOOL) or SHIFT_LEFT (integers), or LRT_OP_LOGICAL_AND, OR (integers, 32- and 64-bit floats,
 * BOOL: 1 where both or one of them is not 0). z may be x. */
void lrt_stablehlo_combine(int32_t code, lrt_type type, const void *x, const void *y, void *z, int64_t begin,
                           int64_t end);

#endif
