/* gemm_transpose.c: transposition in blocks that fit the first-level cache. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels/gemm/gemm_transpose.h"

#define BLOCK 32

#define TRANSPOSE(TYPE)                                                                                      \
  for (int64_t r0 = 0; r0 < rows; r0 += BLOCK) {                                                             \
    const int64_t r1 = r0 + BLOCK < rows ? r0 + BLOCK : rows;                                                \
    for (int64_t c = 0; c < cols; c++) {                                                                     \
      for (int64_t r = r0; r < r1; r++) ((TYPE *)out)[c * rows + r] = ((const TYPE *)in)[r * cols + c];      \
    }                                                                                                        \
  }

void lrt_gemm_transpose(const void *in, int64_t rows, int64_t cols, size_t size, void *out) {
  if (size == 4) {
    TRANSPOSE(uint32_t)
  } else if (size == 2) {
    TRANSPOSE(uint16_t)
  } else {
    TRANSPOSE(uint8_t)
  }
}
