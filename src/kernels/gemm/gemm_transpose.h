/* gemm_transpose.h: turns a matrix on its side, block by block. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LRT_KERNELS_GEMM_TRANSPOSE_H
#define LRT_KERNELS_GEMM_TRANSPOSE_H

#include <stddef.h>
#include <stdint.h>

/* out[cols][rows] from in[rows][cols], elements of 1, 2 or 4 bytes. */
void lrt_gemm_transpose(const void *in, int64_t rows, int64_t cols, size_t size, void *out);

#endif
