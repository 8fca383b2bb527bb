/* quantize_rows.h: float rows to int8 with a scale of their own: the activations of dynamic-range products. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_QUANTIZE_ROWS_H
#define LRT_KERNELS_QUANTIZE_ROWS_H

#include <stdbool.h>
#include <stdint.h>

/* Row r of `count` floats becomes x = (q - zeros[r]) * scales[r]. Asymmetric: the range from min(0, lowest) to
 * max(0, highest) is spread over -128..127 and moved so that 0 is a number of it. Symmetric: scale = largest
 * magnitude / 127, zero point 0. A row of zeros gets scale 1; a row with NaN or Inf gets scale NaN and q = 0, so that
 * everything made from it is NaN. `ref` rounds halves away from zero, else to even. */
void lrt_quantize_rows(const float *x, int64_t rows, int64_t count, bool symmetric, bool ref, int8_t *q, float *scales,
                       int32_t *zeros);

#endif
